"""Repeated rows and incidents, by hand and by definition."""

from itertools import pairwise

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.prepare.engine import engines, repeats


def chains(days, gap):
    """Count the incidents of one place: a new one after more than `gap` days."""
    return 1 + sum(b - a > gap for a, b in pairwise(sorted(days)))


@settings(deadline=None, max_examples=20)
@given(
    days=st.lists(st.integers(0, 40), min_size=1, max_size=20), gap=st.integers(1, 9)
)
def test_one_report_of_each_chain_is_left(days, gap):
    table = pd.DataFrame({"spot": 1, "opened_day": days, "n": range(len(days))})
    with engines.start("duckdb") as engine:
        rows = engine.upload(table)
        found = repeats.incidents(rows, by=["spot"], order=["n"], days=gap)
        again = engine.table(found)
    assert (again["again"] == 0).sum() == chains(days, gap)
    assert again.sort_values(["opened_day", "n"])["again"].iloc[0] == 0


def test_data_rows_are_listed_in_order():
    with engines.start("duckdb") as engine:
        rows = engine.upload(pd.DataFrame({"row": [12, 3, None, 101]}, dtype="Int64"))
        assert repeats.listed(engine, rows, "row", 2) == ["3", "12"]
