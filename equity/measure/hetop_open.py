"""Masked rows whose likelihood has two tops: the mean may be here or there.

Of 26 students 20 are at the middle level, and 6 are hidden who may be below or above.
If the group's spread puts fewer than 6 beside the middle, those counts are likeliest
where nearly all 6 are on one side, whichever: the search would end at one of two tops
by an accident of its start, with limits that know nothing of the other.
"""

import numpy as np

from equity.measure import hetop_rows
from equity.measure.hetop_rows import Counts

PLACES, BEYOND = 41, 3.0  # of means that are tried; SDs beyond the outer cut points
HIDDEN = 0.1  # least share of a row's students for them to make a second top
WITHIN = 1.92  # of the likelihood's logarithm: half the 95 % point of chi-square
ROUNDING = 1e-9


def two_topped(counts: Counts, log_sd: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Tell rows whose likelihood has a second top about as high as the first.

    Parameters
    ----------
    counts
        Rows.
    log_sd
        Logarithms of their standard deviations, which are held.
    cuts
        Rows x (levels - 1).

    Returns
    -------
    ndarray
        A flag per row.

    Examples
    --------
    >>> low, high = np.array([[0.0, 20, 0]] * 2), np.array([[6.0, 20, 6]] * 2)
    >>> counts = Counts(low, high, np.array([26.0, 26.0]))
    >>> two_topped(counts, np.log([0.5, 1.0]), np.array([[-1.0, 1.0]] * 2))
    array([ True, False])
    """
    known = np.where(counts.low == counts.high, counts.low, 0).sum(axis=1)
    total = np.where(np.isnan(counts.total), counts.high.sum(axis=1), counts.total)
    some = np.flatnonzero(counts.masked & (total - known > HIDDEN * total))
    flags = np.zeros(len(total), dtype=bool)
    if len(some):
        flags[some] = _several(_tried(counts[some], log_sd[some], cuts[some]))
    return flags


def _tried(counts: Counts, log_sd: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """The likelihood's logarithm at each of the places, rows x places."""
    reach = BEYOND * np.exp(log_sd)
    first = cuts[:, 0] - reach
    last = np.where(np.isfinite(cuts), cuts, -np.inf).max(axis=1) + reach
    with np.errstate(invalid="ignore"):  # of a search that ran away
        width = last - first
        means = [first + share * width for share in np.linspace(0, 1, PLACES)]
    return np.column_stack(
        [hetop_rows.log_likelihood(counts, mean, log_sd, cuts) for mean in means]
    )


def _several(values: np.ndarray) -> np.ndarray:
    """Rows with a further top within `WITHIN` of the highest."""
    around = np.pad(values, [(0, 0), (1, 1)], constant_values=-np.inf)
    top = (values > around[:, :-2] + ROUNDING) & (values >= around[:, 2:] - ROUNDING)
    high = values >= values.max(axis=1, keepdims=True) - WITHIN
    return (top & high).sum(axis=1) > 1
