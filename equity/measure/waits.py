"""Waits of requests shared among residents, category by category, and their redraws.

Each request is shared among the groups as the residents of its area are. Within a
category and group, requests still open count as waiting: the share on time and the
mean are read off Kaplan and Meier's curve.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from equity.measure import on_time, overdispersion
from equity.measure.redraws import Residents


@dataclass(frozen=True)
class Waits:
    """Requests by category, closed or still open, step of days, and area.

    A share at the target needs no single days: those between two days on which somebody
    is last seen waiting make one step of the curve. A mean needs them all.

    Attributes
    ----------
    requests
        Rows of category x (closed, still open) x steps, columns of areas.
    categories
        In alphabetical order.
    ends
        The last day of each step; one more step is for all later days.
    target_days, horizon_days
        Days at which the share is read, and up to which the mean is (None: no mean).
    dispersion
        How many times as much as Poisson counts the requests vary, one number for each
        stored one: the largest of three shares.
    latest
        By category, the last day that its curve is known; endless where it comes to
        nothing.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481.

    Examples
    --------
    >>> counts = pd.DataFrame({"area": "1", "period": "2025Q4", "category": "Trees",
    ...     "days": [0, 2, 3, 8], "closed": [2, 2, 0, 3], "censored": [0, 0, 1, 0]})
    >>> waits = Waits.of(counts, pd.Index(["1"]), target_days=5, horizon_days=10)
    >>> size, figures = waits.shared(np.array([[1.0]]))
    >>> size.tolist(), {name: x.round(9).tolist() for name, x in figures.items()}
    ([[8.0]], {'on_time': [[0.5]], 'mean': [[4.5625]]})
    """

    requests: sparse.csr_array
    categories: np.ndarray
    ends: np.ndarray
    target_days: int
    horizon_days: int | None
    dispersion: np.ndarray
    latest: np.ndarray

    @classmethod
    def of(
        cls,
        request_counts: pd.DataFrame,
        areas: pd.Index,
        *,
        target_days: int,
        horizon_days: int | None = None,
    ) -> Self:
        """Count the requests of areas.

        Parameters
        ----------
        request_counts
            Tidy `request_counts`. Requests of other areas are left out.
        areas
            The areas, in order.
        target_days, horizon_days
            See the attributes.

        Returns
        -------
        Waits
            In which the order of the rows given does not matter.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a count is negative or missing.
        """
        told = request_counts[request_counts["area"].isin(areas)]
        told = on_time.outcomes(told, target_days=target_days)
        told = told[told["closed"] + told["censored"] > 0]
        code, categories = pd.factorize(told["category"].astype(str), sort=True)
        ends = _ends(told, target_days, horizon_days)
        steps = len(ends) + 1
        row = 2 * steps * code + np.searchsorted(ends, told["days"])
        area = areas.get_indexer(told["area"])
        count = np.concatenate([told["closed"], told["censored"]]).astype(float)
        places = np.concatenate([row, row + steps]), np.concatenate([area, area])
        shape = (2 * steps * len(categories), len(areas))
        requests = sparse.coo_array((count, places), shape=shape).tocsr()
        requests.eliminate_zeros()
        dispersion = _dispersion(told, code, len(categories), target_days)
        dispersion = np.repeat(dispersion, 2 * steps)
        return cls(
            requests,
            np.asarray(categories),
            ends,
            target_days,
            horizon_days,
            np.repeat(dispersion, np.diff(requests.indptr)),
            _latest(told, code, len(categories)),
        )

    def redraw(self, random: np.random.Generator) -> np.ndarray:
        """Draw the requests once more: mean n, variance n times the dispersion.

        Parameters
        ----------
        random
            Where the draw comes from.

        Returns
        -------
        ndarray
            What `requests` store, redrawn.
        """
        mean = self.requests.data / self.dispersion
        return random.poisson(mean) * self.dispersion

    def followed(self, days: int) -> np.ndarray:
        """Say in which categories somebody was followed for so long.

        Parameters
        ----------
        days
            At which, or up to which, the curve is read.

        Returns
        -------
        ndarray
            One answer per category; true too where all were closed before.
        """
        return self.latest >= days

    def shared(
        self, shares: np.ndarray, count: np.ndarray | None = None
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Share requests among groups, and read their curves.

        Parameters
        ----------
        shares
            Of the groups among the residents, areas x groups.
        count
            A redraw of the requests; None for the requests as they are.

        Returns
        -------
        tuple of ndarray and dict
            Requests, groups x categories; and `on_time` (proportions) and `mean`
            (days), groups x categories.
        """
        stored = self.requests
        count = stored.data if count is None else count
        drawn = sparse.csr_array((count, stored.indices, stored.indptr), stored.shape)
        shape = (len(self.categories), 2, len(self.ends) + 1, shares.shape[1])
        closed, censored = np.moveaxis((drawn @ shares).reshape(shape), 1, 0)
        waiting = np.cumsum((closed + censored)[:, ::-1], axis=1)[:, ::-1]
        some = np.abs(waiting) > 1e-9
        hazard = np.divide(closed, waiting, out=np.zeros_like(closed), where=some)
        still_open = np.cumprod(1 - np.clip(hazard, 0, 1), axis=1)
        at_target = np.searchsorted(self.ends, self.target_days)
        figures = {"on_time": (1 - still_open[:, at_target]).T}
        if self.horizon_days is not None:
            closings = -np.diff(still_open, axis=1, prepend=1)[:, : len(self.ends)]
            saved = np.einsum("ceg,e->gc", closings, _saved(self))
            figures["mean"] = self.horizon_days - saved
        return np.maximum(waiting[:, 0], 0).T, figures


