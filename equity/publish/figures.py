"""Protected tables to figures in one house style: a dot, its interval, its number.

Why dots and intervals: a bar invites the eye to its end and hides how well that end is
known. Here every group has its own row, in the order of the table and never by value;
the number stands beside the picture; a hidden row is the same grey strip everywhere.
Colours differ in lightness and marks in shape, so print and colour blindness lose
nothing. All of a figure's numbers are in its alternative text.

Every figure is drawn twice from the same rows: wide, and narrow for a telephone, where
names stand above their marks and panels below one another, so that nothing is lost
beyond the edge of the screen.

References
----------
Cleveland and McGill (1984), Graphical perception, JASA 79(387), 531-554: position on
a common scale is read best. Schwabish and Feng (2021), Do No Harm Guide: Applying
equity awareness in data visualization, Urban Institute: order, labels, and reference
groups are choices.
"""

import io
import math
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

from equity.errors import ColumnNotFoundError, EquityError
from equity.publish import display
from equity.publish.display import Published
from equity.publish.protect import COUNTS, Protected, require

INK, GREY, RULE, STRIP = "#1a1a1a", "#595959", "#d9d9d9", "#ececec"
BLUE, RUST = "#0b4f8a", "#b3470f"

WIDTH = 7.29  # inches; 700 CSS pixels, at which 9 pt is 12 pixels
NARROW = 3.55  # inches; 341 CSS pixels

HOUSE = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.linewidth": 0.8,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 9.5,
    "hatch.color": "#8c8c8c",
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "xtick.color": GREY,
    "xtick.labelsize": 9,
}

HIDDEN_WORDS = "hidden to protect privacy"
NOT_KNOWN_WORDS = "not known"


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
    left: float = 0.0
    right: float = 1.0
    ticks: list[float] = field(default_factory=list)


