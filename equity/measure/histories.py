"""What is known of a workforce before its roster: earlier days, from whatever there is.

Some cities keep events with the numbers of those concerned, and any earlier day can be
worked back from the roster. Some publish a roster every few years, without numbers:
two of them say how many came and went. Some have one roster, and nothing is known of
change.
"""

from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from equity.measure import event_days, snapshots
from equity.measure.event_days import SLACK, Days
from equity.measure.pools import END, HIRE, PROMOTION, SEPARATION, START
from equity.measure.table import require_columns

WORKERS = ["race", "as_of"]
EVENTS = ["race", "date", "kind"]
CHANGE = ["group", "before", "population", "entered", "left"]
ONCE = "of those in post at the start of a year, once in it"
LAST = "of the last year"
SOON = 31  # days that events may begin after the first of two days, or stop before the
#            second: longer, and too many of those who left are missed
YEARS = 3  # of events that a pace is worked out from, at most


class Pool(NamedTuple):
    """Those to whom events could happen.

    Attributes
    ----------
    at_risk
        People in post, on one day or several.
    pool
        Whether those days begin the time counted ("start"), or end it ("end").
    events
        The events of that time, of groups that are meant.
    whole
        Whether these are all the events up to the roster's day, of these groups.
    """

    at_risk: pd.DataFrame
    pool: str
    events: pd.DataFrame
    whole: bool = True

    @property
    def counted(self) -> str:
        """Which events are counted, if not all: blank where no pool is known before.

        Returns
        -------
        str
            In words.

        Examples
        --------
        >>> Pool(pd.DataFrame(), END, pd.DataFrame()).counted
        ''
        """
        if self.pool == START:
            return ONCE
        return "" if self.whole else LAST


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


def pool_of(
    roster: pd.DataFrame,
    events: pd.DataFrame,
    groups: list[str],
    *,
    kind: str | None = None,
) -> Pool:
    """Say who could be promoted, or could leave, in the time that events cover.

    Parameters
    ----------
    roster
        Tidy `workers` of one date.
    events
        Tidy `events`.
    groups
        Those that are meant.
    kind
        "promotion" or "separation": years that events of this kind do not cover are
        left out too.

    Returns
    -------
    Pool
        With numbers: those in post at the start of each year before the roster that
        events cover from its start to its end, up to `YEARS`; events that begin up to
        `SLACK` days into a year cover it, and `event_days.covered` says when they stop.
        Without: those on the roster, after the events of one year. Nobody where there
        are no events, or none that cover a year.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    Going back from a roster needs everybody who left since. Where separations stop
    more than `SOON` days before the roster's day, those who left unseen would be
    missing from every earlier day, and the rates be of those who stayed: then nobody is
    known. Where they stop sooner before it, years are counted back from where they
    stop. So it is with hires, if the roster has no hiring days.

    Examples
    --------
    >>> day = pd.Timestamp("2025-12-31")
    >>> staff = pd.DataFrame({"worker_id": ["1"], "race": ["White"], "as_of": [day],
    ...     "department": "Fire", "job_category": "", "job": "Clerk",
    ...     "hired": [pd.Timestamp("2020-01-01")]})
    >>> moves = pd.DataFrame({"worker_id": ["2", "3"], "race": "White",
    ...     "kind": "separation", "date": pd.to_datetime(["2024-06-01", "2025-12-30"]),
    ...     "department": "Fire", "job": "Clerk", "job_category": ""})
    >>> found = pool_of(staff, moves, ["White"])
    >>> found.pool, found.at_risk["as_of"].dt.year.tolist(), len(found.events)
    ('start', [2024, 2024], 1)
    """
    require_columns(roster, WORKERS)
    require_columns(events, EVENTS)
    staff, moves = known(roster, groups), known(events, groups)
    if moves.empty or staff.empty:
        return Pool(staff.iloc[:0], START, moves.iloc[:0])
    if not _numbered(staff, moves):
        return _after(staff, events, kind, groups)
    days = _days(staff, events, _needed(staff))
    years = [] if days is None else _years(days)
    if kind is not None:
        own = event_days.covered(events, staff["as_of"].max(), kind=kind)
        years = [year for year in years if own is not None and _holds(own, year)]
    if not years:
        return Pool(staff.iloc[:0], START, moves.iloc[:0])
    starts = [year.first for year in years]
    there = known(snapshots.in_post(staff, moves, days=starts), groups)
    return Pool(there, START, _between(moves, starts[0], years[-1].last))


