"""The standardised scale of a table of a fit, with standard errors, and its gaps.

On the *standardised* scale all students of a table together have mean 0 and standard
deviation 1, the groups' shares of students being taken as fixed. *Uncorrected*, the
variance is that of the estimates, some of which is error; the *bias-corrected* scale
takes that off.

Standard errors are by the delta method from the covariance of the whole fit: a mean on
this scale moves with its own parameters, and with the scale's middle and width, which
all groups make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from equity.measure.hetop_fit import Fit
from equity.measure.hetop_model import NOBODY
from equity.measure.table import divide

MIDDLE, WIDTH, BETWEEN = range(3)  # what all groups of a table make together


@dataclass(frozen=True)
class Estimates:
    """Values with their standard errors.

    Attributes
    ----------
    value, error
        One each per estimate; errors are missing if the fit is no maximum.
    """

    value: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Scale:
    """A table of a fit, seen from the standardised scale.

    Attributes
    ----------
    mean, sd
        Of groups, on the fit's own scale; missing where not known.
    cuts
        Cut points on the fit's own scale.
    share
        Of the students whose group's mean is known.
    middle, width
        Mean and standard deviation of all of them, on the fit's own scale.
    icc
        Share of the variance that lies between groups, as `corrected`.
    factor
        What standardised values are multiplied with; 1 unless bias-corrected.
    fit, table
        Where they are from.

    Examples
    --------
    >>> from equity.measure import hetop_fit
    >>> from equity.measure.hetop_rows import Counts
    >>> counts = Counts.exact([[[310, 402, 498, 290], [420, 310, 190, 60]]])
    >>> scale = Scale.of(hetop_fit.fit(counts), 0)
    >>> scale.means().value.round(4), scale.means().error.round(4)
    (array([ 0.2513, -0.3846]), array([0.0156, 0.0238]))
    >>> gap = scale.gaps(np.array([1]), np.array([0]))
    >>> gap.value.round(4), gap.error.round(4)
    (array([-0.6358]), array([0.0394]))
    """

    mean: np.ndarray
    sd: np.ndarray
    cuts: np.ndarray
    share: np.ndarray
    middle: float
    width: float
    icc: float
    factor: float
    fit: Fit
    table: int

    @classmethod
    def of(cls, fit: Fit, table: int, *, corrected: bool = False) -> Self:
        """Standardise a table.

        Parameters
        ----------
        fit
            All tables.
        table
            The position of this one.
        corrected
            Take off what errors of the estimates add to the variance.

        Returns
        -------
        Scale
            All missing if no mean is known.

        Notes
        -----
        With n the harmonic mean of groups' students less one, the corrected variance
        within groups is the estimate over 1 + 1/n. That between is less by the sum
        over groups of share x (1 - share) x corrected variance / students, and zero if
        that leaves less.

        References
        ----------
        Reardon, Shear, Castellano and Ho (2017), Journal of Educational and Behavioral
        Statistics 42(1), 3-45.
        """
        mean, sd = fit.mean[table], np.exp(fit.log_sd[table])
        known = fit.source[table] < NOBODY
        students = np.where(known, fit.students[table].sum(axis=1), 0)
        share = divide(students, students.sum())
        middle = float((share * np.where(known, mean, 0)).sum())
        between = float((share * np.where(known, mean - middle, 0) ** 2).sum())
        variance = np.where(known, sd, 0) ** 2
        within = float((share * variance).sum())
        width = np.sqrt(between + within)
        factor = 1.0
        if corrected:
            several = students[students > 1]
            shrunk = 1 / (1 + np.mean(1 / (several - 1))) if len(several) else 1.0
            error = (share * (1 - share) * divide(variance, students))[known].sum()
            between = max(0.0, between - shrunk * float(error))
            within *= shrunk
            factor = float(width / np.sqrt(between + within))
        icc = float(divide(between, between + within))
        cuts = np.where(np.isfinite(fit.cuts[table]), fit.cuts[table], np.nan)
        return cls(mean, sd, cuts, share, middle, width, icc, factor, fit, table)

    def standardised(self, values: np.ndarray) -> np.ndarray:
        """Put values of the fit's own scale on this one.

        Parameters
        ----------
        values
            Of any shape.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return self.factor * (values - self.middle) / self.width

    def means(self) -> Estimates:
        """Standardise the groups' means.

        Returns
        -------
        Estimates
            One per group.
        """
        groups, raw = np.arange(len(self.mean)), (self.mean - self.middle) / self.width
        own = [(groups, 1 / self.width, 0)]
        error = self._error(own, {MIDDLE: -1 / self.width, WIDTH: -raw}, raw)
        return Estimates(self.factor * raw, self.factor * error)

    def sds(self) -> Estimates:
        """Standardise the groups' standard deviations.

        Returns
        -------
        Estimates
            One per group.
        """
        raw = self.sd / self.width
        own = [(np.arange(len(raw)), 0, raw)]
        error = self._error(own, {WIDTH: -raw}, raw)
        return Estimates(self.factor * raw, self.factor * error)

    def cut_points(self) -> Estimates:
        """Standardise the cut points.

        Returns
        -------
        Estimates
            One per cut point; missing behind the last level with students.
        """
        raw = (self.cuts - self.middle) / self.width
        errors = self.fit.errors
        moved = None if errors is None else errors.cuts[self.table] / self.width
        weights = {MIDDLE: -1 / self.width, WIDTH: -raw}
        error = self._error([], weights, raw, moved)
        return Estimates(self.factor * raw, self.factor * error)

    def intraclass(self) -> Estimates:
        """Give the intraclass correlation an error: that of the uncorrected one.

        Returns
        -------
        Estimates
            A single value.
        """
        away = np.where(self.share > 0, self.mean - self.middle, 0)
        raw = np.array([(self.share * away**2).sum() / self.width**2])
        error = self._error([], {BETWEEN: np.ones(1), WIDTH: -2 * raw}, raw)
        return Estimates(np.array([self.icc]), error)

    def gaps(self, group: np.ndarray, reference: np.ndarray) -> Estimates:
        """Subtract standardised means of references from those of groups.

        Parameters
        ----------
        group, reference
            Positions, a pair for each gap.

        Returns
        -------
        Estimates
            One per pair.
        """
        raw = (self.mean[group] - self.mean[reference]) / self.width
        own = [(group, 1 / self.width, 0), (reference, -1 / self.width, 0)]
        error = self._error(own, {WIDTH: -raw}, raw)
        return Estimates(self.factor * raw, self.factor * error)

    def binormal_gaps(self, group: np.ndarray, reference: np.ndarray) -> Estimates:
        """Divide differences of means by the pairs' own standard deviation.

        Parameters
        ----------
        group, reference
            Positions, a pair for each gap.

        Returns
        -------
        Estimates
            V, one per pair: sqrt(2) probit(share of pairs of students in which the
            group's is ahead).
        """
        first, second = self.sd[group] ** 2, self.sd[reference] ** 2
        width = np.sqrt((first + second) / 2)
        value = (self.mean[group] - self.mean[reference]) / width
        own = [
            (group, 1 / width, -value * first / (first + second)),
            (reference, -1 / width, -value * second / (first + second)),
        ]
        return Estimates(value, self._error(own, {}, value))

    def _together(self) -> np.ndarray:
        """Derivatives of middle, log width and variance between, x groups x 2."""
        here = self.share > 0
        away = np.where(here, self.mean - self.middle, 0)
        square = np.where(here, self.sd, 0) ** 2
        none = np.zeros(len(self.share))
        width = np.array([self.share * away, self.share * square]) / self.width**2
        between = np.array([2 * self.share * away / self.width**2, none])
        return np.array([[self.share, none], width, between]).transpose(0, 2, 1)

    def _error(
        self,
        own: Sequence[tuple],
        weights: dict[int, np.ndarray | float],
        like: np.ndarray,
        moved: np.ndarray | None = None,
    ) -> np.ndarray:
        """Standard errors of sums of groups' own parameters and of `_together`.

        ``own`` has groups, and their derivatives by mean and by log SD. Groups of a
        pair differ, so that their own parts are independent.
        """
        errors = self.fit.errors
        if errors is None:
            return np.full(like.shape, np.nan)
        block, shared = errors.own[self.table], errors.shared[self.table]
        together = self._together()
        by = np.zeros((len(like), len(together)))
        for place, weight in weights.items():
            by[:, place] = np.where(np.isnan(weight), 0, weight)
        variance = np.zeros(len(like))
        pull = by @ np.einsum("kgi,gis->ks", together, shared)
        pull = pull if moved is None else pull + moved
        spread = np.einsum("gij,kgj->gik", block, together)
        everyone = np.einsum("kgi,gil->kl", together, spread)
        variance += np.einsum("ek,kl,el->e", by, everyone, by)
        for group, by_mean, by_sd in own:
            slope = np.stack(np.broadcast_arrays(by_mean, by_sd, like)[:2], axis=-1)
            slope = np.where(np.isnan(slope), 0, slope)
            variance += np.einsum("ei,eij,ej->e", slope, block[group], slope)
            variance += 2 * np.einsum("ei,eik,ek->e", slope, spread[group], by)
            pull = pull + np.einsum("ei,eis->es", slope, shared[group])
        variance += np.einsum("es,st,et->e", pull, errors.core, pull)
        # what is fixed by the scale, such as the mean of one group alone, has none
        return np.where(np.isnan(like), np.nan, np.sqrt(np.maximum(variance, 0)))
