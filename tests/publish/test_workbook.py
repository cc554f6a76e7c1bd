"""The Excel book: the numbers of the page, nothing hidden, no formula, same bytes."""

import io
import re
import zipfile

import openpyxl
import pytest

from equity.publish import downloads
from equity.publish.payload import payload
from equity.publish.workbook import book
from tests.publish.test_downloads import ATTACKS, rows_of
from tests.small_release import publish_in, table


def made(*tables, findings=()):
    return book([payload(one) for one in tables], findings, title="Tables of Sampleton")


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {info.filename: packed.read(info) for info in packed.infolist()}


def test_a_sheet_for_each_table_and_one_that_lists_them():
    found = opened(made(table("waits"), table("work")))
    assert found.sheetnames == ["Contents", "waits", "work", "findings"]
    listed = [[cell.value for cell in row] for row in found["Contents"].iter_rows()]
    assert listed[0][0] == "Tables of Sampleton"
    assert [
        "waits",
        "Days to close",
        "Hidden: fewer than 10 people.",
        "City records",
    ] in listed


def test_a_sheet_holds_what_the_csv_holds():
    one = payload(table())
    sheet = opened(made(table()))["waits"]
    found = [
        ["" if value is None else str(value) for value in row]
        for row in sheet.iter_rows(values_only=True)
    ]
    numbers = [["-6.0" if v == "-6" else v for v in row] for row in found]
    assert numbers == rows_of(downloads.table_csv(one))


def test_numbers_are_numbers():
    row = next(opened(made(table()))["waits"].iter_rows(min_row=2, values_only=True))
    assert row == ("Asian", 1234, -4.5, -6.0, -3.1, None)


def test_nothing_is_hidden():
    content = made(table(), table("work"))
    found = opened(content)
    assert {sheet.sheet_state for sheet in found} == {"visible"}
    assert not found.defined_names
    for sheet in found:
        dimensions = [*sheet.row_dimensions.values(), *sheet.column_dimensions.values()]
        assert not any(one.hidden for one in dimensions)
        assert not any(cell.comment for row in sheet.iter_rows() for cell in row)
    kept = r"xl/(worksheets/sheet\d+|workbook|styles|sharedStrings|theme/theme1)\.xml"
    other = r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels"
    properties = r"docProps/(app|core)\.xml"
    for name in members(content):
        assert re.fullmatch(f"{kept}|{other}|{properties}", name), name


@pytest.mark.parametrize("attack", [*ATTACKS, "#REF!", "{=1}", "=1"])
def test_text_that_looks_like_a_formula_is_text(attack):
    content = made(table(label=attack))
    cell = opened(content)["waits"]["A2"]
    assert cell.data_type == "s"
    assert cell.value.strip() == attack.strip()
    if attack.startswith(downloads.FORMULA):
        assert cell.quotePrefix  # it stays text when it is edited
    sheets = [text for name, text in members(content).items() if "sheet" in name]
    assert not any(b"<f>" in text or b"<f " in text for text in sheets)


def test_nobody_and_no_clock_is_named():
    core = members(made(table()))["docProps/core.xml"].decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[0-9:]+Z", core)) == {
        "1980-01-01T00:00:00Z"
    }
    assert "openpyxl" not in core
    with zipfile.ZipFile(io.BytesIO(made(table()))) as packed:
        infos = packed.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}


def test_same_tables_same_bytes(monkeypatch):
    first = made(table())
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert made(table()) == first


def test_names_that_excel_does_not_take_are_changed():
    names = ["contents", "history", "a" * 40, "a" * 41, "findings-2"]
    found = opened(made(*(table(name) for name in names))).sheetnames
    assert found == [
        *("Contents", "contents-2", "history-2", "a" * 31, "a" * 29 + "-2"),
        *("findings-2", "findings"),
    ]
    assert len({name.lower() for name in found}) == len(found)


def test_text_that_xml_cannot_hold_is_replaced():
    cell = opened(made(table(label="A\x00B")))["waits"]["A2"]
    assert cell.value == "A\N{REPLACEMENT CHARACTER}B"


def test_the_book_is_part_of_the_release(tmp_path):
    folder = publish_in(tmp_path)
    found = openpyxl.load_workbook(folder / "tables" / "sample-2026Q1.xlsx")
    assert found.sheetnames == ["Contents", "waits", "work", "findings"]
    row = next(found["findings"].iter_rows(min_row=2, values_only=True))
    assert row[:7] == (
        *("01_waits", "Days to close", None, "Asian", "White", "points", -4.5),
    )
    page = (folder / "index.html").read_text()
    assert 'href="tables/sample-2026Q1.xlsx"' in page
