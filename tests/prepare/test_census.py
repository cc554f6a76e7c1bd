"""Census cells: every mark is a state, and no sentinel is ever a number."""

import csv
import gzip
import json
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.prepare import census


@pytest.mark.parametrize(
    ("cell", "value", "low", "high", "state"),
    [
        # Census Bureau, Notes on ACS estimate and annotation values
        ("-", None, None, None, census.NOT_COMPUTED),
        ("-666666666", None, None, None, census.NOT_COMPUTED),
        ("**", None, None, None, census.NO_MARGIN),
        ("-222222222", None, None, None, census.NO_MARGIN),
        ("***", None, None, None, census.OPEN_ENDED),
        ("-333333333", None, None, None, census.OPEN_ENDED),
        ("*****", 0, 0, 0, census.CONTROLLED),
        ("-555555555", 0, 0, 0, census.CONTROLLED),
        ("N", None, None, None, census.TOO_FEW),
        ("-999999999", None, None, None, census.TOO_FEW),
        ("(X)", None, None, None, census.NOT_APPLICABLE),
        ("-888888888", None, None, None, census.NOT_APPLICABLE),
        ("250,000+", None, 250_000, None, census.AT_LEAST),
        ("2,500-", None, None, 2_500, census.AT_MOST),
        # as programs rewrite them
        ("-666666666.0", None, None, None, census.NOT_COMPUTED),
        ("-666,666,666", None, None, None, census.NOT_COMPUTED),
        ("null", None, None, None, census.BLANK),
        (" ", None, None, None, census.BLANK),
        ("0", 0, 0, 0, census.EXACT),
        ("-1", -1, -1, -1, census.EXACT),
        (" 1,234,567 ", 1_234_567, 1_234_567, 1_234_567, census.EXACT),
        ("36.5", 36.5, 36.5, 36.5, census.EXACT),
        ("1,23", None, None, None, census.UNREADABLE),
        ("12,3456", None, None, None, census.UNREADABLE),
        ("nan", None, None, None, census.UNREADABLE),
        ("inf", None, None, None, census.UNREADABLE),
        ("1e9", None, None, None, census.UNREADABLE),
        ("****", None, None, None, census.UNREADABLE),
        ("about 5", None, None, None, census.UNREADABLE),
    ],
)
def test_every_mark_has_its_meaning(cell, value, low, high, state):
    found = census.cells(pd.Series([cell])).iloc[0]
    numbers = [
        None if pd.isna(found[c]) else found[c] for c in ("value", "low", "high")
    ]
    assert numbers == [value, low, high]
    assert found["state"] == state


@given(st.lists(st.integers(-(10**8), 10**9)))
@settings(deadline=None, derandomize=True)
def test_counts_written_with_separators_are_read_back(counts):
    text = pd.Series([f"{count:,}" for count in counts], dtype="str")
    assert census.cells(text)["value"].to_list() == counts


@given(st.lists(st.sampled_from(["-", "5", "9+", "N", "x", "-888888888"])))
@settings(deadline=None, derandomize=True)
def test_no_sentinel_is_a_number_and_states_are_known(cells):
    found = census.cells(pd.Series(cells, dtype="str"))
    assert found["state"].isin(census.STATES).all()
    assert not found[["value", "low", "high"]].lt(0).any(axis=None)


def test_a_mark_of_one_file_is_declared():
    """DC's tracts have -1 for a margin that is not published."""
    text = pd.Series(["-1", "12"])
    assert census.cells(text)["value"].to_list() == [-1, 12]
    found = census.cells(text, marks={"-1": "**"})
    assert found["state"].to_list() == [census.NO_MARGIN, census.EXACT]
    assert found["value"].isna().to_list() == [True, False]


