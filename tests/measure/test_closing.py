"""Is it closing? Changes by hand, regressions, breaks, hidden counts, false alarms."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import closing, outcomes, proficiency
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=25, derandomize=True)
YEARS = ["2021-22", "2022-23", "2023-24", "2024-25"]


def gaps(*estimates, error=0.02, group="Black", **further):
    return pd.DataFrame(
        {
            "year": YEARS[: len(estimates)],
            "group": group,
            "estimate": estimates,
            "standard_error": error,
            **further,
        }
    )


def row(table, statistic=closing.CHANGE, **values):
    for name, value in {"statistic": statistic, **values}.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def words(*estimates, statistic=closing.CHANGE, **further):
    return row(closing.change(gaps(*estimates, **further)), statistic)["reliability"]


def test_change_by_hand():
    """-0.12 less -0.20, with errors of 0.02 and 0.02: 0.08, error 0.02 times root 2."""
    found = row(closing.change(gaps(-0.20, -0.16, -0.12)))
    assert found["estimate"] == pytest.approx(0.08)
    assert found["standard_error"] == pytest.approx(0.02 * np.sqrt(2))
    z = 0.08 / (0.02 * np.sqrt(2))
    assert found["p_value"] == pytest.approx(2 * norm.sf(z))
    assert found["conf_low"] == pytest.approx(0.08 - 1.959964 * 0.0282843, abs=1e-6)
    assert (found["from"], found["to"], found["years"]) == ("2021-22", "2023-24", 2)
    assert found["size_change"] == pytest.approx(-0.08)
    assert (found["size_low"], found["size_high"]) == pytest.approx(
        (-found["conf_high"], -found["conf_low"])
    )


def test_trend_is_a_weighted_regression():
    """statsmodels' WLS, with the scale fixed at one and with its own above one."""
    series = gaps(-0.30, -0.21, -0.22, -0.10, error=[0.01, 0.02, 0.03, 0.015])
    found = row(closing.change(series), closing.TREND)
    design = sm.add_constant(np.arange(4.0))
    weights = 1 / series["standard_error"] ** 2
    fit = sm.WLS(series["estimate"], design, weights=weights).fit()
    assert found["estimate"] == pytest.approx(fit.params.iloc[1])
    assert fit.scale > 1
    assert found["overdispersion"] == pytest.approx(fit.scale)
    assert found["standard_error"] == pytest.approx(fit.bse.iloc[1])
    assert found["p_value"] == pytest.approx(fit.pvalues.iloc[1])  # Student, 2 degrees
    low, high = fit.conf_int().iloc[1]
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((low, high))
    assert found["first"] == pytest.approx(fit.fittedvalues.iloc[0])
    assert found["last"] == pytest.approx(fit.fittedvalues.iloc[-1])
    steady = row(closing.change(gaps(-0.30, -0.25, -0.20, -0.15)), closing.TREND)
    assert steady["overdispersion"] == pytest.approx(0, abs=1e-9)
    assert steady["standard_error"] == pytest.approx(0.02 / np.sqrt(5))
    assert steady["size_change"] == pytest.approx(-0.05)


