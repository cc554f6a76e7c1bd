"""Shipped crosswalks: the labels of common forms and of published files.

A *vocabulary* maps labels to groups, as finely as the labels tell them (Asian, not
Asian or Pacific Islander); `vocabulary` carries them into a standard. Labels whose
meaning is a judgement are *doubtful*, with the reason, and are noted in the ledger
wherever they are found. A *general* vocabulary holds the wordings of many forms: it
does not say what a given file can record.
"""

from collections.abc import Collection

from equity.errors import ParamsError
from equity.race.crosswalks import normalise
from equity.race.standards import Standard, within
from equity.race.vocabularies import census, files, forms
from equity.race.vocabularies.vocabulary import Vocabulary

VOCABULARIES: dict[str, Vocabulary] = {
    found.name: found for found in (*forms.ALL, *census.ALL, *files.ALL)
}


def vocabulary(
    name: str, standard: Standard, *, instead: Collection[str] = ()
) -> dict[str, str]:
    """Return a shipped crosswalk in the groups of a standard.

    Parameters
    ----------
    name
        A key of `VOCABULARIES`, as in `sources.yaml`.
    standard
        Whose groups.
    instead
        Normalised labels that are declared otherwise and are left out.

    Returns
    -------
    dict
        Label to group, or to a kind of unknown.

    Raises
    ------
    ParamsError
        If there is no such vocabulary, or the standard cannot hold a label of it;
        the message names the labels and the standards that can.

    Examples
    --------
    >>> from equity import race
    >>> vocabulary("edfacts", race.standard("omb1997_api"))["MAS"]
    'Asian or Pacific Islander'
    """
    if name not in VOCABULARIES:
        raise ParamsError(
            f"vocabulary: {name!r} is not known; one of {sorted(VOCABULARIES)}"
        )
    found = VOCABULARIES[name]
    carried = {
        label: within(group, standard)
        for label, group in found.labels.items()
        if normalise(label) not in instead
    }
    lost = [label for label, group in carried.items() if group is None]
    if lost and not found.general:
        named = ", ".join(f"{label!r} ({found.labels[label]})" for label in lost)
        raise ParamsError(
            f"vocabulary {name}: {standard.name} has no group for {named}; use one of "
            f"{list(found.standards)}, or say under 'races' what they mean"
        )
    return {label: group for label, group in carried.items() if group is not None}
