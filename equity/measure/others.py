"""Outcomes of a group beside all other students, where some counts are masked.

`risk` compares a group with all other students where every count is known. Where some
are masked, a group's events lie between the fewest and the most that the publication
allows, and so do those of all others: one end of a comparison has the group at its
fewest and the others at their most, the other end the reverse. The limits cover both
ends, and chance.
"""

from math import ceil

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import intervals
from equity.measure.outcomes import EXACT, MASKED, UNKNOWN, WIDE
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.risk import NEWCOMBE, OTHERS, RISK, RISK_DIFFERENCE, RISK_RATIO
from equity.measure.table import (
    HIGHER,
    LOWER,
    check_confidence,
    divide,
    measure_table,
    numbers,
    require_columns,
)

ENDS = ["events_low", "events_high"]
PEOPLE = ["population_low", "population_high"]
MOVER = "square-and-add ratio of Wilson limits"
AT_ENDS = " at both ends of the bounds"


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
        The rows of the latest year of each outcome, of one or the other.

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
        Tidy `outcomes` of one year each: `outcome, race, direction, events_low,
        events_high, population_low, population_high`, added up over units here.
        Students of no known race are among the others where their rows are given.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject`` (the outcome), ``group`` and ``statistic`` ("level",
        "difference", "ratio"): ``events``, ``population`` (missing where masked), their
        bounds, ``rate_low``, ``rate_high``, the measure columns, ``people_to_parity``
        (students fewer, or more where higher is better, that bring the group's risk to
        that of the others, from the middle of the bounds), ``direction`` and
        ``reliability`` as `outcomes.by_race` has them. No rows without outcomes.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If rows of one outcome have two directions.

    Notes
    -----
    Every group is compared, the largest too. Where everything is known this is
    `risk.against_others`. Students are taken as independent.

    References
    ----------
    Bollmer, Bethel, Munk and Bitterman (2014), Methods for Assessing Racial/Ethnic
    Disproportionality in Special Education, IDEA Data Center, chapter 4. Manski (2003),
    Partial Identification of Probability Distributions, chapter 1. Wilson (1927), JASA
    22, 209-212; Newcombe (1998), Statistics in Medicine 17, 873-890; Donner and Zou
    (2012), Statistical Methods in Medical Research 21, 347-359.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White", "Asian"])
    >>> pupils = pd.DataFrame({"outcome": "suspended", "race": race,
    ...     "direction": "lower is better",
    ...     "events_low": [316, 732, 1], "events_high": [316, 732, 9],
    ...     "population_low": [6224, 34897, 1213], "population_high":
    ...     [6224, 34897, 1213]})
    >>> found = by_outcome(pupils).query("statistic == 'ratio' and group == 'Black'")
    >>> found[["subject", "group", "estimate", "conf_low", "conf_high"]].round(2)
         subject  group  estimate  conf_low  conf_high
    7  Suspended  Black      2.49      2.17       2.85
    """
    require_columns(outcomes, ["outcome", "race", "direction", *ENDS, *PEOPLE])
    found = []
    for name in dict.fromkeys(outcomes["outcome"].astype(str)):
        rows = outcomes[outcomes["outcome"] == name]
        said = sorted(rows["direction"].astype(str).unique())
        if len(said) != 1 or said[0] not in (HIGHER, LOWER):
            raise InputError(
                f"column direction says {said} of {name!r}; expected one of "
                f"{[HIGHER, LOWER]}"
            )
        sums = _summed(rows)
        for statistic in (LEVEL, DIFFERENCE, RATIO):
            table = _compared(sums, statistic, said[0], check_confidence(confidence))
            table.insert(0, "subject", name[:1].upper() + name[1:])
            found.append(table)
    if not found:
        names = ["subject", "group", "statistic", "events", "population"]
        return pd.DataFrame({name: [] for name in names})
    return pd.concat(found, ignore_index=True)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the bounds of each group over units; one without an end has none."""
    known = rows[[*ENDS, *PEOPLE]].astype(float)
    race = rows["race"].astype("category").cat.remove_unused_categories()
    sums = known.groupby(race, observed=False).sum().reset_index(names="group")
    opened = known.isna().any(axis=1).groupby(race, observed=False).any()
    sums.loc[opened.fillna(False).to_numpy(bool), [*ENDS, *PEOPLE]] = np.nan
    return sums


