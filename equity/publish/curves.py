"""Shares over days: one small panel per group, beside the group it is compared with.

Curves of many groups in one picture cross, and their bands hide each other. So each
group has a panel of its own, with its band, and in each panel stands the curve of the
reference. The two differ in line, mark and colour, and their last values are written at
their ends.

A curve is drawn from a few fixed days only. A full curve has a step at every closing
and would tell of single requests; the days between are joined by straight lines, which
say nothing about them.

References
----------
Tufte (1990), Envisioning Information, chapter 4: small multiples. Pocock, Clayton and
Altman (2002), Survival plots of time-to-event outcomes in clinical trials, Lancet 359,
1686-1689: show uncertainty at few time points, and stop where few are left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from equity.errors import DisclosureError, InputError, UnknownGroupError
from equity.publish import columns as made
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
    published,
    style,
)
from equity.publish.display import Published
from equity.publish.drawings import _title, _title_height
from equity.publish.entries import _check
from equity.publish.entries import _title as _heading
from equity.publish.order import unranked
from equity.publish.protect import Protected, require
from equity.publish.rows import HIDDEN_WORDS, NOT_KNOWN_WORDS, _axes_at, _sheet

MOST_DAYS = 12  # of a curve

PANEL, ALONE = 1.35, 2.1  # inches from top to floor, of many panels and of one
BETWEEN = 0.62  # inches from one panel's floor to the next one's top
LINE = 0.17  # inches for a further line of a heading
ENDS = 0.52  # inches for the numbers at the ends
BAND = "#c3d5e6"
LETTER = 0.15  # inches between two numbers at the ends

REST = "The table below the figure has all the numbers."


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


def curves(
    protected: Protected,
    *,
    name: str,
    caption: str,
    label: str,
    day_label: str = "days since the request",
    reference: str = "",
    at: str = "day",
    rows: str = "group",
    title: str | None = None,
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw a share at fixed days, one panel per group.

    The scale of days is stretched at its left end, where most happens. A line breaks
    where a number is hidden or not known.

    Parameters
    ----------
    protected
        One row per group and day, with ``estimate`` (a proportion), ``conf_low`` and
        ``conf_high``. The days are numbers: name their column in
        ``protect(..., public=["day"])``.
    name
        File name of the figure, such as "still-open".
    caption
        What the figure shows, of whom, where and when.
    label
        What the share is of, in a few words: "still open".
    day_label
        What the days are counted from.
    reference
        The group whose curve stands in every panel; "" for none.
    at, rows
        The columns of the days and of the groups.
    title
        A heading inside the figure.
    shorten
        A function from a group's name to a shorter one.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, or has so many days that a curve would tell
        of single requests.
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a day is missing or negative.
    UnknownGroupError
        If the reference has no row.
    EquityError
        If the name cannot be used, or a row appears twice.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Asian"] * 2 + ["White"] * 2, "day": [7, 30] * 2,
    ...     "events": [60] * 2 + [90] * 2, "estimate": [0.62, 0.2, 0.5, 0.1],
    ...     "conf_low": [0.5, 0.1, 0.4, 0.05], "conf_high": [0.7, 0.3, 0.6, 0.2],
    ...     "confidence": 0.95})
    >>> curves(protect(table, lines=None, public=["day"]), name="open", label="still "
    ...        "open", caption="Requests still open", reference="White")
    Requests still open
    Line charts of the share still open by days since the request, 1 panel on one scale,
    each beside White. After 7 and 30 days: Asian 62.0% and 20.0%; White 50.0% and
    10.0%. The table below the figure has all the numbers.
    """
    require(protected, "figures.curves")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, [rows, at], "percent", " ")
    days = _days(frame, at)
    frame = unranked(frame, rows)
    found = {
        label: _curve(label, part, at) for label, part in _by_label(frame, rows).items()
    }
    if reference and reference not in found:
        raise UnknownGroupError(
            f"{reference!r} matches 0 rows of {rows}; expected one of {list(found)}"
        )
    base = found.get(reference)
    panels = [curve for curve in found.values() if curve is not base] or [base]
    values = np.concatenate([(*c.estimate, *c.high) for c in found.values()])
    values = values[~np.isnan(values)]
    shared = _Frame(
        days=days,
        most=_nice(max(values, default=100.0)),
        label=label,
        day_label=day_label,
        reference=reference if base is not panels[0] else "",
        level=display.level(made.only_level(frame)),
    )
    shorten = shorten or str
    with style(name):
        return published(
            _draw(panels, base, shared, title, shorten),
            _draw_narrow(panels, base, shared, title, shorten),
            name=name,
            caption=caption,
            alt=_alt(panels, base, shared, protected.why),
            source=source,
            data=_numbers(protected, frame, rows, at, shared, name, caption),
            counts=made.counts(protected),
        )


