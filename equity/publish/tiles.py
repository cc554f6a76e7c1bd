"""The drawing of a heat map: tiles with their numbers, headings and a legend.

Wide, the names of the rows stand at the left. Narrow, each stands above its tiles, and
headings that have no room are turned. Columns that do not fit beside one another go
below, under headings of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from equity.publish.canvas import GREY, INK, NARROW, STRIP, WIDTH, _inches, _wrapped
from equity.publish.drawings import _title_height, _title_lines
from equity.publish.rows import _sheet

HIDDEN, UNKNOWN, UNCLEAR, ABSENT = "hidden", "unknown", "unclear", "absent"

NAMES = 1.85  # inches for the names of the rows, at the left
TILE = 0.3  # inches from top to floor
NAME = 0.2  # inches for a name above its tiles
LINE = 0.165
TURNED = 1.6  # inches for a turned heading

_EDGE = "#b5b5b5"
_LOOKS = {
    HIDDEN: {"facecolor": STRIP, "hatch": "/////", "edgecolor": "#bdbdbd"},
    UNKNOWN: {"facecolor": "white", "hatch": "xxxx", "edgecolor": "#c9c9c9"},
    UNCLEAR: {"facecolor": "white"},
    ABSENT: {"facecolor": "white"},
}


@dataclass(frozen=True)
class Tile:
    """One cell as it is drawn.

    Attributes
    ----------
    text
        Its number, or a word.
    look
        `HIDDEN`, `UNKNOWN`, `UNCLEAR` or `ABSENT`; "" where it has a colour.
    colour
        Of its class.
    number
        Of its class; -1 where it has none.

    Examples
    --------
    >>> Tile("12.3", "", "#22357f", 4).ink
    'white'
    """

    text: str
    look: str = ""
    colour: str = "white"
    number: int = -1

    @property
    def ink(self) -> str:
        """The colour of its text: at least 4.5 to one against its own.

        Returns
        -------
        str
            As matplotlib names colours.

        Examples
        --------
        >>> Tile("hidden", HIDDEN).ink
        '#595959'
        """
        if self.look:
            return INK if self.look == UNCLEAR else GREY
        return INK if _luminance(self.colour) > 0.2 else "white"


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.1 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


Tiles = Mapping[tuple[str, str], Tile]


def _draw(
    tiles: Tiles,
    short: Sequence[Mapping[str, str]],
    legend: tuple[str, list[tuple[str, Tile]]],
    title: str | None,
    *,
    narrow: bool,
) -> Figure:
    """The grid, with its legend above it."""
    width = NARROW if narrow else WIDTH
    left = 0.0 if narrow else NAMES
    rows, columns = short
    decks = _decks(tiles, list(columns), width - left)
    each = (width - left) / max(len(deck) for deck in decks)
    turned = any(
        _inches(word) > each - 0.04
        for name in columns.values()
        for word in name.split()
    )
    lines = {
        column: _wrapped(name, [TURNED] if turned else [each - 0.04] * 3)
        for column, name in columns.items()
    }
    head = 0.1 + (
        max(_inches(line[0]) for line in lines.values() if line)
        if turned
        else LINE * max(len(line) for line in lines.values())
    )
    names = {row: _wrapped(name, [NAMES - 0.12] * 2) for row, name in rows.items()}
    if narrow:
        names = {row: _wrapped(name, [NARROW]) for row, name in rows.items()}
    step = TILE + 0.03 + (NAME if narrow else 0.0)
    above = _head_height(title, narrow)
    keys = _keys(legend[1], width)
    under = _wrapped(legend[0], [width] * 2, weight="bold")
    begin = above + LINE * len(under) + 0.24 * (1 + max(y for _, y, _, _ in keys)) + 0.1
    deck = head + step * len(rows) + 0.12
    figure = Figure(figsize=(width, begin + deck * len(decks)))
    sheet = _sheet(figure)
    _write_title(sheet, title, narrow)
    for at, line in enumerate(under):
        sheet.text(0, above + LINE * (at + 0.75), line, fontsize=9, weight="bold")
    for x, y, text, tile in keys:
        middle = above + LINE * len(under) + 0.24 * y + 0.17
        _rectangle(sheet, x + 0.01, middle - 0.08, 0.24, 0.16, tile, edge=GREY)
        sheet.text(x + 0.32, middle, text, fontsize=9, va="center_baseline")
    for number, part in enumerate(decks):
        top = begin + deck * number
        for at, column in enumerate(part):
            middle = left + each * (at + 0.5)
            _heading(sheet, middle, top + head - 0.05, lines[column], turned)
        for place, row in enumerate(rows):
            y = top + head + step * place + (NAME if narrow else 0.0)
            _row_name(sheet, y, names[row], narrow)
            for at, column in enumerate(part):
                tile = tiles.get((row, column), Tile("n/a", ABSENT))
                _tile(sheet, left + each * at, y, each - 0.03, tile)
    return figure


def _decks(tiles: Tiles, columns: list[str], room: float) -> list[list[str]]:
    """The columns in as few decks as fit, each of about as many."""
    widest = max(_inches(line) for tile in tiles.values() for line in _lines(tile.text))
    fit = max(1, int(room / (widest + 0.07)))
    many = -(-len(columns) // fit)
    size = -(-len(columns) // many)
    return [columns[at : at + size] for at in range(0, len(columns), size)]


def _lines(text: str) -> list[str]:
    """A number on one line; words below one another."""
    if text.endswith((" or less", " or more")):
        return [text[: -len(" or less")], text[-len("or less") :]]
    return text.split(" ")


def _keys(
    entries: list[tuple[str, Tile]], width: float
) -> list[tuple[float, int, str, Tile]]:
    """The entries of the legend: how far in, in which line, their words and looks."""
    found: list[tuple[float, int, str, Tile]] = []
    x, y = 0.0, 0
    for words, tile in entries:
        (text,) = _wrapped(words, [width - 0.34])
        wide = 0.32 + _inches(text)
        if x and x + wide > width:
            x, y = 0.0, y + 1
        found.append((x, y, text, tile))
        x += wide + 0.2
    return found or [(0.0, 0, "", Tile("", ABSENT))]


def _head_height(title: str | None, narrow: bool) -> float:
    if narrow and title:
        return 0.08 + 0.2 * len(_wrapped(title, [NARROW] * 4, 10.5, "bold"))
    return _title_height(title)


def _write_title(sheet: Axes, title: str | None, narrow: bool) -> None:
    if not title:
        return
    if narrow:
        lines, size, step = _wrapped(title, [NARROW] * 4, 10.5, "bold"), 10.5, 0.2
    else:
        lines, size, step = _title_lines(title), 12.0, 0.22
    for at, line in enumerate(lines):
        sheet.text(0, 0.17 + step * at, line, fontsize=size, weight="bold")


def _heading(
    sheet: Axes, middle: float, floor: float, lines: list[str], turned: bool
) -> None:
    if turned:
        sheet.text(
            middle, floor, " ".join(lines), fontsize=9, rotation=90, ha="center",
            va="bottom",
        )  # fmt: skip
        return
    for at, line in enumerate(reversed(lines)):
        sheet.text(middle, floor - LINE * at, line, fontsize=9, ha="center")


def _row_name(sheet: Axes, y: float, lines: list[str], narrow: bool) -> None:
    if narrow:
        sheet.text(0, y - 0.05, lines[0], fontsize=9)
        return
    first = y + TILE / 2 - 0.075 * (len(lines) - 1)
    for at, line in enumerate(lines):
        sheet.text(0, first + 0.15 * at, line, fontsize=9, va="center_baseline")


def _tile(sheet: Axes, x: float, y: float, wide: float, tile: Tile) -> None:
    _rectangle(sheet, x, y, wide, TILE, tile)
    lines = _lines(tile.text)
    first = y + TILE / 2 - 0.065 * (len(lines) - 1)
    words = tile.look in (HIDDEN, UNKNOWN, ABSENT)
    box = {"facecolor": STRIP if tile.look == HIDDEN else "white", "edgecolor": "none"}
    for at, line in enumerate(lines):
        sheet.text(
            x + wide / 2, first + 0.13 * at, line, fontsize=9, color=tile.ink,
            ha="center", va="center_baseline", style="italic" if words else "normal",
            bbox=box | {"pad": 0.6} if tile.look in (HIDDEN, UNKNOWN) else None,
        )  # fmt: skip


def _rectangle(
    sheet: Axes, x: float, y: float, wide: float, tall: float, tile: Tile,
    edge: str = _EDGE,
) -> None:  # fmt: skip
    look = _LOOKS.get(tile.look, {"facecolor": tile.colour})
    sheet.add_patch(Rectangle((x, y), wide, tall, **{**look, "linewidth": 0}))
    sheet.add_patch(
        Rectangle((x, y), wide, tall, facecolor="none", edgecolor=edge, linewidth=0.6)
    )
