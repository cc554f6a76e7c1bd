"""The measure table: its columns, and the checks on the frames it is made from.

A *measure table* has the columns its measure was given (``group``, ``events``,
``population``, ...), then the seven of `MEASURE_COLUMNS`, then further columns
where they apply, such as ``people_to_parity``. Estimates of shares and rates are
proportions, and so are differences between them; ``confidence`` is a proportion.
What is not known is missing, never zero.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)

MEASURE_COLUMNS = (
    "measure",
    "reference",
    "estimate",
    "conf_low",
    "conf_high",
    "confidence",
    "method",
)

HIGHER, LOWER = "higher is better", "lower is better"  # of ``direction``


def require_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a frame that lacks columns.

    Parameters
    ----------
    frame
        The table a step is about to use.
    names
        The columns it needs.

    Raises
    ------
    ColumnNotFoundError
        Naming the missing columns and those that were found.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"group": []}), ["group", "events"])
    Traceback (most recent call last):
    equity.errors.ColumnNotFoundError: columns ['events'] are missing; found ['group']
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError(missing, found=list(frame.columns))


def position_of(frame: pd.DataFrame, reference: str) -> int:
    """Find the position of the single row whose ``group`` is the reference.

    Parameters
    ----------
    frame
        One row per ``group``.
    reference
        The group looked for.

    Returns
    -------
    int
        Its position, counted from zero.

    Raises
    ------
    UnknownGroupError
        If the group is not exactly one row.

    Examples
    --------
    >>> position_of(pd.DataFrame({"group": ["Black", "White"]}), "White")
    1
    """
    rows = np.flatnonzero((frame["group"] == reference).to_numpy(bool, na_value=False))
    if len(rows) != 1:
        groups = [str(group) for group in frame["group"].dropna().unique()]
        wanted = (
            "expected one row per group" if len(rows) else f"expected one of {groups}"
        )
        raise UnknownGroupError(
            f"{reference!r} matches {len(rows)} rows of group; {wanted}"
        )
    return int(rows[0])


def check_confidence(confidence: float) -> float:
    """Refuse a confidence that is not a proportion between zero and one.

    Parameters
    ----------
    confidence
        Two-sided level: 0.95, not 95.

    Returns
    -------
    float
        The same level.

    Raises
    ------
    ParamsError
        If it is anything else.

    Examples
    --------
    >>> check_confidence(95)
    Traceback (most recent call last):
    equity.errors.ParamsError: confidence is 95; expected a proportion between 0 and 1,
    such as 0.95
    """
    if isinstance(confidence, bool) or not 0 < confidence < 1:
        raise ParamsError(
            f"confidence is {confidence}; expected a proportion between 0 and 1, "
            "such as 0.95"
        )
    return float(confidence)


def normal_quantile(confidence: float) -> float:
    """Half-width, in standard errors, of a two-sided normal interval.

    Parameters
    ----------
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    float
        About 1.96 for 0.95.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(norm.ppf((1 + check_confidence(confidence)) / 2))


def floats(values: ArrayLike) -> np.ndarray:
    """Take scalars, lists, arrays or columns as floats, missing values as NaN.

    Parameters
    ----------
    values
        Numbers, of any numeric type.

    Returns
    -------
    ndarray
        Of the shape given.

    Examples
    --------
    >>> floats(pd.array([3, None], dtype="Int64"))
    array([ 3., nan])
    """
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values, dtype=float)


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Take a column as floats, missing values as NaN.

    Parameters
    ----------
    frame
        The table.
    name
        The column, of any numeric type.

    Returns
    -------
    ndarray
        A new array.

    Raises
    ------
    InputError
        If the column holds something that is not a number.

    Examples
    --------
    >>> numbers(pd.DataFrame({"events": pd.array([3, None], "Int64")}), "events")
    array([ 3., nan])
    """
    try:
        return floats(frame[name]).copy()
    except (TypeError, ValueError):
        raise InputError(f"column {name} holds values that are not numbers") from None


def check_counts(
    frame: pd.DataFrame, *, whole: bool = False, within: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Take ``events`` and ``population`` as floats, or say what is wrong with them.

    Missing counts (masked, not known) pass and stay missing.

    Parameters
    ----------
    frame
        A table with ``events`` and ``population``.
    whole
        Both must be whole numbers, as counts of people are.
    within
        Events happen to members of the population, so cannot be more.

    Returns
    -------
    tuple of ndarray
        Events and population.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        Naming the column and the number of rows that break a rule.

    Examples
    --------
    >>> check_counts(pd.DataFrame({"events": [5, 2], "population": [4, 9]}))
    Traceback (most recent call last):
    equity.errors.InputError: column events exceeds population in 1 of 2 rows
    """
    require_columns(frame, ["events", "population"])
    events, population = numbers(frame, "events"), numbers(frame, "population")
    for name, counts in {"events": events, "population": population}.items():
        _refuse(np.isinf(counts), f"column {name} is not finite")
        _refuse(counts < 0, f"column {name} is negative")
        if whole:
            _refuse(counts % 1 > 0, f"column {name} is not a whole number")
    if within:
        _refuse(events > population, "column events exceeds population")
    return events, population


