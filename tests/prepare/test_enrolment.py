"""Enrolment: counts as bounds, the share in the city, and what is refused."""

import pandas as pd
import pytest

from equity import race
from equity.errors import InputError, ParamsError, UnmappedLabelError
from equity.prepare import enrolment, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
SOURCE = sources.Enrolment(
    file="e.csv",
    columns={
        **{"unit": "School", "year": "Year", "race": "Group"},
        **{"students": "Enrolled", "city_students": "In City"},
    },
    races={"B": race.BLACK, "W": race.WHITE, "?": "Unknown"},
    suppressed={"*": [1, 9]},
)
PLAIN = sources.Enrolment(
    file="e.csv", columns={"unit": "School", "students": "Enrolled"}
)


def changed(source, **settings):
    return type(source)(**(source.model_dump(exclude_unset=True) | settings))


def clean(*rows, source=SOURCE):
    raw = pd.DataFrame(rows, columns=list(source.columns.values()), dtype="str")
    ledger = Ledger("enrolment", "e.csv", len(raw))
    found = enrolment.clean_enrolment(raw, source, ledger, standard=OMB)
    return found, ledger


def test_students_and_those_in_the_city():
    found, ledger = clean(
        ("A", "2025", "B", "1,200", "300"),
        ("A", "2025", "W", "50", "*"),
        ("A", "2025", "?", "*", "*"),
        ("B", "2025", "B", "0", "0"),
    )
    assert found.columns.to_list() == enrolment.ENROLMENT
    assert found["students"].to_list()[:2] == [1200, 50]
    assert found["share_low"].to_list()[:2] == [0.25, 1 / 50]
    assert found["share_high"].to_list()[:2] == [0.25, 9 / 50]
    assert found.loc[2, ["students_low", "students_high"]].to_list() == [1, 9]
    assert found.loc[2, ["share_low", "share_high"]].to_list() == [1 / 9, 1.0]
    assert found.loc[3, ["share_low", "share_high"]].isna().all()  # of nobody
    assert found["race"].to_list()[2] == "Unknown"
    notes = {rule: rows for _, rule, rows in ledger.entries}
    assert notes["column Enrolled: hidden in the source, kept as bounds"] == 1
    assert notes["column In City: hidden in the source, kept as bounds"] == 2


def test_one_share_for_all_rows_and_none():
    found, _ = clean(("A", "200"), source=changed(PLAIN, city_share=0.8))
    assert found.loc[0, ["city_low", "share_high"]].to_list() == [160.0, 0.8]
    assert found["race"].isna().all()
    assert found["year"].eq("").all()
    found, ledger = clean(("A", "200"), source=PLAIN)
    assert found["share_low"].isna().all()
    assert ("noted", enrolment.NO_CITY, 1) in ledger.entries


def test_the_same_row_again_counts_once():
    row = ("A", "2025", "B", "20", "10")
    found, ledger = clean(row, row)
    assert len(found) == 1
    assert ("set aside", "the same row again", 1) in ledger.entries


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("B", "20", "21"), "column In City: 1 .*at most as many as column Enrolled"),
        (("B", "-5", "0"), r"e\.csv: column Enrolled: 1 .*data row 2"),
        (("B", "20", "x"), r"e\.csv: column In City: 1 .*data row 2"),
        (("W", "20", "3"), r"repeat a unit.*School, Year, Group.*data row 2"),
    ],
)
def test_what_is_refused_by_file_column_and_row(cells, words):
    with pytest.raises(InputError, match=words):
        clean(("A", "2025", "W", "9", "9"), ("A", "2025", *cells))


def test_more_that_is_refused():
    with pytest.raises(UnmappedLabelError, match="column Group"):
        clean(("A", "2025", "Total", "9", "9"))
    with pytest.raises(ParamsError, match=r"breaks: \['2031'\] are no years of column"):
        clean(
            ("A", "2025", "B", "9", "9"), source=changed(SOURCE, breaks={"2031": "new"})
        )
    with pytest.raises((ParamsError, ValueError), match="not both"):
        changed(SOURCE, city_share=0.5)
    with pytest.raises((ParamsError, ValueError), match="less than or equal to 1"):
        changed(PLAIN, city_share=80.0)
