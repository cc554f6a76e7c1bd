"""The register: what a reader is told about each count of people in a table.

**Terms**

bounds
    The fewest and the most that a count can be for all a reader is told. A shown
    count has equal bounds; a hidden one is at least one, or at least zero where
    zeros may be hidden beside it.
known
    A total that no table shows but that a reader may know, so that hiding it is no
    help.

Nothing of the register is published, and it holds no hidden count: the audit knows
what a reader knows, and no more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from equity.publish import covering, planned, rounding
from equity.publish.kinds import codes, numbers, parts
from equity.publish.linking import Link, Places

_ENDS = ("low", "high")


@dataclass(frozen=True, eq=False)
class Shown:
    """What a table shows of one count column.

    Attributes
    ----------
    true
        The counts; missing where unknown.
    low, high
        The fewest and the most a reader must think possible; ``high`` is missing
        where there is no bound, ``low`` where the count is not told of.

    Examples
    --------
    >>> Shown(np.array([4.0]), np.array([1.0]), np.array([np.nan])).low.tolist()
    [1.0]
    """

    true: np.ndarray
    low: np.ndarray
    high: np.ndarray


def register(
    where: Places,
    shown: Mapping[str, Shown],
    totals: Mapping[str, Iterable[np.ndarray]],
    topic: str,
    given_up: Collection[tuple] = (),
) -> list[dict[str, Any]]:
    """Write down what a reader is told.

    Parameters
    ----------
    where
        Where every count lies.
    shown
        Count column to what is shown of it.
    totals
        Count column to groups of rows (as positions) whose total a reader may know.
    topic
        The people counted.
    given_up
        Counts that the plan names, as `planned.key` has them: a total among them is
        shown nowhere, and is not taken to be known.

    Returns
    -------
    list of dict
        As `payload.Counts` has them: ``topic``, ``dimensions``, ``known`` and
        ``cells``, each of labels by dimension, low and high. Where most counts are
        whole numbers the others, such as part-time staff, lie between two whole
        numbers; elsewhere they count nobody and are left out. A count told twice is
        told once, with the narrower bounds.

    References
    ----------
    See the module.

    Examples
    --------
    >>> place = Places(["group"], {"events": [{"group": frozenset(["A"])}]})
    >>> told = Shown(*(np.array([x]) for x in (4.0, 1.0, np.nan)))
    >>> register(place, {"events": told}, {}, "staff")[0]["cells"]
    [[['A'], 1, None]]
    """
    cells: dict[tuple, tuple[int, int | None]] = {}
    known: dict[tuple, tuple[int, int]] = {}
    for name, spots in where.by_count.items():
        told = shown[name]
        mostly = _is_mostly_whole(told.true)
        for k, place in enumerate(spots):
            if np.isnan(told.low[k]):
                continue
            if _is_whole(told.true[k]):
                _tell(cells, _key(place, where), told.low[k], told.high[k])
            elif mostly:
                ends = told.low[k], told.high[k]
                if ends[0] == ends[1]:
                    ends = np.floor(told.true[k]), np.ceil(told.true[k])
                elif np.isnan(ends[1]):
                    ends = 0, np.nan
                _tell(cells, _key(place, where), *ends)
        for rows in totals.get(name, ()):
            total = _total(where, spots, rows, told.true)
            if total is not None and _name(topic, where, total[0]) not in given_up:
                _tell(known, total[0], total[1], total[1])
    return [
        {
            "topic": topic,
            "dimensions": list(where.dimensions),
            "known": is_known,
            "cells": [[_plain(key), low, high] for key, (low, high) in part.items()],
        }
        for is_known, part in ((False, cells), (True, known))
        if part
    ]


def _name(topic: str, where: Places, key: tuple) -> tuple:
    """A count's name in a plan."""
    named = zip(where.dimensions, key, strict=True)
    parts = {n: frozenset(part) for n, part in named if part is not None}
    return planned.key(topic, parts)


def _total(where: Places, spots: list, rows: np.ndarray, true: np.ndarray):
    """The place and the number of the total of some rows.

    None unless the rows are whole counts and fill a product of labels once each.
    """
    told = {_key(spots[k], where): true[k] for k in rows}
    if len(told) < 2 or not all(_is_whole(v) and v == v for v in told.values()):
        return None
    sides = [list(dict.fromkeys(side)) for side in zip(*told, strict=True)]
    full = len(told) == int(np.prod([len(side) for side in sides]))
    if not full or set(product(*sides)) != set(told):
        return None
    union = []
    for side in sides:
        if len(side) == 1:
            union.append(side[0])
            continue
        labels = [label for part in side for label in part or ()]
        if None in side or len(set(labels)) < len(labels):
            return None  # sets that overlap add up to nothing
        union.append(tuple(sorted(labels)))
    return tuple(union), sum(told.values())