def _refuse(bad: np.ndarray, what: str) -> None:
    if bad.any():
        raise InputError(f"{what} in {bad.sum()} of {bad.size} rows")


def divide(above: ArrayLike, below: ArrayLike) -> np.ndarray:
    """Divide, leaving missing what would be a division by zero.

    Parameters
    ----------
    above, below
        Numbers, or arrays of them.

    Returns
    -------
    ndarray
        Quotients.

    Examples
    --------
    >>> divide([6, 0], [3, 0])
    array([ 2., nan])
    """
    return np.asarray(above) / np.where(np.equal(below, 0), np.nan, below)


def without_reference(values: np.ndarray, base: int | None) -> np.ndarray:
    """Make the reference's own limit missing: a group cannot differ from itself.

    Parameters
    ----------
    values
        One limit per row.
    base
        The reference's position; None if it is not a row of the table.

    Returns
    -------
    ndarray
        The other limits as they were.

    Examples
    --------
    >>> without_reference(np.array([0.5, 0.9]), 1)
    array([0.5, nan])
    """
    if base is None:
        return values
    return np.where(np.arange(len(values)) == base, np.nan, values)


def log_limits(
    estimate: ArrayLike, log_se: ArrayLike, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of an estimate whose logarithm is about normal.

    Parameters
    ----------
    estimate
        Positive estimates, such as ratios.
    log_se
        Standard errors of their logarithms. Limits are missing where this is
        missing or not finite, and where it is zero: a width of nothing is not
        knowledge.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits.

    Examples
    --------
    >>> low, high = log_limits([3.0, 1.0], [0.1614, float("nan")])
    >>> low.round(2), high.round(2)
    (array([2.19,  nan]), array([4.12,  nan]))
    """
    estimate, log_se = np.broadcast_arrays(floats(estimate), floats(log_se))
    log_se = np.where(np.isfinite(log_se) & (log_se > 0), log_se, np.nan)
    width = np.exp(normal_quantile(confidence) * log_se)
    return estimate / width, estimate * width


def measure_table(
    frame: pd.DataFrame,
    *,
    measure: str | Sequence[str],
    reference: str | None,
    estimate: ArrayLike,
    conf_low: ArrayLike,
    conf_high: ArrayLike,
    confidence: float,
    method: str | Sequence[str],
    **further: object,
) -> pd.DataFrame:
    """Add the measure columns to a frame, in their settled order.

    Measure columns that the frame already had are replaced. Infinite values
    become missing.

    Parameters
    ----------
    frame
        The table the measure was given; it is not changed.
    measure
        The name of the measure, in the words of the field, or one per row.
    reference
        Whom the groups are compared with; None if with nobody.
    estimate, conf_low, conf_high
        One value per row.
    confidence
        Two-sided level, as a proportion.
    method
        How the limits were made, or one per row.
    **further
        Columns to put behind, such as ``people_to_parity``.

    Returns
    -------
    DataFrame
        The given columns, `MEASURE_COLUMNS`, then the further ones.

    Examples
    --------
    >>> measure_table(pd.DataFrame({"group": ["All"]}), measure="rate",
    ...     reference=None, estimate=[0.5], conf_low=[0.4], conf_high=[0.6],
    ...     confidence=0.95, method="Wilson score").columns.tolist()
    ['group', 'measure', 'reference', 'estimate', 'conf_low', 'conf_high',
     'confidence', 'method']
    """
    old = [name for name in (*MEASURE_COLUMNS, *further) if name in frame.columns]
    return frame.drop(columns=old).assign(
        measure=measure,
        reference=pd.Series([reference] * len(frame), index=frame.index, dtype="str"),
        estimate=_finite(estimate),
        conf_low=_finite(conf_low),
        conf_high=_finite(conf_high),
        confidence=check_confidence(confidence),
        method=method,
        **further,
    )


def select(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Keep the rows in which each named column has the given value.

    Parameters
    ----------
    table
        A measure table.
    **values
        Column to value, such as ``statistic="level"``.

    Returns
    -------
    DataFrame
        The rows, renumbered; none where nothing matches.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["A", "A"], "statistic": ["level", "ratio"]})
    >>> len(select(table, statistic="ratio"))
    1
    """
    require_columns(table, list(values))
    keep = pd.Series(True, index=table.index)
    for name, value in values.items():
        keep &= table[name] == value
    return table[keep].reset_index(drop=True)


def _finite(values: ArrayLike) -> np.ndarray:
    values = floats(values)
    return np.where(np.isfinite(values), values, np.nan)
