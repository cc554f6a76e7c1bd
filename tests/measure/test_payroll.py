"""Who is paid and what is compared within: counts that add up, columns, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from equity.errors import InputError, ParamsError, UnknownGroupError
from equity.measure import pay_models, payroll
from equity.measure.payroll import Payroll

relaxed = settings(deadline=None, max_examples=50, derandomize=True)

STAFF = pd.DataFrame(
    {
        "race": ["Black", "Black", "Black", "White", "White", "Unknown"],
        "pay": [50_000.0, np.nan, 0.0, 60_000.0, 70_000.0, 10.0],
        "hired": pd.to_datetime(["2020-01-01"] * 3 + ["2015-12-31", None, None]),
        "as_of": pd.Timestamp("2025-12-31"),
    }
)


def test_missing_zero_incomplete_and_unrecorded_are_four_things():
    found = Payroll.of(STAFF, ["Black", "White"])
    kept, counts = found.modelled(["tenure"])
    assert found.not_recorded == 1
    assert kept.tolist() == [True, False, False, True, False]
    assert {name: list(count) for name, count in counts.items()} == {
        "without_pay": [1, 0],
        "zero_pay": [1, 0],
        "incomplete": [0, 1],
    }


def test_groups_nobody_is_in_stay():
    found = Payroll.of(STAFF, ["Black", "White", "Asian"])
    assert found.count().tolist() == [3, 2, 0]


def test_rows_of_counts_are_written_out():
    counted = pd.DataFrame({"race": ["A", "B"], "pay": [1.0, 2.0], "people": [2, 0]})
    assert Payroll.of(counted).people["pay"].tolist() == [1.0, 1.0]


def test_the_input_is_not_changed():
    before = STAFF.copy()
    Payroll.of(STAFF, ["Black"])
    pd.testing.assert_frame_equal(STAFF, before)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"pay": -1.0}, "negative or not finite in 6 of 6"),
        ({"pay": np.inf}, "negative or not finite in 6 of 6"),
        ({"pay": "many"}, "not numbers"),
        ({"people": 0.5}, "not a whole number in 6 of 6"),
        ({"as_of": pd.to_datetime(["2024-12-31"] + ["2025-12-31"] * 5)}, "2 dates"),
    ],
)
def test_what_cannot_be_used_is_refused(change, what):
    with pytest.raises(InputError, match=what):
        Payroll.of(STAFF.assign(**change))


def test_groups_and_references_that_are_none_are_refused():
    with pytest.raises(UnknownGroupError, match="each once"):
        Payroll.of(STAFF, ["Black", "Black"])
    with pytest.raises(UnknownGroupError, match="expected one of"):
        Payroll.of(STAFF, ["Black"]).position("White")


@pytest.mark.parametrize("controls", ["job", ["rank"], ["job", "job"]])
def test_unknown_controls_are_refused_with_the_known(controls):
    with pytest.raises(ParamsError, match="'job_category', 'department'"):
        payroll.usable(STAFF, controls)


def test_controls_that_tell_nothing_are_left_out():
    staff = STAFF.assign(job=["a"] * 5 + [None], department="Fire", employment="")
    assert payroll.usable(staff, list(payroll.CONTROLS)) == ["job", "tenure"]


def test_a_category_not_on_record_is_one_of_its_own():
    staff = pd.DataFrame({"job": ["Clerk", None, "Clerk", "Chief"]})
    found = pay_models.Controls.of(staff, ["job"])
    assert found.base == {"job": "Clerk"}
    assert found.columns == [("job", ""), ("job", "Chief")]
    assert found.matrix.toarray().tolist() == [[0, 0], [1, 0], [0, 0], [0, 1]]


@relaxed
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3))
def test_independent_columns_span_what_all_do(seed, columns, copies):
    random = np.random.default_rng(seed)
    first = random.integers(0, 2, (30, columns)).astype(float)
    whole = np.column_stack([np.ones(30), first, first @ np.ones((columns, copies))])
    kept = pay_models.independent(whole.T @ whole)
    rank = np.linalg.matrix_rank(whole)
    assert len(kept) == rank == np.linalg.matrix_rank(whole[:, kept])


@relaxed
@given(st.integers(0, 10_000))
def test_groups_without_controls_agree_with_least_squares(seed):
    random = np.random.default_rng(seed)
    group = random.permutation(np.arange(40) % 3)
    matrix = random.normal(size=(40, 3))
    outcome = random.normal(size=40)
    found = pay_models.Partial.of(group, 3, 1, sparse.csr_array(matrix))
    whole = np.column_stack([np.ones(40), group == 0, group == 2, matrix])
    expected = np.linalg.lstsq(whole, outcome, rcond=None)[0][1:3]
    np.testing.assert_allclose((found.weights.T @ outcome)[[0, 2]], expected, atol=1e-9)
    assert found.rank == 6
    assert found.identified.all()


def test_a_group_that_controls_tell_is_not_identified():
    group = np.array([0, 0, 1, 1, 2, 2])
    matrix = sparse.csr_array((group == 0).astype(float)[:, None])
    found = pay_models.Partial.of(group, 3, 1, matrix)
    assert found.identified.tolist() == [False, True, True]
