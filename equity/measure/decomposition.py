"""Is it the mix? A gap split into what is asked for and how long the same thing waits.

**Terms**

mix of requests
    The part of a gap that is there because two groups ask for different things: the
    *composition effect*.
same kind of request
    The part that is there because the same thing waits longer for one of them: the
    *rate effect*.

The parts add up to the gap exactly. `kitagawa` and `by_stratum` split gaps between
groups on record; `by_race` and `by_category` those between residents, among whom
requests are shared out as in `exposure`. A part is arithmetic, not an excuse: which
kinds of requests are slow is a choice of the city too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import on_time
from equity.measure.mixes import GAP, MIX, SAME, WITHIN, Split, Strata
from equity.measure.redraws import DIFFERENCE, Residents, basic_limits
from equity.measure.table import (
    HIGHER,
    LOWER,
    MEASURE_COLUMNS,
    check_confidence,
    measure_table,
    normal_quantile,
    require_columns,
)
from equity.measure.waits import Waits, composition

DELTA = "Kitagawa; delta method"
REDRAWN = "Kitagawa, area-weighted; redraw of overdispersed counts and census margins"
NEEDED = ["area", "category", "period", "days", "closed", "censored"]
COLUMNS = [
    *("group", "events", "population", "component", "statistic", *MEASURE_COLUMNS),
    *("direction", "level", "reference_level", "not_comparable", "set_aside"),
]
DETAILS = [
    *("group", "category", "events", "population", "component", "statistic"),
    *(*MEASURE_COLUMNS, "direction", "level", "reference_level"),
    *("share_of_requests", "reference_share"),
]


def kitagawa(
    counts: pd.DataFrame,
    *,
    reference: str,
    by: str = "category",
    direction: str = HIGHER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Split each group's gap from the reference into composition and rates.

    Parameters
    ----------
    counts
        One row per ``group`` and stratum, with ``population`` (requests) and either
        ``events`` (those on time, for a gap in shares) or ``mean`` and its
        ``standard_error`` (for a gap in means). A pair without a row has no requests.
    reference
        The ``group`` all others are compared with.
    by
        The column of the strata.
    direction
        Whether more of the share or mean is better.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        For each group three rows: ``component`` `gap`, `mix of requests` and `same
        kind of request`, with the group's ``population`` and ``events`` (of shares),
        ``statistic``, the measure columns (proportions, or the unit of the means),
        ``direction``, ``level`` and ``reference_level`` (of the group and of the
        reference), and ``not_comparable``: the share of the two groups' average mix
        that lies in strata where one of them has no requests. All are missing for a
        group of which a count is.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a pair of group and stratum has two rows or no label, a count or an error
        is negative, or events exceed population.
    UnknownGroupError
        If ``reference`` is none of the groups.

    Notes
    -----
    With the share *w* of a group's requests that lie in a stratum, its rate *r* there,
    and accents for the reference, sums over strata are::

        mix  = sum of (w - w') (r + r') / 2
        same = sum of (r - r') (w + w') / 2

    Where one of two groups has no requests, the same kind cannot be compared: the
    stratum counts as mix alone, at the rate of the group that asks.

    Limits take requests as independent of one another and each of one group: mixes
    vary as multinomial counts, shares as binomial ones (their variances with half an
    event more and half a non-event more, so that none of three is not certain).
    Requests handled in batches vary more; those shared out among groups are for
    `by_race`.

    References
    ----------
    Kitagawa (1955), Components of a Difference Between Two Rates, JASA 50(272),
    1168-1194.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black", "Black", "White", "White"],
    ...     "category": ["Graffiti", "Trees"] * 2,
    ...     "events": [36, 18, 162, 8], "population": [40, 60, 180, 20]})
    >>> table = kitagawa(counts, reference="White").query("group == 'Black'")
    >>> table[["component", "estimate"]].round(3)
                  component  estimate
    0                   gap    -0.310
    2       mix of requests    -0.275
    4   same kind of request    -0.035
    """
    strata = Strata.of(counts, reference, by)
    split, base = strata.split(), strata.base
    estimates, variances = (
        split.totals(),
        split.variances(strata.size, strata.variance, base, total=True),
    )
    level = split.level()
    return _stacked(
        strata,
        strata.totals(),
        {name: (estimates[name], variances[name]) for name in (GAP, MIX, SAME)},
        confidence,
        direction=direction,
        level=level,
        reference_level=np.full(len(level), level[base]),
        not_comparable=split.not_comparable(),
    )


