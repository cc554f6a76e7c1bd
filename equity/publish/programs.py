"""An attacker who solves whole-numbered programs about counts.

**Terms**

witness
    A table of whole numbers that agrees with everything that is told. Each one shows
    for every count a value that a reader cannot rule out, so it serves all counts at
    once, and most counts need no program of their own.
move
    The difference of two witnesses. In a large part whole programs are slow and
    short moves are quick, and once some are known, walking along them at random
    makes as many witnesses as are wanted (Diaconis and Sturmfels 1998).
part
    Atoms that some count ties together. What is told about one part says nothing of
    another.

A count is safe only when witnesses prove it. Where a program did not finish, nothing
is proven, and the count is taken to be exposed.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a program. Diaconis and Sturmfels (1998), Algebraic algorithms for sampling
from conditional distributions, Annals of Statistics 26(1), 363-397. Whole
numbers matter: a count that ranges from 3.5 to 4.5 is 4.
HiGHS, https://highs.dev, solves the programs.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import csgraph

_LARGE = 600  # a part with more atoms is walked through
_STEPS = 40  # of a walk, after each new move
_PASSES = 4  # each from where the one before ended
_REACH = 3.0  # the most by which one atom changes in a move
_PATIENCE = 10.0  # seconds for one program of a large part
_ROUNDS = 12  # witnesses made for all counts at once, before each has its own
_ENOUGH = 64  # values of a count that are worth remembering
_INFEASIBLE = 2  # the status of scipy.optimize.milp


@dataclass(frozen=True)
class Span:
    """What an attacker finds out about one count.

    Attributes
    ----------
    low, high
        The range; ``high`` None: no bound. None and None where nothing is proven.
    possible
        How many values it can have, as far as they were counted.
    proven
        Whether the programs about it finished.
    """

    low: int | None
    high: int | None
    possible: int
    proven: bool = True


class Clock:
    """The time that is left."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds; never negative."""
        return max(0.0, self._end - time.monotonic())


