"""Selection rates of groups: by how much they differ, and whether chance could do it.

Of those who could have been chosen (applicants, candidates), how many were? Four tests
that trade and courts use stand side by side, each with what it is called; they answer
one question by different roads and disagree where numbers are small.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats import contingency

from equity.measure import exact, intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    HIGHER,
    check_confidence,
    check_counts,
    divide,
    measure_table,
    position_of,
    without_reference,
)

ODDS_RATIO = "odds ratio"
MEASURES = {
    LEVEL: "selection rate",
    DIFFERENCE: "difference in selection rates",
    RATIO: "impact ratio",
    ODDS_RATIO: "odds ratio of selection",
}
METHODS = {
    LEVEL: "Wilson score",
    DIFFERENCE: "Newcombe hybrid score",
    RATIO: "Katz log",
    ODDS_RATIO: "conditional maximum likelihood, exact limits",
}
FOUR_FIFTHS = Fraction(4, 5)
_TESTS = {
    **{"z": "float", "p_z": "float", "beyond_two_sd": "boolean"},
    **{"chi_square": "float", "p_chi_square": "float"},
    **{"chi_square_yates": "float", "p_yates": "float"},
    **{"p_fisher": "float", "p_fisher_lower": "float"},
    **{"adverse": "boolean", "one_selection_reverses": "boolean"},
    **{"shortfall": "float"},
}


def rates(
    candidates: pd.DataFrame, *, reference: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's selection rate with the reference's, and test it.

    Parameters
    ----------
    candidates
        One row per ``group``, with ``events`` (people selected) and ``population``
        (people who could have been), whole numbers.
    reference
        The ``group`` all others are compared with. None takes the one with the
        highest rate, as the four-fifths rule is written; of several, the first.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Four rows per group, by ``statistic``: ``level`` (selection rate, a
        proportion), ``difference`` from the reference, ``ratio`` (the impact ratio)
        and ``odds ratio`` (conditional). Beside them, of the group and the reference
        alone:

        - ``z``, ``p_z``: two rates with their pooled error; ``beyond_two_sd``: two
          standard deviations or more apart, in either direction;
        - ``chi_square``, ``p_chi_square``, and with Yates' correction
          ``chi_square_yates``, ``p_yates``;
        - ``p_fisher`` (two-sided) and ``p_fisher_lower`` (so few of the group, or
          fewer);
        - ``adverse``: a rate of strictly less than four fifths of the reference's;
        - ``one_selection_reverses``: adverse, but with one person of the group chosen
          in place of one of the reference its rate would be the higher one;
        - ``shortfall``: selections more that the group would have at the rate of both
          together; zero where it has more.

        Then the measure columns, ``people_to_parity`` (further selections that lift
        the group's rate to the reference's) and ``direction``. All comparisons are
        missing for the reference itself, and where a count is missing or nobody could
        be chosen; tests also where everybody or nobody was.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    No test knows who was qualified. With several groups, several tests: of twenty at
    parity, one comes out at p < 0.05. Where departments or years differ in how many
    they choose and whom, compare within them (Mantel and Haenszel).

    References
    ----------
    Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4(D);
    Questions and Answers, 44 FR 11996 (1979), Q. 11, 12, 20, 21 (small numbers).
    Fisher (1935), JRSS 98, 39-82. Yates (1934), JRSS Supplement 1, 217-235. Cornfield
    (1956), Third Berkeley Symposium 4, 135-148 (conditional odds ratio). Katz et al.
    (1978), Biometrics 34, 469-474. Newcombe (1998), Stat Med 17, 873-890.

    Examples
    --------
    >>> tests = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [12, 48], "population": [40, 80]})
    >>> table = rates(tests).query("group == 'Black'")
    >>> table[["statistic", "estimate", "conf_low", "conf_high"]].round(3)
        statistic  estimate  conf_low  conf_high
    0       level     0.300     0.181      0.454
    2  difference    -0.300    -0.456     -0.111
    4       ratio     0.500     0.301      0.829
    6  odds ratio     0.289     0.116      0.687
    >>> table[["z", "p_yates", "p_fisher", "adverse", "shortfall"]].head(1).round(4)
            z  p_yates  p_fisher  adverse  shortfall
    0 -3.0984   0.0037    0.0034     True        8.0
    """
    counts, _ = exact.counts(candidates)
    base = _highest(counts) if reference is None else position_of(candidates, reference)
    best = None if base is None else counts[base]
    pairs = [(one, None if at == base else best) for at, one in enumerate(counts)]
    tests = pd.DataFrame(
        [result or {} for result in exact.each(pairs, _tests)],
        columns=list(_TESTS),
        index=candidates.index,
    )
    parity = exact.people([(one, best) for one in counts], _people_to_parity)
    tables = [
        measure_table(
            candidates.assign(**tests.astype(_TESTS), statistic=statistic),
            measure=MEASURES[statistic],
            reference=None
            if statistic == LEVEL or base is None
            else str(candidates["group"].iloc[base]),
            estimate=estimate,
            conf_low=low if statistic == LEVEL else without_reference(low, base),
            conf_high=high if statistic == LEVEL else without_reference(high, base),
            confidence=confidence,
            method=METHODS[statistic],
            people_to_parity=pd.Series(parity, index=candidates.index),
            direction=HIGHER,
        )
        for statistic, (estimate, low, high) in _compared(
            candidates, base, pairs, check_confidence(confidence)
        ).items()
    ]
    return pd.concat(tables, ignore_index=True)