def by_stratum(
    counts: pd.DataFrame,
    *,
    reference: str,
    by: str = "category",
    direction: str = HIGHER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Tell what each stratum adds to the parts of `kitagawa`.

    Parameters
    ----------
    counts, reference, by, direction, confidence
        As in `kitagawa`.

    Returns
    -------
    DataFrame
        For each group and stratum three rows: ``component`` `mix of requests` and
        `same kind of request`, whose sums over the strata are those of `kitagawa`, and
        `gap within the category`, the plain difference there. Columns as there, with
        ``share_of_requests`` and ``reference_share`` (of the group's, and of the
        reference's requests, those of the stratum) instead of ``not_comparable``. The
        last two components are missing where one group has no requests.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As in `kitagawa`.

    Notes
    -----
    Only the sum of the mix means something by itself: what one stratum adds to it is
    large wherever the rate is, and would differ if lateness were counted instead.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black", "Black", "White", "White"],
    ...     "category": ["Graffiti", "Trees"] * 2,
    ...     "events": [36, 18, 162, 8], "population": [40, 60, 180, 20]})
    >>> table = by_stratum(counts, reference="White").query("group == 'Black'")
    >>> table[["category", "component", "estimate"]].round(3)
       category                component  estimate
    0  Graffiti          mix of requests    -0.450
    1     Trees          mix of requests     0.175
    4  Graffiti     same kind of request     0.000
    5     Trees     same kind of request    -0.035
    8  Graffiti  gap within the category     0.000
    9     Trees  gap within the category    -0.100
    """
    strata = Strata.of(counts, reference, by)
    split, base = strata.split(), strata.base
    estimates, variances = (
        split.details(),
        split.variances(strata.size, strata.variance, base, total=False),
    )
    return _stacked(
        strata,
        strata.cells(),
        {name: (estimates[name], variances[name]) for name in (MIX, SAME, WITHIN)},
        confidence,
        direction=direction,
        level=strata.value,
        reference_level=np.broadcast_to(strata.value[base], strata.value.shape),
        share_of_requests=split.weight,
        reference_share=np.broadcast_to(split.weight[base], strata.value.shape),
    )


def by_race(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    horizon_days: int | None = None,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Split gaps between residents into the mix of requests and the same kind of them.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, category, period, days, closed, censored`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    reference
        The group that all others are compared with.
    target_days
        Requests closed within so many days are on time.
    horizon_days
        Also split the gap in mean days, none counted as more than so many; None
        leaves it out.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the intervals.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`. Measures: `share closed within N days` (proportions)
        and, with a horizon, `mean days to close within N days`. For each, rows by
        ``component``: `gap`, and `mix of requests` and `same kind of request`, which
        add up to it; by ``group``. ``events`` are requests shared out to the group,
        ``population`` its residents, ``level`` and ``reference_level`` the figures
        compared, ``not_comparable`` as in `kitagawa`; ``set_aside`` are requests, not
        among the events, of categories in which nobody was followed for so many days.
        Limits are missing for the reference, and where a group's residents cannot be
        told from none. No rows without requests or residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing, or a category is missing.
    ParamsError
        If the confidence is not between zero and one, the target negative or the
        horizon not positive.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    Requests are shared among groups as the residents of their area are, so the figures
    tell how places differ: weights by area cannot distinguish persons. Within an area
    all groups have the same mix and the same waits, so that even "same kind of
    request" compares places.

    Within a category and group the share on time is Kaplan-Meier's, with open requests
    waiting. The level is the mean over categories, weighted by their requests. Without
    requests still open before the target it is the share of `exposure.by_race`; with
    them it differs a little, for there all categories have one curve. The gap reported
    here is that of these levels.

    Limits cover the chance in counts and the census margins, in the same redraws.
    Counts of a category vary as the largest overdispersion (see `overdispersion`) of
    three shares: those on time of all requests, those on time of its own, and its own
    of all. They take the areas as they are: that one is slow
    year after year is part of the gap, not chance (`adjusted.gap` takes areas as drawn
    from many). What else they leave out is said in `exposure.by_race`.
    Where few of a group live among those who ask for a category, redraws divide by
    next to nobody; shares are then held between zero and one. An area of whose
    residents a redraw leaves less than half keeps its estimated composition.

    References
    ----------
    Kitagawa (1955), JASA 50(272), 1168-1194. Kaplan and Meier (1958), JASA 53,
    457-481. Davison and Hinkley (1997), Bootstrap Methods and their Application,
    section 5.2 (basic limits).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "1", "1", "2", "2", "2", "2"], "period": "2025Q4",
    ...     "category": ["Graffiti", "Graffiti", "Trees", "Trees"] * 2,
    ...     "days": [2, 9] * 4, "closed": [36, 4, 18, 42, 162, 18, 8, 12],
    ...     "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["Black", "White"],
    ...                        "estimate": 1000, "moe": np.nan})
    >>> table = by_race(counts, people, reference="White", target_days=5)
    >>> table[table["group"] == "Black"][["component", "estimate"]].round(3)
                  component  estimate
    0                   gap    -0.310
    2       mix of requests    -0.275
    4   same kind of request    -0.035
    """
    tables = []
    for found in _measured(
        request_counts,
        population,
        reference,
        target_days,
        horizon_days,
        confidence,
        replicates,
        seed,
    ):
        estimates, draws = found.split.totals(), found.redrawn.totals()
        level, kept = found.split.level(), found.every * found.kept
        frame = pd.DataFrame(
            {
                "group": found.groups,
                "events": kept.sum(axis=1),
                "population": found.people,
            }
        )
        tables += [
            found.table(
                frame,
                component,
                estimates[component],
                draws[component],
                level=level,
                reference_level=np.full(len(level), level[found.base]),
                not_comparable=found.split.not_comparable(),
                set_aside=(found.every - kept).sum(axis=1),
            )
            for component in (GAP, MIX, SAME)
        ]
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def by_category(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    horizon_days: int | None = None,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Tell what each category of requests adds to the parts of `by_race`.

    Parameters
    ----------
    request_counts, population, reference, target_days, horizon_days, confidence
        As in `by_race`.
    replicates, seed
        As in `by_race`; the same redraws.

    Returns
    -------
    DataFrame
        Columns of `DETAILS`. For each measure, group and category three rows:
        ``component`` `mix of requests` and `same kind of request`, whose sums over the
        categories are those of `by_race`, and `gap within the category`, the plain
        difference there. ``events`` are the group's requests of the category,
        ``level`` and ``reference_level`` the figures of the category,
        ``share_of_requests`` and ``reference_share`` its shares in the two mixes. In a
        category that `by_race` sets aside, all but the events is missing.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError, UnknownGroupError
        As in `by_race`.

    Notes
    -----
    Limits are of one category at a time: of twenty without a gap, one is expected to
    exclude zero at 95 %. What one category adds to the mix means little by itself (see
    `by_stratum`).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "1", "1", "2", "2", "2", "2"], "period": "2025Q4",
    ...     "category": ["Graffiti", "Graffiti", "Trees", "Trees"] * 2,
    ...     "days": [2, 9] * 4, "closed": [36, 4, 18, 42, 162, 18, 8, 12],
    ...     "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["Black", "White"],
    ...                        "estimate": 1000, "moe": np.nan})
    >>> table = by_category(counts, people, reference="White", target_days=5)
    >>> table = table[table["component"] == WITHIN]
    >>> table[table["group"] == "Black"][["category", "estimate", "level"]].round(2)
       category  estimate  level
    8  Graffiti       0.0    0.9
    9     Trees      -0.1    0.3
    """
    tables = []
    for found in _measured(
        request_counts,
        population,
        reference,
        target_days,
        horizon_days,
        confidence,
        replicates,
        seed,
    ):
        shape = found.every.shape
        level = np.where(found.kept & (found.every > 0), found.value, np.nan)
        weight = np.where(found.kept, found.split.weight, np.nan)
        frame = pd.DataFrame(
            {
                "group": np.repeat(found.groups, shape[1]),
                "category": np.tile(found.categories, shape[0]),
                "events": found.every.ravel(),
                "population": np.repeat(found.people, shape[1]),
            }
        )
        estimates, draws = found.split.details(), found.redrawn.details()
        tables += [
            found.table(
                frame,
                component,
                np.where(found.kept, estimates[component], np.nan),
                draws[component],
                level=level.ravel(),
                reference_level=np.tile(level[found.base], shape[0]),
                share_of_requests=weight.ravel(),
                reference_share=np.tile(weight[found.base], shape[0]),
            )
            for component in (MIX, SAME, WITHIN)
        ]
    if not tables:
        return pd.DataFrame(columns=DETAILS)
    return pd.concat(tables, ignore_index=True)[DETAILS]


def _stacked(
    strata: Strata,
    frame: pd.DataFrame,
    components: dict[str, tuple[np.ndarray, np.ndarray]],
    confidence: float,
    **further: np.ndarray | str,
) -> pd.DataFrame:
    """Put components below one another, each of an estimate and its variance."""
    reference, z = strata.groups[strata.base], normal_quantile(confidence)
    further = {
        name: value if isinstance(value, str) else np.ravel(value)
        for name, value in further.items()
    }
    others = (frame["group"] != reference).to_numpy()
    tables = []
    for component, (estimate, variance) in components.items():
        estimate, variance = estimate.ravel(), variance.ravel()
        width = z * np.sqrt(np.where(others & (variance > 0), variance, np.nan))
        tables.append(
            measure_table(
                frame.assign(component=component, statistic=DIFFERENCE),
                measure="mean" if strata.events is None else "share",
                reference=str(reference),
                estimate=estimate,
                conf_low=estimate - width,
                conf_high=estimate + width,
                confidence=confidence,
                method=DELTA,
                **further,
            )
        )
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _Found:
    """One measure split, as it is and in every redraw (a first axis)."""

    measure: str
    direction: str
    groups: list[str]
    categories: np.ndarray
    people: np.ndarray
    base: int
    every: np.ndarray  # requests, groups x categories
    kept: np.ndarray  # categories whose figure is known
    value: np.ndarray
    split: Split
    redrawn: Split
    known: np.ndarray  # groups that can be told from nobody
    confidence: float

    def table(
        self,
        frame: pd.DataFrame,
        component: str,
        estimate: np.ndarray,
        draws: np.ndarray,
        **further: np.ndarray,
    ) -> pd.DataFrame:
        low, high = basic_limits(estimate, draws, self.confidence)
        certain = self.known & self.known[self.base]
        certain[self.base] = False
        certain = np.repeat(certain, len(frame) // len(certain))
        return measure_table(
            frame.assign(component=component, statistic=DIFFERENCE),
            measure=self.measure,
            reference=self.groups[self.base],
            estimate=estimate.ravel(),
            conf_low=np.where(certain, low.ravel(), np.nan),
            conf_high=np.where(certain, high.ravel(), np.nan),
            confidence=self.confidence,
            method=REDRAWN,
            direction=self.direction,
            **further,
        )


def _measured(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    reference: str,
    target_days: int,
    horizon_days: int | None,
    confidence: float,
    replicates: int,
    seed: int,
) -> Iterator[_Found]:
    """Split the gap of each measure, and of each redraw."""
    check_confidence(confidence)
    require_columns(request_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    measures = _measures(target_days, horizon_days)
    if bad := int(request_counts["category"].isna().sum()):
        raise InputError(
            f"category is missing in {bad} of {len(request_counts)} rows; name those "
            "without one first"
        )
    if request_counts.empty or population.empty:
        return
    people = Residents.of(population)
    base = people.position(reference)
    inhabited = request_counts["area"].isin(people.inhabited())
    waits = Waits.of(
        request_counts[inhabited],
        people.areas,
        target_days=target_days,
        horizon_days=horizon_days,
    )

    random = np.random.default_rng(seed)
    size, values = waits.shared(composition(people.estimate, people))
    residents, sizes, drawn = [], [], {key: [] for key in values}
    for _ in range(replicates):
        redrawn = people.redraw(random)
        residents.append(redrawn.sum(axis=0))
        more, figures = waits.shared(composition(redrawn, people), waits.redraw(random))
        sizes.append(more)
        for key, figure in figures.items():
            drawn[key].append(figure)
    known = np.quantile(residents, (1 - confidence) / 2, axis=0) > 0
    for key, measure, direction, days in measures:
        kept = waits.followed(days)
        yield _Found(
            measure,
            direction,
            people.groups,
            waits.categories,
            people.estimate.sum(axis=0),
            base,
            size,
            kept,
            values[key],
            Split.of(size * kept, values[key], base),
            Split.of(np.array(sizes) * kept, np.array(drawn[key]), base),
            known,
            confidence,
        )


def _measures(
    target_days: int, horizon_days: int | None
) -> list[tuple[str, str, str, int]]:
    """List key, measure, direction, and the days that somebody must be followed."""
    share = ("on_time", on_time.measure_name(target_days), HIGHER, target_days)
    if horizon_days is None:
        return [share]
    if isinstance(horizon_days, bool) or horizon_days < 1:
        raise ParamsError(
            f"horizon_days is {horizon_days}; expected 1 or more days, or None"
        )
    name = f"mean days to close within {horizon_days:,} days"
    return [share, ("mean", name, LOWER, horizon_days)]
