"""Protected tables to maps of areas: classes with their limits, and nothing finer.

A map here shows whole areas only. It has no points, no coordinates and no scale from
which a place could be worked out; outlines are simplified to what the picture needs; a
class hides the exact value (the table below the map has it, if it may be shown at all;
its areas are in the order of their names). Hidden areas carry one and the same
hatching, and so do those whose share is shown as a range.

A colour is read as a fact, however unsure the number behind it. So an area whose
estimate is said to be unreliable has a hatching of its own and no colour, and its value
moves no class; the table has its estimate, its interval and the word.

References
----------
Brownstein, Cassa and Mandl (2006), No place to hide, New England Journal of Medicine
355, 1741-1742: why there is no layer of points. MacEachren, Brewer and Pickle (1998),
Visualizing georeferenced data: representing reliability of health statistics,
Environment and Planning A 30(9), 1547-1561: readers of a map with unreliable areas
hatched see both its pattern and its doubt. For the colours, see `classes`.
"""

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
from equity.publish.classes import ALL, ALL_COLOURED, PALETTE, Classes
from equity.publish.display import Published
from equity.publish.order import natural
from equity.publish.protect import Protected, require

HIDDEN = {"facecolor": "white", "hatch": "//////", "edgecolor": "#7a7a7a"}
NAMED = 25  # areas whose names can be told apart on a map
EMPTY = {"facecolor": "white", "hatch": "----", "edgecolor": "#8c8c8c"}
UNKNOWN = {"facecolor": "white", "hatch": "xxxx", "edgecolor": "#8c8c8c"}
UNCERTAIN = {"facecolor": "#ececec", "hatch": "ooo", "edgecolor": "#757575"}
CODED = {  # by the last word of the range
    "less": ("Nearly none", {"facecolor": PALETTE[0], "edgecolor": "#6e6e6e"}),
    "more": ("Nearly all", {"facecolor": PALETTE[-1], "edgecolor": "white"}),
}

TOO_UNCERTAIN = "Too uncertain to colour"
CERTAINTY = {True: "enough to colour", False: "too uncertain to colour"}


def choropleth(
    protected: Protected,
    areas: gpd.GeoDataFrame,
    *,
    name: str,
    caption: str,
    unit: str,
    legend: str,
    noun: str = "",
    reliability: str | None = None,
    rule: str = "",
    centre: float | None = None,
    places: tuple[str, str] = ("area", "areas"),
    names: bool = False,
    source: str = "",
) -> Published:
    """Colour areas by classes of their estimate.

    The classes hold about equally many areas (up to five) or, about a ``centre``, are
    symmetrical; their limits are printed, the lowest and highest values are not. Areas
    are shown in a local projection, so that shapes and sizes are right.

    Parameters
    ----------
    protected
        One row per ``area``, with ``estimate``. A ``population`` of zero marks an
        area without residents.
    areas
        One row per ``area``, with ``geometry``, in any declared coordinate system:
        tracts, council districts, or any other areas that the table is of.
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
    reliability
        A column of truth values, such as "reliable". An area whose value is false, or
        missing beside an estimate, is hatched instead of coloured.
    rule
        When an area is too uncertain, in words without a full stop: "the 95% interval
        is 30 points wide or wider"; for the alternative text and the table.
    centre
        The middle of a scale that goes both ways, in the unit of the table: 0 for
        differences from the city. None for a scale from little to much.
    places
        What one of the areas is called, and several: ("district", "districts").
    names
        Whether the areas' names and outlines are drawn; of up to 25 areas, since more
        would lie on each other.
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
    _check(frame, areas, unit, reliability)
    table = _joined(frame, areas, unit, reliability)
    shapes = _flat(areas)
    layers = _layers(table, unit, noun, display.rounded(centre, unit))
    few = names and len(areas) <= NAMED
    written = list(areas["area"].map(display.label)) if few else []
    with style(name):
        return published(
            _draw(shapes, layers, legend, written),
            _draw_narrow(shapes, layers, legend, written),
            name=name,
            caption=caption,
            alt=_alt(layers, legend, protected.why, rule, places),
            source=source,
            data=_numbers(
                protected,
                areas,
                unit,
                legend,
                name,
                caption,
                reliability=reliability,
                rule=rule,
                place=places[0],
            ),
            download=True,
            counts=made.counts(protected),
            decimals=1,
        )


def _check(
    frame: pd.DataFrame, areas: gpd.GeoDataFrame, unit: str, reliability: str | None
) -> None:
    needed = ["area", "estimate", *([reliability] if reliability else [])]
    for table, wanted in ((frame, needed), (areas, ["area", "geometry"])):
        absent = [name for name in wanted if name not in table]
        if absent:
            raise ColumnNotFoundError(absent, found=table.columns)
    if display.unit_of(unit) == "count":
        raise EquityError("'count' is no unit of an estimate; use 'number'")
    if reliability and not frame[reliability].dropna().isin([True, False]).all():
        raise EquityError(
            f"column {reliability!r} should say true or false of each area; found "
            f"{frame[reliability].dtype}"
        )
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


def _joined(
    frame: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    unit: str,
    reliability: str | None = None,
) -> pd.DataFrame:
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
            "sure": _sure(rows, reliability).reindex(keys, fill_value=False),
            "empty": empty.astype(bool).reindex(keys, fill_value=False),
            "hidden": hidden.reindex(keys, fill_value=False),
            "coded": ranges.reindex(keys, fill_value=""),
        }
    )


def _sure(rows: pd.DataFrame, reliability: str | None) -> pd.Series:
    """Whether each row's estimate is said to be reliable; where none is, all are."""
    if reliability is None:
        return pd.Series(True, index=rows.index)
    return rows[reliability].astype("boolean").fillna(False).astype(bool)


