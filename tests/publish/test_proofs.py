"""What areas can prove, in words, and whether neighbours are alike."""

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

GROUPS = ["Black", "Native", "All residents"]


@pytest.fixture
def shares() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": GROUPS,
            "events": [400, 60, 900],
            "estimate": [0.44, 0.5, 0.4],
            "bound_low": [0.31, 0.0, 0.4],
            "bound_high": [0.92, 0.99, 0.4],
            "conf_low": [0.29, np.nan, 0.38],
            "conf_high": [0.935, np.nan, 0.42],
            "confidence": 0.95,
        }
    )


def say(frame, recorded=None, **options):
    return findings.bounds(
        protect(frame, lines=None),
        subject="the share of requests of {people} that were closed on time",
        recorded=None if recorded is None else protect(recorded, lines=None),
        **options,
    ).as_payload()["sentences"]


def test_bounds_come_with_and_without_chance(shares):
    found = say(shares)
    assert found[0] == (
        "From areas alone, if groups there ask in proportion to their numbers, "
        "the share of requests of Black residents that were closed "
        "on time could lie anywhere from 31.0% to 92.0%; allowing for chance and "
        "census margins, from 29.0% to 93.5% (95% interval)."
    )
    assert found[1].endswith("could lie anywhere from 0.0% to 99.0%.")
    assert found[2].startswith(
        "From areas alone, if groups there ask in proportion to their numbers, "
        "the share of requests of residents of any race that were "
        "closed on time is 40.0%, whoever asked; allowing"
    )
    assert "44.0%" not in " ".join(found)  # the estimate is no bound


def test_bounds_that_prove_nothing_say_so(shares):
    text = say(shares.assign(bound_low=0.0001, bound_high=0.9999))[0]
    assert text == (
        "Areas alone say next to nothing of the share of requests of Black residents "
        "that were closed on time: it could lie anywhere from 0.0% to 100.0%."
    )


def test_the_recorded_race_stands_beside(shares):
    recorded = shares[["group", "events", "confidence"]].assign(
        estimate=[0.55, 0.995, 0.4], conf_low=[0.5, 0.9, 0.3], conf_high=[0.6, 1, 0.5]
    )
    found = say(shares, recorded)
    assert found[0].endswith(
        " By the race recorded on requests, it is 55.0% (95% interval 50.0% to 60.0%)."
    )
    assert found[1].endswith(
        " By the race recorded on requests, it is 99.5% (95% interval 90.0% to "
        "100.0%), outside that range: who asks differs from who lives there, or race "
        "is recorded otherwise than by the census."
    )
    judged = recorded.assign(within_bounds=pd.array([False, True, None], "boolean"))
    found = say(shares, judged)
    assert "outside" in found[0]
    assert "outside" not in found[1] + found[2]
    few = say(shares, recorded.assign(events=[4, 60, 900]))[0]
    assert few.endswith(
        "By the race recorded on requests, it is not shown: fewer than 10 people, or "
        "needed to protect such a count."
    )
    assert "By the race" not in say(shares, recorded[:1])[1]


def test_hidden_bounds_have_no_number(shares):
    text = say(shares.assign(events=[4, 60, 900]))[0]
    assert text.startswith("The figure for what areas can prove of the share")
    assert not re.search(r"\d", text.replace("fewer than 10", ""))


def likeness(found=0.3134, chance=0.002, events=400, **more):
    frame = pd.DataFrame(
        {
            "events": [events],
            "estimate": [found],
            "p_value": [chance],
            "confidence": [0.95],
            **more,
        }
    )
    public = [name for name in ("islands", "unknown") if name in frame]
    return findings.clustering(
        protect(frame, public=public), subject="the share closed on time",
        places="tracts",
    ).as_payload()["text"]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "chance", "words"),
    [
        (0.3134, 0.002, "resemble each other more than chance would give (Moran's I "
                        "0.31, p = 0.002). Intervals that take areas"),
        (0.3134, 0.0004, "(Moran's I 0.31, p < 0.001). Intervals"),
        (0.0312, 0.214, "no clear likeness of neighbouring tracts can be seen (Moran's "
                        "I 0.03, p = 0.21)."),
        (-0.25, 0.012, "differ from each other more than chance would give (Moran's I "
                       "\N{MINUS SIGN}0.25, p = 0.012)."),
        (0.1, 0.0496, "resemble each other more"),
        (0.1, 0.0504, "no clear likeness"),
    ],
)  # fmt: skip
def test_likeness_in_words(found, chance, words):
    text = likeness(found, chance)
    assert text.startswith("In the share closed on time, ")
    assert words in text


def test_what_could_not_be_compared_is_said():
    assert likeness(islands=3, unknown=0).endswith(
        "Left out are tracts without a neighbour: 3."
    )
    assert likeness(islands=1, unknown=2).endswith(
        "tracts without a neighbour: 1 and tracts without a value: 2."
    )
    assert "is not shown" in likeness(events=4)
    assert "cannot be calculated" in likeness(found=np.nan)


def test_chance_is_judged_beside_what_no_clustering_would_give():
    assert "resemble" in likeness(-0.01, 0.01, expected=-0.05)
    assert "differ" in likeness(-0.10, 0.01, expected=-0.05)


def test_refusals(shares):
    with pytest.raises(DisclosureError):
        findings.bounds(shares, subject="{people}")
    with pytest.raises(ColumnNotFoundError, match="bound_high"):
        say(shares.drop(columns="bound_high"))
    with pytest.raises(UnknownGroupError, match="repeat a group"):
        say(pd.concat([shares, shares]))
    both = pd.DataFrame({"events": [40, 50], "estimate": 0.1, "p_value": 0.3})
    with pytest.raises(EquityError, match="2 rows"):
        findings.clustering(protect(both), subject="the share")
    with pytest.raises(ColumnNotFoundError, match="p_value"):
        findings.clustering(protect(both[["events", "estimate"]]), subject="the share")
    assert (
        findings.bounds(protect(shares[:0]), subject="{people}").as_payload()["kind"]
        == "note"
    )
