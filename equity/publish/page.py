"""Pages of a release: one for each notebook, and the front page.

Text is data: whatever comes out of a notebook is escaped, and a page loads nothing and
runs nothing (see `equity.publish.reading`, `prose` and `writing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from equity.errors import ParamsError
from equity.publish import front
from equity.publish.prose import Heading, checked_link, slugify
from equity.publish.reading import Page, read
from equity.publish.writing import _TEMPLATE, PERIOD, quarter, write

__all__ = [
    "PERIOD", "_TEMPLATE", "Facts", "Heading", "Page", "checked_link", "index",
    "quarter", "read", "render", "slugify",
]  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What every page of a release says about itself; all of it is plain text.

    Attributes
    ----------
    version
        Version of this suite.
    data_read
        When the data were read or what they reach to, in words or as a date.
    licence, licence_url
        Under which licence the tables may be used; the address must be https.
    method
        A sentence on the methods.
    summary
        A paragraph on what was measured, for the front page.
    limits
        Sentences on what this city's report cannot show, for the front page.
    confidence
        Level of the intervals, a proportion.
    min_cell
        Counts of people from 1 to one below this are hidden.
    """

    version: str
    data_read: str = ""
    licence: str = ""
    licence_url: str = ""
    method: str = ""
    summary: str = ""
    limits: tuple[str, ...] = field(default=())
    confidence: float = 0.95
    min_cell: int = 10

    def __post_init__(self):
        if self.licence_url and not self.licence_url.startswith("https://"):
            raise ParamsError("licence_url must begin with https://")


def render(
    notebook: NotebookNode | Page,
    *,
    slug: str,
    city_name: str,
    period: str,
    site: Sequence[Mapping[str, str]],
    facts: Facts,
    city_page: bool = True,
) -> str:
    """Write the page of one notebook.

    Parameters
    ----------
    notebook
        An executed notebook, or what `read` made of it.
    slug
        The page's file name without ``.html``.
    city_name, period
        For the reader, and the quarter such as ``"2026Q1"``.
    site
        Every page of the release in order: ``{"slug": ..., "title": ...}``.
    facts
        What the page says about its making.
    city_page
        Whether the page leads to the city's page of all quarters, which stands one
        folder up (``../index.html``); False for a release that is published alone.

    Returns
    -------
    str
        A complete HTML document that loads and runs nothing.

    Raises
    ------
    NotebookError
        As `read`.

    References
    ----------
    W3C, Web Content Accessibility Guidelines (WCAG) 2.1, level AA.

    Examples
    --------
    >>> from nbformat import v4
    >>> book = v4.new_notebook(cells=[v4.new_markdown_cell("# Who waits?")])
    >>> html = render(book, slug="01_waits", city_name="Sampleton", period="2026Q1",
    ...               site=[{"slug": "01_waits", "title": "Waiting"}],
    ...               facts=Facts(version="0.1.0"))
    >>> "<title>Who waits? – Sampleton, Quarter 1 of 2026</title>" in html
    True
    """
    page = notebook
    if not isinstance(page, Page):
        page = read(notebook, slug=slug, pages=[entry["slug"] for entry in site])
    order = [entry["slug"] for entry in site]
    here = order.index(slug) if slug in order else len(order)
    return write(
        "page.html",
        page=page,
        slug=slug,
        city_name=city_name,
        period=quarter(period),
        site=site,
        following=site[here + 1] if here + 1 < len(order) else None,
        facts=facts,
        city_page=city_page,
    )


def index(
    pages: Sequence[Page],
    *,
    city_name: str,
    period: str,
    site: Sequence[Mapping[str, str]],
    facts: Facts,
    previous: Path | None = None,
    book: str = "",
    city_page: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Write the front page: findings, what changed, what is not known, downloads.

    Parameters
    ----------
    pages
        Every page of the release, in the order of ``site``.
    city_name, period, site, facts, city_page
        As for `render`.
    previous
        The folder of the release before this one, if there is one.
    book
        Where in the release the tables are as one Excel book; "" if nowhere.
    settings
        Parameters and policy of this release, to be compared with those of the
        release before: see `equity.publish.history.SETTINGS`. Without them only the
        level of the intervals and the smallest count, from ``facts``, are.

    Returns
    -------
    str
        A complete HTML document.

    Examples
    --------
    >>> html = index([], city_name="Sampleton", period="2026Q1", site=[],
    ...              facts=Facts(version="0.1.0"))
    >>> html.count("<h1")
    1
    """
    many = len(front.comparisons(pages))
    stated = {
        "confidence": facts.confidence,
        "min_cell": facts.min_cell,
        **(settings or {}),
    }
    return write(
        "index.html",
        pages=pages,
        slug="index",
        city_name=city_name,
        period=quarter(period),
        site=site,
        facts=facts,
        headlines=front.headlines(pages),
        measures=front.measures(pages),
        references=front.references(pages),
        changes=front.changes(pages, previous, stated),
        empty=[page.slug for page in pages if front.is_empty(page)],
        lacking=[page.slug for page in pages if front.lacks_data(page)],
        chance=_chance(facts.confidence, many),
        unknown=front.unknown(pages),
        comparisons=many,
        book=book,
        city_page=city_page,
    )


def _chance(confidence: float, comparisons: int) -> str:
    """How many intervals miss by chance alone: "1 in 20", of so many about so many."""
    text = (
        f"By chance alone, about 1 in {round(1 / (1 - confidence))} of such intervals "
        "misses the value that it is for"
    )
    missing = round(comparisons * (1 - confidence))
    if not missing:
        return f"{text}."
    return f"{text}: of the {comparisons} comparisons of this report, about {missing}."