def dot_interval(
    protected: Protected,
    *,
    name: str,
    caption: str,
    unit: str,
    title: str | None = None,
    label: str = "",
    noun: str = "",
    reference_line: float | None = None,
    reference_label: str = "",
    compare: str | None = None,
    compare_label: str = "",
    rows: str = "group",
    facets: str | None = None,
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw one row per group: a dot, its interval, and the numbers beside it.

    Ratios are drawn on a doubling scale, on which twice and half are equally far from
    one. An interval that would flatten all others is cut at the edge and ends in an
    arrow; its numbers are printed whole. With ``facets`` there is one small panel
    per value, all on one scale, with the estimate only.

    Parameters
    ----------
    protected
        One row per value of ``rows`` (and of ``facets``), with ``estimate``,
        ``conf_low``, ``conf_high``; other columns of the measure table are used
        where they are there.
    name
        File name of the figure, such as "days-to-close".
    caption
        What the figure shows, of whom, where and when.
    unit
        "percent" and "points" (given as proportions), "ratio" or "number".
    title
        A heading inside the figure.
    label
        What is measured, in a few words, written under the scale.
    noun
        What a "number" counts, such as "days"; for the alternative text.
    reference_line
        A value, in the unit of the table, marked by a vertical line: 1 for parity of
        a ratio, 0 for a difference. Those two are drawn without being asked for.
    reference_label
        What the line means.
    compare
        A column drawn as a second, hollow mark, such as a share of residents.
    compare_label
        What the hollow mark means; needed with ``compare``.
    rows
        The column whose values are the rows.
    facets
        A column whose values are panels, such as "department".
    shorten
        A function from a row's name to a shorter one; the alternative text keeps the
        full name.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If the unit or name cannot be used, a row appears twice, or ``compare`` has no
        label.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> days = pd.DataFrame({"group": ["Asian", "White"], "events": [60, 1240],
    ...                      "estimate": [14.0, 10.9], "conf_low": [12.1, 10.2],
    ...                      "conf_high": [15.9, 11.6], "confidence": 0.95})
    >>> dot_interval(protect(days), name="days", caption="Days to close by race",
    ...              unit="number", noun="days")
    Days to close by race
    Dot-and-interval chart, 2 rows. Asian: 14.0 days (95% interval 12.1 to 15.9).
    White: 10.9 days (95% interval 10.2 to 11.6).
    """
    require(protected, "figures.dot_interval")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, [rows, facets, compare], unit, compare_label if compare else " ")
    panels = _panels(frame, rows, facets, unit, compare)
    line = {"ratio": 1.0, "points": 0.0}.get(unit) if reference_line is None else None
    line = display.rounded(reference_line, unit) if line is None else line
    if unit == "ratio" and reference_line is None:
        reference_label = reference_label or "1 = the same"
    look = _Look(
        unit=unit,
        noun=noun,
        line=line,
        line_label=reference_label,
        label=label,
        compare=compare_label if compare else "",
        why=protected.why,
    )
    look = _scaled(look, [row for panel in panels.values() for row in panel])
    shorten = shorten or str
    draw, draw_narrow = (
        (_draw_one, _narrow_one) if facets is None else (_draw_many, _narrow_many)
    )
    with style(name):
        return published(
            draw(panels, look, title, shorten),
            draw_narrow(panels, look, title, shorten),
            name=name,
            caption=caption,
            alt=_alt(panels, look, facets),
            source=source,
        )


def published(
    wide: Figure,
    narrow: Figure,
    *,
    name: str,
    caption: str,
    alt: str,
    source: str,
    decimals: int = 2,
) -> Published:
    """Make one figure that a page may show out of its two drawings.

    Parameters
    ----------
    wide, narrow
        The same figure drawn `WIDTH` and `NARROW` inches wide, inside :func:`style`.
    name, caption, alt, source
        As in the payload.
    decimals
        Decimals of a point kept in paths.

    Returns
    -------
    Published
        A payload of kind "figure".

    Examples
    --------
    >>> with style("a"):
    ...     published(Figure(), Figure(), name="a", caption="Days", alt="Two.",
    ...               source="")
    Days
    Two.
    """
    payload = {
        "kind": "figure",
        "name": name,
        "caption": caption,
        "alt": alt,
        "source": source,
        "svg": svg(wide, name, decimals=decimals),
        # A name has single hyphens: no other figure's ids begin like these.
        "narrow": svg(narrow, f"{name}--narrow", decimals=decimals),
    }
    return display._publish(payload, pixels(wide, caption))


def style(name: str) -> Any:
    """Return the house style as a context, with ids that depend on the name only.

    Parameters
    ----------
    name
        Name of the figure.

    Returns
    -------
    context manager
        Inside it, figures are drawn in the house style.

    Examples
    --------
    >>> with style("a"):
    ...     mpl.rcParams["svg.hashsalt"]
    'a'
    """
    return mpl.rc_context({**HOUSE, "svg.hashsalt": name})


def svg(figure: Figure, name: str, *, decimals: int = 2) -> str:
    """Write a figure as one svg element: the same figure, the same bytes.

    Comments, dates and the maker are left out, coordinates are rounded, a text drawn
    twice is kept once, and ids begin with the name.

    Parameters
    ----------
    figure
        A figure made inside :func:`style`.
    name
        Name of the figure.
    decimals
        Decimals of a point kept in paths.

    Returns
    -------
    str
        From ``<svg`` to ``</svg>``.

    Examples
    --------
    >>> with style("a"):
    ...     svg(Figure(), "a")[:5]
    '<svg '
    """
    stream = io.StringIO()
    none = dict.fromkeys(["Date", "Creator", "Format", "Type"])
    with _any_script():
        figure.savefig(stream, format="svg", metadata=none)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(_COORDINATES, lambda d: _short_path(d[0], decimals), text)
    text = _compact(re.sub(r"\n\s+", "\n", text))
    text = re.sub(r'\bid="', f'id="{name}-', text)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text).strip()


def pixels(figure: Figure, caption: str) -> bytes:
    """Write a figure as a PNG with its caption above, for notebook viewers.

    Parameters
    ----------
    figure
        A figure made inside :func:`style`; the caption is added to it.
    caption
        What the figure shows.

    Returns
    -------
    bytes
        The PNG.

    Examples
    --------
    >>> with style("a"):
    ...     pixels(Figure(), "Days to close")[1:4]
    b'PNG'
    """
    stream = io.BytesIO()
    figure.text(0, 1.02, textwrap.fill(caption, 88), fontsize=10.5, weight="bold")
    with _any_script():
        figure.savefig(
            stream, format="png", dpi=110, bbox_inches="tight", pad_inches=0.1,
            facecolor="white", metadata={"Software": None},
        )  # fmt: skip
    return stream.getvalue()


_COORDINATES = r'(?<= d=")[^"]*|(?<= [xy]=")[^"]*|(?<=translate\()[^)]*'
_BARE_GROUP = (
    r"<g>\n((?:<(?:path|use)[^>]*/>\n)+|<g [^>]*>\n(?:<[^/g][^>]*/>\n)+</g>\n)</g>\n"
)
_TEXT = r'(?:<use xlink:href="#DejaVuSans[^>]*/>\n){2,}'


def _short_path(path: str, decimals: int) -> str:
    """A path on one line, with rounded coordinates."""
    short = re.sub(r"-?\d+\.\d+", lambda n: f"{round(float(n[0]), decimals):g}", path)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(short.split()))


def _compact(text: str) -> str:
    """The drawing with each text kept once, short ids, and no bare groups."""
    text = re.sub(r'transform="translate\(([\d.]+) 0\)"', r'x="\1"', text)
    text = text.replace(" />", "/>")
    times = Counter(re.findall(_TEXT, text))
    known: dict[str, str] = {}

    def once(letters: re.Match) -> str:
        if times[letters[0]] == 1:
            return letters[0]
        if letters[0] in known:
            return f'<use xlink:href="#{known[letters[0]]}"/>\n'
        known[letters[0]] = f"text{len(known) + 1}"
        return f'<g id="{known[letters[0]]}">\n{letters[0]}</g>\n'

    text = re.sub(_TEXT, once, text)
    refer = r'(?<=url\(#)[^)]+|(?<=href="#)[^"]+'
    used = {
        key: str(at) for at, key in enumerate(dict.fromkeys(re.findall(refer, text)))
    }
    text = re.sub(refer, lambda key: used[key[0]], text)
    text = re.sub(
        r' id="([^"]+)"', lambda i: f' id="{used[i[1]]}"' if i[1] in used else "", text
    )
    text = text.replace("<g/>\n", "")
    for _ in range(3):
        text = re.sub(_BARE_GROUP, r"\1", text)
    return text


@contextmanager
def _any_script() -> Iterator[None]:
    """Letters that the font does not have are boxes, not warnings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


# --- what is drawn ------------------------------------------------------------


def _check(frame: pd.DataFrame, named: list, unit: str, compare_label: str) -> None:
    wanted = ["estimate", "conf_low", "conf_high", *(n for n in named if n)]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    if display.unit_of(unit) == "count":
        raise EquityError("'count' is no unit of an estimate; use 'number'")
    if not compare_label:
        raise EquityError("compare needs compare_label: what does the hollow mark mean")
    keys = [name for name in named[:2] if name]
    twice = frame[keys].astype(str).duplicated()
    if twice.any():
        raise EquityError(
            f"{int(twice.sum())} rows repeat an earlier {' and '.join(keys)}; "
            "pick rows with Protected.only, or name the facets"
        )


def _panels(
    frame: pd.DataFrame, rows: str, facets: str | None, unit: str, compare: str | None
) -> dict[str, list[_Row]]:
    names = frame[facets].astype(str) if facets else pd.Series("", index=frame.index)
    counts = [name for name in COUNTS if name in frame]
    panels: dict[str, list[_Row]] = {}
    for at, panel in names.items():
        entry = frame.loc[at]
        hidden = not pd.isna(entry["suppressed"])
        estimate = display.rounded(entry["estimate"], unit)
        panels.setdefault(panel, []).append(
            _Row(
                label=str(entry[rows]),
                estimate=estimate,
                low=display.rounded(entry["conf_low"], unit),
                high=display.rounded(entry["conf_high"], unit),
                compare=display.rounded(entry[compare], unit) if compare else None,
                interval=display.level(entry.get("confidence")),
                hidden=hidden and estimate is None,
                reference=str(entry.get("reference")) == str(entry[rows]),
                unknown=estimate is None and entry[counts].isna().any(),
            )
        )
    return panels


def _scaled(look: _Look, rows: list[_Row]) -> _Look:
    """The look with the limits and ticks of its scale.

    The limits hold all dots, marks and the line, and as much of the intervals as does
    not crush the dots.
    """
    log = look.unit == "ratio"
    dots = [row.estimate for row in rows] + [row.compare for row in rows] + [look.line]
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
    left = low if low == 0 and not log and look.unit != "points" else low - pad
    right = min(high + pad, 100.0) if look.unit == "percent" else high + pad
    if look.unit == "percent" and right < high + 0.01:
        right = 100.0
    return replace(look, left=left, right=right, ticks=_ticks(left, right, log))


def _place(value: float, unit: str) -> float:
    """Where a value lies on the scale."""
    return math.log2(value) if unit == "ratio" else value


def _ticks(left: float, right: float, log: bool) -> list[float]:
    if not log:
        ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(left, right)
        return [float(t) for t in ticks if left - 1e-9 <= t <= right + 1e-9]
    fine = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2]
    step = max(1, math.ceil((right - left) / 9))
    coarse = [2.0**k for k in range(-step * 8, step * 8 + 1, step)]
    shown = fine if right - left < 2.2 else coarse
    return [math.log2(t) for t in shown if left <= math.log2(t) <= right]


