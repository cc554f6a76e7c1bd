"""Sentences about segregation: how unlike the mixes of units are, beyond chance.

People who come to small units at random still make no two alike, so an index of counts
is never zero. The sentence gives the index of the people as counted, what chance alone
would give, and what is left with its interval. It says nothing of why.
"""

from collections.abc import Mapping

import pandas as pd

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.publish import display
from equity.publish.comparisons import is_base, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import blank
from equity.publish.spoken import headlines, publish
from equity.publish.wording import check_template
from equity.publish.wording import people as people_of

#: Measures to what zero and one of them mean.
SCALES: Mapping[str, str] = {
    "dissimilarity index": "0 is the same mix everywhere, 1 no mixing at all",
    "information index (Theil's H)": "0 is the same mix everywhere, 1 no mixing at all",
    "mutual information index": "in nats; 0 is the same mix everywhere",
    "Gini index of segregation": "0 is the same mix everywhere, 1 no mixing at all",
}


def segregation(
    indices: Protected,
    *,
    units: str = "departments",
    people: str = "employees",
    when: str = "",
) -> Published:
    """Say how unlike the mixes of units are, and how much of it chance would give.

    Parameters
    ----------
    indices
        One row per ``measure`` of all groups, or per ``group`` and ``measure`` of each
        group beside a ``reference``: ``observed``, ``expected_if_random`` and the
        measure columns.
    units
        What people are told apart by, in the plural.
    people
        What the members of the groups are.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding". The number beside a sentence is the corrected one;
        it is clear if its interval lies above zero.

    Raises
    ------
    DisclosureError
        If ``indices`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a measure has several rows.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"measure": ["dissimilarity index"], "events": [2300],
    ...     "observed": [0.23], "expected_if_random": [0.08], "estimate": [0.21],
    ...     "conf_low": [0.18], "conf_high": [0.24], "confidence": [0.95]})
    >>> segregation(protect(table))
    All groups, among departments: the dissimilarity index of the employees as counted
    is 0.23 (0 is the same mix everywhere, 1 no mixing at all). Chance alone would give
    about 0.08; corrected for it, 0.21 (95% interval 0.18 to 0.24).
    """
    check_template(f"{units} {people} {{estimate}}", "estimate")
    frame = require(indices, "findings.segregation").frame
    if frame.empty:
        return display.absent()
    wanted = ["measure", "observed", "expected_if_random", "estimate", "conf_low"]
    absent = [name for name in [*wanted, "conf_high"] if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    keys = [name for name in ("group", "measure") if name in frame]
    twice = int(frame[keys].astype("str").duplicated().sum())
    if twice:
        raise UnknownGroupError(
            f"{twice} rows repeat an index; a sentence needs one row for each (pick "
            "rows with Protected.only)"
        )
    paired = "group" in frame
    rows = records(frame if paired else frame.assign(group="All groups"), "ratio")
    rows = [row for row in rows if not is_base(row)]
    told, names = [], []
    for row in rows:
        base = row["reference"] if paired else None
        who = people_of(row["group"], people) if paired else "all groups"
        pair = f"{who} and {people_of(base, people)}" if base else who
        told.append(_sentence(row, pair, units, people, indices.why))
        names.append(str(row["exact"]["measure"]))
    lines = [
        line
        for found, name in zip(told, names, strict=True)
        for line in headlines([found], f"{name} among {units}", when)
    ]
    return publish([text for text, _ in told], lines, [indices])


def _sentence(
    row: dict, pair: str, units: str, noun: str, why: str
) -> tuple[str, dict | None]:
    name = str(row["exact"]["measure"])
    observed, chance = (
        display.rounded(row["exact"][key], "ratio")
        for key in ("observed", "expected_if_random")
    )
    if observed is None:
        return blank(row, f"the {name} of {pair} among {units}", why), None
    scale = SCALES.get(name, "")
    text = f"{pair[:1].upper()}{pair[1:]}, among {units}: the {name} of the {noun} as "
    text += f"counted is {display.number(observed, 'ratio')}"
    text += f" ({scale})." if scale else "."
    if chance is None or row["estimate"] is None:
        return f"{text} How much of it chance would give is not known.", None
    text += f" Chance alone would give about {display.number(chance, 'ratio')}"
    low, high = row["conf_low"], row["conf_high"]
    number = display.number(row["estimate"], "ratio")
    if low is None or high is None:
        text += f"; corrected for it, {number}. No interval is known."
        return text, numbers(row, "ratio", None)
    span = f"({row['level']} {display.span(low, high, 'ratio')})"
    least = row["exact"]["conf_low"]
    clear = not pd.isna(least) and bool(least > 0)
    if clear:
        text += f"; corrected for it, {number} {span}."
    else:
        text += "; beyond it, none can be seen clearly: the estimate is "
        text += f"{number} {span}."
    return text, numbers(row, "ratio", clear)
