"""How long requests wait: survival curves from counts per day, open ones as waiting.

A mean over *closed* requests makes an office that never closes its hard cases look
fast. Here a request that is still open is known to have waited so long and no less
(*censored*), as in the study of survival.

Everything is made from counts: so many requests of a group were closed after so many
days, so many were last seen open then. A million requests cost no more than a thousand.

**Terms**

survival curve
    The share still open after each day (Kaplan and Meier).
restricted mean
    The mean wait up to a horizon: requests that wait longer count as the horizon.
log-rank
    A test of whether two groups' curves are the same, which weighs all days alike.

Standard errors are those of independent requests, each of one group. Counts that were
shared out among groups (area-weighted ones) give the same curves, and no valid limits:
`equity.measure.exposure` redraws those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from equity.errors import InputError, ParamsError
from equity.measure import intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    LOWER,
    check_confidence,
    divide,
    log_limits,
    measure_table,
    normal_quantile,
    numbers,
    position_of,
    require_columns,
    without_reference,
)

COUNTS = ["group", "days", "closed", "censored"]
SAME = 1e-9  # of a share: curves this near to a probability are at it
LIMITS = ("log-log", "log")
WEIGHTS = ("log-rank", "Peto-Peto")


def survival(
    counts: pd.DataFrame,
    *,
    days: Sequence[float],
    limits: str = "log-log",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the share still open after so many days, by group.

    Parameters
    ----------
    counts
        One row per group and day, or several: `group`, `days` waited, requests
        `closed` then, and `censored`, those last seen open then.
    days
        The days at which the curve is read.
    limits
        "log-log" limits stay between 0 and 1 and hold well in small groups; "log"
        are those that R prints unless asked.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `group` and `day`, with `events` (closed by then), `at_risk` (open
        just before), `population` (all) and `se`. The estimate is missing beyond the
        last day on which anybody was followed, unless all were closed by then. Where
        none or all are closed, limits are the exact ones of those at risk, if any.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing.
    ParamsError
        If the limits are of another kind, or the confidence is no proportion.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; Greenwood (1926) for the standard error;
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data,
    section 1.4, for the limits.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": "A", "days": [2, 5, 9], "closed": [3, 4, 1],
    ...                        "censored": [1, 0, 1]})
    >>> table = survival(counts, days=[1, 5], confidence=0.9)
    >>> table[["day", "events", "at_risk", "estimate", "conf_low"]].round(3)
       day  events  at_risk  estimate  conf_low
    0    1     0.0     10.0     1.000     0.741
    1    5     7.0      6.0     0.233     0.054
    """
    _check_choice("limits", limits, LIMITS)
    z = normal_quantile(confidence)
    rows, ends = [], []
    for group, curve in _curves(counts).items():
        for day in days:
            share, se = curve.at(day)
            rows.append(
                {
                    "group": group,
                    "day": day,
                    "events": curve.closed[curve.days <= day].sum(),
                    "at_risk": curve.waiting_at(day),
                    "population": curve.total,
                    "estimate": share,
                    "se": se,
                }
            )
            ends.append(_share_limits(share, se, z, limits))
    low, high = np.array(ends).reshape(-1, 2).T
    table = pd.DataFrame(rows, columns=[*_SURVIVAL])
    low, high = _at_the_ends(table, low, high, confidence)
    return measure_table(
        table.drop(columns="estimate"),
        measure="share still open",
        reference=None,
        estimate=table["estimate"],
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method=f"Kaplan-Meier; {limits}",
        direction=LOWER,
    )


_SURVIVAL = ("group", "day", "events", "at_risk", "population", "estimate", "se")


