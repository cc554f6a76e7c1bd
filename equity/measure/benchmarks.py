"""Shares beside a benchmark: level, difference, ratio, and the people short of it.

Shared by the measures that set a group's share of a workforce beside its share of
somebody else: the residents, the labour force, those available in an occupation. A
benchmark has limits of its own, from the margin of its source; comparisons carry both.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from equity.measure import exact, intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import divide, floats, measure_table

PARITY = "parity is better"
#: A fraction with a smaller denominator is told apart from its neighbours by a double.
LARGEST = 10_000_000


def fraction(share: float) -> Fraction | None:
    """Take a share as the fraction that was meant.

    Parameters
    ----------
    share
        A proportion, as a double: a decimal as published, or people over people.

    Returns
    -------
    Fraction or None
        The nearest fraction with a denominator of up to ten million; None for NaN.

    Notes
    -----
    Two fractions with denominators of up to ten million lie at least 1e-14 apart, and
    a double is within 1e-16 of the share: the fraction is the one that was divided.

    Examples
    --------
    >>> fraction(0.154), fraction(137 / 411)
    (Fraction(77, 500), Fraction(1, 3))
    """
    return None if np.isnan(share) else Fraction(share).limit_denominator(LARGEST)


def people_to_parity(
    events: Sequence[float],
    population: Sequence[float],
    shares: Sequence[Fraction | None],
) -> pd.api.extensions.ExtensionArray:
    """Count the people more that bring a group up to a share, at the same total.

    Parameters
    ----------
    events
        People of the group, whole numbers; NaN where not known.
    population
        People of all groups.
    shares
        The share to come up to, exactly; None where not known.

    Returns
    -------
    ExtensionArray
        Whole people, zero at or above the share, of type ``Int64``; missing where a
        value is.

    Examples
    --------
    >>> people_to_parity([10, 12], [40, 40], [Fraction(3, 10), Fraction(3, 10)])
    <IntegerArray>
    [2, 0]
    Length: 2, dtype: Int64
    """
    known = [
        None if np.isnan(own) or np.isnan(every) else (int(own), int(every))
        for own, every in zip(floats(events), floats(population), strict=True)
    ]
    return exact.people(
        list(zip(known, shares, strict=True)),
        lambda count, share: max(0, ceil(share * count[1]) - count[0]),
    )


def compared(
    frame: pd.DataFrame,
    *,
    share: ArrayLike,
    limits: intervals.Limits,
    benchmark: Sequence[ArrayLike],
    reference: str,
    measures: Mapping[str, str],
    methods: Mapping[str, str],
    confidence: float,
    **further: object,
) -> pd.DataFrame:
    """Put level, difference from a benchmark and ratio to it below one another.

    Parameters
    ----------
    frame
        One row per comparison, with what stands beside it.
    share, limits
        The group's share, as a proportion, and its lower and upper limits.
    benchmark
        Its share of the benchmark, and the lower and upper limits of that.
    reference
        What the benchmark is called.
    measures, methods
        The names of measure and method by `statistic`.
    confidence
        Two-sided level, as a proportion; that of all limits.
    **further
        Columns to put behind.

    Returns
    -------
    DataFrame
        A measure table, three times as long as `frame`, with `statistic`: `level`,
        `difference`, `ratio`. The ratio is missing where the benchmark is zero.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (difference). Donner
    and Zou (2012), Statistical Methods in Medical Research 21, 347-359 (ratio).

    Examples
    --------
    >>> frame = pd.DataFrame({"group": ["Asian"]})
    >>> names = dict.fromkeys(["level", "difference", "ratio"], "share")
    >>> compared(frame, share=[0.2], limits=([0.1], [0.3]), benchmark=([0.4],) * 3,
    ...          reference="residents", measures=names, methods=names,
    ...          confidence=0.95)[["statistic", "estimate", "conf_low"]].round(2)
        statistic  estimate  conf_low
    0       level       0.2      0.10
    1  difference      -0.2     -0.30
    2       ratio       0.5      0.25
    """
    own = tuple(floats(value) for value in (share, *limits))
    other = tuple(floats(value) for value in benchmark)
    values = {
        LEVEL: own,
        DIFFERENCE: (own[0] - other[0], *intervals.mover_difference(*own, *other)),
        RATIO: (divide(own[0], other[0]), *intervals.mover_ratio(*own, *other)),
    }
    tables = [
        measure_table(
            frame.assign(statistic=statistic),
            measure=measures[statistic],
            reference=None if statistic == LEVEL else reference,
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            confidence=confidence,
            method=methods[statistic],
            **further,
        )
        for statistic, (estimate, low, high) in values.items()
    ]
    return pd.concat(tables, ignore_index=True)
