"""Rules that set a row of requests aside, worded for the ledger.

Each is an expression of the columns that `moments` and `lookups` add; a row is
counted under the first that applies. Those about places come after these.
"""

from collections.abc import Collection, Mapping

import narwhals as nw
import pandas as pd

from equity.prepare.engine.lookups import STATES
from equity.prepare.engine.moments import Moments
from equity.prepare.engine.stamps import EPOCH

UNDATED = "opening date is missing or unreadable"
UNCLOSED = "closed, but without a readable closing date"
EARLY = "closed before it was opened"
CANCELLED = "cancelled"
DUPLICATE = "the city marked it a duplicate of another request"


def state(names: Collection[str], types: Mapping[str, nw.dtypes.DType]) -> nw.Expr:
    """Say what state a row is in; without a status, open until it has a closing.

    Parameters
    ----------
    names
        The columns there are.
    types
        Of the columns.

    Returns
    -------
    Expr
        Numbers of `lookups.STATES`.
    """
    if "status" in names:
        return nw.col("state")
    closed = nw.col("closed")
    blank = closed.is_null()
    if types["closed"] == nw.String:
        blank = closed.str.strip_chars() == ""
    found = nw.when(blank).then(nw.lit(STATES["open"], nw.Int8))
    return found.otherwise(nw.lit(STATES["closed"], nw.Int8))


def other(names: Collection[str]) -> nw.Expr:
    """Read the number of the request that a row repeats.

    Parameters
    ----------
    names
        The columns there are.

    Returns
    -------
    Expr
        Text; empty if there is none, or it is the row's own, as in some systems.
    """
    found = nw.col("duplicate_of").str.strip_chars()
    if "request_id" not in names:
        return found
    own = found == nw.col("request_id").cast(nw.String).str.strip_chars()
    return nw.when(own).then(nw.lit("")).otherwise(found)


def duplicate(names: Collection[str]) -> nw.Expr:
    """Tell what the city marked as a further report, by a status or a number.

    Parameters
    ----------
    names
        The columns there are.

    Returns
    -------
    Expr
        A boolean, of `state` too.
    """
    found = nw.col("state") == STATES["duplicate"]
    return found | (other(names) != "") if "duplicate_of" in names else found


def worded(
    names: Collection[str],
    moments: Moments,
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    until: pd.Timestamp,
) -> dict[str, nw.Expr]:
    """Word the rules, and say to which rows they apply.

    Parameters
    ----------
    names
        The columns there are.
    moments
        How the stamps were read.
    first, last
        Days of the quarters counted; `quarter` is missing for rows of other days.
    until
        The last day of the data.

    Returns
    -------
    dict
        Rule to a boolean, in the order in which they apply.
    """
    now, quarter = nw.col("state"), nw.col("quarter")
    opened, closed = nw.col("opened_day"), nw.col("closed_day")
    end = (until - EPOCH).days
    ended = now != STATES["open"]
    clock = nw.col("closed_second")
    earlier = (
        (closed == opened) & (clock < nw.col("opened_second")) & (clock > 0)
    )  # a closing at midnight is a day without a time
    if moments.twice:
        earlier = earlier & ~moments.in_one_hour("opened", "closed")
    day = f"({until.date()})"
    return {
        UNDATED: opened.is_null(),
        f"opened after the data end {day}": opened > end,
        f"opened before {first.date()} or after {last.date()}": quarter.is_null(),
        UNCLOSED: (now == STATES["closed"]) & closed.is_null(),
        EARLY: ended & ((closed < opened) | earlier),
        f"closed after the data end {day}": ended & (closed > end),
        CANCELLED: now == STATES["cancelled"],
        DUPLICATE: duplicate(names),
    }
