"""Parts of a gap: what they are called, and the table they make.

`explained` and `unexplained` are the field's words for what a model does; the measures
are named by what they are.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.errors import ParamsError
from equity.measure.pay_pairs import CLASSICAL, COEFFICIENTS, ROBUST, Pair
from equity.measure.redraws import DIFFERENCE
from equity.measure.table import (
    HIGHER,
    check_confidence,
    measure_table,
    normal_quantile,
)

ERRORS = {
    ROBUST: "Oaxaca-Blinder; delta method, errors robust to unequal spread",
    CLASSICAL: "Oaxaca-Blinder; delta method, equal spread within each group",
}
GAP, TOTAL, THREEFOLD = "gap", "all together", ""
COMPARABLE, OUTSIDE = "gap among comparable people", "no counterpart"
EXPLAINED, UNEXPLAINED = "explained", "unexplained"
BY_GROUP, BY_REFERENCE = "unexplained: group", "unexplained: reference"
ENDOWMENTS, RATES, INTERACTION = "endowments", "coefficients", "interaction"
MEASURES = {
    GAP: "gap in means",
    COMPARABLE: "gap in means among people with counterparts",
    OUTSIDE: "gap that goes with people without a counterpart",
    EXPLAINED: "gap that goes with differences in the listed characteristics",
    UNEXPLAINED: "gap that does not go with the listed characteristics",
    BY_GROUP: "gap between the group's pay and that by common coefficients",
    BY_REFERENCE: "gap between pay by common coefficients and the reference's",
    ENDOWMENTS: "gap that goes with differences in the listed characteristics",
    RATES: "gap that goes with different pay for the same characteristics",
    INTERACTION: "gap that goes with both differences at once",
}
_SPLIT = ["coefficients", "component", "variable", "estimate", "standard_error"]
_THREEFOLD = {
    ENDOWMENTS: lambda terms: (terms.mean - terms.mean_r, terms.slope_r),
    RATES: lambda terms: (terms.mean_r, terms.slope - terms.slope_r),
    INTERACTION: lambda terms: (
        terms.mean - terms.mean_r,
        terms.slope - terms.slope_r,
    ),
}
_TWOFOLD = {
    EXPLAINED: lambda terms: (terms.mean - terms.mean_r, terms.common),
    BY_GROUP: lambda terms: (terms.mean, terms.slope - terms.common),
    BY_REFERENCE: lambda terms: (terms.mean_r, terms.common - terms.slope_r),
}


def check(coefficients: Sequence[str], errors: str, confidence: float) -> None:
    """Refuse options that are not known.

    Parameters
    ----------
    coefficients
        Names, each of `COEFFICIENTS`.
    errors
        Of `ERRORS`.
    confidence
        Two-sided level, as a proportion.

    Raises
    ------
    ParamsError
        Naming what was found and what is known.

    Examples
    --------
    >>> check(["pooled"], "robust", 0.95)
    Traceback (most recent call last):
    equity.errors.ParamsError: coefficients: ['pooled']; expected a list of some of
    ['reference', 'group', 'reimers', 'cotton', 'neumark', 'jann']
    """
    check_confidence(confidence)
    strange = [name for name in coefficients if name not in COEFFICIENTS]
    if isinstance(coefficients, str) or strange:
        found = coefficients if isinstance(coefficients, str) else strange
        raise ParamsError(
            f"coefficients: {found!r}; expected a list of some of {list(COEFFICIENTS)}"
        )
    if errors not in ERRORS:
        raise ParamsError(f"errors: {errors!r}; expected one of {list(ERRORS)}")


def split(
    pair: Pair,
    coefficients: Sequence[str],
    variables: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Split the gap of a pair of groups, as often as there are choices.

    Parameters
    ----------
    pair
        The two groups.
    coefficients
        Of `COEFFICIENTS`; `THREEFOLD` asks for the threefold parts.
    variables
        What each column is counted under; None counts each by itself.

    Returns
    -------
    DataFrame
        Columns `coefficients, component, variable, estimate, standard_error`.

    Examples
    --------
    >>> years = np.array([[1.0], [2.0], [4.0]])
    >>> pair = Pair.of((np.array([1.0, 2, 4]), np.array([2.0, 4, 9])), (years, years),
    ...                ["years"])
    >>> split(pair, ["reference"]).query("variable == 'all together'")[
    ...     ["component", "estimate"]].round(2)
                   component  estimate
    0                    gap     -2.67
    1              explained      0.00
    4            unexplained     -2.67
    7     unexplained: group     -2.67
    10  unexplained: reference    0.00
    """
    names = np.array(pair.names if variables is None else variables, dtype=object)
    records = []
    for choice in coefficients:
        if choice == THREEFOLD:
            parts = pair.parts(_THREEFOLD, "reference")
        else:
            parts = pair.parts(_TWOFOLD, choice)
            rest = parts[BY_GROUP].plus(parts[BY_REFERENCE])
            parts = {EXPLAINED: parts[EXPLAINED], UNEXPLAINED: rest, **parts}
        records.append((choice, GAP, TOTAL, *pair.gap()))
        for component, part in parts.items():
            everything = part.total(np.full(len(names), True))
            if (choice, component) == ("jann", BY_REFERENCE):
                everything = 0.0, 0.0  # by definition; in numbers, but for rounding
            records.append((choice, component, TOTAL, *everything))
            records += [
                (choice, component, name, *part.total(names == name))
                for name in dict.fromkeys(names)
            ]
    return pd.DataFrame(records, columns=_SPLIT)


