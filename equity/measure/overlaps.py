"""How districts and areas overlap: the arithmetic beneath `areal`.

Tidy ``overlaps`` have one row per ``kind`` of district, ``district`` and ``area``, with
``share`` (of the area, that lies in the district) and, where known, ``district_share``
(of the district, that lies in the area) and ``by`` (what areas were split by). Here
they become arrays of districts x areas.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure.table import divide, numbers, require_columns

OUTSIDE = "Outside every district"
SOURCE_AREA, TOTAL = "source area", "total"
NEEDED = ["kind", "district", "area", "share"]
WHOLE = 1e-6  # an area with so little of it elsewhere is whole
SLACK = 1e-3  # by so much shares of an area may exceed one, as drawn borders do
METHODS = {"area": "area-weighted", "block population": "block-weighted"}


@dataclass(frozen=True)
class Kind:
    """Districts of one kind over the areas, as arrays of districts x areas.

    Attributes
    ----------
    name
        Of the kind.
    districts
        In order; the last is `OUTSIDE` if any area has a part in no district.
    share
        Of each area, that lies in the district; of an area, shares add up to one.
    surface
        Of each district, that lies in the area; missing where not known.
    by
        What each area was split by; empty where not known.

    Examples
    --------
    >>> overlaps = pd.DataFrame({"kind": "ward", "district": ["A", "B"], "area": "1",
    ...                          "share": [0.5, 0.25]})
    >>> kind = next(kinds(overlaps, pd.Index(["1", "2"])))
    >>> kind.districts
    ['A', 'B', 'Outside every district']
    >>> kind.share.tolist()
    [[0.5, 0.0], [0.25, 0.0], [0.25, 1.0]]
    """

    name: str
    districts: list[str]
    share: np.ndarray
    surface: np.ndarray
    by: np.ndarray

    @property
    def cut(self) -> np.ndarray:
        """Tell areas with a part in the district, and a part elsewhere.

        Returns
        -------
        ndarray
            Of booleans, districts x areas.
        """
        return (self.share > WHOLE) & (self.share < 1 - WHOLE)

    def frame(self, **columns: np.ndarray) -> pd.DataFrame:
        """Begin a table with a row per district.

        Parameters
        ----------
        **columns
            Further columns, a value per district.

        Returns
        -------
        DataFrame
            `kind, district`, and the further columns.
        """
        return pd.DataFrame({"kind": self.name, "district": self.districts, **columns})

    def methods(self) -> list[str]:
        """Say of each district how the areas that it cuts were split.

        Returns
        -------
        list of str
            One per district.
        """
        words = []
        for row in self.cut:
            split = sorted(
                {METHODS.get(by, by or "area-weighted") for by in self.by[row]}
            )
            words.append(" and ".join(split) if split else "whole areas")
        return [f"{word} interpolation" if word[0] != "w" else word for word in words]

    def coverage(self) -> np.ndarray:
        """Add up the share of each district that lies in the areas.

        Returns
        -------
        ndarray
            Proportions; missing where not known, and outside.
        """
        known = np.isfinite(self.surface).all(axis=1)
        return np.where(known, np.nan_to_num(self.surface).sum(axis=1), np.nan)

    def partial(self, counts: np.ndarray) -> np.ndarray:
        """Divide what cut areas give a district by all it has.

        Parameters
        ----------
        counts
            Of the areas; a second axis is kept.

        Returns
        -------
        ndarray
            Proportions, missing where the district has none.
        """
        return divide(np.where(self.cut, self.share, 0) @ counts, self.share @ counts)

    def extremes(
        self, above: np.ndarray, below: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the least and the greatest quotient, whatever part of cut areas belongs.

        The greatest quotient of sums takes in whole areas, and of the cut ones those
        with the greatest quotients of their own.

        Parameters
        ----------
        above, below
            What each area would give each district if all of it belonged, districts x
            areas; zero where none of it does.

        Returns
        -------
        tuple of ndarray
            One value per district, missing where there is nothing to divide by.

        Examples
        --------
        >>> overlaps = pd.DataFrame({"kind": "ward", "district": "A",
        ...                          "area": ["1", "2"], "share": [1, 0.5]})
        >>> kind = next(kinds(overlaps, pd.Index(["1", "2"])))
        >>> touched = kind.share > 0
        >>> least, most = kind.extremes(touched * [10, 60], touched * [100, 100])
        >>> least[0].round(2), most[0].round(2)
        (np.float64(0.1), np.float64(0.35))
        """
        return self._extreme(above, below, 1), self._extreme(above, below, -1)

    def _extreme(self, above: np.ndarray, below: np.ndarray, sign: int) -> np.ndarray:
        ends = np.full(len(self.districts), np.nan)
        for row, cut in enumerate(self.cut):
            some = cut & ((above[row] > 0) | (below[row] > 0))
            whole = ~cut & (self.share[row] > WHOLE)
            up, down = above[row, some], below[row, some]
            order = np.argsort(
                sign * np.where(down > 0, up / np.where(down > 0, down, 1), np.inf)
            )
            tops = above[row, whole].sum() + np.append(0, up[order].cumsum())
            bottoms = below[row, whole].sum() + np.append(0, down[order].cumsum())
            found = divide(tops, bottoms)
            if np.isfinite(found).any():
                ends[row] = sign * np.nanmin(sign * found)
        return ends


