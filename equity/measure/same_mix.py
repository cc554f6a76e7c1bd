"""Who was tested: gaps over the years at the same mix of schools.

A gap between rates can change because students learned more, or because other students
were tested: more of a group in schools with low rates, say. Holding the mix of schools
as it was takes the second away.

**Terms**

stratum
    A school; or a school and grade, or whatever else is named in ``by``.
mix
    The shares of a group's students in each stratum.
at the same mix
    The rate that a group would have had with the mix of another year: its rates of the
    year, stratum by stratum, *directly standardised* to that mix.
share tested
    Students tested, over students enrolled.

The gaps are given to `closing.change`. Rates of masked cells are bounds, and what is
made of them too. Mixes are taken as they were: they are a fact of who was tested, and
errors are those of the rates alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import intervals
from equity.measure.redraws import DIFFERENCE, LEVEL
from equity.measure.table import (
    check_counts,
    divide,
    measure_table,
    normal_quantile,
    position_of,
    require_columns,
)

FIRST, POOLED = "first year", "all years"
CHANGE, MIX, SAME = "change of the gap", "change of the mix", "change at the same mix"
MEASURE = "gap in {outcome} rate at the same mix"
METHOD = "direct standardisation to the mix of the {standard}; delta method"
KITAGAWA = "Kitagawa over time; delta method"
KNOWN, NOBODY = "known", "not known: no students in one of the years"
OPEN = "not known: a count is not published"
APART = "not known: no stratum has students of the group in every year"
LOST = "not known: most students of one of the two groups are left out"
TOO_WIDE = "not known: hidden counts leave more than 20 percentage points open"
WIDE = 0.2  # bounds of a gap further apart than this tell too little, as in `outcomes`
HALF = 0.5  # share left out, beyond which the rest does not stand for the group
NOT_KNOWN = "not known"
MORE = "not known: more students tested than enrolled"
EPSILON = 1e-9
_NOTHING = [
    *("year", "group", "events", "population", "reference", "estimate"),
    *("standard_error", "low", "high"),
]
UNENROLLED = "not known: nobody is enrolled, or a count is not published"


def gaps(
    outcomes: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    by: Sequence[str] = ("unit",),
    standard: str = POOLED,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare groups in each year, each at a mix of strata that stays the same.

    Parameters
    ----------
    outcomes
        Tidy `outcomes` with ``year``: ``outcome, race, events_low, events_high``, the
        columns of ``by``, and ``population`` or its bounds (as for `outcomes.by_year`).
    outcome
        The value of ``outcome`` to take.
    reference
        The group that all others are compared with.
    by
        The columns that make a stratum.
    standard
        The mix held: "all years" (a group's students of all years together) or "first
        year". Each group keeps its own.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``year`` and ``group``: ``events``, ``population`` (of the strata
        used; missing where masked), ``rate`` (at the same mix), the measure columns,
        ``standard_error``, ``low`` and ``high`` (the least and most gap that masks
        allow), ``left_out`` (share of the group's students of all years who are in
        strata without students of the group in every year: those strata cannot be
        held, and are left out) and ``reliability``. No estimate where the bounds are
        more than 20 percentage points apart, or more than half of the students of the
        group, or of the reference, are left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    ParamsError
        If ``standard`` is neither of the two.
    UnknownGroupError
        If ``reference`` is none of the groups.

    Notes
    -----
    Errors take a rate as (events + 1/2) / (students + 1). Many small strata make wide
    limits, and wide bounds where counts are masked: compare fewer, larger ones then.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, 3rd
    ed., chapter 19 (direct standardisation).

    Examples
    --------
    >>> race = pd.Categorical(["Black", "Black", "White"] * 2, ["Black", "White"])
    >>> rows = pd.DataFrame({"outcome": "proficiency", "race": race,
    ...     "year": ["2024"] * 3 + ["2025"] * 3, "unit": ["X", "Y", "X"] * 2,
    ...     "population": [100, 100, 100, 50, 150, 100],
    ...     "events_low": [60, 20, 70, 30, 30, 70]})
    >>> table = gaps(rows.assign(events_high=rows["events_low"]),
    ...              outcome="proficiency", reference="White", standard="first year")
    >>> table[["year", "group", "rate", "estimate"]].round(3)
       year  group  rate  estimate
    0  2024  Black   0.4      -0.3
    1  2025  Black   0.4      -0.3
    2  2024  White   0.7       0.0
    3  2025  White   0.7       0.0
    """
    if standard not in (FIRST, POOLED):
        raise ParamsError(f"standard is {standard!r}; expected {FIRST!r} or {POOLED!r}")
    z = normal_quantile(confidence)
    if outcomes.empty or not outcomes["outcome"].eq(outcome).any():
        return pd.DataFrame({name: [] for name in _NOTHING})
    cells = _Cells.of(outcomes, outcome, by)
    base = position_of(pd.DataFrame({"group": cells.groups}), reference)
    kept = (cells.size > 0).all(axis=1, keepdims=True)
    open_ended = np.isnan(cells.size).any(axis=(1, 2))
    size = np.where(open_ended[:, None, None], np.nan, np.where(kept, cells.size, 0))
    held = size[:, :1] if standard == FIRST else size.sum(axis=1, keepdims=True)
    weight = divide(held, held.sum(axis=2, keepdims=True))
    rate, low, high, variance = (
        _weighted(weight**power, each) for power, each in cells.figures()
    )
    error = np.sqrt(variance + variance[[base]])
    error[base] = np.nan
    gap = rate - rate[base]
    least, most = low - high[base], high - low[base]
    least[base] = most[base] = 0
    left = 1 - divide(size.sum(axis=(1, 2)), cells.size.sum(axis=(1, 2)))
    frame = cells.frame(kept).assign(rate=rate.ravel())
    width = z * error
    held_any = kept.any(axis=(1, 2))
    words = np.select([open_ended, ~held_any, left > HALF], [OPEN, APART, LOST], KNOWN)
    words = np.where((words == KNOWN) & (words[base] != KNOWN), words[base], words)
    wide = most - least > WIDE + EPSILON
    words = np.where(wide & (words == KNOWN)[:, None], TOO_WIDE, words[:, None])
    known = words == KNOWN
    return measure_table(
        frame,
        measure=MEASURE.format(outcome=outcome),
        reference=reference,
        estimate=np.where(known, gap, np.nan).ravel(),
        conf_low=np.where(known, least - width, np.nan).ravel(),
        conf_high=np.where(known, most + width, np.nan).ravel(),
        confidence=confidence,
        method=METHOD.format(standard=standard),
        standard_error=error.ravel(),
        low=least.ravel(),
        high=most.ravel(),
        left_out=np.repeat(left, len(cells.years)),
        reliability=words.ravel(),
    )


