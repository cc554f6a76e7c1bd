"""The release: whole or not at all, checkable, safe to download, the same twice."""

import csv
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from equity.errors import DisclosureError, EquityError, NotebookError, ParamsError
from equity.publish import release
from equity.publish.display import MIME
from equity.publish.page import Facts
from equity.publish.payload import payload
from equity.publish.release import publish, table_csv, verify

FACTS = Facts(
    version="0.1.0",
    data_read="3 April 2026",
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
)


def cell(value, text="", hidden=False):
    return {"value": value, "text": text, "hidden": hidden}


def table(name="waits", label="Asian"):
    return {
        "kind": "table",
        "name": name,
        "caption": "Days to close",
        "columns": [
            {"name": "group", "label": "Group", "type": "text"},
            {"name": "events", "label": "Requests", "type": "count"},
            {"name": "gap", "label": "Gap", "type": "points"},
            {"name": "conf", "label": "95% interval", "type": "interval"},
        ],
        "rows": [
            [
                cell(label, label),
                cell(1234, "1,234"),
                cell(-4.5, "−4.5"),
                cell([-6.0, -3.1], "−6.0 to −3.1"),
            ],
            [
                cell("White", "White"),
                cell(None, "hidden", True),
                cell(None, "n/a"),
                cell(None, "hidden", True),
            ],
            [cell("Some, other"), cell(0, "0"), cell(None), cell(None, "not known")],
        ],
        "notes": ["Hidden: fewer than 10 people."],
        "source": "City records",
    }


def book(*payloads, title="Who waits longer?"):
    outputs = [v4.new_output("display_data", {MIME: item}) for item in payloads]
    cells = [
        v4.new_markdown_cell(f"# {title}", id="a"),
        v4.new_code_cell("show()", execution_count=1, outputs=outputs, id="b"),
    ]
    return v4.new_notebook(cells=cells)


def books():
    return {
        "01_waits": book(table()),
        "02_work": book(table("work"), title="Who works here?"),
    }


def publish_in(out, executed=None, **changes):
    known = {
        "city": "sample",
        "city_name": "Sampleton",
        "period": "2026Q1",
        "facts": FACTS,
        "commit": "0" * 40,
        "params": {"min_cell": 10, "confidence": 0.95},
        "inputs": {"requests.csv": "ab" * 32},
    }
    return publish(executed or books(), out=out, **known | changes)


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def released(tmp_path):
    return publish_in(tmp_path)


def test_a_release_holds_what_the_design_says(released, tmp_path):
    assert released == tmp_path / "sample" / "2026Q1"
    assert sorted(snapshot(released)) == [
        "01_waits.html",
        "02_work.html",
        "datapackage.json",
        "index.html",
        "manifest.json",
        "tables/waits.csv",
        "tables/work.csv",
    ]
    assert [path.name for path in released.parent.iterdir()] == ["2026Q1"]
    assert verify(released) == []


def test_paths_to_notebooks_are_read(tmp_path):
    path = tmp_path / "executed.ipynb"
    nbformat.write(book(table()), path)
    folder = publish_in(tmp_path / "out", {"01_waits": path})
    assert (folder / "01_waits.html").is_file()
    with pytest.raises(NotebookError, match="'02_gone' cannot be read"):
        publish_in(tmp_path / "out", {"02_gone": tmp_path / "gone.ipynb"})


def test_same_inputs_give_the_same_bytes_in_any_folder(tmp_path):
    one, other = publish_in(tmp_path / "a"), publish_in(tmp_path / "b" / "c")
    assert snapshot(one) == snapshot(other)
    assert snapshot(publish_in(tmp_path / "a")) == snapshot(other)


def test_nothing_names_this_machine_or_the_clock(released):
    everything = b"".join(snapshot(released).values()).decode()
    assert str(released.parent) not in everything
    assert str(Path.home()) not in everything
    assert not re.search(r"\d\d:\d\d:\d\d", everything)


# --- Whole or not at all -----------------------------------------------------


@pytest.mark.parametrize(
    ("executed", "error"),
    [
        ({"01_waits": book(table()), "02_work": book({"kind": "x"})}, NotebookError),
        (
            {"01_waits": book(table()), "02_work": book(table(), title="T")},
            NotebookError,
        ),
        ({"01_waits": book(), "02_work": book()}, NotebookError),
        ({"index": book()}, ParamsError),
    ],
    ids=["bad payload", "two tables of a name", "two titles", "reserved name"],
)
def test_a_failing_notebook_leaves_the_earlier_release(released, executed, error):
    before = snapshot(released)
    with pytest.raises(error):
        publish_in(released.parents[1], executed)
    assert snapshot(released) == before
    assert [path.name for path in released.parent.iterdir()] == ["2026Q1"]


