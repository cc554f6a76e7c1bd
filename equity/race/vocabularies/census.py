"""Labels and variables of the Census Bureau's tables."""

from equity.race.standards import (
    AIAN,
    ASIAN,
    ASIAN_OR_PACIFIC,
    BLACK,
    HISPANIC,
    NHPI,
    SOME_OTHER,
    TWO_OR_MORE,
    WHITE,
)
from equity.race.vocabularies.vocabulary import Vocabulary

WITH_HISPANIC = "counts Hispanic people of the race too, who are under Hispanic again"
OMB = ("omb1997", "omb1997_api", "cdc")

NOT_HISPANIC = {
    "003": ("White alone", WHITE),
    "004": ("Black or African American alone", BLACK),
    "005": ("American Indian and Alaska Native alone", AIAN),
    "006": ("Asian alone", ASIAN),
    "007": ("Native Hawaiian and Other Pacific Islander alone", NHPI),
    "008": ("Some other race alone", SOME_OTHER),
    "009": ("Two or more races", TWO_OR_MORE),
}
LETTERS = {
    "B": ("Black or African American Alone", BLACK),
    "C": ("American Indian and Alaska Native Alone", AIAN),
    "D": ("Asian Alone", ASIAN),
    "E": ("Native Hawaiian and Other Pacific Islander Alone", NHPI),
    "F": ("Some Other Race Alone", SOME_OTHER),
    "G": ("Two or More Races", TWO_OR_MORE),
    "H": ("White Alone, Not Hispanic or Latino", WHITE),
    "I": ("Hispanic or Latino", HISPANIC),
}

ALL = (
    Vocabulary(
        name="census_b03002",
        title="Census table B03002, Hispanic origin by race: variables and labels",
        source="U.S. Census Bureau, American Community Survey, table B03002",
        standards=OMB,
        labels={
            **{f"B03002_{n}E": group for n, (_, group) in NOT_HISPANIC.items()},
            **{f"B03002_{n}": group for n, (_, group) in NOT_HISPANIC.items()},
            **dict(NOT_HISPANIC.values()),
            **dict.fromkeys(
                ("B03002_012E", "B03002_012", "Hispanic or Latino"), HISPANIC
            ),
        },
    ),
    Vocabulary(
        name="census_letters",
        title="Census tables repeated by race (B to I after the table's number)",
        source="U.S. Census Bureau, American Community Survey, race iterations of "
        "detailed tables such as C23002 and B19013",
        standards=OMB,
        labels={
            **{letter: group for letter, (_, group) in LETTERS.items()},
            **dict(LETTERS.values()),
        },
        doubtful={
            key: WITH_HISPANIC
            for letter, (label, _) in LETTERS.items()
            if letter not in "HI"
            for key in (letter, label)
        },
    ),
    Vocabulary(
        name="census_2010_tracts",
        title="Census counts of 2010 by tract, columns white to nh_some_other_race",
        source="U.S. Census Bureau, 2010 Census Summary File 1, table P5: race of "
        "people who are not Hispanic or Latino, and Hispanic or Latino of any race",
        standards=("omb1997_api",),
        labels={
            **{"white": WHITE, "black": BLACK, "api": ASIAN_OR_PACIFIC},
            **{"native": AIAN, "multiple": TWO_OR_MORE, "hispanic": HISPANIC},
            "nh_some_other_race": SOME_OTHER,
        },
    ),
    Vocabulary(
        name="acs_2019_block_groups",
        title="Race by block group, columns race_white_alone to race_latino_alone",
        source="U.S. Census Bureau, American Community Survey of 2015 to 2019, table "
        "B03002 under other names; the columns add up to race_total_estimate",
        standards=OMB,
        labels={
            "race_white_alone": WHITE,
            "race_black_alone": BLACK,
            "race_aindian_alone": AIAN,
            "race_asian_alone": ASIAN,
            "race_pacific_islander_native_hawaiian_alone": NHPI,
            "race_some_other_alone": SOME_OTHER,
            "race_two_or_more_alone": TWO_OR_MORE,
            "race_latino_alone": HISPANIC,
        },
    ),
    Vocabulary(
        name="census_surnames",
        title="Shares by surname, columns pctwhite to pcthispanic",
        source="U.S. Census Bureau, Frequently Occurring Surnames from the 2010 Census",
        standards=("omb1997_api",),
        labels={
            **{"pctwhite": WHITE, "pctblack": BLACK, "pctapi": ASIAN_OR_PACIFIC},
            **{"pctaian": AIAN, "pct2prace": TWO_OR_MORE, "pcthispanic": HISPANIC},
        },
    ),
)
