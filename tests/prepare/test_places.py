"""Areas and residents: shapes are whole, numbers are counts, vintages agree."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import force_3d
from shapely.geometry import GeometryCollection, LineString, Point, Polygon, box

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import places, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
AREAS = sources.Areas(file="t.geojson", kind="tract", columns={"area": "GEOID"})
PEOPLE = sources.Population(
    file="p.csv",
    title="Residents",
    vintage="2020",
    columns={"area": "id"},
    estimates={"White": "w", "Asian": "a"},
    margins={"White": "wm", "Asian": "am"},
)
RAW = pd.DataFrame(
    {
        **{"id": ["02", "01", "99"], "w": ["1,200", "5", "7"]},
        **{"a": ["0", "3", "7"], "wm": ["90", "4", "1"], "am": ["12", "2", "1"]},
    }
)
CITY = pd.DataFrame({"area": ["01", "02"]})


def clean(raw=RAW, source=PEOPLE, standard=OMB, city=CITY):
    ledger = Ledger("population", source.file, len(raw))
    found = places.clean_population(raw, source, ledger, areas=city, standard=standard)
    return found, ledger


def shapes(*geometries, names=None):
    names = names or [f"{i:02}" for i in range(1, len(geometries) + 1)]
    return gpd.GeoDataFrame({"GEOID": names}, geometry=list(geometries), crs=4326)


def test_residents_by_area_and_race():
    found, ledger = clean()
    assert found.columns.to_list() == places.POPULATION
    assert found[["area", "race", "estimate", "moe"]].values.tolist() == [
        *(["01", "Asian", 3, 2], ["01", "White", 5, 4]),
        *(["02", "Asian", 0, 12], ["02", "White", 1200, 90]),
    ]
    assert found["race"].cat.categories.to_list() == ["Asian", "White"]
    assert ledger.entries == [("set aside", "area is not one of the city's", 1)]


def test_a_full_count_has_no_margins():
    source = PEOPLE.model_copy(update={"margins": {}})
    assert clean(source=source)[0]["moe"].isna().all()


@pytest.mark.parametrize("bad", ["", "-", "-666666666", "inf", "NaN", "1e99", "x"])
def test_what_is_not_a_count_is_refused_without_repeating_it(bad):
    raw = RAW.assign(a=["0", bad, "7"])
    with pytest.raises(InputError, match=r"p\.csv: column a: 1 .* data row 2"):
        clean(raw)


def test_an_area_without_residents_on_file_is_refused_with_the_share():
    with pytest.raises(InputError, match=r"1 of 2 areas \(50\.0%\).*'02'.*vintage"):
        clean(RAW.iloc[1:])


def test_an_area_listed_twice_is_refused():
    with pytest.raises(InputError, match="more than once"):
        clean(pd.concat([RAW, RAW.iloc[:1]], ignore_index=True))


def test_groups_must_be_of_the_standard():
    with pytest.raises(ParamsError, match="'Asian' is not a group of omb1997_api"):
        clean(standard=race.standard("omb1997_api"))
    unknown = PEOPLE.model_copy(update={"estimates": {"Unknown": "w"}, "margins": {}})
    with pytest.raises(ParamsError, match="'Unknown'"):
        clean(source=unknown)


def test_areas_are_sorted_and_keep_their_coordinate_system():
    raw = shapes(box(0, 0, 1, 1), box(1, 0, 2, 1), names=["02", "01"]).to_crs(3857)
    found = places.clean_areas(raw, AREAS, Ledger("areas", "t", 2))
    assert found["area"].to_list() == ["01", "02"]
    assert found.crs.to_epsg() == 3857


def test_a_shape_that_crosses_itself_is_mended_and_named():
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    ledger = Ledger("areas", "t.geojson", 2)
    found = places.clean_areas(shapes(bow_tie, box(3, 3, 4, 4)), AREAS, ledger)
    assert found.geometry.is_valid.all()
    plane = found.set_crs(3857, allow_override=True)
    assert plane.area.to_list() == pytest.approx([0.5, 1.0])
    assert ledger.entries == [("noted", "shape crosses itself; mended (01)", 1)]


@pytest.mark.parametrize("nothing", [None, Polygon()])
def test_an_area_without_a_shape_is_refused(nothing):
    message = r"t\.geojson: column GEOID: 1 feature.* no shape: number 2 \(02\)"
    with pytest.raises(InputError, match=message):
        places.clean_areas(
            shapes(box(0, 0, 1, 1), nothing), AREAS, Ledger("areas", "t", 2)
        )


# Areas ----------------------------------------------------------------------------


def areas_of(raw, **settings):
    ledger = Ledger("areas", "t.geojson", len(raw))
    return places.clean_areas(raw, AREAS.model_copy(update=settings), ledger), ledger


SQUARE, NEXT = box(-87.7, 41.7, -87.6, 41.8), box(-87.6, 41.7, -87.5, 41.8)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (shapes(SQUARE, NEXT, names=["01", "01"]), r"1 .*earlier one: number 2 \(01\)"),
        (shapes(SQUARE, NEXT, names=["01", " "]), r"1 .*without an id: number 2 \(\)"),
        (shapes(SQUARE, Point(-87, 41)), r"points or lines: number 2 \(02\)"),
        (shapes(SQUARE, LineString([(-87, 41), (-86, 42)])), "points or lines"),
        (
            shapes(SQUARE, Polygon([(-87, 41), (-86, 42), (-85, 43)])),
            r"1 .*no surface: number 2 \(02\)",
        ),
    ],
)
def test_a_feature_that_is_no_area_is_refused_by_number_and_id(raw, message):
    with pytest.raises(InputError, match=rf"t\.geojson: column GEOID: .*{message}"):
        areas_of(raw)


def test_the_first_few_of_many_bad_features_are_named():
    raw = shapes(*[None] * 50)
    with pytest.raises(InputError, match=r"50 feature.*: number 1 \(01\)") as caught:
        areas_of(raw)
    assert "(05)" in str(caught.value)
    assert "(06)" not in str(caught.value)


def test_heights_are_dropped_and_collections_keep_their_surfaces():
    mixed = GeometryCollection([SQUARE, Point(-87.6, 41.7)])
    found, _ = areas_of(shapes(force_3d(mixed), force_3d(NEXT)))
    assert not found.has_z.any()
    assert found.geometry.to_list() == [SQUARE, NEXT]


def test_a_shape_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match=r"1 pair.*01 and 02 \(100\.0%\)"):
        areas_of(shapes(SQUARE, SQUARE, NEXT))


def test_an_area_within_another_is_refused():
    inner = box(-87.65, 41.72, -87.62, 41.75)
    with pytest.raises(InputError, match=r"overlap by more than 10%.*01 and 03"):
        areas_of(shapes(SQUARE, NEXT, inner))


@pytest.mark.parametrize(("depth", "rows"), [(0.0005, 0), (0.005, 2)])
def test_slivers_are_tolerated_and_overlaps_noted(depth, rows):
    found, ledger = areas_of(shapes(SQUARE, box(-87.6 - depth, 41.7, -87.5, 41.8)))
    assert len(found) == 2
    assert [count for _, _, count in ledger.entries] == [rows] * bool(rows)
    assert all("01 and 02 (5.0%)" in rule for _, rule, _ in ledger.entries)


def test_an_area_far_from_the_city_is_noted():
    _, ledger = areas_of(shapes(SQUARE, NEXT, box(-80, 41, -79, 42)))
    assert ledger.entries == [
        ("noted", "more than 5 degrees from the other areas (03)", 1)
    ]


def test_a_declared_system_overrides_a_wrong_tag_and_is_noted():
    feet = shapes(SQUARE, NEXT).to_crs(3435)
    tagged = feet.set_crs(4326, allow_override=True)
    with pytest.raises(InputError, match=r"2 of 2 .*not in degrees.*declare its crs"):
        areas_of(tagged)
    found, ledger = areas_of(tagged, crs="EPSG:3435")
    assert found.crs.to_epsg() == 3435
    assert ledger.entries[0][1].startswith("the file says WGS 84; read as declared")
    assert areas_of(feet)[1].entries == []


def test_bad_boundaries_behave_as_their_case_says(shared):
    def areas(case):
        raw = gpd.read_file(shared / "bad_inputs" / case / "tracts.geojson")
        return areas_of(raw, file="tracts.geojson")

    good, ledger = areas("good")
    assert ledger.entries == []
    mended, ledger = areas("geo-05")
    assert len(good) == len(mended) == 8
    assert ledger.entries == [
        ("noted", "shape crosses itself; mended (17031000100)", 1)
    ]
    message = r"no shape: number 1 \(17031000100\).*earlier one: number 3 \(17031000200"
    with pytest.raises(InputError, match=message):
        areas("geo-09")


@pytest.mark.parametrize(
    ("file", "column", "count"),
    [
        ("chicago/tracts_2010.geojson.gz", "geoid10", 801),
        ("chicago/community_areas_acs2014_race.geojson.gz", "community", 77),
        ("chicago/holc_redlining_1940.geojson.gz", "holc_id", 580),
        ("phoenix/phoenix_tracts_acs2010.geojson.gz", "geoid10", 985),
        ("dc/neighborhood_boundaries.json.gz", "NAME", 39),
        ("dc/tl_2019_11_bg.zip", "GEOID", 450),
    ],
)
def test_real_boundaries_raise_no_false_alarm(file, column, count, shared):
    """Only DC's neighbourhoods overlap, by less than a thousandth of the smaller."""
    opened = "vsizip" if file.endswith("zip") else "vsigzip"
    raw = gpd.read_file(f"/{opened}/{shared / 'data' / file}")
    found, ledger = areas_of(raw, columns={"area": column})
    assert len(found) == count
    assert ledger.entries == []


