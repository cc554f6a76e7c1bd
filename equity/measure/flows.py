"""Who is hired, promoted and leaves: rates by race, and how far they lie apart.

A roster shows who is there; flows show how it comes to be so. A rate needs those who
could have had the event: for a promotion or a separation, the people in post. Who is
in post at the start of a year is its *pool*; the rate is the share of the pool that
was promoted, or left, within the year.

Two tables go in: tidy ``events`` and ``at_risk``, tidy ``workers`` in post on one date
or several (``as_of``; see `snapshots.in_post` to go back from a roster). Each date
begins a *window*, which ends with the next. Where both tables number their people, a
person counts once in a window, and only those of the pool count. Where they do not,
events of a cell are counted against its people.

Applicants are in neither table. For hires `shares` compares those hired with those in
post; a rate of hiring needs applicants.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from equity.measure import exact, intervals, stratified
from equity.measure.pools import (
    DIRECTIONS,
    HIRE,
    PROMOTION,
    SEPARATION,
    START,
    check_choice,
    check_kind,
    groups_of,
    tally,
)
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    MEASURE_COLUMNS,
    check_counts,
    divide,
    measure_table,
    position_of,
    require_columns,
    without_reference,
)

ODDS_RATIO = "odds ratio"

STATISTICS = ["statistic", *MEASURE_COLUMNS]  # of tables without events or a pool


def rates(
    events: pd.DataFrame,
    at_risk: pd.DataFrame,
    *,
    kind: str,
    reference: str,
    pool: str = START,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the share of each group's pool that was promoted, or left.

    Parameters
    ----------
    events, at_risk
        As in `pools.tally`.
    kind
        "promotion" or "separation".
    reference
        The group all others are compared with.
    pool
        As in `pools.tally`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `compared`, with ``not_counted``. Over several windows a person counts once
        in each, so that the rate is per person and window. No rows where ``events`` has
        none of the kind: a source that does not tell who left is not one of a city that
        nobody left.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `pools.tally`.
    UnknownGroupError
        If the reference is no group of either table.

    Examples
    --------
    >>> staff = pd.DataFrame({"worker_id": [str(n) for n in range(200)],
    ...     "race": ["Black"] * 80 + ["White"] * 120,
    ...     "as_of": pd.Timestamp("2024-12-31")})
    >>> rises = staff[::10].assign(kind="promotion", date=pd.Timestamp("2025-03-01"))
    >>> table = rates(rises, staff, kind="promotion", reference="White")
    >>> table[["group", "events", "population", "statistic", "estimate"]].head(3)
       group  events  population   statistic  estimate
    0  Black       8          80       level       0.1
    1  White      12         120       level       0.1
    2  Black       8          80  difference       0.0
    """
    if _unknown(events, at_risk, kind):
        return pd.DataFrame(columns=["group", "events", "population", *STATISTICS])
    counts = tally(events, at_risk, kind=kind, pool=pool)
    sums = counts.groupby("group", observed=False)
    sums = sums[["events", "population", "not_counted"]].sum().reset_index()
    return compared(sums, kind=kind, reference=reference, confidence=confidence)


