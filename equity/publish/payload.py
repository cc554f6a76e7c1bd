"""Payloads: what a notebook may hand to a page, checked before it is believed.

A **payload** is what `equity.publish` puts into a cell's output under
`equity.publish.display.MIME`: a table, a figure, a finding or a note, made from
protected numbers. A notebook can be edited by hand, so nothing in it is trusted:
every part has its type, nothing is converted, and an error names the part and the
rule but never repeats a value. An SVG is parsed, checked and written anew.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from xml.etree import ElementTree

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
    model_validator,
)

SLUG = r"[a-z0-9][a-z0-9_-]*"

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# fmt: off
_SVG_ELEMENTS = frozenset([
    "svg", "g", "defs", "use", "symbol", "path", "rect", "circle", "ellipse", "line",
    "polyline", "polygon", "text", "tspan", "textPath", "clipPath", "mask", "marker",
    "pattern", "linearGradient", "radialGradient", "stop", "style", "title", "desc",
])
# fmt: on
_SVG_DROPPED = frozenset({"metadata"})
_FOREIGN_REFERENCE = re.compile(
    r"url\(\s*['\"]?\s*(?!#)|@import|javascript:|expression\(|\\", re.IGNORECASE
)

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG}$", max_length=100)]
_Number = int | FiniteFloat | None


class _Payload(BaseModel):
    """Strict: a wrong type or an unknown key is an error, nothing is converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_Unit = Literal["count", "percent", "points", "ratio", "number", "money", "deviations"]


class Column(_Payload):
    """A column of a published table; an interval has a unit, and names for its ends."""

    name: _Text
    label: _Text
    type: _Unit | Literal["text", "interval"]
    unit: _Unit | None = None
    names: Annotated[list[_Text], Field(min_length=2, max_length=2)] | None = None

    @property
    def fields(self) -> list[str]:
        """What the column is called in a download: one name, or one for each end."""
        if self.type != "interval":
            return [self.name]
        return self.names or [f"{self.name}_low", f"{self.name}_high"]

    @property
    def numeric(self) -> bool:
        """Whether the column is set flush right."""
        return self.type != "text"


class Cell(_Payload):
    """A cell: its value for the download, its text for the page."""

    value: int | FiniteFloat | str | list[_Number] | None
    text: str
    hidden: bool = False

    @model_validator(mode="after")
    def _hidden_holds_nothing(self) -> "Cell":
        if self.hidden and (
            self.value not in (None, [None, None])
            or any(character.isdigit() for character in self.text)
        ):
            raise ValueError("a hidden cell must hold no value and no digit")
        return self

    @property
    def absent(self) -> bool:
        """Whether there is no value, hidden or not."""
        return self.value in (None, [None, None])


class Counts(_Payload):
    """What a reader is told about the counts of one topic; for the audit alone.

    A cell is ``[labels, low, high]``: for each dimension a label, a list of labels, or
    None for every value; then the fewest and the most the count can be (None: no
    bound). Equal bounds are a count that is shown.
    """

    topic: str
    dimensions: list[_Text]
    cells: list[list[Any]]
    known: bool = False

    @model_validator(mode="after")
    def _are_cells(self) -> "Counts":
        for number, cell in enumerate(self.cells, start=1):
            if not _is_cell(cell, len(self.dimensions)):
                raise ValueError(
                    f"cell {number} must be [labels by dimension, low, high]"
                )
        return self


class Table(_Payload):
    """A published table."""

    kind: Literal["table"]
    name: _Slug
    caption: _Text
    columns: Annotated[list[Column], Field(min_length=1)]
    rows: list[list[Cell]]
    row_header: int = 0
    notes: list[_Text] = []
    source: str = ""
    counts: list[Counts] = []

    @model_validator(mode="after")
    def _is_a_table(self) -> "Table":
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("columns must have names of their own")
        if not 0 <= self.row_header < len(names):
            raise ValueError("row_header must be the number of a column")
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(names):
                raise ValueError(f"row {number} must have one cell per column")
            for cell, column in zip(row, self.columns, strict=True):
                if not _fits(cell, column.type):
                    raise ValueError(
                        f"row {number}, column '{column.name}' must be a {column.type}"
                    )
        return self


