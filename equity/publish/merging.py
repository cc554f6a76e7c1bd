"""Merging categories before hiding cells, so that more people can be shown.

A group of twelve people in five departments is hidden in all five, and takes as many
cells of other groups along to cover it. Together with the next smallest group it may
be shown, and so may those. That is worth a coarser label, if few people get one.

**Terms**

merging
    For each column, which label stands under which other label.
cost
    People hidden by the gate, and a tenth (``blur``) of the people who are shown under
    a merged label only. So a merging never hides more people than no merging does, and
    ten people lose their own label only where more than one more can be shown.
standing alone
    A category most of whose people are in cells that are not small is never merged,
    nor is one that is kept (the reference group), one of which a count is not known,
    or one without people: that nobody was counted is shown.

A race stays visible: unless a name is given, the merged label names all that is in it
("American Indian or Alaska Native; Native Hawaiian or Other Pacific Islander").

Choose the merging from the *counts* of a table, relabel the people (`relabel`), then
measure: estimates and intervals are made anew for the merged categories, never added
up. The choice depends on the counts. Another quarter may merge otherwise, and an audit
over all releases, not this module, tells whether the two together give a count away.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, Wiley, chapter 4: global
recoding before cell suppression. Willenborg and de Waal (2001), Elements of Statistical
Disclosure Control, Springer, chapter 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from equity.errors import ColumnNotFoundError, InputError, UnknownGroupError
from equity.publish.lumping import cheapest, summed
from equity.publish.protect import MIN_CELL_DEFAULT

BLUR = 0.1  # people hidden that one person under a merged label counts as
JOINED = "; "


@dataclass(frozen=True)
class Merging:
    """Which labels stand under which other label.

    Attributes
    ----------
    labels
        For each column that has merged labels: label to merged label, in the order
        of the labels. Labels that stay are left out.

    Examples
    --------
    >>> Merging({"department": {"Library": "All others", "Zoo": "All others"}})
    Merging(labels={'department': {'Library': 'All others', 'Zoo': 'All others'}})
    """

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.labels.values())


def least(
    counts: pd.DataFrame,
    *,
    along: Sequence[str],
    min_cell: int = MIN_CELL_DEFAULT,
    keep: Mapping[str, Sequence[str] | None] = MappingProxyType({}),
    names: Mapping[str, str] | None = None,
    lines: Sequence[str] | str | None = (),
    blur: float = BLUR,
    **policy: Any,
) -> Merging:
    """Find the merging of categories that costs least, or none.

    In each column the smallest categories that do not stand alone may become one.
    Candidates are ranked by a quick cover, the best are put through the gate, and the
    cheapest of these is taken if it costs less than no merging. Then the merged table
    is looked at again, until nothing more is gained.

    Parameters
    ----------
    counts
        One row per combination of labels, with ``events`` and, for outcomes,
        ``population``. Other columns are not looked at.
    along
        The columns whose labels may be merged.
    min_cell
        Counts 1 to ``min_cell - 1`` are hidden.
    keep
        Labels never merged, by column, such as ``{"group": ["White"]}`` for the
        reference; None for every label.
    names
        What a merged label is called, by column, such as "All other departments". A
        category that has this name already is part of every merging of its column.
        Without a name the label lists what is in it.
    lines
        As `protect` takes it; empty: all of ``along``, if these are more than one.
    blur
        What a person shown under a merged label costs, in people hidden. From 0 (as
        many people shown as can be) to 1 (no merging).
    **policy
        Further rules for `protect`, such as ``outcome`` or ``zeros``.

    Returns
    -------
    Merging
        Empty where no merging costs less.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a combination of labels has several rows, or a kept category bears the name
        of the merged ones.
    UnknownGroupError
        If a label to keep is not in its column.

    Notes
    -----
    The order of rows changes nothing; ties go to fewer merged labels, then to more
    cells shown, then to the first labels. Merging the merged counts again finds
    nothing more.

    References
    ----------
    See the module.

    Examples
    --------
    >>> staff = pd.DataFrame({
    ...     "group": ["White", "Black", "Latino", "Native", "Pacific", "Asian"],
    ...     "events": [120, 64, 31, 7, 5, 18]})
    >>> merging = least(staff, along=["group"], keep={"group": ["White"]})
    >>> merging.labels["group"]
    {'Native': 'Native; Pacific', 'Pacific': 'Native; Pacific'}
    """
    along = [along] if isinstance(along, str) else list(along)
    names = dict(names or {})
    people = "population" if policy.get("outcome") else "events"
    absent = [name for name in (*along, "events", people) if name not in counts]
    if absent:
        raise ColumnNotFoundError(absent, found=counts.columns)
    keep = {name: _kept(counts[name], keep.get(name, ())) for name in along}
    _check_labels(counts[along].astype("str"), keep, names)
    table = _tidy(counts, along, people)
    for name in along:
        keep[name] += _unknown(counts, name, ["events", people])
    lines = [lines] if isinstance(lines, str) else lines
    if lines is not None and not len(lines) and len(along) > 1:
        lines = along
    rules = {"min_cell": min_cell, "lines": lines, **policy}
    stands = {name: _in_order(counts[name]) for name in along}
    while True:
        lumps = cheapest(
            table,
            along=along,
            keep=keep,
            names=names,
            blur=blur,
            people=people,
            rules=rules,
        )
        if not any(lumps.values()):
            return _merging(stands)
        for name, lump in lumps.items():
            inside = [label for label, now in stands[name].items() if now in lump]
            merged = names.get(name) or JOINED.join(inside)
            stands[name] |= dict.fromkeys(inside, merged)
            table[name] = table[name].mask(table[name].isin(lump), merged)
        table = summed(table, along)


def relabel(
    frame: pd.DataFrame,
    merging: Merging,
    *,
    called: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put people or rows under their merged labels; nothing is added up.

    Parameters
    ----------
    frame
        A tidy table, such as one row per worker, or counts. Columns that the merging
        names and that are absent are passed over.
    merging
        What `least` found.
    called
        What a column of the merging is called in this frame, such as
        ``{"group": "race"}``.

    Returns
    -------
    DataFrame
        A new table with as many rows. Categories keep their order, with the merged
        label last.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Native", "White", "Pacific"]})
    >>> joint = dict.fromkeys(["Native", "Pacific"], "Native; Pacific")
    >>> merging = Merging({"group": joint})
    >>> relabel(staff, merging, called={"group": "race"})["race"].to_list()
    ['Native; Pacific', 'White', 'Native; Pacific']
    """
    called = called or {}
    changed = {}
    for name, labels in merging.labels.items():
        column = called.get(name, name)
        if column in frame:
            changed[column] = _relabelled(frame[column], labels)
    return frame.assign(**changed)


