"""Points to areas: one area each, whatever the order of rows and areas."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity.errors import InputError
from equity.prepare import locate
from equity.prepare.quality import Ledger


def grid(names=("a", "b", "c", "d"), crs=4326):
    """Four unit squares that share edges, a corner in the middle at (1, 1)."""
    shapes = [box(x, y, x + 1, y + 1) for y in (0, 1) for x in (0, 1)]
    return gpd.GeoDataFrame({"area": names}, geometry=shapes, crs=4326).to_crs(crs)


CITY = gpd.GeoDataFrame(
    {"area": ["a", "b"]},
    geometry=[box(-87.7, 41.7, -87.6, 41.8), box(-87.6, 41.6, -87.5, 41.8)],
    crs=4326,
)
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


def judged(points, areas=CITY, **settings):
    lat, lon = zip(*points, strict=True)
    return locate.judge(pd.Series(lat), pd.Series(lon), areas, **settings)


def aside(rows, areas=CITY, **settings):
    """The rows kept, and the ledger's entries."""
    frame = pd.DataFrame(rows, columns=["latitude", "longitude"], dtype="str")
    ledger = Ledger("requests", "a.csv", len(frame))
    kept = locate.set_aside_unlocated(frame, areas, ledger, **settings)
    assert len(kept) + sum(n for how, _, n in ledger.entries if how != "noted") == len(
        frame
    )
    return kept, ledger.entries


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (("41.75", "-87.65"), ""),
        ((" 41.75 ", "\N{MINUS SIGN}87.65"), ""),
        (("4.175e1", "-8765E-2"), ""),
        (("", "-87.65"), locate.MISSING),
        (("41.75", " "), locate.MISSING),
        (("41,75", "-87,65"), locate.UNREADABLE),
        (("nan", "-87.65"), locate.UNREADABLE),
        (("inf", "-87.65"), locate.UNREADABLE),
        (("1e309", "-87.65"), locate.UNREADABLE),
        (("NULL", "NULL"), locate.UNREADABLE),
        (("41° 45' N", "87° 39' W"), locate.UNREADABLE),
        (("1_000", "-87.65"), locate.UNREADABLE),
        (("0x29", "-87.65"), locate.UNREADABLE),
        (("0", "0"), locate.ZERO),
        (("0.0001", "-0.0001"), locate.ZERO),
        (("-87.65", "41.75"), locate.EXCHANGED),
        (("41.75", "87.65"), locate.UNSIGNED),
        (("95", "-87.65"), locate.IMPOSSIBLE),
        (("41.75", "-187.65"), locate.IMPOSSIBLE),
        (("41.75", "0"), locate.OUTSIDE),
        (("39.1", "-77.1"), locate.OUTSIDE),
    ],
)
def test_each_problem_has_its_name(point, problem):
    found = judged([point, *[("41.75", "-87.65")] * 3])
    assert found["problem"].to_list() == [problem, "", "", ""]
    assert found["area"].isna().to_list() == [bool(problem), False, False, False]
    assert found["note"].eq("").all()


def test_a_decimal_comma_is_declared_and_never_guessed():
    rows = [("41,75", "-87,65")] * 12
    assert judged(rows, decimal=",")["area"].eq("a").all()
    with pytest.raises(InputError, match=r"12 of 12 .*not numbers.*decimal"):
        judged(rows)
    mixed = judged([*rows, ("41.75", "-87.65")], decimal=",")
    assert mixed["problem"].to_list() == [""] * 12 + [locate.UNREADABLE]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "0", "41.75", "-87.65", "x", "95", "3e5"]),
            st.sampled_from(["", "0", "-87.65", "87.65", "41.75", "nan", "-200"]),
        ),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=50, derandomize=True)
def test_every_row_has_an_area_or_one_problem(points):
    points = [*points, *[("41.75", "-87.65")] * (len(points) + 1)]
    found = judged(points)
    assert (found["area"].isna() == found["problem"].ne("")).all()
    assert found["problem"].isin(["", *locate.PROBLEMS]).all()
    backwards = judged(points[::-1])
    pd.testing.assert_frame_equal(found, backwards.iloc[::-1].reset_index(drop=True))


