"""Shapes of areas: where on earth they lie, whether they are whole, and overlaps.

A file can say nothing of its coordinate system (CRS), or the wrong thing: a GeoJSON
of state plane feet is taken for degrees, because the format knows nothing else.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from equity.errors import InputError
from equity.prepare import coordinates

DEGREES = CRS(4326)
NORTH, SOUTH = 80, -60  # degrees of latitude beyond which there is no city
FULL_CIRCLE = 360  # no degree is more
MARGIN = 1  # degrees around the region that a coordinate system is made for


def in_system(places: gpd.GeoDataFrame, crs: str, *, file: str) -> gpd.GeoDataFrame:
    """Settle the coordinate system of shapes, and check that it can be theirs.

    Parameters
    ----------
    places
        As read; its CRS may be missing or wrong.
    crs
        As declared, such as `EPSG:3435`; empty if the file says it.
    file
        The file's name, for errors.

    Returns
    -------
    GeoDataFrame
        The same shapes, with their coordinate system. Nothing is moved.

    Raises
    ------
    InputError
        If no system is known, or the numbers cannot be of it: too large for degrees,
        degrees in a system of feet or metres, a pole, exchanged axes, or far from
        the region that the system is made for.

    Examples
    --------
    >>> feet = gpd.GeoDataFrame(geometry=[shapely.box(1.1e6, 1.8e6, 1.2e6, 1.9e6)])
    >>> in_system(feet, "EPSG:3435", file="a.geojson").crs.name
    'NAD83 / Illinois East (ftUS)'
    >>> in_system(feet, "EPSG:4326", file="a.geojson")
    Traceback (most recent call last):
    equity.errors.InputError: a.geojson: 1 of 1 shapes are not in degrees, but the
    coordinate system is WGS 84; if they are in feet or metres of a state plane,
    declare its crs, such as EPSG:3435
    """
    if crs:
        known = coordinates.system(crs, where=file)
        places = places.set_crs(known, allow_override=True)
    if places.crs is None:
        raise InputError(
            f"{file} does not say its coordinate system; declare its crs, such as "
            "EPSG:4326 for degrees"
        )
    bounds = places.geometry.bounds.dropna()
    if len(bounds):
        _check_numbers(bounds, places.crs, file)
        _check_region(bounds, places.crs, file)
    return places


def centres(geometry: gpd.GeoSeries) -> pd.DataFrame:
    """Find the middle of each shape's bounds.

    Parameters
    ----------
    geometry
        Shapes, in any coordinate system.

    Returns
    -------
    DataFrame
        Columns `longitude` and `latitude` (degrees), on the same index.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 2, 2, 4)], crs=4326)
    >>> centres(square).to_numpy().tolist()
    [[1.0, 3.0]]
    """
    return _middle(geometry.bounds, geometry.crs)


def mended(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Make shapes valid, flat, and nothing but polygons.

    Parameters
    ----------
    geometry
        Polygons that may cross themselves or have heights.

    Returns
    -------
    GeoSeries
        Polygons and multipolygons; empty where no surface is left, such as of a
        polygon all of whose corners lie on one line.

    Examples
    --------
    >>> line = shapely.Polygon([(0, 0), (1, 1), (2, 2)])
    >>> tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> whole = mended(gpd.GeoSeries([line, tie, shapely.box(0, 0, 1, 1)]))
    >>> [(shape.geom_type, shape.is_empty) for shape in whole]
    [('Polygon', True), ('MultiPolygon', False), ('Polygon', False)]
    """
    valid = geometry.force_2d().make_valid()
    other = ~valid.geom_type.isin(["Polygon", "MultiPolygon"])
    surfaces = [_surface(shape) for shape in valid[other]]
    valid[other] = gpd.GeoSeries(surfaces, index=valid.index[other], crs=valid.crs)
    return valid


def overlaps(geometry: gpd.GeoSeries) -> pd.DataFrame:
    """Find the pairs of shapes that share some surface.

    Parameters
    ----------
    geometry
        Valid polygons.

    Returns
    -------
    DataFrame
        One row per pair: `first` and `second` (positions), and `share`, the shared
        surface over that of the smaller shape (0 to 1). Shapes that only touch are
        none.

    Notes
    -----
    Surfaces are compared in the file's own coordinates; the two of a pair lie side
    by side, so that their ratio is the same on the ground.

    Examples
    --------
    >>> squares = gpd.GeoSeries([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 2, 1),
    ...                          shapely.box(2, 0, 3, 1)])
    >>> overlaps(squares)
       first  second  share
    0      0       1    1.0
    """
    shapes = geometry.to_numpy()
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    surface = shapely.area(shapes)
    share = shared / np.minimum(surface[first], surface[second])
    pairs = pd.DataFrame({"first": first, "second": second, "share": share})
    pairs = pairs[pairs["share"] > 0]
    return pairs.sort_values(["first", "second"], ignore_index=True)


