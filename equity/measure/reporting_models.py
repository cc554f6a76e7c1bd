"""Regressions of the rate of further reports, on incidents and on their areas.

The number of further reports of an incident has mean *rate x days*, and the logarithm
of the rate is a sum of terms: what the incident is, where, and who lives there. A
coefficient is the logarithm of a *rate ratio*. In the *zero-inflated* model a share of
the incidents is seen by nobody else, however long they are open; the rate is then that
of the others. See `reporting` for the terms and the assumptions.

Counts are weights: a row of `incidents` alike incidents tells exactly what so many rows
would. The fits, and the check that they are maxima, are in `poisson_fits`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import t

from equity.errors import InputError
from equity.measure import acs, poisson_fits
from equity.measure.incidents import RATE, Incidents, kinds
from equity.measure.redraws import LEVEL, RATIO
from equity.measure.table import (
    check_confidence,
    measure_table,
    normal_quantile,
    numbers,
    require_columns,
)

BASELINE, UNSEEN = "baseline", "zero inflation"
RATE_RATIO, UNSEEN_SHARE = "rate ratio", "share of incidents nobody else reports"
NOT_CONVERGED = "did not converge"


def regression(
    incidents: pd.DataFrame,
    *,
    terms: Sequence[str],
    references: Mapping[str, str] | None = None,
    zero_inflated: bool = False,
    clusters: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Regress the rate of further reports on what is known of the incidents.

    Parameters
    ----------
    incidents
        `days, duplicates, incidents` and a column for each term. Rows of no days tell
        nothing and are left out.
    terms
        Columns: numbers enter as they are, labels by value.
    references
        Column to the value that its others are compared with. By default the first, in
        the order of categories or the alphabet.
    zero_inflated
        Whether a share of the incidents, alike everywhere, may be seen by nobody else.
    clusters
        A column, such as `area`, within which incidents may resemble each other; their
        standard errors then allow for any such resemblance. None takes the model's.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        A row for the baseline (`further reports per incident-day` where every term is
        at its reference or zero), each value of each term (`rate ratio`; of a number,
        for one more of it), and the zero inflation (`share of incidents nobody else
        reports`), with `term`, `value`, `events` (incidents), `requests` (reports, the
        first ones included), `statistic`, the measure columns, `coefficient` (logarithm
        of the estimate; of the inflation, its logit), `standard_error` (of the
        coefficient), `log_likelihood` and `converged`. A value without further reports
        has a ratio of zero and no upper limit. All estimates are missing if the fit is
        no maximum; `method` says so. A share of zero has no limits.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, reports arrived in no time, a
        term is missing in rows, tells the same as another, or its reference is no value
        or has no further reports.

    Notes
    -----
    Where the likelihood is highest without inflation, the share is zero, at its
    boundary, and the rest is the Poisson fit. With clusters, limits are Student's, of
    as many degrees of freedom as clusters less one, and the sandwich is enlarged by
    G / (G - 1).

    References
    ----------
    Liu, Bhandaram and Garg (2024), Nature Computational Science 4, 57-65. Lambert
    (1992), Zero-inflated Poisson regression, Technometrics 34, 1-14. Liang and Zeger
    (1986), Biometrika 73, 13-22 (clusters).

    Examples
    --------
    >>> rows = pd.DataFrame({"race": ["Black", "White"], "days": [10.0, 10.0],
    ...                      "duplicates": [1, 2], "incidents": [20, 30]})
    >>> more = rows.assign(duplicates=0, incidents=[60, 40])
    >>> table = regression(pd.concat([rows, more]), terms=["race"],
    ...                    references={"race": "White"})
    >>> table[["term", "value", "estimate", "conf_low", "conf_high"]].round(3)
           term  value  estimate  conf_low  conf_high
    0  baseline    NaN     0.086     0.067      0.110
    1      race  Black     0.292     0.176      0.484
    2      race  White     1.000       NaN        NaN
    """
    check_confidence(confidence)
    require_columns(incidents, [*terms, *([clusters] if clusters else [])])
    read = Incidents.of(incidents)
    seen = (read.days > 0) & (read.count > 0)
    rows = incidents[seen]
    entries = _entries(rows, terms, references or {})
    data = _counted(rows, entries, clusters)
    model = poisson_fits.zero_inflated if zero_inflated else poisson_fits.poisson
    fit = model(data)
    named = "zero-inflated Poisson" if zero_inflated else "Poisson"
    method = f"{named} regression" + (f"; clustered by {clusters}" if clusters else "")
    return _reported(rows, entries, data, fit, confidence, method)


