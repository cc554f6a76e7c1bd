"""Labels and columns of files that cities, states and schools have published."""

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
from equity.race.vocabularies.census import WITH_HISPANIC
from equity.race.vocabularies.vocabulary import Vocabulary

OMB = ("omb1997", "omb1997_api", "cdc")
ONE_LIST = (*OMB, "eeo4", "nces7")

TORRES = (
    "a label of Australian personnel systems, perhaps a wrong key. No federal code "
    "list names it; OMB's definition takes in the original peoples of 'other Pacific "
    "Islands' (62 FR 58782), and the CDC code set has the neighbouring Melanesian "
    "peoples under Native Hawaiian or Other Pacific Islander (2100-6)"
)

ALL = (
    Vocabulary(
        name="cincinnati_employees",
        title="City of Cincinnati employees, column RACE",
        source="City of Cincinnati open data, city employees (2020)",
        standards=("omb1997_api",),
        labels={
            "WHITE": WHITE,
            "BLACK": BLACK,
            "ASIAN/PACIFIC ISLANDER": ASIAN_OR_PACIFIC,
            "HISPANIC": HISPANIC,
            "AMERICAN INDIAN/ALASKAN NATIVE": AIAN,
            "CHINESE": ASIAN,
            "TORRES STRAIT ISLANDER ORIGIN": NHPI,
            "ABORIGINAL/TORRES STRAIT ISLAND": NHPI,
            "UNKNOWN": "Unknown",
            "": "Not recorded",
        },
        doubtful={
            "TORRES STRAIT ISLANDER ORIGIN": TORRES,
            "ABORIGINAL/TORRES STRAIT ISLAND": f"{TORRES}; it may also be an "
            "Aboriginal Australian, whom no federal category names",
        },
    ),
    Vocabulary(
        name="cincinnati_labor_force",
        title="Cincinnati metropolitan labor force, column race",
        source="U.S. Census Bureau, American Community Survey, tables C23002B to "
        "C23002I; some other race (C23002F) is not in the file",
        standards=ONE_LIST,
        labels={
            "American Indian and Alaska Native Alone": AIAN,
            "Asian Alone": ASIAN,
            "Black or African American Alone": BLACK,
            "Hispanic or Latino": HISPANIC,
            "Native Hawaiian and Other Pacific Islander Alone": NHPI,
            "Two or More Races": TWO_OR_MORE,
            "White Alone, Not Hispanic or Latino": WHITE,
        },
        doubtful=dict.fromkeys(
            (
                "American Indian and Alaska Native Alone",
                "Asian Alone",
                "Black or African American Alone",
                "Native Hawaiian and Other Pacific Islander Alone",
                "Two or More Races",
            ),
            WITH_HISPANIC,
        ),
    ),
    Vocabulary(
        name="chicago_police",
        title="Chicago Police Department rosters of 2017, 2021 and 2023, column race",
        source="Chicago Police Department, rosters of April 2017, August 2021 and "
        "November 2023",
        standards=("omb1997_api",),
        labels={
            "WHITE": WHITE,
            "BLACK": BLACK,
            "HISPANIC": HISPANIC,
            "ASIAN/PACIFIC ISLANDER": ASIAN_OR_PACIFIC,
            "NATIVE AMERICAN/ALASKAN NATIVE": AIAN,
            "": "Not recorded",
        },
    ),
    Vocabulary(
        name="chicago_schools",
        title="Chicago Public Schools profile, columns Student_Count_*",
        source="Chicago Public Schools, school profile information, school year "
        "2016-17; the columns add up to Student_Count_Total",
        standards=("omb1997_api",),
        labels={
            "Student_Count_Black": BLACK,
            "Student_Count_Hispanic": HISPANIC,
            "Student_Count_White": WHITE,
            "Student_Count_Asian": ASIAN,
            "Student_Count_Native_American": AIAN,
            "Student_Count_Other_Ethnicity": SOME_OTHER,
            "Student_Count_Asian_Pacific_Islander": ASIAN_OR_PACIFIC,
            "Student_Count_Multi": TWO_OR_MORE,
            "Student_Count_Hawaiian_Pacific_Islander": NHPI,
            "Student_Count_Ethnicity_Not_Available": "Not recorded",
        },
    ),
    Vocabulary(
        name="chicago_community_areas",
        title="Chicago community areas, columns Wht14 to Hisp14",
        source="American Community Survey of 2010 to 2014 by community area. Not one "
        "list: the six races add up to more than the residents, and Hisp14 is beside "
        "them",
        standards=OMB,
        labels={
            **{"Wht14": WHITE, "Blk14": BLACK, "AI14": AIAN, "AS14": ASIAN},
            **{"NHP14": NHPI, "Oth14": SOME_OTHER, "Hisp14": HISPANIC},
        },
        doubtful=dict.fromkeys(
            ("Wht14", "Blk14", "AI14", "AS14", "NHP14", "Oth14"),
            f"{WITH_HISPANIC}, and people of several races under each",
        ),
    ),
    Vocabulary(
        name="calhr",
        title="State of California workforce, 18 identities",
        source="California Department of Human Resources, reports 5102 (2011, 2020) "
        "and 5112 (2020), columns Identity Variable and Ethnicity",
        standards=ONE_LIST,
        labels={
            "White": WHITE,
            "Hispanic or Latino": HISPANIC,
            "Black or African American": BLACK,
            "Native American or Alaska Native": AIAN,
            "Other or Multiple Race": TWO_OR_MORE,
            **{
                f"Asian - {name}": ASIAN
                for name in (
                    *("Cambodian", "Chinese", "Filipino", "Indian", "Japanese"),
                    *("Korean", "Laotian", "Vietnamese", "Other or Multiple"),
                )
            },
            **{
                f"Pacific Islander - {name}": NHPI
                for name in ("Guamanian", "Hawaiian", "Samoan", "Other or Multiple")
            },
        },
        doubtful={
            "Other or Multiple Race": "some other race and several races are one "
            "label; read as the larger of the two among residents",
        },
    ),
    Vocabulary(
        name="colorado_schools",
        title="Colorado school districts, column Race Ethnicity",
        source="Colorado Department of Education, mathematics proficiency by race. The "
        "rows of All Students are no race and are left out with keep",
        standards=ONE_LIST,
        labels={
            "Asian": ASIAN,
            "Black": BLACK,
            "Hawaiian/Pacific Islander": NHPI,
            "Hispanic": HISPANIC,
            "Native American": AIAN,
            "Two or more": TWO_OR_MORE,
            "White": WHITE,
        },
    ),
    Vocabulary(
        name="hsb2",
        title="High School and Beyond, 200 students, column race",
        source="High School and Beyond survey, National Center for Education "
        "Statistics; data set hsb2 of OpenIntro",
        standards=ONE_LIST,
        labels={
            "white": WHITE,
            "hispanic": HISPANIC,
            "african american": BLACK,
            "asian": ASIAN,
        },
    ),
    Vocabulary(
        name="hsb82",
        title="High School and Beyond 1982, column minrty",
        source="High School and Beyond survey of 1982; data set Hsb82 of the R package "
        "mlmRev. It says whether a student is of a minority, not of which",
        standards=ONE_LIST,
        labels={"No": WHITE, "Yes": "Not recorded"},
        doubtful={
            "No": "the file says only that the student is not of a minority",
            "Yes": "the file says only that the student is of a minority",
        },
    ),
    Vocabulary(
        name="egsingle",
        title="Pupils followed over years, yes/no columns black and hispanic",
        source="Data set egsingle of the R package mlmRev, from the HLM program's "
        "examples; who is neither is of a race not recorded",
        standards=ONE_LIST,
        labels={"black": BLACK, "hispanic": HISPANIC},
    ),
    Vocabulary(
        name="dc_tracts",
        title="District of Columbia tracts, columns population_white_total and others",
        source="American Community Survey by tract; the file does not say its table",
        standards=OMB,
        labels={
            "population_white_total": WHITE,
            "population_black_total": BLACK,
            "population_hisp_total": HISPANIC,
            "population_other_total": SOME_OTHER,
        },
        doubtful={
            "population_white_total": "whether Hispanic people are among them is not "
            "said; the total is nearer to White and not Hispanic",
            "population_black_total": "whether Hispanic people are among them is not "
            "said",
            "population_other_total": "all other groups together, Asian among them",
        },
    ),
    Vocabulary(
        name="phoenix_tracts",
        title="Phoenix tracts, columns white_rt, black_rt and hisp_rt",
        source="American Community Survey of 2006 to 2010 by tract, in percent; the "
        "shares add up to more than 100",
        standards=OMB,
        labels={"white_rt": WHITE, "black_rt": BLACK, "hisp_rt": HISPANIC},
        doubtful=dict.fromkeys(("white_rt", "black_rt"), WITH_HISPANIC),
    ),
)
