"""Places that drive a gap: what each area adds to it, and what lifting it would do.

A group's *area-weighted* share on time is a mean of the areas' shares, weighted by how
many of the group's requests each area has. The gap between two groups is therefore a
sum over areas:

    gap = sum over areas of (w_group - w_reference) x (share on time - target)

with w the part of a group's requests that the area has, and any one target, such as the
city's share. Each term is the area's *part of the gap*. It is large where an area is
served much better or worse than the city *and* has much more of one group's requests
than of the other's. *Narrowing* is what would happen to the gap if that area alone were
lifted to the target and all else stayed: a sum about places, not a forecast.

Requests are shared among groups as the residents of their area are; see `exposure`.
"""

from typing import Any

import numpy as np
import pandas as pd

from equity.errors import ParamsError
from equity.measure import intervals
from equity.measure.on_time import (
    NEEDED,
    OUTCOMES,
    Outcomes,
    measure_name,
    outcomes,
    share_dispersion,
)
from equity.measure.redraws import DIFFERENCE, Residents, basic_limits
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    numbers,
    require_columns,
)

CITY, REFERENCE = "city", "reference"
PART, NARROWING = "part of the gap in", "narrowing of the gap in"
METHOD = "area-weighted; redraw of overdispersed counts and census margins"
FEWEST, WIDE, NARROW, WIDEST = 30, 0.30, 0.05, 1.30  # of the presentation standards
STEPS = (0.01, 0.02, 0.05)  # that shares of areas are told in
WARDS = {"estimate": np.round, "conf_low": np.floor, "conf_high": np.ceil}
AREA_COLUMNS = [
    *("area", "events", "population", "unknown"),
    *MEASURE_COLUMNS,
    *("direction", "reliable"),
]
COLUMNS = [
    *("group", "area", "events", "population", "share", "statistic"),
    *MEASURE_COLUMNS,
    *("direction", "rank", "cumulative", "gap", "gap_low", "gap_high", "reliable"),
]


