"""Tables of whole numbers that a reader cannot rule out, found by linear programs.

**Terms**

witness
    A table of whole numbers that agrees with everything that is told. Each one shows
    for every count a value that a reader cannot rule out, so it serves all counts at
    once, and most counts need no program of their own.
relaxed
    With fractions allowed. A relaxed program is quick, most of its corners are whole
    numbers and so witnesses, and its ends are never inside those of whole numbers: a
    range that is too narrow with fractions is too narrow without.
alike
    Counts that differ by a number that everything told fixes, or add up to one: if
    one is known to be 3 to 6, so is the other, from its own start.

A count is safe only when witnesses prove it. All limits are limits on work, never on
time, so that the same release gives the same answer on any machine.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a program. Fischetti, Glover and Lodi (2005), The feasibility pump,
Mathematical Programming 104, 91-104: whole numbers are sought beside fractions.
Fong and Saunders (2011), LSMR, SIAM Journal on Scientific Computing 33(5), 2950-2971.
Whole numbers matter: a count that ranges from 3.5 to 4.5 is 4.
HiGHS, https://highs.dev, solves the programs.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import linalg

from equity.errors import DisclosureError

_ROUNDS = 40  # of pushing all open counts at once
_DRY = 4  # rounds without news that are enough
_TRIES = 40  # values of one count that are tried one by one
_STEPS = 4_000  # of least squares
_ENOUGH = 64  # values of a count that are worth remembering
_NEAR = ((1, 30), (3, 100))  # how far from fractions to look, and for how many nodes
_NODES = 20_000  # of a program that looks everywhere
_WHOLE = 1e-6
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


_UNPROVEN = Span(None, None, 0, proven=False)


class _Clock:
    """The last resort against programs that take for ever."""

    def __init__(self, seconds: float):
        self.seconds, self._end = seconds, time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; raises where none is left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DisclosureError(
                f"the audit did not finish in {self.seconds:,.0f} seconds, so nothing "
                "is proven and nothing is published. Run again when the machine is "
                "less busy; if that is of no use, cross fewer dimensions in one table"
            )
        return left


def solve(
    clock: _Clock,
    weight: np.ndarray,
    rows: tuple[sparse.csr_array, np.ndarray, np.ndarray],
    *,
    box: tuple,
    whole: np.ndarray | bool = False,
    nodes: int = _NODES,
) -> tuple[np.ndarray | None, bool]:
    """Solve one program within limits on work.

    Parameters
    ----------
    clock
        Raises when all time is over.
    weight
        What is made least.
    rows
        Sums, and their lowest and highest values.
    box
        The lowest and highest value of each variable.
    whole
        Which variables are whole numbers.
    nodes
        The most nodes of the search.

    Returns
    -------
    values, proven
        None if there are none. Whether the values are the best or, where there are
        none, whether that is certain.

    Raises
    ------
    DisclosureError
        If the time of the audit is over.

    References
    ----------
    See the module.

    Examples
    --------
    >>> line = sparse.csr_array([[1.0, 1.0]]), np.array([3.0]), np.array([3.0])
    >>> values, _ = solve(_Clock(9), np.array([1.0, 0.0]), line, box=(0, 9))
    >>> values.tolist()
    [0.0, 3.0]
    """
    options = {"time_limit": clock.left(), "node_limit": nodes, "mip_rel_gap": 0.0}
    found = optimize.milp(
        weight,
        integrality=np.broadcast_to(np.asarray(whole, dtype=int), len(weight)),
        bounds=optimize.Bounds(*box),
        constraints=optimize.LinearConstraint(*rows) if rows[0].shape[0] else None,
        options=options,
    )
    clock.left()
    if found.x is None:
        return None, found.status == _INFEASIBLE
    return found.x, found.status == 0


def alike(
    told: sparse.csr_array, asked: sparse.csr_array
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find sums that exact sums tie to each other.

    Directions drawn at random are made to change none of the exact sums; two sums
    that change alike along three of them are alike.

    Parameters
    ----------
    told
        The sums that are known exactly.
    asked
        The sums that are compared.

    Returns
    -------
    first, kind, sign
        One sum of each kind; the kind of each sum, -1 where it is known exactly; and
        1 or -1, as it grows or falls with the first of its kind.

    References
    ----------
    See the module.

    Examples
    --------
    >>> told = sparse.csr_array([[1.0, 1.0, 0.0]])
    >>> asked = sparse.csr_array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0]])
    >>> first, kind, sign = alike(told, asked)
    >>> first.tolist(), kind.tolist(), sign[:2].tolist()
    ([0], [0, 0, -1], [1, -1])
    """
    moves = np.random.default_rng(0).standard_normal((asked.shape[1], 3))
    if told.shape[0]:
        exact = {"atol": 1e-14, "btol": 1e-14, "conlim": 0, "maxiter": _STEPS}
        for move in moves.T:
            move -= linalg.lsmr(told, told @ move, **exact)[0]
        if np.abs(told @ moves).max() > _WHOLE / 100:  # unfinished: all differ
            moves = np.random.default_rng(0).standard_normal(moves.shape)
    changes = asked @ moves
    known = (np.abs(changes) < _WHOLE).all(axis=1)
    sign = np.where(changes[:, 0] < 0, -1, 1)
    marks = np.round(changes * sign[:, None], 5)
    kind, first = np.full(len(sign), -1), np.flatnonzero(~known)
    if len(first):
        _, at, of = np.unique(
            marks[~known], axis=0, return_index=True, return_inverse=True
        )
        kind[~known], first = of.ravel(), first[at]
        sign = sign * sign[first][kind]
    return first, kind, sign