def quantiles(
    counts: pd.DataFrame,
    *,
    probabilities: Sequence[float] = (0.25, 0.5, 0.75),
    limits: str = "log-log",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Find the days within which a quarter, half, three quarters are closed.

    Parameters
    ----------
    counts
        As in `survival`.
    probabilities
        Shares closed.
    limits
        Of the curve, which give those of the quantile: "log-log" or "log".
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `group` and `probability`, in days, with `population`. Missing
        where fewer are closed by the last day known; so is an upper limit that is not
        reached.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing.
    ParamsError
        If a probability is not between 0 and 1, or the limits are of another kind.

    Notes
    -----
    Where the curve is at the share exactly until the next closing, the quantile is the
    middle between the two days; limits follow the same rule. Some programs give the
    first of the two.

    References
    ----------
    Brookmeyer and Crowley (1982), Biometrics 38, 29-41 (limits by inversion).

    Examples
    --------
    >>> counts = pd.DataFrame({"group": "A", "days": [2, 5, 9], "closed": [4, 4, 2],
    ...                        "censored": 0})
    >>> quantiles(counts, probabilities=[0.4, 0.5])["estimate"].tolist()
    [3.5, 5.0]
    """
    _check_choice("limits", limits, LIMITS)
    z = normal_quantile(confidence)
    outside = [p for p in probabilities if not 0 < p < 1]
    if outside:
        raise ParamsError(
            f"probabilities: {outside[0]} is not between 0 and 1; 0.5 is the median"
        )
    rows, ends = [], []
    for group, curve in _curves(counts).items():
        low, high = _share_limits(curve.share, curve.se, z, limits)
        for share in probabilities:
            rows.append((group, share, curve.total, curve.first(curve.share, share)))
            ends.append((curve.first(low, share), curve.first(high, share)))
    names = ["group", "probability", "population", "estimate"]
    table = pd.DataFrame(rows, columns=names)
    low, high = np.array(ends).reshape(-1, 2).T
    return measure_table(
        table.drop(columns="estimate"),
        measure="days to close, quantile",
        reference=None,
        estimate=table["estimate"],
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method=f"Kaplan-Meier, inverted; {limits}",
        direction=LOWER,
    )


def middle_day(counts: pd.DataFrame, *, otherwise: int) -> int:
    """Find the whole day by which half of all are closed.

    Parameters
    ----------
    counts
        As in `survival`; groups are not told apart, and need not be there.
    otherwise
        What to take where fewer than half are closed by the last day known.

    Returns
    -------
    int
        At least one.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing.

    Examples
    --------
    >>> counts = pd.DataFrame({"days": [2, 5, 9], "closed": [3, 4, 1], "censored": 0})
    >>> middle_day(counts, otherwise=14)
    5
    """
    found = quantiles(counts.assign(group="all"), probabilities=[0.5])["estimate"]
    day = found.iloc[0] if len(found) else np.nan
    return otherwise if np.isnan(day) else max(int(np.ceil(day)), 1)


def on_time(
    counts: pd.DataFrame,
    *,
    target_days: float,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the share closed within the target, open requests as waiting.

    Parameters
    ----------
    counts
        As in `survival`.
    target_days
        Requests closed within so many days are on time.
    reference
        The group that all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        `group`, `events` (closed in time), `population`, `statistic` (`level`,
        `difference`, `ratio`) and the measure columns. Missing where nobody was
        followed so long.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing.
    UnknownGroupError
        If the reference is not a group of `counts`.

    Notes
    -----
    Differences and ratios take their limits from those of the two levels (MOVER), so
    they keep the asymmetry of shares near 0 and 1.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["A", "B", "A", "B"], "days": [2, 2, 9, 9],
    ...                        "closed": [60, 40, 40, 60], "censored": 0})
    >>> table = on_time(counts, target_days=5, reference="A")
    >>> table[table["group"] == "B"][["statistic", "estimate"]].round(2)
        statistic  estimate
    1       level      0.40
    3  difference     -0.20
    5       ratio      0.67
    """
    table = survival(counts, days=[target_days], confidence=confidence)
    base = position_of(table, reference)
    share = 1 - table["estimate"].to_numpy()
    low, high = (1 - table[end].to_numpy() for end in ("conf_high", "conf_low"))
    frame = table[["group", "events", "population"]]
    others = tuple(np.repeat(v[base], len(v)) for v in (share, low, high))
    found = {LEVEL: (share, low, high)}
    found[DIFFERENCE] = (
        share - share[base],
        *intervals.mover_difference(share, low, high, *others),
    )
    found[RATIO] = (
        divide(share, others[0]),
        *intervals.mover_ratio(share, low, high, *others),
    )
    return _stacked(
        frame,
        found,
        base,
        reference,
        measure=f"share closed within {target_days:,} days",
        confidence=confidence,
        method="Kaplan-Meier; log-log, MOVER",
        direction="higher is better",
    )


def restricted_mean(
    counts: pd.DataFrame,
    *,
    horizon: float,
    reference: str,
    extend: bool = False,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare mean days to close, of which none counts for more than the horizon.

    Parameters
    ----------
    counts
        As in `survival`.
    horizon
        In days: whoever waits longer counts as so many.
    reference
        The group that all others are compared with.
    extend
        Hold the curve level beyond the last day on which anybody was followed, which
        makes the mean too short or too long by an amount that nobody knows. Without
        it the mean is missing there.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        `group`, `events`, `population`, `se`, `lost` (the horizon less the mean),
        `statistic` (`level`, `difference`, `ratio`), the measure columns and
        `p_value` of the comparison. Days; the ratio has no unit.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing, or the horizon is not positive.
    UnknownGroupError
        If the reference is not a group of `counts`.

    Notes
    -----
    The standard error is that of the estimated area, the sum over closings of
    (area left of the curve)^2 d / (n (n - d)); it is not the spread of waits over the
    root of their number. The ratio's limits are on the scale of logarithms.

    References
    ----------
    Irwin (1949), Journal of Hygiene 47, 188-189; Royston and Parmar (2013), BMC
    Medical Research Methodology 13, 152; Uno et al. (2014), Journal of Clinical
    Oncology 32, 2380-2385.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["A", "B", "A", "B"], "days": [2, 4, 9, 9],
    ...                        "closed": 50, "censored": 0})
    >>> table = restricted_mean(counts, horizon=8, reference="A")
    >>> table[["group", "statistic", "estimate", "se"]].round(2).head(4)
      group   statistic  estimate    se
    0     A       level       5.0  0.30
    1     B       level       6.0  0.20
    2     A  difference       0.0   NaN
    3     B  difference       1.0  0.36
    """
    z = normal_quantile(confidence)
    if not horizon > 0:
        raise InputError(f"horizon is {horizon}; expected a positive number of days")
    curves = _curves(counts)
    frame = pd.DataFrame(
        {
            "group": list(curves),
            "events": [curve.closed.sum() for curve in curves.values()],
            "population": [curve.total for curve in curves.values()],
        }
    )
    base = position_of(frame, reference)
    means = [curve.mean(horizon, extend) for curve in curves.values()]
    mean, se = np.array(means).reshape(-1, 2).T
    apart = without_reference(np.hypot(se, se[base]), base)
    log_se = without_reference(np.hypot(se / mean, se[base] / mean[base]), base)
    gap, fold = mean - mean[base], mean / mean[base]
    found = {
        LEVEL: (mean, mean - z * se, mean + z * se),
        DIFFERENCE: (gap, gap - z * apart, gap + z * apart),
        RATIO: (fold, *log_limits(fold, log_se, confidence)),
    }
    errors = {LEVEL: se, DIFFERENCE: apart, RATIO: fold * log_se}
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = {DIFFERENCE: gap / apart, RATIO: np.log(fold) / log_se}
    nothing = np.full(len(mean), np.nan)
    return _stacked(
        frame,
        found,
        base,
        reference,
        measure=f"mean days to close within {horizon:,} days",
        confidence=confidence,
        method="restricted mean; normal (ratio: log-normal)",
        direction=LOWER,
        se=errors,
        lost={LEVEL: horizon - mean, DIFFERENCE: nothing, RATIO: nothing},
        p_value={LEVEL: nothing}
        | {name: 2 * norm.sf(np.abs(score)) for name, score in scores.items()},
    )


def log_rank(
    counts: pd.DataFrame,
    *,
    strata: Sequence[str] = (),
    weights: str = "log-rank",
) -> pd.DataFrame:
    """Test whether the groups' curves are the same.

    Parameters
    ----------
    counts
        As in `survival`, and the columns named in `strata`.
    strata
        Columns such as `category`: requests are compared within each of their values,
        so that a group that asks for slower things is not taken to wait longer.
    weights
        "log-rank" weighs all days alike; "Peto-Peto" the early ones more, by the
        share still open just before.

    Returns
    -------
    DataFrame
        One row per `group`: `events` (closed), `expected` (closed if the curves were
        the same), `population`, and of the whole test `chi_squared`, `degrees` and
        `p_value`. There is no estimate and no interval: it is a test.

    Raises
    ------
    InputError
        If a count or a wait is negative or missing, or there is one group alone.
    ParamsError
        If the weights are others.

    References
    ----------
    Mantel (1966), Cancer Chemotherapy Reports 50, 163-170; Peto and Peto (1972), JRSS A
    135, 185-207; Harrington and Fleming (1982), Biometrika 69, 553-566.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["A", "B", "A", "B"], "days": [2, 2, 9, 9],
    ...                        "closed": [60, 40, 40, 60], "censored": 0})
    >>> log_rank(counts)[["group", "events", "expected"]].round(1)
      group  events  expected
    0     A   100.0      90.0
    1     B   100.0     110.0
    """
    _check_choice("weights", weights, WEIGHTS)
    require_columns(counts, [*COUNTS, *strata])
    groups = list(_curves(counts))
    if len(groups) < 2:
        raise InputError(f"a test compares groups; found {groups}")
    parts = [counts]
    if strata:
        parts = [part for _, part in counts.groupby(list(strata), observed=True)]
    seen, expected = np.zeros((2, len(groups)))
    covariance = np.zeros((len(groups), len(groups)))
    for part in parts:
        found = _compared_closings(part, groups, weights)
        seen, expected, covariance = (
            total + value
            for total, value in zip((seen, expected, covariance), found, strict=True)
        )
    excess = seen - expected
    # Excesses add up to zero, so one of the groups that could close is left out.
    able = np.flatnonzero(expected > 0)[1:]
    turned = np.linalg.pinv(covariance[np.ix_(able, able)], hermitian=True)
    chi_squared = float(excess[able] @ turned @ excess[able])
    degrees = len(able)
    each = counts.groupby(counts["group"].astype(str))[["closed", "censored"]].sum()
    return pd.DataFrame(
        {
            "group": groups,
            "events": seen,
            "expected": expected,
            "population": each.sum(axis=1).reindex(groups).to_numpy(float),
            "chi_squared": chi_squared,
            "degrees": degrees,
            "p_value": float(chi2.sf(chi_squared, degrees)) if degrees else np.nan,
            "method": f"{weights} test{', stratified' if strata else ''}",
        }
    )


@dataclass(frozen=True)
class _Curve:
    """A survival curve: one entry per day on which anything happened, in order."""

    days: np.ndarray
    closed: np.ndarray
    waiting: np.ndarray  # just before the day
    share: np.ndarray  # still open after it
    se: np.ndarray
    variance: np.ndarray  # Greenwood's sum; missing once all are closed
    total: float

    @classmethod
    def of(cls, days: np.ndarray, closed: np.ndarray, censored: np.ndarray) -> "_Curve":
        there, at = np.unique(days, return_inverse=True)
        closed, censored = (
            np.bincount(at, weights=count, minlength=len(there))
            for count in (closed, censored)
        )
        waiting = np.cumsum((closed + censored)[::-1])[::-1]
        waiting = np.where(waiting > SAME, waiting, 0)
        some = waiting > 0
        hazard = np.divide(closed, waiting, out=np.zeros(len(there)), where=some)
        left = waiting - closed
        left = np.where(left > SAME * np.maximum(waiting, 1), left, 0)
        share = np.cumprod(np.where(some & (left == 0), 0, 1 - hazard))
        step = np.divide(hazard, left, out=np.full(len(there), np.nan), where=left > 0)
        step = np.where(closed > 0, step, 0)
        variance = np.cumsum(step)
        se = np.where(share > 0, share * np.sqrt(variance), np.nan)
        total = float((closed + censored).sum())
        return cls(there, closed, waiting, share, se, variance, total)

    def at(self, day: float) -> tuple[float, float]:
        """Share still open after a day and its standard error; missing if unknown."""
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        if place < 0:
            return 1.0, 0.0
        if day > self.days[-1] and self.share[-1] > 0:
            return np.nan, np.nan
        return float(self.share[place]), float(self.se[place])

    def waiting_at(self, day: float) -> float:
        place = int(np.searchsorted(self.days, day, side="left"))
        return float(self.waiting[place]) if place < len(self.days) else 0.0

    def first(self, curve: np.ndarray, share: float) -> float:
        """Day on which a curve falls to 1 - share; the middle where it rests on it."""
        jumps = self.closed > 0
        days, curve = self.days[jumps], curve[jumps]
        below = np.flatnonzero(curve <= 1 - share + SAME)
        if not len(below):
            return np.nan
        day = days[below[0]]
        if abs(curve[below[0]] - (1 - share)) <= SAME:
            later = np.flatnonzero(curve < 1 - share - SAME)
            after = days[later[0]] if len(later) else self.days[-1]
            day = (day + after) / 2
        return float(day)

    def mean(self, horizon: float, extend: bool) -> tuple[float, float]:
        """Area below the curve up to the horizon, and its standard error."""
        if horizon > self.days[-1] and self.share[-1] > 0 and not extend:
            return np.nan, np.nan
        before = self.days < horizon
        edges = np.concatenate([[0.0], self.days[before], [horizon]])
        heights = np.concatenate([[1.0], self.share[before]])
        areas = np.diff(edges) * heights
        left = np.cumsum(areas[::-1])[::-1][1:]  # from each day to the horizon
        closed, waiting = self.closed[before], self.waiting[before]
        rest = waiting - closed
        known = (closed > 0) & (rest > SAME * np.maximum(waiting, 1))
        part = np.divide(
            left**2 * closed, waiting * rest, out=np.zeros(len(left)), where=known
        )
        return float(areas.sum()), float(np.sqrt(part.sum()))


def _curves(counts: pd.DataFrame) -> dict[str, _Curve]:
    """Make every group's curve; groups in their order, those of nobody left out."""
    require_columns(counts, COUNTS)
    days, closed, censored = (numbers(counts, name) for name in COUNTS[1:])
    for name, values in zip(COUNTS[1:], (days, closed, censored), strict=True):
        bad = ~np.isfinite(values) | (values < 0)
        if bad.any():
            raise InputError(
                f"column {name} is negative or missing in {bad.sum()} of "
                f"{len(counts)} rows"
            )
    there = closed + censored > 0
    curves = {}
    for group, rows in counts.groupby("group", observed=True).indices.items():
        rows = rows[there[rows]]
        if len(rows):
            curves[str(group)] = _Curve.of(days[rows], closed[rows], censored[rows])
    return curves


