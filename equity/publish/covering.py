"""Complementary suppression: which further rows to hide, so that none is worked back.

**Terms**

line
    Rows that add up to a total a reader may know, such as the groups of one
    department.
covered
    A hidden count that a reader cannot narrow to few values, although the reader
    knows every line's total, every number shown and the least a hidden count can be.
bare
    A hidden count that stays narrow although the gate hid whatever helps: its lines
    hold too few people to cover it, so their totals must not become known.
room
    How far a count of events could grow: the people who did not have the event.
band
    The fewest and the most events that a coded row tells, or that a row tells by not
    being coded.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a linear program. Kelly, Golden and Assad (1992), Cell suppression:
disclosure protection for sensitive tabular data, Networks 22(4), 397-417: covering
one cell at a time at the least cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import optimize, sparse

#: A hidden count with fewer possible values than this one less is bare.
NEED = 5


@dataclass(frozen=True, eq=False)
class Policy:
    """What a reader may know, and how uncertain hidden counts must stay.

    Attributes
    ----------
    min_cell
        Counts above zero and below this are hidden.
    outcome
        Whether events happen to members of the population.
    zeros
        Whether zeros are hidden like small counts.

    Examples
    --------
    >>> Policy(10).need
    8
    """

    min_cell: int
    outcome: bool = False
    zeros: bool = False

    @property
    def need(self) -> int:
        """How much wider than nothing the range of a hidden count must be.

        Returns
        -------
        int
            The most a reader could think possible less the least.

        Examples
        --------
        >>> Policy(11).need
        9
        """
        return self.min_cell - 2


@dataclass(eq=False)
class Hidden:
    """Hidden rows, hidden populations, and hidden counts that stayed bare.

    Attributes
    ----------
    row, population
        One truth value for each row.
    bare
        By count column, the rows whose count is bare.

    Examples
    --------
    >>> Hidden(np.array([True]), np.array([False])).bare
    {}
    """

    row: np.ndarray
    population: np.ndarray
    bare: dict[str, np.ndarray] = field(default_factory=dict)


def cover(
    counts: Mapping[str, np.ndarray],
    start: Hidden,
    codes: Sequence[np.ndarray],
    rank: np.ndarray,
    policy: Policy,
    *,
    band: tuple[np.ndarray, np.ndarray] | None = None,
) -> Hidden:
    """Hide further rows, count by count, until nothing changes.

    Parameters
    ----------
    counts
        Count columns as floats, missing where unknown; one value for each row.
    start
        What is hidden already.
    codes
        For each direction of lines, the number of the line every row lies in.
    rank
        The order of the rows by their labels, which breaks ties.
    policy
        How uncertain hidden counts must stay.
    band
        The fewest and most events that a row allows if it is hidden or coded; missing
        where it allows any.

    Returns
    -------
    Hidden
        With the rows of ``start`` and those that cover them.

    References
    ----------
    See the module.

    Examples
    --------
    >>> hidden = Hidden(np.array([False, False, True]), np.zeros(3, dtype=bool))
    >>> cover({"events": np.array([120.0, 31.0, 4.0])}, hidden, [np.zeros(3, int)],
    ...       np.arange(3), Policy(10)).row.tolist()
    [False, True, True]
    """
    row, population = start.row, start.population
    bare: dict[str, np.ndarray] = {}
    while True:
        before = row.sum() + population.sum()
        for name, values in counts.items():
            if name == "population":
                population, bare[name] = _cover_population(
                    values, population, codes, rank, policy
                )
                row = row | population
            else:
                of_people = name == "events" and policy.outcome
                room = counts["population"] - values if of_people else None
                cells = _Cells(values, row, policy, room)
                if band is not None and name == "events":
                    cells.keep_within(*band)
                row, bare[name] = _cover_count(cells, codes, rank)
        if row.sum() + population.sum() == before:
            return Hidden(row, population, bare)


class _Cells:
    """The cells of one count: what is hidden, and how far an attacker lets each move.

    ``down`` and ``up`` are how much lower and higher a reader must think possible
    if the cell is hidden; ``need`` is how wide a hidden cell's range should be.
    """

    def __init__(self, values, hidden, policy, room=None):
        known = ~np.isnan(values)
        self.counts = np.where(known, values, 0.0)
        self.is_zero = known & (self.counts == 0) & (not policy.zeros)
        self.hidden = hidden & known
        self.given = hidden
        self.need = policy.need
        self.movable = self.counts > 0
        if room is None:
            least = 0.0 if policy.zeros else np.minimum(self.counts, 1.0)
            self.up = np.where(known, self.counts.sum(), 0.0)
            self.down = self.counts - least
            self.cost = self.counts
        else:
            self.up = np.where(known & ~np.isnan(room), np.nan_to_num(room), 0.0)
            self.down = self.counts.copy()
            self.cost = self.counts + self.up
            self.is_zero &= self.up > 0  # none of nobody is no news
        self.fall = self.counts  # the most a cell can fall where zeros are open

    def keep_within(self, low: np.ndarray, high: np.ndarray) -> None:
        """Let cells move inside what their rows tell of them, even as a last resort."""
        told = ~np.isnan(low) & ~np.isnan(high)
        self.up = np.where(told, high - self.counts, self.up)
        self.down = np.where(told, self.counts - low, self.down)
        self.fall = np.where(told, self.down, self.fall)

    def open_poor_line(self, line: np.ndarray, zeros: Sequence[int]) -> None:
        """Hide a zero, too, in a line too poor to cover its own small counts.

        Then a hidden count of the line may be zero, and its range begins there.
        """
        hidden, people = line & self.hidden, line & self.movable
        if hidden.any() and not _is_wide(self, hidden, hidden | people):
            self.hidden |= people
            self.hidden[[k for k in zeros if line[k]][:1]] = True
            self.down = np.where(line, self.fall, self.down)


def _shared(values: np.ndarray, codes: Sequence[np.ndarray]) -> np.ndarray | None:
    """The lines along each of which a denominator is one and the same number.

    Such as the staff of a department, repeated beside each group in it.
    """
    for code in codes if len(codes) > 1 else []:
        numbers = pd.Series(values).groupby(code)
        if numbers.ngroups < len(values) and numbers.nunique().max() <= 1:
            return code
    return None


def _cover_population(
    values: np.ndarray,
    hidden: np.ndarray,
    codes: Sequence[np.ndarray],
    rank: np.ndarray,
    policy: Policy,
) -> tuple[np.ndarray, np.ndarray]:
    """Hide further denominators: a repeated one is one cell of a single line."""
    shared = None if policy.outcome else _shared(values, codes)
    if shared is None:
        return _cover_count(_Cells(values, hidden, policy), codes, rank)
    _, first, back = np.unique(shared, return_index=True, return_inverse=True)
    cells = _Cells(values[first], np.bincount(back, hidden) > 0, policy)
    whole = [np.zeros(len(first), dtype=int)]
    covered, bare = _cover_count(cells, whole, rank[first])
    return covered[back], bare[back]


def _cover_count(cells, codes, rank) -> tuple[np.ndarray, np.ndarray]:
    """Hide further cells of one count column; and which of all hidden stay bare."""
    if not cells.given.any():
        return cells.given, np.zeros(len(rank), dtype=bool)
    order = np.lexsort((rank, cells.cost))
    if len(codes) == 1:
        return _cover_lines(cells, codes[0], order)
    return _cover_crossed(cells, codes, order)


def _cover_lines(cells, code, order, numbers=None) -> tuple[np.ndarray, np.ndarray]:
    """Lines in one direction: hide the next smallest until every range is wide."""
    bare = np.zeros(len(order), dtype=bool)
    for number in np.unique(code[cells.hidden]) if numbers is None else numbers:
        line = code == number
        cells.open_poor_line(line, [k for k in order if cells.is_zero[k]])
        waiting = [k for k in order if line[k] and cells.movable[k]]
        waiting = iter([k for k in waiting if not cells.hidden[k]])
        while not _is_wide(cells, line & cells.hidden, line & cells.hidden):
            following = next(waiting, None)
            if following is None:
                break
            cells.hidden[following] = True
        inside = line & cells.hidden
        bare |= inside & (_widths(cells, inside) < NEED - 1)
    return cells.hidden | cells.given, bare


def _is_wide(cells: _Cells, asked: np.ndarray, inside: np.ndarray) -> bool:
    """Whether each asked cell can move enough against the others inside the line."""
    return bool((_widths(cells, inside) >= cells.need - 1e-9)[asked].all())


def _widths(cells: _Cells, inside: np.ndarray) -> np.ndarray:
    """How far each cell can move against the others inside the line."""
    rises = np.minimum(cells.up, cells.down[inside].sum() - cells.down)
    falls = np.minimum(cells.down, cells.up[inside].sum() - cells.up)
    return rises + falls


def _cover_crossed(cells, codes, order) -> tuple[np.ndarray, np.ndarray]:
    """Lines that cross: let each hidden cell move, at the least cost in new ones.

    Every answer of the linear program is a table the attacker cannot rule out, so
    the ranges found on the way are proof that a cell is covered. A line of one row
    is no line: its total is the count itself, and nothing could cover it. A cell that
    stays bare is covered in each direction for itself, since the lines that lay it
    bare must not become known, but others may.
    """
    codes = [code for code in codes if len(np.unique(code)) < len(code)]
    if len(codes) < 2:
        code = codes[0] if codes else np.arange(len(order))
        return _cover_lines(cells, code, order)
    for i, code in enumerate(codes):
        near = [_total(cells, other) for k, other in enumerate(codes) if k != i]
        cover = -np.minimum.reduce(near)  # hidden people in the lines that cross
        zeros = [
            k
            for k in order[np.argsort(cover[order], kind="stable")]
            if cells.is_zero[k]
        ]
        for number in np.unique(code):
            cells.open_poor_line(code == number, zeros)
    rows = np.concatenate([code + 1000003 * i for i, code in enumerate(codes)])
    _, rows, size = np.unique(rows, return_inverse=True, return_counts=True)
    columns = np.tile(np.arange(len(order)), len(codes))
    lines = size[rows] > 1
    rows = np.unique(rows[lines], return_inverse=True)[1]
    columns = columns[lines]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))  # the program sees the cells in one order
    sums = sparse.csr_array((np.ones(len(rows)), (rows, place[columns])))

    lowest = np.zeros(len(order))
    highest = np.zeros(len(order))
    need = np.where(cells.is_zero, 1.0, cells.need)
    tried = np.zeros(len(order), dtype=bool)
    while True:
        exposed = cells.hidden & ~tried & (highest - lowest < need - 1e-9)
        if not exposed.any():
            bare = cells.hidden & (highest - lowest < NEED - 1 - 1e-9)
            before = cells.hidden.sum()
            for code in codes:
                _cover_lines(cells, code, order, np.unique(code[bare]))
            if cells.hidden.sum() == before:
                return cells.hidden | cells.given, bare
            continue
        cell = next(k for k in order if exposed[k])
        tried[cell] = True
        for zeros, sign in ((False, 1), (False, -1), (True, 1), (True, -1)):
            width = (highest - lowest)[cell]
            if width >= (min(1.0, need[cell]) if zeros else need[cell]) - 1e-9:
                break
            reach = highest[cell] if sign > 0 else -lowest[cell]
            target = reach + need[cell] - width
            move = _move(cells, sums, order, cell, sign * target, zeros)
            lowest, highest = np.minimum(lowest, move), np.maximum(highest, move)
            cells.hidden |= np.abs(move) > 1e-6


def _total(cells: _Cells, code: np.ndarray) -> np.ndarray:
    """For each cell, the hidden people in its line."""
    return np.bincount(code, np.where(cells.hidden, cells.counts, 0.0))[code]


def _move(
    cells: _Cells,
    sums: sparse.csr_array,
    order: np.ndarray,
    cell: int,
    target: float,
    zeros: bool,
) -> np.ndarray:
    """The cheapest change that keeps all totals and moves one cell by ``target``.

    If so much is impossible, by as much as is possible. As a last resort ``zeros``
    may move, too, and counts may fall to zero.
    """
    sign, target = np.sign(target), abs(target)
    free = cells.hidden | cells.movable | (cells.is_zero & zeros)
    fall = cells.fall if zeros else cells.down
    up = np.where(free, cells.up, 0.0)[order]
    down = np.where(free, fall, 0.0)[order]
    cost = np.where(cells.hidden, 1e-4, 1 + cells.cost)[order]
    at = int(np.flatnonzero(order == cell)[0])
    size = len(order)
    bounds = np.column_stack([np.zeros(2 * size), np.concatenate([up, down])])
    bounds[at + (size if sign > 0 else 0), 1] = 0.0  # the cell goes one way only
    mover = at + (0 if sign > 0 else size)
    both = sparse.hstack([sums, -sums], format="csr")
    zero = np.zeros(sums.shape[0])

    def solve(weight: np.ndarray, least: float, most: float) -> np.ndarray | None:
        bounds[mover] = least, most
        found = optimize.linprog(
            weight, A_eq=both, b_eq=zero, bounds=bounds, method="highs"
        )
        return found.x if found.success else None

    limit, weight = bounds[mover, 1], np.concatenate([cost, cost])
    answer = solve(weight, target, limit) if target <= limit else None
    if answer is None:
        wish = np.zeros(2 * size)
        wish[mover] = -1.0
        reach = float(solve(wish, 0.0, min(limit, target))[mover])
        if reach < 1e-6:
            return np.zeros(size)
        answer = solve(weight, reach, reach)
    move = np.empty(size)
    move[order] = answer[:size] - answer[size:]
    return move
