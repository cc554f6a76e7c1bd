"""Rows under headings: a gap and its parts, group by group, on one scale.

A gap and the parts it is the sum of are read together, so they stand together: one
heading per group, the whole gap below it, then its parts with smaller, square marks.
All are drawn as dots with their intervals, never as stacked bars: parts can have
opposite signs, and a stack has no room for how well each of them is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure

from equity.errors import EquityError, UnknownGroupError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.aloud import alternative
from equity.publish.canvas import (
    GREY,
    INK,
    NARROW,
    RULE,
    WIDTH,
    _wrapped,
    published,
    style,
)
from equity.publish.display import Published
from equity.publish.drawings import (
    INTERVALS,
    LABELS,
    NUMBERS,
    _heads,
    _row_name,
    _row_numbers,
    _title,
    _title_height,
    _widest,
)
from equity.publish.entries import _check, _compared, _numbers, _panels
from equity.publish.narrow import (
    EDGE,
    LINE,
    NARROW_ONE,
    _draw_head,
    _keep_ticks_inside,
    _narrow_columns,
    _narrow_head,
    _narrow_height,
    _narrow_numbers,
    _write,
)
from equity.publish.order import unranked
from equity.publish.protect import Protected, require
from equity.publish.rows import (
    _axes_at,
    _interval,
    _interval_of,
    _line_words,
    _Look,
    _Marks,
    _number,
    _Row,
    _row_marks,
    _scaled,
    _set_scale,
    _sheet,
    _with_room,
)

HEADING, ROW = 0.3, 0.29  # inches
INDENT = 0.16

WIDE = _Marks(2.6, 6.8, 0.1)


def parts(
    protected: Protected,
    *,
    name: str,
    caption: str,
    unit: str,
    total: str = "gap",
    names: Mapping[str, str] = MappingProxyType({}),
    title: str | None = None,
    label: str = "",
    noun: str = "",
    rows: str = "component",
    groups: str = "group",
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw a gap and its parts below one another, for each group.

    Parameters
    ----------
    protected
        One row per ``group`` and ``component``, with ``estimate``, ``conf_low`` and
        ``conf_high``; other columns of the measure table are used where they are
        there. The reference has no rows of its own.
    name
        File name of the figure, such as "gap-and-its-parts".
    caption
        What the figure shows, of whom, where and when.
    unit
        "points" (given as proportions), "number" or "deviations"; parts of a ratio do
        not add up.
    total
        The component that is the sum of the others; it is drawn first and larger.
    names
        Component to what readers see: ``{"gap": "Whole gap"}``.
    title
        A heading inside the figure.
    label
        What is measured, in a few words, written under the scale.
    noun
        What a "number" counts, such as "days"; for the alternative text.
    rows, groups
        The columns of the components and of what each heading names.
    shorten
        A function from a heading to a shorter one; the alternative text keeps the
        full one.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, or holds points or other places.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If no row is the total.
    EquityError
        If the unit or name cannot be used, or a row appears twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.publish.protect import protect
    >>> gap = pd.DataFrame({
    ...     "group": "Asian", "component": ["gap", "mix of requests"], "events": 60,
    ...     "estimate": [-0.12, -0.03], "conf_low": [-0.16, -0.05],
    ...     "conf_high": [-0.08, -0.01], "confidence": 0.95})
    >>> parts(protect(gap, lines=None), name="gap", caption="Gap and parts",
    ...       unit="points", names={"gap": "Whole gap"})
    Gap and parts
    Dot-and-interval chart, 1 group of rows. A vertical line marks no gap. Asian. Whole
    gap: −12.0 percentage points (95% interval −16.0 to −8.0). mix of requests: −3.0
    percentage points (95% interval −5.0 to −1.0).
    """
    require(protected, "figures.parts")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    if unit == "ratio":
        raise EquityError(
            "the parts of a ratio do not add up; use 'points' or 'number'"
        )
    _check(frame, [rows, groups], unit, " ")
    if not frame[rows].eq(total).any():
        raise UnknownGroupError(
            f"{total!r} matches 0 rows of {rows}; expected one of "
            f"{sorted(set(frame[rows].astype(str)))}"
        )
    frame = unranked(_compared(frame, groups), groups)
    frame = frame.loc[_total_first(frame[rows].eq(total), frame[groups])]
    frame = frame.reset_index(drop=True)
    panels = _named(_panels(frame, rows, groups, unit), total, names)
    frame[rows] = [names.get(str(part), part) for part in frame[rows]]
    many = f"{len(panels)} group{'' if len(panels) == 1 else 's'} of rows"
    look = _Look(
        unit=unit,
        noun=noun,
        line=0.0,
        line_label="no gap",
        label=label,
        compare="",
        why=protected.why,
        opening=f"Dot-and-interval chart, {many}",
    )
    look = _scaled(look, [row for panel in panels.values() for row in panel])
    shorten = shorten or str
    with style(name):
        return published(
            _draw(panels, look, title, shorten),
            _draw_narrow(panels, look, title, shorten),
            name=name,
            caption=caption,
            alt=alternative(panels, look, groups),
            source=source,
            data=_numbers(protected, frame, [groups, rows], look, name, caption),
            counts=made.counts(protected),
        )


