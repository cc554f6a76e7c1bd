"""Interpolation to districts: against published software, and by identities."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import acs, areal, districts
from equity.measure.overlaps import OUTSIDE, kinds
from equity.measure.redraws import EVERYONE
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=12, derandomize=True)

# areal_a.json: PySAL tobler 0.13 area_interpolate, and an independent overlap matrix
SOURCES = [(0, 0, 10, 10), (10, 0, 20, 10), (0, 10, 20, 20)]
TARGETS = [(0, 0, 5, 20), (5, 0, 15, 12), (15, 0, 20, 20)]
COUNT, RATE = [1000, 600, 2400], [0.12, 0.3, 0.21]
BY_SOURCE_AREA, BY_TOTAL = [1100, 1040, 900], [1500, 1200, 1300]
RATES = [0.165, 0.21, 0.255]


def overlaps_of(sources, targets):
    """Overlaps as the shapes give them, in a plane."""
    areas = gpd.GeoDataFrame(
        {"area": [str(i) for i in range(len(sources))]}, geometry=sources
    )
    wards = gpd.GeoDataFrame(
        {"district": [f"W{i}" for i in range(len(targets))]},
        geometry=targets,
    )
    pieces = gpd.overlay(areas, wards, how="intersection", keep_geom_type=True)
    surface = pieces.geometry.area
    whole = areas.set_index("area").geometry.area
    theirs = wards.set_index("district").geometry.area
    return pd.DataFrame(
        {
            "kind": "ward",
            "district": pieces["district"],
            "area": pieces["area"],
            "share": surface / pieces["area"].map(whole),
            "district_share": surface / pieces["district"].map(theirs),
            "by": "area",
        }
    )


@pytest.fixture(scope="module")
def boxes():
    return overlaps_of([box(*one) for one in SOURCES], [box(*one) for one in TARGETS])


def people(counts, moe=np.nan, race="Asian"):
    areas = [str(place) for place in range(len(counts))]
    return pd.DataFrame({"area": areas, "race": race, "estimate": counts, "moe": moe})


def of(table, column="estimate", group=EVERYONE):
    chosen = table[table["group"] == group] if "group" in table else table
    return chosen.set_index("district")[column]


def test_counts_match_tobler_and_those_outside_keep_a_row(boxes):
    """areal_a: count_allocate_by_source_area; total_target_not_allocated is 3,040."""
    found = of(areal.counts(people(COUNT), boxes))
    assert found[["W0", "W1", "W2"]].tolist() == pytest.approx(BY_SOURCE_AREA)
    assert found[OUTSIDE] == pytest.approx(4000 - 3040)


def test_counts_allocated_whole_match_tobler(boxes):
    """areal_a: count_allocate_total, the default of tobler."""
    found = of(areal.counts(people(COUNT), boxes, allocate="total"))
    assert found.tolist() == pytest.approx(BY_TOTAL)
    assert OUTSIDE not in found


def test_rates_match_tobler(boxes):
    """areal_a: rate, an intensive variable."""
    values = pd.DataFrame({"area": ["0", "1", "2"], "estimate": RATE})
    table = areal.rates(values, boxes, measure="rate")
    assert table["estimate"].tolist() == pytest.approx(RATES)
    assert table["coverage"].tolist() == pytest.approx([1, 1, 1])
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)  # no margins given


def test_margins_are_the_root_of_the_sum_of_squares(boxes):
    table = areal.counts(people(COUNT, [100.0, 80, 200]), boxes, confidence=0.90)
    share = {"W0": [0.5, 0, 0.25], "W1": [0.5, 0.5, 0.1], "W2": [0, 0.5, 0.25]}
    for ward, parts in share.items():
        moe = np.sqrt(np.sum((np.array(parts) * [100, 80, 200]) ** 2))
        width = of(table, "conf_high")[ward] - of(table)[ward]
        assert width == pytest.approx(moe)


def test_of_zero_estimates_only_the_largest_margin_counts():
    """As `acs.total`, which follows the Census Bureau (2018), p. 52."""
    city = people([0, 0, 0, 41], [22.0, 22, 29, 37])
    whole = pd.DataFrame(
        {"kind": "ward", "district": "A", "area": list("0123"), "share": 1.0}
    )
    table = areal.counts(city, whole, confidence=0.90)
    _, moe = acs.total([0, 0, 0, 41], [22, 22, 29, 37])
    assert of(table, "conf_high")["A"] - 41 == pytest.approx(float(moe))
    tidy = areal.residents(city, whole, kind="ward")
    assert tidy["moe"].tolist() == pytest.approx([float(moe)])


def test_a_full_count_is_certain_only_where_no_area_is_cut(boxes):
    whole = pd.DataFrame({"kind": "zone", "district": "Z", "area": ["0"], "share": 1.0})
    table = areal.counts(people(COUNT), pd.concat([boxes, whole]))
    zone = table[(table["kind"] == "zone") & (table["group"] == EVERYONE)].iloc[0]
    assert (zone["conf_low"], zone["conf_high"]) == (1000, 1000)
    assert zone["method"] == "whole areas; full count"
    ward = table[(table["kind"] == "ward") & (table["group"] == EVERYONE)].iloc[0]
    assert np.isnan(ward["conf_low"])
    assert (ward["least"], ward["most"]) == (0, 3400)
    assert ward["partial"] == 1


def test_a_missing_estimate_makes_its_districts_missing(boxes):
    table = areal.counts(people([np.nan, 600, 2400], [np.nan, 60, 90]), boxes)
    found = of(table)
    assert found[["W0", "W1"]].isna().all()
    assert found["W2"] == pytest.approx(900)
    assert of(table, "most")[["W0", "W1"]].isna().all()


def test_coverage_tells_what_no_known_area_covers(boxes):
    values = pd.DataFrame({"area": ["0", "1", "2"], "estimate": [0.12, np.nan, 0.21]})
    table = areal.rates(values, boxes, measure="rate")
    assert of(table, "coverage").tolist() == pytest.approx([1, 70 / 120, 0.5])
    assert of(table)["W2"] == pytest.approx(0.21)
    assert of(areal.counts(people([1000, 600]), boxes), "coverage")["W0"] == 0.5


def test_rates_weighted_by_people_have_margins_and_extremes(boxes):
    values = pd.DataFrame(
        {"area": ["0", "1", "2"], "estimate": RATE, "population": COUNT, "moe": 0.05}
    )
    table = areal.rates(
        values, boxes, measure="rate", weight="people", confidence=0.90
    ).set_index("district")
    weights = np.array([500, 300, 240])
    assert table["estimate"]["W1"] == pytest.approx(weights @ RATE / 1040)
    half = 0.05 * np.sqrt((weights**2).sum()) / 1040
    assert table["conf_high"]["W1"] - table["estimate"]["W1"] == pytest.approx(half)
    assert (table["least"]["W1"], table["most"]["W1"]) == (0.12, 0.3)


def test_extremes_are_those_of_every_subset_of_cut_areas():
    rng = np.random.default_rng(3)
    share = [1, 1, 0.4, 0.6, 0.2, 0.9]
    overlaps = pd.DataFrame(
        {"kind": "w", "district": "A", "area": list("012345"), "share": share}
    )
    kind = next(kinds(overlaps, pd.Index(list("012345"))))
    above, below = rng.uniform(0, 5, 6), rng.uniform(0, 9, 6)
    touched = kind.share > 0
    least, most = kind.extremes(touched * above, touched * below)
    subsets = [
        np.array([True, True, *(number >> bit & 1 for bit in range(4))], dtype=bool)
        for number in range(16)
    ]
    quotients = [above[some].sum() / below[some].sum() for some in subsets]
    assert (least[0], most[0]) == pytest.approx((min(quotients), max(quotients)))


SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8)


@given(SHARES, st.randoms(use_true_random=False))
@relaxed
def test_districts_and_those_outside_add_up_to_the_city(parts, random):
    """Nothing is lost or made; inputs stay; least and most enclose; blocks say so."""
    rows = []
    for place, (first, second) in enumerate(parts):
        scale = max(first + second, 1)
        rows += [("A", str(place), first / scale), ("B", str(place), second / scale)]
    overlaps = pd.DataFrame(rows, columns=["district", "area", "share"])
    overlaps = overlaps.assign(kind="ward", by="block population")
    city = pd.concat(
        [
            people([random.randint(0, 900) for _ in parts], 50.0, race)
            for race in ("Asian", "Black")
        ]
    )
    before = city.copy(), overlaps.copy()
    table = areal.counts(city, overlaps)
    sums = table.groupby("group")["estimate"].sum()
    assert sums[EVERYONE] == pytest.approx(city["estimate"].sum())
    assert sums["Asian"] + sums["Black"] == pytest.approx(sums[EVERYONE])
    assert (table["least"] <= table["estimate"] + 1e-3).all()
    assert (table["most"] >= table["estimate"] - 1e-3).all()
    assert table["method"].str.contains("block-weighted|whole areas").all()
    tidy = areal.residents(city, overlaps, kind="ward")
    assert tidy["estimate"].sum() == pytest.approx(city["estimate"].sum())
    pd.testing.assert_frame_equal(city, before[0])
    pd.testing.assert_frame_equal(overlaps, before[1])


def requests():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product(
        [["0", "1", "2"], ["2025Q3", "2025Q4"], [1, 9], ["pothole", "tree"]],
        names=["area", "period", "days", "category"],
    )
    table = index.to_frame(index=False)
    table["category"] = table["category"].astype("category")
    closed, censored = rng.poisson(40, len(table)), rng.poisson(3, len(table))
    race = pd.Series(pd.NA, table.index, dtype="string")
    return table.assign(closed=closed, censored=censored, race=race)


@pytest.mark.parametrize("allocate", ["source area", "total"])
def test_requests_shared_out_add_up_and_keep_their_columns(boxes, allocate):
    given_ = requests()
    shared = areal.events(given_, boxes, kind="ward", allocate=allocate)
    assert shared.columns.tolist() == given_.columns.tolist()
    for column in ("closed", "censored"):
        assert shared[column].sum() == pytest.approx(given_[column].sum())
    assert (OUTSIDE in set(shared["area"])) == (allocate == "source area")
    totals = given_.groupby("area")["closed"].sum()
    first = shared[shared["area"] == "W0"]["closed"].sum()
    parts = [0.5, 0, 0.25] if allocate == "source area" else [0.5, 0, 0.25 / 0.6]
    assert first == pytest.approx(totals.to_numpy() @ parts)


def test_rates_by_district_are_quotients_of_what_was_shared_out(boxes):
    given_, city = requests(), people(COUNT, [90.0, 80, 150])
    table = districts.by_district(
        given_, city, boxes, years=0.5, target_days=5, replicates=200
    )
    shared = areal.events(given_, boxes, kind="ward")
    shared["soon"] = shared["closed"].where(shared["days"] <= 5, 0)
    late = shared["days"] > 5
    shared["late"] = (shared["closed"] + shared["censored"]).where(late, 0)
    shared["all"] = shared["closed"] + shared["censored"]
    sums = shared.groupby("area")[["soon", "late", "all"]].sum()
    lived = of(areal.counts(city, boxes))
    rate = table[table["measure"] == districts.RATE].set_index("district")
    share = table[table["measure"] == "share closed within 5 days"]
    share = share.set_index("district")
    for ward in ("W0", "W1", "W2", OUTSIDE):
        expected = sums["all"][ward] / lived[ward] * 1000 / 0.5
        assert rate["estimate"][ward] == pytest.approx(expected)
        expected = sums["soon"][ward] / (sums["soon"] + sums["late"])[ward]
        assert share["estimate"][ward] == pytest.approx(expected)
    for found in (rate, share):
        assert (found["conf_low"] < found["estimate"]).all()
        assert (found["conf_high"] > found["estimate"]).all()
        assert (found["least"] <= found["estimate"] + 1e-9).all()
        assert (found["most"] >= found["estimate"] - 1e-9).all()


def test_districts_of_whole_areas_have_the_areas_own_figures():
    """Areas as districts: nothing is partial, and extremes are the estimate."""
    same = pd.DataFrame(
        {"kind": "tract", "district": list("012"), "area": list("012"), "share": 1.0}
    )
    table = districts.by_district(
        requests(), people(COUNT), same, years=1, target_days=5, replicates=50
    )
    assert (table["partial"] == 0).all()
    assert table["least"].tolist() == pytest.approx(table["estimate"].tolist())
    assert table["most"].tolist() == pytest.approx(table["estimate"].tolist())
    assert table["method"].str.startswith("whole areas").all()
    assert [name for name in MEASURE_COLUMNS if name not in table] == []


def test_margins_of_the_census_widen_the_rate_but_not_the_share(boxes):
    sure, unsure = (
        districts.by_district(
            requests(),
            people(COUNT, moe),
            boxes,
            years=1,
            target_days=5,
            replicates=300,
        )
        for moe in (np.nan, 400.0)
    )
    widths = [table["conf_high"] - table["conf_low"] for table in (sure, unsure)]
    rate = sure["measure"] == districts.RATE
    assert (widths[1][rate] > 1.3 * widths[0][rate]).all()
    assert widths[1][~rate].tolist() == pytest.approx(widths[0][~rate].tolist())


def test_tables_without_rows_have_their_columns(boxes):
    assert areal.counts(people([]), boxes).columns.tolist() == areal.COUNT_COLUMNS
    table = districts.by_district(
        requests().iloc[:0], people(COUNT), boxes, years=1, target_days=5
    )
    assert table.columns.tolist() == districts.COLUMNS
    assert areal.counts(people(COUNT), boxes.iloc[:0]).empty


def test_wrong_overlaps_are_refused_with_the_fact(boxes):
    city = people(COUNT)
    with pytest.raises(ColumnNotFoundError, match="share"):
        areal.counts(city, boxes.drop(columns="share"))
    with pytest.raises(InputError, match="not a share from 0 to 1 in 1 of 7 rows"):
        areal.counts(city, boxes.assign(share=boxes["share"].where(boxes.index > 0, 2)))
    with pytest.raises(InputError, match="1 of 8 overlaps are there twice"):
        areal.counts(city, pd.concat([boxes, boxes.iloc[:1]]))
    fat = boxes.assign(share=0.9)
    with pytest.raises(InputError, match="kind 'ward' overlap: the shares of 3 of 3"):
        areal.counts(city, fat)
    with pytest.raises(ParamsError, match="allocate is 'all'"):
        areal.counts(city, boxes, allocate="all")
    with pytest.raises(
        ParamsError, match=r"kind is 'zone'; expected one of \['ward'\]"
    ):
        areal.events(requests(), boxes, kind="zone")
    values = pd.DataFrame({"area": ["0", "0"], "estimate": 0.1})
    with pytest.raises(InputError, match="1 of 2 rows repeat an area"):
        areal.rates(values, boxes, measure="rate")
    with pytest.raises(ParamsError, match="weight is 'money'"):
        areal.rates(values, boxes, measure="rate", weight="money")
    with pytest.raises(ColumnNotFoundError, match="district_share"):
        areal.rates(values, boxes.drop(columns="district_share"), measure="rate")


def test_chicago_lake_tracts_and_the_two_ways_to_allocate(shared):
    """Tracts reach into the lake, where community areas end and nobody lives.

    By surface a share of the shore's residents is left outside; told to allocate
    everybody, hardly anyone is. Either way the city keeps its 2010 count.
    """
    folder = shared / "data" / "chicago"
    tracts, zones = (
        gpd.read_file(f"/vsigzip/{folder / name}").to_crs(26916)
        for name in (
            "tracts_2010.geojson.gz",
            "community_areas_acs2014_race.geojson.gz",
        )
    )
    overlaps = overlaps_of(tracts.geometry.to_numpy(), zones.geometry.to_numpy())
    overlaps = overlaps[overlaps["share"] > 0.01]  # two drawings of one line
    inside = overlaps.groupby("area")["share"].transform("sum")
    overlaps["share"] = overlaps["share"] / inside.clip(lower=1)
    counted = pd.read_csv(folder / "tract_race_2010_cook.csv", dtype={"geoid": str})
    counted = counted.set_index("geoid")["total_pop_2010"]
    city = people(counted.reindex(tracts["geoid10"]).fillna(0).to_numpy())
    outside = []
    for allocate in ("source area", "total"):
        found = of(areal.counts(city, overlaps, allocate=allocate))
        assert found.sum() == pytest.approx(city["estimate"].sum())
        outside.append(found.get(OUTSIDE, 0) / found.sum())
    assert len(zones) == 77
    assert 0.02 < outside[0] < 0.05
    assert outside[1] * 2_718_590 == pytest.approx(3587)  # one tract touches none
