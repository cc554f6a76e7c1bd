"""How long until a promotion, and how long people stay, from the day of hire.

People hired within the events are followed from their hire; those hired before are
not, because who of them was promoted or left earlier is not seen (*left truncation*).
So the answers are of recent hires, not of the whole workforce. They are made by
`timeliness`, from counts per day: a promotion or a separation "closes", and whoever is
still in post on the last day, or unpromoted, is *censored*.
"""

from collections.abc import Sequence

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
from equity.measure.table import HIGHER, MEASURE_COLUMNS, require_columns

#: Days since hire at which shares are given. Whole years: between nearer days so few
#: people leave that the counts of two of them would tell of single ones.
DAYS = (365, 730, 1095, 1461, 1826)
YEAR = 365.25
FOLLOWED = 0.1  # of those hired: of fewer, a curve says little
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


def by_day(
    events: pd.DataFrame,
    *,
    kind: str,
    until: pd.Timestamp | None,
    days: Sequence[int] = DAYS,
    leavers: str = NEVER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Give the share still in post, or promoted, so many days after hire.

    Parameters
    ----------
    events, kind, until, leavers
        As in `followed`. Events without numbers, or without a hire up to the last day,
        give no rows, since nobody can be followed; nor does a day that is None, where
        no event of the kind is on record (`histories.until`).
    days
        Days since hire.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``group`` and ``day``: ``gone`` or ``promoted`` (by which day, in
        words), ``events`` (gone, or promoted, by then), ``population`` (hired) and the
        measure columns: of a separation the share still in post, of a promotion the
        share promoted. Missing beyond the last day on which anybody of the group was
        followed; days on which fewer than a tenth of all are still followed are left
        out.

    Raises
    ------
    ColumnNotFoundError, ParamsError
        As in `followed`.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; log-log limits as in
    `timeliness.survival`. Pocock, Clayton and Altman (2002), Lancet 359, 1686-1689:
    a curve ends where a tenth to a fifth are still followed.

    Examples
    --------
    >>> ids = [str(n) for n in range(40)]
    >>> hires = pd.DataFrame({"worker_id": ids, "race": "White", "kind": "hire",
    ...                       "date": pd.Timestamp("2023-01-01")})
    >>> left = hires[:10].assign(kind="separation", date=pd.Timestamp("2023-07-01"))
    >>> table = by_day(pd.concat([hires, left]), kind="separation",
    ...                until=pd.Timestamp("2025-12-31"), days=[90, 365])
    >>> table[["group", "day", "events", "estimate"]]
       group  day  events  estimate
    0  White   90       0      1.00
    1  White  365      10      0.75
    """
    check_kind(kind)
    said = WORDS[kind]
    columns = ["group", "day", said, "events", "population", *MEASURE_COLUMNS]
    if until is None or not _can_follow(events, until):
        return pd.DataFrame(columns=[*columns, "direction"])
    counts = followed(events, kind=kind, until=until, leavers=leavers)
    days = _followed_still(counts, days)
    table = timeliness.survival(counts, days=days, confidence=confidence)
    table[said] = [within(day) for day in table["day"]]
    rose = kind == PROMOTION
    ends = {"conf_low": "conf_high", "conf_high": "conf_low"}
    if rose:
        table = table.rename(columns=ends)
        parts = ["estimate", *ends]
        table[parts] = 1 - table[parts]
    return table.assign(
        events=table["events"].astype("int64"),
        population=table["population"].astype("int64"),
        measure=f"share {'promoted' if rose else 'still in post'} since hire",
        direction=HIGHER,
    )[[*columns, "direction"]]


def _followed_still(counts: pd.DataFrame, days: Sequence[int]) -> list[int]:
    """Days on which at least so many are still followed."""
    people = counts["closed"] + counts["censored"]
    kept = [people[counts["days"] >= day].sum() for day in days]
    least = FOLLOWED * people.sum()
    return [day for day, many in zip(days, kept, strict=True) if many >= max(least, 1)]


def within(day: float) -> str:
    """Say within how long, in years where they are whole.

    Parameters
    ----------
    day
        Days since hire.

    Returns
    -------
    str
        In words.

    Examples
    --------
    >>> within(365), within(1461), within(90)
    ('within 1 year', 'within 4 years', 'within 90 days')
    """
    years = round(day / YEAR)
    if years and abs(day - years * YEAR) < 2:
        return f"within {years} year{'s' if years > 1 else ''}"
    return f"within {day:,.0f} days"


def nested(kind: str, days: Sequence[int] = DAYS) -> dict[str, dict[str, list[str]]]:
    """Say which times lie within which, as the audit of small counts takes it.

    Parameters
    ----------
    kind
        "promotion" or "separation".
    days
        Days since hire, rising.

    Returns
    -------
    dict
        Column to label to the times that it holds: within two years is within one, or
        in the second.

    Examples
    --------
    >>> nested("separation", [365, 730])["gone"]["within 2 years"]
    ['within 1 year', 'within 2 years, not before']
    """
    check_kind(kind)
    found, parts = {}, []
    for day in days:
        label = within(day)
        parts.append(f"{label}, not before" if parts else label)
        found[label] = list(parts)
    return {WORDS[kind]: found}


def compared(
    events: pd.DataFrame,
    *,
    kind: str,
    until: pd.Timestamp | None,
    days: int,
    reference: str,
    leavers: str = NEVER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare as `time_to` does, where people can be followed.

    Parameters
    ----------
    events, kind, until, days, reference, leavers, confidence
        As in `time_to`.

    Returns
    -------
    DataFrame
        As `time_to`, with ``gone`` or ``promoted``: within how long. No rows where
        nobody can be followed (`by_day`), nobody so long, or nobody of the reference.

    Raises
    ------
    ColumnNotFoundError, ParamsError
        As in `followed`.

    Examples
    --------
    >>> nothing = pd.DataFrame({"worker_id": [], "kind": [], "race": [], "date": []})
    >>> compared(nothing, kind="separation", until=pd.Timestamp("2025-12-31"), days=730,
    ...          reference="White").empty
    True
    """
    check_kind(kind)
    columns = ["group", WORDS[kind], "events", "population", "statistic"]
    columns = [*columns, *MEASURE_COLUMNS, "direction"]
    if until is None or not _can_follow(events, until):
        return pd.DataFrame(columns=columns)
    counts = followed(events, kind=kind, until=until, leavers=leavers)
    if reference not in set(counts["group"]) or counts["days"].max() < days:
        return pd.DataFrame(columns=columns)
    options = {"kind": kind, "until": until, "leavers": leavers}
    table = time_to(
        events, **options, days=days, reference=reference, confidence=confidence
    )
    return table.assign(**{WORDS[kind]: within(days)})[columns]


def can_follow(events: pd.DataFrame) -> bool:
    """Say whether people can be followed from their hire.

    Parameters
    ----------
    events
        Tidy `events`.

    Returns
    -------
    bool
        Whether there are hires, and every event has a worker's number.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> can_follow(pd.DataFrame({"worker_id": ["", "2"], "kind": "hire"}))
    False
    """
    if events.empty:
        return False
    require_columns(events, ["worker_id", "kind"])
    numbers = events["worker_id"]
    hired = events["kind"].eq(HIRE).any()
    return bool(hired and numbers.notna().all() and numbers.ne("").all())


def _can_follow(events: pd.DataFrame, until: pd.Timestamp) -> bool:
    """Whether people can be followed, and somebody was hired by that day."""
    if not can_follow(events):
        return False
    require_columns(events, ["date"])
    return bool((events["kind"].eq(HIRE) & (events["date"] <= until)).any())


def _first(events: pd.DataFrame, kind: str) -> pd.DataFrame:
    found = events[events["kind"] == kind].sort_values("date", kind="stable")
    return found.drop_duplicates("worker_id")


def _after(events: pd.DataFrame, people: pd.DataFrame, kind: str) -> pd.Series:
    """Find the day of each person's first event of a kind since the hire."""
    found = events.loc[events["kind"] == kind, ["worker_id", "date"]]
    found = found.merge(people[["worker_id", "hired"]], on="worker_id")
    found = found[found["date"] >= found["hired"]]
    return found.groupby("worker_id")["date"].min()
