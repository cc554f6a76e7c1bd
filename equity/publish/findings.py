"""A row to a sentence, so that prose and numbers cannot drift apart.

The caller gives nouns and verbs; numbers, intervals, the name of the reference group,
and the words for what is hidden, not known or not clear come from the protected row.

**What these sentences never do**

They name no cause. They never say that there is no difference: where an interval
includes parity they say that no clear difference can be seen, and give the interval.
They never rank what is hidden. Where a difference and a ratio both exist, both are
given.

**Templates**

``subject`` and ``verb`` make one sentence: *subject* names the group with ``{people}``
and *verb* ends with ``{estimate}`` and its unit. With ``people="residents"``,
``{people}`` becomes "Asian residents", or "residents of two or more races".

References
----------
Schwabish and Feng (2021), Do No Harm Guide, Urban Institute. Amrhein, Greenland and
McShane (2019), Scientists rise up against statistical significance, Nature 567,
305-307: an interval that includes zero does not show that there is no difference.
"""

import re
import string
from collections.abc import Iterable

import pandas as pd

from equity.errors import ColumnNotFoundError, EquityError, UnknownGroupError
from equity.publish import display
from equity.publish.display import Published
from equity.publish.protect import COUNTS, Protected, require

#: Labels that are no adjective.
PHRASES = {
    "Two or more races": "{noun} of two or more races",
    "Some other race": "{noun} of some other race",
    "Not recorded": "{noun} whose race is not recorded",
    "Unknown": "{noun} whose race is unknown",
    "Declined": "{noun} who declined to give their race",
    "Refused": "{noun} who refused to give their race",
    "All residents": "{noun} of any race",
}

#: Words that claim a cause, which no table here can show.
CAUSES = ("because", "due to", "caused", "causes", "cause of", "owing to", "thanks to",
          "as a result", "leads to", "led to", "results in", "resulted in", "driven by",
          "explained by", "impact of", "effect of")  # fmt: skip


NOT_CLEAR = "; no clear difference"
NO_INTERVAL = "; no interval is known for this comparison"


def people(group: str, noun: str) -> str:
    """Name the people of a group in a sentence.

    Parameters
    ----------
    group
        Label of the group.
    noun
        What the people are: "residents", "students", "employees".

    Returns
    -------
    str
        "Asian residents", "residents of two or more races".

    Examples
    --------
    >>> people("Black or African American", "students")
    'Black or African American students'
    >>> people("Two or more races", "students")
    'students of two or more races'
    """
    return PHRASES.get(group, "{group} {noun}").format(group=group, noun=noun)


