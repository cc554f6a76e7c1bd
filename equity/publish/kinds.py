"""Kinds of columns: which count, which tell rows apart, which are never shown.

A table is protected without being told what it measures, so its columns must speak
for themselves: counts by their names, labels by their types, and every other number
is taken to be made from the counts. What could be a count of another name, or a size
in the guise of a label, is refused by the gate.
"""

from collections.abc import Collection, Sequence
from numbers import Number

import numpy as np
import pandas as pd

from equity.errors import InputError

#: Columns that count people or records. Each may hide its row.
COUNTS = (
    "events",
    "population",
    "students",
    "workers",
    "requests",
    "closed",
    "censored",
    "rows",
    "before",
    "entered",
    "left",
)

#: Counts of people whom a row leaves out, of those it is compared with, or by whom it
#: differs from the next.
ASIDES = (
    *("not_counted", "without_pay", "zero_pay", "incomplete", "not_recorded"),
    *("left_out", "without_score", "tested_once"),
    *("alone", "no_counterpart", "without_counterpart"),
    *("reference_without_counterpart", "reference_events", "reference_population"),
    *("reference_population_low", "reference_population_high"),
    *("level_students", "level_students_low", "level_students_high"),
)

#: Numbers that tell one row from another.
PLACES = ("year", "grade", "quantile")

#: Numbers that describe a row and are not worked out from its counts.
DESCRIPTIONS = (*PLACES, "confidence")

#: Text that depends on the size of a count, and so is hidden with it.
VERDICTS = ("reliability",)

#: Text that does so beside a column of its measure; elsewhere it is a label.
_VERDICTS = {"rule": "underutilised", "state": "reached"}

#: Text about the measure, which does not tell one row from another.
RECIPE = ("measure", "reference", "method", "direction", *VERDICTS)

#: Columns of tables with one row per person, request or point; never shown.
PERSONAL = (
    "worker_id",
    "request_id",
    "student_id",
    "duplicate_of",
    "row",
    "geometry",
    "latitude",
    "longitude",
)

#: Columns of a measure that tell a count whatever they are said to be.
MEASURED = (
    *("estimate", "conf_low", "conf_high", "rate_low", "rate_high"),
    *("share", "percent", "rate", "people_to_parity"),
    *("shortfall", "expected", "sd", "z", "crude", "coefficient", "standard_error"),
    *("chi_square", "chi_square_yates", "unexplained", "exposure"),
    *("expected_if_random", "contribution", "entropy", "share_of_total"),
    *("other_share", "workforce_share", "tends_to", "reached", "half_by"),
    *("hires_now", "openings", "share_of_openings", "p_value", "p_z", "p_exact"),
    *("p_lower", "p_chi_square", "p_yates", "p_fisher", "p_fisher_lower"),
    *("homogeneity_p_value",),
)

#: Whole numbers of what is nobody, hidden with their row all the same.
_NOBODY = (
    *("units", "cells", "strata", "departments", "years", "schools", "mixed_schools"),
    # Proportions and rates that happen to be whole: all of one kind, none on time.
    *("level", "reference_level", "share_of_requests", "reference_share"),
    *("coverage", "partial", "least", "most"),
)

#: How the numbers of a measure table begin that may be whole and count nobody.
_MEASURES = (
    *("conf_", "bound_", "benchmark", "gap", "mean"),
    *("not_comparable", "census_error"),
)


