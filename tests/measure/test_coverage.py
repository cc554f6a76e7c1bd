"""Whose race is not known, and which requests have no place."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import coverage, intervals

ROWS = pd.DataFrame(
    {
        "file": ["a", "a", "a", "b"],
        "title": ["A", "A", "A", "B"],
        "race": ["White", "Unknown", "Refused", "White"],
        "rows": [70, 20, 10, 5],
    }
)


def test_shares_are_of_all_rows_of_a_file_unknown_ones_too():
    table = coverage.recorded(ROWS)
    assert table["estimate"].to_list() == [0.7, 0.2, 0.1, 1.0]
    assert table["population"].to_list() == [100, 100, 100, 5]


def test_a_file_without_rows_has_no_shares():
    table = coverage.recorded(ROWS.assign(rows=0))
    assert table["estimate"].isna().all()


def test_columns_are_asked_for():
    with pytest.raises(ColumnNotFoundError, match="race"):
        coverage.recorded(ROWS.drop(columns="race"))
    with pytest.raises(ColumnNotFoundError, match="lost"):
        coverage.located(ROWS, by="category")


LOST = st.lists(
    st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=40,
)


@given(LOST, st.integers(1, 12))
def test_no_request_is_invented_or_lost_by_summing(rows, largest):
    lost = pd.DataFrame(rows, columns=["category", "kept", "lost"])
    lost = lost.assign(rows=lost["kept"] + lost["lost"], district="")
    table = coverage.located(lost, by="category", largest=largest)
    assert table["events"].sum() == lost["lost"].sum()
    assert table["population"].sum() == lost["rows"].sum()
    assert len(table) <= largest + 1
    assert table["group"].is_unique


def test_limits_are_wilsons():
    lost = pd.DataFrame({"category": ["a"], "district": [""], "rows": 263, "lost": 81})
    table = coverage.located(lost, by="category")
    # Newcombe (1998), Statistics in Medicine 17, Table I: 81/263, Wilson.
    assert table.loc[0, "conf_low"] == pytest.approx(0.2553, abs=5e-5)
    assert table.loc[0, "conf_high"] == pytest.approx(0.3662, abs=5e-5)
    assert intervals.wilson(81, 263)[0] == pytest.approx(table.loc[0, "conf_low"])


def test_a_blank_category_is_named():
    lost = pd.DataFrame({"category": ["", "a"], "district": "", "rows": 3, "lost": 1})
    named = coverage.located(lost, by="category")["group"].to_list()
    assert named == ["Not recorded", "a"]
    assert coverage.located(lost, by="district").empty


def test_a_group_of_another_roster_is_not_zero():
    days = pd.to_datetime(["2020-12-31", "2021-12-31", "2021-12-31"])
    race = pd.Categorical(["White", "Asian", "Asian"], ["Asian", "Black", "White"])
    said = pd.DataFrame(
        {
            "kind": "workers",
            "as_of": [*days[:2], days[2]],
            "race": ["White", "Asian", "Black"],
        }
    )
    people = pd.DataFrame({"race": race, "as_of": days, "department": "Fire"})
    last = coverage.latest(people, said)
    assert len(last) == 2
    assert list(last["race"].cat.categories) == ["Asian", "Black"]


def test_departments_of_two_days_are_not_lost():
    days = pd.to_datetime(["2025-03-30", "2025-03-31"])
    race = pd.Categorical(["White", "White"], ["White"])
    people = pd.DataFrame(
        {"race": race, "as_of": days, "department": ["Fire", "Police"]}
    )
    said = pd.DataFrame({"kind": "workers", "as_of": days, "race": "White"})
    with pytest.raises(InputError, match="2025-03-30 and 2025-03-31"):
        coverage.latest(people, said)
    later = people.assign(as_of=[days[0] - pd.Timedelta(365, "D"), days[1]])
    assert len(coverage.latest(later, said)) == 1
