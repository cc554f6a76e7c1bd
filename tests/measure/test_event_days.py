"""Which days events cover: where a list stops, or one kind of it."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError
from equity.measure import event_days

DAY = pd.Timestamp("2025-12-31")


def log(first, last, freq="D", kind="hire"):
    return pd.DataFrame({"date": pd.date_range(first, last, freq=freq), "kind": kind})


def last_of(rows, **options):
    return event_days.covered(rows, DAY, **options).last


@pytest.mark.parametrize(
    ("end", "whole"),
    [("2025-12-31", True), ("2025-12-24", True), ("2025-12-23", False)],
)
def test_a_daily_list_stops_after_a_week_of_silence(end, whole):
    """Seven days may be a holiday and a weekend; eight are not."""
    last = last_of(log("2023-01-01", end))
    assert last == (DAY if whole else pd.Timestamp(end))


def test_a_rare_kind_may_be_silent_for_longer():
    """One every 60 days: three of them would have come in 180 days, and not in 179."""
    rare = log("2023-01-01", "2025-07-01", "60D")
    last = rare["date"].max()
    soon, late = (last + pd.Timedelta(days=days) for days in (179, 180))
    assert event_days.covered(rare, soon).last == soon
    assert event_days.covered(rare, late).last == last


def test_a_day_of_promotions_each_year_has_not_stopped():
    rounds = log("2023-07-01", "2025-07-01", "365D", kind="promotion")
    both = pd.concat([log("2023-01-01", DAY), rounds], ignore_index=True)
    found = event_days.covered(both, DAY, kind="promotion")
    assert found == (pd.Timestamp("2023-01-01"), DAY)


def test_kinds_may_stop_and_begin_on_days_of_their_own():
    left = log("2024-03-01", "2025-06-30", kind="separation")
    both = pd.concat([log("2023-01-01", DAY), left], ignore_index=True)
    found = event_days.covered(both, DAY, kind="separation")
    assert found == (pd.Timestamp("2024-03-01"), pd.Timestamp("2025-06-30"))
    assert event_days.covered(both, DAY) == (pd.Timestamp("2023-01-01"), DAY)
    assert event_days.covered(both, DAY, kind="promotion") is None


def test_a_list_of_one_day_covers_that_day():
    """The count of a year carries one day, and says nothing of later ones."""
    year = log("2024-12-31", "2024-12-31")
    assert last_of(year) == pd.Timestamp("2024-12-31")
    assert event_days.covered(year, pd.Timestamp("2024-12-31")) == (
        (pd.Timestamp("2024-12-31"),) * 2
    )
    assert event_days.covered(year, pd.Timestamp("2024-12-30")) is None


def test_later_events_are_left_out():
    rows = log("2025-12-30", "2026-01-03")
    assert len(event_days.up_to(rows, DAY)) == 2
    assert event_days.covered(rows, DAY) == (pd.Timestamp("2025-12-30"), DAY)
    with pytest.raises(ColumnNotFoundError, match="date"):
        event_days.up_to(rows.drop(columns="date"), DAY)


def test_without_a_roster_nothing_is_left_out_and_nothing_covered():
    rows = pd.DataFrame({"date": pd.date_range("2024-01-01", "2024-12-31")})
    rows = rows.assign(kind="hire")
    no_day = pd.Series([], dtype=object).max()  # as of a roster that was not given
    assert len(event_days.up_to(rows, no_day)) == len(rows)
    assert event_days.covered(rows, no_day) is None
