"""The one gate: a measure table goes in, a table that may be shown comes out.

**Terms**

small
    A count above zero and below ``min_cell``. Zero is not small: a table says that
    nobody was counted, and names nobody. (Outcomes are stricter, see ``outcome``.)
primary
    A row hidden because one of its own counts is small.
complementary
    A row hidden so that a primary row cannot be worked back from a total.
reference
    A row whose counts are shown, but not its estimate, because the row it is
    compared with is hidden.
line
    Rows that add up to a total a reader may know, such as the groups of one
    department.

Which rows are primary and which complementary is written in ``suppressed`` for the
tests of this module. It is never shown: a reader who knew it would know more about
the small counts.

**What this gate does not do**

It works table by table. A reader who puts two tables together (districts and wards
that overlap, this quarter and the year to date, this release and the last one) is
not its concern; that needs an audit of a whole release. Two things help until then:
the choice of rows depends on counts and labels only, so the rate, the difference and
the ratio made from one table hide the same rows; and ``Protected.only`` picks rows
*after* protection, so that a part never shows what the whole hides.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a linear program. Kelly, Golden and Assad (1992), Cell suppression:
disclosure protection for sensitive tabular data, Networks 22(4), 397-417: covering
one cell at a time at the least cost. CMS Cell Size Suppression Policy: no small
count, and no percentage from which one can be worked back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    InputError,
    ParamsError,
    UnknownGroupError,
)

MIN_CELL_FLOOR = 5
MIN_CELL_CEILING = 30
MIN_CELL_DEFAULT = 10

#: Columns that count people or records. Each may hide its row.
COUNTS = (
    "events",
    "population",
    "students",
    "workers",
    "requests",
    "closed",
    "censored",
    "rows",
)

#: Numbers that describe a row and are not worked out from its counts.
DESCRIPTIONS = ("year", "grade", "confidence")

#: Text that depends on the size of a count, and so is hidden with it.
VERDICTS = ("reliability",)

#: Text about the measure, which does not tell one row from another.
RECIPE = ("measure", "reference", "method", "direction", *VERDICTS)

#: Columns of tables with one row per person, request or point; never shown.
PERSONAL = (
    "worker_id",
    "request_id",
    "student_id",
    "duplicate_of",
    "row",
    "geometry",
    "latitude",
    "longitude",
)

_TOKEN = object()


@dataclass(frozen=True, eq=False, repr=False)
class Protected:
    """A table that passed the gate. Only :func:`protect` makes one.

    Attributes
    ----------
    min_cell
        Counts above zero and below this are hidden.
    outcome
        Whether the counts were protected as an outcome of people.
    counted
        What one count counts, for footnotes: "people", "requests", "rows".

    Examples
    --------
    >>> protect(pd.DataFrame({"group": ["A", "B"], "events": [40, 50]}))
    <Protected: 2 rows, 0 with hidden numbers>
    """

    _frame: pd.DataFrame
    min_cell: int
    outcome: bool
    counted: str
    _token: Any = field(default=None)

    def __post_init__(self) -> None:
        if self._token is not _TOKEN:
            raise DisclosureError(
                "only equity.publish.protect.protect makes a protected table"
            )

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the table.

        Returns
        -------
        DataFrame
            With ``suppressed``, which is missing where nothing is hidden.

        Examples
        --------
        >>> protect(pd.DataFrame({"group": ["A"], "events": [40]})).frame
          group  events suppressed
        0     A      40        NaN
        """
        return self._frame.copy()

    @property
    def why(self) -> str:
        """The reason a hidden number is hidden, in words for a reader.

        Returns
        -------
        str
            The same for every hidden number of the table.

        Examples
        --------
        >>> protect(pd.DataFrame({"group": ["A"], "events": [40]})).why
        'fewer than 10 people, or needed to protect such a count'
        """
        small = f"fewer than {self.min_cell} {self.counted}"
        if self.outcome:
            small += " with or without the outcome"
        return f"{small}, or needed to protect such a count"

    def only(self, **values: Any) -> "Protected":
        """Keep the rows in which each named column has the given value or values.

        Rows are picked after the whole table was protected, which is always safe.

        Parameters
        ----------
        **values
            Column name to one value, or to a list of values.

        Returns
        -------
        Protected
            The rows that match, in the order they had.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        UnknownGroupError
            If no row matches.

        Examples
        --------
        >>> table = pd.DataFrame({"group": ["A", "B"], "events": [40, 50]})
        >>> protect(table, min_cell=10).only(group="B").frame["events"].tolist()
        [50]
        """
        absent = [name for name in values if name not in self._frame]
        if absent:
            raise ColumnNotFoundError(absent, found=self._frame.columns)
        if self._frame.empty:
            return self
        kept = pd.Series(True, index=self._frame.index)
        for name, wanted in values.items():
            options = (
                [wanted] if isinstance(wanted, str) or np.isscalar(wanted) else wanted
            )
            kept &= self._frame[name].isin(list(options))
        if not kept.any():
            raise UnknownGroupError(f"no row has {values}; nothing would be shown")
        rows = self._frame[kept].reset_index(drop=True)
        return Protected(rows, self.min_cell, self.outcome, self.counted, _TOKEN)

    def __repr__(self) -> str:
        hidden = int(self._frame["suppressed"].notna().sum())
        return f"<Protected: {len(self._frame)} rows, {hidden} with hidden numbers>"