class Program:
    """Everything that is told about one block, as rows over atoms.

    Parameters
    ----------
    rows
        What is told, as sums of atoms.
    low, high
        Its bounds; infinite where there is none.
    links
        Sums of atoms that are zero.
    asked
        The counts that are attacked, as sums of atoms.
    clock
        When to give up.
    """

    def __init__(
        self,
        rows: sparse.csr_array,
        low: np.ndarray,
        high: np.ndarray,
        links: sparse.csr_array,
        asked: sparse.csr_array,
        clock: Clock,
    ):
        none = np.zeros(links.shape[0])
        low, high = np.concatenate([low, none]), np.concatenate([high, none])
        told = sparse.vstack([rows, links], format="csr")
        told, asked, self._merged = merge(told, asked)
        self.clock, self._links = clock, links.shape[0]
        self.parts: list[_Part] = []
        self.feasible, value = _settle(told, low, high)
        self._given = asked @ np.nan_to_num(value)
        self._home = np.full(asked.shape[0], -1)
        self._place = np.zeros(asked.shape[0], dtype=int)
        free = np.flatnonzero(np.isnan(value))
        self._value, self._free = value, free
        self._columns: list[np.ndarray] = []
        if not self.feasible or not len(free):
            return
        used = told @ np.nan_to_num(value)
        self._divide(told[:, free], low - used, high - used, asked[:, free])

    def _divide(self, told, low, high, asked) -> None:
        """Make the parts."""
        ties = sparse.vstack([told, asked], format="csr")
        graph = sparse.bmat([[None, ties], [ties.T, None]], format="csr")
        _, label = csgraph.connected_components(graph, directed=False)
        of_row, of_column = label[: ties.shape[0]], label[ties.shape[0] :]
        binding = (low > 0) | np.isfinite(high)
        sizes = np.diff(ties.indptr)
        for k in np.unique(of_column):
            columns = np.flatnonzero(of_column == k)
            mine = np.flatnonzero((of_row == k) & (sizes > 0))
            inside = mine[mine < told.shape[0]]
            inside = inside[binding[inside]]
            questions = mine[mine >= told.shape[0]] - told.shape[0]
            self._home[questions] = len(self.parts)
            self._place[questions] = np.arange(len(questions))
            self._columns.append(self._free[columns])
            self.parts.append(
                _Part(
                    told[inside][:, columns],
                    low[inside],
                    high[inside],
                    asked[questions][:, columns],
                    self._given[questions],
                    self.clock,
                )
            )
            known = questions < told.shape[0] - self._links
            exact = low == high
            self.parts[-1].fixed = np.flatnonzero(
                known & exact[np.minimum(questions, len(exact) - 1)]
            )

    def possible(self) -> bool:
        """Whether any table of whole numbers agrees with what is told."""
        return self.feasible and all(part.start() for part in self.parts)

    def locate(self, places: np.ndarray, patterns: list[tuple[int, ...]]) -> None:
        """Say where atoms lie and which dimensions each question divides."""
        _, first = np.unique(self._merged, return_index=True)
        for number, part in enumerate(self.parts):
            part.places = places[first[self._columns[number]]]
            questions = np.flatnonzero(self._home == number)
            part.patterns = [patterns[k] for k in questions]

    def warm(self, need: int, questions: Iterable[int]) -> None:
        """Make witnesses that serve all counts at once."""
        wanted = np.zeros(len(self._home), dtype=bool)
        wanted[list(questions)] = True
        for number, part in enumerate(self.parts):
            mine = self._home == number
            part.warm(need, self._place[mine & wanted].tolist())

    def examine(self, question: int, need: int, least: int) -> Span:
        """Whether a count has ``need`` values, or is surely ``least`` or more."""
        if self._home[question] < 0:
            value = round(self._given[question])
            return Span(value, value, 1)
        part = self.parts[self._home[question]]
        return part.examine(self._place[question], need, least)

    def span(self, question: int) -> Span:
        """The whole range of a count."""
        return self.examine(question, 0, 0)

    def small_atoms(self, least: int) -> list[tuple[np.ndarray, int]]:
        """Atoms known exactly and small: what each was put together from; its value."""
        fixed = ~np.isnan(self._value) & (self._value > 0) & (self._value < least)
        found = [(k, int(self._value[k])) for k in np.flatnonzero(fixed)]
        for part, columns in zip(self.parts, self._columns, strict=True):
            found += [
                (columns[atom], int(part.smallest[atom]))
                for atom in part.small_atoms(least)
            ]
        return [(np.flatnonzero(self._merged == k), value) for k, value in found]


def merge(
    told: sparse.csr_array, asked: sparse.csr_array
) -> tuple[sparse.csr_array, sparse.csr_array, np.ndarray]:
    """Put atoms together that lie in exactly the same rows.

    Parameters
    ----------
    told, asked
        Sums of atoms: rows by atoms.

    Returns
    -------
    told, asked, home
        The same over fewer atoms, and for each old atom the number of its new one.

    Examples
    --------
    >>> told = sparse.csr_array([[1.0, 1.0, 0.0]])
    >>> merge(told, told)[0].shape
    (1, 2)
    """
    both = sparse.vstack([told, asked], format="csc")
    both.sort_indices()
    random = np.random.default_rng(0).random((both.shape[0], 2))
    marks = both.T @ random
    _, first, of = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    both = both[:, first].tocsr()
    return both[: told.shape[0]], both[told.shape[0] :], of.ravel()


