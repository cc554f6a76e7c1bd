"""Presentation standards: whether an estimate is sure enough to be shown.

The rules of the National Center for Health Statistics, which say of each share and
each rate whether to present it. They are about *sureness*, not about privacy: a share
of 40 % of 10 people may be suppressed here and harm nobody, and a share of 3 in 1,000
people may be presented here and must still be hidden by the gate of `equity.publish`.

**Terms**

suppressed
    Too unsure to be shown as a number.
presented, for review
    To be shown, but a person should look at it first: nobody or everybody has the
    event, or a survey has few degrees of freedom.
effective sample size
    How many people drawn at random would tell as much as the people of a survey
    with clusters and weights.
relative width
    The width of the 95 percent interval, divided by the estimate.

The verdict is a column ``reliability``, of words. It depends on the size of counts, and
is hidden together with them.

References
----------
Parker et al. (2017, revised 2021), National Center for Health Statistics Data
Presentation Standards for Proportions, Vital and Health Statistics 2(175). Parker et
al. (2023), the same for Rates and Counts, 2(200). Korn and Graubard (1998), Confidence
intervals for proportions with small expected number of positive counts estimated from
survey data, Survey Methodology 24(2), 193-201.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import beta, t

from equity.errors import InputError
from equity.measure import intervals
from equity.measure.table import (
    check_counts,
    divide,
    floats,
    numbers,
    require_columns,
)

CONFIDENCE = 0.95  # of the standards, whatever the interval shown beside an estimate
FEWEST_PEOPLE, FEWEST_EVENTS, FEWEST_DEGREES = 30, 10, 8
NARROW, WIDE = 0.05, 0.30  # widths of an interval of a share
WIDEST_SHARE, WIDEST_RATE = 1.30, 1.60  # relative widths

PRESENTED = "presented"
NOT_KNOWN = "not known"
FEW_PEOPLE = f"suppressed: fewer than {FEWEST_PEOPLE} people (effective) to judge by"
FEW_EVENTS = f"suppressed: fewer than {FEWEST_EVENTS} events"
TOO_WIDE = "suppressed: the interval is 30 points wide or more"
TOO_WIDE_SHARE = "suppressed: the interval is wider than 130 % of the share"
TOO_WIDE_RATE = "suppressed: the interval is wider than 160 % of the rate"
COMPLEMENT = "presented: the share without the event is less sure than that with it"
FEW_DEGREES = f"presented, for review: fewer than {FEWEST_DEGREES} degrees of freedom"
ALL_OR_NONE = "presented, for review: nobody or everybody has the event"


def proportions(table: pd.DataFrame) -> pd.DataFrame:
    """Judge shares of people, from full counts or from a simple random sample.

    Parameters
    ----------
    table
        Any table with ``events`` (people who had the event) and ``population``
        (people who could have), such as a measure table.

    Returns
    -------
    DataFrame
        The table with ``reliability``, which replaces a column of that name: words
        that begin with "presented" or "suppressed", or `NOT_KNOWN` where a count is
        missing. The interval judged is Clopper-Pearson's.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative, or events exceed their population.

    References
    ----------
    See the module.

    Examples
    --------
    >>> shares = pd.DataFrame({"group": ["A", "B", "C"],
    ...                        "events": [3, 7, 150], "population": [25, 40, 300]})
    >>> proportions(shares)["reliability"].to_list()
    ['suppressed: fewer than 30 people (effective) to judge by',
    'suppressed: the interval is wider than 130 % of the share',
    'presented']
    """
    events, population = check_counts(table)
    low, high = intervals.exact(events, population, CONFIDENCE)
    share = divide(events, population)
    return table.assign(reliability=_share_verdicts(share, population, low, high))


def survey_proportions(table: pd.DataFrame) -> pd.DataFrame:
    """Judge shares estimated from a survey with clusters, strata or weights.

    Parameters
    ----------
    table
        Any table with ``estimate`` (a share, as a proportion), ``standard_error``
        (of the design), ``sample`` (people asked) and ``degrees_of_freedom`` (of the
        design: clusters less strata).

    Returns
    -------
    DataFrame
        The table with ``reliability``, as `proportions` has it. The interval judged is
        Korn and Graubard's: Clopper-Pearson's, of the effective sample size.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a share is not from 0 to 1, or one of the others is negative.

    References
    ----------
    See the module.

    Examples
    --------
    >>> shares = pd.DataFrame({"estimate": [0.7104, 0.7104], "sample": [183, 183],
    ...     "standard_error": [0.033, 0.033], "degrees_of_freedom": [14, 5]})
    >>> survey_proportions(shares)["reliability"].to_list()
    ['presented', 'presented, for review: fewer than 8 degrees of freedom']
    """
    names = ["estimate", "standard_error", "sample", "degrees_of_freedom"]
    require_columns(table, names)
    share, error, sample, degrees = (numbers(table, name) for name in names)
    effective = effective_sample(share, error, sample, degrees)
    low, high = korn_graubard(share, effective)
    return table.assign(
        reliability=_share_verdicts(share, effective, low, high, degrees)
    )


def rates(table: pd.DataFrame) -> pd.DataFrame:
    """Judge rates: events that may happen to one person more than once.

    Parameters
    ----------
    table
        Any table with ``events`` and ``population`` (people, or years of people).

    Returns
    -------
    DataFrame
        The table with ``reliability``, as `proportions` has it. The interval judged is
        the exact one of a Poisson count; the population is taken as certain.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative.

    References
    ----------
    See the module.

    Examples
    --------
    >>> calls = pd.DataFrame({"events": [8, 14], "population": [12_000, 52_000]})
    >>> rates(calls)["reliability"].to_list()
    ['suppressed: fewer than 10 events', 'presented']
    """
    events, population = check_counts(table, within=False)
    low, high = intervals.poisson_exact(events, CONFIDENCE)
    known = np.isfinite(events) & (population > 0)
    return table.assign(
        reliability=np.select(
            [
                ~known,
                events < FEWEST_EVENTS,
                divide(high - low, events) > WIDEST_RATE,
            ],
            [NOT_KNOWN, FEW_EVENTS, TOO_WIDE_RATE],
            PRESENTED,
        )
    )


def effective_sample(
    share: ArrayLike, standard_error: ArrayLike, sample: ArrayLike, degrees: ArrayLike
) -> np.ndarray:
    """Work out how many people drawn at random a survey's share is worth.

    The variance of a random sample over that of the survey, times the squared ratio
    of Student's quantiles for ``sample - 1`` and for the design's degrees of freedom;
    never more than the people asked.

    Parameters
    ----------
    share
        Proportions.
    standard_error
        Of the shares, by the survey's design.
    sample
        People asked.
    degrees
        Degrees of freedom of the design.

    Returns
    -------
    ndarray
        People. All who were asked, where nobody or everybody has the event: there is
        no variance to compare.

    Raises
    ------
    InputError
        If a share is not from 0 to 1, or one of the others is negative.

    References
    ----------
    Korn and Graubard (1998); Parker et al. (2017), see the module.

    Examples
    --------
    >>> print(effective_sample(0.5, 0.05, 400, 30).round(1))
    92.7
    """
    share, error, sample, degrees = np.broadcast_arrays(
        *(floats(values) for values in (share, standard_error, sample, degrees))
    )
    if ((share < 0) | (share > 1)).any():
        raise InputError("a share is not a proportion from 0 to 1")
    if any((values < 0).any() for values in (error, sample, degrees)):
        raise InputError("a standard error, sample or degree of freedom is negative")
    upper = (1 + CONFIDENCE) / 2
    wider = t.ppf(upper, np.maximum(sample - 1, 1)) / t.ppf(upper, degrees)
    worth = divide(share * (1 - share), error**2) * wider**2
    certain = (share == 0) | (share == 1)
    return np.where(certain, sample, np.minimum(worth, sample))


def korn_graubard(
    share: ArrayLike, effective: ArrayLike, confidence: float = CONFIDENCE
) -> intervals.Limits:
    """Korn and Graubard's limits of a share estimated from a survey.

    Clopper-Pearson's limits for a number of people that need not be whole.

    Parameters
    ----------
    share
        Proportions.
    effective
        Effective sample sizes.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, as proportions.

    References
    ----------
    Korn and Graubard (1998), see the module.

    Examples
    --------
    >>> low, high = korn_graubard(0.5, 100)
    >>> print(low.round(4), high.round(4))
    0.3983 0.6017
    """
    share, size = np.broadcast_arrays(floats(share), floats(effective))
    having, tail = share * size, (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = beta.ppf(tail, having, size - having + 1)
        high = beta.ppf(1 - tail, having + 1, size - having)
    unknown = np.isnan(share) | np.isnan(size) | (size <= 0)
    low = np.where(share == 0, 0.0, low)
    high = np.where(share == 1, 1.0, high)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _share_verdicts(
    share: np.ndarray,
    people: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    degrees: ArrayLike = np.inf,
) -> np.ndarray:
    """The verdict on each share: the first rule that applies, in the standard's order.

    Where nobody or everybody has the event the rules on widths do not apply.
    """
    certain = (share == 0) | (share == 1)
    width = np.where(certain, 0.0, high - low)
    width_without = divide(width, 1 - share)
    narrow = width <= NARROW
    return np.select(
        [
            np.isnan(share) | np.isnan(people),
            people < FEWEST_PEOPLE,
            ~narrow & (width >= WIDE),
            ~narrow & (divide(width, share) > WIDEST_SHARE),
            np.broadcast_to(floats(degrees) < FEWEST_DEGREES, share.shape),
            certain,
            ~narrow & (width_without > WIDEST_SHARE),
        ],
        [
            *(NOT_KNOWN, FEW_PEOPLE, TOO_WIDE, TOO_WIDE_SHARE),
            *(FEW_DEGREES, ALL_OR_NONE, COMPLEMENT),
        ],
        PRESENTED,
    )
