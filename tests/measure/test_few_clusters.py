"""Effective numbers, and Student's t."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import ParamsError
from equity.measure import few_clusters

WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(
    lambda w: max(w) > 1
)


@given(WEIGHTS, st.floats(0.01, 100))
def test_effective_numbers_lie_between_one_and_all(weights, factor):
    number = few_clusters.effective(weights)
    assert 1 - 1e-9 <= number <= len(weights) + 1e-9
    scaled = few_clusters.effective(np.array(weights) * factor)
    assert scaled == pytest.approx(number)


@pytest.mark.parametrize("count", [1, 7, 30])
def test_equal_clusters_count_as_one_each(count):
    assert few_clusters.effective([3.0] * count) == pytest.approx(count)
    assert np.isnan(few_clusters.effective([0.0] * count))


@pytest.mark.parametrize(
    ("freedom", "value"),  # Student (1908) as tabulated in NIST/SEMATECH, 1.3.6.7.2
    [(1, 12.706), (4, 2.776), (10, 2.228), (29, 2.045), (100, 1.984)],
)
def test_quantiles_are_those_of_the_table(freedom, value):
    assert few_clusters.quantile(freedom, 0.95) == pytest.approx(value, abs=5e-4)


def test_without_freedom_there_are_no_limits():
    assert np.isnan(few_clusters.quantile([0.9, np.nan], 0.95)).all()
    assert few_clusters.quantile(np.inf, 0.95) == pytest.approx(1.959964)
    with pytest.raises(ParamsError, match="confidence is 95"):
        few_clusters.quantile(3, 95)