def compared(
    counts: pd.DataFrame, *, kind: str, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare rates of promotion or separation that are counted already.

    Parameters
    ----------
    counts
        One row per ``group``, with ``events`` (people promoted, or who left) and
        ``population`` (people who could have been), whole numbers. Two snapshots
        without numbers give such counts (`snapshots.change`).
    kind
        "promotion" or "separation".
    reference
        The group all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``counts``, then ``statistic`` (`level`, the rate, a proportion; `difference`;
        `ratio`, the impact ratio), the measure columns, ``p_value`` (Fisher's exact
        test, two-sided, of the comparison), ``people_to_parity`` and ``direction``.
        People to parity are promotions more, or separations fewer, that would bring
        the group's rate to the reference's.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, or events exceed population.
    ParamsError
        If ``kind`` is another.
    UnknownGroupError
        If the reference is not exactly one row.

    Notes
    -----
    Rates have Wilson limits, differences Newcombe's, ratios those of Katz; where
    nobody of a group had the event its ratio is zero, with the upper limit of the two
    Wilson intervals (MOVER). The pool is counted in full, so the limits are of chance
    in the events alone.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; Newcombe (1998), Stat Med 17, 873-890; Katz et al.
    (1978), Biometrics 34, 469-474; Donner and Zou (2012), Statistical Methods in
    Medical Research 21, 347-359; Fisher (1935), JRSS 98, 39-82.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["Black", "White"], "events": [12, 30],
    ...                        "population": [200, 300]})
    >>> table = compared(counts, kind="promotion", reference="White")
    >>> table.loc[[0, 4], ["statistic", "estimate", "conf_low", "people_to_parity"]]
      statistic  estimate  conf_low  people_to_parity
    0     level      0.06  0.034652                 8
    4     ratio      0.60  0.314765                 8
    """
    check_kind(kind)
    require_columns(counts, ["group", "events", "population"])
    events, population = check_counts(counts, whole=True)
    base = position_of(counts, reference)
    rate = divide(events, population)
    low, high = intervals.wilson(events, population, confidence)
    pair = (events, population, events[base], population[base])
    found = {
        LEVEL: (rate, low, high, "Wilson score"),
        DIFFERENCE: (
            rate - rate[base],
            *intervals.newcombe_difference(*pair, confidence),
            "Newcombe",
        ),
        RATIO: (divide(rate, rate[base]), *_ratio_limits(pair, confidence, low, high)),
    }
    p_value = without_reference(_fisher(pair), base)
    parity = _people_to_parity(counts, base, kind)
    tables = []
    for statistic, (estimate, least, most, method) in found.items():
        alone = statistic == LEVEL
        tables.append(
            measure_table(
                counts.assign(statistic=statistic),
                measure=f"{kind} rate",
                reference=None if alone else reference,
                estimate=estimate,
                conf_low=least if alone else without_reference(least, base),
                conf_high=most if alone else without_reference(most, base),
                confidence=confidence,
                method=method,
                p_value=np.nan if alone else p_value,
                people_to_parity=parity,
                direction=DIRECTIONS[kind],
            )
        )
    return pd.concat(tables, ignore_index=True)


def adjusted(
    events: pd.DataFrame,
    at_risk: pd.DataFrame,
    *,
    kind: str,
    reference: str,
    by: Sequence[str] = ("department",),
    pool: str = START,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare rates within departments and years, so that mix makes no gap.

    Parameters
    ----------
    events, at_risk
        As in `pools.tally`.
    kind
        "promotion" or "separation".
    reference
        The group all others are compared with.
    by
        Columns within whose values (and within each window) people are compared.
    pool
        As in `pools.tally`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        The columns of `stratified.odds_ratio`, then ``statistic`` (`difference`,
        `ratio`, `odds ratio`), the measure columns, ``crude`` (the same comparison of
        all people, without strata), ``p_value`` (Cochran, Mantel and Haenszel's test
        of no gap), ``homogeneity_p_value`` (Breslow and Day's test, with Tarone's
        correction, of one odds ratio for all strata; missing where strata are too
        small for it) and ``direction``. No rows where ``events`` has none of the kind.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `pools.tally`.
    UnknownGroupError
        If the reference is no group of either table.

    Notes
    -----
    Where homogeneity is rejected the gap differs between strata, and one figure for
    all is an average that may describe none of them. Who works in which department may
    itself be part of a gap; what is left after adjusting is not "the" gap.

    References
    ----------
    See `stratified`.

    Examples
    --------
    >>> staff = pd.DataFrame({"worker_id": [str(n) for n in range(200)],
    ...     "race": (["Black"] * 80 + ["White"] * 20) + (["Black"] * 20
    ...              + ["White"] * 80),
    ...     "department": ["Parks"] * 100 + ["Fire"] * 100,
    ...     "as_of": pd.Timestamp("2024-12-31")})
    >>> chosen = [*range(0, 80, 10), *range(80, 100, 10), *range(100, 200, 2)]
    >>> rises = staff.iloc[chosen].assign(kind="promotion",
    ...                                   date=pd.Timestamp("2025-03-01"))
    >>> table = adjusted(rises, staff, kind="promotion", reference="White")
    >>> table.loc[table["group"] == "Black", ["statistic", "estimate", "crude"]]
        statistic  estimate     crude
    0  difference       0.0 -0.240000
    2       ratio       1.0  0.428571
    4  odds ratio       1.0  0.303136
    """
    if _unknown(events, at_risk, kind):
        return pd.DataFrame(columns=["group", "events", "population", *STATISTICS])
    counts = tally(events, at_risk, kind=kind, by=by, pool=pool)
    strata = {"by": ["window", *by], "reference": reference}
    tests = stratified.tests(counts, **strata).set_index("group")
    sparse = tests["least_expected"] < stratified.SPARSE
    tests.loc[sparse & (tests["test"] != stratified.CMH), "p_value"] = np.nan
    whole = counts.groupby("group", observed=False)[["events", "population"]].sum()
    base = position_of(whole.reset_index(), reference)
    crude = _crude(*whole.astype(float).to_numpy().T, base)
    functions = {
        DIFFERENCE: stratified.risk_difference,
        RATIO: stratified.risk_ratio,
        ODDS_RATIO: stratified.odds_ratio,
    }
    tables = []
    for statistic, function in functions.items():
        table = function(counts, **strata, confidence=confidence)
        group = table["group"].astype("str")
        place = int(table.columns.get_loc("measure"))
        table.insert(place, "statistic", statistic)
        tables.append(
            table.assign(
                measure=f"{kind} rate, within strata",
                crude=crude[statistic],
                p_value=group.map(_p_value(tests, stratified.CMH)),
                homogeneity_p_value=group.map(_p_value(tests, stratified.TARONE)),
                direction=DIRECTIONS[kind],
            )
        )
    return pd.concat(tables, ignore_index=True)


