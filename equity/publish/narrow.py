"""The narrow drawing of a figure's rows, for a telephone.

Names stand above their marks and panels below one another, so that nothing is lost
beyond the edge of the screen.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equity.publish.canvas import GREY, NARROW, RULE, RUST, _inches, _wrapped
from equity.publish.rows import (
    ESTIMATE,
    _axes_at,
    _interval,
    _interval_of,
    _key,
    _keys,
    _line_words,
    _Look,
    _Marks,
    _number,
    _panel_words,
    _printed,
    _Row,
    _row_marks,
    _set_scale,
    _sheet,
    _with_room,
)

EDGE = 0.1  # inches between the ends of the scale and the edges
LINE = 0.165  # inches from line to line
NAMES = 1.52  # inches at most for the names beside small panels

NARROW_ONE, NARROW_MANY = _Marks(2.6, 6.6, 0.085), _Marks(2.0, 5.0, 0.068, brief=True)
BLANK = {"color": GREY, "style": "italic"}
KEYS = ("title", "estimate", "compare", "bounds")


def _narrow_one(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """One panel, with each name and its numbers above its mark."""
    (rows,) = panels.values()
    estimate = f"Estimate ({_interval_of(rows)})"
    head = _narrow_head(look, title, _line_words(look), estimate)
    if not _keys(look):
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
    look = _with_room(look, NARROW - 2 * EDGE)
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
    entries = [row for rows in panels.values() for row in rows]
    head = _narrow_head(look, title, _panel_words(look, entries), ESTIMATE)
    names = {row.label: _wrapped(shorten(row.label), [NAMES] * 2) for row in entries}
    left = 0.16 + max(_inches(line) for name in names.values() for line in name)
    right = NARROW - 0.12 - max(_inches(_number(row, look)) for row in entries)
    look = _with_room(look, right - left)
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
    for kind, words in _keys(look):
        words = estimate if kind == "estimate" else words
        head += [(kind, line) for line in _wrapped(words, [NARROW - 0.36])]
    return head + [("remark", line) for line in _wrapped(remark, [NARROW] * 3)]


def _narrow_height(head: list[tuple[str, str]]) -> float:
    return sum(0.2 if kind in KEYS else LINE + 0.02 for kind, _ in head)


def _draw_head(sheet: Axes, head: list[tuple[str, str]]) -> None:
    for at, (kind, text) in enumerate(head):
        y = _narrow_height(head[:at])
        if kind in ("estimate", "compare", "bounds"):
            _key(sheet, 0, y + 0.1, text, kind)
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


def _keep_ticks_inside(axes: Axes, look: _Look) -> None:
    """Numbers under the ends of the scale end at the figure's edge."""
    inches = (NARROW - 2 * EDGE) / (look.right - look.left)
    for tick, label in zip(look.ticks, axes.get_xticklabels(), strict=True):
        half = _inches(label.get_text()) / 2
        if (tick - look.left) * inches + EDGE < half:
            label.set_horizontalalignment("left")
        if (look.right - tick) * inches + EDGE < half:
            label.set_horizontalalignment("right")
