"""Lines in one direction, against what a reader can subtract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.publish.attack import NEED as ASKED
from equity.publish.lines import NEED, Cells, Policy, cover_lines


def test_the_gate_leaves_what_the_audit_asks_for():
    assert NEED == ASKED


@pytest.mark.parametrize(("min_cell", "values"), [(5, 4), (6, 5), (10, 5), (30, 5)])
def test_values_a_hidden_count_must_be_able_to_have(min_cell, values):
    assert Policy(min_cell).need == values - 1


@given(st.lists(st.integers(1, 60), min_size=2, max_size=9))
@settings(deadline=None)
def test_a_hidden_count_keeps_five_values_or_is_bare(counts):
    values = np.array(counts, dtype=float)
    cells = Cells(values, values < 10, Policy(10))
    line = np.zeros(len(values), dtype=int)
    hidden, bare = cover_lines(cells, line, np.argsort(values, kind="stable"))
    slack = (values - 1)[hidden].sum()  # all that can go from one cell to another
    enough = (values - 1).sum() >= 4
    if hidden.any() and enough and len(values) > 1:
        assert slack >= 4
        assert hidden.sum() >= 2
        assert not bare.any()