def _layers(
    table: pd.DataFrame, unit: str, noun: str, centre: float | None = None
) -> list[_Layer]:
    value, hidden = table["value"].to_numpy(), table["hidden"].to_numpy()
    coded = table["coded"].to_numpy() != ""
    empty = table["empty"].to_numpy() & ~hidden & ~coded
    shown = ~np.isnan(value) & ~hidden & ~empty
    unsure = shown & ~table["sure"].to_numpy()
    coloured = shown & ~unsure
    classes = Classes.of(value[coloured], unit, centre)
    number = classes.number(value)
    named = classes.names(unit, noun, ALL_COLOURED if unsure.any() else ALL)
    looks = zip(classes.colours, classes.edges, strict=True)
    layers = [
        _Layer(text, coloured & (number == at), {"facecolor": face, "edgecolor": edge})
        for at, (text, (face, edge)) in enumerate(zip(named, looks, strict=True))
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
        _Layer(TOO_UNCERTAIN, unsure, UNCERTAIN),
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
    *,
    reliability: str | None,
    rule: str,
    place: str,
) -> dict:
    """The numbers of the map as a table, by the names of the areas."""
    frame = protected.frame
    frame["area"] = frame["area"].astype(str)
    drawn = sorted(areas["area"].astype(str), key=natural)
    frame = frame.set_index("area").reindex(drawn).reset_index()
    columns: dict = {
        "area": (place[:1].upper() + place[1:], "text"),
        "estimate": (legend, unit),
    }
    if {"conf_low", "conf_high"} <= set(frame):
        interval = display.level(made.only_level(frame))
        columns["conf_low", "conf_high"] = (
            interval[0].upper() + interval[1:],
            unit,
        )
    notes = []
    if reliability:
        word = _sure(frame, reliability).map(CERTAINTY)
        frame[reliability] = word.where(frame["estimate"].notna())
        columns[reliability] = ("Certainty", "text")
        notes = [f"{TOO_UNCERTAIN}: {rule}."] if rule else []
    return made.payload(
        [made.head(key, *entry) for key, entry in columns.items()],
        [made.column(frame, key, kind) for key, (_, kind) in columns.items()],
        protected,
        name=name,
        caption=caption,
        notes=notes,
    )


def _alt(
    layers: list[_Layer], legend: str, why: str, rule: str, places: tuple[str, str]
) -> str:
    total = sum(int(layer.member.sum()) for layer in layers)
    parts = [f"Map of {_count(total, places)}, shaded by {legend}."]
    parts += [
        f"{layer.label}: {_count(int(layer.member.sum()), places)}." for layer in layers
    ]
    if any(layer.look is UNCERTAIN for layer in layers):
        said = f"Too uncertain: {rule}. " if rule else ""
        parts.append(f"{said}Areas too uncertain to colour are hatched.")
    if any(layer.look is HIDDEN for layer in layers):
        parts.append(f"Hidden: {why}.")
    parts.append(f"The table below the map has the number of each {places[0]}.")
    return " ".join(parts)


def _count(count: int, places: tuple[str, str]) -> str:
    return f"{count:,} {places[count != 1]}"
