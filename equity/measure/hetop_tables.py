"""Measure tables of one table of a fit: means, spreads, gaps, and its scale."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from equity.errors import UnknownGroupError
from equity.measure.hetop_model import NOBODY, UNKNOWN
from equity.measure.hetop_parts import (
    COMMON,
    COMMON_SPREAD,
    ESTIMATED,
    TIED,
    Part,
)
from equity.measure.hetop_scale import Estimates
from equity.measure.redraws import DIFFERENCE, LEVEL
from equity.measure.table import (
    HIGHER,
    divide,
    log_limits,
    measure_table,
    normal_quantile,
)

MEAN, SPREAD = "standardised mean", "standardised standard deviation"
GAP, BINORMAL = "standardised gap", "V"
CUT, ICC = "cut point", "intraclass correlation"
NO_REFERENCE = "no reference in the unit"
NOTHING = 1e-9  # a standard error below is that of a number that the scale fixes


def means(part: Part) -> pd.DataFrame:
    """Show each group's mean.

    Parameters
    ----------
    part
        A table of a fit.

    Returns
    -------
    DataFrame
        As described in `hetop.groups`.
    """
    found, groups = part.scale.means(), np.arange(len(part.keys))
    case = part.cases.range(lambda mean, _: part.scale.standardised(mean), groups)
    return _of_groups(part, MEAN, found, _limits(part, found), part.rules(), case)


def spreads(part: Part) -> pd.DataFrame:
    """Show each group's standard deviation.

    Parameters
    ----------
    part
        A table of a fit.

    Returns
    -------
    DataFrame
        As described in `hetop.groups`.
    """
    found, groups = part.scale.sds(), np.arange(len(part.keys))
    factor = part.scale.factor / part.scale.width
    case = part.cases.range(lambda _, sd: factor * sd, groups)
    error = divide(_uncertain(found.error), found.value)
    limits = log_limits(found.value, error, part.options.confidence)
    by_rule = COMMON if part.options.spread == COMMON_SPREAD else TIED
    rules = np.where(part.fit.tied, by_rule, ESTIMATED)
    rules = np.where(part.fit.source[part.table] < NOBODY, rules, part.rules())
    return _of_groups(part, SPREAD, found, limits, rules, case)


def gaps(part: Part, reference: str) -> pd.DataFrame:
    """Show each group's gaps to the reference of its unit.

    Parameters
    ----------
    part
        A table of a fit.
    reference
        The group that others are compared with.

    Returns
    -------
    DataFrame
        As described in `hetop.gaps`.

    Raises
    ------
    UnknownGroupError
        If it is a group nowhere.
    """
    scale, base = part.scale, _references(part.keys, reference)
    factor = scale.factor / scale.width
    found = {
        GAP: (scale.gaps, lambda m, s, m2, s2: factor * (m - m2)),
        BINORMAL: (
            scale.binormal_gaps,
            lambda m, s, m2, s2: (m - m2) / np.sqrt((s**2 + s2**2) / 2),
        ),
    }
    return pd.concat(
        [
            _gap(part, reference, base, measure, estimate, what)
            for measure, (estimate, what) in found.items()
        ],
        ignore_index=True,
    )


def scale(part: Part) -> pd.DataFrame:
    """Show the cut points, the intraclass correlation, and how the fit went.

    Parameters
    ----------
    part
        A table of a fit.

    Returns
    -------
    DataFrame
        As described in `hetop.scales`.
    """
    cuts, icc = part.scale.cut_points(), part.scale.intraclass()
    below, above = part.active.cumsum()[:-1], part.active[::-1].cumsum()[::-1][1:]
    at = np.where((below > 0) & (above > 0), below - 1, len(cuts.value))
    value, error = (np.append(ends, np.nan)[at] for ends in (cuts.value, cuts.error))
    missing = np.nan if pd.api.types.is_number(part.levels[0]) else None
    return pd.concat(
        [
            _of_table(part, CUT, part.levels[1:], Estimates(value, error)),
            _of_table(part, ICC, [missing], icc),
        ],
        ignore_index=True,
    )


def _of_groups(
    part: Part,
    measure: str,
    found: Estimates,
    limits: tuple[np.ndarray, np.ndarray],
    rules: np.ndarray,
    case: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    by_rule = ~np.isin(rules, [ESTIMATED, COMMON])
    low, high = (np.where(by_rule, np.nan, end) for end in limits)
    direction = [HIGHER if measure == MEAN else None] * len(rules)
    return measure_table(
        part.keys.assign(population=part.population, statistic=LEVEL),
        measure=measure,
        reference=None,
        estimate=found.value,
        conf_low=low,
        conf_high=high,
        confidence=part.options.confidence,
        method=part.method,
        standard_error=found.error,
        rule=rules,
        case_low=_bounded(case[0]),
        case_high=_bounded(case[1]),
        masked_share=part.masked_share(np.arange(len(rules))),
        scale=part.options.scale,
        converged=part.fit.converged,
        direction=pd.Series(direction, index=part.keys.index, dtype="str"),
    )


def _gap(
    part: Part,
    reference: str,
    base: np.ndarray,
    measure: str,
    estimate: Callable,
    what: Callable,
) -> pd.DataFrame:
    group, there = np.arange(len(base)), base >= 0
    itself, rules = group == base, part.rules()
    rule = np.where(rules[group] == ESTIMATED, rules[base], rules[group])
    rule = np.where(there, rule, NO_REFERENCE)
    found = estimate(group, base)
    value = np.where(there, found.value, np.nan)
    error = np.where(there & ~itself, found.error, np.nan)
    low, high = _limits(part, Estimates(value, error))
    case_low, case_high = (
        np.where(itself, value, np.where(there, end, np.nan))
        for end in part.cases.range(what, group, base)
    )
    return measure_table(
        part.keys.assign(
            population=part.population,
            reference_population=np.where(there, part.population[base], np.nan),
            statistic=DIFFERENCE,
        ),
        measure=measure,
        reference=reference,
        estimate=value,
        conf_low=np.where(rule == ESTIMATED, low, np.nan),
        conf_high=np.where(rule == ESTIMATED, high, np.nan),
        confidence=part.options.confidence,
        method=part.method,
        standard_error=error,
        rule=rule,
        case_low=_bounded(case_low),
        case_high=_bounded(case_high),
        masked_share=np.where(there, part.masked_share(group, base), np.nan),
        scale=part.options.scale,
        converged=part.fit.converged,
        direction=HIGHER,
    )


def _references(groups: pd.DataFrame, reference: str) -> np.ndarray:
    """Position of the reference of each group's unit, -1 if it has none."""
    here = (groups["group"] == reference).to_numpy()
    if not here.any():
        known = [str(name) for name in groups["group"].unique()]
        raise UnknownGroupError(f"{reference!r} is no group; expected one of {known}")
    if "unit" not in groups:
        return np.full(len(groups), np.flatnonzero(here)[0])
    of_unit = pd.Series(np.flatnonzero(here), index=groups["unit"][here].astype(object))
    found = of_unit.reindex(groups["unit"].astype(object))
    return found.fillna(-1).to_numpy(dtype=int)


