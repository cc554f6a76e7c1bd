"""From an executed notebook to a page: markdown and published payloads, nothing else.

The exporter is an allow-list. It reads markdown cells and payloads (see `payload`);
any other output stops it, and the error names the notebook and the cell but never
repeats what the output holds.

Text is data. Whatever comes out of a notebook is escaped, raw HTML included; links
lead to https or stay in the release. The page loads nothing, runs nothing, and says
so in its Content-Security-Policy.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mistune
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from mistune.plugins.table import table as pipe_tables
from nbformat import NotebookNode

from equity.errors import NotebookError, ParamsError
from equity.publish.display import DRAWINGS, MIME
from equity.publish.payload import SLUG, Figure, Finding, Note, Table, payload

PERIOD = r"\d{4}Q[1-4]"
ALONE = 2  # a finding of so many sentences is a headline, not a list of all groups
CARD_SENTENCES = 3  # findings shown on a notebook's card of the front page

_TEMPLATE = Path(__file__).parent / "template"
_IN_RELEASE = re.compile(r"([\w-][\w./-]*)?(#[\w-]+)?")


# --- Reading a notebook ------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """A heading of a page, for the list of contents."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Page:
    """What a notebook may show.

    Attributes
    ----------
    slug
        The page's file name without ``.html``.
    title
        The first heading, as plain text.
    title_html
        The same, with its emphasis.
    lead
        The first paragraph, as plain text ("" if there is none).
    intro, blocks
        What comes before and after the first second-level heading: ``Markup`` for
        prose, payloads for the rest.
    headings
        All but the first.
    """

    slug: str
    title: str
    title_html: Markup
    lead: str
    intro: tuple[Markup | Table | Figure | Finding | Note, ...]
    blocks: tuple[Markup | Table | Figure | Finding | Note, ...]
    headings: tuple[Heading, ...]

    @property
    def everything(self) -> tuple[Markup | Table | Figure | Finding | Note, ...]:
        """Intro and blocks, in order."""
        return self.intro + self.blocks

    @property
    def tables(self) -> tuple[Table, ...]:
        """The page's tables, in order."""
        return tuple(block for block in self.everything if isinstance(block, Table))

    @property
    def headlines(self) -> list[str]:
        """The sentences of the findings that stand alone, or of the first finding."""
        alone = [f.sentences for f in self.findings if len(f.sentences) <= ALONE]
        first = self.findings[0].sentences if self.findings else []
        return [text for sentences in alone for text in sentences] or list(first)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The page's findings, in order."""
        return tuple(block for block in self.everything if isinstance(block, Finding))

    @property
    def contents(self) -> tuple[Heading, ...]:
        """The second-level headings."""
        return tuple(heading for heading in self.headings if heading.level == 2)

    @property
    def limits_anchor(self) -> str:
        """The anchor of the section on what cannot be shown ("" without one)."""
        found = (h.anchor for h in self.headings if "cannot show" in h.text.lower())
        return next(found, "")


class _Prose(mistune.HTMLRenderer):
    """Markdown to HTML: raw HTML escaped, links checked, headings in order."""

    def __init__(self, pages: frozenset[str]):
        super().__init__(escape=True)
        self.pages = pages
        self.title: Markup | None = None
        self.headings: list[Heading] = []
        self._anchors: set[str] = {"main", "contents"}
        self._tables = 0

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        if self.title is None:
            if level != 1:
                raise ValueError("a heading before the title ('# ...')")
            self.title = Markup(text)  # noqa: S704 - text was escaped by mistune
            return ""
        deepest = self.headings[-1].level + 1 if self.headings else 2
        level = min(max(level, 2), deepest)
        plain = Markup(text).striptags()  # noqa: S704 - as above
        heading = Heading(level, self._anchor(plain), plain)
        self.headings.append(heading)
        return f'<h{level} id="{escape(heading.anchor)}">{text}</h{level}>\n'

    def _anchor(self, text: str) -> str:
        base = anchor = slugify(text)
        number = 2
        while anchor in self._anchors:
            anchor, number = f"{base}-{number}", number + 1
        self._anchors.add(anchor)
        return anchor

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return f'<a href="{escape(checked_link(url, pages=self.pages))}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        raise ValueError("an image in markdown; only figures of equity.publish go out")

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def table(self, text: str) -> str:
        self._tables += 1
        label = f"list-{self._tables}"
        under = self.headings[-1].text if self.headings else "introduction"
        return (
            f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{label}">'
            f'<table><caption id="{label}" class="quiet">Table {self._tables} of the '
            f"text, under {escape(under)}</caption>\n{text}</table></div>\n"
        )

    def table_cell(
        self, text: str, align: str | None = None, head: bool = False
    ) -> str:
        kind = ' class="num"' if align == "right" else ""
        if head:
            return f'<th scope="col"{kind}>{text}</th>\n' if text else "<td></td>\n"
        return f"<td{kind}>{text}</td>\n"


