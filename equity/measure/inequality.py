"""One number for the inequality among many groups: WHO's summary measures.

The functions take vectors, one entry per group, and return a `Summary`; `summary`
puts them in a measure table. ``values`` are the groups' estimates (rates, means),
``population`` their people, and the *average* is the mean of the values weighted by
population. Groups without people are left out; any other missing value makes the
summary missing.

Results are in natural units. WHO's Health Equity Assessment Toolkit (HEAT) prints
some of them on another scale:

===========================================  =====================  ===========
function                                     unit                   HEAT prints
===========================================  =====================  ===========
between_group_variance                       unit of values squared the same
between_group_standard_deviation             unit of values         the same
coefficient_of_variation                     none                   times 100
mean_difference_from_best, _mean, _reference unit of values         the same
index_of_disparity                           none                   times 100
theil_index, mean_log_deviation              none                   times 1,000
===========================================  =====================  ===========

(The R package healthequal multiplies the last two estimates by 1,000 but not their
standard errors; here both are on the natural scale.)

References
----------
WHO (2024), Health Equity Assessment Toolkit: Technical Notes, and Health inequality
monitoring, chapter 21. Schlotheuber & Hosseinpoor (2022), Int J Environ Res Public
Health 19(6), 3697, appendix A. Standard errors: Ahn et al. (2018), JCO Clin Cancer
Inform 2, 1-19 (the analytic methods of the NCI's HD*Calc).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import xlogy

from equity.errors import InputError, ParamsError
from equity.measure.table import (
    check_counts,
    floats,
    measure_table,
    normal_quantile,
)


class Summary(NamedTuple):
    """An estimate and its standard error, missing where none is published or given.

    Examples
    --------
    >>> Summary(0.005)
    Summary(estimate=0.005, standard_error=nan)
    """

    estimate: float
    standard_error: float = np.nan


def between_group_variance(
    values: ArrayLike, population: ArrayLike, standard_errors: ArrayLike | None = None
) -> Summary:
    """Mean squared distance from the average, weighted by population.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.
    standard_errors
        Standard errors of the values, if known.

    Returns
    -------
    Summary
        In the squared unit of the values; zero if all groups are alike. The
        standard error is that of a quadratic form of independent normal values.

    Examples
    --------
    >>> print(between_group_variance([10, 20], [100, 300]).estimate)
    18.75
    """
    y, weight, average, error = _groups(values, population, standard_errors)
    gap = y - average
    form = np.diag(weight) - np.outer(weight, weight)  # the variance is y' form y
    spread = form * error**2
    variance = 4 * np.sum((weight * gap * error) ** 2) + 2 * np.trace(spread @ spread)
    return Summary(np.sum(weight * gap**2), np.sqrt(variance))


def between_group_standard_deviation(
    values: ArrayLike, population: ArrayLike
) -> Summary:
    """Root of the between-group variance.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.

    Returns
    -------
    Summary
        In the unit of the values.

    Examples
    --------
    >>> print(between_group_standard_deviation([10, 20], [100, 300]).estimate.round(2))
    4.33
    """
    return Summary(np.sqrt(between_group_variance(values, population).estimate))


def coefficient_of_variation(values: ArrayLike, population: ArrayLike) -> Summary:
    """Between-group standard deviation over the average.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.

    Returns
    -------
    Summary
        Without unit: 0.25 is what HEAT prints as 25. Missing if the average is zero.

    Examples
    --------
    >>> print(coefficient_of_variation([10, 20], [100, 300]).estimate.round(4))
    0.2474
    """
    _, _, average, _ = _groups(values, population)
    deviation = between_group_standard_deviation(values, population).estimate
    return Summary(deviation / _nonzero(average))


def mean_difference_from_best(
    values: ArrayLike,
    population: ArrayLike,
    *,
    favourable: bool = True,
    weighted: bool = True,
) -> Summary:
    """Mean distance from the best group.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.
    favourable
        Higher values are better, so the best is the highest; else the lowest.
    weighted
        Weigh groups by population; else all alike.

    Returns
    -------
    Summary
        In the unit of the values.

    Examples
    --------
    >>> print(mean_difference_from_best([10, 20], [100, 300]).estimate)
    2.5
    """
    y, _, _, _ = _groups(values, population)
    best = (np.max if favourable else np.min)(
        y, initial=-np.inf if favourable else np.inf
    )
    return Summary(_mean_distance(values, population, best, weighted))


def mean_difference_from_mean(
    values: ArrayLike, population: ArrayLike, *, weighted: bool = True
) -> Summary:
    """Mean distance from the average.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.
    weighted
        Weigh groups by population; else all alike. The average is weighted anyhow.

    Returns
    -------
    Summary
        In the unit of the values.

    Examples
    --------
    >>> print(mean_difference_from_mean([10, 20], [100, 300]).estimate)
    3.75
    """
    _, _, average, _ = _groups(values, population)
    return Summary(_mean_distance(values, population, average, weighted))


def mean_difference_from_reference(
    values: ArrayLike,
    population: ArrayLike,
    *,
    reference: float,
    weighted: bool = True,
) -> Summary:
    """Mean distance from the value of a reference group.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.
    reference
        The reference group's value.
    weighted
        Weigh groups by population; else all alike.

    Returns
    -------
    Summary
        In the unit of the values. The reference group counts among the groups.

    Examples
    --------
    >>> print(mean_difference_from_reference([10, 20], [100, 300],
    ...                                      reference=10).estimate)
    7.5
    """
    return Summary(_mean_distance(values, population, reference, weighted))


def index_of_disparity(
    values: ArrayLike, population: ArrayLike, *, weighted: bool = True
) -> Summary:
    """Mean distance from the average, over the average.

    Parameters
    ----------
    values, population
        One entry per group: its estimate, and its people.
    weighted
        Weigh groups by population; else all alike. The average is weighted anyhow.

    Returns
    -------
    Summary
        Without unit: 0.21 is what HEAT prints as 21. Missing if the average is zero.

    Examples
    --------
    >>> print(index_of_disparity([10, 20], [100, 300]).estimate.round(4))
    0.2143
    """
    _, _, average, _ = _groups(values, population)
    return Summary(
        _mean_distance(values, population, average, weighted) / _nonzero(average)
    )


def theil_index(
    values: ArrayLike, population: ArrayLike, standard_errors: ArrayLike | None = None
) -> Summary:
    """Theil's T: relative inequality, most sensitive to groups far above the average.

    Parameters
    ----------
    values, population
        One entry per group: its estimate (not negative), and its people.
    standard_errors
        Standard errors of the values, if known.

    Returns
    -------
    Summary
        Without unit, in natural logarithms: 0.005 is what HEAT prints as 5. Zero if
        all groups are alike. The standard error is by the delta method.

    Raises
    ------
    InputError
        If a value is negative.

    Examples
    --------
    >>> print(theil_index([10, 20], [100, 300]).estimate.round(4))
    0.0345
    """
    y, weight, average, error = _groups(values, population, standard_errors)
    relative = _relative(y, average)
    theil = np.sum(weight * xlogy(relative, relative))
    some = np.where(relative > 0, relative, np.nan)
    slope = weight / _nonzero(average) * (np.log(some) - theil)
    return Summary(theil, np.sqrt(np.sum((slope * error) ** 2)))


def mean_log_deviation(
    values: ArrayLike, population: ArrayLike, standard_errors: ArrayLike | None = None
) -> Summary:
    """Theil's L: relative inequality, most sensitive to groups far below the average.

    Parameters
    ----------
    values, population
        One entry per group: its estimate (not negative), and its people.
    standard_errors
        Standard errors of the values, if known.

    Returns
    -------
    Summary
        Without unit, in natural logarithms: 0.005 is what HEAT prints as 5. Zero if
        all groups are alike, missing if a value is zero. The standard error is by
        the delta method.

    Raises
    ------
    InputError
        If a value is negative.

    Examples
    --------
    >>> print(mean_log_deviation([10, 20], [100, 300]).estimate.round(4))
    0.0398
    """
    y, weight, average, error = _groups(values, population, standard_errors)
    relative = _relative(y, average)
    relative = np.where(relative > 0, relative, np.nan)
    slope = weight / _nonzero(average) * (1 - 1 / relative)
    return Summary(
        -np.sum(weight * np.log(relative)), np.sqrt(np.sum((slope * error) ** 2))
    )


def gini_coefficient(values: ArrayLike, population: ArrayLike) -> Summary:
    """Gini's coefficient: one less twice the area under the Lorenz curve.

    Parameters
    ----------
    values, population
        One entry per group or area: its estimate (not negative), and its people, who
        all have this value.

    Returns
    -------
    Summary
        Without unit; zero if all are alike, up to one. Missing if the average is zero.

    Raises
    ------
    InputError
        If a value is negative.

    Notes
    -----
    That of a population, not multiplied by n / (n - 1) as for a sample.

    Examples
    --------
    >>> print(gini_coefficient([1, 3], [500, 500]).estimate)
    0.25
    """
    y, weight, average, _ = _groups(values, population)
    order = np.argsort(y, kind="stable")
    had = (weight * _relative(y, average))[order]
    behind = np.cumsum(had) - had / 2  # had by those with less, and half of one's own
    return Summary(1 - 2 * np.sum(weight[order] * behind))


class Parts(NamedTuple):
    """An index split into inequality between groups and within them.

    Examples
    --------
    >>> Parts(0.2, 0.07)
    Parts(between=0.2, within=0.07)
    """

    between: float
    within: float


def theil_parts(values: ArrayLike, population: ArrayLike, groups: ArrayLike) -> Parts:
    """Split Theil's T into the inequality between groups and within them.

    Parameters
    ----------
    values, population
        One entry per cell, such as the people of a group in an area: the value that
        they all have (not negative), and how many they are.
    groups
        The group of each cell.

    Returns
    -------
    Parts
        Without unit; together they are `theil_index`. Between: if everyone had the
        average of their group. Within: the groups' own indices, weighted by their
        shares of all there is.

    Raises
    ------
    InputError
        If a value is negative, or a cell has no group.

    References
    ----------
    Shorrocks (1980), The class of additively decomposable inequality measures,
    Econometrica 48(3), 613-625.

    Examples
    --------
    >>> parts = theil_parts([1, 3, 3], [2, 2, 4], ["Asian", "Asian", "White"])
    >>> print(parts.between.round(4), parts.within.round(4))
    0.0201 0.0523
    """
    y, people, label = (
        floats(values),
        floats(population),
        pd.Series(np.asarray(groups, dtype=object)),
    )
    if label.isna().any():
        raise InputError(f"group is missing in {label.isna().sum()} cells")
    some = people > 0
    sums = pd.DataFrame({"had": y * people, "people": people})[some]
    sums = sums.groupby(label[some]).sum(skipna=False)
    means = (sums["had"] / sums["people"]).to_numpy()
    between = theil_index(means, sums["people"].to_numpy()).estimate
    return Parts(between, theil_index(y, people).estimate - between)


def summary(
    rates: pd.DataFrame, *, favourable: bool = True, confidence: float = 0.95
) -> pd.DataFrame:
    """All weighted summary measures of a table of rates, one per row.

    Parameters
    ----------
    rates
        One row per group, with ``events`` (people who had the event) and
        ``population`` (people who could have).
    favourable
        Higher rates are better.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        A measure table with a row per measure. ``events`` and ``population`` are
        those of all groups together. Limits are normal, not below zero, and missing
        where no standard error is published.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or infinite, or events exceed population.

    Notes
    -----
    With small groups all of these exceed zero by chance alone; the normal limits do
    not correct for that. HD*Calc's authors advise caution where a quarter of the
    groups have no events.

    Examples
    --------
    >>> rates = pd.DataFrame({"group": ["Black", "Latino", "White"],
    ...                       "events": [48, 30, 56], "population": [80, 50, 70]})
    >>> summary(rates)[["measure", "estimate"]].head(3).round(4)
                                measure  estimate
    0            between-group variance    0.0091
    1  between-group standard deviation    0.0954
    2          coefficient of variation    0.1424
    """
    events, people = check_counts(rates)
    some = np.where(people > 0, people, np.nan)
    rate = events / some
    error = np.sqrt(rate * (1 - rate) / some)
    best = mean_difference_from_best(rate, people, favourable=favourable)
    measures = {
        "between-group variance": between_group_variance(rate, people, error),
        "between-group standard deviation": between_group_standard_deviation(
            rate, people
        ),
        "coefficient of variation": coefficient_of_variation(rate, people),
        "mean difference from best": best,
        "mean difference from mean": mean_difference_from_mean(rate, people),
        "index of disparity": index_of_disparity(rate, people),
        "Theil index": theil_index(rate, people, error),
        "mean log deviation": mean_log_deviation(rate, people, error),
    }
    value, deviation = np.array(list(measures.values()), dtype=float).T
    width = normal_quantile(confidence) * deviation
    return measure_table(
        pd.DataFrame({"events": events.sum(), "population": people.sum()}, measures),
        measure=list(measures),
        reference=None,
        estimate=value,
        conf_low=np.maximum(value - width, 0),
        conf_high=value + width,
        confidence=confidence,
        method=["normal" if known else "none" for known in np.isfinite(width)],
    ).reset_index(drop=True)


def _groups(
    values: ArrayLike, population: ArrayLike, standard_errors: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Values, population shares, average and standard errors of groups with people."""
    if standard_errors is None:
        standard_errors = np.nan
    y, people, error = np.broadcast_arrays(
        *(floats(part) for part in (values, population, standard_errors))
    )
    if y.ndim != 1:
        raise ParamsError(f"values have {y.ndim} dimensions; expected one per group")
    if (people < 0).any():
        raise InputError(f"population is negative in {(people < 0).sum()} groups")
    some = people != 0
    y, people, error = y[some], people[some], error[some]
    if not len(y):  # nobody at all: one group of which nothing is known
        y = people = error = np.array([np.nan])
    weight = people / people.sum()
    return y, weight, np.sum(weight * y), error


def _mean_distance(
    values: ArrayLike, population: ArrayLike, origin: float, weighted: bool
) -> float:
    y, weight, _, _ = _groups(values, population)
    return np.average(np.abs(y - origin), weights=weight if weighted else None)


def _relative(values: np.ndarray, average: float) -> np.ndarray:
    if (values < 0).any():
        raise InputError(f"values are negative in {(values < 0).sum()} groups")
    return values / _nonzero(average)


def _nonzero(number: float) -> float:
    return number if number != 0 else np.nan
