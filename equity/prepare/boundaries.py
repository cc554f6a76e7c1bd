"""Boundaries of areas and districts: named, in a known system, whole, and apart."""

import geopandas as gpd
import pandas as pd

from equity.errors import InputError
from equity.prepare import shapes, sources
from equity.prepare.quality import Ledger

SLIVER, HEAVY = 0.01, 0.10  # shares of the smaller shape that overlaps are judged by
TO_WHOM = {
    "area": "to whose part the first by id is used",
    "district": "with whom the part is shared",
}
LISTED = 5  # how many shapes an error or a note names


def features(
    raw: gpd.GeoDataFrame,
    source: sources.Areas | sources.Districts,
    ledger: Ledger,
) -> gpd.GeoDataFrame:
    """Take names and shapes out of raw boundaries, in a settled coordinate system.

    Parameters
    ----------
    raw
        As read.
    source
        What the file means.
    ledger
        Written to, where another coordinate system is declared than the file says.

    Returns
    -------
    GeoDataFrame
        The columns that are declared, `kind` and `geometry`, on the same index.

    Raises
    ------
    InputError
        As `shapes.in_system` does.

    Examples
    --------
    >>> raw = gpd.GeoDataFrame({"W": ["1"]}, geometry=gpd.points_from_xy([9], [1]),
    ...                        crs=4326)
    >>> source = sources.Districts(file="w.geojson", kind="ward",
    ...                            columns={"district": "W"})
    >>> features(raw, source, Ledger("districts", "w.geojson", 1)).columns.to_list()
    ['district', 'kind', 'geometry']
    """
    names = sources.tidy(raw, source).assign(kind=source.kind)
    placed = shapes.in_system(raw, source.crs, file=source.file)
    if source.crs and raw.crs is not None and raw.crs != placed.crs:
        rule = f"the file says {raw.crs.name}; read as declared, {placed.crs.name}"
        ledger.note(rule, pd.Series(True, raw.index))
    return gpd.GeoDataFrame(names, geometry=placed.geometry)


def whole(
    found: gpd.GeoDataFrame,
    source: sources.Areas | sources.Districts,
    ledger: Ledger,
    *,
    name: str,
) -> gpd.GeoDataFrame:
    """Make shapes valid, and refuse those that are none or lie on each other.

    Parameters
    ----------
    found
        As `features` returns them.
    source
        What the file means.
    ledger
        Written to: shapes mended, and small overlaps.
    name
        The column that names each, `area` or `district`.

    Returns
    -------
    GeoDataFrame
        The same rows, with valid, flat polygons.

    Raises
    ------
    InputError
        For features without an id or a shape, with an id listed before, or whose
        shape is no surface; for those that overlap by more than a tenth of the
        smaller.

    Examples
    --------
    >>> source = sources.Districts(file="w.geojson", kind="ward",
    ...                            columns={"district": "W"})
    >>> found = gpd.GeoDataFrame({"district": [""]}, crs=4326,
    ...                          geometry=gpd.points_from_xy([9], [1]))
    >>> whole(found, source, Ledger("districts", "w.geojson", 1), name="district")
    Traceback (most recent call last):
    equity.errors.InputError: w.geojson: column W: 1 feature(s) without an id: number
    1 (); 1 feature(s) that are points or lines: number 1 (); mend the boundaries
    """
    _check_features(found, source, name)
    invalid = ~found.geometry.is_valid
    named = ", ".join(found.loc[invalid, name].head(LISTED))
    found = found.set_geometry(shapes.mended(found.geometry))
    ledger.note(f"shape crosses itself; mended ({named})", invalid)
    empty = {"whose shape has no surface": found.geometry.is_empty}
    _refuse(found, empty, source, name)
    _check_overlaps(found, source, ledger, name)
    return found


def _check_features(
    found: gpd.GeoDataFrame, source: sources.Areas | sources.Districts, name: str
) -> None:
    shape = found.geometry
    no_shape = shape.isna() | shape.is_empty
    surfaces = ("Polygon", "MultiPolygon", "GeometryCollection")
    problems = {
        "without an id": found[name].eq(""),
        "with no shape": no_shape,
        "that are points or lines": ~no_shape & ~shape.geom_type.isin(surfaces),
        "with the id of an earlier one": found[name].ne("") & found[name].duplicated(),
    }
    _refuse(found, problems, source, name)


def _refuse(
    found: gpd.GeoDataFrame,
    problems: dict[str, pd.Series],
    source: sources.Areas | sources.Districts,
    name: str,
) -> None:
    """Refuse features with a problem, naming number and id of the first few."""
    said = []
    for problem, hit in problems.items():
        first = found.index[hit][:LISTED]
        named = ", ".join(f"{row + 1} ({found[name][row]})" for row in first)
        if named:
            said.append(f"{int(hit.sum())} feature(s) {problem}: number {named}")
    if said:
        raise InputError(
            f"{source.file}: column {source.columns[name]}: {'; '.join(said)}; mend "
            "the boundaries"
        )


def _check_overlaps(
    found: gpd.GeoDataFrame,
    source: sources.Areas | sources.Districts,
    ledger: Ledger,
    name: str,
) -> None:
    """Refuse areas that lie on each other; note those that overlap a little."""
    pairs = shapes.overlaps(found.geometry).query("share > @SLIVER")
    if pairs.empty:
        return
    pairs = pairs.sort_values("share", ascending=False)
    ids = found[name].to_numpy()
    named = [
        f"{ids[pair.first]} and {ids[pair.second]} ({pair.share:.1%})"
        for pair in pairs.head(LISTED).itertuples()
    ]
    heavy = int(pairs["share"].gt(HEAVY).sum())
    if heavy:
        raise InputError(
            f"{source.file}: {heavy} pair(s) of {name}s overlap by more than "
            f"{HEAVY:.0%} of the smaller: {', '.join(named[:heavy])}; a point cannot "
            "be in both"
        )
    rows = found.index.isin(found.index[pairs[["first", "second"]].to_numpy().ravel()])
    rule = f"overlaps another {name}, {TO_WHOM[name]}"
    ledger.note(f"{rule}: {', '.join(named)}", pd.Series(rows, found.index))