def _tick_text(tick: float, look: _Look) -> str:
    if look.unit == "ratio":
        return f"{2.0**tick:.3g}"
    sign = "\N{MINUS SIGN}" if tick < -1e-9 else ""
    plus = "+" if look.unit == "points" and tick > 1e-9 else ""
    return f"{plus}{sign}{abs(tick):,.10g}{'%' if look.unit == 'percent' else ''}"


# --- how it is drawn ----------------------------------------------------------

LABELS = 2.25  # inches for the names of the rows
NUMBERS = 0.68  # inches for a column of numbers
INTERVALS = 1.18
ROW = 0.36


@dataclass(frozen=True)
class _Marks:
    """How large the marks of a row are."""

    line: float  # points
    dot: float  # points
    strip: float  # half the height of a blank row's strip, in units of the axis
    brief: bool = False  # whether a blank row has room for one word only


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


def _interval_of(rows: list[_Row]) -> str:
    kinds = list(dict.fromkeys(row.interval for row in rows))
    return kinds[0] if len(kinds) == 1 else "interval"


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


def _with_few_ticks(look: _Look) -> _Look:
    return replace(look, ticks=look.ticks[:: math.ceil(len(look.ticks) / 4) or 1])


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


def _row_marks(axes: Axes, at: float, row: _Row, look: _Look, marks: _Marks) -> None:
    if row.estimate is None and not _is_base(row):
        _strip(axes, at, row, look, marks)
    width, size = marks.line, marks.dot
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
            _inside(row.estimate, look)[0], at, "o", ms=size, mfc=BLUE, mec="white",
            mew=0.6, clip_on=False, zorder=3.5,
        )  # fmt: skip
    if row.compare is not None:
        axes.plot(
            _inside(row.compare, look)[0], at, "D", ms=size + 1, mfc="none", mec=RUST,
            mew=1.4, clip_on=False, zorder=4,
        )  # fmt: skip


