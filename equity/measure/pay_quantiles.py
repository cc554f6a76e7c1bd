"""Pay gaps along the scale: among the lowest paid, in the middle, among the highest.

A mean hides whether a gap is at the bottom of the scale or at the top (a "sticky floor"
or a "glass ceiling"). Quantile regression of log pay compares groups at each quantile,
with and without controls. What controls "explain" is a word about the model, not an
excuse.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.stats import norm, quantile_test
from statsmodels.regression.quantile_regression import hall_sheather

from equity.errors import ParamsError
from equity.measure.intervals import mover_ratio
from equity.measure.pay_models import Controls, Partial
from equity.measure.payroll import COUNTS, Payroll, usable
from equity.measure.redraws import DIFFERENCE
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    normal_quantile,
    require_columns,
    without_reference,
)

UNADJUSTED, ADJUSTED = "unadjusted", "adjusted"
CONTROLS = ("job_category", "tenure", "hours", "department")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
METHODS = {
    UNADJUSTED: "square-and-add ratio of order-statistic limits",
    ADJUSTED: "quantile regression of log pay; Powell's kernel errors",
}
RELATIVE_GAP = "relative gap in pay"
#: Points of the scale in words, by the share of a group that is paid less.
POINTS = {
    0.1: "a tenth are paid less",
    0.25: "a quarter are paid less",
    0.5: "half are paid less",
    0.75: "three quarters are paid less",
    0.9: "nine tenths are paid less",
}
SAME = 1e-12  # of a gap: pay so near is equal
LEAST = 15  # people of a group on each side of a quantile; of fewer, errors are rough
COLUMNS = [
    *("group", "quantile", "events", "population", "model", "controls", "statistic"),
    *(*MEASURE_COLUMNS, "direction", "coefficient", "standard_error", "converged"),
    *(*COUNTS, "not_recorded"),
]


def by_race(
    workers: pd.DataFrame,
    *,
    reference: str,
    groups: Sequence[str] | None = None,
    quantiles: Sequence[float] = QUANTILES,
    controls: Sequence[str] = CONTROLS,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate relative pay gaps at quantiles, with and without controls.

    Parameters
    ----------
    workers
        Tidy `workers` of one date, as for `pay.adjusted`.
    reference
        The group that all others are compared with.
    groups
        The values of `race` to compare; None takes all there are.
    quantiles
        Proportions: 0.1 compares the pay that one tenth earn less than.
    controls
        What people are compared within, of `payroll.CONTROLS`. Single job titles are
        many; a fit then takes minutes.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`, one row for each ``model`` (`unadjusted`, `adjusted`),
        ``quantile`` and group. ``estimate`` is the relative gap at the quantile, a
        proportion; ``coefficient`` and ``standard_error`` (of the adjusted) are in log
        pay. ``events`` are people in the model, ``population`` all people of the group;
        the counts behind are those of `pay.adjusted`. ``converged`` says whether the
        solver proved its answer to be the best; where not, nothing is estimated. Limits
        are missing for the reference; unadjusted, for a group too small for its
        quantile; adjusted, for one with fewer than `LEAST` people on a side of it, and
        where too little pay is near to tell its density. No rows where
        nobody's pay is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If pay is negative or no number, or rows are of several dates.
    ParamsError
        If a control is none of the known ones, or a quantile or the confidence not
        between zero and one.
    UnknownGroupError
        If the reference is none of the groups.

    Notes
    -----
    Unadjusted, the estimate is the ratio of the two groups' quantiles less one. Its
    limits are made of order statistics, as those of `pay.by_race`, and hold whatever
    the distribution.

    Adjusted, quantiles are of pay among people alike in the controls: the highest paid
    of the clerks, not of the city. The fit is the linear program of Koenker and
    Bassett, solved exactly by HiGHS; the iterations of `QuantReg` of statsmodels come
    near it, and take a minute for sixty columns. Where pay is on steps, several answers
    can be equally good; one of them is given. Errors let pay spread differently in each
    group (Powell's sandwich, Epanechnikov kernel, bandwidth of Hall and Sheather). They
    take pay as continuous: where much of it is on a few steps they are rough.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, section 7.1. Donner and Zou (2012),
    Statistical Methods in Medical Research 21, 347-359 (ratio). Koenker and Bassett
    (1978), Regression Quantiles, Econometrica 46(1), 33-50. Koenker (2005), Quantile
    Regression, sections 3.4 and 6.2. Powell (1991), in Barnett, Powell and Tauchen,
    Nonparametric and Semiparametric Methods, 357-384. Hall and Sheather (1988), Journal
    of the Royal Statistical Society B 50(3), 381-391.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Black"] * 3 + ["White"] * 3,
    ...     "pay": [40_000, 45_000, 80_000, 50_000, 60_000, 100_000]})
    >>> table = by_race(staff, reference="White", quantiles=[0.5], controls=[])
    >>> table[table["group"] == "Black"][["model", "estimate", "converged"]].round(2)
            model  estimate  converged
    0  unadjusted     -0.25       True
    2    adjusted     -0.25       True
    """
    check_confidence(confidence)
    wrong = [q for q in quantiles if isinstance(q, bool) or not 0 < q < 1]
    if wrong:
        raise ParamsError(f"quantiles: {wrong}; expected proportions between 0 and 1")
    payroll = Payroll.of(workers, groups)
    used = usable(payroll.people, controls)
    if payroll.unpaid:
        return pd.DataFrame(columns=COLUMNS)
    base = payroll.position(reference)
    tables = []
    for model, names in {UNADJUSTED: [], ADJUSTED: used}.items():
        kept, counts = payroll.modelled(names)
        people = payroll.people[kept]
        frame = pd.DataFrame(
            {
                "group": payroll.groups,
                "events": payroll.count(kept),
                "population": payroll.count(),
                "model": model,
                "controls": ", ".join(names),
                "statistic": DIFFERENCE,
            }
        )
        for quantile in quantiles:
            if model == UNADJUSTED:
                gap = _of_groups(people, payroll.groups, base, quantile, confidence)
            else:
                gap = _regressed(
                    people, payroll.groups, base, names, quantile, confidence
                )
            rows = frame.copy()
            rows.insert(1, "quantile", float(quantile))
            tables.append(
                measure_table(
                    rows,
                    measure=RELATIVE_GAP,
                    reference=reference,
                    estimate=_relative(gap.coefficient),
                    conf_low=without_reference(_relative(gap.low), base),
                    conf_high=without_reference(_relative(gap.high), base),
                    confidence=confidence,
                    method=METHODS[model],
                    direction=HIGHER,
                    coefficient=gap.coefficient,
                    standard_error=gap.error,
                    converged=gap.converged,
                    **counts,
                    not_recorded=payroll.not_recorded,
                )
            )
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Write beside each gap where on the scale of pay it is.

    Parameters
    ----------
    table
        As `by_race` returns it.

    Returns
    -------
    DataFrame
        `table` with `point`: "a tenth are paid less" (of each group), or the
        percentage for another quantile.

    Raises
    ------
    ColumnNotFoundError
        If `quantile` is absent.

    Examples
    --------
    >>> named(pd.DataFrame({"quantile": [0.1, 0.33]}))["point"].tolist()
    ['a tenth are paid less', '33% are paid less']
    """
    require_columns(table, ["quantile"])
    words = [POINTS.get(q, f"{q:.0%} are paid less") for q in table["quantile"]]
    return table.assign(point=pd.Series(words, index=table.index, dtype="object"))


class _Gap(NamedTuple):
    """In log pay, one value per group."""

    coefficient: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: np.ndarray
    converged: bool = True


def _relative(log: np.ndarray) -> np.ndarray:
    """Turn log pay into a proportion; equal pay is no gap, to the last digit."""
    gap = np.expm1(log)
    return np.where(np.abs(gap) < SAME, 0.0, gap)


def _of_groups(
    people: pd.DataFrame,
    groups: list[str],
    base: int,
    quantile: float,
    confidence: float,
) -> _Gap:
    """Compare the groups' own quantiles."""
    levels = np.full((3, len(groups)), np.nan)
    for place, group in enumerate(groups):
        pay = people.loc[people["race"] == group, "pay"].to_numpy()
        if len(pay):
            test = quantile_test(pay, p=quantile)
            middle = np.quantile(pay, quantile, method="averaged_inverted_cdf")
            levels[:, place] = middle, *test.confidence_interval(confidence)
    own = levels[:, [base]]
    estimate, (low, high) = divide(levels[0], own[0]), mover_ratio(*levels, *own)
    with np.errstate(divide="ignore"):  # a lower limit of nothing
        return _Gap(
            *(np.log(values) for values in (estimate, low, high)),
            np.full(len(groups), np.nan),
        )