def until(
    roster: pd.DataFrame, events: pd.DataFrame, *, kind: str
) -> pd.Timestamp | None:
    """Find the day until which people can be followed from their hire.

    Parameters
    ----------
    roster
        Tidy `workers` of one date.
    events
        Tidy `events`.
    kind
        "promotion" or "separation".

    Returns
    -------
    Timestamp or None
        The roster's day, or the last that events of the kind cover, if they stop
        before. None where there are none of the kind: it is not known then that nobody
        was promoted, or left.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["White"], "as_of": pd.Timestamp("2025-12-31")})
    >>> moves = pd.DataFrame({"race": "White", "kind": "promotion",
    ...     "date": pd.date_range("2025-01-01", "2025-06-30")})
    >>> until(staff, moves, kind="promotion")
    Timestamp('2025-06-30 00:00:00')
    >>> until(staff, moves, kind="separation") is None
    True
    """
    require_columns(roster, WORKERS)
    require_columns(events, EVENTS)
    days = event_days.covered(events, roster["as_of"].max(), kind=kind)
    return None if days is None else days.last


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
        The hires among the events up to the last roster's day. Where there are none,
        those of the last roster who were hired since the roster before it, or in the
        `YEARS` years before its day if it is the only one: whoever came and left again
        is not among them.

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
    if workers["as_of"].notna().any():
        events = event_days.up_to(events, workers["as_of"].max())
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
        The last two rosters; or, with one roster and events with numbers, its day and
        up to `YEARS` years before it. If hires or separations stop up to `SOON` days
        before the roster's day, their last day is the second one. None if neither is
        there, or hires or separations stop earlier, or none are on record.

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
    covered = _days(staff, events, [HIRE, SEPARATION])
    years = [] if covered is None else _years(covered)
    if not years:
        return None
    ends = [years[0].first, years[-1].last]
    there = known(snapshots.in_post(staff, moves, days=ends), groups)
    first, second = (there[there["as_of"] == day] for day in ends)
    return Span(first, staff if ends[1] == staff["as_of"].max() else second, moves)


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
        `events` (promotions in that time; missing where none are on record, or they
        begin more than `SOON` days after its start, or stop as long before its end),
        and `estimate`: the change as a share of those before.

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
    require_columns(change, [*columns[:-1], "estimate", "reference", "years"])
    start, end = _span(change)
    days = event_days.covered(events, end, kind=PROMOTION)
    soon = pd.Timedelta(days=SOON)
    whole = days is not None and days.first <= start + soon and days.last >= end - soon
    rose = _between(events[events["kind"].eq(PROMOTION) & whole], start, end)
    sizes = rose["race"].astype(str).value_counts()
    number = change["group"].astype(str).map(sizes).fillna(0).astype("Int64")
    told = change.assign(events=number if len(rose) else pd.NA)
    return told[[*columns, "estimate"]].astype(dict.fromkeys(columns[1:], "Int64"))


def second_day(change: pd.DataFrame, until: pd.Series) -> pd.Series:
    """Give the second of the two days of a change.

    Parameters
    ----------
    change
        As `change` returns it.
    until
        Timestamps of the roster, returned where no change is known.

    Returns
    -------
    Series
        The day of the last roster, or the last one that events cover, if they stop
        before.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> two = pd.DataFrame({"reference": ["2023-12-11"], "years": [2.0]})
    >>> second_day(two, pd.Series(pd.Timestamp("2025-12-31"))).dt.day.tolist()
    [11]
    """
    if change.empty:
        return until
    require_columns(change, ["reference", "years"])
    return pd.Series([_span(change)[1]])


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


def _span(change: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Read the two days from the first, and the years between, as rosters have them."""
    start = pd.Timestamp(change["reference"].iloc[0])
    whole, rest = divmod(float(change["years"].iloc[0]), 1)
    days = pd.Timedelta(days=round(rest * snapshots.DAYS))
    return start, start + pd.DateOffset(years=int(whole)) + days


def _needed(staff: pd.DataFrame) -> list[str]:
    """List the kinds of events without which no earlier day can be worked back."""
    told = "hired" in staff and staff["hired"].notna().all()
    return [SEPARATION] if told else [HIRE, SEPARATION]


def _days(staff: pd.DataFrame, events: pd.DataFrame, kinds: list[str]) -> Days | None:
    """Days that events of all these kinds cover, none if they end long before."""
    day = staff["as_of"].max()
    found = [event_days.covered(events, day, kind=kind) for kind in kinds]
    every = [days for days in found if days is not None]
    if len(every) < len(kinds):
        return None
    end = min(days.last for days in every)
    if (day - end).days > SOON:
        return None
    return Days(max(days.first for days in every), end)


def _years(days: Days) -> list[Days]:
    """Years back from the last of these days, none begun before them, in order."""
    ends = [days.last - pd.DateOffset(years=back) for back in range(YEARS, -1, -1)]
    years = [Days(*pair) for pair in pairwise(ends)]
    return [year for year in years if _holds(days, year)]


def _holds(days: Days, year: Days) -> bool:
    """Whether days cover a year.

    Events that begin within a week after its start do: that nobody moved on its first
    days does not mean that they are not on record.
    """
    first = days.first - pd.Timedelta(days=1 + SLACK)
    return first <= year.first and year.last <= days.last


def _between(
    moves: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    dates = pd.to_datetime(moves["date"])
    return moves[dates.gt(start) & dates.le(end)].reset_index(drop=True)


def _after(
    staff: pd.DataFrame, events: pd.DataFrame, kind: str | None, groups: list[str]
) -> Pool:
    """Those on the roster, after the last year of events without numbers.

    Events of a single day are the count of a year, whose days are not told.
    """
    day = staff["as_of"].max()
    events = event_days.up_to(events, day)
    moves = known(events, groups)
    covered = event_days.covered(events, day, kind=kind)
    if covered is None or covered.last <= day - pd.DateOffset(years=1):
        return Pool(staff.iloc[:0], END, moves.iloc[:0])
    start = covered.last - pd.DateOffset(years=1)
    own = events["date"] if kind is None else events["date"][events["kind"] == kind]
    silent = covered.first - start - pd.Timedelta(days=1)
    if event_days.stopped(own.dropna(), since=covered.last, silent=silent):
        return Pool(staff.iloc[:0], END, moves.iloc[:0])
    found = _between(moves, start, covered.last)
    return Pool(staff, END, found, len(found) == len(moves))
