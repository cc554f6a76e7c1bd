"""Raw files as they are: text stays text, and what cannot be read is named."""

import gzip
import hashlib
import json

import pandas as pd
import pytest

from equity.errors import InputError, ParamsError
from equity.prepare import sources
from equity.prepare.sources import Source, read_table


@pytest.fixture
def table(tmp_path):
    """Write bytes to a file and read it as a raw table."""

    def read(content, name="a.csv", **settings):
        (tmp_path / name).write_bytes(content)
        return read_table(Source(file=name, **settings), folder=tmp_path)

    return read


@pytest.fixture
def described(tmp_path):
    """Write a sources.yaml and read it."""

    def read(content):
        path = tmp_path / "x" / "sources.yaml"
        path.parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text)  # JSON is YAML in which every text is in quotes
        return sources.read_sources(path)

    return read


def refusal(kind, call, *facts):
    with pytest.raises(kind) as error:
        call()
    text = str(error.value)
    assert "\n" not in text
    for fact in facts:
        assert fact in text, text
    return text


# Tables ---------------------------------------------------------------------------


def test_everything_stays_text(table):
    found = table(b"id,race,n,day\n06037,NA,1e3,2025-01-02\n,null,-,NaN\n")
    assert found.to_dict("list") == {
        **{"id": ["06037", ""], "race": ["NA", "null"]},
        **{"n": ["1e3", "-"], "day": ["2025-01-02", "NaN"]},
    }


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (b"\xef\xbb\xbfa,b\n1,2\n", {}),  # byte order mark
        (b"a,b\r\n1,2\r\n", {}),
        (b" a , b\n1,2\n", {}),
        (b"a;b\n1;2\n", {"delimiter": ";"}),
        (b"Title\nof two lines\na,b\n1,2\n", {"skip_rows": 2}),
        ("a,b\n1,2\n".encode("utf-16"), {"encoding": "utf-16"}),
        (gzip.compress(b"a,b\n1,2\n"), {"name": "a.csv.gz"}),
    ],
)
def test_framings_that_can_be_declared(table, content, settings):
    assert table(content, **settings).to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_a_cell_may_hold_a_comma_and_a_line(table):
    assert table(b'a,b\n"x, y\nz",2\n')["a"].to_list() == ["x, y\nz"]


def test_excel_is_read_as_text(tmp_path):
    with pd.ExcelWriter(tmp_path / "a.XLSX", engine="openpyxl") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="first", index=False)
        staff = pd.DataFrame({"id": ["007", "08"], "n": [6037, 5], "race": ["NA", ""]})
        staff.to_excel(book, sheet_name="staff", index=False, startrow=1)
    source = Source(file="a.XLSX", sheet="staff", skip_rows=1)
    assert read_table(source, folder=tmp_path).to_dict("list") == {
        **{"id": ["007", "08"], "n": ["6037", "5"], "race": ["NA", ""]},
    }
    for sheet in ("none", ""):
        missing = Source(file="a.XLSX", sheet=sheet, skip_rows=9)
        refusal(InputError, lambda s=missing: read_table(s, folder=tmp_path), "a.XLSX")


BROKEN = gzip.compress(b"a,b\n" + b"1,2\n" * 5000)


@pytest.mark.parametrize(
    ("content", "settings", "facts"),
    [
        (b"", {}, ["a.csv"]),
        (b"\n\n", {}, ["a.csv"]),
        (b"a,b\n1,2,3\n4,5,6\n", {}, ["a.csv", "Length of header"]),
        (b"a,b\n1,2\n4,5,6\n", {}, ["a.csv", "line 3"]),
        (b'a,b\n1,"2\n', {}, ["a.csv", "EOF inside string"]),
        (b"a,a \n1,2\n", {}, ["a.csv", "'a'", "more than once"]),
        (b"caf\xe9,b\n1,2\n", {}, ["a.csv", "UnicodeDecodeError"]),
        (b"a,b\n1,2\n", {"encoding": "klingon"}, ["a.csv", "klingon"]),
        (b"<!DOCTYPE html><title>503</title>", {}, ["a.csv", "web page"]),
        (BROKEN[:-40], {"name": "a.csv.gz"}, ["a.csv.gz"]),
        (BROKEN[:40] + b"\xff" * 9 + BROKEN[49:], {"name": "a.csv.gz"}, ["a.csv.gz"]),
        (b"PK\x03\x04 not a book", {"name": "a.xlsx"}, ["a.xlsx"]),
        (b"<html>", {"name": "a.xlsx"}, ["a.xlsx"]),
    ],
)
def test_what_is_not_a_table_is_refused(table, content, settings, facts):
    refusal(InputError, lambda: table(content, **settings), *facts)


