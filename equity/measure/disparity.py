"""Rates of groups, and how far they lie apart.

Tables have one row per ``group``, with ``events`` (the numerator) and ``population``
(the denominator); every function returns a measure table (see `table`). Who is
compared with whom is always said: ``reference`` names a group. Its own row stays,
without limits: a group cannot differ from itself. Rules that institutions use to
flag groups are in `impact`.
"""

from collections.abc import Callable
from math import ceil

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import exact, intervals
from equity.measure.table import (
    HIGHER,
    LOWER,
    check_counts,
    divide,
    floats,
    measure_table,
    numbers,
    position_of,
    require_columns,
    without_reference,
)


def rate(rates: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Divide each group's events by its population: the share who had the event.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who had the event) and
        ``population`` (people who could have).
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns. ``estimate`` is a proportion with Wilson
        limits; all are missing where the population is zero or a count is missing.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or infinite, or events exceed population.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> hires = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [48, 56], "population": [80, 70]})
    >>> rate(hires)[["group", "estimate", "conf_low", "conf_high"]].round(3)
       group  estimate  conf_low  conf_high
    0  Black       0.6     0.490      0.700
    1  White       0.8     0.692      0.877
    """
    events, population = check_counts(rates)
    low, high = intervals.wilson(events, population, confidence)
    return measure_table(
        rates,
        measure="rate",
        reference=None,
        estimate=divide(events, population),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Wilson score",
    )


def ratio(
    rates: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide each group's rate by the reference group's rate.

    One is parity; above one, the event is more common in the group.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who had the event) and
        ``population`` (people who could have).
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns. ``estimate`` is unitless, and missing if
        the reference has no events. Limits are missing for the reference and for
        groups with no events.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or infinite, or events exceed population.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    Limits are rough below about five events, and take ``population`` as known; for
    survey estimates use `acs.ratio`.

    References
    ----------
    Katz et al. (1978), Biometrics 34(3), 469-474.

    Examples
    --------
    >>> denials = pd.DataFrame({"group": ["Black", "White"],
    ...                         "events": [90, 60], "population": [1000, 2000]})
    >>> table = ratio(denials, reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(2)
       group  estimate  conf_low  conf_high
    0  Black       3.0      2.18       4.12
    1  White       1.0       NaN        NaN
    """
    events, population = check_counts(rates)
    value = divide(events, population)
    return _compared(
        rates,
        (events, population),
        intervals.katz,
        lambda base: divide(value, value[base]),
        measure="disparity ratio",
        reference=reference,
        confidence=confidence,
        method="Katz log",
    )


