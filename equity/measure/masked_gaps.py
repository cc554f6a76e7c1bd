"""Gaps in achievement from counts per level of which some are masked.

A publisher hides small counts, or tells them as ranges. A count that is known within
bounds leaves a gap known within bounds: at one end all hidden students of a group are
as low, and those it is compared with as high, as the publication allows; at the other
end the reverse. Nothing is filled in: both ends are fitted, and limits cover both, and
chance.

**Terms**

V
    A gap in standard deviations that does not depend on where the lines between levels
    were drawn (see `proficiency`).
hidden
    Students whose count the publication masks: known within bounds.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import ndtr

from equity.errors import InputError
from equity.measure import binormal
from equity.measure.table import (
    HIGHER,
    check_confidence,
    divide,
    measure_table,
    normal_quantile,
    position_of,
    require_columns,
)

V = "V, gap in standard deviations"
SHARE = "share of students whose count is hidden"
ENDS = ["students_low", "students_high"]
KEYS = ["year", "subject", "grade"]
WIDE = 0.5  # standard deviations between the ends, beyond which too little is known
COVERED = 0.8  # least share of a group's students an average over parts must rest on
EXACT, MASKED = "exact counts", "hidden counts as bounds"
UNKNOWN = "not known: too much is hidden"
NOT_COMPARED = "not known: nobody to compare, or no overlap"
LITTLE = "not known: known for too few of the group's students"
METHOD = "binormal maximum likelihood"
AT_ENDS = f"{METHOD} at both ends of the bounds"


def of_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """Add up students per level over schools, keeping bounds.

    Parameters
    ----------
    levels
        Tidy `levels`: `school, year, subject, grade, race, level, students_low,
        students_high`.

    Returns
    -------
    DataFrame
        One row per year, subject, grade, ``group`` and ``level``, with the bounds
        added up. Groups and levels that the files can record are all there, with
        nobody where there is nobody.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> level = pd.Categorical(["low", "high"] * 2, ["low", "high"], ordered=True)
    >>> levels = pd.DataFrame({
    ...     "year": "2025", "subject": "Reading", "grade": "3", "level": level,
    ...     "race": pd.Categorical(["White"] * 4), "school": list("aabb"),
    ...     "students_low": [20, 1, 15, 30], "students_high": [20, 9, 15, 30]})
    >>> of_levels(levels)[["group", "level", "students_low", "students_high"]]
       group level  students_low  students_high
    0  White   low            35             35
    1  White  high            31             39
    """
    require_columns(levels, [*KEYS, "race", "level", *ENDS])
    cells = levels.rename(columns={"race": "group"})
    known = cells.groupby(KEYS, observed=True).size().index
    sums = cells.groupby([*KEYS, "group", "level"], observed=False)[ENDS].sum()
    sums = sums.reset_index()
    there = pd.MultiIndex.from_frame(sums[KEYS]).isin(known)
    return sums[there].reset_index(drop=True)


def hidden(levels: pd.DataFrame, *, within: Sequence[str] = ()) -> pd.DataFrame:
    """Say which share of each group's students sits in counts that are masked.

    Parameters
    ----------
    levels
        Tidy `levels`, as for `of_levels`.
    within
        Columns whose values are told apart, such as ``subject``.

    Returns
    -------
    DataFrame
        One row per value of ``within`` and ``group``: ``population`` (students tested;
        missing where masked), ``population_low``, ``population_high``, the measure
        columns, ``rate_low`` and ``rate_high``: the least and most share that may be
        in masked counts. ``estimate`` is that share where all totals are known, else
        missing.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    A share of students, not of cells: most masked cells hold few students. No
    interval: it is a property of the publication.

    Examples
    --------
    >>> levels = pd.DataFrame({
    ...     "level": ["low", "high"], "race": pd.Categorical(["White"] * 2),
    ...     "students_low": [91, 1], "students_high": [91, 9]})
    >>> hidden(levels)[["group", "rate_low", "rate_high"]].round(2)
       group  rate_low  rate_high
    0  White      0.01       0.09
    """
    require_columns(levels, [*within, "race", *ENDS])
    masked = levels["students_low"] != levels["students_high"]
    cells = levels.assign(
        group=levels["race"],
        masked_low=levels["students_low"].where(masked, 0),
        masked_high=levels["students_high"].where(masked, 0),
    )
    names = [*ENDS, "masked_low", "masked_high"]
    sums = cells.groupby([*within, "group"], observed=False)[names].sum().reset_index()
    low, high = (sums[name].to_numpy(float) for name in ENDS)
    least, most = (sums[f"masked_{end}"].to_numpy(float) for end in ("low", "high"))
    known = low - least
    frame = _population(sums[[*within, "group"]], low, high)
    return measure_table(
        frame,
        measure=SHARE,
        reference=None,
        estimate=np.where(low == high, divide(most, high), np.nan),
        conf_low=np.nan,
        conf_high=np.nan,
        confidence=0.95,
        method="counted",
        rate_low=divide(least, known + least),
        rate_high=divide(most, known + most),
    )


def v(
    counts: pd.DataFrame,
    *,
    reference: str,
    within: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate V between each group and the reference, hidden counts being bounds.

    Parameters
    ----------
    counts
        One row per ``group`` and ``level`` (ordered), with ``students_low`` and
        ``students_high``, and the columns of ``within``.
    reference
        The ``group`` all others are compared with.
    within
        Columns whose values are compared apart, such as ``subject`` and ``grade``.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per value of ``within`` and ``group``: ``population`` (missing where
        masked), its bounds, ``reference_population``, the measure columns,
        ``bound_low`` and ``bound_high`` (V where hidden students are as low, and as
        high, as they may be), ``error_low`` and ``error_high`` (how far limits lie
        beyond them), ``chance_above`` (that a student of the group is above one of the
        reference, taken at random, as normal distributions go), ``direction`` and
        ``reliability``. ``estimate`` is the middle of the bounds, in
        standard deviations; missing where they are more than half a standard deviation
        apart.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If levels have no order, or bounds cross, are negative or missing.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    Among counts within bounds, the chance that a student of the group is above one of
    the reference is least where levels up to some line hold the most they can and
    those above it the fewest, and the reverse for the reference (a ratio of sums, so
    its ends are at such corners). V is fitted at all of these corners; the bounds are
    the least and the most of them, the limits the least lower and the most upper one.
    They hold whatever the hidden counts are, and are too wide for the likeliest.

    References
    ----------
    Ho and Reardon (2012), Journal of Educational and Behavioral Statistics 37, 489-517
    (V). Manski (2003), Partial Identification of Probability Distributions, chapter 1;
    Horowitz and Manski (2000), JASA 95, 77-84 (limits that cover bounds).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black"] * 4 + ["White"] * 4, "level": [1, 2, 3, 4] * 2,
    ...     "students_low": [260, 310, 180, 41, 120, 260, 410, 210],
    ...     "students_high": [260, 310, 180, 59, 120, 260, 410, 210]})
    >>> found = v(counts, reference="White")
    >>> found[["group", "bound_low", "bound_high", "conf_low", "conf_high"]].round(2)
       group  bound_low  bound_high  conf_low  conf_high
    0  Black      -0.82       -0.75     -0.92      -0.65
    1  White       0.00        0.00       NaN        NaN
    """
    z = normal_quantile(confidence)
    rows = []
    for keys, low, high, groups in _parts(counts, within):
        base = position_of(pd.DataFrame({"group": groups}), reference)
        for place, group in enumerate(groups):
            ends = low[place], high[place]
            row = {**keys, "group": group, "low": ends[0].sum(), "high": ends[1].sum()}
            row |= {"base_low": low[base].sum(), "base_high": high[base].sum()}
            if place == base:
                row |= dict.fromkeys(("bound_low", "bound_high"), 0.0)
                row |= dict.fromkeys(("error_low", "error_high"), np.nan)
            else:
                row |= _bounds(ends, (low[base], high[base]), z)
            exact = (ends[0] == ends[1]).all() and (low[base] == high[base]).all()
            rows.append(row | {"exact": exact, "itself": place == base})
    found = pd.DataFrame(rows, columns=None if rows else [*within, "group", *_FOUND])
    return _measured(found, within, reference, confidence)