@pytest.mark.parametrize("failing", range(1, 9))
def test_a_disk_that_fails_at_any_file_leaves_the_earlier_release(
    released, monkeypatch, failing
):
    before, calls, write = snapshot(released), [], Path.write_bytes

    def full(self, content):
        calls.append(self)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    if failing <= len(before):
        with pytest.raises(OSError, match="No space"):
            publish_in(released.parents[1], facts=Facts(version="0.2.0"))
        assert snapshot(released) == before
    else:
        publish_in(released.parents[1], facts=Facts(version="0.2.0"))
        assert snapshot(released) != before
    assert [path.name for path in released.parent.iterdir()] == ["2026Q1"]


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("fault", [OSError, KeyboardInterrupt])
def test_a_rename_that_fails_leaves_the_earlier_release(
    released, monkeypatch, failing, fault
):
    before, calls, rename = snapshot(released), [], Path.rename

    def fails(self, target):
        calls.append(self)
        if len(calls) == failing:
            raise fault
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(fault):
        publish_in(released.parents[1], facts=Facts(version="0.2.0"))
    assert snapshot(released) == before
    assert [path.name for path in released.parent.iterdir()] == ["2026Q1"]


def test_an_interruption_after_a_rename_loses_nothing(released, monkeypatch):
    before, rename = snapshot(released), Path.rename

    def interrupted(self, target):
        monkeypatch.undo()
        rename(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish_in(released.parents[1], facts=Facts(version="0.2.0"))
    assert snapshot(released) == before


def test_a_new_release_leaves_nothing_of_the_old(released):
    publish_in(released.parents[1], {"03_pay": book(table("pay"))})
    assert not (released / "01_waits.html").exists()
    assert verify(released) == []


def test_a_folder_that_is_no_release_is_not_replaced(tmp_path):
    place = tmp_path / "sample" / "2026Q1"
    place.mkdir(parents=True)
    publish_in(tmp_path)  # an empty folder may be filled
    shutil.rmtree(place)
    place.mkdir()
    (place / "thesis.txt").write_text("mine")
    with pytest.raises(EquityError, match="move it"):
        publish_in(tmp_path)
    assert (place / "thesis.txt").read_text() == "mine"
    shutil.rmtree(place)
    place.write_text("a file")
    with pytest.raises(EquityError, match="move it"):
        publish_in(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        {"city": "../x"},
        {"city": "A"},
        {"city": ""},
        {"city": "sample\n"},
        {"period": "2026"},
        {"period": "../2026Q1"},
        {"site": [{"slug": "other", "title": "Other"}]},
    ],
)
def test_names_cannot_leave_their_folder(tmp_path, names):
    with pytest.raises(ParamsError):
        publish_in(tmp_path, **names)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "facts",
    [
        {"params": {"raw": "/home/analyst/CANARY"}},
        {"params": {"raw": r"C:\Users\CANARY"}},
        {"params": {"files": ["~/CANARY"]}},
        {"params": {"census_api_key": "CANARY"}},
        {"params": {"nested": {"password": "CANARY"}}},
        {"inputs": {"/data/CANARY.csv": "ab"}},
        {"inputs": {"../CANARY.csv": "ab"}},
    ],
)
def test_paths_and_keys_do_not_reach_the_manifest(tmp_path, facts):
    with pytest.raises(DisclosureError) as error:
        publish_in(tmp_path, **facts)
    assert "CANARY" not in str(error.value)


def test_ordinary_names_are_not_taken_for_keys(tmp_path):
    folder = publish_in(
        tmp_path, params={"monkey": 1}, inputs={"secretary_roster.csv": "ab" * 32}
    )
    assert verify(folder) == []


# --- Downloads ---------------------------------------------------------------


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_a_table_becomes_csv():
    assert rows_of(table_csv(payload(table()))) == [
        ["group", "events", "gap", "conf_low", "conf_high", "note"],
        ["Asian", "1234", "-4.5", "-6.0", "-3.1", ""],
        [
            "White",
            "",
            "",
            "",
            "",
            "hidden: events, conf_low, conf_high; not applicable: gap",
        ],
        ["Some, other", "0", "", "", "", "not known: gap, conf_low, conf_high"],
    ]


@pytest.mark.parametrize(
    "attack",
    [
        '=HYPERLINK("https://a.example","x")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1)",
        "\t=1+1",
        "\r=1+1",
        "＝1+1",
    ],
)
def test_formulas_are_text_in_a_spreadsheet(attack):
    changed = table(label=attack)
    changed["columns"][0]["name"] = attack
    header, first, *_ = rows_of(table_csv(payload(changed)))
    assert first[0] == f"'{attack}"
    assert header[0].startswith("'")