@pytest.mark.parametrize(
    ("estimate", "margin", "low", "high", "state"),
    [
        # Jam values for medians: 2499 and 250001 for household income (B19013)
        ("250001", "-333333333", 250_000, None, census.AT_LEAST),
        ("2499", "***", None, 2_500, census.AT_MOST),
        ("250,000+", "***", 250_000, None, census.AT_LEAST),
        ("250001", "1234", 250_001, 250_001, census.EXACT),
        ("61250", "***", 61_250, 61_250, census.EXACT),
        ("-666666666", "-222222222", None, None, census.NOT_COMPUTED),
    ],
)
def test_medians_are_bounds_where_they_are_open_ended(
    estimate, margin, low, high, state
):
    found = census.medians(pd.Series([estimate]), pd.Series([margin])).iloc[0]
    assert [None if pd.isna(found[c]) else found[c] for c in ("low", "high")] == [
        *(low, high)
    ]
    assert found["state"] == state
    assert pd.isna(found["estimate"]) == (low != high or low is None)


@pytest.mark.parametrize(
    ("geo_id", "geoid"),
    [
        ("1500000US170318391001", "170318391001"),
        ("0400000US17", "17"),
        ("860Z200US60601", "60601"),
        ("06037101110", "06037101110"),
        ("", ""),
        ("US", "US"),
    ],
)
def test_a_prefix_is_cut_off_and_no_digit_lost(geo_id, geoid):
    assert census.area_id(geo_id) == geoid
    assert census.prefix(geo_id) + geoid == geo_id


# Real files -----------------------------------------------------------------------


def download(shared, table):
    """Read a download with the standard library: two header rows, then cells."""
    path = shared / "data" / "chicago" / f"acs2020_5yr_bg_{table}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        names, _, *rows = csv.reader(lines)
    return pd.DataFrame(rows, columns=names, dtype="str")


def is_digits(cell):
    return cell.isascii() and cell.isdigit()


def test_incomes_of_chicago_cell_by_cell(shared):
    raw = download(shared, "B19013")
    marks = Counter(cell for cell in raw["B19013_001E"] if not is_digits(cell))
    # counted in the file with grep: 283, 27 and 5; 283 and 32 in the margins
    assert marks == {"-": 283, "250,000+": 27, "2,500-": 5}
    found = census.medians(raw["B19013_001E"], raw["B19013_001M"])
    assert found["state"].value_counts().to_dict() == {
        census.EXACT: 4002 - 283 - 27 - 5,
        **{census.NOT_COMPUTED: 283, census.AT_LEAST: 27, census.AT_MOST: 5},
    }
    assert found["moe_state"].value_counts().to_dict() == {
        **{census.EXACT: 4002 - 315, census.NO_MARGIN: 283, census.OPEN_ENDED: 32}
    }
    plain = raw["B19013_001E"][raw["B19013_001E"].map(is_digits)]
    assert found["estimate"].sum() == sum(map(int, plain))


def test_counts_of_chicago_are_the_same_from_the_api(shared):
    raw = download(shared, "B03002")
    path = shared / "data" / "api" / "census_acs5_2020_B03002_bg_cook.json.gz"
    names, *rows = json.loads(gzip.decompress(path.read_bytes()))
    api = pd.DataFrame(rows, columns=names, dtype="str").set_index("GEO_ID")
    columns = [name for name in names if name.startswith("B03002_")]
    raw = raw.set_index("GEO_ID")
    assert len(columns) == 42
    for name in columns:
        found = census.cells(raw[name])
        assert found["state"].eq(census.EXACT).all()
        assert found["value"].sum() == sum(map(int, raw[name]))
        pd.testing.assert_frame_equal(
            census.cells(api[name].loc[raw.index.intersection(api.index)]),
            found.loc[raw.index.intersection(api.index)],
        )
    ids = raw.index.map(census.area_id)
    assert ids.str.len().unique().tolist() == [12]
    total, parts = raw["B03002_001E"], raw[["B03002_002E", "B03002_012E"]]
    added = parts.apply(lambda part: census.cells(part)["value"]).sum(axis=1)
    assert added.equals(census.cells(total)["value"])  # Hispanic and not: everybody


def test_incomes_that_a_program_saved_have_sentinels(shared):
    path = shared / "data" / "chicago" / "acs2019_bg_race_internet.csv.gz"
    with gzip.open(path, "rt", newline="") as lines:
        cells = [row["median_household_income"] for row in csv.DictReader(lines)]
    found = census.cells(pd.Series(cells, dtype="str"))
    assert found["state"].eq(census.NOT_COMPUTED).sum() == 177  # counted with grep
    assert found["value"].min() > 0