def kinds(
    overlaps: pd.DataFrame, areas: pd.Index, allocate: str = SOURCE_AREA
) -> Iterator[Kind]:
    """Read tidy `overlaps`, one kind of district after the other.

    Parameters
    ----------
    overlaps
        See the module. Rows of other areas are left out.
    areas
        The areas, in order.
    allocate
        "source area" leaves parts of areas outside every district; "total" gives the
        districts everything of the areas that they touch, in proportion.

    Yields
    ------
    Kind
        Sorted by name, and districts within.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a share is not between zero and one, an overlap is there twice, or districts
        of a kind overlap.
    ParamsError
        If `allocate` is another word.
    """
    if allocate not in (SOURCE_AREA, TOTAL):
        raise ParamsError(
            f"allocate is {allocate!r}; expected one of {[SOURCE_AREA, TOTAL]}"
        )
    require_columns(overlaps, NEEDED)
    check(overlaps)
    overlaps = overlaps.assign(area=overlaps["area"].astype(object))
    for name, rows in overlaps.groupby("kind", observed=True, sort=True):
        yield _of_kind(str(name), rows[rows["area"].isin(areas)], rows, areas, allocate)


def check(overlaps: pd.DataFrame) -> None:
    """Refuse overlaps that are not shares, or share out an area more than once.

    Parameters
    ----------
    overlaps
        See the module.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        With what was found, and in how many rows or areas.

    Examples
    --------
    >>> check(pd.DataFrame({"kind": "ward", "district": ["A", "B"], "area": "1",
    ...                     "share": [0.7, 0.7]}))
    Traceback (most recent call last):
    equity.errors.InputError: districts of kind 'ward' overlap: the shares of 1 of 1
    areas add up to more than one
    """
    require_columns(overlaps, NEEDED)
    names = ["share"] + ["district_share"] * ("district_share" in overlaps)
    for name in names:
        values = numbers(overlaps, name)
        wrong = (
            (values < 0) | (values > 1 + SLACK) | ((name == "share") & ~(values >= 0))
        )
        if wrong.any():
            raise InputError(
                f"column {name} is not a share from 0 to 1 in {wrong.sum()} of "
                f"{len(wrong)} rows"
            )
    if doubled := int(overlaps.duplicated(["kind", "district", "area"]).sum()):
        raise InputError(f"{doubled} of {len(overlaps)} overlaps are there twice")
    sums = overlaps.groupby(["kind", "area"], observed=True)["share"].sum()
    for kind, total in sums.groupby("kind", observed=True):
        if over := int((total > 1 + SLACK).sum()):
            raise InputError(
                f"districts of kind {str(kind)!r} overlap: the shares of {over} of "
                f"{len(total)} areas add up to more than one"
            )


def stacked(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Put measure tables beneath each other, kind by kind and measure by measure.

    Parameters
    ----------
    tables
        Any number of them, with `kind` and `measure`.
    columns
        The columns of the answer.

    Returns
    -------
    DataFrame
        Renumbered; without rows where there are no tables.
    """
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values("kind", kind="stable", ignore_index=True)[columns]


def _of_kind(
    name: str, rows: pd.DataFrame, every: pd.DataFrame, areas: pd.Index, allocate: str
) -> Kind:
    districts = sorted(every["district"].astype(str).unique())
    shape = (len(districts), len(areas))
    at = (
        pd.Index(districts).get_indexer(rows["district"].astype(str)),
        areas.get_indexer(rows["area"]),
    )
    share, surface = np.zeros(shape), np.zeros(shape)
    share[at] = numbers(rows, "share")
    if "district_share" in rows:
        surface[at] = numbers(rows, "district_share")
    else:
        surface[:] = np.nan
    by = np.full(len(areas), "", dtype=object)
    if "by" in rows:
        by[at[1]] = rows["by"].astype(object)
    inside = share.sum(axis=0)
    scale = inside if allocate == TOTAL else np.maximum(inside, 1)
    share = np.divide(share, scale, out=share, where=scale > 0)
    outside = np.clip(1 - share.sum(axis=0), 0, None)
    outside[outside < WHOLE] = 0
    if outside.any():
        districts = [*districts, OUTSIDE]
        share = np.vstack([share, outside])
        surface = np.vstack([surface, np.full(len(areas), np.nan)])
    return Kind(name, districts, share, surface, by)
