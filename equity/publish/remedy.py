"""The remedy: which further counts to hide so that an attack finds nothing.

For each exposed count a program looks for a table that a reader could not rule out if
the cheapest of the shown counts were hidden, and in which the exposed count is far
enough from what it can be now. A count costs as much as it has people, so that most
people stay shown; a zero costs more than any count, because hiding zeros makes every
hidden count of its table vaguer. It starts from what a reader is told, so that the
choice itself tells nothing.

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
from scipy import optimize, sparse

from equity.errors import DisclosureError
from equity.publish.attack import (
    NEED,
    SECONDS,
    Exposed,
    arrange,
    attack,
)
from equity.publish.cells import Count, of_outcomes, to_outcomes
from equity.publish.programs import Clock, merge

_MANY = 300  # so many counts that could be hidden are first thinned out
_ROUNDS = 25


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
        Time for all of it. When it is over, whole lines are hidden.

    Returns
    -------
    Plan
        Counts of this release to hide. Hidden counts are taken to be one at least,
        hidden zeros to be zero at least.

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
    clock = Clock(seconds)
    now = {count.key: count for count in told}
    before = dict(now)
    topics = {item.count.topic for item in exposed}
    now = {key: count for key, count in now.items() if count.topic in topics}
    older = [[count for count in one if count.topic in topics] for one in earlier]
    waiting = list(exposed)
    for number in range(_ROUNDS):
        if not waiting:
            break
        changed = False
        for item in waiting:
            cells = _cheapest(item, now, older, need, clock) if number < 8 else []
            for key in cells:
                changed |= _hide(now, key)
        if not changed:
            for item in waiting:
                for key in _line(item, now, older, clock):
                    changed |= _hide(now, key)
        if not changed:
            break
        waiting = attack(
            list(now.values()),
            min_cell=min_cell,
            earlier=older,
            need=need,
            seconds=max(clock.left, 10.0),
        ).exposed
    cells = tuple(
        before[key]
        for key, count in now.items()
        if (count.low, count.high) != (before[key].low, before[key].high)
        and _hideable(before[key])
    )
    return Plan(cells, tuple(waiting))


def _hideable(count: Count) -> bool:
    return not count.known and count.high is not None


def _hide(now: dict[tuple, Count], key: tuple) -> bool:
    """Hide a count; beside a hidden zero, other hidden counts may be zero, too."""
    count = now[key]
    if not _hideable(count):
        return False
    now[key] = replace(count, low=min(count.low, 1), high=None)
    if count.low == 0:
        for other in list(now.values()):
            if other.high is None and not other.known and _in_line(count, other):
                now[other.key] = replace(other, low=0)
    return True


def _in_line(one: Count, other: Count) -> bool:
    """Whether two cells differ in one dimension at most."""
    if one.topic != other.topic:
        return False
    names = {*one.where, *other.where}
    return sum(one.where.get(name) != other.where.get(name) for name in names) <= 1


def _rows(item: Exposed, now, older, clock: Clock):
    """The block in which the exposed count lies."""
    for block in arrange(list(now.values()), older, item.count, clock):
        if block.space is not None:
            return block
    return None


def _line(item: Exposed, now, older, clock: Clock) -> list[tuple]:
    """The last resort: all counts in line with the exposed one, or all of its block."""
    free = [count for count in now.values() if _hideable(count)]
    near = [count.key for count in free if _in_line(item.count, count)]
    if near:
        return near
    block = _rows(item, now, older, clock)
    if block is None:
        return [count.key for count in free if count.topic == item.count.topic]
    return [r.count.key for r in block.rows if r.age == 0 and _hideable(r.count)]


def _cheapest(item: Exposed, now, older, need: int, clock: Clock) -> list[tuple]:
    """The cheapest counts whose hiding leaves the exposed one ``need`` values."""
    if item.low is None or item.high is None or clock.left <= 0:
        return []
    block = _rows(item, now, older, clock)
    if block is None:
        return []
    elastic = _Elastic(block, item, clock)
    for width in range(need, 1, -1):
        answers = [
            elastic.solve(item.low + width - 1, np.inf),
            elastic.solve(-np.inf, item.high - width + 1),
        ]
        answers = [answer for answer in answers if answer is not None]
        if answers:
            chosen = min(answers, key=lambda answer: answer[0])[1]
            return [block.rows[k].count.key for k in chosen]
    return []


class _Elastic:
    """What is told, but counts that could be hidden may give, at a cost."""

    def __init__(self, block, item: Exposed, clock: Clock):
        counts = [row.count for row in block.rows]
        free = [row.age == 0 and _hideable(row.count) for row in block.rows]
        self.clock = clock
        self.free = np.flatnonzero(free)
        sums = block.space.sums([*(c.where for c in counts), item.count.where])
        told = sparse.vstack([sums[:-1], block.space.links], format="csr")
        self.told, self.asked, _ = merge(told, sums[[-1]])
        none = np.zeros(block.space.links.shape[0])
        highs = [np.inf if c.high is None else c.high for c in counts]
        self.low = np.concatenate([[c.low for c in counts], none]).astype(float)
        self.high = np.concatenate([highs, none]).astype(float)
        people = self.high[self.free]
        self.cost = np.where(people == 0, 2 + people.max(initial=0), 1 + people)
        self.fall = self.low[self.free] - np.minimum(self.low[self.free], 1)

    def solve(self, low: float, high: float) -> tuple[float, np.ndarray] | None:
        """The cost and the rows to hide so that the count can lie within bounds."""
        if high < 0 or not len(self.free):
            return None
        for reach in (50.0, 1e6):
            chosen = np.ones(len(self.free), dtype=bool)
            if len(chosen) > _MANY:
                give = self._program(low, high, reach, chosen, whole=False)
                if give is None:
                    continue
                thin = give > 1e-9
                give = self._program(low, high, reach, thin, whole=True)
                chosen = thin if give is not None else chosen
            else:
                give = self._program(low, high, reach, chosen, whole=True)
            if give is not None:
                hidden = give > 1e-6
                return float(self.cost[hidden].sum()), self.free[hidden]
        return None

    def _program(self, low, high, reach, chosen, whole) -> np.ndarray | None:
        """How much each count gives; 1: it is hidden."""
        rows, size = self.told.shape
        count = len(self.free)
        place = (self.free, np.arange(count))
        fall = sparse.csr_array((np.minimum(self.fall, reach), place), (rows, count))
        rise = sparse.csr_array((np.full(count, reach), place), (rows, count))
        none = sparse.csr_array((1, count))
        matrix = sparse.block_array(
            [[self.told, fall], [self.told, -rise], [self.asked, none]], format="csr"
        )
        endless = np.full(rows, np.inf)
        most = float(self.high[np.isfinite(self.high)].max(initial=0))
        top = np.concatenate([np.full(size, 2 * most + 1000), chosen.astype(float)])
        if self.clock.left <= 0:
            return None
        found = optimize.milp(
            np.concatenate([np.zeros(size), self.cost]),
            integrality=np.full(size + count, int(whole)),
            bounds=optimize.Bounds(0, top),
            constraints=optimize.LinearConstraint(
                matrix,
                np.concatenate([self.low, -endless, [low]]),
                np.concatenate([endless, self.high, [high]]),
            ),
            options={"time_limit": min(10.0, self.clock.left)},
        )
        return None if found.x is None else found.x[size:]