def averaged(gaps: pd.DataFrame, *, over: Sequence[str] = ("grade",)) -> pd.DataFrame:
    """Average gaps over grades (or other parts), by where the group's students are.

    Parameters
    ----------
    gaps
        From `v`, with the columns of ``over``.
    over
        Columns to average over.

    Returns
    -------
    DataFrame
        The other labels of ``gaps``, its columns, and ``strata``: over how many parts
        the average goes. Missing where the gap is known for less than four fifths of
        the group's students.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    Levels of one grade are not those of another, so students of several grades are not
    put in one table: each grade is compared within itself, and the gaps averaged.
    Students of different grades are different students, so errors add as squares.
    Where the number of a grade's students of the group is hidden, so is its weight: it
    lies anywhere within its bounds. Of all such averages the bounds are the least and
    the most. A weighted mean is least where the grades with the lowest gaps weigh the
    most they can and all others the least (a ratio of sums, monotone in each weight),
    so it is enough to sort grades by their gap and try each line between them; limits
    are the least and the most at the same weights. Which share of the students the gap
    is known for, is by the middle of the bounds of their number.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "grade": ["3"] * 4 + ["4"] * 4, "group": ["Black", "Black", "White",
    ...     "White"] * 2, "level": [1, 2] * 4,
    ...     "students_low": [60, 40, 40, 60, 50, 50, 50, 50]})
    >>> counts["students_high"] = counts["students_low"]
    >>> parts = v(counts, reference="White", within=["grade"])
    >>> parts.query("group == 'Black'")["estimate"].round(3).to_list()
    [-0.507, 0.0]
    >>> averaged(parts)[["group", "estimate", "strata"]].round(3)
       group  estimate  strata
    0  Black    -0.253       2
    1  White     0.000       2
    """
    ends = ["bound_low", "bound_high", "error_low", "error_high"]
    require_columns(gaps, [*over, "group", *ends])
    labels = [
        name
        for name in gaps.columns[: gaps.columns.get_loc("group")]
        if name not in over
    ]
    rows = []
    for keys, part in gaps.groupby([*labels, "group"], sort=False, observed=True):
        rows.append(dict(zip([*labels, "group"], keys, strict=True)) | _average(part))
    names = [*labels, "group", *_FOUND, "strata"]
    found = pd.DataFrame(rows, columns=None if rows else names)
    confidence = float(gaps["confidence"].iloc[0]) if len(gaps) else 0.95
    reference = gaps["reference"].iloc[0] if len(gaps) else ""
    table = _measured(found, labels, reference, confidence)
    return table.assign(strata=found["strata"].to_numpy())


