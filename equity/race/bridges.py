"""Breaks in a series where the standard changes, and bridges across them.

A *break* is a period from which groups mean something else than before. Numbers of
such groups are not compared across it, unless a person declares a *bridge*: a
published rule that carries one standard into another. A bridge is *exact* if each
person's group under the new list follows from the old one; otherwise people would
have answered the new question differently, and what is bridged says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.race.sets import JOIN, members, roll_up, together
from equity.race.standards import (
    ASIAN,
    ASIAN_OR_PACIFIC,
    MENA,
    NHPI,
    ORDER,
    UNKNOWN,
    WHITE,
    Standard,
    standard,
)

BREAKS = ["period", "from_standard", "to_standard", "not_comparable"]


@dataclass(frozen=True)
class Bridge:
    """A declared way from one standard to another.

    Attributes
    ----------
    name
        Its name in a params file.
    source_standard
        The standard that it leaves.
    target_standard
        The standard that it reaches.
    groups
        Groups that change, and what they become; all others stay.
    exact
        Whether each person's new group follows from the old one.
    rule
        What it does, in words for readers.
    source
        Where it was published.

    Examples
    --------
    >>> BRIDGES["omb1997 to omb1997_api"].exact
    True
    """

    name: str
    source_standard: str
    target_standard: str
    groups: Mapping[str, str]
    exact: bool
    rule: str
    source: str


_TOGETHER = {ASIAN: ASIAN_OR_PACIFIC, NHPI: ASIAN_OR_PACIFIC}
_SUM = "Asian and Pacific Islander are added up"
_EARLIER = "Statistical Policy Directive 15 (1977), 42 FR 19269: one category"
_LISTS = ("omb1997", "cdc", "eeo4", "nces7")

_ALL = (
    *(
        Bridge(
            name=f"{name} to omb1997_api",
            source_standard=name,
            target_standard="omb1997_api",
            groups=_TOGETHER,
            exact=True,
            rule=_SUM,
            source=_EARLIER,
        )
        for name in _LISTS
    ),
    *(
        Bridge(
            name=f"spd15_2024 to {target}",
            source_standard="spd15_2024",
            target_standard=target,
            groups={MENA: WHITE, **more},
            exact=False,
            rule="Middle Eastern or North African is counted as White, as the standard "
            f"of 1997 defines it{words}; Hispanic people who gave another group are "
            "counted as Hispanic only where sets are kept, and people asked in two "
            "questions would not all have answered so",
            source="62 FR 58782 (1997), definition of White; 89 FR 22182 (2024)",
        )
        for target, more, words in (
            ("omb1997", {}, ""),
            ("eeo4", {}, ""),
            ("nces7", {}, ""),
            ("omb1997_api", _TOGETHER, f", and {_SUM}"),
        )
    ),
)
BRIDGES = {bridge.name: bridge for bridge in _ALL}


def breaks(series: pd.DataFrame) -> pd.DataFrame:
    """Mark the periods at which the groups of a series change their meaning.

    Parameters
    ----------
    series
        One row per period and source: `period` (sortable) and `standard` (a name);
        perhaps `groups`, the groups that the source can record, as text joined by
        `; `, where it records fewer than the standard has.

    Returns
    -------
    DataFrame
        One row per break: `period` (the first of the new list), `from_standard`,
        `to_standard`, and `not_comparable`, the groups whose numbers before and after
        are not of the same people, joined by `; `. Trends draw it and do not compare
        these groups across it.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If one period has two standards.

    Examples
    --------
    >>> found = breaks(pd.DataFrame({"period": [2012, 2013, 2014],
    ...     "standard": ["omb1997_api", "omb1997_api", "omb1997"]}))
    >>> found[["period", "not_comparable"]].to_dict("records")
    [{'period': 2014, 'not_comparable': 'Asian; Asian or Pacific Islander; Native
    Hawaiian or Other Pacific Islander'}]
    """
    periods = _periods(series)
    lines = []
    for before, after in pairwise(periods):
        recorded = before[2] | after[2]
        changed = not_comparable(before[1], after[1]) & recorded
        changed |= before[2] ^ after[2]
        if before[1].name != after[1].name or changed:
            names = (before[1].name, after[1].name)
            lines.append((after[0], *names, together(changed)))
    return pd.DataFrame(lines, columns=BREAKS)


def not_comparable(before: Standard, after: Standard) -> set[str]:
    """Find the groups that do not mean the same in two standards.

    Parameters
    ----------
    before, after
        The standards.

    Returns
    -------
    set of str
        Groups that only one of them has, or that they define differently.

    Examples
    --------
    >>> from equity import race
    >>> sorted(not_comparable(race.standard("omb1997"), race.standard("eeo4")))
    ['Some other race']
    """
    changed = set(before.groups) ^ set(after.groups)
    defined = set(before.meanings) | set(after.meanings)
    return changed | {
        group
        for group in defined
        if before.meanings.get(group) != after.meanings.get(group)
    }


def require_comparable(series: pd.DataFrame, groups: Collection[str]) -> None:
    """Refuse a comparison of groups across a break.

    Parameters
    ----------
    series
        As for `breaks`, of the periods that are compared.
    groups
        The groups that are compared.

    Raises
    ------
    InputError
        If the meaning of any of them changes within the series, with the period and
        the bridges that there are.

    Examples
    --------
    >>> require_comparable(pd.DataFrame({"period": [2012, 2014],
    ...     "standard": ["omb1997_api", "omb1997"]}), ["White"])
    """
    for row in breaks(series).itertuples():
        lost = together(set(groups) & members(row.not_comparable))
        if lost:
            known = [
                bridge.name
                for bridge in BRIDGES.values()
                if {bridge.source_standard, bridge.target_standard}
                == {row.from_standard, row.to_standard}
            ]
            way = (
                f"declare a bridge, {' or '.join(known)}" if known else "keep the break"
            )
            raise InputError(
                f"the meaning of {lost} changes at {row.period} (from "
                f"{row.from_standard} to {row.to_standard}) and cannot be compared "
                f"across it; {way}"
            )


def bridge(table: pd.DataFrame, name: str, *, counts: Collection[str]) -> pd.DataFrame:
    """Carry the rows of one standard into another, by a declared bridge.

    Parameters
    ----------
    table
        Columns `standard` and `race`, the `counts`, and columns that tell rows apart,
        such as `period`. With `several` (sets as text) people of several groups are
        counted anew, by the target's own roll-up.
    name
        A key of `BRIDGES`.
    counts
        Columns of counts of people, which are added up.

    Returns
    -------
    DataFrame
        The table in the target standard where it was in the source standard, with
        `bridged` (the bridge's name; empty for rows that it left as they are) and
        `exact` (False where people would have answered the new question otherwise).

    Raises
    ------
    ParamsError
        If there is no such bridge.
    InputError
        If a row has a group that its standard, or the target, has no place for.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> table = pd.DataFrame({"period": [2014, 2014, 2012],
    ...     "standard": ["omb1997", "omb1997", "omb1997_api"],
    ...     "race": ["Asian", "Native Hawaiian or Other Pacific Islander",
    ...              "Asian or Pacific Islander"], "people": [30, 2, 28]})
    >>> found = bridge(table, "omb1997 to omb1997_api", counts=["people"])
    >>> found[["period", "race", "people", "bridged"]]
       period                       race  people                 bridged
    0    2012  Asian or Pacific Islander      28
    1    2014  Asian or Pacific Islander      32  omb1997 to omb1997_api
    """
    if name not in BRIDGES:
        raise ParamsError(f"bridge: {name!r} is not known; one of {list(BRIDGES)}")
    way = BRIDGES[name]
    needed = ["standard", "race", *counts]
    missing = [column for column in needed if column not in table]
    if missing:
        raise ColumnNotFoundError(missing, found=table.columns)
    target = standard(way.target_standard)
    moved = table["standard"].eq(way.source_standard)
    rows = table.assign(
        race=table["race"].astype("str"),
        bridged=moved.map({True: name, False: ""}),
        exact=~moved | way.exact,
    )
    part = rows[moved]
    if "several" in rows:
        sets = part["several"].map(members)
        sets = sets.map(lambda given: frozenset(way.groups.get(g, g) for g in given))
        single = part["race"].replace(dict(way.groups))
        group = [
            roll_up(given, target.roll_up) if given else one
            for given, one in zip(sets, single, strict=True)
        ]
        rows.loc[moved, "several"] = sets.map(together)
    else:
        group = part["race"].replace(dict(way.groups)).to_list()
    rows.loc[moved, "race"] = group
    rows.loc[moved, "standard"] = target.name
    lost = set(group) - set(target.groups) - set(UNKNOWN)
    if lost:
        raise InputError(
            f"bridge {name}: {target.name} has no group for {JOIN.join(sorted(lost))}; "
            "leave its rows out, and say so, or keep the break"
        )
    order = {group: place for place, group in enumerate((*ORDER, *UNKNOWN))}
    keys = [column for column in rows.columns if column not in counts]
    added = rows.groupby(keys, as_index=False, dropna=False, observed=True)[
        list(counts)
    ].sum(min_count=1)
    first = [k for k in keys if k not in ("race", "standard", "bridged", "exact")]
    ranked = added.assign(_rank=added["race"].map(order))
    ranked = ranked.sort_values([*first, "_rank"], kind="stable", ignore_index=True)
    return ranked[[*table.columns, "bridged", "exact"]]


def _periods(series: pd.DataFrame) -> list[tuple[object, Standard, set[str]]]:
    """Each period in order, its standard, and the groups its source can record."""
    missing = [name for name in ("period", "standard") if name not in series]
    if missing:
        raise ColumnNotFoundError(missing, found=series.columns)
    found = []
    for period, rows in series.groupby("period", sort=True):
        names = rows["standard"].unique()
        if len(names) > 1:
            raise InputError(
                f"period {period} has several standards: {', '.join(sorted(names))}"
            )
        its = standard(names[0])
        groups = set(its.groups)
        if "groups" in rows:
            groups = {group for text in rows["groups"] for group in members(text)}
        found.append((period, its, groups))
    return found