def protect(
    table: pd.DataFrame,
    *,
    min_cell: int = MIN_CELL_DEFAULT,
    lines: Sequence[str] | str | None = (),
    outcome: bool = False,
    public: Sequence[str] = (),
    counted: str = "people",
) -> Protected:
    """Hide small counts, what follows from them, and what would give them away.

    A row with a small count loses its counts and every number made from them.
    ``population`` stays where it is not small itself. Rows whose counts are missing
    but bounded (``events_low``, ``events_high``) are not small cells of this table,
    unless the upper bound is small.

    In every line further rows are then hidden until no reader who knows the line's
    total, every number shown, and that hidden counts are at least one, can narrow a
    hidden count to fewer than ``min_cell - 1`` values. So a line never has exactly
    one hidden row, and its hidden counts add up to at least ``min_cell``. Where the
    total of a line is itself too small for that, the whole line is hidden, zeros
    too. One direction of lines is solved exactly by hiding the next smallest count;
    two or more by a linear program for each hidden row, which finds the cheapest
    rows that let it move (at about 15 x 9 rows, well under a second).

    Parameters
    ----------
    table
        A measure table, or any table of counts by label. One row per combination
        of labels; rows that are totals of other rows are better left out.
    min_cell
        Counts 1 to ``min_cell - 1`` are hidden. From 5 to 30.
    lines
        Columns each of whose values is a line: ``("department", "group")`` says
        that both the departments' and the groups' totals can be known. Empty: the
        whole table is one line. None: nothing adds up to anything known.
    outcome
        True if the events happen to members of the population (graduation, not
        requests). Then the people *without* the event are protected as well, and
        a row in which nobody or everybody has it is hidden, since that tells the
        outcome of each member.
    public
        Columns that do not depend on the protected counts, such as a share of
        residents from the census; kept in hidden rows.
    counted
        What a count counts, in a word for footnotes.

    Returns
    -------
    Protected
        The table with hidden numbers missing, and ``suppressed``: "primary",
        "complementary", "reference", or missing.

    Raises
    ------
    ParamsError
        If ``min_cell`` is not a whole number from 5 to 30.
    DisclosureError
        If the table has one row per person, has numbers but no count to judge them
        by, or was protected before.
    ColumnNotFoundError
        If a column named in ``lines`` or ``public`` is absent, or ``outcome`` is
        asked for without ``events`` and ``population``.
    InputError
        If a count is negative or not a number, or events exceed their population.

    Notes
    -----
    Every column that is not text, a date, or named in ``DESCRIPTIONS``, ``lines`` or
    ``public`` counts as made from the counts, and is hidden with them.

    References
    ----------
    See the module.

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["White", "Black", "Latino", "Native"],
    ...                       "events": [120, 64, 31, 4]})
    >>> protect(staff, min_cell=10).frame
        group  events     suppressed
    0   White     120            NaN
    1   Black      64            NaN
    2  Latino    <NA>  complementary
    3  Native    <NA>        primary
    """
    _check_min_cell(min_cell)
    lines = (lines,) if isinstance(lines, str) else lines
    _check_table(table, [*(lines or ()), *public], outcome)
    if table.empty:
        nothing = table.assign(suppressed=pd.Series(dtype="str"))
        return Protected(nothing, int(min_cell), outcome, counted, _TOKEN)
    frame = table.reset_index(drop=True)
    counts = {name: _count(frame, name) for name in COUNTS if name in frame}
    if outcome and (counts["events"] > counts["population"] + 1e-9).any():
        raise InputError("events exceed the population they happen to")
    made = [
        name
        for name in frame
        if name not in (*DESCRIPTIONS, *(lines or ()), *public)
        and (_is_number(frame[name]) or name in VERDICTS)
    ]
    if made and not counts:
        raise DisclosureError(
            f"columns {made} have no count beside them to judge them by; "
            f"expected one of {list(COUNTS)}"
        )

    primary = _primary(frame, counts, made, min_cell, outcome)
    hidden = _cover(frame, counts, primary, lines, outcome, min_cell)
    dependent = _dependent(frame, hidden["row"])

    result = _blank(frame, [n for n in made if n != "population"], hidden["row"])
    result = _blank(result, [n for n in made if n not in counts], dependent)
    if "population" in made:
        result = _blank(result, ["population"], hidden["population"])
    reason = np.select(
        [primary["row"], hidden["row"], dependent],
        ["primary", "complementary", "reference"],
        default="",
    )
    reason = pd.Series(reason, index=result.index, dtype="str")
    result = result.assign(suppressed=reason.where(reason != ""))
    return Protected(result, int(min_cell), outcome, counted, _TOKEN)


