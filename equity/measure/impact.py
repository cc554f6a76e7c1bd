"""Disproportionate and adverse impact: rules that institutions use to flag groups.

Three methods of the California Community Colleges, one of them the four-fifths rule
of employee selection. Tables have one row per ``group``, with ``events`` and
``population``; every function returns a measure table (see `table`) in which a
flagged group is ``indicated``. Comparisons without a rule are in `disparity`.

The rules compare, and count people, in exact rational arithmetic (see `exact`), so
that a group at precisely four fifths is not flagged by a rounding error. They speak
of events that are wished for: of dropping out, count those who stayed.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, isqrt

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import exact, intervals
from equity.measure.table import (
    HIGHER,
    divide,
    log_limits,
    measure_table,
    numbers,
    position_of,
    without_reference,
)

OVERALL = "overall"
ALL_BUT_CURRENT = "all but current"


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
    counts, whole = exact.counts(rates)
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
        people_to_threshold=exact.people(pairs, lambda g, w: _to_index(g, w, limit)),
        people_to_parity=exact.people(pairs, lambda g, w: _to_index(g, w, one)),
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
    alone: these limits are the rule's, and those of `disparity.difference` are to be
    preferred as a measure of uncertainty. The reference rate stays as it is when
    people are counted. A gap of exactly the margin is indicated, so a group raised
    to exactly there needs one person more to leave the flag behind.

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
    counts, whole = exact.counts(rates)
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
        conf_low=without_reference(gap - moe, base),
        conf_high=without_reference(gap + moe, base),
        confidence=0.95,
        method="PPG margin",
        rate=_rates(counts),
        reference_rate=_floats(pairs, lambda _, wanted: wanted),
        margin_of_error=moe,
        indicated=_flags(cells, _beyond_margin),
        people_to_threshold=exact.people(cells, _to_margin),
        people_to_parity=exact.people(pairs, _shortfall),
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
        ``rates`` with the measure columns of `disparity.ratio`, then ``rate`` and
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
    counts, _ = exact.counts(rates)
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
        conf_low=without_reference(low, base),
        conf_high=without_reference(high, base),
        confidence=confidence,
        method="Katz log",
        rate=_rates(counts),
        reference_rate=_floats(pairs, lambda _, wanted: wanted),
        indicated=_flags(pairs, lambda g, wanted: g.rate < limit * wanted),
        people_to_threshold=exact.people(pairs, lambda g, w: _shortfall(g, limit * w)),
        people_to_parity=exact.people(pairs, _shortfall),
        direction=HIGHER,
    )


def _others(group: exact.Count | None, whole: exact.Count | None) -> exact.Count | None:
    if group is None or whole is None:
        return None
    return exact.count(whole.events - group.events, whole.population - group.population)


def _shortfall(group: exact.Count, wanted: Fraction) -> int:
    """Further events that lift a group's rate to the wanted one."""
    return max(0, ceil(wanted * group.population - group.events))


def _index(group: exact.Count, whole: exact.Count) -> Fraction:
    return group.rate / whole.rate


def _to_index(group: exact.Count, whole: exact.Count, target: Fraction) -> int:
    """Further events that lift a group's index, when they count for everyone too."""
    if _index(group, whole) >= target:
        return 0
    share = target * group.population / whole.population
    return ceil((share * whole.events - group.events) / (1 - share))


def _squared_moe(
    group: exact.Count | None, least: float, proportion: float | None
) -> Fraction | None:
    """The margin of error, squared, because its root is seldom rational."""
    if group is None:
        return None
    share = group.rate if proportion is None else _exactly(proportion)
    share = share if 0 < share < 1 else Fraction(1, 2)
    square = Fraction("1.96") ** 2 * share * (1 - share) / group.population
    return max(_exactly(least) ** 2, square)


def _beyond_margin(group: exact.Count, wanted: Fraction, square: Fraction) -> bool:
    short = wanted - group.rate
    return short >= 0 and short**2 >= square


def _to_margin(group: exact.Count, wanted: Fraction, square: Fraction) -> int:
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


def _floats(pairs: Sequence[tuple], function: Callable) -> np.ndarray:
    return np.array(exact.each(pairs, function), dtype=float)


def _rates(counts: Sequence[exact.Count | None]) -> np.ndarray:
    return np.array([count and float(count.rate) for count in counts], dtype=float)


def _flags(pairs: Sequence[tuple], function: Callable):
    return pd.array(exact.each(pairs, function), dtype="boolean")


def _index_log_se(events: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Standard error of log(events / all events), a part being in the whole."""
    share = divide(events, population)
    variance = events * (1 - share)
    variance[population == 0] = 0  # nobody adds nothing to everyone's
    part, whole = divide(1, events), divide(1, events.sum())
    return np.sqrt(variance * (part**2 - 2 * part * whole) + variance.sum() * whole**2)
