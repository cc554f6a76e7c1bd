"""Sentences about what areas can show: bounds for persons, and likeness of neighbours.

Race of an area is not race of a person. The **bounds** of a group's share are what the
areas alone can prove, whoever asked; they are often wide, and the sentence says them
before any estimate. **Clustering** is whether neighbouring areas resemble each other
more than chance would give.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError, EquityError
from equity.publish import display
from equity.publish.comparisons import frame_of, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import blank, interval
from equity.publish.spoken import publish
from equity.publish.wording import _Words, check_template

OUTSIDE = (
    ", outside that range: who asks differs from who lives there, or race is recorded "
    "otherwise than by the census"
)
DEPENDENT = " Intervals that take areas as independent of each other may be too narrow."

_SMALLEST = 0.001  # p-values below it are printed as such

FROM = "From areas alone, if groups there ask in proportion to their numbers,"


def bounds(
    shares: Protected,
    *,
    subject: str,
    unit: str = "percent",
    people: str = "residents",
    recorded: Protected | None = None,
    recorded_words: str = "the race recorded on requests",
) -> Published:
    """Say between what ends every group's own share must lie.

    Parameters
    ----------
    shares
        One row per ``group``, with ``bound_low``, ``bound_high`` and the measure
        columns; ``conf_low`` and ``conf_high`` are the outer limits of the bounds.
    subject
        What the share is of, with ``{people}``: "the share of requests of {people}
        that were closed on time".
    unit
        "percent" or "points" (given as proportions).
    people
        What the members of the groups are.
    recorded
        The same groups' shares by the race that requests carry, if any do, with
        ``within_bounds`` where it is known.
    recorded_words
        What that race is.

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
    UnknownGroupError
        If a group has several rows.
    EquityError
        If the template cannot be used.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black"], "events": [400], "estimate": [0.44],
    ...     "bound_low": [0.31], "bound_high": [0.92], "conf_low": [0.29],
    ...     "conf_high": [0.935], "confidence": [0.95]})
    >>> bounds(protect(table, lines=None), people="people",
    ...        subject="the share of requests of {people} that were closed on time")
    From areas alone, if groups there ask in proportion to their numbers, the share of
    requests of Black people that were closed on time could lie anywhere from 31.0% to
    92.0%; allowing for chance and census margins, from 29.0% to 93.5% (95% interval).
    """
    check_template(subject, "people")
    if require(shares, "findings.bounds").frame.empty:
        return display.absent()
    frame = frame_of(shares, "findings.bounds", "bound_low", "bound_high")
    beside = {}
    if recorded is not None and not require(recorded, "findings.bounds").frame.empty:
        rows = records(frame_of(recorded, "findings.bounds"), unit)
        beside = {row["group"]: {**row, "why": recorded.why} for row in rows}
    said = _Words(subject, "", subject, people, unit)
    texts = [
        _bounded(row, beside.get(row["group"]), said, recorded_words, shares.why)
        for row in records(frame, unit)
    ]
    return publish(texts, [], [shares, recorded])


def clustering(
    likeness: Protected, *, subject: str, places: str = "areas"
) -> Published:
    """Say whether neighbouring areas resemble each other.

    Parameters
    ----------
    likeness
        One row with Moran's I as ``estimate`` and ``p_value``; ``confidence`` (0.95
        where it is missing), ``expected``, ``islands`` and ``unknown`` are used where
        they are there.
    subject
        What is looked at: "the share closed on time".
    places
        What the areas are, in the plural.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``likeness`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If the table has several rows.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"events": [400], "estimate": [0.3134], "p_value": [0.002],
    ...                       "confidence": [0.95]})
    >>> clustering(protect(table), subject="the share closed on time", places="tracts")
    In the share closed on time, neighbouring tracts resemble each other more than
    chance would give (Moran's I 0.31, p = 0.002). Intervals that take areas as
    independent of each other may be too narrow.
    """
    frame = require(likeness, "findings.clustering").frame
    if frame.empty:
        return display.absent()
    absent = [name for name in ("estimate", "p_value") if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    if len(frame) > 1:
        raise EquityError(
            f"{len(frame)} rows; a sentence on clustering needs one (pick rows with "
            "Protected.only)"
        )
    row = frame.iloc[0]
    text = _alike(row, subject, places, likeness.why)
    return publish([text + _left_out(row, places)], [], [likeness])


# --- the sentences --------------------------------------------------------------


def _bounded(row: dict, beside: dict | None, said: _Words, words: str, why: str) -> str:
    subject = said.subject(row)
    low, high = (
        display.rounded(row["exact"][name], said.unit)
        for name in ("bound_low", "bound_high")
    )
    if low is None or high is None:
        return blank(row, f"what areas can prove of {subject}", why)
    if _unproven(low, high, said.unit):
        ends = f"from {_end(low, said)} to {_end(high, said)}"
        text = f"Areas alone say next to nothing of {subject}: it could lie anywhere"
        return f"{text} {ends}.{_recorded(row, beside, said, words)}"
    if low == high:
        text = f"{FROM} {subject} is {_end(low, said)}, whoever asked"
    else:
        ends = f"from {_end(low, said)} to {_end(high, said)}"
        text = f"{FROM} {subject} could lie anywhere {ends}"
    if row["conf_low"] is not None and row["conf_high"] is not None:
        least, most = _end(row["conf_low"], said), _end(row["conf_high"], said)
        text += f"; allowing for chance and census margins, from {least} to {most}"
        text += f" ({row['level']})"
    return f"{text}.{_recorded(row, beside, said, words)}"


def _unproven(low: float, high: float, unit: str) -> bool:
    """Whether bounds of a share are, as printed, all that a share can be."""
    return unit == "percent" and low <= 0 and high >= 100


def _recorded(row: dict, beside: dict | None, said: _Words, words: str) -> str:
    if beside is None:
        return ""
    if beside["estimate"] is None:
        rest = "is not known"
        if beside["hidden"]:
            rest = f"is not shown: {beside['why']}"
        return f" By {words}, it {rest}."
    text = f" By {words}, it is {_end(beside['estimate'], said)}"
    return f"{text}{interval(beside, said.unit)}{_outside(row, beside)}."


def _outside(row: dict, beside: dict) -> str:
    """Whether a recorded share is where areas prove it cannot be."""
    inside = beside["exact"].get("within_bounds")
    if inside is None or pd.isna(inside):
        inside = (
            row["exact"]["bound_low"] - 1e-9
            <= beside["exact"]["estimate"]
            <= row["exact"]["bound_high"] + 1e-9
        )
    return "" if inside else OUTSIDE


def _end(value: float, said: _Words) -> str:
    return display.quantity(value, said.unit)


def _alike(row: pd.Series, subject: str, places: str, why: str) -> str:
    found, chance = row["estimate"], row["p_value"]
    if pd.isna(found) or pd.isna(chance):
        record = {"hidden": not pd.isna(row["suppressed"]), "unknown": False}
        return blank(record, f"the likeness of neighbouring {places} in {subject}", why)
    number = display.number(display.rounded(found, "ratio"), "ratio")
    numbers = f"(Moran's I {number}, p {_p_value(chance)})"
    confidence = row.get("confidence")
    level = 0.95 if confidence is None or pd.isna(confidence) else float(confidence)
    if chance > 1 - level:
        return (
            f"In {subject}, no clear likeness of neighbouring {places} can be seen "
            f"{numbers}."
        )
    expected = row.get("expected")
    middle = 0.0 if expected is None or pd.isna(expected) else expected
    if found < middle:
        return (
            f"In {subject}, neighbouring {places} differ from each other more than "
            f"chance would give {numbers}."
        )
    return (
        f"In {subject}, neighbouring {places} resemble each other more than chance "
        f"would give {numbers}.{DEPENDENT}"
    )


def _p_value(value: float) -> str:
    if value < _SMALLEST:
        return f"< {_SMALLEST}"
    return f"= {value:.3f}" if value < 0.1 else f"= {value:.2f}"


def _left_out(row: pd.Series, places: str) -> str:
    """Areas that could not be compared with neighbours."""
    words = {
        "islands": f"{places} without a neighbour",
        "unknown": f"{places} without a value",
    }
    counts = {name: row.get(name) for name in words}
    parts = [
        f"{words[name]}: {int(count):,}"
        for name, count in counts.items()
        if count is not None and not pd.isna(count) and count > 0
    ]
    return f" Left out are {' and '.join(parts)}." if parts else ""
