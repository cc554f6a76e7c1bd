"""The table of the EEO-4 form: a government's own workforce as it is reported.

State and local governments report every other year how many people they employ by
job category, band of annual salary, sex and race: full-time, other than full-time, and
new hires. These are counts, not measures: no estimate, no interval.
"""

from collections.abc import Sequence

import pandas as pd

from equity.measure.job_levels import (
    CATEGORIES,
    FULL_TIME,
    NOT_RECORDED,
    PART_TIME,
    TEMPORARY,
)
from equity.measure.table import require_columns

FULL, OTHER, NEW = "Full-time", "Other than full-time", "New hires"
ANY_SALARY = "All salaries"  # the form asks for bands of full-time posts alone
SEXES = ("Female", "Male")
ANY_TIME, LATELY = "at any time", "in the year before the roster"
#: What the labels of `on_page` stand for, as the audit of small counts takes it.
COVERS = {
    "working_time": {NEW: [FULL_TIME], OTHER: [PART_TIME, TEMPORARY]},
    "pay_band": {ANY_SALARY: None},
    "hired": {ANY_TIME: None},
}
NEEDED = ["race", "sex", "job_category", "pay_band", "working_time"]
_KEYS = ["part", "job_category", "salary_band", "sex", "group"]


def form(
    workers: pd.DataFrame,
    *,
    groups: Sequence[str],
    hired_since: pd.Timestamp | str = "",
) -> pd.DataFrame:
    """Lay out the workforce as the form does, one row a cell.

    Parameters
    ----------
    workers
        Tidy `workers` of one date, as `job_levels.described` returns them with the
        form's bands. Leave out whom the form does: elected officials and their
        appointees.
    groups
        The form's groups. One that is not among the categories of `race` cannot be
        recorded: its cells are missing, not zero.
    hired_since
        The first day of the fiscal year, for new hires; without it, or without any
        hiring day on record, there are no rows of new hires.

    Returns
    -------
    DataFrame
        Columns `part` (`Full-time`, `Other than full-time`, `New hires`, who are
        those of the full-time hired since that day and still in post), `job_category`,
        `salary_band` (for full-time; else `All salaries`), `sex`, `group`, and
        `events` (workers). Every cell of the form has a row. Workers for whom
        something is not on record are in no cell; `left_out` counts them.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    The form is filed for each function of government apart (police, fire, health);
    give `workers` of one function. It asks for new hires in permanent full-time posts
    whether or not they are still there; a roster has only those who are.

    References
    ----------
    US Equal Employment Opportunity Commission, State and Local Government Information
    Report (EEO-4), Form 164, and its instruction booklet; 29 CFR 1602.32.

    Examples
    --------
    >>> from equity.measure import job_levels
    >>> staff = pd.DataFrame({
    ...     "race": pd.Categorical(["Black", "White"]), "sex": ["F", "M"],
    ...     "job_category": ["2", "6"], "pay": [61_000, 30_000],
    ...     "full_time": [True, False], "employment": ""})
    >>> table = form(job_levels.described(staff), groups=["Black", "White"])
    >>> table[table["events"] > 0].drop(columns=["part", "events"])
                   job_category         salary_band     sex  group
    56            Professionals  $55,000 to $69,999  Female  Black
    279  Administrative support        All salaries    Male  White
    """
    people = _placed(workers, groups)
    full = people[people["working_time"] == FULL_TIME]
    other = people[people["working_time"].isin([PART_TIME, TEMPORARY])]
    bands = [str(band) for band in workers["pay_band"].cat.categories[:-1]]
    tables = [
        _cells(FULL, full, bands, groups),
        _cells(OTHER, other.assign(pay_band=ANY_SALARY), [ANY_SALARY], groups),
    ]
    if hired_since and "hired" in workers and workers["hired"].notna().any():
        new = full[full["hired"] >= pd.Timestamp(hired_since)]
        tables.append(
            _cells(NEW, new.assign(pay_band=ANY_SALARY), [ANY_SALARY], groups)
        )
    table = pd.concat(tables, ignore_index=True)
    recorded = pd.Categorical(workers["race"]).categories
    there = table["group"].isin(recorded)
    return table.assign(events=table["events"].astype("Int64").where(there))


