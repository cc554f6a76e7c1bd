"""Sentences about who is hired, promoted and leaves: rates, and rates within strata.

Two comparisons stand beside each other: of all people together, and of people within
the same departments and years. The second takes the mix of departments away; it does
not make the first one wrong, since who works where may be part of the matter. Where the
gap is not the same in all strata, one figure for all is an average that may describe
none of them, and the sentence says so.
"""

import pandas as pd

from equity.publish import display
from equity.publish.comparisons import by_group, frame_of, is_base, is_clear, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import (
    NO_INTERVAL,
    NOT_CLEAR,
    compared,
    interval,
    largest,
    upper,
)
from equity.publish.spoken import headlines, publish
from equity.publish.wording import _Words, check_template
from equity.publish.wording import people as people_of

#: Of tests of whether a gap is the same in all strata.
LEVEL = 0.05

FOLD = "it is below four fifths of theirs"
REVERSES = (
    "; with one person of the group chosen in place of one of the others, theirs would "
    "be the lower rate, so that little can be read from it"
)


def rates(
    table: Protected,
    *,
    verb: str,
    gain: str,
    people: str = "employees",
    subject: str = "{people}",
    than: str = "",
    words: tuple[str, str] = ("higher", "lower"),
    times: str = "as often",
    measure: str = "",
    within: Protected | None = None,
    strata: str = "departments and years",
    largest: bool = False,
    when: str = "",
) -> Published:
    """Say each group's rate, how it compares, and how it does within strata.

    Parameters
    ----------
    table
        A measure table with ``statistic`` (`level`, `difference`, `ratio`), such as
        of promotions or separations. ``people_to_parity`` is read by ``direction``:
        events more where a higher rate is better, and fewer where a lower one is.
        ``adverse`` and ``one_selection_reverses`` are used where they are there.
    verb
        With ``{estimate}``: "were promoted at a rate of {estimate} a year".
    gain
        What would be more or fewer at the reference's rate: "promotions".
    people
        What the members of the groups are.
    subject, than
        What the rate is of, and who is compared with, with ``{people}``.
    words
        A higher and a lower rate in one word each.
    times
        What follows "0.60 times".
    measure
        What is compared; the rows' own ``measure``, if they have one, comes first.
    within
        The same groups' comparisons within strata, with ``statistic`` `ratio` and
        ``homogeneity_p_value``.
    strata
        What people are compared within.
    largest
        Only the largest clear difference, or that none is clear.
    when
        The time the numbers are of, in words.

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
        If a group has several rows, or a statistic none.
    EquityError
        If ``verb`` cannot be used.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> both = {"group": ["Black", "White"], "reference": "White", "events": [12, 30],
    ...         "population": [200, 300], "confidence": 0.95, "people_to_parity": 8,
    ...         "direction": "higher is better"}
    >>> level = {"statistic": "level", "estimate": [0.06, 0.1],
    ...          "conf_low": [0.035, 0.07], "conf_high": [0.102, 0.139]}
    >>> fold = {"statistic": "ratio", "estimate": [0.6, 1.0],
    ...         "conf_low": [0.31, None], "conf_high": [1.14, None]}
    >>> gap = {"statistic": "difference", "estimate": [-0.04, 0.0],
    ...        "conf_low": [-0.085, None], "conf_high": [0.012, None]}
    >>> table = pd.concat([pd.DataFrame(both | part) for part in (level, gap, fold)])
    >>> rates(protect(table), verb="were promoted at a rate of {estimate}",
    ...       gain="promotions")
    Black employees were promoted at a rate of 6.0% (95% interval 3.5% to 10.2%), no
    clear difference from White employees: the estimate is 4.0 percentage points lower,
    and the 95% interval runs from 8.5 lower to 1.2 higher; the ratio is 0.60 (95%
    interval 0.31 to 1.14).
    White employees were promoted at a rate of 10.0% (95% interval 7.0% to 13.9%); the
    other groups are compared with this one.
    """
    check_template(verb, "estimate")
    check_template(f"{gain} {strata} {{estimate}}", "estimate")
    if require(table, "findings.rates").frame.empty:
        return display.absent()
    check_template(subject, "people")
    check_template(than or subject, "people")
    said = _Words(
        subject, verb, than or subject, people, "percent", "", words, times, measure
    )
    level, apart, fold = (
        table.only(statistic=name) for name in ("level", "difference", "ratio")
    )
    rows = records(frame_of(level, "findings.rates"), "percent")
    gaps, folds = by_group(apart, "points"), by_group(fold, "ratio")
    inside = {}
    if within is not None and not require(within, "findings.rates").frame.empty:
        inside = by_group(within.only(statistic="ratio"), "ratio")
    told = _told(rows, gaps, folds, said, gain, table.why, most=largest)
    found = []
    for group, text, numbers in told:
        held = "" if group is None else _within(inside.get(group), said, strata)
        if numbers is not None and held:
            sentence = f"{numbers.get('sentence', text)}{held}"
            numbers = {**numbers, "sentence": sentence}
        found.append((f"{text}{held}", numbers))
    lines = headlines(found, said.called(level.frame), when)
    return publish([text for text, _ in found], lines, [table, within])


