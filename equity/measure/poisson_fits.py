"""Poisson and zero-inflated Poisson fits of weighted counts, checked to be maxima.

A count has mean *rate x exposure*, and the logarithm of the rate is linear in the
design. In the zero-inflated model a share of the counts is zero whatever the exposure.
Weights say how often a row occurs: the fit is that of as many rows. statsmodels fits
the Poisson model, with such weights; it has none for the other, whose likelihood is
maximised here.

A fit has *converged* if the information is positive definite, the next step of Newton
would gain next to nothing, and no combination of coefficients has run off to where
rates vanish: whatever the optimiser says of itself.

References
----------
Lambert (1992), Zero-inflated Poisson regression, Technometrics 34, 1-14. Liang and
Zeger (1986), Biometrika 73, 13-22 (clusters). Boyd and Vandenberghe (2004), Convex
Optimization, section 9.5.1 (Newton decrement).
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import statsmodels.api as sm
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import expit, gammaln, log_expit
from statsmodels.tools.sm_exceptions import ModelWarning

NEGLIGIBLE = 1e-8  # Newton's decrement: twice the log-likelihood still to be gained
VANISHED = 1e-6  # information of a combination, against that if all rates were alike


@dataclass(frozen=True)
class Counted:
    """Counts to be fitted.

    Attributes
    ----------
    design
        Rows x coefficients; the first column is one.
    reports, exposure, weight
        The count of a row, its exposure (above zero), and how often it occurs.
    cluster
        Whole numbers from zero, one per row: rows of a cluster may resemble each
        other. None takes the model's standard errors.

    Examples
    --------
    >>> Counted(np.ones((1, 1)), *np.ones((3, 1))).clusters is None
    True
    """

    design: np.ndarray
    reports: np.ndarray
    exposure: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray | None = None

    @property
    def clusters(self) -> int | None:
        """How many clusters there are.

        Returns
        -------
        int or None
            None without clusters.
        """
        return None if self.cluster is None else len(np.unique(self.cluster))

    @property
    def full_rank(self) -> bool:
        """Whether no column of the design is a sum of others.

        Returns
        -------
        bool
            True if the coefficients can be told apart.
        """
        scaled = self.design / _scale(self.design)
        found = np.linalg.eigvalsh(scaled.T @ scaled)
        return bool(found[0] > 1e-10 * found[-1])


@dataclass(frozen=True)
class Fit:
    """What a fit found.

    Attributes
    ----------
    coefficient, covariance
        Of the logarithm of the rate; missing where there is no fit.
    log_likelihood
        At the maximum.
    converged
        Whether it is a maximum.
    inflation, logit, logit_se
        The share of counts that are zero whatever the exposure; its logit, and the
        standard error of that, both missing where the share is zero.

    Examples
    --------
    >>> Fit(np.zeros(1), np.eye(1), -2.0, True).inflation
    nan
    """

    coefficient: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    converged: bool
    inflation: float = np.nan
    logit: float = np.nan
    logit_se: float = np.nan


def poisson(data: Counted) -> Fit:
    """Fit the Poisson model.

    Parameters
    ----------
    data
        The counts.

    Returns
    -------
    Fit
        Not converged, and all missing, if every count is zero.

    Examples
    --------
    >>> data = Counted(np.ones((2, 1)), np.array([0.0, 2.0]), np.array([5.0, 5.0]),
    ...                np.array([30.0, 10.0]))
    >>> fit = poisson(data)  # 20 in 200
    >>> np.exp(fit.coefficient).round(3), np.sqrt(20 * fit.covariance[0, 0]).round(3)
    (array([0.1]), np.float64(1.0))
    """
    if not data.weight @ data.reports > 0:
        return _no_fit(data)
    scale = _scale(data.design)
    try:
        # Whether it converged is checked below, and more strictly.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", ModelWarning)
            fit = sm.GLM(
                data.reports,
                data.design / scale,
                family=sm.families.Poisson(),
                offset=np.log(data.exposure),
                freq_weights=data.weight,
            ).fit(rtol=1e-12, maxiter=100)
    except (np.linalg.LinAlgError, ValueError):
        return _no_fit(data)
    mean = np.exp(np.minimum(data.design @ (fit.params / scale), 500)) * data.exposure
    score = (data.reports - mean)[:, None] * data.design
    information = data.design.T @ (data.design * (data.weight * mean)[:, None])
    covariance, converged = _inverse(information, data.weight @ score)
    converged = converged and not _vanished(information, data)
    if data.cluster is not None:
        covariance = _sandwich(covariance, score, data)
    return Fit(fit.params / scale, covariance, float(fit.llf), converged)


def zero_inflated(data: Counted) -> Fit:
    """Fit the zero-inflated Poisson model, the inflation alike in all rows.

    Parameters
    ----------
    data
        The counts.

    Returns
    -------
    Fit
        That of `poisson`, with an inflation of zero, where no inflation makes the
        likelihood higher: the maximum is then at the boundary.

    Notes
    -----
    From two starts, with little and with much inflation, because the likelihood may
    have more than one maximum; by a trust-region method with gradient and Hessian.

    Examples
    --------
    >>> data = Counted(np.ones((3, 1)), np.array([0.0, 1.0, 2.0]), np.ones(3),
    ...                np.array([60.0, 20.0, 20.0]))
    >>> fit = zero_inflated(data)  # mean / (1 - exp(-mean)) is 1.5: those above zero
    >>> round(fit.inflation, 3), np.exp(fit.coefficient).round(3)
    (0.314, array([0.874]))
    """
    plain = poisson(data)
    if not plain.converged:
        return plain
    scale, total = _scale(data.design), data.weight.sum()
    scaled = replace(data, design=data.design / scale)
    results = []
    for logit, lift in ((-2.0, 0.1), (1.0, 1.0)):
        start = np.append(logit, plain.coefficient * scale)
        start[1] += lift
        results.append(
            minimize(
                lambda theta: _inflated(theta, scaled)[0],
                start,
                jac=lambda theta: _inflated(theta, scaled)[1],
                hess=lambda theta: _inflated(theta, scaled)[2],
                method="trust-exact",
                options={"gtol": 1e-9, "maxiter": 500},
            )
        )
    best = min(results, key=lambda result: result.fun)
    log_likelihood = float(-best.fun * total)
    if not log_likelihood > plain.log_likelihood + 1e-6:
        return replace(plain, inflation=0.0)
    _, gradient, hessian, score = _inflated(best.x, scaled)
    covariance, converged = _inverse(hessian * total, -gradient * total)
    converged = converged and not _vanished(hessian[1:, 1:] * total, scaled)
    if data.cluster is not None:
        covariance = _sandwich(covariance, score, data)
    unscale = np.append(1, scale)
    covariance = covariance / np.outer(unscale, unscale)
    return Fit(
        best.x[1:] / scale,
        covariance[1:, 1:],
        log_likelihood,
        converged,
        inflation=float(expit(best.x[0])),
        logit=float(best.x[0]),
        logit_se=float(np.sqrt(covariance[0, 0])),
    )


def _inflated(theta: np.ndarray, data: Counted) -> tuple:
    """Minus the mean log-likelihood, its gradient and Hessian, and scores of rows.

    With eta the logarithm of an incident's mean, and gamma the logit of the inflation,
    an incident without further reports is unseen with probability expit(gamma + mean).
    """
    gamma, eta = theta[0], data.design @ theta[1:] + np.log(data.exposure)
    mean = np.exp(np.minimum(eta, 500))
    none = data.reports == 0
    unseen = np.where(none, expit(gamma + mean), 0)
    both = unseen * (1 - unseen) * none
    value = np.where(
        none,
        np.logaddexp(log_expit(gamma), log_expit(-gamma) - mean),
        log_expit(-gamma) + data.reports * eta - mean - gammaln(data.reports + 1),
    )
    share = expit(gamma)
    seen = (1 - unseen) * mean
    score = np.column_stack(
        [unseen - share, (data.reports - seen)[:, None] * data.design]
    )
    weight, total = data.weight, data.weight.sum()
    cross = data.design.T @ (weight * both * mean)
    # An expit far out is zero before its mean squared is too much for a float.
    curve = np.where(both > 0, both * mean, 0) * mean - seen
    hessian = np.empty((len(theta), len(theta)))
    hessian[0, 0] = (weight * (both - share * (1 - share))).sum()
    hessian[0, 1:] = hessian[1:, 0] = cross
    hessian[1:, 1:] = data.design.T @ (data.design * (weight * curve)[:, None])
    return -(weight @ value) / total, -(weight @ score) / total, -hessian / total, score


def _inverse(information: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, bool]:
    """Invert the information, and say whether the fit is a maximum.

    It is one if the information is positive definite and Newton's next step would gain
    next to nothing.
    """
    missing = np.full_like(information, np.nan)
    if not (np.isfinite(information).all() and np.isfinite(score).all()):
        return missing, False
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(size, size)
    if np.linalg.eigvalsh(scaled)[0] <= 1e-12:
        return missing, False
    covariance = np.linalg.inv(scaled) / np.outer(size, size)
    return covariance, bool(score @ covariance @ score < NEGLIGIBLE)


def _vanished(information: np.ndarray, data: Counted) -> bool:
    """Whether some combination of coefficients is known as if from next to nothing.

    Where the likelihood rises without end, the next step always gains less, and only
    the information, which vanishes with the rates, tells.
    """
    alike = data.exposure * (data.weight @ data.reports) / (data.weight @ data.exposure)
    usual = data.design.T @ (data.design * (data.weight * alike)[:, None])
    try:
        return eigh(information, usual, eigvals_only=True)[0] < VANISHED
    except np.linalg.LinAlgError:  # columns of the design that tell the same
        return True


def _sandwich(bread: np.ndarray, score: np.ndarray, data: Counted) -> np.ndarray:
    """Allow for any resemblance within clusters."""
    groups = data.clusters
    if groups < 2:
        return np.full_like(bread, np.nan)
    weighed = score * data.weight[:, None]
    sums = np.column_stack(
        [np.bincount(data.cluster, column, groups) for column in weighed.T]
    )
    return bread @ (sums.T @ sums) @ bread * groups / (groups - 1)


def _no_fit(data: Counted) -> Fit:
    missing = np.full((data.design.shape[1],) * 2, np.nan)
    return Fit(missing[0], missing, np.nan, False)


def _scale(design: np.ndarray) -> np.ndarray:
    """The largest size of each column: dollars and shares then fit alike."""
    largest = np.abs(design).max(axis=0, initial=0)
    return np.where(largest > 0, largest, 1)
