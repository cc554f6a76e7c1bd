"""What is known of a workforce before its roster: earlier days, from whatever there is.

Some cities keep events with the numbers of those concerned, and any earlier day can be
worked back from the roster. Some publish a roster every few years, without numbers:
two of them say how many came and went. Some have one roster, and nothing is known of
change.
"""

from typing import NamedTuple

import pandas as pd

from equity.measure import snapshots
from equity.measure.pools import END, HIRE, PROMOTION, START
from equity.measure.table import require_columns

WORKERS = ["race", "as_of"]
EVENTS = ["race", "date", "kind"]
CHANGE = ["group", "before", "population", "entered", "left"]
ONCE = "of those in post at the start of a year, once in it"
SOON = 31  # days within which events begin after the first of two days, or miss some
YEARS = 3  # of events that a pace is worked out from, at most
SLACK = 7  # days: over a holiday and a weekend nobody comes, rises or leaves


class Pool(NamedTuple):
    """Those to whom events could happen.

    Attributes
    ----------
    at_risk
        People in post, on one day or several.
    pool
        Whether those days begin the time counted ("start"), or end it ("end").
    """

    at_risk: pd.DataFrame
    pool: str

    @property
    def counted(self) -> str:
        """Which events are counted, if not all: blank where no pool is known before.

        Returns
        -------
        str
            In words.

        Examples
        --------
        >>> Pool(pd.DataFrame(), END).counted
        ''
        """
        return ONCE if self.pool == START else ""


class Span(NamedTuple):
    """A workforce on two days.

    Attributes
    ----------
    first, second
        People in post on the earlier day, and on the later one.
    events
        Events between with numbers, or None.
    """

    first: pd.DataFrame
    second: pd.DataFrame
    events: pd.DataFrame | None


class Hires(NamedTuple):
    """People who came, as far as that is known.

    Attributes
    ----------
    people
        One row each, with `race`; none where nothing is known.
    first, last
        The days from which and to which they came; the second may be missing.
    still
        Whether only those who are still in post are known.
    """

    people: pd.DataFrame
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    still: bool


