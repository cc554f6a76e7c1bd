"""Points to areas: which area each point lies in, and what is wrong with the others.

Points are rounded to a centimetre, and only distinct ones meet the shapes. A point on
an edge that areas share belongs to the first of them by id, as text, so that every
engine and every order of rows gives it the same one.

A *default location* is a point that a system writes when it cannot find an address:
far too many rows lie on it.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from tqdm import tqdm

from equity.prepare import coordinates, sources
from equity.prepare.coordinates import MISSING, UNREADABLE
from equity.prepare.quality import Ledger

DEGREES = CRS(4326)
PLACES = 7  # decimals of a degree, about a centimetre
NEAR = 0.01  # degrees from 0, 0, about a kilometre; there is nothing but ocean
HEAVY_ROWS, HEAVY_SHARE, HEAVY_TIMES = 30, 0.01, 10  # see judge

ZERO = "coordinates are 0, 0"
DEFAULT = "many rows on one point that is no address; a default location"
EXCHANGED = "latitude and longitude look exchanged"
UNSIGNED = "sign of the longitude looks lost"
IMPOSSIBLE = "not a place on earth"
OUTSIDE = "outside every area"
PROBLEMS = (  # the order in which they are looked for
    *(MISSING, UNREADABLE, ZERO, DEFAULT, EXCHANGED, UNSIGNED, IMPOSSIBLE, OUTSIDE),
)
CROWDED = "many rows on one point; used, but it may be a default location"
HINTS = {
    EXCHANGED: "latitude and longitude look exchanged; exchange them in sources.yaml",
    UNSIGNED: "the sign of the longitude looks lost; west of Greenwich it is negative",
}
HINT = (
    "are they of another city, in another coordinate system (declare its crs), or are "
    "the areas not those of the whole city?"
)


def to_areas(
    latitude: pd.Series,
    longitude: pd.Series,
    areas: gpd.GeoDataFrame,
    *,
    progress: bool = False,
) -> pd.Series:
    """Find the area of each point; only distinct points meet the polygons.

    A point on an edge that areas share belongs to the first of them by id, in the
    order of text ("10" before "9"), whatever the order of rows and areas.

    Parameters
    ----------
    latitude
        Degrees (WGS 84), missing where unknown.
    longitude
        Degrees, on the same index.
    areas
        Columns `area` and `geometry`, in any coordinate system.
    progress
        Whether to show a progress bar, on standard error.

    Returns
    -------
    Series
        The area of each point on its index; missing where there is none.

    Notes
    -----
    Points are rounded to seven decimals (a centimetre) and turned into the coordinate
    system of the areas.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 1, 1)], crs=4326)
    >>> to_areas(pd.Series([0.5, 5.0]), pd.Series([0.5, 0.5]), areas).to_list()
    ['a', nan]
    """
    y, x = (part.round(PLACES).to_numpy(float) for part in (latitude, longitude))
    usable = np.isfinite(y) & np.isfinite(x)
    xy = x[usable], y[usable]
    if areas.crs is not None:
        xy = coordinates.transformed(*xy, ours=DEGREES, theirs=areas.crs)
    shapes = areas.sort_values("area")
    first = np.full(len(y), len(shapes))
    first[usable] = _first_shape(
        np.column_stack(xy), shapes.geometry, progress=progress
    )
    names = pd.Series([*shapes["area"], None], dtype="str")
    return names.iloc[first].set_axis(latitude.index)


def judge(
    latitude: pd.Series,
    longitude: pd.Series,
    areas: gpd.GeoDataFrame,
    *,
    weights: pd.Series | None = None,
    crs: str = "",
    decimal: str = ".",
    where: str = "coordinates",
    progress: bool = False,
) -> pd.DataFrame:
    """Find the area of each point, or say what is wrong with it.

    Parameters
    ----------
    latitude
        Degrees or, with `crs`, northings: numbers, or text as it is in the file. A
        column that holds both as `(lat, lon)` or `POINT (lon lat)` is given twice.
    longitude
        Degrees or eastings, on the same index.
    areas
        Columns `area` and `geometry`, in any coordinate system.
    weights
        Rows of the file on each point; one each if not given.
    crs
        The coordinate system where numbers are not degrees, such as `EPSG:3435`
        (state plane of eastern Illinois, in feet).
    decimal
        The decimal mark of text.
    where
        The file and its columns, for errors, such as `a.csv: columns lat, lon`.
    progress
        Whether to show a progress bar, on standard error.

    Returns
    -------
    DataFrame
        On the same index: `area` (missing where there is a problem), `problem` (one
        of `PROBLEMS`, or empty) and `note` (`CROWDED`, or empty).

    Raises
    ------
    InputError
        If most rows are not numbers, not in the units of the coordinate system, or
        in no area: then a setting is wrong, not the rows. Also if the coordinate
        system is not known.

    Notes
    -----
    A point is *crowded* with at least 30 rows, if these are more than 1 % of all rows
    with coordinates and at least 10 times the mean of the other points. It is a
    default location if it also lies outside every area, or if neither number has
    more than one decimal of a degree (ten kilometres). Otherwise it is used and
    noted: it can be the city hall, or a large estate.

    Most rows means more than half of those with coordinates, 0, 0 and default
    locations left out; of fewer than ten rows, all.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(-2, 0, -1, 2)],
    ...                          crs=4326)
    >>> judge(pd.Series(["1.5", "", "-1.5", "1.5"]),
    ...       pd.Series(["-1.5", "", "1.5", "1.5"]), areas)["problem"].to_list()
    ['', 'no coordinates', 'latitude and longitude look exchanged',
     'sign of the longitude looks lost']
    """
    system = coordinates.system(crs, where=where)
    points = coordinates.numbers(latitude, longitude, decimal=decimal)
    rows = pd.Series(1, latitude.index) if weights is None else weights
    coordinates.check_units(points, rows, crs=system, decimal=decimal, where=where)
    y, x, problem = points["y"], points["x"], points["problem"]

    area = _areas_of(y, x, areas, system, progress=progress)
    given = problem.eq("")
    lost = given & area.isna()
    zero = given & _at_zero(y, x, system)
    crowded = _crowded(y, x, rows.where(given & ~zero, 0))
    exchanged = _also(lost & ~zero, x, y, areas, system)
    unsigned = _also(lost & ~zero, y, -x, areas, system)
    no_address = _rough(y, x, system) | (lost & ~exchanged & ~unsigned)
    rules = {
        ZERO: zero,
        DEFAULT: crowded & no_address,
        EXCHANGED: exchanged,
        UNSIGNED: unsigned,
        IMPOSSIBLE: given & _impossible(y, x, system),
        OUTSIDE: lost,
    }
    chosen = np.select([~given, *rules.values()], range(1 + len(rules)), 0)
    said = pd.Series([*rules, ""], dtype="str").iloc[chosen - 1].set_axis(y.index)
    problem = said.where(given, problem)
    _check_inside(problem, rows, where)
    note = pd.Series("", y.index, dtype="str").mask(crowded & problem.eq(""), CROWDED)
    return pd.DataFrame(
        {"area": area.mask(problem.ne("")), "problem": problem, "note": note}
    )


def placed(
    rows: pd.DataFrame, raw: pd.DataFrame, source: sources.Placed
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give each row a latitude and a longitude, and say what the file calls them.

    Parameters
    ----------
    rows
        As `sources.tidy` returns them.
    raw
        As read by `read.table`, or by `read.places` for a file of shapes, of which a
        point inside counts.
    source
        What the file means.

    Returns
    -------
    DataFrame
        `rows` with `latitude` and `longitude`, as `judge` takes them.
    tuple of str
        The file's columns.

    Examples
    --------
    >>> source = sources.Blocks(file="b.csv", columns={"population": "N",
    ...                                                "location": "WHERE"})
    >>> rows = pd.DataFrame({"population": ["3"], "location": ["(41.9, -87.7)"]})
    >>> placed(rows, rows, source)[1]
    ('WHERE',)
    """
    if "location" in source.columns:
        rows = rows.assign(latitude=rows["location"], longitude=rows["location"])
        return rows.drop(columns="location"), (source.columns["location"],)
    if "latitude" in source.columns:
        return rows, tuple(source.columns[name] for name in ("latitude", "longitude"))
    inside = raw.geometry.representative_point().to_crs(source.crs or DEGREES)
    return rows.assign(latitude=inside.y, longitude=inside.x), ("geometry",)


