"""The standards: published lists of race and ethnicity groups, with one order.

A group has one name in every standard, so that tables of different standards can be
set side by side; where a standard words it otherwise, `label` says so. People without
a usable race keep one of the `UNKNOWN` labels, which are not groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from equity.errors import ParamsError

UNKNOWN = ("Unknown", "Declined", "Refused", "Not recorded")

AIAN = "American Indian or Alaska Native"
ASIAN = "Asian"
ASIAN_OR_PACIFIC = "Asian or Pacific Islander"
BLACK = "Black or African American"
HISPANIC = "Hispanic or Latino"
MENA = "Middle Eastern or North African"
NHPI = "Native Hawaiian or Other Pacific Islander"
WHITE = "White"
TWO_OR_MORE = "Two or more races"
SOME_OTHER = "Some other race"

# Every group, in display order.
ORDER = (
    *(AIAN, ASIAN, ASIAN_OR_PACIFIC, BLACK, HISPANIC, MENA, NHPI, WHITE),
    *(TWO_OR_MORE, SOME_OTHER),
)

SHORT = {
    AIAN: "American Indian",
    ASIAN_OR_PACIFIC: "Asian or Pacific",
    BLACK: "Black",
    HISPANIC: "Hispanic",
    MENA: "MENA",
    NHPI: "Pacific Islander",
    TWO_OR_MORE: "Two or more",
    SOME_OTHER: "Some other",
}

# How a person of several groups is counted once (`equity.race.sets.roll_up`).
ANY_TWO = "two or more"
HISPANIC_FIRST = "hispanic first, then two or more"


@dataclass(frozen=True)
class Standard:
    """A published list of race and ethnicity groups.

    Attributes
    ----------
    name
        Its name in a params file.
    title
        Its name in a report.
    groups
        The groups, in the order in which they are shown.
    source
        Where it was published.
    since
        The year from which it applies.
    roll_up
        The name of the rule by which it counts a person of several groups once.
    labels
        How it words a group, where that is not the group's name here.
    meanings
        Groups that do not mean what they mean in OMB's standard of 1997, and what
        they mean instead; `equity.race.bridges.breaks` compares them.
    notes
        What a user of it should know.

    Examples
    --------
    >>> standard("omb1997").groups[-1]
    'Some other race'
    """

    name: str
    title: str
    groups: tuple[str, ...]
    source: str
    since: int
    roll_up: str = HISPANIC_FIRST
    labels: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""


_OMB = (
    "Office of Management and Budget (1997), Revisions to the Standards for the "
    "Classification of Federal Data on Race and Ethnicity, 62 FR 58782"
)
_FIVE = (AIAN, ASIAN, BLACK, NHPI, WHITE)
_SEVEN = (*_FIVE, HISPANIC, TWO_OR_MORE)


def _ordered(*groups: str) -> tuple[str, ...]:
    return tuple(group for group in ORDER if group in groups)


_ALL = (
    Standard(
        name="omb1997",
        title="OMB 1997, race and Hispanic origin in one list",
        groups=_ordered(*_SEVEN, SOME_OTHER),
        source=f"{_OMB}; Hispanic people of any race are counted as Hispanic or Latino",
        since=1997,
        notes="Race and Hispanic origin are asked in two questions. Middle Eastern and "
        "North African origins belong to White by its definition.",
    ),
    Standard(
        name="omb1997_api",
        title="OMB 1997 in one list, Asian and Pacific Islander together",
        groups=_ordered(
            *(AIAN, ASIAN_OR_PACIFIC, BLACK, HISPANIC, WHITE, TWO_OR_MORE, SOME_OTHER)
        ),
        source=f"{_OMB}; Asian and Pacific Islander are one group because a source "
        "keeps them as one, as Statistical Policy Directive 15 did in 1977",
        since=1977,
    ),
    Standard(
        name="spd15_2024",
        title="OMB Statistical Policy Directive 15 of 2024, one question",
        groups=_ordered(*_SEVEN, MENA, SOME_OTHER),
        source="Office of Management and Budget (2024), Revisions to OMB's Statistical "
        "Policy Directive No. 15, 89 FR 22182",
        since=2024,
        roll_up=ANY_TWO,
        labels={
            NHPI: "Native Hawaiian or Pacific Islander",
            TWO_OR_MORE: "Multiracial and/or multiethnic",
        },
        meanings={
            HISPANIC: "Hispanic or Latino and nothing else",
            WHITE: "White without Middle Eastern or North African",
            TWO_OR_MORE: "more than one of the seven categories, Hispanic among them",
        },
        notes="One question with seven minimum categories, of which people select all "
        "that apply. 'Two or more' is not a category but its third way of presenting "
        "them; the others are alone or in combination, and the most frequent "
        "combinations. Some other race is not one of the categories; it is kept for "
        "files that record it, and is in no table of a file that does not.",
    ),
    Standard(
        name="eeo4",
        title="EEO-4, state and local government",
        groups=_ordered(*_SEVEN),
        source="Equal Employment Opportunity Commission, State and Local Government "
        "Information Report (EEO-4), EEOC Form 164, Instruction Booklet (2021)",
        since=2007,
        notes="Hispanic origin is asked first and race of those who are not Hispanic "
        "or Latino, as in the form that the Commission announced on 28 November 2005 "
        "(70 FR 71294) for EEO-1 from 2007. Older EEO-4 forms have Asian or Pacific "
        "Islander as one and no two or more races: read them as omb1997_api.",
    ),
    Standard(
        name="nces7",
        title="NCES, the seven categories of school statistics",
        groups=_ordered(*_SEVEN),
        source="U.S. Department of Education (2007), Final Guidance on Maintaining, "
        "Collecting, and Reporting Racial and Ethnic Data, 72 FR 59266",
        since=2007,
        notes="Asked in two questions and reported in one list: Hispanic of any race, "
        "then race of all others. States reported by it from 2010-11; earlier files, "
        "and some later ones, have Asian or Pacific Islander as one (omb1997_api).",
    ),
    Standard(
        name="cdc",
        title="CDC Race and Ethnicity Code Set, top levels",
        groups=_ordered(*_SEVEN, SOME_OTHER),
        source="Centers for Disease Control and Prevention, Race and Ethnicity Code "
        "Set, version 1.0 (CDCREC, urn:oid:2.16.840.1.113883.6.238)",
        since=2000,
        notes="Two lists: five races and Other Race under 1000-9, and Hispanic or "
        "Latino (2135-2) or not (2186-5) under 2133-7. They become one list as in OMB "
        "1997: Hispanic of any race first, then two or more races, then the one race.",
    ),
)
STANDARDS = {found.name: found for found in _ALL}


def standard(name: str) -> Standard:
    """Return a standard by its name.

    Parameters
    ----------
    name
        A key of `STANDARDS`, as in a params file.

    Returns
    -------
    Standard
        The list of groups and its source.

    Raises
    ------
    ParamsError
        If there is no such standard; the message lists those there are.

    Examples
    --------
    >>> standard("omb1997_api").groups[1]
    'Asian or Pacific Islander'
    """
    if name not in STANDARDS:
        raise ParamsError(
            f"race_standard: {name!r} is not known; one of {list(STANDARDS)}"
        )
    return STANDARDS[name]


def short(group: str) -> str:
    """Return a group's short label, for narrow places.

    Parameters
    ----------
    group
        A group of any standard.

    Returns
    -------
    str
        The short label, or the group itself where it is short already.

    Examples
    --------
    >>> short("Black or African American"), short("White")
    ('Black', 'White')
    """
    return SHORT.get(group, group)


def label(group: str, standard: Standard) -> str:
    """Return a group's long label, as a standard words it.

    Parameters
    ----------
    group
        A group of the standard, or one of `UNKNOWN`.
    standard
        Whose wording.

    Returns
    -------
    str
        The standard's own words.

    Examples
    --------
    >>> label(NHPI, STANDARDS["spd15_2024"])
    'Native Hawaiian or Pacific Islander'
    """
    return standard.labels.get(group, group)


def within(group: str, standard: Standard) -> str | None:
    """Return the group of a standard that a finer group is part of by definition.

    Parameters
    ----------
    group
        A group of any standard, or one of `UNKNOWN`.
    standard
        To whose groups.

    Returns
    -------
    str or None
        The group itself where the standard has it; Asian or Pacific Islander for
        either of the two where it is one group; White for Middle Eastern or North
        African where that is not a group; else None.

    References
    ----------
    62 FR 58782: White is "origins in any of the original peoples of Europe, the
    Middle East, or North Africa".

    Examples
    --------
    >>> within(NHPI, STANDARDS["omb1997_api"]), within(MENA, STANDARDS["omb1997"])
    ('Asian or Pacific Islander', 'White')
    >>> within(ASIAN_OR_PACIFIC, STANDARDS["omb1997"]) is None
    True
    """
    wider = {ASIAN: ASIAN_OR_PACIFIC, NHPI: ASIAN_OR_PACIFIC, MENA: WHITE}
    if group in standard.groups or group in UNKNOWN:
        return group
    found = wider.get(group)
    return found if found in standard.groups else None
