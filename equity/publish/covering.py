"""Complementary suppression: which further rows to hide, so that none is worked back.

**Terms**

line
    Rows that add up to a total a reader may know, such as the groups of one
    department.
band
    The fewest and the most events that a coded row tells, or that a row tells by not
    being coded.
bare
    A hidden count that stays narrow although the gate hid whatever helps.

Lines in one direction are covered by `lines`, lines that cross by `crossed`. A hidden
count must keep five possible values, as many as the audit of a release asks for.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a linear program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from equity.publish.crossed import cover_crossed
from equity.publish.lines import NEED, Cells, Policy, cover_lines

__all__ = ["NEED", "Hidden", "Policy", "cover"]


@dataclass(eq=False)
class Hidden:
    """Hidden rows, hidden populations, and hidden counts that stayed bare.

    Attributes
    ----------
    row, population
        One truth value for each row.
    bare
        By count column, the rows whose count is bare.

    Examples
    --------
    >>> Hidden(np.array([True]), np.array([False])).bare
    {}
    """

    row: np.ndarray
    population: np.ndarray
    bare: dict[str, np.ndarray] = field(default_factory=dict)


def cover(
    counts: Mapping[str, np.ndarray],
    start: Hidden,
    codes: Sequence[np.ndarray],
    rank: np.ndarray,
    policy: Policy,
    *,
    band: tuple[np.ndarray, np.ndarray] | None = None,
) -> Hidden:
    """Hide further rows, count by count, until nothing changes.

    Parameters
    ----------
    counts
        Count columns as floats, missing where unknown; one value for each row.
    start
        What is hidden already.
    codes
        For each direction of lines, the number of the line every row lies in.
    rank
        The order of the rows by their labels, which breaks ties.
    policy
        How uncertain hidden counts must stay.
    band
        The fewest and most events that a row allows if it is hidden or coded; missing
        where it allows any.

    Returns
    -------
    Hidden
        With the rows of ``start`` and those that cover them.

    References
    ----------
    See the module.

    Examples
    --------
    >>> hidden = Hidden(np.array([False, False, True]), np.zeros(3, dtype=bool))
    >>> cover({"events": np.array([120.0, 31.0, 4.0])}, hidden, [np.zeros(3, int)],
    ...       np.arange(3), Policy(10)).row.tolist()
    [False, True, True]
    """
    row, population = start.row, start.population
    bare: dict[str, np.ndarray] = {}
    while True:
        before = row.sum() + population.sum()
        for name, values in counts.items():
            if name == "population":
                population, bare[name] = _cover_population(
                    values, population, codes, rank, policy
                )
                row = row | population
            else:
                of_people = name == "events" and policy.outcome
                room = counts["population"] - values if of_people else None
                cells = Cells(values, row, policy, room)
                if band is not None and name == "events":
                    cells.keep_within(*band)
                row, bare[name] = _cover_count(cells, codes, rank)
        if row.sum() + population.sum() == before:
            return Hidden(row, population, bare)


def _shared(values: np.ndarray, codes: Sequence[np.ndarray]) -> np.ndarray | None:
    """The lines along each of which a denominator is one and the same number.

    Such as the staff of a department, repeated beside each group in it.
    """
    for code in codes if len(codes) > 1 else []:
        numbers = pd.Series(values).groupby(code)
        if numbers.ngroups < len(values) and numbers.nunique().max() <= 1:
            return code
    return None


def _cover_population(
    values: np.ndarray,
    hidden: np.ndarray,
    codes: Sequence[np.ndarray],
    rank: np.ndarray,
    policy: Policy,
) -> tuple[np.ndarray, np.ndarray]:
    """Hide further denominators: a repeated one is one cell of a single line."""
    shared = None if policy.outcome else _shared(values, codes)
    if shared is None:
        return _cover_count(Cells(values, hidden, policy), codes, rank)
    _, first, back = np.unique(shared, return_index=True, return_inverse=True)
    cells = Cells(values[first], np.bincount(back, hidden) > 0, policy)
    whole = [np.zeros(len(first), dtype=int)]
    covered, bare = _cover_count(cells, whole, rank[first])
    return covered[back], bare[back]


def _cover_count(cells, codes, rank) -> tuple[np.ndarray, np.ndarray]:
    """Hide further cells of one count column; and which of all hidden stay bare."""
    if not cells.given.any():
        return cells.given, np.zeros(len(rank), dtype=bool)
    order = np.lexsort((rank, cells.cost))
    if len(codes) == 1:
        return cover_lines(cells, codes[0], order)
    return cover_crossed(cells, codes, order)
