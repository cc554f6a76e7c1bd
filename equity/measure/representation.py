"""Workforce representation: each group's share of the workforce against residents.

The benchmark here is all residents of the city. Other benchmarks (residents of
working age, the labour force, those available in an occupation) answer other
questions; this one answers: does the workforce look like the city?

The roster is a full count, so the share on its date is certain. The intervals answer
a further question: what would the share be if the same hiring went on? They treat the
workforce as a draw, and carry the census margins of the residents' shares.
"""

from fractions import Fraction

import numpy as np
import pandas as pd

from equity.measure import acs, benchmarks, intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    MEASURE_COLUMNS,
    divide,
    measure_table,
    numbers,
    require_columns,
)

WHOLE = "All departments"
OTHERS = "All other departments"
LARGE = 1_000  # employees of a department that is crossed with other levels
#: Labels of `race`, as tidy tables write them, that are no groups.
UNKNOWN = ("Unknown", "Declined", "Refused", "Not recorded")
RECORDED, NOT_RECORDED = "recorded", "the roster cannot record this group"


def by_race(
    workers: pd.DataFrame, population: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's share of the workforce with its share of residents.

    Parameters
    ----------
    workers
        Tidy `workers` of one date. `race` is a categorical: a group of `population`
        that is not among its categories cannot be recorded by the roster, and stays
        missing, not zero.
    population
        Tidy `population`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per group of `population` and `statistic`: `level` (share of the
        workforce whose race is on record), `difference` (from the residents' share)
        and `ratio` (to it). With `department`, `group`, `events` (workers),
        `population` (workers whose race is on record), `benchmark`,
        `benchmark_low`, `benchmark_high` (residents' share), the measure columns,
        `people_to_parity` (workers more, at the same size of the workforce; zero at
        or above parity), `direction` and `reliability`.

    References
    ----------
    Wilson (1927), JASA 22, 209-212. Zou and Donner (2008), Statistics in Medicine
    27, 1693-1702 (difference). Donner and Zou (2012), Statistical Methods in Medical
    Research 21, 347-359 (ratio).

    Examples
    --------
    >>> race = pd.Categorical(["White"] * 30 + ["Black"] * 10, ["Black", "White"])
    >>> staff = pd.DataFrame({"race": race, "department": "Fire"})
    >>> people = pd.DataFrame({"area": "1", "race": ["Black", "White"],
    ...                        "estimate": [400, 600], "moe": np.nan})
    >>> table = by_race(staff, people)
    >>> table.query("statistic == 'level'")[
    ...     ["group", "events", "benchmark", "estimate", "people_to_parity"]]
       group  events  benchmark  estimate  people_to_parity
    0  Black      10        0.4      0.25                 6
    1  White      30        0.6      0.75                 0
    """
    whole = workers.assign(department=WHOLE)
    return by_department(whole, population, confidence=confidence)


def largest_departments(workers: pd.DataFrame, largest: int) -> pd.DataFrame:
    """Put all but the largest departments together.

    Parameters
    ----------
    workers
        Tidy `workers` of one date.
    largest
        How many departments keep their name.

    Returns
    -------
    DataFrame
        `workers`, its `department` a categorical: largest first, the others last.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"department": ["Fire", "Fire", "Parks"]})
    >>> largest_departments(staff, 1)["department"].to_list()
    ['Fire', 'Fire', 'All other departments']
    """
    require_columns(workers, ["department"])
    sizes = workers["department"].value_counts().rename_axis("name").reset_index()
    sizes = sizes.sort_values(["count", "name"], ascending=[False, True])
    kept = sizes["name"].head(largest).to_list()
    order = kept if len(sizes) <= largest else [*kept, OTHERS]
    named = workers["department"].where(workers["department"].isin(kept), OTHERS)
    kinds = pd.CategoricalDtype(order, ordered=True)
    return workers.assign(department=named.astype(kinds))


def large_departments(workers: pd.DataFrame, *, least: int = LARGE) -> pd.DataFrame:
    """Keep the names of large departments, and put the others together.

    Where departments are crossed with another level, nearly every cell of a smaller
    department would be hidden, and its other cells could be worked back.

    Parameters
    ----------
    workers
        Tidy `workers` of one date.
    least
        How many employees a large department has.

    Returns
    -------
    DataFrame
        As `largest_departments`; no rows where no department is large.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"department": ["Fire", "Fire", "Parks"]})
    >>> large_departments(staff, least=2)["department"].to_list()
    ['Fire', 'Fire', 'All other departments']
    >>> len(large_departments(staff))
    0
    """
    require_columns(workers, ["department"])
    many = int((workers["department"].value_counts() >= least).sum())
    return largest_departments(workers if many else workers.iloc[:0], many)


def counts(workers: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Count the workers of each department and race.

    Parameters
    ----------
    workers
        Tidy `workers` of one date.
    population
        Tidy `population`, which says what the groups are.

    Returns
    -------
    DataFrame
        One row per `department` and `race` that can be recorded, with `events`.
        Workers without a race on record are left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> race = pd.Categorical(["White", "Black", "White"], ["Black", "White"])
    >>> staff = pd.DataFrame({"race": race, "department": "Fire"})
    >>> counts(staff, pd.DataFrame({"race": ["Black", "White"]}))
      department   race  events
    0       Fire  Black       1
    1       Fire  White       2
    """
    require_columns(workers, ["race", "department"])
    require_columns(population, ["race"])
    groups = set(population["race"])
    kept = [group for group in workers["race"].cat.categories if group in groups]
    rows = workers[workers["race"].isin(kept)]
    rows = rows.assign(race=rows["race"].cat.set_categories(kept))
    sizes = rows.groupby(["department", "race"], observed=False).size()
    return sizes.rename("events").reset_index()


