"""Of whom counts are: linked where they are of the same rows, and only there."""

import pandas as pd
import pytest

from equity.prepare import locate, of_whom, quality

DAY = pd.Timestamp("2025-12-31")
FILES = pd.DataFrame(
    {
        "kind": ["requests", "workers"],
        "file": ["311.csv", "staff.csv"],
        "sha256": ["a" * 64, "b" * 64],
    }
)


@pytest.fixture
def ledger():
    requests = quality.Ledger("requests", "311.csv", 100, title="Requests")
    requests.counted(quality.SET_ASIDE, "the same row again", 3)
    requests.counted(quality.SET_ASIDE, "opened before 2025-07-01", 20)
    requests.counted(quality.SET_ASIDE, locate.OUTSIDE, 7)
    requests.counted(quality.NOTED, "no category", 12)
    requests.counted(quality.NOTED, "spelling of its category made one", 4)
    staff = quality.Ledger("workers", "staff.csv", 5, title="Roster")
    return pd.concat([requests.frame(), staff.frame()], ignore_index=True)


def test_files_are_known_by_what_is_in_them(ledger):
    assert of_whom.versions(FILES, ledger) == {
        "Requests": "a" * 12,
        "Roster": "b" * 12,
    }


def test_rules_of_the_counted_quarters_are_split_by_quarter(ledger):
    """So that a report of two quarters can be set beside one of three."""
    parts = of_whom.rules(ledger, "2025Q4", 2)
    assert parts["used"] == ["used, 2025Q3", "used, 2025Q4"]
    assert parts[locate.OUTSIDE][0].endswith("2025Q3")
    assert set(parts["used"]) < set(of_whom.rules(ledger, "2025Q4", 3)["used"])
    assert "the same row again" not in parts  # it looks at rows of any day
    assert "opened before 2025-07-01" not in parts


def test_requests_without_a_place_are_a_part_of_those_asked(ledger):
    found = of_whom.requests(FILES, ledger, "2025Q4", 1)
    asked, placed = found["asked"], found["placed"]
    lost = set(asked["events"]["rule"])
    assert lost == {f"{locate.OUTSIDE}, 2025Q4"}
    assert set(asked["within"]["rule"]) == lost | set(placed["within"]["rule"])
    assert asked["within"]["title"] == ["a" * 12]
    assert asked["topic"] == placed["topic"]


def test_a_city_without_requests_links_nothing(ledger):
    staff = ledger[ledger["kind"] == "workers"]
    assert of_whom.requests(FILES, staff, "2025Q4", 1) == {"asked": {}, "placed": {}}


def test_a_roster_is_its_rows_where_each_is_one_person(ledger):
    known = of_whom.versions(FILES, ledger)
    rows = pd.DataFrame(
        {"kind": "workers", "title": "Roster", "as_of": DAY, "rows": [3, 2]}
    )
    five = pd.DataFrame({"as_of": [DAY] * 5})
    assert of_whom.employees(five, rows, known) == {
        "topic": of_whom.PEOPLE,
        "within": {"title": ["b" * 12]},
    }
    four = of_whom.employees(five[1:], rows, known)
    assert four["topic"] != of_whom.PEOPLE
    assert "2025-12-31" in four["topic"]
    assert of_whom.employees(five[:0], rows, known) == {}


def test_notes_that_other_tables_tell_are_left_out(ledger):
    assert of_whom.noted(ledger)["rule"].to_list() == [
        "spelling of its category made one"
    ]


def test_one_file_listed_for_its_schools_and_its_totals():
    """The rows used of it are other rows each time, so the counts are of others."""
    names = ["o.csv", "o.csv, of the district"]
    files = pd.DataFrame({"kind": "rates", "file": names, "sha256": "f" * 64})
    ledger = pd.concat(
        [
            quality.Ledger("rates", name, rows, title=name).frame()
            for name, rows in zip(names, (90, 10), strict=True)
        ]
    )
    found = of_whom.versions(files, ledger)
    assert found == {names[0]: "f" * 12, names[1]: "f" * 12 + ", of the district"}
