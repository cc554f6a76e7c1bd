"""The standards are those published, in one order and with one name for a group."""

import pytest

from equity import race
from equity.errors import ParamsError


def test_standards_share_one_order():
    for standard in race.STANDARDS.values():
        assert list(standard.groups) == [g for g in race.ORDER if g in standard.groups]
        assert len(set(standard.groups)) == len(standard.groups)
        assert not set(standard.groups) & set(race.UNKNOWN)
    with pytest.raises(ParamsError, match="omb1997"):
        race.standard("omb2024")


def test_the_seven_minimum_categories_of_2024():
    """89 FR 22182, minimum categories, in its own words."""
    spd15 = race.standard("spd15_2024")
    beside = (race.TWO_OR_MORE, race.SOME_OTHER)  # a presentation, and a remainder
    categories = [group for group in spd15.groups if group not in beside]
    assert [race.label(group, spd15) for group in categories] == [
        "American Indian or Alaska Native",
        "Asian",
        "Black or African American",
        "Hispanic or Latino",
        "Middle Eastern or North African",
        "Native Hawaiian or Pacific Islander",
        "White",
    ]


@pytest.mark.parametrize("name", ["eeo4", "nces7"])
def test_the_seven_categories_of_employers_and_schools(name):
    """EEO-4 Instruction Booklet (2021); 72 FR 59266 (2007)."""
    assert set(race.standard(name).groups) == {
        *(race.AIAN, race.ASIAN, race.BLACK, race.HISPANIC, race.NHPI, race.WHITE),
        race.TWO_OR_MORE,
    }


def test_the_code_set_has_five_races_another_and_hispanic():
    """CDCREC 1.0: 1002-5, 2028-9, 2054-5, 2076-8, 2106-3, 2131-1; 2135-2."""
    cdc = race.standard("cdc")
    codes = race.vocabulary("cdc", cdc)
    assert set(codes.values()) == set(cdc.groups) - {race.TWO_OR_MORE}
    assert len(codes) == 7


def test_every_standard_says_where_it_is_from_and_since_when():
    for standard in race.STANDARDS.values():
        assert standard.source
        assert 1977 <= standard.since <= 2024
        assert standard.roll_up in race.ROLL_UPS
        assert set(standard.labels) | set(standard.meanings) <= set(standard.groups)
        assert all(len(race.short(group)) <= 16 for group in standard.groups)
        assert {race.HISPANIC, race.TWO_OR_MORE} <= set(standard.groups)


def test_short_labels():
    assert race.short(race.MENA) == "MENA"
    assert set(race.SHORT) <= set(race.ORDER)


def test_a_wider_group_holds_a_finer_one_by_definition_only():
    omb, api = race.standard("omb1997"), race.standard("omb1997_api")
    assert race.within(race.NHPI, omb) == race.NHPI
    assert race.within(race.NHPI, api) == race.ASIAN_OR_PACIFIC
    assert race.within(race.MENA, omb) == race.WHITE  # 62 FR 58782
    assert race.within(race.ASIAN_OR_PACIFIC, omb) is None  # cannot be taken apart
    assert race.within(race.SOME_OTHER, race.standard("eeo4")) is None
    assert race.within("Refused", omb) == "Refused"
