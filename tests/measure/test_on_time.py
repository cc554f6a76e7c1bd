"""Requests on time, late or not yet known: sums, by hand, and by simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import on_time

relaxed = settings(deadline=None, max_examples=20, derandomize=True)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("123"),
        st.sampled_from(["2025Q3", "2025Q4"]),
        st.integers(0, 12),
        st.integers(0, 50),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=30,
)


def counts(rows):
    return pd.DataFrame(rows, columns=["area", "period", "days", "closed", "censored"])


@given(ROWS, st.integers(0, 12))
@relaxed
def test_every_request_has_one_outcome(rows, target):
    given_ = counts(rows)
    told = on_time.outcomes(given_, target_days=target)
    every = told[on_time.OUTCOMES].sum(axis=1)
    assert every.tolist() == (given_["closed"] + given_["censored"]).tolist()
    assert not told.loc[told["days"] > target, ["on_time", "unknown"]].any(axis=None)
    assert "on_time" not in given_


def test_dispersion_recovers_what_was_drawn():
    """Counts that are five times a Poisson count have a dispersion of five."""
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([range(200), range(8)], names=["area", "period"])
    table = index.to_frame(index=False).assign(days=2, censored=0)
    table["closed"] = 5 * rng.poisson(12, len(table))
    late = table.assign(days=9, closed=5 * rng.poisson(6, len(table)))
    told = on_time.outcomes(pd.concat([table, late]), target_days=5)
    areas = pd.Index(range(200))
    found = on_time.Outcomes.of(told, areas, target_days=5)
    assert found.dispersion == pytest.approx(5, rel=0.1)
    assert on_time.share_dispersion(told) == pytest.approx(5, rel=0.1)


def test_without_requests_nothing_is_overdispersed():
    told = on_time.outcomes(counts([]), target_days=5)
    assert on_time.share_dispersion(told) == 1


def test_redraws_have_the_mean_and_the_dispersion():
    made = on_time.Outcomes(np.array([400.0]), np.array([80.0]), np.zeros(1), 4.0)
    random = np.random.default_rng(1)
    drawn = np.array([made.redraw(random).on_time[0] for _ in range(4000)])
    assert drawn.mean() == pytest.approx(400, abs=3)
    assert drawn.var() == pytest.approx(4 * 400, rel=0.1)


def test_requests_of_other_areas_are_left_out():
    rows = [("1", "q", 2, 6, 0), ("9", "q", 2, 5, 0)]
    found = on_time.Outcomes.of(counts(rows), pd.Index(["1", "2"]), target_days=5)
    assert found.on_time.tolist() == [6, 0]
    assert found.known.tolist() == [6, 0]


def test_wrong_tables_are_refused_with_the_fact():
    rows = counts([("1", "q", 2, 6, 0), ("1", "q", 3, -1, 0)])
    with pytest.raises(InputError, match="closed is negative or missing in 1 of 2"):
        on_time.outcomes(rows, target_days=5)
    with pytest.raises(ColumnNotFoundError, match="censored"):
        on_time.outcomes(rows.drop(columns="censored"), target_days=5)
    with pytest.raises(ParamsError, match="target_days is -1"):
        on_time.outcomes(rows, target_days=-1)