def add_left_out(changes: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Say beside each change whom the same mix leaves out, and why it is not known.

    Parameters
    ----------
    changes
        What `closing.change` makes of ``gaps``.
    gaps
        From `gaps`.

    Returns
    -------
    DataFrame
        ``changes`` with ``not_comparable`` (the share of the group's students who are
        left out, ``left_out`` of ``gaps``) and ``not_comparable_reference`` (that of
        the reference). Where nothing is estimated since the gap of the first or the
        last year is not known, ``reliability`` says why that one is not.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> gaps = pd.DataFrame({
    ...     "year": ["2024", "2025"], "group": "Black", "reference": "White",
    ...     "left_out": 0.86, "reliability": LOST})
    >>> changes = pd.DataFrame({
    ...     "group": ["Black"], "from": "2024", "to": "2025", "breaks": "",
    ...     "estimate": [None], "reliability": "not known: the gap is not"})
    >>> add_left_out(changes, gaps)[["group", "not_comparable", "reliability"]]
       group  not_comparable                                        reliability
    0  Black            0.86  not known: most students of one of the two gro...
    """
    if changes.empty or gaps.empty:
        return changes
    require_columns(gaps, ["year", "group", "reference", "left_out", "reliability"])
    require_columns(
        changes, ["group", "from", "to", "breaks", "estimate", "reliability"]
    )
    named = gaps.assign(group=gaps["group"].astype(str))
    share = named.groupby("group")["left_out"].first()
    said = named.set_index(["group", "year"])["reliability"]
    group = changes["group"].astype(str)
    words = changes["reliability"].copy()
    for end in ("to", "from"):  # the first year's reason goes before the last's
        reason = said.reindex(pd.MultiIndex.from_arrays([group, changes[end]]))
        reason = reason.set_axis(changes.index)
        because = changes["estimate"].isna() & changes["breaks"].eq("")
        words = words.mask(because & reason.str.startswith(NOT_KNOWN, na=False), reason)
    return changes.assign(
        not_comparable=group.map(share).astype(float),
        not_comparable_reference=float(
            share.get(str(gaps["reference"].iloc[0]), np.nan)
        ),
        reliability=words,
    )


def parts(
    outcomes: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    by: Sequence[str] = ("unit",),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Split the change of each gap into that of the mixes and that at the same mix.

    Parameters
    ----------
    outcomes, outcome, reference, by, confidence
        As in `gaps`. The first and the last year are compared.

    Returns
    -------
    DataFrame
        For each group but the reference, a row per ``component`` ("change of the gap",
        "change of the mix", "change at the same mix"): ``from``, ``to``, ``events`` and
        ``population`` (of the year with fewer students), ``statistic``, the measure
        columns (proportions; above zero, the group gained on the reference),
        ``standard_error``, ``low`` and ``high`` (what masks allow), ``not_comparable``
        (the share of the group's students, in the average of both years, who are in
        strata without the group in one of them) and ``reliability``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If ``reference`` is none of the groups.

    Notes
    -----
    With the share *w* of a group's students in a stratum, its rate *r*, and accents for
    the first year, a group's rate changes by the sum over strata of::

        mix  = (w - w') (r + r') / 2
        same = (r - r') (w + w') / 2

    A stratum that the group is in only once, such as a school that opened, counts as
    mix alone. The parts of a gap are those of the group less those of the reference,
    and add up to its change. The mix may change because families moved, schools opened,
    or some students were no longer tested: the numbers do not say which.

    References
    ----------
    Kitagawa (1955), Components of a Difference Between Two Rates, JASA 50(272),
    1168-1194.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "Black", "White"] * 2, ["Black", "White"])
    >>> rows = pd.DataFrame({"outcome": "proficiency", "race": race,
    ...     "year": ["2024"] * 3 + ["2025"] * 3, "unit": ["X", "Y", "X"] * 2,
    ...     "population": [100, 100, 100, 50, 150, 100],
    ...     "events_low": [60, 20, 70, 30, 30, 70]})
    >>> table = parts(rows.assign(events_high=rows["events_low"]),
    ...               outcome="proficiency", reference="White")
    >>> table[["component", "estimate"]].round(3)
                    component  estimate
    0       change of the gap      -0.1
    1       change of the mix      -0.1
    2  change at the same mix       0.0
    """
    z = normal_quantile(confidence)
    cells = _Cells.of(outcomes, outcome, by)
    base = position_of(pd.DataFrame({"group": cells.groups}), reference)
    ends = [0, -1]
    size = cells.size[:, ends]
    nobody = (size.sum(axis=2) == 0).any(axis=1)
    size = np.where(nobody[:, None, None], np.nan, size)
    weight = divide(size, size.sum(axis=2, keepdims=True))
    both = (size > 0).all(axis=1, keepdims=True)
    turn = np.array([-1.0, 1.0])[:, None]
    apart = (weight[:, [1]] - weight[:, [0]]) / 2
    coefficients = {
        CHANGE: turn * weight,
        MIX: np.where(both, apart, turn * weight),
        SAME: np.where(both, turn * weight.mean(axis=1, keepdims=True), 0 * weight),
    }
    open_ended = np.isnan(size).any(axis=(1, 2))
    words = np.select([nobody, open_ended], [NOBODY, OPEN], KNOWN)
    words = np.where(words == KNOWN, words[base], words)
    lost = np.where(both, 0, weight).sum(axis=2).mean(axis=1)
    figures = [each[:, ends] for _, each in cells.figures()]
    frame = _fewest(cells).assign(
        not_comparable=lost, reliability=words, statistic=DIFFERENCE
    )
    others = np.arange(len(cells.groups)) != base
    tables = []
    for component, coefficient in coefficients.items():
        value, low, high, variance = _summed(coefficient, *figures)
        estimate = value - value[base]
        least, most = low - high[base], high - low[base]
        error = np.sqrt(variance + variance[base])
        error = np.where(error > 0, error, np.nan)
        tables.append(
            measure_table(
                frame.assign(component=component),
                measure=f"{CHANGE} in {outcome} rate",
                reference=reference,
                estimate=estimate,
                conf_low=least - z * error,
                conf_high=most + z * error,
                confidence=confidence,
                method=KITAGAWA,
                standard_error=error,
                low=least,
                high=most,
            )[others]
        )
    table = pd.concat(tables).sort_index(kind="stable").reset_index(drop=True)
    behind = ["not_comparable", "reliability"]
    return table[[name for name in table if name not in behind] + behind]


def share_tested(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Say which share of each group was tested, and whether that changed.

    Parameters
    ----------
    counts
        One row per ``year`` and ``group``, with ``events`` (students tested) and
        ``population`` (students enrolled in the grades tested).
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        For each group and year ``statistic`` "level" (the share tested) and
        "difference" (from its first year, named in ``reference``), with the measure
        columns and ``reliability``. Missing where more are tested than enrolled: the
        two are then not of the same students.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative, or a group has two rows in a year.

    References
    ----------
    Wilson (1927), JASA 22, 209-212. Newcombe (1998), Statistics in Medicine 17,
    873-890.

    Examples
    --------
    >>> counts = pd.DataFrame({"year": ["2024", "2025"], "group": "Black",
    ...                        "events": [190, 160], "population": [200, 200]})
    >>> table = share_tested(counts)
    >>> table[["year", "statistic", "estimate", "conf_low", "conf_high"]].round(3)
       year   statistic  estimate  conf_low  conf_high
    0  2024       level      0.95     0.910      0.973
    1  2025       level      0.80     0.739      0.850
    2  2024  difference      0.00       NaN        NaN
    3  2025  difference     -0.15    -0.215     -0.087
    """
    require_columns(counts, ["year", "group"])
    events, population = check_counts(counts, within=False)
    if bad := int(counts.duplicated(["year", "group"]).sum()):
        raise InputError(f"{bad} of {len(counts)} rows repeat a group and year")
    more = events > population
    events = np.where(more, np.nan, events)
    share = divide(events, population)
    low, high = intervals.wilson(events, population, confidence)
    rows = pd.DataFrame({"year": counts["year"].astype(str), "group": counts["group"]})
    rows = rows.reset_index(drop=True)
    order = rows.sort_values("year").assign(row=lambda frame: frame.index)
    first = order.groupby("group", observed=True)["row"].transform("first")
    base = first.sort_index().to_numpy()
    least, most = intervals.newcombe_difference(
        events, population, events[base], population[base], confidence
    )
    itself = base == np.arange(len(counts))
    known = ~np.isnan(share)
    words = np.select([more, ~known], [MORE, UNENROLLED], KNOWN)
    both = np.where(words == KNOWN, words[base], words)
    level = measure_table(
        counts.assign(statistic=LEVEL),
        measure="share tested",
        reference=None,
        estimate=share,
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Wilson score",
        reliability=words,
    )
    apart = measure_table(
        counts.assign(statistic=DIFFERENCE),
        measure="change of the share tested",
        reference=None,
        estimate=share - share[base],
        conf_low=np.where(itself, np.nan, least),
        conf_high=np.where(itself, np.nan, most),
        confidence=confidence,
        method="Newcombe hybrid score",
        reliability=both,
    ).assign(reference=counts["year"].astype(str).to_numpy()[base])
    return pd.concat([level, apart], ignore_index=True)


@dataclass(frozen=True)
class _Cells:
    """Counts as arrays of groups x years x strata; nobody where there is no row."""

    groups: list[str]
    years: list[str]
    size: np.ndarray  # missing where a count is not published
    low: np.ndarray  # rates
    high: np.ndarray
    exact: tuple[np.ndarray, np.ndarray]  # events and people, missing where masked

    @classmethod
    def of(cls, outcomes: pd.DataFrame, outcome: str, by: Sequence[str]) -> "_Cells":
        require_columns(
            outcomes, ["outcome", "year", "race", *by, "events_low", "events_high"]
        )
        rows = _ends(outcomes[outcomes["outcome"] == outcome])
        race = rows["race"].astype("category").cat
        groups = [str(name) for name in race.categories]
        years, stratum = (
            pd.factorize(key, sort=True)
            for key in (
                rows["year"].astype(str),
                rows[list(by)].astype(str).agg("|".join, axis=1),
            )
        )
        place = race.codes.to_numpy(), years[0], stratum[0]
        sums = np.zeros((4, len(groups), len(years[1]), len(stratum[1])))
        values = rows[["events_low", "events_high", "others_low", "others_high"]]
        for array, value in zip(sums, values.to_numpy(dtype=float).T, strict=True):
            np.add.at(array, place, value)
        low, high, least, most = sums
        smallest, largest = low + most, high + least  # of the people at either end
        middle = (low + least + high + most) / 2
        known = (low == high) & (least == most)
        said = np.zeros(low.shape)  # rows whose people are not given
        if "population" in rows:
            np.add.at(said, place, rows["population"].isna().to_numpy(dtype=float))
        given = ("population" in rows) & (said == 0) & (smallest == largest)
        return cls(
            groups,
            [str(year) for year in years[1]],
            middle,
            divide(low, smallest),
            divide(high, largest),
            (np.where(known, low, np.nan), np.where(known | given, middle, np.nan)),
        )

    def figures(self) -> list[tuple[int, np.ndarray]]:
        """Rates, their ends and variances, with the power of a weight in a sum."""
        rate = (self.low + self.high) / 2
        smooth = divide(rate * self.size + 0.5, self.size + 1)
        variance = divide(smooth * (1 - smooth), self.size)
        return [(1, rate), (1, self.low), (1, self.high), (2, variance)]

    def frame(self, kept: np.ndarray) -> pd.DataFrame:
        """Name every group and year, with the counts of the strata that are kept."""
        events, people = (
            np.where(kept, each, 0).sum(axis=2).ravel() for each in self.exact
        )
        return pd.DataFrame(
            {
                "year": np.tile(self.years, len(self.groups)),
                "group": np.repeat(self.groups, len(self.years)),
                "events": pd.array(events, dtype="Float64"),
                "population": pd.array(people, dtype="Float64"),
            }
        )


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Say how many at least and at most are without the event, where it is not said."""
    if "others_low" in rows:
        return rows
    least, most = (
        rows[end].fillna(rows["population"]) if end in rows else rows["population"]
        for end in ("population_low", "population_high")
    )
    return rows.assign(
        others_low=(least - rows["events_high"]).clip(lower=0),
        others_high=most - rows["events_low"],
    )


def _weighted(weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Add up over strata; one without weight adds nothing, whatever it is."""
    return np.where(weight == 0, 0, weight * values).sum(axis=2)


def _summed(
    coefficient: np.ndarray,
    rate: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    variance: np.ndarray,
) -> list[np.ndarray]:
    """Value, ends and variance of a linear form of each group's rates."""
    up = coefficient > 0
    forms = [
        coefficient * rate,
        coefficient * np.where(up, low, high),
        coefficient * np.where(up, high, low),
        coefficient**2 * variance,
    ]
    return [np.where(coefficient == 0, 0, form).sum(axis=(1, 2)) for form in forms]


def _fewest(cells: _Cells) -> pd.DataFrame:
    """Name the groups and the years, with the counts of the year with fewer."""
    ends = [0, -1]
    events, people = (each[:, ends].sum(axis=2) for each in cells.exact)
    year = np.argmin(np.where(np.isnan(people), np.inf, people), axis=1)
    chosen = np.arange(len(year)), year
    return pd.DataFrame(
        {
            "group": cells.groups,
            "from": cells.years[0],
            "to": cells.years[-1],
            "events": pd.array(events[chosen], dtype="Float64"),
            "population": pd.array(people[chosen], dtype="Float64"),
        }
    )
