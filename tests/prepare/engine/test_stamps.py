"""Stamps piece by piece are what they are as a whole; clocks are the database's."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.prepare.engine import stamps

FORMATS = [
    *("%Y-%m-%d", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H:%M:%S"),
    *("%Y%m%d%H%M%S", "%d-%b-%Y %H:%M", "%d %B %Y", "%Y-%m-%dT%H:%M:%S"),
    *("%Y-%m-%dT%H:%M:%S.%f", "%H:%M %d/%m/%Y"),
]


def together(text, date_format, time_zone=""):
    """Read a stamp by its pieces, and add up."""
    found = []
    for piece in stamps.pieces(date_format):
        end = None if piece.length is None else piece.start + piece.length
        part = pd.Series([text[piece.start : end]], dtype="str")
        found.append(stamps.read(part, piece.part, date_format, time_zone).iloc[0])
    if any(pd.isna(part["day"]) for part in found):
        return None
    return sum(part["day"] * stamps.DAY + part["second"] for part in found)


@pytest.mark.parametrize("date_format", FORMATS)
@given(moment=st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2060-01-01")))
def test_pieces_say_what_the_whole_says(date_format, moment):
    text = moment.strftime(date_format)
    expected = pd.to_datetime(text, format=date_format)
    seconds = int((expected.floor("s") - stamps.EPOCH).total_seconds())
    assert together(text, date_format) == seconds


@given(
    moment=st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2060-01-01")),
    hours=st.integers(-11, 13),
)
def test_offsets_of_iso_stamps_are_taken_off(moment, hours):
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{hours:+03}:00"
    utc = pd.Timestamp(text).tz_convert("UTC").tz_localize(None)
    seconds = int((utc.floor("s") - stamps.EPOCH).total_seconds())
    assert together(text, "ISO8601", "America/Chicago") == seconds
    written = int((pd.Timestamp(moment).floor("s") - stamps.EPOCH).total_seconds())
    assert together(text, "ISO8601") == written


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("%m/%d/%Y", "31/12/2025"),  # day and month are never exchanged
        ("%Y-%m-%d", "2025-02-29"),
        ("%Y-%m-%d", "45658"),
        ("%Y-%m-%d %H:%M", "2025-01-01 24:00"),
        ("ISO8601", "2025-01-01T08:00:00+"),
        ("ISO8601", "01/02/2025"),
        ("ISO8601", ""),
    ],
)
def test_what_does_not_follow_the_format_is_missing(date_format, text):
    assert together(text, date_format) is None
    whole = stamps.read(pd.Series([text], dtype="str"), "whole", date_format, "")
    assert whole["day"].isna().all()


def test_whole_stamps_are_local():
    texts = pd.Series(["2025-01-02T03:30:00Z", "2025-07-02T03:30:00+00:00"])
    found = stamps.read(texts, "whole", "ISO8601", "America/Chicago")
    day = (pd.Timestamp("2025-01-01") - stamps.EPOCH).days
    assert found["day"].to_list() == [day, day + 181]
    assert found["second"].to_list() == [21.5 * 3600, 22.5 * 3600]  # winter, summer


@pytest.mark.parametrize(
    ("zone", "skipped", "twice"),
    [
        ("America/New_York", "2025-03-09 02:00", "2025-11-02 01:00"),
        ("Europe/Berlin", "2025-03-30 02:00", "2025-10-26 02:00"),
        ("Australia/Lord_Howe", "2025-10-05 02:00", "2025-04-06 01:30"),  # half an hour
    ],
)
def test_hours_that_clocks_skip_or_show_twice(zone, skipped, twice):
    """Days and hours as timeanddate.com lists them for 2025."""
    changes = stamps.transitions(
        zone, pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-31")
    )
    found = stamps.skipped_or_twice(changes)
    starts = [[pd.Timestamp(start, unit="s") for start, _ in part] for part in found]
    assert starts == [[pd.Timestamp(skipped)], [pd.Timestamp(twice)]]
    length = 1800 if "Howe" in zone else 3600
    assert {end - start for part in found for start, end in part} == {length}


def test_a_zone_without_daylight_saving_has_no_changes():
    first, last = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-12-31")
    changes = stamps.transitions("America/Phoenix", first, last)
    assert stamps.skipped_or_twice(changes) == ([], [])
