"""Sentences about job groups: incumbents, those available, and the rule of the report.

A rule is a convention of the trade and no proof: of many comparisons at parity some
fall short by chance. So the sentence gives both shares and the whole people first, then
what the one rule of the report says of them, and at the end how many were judged.
"""

from collections.abc import Iterable

import pandas as pd

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.publish import display
from equity.publish.comparisons import is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import interval
from equity.publish.spoken import headlines, publish
from equity.publish.wording import check_template
from equity.publish.wording import people as people_of

#: By the rule of two standard deviations, at parity.
CHANCE = "at parity at most about one in forty would fall short by chance alone"

#: Rules to how a sentence calls them.
RULES = {
    "any difference": "the rule of any difference",
    "whole person": "the whole-person rule",
    "80 percent": "the 80 percent rule",
    "two standard deviations": "the rule of two standard deviations",
    "exact binomial": "the exact binomial test",
}
SIMPLE = "simple difference"
POWERLESS = "the rule finds nothing here"
CANNOT_RECORD = "the roster cannot record this group"

_Said = tuple[str, dict | None]


def utilisation(
    analysis: Protected,
    *,
    available: str = "those available",
    jobs: str = "the jobs",
    people: str = "employees",
    every: bool = False,
    when: str = "",
) -> Published:
    """Say where a group holds fewer jobs than its availability, and by how many people.

    Parameters
    ----------
    analysis
        One row per ``job_category`` and ``group`` (and ``statistic``, where there are
        several), with the columns of a utilisation analysis: ``benchmark_share``,
        named in ``protect(..., public=[...])``, ``rule``, ``underutilised``,
        ``shortfall`` and ``reliability``.
    available
        Who the benchmark counts: "those available in the occupation".
    jobs
        What the shares are of.
    people
        What the members of the groups are.
    every
        Whether every comparison is said. Otherwise those that the rule calls
        underutilised, and those too small for a rule that are short of a person.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding". The last sentence tells how many comparisons were
        judged, by which rule, and how many are hidden, not known, or too small for it.

    Raises
    ------
    DisclosureError
        If ``analysis`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a job group has several rows of a group.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"job_category": "Professionals", "group": ["Black"],
    ...     "events": [16], "population": [198], "benchmark_share": [0.142],
    ...     "estimate": [0.0808], "conf_low": [0.047], "conf_high": [0.128],
    ...     "confidence": [0.95], "rule": ["two standard deviations"],
    ...     "underutilised": [True], "shortfall": [12], "reliability": ["recorded"]})
    >>> utilisation(protect(table, public=["benchmark_share"]))
    In Professionals, Black employees hold 8.1% of the jobs (95% interval 4.7% to 12.8%)
    and are 14.2% of those available: 12 people short. By the rule of two standard
    deviations that is underutilisation.
    The rule of two standard deviations was applied to 1 comparison: 1 is short by it;
    at parity at most about one in forty would fall short by chance alone.
    """
    frame = require(analysis, "findings.utilisation").frame
    check_template(f"{available} {jobs} {{estimate}}", "estimate")
    if frame.empty:
        return display.absent()
    stacked = "statistic" in frame
    level = frame[frame["statistic"] == "level"] if stacked else frame
    _check(level)
    rows = _rows(level)
    gaps = {}
    if stacked and frame["statistic"].eq("difference").any():
        apart = frame[frame["statistic"] == "difference"].reset_index(drop=True)
        places = zip(apart["job_category"], apart["group"], strict=True)
        gaps = dict(zip(places, records(apart, "points"), strict=True))
    told = []
    for row in rows:
        exact = row["exact"]
        if not (every or _worth_saying(row)):
            continue
        text = _sentence(row, available, jobs, people, analysis.why)
        gap = gaps.get((exact["job_category"], exact["group"]))
        job = display.label(exact["job_category"])
        told.append((text, _numbers(gap, row, available), f"share of {job}"))
    texts = [text for text, _, _ in told]
    lines = [
        line
        for text, found, name in told
        for line in headlines([(text, found)], name, when)
    ]
    return publish([*texts, *_summary(rows, analysis.why)], lines, [analysis])


def _check(level: pd.DataFrame) -> None:
    wanted = [
        *("job_category", "group", "estimate", "conf_low", "conf_high"),
        *("benchmark_share", "rule", "underutilised", "shortfall", "reliability"),
    ]
    absent = [name for name in wanted if name not in level]
    if absent:
        raise ColumnNotFoundError(absent, found=level.columns)
    twice = int(level[["job_category", "group"]].astype("str").duplicated().sum())
    if twice:
        raise UnknownGroupError(
            f"{twice} rows repeat a group of a job category; a sentence needs one row "
            "for each (pick rows with Protected.only)"
        )


