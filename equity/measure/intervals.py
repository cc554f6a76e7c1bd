"""Confidence limits for counts, proportions, and comparisons of the two.

Vectors (or scalars) in, ``(low, high)`` out, as arrays of the common shape. In every
function ``confidence`` is the two-sided level as a proportion; what is missing
gives missing limits, and so does a population of zero: nobody was there to count.

Which one? `wilson` for a share of people, `exact` where a method that never covers
less than promised is asked for; `poisson_exact` or `byar` for a count in which
someone can count twice; `katz` and `poisson_ratio` for ratios, `newcombe_difference`
for differences; `mover_difference` and `mover_ratio` to compare any two independent
estimates that have limits of their own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from equity.errors import InputError
from equity.measure.table import (
    check_confidence,
    floats,
    log_limits,
    normal_quantile,
)

Limits = tuple[np.ndarray, np.ndarray]


def wilson(
    events: ArrayLike, population: ArrayLike, confidence: float = 0.95
) -> Limits:
    """Wilson score limits of a proportion.

    Parameters
    ----------
    events
        People who had the event.
    population
        People who could have.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, as proportions.

    Raises
    ------
    InputError
        If a count is negative or events exceed population.

    Notes
    -----
    Without continuity correction. The limits stay within 0 and 1 and remain
    informative when nobody or everybody had the event.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; Newcombe (1998), Stat Med 17, 857-872, method 3.

    Examples
    --------
    >>> low, high = wilson([81, 0], [263, 20])
    >>> low.round(4), high.round(4)
    (array([0.2553, 0.    ]), array([0.3662, 0.1611]))
    """
    return _proportion_limits(events, population, confidence, "wilson")


def exact(events: ArrayLike, population: ArrayLike, confidence: float = 0.95) -> Limits:
    """Clopper-Pearson (exact binomial) limits of a proportion.

    Parameters
    ----------
    events
        People who had the event.
    population
        People who could have.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, as proportions. They cover at least as often as
        promised, and are therefore wider than `wilson`.

    Raises
    ------
    InputError
        If a count is negative or events exceed population.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> low, high = exact(81, 263)
    >>> print(low.round(4), high.round(4))
    0.2527 0.3676
    """
    return _proportion_limits(events, population, confidence, "beta")


def poisson_exact(events: ArrayLike, confidence: float = 0.95) -> Limits:
    """Exact limits of an expected count, from one Poisson count.

    Parameters
    ----------
    events
        The count. Divide the limits by the population for a rate.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, in events.

    Raises
    ------
    InputError
        If a count is negative.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442; Ulm (1990), Am J Epidemiol 131, 373-375.

    Examples
    --------
    >>> low, high = poisson_exact(10)
    >>> print(low.round(3), high.round(3))
    4.795 18.39
    """
    tail = (1 - check_confidence(confidence)) / 2
    (events,) = _counts(events)

    return _where(np.isfinite(events), lambda x: _garwood(x, tail), events)


def byar(events: ArrayLike, confidence: float = 0.95) -> Limits:
    """Byar's limits of an expected count, from one Poisson count.

    Close to `poisson_exact` for as few as five events.

    Parameters
    ----------
    events
        The count. Divide the limits by the population for a rate.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, in events. The lower one is never below zero.

    Raises
    ------
    InputError
        If a count is negative.

    References
    ----------
    Breslow & Day (1987), Statistical Methods in Cancer Research II, eq. 2.13, p. 69.

    Examples
    --------
    >>> low, high = byar(10)
    >>> print(low.round(2), high.round(2))
    4.79 18.39
    """
    z = normal_quantile(confidence)
    (events,) = _counts(events)

    return _where(np.isfinite(events), lambda x: _byar(x, z), events)


def katz(
    events: ArrayLike,
    population: ArrayLike,
    reference_events: ArrayLike,
    reference_population: ArrayLike,
    confidence: float = 0.95,
) -> Limits:
    """Limits of the ratio of two proportions (a risk ratio), on the log scale.

    Parameters
    ----------
    events, population
        The group: people who had the event, people who could have.
    reference_events, reference_population
        The same for whom it is compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, unitless. Missing if either has no events, and if
        everybody in both had the event, when the formula's width is zero.

    Raises
    ------
    InputError
        If a count is negative or events exceed population.

    References
    ----------
    Katz et al. (1978), Biometrics 34(3), 469-474.

    Examples
    --------
    >>> low, high = katz(90, 1000, 60, 2000)
    >>> print(low.round(2), high.round(2))
    2.18 4.12
    """
    return _two_proportions(
        (events, population, reference_events, reference_population),
        confidence,
        compare="ratio",
        method="log",
    )


def poisson_ratio(
    events: ArrayLike,
    population: ArrayLike,
    reference_events: ArrayLike,
    reference_population: ArrayLike,
    confidence: float = 0.95,
) -> Limits:
    """Limits of the ratio of two Poisson rates, on the log scale.

    For events that can happen to someone more than once.

    Parameters
    ----------
    events, population
        The group: its events, and its people (or person-years).
    reference_events, reference_population
        The same for whom it is compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, unitless. Missing if either has no events.

    Raises
    ------
    InputError
        If a count is negative.

    References
    ----------
    Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd ed., ch. 14.

    Examples
    --------
    >>> low, high = poisson_ratio(41, 28010, 15, 19017)
    >>> print(low.round(2), high.round(2))
    1.03 3.35
    """
    counts = _counts(events, population, reference_events, reference_population)

    level = check_confidence(confidence)
    known = np.isfinite(counts).all(axis=0) & (np.array(counts) > 0).all(axis=0)
    return _where(
        known,
        lambda x1, n1, x2, n2: log_limits(
            (x1 / n1) / (x2 / n2), np.sqrt(1 / x1 + 1 / x2), level
        ),
        *counts,
    )


def newcombe_difference(
    events: ArrayLike,
    population: ArrayLike,
    reference_events: ArrayLike,
    reference_population: ArrayLike,
    confidence: float = 0.95,
) -> Limits:
    """Hybrid-score limits of the difference of two independent proportions.

    Parameters
    ----------
    events, population
        The group: people who had the event, people who could have.
    reference_events, reference_population
        The same for whom it is compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits of group minus reference, as proportions (0.05 is
        five percentage points).

    Raises
    ------
    InputError
        If a count is negative or events exceed population.

    Notes
    -----
    Newcombe's method 10: the two Wilson intervals, squared and added as in
    `mover_difference`.

    References
    ----------
    Newcombe (1998), Stat Med 17, 873-890.

    Examples
    --------
    >>> low, high = newcombe_difference(56, 70, 48, 80)
    >>> print(low.round(4), high.round(4))
    0.0524 0.3339
    """
    return _two_proportions(
        (events, population, reference_events, reference_population),
        confidence,
        compare="diff",
        method="newcomb",
    )


def mover_difference(
    estimate: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    reference_estimate: ArrayLike,
    reference_low: ArrayLike,
    reference_high: ArrayLike,
) -> Limits:
    """Limits of the difference of two independent estimates, from their own limits.

    Parameters
    ----------
    estimate, low, high
        The group's estimate and its limits.
    reference_estimate, reference_low, reference_high
        The same for whom it is compared with, at the same confidence.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits of estimate minus reference, in their unit.

    Notes
    -----
    Method of variance estimates recovery: distances to the limits are squared
    and added. It respects intervals that are not symmetric.

    References
    ----------
    Zou & Donner (2008), Stat Med 27, 1693-1702.

    Examples
    --------
    >>> low, high = mover_difference(0.8, *wilson(56, 70), 0.6, *wilson(48, 80))
    >>> print(low.round(4), high.round(4))
    0.0524 0.3339
    """
    x1, l1, u1, x2, l2, u2 = (
        floats(value)
        for value in (
            *(estimate, low, high),
            *(reference_estimate, reference_low, reference_high),
        )
    )
    difference = x1 - x2
    return (
        difference - np.hypot(x1 - l1, u2 - x2),
        difference + np.hypot(u1 - x1, x2 - l2),
    )


def mover_ratio(
    estimate: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    reference_estimate: ArrayLike,
    reference_low: ArrayLike,
    reference_high: ArrayLike,
) -> Limits:
    """Limits of the ratio of two independent estimates, from their own limits.

    Parameters
    ----------
    estimate, low, high
        The group's estimate and its limits, none negative.
    reference_estimate, reference_low, reference_high
        The same for whom it is compared with, at the same confidence.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits of estimate over reference. The upper one is
        infinite if the reference's limits reach zero; both are missing if the
        reference's estimate is zero or a value is negative.

    References
    ----------
    Donner & Zou (2012), Stat Methods Med Res 21(4), 347-359.

    Examples
    --------
    >>> low, high = mover_ratio(0.8, *wilson(56, 70), 0.6, *wilson(48, 80))
    >>> print(low.round(3), high.round(3))
    1.078 1.663
    """
    values = _broadcast(
        *(estimate, low, high), *(reference_estimate, reference_low, reference_high)
    )

    known = np.isfinite(values).all(axis=0) & (np.array(values) >= 0).all(axis=0)
    return _where(known & (values[3] > 0), _mover_ratio, *values)


def _garwood(events: np.ndarray, tail: float) -> Limits:
    # with no events there is no lower quantile to ask for: the limit is zero
    low = chi2.ppf(tail, 2 * np.where(events > 0, events, 1)) / 2
    return np.where(events > 0, low, 0), chi2.isf(tail, 2 * events + 2) / 2


def _byar(events: np.ndarray, z: float) -> Limits:
    some, more = np.where(events > 0, events, 1), events + 1
    low = some * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0) ** 3
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return np.where(events > 0, low, 0), high


def _mover_ratio(x1, l1, u1, x2, l2, u2) -> Limits:
    product = x1 * x2
    top_low, top_high = l1 * (2 * x1 - l1), u1 * (2 * x1 - u1)
    base_high, base_low = u2 * (2 * x2 - u2), l2 * (2 * x2 - l2)
    # written so that nothing is divided by a base that may be zero
    below = product + np.sqrt(np.maximum(product**2 - top_low * base_high, 0))
    above = product + np.sqrt(np.maximum(product**2 - top_high * base_low, 0))
    bounded = base_low > 0
    return (
        np.where(below > 0, top_low / np.where(below > 0, below, 1), 0),
        np.where(bounded, above / np.where(bounded, base_low, 1), np.inf),
    )


def _broadcast(*values: ArrayLike) -> list[np.ndarray]:
    return np.broadcast_arrays(*(floats(value) for value in values))


def _counts(*counts: ArrayLike) -> list[np.ndarray]:
    """Counts as float arrays of one shape; a negative one is refused."""
    arrays = _broadcast(*counts)
    bad = np.any([array < 0 for array in arrays], axis=0)
    if bad.any():
        raise InputError(f"counts are negative in {bad.sum()} places")
    return arrays


def _pairs(*counts: ArrayLike) -> list[np.ndarray]:
    """Counts as pairs of events and population; more events than people is refused."""
    arrays = _counts(*counts)
    for events, population in zip(arrays[::2], arrays[1::2], strict=True):
        bad = events > population
        if bad.any():
            raise InputError(f"events exceed population in {bad.sum()} places")
    return arrays


def _where(known: np.ndarray, limits: Callable[..., Limits], *values) -> Limits:
    """Apply a formula where its inputs are known, and leave the rest missing."""
    low, high = np.full(known.shape, np.nan), np.full(known.shape, np.nan)
    if known.any():
        low[known], high[known] = limits(*(value[known] for value in values))
    return low[()], high[()]


def _proportion_limits(events, population, confidence: float, method: str) -> Limits:
    alpha = 1 - check_confidence(confidence)
    events, population = _pairs(events, population)
    known = np.isfinite(events) & np.isfinite(population) & (population > 0)
    return _where(
        known,
        lambda x, n: proportion_confint(x, n, alpha=alpha, method=method),
        *(events, population),
    )


def _two_proportions(counts, confidence: float, *, compare: str, method: str) -> Limits:
    alpha = 1 - check_confidence(confidence)
    x1, n1, x2, n2 = counts = _pairs(*counts)
    known = np.isfinite(counts).all(axis=0) & (n1 > 0) & (n2 > 0)
    if compare == "ratio":  # no logarithm of nothing, and no width of nothing
        known &= (x1 > 0) & (x2 > 0) & ((x1 < n1) | (x2 < n2))
    return _where(
        known,
        lambda *known_counts: confint_proportions_2indep(
            *known_counts, method=method, compare=compare, alpha=alpha
        ),
        *counts,
    )