def test_real_points_are_no_areas(shared):
    raw = gpd.read_file(shared / "data" / "chicago" / "grocery_stores.gpkg")
    raw["GEOID"] = raw["OBJECTID"].astype("str")
    with pytest.raises(InputError, match=r"148 feature.* points or lines"):
        areas_of(raw)


# Residents ------------------------------------------------------------------------


def test_another_vintage_is_refused_with_counts_of_both_sides(shared):
    bad = shared / "bad_inputs"
    good = gpd.read_file(bad / "good" / "tracts.geojson")
    people = sources.Population(
        file="denominators.csv",
        columns={"area": "geoid"},
        estimates={"White": "population"},
    )
    raw = pd.read_csv(bad / "geo-07" / "denominators.csv", dtype=str)
    ledger = Ledger("population", people.file, len(raw))
    message = (
        r"column geoid: 3 of 8 areas \(37\.5%\) have no population, first "
        r"'17031000300', and 3 of its 8 ids \(37\.5%\) are none of the areas; .*vintage"
    )
    with pytest.raises(InputError, match=message):
        places.clean_population(
            raw, people, ledger, areas=good.assign(area=good["GEOID"]), standard=OMB
        )


def test_the_vintages_of_chicago_differ(shared):
    """By the README of the data, 16 of the tracts of 2010 have no match in 2020."""
    folder = shared / "data" / "chicago"
    areas = gpd.read_file(f"/vsigzip/{folder}/tracts_2010.geojson.gz")
    raw = pd.read_csv(folder / "acs2020_5yr_bg_B03002.csv.gz", dtype=str).iloc[1:]
    tracts = raw.assign(id=raw["GEO_ID"].str[:-1]).drop_duplicates("id")
    source = PEOPLE.model_copy(
        update={"estimates": {"White": "B03002_003E"}, "margins": {}}
    )
    stripped = source.model_copy(update={"strip": "1500000US"})
    city = areas.assign(area=areas["geoid10"])
    with pytest.raises(InputError, match=r"801 of 801 .*declare strip: '1500000US'"):
        clean(tracts, source, city=city)
    with pytest.raises(InputError, match=r"16 of 801 areas \(2\.0%\).*vintage"):
        clean(tracts, stripped, city=city)
    kept = city[city["area"].isin(tracts["id"].str.removeprefix("1500000US"))]
    found, _ = clean(tracts, stripped, city=kept)
    assert len(found) == 785