def _regressed(
    people: pd.DataFrame,
    groups: list[str],
    base: int,
    names: Sequence[str],
    quantile: float,
    confidence: float,
) -> _Gap:
    """Compare groups among people alike in the controls."""
    group = pd.Index(groups).get_indexer(people["race"])
    log_pay = np.log(people["pay"].to_numpy())
    matrix = Controls.of(people, names).matrix
    coefficient, error, converged = _fit(
        log_pay, group, len(groups), base, matrix, quantile
    )
    side = np.bincount(group, minlength=len(groups)) * min(quantile, 1 - quantile)
    rough = (side < LEAST - 1e-9) | (side[base] < LEAST - 1e-9)
    error = np.where(rough, np.nan, error)
    width = normal_quantile(confidence) * error
    return _Gap(coefficient, coefficient - width, coefficient + width, error, converged)


def _fit(
    log_pay: np.ndarray,
    group: np.ndarray,
    groups: int,
    base: int,
    matrix: sparse.csr_array,
    quantile: float,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Estimate the groups' coefficients and standard errors at one quantile."""
    nothing = np.full(groups, np.nan)
    identified = Partial.of(group, groups, base, matrix).identified
    if not identified.any():
        return nothing, nothing, False
    one_each = (group[:, None] == np.arange(groups)).astype(float)
    one_each[:, base] = 1  # the constant
    design = sparse.hstack([one_each, matrix], format="csr")
    coefficients = _program(log_pay, design, quantile)
    if coefficients is None:
        return nothing, nothing, False
    rest = log_pay - design @ coefficients
    found = coefficients[:groups].copy()
    found[base] = 0
    density = _density(rest, quantile)
    error = nothing
    if density is not None:
        near = Partial.of(group, groups, base, matrix, density)
        # weights hold the density of each person once; the sandwich has it once less
        moves = near.dummies @ near.inverse
        error = np.sqrt(quantile * (1 - quantile) * (moves**2).sum(axis=0))
        known = near.identified & identified & (error > 0)
        error = np.where(known & (np.arange(groups) != base), error, np.nan)
    return np.where(identified, found, np.nan), error, True


def _program(
    log_pay: np.ndarray, design: sparse.csr_array, quantile: float
) -> np.ndarray | None:
    """Solve the dual of the quantile regression; its prices are the coefficients."""
    found = linprog(
        -log_pay,
        A_eq=design.T.tocsr(),
        b_eq=(1 - quantile) * design.sum(axis=0),
        bounds=(0, 1),
        method="highs-ds",
    )
    return -found.eqlin.marginals if found.status == 0 else None


def _density(rest: np.ndarray, quantile: float) -> np.ndarray | None:
    """Estimate by kernel how dense residuals are at zero, for each person."""
    width = hall_sheather(len(rest), quantile)
    low, high = quantile - width, quantile + width
    if not 0 < low < high < 1:
        return None
    quarter, three_quarters = np.quantile(rest, [0.25, 0.75])
    spread = min(rest.std(), (three_quarters - quarter) / 1.34)
    width = (norm.ppf(high) - norm.ppf(low)) * (spread if spread > 0 else rest.std())
    if not width > 0:
        return None
    return np.clip(0.75 * (1 - (rest / width) ** 2), 0, None) / width
