"""Areas in words: named only where they can be, and one at a time."""

import re

import numpy as np
import pandas as pd
import pytest

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    UnknownGroupError,
)
from equity.publish import findings
from equity.publish.protect import protect


def narrowings(**more):
    """Eight areas; the fourth has few requests, the fifth is not reliable."""
    size = np.array([0.8, 2.5, 0.3, 9.0, 5.0, 1.2, -0.4, 0.2]) / 100
    return pd.DataFrame(
        {
            "group": "Black",
            "area": [str(n) for n in range(1, 9)],
            "events": [60, 80, 70, 4, 50, 90, 30, 40],
            "estimate": size,
            "conf_low": size - 0.003,
            "conf_high": size + 0.003,
            "gap": -0.123,
            "gap_low": -0.164,
            "gap_high": -0.082,
            "confidence": 0.95,
            "reliable": [True] * 4 + [False] + [True] * 3,
            **more,
        }
    )


def say(frame, **options):
    options = {
        "gap_in": "the share closed on time",
        "reference": "White",
        "places": ("tract", "tracts"),
        **options,
    }
    return findings.drivers(protect(frame, lines=None), **options).as_payload()


def test_the_areas_that_would_narrow_a_gap_most():
    lead, *each = say(narrowings(), most=2)["sentences"]
    assert lead == (
        "The gap in the share closed on time between where Black residents live and "
        "where White residents live is 12.3 percentage points (95% interval 8.2 to "
        "16.4). Lifted one at "
        "a time to the city's average, tracts 2 and 6 would narrow it most. The first "
        "of many tracts are partly first by luck. Left out: 1 tract whose figures are "
        "too uncertain; tracts whose figures are hidden."
    )
    assert each == [
        "Lifting tract 2 to the city's average would narrow the gap in the share "
        "closed on time between where Black residents live and where White residents "
        "live by 2.5 percentage "
        "points (95% interval 2.2 to 2.8).",
        "Lifting tract 6 to the city's average would narrow the gap in the share "
        "closed on time between where Black residents live and where White residents "
        "live by 1.2 percentage "
        "points (95% interval 0.9 to 1.5).",
    ]


def test_all_that_are_clear_are_not_called_the_most():
    lead, *each = say(narrowings())["sentences"]
    assert "tracts 2, 6 and 1 would clearly narrow it." in lead
    assert len(each) == 3


def test_a_hidden_area_is_not_ranked():
    other = narrowings()
    other.loc[3, ["events", "estimate"]] = [9, 0.0001]
    assert say(narrowings())["sentences"] == say(other)["sentences"]
    assert "tract 4" not in say(narrowings(), most=9)["text"]


def test_one_area_alone():
    text = say(narrowings()[1:2])["text"]
    assert (
        "Lifted alone to the city's average, tract 2 would clearly narrow it." in text
    )
    assert "luck" not in text
    one = say(narrowings()[1:2], most=1)["text"]
    assert "tract 2 would narrow it most." in one


def test_where_no_area_is_clear_none_is_named():
    none = narrowings(conf_low=-0.01)
    (text,) = say(none)["sentences"]
    assert (
        "No tract, lifted alone to the city's average, would clearly narrow it." in text
    )


def test_where_the_gap_is_not_clear_no_area_is_named():
    (text,) = say(narrowings(gap_high=0.01))["sentences"]
    assert text == (
        "The gap in the share closed on time between where Black residents live and "
        "where White residents live is not clear: the estimate is 12.3 percentage "
        "points lower, and the "
        "95% interval runs from 16.4 lower to 1.0 higher. So no tract is named."
    )
    (text,) = say(narrowings(gap_low=np.nan, gap_high=np.nan))["sentences"]
    assert text.startswith("No interval is known for the gap")


def test_where_all_is_hidden_nothing_is_said_of_it():
    (text,) = say(narrowings(events=4))["sentences"]
    assert text.endswith(
        "is not shown: fewer than 10 people, or needed to protect such a count."
    )
    (text,) = say(narrowings(gap=np.nan))["sentences"]
    assert text.endswith("cannot be calculated.")


def test_groups_are_told_apart_and_days_are_days():
    both = pd.concat([narrowings(), narrowings(group="Asian", gap_high=0.2)])
    found = say(both.reset_index(drop=True))["sentences"]
    assert len(found) == 5
    assert found[-1].startswith(
        "The gap in the share closed on time between where Asian residents live"
    )
    text = say(
        narrowings(gap=1.2, gap_low=0.2, gap_high=2.2), unit="number", noun="days",
        reliability=None,
    )["text"]  # fmt: skip
    assert "is 1.2 days (95% interval 0.2 to 2.2)" in text


def test_no_cause_is_named():
    for most in (1, 9):
        text = say(narrowings(), most=most)["text"].lower()
        assert not any(re.search(rf"\b{word}\b", text) for word in findings.CAUSES)


def test_refusals():
    with pytest.raises(DisclosureError):
        findings.drivers(narrowings(), gap_in="x", reference="White")
    with pytest.raises(ColumnNotFoundError, match="gap_low"):
        say(narrowings().drop(columns="gap_low"))
    with pytest.raises(ColumnNotFoundError, match="reliable"):
        say(narrowings().drop(columns="reliable"))
    with pytest.raises(UnknownGroupError, match="8 rows repeat an area"):
        say(pd.concat([narrowings(), narrowings()], ignore_index=True))
    with pytest.raises(EquityError, match="one area or more"):
        say(narrowings(), most=0)
    assert say(narrowings()[:0])["kind"] == "note"