def shares(
    events: pd.DataFrame,
    workers: pd.DataFrame,
    *,
    kind: str = HIRE,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare each group's share of those hired with its share of those in post.

    Where the share of hires is above, the workforce moves towards the group; where it
    is below, away from it, unless people of the group leave less often.

    Parameters
    ----------
    events
        Tidy `events`: ``kind`` and ``race``. Leave out those without a race.
    workers
        Tidy `workers` of one date, likewise.
    kind
        "hire", "promotion" or "separation".
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``group`` and ``statistic`` (`level`, a proportion; `difference`
        from the share of those in post, `ratio` to it): ``events``, ``population``
        (all events), ``benchmark`` (share of those in post), and the measure columns.
        Missing where there are no events, or nobody is in post.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    ParamsError
        If ``kind`` is another.

    Notes
    -----
    The roster is a full count, which adds no uncertainty; the limits are Wilson's of
    the share of events. To compare hires with residents, give the hires to
    `representation.by_race` in place of the roster.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Black"] * 30 + ["White"] * 70})
    >>> hires = pd.DataFrame({"race": ["Black"] * 8 + ["White"] * 12, "kind": "hire"})
    >>> shares(hires, staff)[["group", "statistic", "estimate", "conf_low"]].round(3)
       group   statistic  estimate  conf_low
    0  Black       level     0.400     0.219
    1  White       level     0.600     0.387
    2  Black  difference     0.100    -0.081
    3  White  difference    -0.100    -0.313
    4  Black       ratio     1.333     0.729
    5  White       ratio     0.857     0.552
    """
    check_choice("kind", kind, (HIRE, PROMOTION, SEPARATION))
    require_columns(events, ["kind", "race"])
    require_columns(workers, ["race"])
    groups = groups_of(workers, events)
    happened = events[events["kind"] == kind]
    frame = pd.DataFrame({"group": pd.Categorical(groups, groups)})
    frame["events"] = _number_of(happened, groups)
    frame["population"] = int(frame["events"].sum())
    in_post = _number_of(workers, groups)
    benchmark = divide(in_post, in_post.sum())
    frame["benchmark"] = benchmark
    share = divide(frame["events"], frame["population"])
    low, high = intervals.wilson(frame["events"], frame["population"], confidence)
    tables = []
    for statistic, turn in {
        LEVEL: lambda value: value,
        DIFFERENCE: lambda value: value - benchmark,
        RATIO: lambda value: divide(value, benchmark),
    }.items():
        tables.append(
            measure_table(
                frame.assign(statistic=statistic),
                measure=f"share of {kind}s",
                reference=None if statistic == LEVEL else "those in post",
                estimate=turn(share),
                conf_low=turn(low),
                conf_high=turn(high),
                confidence=confidence,
                method="Wilson score; those in post counted in full",
            )
        )
    return pd.concat(tables, ignore_index=True)


def _unknown(events: pd.DataFrame, at_risk: pd.DataFrame, kind: str) -> bool:
    """Whether nothing is known of events of a kind, or of those who could have them."""
    check_kind(kind)
    require_columns(events, ["kind"])
    return at_risk.empty or not (events["kind"] == kind).any()


def _number_of(frame: pd.DataFrame, groups: list[str]) -> np.ndarray:
    race = pd.Categorical(frame["race"].astype("str"), groups)
    return np.bincount(race.codes[race.codes >= 0], minlength=len(groups))


def _ratio_limits(
    pair: tuple, confidence: float, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take Katz's limits; of a group without events, those of both rates."""
    events, population, others, all_others = pair
    least, most = intervals.katz(*pair, confidence)
    none = (events == 0) & (population > 0) & bool(others > 0)
    below = intervals.wilson(others, all_others, confidence)
    mover = intervals.mover_ratio(
        np.zeros_like(events), low, high, divide(others, all_others), *below
    )
    return (
        np.where(none, mover[0], least),
        np.where(none, mover[1], most),
        np.where(none, "MOVER of Wilson scores", "Katz log"),
    )


def _fisher(pair: tuple) -> np.ndarray:
    """Fisher's exact test of each row against the reference."""
    events, population, others, all_others = pair
    return np.array(
        [
            fisher_exact([[a, n - a], [others, all_others - others]]).pvalue
            if n > 0 and all_others > 0 and np.isfinite([a, n, others]).all()
            else np.nan
            for a, n in zip(events, population, strict=True)
        ],
        dtype=float,
    )


def _people_to_parity(counts: pd.DataFrame, base: int, kind: str):
    """Count events too few (promotions) or too many (separations), exactly."""
    groups, _ = exact.counts(counts)
    wanted = groups[base] and groups[base].rate

    def apart(group: exact.Count, wanted: Fraction) -> int:
        expected = wanted * group.population
        if kind == PROMOTION:
            return max(0, ceil(expected) - group.events)
        return max(0, group.events - floor(expected))

    return exact.people([(group, wanted) for group in groups], apart)


def _p_value(tests: pd.DataFrame, test: str) -> dict[str, float]:
    return tests.loc[tests["test"] == test, "p_value"].to_dict()


def _crude(events: np.ndarray, population: np.ndarray, base: int) -> dict:
    """Compare all people at once, as if there were no strata."""
    rate = divide(events, population)
    odds = divide(events, population - events)
    return {
        DIFFERENCE: rate - rate[base],
        RATIO: divide(rate, rate[base]),
        ODDS_RATIO: divide(odds, odds[base]),
    }
