"""Access by race of the residents: by hand, by identities, by simulation, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import catchment, inequality, reach
from equity.measure.costs import Costs, Service
from equity.measure.redraws import EVERYONE
from equity.measure.table import HIGHER, LOWER, MEASURE_COLUMNS

KM = "km to the nearest place"
AVERAGE, SHARE = f"average {KM}", f"share with at most 1.5 {KM}"
FEW = {"reference": "White", "replicates": 200}
relaxed = settings(deadline=None, max_examples=12, derandomize=True)


def people(rows, moe=np.nan, groups=("Asian", "White")):
    """Rows of area and residents per group."""
    wide = pd.DataFrame(rows, columns=["area", *groups])
    table = wide.melt("area", var_name="race", value_name="estimate")
    table["race"] = pd.Categorical(table["race"], groups, ordered=True)
    return table.assign(moe=moe)


def near(estimates, pairs=1, measure=KM, direction=LOWER):
    areas = [str(number + 1) for number in range(len(estimates))]
    return pd.DataFrame(
        {
            "area": areas,
            "pairs": pairs,
            "measure": measure,
            "estimate": np.array(estimates, dtype=float),
            "direction": direction,
        }
    )


TOWN = people([("1", 100, 900), ("2", 300, 0), ("3", 600, 100)])


def values(table, measure, statistic="level", column="estimate"):
    rows = table[(table["measure"] == measure) & (table["statistic"] == statistic)]
    return rows.set_index("group")[column].to_dict()


def test_a_town_of_three_areas_by_hand():
    """Asian residents: (100 x 1 + 300 x 2 + 600 x 4) / 1,000 = 3.1 km; 100 are near."""
    table = reach.by_race(near([1, 2, 4]), TOWN, at_most=1.5, **FEW)
    assert values(table, AVERAGE) == pytest.approx(
        {"Asian": 3.1, "White": 1.3, EVERYONE: 2.2}
    )
    assert values(table, AVERAGE, "difference") == pytest.approx(
        {"Asian": 1.8, "White": 0}
    )
    assert values(table, AVERAGE, "ratio")["Asian"] == pytest.approx(3.1 / 1.3)
    assert values(table, SHARE) == pytest.approx(
        {"Asian": 0.1, "White": 0.9, EVERYONE: 0.5}
    )
    assert values(table, SHARE, column="events") == pytest.approx(
        {"Asian": 100, "White": 900, EVERYONE: 1000}
    )
    assert values(table, SHARE, column="population") == pytest.approx(
        {"Asian": 1000, "White": 1000, EVERYONE: 2000}
    )
    assert values(table, SHARE, "difference", "people_to_parity")["Asian"] == 800
    assert table["people_to_parity"].notna().sum() == 3  # level, difference, ratio
    assert values(table, AVERAGE, column="direction")["Asian"] == LOWER
    assert values(table, SHARE, column="direction")["Asian"] == HIGHER


def test_columns():
    table = reach.by_race(
        near([1, 2, 4]).assign(kind="Library"), TOWN, at_most=1.5, **FEW
    )
    assert table.columns.tolist() == [
        *("kind", "group", "events", "population", "unknown_population", "statistic"),
        *MEASURE_COLUMNS,
        *("direction", "people_to_parity"),
    ]
    assert set(table["statistic"]) == {"level", "difference", "ratio"}
    table = reach.inequality(near([1, 2, 4]), TOWN)
    assert table.columns.tolist() == [
        *("group", "population", "unknown_population", "statistic"),
        *MEASURE_COLUMNS,
        "direction",
    ]


def test_parity_is_rounded_up_to_whole_people():
    town = people([("1", 1, 2), ("2", 2, 1)])
    table = reach.by_race(near([1, 2]), town, at_most=1.5, **FEW)
    assert values(table, SHARE, column="people_to_parity")["Asian"] == 1
    town = people([("1", 1, 200), ("2", 6, 100)])  # 2/3 of 7 are 4.67, less one
    table = reach.by_race(near([1, 2]), town, at_most=1.5, **FEW)
    assert values(table, SHARE, column="people_to_parity")["Asian"] == 4


def test_a_group_that_is_not_short_has_no_people_to_parity():
    other = {**FEW, "reference": "Asian"}
    table = reach.by_race(near([1, 2, 4]), TOWN, at_most=1.5, **other)
    assert table["people_to_parity"].isna().all()


def test_areas_not_known_are_left_out_and_counted():
    """Of area 2 no cost is known; from area 3 there is no route."""
    table = reach.by_race(
        near([1, np.nan, np.nan], pairs=[5, 0, 5]), TOWN, at_most=1.5, **FEW
    )
    assert values(table, AVERAGE, column="unknown_population") == pytest.approx(
        {"Asian": 900, "White": 100, EVERYONE: 1000}
    )
    assert values(table, AVERAGE)["Asian"] == 1
    assert values(table, SHARE, column="unknown_population") == pytest.approx(
        {"Asian": 300, "White": 0, EVERYONE: 300}
    )
    assert values(table, SHARE)["Asian"] == pytest.approx(100 / 700)
    assert values(table, SHARE)["White"] == pytest.approx(0.9)
    missing = near([1, 2, 4]).iloc[:1]  # no row is not known either
    table = reach.by_race(missing, TOWN, at_most=1.5, **FEW)
    assert values(table, SHARE, column="unknown_population")["Asian"] == 900


def test_of_a_score_what_is_missing_is_not_known_whatever_the_pairs():
    """A place without residents around it gives no score, and is no lack of access."""
    score = near([5, np.nan, 0], 5, "capacity per 1,000 residents", HIGHER)
    table = reach.by_race(score, TOWN, at_least=1, **FEW)
    share = "share with at least 1 capacity per 1,000 residents"
    assert values(table, share, column="unknown_population")["Asian"] == 300
    assert values(table, share)["Asian"] == pytest.approx(100 / 700)


def test_the_limit_of_reach_is_within_it():
    table = reach.by_race(near([1.5, 1.500001, 4]), TOWN, at_most=1.5, **FEW)
    assert values(table, SHARE)["White"] == pytest.approx(0.9)


def test_kinds_are_measured_apart():
    both = pd.concat(
        [
            near([1, 2, 4]).assign(kind="Library"),
            near([9, 9, 9], 1, "minutes to the nearest place").assign(kind="Clinic"),
        ]
    )
    limits = {"Library": 1.5, "Clinic": 10}
    table = reach.by_race(both, TOWN, at_most=limits, **FEW)
    assert table["kind"].unique().tolist() == ["Library", "Clinic"]
    clinic = table[table["kind"] == "Clinic"]
    share = "share with at most 10 minutes to the nearest place"
    assert values(clinic, share)["Asian"] == 1
    alone = reach.by_race(near([1, 2, 4]), TOWN, at_most=1.5, **FEW)
    library = table[table["kind"] == "Library"].reset_index(drop=True)
    pd.testing.assert_frame_equal(library.drop(columns="kind"), alone)
    with pytest.raises(ParamsError, match="at_most has no value for kind 'Clinic'"):
        reach.by_race(both, TOWN, at_most={"Library": 1.5}, **FEW)


# --- limits -------------------------------------------------------------------------


def test_limits_are_those_of_a_ratio_of_sums():
    """By the delta method: variance of a weighted mean from independent margins."""
    moe = 16.448536
    table = reach.by_race(
        near([1, 2, 4]),
        people([("1", 100, 900), ("2", 300, 0), ("3", 600, 100)], moe),
        reference="White",
        replicates=20_000,
    )
    away = np.array([1, 2, 4]) - 3.1
    error = np.sqrt((10 * away / 1000) @ (10 * away / 1000))
    low, high = (
        values(table, AVERAGE, column=name)["Asian"]
        for name in ("conf_low", "conf_high")
    )
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.03)
    assert (low + high) / 2 == pytest.approx(3.1, abs=0.2 * error)
    away = np.concatenate([away / 1000, (np.array([1, 2, 4]) - 1.3) / 1000])
    row = table[(table["statistic"] == "difference") & (table["group"] == "Asian")]
    width = (row["conf_high"] - row["conf_low"]).item()
    assert width / 2 == pytest.approx(1.96 * 10 * np.sqrt(away @ away), rel=0.03)


def test_redraws_of_sums_are_redraws_of_residents():
    """The same limits as from drawing every area, up to chance."""
    town = people([("1", 100, 900), ("2", 300, 0), ("3", 600, 100)], 40)
    random = np.random.default_rng(1)
    residents = reach.Residents.of(town)
    columns = np.array([[1.0, 1], [2, 1], [4, 1]])
    sums = reach._drawn(columns, residents, 20_000, random)
    each = np.array([columns.T @ residents.redraw(random) for _ in range(20_000)])
    np.testing.assert_allclose(sums.mean(axis=0), each.mean(axis=0), atol=3)
    for group in range(2):
        np.testing.assert_allclose(
            np.cov(sums[:, :, group].T), np.cov(each[:, :, group].T), rtol=0.06
        )


def test_full_counts_of_residents_and_given_places_leave_no_chance():
    table = reach.by_race(near([1, 2, 4]), TOWN, at_most=1.5, **FEW)
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)
    assert set(table["method"]) == {reach.NEITHER}
    table = reach.inequality(near([1, 2, 4]), TOWN)
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)
    assert set(table["method"]) == {reach.NEITHER}


def test_a_group_that_cannot_be_told_from_nobody_has_no_limits():
    town = people([("1", 5, 900), ("2", 2, 800)], 20)
    table = reach.by_race(near([1, 2]), town, at_most=1.5, **FEW)
    asian = table["group"] == "Asian"
    assert table.loc[asian, ["conf_low", "conf_high"]].isna().all(axis=None)
    white = (table["group"] == "White") & (table["statistic"] == "level")
    assert table.loc[white, "conf_low"].notna().all()


def test_nobody_is_not_zero_access():
    town = people([("1", 0, 900), ("2", 0, 800)])
    table = reach.by_race(near([1, 2]), town, at_most=1.5, **FEW)
    assert table.loc[table["group"] == "Asian", "estimate"].isna().all()


def left_out(rows):
    """Values without each of some places."""
    return pd.concat(
        [
            near(row).assign(left_out=name)
            for name, row in zip("abcdef", rows, strict=False)
        ]
    )


def test_placing_adds_the_variance_of_the_jackknife():
    """Without a place one area has another value: the textbook formula by hand."""
    each = left_out([[1.5, 2, 4], [1, 2.4, 4], [1, 2, 4.9], [1, 2, 4]])
    table = reach.by_race(
        near([1, 2, 4]), TOWN, reference="White", without_each=each, replicates=40_000
    )
    assert set(table["method"]) == {reach.PLACES}
    levels = np.array([[1.5, 2, 4], [1, 2.4, 4], [1, 2, 4.9], [1, 2, 4]]) @ [
        0.1,
        0.3,
        0.6,
    ]
    error = np.sqrt(3 / 4 * ((levels - levels.mean()) ** 2).sum())
    low, high = (
        values(table, AVERAGE, column=name)["Asian"]
        for name in ("conf_low", "conf_high")
    )
    assert (high - low) / 2 == pytest.approx(3.182 * error, rel=0.03)  # t, 3 degrees
    some = people([("1", 100, 900), ("2", 300, 0), ("3", 600, 100)], 30)
    wider = reach.by_race(near([1, 2, 4]), some, without_each=each, **FEW)
    assert set(wider["method"]) == {reach.BOTH}


def test_of_a_single_place_nothing_can_be_said_about_another():
    each = left_out([[np.nan] * 3])
    table = reach.by_race(near([1, 2, 4]), TOWN, without_each=each, **FEW)
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)


def test_a_place_whose_loss_is_not_known_moves_nothing():
    each = left_out([[np.nan, 2, 4], [1, np.nan, 4]]).assign(pairs=0)
    table = reach.by_race(near([1, 2, 4]), TOWN, without_each=each, at_most=1.5, **FEW)
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)  # no width


def placed(random, number, side=12):
    """Places at random in a square town of as many blocks, and distances to them."""
    middle = np.arange(side) + 0.5
    x, y = (axis.ravel() for axis in np.meshgrid(middle, middle))
    at = random.uniform(0, side, (2, number))
    km = np.hypot(x[:, np.newaxis] - at[0], y[:, np.newaxis] - at[1])
    areas, ids = pd.Index(range(side**2)), pd.Index(range(number))
    service = Service("Library", "km", "", ids, np.ones(number), sparse.csr_array(km))
    return Costs(areas, (service,))


@pytest.mark.parametrize(
    ("measure", "options"),
    [(catchment.nearest, {}), (catchment.count_within, {"max_cost": 3})],
)
@pytest.mark.slow
def test_no_gap_is_found_where_places_fall_at_random(measure, options):
    """Everyone is equally likely to be near: at most one gap in twenty is flagged."""
    random = np.random.default_rng(8)
    side, cities = 12, 150
    asian = np.where(np.arange(side**2) % side < 4, 800, 100)  # one side of the town
    truth = np.column_stack([asian, 900 - asian])
    error = 4 * np.sqrt(truth)
    flagged = 0
    for _ in range(cities):
        costs = placed(random, 40)
        drawn = random.normal(truth, error)
        town = people(np.column_stack([range(side**2), drawn]))
        town["moe"] = 1.6448536 * error.T.ravel()
        table = reach.by_race(
            measure(costs, **options),
            town,
            without_each=catchment.without_each(measure, costs, **options),
            **FEW,
        )
        rows = table[(table["statistic"] == "difference") & (table["group"] == "Asian")]
        low, high = rows["conf_low"].item(), rows["conf_high"].item()
        flagged += not low <= 0 <= high
    # five in a hundred, and three standard deviations of chance beyond it
    assert flagged / cities <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / cities)


# --- identities ---------------------------------------------------------------------

towns = st.lists(
    st.tuples(st.floats(0.1, 50), st.integers(1, 900), st.integers(1, 900)),
    min_size=1,
    max_size=8,
)


def town_of(rows):
    areas = [str(number + 1) for number in range(len(rows))]
    everyone = people([(a, *r[1:]) for a, r in zip(areas, rows, strict=True)], 5)
    return near([row[0] for row in rows]), everyone


@relaxed
@given(towns)
def test_exchanging_group_and_reference_turns_the_comparison_round(rows):
    near_by, town = town_of(rows)
    one, other = (
        reach.by_race(near_by, town, reference=name, at_most=5, replicates=50)
        for name in ("White", "Asian")
    )
    for measure in one["measure"].unique():
        gap = values(one, measure, "difference")["Asian"]
        assert values(other, measure, "difference")["White"] == pytest.approx(-gap)
        ratio = values(one, measure, "ratio")["Asian"]
        if ratio > 0:
            assert values(other, measure, "ratio")["White"] == pytest.approx(1 / ratio)


@relaxed
@given(towns)
def test_everyone_is_the_weighted_mean_of_groups_and_within_their_range(rows):
    table = reach.by_race(*town_of(rows), at_most=5, **FEW)
    for measure in table["measure"].unique():
        level = values(table, measure)
        count = values(table, measure, column="population")
        groups = ["Asian", "White"]
        mean = np.average(
            [level[g] for g in groups], weights=[count[g] for g in groups]
        )
        assert level[EVERYONE] == pytest.approx(mean)
        assert (table["unknown_population"].abs() < 1e-9).all()


@relaxed
@given(towns)
def test_an_area_split_in_two_changes_no_estimate(rows):
    near_by, town = town_of(rows)
    halves = [(v, a / 2, w / 2) for v, a, w in rows for _ in range(2)]
    split = town_of(halves)
    one = reach.by_race(near_by, town, at_most=5, **FEW)
    other = reach.by_race(*split, at_most=5, **FEW)
    np.testing.assert_allclose(one["estimate"], other["estimate"], rtol=1e-9)
    one, other = (
        reach.inequality(*data, replicates=2) for data in ((near_by, town), split)
    )
    np.testing.assert_allclose(one["estimate"], other["estimate"], atol=1e-9)


@relaxed
@given(towns)
def test_inequality_is_that_of_the_cells(rows):
    """As `inequality` has it of cells of area and group, each with its residents."""
    table = reach.inequality(*town_of(rows), replicates=2)
    got = dict(
        zip(
            table["measure"].str.replace(f" of {KM}", ""),
            table["estimate"],
            strict=True,
        )
    )
    value = np.tile([row[0] for row in rows], 2)
    count = [row[1] for row in rows] + [row[2] for row in rows]
    race = np.repeat(["Asian", "White"], len(rows))
    parts = inequality.theil_parts(value, count, race)
    near_zero = {"abs": 1e-9}
    assert got["Theil index"] == pytest.approx(
        inequality.theil_index(value, count).estimate, **near_zero
    )
    assert got["Theil index, between groups"] == pytest.approx(
        parts.between, **near_zero
    )
    assert got["Theil index, within groups"] == pytest.approx(parts.within, **near_zero)
    assert got["mean log deviation"] == pytest.approx(
        inequality.mean_log_deviation(value, count).estimate, **near_zero
    )
    assert got["Gini coefficient"] == pytest.approx(
        inequality.gini_coefficient(value, count).estimate, **near_zero
    )


def test_inequality_of_people_of_one_matches_pysal():
    """inequality_a: PySAL inequality 1.1.2 and plain numpy, eight people."""
    incomes = [10.0, 20.0, 30.0, 40.0, 100.0, 55.0, 12.0, 18.0]
    town = pd.DataFrame(
        {"area": list("12345678"), "race": list("AAABBBCC"), "estimate": 1, "moe": None}
    )
    table = reach.inequality(near(incomes, measure="income"), town)
    got = table.set_index("measure")["estimate"]
    for name, want in {
        "Gini coefficient of income": 0.4039473684210526,
        "Theil index of income": 0.270101523662499,
        "mean log deviation of income": 0.27602564093520765,
        "Theil index of income, between groups": 0.19885046694085207,
        "Theil index of income, within groups": 0.07125105672164703,
    }.items():
        assert got[name] == pytest.approx(want, abs=1e-9), name


def test_inequality_at_the_edges():
    some = people([("1", 100, 900), ("2", 300, 10), ("3", 600, 100)], 20)
    name = "places within 1 km"
    table = reach.inequality(near([0, 2, np.nan], 1, name, HIGHER), some)
    got = table.set_index("measure")
    assert np.isnan(got.loc[f"mean log deviation of {name}", "estimate"])
    assert got.loc[f"Theil index of {name}", "estimate"] > 0
    assert got["unknown_population"].unique() == pytest.approx([700])
    nothing = reach.inequality(near([0, 0, 0], 1, name, HIGHER), some)
    assert nothing["estimate"].isna().all()
    alike = reach.inequality(near([3, 3, 3], 1, name, HIGHER), some)
    assert alike["estimate"].tolist() == pytest.approx(
        [0, 0, 0, np.nan, 0, 0], abs=1e-12, nan_ok=True
    )


def test_limits_of_inequality_hold_the_estimate_and_stop_at_its_ends():
    some = people([("1", 100, 900), ("2", 300, 10), ("3", 600, 100)], 30)
    table = reach.inequality(near([1, 2, 4]), some, replicates=200)
    assert (table["conf_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["conf_high"]).all()
    assert (table["conf_low"] >= 0).all()
    assert set(table["method"]) == {reach.CENSUS}


# --- refusals -----------------------------------------------------------------------


def test_inputs_stay_as_they_are():
    near_by, town, each = near([1, 2, 4]), TOWN.copy(), left_out([[1, 2, 5], [2, 2, 4]])
    copies = [frame.copy() for frame in (near_by, town, each)]
    reach.by_race(near_by, town, without_each=each, at_most=1, **FEW)
    reach.inequality(near_by, town)
    for frame, copy in zip((near_by, town, each), copies, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def test_impossible_values_are_refused():
    good = near([1, 2, 4])
    with pytest.raises(InputError, match="1 of 4 rows repeat an area"):
        reach.by_race(pd.concat([good, good.iloc[:1]]), TOWN, **FEW)
    with pytest.raises(InputError, match=r"1 of 3 areas .* such as '9'"):
        reach.by_race(good.assign(area=["1", "2", "9"]), TOWN, **FEW)
    with pytest.raises(InputError, match="measure of the values is not one but 2"):
        reach.by_race(good.assign(measure=["a", "a", "b"]), TOWN, **FEW)
    with pytest.raises(InputError, match="estimate is negative in 1 areas"):
        reach.inequality(near([1, -2, 4]), TOWN)
    with pytest.raises(ColumnNotFoundError, match="'direction'"):
        reach.by_race(good.drop(columns="direction"), TOWN, **FEW)
    with pytest.raises(ColumnNotFoundError, match="'left_out'"):
        reach.by_race(good, TOWN, without_each=good, **FEW)


def test_values_without_each_place_must_be_of_every_kind():
    good = near([1, 2, 4]).assign(kind="Library")
    each = left_out([[1, 2, 5], [2, 2, 4]]).assign(kind="Clinic")
    with pytest.raises(InputError, match="no rows of kind 'Library'"):
        reach.by_race(good, TOWN, without_each=each, **FEW)


def test_no_values_no_rows():
    nothing = near([]).assign(kind=[])
    assert reach.by_race(nothing, TOWN, at_most=1, **FEW).empty
    assert "estimate" in reach.by_race(nothing, TOWN, at_most=1, **FEW)
    assert reach.inequality(nothing, TOWN).empty


def test_no_residents_no_rows():
    nobody = TOWN.iloc[:0]
    table = reach.by_race(near([1, 2, 4]), nobody, at_most=1, **FEW)
    assert table.empty
    known = reach.by_race(near([1, 2, 4]).assign(kind="Hall"), TOWN, at_most=1, **FEW)
    assert set(table) == set(known)
    assert reach.inequality(near([1, 2, 4]), nobody).empty


def test_impossible_options_are_refused():
    good = near([1, 2, 4])
    with pytest.raises(ParamsError, match="both given"):
        reach.by_race(good, TOWN, at_most=1, at_least=1, **FEW)
    with pytest.raises(ParamsError, match="lower is better; expected at_most"):
        reach.by_race(good, TOWN, at_least=1, **FEW)
    with pytest.raises(ParamsError, match="confidence is 95"):
        reach.by_race(good, TOWN, confidence=95, **FEW)
    with pytest.raises(UnknownGroupError, match="'Black' matches 0 rows"):
        reach.by_race(good, TOWN, reference="Black")
