"""Three ways of showing people of several groups, from their sets.

The directive of 2024 encourages one or more of: every group *alone or in
combination*, in which groups overlap; the *most frequent combinations*; and one list
in which who gave several groups is counted once, by a named roll-up. Each returns a
table that says whether its rows add up to people, with the number of people beside.

A table of people has `several` (text, as `equity.race.sets.together` writes it, empty
where no group is known), `race` (the group, or the kind of unknown), and perhaps
`people`, the people that a row stands for.
"""

import pandas as pd

from equity.errors import ColumnNotFoundError, InputError
from equity.race.sets import JOIN, members, roll_up
from equity.race.standards import ORDER, UNKNOWN, Standard

OTHERS = "Other combinations"
COLUMNS = ["presentation", "group", "people", "total", "adds_up"]


def alone_or_in_combination(people: pd.DataFrame) -> pd.DataFrame:
    """Count everyone under each group that they gave, alone or with others.

    Parameters
    ----------
    people
        Columns `several` and `race`, and `people` if rows are counts.

    Returns
    -------
    DataFrame
        One row per group: `presentation, group, people, total` (people in the table,
        each once), `adds_up` (False: the groups overlap), and `alone` and
        `in_combination`, which add up to `people`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a person has no group and no kind of unknown, or a set that is not one.

    References
    ----------
    Statistical Policy Directive 15 (2024), 89 FR 22182, presentation of data.

    Examples
    --------
    >>> people = pd.DataFrame({"several": ["Asian; White", "White"],
    ...                        "race": ["Two or more races", "White"]})
    >>> alone_or_in_combination(people)[["group", "people", "total", "adds_up"]]
       group  people  total  adds_up
    0  Asian       1      2    False
    1  White       2      2    False
    """
    sets = _counted(people)
    lines = []
    for group in [*ORDER, *UNKNOWN]:
        held = sets[sets["given"].map(lambda given, group=group: group in given)]
        if held.empty:
            continue
        alone = held.loc[held["given"].map(len) == 1, "people"].sum()
        lines.append((group, held["people"].sum(), alone))
    found = pd.DataFrame(lines, columns=["group", "people", "alone"])
    table = _table("alone or in combination", found[["group", "people"]], sets, False)
    return table.assign(
        alone=found["alone"].astype("int64"),
        in_combination=(found["people"] - found["alone"]).astype("int64"),
    )


def combinations(people: pd.DataFrame, *, most: int = 10) -> pd.DataFrame:
    """Count everyone once, under the combination of groups that they gave.

    Parameters
    ----------
    people
        Columns `several` and `race`, and `people` if rows are counts.
    most
        Combinations of two or more groups that are shown, the most frequent first;
        the others are one row. Groups alone are always shown.

    Returns
    -------
    DataFrame
        One row per group alone (`White alone`), then per combination (`Asian and
        White`), then `Other combinations` and kinds of unknown: `presentation, group,
        people, total, adds_up` (True).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a person has no group and no kind of unknown, or a set that is not one.

    References
    ----------
    Statistical Policy Directive 15 (2024), 89 FR 22182, presentation of data.

    Examples
    --------
    >>> people = pd.DataFrame({"several": ["Asian; White", "White", ""],
    ...     "race": ["Two or more races", "White", "Declined"], "people": [3, 9, 1]})
    >>> combinations(people)[["group", "people"]]
                 group  people
    0      White alone       9
    1  Asian and White       3
    2         Declined       1
    """
    sets = _counted(people)
    size = sets["given"].map(len)
    alone = sets[(size == 1) & ~sets["unknown"]]
    unknown = sets[sets["unknown"]]
    mixed = sets[size > 1].sort_values("people", ascending=False, kind="stable")
    rest = int(mixed["people"].iloc[most:].sum())
    named = mixed.head(most)
    lines = [
        *zip(alone["key"] + " alone", alone["people"], strict=True),
        *zip(named["key"].str.replace(JOIN, " and "), named["people"], strict=True),
        *([(OTHERS, rest)] if len(mixed) > most else []),
        *zip(unknown["key"], unknown["people"], strict=True),
    ]
    found = pd.DataFrame(lines, columns=["group", "people"])
    return _table("most frequent combinations", found, sets, True)


