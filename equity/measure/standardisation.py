"""Direct standardisation: the rates that groups would have with the same make-up.

Groups differ in age, or in what they ask for, and so do their *crude* rates. A
*directly standardised rate* applies the rates of each group, stratum by stratum, to one
*standard* population: what is left is not due to the make-up that was standardised.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import gamma

from equity.errors import InputError
from equity.measure import intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    check_confidence,
    check_counts,
    divide,
    measure_table,
    position_of,
    require_columns,
    without_reference,
)

MEASURE = "directly standardised rate"


def standardised(
    rates: pd.DataFrame,
    *,
    standard: Mapping[str, float],
    reference: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Standardise each group's rate to one make-up of strata.

    Parameters
    ----------
    rates
        One row per ``group`` and ``stratum`` (an age band, a category), with ``events``
        (Poisson counts) and ``population`` (people, or their time).
    standard
        Stratum to its size in the standard population; only proportions matter.
    reference
        The group that all others are compared with; None makes no comparisons.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per group, and with a reference per ``statistic`` too (`level`,
        `difference`, `ratio`): ``group``, ``events``, ``population`` (sums),
        ``statistic``, the measure columns, ``crude`` (the rate as it is). A rate is
        missing where a stratum of the standard has nobody in the group, or a count is
        missing.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative, a stratum comes twice in a group or is not in the
        standard, or the standard is negative or adds up to nothing.
    UnknownGroupError
        If the reference is no group.

    Notes
    -----
    Levels have the gamma limits of Fay and Feuer, which cover at least as often as
    promised in all cases known and equal the exact Poisson limits in a single stratum.
    Differences and ratios have limits recovered from those of the two levels. The
    population is taken as known: for survey estimates redraw it.

    References
    ----------
    Fay and Feuer (1997), Confidence intervals for directly standardized rates: a method
    based on the gamma distribution, Stat Med 16, 791-801. Zou and Donner (2008), Stat
    Med 27, 1693-1702; Donner and Zou (2012), Stat Methods Med Res 21, 347-359
    (comparisons).

    Examples
    --------
    >>> births = pd.DataFrame({"group": ["A", "A", "B", "B"],
    ...     "stratum": ["young", "old"] * 2, "events": [10, 40, 30, 20],
    ...     "population": [1000, 1000, 3000, 500]})
    >>> table = standardised(births, standard={"young": 1, "old": 1})
    >>> table[["group", "crude", "estimate", "conf_low", "conf_high"]].round(4)
      group   crude  estimate  conf_low  conf_high
    0     A  0.0250     0.025    0.0186     0.0330
    1     B  0.0143     0.025    0.0169     0.0359
    """
    check_confidence(confidence)
    require_columns(rates, ["group", "stratum"])
    events, population = check_counts(rates, within=False)
    weight = _weights(rates, standard)
    table = _by_group(rates, events, population, weight)
    low, high = _fay_feuer(table, confidence)
    estimate = table["rate"].to_numpy()
    crude = divide(table["events"], table["population"])
    named = table[["group", "events", "population"]]
    parts = {LEVEL: (None, estimate, low, high, "Fay-Feuer gamma")}
    if reference is not None:
        base = position_of(named, reference)
        own = (estimate, low, high)
        other = tuple(value[base] for value in own)
        parts |= {
            DIFFERENCE: (
                *(base, estimate - estimate[base]),
                *intervals.mover_difference(*own, *other),
                "square-and-add of Fay-Feuer gamma",
            ),
            RATIO: (
                *(base, divide(estimate, estimate[base])),
                *intervals.mover_ratio(*own, *other),
                "square-and-add of Fay-Feuer gamma",
            ),
        }
    tables = [
        measure_table(
            named.assign(statistic=statistic),
            measure=MEASURE,
            reference=None if base is None else reference,
            estimate=value,
            conf_low=without_reference(least, base),
            conf_high=without_reference(most, base),
            confidence=confidence,
            method=method,
            crude=crude,
        )
        for statistic, (base, value, least, most, method) in parts.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _weights(rates: pd.DataFrame, standard: Mapping[str, float]) -> np.ndarray:
    """Share of each row's stratum in the standard; refuse what does not fit."""
    sizes = np.array([float(size) for size in standard.values()])
    if not (np.isfinite(sizes).all() and (sizes >= 0).all() and sizes.sum() > 0):
        raise InputError(
            "standard is negative, not finite, or nothing in all; expected a size of "
            f"zero or more for each of {list(standard)}"
        )
    unknown = sorted(
        {str(s) for s in rates["stratum"].unique()} - set(map(str, standard))
    )
    if unknown:
        raise InputError(
            f"strata {unknown} are not in the standard; expected {list(standard)}"
        )
    twice = rates.duplicated(["group", "stratum"]).sum()
    if twice:
        raise InputError(
            f"{twice} of {len(rates)} rows repeat a group and stratum; add them up"
        )
    share = dict(zip(map(str, standard), sizes / sizes.sum(), strict=True))
    return np.array([share[str(stratum)] for stratum in rates["stratum"]])


def _by_group(
    rates: pd.DataFrame, events: np.ndarray, population: np.ndarray, weight: np.ndarray
) -> pd.DataFrame:
    """Add up rate, variance and largest weight of an event, by group."""
    code, groups = pd.factorize(rates["group"], use_na_sentinel=False)
    # A stratum without weight adds nothing, whether anybody is in it or not.
    per_event = np.where(weight > 0, divide(weight, population), 0)
    values = {
        "events": events,
        "population": population,
        "rate": events * per_event,
        "variance": events * per_event**2,
    }
    table = pd.DataFrame(
        {"group": groups}
        | {name: np.bincount(code, v, len(groups)) for name, v in values.items()}
    )
    table["largest"] = pd.Series(per_event).groupby(code).max().to_numpy()
    whole = np.isclose(np.bincount(code, weight, len(groups)), 1)
    table.loc[~whole, ["rate", "variance"]] = np.nan
    return table


def _fay_feuer(table: pd.DataFrame, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - confidence) / 2
    rate, variance, largest = (
        table[name].to_numpy(dtype=float) for name in ("rate", "variance", "largest")
    )
    some = variance > 0  # without events the lower limit is zero
    shape = np.where(some, divide(rate**2, variance), 1)
    low = gamma.ppf(tail, shape) * np.where(some, divide(variance, rate), 0)
    more, wider = rate + largest, variance + largest**2
    high = gamma.isf(tail, divide(more**2, wider)) * divide(wider, more)
    unknown = np.isnan(rate)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
