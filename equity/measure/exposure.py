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

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from equity.measure import intervals, overdispersion
from equity.measure.curves import Cells, Curves
from equity.measure.redraws import (
    DIFFERENCE,
    EVERYONE,
    LEVEL,
    Residents,
    basic_limits,
    compared,
)
from equity.measure.table import (
    HIGHER,
    LOWER,
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
    horizon_days: int = 60,
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
    horizon_days
        In the mean, whatever waits longer counts as so many days.
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
        residents a year`, `median days to close` (in days and parts of days), `days
        until a quarter are closed` and `three quarters`, `mean days to close within N
        days`, `share closed within N days`. A quantile is missing where fewer are
        closed by the last day known, and a mean or share where nobody was followed for
        so many days.
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
    at which half are closed; quarters and the mean follow the same curve. It is within
    half a day of the median in whole days, which would hide differences of less than a
    day and jump in redraws. The curve is Kaplan-Meier's at the end of each day; only
    the interpolation is the life table's.

    Limits cover the chance in counts, batches within an area and quarter (closings come
    together) and the census margins. Within an area, redraws vary as the
    `overdispersion` of the share closed within `target_days`, or by the middle day,
    where that is clearly above one; the number of its requests varies as the largest
    overdispersion of all requests, those on time and the others. They do not
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
    35          Asian       0.1
    36          White       0.6
    37  All residents       0.4
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
        horizon_days=horizon_days,
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
            horizon_days=target_days,
            confidence=confidence,
            replicates=min(replicates, QUARTER_REPLICATES),
            seed=seed,
            dispersion=dispersion,
        ).assign(period=str(period))
        for period, rows in request_counts.groupby("period", observed=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    on_time = table["measure"] == _measures(target_days, target_days)[-1][1]
    shown = table[on_time & table["statistic"].isin([LEVEL, DIFFERENCE])]
    return shown[["period", *COLUMNS]].reset_index(drop=True)


def by_day(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    days: Sequence[int],
    target_days: int,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Estimate the share still open after so many days, by race of the residents.

    Parameters
    ----------
    request_counts, population, confidence, replicates, seed
        As in `by_race`.
    days
        The days at which the curves are read.
    target_days
        As in `by_race`: how counts vary is judged by it.

    Returns
    -------
    DataFrame
        One row per `group` and `day` with `events` (all requests shared out to the
        group), `population` and the measure columns. The estimate is missing where
        nobody was followed so long.

    Raises
    ------
    ParamsError
        If the confidence is not between zero and one.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "2"], "period": "2025Q4", "days": [2, 9, 9],
    ...     "closed": [60, 40, 50], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [900, 1000],
    ...                        "race": ["White", "Asian"], "moe": np.nan})
    >>> table = by_day(counts, people, days=[1, 5], target_days=5)
    >>> table[["group", "day", "estimate"]].head(4).round(1)
       group  day  estimate
    0  Asian    1       1.0
    1  Asian    5       1.0
    2  White    1       1.0
    3  White    5       0.4
    """
    check_confidence(confidence)
    require_columns(request_counts, NEEDED)
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=["group", "day", *COLUMNS[1:3], *MEASURE_COLUMNS])
    people = Residents.of(population)
    found, draws, known = _drawn(
        request_counts,
        people,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
        dispersion=_dispersion(_asking(people, request_counts), target_days),
        statistics=lambda curves: {
            "people": curves.people,
            "events": curves.events,
            "share": np.stack([curves.after(day) for day in days], axis=1),
        },
    )
    low, high = basic_limits(found["share"], draws["share"], confidence)
    ends = (np.where(known[:, None], np.clip(end, 0, 1), np.nan) for end in (low, high))
    frame = _frame(people, found)
    rows = frame.loc[frame.index.repeat(len(days))].reset_index(drop=True)
    rows.insert(1, "day", np.tile(np.asarray(days), len(frame)))
    low, high = ends
    return measure_table(
        rows,
        measure="share still open",
        reference=None,
        estimate=found["share"].ravel(),
        conf_low=low.ravel(),
        conf_high=high.ravel(),
        confidence=confidence,
        method=METHOD,
        direction=LOWER,
    )


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


def _compared(
    request_counts: pd.DataFrame,
    people: Residents,
    *,
    base: int,
    years: float,
    target_days: int,
    horizon_days: int,
    confidence: float,
    replicates: int,
    seed: int,
    dispersion: tuple[float, float],
) -> pd.DataFrame:
    """Compare every group with the one at `base`, redrawing with this dispersion."""
    found, draws, known = _drawn(
        request_counts,
        people,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
        dispersion=dispersion,
        statistics=lambda curves: _levels(curves, years, target_days, horizon_days),
    )
    frame = _frame(people, found)
    tables = [
        compared(
            frame,
            found[name],
            draws[name],
            base=base,
            reference=people.groups[base],
            known=known,
            measure=measure,
            confidence=confidence,
            method=METHOD,
            direction=direction,
            most=1 if name == "on_time" else None,
        )
        for name, measure, direction in _measures(target_days, horizon_days)
    ]
    return pd.concat(tables, ignore_index=True)


def _drawn(
    request_counts: pd.DataFrame,
    people: Residents,
    *,
    confidence: float,
    replicates: int,
    seed: int,
    dispersion: tuple[float, float],
    statistics: Callable[[Curves], dict[str, np.ndarray]],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Compute statistics of the groups' curves, and of redraws of them.

    Third, the groups of which something is known: where the draws of a group's
    residents reach nobody, nothing is.
    """
    cells = Cells.of(_asking(people, request_counts), people, *dispersion)
    random = np.random.default_rng(seed)
    found = statistics(Curves.of(people.estimate, cells, cells.count))
    redrawn = [
        statistics(Curves.of(people.redraw(random), cells, cells.redraw(random)))
        for _ in range(replicates)
    ]
    draws = {name: np.array([draw[name] for draw in redrawn]) for name in found}
    known = np.quantile(draws["people"], (1 - confidence) / 2, axis=0) > 0
    return found, draws, known


def _frame(people: Residents, found: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": [*people.groups, EVERYONE],
            "events": found["events"],
            "population": found["people"],
        }
    )


def _measures(target_days: int, horizon_days: int) -> list[tuple[str, str, str]]:
    """List key, measure and direction."""
    return [
        ("rate", "requests per 1,000 residents a year", "neither is better"),
        ("quarter", "days until a quarter are closed", LOWER),
        ("median", "median days to close", LOWER),
        ("three_quarters", "days until three quarters are closed", LOWER),
        ("mean", f"mean days to close within {horizon_days:,} days", LOWER),
        ("on_time", f"share closed within {target_days:,} days", HIGHER),
    ]


def _dispersion(request_counts: pd.DataFrame, target_days: int) -> tuple[float, float]:
    """Overdispersion of shares, at the target and about the middle, and of counts."""
    days = request_counts["days"].to_numpy()
    closed = request_counts["closed"].to_numpy(dtype=float)
    order = np.argsort(days, kind="stable")
    passed = np.cumsum(closed[order])
    middle = days[order][np.searchsorted(passed, passed[-1] / 2)] if len(days) else 0
    shares = [
        overdispersion.of_share(
            request_counts, request_counts[days <= cut].assign(censored=0), level=0.025
        )
        for cut in {target_days, middle}
    ]
    return max(shares), overdispersion.of_requests(request_counts, target_days)


def _asking(people: Residents, request_counts: pd.DataFrame) -> pd.DataFrame:
    """Leave out areas where nobody lives: chance draws would share requests out."""
    return request_counts[request_counts["area"].isin(people.inhabited())]


def _levels(
    curves: Curves, years: float, target_days: int, horizon_days: int
) -> dict[str, np.ndarray]:
    """Compute the levels of `_measures`, and the counts beside them."""
    return {
        "people": curves.people,
        "events": curves.events,
        "rate": _ratio(curves.events, curves.people) * 1000 / years,
        "quarter": curves.moment(0.25),
        "median": curves.moment(0.5),
        "three_quarters": curves.moment(0.75),
        "mean": curves.mean(horizon_days),
        "on_time": 1 - curves.after(target_days),
    }


def _ratio(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Divide by what is positive; by anything else, the answer is missing."""
    return divide(value, np.where(np.asarray(base) > 0, base, 0))
