"""Any raw file is read whole, as the text it is, or refused by name."""

import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import geopandas as gpd
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity.errors import InputError
from equity.prepare import read
from equity.prepare.formats import containers, delimited, grids
from equity.prepare.sources import Areas, Source


@pytest.fixture
def table(tmp_path):
    """Write bytes to a file and read it, some columns declared."""

    def call(content, name="a.csv", columns="", **keys):
        if content is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        keep = {column: [] for column in columns.split("+") if column}
        source = Source(file=name, keep=keep, **keys)
        return read.table(source, folder=tmp_path, kind="events")

    return call


def refusal(call, *facts, never=()):
    with pytest.raises(InputError) as error:
        call()
    text = str(error.value)
    assert "\n" not in text
    for fact in facts:
        assert fact in text, text
    for value in never:
        assert value not in text, text
    return text


def notes(ledger):
    return [rule for action, rule, _ in ledger.entries if action == "noted"]


def aside(ledger):
    return {rule: n for action, rule, n in ledger.entries if action == "set aside"}


def zipped(members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            dated = zipfile.ZipInfo(name)  # 1980, whenever it is made
            archive.writestr(dated, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


# Text stays text ------------------------------------------------------------------


def test_nothing_is_inferred(table):
    frame, ledger = table(
        b"id,race,n,day\n06037,NA,1e3,2025-01-02\n,null,-,NaN\nNone,N/A,007,1.0\n"
    )
    assert frame.to_dict("list") == {
        **{"id": ["06037", "", "None"], "race": ["NA", "null", "N/A"]},
        **{"n": ["1e3", "-", "007"], "day": ["2025-01-02", "NaN", "1.0"]},
    }
    assert (ledger.read, ledger.entries) == (3, [])
    assert set(map(str, frame.dtypes)) == {"str"}


PLAIN = {"a": ["1", "é"], "b": ["2", "y"]}
TEXT = "a,b\n1,2\né,y\n"


@pytest.mark.parametrize(
    ("content", "keys", "noted"),
    [
        (TEXT.encode(), {}, []),
        (TEXT.encode("utf-8-sig"), {}, []),
        (TEXT.encode("utf-16"), {}, ["read as UTF-16"]),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), {}, ["read as UTF-16"]),
        (TEXT.encode("utf-32"), {}, ["read as UTF-32"]),
        (TEXT.encode("utf-16-le"), {"encoding": "utf-16-le"}, []),
        (TEXT.encode("utf-16"), {"encoding": "utf-16-le"}, []),
        (
            TEXT.encode("cp1252"),
            {},
            ["not UTF-8; read as Windows-1252, check accented letters"],
        ),
        (TEXT.encode("mac-roman"), {"encoding": "mac-roman"}, []),
        (TEXT.replace("\n", "\r\n").encode(), {}, []),
        (TEXT.replace("\n", "\r").encode(), {}, []),
        (b"a,b\r\n1,2\r\xc3\xa9,y\n", {}, []),
        (TEXT.replace(",", "\t").encode(), {}, ["cells are separated by tabs"]),
        (TEXT.replace(",", "|").encode(), {}, ["cells are separated by bars"]),
        (TEXT.replace(",", ";").encode(), {"delimiter": ";"}, []),
        (TEXT.replace(",", "^").encode(), {"delimiter": "^"}, []),
        (
            ("sep=;\n" + TEXT.replace(",", ";")).encode(),
            {},
            ["the first line says that cells are separated by semicolons"],
        ),
        (TEXT.rstrip("\n").encode(), {}, []),
        (TEXT.replace("\n", "\n\n").encode(), {}, []),  # a line without cells is no row
        (b"a,b,\n1,2,\n\xc3\xa9,y,\n", {}, []),  # an empty column at the end
        (b"a,b\n1,2,,\n\xc3\xa9,y,,\n", {}, []),  # its delimiters in every row only
        (b"a,b,,\n1,2\n\xc3\xa9,y\n", {}, []),  # or in the header only
        (b"a,b\n1,2\n\xc3\xa9,y\n,\n,\n", {}, []),  # rows of nothing at the end
        (gzip.compress(TEXT.encode(), mtime=0), {"name": "a.csv.gz"}, []),
        (gzip.compress(TEXT.encode(), mtime=0), {"name": "A.CSV.GZ"}, []),
        (zipped({"x.csv": TEXT}), {"name": "a.zip"}, []),
        (zipped({"__MACOSX/x.csv": "", "x.csv": TEXT}), {"name": "a.zip"}, []),
        (
            zipped({"x.csv": TEXT, "y.csv": "c"}),
            {"name": "a.zip", "member": "x.csv"},
            [],
        ),
        (zipped({"../../x.csv": TEXT}), {"name": "a.zip"}, []),  # a name that climbs
        (TEXT.encode(), {"name": "a.txt"}, []),
        (TEXT.encode(), {"name": "export"}, []),
    ],
)
def test_framings(table, content, keys, noted):
    frame, ledger = table(content, **keys)
    assert frame.to_dict("list") == PLAIN
    assert notes(ledger) == noted
    assert all(rows == 2 for _, _, rows in ledger.entries)
    assert ledger.read == 2
    assert frame.index.to_list() == [0, 1]


def test_nothing_is_unpacked_to_disk(table, tmp_path):
    table(zipped({"../../evil.csv": TEXT}), name="in/a.zip")
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "a.zip"]


