"""Incumbents against availability, and the rules by which a job group falls short.

**Terms**

incumbents
    The people who hold the jobs of a job group.
availability
    The share of a group among those who could hold them, often a survey's estimate
    with a margin.
rule
    When a group counts as *underutilised* in a job group. A report uses one rule
    throughout; rules differ in what they are for, and choosing among them row by row
    would find whatever one looks for.

Rules are decided in exact rational arithmetic: four fifths of the availability is not
less than four fifths of it.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from scipy import stats

from equity.errors import InputError, ParamsError
from equity.measure import acs, intervals
from equity.measure.benchmarks import PARITY, compared, fraction, people_to_parity
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    check_confidence,
    check_counts,
    divide,
    numbers,
    require_columns,
)

ANY_DIFFERENCE = "any difference"
WHOLE_PERSON = "whole person"
EIGHTY_PERCENT = "80 percent"
TWO_SD = "two standard deviations"
EXACT_BINOMIAL = "exact binomial"
RULES = (ANY_DIFFERENCE, WHOLE_PERSON, EIGHTY_PERCENT, TWO_SD, EXACT_BINOMIAL)
SIMPLE = "simple difference"  # what is left of a rule where few are employed

RECORDED, NOT_RECORDED = "recorded", "the roster cannot record this group"
NO_AVAILABILITY = "availability is not known"
FEW = "too few in the job group for a rule"
POWERLESS = "the rule finds nothing here, even if nobody of the group is employed"

MEASURES = {
    LEVEL: "share of the job group",
    DIFFERENCE: "difference from availability",
    RATIO: "representation ratio",
}
METHODS = {
    LEVEL: "Clopper-Pearson exact",
    DIFFERENCE: "square-and-add of exact and census limits",
    RATIO: "square-and-add ratio of exact and census limits",
}
_TIE = 1e-7  # counts whose chances differ by less, in relation, are equally likely
_NEGLIGIBLE = 1e-9  # a squared error so small, against p (1 - p), changes no digit
_JUDGED = {
    **{"rule": "str", "underutilised": "boolean"},
    **{"expected": "float", "shortfall": "Int64", "sd": "float", "z": "float"},
    **{"p_z": "float", "p_exact": "float", "p_lower": "float", "reliability": "str"},
}


def against_availability(
    incumbents: pd.DataFrame,
    *,
    rule: str = TWO_SD,
    small: int = 30,
    reference: str = "availability in the occupation",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare incumbents with those expected at their availability, by one rule.

    Parameters
    ----------
    incumbents
        One row per job group and ``group``: ``events`` (incumbents of the group;
        missing where the roster cannot record it), ``population`` (all incumbents),
        whole numbers; ``benchmark_share`` (availability, a proportion) and ``moe``
        (its margin at 90 percent, missing for a full count).
    rule
        One of `RULES`, for the whole report: *any difference* (fewer than expected);
        *whole person* (fewer than expected, rounded down); *80 percent* (a share of
        strictly less than four fifths of availability); *two standard deviations*
        (two or more below expected); *exact binomial* (fewer than expected, and a
        two-sided probability of less than one minus ``confidence``).
    small
        With fewer incumbents there is no verdict and no test, as in the plans that the
        Department of Justice asks for: the simple difference only.
    reference
        What the availability is called.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Three rows for each of ``incumbents``, by ``statistic``: ``level`` (share of
        the job group), ``difference`` from availability, ``ratio`` to it. Beside
        them ``benchmark_low``, ``benchmark_high`` (limits of the availability);
        ``rule`` (that of the row: the one asked for, or ``simple difference``);
        ``underutilised`` (missing where no rule applies); ``expected`` (people);
        ``shortfall`` (expected less incumbents in whole people, a part of a person
        being nobody; zero where there are more); ``sd`` (people), ``z``, ``p_z``
        (two-sided); ``p_exact`` (two-sided: all counts that are no likelier) and
        ``p_lower`` (as few or fewer); ``reliability``; the measure columns;
        ``people_to_parity`` (people more that bring the share up to availability, at
        the same size); ``direction``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are not whole, events exceed the population, shares are no
        proportions, or margins negative.
    ParamsError
        If the rule is none of `RULES`.

    Notes
    -----
    Where availability has a margin the tests carry it: the variance of the share is
    p(1 - p)/n + (moe/1.645)**2, and the exact probabilities are those of a
    beta-binomial count, whose probability has the mean and the standard error of the
    availability; they are missing where the margin is too wide for any probability.
    The first three rules take availability as it is. The intervals carry both.

    A rule that would not find a job group underutilised if nobody of the group worked
    there says nothing by not finding it; ``reliability`` says so. Of many rows at
    parity, about one in forty lies two standard deviations below.

    References
    ----------
    41 CFR 60-2.15 (incumbency and availability). Hazelwood School District v. United
    States, 433 U.S. 299 (1977), note 17 (standard deviations). US Department of
    Justice, Office for Civil Rights, Equal Employment Opportunity Program FAQs (two
    or more standard deviations; simple subtraction below 30 employees). 29 CFR
    1607.4(D) (less than four fifths). Clopper and Pearson (1934), Biometrika 26,
    404-413. Skellam (1948), JRSS B 10, 257-261 (beta-binomial).

    Examples
    --------
    >>> teachers = pd.DataFrame({"group": ["Black"], "events": [10],
    ...     "population": [282], "benchmark_share": [0.154], "moe": [None]})
    >>> table = against_availability(teachers)
    >>> table[["statistic", "estimate", "z", "shortfall", "underutilised"]].round(3)
        statistic  estimate      z  shortfall  underutilised
    0       level     0.035 -5.515         33           True
    1  difference    -0.119 -5.515         33           True
    2       ratio     0.230 -5.515         33           True
    """
    if rule not in RULES:
        raise ParamsError(f"rule is {rule!r}; expected one of {list(RULES)}")
    require_columns(incumbents, ["benchmark_share", "moe"])
    events, population = check_counts(incumbents, whole=True)
    share, moe = numbers(incumbents, "benchmark_share"), numbers(incumbents, "moe")
    check_shares(share, moe)
    alpha = 1 - check_confidence(confidence)

    cells = zip(events, population, share, moe, strict=True)
    groups = [_Group.of(*cell) for cell in cells]
    judged = pd.DataFrame(
        [_judged(group, rule, small, alpha) for group in groups],
        columns=list(_JUDGED),
        index=incumbents.index,
    )
    limits = share_limits(share, moe, confidence)
    frame = incumbents.assign(benchmark_low=limits[0], benchmark_high=limits[1])
    parity = people_to_parity(events, population, [group.share for group in groups])
    return compared(
        frame.assign(**judged.astype(_JUDGED)),
        share=divide(events, population),
        limits=intervals.exact(events, population, confidence),
        benchmark=(share, *limits),
        reference=reference,
        measures=MEASURES,
        methods=METHODS,
        confidence=confidence,
        people_to_parity=pd.Series(parity, index=incumbents.index),
        direction=PARITY,
    )


