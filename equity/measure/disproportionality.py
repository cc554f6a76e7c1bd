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
"""

from fractions import Fraction

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import risk
from equity.measure.table import LOWER, measure_table, numbers, require_columns

MIN_CELL, MIN_N, YEARS = 10, 30, 3
NOT_CALCULATED = "not calculated"
NOT_ABOVE = "not above the threshold"
PROGRESS = "above the threshold, with reasonable progress"
MADE = "made"
COUNTS = ["events", "population", "others_events", "others_population"]


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
        rows are everyone.
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
        ``counts`` with the measure columns, ``others_events`` and
        ``others_population`` (of whom the group is compared with), ``reason`` (why
        there is no ratio, or "made") and ``direction``. ``measure`` is "risk ratio",
        "alternate risk ratio" or "not calculated".

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, a group has two
        rows, or one of the district's is not in the state.
    ParamsError
        If a size is negative.

    References
    ----------
    34 CFR 300.647(a) to (c); 81 FR 92376 (19 December 2016). Limits: see
    `risk.against_others`.

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
    own = risk.against_others(counts, confidence=confidence)
    own = own[own["statistic"] == risk.RATIO].drop(columns="statistic")
    own = own.set_axis(counts.index)
    alternate = risk.alternate_risk_ratio(counts, state, confidence=confidence)

    events, population = numbers(counts, "events"), numbers(counts, "population")
    sizes = min_cell, max(min_n, 1)
    group = (events >= sizes[0]) & (population >= sizes[1])
    near, far = (
        _large(table, max(min_cell, 1), sizes[1]) for table in (own, alternate)
    )
    plain, other = group & near, group & ~near & far
    chosen = alternate.where(pd.Series(~plain, counts.index), own[alternate.columns])
    made = plain | other
    return measure_table(
        counts,
        measure=np.select(
            [plain, other], [risk.RISK_RATIO, risk.ALTERNATE], NOT_CALCULATED
        ),
        reference=None,
        estimate=np.where(made, numbers(chosen, "estimate"), np.nan),
        conf_low=np.where(made, numbers(chosen, "conf_low"), np.nan),
        conf_high=np.where(made, numbers(chosen, "conf_high"), np.nan),
        confidence=confidence,
        method=np.where(made, risk.MOVER, "none"),
        others_events=_of_whom(chosen, "others_events", made),
        others_population=_of_whom(chosen, "others_population", made),
        reason=np.select(
            [
                made,
                np.isnan(events) | np.isnan(population),
                events < min_cell,
                population < min_n,
            ],
            [
                MADE,
                "a count is missing",
                f"fewer than {min_cell} students of the group have the outcome",
                f"fewer than {min_n} students are of the group",
            ],
            "too few other students, in the district and in the state",
        ),
        direction=LOWER,
    ).assign(
        reference=np.select(
            [plain, other], [risk.OTHERS, risk.STATE_OTHERS], NOT_CALCULATED
        )
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
        The rows of ``ratios`` of the last year, with ``threshold``, ``exceeds`` and
        ``beyond_chance`` (both limits above it; both missing where nothing was
        calculated), ``years_exceeded`` (years running up to the last one, of the last
        three), ``reasonable_progress`` (missing without ``progress``, or without three
        ratios) and ``verdict``, in words.

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
    require_columns(ratios, ["group", "year", "reason", "conf_low", *COUNTS])
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
    running = np.array([_running(ratio, limit) for ratio in recent], dtype=int)
    eased = pd.array([_falling(ratio, least) for ratio in recent], dtype="boolean")
    made = (table["reason"] == MADE).to_numpy()
    beyond = numbers(table, "conf_low") > threshold
    return table.assign(
        threshold=threshold,
        exceeds=pd.array(np.where(made, running > 0, None), dtype="boolean"),
        beyond_chance=pd.array(np.where(made, beyond, None), dtype="boolean"),
        years_exceeded=running,
        reasonable_progress=eased,
        verdict=np.select(
            [
                ~made,
                running == 0,
                running < years,
                eased.to_numpy(dtype=bool, na_value=False),
            ],
            [
                NOT_CALCULATED,
                NOT_ABOVE,
                f"above the threshold, for fewer than {years} years running",
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


def _large(table: pd.DataFrame, min_cell: int, min_n: int) -> np.ndarray:
    """Say whether those compared with are enough, and somebody has the outcome."""
    events, population = (
        numbers(table, f"others_{name}") for name in ("events", "population")
    )
    return (events >= min_cell) & (population >= min_n)


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


def _history(ratios: pd.DataFrame) -> dict[tuple[str, int], Fraction | None]:
    """Take the exact ratio of each group and year; None where there is none."""
    keys = list(zip(ratios["group"].astype(str), _years(ratios), strict=True))
    if len(set(keys)) < len(keys):
        raise InputError("a group has two rows in one year; expected one district")
    counts = zip(*(numbers(ratios, name) for name in COUNTS), strict=True)
    made = ratios["reason"] == MADE
    return {
        key: _exact_ratio(*map(int, row)) if is_made else None
        for key, row, is_made in zip(keys, counts, made, strict=True)
    }


def _exact_ratio(
    events: int, population: int, others_events: int, others_population: int
) -> Fraction | None:
    if not population * others_events:
        return None
    return Fraction(events * others_population, population * others_events)


def _running(recent: list[Fraction | None], limit: Fraction) -> int:
    """Count years running, the last one first, in which the limit was exceeded."""
    years = 0
    for ratio in recent:
        if ratio is None or ratio <= limit:
            break
        years += 1
    return years


def _falling(recent: list[Fraction | None], least: Fraction | None) -> bool | None:
    """Say whether the ratio fell by the least that counts, in each of two years."""
    if least is None or None in recent:
        return None
    now, before, first = recent
    return before - now >= least and first - before >= least


def _of_whom(chosen: pd.DataFrame, name: str, made: np.ndarray) -> pd.Series:
    return chosen[name].where(pd.Series(made, chosen.index))
