"""A change of standard is a break; crossing it is declared, or refused."""

import pandas as pd
import pytest

from equity import race
from equity.errors import ColumnNotFoundError, InputError, ParamsError


def series(*standards, **columns):
    return pd.DataFrame(
        {"period": range(2020, 2020 + len(standards)), "standard": standards, **columns}
    )


def test_no_break_where_the_standard_stays():
    assert race.breaks(series("omb1997", "omb1997", "omb1997")).empty
    assert race.breaks(series("omb1997")).empty


def test_the_first_period_of_the_new_list_is_marked():
    found = race.breaks(series("omb1997", "omb1997", "spd15_2024", "spd15_2024"))
    (row,) = found.to_dict("records")
    assert (row["period"], row["from_standard"], row["to_standard"]) == (
        *(2022, "omb1997", "spd15_2024"),
    )
    assert race.members(row["not_comparable"]) == {
        *(race.HISPANIC, race.MENA, race.WHITE, race.TWO_OR_MORE),
    }


def test_order_of_rows_and_sources_of_a_period_do_not_matter():
    table = series("omb1997", "nces7")
    again = pd.concat([table, table]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(race.breaks(again), race.breaks(table))


def test_a_source_that_records_other_groups_is_a_break_too():
    groups = ["Asian; White", "Asian; White; Two or more races"]
    found = race.breaks(series("omb1997", "omb1997", groups=groups))
    assert found["not_comparable"].to_list() == [race.TWO_OR_MORE]


def test_a_group_that_neither_source_records_is_not_broken():
    found = race.breaks(series("omb1997", "eeo4", groups=["Asian; White"] * 2))
    assert found["not_comparable"].to_list() == [""]


def test_one_period_has_one_standard():
    table = pd.DataFrame({"period": [1, 1], "standard": ["omb1997", "eeo4"]})
    with pytest.raises(InputError, match="period 1 has several standards: eeo4, omb"):
        race.breaks(table)
    with pytest.raises(ColumnNotFoundError, match="standard"):
        race.breaks(pd.DataFrame({"period": [1]}))


def test_a_comparison_across_a_break_is_refused():
    table = series("omb1997", "omb1997_api")
    race.require_comparable(table, [race.WHITE, race.BLACK])
    with pytest.raises(InputError, match=r"Asian changes at 2021.*declare a bridge"):
        race.require_comparable(table, [race.WHITE, race.ASIAN])
    with pytest.raises(InputError, match="keep the break"):
        race.require_comparable(series("omb1997", "eeo4"), [race.SOME_OTHER])


def counts(standard, people, **columns):
    return pd.DataFrame(
        {
            "period": 2024,
            "standard": standard,
            "race": list(people),
            "people": list(people.values()),
            **columns,
        }
    )


def test_an_exact_bridge_adds_up_and_keeps_everyone():
    table = counts(
        "omb1997", {race.ASIAN: 30, race.NHPI: 2, race.WHITE: 50, "Declined": 4}
    )
    found = race.bridge(table, "omb1997 to omb1997_api", counts=["people"])
    assert found.set_index("race")["people"].to_dict() == {
        race.ASIAN_OR_PACIFIC: 32,
        race.WHITE: 50,
        "Declined": 4,
    }
    assert found["exact"].all()
    assert set(found["bridged"]) == {"omb1997 to omb1997_api"}
    assert set(found["standard"]) == {"omb1997_api"}
    assert found["people"].sum() == table["people"].sum()


def test_a_bridge_that_is_not_exact_says_so_and_leaves_others():
    old = counts("omb1997", {race.WHITE: 60}).assign(period=2023)
    new = counts("spd15_2024", {race.MENA: 5, race.WHITE: 50})
    table = pd.concat([old, new])
    found = race.bridge(table, "spd15_2024 to omb1997", counts=["people"])
    assert found[["period", "people", "bridged", "exact"]].to_numpy().tolist() == [
        [2023, 60, "", True],
        [2024, 55, "spd15_2024 to omb1997", False],
    ]
    assert race.breaks(found).empty


def test_with_sets_people_are_counted_anew():
    table = counts(
        "spd15_2024",
        {race.TWO_OR_MORE: 3},
        several=[race.together({race.HISPANIC, race.WHITE})],
    )
    mena = table.assign(several=race.together({race.MENA, race.WHITE}), people=2)
    found = race.bridge(
        pd.concat([table, mena]), "spd15_2024 to omb1997", counts=["people"]
    )
    assert found.set_index("race")["people"].to_dict() == {
        race.HISPANIC: 3,
        race.WHITE: 2,  # Middle Eastern and White: White alone in 1997
    }


def test_what_cannot_be_bridged_is_refused():
    with pytest.raises(ParamsError, match="omb1997_api to omb1997"):
        race.bridge(
            counts("omb1997_api", {race.ASIAN_OR_PACIFIC: 1}),
            "omb1997_api to omb1997",
            counts=["people"],
        )
    with pytest.raises(InputError, match="has no group for Martian"):
        race.bridge(
            counts("omb1997", {"Martian": 1}),
            "omb1997 to omb1997_api",
            counts=["people"],
        )
    with pytest.raises(ColumnNotFoundError, match="people"):
        race.bridge(
            counts("omb1997", {race.WHITE: 1}).drop(columns="people"),
            "omb1997 to omb1997_api",
            counts=["people"],
        )


def test_an_exact_bridge_changes_no_meaning_but_the_groups_it_joins():
    for bridge in race.BRIDGES.values():
        before = race.standard(bridge.source_standard)
        after = race.standard(bridge.target_standard)
        moved = {bridge.groups.get(group, group) for group in before.groups}
        assert moved <= {*after.groups, race.SOME_OTHER}, bridge.name
        if bridge.exact:
            touched = {*bridge.groups, *bridge.groups.values(), race.SOME_OTHER}
            assert race.not_comparable(before, after) <= touched, bridge.name
