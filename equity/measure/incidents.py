"""Incidents and their further reports: the checks on the counts, and rare categories.

An *incident* is one thing to mend. Its *first report* starts a clock; a *further
report* is another person's report of it (a duplicate), made while the incident was
open to reports. Counts are sufficient: a row of `report_counts` stands for
`incidents` incidents, each of which was open to reports for `days` days and got
`duplicates` further reports.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.table import numbers, require_columns

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
        """Incident-days of each row."""
        return self.count * self.days

    @property
    def further(self) -> np.ndarray:
        """Further reports of each row."""
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