def _settle(told, low, high) -> tuple[bool, np.ndarray]:
    """Work out, row by row, the atoms that leave no choice; NaN: a choice is left."""
    value = np.full(told.shape[1], np.nan)
    size = abs(told)
    cell = np.asarray(told.min(axis=1).todense()).ravel() >= 0 if told.nnz else low == 0
    while True:
        free = np.isnan(value)
        used = told @ np.nan_to_num(value)
        count = np.rint(size @ free.astype(float))
        rest_low, rest_high = low - used, high - used
        over = cell & (rest_high < 0)
        short = (count == 0) & ((rest_low > 0) | (rest_high < 0))
        if over.any() or short.any():
            return False, value
        empty = cell & (rest_high == 0) & (count > 0)
        single = (count == 1) & (rest_low == rest_high) & ~empty
        if not empty.any() and not single.any():
            return True, value
        columns = told[np.flatnonzero(empty)].indices
        value[columns[free[columns]]] = 0.0
        rows = told[np.flatnonzero(single)].tocoo()
        keep = free[rows.col] & np.isnan(value[rows.col])
        rest = rest_low[single][rows.row] / rows.data
        value[rows.col[keep]] = rest[keep]
        if (value < 0).any():
            return False, value


class _Part:
    """Atoms that are tied together, and the witnesses found so far."""

    def __init__(self, told, low, high, asked, given, clock):
        self.told, self.low, self.high = told.tocsr(), low, high
        self.asked, self.given = asked.tocsr(), np.rint(given).astype(np.int64)
        self.clock = clock
        finite = np.concatenate([low, high[np.isfinite(high)], [0.0]])
        self.cap = 2 * float(finite.max()) + 1000  # stands for no bound
        self.smallest = np.full(told.shape[1], np.iinfo(np.int64).max)
        self.largest = np.full(told.shape[1], -1, dtype=np.int64)
        self.seen: list[set[int]] = [set() for _ in range(asked.shape[0])]
        self.large = told.shape[1] > _LARGE
        self.state = np.zeros(0)  # the last witness
        self.places = np.zeros((told.shape[1], 1), dtype=int)
        self.patterns: list[tuple[int, ...]] = [()] * asked.shape[0]
        self.fixed = np.zeros(0, dtype=int)
        self.moves: list[np.ndarray] = []
        self._random = np.random.default_rng(0)
        self._known: bool | None = None

    # --- programs ---

    def _solve(self, weight, row=None, bounds=None) -> tuple[np.ndarray | None, bool]:
        """A table that agrees with what is told and makes ``weight`` least.

        None if there is none; and whether that is proven.
        """
        told, low, high = self.told, self.low, self.high
        if row is not None:
            told = sparse.vstack([told, row], format="csr")
            low, high = np.append(low, bounds[0]), np.append(high, bounds[1])
        if self.clock.left <= 0:
            return None, False
        found = optimize.milp(
            weight,
            integrality=np.ones(told.shape[1]),
            bounds=optimize.Bounds(0, self.cap),
            constraints=optimize.LinearConstraint(told, low, high)
            if told.shape[0]
            else None,
            options={"time_limit": self._patience(), "mip_rel_gap": 0.0},
        )
        if found.x is None:
            return None, found.status == _INFEASIBLE
        table = np.rint(found.x)
        sums = told @ table
        if (table < 0).any() or (sums < low).any() or (sums > high).any():
            return None, False  # not to be trusted
        self._witness(table.astype(np.int64))
        return table, found.status == 0

    def _patience(self) -> float:
        started = self._known is not None
        return min(self.clock.left, _PATIENCE if self.large and started else np.inf)

    def _witness(self, table: np.ndarray) -> None:
        self.state = table.astype(float)
        np.minimum(self.smallest, table, out=self.smallest)
        np.maximum(self.largest, table, out=self.largest)
        values = np.rint(self.asked @ table).astype(np.int64) + self.given
        for seen, value in zip(self.seen, values.tolist(), strict=True):
            if len(seen) < _ENOUGH:
                seen.add(value)

    def start(self) -> bool:
        """Whether there is any witness; taken to be so where time ran out."""
        if self._known is None:
            table, proven = self._solve(np.zeros(self.told.shape[1]))
            self._known = table is not None or not proven
        return self._known

    def warm(self, need: int, questions: list[int]) -> None:
        """Witnesses that are far apart, in directions chosen at random but fixed."""
        if self.large:
            for _ in range(_PASSES):
                for question in questions:
                    if len(self.seen[question]) < need:
                        self._wander(question, need)
            return
        random = np.random.default_rng(0)
        for _ in range(_ROUNDS):
            open_ = [k for k in questions if len(self.seen[k]) < need]
            if not open_ and not self._still().any():
                return
            pull = np.zeros(len(self.seen))
            pull[open_] = random.choice([-1.0, 1.0], size=len(open_))
            weight = self.asked.T @ pull
            weight = weight + 0.1 * random.standard_normal(len(weight))
            for sign in (1.0, -1.0):
                table, _ = self._solve(sign * weight)
                if table is None:
                    return

    def _still(self) -> np.ndarray:
        """Atoms that have had one value only, and not none."""
        return (self.smallest == self.largest) & (self.smallest > 0)

    # --- moves, for large parts ---

    def _wander(self, question: int, need: int) -> None:
        """Look for ``need`` values of a count along moves."""
        home = self.state
        if not len(home):
            return
        for sign in (1.0, -1.0):
            self.state = home
            while len(self.seen[question]) < need:
                move = self._move(question, sign)
                if move is None:
                    break
                self.moves.append(move)
                self._follow(move, need)
        for _ in range(_STEPS if self.moves else 0):
            move = self.moves[self._random.integers(len(self.moves))]
            self._follow(move * self._random.choice([-1.0, 1.0]), 2)

    def _follow(self, move: np.ndarray, most: int) -> None:
        """Go along a move as often as it agrees with what is told."""
        for _ in range(most):
            table = self.state + move
            if (table < 0).any() or (table > self.cap).any():
                return
            sums = self.told @ table
            if (sums < self.low).any() or (sums > self.high).any():
                return
            self._witness(table.astype(np.int64))

    def _move(self, question: int, sign: float) -> np.ndarray | None:
        """A short move that changes a count by one at least; None if none is found.

        It stays within slices: other dimensions than those the count divides keep
        all their sums, so that nearly all of it is a flow, which is quickly found.
        """
        if self.clock.left <= 0 or not self.patterns[question]:
            return None
        axes = list(self.patterns[question])
        inside = (self.places[:, axes] >= 0).all(axis=1)
        clique = self.places[np.flatnonzero(inside)[:1], 0]
        inside &= self.places[:, 0] == clique
        still = np.array([pattern == tuple(axes) for pattern in self.patterns])
        still &= np.isin(np.arange(len(still)), self.fixed)
        inside &= (self.asked[np.flatnonzero(still)].sum(axis=0) == 0).ravel()
        free = np.flatnonzero(inside)
        if not len(free):
            return None
        keep = []
        for axis in axes:
            others = np.delete(self.places[free], axis, axis=1)
            _, line = np.unique(others, axis=0, return_inverse=True)
            keep.append(
                sparse.csr_array((np.ones(len(free)), (line.ravel(), range(len(free)))))
            )
        told = self.told[:, free]
        touched = np.flatnonzero(np.diff(told.indptr))
        row = sign * self.asked[[question]][:, free]
        lines = sparse.vstack(keep, format="csr")
        rows = sparse.vstack([told[touched], lines, row], format="csr")
        sums, none = self.told @ self.state, np.zeros(lines.shape[0])
        low = np.concatenate([(self.low - sums)[touched], none, [1.0]])
        high = np.concatenate([(self.high - sums)[touched], none, [np.inf]])
        state = np.minimum(self.state[free], _REACH)
        cost = 1.0 + 0.01 * self._random.random(2 * len(free))
        found = optimize.milp(
            cost,
            integrality=np.ones(2 * len(free)),
            bounds=optimize.Bounds(
                0, np.concatenate([np.full(len(free), _REACH), state])
            ),
            constraints=optimize.LinearConstraint(
                sparse.hstack([rows, -rows], format="csr"), low, high
            ),
            options={"time_limit": min(self._patience(), 2.0), "mip_rel_gap": 0.5},
        )
        if found.x is None:
            return None
        move = np.zeros(len(self.state))
        move[free] = np.rint(found.x[: len(free)] - found.x[len(free) :])
        return move

    def _relaxed(self, weight: np.ndarray) -> float | None:
        """The least of a sum where fractions are allowed; below what is possible."""
        found = optimize.milp(
            weight,
            bounds=optimize.Bounds(0, self.cap),
            constraints=optimize.LinearConstraint(self.told, self.low, self.high),
            options={"time_limit": self._patience()},
        )
        return float(found.fun) if found.status == 0 else None

    # --- questions ---

    def examine(self, question: int, need: int, least: int) -> Span:
        """See `Program.examine`; ``need`` 0: the whole range is wanted."""
        seen = self.seen[question]
        if need and len(seen) >= need:
            return Span(min(seen), max(seen), len(seen))
        row = self.asked[[question]]
        weight = np.asarray(row.todense()).ravel()
        if need and self.large:
            narrow = self._narrow(weight, question, need, least)
            if narrow is not None:
                return narrow
        ends = []
        for sign in (1.0, -1.0):
            table, proven = self._solve(sign * weight)
            if table is None or not proven:
                return Span(None, None, 0, proven=False)
            ends.append(round(float(weight @ table)) + int(self.given[question]))
            if need and (ends[0] >= least or len(seen) >= need):
                return Span(ends[0], None, len(seen))
        low, high = ends
        unbounded = high - int(self.given[question]) >= self.cap
        if not need:
            return Span(low, None if unbounded else high, len(seen))
        return self._fill(question, row, need, (low, None if unbounded else high))

    def _narrow(self, weight, question: int, need: int, least: int) -> Span | None:
        """What fractions prove already: too narrow a range, or no small count."""
        given, seen = int(self.given[question]), self.seen[question]
        low = self._relaxed(weight)
        if low is None:
            return None
        low = ceil(low - 1e-6) + given
        if low >= least:
            return Span(low, None, len(seen))
        high = self._relaxed(-weight)
        high = None if high is None else floor(1e-6 - high) + given
        if high is None or high - low + 1 >= need:
            return None
        return Span(low, high, high - low + 1)

    def _fill(self, question: int, row, need: int, ends: tuple) -> Span:
        """Count the values between those seen: whole numbers can leave gaps."""
        seen, given = self.seen[question], int(self.given[question])
        closed = set()
        while len(seen) < need:
            ordered = sorted(seen)
            gaps = [
                (a, b)
                for a, b in pairwise(ordered)
                if b - a > 1 and (a, b) not in closed
            ]
            if not gaps:
                break
            a, b = gaps[0]
            bounds = (a + 1 - given, b - 1 - given)
            table, proven = self._solve(np.zeros(row.shape[1]), row, bounds)
            if table is None and not proven:
                return Span(None, None, 0, proven=False)
            if table is None:
                closed.add((a, b))
        return Span(*ends, len(seen))

    def small_atoms(self, least: int) -> list[int]:
        """Atoms known exactly, above zero and below ``least``."""
        found: list[int] = []
        while True:
            still = self._still() & (self.smallest < least)
            still[found] = False
            if not still.any():
                return found
            atom = int(np.flatnonzero(still)[0])
            value = int(self.smallest[atom])
            weight = np.zeros(self.told.shape[1])
            weight[atom] = 1.0
            ends = [self._solve(sign * weight) for sign in (1.0, -1.0)]
            same = all(table is None or table[atom] == value for table, _ in ends)
            if same:  # known, or not proven otherwise
                found.append(atom)