def test_closing_is_of_the_size_whatever_the_sign():
    assert words(-0.20, -0.10) == closing.CLOSING
    assert words(0.20, 0.10) == closing.CLOSING
    assert words(-0.10, -0.20) == closing.WIDENING
    assert words(0.10, 0.20) == closing.WIDENING
    assert words(-0.10, -0.11) == closing.NOISE
    assert words(-0.20, 0.05) == closing.CLOSING  # on the other side, and smaller
    assert words(-0.05, 0.20) == closing.WIDENING
    assert words(-0.10, 0.10) == closing.SIDES
    assert words(-0.20, -0.15, -0.10, statistic=closing.TREND) == closing.CLOSING
    assert words(-0.10, 0.0, 0.10, statistic=closing.TREND) == closing.SIDES
    crossed = row(closing.change(gaps(-0.20, 0.05)))
    assert crossed["size_change"] == pytest.approx(-0.15)
    assert np.isnan(crossed["size_low"])


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=4),
    st.sampled_from([0.01, 0.1, 0.5]),
)
@relaxed
def test_turning_the_sign_or_the_years_round(estimates, error):
    """The mirror image says the same; years in reverse say the opposite."""
    table = closing.change(gaps(*estimates, error=error))
    mirror = closing.change(gaps(*(-e for e in estimates), error=error))
    back = closing.change(gaps(*estimates[::-1], error=error))
    opposite = {closing.CLOSING: closing.WIDENING, closing.WIDENING: closing.CLOSING}
    assert mirror["reliability"].to_list() == table["reliability"].to_list()
    assert back["reliability"].to_list() == [
        opposite.get(word, word) for word in table["reliability"]
    ]
    numbers = table[["estimate", "conf_low", "conf_high"]].to_numpy()
    turned = mirror[["estimate", "conf_high", "conf_low"]].to_numpy()
    np.testing.assert_allclose(numbers, -turned, atol=1e-12)


def test_nothing_is_estimated_across_a_break():
    table = closing.change(
        gaps(-0.30, -0.28, -0.10, -0.09), breaks={"2023-24": "new cut scores"}
    )
    whole = table[table["from"].eq("2021-22") & table["to"].eq("2024-25")]
    assert len(whole) == 2
    assert whole["estimate"].isna().all()
    assert set(whole["reliability"]) == {closing.BREAK + "2023-24 (new cut scores)"}
    assert set(whole["breaks"]) == {"2023-24"}
    runs = table.drop(whole.index)
    changes = runs[runs["statistic"] == closing.CHANGE]
    assert changes["estimate"].to_list() == pytest.approx([0.02, 0.01])
    assert changes["breaks"].eq("").all()
    trends = runs.loc[runs["statistic"] == closing.TREND, "reliability"]
    assert set(trends) == {closing.FEW}
    # A new test in the last year leaves the others; in the first, it changes nothing.
    late = closing.change(gaps(-0.3, -0.28, -0.1), breaks=["2023-24"])
    assert set(late["to"]) == {"2023-24", "2022-23"}
    first = closing.change(gaps(-0.3, -0.2), breaks=["2021-22"])
    pd.testing.assert_frame_equal(first, closing.change(gaps(-0.3, -0.2)))


def test_hidden_counts_alone_may_explain_a_change():
    """Middles of -0.2 and -0.1 are told apart, and their ends may be the same."""
    hidden = row(
        closing.change(gaps(-0.2, -0.1, low=[-0.26, -0.16], high=[-0.14, -0.04]))
    )
    assert hidden["reliability"] == closing.HIDDEN
    assert (hidden["change_low"], hidden["change_high"]) == pytest.approx((-0.02, 0.22))
    assert hidden["p_value"] == 1.0
    error = 0.02 * np.sqrt(2)
    assert hidden["conf_low"] == pytest.approx(-0.02 - 1.959964 * error, abs=1e-6)
    # The worst case is still told: closing whatever the hidden counts are.
    told = row(
        closing.change(gaps(-0.4, -0.1, low=[-0.42, -0.12], high=[-0.38, -0.08]))
    )
    assert told["reliability"] == closing.CLOSING
    assert told["p_value"] == pytest.approx(2 * norm.sf(0.26 / error))
    # None of the values allowed is told from zero: that is noise.
    assert words(-0.2, -0.19, low=[-0.21, -0.2], high=[-0.19, -0.18]) == closing.NOISE
    named = gaps(-0.2, -0.1).assign(case_low=[-0.26, -0.16], case_high=[-0.14, -0.04])
    assert row(closing.change(named))["reliability"] == closing.HIDDEN  # HETOP's names