def slugify(text: str) -> str:
    """Make an anchor out of a heading.

    Parameters
    ----------
    text
        A heading as plain text.

    Returns
    -------
    str
        Lower-case letters, digits and hyphens; "section" if nothing is left.

    Examples
    --------
    >>> slugify("Who waits longer, and where?")
    'who-waits-longer-and-where'
    """
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-") or "section"


def checked_link(url: str, *, pages: frozenset[str] = frozenset()) -> str:
    """Let https links and links inside the release through.

    Parameters
    ----------
    url
        The target of a markdown link.
    pages
        Slugs of the release's pages; a link to ``slug.ipynb`` becomes one to
        ``slug.html``.

    Returns
    -------
    str
        The target to print.

    Raises
    ------
    ValueError
        For any other scheme, a name or password in the address, an absolute path,
        or a path that leaves the release.

    Examples
    --------
    >>> checked_link("02_workforce.ipynb#pay", pages=frozenset({"02_workforce"}))
    '02_workforce.html#pay'
    >>> checked_link("/home/analyst/hr.csv")
    Traceback (most recent call last):
    ValueError: a link that is neither https nor inside the release
    """
    refused = ValueError("a link that is neither https nor inside the release")
    if url.startswith("https://"):
        try:
            parts = urlsplit(url)
        except ValueError:
            raise refused from None
        if not parts.hostname or "@" in parts.netloc or re.search(r'[\s\\<>"]', url):
            raise refused
        return url
    match = _IN_RELEASE.fullmatch(url)
    if not url or not match or ".." in url or "//" in url:
        raise refused
    path, fragment = match[1] or "", match[2] or ""
    stem, _, suffix = path.rpartition(".")
    if suffix == "ipynb":
        if stem not in pages:
            raise ValueError("a link to a notebook that is not part of the release")
        path = f"{stem}.html"
    return path + (f"#{slugify(fragment)}" if fragment else "")


def read(notebook: NotebookNode, *, slug: str, pages: Sequence[str] = ()) -> Page:
    """Take from an executed notebook what may be published; refuse all else.

    Parameters
    ----------
    notebook
        An executed notebook, format 4.
    slug
        Its name, in errors and as the page's file name.
    pages
        Slugs of all pages of the release, for links from one to another.

    Returns
    -------
    Page
        Escaped prose and checked payloads.

    Raises
    ------
    NotebookError
        If a code cell was not executed, if an output is anything but a valid
        payload, if a markdown cell holds an image, an attachment or a link that
        leaves the release, or if the notebook does not begin with its title. The
        text gives the cell's number, counted from 1, and the heading above it.

    Examples
    --------
    >>> from nbformat import v4
    >>> note = {MIME: {"kind": "note", "text": "No counts were given."}}
    >>> cell = v4.new_code_cell(
    ...     "show()", execution_count=1, outputs=[v4.new_output("display_data", note)])
    >>> book = v4.new_notebook(cells=[v4.new_markdown_cell("# Who waits?"), cell])
    >>> page = read(book, slug="01_waits")
    >>> page.title, page.intro
    ('Who waits?', (Note(kind='note', text='No counts were given.'),))
    >>> cell.outputs = [v4.new_output("stream", text="4 people")]
    >>> read(book, slug="01_waits")
    Traceback (most recent call last):
    equity.errors.NotebookError: notebook '01_waits', cell 2 (under 'Who waits?'):
    printed text; show it through equity.publish or remove it
    """
    _checked_slug(slug)
    prose = _Prose(frozenset(pages))
    markdown = mistune.create_markdown(renderer=prose, plugins=[pipe_tables])
    blocks: list[Markup | Table | Figure | Finding | Note] = []
    for number, cell in enumerate(notebook.cells, start=1):
        try:
            blocks += [b for b in _published(cell, markdown) if not _repeats(b, blocks)]
            if blocks and prose.title is None:
                raise ValueError("something to show before the title ('# ...')")
        except ValueError as error:
            raise NotebookError(
                f"notebook '{slug}', cell {number}{_under(prose)}: {error}"
            ) from None
    if prose.title is None or not prose.title.striptags():
        raise NotebookError(f"notebook '{slug}' has no title; begin it with '# ...'")
    _check_names(blocks, slug)
    intro, rest = _split_at_first_section(blocks)
    paragraph = re.search(r"<p>(.*?)</p>", str(intro[0]) if intro else "", re.DOTALL)
    return Page(
        slug=slug,
        title=prose.title.striptags(),
        title_html=prose.title,
        lead=Markup(paragraph[1]).striptags() if paragraph else "",  # noqa: S704
        intro=intro,
        blocks=rest,
        headings=tuple(prose.headings),
    )


def _under(prose: _Prose) -> str:
    if prose.headings:
        return f" (under '{prose.headings[-1].text}')"
    return f" (under '{prose.title.striptags()}')" if prose.title else ""


