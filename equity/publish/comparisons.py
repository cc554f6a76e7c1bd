"""Protected rows as a sentence will print them, and whether a comparison is clear.

A **row** here is one group's rounded numbers, with ``exact`` beside them for judging.
A comparison is **clear** if no interval given for it includes parity: zero for a
difference, one for a ratio. It is judged before rounding: an interval from 1.002 is
printed as from 1.00 and clear.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.publish import display
from equity.publish.protect import COUNTS, Protected, require


def frame_of(protected: Protected, maker: str, *extra: str) -> pd.DataFrame:
    """Take the frame of a protected table that has what a sentence needs.

    Parameters
    ----------
    protected
        A table that passed the gate.
    maker
        The function that asks, for the error.
    *extra
        Further columns it needs.

    Returns
    -------
    DataFrame
        One row per ``group``.

    Raises
    ------
    DisclosureError
        If the table is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has several rows.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> frame_of(protect(pd.DataFrame({"group": ["A"], "events": [40]})), "a finding")
    Traceback (most recent call last):
    equity.errors.ColumnNotFoundError: columns ['estimate', 'conf_low',
    'conf_high'] are missing; found ['group', 'events', 'suppressed']
    """
    frame = require(protected, maker).frame
    wanted = ["group", "estimate", "conf_low", "conf_high", *extra]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    twice = frame["group"].astype(str).duplicated()
    if twice.any():
        raise UnknownGroupError(
            f"{int(twice.sum())} rows repeat a group; a sentence needs one row for "
            "each (pick rows with Protected.only)"
        )
    return frame


def records(frame: pd.DataFrame, unit: str, *, extra: str = "") -> list[dict]:
    """Round the rows as they will be printed; None where blank.

    Parameters
    ----------
    frame
        From `frame_of`.
    unit
        Of the estimates and limits.
    extra
        A further column in that unit.

    Returns
    -------
    list of dict
        In the order of the table.

    Examples
    --------
    >>> rows = pd.DataFrame({"group": ["A"], "estimate": [0.1234], "conf_low": [0.1],
    ...                      "conf_high": [0.2], "suppressed": [None]})
    >>> records(rows, "percent")[0]["estimate"]
    12.3
    """
    counts = [name for name in COUNTS if name in frame]
    numbers = ["estimate", "conf_low", "conf_high", *([extra] if extra else [])]
    found = []
    for row in frame.to_dict("records"):
        record = {name: display.rounded(row[name], unit) for name in numbers}
        reference, coded = row.get("reference"), row.get("coded")
        found.append(
            {
                **record,
                "group": str(row["group"]),
                "reference": None if pd.isna(reference) else str(reference),
                "level": display.level(row.get("confidence")),
                "coded": "" if coded is None or pd.isna(coded) else str(coded),
                "hidden": not pd.isna(row["suppressed"]) and record["estimate"] is None,
                "unknown": any(pd.isna(row[name]) for name in counts),
                "parity": display.rounded(row.get("people_to_parity"), "count"),
                "exact": row,
            }
        )
    return found


def by_group(protected: Protected | None, unit: str) -> dict[str, dict]:
    """Take the rows of a table of comparisons by their group.

    Parameters
    ----------
    protected
        Differences or ratios with ``reference``; None is a table without rows.
    unit
        Of the estimates.

    Returns
    -------
    dict
        Group to row.

    Examples
    --------
    >>> by_group(None, "ratio")
    {}
    """
    if protected is None:
        return {}
    rows = records(frame_of(protected, "findings", "reference"), unit)
    return {row["group"]: {**row, "why": protected.why} for row in rows}


def is_base(row: dict) -> bool:
    """Tell whether a row compares a group with itself.

    Parameters
    ----------
    row
        From `records`.

    Returns
    -------
    bool
        True for the reference group.

    Examples
    --------
    >>> is_base({"group": "White", "reference": "White"})
    True
    """
    return row["reference"] == row["group"]


def is_clear(row: dict, parity: float) -> bool | None:
    """Tell whether the interval lies on one side of parity.

    Parameters
    ----------
    row
        From `records`.
    parity
        Zero for a difference, one for a ratio.

    Returns
    -------
    bool or None
        None if there is no interval.

    Examples
    --------
    >>> is_clear({"exact": {"conf_low": 1.002, "conf_high": 1.5}}, 1.0)
    True
    """
    low, high = row["exact"]["conf_low"], row["exact"]["conf_high"]
    if pd.isna(low) and pd.isna(high):
        return None
    return bool(low > parity or high < parity)


def both_clear(gap: dict | None, times: dict | None) -> bool | None:
    """Tell whether every interval that is there leaves out parity.

    Parameters
    ----------
    gap, times
        A group's difference and its ratio, from `records`; None if not given.

    Returns
    -------
    bool or None
        None if there is no interval.

    Examples
    --------
    >>> gap = {"estimate": 3.1, "exact": {"conf_low": 1.2, "conf_high": 5.0}}
    >>> both_clear(gap, None)
    True
    """
    answers = [
        is_clear(row, parity)
        for row, parity in ((gap, 0.0), (times, 1.0))
        if row is not None and row["estimate"] is not None
    ]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def shown(comparisons: dict, group: str) -> dict | None:
    """Take a group's comparison if it has a number.

    Parameters
    ----------
    comparisons
        From `by_group`.
    group
        Its label.

    Returns
    -------
    dict or None
        The row; None where it is absent or blank.

    Examples
    --------
    >>> shown({"Asian": {"estimate": None}}, "Asian")
    """
    row = comparisons.get(group)
    return row if row is not None and row["estimate"] is not None else None


def numbers(row: dict, unit: str, clear: bool | None, **more: object) -> dict:
    """Gather the numbers of one comparison, as a headline has them.

    Parameters
    ----------
    row
        A row of differences or ratios, from `records`.
    unit
        Of its numbers.
    clear
        Whether the comparison is clear; None if no interval is known.
    **more
        Further parts, or others in the place of the row's.

    Returns
    -------
    dict
        All of `equity.publish.payload.Headline` but ``measure``, ``when`` and
        ``sentence``.

    Examples
    --------
    >>> numbers({"group": "Asian", "reference": "White", "estimate": 3.1,
    ...          "conf_low": 1.2, "conf_high": 5.0}, "number", True)["clear"]
    True
    """
    return {
        "group": row["group"],
        "reference": row["reference"] or "",
        "unit": unit,
        "estimate": row["estimate"],
        "low": row["conf_low"],
        "high": row["conf_high"],
        "people_to_parity": None,
        "clear": clear,
        **more,
    }
