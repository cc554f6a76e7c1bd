"""Services by the race of the residents served: requests, days to close, on time.

Requests say where, not who. Each request is shared among the groups as the residents
of its area are: the *area-weighted* figure of a group is what the areas of its average
resident see. It tells how places differ, not how persons do: since every area is mixed,
differences between persons can be larger or smaller.

Requests still open count as waiting: curves are Kaplan-Meier, not means of those
closed. Intervals come from redraws that carry two uncertainties together: the counts
(Poisson, widened by the overdispersion seen within areas and quarters) and the census
margins. What they leave out is in the notes of `by_race`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from equity.measure import intervals
from equity.measure.redraws import (
    DIFFERENCE,
    EVERYONE,
    LEVEL,
    RATIO,
    Residents,
    basic_limits,
)
from equity.measure.table import (
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    require_columns,
)

METHOD = "area-weighted; redraw of overdispersed counts and census margins"
COLUMNS = ["group", "events", "population", "statistic", *MEASURE_COLUMNS, "direction"]
NEEDED = ["area", "period", "days", "closed", "censored"]
QUARTER_REPLICATES = 400  # at most so many redraws for each quarter of `by_quarter`


def by_race(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    years: float,
    target_days: int,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare requests, days to close and share on time by race of the residents.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    reference
        The group that all others are compared with.
    years
        How many years the counts cover.
    target_days
        Requests closed within so many days are on time.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the intervals.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        Measure columns, with `group`, `events` (requests shared out to the group),
        `population` (its residents), `statistic` (`level`, `difference` from the
        reference, or `ratio` to it) and `direction`. Measures: `requests per 1,000
        residents a year`, `median days to close` (in days and parts of days),
        `share closed within N days`. A median is missing where fewer than half are
        closed by the last day known, and a share where nobody was followed for so many
        days.
        Limits are missing where the group's residents cannot be told from none.
        No rows without requests or residents.

    Raises
    ------
    ParamsError
        If the confidence is not between zero and one.
    UnknownGroupError
        If the reference is not a group of `population`; everyone is none.

    Notes
    -----
    The median is that of grouped data: closings of day *d* are spread evenly from
    *d* - 0.5 to *d* + 0.5, those of day 0 from 0 to 0.5, and the median is the moment
    at which half are closed. It is within half a day of the median in whole days,
    which would hide differences of less than a day and jump in redraws. The curve is
    Kaplan-Meier's at the end of each day; only the interpolation is the life table's.

    Limits cover the chance in counts, batches within an area and quarter (closings come
    together; redraws vary as the largest `overdispersion` of three counts, all
    requests, those closed within `target_days`, and the others, or as the share of the
    second in the first where that varies more) and the census margins. They do not
    cover shocks that neighbouring areas, or all areas of a quarter, share, such as the
    backlog of a district; nor change over the period. Where the gap moves between
    quarters, see `by_quarter`: limits are then of the average of this period, and say
    nothing of another.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481. McCullagh and Nelder (1989),
    Generalized Linear Models, section 6.2.3 (overdispersion). Davison and Hinkley
    (1997), Bootstrap Methods and their Application, section 5.2 (basic limits). Lee
    and Wang (2003), Statistical Methods for Survival Data Analysis, chapter 4 (median
    of a life table); days as in `statistics.median_grouped` of Python.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "2"], "period": "2025Q4", "days": [2, 9, 9],
    ...     "closed": [60, 40, 50], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "1", "2"], "estimate": [900, 100, 1000],
    ...                        "race": ["White", "Asian", "Asian"], "moe": np.nan})
    >>> table = by_race(counts, people, reference="White", years=0.25, target_days=5)
    >>> share = table.query("measure == 'share closed within 5 days'")
    >>> share.query("statistic == 'level'")[["group", "estimate"]].round(2)
                group  estimate
    14          Asian       0.1
    15          White       0.6
    16  All residents       0.4
    """
    check_confidence(confidence)
    require_columns(request_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    return _compared(
        request_counts,
        people,
        base=people.position(reference),
        years=years,
        target_days=target_days,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
        dispersion=_dispersion(_asking(people, request_counts), target_days),
    )


def by_quarter(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare the share closed on time by race, quarter by quarter.

    Parameters
    ----------
    request_counts, population, reference, target_days, confidence, seed
        As in `by_race`.
    replicates
        Redraws behind the intervals; of each quarter at most `QUARTER_REPLICATES`,
        for a table of many quarters would take minutes.

    Returns
    -------
    DataFrame
        `period`, then the columns of `by_race`: rows `share closed within N days`,
        `level` and `difference`, for every quarter with requests, in order. `events`
        are of the quarter.

    Raises
    ------
    ParamsError
        If the confidence is not between zero and one.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    A single quarter cannot tell how counts vary between quarters: the overdispersion is
    that of the whole table. Limits are of one quarter at a time, and what they cover
    is what those of `by_race` cover; a difference that moves by more than its limits
    allow has changed, or was moved by a shock that neighbouring areas share.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "2"] * 2, "period": ["2025Q3"] * 2 + ["2025Q4"] * 2,
    ...     "days": [2, 9, 2, 2], "closed": 50, "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["White", "Asian"],
    ...                        "estimate": 1000, "moe": np.nan})
    >>> table = by_quarter(counts, people, reference="White", target_days=5)
    >>> gap = table.query("statistic == 'difference' and group == 'Asian'")
    >>> gap[["period", "estimate"]]
       period  estimate
    3  2025Q3      -1.0
    8  2025Q4       0.0
    """
    check_confidence(confidence)
    require_columns(request_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=["period", *COLUMNS])
    people = Residents.of(population)
    base = people.position(reference)
    dispersion = _dispersion(_asking(people, request_counts), target_days)
    tables = [
        _compared(
            rows,
            people,
            base=base,
            years=0.25,
            target_days=target_days,
            confidence=confidence,
            replicates=min(replicates, QUARTER_REPLICATES),
            seed=seed,
            dispersion=dispersion,
        ).assign(period=str(period))
        for period, rows in request_counts.groupby("period", observed=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    on_time = table["measure"] == _measures(target_days)[-1][1]
    shown = table[on_time & table["statistic"].isin([LEVEL, DIFFERENCE])]
    return shown[["period", *COLUMNS]].reset_index(drop=True)


def by_area(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    years: float,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count requests per 1,000 residents a year in each area.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`.
    population
        Tidy `population`; every area in it has a row in the answer.
    years
        How many years the counts cover.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `area` with `events`, `population` and the measure columns; exact
        Poisson limits, which take the residents as known. The estimate is missing
        where nobody lives. No rows where no requests were given at all.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1"], "closed": [9], "censored": [1]})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [1000, 0]})
    >>> by_area(counts, people, years=1)["estimate"].to_list()
    [10.0, nan]
    """
    require_columns(request_counts, ["area", "closed", "censored"])
    require_columns(population, ["area", "estimate"])
    if request_counts.empty:
        population = population.iloc[:0]
    residents = population.groupby("area")["estimate"].sum()
    totals = request_counts.groupby("area")[["closed", "censored"]].sum().sum(axis=1)
    table = pd.DataFrame(
        {"events": totals.reindex(residents.index).fillna(0), "population": residents}
    ).reset_index()
    table = table.astype({"events": float, "population": float})
    scale = 1000 / table["population"].where(table["population"] > 0) / years
    low, high = intervals.poisson_exact(table["events"], confidence)
    return measure_table(
        table,
        measure="requests per 1,000 residents a year",
        reference=None,
        estimate=table["events"] * scale,
        conf_low=low * scale,
        conf_high=high * scale,
        confidence=confidence,
        method="exact Poisson",
    )


