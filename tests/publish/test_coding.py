"""Coding: bands by size, and what they may not tell."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.publish import coding
from equity.publish.protect import protect


def pupils(events, population, **columns) -> pd.DataFrame:
    table = pd.DataFrame({"events": events, "population": population})
    table.insert(0, "group", [f"g{k}" for k in range(len(table))])
    return table.assign(
        estimate=table["events"] / table["population"],
        conf_low=0.1,
        conf_high=0.9,
        **columns,
    )


@pytest.mark.parametrize(
    ("people", "step"), [(5000, 1), (300, 1), (299, 2), (100, 2), (99, 5), (40, 5)]
)
def test_the_steps_of_nces(people, step):
    """NCES 2011-603: 99/1 from 300 students, 98/2 from 100, 95/5 from 40."""
    assert next(s for least, s in coding.STEPS if people >= least) == step


@given(st.integers(0, 20_000), st.integers(5, 30))
@settings(deadline=None)
def test_a_band_holds_min_cell_counts_or_there_is_none(people, min_cell):
    step = coding.steps(np.array([float(people)]), min_cell)[0]
    if np.isnan(step):
        assert people // 5 + 1 < min_cell
        return
    assert sum(100 * k <= step * people for k in range(min_cell)) == min_cell
    nces = next(s for least, s in coding.STEPS if people >= least)
    assert step >= nces


@given(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(5, 30),
)
@settings(deadline=None)
def test_coded_text_bounds_and_truth_agree(row, min_cell):
    events, people = (np.array([float(value)]) for value in row)
    band = coding.bands(events, events, people, min_cell).iloc[0]
    if np.isnan(band["low"]):
        assert pd.isna(band["coded"])
        return
    small = min(events[0], people[0] - events[0]) < min_cell
    assert pd.notna(band["coded"]) == small
    assert band["low"] <= events[0] <= band["high"]
    if small:
        percent, word = band["coded"].split("% or ")
        step = float(percent) / 100 * people[0]
        inside = band["high"] <= step if word == "less" else band["low"] >= step
        assert inside
        assert band["high"] - band["low"] == min_cell - 1


def test_fourteen_of_fourteen(shared):
    """`dis-10`: neither 100 % nor a band that says nearly as much."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a for a in attacks if a["id"] == "dis-10")
    assert "14 of 14" in case["setup"]
    protected = protect(pupils([14, 60, 70], [14, 120, 110]), outcome=True)
    row = protected.frame.iloc[0]
    assert row[["events", "estimate", "conf_low", "conf_high"]].isna().all()
    assert "coded" not in protected.frame
    assert row["population"] == 14


def test_everybody_and_nobody_of_many_are_coded():
    table = pupils([400, 0, 395, 5, 200], [400] * 5, reliability="high")
    protected = protect(table, outcome=True, lines=None)
    shown = protected.frame
    assert shown["coded"].fillna("").tolist() == [
        *("95% or more", "5% or less", "95% or more", "5% or less", ""),
    ]
    assert shown["suppressed"].fillna("").tolist() == [*["coded"] * 4, ""]
    made = ["events", "estimate", "conf_low", "conf_high", "reliability"]
    assert shown.loc[:3, made].isna().all(axis=None)
    assert shown["population"].tolist() == [400] * 5
    assert "fewer than 10 people" in protected.notes[0]
    told = {c[0][0]: c[1:] for c in protected.counts[0]["cells"] if c[0][-1] == "yes"}
    assert told["g0"] == told["g2"] == [391, 400]
    assert told["g1"] == told["g3"] == [0, 9]
    assert told["g4"] == [200, 200]


def test_a_coded_row_is_covered_in_its_line():
    """Whoever knows the line's total would else know the coded count."""
    table = pupils([3, 200, 210], [400, 400, 400])
    shown = protect(table, outcome=True).frame
    assert shown["suppressed"].tolist()[0] == "coded"
    assert (shown["suppressed"] == "complementary").sum() == 1
    assert shown["events"].isna().sum() == 2


def test_a_row_that_could_be_coded_tells_that_it_is_not():
    table = pupils([3, 200, 210], [400, 400, 400])
    cells = protect(table, outcome=True).counts[0]["cells"]
    bounds = {labels[0]: (low, high) for labels, low, high in cells if labels[-1]}
    assert bounds["g1"] == (10, 390)


def test_differences_of_and_from_coded_groups_are_hidden():
    """Difference and base rate would tell the rate of the coded group."""
    rows = [
        pupils([3, 200, 150], [400, 400, 300], statistic=s, measure=s, reference=r)
        for s, r in (("level", None), ("difference", "g1"), ("ratio", "g0"))
    ]
    shown = protect(pd.concat(rows), outcome=True, lines=None).frame
    coded = shown["coded"].fillna("").tolist()
    assert coded == ["5% or less", *[""] * 8]
    assert shown["estimate"].isna().tolist() == [
        *(True, False, False),
        *(True, False, False),
        *(True, True, True),
    ]


def test_masked_counts_near_an_end_are_coded():
    table = pd.DataFrame(
        {
            "group": ["A", "B"],
            "events": [np.nan, np.nan],
            "events_low": [396.0, 100.0],
            "events_high": [400.0, 140.0],
            "population": [400, 400],
            "estimate": [0.995, 0.3],
        }
    )
    shown = protect(table, outcome=True, lines=None).frame
    assert shown["coded"].fillna("").tolist() == ["95% or more", ""]
    assert shown["events_low"].isna().tolist() == [True, False]
