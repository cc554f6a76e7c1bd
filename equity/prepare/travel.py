"""Costs: how far it is from each area to each facility, and in what.

**Terms**

cost
    Of a pair of an area and a facility: minutes from a routing tool's export or, where
    none is declared, kilometres in a straight line. A straight line is shorter than
    any way: it says who is far in the sense of a map, not how long a trip takes.
no route
    The tool looked and found none: the cost is infinite. A pair without a row is
    *not known*, which is another thing.

Known problems of such exports: pairs of places that have closed since; areas of another
census; blanks; a file that covers some places of a kind only.
"""

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.prepare import (
    blocks,
    coordinates,
    identifiers,
    locate,
    marks,
    numbers,
    places,
    shapes,
    sources,
)
from equity.prepare.quality import Ledger

COSTS = ["area", "facility_id", "cost", "unit", "how"]
STRAIGHT, KM = "straight line", "km"
METRES = 3  # decimals of a kilometre
LISTED = 5  # how many ids an error names
NO_ROUTE = "no route; the cost is without end"
NOT_AREAS = "area is not one of the city's"
NOT_FACILITIES = "facility is not one of those that are used"


def straight_lines(
    areas: gpd.GeoDataFrame,
    facilities: pd.DataFrame,
    *,
    homes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure the straight line from the middle of each area to each facility.

    Parameters
    ----------
    areas
        Columns `area` and `geometry`.
    facilities
        Tidy: columns `facility_id`, `longitude` and `latitude` (degrees).
    homes
        As `blocks.clean_blocks` returns them; then lines start from the middle of
        each area's residents.

    Returns
    -------
    DataFrame
        Columns of `COSTS`, one row per pair, areas one after the other. `cost` is in
        kilometres, to the metre; `how` says from where.

    Notes
    -----
    Lengths are measured in an equidistant projection about the middle of the city,
    within 1 in 50,000 of those on the ground. A facility in the area is as far as it
    is from the middle, which need not be zero.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 0.2, 0.2)],
    ...                          crs=4326)
    >>> library = pd.DataFrame({"facility_id": ["L1"], "longitude": [0.1],
    ...                         "latitude": [0.2]})
    >>> straight_lines(areas, library)[["area", "facility_id", "cost", "unit"]]
      area facility_id    cost unit
    0    a          L1  11.057   km
    """
    system = shapes.local(areas, keeps="distance")
    middle = blocks.centres(areas, homes)
    start, end = (
        np.column_stack(
            coordinates.transformed(
                points["longitude"].to_numpy(float),
                points["latitude"].to_numpy(float),
                ours=locate.DEGREES,
                theirs=system,
            )
        )
        for points in (middle, facilities)
    )
    cost = np.hypot(*(start[:, None, i] - end[None, :, i] for i in (0, 1))) / 1000
    peopled = homes is not None and len(homes) > 0
    said = f"{STRAIGHT}, {blocks.HOMES if peopled else blocks.MIDDLE}"
    number = cost.size
    return pd.DataFrame(
        {
            "area": np.repeat(middle["area"].to_numpy(), len(facilities)),
            "facility_id": np.tile(facilities["facility_id"].to_numpy(), len(middle)),
            "cost": cost.ravel().round(METRES),
            "unit": pd.Categorical([KM]).repeat(number),
            "how": pd.Categorical([said]).repeat(number),
        }
    ).astype({"area": "str", "facility_id": "str"})


def clean_travel(
    raw: pd.DataFrame,
    source: sources.Travel,
    ledger: Ledger,
    *,
    areas: gpd.GeoDataFrame,
    facilities: pd.DataFrame,
) -> pd.DataFrame:
    """Turn a routing tool's export into costs.

    Parameters
    ----------
    raw
        As read: a row for each pair.
    source
        What the file means.
    ledger
        Written to: pairs of an area or a facility that is not known, pairs without a
        route, and pairs that the file lacks.
    areas
        The areas of the city.
    facilities
        Tidy: all that are used.

    Returns
    -------
    DataFrame
        Columns of `COSTS`; `cost` is infinite where the file says that there is no
        route (a blank). Pairs without a row are not there.

    Raises
    ------
    InputError
        If a cost is negative or no number, a pair is there twice, no row is of an area
        and a facility that are known, or places of a kind are left out.

    Examples
    --------
    >>> source = sources.Travel(file="t.csv", unit="minutes", mode="by bus",
    ...     columns={"area": "A", "facility_id": "F", "cost": "M"})
    >>> raw = pd.DataFrame({"A": ["01", "02"], "F": ["L1", "L1"], "M": ["7.5", ""]})
    >>> clean_travel(raw, source, Ledger("travel", "t.csv", 2),
    ...              areas=pd.DataFrame({"area": ["01", "02"]}),
    ...              facilities=pd.DataFrame({"facility_id": ["L1"], "kind": "Library"})
    ... )
      area facility_id  cost     unit     how
    0   01          L1   7.5  minutes  by bus
    1   02          L1   inf  minutes  by bus
    """
    rows = sources.tidy(raw, source).assign(area=places.ids(raw, source))
    cost = numbers.number(rows["cost"], decimal=source.decimal)
    none = rows["cost"].eq("")
    marks.refuse(
        (cost.isna() & ~none) | cost.lt(0),
        column=source.columns["cost"],
        file=source.file,
        wanted="costs from 0 up",
        then="a pair without a route has a blank",
    )
    rows["cost"] = cost.mask(none, np.inf)
    strange = ~rows["area"].isin(areas["area"])
    closed = ~rows["facility_id"].isin(facilities["facility_id"])
    _check_known(rows, strange, closed, source, areas)
    rows = ledger.set_aside(rows, {NOT_AREAS: strange, NOT_FACILITIES: closed})
    again = rows.duplicated(["area", "facility_id"])
    if again.any():
        raise InputError(
            f"{source.file}: {int(again.sum())} pair(s) of area and facility are "
            "listed more than once, first in data row "
            f"{int(rows.index[again][0]) + 1}; keep one cost for each"
        )
    _check_kinds(rows, facilities, source)
    ledger.note(NO_ROUTE, np.isinf(rows["cost"]))
    lacking = len(areas) * rows["facility_id"].nunique() - len(rows)
    ledger.note("pairs of an area and a facility that have no row; not known", lacking)
    return rows.assign(unit=source.unit, how=source.mode)[COSTS].reset_index(drop=True)


def together(
    straight: pd.DataFrame,
    travelled: list[pd.DataFrame],
    facilities: pd.DataFrame,
    files: list[str],
) -> pd.DataFrame:
    """Use the costs of travel for the kinds that have them, straight lines for others.

    Parameters
    ----------
    straight
        As `straight_lines` returns them, of all facilities.
    travelled
        As `clean_travel` returns them, one for each file.
    facilities
        Tidy: columns `facility_id` and `kind`.
    files
        Names of the files, in the same order.

    Returns
    -------
    DataFrame
        Columns of `COSTS`: within a kind, one unit and one `how`.

    Raises
    ------
    InputError
        If two files cover one kind.

    Examples
    --------
    >>> pairs = pd.DataFrame({"area": "a", "facility_id": ["L1", "C1"],
    ...     "cost": [2.0, 3.0], "unit": "km", "how": "straight line"})
    >>> bus = pairs.head(1).assign(cost=21.5, unit="minutes", how="by bus")
    >>> sites = pd.DataFrame({"facility_id": ["L1", "C1"],
    ...                       "kind": ["Library", "Clinic"]})
    >>> together(pairs, [bus], sites, ["bus.csv"])[["facility_id", "cost", "unit"]]
      facility_id  cost     unit
    0          C1   3.0       km
    1          L1  21.5  minutes
    """
    if not travelled:
        return straight
    kind = facilities.set_index("facility_id")["kind"]
    first: dict[str, str] = {}
    for file, costs in zip(files, travelled, strict=True):
        for covered in kind[costs["facility_id"].unique()].unique():
            other = first.setdefault(covered, file)
            if other != file:
                raise InputError(
                    f"{file} and {other} both have costs to {covered!r}; declare one "
                    "of them, or put their rows into one file if they are one"
                )
    left = straight[~straight["facility_id"].map(kind).isin(first)]
    joined = pd.concat([left, *travelled], ignore_index=True)
    return joined.astype({"unit": "category", "how": "category"})


def _check_known(
    rows: pd.DataFrame,
    strange: pd.Series,
    closed: pd.Series,
    source: sources.Travel,
    areas: pd.DataFrame,
) -> None:
    """Refuse a file none of whose areas, or facilities, are known."""
    if strange.all():
        hint = identifiers.difference(rows["area"].drop_duplicates(), areas["area"])
        raise InputError(
            f"{source.file}: column {source.columns['area']}: none of its areas is one "
            f"of the city's{f'; {hint}' if hint else ''}"
        )
    if (strange | closed).all():
        raise InputError(
            f"{source.file}: column {source.columns['facility_id']}: none of its "
            "facilities is one of those that are used; name the same ids as under "
            "facilities"
        )


def _check_kinds(
    rows: pd.DataFrame, facilities: pd.DataFrame, source: sources.Travel
) -> None:
    """Refuse a file that leaves out places of a kind: two measures would be mixed."""
    there = facilities["facility_id"].isin(rows["facility_id"])
    kinds = facilities["kind"].isin(facilities.loc[there, "kind"])
    without = facilities[kinds & ~there]
    if len(without):
        of = facilities[facilities["kind"].eq(without["kind"].iloc[0])]
        lacking = of[~of["facility_id"].isin(rows["facility_id"])]["facility_id"]
        raise InputError(
            f"{source.file}: {len(lacking)} of {len(of)} places of kind "
            f"{of['kind'].iloc[0]!r} have no row ({', '.join(lacking[:LISTED])}); "
            "straight lines and travel are not mixed within a kind: add them, or leave "
            "the file out"
        )