def require(protected: Any, maker: str) -> Protected:
    """Return the argument if it is protected, and refuse it otherwise.

    Parameters
    ----------
    protected
        What a table, figure, map or finding was asked to show.
    maker
        Who asks, for the error.

    Returns
    -------
    Protected
        The argument, unchanged.

    Raises
    ------
    DisclosureError
        If it did not pass the gate.

    Examples
    --------
    >>> require(pd.DataFrame(), "tables.show")
    Traceback (most recent call last):
        ...
    equity.errors.DisclosureError: tables.show shows protected tables only; \
found DataFrame. Pass the table through equity.publish.protect.protect first
    """
    if not isinstance(protected, Protected):
        raise DisclosureError(
            f"{maker} shows protected tables only; found {type(protected).__name__}. "
            "Pass the table through equity.publish.protect.protect first"
        )
    return protected


# --- what is asked of a table -------------------------------------------------


def _check_min_cell(min_cell: int) -> None:
    whole = isinstance(min_cell, Integral) and not isinstance(min_cell, bool)
    if not whole or not MIN_CELL_FLOOR <= min_cell <= MIN_CELL_CEILING:
        raise ParamsError(
            f"min_cell is {min_cell!r}; expected a whole number from "
            f"{MIN_CELL_FLOOR} to {MIN_CELL_CEILING}"
        )