def unknown(coefficients: Sequence[str]) -> pd.DataFrame:
    """List the parts of a gap that cannot be split.

    Parameters
    ----------
    coefficients
        As for `split`.

    Returns
    -------
    DataFrame
        Columns of `split`, without the gap; nothing is estimated.

    Examples
    --------
    >>> unknown(["jann"])["component"].to_list()[:2]
    ['explained', 'unexplained']
    """
    two = [EXPLAINED, UNEXPLAINED, BY_GROUP, BY_REFERENCE]
    records = [
        (choice, component, TOTAL, np.nan, np.nan)
        for choice in coefficients
        for component in (_THREEFOLD if choice == THREEFOLD else two)
    ]
    return pd.DataFrame(records, columns=_SPLIT)


def tabled(
    frame: pd.DataFrame, reference: str, errors: str, confidence: float
) -> pd.DataFrame:
    """Add the measure columns, with limits where there is an error to make them of.

    Parameters
    ----------
    frame
        With the columns of `split`.
    reference, errors, confidence
        As given to the measure.

    Returns
    -------
    DataFrame
        The other columns of `frame`, the measure columns, `statistic`, `direction` and
        `standard_error`. A zero by definition has no limits.

    Examples
    --------
    >>> parts = pd.DataFrame({"component": ["explained"], "estimate": [-0.1],
    ...                       "standard_error": [0.02]})
    >>> tabled(parts, "White", "robust", 0.95)[["conf_low", "conf_high"]].round(3)
       conf_low  conf_high
    0    -0.139     -0.061
    """
    frame = frame.copy()
    error = frame.pop("standard_error").to_numpy()
    estimate = frame.pop("estimate").to_numpy()
    # what is zero by definition is so but for rounding
    error = np.where(error > 1e-10 + 1e-9 * np.abs(estimate), error, np.nan)
    width = normal_quantile(confidence) * error
    return measure_table(
        frame.assign(statistic=DIFFERENCE),
        measure=frame["component"].map(MEASURES).to_list(),
        reference=reference,
        estimate=estimate,
        conf_low=estimate - width,
        conf_high=estimate + width,
        confidence=confidence,
        method=ERRORS[errors],
        direction=HIGHER,
        standard_error=error,
    )
