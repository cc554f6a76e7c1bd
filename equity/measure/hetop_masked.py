"""Counts by level that are known within bounds: what they say, and their extremes.

A publisher that masks a count (``<5``, ``n<10``, ``GE95`` of 60 students) says that it
lies between a least and a most number. The likelihood of such a row is the chance of
*all* counts within its bounds, and with its total where that is published: they are
added up exactly, by convolution over the levels. Nothing is filled in.

Rows are arrays of rows x levels; levels are in their order.
"""

from itertools import product

import numpy as np
from scipy.special import gammaln

MOST_NUMBERS = 4_000_000  # held at a time while counts are added up


def tightened(
    low: np.ndarray, high: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow bounds to what the row's total leaves possible.

    Parameters
    ----------
    low, high
        Least and most students, rows x levels.
    total
        Students of the row, missing if not known.

    Returns
    -------
    tuple of ndarray
        Least and most students. A row's bounds cross where no counts add up to it.

    Examples
    --------
    >>> tightened(np.array([[3.0, 0, 0]]), np.array([[3.0, 4, 20]]), np.array([10.0]))
    (array([[3., 0., 3.]]), array([[3., 4., 7.]]))
    """
    least, most = (ends.sum(axis=-1, keepdims=True) for ends in (low, high))
    rest = total[..., None]
    return np.fmax(low, rest - (most - high)), np.fmin(high, rest - (least - low))


def middles(low: np.ndarray, high: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Place counts between their bounds so that they add up, to start a search from.

    Parameters
    ----------
    low, high
        Least and most students, rows x levels.
    total
        Students of the row, missing if not known.

    Returns
    -------
    ndarray
        Rows x levels, not whole numbers.

    Examples
    --------
    >>> middles(np.array([[3.0, 0, 0]]), np.array([[3.0, 4, 8]]), np.array([9.0]))
    array([[3., 2., 4.]])
    """
    least, width = low.sum(axis=-1), (high - low).sum(axis=-1)
    share = np.divide(total - least, width, out=np.zeros_like(width), where=width > 0)
    share = np.where(np.isnan(share), 0.5, share)
    return low + share[..., None] * (high - low)


def expected(
    low: np.ndarray, high: np.ndarray, total: np.ndarray, log_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add up the chances of all counts within the bounds, and their moments.

    Parameters
    ----------
    low, high
        Least and most students, rows x levels, whole numbers.
    total
        Students of the row. Where it is missing, all totals that the bounds allow are
        taken as equally likely.
    log_share
        Logarithm of the share of students at each level, rows x levels.

    Returns
    -------
    tuple of ndarray
        Logarithm of the chance of counts within the bounds (rows), the counts expected
        given the bounds (rows x levels), and their covariance (rows x levels x levels).

    Notes
    -----
    The derivative of the first with respect to `log_share` is the second, and the
    derivative of the second is the third (Louis 1982), which is what an exact search
    for the maximum needs.

    References
    ----------
    Louis (1982), Journal of the Royal Statistical Society B 44(2), 226-233.

    Examples
    --------
    Three students, at most one of them at the first of two levels of equal shares: a
    chance of 1/8 + 3/8.

    >>> chance, counts, _ = expected(np.array([[0.0, 2]]), np.array([[1.0, 3]]),
    ...     np.array([3.0]), np.log([[0.5, 0.5]]))
    >>> np.exp(chance), counts
    (array([0.5]), array([[0.75, 2.25]]))
    """
    rows, levels = low.shape
    chance, mean = np.zeros(rows), np.zeros((rows, levels))
    covariance = np.zeros((rows, levels, levels))
    width = (high - low).max(axis=1, initial=0)
    for size in np.unique(_power(width)):
        alike = np.flatnonzero(_power(width) == size)
        stacked = (1 + levels) * (2 + levels) / 2
        chunk = max(1, int(MOST_NUMBERS / (stacked * levels * (size + 1))))
        for start in range(0, len(alike), chunk):
            some = alike[start : start + chunk]
            found = _added_up(low[some], high[some], total[some], log_share[some])
            chance[some], mean[some], covariance[some] = found
    return chance, mean, covariance


def corners(
    low: np.ndarray, high: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """List the extreme counts within the bounds.

    Parameters
    ----------
    low, high
        Least and most students, rows x levels, as `tightened`.
    total
        Students of the row, missing if not known.

    Returns
    -------
    tuple of ndarray
        The row each corner belongs to, and its counts: corners x levels. All levels
        but one are at a bound, and that one takes what is left of the total; without a
        total all are.

    Examples
    --------
    >>> corners(np.array([[3.0, 3, 3]]), np.array([[3.0, 4, 4]]), np.array([10.0]))
    (array([0, 0]), array([[3., 3., 4.], [3., 4., 3.]]))
    """
    levels = low.shape[1]
    known = ~np.isnan(total)
    found = []
    for ends in product([False, True], repeat=levels):
        at_ends = np.where(ends, high, low)
        found.append((np.flatnonzero(~known), at_ends[~known]))
        for level in range(levels):
            if not ends[level]:  # its own end does not matter: once is enough
                counts = at_ends.copy()
                counts[:, level] += total - at_ends.sum(axis=1)
                here = counts[:, level]
                fits = known & (low[:, level] <= here) & (here <= high[:, level])
                found.append((np.flatnonzero(fits), counts[fits]))
    row = np.concatenate([row for row, _ in found])
    counts = np.concatenate([counts for _, counts in found])
    both = np.unique(np.column_stack([row, counts]), axis=0)
    return both[:, 0].astype(int), both[:, 1:]


def _power(width: np.ndarray) -> np.ndarray:
    """The next power of two less one, so that rows of like width are added together."""
    return 2 ** np.ceil(np.log2(width + 1)) - 1


def _added_up(
    low: np.ndarray, high: np.ndarray, total: np.ndarray, log_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Convolve levels, carrying sums of counts and of products of counts along."""
    rows, levels = low.shape
    beyond = np.arange(int((high - low).max()) + 1)  # students above the least number
    inside = beyond <= (high - low)[..., None]
    count = low[..., None] + beyond
    term = np.where(inside, count * log_share[..., None] - gammaln(count + 1), -np.inf)
    scale = term.max(axis=-1)
    weight = np.exp(term - scale[..., None])

    # sums by students above the least number so far: of one, and of products of two
    # levels' numbers, where level -1 stands for the number one
    sums = {(-1, -1): np.ones((rows, 1))}
    for level in range(levels):
        here = weight[:, level]
        sums = _convolved(sums, here, beyond, level)
    least, constant = low.sum(axis=1), scale.sum(axis=1)
    by_total = sums[-1, -1]
    totals = least[:, None] + np.arange(by_total.shape[1])
    chosen = np.where(np.isnan(total)[:, None], by_total > 0, totals == total[:, None])
    ways = np.where(chosen, gammaln(totals + 1), -np.inf)
    most = ways.max(axis=1, keepdims=True)
    ways = np.exp(ways - most)
    all_of_it = (by_total * ways).sum(axis=1)
    with np.errstate(divide="ignore"):
        chance = np.log(all_of_it) + constant + most[:, 0]

    moment = {}
    for key, values in sums.items():
        above = (values * ways).sum(axis=1)
        moment[key] = np.divide(
            above, all_of_it, out=np.full(rows, np.nan), where=all_of_it > 0
        )
    mean = np.column_stack([moment[-1, level] for level in range(levels)])
    covariance = np.empty((rows, levels, levels))
    for first, second in product(range(levels), repeat=2):
        both = moment[min(first, second), max(first, second)]
        covariance[:, first, second] = both - mean[:, first] * mean[:, second]
    return chance, low + mean, covariance


def _convolved(sums: dict, weight: np.ndarray, beyond: np.ndarray, level: int) -> dict:
    """Take one more level into the sums."""
    powers = [weight * beyond**power for power in range(3)]
    new = {key: _convolve(values, powers[0]) for key, values in sums.items()}
    for first in range(-1, level):
        new[first, level] = _convolve(sums[-1, first], powers[1])
    new[level, level] = _convolve(sums[-1, -1], powers[2])
    return new


def _convolve(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Convolve row by row. Sums of positive terms: no digits are lost, as by FFT."""
    if values.shape[1] < weight.shape[1]:
        values, weight = weight, values
    shape = values.shape[0], values.shape[1] + weight.shape[1] - 1
    out = np.zeros(shape)
    for place in range(weight.shape[1]):
        out[:, place : place + values.shape[1]] += values * weight[:, [place]]
    return out
