"""Counts that a release tells about, as sums of the smallest parts they are made of.

**Terms**

topic
    A population that is counted. Two tables with the same topic count the same people.
cell
    A product of subsets, one a dimension: the people of *these* groups in *these*
    departments in *these* quarters. A dimension that is left out means everybody.
atom
    A part of a dimension that no cell divides, and then a product of such parts.
    Every cell is a sum of atoms; what a reader knows is a bound on such a sum.
clique
    Dimensions that meet in one cell, directly or through others. Tables of group by
    department and of group by area need no atoms of group by department by area: two
    whole-numbered tables that agree on their groups always have a whole-numbered
    table behind them, so atoms of each clique that agree on what they share are
    exactly as good. (A running intersection of cliques, so-called junction tree.)

References
----------
Dobra and Fienberg (2000), Bounds for cell entries in contingency tables given
marginal totals and decomposable graphs, PNAS 97(22), 11885-11892.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from scipy import sparse

from equity.errors import DisclosureError

#: More atoms than this in one block are not built.
MOST_ATOMS = 300_000

#: Each outcome is a dimension of its own, because one person can have several.
OUTCOME = "outcome"
_YES, _NO = "yes", "no"

#: The topic of what is linked to nothing begins so.
ALONE = "only "

Where = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Count:
    """What a reader is told about one count of people.

    Attributes
    ----------
    topic
        The population.
    where
        Which part of it: labels by dimension; a dimension left out is all of it.
    low, high
        The fewest and the most people it can be; ``high`` None: no bound.
    known
        Whether it is a total that readers may know whether or not it is shown, so
        that hiding it is no help. A total that is shown as well is told twice.

    Examples
    --------
    >>> Count("employees", {"group": frozenset({"AIAN"})}, 1, None).shown
    False
    """

    topic: str
    where: Where
    low: int
    high: int | None
    known: bool = False

    @property
    def key(self) -> tuple:
        """The cell, without what is told about it."""
        return self.topic, frozenset(self.where.items())

    @property
    def shown(self) -> bool:
        """Whether the reader knows it exactly."""
        return self.low == self.high

    def __hash__(self) -> int:
        return hash((self.key, self.low, self.high, self.known))

    def __str__(self) -> str:
        """Topic and labels; never a number."""
        parts = [
            f"{name} {' + '.join(sorted(labels))}"
            for name, labels in sorted(self.where.items())
        ]
        return f"{self.topic}: {', '.join(parts) or 'everybody'}"


def told(registered: Iterable[tuple[str, Any]]) -> list[Count]:
    """Collect what a reader is told by all tables, figures and findings.

    Parameters
    ----------
    registered
        Pairs of the name of the thing that is shown and a group of counts, with
        ``topic``, ``dimensions``, ``cells`` and ``known``: a
        `equity.publish.payload.Counts` or a mapping. A group without a topic is
        linked to nothing but itself.

    Returns
    -------
    list of Count
        One for each cell; what several tables show of it is put together. A second
        one, ``known``, where readers may know it as a total besides; but what a table
        hides, and none shows, is a secret of its own and not taken to be known.

    Raises
    ------
    DisclosureError
        If two tables contradict each other. The text names them and the cell, and
        no number.

    Examples
    --------
    >>> table = {"topic": "hires", "dimensions": ["group"], "known": False,
    ...          "cells": [[["White"], 120, 120], [["AIAN"], 1, None]]}
    >>> [str(count) for count in told([("hires-by-group", table)])]
    ['hires: group White', 'hires: group AIAN']
    """
    counts: dict[tuple, Count] = {}
    origin: dict[tuple, str] = {}
    for name, group in registered:
        bundle = group if isinstance(group, Mapping) else group.model_dump()
        topic = bundle["topic"] or f"{ALONE}{name}"
        for labels, low, high in bundle["cells"]:
            where = {
                dimension: frozenset([part] if isinstance(part, str) else part)
                for dimension, part in zip(bundle["dimensions"], labels, strict=True)
                if part is not None
            }
            if not all(where.values()):
                continue  # no labels: nobody
            known = bool(bundle.get("known", False))
            count = Count(topic, of_outcomes(where), low, high, known)
            before = counts.get((count.key, known))
            both = count if before is None else meet(before, count)
            other = counts.get((count.key, not known))
            if both is None or (other is not None and meet(both, other) is None):
                raise DisclosureError(
                    f"'{origin[count.key]}' and '{name}' tell different numbers about "
                    f"the same people ({count}). Give them topics of their own, or "
                    "count the same records in both"
                )
            counts[count.key, known] = both
            origin.setdefault(count.key, name)
    return [
        count
        for (key, known), count in counts.items()
        if not known or (key, False) not in counts or counts[key, False].shown
    ]


def of_outcomes(where: Where) -> dict[str, frozenset[str]]:
    """Name each outcome as a dimension with the labels "yes" and "no".

    Parameters
    ----------
    where
        A cell as tables register it.

    Returns
    -------
    dict
        The same cell.

    Examples
    --------
    >>> of_outcomes({"outcome": frozenset({"promoted"})})
    {'outcome promoted': frozenset({'yes'})}
    """
    where = dict(where)
    labels = where.pop(OUTCOME, None)
    if labels is None:
        return where
    if labels <= {_YES, _NO}:
        return where | {OUTCOME: labels}
    return where | {f"{OUTCOME} {' + '.join(sorted(labels))}": frozenset({_YES})}


def to_outcomes(where: Where) -> dict[str, frozenset[str]]:
    """Undo `of_outcomes`.

    Parameters
    ----------
    where
        A cell as the audit has it.

    Returns
    -------
    dict
        The same cell as tables register it.

    Examples
    --------
    >>> to_outcomes({"outcome promoted": frozenset({"yes"})})
    {'outcome': frozenset({'promoted'})}
    """
    found = {}
    for name, labels in where.items():
        if name.startswith(f"{OUTCOME} ") and labels == {_YES}:
            named = name.removeprefix(f"{OUTCOME} ").split(" + ")
            found[OUTCOME] = found.get(OUTCOME, frozenset()) | frozenset(named)
        else:
            found[name] = labels
    return found


def meet(one: Count, other: Count) -> Count | None:
    """Put together what is told about one cell twice.

    Parameters
    ----------
    one, other
        Two counts of the same cell.

    Returns
    -------
    Count or None
        The narrower bounds, ``known`` if neither is shown nor hidden; None if the
        two contradict each other.

    Examples
    --------
    >>> meet(Count("hires", {}, 1, None), Count("hires", {}, 7, 7)).low
    7
    """
    highs = [high for high in (one.high, other.high) if high is not None]
    low, high = max(one.low, other.low), min(highs, default=None)
    if high is not None and low > high:
        return None
    return Count(one.topic, one.where, low, high, one.known and other.known)


def blocks(counts: Sequence[Count]) -> list[list[int]]:
    """Sort counts into blocks that share no person, and so tell nothing of each other.

    Parameters
    ----------
    counts
        All that is told.

    Returns
    -------
    list of list of int
        Positions in ``counts``; each in one block.

    Examples
    --------
    >>> days = [Count("hires", {"period": frozenset({quarter})}, 1, None)
    ...         for quarter in ("2025Q1", "2025Q2")]
    >>> blocks(days)
    [[0], [1]]
    """
    topics = defaultdict(list)
    for number, count in enumerate(counts):
        topics[count.topic].append(number)
    return [part for numbers in topics.values() for part in _divide(counts, numbers)]


def _divide(counts: Sequence[Count], numbers: list[int]) -> list[list[int]]:
    """Counts of one topic, divided along dimensions that all of them name."""
    dimensions = set.intersection(*(set(counts[k].where) for k in numbers))
    for name in sorted(dimensions):
        home: dict[str, str] = {}

        def root(label: str, home: dict[str, str] = home) -> str:
            while home.setdefault(label, label) != label:
                label = home[label]
            return label

        for part in {counts[k].where[name] for k in numbers}:
            first, *rest = sorted(part)
            for label in rest:
                home[root(label)] = root(first)
        parts = defaultdict(list)
        for k in numbers:
            parts[root(min(counts[k].where[name]))].append(k)
        if len(parts) > 1:
            return [x for part in parts.values() for x in _divide(counts, part)]
    return [numbers]


@dataclass(frozen=True)
class _Space:
    """The atoms of one block, and its counts as sums of them.

    Attributes
    ----------
    parts
        By dimension, the labels of each indivisible part; an empty one is anything
        that no cell names.
    cliques
        Dimensions of each clique; its atoms follow those of the clique before.
    links
        Differences of atoms that are zero: what two cliques share, sparse.
    """

    parts: dict[str, list[frozenset[str]]]
    cliques: list[tuple[str, ...]]
    starts: list[int]
    size: int
    links: sparse.csr_array
    _shapes: list[tuple[int, ...]] = field(default_factory=list)

    def sums(self, cells: Sequence[Where]) -> sparse.csr_array:
        """Each cell as a sum of atoms: cells in rows, atoms in columns."""
        columns = [self._atoms(self._inside(where)) for where in cells]
        return _zeros_and_ones(columns, self.size)

    def row(self, columns: np.ndarray) -> sparse.csr_array:
        """One row: the sum of these atoms."""
        return _zeros_and_ones([columns], self.size)

    def where(self, columns: np.ndarray) -> dict[str, frozenset[str]] | None:
        """The smallest cell around some atoms; None if cells name none of them."""
        k = int(np.searchsorted(self.starts, columns[0], side="right")) - 1
        if not self.cliques[k]:
            return {}  # nothing is divided
        inside = (columns >= self.starts[k]) & (
            columns < self.starts[k] + int(np.prod(self._shapes[k]))
        )
        places = zip(
            *np.unravel_index(columns[inside] - self.starts[k], self._shapes[k]),
            strict=True,
        )
        named = [
            parts
            for place in places
            if all(
                parts := [
                    self.parts[name][i]
                    for name, i in zip(self.cliques[k], place, strict=True)
                ]
            )
        ]
        if not named:
            return None
        around = [frozenset().union(*labels) for labels in zip(*named, strict=True)]
        return self.divided(dict(zip(self.cliques[k], around, strict=True)))

    def divided(self, where: Where) -> dict[str, frozenset[str]]:
        """The cell, without dimensions of which it leaves out nothing."""
        inside = self._inside(where)
        return {name: labels for name, labels in where.items() if name in inside}

    def _inside(self, where: Where) -> dict[str, np.ndarray]:
        """By dimension that the cell divides, which parts are in it."""
        inside = {}
        for name, labels in where.items():
            parts = self.parts[name]
            within = np.array([bool(part) and part <= labels for part in parts])
            if not within.all():
                inside[name] = within
        return inside

    def _atoms(self, inside: Mapping[str, np.ndarray]) -> np.ndarray:
        fitting = [k for k, names in enumerate(self.cliques) if {*inside} <= {*names}]
        k = min(fitting, key=lambda k: np.prod(self._shapes[k], dtype=np.int64))
        names, shape = self.cliques[k], self._shapes[k]
        every = [
            np.flatnonzero(inside[name]) if name in inside else np.arange(size)
            for name, size in zip(names, shape, strict=True)
        ]
        if not names:
            return np.array([self.starts[k]])
        return self.starts[k] + np.ravel_multi_index(np.ix_(*every), shape).ravel()


def space(cells: Sequence[Where], loose: Iterable[str] = ()) -> _Space | None:
    """Divide the dimensions of a block into atoms.

    Parameters
    ----------
    cells
        Every cell whose sum will be asked for.
    loose
        Dimensions whose labels are not everybody: people may be elsewhere. A
        dimension of which cells name one part only is always loose.

    Returns
    -------
    Space or None
        None if there would be more than `MOST_ATOMS`.

    Examples
    --------
    >>> year = {"period": frozenset({"Q1", "Q2"})}
    >>> cells = [year, {"period": frozenset({"Q1"}), "group": frozenset({"AIAN"})},
    ...          {"group": frozenset({"White"})}]
    >>> space(cells).parts["group"] == [frozenset({"AIAN"}), frozenset({"White"})]
    True
    >>> space(cells).sums(cells).sum(axis=1).tolist()
    [4.0, 1.0, 2.0]
    """
    loose = set(loose)
    parts = {
        name: _parts(name, cells, name in loose)
        for name in sorted({name for where in cells for name in where})
    }
    meeting = {_divided(where, parts) for where in cells}
    cliques = _cliques([name for name in parts if len(parts[name]) > 1], meeting)
    shapes = [tuple(len(parts[name]) for name in names) for names in cliques]
    sizes = [int(np.prod([float(n) for n in shape])) for shape in shapes]
    if sum(sizes) > MOST_ATOMS:
        return None
    starts = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    links = _links(cliques, shapes, starts)
    return _Space(parts, cliques, starts[:-1], starts[-1], links, shapes)


def _parts(name: str, cells: Sequence[Where], loose: bool) -> list[frozenset[str]]:
    """The parts of a dimension that no cell divides."""
    sets = sorted({where[name] for where in cells if name in where}, key=sorted)
    signs = defaultdict(list)
    always = {_YES, _NO} if name.split(" ")[0] == OUTCOME else set()
    for label in sorted(always.union(*sets)):
        signs[tuple(label in labels for labels in sets)].append(label)
    parts = [frozenset(labels) for labels in signs.values()]
    if loose or (len(parts) == 1 and any(name not in where for where in cells)):
        parts.append(frozenset())
    return parts


def _divided(where: Where, parts: Mapping[str, list[frozenset[str]]]) -> frozenset:
    """The dimensions that a cell divides."""
    return frozenset(
        name
        for name, labels in where.items()
        if not all(part and part <= labels for part in parts[name])
    )


def _cliques(
    names: Sequence[str], meeting: Iterable[frozenset[str]]
) -> list[tuple[str, ...]]:
    """Cliques of the dimensions' triangulated graph (fewest edges filled in first)."""
    near = {name: set() for name in names}
    for one, other in (pair for met in meeting for pair in combinations(met, 2)):
        near[one].add(other)
        near[other].add(one)
    found: list[frozenset[str]] = []
    while near:

        def filled(name: str, near: dict[str, set[str]] = near) -> tuple[int, int, str]:
            absent = sum(b not in near[a] for a, b in combinations(near[name], 2))
            return absent, len(near[name]), name

        name = min(near, key=filled)
        clique = frozenset({name} | near[name])
        for one, other in combinations(near[name], 2):
            near[one].add(other)
            near[other].add(one)
        for other in near.pop(name):
            near[other].discard(name)
        if not any(clique <= larger for larger in found):
            found.append(clique)
    return [tuple(sorted(clique)) for clique in found] or [()]


