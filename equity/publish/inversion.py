"""Counts worked back from rates: a percentage and its denominator, or its interval.

References
----------
CMS Cell Size Suppression Policy: no percentage or other formula may be shown if a
small count can be worked back from it. OpenSAFELY, permitted results: statistics are
made from rounded counts.
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import numpy as np

from equity.errors import ParamsError
from equity.measure import intervals

_METHODS = {"wilson": intervals.wilson, "exact": intervals.exact}


def fitting(rate: float, n: int, decimals: int = 1) -> list[int]:
    """List the numerators that a rounded percentage allows.

    Parameters
    ----------
    rate
        In percent, as printed.
    n
        The denominator, in people.
    decimals
        Digits printed after the point, rounded as Python's ``round`` does.

    Returns
    -------
    list of int
        Every count ``k`` for which ``100 k / n`` is printed as ``rate``.

    References
    ----------
    See the module.

    Examples
    --------
    >>> fitting(8.1, 37)
    [3]
    >>> fitting(0.2, 5200)
    [8, 9, 10, 11, 12, 13]
    """
    middle = Fraction(Decimal(str(rate)))
    half = Fraction(1, 2 * 10**decimals)
    first = max(0, ceil((middle - half) * n / 100))
    last = min(n, floor((middle + half) * n / 100))
    near = range(first, last + 1)
    return [k for k in near if round(100 * k / n, decimals) == rate]


def inverting(
    rate: float,
    low: float,
    high: float,
    confidence: float = 0.95,
    method: str = "wilson",
    most: int = 400,
    decimals: int = 1,
) -> list[tuple[int, int]]:
    """List the counts from which a percentage and its interval can have been made.

    Parameters
    ----------
    rate, low, high
        The estimate and its limits in percent, as printed.
    confidence
        Two-sided level, as a proportion.
    method
        "wilson" or "exact".
    most
        The largest denominator that is tried.
    decimals
        Digits printed after the point.

    Returns
    -------
    list of (int, int)
        Numerator and denominator.

    Raises
    ------
    ParamsError
        If the method is not one of these.

    References
    ----------
    See the module; the limits are those of `equity.measure.intervals`.

    Examples
    --------
    >>> inverting(13.0, 4.5, 32.1)
    [(3, 23)]
    """
    if method not in _METHODS:
        raise ParamsError(f"method must be one of {list(_METHODS)}; found {method!r}")
    pairs = [(k, n) for n in range(1, most + 1) for k in fitting(rate, n, decimals)]
    if not pairs:
        return []
    events, population = np.array(pairs).T
    limits = _METHODS[method](events, population, confidence)
    near = 0.5 * 10.0**-decimals + 1e-9
    fits = np.ones(len(pairs), dtype=bool)
    for limit, printed in zip(limits, (low, high), strict=True):
        fits &= np.abs(100 * np.asarray(limit) - printed) <= near
    return [pair for pair, fit in zip(pairs, fits, strict=True) if fit]
