"""Downloads: what the page shows and no more, and nothing that a spreadsheet runs."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import NotebookError
from equity.publish import downloads
from equity.publish.downloads import findings_csv, table_csv
from equity.publish.payload import payload
from equity.publish.reading import read
from tests.small_release import book, cell, finding, publish_in, table


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


ATTACKS = [
    '=HYPERLINK("https://a.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
]


@pytest.mark.parametrize("attack", ATTACKS)
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


def numbers(text):
    """The numbers of a text, whatever they are written with."""
    plain = text.replace("−", "-").replace(",", "")
    return {float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", plain)}


def test_downloads_hold_the_numbers_of_the_page_and_no_other(tmp_path):
    """Attack dis-30: written from the same protected object, so the sets are equal."""
    folder = publish_in(tmp_path)
    page = (folder / "01_waits.html").read_text()
    shown = numbers(re.search(r"<tbody>.*?</tbody>", page, re.DOTALL)[0])
    text = (folder / "tables" / "waits.csv").read_text()
    found = {float(v) for row in rows_of(text)[1:] for v in row[1:-1] if v}
    assert found == shown


def test_the_numbers_of_findings_are_those_of_the_payload():
    pages = [read(book(finding(), title="Who?"), slug="01_waits")]
    header, row = rows_of(findings_csv(pages))
    assert header == [
        *("page", "measure", "when", "group", "reference", "unit", "estimate"),
        *("conf_low", "conf_high", "people_to_parity", "clear", "sentence"),
    ]
    assert row == [
        *("01_waits", "Days to close", "", "Asian", "White", "points", "-4.5"),
        *("-6.0", "-3.1", "12", "true", "Asian residents wait longer."),
    ]


def test_findings_say_of_when_they_are_and_no_verdict_without_an_interval():
    told = finding()
    told["rows"][0] |= {"when": "2024-25", "low": None, "high": None, "clear": None}
    (row,) = csv.DictReader(
        io.StringIO(findings_csv([read(book(told, title="Who?"), slug="01_waits")]))
    )
    assert row["when"] == "2024-25"
    assert row["clear"] == row["conf_low"] == ""


def test_findings_cannot_run_either():
    pages = [read(book(finding("=1+1"), title="Who?"), slug="01_waits")]
    assert rows_of(findings_csv(pages))[1][-1] == "'=1+1"


def test_a_figure_that_says_so_has_a_file(tmp_path):
    data = table("drawn")
    figure = {
        "kind": "figure",
        "name": "drawing",
        "caption": "Days",
        "alt": "Days by group.",
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
        "data": data,
    }
    shown = publish_in(tmp_path / "a", {"01_a": book(figure | {"download": True})})
    assert (shown / "tables" / "drawn.csv").is_file()
    not_shown = publish_in(tmp_path / "b", {"01_a": book(figure)})
    assert not (not_shown / "tables" / "drawn.csv").exists()


def test_names_of_our_own_are_not_given_away():
    assert downloads.FINDINGS == "findings"
