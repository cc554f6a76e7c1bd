"""Two mixes and two levels compared: the arithmetic of a decomposed gap.

A group's level is the mean of its *values* in the strata (say, the share on time of
each category), weighted by its *mix* (the shares of its requests in each). Two groups
differ because their mixes do, or because their values do.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.table import (
    check_counts,
    divide,
    numbers,
    position_of,
    require_columns,
)

GAP, MIX, SAME = "gap", "mix of requests", "same kind of request"
WITHIN = "gap within the category"


@dataclass(frozen=True)
class Split:
    """Every group against the reference: arrays of ... x groups x strata.

    Attributes
    ----------
    weight, base_weight
        Of the strata among the requests of the group, and of the reference.
    value, base_value
        The figures compared. Where one of the two has no requests, it takes the figure
        of the other; where both have none, zero.
    both
        Whether both have requests.

    References
    ----------
    Kitagawa (1955), Components of a Difference Between Two Rates, JASA 50(272),
    1168-1194.

    Examples
    --------
    >>> split = Split.of(np.array([[40, 60], [180, 20]]),
    ...                  np.array([[0.9, 0.3], [0.9, 0.4]]), base=1)
    >>> {name: float(parts[0].round(3)) for name, parts in split.totals().items()}
    {'gap': -0.31, 'mix of requests': -0.275, 'same kind of request': -0.035}
    """

    weight: np.ndarray
    base_weight: np.ndarray
    value: np.ndarray
    base_value: np.ndarray
    both: np.ndarray

    @classmethod
    def of(cls, size: np.ndarray, value: np.ndarray, base: int) -> Self:
        """Compare groups with the one at a position.

        Parameters
        ----------
        size
            Requests, ... x groups x strata.
        value
            The figures; not looked at where there are no requests.
        base
            The position of the reference.

        Returns
        -------
        Split
            Missing for a group without any requests, or of which a number is missing.
        """
        weight = divide(size, size.sum(axis=-1, keepdims=True))
        none, other = size == 0, value[..., [base], :]
        base_none = none[..., [base], :]
        nobody = none & base_none
        return cls(
            weight,
            weight[..., [base], :],
            np.where(nobody, 0, np.where(none, other, value)),
            np.where(nobody, 0, np.where(base_none, value, other)),
            ~(none | base_none),
        )

    def totals(self) -> dict[str, np.ndarray]:
        """Sum the parts over the strata.

        Returns
        -------
        dict
            `GAP`, `MIX` and `SAME`: ... x groups.
        """
        mix, same = (each.sum(axis=-1) for each in self._parts())
        return {GAP: mix + same, MIX: mix, SAME: same}

    def details(self) -> dict[str, np.ndarray]:
        """Tell the strata apart.

        Returns
        -------
        dict
            `MIX`, `SAME` and `WITHIN`, the plain difference: ... x groups x strata.
            The latter two are missing where one of two has no requests.
        """
        mix, same = self._parts()
        within = self.value - self.base_value
        same, within = (np.where(self.both, each, np.nan) for each in (same, within))
        return {MIX: mix, SAME: same, WITHIN: within}

    def level(self) -> np.ndarray:
        """Average the figures of each group over its own mix.

        Returns
        -------
        ndarray
            One per group: ... x groups.
        """
        return np.where(self.weight == 0, 0, self.weight * self.value).sum(axis=-1)

    def not_comparable(self) -> np.ndarray:
        """Sum up, of the average of the two mixes, what one of them does not have.

        Returns
        -------
        ndarray
            Proportions: ... x groups.
        """
        middle = (self.weight + self.base_weight) / 2
        return np.where(self.both, 0, middle).sum(axis=-1)

    def variances(
        self, size: np.ndarray, variance: np.ndarray, base: int, *, total: bool
    ) -> dict[str, np.ndarray]:
        """Propagate the chance in mixes and figures by the delta method.

        Parameters
        ----------
        size
            Requests, groups x strata; mixes vary as multinomial counts.
        variance
            Of the figures, groups x strata; zero where there are no requests.
        base
            The position of the reference.
        total
            Of the sums over strata, or of each stratum.

        Returns
        -------
        dict
            For the keys of `totals`, or of `details`.
        """
        ours, other = variance, variance[[base]]
        first, second, both = self.weight, self.base_weight, self.both
        sizes = size.sum(axis=1) if total else size.sum(axis=1, keepdims=True)
        own = np.where(first == 0, 0, self.value)
        mixed = {
            part: divide(_multinomial(first, slope, total), sizes)
            + divide(_multinomial(second, slope, total), sizes[base])
            for part, slope in {
                MIX: (self.value + self.base_value) / 2,
                SAME: (self.value - self.base_value) / 2,
            }.items()
        }
        # Where one has no requests, the figure of the other stands for both.
        apart = (first - second) / 2
        mine, theirs = np.where(both, apart, first), np.where(both, apart, second)
        middle = np.where(both, (first + second) / 2, 0)
        known = mine**2 * ours + theirs**2 * other, middle**2 * (ours + other)
        mix, same = (each.sum(axis=1) if total else each for each in known)
        found = {MIX: mixed[MIX] + mix, SAME: mixed[SAME] + same}
        if not total:
            return found | {WITHIN: ours + other}
        level = divide(_multinomial(first, own, total), sizes)
        level = level + (first**2 * ours).sum(axis=1)
        return found | {GAP: level + level[base]}

    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        """What each stratum adds to the mix, and to the rest: nothing unless both."""
        middle, apart = self.value + self.base_value, self.value - self.base_value
        mix = (self.weight - self.base_weight) * middle / 2
        return mix, (self.weight + self.base_weight) * apart / 2


def _multinomial(weight: np.ndarray, slope: np.ndarray, total: bool) -> np.ndarray:
    """One request's variance of the slope of its stratum, or of each by itself."""
    if total:
        return (weight * slope**2).sum(axis=1) - (weight * slope).sum(axis=1) ** 2
    return weight * (1 - weight) * slope**2


