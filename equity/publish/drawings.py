"""The wide drawing of a figure's rows.

Names stand at the left and columns of numbers at the right, or there are small panels
beside one another. See `equity.publish.narrow` for telephones.
"""

import textwrap
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equity.publish.canvas import (
    GREY,
    INK,
    RUST,
    WIDTH,
    _inches,
    _wrapped,
)
from equity.publish.rows import (
    _axes_at,
    _interval,
    _interval_of,
    _key,
    _keys,
    _Look,
    _Marks,
    _number,
    _panel_words,
    _place,
    _printed,
    _Row,
    _row_marks,
    _set_scale,
    _sheet,
    _with_room,
)

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
    columns = [
        ("Estimate", _widest([_number(row, look) for row in rows], NUMBERS)),
        (_interval_of(rows).capitalize(),
         _widest([_interval(row, look) for row in rows], INTERVALS)),
    ]  # fmt: skip
    if look.compare:
        texts = [_printed(row.compare, look) for row in rows]
        columns.append((look.compare, _widest(texts, NUMBERS + 0.32)))
    wide = sum(width for _, width in columns)
    lines = [_wrapped(text, [width - 0.1] * 4) for text, width in columns]
    above = _title_height(title) + _legend_height(look)
    span = WIDTH - LABELS - wide - 0.1
    side, mark = _line_lines(look, span)
    top = above + 0.16 * max(len(text) for text in [*lines, mark]) + 0.08
    under = _wrapped(look.label, [WIDTH - LABELS] * 3)
    bottom = 0.28 + (0.06 + 0.16 * len(under) if under else 0.0)
    height = top + ROW * len(rows) + bottom
    figure = Figure(figsize=(WIDTH, height))
    _title(figure, title, height)
    axes = figure.add_axes(
        (LABELS / WIDTH, bottom / height, span / WIDTH, ROW * len(rows) / height)
    )
    look = _with_room(look, span)
    _set_scale(axes, look, len(rows) - 0.5, -0.5)
    for at, row in enumerate(rows):
        _row_name(axes, at, _name_lines(shorten(row.label)), LABELS)
        _row_marks(axes, at, row, look, ONE)
        _row_numbers(axes, at, row, look, [width for _, width in columns])
    _heads(axes, [width for _, width in columns], lines)
    if mark:
        axes.annotate(
            "\n".join(mark), (_place(look.line, look.unit), 1), (0, 4), ha=side,
            xycoords=("data", "axes fraction"), textcoords="offset points",
            va="bottom", fontsize=9, linespacing=1.05,
        )  # fmt: skip
    if look.label:
        axes.set_xlabel("\n".join(under), fontsize=9, labelpad=4)
    _legend(figure, look, _title_height(title))
    return figure