def count(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Read one count column.

    Parameters
    ----------
    frame
        A table of counts by label.
    name
        The column.

    Returns
    -------
    ndarray
        Floats, missing where unknown.

    Raises
    ------
    InputError
        If it holds text or numbers below zero.

    Examples
    --------
    >>> count(pd.DataFrame({"events": [4, None]}), "events")
    array([ 4., nan])
    """
    if not pd.api.types.is_numeric_dtype(frame[name]):
        raise InputError(f"column {name!r} should hold counts; found text")
    values = frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    if (values < 0).any():
        raise InputError(f"column {name!r} has counts below zero")
    return values


def is_number(column: pd.Series) -> bool:
    """Say whether a column is neither text nor labels nor dates.

    Parameters
    ----------
    column
        Any column.

    Returns
    -------
    bool
        True for numbers and truth values.

    Examples
    --------
    >>> is_number(pd.Series([1, 2])), is_number(pd.Series(["a", None]))
    (True, False)
    """
    types = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype | pd.PeriodDtype):
        return False
    if types.is_datetime64_any_dtype(column):
        return False
    if types.is_object_dtype(column):
        return not column.dropna().map(lambda value: isinstance(value, str)).all()
    return not types.is_string_dtype(column)


def uncounted(frame: pd.DataFrame, known: Collection[str]) -> list[str]:
    """Find numbers that may be counts, but have another name than one of `COUNTS`.

    Parameters
    ----------
    frame
        A table of counts by label.
    known
        Columns that are no counts.

    Returns
    -------
    list of str
        Columns of whole numbers, other than those of a measure table.

    Examples
    --------
    >>> uncounted(pd.DataFrame({"events": [40], "hired": [4], "rate": [0.1]}), ())
    ['hired']
    """
    bounds = [f"{n}_{end}" for n in (*COUNTS, "others") for end in ("low", "high")]
    known = {*known, *COUNTS, *DESCRIPTIONS, *MEASURED, *_NOBODY, *bounds}
    if "expected_if_random" in frame:
        known.add("observed")  # an index; elsewhere it may count people
    return [
        name
        for name in frame
        if name not in known
        and not str(name).startswith(_MEASURES)
        and is_number(frame[name])
        and _is_whole(frame[name])
    ]


def _is_whole(column: pd.Series) -> bool:
    """Whether a column holds whole numbers, and not truth values."""
    types = pd.api.types
    if not (types.is_numeric_dtype(column) or types.is_object_dtype(column)):
        return False
    if types.is_bool_dtype(column) or types.is_bool_dtype(
        column.dropna().infer_objects()
    ):
        return False
    values = numbers(pd.to_numeric(column, errors="coerce"))
    values = values[np.isfinite(values)]
    return len(values) > 0 and bool((np.abs(values - np.round(values)) < 1e-9).all())


def sizes(frame: pd.DataFrame, known: Collection[str]) -> list[str]:
    """Find labels that are numbers, and may tell a hidden count.

    Parameters
    ----------
    frame
        A table of counts by label.
    known
        Columns that do not depend on the counts.

    Returns
    -------
    list of str
        Columns whose categories are numbers, truth values or intervals.

    Examples
    --------
    >>> sizes(pd.DataFrame({"size": pd.cut([4, 40], [0, 9, 99])}), ())
    ['size']
    """
    return [
        name
        for name in frame
        if name not in (*DESCRIPTIONS, *known)
        and isinstance(frame[name].dtype, pd.CategoricalDtype)
        and any(
            isinstance(category, Number | np.bool_ | pd.Interval)
            for category in frame[name].cat.categories
        )
    ]


def numbers(column: pd.Series) -> np.ndarray:
    """Turn a column of numbers into floats.

    Parameters
    ----------
    column
        Numbers of any type.

    Returns
    -------
    ndarray
        Missing where the column is.

    Examples
    --------
    >>> numbers(pd.Series([4, None], dtype="Int64"))
    array([ 4., nan])
    """
    return column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def labels(frame: pd.DataFrame) -> list[str]:
    """List the columns that tell one row from another.

    Parameters
    ----------
    frame
        A table of counts by label.

    Returns
    -------
    list of str
        In the order they have.

    Examples
    --------
    >>> labels(pd.DataFrame({"year": [2024], "group": ["A"], "measure": ["rate"],
    ...                      "events": [4]}))
    ['year', 'group']
    """
    return [
        name
        for name in frame
        if name not in (*RECIPE, *verdicts(frame), "statistic", "suppressed", "coded")
        and (not is_number(frame[name]) or name in PLACES)
    ]


def verdicts(frame: pd.DataFrame) -> list[str]:
    """List the columns of text that depend on the size of a count.

    Parameters
    ----------
    frame
        A table of counts by label.

    Returns
    -------
    list of str
        A method is one where rows of the same measure have several: where nobody has
        the event another may be needed.

    Examples
    --------
    >>> table = pd.DataFrame({"rule": ["used"], "events": [40]})
    >>> verdicts(table), verdicts(table.assign(underutilised=True))
    ([], ['rule'])
    """
    found = [name for name in VERDICTS if name in frame]
    found += [n for n, beside in _VERDICTS.items() if {n, beside} <= set(frame)]
    if "method" in frame and not frame.empty:
        names = [n for n in ("measure", "statistic", "model") if n in frame]
        keys = [frame[n].astype("str").fillna("") for n in names]
        methods = frame["method"].astype("str")
        methods = methods.groupby(keys or np.zeros(len(frame), dtype=int))
        found += ["method"] * bool(methods.nunique().max() > 1)
    return found


def asides(frame: pd.DataFrame) -> list[str]:
    """List the columns that count people whom their row leaves out.

    Such counts are often small, no line adds them up, and a table has as many kinds of
    them as there are ways to be left out. So they pass the gate in tables of their own
    only (see `aside`).

    Parameters
    ----------
    frame
        A table of counts by label.

    Returns
    -------
    list of str
        Those of `ASIDES`, and ``not_comparable`` where it counts people and is no
        proportion.

    Examples
    --------
    >>> asides(pd.DataFrame({"events": [40], "without_pay": [3]}))
    ['without_pay']
    """
    found = [name for name in ASIDES if name in frame]
    name = "not_comparable"
    if name in frame and is_number(frame[name]):
        values = numbers(frame[name])
        if (np.nan_to_num(values) > 1).any():
            found.append(name)
    return found


def level(frame: pd.DataFrame) -> np.ndarray:
    """Find the rows that hold a measure itself, not a comparison.

    Parameters
    ----------
    frame
        A measure table.

    Returns
    -------
    ndarray
        One truth value for each row.

    Examples
    --------
    >>> level(pd.DataFrame({"statistic": ["level", "ratio"]})).tolist()
    [True, False]
    """
    if "statistic" not in frame:
        return np.ones(len(frame), dtype=bool)
    return frame["statistic"].eq("level").fillna(False).to_numpy(dtype=bool)


def parts(frame: pd.DataFrame) -> list[np.ndarray]:
    """Find the rows of each measure and statistic, which may tell the same counts.

    Parameters
    ----------
    frame
        A table whose index counts its rows.

    Returns
    -------
    list of ndarray
        Positions of rows; all rows where there is neither column.

    Examples
    --------
    >>> parts(pd.DataFrame({"measure": ["rate", "ratio", "rate"]}))
    [array([0, 2]), array([1])]
    """
    named = [name for name in ("measure", "statistic") if name in frame]
    keys = [frame[name].astype(str) for name in named] or pd.Series(0, frame.index)
    groups = frame.groupby(keys, sort=False)
    return [part.index.to_numpy() for _, part in groups]


def rank(frame: pd.DataFrame) -> np.ndarray:
    """Order the rows by their labels: the tie-break, the same for any row order.

    Parameters
    ----------
    frame
        A table of counts by label.

    Returns
    -------
    ndarray
        The rank of each row.

    Examples
    --------
    >>> rank(pd.DataFrame({"group": ["B", "A"], "events": [4, 5]})).tolist()
    [2.0, 1.0]
    """
    told = (*RECIPE, *verdicts(frame))
    labels = [n for n in frame if n not in told and not is_number(frame[n])]
    labels += [n for n in PLACES if n in frame]
    if not labels:
        return np.arange(len(frame))
    text = frame[labels].astype("str").fillna("").agg("\x1f".join, axis=1)
    return text.rank(method="first").to_numpy()


def codes(frame: pd.DataFrame, lines: Sequence[str]) -> list[np.ndarray]:
    """Number the lines.

    Parameters
    ----------
    frame
        A table of counts by label.
    lines
        Columns each of whose values is a line; empty for one line of all rows.

    Returns
    -------
    list of ndarray
        For each direction, the number of the line every row lies in.

    Examples
    --------
    >>> codes(pd.DataFrame({"group": list("aba")}), ["group"])
    [array([0, 1, 0])]
    """
    if not lines:
        return [np.zeros(len(frame), dtype=int)]
    return [
        frame.groupby(name, dropna=False, observed=True, sort=False).ngroup().to_numpy()
        for name in lines
    ]