def _published(
    cell: NotebookNode, markdown: mistune.Markdown
) -> list[Markup | Table | Figure | Finding | Note]:
    """What one cell may show; ValueError for anything it may not."""
    if cell.cell_type == "markdown":
        if cell.get("attachments"):
            raise ValueError("an attachment; only figures of equity.publish go out")
        html = markdown(cell.source).strip()
        return [Markup(html)] if html else []  # noqa: S704 - escaped by _Prose
    if cell.cell_type != "code":
        if cell.source.strip():
            raise ValueError("a raw cell; write markdown instead")
        return []
    if cell.execution_count is None and (cell.source.strip() or cell.outputs):
        raise ValueError("was not executed; run the whole notebook")
    return [payload(_checked_output(output)) for output in cell.outputs]


def _checked_output(output: NotebookNode) -> Mapping[str, Any]:
    """The payload of an output; its content is never repeated in the error."""
    kind = output.output_type
    if kind == "error":
        raise ValueError("ends in an error; see the executed notebook")
    if kind == "stream" and output.get("name") == "stderr":
        raise ValueError("a warning or log on stderr; mend its cause or silence it")
    if kind == "stream":
        raise ValueError("printed text; show it through equity.publish or remove it")
    if kind not in ("display_data", "execute_result") or MIME not in output.data:
        raise ValueError(
            "an output that equity.publish did not make (a frame, a plot or a bare "
            "value); protect it and show it through equity.publish, or remove it"
        )
    drawings = {
        key: output.data[mime] for key, mime in DRAWINGS.items() if mime in output.data
    }
    return {**output.data[MIME], **drawings}


def _repeats(block: Any, blocks: Sequence[Any]) -> bool:
    """Whether a note says what the block before it said: once is enough."""
    return isinstance(block, Note) and bool(blocks) and blocks[-1] == block


def _check_names(blocks: Sequence[Any], slug: str) -> None:
    for kind in (Table, Figure):
        names = [block.name for block in blocks if isinstance(block, kind)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise NotebookError(
                f"notebook '{slug}' shows two {kind.__name__.lower()}s named "
                f"{twice}; give each a name of its own"
            )


def _split_at_first_section(
    blocks: Sequence[Any],
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Blocks before and after the first ``<h2``, which may be inside a block."""
    for number, block in enumerate(blocks):
        if isinstance(block, Markup) and "<h2 " in block:
            before, _, after = str(block).partition("<h2 ")
            head = [Markup(before)] if before.strip() else []  # noqa: S704
            tail = Markup("<h2 " + after)  # noqa: S704 - a part of safe text
            return (*blocks[:number], *head), (tail, *blocks[number + 1 :])
    return tuple(blocks), ()


def _checked_slug(slug: str) -> str:
    if not re.fullmatch(SLUG, slug) or slug == "index":
        raise ParamsError(
            f"'{slug}' cannot name a page; use lower-case letters, digits, _ and -, "
            "and not 'index'"
        )
    return slug


# --- Writing a page ----------------------------------------------------------


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


def quarter(period: str) -> str:
    """Write a period in words.

    Parameters
    ----------
    period
        A quarter such as ``"2026Q1"``.

    Returns
    -------
    str
        The quarter for a reader.

    Raises
    ------
    ParamsError
        If it is not a year and a quarter.

    Examples
    --------
    >>> quarter("2026Q1")
    'Quarter 1 of 2026'
    """
    if not re.fullmatch(PERIOD, period):
        raise ParamsError(f"period must look like 2026Q1, not {period!r}")
    return f"Quarter {period[-1]} of {period[:4]}"


def render(
    notebook: NotebookNode | Page,
    *,
    slug: str,
    city_name: str,
    period: str,
    site: Sequence[Mapping[str, str]],
    facts: Facts,
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
    return _write(
        "page.html",
        page=page,
        slug=slug,
        city_name=city_name,
        period=quarter(period),
        site=site,
        following=site[here + 1] if here + 1 < len(order) else None,
        facts=facts,
    )


def index(
    pages: Sequence[Page],
    *,
    city_name: str,
    period: str,
    site: Sequence[Mapping[str, str]],
    facts: Facts,
) -> str:
    """Write the front page: what was measured, first findings, downloads.

    Parameters
    ----------
    pages
        Every page of the release, in the order of ``site``.
    city_name, period, site, facts
        As for `render`.

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
    return _write(
        "index.html",
        pages=pages,
        slug="index",
        city_name=city_name,
        period=quarter(period),
        site=site,
        facts=facts,
        card_sentences=CARD_SENTENCES,
    )


def _write(template: str, **context: Any) -> str:
    style = (_TEMPLATE / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            policy=policy,
            mark=_data_uri((_TEMPLATE / "mark.svg").read_text(encoding="utf-8")),
            **context,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"data_uri": _data_uri}
    environment.tests["prose"] = lambda block: isinstance(block, Markup)
    return environment


def _data_uri(svg: str) -> str:
    encoded = base64.b64encode(svg.encode()).decode()
    return f"data:image/svg+xml;base64,{encoded}"
