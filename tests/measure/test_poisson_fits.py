"""Fits against statsmodels' likelihoods, by hand, and at their edges."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.tools.numdiff import approx_hess

from equity.measure import poisson_fits
from equity.measure.poisson_fits import Counted


def drawn(size=600, inflation=0.4, seed=1):
    """Counts of a zero-inflated model with one covariate."""
    random = np.random.default_rng(seed)
    design = np.column_stack([np.ones(size), random.normal(size=size)])
    exposure = random.exponential(10, size) + 0.1
    mean = np.exp(design @ [-2.0, 0.3]) * exposure
    reports = random.poisson(mean) * (random.random(size) >= inflation)
    return Counted(design, reports.astype(float), exposure, np.ones(size))


def of_statsmodels(data):
    each = np.repeat(np.arange(len(data.reports)), data.weight.astype(int))
    return sm.ZeroInflatedPoisson(
        data.reports[each], data.design[each], exposure=data.exposure[each]
    )


def test_zero_inflated_is_the_maximum_of_statsmodels_likelihood():
    """Its gradient is none; standard errors are of its Hessian, differenced.

    statsmodels' own Hessian of this model is not the derivative of its gradient in the
    row of the inflation: its standard errors there are too small. The numerical one of
    the same likelihood is what is compared with.
    """
    data = drawn()
    fit, model = poisson_fits.zero_inflated(data), of_statsmodels(data)
    found = np.append(fit.logit, fit.coefficient)
    assert fit.converged
    assert np.abs(model.score(found)).max() < 1e-5
    assert fit.log_likelihood == pytest.approx(model.loglike(found), rel=1e-10)
    information = -approx_hess(found, model.loglike)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    ours = np.sqrt(np.append(fit.logit_se**2, np.diag(fit.covariance)))
    np.testing.assert_allclose(ours, errors, rtol=1e-4)


def test_weights_are_rows():
    data = drawn(300)
    twice = Counted(data.design, data.reports, data.exposure, data.weight * 2)
    given = (data.design, data.reports, data.exposure, data.weight)
    both = Counted(*(np.concatenate([values, values]) for values in given))
    for model in (poisson_fits.poisson, poisson_fits.zero_inflated):
        a, b = model(twice), model(both)
        np.testing.assert_allclose(a.coefficient, b.coefficient, rtol=1e-6)
        np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-5)
        assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-10)


def test_clusters_of_weights_are_clusters_of_rows():
    """The sandwich of statsmodels on one row per count; it also counts coefficients."""
    data = drawn(200, inflation=0)
    random = np.random.default_rng(4)
    weight, cluster = random.integers(1, 4, 200), np.arange(200) % 20
    counted = Counted(data.design, data.reports, data.exposure, weight * 1.0, cluster)
    fit = poisson_fits.poisson(counted)
    each = np.repeat(np.arange(200), weight)
    peer = sm.GLM(
        data.reports[each],
        data.design[each],
        family=sm.families.Poisson(),
        offset=np.log(data.exposure[each]),
    ).fit(
        cov_type="cluster", cov_kwds={"groups": cluster[each], "use_correction": False}
    )
    np.testing.assert_allclose(fit.coefficient, peer.params, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, peer.cov_params() * 20 / 19, rtol=1e-5)


def test_each_row_its_own_cluster_is_the_robust_sandwich():
    """HC0 of statsmodels for the zero-inflated model, from its own scores."""
    data = drawn(400)
    own = replace(data, cluster=np.arange(400))
    fit, plain = poisson_fits.zero_inflated(own), poisson_fits.zero_inflated(data)
    model = of_statsmodels(data)
    score = model.score_obs(np.append(fit.logit, fit.coefficient))
    bread = np.linalg.inv(
        approx_hess(np.append(fit.logit, fit.coefficient), model.loglike)
    )
    whole = bread @ (score.T @ score) @ bread * 400 / 399
    np.testing.assert_allclose(fit.coefficient, plain.coefficient)
    np.testing.assert_allclose(fit.covariance, whole[1:, 1:], rtol=1e-3)
    assert fit.logit_se == pytest.approx(np.sqrt(whole[0, 0]), rel=1e-3)


def test_counts_without_inflation_are_poisson():
    """Counts spread less than Poisson: the likelihood falls as inflation begins."""
    size = 200
    data = Counted(np.ones((size, 1)), np.ones(size), np.full(size, 5.0), np.ones(size))
    fit, plain = poisson_fits.zero_inflated(data), poisson_fits.poisson(data)
    assert fit.inflation == 0
    assert fit.converged
    assert np.isnan([fit.logit, fit.logit_se]).all()
    np.testing.assert_allclose(fit.coefficient, np.log(0.2))
    np.testing.assert_array_equal(fit.coefficient, plain.coefficient)


def test_dollars_and_shares_fit_alike():
    data = drawn()
    scale = np.array([1, 1e6])
    dollars = Counted(data.design * scale, data.reports, data.exposure, data.weight)
    for model in (poisson_fits.poisson, poisson_fits.zero_inflated):
        a, b = model(data), model(dollars)
        assert b.converged
        np.testing.assert_allclose(b.coefficient * scale, a.coefficient, rtol=1e-6)
        assert b.log_likelihood == pytest.approx(a.log_likelihood, rel=1e-10)


def test_no_reports_are_no_fit():
    data = Counted(np.ones((3, 1)), np.zeros(3), np.ones(3), np.ones(3))
    for model in (poisson_fits.poisson, poisson_fits.zero_inflated):
        fit = model(data)
        assert not fit.converged
        assert np.isnan(fit.coefficient).all()


def test_a_likelihood_without_a_maximum_has_not_converged():
    """Reports only where x is one, none where it is zero: the slope has no end."""
    x = np.array([0.0, 0, 1, 1])
    data = Counted(
        np.column_stack([np.ones(4), x]), 3 * x, np.ones(4), np.full(4, 10.0)
    )
    assert not poisson_fits.poisson(data).converged
    assert not poisson_fits.zero_inflated(data).converged


def test_rank():
    ones = np.ones(4)
    two = np.column_stack([ones, [0.0, 0, 1, 1]])
    assert Counted(two, ones, ones, ones).full_rank
    assert not Counted(
        np.column_stack([two, 1 - two[:, 1]]), ones, ones, ones
    ).full_rank


def test_very_long_windows_do_not_overflow():
    data = drawn(100)
    long = Counted(data.design, data.reports, data.exposure * 1e8, data.weight)
    fit, plain = poisson_fits.zero_inflated(long), poisson_fits.zero_inflated(data)
    assert fit.converged
    shifted = plain.coefficient - [np.log(1e8), 0]
    np.testing.assert_allclose(fit.coefficient, shifted, rtol=1e-5)