def by_area(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    target_days: int,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Measure the share closed on time in each area, and whether it can be told.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`.
    population
        Tidy `population`; every area in it has a row in the answer.
    target_days
        Requests closed within so many days are on time.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `area` with `events` (requests on time), `population` (requests
        known to be on time or late), `unknown` (still open, and not yet for so long)
        and the measure columns, then `direction` and `reliable`. The estimate is a
        proportion, missing where no request is known. No rows where no requests were
        given at all.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing.

    Notes
    -----
    Limits are Wilson's with the requests divided by the overdispersion of shares
    between quarters, for closings that come in batches are fewer facts than requests.
    An area is `reliable` if so divided it has at least 30 requests, and the exact 95 %
    interval is less than 30 points wide and, unless it is at most 5 points wide, no
    wider than 130 % of the share: the presentation standards for proportions, with
    the effective sample size. It is judged at 95 % whatever `confidence` is.

    References
    ----------
    Parker et al. (2017), National Center for Health Statistics Data Presentation
    Standards for Proportions, Vital and Health Statistics 2(175). Wilson (1927),
    JASA 22, 209-212. McCullagh and Nelder (1989), Generalized Linear Models, section
    4.5 (overdispersion of binomial counts).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "2"], "period": "2025Q4", "days": [2, 9, 2],
    ...     "closed": [60, 40, 5], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2", "3"], "race": "White",
    ...                        "estimate": 1000, "moe": np.nan})
    >>> table = by_area(counts, people, target_days=5)
    >>> table[["area", "events", "population", "estimate", "reliable"]]
      area  events  population  estimate  reliable
    0    1    60.0       100.0       0.6      True
    1    2     5.0         5.0       1.0     False
    2    3     0.0         0.0       NaN     False
    """
    check_confidence(confidence)
    require_columns(population, ["area"])
    told = outcomes(request_counts, target_days=target_days)
    if told.empty:
        return pd.DataFrame(columns=AREA_COLUMNS)
    areas = pd.Index(sorted(population["area"].unique()), name="area")
    told = told[told["area"].isin(areas)]
    sums = told.groupby("area", observed=True)[OUTCOMES].sum().reindex(areas).fillna(0)
    events, known = sums["on_time"], sums["on_time"] + sums["late"]
    spread = share_dispersion(told)
    low, high = intervals.wilson(events / spread, known / spread, confidence)
    frame = pd.DataFrame(
        {"events": events, "population": known, "unknown": sums["unknown"]}
    )
    return measure_table(
        frame.astype(float).reset_index(),
        measure=measure_name(target_days),
        reference=None,
        estimate=divide(events, known),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method=f"Wilson score, requests divided by an overdispersion of {spread:.2f}",
        direction=HIGHER,
        reliable=_reliable(events.to_numpy(), known.to_numpy(), spread),
    )


def of_all_requests(shares: pd.DataFrame) -> pd.DataFrame:
    """Count requests not yet known to be late among the population too.

    How many those are can be small, and tables of all requests of an area are told
    elsewhere: with one population in both, neither gives the few away. Nor do the
    shares, which are rounded: to the tenth of a percent they would tell of how many
    requests each is a share.

    Parameters
    ----------
    shares
        As `by_area` returns them.

    Returns
    -------
    DataFrame
        The same without `unknown`, which is added to `population`. Estimates and
        limits stay those of the requests whose outcome is known, as multiples of one
        point, or two, or five, but no less than of one and a half requests; limits are
        rounded outwards.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> shares = pd.DataFrame({"area": ["1"], "events": [40], "population": [90],
    ...     "unknown": [3], "estimate": [0.444], "conf_low": [0.346],
    ...     "conf_high": [0.547]})
    >>> of_all_requests(shares)
      area  events  population  estimate  conf_low  conf_high
    0    1      40          93      0.44      0.34       0.56
    """
    require_columns(shares, ["population", "unknown", *WARDS])
    known = shares["population"].to_numpy(dtype=float)
    step = np.select([known >= 1.5 / size for size in STEPS], STEPS, STEPS[-1])
    coarse = {
        name: np.clip(ward(np.round(numbers(shares, name) / step, 9)) * step, 0, 1)
        for name, ward in WARDS.items()
    }
    every = shares["population"] + shares["unknown"]
    return shares.assign(population=every, **coarse).drop(columns="unknown")


def contributions(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    toward: str = CITY,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Split each group's gap in the share on time into parts of areas.

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
    toward
        The target that areas are measured against: "city", the share of all requests,
        or "reference", the area-weighted share of the reference group.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the intervals.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        One row per `group` (but the reference), measure and `area` where anybody
        lives and an outcome is known, within each group and measure in order, the
        largest first (`rank`). Two measures, both in the unit of shares (0.01 is one
        point), `statistic` being `difference`:

        `part of the gap in share closed within N days`
            The parts add up to the gap, group less reference. A negative part is an
            area that puts the group behind. In order of how much they add to the gap.
        `narrowing of the gap in share closed within N days`
            By how much the gap would narrow if that area alone were lifted to the
            target. Zero for areas that are there already; negative where lifting the
            area would widen the gap, since it serves the other group.

        `events` and `population` are the area's requests on time, and on time or
        late; `share` is their quotient. `cumulative` adds up the estimates so far:
        of narrowings, what lifting these areas together would do. `gap`, `gap_low`
        and `gap_high` repeat the gap of the group; `reliable` is that of `by_area`.
        No rows without requests or residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing.
    ParamsError
        If the confidence is not between zero and one, or `toward` is another word.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    The gap is that of requests whose outcome is known. It equals the one of `exposure`
    where no request is open for less than the target days.

    Limits carry the chance in counts, widened by their overdispersion, and the census
    margins, both redrawn in the same round with the target. They are of one area at a
    time. The first of many areas is partly the luckiest draw: expect the largest
    parts to be smaller in the next period, and read `reliable` first. A part whose
    limits include zero cannot be told from none. Where those of the gap do, the areas
    drive nothing that could be told from chance.

    References
    ----------
    Kitagawa (1955), JASA 50, 1168-1194, for differences of weighted means as sums of
    parts. Davison and Hinkley (1997), Bootstrap Methods and their Application,
    section 5.2 (basic limits) and 5.3 (percentile limits, for narrowings, which have
    an edge at zero).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "2"], "period": "2025Q4", "days": [2, 9, 9],
    ...     "closed": [60, 40, 50], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "1", "2"], "estimate": [900, 100, 1000],
    ...                        "race": ["White", "Asian", "Asian"], "moe": np.nan})
    >>> table = contributions(counts, people, reference="White", target_days=5)
    >>> table["measure"] = table["measure"].str.split().str[0]
    >>> table[["area", "measure", "estimate", "cumulative", "gap"]].round(3)
      area    measure  estimate  cumulative  gap
    0    2       part    -0.333      -0.333 -0.5
    1    1       part    -0.167      -0.500 -0.5
    2    2  narrowing     0.333       0.333 -0.5
    3    1  narrowing     0.000       0.333 -0.5
    """
    check_confidence(confidence)
    if toward not in (CITY, REFERENCE):
        raise ParamsError(f"toward is {toward!r}; expected one of {[CITY, REFERENCE]}")
    name = measure_name(target_days)
    require_columns(request_counts, NEEDED)
    require_columns(population, ["area", "race", "estimate", "moe"])
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    base = people.position(reference)
    lived_in = request_counts["area"].isin(people.inhabited())
    requests = Outcomes.of(
        request_counts[lived_in], people.areas, target_days=target_days
    )
    shown = (people.estimate.sum(axis=1) > 0) & (requests.known > 0)
    toward_base = base if toward == REFERENCE else None
    tilt, excess = _parts(people.estimate, requests, base, toward_base)
    random = np.random.default_rng(seed)
    tilts = np.empty((replicates, *tilt.shape), dtype=np.float32)  # room for cities
    excesses = np.empty((replicates, len(excess)), dtype=np.float32)
    for draw in range(replicates):
        tilts[draw], excesses[draw] = _parts(
            people.redraw(random), requests.redraw(random), base, toward_base
        )
    areas = people.areas[shown]
    judged = share_dispersion(
        outcomes(request_counts[lived_in], target_days=target_days)
    )
    frame = pd.DataFrame(
        {
            "area": areas,
            "events": requests.on_time[shown],
            "population": requests.known[shown],
            "share": (divide(requests.on_time, requests.known))[shown],
            "statistic": DIFFERENCE,
            "reliable": _reliable(requests.on_time, requests.known, judged)[shown],
        }
    )
    options = {"name": name, "reference": reference, "confidence": confidence}
    tables = [
        _of_group(
            frame.assign(group=group),
            tilt[place][shown] * excess[shown],
            tilts[:, place, shown] * excesses[:, shown],
            tilt[place][shown] * np.minimum(excess[shown], 0),
            tilts[:, place, shown] * np.minimum(excesses[:, shown], 0),
            **options,
        )
        for place, group in enumerate(people.groups)
        if place != base
    ]
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(tables, ignore_index=True)
    return table[COLUMNS]


def narrowings(
    request_counts: pd.DataFrame, population: pd.DataFrame, **options: Any
) -> pd.DataFrame:
    """Say for each area by how much lifting it alone would narrow each group's gap.

    Parameters
    ----------
    request_counts, population, **options
        As for `contributions`.

    Returns
    -------
    DataFrame
        Its rows of narrowings, in their order, without `rank`, `cumulative` and
        `reference`: sums over areas would give away an area that is hidden.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError, UnknownGroupError
        As for `contributions`.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "2"], "period": "2025Q4", "days": 2,
    ...                        "closed": [60, 40], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["White", "Asian"],
    ...                        "estimate": 1000, "moe": None})
    >>> table = narrowings(counts, people, reference="White", target_days=5)
    >>> "cumulative" in table
    False
    """
    found = contributions(request_counts, population, **options)
    found = found[found["measure"].str.startswith(NARROWING)]
    return found.drop(columns=["rank", "cumulative", "reference"])


def _parts(
    people: np.ndarray, requests: Outcomes, base: int, toward: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split the gaps: how much more of a group is there, and requests above target.

    The product of the two is an area's part. Written with counts instead of shares, it
    is zero, not missing, where a redraw leaves an area without requests.
    """
    residents = people.sum(axis=1, keepdims=True)
    share = np.divide(people, residents, out=np.zeros_like(people), where=residents > 0)
    events = share.T @ requests.known
    weight = divide(share, np.where(events > 0, events, 0)).T  # groups x areas
    if toward is None:
        inhabited = residents[:, 0] > 0
        target = divide(
            requests.on_time[inhabited].sum(), requests.known[inhabited].sum()
        )
    else:
        target = weight[toward] @ requests.on_time
    return weight - weight[base], requests.on_time - target * requests.known


def _of_group(
    frame: pd.DataFrame,
    part: np.ndarray,
    parts: np.ndarray,
    short: np.ndarray,
    shorts: np.ndarray,
    *,
    name: str,
    reference: str,
    confidence: float,
) -> pd.DataFrame:
    """Make the two tables of one group: its parts, and how its gap would narrow."""
    gap, gaps = part.sum(), parts.sum(axis=1)
    gap_low, gap_high = basic_limits(gap, gaps, confidence)
    frame = frame.assign(gap=gap, gap_low=gap_low, gap_high=gap_high)
    sign = np.sign(gap) if np.isfinite(gap) else 0.0
    # What falls short adds to the gap; lifted, the gap moves the other way.
    narrowing, narrowings = sign * short, sign * shorts
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    known = np.isfinite(gap) & np.isfinite(gap_low)
    if known:
        least, most = np.nanquantile(narrowings, tails, axis=0)
    else:
        least = most = np.full(len(frame), np.nan)
    options = {"confidence": confidence, "reference": reference, "method": METHOD}
    tables = [
        (PART, part, *basic_limits(part, parts, confidence), sign * part),
        (NARROWING, narrowing, least, most, narrowing),
    ]
    made = []
    for measure, estimate, low, high, order in tables:
        table = measure_table(
            frame,
            measure=f"{measure} {name}",
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            **options,
            direction=HIGHER,
        )
        table = table.iloc[np.argsort(-order, kind="stable")]
        made.append(
            table.assign(
                rank=np.arange(1, len(table) + 1), cumulative=table["estimate"].cumsum()
            )
        )
    return pd.concat(made)


def _reliable(events: np.ndarray, known: np.ndarray, spread: float) -> np.ndarray:
    """Judge shares by their effective requests, the width, and the relative width."""
    low, high = intervals.exact(events / spread, known / spread, 0.95)
    share, width = divide(events, known), high - low
    certain = (events <= 0) | (events >= known)
    wide = (width >= WIDE) | ((width > NARROW) & (width > WIDEST * share))
    return (known / spread >= FEWEST) & (certain | ~wide)
