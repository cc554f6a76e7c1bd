"""Significant disproportionality: which ratio the federal rule makes, and its flags.

The rule of special education law in the United States. A state sets a *threshold*, a
minimum *cell size* (students with the outcome) and a minimum *n-size* (students). For
every group a district's risk ratio is made; where the district's other students are
too few, the alternate one, against the state's; where the group itself is too small,
none. The state may wait until the threshold was exceeded in up to three years running,
and may let off districts whose ratio falls enough (*reasonable progress*).

A rule flags, it does not measure: a ratio above a threshold may be chance, so each
carries its limits, and ``beyond_chance`` says whether both are above. Ratios and
thresholds are compared in exact arithmetic (see `exact`). Reasons name the rule that
was not met, never the count. The ratios are those of `risk`.

A hidden count is the least and the most that it can be, and what the rule says is said
only where it is so at both (see `risk_bounds`). The alternate ratio is made only where
the district's others are too few whatever is hidden.
"""

from fractions import Fraction
from itertools import pairwise
from math import inf
from typing import NamedTuple

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import exact, risk, risk_bounds
from equity.measure.risk_bounds import ENDS
from equity.measure.table import LOWER, measure_table, numbers, require_columns

MIN_CELL, MIN_N, YEARS = 10, 30, 3
NOT_CALCULATED = "not calculated"
NOT_ABOVE = "not above the threshold"
PROGRESS = "above the threshold, with reasonable progress"
MADE, HIDDEN = "made", "a count is hidden"
NO_STATE = "the state has no row of the group, and the district too few other students"
CANNOT_TELL = f"cannot be told: {HIDDEN}"
RUN_UNKNOWN = f"above the threshold, for how many years running {CANNOT_TELL}"
PROGRESS_UNKNOWN = f"above the threshold, with what progress {CANNOT_TELL}"
REST = [f"rest_{end}" for end in ENDS]
Ends = tuple[Fraction | float, Fraction | float]
ANYTHING = {True: (0.0, inf), False: None}  # of a hidden ratio; of none


