"""Sentences about pay: gaps among all, among people alike, and what they are made of.

That a part of a gap goes with people's jobs is a word about a model, and no excuse: who
gets which job is the employer's doing too. So no sentence says that anything is
"explained"; it says what a part *goes with* and what *remains*, and a note that stands
with every such finding says how to read it.

Gaps in the mean of log pay are told in **log points**, hundredths of a natural
logarithm: parts of them add up, and small ones are about percents.
"""

import re

import pandas as pd

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.publish import display
from equity.publish.comparisons import is_base, is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import NO_INTERVAL, blank, upper
from equity.publish.spoken import headlines, publish
from equity.publish.wording import check_template
from equity.publish.wording import people as people_of

#: Names of controls to words.
CONTROLS = {
    "job": "job title",
    "job_category": "job category",
    "department": "department",
    "sex": "sex",
    "hours": "hours",
    "tenure": "years of service",
}

NOTE = (
    "What people are alike in does not excuse a gap: who is hired into which job, and "
    "who rises, is the employer's doing too."
)
LOG_POINTS = (
    "A log point is a hundredth of a natural logarithm, for small gaps about one "
    "percent of pay."
)

UNADJUSTED, ADJUSTED = "unadjusted", "adjusted"
TOGETHER, GAP, OUTSIDE = "all together", "gap", "no counterpart"
GOES, REMAINS = "explained", "unexplained"
TOO_FEW = "too few people with counterparts"

_Said = tuple[str, dict | None]


def pay_gap(
    gaps: Protected, *, people: str = "employees", note: str = NOTE, when: str = ""
) -> Published:
    """Say every group's relative gap in pay, and that among people alike in their work.

    Parameters
    ----------
    gaps
        One row per ``group`` and ``model`` (`unadjusted`, `adjusted`), with
        ``reference``, ``controls`` and the measure columns; ``estimate`` is a
        proportion, -0.05 for five percent less.
    people
        What the members of the groups are.
    note
        The last sentence: how to read the second gap.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group. The number beside
        each sentence is that of the gap among people alike.

    Raises
    ------
    DisclosureError
        If ``gaps`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has no row, or several, for one of the two models.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Black", "Black", "White", "White"], "reference": "White",
    ...     "model": ["unadjusted", "adjusted"] * 2, "events": [80, 80, 200, 200],
    ...     "controls": ["", "job, tenure"] * 2, "estimate": [-0.104, -0.026, 0, 0],
    ...     "conf_low": [-0.15, -0.06, None, None],
    ...     "conf_high": [-0.05, 0.01, None, None], "confidence": 0.95})
    >>> pay_gap(protect(table, lines=None))
    Black employees are paid 10.4% less than White employees in the geometric mean (95%
    interval 5.0% to 15.0% less). Among employees alike in job title and years of
    service, no clear difference can be seen: the estimate is 2.6% less, and the 95%
    interval runs from 6.0% less to 1.0% more.
    What people are alike in does not excuse a gap: who is hired into which job, and who
    rises, is the employer's doing too.
    """
    frame = require(gaps, "findings.pay_gap").frame
    if frame.empty:
        return display.absent()
    wanted = ["group", "model", "controls", "reference", "estimate"]
    _check(frame, [*wanted, "conf_low", "conf_high"])
    check_template(f"{people} {note} {{estimate}}", "estimate")
    told = []
    for group in dict.fromkeys(frame["group"].astype("str")):
        own = frame[frame["group"].astype("str") == group]
        plain, held = (
            _only(own, "percent", model=model) for model in (UNADJUSTED, ADJUSTED)
        )
        if not is_base(plain):
            told.append(_gaps(plain, held, people, gaps.why))
    texts = [text for text, _ in told]
    if any(found is not None for _, found in told):
        texts.append(note)
    return publish(texts, headlines(told, "pay among people alike", when), [gaps])


