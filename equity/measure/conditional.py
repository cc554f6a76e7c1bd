"""The exact distribution of events in strata, given the margins of each.

Of those who had the event in a stratum, how many were of the group? Given how many had
it, and how many people each group has, that number is noncentral hypergeometric, and
depends on nothing but the odds ratio. Its sum over the strata is the convolution of
their distributions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp

from equity.measure.table import check_confidence, floats

WIDEST = 60.0  # of the logarithm of an odds ratio that is looked for


def odds_ratio(
    events: ArrayLike,
    population: ArrayLike,
    reference_events: ArrayLike,
    reference_population: ArrayLike,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """Estimate the common odds ratio of two groups in strata, with exact limits.

    Parameters
    ----------
    events, population
        The group, one entry per stratum: people who had the event, people who could
        have. Whole numbers.
    reference_events, reference_population
        The same for whom it is compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of float
        The conditional maximum of likelihood, the lower limit and the upper one, each
        with half of the error in its tail. The ratio is zero, or infinite, where the
        group has as few, or as many, of the events as it could; all three are missing
        if no stratum has both people with the event and without it.

    References
    ----------
    Cox (1970), The Analysis of Binary Data; Mehta, Patel and Gray (1985), JASA 80,
    969-973.

    Examples
    --------
    >>> [round(value, 3) for value in odds_ratio([4, 1], [10, 9], [2, 3], [12, 8])]
    [1.083, 0.204, 5.774]
    """
    tail = (1 - check_confidence(confidence)) / 2
    a, n, c, m = (
        np.atleast_1d(floats(value))
        for value in (events, population, reference_events, reference_population)
    )
    some = (a + c > 0) & (a + c < n + m)
    if not some.any():
        return np.nan, np.nan, np.nan
    a, n, c, m = (values[some] for values in (a, n, c, m))
    found = _Distribution.of(n, m, a + c, _tilt(a, n, c, m))
    seen = a.sum()
    few, many = found.values <= seen, found.values >= seen
    least, most = few.sum() == 1, many.sum() == 1
    low = 0.0 if least else found.solve(lambda logs: _share(logs, many, tail))
    high = np.inf if most else found.solve(lambda logs: _share(logs, few, tail))
    if least and most:  # the margins leave no choice
        return np.nan, np.nan, np.nan
    if least or most:
        return (0.0 if least else np.inf), low, high
    middle = found.solve(lambda logs: float(np.exp(logs) @ found.values - seen))
    return middle, low, high


@dataclass(frozen=True)
class _Distribution:
    """Of a number of events: known at one odds ratio, and so at all."""

    values: np.ndarray
    logs: np.ndarray
    tilt: float  # the logarithm of that odds ratio

    @classmethod
    def of(cls, people, others, had, tilt: float) -> "_Distribution":
        """Convolve the strata; one entry of each array per stratum."""
        weights, least = np.ones(1), 0.0
        for n, m, k in zip(people, others, had, strict=True):
            values = np.arange(max(0, k - m), min(n, k) + 1)
            ways = -sum(
                gammaln(cell + 1) for cell in (values, n - values, k - values)
            ) - gammaln(m - k + values + 1)
            logs = ways + values * tilt
            weights = np.convolve(weights, np.exp(logs - logsumexp(logs)))
            least += values[0]
        values = least + np.arange(len(weights))
        kept = weights > 0  # far from the tilt, too little for a float
        return cls(values[kept], np.log(weights[kept]), tilt)

    def solve(self, function: Callable[[np.ndarray], float]) -> float:
        """Find the odds ratio at which a function of the probabilities is zero."""

        def at(further: float) -> float:
            logs = self.logs + self.values * further
            return function(logs - logsumexp(logs))

        return float(np.exp(self.tilt + brentq(at, -WIDEST, WIDEST, xtol=1e-12)))


def _tilt(a, n, c, m) -> float:
    """Take Mantel and Haenszel's odds ratio, near which the events are."""
    above, below = (a * (m - c) / (n + m)).sum(), (c * (n - a) / (n + m)).sum()
    return float(np.log((above + 0.1) / (below + 0.1)))


def _share(logs: np.ndarray, which: np.ndarray, tail: float) -> float:
    return float(logsumexp(logs[which]) - np.log(tail))
