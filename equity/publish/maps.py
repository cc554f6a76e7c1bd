"""Protected tables to maps of areas: classes with their limits, and nothing finer.

A map here shows whole areas only. It has no points, no coordinates and no scale from
which a place could be worked out; outlines are simplified; a class hides the exact
value (the table beside the map has it, if it may be shown at all). Hidden areas carry
one and the same hatching.

References
----------
Brewer, Hatchard and Harrower (2003), ColorBrewer in print, Cartography and Geographic
Information Science 30(1), 5-32: sequential colours that survive grey and colour
blindness. Brownstein, Cassa and Mandl (2006), No place to hide, New England Journal
of Medicine 355, 1741-1742: why there is no layer of points.
"""

import textwrap
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from equity.errors import ColumnNotFoundError, EquityError, InputError
from equity.publish import display
from equity.publish.canvas import GREY, INK, NARROW, WIDTH, published, style
from equity.publish.display import Published
from equity.publish.protect import Protected, require

#: Light to dark in even steps of lightness, yellow to blue.
PALETTE = ("#fbf6bf", "#a8dab5", "#4fb3bf", "#2b7bb0", "#22357f")

CLASSES = len(PALETTE)

HIDDEN = {"facecolor": "white", "hatch": "//////", "edgecolor": "#7a7a7a"}
EMPTY = {"facecolor": "white", "hatch": "----", "edgecolor": "#b3b3b3"}
UNKNOWN = {"facecolor": "white", "hatch": "xxxx", "edgecolor": "#c4c4c4"}

TOLERANCE = 1 / 900  # of the map's extent; below a pixel and a half

TALLEST = 8.2  # inches
LEGEND = 2.15
GAP = 0.15


@dataclass(frozen=True)
class _Layer:
    """Areas that look alike, and what the legend calls them."""

    label: str
    member: np.ndarray
    look: dict


def choropleth(
    protected: Protected,
    areas: gpd.GeoDataFrame,
    *,
    name: str,
    caption: str,
    unit: str,
    legend: str,
    noun: str = "",
    source: str = "",
) -> Published:
    """Colour areas by classes of their estimate.

    The classes hold about equally many areas (up to five); their limits are printed,
    the lowest and highest values are not. Areas are shown in a local projection, so
    that shapes and sizes are right.

    Parameters
    ----------
    protected
        One row per ``area``, with ``estimate``. A ``population`` of zero marks an
        area without residents.
    areas
        One row per ``area``, with ``geometry``, in any declared coordinate system.
    name
        File name of the map, such as "days-by-tract".
    caption
        What the map shows, of whom, where and when.
    unit
        "percent" and "points" (given as proportions), "ratio" or "number".
    legend
        The heading of the legend: what is measured.
    noun
        What a "number" counts, such as "days"; for the alternative text.
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
        If an area has several rows, or the unit or name cannot be used.
    InputError
        If the areas have no coordinate system, or share no area with the table.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"area": ["a", "b"], "events": [40, 50],
    ...                       "estimate": [4.0, 9.0]})
    >>> places = gpd.GeoDataFrame({"area": ["a", "b"]}, crs=3857,
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> choropleth(protect(table), places, name="days", caption="Days to close",
    ...            unit="number", legend="Days", noun="days")
    Days to close
    Map of 2 areas, shaded by Days. 4.0 days or less: 1 area. More than 4.0 days:
    1 area.
    """
    require(protected, "maps.choropleth")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, areas, unit)
    table = _joined(frame, areas, unit)
    shapes = _flat(areas)
    layers = _layers(table, unit, noun)
    with style(name):
        return published(
            _draw(shapes, layers, legend),
            _draw_narrow(shapes, layers, legend),
            name=name,
            caption=caption,
            alt=_alt(layers, legend, protected.why),
            source=source,
            decimals=1,
        )


def _check(frame: pd.DataFrame, areas: gpd.GeoDataFrame, unit: str) -> None:
    for table, wanted in ((frame, ["area", "estimate"]), (areas, ["area", "geometry"])):
        absent = [name for name in wanted if name not in table]
        if absent:
            raise ColumnNotFoundError(absent, found=table.columns)
    if display.unit_of(unit) == "count":
        raise EquityError("'count' is no unit of an estimate; use 'number'")
    for table, what in ((frame, "table"), (areas, "areas")):
        twice = int(table["area"].duplicated().sum())
        if twice:
            raise EquityError(
                f"{twice} rows of the {what} repeat an area; a map shows one value "
                "for each (pick rows with Protected.only)"
            )
    if areas.crs is None:
        raise InputError("the areas have no coordinate system; set their crs")
    if not frame["area"].astype(str).isin(areas["area"].astype(str)).any():
        raise InputError("no area of the table is among the areas to draw")


