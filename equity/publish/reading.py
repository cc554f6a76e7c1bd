"""From an executed notebook to what a page may show: an allow-list.

It takes markdown cells and payloads (see `equity.publish.payload`); any other output
stops it, and the error names the notebook and the cell but never repeats what the
output holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mistune
from markupsafe import Markup
from mistune.plugins.table import table as pipe_tables
from nbformat import NotebookNode

from equity.errors import NotebookError, ParamsError
from equity.publish.display import DRAWINGS, MIME
from equity.publish.payload import (
    SLUG,
    Counts,
    Figure,
    Finding,
    Note,
    Table,
    payload,
)
from equity.publish.prose import Heading, _Prose

ALONE = 2  # a finding of so many sentences is a headline, not a list of all groups

_ANCHOR = re.compile(r'<h\d id="([^"]+)">')


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
    def figures(self) -> tuple[Figure, ...]:
        """The page's figures, in order."""
        return tuple(block for block in self.everything if isinstance(block, Figure))

    @property
    def notes(self) -> tuple[tuple[Heading | None, str], ...]:
        """The page's remarks, each with the heading it stands under."""
        under, found = None, []
        at = {heading.anchor: heading for heading in self.headings}
        for block in self.everything:
            if isinstance(block, Note):
                found.append((under, block.text))
            elif isinstance(block, Markup):
                anchors = _ANCHOR.findall(block)
                under = at[anchors[-1]] if anchors else under
        return tuple(found)

    @property
    def downloads(self) -> tuple[Table, ...]:
        """The tables for files: those shown, and those of figures that say so."""
        tables = [
            block.data if isinstance(block, Figure) and block.download else block
            for block in self.everything
        ]
        return tuple(table for table in tables if isinstance(table, Table))

    @property
    def counts(self) -> list[tuple[str, Counts]]:
        """What the page tells about counts, by the name of what tells it."""
        told: list[tuple[str, Counts]] = []
        findings = 0
        for block in self.everything:
            if isinstance(block, Note | Markup):
                continue
            findings += isinstance(block, Finding)
            name = getattr(block, "name", findings)
            where = f"{self.slug}, {block.kind} {name}"
            more = getattr(block, "data", None)
            told += [(where, counts) for counts in block.counts]
            told += [(where, counts) for counts in (more.counts if more else [])]
        return told

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
    figures = [block for block in blocks if isinstance(block, Figure)]
    tables = [block for block in blocks if isinstance(block, Table)]
    tables += [figure.data for figure in figures if figure.data and figure.download]
    for kind, named in ((Table, tables), (Figure, figures)):
        names = [block.name for block in named]
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
