"""Baselines: numbers of the areas, missing where they are not known."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError, ParamsError
from equity.prepare import baselines, sources
from equity.prepare.quality import Ledger

AREAS = pd.DataFrame({"area": ["17031010100", "17031010200", "17031010300"]})
COLUMNS = {
    **{"area": "geoid", "estimate": "none", "moe": "none_m"},
    **{"total": "all", "total_moe": "all_m"},
}
SOURCE = sources.Baselines(
    file="h.csv",
    title="Homes",
    vintage="2020",
    label="Households without internet",
    universe="Households",
    columns=COLUMNS,
)
PARTS = SOURCE.model_copy(update={"area_digits": 11})
RAW = pd.DataFrame(
    [
        ("17031010200", "1,200", "90", "2,000", "120"),
        ("17031010100", "0", "12", "30", "12"),
        ("17031010300", "5", "4", "7", "*****"),
        ("17043840000", "5", "4", "7", "4"),
    ],
    columns=["geoid", "none", "none_m", "all", "all_m"],
)


def clean(raw=RAW, source=SOURCE, areas=AREAS):
    ledger = Ledger("baselines", source.named(), len(raw))
    found = baselines.clean_baselines(raw, source, ledger, areas=areas)
    return found, ledger


def test_a_row_for_each_area():
    found, ledger = clean()
    assert found.columns.to_list() == baselines.BASELINES
    assert found["area"].to_list() == sorted(AREAS["area"])
    assert found["estimate"].to_list() == [0, 1200, 5]
    assert found["moe"].to_list() == [12, 90, 4]
    assert found["total_moe"].to_list() == [12, 120, 0]  # controlled is 0
    assert set(found["baseline"]) == {"Households without internet"}
    assert set(found["universe"]) == {"Households"}
    assert set(found["source"]) == {"Homes"}
    assert ledger.entries == [("set aside", baselines.NOT_AREAS, 1)]


def test_parts_add_up_by_hand():
    raw = pd.DataFrame(
        [
            ("170310101001", "3", "3", "20", "5"),
            ("170310101002", "5", "4", "30", "12"),
            ("170310102001", "7", "6", "40", "8"),
            ("170310102002", "-", "**", "40", "6"),
            ("170438400001", "7", "6", "40", "8"),
        ],
        columns=RAW.columns,
    )
    found, ledger = clean(raw, PARTS)
    first, second, third = found.to_dict("records")
    assert (first["estimate"], first["moe"]) == (8, 5)
    assert (first["total"], first["total_moe"]) == (50, 13)
    # A sum with an unknown part is unknown; its universe is known.
    assert np.isnan(second["estimate"])
    assert np.isnan(second["moe"])
    assert (second["total"], second["total_moe"]) == (80, 10)
    assert np.isnan(third["total"])
    assert ledger.entries == [
        ("set aside", baselines.NOT_AREAS, 1),
        ("noted", baselines.ADDED, 4),
        ("noted", baselines.UNKNOWN, 1),
        ("noted", baselines.NO_AREAS, 1),
    ]


def test_areas_that_the_file_lacks_are_counted_and_missing_never_zero():
    found, ledger = clean(RAW.iloc[1:])
    assert found.set_index("area")["estimate"].isna().to_list() == [False, True, False]
    assert ("noted", baselines.NO_AREAS, 1) in ledger.entries


def test_a_number_without_a_margin_is_noted():
    bare = {k: v for k, v in COLUMNS.items() if "moe" not in k}
    found, ledger = clean(source=SOURCE.model_copy(update={"columns": bare}))
    assert found[["moe", "total_moe"]].isna().all(axis=None)
    assert ("noted", baselines.NO_MARGINS, 3) in ledger.entries


def test_marks_of_the_census_are_missing_and_noted():
    raw = RAW.assign(none=["-", "0", "N", "1"])
    found, ledger = clean(raw)
    assert found["estimate"].isna().to_list() == [False, True, True]
    assert ("noted", "no number published; not known", 2) in ledger.entries
    own = SOURCE.model_copy(update={"marks": {"-1": "N"}})
    found, _ = clean(RAW.assign(none=["-1", "0", "5", "1"]), own)
    assert found["estimate"].isna().sum() == 1


@pytest.mark.parametrize(
    ("column", "cells", "said"),
    [
        ("none", ["x", "0", "5", "5"], "column none: 1 cell.s. are not counts, first"),
        ("none", ["-1", "0", "5", "5"], "column none: 1 cell.s. are not counts, first"),
        ("none_m", ["9", "-4", "5", "5"], "column none_m: 1 cell.s. are not margins"),
        ("all", ["250,000+", "30", "7", "7"], "column all: 1 cell.s. are not counts"),
        ("none", ["2,001", "0", "5", "5"], "none is larger than all in 1 row"),
        ("geoid", ["17031010100"] * 4, "3 row.s. are of an area listed more than once"),
        ("geoid", ["8391"] * 4, "none of its 1 ids is one of the 3 areas"),
    ],
)
def test_what_cannot_be_right_is_refused(column, cells, said):
    with pytest.raises(InputError, match=said) as error:
        clean(RAW.assign(**{column: cells}))
    assert str(error.value).startswith("h.csv")


def test_block_groups_in_the_place_of_tracts_say_what_to_do():
    raw = RAW.assign(geoid=RAW["geoid"] + "1")
    with pytest.raises(InputError, match="smaller areas, such as block groups"):
        clean(raw)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": " "}, "label is empty"),
        ({"universe": ""}, "give 'universe', in words, and the column total"),
        ({"columns": {"area": "a", "estimate": "e"}}, "give 'universe'"),
        ({"columns": {"area": "a"}}, "estimate is missing"),
        (
            {
                "columns": {"area": "a", "estimate": "e", "total_moe": "m"},
                "universe": "",
            },
            "total_moe is of no total",
        ),
    ],
)
def test_a_description_is_whole(change, said):
    settings = {"label": "Homes", "universe": "All", "columns": COLUMNS} | change
    with pytest.raises(ParamsError, match=said):
        sources.Baselines(file="h.csv", **settings)


def test_real_block_groups_add_up_to_tracts(shared):
    path = shared / "data" / "chicago" / "acs2019_bg_race_internet.csv.gz"
    if not path.exists():
        pytest.skip("the block groups of Chicago are absent")
    raw = pd.read_csv(path, dtype=str).fillna("")
    source = sources.Baselines(
        file="b.csv",
        label="Households without internet",
        universe="Households",
        area_digits=11,
        columns={
            **{"area": "geoid", "estimate": "internet_no_access"},
            "total": "internet_total_estimate",
        },
    )
    areas = pd.DataFrame({"area": raw["geoid"].str[:11].unique()})
    found, ledger = clean(raw, source, areas)
    numbers = raw.assign(
        none=raw["internet_no_access"].astype(float),
        tract=raw["geoid"].str[:11],
    )
    one = areas["area"].iloc[0]
    wanted = numbers.loc[numbers["tract"] == one, "none"].sum()
    assert found.set_index("area").loc[one, "estimate"] == wanted
    assert found["estimate"].sum() == numbers["none"].sum()
    assert all(action != "set aside" for action, *_ in ledger.entries)
