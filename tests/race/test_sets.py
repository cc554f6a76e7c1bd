"""A set of groups is what the person gave: no more, no less, in one spelling."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import ParamsError, UnmappedLabelError

OMB = race.standard("omb1997")
LABELS = {
    "American Indian": race.AIAN,
    "Asian": race.ASIAN,
    "Black/African American": race.BLACK,
    "Hispanic, Latino": race.HISPANIC,
    "White": race.WHITE,
    "Declined": "Declined",
    "": "Not recorded",
}
ALL = [";", ",", "|", "/", "json"]


def several(cells, separators=ALL, mapping=LABELS):
    return race.several(
        pd.Series(cells, dtype="str"),
        mapping,
        separators=separators,
        standard=OMB,
        where="a.csv, column RACE",
    )


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("White", {race.WHITE}),
        ("Asian;White", {race.ASIAN, race.WHITE}),
        ("White , Asian", {race.ASIAN, race.WHITE}),
        ("White|Asian", {race.ASIAN, race.WHITE}),
        ("White/Asian", {race.ASIAN, race.WHITE}),
        ('["White","Asian"]', {race.ASIAN, race.WHITE}),
        ("[]", {"Not recorded"}),
        ("White\uff1bAsian", {race.ASIAN, race.WHITE}),  # full-width semicolon
        ("White;;Asian;", {race.ASIAN, race.WHITE}),
        ("White; white; WHITE", {race.WHITE}),
        ("Black/African American", {race.BLACK}),  # its slash separates nothing
        ("black/african american/White", {race.BLACK, race.WHITE}),
        ("White/Black/African American", {race.BLACK, race.WHITE}),
        ("Hispanic, Latino", {race.HISPANIC}),
        ("Hispanic, Latino, White", {race.HISPANIC, race.WHITE}),
        ("White;Declined", {race.WHITE}),
        ("Declined", {"Declined"}),
        ("", {"Not recorded"}),
        (" ; ", {"Not recorded"}),
    ],
)
def test_what_a_cell_lists(cell, groups):
    assert several([cell]).iloc[0] == groups


@pytest.mark.parametrize(
    "cell",
    [
        "White;Martian",
        "White+Asian",  # not a declared separator
        '["White", 3]',
        '["White", ["Asian"]]',
        '{"race": "White"}',
        "[" * 2000,
        "Hispanic",  # half of a declared label
    ],
)
def test_a_stranger_in_a_list_is_an_error(cell):
    with pytest.raises(UnmappedLabelError, match=r"a\.csv, column RACE"):
        several(["White", cell])


def test_the_stranger_is_named_and_not_the_cell():
    with pytest.raises(UnmappedLabelError, match=r"'Martian' \(2\)"):
        several(["White;Martian", "Martian", "White"])


def test_only_declared_separators_separate():
    with pytest.raises(UnmappedLabelError, match=r"'White;Asian' \(1\)"):
        several(["White;Asian"], separators=[","])
    assert several(["White and Asian"], separators=[" and "]).iloc[0] == {
        race.ASIAN,
        race.WHITE,
    }


NAMES = [label for label, group in LABELS.items() if group not in race.UNKNOWN]


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6),
    st.sampled_from([";", "|", ", ", "/", "json"]),
)
@settings(deadline=None, max_examples=100, derandomize=True)
def test_a_list_written_is_the_set_read(labels, separator):
    cell = json.dumps(labels) if separator == "json" else separator.join(labels)
    found = several([cell]).iloc[0]
    assert found == {LABELS[label] for label in labels}
    assert race.members(race.together(found)) == found


@given(st.sets(st.sampled_from(race.ORDER), min_size=1))
@settings(deadline=None, derandomize=True)
def test_everyone_is_rolled_up_to_one_group(groups):
    for rule in race.ROLL_UPS:
        group = race.roll_up(groups, rule)
        assert group in groups or (group == race.TWO_OR_MORE and len(groups) > 1)
    assert race.together(sorted(groups)) == race.together(reversed(sorted(groups)))


def test_named_roll_ups():
    """62 FR 58782: Hispanic of any race; 89 FR 22182: multiracial or multiethnic."""
    both = {race.HISPANIC, race.WHITE}
    assert race.roll_up(both, race.HISPANIC_FIRST) == race.HISPANIC
    assert race.roll_up(both, race.ANY_TWO) == race.TWO_OR_MORE
    assert race.roll_up({race.ASIAN, race.WHITE}, race.HISPANIC_FIRST) == (
        race.TWO_OR_MORE
    )
    with pytest.raises(ParamsError, match="rarest"):
        race.roll_up(both, "rarest group first")
