"""Points to areas: one area each, whatever the order of rows and areas."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity.prepare import locate
from equity.prepare.quality import Ledger


def grid(names=("a", "b", "c", "d"), crs=4326):
    """Four unit squares that share edges, a corner in the middle at (1, 1)."""
    shapes = [box(x, y, x + 1, y + 1) for y in (0, 1) for x in (0, 1)]
    return gpd.GeoDataFrame({"area": names}, geometry=shapes, crs=4326).to_crs(crs)


POINTS = {  # longitude, latitude: area
    (0.5, 0.5): "a",
    (1.5, 0.5): "b",
    (0.5, 1.5): "c",
    (1.5, 1.5): "d",
    (1.0, 0.5): "a",  # on the edge of a and b
    (1.0, 1.0): "a",  # in the corner of all four
    (0.0, 0.0): "a",
    (2.0, 2.0): "d",
    (2.5, 0.5): None,
}


def areas_of(points, areas):
    lon, lat = np.array(points, dtype=float).reshape(-1, 2).T
    found = locate.to_areas(pd.Series(lat), pd.Series(lon), areas)
    return [None if pd.isna(area) else area for area in found]


def test_every_point_has_one_area_also_on_an_edge():
    assert areas_of(list(POINTS), grid()) == list(POINTS.values())


@given(st.permutations(list(POINTS) * 2), st.permutations(range(4)))
@settings(deadline=None, max_examples=25, derandomize=True)
def test_the_order_of_rows_and_areas_does_not_matter(points, order):
    areas = grid().iloc[order]
    assert areas_of(points, areas) == [POINTS[point] for point in points]


def test_areas_in_another_coordinate_system():
    inside = [point for point, area in POINTS.items() if point[0] % 1 and point[1] % 1]
    assert areas_of(inside, grid(crs=3857)) == [POINTS[point] for point in inside]


@pytest.mark.parametrize("crs", [4326, 3857])
def test_impossible_coordinates_have_no_area(crs):
    odd = [(np.nan, 0.5), (0.5, np.nan), (np.inf, 0.5), (0.5, 95.0), (1e300, -1e300)]
    assert areas_of(odd, grid(crs=crs)) == [None] * len(odd)


def test_the_index_is_kept_also_where_it_repeats():
    index = [7, 3, 7]
    found = locate.to_areas(
        pd.Series([0.5, 9.0, 1.5], index), pd.Series([0.5, 9.0, 1.5], index), grid()
    )
    assert found.index.to_list() == index
    assert found.iloc[2] == "d"


def test_rows_without_an_area_are_set_aside_by_reason():
    rows = pd.DataFrame(
        [
            ("1.5", "0.5", "kept"),
            ("", "0.5", "blank"),
            ("north", "0.5", "text"),
            ("0", "0", "null island"),
            ("9", "9", "far away"),
            ("0.5", "3.5", "exchanged"),
        ],
        columns=["latitude", "longitude", "what"],
    )
    areas = grid().assign(geometry=lambda a: a.translate(xoff=0.25, yoff=2.0))
    rows.loc[0, ["latitude", "longitude"]] = ["3.5", "0.5"]
    ledger = Ledger("requests", "a.csv", 6)
    kept = locate.set_aside_unlocated(rows, areas, ledger)
    assert kept["what"].to_list() == ["kept"]
    assert "latitude" not in kept
    assert ledger.entries == [
        ("set aside", "no coordinates", 2),
        ("set aside", "coordinates are 0, 0", 1),
        ("set aside", "latitude and longitude look exchanged", 1),
        ("set aside", "outside every area", 1),
    ]