@given(
    st.lists(
        st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.2), st.floats(0, 1)),
        min_size=2,
        max_size=4,
    )
)
@relaxed
def test_whatever_is_hidden_a_verdict_holds(drawn):
    """Any values within the bounds change by no more than the bounds say."""
    low = [least for least, *_ in drawn]
    high = [least + width for least, width, _ in drawn]
    inner = [least + width * part for least, width, part in drawn]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    table = closing.change(gaps(*middle, low=low, high=high))
    truth = closing.change(gaps(*inner))
    for statistic in (closing.CHANGE, closing.TREND):
        seen, real = row(table, statistic), row(truth, statistic)
        if np.isnan(seen["estimate"]):
            continue
        slack = 1e-9
        assert seen["change_low"] - slack <= real["estimate"]
        assert real["estimate"] <= seen["change_high"] + slack
        if statistic == closing.CHANGE and seen["reliability"] == closing.CLOSING:
            assert real["reliability"] == closing.CLOSING


def test_years_that_are_not_known():
    missing = closing.change(gaps(-0.3, np.nan, -0.2, -0.1))
    assert row(missing)["reliability"] == closing.CLOSING
    assert row(missing, closing.TREND)["years"] == 3
    ends = closing.change(gaps(np.nan, -0.3, -0.2, -0.1))
    assert row(ends)["reliability"] == closing.NO_GAP
    trend = row(ends, closing.TREND)
    assert (trend["from"], trend["to"]) == ("2022-23", "2024-25")
    certain = closing.change(gaps(-0.3, -0.2, error=0.0))  # no error is no knowledge
    assert row(certain)["reliability"] == closing.NO_GAP
    one = closing.change(gaps(-0.3))
    assert set(one["reliability"]) == {closing.NO_GAP, closing.FEW}
    assert closing.change(gaps(-0.3).iloc[:0]).empty


def counts(black, white, population=400):
    years = YEARS[: len(black)]
    race = pd.Categorical(["Black", "White"] * len(years), ["Black", "White"])
    events = np.ravel(list(zip(black, white, strict=True)))
    return pd.DataFrame(
        {
            **{"outcome": "graduation", "year": np.repeat(years, 2), "race": race},
            **{"population": population, "events_low": events, "events_high": events},
        }
    )


def test_from_the_yearly_table_of_an_outcome():
    """Agresti and Caffo (2000): (x + 1)/(n + 2) in each group and year."""
    table = outcomes.by_year(
        counts([280, 300, 320], [340, 340, 340]),
        outcome="graduation",
        reference="White",
    )
    series = closing.of_outcomes(table)
    black = series[series["group"] == "Black"]
    assert black["estimate"].to_list() == pytest.approx([-0.15, -0.10, -0.05])
    p, q = 281 / 402, 341 / 402
    error = np.sqrt((p * (1 - p) + q * (1 - q)) / 402)
    assert black["standard_error"].iloc[0] == pytest.approx(error)
    found = closing.change(series)
    assert found["group"].unique().tolist() == ["Black"]
    assert row(found)["estimate"] == pytest.approx(0.10)
    assert row(found)["reliability"] == closing.CLOSING
    # 320 of 400: the 80 without the outcome, in the last year, are the fewest
    assert row(found)["events"] == 320
    assert row(found)["population"] == 400
    assert row(found)["reference"] == "White"


def test_masked_counts_of_an_outcome_are_bounds_of_the_change():
    masked = counts([280, 320], [340, 340])
    masked["events_high"] += [20, 0, 20, 0]
    table = outcomes.by_year(masked, outcome="graduation", reference="White")
    found = row(closing.change(closing.of_outcomes(table)))
    assert found["estimate"] == pytest.approx(0.10)
    assert (found["change_low"], found["change_high"]) == pytest.approx((0.05, 0.15))
    assert pd.isna(found["events"])


def test_gaps_of_v_and_several_subjects():
    random = np.random.default_rng(1)
    levels = [
        {"subject": subject, "year": year, "group": group, "level": level}
        | {"students": int(random.integers(150, 400))}
        for subject in ("Math", "Reading")
        for year in YEARS
        for group in ("Black", "White")
        for level in (1, 2, 3, 4)
    ]
    series = proficiency.v_of_levels(
        pd.DataFrame(levels), reference="White", within=["subject", "year"]
    )
    found = closing.change(series, within=["subject"])
    assert found["subject"].to_list() == ["Math"] * 2 + ["Reading"] * 2
    math = series[(series["subject"] == "Math") & (series["group"] == "Black")]
    gap = math.set_index("year")["estimate"]
    first = row(found, subject="Math")
    assert first["estimate"] == pytest.approx(gap[YEARS[-1]] - gap[YEARS[0]])
    limits = series.drop(columns="standard_error")
    again = closing.change(limits, within=["subject"])
    assert again["standard_error"].to_list() == pytest.approx(
        found["standard_error"].to_list()
    )