def compare(
    rates: Protected,
    *,
    subject: str,
    verb: str,
    unit: str,
    noun: str = "",
    people: str = "residents",
    differences: Protected | None = None,
    ratios: Protected | None = None,
    than: str = "",
    words: tuple[str, str] = ("higher", "lower"),
    times: str = "as high",
    measure: str = "",
    largest: bool = False,
) -> Published:
    """Say every group's estimate, and how it compares with the reference group's.

    Where the table has several values of ``subject``, such as mathematics and
    reading, each is said apart, under its name. A difference is clear if no interval
    given for it includes parity (zero for the difference, one for the ratio).

    Parameters
    ----------
    rates
        One row per ``group``, with ``estimate``, ``conf_low``, ``conf_high`` and
        ``confidence``; or a measure table with ``statistic``, which brings its own
        differences and ratios.
    subject
        What the number is of, with ``{people}``: "requests from the areas where
        {people} live".
    verb
        The rest of the sentence, with ``{estimate}``: "took a median of {estimate}
        to close".
    unit
        "percent" and "points" (given as proportions), "ratio", "number" or "count".
    noun
        What a number counts, such as "days"; printed after it.
    people
        What the members of the groups are.
    differences
        The same groups' differences from ``reference``, in the unit of ``rates``
        (differences of percents are said in percentage points).
    ratios
        The same groups' ratios to ``reference``.
    than
        Who is compared with, with ``{people}``: "where {people} live". The subject,
        where it is left out.
    words
        A higher and a lower estimate in one word each: ("longer", "shorter").
    times
        What follows "1.28 times": "as long", "as many".
    measure
        What is compared, for the sentence that no difference is clear: "graduation
        rate".
    largest
        Only one sentence: the largest clear difference among those shown (by the
        ratio, where only ratios are given), or that none is clear.

    Returns
    -------
    Published
        A payload of kind "finding"; the reference group's sentence says that the
        others are compared with it.

    Raises
    ------
    DisclosureError
        If a table is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has several rows.
    EquityError
        If a template cannot be used, or ``largest`` is asked for with nothing to
        compare.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> both = {"group": ["Asian", "White"], "events": [60, 90], "confidence": 0.95}
    >>> days = pd.DataFrame({**both, "estimate": [14.0, 10.9],
    ...                      "conf_low": [12.1, 10.2], "conf_high": [15.9, 11.6]})
    >>> gap = pd.DataFrame({**both, "reference": "White", "estimate": [3.1, 0.0],
    ...                     "conf_low": [1.2, None], "conf_high": [5.0, None]})
    >>> compare(protect(days), differences=protect(gap), unit="number", noun="days",
    ...         subject="requests from the areas where {people} live",
    ...         verb="took a median of {estimate} to close",
    ...         than="where {people} live", words=("longer", "shorter"))
    Requests from the areas where Asian residents live took a median of 14.0 days to
    close (95% interval 12.1 to 15.9), 3.1 days longer than where White residents live
    (95% interval 1.2 to 5.0).
    Requests from the areas where White residents live took a median of 10.9 days to
    close (95% interval 10.2 to 11.6); the other groups are compared with this one.
    """
    for template, wanted in ((subject, "people"), (verb, "estimate")):
        _check_template(template, wanted)
    _check_template(than or subject, "people")
    said = _Words(subject, verb, than or subject, people, unit, noun, words, times)
    said.measure = measure
    if require(rates, "findings.compare").frame.empty:
        return display.absent()
    sentences = []
    for part, some in _parts(rates).items():
        level, apart, fold = _stacked(some, differences, ratios)
        found = _compared(level, apart, fold, said, largest=largest)
        sentences += [f"{part}: {text}" if part else text for text in found]
    return _publish(sentences)


def ratio(
    ratios: Protected,
    *,
    subject: str,
    verb: str,
    people: str = "residents",
    than: str = "",
) -> Published:
    """Say every group's ratio to the reference group.

    Parameters
    ----------
    ratios
        One row per ``group``, with ``reference`` and the measure columns.
    subject
        Who has the ratio, with ``{people}``.
    verb
        With ``{estimate}``, which is printed as "1.31 times": "were denied {estimate}
        as often as".
    people, than
        As in :func:`compare`.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black"], "reference": ["White"],
    ...     "events": [90], "estimate": [3.0], "conf_low": [2.18],
    ...     "conf_high": [4.12], "confidence": [0.95]})
    >>> ratio(protect(table), subject="{people}", people="applicants",
    ...       verb="were denied {estimate} as often as")
    Black applicants were denied 3.00 times as often as White applicants (95% interval
    2.18 to 4.12).
    """
    _check_template(subject, "people")
    _check_template(verb, "estimate")
    _check_template(than or subject, "people")
    said = _Words(subject, verb, than or subject, people, "ratio", "", ("", ""), "")
    rows = _rows(ratios, "ratio").values()
    return _publish(
        [_ratio_sentence(row, said, ratios.why) for row in rows if not _is_base(row)]
    )