def overdispersion(request_counts: pd.DataFrame) -> float:
    """Measure how much more counts vary between quarters than Poisson counts would.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, closed, censored`.

    Returns
    -------
    float
        Pearson's chi-squared over its degrees of freedom, with areas and quarters as
        main effects; at least one. One if there is a single area or quarter. Areas
        and quarters without requests do not count.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 6.2.3.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "1", "2", "2"], "censored": 0,
    ...     "period": ["2025Q3", "2025Q4"] * 2, "closed": [10, 30, 30, 10]})
    >>> overdispersion(counts)
    20.0
    """
    seen = _by_area_and_quarter(request_counts).to_numpy(dtype=float)
    freedom = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    if freedom < 1:
        return 1.0
    expected = _expected(seen)
    return max(float(((seen - expected) ** 2 / expected).sum() / freedom), 1.0)


def _by_area_and_quarter(request_counts: pd.DataFrame) -> pd.DataFrame:
    """Count requests, areas by quarters, those that have any."""
    requests = request_counts["closed"] + request_counts["censored"]
    there = request_counts.assign(requests=requests)[requests > 0]
    keys = {"index": "area", "columns": "period", "observed": True}
    return there.pivot_table(values="requests", aggfunc="sum", fill_value=0, **keys)


def _expected(seen: np.ndarray) -> np.ndarray:
    """Expect of each area and quarter what main effects alone would give."""
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1)