def set_aside_unlocated(
    frame: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    ledger: Ledger,
    *,
    crs: str = "",
    decimal: str = ".",
    columns: tuple[str, str] = ("latitude", "longitude"),
) -> pd.DataFrame:
    """Locate rows by `latitude` and `longitude`; set aside those without an area.

    Parameters
    ----------
    frame
        Columns `latitude` and `longitude`, as text.
    areas
        The areas of the city.
    ledger
        Written to: every problem of `PROBLEMS` apart.
    crs
        The coordinate system where numbers are not degrees; see `judge`.
    decimal
        The decimal mark of the file.
    columns
        What the file calls latitude and longitude, for errors.

    Returns
    -------
    DataFrame
        The located rows, with `area`; `latitude` and `longitude` are numbers, in
        degrees (WGS 84).

    Raises
    ------
    InputError
        As `judge` does.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 1, 2)], crs=4326)
    >>> rows = pd.DataFrame({"latitude": ["1.5", "", "0.5"],
    ...                      "longitude": ["0.5", "", "1.5"]})
    >>> ledger = Ledger("requests", "a.csv", 3)
    >>> len(set_aside_unlocated(rows, areas, ledger))
    1
    >>> [entry[1] for entry in ledger.entries]
    ['no coordinates', 'latitude and longitude look exchanged']
    """
    found = judge(
        frame["latitude"],
        frame["longitude"],
        areas,
        crs=crs,
        decimal=decimal,
        where=f"{ledger.file}: columns {', '.join(dict.fromkeys(columns))}",
    )
    degrees = _degrees(frame["latitude"], frame["longitude"], crs, decimal)
    located = frame.assign(area=found["area"], **degrees)
    rules = {problem: found["problem"].eq(problem) for problem in PROBLEMS}
    ledger.note(CROWDED, found["note"].eq(CROWDED))
    return ledger.set_aside(located, rules)


