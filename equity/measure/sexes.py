"""Women and men in each job category: their share of its jobs, beside that of all jobs.

Shares are of employees whose race and sex are on record, so that they can be set beside
shares by race of the same people.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.measure import intervals, job_levels
from equity.measure.job_levels import NOT_RECORDED
from equity.measure.table import MEASURE_COLUMNS, divide, measure_table, require_columns

FEMALE, MALE = "Female", "Male"
COLUMNS = ["job_category", "sex", "events", "workforce_share", *MEASURE_COLUMNS]


def by_category(
    workers: pd.DataFrame, *, groups: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Give the share of each sex in each job category.

    Parameters
    ----------
    workers
        As `job_levels.described` returns them.
    groups
        The races on record; people of other labels are left out.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `job_category` and `sex`, in their order: `events` (workers), the
        measure columns of the sex's share of the category, and `workforce_share`, its
        share of the workers of all categories. Workers whose sex or job category is not
        on record are left out; no rows where all are.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": "White", "sex": ["Female", "Male", "Male"],
    ...                       "job_category": "Technicians"})
    >>> table = by_category(staff, groups=["White"])
    >>> table[["job_category", "sex", "events", "estimate"]].round(2)
      job_category     sex  events  estimate
    0  Technicians  Female       1      0.33
    1  Technicians    Male       2      0.67
    """
    require_columns(workers, ["race", "sex", "job_category"])
    people = on_record(workers[workers["race"].isin(list(groups))])
    if people.empty:
        return pd.DataFrame(columns=COLUMNS)
    keys = ["job_category", "sex"]
    kept = [
        list(
            people[name]
            .astype("category")
            .cat.remove_unused_categories()
            .cat.categories
        )
        for name in keys
    ]
    sizes = people.groupby(keys, observed=True).size()
    cells = pd.MultiIndex.from_product(kept, names=keys)
    frame = sizes.reindex(cells, fill_value=0).rename("events").reset_index()
    total = frame.groupby("job_category")["events"].transform("sum")
    frame = frame[total > 0].reset_index(drop=True)
    frame = frame.astype({name: people[name].dtype for name in keys})
    events = frame["events"].to_numpy(dtype=float)
    total = frame.groupby("job_category", observed=True)["events"].transform("sum")
    own = frame.groupby("sex", observed=True)["events"].transform("sum")
    low, high = intervals.wilson(events, total.to_numpy(float), confidence)
    return measure_table(
        frame.assign(workforce_share=divide(own, np.full(len(own), len(people)))),
        measure="share of the job category",
        reference=None,
        estimate=divide(events, total),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Wilson score",
    )


def on_record(workers: pd.DataFrame) -> pd.DataFrame:
    """Keep workers whose sex and job category are on record.

    Parameters
    ----------
    workers
        As `job_levels.described` returns them.

    Returns
    -------
    DataFrame
        The rows.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"sex": ["Female", "Not recorded"], "job_category": "x"})
    >>> len(on_record(staff))
    1
    """
    require_columns(workers, ["sex", "job_category"])
    told = workers[["sex", "job_category"]].ne(NOT_RECORDED).all(axis=1)
    return workers[told]


def by_race(
    workers: pd.DataFrame, *, groups: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Give each group's share of the women, and of the men.

    Parameters
    ----------
    workers, groups, confidence
        As for `by_category`; job categories are not needed.

    Returns
    -------
    DataFrame
        As `job_levels.crossed`, with `sex`. No rows where no sex is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": pd.Categorical(["White", "Asian", "White"]),
    ...                       "sex": ["Female", "Female", "Male"]})
    >>> by_race(staff, groups=["Asian", "White"])[["sex", "group", "estimate"]]
          sex  group  estimate
    0  Female  Asian       0.5
    1  Female  White       0.5
    2    Male  Asian       0.0
    3    Male  White       1.0
    """
    return job_levels.crossed(
        workers, groups=groups, levels=["sex"], confidence=confidence
    )