@pytest.mark.parametrize("number", ["-5", "+5", "-4.5", "-.5", "-1e5"])
def test_numbers_written_as_text_stay_numbers(number):
    assert rows_of(table_csv(payload(table(label=number))))[1][0] == number


@given(st.text(min_size=1))
def test_no_text_begins_a_formula_and_none_is_lost(text):
    given_table = table()
    given_table["rows"][0][0] = cell(text, text)
    written = list(csv.reader(io.StringIO(table_csv(payload(given_table)), newline="")))
    first = written[1][0]
    assert first.removeprefix("'") == text.removeprefix("'")
    assert len(written) == 4
    assert not first.startswith(("=", "@", "\t", "\r"))


def test_an_interval_names_its_own_columns():
    changed = table()
    changed["columns"][3] |= {"names": ["conf_low", "upper"], "unit": "points"}
    changed["rows"][0][3] = cell([None, -3.1], "at most −3.1")
    header, first, *_ = rows_of(table_csv(payload(changed)))
    assert header[3:5] == ["conf_low", "upper"]
    assert first[3:5] == ["", "-3.1"]


def test_columns_that_would_collide_are_refused():
    changed = table()
    changed["columns"][2]["name"] = "note"
    with pytest.raises(NotebookError, match="'note'"):
        table_csv(payload(changed))


def test_downloads_hold_no_number_that_the_page_hides(released):
    text = (released / "tables" / "waits.csv").read_text()
    page = (released / "01_waits.html").read_text().replace("−", "-").replace(",", "")
    for row in rows_of(text)[1:]:
        for number in row[1:-1]:
            assert not number or f"{float(number):g}" in page


def test_the_data_package_describes_every_table(released):
    """Data Package v2: required properties, field names as in the file's header."""
    package = json.loads((released / "datapackage.json").read_text())
    assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
    assert package["licenses"] == [
        {
            "title": "CC BY 4.0",
            "path": "https://creativecommons.org/licenses/by/4.0/",
            "name": "CC-BY-4.0",
        }
    ]
    for resource in package["resources"]:
        content = (released / resource["path"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert resource["hash"] == f"sha256:{digest}"
        assert resource["bytes"] == len(content)
        fields = resource["schema"]["fields"]
        assert rows_of(content.decode())[0] == [field["name"] for field in fields]
        kinds = [field["type"] for field in fields]
        assert kinds == ["string", "integer", *["number"] * 3, "string"]


def test_without_a_licence_none_is_named(tmp_path):
    folder = publish_in(tmp_path, facts=Facts(version="0.1.0"))
    assert "licenses" not in json.loads((folder / "datapackage.json").read_text())


# --- The manifest ------------------------------------------------------------


def test_the_manifest_lists_every_other_file(released):
    manifest = json.loads((released / "manifest.json").read_text())
    files = snapshot(released)
    assert {file["path"] for file in manifest["files"]} == files.keys() - {
        "manifest.json"
    }
    for file in manifest["files"]:
        assert file["bytes"] == len(files[file["path"]])
    assert manifest["suite"] == "0.1.0"
    assert manifest["params"] == {"min_cell": 10, "confidence": 0.95}
    assert manifest["inputs"] == {"requests.csv": "ab" * 32}


def test_a_flipped_bit_anywhere_is_found(released):
    for path in [path for path in released.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for place in range(0, len(content), max(1, len(content) // 23)):
            flipped = bytearray(content)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            (problem,) = verify(released)
            assert problem.startswith(
                f"{path.relative_to(released).as_posix()}: changed"
            )
        path.write_bytes(content)
    assert verify(released) == []


def test_missing_and_added_files_are_found(released):
    (released / "tables" / "waits.csv").unlink()
    (released / "tables" / "old.csv").write_text("x")
    (released / "work.html").symlink_to(released / "index.html")
    assert verify(released) == [
        "tables/waits.csv: missing",
        "tables/old.csv: not part of the release",
        "work.html: not part of the release",
    ]
    (released / "manifest.json").unlink()
    assert verify(released) == ["manifest.json: missing"]


def test_a_file_replaced_by_a_link_is_found(released, tmp_path):
    (released / "index.html").rename(tmp_path / "elsewhere.html")
    (released / "index.html").symlink_to(tmp_path / "elsewhere.html")
    assert verify(released) == ["index.html: not a plain file"]


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"sha256": "0"}', "\0"])
def test_a_manifest_that_is_none_is_said_so(released, content):
    (released / "manifest.json").write_text(content)
    assert verify(released) == ["manifest.json: changed since it was written"]


def test_a_manifest_rewritten_in_another_layout_is_found(released):
    manifest = json.loads((released / release.MANIFEST).read_text())
    (released / release.MANIFEST).write_text(json.dumps(manifest))
    assert verify(released) == ["manifest.json: changed since it was written"]
