"""Risk against all other students where some counts are hidden.

A district's own totals hide the smallest counts. Since *all other students* take in
every group, one hidden count leaves no group with an exact comparison (see `risk`),
though it can hardly move any. Here a hidden count is the least and the most it can be,
and so is what is made of it: the estimate is the middle, and limits hold both ends.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import risk
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    LOWER,
    measure_table,
    numbers,
    require_columns,
)

ENDS = ["events_low", "events_high", "others_low", "others_high"]
EXACT, MASKED = "exact counts", "masked counts"
BOTH_ENDS = " at both ends of the bounds"
UNKNOWN = "not known: a count has no end, or nobody is there"
WIDE = "masked too much to know"
WIDEST = 0.2  # bounds of a risk further apart than this tell too little


def against_others(
    counts: pd.DataFrame, *, direction: str = LOWER, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's risk with that of all others, whatever is hidden.

    Parameters
    ----------
    counts
        One row per ``group``, as `outcomes.counts` gives them for a year:
        ``events_low``, ``events_high`` (students with the outcome), ``others_low`` and
        ``others_high`` (students without it). Together the rows are everyone.
    direction
        "lower is better" or "higher is better".
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``counts``, once per ``statistic`` ("level", "difference", "ratio"), with
        ``events`` and ``population`` (missing where masked), the measure columns,
        ``low`` and ``high`` (what hidden counts alone allow), ``direction`` and
        ``reliability``: "exact counts", "masked counts", or why it is not known.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a bound is negative or not whole, a lower bound exceeds its upper one, or a
        group has two rows.
    ParamsError
        If ``direction`` is neither of the two.

    Notes
    -----
    A group's ratio is least where the group has the fewest events and the most others,
    and all other students the reverse. Where all counts are exact, this is
    `risk.against_others`.

    References
    ----------
    Manski (2003), Partial Identification of Probability Distributions, chapter 1; and
    those of `risk.against_others`.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": ["Black", "White", "Asian"],
    ...     "events_low": [316, 732, 1], "events_high": [316, 732, 9],
    ...     "others_low": [5908, 34165, 1204], "others_high": [5908, 34165, 1212]})
    >>> found = against_others(counts).query("statistic == 'ratio'")
    >>> found[["group", "estimate", "low", "high", "reliability"]].round(2)
       group  estimate   low  high    reliability
    6  Black      2.49  2.47  2.50  masked counts
    7  White      0.49  0.48  0.49  masked counts
    8  Asian      0.16  0.03  0.29  masked counts
    """
    bounds = ends(counts)
    total = bounds.sum(axis=0)
    low, high = between(
        bounds, total - bounds, direction=direction, confidence=confidence
    )
    exact = np.isclose(total[0], total[1]) & np.isclose(total[2], total[3])
    known = (bounds[:, 0] == bounds[:, 1]) & (bounds[:, 2] == bounds[:, 3])
    frame = counts.assign(
        events=pd.array(np.where(known, bounds[:, 0], np.nan), dtype="Int64"),
        population=pd.array(
            np.where(known, bounds[:, 0] + bounds[:, 2], np.nan), dtype="Int64"
        ),
    )
    levels = [
        numbers(end[end["statistic"] == LEVEL], "estimate") for end in (low, high)
    ]
    wide = levels[1] - levels[0] > WIDEST
    tables = []
    for statistic in (LEVEL, DIFFERENCE, RATIO):
        both = [end[end["statistic"] == statistic] for end in (low, high)]
        first, last = (numbers(end, "estimate") for end in both)
        words = np.select(
            [np.isnan(first) | np.isnan(last), wide, exact],
            [UNKNOWN, WIDE, EXACT],
            MASKED,
        )
        told = (words == EXACT) | (words == MASKED)
        values = {
            "estimate": (first + last) / 2,
            "conf_low": numbers(both[0], "conf_low"),
            "conf_high": numbers(both[1], "conf_high"),
        }
        made = both[0].iloc[0] if len(both[0]) else {"measure": "", "method": ""}
        tables.append(
            measure_table(
                frame.assign(statistic=statistic),
                measure=made["measure"],
                reference=None if statistic == LEVEL else risk.OTHERS,
                **{
                    name: np.where(told, value, np.nan)
                    for name, value in values.items()
                },
                confidence=confidence,
                method=made["method"] + ("" if exact else BOTH_ENDS),
                low=first,
                high=last,
                direction=direction,
                reliability=words,
            )
        )
    return pd.concat(tables, ignore_index=True)


def ends(counts: pd.DataFrame) -> np.ndarray:
    """Take the least and the most that hidden counts can be.

    Parameters
    ----------
    counts
        As in `against_others`.

    Returns
    -------
    ndarray
        One row per group and one column per name of `ENDS`. NaN has no end.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a bound is negative or not whole, a lower bound exceeds its upper one, or a
        group is missing or has two rows.

    Examples
    --------
    >>> ends(pd.DataFrame({"group": ["Asian"], "events_low": 1, "events_high": 9,
    ...                    "others_low": 35, "others_high": 43})).tolist()
    [[1.0, 9.0, 35.0, 43.0]]
    """
    require_columns(counts, ["group", *ENDS])
    twice = counts["group"].duplicated() | counts["group"].isna()
    if twice.any():
        raise InputError(
            f"{twice.sum()} of {len(counts)} rows repeat a group, or name none"
        )
    bounds = np.column_stack([numbers(counts, name) for name in ENDS])
    for place, name in enumerate(ENDS):
        if bad := int(((bounds[:, place] < 0) | (bounds[:, place] % 1 > 0)).sum()):
            raise InputError(f"column {name} is negative or not whole in {bad} rows")
    for low, high in ((0, 1), (2, 3)):
        if bad := int((bounds[:, low] > bounds[:, high]).sum()):
            raise InputError(f"column {ENDS[low]} exceeds {ENDS[high]} in {bad} rows")
    return bounds


def between(
    own: np.ndarray,
    rest: np.ndarray,
    *,
    direction: str = LOWER,
    confidence: float = 0.95,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare groups with others where a ratio is least, and where it is most.

    Parameters
    ----------
    own
        As `ends` returns: one row per group.
    rest
        The same of whom each group is compared with.
    direction, confidence
        As in `against_others`.

    Returns
    -------
    tuple of DataFrame
        The tables of `risk.against_others` at both ends, without the others' rows.

    Examples
    --------
    >>> black, others = np.array([[30, 30, 70, 70]]), np.array([[11, 19, 181, 189]])
    >>> low, high = between(black, others)
    >>> [float(round(end["estimate"].iloc[-1], 2)) for end in (low, high)]
    [3.16, 5.45]
    """
    fewest, fullest = [0, 3], [1, 2]  # events and others at the two ends of a risk
    low, high = (
        _compared(own[:, mine], rest[:, other], direction, confidence)
        for mine, other in ((fewest, fullest), (fullest, fewest))
    )
    return low, high


def _compared(
    own: np.ndarray, rest: np.ndarray, direction: str, confidence: float
) -> pd.DataFrame:
    """Compare each group with its others, at one end of what is hidden."""
    found = []
    for mine, other in zip(own, rest, strict=True):
        pair = pd.DataFrame(
            {
                "group": ["own", "rest"],
                "events": pd.array([mine[0], other[0]], dtype="Float64"),
                "population": pd.array([sum(mine), sum(other)], dtype="Float64"),
            }
        )
        table = risk.against_others(pair, direction=direction, confidence=confidence)
        found.append(table[table["group"] == "own"])
    return pd.concat(found, ignore_index=True)
