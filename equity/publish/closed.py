"""Sentences about whether a gap is closing: told from noise, hidden counts, and breaks.

A gap that became smaller on paper may not have: chance, hidden counts, a new test or
other students tested can each look like it. The sentence says "closing" or "widening"
only where the numbers tell; else it says what stands in the way.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.publish import display
from equity.publish.comparisons import numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import blank
from equity.publish.spoken import headlines, publish
from equity.publish.wording import people as people_of

CLOSING, WIDENING = "closing", "widening"
NOISE = "no change told from noise"
UNKNOWN = "not known: "
WORDS = {CLOSING: "smaller", WIDENING: "larger"}
NOTE = (
    "Of twenty gaps that do not change, about one would be called closing or widening "
    "by chance."
)
FEW, MOST = 0.05, 0.95  # shares left out that are told as ranges: few people may be so
MANY = 5  # comparisons, from which the note is needed
WANTED = ["group", "reference", "from", "to", "statistic", "reliability", "size_change"]


def closing(
    changes: Protected, *, of: str, unit: str, people: str = "students"
) -> Published:
    """Say of each group whether its gap is closing, widening, or not told.

    Parameters
    ----------
    changes
        One row per ``group`` (and ``subject``), run of years (``from``, ``to``) and
        ``statistic`` ("change" is said), with ``reference``, ``reliability``
        ("closing", "widening", or other words), ``size_change`` with ``size_low`` and
        ``size_high``, and the measure columns; perhaps ``not_comparable`` and
        ``not_comparable_reference``, the shares of both groups' students whom the gap
        leaves out, as proportions. A change is called closing or widening
        only if the trend, where one is known, says so too.
    of
        What the gap is in: "graduation".
    unit
        Of the gap: "points" (given as proportions) or "deviations".
    people
        What the members of the groups are.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``changes`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Asian", "Black"], "reference": "White", "statistic": "change",
    ...     "from": "2022-23", "to": "2024-25", "population": 400,
    ...     "reference_population": 900, "confidence": 0.95,
    ...     "estimate": [0.01, 0.08], "conf_low": [-0.03, 0.03],
    ...     "conf_high": [0.05, 0.13], "size_change": [-0.01, -0.08],
    ...     "size_low": [-0.05, -0.13], "size_high": [0.03, -0.03],
    ...     "reliability": ["no change told from noise", "closing"]})
    >>> closing(protect(table, lines=None), of="graduation", unit="points")
    Whether the gap in graduation between Asian students and White students is closing
    cannot be told from noise: from 2022-23 to 2024-25 its size is estimated to have
    become 1.0 percentage points smaller, and the 95% interval of the change runs from
    5.0 smaller to 3.0 larger.
    The gap in graduation between Black students and White students is closing: from
    2022-23 to 2024-25 it became 8.0 percentage points smaller (95% interval 3.0 to 13.0
    smaller).
    """
    frame = require(changes, "findings.closing").frame
    if frame.empty:
        return display.absent()
    absent = [name for name in WANTED if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    trends = _trends(frame)
    frame = frame[frame["statistic"] == "change"].reset_index(drop=True)
    texts, rows = [], []
    for row in records(frame, unit):
        row["trend"] = trends.get(_key(row["exact"]), "")
        subject = str(row["exact"].get("subject", "")).strip()
        start = f"{subject}: " if subject else ""
        told = _said(row, of, unit, people, changes.why)
        if told is None:
            continue
        left = _left_out(row, people)
        told = (f"{told[0].removesuffix('.')}{left}.", told[1]) if left else told
        texts.append(f"{start}{told[0]}")
        rows += headlines([told], f"change of the gap in {of}", "", start)
    if len(rows) >= MANY and any(row["clear"] for row in rows):
        texts.append(NOTE)
    return publish(texts, rows, [changes])


def _said(
    row: dict, of: str, unit: str, noun: str, why: str
) -> tuple[str, dict | None] | None:
    exact = row["exact"]
    if row["group"] == row["reference"]:
        return None
    who, base = (people_of(str(row[key]), noun) for key in ("group", "reference"))
    gap = f"the gap in {of} between {who} and {base}"
    if row["hidden"]:
        return blank(row, f"the change of {gap}", why), None
    words = "" if pd.isna(exact["reliability"]) else str(exact["reliability"])
    years = f"from {exact['from']} to {exact['to']}"
    size, low, high = (
        display.rounded(exact.get(name), unit)
        for name in ("size_change", "size_low", "size_high")
    )
    if words in WORDS and row["trend"] not in ("", words) and size is not None:
        text = f"Whether {gap} is closing cannot be told from noise: {years} it became "
        text += f"{_size(size, unit)}{_ends(row, low, high, unit)}, but the years "
        return f"{text}between are no trend.", numbers(row, unit, False)
    if words in WORDS and size is not None:
        text = f"The{gap[3:]} is {words}: {years} it became "
        text += f"{_size(size, unit)}{_ends(row, low, high, unit)}."
        return text, numbers(row, unit, True)
    start = f"Whether {gap} is closing"
    if words == NOISE and size is not None:
        text = f"{start} cannot be told from noise: {years} its size is estimated to "
        text += f"have become {_size(size, unit)}"
        if low is not None and high is not None:
            ends = f"{_size(low, unit, '')} to {_size(high, unit, '')}"
            text += f", and the {row['level']} of the change runs from {ends}"
        return f"{text}.", numbers(row, unit, False)
    if words == NOISE:
        return f"{start} cannot be told from noise, {years}.", numbers(row, unit, False)
    reason = words.removeprefix(UNKNOWN)
    return f"{start} is not known, {years}{f': {reason}' if reason else ''}.", None


def _left_out(row: dict, noun: str) -> str:
    """Whom a gap at the same mix of schools leaves out, of either group."""
    shares = [
        (row[key], row["exact"].get(name))
        for key, name in (
            ("group", "not_comparable"),
            ("reference", "not_comparable_reference"),
        )
    ]
    who = " and ".join(
        f"{_share(share)} of {people_of(str(group), noun)}"
        for group, share in shares
        if share is not None and not pd.isna(share) and share > 0
    )
    if row["hidden"] or not who:
        return ""
    return (
        f"; {who}, in schools without {noun} of the group in every year, are left out"
    )


def _share(share: float) -> str:
    if share < FEW:
        return f"less than {FEW:.0%}"
    return f"more than {MOST:.0%}" if share > MOST else f"{share:.0%}"


def _key(row: dict) -> tuple:
    return tuple(str(row.get(name, "")) for name in ("subject", "group", "from", "to"))


def _trends(frame: pd.DataFrame) -> dict[tuple, str]:
    """What the trend over all years of a run says, where one is known."""
    rows = frame[(frame["statistic"] == "trend") & frame["estimate"].notna()]
    return {_key(row): str(row["reliability"]) for row in rows.to_dict("records")}


def _size(value: float, unit: str, noun: str | None = None) -> str:
    """A change of size as "8.0 percentage points smaller"."""
    if noun is None:
        text = display.quantity(value, unit, sign=False)
    else:
        text = display.number(value, unit, sign=False)
    word = "smaller" if value < 0 else "larger" if value > 0 else ""
    return f"{text} {word}".rstrip()


def _ends(row: dict, low: float | None, high: float | None, unit: str) -> str:
    if low is None or high is None:
        return ""
    near, far = sorted([low, high], key=abs)
    if (low < 0) != (high < 0):
        ends = f"{_size(low, unit, '')} to {_size(high, unit, '')}"
    else:
        ends = f"{display.number(abs(near), unit)} to {_size(far, unit, '')}"
    return f" ({row['level']} {ends})"
