"""Who asks, and how soon: incidents, reports, and the delay until someone reports.

A count of requests per resident cannot tell a place with few broken street lights from
one where few are reported. Further reports can: once an incident is known, others who
see it report it too, at a *rate* per day it stays open. One over the rate is the *mean
delay* until a resident reports an incident of that kind in that place, the first
report included. Where the delay is longer, people ask less than they need to.

**Terms**

incident
    One thing to mend, from its first report until the window closes: it is closed, the
    data end, or the longest window has passed.
further report
    Another report of the same incident within its window. The first report starts the
    clock and is none: counting it would make every rate too high.
incident-day
    A day that one incident was open to further reports.
same mix of categories
    The rates of each group by category, weighted by everyone's incident-days in each:
    the groups differ in what there is to report, and things differ in how often they
    are.

All of it rests on four assumptions, listed in the notes of `by_race`. Regressions are
in `reporting_models`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from equity.errors import ParamsError
from equity.measure import constancy, intervals
from equity.measure.incidents import (
    DELAY,
    RATE,
    Incidents,
    Overdispersion,
    kinds,
    overdispersion,
)
from equity.measure.redraws import DIFFERENCE, EVERYONE, LEVEL, RATIO, Residents
from equity.measure.table import (
    HIGHER,
    LOWER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    log_limits,
    measure_table,
    require_columns,
)

NEITHER = "neither is better"
SAME_MIX = ", same mix of categories"
MEASURES = {  # measure: key of the statistic, and direction
    "incidents per 1,000 residents a year": ("incidents", NEITHER),
    "reports per 1,000 residents a year": ("reports", NEITHER),
    "reports per incident": ("per_incident", NEITHER),
    RATE: ("rate", HIGHER),
    DELAY: ("delay", LOWER),
    RATE + SAME_MIX: ("rate_same_mix", HIGHER),
    DELAY + SAME_MIX: ("delay_same_mix", LOWER),
}
SAME_MIX_DELAY = DELAY + SAME_MIX  # the one to lead with
METHOD = "area-weighted; redraw of overdispersed incidents and census margins"
UNSTEADY = "not known: further reports do not come at a constant rate"
COLUMNS = [
    *("group", "events", "requests", "population", "statistic"),
    *(*MEASURE_COLUMNS, "direction"),
]
NEEDED = ["area", "category", "period", "days", "duplicates", "incidents"]
WIDTH = 1.1  # windows of days that differ by less than this factor share a cell


def rate(
    incidents: pd.DataFrame,
    *,
    by: str = "group",
    interval: Literal["exact", "log"] = "exact",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the rate of further reports, and the mean delay, of each group.

    Parameters
    ----------
    incidents
        `days, duplicates, incidents` and the column ``by``: so many incidents were
        open to reports for so many days each, and got so many further reports each.
    by
        The column that tells the groups apart.
    interval
        "exact" (Garwood's, of the number of further reports) or "log" (normal on the
        scale of logarithms, with standard error one over the root of that number).
        Groups without further reports always have the exact one.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Two rows per group, `further reports per incident-day` and `mean reporting delay
        in days`, with ``by``, `events` (incidents), `requests` (reports, the first ones
        included), `incident_days`, the measure columns, `log_se` (standard error of the
        logarithm of either) and `direction`. Without further reports the rate is zero
        with an upper limit, and the delay is not known but for its lower limit.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, or reports arrived in no time.
    ParamsError
        If ``interval`` is neither of the two, or the confidence no proportion.

    Notes
    -----
    The maximum-likelihood estimate if reports are a Poisson process while the incident
    is open: all further reports over all incident-days. Limits are of that process
    alone. Where some incidents draw many reports, counts vary more than Poisson and the
    limits are too narrow; `by_race` allows for it.

    References
    ----------
    Liu, Bhandaram and Garg (2024), Quantifying spatial under-reporting disparities in
    resident crowdsourcing, Nature Computational Science 4, 57-65. Garwood (1936),
    Biometrika 28, 437-442.

    Examples
    --------
    >>> trees = pd.DataFrame({"group": ["Bronx", "Bronx", "Queens"],
    ...     "days": [10.0, 20.0, 12.5], "duplicates": [0, 2, 1],
    ...     "incidents": [30, 5, 16]})
    >>> table = rate(trees, interval="log")
    >>> table[["group", "measure", "estimate", "conf_low", "conf_high"]].round(3)
        group                           measure  estimate  conf_low  conf_high
    0   Bronx  further reports per incident-day     0.025     0.013      0.046
    1  Queens  further reports per incident-day     0.080     0.049      0.131
    2   Bronx      mean reporting delay in days    40.000    21.522     74.342
    3  Queens      mean reporting delay in days    12.500     7.658     20.404
    """
    check_confidence(confidence)
    if interval not in ("exact", "log"):
        raise ParamsError(f"interval is {interval!r}; expected 'exact' or 'log'")
    require_columns(incidents, [by])
    read = Incidents.of(incidents)
    sums = pd.DataFrame(
        {
            by: incidents[by].to_numpy(),
            "events": read.count,
            "requests": read.count + read.further,
            "incident_days": read.exposure,
        }
    )
    sums[by] = sums[by].astype(incidents[by].dtype)
    table = sums.groupby(by, observed=False, dropna=False).sum().reset_index()
    further = (table["requests"] - table["events"]).to_numpy()
    days = table["incident_days"].to_numpy()
    estimate = divide(further, days)
    log_se = np.sqrt(divide(1, further))
    low, high = (
        divide(end, days) for end in intervals.poisson_exact(further, confidence)
    )
    method = np.full(len(table), "exact Poisson", dtype=object)
    if interval == "log":
        some = further > 0
        logs = log_limits(estimate, log_se, confidence)
        low, high = np.where(some, logs, (low, high))
        method[some] = "Wald on the log scale"
    rates = measure_table(
        table,
        measure=RATE,
        reference=None,
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method=method,
        log_se=log_se,
        direction=HIGHER,
    )
    delays = measure_table(
        rates,
        measure=DELAY,
        reference=None,
        estimate=divide(1, estimate),
        conf_low=divide(1, high),
        conf_high=divide(1, low),
        confidence=confidence,
        method=method,
        log_se=log_se,
        direction=LOWER,
    )
    return pd.concat([rates, delays], ignore_index=True)


