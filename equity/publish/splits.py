"""Sentences about gaps taken apart: by the kinds of requests, and by a regression.

A part of a gap is a number, not a reason. The sentences say what *goes with* the kinds
of requests that are made and what *remains* when the same kinds are compared; that the
first is nobody's doing, or the second somebody's, no table shows.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.publish import display
from equity.publish.comparisons import is_base, is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import (
    NO_INTERVAL,
    _gap_interval,
    _runs,
    after_colon,
    blank,
    upper,
)
from equity.publish.spoken import headlines, publish
from equity.publish.wording import _Words, check_template

GOES = "with the kinds of requests made"
SAME = "when the same kinds are compared"
ROUNDED = " The parts are rounded, and need not add up exactly."
OPPOSITE = " The two point opposite ways."

LARGEST = "The largest clear gap: "
NO_GAP = "No gap among those shown is clear, so none is said in parts."

_Said = tuple[str, dict | None]


def decomposition(
    gaps: Protected,
    *,
    subject: str,
    unit: str,
    than: str = "",
    verb: str = "is",
    noun: str = "",
    people: str = "residents",
    words: tuple[str, str] = ("higher", "lower"),
    measure: str = "",
    total: str = "gap",
    mix: str = "mix of requests",
    same: str = "same kind of request",
    largest: bool = False,
    when: str = "",
) -> Published:
    """Say every group's gap, and how much of it goes with the kinds of requests.

    Parameters
    ----------
    gaps
        One row per ``group`` and ``component``, with ``reference``, ``estimate``,
        ``conf_low``, ``conf_high`` and ``confidence``; ``not_comparable`` (a
        proportion) is said where it is there.
    subject
        What the gap is in, with ``{people}``: "the share closed on time where {people}
        live".
    unit
        Of the gap: "points" (given as proportions) or "number".
    than
        Who is compared with, with ``{people}``: "where {people} live". The subject,
        where it is left out.
    verb
        What stands between the subject and the gap.
    noun
        What a number counts, such as "days".
    people
        What the members of the groups are.
    words
        A higher and a lower value in one word each: ("longer", "shorter").
    measure
        What is compared; the rows' own ``measure``, if they have one, comes first.
    total, mix, same
        The labels of the whole gap and of its two parts.
    largest
        Only one sentence: the largest clear gap among those shown, or that none is
        clear.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group. The number beside
        each sentence is that of the part that remains.

    Raises
    ------
    DisclosureError
        If ``gaps`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has no row, or several, for one of the three.
    EquityError
        If a template cannot be used.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": "Black", "reference": "All", "events": 400,
    ...     "component": ["gap", "mix of requests", "same kind of request"],
    ...     "estimate": [-0.123, -0.031, -0.092], "conf_low": [-0.164, -0.052, -0.131],
    ...     "conf_high": [-0.082, -0.010, -0.053], "confidence": 0.95})
    >>> decomposition(protect(table, lines=None), unit="points", people="people",
    ...     subject="the share closed on time for {people}", than="for {people}")
    The share closed on time for Black people is 12.3 percentage points lower than for
    All people (95% interval 8.2 to 16.4). Of the 12.3 percentage points, 3.1 (95%
    interval 1.0 to 5.2) go with the kinds of requests made, and 9.2 (95% interval 5.3
    to 13.1) remain when the same kinds are compared.
    """
    said = _words(subject, than, verb, people, unit, noun, words, measure)
    parts = (total, mix, same)
    found = _by_part(gaps, "component", parts, said.gap_unit, "findings.decomposition")
    if found is None:
        return display.absent()
    compared = [parts for parts in found.values() if not is_base(parts[0])]
    if largest:
        clear = [parts for parts in compared if _is_clear(parts[0])]
        if not clear:
            return publish([NO_GAP], [], [gaps])
        compared = [max(clear, key=lambda parts: abs(parts[0]["exact"]["estimate"]))]
    told = [_split(*parts, said, verb, gaps.why) for parts in compared]
    if largest:
        ((text, row),) = told
        rest = after_colon(text, [said.subject(compared[0][0])])
        told = [(f"{LARGEST}{rest}", row)]
    name = f"{said.called(gaps.frame)}, same kind of request"
    return publish([text for text, _ in told], headlines(told, name, when), [gaps])


def adjusted(
    gaps: Protected,
    *,
    subject: str,
    unit: str,
    controls: str,
    than: str = "",
    verb: str = "is",
    noun: str = "",
    people: str = "residents",
    words: tuple[str, str] = ("higher", "lower"),
    measure: str = "",
    plain: str = "unadjusted",
    held: str = "adjusted",
    when: str = "",
) -> Published:
    """Say every group's gap, without and with controls.

    Parameters
    ----------
    gaps
        One row per ``group`` and ``model``, with ``reference`` and the measure
        columns.
    controls
        What the requests compared have in common, in words: "of the same category,
        season and channel".
    plain, held
        The labels of the two models.
    subject, unit, than, verb, noun, people, words, measure, when
        As in :func:`decomposition`.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group. The number beside
        each sentence is that of the gap with controls.

    Raises
    ------
    DisclosureError
        If ``gaps`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has no row, or several, for one of the two models.
    EquityError
        If a template cannot be used.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": "Black", "reference": "All", "events": 400,
    ...     "model": ["unadjusted", "adjusted"], "estimate": [-0.123, -0.02],
    ...     "conf_low": [-0.164, -0.05], "conf_high": [-0.082, 0.01],
    ...     "confidence": 0.95})
    >>> adjusted(protect(table, lines=None), unit="points", people="people",
    ...     subject="the share closed on time for {people}", than="for {people}",
    ...     controls="of the same category and season")
    The share closed on time for Black people is 12.3 percentage points lower than for
    All people (95% interval 8.2 to 16.4). Among requests of the same category and
    season, no clear difference can be seen: the estimate is 2.0 percentage points
    lower, and the 95% interval runs from 5.0 lower to 1.0 higher.
    """
    said = _words(subject, than, verb, people, unit, noun, words, measure)
    check_template(f"{controls} {{estimate}}", "estimate")
    models = (plain, held)
    found = _by_part(gaps, "model", models, said.gap_unit, "findings.adjusted")
    if found is None:
        return display.absent()
    told = [
        _held(*parts, said, verb, controls, gaps.why)
        for parts in found.values()
        if not is_base(parts[0])
    ]
    name = f"{said.called(gaps.frame)}, adjusted"
    return publish([text for text, _ in told], headlines(told, name, when), [gaps])


# --- the rows -------------------------------------------------------------------


def _words(
    subject: str, than: str, verb: str, people: str, unit: str, noun: str,
    words: tuple[str, str], measure: str,
) -> _Words:  # fmt: skip
    check_template(subject, "people")
    check_template(than or subject, "people")
    check_template(f"{verb} {{estimate}}", "estimate")
    return _Words(
        subject, verb, than or subject, people, display.unit_of(unit), noun, words,
        measure=measure,
    )  # fmt: skip


def _by_part(
    gaps: Protected, column: str, parts: tuple[str, ...], unit: str, maker: str
) -> dict[str, list[dict]] | None:
    """Group to its rows in the order of the parts; None for a table without rows."""
    frame = require(gaps, maker).frame
    if frame.empty:
        return None
    wanted = ["group", column, "reference", "estimate", "conf_low", "conf_high"]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    kept = frame[frame[column].isin(parts)]
    found: dict[str, list[dict]] = {}
    for group in dict.fromkeys(frame["group"].astype(str)):
        rows = kept[kept["group"].astype(str) == group].set_index(column)
        for part in parts:
            number = int((rows.index == part).sum())
            if number != 1:
                raise UnknownGroupError(
                    f"{part!r} matches {number} rows of {column} for a group; expected "
                    "one for each (pick rows with Protected.only)"
                )
        found[group] = [
            records(rows.loc[[part]].reset_index(), unit)[0] for part in parts
        ]
    return found


def _is_clear(row: dict) -> bool:
    return row["estimate"] is not None and bool(is_clear(row, 0.0))


# --- the sentences --------------------------------------------------------------


def _whole(row: dict, said: _Words, verb: str, why: str) -> str:
    """The gap itself, as a sentence without its full stop."""
    subject, base = said.subject(row), said.base(row)
    if row["estimate"] is None:
        return blank(row, f"the gap between {subject} and {base}", why).rstrip(".")
    clear = is_clear(row, 0.0)
    if clear is False:
        text = f"{upper(subject)} {verb} not clearly different from {base}"
        return f"{text}: the estimate is {said.gap(row)}{_runs(row, said)}"
    doubt = NO_INTERVAL if clear is None else ""
    text = f"{upper(subject)} {verb} {said.gap(row)} than {base}"
    return f"{text}{_gap_interval(row, said)}{doubt}"


def _split(
    whole: dict, mixed: dict, alike: dict, said: _Words, verb: str, why: str
) -> _Said:
    text = f"{_whole(whole, said, verb, why)}."
    if whole["estimate"] is None:
        return text, None
    if mixed["estimate"] is None or alike["estimate"] is None:
        hidden = mixed["hidden"] or alike["hidden"]
        rest = f"is not shown: {why}" if hidden else "cannot be calculated"
        return f"{text} How it splits {rest}.", None
    rows = (whole, mixed, alike)
    ways = {row["estimate"] > 0 for row in rows}
    sizes = all(row["estimate"] for row in rows)
    if sizes and len(ways) == 1 and all(is_clear(row, 0.0) for row in rows):
        size = display.quantity(whole["estimate"], said.gap_unit, said.noun, sign=False)
        one, other = (
            display.number(row["estimate"], said.gap_unit, sign=False)
            + _gap_interval(row, said)
            for row in (mixed, alike)
        )
        text += f" Of the {size}, {one} go {GOES}, and {other} remain {SAME}."
    else:
        one = _part(mixed, "goes", GOES, said)
        other = _part(alike, "remains", SAME, said)
        text += f" By its parts: {one}, and {other}."
        if is_clear(mixed, 0.0) and is_clear(alike, 0.0):
            opposite = mixed["estimate"] * alike["estimate"] < 0
            text += OPPOSITE if opposite else ""
    decimals = display.UNITS[said.gap_unit][1]
    added = round(mixed["estimate"] + alike["estimate"], decimals)
    text += ROUNDED if added != whole["estimate"] else ""
    text += _not_comparable(whole)
    return text, numbers(alike, said.gap_unit, is_clear(alike, 0.0))


def _part(row: dict, verb: str, words: str, said: _Words) -> str:
    """One part: "3.1 lower goes with ..." or "no clear part goes with ..."."""
    clear = is_clear(row, 0.0)
    if clear is False:
        text = f"no clear part {verb} {words} (the estimate is {said.gap(row)}"
        return f"{text}{_runs(row, said)})"
    text = f"{said.gap(row)} {verb} {words}{_gap_interval(row, said)}"
    return f"{text} (no interval is known)" if clear is None else text


def _not_comparable(row: dict) -> str:
    """What part of the requests is of kinds that only one of the two groups makes."""
    share = row["exact"].get("not_comparable")
    if share is None or pd.isna(share) or share <= 0:
        return ""
    rounded = display.rounded(share, "percent")
    size = display.quantity(rounded, "percent") if rounded else "less than 0.1%"
    return (
        f" Kinds that only one of the two asks for, {size} of requests, count with the "
        "mix."
    )


def _held(
    plain: dict, held: dict, said: _Words, verb: str, controls: str, why: str
) -> _Said:
    text = f"{_whole(plain, said, verb, why)}."
    if held["estimate"] is None:
        if plain["estimate"] is None:
            return text, None
        rest = f"is not shown: {why}" if held["hidden"] else "cannot be calculated"
        return f"{text} The gap among requests {controls} {rest}.", None
    start = f" Among requests {controls},"
    clear = is_clear(held, 0.0)
    if clear is False:
        text += f"{start} no clear difference can be seen: the estimate is "
        text += f"{said.gap(held)}{_runs(held, said)}."
    else:
        doubt = NO_INTERVAL if clear is None else ""
        text += f"{start} it {verb} {said.gap(held)}{_gap_interval(held, said)}{doubt}."
    return text, numbers(held, said.gap_unit, clear)