def test_the_table():
    series = gaps(-0.3, -0.2, -0.1)
    before = series.copy()
    table = closing.change(series)
    pd.testing.assert_frame_equal(series, before)
    names = [n for n in table if n in MEASURE_COLUMNS]
    assert names == list(MEASURE_COLUMNS)
    assert table["measure"].to_list() == [
        "change of the gap",
        "change of the gap in a year",
    ]


@pytest.mark.parametrize(
    ("series", "options", "words"),
    [
        (
            gaps(-0.3, -0.2),
            {"breaks": ["2030-31"]},
            r"breaks \['2030-31'\] are no year",
        ),
        (gaps(-0.3, -0.2, year=["a", "b"]), {}, "column year has 'a'"),
        (gaps(-0.3, -0.2, year=["2024", "2024-25"]), {}, "two names of one year"),
        (gaps(-0.3, -0.2, year="2024"), {}, "1 of 2 rows repeat a group and year"),
        (gaps(-0.3, low=0.1, high=-0.1), {}, "low exceeds high in 1 of 1"),
        (gaps(-0.3, "x"), {}, "column estimate holds values that are not numbers"),
    ],
)
def test_refusals(series, options, words):
    with pytest.raises(InputError, match=words):
        closing.change(series, **options)


def test_more_refusals():
    with pytest.raises(ColumnNotFoundError, match="standard_error"):
        closing.change(gaps(-0.3).drop(columns="standard_error"))
    with pytest.raises(ParamsError, match="confidence is 95"):
        closing.change(gaps(-0.3, -0.2), confidence=95)


def alarms(random, years, swings, times=600):
    """How often series without any trend are called closing or widening."""
    error = 0.02 * np.sqrt(1 + swings)
    series = pd.DataFrame(
        {
            "year": np.tile([str(2000 + year) for year in range(years)], times),
            "group": np.repeat(np.arange(times), years),
            "estimate": random.normal(-0.2, error, years * times),
            "standard_error": 0.02,
        }
    )
    found = closing.change(series)
    called = found["reliability"].isin([closing.CLOSING, closing.WIDENING])
    return [called[found["statistic"] == name].mean() for name in closing.MEASURES]


def test_false_alarms():
    """Noise alone: no more than promised; years that swing: the trend still holds.

    The change of two years knows nothing of swings, and is then called far more often
    than promised: the page on it says so.
    """
    random = np.random.default_rng(7)
    most = binom.ppf(0.9975, 600, 0.05) / 600
    change, trend = alarms(random, 3, 0)
    assert 0.03 < change <= most
    assert trend <= most
    _, trend = alarms(random, 8, 3)
    assert trend <= most
    change, trend = alarms(random, 4, 3)
    assert change > 0.2
    assert trend <= 0.10


def test_a_planted_closing_is_found():
    """As often as the normal distribution says of a change of 0.1, error 0.028."""
    random = np.random.default_rng(8)
    drawn = np.array([-0.2, -0.1]) + random.normal(0, 0.02, (400, 2))
    series = pd.DataFrame(
        {
            "year": np.tile(["2024", "2025"], 400),
            "group": np.repeat(np.arange(400), 2),
            "estimate": drawn.ravel(),
            "standard_error": 0.02,
        }
    )
    found = closing.change(series).query("statistic == 'change'")["reliability"]
    power = norm.sf(1.959964 - 0.1 / (0.02 * np.sqrt(2)))
    assert found.eq(closing.CLOSING).mean() == pytest.approx(power, abs=0.04)
