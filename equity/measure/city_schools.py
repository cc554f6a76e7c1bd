"""From school districts to the city: outcomes weighted by where students live.

A school district's borders are seldom the city's: it may reach beyond them, or the city
may have several districts. Where it is known which share of a school's (or district's)
students live in the city, its students count by that share.

What comes out is a **model**, and says so: it takes the students of a school who live
in the city to fare as its other students of the same group do. People may then be parts
of people. Masked counts stay bounds, and so does a share that is known only within
bounds; a group of a school without enrolment is not known, which is not zero.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.table import divide, numbers, require_columns

MODEL = "students weighted by the share who live in the city (a model)"
SHARES = ["share_low", "share_high"]


def shares(enrolment: pd.DataFrame) -> pd.DataFrame:
    """Say which share of each unit's students live in the city.

    Parameters
    ----------
    enrolment
        Tidy `enrolment`: ``unit, year, race, students_low, students_high, city_low,
        city_high, share_low, share_high``; a blank year, or a missing race, is of all.

    Returns
    -------
    DataFrame
        One row per ``unit``, ``year`` and ``group`` with a known share: ``population``
        (students enrolled; missing where masked), ``share_low`` and ``share_high``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> enrolment = pd.DataFrame({"unit": ["A", "B"], "year": "", "race": None,
    ...     "students": [400, 100], "share_low": [0.75, None],
    ...     "share_high": [0.75, None]})
    >>> shares(enrolment)[["unit", "population", "share_low"]]
      unit  population  share_low
    0    A         400       0.75
    """
    require_columns(enrolment, ["unit", "year", "race", "students", *SHARES])
    known = enrolment.dropna(subset=SHARES)
    return known.rename(columns={"race": "group", "students": "population"})[
        ["unit", "year", "group", "population", *SHARES]
    ].reset_index(drop=True)


def weighted(
    table: pd.DataFrame, enrolment: pd.DataFrame, *, unit: str = "unit"
) -> pd.DataFrame:
    """Weight the counts of outcomes, or of levels, by the share living in the city.

    Parameters
    ----------
    table
        Tidy `outcomes` or `levels`, with ``year`` and ``race``.
    enrolment
        Tidy `enrolment`, as in `shares`. By year and race where it has them; the rows
        of one file are by both, one, or neither.
    unit
        The column of ``table`` that holds the units: ``school`` of levels.

    Returns
    -------
    DataFrame
        The rows of ``table`` whose unit has students in the city or is not known, with
        bounds of counts (``events_low``, ``students_low``, ...) times the bounds of the
        share, ``others_low`` and ``others_high`` beside events (students without the
        outcome), exact counts missing where a share is not exact, and ``weighted``: the
        words of `MODEL`. Bounds are missing where the share is not known.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If nothing in ``enrolment`` says who lives in the city.

    Notes
    -----
    Limits made from weighted counts take parts of people as so many people: they carry
    the chance in the outcomes, and nothing of the model's error. The share of one group
    is used for it alone; where enrolment has no races, every group of a school has the
    same share, which hides how groups are apart within it.

    References
    ----------
    Goodchild and Lam (1980), Areal interpolation: a variant of the traditional spatial
    problem, Geo-Processing 1, 297-312 (counts shared out by a known part).

    Examples
    --------
    >>> outcomes = pd.DataFrame({
    ...     "unit": ["A", "B"], "year": "2025", "race": "White",
    ...     "population": [200, 100], "events_low": [100, 50],
    ...     "events_high": [110, 50]})
    >>> share = [0.75, 0.0]
    >>> enrolment = pd.DataFrame({
    ...     "unit": ["A", "B"], "year": "", "race": None, "students": [400, 100],
    ...     "share_low": share, "share_high": share})
    >>> found = weighted(outcomes, enrolment)
    >>> found[["unit", "events_low", "events_high", "others_low", "others_high"]]
      unit  events_low  events_high  others_low  others_high
    0    A        75.0         82.5        67.5         75.0
    """
    require_columns(table, [unit, "year", "race"])
    rows = _with_others(table)
    low, high = _looked_up(rows, shares(enrolment), unit)
    outside = (low == 0) & (high == 0)
    counts = [name for name in rows if name.endswith(("_low", "_high"))]
    counts = [name for name in counts if not name.startswith("rate_")]
    weights = {"_low": low, "_high": high}
    changed = {
        name: numbers(rows, name) * weights[name[name.rindex("_") :]] for name in counts
    }
    exact = np.where(low == high, low, np.nan)
    changed |= {
        name: numbers(rows, name) * exact
        for name in ("events", "population", "students")
        if name in rows
    }
    return rows.assign(**changed, weighted=MODEL)[~outside].reset_index(drop=True)


def of_residents(
    table: pd.DataFrame, enrolment: pd.DataFrame, *, unit: str = "unit"
) -> pd.DataFrame:
    """Weight counts of the units that enrolment names; none where it names nobody.

    Parameters
    ----------
    table, enrolment, unit
        As in `weighted`; ``enrolment`` may be empty.

    Returns
    -------
    DataFrame
        As `weighted`; no rows where no share is known.

    Examples
    --------
    >>> table = pd.DataFrame({"unit": ["A"], "events_low": [3]})
    >>> of_residents(table, pd.DataFrame(columns=["unit", *SHARES])).empty
    True
    """
    require_columns(enrolment, ["unit", *SHARES])
    if table.empty or not enrolment[SHARES].notna().any(axis=None):
        return table.iloc[:0]
    return weighted(table, enrolment, unit=unit)


def living_here(enrolment: pd.DataFrame) -> pd.DataFrame:
    """Say of the latest year which share of each group's students live in the city.

    Parameters
    ----------
    enrolment
        Tidy `enrolment`.

    Returns
    -------
    DataFrame
        One row per ``group`` ("All" where no races are given): ``events`` (who live in
        the city) and ``population`` (enrolled), missing where masked, their bounds,
        ``rate_low`` and ``rate_high``. No rows without enrolment.

    Examples
    --------
    >>> enrolment = pd.DataFrame({"unit": ["A", "B"], "year": "2025", "race": "White",
    ...     "students_low": 100, "students_high": 100,
    ...     "city_low": [50, 80], "city_high": [50, 90]})
    >>> living_here(enrolment)[["group", "population", "rate_low", "rate_high"]]
       group  population  rate_low  rate_high
    0  White         200      0.65        0.7
    """
    names = ["group", "events", "population", "rate_low", "rate_high"]
    if enrolment.empty:
        return pd.DataFrame({name: [] for name in names})
    found = in_the_city(enrolment)
    found = found[found["year"] == found["year"].max()].reset_index(drop=True)
    if "city_low" in found and found["city_low"].isna().all():
        return pd.DataFrame({name: [] for name in names})
    table = pd.DataFrame({"group": found["group"].astype(str)})
    for name, part in (("events", "city"), ("population", "students")):
        low, high = (found[f"{part}_{end}"].round() for end in ("low", "high"))
        table[name] = low.where(low == high).astype("Int64")
        table[f"{name}_low"] = low.astype("Int64")
        table[f"{name}_high"] = high.astype("Int64")
    return table.assign(
        rate_low=found["share_low"].to_numpy(float),
        rate_high=found["share_high"].to_numpy(float),
    )


def in_the_city(enrolment: pd.DataFrame) -> pd.DataFrame:
    """Say, of each group, which share of the students enrolled live in the city.

    Parameters
    ----------
    enrolment
        Tidy `enrolment`, as in `weighted`.

    Returns
    -------
    DataFrame
        One row per ``year`` and ``group``: ``students_low``, ``students_high``,
        ``city_low``, ``city_high`` (sums; missing where a part is not known),
        ``share_low`` and ``share_high``, ``units``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> enrolment = pd.DataFrame({"unit": ["A", "B"], "year": "2025", "race": "White",
    ...     "students_low": 100, "students_high": 100,
    ...     "city_low": [50, 80], "city_high": [50, 90]})
    >>> in_the_city(enrolment)[["group", "share_low", "share_high"]]
       group  share_low  share_high
    0  White       0.65         0.7
    """
    ends = ["students_low", "students_high", "city_low", "city_high"]
    require_columns(enrolment, ["unit", "year", "race", *ends])
    rows = enrolment.assign(**{name: numbers(enrolment, name) for name in ends})
    rows["group"] = rows["race"].astype("object").where(rows["race"].notna(), "All")
    grouped = rows.groupby(["year", "group"], sort=True)
    sums = grouped[ends].agg(lambda some: some.sum(skipna=False))
    sums["share_low"] = divide(sums["city_low"], sums["students_high"])
    sums["share_high"] = np.minimum(divide(sums["city_high"], sums["students_low"]), 1)
    return sums.assign(units=grouped["unit"].nunique()).reset_index()


def _with_others(table: pd.DataFrame) -> pd.DataFrame:
    """Say how many are without the outcome, since bounds of both are weighted."""
    if "others_low" in table or "events_low" not in table:
        return table
    least, most = (
        numbers(table, end) if end in table else numbers(table, "population")
        for end in ("population_low", "population_high")
    )
    whole = numbers(table, "population")
    least, most = (np.where(np.isnan(end), whole, end) for end in (least, most))
    return table.assign(
        others_low=np.maximum(least - numbers(table, "events_high"), 0),
        others_high=most - numbers(table, "events_low"),
    )


def _looked_up(
    rows: pd.DataFrame, known: pd.DataFrame, unit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Find the share of each row: of its year and group where enrolment tells them."""
    if known.empty:
        raise InputError(
            "enrolment says of no unit who lives in the city; declare city_students or "
            "city_share, or name the district instead"
        )
    year = known["year"].fillna("").astype(str)
    group = known["group"].astype("object").where(known["group"].notna(), "")
    keys = zip(known["unit"], year, group, strict=True)
    ends = known[SHARES].to_numpy(dtype=float)
    table = dict(zip(keys, map(tuple, ends), strict=True))
    wanted = list(
        zip(rows[unit], rows["year"].astype(str), rows["race"].astype(str), strict=True)
    )
    missing = (np.nan, np.nan)

    def share(place: str, when: str, who: str) -> tuple[float, float]:
        named = ((a, b) for b in (who, "") for a in (when, ""))
        return next(
            (table[key] for a, b in named if (key := (place, a, b)) in table), missing
        )

    found = np.array([share(*key) for key in wanted], dtype=float).reshape(-1, 2)
    return found[:, 0], found[:, 1]
