"""Rates of groups, and how far they lie apart.

Tables have one row per ``group``, with ``events`` (the numerator) and ``population``
(the denominator); every function returns a measure table (see `table`). Who is
compared with whom is always said: ``reference`` names a group, or everyone. The
reference's own row stays, without limits: a group cannot differ from itself.

The disproportionate-impact measures of the California Community Colleges and the
four-fifths rule compare, and count people, in exact rational arithmetic, so that a
group at precisely four fifths is not flagged by a rounding error. They speak of
events that are wished for: of dropping out, count those who stayed.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from equity.errors import InputError, ParamsError
from equity.measure import intervals
from equity.measure.table import (
    check_counts,
    floats,
    log_limits,
    measure_table,
    numbers,
    position_of,
    require_columns,
)

OVERALL = "overall"
ALL_BUT_CURRENT = "all but current"
HIGHER, LOWER = "higher is better", "lower is better"


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
        estimate=_divide(events, population),
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
    value = _divide(events, population)
    return _compared(
        rates,
        (events, population),
        intervals.katz,
        lambda base: _divide(value, value[base]),
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
    value = _divide(events, population)
    return _compared(
        rates,
        (events, population),
        intervals.poisson_ratio,
        lambda base: _divide(value, value[base]),
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
    value = _divide(events, population)
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
    counts, _ = _exact_counts(rates)
    base = counts[position_of(rates, reference)]
    pairs = [(count, base and base.rate) for count in counts]
    sign = 1 if direction == HIGHER else -1

    people = _people(
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
        estimate=_divide(estimate, estimate[base]),
        conf_low=_without(limits[0], base),
        conf_high=_without(limits[1], base),
        confidence=float(levels[0]),
        method="MOVER ratio",
    )


def proportionality_index(
    rates: pd.DataFrame, *, threshold: float = 0.8, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide each group's share of the events by its share of the population.

    One is parity; below one, the group has less than its share.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who succeeded) and
        ``population`` (people who could have), whole numbers. Together the rows are
        everyone.
    threshold
        Below it a group is ``indicated``. The Chancellor's Office sets none; 0.8 is
        customary.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns, then ``events_share`` and
        ``population_share`` (proportions), ``indicated``, ``people_to_threshold``
        and ``people_to_parity`` (further successes of the group, all else the same,
        that bring the index up to the threshold and to one), ``direction``. All are
        missing if any count is missing, or nobody succeeded.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    ParamsError
        If ``threshold`` is not a proportion.

    Notes
    -----
    A further success of the group also adds to everyone's, so it takes more people
    than the shortfall of today. Software that counts in floating point may print one
    person more where the exact number is whole. The limits are on the log scale by
    the delta method, allowing for the group being part of everyone; missing for a
    group with no events.

    References
    ----------
    California Community Colleges Chancellor's Office (2014), Guidelines for Measuring
    Disproportionate Impact in Equity Plans, method 1.

    Examples
    --------
    >>> transfers = pd.DataFrame({"group": ["Black", "Other"],
    ...                           "events": [607, 9921], "population": [2000, 18000]})
    >>> table = proportionality_index(transfers)
    >>> table[["group", "estimate", "indicated", "people_to_parity"]].round(3)
       group  estimate  indicated  people_to_parity
    0  Black     0.577       True               496
    1  Other     1.047      False                 0
    """
    limit, one = _threshold(threshold), Fraction(1)
    counts, whole = _exact_counts(rates)
    whole = whole if whole and whole.events else None
    pairs = [(count, whole) for count in counts]

    events, population = (numbers(rates, name) for name in ("events", "population"))
    estimate = _floats(pairs, _index)
    low, high = log_limits(estimate, _index_log_se(events, population), confidence)
    return measure_table(
        rates,
        measure="proportionality index",
        reference=OVERALL,
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="log delta",
        events_share=_floats(pairs, lambda g, w: Fraction(g.events, w.events)),
        population_share=_floats(
            pairs, lambda g, w: Fraction(g.population, w.population)
        ),
        indicated=_flags(pairs, lambda g, w: _index(g, w) < limit),
        people_to_threshold=_people(pairs, lambda g, w: _to_index(g, w, limit)),
        people_to_parity=_people(pairs, lambda g, w: _to_index(g, w, one)),
        direction=HIGHER,
    )


