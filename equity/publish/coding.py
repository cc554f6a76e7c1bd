"""Coding: a band instead of a count that tells the outcome of everybody in a group.

**Terms**

bottom-coded, top-coded
    Fewer than ``min_cell`` people of a group have the outcome, or do not have it:
    "5% or less", "95% or more" is shown instead of the rate.
band
    The rates that a coded text allows, wide enough to hold ``min_cell`` counts.
step
    The distance of a band from 0 % or 100 %; larger for smaller groups.

References
----------
NCES 2011-603, Statistical methods for protecting personally identifiable
information in aggregate reporting, SLDS Technical Brief 3: the steps by size. ACRO
(AI-SDC) default parameters: ``zeros_are_disclosive``.
"""

import re

import numpy as np
import pandas as pd

from equity.publish.kinds import is_number

#: The fewest people for whom a step in percent is the first to be tried.
STEPS = ((300, 1), (100, 2), (40, 5), (20, 10), (0, 20))

#: Words in the names of columns that show single persons' values.
EXTREMES = {
    *("min", "max", "minimum", "maximum"),
    *("outlier", "outliers", "whisker", "whiskers"),
}

#: Words in the names of numbers that belong to single persons; labels may have them.
TOPS = {"top", "highest", "lowest", "bottom", "peak"}

_QUANTILE = re.compile(r"[pq][0-9]{1,2}|(median|(quan|dec|quart|percent)ile)s?")


def extremes(frame: pd.DataFrame) -> list[str]:
    """Find columns that show single persons' values.

    Parameters
    ----------
    frame
        Any table.

    Returns
    -------
    list of str
        By the words in their names.

    Examples
    --------
    >>> extremes(pd.DataFrame({"top_pay": [9.5], "highest_degree": ["BA"], "max": [1]}))
    ['top_pay', 'max']
    """
    return [
        name
        for name in frame
        if EXTREMES & (words := set(_words(name)))
        or (TOPS & words and is_number(frame[name]))
    ]


def quantiles(frame: pd.DataFrame) -> list[str]:
    """Find numbers that are called quantiles.

    Parameters
    ----------
    frame
        Any table.

    Returns
    -------
    list of str
        By the words in their names.

    Examples
    --------
    >>> quantiles(pd.DataFrame({"median_pay": [9.5], "p90": [9.5], "mean": [9.5]}))
    ['median_pay', 'p90']
    """
    return [
        name
        for name in frame
        if is_number(frame[name]) and any(map(_QUANTILE.fullmatch, _words(name)))
    ]


def _words(name: object) -> list[str]:
    """The words of a column's name, which underscores and spaces part."""
    return re.findall(r"[a-z0-9]+", str(name).lower())


def steps(population: np.ndarray, min_cell: int) -> np.ndarray:
    """Find the step of each group's bands.

    The step is that of NCES for the size of the group, or the next coarser one whose
    band holds at least ``min_cell`` counts.

    Parameters
    ----------
    population
        People of each group; missing where unknown.
    min_cell
        How many counts a band must hold.

    Returns
    -------
    ndarray
        Percent; missing where even 20 % holds too few.

    References
    ----------
    NCES 2011-603.

    Examples
    --------
    >>> steps(np.array([2000.0, 300.0, 100.0, 50.0, 14.0]), 10)
    array([ 1.,  5., 10., 20., nan])
    """
    found = np.full(len(population), np.nan)
    for least, step in reversed(STEPS):  # the finest that will do is written last
        fits = np.floor(population * step / 100 + 1e-9) + 1 >= min_cell
        found = np.where((population >= least) & fits, step, found)
    return found


def bands(
    low: np.ndarray, high: np.ndarray, population: np.ndarray, min_cell: int
) -> pd.DataFrame:
    """Say which groups are coded, and what each row tells about its events.

    Parameters
    ----------
    low, high
        The fewest and most events of each group; equal where the count is known.
    population
        The people they happen to.
    min_cell
        The smallest count that is shown.

    Returns
    -------
    DataFrame
        ``coded``, the text, missing where a group is not coded. ``low`` and ``high``:
        the events that a reader who knows the rule must think possible if the count
        is not shown, in a coded row those of the band, in others those outside both;
        missing where a group is too small to be coded.

    References
    ----------
    NCES 2011-603.

    Examples
    --------
    >>> events, people = np.array([3.0, 396.0, 200.0]), np.array([400.0, 400.0, 400.0])
    >>> bands(events, events, people, 10)
               coded    low   high
    0     5% or less    0.0    9.0
    1    95% or more  391.0  400.0
    2            NaN   10.0  390.0
    """
    step = steps(population, min_cell)
    can = ~np.isnan(step)
    bottom = can & (high < min_cell)
    top = can & (population - low < min_cell)
    text = [
        f"{s:g}% or less" if b else f"{100 - s:g}% or more" if t else None
        for s, b, t in zip(step, bottom, top, strict=True)
    ]
    first = np.select([bottom, top], [0, population - min_cell + 1], min_cell)
    last = np.select([bottom, top], [min_cell - 1, population], population - min_cell)
    return pd.DataFrame(
        {
            "coded": pd.Series(text, dtype="str"),
            "low": np.where(can, first, np.nan),
            "high": np.where(can, last, np.nan),
        }
    )