def _dispersion(request_counts: pd.DataFrame, target_days: int) -> float:
    """Take the largest overdispersion: of three counts, and of the share on time."""
    soon = request_counts["days"] <= target_days
    on_time = request_counts[soon].assign(censored=0)
    others = request_counts.assign(closed=request_counts["closed"].mask(soon, 0))
    counts = max(overdispersion(table) for table in (request_counts, on_time, others))
    return max(counts, _share_overdispersion(request_counts, on_time))


def _share_overdispersion(every: pd.DataFrame, some: pd.DataFrame) -> float:
    """Measure how much more a share varies than a binomial one of the same requests.

    Where a batch moves requests from late to on time, the two counts move against each
    other, which no count shows alone.
    """
    total = _by_area_and_quarter(every)
    part = _by_area_and_quarter(some).reindex_like(total).fillna(0).to_numpy(float)
    total = total.to_numpy(dtype=float)
    within, without = _expected(part), _expected(total - part)
    share = divide(within, within + without)
    variance = total * share * (1 - share)
    known = variance > 0
    freedom = known.sum() - known.any(axis=1).sum() - known.any(axis=0).sum() + 1
    if freedom < 1:
        return 1.0
    excess = (part - total * share)[known] ** 2 / variance[known]
    return max(float(excess.sum() / freedom), 1.0)


