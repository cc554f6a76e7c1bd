"""Districts and blocks: each part of an area is in a district or said to be in none."""

import json
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from equity.errors import InputError, ParamsError
from equity.prepare import blocks, overlaps, sources
from equity.prepare.quality import Ledger

WARDS = sources.Districts(file="w.geojson", kind="ward", columns={"district": "W"})
X, Y = -87.6, 41.8
CUT = "areas of the city that a border of these districts cuts"


def at(*corners):
    """A box in tenths of a degree from the middle of the city."""
    west, south, east, north = np.array(corners) / 10
    return box(X + west, Y + south, X + east, Y + north)


AREAS = gpd.GeoDataFrame(
    {"area": ["a", "b"]}, geometry=[at(0, 0, 1, 1), at(1, 0, 2, 1)], crs=4326
)


def wards(*shapes, names=None):
    names = names or [str(i) for i in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({"W": names}, geometry=list(shapes), crs=4326)


def clean(raw, source=WARDS):
    ledger = Ledger("districts", source.file, len(raw))
    return overlaps.clean_districts(raw, source, ledger), ledger


def shared_out(*shapes, areas=AREAS, **options):
    found, ledger = clean(wards(*shapes))
    return overlaps.shares(found, areas, ledger, **options), ledger


def table(found):
    return found.pivot(index="area", columns="district", values="share").fillna(0)


# Districts ------------------------------------------------------------------------


def test_districts_are_named_and_in_degrees():
    source = WARDS.model_copy(update={"columns": {"district": "W", "name": "N"}})
    raw = wards(at(0, 0, 1, 1), at(1, 0, 2, 1), names=["2", "1"]).assign(
        N=["Two", "One"]
    )
    found, ledger = clean(raw.to_crs(3435), source)
    assert found.columns.to_list() == overlaps.DISTRICTS
    assert found["district"].to_list() == ["1", "2"]
    assert found["name"].to_list() == ["One", "Two"]
    assert found.crs.to_epsg() == 4326
    assert ledger.entries == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            wards(at(0, 0, 1, 1), at(1, 0, 2, 1), names=["1", "1"]),
            "id of an earlier one",
        ),
        (wards(at(0, 0, 1, 1), names=[" "]), "column W: 1 feature.s. without an id"),
        (wards(LineString([(X, Y), (X + 1, Y)])), "points or lines"),
        (wards(Polygon()), "with no shape"),
        (
            wards(at(0, 0, 1, 1), at(0.5, 0, 2, 1)),
            r"1 pair.s. of districts overlap by more than 10% .* 1 and 2 \(50\.0%\)",
        ),
        (wards(box(1.1e6, 1.8e6, 1.2e6, 1.9e6)), "declare its crs, such as EPSG:3435"),
        (wards(box(41, -87, 42, -86)), "where no city is"),
        (wards(at(0, 0, 1, 1)).rename(columns={"W": "WARD"}), r"\['W'\] are missing"),
    ],
)
def test_boundaries_that_cannot_be_right_are_refused(raw, said):
    with pytest.raises(InputError, match=said) as error:
        clean(raw)
    assert "w.geojson" in str(error.value)


def test_a_coordinate_system_that_nobody_says_is_refused_and_may_be_declared():
    raw = wards(at(0, 0, 1, 1)).to_crs(3435)
    bare = gpd.GeoDataFrame({"W": ["1"]}, geometry=list(raw.geometry))
    with pytest.raises(InputError, match="does not say its coordinate system"):
        clean(bare)
    found, _ = clean(bare, WARDS.model_copy(update={"crs": "EPSG:3435"}))
    assert found.total_bounds == pytest.approx(wards(at(0, 0, 1, 1)).total_bounds)


def test_districts_of_another_place_are_refused():
    with pytest.raises(InputError, match="none of the 1 districts meets one of the 2"):
        shared_out(at(9, 9, 10, 10))


def test_two_files_of_one_kind_are_refused():
    areas = sources.Areas(file="a.shp", kind="tract", columns={"area": "A"})
    other = WARDS.model_copy(update={"file": "v.geojson"})
    with pytest.raises(ParamsError, match="two files are of kind 'ward'"):
        sources.Sources(confirmed=True, areas=[areas], districts=[WARDS, other])
    with pytest.raises(ParamsError, match=r"areas is missing; w\.geojson"):
        sources.Sources(confirmed=True, districts=[WARDS])


# Shares by surface ----------------------------------------------------------------


