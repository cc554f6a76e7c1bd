"""Survival curves, quantiles, restricted means and log-rank tests of waiting times."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from equity.errors import InputError, ParamsError, UnknownGroupError
from equity.measure import timeliness
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=40, derandomize=True)


def tally(group, time, event, **further):
    """One row per person, as counts: the smallest counts there are."""
    return pd.DataFrame(
        {"group": group, "days": time, "closed": event, "censored": 1 - event} | further
    )


@pytest.fixture(scope="module")
def lung(shared):
    """R survival::lung, case surv_lung; R survival 3.5-3 and survRM2."""
    case = json.loads((shared / "references" / "surv_lung.json").read_text())
    rows = pd.read_csv(shared / "references" / "data" / "lung.csv")
    counts = tally("sex=" + rows["sex"].astype(str), rows["time"], rows["ev"])
    return case["expected"], counts.assign(ecog=rows["ph.ecog"])


@pytest.fixture(scope="module")
def pbc(shared):
    """The pbc trial, case surv_pbc_rmst; survRM2, vignette 3-2."""
    case = json.loads((shared / "references" / "surv_pbc_rmst.json").read_text())
    rows = pd.read_csv(shared / "references" / "data" / "pbc_rmst2.csv")
    arms = "arm" + rows["arm"].astype(str)
    return case["expected"], tally(arms, rows["time"], rows["status"])


def test_the_curve_is_that_of_r(lung):
    expected, counts = lung
    table = timeliness.survival(counts, days=[180, 365, 730], limits="log")
    truth = pd.DataFrame(expected["at"])
    assert table["group"].tolist() == truth["strata"].tolist()
    names = {"at_risk": "n.risk", "estimate": "surv", "se": "se"}
    names |= {"conf_low": "lower", "conf_high": "upper"}
    for ours, theirs in names.items():
        np.testing.assert_allclose(table[ours], truth[theirs], rtol=1e-6)


@pytest.mark.parametrize(
    ("limits", "key"), [("log", "med_ci_log"), ("log-log", "med_ci_loglog")]
)
def test_quartiles_and_their_limits_are_those_of_r(lung, limits, key):
    expected, counts = lung
    table = timeliness.quantiles(counts, limits=limits)
    np.testing.assert_allclose(table["estimate"], np.ravel(expected["q"]), rtol=1e-6)
    median = table[table["probability"] == 0.5]
    ends = median[["conf_low", "conf_high"]].to_numpy()
    np.testing.assert_allclose(ends, expected[key], rtol=1e-6)


def test_means_up_to_the_last_day_are_those_of_r(lung):
    expected, counts = lung
    table = timeliness.restricted_mean(
        counts, horizon=1022, reference="sex=1", extend=True
    )
    level = select(table, statistic="level")
    for row, truth in zip(level.itertuples(), expected["table"], strict=True):
        assert row.estimate == pytest.approx(truth["rmean"], rel=1e-6)
        assert row.se == pytest.approx(truth["se(rmean)"], rel=1e-6)
        assert row.population == truth["records"]
        assert row.events == truth["events"]


@pytest.mark.parametrize(("name", "horizon"), [("lung", 600), ("pbc", 10)])
def test_restricted_means_are_those_of_survrm2(request, name, horizon):
    expected, counts = request.getfixturevalue(name)
    expected = expected.get("rmst600", expected)
    arms = sorted(counts["group"].unique())
    table = timeliness.restricted_mean(counts, horizon=horizon, reference=arms[0])
    level = select(table, statistic="level")
    for row, key in zip(level.itertuples(), ("arm0", "arm1"), strict=True):
        truth = expected[key][0]
        found = [row.estimate, row.se, row.conf_low, row.conf_high]
        np.testing.assert_allclose(found, truth, rtol=1e-6)
        assert row.lost == pytest.approx(expected[key][1][0], rel=1e-6)
    for statistic, truth in zip(
        ("difference", "ratio"), expected["contrast"][:2], strict=True
    ):
        row = select(table, statistic=statistic, group=arms[1]).iloc[0]
        found = row[["estimate", "conf_low", "conf_high", "p_value"]].astype(float)
        np.testing.assert_allclose(found, truth, rtol=1e-6)


def test_log_rank_tests_are_those_of_r(lung):
    expected, counts = lung
    plain, truth = timeliness.log_rank(counts), expected["logrank"]
    for ours, theirs in {"population": "n", "events": "obs", "expected": "exp"}.items():
        np.testing.assert_allclose(plain[ours], truth[theirs], rtol=1e-6)
    assert plain["chi_squared"].tolist() == pytest.approx([truth["chisq"]] * 2)
    assert plain["degrees"].tolist() == [1, 1]
    assert plain["p_value"][0] == pytest.approx(truth["p"], rel=1e-6)
    known = counts.dropna(subset=["ecog"])
    strat = timeliness.log_rank(known, strata=["ecog"])
    assert strat["chi_squared"][0] == pytest.approx(expected["strat"], rel=1e-6)
    peto = timeliness.log_rank(counts, weights="Peto-Peto")
    assert peto["chi_squared"][0] == pytest.approx(expected["peto"], rel=1e-6)


def test_a_curve_that_rests_on_one_half_has_its_median_in_the_middle():
    """R gives the midpoint, some programs the first day: ours is R's."""
    counts = pd.DataFrame({"group": "A", "days": [3, 8], "closed": 5, "censored": 0})
    table = timeliness.quantiles(counts, probabilities=[0.5])
    assert table["estimate"].tolist() == [5.5]
    last = pd.DataFrame({"group": "A", "days": [3, 9], "closed": [5, 0]})
    table = timeliness.quantiles(last.assign(censored=[0, 5]), probabilities=[0.5])
    assert table["estimate"].tolist() == [6.0]  # from the third to the last day known


