"""Who came, who went, who moved: flows from rosters of different days.

Where people have numbers, two rosters tell who is new, who is gone and whose post
changed; `between` writes that as events. Where they have none, nobody can be followed:
two rosters tell by how much a group grew or shrank and, if the later one has hiring
days, how many of those now in post came since; how many went follows from these
(`change`). With one roster and the events that led to it, `in_post` goes back to an
earlier day.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.pools import HIRE, PROMOTION, SEPARATION
from equity.measure.table import divide, measure_table, require_columns

EVENTS = [
    *("worker_id", "kind", "date", "race", "detail", "department", "job_category"),
]
MOVE = "move"
DAYS = 365.25  # in a year
FROM_EVENTS, FROM_HIRING_DAYS = "events", "hiring days; those who went are the rest"
NET = "net change alone: no hiring days"


def in_post(
    workers: pd.DataFrame, events: pd.DataFrame, *, days: Sequence[pd.Timestamp]
) -> pd.DataFrame:
    """Go back from a roster to those in post on earlier days.

    Parameters
    ----------
    workers
        Tidy `workers` of one date, with numbers.
    events
        Tidy `events` with numbers: all hires and separations since the earliest day.
    days
        Days not after the roster's.

    Returns
    -------
    DataFrame
        One row per person and day: ``worker_id``, ``race``, ``department``,
        ``job_category`` and ``as_of`` (the day, at whose end they were in post).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If the roster is of several dates, a day is after it, or people have no
        numbers.

    Notes
    -----
    A person whose first event after the day is a separation was in post; one whose
    first is a hire was not; one without either was, if in the roster and not hired
    since. Race, department and category are those of the roster, or of the
    separation for who has left: moves between departments in the meantime are not
    undone. Who left without an event is missed.

    Examples
    --------
    >>> staff = pd.DataFrame({"worker_id": ["1", "2"], "race": "White",
    ...     "department": "Fire", "job_category": "", "hired": pd.NaT,
    ...     "as_of": pd.Timestamp("2025-12-31")})
    >>> events = pd.DataFrame({"worker_id": ["2", "3"], "race": ["White", "Black"],
    ...     "kind": ["hire", "separation"], "date": pd.Timestamp("2025-06-30"),
    ...     "department": "Fire", "job_category": ""})
    >>> in_post(staff, events, days=[pd.Timestamp("2024-12-31")])[
    ...     ["worker_id", "race", "as_of"]]
      worker_id   race      as_of
    0         1  White 2024-12-31
    1         3  Black 2024-12-31
    """
    kept = ["worker_id", "race", "department", "job_category"]
    require_columns(workers, [*kept, "hired", "as_of"])
    require_columns(events, [*kept, "kind", "date"])
    (last,) = _one_date(workers)
    late = [day for day in days if day > last]
    if late:
        raise InputError(
            f"{late[0]:%Y-%m-%d} is after the roster's day, {last:%Y-%m-%d}"
        )
    _require_numbers(workers, "the roster")
    moved = events[events["kind"].isin([HIRE, SEPARATION])]
    _require_numbers(moved, "the hires and separations")
    race = workers["race"].dtype
    moved = moved.sort_values(["date", "kind"])  # a hire before a separation
    found = []
    for day in days:
        since = moved[(moved["date"] > day) & (moved["date"] <= last)]
        first = since.drop_duplicates("worker_id")
        left = first[first["kind"] == SEPARATION]
        new = first.loc[first["kind"] == HIRE, "worker_id"]
        there = workers[~workers["worker_id"].isin(new)]
        again = there["worker_id"].isin(left["worker_id"])
        there = there[again | ~(there["hired"] > day)]
        gone = left[~left["worker_id"].isin(there["worker_id"])]
        rows = pd.concat(
            [there[kept].astype({"race": "str"}), gone[kept].astype({"race": "str"})],
            ignore_index=True,
        )
        found.append(rows.assign(as_of=day))
    table = pd.concat(found, ignore_index=True)
    if isinstance(race, pd.CategoricalDtype):
        others = sorted(set(table["race"].dropna()) - set(race.categories))
        table["race"] = pd.Categorical(table["race"], [*race.categories, *others])
    return table


def between(
    first: pd.DataFrame, second: pd.DataFrame, *, ranks: Sequence[str] = ()
) -> pd.DataFrame:
    """Write the differences of two rosters as events.

    Parameters
    ----------
    first, second
        Tidy `workers` of two dates, the earlier first, with numbers.
    ranks
        Names of jobs, the lowest first. Without them nobody is said to be promoted.

    Returns
    -------
    DataFrame
        Columns of tidy `events`. A `hire` is in the second roster alone, a
        `separation` in the first alone; a `promotion` has a higher rank in the second,
        and a `move` another job that is not higher, or not of ``ranks``. Department
        and category are those before a promotion, move or separation, and after a
        hire. The date is the hiring day if it lies between the two, the leaving day
        likewise, else that of the second roster.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a roster is of several dates, they are not in order, or people have no
        numbers, or one twice.

    Notes
    -----
    Who came and went between the two is not seen, nor how often anybody moved; a new
    numbering would look as if all had left. A promotion is known to have come by the
    second date, not when.

    Examples
    --------
    >>> def roster(day, ids, jobs):
    ...     return pd.DataFrame({"worker_id": ids, "job": jobs, "race": "White",
    ...         "detail": "", "department": "Police", "job_category": "",
    ...         "hired": pd.NaT, "left": pd.NaT, "as_of": pd.Timestamp(day)})
    >>> old = roster("2021-08-01", ["1", "2"], ["Officer", "Sergeant"])
    >>> new = roster("2023-11-02", ["1", "3"], ["Sergeant", "Officer"])
    >>> between(old, new, ranks=["Officer", "Sergeant"])[["worker_id", "kind"]]
      worker_id        kind
    0         1   promotion
    1         2  separation
    2         3        hire
    """
    needed = [*EVENTS[:1], *EVENTS[3:], "job", "as_of"]
    for frame in (first, second):
        require_columns(frame, needed)
    start, end = _in_order(first, second)
    for frame, what in ((first, "the first roster"), (second, "the second roster")):
        _require_numbers(frame, what)
        twice = int(frame["worker_id"].duplicated().sum())
        if twice:
            raise InputError(
                f"{twice} of {len(frame)} rows of {what} repeat a worker's number; "
                "keep one post per person"
            )
    new = second[~second["worker_id"].isin(first["worker_id"])]
    gone = first[~first["worker_id"].isin(second["worker_id"])]
    later = second.set_index("worker_id")["job"]
    stayed = first[first["worker_id"].isin(second["worker_id"])]
    after = stayed["worker_id"].map(later)
    order = {name: place for place, name in enumerate(ranks)}
    rose = after.map(order) > stayed["job"].map(order)
    changed = after.ne(stayed["job"])
    parts = [
        new.assign(kind=HIRE, date=_inside(new, "hired", start, end)),
        gone.assign(kind=SEPARATION, date=_inside(gone, "left", start, end)),
        stayed[rose].assign(kind=PROMOTION, date=end),
        stayed[changed & ~rose].assign(kind=MOVE, date=end),
    ]
    every = list(dict.fromkeys([*_names(first), *_names(second)]))
    table = pd.concat([part[EVENTS].astype({"race": "str"}) for part in parts])
    table["race"] = pd.Categorical(table["race"], every)
    return table.sort_values(["worker_id", "date"], ignore_index=True)


def change(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count how each group of the workforce changed, who came and who went.

    Parameters
    ----------
    first, second
        Tidy `workers` of two dates, the earlier first; numbers are not needed.
    events
        Tidy `events`, those between the dates are counted. Without them, who came
        since is taken from the hiring days of the second roster, if it has any.

    Returns
    -------
    DataFrame
        One row per ``group``: ``before``, ``population`` (in post on the second date),
        ``entered``, ``left``, ``unexplained`` (the change that those who came and went
        do not account for), ``years`` between the dates, ``exposure`` (person-years:
        the mean of both counts, times the years), ``known_from``, and the measure
        columns; the estimate is the change as a share of those before, a proportion.
        Without events or hiring days, entered and left are missing.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a roster is of several dates, or they are not in order.

    Notes
    -----
    From hiring days alone, ``left`` is those before plus those who came less those now
    in post. Who came and went between the dates is in neither, and who returned with
    the first hiring day in neither too. It is missing where it comes out below zero:
    then people changed their record of race, or a roster is not whole. A group that is
    no category of one of the rosters could not be recorded then, and is missing.

    Rosters are full counts, so there is no interval.

    Examples
    --------
    >>> old = pd.DataFrame({"race": ["Black"] * 10, "hired": pd.Timestamp("2001-01-31"),
    ...                     "as_of": pd.Timestamp("2021-12-31")})
    >>> new = old.assign(as_of=pd.Timestamp("2023-12-31"))
    >>> new.loc[:3, "hired"] = pd.Timestamp("2022-05-31")
    >>> change(old, new)[["group", "before", "population", "entered", "left"]]
       group  before  population  entered  left
    0  Black      10          10        4     4
    """
    for frame in (first, second):
        require_columns(frame, ["race", "as_of"])
    start, end = _in_order(first, second)
    groups = list(dict.fromkeys([*_names(first), *_names(second)]))
    if events is not None:
        require_columns(events, ["kind", "date", "race"])
        groups = list(dict.fromkeys([*groups, *_names(events)]))
    frame = pd.DataFrame({"group": pd.Categorical(groups, groups)})
    frame["before"] = _counted(first, groups)
    frame["population"] = _counted(second, groups)
    nothing = pd.array([pd.NA] * len(groups), dtype="Int64")
    if events is not None:
        since = events[(events["date"] > start) & (events["date"] <= end)]
        entered, left = (
            _counted(since[since["kind"] == kind], groups, of=groups)
            for kind in (HIRE, SEPARATION)
        )
        known = FROM_EVENTS
    elif "hired" in second and second["hired"].notna().any():
        entered = _counted(second[second["hired"] > start], groups, of=_names(second))
        left = frame["before"] + entered - frame["population"]
        left = left.mask(left < 0)
        known = FROM_HIRING_DAYS
    else:
        entered, left, known = nothing, nothing, NET
    years = _years(start, end)
    frame["entered"], frame["left"] = entered, left
    net = frame["population"] - frame["before"]
    frame["unexplained"] = net - (frame["entered"] - frame["left"])
    frame["years"] = years
    both = (frame["before"] + frame["population"]).to_numpy(float, na_value=np.nan)
    frame["exposure"] = both / 2 * years
    frame["known_from"] = known
    share = divide(
        net.to_numpy(float, na_value=np.nan),
        frame["before"].to_numpy(float, na_value=np.nan),
    )
    return measure_table(
        frame,
        measure="change in employees",
        reference=f"{start:%Y-%m-%d}",
        estimate=share,
        conf_low=share,
        conf_high=share,
        confidence=0.95,
        method="full count",
    )


