"""Margin-of-error arithmetic for the American Community Survey.

A *margin of error* (``moe``) is the half-width at 90 percent confidence that the
Census Bureau publishes beside every estimate; divided by 1.645 it is a standard
error. The functions take scalars or arrays and return ``(estimate, moe)``, the
margin again at 90 percent; `to_confidence` widens it. What is missing in gives
missing out, and a division by an estimate of zero is missing.

Three rules of the Bureau are built in. Estimates of zero: of several, only the
largest margin enters a sum, once. Proportions: when the radicand is negative the
formula for ratios takes its place. Constants: 1.645, 1.96 and 2.576 standard errors
for 90, 95 and 99 percent, as its handbook prints them; any other level takes the
normal quantile.

One rule is ours. In the tidy population table a **missing margin means a full
count**, such as a decennial census, which has no sampling margin: `shares` takes it
as zero. The vector functions do not: to them a missing margin is not known.

The formulas are approximations that leave out the covariance between estimates;
sums of many small areas are rougher than sums of a few large ones.

References
----------
US Census Bureau (2020), Understanding and Using American Community Survey Data: What
All Data Users Need to Know, chapters 7 and 8.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from equity.errors import InputError
from equity.measure.table import (
    check_confidence,
    floats,
    measure_table,
    normal_quantile,
    numbers,
    require_columns,
)

Estimate = tuple[np.ndarray, np.ndarray]

_HANDBOOK = {0.90: 1.645, 0.95: 1.96, 0.99: 2.576}


def critical_value(confidence: float) -> float:
    """Standard errors in a margin: the handbook's constant, or the normal quantile.

    Parameters
    ----------
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    float
        1.645, 1.96 or 2.576 for 0.90, 0.95 or 0.99.

    Examples
    --------
    >>> critical_value(0.95), round(critical_value(0.8), 3)
    (1.96, 1.282)
    """
    level = round(check_confidence(confidence), 9)
    return _HANDBOOK.get(level) or normal_quantile(level)


def standard_error(moe: ArrayLike) -> np.ndarray:
    """Turn a published 90 percent margin into a standard error.

    Parameters
    ----------
    moe
        Margins at 90 percent.

    Returns
    -------
    ndarray
        Margins divided by 1.645, in the same unit.

    Raises
    ------
    InputError
        If a margin is negative, as the Bureau's annotation codes are.

    Examples
    --------
    >>> print(standard_error(3778).round(3))
    2296.657
    """
    return _margin(moe) / critical_value(0.90)


def to_confidence(moe: ArrayLike, confidence: float) -> np.ndarray:
    """Turn a 90 percent margin into a margin at another level.

    Parameters
    ----------
    moe
        Margins at 90 percent.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    ndarray
        Margins at that level, in the same unit.

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> print(to_confidence(3778, 0.95).round(2))
    4501.45
    """
    return _margin(moe) * critical_value(confidence) / critical_value(0.90)


def total(estimates: ArrayLike, moes: ArrayLike, axis: int = -1) -> Estimate:
    """Add estimates up.

    Parameters
    ----------
    estimates, moes
        Estimates and their margins.
    axis
        The axis to add along: the last one, unless told otherwise.

    Returns
    -------
    tuple of ndarray
        Sum and its margin. Of the margins of zero estimates only the largest
        counts, once.

    Raises
    ------
    InputError
        If a margin is negative.

    References
    ----------
    Handbook, ch. 8; Census Bureau (18 April 2018), Calculating Margins of Error the
    ACS Way, p. 52, for zero estimates.

    Examples
    --------
    >>> people, moe = total([0, 0, 0, 41], [22, 22, 29, 37])
    >>> print(people, moe.round(2))
    41.0 47.01
    """
    estimates, moes = np.broadcast_arrays(floats(estimates), _margin(moes))
    zero = estimates == 0
    largest = np.max(np.where(zero, moes, 0), axis=axis, initial=0)
    squares = np.sum(np.where(zero, 0, moes) ** 2, axis=axis)
    return np.sum(estimates, axis=axis), np.sqrt(squares + largest**2)


def difference(
    estimate: ArrayLike,
    moe: ArrayLike,
    reference_estimate: ArrayLike,
    reference_moe: ArrayLike,
) -> Estimate:
    """Subtract one estimate from another.

    Parameters
    ----------
    estimate, moe
        Estimates and their margins.
    reference_estimate, reference_moe
        What is subtracted.

    Returns
    -------
    tuple of ndarray
        Estimate minus reference, and its margin.

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> gap, moe = difference(38.4, 0.1, 37.9, 0.1)
    >>> print(gap.round(1), moe.round(3))
    0.5 0.141
    """
    gap = floats(estimate) - floats(reference_estimate)
    return gap[()], np.hypot(_margin(moe), _margin(reference_moe))


def proportion(
    *,
    numerator: ArrayLike,
    numerator_moe: ArrayLike,
    denominator: ArrayLike,
    denominator_moe: ArrayLike,
) -> Estimate:
    """Divide a part by the whole that contains it.

    Parameters
    ----------
    numerator, numerator_moe
        The part and its margin.
    denominator, denominator_moe
        The whole, which includes the part, and its margin.

    Returns
    -------
    tuple of ndarray
        Proportion (0.322, not 32.2) and its margin. Where the formula would take
        the root of a negative number, the margin is that of `ratio`.

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> share, moe = proportion(numerator=203119, numerator_moe=5070,
    ...                         denominator=630498, denominator_moe=831)
    >>> print(share.round(3), moe.round(3))
    0.322 0.008
    """
    share, part, whole, size = _quotient(
        numerator, numerator_moe, denominator, denominator_moe
    )
    radicand = part**2 - whole**2
    radicand = np.where(radicand < 0, part**2 + whole**2, radicand)
    return share[()], np.sqrt(radicand) / size


def ratio(
    *,
    numerator: ArrayLike,
    numerator_moe: ArrayLike,
    denominator: ArrayLike,
    denominator_moe: ArrayLike,
) -> Estimate:
    """Divide an estimate by another that does not contain it.

    Parameters
    ----------
    numerator, numerator_moe
        The estimate above the line and its margin.
    denominator, denominator_moe
        The estimate below the line and its margin.

    Returns
    -------
    tuple of ndarray
        Ratio and its margin.

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> men_per_woman, moe = ratio(numerator=226840, numerator_moe=5557,
    ...                            denominator=203119, denominator_moe=5070)
    >>> print(men_per_woman.round(3), moe.round(3))
    1.117 0.039
    """
    value, above, below, size = _quotient(
        numerator, numerator_moe, denominator, denominator_moe
    )
    return value[()], np.hypot(above, below) / size


def product(
    estimate: ArrayLike, moe: ArrayLike, factor: ArrayLike, factor_moe: ArrayLike
) -> Estimate:
    """Multiply two estimates, such as a number of homes and a share of them.

    Parameters
    ----------
    estimate, moe
        The one, and its margin.
    factor, factor_moe
        The other, and its margin; shares as proportions.

    Returns
    -------
    tuple of ndarray
        Product and its margin.

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> homes, moe = product(74506512, 228238, 0.824, 0.001)
    >>> print(homes.round(), moe.round())
    61393366.0 202289.0
    """
    estimate, factor = floats(estimate), floats(factor)
    moe = np.hypot(estimate * _margin(factor_moe), factor * _margin(moe))
    return (estimate * factor)[()], moe


def percent_change(
    *, old: ArrayLike, old_moe: ArrayLike, new: ArrayLike, new_moe: ArrayLike
) -> Estimate:
    """Change from an old estimate to a new one, in percent of the old.

    Parameters
    ----------
    old, old_moe
        The earlier estimate and its margin.
    new, new_moe
        The later estimate and its margin, from years that do not overlap.

    Returns
    -------
    tuple of ndarray
        Change and its margin, both in **percent** (3.05, not 0.0305).

    Raises
    ------
    InputError
        If a margin is negative.

    Examples
    --------
    >>> change, moe = percent_change(old=135173, old_moe=3860,
    ...                              new=139301, new_moe=4047)
    >>> print(change.round(2), moe.round(2))
    3.05 4.2
    """
    _, moe = ratio(
        numerator=new, numerator_moe=new_moe, denominator=old, denominator_moe=old_moe
    )
    old, new = floats(old), floats(new)
    return 100 * (new - old) / _nonzero(old), 100 * moe


class Significance(NamedTuple):
    """The answer of `significance`.

    Examples
    --------
    >>> significance(37.9, 0.1, 38.4, 0.1)._fields
    ('difference', 'moe', 'z', 'significant')
    """

    difference: np.ndarray
    moe: np.ndarray  # at 90 percent
    z: np.ndarray
    significant: np.ndarray


def significance(
    estimate: ArrayLike,
    moe: ArrayLike,
    reference_estimate: ArrayLike,
    reference_moe: ArrayLike,
    confidence: float = 0.90,
) -> Significance:
    """Test whether two estimates differ by more than sampling explains.

    Parameters
    ----------
    estimate, moe
        The one estimate, and its margin.
    reference_estimate, reference_moe
        The other.
    confidence
        Level of the test, as a proportion; the Bureau's own is 0.90.

    Returns
    -------
    Significance
        ``difference`` and its 90 percent ``moe``; ``z``, the absolute difference in
        standard errors; ``significant``, whether the difference exceeds the margin.
        Two full counts have no sampling error: any difference between them has an
        infinite ``z``. Where an input is missing ``z`` is missing, and
        ``significant`` is False, meaning not shown.

    Raises
    ------
    InputError
        If a margin is negative.

    References
    ----------
    Handbook, ch. 7.

    Examples
    --------
    >>> age = significance(37.9, 0.1, 38.4, 0.1, confidence=0.99)
    >>> print(age.z.round(2), age.significant)
    5.82 True
    """
    gap, moe = difference(estimate, moe, reference_estimate, reference_moe)
    size, error = np.abs(gap), standard_error(moe)
    z = np.where(error > 0, size / _nonzero(error), np.where(size > 0, np.inf, size))
    z = np.where(np.isnan(error), np.nan, z)[()]
    # not by z, so that a difference of exactly the margin is not significant
    beyond = size * critical_value(0.90) > moe * critical_value(confidence)
    return Significance(gap, moe, z, beyond)


def median(
    lower: ArrayLike,
    upper: ArrayLike,
    count: ArrayLike,
    *,
    sampling_percentage: float | None = None,
    design_factor: float = 1.0,
) -> Estimate:
    """Median of a quantity that is published as counts per bin.

    Parameters
    ----------
    lower, upper, count
        One value per bin: its bounds, and the people or homes in it.
    sampling_percentage
        Percent of the population in the sample: 1 for one-year PUMS, 2.5 for the
        one-year ACS, 12.5 for the five-year ACS. Without it there is no margin.
    design_factor
        The Bureau's factor for the characteristic, where it publishes one.

    Returns
    -------
    tuple of ndarray
        Median, by linear interpolation within its bin, and its margin at 90
        percent. The margin is missing if the sample is so small that the limits
        fall outside all bins.

    Raises
    ------
    InputError
        If bins do not rise from lower to upper, or a count is negative.

    References
    ----------
    US Census Bureau (2018), 2013-2017 ACS 5-year PUMS Accuracy of the Data, p. 18.

    Examples
    --------
    >>> middle, moe = median([0, 10, 20], [10, 20, 40], [100, 300, 200],
    ...                      sampling_percentage=12.5)
    >>> print(middle.round(2), moe.round(2))
    16.67 1.78
    """
    lower, upper, count = (floats(part) for part in (lower, upper, count))
    if (upper <= lower).any() or (count < 0).any():
        raise InputError(
            "every bin must have lower below upper, and a count of 0 or more"
        )
    order = np.argsort(lower)
    lower, upper, count = lower[order], upper[order], count[order]
    ends = np.cumsum(count)
    people = ends[-1]
    if not people > 0:
        return np.float64(np.nan), np.float64(np.nan)

    place = partial(_place, ends=ends, count=count, lower=lower)
    middle = np.float64(place(0.5, upper))
    if sampling_percentage is None:
        return middle, np.float64(np.nan)
    unsampled = (100 - sampling_percentage) / sampling_percentage
    error = design_factor * np.sqrt(unsampled / people * 50**2) / 100
    if not error < 0.5:
        return middle, np.float64(np.nan)
    starts = np.append(lower[1:], upper[-1])  # the limits use the next bin's start
    width = place(0.5 + error, starts) - place(0.5 - error, starts)
    return middle, np.float64(critical_value(0.90) * width / 2)


def replicate_standard_error(
    estimate: ArrayLike, replicates: ArrayLike, axis: int = -1
) -> np.ndarray:
    """Standard error of any statistic, from successive-difference replicates.

    Compute the statistic once with the full weights and once with each of the 80
    replicate weights (``PWGTP1`` to ``PWGTP80``). Unlike the formulas above this
    knows the covariances.

    Parameters
    ----------
    estimate
        The statistic with the full weights.
    replicates
        The statistic with each replicate weight.
    axis
        The axis along which ``replicates`` holds the replicates.

    Returns
    -------
    ndarray
        Standard errors, in the unit of the statistic; times 1.645 they are margins.

    References
    ----------
    US Census Bureau, ACS Variance Replicate Estimate Tables Documentation; PUMS
    Accuracy of the Data: the root of 4/80 of the summed squared deviations from the
    full-weight estimate.

    Examples
    --------
    >>> print(replicate_standard_error(10.0, [9.0, 11.0] * 40))
    2.0
    """
    replicates = np.moveaxis(floats(replicates), axis, -1)
    deviations = replicates - floats(estimate)[..., np.newaxis]
    return np.sqrt(4 / replicates.shape[-1] * np.sum(deviations**2, axis=-1))


def shares(population: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Share of each race in the population of all areas together.

    Parameters
    ----------
    population
        One row per ``area`` and ``race``, with ``estimate`` (people) and ``moe`` (at
        90 percent; missing for a full count, which has no sampling margin). Select
        one vintage and one set of races that do not overlap.
    confidence
        Two-sided level of the limits, as a proportion.

    Returns
    -------
    DataFrame
        A measure table, one row per race, in the order of the categories of
        ``race``, else of the alphabet: ``group``, ``events`` (people of the group),
        ``population`` (all people), ``events_moe`` and ``population_moe`` (at 90
        percent), and the measure columns. ``estimate`` is a proportion. Limits are
        clipped to 0 and 1, and equal the estimate for a full count. A race of the
        declared categories with no rows stays, with zero people; from a survey it
        has no limits.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If an area has a race twice, a race is missing, or only some margins are.

    Notes
    -----
    One area with a missing estimate makes its race, and the total, not known.

    Examples
    --------
    >>> tracts = pd.DataFrame({
    ...     "area": ["1", "1", "2", "2"], "race": ["Black", "White"] * 2,
    ...     "estimate": [300, 700, 500, 500], "moe": [60, 80, 70, 70]})
    >>> shares(tracts)[["group", "events", "population", "estimate", "conf_low",
    ...                 "conf_high"]].round(3)
       group  events  population  estimate  conf_low  conf_high
    0  Black     800        2000       0.4     0.356      0.444
    1  White    1200        2000       0.6     0.562      0.638
    """
    require_columns(population, ["area", "race", "estimate", "moe"])
    _check_population(population)
    full_count = bool(population["moe"].isna().all())
    people, moe = numbers(population, "estimate"), numbers(population, "moe")
    moe = np.zeros_like(people) if full_count else moe

    race = pd.Categorical(population["race"])  # keeps a declared order, and races
    groups = race.categories  # without rows
    members = [race.codes == code for code in range(len(groups))]
    sums = [total(people[rows], moe[rows]) for rows in members]
    events, events_moe = np.array(sums).reshape(-1, 2).T
    if not full_count:  # a survey says nothing of a race it has no rows for
        events_moe[[not rows.any() for rows in members]] = np.nan
    all_people, all_moe = total(people, moe)

    share, margin = proportion(
        numerator=events,
        numerator_moe=events_moe,
        denominator=all_people,
        denominator_moe=all_moe,
    )
    margin = to_confidence(margin, confidence)
    frame = pd.DataFrame(
        {
            "group": pd.Categorical(groups, groups, ordered=race.ordered),
            "events": _whole(events),
            "population": _whole(np.full(len(groups), all_people)),
            "events_moe": events_moe,
            "population_moe": all_moe,
        }
    )
    return measure_table(
        frame,
        measure="share of population",
        reference=None,
        estimate=share,
        conf_low=np.clip(share - margin, 0, 1),
        conf_high=np.clip(share + margin, 0, 1),
        confidence=confidence,
        method="full count" if full_count else "ACS proportion",
    )