def _is_base(row: _Row) -> bool:
    """Whether the row is blank because all others are compared with it."""
    return row.reference and row.estimate is None and not (row.hidden or row.unknown)


def _inside(value: float, look: _Look) -> tuple[float, bool]:
    """A place on the scale, and whether the value lies beyond its ends."""
    if look.unit == "ratio" and value <= 0:
        return look.left, True
    place = _place(value, look.unit)
    kept = min(max(place, look.left), look.right)
    return kept, abs(kept - place) > 1e-9


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


def _blank_words(row: _Row, brief: bool = False) -> str:
    if _is_base(row):
        return "the reference"
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
    words_beside = look.compare and not _is_base(row)  # the strip has none, see _strip
    if row.estimate is None and words_beside:
        return _blank_words(row, brief=True)
    return _printed(row.estimate, look)


def _interval(row: _Row, look: _Look) -> str:
    if row.estimate is None and not _is_base(row):
        return ""
    limits = display.span(row.low, row.high, look.unit)
    return limits or ("reference" if row.reference else "no interval")


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


def _line_words(look: _Look) -> str:
    return f"line: {look.line_label}" if look.line_label else ""


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


def _key(sheet: Axes, x: float, y: float, text: str, hollow: bool = False) -> None:
    """A mark and what it means."""
    if hollow:
        sheet.plot(x + 0.155, y, "D", ms=7.5, mfc="none", mec=RUST, mew=1.4)
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


