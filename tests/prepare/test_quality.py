"""The ledger adds up: rows read are rows used or rows set aside under one rule."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.prepare import quality
from equity.prepare.quality import Ledger


def test_the_first_rule_that_applies_counts_the_row():
    ledger = Ledger("requests", "a.csv", read=3)
    frame = pd.DataFrame({"days": [-1, 5, -2], "area": ["", "", "1"]})
    kept = ledger.set_aside(
        frame, {"negative": frame["days"] < 0, "no area": frame["area"] == ""}
    )
    assert kept.empty
    assert ledger.entries == [
        ("set aside", "negative", 2),
        ("set aside", "no area", 1),
    ]
    assert ledger.frame()["rows"].to_list() == [3, 2, 1, 0]


def test_an_unknown_answer_of_a_rule_sets_nothing_aside():
    frame = pd.DataFrame({"a": [1, 2]})
    ledger = Ledger("k", "f", 2)
    applies = pd.Series([pd.NA, True], dtype="boolean")
    assert len(ledger.set_aside(frame, {"rule": applies})) == 1


def test_rows_noted_are_used_and_no_rows_are_not_noted():
    ledger = Ledger("k", "f", 5)
    ledger.note("respelled", 2)
    ledger.note("nothing", 0)
    assert ledger.frame()["action"].to_list() == ["read", "noted", "used"]
    assert ledger.frame()["rows"].to_list() == [5, 2, 5]


def test_the_frame_given_is_not_changed():
    frame = pd.DataFrame({"a": [1, 2]})
    kept = Ledger("k", "f", 2).set_aside(frame, {"r": frame["a"] > 1})
    kept["a"] = 9
    assert frame["a"].to_list() == [1, 2]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=30))
@settings(deadline=None, max_examples=50, derandomize=True)
def test_read_is_used_plus_set_aside(answers):
    frame = pd.DataFrame(answers, columns=["x", "y", "z"], dtype=bool)
    ledger = Ledger("k", "f", len(frame))
    kept = ledger.set_aside(frame, {name: frame[name] for name in "xyz"})
    table = ledger.frame()
    sums = table.groupby("action")["rows"].sum()
    assert sums["used"] == len(kept) == sum(not any(row) for row in answers)
    assert sums["read"] == sums["used"] + sums.get("set aside", 0)
    fate = quality.fate(table)
    assert fate["rows"].sum() == len(answers)
