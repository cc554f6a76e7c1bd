"""The register: it holds the truth within its bounds, and nothing that is hidden."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.publish import audit, payload
from equity.publish.protect import protect

CHOICES = st.fixed_dictionaries(
    {
        "min_cell": st.sampled_from([5, 10, 11, 20]),
        "zeros": st.sampled_from(["shown", "hidden"]),
        "rounding": st.sampled_from([0, 3, 5, 10]),
        "lines": st.sampled_from([(), None, "group", ("group", "area")]),
    }
)
COUNT = st.integers(0, 12) | st.integers(0, 400)


@st.composite
def tables(draw) -> pd.DataFrame:
    """Counts by group and area, and the people they are part of."""
    groups, areas = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    size = groups * areas
    events = draw(st.lists(COUNT, min_size=size, max_size=size))
    others = draw(st.lists(COUNT, min_size=size, max_size=size))
    return pd.DataFrame(
        {
            "group": np.repeat([f"g{k}" for k in range(groups)], areas),
            "area": np.tile([f"a{k}" for k in range(areas)], groups),
            "events": events,
            "population": np.add(events, others),
        }
    )


def truth(table: pd.DataFrame, dimensions: list[str], labels: list) -> int:
    """The true count of a registered cell."""
    rows = pd.Series(True, index=table.index)
    column = "events" if "outcome" not in dimensions else "population"
    for name, part in zip(dimensions, labels, strict=True):
        if name == "outcome":
            column = "population" if part is None else "events"
        elif part is not None:
            rows &= table[name].isin([part] if isinstance(part, str) else part)
    return int(table.loc[rows, column].sum())


def told(table: pd.DataFrame, **asked) -> list[tuple]:
    """Each registered cell: whether known, labels, low, high and the true count."""
    return [
        (bundle["known"], labels, low, high, truth(table, bundle["dimensions"], labels))
        for bundle in protect(table, topic="t", **asked).counts
        for labels, low, high in bundle["cells"]
    ]


@given(tables(), CHOICES, st.booleans())
@settings(deadline=None, max_examples=80)
def test_the_truth_lies_within_the_bounds(table, choices, outcome):
    table = table if outcome else table.drop(columns="population")
    for _, _, low, high, true in told(table, outcome=outcome, **choices):
        assert low <= true
        assert high is None or true <= high


@given(tables(), CHOICES, st.booleans())
@settings(deadline=None, max_examples=80)
def test_no_hidden_count_is_in_the_register(table, choices, outcome):
    """What is exact in the register is exact in the table, or no small total."""
    asked = choices | {"outcome": outcome}
    table = table if outcome else table.drop(columns="population")
    shown = protect(table, topic="t", **asked).frame
    numbers = ["events", *(["population"] if outcome else [])]
    visible = {
        (row["group"], row["area"], name)
        for row in shown.to_dict("records")
        for name in numbers
        if not pd.isna(row[name])
    }
    for known, labels, low, high, true in told(table, **asked):
        if known:
            assert low == high == true
            assert true >= choices["min_cell"]
        elif low == high:
            name = "population" if outcome and labels[-1] is None else "events"
            assert (labels[0], labels[1], name) in visible
        elif choices["rounding"] == 0:
            name = "population" if outcome and labels[-1] is None else "events"
            assert (labels[0], labels[1], name) not in visible


@given(tables(), CHOICES, st.booleans())
@settings(deadline=None, max_examples=12)
def test_no_table_exposes_itself(table, choices, outcome):
    """The audit, with all that one table tells, narrows no hidden count too far."""
    table = table if outcome else table.drop(columns="population")
    asked = choices | {"outcome": outcome, "topic": "t"}
    found = [("table", bundle) for bundle in protect(table, **asked).counts]
    assert not audit.exposed(audit.told(found), min_cell=choices["min_cell"])


@given(tables(), CHOICES)
@settings(deadline=None, max_examples=12)
def test_no_crossed_whole_exposes_itself(table, choices):
    """Areas whose total is shown beside each of their groups."""
    events = table["events"]
    table["population"] = events.groupby(table["area"]).transform("sum")
    asked = choices | {"topic": "t", "population": "whole", "lines": ("area", "group")}
    found = [("table", bundle) for bundle in protect(table, **asked).counts]
    assert not audit.exposed(audit.told(found), min_cell=choices["min_cell"])


def test_hidden_shown_and_beside_a_zero():
    table = pd.DataFrame(
        {"group": list("abc") * 2, "area": list("xxxyyy"),
         "events": [4, 40, 50, 9, 0, 0]}
    )  # fmt: skip
    cells = protect(table, lines="area").counts[0]["cells"]
    bounds = {tuple(labels): (low, high) for labels, low, high in cells}
    assert bounds["a", "x"] == bounds["b", "x"] == (1, None)
    assert bounds["c", "x"] == (50, 50)
    assert bounds["a", "y"] == (0, None)  # beside a hidden zero
    hidden = protect(table, lines="area", zeros="hidden").counts[0]["cells"]
    assert {low for _, low, high in hidden if high is None} == {0}


def test_masked_counts_tell_their_bounds():
    table = pd.DataFrame(
        {
            "group": ["A", "B", "C", "D"],
            "events": [np.nan, 40.0, np.nan, np.nan],
            "events_low": [70, 40, 1, np.nan],
            "events_high": [90, 40, 9, np.nan],
        }
    )
    cells = protect(table, lines=None).counts[0]["cells"]
    assert cells == [[["A"], 70, 90], [["B"], 40, 40], [["C"], 0, None]]


def test_masked_populations_tell_the_sum_of_their_parts():
    table = pd.DataFrame(
        {
            "group": ["A"],
            "events": [np.nan],
            "population": [np.nan],
            "events_low": [50.0],
            "events_high": [60.0],
            "others_low": [100.0],
            "others_high": [120.0],
        }
    )
    cells = protect(table, lines=None, outcome=True).counts[0]["cells"]
    assert cells == [[["A", "yes"], 50, 60], [["A", None], 150, 180]]


def test_a_count_told_twice_is_told_once():
    table = pd.DataFrame({"group": ["A", "B"], "events": [40, 50], "estimate": 0.5})
    both = pd.concat([table.assign(statistic=s, measure=s) for s in ("level", "ratio")])
    counts = protect(both, topic="staff").counts
    assert counts[0]["cells"] == [[["A"], 40, 40], [["B"], 50, 50]]


def test_the_register_is_what_payloads_take_and_stays_with_every_part():
    table = pd.DataFrame({"group": ["A", "B", "C"], "events": [40, 4, 50]})
    protected = protect(table, topic="staff")
    part = protected.only(group="A")
    assert part.counts == protected.counts
    assert len(part.counts[0]["cells"]) == 3
    for bundle in protected.counts:
        assert payload.Counts.model_validate(json.loads(json.dumps(bundle)))
    protected.counts[0]["cells"].clear()
    assert protected.counts[0]["cells"]
    assert "counts" not in protected.frame


def test_tables_without_counts_register_nothing():
    words = pd.DataFrame({"file": ["a.csv"], "licence": ["public domain"]})
    assert protect(words).counts == []
    empty = pd.DataFrame({"group": ["A"], "events": [4]}).iloc[:0]
    assert protect(empty, topic="staff").counts == []


def test_year_to_date_and_its_quarters(shared):
    """`dis-12`: 57 to date less 54 a quarter ago is 3."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    first, second = next(a for a in attacks if a["id"] == "dis-12")["fixture"]["ytd"]
    found = []
    for name, quarters, events in (
        ("to date", ["2025Q1", "2025Q2"], second),
        ("before", ["2025Q1"], first),
        ("quarter", ["2025Q2"], second - first),
    ):
        table = pd.DataFrame({"group": ["AIAN", "White"], "events": [events, 400]})
        if name != "to date":
            table["events"] = [events, 200]
        protected = protect(
            table, topic="complaints", within={"period": quarters}, lines=None
        )
        found += [(name, bundle) for bundle in protected.counts]
    exposed = audit.exposed(audit.told(found), min_cell=10)
    assert [(item.low, item.high) for item in exposed] == [(3, 3)]


@pytest.mark.parametrize("events", [4, 40])
def test_a_line_of_one_row_has_no_total_of_its_own(events):
    alone = pd.DataFrame({"group": ["A"], "events": [events]})
    assert all(not bundle["known"] for bundle in protect(alone).counts)


def test_a_total_that_the_plan_gives_up_is_not_taken_to_be_known(tmp_path, monkeypatch):
    """Release 1 showed Parks = 30; then Fire follows from a known total of both."""
    staff = pd.DataFrame(
        {
            "department": ["Fire", "Parks"] * 3,
            "group": ["Native", "Native", "Black", "Black", "White", "White"],
            "events": [3, 30, 40, 50, 60, 70],
        }
    )

    def known():
        told = protect(staff, lines=("department", "group"), topic="staff").counts
        parts = [part for part in told if part["known"]]
        return [cell[0] for part in parts for cell in part["cells"]]

    both = [["Fire", "Parks"], "Native"]
    assert both in known()
    cell = {
        "topic": "staff",
        "where": {"department": ["Fire", "Parks"], "group": ["Native"]},
    }
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"cells": [cell]}))
    monkeypatch.setenv("EQUITY_PLAN", str(plan))
    assert both not in known()
