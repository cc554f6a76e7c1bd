"""Rosters: who is in post on the day, counted once, with race as recorded."""

import pandas as pd
import pytest

from equity import race
from equity.errors import UnmappedLabelError
from equity.prepare import sources, workforce
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
SOURCE = sources.Workers(
    file="w.csv",
    as_of="2025-12-31",
    races={"W": "White", "B": race.BLACK, "": "Not recorded", "?": "Unknown"},
    full_time=["FT"],
    columns={
        **{"worker_id": "ID", "race": "Race", "department": "Dept", "pay": "Pay"},
        **{"hired": "Hired", "left": "Left", "full_time": "Time"},
    },
)
GOOD = {
    **{"ID": "1", "Race": "W", "Dept": "Fire", "Pay": "$50,000.00"},
    **{"Hired": "2020-01-31", "Left": "", "Time": "FT"},
}


def clean(*rows, source=SOURCE):
    """Clean rows that differ from a good one, each with a number of its own."""
    raw = pd.DataFrame(
        [GOOD | {"ID": str(i)} | row for i, row in enumerate(rows)], dtype="str"
    )
    ledger = Ledger("workers", source.file, len(raw))
    return workforce.clean_workers(raw, source, ledger, standard=OMB), ledger


def test_a_good_row():
    found, ledger = clean({})
    assert found.columns.to_list() == workforce.WORKERS
    row = found.iloc[0]
    assert (row["race"], row["department"], row["pay"]) == ("White", "Fire", 50_000)
    assert row["full_time"]
    assert row["hired"] == pd.Timestamp("2020-01-31")
    assert row["as_of"] == pd.Timestamp("2025-12-31")
    assert row["job"] == ""
    assert ledger.entries == []


def test_only_people_in_post_on_the_day_count():
    found, ledger = clean(
        {},
        {"Left": "2025-12-31"},
        {"Left": "2026-01-01"},
        {"Hired": "2026-01-01"},
        {"Hired": "2025-12-31"},
    )
    assert found["worker_id"].to_list() == ["0", "2", "4"]
    assert ledger.entries == [
        ("set aside", "left by 2025-12-31", 1),
        ("set aside", "hired after 2025-12-31", 1),
    ]


def test_nobody_counts_twice():
    found, ledger = clean({}, {"ID": "0"}, {"ID": "0", "Dept": "Police"})
    assert found["department"].to_list() == ["Fire"]
    assert ledger.entries == [
        ("set aside", "the same row again", 1),
        ("set aside", "a worker's number seen before", 1),
    ]


def test_who_left_and_came_back_is_in_post():
    found, ledger = clean(
        {"ID": "7", "Left": "2021-01-31"}, {"ID": "7", "Hired": "2023-01-31"}
    )
    assert len(found) == 1
    assert found["hired"].iloc[0] == pd.Timestamp("2023-01-31")
    assert ledger.entries == [("set aside", "left by 2025-12-31", 1)]


def test_without_a_number_equal_rows_are_different_people():
    columns = {k: v for k, v in SOURCE.columns.items() if k != "worker_id"}
    source = SOURCE.model_copy(update={"columns": columns})
    assert len(clean({"ID": ""}, {"ID": ""}, source=source)[0]) == 2
    assert len(clean({"ID": ""}, {"ID": "", "Dept": "x"})[0]) == 2


def test_what_cannot_be_read_is_noted_and_the_person_stays():
    found, ledger = clean(
        {"Pay": "(1,200)", "Hired": "soon"},
        {"Pay": "inf", "Left": "13/31/2025"},
        {"Pay": " ", "Race": " ", "Dept": "", "Time": ""},
        {"Race": "?"},
    )
    assert len(found) == 4
    assert found["pay"].isna().to_list() == [True, True, True, False]
    assert found["department"].to_list()[2] == "Not recorded"
    assert found["full_time"].isna().to_list() == [False, False, True, False]
    assert ledger.entries == [
        ("noted", "pay is unreadable or negative; not used", 2),
        ("noted", "hiring date is unreadable; not used", 1),
        ("noted", "leaving date is unreadable; counted as in post", 1),
        ("noted", "no race on record", 2),
    ]


def test_departments_that_differ_in_blanks_are_one():
    found, _ = clean({"Dept": "Public  Works "}, {"Dept": "Public Works"})
    assert found["department"].nunique() == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$52,345.00", 52345.0),
        ("61 500", 61500.0),
        ("0", 0.0),
        ("(1,200)", None),
        ("-5", None),
        ("NaN", None),
        ("inf", None),
        ("1e309", None),
        ("9" * 400, None),
        ("52345 USD", None),
        ("", None),
    ],
)
def test_pay(text, value):
    found = workforce.pay(pd.Series([text])).iloc[0]
    assert pd.isna(found) if value is None else found == value


def test_an_unmapped_race_names_file_column_and_count():
    with pytest.raises(UnmappedLabelError, match=r"w\.csv, column Race.*'X' \(2\)"):
        clean({"Race": "X"}, {"Race": "X"})


def test_events():
    source = sources.Events(
        file="e.csv",
        races=SOURCE.races,
        kinds={"Hired": "hire", "Left": "separation"},
        columns={"kind": "What", "date": "Day", "race": "Race", "worker_id": "ID"},
    )
    good = {"What": "Hired", "Day": "2025-01-31", "Race": "B", "ID": "1"}
    rows = [good, good, good | {"What": "Moved"}, good | {"Day": "never"}]
    raw = pd.DataFrame(rows)
    ledger = Ledger("events", "e.csv", 4)
    found = workforce.clean_events(raw, source, ledger, standard=OMB)
    assert found[["kind", "race"]].values.tolist() == [["hire", race.BLACK]]
    assert ledger.entries == [
        ("set aside", "the same row again", 1),
        ("set aside", "its kind is not a hire, promotion or separation", 1),
        ("set aside", "its date is missing or unreadable", 1),
    ]


def test_rosters_of_others_making(shared):
    """`val-07`: `$52,345.00` is 52345 exactly, `(1,200)` is no pay."""
    source = sources.Workers(
        file="workforce.csv",
        as_of="2025-03-31",
        races={},
        columns={
            **{"race": "race", "department": "department", "pay": "annual_salary"},
            "worker_id": "employee_id",
        },
    )
    for case, lost in (("good", 0), ("val-07", 1), ("val-11", 4)):
        raw = sources.read_table(source, folder=shared / "bad_inputs" / case)
        races = dict.fromkeys(raw["race"], "White")  # race is not the matter here
        ledger = Ledger("workers", source.file, len(raw))
        found = workforce.clean_workers(
            raw, source.model_copy(update={"races": races}), ledger, standard=OMB
        )
        assert found["pay"].isna().sum() == lost
        assert len(found) == len(raw)
        if case == "val-07":
            assert (found["pay"] == 52345.0).sum() == 1
            assert (found["pay"] == 61500.0).sum() == 1
