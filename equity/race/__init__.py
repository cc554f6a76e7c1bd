"""Race and ethnicity: the standards, their order and labels, and declared crosswalks.

A *standard* is a published list of groups (`standards`). A *crosswalk* says which
group of the standard each label of a source means (`crosswalks`); a *vocabulary* is a
crosswalk that is shipped (`vocabularies`). A person may belong to several groups
(`sets`), which can be shown in three ways (`presentations`). `read` turns the columns
of a file into one group a person, by `Rules`. Where a series changes its standard is
a *break* (`bridges`).
"""

from equity.race.bridges import (
    BRIDGES,
    Bridge,
    breaks,
    bridge,
    not_comparable,
    require_comparable,
)
from equity.race.crosswalks import (
    LISTED,
    RESPELLED,
    categories,
    check_crosswalk,
    clean,
    crosswalk,
    listed,
    mapping_table,
    normalise,
    respelled,
    unmapped,
)
from equity.race.presentations import (
    alone_or_in_combination,
    combinations,
    mutually_exclusive,
    shown,
)
from equity.race.reading import Recorded, read
from equity.race.rules import HispanicOrigin, Rules, Several
from equity.race.sets import (
    JOIN,
    JSON,
    ROLL_UPS,
    members,
    roll_up,
    several,
    split,
    together,
)
from equity.race.standards import (
    AIAN,
    ANY_TWO,
    ASIAN,
    ASIAN_OR_PACIFIC,
    BLACK,
    HISPANIC,
    HISPANIC_FIRST,
    MENA,
    NHPI,
    ORDER,
    SHORT,
    SOME_OTHER,
    STANDARDS,
    TWO_OR_MORE,
    UNKNOWN,
    WHITE,
    Standard,
    label,
    short,
    standard,
    within,
)
from equity.race.vocabularies import VOCABULARIES, vocabulary
from equity.race.vocabularies.vocabulary import Vocabulary

__all__ = [
    "AIAN",
    "ANY_TWO",
    "ASIAN",
    "ASIAN_OR_PACIFIC",
    "BLACK",
    "BRIDGES",
    "HISPANIC",
    "HISPANIC_FIRST",
    "JOIN",
    "JSON",
    "LISTED",
    "MENA",
    "NHPI",
    "ORDER",
    "RESPELLED",
    "ROLL_UPS",
    "SHORT",
    "SOME_OTHER",
    "STANDARDS",
    "TWO_OR_MORE",
    "UNKNOWN",
    "VOCABULARIES",
    "WHITE",
    "Bridge",
    "HispanicOrigin",
    "Recorded",
    "Rules",
    "Several",
    "Standard",
    "Vocabulary",
    "alone_or_in_combination",
    "breaks",
    "bridge",
    "categories",
    "check_crosswalk",
    "clean",
    "combinations",
    "crosswalk",
    "label",
    "listed",
    "mapping_table",
    "members",
    "mutually_exclusive",
    "normalise",
    "not_comparable",
    "read",
    "require_comparable",
    "respelled",
    "roll_up",
    "several",
    "short",
    "shown",
    "split",
    "standard",
    "together",
    "unmapped",
    "vocabulary",
    "within",
]