def _compared(
    sums: pd.DataFrame, statistic: str, direction: str, confidence: float
) -> pd.DataFrame:
    own = _ends(sums)
    rest = _ends(sums[[*ENDS, *PEOPLE]].sum(skipna=False) - sums[[*ENDS, *PEOPLE]])
    fewest, most = (divide(*own[end]) for end in ("low", "high"))
    wide = np.isnan(most - fewest) | (most - fewest > WIDE)
    theirs = tuple(divide(*rest[end]) for end in ("low", "high"))
    apart = np.isnan(theirs[1] - theirs[0]) | (theirs[1] - theirs[0] > WIDE)
    middle, others = (fewest + most) / 2, (theirs[0] + theirs[1]) / 2
    exact = (fewest == most) & ((theirs[0] == theirs[1]) | (statistic == LEVEL))
    known = ~wide & (~apart | (statistic == LEVEL))
    if statistic == LEVEL:
        estimate = middle
        low = intervals.wilson(*own["low"], confidence)[0]
        high = intervals.wilson(*own["high"], confidence)[1]
        measure, method, reference = RISK, "Wilson score", None
    else:
        difference = statistic == DIFFERENCE
        estimate = middle - others if difference else divide(middle, others)
        limits = _difference if difference else _ratio
        low = limits(own["low"], rest["high"], confidence)[0]
        high = limits(own["high"], rest["low"], confidence)[1]
        measure = RISK_DIFFERENCE if difference else RISK_RATIO
        method, reference = NEWCOMBE if difference else MOVER, OTHERS
    method += "" if exact.all() else AT_ENDS
    return measure_table(
        _labelled(sums, fewest, most).assign(statistic=statistic),
        measure=measure,
        reference=reference,
        estimate=np.where(known, estimate, np.nan),
        conf_low=np.where(known, low, np.nan),
        conf_high=np.where(known, high, np.nan),
        confidence=confidence,
        method=method,
        people_to_parity=_needed(sums, middle, others, direction, ~wide & ~apart),
        direction=direction,
        reliability=np.select([~known, ~exact], [UNKNOWN, MASKED], EXACT),
    )


def _ends(sums: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Events and people at the fewest and the most events."""
    people = numbers(sums, PEOPLE[0]), numbers(sums, PEOPLE[1])
    events = numbers(sums, ENDS[0]), numbers(sums, ENDS[1])
    # the least share has the fewest events among the most people
    return {
        "low": (events[0], people[1]),
        "high": (np.minimum(events[1], people[1]), np.maximum(people[0], events[1])),
    }


def _difference(own: tuple, rest: tuple, confidence: float) -> tuple:
    return intervals.newcombe_difference(*own, *rest, confidence)


def _ratio(own: tuple, rest: tuple, confidence: float) -> tuple:
    sides = [
        (divide(*side), *intervals.wilson(*side, confidence)) for side in (own, rest)
    ]
    return intervals.mover_ratio(*sides[0], *sides[1])


def _labelled(sums: pd.DataFrame, fewest: np.ndarray, most: np.ndarray) -> pd.DataFrame:
    low, high = (sums[end].astype("Int64") for end in ENDS)
    least, largest = (sums[end].astype("Int64") for end in PEOPLE)
    return pd.DataFrame(
        {
            "group": sums["group"],
            "events": low.where((low == high).fillna(False)),
            "events_low": low,
            "events_high": high,
            "population": least.where((least == largest).fillna(False)),
            "population_low": least,
            "population_high": largest,
            "rate_low": fewest,
            "rate_high": most,
        }
    )


def _needed(
    sums: pd.DataFrame,
    middle: np.ndarray,
    others: np.ndarray,
    direction: str,
    known: np.ndarray,
) -> pd.Series:
    """Students to the others' risk, from the middle of the bounds, whole and up."""
    people = (numbers(sums, PEOPLE[0]) + numbers(sums, PEOPLE[1])) / 2
    sign = 1 if direction == HIGHER else -1
    short = sign * (others - middle) * people
    return pd.array(
        [
            max(0, ceil(round(value, 9))) if is_known else None
            for value, is_known in zip(short, known, strict=True)
        ],
        dtype="Int64",
    )
