"""Rosters and workforce events: load and clean.

Known problems of such files: leavers kept among those in post, pay as text with
commas or a currency sign, blank race, and no number to tell people apart, so that
equal rows are different people.
"""

import pandas as pd

from equity import race
from equity.prepare import sources
from equity.prepare.quality import Ledger

WORKERS = [
    *("worker_id", "race", "sex", "department", "job", "job_category", "pay"),
    *("full_time", "hired", "left", "as_of"),
]
UNREADABLE = {
    "pay": "pay is unreadable or negative; not used",
    "hired": "hiring date is unreadable; not used",
    "left": "leaving date is unreadable; counted as in post",
}
EVENTS = ["worker_id", "kind", "date", "race", "department", "job_category"]


def clean_workers(
    raw: pd.DataFrame,
    source: sources.Workers,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw roster into the people in post on its date.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `WORKERS`; a column that the file lacks is missing throughout.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> raw = pd.DataFrame({"RACE": ["W"], "UNIT": ["Fire "], "PAY": ["$52,345.00"]})
    >>> source = sources.Workers(
    ...     file="r.csv", as_of="2025-12-31", races={"W": "White"},
    ...     columns={"race": "RACE", "department": "UNIT", "pay": "PAY"})
    >>> found = clean_workers(raw, source, Ledger("workers", "r.csv", 1),
    ...                       standard=race.standard("omb1997"))
    >>> found[["race", "department", "pay"]]
        race department      pay
    0  White       Fire  52345.0
    """
    rows = sources.tidy(raw, source)
    as_of = pd.Timestamp(source.as_of)
    blank = pd.Series("", index=rows.index)
    for name in WORKERS[:-1]:
        rows[name] = rows.get(name, blank)
    text = rows
    rows = rows.assign(
        pay=pay(rows["pay"]),
        hired=_days(rows["hired"], source),
        left=_days(rows["left"], source),
        as_of=as_of,
        full_time=rows["full_time"]
        .isin(source.full_time)
        .where(rows["full_time"].ne("")),
        department=rows["department"]
        .str.split()
        .str.join(" ")
        .replace("", "Not recorded"),
    )
    numbered = "worker_id" in source.columns  # else equal rows are different people
    rules = {
        "the same row again": raw.duplicated() & numbered,
        f"left by {as_of.date()}": rows["left"].le(as_of),
        f"hired after {as_of.date()}": rows["hired"].gt(as_of),
    }
    rows = ledger.set_aside(rows, rules)
    # Only now: who left and came back is in post under the later row.
    again = rows["worker_id"].duplicated() & rows["worker_id"].ne("")
    rows = ledger.set_aside(rows, {"a worker's number seen before": again})
    for name, note in UNREADABLE.items():
        lost = rows[name].isna() & text.loc[rows.index, name].ne("")
        ledger.note(note, lost.sum())
    rows["race"] = sources.recorded_race(rows, source, standard=standard)
    ledger.note("no race on record", rows["race"].isin(race.UNKNOWN).sum())
    return rows.astype({"full_time": "boolean"})[WORKERS].reset_index(drop=True)


def clean_events(
    raw: pd.DataFrame,
    source: sources.Events,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw list of hires, promotions and separations into events.

    Parameters
    ----------
    raw
        As read by `sources.read_table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `EVENTS`.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> raw = pd.DataFrame({"RACE": ["W"], "WHAT": ["Hired"], "DAY": ["2025-01-31"]})
    >>> source = sources.Events(
    ...     file="e.csv", races={"W": "White"}, kinds={"Hired": "hire"},
    ...     columns={"race": "RACE", "kind": "WHAT", "date": "DAY"})
    >>> clean_events(raw, source, Ledger("events", "e.csv", 1),
    ...              standard=race.standard("omb1997"))["kind"].to_list()
    ['hire']
    """
    rows = sources.tidy(raw, source)
    for name in EVENTS:
        rows[name] = rows.get(name, pd.Series("", index=rows.index))
    rows["date"] = _days(rows["date"], source)
    rows["kind"] = rows["kind"].map(source.kinds)
    rules = {
        "the same row again": raw.duplicated() & rows["worker_id"].ne(""),
        "its kind is not a hire, promotion or separation": rows["kind"].isna(),
        "its date is missing or unreadable": rows["date"].isna(),
    }
    rows = ledger.set_aside(rows, rules)
    rows["race"] = sources.recorded_race(rows, source, standard=standard)
    return rows[EVENTS].reset_index(drop=True)


def pay(text: pd.Series) -> pd.Series:
    """Read pay from text such as `$52,345.00`; negative or unreadable is missing.

    Parameters
    ----------
    text
        Pay as text; a comma is a thousands separator.

    Returns
    -------
    Series
        Floats, in the currency of the text.

    Examples
    --------
    >>> pay(pd.Series(["$52,345.00", "(1,200)", "", "inf"])).to_list()
    [52345.0, nan, nan, nan]
    """
    plain = text.str.replace(r"[$,\s]", "", regex=True)
    digits = plain.where(plain.str.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?"))
    return pd.to_numeric(digits)


def _days(text: pd.Series, source: sources.Workers | sources.Events) -> pd.Series:
    return pd.to_datetime(text, format=source.date_format, errors="coerce")
