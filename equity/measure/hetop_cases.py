"""Best and worst cases of rows with masked counts, beside their estimates.

A row is fitted again to the extreme counts that its bounds allow (`corners`), at the
cut points and on the scale of the whole fit. What the counts really were lies between;
how far the estimate may be from it for that reason alone, no interval says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from equity.measure import hetop_masked, hetop_rows
from equity.measure.hetop_fit import Fit
from equity.measure.hetop_model import OWN
from equity.measure.hetop_rows import Counts

MOST_PAIRS = 2_000_000  # of extreme counts of two groups, compared at a time


@dataclass(frozen=True)
class Cases:
    """Means and standard deviations of each group for each of its extreme counts.

    Attributes
    ----------
    mean, sd
        Groups x (1 + corners), on the fit's own scale: the estimate, then the corners;
        missing behind a group's last. A mean is infinite where all students may be at
        the lowest or at the highest level.
    """

    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, fit: Fit, counts: Counts, table: int) -> Self:
        """Fit the extreme counts of a table's masked rows.

        Parameters
        ----------
        fit
            Of all tables.
        counts
            What was fitted, tables x groups x levels.
        table
            The position of this one.

        Returns
        -------
        Cases
            For a row that is not masked, its estimate alone.
        """
        rows, cuts = counts[table], fit.cuts[table]
        mean, sd = fit.mean[table][:, None], np.exp(fit.log_sd[table])[:, None]
        masked = np.flatnonzero(rows.masked)
        if not len(masked) or np.isnan(cuts).all():
            return cls(mean, sd)
        some = rows[masked]
        place, students = hetop_masked.corners(some.low, some.high, some.total)
        row = masked[place]
        held = _held(fit, table)[row]
        value, log_sd = _fitted(fit, table, students, row, held)
        order = np.arange(len(row)) - np.searchsorted(row, row)  # rows come in order
        wider = [(0, 0), (0, order.max(initial=-1) + 1)]
        mean, sd = (np.pad(e, wider, constant_values=np.nan) for e in (mean, sd))
        mean[row, order + 1], sd[row, order + 1] = value, np.exp(log_sd)
        return cls(mean, sd)

    def range(
        self, what: Callable, group: np.ndarray, reference: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the least and the most that something may be.

        Parameters
        ----------
        what
            Of the mean and standard deviation of a group, and of the reference.
        group, reference
            Positions; None if a group is compared with nobody.

        Returns
        -------
        tuple of ndarray
            Least and most, one per group; infinite if nothing bounds them, missing if
            nothing is known.
        """
        low, high = np.full(len(group), np.nan), np.full(len(group), np.nan)
        corners = self.mean.shape[1]
        chunk = max(1, MOST_PAIRS // corners**2)
        for start in range(0, len(group), chunk):
            some = slice(start, start + chunk)
            of = [self.mean[group[some]], self.sd[group[some]]]
            if reference is not None:
                of = [values[:, :, None] for values in of]
                base = reference[some]
                of += [self.mean[base][:, None], self.sd[base][:, None]]
            with np.errstate(invalid="ignore"):
                values = what(*of).reshape(len(group[some]), -1)
            low[some] = np.fmin.reduce(values, axis=1)
            high[some] = np.fmax.reduce(values, axis=1)
        return low, high


def _held(fit: Fit, table: int) -> np.ndarray:
    """The SD of rows that have none of their own: that of tied groups, in this table.

    A row fitted for itself has the SD that the likelihood gave its group.
    """
    known = ~np.isnan(fit.log_sd[table])
    usual = fit.log_sd[table][known & fit.tied]
    if not len(usual):  # nobody is tied: the rule's, were there anybody
        usual = [fit.log_sd[table][known].mean()]
    return np.where(known, fit.log_sd[table], usual[0])


def _fitted(
    fit: Fit, table: int, students: np.ndarray, row: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit corners by the rules, but for those at one end, whose mean has no bound."""
    counts = Counts.exact(students)
    last = np.isfinite(fit.cuts[table]).sum()
    ends = [students[:, [0]].ravel(), students[:, last]]
    mean = np.select([counts.total == end for end in ends], [-np.inf, np.inf], 0.0)
    inside = np.flatnonzero(np.isfinite(mean))
    several = len(fit.source) > 1  # tables say more of a group's SD than one corner
    free = (counts.populated >= 3) & ~fit.tied[row] & (not several)
    start = np.where(fit.source[table][row] == OWN, fit.mean[table][row], 0.0)
    cuts = np.broadcast_to(fit.cuts[table], (len(row), len(fit.cuts[table])))
    mean[inside], log_sd = hetop_rows.fit(
        counts[inside], cuts[inside], start[inside], held[inside], free[inside]
    )
    log_sds = held.copy()
    log_sds[inside] = log_sd
    return mean, log_sds