def _degrees(
    latitude: pd.Series, longitude: pd.Series, crs: str, decimal: str
) -> dict[str, pd.Series]:
    """Turn coordinates as they are in the file into degrees, rounded as for areas."""
    points = coordinates.numbers(latitude, longitude, decimal=decimal)
    system = coordinates.system(crs, where="coordinates")
    xy = coordinates.transformed(
        points["x"].to_numpy(), points["y"].to_numpy(), ours=system, theirs=DEGREES
    )
    x, y = (pd.Series(part, points.index).round(PLACES) for part in xy)
    return {"latitude": y, "longitude": x}


def _distinct(latitude: pd.Series, longitude: pd.Series) -> tuple[np.ndarray, ...]:
    """Number the distinct points; each is one complex number, a point that is none -1.

    One hash of one column takes a third of the time of two.
    """
    y, x = (part.round(PLACES).to_numpy(float) for part in (latitude, longitude))
    code = np.full(len(y), -1)
    usable = np.isfinite(y) & np.isfinite(x)
    code[usable], distinct = pd.factorize(y[usable] + 1j * x[usable])
    return code, distinct


def _first_shape(
    xy: np.ndarray, shapes: gpd.GeoSeries, *, progress: bool
) -> np.ndarray:
    """Find the first shape that each point touches; their number where none does.

    Points are sorted from west to east: those in a shape's box are a slice of them,
    and only they meet the shape itself. No point becomes an object.
    """
    first = np.full(len(xy), len(shapes))
    order = np.argsort(xy[:, 0])
    x, y = xy[order].T
    geometries = shapes.to_numpy()
    shapely.prepare(geometries)
    west, south, east, north = shapely.bounds(geometries).T
    starts = np.searchsorted(x, west, side="left")
    ends = np.searchsorted(x, east, side="right")
    boxes = zip(geometries, starts, ends, south, north, strict=True)
    bar = tqdm(boxes, total=len(shapes), desc="Locating points", disable=not progress)
    for number, (shape, start, end, low, high) in enumerate(bar):
        slab = y[start:end]
        near = start + np.flatnonzero((slab >= low) & (slab <= high))
        inside = near[shapely.intersects_xy(shape, x[near], y[near])]
        first[order[inside]] = np.minimum(first[order[inside]], number)
    return first


def _areas_of(
    y: pd.Series,
    x: pd.Series,
    areas: gpd.GeoDataFrame,
    system: CRS,
    *,
    progress: bool = False,
) -> pd.Series:
    """Find the area of points that may still be northings and eastings."""
    xy = coordinates.transformed(
        x.to_numpy(), y.to_numpy(), ours=system, theirs=DEGREES
    )
    lon, lat = (pd.Series(part, y.index) for part in xy)
    return to_areas(lat, lon, areas, progress=progress)


def _also(
    these: pd.Series, y: pd.Series, x: pd.Series, areas: gpd.GeoDataFrame, system: CRS
) -> pd.Series:
    """Tell which of these points would be in an area with other coordinates."""
    result = these.copy()
    found = _areas_of(y[these], x[these], areas, system)
    result[these] = found.notna().to_numpy()
    return result


def _at_zero(y: pd.Series, x: pd.Series, system: CRS) -> pd.Series:
    near = NEAR if system.is_geographic else 1.0  # a foot or a metre
    return y.abs().le(near) & x.abs().le(near)


def _impossible(y: pd.Series, x: pd.Series, system: CRS) -> pd.Series:
    return (y.abs().gt(90) | x.abs().gt(180)) & system.is_geographic


def _rough(y: pd.Series, x: pd.Series, system: CRS) -> pd.Series:
    """Tell points both of whose degrees have one decimal or none."""
    y, x = (part.sub(part.round(1)).abs().lt(10.0**-PLACES) for part in (y, x))
    return y & x & system.is_geographic


def _crowded(y: pd.Series, x: pd.Series, rows: pd.Series) -> pd.Series:
    """Tell points with far too many rows, as `judge` defines them."""
    code, distinct = _distinct(y.where(rows.gt(0)), x)
    here = np.append(np.bincount(code[code >= 0], rows[code >= 0], len(distinct)), 0)
    total, others = rows.sum(), max(len(distinct) - 1, 1)
    crowded = (here >= HEAVY_ROWS) & (here > HEAVY_SHARE * total)
    crowded &= here >= HEAVY_TIMES * (total - here) / others
    return pd.Series(crowded[code], y.index)


def _check_inside(problem: pd.Series, rows: pd.Series, where: str) -> None:
    """Refuse a file most of whose rows are in no area; say what it looks like."""
    lost = problem.isin([EXCHANGED, UNSIGNED, IMPOSSIBLE, OUTSIDE])
    most = rows[lost].groupby(problem[lost]).sum()
    hint = HINTS.get(most.idxmax(), HINT) if len(most) else ""
    coordinates.refuse_most(
        *(lost, lost | problem.eq(""), rows),
        f"{where}: {{}} lie outside every area; {hint}",
    )
