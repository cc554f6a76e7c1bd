"""The method of bounds: what areas alone can prove about groups of persons.

Race of an area is not race of a person. If 40 of an area's 100 requests were on time
and 70 of its requests are a group's, then at least 10 and at most 40 of the group's
were on time, whoever asked. Added up over areas, such limits enclose the group's own
share *whatever persons did*: they are arithmetic, not estimates, and are often wide.
Figures of `exposure` lie between them, and tell of persons only if within an area all
groups are served alike.

The bounds take one thing as given: that an area's requests are the groups' as its
residents are. Where requests carry a recorded race, `recorded_beside_area` shows what
that, and the assumption, are worth.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.measure import overdispersion
from equity.measure.on_time import (
    NEEDED,
    OUTCOMES,
    Outcomes,
    measure_name,
    outcomes,
)
from equity.measure.redraws import (
    DIFFERENCE,
    EVERYONE,
    LEVEL,
    Residents,
    basic_limits,
)
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    require_columns,
)

BESIDE = "redraw of overdispersed counts and census margins"
METHOD = f"method of bounds; outer limits by {BESIDE}"
RECORDED, AREA = "race recorded on requests", "race of the area's residents"
BETWEEN = "recorded less area"
ROUNDING = 1e-9
COLUMNS = [
    *("group", "events", "population", "statistic"),
    *MEASURE_COLUMNS,
    *("direction", "bound_low", "bound_high"),
]
BESIDE_COLUMNS = [
    *("group", "events", "population", "attribution", "statistic"),
    *MEASURE_COLUMNS,
    *("direction", "bound_low", "bound_high", "within_bounds", "recorded_share"),
]


def by_race(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Bound each group's own share closed on time, and its gap to the reference.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    reference
        The group that all others are compared with.
    target_days
        Requests closed within so many days are on time.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the outer limits.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        Measure columns, with `group`, `events` (requests shared out to the group),
        `population` (its residents), `statistic` (`level`, or `difference` from the
        reference, as shares) and `direction`. `estimate` is area-weighted, of requests
        whose outcome is known. `bound_low` and `bound_high` enclose every share, or
        gap, that persons could have with these counts and residents. `conf_low` and
        `conf_high` are the *outer envelope*: the lower limit of the lower bound and the
        upper limit of the upper one. Limits are missing where the group's residents
        cannot be told from none. No rows without requests or residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing.
    ParamsError
        If the confidence is not between zero and one.
    UnknownGroupError
        If the reference is not a group of `population`; everyone is none.

    Notes
    -----
    With N requests in an area, T of them on time, and q = (share of residents) x N of
    the group, between max(0, T - (N - q)) and min(q, T) of the group's were on time. A
    request still open before the target day may end either way: the lower bound takes
    it as late, the upper as on time. Areas do not constrain each other, so sums over
    areas are sharp: some behaviour of persons attains them.

    Bounds of a difference are the lower bound of one group less the upper bound of the
    other. They too are attained: nothing of what puts one group's requests first keeps
    the other's from being last, even with two groups only, where the one determines
    the other.

    The envelope covers the whole interval of bounds at `confidence` or more (Horowitz
    and Manski). It is wider than needed to cover the one true value (Imbens and
    Manski). Residents drawn below zero count as none. Basic limits take back some of
    the optimism of bounds from small counts, whose chance makes areas look more alike
    within than they are.

    References
    ----------
    Duncan and Davis (1953), American Sociological Review 18, 665-666. King (1997), A
    Solution to the Ecological Inference Problem, chapter 5. Horowitz and Manski
    (2000), JASA 95, 77-84. Imbens and Manski (2004), Econometrica 72, 1845-1857.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": "1", "period": "2025Q4", "days": [2, 9],
    ...                        "closed": [40, 60], "censored": 0})
    >>> people = pd.DataFrame({"area": "1", "race": ["Asian", "White"],
    ...                        "estimate": [700, 300], "moe": np.nan})
    >>> table = by_race(counts, people, reference="White", target_days=5)
    >>> table[["group", "statistic", "estimate", "bound_low", "bound_high"]].round(3)
               group   statistic  estimate  bound_low  bound_high
    0          Asian       level       0.4      0.143       0.571
    1          White       level       0.4      0.000       1.000
    2  All residents       level       0.4      0.400       0.400
    3          Asian  difference       0.0     -0.857       0.571
    4          White  difference       0.0        NaN         NaN
    """
    check_confidence(confidence)
    require_columns(request_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    name = measure_name(target_days)
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    base = people.position(reference)
    lived_in = request_counts["area"].isin(people.inhabited())
    requests = Outcomes.of(
        request_counts[lived_in], people.areas, target_days=target_days
    )
    found = _bounds(people.estimate, requests)
    random = np.random.default_rng(seed)
    drawn = [
        _bounds(people.redraw(random), requests.redraw(random))
        for _ in range(replicates)
    ]
    draws = {key: np.array([draw[key] for draw in drawn]) for key in found}
    known = np.quantile(draws["people"], (1 - confidence) / 2, axis=0) > 0
    frame = pd.DataFrame(
        {
            "group": [*people.groups, EVERYONE],
            "events": found["events"],
            "population": found["people"],
        }
    )
    tables = []
    for statistic in (LEVEL, DIFFERENCE):
        estimate, low, high = _compared(found, base, statistic)
        _, lows, highs = _compared(draws, base, statistic)
        least = basic_limits(low, lows, confidence)[0]
        most = basic_limits(high, highs, confidence)[1]
        # Reflected redraws can end inside the bounds that they are to enclose.
        floor = 0 if statistic == LEVEL else -1
        least = np.clip(np.minimum(least, low), floor, 1)
        most = np.clip(np.maximum(most, high), floor, 1)
        itself = (statistic == DIFFERENCE) & (np.arange(len(known)) == base)
        told = known & (known[base] | (statistic == LEVEL)) & ~itself
        tables.append(
            measure_table(
                frame.assign(statistic=statistic),
                measure=name,
                reference=None if statistic == LEVEL else people.groups[base],
                estimate=estimate,
                conf_low=np.where(told, least, np.nan),
                conf_high=np.where(told, most, np.nan),
                confidence=confidence,
                method=METHOD,
                direction=HIGHER,
                bound_low=np.where(itself, np.nan, low),
                bound_high=np.where(itself, np.nan, high),
            )
        )
    table = pd.concat(tables, ignore_index=True)
    compared = (table["statistic"] == LEVEL) | (table["group"] != EVERYONE)
    return table.loc[compared, COLUMNS].reset_index(drop=True)


def beside(shares: pd.DataFrame, proved: pd.DataFrame) -> pd.DataFrame:
    """Set bounds beside the shares that they hold, whose limits are of chance alone.

    Parameters
    ----------
    shares
        A measure table with `group` and `statistic`, such as the rows of
        `exposure.by_race` that are shares closed on time.
    proved
        As `by_race` returns it.

    Returns
    -------
    DataFrame
        The rows of `shares` that are levels, with `bound_low` and `bound_high`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> shares = pd.DataFrame({"group": ["A"], "statistic": ["level"],
    ...                        "estimate": [0.5]})
    >>> proved = shares.assign(bound_low=0.2, bound_high=0.9)
    >>> beside(shares, proved)
      group statistic  estimate  bound_low  bound_high
    0     A     level       0.5        0.2         0.9
    """
    require_columns(shares, ["group", "statistic"])
    keys = ["group", "statistic"]
    ends = proved[[*keys, "bound_low", "bound_high"]]
    levels = shares[shares["statistic"] == LEVEL]
    return levels.merge(ends, on=keys, how="left")


def of_groups(proved: pd.DataFrame) -> pd.DataFrame:
    """Leave out all residents: of them areas prove everything, whoever asked.

    Parameters
    ----------
    proved
        As `by_race` returns it.

    Returns
    -------
    DataFrame
        The rows of groups.

    Examples
    --------
    >>> of_groups(pd.DataFrame({"group": ["Asian", EVERYONE]}))
       group
    0  Asian
    """
    return proved[proved["group"] != EVERYONE].reset_index(drop=True)


def recorded_beside_area(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare shares on time by recorded race with those by race of the residents.

    Both are of the same requests: those that carry a race of one of the groups. What
    differs is only to whom a request is attributed.

    Parameters
    ----------
    request_counts
        Tidy `request_counts` with `race`; missing, or a word that is none of the
        groups, where none was recorded.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    reference
        The group that all others are compared with.
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
        Measure columns, with `group`, `events` (requests on time) and `population`
        (requests whose outcome is known), `statistic` (`level`, or `difference` from
        the reference, as shares), `direction`, and `attribution`, which is one of
        three: `race recorded on requests`, `race of the area's residents`, or
        `recorded less area`, the difference of those two (counts as recorded).
        `bound_low` and `bound_high` are those of `by_race` for these requests, missing
        for the last attribution; `within_bounds` tells of a recorded figure whether it
        lies between them, and is missing elsewhere. `recorded_share` is the part of
        all requests that carry the race of a group. No rows where none does.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing.
    ParamsError
        If the confidence is not between zero and one.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    A recorded figure outside its bounds proves that an area's requests are not the
    groups' as its residents are, or that race is recorded otherwise than by the census:
    then figures by race of the residents do not hold for persons. Within them, the
    difference is what attribution to areas hides. Requests with a recorded race need
    not be like the others: see `recorded_share`. Outcomes not yet known are left out
    of the figures, and widen the bounds.

    Limits are basic, from redraws of counts by area and recorded race (Poisson, widened
    by their overdispersion) together with residents. Both attributions are redrawn in
    one round, so that their difference has an interval of its own.

    References
    ----------
    Robinson (1950), American Sociological Review 15, 351-357. Duncan and Davis (1953),
    American Sociological Review 18, 665-666.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": "1", "period": "2025Q4", "days": [2, 9, 2, 9], "censored": 0,
    ...     "race": ["Asian", "Asian", "White", "White"], "closed": [20, 50, 20, 10]})
    >>> people = pd.DataFrame({"area": "1", "race": ["Asian", "White"],
    ...                        "estimate": [700, 300], "moe": np.nan})
    >>> table = recorded_beside_area(counts, people, reference="White", target_days=5)
    >>> table = table[table["statistic"] == "level"]
    >>> table[["group", "attribution", "estimate", "within_bounds"]].round(3)
       group                   attribution  estimate  within_bounds
    0  Asian     race recorded on requests     0.286           True
    1  White     race recorded on requests     0.667           True
    2  Asian  race of the area's residents     0.400           <NA>
    3  White  race of the area's residents     0.400           <NA>
    4  Asian            recorded less area    -0.114           <NA>
    5  White            recorded less area     0.267           <NA>
    """
    check_confidence(confidence)
    require_columns(request_counts, [*NEEDED, "race"])
    require_columns(population, ["area", "race", "estimate", "moe"])
    name = measure_name(target_days)
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=BESIDE_COLUMNS)
    people = Residents.of(population)
    base = people.position(reference)
    every = outcomes(request_counts, target_days=target_days)
    lived_in = every["area"].isin(people.inhabited())
    told = every[lived_in & every["race"].isin(people.groups)]
    if not told[OUTCOMES].to_numpy().any():
        return pd.DataFrame(columns=BESIDE_COLUMNS)
    cells = _Recorded.of(told, people, target_days)
    found = cells.compute(people.estimate, cells.counts)
    random = np.random.default_rng(seed)
    drawn = [
        cells.compute(people.redraw(random), cells.redraw(random))
        for _ in range(replicates)
    ]
    keys = ("people", "recorded", "estimate", "low", "high")
    draws = {key: np.array([draw[key] for draw in drawn]) for key in keys}
    known = np.quantile(draws["people"], (1 - confidence) / 2, axis=0) > 0
    rows = np.arange(len(known))
    tables = []
    for statistic in (LEVEL, DIFFERENCE):
        area, low, high = _compared(found, base, statistic)
        recorded = _against(found["recorded"], base, statistic)
        drawn_area = _compared(draws, base, statistic)[0]
        drawn_recorded = _against(draws["recorded"], base, statistic)
        compared = rows != base if statistic == DIFFERENCE else rows >= 0
        told_apart = known & compared & (known[base] | (statistic == LEVEL))
        floor = 0 if statistic == LEVEL else -1
        for attribution, estimate, redrawn, least in (
            (RECORDED, recorded, drawn_recorded, floor),
            (AREA, area, drawn_area, floor),
            (BETWEEN, recorded - area, drawn_recorded - drawn_area, floor - 1),
        ):
            events, population_ = (
                found["area_on_time" if attribution == AREA else "recorded_on_time"],
                found["area_known" if attribution == AREA else "recorded_known"],
            )
            # A recorded share needs no residents; what it is compared with does.
            sure = compared if attribution == RECORDED else told_apart
            limits = (
                np.where(sure, np.clip(limit, least, max(1, -least)), np.nan)
                for limit in basic_limits(estimate, redrawn, confidence)
            )
            bounded = compared & (attribution != BETWEEN)
            inside = (recorded >= low - ROUNDING) & (recorded <= high + ROUNDING)
            judged = compared & (attribution == RECORDED) & np.isfinite(recorded)
            frame = pd.DataFrame(
                {
                    "group": people.groups,
                    "events": events,
                    "population": population_,
                    "attribution": attribution,
                    "statistic": statistic,
                }
            )
            conf_low, conf_high = limits
            tables.append(
                measure_table(
                    frame,
                    measure=name,
                    reference=None if statistic == LEVEL else people.groups[base],
                    estimate=estimate,
                    conf_low=conf_low,
                    conf_high=conf_high,
                    confidence=confidence,
                    method=BESIDE,
                    direction=HIGHER,
                    bound_low=np.where(bounded, low, np.nan),
                    bound_high=np.where(bounded, high, np.nan),
                    within_bounds=pd.Series(inside, dtype="boolean").where(judged),
                )
            )
    share = cells.counts.sum() / every[OUTCOMES].to_numpy().sum()
    table = pd.concat(tables, ignore_index=True).assign(recorded_share=share)
    return table[BESIDE_COLUMNS]


@dataclass(frozen=True)
class _Recorded:
    """Requests by area and recorded race: outcomes x cells."""

    area: np.ndarray
    group: np.ndarray
    counts: np.ndarray
    shape: tuple[int, int]
    dispersion: float

    @classmethod
    def of(cls, told: pd.DataFrame, people: Residents, target_days: int) -> Self:
        keys = ["area", "race"]
        sums = told.groupby(keys, observed=True, as_index=False)[OUTCOMES].sum()
        return cls(
            people.areas.get_indexer(sums["area"]),
            pd.Index(people.groups).get_indexer(sums["race"].astype(str)),
            sums[OUTCOMES].to_numpy(dtype=float).T,
            people.estimate.shape,
            overdispersion.of_requests(told, target_days),
        )

    def redraw(self, random: np.random.Generator) -> np.ndarray:
        return random.poisson(self.counts / self.dispersion) * self.dispersion

    def compute(self, people: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Figures of every group, by the race recorded and by that of the area."""
        areas, groups = self.shape
        by_area = (np.bincount(self.area, row, areas) for row in counts)
        bounds = _bounds(people, Outcomes(*by_area, self.dispersion))
        on_time, late, _ = (np.bincount(self.group, row, groups) for row in counts)
        return {key: values[:-1] for key, values in bounds.items()} | {
            "recorded_on_time": on_time,
            "recorded_known": on_time + late,
            "recorded": divide(on_time, on_time + late),
        }


