"""Incidents and their further reports: checks, rare categories, and overdispersion.

An *incident* is one thing to mend. Its *first report* starts a clock; a *further
report* is another person's report of it (a duplicate), made while the incident was
open to reports. Counts are sufficient: a row of `report_counts` stands for
`incidents` incidents, each of which was open to reports for `days` days and got
`duplicates` further reports.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.table import divide, numbers, require_columns

RATE = "further reports per incident-day"
DELAY = "mean reporting delay in days"
COUNTED = ["days", "duplicates", "incidents"]
FEWEST = 50  # incidents: rarer categories are taken together


@dataclass(frozen=True)
class Incidents:
    """Incidents, their days and their further reports, one value per row.

    Attributes
    ----------
    count
        Incidents.
    days
        Days that each of them was open to reports.
    duplicates
        Further reports that each of them got in these days.

    Examples
    --------
    >>> rows = pd.DataFrame({"days": [2.0, 10.0], "duplicates": [0, 3],
    ...                      "incidents": [5, 1]})
    >>> found = Incidents.of(rows)
    >>> found.count.sum(), found.exposure.sum(), found.further.sum()
    (np.float64(6.0), np.float64(20.0), np.float64(3.0))
    """

    count: np.ndarray
    days: np.ndarray
    duplicates: np.ndarray

    @classmethod
    def of(cls, report_counts: pd.DataFrame) -> Self:
        """Read the counts, or say what is wrong with them.

        Parameters
        ----------
        report_counts
            `days, duplicates, incidents`.

        Returns
        -------
        Incidents
            As floats.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a count is missing, negative or not finite, or reports arrived in no
            time; with the column and the number of rows.
        """
        require_columns(report_counts, COUNTED)
        values = {name: numbers(report_counts, name) for name in COUNTED}
        for name, column in values.items():
            bad = ~np.isfinite(column) | (column < 0)
            if bad.any():
                raise InputError(
                    f"column {name} is missing, negative or not finite in {bad.sum()} "
                    f"of {bad.size} rows; expected numbers of zero or more"
                )
        days, duplicates, count = values.values()
        bad = (days == 0) & (duplicates > 0) & (count > 0)
        if bad.any():
            raise InputError(
                f"further reports came within 0 days in {bad.sum()} of {bad.size} "
                "rows; expected the days that the incident was open to reports, above 0"
            )
        return cls(count, days, duplicates)

    @property
    def exposure(self) -> np.ndarray:
        """Incident-days of each row.

        Returns
        -------
        ndarray
            Incidents times days.
        """
        return self.count * self.days

    @property
    def further(self) -> np.ndarray:
        """Further reports of each row.

        Returns
        -------
        ndarray
            Incidents times further reports.
        """
        return self.count * self.duplicates


def kinds(report_counts: pd.DataFrame) -> np.ndarray:
    """Number the categories, those of fewer than `FEWEST` incidents taken together.

    Parameters
    ----------
    report_counts
        `category` and `incidents`. A missing category is a category.

    Returns
    -------
    ndarray
        One whole number per row, from zero.

    Examples
    --------
    >>> rows = pd.DataFrame({"category": ["Graffiti", "Pothole", "Tree"],
    ...                      "incidents": [80, 30, 15]})
    >>> kinds(rows).tolist()
    [0, 1, 1]
    """
    require_columns(report_counts, ["category", "incidents"])
    codes, found = pd.factorize(report_counts["category"], use_na_sentinel=False)
    many = np.bincount(codes, report_counts["incidents"], len(found)) >= FEWEST
    number = np.where(many, np.cumsum(many) - 1, many.sum())
    return number[codes]


class Overdispersion(NamedTuple):
    """How much more counts vary than chance would make them; each at least one.

    Attributes
    ----------
    incidents
        Of how many incidents there are, and reports.
    reports
        Of how many further reports given incidents get.
    """

    incidents: float
    reports: float


def overdispersion(report_counts: pd.DataFrame) -> Overdispersion:
    """Measure how much more incidents and reports vary than chance would make them.

    Parameters
    ----------
    report_counts
        Tidy `report_counts`: `area, period, days, duplicates, incidents`.

    Returns
    -------
    Overdispersion
        Pearson's chi-squared over its degrees of freedom, with areas and quarters as
        main effects; at least one, and one for a single area or quarter. `incidents`
        is the larger of two: of incidents, against Poisson counts, and of their further
        reports, against Poisson sums of what single incidents get. So is `reports`: of
        further reports beyond what the days explain, and beyond what the incidents do.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If counts are missing, negative or not finite, or reports arrived in no time.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 6.2.3.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "1", "2", "2"], "days": 1.0,
    ...     "period": ["2025Q3", "2025Q4"] * 2, "duplicates": 0,
    ...     "incidents": [10, 30, 30, 10]})
    >>> overdispersion(counts)
    Overdispersion(incidents=20.0, reports=1.0)
    """
    require_columns(report_counts, ["area", "period"])
    read = Incidents.of(report_counts)
    keep = read.count > 0
    area, areas = pd.factorize(report_counts["area"][keep])
    quarter, quarters = pd.factorize(report_counts["period"][keep])
    freedom = (len(areas) - 1) * (len(quarters) - 1)
    if freedom < 1:
        return Overdispersion(1.0, 1.0)
    count, days, further = (
        values[keep] for values in (read.count, read.days, read.duplicates)
    )
    cell, shape = area * len(quarters) + quarter, (len(areas), len(quarters))

    def _sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(cell, count * values, np.prod(shape)).reshape(shape)

    def _beyond(values: np.ndarray) -> float:
        """Further reports beyond what these values of the incidents explain."""
        explained = divide(_expected(reports), _expected(_sums(values)))
        single = further - explained.ravel()[cell] * values
        explained = explained * _sums(values)
        spread = explained * (count * single**2).sum() / explained.sum()
        return _pearson(reports - explained, spread, freedom)

    ones = np.ones_like(days)
    seen, reports = _sums(ones), _sums(further)
    of_incidents = [1.0, _pearson(seen - _expected(seen), _expected(seen), freedom)]
    of_reports = [1.0]
    if reports.sum() > 0:
        expected = _expected(reports)
        spread = expected * (count * further**2).sum() / reports.sum()
        of_incidents.append(_pearson(reports - expected, spread, freedom))
        of_reports += [_beyond(days), _beyond(ones)]
    return Overdispersion(max(of_incidents), max(of_reports))


def _expected(seen: np.ndarray) -> np.ndarray:
    """Expect of each area and quarter what main effects alone would give."""
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()


def _pearson(excess: np.ndarray, variance: np.ndarray, freedom: int) -> float:
    some = variance > 0
    return float((excess[some] ** 2 / variance[some]).sum() / freedom)