def _tell(cells: dict, key: tuple, low: float, high: float) -> None:
    """Note the bounds of a count; where it is told already, the narrower ones."""
    first, last = int(low), None if np.isnan(high) else int(high)
    if key in cells:
        before = cells[key]
        first = max(first, before[0])
        ends = [end for end in (last, before[1]) if end is not None]
        last = min(ends) if ends else None
    cells[key] = first, last


def _key(place: Mapping[str, frozenset[str]], where: Places) -> tuple:
    return tuple(
        tuple(sorted(place[name])) if name in place else None
        for name in where.dimensions
    )


def _plain(key: tuple) -> list[str | list[str] | None]:
    """A place as JSON has it: a label, a list of labels, or null."""
    return [
        None if part is None else part[0] if len(part) == 1 else list(part)
        for part in key
    ]


def _is_whole(value: float) -> bool:
    """Whether a count is a whole number, or is unknown."""
    return bool(np.isnan(value) or abs(value - round(value)) < 1e-9)


def _is_mostly_whole(values: np.ndarray) -> bool:
    """Whether at least half of the known counts above zero are whole numbers."""
    known = values[values > 0]
    return 2 * sum(map(_is_whole, known)) >= len(known)


def told(
    frame: pd.DataFrame,
    result: pd.DataFrame,
    counts: dict[str, np.ndarray],
    where: Places,
    hidden: covering.Hidden,
    band: pd.DataFrame,
    policy: covering.Policy,
    base: int,
    lines: Sequence[str] | None,
) -> dict[str, Shown]:
    """Say what the finished table tells of each count.

    Parameters
    ----------
    frame
        The table before anything was hidden.
    result
        The same rows with hidden numbers missing.
    counts
        Count columns of ``frame``, missing where unknown.
    where
        Where every count lies.
    hidden
        What is hidden.
    band
        As `coding.bands` makes it, missing where a row's band is not told.
    policy
        The rule, which a reader knows.
    base
        The rounding base.
    lines
        Columns each of whose values is a line; None if nothing adds up.

    Returns
    -------
    dict of Shown
        By count column.

    Examples
    --------
    >>> table = pd.DataFrame({"events": [4.0, 40.0]})
    >>> hidden = covering.Hidden(np.array([True, False]), np.zeros(2, dtype=bool))
    >>> band = pd.DataFrame({"low": [np.nan] * 2, "high": [np.nan] * 2})
    >>> where = Places([], {"events": [{}, {}]})
    >>> shown = told(table, table.assign(events=[np.nan, 40.0]),
    ...              {"events": np.array([4.0, 40.0])}, where, hidden, band,
    ...              covering.Policy(10), 0, None)
    >>> shown["events"].low.tolist()
    [1.0, 40.0]
    """
    found = {}
    for name in where.by_count:
        true, shown = counts[name], numbers(result[name])
        low, high = (np.full(len(frame), np.nan) for _ in range(2))
        for k in np.flatnonzero(~np.isnan(shown)):
            low[k], high[k] = rounding.bounds(shown[k], base, policy.min_cell)
        blank = np.isnan(shown) & ~np.isnan(true)
        least = 0.0 if policy.zeros or (policy.outcome and name == "events") else 1.0
        low[blank] = np.where(_beside_zero(frame, true, blank, lines), 0, least)[blank]
        if name == "events":
            tells = blank & band["low"].notna().to_numpy() & ~hidden.population
            low[tells], high[tells] = (band[end].to_numpy()[tells] for end in _ENDS)
        ends = _source_bounds(frame, name)
        if ends is not None:
            masked = np.isnan(true) & ~np.isnan(ends[1])
            kept = masked & ~np.isnan(_source_bounds(result, name)[1])
            low[masked] = 0
            low[kept], high[kept] = (np.round(end[kept]) for end in ends)
        found[name] = Shown(true, low, high)
    return found