def known(rows: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Keep rows whose race is on record, as one of some groups.

    Parameters
    ----------
    rows
        With `race`.
    groups
        The groups, in order.

    Returns
    -------
    DataFrame
        The rows, `race` being a category of these groups alone.

    Raises
    ------
    ColumnNotFoundError
        If the column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["White", "Unknown", "Asian"]})
    >>> known(staff, ["Asian", "White"])["race"].tolist()
    ['White', 'Asian']
    """
    require_columns(rows, ["race"])
    kept = rows[rows["race"].isin(groups)]
    race = pd.Categorical(kept["race"].astype(str), categories=groups, ordered=True)
    return kept.assign(race=race).reset_index(drop=True)


def pool_of(roster: pd.DataFrame, events: pd.DataFrame, groups: list[str]) -> Pool:
    """Say who could be promoted, or could leave, in the time that events cover.

    Parameters
    ----------
    roster
        Tidy `workers` of one date.
    events
        Tidy `events`.
    groups
        Those that are meant.

    Returns
    -------
    Pool
        With numbers: those in post at the start of each year before the roster that
        events cover, up to `YEARS`; events that begin up to `SLACK` days into a year
        cover it. Without: those on the roster, after the events. Nobody where
        there are no events.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> day = pd.Timestamp("2025-12-31")
    >>> staff = pd.DataFrame({"worker_id": ["1"], "race": ["White"], "as_of": [day],
    ...     "department": "Fire", "job_category": "", "job": "Clerk",
    ...     "hired": [pd.Timestamp("2020-01-01")]})
    >>> moves = pd.DataFrame({"worker_id": ["1"], "race": ["White"], "kind": "hire",
    ...     "date": [pd.Timestamp("2024-06-01")], "department": "Fire", "job": "Clerk",
    ...     "job_category": ""})
    >>> found = pool_of(staff, moves, ["White"])
    >>> found.pool, found.at_risk["as_of"].dt.year.tolist()
    ('start', [2024])
    """
    require_columns(roster, WORKERS)
    require_columns(events, EVENTS)
    staff, moves = known(roster, groups), known(events, groups)
    if moves.empty or staff.empty:
        return Pool(staff.iloc[:0], START)
    if not _numbered(staff, moves):
        return Pool(staff, END)
    days = _starts(staff, moves)
    if not days:
        return Pool(staff.iloc[:0], START)
    return Pool(known(snapshots.in_post(staff, moves, days=days), groups), START)


def hired(workers: pd.DataFrame, events: pd.DataFrame, groups: list[str]) -> Hires:
    """Find who was hired lately: from events, or from the hiring days of a roster.

    Parameters
    ----------
    workers
        Tidy `workers`, of one date or several.
    events
        Tidy `events`.
    groups
        Those that are meant.

    Returns
    -------
    Hires
        The hires among the events. Where there are none, those of the last roster who
        were hired since the roster before it, or in the `YEARS` years before its day if
        it is the only one: whoever came and left again is not among them.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": "White", "as_of": pd.Timestamp("2023-12-31"),
    ...     "hired": pd.to_datetime(["2001-01-31", "2022-05-31"])})
    >>> nothing = pd.DataFrame({"race": [], "date": [], "kind": []})
    >>> found = hired(staff, nothing, ["White"])
    >>> len(found.people), found.first.year, found.still
    (1, 2021, True)
    """
    require_columns(workers, WORKERS)
    require_columns(events, EVENTS)
    came = events[events["kind"] == HIRE]
    if len(came):
        days = events["date"].dropna()
        return Hires(known(came, groups), days.min(), days.max(), False)
    days = sorted(workers["as_of"].dropna().unique())
    nobody = Hires(known(workers.iloc[:0], groups), None, None, True)
    if not days or "hired" not in workers or workers["hired"].isna().all():
        return nobody
    last = pd.Timestamp(days[-1])
    before = last - pd.DateOffset(years=YEARS)
    if len(days) > 1:
        before = pd.Timestamp(days[-2])
    roster = workers[workers["as_of"] == last]
    since = before + pd.Timedelta(days=1)
    return Hires(known(roster[roster["hired"] >= since], groups), since, last, True)


def span_of(
    workers: pd.DataFrame, events: pd.DataFrame, groups: list[str]
) -> Span | None:
    """Find the two days between which the change of a workforce is known.

    Parameters
    ----------
    workers
        Tidy `workers`, of one date or several.
    events
        Tidy `events`.
    groups
        Those that are meant.

    Returns
    -------
    Span or None
        The last two rosters; or, with one roster and events with numbers, up to
        `YEARS` years before it and its day. None if neither is there.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["White", "White"], "worker_id": "",
    ...     "as_of": pd.to_datetime(["2021-12-31", "2023-12-31"])})
    >>> moves = pd.DataFrame({"race": [], "date": [], "kind": []})
    >>> found = span_of(staff, moves, ["White"])
    >>> len(found.first), len(found.second), found.events
    (1, 1, None)
    """
    require_columns(workers, WORKERS)
    require_columns(events, EVENTS)
    staff, moves = known(workers, groups), known(events, groups)
    days = sorted(staff["as_of"].dropna().unique())
    if len(days) > 1:
        first, second = (staff[staff["as_of"] == day] for day in days[-2:])
        return Span(first, second, None)
    if not days or moves.empty or not _numbered(staff, moves):
        return None
    starts = _starts(staff, moves)
    if not starts:
        return None
    first = known(snapshots.in_post(staff, moves, days=starts[:1]), groups)
    return Span(first, staff, moves)


def change(
    workers: pd.DataFrame, events: pd.DataFrame, groups: list[str]
) -> pd.DataFrame:
    """Count how each group changed between the two days of `span_of`.

    Parameters
    ----------
    workers, events, groups
        As for `span_of`.

    Returns
    -------
    DataFrame
        As `snapshots.change` returns it, groups of nobody left out; no rows where no
        change is known.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> nothing = pd.DataFrame({"race": [], "date": [], "kind": [], "as_of": []})
    >>> change(nothing, nothing, ["White"]).empty
    True
    """
    span = span_of(workers, events, groups)
    if span is None:
        return pd.DataFrame(
            columns=["group", "before", "population", "entered", "left"]
        )
    return snapshots.change(span.first, span.second, events=span.events)


def moved(change: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Put beside a change how many of each group were promoted meanwhile.

    Parameters
    ----------
    change
        As `change` returns it.
    events
        Tidy `events`.

    Returns
    -------
    DataFrame
        `group`, `before`, `entered`, `left`, `population` (in post at the end),
        `events` (promotions in that time; missing where none are on record, or not of
        the whole time), and `estimate`: the change as a share of those before.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> two = pd.DataFrame({"group": ["A"], "before": [40], "entered": [None],
    ...     "left": [None], "population": [50], "estimate": [0.25], "years": [2.0],
    ...     "reference": ["2023-12-31"]})
    >>> nothing = pd.DataFrame({"race": [], "date": [], "kind": []})
    >>> moved(two, nothing)[["before", "population", "events"]].values.tolist()
    [[40, 50, <NA>]]
    """
    require_columns(events, EVENTS)
    columns = ["group", "before", "entered", "left", "population", "events"]
    if change.empty:
        return pd.DataFrame(columns=[*columns, "estimate"])
    require_columns(change, [*columns[:-1], "estimate", "reference"])
    start = pd.Timestamp(change["reference"].iloc[0])
    days = pd.to_datetime(events["date"])
    whole = days.min() <= start + pd.Timedelta(days=SOON)
    rose = events[events["kind"].eq(PROMOTION) & days.gt(start) & bool(whole)]
    sizes = rose["race"].astype(str).value_counts()
    number = change["group"].astype(str).map(sizes).fillna(0).astype("Int64")
    told = change.assign(events=number if len(rose) else pd.NA)
    return told[[*columns, "estimate"]].astype(dict.fromkeys(columns[1:], "Int64"))


def counted(change: pd.DataFrame) -> pd.DataFrame:
    """Keep a change of which it is known who came and who went, of every group.

    Parameters
    ----------
    change
        As `change` returns it.

    Returns
    -------
    DataFrame
        The same; no rows where the counts of any group are missing, since a pace needs
        all of them.

    Examples
    --------
    >>> len(counted(pd.DataFrame({"group": ["A"], "entered": [3], "left": [None]})))
    0
    """
    whole = change[["entered", "left"]].notna().all().all()
    return change if whole else change.iloc[:0]


def _numbered(staff: pd.DataFrame, moves: pd.DataFrame) -> bool:
    """Whether every row of both names its person by a number."""
    return all(
        "worker_id" in rows and rows["worker_id"].astype(str).str.strip().ne("").all()
        for rows in (staff, moves)
    )


def _starts(staff: pd.DataFrame, moves: pd.DataFrame) -> list[pd.Timestamp]:
    """Days a number of years before the roster, none before the events, in order.

    Events that begin within a week after such a day cover the year: that nobody moved
    on its first days does not mean that they are not on record.
    """
    last = staff["as_of"].max()
    first = moves["date"].min() - pd.Timedelta(days=1 + SLACK)
    days = [last - pd.DateOffset(years=back) for back in range(1, YEARS + 1)]
    return sorted(day for day in days if day >= first)
