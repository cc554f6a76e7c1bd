"""Markdown to HTML that is safe to publish: text is data.

Raw HTML is escaped, an **anchor** is a heading's name in an address, links lead to
https or stay in the release, images are refused, and tables get captions and scopes.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import mistune
from markupsafe import Markup, escape

_OURS = ("table-", "caption-", "figure-", "numbers-", "list-", "contents-", "limits-")
_IN_RELEASE = re.compile(r"([\w-][\w./-]*)?(#[\w-]+)?")


@dataclass(frozen=True)
class Heading:
    """A heading of a page, for the list of contents."""

    level: int
    anchor: str
    text: str


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
        base = slugify(text)
        if base.startswith(_OURS):
            base = f"about-{base}"
        anchor, number = base, 2
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