def _check_table(table: pd.DataFrame, named: list[str], outcome: bool) -> None:
    wanted = [*named, *(["events", "population"] if outcome else [])]
    absent = [name for name in wanted if name not in table]
    if absent:
        raise ColumnNotFoundError(absent, found=table.columns)
    personal = [name for name in table if name in PERSONAL]
    if personal:
        raise DisclosureError(
            f"columns {personal} belong to single persons, requests or places; "
            "only counts by label can be protected"
        )
    if "suppressed" in table:
        raise DisclosureError("the table has a column 'suppressed': protected before")


def _count(frame: pd.DataFrame, name: str) -> np.ndarray:
    """One count column as floats, missing where unknown."""
    if not pd.api.types.is_numeric_dtype(frame[name]):
        raise InputError(f"column {name!r} should hold counts; found text")
    values = frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    if (values < 0).any():
        raise InputError(f"column {name!r} has counts below zero")
    return values


def _is_number(column: pd.Series) -> bool:
    """True unless the column is text, labels or dates."""
    types = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype | pd.PeriodDtype):
        return False
    if types.is_datetime64_any_dtype(column):
        return False
    if types.is_object_dtype(column):
        return not column.dropna().map(lambda value: isinstance(value, str)).all()
    return not types.is_string_dtype(column)


# --- primary ------------------------------------------------------------------


def _primary(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    made: list[str],
    min_cell: int,
    outcome: bool,
) -> dict[str, np.ndarray]:
    """Rows with a small count of their own, and rows with a small population."""

    def small(values: np.ndarray) -> np.ndarray:
        return (values > 0) & (values < min_cell)

    row = np.zeros(len(frame), dtype=bool)
    for name, values in counts.items():
        row |= small(values)
        if f"{name}_high" in frame:
            row |= np.isnan(values) & small(_count(frame, f"{name}_high"))
    if outcome:
        row |= _tells_outcome(frame, counts, small)
    if counts and "estimate" in made:  # shown, but nothing says from how many
        bounded = [f"{name}_high" for name in counts if f"{name}_high" in frame]
        judged = frame[[*counts, *bounded]].notna().any(axis=1)
        row |= (frame["estimate"].notna() & ~judged).to_numpy()
    none = np.zeros(len(frame), dtype=bool)
    population = small(counts["population"]) if "population" in counts else none
    return {"row": row, "population": population}


def _tells_outcome(frame: pd.DataFrame, counts: dict, small: Any) -> np.ndarray:
    """Rows in which nearly nobody, nobody or everybody has the outcome."""
    events, people = counts["events"], counts["population"]
    low, high = events, events
    if "events_low" in frame and "events_high" in frame:
        unknown = np.isnan(events)
        low = np.where(unknown, _count(frame, "events_low"), events)
        high = np.where(unknown, _count(frame, "events_high"), events)
    without = people - low  # at most this many do not have it
    return (people > 0) & ((high == 0) | (without == 0) | small(without))


# --- complementary ------------------------------------------------------------


def _cover(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    primary: dict[str, np.ndarray],
    lines: Sequence[str] | None,
    outcome: bool,
    min_cell: int,
) -> dict[str, np.ndarray]:
    """Hide further rows until every line is covered, each measure for itself."""
    if lines is None:
        return primary
    covered = {name: hidden.copy() for name, hidden in primary.items()}
    solved: dict[tuple, dict[str, np.ndarray]] = {}
    measures = frame["measure"] if "measure" in frame else pd.Series(0, frame.index)
    for _, part in frame.groupby(measures.astype(str), sort=False):
        at = part.index.to_numpy()
        here = {name: values[at] for name, values in counts.items()}
        start = {name: hidden[at] for name, hidden in primary.items()}
        rank, codes = _rank(part), _codes(part, lines)
        told = [*here.values(), *start.values(), rank, *codes]
        key = tuple(values.tobytes() for values in told)  # the same people, told again
        if key not in solved:
            solved[key] = _cover_part(here, start, codes, outcome, min_cell, rank)
        for name, hidden in solved[key].items():
            covered[name][at] = hidden
    return covered


