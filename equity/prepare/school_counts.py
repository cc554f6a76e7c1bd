"""Counts in school files: read as bounds, held against each other, and named.

What rates, counts of outcomes and enrolment have in common: a hidden count is the least
and the most it can be, events are never more than the students they are of, outcomes
are those that were declared, and a break is a year of the file.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from equity.errors import ParamsError
from equity.prepare import marks, sources
from equity.prepare.quality import Ledger

DECLARE = (
    "declare what a mark means under 'suppressed' in sources.yaml, such as "
    "'-': [0, 0] for none or '-': [0, 9] for a hidden count"
)


def bounded(
    rows: pd.DataFrame,
    name: str,
    source: sources.Rates | sources.Enrolment,
    ledger: Ledger,
) -> pd.DataFrame:
    """Read a column of counts as the least and the most that they can be.

    Parameters
    ----------
    rows
        Text, named by the keys of `columns`, on the raw table's index.
    name
        The column.
    source
        What the file means; `suppressed` says what its marks hide.
    ledger
        Written to.

    Returns
    -------
    DataFrame
        `rows` with the column as whole numbers, missing unless they are exact, and
        with the column's name and `_low` and `_high`; missing where nothing is known.

    Raises
    ------
    InputError
        If a cell is neither a count nor a known mark; so are negative numbers.

    Examples
    --------
    >>> source = sources.Enrolment(file="e.csv",
    ...                            columns={"unit": "S", "students": "N"})
    >>> rows = pd.DataFrame({"unit": ["1", "2"], "students": ["120", "<10"]})
    >>> found = bounded(rows, "students", source, Ledger("enrolment", "e.csv", 2))
    >>> found[["students", "students_low", "students_high"]]
       students  students_low  students_high
    0       120           120            120
    1      <NA>             0              9
    """
    column = source.columns[name]
    found = marks.bounds(rows[name], marks=source.suppressed, decimal=source.decimal)
    marks.refuse(
        found["state"].eq(marks.UNREADABLE),
        column=column,
        file=source.file,
        wanted="a count or a known mark",
        then=DECLARE,
    )
    ledger.note(
        f"column {column}: hidden in the source, kept as bounds",
        found["state"].eq(marks.SUPPRESSED),
    )
    ledger.note(f"column {column}: is not published", found["low"].isna())
    exact = found["state"].eq(marks.EXACT)
    return rows.assign(
        **{
            name: found["low"].where(exact),
            f"{name}_low": found["low"],
            f"{name}_high": found["high"],
        }
    )


def within(
    rows: pd.DataFrame,
    part: str,
    whole: str,
    source: sources.Rates | sources.Enrolment,
) -> pd.DataFrame:
    """Hold a part against the whole: nothing is more than what it is of.

    Parameters
    ----------
    rows
        Both as `bounded` gives them.
    part, whole
        The columns, such as `events` and `population`.
    source
        What the file means.

    Returns
    -------
    DataFrame
        `rows`, the part at least none and at most the whole where its own bounds do not
        say more, and the whole at least the part.

    Raises
    ------
    InputError
        If a part must be more than its whole.

    Examples
    --------
    >>> source = sources.Enrolment(file="e.csv", columns={
    ...     "unit": "S", "students": "N", "city_students": "C"})
    >>> rows = pd.DataFrame({"city_students_low": [0], "city_students_high": [pd.NA],
    ...                      "students_low": [40], "students_high": [40]})
    >>> within(rows, "city_students", "students", source)[["city_students_high"]]
       city_students_high
    0                  40
    """
    least, most = (rows[f"{part}_{end}"].astype("Int64") for end in ("low", "high"))
    fewest, all_ = (rows[f"{whole}_{end}"].astype("Int64") for end in ("low", "high"))
    marks.refuse(
        (least > all_).fillna(False).astype(bool),
        column=source.columns[part],
        file=source.file,
        wanted=f"at most as many as column {source.columns[whole]}",
        then="correct the row, or leave it out",
    )
    least = least.fillna(0)
    most = most.fillna(all_)
    return rows.assign(
        **{
            f"{part}_low": least,
            f"{part}_high": most.where((most <= all_).fillna(True), all_),
            f"{whole}_low": fewest.where((fewest >= least).fillna(True), least),
        }
    )


def with_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """Say between what the rate lies that the counts allow.

    Parameters
    ----------
    rows
        `events` and `population`, with their bounds.

    Returns
    -------
    DataFrame
        `rows` with `rate_low` and `rate_high`, proportions; from 0 to 1 where nothing
        more is known.

    Examples
    --------
    >>> rows = pd.DataFrame({"events_low": [1], "events_high": [9],
    ...                      "population_low": [50], "population_high": [50]})
    >>> with_rate(rows)[["rate_low", "rate_high"]].to_numpy().tolist()
    [[0.02, 0.18]]
    """
    low, high, fewest, most = (
        rows[name].astype("float64").to_numpy()
        for name in ("events_low", "events_high", "population_low", "population_high")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        least, largest = low / most, high / np.maximum(fewest, high)
    return rows.assign(
        rate_low=np.where(np.isfinite(least), least, 0.0),
        rate_high=np.where(np.isfinite(largest), largest, 1.0),
    )


def named_outcomes(
    rows: pd.DataFrame, source: sources.Rates
) -> tuple[pd.Series, pd.Series]:
    """Name the outcome of each row, and its direction.

    Parameters
    ----------
    rows
        Text, named by the keys of `columns`.
    source
        What the file means.

    Returns
    -------
    tuple of Series
        Outcomes and directions. Labels are compared without regard to capitals.

    Raises
    ------
    InputError
        If a row is of an outcome that was not declared.

    Examples
    --------
    >>> source = sources.Rates(file="o.csv", outcomes={"OSS": "suspension"},
    ...     directions={"suspension": "lower is better"}, columns={
    ...     "unit": "S", "year": "Y", "race": "R", "outcome": "Measure"})
    >>> name, direction = named_outcomes(pd.DataFrame({"outcome": ["oss"]}), source)
    >>> name[0], direction[0]
    ('suspension', 'lower is better')
    """
    directions = source.named_outcomes()
    if "outcome" not in source.columns:
        name = pd.Series(source.outcome, index=rows.index, dtype="str")
        return name, name.map(directions)
    known = {label.casefold(): name for label, name in source.outcomes.items()}
    name = rows["outcome"].str.casefold().map(known)
    marks.refuse(
        name.isna(),
        column=source.columns["outcome"],
        file=source.file,
        wanted="a declared outcome",
        then="say what the label means under 'outcomes', or leave its rows out with "
        "'keep'",
    )
    return name, name.map(directions)


def check_breaks(years: Iterable[str], source: sources.OfSchools, column: str) -> None:
    """Check that breaks are years of the file: another would be a slip of the pen.

    Parameters
    ----------
    years
        The years of the file, as they are named.
    source
        What the file means.
    column
        Where its years stand, for the message.

    Raises
    ------
    ParamsError
        Naming the file, the break and the years found.

    Examples
    --------
    >>> source = sources.OfSchools(file="p.csv", breaks={"2031": "a new test"})
    >>> check_breaks(["2024", "2025"], source, "Year")
    Traceback (most recent call last):
    equity.errors.ParamsError: p.csv: breaks: ['2031'] are no years of Year; found
    ['2024', '2025']
    """
    found = sorted({str(year) for year in years})
    strange = sorted(set(source.breaks) - set(found))
    if strange:
        raise ParamsError(
            f"{source.file}: breaks: {strange} are no years of {column}; found {found}"
        )