def test_cells_may_hold_delimiters_lines_and_quotation_marks(table):
    frame, ledger = table(b'a,b\n"x, y\r\nz","say ""so"""\n5" pipe,it\'s\n')
    assert frame["a"].to_list() == ["x, y\nz", '5" pipe']
    assert frame["b"].to_list() == ['say "so"', "it's"]
    assert ledger.entries == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bare_line_end_within_a_cell_divides_no_row(table, end):
    rows = ["a,b,c", "1,x\ry,3", "2,\r=1,4", "5,p\rq\rr,6", "7,8,9"]
    frame, ledger = table(end.join(rows).encode(), columns="a+b+c")
    assert frame["b"].to_list() == ["x\ny", "\n=1", "p\nq\nr", "8"]
    assert notes(ledger) == [
        "3 cell(s) with a line end, but not in quotation marks, were kept whole"
    ]
    frame, ledger = table(b"a,b,c\r1,2\r3,4\r5,6,7\r8,9,0\r1,2,3\r", columns="a+b+c")
    assert len(frame) == 3
    assert aside(ledger) == {"fewer cells than the header": 2}


def test_a_cell_of_many_lines_with_delimiters_is_a_cell(table):
    text = "one, two, three\nfour, five\n\nsix, seven, eight, nine, ten"
    frame, ledger = table(f'a,b,c\n1,"{text}",3\n'.encode())
    assert frame["b"].to_list() == [text]
    assert ledger.entries == []


# The header -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "keys", "noted"),
    [
        ("City of X\nas of today, all of it\n\na,b\n1,2\n", {"columns": "a+b"}, 3),
        ("a,b,c\nno,header,here\n\na,b\n1,2\n", {"skip_rows": 2}, 0),
        ("City of X\n\na,b\n1,2\n", {}, 2),
        ("City of X,\nPublished,\na,b\n1,2\n", {"columns": "b"}, 2),
        ('"City\nof X"\na,b\n1,2\n', {"columns": "b"}, 1),
        ("\n\n a\u00a0 , b\n1,2\n", {"columns": "b"}, 0),
    ],
)
def test_the_header_is_found_under_prose(table, content, keys, noted):
    frame, ledger = table(content.encode(), **keys)
    assert frame.to_dict("list") == {"a": ["1"], "b": ["2"]}
    lines = f"{noted} line{'s' * (noted > 1)} above the header "
    assert [note.startswith(lines) for note in notes(ledger)] == [True] * bool(noted)


def test_names_are_cleaned_and_then_spelled_as_declared(table):
    content = '\ufeff"Job\n Title ",RACE,n,n,,x\nclerk,W,1,2,3,4\n'.encode()
    frame, ledger = table(content, columns="Job Title +Race")
    assert list(frame) == ["Job Title ", "Race", "n", "n.1", "column 5", "x"]
    assert notes(ledger) == ["columns ['Race'] are in other case"]


def test_a_column_spelled_exactly_goes_before_one_in_other_case(table):
    frame, ledger = table(b"RACE,race\nx,W\n", columns="race")
    assert frame["race"].to_list() == ["W"]
    assert ledger.entries == []


def test_the_header_again_is_no_row(table):
    frame, ledger = table(TEXT.encode() + b"\xef\xbb\xbfa, b\n7,8\n")
    assert frame["a"].to_list() == ["1", "é", "7"]
    assert frame.index.to_list() == [0, 1, 3]
    assert aside(ledger) == {"the header again": 1}
    assert ledger.read == 4


CENSUS = (
    '\ufeff"GEO_ID","B01_001E",\n"Geography","Estimate!!Total",\n"1500000US17","12",\n'
)


def test_a_second_header_line_is_passed_over_where_declared(table):
    frame, ledger = table(CENSUS.encode(), header_rows=2)
    assert frame.to_dict("list") == {"GEO_ID": ["1500000US17"], "B01_001E": ["12"]}
    assert notes(ledger) == ["the second header line was passed over"]
    refusal(lambda: table(CENSUS.encode()), "a.csv", "header_rows: 2")


@pytest.mark.parametrize(
    ("content", "columns", "facts", "never"),
    [
        (b"id,Race/Ethnicity\n1,x\n", "id+race", ["['race']", "'Race/Eth"], ["'x'"]),
        (b"id,a,a \n1,x,y\n", "id+a", ["['a']", "more than once"], []),
        (b"id,Race,RACE\n1,x,y\n", "race", ["['race']", "more than once"], []),
        (b"7,Ann Smith\n8,Bo Wu\n", "id+race", ["30 lines"], ["Smith", "Wu"]),
        (b"T\n" * 31 + b"id,race\n1,x\n", "id+race", ["30 lines"], []),
        (b"id\trace\n1\tx\n", "id+race+sex", ["['sex']", "found ['id'"], []),
    ],
)
def test_a_header_without_the_declared_columns(table, content, columns, facts, never):
    refusal(lambda: table(content, columns=columns), "a.csv", *facts, never=never)