def _links(
    cliques: list[tuple[str, ...]], shapes: list[tuple[int, ...]], starts: list[int]
) -> sparse.csr_array:
    """What two neighbours in the tree of cliques share, as differences that are zero.

    The tree joins the cliques that share most, which is a junction tree.
    """
    inside, rows = [0], [sparse.csr_array((0, starts[-1]))]
    while len(inside) < len(cliques):
        one, other = max(
            ((a, b) for a in inside for b in range(len(cliques)) if b not in inside),
            key=lambda pair: len({*cliques[pair[0]]} & {*cliques[pair[1]]}),
        )
        inside.append(other)
        shared = [name for name in cliques[one] if name in cliques[other]]
        both = []
        for k in (one, other):
            number = np.zeros(shapes[k], dtype=np.int64)
            for name in shared:
                axis = cliques[k].index(name)
                size = shapes[k][axis]
                steps = np.arange(size).reshape(
                    [size if i == axis else 1 for i in range(number.ndim)]
                )
                number = number * size + steps
            number = number.ravel()
            columns = starts[k] + np.arange(number.size)
            shape = (int(number.max()) + 1, starts[-1])
            both.append(
                sparse.csr_array((np.ones(number.size), (number, columns)), shape)
            )
        rows.append(both[0] - both[1])
    return sparse.vstack(rows, format="csr")


def _zeros_and_ones(columns: Sequence[np.ndarray], size: int) -> sparse.csr_array:
    """Rows with a one in each of the named columns."""
    ends = np.cumsum([0, *(len(part) for part in columns)])
    flat = np.concatenate([*columns, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    return sparse.csr_array((np.ones(len(flat)), flat, ends), (len(columns), size))
