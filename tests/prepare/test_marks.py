"""Marks become bounds that hold the truth; no mark is a number or a zero."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError
from equity.prepare import marks

relaxed = settings(deadline=None, max_examples=100, derandomize=True)
NA = None


def bounds(text, **meant):
    found = marks.bounds(pd.Series([text]), **meant).iloc[0]
    low, high = (NA if pd.isna(found[end]) else found[end] for end in ("low", "high"))
    return low, high, found["state"]


def rate(text, scale="percent"):
    found = marks.rates(pd.Series([text]), scale=scale).iloc[0]
    return found["low"], found["high"], found["state"]


@pytest.mark.parametrize(
    ("text", "low", "high", "state"),
    [
        ("0", 0, 0, marks.EXACT),
        ("1,012", 1012, 1012, marks.EXACT),
        ("12*", 12, 12, marks.EXACT),
        ("*", 0, NA, marks.SUPPRESSED),
        ("**", 0, NA, marks.SUPPRESSED),
        ("S", 0, NA, marks.SUPPRESSED),
        ("PS", 0, NA, marks.SUPPRESSED),
        ("LNE", 0, NA, marks.SUPPRESSED),
        ("‡", 0, NA, marks.SUPPRESSED),
        ("<5", 0, 4, marks.SUPPRESSED),
        ("< 5", 0, 4, marks.SUPPRESSED),
        ("n<10", 0, 9, marks.SUPPRESSED),
        ("N < 10", 0, 9, marks.SUPPRESSED),
        ("<=5", 0, 5, marks.SUPPRESSED),
        ("≤5", 0, 5, marks.SUPPRESSED),
        ("LE5", 0, 5, marks.SUPPRESSED),
        ("LT50", 0, 49, marks.SUPPRESSED),
        ("GE95", 95, NA, marks.SUPPRESSED),
        ("GT95", 96, NA, marks.SUPPRESSED),
        (">95", 96, NA, marks.SUPPRESSED),
        ("21-39", 21, 39, marks.SUPPRESSED),
        *((text, NA, NA, marks.MISSING) for text in ("", "--", "N/A", "NA", "#VALUE!")),
        *((text, NA, NA, marks.NOT_APPLICABLE) for text in (".", "(X)")),
        *((text, NA, NA, marks.UNREADABLE) for text in ("x", "-3", "<0")),
        *((text, 0, NA, marks.SUPPRESSED) for text in ("-", "–", "—")),
        *((text, NA, NA, marks.UNREADABLE) for text in ("39-21", "<x", "2.5", "inf")),
    ],
)
def test_counts_and_their_marks(text, low, high, state):
    assert bounds(text) == (low, high, state)


def test_what_is_declared_comes_first():
    assert bounds("-", marks={"-": [0, 0]}) == (0, 0, marks.EXACT)
    assert bounds("-", marks={"-": [0, 9]}) == (0, 9, marks.SUPPRESSED)
    assert bounds("<5", marks={"<5": [1, 4]}) == (1, 4, marks.SUPPRESSED)
    assert bounds("0", marks={"0": [0, 4]}) == (0, 4, marks.SUPPRESSED)
    assert bounds(" *\u00a0", marks={"*": [1, 9]}) == (1, 9, marks.SUPPRESSED)
    assert bounds("", marks={"": [0, 0]}) == (0, 0, marks.EXACT)


@given(st.integers(0, 500), st.integers(1, 500))
@relaxed
def test_the_count_lies_within_the_bounds_of_its_mask(count, least_shown):
    shown = str(count) if count >= least_shown else f"<{least_shown}"
    low, high, _ = bounds(shown)
    assert low <= count <= high


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("88", 87.5, 88.5),
        (" 88 ", 87.5, 88.5),
        ("88%", 87.5, 88.5),
        ("88 %", 87.5, 88.5),
        ("8.5", 8.45, 8.55),
        ("0", 0, 0.5),
        ("100", 99.5, 100),
        ("0.4%", 0.35, 0.45),
        ("85-89", 84.5, 89.5),
        ("80%-89%", 79.5, 89.5),
        ("60–79", 59.5, 79.5),
        ("GE95", 94.5, 100),
        ("≥95", 94.5, 100),
        ("LE5", 0, 5.5),
        ("<=5%", 0, 5.5),
        ("LT50", 0, 49.5),
        ("GT50", 50.5, 100),
        ("<5", 0, 5),  # of unrounded rates below 5, or of those rounded to 4
        (">95%", 95, 100),
        *((text, 0, 100) for text in ("PS", "S", "*", "**", "LNE", "n<10", "‡")),
    ],
)
def test_every_form_of_a_rate(text, low, high):
    found = rate(text)
    assert found[:2] == pytest.approx((low / 100, high / 100), abs=1e-12)
    assert found[2] in (marks.EXACT, marks.SUPPRESSED)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *((text, marks.MISSING) for text in ("", "N/A", "--", "#VALUE!")),
        *((text, marks.NOT_APPLICABLE) for text in (".", "(X)")),
        *(
            (text, marks.UNREADABLE)
            for text in ("x", "-5", "89-85", "85-", "GE", "LT0")
        ),
        *((text, marks.UNREADABLE) for text in ("inf", "1e1", "88 88", "%")),
        *((text, marks.DOUBTFUL) for text in ("101", "145", "GE101", "0.45", ".45")),
    ],
)
def test_what_is_no_rate_has_no_bounds(text, state):
    low, high, found = rate(text)
    assert found == state
    assert pd.isna(low)
    assert pd.isna(high)


def test_two_scales_are_never_read_as_one():
    """`val-15`: 0.45, 45, 45% and 145 in one column."""
    text = pd.Series(["0.45", "45", "45%", "145", "1"])
    shares, state = marks.percent(text, scale="percent")
    assert shares.isna().to_list() == [True, False, False, True, True]
    assert shares.dropna().to_list() == [0.45, 0.45]
    shares, state = marks.percent(text, scale="proportion")
    assert shares.dropna().to_list() == [0.45]
    assert (state == marks.DOUBTFUL).sum() == 4


def test_one_is_one_where_nothing_contradicts():
    assert marks.percent(pd.Series(["1", "45"]), scale="percent")[0][0] == 0.01
    assert marks.percent(pd.Series(["1", ".45"]), scale="proportion")[0][0] == 1.0


def test_zeros_that_a_spreadsheet_dropped_count_as_written():
    text = pd.Series(["0.5573", "0.5", "0", "0.69683", "0.3333"])
    found = marks.rates(text, scale="proportion")
    half = (found["high"] - found["low"]) / 2
    assert half.round(7).to_list()[:4] == [0.00005, 0.00005, 0.000025, 0.000005]


def test_a_footnote_star_is_told():
    found = marks.rates(pd.Series(["81.6*", "81.6"]), scale="percent")
    assert found["starred"].to_list() == [True, False]
    assert found["low"].nunique() == 1
    # As `colorado_3rd_grade` has it, in a column of proportions:
    assert rate("81.6*", scale="proportion")[2] == marks.DOUBTFUL


@given(st.integers(1, 500), st.data(), st.integers(0, 4), st.booleans())
@relaxed
def test_the_truth_lies_within_the_bounds_of_a_rounded_rate(
    people, data, decimals, as_percent
):
    events = data.draw(st.integers(0, people))
    share = events / people
    text = f"{100 * share:.{decimals}f}%" if as_percent else f"{share:.{decimals}f}"
    found = marks.rates(
        pd.Series([text]), scale="percent" if as_percent else "proportion"
    ).iloc[0]
    assert found["low"] - 1e-9 <= share <= found["high"] + 1e-9


@given(st.lists(st.sampled_from(["45", "GE95", "PS", ".", "x", "0.45", "7.5"])))
@relaxed
def test_the_order_of_rows_does_not_matter(texts):
    text = pd.Series(texts, dtype="str")
    found = marks.rates(text, scale="percent")
    backwards = marks.rates(text[::-1], scale="percent")
    pd.testing.assert_frame_equal(found, backwards[::-1])


@given(st.text(max_size=8))
@relaxed
def test_no_text_makes_reading_fail(text):
    assert bounds(text)[2]
    low, high, _ = rate(text)
    assert pd.isna(low) or 0 <= low <= high <= 1


def test_a_refusal_names_all_but_the_cell():
    bad = pd.Series([False, True, True], index=[0, 5, 6])
    with pytest.raises(InputError) as error:
        marks.refuse(bad, column="N", file="a.csv", wanted="a count", then="mend it")
    assert str(error.value) == (
        "a.csv: column N: 2 cell(s) are not a count, first in data row 6; mend it"
    )