def _tidy(told, low, high, cap: float) -> tuple[tuple, tuple]:
    """Rows that differ and hold several atoms each; the bounds of single atoms."""
    marks = told @ np.random.default_rng(0).random((told.shape[1], 2))
    _, at, of = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    lows, highs = np.full(len(at), -np.inf), np.full(len(at), np.inf)
    np.maximum.at(lows, of.ravel(), low)
    np.minimum.at(highs, of.ravel(), high)
    told = told[at]
    single = (np.diff(told.indptr) == 1) & (told.data[told.indptr[:-1]] == 1)
    atoms = told[np.flatnonzero(single)].indices
    box = np.zeros(told.shape[1]), np.full(told.shape[1], cap)
    np.maximum.at(box[0], atoms, lows[single])
    np.minimum.at(box[1], atoms, highs[single])
    several = np.flatnonzero(~single)
    return (told[several], lows[several], highs[several]), box


class _Part:
    """Atoms that are tied together, and the witnesses found so far.

    Parameters
    ----------
    told, low, high
        Sums of atoms, and what is told about them.
    asked, given
        The counts that are attacked: sums of atoms, and what is to be added. The
        atoms themselves follow as further questions.
    clock
        When to give up.
    """

    def __init__(self, told, low, high, asked, given, clock):
        self.told, self.clock, self.size = (
            (told.tocsr(), low, high),
            clock,
            told.shape[1],
        )
        self.first_atom = asked.shape[0]
        self.asked = sparse.vstack([asked, sparse.eye_array(self.size)], format="csr")
        self.given = np.concatenate([np.rint(given), np.zeros(self.size)]).astype(int)
        finite = np.concatenate([low, high[np.isfinite(high)], [0.0]])
        self.cap = 2 * float(finite.max()) + 1000  # stands for no bound
        self.rows, self.box = _tidy(*self.told, self.cap)
        self._random = np.random.default_rng(0)
        self._possible: bool | None = None
        self._begun = False  # once there is a witness
        self._ends: dict[tuple[int, int, bool], float] = {}
        self.offset = np.zeros(self.asked.shape[0], dtype=np.int64)

    # --- witnesses ---

    def start(self) -> bool:
        """Whether there is any witness; taken to be so where none was found."""
        if self._possible is None:
            told, low, high = self.told
            exact = told[np.flatnonzero(low == high)]
            first, self.kind, self.sign = alike(exact, self.asked)
            self.kinds = self.asked[first]
            self.seen = np.full((len(first), _ENOUGH), -1, dtype=np.int64)
            self.count = np.zeros(len(first), dtype=np.int64)
            none = self._find(self._random.standard_normal(self.size))
            for _ in range(2):
                if not none and not self._begun:
                    none = self._find(self._random.standard_normal(self.size))
            if not none and not self._begun:
                none = self._find(np.zeros(self.size), everywhere=True)
            self._possible = not none
        return self._possible

    def warm(self, need: int, questions: np.ndarray) -> None:
        """Look for tables that are far apart, in directions drawn at random."""
        kinds, dry = np.unique(self.kind[questions]), 0
        for _ in range(_ROUNDS if self._begun else 0):
            open_ = kinds[(kinds >= 0) & (self.count[kinds] < need)]
            if not len(open_) or dry == _DRY:
                return
            before = self.count[open_].sum()
            pull = self._random.choice([-1.0, 1.0], size=len(open_))
            weight = self.kinds[open_].T @ pull
            weight = weight + 0.1 * self._random.standard_normal(self.size)
            self._find(weight)
            self._find(-weight)
            dry = 0 if self.count[open_].sum() > before else dry + 1

    def _find(self, weight, row=None, value=0, everywhere: bool = False) -> bool:
        """Look for a witness, beside fractions first; whether there surely is none."""
        rows = self.rows
        if row is not None:
            told, low, high = rows
            told = sparse.vstack([told, row], format="csr")
            rows = told, np.append(low, value), np.append(high, value)
        table, sure = solve(self.clock, weight, rows, box=self.box)
        if table is None or self._witness(table):
            return table is None and sure
        none = np.zeros(self.size)
        for far, nodes in _NEAR:
            low, high = np.floor(table) - far, np.ceil(table) + far
            box = np.maximum(low, self.box[0]), np.minimum(high, self.box[1])
            near, _ = solve(self.clock, none, rows, box=box, whole=True, nodes=nodes)
            if near is not None and self._witness(near):
                return False
        if not everywhere:
            return False
        table, sure = solve(self.clock, none, rows, box=self.box, whole=True)
        if table is not None:
            self._witness(table)
        return table is None and sure

    def _witness(self, table: np.ndarray) -> bool:
        """Note the values of a table, if it is whole and agrees with what is told."""
        if np.abs(table - np.rint(table)).max(initial=0) > _WHOLE:
            return False
        table = np.rint(table)
        told, low, high = self.told
        sums = told @ table
        if (table < 0).any() or (sums < low).any() or (sums > high).any():
            return False
        values = np.rint(self.kinds @ table).astype(np.int64)
        if not self._begun:
            every = np.rint(self.asked @ table).astype(np.int64) + self.given
            tied = self.kind >= 0
            every[tied] -= self.sign[tied] * values[self.kind[tied]]
            self.offset, self._begun = every, True
        new = (self.seen != values[:, None]).all(axis=1) & (self.count < _ENOUGH)
        self.seen[new, self.count[new]] = values[new]
        self.count[new] += 1
        return True

    # --- questions ---

    def examine(
        self, question: int, need: int, least: int, exact: bool = False
    ) -> Span:
        """See `_Program.examine`; ``need`` 0: the whole range is wanted."""
        if not self._begun:
            return _UNPROVEN
        if self.kind[question] < 0:
            value = int(self.offset[question])
            return Span(value, value, 1)
        values = self.values(question)
        if need and len(values) >= need:
            return Span(min(values), max(values), len(values))
        low = self._end(question, 1, whole=not need)
        if need and low >= least:
            return Span(int(low), None, len(values))
        high = self._end(question, -1, whole=not need)
        if np.isnan([low, high]).any():
            return _UNPROVEN
        most = None if np.isinf(high) else int(high)
        if not need:
            return Span(int(low), most, len(values))
        if most is not None and most - low + 1 < need and not exact:
            return Span(int(low), most, most - int(low) + 1)
        return self._fill(question, need, int(low), most)

    def values(self, question: int) -> list[int]:
        """The values of a count in the witnesses so far."""
        kind = self.kind[question]
        seen = self.seen[kind, : self.count[kind]]
        return (self.sign[question] * seen + self.offset[question]).tolist()

    def _end(self, question: int, side: int, whole: bool) -> float:
        """The least (side 1) or most (-1) of a count; inf: no bound, nan: unproven."""
        kind, sign = self.kind[question], int(self.sign[question])
        key = kind, side * sign, whole
        if key not in self._ends:
            self._ends[key] = self._seek(*key)
        return sign * self._ends[key] + self.offset[question]

    def _seek(self, kind: int, side: int, whole: bool) -> float:
        weight = side * self.kinds[[kind]].toarray().ravel()
        table, sure = solve(self.clock, weight, self.rows, box=self.box)
        if table is None or not sure:
            return np.nan
        self._witness(table)
        end = ceil(float(weight @ table) - _WHOLE)
        if end <= -self.cap:
            return np.inf
        seen = side * self.seen[kind, : self.count[kind]]
        if whole and end not in seen:
            table, sure = solve(self.clock, weight, self.rows, box=self.box, whole=True)
            if table is None or not sure:
                return np.nan
            self._witness(table)
            end = round(float(weight @ table))
        return side * end

    def _fill(self, question: int, need: int, low: int, high: int | None) -> Span:
        """Try values one by one, the nearest to those seen first."""
        row, sign = self.kinds[[self.kind[question]]], self.sign[question]
        tried: set[int] = set()
        unsure = False
        for _ in range(_TRIES):
            seen = set(self.values(question))
            value = _nearest(seen, tried, low, high)
            if len(seen) >= need or value is None:
                break
            tried.add(value)
            goal = sign * (value - self.offset[question])
            weight = self._random.standard_normal(self.size)
            none = self._find(weight, row, goal, everywhere=True)
            unsure |= not none and value not in self.values(question)
        seen = set(self.values(question))
        if len(seen) < need and (
            unsure or _nearest(seen, tried, low, high) is not None
        ):
            return _UNPROVEN
        return Span(min(seen), max(seen), len(seen))

    def small_atoms(self, least: int) -> list[tuple[int, Span]]:
        """Atoms known exactly, above zero and below ``least``."""
        if not self._begun:
            return []
        atoms = np.arange(self.first_atom, self.asked.shape[0])
        once = (self.kind[atoms] < 0) | (self.count[self.kind[atoms]] == 1)
        still = [k for k in atoms[once] if 0 < self._now(k) < least]
        self.warm(2, np.array(still, dtype=int))
        spans = [(k - self.first_atom, self.examine(k, 2, least)) for k in still]
        return [(k, span) for k, span in spans if span.possible < 2]

    def _now(self, question: int) -> int:
        if self.kind[question] < 0:
            return int(self.offset[question])
        return self.values(question)[0]


def _nearest(
    seen: Iterable[int], tried: set[int], low: int, high: int | None
) -> int | None:
    """The untried value that is nearest to those seen."""
    seen = set(seen)
    for far in range(1, _TRIES + 1):
        for value in sorted({one + far for one in seen} | {one - far for one in seen}):
            inside = low <= value and (high is None or value <= high)
            if inside and value not in seen and value not in tried:
                return value
    return None