def _days(frame: pd.DataFrame, at: str) -> np.ndarray:
    days = pd.to_numeric(frame[at], errors="coerce").to_numpy(dtype=float)
    if np.isnan(days).any() or (days < 0).any():
        wrong = int((np.isnan(days) | (days < 0)).sum())
        raise InputError(f"{wrong} rows of {at!r} are no days; expected 0 or more")
    days = np.unique(days)
    if len(days) > MOST_DAYS:
        raise DisclosureError(
            f"{len(days)} days would tell of single requests; give at most {MOST_DAYS} "
            "fixed days, such as 1, 3, 7, 14, 30, 60 and 90"
        )
    return days


def _by_label(frame: pd.DataFrame, rows: str) -> dict[str, pd.DataFrame]:
    labels = frame[rows].map(display.label)
    return {label: frame[labels == label] for label in dict.fromkeys(labels)}


def _curve(label: str, part: pd.DataFrame, at: str) -> _Curve:
    part = part.sort_values(at)
    numbers = [
        [display.rounded(value, "percent") for value in part[column]]
        for column in ("estimate", "conf_low", "conf_high")
    ]
    estimate, low, high = np.array(numbers, dtype=float)
    hidden = part["suppressed"].notna().to_numpy() & np.isnan(estimate)
    return _Curve(label, part[at].to_numpy(dtype=float), estimate, low, high, hidden)


def _nice(value: float) -> float:
    """The end of the scale of shares: all of them, or less for small ones."""
    return next((end for end in (2, 5, 10, 20, 30, 40) if value <= end), 100)


def _place(days: np.ndarray | float) -> np.ndarray:
    """Where days lie on the scale, whose left end is stretched."""
    return np.log1p(days)


# --- the drawings ---------------------------------------------------------------


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


# --- the words and the numbers --------------------------------------------------


def _alt(
    panels: Sequence[_Curve], base: _Curve | None, shared: _Frame, why: str
) -> str:
    count = f"{len(panels)} panel{'' if len(panels) == 1 else 's'} on one scale"
    beside = f", each beside {shared.reference}" if shared.reference else ""
    text = f"Line charts of the share {shared.label} by {shared.day_label}, {count}"
    known = [*panels, *([base] if base is not None and base is not panels[0] else [])]
    days = list(dict.fromkeys([shared.days[0], shared.days[-1]]))
    when = " and ".join(f"{day:,g}" for day in days)
    said = "; ".join(f"{curve.label} {_at(curve, days)}" for curve in known)
    unit = "day" if days == [1.0] else "days"
    parts = [f"{text}{beside}. After {when} {unit}: {said}."]
    if any(curve.hidden.any() for curve in known):
        parts.append(f"Hidden: {why}.")
    return " ".join([*parts, REST])


def _at(curve: _Curve, days: Sequence[float]) -> str:
    """The share at some days, in words."""
    if curve.end is None:
        return display.HIDDEN if curve.hidden.any() else display.NOT_KNOWN
    words = []
    for day in days:
        value = curve.on(day)
        if not np.isnan(value):
            words.append(display.quantity(value, "percent"))
        else:
            hidden = curve.hidden[curve.days == day].any()
            words.append(display.HIDDEN if hidden else display.NOT_KNOWN)
    return " and ".join(words)


def _numbers(
    protected: Protected,
    frame: pd.DataFrame,
    rows: str,
    at: str,
    shared: _Frame,
    name: str,
    caption: str,
) -> dict:
    """The numbers of the curves as a table, row for row."""
    frame = frame.assign(**{at: [f"{day:,g}" for day in frame[at].astype(float)]})
    columns: dict = {
        rows: (_heading(rows), "text"),
        at: (_heading(at), "text"),
        "estimate": (_heading(shared.label), "percent"),
        ("conf_low", "conf_high"): (_heading(shared.level), "percent"),
    }
    return made.payload(
        [made.head(key, *entry) for key, entry in columns.items()],
        [made.column(frame, key, kind) for key, (_, kind) in columns.items()],
        protected,
        name=name,
        caption=caption,
    )
