"""Layers: boundaries and points with their properties, as GDAL or Parquet has them.

A layer is a table with a shape in each row. GeoPackages may have several layers, and
zip archives several files of them; a shapefile is several files beside each other.
"""

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from equity.errors import InputError
from equity.prepare.formats import containers, grids, typed
from equity.prepare.formats.containers import Contents
from equity.prepare.sources import Source

SHAPES = (".shp", ".gpkg", ".fgb", ".kml", ".gml")  # with JSON, what GDAL is given


def members(path: Path, *, file: str) -> list[str]:
    """List the files of a zip archive that hold shapes.

    Parameters
    ----------
    path
        The archive.
    file
        Its name for messages.

    Returns
    -------
    list of str
        Their names; of a shapefile, the one that ends in .shp.

    Examples
    --------
    >>> members(Path(__file__), file="a.zip")
    Traceback (most recent call last):
    equity.errors.InputError: a.zip is damaged or cut short (BadZipFile); download or
    export it again
    """
    names = containers.members(path, file=file)
    return [name for name in names if name.lower().endswith((*SHAPES, ".geojson"))]


def only_member(path: Path, *, file: str) -> str:
    """Choose the file of a zip archive that holds shapes.

    Parameters
    ----------
    path
        The archive.
    file
        Its name for messages.

    Returns
    -------
    str
        Its name in the archive.

    Raises
    ------
    InputError
        If there are several, or none.

    Examples
    --------
    >>> only_member(Path(__file__), file="a.zip")
    Traceback (most recent call last):
    equity.errors.InputError: a.zip is damaged or cut short (BadZipFile); download or
    export it again
    """
    found = members(path, file=file)
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{file} holds {len(found)} files of boundaries: {found}; say which by "
        "'member' in sources.yaml"
    )


def features(raw: Contents, source: Source) -> tuple[grids.Table, np.ndarray, CRS]:
    """Read the shapes of a file and their properties.

    Parameters
    ----------
    raw
        The file.
    source
        What `sources.yaml` says of it: `sheet` names a layer, and `crs` holds where
        the file does not say its coordinate system.

    Returns
    -------
    Table
        Properties as text.
    ndarray
        Shapes, None where a feature has none.
    CRS
        The coordinate system.

    Raises
    ------
    InputError
        If there are no shapes, or no coordinate system.

    Examples
    --------
    >>> from equity import project
    >>> path = project.raw_folder() / "sample" / "tracts.geojson"
    >>> raw = containers.contents(path, file="tracts.geojson")
    >>> found, shapes, system = features(raw, Source(file="tracts.geojson"))
    >>> len(found.frame) == len(shapes), system.to_epsg()
    (True, 4326)
    """
    if raw.ending in typed.PARQUET:
        places = _parquet(raw)
        name, shapes, system = places.name, places.to_numpy(), places.crs
        values, notes = typed.parquet(raw), []
    else:
        values, meta, notes = _layer(raw, source, shapes=True)
        name, system = meta["geometry_name"] or "wkb_geometry", meta["crs"]
        if name not in values.column_names:
            raise InputError(f"{raw.file} has no boundaries; it is a table")
        shapes = shapely.from_wkb(values[name].to_numpy())
    values = values.drop_columns([name])
    # The shapes will be called geometry, so a property of this name is not.
    names = [f"{n}.1" if n == "geometry" else n for n in values.column_names]
    found = typed.table(values.rename_columns(names), source, file=raw.file)
    found.notes[:0] = notes
    return found, shapes, _system(system, source, raw.file)


def attributes(raw: Contents, source: Source) -> grids.Table:
    """Read the properties of a layer, without its shapes.

    Parameters
    ----------
    raw
        The file.
    source
        What `sources.yaml` says of it.

    Returns
    -------
    Table
        Properties as text.

    Raises
    ------
    InputError
        If it cannot be read, or lacks a declared column.

    Examples
    --------
    >>> attributes(Contents(Path(__file__), "a.gpkg", "a.gpkg"), Source(file="a.gpkg"))
    Traceback (most recent call last):
    equity.errors.InputError: a.gpkg cannot be read as boundaries (DataSourceError); is
    it a whole GeoJSON, GeoPackage or zipped shapefile?
    """
    values, _, notes = _layer(raw, source, shapes=False)
    found = typed.table(values, source, file=raw.file)
    found.notes[:0] = notes
    return found


def _parquet(raw: Contents) -> gpd.GeoSeries:
    try:
        return gpd.read_parquet(raw.seekable()).geometry
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(raw, error) from error


def _layer(
    raw: Contents, source: Source, *, shapes: bool
) -> tuple[pa.Table, dict[str, Any], list[str]]:
    """Read a layer with GDAL; of several, the first with shapes unless one is named."""
    where = _place(raw)
    options: dict[str, Any] = {"encoding": source.encoding} if source.encoding else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's, about details of shapes
            if raw.ending in typed.JSON:
                notes, options["DATE_AS_STRING"] = [], "YES"
            else:
                layers = pyogrio.list_layers(where)
                named = [name for name, kind in layers if kind or not shapes]
                options["layer"], notes = _chosen(named, source.sheet, raw.file)
            meta, values = pyogrio.read_arrow(where, read_geometry=shapes, **options)
    except InputError:
        raise
    except Exception as error:  # GDAL's errors share no base class
        raise _unreadable(raw, error) from error
    return values, meta, notes


def _unreadable(raw: Contents, error: Exception) -> InputError:
    return InputError(
        f"{raw.file} cannot be read as boundaries ({type(error).__name__}); is it a "
        "whole GeoJSON, GeoPackage or zipped shapefile?"
    )


def _chosen(named: list[str], wanted: str, file: str) -> tuple[str, list[str]]:
    if not named:
        raise InputError(f"{file} has no boundaries; it is a table")
    if wanted and wanted not in named:
        raise InputError(f"{file} has no layer {wanted!r}; it has {named}")
    if wanted or len(named) == 1:
        return wanted or named[0], []
    return named[0], [f"of {len(named)} layers, {named[0]!r} was read"]


def _place(raw: Contents) -> str | bytes:
    """Say where GDAL finds the file: on disk, in a zip archive, or in memory."""
    if raw.ending in typed.JSON:
        with raw.open() as stream:
            containers.refuse_disguise(stream.read(4096), raw)
    if raw.member and raw.ending == ".shp":  # with the files beside it
        return f"/vsizip/{{{raw.path.resolve()}}}/{raw.member}"
    place = raw.seekable()
    return str(place.resolve()) if isinstance(place, Path) else place.read()


def _system(found: Any, source: Source, file: str) -> CRS:
    """Take a file's coordinate system, or the one declared where it says none."""
    declared = getattr(source, "crs", "")
    if found is None and not declared:
        raise InputError(
            f"{file} does not say its coordinate system (CRS); ask for it (a shapefile "
            "has it in its .prj), and declare 'crs' in sources.yaml"
        )
    try:
        return CRS.from_user_input(declared if found is None else found)
    except CRSError as error:
        raise InputError(
            f"{file}: {declared!r} is not a coordinate system, such as 'EPSG:4326'"
        ) from error
