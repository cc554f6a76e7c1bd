"""Pay gaps: medians and means by group, and the gap among people alike in their work.

**Terms**

gap
    Pay of a group less that of the reference group, as a difference, a ratio, or a
    relative gap (the ratio less one: -0.05 is five per cent less).
adjusted gap
    The relative gap among people alike in the listed characteristics, such as job,
    tenure, hours and department, by a regression of log pay.

What the characteristics "explain" is a word about the model, not an excuse: who is
hired into which job, and who is promoted, is the city's doing too. Quantiles are in
`pay_quantiles`, the parts of a gap in `oaxaca`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import quantile_test
from scipy.stats import t as student

from equity.errors import ParamsError
from equity.measure.intervals import mover_difference, mover_ratio
from equity.measure.pay_models import Controls, Partial
from equity.measure.payroll import COUNTS, Payroll, usable
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    without_reference,
)

UNADJUSTED, ADJUSTED = "unadjusted", "adjusted"
CONTROLS = ("job", "tenure", "hours", "department")
HC3, CLUSTERED = "HC3", "clustered"
ERRORS = {
    HC3: "least squares of log pay; HC3 errors",
    CLUSTERED: "least squares of log pay; errors clustered by department",
}
RELATIVE_GAP = "relative gap in pay"
NOTHING = 1e-10  # of log pay: an error that is zero but for rounding
ALONE = 1e-6  # from a leverage of one: the controls fit this person's pay by itself
COLUMNS = [
    *("group", "events", "population", "statistic", *MEASURE_COLUMNS, "direction"),
    *("without_pay", "not_recorded"),
]
ADJUSTED_COLUMNS = [
    *("group", "events", "population", "model", "controls", "statistic"),
    *(*MEASURE_COLUMNS, "direction", "coefficient", "standard_error"),
    *("departments", "alone", "no_counterpart", *COUNTS, "not_recorded"),
]
_METHODS = {
    "median pay": {
        LEVEL: "exact order statistics",
        DIFFERENCE: "square-and-add of order-statistic limits",
        RATIO: "square-and-add ratio of order-statistic limits",
    },
    "mean pay": {
        LEVEL: "Student's t",
        DIFFERENCE: "square-and-add of Student's t limits",
        RATIO: "square-and-add ratio of Student's t limits",
    },
}


def by_race(
    workers: pd.DataFrame,
    *,
    reference: str,
    groups: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the median and the mean of pay between groups.

    Parameters
    ----------
    workers
        Tidy `workers` of one date: `race, pay` (by the year; missing where not on
        record). A column `people`, if there is one, says how many a row stands for.
        Pay by the year of those who work part of it says little: choose rows first.
    reference
        The group that all others are compared with.
    groups
        The values of `race` to compare; None takes all there are.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`: for `median pay` and `mean pay` one row for each
        ``statistic`` (`level`, `difference`, `ratio`) and group. ``estimate`` is in
        the currency of `pay` by the year; ratios are unitless. ``events`` are people
        with pay on record, ``population`` all people of the group, ``without_pay``
        the others; ``not_recorded`` are people of none of the groups. No rows where
        nobody's pay is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If pay is negative or no number, or rows are of several dates.
    ParamsError
        If the confidence is not between zero and one.
    UnknownGroupError
        If the reference is none of the groups.

    Notes
    -----
    The roster is a full count, so medians and means on its date are certain. Limits
    answer what they would be if people came and were paid by the same chances again.

    Limits of a median are two of the observed values (order statistics), so that they
    hold for any distribution, also where many are paid exactly the same, as on a city's
    pay scale; there Price and Bonett's variance of a median is too small. A group of
    fewer than six has none at 95 %. If most of a group are on one step of the scale,
    both limits are that step. A mean has no limits where all pay is the same.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, section 7.1. Price and Bonett (2002),
    Journal of Statistical Computation and Simulation 72(2), 119-124. Zou and Donner
    (2008), Statistics in Medicine 27, 1693-1702 (difference). Donner and Zou (2012),
    Statistical Methods in Medical Research 21, 347-359 (ratio).

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Black"] * 7 + ["White"] * 7, "pay": [
    ...     40_000, 42_000, 45_000, 45_000, 48_000, 52_000, 60_000,
    ...     44_000, 48_000, 50_000, 50_000, 55_000, 61_000, 80_000]})
    >>> table = by_race(staff, reference="White").query("measure == 'median pay'")
    >>> table[["statistic", "group", "estimate", "conf_low", "conf_high"]].round(2)
        statistic  group  estimate  conf_low  conf_high
    0       level  Black   45000.0  40000.00   60000.00
    1       level  White   50000.0  44000.00   80000.00
    2  difference  Black   -5000.0 -35413.81   11155.49
    3  difference  White       0.0       NaN        NaN
    4       ratio  Black       0.9      0.55       1.23
    5       ratio  White       1.0       NaN        NaN
    """
    check_confidence(confidence)
    payroll = Payroll.of(workers, groups)
    if payroll.unpaid:
        return pd.DataFrame(columns=COLUMNS)
    base = payroll.position(reference)
    pay, race = payroll.people["pay"], payroll.people["race"]
    on_record = payroll.count(pay.notna())
    frame = pd.DataFrame(
        {
            "group": payroll.groups,
            "events": on_record,
            "population": payroll.count(),
        }
    )
    further = {
        "direction": HIGHER,
        "without_pay": frame["population"] - on_record,
        "not_recorded": payroll.not_recorded,
    }
    paid = [pay[race == group].dropna().to_numpy() for group in payroll.groups]
    tables = []
    for measure, summary in {"median pay": _median, "mean pay": _mean}.items():
        levels = np.array([summary(each, confidence) for each in paid]).T
        for statistic, compare in _COMPARISONS.items():
            estimate, low, high = compare(levels, levels[:, [base]])
            own = None if statistic == LEVEL else base
            tables.append(
                measure_table(
                    frame.assign(statistic=statistic),
                    measure=measure,
                    reference=None if statistic == LEVEL else reference,
                    estimate=estimate,
                    conf_low=without_reference(low, own),
                    conf_high=without_reference(high, own),
                    confidence=confidence,
                    method=_METHODS[measure][statistic],
                    **further,
                )
            )
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def adjusted(
    workers: pd.DataFrame,
    *,
    reference: str,
    groups: Sequence[str] | None = None,
    controls: Sequence[str] = CONTROLS,
    errors: str = HC3,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate relative pay gaps with and without controls, by least squares.

    Parameters
    ----------
    workers
        Tidy `workers` of one date: `race, pay`, and of `job, job_category, department,
        sex, full_time, employment, hired, as_of` those that the controls read.
    reference
        The group that all others are compared with.
    groups
        The values of `race` to compare; None takes all there are.
    controls
        What people are compared within, of `payroll.CONTROLS`: `tenure` is years since
        hiring and their square, `hours` full or part time and kind of employment.
        Those not on record, or the same for all, are left out.
    errors
        `HC3` (people are independent of one another), or `clustered`: people of a
        department share what moves their pay.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Columns of `ADJUSTED_COLUMNS`, one row for each ``model`` (`unadjusted`,
        `adjusted`) and group. ``estimate`` is the relative gap, a proportion;
        ``coefficient`` and ``standard_error`` are in log pay. ``events`` are people
        the model learns from, ``population`` all people of the group. Of the others,
        ``without_pay``, ``zero_pay`` and ``incomplete`` (no day of hire) are not in the
        adjusted model; ``alone`` are in it, but fitted by a category of their own, so
        that they say nothing. ``no_counterpart`` are people in a category (of a job,
        say) where nobody of the reference is; of the reference, where nobody else is.
        ``departments`` are those in which the group works. ``controls`` are those
        used.

        The estimate is missing where controls leave nothing to compare. Limits are
        missing for the reference, where one person alone decides, and with clustered
        errors for a group that works in one department. No rows where
        nobody's pay is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If pay is negative or no number, or rows are of several dates.
    ParamsError
        If a control or kind of errors is none of the known ones, or the confidence not
        between zero and one.
    UnknownGroupError
        If the reference is none of the groups.

    Notes
    -----
    ``log(pay) = group + controls``: the relative gap is ``exp(b) - 1`` for a group's
    coefficient *b*, and so are its limits, of *b* less and plus Student's *t* times the
    standard error. It compares geometric means. The degrees of freedom are people less
    coefficients, or departments less one. The numbers are those of `OLS` of statsmodels
    with ``cov_type`` "HC3" or "cluster", where it can be fitted.

    Clustered errors are too small with fewer than about forty departments, or for a
    group that works in few.

    A control may itself be where the unfairness lies. If a group is kept out of well
    paid jobs, the gap within jobs does not show it: read both models.

    References
    ----------
    Mincer (1974), Schooling, Experience, and Earnings. MacKinnon and White (1985),
    Journal of Econometrics 29(3), 305-325 (HC3). Cameron and Miller (2015), Journal of
    Human Resources 50(2), 317-372. Halvorsen and Palmquist (1980), American Economic
    Review 70(3), 474-475 (exp(b) - 1).

    Examples
    --------
    >>> staff = pd.DataFrame({
    ...     "race": ["Black"] * 4 + ["White"] * 4, "job_category":
    ...     ["Clerk", "Clerk", "Clerk", "Chief", "Clerk", "Chief", "Chief", "Chief"],
    ...     "pay": [39_000, 40_000, 41_000, 80_000, 42_000, 79_000, 80_000, 82_000]})
    >>> table = adjusted(staff, reference="White", controls=["job_category"])
    >>> table[table["group"] == "Black"][["model", "controls", "estimate"]].round(3)
            model      controls  estimate
    0  unadjusted                  -0.304
    2    adjusted  job_category    -0.026
    """
    check_confidence(confidence)
    if errors not in ERRORS:
        raise ParamsError(f"errors: {errors!r}; expected one of {list(ERRORS)}")
    payroll = Payroll.of(workers, groups)
    used = usable(payroll.people, controls)
    if payroll.unpaid:
        return pd.DataFrame(columns=ADJUSTED_COLUMNS)
    base = payroll.position(reference)
    tables = []
    for model, names in {UNADJUSTED: [], ADJUSTED: used}.items():
        kept, counts = payroll.modelled(names)
        people = payroll.people[kept]
        fitted = _fit(people, payroll.groups, base, names, errors, confidence)
        frame = pd.DataFrame(
            {
                "group": payroll.groups,
                "events": payroll.count(kept) - fitted["alone"],
                "population": payroll.count(),
                "model": model,
                "controls": ", ".join(names),
                "statistic": DIFFERENCE,
            }
        )
        coefficient, width = fitted.pop("coefficient"), fitted.pop("width")
        tables.append(
            measure_table(
                frame,
                measure=RELATIVE_GAP,
                reference=reference,
                estimate=np.expm1(coefficient),
                conf_low=np.expm1(coefficient - width),
                conf_high=np.expm1(coefficient + width),
                confidence=confidence,
                method=ERRORS[errors],
                direction=HIGHER,
                coefficient=coefficient,
                **fitted,
                **counts,
                not_recorded=payroll.not_recorded,
            )
        )
    return pd.concat(tables, ignore_index=True)[ADJUSTED_COLUMNS]


def _fit(
    people: pd.DataFrame,
    groups: list[str],
    base: int,
    names: Sequence[str],
    errors: str,
    confidence: float,
) -> dict[str, np.ndarray]:
    """Regress log pay on groups and controls; one value per group."""
    group = pd.Index(groups).get_indexer(people["race"])
    controls = Controls.of(people, names)
    partial = Partial.of(group, len(groups), base, controls.matrix)
    log_pay = np.log(people["pay"].to_numpy())
    coefficient = partial.weights.T @ log_pay
    rest = partial.left_of(log_pay) - partial.dummies @ coefficient
    leverage = partial.leverage + (partial.weights * partial.dummies).sum(axis=1)
    exact = leverage > 1 - ALONE
    # a person fitted exactly has no residual to tell chance by
    certain = ~(np.abs(partial.weights[exact]) > ALONE).any(axis=0)
    department = _departments(people)
    if errors == HC3:
        rest = np.where(exact, 0, rest / np.where(exact, 1, 1 - leverage))
        moves = partial.weights * rest[:, None]
        freedom, correction = len(people) - partial.rank, 1.0
    else:
        scores = pd.DataFrame(partial.weights * rest[:, None]).groupby(department)
        moves, many = scores.sum().to_numpy(), int(department.max(initial=-1)) + 1
        freedom, spare = many - 1, len(people) - partial.rank
        correction = float(
            divide(many, freedom) * divide(len(people) - 1, max(spare, 0))
        )
    there = np.zeros((len(groups), int(department.max(initial=-1)) + 1), dtype=bool)
    there[group, department] = True
    if errors == CLUSTERED:
        certain &= (there.sum(axis=1) > 1) & (there[base].sum() > 1)
    error = np.sqrt((moves**2).sum(axis=0) * correction)
    certain &= partial.identified & (error > NOTHING) & (freedom > 0)
    certain &= np.arange(len(groups)) != base
    error = np.where(certain, error, np.nan)
    alone = partial.leverage > 1 - ALONE
    return {
        "coefficient": np.where(partial.identified, coefficient, np.nan),
        "width": student.ppf((1 + confidence) / 2, max(freedom, 1)) * error,
        "standard_error": error,
        "departments": there.sum(axis=1),
        "alone": np.bincount(group[alone], minlength=len(groups)),
        "no_counterpart": _without_counterpart(group, len(groups), base, controls),
    }


def _departments(people: pd.DataFrame) -> np.ndarray:
    if "department" not in people.columns:
        return np.zeros(len(people), dtype=int)
    return pd.factorize(people["department"].astype(object).fillna(""))[0]


def _without_counterpart(
    group: np.ndarray, groups: int, base: int, controls: Controls
) -> np.ndarray:
    """Count people in a category without anybody to be compared with."""
    without = np.zeros(len(group), dtype=bool)
    for codes in controls.codes.values():
        many = codes.max(initial=-1) + 1
        of_base = np.bincount(codes[group == base], minlength=many)
        of_others = np.bincount(codes[group != base], minlength=many)
        without |= np.where(group == base, of_others[codes], of_base[codes]) == 0
    return np.bincount(group[without], minlength=groups)


def _median(pay: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if not len(pay):
        return np.nan, np.nan, np.nan
    test = quantile_test(pay, p=0.5)
    return float(np.median(pay)), *test.confidence_interval(confidence)


def _mean(pay: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if not len(pay):
        return np.nan, np.nan, np.nan
    mean = float(pay.mean())
    error = float(pay.std(ddof=1) / np.sqrt(len(pay))) if len(pay) > 1 else 0.0
    if not error > 1e-12 * mean:  # all the same, but for rounding
        return mean, np.nan, np.nan
    width = student.ppf((1 + confidence) / 2, len(pay) - 1) * error
    return mean, max(mean - width, 0.0), mean + width


_COMPARISONS = {
    LEVEL: lambda level, base: level,
    DIFFERENCE: lambda level, base: (
        level[0] - base[0],
        *mover_difference(*level, *base),
    ),
    RATIO: lambda level, base: (
        divide(level[0], base[0]),
        *mover_ratio(*level, *base),
    ),
}