def by_department(
    workers: pd.DataFrame, population: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare shares with residents in each department.

    Parameters
    ----------
    workers
        Tidy `workers` of one date; the order of the departments is that of their
        categories, as `largest_departments` makes them.
    population
        Tidy `population`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `by_race`, per `department`. No rows without workers or residents.

    Examples
    --------
    >>> race = pd.Categorical(["White", "Black", "White"], ["Black", "White"])
    >>> staff = pd.DataFrame({"race": race, "department": ["Fire", "Fire", "Parks"]})
    >>> people = pd.DataFrame({"area": "1", "race": ["Black", "White"],
    ...                        "estimate": [400, 600], "moe": np.nan})
    >>> table = by_department(staff, people)
    >>> table["department"].cat.categories.to_list()
    ['Fire', 'Parks']
    """
    require_columns(workers, ["race", "department"])
    if workers.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    benchmark = acs.shares(population, confidence=confidence)
    groups = list(benchmark["group"])
    recorded = workers["race"].cat.categories
    department = workers["department"].astype("category")
    counts = pd.crosstab(department, workers["race"].astype(str))
    counts = counts.reindex(department.cat.categories, fill_value=0)
    counts = counts.reindex(columns=groups, fill_value=0)
    counts = counts.rename_axis(index="department", columns=None).reset_index()
    frame = counts.melt("department", var_name="group", value_name="events")
    frame["population"] = frame.groupby("department")["events"].transform("sum")
    frame["department"] = frame["department"].astype(department.dtype)
    frame["group"] = pd.Categorical(frame["group"], groups, ordered=True)
    frame = frame.sort_values(["department", "group"], ignore_index=True)
    there = frame["group"].isin(recorded)
    frame["events"] = frame["events"].astype("Int64").where(there)
    each = benchmark.set_index("group").loc[frame["group"]]
    frame = frame.assign(
        benchmark=each["estimate"].to_numpy(),
        benchmark_low=each["conf_low"].to_numpy(),
        benchmark_high=each["conf_high"].to_numpy(),
        reliability=np.where(there, RECORDED, NOT_RECORDED),
    )
    parity = _people_to_parity(frame, each)
    return _compared(frame, confidence, parity)


def coverage(workers: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Count the workforce by race as recorded, those without a race included.

    Parameters
    ----------
    workers
        Tidy `workers` of one date.
    population
        Tidy `population`: its groups are those that shares are made of. Without
        residents they are all that the roster can record but those of `UNKNOWN`.

    Returns
    -------
    DataFrame
        One row per category of `race`: `group`, `recorded` (`race on record` for the
        groups that shares are made of, else `race not on record`; they add up to the
        `population` of `by_race`), `events` (workers), `population` (all workers), and
        the measure columns; the share is exact.

    Examples
    --------
    >>> race = pd.Categorical(["White", "Unknown"], ["White", "Unknown"])
    >>> people = pd.DataFrame({"race": ["White"]})
    >>> table = coverage(pd.DataFrame({"race": race}), people)
    >>> table[["group", "recorded", "events", "estimate"]]
         group            recorded  events  estimate
    0    White      race on record       1       0.5
    1  Unknown  race not on record       1       0.5
    """
    require_columns(workers, ["race"])
    require_columns(population, ["race"])
    counts = workers["race"].value_counts(sort=False)
    known = set(population["race"]) or set(counts.index) - set(UNKNOWN)
    frame = pd.DataFrame(
        {
            "group": counts.index.astype(str),
            "recorded": np.where(
                counts.index.isin(list(known)),
                "race on record",
                "race not on record",
            ),
            "events": counts.to_numpy(),
            "population": len(workers),
        }
    )
    share = numbers(frame, "events") / max(len(workers), 1)
    return measure_table(
        frame,
        measure="share of all workers",
        reference=None,
        estimate=share,
        conf_low=share,
        conf_high=share,
        confidence=0.95,
        method="full count",
    )


COLUMNS = [
    *("department", "group", "events", "population", "benchmark", "benchmark_low"),
    *("benchmark_high", "reliability", "statistic", *MEASURE_COLUMNS),
    *("people_to_parity", "direction"),
]
MEASURES = {
    LEVEL: "share of workforce",
    DIFFERENCE: "difference from share of residents",
    RATIO: "proportionality index",
}
METHODS = {
    LEVEL: "Wilson score",
    DIFFERENCE: "square-and-add of Wilson and census limits",
    RATIO: "square-and-add ratio of Wilson and census limits",
}


def _compared(
    frame: pd.DataFrame, confidence: float, parity: pd.Series
) -> pd.DataFrame:
    events, population = numbers(frame, "events"), numbers(frame, "population")
    names = ("benchmark", "benchmark_low", "benchmark_high")
    return benchmarks.compared(
        frame,
        share=divide(events, population),
        limits=intervals.wilson(events, population, confidence),
        benchmark=[numbers(frame, name) for name in names],
        reference="residents",
        measures=MEASURES,
        methods=METHODS,
        confidence=confidence,
        people_to_parity=parity,
        direction=benchmarks.PARITY,
    )


def _people_to_parity(frame: pd.DataFrame, benchmark: pd.DataFrame) -> pd.Series:
    """Count workers short of the residents' share, in whole people, exactly."""
    shares = [
        None if pd.isna(g) or pd.isna(n) or n == 0 else Fraction(int(g), int(n))
        for g, n in zip(benchmark["events"], benchmark["population"], strict=True)
    ]
    people = benchmarks.people_to_parity(
        numbers(frame, "events"), numbers(frame, "population"), shares
    )
    return pd.Series(people, index=frame.index)
