"""Rounding: what is shown fits as many counts as the base says."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import DisclosureError, ParamsError
from equity.measure import intervals
from equity.publish import rounding
from equity.publish.protect import MIN_CELL_DEFAULT, ROUNDING, protect


def test_the_base_of_acro(shared):
    """ACRO 1.0.2 default.yaml: threshold 10, rounding base 5."""
    defaults = json.loads((shared / "references/sdc_acro_defaults.json").read_text())
    assert defaults["expected"]["safe_round_base"] in ROUNDING
    assert defaults["expected"]["safe_threshold"] == MIN_CELL_DEFAULT


@given(st.integers(0, 5000), st.sampled_from([3, 5, 10]), st.integers(5, 30))
@settings(deadline=None)
def test_the_bounds_of_a_rounded_count(count, base, min_cell):
    if 0 < count < min_cell:
        return
    shown = rounding.rounded(pd.Series([count]), base)[0]
    assert shown % base == 0
    low, high = rounding.bounds(shown, base, min_cell)
    assert low <= count <= high
    alike = [
        k
        for k in range(max(0, count - 20), count + 20)
        if (k == 0 or k >= min_cell)
        and rounding.rounded(pd.Series([k]), base)[0] == shown
    ]
    assert (low, high) == (alike[0], alike[-1])


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_as_many_numerators_fit_a_rounded_proportion(data):
    base = data.draw(st.sampled_from([3, 5, 10]))
    people = data.draw(st.integers(40, 3000))
    events = data.draw(st.integers(20, people - 20))
    near = np.arange(max(0, events - 60), min(people, events + 60) + 1)
    low, high = intervals.wilson(near, np.full(len(near), people))
    table = pd.DataFrame(
        {"group": "A", "events": [events], "population": people,
         "estimate": events / people, "confidence": 0.95,
         "conf_low": low[near == events], "conf_high": high[near == events]}
    )  # fmt: skip
    row = protect(table, rounding=base, lines=None).frame.iloc[0]
    if pd.isna(row["estimate"]):
        assert people < 40 * base
        assert row["suppressed"] == "imprecise"
        return
    step = rounding._units(table, base)[0]
    fit = np.ones(len(near), dtype=bool)
    for name, values, ward in (
        ("estimate", near / people, np.round),
        ("conf_low", low, np.floor),
        ("conf_high", high, np.ceil),
    ):
        assert (
            row[name] / step == pytest.approx(round(row[name] / step)) or row[name] == 1
        )
        fit &= np.isclose(np.minimum(ward(values / step) * step, 1), row[name])
    assert fit.sum() >= base


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_rounded_interval_holds_the_one_it_was_and_stays_a_proportion(data):
    people = data.draw(st.integers(100, 3000))
    events = people - data.draw(st.integers(10, 40))
    low, high = intervals.wilson(events, people)
    table = pd.DataFrame(
        {"group": "A", "events": [events], "population": people,
         "estimate": events / people, "confidence": 0.95,
         "conf_low": low, "conf_high": high}
    )  # fmt: skip
    row = protect(table, rounding=10, lines=None).frame.iloc[0]
    if pd.isna(row["estimate"]):
        assert row["suppressed"] == "imprecise"
        return
    assert 0 <= row["conf_low"] <= low + 1e-9
    assert high - 1e-9 <= row["conf_high"] <= 1
    assert row["conf_low"] <= row["estimate"] <= row["conf_high"]


def test_comparisons_and_shares_are_rounded_too():
    table = pd.DataFrame(
        {
            "group": ["A", "B"] * 3,
            "statistic": np.repeat(["level", "difference", "ratio"], 2),
            "measure": np.repeat(["rate", "difference", "ratio"], 2),
            "reference": [None, None, "B", "B", "B", "B"],
            "events": [137, 222] * 3,
            "population": [1013, 2018] * 3,
            "estimate": [0.135242, 0.110010, 0.025232, 0.0, 1.229361, 1.0],
            "conf_low": [0.115, 0.097, 0.001, np.nan, 1.01, np.nan],
            "conf_high": [0.158, 0.124, 0.052, np.nan, 1.49, np.nan],
            "people_to_parity": [26, 0] * 3,
        }
    )
    shown = protect(table, rounding=5, lines=None)
    frame = shown.frame
    assert frame["events"].tolist() == [135, 220] * 3
    assert frame["population"].tolist() == [1015, 2020] * 3
    assert frame["people_to_parity"].tolist() == [25, 0] * 3
    assert frame.loc[2, "estimate"] == pytest.approx(0.025)
    assert frame.loc[4, "estimate"] == pytest.approx(1.25)
    assert shown.notes[0] == "Counts are rounded to the nearest 5."
    ledger = pd.DataFrame({"rule": ["used", "late"], "rows": [973, 41]})
    ledger["share"] = ledger["rows"] / ledger["rows"].sum()
    assert protect(ledger, rounding=10).frame["share"].tolist() == [0.96, 0.04]


def test_masked_counts_are_widened():
    table = pd.DataFrame(
        {"group": ["A"], "events": [np.nan], "events_low": [62], "events_high": [68],
         "population": [100]}
    )  # fmt: skip
    row = protect(table, rounding=5, lines=None).frame.iloc[0]
    assert (row["events_low"], row["events_high"]) == (60, 70)


# --- quantiles of pay ---------------------------------------------------------


def pay() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["A", "B", "C"],
            "workers": [400, 30, 19],
            "median_pay": [61_499.0, 70_501.0, 52_345.0],
            "lower_pay": [41_200.0, 50_800.0, 40_000.0],
        }
    )


def test_quantiles_need_people_on_each_side(shared):
    """`dis-09`: at least ten on each side, rounded to 1,000."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    assert (
        "rounded to 1000" in next(a for a in attacks if a["id"] == "dis-09")["pass_if"]
    )
    quantiles = {"median_pay": 0.5, "lower_pay": 0.25}
    protected = protect(pay(), lines=None, quantiles=quantiles)
    shown = protected.frame
    assert shown["median_pay"].fillna(0).tolist() == [61_000, 71_000, 0]
    assert shown["lower_pay"].fillna(0).tolist() == [41_000, 0, 0]
    assert shown["suppressed"].fillna("").tolist() == ["", "imprecise", "imprecise"]
    assert "rounded to 1,000" in protected.notes[0]


@pytest.mark.parametrize(
    "name", ["min_pay", "pay_max", "minimum", "Maximum", "outlier_1", "whisker_low"]
)
def test_single_persons_values_are_refused(name):
    """`dis-09`: no minimum, maximum or outlier at all."""
    with pytest.raises(DisclosureError, match="single persons"):
        protect(pay().assign(**{name: 9}), public=[name])


@pytest.mark.parametrize("share", [0, 1, -0.5, True])
def test_probabilities_lie_between(share):
    with pytest.raises(ParamsError, match="between 0 and 1"):
        protect(pay(), quantiles={"median_pay": share})


def test_counts_in_parts_are_rounded_like_whole_ones():
    """Requests of a cut area are split: 526.05 of 526.07 are on time, nearly all."""
    table = pd.DataFrame({"area": ["A", "B"], "events": [526.05, 4050.5]})
    table = table.assign(population=[526.07, 9000.25], confidence=0.95)
    share = table["events"] / table["population"]
    table = table.assign(estimate=share, conf_low=share - 0.1, conf_high=share + 0.1)
    shown = protect(table, rounding=10, lines=None).frame
    assert shown["events"].tolist() == [530, 4050]
    assert shown["estimate"].tolist()[1] == pytest.approx(0.45)
