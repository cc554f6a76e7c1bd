"""Limits that rest on few clusters, such as the schools of a district.

The spread between thirty schools is itself known only roughly, and where a group is
mostly in ten of them, more roughly still. Limits of 1.96 standard errors are then too
narrow: they hold 92 of 100 times where 95 are promised. Student's t is wider by what
its degrees of freedom say.

**Terms**

effective number
    How many clusters of equal weight would say as much: the squared sum of weights over
    the sum of their squares.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from equity.measure.table import check_confidence, divide

LEAST = 1.0  # degree of freedom; with fewer no limits are of use


def effective(weights: ArrayLike) -> np.ndarray:
    """Count the clusters of equal weight that would say as much.

    Parameters
    ----------
    weights
        What each cluster adds, zero or more; clusters on the first axis.

    Returns
    -------
    ndarray
        The other axes' effective numbers; missing where all weights are zero.

    References
    ----------
    Carter, Schnepel and Steigerwald (2017), Review of Economics and Statistics 99,
    698-709.

    Examples
    --------
    >>> effective([[5, 97], [5, 1], [5, 1], [0, 1]]).round(2)
    array([3.  , 1.06])
    """
    weights = np.asarray(weights, dtype=float)
    return np.asarray(divide(weights.sum(axis=0) ** 2, (weights**2).sum(axis=0)))


def quantile(freedom: ArrayLike, confidence: float) -> np.ndarray:
    """Half-width, in standard errors, of a two-sided interval of Student's t.

    Parameters
    ----------
    freedom
        Degrees of freedom, such as effective clusters less one.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    ndarray
        About 2.09 for 20 and 0.95; missing below one degree of freedom.

    References
    ----------
    Bell and McCaffrey (2002), Survey Methodology 28, 169-181.

    Examples
    --------
    >>> quantile([20, 1e9, 0.5], 0.95).round(2)
    array([2.09, 1.96,  nan])
    """
    freedom = np.asarray(freedom, dtype=float)
    usable = np.where(freedom >= LEAST, freedom, np.nan)
    return np.asarray(t.ppf((1 + check_confidence(confidence)) / 2, usable))