def _cover_part(
    counts: dict[str, np.ndarray],
    start: dict[str, np.ndarray],
    codes: list[np.ndarray],
    outcome: bool,
    min_cell: int,
    rank: np.ndarray,
) -> dict[str, np.ndarray]:
    """Hide further rows, count by count, until nothing changes."""
    row, population = start["row"], start["population"]
    while True:
        before = row.sum() + population.sum()
        for name, values in counts.items():
            if name == "population":
                shared = None if outcome else _shared(values, codes)
                cover = _cover_count if shared is None else _cover_shared
                lines = codes if shared is None else [shared]
                population = cover(values, population, lines, None, min_cell, rank)
                row = row | population
            else:
                within = name == "events" and outcome
                room = counts["population"] - values if within else None
                row = _cover_count(values, row, codes, room, min_cell, rank)
        if row.sum() + population.sum() == before:
            return {"row": row, "population": population}


def _shared(values: np.ndarray, codes: list[np.ndarray]) -> np.ndarray | None:
    """The lines along each of which a denominator is one and the same number.

    Such as the staff of a department, repeated beside each group in it.
    """
    for code in codes if len(codes) > 1 else []:
        numbers = pd.Series(values).groupby(code)
        if numbers.ngroups < len(values) and numbers.nunique().max() <= 1:
            return code
    return None


def _cover_shared(values, hidden, lines, room, min_cell, rank) -> np.ndarray:
    """Hide further denominators: each repeated one is one cell of a single line."""
    _, first, back = np.unique(lines[0], return_index=True, return_inverse=True)
    whole = [np.zeros(len(first), dtype=int)]
    once = np.bincount(back, hidden) > 0
    cover = _cover_count(values[first], once, whole, room, min_cell, rank[first])
    return cover[back]


def _cover_count(
    values: np.ndarray,
    hidden: np.ndarray,
    codes: list[np.ndarray],
    room: np.ndarray | None,
    min_cell: int,
    rank: np.ndarray,
) -> np.ndarray:
    """Hide further cells of one count column."""
    if not hidden.any():
        return hidden
    cells = _Cells(values, hidden, room, min_cell - 2)
    order = np.lexsort((rank, cells.cost))
    if len(codes) == 1:
        return _cover_lines(cells, codes[0], order)
    return _cover_crossed(cells, codes, order)


def _rank(frame: pd.DataFrame) -> np.ndarray:
    """Order of the rows by their labels: the tie-break, the same for any row order."""
    labels = [n for n in frame if n not in RECIPE and not _is_number(frame[n])]
    labels += [n for n in DESCRIPTIONS if n in frame and n != "confidence"]
    if not labels:
        return np.arange(len(frame))
    text = frame[labels].astype(str).agg("\x1f".join, axis=1)
    return text.rank(method="first").to_numpy()


def _codes(frame: pd.DataFrame, lines: Sequence[str]) -> list[np.ndarray]:
    """For each direction, the number of the line every row lies in."""
    if not lines:
        return [np.zeros(len(frame), dtype=int)]
    return [
        frame.groupby(name, dropna=False, observed=True, sort=False).ngroup().to_numpy()
        for name in lines
    ]


class _Cells:
    """The cells of one count: what is hidden, and how far an attacker lets each move.

    ``down`` and ``up`` are how much lower and higher a reader must think possible
    if the cell is hidden; ``need`` is how wide a hidden cell's range should be.
    """

    def __init__(self, values, hidden, room, need):
        known = ~np.isnan(values)
        self.counts = np.where(known, values, 0.0)
        self.is_zero = known & (self.counts == 0)
        self.hidden = hidden & known
        self.given = hidden
        self.need = need
        self.movable = self.counts > 0
        if room is None:
            self.up = np.where(known, self.counts.sum(), 0.0)
            self.down = self.counts - np.minimum(self.counts, 1.0)
            self.cost = self.counts
        else:
            self.up = np.where(known & ~np.isnan(room), np.nan_to_num(room), 0.0)
            self.down = self.counts.copy()
            self.cost = self.counts + self.up

    def open_poor_line(self, line: np.ndarray, zeros: Sequence[int]) -> None:
        """Hide a zero, too, in a line too poor to cover its own small counts.

        Then a hidden count of the line may be zero, and its range begins there.
        """
        hidden, people = line & self.hidden, line & self.movable
        if hidden.any() and not _is_wide(self, hidden, hidden | people):
            self.hidden |= people
            self.hidden[[k for k in zeros if line[k]][:1]] = True
            self.down = np.where(line, self.counts, self.down)