def by_covariate(
    report_counts: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    steps: Mapping[str, float],
    confidence: float = 0.95,
    replicates: int = 100,
    seed: int = 1,
) -> pd.DataFrame:
    """Regress the rate of further reports on what is known of the areas.

    Parameters
    ----------
    report_counts
        Tidy `report_counts`: `area, category, days, duplicates, incidents`.
    covariates
        One row per `area` with a column of numbers for each covariate, and its 90 %
        margin in `<covariate>_moe` if it has one (missing: known exactly).
    steps
        Covariate to the difference in it that its rate ratio is for: 0.1 makes it "per
        10 points" of a share.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws of the covariates within their margins.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        One row per covariate: `term`, `step`, `events` (incidents), `requests` (their
        reports, the first ones included), `statistic`, the measure columns (`rate
        ratio`, other covariates and the category being the same), `coefficient` and
        `standard_error` (per step), `areas` (how many), `left_out` (share of incidents
        in areas that lack a covariate) and `converged`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, reports arrived in no time, an
        area comes twice in ``covariates``, the areas are too few, or covariates tell
        the same.

    Notes
    -----
    Every category has its own level (those of fewer than 50 incidents share one). The
    variance is the sum of two: of the fit, clustered by area, with limits of Student's
    t of areas less one; and between refits to covariates redrawn within their margins.
    Uncertain covariates also pull the ratio towards one, which no interval mends. A
    covariate of an area is not one of a reporter.

    References
    ----------
    Liang and Zeger (1986), Biometrika 73, 13-22 (clusters). Cameron and Miller (2015),
    A practitioner's guide to cluster-robust inference, J Human Resources 50, 317-372.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "2", "3", "4"], "category": "Pothole",
    ...     "days": 10.0, "duplicates": [4, 2, 2, 1], "incidents": 30})
    >>> areas = pd.DataFrame({"area": ["1", "2", "3", "4"],
    ...                       "Black": [0.1, 0.3, 0.3, 0.5]})
    >>> table = by_covariate(counts, areas, steps={"Black": 0.1})
    >>> table[["term", "estimate"]].round(4)
        term  estimate
    0  Black    0.7071
    """
    check_confidence(confidence)
    names = list(steps)
    require_columns(report_counts, ["area", "category"])
    require_columns(covariates, ["area", *names])
    if covariates["area"].duplicated().any():
        raise InputError("an area comes twice in covariates; expected one row per area")
    areas = covariates.set_index("area")
    known = areas.index[areas[names].notna().all(axis=1)]
    there = report_counts["area"].isin(known)
    read, total = Incidents.of(report_counts[there]), Incidents.of(report_counts)
    # A sum of Poisson counts is one: the sums tell all about the coefficients.
    sums = pd.DataFrame(
        {
            "area": report_counts["area"][there].to_numpy(),
            "kind": kinds(report_counts[there]).astype(str),
            "days": read.exposure,
            "duplicates": read.further,
        }
    ).groupby(["area", "kind"], as_index=False, observed=True)
    sums = sums.sum().query("days > 0").assign(incidents=1).reset_index(drop=True)
    place = areas.index.get_indexer(sums["area"])
    size = len(np.unique(place))
    if size < len(names) + 2:
        raise InputError(
            f"{size} areas have incidents and covariates; expected at least "
            f"{len(names) + 2} for {len(names)} covariate(s)"
        )
    middle = np.column_stack([numbers(areas, name) for name in names])[place]
    error = np.column_stack([_error(areas, name) for name in names])
    rows = sums.assign(**dict(zip(names, middle.T, strict=True)))
    entries = _entries(rows, [*names, "kind"], {"kind": _most_reported(sums)})
    data = _counted(rows, entries, "area")
    fit = poisson_fits.poisson(data)

    own = slice(1, len(names) + 1)
    variance, uncertain = np.diag(fit.covariance)[own], (error[place] > 0).any()
    if uncertain and fit.converged:
        random = np.random.default_rng(seed)
        heard = ~_unheard(entries, len(rows))
        drawn = []
        for _ in range(replicates):
            design = data.design.copy()
            design[:, own] += random.normal(0, error)[place][heard]
            drawn.append(poisson_fits.poisson(replace(data, design=design)))
        variance = variance + np.var([d.coefficient[own] for d in drawn], axis=0)
    step = np.array([float(steps[name]) for name in names])
    coefficient, se = fit.coefficient[own] * step, np.sqrt(variance) * np.abs(step)
    width = _quantile(confidence, data.clusters) * se
    if not fit.converged:
        coefficient = width = np.full(len(names), np.nan)
    method = "Poisson regression with categories; clustered by area"
    if uncertain:
        method += "; redraw of census margins"
    return measure_table(
        pd.DataFrame(
            {
                "term": names,
                "step": step,
                "events": read.count.sum(),
                "requests": (read.count + read.further).sum(),
                "statistic": RATIO,
            }
        ),
        measure=RATE_RATIO,
        reference=None,
        estimate=np.exp(coefficient),
        conf_low=np.exp(coefficient - width),
        conf_high=np.exp(coefficient + width),
        confidence=confidence,
        method=method if fit.converged else f"{method}; {NOT_CONVERGED}",
        coefficient=coefficient,
        standard_error=se,
        areas=size,
        left_out=1 - read.count.sum() / total.count.sum(),
        converged=fit.converged,
    )


