"""What is known of a workforce before its roster, from events, rosters, or nothing."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError
from equity.measure import histories, pace
from equity.measure.pools import END, START

DAY = pd.Timestamp("2025-12-31")
GROUPS = ["Black", "White"]


def roster(numbered=True, day=DAY):
    """Six people, one of whom came in 2024; one more has no race on record."""
    races = ["Black", "Black", "White", "White", "White", "White", "Unknown"]
    came = [pd.Timestamp("2010-01-01")] * 6 + [DAY]
    came[1] = pd.Timestamp("2024-06-01")
    return pd.DataFrame(
        {
            "worker_id": [f"E{n}" if numbered else "" for n in range(7)],
            "race": races,
            "department": "Fire",
            "job": "Clerk",
            "job_category": "",
            "hired": came,
            "as_of": day,
        }
    )


def events(numbered=True):
    """One Black clerk came and one White clerk left in 2024."""
    return pd.DataFrame(
        {
            "worker_id": ["E1", "E9"] if numbered else ["", ""],
            "kind": ["hire", "separation"],
            "date": pd.to_datetime(["2024-06-01", "2024-07-01"]),
            "race": ["Black", "White"],
            "department": "Fire",
            "job": "Clerk",
            "job_category": "",
        }
    )


def test_with_numbers_earlier_days_are_worked_back():
    found = histories.pool_of(roster(), events(), GROUPS)
    assert found.pool == START
    assert found.at_risk["as_of"].unique().tolist() == [pd.Timestamp("2024-12-31")]
    moved = histories.change(
        roster(),
        events().assign(date=pd.to_datetime(["2025-06-01", "2025-07-01"])),
        GROUPS,
    )
    assert moved.empty  # the events do not reach back a whole year
    early = events().assign(date=pd.to_datetime(["2024-12-31", "2025-07-01"]))
    table = histories.change(roster(), early, GROUPS).set_index("group")
    assert table.loc["White", ["before", "left", "population"]].tolist() == [5, 1, 4]


def test_without_numbers_the_pool_is_the_roster_after_the_events():
    found = histories.pool_of(roster(numbered=False), events(numbered=False), GROUPS)
    assert found.pool == END
    assert len(found.at_risk) == 6  # the one without a race is in no group
    assert (
        histories.span_of(roster(numbered=False), events(numbered=False), GROUPS)
        is None
    )


def test_two_rosters_tell_the_change_between_them():
    before = roster(numbered=False, day=pd.Timestamp("2023-12-31")).drop(index=1)
    both = pd.concat([before, roster(numbered=False)], ignore_index=True)
    table = histories.change(both, events().iloc[:0], GROUPS).set_index("group")
    assert table.loc["Black", ["before", "population", "entered"]].tolist() == [1, 2, 1]
    assert histories.counted(table.reset_index()).shape == table.reset_index().shape


def test_one_roster_alone_says_nothing_of_change():
    nothing = events().iloc[:0]
    assert histories.pool_of(roster(), nothing, GROUPS).at_risk.empty
    assert histories.change(roster(), nothing, GROUPS).empty
    unknown = pd.DataFrame({"group": GROUPS, "entered": [1, None], "left": [1, 2]})
    assert histories.counted(unknown).empty
    shares = pd.DataFrame({"group": GROUPS, "share": [0.5, 0.5], "moe": None})
    assert pace.years_to_parity(histories.counted(unknown), shares).empty
    assert pace.hires_needed(histories.counted(unknown), shares).empty


def test_columns_are_needed():
    with pytest.raises(ColumnNotFoundError, match="as_of"):
        histories.pool_of(roster().drop(columns="as_of"), events(), GROUPS)
    with pytest.raises(ColumnNotFoundError, match="race"):
        histories.known(roster().drop(columns="race"), GROUPS)


@pytest.mark.parametrize(
    ("first", "years"),
    [("2025-01-01", 1), ("2025-01-02", 1), ("2025-01-08", 1), ("2025-01-09", 0)],
)
def test_a_year_counts_though_nobody_moved_on_its_first_days(first, years):
    """New Year's Day is a holiday: a log of the whole year may begin on 2 January."""
    moved = events().assign(date=pd.to_datetime([first, "2025-07-01"]))
    staff = roster().assign(hired=pd.Timestamp("2010-01-01"))
    staff.loc[1, "hired"] = pd.Timestamp(first)
    assert histories.pool_of(staff, moved, GROUPS).at_risk["as_of"].nunique() == years
    assert len(histories.change(staff, moved, GROUPS)) == 2 * years
