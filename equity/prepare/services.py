"""Service requests: the quarters that are counted.

Requests themselves are read and counted by `reduce`, since they can be many millions.
"""

import pandas as pd

from equity.errors import InputError, ParamsError
from equity.prepare import sources


def window(period: str, quarters: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day of the quarters that end with a period.

    Parameters
    ----------
    period
        A quarter such as `2025Q4`.
    quarters
        How many quarters, that one included.

    Returns
    -------
    tuple of Timestamp
        First and last day.

    Raises
    ------
    ParamsError
        If there are no quarters.

    Examples
    --------
    >>> [str(day.date()) for day in window("2025Q4", 4)]
    ['2025-01-01', '2025-12-31']
    """
    if quarters < 1:
        raise ParamsError(f"quarters: {quarters} is not allowed; 1 or more")
    last = pd.Period(period, freq="Q")
    return (last - quarters + 1).start_time, last.end_time.normalize()


def quarters_until(period: str, quarters: int) -> list[str]:
    """List the quarters that end with a period.

    Parameters
    ----------
    period
        A quarter such as `2025Q4`.
    quarters
        How many quarters, that one included.

    Returns
    -------
    list of str
        First to last.

    Examples
    --------
    >>> quarters_until("2025Q1", 2)
    ['2024Q4', '2025Q1']
    """
    first, last = window(period, quarters)
    return [str(q) for q in pd.period_range(first, last, freq="Q")]


def day(dates: pd.Series) -> str:
    """Write the latest of some dates, for readers.

    Parameters
    ----------
    dates
        Timestamps.

    Returns
    -------
    str
        Such as `2 November 2023`; empty if there are none.

    Examples
    --------
    >>> day(pd.Series(pd.to_datetime(["2023-11-02"])))
    '2 November 2023'
    """
    last = pd.to_datetime(dates).max()
    return "" if pd.isna(last) else f"{last.day} {last.month_name()} {last.year}"


def hired(
    first: pd.Timestamp | None,
    last: pd.Timestamp | None,
    *,
    still: bool,
    vintage: str = "",
) -> str:
    """Write when people were hired, for readers.

    Parameters
    ----------
    first, last
        Timestamps; None where it is not known who was hired.
    still
        Whether they are those of a roster with a late day of hire, still in post on
        the last day.
    vintage
        Of which years a list of hires is, such as "2023 to 2025"; its dates may be
        those of the report alone.

    Returns
    -------
    str
        In words.

    Examples
    --------
    >>> hired(pd.Timestamp("2021-08-02"), pd.Timestamp("2023-11-02"), still=True)
    'hired since 2 August 2021 and still in post on 2 November 2023'
    >>> hired(None, None, still=False, vintage="2023 to 2025")
    'hired from 2023 to 2025'
    """
    if still and first is not None and last is not None:
        begin, end = (day(pd.Series([date])) for date in (first, last))
        return f"hired since {begin} and still in post on {end}"
    if still or not vintage:
        return "hired"
    return f"hired {'from' if ' to ' in vintage else 'in'} {vintage}"


def span(change: pd.DataFrame, until: pd.Series) -> str:
    """Write between which days a workforce changed, for readers.

    Parameters
    ----------
    change
        With `reference`, the first day as text; no rows where no change is known.
    until
        Timestamps, the last of which is the second day.

    Returns
    -------
    str
        In words.

    Examples
    --------
    >>> two = pd.DataFrame({"reference": ["2021-08-01"]})
    >>> span(two, pd.Series(pd.to_datetime(["2023-11-02"])))
    '1 August 2021 to 2 November 2023'
    """
    if change.empty:
        return day(until)
    first = pd.Series(pd.to_datetime(change["reference"].iloc[:1]))
    return f"{day(first)} to {day(until)}"


def on_record(
    events: pd.Series, until: pd.Series, ended: dict[str, pd.Timestamp | None]
) -> str:
    """Write where a list of events does not end with the roster, for readers.

    Parameters
    ----------
    events
        Timestamps of the events.
    until
        Timestamps, the last of which is the roster's day.
    ended
        Kind of event, in the plural, to the last day that events of it cover; None
        where none are on record.

    Returns
    -------
    str
        Sentences, with the month alone where events stop, since on the last day there
        may be one; empty where events end with the roster, or there are none.

    Examples
    --------
    >>> days = pd.Series(pd.to_datetime(["2025-12-31", "2026-03-31"]))
    >>> on_record(days, days[:1], {"promotions": pd.Timestamp("2025-06-30")})
    'Events after 31 December 2025 are left out. Promotions are on record to June 2025.'
    """
    last = pd.to_datetime(until).max()
    later = pd.to_datetime(events).max() > last
    said = [f"Events after {day(until)} are left out."] if later else []
    for kind, end in ended.items():
        if end is not None and end < last:
            month = f"{end.month_name()} {end.year}"
            said.append(f"{kind.capitalize()} are on record to {month}.")
    return " ".join(said)


def dates(period: str, quarters: int) -> str:
    """Write the months that the quarters cover, for readers.

    Parameters
    ----------
    period
        A quarter such as `2025Q4`.
    quarters
        How many quarters, that one included.

    Returns
    -------
    str
        First and last month.

    Examples
    --------
    >>> dates("2025Q4", 4)
    'January to December 2025'
    >>> dates("2014Q4", 16)
    'January 2011 to December 2014'
    """
    first, last = window(period, quarters)
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.month_name()}{year} to {last.month_name()} {last.year}"


def check_window(
    counts: pd.DataFrame,
    declared: list[sources.Requests],
    *,
    period: str,
    quarters: int,
) -> None:
    """Refuse a window that the data do not fill: its rates would come out too low.

    Parameters
    ----------
    counts
        As made by `reduce.requests`, of all files together.
    declared
        What the files mean.
    period
        The last quarter counted.
    quarters
        How many quarters are counted.

    Raises
    ------
    InputError
        If the data end before the period does, or a quarter has no request at all.

    Examples
    --------
    >>> source = sources.Requests(file="r.csv", data_until="2025-11-30",
    ...     columns={"opened": "o", "closed": "c", "area": "a"})
    >>> check_window(pd.DataFrame(), [source], period="2025Q4", quarters=1)
    Traceback (most recent call last):
    equity.errors.InputError: requests are known until 2025-11-30, but 2025Q4 ends on
    2025-12-31; choose an earlier period, or add the file that goes on from there
    """
    until = max(source.data_until for source in declared)
    last = window(period, quarters)[1].date()
    if until < str(last):
        raise InputError(
            f"requests are known until {until}, but {period} ends on {last}; choose "
            "an earlier period, or add the file that goes on from there"
        )
    wanted = pd.period_range(end=pd.Period(period, freq="Q"), periods=quarters)
    found = set(counts["period"])
    without = [str(quarter) for quarter in wanted if str(quarter) not in found]
    if without:
        raise InputError(
            f"no request opened in {without[0]} can be used; count fewer quarters, or "
            "check date_format, data_until and the areas in sources.yaml"
        )
