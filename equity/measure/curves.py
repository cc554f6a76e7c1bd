"""Survival curves of requests shared out among groups, many times over.

A request is shared among the groups as the residents of its area are. Here are the
groups' curves for one set of residents and counts; `exposure` redraws both a thousand
times and takes its limits from the spread.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from equity.measure.redraws import Residents


@dataclass(frozen=True)
class Cells:
    """Requests by area and days: closed ones, then those still open."""

    area: np.ndarray
    day: np.ndarray  # a column of the areas x days table
    count: np.ndarray
    shape: tuple[int, int]
    days: int
    dispersion: float  # of shares of an area's requests
    volume: float  # of all requests of an area

    @classmethod
    def of(
        cls,
        request_counts: pd.DataFrame,
        people: Residents,
        dispersion: float,
        volume: float = 1.0,
    ) -> "Cells":
        sums = request_counts.groupby(["area", "days"], as_index=False, observed=True)
        sums = sums[["closed", "censored"]].sum()
        days = int(sums["days"].max()) + 1 if len(sums) else 1
        area = people.areas.get_indexer(sums["area"])
        count = np.concatenate([sums["closed"], sums["censored"]]).astype(float)
        day = np.concatenate([sums["days"], sums["days"] + days]).astype(int)
        area, there = np.concatenate([area, area]), count > 0
        return cls(
            area[there],
            day[there],
            count[there],
            (len(people.areas), 2 * days),
            days,
            dispersion,
            max(volume, dispersion),
        )

    def redraw(self, random: np.random.Generator) -> np.ndarray:
        """Draw the requests once more.

        Mean n, variance n times the dispersion; and a luck that all requests of an
        area share, so that their number varies as `volume` has it.
        """
        drawn = random.poisson(self.count / self.dispersion) * self.dispersion
        if self.volume <= self.dispersion:
            return drawn
        total = np.bincount(self.area, self.count, minlength=self.shape[0])
        shape = np.maximum(total, 1) / (self.volume - self.dispersion)
        return drawn * (random.gamma(shape) / shape)[self.area]


@dataclass(frozen=True)
class Curves:
    """The groups' requests shared out and their curves, the last group everyone.

    `people` and `events` have one entry per group; `still_open` is groups x days, the
    share still open at the end of each day.
    """

    people: np.ndarray
    events: np.ndarray
    still_open: np.ndarray

    @classmethod
    def of(cls, people: np.ndarray, cells: Cells, count: np.ndarray) -> "Curves":
        residents = people.sum(axis=1, keepdims=True)
        lived_in = residents > 0
        shares = np.divide(people, residents, out=np.zeros_like(people), where=lived_in)
        shares = np.hstack([shares, lived_in])
        table = sparse.coo_array((count, (cells.day, cells.area)), cells.shape[::-1])
        shared = (table.tocsr() @ shares).T  # groups x (closed by day, open by day)
        closed, censored = shared[:, : cells.days], shared[:, cells.days :]
        waiting = np.cumsum((closed + censored)[:, ::-1], axis=1)[:, ::-1]
        some = np.abs(waiting) > 1e-9
        hazard = np.divide(closed, waiting, out=np.zeros_like(closed), where=some)
        totals = np.append(people.sum(axis=0), people.sum())
        return cls(totals, shared.sum(axis=1), np.cumprod(1 - hazard, axis=1))

    def after(self, day: int) -> np.ndarray:
        """Share still open after a day; missing where nobody was followed so long."""
        last = self.still_open.shape[1] - 1
        share = self.still_open[:, min(day, last)]
        if day > last:
            share = np.where(share <= 1e-12, 0.0, np.nan)
        return np.where(self.events > 0, share, np.nan)

    def moment(self, share: float) -> np.ndarray:
        """Find when so many are closed, a day's closings spread about it."""
        reached_by = self.still_open <= 1 - share + 1e-12
        reached, day = reached_by.any(axis=1), reached_by.argmax(axis=1)
        before = np.hstack([np.ones((len(self.still_open), 1)), self.still_open])
        rows = np.arange(len(before))
        first, last = before[rows, day], before[rows, day + 1]
        part = np.divide(
            first - 1 + share, first - last, out=np.ones(len(rows)), where=reached
        )
        moment = np.where(day == 0, part / 2, day - 0.5 + part)
        return np.where(reached, moment, np.nan)

    def mean(self, horizon: int) -> np.ndarray:
        """Area below the curves up to a day, a day's closings spread about it."""
        last = self.still_open.shape[1]
        curve = np.hstack([np.ones((len(self.still_open), 1)), self.still_open])
        if horizon >= last:  # known only of those that are all closed by then
            curve = np.hstack([curve, np.repeat(curve[:, -1:], horizon - last + 1, 1)])
        ends = np.concatenate([[0.0], np.arange(horizon) + 0.5])
        middle = (curve[:, horizon] + curve[:, horizon + 1]) / 2
        heights = (curve[:, :horizon] + curve[:, 1 : horizon + 1]) / 2
        inner = heights @ np.diff(ends)
        area = inner + (curve[:, horizon] + middle) / 4
        known = (horizon < last) | (np.abs(self.still_open[:, -1]) <= 1e-12)
        return np.where(known & (self.events > 0), area, np.nan)
