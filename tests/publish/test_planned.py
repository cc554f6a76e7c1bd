"""The plan of the audit: read strictly, obeyed by every table of the topic."""

import json

import pandas as pd
import pytest

from equity.errors import DisclosureError
from equity.publish import audit, planned
from equity.publish.protect import protect


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Write a plan and name it in the environment."""

    def write(content) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "plan.json").write_text(text, encoding="utf-8")
        monkeypatch.setenv(planned.PLAN, str(tmp_path / "plan.json"))

    return write


def staff() -> pd.DataFrame:
    return pd.DataFrame({"group": list("ABCD"), "events": [120, 64, 31, 50]})


def test_counts_of_the_plan_are_hidden_and_covered(plan):
    plan({"cells": [{"topic": "staff", "where": {"group": ["B"]}}]})
    shown = protect(staff(), topic="staff").frame
    assert shown["suppressed"].fillna("").tolist() == [
        *("", "complementary", "complementary", ""),
    ]
    assert protect(staff(), topic="hires").frame["suppressed"].isna().all()
    assert protect(staff()).frame["suppressed"].isna().all()


def test_a_place_is_the_same_however_it_is_written(plan):
    where = {"group": ["B", "A"], "period": ["2025Q3"]}
    plan({"cells": [{"topic": "staff", "where": where}]})
    table = pd.DataFrame({"group": ["A or B", "C", "D"], "events": [90, 80, 70]})
    shown = protect(
        table,
        topic="staff",
        lines=None,
        covers={"group": {"A or B": ["A", "B"]}},
        within={"period": "2025Q3"},
    ).frame
    assert shown["events"].isna().tolist() == [True, False, False]


def test_a_planned_population_takes_its_row(plan):
    plan({"cells": [{"topic": "pupils", "where": {"group": ["A"]}}]})
    table = pd.DataFrame(
        {"group": ["A", "B"], "events": [40, 50], "population": [90, 80]}
    )
    shown = protect(table, outcome=True, lines=None, topic="pupils").frame
    assert shown["population"].isna().tolist() == [True, False]
    assert shown["events"].isna().tolist() == [True, False]


def test_a_planned_coded_row_is_hidden(plan):
    where = {"group": ["A"], "outcome": ["yes"]}
    plan({"cells": [{"topic": "pupils", "where": where}]})
    table = pd.DataFrame(
        {"group": ["A", "B"], "events": [400, 50], "population": [400, 80]}
    )
    shown = protect(table, outcome=True, lines=None, topic="pupils").frame
    assert "coded" not in shown
    assert shown["population"].tolist() == [400, 80]
    assert shown["events"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("{", "JSON"),
        ('{"cells": [], "cells": []}', "JSON"),
        ([], "one key"),
        ({"cells": [], "more": 1}, "one key"),
        ({"cells": {}}, "a list"),
        ({"cells": [{"topic": "t"}]}, "cell 1"),
        ({"cells": [{"topic": "t", "where": {"group": "A"}}]}, "cell 1"),
        ({"cells": [{"topic": "t", "where": {"group": []}}]}, "cell 1"),
        ({"cells": [{"topic": "t", "where": {"group": [1]}}]}, "cell 1"),
        ({"cells": [{"topic": 1, "where": {}}]}, "cell 1"),
    ],
)
def test_a_damaged_plan_is_an_error(plan, content, fact):
    plan(content)
    with pytest.raises(DisclosureError, match=fact) as caught:
        protect(staff(), topic="staff")
    assert "plan.json" not in str(caught.value)


def test_a_missing_plan_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv(planned.PLAN, str(tmp_path / "gone.json"))
    with pytest.raises(DisclosureError, match="run the release again") as caught:
        protect(staff(), topic="staff")
    assert str(tmp_path) not in str(caught.value)


def released() -> list:
    """A ward, and the neighbourhood that is the ward without one tract (dis-16)."""
    wards = pd.DataFrame({"area": ["Ward 1", "Ward 2"], "events": [88, 140]})
    hoods = pd.DataFrame({"area": ["Hood 1", "Hood 2"], "events": [85, 143]})
    tracts = {"Ward 1": ["a", "b"], "Ward 2": ["c"], "Hood 1": ["a"]}
    tracts["Hood 2"] = ["b", "c"]
    registered = []
    for name, table in (("wards", wards), ("hoods", hoods)):
        covers = {"area": {area: tracts[area] for area in table["area"]}}
        protected = protect(table, topic="requests", lines=None, covers=covers)
        registered += [(name, bundle) for bundle in protected.counts]
    return audit.told(registered)


def test_overlapping_areas_until_nothing_is_exposed(plan, shared):
    """`dis-16`: 88 - 85 tells three people of one tract."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    assert any(a["id"] == "dis-16" and "88" in a["setup"] for a in attacks)
    told = released()
    exposed = audit.exposed(told, min_cell=10)
    assert [(item.low, item.high) for item in exposed] == [(3, 3)]
    plan(audit.plan(told, exposed, min_cell=10).as_json())
    assert not audit.exposed(released(), min_cell=10)
