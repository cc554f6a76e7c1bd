"""Sentences about schools: where a gap lies, which schools differ, who learns faster.

No sentence orders schools: a list by size is mostly chance. Schools whose difference
from the mean of schools is beyond chance are named, in the order of the alphabet; of
the others the sentence says how many there are.
"""

from itertools import groupby

import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.measure.school_levels import ENOUGH
from equity.publish import display
from equity.publish.achieved import MEASURE, UNIT, ends, said, size
from equity.publish.comparisons import is_base, is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import NO_INTERVAL, blank, upper
from equity.publish.spoken import headlines, publish
from equity.publish.wording import people as people_of

TOTAL, WITHIN, BETWEEN, BOTH = (
    "total gap",
    "within schools",
    "between schools",
    "ambiguous",
)
SAME = "gap in the same school"
PARTS_NOTE = (
    "Within schools: what would stay if all schools had the same mean. Between: what "
    "would stay if students of one school scored alike. The part in both belongs to "
    "neither alone. Students are not assigned to schools by chance, so no part says "
    "what a school does."
)
ABOVE, BELOW = "above the mean of units", "below the mean of units"
_AHEAD = {ABOVE: "ahead", BELOW: "behind"}


def gap_parts(
    parts: Protected, *, people: str = "students", note: str = PARTS_NOTE
) -> Published:
    """Say how much of each gap lies within schools, between them, and in both.

    Parameters
    ----------
    parts
        One row per ``subject``, ``group`` and ``part``, with ``reference`` and the
        measure columns, in standard deviations.
    people
        What the members of the groups are.
    note
        The last sentence: how to read the parts.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``parts`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "subject": "Reading", "group": "Black", "reference": "White",
    ...     "part": ["total gap", "within schools", "between schools", "ambiguous"],
    ...     "population": 400, "reference_population": 900,
    ...     "estimate": [-0.7, -0.5, -0.15, -0.05],
    ...     "conf_low": [-0.8, -0.6, -0.2, -0.06], "confidence": 0.95,
    ...     "conf_high": [-0.6, -0.4, -0.1, -0.04]})
    >>> gap_parts(protect(table, lines=None), note="")
    Reading: Of the gap of 0.70 standard deviations by which Black students score lower
    than White students, 0.50 lower lies within schools (95% interval 0.40 to 0.60
    lower), 0.15 lower between schools (95% interval 0.10 to 0.20 lower), and 0.05 lower
    in both alike.
    """
    frame = _checked(parts, "findings.gap_parts", "subject", "part")
    if frame.empty:
        return display.absent()
    texts = []
    for subject, group in _pairs(frame):
        own = frame[(frame["subject"] == subject) & (frame["group"] == group)]
        rows = {
            row["exact"]["part"]: row
            for row in records(own.reset_index(drop=True), UNIT)
        }
        texts.append(f"{subject}: {_split(rows, people, parts.why)}")
    if note and texts:
        texts.append(note)
    return publish(texts, [], [parts])


def schools(
    values: Protected, *, people: str = "students", what: str = "gap"
) -> Published:
    """Say which schools differ from the mean of schools beyond chance.

    Parameters
    ----------
    values
        One row per ``subject``, ``group`` and ``school``, with ``reference``,
        ``reliability`` ("above the mean of units", "below the mean of units", or
        other words), the measure columns and, where it is there, ``mean``, that of
        schools: a gap is called larger or smaller only where both have one sign.
    people
        What the members of the groups are.
    what
        What is compared.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``values`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> noise = "not told from the mean"
    >>> table = pd.DataFrame({
    ...     "subject": "Reading", "group": "Black", "reference": "White",
    ...     "reference_population": 80, "school": ["Ash", "Birch", "Cedar"],
    ...     "population": [40, 60, 55],
    ...     "estimate": [-0.9, -0.5, -0.6], "conf_low": [-1.1, -0.7, -0.8],
    ...     "conf_high": [-0.7, -0.3, -0.4], "confidence": 0.95, "mean": -0.65,
    ...     "reliability": ["below the mean of units", noise, noise]})
    >>> schools(protect(table, lines=None))
    Reading: The gap between Black students and White students is shown for 3 schools.
    It is clearly larger than the mean of schools in Ash; of the other 2 chance alone
    could account for the difference.
    """
    frame = _checked(values, "findings.schools", "subject", "school", "reliability")
    if frame.empty:
        return display.absent()
    texts = []
    for subject, group in _pairs(frame):
        own = frame[(frame["subject"] == subject) & (frame["group"] == group)]
        who, base = (
            people_of(str(name), people) for name in (group, own["reference"].iloc[0])
        )
        start = f"{subject}: The {what} between {who} and {base} is "
        shown = own[own["estimate"].notna()]
        if shown.empty:
            texts.append(f"{start}not shown for any school: {values.why}.")
            continue
        hidden = len(own) - len(shown)
        text = f"{start}shown for {_many(len(shown), 'school')}"
        text += f" and hidden for {hidden:,}" if hidden else ""
        texts.append(f"{text}. {_apart(shown, who)}")
    return publish(texts, [], [values])


