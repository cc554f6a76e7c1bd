"""Maps drawn: simplified areas without a place on earth, and the legend beside them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from equity.publish.canvas import GREY, INK, NARROW, WIDTH

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


def _flat(areas: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """The shapes in a local projection, simplified so that edges still meet."""
    local = areas.geometry
    if areas.crs.is_geographic:
        local = local.to_crs(areas.estimate_utm_crs())
    left, bottom, right, top = local.total_bounds
    size = max(right - left, top - bottom)
    whole = shapely.make_valid(local.to_numpy())
    simple = shapely.coverage_simplify(whole, tolerance=size * TOLERANCE)
    if not shapely.coverage_is_valid(whole):  # edges that do not meet were kept
        simple = shapely.simplify(simple, size * TOLERANCE / 2)
    # The map's own units: a thousand across, from its own corner.
    moved = shapely.transform(simple, lambda xy: (xy - [left, bottom]) / size * 1000)
    return gpd.GeoSeries(moved, index=areas.index)


def _draw(
    shapes: gpd.GeoSeries, layers: list[_Layer], legend: str, names: Sequence[str] = ()
) -> Figure:
    """The map with its legend beside it."""
    wide, tall = _size(shapes, WIDTH - LEGEND - GAP)
    heading, entries, need = _entries(layers, legend, 26, 24)
    figure = Figure(figsize=(wide + GAP + LEGEND, max(tall, need)))
    _draw_areas(figure, shapes, layers, wide, tall, names)
    _draw_legend(figure, layers, heading, entries, wide + GAP, 0)
    return figure


def _draw_narrow(
    shapes: gpd.GeoSeries, layers: list[_Layer], legend: str, names: Sequence[str] = ()
) -> Figure:
    """The map with its legend below it."""
    wide, tall = _size(shapes, NARROW)
    heading, entries, need = _entries(layers, legend, 38, 36)
    figure = Figure(figsize=(NARROW, tall + GAP + need))
    _draw_areas(figure, shapes, layers, wide, tall, names)
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
    names: Sequence[str],
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
    if names:
        edges = shapely.boundary(shapes.to_numpy())
        axes.add_collection(_lines(edges, "white", 2.4))
        axes.add_collection(_lines(edges, INK, 0.8))
    halo = [withStroke(linewidth=2.6, foreground="white")]
    for name, shape in zip(names, shapes, strict=False):
        middle = shapely.get_point(shapely.maximum_inscribed_circle(shape), 0)
        axes.text(
            middle.x, middle.y, textwrap.fill(name, 14), ha="center", va="center",
            fontsize=9, path_effects=halo, linespacing=1.0,
        )  # fmt: skip


def _lines(edges: np.ndarray, colour: str, width: float) -> LineCollection:
    parts = shapely.get_parts(edges)
    ways = [shapely.get_coordinates(part) for part in parts]
    return LineCollection(ways, colors=colour, linewidths=width)


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
