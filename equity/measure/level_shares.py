"""Who is paid best, and who works less than full time, beside the whole workforce.

If posts at a level were held by all groups alike, a group would have the same share of
them as of all employees.

**Terms**

best-paid tenth
    Of those in full-time posts whose pay is on record; see `job_levels`.
working time
    Full-time, part-time and temporary posts, each apart.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from equity.measure import intervals
from equity.measure.benchmarks import PARITY, compared, people_to_parity
from equity.measure.job_levels import (
    FULL_TIME,
    PART_TIME,
    TEMPORARY,
    TOP,
)
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import MEASURE_COLUMNS, divide, require_columns

ANY = {"top_pay": "Any pay", "working_time": "Any hours"}
#: What the levels are, in the order shown: the column, its value, and its name.
LEVELS = (
    ("top_pay", TOP, "The best-paid tenth of full-time posts"),
    ("working_time", FULL_TIME, "Full-time posts"),
    ("working_time", PART_TIME, "Part-time posts"),
    ("working_time", TEMPORARY, "Temporary or seasonal posts"),
)
NAMES = tuple(name for _, _, name in LEVELS)
#: How a sentence calls the posts.
CALLED = {
    "The best-paid tenth of full-time posts": "the best-paid tenth of full-time posts",
    "Full-time posts": "full-time posts",
    "Part-time posts": "part-time posts",
    "Temporary or seasonal posts": "temporary or seasonal posts",
}
EVERYBODY = "all employees"
MEASURES = {
    LEVEL: "share of a level",
    DIFFERENCE: "difference from the share of all employees",
    RATIO: "ratio to the share of all employees",
}
METHODS = {
    LEVEL: "Wilson score",
    DIFFERENCE: "Wilson score; all employees counted in full",
    RATIO: "Wilson score; all employees counted in full",
}
COLUMNS = [
    *("held", *ANY, "group", "events", "population", "benchmark", "statistic"),
    *(*MEASURE_COLUMNS, "people_to_parity", "direction"),
]


def beside_all(
    workers: pd.DataFrame, *, groups: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's share of a level with its share of all employees.

    Parameters
    ----------
    workers
        As `job_levels.described` returns them.
    groups
        The groups that shares are made of; people of other labels are left out. A
        group that is not among the categories of `race` is missing, not zero.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `held` (the level's name), `group` and `statistic`, with the
        level's place in `top_pay` and `working_time`, `events`
        (workers of the group at the level), `population` (of all groups), `benchmark`
        (the group's share of all workers), the measure columns, `people_to_parity`
        and `direction`. Levels at which nobody is, or that are not on record, have no
        rows; and where everybody is at the level, there is nothing to compare.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    Those at a level are among all employees too, so the two shares are not
    independent. All employees are counted in full; the limits are Wilson's of the
    share at the level, and say how far chance in filling its posts could move it.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": pd.Categorical(["Black", "White"] * 10),
    ...     "top_pay": ["Best-paid tenth"] * 2 + ["The other nine tenths"] * 18,
    ...     "working_time": "Full-time"})
    >>> table = beside_all(staff, groups=["Black", "White"])
    >>> table[["group", "events", "population", "benchmark", "estimate"]].head(2)
       group  events  population  benchmark  estimate
    0  Black       1           2        0.5       0.5
    1  White       1           2        0.5       0.5
    """
    require_columns(workers, ["race", *ANY])
    people = workers[workers["race"].isin(list(groups))]
    whole = _counts(people, groups)
    tables = [
        _one(people, column, value, name, whole, groups, confidence)
        for column, value, name in LEVELS
        if 0 < people[column].eq(value).sum() < len(people)
    ]
    return pd.concat(tables, ignore_index=True) if tables else _nothing()


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def _counts(people: pd.DataFrame, groups: Sequence[str]) -> pd.Series:
    """Workers of each group, missing where the group cannot be recorded."""
    sizes = people["race"].astype("str").value_counts().reindex(groups, fill_value=0)
    there = sizes.index.isin(pd.Categorical(people["race"]).categories)
    return sizes.astype("Int64").where(there)


def _one(
    people: pd.DataFrame,
    column: str,
    value: str,
    name: str,
    whole: pd.Series,
    groups: Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    there = _counts(people[people[column] == value], groups)
    total = int(there.sum())
    frame = pd.DataFrame({"held": name, **(ANY | {column: value})}, index=there.index)
    frame = frame.rename_axis("group").reset_index()
    frame["group"] = pd.Categorical(frame["group"], list(groups), ordered=True)
    frame["events"], frame["population"] = there.to_numpy(), total
    own, every = (part.to_numpy(float, na_value=np.nan) for part in (there, whole))
    share = divide(every, np.nansum(every))
    frame["benchmark"] = share
    frame = frame[["held", *ANY, "group", "events", "population", "benchmark"]]
    exact = [None if np.isnan(n) else Fraction(int(n), len(people)) for n in every]
    size = np.full(len(own), float(total))
    return compared(
        frame,
        share=divide(own, size),
        limits=intervals.wilson(own, size, confidence),
        benchmark=(share, share, share),
        reference=EVERYBODY,
        measures=MEASURES,
        methods=METHODS,
        confidence=confidence,
        people_to_parity=people_to_parity(own, size, exact),
        direction=PARITY,
    )
