"""The people who could have had an event, and those of them who had it.

A *pool* is the people in post on a date. Each date begins a *window*, which ends with
the next: so many of the pool were promoted, or left, within it. Where people have
numbers, a person counts once in a window and only those of the pool count; where they
have none, events of a cell are counted against its people.
"""

from collections.abc import Sequence

import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure.table import HIGHER, LOWER, require_columns

HIRE, PROMOTION, SEPARATION = "hire", "promotion", "separation"
DIRECTIONS = {PROMOTION: HIGHER, SEPARATION: LOWER}
START, END = "start", "end"  # of its window: when a pool was in post


def tally(
    events: pd.DataFrame,
    at_risk: pd.DataFrame,
    *,
    kind: str,
    by: Sequence[str] = (),
    pool: str = START,
) -> pd.DataFrame:
    """Count the pool of each window, and those of it who had the event.

    Parameters
    ----------
    events
        Tidy `events`: ``worker_id`` (blank where people have no number), ``kind``,
        ``date``, ``race`` and the columns in ``by``.
    at_risk
        Tidy `workers`, one row a person and date: ``worker_id``, ``race``, ``as_of``
        and the columns in ``by``.
    kind
        "promotion" or "separation".
    by
        Further columns to count by, such as department. They are the pool's: who moved
        to another department on promotion counts where they came from.
    pool
        Whether ``at_risk`` was in post at the "start" of each window, or, where no
        earlier roster is known, at its "end". Of an "end" pool leavers are no part, so
        nobody can be followed, and rates are the events per person then in post.

    Returns
    -------
    DataFrame
        One row per ``group``, ``window`` (its date) and the columns in ``by``:
        ``events``, ``population`` and ``not_counted``, events that are not of the pool
        (of people hired since, or without a number) or not the person's first in the
        window. Events outside all windows are left out, and rows whose race is missing
        (the tidy tables say "Not recorded"). The groups are the categories of race,
        whether or not anybody is of them.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a number is twice in the pool of a date, or the pool has no date.
    ParamsError
        If ``kind`` or ``pool`` is another.

    Notes
    -----
    A window begins after its date and ends on the next date; the last one does not end
    (for an "end" pool, the first has no beginning). Leave out events beyond beforehand,
    as `histories.pool_of` does. Without numbers at most everyone in a cell can have had
    the event; events beyond that are ``not_counted``.

    Examples
    --------
    >>> staff = pd.DataFrame({"worker_id": ["1", "2", "3"],
    ...     "race": ["Black", "Black", "White"], "as_of": pd.Timestamp("2024-12-31")})
    >>> rises = pd.DataFrame({"worker_id": ["1", "1", "9"], "kind": "promotion",
    ...     "race": ["Black", "Black", "White"], "date": pd.Timestamp("2025-06-30")})
    >>> tally(rises, staff, kind="promotion").drop(columns="window")
       group  events  population  not_counted
    0  Black       1           2            1
    1  White       0           1            1
    """
    check_kind(kind)
    check_choice("pool", pool, (START, END))
    require_columns(events, ["worker_id", "kind", "date", "race", *by])
    require_columns(at_risk, ["worker_id", "race", "as_of", *by])
    if at_risk["as_of"].isna().any():
        missing = int(at_risk["as_of"].isna().sum())
        raise InputError(f"column as_of is missing in {missing} rows of the pool")
    groups = groups_of(at_risk, events)
    keys = ["group", "window", *by]
    people = _keyed(at_risk.assign(window=at_risk["as_of"]), groups)
    happened = _keyed(_windowed(events[events["kind"] == kind], at_risk, pool), groups)
    numbered = _numbered(people).all() and _numbered(happened).any()
    if numbered and pool == START:
        _refuse_twice(people)
        once = happened[_numbered(happened)].drop_duplicates(["window", "worker_id"])
        once = once[["window", "worker_id"]].assign(had=True)
        people = people.merge(once, on=["window", "worker_id"], how="left")
        people["had"] = people["had"].notna()
        had = _size(people[people["had"]], keys)
        known = people.loc[people["had"], ["window", "worker_id"]].assign(of_pool=True)
        first = happened.drop_duplicates(["window", "worker_id"])
        first = first.merge(known, on=["window", "worker_id"])
        further = _size(happened, keys).sub(_size(first, keys), fill_value=0)
    else:
        had = _size(happened, keys)
        further = had * 0
    sizes = _size(people, keys)
    table = pd.concat(
        {"events": had, "population": sizes, "not_counted": further}, axis=1
    )
    table = table.fillna(0).astype("int64").rename_axis(keys).reset_index()
    beyond = (table["events"] - table["population"]).clip(lower=0)
    table["events"] -= beyond
    table["not_counted"] += beyond
    return _with_every_group(table, groups, keys)


