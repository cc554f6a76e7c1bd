"""Graduation, proficiency and test scores: load and clean.

Known problems of such files: rates masked as ranges, counts hidden as `*`, columns
per group. A masked number becomes the least and the most it can be; never a number.
"""

import re

import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import sources
from equity.prepare.quality import Ledger

OUTCOMES = [
    *("unit", "year", "outcome", "race", "events", "population"),
    *("events_low", "events_high"),
]
LEVELS = [
    *("school", "year", "subject", "grade", "race", "level", "proficient"),
    *("students", "students_low", "students_high"),
]
SCORES = ["school", "year", "subject", "grade", "race", "score"]
NOTHING = ("", ".")  # how files say that a group has no cohort in a school
MASK = re.compile(
    r"(?P<low>[0-9]+)-(?P<high>[0-9]+)|(?P<sign>GE|LE|GT|LT)(?P<end>[0-9]+)"
    r"|(?P<exact>[0-9]+)|(?P<hidden>PS|S|\*|n<[0-9]+)"
)


def rate_bounds(text: str) -> tuple[float, float]:
    """Read a published rate as the least and most percent it can stand for.

    Rates are rounded to whole percents before they are masked, so `85-89` stands for
    84.5 to 89.5 and `GE95` for 94.5 to 100.

    Parameters
    ----------
    text
        `88`, `85-89`, `GE95`, `LE5`, `GT50`, `LT50`, or `PS`, `S`, `*`, `n<10` for
        hidden altogether.

    Returns
    -------
    tuple of float
        Percents from 0 to 100.

    Raises
    ------
    ValueError
        If it is none of these.

    References
    ----------
    U.S. Department of Education (2015), Four-Year Regulatory Adjusted Cohort
    Graduation Rates: School Level, public-use file documentation; NCES 2011-603.

    Examples
    --------
    >>> rate_bounds("85-89"), rate_bounds("GE95"), rate_bounds("PS")
    ((84.5, 89.5), (94.5, 100.0), (0.0, 100.0))
    """
    found = MASK.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a rate")
    if found["hidden"]:
        return 0.0, 100.0
    if found["exact"]:
        low = high = int(found["exact"])
    elif found["low"]:
        low, high = int(found["low"]), int(found["high"])
    else:
        end = int(found["end"])
        low, high = {
            "GE": (end, 100),
            "GT": (end + 1, 100),
            "LE": (0, end),
            "LT": (0, end - 1),
        }[found["sign"]]
    if not 0 <= low <= high <= 100:
        raise ValueError("not a rate")
    return max(low - 0.5, 0.0), min(high + 0.5, 100.0)


def event_bounds(rate: str, population: int) -> tuple[int, int]:
    """Return the fewest and most events that a published rate allows.

    Parameters
    ----------
    rate
        As for `rate_bounds`.
    population
        People the rate is of.

    Returns
    -------
    tuple of int
        Whole people, from 0 to `population`.

    Raises
    ------
    ValueError
        If the rate is unreadable, or no whole number of people has it.

    Examples
    --------
    >>> event_bounds("88", 362), event_bounds("PS", 4)
    ((317, 320), (0, 4))
    """
    low, high = rate_bounds(rate)
    fewest = int(np.ceil(low * population / 100 - 1e-9))
    most = int(np.floor(high * population / 100 + 1e-9))
    if fewest > most:
        raise ValueError("no whole number of people has this rate")
    return fewest, most


