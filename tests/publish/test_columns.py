"""Columns: values for the download, words for what is blank."""

import pandas as pd
import pytest

from equity.publish import columns

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
