"""What tables of people share: columns, days, race, and labels nobody declared."""

import pandas as pd
import pytest

from equity import race
from equity.errors import UnmappedLabelError
from equity.prepare import persons, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
SPD = race.standard("spd15_2024")
SOURCE = sources.Scores(
    file="s.csv",
    columns={"race": "Race", "score": "X"},
    races={"White": "White", "Asian - Chinese": "Asian", "": "Not recorded"},
)


def test_padded_cells_are_trimmed_and_absent_columns_are_blank():
    raw = pd.DataFrame({"Race": ["Asian  -\u00a0Chinese   "], "X": ["\t5 "]}, index=[7])
    rows = persons.tidy(raw, SOURCE, ["score", "school"])
    assert rows.loc[7].to_dict() == {
        "race": "Asian - Chinese",
        "score": "5",
        "school": "",
    }
    assert raw.loc[7, "X"] == "\t5 "


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("2025-01-31", "%Y-%m-%d", "2025-01-31"),
        ("5/30/1999 0:00", "%m/%d/%Y %H:%M", "1999-05-30"),
        ("2025-03-09T02:30:00-06:00", "ISO8601", "2025-03-09"),
        ("2025-03-09 23:30:00Z", "ISO8601", "2025-03-09"),
        ("2025-03-09", "ISO8601", "2025-03-09"),
        ("2025-03-09T23:30:00-0600", "%Y-%m-%dT%H:%M:%S%z", "2025-03-09"),
        ("9999-12-31", "%Y-%m-%d", "9999-12-31"),
        ("31/01/2025", "%m/%d/%Y", None),
        ("2025-02-30", "%Y-%m-%d", None),
        ("", "%Y-%m-%d", None),
    ],
)
def test_days(text, date_format, day):
    found = persons.days(pd.Series([text, ""]), date_format)[0]
    assert pd.isna(found) if day is None else found == pd.Timestamp(day)


def test_race_keeps_its_detail_and_tells_the_ledger():
    raw = pd.DataFrame({"Race": ["White", "ASIAN - CHINESE", " ", ""], "X": ["1"] * 4})
    ledger = Ledger("scores", "s.csv", 4)
    rows = persons.tidy(raw, SOURCE, []).drop(index=[3])
    found = persons.with_race(rows, raw, SOURCE, ledger, standard=OMB)
    assert found["race"].to_list() == ["White", "Asian", "Not recorded"]
    assert found["race"].cat.categories.to_list() == ["Asian", "White", "Not recorded"]
    assert found["detail"].to_list()[:2] == ["White", "Asian - Chinese"]
    assert ("noted", persons.NO_RACE, 1) in ledger.entries
    assert rows.columns.to_list() == ["race", "score"]


def test_labels_of_rows_that_were_set_aside_need_no_meaning():
    raw = pd.DataFrame({"Race": ["White", "Total"], "X": ["1", "2"]})
    rows = persons.tidy(raw, SOURCE, [])
    ledger = Ledger("scores", "s.csv", 2)
    persons.with_race(rows.head(1), raw, SOURCE, ledger, standard=OMB)
    with pytest.raises(UnmappedLabelError, match=r"s\.csv.*column Race.*'Total' \(1\)"):
        persons.with_race(rows, raw, SOURCE, ledger, standard=OMB)


def test_undeclared_labels_are_set_aside_and_named_only_in_the_local_list():
    labels = ["ok", "Fleet", "Settlement J. Smith #4471", "Fleet", "ok"]
    rows = pd.DataFrame({"unit": labels, "more": range(5)}, index=[2, 3, 5, 7, 8])
    ledger = Ledger("x", "x", 9)
    found = persons.declared(rows, "unit", ["ok"], "its unit is not declared", ledger)
    pd.testing.assert_frame_equal(found, rows.loc[[2, 8]])
    assert ledger.entries == [("set aside", "its unit is not declared", 3)]
    assert not ledger.frame().map(str).stack().str.contains("Smith|Fleet").any()
    assert ledger.listing()["row"].to_list() == [
        *("4", "6", "8"),
        *("'Fleet' (2 rows)", "'Settlement J. Smith #4471' (1 row)"),
    ]


def test_labels_that_are_all_declared_leave_no_trace():
    rows, ledger = pd.DataFrame({"unit": ["ok"]}), Ledger("x", "x", 1)
    assert len(persons.declared(rows, "unit", ["ok"], "rule", ledger)) == 1
    assert ledger.entries == ledger.found == []


def test_groups_of_rows_that_are_not_used():
    raw = pd.DataFrame(
        {"Race": ["Total", "WHITE", "", "White", "x"], "X": ["1"] * 5},
        index=[4, 1, 7, 2, 9],
    )
    found = persons.groups(raw, raw, SOURCE, standard=OMB)
    assert found.index.equals(raw.index)
    assert found.dropna().to_dict() == {1: "White", 7: "Not recorded", 2: "White"}
    assert persons.groups(raw.head(0), raw, SOURCE, standard=OMB).empty


@pytest.fixture
def others(shared):
    """Read the race of every row of a case's `services.csv`."""

    def read(case, **rules):
        path = shared / "bad_inputs" / case / "services.csv"
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
        races = {group: group for group in SPD.groups} | {
            "Native Hawaiian or Pacific Islander": race.NHPI,
            **{
                "Unknown": "Unknown",
                "Refused": "Refused",
                "Declined to state": "Declined",
            },
            **{"": "Not recorded", "Latino/a": race.HISPANIC, "Latinx": race.HISPANIC},
        }
        source = sources.Scores(
            file="services.csv",
            columns={"race": "race", "score": "request_id"},
            races=races | rules.pop("races", {}),
            **rules,
        )
        rows, ledger = persons.tidy(raw, source, []), Ledger("x", "x", len(raw))
        found = persons.with_race(rows, raw, source, ledger, standard=SPD)
        notes = {rule: rows for _, rule, rows in ledger.entries}
        return found["race"].value_counts().to_dict(), notes

    return read


def test_spellings_of_others_making(others):
    """`race-01`: people by group equal those of the good file, and it is noted."""
    good, _ = others("good")
    found, notes = others("race-01")
    assert {group: n for group, n in found.items() if n} == {
        group: n for group, n in good.items() if n
    }
    assert notes[race.RESPELLED] >= 3


def test_several_races_of_others_making(others):
    """`race-03`: four separators; nobody is counted twice, and the rule is named."""
    found, notes = others("race-03", several={"separators": [";", ", ", "|", "json"]})
    assert sum(found.values()) == 120
    assert found[race.TWO_OR_MORE] == others("good")[0][race.TWO_OR_MORE] + 4
    assert [rows for rule, rows in notes.items() if "'two or more'" in rule] == [4]


def test_kinds_of_unknown_of_others_making(others):
    """`race-05`: ten rows each of Unknown, Refused, Declined, Other and blank."""
    with pytest.raises(UnmappedLabelError, match=r"column race.*'Other' \(10\)"):
        others("race-05")
    found, notes = others("race-05", races={"Other": "Unknown"})
    assert (found["Refused"], found["Declined"], found["Not recorded"]) == (10, 10, 10)
    assert notes[persons.NO_RACE] == sum(found.get(kind, 0) for kind in race.UNKNOWN)
