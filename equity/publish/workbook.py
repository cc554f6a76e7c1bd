"""All tables of a release in one Excel book, for those who work in spreadsheets.

The first sheet lists the others with what they show, their notes and their sources.
There is no formula (text that looks like one is text), no hidden sheet, and nothing
about who made the book where and when: the same tables give the same bytes.

References
----------
ECMA-376, Office Open XML file formats; ISO/IEC 21320-1, Document container file: the
members of the zip are stored, not compressed, so that no version of a compression
library changes them.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink

from equity.publish import downloads
from equity.publish.payload import Table

CONTENTS = "Contents"

_NO_TIME = dt.datetime(1980, 1, 1)  # the earliest that a zip can say
_CORE = "docProps/core.xml"
_LONGEST_NAME = 31  # of a sheet
_LONGEST_TEXT = 32_767  # of a cell
_RESERVED = {CONTENTS.lower(), "history"}
_WIDEST = 60  # characters


def book(
    tables: Sequence[Table],
    findings: Sequence[Sequence[Any]] = (),
    *,
    title: str,
    about: Sequence[str] = (),
) -> bytes:
    """Write published tables as an Excel book.

    Parameters
    ----------
    tables
        Published tables, a sheet each, as their CSV files have them.
    findings
        Rows of the sheet of findings, columns as in ``downloads.FINDING_COLUMNS``.
    title
        Of the book.
    about
        Lines under the title of the first sheet.

    Returns
    -------
    bytes
        An ``.xlsx`` file, the same for the same arguments.

    Examples
    --------
    >>> from openpyxl import load_workbook
    >>> made = load_workbook(io.BytesIO(book([], title="Tables")))
    >>> made.sheetnames
    ['Contents', 'findings']
    """
    made = Workbook(write_only=True)
    made.properties.title = _text(title)
    made.properties.creator = ""
    sheets = _sheet_names([*(table.name for table in tables), downloads.FINDINGS])
    _contents(made, tables, sheets, title, about)
    for table, sheet in zip(tables, sheets, strict=False):
        _sheet(made, sheet, downloads.names(table), downloads.rows(table))
    _sheet(made, sheets[-1], list(downloads.FINDING_COLUMNS), findings)
    buffer = io.BytesIO()
    made.save(buffer)
    return _same_bytes(buffer.getvalue())


def _contents(
    made: Workbook,
    tables: Sequence[Table],
    sheets: Sequence[str],
    title: str,
    about: Sequence[str],
) -> None:
    """The first sheet: what the others show, how blanks are told apart, sources."""
    rows = [
        *((sheet, t.caption, " ".join(t.notes), t.source)
          for t, sheet in zip(tables, sheets, strict=False)),
        (sheets[-1], "The findings of the report, a row for each comparison", "", ""),
    ]  # fmt: skip
    made_sheet = made.create_sheet(CONTENTS)
    for letter, width in zip("ABCD", (32, 60, 60, 60), strict=True):
        made_sheet.column_dimensions[letter].width = width
    made_sheet.append([_cell(made_sheet, title, bold=True)])
    for line in about:
        made_sheet.append([_cell(made_sheet, line)])
    made_sheet.append([])
    head = ("Sheet", "What it shows", "Notes", "Source")
    made_sheet.append([_cell(made_sheet, text, bold=True) for text in head])
    for number, row in enumerate(rows, start=len(about) + 4):
        cells = [_cell(made_sheet, text, wrap=True) for text in row]
        cells[0].hyperlink = Hyperlink(ref=f"A{number}", location=f"'{row[0]}'!A1")
        made_sheet.append(cells)


def _sheet(
    made: Workbook, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    sheet = made.create_sheet(name)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(zip(header, *rows, strict=True), start=1):
        longest = max(len(str(value)) for value in column if value is not None)
        width = min(longest + 2, _WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_cell(sheet, text, bold=True) for text in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(
    sheet: Any, value: Any, *, bold: bool = False, wrap: bool = False
) -> WriteOnlyCell:
    """A cell; text is text, whatever it begins with, also after it was edited."""
    is_text = isinstance(value, str)
    cell = WriteOnlyCell(sheet, (_text(value) or None) if is_text else value)
    if is_text and cell.value is not None:
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(downloads.FORMULA)
    if bold:
        cell.font = Font(bold=True)
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _text(text: str) -> str:
    """Text that a sheet can hold."""
    return ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST_TEXT]


def _sheet_names(wanted: Sequence[str]) -> list[str]:
    """Names that Excel takes: short, not reserved, each of its own."""
    taken = set(_RESERVED)
    names = []
    for name in wanted:
        chosen, number = name[:_LONGEST_NAME], 2
        while chosen.lower() in taken:
            end = f"-{number}"
            chosen, number = name[: _LONGEST_NAME - len(end)] + end, number + 1
        taken.add(chosen.lower())
        names.append(chosen)
    return names


def _same_bytes(made: bytes) -> bytes:
    """Pack the book anew, without the time it was made."""
    when = _NO_TIME.strftime("%Y-%m-%dT%H:%M:%SZ")
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(made)) as packed,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as again,
    ):
        for name in packed.namelist():
            content = packed.read(name)
            if name == _CORE:
                times = rb"(<dcterms:(created|modified)[^>]*>)[^<]*"
                content = re.sub(times, rb"\g<1>" + when.encode(), content)
            member = zipfile.ZipInfo(name, _NO_TIME.timetuple()[:6])
            member.create_system = 3
            again.writestr(member, content)
    return buffer.getvalue()
