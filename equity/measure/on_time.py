"""Requests on time, late, or not yet known, by area: what several measures start from.

A request is *on time* if it was closed within the target days, *late* if it took or
has waited longer, and *not known* if it is still open and has not waited so long.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import overdispersion
from equity.measure.table import divide, numbers, require_columns

OUTCOMES = ["on_time", "late", "unknown"]
NEEDED = ["area", "period", "days", "closed", "censored"]


def measure_name(target_days: int) -> str:
    """Name the share of requests that are on time.

    Parameters
    ----------
    target_days
        Requests closed within so many days are on time.

    Returns
    -------
    str
        In the words that all measures of it share.

    Raises
    ------
    ParamsError
        If the target is negative.

    Examples
    --------
    >>> measure_name(5)
    'share closed within 5 days'
    """
    if isinstance(target_days, bool) or target_days < 0:
        raise ParamsError(f"target_days is {target_days}; expected 0 or more days")
    return f"share closed within {target_days:,} days"


def outcomes(request_counts: pd.DataFrame, *, target_days: int) -> pd.DataFrame:
    """Tell requests on time, late and not yet known apart.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`. Counts may be
        fractions, as of requests shared among districts.
    target_days
        Requests closed within so many days are on time.

    Returns
    -------
    DataFrame
        The table with `on_time`, `late` and `unknown`, which add up to `closed` and
        `censored`. A request still open after just the target days is late.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": "1", "period": "2025Q4", "days": [2, 5, 9],
    ...                        "closed": [6, 4, 3], "censored": [2, 1, 1]})
    >>> outcomes(counts, target_days=5)[OUTCOMES].to_numpy().tolist()
    [[6.0, 0.0, 2.0], [4.0, 1.0, 0.0], [0.0, 4.0, 0.0]]
    """
    measure_name(target_days)
    require_columns(request_counts, NEEDED)
    closed, censored, days = (
        numbers(request_counts, name) for name in ("closed", "censored", "days")
    )
    for name, counts in {"closed": closed, "censored": censored, "days": days}.items():
        if bad := int((~(counts >= 0)).sum()):
            raise InputError(
                f"column {name} is negative or missing in {bad} of {len(counts)} rows"
            )
    soon, open_soon = days <= target_days, days < target_days
    return request_counts.assign(
        on_time=np.where(soon, closed, 0.0),
        late=np.where(soon, 0.0, closed) + np.where(open_soon, 0.0, censored),
        unknown=np.where(open_soon, censored, 0.0),
    )


@dataclass(frozen=True)
class Outcomes:
    """Requests by area, as arrays in the order of the areas.

    Attributes
    ----------
    on_time, late, unknown
        Requests.
    dispersion
        How many times as much they vary as Poisson counts.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": "2", "period": "2025Q4", "days": [2, 9],
    ...                        "closed": [6, 3], "censored": 0})
    >>> found = Outcomes.of(counts, pd.Index(["1", "2"]), target_days=5)
    >>> found.on_time, found.late, found.dispersion
    (array([0., 6.]), array([0., 3.]), 1.0)
    """

    on_time: np.ndarray
    late: np.ndarray
    unknown: np.ndarray
    dispersion: float

    @classmethod
    def of(
        cls, request_counts: pd.DataFrame, areas: pd.Index, *, target_days: int
    ) -> Self:
        """Count the requests of each area.

        Parameters
        ----------
        request_counts
            As for `outcomes`. Requests of other areas are left out.
        areas
            The areas, in order.
        target_days
            Requests closed within so many days are on time.

        Returns
        -------
        Outcomes
            With the dispersion of these areas.
        """
        told = outcomes(request_counts, target_days=target_days)
        told = told[told["area"].isin(areas)]
        sums = told.groupby("area", observed=True)[OUTCOMES].sum()
        columns = sums.reindex(areas).fillna(0).to_numpy(dtype=float).T
        return cls(*columns, overdispersion.of_requests(told, target_days))

    @property
    def known(self) -> np.ndarray:
        """Count the requests on time or late.

        Returns
        -------
        ndarray
            By area.
        """
        return self.on_time + self.late

    def redraw(self, random: np.random.Generator) -> Self:
        """Draw the requests once more: mean n, variance n times the dispersion.

        Parameters
        ----------
        random
            Where the draw comes from.

        Returns
        -------
        Outcomes
            With the same dispersion.
        """
        counts = np.array([self.on_time, self.late, self.unknown])
        drawn = random.poisson(counts / self.dispersion) * self.dispersion
        return type(self)(*drawn, self.dispersion)


def share_dispersion(told: pd.DataFrame) -> float:
    """Measure how much more the share on time varies than a binomial one would.

    Parameters
    ----------
    told
        What `outcomes` returns.

    Returns
    -------
    float
        Pearson's chi-squared over its degrees of freedom, with areas and quarters as
        main effects of requests on time, and of those late; at least one. Requests
        whose outcome is not known do not count; without any that do, it is one. It is
        what limits of a share need that take its requests as given; counts vary as
        `overdispersion` has it.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 4.5.

    Examples
    --------
    >>> told = pd.DataFrame({"area": ["1", "1", "2", "2"],
    ...     "period": ["2025Q3", "2025Q4"] * 2, "on_time": [10, 30, 30, 10],
    ...     "late": [30, 10, 10, 30]})
    >>> share_dispersion(told)
    40.0
    """
    if told.empty:
        return 1.0
    sums = told.groupby(["area", "period"], observed=True)[["on_time", "late"]].sum()
    wide = sums.unstack("period", fill_value=0)  # noqa: PD010 - of two columns
    on_time, late = (wide[name].to_numpy(dtype=float) for name in sums)
    total, within = on_time + late, _expected(on_time)
    share = divide(within, within + _expected(late))
    variance = total * share * (1 - share)
    known = variance > 0
    freedom = known.sum() - known.any(axis=1).sum() - known.any(axis=0).sum() + 1
    if freedom < 1:
        return 1.0
    excess = (on_time - total * share)[known] ** 2 / variance[known]
    return max(float(excess.sum() / freedom), 1.0)


def _expected(seen: np.ndarray) -> np.ndarray:
    """Expect of each area and quarter what main effects alone would give."""
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1)
