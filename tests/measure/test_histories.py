"""What is known of a workforce before its roster, from events, rosters, or nothing."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError
from equity.measure import flows, histories, pace, snapshots, tenure
from equity.measure.pools import END, START

DAY = pd.Timestamp("2025-12-31")
GROUPS = ["Black", "White"]
HALF = {"Black": 0.5, "White": 0.5}  # of each rise in a year of `whole_log`, and leave


def roster(numbered=True, day=DAY):
    """Six people, one of whom came in 2025; one more has no race on record."""
    races = ["Black", "Black", "White", "White", "White", "White", "Unknown"]
    came = [pd.Timestamp("2010-01-01")] * 6 + [DAY]
    came[1] = pd.Timestamp("2025-01-02")
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
    """One Black clerk came and one White clerk left in 2025."""
    return pd.DataFrame(
        {
            "worker_id": ["E1", "E9"] if numbered else ["", ""],
            "kind": ["hire", "separation"],
            "date": pd.to_datetime(["2025-01-02", "2025-12-29"]),
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


def whole_log():
    """Three years in which, each month, two come, two go and two rise.

    White clerks leave and rise on the 5th, Black ones on the 20th, and others come for
    them the same days. A group has 24 in post: 12 of 24 rise and 12 leave in a year.
    """
    rows, staff, number = [], [], 0
    for race, day in (("White", 5), ("Black", 20)):
        there = [(f"{race}{n}", pd.Timestamp("2010-01-01")) for n in range(24)]
        for month in pd.date_range("2023-01-01", "2025-12-01", freq="MS"):
            date = month + pd.Timedelta(days=day - 1)
            number += 1
            rows += [
                (there[0][0], "separation", date, race),
                (f"new {number}", "hire", date, race),
                (there[12][0], "promotion", date, race),
            ]
            there = [*there[1:], (f"new {number}", date)]
        staff += [(name, race, hired) for name, hired in there]
    log = pd.DataFrame(rows, columns=["worker_id", "kind", "date", "race"])
    post = {"department": "Fire", "job": "Clerk", "job_category": ""}
    people = pd.DataFrame(staff, columns=["worker_id", "race", "hired"])
    return people.assign(as_of=DAY, **post), log.assign(**post)


def rates(staff, log, kind):
    """Rates by group, with the days that begin a year."""
    found = histories.pool_of(staff, log, GROUPS, kind=kind)
    if found.at_risk.empty:
        return [], {}
    table = flows.rates(found.events, found.at_risk, kind=kind, reference="White")
    level = table[table["statistic"] == "level"].set_index("group")["estimate"]
    return sorted(found.at_risk["as_of"].dt.year.unique()), level.to_dict()


@pytest.mark.parametrize("kind", ["promotion", "separation"])
def test_rates_of_a_log_to_the_rosters_day(kind):
    """It ends on 20 December; every year is covered, and half of each group rise."""
    assert rates(*whole_log(), kind) == ([2022, 2023, 2024], HALF)


@pytest.mark.parametrize("kind", ["promotion", "separation"])
def test_events_after_the_rosters_day_are_left_out(kind):
    staff, log = whole_log()
    day = pd.Timestamp("2024-12-31")
    came = log[log["kind"] == "hire"].set_index("worker_id")["date"]
    before = snapshots.in_post(staff, log, days=[day]).assign(job="Clerk")
    first = pd.Timestamp("2010-01-01")
    before["hired"] = before["worker_id"].map(came).fillna(first)
    assert rates(before, log, kind) == ([2022, 2023], HALF)
    assert histories.until(before, log, kind=kind) == day
    pd.testing.assert_frame_equal(
        histories.change(before, log, GROUPS),
        histories.change(before, log[log["date"] <= day], GROUPS),
    )
    moved = histories.moved(histories.change(before, log, GROUPS), log)
    assert moved["events"].tolist() == [24, 24]  # of 36 in the log


def test_a_kind_that_stops_leaves_out_its_own_years():
    staff, log = whole_log()
    stops = (log["kind"] == "promotion") & (log["date"] > "2025-06-30")
    cut = log[~stops]
    assert rates(staff, cut, "promotion") == ([2022, 2023], HALF)
    assert rates(staff, cut, "separation") == rates(staff, log, "separation")
    last = pd.Timestamp("2025-06-20")
    assert histories.until(staff, cut, kind="promotion") == last
    assert histories.until(staff, cut, kind="separation") == DAY
    change = histories.change(staff, cut, GROUPS)
    pd.testing.assert_frame_equal(change, histories.change(staff, log, GROUPS))
    assert histories.moved(change, log)["events"].tolist() == [36, 36]
    assert histories.moved(change, cut)["events"].isna().all()


@pytest.mark.parametrize("kinds", [["separation"], ["hire", "promotion", "separation"]])
def test_without_those_who_left_since_no_earlier_day_is_known(kinds):
    """Going back from the roster would find the survivors alone."""
    staff, log = whole_log()
    cut = log[~(log["kind"].isin(kinds) & (log["date"] > "2025-06-30"))]
    for kind in ("promotion", "separation"):
        assert rates(staff, cut, kind) == ([], {})
    assert histories.change(staff, cut, GROUPS).empty
    assert histories.second_day(histories.change(staff, cut, GROUPS), "day") == "day"
    last = pd.Timestamp("2025-06-20")
    assert histories.until(staff, cut, kind="separation") == last


def test_those_hired_are_followed_as_long_as_leaving_is_on_record():
    """Nobody hired leaves within a year; a third of those hired have left by 2026."""
    staff, log = whole_log()
    hires = log[log["kind"] == "hire"]
    gone = hires.iloc[::2].assign(kind="separation")
    gone["date"] += pd.Timedelta(days=400)
    moves = pd.concat([hires, gone], ignore_index=True)
    cut = moves[(moves["kind"] == "hire") | (moves["date"] <= "2024-12-31")]
    for log, last in ((moves, DAY), (cut, pd.Timestamp("2024-12-31"))):
        found = histories.until(staff, log, kind="separation")
        assert pd.Timedelta(0) <= last - found <= pd.Timedelta(days=45)
        stay = tenure.by_day(log, kind="separation", until=found, days=[365, 500])
        assert stay["estimate"].tolist() == pytest.approx([1, 0.5] * 2, abs=0.05)
    late = histories.until(staff, hires, kind="separation")
    assert late is None
    assert tenure.by_day(hires, kind="separation", until=late).empty


def test_a_list_that_stops_some_days_before_is_counted_to_its_end():
    """A roster of 20 January, and events of the calendar year before."""
    staff, log = whole_log()
    daily = pd.date_range("2023-01-02", "2025-12-30")
    names = [f"other {n}" for n in range(len(daily))]
    others = log.iloc[[0] * len(daily)].assign(worker_id=names, date=daily)
    log = pd.concat([log, others.assign(race="Unknown")], ignore_index=True)
    later = staff.assign(as_of=pd.Timestamp("2026-01-20"))
    for kind in ("promotion", "separation"):
        assert rates(later, log, kind) == ([2022, 2023, 2024], HALF)
    change = histories.change(later, log, GROUPS)
    (second,) = histories.second_day(change, later["as_of"])
    assert second == pd.Timestamp("2025-12-30")
    columns = ["before", "population", "entered", "left", "unexplained"]
    assert change[columns].values.tolist() == [[24, 24, 36, 36, 0]] * 2


def test_hires_after_the_last_rosters_day_are_left_out():
    staff, log = whole_log()
    before = staff.assign(as_of=pd.Timestamp("2024-12-31"))
    found = histories.hired(before, log, GROUPS)
    assert (len(found.people), found.last) == (48, pd.Timestamp("2024-12-20"))


def test_without_numbers_one_year_of_events_is_counted():
    staff, log = whole_log()
    bare, none = log.assign(worker_id=""), staff.assign(worker_id="")
    found = histories.pool_of(none, bare, GROUPS, kind="promotion")
    assert found.pool == END
    assert found.events["kind"].value_counts().unique().tolist() == [24]
    assert found.counted == "of the last year"
    short = bare[bare["date"] > "2025-06-30"]
    assert histories.pool_of(none, short, GROUPS).at_risk.empty
    long_ago = bare[bare["date"] < "2024-06-30"]
    assert histories.pool_of(none, long_ago, GROUPS).at_risk.empty
    report = bare[bare["kind"] == "promotion"].assign(date=DAY)
    found = histories.pool_of(none, report, GROUPS, kind="promotion")
    assert (len(found.events), found.whole) == (72, True)
    assert histories.pool_of(none, report, GROUPS, kind="separation").at_risk.empty
