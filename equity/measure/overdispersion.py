"""How much more counts of requests vary than chance alone would have them vary.

Requests come in waves and are closed in batches. Counts that vary more between the
quarters of an area than Poisson counts would are redrawn with so much more variance.
"""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from equity.measure.table import divide


def of_counts(request_counts: pd.DataFrame) -> float:
    """Measure how much more counts vary between quarters than Poisson counts would.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, closed, censored`.

    Returns
    -------
    float
        Pearson's chi-squared over its degrees of freedom, with areas and quarters as
        main effects; at least one. One if there is a single area or quarter. Areas
        and quarters without requests do not count.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 6.2.3.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "1", "2", "2"], "censored": 0,
    ...     "period": ["2025Q3", "2025Q4"] * 2, "closed": [10, 30, 30, 10]})
    >>> of_counts(counts)
    20.0
    """
    seen = _by_area_and_quarter(request_counts).to_numpy(dtype=float)
    freedom = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    if freedom < 1:
        return 1.0
    expected = _expected(seen)
    return max(float(((seen - expected) ** 2 / expected).sum() / freedom), 1.0)


def _by_area_and_quarter(request_counts: pd.DataFrame) -> pd.DataFrame:
    """Count requests, areas by quarters, those that have any."""
    requests = request_counts["closed"] + request_counts["censored"]
    there = request_counts.assign(requests=requests)[requests > 0]
    keys = {"index": "area", "columns": "period", "observed": True}
    return there.pivot_table(values="requests", aggfunc="sum", fill_value=0, **keys)


def _expected(seen: np.ndarray) -> np.ndarray:
    """Expect of each area and quarter what main effects alone would give."""
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1)


def of_requests(request_counts: pd.DataFrame, target_days: int) -> float:
    """Take the largest overdispersion: of three counts, and of the share on time.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`.
    target_days
        Requests closed within so many days are on time.

    Returns
    -------
    float
        Of all requests, of those closed on time, of the others, or of the share of the
        second in the first, whichever is largest; at least one.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "1", "2", "2"], "censored": 0, "days": 3,
    ...     "period": ["2025Q3", "2025Q4"] * 2, "closed": [10, 30, 30, 10]})
    >>> of_requests(counts, 14)
    20.0
    """
    soon = request_counts["days"] <= target_days
    on_time = request_counts[soon].assign(censored=0)
    others = request_counts.assign(closed=request_counts["closed"].mask(soon, 0))
    counts = max(of_counts(table) for table in (request_counts, on_time, others))
    return max(counts, _share_overdispersion(request_counts, on_time))


def of_share(
    request_counts: pd.DataFrame, some: pd.DataFrame, *, level: float = 0.05
) -> float:
    """Measure how much more a share of requests varies than a binomial one.

    A wet spring that doubles all requests of an area leaves its share on time as it
    was: shares need less width than counts.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, closed, censored`.
    some
        Those rows, or parts of their counts, whose share it is.
    level
        An excess that chance alone would give more often than this is no excess.

    Returns
    -------
    float
        Pearson's chi-squared over its degrees of freedom, with areas and quarters as
        main effects; at least one.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 4.5.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": ["1", "1", "2", "2"], "censored": 0,
    ...     "period": ["2025Q3", "2025Q4"] * 2, "closed": 40})
    >>> of_share(counts, counts.assign(closed=[10, 30, 30, 10]))
    40.0
    """
    excess, freedom = _share_excess(request_counts, some)
    if freedom < 1 or chi2.sf(excess, freedom) > level:
        return 1.0
    return max(excess / freedom, 1.0)


def _share_overdispersion(every: pd.DataFrame, some: pd.DataFrame) -> float:
    excess, freedom = _share_excess(every, some)
    return max(excess / freedom, 1.0) if freedom >= 1 else 1.0


def _share_excess(every: pd.DataFrame, some: pd.DataFrame) -> tuple[float, int]:
    """Pearson's chi-squared of a share, and its degrees of freedom.

    Where a batch moves requests from late to on time, the two counts move against each
    other, which no count shows alone.
    """
    total = _by_area_and_quarter(every)
    part = _by_area_and_quarter(some).reindex_like(total).fillna(0).to_numpy(float)
    total = total.to_numpy(dtype=float)
    within, without = _expected(part), _expected(total - part)
    share = divide(within, within + without)
    variance = total * share * (1 - share)
    known = variance > 0
    freedom = known.sum() - known.any(axis=1).sum() - known.any(axis=0).sum() + 1
    excess = (part - total * share)[known] ** 2 / variance[known]
    return float(excess.sum()), int(freedom)