@dataclass(frozen=True)
class _Entry:
    """One coefficient to be: a number, or one value of a label."""

    term: str
    value: str | None  # None for a number
    reference: str | None
    rows: np.ndarray  # where the value is; everywhere for a number
    column: np.ndarray | None  # None for the reference
    silent: bool  # a value without further reports


def _entries(
    rows: pd.DataFrame, terms: Sequence[str], references: Mapping[str, str]
) -> list[_Entry]:
    """List the coefficients, term by term, the references among them."""
    entries = []
    further = Incidents.of(rows).further
    for term in terms:
        column = rows[term]
        if column.isna().any():
            raise InputError(
                f"column {term} is missing in {column.isna().sum()} of {len(column)} "
                "rows; leave them out, or give them a value of their own"
            )
        numeric = pd.api.types.is_numeric_dtype(column)
        if numeric and not pd.api.types.is_bool_dtype(column):
            everywhere = np.ones(len(rows), dtype=bool)
            entries.append(
                _Entry(term, None, None, everywhere, numbers(rows, term), False)
            )
            continue
        text = column.astype(str).to_numpy()
        values = [str(value) for value in _ordered(column)]
        reference = str(references.get(term, values[0] if values else ""))
        if reference not in values:
            raise InputError(
                f"{reference!r} is no value of {term}; expected one of {values}"
            )
        for value in values:
            own = text == value
            silent = not further[own].sum() > 0
            if silent and value == reference and further.sum() > 0:
                raise InputError(
                    f"{reference!r}, the reference of {term}, has no further reports; "
                    "choose another in references"
                )
            indicator = None if value == reference else own.astype(float)
            entries.append(_Entry(term, value, reference, own, indicator, silent))
    return entries


def _unheard(entries: list[_Entry], size: int) -> np.ndarray:
    """Find the rows of a value without further reports.

    The likelihood is highest as their rate goes to zero, where they say nothing about
    the others: the fit leaves them out.
    """
    return np.any(
        [np.zeros(size, bool), *(e.rows for e in entries if e.silent)], axis=0
    )


def _counted(
    rows: pd.DataFrame, entries: list[_Entry], clusters: str | None
) -> poisson_fits.Counted:
    read, kept = Incidents.of(rows), ~_unheard(entries, len(rows))
    columns = [e.column for e in entries if e.column is not None and not e.silent]
    table = pd.DataFrame(np.column_stack([np.ones(len(rows)), *columns])[kept])
    table = table.assign(reports=read.duplicates[kept], days=read.days[kept])
    if clusters:
        table["cluster"] = pd.factorize(rows[clusters][kept], use_na_sentinel=False)[0]
    # Rows that are alike tell what one of them tells, as many times.
    alike = table.groupby(list(table), sort=False).ngroup()
    table = table[~alike.duplicated()].reset_index(drop=True)
    data = poisson_fits.Counted(
        table[list(range(1 + len(columns)))].to_numpy(),
        table["reports"].to_numpy(),
        table["days"].to_numpy(),
        np.bincount(alike, read.count[kept], len(table)),
        table["cluster"].to_numpy() if clusters else None,
    )
    if kept.any() and not data.full_rank:
        raise InputError(
            f"terms {list(dict.fromkeys(e.term for e in entries))} tell the same: a "
            "column is a sum of others; leave a term out"
        )
    return data