def test_shares_match_the_published_case(shared):
    """areal_a: PySAL tobler 0.13, counts shared out by the surface of the sources."""
    path = shared / "references" / "areal_a.json"
    if not path.exists():
        pytest.skip("the reference answers are absent")
    case = json.loads(path.read_text())
    given, wanted = case["inputs"], case["expected"]
    boxes = [box(*corners) for corners in given["source_boxes"]]
    areas = gpd.GeoDataFrame({"area": list("abc")}, geometry=boxes, crs=26915)
    boxes = [box(*corners) for corners in given["target_boxes"]]
    districts = gpd.GeoDataFrame(
        {"kind": "zone", "district": list("xyz"), "name": ""}, geometry=boxes, crs=26915
    )
    found = overlaps.shares(districts, areas, Ledger("districts", "z", 3))
    counts = table(found).T @ np.array(given["count"], dtype=float)
    assert counts.to_list() == pytest.approx(
        wanted["count_allocate_by_source_area"], rel=1e-5
    )
    assert counts.sum() == pytest.approx(wanted["total_target_not_allocated"], rel=1e-5)
    surface = found.pivot(index="area", columns="district", values="district_share")
    rate = surface.fillna(0).T @ np.array(given["rate"]) / surface.sum()
    assert rate.to_list() == pytest.approx(wanted["rate"], rel=1e-5)


def test_what_a_border_cuts_and_who_lives_in_no_district_is_said():
    people = pd.Series({"a": 800, "b": 1000})
    found, ledger = shared_out(at(0, 0, 0.5, 1), at(0.5, 0, 1.75, 1), residents=people)
    assert table(found).round(3).to_numpy().tolist() == [[0.5, 0.5], [0, 0.75]]
    assert set(found["by"]) == {"area"}
    assert ledger.entries == [
        ("noted", CUT, 2),
        (
            "noted",
            "areas of the city partly or wholly in none of these districts, with 250 "
            "residents",
            1,
        ),
    ]


def test_a_sliver_is_a_difference_of_drawing_and_its_share_goes_to_the_others():
    found, ledger = shared_out(at(0, 0, 1.005, 1), at(1.005, 0, 2, 1))
    assert table(found).to_numpy().tolist() == [[1, 0], [0, 1]]
    assert ledger.entries == [("noted", overlaps.SLIVERS, 1)]


def test_a_small_district_in_a_large_area_is_no_sliver():
    found, _ = shared_out(at(0, 0, 0.05, 0.05), at(0.05, 0, 2, 1))
    assert found.set_index(["area", "district"])["share"]["a", "1"] > 0.002


def test_districts_that_overlap_a_little_share_what_both_claim():
    found, ledger = shared_out(at(0, 0, 1.04, 1), at(1, 0, 2, 1))
    assert table(found).sum(axis=1).to_list() == pytest.approx([1, 1])
    (note, *_) = ledger.entries
    assert note[1].startswith("overlaps another district, with whom the part is shared")


@given(st.lists(st.floats(0.05, 1.95), min_size=1, max_size=5, unique=True))
@settings(deadline=None, max_examples=25, derandomize=True)
def test_districts_that_cover_the_city_lose_nobody(cuts):
    ends = [0, *sorted(cuts), 2]
    stripes = [at(w, 0, e, 1) for w, e in pairwise(ends) if e - w > 0.01]
    gaps = 2 - sum(shape.bounds[2] - shape.bounds[0] for shape in stripes) * 10
    found, _ = shared_out(*stripes)
    inside = table(found).sum(axis=1)
    assert (inside <= 1 + 1e-9).all()
    if gaps < 1e-6:
        assert inside.to_list() == pytest.approx([1, 1])
        surface = found.groupby("district")["district_share"].sum()
        assert surface.to_list() == pytest.approx([1] * len(surface), abs=0.03)


# Shares by people -----------------------------------------------------------------

SOURCE = sources.Blocks(
    file="b.csv",
    columns={"block": "B", "population": "N", "latitude": "Y", "longitude": "X"},
)


def listed(*rows):
    """Blocks at tenths of a degree from the middle of the city."""
    return pd.DataFrame(
        [
            (str(i), str(n), f"{Y + y / 10}", f"{X + x / 10}")
            for i, (n, x, y) in enumerate(rows)
        ],
        columns=["B", "N", "Y", "X"],
    )


def homes(*rows):
    raw = listed(*rows)
    return blocks.clean_blocks(raw, SOURCE, Ledger("blocks", "b.csv", 9), areas=AREAS)


def test_areas_are_shared_out_by_the_people_of_their_blocks():
    people = homes((90, 0.2, 0.5), (10, 0.8, 0.5), (0, 1.5, 0.5))
    found, ledger = shared_out(
        at(0, 0, 0.5, 1),
        at(0.5, 0, 2, 1),
        homes=people,
        residents=pd.Series({"a": 95, "b": 7}),
    )
    assert table(found).to_numpy().tolist() == [[0.9, 0.1], [0, 1]]
    assert found.groupby("area")["by"].unique().map(list).to_dict() == {
        "a": ["block population"],
        "b": ["area"],
    }
    assert ledger.entries == [("noted", overlaps.NO_HOMES, 1), ("noted", CUT, 1)]