# --- how it is drawn on a narrow page -------------------------------------------

EDGE = 0.1  # inches between the ends of the scale and the edges
LINE = 0.165  # inches from line to line
NAMES = 1.52  # inches at most for the names beside small panels

NARROW_ONE, NARROW_MANY = _Marks(2.6, 6.6, 0.085), _Marks(2.0, 5.0, 0.068, brief=True)


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


BLANK = {"color": GREY, "style": "italic"}


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


KEYS = ("title", "estimate", "compare")


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


def _wrapped(
    text: str | None, rooms: Sequence[float], size: float = 9, weight: str = "normal"
) -> list[str]:
    """The text in as many lines as it needs, up to one for each room (in inches)."""
    words, lines = (text or "").split(), []
    for room in rooms:
        taken = 1
        while taken < len(words) and (
            _inches(" ".join(words[: taken + 1]), size, weight) <= room
        ):
            taken += 1
        lines.append(" ".join(words[:taken]))
        words = words[taken:]
    if words:
        lines[-1] = " ".join([lines[-1], *words])
    return [
        _cut(line, room, size, weight)
        for line, room in zip(lines, rooms, strict=True)
        if line
    ]


def _cut(text: str, room: float, size: float, weight: str) -> str:
    if _inches(text, size, weight) <= room:
        return text
    while text and _inches(f"{text} …", size, weight) > room:
        text = text[:-1]
    return f"{text.rstrip()} …"


def _inches(text: str, size: float = 9, weight: str = "normal") -> float:
    """How wide a text is drawn."""
    font = FontProperties(family=HOUSE["font.family"], size=size, weight=weight)
    with _any_script():
        points, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return points / 72


# --- read aloud ---------------------------------------------------------------


def _alt(panels: dict[str, list[_Row]], look: _Look, facets: str | None) -> str:
    count = sum(len(rows) for rows in panels.values())
    kind = f"Dot-and-interval chart, {count} rows"
    if facets:
        kind = f"Dot-and-interval charts, {len(panels)} panels on one scale"
    parts = [f"{kind}: {look.label}." if look.label else f"{kind}."]
    if look.line is not None and look.line_label:
        parts.append(f"A vertical line marks {look.line_label}.")
    for panel, rows in panels.items():
        text = " ".join(_row_alt(row, look) for row in rows)
        parts.append(f"{panel}. {text}" if facets else text)
    if any(row.hidden for rows in panels.values() for row in rows):
        parts.append(f"Hidden: {look.why}.")
    return " ".join(parts)


def _row_alt(row: _Row, look: _Look) -> str:
    if row.estimate is None:
        words = "hidden" if row.hidden else _blank_words(row)
        text = f"{row.label}: {words}"
    else:
        text = f"{row.label}: {display.quantity(row.estimate, look.unit, look.noun)}"
        limits = display.span(row.low, row.high, look.unit, mark=True)
        if limits:
            text += f" ({row.interval} {limits})"
        elif row.reference:
            text += " (the reference)"
    if row.compare is not None:
        text += (
            f"; {look.compare} {display.quantity(row.compare, look.unit, look.noun)}"
        )
    return text + "."