def _rows(level: pd.DataFrame) -> list[dict]:
    """The rows, with what the rule says of each: None where it says nothing."""
    found = []
    for row in records(
        level.reset_index(drop=True), "percent", extra="benchmark_share"
    ):
        exact = row["exact"]
        short = display.rounded(exact["shortfall"], "count")
        told = "" if pd.isna(exact["reliability"]) else str(exact["reliability"])
        rule = "" if pd.isna(exact["rule"]) else str(exact["rule"])
        verdict = exact["underutilised"]
        verdict = None if pd.isna(verdict) else bool(verdict)
        found.append(
            {**row, "short": short, "told": told, "rule": rule, "verdict": verdict}
        )
    return found


def _worth_saying(row: dict) -> bool:
    few = row["rule"] == SIMPLE and bool(row["short"])
    return row["verdict"] is True or few


def _numbers(gap: dict | None, row: dict, available: str) -> dict | None:
    if gap is None or gap["estimate"] is None or row["estimate"] is None:
        return None
    more = {"reference": available, "people_to_parity": row["short"] or None}
    return numbers(gap, "points", is_clear(gap, 0.0), **more)


# --- the sentences --------------------------------------------------------------


def _sentence(row: dict, available: str, jobs: str, noun: str, why: str) -> str:
    start = f"In {display.label(row['exact']['job_category'])}"
    who = people_of(row["group"], noun)
    if row["estimate"] is None:
        if row["hidden"]:
            return f"{start}, the share of {who} is not shown: {why}."
        if row["told"] == CANNOT_RECORD:
            return f"{start}, the share of {who} is not known: {row['told']}."
        return f"{start}, the share of {who} is not known."
    text = f"{start}, {who} hold {display.quantity(row['estimate'], 'percent')} of "
    text += f"{jobs}{interval(row, 'percent')}"
    if row["benchmark_share"] is None:
        return f"{text}; of {available}, their share is not known."
    text += f" and are {display.quantity(row['benchmark_share'], 'percent')} of "
    text += f"{available}: {_short(row['short'])}."
    return f"{text}{_ruled(row)}"


def _short(number: int | None) -> str:
    if number is None:
        return "how many people short is not known"
    if not number:
        return "no whole person short"
    return f"{number:,} {'person' if number == 1 else 'people'} short"


def _ruled(row: dict) -> str:
    if row["rule"] == SIMPLE:
        return " Too few work there for a rule: this is the simple difference."
    if row["verdict"] is None:
        return " The rule cannot be applied."
    rule = RULES.get(row["rule"], row["rule"])
    text = f" By {rule} that is {'' if row['verdict'] else 'not '}underutilisation"
    if row["told"].startswith(POWERLESS):
        text += "; nor would it be if nobody of the group worked there"
    return f"{text}."


def _summary(rows: Iterable[dict], why: str) -> list[str]:
    """How many comparisons were judged, and why the others were not."""
    rows = list(rows)
    judged = [row for row in rows if row["verdict"] is not None]
    texts = []
    if judged:
        name = judged[0]["rule"]
        rule = RULES.get(name, name)
        short = sum(row["verdict"] for row in judged)
        text = f"{rule[:1].upper()}{rule[1:]} was applied to "
        text += f"{_many(len(judged), 'comparison')}: {short or 'none'} "
        text += f"{'is' if short < 2 else 'are'} short by it"
        if name == "two standard deviations":
            text += f"; {CHANCE}"
        powerless = sum(row["told"].startswith(POWERLESS) for row in judged)
        if powerless:
            text += f"; for {powerless} of them the rule would find nothing even if "
            text += "nobody of the group worked there"
        texts.append(f"{text}.")
    else:
        texts.append("No comparison shown can be judged by a rule.")
    hidden = sum(row["hidden"] for row in rows)
    few = sum(row["rule"] == SIMPLE and not row["hidden"] for row in rows)
    rest = len(rows) - len(judged) - hidden - few
    parts = [
        f"{number} {words}"
        for number, words in (
            (few, "in job groups too small for a rule"),
            (hidden, f"hidden ({why})"),
            (rest, "whose share or availability is not known"),
        )
        if number
    ]
    if parts:
        texts.append(f"Not judged: {'; '.join(parts)}.")
    return texts


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