def rate_ratio(
    rates: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide each group's rate by the reference's, where someone can count twice.

    One is parity. Requests per resident are such a rate, since a resident may ask
    more than once.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (how often it happened) and
        ``population`` (people, or person-years).
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns. ``estimate`` is unitless, and missing if
        the reference has no events. Limits are missing for the reference and for
        groups with no events.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or infinite.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    The limits take events as independent. Repeated requests about one matter are
    not, and make them too narrow.

    References
    ----------
    Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd ed., ch. 14.

    Examples
    --------
    >>> requests = pd.DataFrame({"group": ["Black", "White"],
    ...                          "events": [300, 400], "population": [1000, 800]})
    >>> table = rate_ratio(requests, reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(2)
       group  estimate  conf_low  conf_high
    0  Black       0.6      0.52        0.7
    1  White       1.0       NaN        NaN
    """
    events, population = check_counts(rates, within=False)
    value = divide(events, population)
    return _compared(
        rates,
        (events, population),
        intervals.poisson_ratio,
        lambda base: divide(value, value[base]),
        measure="rate ratio",
        reference=reference,
        confidence=confidence,
        method="Poisson log",
    )


def difference(
    rates: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Subtract the reference group's rate from each group's rate.

    Zero is parity; above zero, the event is more common in the group.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who had the event) and
        ``population`` (people who could have).
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns. ``estimate`` is a proportion: 0.045 is
        4.5 percentage points. Limits are missing for the reference.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or infinite, or events exceed population.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    References
    ----------
    Newcombe (1998), Stat Med 17, 873-890, method 10.

    Examples
    --------
    >>> hires = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [48, 56], "population": [80, 70]})
    >>> table = difference(hires, reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(3)
       group  estimate  conf_low  conf_high
    0  Black      -0.2    -0.334     -0.052
    1  White       0.0       NaN        NaN
    """
    events, population = check_counts(rates)
    value = divide(events, population)
    return _compared(
        rates,
        (events, population),
        intervals.newcombe_difference,
        lambda base: value - value[base],
        measure="rate difference",
        reference=reference,
        confidence=confidence,
        method="Newcombe hybrid score",
    )


def people_to_parity(
    rates: pd.DataFrame,
    *,
    reference: str,
    direction: str = HIGHER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the people between a group's rate and the reference group's rate.

    Where higher is better: how many more of the group would have to have the event.
    Where lower is better: how many fewer.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who had the event) and
        ``population`` (people who could have), whole numbers.
    reference
        The ``group`` whose rate would be reached; it stays as it is.
    direction
        "higher is better" or "lower is better".
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns, ``people_to_parity`` and ``direction``.
        ``estimate`` is the same whole number of people, rounded up; zero at parity
        or beyond it. Limits are missing for the reference.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    ParamsError
        If ``direction`` is neither of the two.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    Limits are those of `difference` times the population, rounded up.

    Examples
    --------
    >>> hires = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [48, 56], "population": [80, 70]})
    >>> table = people_to_parity(hires, reference="White")
    >>> table[["group", "people_to_parity", "conf_low", "conf_high"]]
       group  people_to_parity  conf_low  conf_high
    0  Black                16       5.0       27.0
    1  White                 0       NaN        NaN
    """
    if direction not in (HIGHER, LOWER):
        raise ParamsError(
            f"direction is {direction!r}; expected {HIGHER!r} or {LOWER!r}"
        )
    counts, _ = exact.counts(rates)
    base = counts[position_of(rates, reference)]
    pairs = [(count, base and base.rate) for count in counts]
    sign = 1 if direction == HIGHER else -1

    people = exact.people(
        pairs,
        lambda group, wanted: max(
            0, ceil(sign * (wanted * group.population - group.events))
        ),
    )
    gap = difference(rates, reference=reference, confidence=confidence)
    limits = gap[["conf_low", "conf_high"]].to_numpy() * -sign
    limits = np.sort(limits, axis=1) * numbers(rates, "population")[:, np.newaxis]
    low, high = np.ceil(np.maximum(limits, 0)).T
    return measure_table(
        rates,
        measure="people to parity",
        reference=reference,
        estimate=floats(people),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Newcombe hybrid score times population",
        people_to_parity=people,
        direction=direction,
    )


def parity_index(values: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Divide each group's value by the reference group's value, for any measure.

    One is parity. Use it for values that are not rates of people, such as days to
    close; for rates, `ratio` and `rate_ratio` know the counts.

    Parameters
    ----------
    values
        A measure table with one row per ``group``, whose groups are independent and
        whose estimates are not negative: ``estimate``, ``conf_low``, ``conf_high``,
        ``confidence``.
    reference
        The ``group`` all others are compared with.

    Returns
    -------
    DataFrame
        A measure table at the same confidence. ``estimate`` is unitless. What was
        compared stays as ``value``, ``value_low``, ``value_high`` and, if there was
        a ``measure``, ``value_measure``. Limits are missing for the reference; the
        upper one also if the reference's limits reach zero.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If the table mixes levels of confidence.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    References
    ----------
    UNESCO Institute for Statistics (2009), Education Indicators: Technical
    Guidelines, for the index; Donner & Zou (2012), Stat Methods Med Res 21(4),
    347-359, for the limits.

    Examples
    --------
    >>> days = pd.DataFrame({"group": ["Black", "White"], "estimate": [12.0, 8.0],
    ...     "conf_low": [11.0, 7.5], "conf_high": [13.5, 8.4], "confidence": 0.95})
    >>> table = parity_index(days, reference="White")
    >>> table[["group", "value", "estimate", "conf_low", "conf_high"]].round(2)
       group  value  estimate  conf_low  conf_high
    0  Black   12.0       1.5      1.36       1.72
    1  White    8.0       1.0       NaN        NaN
    """
    given = ["estimate", "conf_low", "conf_high"]
    require_columns(values, ["group", *given, "confidence"])
    levels = values["confidence"].unique()
    if len(levels) != 1:
        raise InputError(f"column confidence holds {len(levels)} levels; expected one")
    estimate, low, high = (numbers(values, name) for name in given)
    base = position_of(values, reference)
    limits = intervals.mover_ratio(
        *(estimate, low, high), estimate[base], low[base], high[base]
    )
    return measure_table(
        values.rename(
            columns={
                "measure": "value_measure",
                "estimate": "value",
                "conf_low": "value_low",
                "conf_high": "value_high",
            }
        ),
        measure="parity index",
        reference=reference,
        estimate=divide(estimate, estimate[base]),
        conf_low=without_reference(limits[0], base),
        conf_high=without_reference(limits[1], base),
        confidence=float(levels[0]),
        method="MOVER ratio",
    )


def _compared(
    rates: pd.DataFrame, counts, limits: Callable, estimate: Callable, **columns
) -> pd.DataFrame:
    """A measure table of groups against a reference row, which has no limits."""
    require_columns(rates, ["group"])
    base = position_of(rates, columns["reference"])
    low, high = limits(
        *counts, *(count[base] for count in counts), columns["confidence"]
    )
    return measure_table(
        rates,
        estimate=estimate(base),
        conf_low=without_reference(low, base),
        conf_high=without_reference(high, base),
        **columns,
    )
