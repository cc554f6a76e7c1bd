"""Declared crosswalks: from a source's labels to the groups of a standard.

A *crosswalk* is written down by a person; a label that is not in it is an error,
never a guess. Labels are compared *normalised*: accidents of spelling (case, spaces,
width, apostrophes, dashes, invisible characters) do not tell them apart, letters do.
How many rows matched only so is counted, for the ledger.
"""

import unicodedata
from collections.abc import Iterable, Mapping

import pandas as pd

from equity.errors import ParamsError, UnmappedLabelError
from equity.race.standards import UNKNOWN, Standard

# Straight, typographic and spacing ones; \u02bb is the Hawaiian okina.
APOSTROPHES = (
    "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u2018\u2019\u201b\u2032\u2035\ua78c"
)
LISTED = 20  # labels that an error lists; more are hardly a vocabulary
FEW = 3  # from so many labels on, most of which come once, they may be names
LONGEST = 100  # characters of a label that an error repeats; more are free text
RESPELLED = "race label is spelled differently from the declared one; read as the same"


def normalise(label: object) -> str:
    """Write a label so that spelling accidents do not tell labels apart.

    Case, width, accents' composition and kinds of space and dash are made one;
    apostrophes (the Hawaiian okina too) and invisible characters are dropped.
    Letters and order of words stay: a Cyrillic A is not a Latin one.

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
    text = unicodedata.normalize("NFKC", _visible(str(label)).casefold())
    text = unicodedata.normalize("NFKC", _visible(text).casefold())
    return " ".join(text.split())


def _visible(text: str) -> str:
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category != "Cf" and character not in APOSTROPHES:
            kept.append("-" if category == "Pd" else character)
    return "".join(kept)


def clean(label: object) -> str:
    """Write a label for display: no outer blanks, no runs of spaces, none invisible.

    Parameters
    ----------
    label
        A label as a source has it.

    Returns
    -------
    str
        The source's own words.

    Examples
    --------
    >>> clean("  Asian -\\u00a0 Chinese\\u200b ")
    'Asian - Chinese'
    """
    text = unicodedata.normalize("NFC", str(label))
    seen = (c for c in text if unicodedata.category(c) != "Cf")
    return " ".join("".join(seen).split())


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
    >>> from equity import race
    >>> found = crosswalk(pd.Series(["WHITE ", "blk"]),
    ...                   {"White": "White", "BLK": "Black or African American"},
    ...                   standard=race.standard("omb1997"), where="a.csv, column RACE")
    >>> list(found)
    ['White', 'Black or African American']
    """
    known = check_crosswalk(mapping, standard=standard, where=where)
    keys = labels.map(normalise)
    strangers = labels[~keys.isin(list(known))].value_counts()
    if len(strangers):
        raise unmapped(strangers, where=where)
    return keys.map(known).astype(categories(known.values(), standard))


def categories(groups: Iterable[str], standard: Standard) -> pd.CategoricalDtype:
    """Return the ordered categories for some groups of a standard.

    Parameters
    ----------
    groups
        Groups that a source can record, and labels of `UNKNOWN`; in any order.
    standard
        Whose order.

    Returns
    -------
    CategoricalDtype
        The groups in the standard's order, then the unknown ones.

    Examples
    --------
    >>> from equity import race
    >>> found = categories({"White", "Refused", "Asian"}, race.standard("omb1997"))
    >>> list(found.categories)
    ['Asian', 'White', 'Refused']
    """
    possible = set(groups)
    order = [group for group in (*standard.groups, *UNKNOWN) if group in possible]
    return pd.CategoricalDtype(order, ordered=True)