def _check_population(population: pd.DataFrame) -> None:
    rows = len(population)
    if nameless := int(population["race"].isna().sum()):
        raise InputError(f"race is missing in {nameless} of {rows} rows")
    if doubled := int(population.duplicated(["area", "race"]).sum()):
        raise InputError(
            f"{doubled} of {rows} rows repeat an area and race; select one vintage"
        )
    if (missing := int(population["moe"].isna().sum())) not in (0, rows):
        raise InputError(
            f"moe is missing in {missing} of {rows} rows; a survey has every margin, "
            "a full count none"
        )


def _margin(moe: ArrayLike) -> np.ndarray:
    moe = floats(moe)
    if (moe < 0).any():
        raise InputError(
            f"margins of error are negative in {(moe < 0).sum()} of {moe.size} places; "
            "the Bureau's annotation codes must be made missing first"
        )
    return moe


def _place(share: float, edges, *, ends, count, lower) -> float:
    """Value below which a share of the people lies; bin i reaches to edges[i]."""
    people = share * ends[-1]
    bin_ = int(np.searchsorted(ends, people))
    inside = (people - (ends[bin_] - count[bin_])) / (count[bin_] or 1)
    return lower[bin_] + inside * (edges[bin_] - lower[bin_])


def _whole(values: np.ndarray) -> pd.Series:
    """Whole people as integers; fractions, as of weighted areas, as they are."""
    values = pd.Series(values)
    return values if (values % 1 > 0).any() else values.astype("Int64")


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.where(values == 0, np.nan, values)[()]


def _quotient(numerator, numerator_moe, denominator, denominator_moe):
    """Quotient, the two parts of its squared margin, and what to divide them by."""
    size = _nonzero(floats(denominator))
    value = np.asarray(floats(numerator) / size)
    return value, _margin(numerator_moe), value * _margin(denominator_moe), np.abs(size)