def test_people_outside_every_district_are_counted_by_their_blocks():
    people = homes((90, 0.2, 0.5), (10, 0.8, 0.5), (50, 1.5, 0.5))
    found, ledger = shared_out(
        at(0, 0, 0.5, 1), homes=people, residents=pd.Series({"a": 200, "b": 30})
    )
    assert table(found)["1"].to_dict() == {"a": 0.9}
    assert ledger.entries[-1][1].endswith("with 50 residents")  # 20 of a, 30 of b


def test_blocks_outside_the_city_are_set_aside():
    ledger = Ledger("blocks", "b.csv", 4)
    raw = listed((5, 0.5, 0.5), (5, 0.6, 0.5), (5, 0.7, 0.5), (9, 5, 5))
    found = blocks.clean_blocks(raw, SOURCE, ledger, areas=AREAS)
    assert found.columns.to_list() == blocks.BLOCKS
    assert found["population"].sum() == 15
    assert ledger.entries == [("set aside", "outside every area", 1)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"N": ["", "5"]}, "column N: 1 cell.s. are not counts of residents"),
        ({"N": ["5.5", "5"]}, "column N: 1 cell.s. are not counts of residents"),
        ({"N": ["-1", "5"]}, "column N: 1 cell.s. are not counts of residents"),
        ({"B": ["1", "1"]}, r"column B: 1 block\(s\) are listed more than once"),
        ({"X": ["10", "10"]}, "lie outside every area"),
    ],
)
def test_blocks_that_cannot_be_right_are_refused(change, said):
    raw = listed((5, 0.5, 0.5), (7, 0.6, 0.5)).assign(**change)
    with pytest.raises(InputError, match=said) as error:
        blocks.clean_blocks(raw, SOURCE, Ledger("blocks", "b.csv", 2), areas=AREAS)
    assert str(error.value).startswith("b.csv")


def test_community_areas_of_a_real_city(shared):
    folder = shared / "data" / "chicago"
    if not folder.is_dir():
        pytest.skip("the boundaries of Chicago are absent")
    areas = gpd.read_file(f"/vsigzip/{folder}/tracts_2010.geojson.gz")
    areas = areas.rename(columns={"geoid10": "area"})
    raw = gpd.read_file(f"/vsigzip/{folder}/community_areas_acs2014_race.geojson.gz")
    source = WARDS.model_copy(update={"columns": {"district": "community"}})
    found, ledger = clean(raw, source)
    shares = overlaps.shares(found, areas, ledger)
    assert shares["district"].nunique() == 77
    inside = shares.groupby("area")["share"].sum()
    assert inside.max() <= 1 + 1e-9
    # 725 tracts are wholly inside but for the drawing; the lake and suburbs cut 76.
    assert (inside > 1 - 1e-9).sum() > 740
    # The file of tracts says itself in which community area each lies.
    ids = raw.set_index("community")["ComAreaID"].astype(int)
    largest = shares.sort_values("share").groupby("area").tail(1).set_index("area")
    said = areas.set_index("area")["commarea"].astype(int)
    assert (largest["district"].map(ids) == said.loc[largest.index]).all()
    assert len(largest) == 800  # of one tract less than a hundredth is in the city


def test_where_districts_are_of_the_whole_city_nobody_is_outside():
    """A third of area b is in the lake: all of it belongs to the ward it touches."""
    areas = gpd.GeoDataFrame(
        {"area": ["a", "b", "c"]},
        geometry=[
            box(0, 0, 1, 1),
            box(1, 0, 2, 1),
            box(5, 0, 6, 1),
        ],
        crs=4326,
    )
    wards = gpd.GeoDataFrame(
        {"kind": "ward", "district": ["1", "2"], "name": ""},
        geometry=[box(0, 0, 1, 1), box(1, 0, 5 / 3, 1)],
        crs=4326,
    )
    ledger = Ledger("districts", "w.geojson", 2)
    found = overlaps.shares(wards, areas, ledger, whole_city=True)
    share = found.set_index(["district", "area"])["share"]
    assert share["2", "b"] == pytest.approx(1)
    noted = {rule: rows for _, rule, rows in ledger.entries}
    assert noted[overlaps.BEYOND] == 1
    outside = [rows for rule, rows in noted.items() if "in none of these" in rule]
    assert outside == [1]  # area c touches no ward, and stays outside
    plain = overlaps.shares(wards, areas, Ledger("districts", "w.geojson", 2))
    assert plain.set_index(["district", "area"])["share"]["2", "b"] == pytest.approx(
        2 / 3, abs=0.01
    )