def test_a_prefix_is_cut_off_only_where_it_is_declared():
    raw = RAW.assign(id="1400000US" + RAW["id"])
    with pytest.raises(InputError, match=r"2 of 2 areas .*declare strip: '1400000US'"):
        clean(raw)
    stripped = PEOPLE.model_copy(update={"strip": "1400000US"})
    pd.testing.assert_frame_equal(clean(raw, stripped)[0], clean()[0])
    with pytest.raises(InputError, match="no id begins with '1400000US'"):
        clean(RAW, stripped)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("-666666666", "not computed, too few sample observations"),
        ("N", "not shown, too few sample cases"),
        ("(X)", "not applicable or not available"),
        ("250,000+", "at least"),
        ("", "blank"),
    ],
)
def test_what_a_census_mark_means_is_said(cell, said):
    with pytest.raises(InputError, match=rf"not counts \({said} \(1\)\), first"):
        clean(RAW.assign(a=["0", cell, "7"]))


def test_margins_without_a_number_are_missing_and_noted():
    raw = RAW.assign(am=["**", "*****", "1"])
    found, ledger = clean(raw)
    asian = found[found["race"] == "Asian"].set_index("area")["moe"]
    assert asian["01"] == 0  # controlled
    assert np.isnan(asian["02"])
    rule = "column am: no margin of error; margin not computed, too few sample"
    assert ledger.entries[1][1].startswith(rule)
    with pytest.raises(InputError, match=r"column am: 1 value.* not margins of error"):
        clean(RAW.assign(am=["-1", "3", "1"]))


