"""Regressions of pay on groups: controls as columns, and groups without them.

The coefficient of a group, with the controls held, is that of a regression on what the
controls leave of the group's 1-or-0 column. A few groups are then all that is solved
for, however many jobs there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import pinvh

from equity.measure.payroll import TENURE, label, tenure

LEAST = 1e-9  # of columns of length one: an eigenvalue that is zero but for rounding


@dataclass(frozen=True)
class Controls:
    """Controls as columns of numbers: a 1-or-0 column a category, but for one.

    Attributes
    ----------
    matrix
        People x columns, without a constant.
    columns
        For each column its control and category; tenure has `years` and
        `years squared`.
    codes
        For each control of categories the category of each person, counted from zero.
    base
        The category of each control that has no column: the most frequent.

    Examples
    --------
    >>> staff = pd.DataFrame({"department": ["Fire", "Fire", "Parks"]})
    >>> found = Controls.of(staff, ["department"])
    >>> found.matrix.toarray().ravel().tolist(), found.base
    ([0.0, 0.0, 1.0], {'department': 'Fire'})
    """

    matrix: sparse.csr_array
    columns: list[tuple[str, str]]
    codes: dict[str, np.ndarray]
    base: dict[str, str]

    @classmethod
    def of(cls, people: pd.DataFrame, used: Sequence[str]) -> Self:
        """Write controls as columns.

        Parameters
        ----------
        people
            One row a person, with a day of hire if tenure is used.
        used
            The controls, as `usable` returns them.

        Returns
        -------
        Controls
            A category that is not on record is one of its own.
        """
        blocks, columns, codes, base = [], [], {}, {}
        for control in used:
            if control == TENURE:
                years = tenure(people).to_numpy() / 10  # decades: of the size of 1
                blocks.append(sparse.csr_array(np.column_stack([years, years**2])))
                columns += [(control, "years"), (control, "years squared")]
                continue
            places, names = pd.factorize(label(people, control), sort=True)
            most = int(np.bincount(places, minlength=1).argmax())
            rest = [place for place in range(len(names)) if place != most]
            one_each = sparse.csr_array(
                (np.ones(len(places)), (np.arange(len(places)), places)),
                shape=(len(places), len(names)),
            )
            blocks.append(one_each[:, rest])
            columns += [(control, names[place]) for place in rest]
            codes[control] = places
            base[control] = names[most] if len(names) else ""
        empty = sparse.csr_array((len(people), 0))
        matrix = sparse.hstack([empty, *blocks], format="csr") if blocks else empty
        return cls(matrix, columns, codes, base)


@dataclass(frozen=True)
class Partial:
    """Group membership with the controls taken out of it, for a regression.

    Attributes
    ----------
    dummies
        People x groups: 1 or 0, less what the controls tell. Zero for the reference.
    weights
        People x groups. The sum of weights times log pay is a group's coefficient.
    identified
        The groups whose coefficient the controls leave something of.
    leverage
        By person, of the controls alone; one if they fit that person by themselves.
    rank
        How many coefficients there are, the constant included.
    inverse
        Groups x groups: of the sums of squares and products of the dummies.

    References
    ----------
    Frisch and Waugh (1933), Econometrica 1(4), 387-401.

    Examples
    --------
    >>> nothing = sparse.csr_array((4, 0))
    >>> found = Partial.of(np.array([0, 0, 1, 1]), 2, 1, nothing)
    >>> found.weights[:, 0].round(2).tolist()  # a difference of two means
    [0.5, 0.5, -0.5, -0.5]
    """

    dummies: np.ndarray
    weights: np.ndarray
    identified: np.ndarray
    leverage: np.ndarray
    rank: int
    inverse: np.ndarray
    _design: sparse.csr_array
    _of_controls: np.ndarray

    @classmethod
    def of(
        cls,
        group: np.ndarray,
        groups: int,
        base: int,
        matrix: sparse.csr_array,
        density: np.ndarray | None = None,
    ) -> Self:
        """Take the controls out of group membership.

        Parameters
        ----------
        group
            The position of each person's group.
        groups, base
            How many groups there are, and the position of the reference.
        matrix
            Of `Controls`.
        density
            Weights of the people in the sums of squares; None weighs all alike.

        Returns
        -------
        Partial
            Groups of whom there is nobody are not identified.
        """
        people = len(group)
        weight = np.ones(people) if density is None else density
        design = sparse.hstack([np.ones((people, 1)), matrix], format="csr")
        inverse, rank = _inverted(design, weight)
        member = (group[:, None] == np.arange(groups)).astype(float)
        member[:, base] = 0
        taken = inverse @ (design.T @ (weight[:, None] * member))
        dummies = member - design @ taken
        gram = dummies.T @ (weight[:, None] * dummies)
        solved = solve(gram, weight @ member)
        kept = solved @ gram
        identified = np.abs(np.diag(kept) - 1) < 1e-6
        identified[base] = bool((group == base).any())
        return cls(
            dummies,
            weight[:, None] * dummies @ solved,
            identified,
            np.asarray(design.multiply(design @ inverse).sum(axis=1)).ravel(),
            rank + round(float(np.trace(kept))),
            solved,
            design,
            inverse,
        )

    def left_of(self, values: np.ndarray) -> np.ndarray:
        """Take the controls out of a column, with all people weighed alike.

        Parameters
        ----------
        values
            One a person.

        Returns
        -------
        ndarray
            What is left.
        """
        return values - self._design @ (self._of_controls @ (self._design.T @ values))


def solve(gram: np.ndarray, squares: np.ndarray | None = None) -> np.ndarray:
    """Invert a symmetric matrix as far as it can be.

    Parameters
    ----------
    gram
        Sums of squares and products, columns x columns.
    squares
        The sums of squares of the columns before anything was taken out of them, which
        tell rounding from what is left; None takes those of `gram`.

    Returns
    -------
    ndarray
        Its pseudo-inverse; what rounding left of zero counts as zero.

    Examples
    --------
    >>> solve(np.array([[2.0, 2.0], [2.0, 2.0]])).round(3).tolist()
    [[0.125, 0.125], [0.125, 0.125]]
    """
    if not gram.size:
        return gram
    size = np.sqrt(np.clip(np.diag(gram) if squares is None else squares, 0, None))
    size = np.where(size > 0, size, 1)  # columns of one length: ranks are then plain
    return pinvh(gram / np.outer(size, size), atol=LEAST, rtol=0) / np.outer(size, size)


def independent(gram: np.ndarray) -> list[int]:
    """Find the columns that do not follow from those before them.

    Parameters
    ----------
    gram
        Sums of squares and products, columns x columns.

    Returns
    -------
    list of int
        Their positions, in order.

    Examples
    --------
    >>> columns = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    >>> independent(columns.T @ columns)  # the third is the first less the second
    [0, 1]
    """
    size = np.sqrt(np.diag(gram))
    size = np.where(size > 0, size, 1)
    left = gram / np.outer(size, size)
    kept = []
    for place in range(len(left)):
        if left[place, place] > LEAST:
            kept.append(place)
            left = left - np.outer(left[:, place], left[place]) / left[place, place]
    return kept


def _inverted(design: sparse.csr_array, weight: np.ndarray) -> tuple[np.ndarray, int]:
    gram = (design.T @ design.multiply(weight[:, None]).tocsr()).toarray()
    inverse = solve(gram)
    return inverse, round(float(np.sum(inverse * gram)))