def representation(
    shares: Protected,
    *,
    benchmark: str,
    whole: str = "the workforce",
    benchmark_whole: str = "residents",
    people: str = "people",
    members: str = "employees",
    largest: bool = False,
) -> Published:
    """Say every group's share of a whole beside its share of a benchmark.

    A difference is clear if its interval does not include zero; where no differences
    are given, if the interval of the share does not include the benchmark. People to
    parity are said only where the difference is clear.

    Parameters
    ----------
    shares
        One row per ``group``: ``estimate`` is its share of the whole, as a
        proportion, with limits; ``people_to_parity`` is used where it is there. Or
        a measure table with ``statistic``, which brings its own differences.
    benchmark
        The column with the group's share of the benchmark, as a proportion, taken
        as known. Name it in ``protect(..., public=[...])``.
    whole
        What the estimate is a share of.
    benchmark_whole
        What the benchmark is a share of.
    people
        What the members of the groups are.
    members
        What the people to parity would be.
    largest
        Only one sentence: the group that is the most people short of parity, or that
        none is clearly short of it.

    Returns
    -------
    Published
        A payload of kind "finding".

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black"], "events": [240], "estimate": [0.24],
    ...     "conf_low": [0.21], "conf_high": [0.27], "confidence": [0.95],
    ...     "residents": [0.293], "people_to_parity": [53]})
    >>> representation(protect(table, public=["residents"]), benchmark="residents")
    Black people are 24.0% of the workforce (95% interval 21.0% to 27.0%) and 29.3% of
    residents. Parity would take 53 more Black employees.
    """
    if require(shares, "findings.representation").frame.empty:
        return display.absent()
    level, apart, _ = _stacked(shares, None, None)
    gaps = _rows(apart, "points")
    frame = _frame(level, "findings.representation", benchmark)
    rows = _records(frame, "percent", extra=benchmark)
    said = {}
    for row in rows:
        name, gap = _people(row["group"], people), gaps.get(row["group"])
        if row["estimate"] is None:
            said[row["group"]] = _blank(row, f"{name} as a share of {whole}", level.why)
            continue
        text = f"{_upper(name)} are {display.quantity(row['estimate'], 'percent')}"
        text += f" of {whole}{_interval(row, 'percent')}"
        if row[benchmark] is None:
            said[row["group"]] = f"{text}; of {benchmark_whole}, it is not known."
            continue
        other = display.quantity(row[benchmark], "percent")
        text += f" and {other} of {benchmark_whole}"
        if _differs(row, gap, benchmark):
            said[row["group"]] = f"{text}{_apart(gap)}.{_to_parity(row, members)}"
        else:
            said[row["group"]] = f"{text}, no clear difference{_reach(gap)}."
    if not largest:
        return _publish(list(said.values()))
    short = [
        row
        for row in rows
        if row["parity"] and _differs(row, gaps.get(row["group"]), benchmark)
    ]
    if not short:
        return _publish([f"No group shown is clearly short of its share of {whole}."])
    most = max(short, key=lambda row: row["parity"])
    return _publish([f"The largest shortfall: {said[most['group']]}"])


def nothing(text: str) -> Published:
    """Say that something cannot be shown, and why.

    Parameters
    ----------
    text
        A sentence: what is missing, and what would be needed.

    Returns
    -------
    Published
        A payload of kind "note".

    Raises
    ------
    EquityError
        If the text is empty.

    Examples
    --------
    >>> nothing("No proficiency counts were given for this city.")
    No proficiency counts were given for this city.
    """
    if not text.strip():
        raise EquityError("a note says what is missing and why; found an empty text")
    return display._publish({"kind": "note", "text": text})


# --- rows and templates -------------------------------------------------------


class _Words:
    """What the caller says around the numbers."""

    def __init__(self, subject, verb, than, people, unit, noun, words, times):
        self._subject, self.verb, self._than, self.people = subject, verb, than, people
        self.unit, self.noun, self.words, self.times = unit, noun, words, times
        self.gap_unit = "points" if unit == "percent" else unit
        self.measure = ""

    def subject(self, row: dict) -> str:
        return self._subject.format(people=_people(row["group"], self.people))

    def base(self, row: dict) -> str:
        return self._than.format(people=_people(row["reference"], self.people))

    def estimate(self, row: dict) -> str:
        number = display.quantity(row["estimate"], self.unit, self.noun)
        return self.verb.format(estimate=number)

    def gap(self, row: dict) -> str:
        """A difference as "3.1 days longer"."""
        size, exact = row["estimate"], row["exact"]["estimate"]
        word = self.words[0] if exact > 0 else self.words[1] if exact < 0 else ""
        least = 10.0 ** -display.UNITS[self.gap_unit][1]
        under = size == 0 and exact != 0
        text = display.quantity(
            least if under else size, self.gap_unit, self.noun, sign=False
        )
        return f"{'less than ' if under else ''}{text} {word}".rstrip()

    def end(self, value: float) -> str:
        """An end of an interval as "1.2 longer"."""
        word = self.words[0] if value > 0 else self.words[1] if value < 0 else ""
        return f"{display.number(value, self.gap_unit, sign=False)} {word}".rstrip()