def test_a_missing_column_is_named_with_those_found():
    frame = pd.DataFrame({"Race/Ethnicity": ["x"], "Sex": ["F"]})
    source = sources.Workers(
        file="w.csv",
        as_of="2025-12-31",
        races={},
        columns={"race": "Race", "department": "Sex"},
    )
    call = lambda: sources.tidy(frame, source)  # noqa: E731
    refusal(InputError, call, "w.csv", "['Race']", "Race/Ethnicity")


# Files ----------------------------------------------------------------------------


def test_a_file_must_be_there_whole_and_the_one_declared(tmp_path):
    def check(**settings):
        source = Source(file="a.csv", **settings)
        return sources.provenance(source, kind="requests", folder=tmp_path)

    refusal(InputError, check, "a.csv does not exist", "--raw")
    (tmp_path / "a.csv").touch()
    refusal(InputError, check, "a.csv is empty")
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    assert check(sha256=digest) == sources.Provenance("requests", "a.csv", digest, 4)
    wrong = "0" * 64
    text = refusal(InputError, lambda: check(sha256=wrong), "a.csv has changed")
    assert digest[:12] in text


def test_boundaries_must_be_whole_and_say_where_they_are(tmp_path):
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "feat')
    source = Source(file="a.geojson")
    call = lambda: sources.read_places(source, folder=tmp_path)  # noqa: E731
    refusal(InputError, call, "a.geojson", "boundaries")


# What sources.yaml may say --------------------------------------------------------

AREAS = {"file": "t.geojson", "kind": "tract", "columns": {"area": "GEOID"}}
PEOPLE = {
    **{"file": "p.csv", "columns": {"area": "GEOID"}},
    **{"estimates": {"White": "w", "Asian": "a"}},
}
REQUESTS = {
    **{"file": "r.csv", "data_until": "2025-12-31", "statuses": {"Done": "closed"}},
    "columns": {"opened": "o", "closed": "c", "status": "s", "area": "t"},
}
WORKERS = {
    **{"file": "w.csv", "as_of": "2025-12-31", "races": {"W": "White"}},
    "columns": {"race": "r", "department": "d"},
}
LEVELS = {
    **{"file": "l.csv", "levels": {"P": "Proficient"}, "proficient": ["Proficient"]},
    **{"races": {}, "columns": {"school": "s", "year": "y", "race": "r"}},
}
GOOD = {
    **{"confirmed": True, "areas": [AREAS], "population": [PEOPLE]},
    **{"requests": [REQUESTS], "workers": [WORKERS], "proficiency": [LEVELS]},
}


def test_a_good_description_is_read(described):
    found = described(GOOD)
    assert [source.file for source in found.files()] == [
        *("t.geojson", "p.csv", "r.csv", "w.csv", "l.csv"),
    ]


def test_what_nobody_confirmed_is_refused(described):
    refusal(
        ParamsError,
        lambda: described(GOOD | {"confirmed": False}),
        *("x/sources.yaml", "confirmed: true"),
    )
    refusal(ParamsError, lambda: described({}), "x/sources.yaml", "confirmed")


