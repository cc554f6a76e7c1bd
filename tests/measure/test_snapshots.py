"""Flows from rosters of different days, and rosters of earlier days."""

import csv
import gzip
from collections import Counter
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError
from equity.measure import flows, snapshots

relaxed = settings(deadline=None, max_examples=25, derandomize=True)
OLD, NEW = pd.Timestamp("2021-12-31"), pd.Timestamp("2023-12-31")


def roster(as_of, ids, *, races="White", jobs="Officer", hired=pd.NaT, left=pd.NaT):
    frame = pd.DataFrame({"worker_id": list(ids)})
    frame = frame.assign(race=races, detail="", department="Police", job=jobs)
    frame = frame.assign(job_category="", hired=hired, left=left, as_of=as_of)
    return frame.astype({"hired": "datetime64[us]", "left": "datetime64[us]"})


def event(kind, ids, day, races="White"):
    frame = roster(pd.NaT, ids, races=races).drop(columns=["hired", "left", "as_of"])
    return frame.assign(kind=kind, date=pd.Timestamp(day))


def test_who_came_went_and_moved():
    ranks = ["Officer", "Sergeant", "Lieutenant"]
    jobs = ["Officer", "Sergeant", "Lieutenant", "Officer", "Clerk"]
    old = roster(OLD, "12345", jobs=jobs)
    jobs = ["Sergeant", "Officer", "Lieutenant", "Clerk", "Officer"]
    new = roster(NEW, "12367", jobs=jobs, hired=pd.Timestamp("2022-02-02"))
    found = snapshots.between(old, new, ranks=ranks).set_index("worker_id")
    assert found["kind"].to_dict() == {
        "1": "promotion",
        "2": "move",  # to a lower rank
        "4": "separation",
        "5": "separation",
        "6": "hire",
        "7": "hire",
    }
    assert found.loc["6", "date"] == pd.Timestamp("2022-02-02")
    assert found.loc["1", "date"] == NEW
    assert "promotion" not in set(snapshots.between(old, new)["kind"])


@relaxed
@given(old=st.sets(st.integers(0, 30)), new=st.sets(st.integers(0, 30)))
def test_between_accounts_for_every_change(old, new):
    if not old or not new:
        return
    first, second = (
        roster(day, [str(n) for n in sorted(ids)], jobs="Officer")
        for day, ids in ((OLD, old), (NEW, new))
    )
    kinds = snapshots.between(first, second)["kind"].value_counts()
    assert kinds.get("hire", 0) == len(new - old)
    assert kinds.get("separation", 0) == len(old - new)
    assert kinds.sum() == len(new ^ old)


def test_events_between_feed_the_rates():
    old = roster(OLD, "1234", races=["Black", "Black", "White", "White"])
    new = roster(NEW, "134", races=["Black", "White", "White"])
    events = snapshots.between(old, new)
    table = flows.rates(events, old, kind="separation", reference="White")
    rows = table[table["statistic"] == "level"].set_index("group")
    assert rows["estimate"].to_dict() == {"Black": 0.5, "White": 0}


def test_back_to_an_earlier_day():
    """1 stayed; 2 came in 2022; 3 left in 2022; 4 left and came back; 5 came, went."""
    now = roster(NEW, "124", hired=[OLD, pd.Timestamp("2022-03-01"), NEW])
    events = pd.concat(
        [
            event("hire", "2", "2022-03-01"),
            event("separation", "3", "2022-06-30", "Black"),
            event("separation", "4", "2022-01-01"),
            event("hire", "4", "2023-12-31"),
            event("hire", "5", "2022-02-02"),
            event("separation", "5", "2022-02-02"),
        ]
    )
    found = snapshots.in_post(now, events, days=[OLD, pd.Timestamp("2022-04-01"), NEW])
    ids = found.groupby("as_of")["worker_id"].agg(set)
    assert ids.tolist() == [{"1", "3", "4"}, {"1", "2", "3"}, {"1", "2", "4"}]
    assert set(found.loc[found["worker_id"] == "3", "race"]) == {"Black"}