def check_kind(kind: str) -> None:
    """Refuse a kind of event that has no pool.

    Parameters
    ----------
    kind
        "promotion" or "separation".

    Raises
    ------
    ParamsError
        If it is another.

    Examples
    --------
    >>> check_kind("demotion")
    Traceback (most recent call last):
    equity.errors.ParamsError: kind: 'demotion' is not known; one of promotion,
    separation
    """
    if kind == HIRE:
        raise ParamsError(
            "kind: a rate of hiring needs applicants, who are in no roster; use "
            "'shares' to compare those hired with those in post"
        )
    check_choice("kind", kind, tuple(DIRECTIONS))


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a value that is none of those known.

    Parameters
    ----------
    name
        The option's name.
    value
        Its value.
    known
        Those there are.

    Raises
    ------
    ParamsError
        If it is another.
    """
    if value not in known:
        raise ParamsError(f"{name}: {value!r} is not known; one of {', '.join(known)}")


def groups_of(*frames: pd.DataFrame) -> list[str]:
    """List the categories of race, in their order, and any others.

    Parameters
    ----------
    *frames
        Tables with `race`.

    Returns
    -------
    list of str
        Each once; those of the first table first.

    Examples
    --------
    >>> groups_of(pd.DataFrame({"race": ["White", "Black", None]}))
    ['Black', 'White']
    """
    found: dict[str, None] = {}
    for frame in frames:
        race = frame["race"]
        kept = isinstance(race.dtype, pd.CategoricalDtype)
        names = race.cat.categories if kept else sorted(race.dropna().unique())
        found |= dict.fromkeys(str(name) for name in names)
    return list(found)


def _keyed(frame: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    frame = frame[frame["race"].notna()]
    return frame.assign(group=pd.Categorical(frame["race"].astype("str"), groups))


def _windowed(events: pd.DataFrame, at_risk: pd.DataFrame, pool: str) -> pd.DataFrame:
    """Put each event in the window whose pool it is of; leave out those in none."""
    dates = pd.DatetimeIndex(at_risk["as_of"]).unique().sort_values()
    place = dates.searchsorted(pd.DatetimeIndex(events["date"]), side="left")
    place = place - 1 if pool == START else place
    inside = (place >= 0) & (place < len(dates)) & events["date"].notna().to_numpy()
    found = events[inside].assign(window=dates[place[inside]])
    return found.sort_values("date", kind="stable")


def _numbered(frame: pd.DataFrame) -> pd.Series:
    return frame["worker_id"].notna() & frame["worker_id"].ne("")


def _refuse_twice(people: pd.DataFrame) -> None:
    twice = int(people.duplicated(["window", "worker_id"]).sum())
    if twice:
        raise InputError(
            f"{twice} of {len(people)} rows of the pool repeat a worker's number on "
            "the same date; keep one post per person and date"
        )


def _size(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    return frame.groupby(keys, observed=True, dropna=False).size()


def _with_every_group(
    table: pd.DataFrame, groups: list[str], keys: list[str]
) -> pd.DataFrame:
    """Keep a group that has no rows: with nobody, which is not left out."""
    table["group"] = pd.Categorical(table["group"], groups)
    absent = [group for group in groups if group not in set(table["group"])]
    if absent and len(table):
        first = table.iloc[[0] * len(absent)].assign(
            group=pd.Categorical(absent, groups), events=0, population=0, not_counted=0
        )
        table = pd.concat([table, first], ignore_index=True)
    return table.sort_values(keys, ignore_index=True)