def composition(drawn: np.ndarray, people: Residents) -> np.ndarray:
    """Divide the residents of each area among the groups.

    Parameters
    ----------
    drawn
        Residents, areas x groups: the estimate, or a redraw of it.
    people
        Whose estimates stand in where a redraw leaves less than half of an area's
        residents: divided by next to nobody, shares would be of any size.

    Returns
    -------
    ndarray
        Shares, areas x groups; none where nobody is estimated to live.

    Examples
    --------
    >>> people = Residents.of(pd.DataFrame({"area": "1", "race": ["Asian", "White"],
    ...                                     "estimate": [10, 30], "moe": 20}))
    >>> composition(np.array([[20.0, 20.0]]), people).tolist()
    [[0.5, 0.5]]
    >>> composition(np.array([[-4.0, 5.0]]), people).tolist()
    [[0.25, 0.75]]
    """
    usual = people.estimate
    few = drawn.sum(axis=1) < usual.sum(axis=1) / 2
    some = np.where(few[:, None], usual, drawn)
    total = some.sum(axis=1, keepdims=True)
    return np.divide(some, total, out=np.zeros_like(some), where=total > 0)


def _ends(told: pd.DataFrame, target_days: int, horizon_days: int | None) -> np.ndarray:
    """List the last days of the steps in which curves must be known."""
    seen, marks = told["days"], [target_days]
    if horizon_days is None:
        seen = seen[told["censored"] > 0]
    else:
        marks.append(horizon_days)
    return np.union1d(seen[seen <= max(marks)].to_numpy(dtype=float), marks)


def _saved(waits: Waits) -> np.ndarray:
    """Days up to the horizon that a closing leaves, its day's closings spread about it.

    Those of day d from d - 0.5 to d + 0.5, those of day 0 from 0 to 0.5: so half of
    those on the horizon's day come before it, a quarter of a day on average.
    """
    saved = np.maximum(waits.horizon_days - np.maximum(waits.ends, 0.25), 0)
    return np.where(waits.ends == waits.horizon_days, 0.125, saved)


def _dispersion(
    told: pd.DataFrame, code: np.ndarray, categories: int, target_days: int
) -> np.ndarray:
    """By category, the largest overdispersion of three shares.

    Those on time of all requests, those on time of its own, and its own of all.
    """
    soon = told[told["days"] <= target_days].assign(censored=0)
    every = overdispersion.of_share(told, soon)
    own = [told[code == place] for place in range(categories)]
    return np.array(
        [
            max(
                every,
                overdispersion.of_share(
                    rows, rows[rows["days"] <= target_days].assign(censored=0)
                ),
                overdispersion.of_share(told, rows) if categories > 1 else 1.0,
            )
            for rows in own
        ]
    )


def _latest(told: pd.DataFrame, code: np.ndarray, categories: int) -> np.ndarray:
    """The last day of each category, or infinity if none is left open on it."""
    days = told["days"].to_numpy(dtype=float)
    latest = np.full(categories, -np.inf)
    np.maximum.at(latest, code, days)
    left = np.zeros(categories, dtype=bool)
    left[code[(days == latest[code]) & (told["censored"] > 0).to_numpy()]] = True
    return np.where(left, latest, np.inf)
