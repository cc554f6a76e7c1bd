"""Parameters of the ordered probit of all groups, and its likelihood's derivatives.

Each row, a group in a table, has a mean and a logarithm of the standard deviation. A
group's *own* parameters are its means, one per table, and its log SD; *shared* by rows
are the cut points of tables, the lowest and highest means (of rows all at one end), the
tables' scales, and the log SD of groups that have none of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from equity.measure import hetop_rows
from equity.measure.hetop_rows import Counts

OWN, LOWEST, HIGHEST, NOBODY, UNKNOWN = range(5)  # where a row's mean comes from


@dataclass(frozen=True)
class State:
    """Values of all parameters.

    Attributes
    ----------
    mean
        Tables x groups.
    log_sd
        Of groups.
    shared
        In the order of the model's positions.
    """

    mean: np.ndarray
    log_sd: np.ndarray
    shared: np.ndarray


@dataclass(frozen=True)
class System:
    """Gradient and information, by groups' own parameters and by shared ones.

    Attributes
    ----------
    value
        The log-likelihood.
    own, shared
        Its gradient, groups x own parameters, and by shared ones.
    own_own, own_shared, shared_shared
        Less its second derivatives; groups are independent of each other.
    """

    value: float
    own: np.ndarray
    shared: np.ndarray
    own_own: np.ndarray
    own_shared: np.ndarray
    shared_shared: np.ndarray


@dataclass(frozen=True)
class Model:
    """Which parameters there are, and which of them each row has.

    A position of -1 stands for a parameter that is fixed.

    Attributes
    ----------
    counts
        Tables x groups x levels.
    source
        Tables x groups: where means come from.
    tied
        Groups without a standard deviation of their own.
    fixed
        Cut points as far as they are fixed, tables x (levels - 1).
    cut_at, lowest_at, highest_at, scale_at
        Positions, of tables x (levels - 1) and of tables.
    tied_at
        The position of the log SD of tied groups.
    bound
        Whether that is the mean of the others' log SD.
    size
        Number of shared parameters.
    """

    counts: Counts
    source: np.ndarray
    tied: np.ndarray
    fixed: np.ndarray
    cut_at: np.ndarray
    lowest_at: np.ndarray
    highest_at: np.ndarray
    scale_at: np.ndarray
    tied_at: int
    bound: bool
    size: int

    @property
    def tables(self) -> int:
        """How many there are.

        Returns
        -------
        int
            At least one.
        """
        return self.source.shape[0]

    def means(self, state: State) -> np.ndarray:
        """Give each row its mean.

        Parameters
        ----------
        state
            Values of all parameters.

        Returns
        -------
        ndarray
            Tables x groups.
        """
        ends = [self.lowest_at, self.highest_at]
        lowest, highest = (_picked(state.shared, at)[:, None] for at in ends)
        mean = np.where(self.source == LOWEST, lowest, state.mean)
        return np.where(self.source == HIGHEST, highest, mean)

    def log_sds(self, state: State) -> np.ndarray:
        """Give each row its logarithm of the standard deviation.

        Parameters
        ----------
        state
            Values of all parameters.

        Returns
        -------
        ndarray
            Tables x groups.
        """
        tied = state.shared[self.tied_at] if self.tied_at >= 0 else 0.0
        log_sd = np.where(self.tied, tied, state.log_sd)
        return log_sd + _picked(state.shared, self.scale_at)[:, None]

    def cuts(self, state: State) -> np.ndarray:
        """Give each table its cut points.

        Parameters
        ----------
        state
            Values of all parameters.

        Returns
        -------
        ndarray
            Tables x (levels - 1).
        """
        free = self.cut_at >= 0
        return np.where(free, _picked(state.shared, self.cut_at), self.fixed)

    def parts(self, table: int) -> Iterator[tuple[str, int, int, np.ndarray]]:
        """List the parameters of a table's rows.

        Parameters
        ----------
        table
            Its position.

        Yields
        ------
        tuple
            Whose, at which position, of what (0 the mean, 1 the log SD, 2 and up the
            cut points), and of which rows.
        """
        source, everyone = self.source[table], self.source[table] < NOBODY
        yield "own", table, 0, source == OWN
        yield "own", self.tables, 1, everyone & ~self.tied
        for at, flag in (
            (self.lowest_at[table], source == LOWEST),
            (self.highest_at[table], source == HIGHEST),
        ):
            if at >= 0:
                yield "shared", at, 0, flag
        if self.tied_at >= 0:
            yield "shared", self.tied_at, 1, everyone & self.tied
        if self.scale_at[table] >= 0:
            yield "shared", self.scale_at[table], 1, everyone
        for cut, at in enumerate(self.cut_at[table]):
            if at >= 0:
                yield "shared", at, 2 + cut, everyone


def rows(model: Model, state: State) -> Iterator[tuple]:
    """Take the rows of each table in turn, as `hetop_rows.derivatives` wants them.

    Parameters
    ----------
    model
        Which parameters there are.
    state
        Values of all parameters.

    Yields
    ------
    tuple
        Counts, means, log SDs and cut points.
    """
    means, log_sds, cuts = model.means(state), model.log_sds(state), model.cuts(state)
    for table in range(model.tables):
        here = np.broadcast_to(cuts[table], (means.shape[1], cuts.shape[1]))
        yield model.counts[table], means[table], log_sds[table], here


def log_likelihood(model: Model, state: State) -> float:
    """Compute the log-likelihood.

    Parameters
    ----------
    model
        Which parameters there are.
    state
        Values of all parameters.

    Returns
    -------
    float
        Minus infinity if cut points are out of order.
    """
    if (np.diff(np.where(np.isinf(c := model.cuts(state)), 1e9, c)) < 0).any():
        return -np.inf
    total = 0.0
    for table, row in enumerate(rows(model, state)):
        seen = model.source[table] < NOBODY
        total += hetop_rows.log_likelihood(*row)[seen].sum()
    return total


def system(model: Model, state: State, scoring: bool) -> System:
    """Add the rows' derivatives up, by the parameters that they are of.

    Parameters
    ----------
    model
        Which parameters there are.
    state
        Values of all parameters.
    scoring
        Take Fisher's information instead of the observed.

    Returns
    -------
    System
        Groups' unused own parameters have an information of 1 and no gradient.
    """
    tables, groups = model.source.shape
    local, size, value = tables + 1, model.size, 0.0
    own, shared = np.zeros((groups, local)), np.zeros(size)
    own_own = np.zeros((groups, local, local))
    own_shared, shared_shared = np.zeros((groups, local, size)), np.zeros((size, size))
    for table, row in enumerate(rows(model, state)):
        found = hetop_rows.derivatives(*row, scoring=scoring)
        value += found.value[model.source[table] < NOBODY].sum()
        parts = list(model.parts(table))
        for whose, at, of, flag in parts:
            push = np.where(flag, found.gradient[:, of], 0)
            if whose == "own":
                own[:, at] += push
            else:
                shared[at] += push.sum()
            for whose_2, at_2, of_2, flag_2 in parts:
                curve = np.where(flag & flag_2, found.information[:, of, of_2], 0)
                if whose == whose_2 == "own":
                    own_own[:, at, at_2] += curve
                elif whose == "own":
                    own_shared[:, at, at_2] += curve
                elif whose_2 == "shared":
                    shared_shared[at, at_2] += curve.sum()
    unused = np.column_stack([(model.source != OWN).T, model.tied])
    group, at = np.nonzero(unused)
    own_own[group, at, at] = 1
    return System(value, own, shared, own_own, own_shared, shared_shared)


def _picked(shared: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.append(shared, 0.0)[at]  # a position of -1 takes the zero at the end
