"""Columns: values for the download, words for what is blank."""

import numpy as np
import pandas as pd
import pytest

from equity.publish import columns, tables
from equity.publish.protect import protect

FRAME = pd.DataFrame(
    {
        "group": ["A", "B", "C", " "],
        "events": pd.array([60, None, None, None], dtype="Int64"),
        "estimate": [0.5, None, None, None],
        "coded": [None, "98% or more", None, None],
        "suppressed": [None, "coded", "primary", None],
    }
)


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("percent", ["50.0%", "98% or more", "hidden", "not known"]),
        ("points", ["50.0", "hidden", "hidden", "not known"]),
    ],
)
def test_blanks_of_an_estimate(kind, texts):
    cells = columns.column(FRAME, "estimate", kind)
    assert [cell["text"] for cell in cells] == texts
    assert [cell["hidden"] for cell in cells] == [t == "hidden" for t in texts]
    assert [cell["value"] for cell in cells[1:]] == [None] * 3


def test_a_text_that_says_hidden_is_not_hidden():
    frame = FRAME.assign(group="hidden")
    assert columns.column(frame, "group", "text")[0] == {
        "value": "hidden", "text": "hidden", "hidden": False,
    }  # fmt: skip


def test_without_codes_nothing_is_coded():
    assert not columns.is_coded(FRAME.drop(columns="coded")).any()
    assert columns.is_coded(FRAME).tolist() == [False, True, False, False]
    gaps = FRAME.assign(statistic="difference")
    assert columns.range_of(gaps, 1, "percent") == ""


def test_a_verdict_is_a_word_and_not_known_stays_so():
    flags = pd.DataFrame({"flagged": pd.array([True, False, None], dtype="boolean")})
    cells = columns.column(flags.assign(suppressed=None), "flagged", "text")
    assert [cell["text"] for cell in cells[:2]] == ["yes", "no"]
    assert cells[2]["value"] is None


def test_bounds_that_print_alike_are_one_number():
    """31.68 % and 31.72 % are both 31.7 %; 42.2 % to 97.7 % stays a range."""
    frame = pd.DataFrame(
        {"rate_low": [0.3168, 0.422, None], "rate_high": [0.3172, 0.977, 0.5],
         "population_low": [7, 7, 7], "population_high": [7, 8, 7],
         "conf_low": [0.5] * 3, "conf_high": [0.5] * 3, "suppressed": None}
    )  # fmt: skip
    expected = {
        ("rate_low", "rate_high"): ["31.7%", "42.2% to 97.7%", "at most 50.0%"],
        ("population_low", "population_high"): ["7", "7 to 8", "7"],
        ("conf_low", "conf_high"): ["50.0% to 50.0%"] * 3,  # limits of chance
    }
    for pair, texts in expected.items():
        kind = "count" if pair[0] == "population_low" else "percent"
        cells = columns.column(frame, pair, kind)
        assert [cell["text"] for cell in cells] == texts
    whole = columns.column(frame, ("rate_low", "rate_high"), "percent")
    assert whole[0]["value"] == [31.7, 31.7]  # the download keeps both


def test_not_known_is_true_of_ranges_too():
    """Where ranges are too wide the source did say something."""
    table = protect(
        pd.DataFrame(
            {"group": ["Two or more races"], "estimate": [None], "population": 300,
             "rate_low": 0.422, "rate_high": 0.977, "events": np.nan}
        )
    )  # fmt: skip
    shown = tables.show(
        table,
        name="a",
        caption="b",
        columns={"group": ("Race", "text"), "events": ("Graduates", "count")},
    ).as_payload()
    assert shown["rows"][0][1]["text"] == "not known"
    assert shown["notes"] == [
        "Not known: the source does not say, or only within too wide a range."
    ]
