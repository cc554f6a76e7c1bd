"""The rows of a figure: their scale, their marks, and what is printed beside them.

The wide and the narrow drawing share all of it, so that a row looks and reads the same
in both. Marks differ in shape; a hidden row is the same grey strip everywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from equity.publish import display
from equity.publish.canvas import BLUE, GREY, INK, RULE, RUST, STRIP, _inches

HIDDEN_WORDS = "hidden to protect privacy"
NOT_KNOWN_WORDS = "not known"
ESTIMATE = "Estimate and interval"

#: Units whose numbers above zero carry a plus.
SIGNED = ("points", "deviations")

BAR = {"facecolor": "#dbe5ee", "edgecolor": GREY, "linewidth": 0.8, "zorder": 2.1}


@dataclass(frozen=True)
class _Row:
    """One row of a figure, rounded as it will be printed; None where blank."""

    label: str
    estimate: float | None
    low: float | None
    high: float | None
    compare: float | None
    interval: str
    hidden: bool
    reference: bool
    unknown: bool
    coded: str = ""
    least: float | None = None
    most: float | None = None
    part: bool = False


@dataclass(frozen=True)
class _Look:
    """How the rows of one figure are drawn and read aloud."""

    unit: str
    noun: str
    line: float | None
    line_label: str
    label: str
    compare: str
    why: str
    bounds: str = ""
    opening: str = ""
    left: float = 0.0
    right: float = 1.0
    ticks: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Marks:
    """How large the marks of a row are."""

    line: float  # points
    dot: float  # points
    strip: float  # half the height of a blank row's strip, in units of the axis
    brief: bool = False  # whether a blank row has room for one word only


# --- the scale ------------------------------------------------------------------


def _scaled(look: _Look, rows: list[_Row]) -> _Look:
    """The look with the limits and ticks of its scale.

    The limits hold all dots, marks, bounds and the line, and as much of the intervals
    as does not crush the dots.
    """
    log = look.unit == "ratio"
    held = [(row.estimate, row.compare, row.least, row.most) for row in rows]
    dots = [*(value for values in held for value in values), look.line]
    ends = [end for row in rows for end in (row.low, row.high)]
    dots = [_place(v, look.unit) for v in dots if v is not None and (v > 0 or not log)]
    ends = [_place(v, look.unit) for v in ends if v is not None and (v > 0 or not log)]
    if not dots:
        return replace(look, left=-1.0, right=1.0) if log else look
    low, high = min(dots), max(dots)
    most = 1.5 * max(high - low, 0.15 * max(abs(low), abs(high)), 1.0 if log else 0.0)
    low, high = max(min([low, *ends]), low - most), min(max([high, *ends]), high + most)
    if not log and 0 <= low < 0.6 * high:
        low = 0.0
    if not log and high <= 0 and high > 0.6 * low:
        high = 0.0
    if log:
        low, high = min(low, -0.25), max(high, 0.25)
    pad = 0.04 * ((high - low) or abs(high) or 1.0)
    left = low if low == 0 and not log and look.unit not in SIGNED else low - pad
    right = min(high + pad, 100.0) if look.unit == "percent" else high + pad
    if look.unit == "percent" and right < high + 0.01:
        right = 100.0
    return replace(look, left=left, right=right, ticks=_ticks(left, right, log))


def _place(value: float, unit: str) -> float:
    """Where a value lies on the scale."""
    return math.log2(value) if unit == "ratio" else value


def _inside(value: float, look: _Look) -> tuple[float, bool]:
    """A place on the scale, and whether the value lies beyond its ends."""
    if look.unit == "ratio" and value <= 0:
        return look.left, True
    place = _place(value, look.unit)
    kept = min(max(place, look.left), look.right)
    return kept, abs(kept - place) > 1e-9


def _ticks(left: float, right: float, log: bool) -> list[float]:
    if not log:
        ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(left, right)
        return [float(t) for t in ticks if left - 1e-9 <= t <= right + 1e-9]
    fine = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2]
    step = max(1, math.ceil((right - left) / 9))
    coarse = [2.0**k for k in range(-step * 8, step * 8 + 1, step)]
    shown = fine if right - left < 2.2 else coarse
    return [math.log2(t) for t in shown if left <= math.log2(t) <= right]


def _with_room(look: _Look, inches: float) -> _Look:
    """The look with as many ticks as have room on a scale of that length."""
    scale = inches / (look.right - look.left)
    base = 0 if look.line is None else _place(look.line, look.unit)
    at = min(range(len(look.ticks)), key=lambda k: abs(look.ticks[k] - base), default=0)
    for step in range(1, len(look.ticks) + 1):
        ticks = look.ticks[at % step :: step]
        half = [_inches(_tick_text(tick, look)) / 2 + 0.03 for tick in ticks]
        if all(
            (b - a) * scale >= left + right
            for (a, b), (left, right) in zip(
                pairwise(ticks), pairwise(half), strict=True
            )
        ):
            return replace(look, ticks=ticks)
    return look


def _tick_text(tick: float, look: _Look) -> str:
    if look.unit == "ratio":
        return f"{2.0**tick:.3g}"
    sign = "\N{MINUS SIGN}" if tick < -1e-9 else ""
    plus = "+" if look.unit in SIGNED and tick > 1e-9 else ""
    return f"{plus}{sign}{abs(tick):,.10g}{'%' if look.unit == 'percent' else ''}"


def _set_scale(
    axes: Axes, look: _Look, bottom: float, top: float,
    bands: Sequence[tuple[float, float]] = (),
) -> None:  # fmt: skip
    """The scale, ruled from bottom to top or, if there are bands, inside them only."""
    axes.set(xlim=(look.left, look.right), ylim=(bottom, top), yticks=[])
    axes.set_xticks(look.ticks, [_tick_text(tick, look) for tick in look.ticks])
    axes.tick_params(length=3, width=0.8, pad=3)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.patch.set_alpha(0)
    bands = bands or [(bottom, top)]
    _rules(axes, look.ticks, bands, color=RULE, linewidth=0.6, zorder=0.5)
    if look.line is not None:
        at = [_place(look.line, look.unit)]
        _rules(axes, at, bands, color=INK, linewidth=1.1, zorder=1.5)


def _rules(
    axes: Axes, places: Sequence[float], bands: Sequence[tuple[float, float]], **look
) -> None:
    """Vertical lines at each place through each band, as one mark."""
    ends = [(at, y) for at in places for band in bands for y in (*band, np.nan)]
    axes.plot([at for at, _ in ends], [y for _, y in ends], clip_on=False, **look)


# --- the marks ------------------------------------------------------------------


def _row_marks(axes: Axes, at: float, row: _Row, look: _Look, marks: _Marks) -> None:
    if row.estimate is None and not _is_base(row) and row.least is None:
        _strip(axes, at, row, look, marks)
    if row.least is not None and row.most is not None:
        _bar(axes, at, row, look, marks)
    width, size = (part * (0.7 if row.part else 1) for part in (marks.line, marks.dot))
    low, high = row.low, row.high
    if row.estimate is not None and low is not None and high is not None:
        start, end = (_inside(v, look) for v in (low, high))
        axes.plot(
            [start[0], end[0]], [at, at], color=BLUE, alpha=1, linewidth=width,
            solid_capstyle="butt", clip_on=False, zorder=2.5,
        )  # fmt: skip
        for place, cut, arrow in ((*start, "<"), (*end, ">")):
            if cut:
                axes.plot(
                    place, at, arrow, color=BLUE, ms=size, clip_on=False, zorder=3
                )
    if row.estimate is not None:
        axes.plot(
            _inside(row.estimate, look)[0], at, "s" if row.part else "o", ms=size,
            mfc=BLUE, mec="white", mew=0.6, clip_on=False, zorder=3.5,
        )  # fmt: skip
    if row.compare is not None:
        axes.plot(
            _inside(row.compare, look)[0], at, "D", ms=size + 1, mfc="none", mec=RUST,
            mew=1.4, clip_on=False, zorder=4,
        )  # fmt: skip


def _bar(axes: Axes, at: float, row: _Row, look: _Look, marks: _Marks) -> None:
    """The bounds of a row: a pale bar behind its marks."""
    start, end = (_inside(value, look)[0] for value in (row.least, row.most))
    half = 0.6 * marks.strip
    axes.add_patch(
        Rectangle((start, at - half), end - start, 2 * half, clip_on=False, **BAR)
    )


def _strip(axes: Axes, at: float, row: _Row, look: _Look, marks: _Marks) -> None:
    """A blank row: the same strip and words wherever it stands."""
    axes.add_patch(
        Rectangle(
            (0, at - marks.strip), 1, 2 * marks.strip,
            transform=axes.get_yaxis_transform(),
            facecolor=STRIP, edgecolor="none", clip_on=False, zorder=2,
        )
    )  # fmt: skip
    if look.compare:  # the hollow mark may stand anywhere: the words go beside
        return
    axes.text(
        0.5, at, _blank_words(row, marks.brief), transform=axes.get_yaxis_transform(),
        ha="center", va="center_baseline", fontsize=9, color=GREY, style="italic",
        zorder=2.2,
    )  # fmt: skip


def _keys(look: _Look) -> list[tuple[str, str]]:
    """The kinds of marks that need a legend, and what each means."""
    others = [("compare", look.compare), ("bounds", look.bounds)]
    others = [(kind, text) for kind, text in others if text]
    return [("estimate", ESTIMATE), *others] if others else []


def _key(sheet: Axes, x: float, y: float, text: str, kind: str = "estimate") -> None:
    """A mark and what it means."""
    if kind == "compare":
        sheet.plot(x + 0.155, y, "D", ms=7.5, mfc="none", mec=RUST, mew=1.4)
    elif kind == "bounds":
        sheet.add_patch(Rectangle((x + 0.03, y - 0.065), 0.25, 0.13, **BAR))
    else:
        sheet.plot([x + 0.03, x + 0.28], [y, y], color=BLUE, lw=2.6)
        sheet.plot(x + 0.155, y, "o", ms=6.8, mfc=BLUE, mec="white", mew=0.6)
    sheet.text(x + 0.36, y, text, fontsize=9, va="center_baseline")


def _sheet(figure: Figure) -> Axes:
    """The whole figure as a plane in inches, from its upper left corner."""
    wide, high = figure.get_size_inches()
    sheet = figure.add_axes((0, 0, 1, 1))
    sheet.set(xlim=(0, wide), ylim=(high, 0), autoscale_on=False)
    sheet.axis("off")
    return sheet


def _axes_at(
    figure: Figure, left: float, right: float, top: float, floor: float
) -> Axes:
    """Axes at a place given in inches from the upper left corner."""
    wide, high = figure.get_size_inches()
    return figure.add_axes(
        (left / wide, 1 - floor / high, (right - left) / wide, (floor - top) / high)
    )


# --- the words and numbers ------------------------------------------------------


def _is_base(row: _Row) -> bool:
    """Whether the row is blank because all others are compared with it."""
    blank = row.reference and row.estimate is None
    return blank and not (row.hidden or row.unknown or row.coded)


def _blank_words(row: _Row, brief: bool = False) -> str:
    if _is_base(row):
        return "the reference"
    if row.coded:
        return row.coded
    if row.hidden:
        return display.HIDDEN if brief else HIDDEN_WORDS
    if row.unknown:
        return NOT_KNOWN_WORDS
    return display.NOT_APPLICABLE if brief else "cannot be calculated"


def _printed(value: float | None, look: _Look) -> str:
    if value is None:
        return ""
    return display.number(value, look.unit) + ("%" if look.unit == "percent" else "")


def _number(row: _Row, look: _Look) -> str:
    """What the column of estimates says: a number, or why there is none."""
    beside = look.compare or row.least is not None  # no strip to hold them, or no room
    if row.estimate is None and beside and not _is_base(row):
        return _blank_words(row, brief=True)
    return _printed(row.estimate, look)


def _interval(row: _Row, look: _Look) -> str:
    if row.estimate is None and not _is_base(row):
        return ""
    limits = display.span(row.low, row.high, look.unit)
    return limits or ("reference" if row.reference else "no interval")


def _interval_of(rows: list[_Row]) -> str:
    kinds = list(dict.fromkeys(row.interval for row in rows))
    return kinds[0] if len(kinds) == 1 else "interval"


def _line_words(look: _Look) -> str:
    return f"line: {look.line_label}" if look.line_label else ""


def _panel_words(look: _Look, rows: list[_Row]) -> str:
    """What is under the title of small panels: what is measured, and the marks."""
    bars = any(row.low is not None or row.high is not None for row in rows)
    parts = (look.label, f"bars: {_interval_of(rows)}" if bars else "")
    return " · ".join(text for text in (*parts, _line_words(look)) if text)
