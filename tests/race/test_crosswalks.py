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
        ("W\u200fhite\u200e", "White"),  # right-to-left and left-to-right marks
        ("\u202eWhite\u202c", "white"),  # direction overridden, and back
        ("Wh\u200dite", "white"),  # zero-width joiner
        ("Wh\u00adite", "white"),  # soft hyphen
        ("Paci\ufb01c Islander", "pacific islander"),  # ligature fi
        ("Asian \u2013 Chinese", "Asian - Chinese"),  # dash of a word processor
        ("Hawai\u00b4i", "Hawaii"),  # a spacing accent as an apostrophe
        ("Me\u200d\u0301tis", "M\u00c9TIS"),  # a joiner within what composes
        ("Two\u3000or\u2009more", "two or more"),  # ideographic and thin spaces
    ],
)
def test_spelling_accidents_do_not_tell_labels_apart(label, same_as):
    assert race.normalise(label) == race.normalise(same_as)


def test_different_labels_stay_different():
    assert race.normalise("Asian") != race.normalise("Caucasian")
    assert race.normalise("Black/White") != race.normalise("White/Black")


@pytest.mark.parametrize(
    "label",
    [
        "\u0410sian",  # Cyrillic A
        "\u0391sian",  # Greek Alpha
        "Wh\u0456te",  # Cyrillic i
        "Wh\u00edte",  # i with an acute accent
        "Wh\u0131te",  # dotless i
        "As\u0130an",  # dotted capital I
        "W\u0338hite",  # a stroke through the W
        "Whit\ufffd",  # what a wrong decoding leaves
        "Whi\u0000te",  # a null byte
        "White\u2028Asian",  # a line separator: two labels
    ],
)
def test_letters_that_only_look_alike_are_not_the_same(label):
    with pytest.raises(UnmappedLabelError, match=r"\(1\)"):
        crosswalk(["White", "Asian", label], {"White": race.WHITE, "Asian": race.ASIAN})


@given(st.text(max_size=20))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_normalising_twice_changes_nothing_more(label):
    once = race.normalise(label)
    assert race.normalise(once) == once
    assert race.normalise(f"\u00a0{label}\u200b ") == once


def test_how_many_rows_were_spelled_otherwise_is_known():
    labels = pd.Series(
        ["White", "WHITE", " White", "Wht", "Refused"], index=range(5, 10)
    )
    found = race.respelled(labels, LABELS)
    assert found.to_dict() == {5: False, 6: True, 7: True, 8: False, 9: False}
    table = race.mapping_table(labels, LABELS)
    assert table["rows"].sum() == 5
    assert table.loc[table["respelled"], "label"].to_list() == [" White", "WHITE"]
    assert set(table["group"]) == {race.WHITE, "Refused"}
    weighted = race.mapping_table(labels, LABELS, weights=pd.Series(10, labels.index))
    assert weighted["rows"].sum() == 50


def test_the_mapping_table_shows_what_is_not_declared():
    table = race.mapping_table(pd.Series(["Martian"]), LABELS)
    assert table["group"].isna().all()


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


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([1, 1], True),
        ([1, 1, 1], False),
        ([40, 1, 1], False),
        ([40, 9, 1], True),
        ([40, 9, 1, 1], False),
        ([2] * race.LISTED, True),
        ([2] * (race.LISTED + 1), False),
    ],
)
@pytest.mark.parametrize("blanks", [0, 1, 500])
def test_labels_that_may_be_names_are_only_counted(counts, shown, blanks):
    labels = {f"label {i}": count for i, count in enumerate(counts)}
    if blanks and len(labels) < race.LISTED:
        labels[" "] = blanks
    text = race.listed(pd.Series(labels))
    assert ("label 0" in text) == shown
    assert ("right column" in text) != shown
    assert shown or f"{len(labels)} labels in {sum(labels.values()):,} rows" in text


def test_an_error_does_not_repeat_a_text():
    text = "My mother's people are from " + "far away " * 10
    with pytest.raises(UnmappedLabelError, match=r"a text of 118 characters \(1\)"):
        crosswalk(["White", text])


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
