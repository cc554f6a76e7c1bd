"""Front pages: of a release, what matters most in it; of a city, all its quarters.

**Which findings matter most** is decided by a rule, not by an eye: clear ones come
before those that are not; then every page has its first finding before any page has its
second; within a page every measure has its first before any has its second. Measures
for which people to parity are known come first, the most people first; the others in
the order of the page. Within a measure it is the group with the most people to parity,
or, where they are not known, the largest difference. So no difference in days is ever
weighed against one in percentage points, and a page with many measures does not crowd
out the rest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equity.publish import display, history, since, trends
from equity.publish.payload import Headline
from equity.publish.prose import Heading
from equity.publish.reading import Page
from equity.publish.writing import quarter, write

HEADLINES = 5

FIRST = "There is no earlier release to compare this one with."


@dataclass(frozen=True)
class Highlight:
    """A finding on a front page; its numbers and key are None if not known."""

    page: Page
    sentence: str
    row: Headline | None = None
    key: history.Key | None = None


# --- this release -------------------------------------------------------------


def comparisons(pages: Sequence[Page]) -> list[Highlight]:
    """List every comparison of a release once.

    Parameters
    ----------
    pages
        In reading order.

    Returns
    -------
    list of Highlight
        In the order of the pages.

    Examples
    --------
    >>> comparisons([])
    []
    """
    found: dict[history.Key, Highlight] = {}
    for page in pages:
        for row in (row for finding in page.findings for row in finding.rows):
            key = history.key(page.slug, row)
            found.pop(key, None)  # in the order of the list, not of the largest alone
            found[key] = Highlight(page, row.sentence, row, key)
    return list(found.values())


def headlines(pages: Sequence[Page], *, most: int = HEADLINES) -> list[Highlight]:
    """Choose the findings that matter most, by the rule at the head of this module.

    Parameters
    ----------
    pages
        In reading order.
    most
        How many.

    Returns
    -------
    list of Highlight
        The most important first. A page whose findings have no numbers gives its
        sentences, after all that have.

    Examples
    --------
    >>> headlines([])
    []
    """
    every = comparisons(pages)
    clear = [found for found in every if found.row.clear]
    other = [found for found in every if not found.row.clear]
    numbered = {found.page.slug for found in every}
    spoken = [
        Highlight(page, sentence)
        for page in pages
        if page.slug not in numbered
        for sentence in page.headlines
    ]
    ordered = [*_spread(clear), *_spread(other), *_in_turns([spoken])]
    return ordered[:most]


def _spread(found: Sequence[Highlight]) -> list[Highlight]:
    """Pages in turns; in a page, measures in turns; in a measure, by size."""
    pages: dict[str, dict[str, list[Highlight]]] = {}
    for one in found:
        measures = pages.setdefault(one.page.slug, {})
        measures.setdefault(f"{one.row.measure}, {one.row.unit}", []).append(one)
    turns = []
    for measures in pages.values():
        sized = [sorted(rows, key=_weight, reverse=True) for rows in measures.values()]
        sized.sort(key=lambda rows: rows[0].row.people_to_parity or 0, reverse=True)
        turns.append(_in_turns(sized))
    return _in_turns(turns)


def _in_turns(lists: Sequence[Sequence[Highlight]]) -> list[Highlight]:
    """The first of each list, then the second of each."""
    longest = max(map(len, lists), default=0)
    return [some[n] for n in range(longest) for some in lists if n < len(some)]


def _weight(found: Highlight) -> tuple[int, float]:
    """People to parity, then the distance from parity."""
    row = found.row
    if row.unit == "ratio":
        away = abs(math.log(row.estimate)) if row.estimate > 0 else math.inf
    else:
        away = abs(row.estimate)
    return row.people_to_parity or 0, away


def measures(pages: Sequence[Page]) -> dict[str, list[str]]:
    """Name what each page measures.

    Parameters
    ----------
    pages
        In reading order.

    Returns
    -------
    dict
        A page's slug to its measures, each once.

    Examples
    --------
    >>> measures([])
    {}
    """
    return {
        page.slug: list(
            dict.fromkeys(row.measure for one in page.findings for row in one.rows)
        )
        for page in pages
    }


def references(pages: Sequence[Page]) -> dict[str, list[Page]]:
    """Name whom groups are compared with, and where.

    Parameters
    ----------
    pages
        In reading order.

    Returns
    -------
    dict
        A reference to the pages that use it.

    Examples
    --------
    >>> references([])
    {}
    """
    found: dict[str, list[Page]] = {}
    for one in comparisons(pages):
        users = found.setdefault(one.row.reference, [])
        if one.row.reference and one.page not in users:
            users.append(one.page)
    return {reference: users for reference, users in found.items() if users}


@dataclass(frozen=True)
class Unknown:
    """What a page could not show: in numbers, and its remarks, each once.

    A remark stands with the headings it was made under.
    """

    page: Page
    text: str
    notes: tuple[tuple[tuple[Heading, ...], str], ...]


def unknown(pages: Sequence[Page]) -> list[Unknown]:
    """Say what the pages' tables could not show, and gather the pages' remarks.

    Parameters
    ----------
    pages
        In reading order.

    Returns
    -------
    list of Unknown
        For each page: in how many rows of its tables a number is hidden or not known,
        and its remarks, each with the headings it stands under.

    Examples
    --------
    >>> unknown([])
    []
    """
    found = []
    for page in pages:
        if is_empty(page):
            notes = [note for note in _once(page) if note[1] != display.NO_DATA]
            found.append(Unknown(page, "no data were given for it.", tuple(notes)))
            continue
        rows = [row for table in page.tables for row in table.rows]
        hidden = sum(any(cell.hidden for cell in row) for row in rows)
        absent = sum(
            any(cell.text == display.NOT_KNOWN for cell in row) for row in rows
        )
        text = _blanks(len(rows), hidden, absent)
        found.append(Unknown(page, text, tuple(_once(page))))
    return found


def _once(page: Page) -> list[tuple[tuple[Heading, ...], str]]:
    """A page's remarks, each once, with all headings it stands under."""
    under: dict[str, dict[Heading, None]] = {}
    for heading, text in page.notes:
        under.setdefault(text, {}).update({heading: None} if heading else {})
    return [(tuple(headings), text) for text, headings in under.items()]


