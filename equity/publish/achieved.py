"""Sentences about gaps in achievement, in standard deviations of students' scores.

A gap in standard deviations says little to most readers, so a clear one is also told in
pairs: how often a student of the group, taken at random, is ahead of one of the
reference. Where counts are hidden in the source, the sentence says what they leave
open; where they leave too much open there is no estimate, and it says what is known.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.publish import display
from equity.publish.comparisons import is_base, is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import NO_INTERVAL, blank, upper
from equity.publish.spoken import headlines, publish
from equity.publish.wording import people as people_of

UNIT = "deviations"
MEASURE = "gap in standard deviations"
PLACED = "placement values"  # the method of gaps from scores, see `proficiency`
WANTED = ["group", "reference", "estimate", "conf_low", "conf_high"]
NOTE = (
    "A gap in standard deviations does not depend on where the line of proficiency is "
    "drawn. Pairs: of one student of each group, taken at random, as normal "
    "distributions go."
)
COUNTED = (
    "A gap in standard deviations does not depend on the scale of the scores. Pairs: "
    "of one student of each group; all pairs are counted, ties half."
)

_Said = tuple[str, dict | None]


def achievement(
    gaps: Protected,
    *,
    people: str = "students",
    where: str = "",
    largest: bool = False,
    note: str | None = None,
    when: str = "",
) -> Published:
    """Say every group's gap, and what hidden counts leave open.

    Parameters
    ----------
    gaps
        One row per ``group`` (and ``subject``), with ``reference`` and the measure
        columns; ``estimate`` is in standard deviations. ``bound_low``, ``bound_high``
        and ``chance_above`` are used where they are there.
    people
        What the members of the groups are.
    where
        Among whom, after the subject: "in the same school".
    largest
        Of each subject only the largest clear gap, or that none is clear.
    note
        The last sentence, how to read the numbers; by default `COUNTED` of gaps from
        scores, whose ``method`` is placement values, else `NOTE`.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group.

    Raises
    ------
    DisclosureError
        If ``gaps`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Asian", "Black", "White"], "reference": "White",
    ...     "population": [90, 400, 900], "estimate": [None, -0.69, 0.0],
    ...     "conf_low": [None, -0.89, None], "conf_high": [None, -0.49, None],
    ...     "bound_low": [-0.7, -0.83, 0.0], "bound_high": [0.9, -0.54, 0.0],
    ...     "chance_above": [None, 0.313, 0.5], "confidence": 0.95})
    >>> achievement(protect(table, lines=None), note="")
    Whether Asian students score higher or lower than White students is not known:
    hidden counts leave the gap anywhere from 0.70 standard deviations lower to 0.90
    higher.
    Black students score 0.69 standard deviations lower than White students (95%
    interval 0.49 to 0.89 lower): in about 31 of 100 pairs the Black student is ahead.
    Hidden counts alone leave the gap between 0.54 and 0.83 lower.
    """
    frame = require(gaps, "findings.achievement").frame
    if frame.empty:
        return display.absent()
    absent = [name for name in WANTED if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    subjects = list(dict.fromkeys(frame["subject"])) if "subject" in frame else [""]
    texts, rows = [], []
    for subject in subjects:
        part = frame[frame["subject"] == subject] if subject else frame
        start = ", ".join(filter(None, (str(subject).strip(), where)))
        start = f"{start}: " if start else ""
        told = [
            said(row, people, gaps.why)
            for row in records(part.reset_index(drop=True), UNIT)
            if not is_base(row)
        ]
        told = [_largest(told)] if largest else told
        texts += [f"{start}{text}" for text, _ in told]
        rows += headlines(told, MEASURE, when, start)
    note = _note(frame) if note is None else note
    if note and rows:
        texts.append(note)
    return publish(texts, rows, [gaps])


def _note(frame: pd.DataFrame) -> str:
    """How to read pairs: counted where scores are on file, else fitted."""
    methods = frame["method"].dropna() if "method" in frame else pd.Series(dtype=str)
    return COUNTED if methods.str.startswith(PLACED).any() else NOTE


def _largest(told: list[_Said]) -> _Said:
    """Pick the largest clear gap; say what is left out, or that none is clear."""
    known = [(text, row) for text, row in told if row is not None]
    left = " Groups whose gaps are hidden or not known are left out."
    note = left if len(known) < len(told) else ""
    clear = [(text, row) for text, row in known if row["clear"]]
    if not clear:
        nothing = "no clear gap can be seen in any group shown"
        return f"{nothing if known else 'no gap can be shown'}.{note}", None
    text, row = max(clear, key=lambda one: abs(one[1]["estimate"]))
    only = (
        "the only gap that can be shown"
        if len(known) == 1
        else ("the largest clear gap")
    )
    return f"{only}: {text}{note}", {**row, "sentence": text}


def masked(
    shares: Protected, *, people: str = "students", of: str = "tested"
) -> Published:
    """Say which share of each group's students sits in counts that the source hides.

    Parameters
    ----------
    shares
        One row per ``group`` (and ``subject``), with ``rate_low`` and ``rate_high``:
        the least and most share, as proportions.
    people
        What the members of the groups are.
    of
        What they are, after their name: "tested".

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``shares`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Black", "White"], "population": [400, 900],
    ...     "rate_low": [0.018, 0.0], "rate_high": [0.139, 0.0]})
    >>> masked(protect(table))
    1.8% to 13.9% of Black students tested are in counts that the source hides.
    No White students tested are in counts that the source hides.
    """
    frame = require(shares, "findings.masked").frame
    if frame.empty:
        return display.absent()
    absent = [n for n in ("group", "rate_low", "rate_high") if n not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    texts = []
    for row in frame.to_dict("records"):
        who = f"{people_of(str(row['group']), people)} {of}"
        low, high = (
            display.rounded(row[end], "percent") for end in ("rate_low", "rate_high")
        )
        start = f"{row['subject']}: " if "subject" in row else ""
        if low is None or high is None:
            why = shares.why if not pd.isna(row["suppressed"]) else ""
            blank = f"is not shown: {why}" if why else "is not known"
            texts.append(f"{start}The share of {who} in hidden counts {blank}.")
            continue
        share = (
            "No" if high == 0 else f"{display.span(low, high, 'percent', mark=True)} of"
        )
        if low == high and high:
            share = f"{display.quantity(high, 'percent')} of"
        texts.append(f"{start}{share} {who} are in counts that the source hides.")
    return publish(texts, [], [shares])


def said(row: dict, noun: str, why: str) -> _Said:
    """Say one gap.

    Parameters
    ----------
    row
        From `comparisons.records`, in standard deviations.
    noun
        What the members of the groups are.
    why
        Why numbers of the table are hidden.

    Returns
    -------
    str
        A sentence, or two.
    dict or None
        The comparison's numbers; None where nothing is estimated.

    Examples
    --------
    >>> row = {"group": "Black", "reference": "White", "estimate": -0.5, "level":
    ...        "95% interval", "conf_low": -0.7, "conf_high": -0.3,
    ...        "exact": {"conf_low": -0.7, "conf_high": -0.3}}
    >>> said(row, "students", "")[0]
    'Black students score 0.50 standard deviations lower than White students (95% \
interval 0.30 to 0.70 lower).'
    """
    who, base = (people_of(str(row[key]), noun) for key in ("group", "reference"))
    if row["estimate"] is None:
        return _unknown(row, who, base, why), None
    clear = is_clear(row, 0.0)
    if clear is False:
        text = f"Between {who} and {base} no clear gap can be seen: the estimate is "
        text += f"{size(row['estimate'])}{_runs(row)}"
    else:
        text = f"{upper(who)} score {size(row['estimate'])} than {base}{ends(row)}"
        text += NO_INTERVAL if clear is None else _pairs(row, noun)
    text += "."
    low, high = _bounds(row)
    if low is not None and low != high:
        text += f" Hidden counts alone leave the gap {_between(low, high)}."
    return text, numbers(row, UNIT, clear)


def size(value: float, unit: str = "standard deviations") -> str:
    """Write a gap with its direction.

    Parameters
    ----------
    value
        A gap, rounded.
    unit
        What it is in; "" leaves it out.

    Returns
    -------
    str
        "0.62 standard deviations lower".

    Examples
    --------
    >>> size(-0.62), size(0.1, ""), size(0.0, "")
    ('0.62 standard deviations lower', '0.10 higher', '0.00')
    """
    word = "lower" if value < 0 else "higher" if value > 0 else ""
    parts = (display.number(value, UNIT, sign=False), unit, word)
    return " ".join(part for part in parts if part)


def ends(row: dict) -> str:
    """Write the interval of a clear gap, nearest end first.

    Parameters
    ----------
    row
        From `comparisons.records`.

    Returns
    -------
    str
        In brackets; "" without limits.

    Examples
    --------
    >>> ends({"conf_low": -0.7, "conf_high": -0.3, "level": "95% interval"})
    ' (95% interval 0.30 to 0.70 lower)'
    """
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    if (low < 0) != (high < 0):
        return f" ({row['level']} {size(low, '')} to {size(high, '')})"
    near, far = sorted([low, high], key=abs)
    return f" ({row['level']} {display.number(abs(near), UNIT)} to {size(far, '')})"


def _runs(row: dict) -> str:
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    ends = f"{size(low, '')} to {size(high, '')}"
    return f", and the {row['level']} runs from {ends}"


def _pairs(row: dict, noun: str) -> str:
    chance = row["exact"].get("chance_above")
    if chance is None or pd.isna(chance):
        return ""
    one = people_of(row["group"], noun.removesuffix("s"))
    return f": in about {round(100 * chance)} of 100 pairs the {one} is ahead"


def _bounds(row: dict) -> tuple[float | None, float | None]:
    found = [row["exact"].get(f"bound_{end}") for end in ("low", "high")]
    low, high = (display.rounded(value, UNIT) for value in found)
    return (None, None) if low is None or high is None else (low, high)


def _between(low: float, high: float) -> str:
    """Bounds of a gap in words, nearest end first where both are on one side."""
    if (low < 0) != (high < 0):
        return f"anywhere from {size(low, '')} to {size(high, '')}"
    near, far = sorted([low, high], key=abs)
    return f"between {display.number(abs(near), UNIT)} and {size(far, '')}"


def _unknown(row: dict, who: str, base: str, why: str) -> str:
    low, high = _bounds(row)
    if row["hidden"] or low is None:
        return blank(row, f"the gap between {who} and {base}", why)
    if (low < 0) != (high < 0):
        return (
            f"Whether {who} score higher or lower than {base} is not known: hidden "
            f"counts leave the gap anywhere from {size(low)} to {size(high, '')}."
        )
    way = "lower" if low < 0 else "higher"
    near, far = sorted([low, high], key=abs)
    return (
        f"How much {way} {who} score than {base} is not known: hidden counts leave the "
        f"gap anywhere from {display.number(abs(near), UNIT)} to {size(far)}."
    )
