"""Placement scores against published ones, identities, brute force and simulation."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import placement
from equity.measure.redraws import EVERYONE, Residents
from equity.measure.surroundings import Around, Places
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(
    deadline=None,
    max_examples=12,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)

# sedt_hand_a: tracts' weights, percent and margins; the city's
HAND = {"w": [12, 3, 0, 9], "pct": [34, 12.5, 51, 22], "moe": [5.2, 3.9, 6.6, 4.4]}
HAND_CITY = pd.DataFrame({"baseline": ["b"], "estimate": [0.29], "moe": [0.014]})

PEOPLE = pd.DataFrame(
    {
        "area": np.repeat(["1", "2", "3", "4"], 3),
        "race": ["Asian", "Black", "White"] * 4,
        "estimate": [100, 700, 200, 300, 300, 400, 200, 100, 900, 0, 50, 500],
        "moe": [40, 90, 60, 70, 70, 80, 50, 60, 120, 12, 40, 90],
    }
)
FULL = PEOPLE.assign(moe=np.nan)


def places(*areas, kind="library", **columns):
    """A place in each of the areas named."""
    return pd.DataFrame(
        {
            "facility_id": [f"{kind} {number}" for number in range(len(areas))],
            "kind": kind,
            "area": pd.Series(areas, dtype="object"),
            **columns,
        }
    )


LIBRARIES = places(*"1111223334")


def parts(rows, **columns):
    """Tidy `baselines` of one baseline."""
    frame = pd.DataFrame(rows, columns=["area", "estimate", "moe", "total"])
    return frame.assign(
        **{"baseline": "b", "universe": "u", "total_moe": np.nan, **columns}
    )


@pytest.fixture(scope="module")
def bikes(shared):
    """The published bicycle stations, each in its tract, and the case."""
    folder = shared / "references"
    case = json.loads((folder / "sedt_minneapolis_bikes.json").read_text())
    tracts = pd.read_csv(
        folder / "data" / "sedt_minneapolis_bikes_tracts.csv", dtype={"GEOID": str}
    )
    points = pd.read_csv(folder / "data" / "sedt_minneapolis_bikes_points.csv")
    shapes = gpd.GeoDataFrame(
        tracts[["GEOID"]],
        geometry=gpd.GeoSeries.from_wkt(tracts["geometry"]),
        crs=4326,
    )
    stations = gpd.GeoDataFrame(
        points[["w"]],
        geometry=gpd.points_from_xy(points["lon"], points["lat"]),
        crs=4326,
    )
    area = stations.sjoin(shapes, how="left", predicate="within")["GEOID"]
    assert area.index.is_unique
    return places(*area, kind="bicycles", capacity=points["w"]), tracts, case


def test_geographic_scores_are_those_published(bikes):
    # sedt_minneapolis_bikes: every tract and baseline of the tool's saved output
    stations, tracts, case = bikes
    columns = [name for name in tracts if name.startswith("prop_")]
    baselines = tracts.melt("GEOID", columns, "baseline", "estimate")
    baselines = baselines.rename(columns={"GEOID": "area"}).assign(moe=np.nan)
    table = placement.geographic(stations, baselines, weight="capacity")
    expected = pd.DataFrame(case["expected"]["tracts"]).set_index("GEOID")
    assert len(columns) == 7
    assert table["outside"].eq(case["expected"]["points_outside"]).all()
    assert table["older_rule"].isna().all()  # the tool's margins are not among them
    for name in columns:
        rows = select(table, baseline=name).set_index("area").loc[expected.index]
        assert rows["amount"].sum() == case["expected"]["total_weight"]
        for ours, theirs, within in (
            ("amount", "weighted_count", 0),
            ("share", "data_prop", 1e-12),
            ("published_score", f"diff_{name[5:]}", 1e-9),
            ("estimate", f"disparity_unrounded_{name[5:]}", 1e-12),
        ):
            np.testing.assert_allclose(rows[ours], expected[theirs], atol=within)


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("sedt_minneapolis_bikes", ("expected", "demographic")),
        ("sedt_minneapolis_bikes_2022_demographic", ("expected", "rows")),
    ],
)
def test_demographic_scores_are_those_published(shared, case, rows):
    file = shared / "references" / f"{case}.json"
    expected = json.loads(file.read_text())
    for key in rows:
        expected = expected[key]
    expected = pd.DataFrame(expected)
    assert len(expected) == 41
    found = placement.score(
        expected["data_value"],
        expected["data_value_se"],
        expected["summary_value"],
        expected["summary_value_margin"],
    )
    for ours, theirs in (
        (found.disparity, "disparity"),
        (found.older_z, "z_as_coded"),
        (found.older_rule, "sig_published"),
        (found.z, "z_if_margin_is_90pct_MOE"),
        (np.abs(found.z) > 1.96, "sig_if_margin_is_90pct_MOE"),
    ):
        np.testing.assert_allclose(
            np.asarray(ours, float), expected[theirs].astype(float), atol=1e-9
        )


def test_a_score_by_hand():
    # sedt_hand_a, in percent as there
    found = placement.score(26.8125, 1.895268396430826, 29.0, 1.4)
    assert found.disparity == pytest.approx(-2.1875, abs=1e-9)
    assert found.z == pytest.approx(-1.0529060901458245, abs=1e-9)
    assert found.p == pytest.approx(0.2923840346181084, abs=1e-9)
    assert found.older_z == pytest.approx(-0.9283712416772966, abs=1e-9)
    assert not found.older_rule


def test_the_table_by_hand():
    # sedt_hand_a, as proportions: one place per tract, weighing what the tract does
    tracts = parts(zip("abcd", HAND["pct"], HAND["moe"], [100] * 4, strict=True))
    table = placement.demographic(
        places(*"abcd", w=HAND["w"]), tracts, city=HAND_CITY, weight="w", replicates=200
    )
    row = table.iloc[0]
    expected = {
        "data_value": 0.268125,
        "city_value": 0.29,
        "data_se": 0.01895268396430826,
        "city_se": 0.008510638297872339,
        "estimate": -0.021875,
        "z": -1.0529060901458245,
        "p": 0.2923840346181084,
        "older_z": -0.9283712416772966,
    }
    assert row[list(expected)].to_dict() == pytest.approx(expected, abs=1e-9)
    assert not row["older_rule"]
    shares = placement.geographic(places(*"abcd", w=HAND["w"]), tracts, weight="w")
    np.testing.assert_allclose(shares["share"], [0.5, 0.125, 0, 0.375], atol=1e-9)


def test_the_table_of_groups_by_hand():
    # 10 places: 4 in area 1 (0.7 Black), 2 in 2 (0.3), 3 in 3 (1/12), 1 in 4 (1/11)
    table = placement.by_race(LIBRARIES, FULL, reference="White", replicates=200)
    black = select(table, group="Black").set_index(["measure", "statistic"])["estimate"]
    around = (4 * 0.7 + 2 * 0.3 + 3 / 12 + 1 / 11) / 10
    white = (4 * 0.2 + 2 * 0.4 + 3 * 0.75 + 10 / 11) / 10
    residents = 1150 / 3750
    rate, reference = around * 1e5 / 1150, white * 1e5 / 2000
    counted = "places per 10,000 residents"
    assert black.to_dict() == pytest.approx(
        {
            (placement.SHARE, "level"): around,
            (placement.SHARE, "difference"): around - residents,
            (placement.SHARE, "ratio"): around / residents,
            (counted, "level"): rate,
            (counted, "difference"): rate - reference,
            (counted, "ratio"): rate / reference,
        }
    )


@st.composite
def cities(draw):
    """Residents of some areas, and places with seats in them."""
    size = draw(st.integers(2, 6))
    areas = [f"{number}" for number in range(size)]
    counts = st.lists(st.integers(1, 3000), min_size=2 * size, max_size=2 * size)
    margins = st.lists(st.integers(0, 300), min_size=2 * size, max_size=2 * size)
    people = pd.DataFrame(
        {
            "area": np.repeat(areas, 2),
            "race": ["Black", "White"] * size,
            "estimate": draw(counts),
            "moe": np.array(draw(margins), dtype=float),
        }
    )
    where = draw(st.lists(st.sampled_from(areas), min_size=2, max_size=20))
    seats = draw(st.lists(st.integers(1, 60), min_size=len(where), max_size=len(where)))
    return people, places(*where, seats=seats)


@relaxed
@given(cities())
def test_scores_of_areas_add_up(city):
    people, halls = city
    by_area = placement.geographic(halls, people, weight="seats")
    groups = by_area.groupby("baseline")["estimate"].sum()
    np.testing.assert_allclose(groups, 0, atol=1e-12)
    # The scores of areas, weighted by a group's shares, are the group's score.
    everyone = select(by_area, baseline=EVERYONE).set_index("area")["estimate"]
    wide = people.pivot_table(values="estimate", index="area", columns="race")
    shares = wide.div(wide.sum(axis=1), axis=0)
    table = placement.demographic(halls, people, weight="seats", replicates=20)
    np.testing.assert_allclose(
        table["estimate"], shares.mul(everyone, axis=0).sum(), atol=1e-12
    )
    assert table["estimate"].sum() == pytest.approx(0, abs=1e-12)


@relaxed
@given(cities(), st.floats(0.01, 100))
def test_what_should_change_nothing(city, factor):
    people, halls = city
    before = people.copy(), halls.copy()
    given_ = {"weight": "seats", "reference": "White", "replicates": 50}
    table = placement.by_race(halls, people, **given_)
    larger = placement.by_race(
        halls.assign(seats=halls["seats"] * factor), people, **given_
    )
    shared_out = select(table, measure=placement.SHARE)
    ends = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(
        select(larger, measure=placement.SHARE)[ends], shared_out[ends], atol=1e-6
    )
    for frame, old in zip((people, halls), before, strict=True):
        pd.testing.assert_frame_equal(frame, old)
    level = select(table, statistic="level", measure="seats per 10,000 residents")
    total = (level["estimate"] * level["population"] / 1e4)[:-1].sum()
    assert total == pytest.approx(halls["seats"].sum())
    known = shared_out.dropna(subset=ends)
    assert (known["conf_low"] <= known["conf_high"]).all()


def test_the_measure_columns_are_there():
    for table in (
        placement.geographic(LIBRARIES, PEOPLE),
        placement.demographic(LIBRARIES, PEOPLE, replicates=20),
        placement.by_race(LIBRARIES, PEOPLE, reference="White", replicates=20),
    ):
        names = list(table)
        start = names.index("measure")
        assert names[start : start + 7] == list(MEASURE_COLUMNS)
        assert table["places"].max() <= 10
        assert table["direction"].eq("parity is better").all()


def test_swapping_group_and_reference_inverts_the_index():
    tables = {
        base: select(
            placement.by_race(LIBRARIES, PEOPLE, reference=base, replicates=2001),
            statistic="ratio",
            measure="places per 10,000 residents",
        ).set_index("group")
        for base in ("Black", "White")
    }
    one = tables["White"].loc["Black"]
    other = tables["Black"].loc["White"]
    assert one["estimate"] * other["estimate"] == pytest.approx(1)
    assert one["conf_low"] * other["conf_high"] == pytest.approx(1)
    assert tables["White"].loc["White", ["conf_low", "conf_high"]].isna().all()


def _redrawn(people, part, draws, seed=1):
    """Redraw every area, as the census margins allow; the score each time."""
    random = np.random.default_rng(seed)
    found = Residents.of(people)
    scores = []
    for _ in range(draws):
        drawn = found.redraw(random)
        share = drawn / drawn.sum(axis=1, keepdims=True)
        scores.append(part @ share - drawn.sum(axis=0) / drawn.sum())
    return np.std(scores, axis=0)


def test_margins_of_groups_agree_with_redrawing_every_area():
    people = PEOPLE.assign(moe=PEOPLE["moe"] / 4)  # where shares are nearly linear
    table = placement.demographic(LIBRARIES, people, replicates=20)
    error = _redrawn(people, np.array([0.4, 0.2, 0.3, 0.1]), 6000)
    margin = (table["estimate"] / table["z"]).abs()
    np.testing.assert_allclose(margin, error, rtol=0.04)


def test_margins_of_shares_agree_with_redrawing_every_area():
    rows = [("1", 40, 20, 200), ("2", 60, 24, 150), ("3", 10, 9, 250)]
    table = placement.demographic(
        places(*"1123"), parts(rows, total_moe=[20.0, 18, 0]), replicates=20
    )
    # by hand: a share's margin is sqrt(20^2 - 0.2^2 20^2) / 200, and so on
    share = np.array([0.2, 0.4, 0.04])
    moe = np.sqrt([20**2 - 0.2**2 * 20**2, 24**2 - 0.4**2 * 18**2, 9**2]) / np.array(
        [200, 150, 250]
    )
    random = np.random.default_rng(1)
    shares = random.normal(share, moe / 1.645, (100_000, 3))
    totals = random.normal([200, 150, 250], np.array([20, 18, 0]) / 1.645, (100_000, 3))
    cities = (shares * totals).sum(axis=1) / totals.sum(axis=1)
    gaps = shares @ [0.5, 0.25, 0.25] - cities
    assert table["data_se"].iloc[0] == pytest.approx(
        np.hypot.reduce(moe / 1.645 * [0.5, 0.25, 0.25]), rel=1e-9
    )
    assert table["city_se"].iloc[0] == pytest.approx(cities.std(), rel=0.02)
    margin = abs(table["estimate"] / table["z"]).iloc[0]
    assert margin == pytest.approx(gaps.std(), rel=0.02)


def test_redraws_of_places_agree_with_a_bootstrap():
    random = np.random.default_rng(2)
    areas = [str(number) for number in range(50)]
    people = pd.DataFrame(
        {"area": np.repeat(areas, 2), "race": ["Black", "White"] * 50}
    )
    people = people.assign(estimate=random.integers(50, 900, 100), moe=np.nan)
    halls = places(*random.choice(areas, 200), seats=random.integers(5, 60, 200))
    around = Around.of(people)
    found = Places.by_kind(halls, around.areas, weight="seats")[0]
    drawn = around.redraw(found, random, 4000)
    position = around.areas.get_indexer(halls["area"])
    again = random.integers(200, size=(4000, 200))
    seats = halls["seats"].to_numpy()[again]
    share = around.share[:, 0][position][again]
    bootstrap = (seats * share).sum(axis=1) / seats.sum(axis=1)
    assert drawn.shares[:, 0].std() == pytest.approx(bootstrap.std(), rel=0.06)


def scattered(random, areas, *, number, kinds, chance=None):
    """Places of many kinds, put by the same dice."""
    frames = [
        places(*random.choice(areas, number, p=chance), kind=f"kind {kind}")
        for kind in range(kinds)
    ]
    return pd.concat(frames, ignore_index=True)


def test_limits_cover_what_put_the_places_and_the_older_rule_cries_wolf():
    # a city without a gap: places fall where people live, whoever they are
    random = np.random.default_rng(4)
    areas = np.array([f"{number:02}" for number in range(80)])
    black = random.beta(2, 3, 80) * 3000
    people = np.stack([black, 3000 - black], axis=1)
    tables = []
    for _ in range(14):
        census = pd.DataFrame(
            {
                "area": np.repeat(areas, 2),
                "race": ["Black", "White"] * 80,
                "estimate": np.maximum(random.normal(people, 90), 0).ravel(),
                "moe": 1.645 * 90,
            }
        )
        put = scattered(random, areas, number=25, kinds=30)
        tables.append(placement.demographic(put, census, replicates=200))
    table = select(pd.concat(tables), baseline="Black")
    covered = (table["conf_low"] <= 0) & (table["conf_high"] >= 0)
    assert len(table) == 420
    assert 0.93 <= covered.mean() <= 0.97
    assert (table["flagged"] == ~covered).all()
    assert table["older_rule"].mean() > 0.5  # it takes 25 places as certain


def test_limits_of_areas_cover_their_share():
    random = np.random.default_rng(5)
    share = np.array([0.02, 0.08, 0.3, 0.6])
    tables = []
    for _ in range(12):
        drawn = np.maximum(random.normal(share * 1000, 60 / 1.645), 1)
        census = parts(zip("abcd", drawn, [60] * 4, [1000] * 4, strict=True))
        put = scattered(random, list("abcd"), number=60, kinds=15, chance=share)
        tables.append(placement.geographic(put, census))
    table = pd.concat(tables)
    covered = (table["conf_low"] <= 0) & (table["conf_high"] >= 0)
    assert table["amount"].eq(0).sum() > 5  # an area without a place has limits, too
    assert table["conf_low"].notna().all()
    assert covered.groupby(table["area"]).mean().between(0.92, 1).all()
    assert 0.93 <= covered.mean() <= 0.98


def test_margins_widen_the_limits():
    ends = ["conf_low", "conf_high"]
    many = places(*LIBRARIES["area"].to_list() * 20)
    for measure in (
        lambda people: placement.geographic(many, people),
        lambda people: placement.demographic(many, people),
    ):
        certain, surveyed = measure(FULL), measure(PEOPLE)
        narrow = certain[ends].diff(axis=1)["conf_high"]
        assert (surveyed[ends].diff(axis=1)["conf_high"] > narrow).all()
        assert certain["older_rule"].isna().all()
        assert surveyed["older_rule"].notna().all()


def test_the_older_rule_of_areas_is_1_96_margins():
    # by hand: 0.3 of the children, whose margin is sqrt(50^2 - 0.3^2 5000) / 1000
    children = parts([("1", 300, 50, 1000), ("2", 700, 50, 1000)])
    margin = np.sqrt(50**2 - 0.3**2 * 5000) / 1000
    assert 0.09 > 1.96 * margin > 0.08
    table = placement.geographic(places(*"1111222222"), children)
    assert table["older_rule"].tolist()[0]
    table = placement.geographic(places(*["1"] * 38, *["2"] * 62), children)
    assert not table["older_rule"].tolist()[0]


def test_nothing_is_set_aside_silently():
    seats = [10, np.nan, 30, 20, 5]
    halls = places("1", "2", "9", None, "3", seats=seats)
    table = placement.demographic(halls, PEOPLE, weight="seats", replicates=20)
    assert table[["places", "outside", "without_weight"]].iloc[0].tolist() == [2, 2, 1]
    assert table["data_value"].iloc[1] == pytest.approx((10 * 0.7 + 5 / 12) / 15)
    empty = PEOPLE.assign(estimate=PEOPLE["estimate"].where(PEOPLE["area"] != "2", 0))
    table = placement.by_race(halls, empty, reference="White", replicates=20)
    assert table["without_residents"].eq(1).all()
    everyone = select(table, group=EVERYONE)["estimate"].item()
    assert everyone == pytest.approx(2 * 1e4 / empty["estimate"].sum())


def test_a_baseline_that_is_not_known_in_an_area():
    rows = [("1", 40, 20, 200), ("2", np.nan, np.nan, 150), ("3", 10, 9, 250)]
    table = placement.demographic(places(*"11233"), parts(rows), replicates=20)
    row = table.iloc[0]
    assert row["without_residents"] == 1
    assert row["data_value"] == pytest.approx((2 * 0.2 + 2 * 0.04) / 4)
    assert row["city_value"] == pytest.approx(50 / 450)
    area = placement.geographic(places(*"11233"), parts(rows)).set_index("area")
    assert area["estimate"].isna().tolist() == [False, True, False]
    assert area.loc["1", "baseline_share"] == pytest.approx(0.8)


def test_no_place_and_one_place():
    kinds = pd.CategoricalDtype(["library", "pool"])
    table = placement.by_race(
        places("1").astype({"kind": kinds}), PEOPLE, reference="White", replicates=50
    )
    ends = ["conf_low", "conf_high"]
    one, none = select(table, kind="library"), select(table, kind="pool")
    assert table["kind"].dtype == kinds
    assert one["estimate"].notna().all()
    assert one.query("group != @EVERYONE")[ends].isna().all(axis=None)
    assert none[ends].isna().all(axis=None)
    share = none["measure"].eq(placement.SHARE)
    assert none[share]["estimate"].isna().all()
    assert select(none[~share], statistic="level")["estimate"].eq(0).all()
    unknown = places("1", "2", seats=np.nan)
    table = placement.by_race(unknown, PEOPLE, reference="White", weight="seats")
    assert table["estimate"].isna().all()  # not zero seats
    assert placement.geographic(places("1"), PEOPLE)[ends].isna().all(axis=None)


def test_no_places_at_all_give_no_rows():
    nowhere = LIBRARIES.iloc[:0]
    for table in (
        placement.geographic(nowhere, PEOPLE),
        placement.demographic(nowhere, PEOPLE, replicates=10),
        placement.by_race(nowhere, PEOPLE, reference="White", replicates=10),
    ):
        assert table.empty
        assert set(MEASURE_COLUMNS) <= set(table)


def test_no_residents_give_no_rows_and_the_same_columns():
    options = {"replicates": 10}
    for measure, given_ in (
        (placement.demographic, {}),
        (placement.by_race, {"reference": "White"}),
    ):
        table = measure(LIBRARIES, PEOPLE.iloc[:0], **given_, **options)
        known = measure(LIBRARIES, PEOPLE, **given_, **options)
        assert table.empty
        assert table.columns.tolist() == known.columns.tolist()


def test_a_group_that_cannot_be_told_from_none_has_no_limits():
    few = PEOPLE["race"].eq("Asian")
    people = PEOPLE.assign(estimate=PEOPLE["estimate"].mask(few, 5))
    table = placement.by_race(LIBRARIES, people, reference="White")
    ends = table.set_index("group")[["conf_low", "conf_high"]]
    assert ends.loc["Asian"].isna().all(axis=None)
    assert ends.loc["Black"].notna().all(axis=None)


def test_kinds_are_told_apart():
    both = pd.concat([LIBRARIES, places(*"4444", kind="dump")])
    table = placement.demographic(both, FULL, replicates=20)
    assert table["kind"].unique().tolist() == ["dump", "library"]
    alone = placement.demographic(LIBRARIES, FULL, replicates=20)
    np.testing.assert_allclose(
        select(table, kind="library")["estimate"], alone["estimate"]
    )


def test_the_same_seed_gives_the_same_limits():
    first, again = (
        placement.demographic(LIBRARIES, PEOPLE, replicates=100, seed=3)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize(
    ("change", "error", "fact"),
    [
        (lambda x: x.drop(columns="area"), ColumnNotFoundError, "area"),
        (
            lambda x: x.assign(facility_id="one"),
            InputError,
            "facility_id and kind repeat an earlier row in 9 of 10 rows",
        ),
        (lambda x: x.assign(kind=None), InputError, "kind is missing in 10 of 10"),
        (
            lambda x: x.assign(seats=-1),
            InputError,
            "seats is negative or not finite in 10 of 10",
        ),
        (
            lambda x: x.assign(area="17"),
            InputError,
            "none of the 10 places lies in one of the 4 areas",
        ),
    ],
)
def test_wrong_places_are_refused_with_the_fact(change, error, fact):
    with pytest.raises(error, match=fact):
        placement.demographic(change(LIBRARIES.assign(seats=1)), PEOPLE, weight="seats")


def test_wrong_baselines_and_choices_are_refused():
    rows = [("1", 40, 20, 200), ("1", 40, 20, 200)]
    with pytest.raises(InputError, match="1 of 2 rows repeat an area and baseline"):
        placement.geographic(LIBRARIES, parts(rows))
    with pytest.raises(InputError, match="estimate exceeds total in 1 of 1 rows"):
        placement.demographic(LIBRARIES, parts([("1", 300, 20, 200)]))
    with pytest.raises(ColumnNotFoundError, match="total"):
        placement.demographic(LIBRARIES, parts(rows).drop(columns="total"))
    with pytest.raises(InputError, match="city has 0 rows for 'b'; expected one"):
        placement.demographic(
            LIBRARIES, parts(rows[:1]), city=HAND_CITY.assign(baseline="c")
        )
    with pytest.raises(UnknownGroupError, match="'Blck' matches 0 rows"):
        placement.by_race(LIBRARIES, PEOPLE, reference="Blck")
    with pytest.raises(ParamsError, match="confidence is 95"):
        placement.demographic(LIBRARIES, PEOPLE, confidence=95)