def yearly(gaps: pd.DataFrame) -> pd.DataFrame:
    """Name the ends and errors of gaps by year as `closing.change` reads them.

    Parameters
    ----------
    gaps
        From `v` or `averaged`, with ``year``.

    Returns
    -------
    DataFrame
        ``gaps`` with ``test`` (subject and year in one, if there are subjects) first,
        ``low`` and ``high`` (what hidden counts allow) and ``standard_error`` (the
        larger of both ends).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> gaps = pd.DataFrame({"year": ["2025"], "confidence": 0.95, "error_low": 0.196,
    ...     "error_high": 0.1, "bound_low": -0.6, "bound_high": -0.5})
    >>> yearly(gaps)[["low", "high", "standard_error"]].round(2).values.tolist()
    [[-0.6, -0.5, 0.1]]
    """
    ends = ["bound_low", "bound_high", "error_low", "error_high", "confidence"]
    require_columns(gaps, ["year", *ends])
    confidence = gaps["confidence"].iloc[0] if len(gaps) else 0.95
    widest = gaps[["error_low", "error_high"]].max(axis=1, skipna=False)
    test = gaps["year"].astype(str)
    if "subject" in gaps:
        test = gaps["subject"].astype(str) + ", " + test
    named = gaps.copy()
    named.insert(0, "test", test)
    return named.assign(
        low=gaps["bound_low"],
        high=gaps["bound_high"],
        standard_error=widest / normal_quantile(float(confidence)),
    )


