"""Shapes: a coordinate system is known and can be theirs; overlaps are measured."""

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import transform
from shapely.geometry import Polygon, box

from equity.errors import InputError
from equity.prepare import shapes

CHICAGO = box(-87.7, 41.7, -87.6, 41.8)


def settled(shape, *, tag=None, declared=""):
    frame = gpd.GeoDataFrame(geometry=[shape], crs=tag)
    return shapes.in_system(frame, declared, file="a.geojson")


def in_crs(shape, crs):
    return gpd.GeoSeries([shape], crs=4326).to_crs(crs).iloc[0]


def exchanged(shape):
    return transform(shape, lambda xy: xy[:, ::-1])


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4269", "EPSG:3435", "EPSG:3857"])
def test_a_right_system_is_kept_whether_tagged_or_declared(crs):
    shape = in_crs(CHICAGO, crs)
    for found in (settled(shape, tag=crs), settled(shape, declared=crs)):
        assert found.crs.to_string() == crs
        assert found.geometry.iloc[0] == shape


@pytest.mark.parametrize(
    ("shape", "crs", "message"),
    [
        (CHICAGO, None, "does not say its coordinate system; declare its crs"),
        (in_crs(CHICAGO, 3435), "EPSG:4326", "1 of 1 shapes are not in degrees"),
        (CHICAGO, "EPSG:3435", "look like degrees, but .* is NAD83 / Illinois East"),
        (CHICAGO, "EPSG:3857", "look like degrees, but .* WGS 84 / Pseudo-Mercator"),
        (in_crs(CHICAGO, 3435), "EPSG:26971", "Illinois East is not used there"),
        (in_crs(CHICAGO, 26971), "EPSG:3435", r"Illinois East \(ftUS\) is not used"),
        (exchanged(CHICAGO), "EPSG:4326", r"latitude -87\.\d, .* where no city is"),
        (exchanged(box(-112.1, 33.4, -112, 33.5)), "EPSG:4326", "look exchanged"),
        (box(-77.1, 38.8, -77, 38.9), "EPSG:25832", "look like degrees"),
        (exchanged(box(-77.1, 38.8, -77, 38.9)), "EPSG:4269", "where no city is"),
    ],
)
def test_a_wrong_system_is_refused(shape, crs, message):
    with pytest.raises(InputError, match=rf"^a\.geojson.*{message}"):
        settled(shape, tag=crs)


def test_an_unknown_declared_system_is_refused():
    with pytest.raises(InputError, match="'EPSG:99' is not a known"):
        settled(CHICAGO, declared="EPSG:99")


def test_one_feature_without_a_shape_does_not_hide_the_system():
    frame = gpd.GeoDataFrame(geometry=[None, Polygon(), CHICAGO], crs=4326)
    assert len(shapes.in_system(frame, "", file="a")) == 3


@given(st.floats(0.01, 0.99), st.floats(0.2, 1))
@settings(deadline=None, derandomize=True)
def test_the_share_of_an_overlap_is_of_the_smaller(depth, height):
    pair = gpd.GeoSeries([box(0, 0, 1, 1), box(1 - depth, 0, 2 - depth, height)])
    found = shapes.overlaps(pair)
    assert found["share"].to_list() == pytest.approx([depth])


def test_shapes_that_touch_do_not_overlap():
    grid = [box(x, y, x + 1, y + 1) for x in range(3) for y in range(3)]
    assert shapes.overlaps(gpd.GeoSeries(grid)).empty


def test_a_mended_shape_keeps_its_surface():
    """The two triangles of a bow tie in the unit square have a quarter each."""
    tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    found = shapes.mended(gpd.GeoSeries([tie]))
    assert found.is_valid.all()
    assert found.area.to_list() == [0.5]
