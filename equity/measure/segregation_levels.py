"""Segregation by levels: between parents of units, and among units within them.

Departments are parts of branches, units of departments. What looks segregated as a
whole may be so because branches differ, or because departments inside them do. Counts
are those of `segregation`, with the parents as columns.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import segregation_indices as indices
from equity.measure.segregation_people import (
    MUTUAL,
    REPLICATES,
    THEIL,
    Chance,
    People,
    measured,
)
from equity.measure.table import divide

#: How a table calls the parts where units are job categories and parents departments.
CALLED = {
    "between department": "between departments",
    "between unit within department": "between job categories inside departments",
}


def by_parent(
    counts: pd.DataFrame,
    *,
    parents: Sequence[str],
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure the segregation among the units inside each parent.

    Parameters
    ----------
    counts, confidence, replicates, seed
        As in `overall`.
    parents
        Columns of what units are parts of, outermost first; one row per combination.

    Returns
    -------
    DataFrame
        Per ``parents``: Theil's H and M among its units. With `units`, `events`
        (people), `share` (of all people), `entropy_ratio` (entropy of the parent's
        groups over that of all people), and the further columns of `overall`. Within
        parents, M adds up by `share` and H by `share` times `entropy_ratio`.
        `expected_if_random` is of people who come to its units regardless of group.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `overall`; also if no parent is named.

    Examples
    --------
    >>> people = pd.DataFrame({"branch": ["Safety"] * 4 + ["Works"] * 4,
    ...     "unit": np.repeat(["Fire", "Police", "Parks", "Water"], 2),
    ...     "group": ["Black", "White"] * 4,
    ...     "events": [100, 300, 300, 100, 200, 200, 200, 200]})
    >>> table = by_parent(people, parents=["branch"])
    >>> table[["branch", "measure", "observed"]].round(4).iloc[[1, 3]]
       branch                   measure  observed
    1  Safety  mutual information index    0.1308
    3   Works  mutual information index    0.0000
    """
    chance = Chance(confidence, replicates, seed)
    people = People.of(counts, _named(parents))
    starts = people.starts(len(parents))
    whole, everyone = people.table.sum(), float(indices.entropy(people.table))
    names = people.units.iloc[starts][list(parents)]
    tables = []
    for place, table in enumerate(np.split(people.table, starts[1:])):
        frame = names.iloc[place : place + 1].assign(
            units=len(table),
            events=table.sum(),
            share=float(divide(table.sum(), whole)),
            entropy_ratio=float(divide(indices.entropy(table), everyone)),
        )
        frame = pd.concat([frame.assign(measure=name) for name in (THEIL, MUTUAL)])
        tables.append(measured(frame, table, _both, chance))
    return pd.concat(tables, ignore_index=True)


def decomposed(
    counts: pd.DataFrame,
    *,
    parents: Sequence[str],
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> pd.DataFrame:
    """Split segregation into that between parents and that among units within them.

    Parameters
    ----------
    counts, confidence, replicates, seed
        As in `overall`.
    parents
        Columns of what units are parts of, outermost first, each within the ones
        before it: groups of departments, then departments, say.

    Returns
    -------
    DataFrame
        For M and Theil's H: the total, then the part of each level: between the first
        parents, between the second within the first, ..., between units within all
        parents. With `component` (in words), `between` and `within` (columns; missing
        and empty for the total), `cells` (that the level tells apart), `events`
        (people), `share_of_total` (of what is observed), and the further columns of
        `overall`. Parts of `observed` add up to the total; estimates nearly do, as
        each is corrected for its own chance.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `overall`; also if no parent is named.

    References
    ----------
    Theil (1971), Principles of Econometrics. Reardon, Yun and Eitle (2000),
    Demography 37, 351-364. Mora and Ruiz-Castillo (2011).

    Examples
    --------
    >>> people = pd.DataFrame({"branch": ["Safety"] * 4 + ["Works"] * 4,
    ...     "unit": np.repeat(["Fire", "Police", "Parks", "Water"], 2),
    ...     "group": ["Black", "White"] * 4,
    ...     "events": [100, 300, 300, 100, 200, 200, 200, 200]})
    >>> table = decomposed(people, parents=["branch"])
    >>> table[["component", "observed", "share_of_total"]].head(3).round(4)
                        component  observed  share_of_total
    0                       total    0.0654             1.0
    1              between branch    0.0000             0.0
    2  between unit within branch    0.0654             1.0
    """
    chance = Chance(confidence, replicates, seed)
    names = _named(parents)
    people = People.of(counts, names)
    starts = [people.starts(depth) for depth in range(1, len(names) + 2)]
    parts = [None, *names, "unit"]
    frame = pd.DataFrame(
        {
            "component": ["total", *(_component(names, n) for n in range(len(starts)))],
            "between": parts,
            "within": ["", *(", ".join(names[:n]) for n in range(len(starts)))],
            "cells": [len(people.table), *map(len, starts)],
            "events": people.table.sum(),
        }
    )
    tables = [frame.assign(measure=name) for name in (MUTUAL, THEIL)]
    frame = pd.concat(tables, ignore_index=True)

    levels = [people.cells(level) for level in starts]
    index = partial(_parts, starts=starts)
    table = measured(frame, people.table, index, chance, levels=levels)
    total = table.groupby("measure")["observed"].transform("first")
    place = table.columns.get_loc("measure")
    table.insert(place, "share_of_total", divide(table["observed"], total))
    return table


def _both(table: np.ndarray) -> np.ndarray:
    return np.stack([indices.theil(table), indices.mutual_information(table)], axis=-1)


def _parts(table: np.ndarray, *, starts: list[np.ndarray]) -> np.ndarray:
    """M and its parts, level by level, then H and its parts."""
    merged = (np.add.reduceat(table, level, axis=-2) for level in starts)
    totals = np.stack([indices.mutual_information(level) for level in merged], axis=-1)
    steps = np.maximum(np.diff(totals, axis=-1, prepend=0), 0)
    mutual = np.concatenate([totals[..., -1:], steps], axis=-1)
    theil = divide(mutual, indices.entropy(table)[..., None])
    return np.concatenate([mutual, theil], axis=-1)


def _named(parents: Sequence[str]) -> list[str]:
    if isinstance(parents, str) or not len(parents):
        raise InputError(f"parents is {parents!r}; expected a list of columns")
    return list(parents)


def _component(parents: list[str], depth: int) -> str:
    name = f"between {[*parents, 'unit'][depth]}"
    return f"{name} within {', '.join(parents[:depth])}" if depth else name
