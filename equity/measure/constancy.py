"""Whether further reports come at a constant rate while a problem is open.

A delay is one over a rate, and a rate is further reports over days open. That holds if
reports go on coming. Where most come on the first days and then stop, a problem that
stays open for long adds days and no reports, and its "delay" says how long it stayed
open, not how long it went unseen.
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from equity.measure.incidents import Incidents, kinds
from equity.measure.table import measure_table, normal_quantile

LEAST = 0.8  # of the power; below it a rate tells how long problems stay open
WIDTH = 1.25  # windows that differ by less than this factor are taken together
TENTHS = 10
FEWEST = 20  # further reports to judge by
COLUMNS = ["events", "requests", "constant"]


def power(report_counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate with which power of the days open further reports grow.

    Parameters
    ----------
    report_counts
        Tidy `report_counts`: `area, category, days, duplicates, incidents`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row: `events` (incidents), `requests` (their reports), the measure columns,
        and `constant`: False if the power is clearly below 0.8, True otherwise, missing
        if too little is known to say. One is a constant rate; zero means that no more
        reports come the longer a problem is open. No row without incidents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing or negative.

    Notes
    -----
    A Poisson regression of further reports on the logarithm of days, incidents as
    exposure, with a level for each category and for each tenth of the areas by how long
    their incidents stay open: that some areas report less *and* wait longer is a gap,
    not a rate that falls with time. Errors are widened by Pearson's chi-squared over
    its degrees of freedom.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 6.2.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": "1", "category": "Pothole",
    ...     "days": [2.0, 2.0, 20.0, 20.0, 80.0], "duplicates": [0, 1, 0, 1, 2],
    ...     "incidents": [200, 10, 60, 40, 50]})
    >>> table = power(counts)
    >>> table["estimate"].round(1).item(), bool(table["constant"].item())
    (1.1, True)
    """
    z = normal_quantile(confidence)
    read = Incidents.of(report_counts)
    if not len(report_counts):
        return pd.DataFrame(columns=COLUMNS)
    estimate, error = _slope(_binned(report_counts, read))
    low, high = estimate - z * error, estimate + z * error
    frame = pd.DataFrame(
        {
            "events": [float(read.count.sum())],
            "requests": [float((read.count * (1 + read.duplicates)).sum())],
        }
    )
    constant = pd.NA if np.isnan(high) else bool(high >= LEAST)
    return measure_table(
        frame,
        measure="power of days open with which further reports grow",
        reference=None,
        estimate=[estimate],
        conf_low=[low],
        conf_high=[high],
        confidence=confidence,
        method="Poisson regression within categories, errors widened",
        constant=pd.array([constant], dtype="boolean"),
    )


def _binned(report_counts: pd.DataFrame, read: Incidents) -> pd.DataFrame:
    """Add up incidents and further reports by category and about as many days."""
    about = np.round(np.log(np.maximum(read.days, 1e-9)) / np.log(WIDTH))
    rows = pd.DataFrame(
        {
            "kind": kinds(report_counts),
            "pace": _pace(report_counts, read),
            "about": about,
            "incidents": read.count,
            "further": read.count * read.duplicates,
            "exposure": read.exposure,
        }
    )
    rows = rows[rows["incidents"] > 0]
    sums = rows.groupby(["kind", "pace", "about"], as_index=False).sum()
    return sums.assign(days=sums["exposure"] / sums["incidents"])


def _pace(report_counts: pd.DataFrame, read: Incidents) -> np.ndarray:
    """Number the tenth of the areas, by mean days open, that each row belongs to."""
    area = report_counts["area"].astype(str)
    rows = pd.DataFrame({"count": read.count, "exposure": read.exposure})
    sums = rows.groupby(area.to_numpy()).sum()
    mean = sums["exposure"] / sums["count"].where(sums["count"] > 0, 1)
    tenth = np.minimum(mean.rank(pct=True, method="first") * TENTHS, TENTHS - 1)
    return area.map(tenth.astype(int)).to_numpy()


def _slope(sums: pd.DataFrame) -> tuple[float, float]:
    """The power and its standard error; missing where there is too little."""
    kept = sums[sums["incidents"] > 0]
    for name in ("kind", "pace"):  # a level without further reports says nothing
        kept = kept[kept.groupby(name)["further"].transform("sum") > 0]
    if kept["further"].sum() < FEWEST or kept["days"].nunique() < 2:
        return np.nan, np.nan
    design = np.column_stack(
        [
            np.log(kept["days"]),
            pd.get_dummies(kept["kind"], dtype=float),
            pd.get_dummies(kept["pace"], dtype=float).iloc[:, 1:],
        ]
    )
    freedom = len(design) - design.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return np.nan, np.nan
    model = sm.GLM(
        kept["further"].to_numpy(),
        design,
        family=sm.families.Poisson(),
        offset=np.log(kept["incidents"].to_numpy()),
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", PerfectSeparationWarning
        )  # a perfect fit is one
        fit = model.fit()
    widened = max(float(fit.pearson_chi2) / freedom, 1.0) ** 0.5
    return float(fit.params[0]), float(fit.bse[0] * widened)
