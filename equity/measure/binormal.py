"""Two normal distributions that overlap as two groups do, fitted to their levels.

What `proficiency` makes of one pair of groups: the standardized gap *V*, its standard
error, and the words that say what both rest on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from equity.measure.table import divide

FITTED, EQUAL = "binormal maximum likelihood", "probit maximum likelihood, equal spread"
PLACED, CLUSTERED = "placement values", "placement values by school"
FREE_SPREAD = "spread estimated"
EQUAL_SPREAD = "equal spread assumed: too few levels with students"
NO_SHAPE = "no distribution assumed"
NO_OVERLAP = "not known: the two groups do not overlap"
NOT_COUNTED = "not known: a count is missing"
NOBODY = "not known: no students"
ONE_STUDENT = "not known: a group of one student"
ITSELF = "the reference"
NO_FIT = "not known: too few students in these levels"
ROUNDS, HALVINGS, TINY, REACH = 200, 40, 1e-200, 1e-13
CLOSE, CLOSE_ENOUGH = 1e-12, 1e-8  # the second, where digits end before the first
WIDEST = 20.0  # times the other spread, beyond which a fit has run off


class Gap(NamedTuple):
    """A gap in standard deviations, its error, and what it rests on.

    Attributes
    ----------
    estimate, standard_error
        In standard deviations; missing where not known.
    spread
        Standard deviation of the group over that of the reference.
    method, reliability
        Words of the measure table.
    """

    estimate: float
    standard_error: float
    spread: float
    method: str
    reliability: str


def unknown(why: str) -> Gap:
    """Say why there is no gap to state.

    Parameters
    ----------
    why
        Words for ``reliability``.

    Returns
    -------
    Gap
        All numbers missing.

    Examples
    --------
    >>> unknown(NOBODY).reliability
    'not known: no students'
    """
    return Gap(np.nan, np.nan, np.nan, "none", why)


def itself() -> Gap:
    """Return the gap of the reference from itself: none, with no error to state.

    Returns
    -------
    Gap
        Zero, of equal spread.

    Examples
    --------
    >>> itself().estimate
    0.0
    """
    return Gap(0.0, np.nan, 1.0, "none", ITSELF)


def v_of_auc(auc: ArrayLike) -> np.ndarray:
    """Turn the chance of scoring higher into the gap V.

    Parameters
    ----------
    auc
        Chances that one of the group is above one of the reference, ties half.

    Returns
    -------
    ndarray
        In standard deviations; missing for chances of zero and one.

    Examples
    --------
    >>> v_of_auc([0.545, 1]).round(4)
    array([0.1599,    nan])
    """
    found = np.sqrt(2) * ndtri(np.asarray(auc, dtype=float))
    return np.where(np.isfinite(found), found, np.nan)


def auc_of_counts(above: np.ndarray, below: np.ndarray) -> float:
    """Find the chance that one of the first group is above one of the second.

    Parameters
    ----------
    above, below
        Students per level, lowest level first.

    Returns
    -------
    float
        A proportion; students of one level count as a half. Missing if a group has
        nobody or a count is missing.

    Examples
    --------
    >>> round(auc_of_counts([120, 260, 410, 210], [260, 310, 180, 50]), 7)
    0.6960625
    """
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    lower = np.cumsum(below) - below / 2
    return float(divide(above @ lower, above.sum() * below.sum()))


def of_counts(group: ArrayLike, reference: ArrayLike) -> Gap:
    """Fit the gap V of two groups by the rule that their levels allow.

    Parameters
    ----------
    group, reference
        Students per level, lowest level first; missing where not known.

    Returns
    -------
    Gap
        With free spreads if both groups have students in three levels or more and
        the likelihood has a top, else with equal spread; not known if all of one
        group are at or above all of the other.

    Examples
    --------
    >>> gap = of_counts([120, 260, 410, 210], [260, 310, 180, 50])
    >>> round(gap.estimate, 4), round(gap.standard_error, 4)
    (0.7844, 0.0524)
    """
    counts = np.array([reference, group], dtype=float)
    if np.isnan(counts).any():
        return unknown(NOT_COUNTED)
    if (counts.sum(axis=1) == 0).any():
        return unknown(NOBODY)
    counts = counts[:, counts.sum(axis=0) > 0]
    least, most = zip(*(np.flatnonzero(row)[[0, -1]] for row in counts), strict=True)
    if most[0] <= least[1] or most[1] <= least[0]:
        return unknown(NO_OVERLAP)
    fit = None
    if ((counts > 0).sum(axis=1) >= 3).all():
        fit = _fit(counts, free=True)
    free = fit is not None
    fit = fit or _fit(counts, free=False)
    if fit is None:
        return unknown(NO_FIT)
    mean, spread, errors = fit
    pooled = np.sqrt((1 + spread**2) / 2)
    slope = np.array([1, -mean * spread**2 / (2 * pooled**2)]) / pooled
    slope = slope[: len(errors)]
    return Gap(
        estimate=float(mean / pooled),
        standard_error=float(np.sqrt(slope @ errors @ slope)),
        spread=float(spread),
        method=FITTED if free else EQUAL,
        reliability=FREE_SPREAD if free else EQUAL_SPREAD,
    )


def _fit(counts: np.ndarray, *, free: bool) -> tuple[float, float, np.ndarray] | None:
    """Fit mean and spread of the second row, the first being standard normal.

    By Fisher's scoring, halving steps that do not climb. Third, the covariance of mean
    and, if it is free, log spread. None where the likelihood has no top: spreads run
    off to nothing, or without end.
    """
    cuts = counts.shape[1] - 1
    theta = _start(counts, free)
    best, score, information = _likelihood(theta, counts, cuts)
    promise = np.inf  # twice what a full step would climb, were it a parabola
    for _ in range(ROUNDS):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return None
        promise = score @ step
        climbed = _climbed(theta, step, best, counts, cuts)
        if promise < CLOSE or climbed is None:
            break
        theta, best, score, information = climbed
    if promise > CLOSE_ENOUGH:
        return None
    spread = np.exp(theta[-1]) if free else 1.0
    if not 1 / WIDEST < spread < WIDEST:
        return None
    return theta[cuts], spread, np.linalg.inv(information)[cuts:, cuts:]


def _start(counts: np.ndarray, free: bool) -> np.ndarray:
    """Take cuts as the reference has them; then the other's are a line in them."""
    shares = np.cumsum(counts + 0.5, axis=1)
    base, other = ndtri(shares[:, :-1] / shares[:, -1:])
    spread = 1 / np.clip(np.polyfit(base, other, 1)[0], 0.1, 10) if free else 1.0
    mean = np.mean(base - spread * other)
    return np.array([*base, mean, *([np.log(spread)] if free else [])])


