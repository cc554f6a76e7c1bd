"""Three ways of showing sets: which add up to people, and which do not, is said."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import ColumnNotFoundError, InputError

GROUPS = [race.ASIAN, race.BLACK, race.HISPANIC, race.MENA, race.WHITE]


def people(*sets, counts=None, unknown="Declined"):
    """A table of people from sets; an empty one is of an unknown kind."""
    table = pd.DataFrame(
        {
            "several": [race.together(given) for given in sets],
            "race": [
                race.roll_up(given, race.ANY_TWO) if given else unknown
                for given in sets
            ],
        }
    ).astype("str")
    return table if counts is None else table.assign(people=counts)


SETS = st.lists(st.sets(st.sampled_from(GROUPS)), min_size=1, max_size=30)


@given(SETS, st.integers(0, 4))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_nobody_is_counted_twice_or_lost(sets, most):
    table = people(*sets)
    exclusive = [
        race.combinations(table, most=most),
        *(race.mutually_exclusive(table, rule=rule) for rule in race.ROLL_UPS),
    ]
    for shown in exclusive:
        assert shown["people"].sum() == len(sets)
        assert shown["adds_up"].all()
        assert (shown["total"] == len(sets)).all()
        assert not shown["group"].duplicated().any()
    overlap = race.alone_or_in_combination(table)
    assert not overlap["adds_up"].any()
    assert (overlap["total"] == len(sets)).all()
    assert (overlap["people"] <= len(sets)).all()
    assert overlap["people"].sum() == sum(len(given) or 1 for given in sets)
    assert (overlap["alone"] + overlap["in_combination"] == overlap["people"]).all()


@given(SETS)
@settings(deadline=None, max_examples=15, derandomize=True)
def test_rows_that_are_counts_are_the_same_people(sets):
    once = people(*sets)
    counted = once.value_counts().rename("people").reset_index()
    for show in (race.alone_or_in_combination, race.combinations):
        pd.testing.assert_frame_equal(show(once), show(counted))


def test_the_directives_own_example():
    """89 FR 22182: White and Black falls into both, alone or in combination."""
    table = people({race.WHITE, race.BLACK}, {race.WHITE})
    found = race.alone_or_in_combination(table).set_index("group")
    assert found["people"].to_dict() == {race.BLACK: 1, race.WHITE: 2}
    assert found["alone"].to_dict() == {race.BLACK: 0, race.WHITE: 1}
    assert found["total"].to_list() == [2, 2]


def test_the_most_frequent_combinations_first_and_the_rest_together():
    table = people(
        *({race.ASIAN, race.WHITE}, {race.BLACK, race.WHITE}),
        *({race.ASIAN, race.BLACK}, {race.ASIAN}, set()),
        counts=[5, 9, 2, 40, 3],
    )
    found = race.combinations(table, most=1).set_index("group")["people"]
    assert found.to_dict() == {
        "Asian alone": 40,
        "Black or African American and White": 9,
        "Other combinations": 7,
        "Declined": 3,
    }
    assert list(found.index)[-1] == "Declined"


def test_kinds_of_unknown_stay_apart():
    table = pd.concat([people(set(), unknown=kind) for kind in race.UNKNOWN])
    for show in (race.alone_or_in_combination, race.combinations):
        assert show(table)["group"].to_list() == list(race.UNKNOWN)


def test_the_words_of_the_directive():
    found = race.mutually_exclusive(
        people({race.NHPI}, {race.NHPI, race.WHITE}), rule=race.ANY_TWO
    )
    shown = race.shown(found, race.standard("spd15_2024"))
    assert shown["group"].to_list() == [
        "Native Hawaiian or Pacific Islander",
        "Multiracial and/or multiethnic",
    ]
    assert "two or more" in shown["presentation"].iloc[0]


def test_a_label_list_is_no_group():
    strange = pd.DataFrame({"several": ["Wite"], "race": ["White"]})
    nobody = pd.DataFrame({"several": [""], "race": [""]})
    for table in (strange, nobody):
        with pytest.raises(InputError, match="1 people have neither"):
            race.combinations(table)
    with pytest.raises(ColumnNotFoundError, match="several"):
        race.combinations(pd.DataFrame({"race": ["White"]}))


def test_a_table_without_people():
    table = people({race.ASIAN}).head(0)
    assert race.combinations(table).empty
    assert race.alone_or_in_combination(table).empty
    assert race.mutually_exclusive(table, rule=race.ANY_TWO).empty
