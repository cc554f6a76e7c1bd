"""Limits of an index of segregation, and how much of it chance alone would make.

Units are small, so people who come to them regardless of group still make no two alike:
an index of counts is above zero where nothing segregates, and the more so the smaller
the units are. Redrawing the people of the units as they are adds that noise a second
time and cannot tell how much of the first to take away; limits made so may never
reach zero.

Here people are redrawn from a *family* of workforces: from one in which every unit has
the same mix, through the one that was counted, to one more segregated than chance would
let pass for it. Of each member the index is known, and redraws tell what would have
been counted; the estimate is the index of the member for which the count is the median,
and the limits are those of the members for which it would be just too high and just too
low.

References
----------
Carrington and Troske (1997), On measuring segregation in samples with small units,
Journal of Business and Economic Statistics 15, 402-409 (the index that chance makes).
DiCiccio and Romano (1990), Nonparametric confidence limits by resampling methods and
least favorable families, International Statistical Review 58, 59-76 (limits from a
family of one parameter). Louis (1984), JASA 79, 393-398 (shrinking that keeps the
spread). Cowan, Cranmer, Gross and Vitells (2011), Power-constrained limits,
arXiv:1105.3166 (a count below what chance makes is no proof of evenness).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from equity.errors import ParamsError
from equity.measure.table import check_confidence, divide

STEPS = np.linspace(0, 1, 9)  # from the same mix everywhere to the mix counted
BEYOND = np.array([0.25, 0.5, 1.0])  # and on, to what could hardly be counted so
NODES = len(STEPS) + len(BEYOND)  # members of a family
FAR = 3.0  # standard errors
NOTHING = 1e-9  # what is below it is a rounding error


class Redraws(NamedTuple):
    """Indices of the members of a family, and of redraws of their people.

    Attributes
    ----------
    known
        Members x indices: of the members themselves.
    drawn
        Members x redraws x indices: of people drawn from them.
    """

    known: np.ndarray
    drawn: np.ndarray


def family(table: np.ndarray, levels: Sequence[np.ndarray]) -> np.ndarray:
    """Pull the mix of every unit towards that of its parent, or push it away.

    Parameters
    ----------
    table
        People, units x groups, somebody in every unit.
    levels
        For each level, outermost first, the cell of every unit, as whole numbers from
        zero; the last are the units themselves.

    Returns
    -------
    ndarray
        Members x units x groups: people expected. The first has the same mix
        everywhere; that at the last of `STEPS` is `table`.

    Notes
    -----
    A member up to the one counted stands for an intraclass correlation. Mixes are
    pulled so far that what remains of their spread is what is expected of that
    correlation without the chance of small units: sqrt(n c / (1 + n c)) of the way
    remains for n people and odds c of the correlation, so that small units are pulled
    more. Members beyond push all mixes away by the same factor; a share that would
    become negative is zero.

    Examples
    --------
    >>> members = family(np.array([[30, 10], [10, 30]]), [np.arange(2)])
    >>> members[[0, 4, 8], 0]
    array([[20., 20.],
           [25., 15.],
           [30., 10.]])
    """
    size = table.sum(axis=1)
    level = np.zeros(len(table), dtype=int)
    outer, _ = _mix(table, level)
    mixes = np.broadcast_to(outer, (NODES, *table.shape))
    for inner in levels:
        cells = inner.max() + 1
        mix, people = _mix(table, inner)
        squares = divide((mix - outer) ** 2, outer)  # no one of no one: no distance
        distance = size @ np.where(outer > 0, squares, 0).sum(axis=1)
        freedom = (cells - level.max() - 1) * ((outer > 0).any(axis=0).sum() - 1)
        kept = np.vstack(
            [
                _pulled(people * cells / size.sum()),
                np.outer(_pushed(distance, freedom), np.ones(len(table))),
            ]
        )
        mixes = np.maximum(mixes + kept[:, :, None] * (mix - outer), 0)
        mixes = mixes / mixes.sum(axis=2, keepdims=True)
        outer, level = mix, inner
    return size[:, None] * mixes


def redraws(
    members: np.ndarray,
    index: Callable[[np.ndarray], np.ndarray],
    *,
    replicates: int,
    seed: int,
) -> Redraws:
    """Draw people from every member of a family, and compute indices of them.

    Parameters
    ----------
    members
        As `family` returns them.
    index
        From tables (any x units x groups) to indices (any x indices).
    replicates
        Redraws in all, shared out evenly among the members.
    seed
        Of the random numbers.

    Returns
    -------
    Redraws
        Of the members.

    Examples
    --------
    >>> members = np.array([[[20, 20], [20, 20]], [[30, 10], [10, 30]]])
    >>> found = redraws(members, lambda t: t[..., 0, :], replicates=20, seed=1)
    >>> found.known.shape, found.drawn.shape
    ((2, 2), (2, 10, 2))
    """
    random = np.random.default_rng(seed)
    size = (max(replicates // len(members), 1), *members.shape[1:])
    drawn = [index(random.poisson(member, size).astype(float)) for member in members]
    return Redraws(index(members), np.stack(drawn))


def check_replicates(replicates: int, confidence: float) -> None:
    """Refuse so few redraws that they have no outermost ones to leave out.

    Parameters
    ----------
    replicates
        Redraws in all.
    confidence
        Two-sided level, as a proportion.

    Raises
    ------
    ParamsError
        If there are fewer than two over one less the confidence, for each member.

    Examples
    --------
    >>> check_replicates(100, 0.95)
    Traceback (most recent call last):
    equity.errors.ParamsError: replicates is 100; expected 480 or more for a confidence
    of 0.95
    """
    least = NODES * int(np.ceil(round(2 / (1 - check_confidence(confidence)), 6)))
    if replicates < least:
        raise ParamsError(
            f"replicates is {replicates}; expected {least} or more for a confidence "
            f"of {confidence}"
        )


def inverted(
    counted: np.ndarray, found: Redraws, confidence: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the members of a family that what was counted agrees with.

    Parameters
    ----------
    counted
        Indices of the people counted, none below zero.
    found
        The same of a family, and of redraws.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Estimate, lower and upper limit. Zero is the estimate where chance makes more
        than was counted at least half of the time; then the upper limit is what it
        would be if chance had made just the median. All are missing where what was
        counted is, or where more redraws have no value than a limit may leave out.

    Notes
    -----
    Between members quantiles are interpolated; beyond the last they keep their distance
    in square roots. Where what was counted is as even as can be, nothing says in which
    direction it might be less so, and there is no upper limit.

    Examples
    --------
    >>> known = np.linspace(0, 1, 11)[:, None]
    >>> noise = np.linspace(-0.1, 0.3, 401)[None, :, None]
    >>> found = Redraws(known, np.abs(known[:, None] + noise))
    >>> print(*(x.round(2) for x in inverted(np.array([0.6]), found, 0.95)))
    [0.5] [0.31] [0.69]
    """
    tail = (1 - check_confidence(confidence)) / 2
    endless = np.where(np.isnan(found.drawn), np.inf, found.drawn)
    with np.errstate(invalid="ignore"):  # between endless and endless is no number
        # of few draws, others would leave out too many: Weibull's counts one more
        least, half, most = np.quantile(
            endless, [tail, 0.5, 1 - tail], axis=1, method="weibull"
        )
    places = range(len(counted))
    # so that a lower limit is zero, and not a rounding error above it
    members = np.where(found.known < NOTHING, 0, found.known)
    ends = [
        [_member(value[j], quantile[:, j], members[:, j]) for j in places]
        for value, quantile in (
            (counted, half),
            (counted, most),
            (np.maximum(counted, half[0]), least),
        )
    ]
    estimate, low, high = np.array(ends, dtype=float)
    known = np.isfinite(most).all(axis=0)
    # what can be nothing else, such as the index of one unit, has no limits
    certain = (np.nan_to_num(found.drawn) < NOTHING).all(axis=(0, 1))
    even = np.nan_to_num(members).max(axis=0) == 0
    return (
        np.where(known, estimate, np.nan),
        np.where(known & ~certain, low, np.nan),
        np.where(known & ~even, high, np.nan),
    )


