"""How long until a promotion, and how long people stay, from the day of hire.

People hired within the events are followed from their hire; those hired before are
not, because who of them was promoted or left earlier is not seen (*left truncation*).
So the answers are of recent hires, not of the whole workforce. They are made by
`timeliness`, from counts per day: a promotion or a separation "closes", and whoever is
still in post on the last day, or unpromoted, is *censored*.
"""

import pandas as pd

from equity.errors import InputError
from equity.measure import timeliness
from equity.measure.pools import (
    DIRECTIONS,
    HIRE,
    PROMOTION,
    SEPARATION,
    check_choice,
    check_kind,
    groups_of,
)
from equity.measure.table import require_columns

NEVER, CENSORED = "never", "censored"
WORDS = {PROMOTION: "promoted", SEPARATION: "gone"}


def followed(
    events: pd.DataFrame,
    *,
    kind: str,
    until: pd.Timestamp,
    leavers: str = NEVER,
) -> pd.DataFrame:
    """Count the days from hire to the first promotion, or to leaving.

    Parameters
    ----------
    events
        Tidy `events` with numbers: ``worker_id``, ``kind``, ``date``, ``race``.
    kind
        "promotion" or "separation".
    until
        The last day that the events cover.
    leavers
        Of promotions: people who left without one are "never" promoted (the share of
        those hired who are promoted within so many days), or "censored" when they left
        (the share if nobody left, and those who left had been like those who stayed).

    Returns
    -------
    DataFrame
        One row per ``group`` and ``days``: ``closed`` (promoted, or gone, then) and
        ``censored`` (last seen then), the counts that `timeliness` takes.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If hires or events of the kind have no numbers, or no hire is among the events.
    ParamsError
        If ``kind`` or ``leavers`` is another.

    Notes
    -----
    People are followed from their first hire on; a second one of the same person is
    not followed. Everyone's last day is known, so people who are never promoted stay
    in the count until it: without that, the share would be of those who stay.

    References
    ----------
    Fine and Gray (1999), JASA 94, 496-509, section 3 (competing events where all
    times of censoring are known).

    Examples
    --------
    >>> events = pd.DataFrame({"worker_id": ["1", "2", "1"], "race": "White",
    ...     "kind": ["hire", "hire", "promotion"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-07-01"])})
    >>> followed(events, kind="promotion", until=pd.Timestamp("2024-12-31"))
       group   days  closed  censored
    0  White  182.0       1         0
    1  White  355.0       0         1
    """
    check_kind(kind)
    check_choice("leavers", leavers, (NEVER, CENSORED))
    require_columns(events, ["worker_id", "kind", "date", "race"])
    ended = pd.Timestamp(until)
    events = events[events["date"].notna() & (events["date"] <= ended)]
    needed = events[events["kind"].isin([HIRE, PROMOTION, SEPARATION])]
    missing = int((needed["worker_id"].isna() | needed["worker_id"].eq("")).sum())
    if missing:
        raise InputError(
            f"{missing} of {len(needed)} events have no worker's number, so that "
            "nobody can be followed from hire"
        )
    hires = _first(events, HIRE)
    if hires.empty:
        raise InputError(
            f"no hire is among the {len(events)} events up to {ended:%Y-%m-%d}; people "
            "are followed from their hire"
        )
    people = hires[["worker_id", "race", "date"]].rename(columns={"date": "hired"})
    for name in (PROMOTION, SEPARATION):
        people = people.merge(
            _after(events, people, name).rename(name), on="worker_id", how="left"
        )
    end = people[SEPARATION].fillna(ended)
    if kind == PROMOTION:
        gone = end if leavers == CENSORED else ended
        had = people[PROMOTION].notna() & (people[PROMOTION] <= end)
        last = people[PROMOTION].where(had, gone)
    else:
        had, last = people[SEPARATION].notna(), end
    groups = groups_of(events)
    table = pd.DataFrame(
        {
            "group": pd.Categorical(people["race"].astype("str"), groups),
            "days": (last - people["hired"]).dt.days.astype(float),
            "closed": had.astype(int),
            "censored": (~had).astype(int),
        }
    )
    keys = ["group", "days"]
    return table.groupby(keys, observed=True).sum().reset_index()


def time_to(
    events: pd.DataFrame,
    *,
    kind: str,
    until: pd.Timestamp,
    days: float,
    reference: str,
    leavers: str = NEVER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the shares promoted, or gone, within so many days of their hire.

    Parameters
    ----------
    events
        As in `followed`.
    kind
        "promotion" or "separation".
    until
        The last day that the events cover.
    days
        Days since hire, such as 730.
    reference
        The group that all others are compared with.
    leavers
        As in `followed`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``group``, ``events`` (promoted, or gone, within the days), ``population``
        (hired), ``statistic`` (`level`, `difference`, `ratio`), the measure columns
        and ``direction``. Missing where nobody was followed so long.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `followed`.
    UnknownGroupError
        If nobody of the reference was hired.

    Notes
    -----
    A group of which nobody was hired has no row: nobody of it could be followed. For
    the median use `timeliness.quantiles` on the counts of `followed`, for a test
    `timeliness.log_rank`.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; Zou and Donner (2008), Statistics in
    Medicine 27, 1693-1702.

    Examples
    --------
    >>> ids = [str(n) for n in range(40)]
    >>> hires = pd.DataFrame({"worker_id": ids, "race": ["Black", "White"] * 20,
    ...     "kind": "hire", "date": pd.Timestamp("2023-01-01")})
    >>> left = hires[:30:5].assign(kind="separation", date=pd.Timestamp("2023-07-01"))
    >>> table = time_to(pd.concat([hires, left]), kind="separation",
    ...     until=pd.Timestamp("2025-12-31"), days=365, reference="White")
    >>> table[["group", "statistic", "estimate"]].round(2).head(2)
       group statistic  estimate
    0  Black     level      0.15
    1  White     level      0.15
    """
    counts = followed(events, kind=kind, until=until, leavers=leavers)
    table = timeliness.on_time(
        counts, target_days=days, reference=reference, confidence=confidence
    )
    return table.assign(
        measure=f"share {WORDS[kind]} within {days:,} days of hire",
        direction=DIRECTIONS[kind],
    )


def _first(events: pd.DataFrame, kind: str) -> pd.DataFrame:
    found = events[events["kind"] == kind].sort_values("date", kind="stable")
    return found.drop_duplicates("worker_id")


def _after(events: pd.DataFrame, people: pd.DataFrame, kind: str) -> pd.Series:
    """Find the day of each person's first event of a kind since the hire."""
    found = events.loc[events["kind"] == kind, ["worker_id", "date"]]
    found = found.merge(people[["worker_id", "hired"]], on="worker_id")
    found = found[found["date"] >= found["hired"]]
    return found.groupby("worker_id")["date"].min()