def by_area(report_counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate the rate of further reports, and the mean delay, in each area.

    Parameters
    ----------
    report_counts
        Tidy `report_counts`: `area, days, duplicates, incidents`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `rate` by `area`, with exact limits. Areas without incidents have no rows:
        nothing is known of how they would be reported.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, or reports arrived in no time.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "2"], "days": [10.0, 5.0],
    ...                        "duplicates": [1, 0], "incidents": [10, 4]})
    >>> table = by_area(counts)
    >>> table[["area", "estimate", "conf_low", "conf_high"]].round(2)
      area  estimate  conf_low  conf_high
    0    1       0.1      0.05       0.18
    1    2       0.0      0.00       0.18
    2    1      10.0      5.44      20.85
    3    2       NaN      5.42        NaN
    """
    table = rate(report_counts, by="area", confidence=confidence)
    return table[table["events"] > 0].reset_index(drop=True)


def by_race(
    report_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    years: float,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare incidents, reports and reporting delay by race of the residents.

    Parameters
    ----------
    report_counts
        Tidy `report_counts`: `area, category, period, days, duplicates, incidents`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    reference
        The group that all others are compared with.
    years
        How many years the counts cover.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the intervals.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        Measure columns, with `group`, `events` (incidents shared out to the group),
        `requests` (their reports, the first ones included), `population` (residents),
        `statistic` (`level`, `difference` from the reference, or `ratio` to it) and
        `direction`. Measures: the keys of `MEASURES`; those that end in "same mix of
        categories" compare like with like and are the ones to lead with. A delay is
        missing where nobody reported anything further, and a same-mix figure where a
        group has no incidents of a category. Limits are missing where the group's
        residents cannot be told from none. No rows without incidents or residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, or reports arrived in no time.
    ParamsError
        If the confidence is not between zero and one, or years are none.
    UnknownGroupError
        If the reference is not a group of `population`; everyone is none.

    Notes
    -----
    An incident is shared among the groups as the residents of its area are; those of
    areas without residents are shared out to nobody. The rate of a group is its share
    of the further reports over its share of the incident-days: what the areas of its
    average resident see. Race of an area is not race of a reporter, and a gap between
    persons can be larger or smaller.

    The delay is right if (1) while an incident is open, reports come at one constant
    rate in that category and area; (2) the first report comes at the rate of the
    further ones, so people do not keep quiet because they know it was reported; (3)
    further reports are linked to their incident, each report counted once; (4) the
    window does not close *because of* reports. Where some incidents are seen by nobody
    else, (1) fails and the delay mixes both: see the zero-inflated
    `reporting_models.regression`. Where further reports clearly stop coming while
    incidents stay open (`constancy.power`), (1) fails so far that rates and delays
    would tell how long incidents stay open instead: they are missing, and `method`
    says so. Breaches that are alike in all groups leave ratios right.

    Same mix: with everyone's incident-days of category *c* as weights, the sum of the
    group's rates by category; the delay is one over it. Everyone's own figure does not
    change. The weights are redrawn with the counts they come from. Categories of fewer
    than 50 incidents are taken together.

    Redraws take incidents together with their reports and days (a compound Poisson
    process), so that a few incidents with many reports widen the interval; they are
    widened by `incidents.overdispersion` (of incidents for what is per resident, of
    reports for the rest), and residents are redrawn within their margins in the same
    round. The redraws of each rate are reflected about the estimate
    on the scale of square roots, where Poisson counts have one variance. Shocks that
    neighbouring areas share are not covered.

    References
    ----------
    Liu, Bhandaram and Garg (2024), Nature Computational Science 4, 57-65. Davison and
    Hinkley (1997), Bootstrap Methods and their Application, section 5.2 (basic limits
    on a transformed scale). Keiding and Clayton (2014), Standardization and control
    for confounding in observational studies, Statistical Science 29, 529-558.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "2"], "category": "Pothole",
    ...     "period": "2025Q4", "days": [10.0, 10.0], "duplicates": [2, 1],
    ...     "incidents": [100, 100]})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["White", "Asian"],
    ...                        "estimate": [1000, 500], "moe": np.nan})
    >>> table = by_race(counts, people, reference="White", years=0.25)
    >>> delay = table.query("measure == 'mean reporting delay in days'")
    >>> delay[["group", "statistic", "estimate"]].head(3).round(2)
                group statistic  estimate
    28          Asian     level     10.00
    29          White     level      5.00
    30  All residents     level      6.67
    """
    check_confidence(confidence)
    if not years > 0:
        raise ParamsError(f"years is {years}; expected more than 0")
    require_columns(report_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    Incidents.of(report_counts)
    if report_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    base = people.position(reference)
    there = report_counts["area"].isin(people.inhabited())
    steady = constancy.power(report_counts[there], confidence=confidence)
    cells = _Cells.of(report_counts[there], people)
    random = np.random.default_rng(seed)

    found = _rates(people.estimate, cells, cells.count, years)
    redrawn = [_redrawn(people, cells, random, years) for _ in range(replicates)]
    # Where the draws of a group's residents reach nobody, nothing is known of it.
    drawn = np.array([draw["population"] for draw in redrawn])
    known = np.quantile(drawn, (1 - confidence) / 2, axis=0) > 0
    frame = pd.DataFrame(
        {
            "group": [*people.groups, EVERYONE],
            **{name: found[name] for name in ("events", "requests", "population")},
        }
    )
    tables = []
    for measure, (key, direction) in MEASURES.items():
        turn = key.startswith("delay")
        key = key.replace("delay", "rate")
        level = found[key]
        told = not key.startswith("rate") or bool(steady["constant"].ne(False).all())
        if not told:
            level = np.full(len(level), np.nan)
        draws = _reflected(level, np.array([draw[key] for draw in redrawn]))
        if turn:
            level, draws = divide(1, level), divide(1, draws)
        for statistic, compare in COMPARISONS.items():
            own = statistic == LEVEL
            limited = known if own else known & known[base] & _others(base, len(known))
            low, high = _limits(compare(draws, draws[:, [base]]), confidence)
            rows = frame.assign(statistic=statistic)
            tables.append(
                measure_table(
                    rows,
                    measure=measure,
                    reference=None if own else reference,
                    estimate=compare(level, level[[base]]),
                    conf_low=np.where(limited, low, np.nan),
                    conf_high=np.where(limited, high, np.nan),
                    confidence=confidence,
                    method=METHOD if told else UNSTEADY,
                    direction=direction,
                )
            )
    table = pd.concat(tables, ignore_index=True)
    compared = (table["statistic"] == LEVEL) | (table["group"] != EVERYONE)
    return table[compared].reset_index(drop=True)


COMPARISONS = {
    LEVEL: lambda value, base: value,
    DIFFERENCE: lambda value, base: value - base,
    RATIO: lambda value, base: _ratio(value, base),
}


@dataclass(frozen=True)
class _Cells:
    """Incidents alike in area, category, days and further reports."""

    count: np.ndarray
    sums: sparse.csr_array  # (incidents, further reports, days) x area x kind, by cell
    shape: tuple[int, int, int]
    dispersion: Overdispersion

    @classmethod
    def of(cls, report_counts: pd.DataFrame, people: Residents) -> "_Cells":
        read = Incidents.of(report_counts)
        longest = np.log(np.maximum(read.days, 1e-9)) / np.log(WIDTH)
        rows = pd.DataFrame(
            {
                "area": people.areas.get_indexer(report_counts["area"]),
                "kind": kinds(report_counts),
                "duplicates": read.duplicates,
                "about": np.round(longest),
                "count": read.count,
                "exposure": read.exposure,
            }
        )
        rows = rows[rows["count"] > 0]
        alike = ["area", "kind", "duplicates", "about"]
        rows = rows.groupby(alike, as_index=False)[["count", "exposure"]].sum()
        count, exposure = (rows[name].to_numpy() for name in ("count", "exposure"))
        wide = int(rows["kind"].max()) + 1 if len(rows) else 1
        place = (rows["area"] * wide + rows["kind"]).to_numpy(dtype=int)
        size, cell = len(people.areas) * wide, np.arange(len(rows))
        each = [np.ones(len(rows)), rows["duplicates"].to_numpy(), exposure / count]
        table = sparse.coo_array(
            (
                np.concatenate(each),
                (
                    np.concatenate([place, place + size, place + 2 * size]),
                    np.tile(cell, 3),
                ),
            ),
            shape=(3 * size, len(rows)),
        )
        return cls(
            count,
            table.tocsr(),
            (3, len(people.areas), wide),
            overdispersion(report_counts),
        )

    def redraw(self, random: np.random.Generator, dispersion: float) -> np.ndarray:
        # Mean n, variance n times the dispersion.
        return random.poisson(self.count / dispersion) * dispersion


def _rates(
    people: np.ndarray, cells: _Cells, count: np.ndarray, years: float
) -> dict[str, np.ndarray]:
    """Compute every rate of every group, the last group being everyone."""
    residents = people.sum(axis=1, keepdims=True)
    lived_in = residents > 0
    shares = np.divide(people, residents, out=np.zeros_like(people), where=lived_in)
    shares = np.hstack([shares, lived_in])
    totals = np.append(people.sum(axis=0), people.sum())
    shared = shares.T @ (cells.sums @ count).reshape(cells.shape)  # groups x kinds
    incidents, further, days = shared.sum(axis=2)
    scale = 1000 / years
    some = shared[2, -1] > 0  # the standard: everyone's incident-days of each kind
    standard = divide(shared[2, -1], days[-1])[some]
    by_kind = _ratio(shared[1][:, some], shared[2][:, some])
    return {
        "population": totals,
        "events": incidents,
        "requests": incidents + further,
        "incidents": _ratio(incidents, totals) * scale,
        "reports": _ratio(incidents + further, totals) * scale,
        "per_incident": _ratio(incidents + further, incidents),
        "rate": _ratio(further, days),
        "rate_same_mix": by_kind @ standard,
    }


def _redrawn(
    people: Residents, cells: _Cells, random: np.random.Generator, years: float
) -> dict[str, np.ndarray]:
    """Redraw residents and incidents; how many there are varies more than the rest."""
    drawn, (volume, reports) = people.redraw(random), cells.dispersion
    counted = _rates(drawn, cells, cells.redraw(random, volume), years)
    rated = _rates(drawn, cells, cells.redraw(random, reports), years)
    return rated | {name: counted[name] for name in ("incidents", "reports")}


def _reflected(estimate: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Turn redraws of a rate into what the true rate may be, by square roots."""
    roots = np.sqrt(np.where(draws >= 0, draws, np.nan))
    root = np.sqrt(np.where(estimate > 0, estimate, np.nan))
    return np.maximum(2 * root - roots, 0) ** 2


def _limits(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles; missing where more redraws than a limit may leave out are."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    endless = np.where(np.isnan(values), np.inf, values)
    low, high = np.quantile(endless, tails, axis=0, method="nearest")
    known = np.isfinite(high) & (high > low)  # a width of nothing is not knowledge
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _others(base: int, size: int) -> np.ndarray:
    return np.arange(size) != base


def _ratio(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Divide by what is positive; by anything else, the answer is missing."""
    return divide(value, np.where(np.asarray(base) > 0, base, 0))