def _compared(
    request_counts: pd.DataFrame,
    people: Residents,
    *,
    base: int,
    years: float,
    target_days: int,
    confidence: float,
    replicates: int,
    seed: int,
    dispersion: float,
) -> pd.DataFrame:
    """Compare every group with the one at `base`, redrawing with this dispersion."""
    cells = _Cells.of(_asking(people, request_counts), people, dispersion)
    random = np.random.default_rng(seed)
    found = _statistics(people.estimate, cells, cells.count, years, target_days)
    redrawn = [
        _statistics(
            people.redraw(random), cells, cells.redraw(random), years, target_days
        )
        for _ in range(replicates)
    ]
    draws = {name: np.array([draw[name] for draw in redrawn]) for name in found}
    # Where the draws of a group's residents reach nobody, nothing is known of it.
    known = np.quantile(draws["people"], (1 - confidence) / 2, axis=0) > 0
    others = known & known[base] & (np.arange(len(known)) != base)
    frame = pd.DataFrame(
        {
            "group": [*people.groups, EVERYONE],
            "events": found["events"],
            "population": found["people"],
        }
    )
    tables = []
    for name, measure, direction in _measures(target_days):
        for statistic, compare in COMPARISONS.items():
            estimate = compare(found[name], found[name][[base]])
            drawn = compare(draws[name], draws[name][:, [base]])
            low, high = basic_limits(estimate, drawn, confidence, statistic == RATIO)
            if statistic == LEVEL:
                most = 1 if name == "on_time" else None
                low, high = np.clip(low, 0, most), np.clip(high, 0, most)
            certain = known if statistic == LEVEL else others
            tables.append(
                measure_table(
                    frame.assign(statistic=statistic),
                    measure=measure,
                    reference=None if statistic == LEVEL else people.groups[base],
                    estimate=estimate,
                    conf_low=np.where(certain, low, np.nan),
                    conf_high=np.where(certain, high, np.nan),
                    confidence=confidence,
                    method=METHOD,
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


def _measures(target_days: int) -> list[tuple[str, str, str]]:
    """List key, measure and direction."""
    return [
        ("rate", "requests per 1,000 residents a year", "neither is better"),
        ("median", "median days to close", "lower is better"),
        ("on_time", f"share closed within {target_days:,} days", "higher is better"),
    ]


def _asking(people: Residents, request_counts: pd.DataFrame) -> pd.DataFrame:
    """Leave out areas where nobody lives: chance draws would share requests out."""
    return request_counts[request_counts["area"].isin(people.inhabited())]


@dataclass(frozen=True)
class _Cells:
    """Requests by area and days: closed ones, then those still open."""

    area: np.ndarray
    day: np.ndarray  # a column of the areas x days table
    count: np.ndarray
    shape: tuple[int, int]
    days: int
    dispersion: float

    @classmethod
    def of(
        cls, request_counts: pd.DataFrame, people: Residents, dispersion: float
    ) -> "_Cells":
        sums = request_counts.groupby(["area", "days"], as_index=False, observed=True)
        sums = sums[["closed", "censored"]].sum()
        days = int(sums["days"].max()) + 1 if len(sums) else 1
        area = people.areas.get_indexer(sums["area"])
        count = np.concatenate([sums["closed"], sums["censored"]]).astype(float)
        day = np.concatenate([sums["days"], sums["days"] + days]).astype(int)
        area, there = np.concatenate([area, area]), count > 0
        return cls(
            area[there],
            day[there],
            count[there],
            (len(people.areas), 2 * days),
            days,
            dispersion,
        )

    def redraw(self, random: np.random.Generator) -> np.ndarray:
        # Mean n, variance n times the dispersion.
        return random.poisson(self.count / self.dispersion) * self.dispersion


def _statistics(
    people: np.ndarray,
    cells: _Cells,
    count: np.ndarray,
    years: float,
    target_days: int,
) -> dict[str, np.ndarray]:
    """Compute every statistic of every group, the last group being everyone."""
    residents = people.sum(axis=1, keepdims=True)
    lived_in = residents > 0
    shares = np.divide(people, residents, out=np.zeros_like(people), where=lived_in)
    shares = np.hstack([shares, lived_in])
    totals = np.append(people.sum(axis=0), people.sum())
    table = sparse.coo_array((count, (cells.day, cells.area)), shape=cells.shape[::-1])
    shared = (table.tocsr() @ shares).T  # groups x (closed by day, open by day)
    closed, censored = shared[:, : cells.days], shared[:, cells.days :]
    events = shared.sum(axis=1)
    waiting = np.cumsum((closed + censored)[:, ::-1], axis=1)[:, ::-1]
    some = np.abs(waiting) > 1e-9
    hazard = np.divide(closed, waiting, out=np.zeros_like(closed), where=some)
    still_open = np.cumprod(1 - hazard, axis=1)
    on_time = 1 - still_open[:, min(target_days, cells.days - 1)]
    if target_days >= cells.days:  # nobody was followed for so long
        on_time = np.where(on_time >= 1 - 1e-12, 1.0, np.nan)
    return {
        "people": totals,
        "events": events,
        "rate": _ratio(events, totals) * 1000 / years,
        "median": _median(still_open),
        "on_time": np.where(events > 0, on_time, np.nan),
    }


def _median(still_open: np.ndarray) -> np.ndarray:
    """Find the moment at which half are closed, a day's closings spread about it."""
    half = still_open <= 0.5 + 1e-12
    reached, day = half.any(axis=1), half.argmax(axis=1)
    before = np.hstack([np.ones((len(still_open), 1)), still_open])
    rows = np.arange(len(still_open))
    first, last = before[rows, day], before[rows, day + 1]
    part = np.divide(first - 0.5, first - last, out=np.ones(len(rows)), where=reached)
    moment = np.where(day == 0, part / 2, day - 0.5 + part)
    return np.where(reached, moment, np.nan)


def _ratio(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Divide by what is positive; by anything else, the answer is missing."""
    return divide(value, np.where(np.asarray(base) > 0, base, 0))
