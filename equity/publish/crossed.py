"""Lines that cross: which further cells to hide, so that most people stay in sight.

**Terms**

move
    Changes of the cells that leave every line's total and all that is shown as they
    are: the true table with a move is one that a reader cannot rule out.
reading
    What a reader believes of hidden counts: that all are people, or, where a zero is
    hidden anywhere in the table, that any may be zero.
cut
    What a choice of hidden cells must fulfil for one of them to be covered: the hidden
    cells that stand in its way can move far enough together.

The choice is an integer program, a yes or no for each cell, with the people hidden as
its cost. A linear program for each hidden cell plays the attacker; where he wins, what
stopped the cell from moving becomes a cut, and the choice is made anew, until no cell
is narrow. All programs see the cells in one order, and their limits are counted in
steps, not in seconds, so that the same table always hides the same cells.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: the cuts. Kelly, Golden
and Assad (1992), Cell suppression: disclosure protection for sensitive tabular data,
Networks 22(4), 397-417: covering one cell at a time, for large tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from equity.errors import DisclosureError
from equity.publish.lines import Cells, cover_lines

#: Tables with more cells are covered one cell at a time.
LARGE = 1000
#: How often the cells to hide are chosen anew, and how far each choice is searched.
CHOICES = 60
NODES = 5000
#: What hiding a cell costs, in people, beside the people in it; and hiding a zero.
CELL, ZERO = 0.05, 1.0

_NOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class _Answer:
    """Which cells to hide in one reading of the table, and how it turns out."""

    with_zeros: bool
    hidden: np.ndarray
    bare: np.ndarray
    cost: float


def cover_crossed(
    cells: Cells, codes: Sequence[np.ndarray], order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hide further cells until no hidden count can be narrowed, as far as possible.

    Where hiding zeros leaves fewer counts bare, or more people in sight, zeros are
    hidden, too. A line of one row is no line: its total is the count itself, and
    nothing could cover it. A count that stays bare still gets two values if it can,
    and is covered in each direction for itself, since the lines that lay it bare must
    not become known, but others may.

    Parameters
    ----------
    cells
        The cells; what is hidden as well is noted there.
    codes
        For each direction of lines, the number of the line every row lies in.
    order
        The rows, those to be hidden first at the front.

    Returns
    -------
    tuple of ndarray
        Which rows are hidden, and which of them are bare.

    Raises
    ------
    DisclosureError
        If the attacker's program has no answer.

    References
    ----------
    See the module.

    Examples
    --------
    >>> from equity.publish.lines import Policy
    >>> counts = np.array([4.0, 30.0, 90.0, 20.0, 50.0, 80.0])
    >>> cells = Cells(counts, counts < 10, Policy(10))
    >>> codes = [np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])]
    >>> cover_crossed(cells, codes, np.argsort(counts))[0].tolist()
    [True, True, False, True, True, False]
    """
    codes = [code for code in codes if len(np.unique(code)) < len(code)]
    if len(codes) < 2:
        code = codes[0] if codes else np.arange(len(order))
        return cover_lines(cells, code, order)
    readings = []
    if not (cells.is_zero & cells.hidden).any():
        readings.append(False)
    if cells.is_zero.any():
        readings.append(True)
    answers: list[_Answer] = []
    for with_zeros in readings:
        found = _Reading(cells, codes, order, with_zeros).answer()
        answers += [found] if found is not None else []
        if not answers[0].cost and not answers[0].bare.any():
            break  # nothing more to hide, so nothing can be better
    people = cells.counts > 0
    best = min(answers, key=lambda a: ((a.bare & people).sum(), a.cost))
    cells.hidden = best.hidden
    if best.with_zeros:
        cells.down = cells.fall
    cells.together = 0
    for code in codes:
        cover_lines(cells, code, order, np.unique(code[best.bare & people]))
    return cells.hidden | cells.given, best.bare


