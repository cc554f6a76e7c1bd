"""The EEO-4 form's table: every cell, every worker in one of them or counted out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError
from equity.measure import eeo4, job_levels

relaxed = settings(deadline=None, max_examples=10, derandomize=True)
GROUPS = ["Asian", "Black", "White"]


def staff(rows):
    names = ["race", "sex", "job_category", "pay", "full_time", "employment", "hired"]
    frame = pd.DataFrame(rows, columns=names)
    race = pd.CategoricalDtype([*GROUPS, "Unknown"], ordered=True)
    frame = frame.astype({"race": race, "full_time": "boolean"})
    frame["hired"] = pd.to_datetime(frame["hired"])
    return job_levels.described(frame)


ROSTER = staff(
    [
        ("Black", "F", "2", 61_000, True, "permanent", "2025-07-01"),
        ("Black", "F", "2", 55_000, True, "", "2025-06-30"),
        ("White", "M", "4", 90_000, True, "", "2010-01-04"),
        ("White", "M", "4", 90_000, False, "", "2025-09-01"),
        ("Asian", "M", "8", np.nan, False, "", "2020-01-01"),
        ("White", "F", "8", 20_000, True, "seasonal", "2025-09-01"),
        # in no cell: race, sex, category, working time, pay of a full-time post
        ("Unknown", "F", "2", 61_000, True, "", "2020-01-01"),
        ("White", "X", "2", 61_000, True, "", "2020-01-01"),
        ("White", "F", "", 61_000, True, "", "2020-01-01"),
        ("White", "F", "2", 61_000, None, "", "2020-01-01"),
        ("White", "F", "2", np.nan, True, "", "2020-01-01"),
    ]
)


def people(table):
    found = table[table["events"] > 0]
    keys = ["part", "job_category", "salary_band", "sex", "group"]
    return {tuple(row[keys]): row["events"] for _, row in found.iterrows()}


def test_the_form_by_hand():
    table = eeo4.form(ROSTER, groups=GROUPS, hired_since="2025-07-01")
    officer = ("Protective service", "$70,000 and over", "Male", "White")
    assert people(table) == {
        ("Full-time", "Professionals", "$55,000 to $69,999", "Female", "Black"): 2,
        ("Full-time", *officer): 1,
        ("Other than full-time", officer[0], "All salaries", "Male", "White"): 1,
        (
            *("Other than full-time", "Service and maintenance", "All salaries"),
            *("Male", "Asian"),
        ): 1,
        (
            *("Other than full-time", "Service and maintenance", "All salaries"),
            *("Female", "White"),
        ): 1,
        ("New hires", "Professionals", "All salaries", "Female", "Black"): 1,
    }


def test_every_cell_of_the_form_has_a_row():
    table = eeo4.form(ROSTER, groups=GROUPS, hired_since="2025-07-01")
    # 8 categories x 2 sexes x 3 groups; full-time by 8 bands
    sizes = table["part"].value_counts()
    assert sizes.to_dict() == {
        "Full-time": 8 * 8 * 2 * 3,
        "Other than full-time": 8 * 2 * 3,
        "New hires": 8 * 2 * 3,
    }
    assert not table.drop(columns="events").duplicated().any()


def test_who_is_in_no_cell_is_counted_with_a_reason():
    table = eeo4.left_out(ROSTER, groups=GROUPS).set_index("reason")["events"]
    assert table.to_dict() == {
        "race is not one of the form's groups": 1,
        "sex is not one of the form's": 1,
        "job category is not one of the form's": 1,
        "full-time or not is not recorded": 1,
        "full-time without pay on record": 1,
    }


def test_new_hires_that_are_not_known_have_no_rows():
    without = eeo4.form(ROSTER, groups=GROUPS)
    assert set(without["part"]) == {"Full-time", "Other than full-time"}
    blank = ROSTER.assign(hired=pd.NaT)
    undated = eeo4.form(blank, groups=GROUPS, hired_since="2025-07-01")
    assert set(undated["part"]) == {"Full-time", "Other than full-time"}


def test_a_group_that_cannot_be_recorded_is_missing_not_zero():
    groups = [*GROUPS, "Two or more races"]
    table = eeo4.form(ROSTER, groups=groups)
    lost = table["group"] == "Two or more races"
    assert table.loc[lost, "events"].isna().all()
    assert table.loc[~lost, "events"].notna().all()


@relaxed
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Black", "White", "Unknown"]),
            st.sampled_from(["F", "M", ""]),
            st.sampled_from(["1", "5", "Elected", ""]),
            st.sampled_from([15_000.0, 75_000.0, np.nan]),
            st.sampled_from([True, False, None]),
            st.sampled_from(["", "temporary"]),
            st.just("2025-08-01"),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_form_and_left_out_are_all_workers(rows):
    roster = staff(rows)
    before = roster.copy()
    table = eeo4.form(roster, groups=GROUPS, hired_since="2025-07-01")
    out = eeo4.left_out(roster, groups=GROUPS)
    pd.testing.assert_frame_equal(roster, before)
    parts = table.groupby("part")["events"].sum()
    inside = parts["Full-time"] + parts["Other than full-time"]
    assert inside + out["events"].sum() == len(roster)
    assert parts["New hires"] == parts["Full-time"]  # all were hired in August


def test_a_roster_that_is_not_described_is_refused():
    with pytest.raises(ColumnNotFoundError, match="working_time"):
        eeo4.form(ROSTER.drop(columns="working_time"), groups=GROUPS)