def _of_table(part: Part, measure: str, levels: list, found: Estimates) -> pd.DataFrame:
    unknown = part.fit.source[part.table] == UNKNOWN
    everyone = part.students.sum()
    left_out = np.where(unknown, part.students, 0).sum()
    names = [name for name in part.keys if name not in ("unit", "group")]
    rows = part.keys[names].iloc[[0] * len(levels)].reset_index(drop=True)
    low, high = _limits(part, found)
    return measure_table(
        rows.assign(level=levels, population=part.population.sum(), statistic=LEVEL),
        measure=measure,
        reference=None,
        estimate=found.value,
        conf_low=low,
        conf_high=high,
        confidence=part.options.confidence,
        method=part.method,
        standard_error=found.error,
        masked_share=float(1 - divide(part.visible.sum(), everyone)),
        left_out_share=float(divide(left_out, everyone)),
        scale=part.options.scale,
        log_likelihood=part.fit.log_likelihood,
        last_step=part.fit.last_step,
        steps=part.fit.iterations,
        converged=part.fit.converged,
    )


def _limits(part: Part, found: Estimates) -> tuple[np.ndarray, np.ndarray]:
    width = normal_quantile(part.options.confidence) * _uncertain(found.error)
    return found.value - width, found.value + width


def _uncertain(error: np.ndarray) -> np.ndarray:
    """Errors; missing where the scale fixes a number: a width of nothing is none."""
    return np.where(error > NOTHING, error, np.nan)


def _bounded(ends: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(ends), ends, np.nan)