def _joined(frame: pd.DataFrame, areas: gpd.GeoDataFrame, unit: str) -> pd.DataFrame:
    """One row per area drawn: its rounded value, and why it has none."""
    keys = pd.Index(areas["area"].astype(str))
    rows = frame.set_index(frame["area"].astype(str))
    none = pd.Series(False, index=rows.index)
    empty = rows["population"].eq(0).fillna(False) if "population" in rows else none
    hidden = rows["suppressed"].notna() & rows["estimate"].isna()
    value = [display.rounded(value, unit) for value in rows["estimate"]]
    return pd.DataFrame(
        {
            "value": pd.Series(value, index=rows.index, dtype=float).reindex(keys),
            "empty": empty.astype(bool).reindex(keys, fill_value=False),
            "hidden": hidden.reindex(keys, fill_value=False),
        }
    )


def _layers(table: pd.DataFrame, unit: str, noun: str) -> list[_Layer]:
    value, hidden = table["value"].to_numpy(), table["hidden"].to_numpy()
    empty = table["empty"].to_numpy() & ~hidden
    shown = ~np.isnan(value) & ~hidden & ~empty
    limits = _limits(value[shown], unit)
    number = np.searchsorted(limits, value, side="left")
    colours = [PALETTE[i] for i in _spread(len(limits) + 1)]
    layers = [
        _Layer(
            text, shown & (number == at), {"facecolor": colour, "edgecolor": "white"}
        )
        for at, (text, colour) in enumerate(
            zip(_class_names(limits, unit, noun), colours, strict=True)
        )
    ]
    blank = ~shown & ~hidden & ~empty
    layers += [
        _Layer("Hidden to protect privacy", hidden, HIDDEN),
        _Layer("No residents", empty, EMPTY),
        _Layer("Not known", blank, UNKNOWN),
    ]
    return [layer for layer in layers if layer.member.any()]


def _limits(values: np.ndarray, unit: str) -> list[float]:
    """Upper limits of all classes but the last, from quintiles of rounded values."""
    if not len(values):
        return []
    shares = np.arange(1, CLASSES) / CLASSES
    cuts = np.quantile(values, shares, method="inverted_cdf")
    decimals = display.UNITS[unit][1]
    return sorted({round(float(cut), decimals) for cut in cuts if cut < values.max()})


