"""No person changes group, and none disappears, between a file and our groups."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import ParamsError, UnmappedLabelError

OMB = race.standard("omb1997")
LABELS = {
    "White": race.WHITE,
    "Wht": race.WHITE,
    "Black/African American": race.BLACK,
    "Native Hawaiian": race.NHPI,
    "Declined": "Declined",
    "Refused": "Refused",
    "Unknown": "Unknown",
    "": "Not recorded",
}


def crosswalk(labels, mapping=LABELS, standard=OMB):
    return race.crosswalk(
        pd.Series(labels, dtype="str"), mapping, standard=standard, where="a.csv, RACE"
    )


@pytest.mark.parametrize(
    ("label", "same_as"),
    [
        ("WHITE ", "White"),
        ("White\u00a0alone", "white alone"),  # no-break space
        ("Ｂｌａｃｋ or African American", "black or african american"),  # full width
        ("Hawai\u02bbian", "hawaiian"),  # okina
        ("Hawai\u2019i", "Hawai'i"),
        ("Me\u0301tis", "m\u00e9tis"),  # composed and decomposed (NFD)
        ("Two  or\tmore\nraces", "two or more races"),
        ("\ufeffWhite\u200b", "white"),  # byte order mark, zero-width space
        ("   ", ""),
    ],
)
def test_spelling_accidents_do_not_tell_labels_apart(label, same_as):
    assert race.normalise(label) == race.normalise(same_as)


def test_different_labels_stay_different():
    assert race.normalise("Asian") != race.normalise("Caucasian")
    assert race.normalise("Black/White") != race.normalise("White/Black")


@given(st.lists(st.sampled_from([*LABELS, " WHITE", "wht ", "Native Hawai\u02bbian"])))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_every_person_keeps_a_group(labels):
    found = crosswalk(labels)
    assert len(found) == len(labels)
    assert found.notna().all()
    assert found.value_counts().sum() == len(labels)
    whites = sum(label.strip().lower() in ("white", "wht") for label in labels)
    assert (found == race.WHITE).sum() == whites


def test_kinds_of_unknown_stay_apart_and_come_last():
    found = crosswalk(["", "Refused", "Declined", "Unknown", "White"])
    assert found.to_list() == [
        *("Not recorded", "Refused", "Declined", "Unknown", race.WHITE),
    ]
    assert found.cat.categories.to_list() == [
        *(race.BLACK, race.NHPI, race.WHITE),
        *race.UNKNOWN,
    ]


def test_a_group_that_the_source_cannot_record_is_no_category():
    found = crosswalk(["White"], {"White": race.WHITE})
    assert found.cat.categories.to_list() == [race.WHITE]
    assert found.cat.ordered


def test_an_unmapped_label_is_an_error_with_its_count():
    with pytest.raises(UnmappedLabelError) as error:
        crosswalk(["White", "NA", "NA", "Latinx"])
    assert "a.csv, RACE: 2 label(s)" in str(error.value)
    assert "'NA' (2), 'Latinx' (1)" in str(error.value)


def test_an_error_does_not_list_a_column_of_names():
    names = [f"Person {number}" for number in range(21)]
    with pytest.raises(UnmappedLabelError, match="right column") as error:
        crosswalk(names)
    assert "Person" not in str(error.value)


def test_a_crosswalk_names_groups_of_the_standard_only():
    with pytest.raises(ParamsError, match=r"'Whyte'.*not a group of omb1997"):
        crosswalk([], {"W": "Whyte"})
    with pytest.raises(ParamsError, match="omb1997_api"):
        crosswalk([], {"A": race.ASIAN}, race.standard("omb1997_api"))
    with pytest.raises(ParamsError, match="two groups"):
        crosswalk([], {"W": race.WHITE, " w": race.BLACK})
    assert race.check_crosswalk(
        {"W": race.WHITE, " w": race.WHITE}, standard=OMB, where="x"
    ) == {"w": race.WHITE}


def test_standards_share_one_order():
    for standard in race.STANDARDS.values():
        assert list(standard.groups) == [g for g in race.ORDER if g in standard.groups]
        assert len(set(standard.groups)) == len(standard.groups)
        assert not set(standard.groups) & set(race.UNKNOWN)
    with pytest.raises(ParamsError, match="omb1997"):
        race.standard("omb2024")


def test_variants_of_one_label_count_as_the_good_file(shared):
    """`race-01`: width, case, no-break space and okina; Latino/a is declared."""
    groups = {
        "American Indian or Alaska Native": race.AIAN,
        "Asian": race.ASIAN,
        "Black or African American": race.BLACK,
        "Hispanic or Latino": race.HISPANIC,
        "Latino/a": race.HISPANIC,
        "Latinx": race.HISPANIC,
        "Middle Eastern or North African": race.WHITE,  # OMB 1997: White
        "Native Hawaiian or Pacific Islander": race.NHPI,
        "White": race.WHITE,
        "Two or more races": race.TWO_OR_MORE,
        "Unknown": "Unknown",
    }
    counts = []
    for case in ("good", "race-01"):
        table = pd.read_csv(shared / "bad_inputs" / case / "services.csv", dtype=str)
        counts.append(crosswalk(table["race"], groups).value_counts().to_dict())
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) == 120
