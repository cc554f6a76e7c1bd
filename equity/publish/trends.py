"""Small pictures of how a comparison moved from quarter to quarter.

A **trend** is one measure of one page, compared with one reference: a **panel** for
each group, all on one scale, so that panels can be compared. A dot is a quarter's
estimate, filled where its comparison was clear; the line through it is its interval;
the dashed line is parity. A quarter without a number is a gap and no line crosses it;
nor does one join releases of other settings. Quarters stand as far apart as they are in
time. Where several releases have a comparison of the same time, that is one measurement
and one dot: at the first of them, with the numbers of the last.

References
----------
Tufte (2006), Beautiful Evidence, on small multiples and sparklines.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from equity.publish import display
from equity.publish.history import JUDGED, SETTINGS, Release, differing
from equity.publish.payload import Headline
from equity.publish.writing import quarter

WIDTH, HEIGHT = 240, 84  # of a panel, in units of its own
LEFT, RIGHT, TOP, BOTTOM = 8, 232, 8, 76
AGAIN = "not measured again"
REACH = 0.75  # limits are cut so far beyond the estimates, as a share of their spread

_VERDICTS = {
    True: "clear",
    False: "no clear difference",
    None: "no interval is known",
}
_ABOVE = {  # a word of a measure's name: what a number above parity says
    "days to close": "longer for the group than for {reference}",
    "closed within": "more closed in time for the group than for {reference}",
    "requests per": "more requests for the group than for {reference}, "
    "which is neither better nor worse",
    "graduation rate": "a higher rate for the group than for {reference}",
    "proficient": "a larger share for the group than for {reference}",
    "share of": "a larger share than of {reference}",
}


@dataclass(frozen=True)
class Mark:
    """One quarter of a panel, in the units of the picture."""

    x: float
    y: float
    low: float
    high: float
    clear: bool | None


@dataclass(frozen=True)
class Panel:
    """One group: its marks, the lines between neighbouring quarters, and its words."""

    group: str
    marks: tuple[Mark, ...]
    lines: tuple[tuple[float, float, float, float], ...]
    latest: str
    alt: str


@dataclass(frozen=True)
class Trend:
    """One measure: its panels, and the same numbers as a table.

    Attributes
    ----------
    name
        Unique among the trends, for anchors.
    measure, what, page
        What is compared, how ("difference from White in percentage points"), and
        on which page of a release. A measure with several references names its own.
    level
        Of the intervals: "95% interval".
    above
        What a place above parity means, in words; "" if not known.
    panels
        One per group.
    parity
        Where the dashed line is.
    periods
        Quarters, oldest first.
    ends
        The first and the last of them, in short.
    rows
        A group and a text for each quarter; "" where there is none, ``AGAIN`` where
        it was not measured again.
    """

    name: str
    measure: str
    what: str
    page: str
    level: str
    above: str
    panels: tuple[Panel, ...]
    parity: float
    periods: tuple[str, ...]
    ends: tuple[str, str]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def value(row: Headline) -> str:
    """Write an estimate with its interval.

    Parameters
    ----------
    row
        The numbers of a comparison.

    Returns
    -------
    str
        "2.9 (1.8 to 3.9)".

    Examples
    --------
    >>> value(Headline(measure="days", group="Asian", unit="number", estimate=2.9,
    ...                low=1.8, high=3.9, clear=True, sentence="Longer."))
    '2.9 (1.8 to 3.9)'
    """
    limits = display.span(row.low, row.high, row.unit)
    text = display.number(row.estimate, row.unit)
    return f"{text} ({limits})" if limits else text


def kind(row: Headline) -> str:
    """Say what the numbers of a comparison are.

    Parameters
    ----------
    row
        The numbers of a comparison.

    Returns
    -------
    str
        Such as "difference from White in percentage points".

    Examples
    --------
    >>> kind(Headline(measure="days", group="Asian", reference="White", unit="ratio",
    ...               estimate=2.9, clear=True, sentence="Longer."))
    'ratio to White'
    """
    if row.unit == "ratio":
        return f"ratio to {row.reference}"
    unit = {
        "points": " in percentage points",
        "deviations": " in standard deviations",
    }.get(row.unit, "")
    return f"difference from {row.reference}{unit}"


def draw(releases: Sequence[Release]) -> list[Trend]:
    """Draw every measure that at least two quarters have.

    Parameters
    ----------
    releases
        Earlier releases and the newest, in any order.

    Returns
    -------
    list of Trend
        In the order of the newest release's findings.

    Examples
    --------
    >>> draw([])
    []
    """
    ordered = sorted(
        (release for release in releases if release.found),
        key=lambda release: release.period,
    )
    settings = {release.period: release.settings for release in ordered}
    measures: dict[tuple, dict[str, dict[str, Headline]]] = {}
    for release in reversed(ordered):
        for (page, measure, group, reference, unit), row in release.found.items():
            groups = measures.setdefault((page, measure, reference, unit), {})
            groups.setdefault(group, {})[release.period] = row
    trends, references = [], []
    for (page, _, reference, _), groups in measures.items():
        periods = sorted({period for rows in groups.values() for period in rows})
        if len(periods) > 1:
            name = f"trend-{len(trends) + 1}"
            trends.append(_trend(name, page, groups, periods, settings))
            references.append(reference)
    return _apart(trends, references)


def breaks(releases: Sequence[Release]) -> list[str]:
    """Say between which releases the settings changed, and which.

    Parameters
    ----------
    releases
        In any order.

    Returns
    -------
    list of str
        A sentence for each two neighbours of other settings, the oldest first.

    Examples
    --------
    >>> breaks([Release("2025Q3", {}, {"confidence": 0.9}),
    ...         Release("2025Q4", {}, {"confidence": 0.95})])
    ['Quarter 3 of 2025 to Quarter 4 of 2025: the level of the intervals was 90% and \
then 95%.']
    """
    ordered = sorted(releases, key=lambda release: release.period)
    found = []
    for one, other in pairwise(ordered):
        parts = [
            f"{SETTINGS[name]} was {before} and then {after}"
            for name, (before, after) in differing(one.settings, other.settings).items()
        ]
        if parts:
            span = f"{quarter(one.period)} to {quarter(other.period)}"
            found.append(f"{span}: {'; '.join(parts)}.")
    return found


def direction(row: Headline) -> str:
    """Say what a number above parity means, where the measure is one of ours.

    Parameters
    ----------
    row
        The numbers of a comparison.

    Returns
    -------
    str
        Such as "longer for the group than for White"; "" if not known.

    Examples
    --------
    >>> direction(Headline(measure="median days to close", group="Asian", clear=True,
    ...                    reference="White", unit="number", estimate=2.9,
    ...                    sentence="Longer."))
    'longer for the group than for White'
    """
    for word, meaning in _ABOVE.items():
        if word in row.measure.lower():
            return meaning.format(reference=row.reference)
    return ""


def _measured(rows: dict[str, Headline]) -> dict[str, Headline]:
    """One row per measurement: at its first release, as the last has it."""
    first: dict[str, str] = {}
    kept = {}
    for period in sorted(rows):
        when = rows[period].when
        kept[first.setdefault(when, period) if when else period] = rows[period]
    return kept


def _level(periods: Sequence[str], settings: Mapping[str, Mapping]) -> str:
    """The level of the intervals of some releases."""
    levels = {settings[period].get("confidence") for period in periods}
    return display.level(levels.pop() if len(levels) == 1 else None)


def _trend(
    name: str,
    page: str,
    given: dict[str, dict[str, Headline]],
    periods: list[str],
    settings: Mapping[str, Mapping],
) -> Trend:
    groups = {group: _measured(rows) for group, rows in given.items()}
    every = [row for rows in groups.values() for row in rows.values()]
    scale = _scale(every)
    return Trend(
        name=name,
        measure=every[0].measure,
        what=kind(every[0]),
        page=page,
        level=_level(periods, settings),
        above=direction(every[0]),
        panels=tuple(
            _panel(group, rows, periods, scale, settings, given[group].get(periods[-1]))
            for group, rows in groups.items()
        ),
        parity=_place(0.0, *scale),
        periods=tuple(quarter(period) for period in periods),
        ends=(_short(periods[0]), _short(periods[-1])),
        rows=tuple(
            (
                group,
                tuple(
                    value(rows[p]) if p in rows else AGAIN if p in given[group] else ""
                    for p in periods
                ),
            )
            for group, rows in groups.items()
        ),
    )


def _apart(trends: list[Trend], references: Sequence[str]) -> list[Trend]:
    """Let no two trends have one title: they name what they are compared with."""
    further = [f", beside {reference}" for reference in references]
    for words in (further, [f": {trend.what}" for trend in trends]):
        times = Counter(trend.measure for trend in trends)
        trends = [
            replace(trend, measure=trend.measure + more)
            if times[trend.measure] > 1
            else trend
            for trend, more in zip(trends, words, strict=True)
        ]
    return trends


def _panel(
    group: str,
    rows: dict[str, Headline],
    periods: list[str],
    scale: tuple[float, float],
    settings: Mapping[str, Mapping],
    last: Headline | None,
) -> Panel:
    marks = {period: _mark(rows[period], period, periods, scale) for period in rows}
    times = sorted(rows)
    lines = [
        (marks[one].x, marks[one].y, marks[other].x, marks[other].y)
        for one, other in pairwise(times)
        if _quarters(other) - _quarters(one) == 1
        and not set(JUDGED) & set(differing(settings[one], settings[other]))
    ]
    said = [f"{quarter(period)}: {_said(rows[period])}" for period in times]
    return Panel(
        group=group,
        marks=tuple(marks[period] for period in times),
        lines=tuple(lines),
        latest=value(last) if last else f"not in {quarter(periods[-1])}",
        alt=f"{group}. {'. '.join(said)}.",
    )


def _short(period: str) -> str:
    """A quarter as "Q3 2025"."""
    return f"{period[4:]} {period[:4]}"


def _said(row: Headline) -> str:
    """An estimate as the alternative text has it."""
    return f"{value(row)}, {_VERDICTS[row.clear]}"


def _mark(
    row: Headline, period: str, periods: list[str], scale: tuple[float, float]
) -> Mark:
    first, last = _quarters(periods[0]), _quarters(periods[-1])
    share = (_quarters(period) - first) / (last - first)
    ends = (row.estimate if end is None else end for end in (row.low, row.high))
    y, low, high = (
        _place(_drawn(number, row.unit), *scale) for number in (row.estimate, *ends)
    )
    return Mark(round(LEFT + share * (RIGHT - LEFT), 1), y, low, high, row.clear)


def _quarters(period: str) -> int:
    """Quarters since year 0."""
    return int(period[:4]) * 4 + int(period[-1])


def _drawn(number: float, unit: str) -> float:
    """A number as it is drawn: a ratio by its logarithm, so that parity is zero."""
    return math.log(max(number, 0.01)) if unit == "ratio" else float(number)


def _scale(rows: Sequence[Headline]) -> tuple[float, float]:
    """The lowest and highest value drawn; far limits are cut."""
    unit = rows[0].unit
    middle = [0.0, *(_drawn(row.estimate, unit) for row in rows)]
    low = [_drawn(row.low, unit) for row in rows if row.low is not None]
    high = [_drawn(row.high, unit) for row in rows if row.high is not None]
    spread = (max(middle) - min(middle)) or max([1e-9, *(abs(n) for n in low + high)])
    least = max(min([*middle, *low]), min(middle) - REACH * spread)
    most = min(max([*middle, *high]), max(middle) + REACH * spread)
    return least, most


def _place(number: float, least: float, most: float) -> float:
    """Where a value is drawn, at the edge if it lies beyond."""
    share = (min(max(number, least), most) - least) / ((most - least) or 1.0)
    return round(BOTTOM - share * (BOTTOM - TOP), 1)