class _Reading:
    """One reading of a table; all arrays are in the order of the programs."""

    def __init__(self, cells, codes, order, with_zeros: bool) -> None:
        self.order = order
        self.with_zeros = with_zeros
        self.sums = _sums(codes, order)
        self.hidden = cells.hidden[order]
        self.is_zero = cells.is_zero[order]
        self.free = self.hidden | cells.movable[order]
        if with_zeros:
            self.free |= self.is_zero
        self.up = cells.up[order]
        self.down = (cells.fall if with_zeros else cells.down)[order]
        cost = np.where(self.is_zero, ZERO, cells.cost[order] + CELL)
        self.cost = np.where(self.hidden, 0.0, cost)
        self.full = float(cells.need)
        self.need = np.full(len(order), self.full)
        self.judged = np.zeros(len(order), dtype=bool)
        self.moves = np.zeros((1, len(order)))

    def answer(self) -> _Answer | None:
        """Choose; where the choice does not end in time, go on cell by cell.

        None if no zero that could be hidden can move.
        """
        chosen = self.hidden.copy()
        if self.with_zeros and not (chosen & self.is_zero).any():
            chosen[np.flatnonzero(self.is_zero)[0]] = True
        if len(self.order) <= LARGE:
            chosen = self._choose(chosen)
        chosen = self._one_by_one(chosen)
        if (chosen & ~self.free).any():
            return None
        bare = chosen & (self._width(chosen) < self.full - _NOTHING)
        place = np.empty_like(self.order)
        place[self.order] = np.arange(len(self.order))
        return _Answer(
            self.with_zeros, chosen[place], bare[place], float(self.cost @ chosen)
        )

    # --- all cells at once ------------------------------------------------------

    def _choose(self, chosen: np.ndarray) -> np.ndarray:
        """Attack a choice of cells and choose anew, until no cell is narrow."""
        zero = self.is_zero & self.free
        cuts, least = [zero.astype(float)], [float((chosen & zero).any())]
        for _ in range(CHOICES):
            new = [self._cut(k, chosen) for k in self._narrow(chosen)]
            cuts += [cut for cut in new if cut is not None]
            if len(cuts) == len(least):
                break
            least += [0.0] * (len(cuts) - len(least))
            found = optimize.milp(
                self.cost,
                constraints=optimize.LinearConstraint(
                    sparse.csr_array(np.array(cuts)), np.array(least), np.inf
                ),
                bounds=optimize.Bounds(self.hidden, self.free),
                integrality=np.ones(len(chosen)),
                options={"mip_rel_gap": 1e-4, "node_limit": NODES},
            )
            if found.x is None:
                break
            chosen = found.x > 0.5
        return chosen

    def _cut(self, cell: int, chosen: np.ndarray) -> np.ndarray | None:
        """Attack one cell; if it is narrow, say what any choice must fulfil."""
        if self._width(chosen)[cell] >= self.need[cell] - _NOTHING:
            return None  # a move found for another cell shows that it is wide
        reach = np.zeros(len(chosen))
        for sign in (1, -1):
            move, stops = self._furthest(cell, sign, chosen)
            self.moves = np.vstack([self.moves, move])
            reach += stops
        self._judge(cell)
        if not self.free[cell]:
            return np.zeros(len(chosen))  # anything but this
        if self._width(chosen)[cell] >= self.need[cell] - _NOTHING:
            return None
        lacking = self.need[cell] - reach[cell]
        cut = np.where(self.free & (reach > 1e-7), np.minimum(reach, lacking), 0.0)
        cut[cell] = -lacking
        return cut

    # --- one cell after the other -------------------------------------------------

    def _one_by_one(self, chosen: np.ndarray) -> np.ndarray:
        """Let each narrow cell move, first the way that costs less."""
        tried = np.zeros(len(chosen), dtype=bool)
        while True:
            cell = next((k for k in self._narrow(chosen) if not tried[k]), None)
            if cell is None:
                return chosen
            tried[cell] = True
            self._judge(cell)
            for _ in range(2):
                lacking = self.need[cell] - self._width(chosen)[cell]
                if lacking < _NOTHING:
                    break
                ways = [self._shift(cell, sign, lacking, chosen) for sign in (1, -1)]
                gain, _, move = max(ways, key=lambda way: way[:2])
                if gain > _NOTHING:
                    self.moves = np.vstack([self.moves, move])
                    chosen = chosen | (np.abs(move) > _NOTHING)

    def _shift(
        self, cell: int, sign: int, more: float, chosen: np.ndarray
    ) -> tuple[float, float, np.ndarray]:
        """The cheapest move that takes a cell further: its gain, less its cost, it."""
        fit = self._fitting(chosen)[:, cell]
        now = max(fit) if sign > 0 else -min(fit)
        most = abs(self._furthest(cell, sign, self.free)[0][cell])
        target = min(now + more, most)
        size = len(chosen)
        up, down = (np.where(self.free, limit, 0.0) for limit in (self.up, self.down))
        price = np.where(chosen, 1e-4, self.cost + 1e-3)
        prices = [price / np.clip(side, 1e-9, self.full) for side in (up, down)]
        bounds = np.column_stack([np.zeros(2 * size), np.concatenate([up, down])])
        bounds[cell, 1], bounds[size + cell, 1] = (most, 0) if sign > 0 else (0, most)
        bounds[cell + (0 if sign > 0 else size), 0] = target
        found = optimize.linprog(
            np.concatenate(prices),
            A_eq=sparse.hstack([self.sums, -self.sums], format="csr"),
            b_eq=np.zeros(self.sums.shape[0]),
            bounds=bounds,
            method="highs",
        )
        if found.x is None:
            return 0.0, 0.0, np.zeros(size)
        move = found.x[:size] - found.x[size:]
        hides = (np.abs(move) > _NOTHING) & ~chosen
        return round(target - now, 6), -float(self.cost[hides].sum()), move

    # --- the attacker ---------------------------------------------------------------

    def _fitting(self, chosen: np.ndarray) -> np.ndarray:
        """The moves found so far that change no cell that is shown."""
        return self.moves[~(np.abs(self.moves[:, ~chosen]) > _NOTHING).any(axis=1)]

    def _width(self, chosen: np.ndarray) -> np.ndarray:
        """How wide each cell is at least, by the moves found so far."""
        return np.ptp(self._fitting(chosen), axis=0)

    def _narrow(self, chosen: np.ndarray) -> list[int]:
        """The hidden cells not found to be wide enough, small counts first."""
        narrow = chosen & (self._width(chosen) < self.need - _NOTHING)
        return np.flatnonzero(narrow)[np.argsort(~self.hidden[narrow], kind="stable")]

    def _judge(self, cell: int) -> None:
        """Ask for two values only, where hiding everything would not leave enough.

        A zero that cannot move at all deceives nobody, and is not hidden.
        """
        if self.judged[cell]:
            return
        self.judged[cell] = True
        ways = [self._furthest(cell, sign, self.free)[0] for sign in (1, -1)]
        most = ways[0][cell] - ways[1][cell]
        if most < self.need[cell] - _NOTHING:
            self.need[cell] = min(1.0, most)
        if self.is_zero[cell] and not self.hidden[cell]:
            self.free[cell] = most >= 1 - _NOTHING

    def _furthest(
        self, cell: int, sign: int, free: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The move that takes a cell furthest, and how far each cell stops it.

        If a cell were free, the way could be longer by what it stops, and no more:
        the dual of the program, times the limits of the cell.
        """
        wish = np.zeros(len(free))
        wish[cell] = -sign
        found = optimize.linprog(
            wish,
            A_eq=self.sums,
            b_eq=np.zeros(self.sums.shape[0]),
            bounds=np.column_stack(
                [np.where(free, -self.down, 0.0), np.where(free, self.up, 0.0)]
            ),
            method="highs",
        )
        if found.x is None:
            raise DisclosureError(
                "whether hidden counts are covered could not be worked out; merge "
                f"small categories and run again ({found.message})"
            )
        price = wish - self.sums.T @ found.eqlin.marginals
        stops = np.where(price < 0, -price * self.up, price * self.down)
        return found.x, stops


def _sums(codes: Sequence[np.ndarray], order: np.ndarray) -> sparse.csr_array:
    """Which cells, as the programs see them, add up to each line of several rows."""
    rows = np.concatenate([code + 1000003 * i for i, code in enumerate(codes)])
    _, rows, size = np.unique(rows, return_inverse=True, return_counts=True)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    columns = np.tile(place, len(codes))
    lines = size[rows] > 1
    rows = np.unique(rows[lines], return_inverse=True)[1]
    return sparse.csr_array((np.ones(len(rows)), (rows, columns[lines])))
