"""Two groups compared within strata, so that their mix neither makes nor hides a gap.

Departments differ in how many they promote, and groups in the departments they work
in. Here a group is compared with the reference inside each department (and year), and
the answers are put together (Mantel and Haenszel). Tables have one row per ``group``
and stratum, or several, with ``events`` (people who had the event), ``population``
(people who could have) and the columns that name the stratum.

**Terms**

common odds ratio, risk ratio, risk difference
    One comparison for all strata, as if it were the same in each.
conditional
    Given how many had the event in each stratum, as in Fisher's exact test.
homogeneity
    Whether the odds ratio is the same in all strata. Where it is not, the common one
    is an average, and the strata should be looked at.

A stratum in which one of the two groups has nobody compares nothing: its people are
counted in ``not_comparable``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import StratifiedTable

from equity.measure import conditional
from equity.measure.table import (
    check_confidence,
    check_counts,
    log_limits,
    measure_table,
    normal_quantile,
    position_of,
    require_columns,
    without_reference,
)

CMH = "Cochran-Mantel-Haenszel"
CMH_CORRECTED = "Cochran-Mantel-Haenszel, with continuity correction"
BRESLOW_DAY, TARONE, WOOLF = "Breslow-Day", "Breslow-Day, Tarone's", "Woolf"
SPARSE = 0.5  # of the least count expected in a stratum; see `tests`

Found = tuple[float, float, float]


def odds_ratio(
    counts: pd.DataFrame,
    *,
    by: Sequence[str],
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the common odds ratio of each group against the reference.

    Parameters
    ----------
    counts
        One row per ``group`` and stratum, or several: ``events`` and ``population``,
        whole numbers, and the columns named in ``by``.
    by
        The columns that name a stratum, such as department and year.
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``group``: ``events``, ``population``, ``reference_events``,
        ``reference_population`` (all in strata that have both), ``strata`` (how many
        have both), ``not_comparable`` (the group's people in the others) and the
        measure columns. Unitless; missing if a count is missing, or nothing can be
        compared.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    UnknownGroupError
        If no row is of the reference.

    Notes
    -----
    Limits are those of Robins, Breslow and Greenland, which hold for a few large
    strata and for many small ones; there are none where the ratio is zero.

    References
    ----------
    Mantel and Haenszel (1959), JNCI 22, 719-748; Robins, Breslow and Greenland (1986),
    Biometrics 42, 311-323.

    Examples
    --------
    >>> hires = pd.DataFrame({"department": ["Fire"] * 2 + ["Parks"] * 2,
    ...     "group": ["Black", "White"] * 2,
    ...     "events": [2, 18, 40, 10], "population": [20, 90, 80, 20]})
    >>> table = odds_ratio(hires, by=["department"], reference="White")
    >>> table[["group", "strata", "estimate", "conf_low"]].round(3)
       group  strata  estimate  conf_low
    0  Black       2     0.764     0.342
    1  White       2     1.000       NaN
    """
    return _table(
        counts,
        lambda pair: _odds_ratio(pair, confidence),
        by=by,
        reference=reference,
        confidence=confidence,
        measure="common odds ratio",
        method="Mantel-Haenszel; Robins-Breslow-Greenland",
    )


