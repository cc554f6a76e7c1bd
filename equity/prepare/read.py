"""Any raw file to a raw frame of text, with a ledger of what was done.

Everything is read as text and nothing is inferred: identifiers keep their leading
zeros, and NA, None, null and N/A are texts. A blank is an empty text. How a file was
read, where that is not plain, is noted on all its rows; rows that do not fit the
header are set aside. The index is the data row minus one, all the way, so that a row
can be found again.

Read are delimited text, Excel, Parquet and JSON, and boundaries in whatever GDAL reads;
gzip and zip around them; and folders of parts.
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.errors import InputError
from equity.prepare.formats import (
    containers,
    delimited,
    grids,
    layers,
    typed,
    workbooks,
)
from equity.prepare.quality import Ledger
from equity.prepare.sources import Source


def table(
    source: Source, *, folder: Path, kind: str = ""
) -> tuple[pd.DataFrame, Ledger]:
    """Read a raw table as text.

    Parameters
    ----------
    source
        A file, or a folder of Parquet or CSV files with the same columns, which are
        read in the order of their names.
    folder
        The raw folder.
    kind
        The kind of raw file, for the ledger.

    Returns
    -------
    DataFrame
        Columns of text, those that `sources.yaml` names spelled as there; the index
        is the data row minus one, with gaps where rows were set aside.
    Ledger
        Rows read, notes on how, and rows set aside.

    Raises
    ------
    InputError
        If the file cannot be read as a table that has the declared columns, naming the
        file and what to do.

    Examples
    --------
    >>> from equity import project
    >>> source = Source(file="sample/population.csv")
    >>> frame, ledger = table(source, folder=project.raw_folder())
    >>> len(frame) == ledger.read, ledger.entries
    (True, [])
    """
    path = folder / source.file
    file = source.named()
    found = _parts(path, source, file) if path.is_dir() else _table(path, source, file)
    return found.frame, _ledger(found, source, kind)


def places(
    source: Source, *, folder: Path, kind: str = ""
) -> tuple[gpd.GeoDataFrame, Ledger]:
    """Read boundaries or points with their properties as text.

    Parameters
    ----------
    source
        A file that GDAL reads, or Parquet with shapes; gzip and zip too. Its `crs`
        holds where the file does not say its own.
    folder
        The raw folder.
    kind
        The kind of raw file, for the ledger.

    Returns
    -------
    GeoDataFrame
        Properties as text, and `geometry` in the file's coordinate system; a feature
        without a shape keeps its row.
    Ledger
        Features read, and notes on how.

    Raises
    ------
    InputError
        If it cannot be read, or does not say its coordinate system.

    Examples
    --------
    >>> from equity import project
    >>> source = Source(file="sample/tracts.geojson")
    >>> frame, ledger = places(source, folder=project.raw_folder())
    >>> frame.crs.to_epsg(), ledger.read
    (4326, 60)
    """
    path, file = folder / source.file, source.named()
    if path.is_file() and path.suffix.lower() == ".zip" and not source.member:
        member = layers.only_member(path, file=file)
    else:
        member = source.member
    raw = containers.contents(path, file=file, member=member)
    found, shapes, system = layers.features(raw, source)
    frame = gpd.GeoDataFrame(found.frame, geometry=shapes, crs=system)
    return frame, _ledger(found, source, kind)


def look(path: Path) -> tuple[pd.DataFrame, Ledger, dict[str, Any]]:
    """Read a file that nobody has described yet, boundaries as well as tables.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    DataFrame
        As `table` or `places` returns it.
    Ledger
        How it was read.
    dict
        Settings that `sources.yaml` has to declare for it, such as `header_rows`.

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> from equity import project
    >>> path = project.raw_folder() / "sample" / "population.csv"
    >>> frame, ledger, settings = look(path)
    >>> settings
    {}
    """
    how = places if _holds_shapes(path) else table
    source = Source(file=path.name)
    try:
        return *how(source, folder=path.parent), {}
    except InputError as error:
        if "header_rows: 2" not in str(error):
            raise
    settings = {"header_rows": 2}
    return *how(source.model_copy(update=settings), folder=path.parent), settings


def _holds_shapes(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".zip") and path.is_file():
        return bool(layers.members(path, file=path.name))
    if name.endswith(typed.JSON):
        with containers.contents(path, file=path.name).open() as stream:
            head = stream.read(4096)
        return b'"FeatureCollection"' in head or b'"geometryType"' in head
    return name.endswith((*layers.SHAPES, ".geoparquet"))


def _ledger(found: grids.Table, source: Source, kind: str) -> Ledger:
    ledger = Ledger(kind, source.named(), found.rows, source.titled())
    for note in found.notes:
        ledger.note(note, len(found.frame))
    rows = pd.DataFrame(index=pd.RangeIndex(found.rows))
    aside = {
        rule: pd.Series(rows.index.isin(at), index=rows.index)
        for rule, at in found.aside.items()
    }
    ledger.set_aside(rows, aside)
    return ledger


def _table(path: Path, source: Source, file: str) -> grids.Table:
    raw = containers.contents(path, file=file, member=source.member)
    if raw.ending in workbooks.ENDINGS:
        return workbooks.table(raw, source)
    if raw.ending in typed.PARQUET:
        return typed.table(typed.parquet(raw), source, file=raw.file)
    if raw.ending in typed.JSON:
        return typed.json_table(raw, source)
    if raw.ending in layers.SHAPES:
        return layers.attributes(raw, source)
    return delimited.table(raw, source)


def _parts(path: Path, source: Source, file: str) -> grids.Table:
    """Read the parts of a folder one after the other."""
    paths = sorted(p for p in path.iterdir() if p.is_file() and p.name[0] not in "._")
    if not paths:
        raise InputError(f"{file} is a folder without files")
    parts = [_table(part, source, f"{file}/{part.name}") for part in paths]
    whole = grids.Table(parts[0].frame, 0, [f"read from {len(parts)} files"])
    for part, place in zip(parts, paths, strict=True):
        if set(part.frame.columns) != set(whole.frame.columns):
            raise InputError(
                f"{file}/{place.name} has other columns than {file}/{paths[0].name}; "
                "put into the folder only files of one layout"
            )
        part.frame.index += whole.rows
        for rule, rows in part.aside.items():
            whole.aside.setdefault(rule, []).extend(row + whole.rows for row in rows)
        whole.notes += [note for note in part.notes if note not in whole.notes]
        whole.rows += part.rows
    whole.frame = pd.concat([part.frame[whole.frame.columns] for part in parts])
    return whole
