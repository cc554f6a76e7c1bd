"""Points to areas: which area each latitude and longitude lies in."""

import geopandas as gpd
import pandas as pd

from equity.prepare.quality import Ledger

PLACES = 7  # decimals of a degree, about a centimetre


def to_areas(
    latitude: pd.Series, longitude: pd.Series, areas: gpd.GeoDataFrame
) -> pd.Series:
    """Find the area of each point; only distinct points meet the polygons.

    A point on an edge that areas share belongs to the first of them by name.

    Parameters
    ----------
    latitude
        Degrees (WGS 84), missing where unknown.
    longitude
        Degrees, on the same index.
    areas
        Columns `area` and `geometry`.

    Returns
    -------
    Series
        The area of each point on its index; missing where there is none.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 1, 1)], crs=4326)
    >>> to_areas(pd.Series([0.5, 5.0]), pd.Series([0.5, 0.5]), areas).to_list()
    ['a', nan]
    """
    points = pd.DataFrame(
        {"lat": latitude.round(PLACES), "lon": longitude.round(PLACES)}
    )
    distinct = points.drop_duplicates().dropna()
    located = gpd.GeoDataFrame(
        distinct,
        geometry=gpd.points_from_xy(distinct["lon"], distinct["lat"]),
        crs=4326,
    ).to_crs(areas.crs)
    found = located.sjoin(areas[["area", "geometry"]], predicate="intersects")
    found = found.groupby(["lat", "lon"], as_index=False)["area"].min()
    return points.merge(found, on=["lat", "lon"], how="left")["area"].set_axis(
        points.index
    )


def set_aside_unlocated(
    frame: pd.DataFrame, areas: gpd.GeoDataFrame, ledger: Ledger
) -> pd.DataFrame:
    """Locate rows by `latitude` and `longitude`; set aside those without an area.

    Parameters
    ----------
    frame
        Columns `latitude` and `longitude`, as text.
    areas
        The areas of the city.
    ledger
        Written to: no coordinates, at 0, exchanged, and outside stay apart.

    Returns
    -------
    DataFrame
        The located rows, with `area`, without coordinates.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 1, 2)], crs=4326)
    >>> rows = pd.DataFrame({"latitude": ["1.5", "", "0.5"],
    ...                      "longitude": ["0.5", "", "1.5"]})
    >>> ledger = Ledger("requests", "a.csv", 3)
    >>> len(set_aside_unlocated(rows, areas, ledger))
    1
    >>> [rule for _, rule, _ in ledger.entries]
    ['no coordinates', 'latitude and longitude look exchanged']
    """
    latitude = pd.to_numeric(frame["latitude"], errors="coerce")
    longitude = pd.to_numeric(frame["longitude"], errors="coerce")
    area = to_areas(latitude, longitude, areas)
    lost = area.isna()
    exchanged = pd.Series(False, index=frame.index)
    exchanged[lost] = to_areas(longitude[lost], latitude[lost], areas).notna()
    rules = {
        "no coordinates": latitude.isna() | longitude.isna(),
        "coordinates are 0, 0": (latitude == 0) & (longitude == 0),
        "latitude and longitude look exchanged": exchanged,
        "outside every area": lost,
    }
    located = frame.assign(area=area).drop(columns=["latitude", "longitude"])
    return ledger.set_aside(located, rules)
