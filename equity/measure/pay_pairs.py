"""Two groups and their regressions: what Oaxaca-Blinder decompositions are made of.

Every part of a decomposition is a sum of products of a mean and a coefficient, all of
them estimates. `Pair` keeps the estimates with one covariance matrix; a part's standard
error follows from it by the delta method, however many columns are added up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from scipy.linalg import block_diag

from equity.errors import InputError, ParamsError
from equity.measure.pay_models import independent, solve

COEFFICIENTS = {
    "reference": "those of the reference group (Oaxaca 1973, Blinder 1973)",
    "group": "those of the group (Oaxaca 1973, Blinder 1973)",
    "reimers": "half and half (Reimers 1983)",
    "cotton": "each group's, weighed by its number of people (Cotton 1988)",
    "neumark": "of both together, the group left out of the model (Neumark 1988)",
    "jann": "of both together, the group in the model (Fortin 2008, Jann 2008)",
}
ROBUST, CLASSICAL = "robust", "classical"
CONSTANT = "constant"


class Terms(NamedTuple):
    """Means and coefficients by column, or their derivatives by the estimates.

    Attributes
    ----------
    mean, mean_r
        Of the group's characteristics, and of the reference's.
    slope, slope_r
        Their coefficients.
    common
        The coefficients that differences in characteristics are valued by.
    """

    mean: np.ndarray
    mean_r: np.ndarray
    slope: np.ndarray
    slope_r: np.ndarray
    common: np.ndarray


class Part(NamedTuple):
    """One part of a gap.

    Attributes
    ----------
    estimate
        By column.
    derivative
        Columns x estimates.
    covariance
        Of the estimates.
    """

    estimate: np.ndarray
    derivative: np.ndarray
    covariance: np.ndarray

    def plus(self, other: Self) -> Self:
        """Add another part of the same gap.

        Parameters
        ----------
        other
            Of the same estimates.

        Returns
        -------
        Part
            The sum, column by column.
        """
        return self._replace(
            estimate=self.estimate + other.estimate,
            derivative=self.derivative + other.derivative,
        )

    def total(self, columns: np.ndarray) -> tuple[float, float]:
        """Add columns up.

        Parameters
        ----------
        columns
            One truth value for each.

        Returns
        -------
        tuple of float
            The sum and its standard error.
        """
        slope = self.derivative[columns].sum(axis=0)
        variance = max(float(slope @ self.covariance @ slope), 0.0)
        return float(self.estimate[columns].sum()), float(np.sqrt(variance))


@dataclass(frozen=True, eq=False)
class Pair:
    """Outcomes and characteristics of a group and of the reference.

    Attributes
    ----------
    outcomes
        Of the group's people, and of the reference's.
    designs
        People x columns of each; the first column is the constant.
    names
        Of the columns, then the bases of the dummies.
    slopes_to, means_to
        From coefficients and characteristics to those with a column for each base.
    errors
        `robust` or `classical`.

    Examples
    --------
    >>> years = np.array([[1.0], [2.0], [4.0]])
    >>> pair = Pair.of((np.array([1.0, 2, 4]), np.array([2.0, 4, 8])), (years, years),
    ...                ["years"])
    >>> pair.parts({"same years": lambda x: (x.mean_r, x.slope - x.slope_r)},
    ...            "reference")["same years"].estimate.round(2)
    array([ 0.  , -2.33])
    """

    outcomes: tuple[np.ndarray, np.ndarray]
    designs: tuple[np.ndarray, np.ndarray]
    names: list[str]
    slopes_to: np.ndarray
    means_to: np.ndarray
    errors: str = ROBUST

    @classmethod
    def of(
        cls,
        outcomes: tuple[np.ndarray, np.ndarray],
        characteristics: tuple[np.ndarray, np.ndarray],
        names: Sequence[str],
        dummies: Mapping[str, Sequence[str]] | None = None,
        errors: str = ROBUST,
    ) -> Self:
        """Add the constant and the bases; refuse what cannot be told apart.

        Parameters
        ----------
        outcomes
            Of the group's people, and of the reference's.
        characteristics
            People x columns of each.
        names
            Of the columns.
        dummies
            For each base the names of the other categories' columns.
        errors
            `robust` or `classical`.

        Returns
        -------
        Pair
            Nothing is estimated yet.

        Raises
        ------
        InputError
            If a group has no more people than coefficients, or columns of which one
            follows from others.
        ParamsError
            If dummies are not among the names, or belong to two bases.
        """
        designs = tuple(
            np.column_stack([np.ones(len(each)), each]) for each in characteristics
        )
        names = [CONSTANT, *names]
        for which, design in zip(("group", "reference"), designs, strict=True):
            people, columns = design.shape
            kept = independent(design.T @ design)
            if people <= columns or len(kept) < columns:
                lost = [names[place] for place in range(columns) if place not in kept]
                raise InputError(
                    f"the {which} has {people} people for {columns} coefficients, and "
                    f"{lost} follow from other columns there; leave columns out"
                )
        slopes_to, means_to, bases = _with_bases(names, dummies or {})
        return cls(outcomes, designs, [*names, *bases], slopes_to, means_to, errors)

    def parts(
        self,
        components: Mapping[str, Callable[[Terms], tuple[np.ndarray, np.ndarray]]],
        coefficients: str,
    ) -> dict[str, Part]:
        """Estimate parts of the gap.

        Parameters
        ----------
        components
            For each part its two factors, each a sum or difference of `Terms`.
        coefficients
            Of `COEFFICIENTS`.

        Returns
        -------
        dict of Part
            By name of the component.
        """
        values, slopes = self._terms(coefficients)
        covariance = self._estimates[-1]
        found = {}
        for name, factors in components.items():
            (left, right), (by_left, by_right) = factors(values), factors(slopes)
            derivative = by_left * right[:, None] + left[:, None] * by_right
            found[name] = Part(left * right, derivative, covariance)
        return found

    def gap(self) -> tuple[float, float]:
        """Estimate the difference between the means of the outcome.

        Returns
        -------
        tuple of float
            The gap and its standard error, for unequal spread.
        """
        one, other = self.outcomes
        error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
        return float(one.mean() - other.mean()), float(error)

    def _terms(self, coefficients: str) -> tuple[Terms, Terms]:
        """Give means and coefficients, and their derivatives by the estimates."""
        mean, mean_r, slope, slope_r, _ = self._estimates
        share = self._share(coefficients)
        rest = np.eye(len(share)) - share
        blocks = [len(mean)] * 2 + [len(slope)] * 4
        own = np.split(np.eye(sum(blocks)), np.cumsum(blocks)[:-1])
        pooled = {"neumark": own[4], "jann": own[5]}
        if self.errors == ROBUST and coefficients in pooled:
            by_common = pooled[coefficients]
        else:
            by_common = share @ own[2] + rest @ own[3]
        to = self.slopes_to
        common = share @ slope + rest @ slope_r
        return (
            Terms(mean, mean_r, to @ slope, to @ slope_r, to @ common),
            Terms(own[0], own[1], to @ own[2], to @ own[3], to @ by_common),
        )

    @cached_property
    def _estimates(self) -> tuple[np.ndarray, ...]:
        """Estimate means and coefficients; last, their covariance.

        The covariance is of means, coefficients, and those of the two pooled models.
        """
        own, other = (
            _regression(y, x, self.errors)
            for y, x in zip(self.outcomes, self.designs, strict=True)
        )
        means = [design @ self.means_to for design in self.designs]
        drifts = [
            (each - each.mean(axis=0)) / np.sqrt(len(each) * (len(each) - 1))
            for each in means
        ]
        middle = [each.mean(axis=0) for each in means]
        if self.errors == CLASSICAL:  # characteristics, and pay given them, move apart
            spread = [drift.T @ drift for drift in drifts]
            fitted = [each.moves.T @ each.moves for each in (own, other)]
            unused = np.zeros((2 * len(own.slope), 2 * len(own.slope)))
            covariance = block_diag(*spread, *fitted, unused)
        else:
            pooled = [self._pooled_moves(with_group) for with_group in (False, True)]
            first = len(drifts[0])
            covariance = 0
            for place, each in enumerate((own, other)):
                side = slice(None, first) if place == 0 else slice(first, None)
                moves = [np.zeros_like(drifts[place])] * 2 + [
                    np.zeros_like(each.moves)
                ] * 2
                moves[place], moves[2 + place] = drifts[place], each.moves
                stacked = np.hstack([*moves, *(whole[side] for whole in pooled)])
                covariance = covariance + stacked.T @ stacked
        return *middle, own.slope, other.slope, covariance

    def _share(self, coefficients: str) -> np.ndarray:
        """Weigh the group's coefficients in the common ones."""
        one, other = self.designs
        columns = one.shape[1]
        if coefficients == "jann":
            total = np.append(one.sum(axis=0), len(one))
            gram = block_diag(one.T @ one + other.T @ other, 0.0)
            gram[-1], gram[:, -1] = total, total
            return (solve(gram) @ np.vstack([one.T @ one, total[:-1]]))[:-1]
        if coefficients == "neumark":
            return solve(one.T @ one + other.T @ other) @ (one.T @ one)
        weight = {
            "reference": 0.0,
            "group": 1.0,
            "reimers": 0.5,
            "cotton": len(one) / (len(one) + len(other)),
        }
        return weight[coefficients] * np.eye(columns)

    def _pooled_moves(self, with_group: bool) -> np.ndarray:
        design = np.vstack(self.designs)
        if with_group:
            own = np.arange(len(design)) < len(self.designs[0])
            design = np.column_stack([design, own])
        pooled = _regression(np.concatenate(self.outcomes), design, ROBUST)
        return pooled.moves[:, : self.designs[0].shape[1]]