def _climbed(
    theta: np.ndarray, step: np.ndarray, best: float, counts: np.ndarray, cuts: int
) -> tuple | None:
    """Halve a step until it climbs; None if none does."""
    for halving in range(HALVINGS):
        ahead = theta + step / 2**halving
        if _allowed(ahead, cuts):
            value, *slopes = _likelihood(ahead, counts, cuts)
            if value >= best:
                return ahead, value, *slopes
    return None


def _allowed(theta: np.ndarray, cuts: int) -> bool:
    ordered = (np.diff(theta[:cuts]) > 0).all()
    return bool(ordered and (np.abs(theta[cuts + 1 :]) < 2 * np.log(WIDEST)).all())


def _likelihood(
    theta: np.ndarray, counts: np.ndarray, cuts: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute log likelihood, its slope, and Fisher's information."""
    at, mean = theta[:cuts], theta[cuts]
    spread = np.exp(theta[cuts + 1 :].sum())  # of nothing: one
    total, score, information = 0.0, np.zeros(len(theta)), 0.0
    for row, centre, width, fitted in (
        (counts[0], 0.0, 1.0, False),
        (counts[1], mean, spread, True),
    ):
        deviate = (at - centre) / width
        density = np.exp(-(deviate**2) / 2) / np.sqrt(2 * np.pi)
        slopes = np.zeros((cuts + 2, len(theta)))
        slopes[1:-1, :cuts] = np.diag(density / width)
        if fitted:
            slopes[1:-1, cuts] = -density / width
            slopes[1:-1, cuts + 1 :] = -(density * deviate)[:, None]
        below = np.array([0, *ndtr(deviate), 1])
        share, slopes = np.maximum(np.diff(below), TINY), np.diff(slopes, axis=0)
        total += row @ np.log(share)
        score += slopes.T @ (row / share)
        # a cell out of the density's reach tells nothing; rounding would make it much
        slopes = slopes[share > REACH]
        weight = row.sum() / share[share > REACH]
        information = information + (slopes.T * weight) @ slopes
    return total, score, information
