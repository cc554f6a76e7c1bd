"""Typed files (Parquet and JSON), whose values become the text that is read."""

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from equity.errors import InputError
from equity.prepare.formats import cells, delimited, grids
from equity.prepare.formats.containers import Contents
from equity.prepare.sources import Source

PARQUET = (".parquet", ".pq", ".geoparquet")
LINES = (".jsonl", ".ndjson")
JSON = (".json", ".geojson", *LINES)


def table(values: pa.Table, source: Source, *, file: str) -> grids.Table:
    """Write the columns of a typed table as text, named as `sources.yaml` does.

    Parameters
    ----------
    values
        Columns of any types.
    source
        What `sources.yaml` says of the file.
    file
        Its name for messages.

    Returns
    -------
    Table
        Columns of text, a missing value empty.

    Raises
    ------
    InputError
        If a declared column is missing or there twice.

    Examples
    --------
    >>> values = pa.table({"id": [7, None]})
    >>> table(values, Source(file="a.parquet"), file="a.parquet").frame["id"].to_list()
    ['7', '']
    """
    declared = source.declared_columns()
    found = grids.header([values.column_names], declared, first=True)
    names = grids.require_header(found, declared, file=file).names
    names, notes = grids.spelled(names, declared, file=file)
    columns = [cells.of_arrow(column) for column in values.columns]
    frame = pa.table(dict(zip(names, columns, strict=True))).to_pandas()
    return grids.Table(frame, len(frame), notes)


def parquet(raw: Contents) -> pa.Table:
    """Read a Parquet file as it is.

    Parameters
    ----------
    raw
        The file.

    Returns
    -------
    Table
        Of Arrow, with its types.

    Raises
    ------
    InputError
        If it is not a whole Parquet file.

    Examples
    --------
    >>> from pathlib import Path
    >>> parquet(Contents(Path(__file__), "a.parquet", Path(__file__).name))
    Traceback (most recent call last):
    equity.errors.InputError: a.parquet is not a whole Parquet file (ArrowInvalid);
    export it again
    """
    try:
        return pq.ParquetFile(raw.seekable()).read()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{raw.file} is not a whole Parquet file ({type(error).__name__}); export "
            "it again"
        ) from error


def json_table(raw: Contents, source: Source) -> grids.Table:
    """Read a table from JSON.

    Parameters
    ----------
    raw
        A list of objects; a list of lists of which the first, or one below lines of
        prose, names the columns (as the Census Bureau's service answers); an object of
        objects, whose names become the column `key`; features, of which the
        properties are read; or an object a line.
    source
        What `sources.yaml` says of it.

    Returns
    -------
    Table
        Columns of text; what an object lacks is empty.

    Raises
    ------
    InputError
        If it is no JSON, of another shape, or lacks a declared column.

    Examples
    --------
    >>> from pathlib import Path
    >>> raw = Contents(Path(__file__), "a.json", "a.json")
    >>> json_table(raw, Source(file="a.json"))
    Traceback (most recent call last):
    equity.errors.InputError: a.json is not whole JSON (JSONDecodeError); download it
    again
    """
    encoding, notes = delimited.encoding(raw, source.encoding)
    try:
        text = raw.bytes().decode(encoding)
        as_written = {"parse_float": Decimal, "parse_constant": str}
        if raw.ending in LINES:
            lines = filter(str.strip, text.split("\n"))
            data = [json.loads(line, **as_written) for line in lines]
        else:
            data = json.loads(text, **as_written)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{raw.file} is not whole JSON ({type(error).__name__}); download it again"
        ) from error
    found = _of_json(data, source, raw.file)
    found.notes[:0] = notes
    return found


def _of_json(data: Any, source: Source, file: str) -> grids.Table:
    if isinstance(data, dict) and isinstance(data.get("features"), list):
        data = [
            feature.get("properties") or feature.get("attributes") or {}
            for feature in data["features"]
            if isinstance(feature, dict)
        ]
    elif isinstance(data, dict) and _all(data.values(), dict):
        key = "key"
        while any(key in row for row in data.values()):
            key += "_"
        data = [{key: name, **row} for name, row in data.items()]
    if isinstance(data, list) and _all(data, list):
        return _of_lists(data, source, file)
    if not isinstance(data, list) or not _all(data, dict):
        is_error = isinstance(data, dict) and {"error", "message"} & set(data)
        what = (
            "an error message of a web service" if is_error else "JSON of another sort"
        )
        raise InputError(
            f"{file} is {what}, not a table (a list of objects, or of lists of which "
            "the first names the columns); download the data again"
        )
    names = list(dict.fromkeys(name for row in data for name in row))
    columns = [[cells.of_json(row.get(name)) for row in data] for name in names]
    arrays = [pa.array(_sound(column), pa.string()) for column in columns]
    return table(pa.Table.from_arrays(arrays, names), source, file=file)


def _of_lists(data: list[list], source: Source, file: str) -> grids.Table:
    grid = [_sound([cells.of_json(value) for value in row]) for row in data]
    declared, above = source.declared_columns(), source.skip_rows or 0
    found = grids.header(grid[above:], declared, first=source.skip_rows is not None)
    header = grids.require_header(found, declared, file=file)
    rows = iter(grid[above + header.line + 1 :])
    return grids.table(rows, header, declared, lines=source.header_rows, file=file)


def _all(values: Any, kind: type) -> bool:
    return bool(values) and all(isinstance(value, kind) for value in values)


def _sound(texts: list[str]) -> list[str]:
    r"""Mark the halves of letters that JSON can hold, such as \ud800, as unreadable."""
    return [text.encode("utf-8", "replace").decode() for text in texts]
