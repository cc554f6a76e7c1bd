"""Identifiers: one change that makes ids match is named, and none is made."""

import pandas as pd
import pytest

from equity.prepare import identifiers

TRACTS = ["06037101110", "06037101122", "06037101210"]


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ([f"1400000US{tract}" for tract in TRACTS], TRACTS, "declare strip: '1400000U"),
        (TRACTS, [f"1400000US{tract}" for tract in TRACTS], "ids of the areas begin"),
        ([f"{tract}.0" for tract in TRACTS], TRACTS, "the ids end in '.0'"),
        (TRACTS, [f"{tract}.0" for tract in TRACTS], "ids of the areas end in '.0'"),
        ([tract.lstrip("0") for tract in TRACTS], TRACTS, "lost leading zeros"),
        ([f"{int(tract)}.0" for tract in TRACTS], TRACTS, "lost leading zeros"),
        (["1011.10", "1011.22", "1012.10"], TRACTS, "state and county ('06037')"),
        (["Census Tract 1001", "1002.00"], ["17031100100", "17031100200"], "'17031'"),
        ([f"{tract}1" for tract in TRACTS], TRACTS, "smaller areas"),
        (TRACTS, [f"{tract}1" for tract in TRACTS], "larger areas"),
        (["06037101123", "06037101124"], TRACTS, ""),  # another vintage
        (["x", ""], TRACTS, ""),
        ([], TRACTS, ""),
        (TRACTS, TRACTS, ""),
    ],
)
def test_the_difference_is_named(found, wanted, said):
    found, wanted = (pd.Series(ids, dtype="str") for ids in (found, wanted))
    message = identifiers.difference(found, wanted)
    assert said in message
    assert bool(said) == bool(message)
