"""Redraws of the census within its margins, and the limits that redraws give.

A measure by race of the residents served knows the residents of an area only within
the margins of the census. It redraws them, recomputes itself each time, and takes its
limits from the spread. Where counts vary by chance too, they are redrawn in the same
round, so that one interval carries both uncertainties.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.measure import acs
from equity.measure.table import (
    divide,
    measure_table,
    position_of,
    require_columns,
    without_reference,
)

EVERYONE = "All residents"
LEVEL, DIFFERENCE, RATIO = "level", "difference", "ratio"


@dataclass(frozen=True)
class Residents:
    """Residents by area and group, as arrays of areas x groups.

    Attributes
    ----------
    areas
        The areas, in order.
    groups
        The groups in their order, without `EVERYONE`.
    estimate
        People, areas x groups.
    error
        Their standard errors; zero for a full count.

    Examples
    --------
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["White", "Asian"],
    ...                        "estimate": [100, 50], "moe": [16.45, None]})
    >>> found = Residents.of(people)
    >>> found.groups, found.estimate.tolist()
    (['Asian', 'White'], [[0.0, 100.0], [50.0, 0.0]])
    >>> found.error.round(3).tolist()
    [[0.0, 10.0], [0.0, 0.0]]
    """

    areas: pd.Index
    groups: list[str]
    estimate: np.ndarray
    error: np.ndarray

    @classmethod
    def of(cls, population: pd.DataFrame) -> Self:
        """Read tidy `population`: `area, race, estimate, moe` (90 %).

        Parameters
        ----------
        population
            A margin is missing for a full count, which adds no uncertainty.

        Returns
        -------
        Residents
            Areas and groups in the order of the table's categories, or sorted.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        """
        require_columns(population, ["area", "race", "estimate", "moe"])
        keys = {"index": "area", "columns": "race", "observed": False}
        estimate = population.pivot_table(values="estimate", aggfunc="sum", **keys)
        error = population.assign(se=acs.standard_error(population["moe"].fillna(0)))
        error = error.pivot_table(values="se", aggfunc="sum", **keys)
        return cls(
            estimate.index,
            [str(group) for group in estimate.columns],
            estimate.fillna(0).to_numpy(dtype=float),
            error.reindex_like(estimate).fillna(0).to_numpy(dtype=float),
        )

    def position(self, reference: str) -> int:
        """Find the column of a group.

        Parameters
        ----------
        reference
            The group looked for.

        Returns
        -------
        int
            Its position, counted from zero.

        Raises
        ------
        UnknownGroupError
            If it is none of the groups.
        """
        return position_of(pd.DataFrame({"group": self.groups}), reference)

    def inhabited(self) -> pd.Index:
        """List the areas where anybody is estimated to live.

        Returns
        -------
        Index
            In their order.
        """
        return self.areas[self.estimate.sum(axis=1) > 0]

    def redraw(self, random: np.random.Generator) -> np.ndarray:
        """Draw the residents once within their margins.

        Draws below zero are kept: cutting them off would add people everywhere.

        Parameters
        ----------
        random
            Where the draw comes from.

        Returns
        -------
        ndarray
            Areas x groups.
        """
        return random.normal(self.estimate, self.error)


def basic_limits(
    estimate: np.ndarray,
    draws: np.ndarray,
    confidence: float,
    logarithmic: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Reflect redraws about the estimate: the basic bootstrap limits.

    Parameters
    ----------
    estimate
        Any shape.
    draws
        One more axis, the first, over redraws.
    confidence
        Two-sided level, as a proportion.
    logarithmic
        Reflect on the scale of logarithms, as for ratios.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits. Where more redraws than a limit may leave out have no
        value, there are no limits.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods and their Application, section 5.2.

    Examples
    --------
    >>> draws = np.linspace(8, 14, 601)
    >>> low, high = basic_limits(np.array(10.0), draws, 0.9)
    >>> low.round(1), high.round(1)
    (np.float64(6.3), np.float64(11.7))
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    endless = np.where(np.isnan(draws), np.inf, draws)
    least, most = np.quantile(endless, tails, axis=0, method="nearest")
    least, most = (np.where(np.isfinite(most), end, np.nan) for end in (least, most))
    if logarithmic:
        return _over(estimate**2, most), _over(estimate**2, least)
    return 2 * estimate - most, 2 * estimate - least


def compared(
    frame: pd.DataFrame,
    estimate: np.ndarray,
    draws: np.ndarray,
    *,
    base: int,
    reference: str,
    known: np.ndarray,
    measure: str,
    confidence: float,
    method: str,
    direction: str,
    most: float | None = None,
) -> pd.DataFrame:
    """Put every group's level, difference and ratio below one another, with limits.

    Parameters
    ----------
    frame
        One row per group, with `group` and the counts that stand beside it. A row of
        `EVERYONE` is compared with nobody.
    estimate
        One level per group, none below zero.
    draws
        Redraws x groups.
    base, reference
        The reference's position, and its name.
    known
        The groups whose residents can be told from none; others have no limits.
    measure, confidence, method, direction
        As in the measure table.
    most
        The largest level there can be, such as 1 for a share.

    Returns
    -------
    DataFrame
        A measure table with `statistic`: `level`, `difference`, `ratio`.

    Examples
    --------
    >>> frame = pd.DataFrame({"group": ["Asian", "White"], "events": [40, 60]})
    >>> table = compared(frame, np.array([0.4, 0.5]),
    ...     np.array([[0.3, 0.5], [0.5, 0.5]]),
    ...     base=1, reference="White", known=np.array([True, True]), measure="share",
    ...     confidence=0.95, method="redraws", direction="higher is better", most=1)
    >>> table[["group", "statistic", "estimate", "conf_low"]].round(2)
       group   statistic  estimate  conf_low
    0  Asian       level       0.4      0.30
    1  White       level       0.5      0.50
    2  Asian  difference      -0.1     -0.20
    3  White  difference       0.0       NaN
    4  Asian       ratio       0.8      0.64
    5  White       ratio       1.0       NaN
    """
    several = (frame["group"] != EVERYONE).to_numpy()
    tables = []
    for statistic, compare in _COMPARISONS.items():
        value = compare(estimate, estimate[[base]])
        drawn = compare(draws, draws[:, [base]])
        low, high = basic_limits(value, drawn, confidence, statistic == RATIO)
        certain = known
        if statistic == LEVEL:
            low, high = np.clip(low, 0, most), np.clip(high, 0, most)
        else:
            certain = known & known[base]
            low, high = (without_reference(end, base) for end in (low, high))
        rows = np.full(len(frame), True) if statistic == LEVEL else several
        tables.append(
            measure_table(
                frame.assign(statistic=statistic),
                measure=measure,
                reference=None if statistic == LEVEL else reference,
                estimate=value,
                conf_low=np.where(certain, low, np.nan),
                conf_high=np.where(certain, high, np.nan),
                confidence=confidence,
                method=method,
                direction=direction,
            )[rows]
        )
    return pd.concat(tables, ignore_index=True)


_COMPARISONS = {
    LEVEL: lambda value, base: value,
    DIFFERENCE: lambda value, base: value - base,
    RATIO: lambda value, base: _over(value, base),
}


def _over(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Divide by what is positive; by anything else, the answer is missing."""
    return divide(value, np.where(np.asarray(base) > 0, base, 0))