_FOUND = [
    *("low", "high", "base_low", "base_high", "bound_low", "bound_high"),
    *("error_low", "error_high", "exact", "itself"),
]


# --- two groups ---------------------------------------------------------------


def _bounds(group: tuple, reference: tuple, z: float) -> dict[str, float]:
    """Fit V at the corners where it is least and most; missing if one has no fit."""
    low = _fits(_corners(*group, lowest=True), _corners(*reference, lowest=False), z)
    high = _fits(_corners(*group, lowest=False), _corners(*reference, lowest=True), z)
    least, most = low[:, 0].min(), high[:, 0].max()
    return {
        "bound_low": least,
        "bound_high": most,
        "error_low": least - low[:, 1].min(),
        "error_high": high[:, 2].max() - most,
    }


def _corners(low: np.ndarray, high: np.ndarray, *, lowest: bool) -> np.ndarray:
    """List the counts that may put students lowest (highest): corners x levels."""
    first, second = (high, low) if lowest else (low, high)
    at = np.arange(len(low))
    found = [np.where(at < line, first, second) for line in range(len(low) + 1)]
    return np.unique(found, axis=0)


def _fits(groups: np.ndarray, references: np.ndarray, z: float) -> np.ndarray:
    """Fit every pair: V with its limits, missing where there is none."""
    gaps = [binormal.of_counts(*pair) for pair in product(groups, references)]
    estimate = np.array([gap.estimate for gap in gaps])
    width = z * np.array([gap.standard_error for gap in gaps])
    return np.column_stack([estimate, estimate - width, estimate + width])


# --- tables -------------------------------------------------------------------


def _average(part: pd.DataFrame) -> dict:
    """Average the gaps of one group over its parts."""
    low, high = part["population_low"], part["population_high"]
    people = ((low + high) / 2).to_numpy(float)
    ends = part[["bound_low", "bound_high"]].to_numpy(float)
    itself = bool((part["group"] == part["reference"]).all())
    known = np.isfinite(ends).all(axis=1) & (people > 0)
    enough = known @ people >= COVERED * people.sum() and known.any()
    errors = part[["error_low", "error_high"]].to_numpy(float)[known]
    bound, error = [np.nan] * 2, [np.nan] * 2
    if enough:
        weights = low.to_numpy(float)[known], high.to_numpy(float)[known]
        least = _least(ends[known, 0], errors[:, 0], *weights)
        most = _least(-ends[known, 1], errors[:, 1], *weights)
        bound, error = zip(least, (0.0 - most[0], most[1]), strict=True)
    exact = (ends[known, 0] == ends[known, 1]).all() and (low == high).all()
    return {
        "low": low.sum(),
        "high": high.sum(),
        "base_low": part["reference_population_low"].sum(),
        "base_high": part["reference_population_high"].sum(),
        "bound_low": bound[0],
        "bound_high": bound[1],
        "error_low": error[0],
        "error_high": error[1],
        "exact": exact,
        "itself": itself,
        "little": bool(known.any() and not enough),
        "strata": int(known.sum()),
    }


