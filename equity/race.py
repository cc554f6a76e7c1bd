"""Race and ethnicity: the standards, their order and labels, and declared crosswalks.

A *standard* is a published list of groups. A *crosswalk* says which group of the
standard each label of a source means; it is written down in `sources.yaml` by a
person, and a label that is not in it is an error, never a guess. People without a
usable race keep one of the `UNKNOWN` labels and are never dropped from sight.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from equity.errors import ParamsError, UnmappedLabelError

UNKNOWN = ("Unknown", "Declined", "Refused", "Not recorded")

AIAN = "American Indian or Alaska Native"
ASIAN = "Asian"
ASIAN_OR_PACIFIC = "Asian or Pacific Islander"
BLACK = "Black or African American"
HISPANIC = "Hispanic or Latino"
NHPI = "Native Hawaiian or Other Pacific Islander"
WHITE = "White"
TWO_OR_MORE = "Two or more races"
SOME_OTHER = "Some other race"

APOSTROPHES = "'`\u02bb\u02bc\u2018\u2019"  # the first of \u02b* is the okina
LISTED = 20  # labels that an error lists; more are hardly a vocabulary

SHORT = {
    AIAN: "American Indian",
    ASIAN_OR_PACIFIC: "Asian or Pacific",
    BLACK: "Black",
    HISPANIC: "Hispanic",
    NHPI: "Pacific Islander",
    TWO_OR_MORE: "Two or more",
    SOME_OTHER: "Some other",
}


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

    Examples
    --------
    >>> standard("omb1997").groups[-1]
    'Some other race'
    """

    name: str
    title: str
    groups: tuple[str, ...]
    source: str


_OMB = (
    "Office of Management and Budget (1997), Revisions to the Standards for the "
    "Classification of Federal Data on Race and Ethnicity, 62 FR 58782"
)
_ALL = (AIAN, ASIAN, BLACK, HISPANIC, NHPI, WHITE, TWO_OR_MORE, SOME_OTHER)
ORDER = (*_ALL[:2], ASIAN_OR_PACIFIC, *_ALL[2:])  # every group, in display order
STANDARDS = {
    "omb1997": Standard(
        "omb1997",
        "OMB 1997, race and Hispanic origin in one list",
        _ALL,
        f"{_OMB}; Hispanic people of any race are counted as Hispanic or Latino",
    ),
    "omb1997_api": Standard(
        "omb1997_api",
        "OMB 1997 in one list, Asian and Pacific Islander together",
        (AIAN, ASIAN_OR_PACIFIC, BLACK, HISPANIC, WHITE, TWO_OR_MORE, SOME_OTHER),
        f"{_OMB}; Asian and Pacific Islander are one group because a source keeps "
        "them as one, as Statistical Policy Directive 15 did in 1977",
    ),
}


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


def normalise(label: object) -> str:
    """Write a label so that spelling accidents do not tell labels apart.

    Case, width, accents' composition and kinds of space are made one; apostrophes
    (the Hawaiian okina too) and invisible characters are dropped. Letters and order
    of words stay.

    Parameters
    ----------
    label
        A label as a source has it.

    Returns
    -------
    str
        The label to look up; empty for a blank.

    Examples
    --------
    >>> normalise(" BLACK\\u00a0or  African american")
    'black or african american'
    """
    text = unicodedata.normalize("NFKC", str(label))
    letters = (c for c in text if c not in APOSTROPHES)
    seen = (c for c in letters if unicodedata.category(c) != "Cf")
    return " ".join("".join(seen).split()).casefold()


def crosswalk(
    labels: pd.Series, mapping: Mapping[str, str], *, standard: Standard, where: str
) -> pd.Series:
    """Map a source's labels to the groups of a standard.

    Parameters
    ----------
    labels
        One label per person, as the source has it; a blank is the label "".
    mapping
        The declared crosswalk: source label to group, or to one of `UNKNOWN`.
    standard
        The standard whose groups the crosswalk may name.
    where
        File and column, for the error.

    Returns
    -------
    Series
        Ordered categorical on the index of `labels`. Its categories are the groups
        that this crosswalk can give, in the standard's order: a group that the
        source cannot record is not among them, and must not be shown as zero.

    Raises
    ------
    UnmappedLabelError
        If a label is not in the crosswalk, with its count.
    ParamsError
        If the crosswalk names a group that the standard lacks.

    Examples
    --------
    >>> found = crosswalk(pd.Series(["WHITE ", "blk"]),
    ...                   {"White": "White", "BLK": "Black or African American"},
    ...                   standard=standard("omb1997"), where="a.csv, column RACE")
    >>> list(found)
    ['White', 'Black or African American']
    """
    known = check_crosswalk(mapping, standard=standard, where=where)
    keys = labels.map(normalise)
    strangers = labels[~keys.isin(list(known))].value_counts()
    if len(strangers):
        raise UnmappedLabelError(
            f"{where}: {len(strangers)} label(s) are not in the crosswalk"
            f"{listed(strangers)}; map each under 'races' in sources.yaml"
        )
    possible = set(known.values())
    order = [g for g in (*standard.groups, *UNKNOWN) if g in possible]
    return keys.map(known).astype(pd.CategoricalDtype(order, ordered=True))


def listed(counts: pd.Series) -> str:
    """List labels and their counts for an error, unless they are too many.

    Parameters
    ----------
    counts
        Rows per label, on the labels.

    Returns
    -------
    str
        To be put behind what is wrong. A column of more than `LISTED` unexpected
        labels may hold names or other personal values, which no error repeats.

    Examples
    --------
    >>> listed(pd.Series({"Blck": 3, "Wite": 1}))
    ", with their counts: 'Blck' (3), 'Wite' (1)"
    """
    if len(counts) > LISTED:
        return ", too many for a vocabulary: is it the right column?"
    labels = ", ".join(f"{label!r} ({count})" for label, count in counts.items())
    return f", with their counts: {labels}"


def check_crosswalk(
    mapping: Mapping[str, str], *, standard: Standard, where: str
) -> dict[str, str]:
    """Return the crosswalk keyed by normalised labels, or refuse it.

    Parameters
    ----------
    mapping
        Source label to group, or to one of `UNKNOWN`.
    standard
        The standard whose groups may be named.
    where
        File and place, for the error.

    Returns
    -------
    dict
        Normalised label to group.

    Raises
    ------
    ParamsError
        If a group is not in the standard, or one label has two meanings.

    Examples
    --------
    >>> check_crosswalk({"W": "White"}, standard=standard("omb1997"), where="x")
    {'w': 'White'}
    """
    known: dict[str, str] = {}
    for label, group in mapping.items():
        if group not in standard.groups and group not in UNKNOWN:
            raise ParamsError(
                f"{where}: {label!r} is mapped to {group!r}, which is not a group of "
                f"{standard.name}; one of {[*standard.groups, *UNKNOWN]}"
            )
        if known.setdefault(normalise(label), group) != group:
            raise ParamsError(f"{where}: {label!r} is mapped to two groups")
    return known
