"""Enrolment: students of schools or districts, and how many of them live in the city.

School districts and cities seldom share their borders. Where a file says how many of a
school's students live in the city, its outcomes can be weighted by them (see
`equity.measure.city_schools`).
"""

import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError
from equity.prepare import persons, school_counts, sources
from equity.prepare.quality import Ledger

ENROLMENT = [
    *("unit", "year", "race", "students", "students_low", "students_high"),
    *("city_low", "city_high", "share_low", "share_high"),
]
NO_CITY = "nothing says how many of the students live in the city"


def clean_enrolment(
    raw: pd.DataFrame,
    source: sources.Enrolment,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn students enrolled into bounds, with the share of them in the city.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `ENROLMENT`, one row per row of the file. `race` is missing, and
        `year` blank, where the file has no such column: a share is then of everybody,
        or of every year. `city_low` and `city_high` are students who live in the city,
        `share_low` and `share_high` their share; missing where nothing says so.

    Raises
    ------
    InputError
        If a count cannot be read, more students live in the city than are enrolled, or
        a unit has a group of a year twice.
    ParamsError
        If a break is no year of the file.
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> raw = pd.DataFrame({"D": ["1", "2"], "N": ["400", "100"], "C": ["300", "<10"]})
    >>> source = sources.Enrolment(file="e.csv", columns={
    ...     "unit": "D", "students": "N", "city_students": "C"})
    >>> found = clean_enrolment(raw, source, Ledger("enrolment", "e.csv", 2),
    ...                         standard=race.standard("omb1997"))
    >>> found[["unit", "city_high", "share_low", "share_high"]]
      unit  city_high  share_low  share_high
    0    1      300.0       0.75        0.75
    1    2        9.0       0.00        0.09
    """
    rows = persons.tidy(raw, source, ["year"])
    rows = ledger.set_aside(rows, {"the same row again": raw.duplicated()})
    asked = "race" in source.columns or bool(source.race_columns())
    labels = raw.loc[rows.index, source.race_columns()]
    if "race" in source.columns:
        labels = labels.assign(race=rows["race"])
    keys = pd.concat([rows[["unit", "year"]], labels], axis=1)
    if (again := keys.duplicated()).any():
        named = [
            source.columns[n] for n in ("unit", "year", "race") if n in source.columns
        ]
        raise InputError(
            f"{source.file}: {int(again.sum())} row(s) repeat a unit, year and group "
            f"(columns {', '.join(named)}), first data row {int(again.idxmax()) + 1}; "
            "leave out the row that is not meant"
        )
    year = source.columns.get("year", "year, which is not declared")
    school_counts.check_breaks(rows["year"], source, f"column {year}")
    rows = school_counts.bounded(rows, "students", source, ledger)
    rows = _in_the_city(rows, source, ledger)
    if asked:
        rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    else:
        nobody = pd.Categorical(
            [None] * len(rows), categories=pd.Index([], dtype="str")
        )
        rows["race"] = pd.Series(nobody, index=rows.index).cat.as_ordered()
    return rows[ENROLMENT].reset_index(drop=True)


def _in_the_city(
    rows: pd.DataFrame, source: sources.Enrolment, ledger: Ledger
) -> pd.DataFrame:
    """Say how many of the students live in the city, and their share."""
    if "city_students" in source.columns:
        rows = school_counts.bounded(rows, "city_students", source, ledger)
        rows = school_counts.within(rows, "city_students", "students", source)
        low, high, fewest, most = (
            rows[f"{name}_{end}"].astype("float64").to_numpy()
            for name in ("city_students", "students")
            for end in ("low", "high")
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            least, largest = low / most, high / np.maximum(fewest, high)
        unknown = ~np.isfinite(least) | ~np.isfinite(largest)
        ends = np.where(unknown, np.nan, least), np.where(unknown, np.nan, largest)
        city = rows["city_students_low"], rows["city_students_high"]
    else:
        share = np.nan if source.city_share is None else source.city_share
        ends = [np.full(len(rows), share)] * 2
        city = [
            rows[f"students_{end}"].astype("Float64") * share for end in ("low", "high")
        ]
        if source.city_share is None:
            ledger.note(NO_CITY, len(rows))
    return rows.assign(
        city_low=pd.array(city[0], dtype="Float64"),
        city_high=pd.array(city[1], dtype="Float64"),
        share_low=ends[0],
        share_high=ends[1],
    )
