"""People of several groups: read as sets, stored as text, counted once or presented.

A *set* is the groups that one person gave. It is stored as text, the groups in
display order joined by `JOIN` ("Asian; White"), and is empty where none is known. A
*roll-up* is a named rule that counts each person in one group.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from equity.errors import ParamsError
from equity.race.crosswalks import check_crosswalk, clean, normalise, unmapped
from equity.race.standards import (
    ANY_TWO,
    HISPANIC,
    HISPANIC_FIRST,
    ORDER,
    TWO_OR_MORE,
    UNKNOWN,
    Standard,
)

JOIN = "; "
JSON = "json"  # among separators: a cell may be a list such as ["Asian", "White"]
PIECES = 24  # of one cell; more are text, not a list of races
ROLL_UPS = {
    ANY_TWO: "who gave more than one group is counted under Two or more races",
    HISPANIC_FIRST: "Hispanic people of any race are counted as Hispanic, others who "
    "gave more than one race under Two or more races",
}


def together(groups: Iterable[str]) -> str:
    """Write a set of groups as text.

    Parameters
    ----------
    groups
        Groups of one person, in any order.

    Returns
    -------
    str
        In display order, joined by `JOIN`; kinds of unknown are left out.

    Examples
    --------
    >>> together({"White", "Asian"})
    'Asian; White'
    """
    given = set(groups)
    return JOIN.join(group for group in ORDER if group in given)


def members(text: str) -> frozenset[str]:
    """Read a set of groups from its text.

    Parameters
    ----------
    text
        As `together` writes it.

    Returns
    -------
    frozenset of str
        The groups; none for an empty text.

    Examples
    --------
    >>> sorted(members("Asian; White")), len(members(""))
    (['Asian', 'White'], 0)
    """
    return frozenset(text.split(JOIN)) if text else frozenset()


def roll_up(groups: Collection[str], rule: str) -> str:
    """Return the one group in which a person of several groups is counted.

    Parameters
    ----------
    groups
        The groups of one person, at least one.
    rule
        A name of `ROLL_UPS`.

    Returns
    -------
    str
        One group.

    Raises
    ------
    ParamsError
        If there is no such rule.

    References
    ----------
    "two or more": the combined multiracial and/or multiethnic presentation of
    Statistical Policy Directive 15 (2024), 89 FR 22182, section on presenting data.
    "hispanic first, then two or more": 62 FR 58782 (1997), combined format, and
    72 FR 59266 (2007).

    Examples
    --------
    >>> roll_up({"Hispanic or Latino", "White"}, "hispanic first, then two or more")
    'Hispanic or Latino'
    >>> roll_up({"Hispanic or Latino", "White"}, "two or more")
    'Two or more races'
    """
    if rule not in ROLL_UPS:
        raise ParamsError(f"roll_up: {rule!r} is not known; one of {list(ROLL_UPS)}")
    if rule == HISPANIC_FIRST and HISPANIC in groups:
        return HISPANIC
    (*others, last) = groups
    return TWO_OR_MORE if others else last


def split(text: str, known: Collection[str], separators: Sequence[str]) -> list[str]:
    """Split one cell into the labels it lists.

    A declared label wins over splitting, and the longest one wins: where
    "Black/African American" is declared, its slash separates nothing.

    Parameters
    ----------
    text
        A cell, as the source has it.
    known
        The declared labels, normalised.
    separators
        Texts that separate labels; `JSON` allows a list such as ["Asian", "White"].

    Returns
    -------
    list of str
        The labels, cleaned of blanks; the cell itself where nothing separates it.

    Examples
    --------
    >>> split("White, Hispanic, Latino", {"white", "hispanic, latino"}, [","])
    ['White', 'Hispanic, Latino']
    """
    if normalise(text) in known or not separators:
        return [clean(text)]
    wide = unicodedata.normalize("NFKC", text).strip()
    if JSON in separators and wide.startswith("["):
        listed = _json_list(wide)
        if listed is not None:
            return listed or [""]
    marks = sorted((s for s in separators if s != JSON), key=len, reverse=True)
    if not marks:
        return [clean(text)]
    pattern = "(" + "|".join(re.escape(mark) for mark in marks) + ")"
    tokens = re.split(pattern, wide, flags=re.IGNORECASE)
    if len(tokens) > 2 * PIECES:
        return [clean(text)]
    parts = _fewest(tokens, known)
    if parts is None:  # the strangers among them are named by the caller
        parts = tokens[::2]
    return [clean(part) for part in parts if normalise(part)] or [""]


def _json_list(text: str) -> list[str] | None:
    """Read a list of texts, or None if it is something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) > PIECES:
        return None
    if not all(item is None or isinstance(item, str) for item in found):
        return None
    return [clean(item) for item in found if item is not None and normalise(item)]


def _fewest(tokens: list[str], known: Collection[str]) -> list[str] | None:
    """Join tokens (labels and separators in turn) to the fewest declared labels."""
    labels = (len(tokens) + 1) // 2
    best: list[list[str] | None] = [None] * labels + [[]]
    for start in reversed(range(labels)):
        for stop in range(start, labels):
            part = "".join(tokens[2 * start : 2 * stop + 1])
            rest = best[stop + 1]
            key = normalise(part)
            if rest is None or not (key in known or (not key and start == stop)):
                continue
            found = [part, *rest] if key else rest
            if best[start] is None or len(found) < len(best[start]):
                best[start] = found
    return best[0]


def several(
    labels: pd.Series,
    mapping: Mapping[str, str],
    *,
    separators: Sequence[str],
    standard: Standard,
    where: str,
) -> pd.Series:
    """Read a column in which a cell may list several races.

    Parameters
    ----------
    labels
        One cell per person, as the source has it.
    mapping
        The declared crosswalk: source label to group, or to one of `UNKNOWN`.
    separators
        As for `split`.
    standard
        The standard whose groups the crosswalk may name.
    where
        File and column, for the error.

    Returns
    -------
    Series
        Frozensets of groups on the index of `labels`; of kinds of unknown only where
        no group is known.

    Raises
    ------
    UnmappedLabelError
        If a label is not in the crosswalk, with its count.

    Examples
    --------
    >>> from equity import race
    >>> cells = pd.Series(["B/AA; White", '["White", "B/AA"]', "White"])
    >>> found = several(cells, {"White": "White", "B/AA": "Black or African American"},
    ...                 separators=[";", "/", "json"],
    ...                 standard=race.standard("omb1997"), where="a.csv, column RACE")
    >>> found.map(together).to_list()[:2]
    ['Black or African American; White', 'Black or African American; White']
    """
    known = check_crosswalk(mapping, standard=standard, where=where)
    parts = {cell: split(cell, known, separators) for cell in labels.unique()}
    given = labels.map(parts).explode()
    strangers = given[~given.map(normalise).isin(list(known))].value_counts()
    if len(strangers):
        raise unmapped(strangers, where=where)
    sets = {
        cell: _groups(known[normalise(part)] for part in found)
        for cell, found in parts.items()
    }
    return labels.map(sets)


def _groups(given: Iterable[str]) -> frozenset[str]:
    """Leave kinds of unknown out where a group is known."""
    everything = frozenset(given)
    return everything - frozenset(UNKNOWN) or everything