def _highest(counts: Sequence[exact.Count | None]) -> int | None:
    known = [place for place, count in enumerate(counts) if count]
    return max(known, key=lambda place: counts[place].rate, default=None)


def _compared(
    candidates: pd.DataFrame,
    base: int | None,
    pairs: Sequence[tuple[exact.Count | None, exact.Count | None]],
    confidence: float,
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Estimate and limits of each statistic, the reference with itself included."""
    events, population = check_counts(candidates)
    other = (np.nan, np.nan) if base is None else (events[base], population[base])
    rate, against = divide(events, population), divide(*other)
    cells = (events, population, *other, confidence)
    odds = exact.each(pairs, lambda *pair: _odds_ratio(*pair, confidence))
    odds = np.array([three or (np.nan,) * 3 for three in odds]).reshape(-1, 3)
    if base is not None and 0 < rate[base] < 1:
        odds[base, 0] = 1
    return {
        LEVEL: (rate, *intervals.wilson(events, population, confidence)),
        DIFFERENCE: (rate - against, *intervals.newcombe_difference(*cells)),
        RATIO: (divide(rate, against), *intervals.katz(*cells)),
        ODDS_RATIO: tuple(odds.T),
    }


def _table(group: exact.Count, other: exact.Count) -> list[list[int]]:
    return [[x, n - x] for x, n in (group, other)]


def _odds_ratio(
    group: exact.Count, other: exact.Count, confidence: float
) -> tuple[float, float, float]:
    if not 0 < _pooled(group, other) < 1:  # any odds ratio would do
        return np.nan, np.nan, np.nan
    found = contingency.odds_ratio(_table(group, other), kind="conditional")
    limits = found.confidence_interval(confidence)
    return found.statistic, limits.low, limits.high


def _pooled(group: exact.Count, other: exact.Count) -> Fraction:
    return Fraction(group.events + other.events, group.population + other.population)


def _tests(group: exact.Count, other: exact.Count) -> dict[str, object]:
    """The tests of one group against the reference."""
    pooled, table = _pooled(group, other), _table(group, other)
    adverse = group.rate < FOUR_FIFTHS * other.rate
    found = {
        "adverse": adverse if other.events else None,
        "one_selection_reverses": adverse and _reverses(group, other),
        "shortfall": float(max(0, pooled * group.population - group.events)),
    }
    if not 0 < pooled < 1:  # everybody or nobody was selected: nothing to test
        return found
    gap = group.rate - other.rate
    variance = pooled * (1 - pooled)
    variance *= Fraction(1, group.population) + Fraction(1, other.population)
    plain = contingency.chi2_contingency(table, correction=False)
    yates = contingency.chi2_contingency(table, correction=True)
    z = float(gap) / float(variance) ** 0.5
    return {
        **found,
        **{"z": z, "p_z": 2 * stats.norm.sf(abs(z))},
        "beyond_two_sd": gap**2 >= 4 * variance,
        **{"chi_square": plain.statistic, "p_chi_square": plain.pvalue},
        **{"chi_square_yates": yates.statistic, "p_yates": yates.pvalue},
        "p_fisher": stats.fisher_exact(table).pvalue,
        "p_fisher_lower": stats.fisher_exact(table, alternative="less").pvalue,
    }


def _reverses(group: exact.Count, other: exact.Count) -> bool:
    """Whether one person chosen from the group instead would turn the rates round."""
    after = Fraction(group.events + 1, group.population)
    return after > Fraction(other.events - 1, other.population)


def _people_to_parity(group: exact.Count, other: exact.Count) -> int:
    return max(0, ceil(other.rate * group.population - group.events))