def unmapped(strangers: pd.Series, *, where: str) -> UnmappedLabelError:
    """Make the error for labels that are not in the crosswalk.

    Parameters
    ----------
    strangers
        Rows per label, on the labels.
    where
        File and column.

    Returns
    -------
    UnmappedLabelError
        With the labels and their counts, unless they may be names (see `listed`).

    Examples
    --------
    >>> print(unmapped(pd.Series({"Blck": 3}), where="a.csv, column RACE"))
    a.csv, column RACE: 1 label(s) are not in the crosswalk, with their counts:
    'Blck' (3); map each under 'races' in sources.yaml
    """
    return UnmappedLabelError(
        f"{where}: {len(strangers)} label(s) are not in the crosswalk"
        f"{listed(strangers)}; map each under 'races' in sources.yaml"
    )


def listed(counts: pd.Series) -> str:
    """List labels and their counts for an error, unless they may be names.

    Parameters
    ----------
    counts
        Rows per label, on the labels.

    Returns
    -------
    str
        To be put behind what is wrong.

    Notes
    -----
    No error repeats what may be names or other personal values, as when the wrong
    column is declared. Labels of a vocabulary come again and again; so only the
    number of labels and of their rows is told where there are more than `LISTED`
    labels, or at least `FEW` of which half or more come once. A blank is not counted
    among them: a column of names has blanks too. A label of more than `LONGEST`
    characters is told by its length.

    Examples
    --------
    >>> listed(pd.Series({"Blck": 3, "Wite": 1}))
    ", with their counts: 'Blck' (3), 'Wite' (1)"
    >>> listed(pd.Series({"J. Smith": 1, "A. Jones": 1, "": 9, "B. Brown": 2}))
    ': 4 labels in 13 rows, hardly a vocabulary and not shown (is it the right column?)'
    """
    given = counts[[normalise(label) != "" for label in counts.index]]
    rare = len(given) >= FEW and 2 * int((given <= 1).sum()) >= len(given)
    if rare or len(counts) > LISTED:
        return (
            f": {len(counts)} labels in {int(counts.sum()):,} rows, hardly a "
            "vocabulary and not shown (is it the right column?)"
        )
    labels = []
    for label, count in counts.items():
        long = len(str(label)) > LONGEST
        named = f"a text of {len(str(label))} characters" if long else repr(label)
        labels.append(f"{named} ({count})")
    return f", with their counts: {', '.join(labels)}"


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
    >>> from equity import race
    >>> check_crosswalk({"W": "White"}, standard=race.standard("omb1997"), where="x")
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


def respelled(labels: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    """Find the rows whose label is a declared one only after normalisation.

    Parameters
    ----------
    labels
        One label per row, as the source has it.
    mapping
        The declared crosswalk.

    Returns
    -------
    Series
        Booleans on the index of `labels`, for a note in the ledger (`RESPELLED`).

    Examples
    --------
    >>> respelled(pd.Series(["White", "WHITE ", "Wite"]), {"White": "White"}).to_list()
    [False, True, False]
    """
    known = {normalise(label) for label in mapping}
    return labels.map(normalise).isin(known) & ~labels.isin(list(mapping))


def mapping_table(
    labels: pd.Series,
    mapping: Mapping[str, str],
    *,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Tabulate which label was read as which group, for the report.

    Parameters
    ----------
    labels
        One label per row, as the source has it.
    mapping
        The declared crosswalk.
    weights
        Rows that each label stands for, on the same index; one each if not given.

    Returns
    -------
    DataFrame
        One row per spelling: `label` (as the source has it), `group` (missing where
        it is not declared), `respelled` (boolean) and `rows`. The counts are of
        people: whoever shows them protects them.

    Examples
    --------
    >>> mapping_table(pd.Series(["White", "WHITE"]), {"White": "White"})
       label  group  respelled  rows
    0  WHITE  White       True     1
    1  White  White      False     1
    """
    known = {normalise(label): group for label, group in mapping.items()}
    frame = pd.DataFrame(
        {
            "label": labels.astype("str"),
            "rows": 1 if weights is None else weights,
        }
    )
    table = frame.groupby("label", as_index=False, sort=True)["rows"].sum()
    table.insert(1, "group", table["label"].map(normalise).map(known).astype("str"))
    table.insert(2, "respelled", respelled(table["label"], mapping))
    return table
