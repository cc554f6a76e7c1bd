"""What a notebook shows: one payload, and three ways to look at it.

A ``Published`` is the only output a page takes. Its payload, plain JSON under the
type ``application/vnd.equity.published+json``, is the single source of the page and
of the downloads:

table
    ``{"kind": "table", "name", "caption", "columns", "rows", "row_header": 0,
    "notes": [str], "source": str}``. A column is ``{"name", "label", "type"}``, its
    type "text" or one of ``UNITS``. A cell is ``{"value", "text", "hidden"}``: the
    rounded number (a string in a text column, or None), what a reader sees, and
    whether protection took it away. A cell whose share is shown as a range has no
    value and the text "5% or less".

    Two columns that are the limits of one interval are shown as one, of type
    "interval": ``{"name": "conf_low_conf_high", "label", "type": "interval", "unit":
    "percent", "names": ["conf_low", "conf_high"]}``. Its cells have ``value`` [low,
    high] (each a number or None), or None as a whole; ``text`` is "2.2 to 4.1". A
    download writes two columns, called ``names``.
figure
    ``{"kind": "figure", "name", "caption", "alt", "source", "svg", "narrow", "data",
    "download": bool}``; maps too. ``narrow`` is the same drawing for a telephone; the
    alternative text is that of both; ``data`` is a table of the numbers drawn. The ids
    inside a drawing begin with the figure's name, so several can share a page. In a
    notebook's output the drawings are stored beside the payload, as ``image/svg+xml``
    and ``application/vnd.equity.narrow+svg``.
finding
    ``{"kind": "finding", "sentences": [str], "text": str}``; ``text`` is all
    sentences in a row.
note
    ``{"kind": "note", "text": str}``: something that could not be shown, and why.

Tables and figures also have ``counts``: what a reader is told about the counts behind
them, as `equity.publish.payload.Counts`. They are for the audit and shown nowhere.

Numbers are rounded once, here: a percent of 12.3 is stored as 12.3 and printed as
"12.3%"; points are percentage points; the minus sign in text is a real one.
"""

import base64
import copy
import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from equity.errors import DisclosureError, EquityError

MIME = "application/vnd.equity.published+json"

#: Key of a figure's payload to where a notebook's output has that drawing.
DRAWINGS = {"svg": "image/svg+xml", "narrow": "application/vnd.equity.narrow+svg"}

#: Unit to (what a value is multiplied by, decimals shown).
UNITS = {
    "count": (1, 0),
    "percent": (100, 1),
    "points": (100, 1),
    "ratio": (1, 2),
    "number": (1, 1),
    "deviations": (1, 2),  # standard deviations
    "money": (1, 0),
}

_NOUNS = {
    "points": "percentage points",
    "ratio": "times",
    "deviations": "standard deviations",
}

NO_DATA = "Nothing can be shown here: not all the data it needs were given."

HIDDEN, NOT_APPLICABLE, NOT_KNOWN = "hidden", "n/a", "not known"

_TOKEN = object()
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # turn what follows around


@dataclass(frozen=True, eq=False, repr=False)
class Published:
    """Something a page may show. Made by tables, figures, maps and findings only.

    Examples
    --------
    >>> Published({"kind": "note", "text": "Anything."})
    Traceback (most recent call last):
    equity.errors.DisclosureError: only equity.publish.tables, figures, maps and \
findings make something a page may show
    """

    _payload: dict[str, Any]
    _token: Any = field(default=None)
    _pixels: str = ""

    def __post_init__(self) -> None:
        if self._token is not _TOKEN:
            raise DisclosureError(
                "only equity.publish.tables, figures, maps and findings make "
                "something a page may show"
            )

    def as_payload(self) -> dict[str, Any]:
        """Return a copy of the payload.

        Returns
        -------
        dict
            As described in the module.

        Examples
        --------
        >>> _publish({"kind": "note", "text": "No scores."}).as_payload()["kind"]
        'note'
        """
        return copy.deepcopy(self._payload)

    def __repr__(self) -> str:
        return as_text(self._payload)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        """What a notebook stores: the payload, and something to look at.

        A figure's drawings stand beside its payload, and the wide one once more as
        pixels, which every notebook viewer shows without asking for trust.
        """
        payload = self.as_payload()
        bundle = {MIME: payload, "text/plain": as_text(self._payload)}
        if payload["kind"] == "figure":
            bundle |= {mime: payload.pop(key, "") for key, mime in DRAWINGS.items()}
            bundle |= {"image/png": self._pixels}
            return {mime: data for mime, data in bundle.items() if data}
        return bundle | {"text/html": as_html(self._payload)}


def _publish(payload: dict[str, Any], pixels: bytes = b"") -> Published:
    """Wrap a payload; for the modules of this room only."""
    return Published(_clean(payload), _TOKEN, base64.b64encode(pixels).decode())


