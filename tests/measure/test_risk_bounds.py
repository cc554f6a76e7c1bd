"""Risk against all others with hidden counts: never narrower than any count inside."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import outcomes, risk, risk_bounds

GROUPS = ["Black", "White", "Asian"]


def frame(low, high, population):
    low, high, population = (np.asarray(each) for each in (low, high, population))
    return pd.DataFrame(
        {
            **{"group": GROUPS, "events_low": low, "events_high": high},
            **{"others_low": population - high, "others_high": population - low},
        }
    )


def test_exact_counts_are_those_of_risk():
    """Bollmer et al. 2014 in the package's own measure: 316, 732 and 18 students."""
    events, population = [316, 732, 18], [6224, 34897, 1213]
    found = risk_bounds.against_others(frame(events, events, population))
    plain = risk.against_others(
        pd.DataFrame({"group": GROUPS, "events": events, "population": population})
    )
    names = ["group", "statistic", "measure", "estimate", "conf_low", "conf_high"]
    pd.testing.assert_frame_equal(found[names], plain[names])
    assert found["method"].tolist() == plain["method"].tolist()
    assert set(found["reliability"]) == {risk_bounds.EXACT}
    assert found["events"].to_list() == events * 3


@given(
    st.lists(st.integers(1, 80), min_size=3, max_size=3),
    st.lists(st.integers(0, 9), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_every_count_that_may_be_hidden_lies_inside(low, width, part):
    high = np.add(low, width)
    inner = np.add(low, np.floor(np.multiply(width, part))).astype(int)
    population = [120, 200, 90]
    seen = risk_bounds.against_others(frame(low, high, population))
    real = risk.against_others(
        pd.DataFrame({"group": GROUPS, "events": inner, "population": population})
    )
    slack = 1e-9
    assert (seen["low"] - slack <= real["estimate"]).all()
    assert (real["estimate"] <= seen["high"] + slack).all()
    known = seen["estimate"].notna()
    others = seen["statistic"] != "level"
    rows = known & others
    assert (seen["conf_low"] <= real["conf_low"] + slack)[rows].all()
    assert (seen["conf_high"] + slack >= real["conf_high"])[rows].all()


def test_too_wide_and_unknown():
    found = risk_bounds.against_others(frame([1, 40, 10], [9, 40, 10], [20, 200, 90]))
    words = found.set_index(["group", "statistic"])["reliability"]
    assert words["Black", "ratio"] == risk_bounds.WIDE
    assert words["White", "ratio"] == risk_bounds.MASKED
    assert found.set_index(["group", "statistic"])["estimate"].isna()["Black", "level"]
    open_ended = frame([1.0, 40, 10], [9, 40, 10], [20, 200, 90])
    open_ended.loc[0, "others_high"] = np.nan
    found = risk_bounds.against_others(open_ended)
    assert found.loc[found["statistic"] == "ratio", "estimate"].isna().all()


def test_counts_of_a_year_from_the_totals():
    rows = pd.DataFrame(
        {
            **{"outcome": "suspension", "direction": "lower is better"},
            "year": ["2024"] * 3 + ["2025"] * 3,
            "race": pd.Categorical(GROUPS * 2, GROUPS),
            **{"population": 100, "events_low": 5, "events_high": [5, 5, 9] * 2},
        }
    )
    found = outcomes.counts(rows, outcome="suspension")
    assert found["year"].tolist() == ["2024"] * 3 + ["2025"] * 3
    assert found["events"].isna().tolist() == [False, False, True] * 2
    assert found["direction"].unique().tolist() == ["lower is better"]
    table = risk_bounds.against_others(found[found["year"] == "2025"])
    assert table["direction"].unique().tolist() == ["lower is better"]
    assert outcomes.counts(rows, outcome="graduation").empty
    mixed = rows.assign(direction=["lower is better", "higher is better", ""] * 2)
    with pytest.raises(InputError, match="column direction says"):
        outcomes.counts(mixed, outcome="suspension")


def test_lower_is_better_in_the_comparison_with_a_reference():
    """Ten of 100 against 4 of 100: six fewer would do; where more is better, none."""
    rows = pd.DataFrame(
        {
            **{"outcome": "suspension", "direction": "lower is better"},
            "race": pd.Categorical(["Black", "White"], ["Black", "White"]),
            **{"population": 100, "events_low": [10, 4], "events_high": [10, 4]},
        }
    )
    found = outcomes.by_race(rows, outcome="suspension", reference="White")
    assert found["people_to_parity"].tolist()[:2] == [6, 0]
    assert set(found["direction"]) == {"lower is better"}
    better = rows.assign(direction="higher is better")
    found = outcomes.by_race(better, outcome="suspension", reference="White")
    assert found["people_to_parity"].tolist()[:2] == [0, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"events_low": -1}, "events_low is negative or not whole in 3 rows"),
        ({"events_low": 9.5}, "events_low is negative or not whole"),
        ({"events_low": 50}, "events_low exceeds events_high in 3 rows"),
        ({"group": "Black"}, "2 of 3 rows repeat a group"),
    ],
)
def test_refusals(change, words):
    with pytest.raises(InputError, match=words):
        risk_bounds.against_others(frame([5] * 3, [9] * 3, [90] * 3).assign(**change))


def test_more_refusals():
    good = frame([5] * 3, [9] * 3, [90] * 3)
    with pytest.raises(ColumnNotFoundError, match="others_low"):
        risk_bounds.against_others(good.drop(columns="others_low"))
    with pytest.raises(ParamsError, match="direction"):
        risk_bounds.against_others(good, direction="sideways")
