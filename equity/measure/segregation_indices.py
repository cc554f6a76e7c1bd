"""Indices of segregation: tables of people by unit and group in, numbers out.

A *table* is an array of people, ``units x groups``; axes before these two, such as one
over redraws, are kept, so that a thousand tables take one call. Units and groups in
which there is nobody change nothing. A table with a missing count has missing indices:
what is hidden in one unit changes every share. Intervals are in `segregation`.

*Entropy* is in natural units (nats): 0 where all people are of one group, and the
logarithm of the number of groups where they are equally many.

References
----------
Theil (1971), Principles of Econometrics. Reardon and Firebaugh (2002), Measures of
multigroup segregation, Sociological Methodology 32, 33-67. Mora and Ruiz-Castillo
(2011), Entropy-based segregation indices, Sociological Methodology 41, 159-194.
"""

import numpy as np
from scipy.special import xlogy

from equity.measure.table import divide


def entropy(table: np.ndarray) -> np.ndarray:
    """Entropy of the groups: how diverse all people together are.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        In nats.

    Examples
    --------
    >>> entropy(np.array([[30, 10], [10, 30]])).round(4)
    np.float64(0.6931)
    """
    people = table.sum(axis=-2)
    whole = people.sum(axis=-1)
    return divide(_x_log_x(whole) - _x_log_x(people).sum(axis=-1), whole)


def mutual_information(table: np.ndarray) -> np.ndarray:
    """Mutual information index M: what knowing the unit tells about the group.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        In nats: 0 where all units have the same mix, and at most the logarithm of the
        number of groups, or of units if they are fewer.

    Notes
    -----
    The sum of p(u, g) log(p(u, g) / p(u) p(g)) over units u and groups g. It is the
    same with the axes swapped.

    Examples
    --------
    >>> mutual_information(np.array([[30, 10], [10, 30]])).round(4)
    np.float64(0.1308)
    """
    whole = table.sum(axis=(-2, -1))
    margins = (table.sum(axis=-1), table.sum(axis=-2))
    apart = _x_log_x(table).sum(axis=(-2, -1)) + _x_log_x(whole)
    apart = apart - sum(_x_log_x(margin).sum(axis=-1) for margin in margins)
    return np.maximum(divide(apart, whole), 0)  # a rounding error may be below zero


def theil(table: np.ndarray) -> np.ndarray:
    """Compute Theil's information index H: M over the entropy of the groups.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        Between 0 (all units have the same mix) and 1 (no unit mixes); missing where
        there is one group only.

    Examples
    --------
    >>> theil(np.array([[30, 10], [10, 30]])).round(4)
    np.float64(0.1887)
    """
    return divide(mutual_information(table), entropy(table))


def dissimilarity(table: np.ndarray) -> np.ndarray:
    """Dissimilarity index D: the share of people who would have to move, of the most.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        Between 0 and 1. Of two groups: the share of either that would have to change
        units for all units to have the same mix, if the other stayed. Missing where
        there is one group only.

    References
    ----------
    Duncan and Duncan (1955), American Sociological Review 20, 210-217 (two groups);
    Morgan (1975) and Sakoda (1981) in Reardon and Firebaugh (2002), for more.

    Examples
    --------
    >>> dissimilarity(np.array([[30, 10], [10, 30]]))
    np.float64(0.5)
    """
    size = table.sum(axis=-1)
    whole = size.sum(axis=-1)
    share = divide(table.sum(axis=-2), whole[..., None])
    excess = np.abs(table - size[..., None] * share[..., None, :])
    return divide(
        excess.sum(axis=(-2, -1)), 2 * whole * (share * (1 - share)).sum(axis=-1)
    )


def gini(table: np.ndarray) -> np.ndarray:
    """Gini index of the segregation of two groups.

    Parameters
    ----------
    table
        People, units x 2 groups.

    Returns
    -------
    ndarray
        Between 0 and 1: how far the curve of one group's cumulative share against the
        other's, units in order of their mix, lies from the diagonal. Missing where a
        group has nobody.

    References
    ----------
    Duncan and Duncan (1955); James and Taeuber (1985), Measures of segregation,
    Sociological Methodology 15, 1-32.

    Examples
    --------
    >>> gini(np.array([[30, 10], [10, 30]]))
    np.float64(0.5)
    """
    share = divide(table[..., 0], table.sum(axis=-1))
    order = np.argsort(share, axis=-1)[..., None]
    ordered = np.take_along_axis(np.asarray(table), order, axis=-2)
    spread = divide(ordered, table.sum(axis=-2)[..., None, :])
    first, second = spread[..., 0], spread[..., 1]
    # twice the area under the curve, trapezium by trapezium
    under = (second * (2 * np.cumsum(first, axis=-1) - first)).sum(axis=-1)
    return np.maximum(1 - under, 0)  # a rounding error may be below zero


def contact(table: np.ndarray) -> np.ndarray:
    """Share of a group in the unit of the average member of a group.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        Groups x groups, as proportions; a row adds up to one. On the diagonal the
        *isolation* of the row's group, elsewhere its *exposure* to the column's.
        Missing where the row's group has nobody.

    References
    ----------
    Lieberson (1981) and Bell (1954) in Massey and Denton (1988), The dimensions of
    residential segregation, Social Forces 67, 281-315.

    Examples
    --------
    >>> contact(np.array([[30, 10], [10, 30]]))
    array([[0.625, 0.375],
           [0.375, 0.625]])
    """
    table = np.asarray(table, dtype=float)
    size = table.sum(axis=-1, keepdims=True)
    mix = table / np.where(size == 0, 1, size)
    met = np.swapaxes(table, -1, -2) @ mix
    return divide(met, table.sum(axis=-2)[..., None])


def local_by_unit(table: np.ndarray) -> np.ndarray:
    """Local segregation of each unit: how far its mix is from that of all people.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        In nats, one per unit, zero or more. Weighted by the units' shares of people
        they add up to M. Missing for a unit with nobody.

    Notes
    -----
    The sum over groups of p(g|u) log(p(g|u) / p(g)).

    References
    ----------
    Mora and Ruiz-Castillo (2011).

    Examples
    --------
    >>> local_by_unit(np.array([[30, 10], [10, 30]])).round(4)
    array([0.1308, 0.1308])
    """
    share = divide(table, table.sum(axis=-1)[..., None])
    groups = table.sum(axis=-2)
    overall = divide(groups, groups.sum(axis=-1)[..., None])[..., None, :]
    apart = (xlogy(share, share) - xlogy(share, overall)).sum(axis=-1)
    return np.maximum(apart, 0)


def local_by_group(table: np.ndarray) -> np.ndarray:
    """Local segregation of each group: how unlike all people it is spread over units.

    Parameters
    ----------
    table
        People, units x groups.

    Returns
    -------
    ndarray
        In nats, one per group, zero or more. Weighted by the groups' shares of people
        they add up to M. Missing for a group with nobody.

    References
    ----------
    Mora and Ruiz-Castillo (2011).

    Examples
    --------
    >>> local_by_group(np.array([[30, 10], [10, 30]])).round(4)
    array([0.1308, 0.1308])
    """
    return local_by_unit(np.swapaxes(table, -1, -2))


def _x_log_x(values: np.ndarray) -> np.ndarray:
    return xlogy(values, values)