def ratios(
    counts: pd.DataFrame,
    state: pd.DataFrame,
    *,
    min_cell: int = MIN_CELL,
    min_n: int = MIN_N,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Make for each group the ratio that the federal rule makes.

    Parameters
    ----------
    counts
        The district: one row per ``group``, with ``events`` (students who have the
        outcome) and ``population`` (students who could), whole numbers. Together the
        rows are everyone. With the bounds of `outcomes.counts` where counts are hidden;
        without them, hidden events are none to all of the population.
    state
        The same of the whole state, the district included.
    min_cell, min_n
        Least students with the outcome, and least students. 10 and 30 are the most
        that the rule presumes to be reasonable.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``counts`` with the measure columns, ``low`` and ``high`` (what hidden counts
        alone allow; ``estimate`` is their middle, and limits hold both),
        ``others_events`` and ``others_population`` (of whom the group is compared
        with; missing where masked), ``reason`` (why there is no ratio, or "made") and
        ``direction``; the bounds of the counts, and of those compared with
        (``rest_events_low``, ...). ``measure`` is "risk ratio", "alternate risk ratio"
        or "not calculated". ``reference`` says with whom the rule compares the group,
        all other students of the district or of the state, whether or not the group
        itself is large enough.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, or a group has
        two rows.
    ParamsError
        If a size is negative.

    Notes
    -----
    Where it depends on a hidden count whether the group or its others are large enough,
    nothing is made.

    References
    ----------
    34 CFR 300.647(a) to (c); 81 FR 92376 (19 December 2016). Limits: see
    `risk.against_others`; bounds: `risk_bounds`.

    Examples
    --------
    >>> district = pd.DataFrame({"group": ["Black", "White"],
    ...                          "events": [18, 1], "population": [120, 8]})
    >>> state = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [900, 5000], "population": [9000, 100_000]})
    >>> found = ratios(district, state)
    >>> found[["group", "measure", "estimate"]].round(2)
       group               measure  estimate
    0  Black  alternate risk ratio       3.0
    1  White        not calculated       NaN
    >>> found["reason"].iloc[1]
    'fewer than 10 students of the group have the outcome'
    """
    if min(min_cell, min_n) < 0:
        raise ParamsError(
            f"min_cell is {min_cell} and min_n {min_n}; expected 0 or more"
        )
    own, whole = _ends(counts), _ends(state)
    people, all_people = _people(counts, own), _people(state, whole)
    # a row of nobody, for groups that the state does not have
    whole, all_people = (np.pad(each, [(0, 1), (0, 0)]) for each in (whole, all_people))
    names, wanted = (side["group"].astype(str) for side in (state, counts))
    there = pd.Index(names).get_indexer(wanted)
    absent = there < 0
    rest, far_rest = own.sum(axis=0) - own, whole.sum(axis=0) - whole[there]
    sizes = min_cell, max(min_n, 1)
    least = max(min_cell, 1), sizes[1]
    cell, size = (own[:, :2], sizes[0]), (people, sizes[1])
    group = _enough(cell, size)
    near = _enough((rest[:, :2], least[0]), (people.sum(axis=0) - people, least[1]))
    far = _enough(
        (far_rest[:, :2], least[0]),
        (all_people.sum(axis=0) - all_people[there], least[1]),
    )

    plain = group.sure & near.sure
    other = group.sure & near.never & far.sure & ~absent
    made = plain | other
    chosen = np.where(near.never[:, None], far_rest, rest)
    chosen[near.never & absent] = np.nan
    low, high = (
        end[end["statistic"] == risk.RATIO]
        for end in risk_bounds.between(own, chosen, confidence=confidence)
    )
    first, last = (
        np.where(made, numbers(end, "estimate"), np.nan) for end in (low, high)
    )
    known = (own[:, ::2] == own[:, 1::2]).all(axis=1)
    known &= (chosen[:, ::2] == chosen[:, 1::2]).all(axis=1)
    method = np.where(known, risk.MOVER, risk.MOVER + risk_bounds.BOTH_ENDS)
    return measure_table(
        counts,
        measure=np.select(
            [plain, other], [risk.RISK_RATIO, risk.ALTERNATE], NOT_CALCULATED
        ),
        reference=None,
        estimate=(first + last) / 2,
        conf_low=np.where(made, numbers(low, "conf_low"), np.nan),
        conf_high=np.where(made, numbers(high, "conf_high"), np.nan),
        confidence=confidence,
        method=np.where(made, method, "none"),
        low=first,
        high=last,
        others_events=_whole(chosen[:, 0], made & (chosen[:, 0] == chosen[:, 1])),
        others_population=_whole(
            chosen[:, 0] + chosen[:, 3],
            made & (chosen[:, 0] + chosen[:, 3] == chosen[:, 1] + chosen[:, 2]),
        ),
        reason=np.select(
            [
                made,
                _enough(cell).never,
                _enough(size).never,
                ~group.sure | ~(near.sure | near.never),
                absent,
                ~far.never,
            ],
            [
                MADE,
                f"fewer than {min_cell} students of the group have the outcome",
                f"fewer than {min_n} students are of the group",
                HIDDEN,
                NO_STATE,
                HIDDEN,
            ],
            "too few other students, in the district and in the state",
        ),
        direction=LOWER,
    ).assign(
        reference=np.where(near.never, risk.STATE_OTHERS, risk.OTHERS),
        **dict(zip(ENDS, own.T, strict=True)),
        **dict(zip(REST, chosen.T, strict=True)),
    )


def flags(
    ratios: pd.DataFrame,
    *,
    threshold: float,
    years: int = YEARS,
    progress: float | None = None,
) -> pd.DataFrame:
    """Say which groups are above the threshold for so many years running.

    Parameters
    ----------
    ratios
        Tables of `ratios` of several years below one another, with ``year``, a whole
        number (the spring of a school year).
    threshold
        The state's. A ratio of exactly the threshold does not exceed it.
    years
        Years running, one to three, before a group is identified.
    progress
        How much the ratio must fall in each of the last two years to count as
        reasonable progress, as the state has it. None gives nobody that respite.

    Returns
    -------
    DataFrame
        The rows of ``ratios`` of the last year, with ``threshold``, ``exceeds``
        (missing where a hidden count leaves it open) and ``beyond_chance`` (both limits
        above it; both missing where nothing was calculated), ``years_exceeded`` (years
        running up to the last one, of the last three, in which it surely was),
        ``reasonable_progress`` (missing without ``progress``, without three ratios, or
        where a hidden count leaves it open) and ``verdict``, in words.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a year is not a whole number, or a group has two rows in one.
    ParamsError
        If ``threshold`` or ``progress`` is not positive, or ``years`` not 1, 2 or 3.

    Notes
    -----
    A year without data, or in which nothing was calculated, ends a run: it is not known
    that the threshold was exceeded. A change of `measure` between years, from risk
    ratio to alternate, is a change of whom the group is compared with.

    Where a count is hidden, a ratio is above the threshold if the least that it can be
    is, and not above if the most is not; otherwise the verdict is that it cannot be
    told. A year in which nothing was made for a hidden count may have been above.

    References
    ----------
    34 CFR 300.647(d).

    Examples
    --------
    >>> state = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [900, 5000], "population": [9000, 100_000]})
    >>> district = pd.DataFrame({"group": ["Black", "White"],
    ...                          "events": [36, 50], "population": [120, 1000]})
    >>> found = pd.concat(
    ...     [ratios(district, state).assign(year=year) for year in (2022, 2023, 2024)])
    >>> table = flags(found, threshold=3)
    >>> table[["group", "years_exceeded", "verdict"]]
       group  years_exceeded                                  verdict
    0  Black               3  above the threshold for 3 years running
    1  White               0                  not above the threshold
    """
    _check(threshold, years, progress)
    require_columns(ratios, ["group", "year", "reason", "conf_low", *ENDS, *REST])
    history = _history(ratios)
    last = max(year for _, year in history)
    limit, least = (
        None if x is None else Fraction(str(x)) for x in (threshold, progress)
    )
    table = ratios[_years(ratios) == last]
    recent = [
        [history.get((str(group), last - back)) for back in range(YEARS)]
        for group in table["group"]
    ]
    running, possible = (
        np.array([_running(ratio, limit, end) for ratio in recent], dtype=int)
        for end in (0, 1)
    )
    eased = pd.array([_falling(ratio, least) for ratio in recent], dtype="boolean")
    full = np.array([None not in ratio for ratio in recent], dtype=bool)
    open_progress = eased.isna() & full & (least is not None)
    made = (table["reason"] == MADE).to_numpy()
    hidden = (table["reason"] == HIDDEN).to_numpy()
    told = made & ((running > 0) | (possible == 0))
    beyond = numbers(table, "conf_low") > threshold
    return table.assign(
        threshold=threshold,
        exceeds=pd.array(np.where(told, running > 0, None), dtype="boolean"),
        beyond_chance=pd.array(np.where(made, beyond, None), dtype="boolean"),
        years_exceeded=running,
        reasonable_progress=eased,
        verdict=np.select(
            [
                ~made & ~hidden,
                possible == 0,
                running == 0,
                possible < years,
                running < years,
                open_progress,
                eased.to_numpy(dtype=bool, na_value=False),
            ],
            [
                NOT_CALCULATED,
                NOT_ABOVE,
                CANNOT_TELL,
                f"above the threshold, for fewer than {years} years running",
                RUN_UNKNOWN,
                PROGRESS_UNKNOWN,
                PROGRESS,
            ],
            f"above the threshold for {years} years running",
        ),
    )


def pooled(counts: pd.DataFrame, *, years: int = YEARS) -> pd.DataFrame:
    """Add up the counts of the last years, so that small groups can be compared.

    Parameters
    ----------
    counts
        One row per ``group`` and ``year`` (a whole number), with ``events`` and
        ``population``.
    years
        How many, one to three.

    Returns
    -------
    DataFrame
        One row per ``group``: ``events`` and ``population`` over the years, missing if
        one of them is; ``years``, of how many years there were rows.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a year is not a whole number.
    ParamsError
        If ``years`` is not 1, 2 or 3.

    Notes
    -----
    A student of several years is counted in each. Limits that take them as different
    students are then too narrow.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": "Black", "year": [2022, 2023, 2024],
    ...                        "events": [4, 5, 6], "population": [20, 20, 25]})
    >>> pooled(counts)
       group  events  population  years
    0  Black    15.0        65.0      3
    """
    _check(1, years, None)
    require_columns(counts, ["group", "year", "events", "population"])
    year = _years(counts)
    rows = counts[year > year.max() - years]
    groups = rows.assign(_year=year).groupby("group", observed=False, sort=False)
    table = groups[["events", "population"]].agg(lambda some: some.sum(skipna=False))
    return table.astype(float).assign(years=groups["_year"].nunique()).reset_index()


class _Enough(NamedTuple):
    """Whether counts are large enough, whatever is hidden; neither where it depends."""

    sure: np.ndarray
    never: np.ndarray


def _enough(*sized: tuple[np.ndarray, int]) -> _Enough:
    """Say of bounds, rows of a lower and an upper one, whether all reach their size."""
    return _Enough(
        np.all([bounds[:, 0] >= size for bounds, size in sized], axis=0),
        np.any([bounds[:, 1] < size for bounds, size in sized], axis=0),
    )


def _ends(counts: pd.DataFrame) -> np.ndarray:
    """Take the bounds of each group, as given, or as its counts have them."""
    exact.counts(counts)  # refuses counts that cannot be
    if not set(ENDS) <= set(counts):
        events, population = numbers(counts, "events"), numbers(counts, "population")
        low = np.where(np.isnan(events), 0, events)
        high = np.where(np.isnan(events), population, events)
        values = (low, high, population - high, population - low)
        counts = counts.assign(**dict(zip(ENDS, values, strict=True)))
    return risk_bounds.ends(counts)


def _people(counts: pd.DataFrame, ends: np.ndarray) -> np.ndarray:
    """Take the least and the most students of each group."""
    known = numbers(counts, "population")[:, None]
    return np.where(np.isnan(known), ends[:, :2] + ends[:, 2:], known)


def _whole(values: np.ndarray, told: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(np.where(told, values, np.nan), dtype="Int64")


def _check(threshold: float, years: int, progress: float | None) -> None:
    if not threshold > 0 or not (progress is None or progress > 0):
        raise ParamsError(
            f"threshold is {threshold} and progress {progress}; expected ratios above 0"
        )
    if years not in range(1, YEARS + 1):
        raise ParamsError(f"years is {years}; expected 1, 2 or 3")


def _years(frame: pd.DataFrame) -> pd.Series:
    year = pd.to_numeric(frame["year"], errors="coerce")
    if (year.isna() | (year % 1 != 0)).any():
        raise InputError(
            "column year holds values that are not whole numbers; give a school year "
            "as the year it ends in"
        )
    return year.astype(int)


def _history(ratios: pd.DataFrame) -> dict[tuple[str, int], Ends | None]:
    """Take the exact ends of the ratio of each group and year; None without one."""
    keys = list(zip(ratios["group"].astype(str), _years(ratios), strict=True))
    if len(set(keys)) < len(keys):
        raise InputError("a group has two rows in one year; expected one district")
    bounds = zip(*(numbers(ratios, name) for name in [*ENDS, *REST]), strict=True)
    return {
        key: _exact_ends(*row) if reason == MADE else ANYTHING[reason == HIDDEN]
        for key, row, reason in zip(keys, bounds, ratios["reason"], strict=True)
    }


def _exact_ends(*row: float) -> Ends | None:
    """Divide the least risk by the others' most, and the most by their least."""
    a, b, c, d, e, f, g, h = map(int, row)
    low = _exact_ratio(a, a + d, f, f + g)
    high = _exact_ratio(b, b + c, e, e + h)
    return None if low is None or high is None else (low, high)


def _exact_ratio(
    events: int, population: int, others_events: int, others_population: int
) -> Fraction | None:
    if not population * others_events:
        return None
    return Fraction(events * others_population, population * others_events)


def _running(recent: list[Ends | None], limit: Fraction, end: int) -> int:
    """Count years running, the last one first, in which an end exceeded the limit."""
    years = 0
    for ratio in recent:
        if ratio is None or ratio[end] <= limit:
            break
        years += 1
    return years


def _falling(recent: list[Ends | None], least: Fraction | None) -> bool | None:
    """Say whether the ratio fell by the least that counts, in each of two years."""
    if least is None or None in recent:
        return None
    steps = list(pairwise(recent))  # the last year first
    if all(before[0] - now[1] >= least for now, before in steps):
        return True
    if any(before[1] - now[0] < least for now, before in steps):
        return False
    return None