def test_distinct_points_with_weights_are_judged_as_their_rows():
    points = [("41.75", "-87.65")] * 200 + [("41.6", "-87.6")] * 50 + [("0", "0")] * 5
    points += [(f"41.7{i}", f"-87.6{i}") for i in range(10, 99)]
    rows = pd.DataFrame(points, columns=["lat", "lon"])
    distinct = rows.value_counts(sort=False).reset_index(name="rows")
    found = locate.judge(
        distinct["lat"], distinct["lon"], CITY, weights=distinct["rows"]
    )
    again = rows.merge(distinct[["lat", "lon"]].join(found), on=["lat", "lon"])
    each = judged(points)
    pd.testing.assert_frame_equal(again[["area", "problem", "note"]], each)
    assert each["note"].ne("").sum() == 201  # 41.750 is 41.75
    assert each["problem"].eq(locate.DEFAULT).sum() == 50


def test_rows_without_an_area_are_set_aside_by_reason():
    rows = [("41.75", "-87.65")] * 4
    rows += [("", "-87.65"), ("north", "-87.65"), ("0", "0")]
    rows += [("39.1", "-77.1"), ("-87.65", "41.75")]
    kept, entries = aside(rows)
    assert kept["area"].to_list() == ["a"] * 4
    assert kept[["latitude", "longitude"]].to_numpy().tolist() == [[41.75, -87.65]] * 4
    assert entries == [
        ("set aside", "no coordinates", 1),
        ("set aside", "coordinates are not numbers", 1),
        ("set aside", "coordinates are 0, 0", 1),
        ("set aside", "latitude and longitude look exchanged", 1),
        ("set aside", "outside every area", 1),
    ]


# Default locations ----------------------------------------------------------------

HERE = ("41.7512", "-87.6534")


def scattered(count):
    rng = np.random.default_rng(1)
    y, x = rng.uniform(41.71, 41.79, count), rng.uniform(-87.69, -87.61, count)
    return [(f"{a:.5f}", f"{b:.5f}") for a, b in zip(y, x, strict=True)]


@pytest.mark.parametrize("others", [0, 500])
def test_the_city_hall_is_used_and_noted(others):
    kept, entries = aside([*scattered(others), *[HERE] * 30])
    assert len(kept) == others + 30
    assert entries == [("noted", locate.CROWDED, 30)]


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([*scattered(500), *[HERE] * 29], "fewer than thirty"),
        ([*scattered(4000), *[HERE] * 40], "one percent"),
        (scattered(40) * 40, "as many rows on every point"),
    ],
)
def test_a_point_is_not_crowded_with(rows, what):
    kept, entries = aside(rows)
    assert entries == [], what
    assert len(kept) == len(rows)


@pytest.mark.parametrize(
    "point", [("41.7", "-87.6"), ("41.70", "-87.600"), ("39.1234", "-77.4321")]
)
def test_a_default_location_is_set_aside(point):
    kept, entries = aside([*scattered(500), *[point] * 60])
    assert len(kept) == 500
    assert entries == [("set aside", locate.DEFAULT, 60)]


# Whole files that are wrong -------------------------------------------------------


def where(points, **settings):
    return judged(points, where="a.csv: columns lat, lon", **settings)


def test_exchanged_columns_are_refused_and_said():
    points = [(lon, lat) for lat, lon in scattered(30)]
    with pytest.raises(InputError, match=r"columns lat, lon: 30 of 30.*exchanged"):
        where(points)


def test_lost_signs_are_refused_and_said():
    points = [(lat, lon.lstrip("-")) for lat, lon in scattered(30)]
    with pytest.raises(InputError, match=r"lat, lon: 30 of 30.*\(100\.0%\).*sign"):
        where(points)


def test_another_city_is_refused():
    points = [("38.9", "-77.0")] * 9 + scattered(8)
    with pytest.raises(InputError, match=r"9 of 17 .*\(52\.9%\) lie outside"):
        where(points)
    assert where(points[1:])["problem"].eq(locate.OUTSIDE).sum() == 8
    weights = pd.Series([1] * 9 + [2] * 8)
    assert where(points, weights=weights)["area"].notna().sum() == 8


def test_a_few_rows_may_lie_outside_but_not_all():
    far, here = ("38.9", "-77.0"), ("41.75", "-87.65")
    assert where([far] * 8 + [here])["area"].notna().sum() == 1
    with pytest.raises(InputError, match=r"1 of 1 rows"):
        where([far])