def _ordered(column: pd.Series) -> list:
    """List the values that occur: in the order of categories, or sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        there = set(column.unique())
        return [value for value in column.cat.categories if value in there]
    return sorted(column.unique())


def _quantile(confidence: float, clusters: int | None) -> float:
    if clusters is None:
        return normal_quantile(confidence)
    return float(t.ppf((1 + confidence) / 2, max(clusters - 1, 1)))


def _error(areas: pd.DataFrame, name: str) -> np.ndarray:
    """Standard errors of a covariate; zero where it is known exactly."""
    margin = f"{name}_moe"
    if margin not in areas:
        return np.zeros(len(areas))
    return np.asarray(acs.standard_error(areas[margin].fillna(0)), dtype=float)


def _most_reported(sums: pd.DataFrame) -> str:
    return str(sums.groupby("kind")["duplicates"].sum().idxmax())


def _reported(
    rows: pd.DataFrame,
    entries: list[_Entry],
    data: poisson_fits.Counted,
    fit: poisson_fits.Fit,
    confidence: float,
    method: str,
) -> pd.DataFrame:
    """Put the coefficients into a measure table."""
    read = Incidents.of(rows)
    quantile = _quantile(confidence, data.clusters)
    errors = np.sqrt(np.diag(fit.covariance))
    fitted = iter(zip(fit.coefficient, errors, strict=True))
    everywhere = np.ones(len(rows), dtype=bool)
    baseline = _Entry(BASELINE, None, None, everywhere, everywhere, False)
    found = []
    for entry in [baseline, *entries]:
        if entry.column is None:
            coefficient, se = (0.0 if fit.converged else np.nan), np.nan
        elif entry.silent:
            coefficient, se = np.nan, np.nan
        else:
            coefficient, se = next(fitted)
        with np.errstate(over="ignore"):  # a limit without end is not known
            low, high = np.exp(coefficient + np.array([-1, 1]) * quantile * se)
            estimate = np.exp(coefficient)
        if entry.silent and fit.converged:
            estimate, low = 0.0, 0.0
        own = entry is baseline
        found.append(
            {
                "term": entry.term,
                "value": entry.value,
                "events": read.count[entry.rows].sum(),
                "requests": (read.count + read.further)[entry.rows].sum(),
                "statistic": LEVEL if own else RATIO,
                "measure": RATE if own else RATE_RATIO,
                "reference": entry.reference,
                "limits": (estimate, low, high),
                "coefficient": coefficient,
                "standard_error": se,
            }
        )
    if method.startswith("zero-inflated"):
        ends = expit(fit.logit + quantile * fit.logit_se * np.array([-1, 1]))
        found.append(
            {
                **found[0],
                "term": UNSEEN,
                "measure": UNSEEN_SHARE,
                "limits": (fit.inflation, *ends),
                "coefficient": fit.logit,
                "standard_error": fit.logit_se,
            }
        )
    table = pd.DataFrame(found).astype({"term": "str", "value": "str"})
    sure = np.array(table["limits"].tolist())
    sure = sure if fit.converged else np.full_like(sure, np.nan)
    result = measure_table(
        table[["term", "value", "events", "requests", "statistic"]],
        measure=table["measure"],
        reference=None,
        estimate=sure[:, 0],
        conf_low=sure[:, 1],
        conf_high=sure[:, 2],
        confidence=confidence,
        method=method if fit.converged else f"{method}; {NOT_CONVERGED}",
        coefficient=table["coefficient"],
        standard_error=table["standard_error"],
        log_likelihood=fit.log_likelihood,
        converged=fit.converged,
    )
    return result.assign(reference=table["reference"].astype("str"))