class _Regression(NamedTuple):
    slope: np.ndarray
    moves: np.ndarray


def _regression(outcome: np.ndarray, design: np.ndarray, errors: str) -> _Regression:
    """Fit least squares; the moves' squares add up to the coefficients' variance."""
    inverse = solve(design.T @ design)
    slope = inverse @ (design.T @ outcome)
    rest = outcome - design @ slope
    if errors == CLASSICAL:
        spread = rest @ rest / (len(outcome) - design.shape[1])
        size, axes = np.linalg.eigh(inverse * spread)
        return _Regression(slope, (axes * np.sqrt(np.clip(size, 0, None))).T)
    leverage = ((design @ inverse) * design).sum(axis=1)
    fitted = leverage > 1 - 1e-9  # by a column of their own: no residual to tell by
    rest = np.where(fitted, 0, rest / np.where(fitted, 1, 1 - leverage))
    return _Regression(slope, rest[:, None] * (design @ inverse))


def _with_bases(
    names: list[str], dummies: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Count coefficients of dummies from the average of their categories."""
    listed = [name for columns in dummies.values() for name in columns]
    strange = sorted({name for name in listed if name not in names[1:]})
    taken = [base for base in dummies if base in names]
    if strange or taken or len(set(listed)) != len(listed):
        raise ParamsError(
            f"dummies: {strange or taken or listed}; expected some of {names[1:]}, "
            "each once, under bases that are none of them"
        )
    slopes_to, means_to = np.eye(len(names)), np.eye(len(names))
    for columns in dummies.values():
        own = np.isin(names, columns)
        average = own / (own.sum() + 1)
        slopes_to[: len(names)][own] -= average
        slopes_to[0] += average
        slopes_to = np.vstack([slopes_to, -average])
        base = np.eye(len(names))[0] - own
        means_to = np.column_stack([means_to, base])
    return slopes_to, means_to, list(dummies)
