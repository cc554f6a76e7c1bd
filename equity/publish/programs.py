"""What is told about one block of counts, as rows over atoms, in parts.

**Terms**

settled
    Of an atom: told exactly, row by row, without any program.
part
    Atoms that some count ties together. What is told about one part says nothing of
    another, so each has its own, smaller programs (`witnesses`).

References
----------
See `equity.publish.witnesses`.
"""

from collections.abc import Iterable

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from equity.publish.witnesses import Span, _Clock, _Part


class _Program:
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
        clock: _Clock,
    ):
        none = np.zeros(links.shape[0])
        low, high = np.concatenate([low, none]), np.concatenate([high, none])
        told = sparse.vstack([rows, links], format="csr")
        told, asked, self._merged = merge(told, asked)
        self.clock = clock
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

    def possible(self) -> bool:
        """Whether any table of whole numbers agrees with what is told."""
        return self.feasible and all(part.start() for part in self.parts)

    def warm(self, need: int, questions: Iterable[int]) -> None:
        """Make witnesses that serve all counts at once."""
        wanted = np.zeros(len(self._home), dtype=bool)
        wanted[list(questions)] = True
        for number, part in enumerate(self.parts):
            mine = np.flatnonzero(wanted & (self._home == number))
            part.warm(need, self._place[mine])

    def examine(
        self, question: int, need: int, least: int, exact: bool = False
    ) -> Span:
        """Whether a count has ``need`` values, or is surely ``least`` or more.

        Unless it is to be ``exact``, values between two ends that are too near each
        other are not counted one by one.
        """
        if self._home[question] < 0:
            value = round(self._given[question])
            return Span(value, value, 1)
        part = self.parts[self._home[question]]
        return part.examine(self._place[question], need, least, exact)

    def span(self, question: int) -> Span:
        """The whole range of a count."""
        return self.examine(question, 0, 0)

    def small_atoms(self, least: int) -> list[tuple[np.ndarray, Span]]:
        """Atoms known exactly and small: what each was put together from; its value."""
        fixed = ~np.isnan(self._value) & (self._value > 0) & (self._value < least)
        values = self._value[fixed].astype(int).tolist()
        found = [
            (k, Span(value, value, 1))
            for k, value in zip(np.flatnonzero(fixed), values, strict=True)
        ]
        for part, columns in zip(self.parts, self._columns, strict=True):
            found += [(columns[atom], span) for atom, span in part.small_atoms(least)]
        return [(np.flatnonzero(self._merged == k), span) for k, span in found]


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
