"""Limits against published tables, algebraic identities and properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson
from statsmodels.stats.proportion import confint_proportions_2indep

from equity.errors import InputError, ParamsError
from equity.measure import intervals

relaxed = settings(deadline=None, max_examples=50, derandomize=True)

NEWCOMBE_ONE = "Newcombe 1998, Stat Med 17, 857-872, Table I"
NEWCOMBE_TWO = "Newcombe 1998, Stat Med 17, 873-890, Table II, method 10"


@st.composite
def proportions(draw):
    population = draw(st.integers(1, 10_000))
    return draw(st.integers(0, population)), population


@pytest.mark.parametrize(
    ("events", "population", "limits"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_matches_published(events, population, limits):
    got = intervals.wilson(events, population)
    assert got == pytest.approx(limits, abs=5e-5), NEWCOMBE_ONE


@pytest.mark.parametrize(
    ("events", "population", "limits"),
    [
        (81, 263, (0.2527, 0.3676)),
        (15, 148, (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1684)),
        (1, 29, (0.0009, 0.1776)),
    ],
)
def test_exact_matches_published(events, population, limits):
    got = intervals.exact(events, population)
    assert got == pytest.approx(limits, abs=5e-5), NEWCOMBE_ONE


def test_exact_matches_closed_forms():
    # identity: with no event of n, the upper limit u solves (1 - u)^n = 0.025
    low, high = intervals.exact([0, 20], [20, 20])
    np.testing.assert_allclose(high, [1 - 0.025 ** (1 / 20), 1])
    np.testing.assert_allclose(low, [0, 0.025 ** (1 / 20)])


def test_exact_limits_have_the_tails_they_promise():
    low, high = intervals.exact(7, 40, 0.9)
    assert binom.sf(6, 40, low) == pytest.approx(0.05)
    assert binom.cdf(7, 40, high) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("first", "second", "limits"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombe_matches_published(first, second, limits):
    got = intervals.newcombe_difference(*first, *second)
    assert got == pytest.approx(limits, abs=5e-5), NEWCOMBE_TWO


def test_newcombe_reference_case():
    # newcombe_difference: Newcombe 1998 example (a); digits from statsmodels
    assert intervals.newcombe_difference(56, 70, 48, 80) == pytest.approx(
        (0.05243147240236498, 0.33387265403690614), abs=1e-6
    )
    assert intervals.wilson(56, 70) == pytest.approx(
        (0.6918335550374695, 0.8769526075163705), abs=1e-6
    )
    assert intervals.wilson(48, 80) == pytest.approx(
        (0.4904546500516038, 0.7003817240412906), abs=1e-6
    )


@pytest.mark.parametrize(
    ("events", "limits"),
    [
        (0, (0, 3.689)),
        (1, (0.0253, 5.572)),
        (5, (1.623, 11.668)),
        (10, (4.795, 18.390)),
        (100, (81.36, 121.63)),
    ],
)
def test_poisson_exact_matches_published(events, limits):
    # Pearson & Hartley, Biometrika Tables for Statisticians, vol. 1, table 40
    got = intervals.poisson_exact(events)
    assert got == pytest.approx(limits, rel=2e-3), "Pearson & Hartley, table 40"


@pytest.mark.parametrize(
    ("events", "people", "limits"),
    [
        (8, 12000, (0.0002878193480623751, 0.001313599101682776)),
        (14, 52000, (0.0001471909668519345, 0.0004517234831122226)),
        (40, 88000, (0.00032473393683851097, 0.0006189618973180007)),
        (0, 5000, (0.0, 0.000737775890822787)),
    ],
)
def test_poisson_exact_as_nchs_uses_it(events, people, limits):
    # nchs_rates: NCHS Vital Health Stat 2(200), exact Poisson (gamma) interval
    low, high = intervals.poisson_exact(events)
    assert (low / people, high / people) == pytest.approx(limits, rel=1e-8)


def test_poisson_exact_limits_have_the_tails_they_promise():
    low, high = intervals.poisson_exact(7, 0.9)
    assert poisson.sf(6, low) == pytest.approx(0.05)
    assert poisson.cdf(7, high) == pytest.approx(0.05)


def test_byar_by_hand():
    # Breslow & Day 1987, eq. 2.13, worked with 1.959964: 100 events
    low, high = intervals.byar(100)
    assert low == pytest.approx(100 * (1 - 1 / 900 - 1.959964 / 30) ** 3, rel=1e-6)
    root = 1.959964 / (3 * 101**0.5)
    assert high == pytest.approx(101 * (1 - 1 / 909 + root) ** 3, rel=1e-6)


@relaxed
@given(st.integers(5, 100_000))
def test_byar_is_close_to_exact(events):
    # Breslow & Day 1987, p. 69: accurate even for small counts
    assert intervals.byar(events) == pytest.approx(
        intervals.poisson_exact(events), rel=0.01
    )


@relaxed
@given(st.integers(0, 20), st.floats(0.5, 0.999))
def test_count_limits_bracket_the_count(events, confidence):
    for limits in (intervals.poisson_exact, intervals.byar):
        low, high = limits(events, confidence)
        assert 0 <= low <= events < high


def test_katz_matches_r():
    # ugesp_80_40: log interval of a rate ratio, 12/40 against 48/80, computed in R
    assert intervals.katz(12, 40, 48, 80) == pytest.approx(
        (0.301432941045597, 0.829371863382984), rel=1e-6
    )


def test_poisson_ratio_matches_published():
    # Rothman's breast cancer and fluoroscopy data: 41/28,010 and 15/19,017
    assert intervals.poisson_ratio(41, 28010, 15, 19017) == pytest.approx(
        (1.03, 3.35), abs=0.005
    )


@relaxed
@given(proportions(), proportions())
def test_swapping_the_groups_turns_limits_round(first, second):
    low, high = intervals.newcombe_difference(*first, *second)
    assert intervals.newcombe_difference(*second, *first) == pytest.approx(
        (-high, -low), abs=1e-12
    )
    for limits in (intervals.katz, intervals.poisson_ratio):
        low, high = limits(*first, *second)
        assert limits(*second, *first) == pytest.approx(
            (1 / high, 1 / low), nan_ok=True
        )


@relaxed
@given(proportions(), st.floats(0.5, 0.999))
def test_proportion_limits_bracket_the_proportion(counts, confidence):
    share = counts[0] / counts[1]
    for limits in (intervals.wilson, intervals.exact):
        low, high = limits(*counts, confidence)
        assert -1e-15 <= low <= share + 1e-12
        assert share - 1e-12 <= high <= 1 + 1e-15


@relaxed
@given(proportions())
def test_the_complement_has_the_complementary_limits(counts):
    events, population = counts
    low, high = intervals.wilson(events, population)
    assert intervals.wilson(population - events, population) == pytest.approx(
        (1 - high, 1 - low), abs=1e-12
    )


@relaxed
@given(proportions(), proportions())
def test_newcombe_is_mover_of_wilson(first, second):
    # identity: Newcombe's method 10 squares and adds the Wilson intervals
    parts = (
        *(first[0] / first[1], *intervals.wilson(*first)),
        *(second[0] / second[1], *intervals.wilson(*second)),
    )
    mover = intervals.mover_difference(*parts)
    assert intervals.newcombe_difference(*first, *second) == pytest.approx(
        mover, abs=1e-9
    )
    assert mover == pytest.approx(
        confint_proportions_2indep(*first, *second, method="newcomb", compare="diff"),
        abs=1e-9,
    )


@relaxed
@given(
    st.lists(st.floats(0.01, 100), min_size=3, max_size=3).map(sorted),
    st.lists(st.floats(0.01, 100), min_size=3, max_size=3).map(sorted),
)
def test_mover_ratio_is_where_the_mover_difference_touches_zero(first, second):
    # identity: R is a limit of x1/x2 when zero is that limit of x1 - R x2
    (l1, x1, u1), (l2, x2, u2) = first, second
    low, high = intervals.mover_ratio(x1, l1, u1, x2, l2, u2)
    assert low <= x1 / x2 * (1 + 1e-12)
    assert high >= x1 / x2 * (1 - 1e-12)
    size = x1 + high * u2
    below, _ = intervals.mover_difference(x1, l1, u1, low * x2, low * l2, low * u2)
    _, above = intervals.mover_difference(x1, l1, u1, high * x2, high * l2, high * u2)
    assert below == pytest.approx(0, abs=1e-6 * size)
    assert above == pytest.approx(0, abs=1e-6 * size)


def test_mover_ratio_knows_when_there_is_no_upper_limit():
    # by hand: 2 - 0.75 is the root of (2 - 1)² + 0.75² (2 - 1)²
    assert intervals.mover_ratio(2, 1, 3, 1, 0, 2) == (0.75, np.inf)
    assert intervals.mover_ratio(0, 0, 1, 1, 0.5, 2)[0] == 0
    assert np.isnan(intervals.mover_ratio(2, 1, 3, 0, 0, 2)).all()
    assert np.isnan(intervals.mover_ratio(2, -1, 3, 1, 0.5, 2)).all()


def test_nobody_and_nothing_known_give_missing_limits():
    events, population = [np.nan, 3, 0, 2], [10, np.nan, 0, 4]
    for limits in (intervals.wilson, intervals.exact):
        low, high = limits(events, population)
        np.testing.assert_array_equal(np.isnan(low), [True, True, True, False])
        np.testing.assert_array_equal(np.isnan(high), [True, True, True, False])
    for limits in (intervals.poisson_exact, intervals.byar):
        np.testing.assert_array_equal(np.isnan(limits([np.nan, 0])[1]), [True, False])
    for limits in (
        intervals.katz,
        intervals.poisson_ratio,
        intervals.newcombe_difference,
    ):
        low, _ = limits(events, population, 2, 4)
        np.testing.assert_array_equal(np.isnan(low), [True, True, True, False])


def test_ratios_have_no_limits_without_events_or_width():
    low, high = intervals.katz([0, 5, 5, 0], [9, 9, 5, 9], [5, 0, 5, 0], [9, 9, 5, 9])
    assert np.isnan([low, high]).all()
    low, high = intervals.katz(5, 5, 3, 5)
    assert low < 5 / 3 < high
    assert np.isnan(intervals.poisson_ratio([0, 5], 9, [5, 0], 9)).all()


def test_columns_with_missing_integers_are_taken():
    events = pd.Series([None, 81], dtype="Int64")
    low, _ = intervals.wilson(events, pd.Series([263, 263]))
    np.testing.assert_allclose(low, [np.nan, 0.2553], atol=5e-5)


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match="events exceed population in 1 places"):
        intervals.wilson([3, 5], 4)
    with pytest.raises(InputError, match="counts are negative in 1 places"):
        intervals.byar([-1, 5])
    with pytest.raises(ParamsError, match="confidence is 95"):
        intervals.poisson_exact(3, 95)


def test_inputs_are_unchanged():
    events, population = np.array([3.0, np.nan]), np.array([4.0, 0.0])
    before = events.copy(), population.copy()
    intervals.wilson(events, population)
    intervals.katz(events, population, 1, 2)
    np.testing.assert_array_equal((events, population), before)
