"""Coordinates: text is read strictly, and a system is never guessed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError
from equity.prepare import coordinates


@given(st.floats(-180, 180), st.floats(-180, 180))
@settings(deadline=None, derandomize=True)
def test_numbers_written_out_are_read_back(lat, lon):
    found = coordinates.numbers(pd.Series([repr(lat)]), pd.Series([repr(lon)]))
    assert found[["y", "x"]].to_numpy().tolist() == [[lat, lon]]
    assert found["problem"].eq("").all()


def test_numbers_and_text_can_be_mixed_and_inputs_are_unchanged():
    lat, lon = pd.Series([41.7, np.nan, np.inf]), pd.Series(["-87.6", "1", "1"])
    before = lat.copy(), lon.copy()
    found = coordinates.numbers(lat, lon)
    assert found["problem"].to_list() == [
        *("", coordinates.MISSING, coordinates.UNREADABLE)
    ]
    pd.testing.assert_series_equal(lat, before[0])
    pd.testing.assert_series_equal(lon, before[1])


def test_no_rows_are_no_problem():
    empty = pd.Series([], dtype="str")
    assert coordinates.numbers(empty, empty).empty


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(41.76155535585864, -87.56208363879564)", ("41.76155535585864",)),
        ("2505 E. 73rd St.\nChicago, IL\n(41.76, -87.56)", ("41.76", "-87.56")),
        ("POINT (-87.56 41.76)", ("41.76", "-87.56")),
        ("Point(-87.56 41.76)", ("41.76", "-87.56")),
        ("(41.76)", ("(41.76)", "(41.76)")),
        ("(41.76, -87.56) and more", ("(41.76, -87.56) and more",)),
    ],
)
def test_one_column_holds_both(text, expected):
    found = coordinates.split_location(pd.Series([text])).iloc[0].to_list()
    assert found[: len(expected)] == list(expected)


def test_a_file_of_text_is_refused_without_repeating_it():
    lat, lon = pd.Series(["41 N"] * 20), pd.Series(["87 W"] * 20)
    points, rows = coordinates.numbers(lat, lon), pd.Series(1, lat.index)
    degrees = coordinates.system("", where="")
    with pytest.raises(InputError, match=r"a\.csv: 20 of 20 .*not numbers") as caught:
        coordinates.check_units(points, rows, crs=degrees, decimal=".", where="a.csv")
    assert "41 N" not in str(caught.value)


def test_there_and_back_again():
    feet, degrees = (
        coordinates.system("EPSG:3435", where=""),
        coordinates.system("", where=""),
    )
    lon, lat = np.array([-87.6, -87.7]), np.array([41.7, 41.9])
    xy = coordinates.transformed(lon, lat, ours=degrees, theirs=feet)
    back = coordinates.transformed(*xy, ours=feet, theirs=degrees)
    np.testing.assert_allclose(back, (lon, lat), atol=1e-9)
