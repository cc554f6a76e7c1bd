"""A row to a sentence, so that prose and numbers cannot drift apart.

The caller gives nouns and verbs; numbers, intervals, the name of the reference group,
and the words for what is hidden, not known or not clear come from the protected row.
Beside its sentences a finding carries the numbers of each comparison (``rows``), which
the front page, the table of findings and the next quarter's report are made from.

**What these sentences never do**

They name no cause. They never say that there is no difference: where an interval
includes parity they say that no clear difference can be seen, and give the interval.
They never rank what is hidden. Where a difference and a ratio both exist, both are
given. Where a rate is told by a bound alone ("95% or more"), they say so, and why.

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

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from equity.publish import display, sentences, wording
from equity.publish.achieved import achievement, masked
from equity.publish.apart import segregation
from equity.publish.closed import closing
from equity.publish.comparisons import by_group, frame_of, is_base, records
from equity.publish.display import Published
from equity.publish.districted import district, published
from equity.publish.drivers import drivers
from equity.publish.moving import rates
from equity.publish.paced import pace
from equity.publish.paid import pay_gap, pay_parts
from equity.publish.payscale import pay_scale
from equity.publish.proofs import bounds, clustering
from equity.publish.protect import Protected, require
from equity.publish.risked import risks
from equity.publish.schooled import gap_parts, growth, same_school, schools
from equity.publish.sexed import sexes
from equity.publish.splits import adjusted, decomposition
from equity.publish.spoken import headlines, nothing, publish
from equity.publish.utilised import utilisation
from equity.publish.wording import (
    CAUSES,
    PHRASES,
    _Words,
    check_template,
    people,
    people_count,
)

__all__ = [
    "CAUSES", "PHRASES", "achievement", "adjusted", "bounds", "closing", "clustering",
    "compare", "decomposition", "district", "drivers", "gap_parts", "growth", "masked",
    "nothing", "pace", "pay_gap", "pay_parts", "pay_scale", "people", "people_count",
    "published", "rates", "ratio", "representation", "risks", "same_school", "schools",
    "segregation", "sexes", "utilisation",
]  # fmt: skip


def compare(
    rates: Protected,
    *,
    subject: str,
    verb: str,
    unit: str,
    noun: str | Mapping[str, str] = "",
    people: str = "residents",
    differences: Protected | None = None,
    ratios: Protected | None = None,
    than: str = "",
    words: tuple[str, str] = ("higher", "lower"),
    times: str = "as high",
    measure: str = "",
    gain: str = "",
    largest: bool = False,
    when: str = "",
) -> Published:
    """Say every group's estimate, and how it compares with the reference group's.

    Where the table has several values of ``subject``, such as mathematics and
    reading, or a ``kind`` of place, each is said apart, under its name. A difference
    is clear if no interval given for it includes parity (zero for the difference, one
    for the ratio).

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
        What a number counts, such as "days"; printed after it. Or what the numbers of
        each ``measure`` count, where kinds of places have different ones.
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
        rate". The rows' own ``measure``, if they have one, names it in tables.
    gain
        Where the rows have ``people_to_parity``: what so many more people would be
        or do at the reference group's rate: "who graduate".
    largest
        Only one sentence: the largest clear difference among those shown (by the
        ratio, where only ratios are given), or that none is clear.
    when
        The time the numbers are of, in words: "January to December 2025". Two
        releases with the same text are taken to use the same data.

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
    >>> import pandas as pd
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
        check_template(template, wanted)
    check_template(than or subject, "people")
    every = _Words(
        subject, verb, than or subject, people, unit, "", words, times, measure, gain
    )
    if require(rates, "findings.compare").frame.empty:
        return display.absent()
    texts, rows = [], []
    for part, some in _parts(rates).items():
        said = replace(every, noun=_noun(noun, some))
        level, apart, fold = _stacked(some, differences, ratios)
        found = _compared(level, apart, fold, said, largest=largest)
        start = f"{part}: " if part else ""
        if part:
            names = [said.subject({"group": str(g)}) for g in level.frame["group"]]
            found = [_after_colon(text, row, names) for text, row in found]
        texts += [f"{start}{text}" for text, _ in found]
        rows += headlines(found, said.called(level.frame), when, start)
    return publish(texts, rows, [rates, differences, ratios])