def _bounds(people: np.ndarray, requests: Outcomes) -> dict[str, np.ndarray]:
    """Estimate and bound the share of every group, the last group being everyone."""
    totals = np.append(people.sum(axis=0), people.sum())
    people = np.clip(people, 0, None)  # a share below zero bounds nothing
    residents = people.sum(axis=1, keepdims=True)
    lived_in = residents > 0
    share = np.divide(people, residents, out=np.zeros_like(people), where=lived_in)
    share = np.hstack([share, lived_in])
    every = requests.known + requests.unknown
    mine = share * every[:, None]
    least, most = requests.on_time, requests.on_time + requests.unknown
    low = np.clip(least[:, None] - (every[:, None] - mine), 0, None).sum(axis=0)
    high = np.minimum(most[:, None], mine).sum(axis=0)
    events = mine.sum(axis=0)
    return {
        "people": totals,
        "events": events,
        "area_on_time": share.T @ requests.on_time,
        "area_known": share.T @ requests.known,
        "estimate": divide(share.T @ requests.on_time, share.T @ requests.known),
        "low": divide(low, events),
        "high": divide(high, events),
    }


def _compared(
    found: dict[str, np.ndarray], base: int, statistic: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates and bounds of levels or of differences; groups on the last axis."""
    low, high = found["low"], found["high"]
    if statistic == DIFFERENCE:
        low, high = low - high[..., [base]], high - low[..., [base]]
    return _against(found["estimate"], base, statistic), low, high


def _against(values: np.ndarray, base: int, statistic: str) -> np.ndarray:
    return values - values[..., [base]] if statistic == DIFFERENCE else values