def test_an_undeclared_column_may_be_there_twice(table):
    assert list(table(b"a,a \n1,2\n")[0]) == ["a", "a.1"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_prose_with_other_delimiters_does_not_mislead(table, delimiter):
    prose = "Requests, by ward; all of 2025 | City of X, Y, Z\n" * 3
    rows = delimiter.join(["id", "race"]) + "\n" + delimiter.join(["7", "W"]) + "\n"
    frame, _ = table((prose + rows).encode(), columns="id+race")
    assert frame.to_dict("list") == {"id": ["7"], "race": ["W"]}


# Rows that do not fit -------------------------------------------------------------


def test_ragged_rows_are_set_aside_and_never_shifted(table):
    frame, ledger = table(b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n,,\n10,11,12\n(5 rows)\n1,2,3")
    assert frame["c"].to_list() == ["3", "12", "3"]
    assert frame.index.to_list() == [0, 4, 6]
    assert aside(ledger) == {
        "fewer cells than the header": 2,
        "more cells than the header": 1,
        "no cell is filled": 1,
    }
    found = {rule: rows for _, rule, rows in ledger.found}
    assert found["fewer cells than the header"] == ["2", "6"]
    assert ledger.read == 7 == len(frame) + sum(aside(ledger).values())


OPEN = "a quotation mark is not closed or not doubled"


@pytest.mark.parametrize(
    "stray",
    [
        b'1,"x,3\n',  # open to the end of the file, or to the next quotation mark
        b'1,"Bo "B" Wu",3\n',  # not doubled
        b'1,"x"y,3\n',
        b'1,"a \\"b\\", c",3\n',  # a backslash doubles nothing
    ],
)
@pytest.mark.parametrize("after", [b"4,5,6\n" * 5, b'4,"5",6\n' * 5])
def test_a_quotation_mark_never_swallows_rows(table, stray, after):
    frame, ledger = table(b"a,b,c\n0,0,0\n" + stray + after)
    assert frame["a"].to_list() == ["0"] + ["4"] * 5
    assert aside(ledger) == {OPEN: 1}
    assert ledger.read == 7


def test_many_stray_marks_cost_little(table):
    rows = b'1,"x"y,3\n4,5,6\n4,5,6\n' * 20_000
    frame, ledger = table(b"a,b,c\n" + rows)
    assert (len(frame), aside(ledger)) == (40_000, {OPEN: 20_000})


@pytest.mark.parametrize("between", [1, 2, 50])
def test_two_stray_marks_that_pair_are_found(table, between):
    rows = b'1,"x,3,4,5\n' + b"4,5,6,7,8\n" * between + b'7,8",9,0,1\n1,2,3,4,5\n'
    frame, ledger = table(b"a,b,c,d,e\n" + rows)
    assert len(frame) == between + 2
    assert frame["b"].to_list()[between] == '8"'
    assert aside(ledger) == {OPEN: 1}


def test_a_cell_of_two_lines_that_may_be_two_rows_is_pointed_out(table):
    frame, ledger = table(b'a,b,c,d\n1,"x,3,4\n7,8",9,0\n1,2,3,4\n')
    assert frame["b"].to_list() == ["x,3,4\n7,8", "2"]
    assert notes(ledger) == [
        "1 cell(s) of two lines may hold the end of one row and the beginning of the "
        "next; check their quotation marks"
    ]
    prose = b'"Main St\nChicago, IL"\n'
    frame, ledger = table(b"a,b\n1," + prose + b"2," + prose)
    assert (len(frame), ledger.entries) == (2, [])


# Files that are refused -----------------------------------------------------------

LONG = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000, mtime=0)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("name", "content", "facts"),
    [
        ("a.csv", b"", ["0 bytes"]),
        ("a.csv", b"\n\n \n", ["holds no table"]),
        ("a.csv", b"\xef\xbb\xbf", ["holds no table"]),
        ("a.csv.gz", gzip.compress(b"", mtime=0), ["holds nothing"]),
        ("a.csv.gz", LONG[: len(LONG) * 6 // 10], ["cut short"]),
        ("a.csv.gz", LONG[:-4], ["cut short"]),
        ("a.csv.gz", LONG[:60] + b"\xff" * 9 + LONG[69:], ["damaged"]),
        ("a.csv.gz", b"a,b\n1,2\n", ["damaged"]),
        ("a.csv", LONG, ["gzip archive", "add .gz"]),
        ("a.csv", zipped({"x": "y"}), ["Excel workbook or a zip", ".xlsx or .zip"]),
        ("a.csv", OLE, ["old Excel workbook", "save it as .xlsx or CSV"]),
        ("a.xls", OLE, ["old Excel workbook", "save it as .xlsx or CSV"]),
        ("a.xlsx", OLE, ["password"]),
        ("a.xlsx", b"<html><table>", ["web page"]),
        ("a.xlsx", b"a,b\n1,2\n", ["not an Excel workbook", ".csv"]),
        ("a.xlsx", b"PK\x03\x04 nothing", ["damaged"]),
        ("a.xlsx", zipped({"x.xml": "<x/>"}), ["damaged", "save it again"]),
        ("a.xls", b"<html xmlns:o='urn'><table>", ["web page"]),
        ("a.ods", zipped({"x": "y"}), [".ods is not read", ".xlsx or CSV"]),
        ("a.csv", b"%PDF-1.7 ", ["PDF", "ask for the data"]),
        ("a.csv", b"PAR1 ", ["Parquet", ".parquet"]),
        ("a.csv", b"SQLite format 3\x00", ["GeoPackage", ".gpkg"]),
        ("a.csv", b"\n<!DOCTYPE html><title>503</title>", ["web page"]),
        ("a.csv", '<?xml version="1.0"?>'.encode("utf-16"), ["web page"]),
        ("a.csv", b'{"error": {"code": 500}}', ["error message", "again"]),
        ("a.csv", b'[{"a": 1}]', ["is JSON", ".json"]),
        ("a.csv", TEXT.encode("utf-16-le"), ["NUL", "utf-16-le"]),
        ("a.csv", b"a,b\n1,\x00\n", ["NUL"]),
        ("a.csv", b"a,b\n1,\x81\n", ["not of one encoding", "line 2"]),
        ("a.csv", "a,é\n1,ü\n".encode() + b"\xe9,1\n", ["not of one", "line 3"]),
        ("a.csv", b"a,b;c\n1,2;3\n", ["commas or cells", "delimiter"]),
        ("a.csv", b"a,b\n1,2,3\n4,5,6\n", ["2 of 2 rows", "data row 1"]),
        (
            "a.zip",
            zipped({"x.csv": TEXT, "y.csv": TEXT}),
            ["2 files", "x.csv", "member"],
        ),
        ("a.zip", zipped({}), ["0 files"]),
        ("a.zip", zipped({"x.csv": TEXT})[:-30], ["damaged"]),
        ("a.zip", b"a,b\n1,2\n", ["damaged"]),
        ("a.tar.gz", LONG, ["unpack it"]),
        ("a.json", b'{"error": true, "message": "log in"}', ["error message"]),
        ("a.json", b'[{"a": 1}, {"a"', ["not whole JSON"]),
        ("a.json", b'{"count": 84296}', ["list of objects"]),
        ("a.json", b"[" * 100_000, ["not whole JSON"]),
        ("a.json", b"[]", ["list of objects"]),
        ("a.parquet", b"PAR1 and no more", ["not a whole Parquet"]),
    ],
)
def test_what_is_not_a_table_is_refused(table, name, content, facts):
    refusal(lambda: table(content, name=name), name, *facts)


@pytest.mark.parametrize(
    ("keys", "facts"),
    [
        ({"encoding": "ascii"}, ["cannot be read as ascii", "line 3"]),
        ({"encoding": "utf-16"}, ["utf-16"]),
        ({"encoding": "klingon"}, ["'klingon'"]),
        ({"member": "x.csv"}, ["no zip archive"]),
        ({"skip_rows": 9}, ["holds no table"]),
    ],
)
def test_declared_settings_win_and_must_fit(table, keys, facts):
    refusal(lambda: table(TEXT.encode(), **keys), "a.csv", *facts)


def test_a_byte_order_mark_is_not_overruled(table):
    content = TEXT.encode("utf-8-sig")
    refusal(lambda: table(content, encoding="cp1252"), "a.csv", "byte order mark")
    assert table(content, encoding="utf-8")[0].to_dict("list") == PLAIN


def test_absent_files_members_and_folders(table, tmp_path):
    refusal(lambda: table(None), "a.csv does not exist")
    (tmp_path / "a.csv").mkdir()
    refusal(lambda: table(None), "a.csv is a folder without files")
    call = lambda: table(zipped({"x.csv": TEXT}), name="a.zip", member="y.csv")  # noqa: E731
    refusal(call, "a.zip", "y.csv", "['x.csv']")


def test_a_zip_with_a_password_is_refused(table):
    content = bytearray(zipped({"x.csv": TEXT}))
    content[6] |= 1  # the flag of encryption, in the file and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    refusal(lambda: table(bytes(content), name="a.zip"), "a.zip", "password")


def test_a_zip_packed_in_an_unknown_way_is_refused_as_such(table):
    content = bytearray(zipped({"x.csv": TEXT}))
    unknown = (97).to_bytes(2, "little")  # WavPack, by the list of methods of .ZIP
    content[8:10] = unknown  # in the file, and below in the directory
    directory = content.index(b"PK\x01\x02")
    content[directory + 10 : directory + 12] = unknown
    call = lambda: table(bytes(content), name="a.zip")  # noqa: E731
    refusal(call, "a.zip", "packed in a way", "unpack it", never=["damaged"])


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.xlsx"])
def test_an_archive_without_end_is_refused(table, monkeypatch, name):
    monkeypatch.setattr(containers, "LIMIT", 1 << 20)
    text = b"a,b\n" + b"1,2\n" * (1 << 20)
    small = (
        gzip.compress(text, mtime=0) if name.endswith("gz") else zipped({"x.csv": text})
    )
    assert len(small) < 1 << 17
    refusal(lambda: table(small, name=name), name, "refused", "GB")


def test_one_line_without_end_is_refused(table, monkeypatch):
    monkeypatch.setattr(delimited, "LONGEST", 1 << 21)
    refusal(lambda: table(b"a,b\n" + b"1" * (5 << 20)), "a.csv", "a line of more")


# Excel ----------------------------------------------------------------------------


def book(path, **sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return workbook


def test_excel_cells_are_the_text_that_a_person_sees(table, tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    names = "zip+id+n+x+day+moment+yes+error+word+none"
    sheet.append(names.split("+"))
    moment = datetime(2025, 3, 9, 2, 30)
    values = [501, "007", 6037, 0.1, date(2025, 12, 31), moment, True, "#N/A", "NA"]
    sheet.append([*values, None])
    sheet["A2"].number_format = "00000"
    sheet["H2"].data_type = "e"
    sheet.append([60601, 8, 7.0, 1e20, None, moment.date(), False, "#REF!", "1.0"])
    workbook.save(tmp_path / "a.xlsx")
    frame, ledger = table(None, name="a.xlsx", columns=names)
    assert frame.loc[0].to_list() == [
        *("00501", "007", "6037", "0.1", "2025-12-31", "2025-03-09T02:30:00"),
        *("TRUE", "#N/A", "NA", ""),
    ]
    assert frame.loc[1].to_list() == [
        *("60601", "8", "7", "1e+20", "", "2025-03-09"),
        *("FALSE", "#REF!", "1.0", ""),
    ]
    assert ledger.entries == []


def test_a_sheet_is_found_by_its_columns_and_named(table, tmp_path):
    rows = [["City of X"], [], [None, "ID", "Race\n code"], [None, 7, "W"], []]
    both = {"Read me": [["This book has two sheets"]], "Staff": rows, "Empty": []}
    workbook = book(tmp_path / "a.xlsx", **both)
    workbook["Staff"].merge_cells("A1:C1")
    workbook["Staff"]["F20"].number_format = "0.00"  # a formatted cell without a value
    workbook.save(tmp_path / "a.xlsx")
    frame, ledger = table(None, name="a.xlsx", columns="ID+Race code")
    assert frame[["ID", "Race code"]].to_dict("list") == {
        "ID": ["7"],
        "Race code": ["W"],
    }
    assert notes(ledger) == [
        "of 2 sheets, 'Staff' was read",
        "2 lines above the header were passed over",
    ]
    _, ledger = table(None, name="a.xlsx", columns="ID", sheet="Staff")
    assert ledger.file == "a.xlsx, Staff"
    assert len(notes(ledger)) == 1
    frame, _ = table(None, name="a.xlsx", sheet="Staff", skip_rows=2)
    assert frame["ID"].to_list() == ["7"]
    call = lambda **keys: lambda: table(None, name="a.xlsx", **keys)  # noqa: E731
    refusal(call(sheet="Staf"), "a.xlsx", "'Staf'", "['Read me', 'Staff', 'Empty']")
    refusal(call(sheet="Empty"), "a.xlsx", "Empty", "no table")
    refusal(call(columns="ID+sex"), "a.xlsx", "['sex']", "'Race code'")


def test_formulas_have_the_value_that_excel_computed(table, tmp_path):
    book(tmp_path / "a.xlsx", x=[["a", "b"], ["1", "=1+1"], ["2", None]])
    frame, ledger = table(None, name="a.xlsx")
    assert frame["b"].to_list() == ["", ""]
    assert "never computed" in notes(ledger)[0]  # openpyxl computes nothing
    inside = {}
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    inside[sheet] = (
        inside[sheet].replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    )
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    frame, ledger = table(None, name="b.xlsx")
    assert (frame["b"].to_list(), ledger.entries) == (["2", ""], [])


def test_a_wrong_size_in_the_workbook_loses_no_row(table, tmp_path):
    book(tmp_path / "a.xlsx", x=[["a", "b"], ["1", "2"], ["3", None]])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, content in inside.items():
            archive.writestr(name, content.replace(b'ref="A1:B3"', b'ref="A1"'))
    assert len(table(None, name="b.xlsx")[0]) == 2


# Typed files ----------------------------------------------------------------------


def test_parquet_is_written_as_text_faithfully(table, tmp_path):
    values = pa.table(
        {
            "id": pa.array([6037, None], pa.int64()),
            "geoid": pa.array([17031010100.0, None]),
            "share": pa.array([0.1, float("nan")], pa.float32()),
            "pay": pa.array([Decimal("52345.00"), None]),
            "day": pa.array([date(2025, 12, 31), None]),
            "midnight": pa.array([datetime(2025, 12, 31), None], pa.timestamp("ns")),
            "at": pa.array([datetime(2025, 3, 9, 2, 30, tzinfo=UTC), None]),
            "yes": pa.array([True, None]),
            "races": pa.array([["Black", "White"], None]),
            "word": pa.array(["NA", None]).dictionary_encode(),
            "nothing": pa.nulls(2),
            "bytes": pa.array([b"\x01", None]),
        }
    )
    pq.write_table(values, tmp_path / "a.parquet")
    frame, ledger = table(None, name="a.parquet", columns="ID")
    assert frame.loc[0].to_list() == [
        *("6037", "17031010100", "0.1", "52345.00", "2025-12-31", "2025-12-31"),
        *("2025-03-09T02:30:00+00:00", "True", '["Black", "White"]', "NA", "", "01"),
    ]
    assert set(frame.loc[1]) == {""}
    assert set(map(str, frame.dtypes)) == {"str"}
    assert frame.columns[0] == "ID"
    assert notes(ledger) == ["columns ['ID'] are in other case"]
    call = lambda: table(None, name="a.parquet", columns="sex")  # noqa: E731
    refusal(call, "a.parquet", "['sex']")


def test_a_folder_of_parts_is_one_table(table, tmp_path):
    table(b"a,b\n3,4\n5\n6,7\n", name="parts/2.csv")
    table(b"b,a\n2,1\n", name="parts/10.csv")
    (tmp_path / "parts" / "_SUCCESS").touch()
    frame, ledger = table(None, name="parts")
    assert frame.to_dict("list") == {"b": ["2", "4", "7"], "a": ["1", "3", "6"]}
    assert frame.index.to_list() == [0, 1, 3]
    assert notes(ledger) == ["read from 2 files"]
    assert (ledger.read, aside(ledger)) == (4, {"fewer cells than the header": 1})
    table(b"a,c\n3,4\n", name="parts/3.csv")
    refusal(lambda: table(None, name="parts"), "parts/3.csv", "other columns")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            b'[{"a": "06037", "b": 1.50}, {"a": null, "b": 12345678901234567890}]',
            "a.json",
        ),
        (b'[["a", "b"], ["06037", 1.50], [null, 12345678901234567890]]', "a.json"),
        (b'{"a": "06037", "b": 1.50}\n{"b": 12345678901234567890}\n', "a.jsonl"),
    ],
)
def test_json_tables(table, content, name):
    for packed, suffix in ((content, ""), (gzip.compress(content, mtime=0), ".gz")):
        frame, ledger = table(packed, name=name + suffix, columns="a+b")
        assert frame["a"].to_list() == ["06037", ""]
        assert frame["b"].to_list() == ["1.50", "12345678901234567890"]
        assert ledger.entries == []


def test_json_by_key_and_with_odd_values(table):
    frame, _ = table(b'{"11001": {"n": -1, "yes": true, "l": [1, 0.5]}}', name="a.json")
    assert frame.to_dict("list") == {
        **{
            "key": ["11001"],
            "n": ["-1"],
            "yes": ["true"],
            "l": ["[1, 0.5]"],
        },
    }
    frame, _ = table(b'[{"a": "\\ud800"}]', name="a.json")
    assert frame["a"].to_list() == ["?"]


# Boundaries -----------------------------------------------------------------------

SQUARES = gpd.GeoDataFrame(
    {
        "GEOID": ["01", "02", "03"],
        "n": [1.0, None, 7.0],
        "at": ["2020/01/01", None, ""],
    },
    geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1), None],
    crs=4326,
)


