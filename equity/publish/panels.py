"""The drawings of shares over days: panels, each with its band and the reference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equity.publish import display
from equity.publish.canvas import (
    BLUE,
    GREY,
    NARROW,
    RULE,
    RUST,
    STRIP,
    WIDTH,
    _inches,
    _wrapped,
)
from equity.publish.drawings import _title, _title_height
from equity.publish.rows import HIDDEN_WORDS, NOT_KNOWN_WORDS, _axes_at, _sheet

PANEL, ALONE = 1.35, 2.1  # inches from top to floor, of many panels and of one
BETWEEN = 0.62  # inches from one panel's floor to the next one's top
LINE = 0.17  # inches for a further line of a heading
ENDS = 0.52  # inches for the numbers at the ends
BAND = "#c3d5e6"
LETTER = 0.15  # inches between two numbers at the ends


@dataclass(frozen=True, eq=False)
class _Curve:
    """The shares of one group at the fixed days, in percent; missing where blank."""

    label: str
    days: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    hidden: np.ndarray

    @property
    def end(self) -> tuple[float, float] | None:
        """The last day with a number, and the number."""
        known = np.flatnonzero(~np.isnan(self.estimate))
        if not len(known):
            return None
        return float(self.days[known[-1]]), float(self.estimate[known[-1]])

    def on(self, day: float) -> float:
        """The share after a day; missing where it is blank."""
        found = self.estimate[self.days == day]
        return float(found[0]) if len(found) else np.nan


@dataclass(frozen=True, eq=False)
class _Frame:
    """What all panels of one figure share."""

    days: np.ndarray
    most: float
    label: str
    day_label: str
    reference: str
    level: str


def _place(days: np.ndarray | float) -> np.ndarray:
    """Where days lie on the scale, whose left end is stretched."""
    return np.log1p(days)


def _draw(
    panels: Sequence[_Curve], base: _Curve | None, shared: _Frame,
    title: str | None, shorten: Callable,
) -> Figure:  # fmt: skip
    """Panels three and three beside one another."""
    across = min(3, len(panels))
    return _draw_panels(
        panels, base, shared, shorten, WIDTH, across, _title_height(title), title
    )


def _draw_narrow(
    panels: Sequence[_Curve], base: _Curve | None, shared: _Frame,
    title: str | None, shorten: Callable,
) -> Figure:  # fmt: skip
    """Panels below one another."""
    return _draw_panels(panels, base, shared, shorten, NARROW, 1, 0.0, title)


def _draw_panels(
    panels: Sequence[_Curve], base: _Curve | None, shared: _Frame, shorten: Callable,
    width: float, across: int, above: float, title: str | None,
) -> Figure:  # fmt: skip
    axis = 0.08 + _inches(f"{shared.most:.0f}%")  # for the numbers of the shares
    lines = [] if above or not title else _wrapped(title, [width] * 4, 10.5, "bold")
    above = above or 0.06 + 0.2 * len(lines)
    legend = _legend_lines(shared, width)
    under = _wrapped(f"{shared.label}, by {shared.day_label}", [width] * 2)
    cell = width / across
    heads = [
        _wrapped(shorten(curve.label), [cell - 0.1] * 2, 9.5, "bold")
        for curve in panels
    ]
    panel = PANEL if len(panels) > 1 else ALONE
    between = BETWEEN + LINE * (max(map(len, heads)) - 1)
    keyed = above + 0.22 * (1 + legend[-1][1])
    top = keyed + 0.19 * len(under) + between - 0.24
    shelves = -(-len(panels) // across)
    height = top + shelves * panel + (shelves - 1) * between + 0.3
    figure = Figure(figsize=(width, height))
    sheet = _sheet(figure)
    if lines:
        for at, line in enumerate(lines):
            sheet.text(0, 0.16 + 0.2 * at, line, fontsize=10.5, weight="bold")
    else:
        _title(figure, title, height)
    _draw_legend(sheet, legend, above)
    for at, line in enumerate(under):
        sheet.text(0, keyed + 0.16 + 0.19 * at, line, fontsize=9, color=GREY)
    for at, (curve, head) in enumerate(zip(panels, heads, strict=True)):
        shelf, column = divmod(at, across)
        y = top + shelf * (panel + between)
        left = column * cell + axis
        right = (column + 1) * cell - ENDS
        axes = _axes_at(figure, left, right, y, y + panel)
        for up, line in enumerate(reversed(head)):
            sheet.text(
                left - axis, y - 0.1 - LINE * up, line, fontsize=9.5, weight="bold"
            )
        _draw_panel(axes, curve, base, shared, right - left, panel)
    return figure


def _draw_panel(
    axes: Axes, curve: _Curve, base: _Curve | None, shared: _Frame,
    inches: float, tall: float,
) -> None:  # fmt: skip
    ends = _place(shared.days[[0, -1]])
    pad = 0.03 * ((ends[1] - ends[0]) or 1.0)
    axes.set(xlim=(ends[0] - pad, ends[1] + pad), ylim=(0, shared.most))
    ticks = _with_room(shared.days, inches)
    axes.set_xticks(_place(ticks), [f"{day:,g}" for day in ticks])
    shares = np.linspace(0, shared.most, 3)
    axes.set_yticks(shares, [f"{share:g}%" for share in shares])
    axes.tick_params(axis="y", labelsize=9, labelcolor=GREY, length=0, pad=3)
    axes.tick_params(axis="x", length=3, width=0.8, pad=3)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.patch.set_alpha(0)
    if curve.end is not None:
        axes.hlines(shares[1:], *axes.get_xlim(), color=RULE, lw=0.6, zorder=0.5)
    if curve.end is None:
        axes.axhspan(0, shared.most, color=STRIP, zorder=0.4)
        words = HIDDEN_WORDS if curve.hidden.any() else NOT_KNOWN_WORDS
        words = "\n".join(_wrapped(words, [0.9 * inches] * 3))
        axes.text(
            0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center",
            fontsize=9, color=GREY, style="italic", zorder=6,
        )  # fmt: skip
        return
    x = _place(curve.days)
    axes.fill_between(
        x, curve.low, curve.high, color=BAND, linewidth=0, zorder=1, clip_on=False
    )
    for end in (curve.low, curve.high):
        axes.plot(x, end, color=BLUE, lw=0.6, zorder=1.2, clip_on=False)
    lines = [(curve, BLUE)]
    if base is not None and base is not curve and base.end is not None:
        lines.append((base, RUST))
        axes.plot(
            _place(base.days), base.estimate, "D--", color=RUST, ms=4.2, mfc="white",
            mec=RUST, mew=1.1, lw=1.2, zorder=3, clip_on=False,
        )  # fmt: skip
    axes.plot(
        x, curve.estimate, "o-", color=BLUE, ms=4.6, lw=1.8, zorder=4, clip_on=False
    )
    _draw_ends(axes, lines, shared, tall)


def _draw_ends(
    axes: Axes, lines: Sequence[tuple[_Curve, str]], shared: _Frame, tall: float
) -> None:
    """The last values: at the right of the panel, or where a line ends before."""
    last = shared.days[-1]
    here = sorted(
        (line.end[1], colour) for line, colour in lines if line.end[0] == last
    )
    need = LETTER * shared.most / tall
    places = [value for value, _ in here]
    if len(places) == 2 and places[1] - places[0] < need:  # never on top of each other
        middle = min(max(np.mean(places), need / 2), shared.most - need / 2)
        places = [middle - need / 2, middle + need / 2]
    for place, (value, colour) in zip(places, here, strict=True):
        _write_end(axes, value, colour, (1, place), ("axes fraction", "data"), (5, 0))
    for at, (line, colour) in enumerate(lines):
        day, value = line.end
        if day < last:
            other = lines[1 - at][0] if len(lines) > 1 else line
            above = value >= other.on(day)
            where = (float(_place(day)), value)
            _write_end(axes, value, colour, where, "data", (0, 9 if above else -9))


def _write_end(
    axes: Axes, value: float, colour: str, where: tuple, system, offset: tuple
) -> None:
    axes.annotate(
        display.quantity(round(value, 1), "percent"), where, offset, xycoords=system,
        textcoords="offset points", va="center_baseline", fontsize=9, color=colour,
        zorder=5, weight="bold" if colour == BLUE else "normal",
        ha="left" if offset[0] else "center",
    )  # fmt: skip


def _with_room(days: np.ndarray, inches: float) -> np.ndarray:
    """As many of the days as have room under the scale, the first and last of all."""
    whole = (_place(days[-1]) - _place(days[0])) or 1.0
    half = [_inches(f"{day:,g}") / 2 + 0.03 for day in days]
    at = (_place(days) - _place(days[0])) / whole * inches
    for step in range(1, len(days) + 1):
        kept = sorted({*range(len(days) - 1, -1, -step)})
        if all(at[b] - at[a] >= half[a] + half[b] for a, b in pairwise(kept)):
            return days[kept]
    return days[-1:]


def _legend_lines(shared: _Frame, width: float) -> list[tuple[float, int, str, str]]:
    """Each entry: how far in, on which line, which mark, and what it means."""
    texts = [("line", f"The group, with its {shared.level}")]
    if shared.reference:
        texts.append(("base", shared.reference))
    entries, x, line = [], 0.0, 0
    for kind, words in texts:
        (text,) = _wrapped(words, [width - 0.5])
        wide = 0.5 + _inches(text)
        if x and x + wide > width:
            x, line = 0.0, line + 1
        entries.append((x, line, kind, text))
        x += wide + 0.24
    return entries


def _draw_legend(
    sheet: Axes, entries: Sequence[tuple[float, int, str, str]], top: float
) -> None:
    for x, line, kind, text in entries:
        y = top + 0.11 + 0.22 * line
        across = [x + 0.02, x + 0.22, x + 0.42]
        if kind == "base":
            sheet.plot(
                across, [y] * 3, "D--", color=RUST, ms=4.2, mfc="white", mec=RUST,
                mew=1.1, lw=1.2,
            )  # fmt: skip
        else:
            sheet.fill_between(across, y - 0.07, y + 0.07, color=BAND, linewidth=0)
            sheet.plot(across, [y] * 3, "-", color=BLUE, lw=1.8)
            sheet.plot(across[1], y, "o", color=BLUE, ms=4.6)
        sheet.text(x + 0.5, y, text, fontsize=9, va="center_baseline")