def test_rows_without_coordinates_are_no_reason_to_refuse():
    found = where([("", "")] * 90 + [("0", "0")] * 90 + scattered(3))
    assert found["area"].notna().sum() == 3


def test_feet_without_a_declared_system_are_refused():
    feet = [("1872509.02", "1165166.51")] * 3
    with pytest.raises(InputError, match=r"3 of 3 .*not degrees.*state plane.*EPSG"):
        where(feet)
    with pytest.raises(InputError, match=r"look like degrees, but crs is NAD83"):
        where([("41.75", "-87.65")], crs="EPSG:3435")
    with pytest.raises(InputError, match="crs 'EPSG:99' is not a known"):
        where(feet, crs="EPSG:99")


def test_a_few_feet_among_degrees_are_set_aside():
    found = where([*scattered(20), ("1872509.02", "1165166.51")])
    assert found["problem"].iloc[-1] == locate.IMPOSSIBLE


def test_feet_of_a_declared_system():
    """City of Chicago: 4853 S Wood St in both systems, as its own file has it."""
    feet = [("1872509.02087899", "1165166.51552093"), ("0", "0"), ("", "")]
    square = [box(-87.6698, 41.8057, -87.6697, 41.8058)]
    areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=square, crs=4326)
    found = where(feet, areas=areas, crs="EPSG:3435")
    assert found["problem"].to_list() == ["", locate.ZERO, locate.MISSING]


# Real files -----------------------------------------------------------------------


def chicago(shared):
    folder = shared / "data" / "chicago"
    areas = gpd.read_file(f"/vsigzip/{folder}/tracts_2010.geojson.gz")
    areas = areas.rename(columns={"geoid10": "area"})[["area", "geometry"]]
    file = folder / "311_sanitation_code_complaints.csv.gz"
    return areas, pd.read_csv(file, dtype=str, keep_default_na=False)


def test_chicago_has_no_false_alarm_and_three_layouts_agree(shared):
    areas, rows = chicago(shared)
    found = locate.judge(rows["Latitude"], rows["Longitude"], areas)
    # The README of the data counts 24 rows without coordinates and 74,377 with.
    # Within a shape (not on its edge) are 74,186: the two more lie on an edge.
    assert found["problem"].value_counts().to_dict() == {
        **{"": 74_188, locate.OUTSIDE: 189, locate.MISSING: 24}
    }
    assert found["note"].eq("").all()
    both = locate.judge(rows["Location"], rows["Location"], areas)
    pd.testing.assert_series_equal(both["area"], found["area"])
    feet = {"crs": "EPSG:3435"}
    plane = locate.judge(rows["Y_Coordinate"], rows["X_Coordinate"], areas, **feet)
    pd.testing.assert_series_equal(plane["area"], found["area"])


def test_the_fake_point_of_baltimore_is_a_default_location(shared):
    file = shared / "data" / "baltimore" / "311_sample.csv.gz"
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    fake = rows["Latitude"].eq("39") & rows["Longitude"].eq("-77")
    for bounds in [(-76.72, 39.19, -76.52, 39.38), (-78, 38.5, -76, 39.5)]:
        areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(*bounds)], crs=4326)
        found = locate.judge(rows["Latitude"], rows["Longitude"], areas)
        assert found["problem"].eq(locate.DEFAULT).equals(fake)
        assert found["note"].eq("").all()


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("good", {}),
        ("geo-01", {locate.EXCHANGED: 30}),
        ("geo-02", {locate.ZERO: 8, locate.MISSING: 4}),
    ],
)
def test_bad_points_behave_as_their_case_says(case, rows, shared):
    bad = shared / "bad_inputs"
    areas = gpd.read_file(bad / "good" / "tracts.geojson")
    areas = areas.rename(columns={"GEOID": "area"})
    raw = pd.read_csv(bad / case / "services.csv", dtype=str, keep_default_na=False)
    kept, entries = aside(raw[["lat", "lon"]].to_numpy(), areas)
    assert {rule: count for _, rule, count in entries} == rows
    assert kept["area"].eq(raw.loc[kept.index, "tract"]).all()


def test_libraries_have_both_numbers_in_one_column(shared):
    areas, _ = chicago(shared)
    rows = pd.read_csv(shared / "data" / "chicago" / "libraries.csv", dtype=str)
    found = locate.judge(rows["LOCATION"], rows["LOCATION"], areas)
    assert found["area"].notna().sum() == len(rows) == 81