@pytest.fixture
def squares(tmp_path):
    """Write the squares in a format and read them."""

    def call(name, frame=SQUARES, crs="", **keys):
        inner = tmp_path / name.removesuffix(".gz").replace(".zip", ".shp")
        if name.endswith(".parquet"):
            frame.to_parquet(inner)
        else:
            frame.to_file(inner)
        if name.endswith(".gz"):
            (tmp_path / name).write_bytes(gzip.compress(inner.read_bytes(), mtime=0))
        if name.endswith(".zip"):
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                for part in tmp_path.glob(f"{inner.stem}.*"):
                    if part.suffix != ".zip" and (crs == "" or part.suffix != ".prj"):
                        archive.write(part, part.name)
        columns = {"area": "GEOID"}
        crs = crs if crs != "none" else ""
        source = Areas(file=name, kind="square", crs=crs, columns=columns, **keys)
        return read.places(source, folder=tmp_path, kind="areas")

    return call


@pytest.mark.parametrize(
    "name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.zip", "a.parquet"]
)
def test_boundaries_have_properties_of_text(squares, tmp_path, name):
    frame, ledger = squares(name)
    assert not list(tmp_path.glob("*.properties"))  # GDAL's, beside what it unzips
    assert frame["GEOID"].to_list() == ["01", "02", "03"]
    assert frame["n"].to_list() == ["1", "", "7"]
    assert frame["at"].to_list() == ["2020/01/01", "", ""]
    assert frame.geometry.name == "geometry"
    assert frame.geometry.isna().to_list() == [False, False, True]
    assert frame.crs.to_epsg() == 4326
    assert (ledger.read, ledger.entries) == (3, [])