def percentage_point_gap(
    rates: pd.DataFrame,
    *,
    reference: str = OVERALL,
    min_moe: float = 0.03,
    proportion: float | None = 0.5,
) -> pd.DataFrame:
    """Subtract a reference rate from each group's, and flag gaps beyond the margin.

    The measure of disproportionate impact of the California Community Colleges.
    Zero is parity; below zero, the group succeeds less often.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people who succeeded) and
        ``population`` (people who could have), whole numbers.
    reference
        "overall" (everyone in the table), "all but current" (everyone outside the
        group: "PPG minus one") or a ``group``.
    min_moe
        The least margin of error, as a proportion.
    proportion
        The rate that the margin takes as given: 0.5, or None for the group's own
        (0.5 where that is 0 or 1).

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns, then ``rate``, ``reference_rate`` and
        ``margin_of_error`` (proportions), ``indicated`` (the gap is the margin or
        more below zero), ``people_to_threshold`` and ``people_to_parity`` (further
        successes of the group that lift its rate to within the margin of the
        reference rate, and up to it), ``direction``. ``estimate`` is a proportion;
        its limits are the gap less and plus the margin.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, events exceed population, or a group is
        called "overall" or "all but current".
    ParamsError
        If ``min_moe`` is negative, or ``proportion`` not between 0 and 1.
    UnknownGroupError
        If ``reference`` is neither of the two nor exactly one row.

    Notes
    -----
    The level is fixed at 95 percent, as 1.96 standard errors of the group's rate
    alone: these limits are the rule's, and those of `difference` are to be preferred
    as a measure of uncertainty. The reference rate stays as it is when people are
    counted. A gap of exactly the margin is indicated, so a group raised to exactly
    there needs one person more to leave the flag behind.

    References
    ----------
    California Community Colleges Chancellor's Office (2017), Percentage Point Gap
    Method; (2022), Percentage Point Gap Minus One Methodology Notes.

    Examples
    --------
    >>> transfers = pd.DataFrame({"group": ["Black", "Other"],
    ...                           "events": [607, 9921], "population": [2000, 18000]})
    >>> table = percentage_point_gap(transfers)
    >>> table[["group", "estimate", "indicated", "people_to_parity"]].round(4)
       group  estimate  indicated  people_to_parity
    0  Black   -0.2229       True               446
    1  Other    0.0248      False                 0
    """
    if min_moe < 0 or not (proportion is None or 0 < proportion < 1):
        raise ParamsError(
            f"min_moe is {min_moe} and proportion {proportion}; expected 0 or more, "
            "and a proportion between 0 and 1 or None"
        )
    counts, whole = _exact_counts(rates)
    if rates["group"].isin([OVERALL, ALL_BUT_CURRENT]).any():
        raise InputError(f"a group is called {OVERALL!r} or {ALL_BUT_CURRENT!r}")
    base = None
    if reference == OVERALL:
        others = [whole] * len(counts)
    elif reference == ALL_BUT_CURRENT:
        others = [_others(count, whole) for count in counts]
    else:
        base = position_of(rates, reference)
        others = [counts[base]] * len(counts)
    wanted = [other and other.rate for other in others]
    squares = [_squared_moe(count, min_moe, proportion) for count in counts]
    pairs = list(zip(counts, wanted, strict=True))
    cells = list(zip(counts, wanted, squares, strict=True))
    gap = _floats(pairs, lambda group, wanted: group.rate - wanted)
    moe = np.sqrt(np.array(squares, dtype=float))
    return measure_table(
        rates,
        measure="percentage-point gap",
        reference=reference,
        estimate=gap,
        conf_low=_without(gap - moe, base),
        conf_high=_without(gap + moe, base),
        confidence=0.95,
        method="PPG margin",
        rate=_rates(counts),
        reference_rate=_floats(pairs, lambda _, wanted: wanted),
        margin_of_error=moe,
        indicated=_flags(cells, _beyond_margin),
        people_to_threshold=_people(cells, _to_margin),
        people_to_parity=_people(pairs, _shortfall),
        direction=HIGHER,
    )