def pay_parts(
    parts: Protected,
    *,
    coefficients: str = "reference",
    people: str = "employees",
    notes: tuple[str, ...] = (LOG_POINTS, NOTE),
) -> Published:
    """Say how much of a gap in mean log pay goes with the listed characteristics.

    Parameters
    ----------
    parts
        One row per ``group``, ``coefficients``, ``component`` and ``variable``, with
        ``reference``, ``controls``, ``reliability`` and the measure columns, in log
        pay.
    coefficients
        By whose coefficients the parts are said; of the others the range of what
        remains.
    people
        What the members of the groups are.
    notes
        The last sentences.

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
    UnknownGroupError
        If a group has no row, or several, for one of the parts.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": "Black", "reference": "White", "events": 80,
    ...     "reference_events": 200, "controls": "job_category",
    ...     "reliability": "compared", "variable": "all together",
    ...     "coefficients": ["", "", "reference", "reference"],
    ...     "component": ["gap", "no counterpart", "explained", "unexplained"],
    ...     "estimate": [-0.36, 0.0, -0.32, -0.04], "confidence": 0.95,
    ...     "conf_low": [-0.45, 0.0, -0.4, -0.06],
    ...     "conf_high": [-0.27, 0.0, -0.24, -0.02]})
    >>> pay_parts(protect(table, lines=None), notes=())
    The mean log pay of Black employees is 36.0 log points lower than that of White
    employees (95% interval 27.0 to 45.0 lower). Of this, by the pay of the reference
    group, 32.0 lower goes with job category (95% interval 24.0 to 40.0 lower), and 4.0
    lower remains among employees alike in it (95% interval 2.0 to 6.0 lower).
    """
    frame = require(parts, "findings.pay_parts").frame
    if frame.empty:
        return display.absent()
    wanted = ["group", "coefficients", "component", "variable", "reference"]
    _check(
        frame, [*wanted, "controls", "reliability", "estimate", "conf_low", "conf_high"]
    )
    whole = frame[frame["variable"] == TOGETHER]
    texts = []
    for group in dict.fromkeys(frame["group"].astype("str")):
        own = whole[whole["group"].astype("str") == group]
        texts.append(_split(own, coefficients, people, parts.why))
    if any("log points" in text for text in texts):
        texts += notes
    return publish(texts, [], [parts])


# --- the rows -------------------------------------------------------------------


def _check(frame: pd.DataFrame, wanted: list[str]) -> None:
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)


def _only(frame: pd.DataFrame, unit: str, **labels: str) -> dict:
    kept = frame
    for name, value in labels.items():
        kept = kept[kept[name].astype("str").fillna("") == value]
    if len(kept) != 1:
        raise UnknownGroupError(
            f"{labels} matches {len(kept)} rows of a group; expected one for each "
            "(pick rows with Protected.only)"
        )
    return records(kept.reset_index(drop=True), unit)[0]


# --- the sentences --------------------------------------------------------------


def _gaps(plain: dict, held: dict, noun: str, why: str) -> _Said:
    who, base = (people_of(plain[key], noun) for key in ("group", "reference"))
    if plain["estimate"] is None:
        return blank(plain, f"the pay of {who} beside that of {base}", why), None
    clear = is_clear(plain, 0.0)
    if clear is False:
        text = f"Between the pay of {who} and of {base} no clear difference can be seen"
        text += f": the estimate is {_size(plain['estimate'])}{_runs(plain)}."
    else:
        text = (
            f"{upper(who)} are paid {_size(plain['estimate'])} than {base} in the "
            "geometric mean"
        )
        text += f"{_ends(plain)}{NO_INTERVAL if clear is None else ''}."
    alike = f"{noun} alike in {_listed(held['exact']['controls'])}"
    if held["estimate"] is None:
        rest = f"is not shown: {why}" if held["hidden"] else "cannot be estimated"
        return f"{text} The gap among {alike} {rest}.", None
    clear = is_clear(held, 0.0)
    if clear is False:
        text += f" Among {alike}, no clear difference can be seen: the estimate is "
        text += f"{_size(held['estimate'])}{_runs(held)}."
    else:
        text += f" Among {alike}, they are paid {_size(held['estimate'])}{_ends(held)}"
        text += f"{NO_INTERVAL if clear is None else ''}."
    return text, numbers(held, "percent", clear)