def test_a_mark_of_the_file_means_what_is_declared():
    raw = RAW.assign(am=["-1", "3", "1"])
    declared = PEOPLE.model_copy(update={"marks": {"-1": "**"}})
    found, ledger = clean(raw, declared)
    published, said = clean(raw.assign(am=["**", "3", "1"]))
    pd.testing.assert_frame_equal(found, published)
    assert ledger.entries == said.entries
    controlled = PEOPLE.model_copy(update={"marks": {"-1": "*****"}})
    moe = clean(raw, controlled)[0].set_index(["area", "race"])["moe"]
    assert moe["02", "Asian"] == 0
    hidden = PEOPLE.model_copy(update={"marks": {"-1": "N"}})
    with pytest.raises(InputError, match=r"column a: 1 .*too few sample cases"):
        clean(RAW.assign(a=["-1", "3", "1"]), hidden)


def test_a_mark_is_written_as_in_the_file_whatever_the_decimal_mark():
    keys = {"decimal": ",", "marks": {"-1,0": "**"}}
    found, _ = clean(
        RAW.assign(w=["1.200", "5", "7"], am=["-1,0", "2", "1"]),
        PEOPLE.model_copy(update=keys),
    )
    pd.testing.assert_frame_equal(found, clean(RAW.assign(am=["**", "2", "1"]))[0])


def test_a_row_for_each_group_has_marks_too():
    declared = LONG.model_copy(update={"marks": {"-1": "**"}})
    found, _ = clean(ROWS.assign(m=["-1", *ROWS["m"][1:]]), declared)
    moe = found.set_index(["area", "race"])["moe"]
    assert np.isnan(moe["01", "White"])
    assert moe["01", "Asian"] == 5


def test_a_decimal_comma_swaps_the_separators():
    comma = PEOPLE.model_copy(update={"decimal": ","})
    raw = RAW.assign(w=["1.200", "5", "7"])
    pd.testing.assert_frame_equal(clean(raw, comma)[0], clean()[0])


