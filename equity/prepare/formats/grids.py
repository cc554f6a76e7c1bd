"""Grids: rows of text cells as they stand in a file, and the table inside.

A grid may begin with lines of prose; then come the *header*, perhaps a second header
line that says what the columns are, and the data rows. Data row 1 is the first under
the header. A line without any cell is no row. Rows that do not fit the header are
never shifted into it: they are set aside, each under its rule.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from equity.errors import ColumnNotFoundError, InputError

SEARCHED = 30  # lines in which the header is looked for
PEEKED = 1000  # rows by which the width of the data is told
BATCH = 20_000  # rows turned into columns at a time
SECOND = re.compile(r"(Estimate|Margin of Error|Annotation of [\w ]+)?\s*!!")
BLANKS = "\ufeff\u00a0 \t\n"
QUOTES = "a quotation mark is not closed or not doubled"
MORE = "more cells than the header"
FEWER = "fewer cells than the header"
AGAIN = "the header again"
EMPTY = "no cell is filled"

Row = list[str] | None  # None: a line that could not be divided into cells


@dataclass(frozen=True)
class Header:
    """A line that names columns.

    Attributes
    ----------
    line
        Its position in the grid; the first is 0.
    names
        Its cells, cleaned.
    missing
        Declared columns that it lacks.
    above
        How many lines above it are passed over; 0 where they hold nothing.
    """

    line: int
    names: list[str]
    missing: list[str]
    above: int = 0


@dataclass
class Table:
    """What a file holds, as text, with what is to be entered in its ledger.

    Attributes
    ----------
    frame
        The rows; the index is the data row minus one.
    rows
        How many rows there were, those set aside too.
    notes
        Said of all rows.
    aside
        Rule, to the positions of the rows that were set aside.
    """

    frame: pd.DataFrame
    rows: int
    notes: list[str] = field(default_factory=list)
    aside: dict[str, list[int]] = field(default_factory=dict)


def clean(name: str) -> str:
    """Clean a column name of a byte order mark and of needless blanks.

    Parameters
    ----------
    name
        As it stands in the file.

    Returns
    -------
    str
        Without outer blanks; inner runs of blanks and lines become one space.

    Examples
    --------
    >>> clean(" Job\\u00a0 Title\\n")
    'Job Title'
    """
    return " ".join(name.replace("\ufeff", "").split())


def header(
    grid: Iterable[Row], declared: list[str], *, first: bool = False
) -> Header | None:
    """Find the line that names the columns.

    Parameters
    ----------
    grid
        The first lines of a file.
    declared
        Columns that `sources.yaml` names.
    first
        Whether the first line with a filled cell is known to be the header.

    Returns
    -------
    Header or None
        The first of 30 lines that has every declared column, spelled so or else in
        other case; if none has, the one that has most of them. Where nothing is
        declared, the first line with two filled cells, or with one. None for an
        empty grid.

    Examples
    --------
    >>> header([["City of X", ""], [], ["ID", "Race "]], ["Race"])
    Header(line=2, names=['ID', 'Race'], missing=[], above=2)
    """
    found = []
    for line, cells in enumerate(islice(grid, SEARCHED)):
        names = [clean(cell) for cell in cells or []]
        if any(names):
            above = line if found else 0
            found.append(Header(line, names, _lacking(names, declared), above))
    if first:
        return next(iter(found), None)
    if not declared:
        wide = [one for one in found if sum(map(bool, one.names)) > 1]
        return next(iter(wide or found), None)
    exact = [one for one in found if set(map(clean, declared)) <= set(one.names)]
    return min(exact or found, key=lambda one: len(one.missing), default=None)


def _lacking(names: list[str], declared: list[str]) -> list[str]:
    folded = {name.casefold() for name in names}
    return [name for name in declared if clean(name).casefold() not in folded]


def require_header(found: Header | None, declared: list[str], *, file: str) -> Header:
    """Refuse a file without a header that has every declared column.

    Parameters
    ----------
    found
        As `header` returns it.
    declared
        Columns that `sources.yaml` names.
    file
        The file's name.

    Returns
    -------
    Header
        The header.

    Raises
    ------
    InputError
        Naming the missing columns, and those of the line that has most of them. A
        line that has none is not shown: it may be a person's row.

    Examples
    --------
    >>> require_header(header([["id", "Race"]], ["id", "race code"]), [], file="a.csv")
    Traceback (most recent call last):
    equity.errors.InputError: a.csv: columns ['race code'] are missing; found ['id',
    'Race']
    """
    if found is None:
        raise InputError(f"{file} holds no table; is it the right file and sheet?")
    if found.missing and len(found.missing) == len(declared):
        raise InputError(
            f"{file}: columns {found.missing} are missing: none is in the first "
            f"{SEARCHED} lines; has the file a header, and is the delimiter right?"
        )
    if found.missing:
        problem = ColumnNotFoundError(found.missing, found=filter(None, found.names))
        raise InputError(f"{file}: {problem}")
    return found


def spelled(
    names: list[str], declared: list[str], *, file: str
) -> tuple[list[str], list[str]]:
    """Spell the columns as `sources.yaml` does, and make every name unique.

    Parameters
    ----------
    names
        Cleaned names of a file's columns.
    declared
        Columns that `sources.yaml` names; all are among the file's.
    file
        The file's name.

    Returns
    -------
    list of str
        Names; a column without one is called by its place, and one that repeats
        another gets a number.
    list of str
        Notes.

    Raises
    ------
    InputError
        If a declared column is there more than once.

    Examples
    --------
    >>> spelled(["ID", "race", "n", "n", ""], ["Race"], file="a.csv")
    (['ID', 'Race', 'n', 'n.1', 'column 5'], ["columns ['Race'] are in other case"])
    """
    found = list(names)
    recased, twice = [], []
    for name in declared:
        exact = [i for i, one in enumerate(names) if one == clean(name)]
        folded = [i for i, one in enumerate(names) if one.casefold() == fold(name)]
        at = exact or folded
        if len(at) > 1:
            twice.append(name)
        recased += [name] if at and not exact else []
        for place in at:
            found[place] = name
    if twice:
        raise InputError(
            f"{file}: columns {twice} are there more than once; rename one in the file"
        )
    notes = [f"columns {recased} are in other case"] if recased else []
    return _unique(found, set(declared)), notes


def fold(name: str) -> str:
    """Clean a column name and put it in small letters.

    Parameters
    ----------
    name
        As it stands in the file.

    Returns
    -------
    str
        For comparison without regard to case.

    Examples
    --------
    >>> fold(" RACE")
    'race'
    """
    return clean(name).casefold()


def _unique(names: list[str], taken: set[str]) -> list[str]:
    unique: list[str] = []
    for place, name in enumerate(names, start=1):
        name = name or f"column {place}"
        other, number = name, 0
        while other in unique or (number and other in taken):
            number += 1
            other = f"{name}.{number}"
        unique.append(other)
    return unique


def table(
    grid: Iterator[Row], found: Header, declared: list[str], *, lines: int, file: str
) -> Table:
    """Read the rows under a header.

    Parameters
    ----------
    grid
        What follows the header.
    found
        The header.
    declared
        Columns that `sources.yaml` names.
    lines
        Header lines: of two, the second is passed over.
    file
        The file's name.

    Returns
    -------
    Table
        Columns of text; a column at the end with neither a name nor a filled cell is
        left out.

    Raises
    ------
    InputError
        If most rows do not fit the header, a declared column is there twice, or there
        is a second header line that was not declared.

    Examples
    --------
    >>> rows = iter([["1", "x"], ["2"], ["3", "y"]])
    >>> found = table(rows, Header(0, ["id", "n"], []), [], lines=1, file="a.csv")
    >>> found.frame["n"].to_list(), found.aside
    (['x', 'y'], {'fewer cells than the header': [1]})
    """
    notes = _above(found.above)
    grid = _without_second(grid, lines, notes, file)
    peeked = list(islice(grid, PEEKED))
    names = _fitted(found.names, peeked)
    columns, kept, aside, total = _collect(chain(peeked, grid), names)
    unfit = [row for rule in (MORE, FEWER, QUOTES) for row in aside.get(rule, [])]
    if len(unfit) > len(kept):
        raise InputError(
            f"{file}: {len(unfit)} of {total} rows do not fit the header, first data "
            f"row {min(unfit) + 1}; check delimiter and skip_rows in sources.yaml"
        )
    while names and not names[-1] and not _filled(columns[-1]):
        names, columns = names[:-1], columns[:-1]
    named, recased = spelled(names, declared, file=file)
    frame = pa.table(dict(zip(named, columns, strict=True))).to_pandas()
    frame.index = pd.Index(kept) if len(kept) < total else pd.RangeIndex(total)
    return Table(frame, total, [*notes, *recased], aside)


def _above(lines: int) -> list[str]:
    if not lines:
        return []
    were = "was" if lines == 1 else "were"
    return [f"{lines} line{'s' * (lines > 1)} above the header {were} passed over"]


def _without_second(
    grid: Iterator[Row], lines: int, notes: list[str], file: str
) -> Iterator[Row]:
    """Pass over a second header line; refuse one that was not declared."""
    grid = (row for row in grid if row != [])
    if lines > 1:
        notes.append("the second header line was passed over")
        return islice(grid, 1, None)
    first = list(islice(grid, 1))
    if any(SECOND.match(cell) for row in first for cell in row or []):
        raise InputError(
            f"{file} has a second header line, which says what the columns are; "
            "declare 'header_rows: 2' in sources.yaml"
        )
    return chain(first, grid)


def _fitted(names: list[str], rows: list[Row]) -> list[str]:
    """Fit the header to rows that all have empty cells more, or fewer, at the end."""
    widths = [len(row) for row in rows if row]
    if not widths or len(names) in widths:
        return names
    usual = max(set(widths), key=widths.count)
    if usual < len(names) and not any(names[usual:]):
        return names[:usual]
    ends = [row[len(names) :] for row in rows if row and len(row) == usual]
    if usual > len(names) and not any(map(any, ends)):
        return [*names, *[""] * (usual - len(names))]
    return names


def _collect(
    grid: Iterator[Row], names: list[str]
) -> tuple[list[pa.ChunkedArray], list[int], dict[str, list[int]], int]:
    """Gather columns, the positions of the rows kept and of those set aside."""
    width = len(names)
    parts: list[list[pa.Array]] = [[] for _ in names]
    kept: list[int] = []
    aside: dict[str, list[int]] = {}
    batch: list[list[str]] = []
    last = position = -1
    for row in grid:
        position += 1
        if row is None:
            aside.setdefault(QUOTES, []).append(position)
        elif len(row) != width:
            rule = MORE if len(row) > width else FEWER
            aside.setdefault(rule, []).append(position)
        elif width > 1 and not any(row):
            aside.setdefault(EMPTY, []).append(position)
            continue
        elif row[0].strip(BLANKS) == names[0] and [*map(clean, row)] == names:
            aside.setdefault(AGAIN, []).append(position)
        else:
            kept.append(position)
            batch.append(row)
        last = position
        if len(batch) == BATCH:
            _append(parts, batch)
            batch = []
    _append(parts, batch)
    blank = [row for row in aside.pop(EMPTY, []) if row < last]  # not those at the end
    if blank:
        aside[EMPTY] = blank
    return (
        [pa.chunked_array(part, pa.string()) for part in parts],
        kept,
        aside,
        last + 1,
    )


def _append(parts: list[list[pa.Array]], rows: list[list[str]]) -> None:
    for part, cells in zip(parts, zip(*rows, strict=True), strict=False):
        part.append(pa.array(cells, pa.string()))


def _filled(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.not_equal(column, "")).as_py())
