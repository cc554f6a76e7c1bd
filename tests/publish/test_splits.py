"""Gaps taken apart in words: right with any signs, and silent about what is hidden."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    UnknownGroupError,
)
from equity.publish import findings
from equity.publish.payload import payload
from equity.publish.protect import protect

PARTS = ["gap", "mix of requests", "same kind of request"]


def gaps(*rows, group="Black", events=400, **more):
    """A group's gap and its two parts, each (estimate, low, high), and the reference's.

    In percentage points; the table has proportions.
    """
    own = pd.DataFrame(rows, columns=["estimate", "conf_low", "conf_high"]) / 100
    own = own.assign(group=group, component=PARTS, events=events)
    base = own.assign(group="White", estimate=0.0, conf_low=np.nan, conf_high=np.nan)
    return pd.concat([own, base.assign(events=900)], ignore_index=True).assign(
        reference="White", statistic="difference", confidence=0.95, **more
    )


CLEAR = gaps((-12.3, -16.4, -8.2), (-3.1, -5.2, -1.0), (-9.2, -13.1, -5.3))


def say(frame=CLEAR, **options):
    options = {
        "subject": "the share closed within 14 days where {people} live",
        "than": "where {people} live",
        "unit": "points",
        **options,
    }
    return findings.decomposition(protect(frame, lines=None), **options).as_payload()


def test_a_clear_gap_and_both_parts_in_one_direction():
    (text,) = say()["sentences"]
    assert text == (
        "The share closed within 14 days where Black residents live is 12.3 percentage "
        "points lower than where White residents live (95% interval 8.2 to 16.4). Of "
        "the 12.3 percentage points, 3.1 (95% interval 1.0 to 5.2) go with the kinds "
        "of requests made, and 9.2 (95% interval 5.3 to 13.1) remain when the same "
        "kinds are compared."
    )


def test_parts_with_opposite_signs_are_not_parts_of_a_whole():
    (text,) = say(gaps((-5.0, -9.0, -1.0), (4.0, 2.0, 6.0), (-9.0, -13.0, -5.0)))[
        "sentences"
    ]
    assert " Of the 5.0" not in text
    assert text.endswith(
        " By its parts: 4.0 percentage points higher goes with the kinds of requests "
        "made (95% interval 2.0 to 6.0), and 9.0 percentage points lower remains when "
        "the same kinds are compared (95% interval 5.0 to 13.0). The two point "
        "opposite ways."
    )


def test_an_unclear_part_is_never_called_none():
    (text,) = say(gaps((-8.0, -12.0, -4.0), (-0.4, -1.8, 1.0), (-7.6, -11.0, -4.0)))[
        "sentences"
    ]
    assert (
        "no clear part goes with the kinds of requests made (the estimate is 0.4 "
        "percentage points lower, and the 95% interval runs from 1.8 lower to 1.0 "
        "higher), and 7.6 percentage points lower remains" in text
    )
    assert "opposite" not in text


def test_an_unclear_gap_may_have_clear_parts():
    (text,) = say(gaps((1.0, -2.0, 4.0), (6.0, 4.0, 8.0), (-5.0, -8.0, -2.0)))[
        "sentences"
    ]
    assert text.startswith(
        "The share closed within 14 days where Black residents live is not clearly "
        "different from where White residents live: the estimate is 1.0 percentage "
        "points higher, and the 95% interval runs from 2.0 lower to 4.0 higher. By its "
    )
    assert text.endswith("The two point opposite ways.")


def test_a_gap_in_days():
    frame = gaps((120, 20, 220), (30, 10, 50), (90, 10, 170))
    (text,) = say(
        frame, subject="the mean wait where {people} live", unit="number", noun="days",
        words=("longer", "shorter"),
    )["sentences"]  # fmt: skip
    assert text.startswith(
        "The mean wait where Black residents live is 1.2 days longer than where White "
        "residents live (95% interval 0.2 to 2.2). Of the 1.2 days, 0.3 (95%"
    )


def test_parts_that_do_not_add_up_as_printed_are_said_to_be_rounded():
    frame = gaps((-12.30, -16, -8), (-3.14, -5, -1), (-9.16, -13, -5))
    text = say(frame)["text"]
    assert "3.1 (95%" in text
    assert "9.2 (95%" in text
    assert "rounded" not in text
    frame = gaps((-12.33, -16, -8), (-3.16, -5, -1), (-9.17, -13, -5))
    assert say(frame)["text"].endswith("are rounded, and need not add up exactly.")


def test_requests_that_cannot_be_compared_are_said():
    text = say(CLEAR.assign(not_comparable=0.0213))["text"]
    assert text.endswith(
        " Kinds that only one of the two asks for, 2.1% of requests, count with the "
        "mix."
    )
    assert (
        "less than 0.1% of requests" in say(CLEAR.assign(not_comparable=1e-5))["text"]
    )
    none = CLEAR.assign(not_comparable=[0.0] * 3 + [0.1] * 3)
    assert "only one" not in say(none)["text"]


def test_a_hidden_group_has_no_number():
    (text,) = say(CLEAR.assign(events=[4] * 3 + [900] * 3))["sentences"]
    assert text == (
        "The figure for the gap between the share closed within 14 days where Black "
        "residents live and where White residents live is not shown: fewer than 10 "
        "people, or needed to protect such a count."
    )
    only = CLEAR.assign(events=[400, 4, 4, 900, 900, 900])
    (text,) = say(only)["sentences"]
    assert "12.3" in text
    assert " How it splits is not shown: fewer than 10" in text
    assert say(only)["rows"] == []


def test_what_cannot_be_calculated_is_said():
    blank = CLEAR.assign(estimate=np.nan, conf_low=np.nan, conf_high=np.nan)
    assert say(blank)["text"].endswith("cannot be calculated.")
    parts = blank.assign(
        estimate=blank["estimate"].mask(blank["component"] == "gap", -0.1)
    )
    text = say(parts)["text"]
    assert "; no interval is known for this comparison. How it splits cannot be" in text


def test_the_number_beside_is_that_of_what_remains():
    bundle = say(CLEAR.assign(measure="share closed within 14 days"), when="2025")
    (row,) = bundle["rows"]
    assert payload(bundle).rows[0].when == "2025"
    assert row["measure"] == "share closed within 14 days, same kind of request"
    assert (row["group"], row["reference"], row["unit"]) == ("Black", "White", "points")
    assert (row["estimate"], row["low"], row["high"]) == (-9.2, -13.1, -5.3)
    assert row["clear"]
    assert row["sentence"] == bundle["text"]


NUMBER = st.floats(-30, 30).map(lambda value: round(value, 1))


@given(NUMBER, NUMBER, st.floats(0.1, 12), st.floats(0.1, 12))
@settings(deadline=None, max_examples=50)
def test_words_follow_signs_and_intervals(mix, same, wide, narrow):
    whole = mix + same
    text = say(
        gaps(
            (whole, whole - wide, whole + wide), (mix, mix - narrow, mix + narrow),
            (same, same - wide, same + wide),
        )
    )["text"]  # fmt: skip
    clear = [abs(whole) > wide, abs(mix) > narrow, abs(same) > wide]
    assert ("not clearly different" in text) == (not clear[0])
    if " Of the " in text:
        assert all(clear)
        assert mix * same > 0
    else:
        assert ("no clear part goes" in text) == (not clear[1])
        assert ("no clear part remains" in text) == (not clear[2])
        for value, known, verb in (
            (mix, clear[1], "goes"),
            (same, clear[2], "remains"),
        ):
            if known:
                word = "higher" if value > 0 else "lower"
                assert f"percentage points {word} {verb}" in text
    assert "opposite" not in text or mix * same < 0
    assert "no difference" not in text
    assert not any(re.search(rf"\b{word}\b", text.lower()) for word in findings.CAUSES)


def adjusted(plain, held, events=400, **options):
    own = pd.DataFrame([plain, held], columns=["estimate", "conf_low", "conf_high"])
    own = (own / 100).assign(group="Black", events=events)
    base = own.assign(group="White", estimate=0.0, conf_low=np.nan, conf_high=np.nan)
    frame = pd.concat([own, base.assign(events=900)], ignore_index=True).assign(
        reference="White", model=["unadjusted", "adjusted"] * 2, confidence=0.95
    )
    return findings.adjusted(
        protect(frame, lines=None), unit="points", than="where {people} live",
        subject="the share closed on time where {people} live",
        controls="of the same category and season", **options,
    ).as_payload()  # fmt: skip


def test_a_gap_with_controls():
    bundle = adjusted((-12.3, -16.4, -8.2), (-8.1, -12.0, -4.2))
    assert bundle["text"].endswith(
        " Among requests of the same category and season, it is 8.1 percentage points "
        "lower (95% interval 4.2 to 12.0)."
    )
    (row,) = bundle["rows"]
    assert row["measure"].endswith(", adjusted")
    assert row["estimate"] == -8.1
    turned = adjusted((-2.3, -4.4, 0.2), (3.1, 1.0, 5.2))["text"]
    assert "not clearly different from where White residents live" in turned
    assert "it is 3.1 percentage points higher (95% interval 1.0 to 5.2)." in turned
    assert "is not shown" in adjusted((-1, -2, 1), (1, -2, 3), events=4)["text"]
    none = adjusted((-12.3, -16.4, -8.2), (np.nan, np.nan, np.nan))
    assert none["text"].endswith(
        "of the same category and season cannot be calculated."
    )
    assert none["rows"] == []


def test_refusals():
    with pytest.raises(DisclosureError):
        findings.decomposition(CLEAR, subject="{people}", unit="points")
    with pytest.raises(ColumnNotFoundError, match="component"):
        say(CLEAR.drop(columns="component"))
    with pytest.raises(UnknownGroupError, match="'mix of requests' matches 0 rows"):
        say(CLEAR[CLEAR["component"] != "mix of requests"])
    with pytest.raises(UnknownGroupError, match="matches 2 rows"):
        say(pd.concat([CLEAR, CLEAR]))
    with pytest.raises(EquityError, match="names a cause"):
        say(subject="the gap because of {people}")
    with pytest.raises(EquityError, match="names a cause"):
        adjusted((-1, -2, 0), (-1, -2, 0), verb="is, as a result,")
    assert say(CLEAR.iloc[:0])["kind"] == "note"


def test_the_largest_clear_gap_alone_can_be_said():
    smaller = gaps((-5, -9, -1), (-2, -4, -1), (-3, -5, -1), group="Asian")
    unclear = gaps((-30, -70, 10), (-2, -4, -1), (-28, -60, 4), group="Hawaiian")
    both = pd.concat([CLEAR, smaller[smaller["group"] == "Asian"]])
    every = pd.concat(
        [both, unclear[unclear["group"] == "Hawaiian"]], ignore_index=True
    )
    (text,) = say(every, largest=True)["sentences"]
    assert text.startswith(
        "The largest clear gap: the share closed within 14 days where Black residents "
        "live is 12.3 percentage points lower"
    )
    assert say(unclear, largest=True)["sentences"] == [
        "No gap among those shown is clear, so none is said in parts."
    ]