@dataclass(frozen=True)
class Strata:
    """Counts of groups that are on record, as arrays of groups x strata.

    Attributes
    ----------
    groups, strata
        Their names, in the order in which they appear.
    by
        The column of the strata.
    size
        Requests.
    events
        Those on time; None where the figures are means.
    value, variance
        The figures, missing where there are no requests, and their variances.
    base
        The position of the reference.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["A", "A", "B"], "kind": ["x", "y", "x"],
    ...                        "events": [1, 2, 3], "population": [4, 4, 4]})
    >>> strata = Strata.of(counts, "B", "kind")
    >>> strata.size.tolist(), strata.value.tolist()
    ([[4.0, 4.0], [4.0, 0.0]], [[0.25, 0.5], [0.75, nan]])
    """

    groups: np.ndarray
    strata: np.ndarray
    by: str
    size: np.ndarray
    events: np.ndarray | None
    value: np.ndarray
    variance: np.ndarray
    base: int

    @classmethod
    def of(cls, counts: pd.DataFrame, reference: str, by: str) -> Self:
        """Read counts, one row per group and stratum.

        Parameters
        ----------
        counts
            `group`, the column of strata, `population`, and either `events` or `mean`
            and `standard_error`.
        reference
            One of the groups.
        by
            The column of the strata.

        Returns
        -------
        Strata
            A pair without a row has no requests.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a pair has two rows or no label, a count or an error is negative, or
            events exceed population.
        UnknownGroupError
            If the reference is none of the groups.
        """
        shares = "events" in counts
        further = [] if shares else ["mean", "standard_error"]
        require_columns(counts, ["group", by, "population", *further])
        keys = counts[["group", by]]
        if bad := int(keys.isna().any(axis=1).sum()):
            raise InputError(f"group or {by} is missing in {bad} of {len(keys)} rows")
        keys = keys.astype(str)
        if bad := int(keys.duplicated().sum()):
            raise InputError(
                f"{bad} of {len(keys)} rows repeat a group and {by}; add them up first"
            )
        row, groups = pd.factorize(keys["group"])
        column, strata = pd.factorize(keys[by])
        base = position_of(pd.DataFrame({"group": groups}), reference)
        tables = np.zeros((4, len(groups), len(strata)))
        tables[:, row, column] = _figures(counts, shares)
        size, events, value, variance = tables
        return cls(
            np.asarray(groups),
            np.asarray(strata),
            by,
            size,
            events if shares else None,
            np.where(size == 0, np.nan, value),
            np.where(size == 0, 0, variance),
            base,
        )

    def split(self) -> Split:
        """Compare every group with the reference.

        Returns
        -------
        Split
            Of groups x strata.
        """
        return Split.of(self.size, self.value, self.base)

    def totals(self) -> pd.DataFrame:
        """Count the requests of every group.

        Returns
        -------
        DataFrame
            `group`, `events` (of shares) and `population`.
        """
        events = {} if self.events is None else {"events": self.events.sum(axis=1)}
        return pd.DataFrame(
            {"group": self.groups, **events, "population": self.size.sum(axis=1)}
        )

    def cells(self) -> pd.DataFrame:
        """Count the requests of every group and stratum.

        Returns
        -------
        DataFrame
            `group`, the column of strata, `events` (of shares) and `population`.
        """
        events = {} if self.events is None else {"events": self.events.ravel()}
        return pd.DataFrame(
            {
                "group": np.repeat(self.groups, len(self.strata)),
                self.by: np.tile(self.strata, len(self.groups)),
                **events,
                "population": self.size.ravel(),
            }
        )


def _figures(counts: pd.DataFrame, shares: bool) -> list[np.ndarray]:
    """Read sizes, events, figures and their variances, row by row."""
    if shares:
        events, size = check_counts(counts)
        smooth = (events + 0.5) / (size + 1)  # none of three is not certain
        variance = divide(smooth * (1 - smooth), size)
        return [size, events, divide(events, size), variance]
    size, mean, error = (
        numbers(counts, name) for name in ("population", "mean", "standard_error")
    )
    for name, values in {"population": size, "standard_error": error}.items():
        if bad := int((values < 0).sum()):
            raise InputError(f"column {name} is negative in {bad} of {len(size)} rows")
    return [size, np.full(len(size), np.nan), mean, error**2]
