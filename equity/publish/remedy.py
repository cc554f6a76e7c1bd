"""The remedy: which further counts to hide so that an attack finds nothing.

The most exposed count comes first. A program looks for a table that a reader could not
rule out if the cheapest of the shown counts near it were hidden, and in which the
exposed count is far enough from what it can be now. Most other exposed counts are far
from what they were in that table, too, or in the next, and need no program of their
own. A count costs as much as it has people, so that most people stay shown; a zero
costs more than any count, because hiding zeros makes every hidden count of its table
vaguer. It starts from what a reader is told, so that the choice itself tells nothing.

**Terms**

near
    Of two counts: they differ in two dimensions at most, so that a third is in line
    with both.
given up
    Of a known total, which cannot be hidden: the plan names it, so that its table may
    cease to count on readers who know it. Only where nothing that could be hidden
    helps; whether it was heard, the next attack finds out.

What the attack could not prove safe is not helped by hiding more, and neither is what
stays narrow though everything that can be hidden is: they are left, and such a release
must not be published.

References
----------
Kelly, Golden and Assad (1992), Cell suppression: disclosure protection for sensitive
tabular data, Networks 22(4), 397-417. Fischetti and Salazar (2001), Management
Science 47(7), 1008-1027.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from equity.errors import DisclosureError
from equity.publish.attack import NEED, Block, Exposed, arrange, attack
from equity.publish.cells import Count, of_outcomes, to_outcomes
from equity.publish.programs import merge
from equity.publish.witnesses import _Clock, solve

_MANY = 60  # so many counts that could be hidden are first thinned out
SECONDS = 3600.0  # a plan holds several attacks
_ROUNDS = 12
_CAREFUL = 6  # rounds that hide the cheapest; whole lines after them
_NODES = 200  # of one program
_SLACK = 1e-6


@dataclass(frozen=True)
class Plan:
    """Counts to hide, besides those that are hidden.

    Attributes
    ----------
    cells
        The counts.
    left
        What stays exposed whatever is hidden.

    Examples
    --------
    >>> cell = Count("staff", {"group": frozenset({"Latino"})}, 31, 31)
    >>> Plan((cell,)).as_json()
    '{"cells": [{"topic": "staff", "where": {"group": ["Latino"]}}]}'
    """

    cells: tuple[Count, ...]
    left: tuple[Exposed, ...] = ()

    def __add__(self, other: "Plan") -> "Plan":
        """Both plans' cells, each once; what the later one leaves exposed."""
        cells = {count.key: count for count in (*self.cells, *other.cells)}
        return Plan(tuple(cells.values()), other.left)

    def as_json(self) -> str:
        """Return what `read` reads: topics and labels, no number.

        Returns
        -------
        str
            JSON.
        """
        cells = [
            {
                "topic": count.topic,
                "where": {
                    name: sorted(labels)
                    for name, labels in sorted(to_outcomes(count.where).items())
                },
            }
            for count in self.cells
        ]
        return json.dumps({"cells": cells}, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path | str) -> "Plan":
        """Read a plan.

        Parameters
        ----------
        path
            A file that holds what `as_json` returned.

        Returns
        -------
        Plan
            Its cells have no bounds.

        Raises
        ------
        DisclosureError
            If it is damaged.
        """
        name = Path(path).name
        try:
            bundle = json.loads(Path(path).read_text(encoding="utf-8"))
            cells = tuple(
                Count(
                    _text(cell["topic"]),
                    of_outcomes(
                        {
                            _text(dimension): frozenset(map(_text, labels))
                            for dimension, labels in cell["where"].items()
                        }
                    ),
                    0,
                    None,
                )
                for cell in bundle["cells"]
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise DisclosureError(
                f"{name}: cannot be read as a plan of counts to hide; delete it and "
                "run again"
            ) from None
        return cls(cells)


def _text(part: Any) -> str:
    if not isinstance(part, str):
        raise TypeError
    return part


def plan(
    told: Sequence[Count],
    exposed: Sequence[Exposed],
    *,
    min_cell: int,
    earlier: Sequence[Sequence[Count]] = (),
    need: int = NEED,
    seconds: float = SECONDS,
) -> Plan:
    """Choose the cheapest counts to hide so that nothing is exposed any more.

    Parameters
    ----------
    told, min_cell, earlier, need
        As they were given to `exposed`.
    exposed
        What it found.
    seconds
        Time for all of it. What is hidden does not depend on it: where it is over,
        nothing is returned.

    Returns
    -------
    Plan
        Counts of this release to hide, and known totals to give up. Hidden counts
        are taken to be one at least, hidden zeros to be zero at least. What was not
        proven to be exposed is left: hiding more would not help to prove it safe. So
        is what is exposed as long as known totals are not given up.

    Raises
    ------
    DisclosureError
        If the time is over.

    References
    ----------
    See the module.

    Examples
    --------
    >>> from equity.publish.attack import exposed
    >>> row = {"White": (120, 120), "Black": (64, 64), "Latino": (31, 31),
    ...        "AIAN": (1, None)}
    >>> counts = [Count("staff", {"group": frozenset({group})}, *bounds)
    ...           for group, bounds in row.items()]
    >>> counts.append(Count("staff", {}, 219, 219, known=True))
    >>> found = exposed(counts, min_cell=10)
    >>> [str(count) for count in plan(counts, found, min_cell=10).cells]
    ['staff: group Latino']
    """
    need = min(need, min_cell - 1)
    clock = _Clock(seconds)
    topics = {item.count.topic for item in exposed}
    before = {_name(count): count for count in told if count.topic in topics}
    now = dict(before)
    older = [[count for count in one if count.topic in topics] for one in earlier]
    found, doubted = list(exposed), {}
    for number in range(_ROUNDS):
        waiting = [item for item in found if item.proven]
        held = arrange(list(now.values()), older, [w.count for w in waiting], clock)
        changed, hopeless = False, set()
        if number < _CAREFUL:
            changed, hopeless = _hide_cheapest(now, waiting, held, need, clock, doubted)
        if not changed:
            for item, block in zip(waiting, held, strict=True):
                if item.count.key not in hopeless:
                    for name in _line(item, now, block):
                        changed |= _hide(now, name)
        if not changed:
            break
        found = attack(
            list(now.values()),
            min_cell=min_cell,
            earlier=older,
            need=need,
            seconds=clock.left(),
        ).exposed
    cells = tuple(
        before[name]
        for name, count in now.items()
        if (count.low, count.high) != (before[name].low, before[name].high)
        and before[name].high is not None
    )
    left = {item.count.key: item for item in (*doubted.values(), *found)}
    return Plan(cells, tuple(left.values()))


_Told = dict[tuple, Count]


def _name(count: Count) -> tuple:
    """A cell can be shown, and known besides: two counts, two names."""
    return count.key, count.known


def _hideable(count: Count) -> bool:
    return not count.known and count.high is not None


def _hide(now: _Told, name: tuple) -> bool:
    """Hide a count, or give it up; whether that is news.

    Beside a hidden zero, other hidden counts may be zero, too.
    """
    count = now[name]
    if count.high is None:
        return False
    least = 0 if count.known else 1
    now[name] = replace(count, low=min(count.low, least), high=None)
    if count.known:
        return True
    if count.low == 0:
        for other in list(now.values()):
            if other.high is None and not other.known and _apart(count, other) <= 1:
                now[_name(other)] = replace(other, low=0)
    return True


def _apart(one: Count, other: Count) -> float:
    """In how many dimensions two cells differ."""
    if one.topic != other.topic:
        return np.inf
    names = {*one.where, *other.where}
    return sum(one.where.get(name) != other.where.get(name) for name in names)


def _line(item: Exposed, now: _Told, block: Block | None) -> list[tuple]:
    """The last resort: all counts in line with the exposed one, or all of its block."""
    free = [count for count in now.values() if _hideable(count)]
    near = [_name(count) for count in free if _apart(item.count, count) <= 1]
    if near or block is None:
        return near
    return [_name(r.count) for r in block.rows if r.age == 0 and _hideable(r.count)]


def _hide_cheapest(
    now: _Told, waiting, held, need: int, clock: _Clock, doubted: dict
) -> tuple[bool, set[tuple]]:
    """Hide what gives each exposed count ``need`` values.

    Whether anything was hidden, and what hiding all would not help; ``doubted``
    gathers what known totals were given up for.
    """
    together: dict[int, tuple[Block, list[Exposed]]] = {}
    for item, block in zip(waiting, held, strict=True):
        if block is not None:
            together.setdefault(id(block), (block, []))[1].append(item)
    changed, hopeless = False, set()
    for block, items in together.values():
        items.sort(key=lambda item: item.possible)
        program = _Elastic(block, items, need, clock)
        for number, item in enumerate(items):
            names = program.cheapest(number, now)
            if names is None:
                hopeless.add(item.count.key)
                continue
            if any(known for _, known in names):
                doubted[item.count.key] = item
            for name in names:
                changed |= _hide(now, name)
    return changed, hopeless


class _Elastic:
    """What is told, but counts that could be hidden may give, at a cost.

    Parameters
    ----------
    block
        Atoms, and what is told about them.
    items
        The exposed counts of the block.
    need
        How many values each should have.
    clock
        When to give up.
    """

    def __init__(
        self, block: Block, items: Sequence[Exposed], need: int, clock: _Clock
    ):
        self.block, self.items, self.need, self.clock = block, items, need, clock
        sums = block.space.sums([row.count.where for row in block.rows])
        rows = sparse.vstack([sums, block.space.links], format="csr")
        asked = block.space.sums([item.count.where for item in items])
        self.told, self.asked, _ = merge(rows, asked)
        self.least = np.array([item.low for item in items], dtype=float)
        self.most = np.array([item.high for item in items], dtype=float)

    def cheapest(self, number: int, now: _Told) -> list[tuple] | None:
        """The cheapest counts that give an exposed one ``need`` values; None: none."""
        self._bound(now, doubt=False)
        if self._reaches(number):
            return []  # what was hidden for others is enough
        for doubt in (False, True):
            self._bound(now, doubt)
            rows = self._chosen(number)
            if rows is not None:
                return [_name(self.block.rows[k].count) for k in rows]
        return None

    def _wide(self, number: int) -> bool:
        return self.most[number] - self.least[number] + 1 >= self.need

    def _see(self, table: np.ndarray) -> None:
        """Note where each exposed count lies in a table that is not ruled out."""
        values = self.asked @ table
        self.least = np.minimum(self.least, np.ceil(values - _SLACK))
        self.most = np.maximum(self.most, np.floor(values + _SLACK))

    def _reaches(self, number: int) -> bool:
        """Whether the count can be far enough from what it could be."""
        for side in (1, -1):
            if not self._wide(number):
                self._push(number, side, self.low, self.high)
        return self._wide(number)

    def _push(self, number: int, side: int, low, high) -> np.ndarray | None:
        """A table in which the count is largest (side 1) or smallest (-1)."""
        weight = -side * self.asked[[number]].toarray().ravel()
        rows = self.told, low, high
        table, _ = solve(self.clock, weight, rows, box=(0.0, self._cap))
        if table is not None:
            self._see(table)
        return table

    def _bound(self, now: _Told, doubt: bool) -> None:
        """What is told now; in doubt, known totals may be given up, too."""
        rows = self.block.rows
        counts = [now[_name(row.count)] if row.age == 0 else row.count for row in rows]
        self.counts = counts
        mine = np.array([row.age == 0 for row in rows])
        known = np.array([count.known for count in counts])
        none = np.zeros(self.block.space.links.shape[0])
        high = [np.inf if count.high is None else count.high for count in counts]
        self.low = np.append([float(count.low) for count in counts], none)
        self.high = np.append(np.array(high, dtype=float), none)
        self._cap = 2 * float(self.high[np.isfinite(self.high)].max(initial=0)) + 1000
        mine &= doubt | ~known
        self._mine = np.flatnonzero(mine)
        self.free = np.flatnonzero(mine & np.isfinite(high))
        people, low = self.high[self.free], self.low[self.free]
        self.cost = np.where(people == 0, 2 + people.max(initial=0), 1 + people)
        self.cost[known[self.free]] += self.cost[~known[self.free]].sum()
        self.fall = low - np.where(known[self.free], 0, np.minimum(low, 1))

    def _chosen(self, number: int) -> list[int] | None:
        """The rows to hide; None if hiding all that can be hidden is not enough."""
        first, last = self.least[number], self.most[number]
        up = self.solve(number, first + self.need - 1, np.inf)
        if up is not None and up[0] == 0:
            return []
        down = self.solve(number, -np.inf, last - self.need + 1)
        answers = [answer for answer in (up, down) if answer is not None]
        if answers:
            return self._take(min(answers, key=lambda answer: answer[0]))
        return self._both(number)

    def _both(self, number: int) -> list[int] | None:
        """Some values above and some below, where neither side has room for all."""
        low, high = self.low.copy(), self.high.copy()
        low[self._mine], high[self._mine] = 0, np.inf
        ends = []
        for side in (1, -1):
            weight = -side * self.asked[[number]].toarray().ravel()
            rows = self.told, low, high
            table, _ = solve(self.clock, weight, rows, box=(0.0, self._cap))
            ends.append(np.nan if table is None else float(-side * (weight @ table)))
        top, bottom = np.floor(ends[0] + _SLACK), np.ceil(ends[1] - _SLACK)
        if not top - bottom + 1 >= self.need:
            return None
        top = min(top, self.least[number] + self.need - 1)
        rows: list[int] = []
        for goal in ((top, np.inf), (-np.inf, top - self.need + 1)):
            answer = self.solve(number, *goal)
            rows += [] if answer is None else self._take(answer)
        return rows

    def _take(self, answer: tuple[float, np.ndarray, np.ndarray]) -> list[int]:
        self._see(answer[2])
        return answer[1].tolist()

    def solve(
        self, number: int, low: float, high: float
    ) -> tuple[float, np.ndarray, np.ndarray] | None:
        """The cost, the rows to hide so that a count can lie within bounds, a table.

        Counts near it are tried first, without zeros; then all.
        """
        if high < 0 or not len(self.free):
            return None
        count = self.items[number].count
        near = [_apart(count, self.counts[k]) <= 2 for k in self.free]
        near = np.array(near) & (self.high[self.free] > 0)
        goal = self.asked[[number]], low, high
        for may in (near, np.ones(len(self.free), dtype=bool)):
            for reach in (50.0, 1e6):
                found = self._least(goal, reach, may) if may.any() else None
                if found is not None:
                    table, give = found
                    hidden = give > _SLACK
                    cost = float(self.cost[hidden].sum())
                    return cost, self.free[hidden], table
        return None

    def _least(self, goal, reach: float, may) -> tuple[np.ndarray, np.ndarray] | None:
        """The cheapest table and what each count gives; fractions thin counts out."""
        thin = None
        if may.sum() > _MANY:
            thin = self._program(goal, reach, may, whole=False)
            if thin is None:
                return None
            may = thin[1] > 1e-9
            if not may.any():
                return thin
        return self._program(goal, reach, may, whole=True) or thin

    def _program(
        self, goal, reach: float, may, whole: bool
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A table, and how much each count gives in it; 1: it is hidden."""
        give = np.flatnonzero(may)
        size, number = self.told.shape[1], len(give)
        chosen = self.free[give]
        binding = (self.low > 0) | np.isfinite(self.high)
        binding[chosen] = False
        stays, free = self.told[np.flatnonzero(binding)], self.told[chosen]
        rise = sparse.dia_array((np.full((1, number), reach), [0]), (number, number))
        fall = np.minimum(self.fall[give], reach)[None]
        fall = sparse.dia_array((fall, [0]), (number, number))
        asked, low, high = goal
        matrix = sparse.block_array(
            [[stays, None], [free, fall], [free, -rise], [asked, None]],
            format="csr",
        )
        endless = np.full(number, np.inf)
        top = np.append(np.full(size, self._cap), np.ones(number))
        lows = self.low[binding], self.low[chosen], -endless, [low]
        highs = self.high[binding], endless, self.high[chosen], [high]
        values, _ = solve(
            self.clock,
            np.append(np.zeros(size), self.cost[give]),
            (matrix, np.concatenate(lows), np.concatenate(highs)),
            box=(np.zeros(size + number), top),
            whole=np.append(np.zeros(size), np.full(number, whole)),
            nodes=_NODES,
        )
        if values is None:
            return None
        gives = np.zeros(len(self.free))
        gives[give] = values[size:]
        return values[:size], gives
