"""Districts of a city, and which share of each area lies in which of them.

**Terms**

district
    A place that the city itself uses, such as a council district, which need not
    follow the areas for which residents are counted.
share
    Of an area: how much of it lies in a district, 0 to 1. Over the districts of one
    kind it adds up to at most one; what is lacking is outside them all.
sliver
    A piece so small that it is a difference between two drawings of one line.

Known problems of such boundaries: drawn by another hand than the areas; districts that
leave out a lake or an airport; the same district in two features.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.errors import InputError
from equity.prepare import boundaries, locate, shapes, sources
from equity.prepare.quality import Ledger

DISTRICTS = ["kind", "district", "name", "geometry"]
OVERLAPS = ["kind", "district", "area", "share", "district_share", "by"]
SLIVER = 0.01  # of the area, and of the district
SURFACE, HOMES = "area", "block population"
NEARLY = 1e-9  # shares add up to one but for rounding
CUT = "areas of the city that a border of these districts cuts"
SLIVERS = "pieces below 1% of an area and of a district; left out as drawing"
BEYOND = "areas that reach beyond the districts; shared in full among them"
NO_HOMES = "areas with residents that no block has; shared out by surface"


def clean_districts(
    raw: gpd.GeoDataFrame, source: sources.Districts, ledger: Ledger
) -> gpd.GeoDataFrame:
    """Turn raw boundaries into districts.

    Parameters
    ----------
    raw
        As read; its coordinate system may be missing where `source` declares it.
    source
        What the file means.
    ledger
        Written to: shapes mended, and small overlaps.

    Returns
    -------
    GeoDataFrame
        Columns of `DISTRICTS`, sorted by district, in degrees (WGS 84).

    Raises
    ------
    InputError
        As `boundaries.whole` and `shapes.in_system` do.

    Examples
    --------
    >>> raw = gpd.GeoDataFrame({"WARD": ["2", "1"]}, crs=4326,
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> source = sources.Districts(file="w.geojson", kind="ward",
    ...                            columns={"district": "WARD"})
    >>> found = clean_districts(raw, source, Ledger("districts", "w.geojson", 2))
    >>> found[["kind", "district"]].to_numpy().tolist()
    [['ward', '1'], ['ward', '2']]
    """
    found = boundaries.features(raw, source, ledger)
    found = boundaries.whole(found, source, ledger, name="district")
    if "name" not in found:
        found["name"] = ""
    found = found.to_crs(locate.DEGREES)[DISTRICTS]
    return found.sort_values("district", ignore_index=True)


def shares(
    districts: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    ledger: Ledger,
    *,
    homes: pd.DataFrame | None = None,
    residents: pd.Series | None = None,
    whole_city: bool = False,
) -> pd.DataFrame:
    """Say which share of each area lies in which district.

    Parameters
    ----------
    districts
        As `clean_districts` returns them, of one kind.
    areas
        Columns `area` and `geometry`.
    ledger
        Of the districts' file; written to: areas that a border cuts, slivers, and
        areas, with their residents, that lie in no district.
    homes
        As `blocks.clean_blocks` returns them: shares are then of the people of an
        area's blocks, where it has any.
    residents
        People by area, to say how many live outside every district.
    whole_city
        Whether every resident lives in a district: an area is then shared in full
        among those that it touches.

    Returns
    -------
    DataFrame
        Columns of `OVERLAPS`, one row per district and area that meet. `share` is of
        the area, by people or by surface, as `by` says; `district_share` is the share
        of the district's surface that comes from the area.

    Raises
    ------
    InputError
        If no area lies in any district.

    Notes
    -----
    Surfaces are those of an equal-area projection about the middle of the city. A
    piece below 1 % of its area is left out, unless it is 1 % or more of the district,
    and the other districts of the area share what it had; an area of which less than
    1 % is outside every district counts as wholly inside. Shares of districts that
    overlap are scaled to one.

    References
    ----------
    Goodchild and Lam (1980), Areal interpolation: a variant of the traditional spatial
    problem, Geo-Processing 1, 297-312.

    Examples
    --------
    >>> areas = gpd.GeoDataFrame({"area": ["a", "b"]}, crs=4326,
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> wards = gpd.GeoDataFrame({"kind": "ward", "district": ["1"], "name": ""},
    ...     geometry=[shapely.box(0, 0, 1.5, 1)], crs=4326)
    >>> ledger = Ledger("districts", "w.geojson", 1)
    >>> shares(wards, areas, ledger)[["area", "share", "district_share"]].round(2)
      area  share  district_share
    0    a    1.0            0.67
    1    b    0.5            0.33
    >>> ledger.entries[0][1:]
    ('areas of the city that a border of these districts cuts', 1)
    """
    pairs = _pieces(districts, areas)
    if pairs.empty:
        raise InputError(
            f"{ledger.file}: none of the {len(districts)} districts meets one of the "
            f"{len(areas)} areas; are they of another city, or in another coordinate "
            "system (crs)?"
        )
    pairs = _without_slivers(pairs, ledger)
    if homes is not None and len(homes):
        pairs = _by_homes(pairs, districts, areas, ledger, homes, residents)
    if whole_city:
        pairs = _of_the_city(pairs, ledger)
    inside = pairs.groupby("area")["share"].sum().reindex(areas["area"], fill_value=0.0)
    several = pairs[pairs["share"] > 0].groupby("area").size()
    cut = several.reindex(inside.index, fill_value=0).gt(1)
    cut |= inside.gt(NEARLY) & inside.lt(1 - NEARLY)
    ledger.note(CUT, int(cut.sum()))
    _note_outside(1 - inside, ledger, residents)
    pairs = pairs.merge(districts[["district", "kind"]], on="district")
    pairs = pairs.sort_values(["district", "area"], ignore_index=True)
    return pairs[OVERLAPS]


def _pieces(districts: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure the surface that each district and each area have in common."""
    system = shapes.local(areas, keeps="surface")
    ours, theirs = (
        shapely.make_valid(frame.geometry.to_crs(system).to_numpy())
        for frame in (areas, districts)
    )
    area, district = shapely.STRtree(theirs).query(ours, predicate="intersects")
    surface = shapely.area(shapely.intersection(ours[area], theirs[district]))
    pairs = pd.DataFrame(
        {
            "area": areas["area"].to_numpy()[area],
            "district": districts["district"].to_numpy()[district],
            "share": surface / shapely.area(ours)[area],
            "district_share": surface / shapely.area(theirs)[district],
            "by": SURFACE,
        }
    )
    return pairs[surface > 0].reset_index(drop=True)


def _without_slivers(pairs: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Leave out slivers; the other districts of an area share what they had."""
    inside = pairs.groupby("area")["share"].transform("sum")
    wanted = inside.where(inside.between(0, 1 - SLIVER), 1.0)
    kept = pairs["share"].ge(SLIVER) | pairs["district_share"].ge(SLIVER)
    ledger.note(SLIVERS, int((~kept).sum()))
    left = pairs[kept]
    sums = left.groupby("area")["share"].transform("sum")
    return left.assign(share=left["share"] / sums * wanted[kept]).reset_index(drop=True)


def _of_the_city(pairs: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Share each area in full among the districts that it touches."""
    inside = pairs.groupby("area")["share"].transform("sum")
    beyond = inside.gt(0) & inside.lt(1 - NEARLY)
    ledger.note(BEYOND, int(pairs.loc[beyond, "area"].nunique()))
    share = pairs["share"] / inside.where(inside > 0, 1)
    return pairs.assign(share=share)


def _by_homes(
    pairs: pd.DataFrame,
    districts: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    ledger: Ledger,
    homes: pd.DataFrame,
    residents: pd.Series | None,
) -> pd.DataFrame:
    """Share areas out by the people of their blocks, where there are any."""
    places = districts.rename(columns={"district": "area"})
    where = locate.to_areas(homes["latitude"], homes["longitude"], places)
    people = homes.assign(district=where).groupby(["area", "district"], dropna=False)
    people = people["population"].sum().rename("people").reset_index()
    total = people.groupby("area")["people"].transform("sum")
    people = people[total > 0].assign(share=people["people"] / total)
    peopled = set(people["area"])
    if residents is not None:
        without = residents[residents > 0].index.difference(list(peopled))
        ledger.note(NO_HOMES, len(without.intersection(areas["area"])))
    found = people[people["district"].notna() & people["people"].gt(0)]
    found = found[["area", "district", "share"]]
    both = pairs[pairs["area"].isin(peopled)].drop(columns=["share", "by"])
    both = both.merge(found, on=["area", "district"], how="outer")
    both = both.fillna({"share": 0.0, "district_share": 0.0}).assign(by=HOMES)
    return pd.concat([pairs[~pairs["area"].isin(peopled)], both], ignore_index=True)


def _note_outside(
    outside: pd.Series, ledger: Ledger, residents: pd.Series | None
) -> None:
    """Count the areas that are not wholly in some district, and who lives there."""
    lost = outside[outside > NEARLY]
    if lost.empty:
        return
    rule = "areas of the city partly or wholly in none of these districts"
    if residents is not None and len(residents):
        people = float((lost * residents.reindex(lost.index).fillna(0)).sum())
        rule += f", with {np.round(people):,.0f} residents"
    ledger.note(rule, len(lost))