def _cover_lines(cells: _Cells, code: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Lines in one direction: hide the next smallest until every range is wide."""
    for number in np.unique(code[cells.hidden]):
        line = code == number
        cells.open_poor_line(line, [k for k in order if cells.is_zero[k]])
        waiting = [k for k in order if line[k] and cells.movable[k]]
        waiting = iter([k for k in waiting if not cells.hidden[k]])
        while not _is_wide(cells, line & cells.hidden, line & cells.hidden):
            following = next(waiting, None)
            if following is None:
                break
            cells.hidden[following] = True
    return cells.hidden | cells.given


def _is_wide(cells: _Cells, asked: np.ndarray, inside: np.ndarray) -> bool:
    """Whether each asked cell can move enough against the others inside the line."""
    up, down = cells.up, cells.down
    rises = np.minimum(up, down[inside].sum() - down)
    falls = np.minimum(down, up[inside].sum() - up)
    return bool((rises + falls >= cells.need - 1e-9)[asked].all())


def _cover_crossed(
    cells: _Cells, codes: list[np.ndarray], order: np.ndarray
) -> np.ndarray:
    """Lines that cross: let each hidden cell move, at the least cost in new ones.

    Every answer of the linear program is a table the attacker cannot rule out, so
    the ranges found on the way are proof that a cell is covered.
    """
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
    rows = np.unique(rows, return_inverse=True)[1]
    columns = np.tile(np.arange(len(order)), len(codes))
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
            return cells.hidden | cells.given
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
    fall = cells.counts if zeros else cells.down
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


# --- what a hidden row takes with it ------------------------------------------


def _dependent(frame: pd.DataFrame, hidden: np.ndarray) -> np.ndarray:
    """Rows compared with a hidden row."""
    none = np.zeros(len(frame), dtype=bool)
    if "reference" not in frame or "group" not in frame or not hidden.any():
        return none
    labels = [
        n
        for n in frame
        if n not in (*RECIPE, "group")
        and (not _is_number(frame[n]) or n in ("year", "grade"))
    ]
    here = frame[labels].astype(str).agg("\x1f".join, axis=1) if labels else ""
    group, reference = frame["group"].astype(str), frame["reference"].astype("str")
    bases = pd.DataFrame({"here": here, "group": group, "hidden": hidden})
    by_place = bases.groupby(["here", "group"])["hidden"].any().to_dict()
    by_group = bases.groupby("group")["hidden"].any().to_dict()
    compared = pd.DataFrame({"here": here, "reference": reference})
    lost = [
        by_place.get((place, base), by_group.get(base, False))
        for place, base in compared.itertuples(index=False)
    ]
    return np.asarray(lost, dtype=bool) & ~hidden & reference.notna().to_numpy()


def _blank(frame: pd.DataFrame, names: list[str], rows: np.ndarray) -> pd.DataFrame:
    """The frame with the named columns missing in the given rows."""
    return frame.assign(**{name: _nullable(frame[name]).mask(rows) for name in names})


def _nullable(column: pd.Series) -> pd.Series:
    """The column in a type that can be missing."""
    if pd.api.types.is_bool_dtype(column):
        return column.astype("boolean")
    if pd.api.types.is_integer_dtype(column):
        return column.astype("Int64")
    return column