def _one_date(*frames: pd.DataFrame) -> list[pd.Timestamp]:
    found = []
    for frame in frames:
        dates = frame["as_of"].dropna().unique()
        if len(dates) != 1:
            raise InputError(
                f"a roster is of {len(dates)} dates; expected one: choose the rows of "
                "one as_of"
            )
        found.append(pd.Timestamp(dates[0]))
    return found


def _in_order(
    first: pd.DataFrame, second: pd.DataFrame
) -> tuple[pd.Timestamp, pd.Timestamp]:
    start, end = _one_date(first, second)
    if not start < end:
        raise InputError(
            f"the first roster is of {start:%Y-%m-%d}, the second of {end:%Y-%m-%d}; "
            "expected the earlier first"
        )
    return start, end


def _require_numbers(frame: pd.DataFrame, what: str) -> None:
    missing = int((frame["worker_id"].isna() | frame["worker_id"].eq("")).sum())
    if missing:
        raise InputError(
            f"{missing} of {len(frame)} rows of {what} have no worker's number, so "
            "that nobody can be followed; 'change' counts without"
        )


def _years(start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Count whole years by the calendar, and the days that are left."""
    whole = end.year - start.year
    if start + pd.DateOffset(years=whole) > end:
        whole -= 1
    return whole + (end - (start + pd.DateOffset(years=whole))).days / DAYS


def _names(frame: pd.DataFrame) -> list[str]:
    """List the groups that a frame can record."""
    race = frame["race"]
    if isinstance(race.dtype, pd.CategoricalDtype):
        return [str(name) for name in race.cat.categories]
    return sorted(str(name) for name in race.dropna().unique())


def _counted(
    frame: pd.DataFrame, groups: list[str], of: list[str] | None = None
) -> pd.Series:
    """Count the rows of each group; missing where it cannot be recorded."""
    sizes = frame["race"].astype("str").value_counts().reindex(groups, fill_value=0)
    known = pd.Series(groups).isin(_names(frame) if of is None else of)
    return pd.Series(sizes.to_numpy(), dtype="Int64").where(known)


def _inside(
    frame: pd.DataFrame, name: str, start: pd.Timestamp, end: pd.Timestamp
) -> pd.Series:
    """Take a day if it lies between the rosters, else that of the second."""
    if name not in frame:
        return pd.Series(end, index=frame.index)
    days = pd.to_datetime(frame[name])
    return days.where((days > start) & (days <= end), end)