@pytest.mark.parametrize(
    ("kind", "change", "facts"),
    [
        ("requests", {"file": "../../etc/passwd"}, ["inside the raw folder"]),
        ("requests", {"file": "/etc/passwd"}, ["inside the raw folder"]),
        ("requests", {"columns": {"opened": "o"}}, ["r.csv", "closed is missing"]),
        (
            "requests",
            {"columns": REQUESTS["columns"] | {"clsd": "x"}},
            ["r.csv", "'clsd' is not known", "closed"],
        ),
        (
            "requests",
            {"columns": {"opened": "o", "closed": "c", "status": "s"}},
            ["r.csv", "latitude and longitude, or area"],
        ),
        ("requests", {"statuses": {"Done": "finished"}}, ["statuses.Done", "closed"]),
        ("requests", {"data_until": "31.12.2025"}, ["data_until"]),
        ("requests", {"data_until": "2025-02-30"}, ["data_until", "not a day"]),
        ("requests", {"date_format": "%Q"}, ["date_format"]),
        ("requests", {"date_format": "mixed"}, ["date_format"]),
        ("requests", {"date_formt": "%d"}, ["requests.0.date_formt"]),
        ("requests", {"sha256": "abc"}, ["sha256"]),
        ("requests", {"delimiter": ", "}, ["delimiter"]),
        ("requests", {"keep": {"id": [7]}}, ["requests.0.keep.id.0"]),
        ("workers", {"as_of": "2025-13-01"}, ["as_of"]),
        ("areas", {"vintage": "2010"}, ["vintage", "p.csv", "one census"]),
        ("population", {"margins": {"White": "m"}}, ["p.csv", "margins"]),
        (
            "population",
            {"estimates": {"White": "w", "Asian": "w"}},
            ["p.csv", "'w' is named twice"],
        ),
        ("proficiency", {"suppressed": {"*": [9]}}, ["suppressed.*", "least"]),
        ("proficiency", {"suppressed": {"*": [9, 0]}}, ["suppressed.*", "least"]),
    ],
)
def test_a_wrong_description_is_refused_by_key(described, kind, change, facts):
    wrong = GOOD | {kind: [GOOD[kind][0] | change]}
    refusal(ParamsError, lambda: described(wrong), "x/sources.yaml", *facts)


def test_files_belong_together(described):
    alone = {"confirmed": True, "requests": [REQUESTS]}
    refusal(ParamsError, lambda: described(alone), "areas is missing", "r.csv")
    twice = GOOD | {"requests": [REQUESTS, REQUESTS]}
    refusal(ParamsError, lambda: described(twice), "r.csv is listed twice")
    unknown = GOOD | {"request": [REQUESTS]}
    refusal(ParamsError, lambda: described(unknown), "request")
    two = GOOD | {"areas": [AREAS, AREAS | {"file": "u.geojson"}]}
    refusal(ParamsError, lambda: described(two), "areas")


def test_an_ambiguous_value_names_city_file_and_line(described):
    text = "confirmed: true\nareas:\n  - file: a\n    vintage: 2010-01-01\n"
    refusal(ParamsError, lambda: described(text), "x/sources.yaml, line 4")


def test_committed_descriptions_are_good(root):
    for city in ("sample", "chicago"):
        path = root / "data" / "raw" / city / "sources.yaml"
        assert sources.read_sources(path).confirmed


# Files of others' making ----------------------------------------------------------


def test_bad_files_are_refused_and_named(shared):
    for case in ("enc-03", "enc-05", "enc-08", "enc-10", "enc-12", "enc-14", "enc-17"):
        (path,) = (shared / "bad_inputs" / case).iterdir()
        call = lambda p=path: read_table(Source(file=p.name), folder=p.parent)  # noqa: E731
        refusal(InputError, call, path.name)


def test_missing_and_renamed_columns_are_named(shared):
    for case, column in (("hdr-01", "race"), ("hdr-03", "closed_at")):
        frame = read_table(
            Source(file="services.csv"), folder=shared / "bad_inputs" / case
        )
        call = lambda f=frame, c=column: sources.require(f, [c], file="services.csv")  # noqa: E731
        refusal(
            InputError, call, "services.csv", f"['{column}']", "found ['request_id'"
        )


def test_na_is_a_label_and_not_a_blank(shared):
    source = Source(file="workforce.csv")
    frame = read_table(source, folder=shared / "bad_inputs" / "val-16")
    assert (frame["race"] == "NA").sum() == 12
    assert (frame["department"] == "None").sum() == 4