def test_change_adds_up_where_events_are_whole():
    old = roster(OLD, "123", races=["Black", "White", "White"])
    new = roster(NEW, "245", races=["White", "Black", "Asian"])
    events = pd.concat(
        [
            event("hire", "4", "2022-01-01", "Black"),
            event("hire", "5", "2023-12-31", "Asian"),
            event("separation", "1", "2022-05-05", "Black"),
            event("separation", "3", "2022-05-05"),
            event("separation", "9", "2021-12-31", "Black"),  # before, so not counted
        ]
    )
    table = snapshots.change(old, new, events=events).set_index("group")
    assert (table["unexplained"].dropna() == 0).all()
    assert table.loc["Black", ["before", "entered", "left"]].tolist() == [1, 1, 1]
    assert table.loc["White", ["before", "entered", "left"]].tolist() == [2, 0, 1]
    assert table.loc["White", "estimate"] == -0.5
    assert set(table["years"]) == {2.0}
    assert table.loc["White", "exposure"] == (2 + 1) / 2 * 2
    # a plain column of race cannot say whether Asian could be recorded before
    assert pd.isna(table.loc["Asian", "before"])
    late = snapshots.change(old, new, events=events[:0]).set_index("group")
    assert late.loc["White", "unexplained"] == -1


def test_change_from_hiring_days_and_from_nothing():
    old = roster(OLD, "1234", races=["Black", "Black", "White", "White"])
    days = [pd.Timestamp("2022-05-05"), OLD, OLD]
    new = roster(NEW, "513", races=["Black", "Black", "White"], hired=days)
    table = snapshots.change(old, new).set_index("group")
    assert table.loc["Black", ["entered", "left"]].tolist() == [1, 1]
    assert table.loc["White", ["entered", "left"]].tolist() == [0, 1]
    unknown = snapshots.change(old, new.assign(hired=pd.NaT))
    assert unknown[["entered", "left", "unexplained"]].isna().all(axis=None)
    assert unknown["known_from"].unique().tolist() == [snapshots.NET]
    # one more of a group than before, hired long ago: its record has changed
    more = roster(NEW, "12345", races="Black", hired=OLD)
    assert pd.isna(snapshots.change(old[:2], more)["left"][0])


def test_chicago_police_by_hand(shared):
    """Rosters of 2021 and 2023 against plain Python over the raw files."""
    folder = shared / "data" / "chicago"
    first, last = date(2021, 8, 1), date(2023, 11, 2)
    before, after, came = Counter(), Counter(), Counter()
    frames = {"cpd_roster_2021-08": [], "cpd_roster_2023-11": []}
    for name, rows in frames.items():
        with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row.get("status", "Y") == "Y":
                    rows.append((row["race"], row["appointed_date"]))
    before.update(race for race, _ in frames["cpd_roster_2021-08"])
    after.update(race for race, _ in frames["cpd_roster_2023-11"])
    came.update(
        race
        for race, day in frames["cpd_roster_2023-11"]
        if day and date.fromisoformat(day[:10]) > first
    )
    old, new = (
        pd.DataFrame(rows, columns=["race", "hired"]).assign(as_of=pd.Timestamp(day))
        for rows, day in zip(frames.values(), (first, last), strict=True)
    )
    new["hired"] = pd.to_datetime(new["hired"].str[:10])
    table = snapshots.change(old, new).set_index("group")
    assert came["BLACK"] > 0
    for race in ("BLACK", "HISPANIC", "WHITE"):
        row = table.loc[race]
        assert (row["before"], row["population"]) == (before[race], after[race])
        assert row["entered"] == came[race]
        assert row["left"] == before[race] + came[race] - after[race]


def test_refusals():
    old, new = roster(OLD, "12"), roster(NEW, "12")
    with pytest.raises(InputError, match="the earlier first"):
        snapshots.between(new, old)
    with pytest.raises(InputError, match="a roster is of 2 dates"):
        snapshots.change(pd.concat([old, new]), new)
    with pytest.raises(InputError, match="1 of 2 rows of the second roster have no"):
        snapshots.between(old, new.assign(worker_id=["1", ""]))
    with pytest.raises(InputError, match="1 of 2 rows of the first roster repeat"):
        snapshots.between(old.assign(worker_id="1"), new)
    with pytest.raises(InputError, match="2024-01-01 is after the roster's day"):
        snapshots.in_post(
            new, event("hire", "3", NEW), days=[pd.Timestamp("2024-01-01")]
        )
    with pytest.raises(InputError, match="of the hires and separations have no"):
        snapshots.in_post(new, event("hire", [""], NEW), days=[OLD])