waits = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 9)),
    min_size=1,
    max_size=12,
).filter(lambda rows: sum(closed for _, closed, _ in rows) > 1)


def as_counts(rows, group="A"):
    days, closed, censored = zip(*rows, strict=True)
    return pd.DataFrame(
        {"group": group, "days": days, "closed": closed, "censored": censored}
    )


@relaxed
@given(waits)
def test_the_curve_is_that_of_statsmodels(rows):
    counts = as_counts(rows)
    times = np.repeat(counts["days"], counts["closed"] + counts["censored"])
    status = np.concatenate([[1] * c + [0] * o for _, c, o in rows])
    peer = SurvfuncRight(times.to_numpy(), status)
    table = timeliness.survival(counts, days=peer.surv_times)
    np.testing.assert_allclose(table["estimate"], peer.surv_prob, atol=1e-9)
    np.testing.assert_allclose(table["at_risk"], peer.n_risk)
    some = (peer.surv_prob > 0) & (peer.surv_prob < 1)
    np.testing.assert_allclose(table["se"][some], peer.surv_prob_se[some], rtol=1e-6)


@relaxed
@given(waits, st.integers(1, 40))
def test_the_mean_and_what_is_lost_make_the_horizon(rows, horizon):
    table = timeliness.restricted_mean(
        as_counts(rows), horizon=horizon, reference="A", extend=True
    )
    level = select(table, statistic="level").iloc[0]
    assert level["estimate"] + level["lost"] == pytest.approx(horizon)
    assert level["conf_low"] <= level["estimate"] <= level["conf_high"]


@relaxed
@given(waits, waits)
def test_exchanging_the_groups_turns_the_comparison(first, second):
    counts = pd.concat([as_counts(first), as_counts(second, "B")])
    one, two = (
        timeliness.on_time(counts, target_days=7, reference=base) for base in "AB"
    )
    one = select(one, statistic="difference", group="B").iloc[0]
    two = select(two, statistic="difference", group="A").iloc[0]
    ours = one[["estimate", "conf_low", "conf_high"]].to_numpy(float)
    theirs = -two[["estimate", "conf_high", "conf_low"]].to_numpy(float)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    tests = timeliness.log_rank(counts)
    assert tests["events"].sum() == pytest.approx(tests["expected"].sum())


def test_with_nothing_open_the_curve_is_the_share():
    counts = pd.DataFrame({"group": "A", "days": range(1, 11), "closed": 7})
    table = timeliness.survival(counts.assign(censored=0), days=[4, 10])
    assert table["estimate"].tolist() == pytest.approx([0.6, 0.0])
    mean = timeliness.restricted_mean(
        counts.assign(censored=0), horizon=10, reference="A"
    )
    assert mean["estimate"][0] == pytest.approx(5.5)


