"""Workbooks (Excel .xlsx and .xlsm): which sheet, and its cells as a grid.

Cells are read with openpyxl, as Excel last computed them. (Readers that are faster
turn `#N/A` into nothing and 00501 into 501.)
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from equity.errors import InputError
from equity.prepare.formats import cells, grids
from equity.prepare.formats.containers import Contents, members, refuse_disguise
from equity.prepare.sources import Source

ENDINGS = (".xlsx", ".xlsm")
OVERLAP = 4096  # bytes of a sheet looked at twice, lest a cell be cut
UNCOMPUTED = re.compile(  # a formula without a value; an empty text (t="str") is one
    rb'<c\b(?![^>]*\bt="str")[^>]*><f\b(?:[^>]*/>|[^>]*>[^<]*</f>)'
    rb"(?:<v\s*/>|<v></v>)?</c>"
)


def table(raw: Contents, source: Source) -> grids.Table:
    """Read a sheet of a workbook.

    Parameters
    ----------
    raw
        The file.
    source
        What `sources.yaml` says of it. Without `sheet`, the first sheet that has the
        declared columns is read, or else the first that is not empty.

    Returns
    -------
    Table
        Every cell as text.

    Raises
    ------
    InputError
        If it is no workbook or has a password, the sheet is not there, or none has
        the declared columns.

    Examples
    --------
    >>> raw = Contents(Path(__file__), "a.xlsx", "a.xlsx")
    >>> table(raw, Source(file="a.xlsx"))
    Traceback (most recent call last):
    equity.errors.InputError: a.xlsx is not an Excel workbook; if it is text, name it
    .csv
    """
    with raw.open() as stream:
        head = stream.read(4096)
    if not head.startswith(b"PK"):
        refuse_disguise(head, raw)
        raise InputError(
            f"{raw.file} is not an Excel workbook; if it is text, name it .csv"
        )
    place = raw.seekable()
    with place.open("rb") if isinstance(place, Path) else place as handle:
        members(handle, file=raw.file)  # refuses what unpacks without end
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and drop-down lists
                return _table(handle, source, raw.file)
        except InputError:
            raise
        except Exception as error:  # openpyxl's errors share no base class
            raise InputError(
                f"{raw.file} is damaged ({type(error).__name__}); open it in Excel and "
                "save it again, or as CSV"
            ) from error


def _table(handle: BinaryIO, source: Source, file: str) -> grids.Table:
    book = openpyxl.load_workbook(handle, read_only=True, data_only=True)
    declared, skipped = source.declared_columns(), source.skip_rows or 0
    sheets = _candidates(book.worksheets, source.sheet, file)
    headers = []
    for sheet in sheets:
        top = list(islice(_grid(sheet), skipped, skipped + grids.SEARCHED))
        found = grids.header(top, declared, first=source.skip_rows is not None)
        headers += [(sheet, found)] if found else []
    sheet, found = min(
        headers, key=lambda pair: _lacks(pair[1]), default=(sheets[0], None)
    )
    header = grids.require_header(found, declared, file=f"{file}, sheet {sheet.title}")
    grid = list(_grid(sheet))
    del grid[:skipped]
    width = max(map(len, grid))
    for row in grid:
        if row or width > 1:
            row += [""] * (width - len(row))
    names = [grids.clean(cell) for cell in grid[header.line]]
    read = grids.table(
        iter(grid[header.line + 1 :]),
        replace(header, names=names),
        declared,
        lines=source.header_rows,
        file=file,
    )
    if len(headers) > 1:
        read.notes.insert(0, f"of {len(headers)} sheets, {sheet.title!r} was read")
    if _uncomputed(handle):
        read.notes.append(
            "formulas that were never computed are read as blank; open the workbook "
            "and save it"
        )
    return read


def _lacks(header: grids.Header) -> tuple[int, bool]:
    """Rank a sheet's header: how much it lacks, and whether it may be prose."""
    return len(header.missing), sum(map(bool, header.names)) < 2


def _candidates(sheets: list[Worksheet], wanted: str, file: str) -> list[Worksheet]:
    named = [sheet for sheet in sheets if not wanted or sheet.title == wanted]
    if not named:
        found = [sheet.title for sheet in sheets]
        raise InputError(f"{file} has no sheet {wanted!r}; it has {found}")
    return named


def _grid(sheet: Worksheet) -> Iterator[list[str]]:
    """Read the cells as text, each row as far as it is filled."""
    sheet.reset_dimensions()  # what files say of their size is often wrong
    for row in sheet.iter_rows():
        texts = [
            value
            if isinstance(value := cell.value, str)
            else cells.of_excel(value, cell.number_format)
            if value is not None
            else ""
            for cell in row
        ]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _uncomputed(handle: BinaryIO) -> bool:
    """Tell whether a sheet has a formula whose value nobody has computed."""
    with ZipFile(handle) as archive:
        for entry in archive.infolist():
            if not entry.filename.startswith("xl/worksheets/"):
                continue
            with archive.open(entry) as stream:
                kept = b""
                while chunk := stream.read(1 << 20):
                    if b"<f" in chunk and UNCOMPUTED.search(kept + chunk):
                        return True
                    kept = chunk[-OVERLAP:]
    return False