def share_limits(
    share: np.ndarray, moe: np.ndarray, confidence: float
) -> intervals.Limits:
    """Limits of a published share, from its margin.

    Parameters
    ----------
    share
        Proportions.
    moe
        Their margins at 90 percent; missing for a full count.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, within 0 and 1; the share itself for a full count.

    Examples
    --------
    >>> low, high = share_limits(np.array([0.2, 0.2]), np.array([0.05, np.nan]), 0.9)
    >>> low, high
    (array([0.15, 0.2 ]), array([0.25, 0.2 ]))
    """
    width = acs.to_confidence(np.where(np.isnan(moe), 0, moe), confidence)
    return np.clip(share - width, 0, 1), np.clip(share + width, 0, 1)


def check_shares(share: np.ndarray, moe: np.ndarray) -> None:
    """Refuse shares that are no proportions, and margins below zero.

    Parameters
    ----------
    share, moe
        Proportions and their margins; missing values pass.

    Raises
    ------
    InputError
        With the number of rows.

    Examples
    --------
    >>> check_shares(np.array([15.4]), np.array([0.0]))
    Traceback (most recent call last):
    equity.errors.InputError: shares are not between 0 and 1 in 1 of 1 rows;
    percentages must be divided by 100
    """
    bad = (share < 0) | (share > 1)
    if bad.any():
        raise InputError(
            f"shares are not between 0 and 1 in {bad.sum()} of {bad.size} rows; "
            "percentages must be divided by 100"
        )
    if (moe < 0).any():
        raise InputError(
            f"margins of error are negative in {(moe < 0).sum()} of {moe.size} rows"
        )


