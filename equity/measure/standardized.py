"""Standardized gaps of scores: Cohen's d and Hedges' g.

The difference in mean scores over the pooled standard deviation. It depends on the
scale of the test: stretching the scale at the top moves it, though nobody learned more
or less. `proficiency.v_of_scores` uses only the order of scores, and does not. Gaps are
group less reference: below zero, the group scores lower.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import gammaln, nctdtrinc

from equity.errors import InputError, ParamsError
from equity.measure.table import (
    HIGHER,
    check_confidence,
    divide,
    measure_table,
    numbers,
    position_of,
    require_columns,
    without_reference,
)


def moments(scores: pd.DataFrame, *, within: Sequence[str] = ()) -> pd.DataFrame:
    """Take number, mean and standard deviation of the scores of each group.

    Parameters
    ----------
    scores
        One row per student: ``group`` and ``score`` (missing if not tested).
    within
        Columns whose values are kept apart.

    Returns
    -------
    DataFrame
        One row per value of ``within`` and ``group``: ``population`` (students with
        a score), ``mean``, ``sd`` (divisor one less than the students; missing of one
        student) and ``without_score``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a score is infinite, or a group has no name.

    Examples
    --------
    >>> moments(pd.DataFrame({"group": ["A", "A", "A"], "score": [1, 3, None]}))
      group  population  mean        sd  without_score
    0     A           2   2.0  1.414214              1
    """
    require_columns(scores, ["group", "score", *within])
    rows = _tested(scores).groupby([*within, "group"], observed=True)["score"]
    return rows.agg(
        population="count",
        mean="mean",
        sd="std",
        without_score=lambda score: int(score.isna().sum()),
    ).reset_index()


def cohens_d(
    moments: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Divide the difference in means by the pooled standard deviation.

    Parameters
    ----------
    moments
        One row per ``group``, with ``population`` (students), ``mean`` and ``sd``, as
        `moments` makes them.
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``moments`` with the measure columns, ``standard_error`` and ``direction``.
        ``estimate`` is in standard deviations; missing where a group has fewer than
        two students or nobody's score differs. Limits are missing for the reference.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a number of students or a standard deviation is negative.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    Limits are those of the noncentral t distribution, exact for normal scores of
    equal spread; the error is that of large samples. Students count as independent;
    where schools are the sample, see `proficiency.v_of_scores`.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, 2nd ed., section 2.5. Hedges and Olkin
    (1985), Statistical Methods for Meta-Analysis, chapter 5. Steiger (2004),
    Psychological Methods 9, 164-182 (limits).

    Examples
    --------
    >>> tests = pd.DataFrame({"group": ["Black", "White"], "population": [50, 60],
    ...                       "mean": [240.0, 250.0], "sd": [20.0, 20.0]})
    >>> found = cohens_d(tests, reference="White")
    >>> found[["group", "estimate", "conf_low", "conf_high"]].round(2)
       group  estimate  conf_low  conf_high
    0  Black      -0.5     -0.88      -0.12
    1  White       0.0       NaN        NaN
    """
    return _standardized(
        moments, reference, confidence, corrected=False, unbiased=False
    )


def hedges_g(
    moments: pd.DataFrame,
    *,
    reference: str,
    variance: str = "LS",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Correct Cohen's d for the few students it may rest on.

    Parameters
    ----------
    moments, reference, confidence
        As in `cohens_d`.
    variance
        Behind ``standard_error``: "LS", of large samples, or "UB", unbiased.

    Returns
    -------
    DataFrame
        As `cohens_d`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a number of students or a standard deviation is negative.
    ParamsError
        If ``variance`` is another.
    UnknownGroupError
        If ``reference`` is not exactly one row.

    Notes
    -----
    The correction is the exact one, by the gamma function, and limits are those of
    `cohens_d` times it.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128; (1983), Psychological
    Bulletin 93, 388-395 (unbiased variance).

    Examples
    --------
    >>> found = pd.DataFrame({"group": ["Black", "White"], "population": [5, 6],
    ...                       "mean": [240.0, 250.0], "sd": [20.0, 20.0]})
    >>> hedges_g(found, reference="White")[["group", "estimate"]].round(3)
       group  estimate
    0  Black    -0.457
    1  White     0.000
    """
    if variance not in ("LS", "UB"):
        raise ParamsError(f"variance is {variance!r}; expected 'LS' or 'UB'")
    return _standardized(
        moments, reference, confidence, corrected=True, unbiased=variance == "UB"
    )


def _standardized(
    moments: pd.DataFrame,
    reference: str,
    confidence: float,
    *,
    corrected: bool,
    unbiased: bool,
) -> pd.DataFrame:
    require_columns(moments, ["group", "population", "mean", "sd"])
    size, mean, sd = (numbers(moments, name) for name in ("population", "mean", "sd"))
    _refuse(size < 0, "column population is negative")
    _refuse(sd < 0, "column sd is negative")
    base = position_of(moments, reference)
    freedom = size + size[base] - 2
    usable = (size >= 2) & (size[base] >= 2)
    freedom = np.where(usable, freedom, np.nan)
    squares = (size - 1) * sd**2 + (size[base] - 1) * sd[base] ** 2
    gap = divide(mean - mean[base], np.sqrt(divide(squares, freedom)))
    root = np.sqrt(divide(size * size[base], size + size[base]))
    tails = np.array([[1 + confidence], [1 - confidence]]) / 2
    factor = _correction(freedom) if corrected else 1.0
    low, high = factor * nctdtrinc(freedom, tails, gap * root) / root
    gap = factor * gap
    weight = 1 / (2 * (freedom + 2))
    if unbiased:
        weight = 1 - divide(freedom - 2, freedom * factor**2)
    error = without_reference(np.sqrt(1 / root**2 + weight * gap**2), base)
    return measure_table(
        moments,
        measure="Hedges' g" if corrected else "Cohen's d",
        reference=reference,
        estimate=gap,
        conf_low=without_reference(low, base),
        conf_high=without_reference(high, base),
        confidence=check_confidence(confidence),
        method="noncentral t",
        standard_error=error,
        direction=HIGHER,
    )


def _correction(freedom: np.ndarray) -> np.ndarray:
    logs = gammaln(freedom / 2) - gammaln((freedom - 1) / 2)
    return np.exp(logs) / np.sqrt(freedom / 2)


def _tested(scores: pd.DataFrame) -> pd.DataFrame:
    score = numbers(scores, "score")
    _refuse(np.isinf(score), "column score is not finite")
    _refuse(scores["group"].isna(), "column group is missing")
    return scores.assign(score=score)


def _refuse(bad: pd.Series | np.ndarray, what: str) -> None:
    if np.any(bad):
        raise InputError(f"{what} in {int(np.sum(bad))} of {len(bad)} rows")
