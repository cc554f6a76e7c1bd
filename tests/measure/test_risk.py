"""Risk ratios of special education law, against the technical guide and identities."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import disparity, impact, risk
from equity.measure.table import HIGHER, MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)

GROUPS = ["Hispanic/Latino", "AIAN", "Asian", "Black", "NHOPI", "White", "Two or more"]
# idea_ta_4_1, _6_1 and _9_1: IDEA Data Center, Bollmer et al. (2014), Technical
# Assistance Guide (Revised), worked examples; idea_ta_5_1: the same, section 5.1
DISTRICT = pd.DataFrame(
    {
        "group": GROUPS,
        "events": [121, 11, 18, 316, 21, 732, 3],
        "population": [6002, 311, 1213, 6224, 212, 34897, 3175],
    }
)
ONE_GROUP = pd.DataFrame(
    {
        "group": GROUPS,
        "events": [0, 0, 0, 189, 0, 0, 0],
        "population": [500, 25, 154, 4697, 51, 386, 76],
    }
)
STATE = pd.DataFrame(
    {
        "group": GROUPS,
        # the guide prints 76 for two or more races here; its total needs 132
        "events": [780, 47, 161, 3110, 45, 3935, 132],
        "population": [69672, 1991, 13934, 73653, 1424, 238875, 15287],
    }
)


def statistic(found, name):
    return found[found["statistic"] == name].set_index("group")


def expected(shared, case):
    found = json.loads((shared / "references" / f"{case}.json").read_text())
    return pd.DataFrame(found["expected"]["all_groups"]).T


def test_risk_ratio_and_difference_match_the_guide(shared):
    wanted = expected(shared, "idea_ta_4_1")
    found = risk.against_others(DISTRICT)
    for name, column in {
        "level": "risk",
        "difference": "risk_difference",
        "ratio": "risk_ratio",
    }.items():
        rows = statistic(found, name)
        np.testing.assert_allclose(
            rows["estimate"], wanted.loc[rows.index, column], atol=1e-9
        )


def test_risk_ratio_prints_as_published():
    # published in section 4.1: 5.08 percent, 1.98 percent, 2.57
    found = risk.against_others(DISTRICT)
    black = statistic(found, "ratio").loc["Black"]
    assert round(black["estimate"], 2) == 2.57
    assert round(black["others_events"] / black["others_population"], 4) == 0.0198
    assert round(statistic(found, "level").loc["Black", "estimate"], 4) == 0.0508


def test_alternate_risk_ratio_matches_the_guide(shared):
    wanted = expected(shared, "idea_ta_5_1")
    found = risk.alternate_risk_ratio(ONE_GROUP, STATE).set_index("group")
    np.testing.assert_allclose(
        found["estimate"], wanted.loc[GROUPS, "alternate_risk_ratio"], atol=1e-9
    )
    assert round(found.loc["Black", "estimate"], 2) == 2.69  # as published
    nobody = found.loc["White"]
    assert nobody["conf_low"] == 0
    assert 0 < nobody["conf_high"] < 1  # a group without events has an upper limit


def test_weighted_risk_ratio_matches_the_guide(shared):
    wanted = expected(shared, "idea_ta_6_1")
    found = risk.weighted_risk_ratio(DISTRICT, STATE).set_index("group")
    for name, column in {
        "estimate": "weighted_risk_ratio",
        "weighted_risk": "weighted_risk",
        "weighted_risk_others": "weighted_risk_others",
    }.items():
        np.testing.assert_allclose(found[name], wanted.loc[GROUPS, column], atol=1e-9)


def test_composition_and_e_formula_match_the_guide(shared):
    wanted = expected(shared, "idea_ta_9_1")
    found = risk.composition(DISTRICT).set_index("group")
    for name, column in {
        "estimate": "composition",
        "enrolment_share": "enrollment_share",
        "relative_difference": "relative_diff",
        "upper_bound": "E_upper_bound",
    }.items():
        np.testing.assert_allclose(found[name], wanted.loc[GROUPS, column], atol=1e-9)
    np.testing.assert_allclose(
        found["difference"] * 100, wanted.loc[GROUPS, "composition_diff_pp"], atol=1e-9
    )
    black = found.loc["Black"]  # as published
    assert round(black["upper_bound"], 3) == 0.129
    assert round(100 * black["difference"], 1) == 13.9


def of_two(a, b, n, m):
    return pd.DataFrame({"group": ["A", "B"], "events": [a, b], "population": [n, m]})


@st.composite
def two(draw):
    n, m = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    return of_two(draw(st.integers(0, n)), draw(st.integers(0, m)), n, m)


@relaxed
@given(two())
def test_of_two_groups_the_others_are_the_reference(counts):
    # identity: with two groups the others of one are the other
    before = counts.copy()
    found = risk.against_others(counts)
    ratio = statistic(found, "ratio").loc["A", "estimate"]
    reference = disparity.ratio(counts, reference="B")["estimate"][0]
    assert ratio == pytest.approx(reference, nan_ok=True)
    gap = statistic(found, "difference").loc["A"]
    wanted = disparity.difference(counts, reference="B").iloc[0]
    assert gap[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        wanted[["estimate", "conf_low", "conf_high"]].tolist()
    )
    back = statistic(found, "ratio").loc["B", "estimate"]
    if ratio > 0 and back > 0:
        assert ratio * back == pytest.approx(1)
    known = found.dropna(subset=["estimate", "conf_low", "conf_high"])
    assert (known["conf_low"] <= known["estimate"] + 1e-9).all()
    assert (known["conf_high"] >= known["estimate"] - 1e-9).all()
    pd.testing.assert_frame_equal(counts, before)


@relaxed
@given(two())
def test_weights_of_the_district_itself_give_the_plain_ratio(counts):
    # identity: weighted as the district is made up, nothing changes
    plain = statistic(risk.against_others(counts), "ratio")["estimate"]
    found = risk.weighted_risk_ratio(counts, counts)
    np.testing.assert_allclose(found["estimate"], plain, rtol=1e-9)


@relaxed
@given(two(), st.sampled_from([HIGHER, "lower is better"]))
def test_people_to_parity_are_the_fewest_that_reach_it(counts, direction):
    found = statistic(risk.against_others(counts, direction=direction), "level")
    sign = 1 if direction == HIGHER else -1
    for row in found.itertuples():
        needed = row.people_to_parity
        wanted = row.others_events * row.population

        def reached(people, row=row):
            return sign * ((row.events + sign * people) * row.others_population)

        assert reached(needed) >= sign * wanted
        assert needed == 0 or reached(needed - 1) < sign * wanted


def test_shares_add_up_and_agree_with_the_proportionality_index():
    # identity: shares of outcome and of enrolment both add up to one
    found = risk.composition(DISTRICT)
    assert found["estimate"].sum() == pytest.approx(1)
    assert found["difference"].sum() == pytest.approx(0, abs=1e-12)
    # the proportionality index is the same comparison, as a ratio
    index = impact.proportionality_index(DISTRICT)["estimate"]
    np.testing.assert_allclose(1 + found["relative_difference"], index)


def test_limits_of_ratios_hold_in_simulation():
    # 80 districts at known risks: nominally 95 percent
    random = np.random.default_rng(2)
    people, share = np.array([150, 400, 1200]), np.array([0.12, 0.05, 0.04])
    weight = np.array([0.25, 0.25, 0.5])
    state = pd.DataFrame({"group": list("ABC"), "population": weight * 1e6})
    truth = {
        "plain": share[0] / (people[1:] @ share[1:] / people[1:].sum()),
        "weighted": (1 - weight[0]) * share[0] / (weight[1:] @ share[1:]),
    }
    held = {name: [] for name in truth}
    for _ in range(80):
        counts = pd.DataFrame(
            {
                "group": list("ABC"),
                "events": random.binomial(people, share),
                "population": people,
            }
        )
        tables = {
            "plain": statistic(risk.against_others(counts), "ratio"),
            "weighted": risk.weighted_risk_ratio(counts, state).set_index("group"),
        }
        for name, table in tables.items():
            row = table.loc["A"]
            held[name].append(row["conf_low"] <= truth[name] <= row["conf_high"])
    for name, hits in held.items():
        assert 0.9 <= np.mean(hits) <= 0.99, name


def test_masked_zero_and_absent_counts_differ():
    counts = pd.DataFrame(
        {
            "group": ["Hidden", "None", "Nobody", "White"],
            "events": [np.nan, 0, 0, 40],
            "population": [12, 30, 0, 400],
        }
    )
    found = risk.against_others(counts)
    level = statistic(found, "level")["estimate"]
    assert level.isna().tolist() == [True, False, True, False]
    # what is hidden is in everybody else's others
    ratio = statistic(found, "ratio")
    assert ratio["estimate"].isna().tolist() == [True] * 4
    clear = risk.against_others(counts.iloc[1:])
    ratio = statistic(clear, "ratio")
    assert ratio.loc["None", "estimate"] == 0
    assert ratio.loc["None", "conf_high"] > 0
    assert np.isnan(ratio.loc["White", "estimate"])  # no other has the outcome
    weighted = risk.weighted_risk_ratio(
        clear[clear["statistic"] == "level"][["group", "events", "population"]],
        pd.DataFrame(
            {"group": ["None", "Nobody", "White"], "population": [100, 10, 900]}
        ),
    )
    # nobody of the second in the district: its risk is not known, nor what it enters
    assert weighted["estimate"].isna().all()
    without = risk.weighted_risk_ratio(
        counts.iloc[1:],
        pd.DataFrame(
            {"group": ["None", "Nobody", "White"], "population": [100, 0, 900]}
        ),
    )
    assert without["estimate"].notna().tolist() == [True, False, False]


def test_more_is_better_counts_those_missing():
    found = risk.against_others(of_two(20, 90, 50, 100), direction=HIGHER)
    level = statistic(found, "level")
    assert level["people_to_parity"].tolist() == [25, 0]  # 0.9 x 50 - 20
    assert level["direction"].eq(HIGHER).all()


def test_the_table_and_its_refusals():
    found = risk.against_others(DISTRICT)
    assert set(MEASURE_COLUMNS) <= set(found.columns)
    assert len(found) == 21
    assert found.loc[found["statistic"] == "level", "reference"].isna().all()
    with pytest.raises(ParamsError, match="direction is 'down'"):
        risk.against_others(DISTRICT, direction="down")
    twice = pd.concat([DISTRICT, DISTRICT.iloc[:1]])
    with pytest.raises(InputError, match="repeated in 1 of 8 rows"):
        risk.against_others(twice)
    with pytest.raises(InputError, match=r"\['AIAN'\] of the district have no row"):
        risk.alternate_risk_ratio(DISTRICT, STATE.drop(index=1))
    with pytest.raises(InputError, match=r"\['AIAN'\] of the state have no row"):
        risk.weighted_risk_ratio(DISTRICT.drop(index=1), STATE)
    with pytest.raises(ColumnNotFoundError, match="events"):
        risk.composition(DISTRICT.drop(columns="events"))
    with pytest.raises(InputError, match="events exceeds population"):
        risk.against_others(of_two(5, 1, 4, 9))