def same_school(
    means: Protected, *, people: str = "students", when: str = ""
) -> Published:
    """Say each group's gap in the same school, and of how many schools it is the mean.

    Parameters
    ----------
    means
        One row per ``subject`` and ``group``, with ``reference``, ``units`` (schools)
        and the measure columns; ``bound_low`` and ``bound_high`` where they are there.
    people
        What the members of the groups are.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group. Of fewer than five
        schools it says that their mean is not estimated, and what hidden counts allow.

    Raises
    ------
    DisclosureError
        If ``means`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "subject": "Reading", "group": ["Asian", "Black", "White"],
    ...     "reference": "White", "population": [90, 400, 700], "units": [3, 7, 8],
    ...     "estimate": [None, -0.5, 0.0], "conf_low": [None, -0.75, None],
    ...     "conf_high": [None, -0.3, None], "bound_low": [0.1, -0.6, None],
    ...     "bound_high": [0.3, -0.4, None], "confidence": 0.95})
    >>> same_school(protect(table, lines=None))
    Reading, in the same school: The gap between Asian students and White students is
    not estimated: it is known for 3 schools, and fewer than 5 are too few for a mean.
    There hidden counts leave it between 0.10 and 0.30 higher, chance not allowed for.
    Reading, in the same school: Black students score 0.50 standard deviations lower
    than White students (95% interval 0.30 to 0.75 lower). Hidden counts alone leave the
    gap between 0.40 and 0.60 lower. It is the mean of 7 schools.
    """
    frame = _checked(means, "findings.same_school", "subject", "units")
    if frame.empty:
        return display.absent()
    texts, rows = [], []
    for row in records(frame.reset_index(drop=True), UNIT):
        if is_base(row):
            continue
        start = f"{row['exact']['subject']}, in the same school: "
        text, found = _same(row, people, means.why)
        texts.append(f"{start}{text}")
        rows += headlines([(text, found)], MEASURE, when, start)
    return publish(texts, rows, [means])


def growth(
    table: Protected, *, people: str = "students", noun: str = "points a year"
) -> Published:
    """Say how fast each group's followed students learn, beside the reference.

    Parameters
    ----------
    table
        One row per ``subject``, ``group`` and ``statistic`` ("level" and
        "difference"), with ``reference`` and the measure columns, in points of the
        score a year.
    people
        What the members of the groups are.
    noun
        What a number counts.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``table`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> found = pd.DataFrame({
    ...     "subject": "Reading", "group": ["Black", "White"] * 2, "population": 90,
    ...     "reference": [None, None, "White", "White"], "confidence": 0.95,
    ...     "statistic": ["level"] * 2 + ["difference"] * 2,
    ...     "estimate": [30.0, 33.0, -3.0, 0.0],
    ...     "conf_low": [28.0, 31.0, -5.0, None],
    ...     "conf_high": [32.0, 35.0, -1.0, None]})
    >>> growth(protect(found, lines=None))
    Reading: Black students who are followed gain 30.0 points a year (95% interval 28.0
    to 32.0), 3.0 less than White students (95% interval 1.0 to 5.0 less), so the gap
    between them moves by that much each year.
    Reading: White students who are followed gain 33.0 points a year (95% interval 31.0
    to 35.0); the other groups are compared with them.
    """
    frame = _checked(table, "findings.growth", "subject", "statistic")
    if frame.empty:
        return display.absent()
    texts, lines = [], []
    for subject, group in _pairs(frame):
        own = frame[(frame["subject"] == subject) & (frame["group"] == group)]
        level, apart = (
            records(own[own["statistic"] == name].reset_index(drop=True), "number")
            for name in ("level", "difference")
        )
        text, found = _gain(level[0], apart[0], people, noun, table.why)
        texts.append(f"{subject}: {text}")
        lines += headlines([(text, found)], "growth a year", "", f"{subject}: ")
    return publish(texts, lines, [table])


# --- the sentences --------------------------------------------------------------


def _split(rows: dict[str, dict], noun: str, why: str) -> str:
    whole = rows[TOTAL]
    who, base = (people_of(str(whole[key]), noun) for key in ("group", "reference"))
    if whole["estimate"] is None:
        return blank(whole, f"the gap between {who} and {base}", why)
    parts = [rows[name] for name in (WITHIN, BETWEEN, BOTH)]
    if is_clear(whole, 0.0) is False:
        return (
            f"Between {who} and {base} no clear gap can be seen, so there is none to "
            f"split: the estimate is {size(whole['estimate'])}{ends(whole)}."
        )
    number = display.number(whole["estimate"], UNIT, sign=False)
    way = "lower" if whole["estimate"] < 0 else "higher"
    start = (
        f"Of the gap of {number} standard deviations by which {who} score {way} than "
        f"{base}, "
    )
    if any(row["estimate"] is None for row in parts):
        return f"{start}the parts within and between schools are not known."
    within, between, both = parts
    return (
        f"{start}{size(within['estimate'], '')} lies within schools{ends(within)}, "
        f"{size(between['estimate'], '')} between schools{ends(between)}, and "
        f"{size(both['estimate'], '')} in both alike."
    )