def _total_first(total, groups) -> list[int]:
    """The order of the rows in which each group begins with its total."""
    place = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    return sorted(
        range(len(total)), key=lambda at: (place[groups[at]], not total[at], at)
    )


def _named(
    panels: dict[str, list[_Row]], total: str, names: Mapping[str, str]
) -> dict[str, list[_Row]]:
    return {
        panel: [
            replace(
                row,
                label=display.label(names.get(row.label, row.label)),
                part=row.label != display.label(total),
            )
            for row in rows
        ]
        for panel, rows in panels.items()
    }


def _draw(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """Headings and names at the left, the numbers in columns at the right."""
    rows = [row for panel in panels.values() for row in panel]
    widths = [
        _widest([_number(row, look) for row in rows], NUMBERS),
        _widest([_interval(row, look) for row in rows], INTERVALS),
    ]
    texts = ["Estimate", _interval_of(rows).capitalize()]
    lines = [
        _wrapped(text, [width - 0.1] * 4)
        for text, width in zip(texts, widths, strict=True)
    ]
    span = WIDTH - LABELS - sum(widths) - 0.1
    top = _title_height(title) + 0.16 * max(len(text) for text in lines) + 0.08
    starts = np.cumsum([0.0] + [HEADING + ROW * len(p) for p in panels.values()])
    under = _wrapped(look.label, [WIDTH - LABELS] * 3)
    floor = top + starts[-1]
    height = floor + 0.28 + (0.06 + 0.16 * len(under) if under else 0.0)
    figure = Figure(figsize=(WIDTH, height))
    _title(figure, title, height)
    sheet = _sheet(figure)
    axes = _axes_at(figure, LABELS, LABELS + span, top, floor)
    look = _with_room(look, span)
    begins = top + starts[:-1] + HEADING - 0.04
    bands = [
        (begin, begin + ROW * len(panel) + 0.04)
        for begin, panel in zip(begins, panels.values(), strict=True)
    ]
    _set_scale(axes, look, floor, top, bands)
    for (panel, entries), start in zip(panels.items(), starts, strict=False):
        heading = _wrapped(shorten(panel), [WIDTH - 0.1], 9.5, "bold")
        _write(sheet, 0, top + start + 0.1, heading, fontsize=9.5, weight="bold")
        for at, row in enumerate(entries):
            middle = top + start + HEADING + ROW * (at + 0.5)
            name = _wrapped(row.label, [LABELS - INDENT - 0.12] * 2)
            _row_name(axes, middle, name, LABELS - INDENT, 9.5 if not row.part else 9)
            _row_marks(axes, middle, row, look, WIDE)
            _row_numbers(axes, middle, row, look, widths)
    _heads(axes, widths, lines)
    if look.label:
        axes.set_xlabel("\n".join(under), fontsize=9, labelpad=4)
    return figure


def _draw_narrow(
    panels: dict[str, list[_Row]], look: _Look, title: str | None, shorten: Callable
) -> Figure:
    """Headings, then each name and its numbers above its mark."""
    rows = [row for panel in panels.values() for row in panel]
    head = _narrow_head(look, title, _line_words(look), "")
    head.append(("header", f"Estimate ({_interval_of(rows)})"))
    ends, room = _narrow_columns(rows, look)
    beside = room >= 1.0  # else the numbers have a line of their own
    names = {row.label: _wrapped(row.label, [room if beside else NARROW] * 2)
             for row in rows}  # fmt: skip
    lines = {label: len(name) + (not beside) for label, name in names.items()}
    step = {label: LINE * count + 0.28 for label, count in lines.items()}
    top = _narrow_height(head) + 0.07
    tall = [0.3 + sum(step[row.label] for row in panel) for panel in panels.values()]
    starts = np.cumsum([top, *(height + 0.1 for height in tall)])
    floor = starts[-1] - 0.1
    under = _wrapped(look.label, [NARROW] * 3) if look.label else []
    figure = Figure(figsize=(NARROW, floor + 0.26 + LINE * len(under)))
    sheet = _sheet(figure)
    _draw_head(sheet, head)
    look = _with_room(look, NARROW - 2 * EDGE)
    axes = _axes_at(figure, EDGE, NARROW - EDGE, top, floor)
    placed = []
    for (panel, entries), start in zip(panels.items(), starts, strict=False):
        heading = _wrapped(shorten(panel), [NARROW], 9.5, "bold")
        _write(sheet, 0, start + 0.06, heading, fontsize=9.5, weight="bold")
        y = start + 0.3
        for row in entries:
            placed.append((row, y, y + LINE * lines[row.label] + 0.1))
            y += step[row.label]
    middles = [middle for _, _, middle in placed]
    _set_scale(axes, look, floor, top, [(y - 0.09, y + 0.09) for y in middles])
    axes.hlines(middles, look.left, look.right, color=RULE, lw=0.6, zorder=0.4)
    _keep_ticks_inside(axes, look)
    for row, y, middle in placed:
        name = names[row.label]
        _write(sheet, 0, y, name, color=GREY if row.part else INK)
        _narrow_numbers(sheet, y + (0 if beside else LINE * len(name)), row, look, ends)
        _row_marks(axes, middle, row, look, NARROW_ONE)
    _write(sheet, NARROW / 2, floor + 0.24, under, ha="center", color=GREY)
    return figure
