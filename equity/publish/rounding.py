"""Rounding: counts as multiples of a base, and nothing finer made from them.

**Terms**

rounding base
    Counts are shown as multiples of it; every multiple stands for as many counts.
fit
    A count fits an estimate and its limits if it would be shown with the same ones.

References
----------
ACRO (AI-SDC) default parameters: ``safe_round_base`` 5. OpenSAFELY, output checking:
rates are made from rounded counts. UK Statistics Authority, SDC handbook: quantiles
of pay are rounded, and lie between enough people.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from equity.measure import intervals

#: What is rounded with the counts it is made from.
ESTIMATES = ("estimate", "conf_low", "conf_high", "rate_low", "rate_high")

#: Limits are rounded outwards.
WARDS = {
    **dict.fromkeys(("conf_low", "rate_low"), np.floor),
    **dict.fromkeys(("conf_high", "rate_high"), np.ceil),
}

#: Round numbers, but for their power of ten.
ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)

#: A proportion rounded to more than this says nothing.
COARSEST = 0.2

#: Quantiles of money are rounded to this.
MONEY = 1000


def rounded(values: pd.Series, base: int) -> pd.Series:
    """Round counts to the nearest multiple of a base, halves up.

    Parameters
    ----------
    values
        Counts, missing where hidden.
    base
        The rounding base; 0 or 1 leaves the counts as they are.

    Returns
    -------
    Series
        In the type it had.

    References
    ----------
    See the module.

    Examples
    --------
    >>> rounded(pd.Series([12, 13, 40]), 5).tolist()
    [10, 15, 40]
    """
    if base <= 1:
        return values
    return ((values + base // 2) // base * base).astype(values.dtype)


def bounds(shown: float, base: int, min_cell: int) -> tuple[int, int]:
    """Say which counts a shown, perhaps rounded count allows.

    Parameters
    ----------
    shown
        A count as it is shown.
    base
        The rounding base, 0 if counts are not rounded.
    min_cell
        No smaller count is shown, except zero.

    Returns
    -------
    tuple of int
        The fewest and the most.

    References
    ----------
    See the module.

    Examples
    --------
    >>> bounds(40, 0, 10), bounds(40, 5, 10), bounds(10, 5, 10), bounds(0, 5, 10)
    ((40, 40), (38, 42), (10, 12), (0, 0))
    """
    shown = round(shown)
    if base <= 1 or shown == 0:
        return shown, shown
    first = shown - base // 2
    return max(first, min_cell), first + base - 1


def rounded_money(values: pd.Series) -> pd.Series:
    """Round money to thousands.

    Parameters
    ----------
    values
        Amounts, missing where hidden.

    Returns
    -------
    Series
        Of the same type.

    References
    ----------
    See the module.

    Examples
    --------
    >>> rounded_money(pd.Series([61_499.0, 61_501.0])).tolist()
    [61000.0, 62000.0]
    """
    return (values / MONEY).round().mul(MONEY).astype(values.dtype)


def coarsened(
    shown: pd.DataFrame,
    true: pd.DataFrame,
    counts: list[str],
    made: list[str],
    base: int,
) -> pd.DataFrame:
    """Round counts to a base, and what is made from them so that as many counts fit.

    A rate or a ratio changes by ``estimate / events`` with each person; estimates and
    limits become multiples of a round number at least ``base`` times that. Limits are
    rounded outwards, so that an interval is never narrower than it was, and those of
    proportions stay between 0 and 1. For proportions the numerators are counted: those
    whose estimate and Wilson limits would be shown alike. Where no proportion that is
    still of use fits as many, it is hidden.

    Parameters
    ----------
    shown
        A table with hidden numbers missing.
    true
        The same rows before anything was hidden.
    counts
        The count columns to round.
    made
        All columns made from the counts. Masked counts (``events_low``) are widened
        to multiples of the base.
    base
        The rounding base.

    Returns
    -------
    DataFrame
        ``shown``, rounded.

    References
    ----------
    See the module.

    Examples
    --------
    >>> rates = pd.DataFrame({"events": [123], "population": [1000],
    ...                       "estimate": [0.123]})
    >>> coarsened(rates, rates, ["events"], list(rates), 5)
       events  population  estimate
    0     125        1000      0.12
    """
    result = shown.copy()
    for name in counts:
        result[name] = rounded(shown[name], base)
    bounded = [name.rpartition("_")[0] for name in made if name.endswith("_low")]
    for name in {"events", "others", "population", *counts} & set(bounded):
        for end, ward in (("low", np.floor), ("high", np.ceil)):
            column = f"{name}_{end}"
            if column in shown:
                result[column] = ward(shown[column].astype("Float64") / base) * base
    if "people_to_parity" in made:
        result["people_to_parity"] = rounded(shown["people_to_parity"], base)
    if "share" in made and counts:
        share, count = _plain(true["share"]), _plain(true[counts[0]])
        result["share"] = _multiples(
            shown["share"], (share / count * base).fillna(0.01)
        )
    names = [name for name in ESTIMATES if name in made]
    if "estimate" in names and "events" in true:
        units = pd.Series(_units(true, base), index=true.index)
        parts = _proportions(true)
        for name in names:
            found = _multiples(shown[name], units, WARDS.get(name, np.round))
            result[name] = found.mask(parts, found.clip(0, 1))
    return result


def _plain(column: pd.Series) -> pd.Series:
    return column.astype("Float64").astype(float)


def _multiples(
    values: pd.Series, units: pd.Series, ward: Callable = np.round
) -> pd.Series:
    """Values as multiples of round numbers that are not below the given units."""
    units = units.map(_nice)
    # What is a multiple already, but for the last digits, stays.
    found = ward((values / units).round(9))
    return found.mul(units).round(12).astype(values.dtype)


def _proportions(frame: pd.DataFrame) -> pd.Series:
    """Whether the estimate of a row is its events over its population."""
    if "population" not in frame:
        return pd.Series(False, index=frame.index)
    share = _plain(frame["events"]) / _plain(frame["population"]).replace(0, np.nan)
    return (_plain(frame["estimate"]) - share).abs() < 1e-9


def _units(frame: pd.DataFrame, base: int) -> list[float]:
    """The round numbers that estimates and limits of the rows become multiples of."""
    people = frame.get("population", pd.Series(np.nan, frame.index))
    statistic = frame.get("statistic", pd.Series("level", frame.index))
    rows = pd.DataFrame({"events": frame["events"], "people": people})
    rows = (
        rows.astype("Float64")
        .astype(float)
        .assign(statistic=statistic, confidence=frame.get("confidence", 0.95))
    )
    rows["estimate"] = frame["estimate"].astype("Float64").astype(float)
    rows["level"] = rows["estimate"].where(rows["statistic"] != "difference")
    told = rows[rows["statistic"] == "level"].dropna(subset=["events", "estimate"])
    levels = {(r.events, r.people): r.estimate for r in told.itertuples()}
    return [_unit(row, levels, base) for row in rows.itertuples()]


def _unit(row: Any, levels: dict[tuple, float], base: int) -> float:
    if not row.events > 0:
        return _nice(base / row.people) if row.people > 0 else 0.01
    level = levels.get((row.events, row.people), row.level)
    if row.statistic == "ratio" or np.isnan(level):
        level = row.estimate
    change = abs(level) / row.events if level else np.nan
    unit = _nice(base * change) if change > 0 else 0.01
    share = row.events / row.people if row.people > 0 else np.nan
    if row.statistic == "level" and abs(row.estimate - share) < 1e-9:
        while unit <= COARSEST and _fitting(row, unit, base) < base:
            unit = _nice(unit * 1.01)
        return unit if unit <= COARSEST else np.nan
    return unit


def _fitting(row: Any, unit: float, base: int) -> int:
    """How many numerators would be shown with the same estimate and limits."""
    away = np.arange(-6 * base, 6 * base + 1)
    near = row.events + away  # in parts where requests of an area are split
    able = (near >= 0) & (near <= row.people)
    near, own = near[able], away[able] == 0
    people = np.full(len(near), row.people)
    low, high = intervals.wilson(near, people, row.confidence)
    shown = np.column_stack(
        [
            np.round(near / people / unit),
            np.floor(np.round(low / unit, 9)),
            np.minimum(np.ceil(np.round(high / unit, 9)), np.ceil(1 / unit)),
        ]
    )
    return int((shown == shown[own]).all(axis=1).sum())


def _nice(least: float) -> float:
    """The smallest round number that is not below ``least``."""
    if np.isnan(least):
        return np.nan
    power = 10.0 ** np.floor(np.log10(least))
    return next(m * power for m in ROUND if m * power >= least * (1 - 1e-9))