def parts(before: pd.Series, after: pd.Series) -> dict[str, list[str]]:
    """Say which labels stand under each merged label, as `protect` takes ``covers``.

    Parameters
    ----------
    before
        The labels of some rows.
    after
        The labels of the same rows after merging.

    Returns
    -------
    dict
        Merged label to labels, in alphabetical order; labels that stayed are left
        out.

    Raises
    ------
    InputError
        If the rows are not the same.

    Examples
    --------
    >>> merged = pd.Series(["Others", "Fire", "Others"])
    >>> parts(pd.Series(["Zoo", "Fire", "Arts"]), merged)
    {'Others': ['Arts', 'Zoo']}
    """
    if not before.index.equals(after.index):
        raise InputError("labels before and after are not of the same rows")
    pairs = pd.DataFrame({"before": before.astype("str"), "after": after.astype("str")})
    pairs = pairs.dropna().drop_duplicates().sort_values(["after", "before"])
    changed = pairs.loc[pairs["before"] != pairs["after"], "after"]
    inside = pairs[pairs["after"].isin(changed)].groupby("after")["before"]
    return {str(name): labels.to_list() for name, labels in inside}


# --- the counts ---------------------------------------------------------------


def _tidy(counts: pd.DataFrame, along: list[str], people: str) -> pd.DataFrame:
    """Take labels as text, and the counts that are known, in the labels' order."""
    labels = counts[along].astype("str")
    if labels.isna().any(axis=None) or labels.duplicated().any():
        raise InputError(
            f"a combination of {along} has no label, or several rows; add up the "
            "counts, or merge the tables one by one"
        )
    names = list(dict.fromkeys(["events", people]))
    table = labels.assign(**{name: counts[name] for name in names})
    return table.dropna(subset=names).sort_values(along, ignore_index=True)


def _kept(column: pd.Series, labels: Sequence[str] | None) -> list[str]:
    """The labels that are kept; every label if there are none to choose from."""
    return list(column.astype("str").unique() if labels is None else labels)


def _unknown(counts: pd.DataFrame, name: str, numbers: list[str]) -> list[str]:
    """Labels of which a count is not known; their sum would not be known either."""
    unknown = counts[numbers].isna().any(axis=1)
    return sorted(set(counts.loc[unknown, name].astype("str")))


def _check_labels(table: pd.DataFrame, keep: Mapping, names: Mapping) -> None:
    absent = [name for name in names if name not in table]
    if absent:
        raise ColumnNotFoundError(absent, found=table.columns)
    for name, labels in keep.items():
        lost = sorted(set(labels) - set(table[name]))
        if lost:
            raise UnknownGroupError(
                f"{lost} of {name} should be kept; expected some of "
                f"{sorted(table[name].unique())}"
            )
        if names.get(name) in labels:
            raise InputError(f"{names[name]!r} of {name} is kept and a merged label")


# --- labels -------------------------------------------------------------------


def _in_order(column: pd.Series) -> dict[str, str]:
    """Each label under itself: in the order of the categories, or of the alphabet."""
    there = set(column.astype("str"))
    labels = sorted(there)
    if isinstance(column.dtype, pd.CategoricalDtype):
        labels = list(column.cat.categories.astype("str"))
        labels = [label for label in labels if label in there]
    return {label: label for label in labels}


def _merging(stands: Mapping[str, Mapping[str, str]]) -> Merging:
    """Leave out the labels that stayed; a merged label also stands under itself."""
    labels = {}
    for name, now in stands.items():
        merged = {new for label, new in now.items() if label != new}
        if merged:
            labels[name] = {label: new for label, new in now.items() if new in merged}
    return Merging(labels)


def _relabelled(column: pd.Series, labels: Mapping[str, str]) -> pd.Series:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.replace(dict(labels))
    merged = dict.fromkeys(labels.values())
    stay = [
        label
        for label in column.cat.categories
        if label not in labels and label not in merged
    ]
    text = column.astype("object").map(lambda label: labels.get(label, label))
    kind = pd.CategoricalDtype([*stay, *merged], ordered=column.cat.ordered)
    return text.astype(kind)