def test_a_shapefile_without_its_system_needs_one_declared(squares):
    refusal(lambda: squares("a.zip", crs="none"), "a.zip", "coordinate system", "crs")
    frame, _ = squares("a.zip", crs="EPSG:4269")
    assert frame.crs.to_epsg() == 4269
    refusal(lambda: squares("a.zip", crs="EPSG:1"), "a.zip", "'EPSG:1'")


def test_layers_and_members_are_chosen_by_name(squares, tmp_path):
    squares("a.gpkg")
    SQUARES.to_file(tmp_path / "a.gpkg", layer="second")
    source = Source(file="a.gpkg")
    _, ledger = read.places(source, folder=tmp_path)
    assert notes(ledger) == ["of 2 layers, 'a' was read"]
    _, ledger = read.places(
        source.model_copy(update={"sheet": "second"}), folder=tmp_path
    )
    assert notes(ledger) == []
    wrong = source.model_copy(update={"sheet": "third"})
    refusal(
        lambda: read.places(wrong, folder=tmp_path), "a.gpkg", "'third'", "'second'"
    )
    frame, _ = read.table(source, folder=tmp_path)
    assert list(frame) == ["GEOID", "n", "at"]
    text = SQUARES.to_json().encode()
    (tmp_path / "b.zip").write_bytes(zipped({"x.geojson": text, "y.geojson": text}))
    two = Source(file="b.zip")
    refusal(lambda: read.places(two, folder=tmp_path), "b.zip", "x.geojson", "member")
    one = Source(file="b.zip", member="y.geojson")
    assert len(read.places(one, folder=tmp_path)[0]) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b'{"type": "FeatureCollection", "feat'),
        ("a.geojson", b"<html>"),
        ("a.geojson", b'{"error": 1}'),
        ("a.geojson", b""),
        ("a.gpkg", b"SQLite format 3\x00"),
        ("a.zip", zipped({"x.csv": TEXT})),
        ("a.geojson.gz", LONG[:100]),
        ("a.parquet", b"PAR1"),
    ],
)
def test_what_is_no_boundary_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    refusal(lambda: read.places(Source(file=name), folder=tmp_path), name)