def _member(counted: float, quantile: np.ndarray, known: np.ndarray) -> float:
    """Index of the member for which what was counted is the quantile."""
    if not np.isfinite(counted) or not np.isfinite(quantile).all():
        return np.nan
    # more segregation gives more: a step back is the chance of the redraws
    quantile, known = np.maximum.accumulate(quantile), np.maximum.accumulate(known)
    if counted > quantile[-1]:
        beyond = np.sqrt(counted) - np.sqrt(quantile[-1])
        return float((np.sqrt(known[-1]) + beyond) ** 2)
    return float(np.interp(counted, quantile, known))


def _mix(table: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the groups in the cell of every unit, and the people of the cell."""
    people = np.zeros((level.max() + 1, table.shape[1]))
    np.add.at(people, level, table)
    size = people.sum(axis=1)
    return divide(people, size[:, None])[level], size[level]


def _pulled(size: np.ndarray) -> np.ndarray:
    """How much of its mix a cell keeps, up to all: `STEPS` x units.

    For a cell of the usual size, 1, members are evenly spaced.
    """
    step = STEPS[:-1, None]
    expected = step**2 / (1 - step**2) * size
    return np.vstack([np.sqrt(expected / (1 + expected)), np.ones(len(size))])


def _pushed(distance: float, freedom: int) -> np.ndarray:
    """By what factors mixes go on, until a chi-squared as small would hardly be seen.

    A noncentral chi-squared has mean f + m and variance 2 (f + 2 m), with f degrees of
    freedom and noncentrality m, which grows as the square of the factor.
    """
    if distance < NOTHING:
        return np.ones(len(BEYOND))
    least = max(distance - freedom, 0) + 2 * FAR**2
    root = np.sqrt(least**2 - (least - 2 * FAR**2) ** 2 + 2 * FAR**2 * freedom)
    return np.maximum(np.sqrt((least + root) / distance), 1) ** BEYOND