def _told(
    rows: list[dict], gaps: dict, folds: dict, said: _Words, gain: str, why: str, *,
    most: bool,
) -> list[tuple[str | None, str, dict | None]]:  # fmt: skip
    """Group, sentence and numbers; the people to parity are said in words of events."""
    bare = [{**row, "parity": None} for row in rows]
    if most:
        text, numbers = largest(bare, gaps, folds, said, why)
        if numbers is None:
            return [(None, text, None)]
        row = next(row for row in rows if row["group"] == numbers["group"])
        more = _parity(row, gaps, said, gain, clear=True)
        numbers = {**numbers, "sentence": f"{numbers['sentence']}{more}"}
        return [(row["group"], f"{text}{more}", numbers)]
    found = []
    for row, plain in zip(rows, bare, strict=True):
        text, numbers = compared(plain, gaps, folds, said, why)
        if row["estimate"] is None:
            found.append((None, text, None))
            continue
        if numbers is not None:
            text += _parity(row, gaps, said, gain, clear=bool(numbers["clear"]))
            text += _folded(row, said.base(gaps[row["group"]]))
        alone = row["group"] in gaps and is_base(gaps[row["group"]])
        found.append((None if alone else row["group"], text, numbers))
    return found


def _parity(row: dict, gaps: dict, said: _Words, gain: str, *, clear: bool) -> str:
    """How many events more, or fewer, the reference's rate would be."""
    number = row["parity"]
    if not clear or not number:
        return ""
    direction = row["exact"].get("direction")
    fewer = isinstance(direction, str) and direction.startswith("lower")
    word = "fewer" if fewer else "more"
    base = people_of(str(gaps[row["group"]]["reference"]), said.people)
    events = gain.removesuffix("s") if number == 1 else gain
    return f" At the rate of {base}, that would be {number:,} {events} {word}."


def _folded(row: dict, base: str) -> str:
    """What the four-fifths rule says, where selections are few."""
    adverse = row["exact"].get("adverse")
    if adverse is None or pd.isna(adverse) or not adverse:
        return ""
    turned = row["exact"].get("one_selection_reverses")
    turned = turned is not None and not pd.isna(turned) and bool(turned)
    text = f" By the four-fifths rule this rate differs from that of {base}: {FOLD}"
    return f"{text}{REVERSES if turned else ''}."


def _within(row: dict | None, said: _Words, strata: str) -> str:
    """The comparison within strata, and whether it is the same in all of them."""
    if row is None or is_base(row):
        return ""
    base = said.base(row)
    if row["estimate"] is None:
        rest = f"is not shown: {row['why']}" if row["hidden"] else "cannot be made"
        return f" The comparison with {base} within {strata} {rest}."
    clear = is_clear(row, 1.0)
    number = display.number(row["estimate"], "ratio")
    text = f" Within {strata}, it was {number} times {said.times} as {base}"
    doubt = {True: "", False: NOT_CLEAR, None: NO_INTERVAL}[clear]
    return f"{text}{interval(row, 'ratio')}{doubt}.{_same(row, strata)}"


def _same(row: dict, strata: str) -> str:
    chance = row["exact"].get("homogeneity_p_value")
    if "homogeneity_p_value" not in row["exact"]:
        return ""
    if chance is None or pd.isna(chance):
        return f" Whether it is the same in all {strata} cannot be tested."
    if chance >= LEVEL:
        return ""
    number = "p < 0.001" if chance < 0.001 else f"p = {chance:.3f}"
    return (
        f" {upper(strata)} differ in it ({number}): the figure is an average that may "
        "describe none of them."
    )