def on_page(
    workers: pd.DataFrame, *, groups: Sequence[str], hired_since: str = ""
) -> pd.DataFrame:
    """Lay out the form without its empty lines, under the names of other tables.

    Parameters
    ----------
    workers, groups, hired_since
        As for `form`.

    Returns
    -------
    DataFrame
        Columns `working_time` (the form's part), `job_category`, `pay_band`, `sex`,
        `group`, `hired` and `events`. A band of a job category in which nobody of
        either sex and any group works has no rows; no rows where nobody's job category
        or sex is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.measure import job_levels
    >>> staff = pd.DataFrame({
    ...     "race": pd.Categorical(["Black", "White"]), "sex": ["F", "M"],
    ...     "job_category": ["2", "6"], "pay": [61_000, 30_000],
    ...     "full_time": [True, False], "employment": ""})
    >>> table = on_page(job_levels.described(staff), groups=["Black", "White"])
    >>> len(table), table["events"].sum()
    (8, np.int64(2))
    """
    require_columns(workers, NEEDED)
    names = {"part": "working_time", "salary_band": "pay_band"}
    columns = ["working_time", "job_category", "pay_band", "sex", "group", "hired"]
    if workers.empty or not len(groups):
        return pd.DataFrame(columns=[*columns, "events"])
    table = form(workers, groups=groups, hired_since=hired_since)
    lines = table.groupby(["part", "job_category", "salary_band"])["events"]
    table = table[lines.transform("sum") > 0].rename(columns=names)
    lately = table["working_time"].eq(NEW)
    table["hired"] = lately.map({True: LATELY, False: ANY_TIME})
    return table[[*columns, "events"]].reset_index(drop=True)


def year_before(day: pd.Timestamp) -> str:
    """Name the first of the twelve months that end with a day.

    Parameters
    ----------
    day
        That of a roster; may be missing.

    Returns
    -------
    str
        A date as text; empty where there is none.

    Examples
    --------
    >>> year_before(pd.Timestamp("2025-12-31"))
    '2025-01-01'
    """
    if pd.isna(day):
        return ""
    first = pd.Timestamp(day) - pd.DateOffset(years=1) + pd.Timedelta(days=1)
    return f"{first:%Y-%m-%d}"


def left_out(workers: pd.DataFrame, *, groups: Sequence[str]) -> pd.DataFrame:
    """Count the workers who are in no cell of the form, and why.

    Parameters
    ----------
    workers, groups
        As for `form`.

    Returns
    -------
    DataFrame
        One row per `reason`, the first that applies, with `events` (workers);
        together with `Full-time` and `Other than full-time` these are all workers.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.measure import job_levels
    >>> staff = pd.DataFrame({
    ...     "race": pd.Categorical(["Unknown", "White"]), "sex": "F",
    ...     "job_category": ["2", ""], "pay": [61_000, 30_000], "full_time": True,
    ...     "employment": ""})
    >>> table = left_out(job_levels.described(staff), groups=["Black", "White"])
    >>> table[table["events"] > 0]
                                   reason  events
    0   race is not one of the form's groups       1
    2  job category is not one of the form's       1
    """
    reasons = _reasons(workers, groups)
    first = pd.Series("", index=workers.index)
    for reason, applies in reasons.items():
        first = first.where(~applies | first.ne(""), reason)
    counts = first[first != ""].value_counts().reindex(list(reasons), fill_value=0)
    return counts.rename_axis("reason").rename("events").reset_index()


def _reasons(workers: pd.DataFrame, groups: Sequence[str]) -> dict[str, pd.Series]:
    require_columns(workers, NEEDED)
    full = workers["working_time"] == FULL_TIME
    return {
        "race is not one of the form's groups": ~workers["race"].isin(list(groups)),
        "sex is not one of the form's": ~workers["sex"].isin(SEXES),
        "job category is not one of the form's": ~workers["job_category"].isin(
            list(CATEGORIES)
        ),
        "full-time or not is not recorded": workers["working_time"] == NOT_RECORDED,
        "full-time without pay on record": full & (workers["pay_band"] == NOT_RECORDED),
    }


def _placed(workers: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    reasons = _reasons(workers, groups)
    return workers[~pd.concat(list(reasons.values()), axis=1).any(axis=1)]


def _cells(
    part: str, people: pd.DataFrame, bands: list[str], groups: Sequence[str]
) -> pd.DataFrame:
    """Count the people of one part of the form, every cell of it."""
    sides = [[part], list(CATEGORIES), bands, list(SEXES), list(groups)]
    names = ["job_category", "pay_band", "sex", "race"]
    sizes = people[names].astype("str").groupby(names).size()
    cells = pd.MultiIndex.from_product(sides[1:], names=names)
    table = sizes.reindex(cells, fill_value=0).rename("events").reset_index()
    table.insert(0, "part", part)
    table.columns = [*_KEYS, "events"]
    return table
