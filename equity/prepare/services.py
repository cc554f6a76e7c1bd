"""Service requests and facilities: load and clean.

Known problems of such files: repeated rows and ids, the city's own duplicates,
requests closed before they were opened, points at 0, 0 or far away, and requests
still open, which are kept and counted as still waiting.
"""

from collections.abc import Collection

import geopandas as gpd
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import locate, sources
from equity.prepare.quality import Ledger

REQUESTS = [
    *("request_id", "category", "opened", "closed", "area", "source", "days", "open"),
]
COUNTS = ["area", "category", "period", "days", "closed", "censored"]
FACILITIES = ["facility_id", "kind", "capacity", "area"]


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


def clean_requests(
    raw: pd.DataFrame,
    source: sources.Requests,
    ledger: Ledger,
    *,
    areas: gpd.GeoDataFrame,
    period: str,
    quarters: int,
    uninhabited: Collection[str] = (),
) -> pd.DataFrame:
    """Turn a raw export into requests that can be counted.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to: every row set aside, under the first rule that applies.
    areas
        The areas of the city.
    period
        The last quarter counted.
    quarters
        How many quarters are counted.
    uninhabited
        Areas where nobody lives: their requests are used for places, but for no
        group of residents, which is noted.

    Returns
    -------
    DataFrame
        Columns of `REQUESTS`. `days` are whole days from opening to closing, or to
        the end of the data where `open`.

    Raises
    ------
    InputError
        If a status is not declared.

    Examples
    --------
    >>> window("2014Q4", 16)[0].year
    2011
    """
    rows = sources.tidy(raw, source)
    if "request_id" in rows:
        rows = ledger.set_aside(
            rows,
            {
                "the same row again": raw.duplicated(),
                "a request number seen before": rows["request_id"].duplicated()
                & rows["request_id"].ne(""),
            },
        )
    else:
        rows["request_id"] = [f"row {number}" for number in range(1, len(rows) + 1)]
    status = _statuses(rows["status"], source)
    asked, done = (
        pd.to_datetime(rows[name], format=source.date_format, errors="coerce")
        for name in ("opened", "closed")
    )
    opened, closed = asked.dt.normalize(), done.dt.normalize()
    # A closing at midnight is a day without a time, and can be the opening's day.
    early = closed.lt(opened) | (done.lt(asked) & done.ne(closed))
    first, last = window(period, quarters)
    until = pd.Timestamp(source.data_until)
    still_open = status.eq("open")
    rules = {
        "opening date is missing or unreadable": opened.isna(),
        f"opened after the data end ({until.date()})": opened.gt(until),
        f"opened before {first.date()} or after {last.date()}": ~opened.between(
            first, last
        ),
        "closed, but without a readable closing date": status.eq("closed")
        & closed.isna(),
        "closed before it was opened": status.ne("open") & early,
        f"closed after the data end ({until.date()})": status.ne("open")
        & closed.gt(until),
        "cancelled": status.eq("cancelled"),
        "the city marked it a duplicate of another request": status.eq("duplicate"),
    }
    rows = rows.assign(
        opened=opened,
        closed=closed.mask(still_open),
        open=still_open,
        days=closed.mask(still_open, until).sub(opened).dt.days,
        source=source.file,
    )
    ledger.note(
        "has a closing date but an open status; counted as open",
        (still_open & closed.notna()).sum(),
    )
    rows = ledger.set_aside(rows, rules)
    if "area" in source.columns:
        known = rows["area"].isin(areas["area"])
        rows = ledger.set_aside(rows, {"its area is not one of the city's": ~known})
    else:
        rows = locate.set_aside_unlocated(rows, areas, ledger)
    ledger.note(
        "in an area where nobody lives; shared out to no group",
        rows["area"].isin(uninhabited).sum(),
    )
    rows["category"] = _categories(rows, ledger)
    return rows.astype({"days": "int64"})[REQUESTS]


def check_window(
    requests: pd.DataFrame,
    declared: list[sources.Requests],
    *,
    period: str,
    quarters: int,
) -> None:
    """Refuse a window that the data do not fill: its rates would come out too low.

    Parameters
    ----------
    requests
        As made by `clean_requests`, of all files together.
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
    >>> source = sources.Requests(file="r.csv", data_until="2025-11-30", statuses={},
    ...     columns={"opened": "o", "closed": "c", "status": "s", "area": "a"})
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
    without = wanted.difference(requests["opened"].dt.to_period("Q").unique())
    if len(without):
        raise InputError(
            f"no request opened in {without[0]} can be used; count fewer quarters, or "
            "check date_format, data_until and the areas in sources.yaml"
        )


def counts(requests: pd.DataFrame) -> pd.DataFrame:
    """Count requests per area, category, quarter and days.

    Parameters
    ----------
    requests
        As made by `clean_requests`.

    Returns
    -------
    DataFrame
        Columns of `COUNTS`: `closed` requests took `days`; `censored` ones were
        still open after `days`.

    Examples
    --------
    >>> rows = pd.DataFrame({"area": ["a"], "category": ["c"], "days": [3],
    ...                      "opened": [pd.Timestamp("2025-11-02")], "open": [False]})
    >>> counts(rows)[["period", "days", "closed", "censored"]]
       period  days  closed  censored
    0  2025Q4     3       1         0
    """
    keys = requests.assign(
        period=requests["opened"].dt.to_period("Q").astype(str),
        closed=(~requests["open"]).astype("int64"),
        censored=requests["open"].astype("int64"),
    )
    grouped = keys.groupby(COUNTS[:4], as_index=False, observed=True)
    return grouped[["closed", "censored"]].sum()[COUNTS]


def clean_facilities(
    raw: pd.DataFrame,
    source: sources.Facilities,
    ledger: Ledger,
    *,
    areas: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Turn a raw list of places into facilities with their area.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    areas
        The areas of the city.

    Returns
    -------
    DataFrame
        Columns of `FACILITIES`.

    Examples
    --------
    >>> FACILITIES[0]
    'facility_id'
    """
    rows = sources.tidy(raw, source)
    if "facility_id" not in rows:
        rows["facility_id"] = [f"row {number}" for number in range(1, len(rows) + 1)]
    capacity = rows.get("capacity", pd.Series("", index=rows.index))
    rows["capacity"] = pd.to_numeric(capacity.str.replace(",", ""), errors="coerce")
    rows = locate.set_aside_unlocated(rows, areas, ledger)
    return rows[FACILITIES]


def _statuses(labels: pd.Series, source: sources.Requests) -> pd.Series:
    """Map each status to its declared meaning; a stranger is an error."""
    known = {key.strip().casefold(): value for key, value in source.statuses.items()}
    keys = labels.str.casefold()
    strangers = labels[~keys.isin(list(known))].value_counts()
    if len(strangers):
        raise InputError(
            f"{source.file}: column {source.columns['status']}: statuses not declared"
            f"{race.listed(strangers)}; add each under 'statuses' in sources.yaml"
        )
    return keys.map(known)


def _categories(rows: pd.DataFrame, ledger: Ledger) -> pd.Series:
    """Give every spelling of a category its most frequent one."""
    if "category" not in rows:
        return pd.Series("All requests", index=rows.index)
    label = rows["category"].str.split().str.join(" ")
    key = label.str.casefold()
    usual = label.groupby(key).agg(lambda seen: seen.value_counts().index[0])
    unified = key.map(usual)
    ledger.note("spelling of its category made one", (unified != label).sum())
    ledger.note("no category", label.eq("").sum())
    return unified.mask(label.eq(""), "Not recorded")
