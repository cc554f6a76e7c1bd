"""Order: a place tells nothing about a hidden size."""

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.publish.order import natural, unranked
from equity.race import standards


def table(labels, sizes):
    """As the gate leaves it: sizes below ten are missing."""
    sizes = pd.Series(sizes, dtype="Int64")
    hidden = sizes.lt(10)
    return pd.DataFrame(
        {
            "group": labels,
            "population": sizes.mask(hidden),
            "suppressed": hidden.map({True: "primary", False: None}),
        }
    )


@settings(deadline=None)
@given(st.permutations([9, 7, 3, 1]))
def test_every_order_of_hidden_sizes_becomes_the_same(small):
    names = dict(zip("dbca", small, strict=True))
    ranked = sorted(names, key=names.get, reverse=True)
    found = unranked(
        table(["y", "x", *ranked], [90, 20, *sorted(small)[::-1]]), "group"
    )
    assert found["group"].tolist() == ["y", "x", "a", "b", "c", "d"]


@pytest.mark.parametrize("at", range(4))
def test_a_row_hidden_for_another_does_not_keep_its_place(at):
    sizes = [90, 60, 30]
    labels = ["x", "z", "y"]
    labels.insert(at, "a")
    sizes.insert(at, 5)
    assert unranked(table(labels, sizes), "group")["group"].tolist() == [*"xzya"]


def test_declared_orders_stay():
    groups = list(standards.standard("omb1997").groups)
    for size in permutations([90, 60, 5]):
        frame = table(groups[:3], size)
        assert unranked(frame, "group")["group"].tolist() == groups[:3]
    for periods in (["2025Q1", "2025Q2", "2025Q3"], ["2022-23", "2023-24", "2024-25"]):
        frame = table(periods, [90, 5, 60])
        assert unranked(frame, "group")["group"].tolist() == periods
    frame = table(["Late", "Early", "Noon"], [5, 60, 90])  # not by size
    assert unranked(frame, "group")["group"].tolist() == ["Late", "Early", "Noon"]


def test_the_remainder_stays_last_and_shown_tables_as_they_are():
    frame = table(["b", "a", "All others"], [90, 5, 500])
    assert unranked(frame, "group")["group"].tolist() == ["b", "a", "All others"]
    frame = table(["b", "a", "c"], [90, 60, 50])
    assert unranked(frame, "group")["group"].tolist() == ["b", "a", "c"]
    assert unranked(frame.drop(columns="population"), "group").shape == (3, 2)


def test_panels_move_as_a_whole():
    frame = pd.concat(
        [table(["b"] * 2, [90, 90]), table(["z"] * 2, [8, 8]), table(["a"] * 2, [7, 7])]
    ).assign(row=range(6))
    found = unranked(frame, "group")
    assert found["group"].tolist() == [*"bbaazz"]
    assert found["row"].tolist() == [0, 1, 4, 5, 2, 3]


def test_numbers_in_names_sort_by_value():
    names = ["Ward 10", "Ward 2", "ward 1", "17031", "Ward", ""]
    assert sorted(names, key=natural) == [
        *("17031", "Ward", "ward 1", "Ward 2", "Ward 10", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("column", ["estimate", "population"])
def test_rows_sorted_by_a_number_put_the_hidden_last(column, rising):
    frame = table(["y", "x", "a", "z", "b"], [90, 60, 5, 40, 20])
    if column == "estimate":
        frame = frame.assign(
            population=[50, 90, None, 60, 70], estimate=frame.population
        )
    frame = frame[::-1] if rising else frame
    found = unranked(frame, "group")["group"].tolist()
    assert found == [*("bzxy" if rising else "yxzb"), "a"]


def test_race_groups_sorted_by_a_number_are_not_in_declared_order():
    groups = [standards.ORDER[k] for k in (4, 1, 3, 0)]
    found = unranked(table(groups, [90, 60, 5, 20]), "group")["group"].tolist()
    assert found == [groups[0], groups[1], groups[3], groups[2]]


def test_alphabetical_order_stays():
    frame = table(["a", "b", "c", "d"], [90, 60, 5, 20])
    assert unranked(frame, "group")["group"].tolist() == [*"abcd"]
