"""Sentences about whether a gap is closing say so only where the numbers do."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError
from equity.measure import same_mix
from equity.publish import findings
from equity.publish.payload import payload
from equity.publish.protect import protect


def changes(words, size=(-0.08, -0.13, -0.03), people=400, **more) -> pd.DataFrame:
    return pd.DataFrame(
        {"group": ["Black"], "reference": "White", "statistic": "change",
         "from": "2022-23", "to": "2024-25", "population": people,
         "reference_population": 900, "confidence": 0.95, "estimate": size[0],
         "conf_low": size[1], "conf_high": size[2], "size_change": size[0],
         "size_low": size[1], "size_high": size[2], "reliability": words} | more
    )  # fmt: skip


def said(table: pd.DataFrame, unit: str = "points") -> str:
    found = findings.closing(protect(table, lines=None), of="graduation", unit=unit)
    payload(found.as_payload())
    return found.as_payload()["text"]


START = "The gap in graduation between Black students and White students is"
WHETHER = "Whether the gap in graduation between Black students and White students"


@pytest.mark.parametrize(
    ("words", "size", "expected"),
    [
        (
            "closing",
            (-0.08, -0.13, -0.03),
            f"{START} closing: from 2022-23 to 2024-25 it became 8.0 percentage points "
            "smaller (95% interval 3.0 to 13.0 smaller).",
        ),
        (
            "widening",
            (0.08, 0.03, 0.13),
            f"{START} widening: from 2022-23 to 2024-25 it became 8.0 percentage "
            "points larger (95% interval 3.0 to 13.0 larger).",
        ),
        (
            "no change told from noise",
            (-0.01, -0.05, 0.03),
            f"{WHETHER} is closing cannot be told from noise: from 2022-23 to 2024-25 "
            "its size is estimated to have become 1.0 percentage points smaller, and "
            "the 95% interval of the change runs from 5.0 smaller to 3.0 larger.",
        ),
        (
            "not known: the test or its cut changed in 2023-24",
            (None, None, None),
            f"{WHETHER} is closing is not known, from 2022-23 to 2024-25: the test or "
            "its cut changed in 2023-24.",
        ),
    ],
)
def test_words(words, size, expected):
    assert said(changes(words, size)) == expected


def test_in_standard_deviations():
    text = said(
        changes("closing", (-0.12, -0.2, -0.04), subject="Reading"), "deviations"
    )
    assert text.startswith("Reading: The gap in graduation")
    assert "it became 0.12 standard deviations smaller" in text


LEFT = ", in schools without students of the group in every year, are left out."


@pytest.mark.parametrize(
    ("group", "reference", "expected"),
    [
        (0.24, 0.0, "smaller); 24% of Black students" + LEFT),
        (
            0.461,
            0.09,
            "smaller); 46% of Black students and 9% of White students" + LEFT,
        ),
        (0.001, None, "smaller); less than 5% of Black students" + LEFT),
        (0.97, 0.0, "smaller); more than 95% of Black students" + LEFT),
        (0.0, 0.0, "3.0 to 13.0 smaller)."),
        (None, None, "3.0 to 13.0 smaller)."),
    ],
)
def test_whom_the_same_mix_leaves_out_is_said(group, reference, expected):
    table = changes("closing")
    table["not_comparable"] = [group]
    table["not_comparable_reference"] = [reference]
    assert said(table.astype({"not_comparable": float})).endswith(expected)


def test_where_most_are_left_out_it_is_not_told():
    table = changes(same_mix.LOST, (None, None, None), not_comparable=0.864)
    assert said(table) == (
        f"{WHETHER} is closing is not known, from 2022-23 to 2024-25: most students of "
        f"one of the two groups are left out; 86% of Black students{LEFT}"
    )


def test_a_hidden_change_is_not_told():
    text = said(changes("closing", people=4, not_comparable=0.3))
    assert "left out" not in text
    assert "closing:" not in text
    assert "not shown" in text


def test_only_the_change_is_said_and_not_the_trend():
    both = pd.concat([changes("closing"), changes("closing", statistic="trend")])
    found = findings.closing(protect(both, lines=None), of="graduation", unit="points")
    assert len(found.as_payload()["sentences"]) == 1
    assert found.as_payload()["rows"][0]["clear"]


@pytest.mark.parametrize(
    ("trend", "told"), [("closing", True), ("no change told from noise", False)]
)
def test_a_change_that_is_no_trend_is_not_called_closing(trend, told):
    both = pd.concat([changes("closing"), changes(trend, statistic="trend")])
    found = findings.closing(protect(both, lines=None), of="graduation", unit="points")
    text = found.as_payload()["text"]
    assert ("is closing: from" in text) is told
    assert ("but the years between are no trend" in text) is not told
    assert found.as_payload()["rows"][0]["clear"] is told


def test_columns_are_asked_for():
    table = protect(pd.DataFrame({"group": ["A"], "events": [40]}))
    with pytest.raises(ColumnNotFoundError):
        findings.closing(table, of="graduation", unit="points")