class Figure(_Payload):
    """A published figure or map.

    ``narrow`` is the same drawing for a telephone, ``data`` its numbers as a table;
    ``download`` says that no other table of the page holds them.
    """

    kind: Literal["figure"]
    name: _Slug
    caption: _Text
    alt: _Text
    source: str = ""
    svg: _Text
    narrow: str = ""
    data: Table | None = None
    download: bool = False
    counts: list[Counts] = []

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in CSS pixels, so that the page does not jump."""
        return _size(self.svg)

    @property
    def narrow_size(self) -> tuple[int, int] | None:
        """The same of the narrow drawing; None if there is none."""
        return _size(self.narrow) if self.narrow else None


class Headline(_Payload):
    """The numbers of one comparison, rounded as its sentence has them.

    ``when`` is the time the numbers are of, in words, and ``clear`` says whether the
    interval leaves out parity: None if no interval is known. ``people_to_parity`` is
    None where it does not apply.
    """

    measure: _Text
    when: str = ""
    group: _Text
    reference: str = ""
    unit: _Unit
    estimate: int | FiniteFloat
    low: _Number = None
    high: _Number = None
    people_to_parity: int | None = None
    clear: bool | None
    sentence: _Text


class Finding(_Payload):
    """What a table says, in sentences; ``text`` is the same in one piece."""

    kind: Literal["finding"]
    text: str = ""
    sentences: Annotated[list[_Text], Field(min_length=1)]
    rows: list[Headline] = []
    counts: list[Counts] = []


class Note(_Payload):
    """A plain remark, such as why something is not shown."""

    kind: Literal["note"]
    text: _Text


_KINDS = {"table": Table, "figure": Figure, "finding": Finding, "note": Note}


def _is_cell(cell: list[Any], dimensions: int) -> bool:
    """Whether a cell of `Counts` is what it should be."""
    if len(cell) != 3 or not isinstance(cell[0], list) or len(cell[0]) != dimensions:
        return False
    sets = [[part] if isinstance(part, str) else part for part in cell[0]]
    named = all(
        part is None
        or (isinstance(part, list) and all(isinstance(label, str) for label in part))
        for part in sets
    )
    low, high = cell[1:]
    whole = type(low) is int and (high is None or type(high) is int)
    return named and whole and low >= 0 and (high is None or low <= high)


def _size(svg: str) -> tuple[int, int] | None:
    """Width and height in CSS pixels; None where the drawing does not say them so."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - written by clean_svg
    size = [
        re.fullmatch(r"([0-9.]+)(pt|px)?", root.get(side, ""))
        for side in ("width", "height")
    ]
    if not all(size):
        return None
    return tuple(
        math.ceil(float(match[1]) * (4 / 3 if match[2] == "pt" else 1))
        for match in size
    )


def _fits(cell: Cell, kind: str) -> bool:
    """Whether a cell's value is one that a column of this type may hold."""
    value = cell.value
    if cell.absent:
        return value is None or kind == "interval"
    if kind == "interval":
        return isinstance(value, list) and len(value) == 2
    if kind == "text":
        return isinstance(value, str)
    if kind == "count":
        return isinstance(value, int | float) and float(value).is_integer()
    return isinstance(value, int | float)


def payload(bundle: Mapping[str, Any]) -> Table | Figure | Finding | Note:
    """Check a payload from a notebook and make it typed.

    Parameters
    ----------
    bundle
        The JSON stored under `MIME`.

    Returns
    -------
    Table, Figure, Finding or Note
        The same content; a figure's drawings are parsed and written anew.

    Raises
    ------
    ValueError
        If the kind is unknown or a part is missing, superfluous or of a wrong
        type. The text names the part and the rule, never a value.

    Examples
    --------
    >>> payload({"kind": "note", "text": "No proficiency counts were given."}).text
    'No proficiency counts were given.'
    >>> payload({"kind": "note", "text": 4})
    Traceback (most recent call last):
    ValueError: a note whose text is wrong: Input should be a valid string
    """
    kind = bundle.get("kind") if isinstance(bundle, Mapping) else None
    if kind not in tuple(_KINDS):
        raise ValueError(f"a payload that is none of {list(_KINDS)}")
    try:
        item = _KINDS[kind].model_validate(json.loads(json.dumps(bundle)))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        part = ".".join(map(str, first["loc"])) or "content"
        raise ValueError(f"a {kind} whose {part} is wrong: {first['msg']}") from None
    if isinstance(item, Figure):
        narrow = clean_svg(item.narrow) if item.narrow else ""
        return item.model_copy(update={"svg": clean_svg(item.svg), "narrow": narrow})
    return item


def clean_svg(svg: str) -> str:
    """Parse an SVG, refuse what could run or load, and write the rest anew.

    Comments, processing instructions, the document type and metadata are dropped:
    drawing libraries keep dates and label texts in them.

    Parameters
    ----------
    svg
        One SVG document.

    Returns
    -------
    str
        The same drawing, without an XML declaration.

    Raises
    ------
    ValueError
        If it is not an SVG, or has an entity, an element that is not for drawing,
        an event attribute, or a reference to anything but a fragment of itself.

    References
    ----------
    W3C, SVG Integration (2014), "secure static mode".

    Examples
    --------
    >>> clean_svg('<svg xmlns="http://www.w3.org/2000/svg"><!-- 4 --><g/></svg>')
    '<svg xmlns="http://www.w3.org/2000/svg"><g /></svg>'
    """
    if "<!ENTITY" in svg.upper():
        raise ValueError("a figure whose SVG declares an entity")
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314 - entities were refused
    except ElementTree.ParseError:
        raise ValueError("a figure whose SVG cannot be parsed") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise ValueError("a figure whose SVG has another root than <svg>")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}{name}" for name in _SVG_DROPPED}:
                parent.remove(child)
    for element in root.iter():
        _check_svg_element(element)
    return ElementTree.tostring(root, encoding="unicode")


def _check_svg_element(element: ElementTree.Element) -> None:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace != f"{{{_SVG}" or name not in _SVG_ELEMENTS:
        raise ValueError(f"a figure whose SVG has a <{name}> element")
    if name == "style" and _FOREIGN_REFERENCE.search(element.text or ""):
        raise ValueError("a figure whose SVG styles refer to something outside it")
    for attribute, value in element.attrib.items():
        local = attribute.rpartition("}")[2].lower()
        if local.startswith("on"):
            raise ValueError("a figure whose SVG has an event attribute")
        if local in {"href", "src"} and not value.strip().startswith("#"):
            raise ValueError("a figure whose SVG refers to something outside it")
        if _FOREIGN_REFERENCE.search(value):
            raise ValueError("a figure whose SVG refers to something outside it")