def test_counts_can_be_split_and_days_can_be_stretched(lung):
    _, counts = lung
    whole = timeliness.quantiles(counts)
    split = pd.concat([counts.assign(closed=counts["closed"] / 2)] * 2)
    split = split.assign(censored=split["censored"] / 2)
    measured = ["estimate", "conf_low", "conf_high"]
    pd.testing.assert_frame_equal(
        timeliness.quantiles(split)[measured], whole[measured]
    )
    hours = timeliness.quantiles(counts.assign(days=counts["days"] * 24))
    pd.testing.assert_frame_equal(hours[measured] / 24, whole[measured])


def test_a_million_times_the_requests_are_the_same_curve(lung):
    _, counts = lung
    more = counts.assign(
        closed=counts["closed"] * 1e6, censored=counts["censored"] * 1e6
    )
    few, many = (timeliness.survival(c, days=[180, 365]) for c in (counts, more))
    np.testing.assert_allclose(few["estimate"], many["estimate"])
    np.testing.assert_allclose(few["se"], many["se"] * 1e3)


def test_what_nobody_was_followed_for_is_not_known():
    counts = pd.DataFrame({"group": "A", "days": [2, 9], "closed": [6, 0]})
    counts = counts.assign(censored=[0, 4])
    late = timeliness.survival(counts, days=[9, 10])
    assert late["estimate"].tolist()[0] == pytest.approx(0.4)
    assert np.isnan(late["estimate"][1])
    assert np.isnan(timeliness.quantiles(counts, probabilities=[0.7])["estimate"][0])
    options = {"horizon": 20, "reference": "A"}
    assert np.isnan(timeliness.restricted_mean(counts, **options)["estimate"][0])
    held = timeliness.restricted_mean(counts, extend=True, **options)
    assert held["estimate"][0] == pytest.approx(2 + 0.4 * 18)


def test_none_and_all_closed_have_exact_limits():
    """Clopper and Pearson: with 0 of 20 events the upper limit is 0.1684."""
    counts = pd.DataFrame({"group": "A", "days": [5], "closed": [20], "censored": [0]})
    table = timeliness.survival(counts, days=[4, 5])
    assert table["conf_low"].tolist() == pytest.approx([1 - 0.1684, 0], abs=5e-5)
    assert table["conf_high"].tolist() == pytest.approx([1, 0.1684], abs=5e-5)


def test_the_reference_is_compared_with_nobody(lung):
    _, counts = lung
    before = counts.copy()
    table = timeliness.on_time(counts, target_days=365, reference="sex=1")
    pd.testing.assert_frame_equal(counts, before)
    assert set(MEASURE_COLUMNS) <= set(table)
    own = table[(table["group"] == "sex=1") & (table["statistic"] != "level")]
    assert own[["conf_low", "conf_high"]].isna().all().all()
    other = select(table, group="sex=2", statistic="difference").iloc[0]
    assert other["conf_low"] < other["estimate"] < other["conf_high"] < 0


def test_what_cannot_be_used_is_refused():
    good = pd.DataFrame({"group": ["A"], "days": [2], "closed": [1], "censored": [0]})
    with pytest.raises(InputError, match="column closed is negative or missing in 1"):
        timeliness.survival(good.assign(closed=-1), days=[1])
    with pytest.raises(InputError, match="column days is negative or missing in 1"):
        timeliness.quantiles(good.assign(days=np.nan))
    with pytest.raises(ParamsError, match="one of log-log, log"):
        timeliness.quantiles(good, limits="plain")
    with pytest.raises(ParamsError, match=r"0\.5 is the median"):
        timeliness.quantiles(good, probabilities=[50])
    with pytest.raises(InputError, match="a test compares groups"):
        timeliness.log_rank(good)
    with pytest.raises(InputError, match="expected a positive number of days"):
        timeliness.restricted_mean(good, horizon=0, reference="A")
    with pytest.raises(UnknownGroupError, match="'B' matches 0 rows"):
        timeliness.on_time(good, target_days=1, reference="B")
