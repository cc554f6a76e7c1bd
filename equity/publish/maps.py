"""Protected tables to maps of areas: classes with their limits, and nothing finer.

A map here shows whole areas only. It has no points, no coordinates and no scale from
which a place could be worked out; outlines are simplified to what the picture needs; a
class hides the exact value (the table below the map has it, if it may be shown at all;
its areas are in the order of their names). Hidden areas carry one and the same
hatching, and so do those whose share is shown as a range.

References
----------
Brewer, Hatchard and Harrower (2003), ColorBrewer in print, Cartography and Geographic
Information Science 30(1), 5-32: sequential colours that survive grey and colour
blindness. Brownstein, Cassa and Mandl (2006), No place to hide, New England Journal
of Medicine 355, 1741-1742: why there is no layer of points.
"""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    InputError,
)
from equity.publish import columns as made
from equity.publish import display
from equity.publish.canvas import published, style
from equity.publish.cartography import _draw, _draw_narrow, _flat, _Layer
from equity.publish.display import Published
from equity.publish.order import natural
from equity.publish.protect import Protected, require

#: Light to dark in even steps of lightness, yellow to blue.
PALETTE = ("#fbf6bf", "#a8dab5", "#4fb3bf", "#2b7bb0", "#22357f")

CLASSES = len(PALETTE)

#: Between two areas of one colour, three to one against it.
EDGES = ("#8a8a8a", "#6e6e6e", "#4d4d4d", "#ffffff", "#ffffff")

HIDDEN = {"facecolor": "white", "hatch": "//////", "edgecolor": "#7a7a7a"}
EMPTY = {"facecolor": "white", "hatch": "----", "edgecolor": "#8c8c8c"}
UNKNOWN = {"facecolor": "white", "hatch": "xxxx", "edgecolor": "#8c8c8c"}
CODED = {  # by the last word of the range
    "less": ("Nearly none", {"facecolor": PALETTE[0], "edgecolor": "#6e6e6e"}),
    "more": ("Nearly all", {"facecolor": PALETTE[-1], "edgecolor": "white"}),
}


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
        A payload of kind "figure", whose numbers are also a download; a note where
        the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, or the areas are points or lines.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If an area has several rows, or the unit or name cannot be used.
    InputError
        If the areas have no coordinate system, or share no area with the table.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> from shapely import box
    >>> table = pd.DataFrame({"area": ["a", "b"], "events": [40, 50],
    ...                       "estimate": [4.0, 9.0]})
    >>> places = gpd.GeoDataFrame({"area": ["a", "b"]}, crs=3857,
    ...     geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)])
    >>> choropleth(protect(table), places, name="days", caption="Days to close",
    ...            unit="number", legend="Days", noun="days")
    Days to close
    Map of 2 areas, shaded by Days. 4.0 days or less: 1 area. More than 4.0 days:
    1 area. The table below the map has the number of each area.
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
            data=_numbers(protected, areas, unit, legend, name, caption),
            download=True,
            counts=made.counts(protected),
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
    shapes = areas.geometry
    if not shapes.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        if shapes.isna().any():
            raise InputError(f"{int(shapes.isna().sum())} areas have no outline")
        raise DisclosureError("a map shows whole areas only, never points or lines")
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
    blank = rows["estimate"].isna()
    coded = made.is_coded(rows) & blank
    ranges = [made.range_of(frame, at, unit) for at in frame.index]
    ranges = pd.Series(ranges, index=rows.index).where(blank, "")
    hidden = (rows["suppressed"].notna() | coded) & blank & ranges.eq("")
    value = [display.rounded(value, unit) for value in rows["estimate"]]
    return pd.DataFrame(
        {
            "value": pd.Series(value, index=rows.index, dtype=float).reindex(keys),
            "empty": empty.astype(bool).reindex(keys, fill_value=False),
            "hidden": hidden.reindex(keys, fill_value=False),
            "coded": ranges.reindex(keys, fill_value=""),
        }
    )


def _layers(table: pd.DataFrame, unit: str, noun: str) -> list[_Layer]:
    value, hidden = table["value"].to_numpy(), table["hidden"].to_numpy()
    coded = table["coded"].to_numpy() != ""
    empty = table["empty"].to_numpy() & ~hidden & ~coded
    shown = ~np.isnan(value) & ~hidden & ~empty
    limits = _limits(value[shown], unit)
    number = np.searchsorted(limits, value, side="left")
    looks = [
        {"facecolor": PALETTE[i], "edgecolor": EDGES[i]}
        for i in _spread(len(limits) + 1)
    ]
    names = _class_names(limits, unit, noun)
    layers = [
        _Layer(text, shown & (number == at), look)
        for at, (text, look) in enumerate(zip(names, looks, strict=True))
    ]
    blank = ~shown & ~hidden & ~empty & ~coded
    layers += [
        _Layer(
            f"{words}: {_either(table['coded'][table['coded'].str.endswith(end)])}",
            table["coded"].str.endswith(end).to_numpy(),
            look | {"hatch": "....."},
        )
        for end, (words, look) in CODED.items()
    ]
    layers += [
        _Layer("Hidden to protect privacy", hidden, HIDDEN),
        _Layer("No residents", empty, EMPTY),
        _Layer("Not known", blank, UNKNOWN),
    ]
    return [layer for layer in layers if layer.member.any()]


def _either(ranges: pd.Series) -> str:
    return ", or ".join(sorted(ranges.unique(), key=natural))


def _numbers(
    protected: Protected,
    areas: gpd.GeoDataFrame,
    unit: str,
    legend: str,
    name: str,
    caption: str,
) -> dict:
    """The numbers of the map as a table, by the names of the areas."""
    frame = protected.frame
    frame["area"] = frame["area"].astype(str)
    drawn = sorted(areas["area"].astype(str), key=natural)
    frame = frame.set_index("area").reindex(drawn).reset_index()
    columns: dict = {"area": ("Area", "text"), "estimate": (legend, unit)}
    if {"conf_low", "conf_high"} <= set(frame):
        interval = display.level(made.only_level(frame))
        columns["conf_low", "conf_high"] = (
            interval[0].upper() + interval[1:],
            unit,
        )
    return made.payload(
        [made.head(key, *entry) for key, entry in columns.items()],
        [made.column(frame, key, kind) for key, (_, kind) in columns.items()],
        protected,
        name=name,
        caption=caption,
    )


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


def _alt(layers: list[_Layer], legend: str, why: str) -> str:
    total = sum(int(layer.member.sum()) for layer in layers)
    parts = [f"Map of {_areas(total)}, shaded by {legend}."]
    parts += [f"{layer.label}: {_areas(int(layer.member.sum()))}." for layer in layers]
    if any(layer.look is HIDDEN for layer in layers):
        parts.append(f"Hidden: {why}.")
    parts.append("The table below the map has the number of each area.")
    return " ".join(parts)


def _areas(count: int) -> str:
    return f"{count:,} area{'' if count == 1 else 's'}"
