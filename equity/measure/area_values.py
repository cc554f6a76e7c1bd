"""Values of areas, put in the order of their residents.

The helper of `reach`: it reads measure tables of areas, such as those of `catchment`,
keeps what is not known apart from what is out of reach, and says what is averaged over
residents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure.costs import of_kind
from equity.measure.table import HIGHER, LOWER, numbers, require_columns

NEEDED = ["area", "measure", "estimate", "direction"]
AGAIN = ["left_out", "area", "pairs", "estimate"]
DIRECTIONS = {"at_most": LOWER, "at_least": HIGHER}


@dataclass(frozen=True)
class Part:
    """What is averaged over residents: a value, or being within reach (1, else 0).

    Attributes
    ----------
    measure, direction
        As in the measure table.
    value
        Of each area; missing where it is not known.
    without
        The value without each place, places x areas; where it is missing, take the
        one with the place. No rows if it was not given.
    share
        Being within reach.

    Examples
    --------
    >>> Part("average km", "lower is better", np.array([2.0]), np.empty((0, 1)),
    ...      share=False).measure
    'average km'
    """

    measure: str
    direction: str
    value: np.ndarray
    without: np.ndarray
    share: bool


@dataclass(frozen=True)
class AreaValues:
    """One kind's values by area, in the order of the residents' areas.

    Attributes
    ----------
    labels
        The kind, where there are kinds, and how its places are got to, where the
        values say it.
    measure, direction
        As in the measure table.
    value
        Of each area; missing where it is not known, or no place can be got to.
    routed
        Whether any cost of the area is known.
    without, routed_without
        The same without each place, places x areas; None if not given.

    Examples
    --------
    >>> table = pd.DataFrame({"area": ["1"], "measure": "km", "estimate": [2.0],
    ...                       "direction": "lower is better"})
    >>> (found,) = AreaValues.each(table, pd.Index(["1", "2"]))
    >>> found.value.tolist(), found.known.tolist()
    ([2.0, nan], [True, False])
    """

    labels: dict[str, str]
    measure: str
    direction: str
    value: np.ndarray
    routed: np.ndarray
    without: np.ndarray | None
    routed_without: np.ndarray | None

    @classmethod
    def each(
        cls,
        values: pd.DataFrame,
        areas: pd.Index,
        without_each: pd.DataFrame | None = None,
    ) -> list[Self]:
        """Read a measure table of areas, kind by kind.

        Parameters
        ----------
        values
            `area, measure, estimate, direction`; `kind` and `pairs` where they apply.
        areas
            Those of the residents, in their order.
        without_each
            From `catchment.without_each`.

        Returns
        -------
        list of AreaValues
            One for each kind.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If an area has two values or is not among `areas`, a kind has two measures,
            or `without_each` lacks a kind.
        """
        require_columns(values, NEEDED)
        if without_each is not None:
            require_columns(without_each, AGAIN)
        kinds = [None]
        if "kind" in values:
            kinds = list(pd.unique(values["kind"]))
        found = []
        for kind in kinds:
            rows, left = values, without_each
            if kind is not None:
                rows = values[values["kind"] == kind]
                if left is not None:
                    require_columns(left, ["kind"])
                    left = left[left["kind"] == kind]
            (value,), (routed,) = _placed(rows, areas)
            without = routed_without = None
            if left is not None:
                if left.empty:
                    raise InputError(f"without_each has no rows of kind {kind!r}")
                number, places = pd.factorize(left["left_out"], sort=True)
                without, routed_without = _placed(left, areas, number, len(places))
            found.append(
                cls(
                    _labels(rows, kind),
                    _one(rows["measure"], "measure"),
                    _one(rows["direction"], "direction"),
                    value,
                    routed,
                    without,
                    routed_without,
                )
            )
        return found

    @property
    def known(self) -> np.ndarray:
        """Tell areas with a value from others.

        Returns
        -------
        ndarray
            Of bool.
        """
        return np.isfinite(self.value)

    def average(self) -> Part:
        """Average the values themselves.

        Returns
        -------
        Part
            `average`, and the measure.
        """
        name = f"average {self.measure}"
        without = np.empty((0, len(self.value)))
        if self.without is not None:
            without = self.without
        return Part(name, self.direction, self.value, without, share=False)

    def within(self, **limits: float | Mapping[str, float] | None) -> list[Part]:
        """Average being within reach, if a limit of it was given.

        Parameters
        ----------
        **limits
            `at_most` or `at_least`; one for all, or kind to limit; None if not given.

        Returns
        -------
        list of Part
            One, or none.

        Raises
        ------
        ParamsError
            If both are given, one does not fit the direction, or the kind has none.
        """
        given = {name: limit for name, limit in limits.items() if limit is not None}
        if not given:
            return []
        if len(given) > 1:
            raise ParamsError("at_most and at_least are both given; expected one")
        ((name, limit),) = given.items()
        kind = self.labels.get("kind", "")
        limit = float(of_kind(limit, kind, name))
        if self.direction != DIRECTIONS[name]:
            raise ParamsError(
                f"{name} is given, and of {self.measure!r} {self.direction}; expected "
                f"{'at_least' if name == 'at_most' else 'at_most'}"
            )
        without = np.empty((0, len(self.value)))
        if self.without is not None:
            without = _inside(self.without, self.routed_without, name, limit)
        return [
            Part(
                f"share with {name.replace('_', ' ')} {limit:g} {self.measure}",
                HIGHER,
                _inside(self.value, self.routed, name, limit),
                without,
                share=True,
            )
        ]


def _inside(
    value: np.ndarray, routed: np.ndarray, name: str, limit: float
) -> np.ndarray:
    """One within reach, zero beyond it, missing where it is not known."""
    if name == "at_least":
        return np.where(np.isnan(value), np.nan, value >= limit)
    # without a value though costs are known: no place can be got to
    return np.where(np.isnan(value) & ~routed, np.nan, value <= limit)


def _placed(
    rows: pd.DataFrame,
    areas: pd.Index,
    line: np.ndarray | int = 0,
    lines: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Values by line and area, and whether costs of the area are known."""
    place = areas.get_indexer(pd.Index(rows["area"]))
    if (place < 0).any():
        raise InputError(
            f"{(place < 0).sum()} of {len(place)} areas of the values are not in "
            f"population, such as {str(rows['area'].iloc[place.argmin()])!r}"
        )
    if repeated := len(place) - len(np.unique(line * len(areas) + place)):
        raise InputError(
            f"{repeated} of {len(place)} rows repeat an area; give one value for each "
            "area of a kind"
        )
    value = np.full((lines, len(areas)), np.nan)
    routed = np.zeros((lines, len(areas)), dtype=bool)
    value[line, place] = numbers(rows, "estimate")
    if "pairs" in rows:
        routed[line, place] = numbers(rows, "pairs") > 0
    return value, routed


def _labels(rows: pd.DataFrame, kind: str | None) -> dict[str, str]:
    """Name the kind, and how its places are got to where all rows say the same."""
    labels = {} if kind is None else {"kind": str(kind)}
    ways = rows["how"].dropna().unique() if "how" in rows else []
    if len(ways) == 1:
        labels["how"] = str(ways[0])
    return labels


def _one(values: pd.Series, name: str) -> str:
    found = list(values.unique())
    if len(found) != 1:
        raise InputError(f"{name} of the values is not one but {len(found)}: {found}")
    return str(found[0])
