"""Areas and the people who live in them: load and clean.

Known problems of such files: boundaries of one census and populations of another;
invalid shapes; a population file that covers more than the city.
"""

import geopandas as gpd
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import sources
from equity.prepare.quality import Ledger

AREAS = ["area", "geometry", "kind"]
MOST = 1e9  # people in one area; more is not a count
POPULATION = ["area", "race", "estimate", "moe", "source", "vintage"]


def clean_areas(raw: gpd.GeoDataFrame, source: sources.Areas, ledger: Ledger):
    """Turn raw boundaries into areas.

    Parameters
    ----------
    raw
        As read by `sources.read_places`.
    source
        What the file means.
    ledger
        Written to.

    Returns
    -------
    GeoDataFrame
        Columns `area, geometry, kind`, sorted by area, in the file's CRS.

    Raises
    ------
    InputError
        For a repeated area or one without a shape.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> raw = gpd.GeoDataFrame({"GEOID": ["02", "01"]},
    ...                        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4326)
    >>> source = sources.Areas(file="a.geojson", kind="tract",
    ...                        columns={"area": "GEOID"})
    >>> clean_areas(raw, source, Ledger("areas", "a.geojson", 2))["area"].to_list()
    ['01', '02']
    """
    names = sources.tidy(raw, source)
    areas = gpd.GeoDataFrame(names.assign(kind=source.kind), geometry=raw.geometry)
    empty = areas.geometry.isna() | areas.geometry.is_empty
    repeated = areas["area"].duplicated()
    for problem, hit in [("no shape", empty), ("an area listed before", repeated)]:
        if hit.any():
            raise InputError(
                f"{source.file}: {int(hit.sum())} feature(s) have {problem}, first "
                f"{areas.loc[hit, 'area'].iloc[0]!r}; mend the boundaries"
            )
    invalid = ~areas.geometry.is_valid
    named = ", ".join(areas.loc[invalid, "area"].head(5))
    ledger.note(f"shape crosses itself; mended ({named})", invalid.sum())
    areas["geometry"] = areas.geometry.make_valid()
    return areas[AREAS].sort_values("area", ignore_index=True)


def clean_population(
    raw: pd.DataFrame,
    source: sources.Population,
    ledger: Ledger,
    *,
    areas: pd.DataFrame,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a wide population file into one row per area and race.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    areas
        The areas of the city; rows of other areas are set aside.
    standard
        Whose groups `estimates` names.

    Returns
    -------
    DataFrame
        Columns of `POPULATION`; `moe` is the 90 % margin, missing for a full count.

    Raises
    ------
    InputError
        If an area has no population, or a number is not one.
    ParamsError
        If `estimates` names a group that the standard lacks.

    Examples
    --------
    >>> raw = pd.DataFrame({"id": ["01"], "white": ["12"]})
    >>> source = sources.Population(file="p.csv", columns={"area": "id"},
    ...                             estimates={"White": "white"})
    >>> clean_population(raw, source, Ledger("population", "p.csv", 1),
    ...                  areas=pd.DataFrame({"area": ["01"]}),
    ...                  standard=race.standard("omb1997"))["estimate"].to_list()
    [12]
    """
    for group in source.estimates:
        if group not in standard.groups:
            raise ParamsError(
                f"{source.file}, estimates: {group!r} is not a group of "
                f"{standard.name}; one of {list(standard.groups)}"
            )
    needed = [*source.estimates.values(), *source.margins.values()]
    sources.require(raw, needed, file=source.file)
    rows = raw.assign(area=sources.tidy(raw, source)["area"])
    rows = ledger.set_aside(
        rows, {"area is not one of the city's": ~rows["area"].isin(areas["area"])}
    )
    if rows["area"].duplicated().any():
        count = int(rows["area"].duplicated().sum())
        raise InputError(f"{source.file}: {count} area(s) are listed more than once")
    without = ~areas["area"].isin(rows["area"])
    if without.any():
        raise InputError(
            f"{source.file}: {int(without.sum())} of {len(areas)} areas "
            f"({without.mean():.1%}) have no population, first "
            f"{areas.loc[without, 'area'].iloc[0]!r}; are both of one census vintage?"
        )
    groups = [g for g in standard.groups if g in source.estimates]
    long = []
    for group in groups:
        estimate = _numbers(rows, source.estimates[group], source.file)
        moe = pd.Series(float("nan"), index=rows.index)
        if group in source.margins:
            moe = _numbers(rows, source.margins[group], source.file)
        long.append(
            pd.DataFrame(
                {"area": rows["area"], "race": group, "estimate": estimate, "moe": moe}
            )
        )
    table = pd.concat(long, ignore_index=True)
    table["race"] = pd.Categorical(table["race"], categories=groups, ordered=True)
    table = table.assign(source=source.title or source.file, vintage=source.vintage)
    return table[POPULATION].sort_values(["area", "race"], ignore_index=True)


def _numbers(rows: pd.DataFrame, column: str, file: str) -> pd.Series:
    """Read a column of counts; anything else is an error that names the column."""
    found = pd.to_numeric(rows[column].str.replace(",", ""), errors="coerce")
    bad = ~found.between(0, MOST)
    if bad.any():
        raise InputError(
            f"{file}: column {column}: {int(bad.sum())} value(s) are not counts, "
            f"first in data row {int(rows.index[bad][0]) + 1}"
        )
    return found