def _source_bounds(
    frame: pd.DataFrame, name: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """The fewest and most that the source allows, where it masks counts."""
    if {f"{name}_low", f"{name}_high"} <= set(frame):
        return tuple(numbers(frame[f"{name}_{end}"]) for end in _ENDS)
    parts = [f"{part}_{end}" for part in ("events", "others") for end in _ENDS]
    if name == "population" and set(parts) <= set(frame):
        return tuple(
            numbers(frame[f"events_{end}"]) + numbers(frame[f"others_{end}"])
            for end in _ENDS
        )
    return None


def _beside_zero(
    frame: pd.DataFrame,
    true: np.ndarray,
    blank: np.ndarray,
    lines: Sequence[str] | None,
) -> np.ndarray:
    """The rows that may be zero for all a reader knows: a zero is hidden beside them.

    In one of their lines; where lines cross, anywhere in the table.
    """
    zero = blank & (true == 0)
    found = zero.copy()
    for at in parts(frame) if lines is not None else []:
        for code in codes(frame.iloc[at], lines):
            found[at] |= (np.bincount(code, zero[at]) > 0)[code]
        if len(lines) > 1:
            found[at] |= zero[at].any()
    return found


def totals(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    shown: dict[str, Shown],
    hidden: covering.Hidden,
    lines: Sequence[str] | None,
    link: Link,
    policy: covering.Policy,
) -> dict[str, list[np.ndarray]]:
    """Find the lines whose totals a reader may know: all that the gate could cover.

    A total that is itself small, or that leaves a hidden count of its line bare,
    must not become known; nor is it taken to be.

    Parameters
    ----------
    frame
        The table before anything was hidden.
    counts
        Its count columns, missing where unknown.
    shown
        What the finished table tells of each count.
    hidden
        What is hidden, and which of it is bare.
    lines
        Columns each of whose values is a line; None if nothing adds up.
    link
        How the table is linked to others.
    policy
        What is small.

    Returns
    -------
    dict of list
        Count column to the rows of each line, as positions.

    Examples
    --------
    >>> table = pd.DataFrame({"events": [4.0, 40.0]})
    >>> shown = {"events": Shown(np.array([4.0, 40.0]), np.ones(2), np.full(2, np.nan))}
    >>> none = np.zeros(2, dtype=bool)
    >>> hidden = covering.Hidden(~none, none, {"events": none})
    >>> totals(table, {"events": np.array([4.0, 40.0])}, shown, hidden, (), Link(),
    ...        covering.Policy(10))
    {'events': [array([0, 1])]}
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in shown}
    for at in parts(frame) if lines is not None else []:
        across = [
            [at[code == number] for number in np.unique(code)]
            for code in codes(frame.iloc[at], lines)
        ]
        for name, one in shown.items():
            told = one.low == one.high
            known = [
                [
                    bool(told[r].all())
                    or _may_be_known(name, r, counts, hidden, link, policy)
                    for r in side
                ]
                for side in across
            ]
            for k, side in enumerate(across):
                others = known[:k] + known[k + 1 :]
                if link.population == "whole" or any(all(other) for other in others):
                    known[k] = _not_all_but_one(known[k], side, counts[name], told)
            found[name] += [
                rows
                for side, may in zip(across, known, strict=True)
                for rows, is_known in zip(side, may, strict=True)
                if is_known and not told[rows].all()
            ]
    return found


def _not_all_but_one(
    known: list[bool], side: list[np.ndarray], counts: np.ndarray, told: np.ndarray
) -> list[bool]:
    """Where one total must not become known, leave out the next smallest, too.

    The sum of all is known from the lines that cross.
    """
    totals = [
        counts[rows].sum() if is_known and not told[rows].all() else np.inf
        for rows, is_known in zip(side, known, strict=True)
    ]
    if known.count(False) != 1 or min(totals) == np.inf:
        return known
    return [k and i != int(np.argmin(totals)) for i, k in enumerate(known)]


def _may_be_known(
    name: str,
    rows: np.ndarray,
    counts: dict[str, np.ndarray],
    hidden: covering.Hidden,
    link: Link,
    policy: covering.Policy,
) -> bool:
    """Whether the total of a line is neither small itself nor lays a count bare."""
    whole = link.population == "whole"
    if whole and (name == "population" or hidden.population[rows].any()):
        return False  # told as a count of its own, or hidden as one
    people, total = np.inf, counts[name][rows].sum()
    if name == "events" and policy.outcome:
        people = counts["population"][rows].sum()
    enough = min(total, people - total) >= policy.min_cell
    return bool(enough) and not hidden.bare[name][rows].any()
