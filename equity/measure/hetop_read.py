"""Tidy counts of students by level, as arrays of tables x groups x levels.

A *table* is a year, a grade, a subject, or a combination of them: whatever of these
columns there is. Groups of several units (schools, districts) are groups of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import hetop_masked
from equity.measure.hetop_rows import Counts
from equity.measure.table import numbers, require_columns

TABLES = ["year", "grade", "subject"]


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes
    ----------
    tables
        A row per table; no columns if there is but one.
    groups
        A row per group, with ``unit`` if that was given.
    levels
        From the lowest to the highest.
    counts
        Tables x groups x levels. In each table the levels with students come first.
    active
        Tables x levels: whether anybody is, or may be, at the level.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["A", "A", "B", "B"], "level": [1, 2, 1, 2],
    ...                        "students": [4, 6, 5, 5]})
    >>> Reading.of(counts).counts.low.tolist()
    [[[4.0, 6.0], [5.0, 5.0]]]
    """

    tables: pd.DataFrame
    groups: pd.DataFrame
    levels: list
    counts: Counts
    active: np.ndarray

    @classmethod
    def of(cls, counts: pd.DataFrame) -> Self:
        """Read and check a frame of counts.

        Parameters
        ----------
        counts
            As described in `hetop.groups`.

        Returns
        -------
        Reading
            All tables.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a group or level is missing or given twice, levels have no order, or
            counts are unknown, negative, not whole, or do not add up.
        """
        require_columns(counts, ["group", "level"])
        keys = [name for name in ["unit", "group"] if name in counts.columns]
        by = [name for name in TABLES if name in counts.columns]
        for name in [*keys, *by, "level"]:
            _refuse(counts[name].isna(), f"column {name} is missing")
        _refuse(counts.duplicated([*by, *keys, "level"]), "a group's level comes twice")
        levels = _levels(counts["level"])
        table, tables = _numbered(counts, by)
        group, groups = _numbered(counts, keys)
        level = pd.Index(levels).get_indexer(counts["level"])
        low, high, total = _bounds(counts)

        shape = len(tables), len(groups), len(levels)
        least, most = np.zeros(shape), np.zeros(shape)
        least[table, group, level], most[table, group, level] = low, high
        everyone = _totals(table, group, total, shape[:2])
        everyone = np.where((most == least).all(axis=2), least.sum(axis=2), everyone)
        checked = _totals(table, group, total, shape[:2])
        _refuse_sums(least, most, checked)
        most = np.fmin(most, everyone[..., None])
        if np.isinf(most).any():
            raise InputError(
                f"students_high is missing in {np.isinf(most).sum()} cells whose "
                "population is not known either; give one of them"
            )
        least, most = hetop_masked.tightened(least, most, everyone)
        active = most.sum(axis=1) > 0
        order = np.argsort(~active, axis=1, kind="stable")[:, None]
        least, most = (np.take_along_axis(ends, order, 2) for ends in (least, most))
        return cls(tables, groups, levels, Counts(least, most, everyone), active)

    def by_table(self) -> list[Self]:
        """Take the tables apart.

        Returns
        -------
        list of Reading
            Of one table each.
        """
        return [
            type(self)(
                self.tables.iloc[[place]],
                self.groups,
                self.levels,
                self.counts[[place]],
                self.active[[place]],
            )
            for place in range(len(self.tables))
        ]


def _levels(level: pd.Series) -> list:
    if isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered:
        return list(level.cat.categories)
    if pd.api.types.is_numeric_dtype(level.dtype):
        return sorted(level.unique().tolist())
    raise InputError(
        "column level has no order; make it an ordered categorical, lowest level first"
    )


def _numbered(
    counts: pd.DataFrame, names: Sequence[str]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Number what columns tell apart: by categories' order, or as they come."""
    if not names:
        return np.zeros(len(counts), dtype=int), pd.DataFrame(index=[0])
    kept = counts[list(names)]
    ordered = [isinstance(kept[name].dtype, pd.CategoricalDtype) for name in names]
    place = kept.groupby(
        list(names), sort=all(ordered) or names[0] in TABLES, observed=True
    ).ngroup()
    first = kept.assign(_place=place).drop_duplicates("_place").sort_values("_place")
    return place.to_numpy(), first.drop(columns="_place").reset_index(drop=True)


def _bounds(counts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least and most students of each row, and the total of its group."""
    names = [
        name
        for name in ("students", "students_low", "students_high", "population")
        if name in counts.columns
    ]
    if "students" not in names:
        require_columns(counts, ["students_low", "students_high"])
    found = {name: numbers(counts, name) for name in names}
    for name, values in found.items():
        _refuse(np.isinf(values), f"column {name} is not finite")
        _refuse(values < 0, f"column {name} is negative")
        _refuse(values % 1 > 0, f"column {name} is not a whole number")
    unknown = np.full(len(counts), np.nan)
    known = found.get("students", unknown)
    low = np.where(np.isnan(known), found.get("students_low", unknown), known)
    high = np.where(np.isnan(known), found.get("students_high", unknown), known)
    low = np.where(np.isnan(low), 0, low)  # at least nobody
    high = np.where(np.isnan(high), np.inf, high)
    _refuse(low > high, "students_low exceeds students_high")
    return low, high, found.get("population", unknown)


def _totals(
    table: np.ndarray, group: np.ndarray, total: np.ndarray, shape: tuple
) -> np.ndarray:
    """One total per table and group, as its rows that have one say alike."""
    least, most = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.fmin.at(least, (table, group), total)
    np.fmax.at(most, (table, group), total)
    if (least < most).any():
        raise InputError(
            f"column population differs between levels in {(least < most).sum()} groups"
        )
    return np.where(np.isfinite(least), least, np.nan)


def _refuse_sums(least: np.ndarray, most: np.ndarray, total: np.ndarray) -> None:
    wrong = (least.sum(axis=2) > total) | (most.sum(axis=2) < total)
    if wrong.any():
        raise InputError(
            f"counts by level do not add up to population in {wrong.sum()} of "
            f"{wrong.size} groups"
        )


def _refuse(bad: np.ndarray | pd.Series, what: str) -> None:
    if bad.any():
        raise InputError(f"{what} in {bad.sum()} of {len(bad)} rows")