def four_fifths(
    rates: pd.DataFrame,
    *,
    reference: str | None = None,
    threshold: float = 0.8,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Divide each group's rate by the highest, and flag ratios below four fifths.

    The four-fifths rule of employee selection, and the "80% index" of the California
    Community Colleges. One is the rate of the most successful group.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` (people selected) and ``population``
        (people who could have been), whole numbers.
    reference
        The ``group`` all others are compared with. None takes the one with the
        highest rate, as the rule is written; of several, the first.
    threshold
        Strictly below it a group is ``indicated``.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``rates`` with the measure columns of `ratio`, then ``rate`` and
        ``reference_rate`` (proportions), ``indicated``, ``people_to_threshold`` and
        ``people_to_parity`` (further selections in the group that lift its rate to
        the threshold and to the reference rate), ``direction``. All are missing if
        nobody was selected.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    ParamsError
        If ``threshold`` is not a proportion.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    The rule is a rule of thumb: with few people one selection turns it round, so
    read it with the limits. Groups below two percent of the pool are usually left
    out; do so beforehand.

    References
    ----------
    Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4(D);
    California Community Colleges Chancellor's Office (2014), Guidelines for Measuring
    Disproportionate Impact in Equity Plans, method 2.

    Examples
    --------
    >>> tests = pd.DataFrame({"group": ["Black", "Hispanic", "White"],
    ...                       "events": [12, 12, 15], "population": [40, 20, 20]})
    >>> table = four_fifths(tests)
    >>> table[["group", "estimate", "indicated", "people_to_threshold"]].round(2)
          group  estimate  indicated  people_to_threshold
    0     Black       0.4       True                   12
    1  Hispanic       0.8      False                    0
    2     White       1.0      False                    0
    """
    limit = _threshold(threshold)
    counts, _ = _exact_counts(rates)
    if reference is None:
        known = [place for place, count in enumerate(counts) if count]
        base = max(known, key=lambda place: counts[place].rate, default=None)
    else:
        base = position_of(rates, reference)
    best = None if base is None else counts[base]
    wanted = best.rate if best and best.events else None
    pairs = [(count, wanted) for count in counts]

    events, population = (numbers(rates, name) for name in ("events", "population"))
    against = (np.nan, np.nan) if base is None else (events[base], population[base])
    low, high = intervals.katz(events, population, *against, confidence)
    return measure_table(
        rates,
        measure="impact ratio",
        reference=None if base is None else str(rates["group"].iloc[base]),
        estimate=_floats(pairs, lambda group, wanted: group.rate / wanted),
        conf_low=_without(low, base),
        conf_high=_without(high, base),
        confidence=confidence,
        method="Katz log",
        rate=_rates(counts),
        reference_rate=_floats(pairs, lambda _, wanted: wanted),
        indicated=_flags(pairs, lambda g, wanted: g.rate < limit * wanted),
        people_to_threshold=_people(pairs, lambda g, w: _shortfall(g, limit * w)),
        people_to_parity=_people(pairs, _shortfall),
        direction=HIGHER,
    )


class _Count(NamedTuple):
    """Whole events of a population that is not empty."""

    events: int
    population: int

    @property
    def rate(self) -> Fraction:
        """The exact share who had the event."""
        return Fraction(self.events, self.population)


def _count(events: float, population: float) -> _Count | None:
    return _Count(int(events), int(population)) if population > 0 <= events else None


def _exact_counts(rates: pd.DataFrame) -> tuple[list[_Count | None], _Count | None]:
    """Each group's counts, and everyone's; None where one is missing or nobody."""
    require_columns(rates, ["group", "events", "population"])
    events, population = check_counts(rates, whole=True)
    counts = [_count(*pair) for pair in zip(events, population, strict=True)]
    return counts, _count(events.sum(), population.sum())


def _others(group: _Count | None, whole: _Count | None) -> _Count | None:
    if group is None or whole is None:
        return None
    return _count(whole.events - group.events, whole.population - group.population)


def _shortfall(group: _Count, wanted: Fraction) -> int:
    """Further events that lift a group's rate to the wanted one."""
    return max(0, ceil(wanted * group.population - group.events))


def _index(group: _Count, whole: _Count) -> Fraction:
    return group.rate / whole.rate


def _to_index(group: _Count, whole: _Count, target: Fraction) -> int:
    """Further events that lift a group's index, when they count for everyone too."""
    if _index(group, whole) >= target:
        return 0
    share = target * group.population / whole.population
    return ceil((share * whole.events - group.events) / (1 - share))


def _squared_moe(
    group: _Count | None, least: float, proportion: float | None
) -> Fraction | None:
    """The margin of error, squared, because its root is seldom rational."""
    if group is None:
        return None
    share = group.rate if proportion is None else _exactly(proportion)
    share = share if 0 < share < 1 else Fraction(1, 2)
    square = Fraction("1.96") ** 2 * share * (1 - share) / group.population
    return max(_exactly(least) ** 2, square)


def _beyond_margin(group: _Count, wanted: Fraction, square: Fraction) -> bool:
    short = wanted - group.rate
    return short >= 0 and short**2 >= square


def _to_margin(group: _Count, wanted: Fraction, square: Fraction) -> int:
    """Further events that lift a flagged group's rate to within the margin."""
    if not _beyond_margin(group, wanted, square):
        return 0
    short = wanted * group.population - group.events
    return _ceil_less_root(short, square * group.population**2)


def _ceil_less_root(value: Fraction, square: Fraction) -> int:
    """The least whole number that is at least ``value - sqrt(square)``, exactly."""
    people = floor(value) - isqrt(ceil(square)) - 1
    while people < value and (value - people) ** 2 > square:
        people += 1
    return people


def _exactly(number: float) -> Fraction:
    """The decimal as it was written: 0.8 is four fifths, not the nearest double."""
    return Fraction(str(number))


def _threshold(threshold: float) -> Fraction:
    if not 0 < threshold <= 1:
        raise ParamsError(
            f"threshold is {threshold}; expected a proportion above 0 and up to 1"
        )
    return _exactly(threshold)


def _each(pairs: Sequence[tuple], function: Callable) -> list:
    return [None if None in pair else function(*pair) for pair in pairs]


def _floats(pairs: Sequence[tuple], function: Callable) -> np.ndarray:
    return np.array(_each(pairs, function), dtype=float)


def _rates(counts: Sequence[_Count | None]) -> np.ndarray:
    return np.array([count and float(count.rate) for count in counts], dtype=float)


def _people(pairs: Sequence[tuple], function: Callable):
    return pd.array(_each(pairs, function), dtype="Int64")


def _flags(pairs: Sequence[tuple], function: Callable):
    return pd.array(_each(pairs, function), dtype="boolean")


def _index_log_se(events: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Standard error of log(events / all events), a part being in the whole."""
    share = _divide(events, population)
    variance = events * (1 - share)
    variance[population == 0] = 0  # nobody adds nothing to everyone's
    part, whole = _divide(1, events), _divide(1, events.sum())
    return np.sqrt(variance * (part**2 - 2 * part * whole) + variance.sum() * whole**2)


def _divide(above: ArrayLike, below: ArrayLike) -> np.ndarray:
    """Quotient, missing where it would divide by zero."""
    return np.asarray(above) / np.where(np.equal(below, 0), np.nan, below)


def _without(values: np.ndarray, base: int | None) -> np.ndarray:
    """The values, with the reference's own missing."""
    return (
        values
        if base is None
        else np.where(np.arange(len(values)) == base, np.nan, values)
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
        conf_low=_without(low, base),
        conf_high=_without(high, base),
        **columns,
    )