def _least(
    gaps: np.ndarray, errors: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[float, float]:
    """The least mean of gaps that weights allow, and how far the limit is below it."""
    order = np.argsort(gaps)
    first = np.arange(len(gaps)) < np.arange(len(gaps) + 1)[:, None]
    weights = np.where(first, high[order], low[order])  # lines x grades
    weights = weights[weights.sum(axis=1) > 0]
    share = weights / weights.sum(axis=1, keepdims=True)
    mean, error = share @ gaps[order], np.sqrt(share**2 @ errors[order] ** 2)
    return mean.min(), mean.min() - (mean - error).min()


def _measured(
    found: pd.DataFrame, labels: Sequence[str], reference: str, confidence: float
) -> pd.DataFrame:
    """Make the measure table; estimate nothing where the ends are far apart."""
    low, high = (found[f"bound_{end}"].to_numpy(float) for end in ("low", "high"))
    fitted = np.isfinite(low) & np.isfinite(high)
    known = fitted & (high - low <= WIDE)
    little = found.get("little", pd.Series(False, found.index)).to_numpy(bool)
    middle = np.where(known, (low + high) / 2, np.nan)
    frame = _population(found[[*labels, "group"]], found["low"], found["high"])
    base = _population(found[[]], found["base_low"], found["base_high"])
    exact = found["exact"].to_numpy(bool)
    return measure_table(
        frame.join(base.add_prefix("reference_")),
        measure=V,
        reference=reference,
        estimate=middle,
        conf_low=np.where(known, low - found["error_low"].to_numpy(float), np.nan),
        conf_high=np.where(known, high + found["error_high"].to_numpy(float), np.nan),
        confidence=check_confidence(confidence),
        method=np.where(exact, METHOD, AT_ENDS),
        bound_low=np.where(fitted, low, np.nan),
        bound_high=np.where(fitted, high, np.nan),
        error_low=found["error_low"].to_numpy(float),
        error_high=found["error_high"].to_numpy(float),
        chance_above=ndtr(middle / np.sqrt(2)),
        direction=HIGHER,
        reliability=np.select(
            [found["itself"].to_numpy(bool), little, ~fitted, ~known, exact],
            [binormal.ITSELF, LITTLE, NOT_COMPARED, UNKNOWN, EXACT],
            MASKED,
        ),
    )


def _population(frame: pd.DataFrame, low, high) -> pd.DataFrame:
    low, high = (pd.Series(np.asarray(end, float), frame.index) for end in (low, high))
    parts = (low % 1 != 0).any() or (high % 1 != 0).any()  # of weighted students
    counted = "Float64" if parts else "Int64"
    return frame.assign(
        population=low.where(low == high).astype(counted),
        population_low=low.astype(counted),
        population_high=high.astype(counted),
    )


def _parts(
    counts: pd.DataFrame, within: Sequence[str]
) -> Iterator[tuple[dict, np.ndarray, np.ndarray, list]]:
    """Go through the parts: bounds as groups x levels, and the groups."""
    require_columns(counts, [*within, "group", "level", *ENDS])
    if counts.empty:
        return
    level = counts["level"]
    ordered = isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered
    if not (ordered or pd.api.types.is_numeric_dtype(level)):
        raise InputError(
            "column level has no order; make it an ordered category, or numbers, "
            "from the lowest level to the highest"
        )
    low, high = (counts[end].to_numpy(float) for end in ENDS)
    bad = ~((low >= 0) & (high >= low) & np.isfinite(high))
    if bad.any():
        raise InputError(
            f"students_low and students_high are missing, negative or cross in "
            f"{int(bad.sum())} of {len(bad)} rows"
        )
    if not within:
        parts = [((), counts)]
    else:
        parts = counts.groupby(list(within), observed=True)
    for keys, part in parts:
        low, high = (
            part.pivot_table(end, "group", "level", "sum", fill_value=0, observed=False)
            for end in ENDS
        )
        yield (
            dict(zip(within, keys, strict=True)),
            low.to_numpy(float),
            high.to_numpy(float),
            [str(group) for group in low.index],
        )