def ratio(
    ratios: Protected,
    *,
    subject: str,
    verb: str,
    people: str = "residents",
    than: str = "",
    measure: str = "",
    when: str = "",
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
    people, than, measure, when
        As in :func:`compare`.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black", "White"], "reference": "White",
    ...     "events": [90, 60], "estimate": [3.0, 1.0], "conf_low": [2.18, None],
    ...     "conf_high": [4.12, None], "confidence": 0.95})
    >>> ratio(protect(table), subject="{people}", people="applicants",
    ...       verb="were denied {estimate} as often as")
    Black applicants were denied 3.00 times as often as White applicants (95% interval
    2.18 to 4.12).
    """
    check_template(subject, "people")
    check_template(verb, "estimate")
    check_template(than or subject, "people")
    said = _Words(subject, verb, than or subject, people, "ratio", measure=measure)
    rows = by_group(ratios, "ratio").values()
    found = [
        sentences.as_ratio(row, said, ratios.why) for row in rows if not is_base(row)
    ]
    name = said.called(ratios.frame)
    texts = [text for text, _ in found]
    return publish(texts, headlines(found, name, when), [ratios])


def representation(
    shares: Protected,
    *,
    benchmark: str,
    whole: str = "the workforce",
    benchmark_whole: str = "residents",
    people: str = "people",
    members: str = "employees",
    by: str = "",
    words: Mapping[str, str] = MappingProxyType({}),
    largest: bool = False,
    when: str = "",
) -> Published:
    """Say every group's share of a whole beside its share of a benchmark.

    A difference is clear if no interval given for it includes parity, as in
    :func:`compare`; where neither differences nor ratios are given, if the interval of
    the share does not include the benchmark. People to parity are said only where the
    difference is clear: so many more at the same size of the whole, in place of
    others.

    Parameters
    ----------
    shares
        One row per ``group``: ``estimate`` is its share of the whole, as a
        proportion, with limits; ``people_to_parity`` is used where it is there. Or
        a measure table with ``statistic``, which brings its own differences and
        ratios.
    benchmark
        The column with the group's share of the benchmark, as a proportion, taken
        as known. Name it in ``protect(..., public=[...])``.
    whole
        What the estimate is a share of; ``{kind}`` stands for the ``kind`` of place
        where the table has several.
    benchmark_whole
        What the benchmark is a share of.
    people
        What the members of the groups are.
    members
        What the people to parity would be.
    by
        A column of labels whose values are said apart, such as "benchmark"; each stands
        for ``{part}`` in ``whole`` or ``benchmark_whole``.
    words
        A value of ``by`` to how a sentence calls it: "labour force" is "the labour
        force".
    largest
        Only one sentence (for each value of ``by``): the group that is the most people
        short of parity, or that none is clearly short of it.
    when
        As in :func:`compare`.

    Returns
    -------
    Published
        A payload of kind "finding".

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["Black"], "events": [240], "estimate": [0.24],
    ...     "conf_low": [0.21], "conf_high": [0.27], "confidence": [0.95],
    ...     "residents": [0.293], "people_to_parity": [53]})
    >>> representation(protect(table, public=["residents"]), benchmark="residents")
    Black people are 24.0% of the workforce (95% interval 21.0% to 27.0%) and 29.3% of
    residents. Parity would take 53 more Black employees in place of others.
    """
    if require(shares, "findings.representation").frame.empty:
        return display.absent()
    texts, rows = [], []
    for part, some in (_parts_by(shares, by) if by else _parts(shares)).items():
        called = words.get(part, part)
        said_of = {
            "benchmark": benchmark,
            "whole": whole.replace("{kind}", part.lower()).replace("{part}", called),
            "benchmark_whole": benchmark_whole.replace("{part}", called),
            "noun": people,
            "members": members,
            "why": some.why,
        }
        said = _represented(some, said_of, largest=largest, named=bool(by))
        texts += [text for text, _ in said]
        rows += headlines(said, f"share of {said_of['whole']}", when)
    return publish(texts, rows, [shares])


def _represented(
    shares: Protected,
    words: dict[str, str],
    *,
    largest: bool,
    named: bool = False,
) -> list[tuple[str, dict | None]]:
    """The sentences of one table of shares, with the numbers of its comparisons."""
    level, apart, fold = _stacked(shares, None, None)
    gaps, ratios = by_group(apart, "points"), by_group(fold, "ratio")
    benchmark = words["benchmark"]
    frame = frame_of(level, "findings.representation", benchmark)
    rows = records(frame, "percent", extra=benchmark)
    beside = {
        row["group"]: (gaps.get(row["group"]), ratios.get(row["group"])) for row in rows
    }
    said = {
        row["group"]: sentences.share(row, *beside[row["group"]], **words)
        for row in rows
    }
    if not largest:
        return list(said.values())
    short = [
        row
        for row in rows
        if row["parity"] and sentences.differs(row, benchmark, *beside[row["group"]])
    ]
    if not short:
        none = f"No group shown is clearly short of its share of {words['whole']}."
        if named:
            none = f"Among {words['whole']}, no group shown is clearly short of its "
            none += f"share of {words['benchmark_whole']}."
        return [(none, None)]
    group = max(short, key=lambda row: row["parity"])["group"]
    text, numbers = said[group]
    told = [found for _, found in said.values() if found is not None]
    start = sentences.ONLY if len(told) == 1 else "The largest shortfall: "
    rest = sentences.after_colon(text, [wording.people(group, words["noun"])])
    return [(f"{start}{rest}", numbers)]


# --- from rows to a finding ---------------------------------------------------


def _parts(rates: Protected) -> dict[str, Protected]:
    """Take a table with several subjects, or with kinds of places, apart."""
    frame = rates.frame
    if "kind" in frame:
        kinds = list(dict.fromkeys(frame["kind"]))
        ways = frame.groupby("kind")["how"].first() if "how" in frame else {}
        return {
            ", ".join(filter(None, (display.label(kind), ways.get(kind)))): rates.only(
                kind=kind
            )
            for kind in kinds
        }
    subjects = list(dict.fromkeys(frame["subject"])) if "subject" in frame else []
    if len(subjects) < 2:
        return {"": rates}
    return {str(subject): rates.only(subject=subject) for subject in subjects}


def _parts_by(shares: Protected, by: str) -> dict[str, Protected]:
    """Take a table apart by a column of labels, in the order of its rows."""
    values = dict.fromkeys(shares.frame[by])
    return {str(value): shares.only(**{by: value}) for value in values}


def _noun(noun: str | Mapping[str, str], some: Protected) -> str:
    """What a number of a part counts; its measure says which of several."""
    if isinstance(noun, str):
        return noun
    return noun[str(some.frame["measure"].iloc[0])]


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


def _compared(
    level: Protected,
    differences: Protected | None,
    ratios: Protected | None,
    said: _Words,
    *,
    largest: bool,
) -> list[tuple[str, dict | None]]:
    """The sentences of one table of levels, with the numbers of its comparisons."""
    rows = records(frame_of(level, "findings.compare"), said.unit)
    apart = by_group(differences, said.gap_unit)
    fold = by_group(ratios, "ratio")
    if largest:
        return [sentences.largest(rows, apart, fold, said, level.why)]
    return [sentences.compared(row, apart, fold, said, level.why) for row in rows]


def _after_colon(
    text: str, row: dict | None, names: list[str]
) -> tuple[str, dict | None]:
    """A sentence, and that of its numbers, as they stand after a part's name."""
    if row is not None and "sentence" in row:
        row = {**row, "sentence": sentences.after_colon(row["sentence"], names)}
    return sentences.after_colon(text, names), row