def _split(own: pd.DataFrame, coefficients: str, noun: str, why: str) -> str:
    whole = _only(own, "points", component=GAP)
    who, base = (people_of(whole[key], noun) for key in ("group", "reference"))
    figure = f"the gap in mean log pay between {who} and {base}"
    if whole["estimate"] is None:
        return blank(whole, figure, why)
    clear = is_clear(whole, 0.0)
    size = _size(whole["estimate"], "log points")
    if clear is False:
        text = f"The mean log pay of {who} is not clearly different from that of {base}"
        text += f": the estimate is {size}{_runs(whole, '')}."
    else:
        text = f"The mean log pay of {who} is {size} than that of {base}"
        text += f"{_ends(whole, '')}{NO_INTERVAL if clear is None else ''}."
    goes, remains = (
        _only(own, "points", component=part, coefficients=coefficients)
        for part in (GOES, REMAINS)
    )
    if goes["estimate"] is None or remains["estimate"] is None:
        told = own["reliability"].astype("str").eq(TOO_FEW).any()
        rest = f"is not shown: {why}" if goes["hidden"] else "cannot be told"
        rest = f"cannot be told: {TOO_FEW}" if told else rest
        return f"{text} How it splits {rest}."
    listed = _listed(goes["exact"]["controls"])
    alike = "it" if " and " not in listed else "them"
    signs = {row["estimate"] > 0 for row in (whole, goes, remains) if row["estimate"]}
    start = "Of this" if clear and len(signs) == 1 else "In parts"
    text += f" {start}, by the pay of {_whose(coefficients)}, "
    text += f"{_part(goes, 'goes', f'with {listed}')}, and "
    text += f"{_part(remains, 'remains', f'among {noun} alike in {alike}')}"
    text += f"{_no_counterpart(own, noun)}."
    return f"{text}{_others(own, coefficients)}"


def _part(row: dict, verb: str, words: str) -> str:
    clear = is_clear(row, 0.0)
    size = _size(row["estimate"], "")
    if clear is False:
        return f"no clear part {verb} {words} (the estimate is {size}{_runs(row, '')})"
    known = _ends(row, "") or " (no interval is known)"
    return f"{size} {verb} {words}{known}"


def _no_counterpart(own: pd.DataFrame, noun: str) -> str:
    rows = own[own["component"] == OUTSIDE]
    if len(rows) != 1:
        return ""
    row = records(rows.reset_index(drop=True), "points")[0]
    if not row["estimate"]:
        return ""
    size = _size(row["estimate"], "")
    return f"; {size} goes with {noun} who have no counterpart in the other group"


def _others(own: pd.DataFrame, coefficients: str) -> str:
    """The range of what remains by the other usual choices of coefficients."""
    rows = own[(own["component"] == REMAINS) & (own["coefficients"] != coefficients)]
    found = [
        row["estimate"] for row in records(rows.reset_index(drop=True), "points")
        if row["estimate"] is not None
    ]  # fmt: skip
    if not found:
        return ""
    low, high = min(found), max(found)
    if low == high:
        return f" By other usual choices, {_size(low, '')} remains."
    ends = f"{_size(low, '')} to {_size(high, '')}"
    return f" By other usual choices, what remains runs from {ends}."


def _whose(coefficients: str) -> str:
    return {
        "reference": "the reference group",
        "group": "the group itself",
    }.get(coefficients, f"both groups ({upper(coefficients)})")


def _size(value: float, unit: str = "%") -> str:
    """A gap as "5.3% less", or "36.0 log points lower"."""
    if value == 0:
        number = display.number(value, "points")
        return f"{number}{unit}" if unit == "%" else f"{number} {unit}".rstrip()
    more, less = ("more", "less") if unit == "%" else ("higher", "lower")
    word = less if value < 0 else more
    number = display.number(value, "points", sign=False)
    if unit != "%":
        return " ".join(part for part in (number, unit, word) if part)
    return f"{number}% {word}"


def _ends(row: dict, unit: str = "%") -> str:
    """The interval of a gap, nearest end first, in the direction of its word."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    if (low < 0) != (high < 0):
        return f" ({row['level']} {_size(low, unit)} to {_size(high, unit)})"
    near, far = sorted([low, high], key=abs)
    first = display.number(near, "points", sign=False)
    return f" ({row['level']} {first}{unit} to {_size(far, unit)})"


def _runs(row: dict, unit: str = "%") -> str:
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    ends = f"{_size(low, unit)} to {_size(high, unit)}"
    return f", and the {row['level']} runs from {ends}"


def _listed(controls: object) -> str:
    """Controls as words: "job category, hours and department"."""
    names = [] if pd.isna(controls) else re.findall(r"[^,\s]+", str(controls))
    words = [CONTROLS.get(name, name.replace("_", " ")) for name in names]
    if not words:
        return "nothing that is on record"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
