"""People by unit and group, and the rows of their indices of segregation.

Shared by `segregation` and `segregation_levels`: reading counts, and putting indices,
the chance they hold and their limits beside a frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import segregation_limits as limits
from equity.measure.redraws import LEVEL
from equity.measure.table import (
    LOWER,
    check_counts,
    divide,
    measure_table,
    require_columns,
)

DISSIMILARITY = "dissimilarity index"
THEIL = "information index (Theil's H)"
MUTUAL = "mutual information index"
GINI = "Gini index of segregation"
LOCAL = "local segregation"
ISOLATION, EXPOSURE = "isolation index", "exposure index"
INVERTED = "people redrawn, limits inverted over less segregated workforces"
SHIFTED = "people redrawn, basic bootstrap"
REPLICATES = 6000


@dataclass(frozen=True)
class Chance:
    """How redraws are made, and at which confidence they are read.

    Attributes
    ----------
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws in all.
    seed
        Of the random numbers.
    """

    confidence: float
    replicates: int
    seed: int

    def __post_init__(self) -> None:
        limits.check_replicates(self.replicates, self.confidence)


@dataclass(frozen=True)
class People:
    """People by unit and group, the units of a parent next to one another.

    Attributes
    ----------
    units
        One row per unit that has anybody: its parents, and `unit`.
    groups
        In the order of the categories, or sorted.
    table
        Units x groups; missing where a count is.

    Examples
    --------
    >>> people = pd.DataFrame({"unit": ["Fire", "Fire", "Parks"],
    ...                        "group": ["Black", "White", "White"],
    ...                        "events": [3, 1, 0]})
    >>> People.of(people).table
    array([[3., 1.]])
    """

    units: pd.DataFrame
    groups: list[str]
    table: np.ndarray

    @classmethod
    def of(cls, counts: pd.DataFrame, parents: Sequence[str] = ()) -> Self:
        """Read counts of people.

        Parameters
        ----------
        counts
            ``parents``, `unit`, `group`, `events`.
        parents
            Columns of what units are parts of, outermost first.

        Returns
        -------
        People
            Rows of the same unit and group added.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a count is negative or not whole, or a unit or group has no name.
        """
        keys = [*parents, "unit"]
        require_columns(counts, [*keys, "group", "events"])
        unnamed = counts[[*keys, "group"]].isna().any(axis=1).sum()
        if unnamed:
            raise InputError(
                f"{unnamed} of {len(counts)} rows have no unit, parent or group; leave "
                "them out, or give them a name"
            )
        events, _ = check_counts(counts.assign(population=np.nan), whole=True)
        group = counts["group"].astype("category").cat
        places = counts.groupby(keys, observed=True, sort=True)
        units = places.size().index.to_frame(index=False)
        table = np.zeros((len(units), len(group.categories)))
        cells = (places.ngroup().to_numpy(), group.codes.to_numpy())
        np.add.at(table, cells, events)
        some = table.sum(axis=1) != 0  # a missing count is not nobody
        return cls(
            units[some].reset_index(drop=True),
            [str(name) for name in group.categories],
            table[some],
        )

    def starts(self, depth: int) -> np.ndarray:
        """Find where a new cell of the outermost columns begins.

        Parameters
        ----------
        depth
            How many columns of `units` count.

        Returns
        -------
        ndarray
            Positions of units.
        """
        return np.flatnonzero(~self.units.iloc[:, :depth].duplicated().to_numpy())

    def cells(self, starts: np.ndarray) -> np.ndarray:
        """Number the cell of every unit.

        Parameters
        ----------
        starts
            As found by `starts`.

        Returns
        -------
        ndarray
            One number per unit, from zero.
        """
        return np.searchsorted(starts, np.arange(len(self.table)), side="right") - 1


class Values(NamedTuple):
    """What a table says of its rows.

    Attributes
    ----------
    observed
        Index of the people counted.
    random
        What chance makes of it on average.
    estimate, low, high
        The index corrected for chance, and its limits.
    """

    observed: np.ndarray
    random: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray


def measured(
    frame: pd.DataFrame,
    table: np.ndarray,
    index: Callable[[np.ndarray], np.ndarray],
    chance: Chance,
    *,
    levels: Sequence[np.ndarray] = (),
    reference: str | None = None,
) -> pd.DataFrame:
    """Put indices of a table beside a frame that has a row for each.

    Parameters
    ----------
    frame
        With `measure`, and the counts that stand beside it.
    table
        People, units x groups, somebody in every unit.
    index
        From tables (any x units x groups) to indices (any x rows).
    chance
        Of the redraws.
    levels
        As in `segregation_limits.family`; none if units have no parents.
    reference
        With whom a group is compared; None if with nobody.

    Returns
    -------
    DataFrame
        A measure table; no rows where there is nobody. What a missing count enters is
        missing.
    """
    if not len(table):
        return rows(frame.iloc[:0], Values(*np.empty((5, 0))), chance)
    observed = index(table)
    if not np.isfinite(table).all():
        return rows(frame, unknown(observed), chance, reference=reference)
    members = limits.family(table, levels or [np.arange(len(table))])
    found = limits.redraws(
        members, index, replicates=chance.replicates, seed=chance.seed
    )
    estimate, low, high = limits.inverted(observed, found, chance.confidence)
    values = Values(observed, mean(found.drawn[0]), estimate, low, high)
    return rows(frame, values, chance, reference=reference)


def unknown(observed: np.ndarray) -> Values:
    """Leave missing what a missing count leaves unknown.

    Parameters
    ----------
    observed
        Indices, of which some may not need the count.

    Returns
    -------
    Values
        Without estimates and limits.
    """
    return Values(observed, *np.full((4, len(observed)), np.nan))


def mean(drawn: np.ndarray) -> np.ndarray:
    """Average the redraws that have a value.

    Parameters
    ----------
    drawn
        Redraws x indices.

    Returns
    -------
    ndarray
        One per index; missing where no redraw has a value.

    Examples
    --------
    >>> mean(np.array([[1.0, np.nan], [3.0, np.nan]]))
    array([ 2., nan])
    """
    known = ~np.isnan(drawn)
    return divide(np.where(known, drawn, 0).sum(axis=0), known.sum(axis=0))


def rows(
    frame: pd.DataFrame,
    values: Values,
    chance: Chance,
    *,
    reference: str | None = None,
    method: str = INVERTED,
    direction: str = LOWER,
) -> pd.DataFrame:
    """Put values beside a frame.

    Parameters
    ----------
    frame
        With `measure`, and the counts that stand beside it.
    values
        One per row.
    chance
        Of the redraws.
    reference, method, direction
        As in the measure table.

    Returns
    -------
    DataFrame
        A measure table with `statistic`, `observed`, `expected_if_random`,
        `direction`. Indices that end at one are cut off there.
    """
    most = np.where(frame["measure"].isin([MUTUAL, LOCAL]), np.inf, 1)
    return measure_table(
        frame.assign(statistic=LEVEL),
        measure=frame["measure"].to_list(),
        reference=reference,
        estimate=np.minimum(values.estimate, most),
        conf_low=values.low,
        conf_high=np.minimum(values.high, most),
        confidence=chance.confidence,
        method=method,
        observed=values.observed,
        expected_if_random=values.random,
        direction=direction,
    )
