"""Whose pay two groups can compare: the people who have counterparts.

A job that nobody of one group holds says nothing about how the two are paid for the
same job. Those in it are set aside, counted, and their part of the gap reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.measure.pay_models import Controls, independent, solve
from equity.measure.payroll import TENURE, usable

ALONE = 1e-6  # from a leverage of one: a person fitted by a column of their own
COUNTERPARTS = 2  # people of each group in a category; of one, chance cannot be told


@dataclass(frozen=True)
class Comparable:
    """People of two groups with counterparts, and their controls as columns.

    Attributes
    ----------
    kept
        By person.
    matrix
        People kept x columns, without a constant; none follows from the others, in
        either group.
    names
        Of the columns, such as ``department: Fire``.
    dummies
        For each base the names of the other categories' columns; of controls that are
        told.
    variables
        The control of each column, then of each base.
    untold
        Controls that overlap: a category of one follows from those of another, so that
        what goes with each cannot be told.

    Examples
    --------
    >>> staff = pd.DataFrame({"job": ["Clerk"] * 4 + ["Aide"] * 4 + ["Chief"]})
    >>> own = np.array([True, True, False, False] * 2 + [False])
    >>> found = Comparable.of(staff, own, ["job"])
    >>> found.kept.sum(), found.names, found.dummies
    (np.int64(8), ['job: Clerk'], {'job: Aide': ['job: Clerk']})
    """

    kept: np.ndarray
    matrix: np.ndarray
    names: list[str]
    dummies: Mapping[str, list[str]]
    variables: list[str]
    untold: list[str]

    @classmethod
    def of(cls, people: pd.DataFrame, own: np.ndarray, used: Sequence[str]) -> Self:
        """Set people aside until all that are left can be compared.

        Parameters
        ----------
        people
            Those of both groups, with what the controls read.
        own
            Who is of the group; the others are of the reference.
        used
            Controls, as `usable` returns them.

        Returns
        -------
        Comparable
            Set aside are people in a category with fewer than `COUNTERPARTS` of either
            group; those in a category whose coefficient one of the groups leaves
            undecided; and those fitted by a column of their own.
        """
        kept = np.full(len(people), True)
        while True:
            rows, mine = people[kept], own[kept]
            controls = Controls.of(rows, usable(rows, used))
            matrix, columns, untold = _in_order(controls)
            out = _lonely(controls, mine)
            if not out.any():
                out = _undecided(matrix, mine)
            if not out.any():
                out = _fitted(matrix, mine)
            if not out.any() or out.all():
                break
            kept[kept] = ~out
        kept[kept] = ~out
        names = [f"{control}: {category}" for control, category in columns]
        bases = {
            control: base
            for control, base in controls.base.items()
            if control not in untold
        }
        dummies = {
            f"{control}: {base}": [
                name
                for name, (its, _) in zip(names, columns, strict=True)
                if its == control
            ]
            for control, base in bases.items()
        }
        variables = [*(control for control, _ in columns), *bases]
        return cls(kept, matrix[~out], names, dummies, variables, untold)


def _in_order(
    controls: Controls,
) -> tuple[np.ndarray, list[tuple[str, str]], list[str]]:
    """Write out columns that do not follow from others, the largest category first.

    Third, the controls of which some column follows from those of another.
    """
    sizes = np.asarray(controls.matrix.sum(axis=0)).ravel()
    later = np.array([control != TENURE for control, _ in controls.columns], dtype=bool)
    order = np.lexsort((-sizes, later)) if len(sizes) else []
    matrix = controls.matrix[:, order].toarray()
    columns = [controls.columns[place] for place in order]
    whole = np.column_stack([np.ones(len(matrix)), matrix])
    gram = whole.T @ whole
    places = [place - 1 for place in independent(gram) if place]
    untold = []
    if len(places) < len(columns):
        kept = np.diag(solve(gram) @ gram)[1:]  # less than one: not all of it is told
        untold = [
            control
            for control in dict.fromkeys(name for name, _ in columns)
            if any(
                part < 1 - 1e-6
                for part, (its, _) in zip(kept, columns, strict=True)
                if its == control
            )
        ]
    return matrix[:, places], [columns[place] for place in places], untold


def _lonely(controls: Controls, own: np.ndarray) -> np.ndarray:
    """Tell who is in a category with too few of either group."""
    out = np.full(len(own), min(own.sum(), (~own).sum()) < COUNTERPARTS)
    for codes in controls.codes.values():
        for side in (own, ~own):
            size = np.bincount(codes[side], minlength=codes.max(initial=0) + 1)
            out |= size[codes] < COUNTERPARTS
    return out


def _undecided(matrix: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Tell who is in a category that follows from others within one group."""
    out = np.zeros(len(own), dtype=bool)
    for side in (own, ~own):
        whole = np.column_stack([np.ones(side.sum()), matrix[side]])
        told = set(independent(whole.T @ whole))
        lost = [place - 1 for place in range(1, whole.shape[1]) if place not in told]
        out |= (matrix[:, lost] != 0).any(axis=1)
    return out


def _fitted(matrix: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Tell who is fitted by a column of their own."""
    out = np.zeros(len(own), dtype=bool)
    for side in (own, ~own):
        whole = np.column_stack([np.ones(side.sum()), matrix[side]])
        leverage = ((whole @ solve(whole.T @ whole)) * whole).sum(axis=1)
        out[side] = leverage > 1 - ALONE
    return out
