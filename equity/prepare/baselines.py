"""Baselines: numbers by area that places are compared with, beside all residents.

A *baseline* is what an even placement would follow: children, households without
internet, a city's own count. Its *universe* is what it is a part of.

Known problems of such files: block groups where the areas are tracts; another census
than the areas; marks in the place of numbers; margins that nobody published.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.prepare import census, identifiers, marks, places, sources
from equity.prepare.quality import Ledger

BASELINES = [
    *("area", "baseline", "estimate", "moe", "universe", "total", "total_moe"),
    *("source", "vintage"),
]
NUMBERS = ("estimate", "moe", "total", "total_moe")
MARGINS = ("moe", "total_moe")
MOST = 1e9  # of people or homes in one area; more is not a count
NOT_AREAS = "area is not one of the city's"
ADDED = "rows added up to the area that their ids begin with"
NO_AREAS = "areas of the city that the file lacks; not known"
UNKNOWN = "areas of which a part is not known, and so the sum"
NO_MARGINS = "no margin of error; the estimate is taken as certain"


def clean_baselines(
    raw: pd.DataFrame,
    source: sources.Baselines,
    ledger: Ledger,
    *,
    areas: pd.DataFrame,
) -> pd.DataFrame:
    """Turn a file of numbers by area into a baseline.

    Parameters
    ----------
    raw
        As read: a row for each area, or for each part of one.
    source
        What the file means.
    ledger
        Written to: rows of other areas, areas that the file lacks, rows added up,
        numbers that are not known and margins that are not published.
    areas
        The areas of the city.

    Returns
    -------
    DataFrame
        Columns of `BASELINES`, one row for each area of the city, sorted. `estimate`
        and `total` are missing where they are not known; `moe` and `total_moe` are
        90 % margins, missing for a full count and where they are not published, 0
        where the number is controlled.

    Raises
    ------
    InputError
        If no area is known, an area is there twice, a number is not one, or a part is
        larger than its universe.

    Notes
    -----
    Rows that are added up have a margin of the root of the sum of squares.

    References
    ----------
    U.S. Census Bureau (2020), Understanding and using American Community Survey data,
    chapter 8, on margins of sums.

    Examples
    --------
    >>> source = sources.Baselines(file="h.csv", label="Households without internet",
    ...     universe="Households", area_digits=2,
    ...     columns={"area": "id", "estimate": "none", "total": "all"})
    >>> raw = pd.DataFrame({"id": ["011", "012"], "none": ["3", "4"],
    ...                     "all": ["20", "30"]})
    >>> found = clean_baselines(raw, source, Ledger("baselines", "h.csv", 2),
    ...                         areas=pd.DataFrame({"area": ["01", "02"]}))
    >>> found[["area", "estimate", "total"]]
      area  estimate  total
    0   01       7.0   50.0
    1   02       NaN    NaN
    """
    rows = sources.tidy(raw, source).assign(area=places.ids(raw, source))
    if source.area_digits:
        rows["part"] = rows["area"]
        rows["area"] = rows["area"].str[: source.area_digits]
    strange = ~rows["area"].isin(areas["area"])
    _check_known(rows["area"], strange, source, areas)
    rows = ledger.set_aside(rows, {NOT_AREAS: strange})
    _check_once(rows, source)
    for name in NUMBERS:
        rows[name] = _numbers(rows, name, source)
    _check_parts(rows, source)
    if source.area_digits:
        ledger.note(ADDED, rows["area"].duplicated(keep=False))
        parts, rows = rows, _added(rows)
        lost = parts["estimate"].isna().groupby(parts["area"]).any()
        ledger.note(UNKNOWN, int(lost.sum()))
    else:
        ledger.note("no number published; not known", rows["estimate"].isna())
    rows = rows.set_index("area")[list(NUMBERS)]
    ledger.note(NO_AREAS, int((~areas["area"].isin(rows.index)).sum()))
    bare = rows["estimate"].notna() & rows["moe"].isna()
    ledger.note(NO_MARGINS, int(bare.sum()))
    table = rows.reindex(sorted(areas["area"])).rename_axis("area").reset_index()
    return table.assign(
        baseline=source.label,
        universe=source.universe,
        source=source.title or source.file,
        vintage=source.vintage,
    )[BASELINES]


def _check_known(
    ids: pd.Series, strange: pd.Series, source: sources.Baselines, areas: pd.DataFrame
) -> None:
    if strange.all():
        hint = identifiers.difference(ids.drop_duplicates(), areas["area"])
        hint = hint or "'area_digits' says how many leading characters are the area"
        raise InputError(
            f"{source.file}: column {source.columns['area']}: none of its "
            f"{ids.nunique()} ids is one of the {len(areas)} areas; {hint}"
        )


def _check_once(rows: pd.DataFrame, source: sources.Baselines) -> None:
    again = rows.duplicated("part" if source.area_digits else "area")
    if again.any():
        raise InputError(
            f"{source.file}: column {source.columns['area']}: {int(again.sum())} "
            "row(s) are of an area listed more than once, first data row "
            f"{int(rows.index[again][0]) + 1}; of parts of an area, say with "
            "'area_digits' how their ids begin"
        )


def _numbers(rows: pd.DataFrame, name: str, source: sources.Baselines) -> pd.Series:
    """Read a column of counts or margins; marks of the census are missing."""
    if name not in source.columns:
        return pd.Series(np.nan, index=rows.index)
    found = places.cells(rows[name], source)
    wrong = found["state"].isin([census.UNREADABLE, census.AT_LEAST, census.AT_MOST])
    marks.refuse(
        wrong | ~found["value"].fillna(0).between(0, MOST),
        column=source.columns[name],
        file=source.file,
        wanted="margins of error" if name in MARGINS else "counts",
        then="correct them; a mark of this file alone is declared under 'marks'",
    )
    return found["value"]


def _check_parts(rows: pd.DataFrame, source: sources.Baselines) -> None:
    """Refuse parts that are larger than what they are a part of."""
    more = rows["estimate"].gt(rows["total"])
    if more.any():
        raise InputError(
            f"{source.file}: column {source.columns['estimate']} is larger than "
            f"{source.columns['total']} in {int(more.sum())} row(s), first in data row "
            f"{int(rows.index[more][0]) + 1}; is it a part of {source.universe!r}?"
        )


def _added(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the parts of each area; a sum with an unknown part is unknown."""
    squares = {name: rows[name] ** 2 for name in MARGINS}
    squared = rows.assign(**squares)[list(NUMBERS)]
    lost = squared.isna().groupby(rows["area"]).any()
    added = squared.groupby(rows["area"]).sum().mask(lost).reset_index()
    return added.assign(**{name: added[name] ** 0.5 for name in MARGINS})