def test_a_property_may_be_called_geometry(tmp_path):
    feature = {"type": "Feature", "properties": {"geometry": "x"}, "geometry": None}
    data = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "a.geojson").write_text(json.dumps(data))
    frame, _ = read.places(Source(file="a.geojson"), folder=tmp_path)
    assert frame["geometry.1"].to_list() == ["x"]


# Files that nobody has described --------------------------------------------------


def test_look_says_what_has_to_be_declared(tmp_path):
    (tmp_path / "a.csv").write_text(CENSUS)
    frame, ledger, found = read.look(tmp_path / "a.csv")
    assert notes(ledger) == ["the second header line was passed over"]
    assert (len(frame), found) == (1, {"header_rows": 2})
    SQUARES.to_file(tmp_path / "a.geojson")
    assert isinstance(read.look(tmp_path / "a.geojson")[0], gpd.GeoDataFrame)
    (tmp_path / "b.json").write_text('[{"a": 1}]')
    assert list(read.look(tmp_path / "b.json")[0]) == ["a"]


# Properties -----------------------------------------------------------------------

CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"
    )
    | st.sampled_from(',;\t|"\n'),
    max_size=8,
)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(CELLS, min_size=width, max_size=width).filter(any), max_size=8
    )
)
SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def written(rows, width, *, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\n"):
    target = io.StringIO()
    writer = csv.writer(
        target, delimiter=delimiter, quoting=quoting, lineterminator="\n"
    )
    names = [f"name {i}" for i in range(width)]
    writer.writerows([names, *rows])
    return target.getvalue().replace("\r\n", "\n").replace("\n", end)


@SLOW
@given(
    rows=TABLES,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_reading_is_unchanged_by_dialect(
    table, rows, delimiter, quoting, end, encoding
):
    width = len(rows[0]) if rows else 2
    text = written(rows, width, delimiter=delimiter, quoting=quoting, end=end)
    names = [f"name {i}" for i in range(width)]
    # A cell that holds the end of one row and the beginning of another reads as such.
    swallowed = any(
        width > 3 and "\n" in cell and cell.count(delimiter) >= width - 1
        for row in rows
        for cell in row
    )
    frame, ledger = table(text.encode(encoding), columns="+".join(names))
    if not swallowed:
        assert frame.to_numpy().tolist() == rows
        assert ledger.read == len(rows)
        assert aside(ledger) == {}


@SLOW
@given(rows=TABLES, data=st.data())
def test_reading_is_unchanged_by_row_order(table, rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    width = len(rows[0]) if rows else 2
    try:
        one, _ = table(written(rows, width).encode())
    except InputError as error:  # a row of marks can look like a second header
        if "second header line" not in str(error):
            raise
        return
    other, _ = table(written([rows[i] for i in order], width).encode())
    if len(one) == len(rows):
        assert other.to_numpy().tolist() == [rows[i] for i in order]


def test_reading_is_unchanged_by_batches(table, monkeypatch):
    content = b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(50))
    whole, _ = table(content)
    monkeypatch.setattr(grids, "BATCH", 7)
    monkeypatch.setattr(grids, "PEEKED", 3)
    pd.testing.assert_frame_equal(whole, table(content)[0])


@SLOW
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_every_row_is_used_or_set_aside(table, widths):
    text = "a,b\n" + "".join(",".join(["1"] * width) + "\n" for width in widths)
    rows = [width for width in widths if width]
    fits = sum(width == 2 for width in rows)
    if fits * 2 < len(rows):
        return
    frame, ledger = table(text.encode(), columns="a+b")
    assert ledger.read == len(rows) == len(frame) + sum(aside(ledger).values())
    assert len(frame) == fits


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_itself(value):
    from equity.prepare.formats.cells import of_number

    assert float(of_number(value)) == value


# Files of others' making ----------------------------------------------------------

ROLES = {
    "services": "request_id+race+tract",
    "workforce": "race+department",
}


def case(shared, name, **keys):
    (path,) = (shared / "bad_inputs" / name).iterdir()
    columns = ROLES[path.name.split(".")[0]].split("+")
    source = Source(file=path.name, keep={column: [] for column in columns}, **keys)
    return read.table(source, folder=path.parent)


def test_good_files_read_without_a_word(shared):
    for path in (shared / "bad_inputs" / "good").glob("*.csv"):
        frame, ledger = read.table(Source(file=path.name), folder=path.parent)
        with path.open(newline="") as stream:
            rows = list(csv.reader(stream))
        assert frame.to_numpy().tolist() == rows[1:]
        assert ledger.entries == []


@pytest.mark.parametrize(
    ("name", "noted"),
    [
        ("enc-01", []),
        ("enc-03", ["read as UTF-16", "cells are separated by tabs"]),
        ("enc-05", ["cells are separated by semicolons"]),
        ("enc-06", []),
        ("enc-10", ["3 lines above the header were passed over"]),
    ],
)
def test_bad_framings_are_read_with_a_note(shared, name, noted):
    frame, ledger = case(shared, name)
    good = read.table(
        Source(file="services.csv"), folder=shared / "bad_inputs" / "good"
    )[0]
    assert (ledger.read, len(frame)) == (120, 120)
    assert list(frame) == list(good)
    assert frame["request_id"].to_list() == good["request_id"].to_list()
    assert notes(ledger) == noted


def test_bad_rows_are_set_aside(shared):
    frame, ledger = case(shared, "enc-08")
    assert aside(ledger) == {
        "more cells than the header": 1,
        "fewer cells than the header": 1,
    }
    assert len(frame) == ledger.read - 2


@pytest.mark.parametrize("name", ["enc-12", "enc-14", "enc-17"])
def test_bad_files_are_refused_and_named(shared, name):
    refusal(lambda: case(shared, name), "services.csv")


@pytest.mark.parametrize(
    ("name", "column"), [("hdr-01", "race"), ("hdr-03", "closed_at")]
)
def test_missing_and_renamed_columns_are_named(shared, name, column):
    keep = {"request_id": [], column: []}
    source = Source(file="services.csv", keep=keep)
    call = lambda: read.table(source, folder=shared / "bad_inputs" / name)  # noqa: E731
    refusal(call, "services.csv", f"['{column}']", "found ['request_id'")


def test_codes_keep_their_zeros_and_na_is_a_label(shared):
    frame, _ = case(shared, "val-13")
    assert set(frame["tract"].str.len()) == {11}
    frame, _ = case(shared, "val-16")
    assert (frame["race"] == "NA").sum() == 12
    assert (frame["department"] == "None").sum() == 4


# Rows: from the README beside the data, or else counted apart with Python's csv module.
REAL = {
    "chicago/311_sanitation_code_complaints.csv.gz": 74_401,
    "chicago/acs2019_bg_race_internet.csv.gz": 3_993,
    "chicago/community_area_socioeconomic_2008_2012.csv": 78,
    "chicago/311_2019_counts_by_tract_and_type.csv": 801,
    "chicago/cpd_roster_2017-04.csv.gz": 32_446,
    "chicago/cpd_roster_2021-08.csv.gz": 12_095,
    "chicago/cpd_roster_2023-11.csv.gz": 12_418,
    "chicago/cps_school_profile_sy1617.csv.gz": 661,
    "chicago/libraries.csv": 81,
    "chicago/tract_race_2010_cook.csv": 1_319,
    "workforce/cincinnati_employees_2020.csv.gz": 6_304,
    "workforce/cincinnati_labor_force_by_race.csv": 77,
    "education/edfacts_2012.csv.gz": 21_244,
    "education/edfacts_2013.csv.gz": 22_077,
    "education/edfacts_2014.csv.gz": 22_385,
    "education/colorado_math_proficiency_by_race.csv.gz": 5_792,
    "education/colorado_3rd_grade.csv.gz": 3_801,
    "education/mlmRev__Hsb82.csv.gz": 7_185,
    "education/mlmRev__egsingle.csv.gz": 7_230,
    "education/openintro__hsb2.csv.gz": 200,
    "baltimore/311_sample.csv.gz": 10_000,
}
REAL_PLACES = {  # features: the README, or `"type": "Feature"` counted
    "chicago/tracts_2010.geojson.gz": 801,
    "chicago/community_areas_acs2014_race.geojson.gz": 77,
    "chicago/holc_redlining_1940.geojson.gz": 580,
    "chicago/grocery_stores.gpkg": 148,
    "dc/tl_2019_11_bg.zip": 450,
    "dc/neighborhood_boundaries.json.gz": 39,
    "phoenix/phoenix_tracts_acs2010.geojson.gz": 985,
    "api/arcgis_us-il-cook/page-full.json": 500,
    "api/arcgis_us-mo-columbia/us-mo-columbia-0.json": 43,
}


def counted(path):
    """Count the rows of a CSV file apart: lines with a cell, without the header."""
    how = gzip.open if path.suffix == ".gz" else open
    with how(path, "rt", encoding="utf-8-sig", newline="") as stream:
        return sum(1 for row in csv.reader(stream) if row) - 1


def test_real_tables_are_read_whole(shared):
    folder = shared / "data"
    found = [p for p in folder.rglob("*.csv*") if p.suffix in (".csv", ".gz")]
    for path in found:
        name = path.relative_to(folder).as_posix()
        expected = REAL.get(name, counted(path))
        two = name.startswith("chicago/acs2020")
        source = Source(file=name, header_rows=1 + two)
        frame, ledger = read.table(source, folder=folder)
        assert len(frame) == ledger.read == expected - two, name
        assert aside(ledger) == {}, name


def test_real_places_are_read_whole(shared):
    for name, features in REAL_PLACES.items():
        frame, ledger = read.places(Source(file=name), folder=shared / "data")
        assert len(frame) == ledger.read == features, name
        text = frame.drop(columns="geometry")
        assert not text.isin(["None", "nan", "NaN"]).any(axis=None), name


def test_real_bodies_of_services_are_read(shared):
    api = shared / "data" / "api"
    source = Source(file="census_acs5_2020_B03002_bg_cook.json.gz")
    frame, _ = read.table(source, folder=api)
    raw = json.loads(gzip.decompress((api / source.file).read_bytes()))
    assert len(frame) == len(raw) - 1
    assert list(frame) == raw[0]
    refused = Source(file="403_response_json.txt")
    call = lambda: read.table(refused, folder=api / "socrata")  # noqa: E731
    refusal(call, "403_response_json.txt", "error message")
    count = Source(file="us-mo-columbia-count-only.json")
    call = lambda: read.table(count, folder=api / "arcgis_us-mo-columbia")  # noqa: E731
    refusal(call, count.file)


def test_real_parquet_is_read(shared):
    source = Source(file="census_surnames_2010.parquet")
    frame, ledger = read.table(source, folder=shared / "data" / "surnames")
    path = shared / "data" / "surnames" / source.file
    assert len(frame) == ledger.read == pq.ParquetFile(path).metadata.num_rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "column", "rows", "above"),
    [
        ("calhr-5102-statewide-2011", "Identity Variable", 52_986, 0),
        ("calhr-5102-statewide-2020", "Identity Variable", 54_446, 0),
        ("calhr-5112-flow-2020", "Gender", 48_904, 1),
    ],
)
def test_real_workbooks_are_read_whole(shared, name, column, rows, above):
    source = Source(file=f"{name}.xlsx", keep={column: []})
    frame, ledger = read.table(source, folder=shared / "data" / "workforce")
    assert (len(frame), ledger.read) == (rows, rows)
    assert bool(notes(ledger)) == bool(above)