def _share_limits(share, se, z: float, limits: str) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a share still open; there are none once all are closed."""
    share, se = np.asarray(share, dtype=float), np.asarray(se, dtype=float)
    some = (share > 0) & (share < 1)
    inner = np.where(some, share, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        if limits == "log":
            width = z * se / inner
            low, high = inner * np.exp(-width), np.minimum(inner * np.exp(width), 1)
        else:
            width = z * se / (inner * np.abs(np.log(inner)))
            low, high = (inner ** np.exp(sign * width) for sign in (1, -1))
    low = np.where(some, low, np.where(share == 1, 1.0, np.nan))
    high = np.where(some, high, np.where(share == 1, 1.0, np.nan))
    return low, high


def _at_the_ends(
    table: pd.DataFrame, low: np.ndarray, high: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give shares of exactly one and zero the exact limits of their last count."""
    tail = (1 - confidence) / 2
    share, count = table["estimate"].to_numpy(), table["at_risk"].to_numpy()
    known = count > 0
    least = tail ** (1 / np.where(known, count, 1))
    low = np.where(known & (share == 1), least, np.where(share == 0, 0, low))
    high = np.where(known & (share == 0), 1 - least, high)
    return low, high


def _compared_closings(
    counts: pd.DataFrame, groups: list[str], weights: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count closings, those expected if all waited alike, and their covariance."""
    keyed = counts.assign(group=counts["group"].astype(str))
    tables = [
        keyed.pivot_table(values=name, index="days", columns="group", aggfunc="sum")
        .reindex(columns=groups)
        .fillna(0)
        .to_numpy(dtype=float)
        for name in ("closed", "censored")
    ]
    closed, waiting = tables[0], np.cumsum(sum(tables)[::-1], axis=0)[::-1]
    closings, open_before = closed.sum(axis=1), waiting.sum(axis=1)
    some = (closings > 0) & (open_before > 0)
    closed, waiting = closed[some], waiting[some]
    closings, open_before = closings[some], open_before[some]
    after = np.cumprod(1 - closings / open_before)
    early = np.concatenate([[1.0], after[:-1]])[: len(after)]
    weight = early if weights == "Peto-Peto" else np.ones(len(closings))
    portion = waiting / open_before[:, None]
    expected = portion * closings[:, None]
    rest = np.maximum(open_before - 1, SAME)
    scale = weight**2 * closings * np.maximum(open_before - closings, 0) / rest
    own = np.diag((scale[:, None] * portion).sum(axis=0))
    shared = (scale[:, None] * portion).T @ portion
    return weight @ closed, weight @ expected, own - shared


def _stacked(
    frame: pd.DataFrame,
    found: dict[str, tuple],
    base: int,
    reference: str,
    *,
    measure: str,
    confidence: float,
    method: str,
    direction: str,
    **further: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Put levels, differences and ratios below one another."""
    tables = []
    for statistic, (estimate, low, high) in found.items():
        if statistic != LEVEL:
            low, high = (without_reference(end, base) for end in (low, high))
        tables.append(
            measure_table(
                frame.assign(statistic=statistic),
                measure=measure,
                reference=None if statistic == LEVEL else reference,
                estimate=estimate,
                conf_low=low,
                conf_high=high,
                confidence=check_confidence(confidence),
                method=method,
                direction=direction,
                **{name: values[statistic] for name, values in further.items()},
            )
        )
    return pd.concat(tables, ignore_index=True)


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ParamsError(f"{name}: {value!r} is not known; one of {', '.join(known)}")