def absent() -> Published:
    """Say that there is nothing to show, because no data of the kind were given.

    Returns
    -------
    Published
        A payload of kind "note".

    Examples
    --------
    >>> absent()
    Nothing can be shown here: not all the data it needs were given.
    """
    return _publish({"kind": "note", "text": NO_DATA})


def _clean(value: Any) -> Any:
    """The payload without characters that HTML, XML and terminals cannot carry.

    Nor those that turn around the text after them: a label must not turn a number.
    """
    if isinstance(value, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _TURNS.sub("", value))
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def label(value: Any) -> str:
    """Write a label on one line, as a figure draws it.

    Parameters
    ----------
    value
        A label, or missing.

    Returns
    -------
    str
        Without control characters and line breaks; "not known" where it is blank.

    Examples
    --------
    >>> label("Public\\nWorks"), label(None)
    ('Public Works', 'not known')
    """
    words = "" if pd.isna(value) else str(value)
    return " ".join(_clean(" ".join(words.split())).split()) or NOT_KNOWN


def slug(name: str) -> str:
    """Return the name if it can be a file name and an anchor, and refuse it otherwise.

    Parameters
    ----------
    name
        Name of a table or figure.

    Returns
    -------
    str
        The name.

    Raises
    ------
    EquityError
        If it is anything but lower-case letters, digits, and single - or _ between.

    Examples
    --------
    >>> slug("days-to-close")
    'days-to-close'
    """
    if not isinstance(name, str) or not _SLUG.fullmatch(name) or len(name) > 80:
        raise EquityError(
            f"{name!r} cannot name a table or figure; use at most 80 lower-case "
            "letters and digits, with single hyphens between"
        )
    return name


def unit_of(unit: str) -> str:
    """Return the unit if it is one of ``UNITS``, and refuse it otherwise.

    Parameters
    ----------
    unit
        Name of a unit.

    Returns
    -------
    str
        The unit.

    Raises
    ------
    EquityError
        If it is not known.

    Examples
    --------
    >>> unit_of("points")
    'points'
    """
    if unit not in UNITS:
        raise EquityError(f"{unit!r} is not a unit; expected one of {list(UNITS)}")
    return unit


def rounded(value: Any, unit: str) -> float | int | None:
    """Scale and round a number as it will be shown.

    Parameters
    ----------
    value
        A number, or missing. Shares and differences of shares are proportions.
    unit
        One of ``UNITS``.

    Returns
    -------
    float or int or None
        None if missing or infinite. Percent and points are times 100.

    Examples
    --------
    >>> rounded(0.12345, "percent"), rounded(1234.0, "count"), rounded(None, "ratio")
    (12.3, 1234, None)
    """
    scale, decimals = UNITS[unit_of(unit)]
    if value is None or pd.isna(value) or math.isinf(value):
        return None
    number = round(float(value) * scale, decimals) + 0.0  # no minus zero
    return int(number) if decimals == 0 else number


def number(value: float | int, unit: str, *, sign: bool = True) -> str:
    """Write a rounded number, without its unit.

    Parameters
    ----------
    value
        A number from :func:`rounded`.
    unit
        One of ``UNITS``.
    sign
        Whether a negative number keeps its minus sign.

    Returns
    -------
    str
        With thousands separators and a real minus sign.

    Examples
    --------
    >>> number(-1234.5, "number")
    '−1,234.5'
    """
    text = f"{abs(value):,.{UNITS[unit][1]}f}"
    return f"\N{MINUS SIGN}{text}" if sign and value < 0 else text


def quantity(
    value: float | int, unit: str, noun: str = "", *, sign: bool = True
) -> str:
    """Write a rounded number with its unit, as in a sentence.

    Parameters
    ----------
    value
        A number from :func:`rounded`.
    unit
        One of ``UNITS``.
    noun
        What a number or a count counts, such as "days".
    sign
        Whether a negative number keeps its minus sign.

    Returns
    -------
    str
        "12.3%", "4.5 percentage points", "1.28 times", or "14.0 days".

    Examples
    --------
    >>> quantity(4.5, "points"), quantity(14.0, "number", "days")
    ('4.5 percentage points', '14.0 days')
    """
    text = number(value, unit, sign=sign)
    if unit == "percent":
        return f"{text}%"
    noun = noun or _NOUNS.get(unit, "")
    return f"{text} {noun}".rstrip()