def exact_odds_ratio(
    counts: pd.DataFrame,
    *,
    by: Sequence[str],
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the common odds ratio by its exact conditional distribution.

    For few events: its limits cover at least as often as promised.

    Parameters
    ----------
    counts
        As in `odds_ratio`.
    by
        The columns that name a stratum.
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `odds_ratio`. Where the group has no event in any stratum that it could
        have one in, the ratio is zero with an upper limit.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As in `odds_ratio`.

    Notes
    -----
    The group's events over all strata, given the margins of each, are a sum of
    noncentral hypergeometric variables; their distributions are convolved. The
    estimate is the conditional maximum of likelihood, a little nearer to one than that
    of Mantel and Haenszel; each limit leaves half of the error in its tail.

    References
    ----------
    Cox (1970), The Analysis of Binary Data; Mehta, Patel and Gray (1985), JASA 80,
    969-973.

    Examples
    --------
    >>> hires = pd.DataFrame({"department": ["Fire"] * 2 + ["Parks"] * 2,
    ...     "group": ["Black", "White"] * 2,
    ...     "events": [0, 18, 0, 10], "population": [4, 90, 5, 20]})
    >>> table = exact_odds_ratio(hires, by=["department"], reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(2)
       group  estimate  conf_low  conf_high
    0  Black       0.0       0.0       0.98
    1  White       1.0       NaN        NaN
    """
    return _table(
        counts,
        lambda pair: conditional.odds_ratio(*_counts(pair), confidence),
        by=by,
        reference=reference,
        confidence=confidence,
        measure="common odds ratio",
        method="conditional maximum likelihood; exact",
    )


def risk_ratio(
    counts: pd.DataFrame,
    *,
    by: Sequence[str],
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the common ratio of each group's rate to the reference's.

    Parameters
    ----------
    counts
        As in `odds_ratio`.
    by
        The columns that name a stratum.
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `odds_ratio`.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As in `odds_ratio`.

    Notes
    -----
    With one stratum it is the ratio of the rates, with the limits of Katz.

    References
    ----------
    Greenland and Robins (1985), Biometrics 41, 55-68.

    Examples
    --------
    >>> hires = pd.DataFrame({"department": ["Fire"] * 2 + ["Parks"] * 2,
    ...     "group": ["Black", "White"] * 2,
    ...     "events": [2, 18, 40, 10], "population": [20, 90, 80, 20]})
    >>> table = risk_ratio(hires, by=["department"], reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(3)
       group  estimate  conf_low  conf_high
    0  Black     0.855     0.526      1.388
    1  White     1.000       NaN        NaN
    """
    return _table(
        counts,
        lambda pair: _risk_ratio(pair, confidence),
        by=by,
        reference=reference,
        confidence=confidence,
        measure="common risk ratio",
        method="Mantel-Haenszel; Greenland-Robins",
    )


def risk_difference(
    counts: pd.DataFrame,
    *,
    by: Sequence[str],
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the common difference of each group's rate from the reference's.

    Parameters
    ----------
    counts
        As in `odds_ratio`.
    by
        The columns that name a stratum.
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `odds_ratio`; the estimate is a proportion (0.05 is five points), and has no
        limits where its error is zero.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As in `odds_ratio`.

    References
    ----------
    Sato, Greenland and Robins (1989), Biometrics 45, 1323-1324 (error).

    Examples
    --------
    >>> hires = pd.DataFrame({"department": ["Fire"] * 2 + ["Parks"] * 2,
    ...     "group": ["Black", "White"] * 2,
    ...     "events": [2, 18, 40, 10], "population": [20, 90, 80, 20]})
    >>> table = risk_difference(hires, by=["department"], reference="White")
    >>> table[["group", "estimate", "conf_low", "conf_high"]].round(3)
       group  estimate  conf_low  conf_high
    0  Black    -0.051    -0.198      0.097
    1  White     0.000       NaN        NaN
    """
    return _table(
        counts,
        lambda pair: _risk_difference(pair, confidence),
        by=by,
        reference=reference,
        confidence=confidence,
        measure="common risk difference",
        method="Mantel-Haenszel; Sato-Greenland-Robins",
    )


def tests(counts: pd.DataFrame, *, by: Sequence[str], reference: str) -> pd.DataFrame:
    """Test whether there is a gap within the strata, and whether all have the same.

    Parameters
    ----------
    counts
        As in `odds_ratio`.
    by
        The columns that name a stratum.
    reference
        The ``group`` all others are compared with.

    Returns
    -------
    DataFrame
        Per ``group`` but the reference one row for each ``test``, with ``strata``,
        ``least_expected``, ``chi_squared``, ``degrees`` and ``p_value``: those of
        Cochran, Mantel and Haenszel ask whether the common odds ratio is one, the
        other three whether it is common. Strata where nobody or everybody had the
        event say nothing. There is no estimate: these are tests. Missing where there
        is too little to test.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As in `odds_ratio`.

    Notes
    -----
    Woolf's adds a half to all cells if any is zero, and is rough with small ones. The
    tests of homogeneity have little power in many small strata: not to reject is no
    proof that all are alike. In very small ones they raise false alarms as well:
    ``least_expected`` is the smallest count that a stratum would have without a gap,
    averaged over the strata. Below `SPARSE` do not believe their p-values.

    References
    ----------
    Cochran (1954), Biometrics 10, 417-451; Mantel and Haenszel (1959), JNCI 22,
    719-748; Breslow and Day (1980), Statistical Methods in Cancer Research I, 142-146;
    Tarone (1985), Biometrika 72, 91-95; Woolf (1955), Annals of Human Genetics 19,
    251-253.

    Examples
    --------
    >>> hires = pd.DataFrame({"department": ["Fire"] * 2 + ["Parks"] * 2,
    ...     "group": ["Black", "White"] * 2,
    ...     "events": [2, 18, 40, 10], "population": [20, 90, 80, 20]})
    >>> table = tests(hires, by=["department"], reference="White")
    >>> table = table[table["test"].isin([CMH, TARONE])]
    >>> table[["test", "chi_squared", "degrees", "p_value"]].round(3)
                          test  chi_squared  degrees  p_value
    0  Cochran-Mantel-Haenszel        0.412        1    0.521
    3    Breslow-Day, Tarone's        0.769        1    0.380
    """
    groups, pairs, _ = _compared(counts, by, reference)
    rows = [
        (group, pair.strata, pair.least_expected(), test, *found)
        for group, pair in zip(groups, pairs, strict=True)
        if group != reference
        for test, found in _tests(pair).items()
    ]
    names = ["group", "strata", "least_expected", "test", "chi_squared", "degrees"]
    table = pd.DataFrame(rows, columns=names).astype({"degrees": "Int64"})
    degrees = table["degrees"].astype(float)
    table["p_value"] = chi2.sf(table["chi_squared"], degrees.where(degrees > 0))
    return table


tests.__test__ = False  # it is no test of ours, whatever its name


@dataclass(frozen=True)
class _Pair:
    """A group and the reference in the strata that have both, one entry a stratum."""

    events: np.ndarray
    population: np.ndarray
    reference_events: np.ndarray
    reference_population: np.ndarray
    not_comparable: float

    @classmethod
    def of(cls, events, population, others, other_population) -> "_Pair":
        # what is missing stays in, and makes the answer missing
        both = ~((population == 0) | (other_population == 0))
        return cls(
            events[both],
            population[both],
            others[both],
            other_population[both],
            population[~both].sum(),
        )

    @property
    def strata(self) -> int:
        return len(self.events)

    @property
    def known(self) -> bool:
        return bool(self.strata and np.isfinite(self.cells()).all())

    def cells(self) -> np.ndarray:
        """Had it, had it not; group above reference: two x two x strata."""
        a, c = self.events, self.reference_events
        return np.array([[a, self.population - a], [c, self.reference_population - c]])

    def least_expected(self) -> float:
        """Average the smallest of a stratum's four counts if there were no gap."""
        pair = self.informative()
        a, n, c, m = _counts(pair)
        had, people = a + c, n + m
        if not pair.strata or not self.known:
            return np.nan
        least = np.minimum(n, m) * np.minimum(had, people - had) / people
        return float(least.mean())

    def informative(self) -> "_Pair":
        """Keep the strata where somebody had the event and somebody had not."""
        had = self.events + self.reference_events
        kept = (had > 0) & (had < self.population + self.reference_population)
        return _Pair(*(values[kept] for values in _counts(self)), self.not_comparable)


def _compared(
    counts: pd.DataFrame, by: Sequence[str], reference: str
) -> tuple[list[str], list[_Pair], int]:
    """Pair every group with the reference; groups in the order of their categories."""
    require_columns(counts, ["group", "events", "population", *by])
    events, population = check_counts(counts, whole=True)
    group = pd.Categorical(counts["group"])
    names = [str(name) for name in group.categories]
    base = position_of(pd.DataFrame({"group": names}), reference)
    stratum = np.zeros(len(counts), dtype=int)
    if by:
        keys = counts.groupby(list(by), observed=True, dropna=False, sort=False)
        stratum = keys.ngroup().to_numpy()
    there = group.codes >= 0
    sums = np.zeros((2, stratum.max(initial=0) + 1, len(names)))
    for total, values in zip(sums, (events, population), strict=True):
        np.add.at(total, (stratum[there], group.codes[there]), values[there])
    pairs = [
        _Pair.of(*sums[:, :, place], *sums[:, :, base]) for place in range(len(names))
    ]
    return names, pairs, base


def _table(
    counts: pd.DataFrame,
    function: Callable[[_Pair], Found],
    *,
    by: Sequence[str],
    reference: str,
    confidence: float,
    measure: str,
    method: str,
) -> pd.DataFrame:
    check_confidence(confidence)
    groups, pairs, base = _compared(counts, by, reference)
    nothing = (np.nan, np.nan, np.nan)
    found = [function(pair) if pair.known else nothing for pair in pairs]
    estimate, low, high = np.array(found, dtype=float).reshape(-1, 3).T
    names = ["events", "population", "reference_events", "reference_population"]
    sums = [[getattr(pair, name).sum() for name in names] for pair in pairs]
    frame = pd.DataFrame(sums, columns=names).astype("Int64")
    frame.insert(0, "group", pd.Categorical(groups, groups))
    frame["strata"] = [pair.strata for pair in pairs]
    outside = [pair.not_comparable for pair in pairs]
    frame["not_comparable"] = pd.array(outside, dtype="Int64")
    return measure_table(
        frame,
        measure=measure,
        reference=reference,
        estimate=estimate,
        conf_low=without_reference(low, base),
        conf_high=without_reference(high, base),
        confidence=confidence,
        method=method,
    )


def _odds_ratio(pair: _Pair, confidence: float) -> Found:
    (a, b), (c, d) = pair.cells()
    people = pair.population + pair.reference_population
    above, below = (a * d / people).sum(), (b * c / people).sum()
    if not above or not below:
        return (0.0 if below else np.nan), np.nan, np.nan
    table = StratifiedTable(pair.cells())
    ratio, error = table.oddsratio_pooled, table.logodds_pooled_se
    return ratio, *map(float, log_limits(ratio, error, confidence))


def _risk_ratio(pair: _Pair, confidence: float) -> Found:
    a, n, c, m = _counts(pair)
    above, below = (a * m / (n + m)).sum(), (c * n / (n + m)).sum()
    if not above or not below:
        return (0.0 if below else np.nan), np.nan, np.nan
    spread = ((a + c) * n * m - a * c * (n + m)) / (n + m) ** 2
    error = np.sqrt(max(spread.sum(), 0) / (above * below))
    ratio = above / below
    return ratio, *map(float, log_limits(ratio, error, confidence))


def _risk_difference(pair: _Pair, confidence: float) -> Found:
    a, n, c, m = _counts(pair)
    people = n + m
    weight = (n * m / people).sum()
    difference = ((a * m - c * n) / people).sum() / weight
    large = (n**2 * c - m**2 * a + n * m * (m - n) / 2) / people**2
    sparse = (a * (m - c) + c * (n - a)) / people / 2
    variance = (difference * large.sum() + sparse.sum()) / weight**2
    if not variance > 0:
        return difference, np.nan, np.nan
    width = normal_quantile(confidence) * np.sqrt(variance)
    return difference, max(difference - width, -1), min(difference + width, 1)


def _counts(pair: _Pair) -> tuple[np.ndarray, ...]:
    """Events and people of the group, then those of the reference."""
    return (
        *(pair.events, pair.population),
        *(pair.reference_events, pair.reference_population),
    )


def _tests(pair: _Pair) -> dict[str, tuple[float, float]]:
    """Chi-squared and degrees of freedom of each test."""
    nothing = dict.fromkeys(
        (CMH, CMH_CORRECTED, BRESLOW_DAY, TARONE, WOOLF), (np.nan, pd.NA)
    )
    if not pair.known:
        return nothing
    pair = pair.informative()
    if not pair.strata:
        return nothing
    degrees = pair.strata - 1
    return {
        CMH: (_mantel_haenszel(pair, 0), 1),
        CMH_CORRECTED: (_mantel_haenszel(pair, 0.5), 1),
        **{
            name: (value if degrees else np.nan, degrees)
            for name, value in (*_breslow_day(pair).items(), (WOOLF, _woolf(pair)))
        },
    }


def _mantel_haenszel(pair: _Pair, correction: float) -> float:
    """Square the excess of events over its error; the correction never turns it."""
    a, n, c, m = _counts(pair)
    had, people = a + c, n + m
    excess = abs((a - n * had / people).sum())
    variance = (n * m * had * (people - had) / people**2 / (people - 1)).sum()
    return float((excess - min(correction, excess)) ** 2 / variance)


def _breslow_day(pair: _Pair) -> dict[str, float]:
    """Compare events with those expected at the common odds ratio.

    The library's own divides by zero where that is one, and its p-value, one less a
    probability, is zero where it is small.
    """
    a, n, c, m = _counts(pair)
    had = a + c
    ratio = _odds_ratio(pair, 0.95)[0]
    if not 0 < ratio < np.inf:
        return {BRESLOW_DAY: np.nan, TARONE: np.nan}
    # (ratio - 1) e^2 - half e + product = 0; of both ways to write the root, the one
    # in which nothing cancels
    product = ratio * n * had
    half = ratio * (n + had) + m - had
    root = np.sqrt(np.maximum(half**2 - 4 * (ratio - 1) * product, 0))
    more = half > 0
    expected = np.where(
        more,
        2 * product / np.where(more, half + root, 1),
        (half - root) / np.where(more, 1, 2 * (ratio - 1) or 1),
    )
    spread = 1 / (
        1 / expected
        + 1 / (n - expected)
        + 1 / (had - expected)
        + 1 / (m - had + expected)
    )
    plain = ((a - expected) ** 2 / spread).sum()
    excess = (a - expected).sum() ** 2 / spread.sum()
    return {BRESLOW_DAY: float(plain), TARONE: float(plain - excess)}


def _woolf(pair: _Pair) -> float:
    cells = pair.cells()
    cells = cells + 0.5 * (cells == 0).any()
    logs = np.log(cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0]))
    weight = 1 / (1 / cells).sum(axis=(0, 1))
    return float((weight * (logs - np.average(logs, weights=weight)) ** 2).sum())
