"""The wide and the narrow drawing of a figure's rows.

The wide one has names at the left and columns of numbers at the right, or small panels
beside one another. The narrow one is for a telephone: names stand above their marks
and panels below one another, so that nothing is lost beyond the edge of the screen.
"""

import math
import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equity.publish.canvas import (
    GREY,
    INK,
    NARROW,
    RULE,
    RUST,
    WIDTH,
    _inches,
    _wrapped,
)
from equity.publish.rows import (
    _interval,
    _interval_of,
    _key,
    _line_words,
    _Look,
    _Marks,
    _number,
    _place,
    _printed,
    _Row,
    _row_marks,
    _set_scale,
    _sheet,
    _with_few_ticks,
)

# --- wide -----------------------------------------------------------------------

LABELS = 2.25  # inches for the names of the rows
NUMBERS = 0.68  # inches for a column of numbers
INTERVALS = 1.18
ROW = 0.36

ONE, MANY = _Marks(2.6, 6.8, 0.27), _Marks(2.0, 5.0, 0.27, brief=True)


def _draw_one(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """One panel, with the numbers in columns at the right."""
    (rows,) = panels.values()
    columns = [("Estimate", NUMBERS), (_interval_of(rows).capitalize(), INTERVALS)]
    if look.compare:
        columns.append((look.compare, NUMBERS + 0.32))
    wide = sum(width for _, width in columns)
    lines = [textwrap.wrap(text, int(width / 0.078)) for text, width in columns]
    above = _title_height(title) + (0.3 if look.compare else 0.0)
    top = above + 0.16 * max(map(len, lines)) + 0.08
    bottom = 0.28 + (0.22 if look.label else 0.0)
    height = top + ROW * len(rows) + bottom
    figure = Figure(figsize=(WIDTH, height))
    _title(figure, title, height)
    span = WIDTH - LABELS - wide - 0.1
    axes = figure.add_axes(
        (LABELS / WIDTH, bottom / height, span / WIDTH, ROW * len(rows) / height)
    )
    _set_scale(axes, look, len(rows) - 0.5, -0.5)
    for at, row in enumerate(rows):
        _row_name(axes, at, shorten(row.label), LABELS, 30)
        _row_marks(axes, at, row, look, ONE)
        _row_numbers(axes, at, row, look, [width for _, width in columns])
    _heads(axes, [width for _, width in columns], lines)
    _line_name(axes, look)
    if look.label:
        axes.set_xlabel(look.label, fontsize=9, labelpad=4)
    if look.compare:
        _legend(figure, look, above - 0.12)
    return figure


def _draw_many(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """Small panels on one scale, the estimate at the right of each."""
    across = min(3, len(panels))
    down = math.ceil(len(panels) / across)
    most = max(len(rows) for rows in panels.values())
    entries = [row for rows in panels.values() for row in rows]
    number = max(0.5, *(_inches(_number(row, look), 9.5) + 0.06 for row in entries))
    names, gap, wrap = 1.62, 0.12, 21 if across > 2 else 36
    cell = (WIDTH - names - 0.05) / across
    labels = [shorten(row.label) for row in entries]
    row = 0.235 if all(len(label) <= 23 for label in labels) else 0.31
    headings = {  # capitals are wider
        panel: textwrap.wrap(panel, wrap - 5 if panel.isupper() else wrap)
        for panel in panels
    }
    head = 0.14 + 0.16 * max(len(lines) for lines in headings.values())
    under = " · ".join(text for text in (look.label, _line_words(look)) if text)
    above = _title_height(title) + (0.3 if look.compare else 0.0)
    top, foot, bottom = above + (0.24 if under else 0.0), 0.32, 0.02
    each = head + row * most + foot
    height = top + each * down + bottom
    figure = Figure(figsize=(WIDTH, height))
    _title(figure, title, height)
    look = _with_few_ticks(look)
    for at, (panel, rows) in enumerate(panels.items()):
        line, column = divmod(at, across)
        floor = height - top - line * each - head - row * len(rows)
        axes = figure.add_axes(
            (
                (names + column * cell) / WIDTH,
                floor / height,
                (cell - number - gap) / WIDTH,
                row * len(rows) / height,
            )
        )
        _set_scale(axes, look, len(rows) - 0.5, -0.5)
        heading = "\n".join(headings[panel])
        axes.annotate(
            heading, (0, 1), (0, 5), xycoords="axes fraction", fontsize=9.5,
            textcoords="offset points", va="bottom", weight="bold", linespacing=1.05,
        )  # fmt: skip
        for place, entry in enumerate(rows):
            if column == 0:
                _row_name(axes, place, shorten(entry.label), names, 23, 9)
            _row_marks(axes, place, entry, look, MANY)
            _row_numbers(axes, place, entry, look, [number])
    figure.text(0, 1 - (above + 0.02) / height, under, fontsize=9, color=GREY, va="top")
    if look.compare:
        _legend(figure, look, above - 0.12)
    return figure


def _title_lines(title: str | None) -> list[str]:
    """The title in as few lines as possible, of about the same length."""
    lines = textwrap.wrap(title or "", 74)
    for width in range(73, 20, -1):
        tighter = textwrap.wrap(title or "", width)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def _title_height(title: str | None) -> float:
    return 0.14 + 0.22 * len(_title_lines(title)) if title else 0.06


def _title(figure: Figure, title: str | None, height: float) -> None:
    if title:
        figure.text(
            0.0, 1 - 0.04 / height, "\n".join(_title_lines(title)), fontsize=12,
            weight="bold", va="top", linespacing=1.15,
        )  # fmt: skip


def _row_name(
    axes: Axes, at: int, text: str, inches: float, letters: int, size: float = 9.5
) -> None:
    lines = textwrap.wrap(text, letters) or [""]
    if len(lines) > 2:
        lines = [
            lines[0],
            textwrap.shorten(" ".join(lines[1:]), letters, placeholder=" …"),
        ]
    axes.annotate(
        "\n".join(lines), (0, at), (-inches * 72, 0), va="center",
        xycoords=("axes fraction", "data"), textcoords="offset points",
        fontsize=size if len(lines) == 1 else max(9, size - 0.5), linespacing=1.0,
    )  # fmt: skip


def _row_numbers(
    axes: Axes, at: int, row: _Row, look: _Look, widths: list[float]
) -> None:
    texts = [_number(row, look), _interval(row, look), _printed(row.compare, look)]
    blank = row.estimate is None
    for text, right, column in zip(texts, np.cumsum(widths), range(3), strict=False):
        axes.annotate(
            text, (1, at), (72 * right, 0), ha="right", va="center_baseline",
            xycoords=("axes fraction", "data"), textcoords="offset points",
            weight="bold" if column == 0 < len(widths) - 1 and not blank else "normal",
            color=(GREY if blank else INK, GREY, RUST)[column],
            fontsize=9.5 if column == 0 and not blank else 9,
            style="italic" if blank and column == 0 else "normal",
        )  # fmt: skip


def _heads(axes: Axes, widths: list[float], lines: list[list[str]]) -> None:
    for text, right in zip(lines, np.cumsum(widths), strict=True):
        axes.annotate(
            "\n".join(text), (1, 1), (72 * right, 4), ha="right", va="bottom",
            xycoords="axes fraction", textcoords="offset points", fontsize=9,
            color=GREY, linespacing=1.05,
        )  # fmt: skip


def _line_name(axes: Axes, look: _Look) -> None:
    if look.line is None or not look.line_label:
        return
    place = _place(look.line, look.unit)
    part = (place - look.left) / (look.right - look.left)
    side = "left" if part < 0.25 else "right" if part > 0.75 else "center"
    axes.annotate(
        look.line_label, (place, 1), (0, 4), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha=side, va="bottom", fontsize=9,
    )  # fmt: skip


def _legend(figure: Figure, look: _Look, y: float) -> None:
    """The two marks, named in one line above the figure."""
    sheet = _sheet(figure)
    _key(sheet, 0, y, "Estimate and interval")
    _key(sheet, 1.9, y, look.compare, hollow=True)


# --- narrow ---------------------------------------------------------------------

EDGE = 0.1  # inches between the ends of the scale and the edges
LINE = 0.165  # inches from line to line
NAMES = 1.52  # inches at most for the names beside small panels

NARROW_ONE, NARROW_MANY = _Marks(2.6, 6.6, 0.085), _Marks(2.0, 5.0, 0.068, brief=True)
BLANK = {"color": GREY, "style": "italic"}
KEYS = ("title", "estimate", "compare")


def _narrow_one(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """One panel, with each name and its numbers above its mark."""
    (rows,) = panels.values()
    estimate = f"Estimate ({_interval_of(rows)})"
    head = _narrow_head(look, title, _line_words(look), estimate)
    if not look.compare:
        head.append(("header", estimate))
    ends, room = _narrow_columns(rows, look)
    beside = room >= 1.0  # else the numbers have a line of their own
    alone = [not beside or not (_number(r, look) or _interval(r, look)) for r in rows]
    names = [
        _wrapped(shorten(row.label), [NARROW if free else room, NARROW])
        for row, free in zip(rows, alone, strict=True)
    ]
    lines = [len(name) + (not beside) for name in names]
    tops = np.cumsum([_narrow_height(head) + 0.07] + [LINE * n + 0.32 for n in lines])
    under = _wrapped(look.label, [NARROW] * 3) if look.label else []
    floor = tops[-1] - 0.02
    figure = Figure(figsize=(NARROW, floor + 0.26 + LINE * len(under)))
    sheet = _sheet(figure)
    _draw_head(sheet, head)
    middles = [top + LINE * n + 0.115 for top, n in zip(tops, lines, strict=False)]
    axes = _axes_at(figure, EDGE, NARROW - EDGE, tops[0], floor)
    _set_scale(axes, look, floor, tops[0], [(y - 0.1, y + 0.1) for y in middles])
    axes.hlines(middles, look.left, look.right, color=RULE, lw=0.6, zorder=0.4)
    _keep_ticks_inside(axes, look)
    for row, name, top, middle in zip(rows, names, tops, middles, strict=False):
        _write(sheet, 0, top, name)
        after = 0 if beside else LINE * len(name)
        _narrow_numbers(sheet, top + after, row, look, ends)
        _row_marks(axes, middle, row, look, NARROW_ONE)
    _write(sheet, NARROW / 2, floor + 0.24, under, ha="center", color=GREY)
    return figure


def _narrow_many(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """Small panels below one another, names at the left and estimates at the right."""
    look = _with_few_ticks(look)
    under = " · ".join(text for text in (look.label, _line_words(look)) if text)
    head = _narrow_head(look, title, under, "Estimate and interval")
    entries = [row for rows in panels.values() for row in rows]
    names = {row.label: _wrapped(shorten(row.label), [NAMES] * 2) for row in entries}
    left = 0.16 + max(_inches(line) for name in names.values() for line in name)
    right = NARROW - 0.12 - max(_inches(_number(row, look)) for row in entries)
    headings = {
        panel: _wrapped(panel, [NARROW] * 3, 9.5, "bold") or [""] for panel in panels
    }
    tall = {
        panel: 0.22 + LINE * len(headings[panel])
        + sum(0.07 + 0.135 * len(names[row.label]) for row in rows) + 0.28
        for panel, rows in panels.items()
    }  # fmt: skip
    y = _narrow_height(head)
    figure = Figure(figsize=(NARROW, y + sum(tall.values())))
    sheet = _sheet(figure)
    _draw_head(sheet, head)
    for panel, rows in panels.items():
        _write(sheet, 0, y + 0.14, headings[panel], fontsize=9.5, weight="bold")
        steps = [0.07 + 0.135 * len(names[row.label]) for row in rows]
        tops = np.cumsum([y + 0.22 + LINE * len(headings[panel]), *steps])
        axes = _axes_at(figure, left, right, tops[0], tops[-1])
        _set_scale(axes, look, tops[-1], tops[0])
        for row, top, step in zip(rows, tops, steps, strict=False):
            middle, name = top + step / 2, names[row.label]
            _write(sheet, 0, middle - 0.135 * len(name) / 2, name, step=0.135)
            _row_marks(axes, middle, row, look, NARROW_MANY)
            _write(
                sheet, NARROW, middle - 0.0675, [_number(row, look)], ha="right",
                step=0.135, **(BLANK if row.estimate is None else {}),
            )  # fmt: skip
        y += tall[panel]
    return figure


def _narrow_head(
    look: _Look, title: str | None, remark: str, estimate: str
) -> list[tuple[str, str]]:
    """The lines above a narrow drawing: what kind each is, and what it says."""
    head = [("title", line) for line in _wrapped(title, [NARROW] * 4, 10.5, "bold")]
    if look.compare:
        head += [("estimate", estimate), ("compare", look.compare)]
    return head + [("remark", line) for line in _wrapped(remark, [NARROW] * 3)]


def _narrow_height(head: list[tuple[str, str]]) -> float:
    return sum(0.2 if kind in KEYS else LINE + 0.02 for kind, _ in head)


def _draw_head(sheet: Axes, head: list[tuple[str, str]]) -> None:
    for at, (kind, text) in enumerate(head):
        y = _narrow_height(head[:at])
        if kind in ("estimate", "compare"):
            _key(sheet, 0, y + 0.1, text, hollow=kind == "compare")
        elif kind == "title":
            _write(sheet, 0, y + 0.02, [text], fontsize=10.5, weight="bold")
        elif kind == "header":
            _write(sheet, NARROW, y, [text], ha="right", color=GREY)
        else:
            _write(sheet, 0, y, [text], color=GREY)


def _narrow_columns(
    rows: list[_Row], look: _Look
) -> tuple[tuple[float, float, float], float]:
    """Where the columns of numbers end, and how much room they leave for a name."""
    words = [row for row in rows if row.estimate is None]
    shown = [row for row in rows if row.estimate is not None]
    estimate = max([_inches(_number(r, look), weight="bold") for r in shown] + [0])
    interval = max([_inches(_bracketed(row, look)) for row in rows])
    compare = max([_inches(_printed(row.compare, look)) for row in rows])
    blank = max([_inches(_number(row, look)) for row in words] + [0])
    second = NARROW - (compare + 0.34 if look.compare else 0)
    first = second - (interval + 0.09 if interval else 0)
    return (first, second, NARROW), min(first - estimate, second - blank) - 0.14


def _bracketed(row: _Row, look: _Look) -> str:
    text = _interval(row, look)
    return f"({text})" if text and row.estimate is not None else text


def _narrow_numbers(
    sheet: Axes, y: float, row: _Row, look: _Look, ends: tuple[float, float, float]
) -> None:
    first, second, third = ends
    if row.estimate is None:
        _write(sheet, second, y, [_number(row, look)], ha="right", **BLANK)
    else:
        _write(sheet, first, y, [_number(row, look)], ha="right", weight="bold")
    _write(sheet, second, y, [_bracketed(row, look)], ha="right", color=GREY)
    if row.compare is not None:
        text = _printed(row.compare, look)
        _write(sheet, third, y, [text], ha="right", color=RUST)
        sheet.plot(
            third - _inches(text) - 0.09, y + 0.08, "D", ms=4.2, mfc="none", mec=RUST,
            mew=1.1,
        )  # fmt: skip


def _write(
    sheet: Axes, x: float, top: float, lines: Sequence[str], step: float = LINE, **look
) -> None:
    """Lines of text, the first of which begins at the top."""
    for at, line in enumerate(lines):
        if line:
            y = top + step * at + 0.125 * step / LINE
            sheet.text(x, y, line, va="baseline", **{"fontsize": 9, **look})


def _axes_at(
    figure: Figure, left: float, right: float, top: float, floor: float
) -> Axes:
    """Axes at a place given in inches from the upper left corner."""
    wide, high = figure.get_size_inches()
    return figure.add_axes(
        (left / wide, 1 - floor / high, (right - left) / wide, (floor - top) / high)
    )


def _keep_ticks_inside(axes: Axes, look: _Look) -> None:
    """Numbers under the ends of the scale end at the figure's edge."""
    inches = (NARROW - 2 * EDGE) / (look.right - look.left)
    for tick, label in zip(look.ticks, axes.get_xticklabels(), strict=True):
        half = _inches(label.get_text()) / 2
        if (tick - look.left) * inches + EDGE < half:
            label.set_horizontalalignment("left")
        if (look.right - tick) * inches + EDGE < half:
            label.set_horizontalalignment("right")