def local(places: gpd.GeoDataFrame | gpd.GeoSeries, *, keeps: str) -> CRS:
    """Make a coordinate system for one city, in metres, about its middle.

    Parameters
    ----------
    places
        Shapes, with a coordinate system.
    keeps
        What it does not distort: `distance` (azimuthal equidistant) or `surface`
        (Lambert's azimuthal equal-area).

    Returns
    -------
    CRS
        On the ellipsoid of WGS 84, centred on the middle of the shapes' bounds.

    Notes
    -----
    The equidistant projection is exact from its middle. Between any two points within
    50 km of it, lengths differ by less than 1 in 50,000 from those on the ground;
    those of a zone of UTM differ by up to 1 in 1,000.

    References
    ----------
    Snyder (1987), Map projections: a working manual, U.S. Geological Survey
    Professional Paper 1395, chapters 24 and 25.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(-88, 41, -87, 42)], crs=4326)
    >>> print(f"{square.to_crs(local(square, keeps='surface')).area[0] / 1e6:.0f}")
    9273
    """
    kind = {"distance": "aeqd", "surface": "laea"}[keeps]
    west, south, east, north = places.total_bounds
    lon, lat = coordinates.transformed(
        np.array([(west + east) / 2]),
        np.array([(south + north) / 2]),
        ours=places.crs,
        theirs=DEGREES,
    )
    middle = f"+lat_0={lat[0]:.6f} +lon_0={lon[0]:.6f}"
    return CRS.from_proj4(f"+proj={kind} {middle} +datum=WGS84 +units=m +no_defs")


def _surface(shape: shapely.Geometry) -> shapely.Geometry:
    """Keep the polygons of a collection."""
    parts = shapely.get_parts(shape)
    surfaces = parts[shapely.get_dimensions(parts) == 2]
    return shapely.union_all(surfaces) if len(surfaces) else shapely.Polygon()


def _middle(bounds: pd.DataFrame, crs: CRS) -> pd.DataFrame:
    x = (bounds["minx"] + bounds["maxx"]) / 2
    y = (bounds["miny"] + bounds["maxy"]) / 2
    lon, lat = coordinates.transformed(
        x.to_numpy(), y.to_numpy(), ours=crs, theirs=DEGREES
    )
    return pd.DataFrame({"longitude": lon, "latitude": lat}, index=bounds.index)


def _check_numbers(bounds: pd.DataFrame, crs: CRS, file: str) -> None:
    """Refuse numbers that are of another kind than the coordinate system's."""
    size = bounds.abs()
    if crs.is_geographic:
        across, along = size[["minx", "maxx"]].max(axis=1), size[["miny", "maxy"]]
        beyond = across.gt(180) | along.max(axis=1).gt(90)
        if beyond.all() and across.le(90).all() and along.max(axis=1).le(180).all():
            raise InputError(
                f"{file}: latitude and longitude of the shapes look exchanged"
            )
        if beyond.any():
            raise InputError(
                f"{file}: {int(beyond.sum())} of {len(bounds)} shapes are not in "
                f"degrees, but the coordinate system is {crs.name}; if they are in "
                "feet or metres of a state plane, declare its crs, such as EPSG:3435"
            )
    elif size.max(axis=None) <= FULL_CIRCLE:
        raise InputError(
            f"{file}: the shapes look like degrees, but the coordinate system is "
            f"{crs.name}; declare crs: EPSG:4326"
        )


def _check_region(bounds: pd.DataFrame, crs: CRS, file: str) -> None:
    """Refuse a city at a pole, or far from where its coordinate system is used."""
    lon, lat = _middle(bounds, crs).median()
    place = f"the areas would lie near latitude {lat:.1f}, longitude {lon:.1f}"
    if not SOUTH < lat < NORTH:
        raise InputError(
            f"{file}: {place}, where no city is; are latitude and longitude "
            "exchanged, or is it another coordinate system (crs)?"
        )
    region = crs.area_of_use
    if region is None:
        return
    west, east = region.west - MARGIN, region.east + MARGIN
    within = west <= lon <= east if west <= east else not east < lon < west
    if not (within and region.south - MARGIN <= lat <= region.north + MARGIN):
        raise InputError(
            f"{file}: {place}, but {crs.name} is not used there; declare the crs that "
            "the numbers are in"
        )