def is_empty(page: Page) -> bool:
    """Tell whether a page has nothing to show for want of data.

    Parameters
    ----------
    page
        What may be shown of a notebook.

    Returns
    -------
    bool
        True if it says that data are missing and has no figure, no finding and no
        table with rows.

    Examples
    --------
    >>> from markupsafe import Markup
    >>> is_empty(Page("a", "A", Markup("A"), "", (), (), ()))
    False
    """
    shown = page.figures or page.findings or any(table.rows for table in page.tables)
    return not shown and lacks_data(page)


def lacks_data(page: Page) -> bool:
    """Tell whether a page says that data it needs were not given.

    Parameters
    ----------
    page
        What may be shown of a notebook.

    Returns
    -------
    bool
        True if it says so anywhere.

    Examples
    --------
    >>> from markupsafe import Markup
    >>> lacks_data(Page("a", "A", Markup("A"), "", (), (), ()))
    False
    """
    return any(text == display.NO_DATA for _, text in page.notes)


def _blanks(every: int, hidden: int, absent: int) -> str:
    """In how many rows of a page's tables something is blank, and why."""
    if not every:
        return "it has no table with numbers."
    reasons = ((hidden, "hidden to protect people"), (absent, "not known"))
    parts = [
        f"{number} with a number that is {why}" for number, why in reasons if number
    ]
    if not parts:
        return "nothing in its tables is hidden or unknown."
    rows = f"{every} row{'' if every == 1 else 's'}"
    return f"{rows} in its tables, {' and '.join(parts)}."


# --- since the release before -------------------------------------------------


def changes(
    pages: Sequence[Page],
    previous: Path | None,
    settings: Mapping[str, Any] | None = None,
) -> list[str]:
    """Say how the findings that matter most stood in the release before.

    Nothing here is a test of change: the two releases may count some of the same
    people or requests. See `equity.publish.since`.

    Parameters
    ----------
    pages
        Of this release, in reading order.
    previous
        The folder of the release before, if there is one.
    settings
        Of this release, as in `equity.publish.history.SETTINGS`; what is not given is
        not compared.

    Returns
    -------
    list of str
        Sentences; one that says why, where nothing can be compared.

    Examples
    --------
    >>> changes([], None)
    ['There is no earlier release to compare this one with.']
    """
    if previous is None:
        return [FIRST]
    before = history.read(previous)
    if before is None:
        return [
            "The earlier release is not as it was published, so nothing is compared "
            "with it."
        ]
    now = {found.key: found.row for found in comparisons(pages)}
    first = [found.key for found in headlines(pages) if found.key is not None]
    return since.told(now, first, before, settings or {})


# --- a city -------------------------------------------------------------------


@dataclass(frozen=True)
class Quarter:
    """A release on the city's front page."""

    folder: str
    name: str
    comparisons: int
    clear: int


def city(releases: Sequence[Path], *, city_name: str) -> str:
    """Write the front page of a city: every quarter, and how findings moved.

    Parameters
    ----------
    releases
        Folders of releases, each named by its quarter, beside each other; in any
        order. The page belongs beside them.
    city_name
        The city, for readers.

    Returns
    -------
    str
        A complete HTML document that loads and runs nothing. A release that is not
        as it was published is named, and neither linked nor drawn.

    References
    ----------
    W3C, Web Content Accessibility Guidelines (WCAG) 2.1, level AA.

    Examples
    --------
    >>> city([], city_name="Sampleton").count("<h1")
    1
    """
    ordered = sorted(releases, key=lambda folder: folder.name, reverse=True)
    read = {folder.name: history.read(folder) for folder in ordered}
    known = {name: release for name, release in read.items() if release is not None}
    return write(
        "city.html",
        city_name=city_name,
        period="",
        slug="index",
        site=[],
        facts=None,
        quarters=[_quarter(name, release) for name, release in known.items()],
        left_out=[name for name, release in read.items() if release is None],
        trends=trends.draw(list(known.values())),
        breaks=trends.breaks(list(known.values())),
    )


def _quarter(folder: str, release: history.Release) -> Quarter:
    found = list((release.found or {}).values())
    clear = sum(bool(row.clear) for row in found)
    return Quarter(folder, quarter(release.period), len(found), clear)
