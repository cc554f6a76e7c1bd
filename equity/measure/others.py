"""Outcomes of students beside all other students, one after another, for a page.

Of a district: its own totals where it publishes them, else what its schools add up to.
Each comparison is that of `risk_bounds`, which takes hidden counts as bounds.
"""

from math import ceil

import numpy as np
import pandas as pd

from equity.measure import closing, disproportionality, risk_bounds
from equity.measure import outcomes as counted
from equity.measure.redraws import LEVEL
from equity.measure.table import HIGHER, LOWER, divide, numbers, require_columns


def of_district(outcomes: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Take a district's own totals where it publishes them, else its schools' rows.

    A total often shows what the rows of its schools hide.

    Parameters
    ----------
    outcomes
        Tidy `outcomes` of schools.
    totals
        The same of wholes, with ``of``: "district" or "state".

    Returns
    -------
    DataFrame
        The rows of the latest year of each outcome, of one or the other. Outcomes may
        end in different years: see `outcomes.years`, and ``year`` of what is made.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> schools = pd.DataFrame({"outcome": "absent", "year": ["2024", "2025"]})
    >>> wholes = pd.DataFrame({"outcome": ["absent"], "year": "2025", "of": "district"})
    >>> of_district(schools, wholes)[["outcome", "year", "of"]].values.tolist()
    [['absent', '2025', 'district']]
    """
    require_columns(outcomes, ["outcome", "year"])
    require_columns(totals, ["outcome", "year", "of"])
    district = totals[totals["of"] == "district"]
    found = []
    for name in dict.fromkeys([*outcomes["outcome"], *district["outcome"]]):
        schools = outcomes[outcomes["outcome"] == name]
        whole = district[district["outcome"] == name]
        last = max([*schools["year"].astype(str), *whole["year"].astype(str)])
        whole = whole[whole["year"].astype(str) == last]
        found.append(
            whole if len(whole) else schools[schools["year"].astype(str) == last]
        )
    return pd.concat(found, ignore_index=True) if found else outcomes


def by_outcome(outcomes: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare each group's risk of each outcome with that of all other students.

    Parameters
    ----------
    outcomes
        Tidy `outcomes` of one year each, as `of_district` takes them. Students of no
        known race are among the others where their rows are given.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject`` (the outcome), ``year``, ``group`` that has rows, and
        ``statistic``: as `risk_bounds.against_others`, with ``rate_low`` and
        ``rate_high`` (what hidden counts allow of the group's own risk) and
        ``people_to_parity`` (students fewer, or more where higher is better, that bring
        the group's risk to that of the others, from the middle of the bounds). No rows
        without outcomes.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If rows of one outcome have two directions.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White", "Asian"])
    >>> pupils = pd.DataFrame({"outcome": "suspended", "year": "2025", "race": race,
    ...     "direction": "lower is better", "events_low": [316, 732, 1],
    ...     "events_high": [316, 732, 9], "population": [6224, 34897, 1213]})
    >>> found = by_outcome(pupils).query("statistic == 'ratio' and group == 'Black'")
    >>> found[["subject", "estimate", "people_to_parity"]].round(2)
         subject  estimate  people_to_parity
    7  Suspended      2.49               189
    """
    require_columns(outcomes, ["outcome"])
    found = []
    for name in dict.fromkeys(outcomes["outcome"].astype(str)):
        counts = counted.counts(outcomes, outcome=name)
        direction = counts["direction"].iloc[0]
        table = risk_bounds.against_others(
            counts.drop(columns="direction"),
            direction=direction,
            confidence=confidence,
        )
        levels = table[table["statistic"] == LEVEL]
        further = _further(counts, levels, direction)
        times = len(table) // len(counts)
        table = table.assign(
            rate_low=np.tile(numbers(levels, "low"), times),
            rate_high=np.tile(numbers(levels, "high"), times),
            people_to_parity=pd.array(further * times, dtype="Int64"),
        )
        table.insert(0, "subject", name[:1].upper() + name[1:])
        found.append(table)
    if not found:
        names = ["subject", "group", "statistic", "events", "population"]
        return pd.DataFrame({name: [] for name in names})
    return pd.concat(found, ignore_index=True)


def _further(counts: pd.DataFrame, levels: pd.DataFrame, direction: str) -> list:
    """Students to the others' risk, whole and up; None where a risk is not known."""
    ends = ["events_low", "events_high", "others_low", "others_high"]
    low, high, least, most = (numbers(counts, end) for end in ends)
    events, people = (low + high) / 2, (low + high + least + most) / 2
    others = divide(events.sum() - events, people.sum() - people)
    sign = 1 if direction == HIGHER else -1
    short = sign * (others * people - events)
    known = levels["estimate"].notna().to_numpy() & np.isfinite(short)
    return [
        max(0, ceil(round(value, 9))) if is_known else None
        for value, is_known in zip(short, known, strict=True)
    ]


def over_years(
    outcomes: pd.DataFrame,
    totals: pd.DataFrame,
    breaks: pd.DataFrame,
    *,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Say of each outcome whether its gap from the reference is closing.

    Parameters
    ----------
    outcomes, totals
        As in `of_district`, of all years.
    breaks
        Tidy `breaks`: ``outcome, year, changed``.
    reference
        The group that others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `closing.change` of the differences in rates of each year, with ``subject``
        (the outcome) first. No rows of outcomes of one year.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White"] * 2)
    >>> rows = pd.DataFrame({"outcome": "absent", "race": race, "direction":
    ...     "lower is better", "year": ["2024"] * 2 + ["2025"] * 2, "population": 900,
    ...     "events_low": [300, 90, 180, 90], "events_high": [300, 90, 180, 90]})
    >>> none = pd.DataFrame({"outcome": [], "year": [], "changed": [], "of": []})
    >>> found = over_years(rows, rows.iloc[:0].assign(of=""), none, reference="White")
    >>> found.query("statistic == 'change'")[["subject", "group", "reliability"]]
      subject  group reliability
    0  Absent  Black     closing
    """
    require_columns(totals, ["outcome", "year", "of"])
    district = totals[totals["of"] == "district"]
    found = []
    for name in dict.fromkeys([*outcomes["outcome"], *district["outcome"]]):
        whole = district[district["outcome"] == name]
        rows = whole if len(whole) else outcomes[outcomes["outcome"] == name]
        if rows["year"].nunique() < 2 or reference not in set(rows["race"].astype(str)):
            continue
        yearly = closing.of_outcomes(
            counted.by_year(
                rows, outcome=name, reference=reference, confidence=confidence
            )
        )
        changed = closing.breaks_of(breaks, name, yearly)
        table = closing.change(yearly, breaks=changed, confidence=confidence)
        table.insert(0, "subject", name[:1].upper() + name[1:])
        found.append(table)
    if not found:
        names = ["subject", "group", "statistic", "events", "population"]
        return pd.DataFrame({name: [] for name in names})
    return pd.concat(found, ignore_index=True)


def federal(
    totals: pd.DataFrame,
    *,
    threshold: float,
    min_cell: int = disproportionality.MIN_CELL,
    min_n: int = disproportionality.MIN_N,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Follow the federal rule on disproportionality, of outcomes that are unwished for.

    Parameters
    ----------
    totals
        Tidy totals of the district and of the state (``of``), by year.
    threshold
        The state's.
    min_cell, min_n
        Its least students with the outcome, and least students.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject`` and ``group`` of outcomes whose direction is "lower is
        better" and that both publish: ``year`` (the last of which both do, which need
        not be the same of all outcomes), ``events``, ``population``, the measure
        columns, ``low`` and ``high`` of `disproportionality.ratios`, ``threshold`` and
        ``reliability``: the rule's verdict in words. ``reference`` says whom the group
        is compared with: all other students of the district, those whose race is not
        on record included, or those of the state where the district has too few.

    Notes
    -----
    A group that the state's totals lack is among the others. It has no row itself
    where the rule compares it with the state's others, who are then not known.

    References
    ----------
    34 CFR 300.647; see `disproportionality`.

    Examples
    --------
    >>> rows = pd.DataFrame({"outcome": "identified", "direction": "lower is better",
    ...     "race": pd.Categorical(["Black", "White"] * 2), "year": "2025",
    ...     "of": ["district"] * 2 + ["state"] * 2,
    ...     "population": [120, 1000, 900, 9000], "events_low": [36, 50, 90, 400],
    ...     "events_high": [36, 50, 90, 400]})
    >>> found = federal(rows, threshold=3)
    >>> found[["group", "estimate"]].round(2).values.tolist()
    [['Black', 6.0], ['White', 0.17]]
    >>> found["reliability"].to_list()
    ['above the threshold, for fewer than 3 years running', 'not above the threshold']
    """
    require_columns(totals, ["outcome", "year", "of", "direction"])
    unwished = totals[totals["direction"] == LOWER]
    found = []
    for name in dict.fromkeys(unwished["outcome"]):
        sides = [
            counted.counts(unwished[unwished["of"] == of], outcome=name)
            if (unwished["of"] == of).any()
            else pd.DataFrame({"year": []})
            for of in ("district", "state")
        ]
        years = sorted(set(sides[0]["year"]) & set(sides[1]["year"]))
        if not years:
            continue
        ratios = [
            _federal_year(*sides, year, min_cell, min_n, confidence) for year in years
        ]
        table = disproportionality.flags(pd.concat(ratios), threshold=threshold)
        table = table.assign(
            year=years[-1],
            measure="risk ratio by the federal rule",
            reliability=table["verdict"],
        )
        table = table[table["reason"] != disproportionality.NO_STATE]
        table.insert(0, "subject", name[:1].upper() + name[1:])
        found.append(table[_FEDERAL])
    if not found:
        return pd.DataFrame({name: [] for name in _FEDERAL})
    return pd.concat(found, ignore_index=True)


def _federal_year(
    district: pd.DataFrame,
    state: pd.DataFrame,
    year: str,
    min_cell: int,
    min_n: int,
    confidence: float,
) -> pd.DataFrame:
    """Make the ratios of one year, of all groups of the district."""
    own, whole = (
        side[side["year"] == year].reset_index(drop=True)[_COUNTED]
        for side in (district, state)
    )
    return disproportionality.ratios(
        own, whole, min_cell=min_cell, min_n=min_n, confidence=confidence
    ).assign(year=int(str(year)[:4]))


_COUNTED = ["group", "events", "population", *risk_bounds.ENDS]
_FEDERAL = [
    *("subject", "year", "group", "events", "population", "measure", "reference"),
    *("estimate", "conf_low", "conf_high", "confidence", "method", "low", "high"),
    *("threshold", "reliability"),
]