def clean_graduation(
    raw: pd.DataFrame,
    source: sources.Graduation,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn cohorts and masked rates into bounds on how many graduated.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to; its rows are schools.
    standard
        Whose groups the file's codes are mapped to.

    Returns
    -------
    DataFrame
        Columns of `OUTCOMES`, one row per school and group that has a cohort.
        `events` is missing unless the bounds are equal.

    Raises
    ------
    InputError
        If a cohort or a rate cannot be read.

    Examples
    --------
    >>> raw = pd.DataFrame({"ID": ["1"], "MBL_C": ["37"], "MBL_R": ["80-89"]})
    >>> source = sources.Graduation(
    ...     file="g.csv", columns={"unit": "ID"}, cohort="{group}_C",
    ...     rate="{group}_R", groups={"MBL": "Black or African American"},
    ...     years={"14": "2014"})
    >>> clean_graduation(raw, source, Ledger("graduation", "g.csv", 1),
    ...     standard=race.standard("omb1997"))[["events_low", "events_high"]].values
    array([[30, 33]])
    """
    race.check_crosswalk(source.groups, standard=standard, where=source.file)
    raw = ledger.set_aside(raw, {"the same row again": raw.duplicated()})
    unit = sources.tidy(raw, source)["unit"]
    _refuse(unit.duplicated(), source.columns["unit"], source.file, "listed once")
    tables = [
        _cohorts(raw, source, unit, code, year)
        for year in source.years
        for code in source.groups
    ]
    table = pd.concat(tables, ignore_index=True)
    exact = table["events_low"] == table["events_high"]
    units = table.loc[~exact, "unit"].nunique()
    ledger.note("rates are masked or rounded in the source, kept as bounds", units)
    table["events"] = table["events_low"].astype("Int64").where(exact)
    table["race"] = _ordered(table["race"], set(source.groups.values()), standard)
    return table[OUTCOMES].sort_values(["year", "unit", "race"], ignore_index=True)


def clean_proficiency(
    raw: pd.DataFrame,
    source: sources.Proficiency,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn students per level into one row per school, group and level.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `LEVELS`; `students` is missing where the source hid it, and
        `students_low`, `students_high` say what it can be.

    Raises
    ------
    InputError
        If a cell is neither a count nor a declared mark.
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> LEVELS[-1]
    'students_high'
    """
    strangers = set(source.proficient) - set(source.levels.values())
    if strangers:
        raise ParamsError(f"{source.file}: proficient: {strangers} are not levels")
    rows = ledger.set_aside(
        sources.tidy(raw, source), {"the same row again": raw.duplicated()}
    )
    raw = raw.loc[rows.index]
    rows["race"] = sources.recorded_race(rows, source, standard=standard)
    sources.require(raw, list(source.levels), file=source.file)
    long, hidden = [], pd.Series(False, index=raw.index)
    for column, level in source.levels.items():
        text = raw[column].str.strip()
        marked = text.isin(list(source.suppressed))
        count = _counts(text).mask(marked)
        _refuse(count.isna() & ~marked, column, source.file, "a count")
        hidden |= marked
        least, most = (
            text.map({mark: ends[i] for mark, ends in source.suppressed.items()})
            for i in (0, 1)
        )
        long.append(
            rows.assign(
                level=level,
                proficient=level in source.proficient,
                students=count.astype("Int64"),
                students_low=count.fillna(least).astype("int64"),
                students_high=count.fillna(most).astype("int64"),
            )
        )
    ledger.note("a count is hidden in the source, kept as bounds", hidden.sum())
    table = pd.concat(long, ignore_index=True)
    for name in ("subject", "grade"):
        table[name] = table.get(name, pd.Series("", index=table.index))
    order = pd.CategoricalDtype(list(source.levels.values()), ordered=True)
    return table.astype({"level": order})[LEVELS]


def clean_scores(
    raw: pd.DataFrame,
    source: sources.Scores,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw list of test scores into one row per student.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `SCORES`.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> SCORES[-1]
    'score'
    """
    rows = sources.tidy(raw, source)
    rows["score"] = pd.to_numeric(rows["score"], errors="coerce")
    finite = np.isfinite(rows["score"])
    rows = ledger.set_aside(rows, {"score is missing or unreadable": ~finite})
    for name in SCORES:
        rows[name] = rows.get(name, pd.Series("", index=rows.index))
    rows["race"] = sources.recorded_race(rows, source, standard=standard)
    return rows[SCORES].reset_index(drop=True)


def _cohorts(
    raw: pd.DataFrame, source: sources.Graduation, unit: pd.Series, code: str, year: str
) -> pd.DataFrame:
    """Read the cohorts and rates of one group in one year, where there is a cohort."""
    columns = [
        pattern.replace("{group}", code).replace("{year}", year)
        for pattern in (source.cohort, source.rate)
    ]
    sources.require(raw, columns, file=source.file)
    cohort, rate = (raw[name].str.strip() for name in columns)
    there = ~cohort.isin(NOTHING)
    people = _counts(cohort[there])
    _refuse(people.isna(), columns[0], source.file, "a cohort")
    bounds = [
        _bounds_or_none(r, int(n)) for r, n in zip(rate[there], people, strict=True)
    ]
    bad = pd.Series([ends is None for ends in bounds], index=people.index, dtype=bool)
    _refuse(bad, columns[1], source.file, "a rate that fits its cohort")
    ends = np.array(bounds, dtype="int64").reshape(-1, 2)
    return pd.DataFrame(
        {
            "unit": unit[there],
            "year": source.years[year],
            "outcome": "graduation",
            "race": source.groups[code],
            "population": people.astype("int64"),
            "events_low": ends[:, 0],
            "events_high": ends[:, 1],
        }
    )


def _counts(text: pd.Series) -> pd.Series:
    """Read whole numbers; anything else is missing."""
    plain = text.str.replace(",", "")
    return pd.to_numeric(plain.where(plain.str.fullmatch("[0-9]{1,9}")))


def _bounds_or_none(rate: str, population: int) -> tuple[int, int] | None:
    try:
        return event_bounds(rate if rate not in NOTHING else "PS", population)
    except ValueError:
        return None


def _refuse(bad: pd.Series, column: str, file: str, wanted: str) -> None:
    if bad.any():
        row = int(bad.index[bad][0]) + 1
        raise InputError(
            f"{file}: column {column}: {int(bad.sum())} cell(s) are not {wanted}, "
            f"first in data row {row}; declare what the mark means in sources.yaml"
        )


def _ordered(
    groups: pd.Series, possible: set[str], standard: race.Standard
) -> pd.Categorical:
    order = [group for group in standard.groups if group in possible]
    return pd.Categorical(groups, categories=order, ordered=True)