def _draw_many(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """Small panels on one scale, the estimate at the right of each."""
    across = min(3, len(panels))
    entries = [row for rows in panels.values() for row in rows]
    number = max(0.5, *(_inches(_number(row, look), 9.5) + 0.06 for row in entries))
    names, gap = 1.62, 0.22 if _keys(look) else 0.12
    cell = (WIDTH - names + gap - 0.05) / across
    labels = _together(panels)
    lines = {label: _wrapped(shorten(label), [names - 0.12] * 2) for label in labels}
    row = 0.31 if any(len(name) > 1 for name in lines.values()) else 0.235
    heads = {
        panel: _wrapped(panel, [cell - gap] * 3, 9.5, "bold") or [""]
        for panel in panels
    }
    under = _wrapped(_panel_words(look, entries), [WIDTH] * 2)
    above = _title_height(title) + _legend_height(look)
    shelves = [list(panels)[at : at + across] for at in range(0, len(panels), across)]
    head = [0.14 + 0.16 * max(len(heads[p]) for p in shelf) for shelf in shelves]
    each = [part + row * len(labels) + 0.32 for part in head]
    tops = above + 0.2 * len(under) + np.cumsum([0, *each])
    height = tops[-1] + 0.02
    figure = Figure(figsize=(WIDTH, height))
    _title(figure, title, height)
    look = _with_room(look, cell - number - gap)
    for shelf, top, part in zip(shelves, tops, head, strict=False):
        for column, panel in enumerate(shelf):
            left = names + column * cell
            axes = _axes_at(
                figure, left, left + cell - number - gap, top + part,
                top + part + row * len(labels),
            )  # fmt: skip
            _set_scale(axes, look, len(labels) - 0.5, -0.5)
            axes.annotate(
                "\n".join(heads[panel]), (0, 1), (0, 5), xycoords="axes fraction",
                textcoords="offset points", va="bottom", weight="bold", fontsize=9.5,
                linespacing=1.05,
            )  # fmt: skip
            for at, label in enumerate(labels if column == 0 else []):
                _row_name(axes, at, lines[label], names, 9)
            for entry in panels[panel]:
                _row_marks(axes, labels.index(entry.label), entry, look, MANY)
                _row_numbers(axes, labels.index(entry.label), entry, look, [number])
    figure.text(
        0, 1 - (above + 0.02) / height, "\n".join(under), fontsize=9, color=GREY,
        va="top",
    )  # fmt: skip
    _legend(figure, look, _title_height(title))
    return figure


def _widest(texts: list[str], least: float) -> float:
    """Inches for a column of numbers."""
    return max(least, *(_inches(text, 9.5, "bold") + 0.1 for text in texts))


def _name_lines(name: str) -> list[str]:
    """A row's name in one line, or in two smaller ones."""
    if _inches(name, 9.5) <= LABELS - 0.22:
        return [name]
    return _wrapped(name, [LABELS - 0.22] * 2)


def _together(panels: dict[str, list[_Row]]) -> list[str]:
    """The names of all panels' rows: each where the panels that have it have it."""
    order: list[str] = []
    for rows in panels.values():
        at = 0
        for row in rows:
            if row.label not in order:
                order.insert(at, row.label)
            at = order.index(row.label) + 1
    return order


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
    axes: Axes, at: int, lines: list[str], inches: float, size: float = 9.5
) -> None:
    axes.annotate(
        "\n".join(lines), (0, at), (-inches * 72, 0), va="center",
        xycoords=("axes fraction", "data"), textcoords="offset points",
        fontsize=size if len(lines) < 2 else max(9, size - 0.5), linespacing=1.0,
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


def _line_lines(look: _Look, span: float) -> tuple[str, list[str]]:
    """On which side of its line the line's name ends, and its lines of text."""
    if look.line is None or not look.line_label:
        return "center", []
    part = (_place(look.line, look.unit) - look.left) / (look.right - look.left)
    right = (1 - part) * span
    if _inches(look.line_label) <= 2 * min(right, part * span + 0.4):
        return "center", [look.line_label]
    if part < 0.25:
        return "left", _wrapped(look.line_label, [right] * 3)
    return "right", _wrapped(look.line_label, [part * span + 0.4] * 3)


def _legend_lines(look: _Look) -> list[list[tuple[float, str, str]]]:
    """The entries of the legend, line by line: how far in, the mark, its meaning."""
    lines: list[list[tuple[float, str, str]]] = []
    x = WIDTH
    for kind, words in _keys(look):
        (text,) = _wrapped(words, [WIDTH - 0.36])
        wide = 0.36 + _inches(text)
        if x + wide > WIDTH:
            lines.append([])
            x = 0.0
        lines[-1].append((x, kind, text))
        x += wide + 0.24
    return lines


def _legend_height(look: _Look) -> float:
    lines = _legend_lines(look)
    return 0.3 + 0.22 * (len(lines) - 1) if lines else 0.0


def _legend(figure: Figure, look: _Look, top: float) -> None:
    """The marks and what they mean, above the figure."""
    lines = _legend_lines(look)
    if not lines:
        return
    sheet = _sheet(figure)
    for at, line in enumerate(lines):
        for x, kind, text in line:
            _key(sheet, x, top + 0.18 + 0.22 * at, text, kind)
