"""Published marks: numbers that a publisher hid, as bounds.

A *mark* such as `*`, `<5` or `GE95` stands for a number that was hidden: it becomes
*bounds*, the least and the most it can be, and never a number or a zero. What a cell
turned out to be is its *state*.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.prepare import numbers

EXACT = "exact"
SUPPRESSED = "suppressed"
MISSING = "missing"
NOT_APPLICABLE = "not applicable"
DOUBTFUL = "on another scale"
UNREADABLE = "unreadable"

HIDDEN = ("*", "**", "***", "S", "PS", "LNE", "‡", "-", "–", "—")
NOTHING_KNOWN = (
    *("", "--", "NA", "N/A", "N.A.", "n/a", "NULL"),
    *("#VALUE!", "#N/A", "#REF!", "#DIV/0!", "#NUM!", "#NAME?"),
)
NOBODY = (".", "(X)")  # a group that is not there has no number

BOUNDS = {"low": "Int64", "high": "Int64", "state": "str", "starred": "bool"}
RATE = {
    **{"low": "float64", "high": "float64", "written": "float64", "ends": "str"},
    **{"decimals": "int64", "signed": "bool", "state": "str", "starred": "bool"},
}
_LESS = ("<=", "≤", "LE", "<", "LT")  # longer ones first
_MORE = (">=", "≥", "GE", ">", "GT")
_LETTERS = {"<=": "LE", "≤": "LE", ">=": "GE", "≥": "GE"}  # rounded first, or wider
_COUNT_MARK = re.compile(
    rf"(?P<from>[0-9]{{1,9}}) ?[-–] ?(?P<to>[0-9]{{1,9}})"
    rf"|(?:n ?)?(?P<sign>{'|'.join((*_LESS, *_MORE))}) ?(?P<end>[0-9]{{1,9}})",
    re.IGNORECASE,
)
_FEW = re.compile(r"n ?<=? ?[0-9]+", re.IGNORECASE)  # too few people to show a rate


def bounds(
    text: pd.Series,
    *,
    marks: Mapping[str, Sequence[int]] | None = None,
    decimal: str = ".",
) -> pd.DataFrame:
    """Read counts, and marks for hidden counts as the least and most they can be.

    Parameters
    ----------
    text
        Counts as text.
    marks
        What marks of this file mean: the least and the most people. They come before
        everything else, even where a mark looks like a count. `[0, 0]` says that a
        mark is how the file writes none.
    decimal
        The file's decimal mark.

    Returns
    -------
    DataFrame
        On the index of `text`: `low`, `high` (`Int64`), `state` and `starred` (a star
        behind a number points to a footnote; the number is what was published). The
        most is missing where the mark does not say it. States:

        - `exact`: a count; `12*` too.
        - `suppressed`: `<5` and `n<5` are 0 to 4, `LE5` 0 to 5, `GE95` 95 or more,
          `21-39` as it says; `*`, `S`, `PS`, `LNE`, `‡` anything from 0, and so a
          dash alone, which one publisher uses for zero and another for hidden. Some
          publishers show zeros and hide 1 to 4: their `<5` is declared as [1, 4].
        - `missing`: blank, `--`, `N/A` (for not available as well as for not
          applicable), or a spreadsheet's error: nothing is known.
        - `not applicable`: `.` and `(X)`, a group that is not there.
        - `unreadable`: anything else.

    Examples
    --------
    >>> bounds(pd.Series(["1,012", "n<10", "*", "N/A", "ten"]))
        low  high       state  starred
    0  1012  1012       exact    False
    1     0     9  suppressed    False
    2     0  <NA>  suppressed    False
    3  <NA>  <NA>     missing    False
    4  <NA>  <NA>  unreadable    False
    """
    declared = {numbers.plain(mark): ends for mark, ends in (marks or {}).items()}
    pattern = numbers.notation(decimal)
    read = partial(_count_or_mark, pattern=pattern, declared=declared)
    return _table(numbers.each(text, read), text, BOUNDS)


def rates(
    text: pd.Series,
    *,
    scale: str,
    marks: Sequence[str] = (),
    decimal: str = ".",
) -> pd.DataFrame:
    """Read published rates as the least and most proportion they can stand for.

    Parameters
    ----------
    text
        Rates as text, all of one column.
    scale
        How the column writes them: `percent` (45) or `proportion` (0.45).
    marks
        Further marks that hide a rate altogether.
    decimal
        The file's decimal mark.

    Returns
    -------
    DataFrame
        On the index of `text`: `low`, `high` (proportions from 0 to 1), `state` and
        `starred`, as for `bounds`. In percents:

        - `exact`: a rate is rounded, so `88` stands for 87.5 to 88.5 and `88.0` for
          87.95 to 88.05. Spreadsheets drop zeros at the end, so a rate has at least
          the decimals of the column's median.
        - `suppressed`: rounding comes before masking, so `85-89` stands for 84.5 to
          89.5, `GE95` for 94.5 to 100 and `LT50` for 0 to 49.5. Of `<5` and `>95`
          it is not known whether rounding came first: 0 to 5, 95 to 100. `*`, `S`,
          `PS`, `LNE`, `‡`, `n<10` (of the people, not the rate): 0 to 100.
        - `on another scale`: what contradicts the column's scale, missing. More than
          100; as percents what lies between 0 and 1 without a sign, since it may be
          a proportion; as proportions what has a percent sign or is more than 1; and
          1 itself in a column where another number is on another scale.
        - `missing`, `not applicable`, `unreadable`: as for `bounds`.

    References
    ----------
    U.S. Department of Education (2015), Four-Year Regulatory Adjusted Cohort
    Graduation Rates: School Level, public-use file documentation; NCES 2011-603.

    Examples
    --------
    >>> rates(pd.Series(["88", "85-89", "PS", "0.45"]), scale="percent")
         low   high             state  starred
    0  0.875  0.885             exact    False
    1  0.845  0.895        suppressed    False
    2  0.000  1.000        suppressed    False
    3    NaN    NaN  on another scale    False
    """
    hidden = {*HIDDEN, *(numbers.plain(mark) for mark in marks)}
    pattern = _rate_pattern(decimal)
    read = partial(_rate_or_mark, pattern=pattern, hidden=hidden, decimal=decimal)
    found = _table(numbers.each(text, read), text, RATE)
    doubtful = _doubtful(found, scale)
    exact = found["state"].eq(EXACT) & ~doubtful
    usual = found["decimals"][exact].quantile(0.5, interpolation="lower")
    decimals = (
        found["decimals"]
        .mask(exact, found["decimals"].clip(lower=usual))
        .astype("int64")
    )
    half = 0.5 * 10.0**-decimals
    whole = 100.0 if scale == "percent" else 1.0
    hidden_all = found["ends"].eq("all")
    low = found["low"] - half.where(found["ends"].isin(["l", "lh"]), 0.0)
    high = found["high"] + half.where(found["ends"].isin(["h", "lh"]), 0.0)
    return pd.DataFrame(
        {
            "low": (low.clip(lower=0.0) / whole).mask(doubtful),
            "high": (high.clip(upper=whole) / whole)
            .mask(hidden_all, 1.0)
            .mask(doubtful),
            "state": found["state"].mask(doubtful, DOUBTFUL),
            "starred": found["starred"],
        }
    )


def percent(
    text: pd.Series, *, scale: str, decimal: str = "."
) -> tuple[pd.Series, pd.Series]:
    """Read percents or proportions as proportions, with what each cell was.

    Parameters
    ----------
    text
        Numbers as text, all of one column; a percent sign is allowed.
    scale
        How the column writes them: `percent` (45) or `proportion` (0.45).
    decimal
        The file's decimal mark.

    Returns
    -------
    tuple of Series
        Proportions, missing unless exact; and the state of each, as for `rates`: a
        value that contradicts the scale is never a number.

    Examples
    --------
    >>> shares, state = percent(pd.Series(["45", "45%", "0.45", "145"]),
    ...                         scale="percent")
    >>> shares.to_list(), state.to_list()[2]
    ([0.45, 0.45, nan, nan], 'on another scale')
    """
    state = rates(text, scale=scale, decimal=decimal)["state"]
    bare = text.str.replace(r"[%*\s]+$", "", regex=True)
    whole = 100.0 if scale == "percent" else 1.0
    return (numbers.number(bare, decimal=decimal) / whole).where(state == EXACT), state


def refuse(bad: pd.Series, *, column: str, file: str, wanted: str, then: str) -> None:
    """Refuse a column in which some cells cannot be read.

    Parameters
    ----------
    bad
        Which cells, on the raw table's index.
    column
        The file's name of the column.
    file
        The file's name below the raw folder.
    wanted
        What the cells should be, such as `a count`.
    then
        What to do next.

    Raises
    ------
    InputError
        Naming file, column, how many cells and the first data row; never a cell.

    Examples
    --------
    >>> refuse(pd.Series([False, True]), column="N", file="a.csv", wanted="a count",
    ...        then="correct it")
    Traceback (most recent call last):
    equity.errors.InputError: a.csv: column N: 1 cell(s) are not a count, first in
    data row 2; correct it
    """
    if bad.any():
        row = int(bad.index[bad][0]) + 1
        raise InputError(
            f"{file}: column {column}: {int(bad.sum())} cell(s) are not {wanted}, "
            f"first in data row {row}; {then}"
        )


def _count_or_mark(
    cell: str, pattern: re.Pattern, declared: Mapping[str, Sequence[int]]
) -> tuple:
    """Read a count or a mark: low, high, state, starred."""
    nothing = (pd.NA, pd.NA)
    if cell in declared:
        low, high = declared[cell]
        return low, high, EXACT if low == high else SUPPRESSED, False
    if cell in HIDDEN:
        return 0, pd.NA, SUPPRESSED, False
    if cell in NOTHING_KNOWN:
        return *nothing, MISSING, False
    if cell in NOBODY:
        return *nothing, NOT_APPLICABLE, False
    whole = numbers.whole(cell.rstrip("* "), pattern)
    if whole is not None:
        return whole, whole, EXACT, cell.endswith("*")
    found = _COUNT_MARK.fullmatch(cell)
    if found is None:
        return *nothing, UNREADABLE, False
    if found["from"]:
        low, high = int(found["from"]), int(found["to"])
    else:
        end, sign = int(found["end"]), found["sign"].upper()
        if sign in _MORE:
            return end + (sign in (">", "GT")), pd.NA, SUPPRESSED, False
        low, high = 0, end - (sign in ("<", "LT"))
    if low > high:
        return *nothing, UNREADABLE, False
    return low, high, EXACT if low == high else SUPPRESSED, False


def _rate_pattern(decimal: str) -> re.Pattern:
    """Match a rate, a range of rates, or a rate that is a limit."""
    size = rf"[0-9]{{1,6}}(?:[{decimal}][0-9]{{1,17}})?|[{decimal}][0-9]{{1,17}}"
    return re.compile(
        rf"(?P<from>{size}) ?%? ?[-–] ?(?P<to>{size}) ?%?"
        rf"|(?P<sign>{'|'.join((*_LESS, *_MORE))}) ?(?P<end>{size}) ?%?"
        rf"|(?P<exact>{size}) ?%?"
    )


def _rate_or_mark(
    cell: str, pattern: re.Pattern, hidden: set[str], decimal: str
) -> tuple:
    """Read a rate as it is written: low, high, written, ends, decimals, ..., state.

    `written` is its largest number; `ends` says which ends are rounded rates, `l` or
    `h` or both, or that it can be `all`.
    """
    signed, starred = "%" in cell, False
    if cell in hidden or _FEW.fullmatch(cell):
        return 0, 0, 0, "all", 0, signed, SUPPRESSED, starred
    if cell in NOTHING_KNOWN or cell in NOBODY:
        state = NOT_APPLICABLE if cell in NOBODY else MISSING
        return np.nan, np.nan, np.nan, "", 0, signed, state, starred
    found = pattern.fullmatch(cell) or pattern.fullmatch(cell.rstrip("* "))
    low, high, ends, written = np.nan, np.nan, "", ""
    if found and found["exact"]:
        written, starred = found["exact"], cell.endswith("*")
        low = high = _size(written, decimal)
        ends = "lh"
    elif found and found["from"]:
        written = max(found["from"], found["to"], key=len)
        low, high = (_size(found[end], decimal) for end in ("from", "to"))
        ends = "lh"
    elif found:
        sign, written = found["sign"], found["end"]
        end, step = _size(written, decimal), 10.0 ** -_decimals(written, decimal)
        # Letters are of files that round to whole percents first.
        low, high, ends = {
            "GE": (end, np.inf, "l"),
            "GT": (end + step, np.inf, "l"),
            "LE": (0, end, "h"),
            "LT": (0, end - step, "h"),
            ">": (end, np.inf, ""),
            "<": (0, end, ""),
        }[_LETTERS.get(sign, sign)]
    if not low <= high:
        return np.nan, np.nan, np.nan, "", 0, signed, UNREADABLE, False
    largest = _size(found["end"], decimal) if found["sign"] else high
    state = EXACT if found["exact"] else SUPPRESSED
    decimals = _decimals(written, decimal)
    return low, high, largest, ends, decimals, signed, state, starred


def _doubtful(found: pd.DataFrame, scale: str) -> pd.Series:
    """Find the rates that contradict the scale of their column."""
    written, signed = found["written"], found["signed"]
    if scale == "percent":
        against = (written > 100) | (~signed & (written > 0) & (written < 1))
    else:
        against = (written > 1) | (signed & written.notna())
    return against | ((written == 1) & ~signed & against.any())


def _size(text: str, decimal: str) -> float:
    return float(text.replace(decimal, "."))


def _decimals(text: str, decimal: str) -> int:
    return len(text.partition(decimal)[2])


def _table(
    found: tuple[np.ndarray, list], text: pd.Series, dtypes: dict[str, str]
) -> pd.DataFrame:
    codes, values = found
    columns = zip(*values, strict=True) if values else [[] for _ in dtypes]
    table = pd.DataFrame(
        {
            name: pd.Series(list(column), dtype=dtype)
            for (name, dtype), column in zip(dtypes.items(), columns, strict=True)
        }
    )
    return table.take(codes).set_axis(text.index)