def _same(row: dict, noun: str, why: str) -> tuple[str, dict | None]:
    """Say the mean gap of schools; of too few, what hidden counts allow."""
    units = row["exact"]["units"]
    if row["estimate"] is None and not row["hidden"] and units < ENOUGH:
        who, base = (people_of(str(row[key]), noun) for key in ("group", "reference"))
        places = _many(int(units), "school") if units else "no school"
        text = (
            f"The gap between {who} and {base} is not estimated: it is known for "
            f"{places}, and fewer than {ENOUGH} are too few for a mean."
        )
        open_to = _between(row)
        if open_to:
            text += f" There hidden counts leave it {open_to}, chance not allowed for."
        return text, None
    text, found = said(row, noun, why)
    if found is not None:
        text += f" It is the mean of {_many(int(units), 'school')}."
    return text, found


def _apart(shown: pd.DataFrame, who: str) -> str:
    """Which schools are told from the mean, by name, and how many are not."""
    told = shown[shown["reliability"].isin(_AHEAD)]
    if told.empty:
        if len(shown) < 3:
            return "So few schools cannot be told from their mean."
        return (
            "In none is it told from the mean of schools: chance alone could account "
            "for the differences."
        )
    ways = [_way(row) for row in told.to_dict("records")]
    named, start = [], "It is "
    for (further, word), rows in groupby(
        sorted(zip(ways, told["school"].astype(str), strict=True)),
        key=lambda row: row[0],
    ):
        places = _listed([name for _, name in rows])
        if further:
            who = who if named else upper(who)
            named.append(
                f"{who} are clearly further {word} in {places} than in the mean of "
                "schools"
            )
        else:
            named.append(f"{start}clearly {word} than the mean of schools in {places}")
            start = ""
    rest = len(shown) - len(told)
    text = " and ".join(named)
    if rest:
        others = "one" if rest == 1 else f"{rest:,}"
        text += f"; of the other {others} chance alone could account for the difference"
    return f"{text}."


def _way(school: dict) -> tuple[bool, str]:
    """How a school differs from the mean: by size only where both have one sign."""
    verdict, mean = school["reliability"], school.get("mean")
    if mean is None or not school["estimate"] * mean > 0:
        return True, _AHEAD[verdict]
    larger = (verdict == ABOVE) == (mean > 0)
    return False, "larger" if larger else "smaller"


def _gain(
    level: dict, apart: dict, noun: str, unit: str, why: str
) -> tuple[str, dict | None]:
    who = people_of(level["group"], noun)
    if level["estimate"] is None:
        return blank(level, f"the growth of {who}", why), None
    limits = display.span(level["conf_low"], level["conf_high"], "number")
    known = f" ({level['level']} {limits})" if limits else ""
    number = display.number(level["estimate"], "number")
    text = f"{upper(who)} who are followed gain {number} {unit}{known}"
    if is_base(apart):
        return f"{text}; the other groups are compared with them.", None
    base = people_of(str(apart["reference"]), noun)
    if apart["estimate"] is None:
        return f"{text}; it cannot be compared with that of {base}.", None
    clear = is_clear(apart, 0.0)
    if clear is False:
        low, high = (_less(apart[key]) for key in ("conf_low", "conf_high"))
        text += f"; no clear difference from {base} can be seen: the estimate is "
        text += f"{_less(apart['estimate'])}, and the {apart['level']} runs from {low} "
        text += f"to {high}."
        return text, numbers(apart, "number", clear)
    text += f", {_less(apart['estimate'])} than {base}"
    if clear is None:
        return f"{text}{NO_INTERVAL}.", numbers(apart, "number", clear)
    near, far = sorted([apart["conf_low"], apart["conf_high"]], key=abs)
    text += f" ({apart['level']} {display.number(abs(near), 'number')} to {_less(far)})"
    text += ", so the gap between them moves by that much each year."
    return text, numbers(apart, "number", clear)


def _between(row: dict) -> str:
    """What hidden counts allow, nearest end first; "" where they allow one value."""
    found = (row["exact"].get(end) for end in ("bound_low", "bound_high"))
    low, high = (display.rounded(value, UNIT) for value in found)
    if low is None or high is None or low == high:
        return ""
    if (low < 0) != (high < 0):
        return f"anywhere from {size(low, '')} to {size(high, '')}"
    near, far = sorted([low, high], key=abs)
    return f"between {display.number(abs(near), UNIT)} and {size(far, '')}"


def _less(value: float) -> str:
    number = display.number(value, "number", sign=False)
    return f"{number} {'less' if value < 0 else 'more'}" if value else "none"


# --- the rows -------------------------------------------------------------------


def _checked(protected: Protected, maker: str, *extra: str) -> pd.DataFrame:
    frame = require(protected, maker).frame
    wanted = ["group", "reference", "estimate", "conf_low", "conf_high", *extra]
    absent = [name for name in wanted if name not in frame]
    if len(frame) and absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    if frame.empty:
        return frame
    return frame.assign(group=frame["group"].astype(str))


def _pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Subjects and groups, in the order of the table."""
    both = zip(frame["subject"].astype(str), frame["group"], strict=True)
    return list(dict.fromkeys(both))


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
