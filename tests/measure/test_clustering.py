"""Clustering of residuals: by hand, against a plain formula, and of chance alone."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import clustering
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)
SIDE = 6
NAMES = [f"{row}{column}" for row in range(SIDE) for column in range(SIDE)]
CELLS = [box(c, r, c + 1, r + 1) for r in range(SIDE) for c in range(SIDE)]
GRID = gpd.GeoDataFrame({"area": NAMES}, geometry=CELLS)


@pytest.fixture(scope="module")
def queen():
    return clustering.neighbours(GRID)


def values(found):
    return pd.DataFrame({"area": NAMES, "residual": found})


def plain(found, pairs):
    """Moran's I from its formula (Cliff and Ord 1981, p. 17), rows adding up to one."""
    weights = np.zeros((len(NAMES), len(NAMES)))
    place = {name: number for number, name in enumerate(NAMES)}
    for area, other in pairs.to_numpy():
        weights[place[area], place[other]] = 1
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    z = np.asarray(found, dtype=float) - np.mean(found)
    return len(z) / weights.sum() * (z @ weights @ z) / (z @ z)


def test_neighbours_touch_at_sides_and_corners(queen):
    of = queen.groupby("area")["neighbour"].agg(set)
    assert of["00"] == {"01", "10", "11"}
    assert len(of["22"]) == 8
    assert len(queen) == 4 * 3 + 4 * (SIDE - 2) * 5 + (SIDE - 2) ** 2 * 8
    both = set(map(tuple, queen.to_numpy()))
    assert both == {(b, a) for a, b in both}


@given(st.lists(st.integers(-50, 50), min_size=36, max_size=36).filter(np.var))
@relaxed
def test_the_statistic_is_that_of_the_formula(found):
    pairs = clustering.neighbours(GRID)
    table = clustering.moran(values(found), pairs, permutations=19)
    assert table["estimate"].iloc[0] == pytest.approx(plain(found, pairs))
    assert table["expected"].iloc[0] == pytest.approx(-1 / 35)


def test_a_trend_is_clustered_and_a_chessboard_is_not(queen):
    trend = clustering.moran(values([cell.centroid.x for cell in CELLS]), queen).iloc[0]
    assert trend["clustered"]
    assert trend["estimate"] > trend["null_high"]
    assert trend["p_value"] == pytest.approx(2 / 1000)
    rook = queen[
        [
            abs(int(a) - int(b)) in (1, 10)
            for a, b in zip(queen["area"], queen["neighbour"], strict=True)
        ]
    ]
    chess = [(row + column) % 2 for row in range(SIDE) for column in range(SIDE)]
    unlike = clustering.moran(values(chess), rook).iloc[0]
    assert unlike["estimate"] == pytest.approx(-1)
    assert not unlike["clustered"]
    assert unlike["p_value"] == pytest.approx(2 / 1000)


def test_chance_is_called_clustered_as_rarely_as_promised(queen):
    """Two-sided at 95 %: of 80 random fields about 5 % have p below 0.05."""
    random = np.random.default_rng(8)
    p_values = [
        clustering.moran(
            values(random.normal(size=36)), queen, permutations=99, seed=seed
        )["p_value"].iloc[0]
        for seed in range(80)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.1
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.1)


def test_columns_and_that_there_is_no_interval(queen):
    table = clustering.moran(values(range(36)), queen)
    given_ = ["areas", "islands", "unknown"]
    further = ["expected", "null_low", "null_high", "p_value", "clustered"]
    assert table.columns.tolist() == [*given_, *MEASURE_COLUMNS, *further]
    row = table.iloc[0]
    assert np.isnan(row["conf_low"])
    assert "no interval" in row["method"]
    assert row["measure"] == "clustering of residuals among neighbours"
    again = clustering.moran(values(range(36)), queen)
    pd.testing.assert_frame_equal(table, again)
    other = clustering.moran(values(range(36)), queen, seed=2)
    assert other["null_high"].iloc[0] != row["null_high"]


def test_a_permutation_leaves_the_state_of_the_process_alone(queen):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - what must not move
    clustering.moran(values(range(36)), queen)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_islands_and_unknown_areas_are_left_out_and_counted(queen):
    found = np.arange(36.0)
    found[[1, 6, 7]] = np.nan  # the neighbours of the corner
    table = clustering.moran(values(found), queen).iloc[0]
    assert (table["areas"], table["islands"], table["unknown"]) == (32, 1, 3)
    kept = [name for name in NAMES if name not in {"00", "01", "10", "11"}]
    without = values(np.arange(36.0))
    without = without[without["area"].isin(kept)]
    pairs = queen[queen["area"].isin(kept) & queen["neighbour"].isin(kept)]
    assert table["estimate"] == pytest.approx(
        clustering.moran(without, pairs)["estimate"].iloc[0]
    )


def test_order_of_rows_does_not_matter(queen):
    table = values(np.random.default_rng(3).normal(size=36))
    shuffled = table.sample(frac=1, random_state=1)
    pairs = queen.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        clustering.moran(table, queen), clustering.moran(shuffled, pairs)
    )


def test_equal_values_have_no_estimate(queen):
    row = clustering.moran(values(np.full(36, 0.3)), queen).iloc[0]
    assert np.isnan(row["estimate"])
    assert np.isnan(row["p_value"])
    assert pd.isna(row["clustered"])


def test_residuals_are_in_standard_errors():
    shares = pd.DataFrame(
        {
            "area": list("1234"),
            "events": [60, 40, np.nan, 0],
            "population": [100, 100, 50, 0],
        }
    )
    found = clustering.residuals(shares)
    np.testing.assert_allclose(found["residual"], [2, -2, np.nan, np.nan])
    wider = clustering.residuals(shares, dispersion=4.0)
    np.testing.assert_allclose(wider["residual"], [1, -1, np.nan, np.nan])
    given_ = clustering.residuals(shares.assign(expected=[0.6, 0.5, 0.5, 0.5]))
    np.testing.assert_allclose(given_["residual"], [0, -2, np.nan, np.nan], atol=1e-12)


def test_wrong_tables_are_refused_with_the_fact(queen):
    few = values(range(36)).head(9)
    with pytest.raises(InputError, match="9 areas have a value and a neighbour"):
        clustering.moran(few, queen)
    with pytest.raises(InputError, match="36 of 72 rows repeat an area"):
        clustering.moran(pd.concat([values(range(36))] * 2), queen)
    with pytest.raises(ColumnNotFoundError, match="residual"):
        clustering.moran(few[["area"]], queen)
    with pytest.raises(ParamsError, match="confidence is 95"):
        clustering.moran(values(range(36)), queen, confidence=95)
    shares = pd.DataFrame({"area": ["1"], "events": [1], "population": [2]})
    with pytest.raises(InputError, match="dispersion is 0"):
        clustering.residuals(shares, dispersion=0)
    with pytest.raises(InputError, match="expected is not a proportion"):
        clustering.residuals(shares.assign(expected=60))


def test_chicago_tracts_have_neighbours(shared):
    """The 801 tracts of 2010: all touch another, and latitude is clustered."""
    path = shared / "data" / "chicago" / "tracts_2010.geojson.gz"
    tracts = gpd.read_file(f"/vsigzip/{path}").rename(columns={"geoid10": "area"})
    pairs = clustering.neighbours(tracts)
    assert pairs["area"].nunique() == len(tracts) == 801
    north = tracts[["area"]].assign(residual=tracts.geometry.bounds["miny"])
    row = clustering.moran(north, pairs).iloc[0]
    assert (row["areas"], row["islands"]) == (801, 0)
    assert row["estimate"] > 0.9