class _Group(NamedTuple):
    """A group in a job group; what is not known is None."""

    events: int | None
    population: int
    share: Fraction | None
    error: Fraction  # the squared standard error of the share

    @classmethod
    def of(cls, events: float, population: float, share: float, moe: float) -> Self:
        root = Fraction(0) if np.isnan(moe) else Fraction(str(moe)) / Fraction("1.645")
        return cls(
            None if np.isnan(events) else int(events),
            0 if np.isnan(population) else int(population),
            fraction(share),
            root**2,
        )

    @property
    def expected(self) -> Fraction:
        return self.share * self.population

    @property
    def variance(self) -> Fraction:
        """Of the count, in people squared, the margin of the share included."""
        chance = self.population * self.share * (1 - self.share)
        return chance + self.population**2 * self.error

    def chances(self) -> np.ndarray | None:
        """The probability of every count; None where the margin is too wide."""
        count, mean = np.arange(self.population + 1), float(self.share)
        error, spread = float(self.error), mean * (1 - mean)
        if error <= _NEGLIGIBLE * spread:
            return stats.binom.pmf(count, self.population, mean)
        if error >= spread:
            return None
        size = spread / error - 1
        return stats.betabinom.pmf(
            count, self.population, mean * size, (1 - mean) * size
        )


_RULES: dict[str, Callable[[_Group], bool]] = {
    ANY_DIFFERENCE: lambda group: group.events < group.expected,
    WHOLE_PERSON: lambda group: group.events < floor(group.expected),
    EIGHTY_PERCENT: lambda group: group.events < Fraction(4, 5) * group.expected,
    TWO_SD: lambda group: (
        group.events < group.expected
        and (group.expected - group.events) ** 2 >= 4 * group.variance
    ),
}


def _verdict(
    group: _Group, rule: str, chances: np.ndarray | None, alpha: float
) -> bool | None:
    if rule != EXACT_BINOMIAL:
        return _RULES[rule](group)
    if chances is None:
        return None
    return group.events < group.expected and _two_sided(chances, group.events) < alpha


def _two_sided(chances: np.ndarray, events: int) -> float:
    """The chance of all counts that are no likelier than the one found."""
    rare = chances <= chances[events] * (1 + _TIE)
    return min(1.0, float(chances[rare].sum()))


def _judged(group: _Group, rule: str, small: int, alpha: float) -> dict[str, object]:
    """What is said of one group in one job group; what is left out is missing."""
    if group.share is None:
        return {"reliability": NO_AVAILABILITY}
    if group.events is None:
        return {"reliability": NOT_RECORDED}
    said = {
        "expected": float(group.expected),
        "shortfall": max(0, floor(group.expected - group.events)),
    }
    if group.population < max(small, 1):
        return {**said, "rule": SIMPLE, "reliability": FEW}
    sd = float(group.variance) ** 0.5
    z = float(group.expected - group.events) / -sd if sd else np.nan
    said |= {"sd": sd, "z": z, "p_z": 2 * stats.norm.sf(abs(z))}
    chances = group.chances()
    if chances is not None:
        said["p_exact"] = _two_sided(chances, group.events)
        said["p_lower"] = min(1.0, float(chances[: group.events + 1].sum()))
    nobody = _verdict(group._replace(events=0), rule, chances, alpha)
    return {
        **said,
        "rule": rule,
        "underutilised": _verdict(group, rule, chances, alpha),
        "reliability": RECORDED if nobody else POWERLESS,
    }