def _spread(count: int) -> list[int]:
    """Colours for fewer classes, as far apart as they can be."""
    if count == 1:
        return [CLASSES // 2]
    return [round(i * (CLASSES - 1) / (count - 1)) for i in range(count)]


def _class_names(limits: list[float], unit: str, noun: str) -> list[str]:
    if not limits:
        return ["All areas with a value"]
    first = f"{display.quantity(limits[0], unit, noun)} or less"
    last = f"More than {display.quantity(limits[-1], unit, noun)}"
    between = [
        f"{display.number(_next(low, unit), unit)} to "
        f"{display.quantity(high, unit, noun)}"
        for low, high in pairwise(limits)
    ]
    return [first, *between, last]


def _next(value: float, unit: str) -> float:
    """The smallest printed number above a limit, so that classes do not touch."""
    decimals = display.UNITS[unit][1]
    return round(value + 10**-decimals, decimals)


def _flat(areas: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """The shapes in a local projection, simplified so that edges still meet."""
    local = areas.geometry
    if areas.crs.is_geographic:
        local = local.to_crs(areas.estimate_utm_crs())
    left, bottom, right, top = local.total_bounds
    size = max(right - left, top - bottom)
    simple = shapely.coverage_simplify(
        shapely.make_valid(local.to_numpy()), tolerance=size * TOLERANCE
    )
    # The map's own units: a thousand across, from its own corner.
    moved = shapely.transform(simple, lambda xy: (xy - [left, bottom]) / size * 1000)
    return gpd.GeoSeries(moved, index=areas.index)


def _draw(shapes: gpd.GeoSeries, layers: list[_Layer], legend: str) -> Figure:
    """The map with its legend beside it."""
    wide, tall = _size(shapes, WIDTH - LEGEND - GAP)
    heading, entries, need = _entries(layers, legend, 26, 24)
    figure = Figure(figsize=(wide + GAP + LEGEND, max(tall, need)))
    _draw_areas(figure, shapes, layers, wide, tall)
    _draw_legend(figure, layers, heading, entries, wide + GAP, 0)
    return figure


def _draw_narrow(shapes: gpd.GeoSeries, layers: list[_Layer], legend: str) -> Figure:
    """The map with its legend below it."""
    wide, tall = _size(shapes, NARROW)
    heading, entries, need = _entries(layers, legend, 38, 36)
    figure = Figure(figsize=(NARROW, tall + GAP + need))
    _draw_areas(figure, shapes, layers, wide, tall)
    _draw_legend(figure, layers, heading, entries, 0, tall + GAP)
    return figure


def _size(shapes: gpd.GeoSeries, wide: float) -> tuple[float, float]:
    """The map's width and height in inches, at most as wide as that."""
    _, _, right, top = shapes.total_bounds
    tall = wide * top / right
    return (wide, tall) if tall <= TALLEST else (TALLEST * right / top, TALLEST)


def _draw_areas(
    figure: Figure,
    shapes: gpd.GeoSeries,
    layers: list[_Layer],
    wide: float,
    tall: float,
) -> None:
    _, _, right, top = shapes.total_bounds
    full, height = figure.get_size_inches()
    axes = figure.add_axes((0, 1 - tall / height, wide / full, tall / height))
    axes.set(xlim=(-4, right + 4), ylim=(-4, top + 4), aspect="equal")
    axes.axis("off")
    for layer in layers:
        shapes[layer.member].plot(ax=axes, linewidth=0.3, aspect=None, **layer.look)
    outline = shapely.union_all(shapely.buffer(shapes.to_numpy(), 0.8))
    edge = gpd.GeoSeries([shapely.simplify(outline, 0.8)]).boundary
    edge.plot(ax=axes, color=GREY, linewidth=0.7, aspect=None)


def _entries(
    layers: list[_Layer], legend: str, heading: int, letters: int
) -> tuple[list[str], list[list[str]], float]:
    """The lines of the legend's heading and entries, and its height in inches."""
    head = textwrap.wrap(legend, heading)
    entries = [textwrap.wrap(layer.label, letters) for layer in layers]
    tall = 0.18 * len(head) + 0.2 + sum(0.17 * len(lines) + 0.12 for lines in entries)
    return head, entries, tall


def _draw_legend(
    figure: Figure,
    layers: list[_Layer],
    heading: list[str],
    entries: list[list[str]],
    left: float,
    top: float,
) -> None:
    """The legend, its corner at a place given in inches from the upper left corner."""
    wide, height = figure.get_size_inches()
    axes: Axes = figure.add_axes((left / wide, 0, 1 - left / wide, 1 - top / height))
    axes.set(xlim=(0, wide - left), ylim=(height - top, 0))
    axes.axis("off")
    axes.text(
        0, 0.03, "\n".join(heading), va="top", weight="bold", fontsize=9.5,
        linespacing=1.15,
    )  # fmt: skip
    y = 0.18 * len(heading) + 0.2
    for layer, lines in zip(layers, entries, strict=True):
        middle = y + (0.17 * len(lines) + 0.12) / 2
        axes.add_patch(
            Rectangle((0.01, middle - 0.1), 0.3, 0.2, **{**layer.look, "linewidth": 0})
        )
        axes.add_patch(
            Rectangle(
                (0.01, middle - 0.1), 0.3, 0.2, facecolor="none", edgecolor=GREY, lw=0.6
            )
        )
        axes.text(
            0.4, middle, "\n".join(lines), fontsize=9, color=INK, linespacing=1.1,
            va="center_baseline" if len(lines) == 1 else "center",
        )  # fmt: skip
        y += 0.17 * len(lines) + 0.12


def _alt(layers: list[_Layer], legend: str, why: str) -> str:
    total = sum(int(layer.member.sum()) for layer in layers)
    parts = [f"Map of {_areas(total)}, shaded by {legend}."]
    parts += [f"{layer.label}: {_areas(int(layer.member.sum()))}." for layer in layers]
    if any(layer.look is HIDDEN for layer in layers):
        parts.append(f"Hidden: {why}.")
    return " ".join(parts)


def _areas(count: int) -> str:
    return f"{count:,} area{'' if count == 1 else 's'}"