def mutually_exclusive(people: pd.DataFrame, *, rule: str) -> pd.DataFrame:
    """Count everyone once, in one group by a named roll-up.

    Parameters
    ----------
    people
        Columns `several` and `race`, and `people` if rows are counts.
    rule
        A name of `equity.race.sets.ROLL_UPS`.

    Returns
    -------
    DataFrame
        One row per group and kind of unknown: `presentation` (with the rule), `group,
        people, total, adds_up` (True).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a person has no group and no kind of unknown, or a set that is not one.
    ParamsError
        If there is no such rule.

    References
    ----------
    Statistical Policy Directive 15 (2024), 89 FR 22182, presentation of data: the
    combined multiracial and/or multiethnic approach.

    Examples
    --------
    >>> people = pd.DataFrame({"several": ["Hispanic or Latino; White", "White"],
    ...                        "race": ["Hispanic or Latino", "White"]})
    >>> mutually_exclusive(people, rule="two or more")[["group", "people"]]
                   group  people
    0              White       1
    1  Two or more races       1
    """
    sets = _counted(people)
    group = [
        next(iter(given)) if unknown else roll_up(given, rule)
        for given, unknown in zip(sets["given"], sets["unknown"], strict=True)
    ]
    counts = sets["people"].groupby(group).sum()
    order = [group for group in (*ORDER, *UNKNOWN) if group in counts.index]
    found = counts.loc[order].rename_axis("group").reset_index()
    return _table(f"one group each, by the rule '{rule}'", found, sets, True)


def shown(table: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Word the groups of a presentation as a standard does.

    Parameters
    ----------
    table
        As the functions above return it.
    standard
        Whose wording.

    Returns
    -------
    DataFrame
        The table with `group` reworded.

    Examples
    --------
    >>> from equity import race
    >>> people = pd.DataFrame({"several": ["Asian; White"], "race": ["Asian"]})
    >>> table = mutually_exclusive(people, rule="two or more")
    >>> shown(table, race.standard("spd15_2024"))["group"].to_list()
    ['Multiracial and/or multiethnic']
    """
    return table.assign(group=table["group"].replace(dict(standard.labels)))


def _counted(people: pd.DataFrame) -> pd.DataFrame:
    """People by distinct set: `key, people, given` (frozenset), `unknown`."""
    missing = [name for name in ("several", "race") if name not in people]
    if missing:
        raise ColumnNotFoundError(missing, found=people.columns)
    text = people["several"].fillna("").astype("str")
    key = text.where(text.ne(""), people["race"].astype("str").fillna(""))
    rows = people["people"] if "people" in people else pd.Series(1, index=people.index)
    counts = rows.groupby(key.to_numpy()).sum().astype("int64")
    table = counts.rename_axis("key").rename("people").reset_index()
    table["given"] = table["key"].map(members)
    table["unknown"] = table["key"].isin(UNKNOWN)
    strange = ~table["unknown"] & ~table["given"].map(set(ORDER).issuperset)
    strange |= table["key"].eq("")
    if strange.any():
        raise InputError(
            f"{table.loc[strange, 'people'].sum()} people have neither a set of known "
            "groups under 'several' nor a kind of unknown under 'race'"
        )
    rank = {group: place for place, group in enumerate((*ORDER, *UNKNOWN))}
    table["rank"] = table["given"].map(lambda given: sorted(rank[g] for g in given))
    return table.sort_values("rank", ignore_index=True)


def _table(
    presentation: str, found: pd.DataFrame, sets: pd.DataFrame, adds_up: bool
) -> pd.DataFrame:
    table = found.assign(
        presentation=presentation,
        total=int(sets["people"].sum()),
        adds_up=adds_up,
    ).astype({"group": "str", "people": "int64"})
    return table[COLUMNS].reset_index(drop=True)