def _people(group: str, noun: str) -> str:
    return people(str(group), noun)


def people_count(count: int, group: str, noun: str) -> str:
    """Write a number of further people of a group.

    Parameters
    ----------
    count
        How many.
    group
        Label of the group.
    noun
        What they are, in the plural.

    Returns
    -------
    str
        "53 more Asian employees".

    Examples
    --------
    >>> people_count(1053, "Asian", "employees")
    '1,053 more Asian employees'
    """
    return f"{display.number(count, 'count')} more {people(group, noun)}"


def _check_template(template: str, wanted: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    except ValueError as error:
        raise EquityError(f"{template!r} is no template: {error}") from error
    if names != [wanted]:
        raise EquityError(
            f"{template!r} should have {{{wanted}}} once and no other placeholder"
        )
    for word in CAUSES:
        if re.search(rf"\b{word}\b", template.lower()):
            raise EquityError(
                f"{template!r} names a cause ({word!r}); a table shows what differs, "
                "not why"
            )


def _need(frame: pd.DataFrame, wanted: Iterable[str]) -> None:
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    twice = frame["group"].astype(str).duplicated()
    if twice.any():
        raise UnknownGroupError(
            f"{int(twice.sum())} rows repeat a group; a sentence needs one row for "
            "each (pick rows with Protected.only)"
        )


def _frame(protected: Protected, maker: str, *extra: str) -> pd.DataFrame:
    require(protected, maker)
    frame = protected.frame
    _need(frame, ["group", "estimate", "conf_low", "conf_high", *extra])
    return frame


def _records(frame: pd.DataFrame, unit: str, *, extra: str = "") -> list[dict]:
    """The rows, rounded as they will be printed; None where blank."""
    counts = [name for name in COUNTS if name in frame]
    numbers = ["estimate", "conf_low", "conf_high", *([extra] if extra else [])]
    records = []
    for row in frame.to_dict("records"):
        record = {name: display.rounded(row[name], unit) for name in numbers}
        reference = row.get("reference")
        records.append(
            {
                **record,
                "group": str(row["group"]),
                "reference": None if pd.isna(reference) else str(reference),
                "level": display.level(row.get("confidence")),
                "hidden": not pd.isna(row["suppressed"]) and record["estimate"] is None,
                "unknown": any(pd.isna(row[name]) for name in counts),
                "parity": display.rounded(row.get("people_to_parity"), "count"),
                "exact": row,
            }
        )
    return records


def _parts(rates: Protected) -> dict[str, Protected]:
    """Take a table with several subjects apart."""
    frame = rates.frame
    subjects = list(dict.fromkeys(frame["subject"])) if "subject" in frame else []
    if len(subjects) < 2:
        return {"": rates}
    return {str(subject): rates.only(subject=subject) for subject in subjects}


def _compared(
    level: Protected,
    differences: Protected | None,
    ratios: Protected | None,
    said: "_Words",
    *,
    largest: bool,
) -> list[str]:
    """The sentences of one table of levels, with its comparisons."""
    frame = _frame(level, "findings.compare")
    apart = _rows(differences, said.gap_unit)
    fold = _rows(ratios, "ratio")
    if largest:
        return [_largest(frame, apart, fold, said, level.why)]
    rows = _records(frame, said.unit)
    return [_sentence(row, apart, fold, said, level.why) for row in rows]


def _stacked(
    rates: Protected, differences: Protected | None, ratios: Protected | None
) -> tuple[Protected, Protected | None, Protected | None]:
    """Take a table with `statistic` apart; other tables stay as they are."""
    if "statistic" not in require(rates, "findings.compare").frame:
        return rates, differences, ratios
    there = set(rates.frame["statistic"])
    level, apart, fold = (
        rates.only(statistic=name) if name in there else None
        for name in ("level", "difference", "ratio")
    )
    return level, apart, fold


def _rows(protected: Protected | None, unit: str) -> dict[str, dict]:
    """Comparisons by group."""
    if protected is None:
        return {}
    frame = _frame(protected, "findings", "reference")
    rows = {row["group"]: row for row in _records(frame, unit)}
    return {g: {**row, "why": protected.why} for g, row in rows.items()}


def _publish(sentences: list[str]) -> Published:
    if not sentences:
        return nothing("There is no other group to compare.")
    return display._publish(
        {"kind": "finding", "sentences": sentences, "text": " ".join(sentences)}
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_base(row: dict) -> bool:
    return row["reference"] == row["group"]


def _is_clear(row: dict, parity: float) -> bool | None:
    """Whether the interval lies on one side of parity; None if there is no interval.

    Judged before rounding: an interval from 1.002 is printed as from 1.00 and clear.
    """
    low, high = row["exact"]["conf_low"], row["exact"]["conf_high"]
    if pd.isna(low) and pd.isna(high):
        return None
    return bool(low > parity or high < parity)


def _interval(row: dict, unit: str) -> str:
    limits = display.span(row["conf_low"], row["conf_high"], unit, mark=True)
    return f" ({row['level']} {limits})" if limits else ""


def _blank(row: dict, figure: str, why: str) -> str:
    if row["hidden"]:
        return f"The figure for {figure} is not shown: {why}."
    if row["unknown"]:
        return f"The figure for {figure} is not known."
    return f"The figure for {figure} cannot be calculated."


# --- sentences ----------------------------------------------------------------


def _sentence(row: dict, apart: dict, fold: dict, said: _Words, why: str) -> str:
    """One group's estimate and its comparison."""
    subject = said.subject(row)
    if row["estimate"] is None:
        return _blank(row, subject, why)
    text = f"{_upper(subject)} {said.estimate(row)}{_interval(row, said.unit)}"
    pairs = [(p, at) for p, at in ((apart, 0.0), (fold, 1.0)) if row["group"] in p]
    if not pairs:
        return f"{text}."
    if _is_base(pairs[0][0][row["group"]]):
        return f"{text}; the other groups are compared with this one."
    return f"{text}{_comparison(row['group'], apart, fold, said)}."


def _comparison(group: str, apart: dict, fold: dict, said: _Words) -> str:
    """The difference and the ratio of one group, as the rest of its sentence."""
    given = apart.get(group) or fold[group]
    gap, times = (
        row if row is not None and row["estimate"] is not None else None
        for row in (apart.get(group), fold.get(group))
    )
    base = said.base(given)
    if gap is None and times is None:
        if given["hidden"]:
            return f"; the comparison with {base} is not shown: {given['why']}"
        return f"; it cannot be compared with {base}"

    clear = _clear(gap, times)
    doubt = NO_INTERVAL if clear is None else ""
    ratio = f"{display.number(times['estimate'], 'ratio')}" if times else ""
    limits = _interval(times, "ratio") if times else ""
    if gap is None:
        doubt = doubt or ("" if clear else NOT_CLEAR)
        return f", {ratio} times {said.times} as {base}{limits}{doubt}"
    if clear is False:
        text = f", no clear difference from {base}: the estimate is {said.gap(gap)}"
        text += _runs(gap, said)
        return text + (f"; the ratio is {ratio}{limits}" if times else "")
    text = f", {said.gap(gap)} than {base}{_gap_interval(gap, said)}"
    return text + (f", or {ratio} times {said.times}{limits}" if times else "") + doubt


def _clear(gap: dict | None, times: dict | None) -> bool | None:
    """Clear only if every interval that is there says so."""
    answers = [
        _is_clear(row, parity)
        for row, parity in ((gap, 0.0), (times, 1.0))
        if row is not None and row["estimate"] is not None
    ]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def _runs(row: dict, said: _Words) -> str:
    """An interval that includes parity: ", and the 95% interval runs from ... to"."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    return f", and the {row['level']} runs from {said.end(low)} to {said.end(high)}"


def _gap_interval(row: dict, said: _Words) -> str:
    """The interval of a clear difference, in the direction of its word."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    if row["estimate"] < 0:
        low, high = -high, -low
    return f" ({row['level']} {display.span(low + 0.0, high + 0.0, said.gap_unit)})"


def _ratio_sentence(row: dict, said: _Words, why: str) -> str:
    subject, base = said.subject(row), said.base(row)
    if row["estimate"] is None:
        return _blank(row, f"the ratio of {subject} to {base}", why)
    text = f"{_upper(subject)} {said.estimate(row)} {base}{_interval(row, 'ratio')}"
    doubt = {True: "", False: NOT_CLEAR, None: NO_INTERVAL}[_is_clear(row, 1.0)]
    return f"{text}{doubt}."


def _largest(
    frame: pd.DataFrame, apart: dict, fold: dict, said: _Words, why: str
) -> str:
    """The sentence of the largest clear difference among the rows shown."""
    measured = apart or fold
    if not measured:
        raise EquityError("largest needs differences or ratios to choose by")
    shown = [
        row
        for row in _records(frame, said.unit)
        if row["estimate"] is not None and row["group"] in measured
    ]
    compared = [row for row in shown if measured[row["group"]]["estimate"] is not None]
    others = [row for row in compared if not _is_base(measured[row["group"]])]
    base = said.base(next(iter(measured.values())))
    left_out = any(
        row["hidden"] for row in [*_records(frame, said.unit), *measured.values()]
    )
    unknown = any(
        row["estimate"] is None and not row["hidden"]
        for row in _records(frame, said.unit)
    )
    why_out = {
        (True, True): "hidden or not known",
        (True, False): "hidden",
        (False, True): "not known",
    }.get((left_out, unknown))
    note = f" Groups whose figures are {why_out} are left out." if why_out else ""
    if not others:
        return f"No comparison with {base} can be shown.{note}"
    clear = [r for r in others if _clear(apart.get(r["group"]), fold.get(r["group"]))]
    if not clear:
        whom = _people(measured[others[0]["group"]]["reference"], said.people)
        where = f" in {said.measure}" if said.measure else ""
        return (
            f"No clear difference{where} from {whom} can be seen in any group shown."
            f"{note}"
        )
    size = {
        r["group"]: _size(measured[r["group"]]["estimate"], not apart) for r in clear
    }
    top = max(clear, key=lambda row: size[row["group"]])  # the first of equals
    text = _sentence(top, apart, fold, said, why)
    return f"The largest clear difference: {text}{note}"


def _size(estimate: float, is_ratio: bool) -> float:
    """How far from parity; a ratio and its inverse are equally far."""
    if not is_ratio:
        return abs(estimate)
    return max(estimate, 1 / estimate) if estimate > 0 else float("inf")


def _differs(row: dict, gap: dict | None, benchmark: str) -> bool:
    """Whether a share differs clearly from its benchmark."""
    if row["estimate"] is None or row[benchmark] is None:
        return False
    if gap is not None:
        return bool(_is_clear(gap, 0.0))
    exact = row["exact"]
    return not exact["conf_low"] <= exact[benchmark] <= exact["conf_high"]


def _apart(gap: dict | None) -> str:
    """A clear difference as ", 9.5 percentage points less (interval 7.9 to 11.1)"."""
    if gap is None or gap["estimate"] is None:
        return ""
    word = "more" if gap["exact"]["estimate"] > 0 else "less"
    ends = sorted(abs(gap[name]) for name in ("conf_low", "conf_high"))
    size = display.quantity(gap["estimate"], "points", sign=False)
    return f", {size} {word} ({gap['level']} {display.span(*ends, 'points')})"


def _reach(gap: dict | None) -> str:
    """How far a difference that is not clear may reach."""
    if gap is None or gap["conf_low"] is None or gap["conf_high"] is None:
        return ""
    limits = display.span(gap["conf_low"], gap["conf_high"], "points")
    return f" ({gap['level']} of the difference {limits} percentage points)"


def _to_parity(row: dict, members: str) -> str:
    if not row["parity"]:
        return ""
    return f" Parity would take {people_count(row['parity'], row['group'], members)}."
