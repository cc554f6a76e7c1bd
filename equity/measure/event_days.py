"""Which days a list of hires, promotions and separations covers, kind by kind.

A list may stop before the day of the roster, or run past it, and one kind may stop
while another goes on. What is not on record then did not fail to happen: no rate, and
no time in post, may count those days. Few lists have an event on their very last day,
so a list counts as stopped only where it is silent for longer than that explains.
"""

from typing import NamedTuple

import pandas as pd

from equity.measure.table import require_columns

SLACK = 7  # days: over a holiday and a weekend nobody comes, rises or leaves
MISSED = 3  # days with events that should have come: the chance of none is 1 in 20


class Days(NamedTuple):
    """Days on which events are on record.

    Attributes
    ----------
    first, last
        The first of these days, and the last one.
    """

    first: pd.Timestamp
    last: pd.Timestamp


def up_to(events: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Leave out the events after a day, such as that of the last roster.

    Parameters
    ----------
    events
        Tidy `events`.
    day
        The last day that is kept; where it is missing, as without a roster, all are.

    Returns
    -------
    DataFrame
        The other rows; how many are fewer is how many came later.

    Raises
    ------
    ColumnNotFoundError
        If the column is absent.

    Examples
    --------
    >>> rows = pd.DataFrame({"date": pd.to_datetime(["2024-12-31", "2025-01-01"])})
    >>> len(up_to(rows, pd.Timestamp("2024-12-31")))
    1
    """
    require_columns(events, ["date"])
    later = pd.to_datetime(events["date"]) > pd.to_datetime(day)
    return events[~later].reset_index(drop=True)


def covered(
    events: pd.DataFrame, day: pd.Timestamp, *, kind: str | None = None
) -> Days | None:
    """Find the days up to a roster's that events cover.

    Parameters
    ----------
    events
        Tidy `events`.
    day
        The roster's day; later events are left out. None are covered where it is
        missing, as without a roster.
    kind
        "hire", "promotion" or "separation"; without it, events of any kind.

    Returns
    -------
    Days or None
        From the first event to the roster's day; to the last event, if none follows for
        so long that the list must have stopped. A kind that begins later than the
        others, or stops earlier, covers less. None where there is no event.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    A list has stopped where it is silent for more than `SLACK` days, and for so long
    that at the pace before, `MISSED` days with events should have come. If these came
    by chance, one list in twenty that goes on would be taken for stopped; of one that
    stopped, about three days with events are overlooked. Days are counted and not
    events: forty promoted on one day a year are rare, not many. A list of one day
    covers that day alone; a kind with events of one day goes on with the others.

    Examples
    --------
    >>> months = pd.date_range("2024-01-31", "2025-06-30", freq="ME")
    >>> rows = pd.DataFrame({"date": months, "kind": "hire"})
    >>> [f"{covered(rows, pd.Timestamp(day)).last:%Y-%m-%d}"
    ...  for day in ("2024-12-31", "2025-07-31", "2025-12-31")]
    ['2024-12-31', '2025-07-31', '2025-06-30']
    """
    require_columns(events, ["date", "kind"])
    dates, day = pd.to_datetime(events["date"]), pd.to_datetime(day)
    inside = dates.notna() & (dates <= day)
    if not inside.any():
        return None
    first, last = dates[inside].min(), dates[inside].max()
    once = first == last and (day - last).days > SLACK
    if once or stopped(dates[inside], since=first, silent=day - last):
        whole = Days(first, last)
    else:
        whole = Days(first, pd.Timestamp(day))
    if kind is None:
        return whole
    own = dates[inside & events["kind"].eq(kind)]
    if own.empty:
        return None
    begin, end = own.min(), own.max()
    late = stopped(own, since=whole.last, silent=begin - whole.first)
    early = stopped(own, since=whole.first, silent=whole.last - end)
    return Days(begin if late else whole.first, end if early else whole.last)


def stopped(dates: pd.Series, *, since: pd.Timestamp, silent: pd.Timedelta) -> bool:
    """Say whether events are silent for longer than chance explains.

    Parameters
    ----------
    dates
        Days of events; equal ones count once.
    since
        The other end of the time that these events are known to cover.
    silent
        How long there are none.

    Returns
    -------
    bool
        Whether at least `MISSED` days with events should have come meanwhile. Events
        of one day alone tell no pace: no.

    Examples
    --------
    >>> daily = pd.Series(pd.date_range("2025-01-01", "2025-06-30"))
    >>> [stopped(daily, since=daily.min(), silent=pd.Timedelta(days=days))
    ...  for days in (7, 8)]
    [False, True]
    """
    days = dates.drop_duplicates()
    span = (since - days).abs().max().days
    gaps = (days != since).sum()
    if len(days) < 2 or silent.days <= SLACK:
        return False
    return bool(gaps / span * silent.days >= MISSED)