def span(
    low: float | None, high: float | None, unit: str, *, mark: bool = False
) -> str:
    """Write an interval.

    Parameters
    ----------
    low, high
        Numbers from :func:`rounded`; one of them may be None.
    unit
        One of ``UNITS``.
    mark
        Whether percents carry their sign.

    Returns
    -------
    str
        "2.2 to 4.1", "at least 2.2", "at most 4.1", or "" if neither is known.

    Examples
    --------
    >>> span(2.2, 4.1, "number"), span(None, 4.1, "percent", mark=True)
    ('2.2 to 4.1', 'at most 4.1%')
    """
    end = "%" if mark and unit == "percent" else ""
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {number(high, unit)}{end}"
    if high is None:
        return f"at least {number(low, unit)}{end}"
    return f"{number(low, unit)}{end} to {number(high, unit)}{end}"


def level(confidence: Any) -> str:
    """Write a confidence level.

    Parameters
    ----------
    confidence
        A proportion, or missing.

    Returns
    -------
    str
        "95% interval", or "interval" where the level is missing.

    Examples
    --------
    >>> level(0.95), level(None)
    ('95% interval', 'interval')
    """
    if confidence is None or pd.isna(confidence):
        return "interval"
    return f"{float(confidence) * 100:.4g}% interval"


def as_html(payload: dict[str, Any]) -> str:
    """Write a payload as HTML for JupyterLab; every text in it is escaped.

    Parameters
    ----------
    payload
        A payload as described in the module.

    Returns
    -------
    str
        A table with a caption and scoped headers, or paragraphs.

    Examples
    --------
    >>> as_html({"kind": "note", "text": "No scores < 2020."})
    '<p class="note">No scores &lt; 2020.</p>'
    """
    return {
        "table": _table_html,
        "finding": _finding_html,
        "note": lambda note: f'<p class="note">{html.escape(note["text"])}</p>',
    }[payload["kind"]](payload)


def as_text(payload: dict[str, Any]) -> str:
    """Write a payload as plain text.

    Parameters
    ----------
    payload
        A payload as described in the module.

    Returns
    -------
    str
        A table in aligned columns, the alternative text of a figure, or sentences.

    Examples
    --------
    >>> as_text({"kind": "note", "text": "No scores."})
    'No scores.'
    """
    if payload["kind"] == "table":
        return _table_text(payload)
    if payload["kind"] == "figure":
        return f"{payload['caption']}\n{payload['alt']}"
    return "\n".join(payload.get("sentences") or [payload["text"]])


def _table_html(table: dict[str, Any]) -> str:
    head = "".join(
        f'<th scope="col">{html.escape(c["label"])}</th>' for c in table["columns"]
    )
    body = "".join(f"<tr>{_row_html(row, table)}</tr>" for row in table["rows"])
    return (
        f"<table><caption>{html.escape(table['caption'])}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + "".join(f'<p class="note">{html.escape(n)}</p>' for n in table["notes"])
        + _source_html(table)
    )


def _row_html(row: list[dict[str, Any]], table: dict[str, Any]) -> str:
    cells = []
    for at, (cell, column) in enumerate(zip(row, table["columns"], strict=True)):
        text = html.escape(cell["text"])
        if at == table["row_header"]:
            cells.append(f'<th scope="row">{text}</th>')
        elif cell["hidden"]:
            cells.append(f'<td class="hidden">{text}</td>')
        elif column["type"] == "text":
            cells.append(f"<td>{text}</td>")
        else:
            cells.append(f'<td class="number">{text}</td>')
    return "".join(cells)


def _finding_html(finding: dict[str, Any]) -> str:
    sentences = [html.escape(sentence) for sentence in finding["sentences"]]
    if len(sentences) == 1:
        return f'<p class="finding">{sentences[0]}</p>'
    items = "".join(f'<li class="finding">{text}</li>' for text in sentences)
    return f'<ul class="findings">{items}</ul>'


def _source_html(payload: dict[str, Any]) -> str:
    if not payload["source"]:
        return ""
    return f'<p class="source">Source: {html.escape(payload["source"])}</p>'


def _table_text(table: dict[str, Any]) -> str:
    grid = [[column["label"] for column in table["columns"]]]
    grid += [[cell["text"] for cell in row] for row in table["rows"]]
    grid = [[" ".join(text.split()) for text in row] for row in grid]
    widths = [max(len(row[at]) for row in grid) for at in range(len(grid[0]))]
    words = [column["type"] == "text" for column in table["columns"]]
    rows = [_text_row(row, widths, words) for row in grid]
    rows.insert(1, "-" * max(len(row) for row in rows))
    source = [f"Source: {table['source']}"] if table["source"] else []
    return "\n".join(
        [table["caption"], "", *rows, "", *table["notes"], *source]
    ).strip()


def _text_row(row: Sequence[str], widths: list[int], words: list[bool]) -> str:
    cells = [
        text.ljust(width) if word else text.rjust(width)
        for text, width, word in zip(row, widths, words, strict=True)
    ]
    return "  ".join(cells).rstrip()
