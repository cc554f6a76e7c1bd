"""Sentences about time: years to a group's share at this pace, and what it takes.

Rates of a few years, carried on, are arithmetic and no forecast. What lies beyond the
years looked ahead is told as "more than" so many, never as a year; what cannot come to
pass at this pace is told as that.
"""

import re

import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.publish import display
from equity.publish.comparisons import records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import blank, upper
from equity.publish.spoken import publish
from equity.publish.wording import check_template
from equity.publish.wording import people as people_of

NOTE = (
    "This carries on the rates of these years unchanged; it is arithmetic, and no "
    "forecast."
)

THERE, NOT_KNOWN = "at parity now", "not known"


def pace(
    years: Protected,
    *,
    pace: str,
    benchmark: str = "its benchmark",
    people: str = "employees",
    needed: Protected | None = None,
    within: str = "five years",
    note: str = NOTE,
) -> Published:
    """Say in about how many years each group has its share, and the hires it takes.

    Parameters
    ----------
    years
        One row per ``group``: years to parity as ``estimate``, with limits;
        ``benchmark`` (a proportion, named in ``protect(..., public=[...])``),
        ``tends_to`` and ``state``, which names the years looked ahead.
    pace
        The years whose rates go on: "2023 to 2025".
    benchmark
        Of whom the benchmark is a share: "the labour force".
    people
        What the members of the groups are.
    needed
        The same groups' hires a year that would bring parity, with ``hires_now``,
        ``openings`` and ``possible``.
    within
        In which time those hires would bring it.
    note
        The last sentence: how to read the others.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If a table is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black"], "population": [200], "entered": [120],
    ...     "left": [60], "benchmark": [0.3], "estimate": [14.0], "conf_low": [9.0],
    ...     "conf_high": [None], "confidence": [0.95], "tends_to": [0.4],
    ...     "state": ["within 50 years"], "reached": [0.9]})
    >>> pace(protect(table, public=["benchmark"]), pace="2023 to 2025",
    ...      benchmark="the labour force", note="")
    At the pace of 2023 to 2025, Black employees would reach their share of the labour
    force (30.0%) in about 14 years (95% interval 9 to more than 50).
    """
    check_template(f"{pace} {benchmark} {within} {note} {{estimate}}", "estimate")
    frame = _frame(years, ["benchmark", "tends_to", "state"])
    if frame.empty:
        return display.absent()
    rows = records(frame, "count")
    hires = {}
    if needed is not None:
        found = _frame(needed, ["hires_now", "openings", "possible"])
        hires = {row["group"]: row for row in records(found, "count")}
    ahead = _ahead(frame["state"])
    texts = []
    for row in rows:
        text = _sentence(row, pace, benchmark, people, ahead, years.why)
        more = hires.get(row["group"])
        if more is not None and not (_is_there(row) or row["hidden"]):
            text += _needed(more, people, within, needed.why)
        texts.append(text)
    told = any(row["estimate"] is not None or _is_not(row) for row in rows)
    return publish([*texts, *([note] if note and told else [])], [], [years, needed])


def _frame(protected: Protected, more: list[str]) -> pd.DataFrame:
    frame = require(protected, "findings.pace").frame
    wanted = ["group", "estimate", "conf_low", "conf_high", *more]
    absent = [name for name in wanted if name not in frame]
    if absent and not frame.empty:
        raise ColumnNotFoundError(absent, found=frame.columns)
    return frame


def _ahead(states: pd.Series) -> str:
    """The years looked ahead, as the states name them."""
    found = states.dropna().astype("str").str.extract(r"within (\d+) years")[0].dropna()
    return str(found.iloc[0]) if len(found) else ""


def _state(row: dict) -> str:
    state = row["exact"]["state"]
    return "" if pd.isna(state) else str(state)


def _is_there(row: dict) -> bool:
    return _state(row) == THERE


def _is_not(row: dict) -> bool:
    return bool(re.match("not within", _state(row)))


# --- the sentences --------------------------------------------------------------


def _sentence(
    row: dict, pace: str, benchmark: str, noun: str, ahead: str, why: str
) -> str:
    who = people_of(row["group"], noun)
    start = f"At the pace of {pace}, {who}"
    share = display.rounded(row["exact"]["benchmark"], "percent")
    tends = display.rounded(row["exact"]["tends_to"], "percent")
    goal = f"their share of {benchmark}"
    if share is not None:
        goal += f" ({display.quantity(share, 'percent')})"
    if _is_there(row):
        text = f"{upper(who)} have {goal} now, or more"
        if tends is not None and share is not None and tends < share:
            end = display.quantity(tends, "percent")
            text += f"; at the pace of {pace} the share would be {end} in the end"
        return f"{text}."
    if _is_not(row):
        text = f"{start} would not reach {goal} within {ahead} years"
        if row["conf_low"] is not None:
            text += f" ({row['level']} {row['conf_low']} to more than {ahead})"
        if tends is not None:
            end = display.quantity(tends, "percent")
            text += f"; in the end the share would be {end}"
        return f"{text}."
    if row["estimate"] is None:
        return blank(row, f"the years until {who} have {goal}", why)
    count = row["estimate"]
    text = f"{start} would reach {goal} in about {count} "
    text += f"{'year' if count == 1 else 'years'}"
    return f"{text}{_ends(row, ahead)}."


def _ends(row: dict, ahead: str) -> str:
    low, high = row["conf_low"], row["conf_high"]
    if low is None and high is None:
        return ""
    first = f"more than {ahead}" if low is None else f"{low}"
    last = f"more than {ahead}" if high is None else f"{high}"
    return f" ({row['level']} {first} to {last})"


def _needed(row: dict, noun: str, within: str, why: str) -> str:
    if row["estimate"] is None:
        rest = f"is not shown: {why}" if row["hidden"] else "is not known"
        return f" What it would take to be there in {within} {rest}."
    exact = row["exact"]
    who = people_of(row["group"], noun)
    hires = "hire" if row["estimate"] == 1 else "hires"
    text = f" To be there in {within} would take {row['estimate']:,} {hires} of {who}"
    text += f" a year{_span(row)}"
    now = display.rounded(exact["hires_now"], "number")
    if now is not None:
        text += f"; there were {display.number(now, 'number')} a year"
    text += "."
    possible, posts = exact["possible"], display.rounded(exact["openings"], "number")
    if posts is not None and not pd.isna(possible):
        free = f"about {display.number(posts, 'number')} a year"
        if possible:
            text += f" Posts that come free in all: {free}."
        else:
            text += f" That is more than the posts that come free in all: {free}."
    return text


def _span(row: dict) -> str:
    limits = display.span(row["conf_low"], row["conf_high"], "count")
    return f" ({row['level']} {limits})" if limits else ""