def test_shares_are_not_people():
    shares = {"w": ["60.5", "99.1"], "a": ["39.5", "0.9"]}
    raw = pd.DataFrame({"id": ["01", "02"], **shares})
    source = PEOPLE.model_copy(update={"margins": {}})
    with pytest.raises(InputError, match="add up to 100; these are shares"):
        clean(raw, source)


def sums(*totals):
    """Give each area a total of two groups."""
    names = [f"{i:02}" for i in range(len(totals))]
    asian = [total // 3 for total in totals]
    white = [total - part for total, part in zip(totals, asian, strict=True)]
    raw = pd.DataFrame({"id": names, "w": map(str, white), "a": map(str, asian)})
    source = PEOPLE.model_copy(update={"margins": {}})
    return clean(raw, source, city=pd.DataFrame({"area": names}))[0]


@pytest.mark.parametrize(
    "totals", [(100, 99, 101), (100, 0, 99, 100), (100,) * 9 + (98,)]
)
def test_whole_percents_are_not_people(totals):
    with pytest.raises(
        InputError, match=r"p\.csv: .* add up to 99 to 101; .*not people"
    ):
        sums(*totals)


@pytest.mark.parametrize("totals", [(100, 99), (100, 100, 500), (0, 0, 0), (100, 0, 0)])
def test_small_areas_are_people(totals):
    """Two areas, or a few of many, may happen to have a hundred residents."""
    assert sums(*totals)["estimate"].sum() == sum(totals)


LONG = sources.Population(
    file="p.csv",
    title="Residents",
    vintage="2020",
    columns={"area": "id", "race": "r", "estimate": "n", "moe": "m"},
    races={"White": "White", "Chinese": "Asian", "Other Asian": "Asian"},
)
ROWS = pd.DataFrame(
    [
        *(("01", "White", "1,200", "90"), ("01", "Chinese", "5", "3")),
        *(("01", "Other Asian", "7", "4"), ("02", "White", "0", "12")),
        *(("02", "Chinese", "1", "1"), ("02", "Other Asian", "0", "0")),
        ("99", "Martian", "-", "**"),
    ],
    columns=["id", "r", "n", "m"],
)


def test_a_row_for_each_group_is_read_and_labels_are_added_up():
    found, ledger = clean(ROWS, LONG)
    assert found[["area", "race", "estimate", "moe"]].values.tolist() == [
        *(["01", "Asian", 12, 5], ["01", "White", 1200, 90]),
        *(["02", "Asian", 1, 1], ["02", "White", 0, 12]),
    ]
    assert found["race"].cat.categories.to_list() == ["Asian", "White"]
    assert ledger.entries == [("set aside", "area is not one of the city's", 1)]


def test_both_layouts_say_the_same():
    long = RAW.melt("id", ["w", "a"], "r", "n").assign(
        m=RAW.melt("id", ["wm", "am"])["value"]
    )
    source = LONG.model_copy(update={"races": {"w": "White", "a": "Asian"}})
    pd.testing.assert_frame_equal(clean(long, source)[0], clean()[0], check_dtype=False)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.concat([ROWS, ROWS.iloc[:1]], ignore_index=True), "first data row 8"),
        (ROWS.drop([3]), "1 pair.* of area and race have no row"),
        (ROWS.assign(n=["1", "x", *"12345"]), r"column n: 1 .*first in data row 2"),
    ],
)
def test_rows_that_are_double_or_lacking_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        clean(rows, LONG)


def test_people_of_unknown_race_are_no_group_of_residents():
    source = LONG.model_copy(update={"races": {**LONG.races, "White": "Unknown"}})
    with pytest.raises(InputError, match=r"2 row.* are of no group of omb1997"):
        clean(ROWS, source)


def test_numbers_are_numbers():
    assert np.issubdtype(clean()[0]["estimate"].dtype, np.number)
