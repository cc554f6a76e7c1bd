"""The benchmark compares equal answers: its data, its three ways, its table."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from benchmarks import city, requests, ways

ROWS = 2000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small table of requests, and the tracts."""
    return city.make(ROWS, tmp_path_factory.mktemp("data"), progress=False)


@pytest.fixture(scope="module")
def ours(made):
    return ways.ours(*made)


def test_ours_and_the_analyst_count_alike(made, ours):
    ways.agree(ours, ways.analyst(*made))


def test_csv_gives_the_counts_of_parquet(made, ours):
    file = city.make_csv(made[0])
    ways.agree(ways.ours(file, made[1]), ways.analyst(file, made[1]))
    ways.agree(ours, ways.ours(file, made[1]))


def test_every_mess_is_in_the_rows(made):
    rows = pd.read_parquet(made[0])
    early = rows["closed_date"] < rows["created_date"]
    seen = {
        "the same row again": rows.duplicated(),
        "a request number seen before": rows["unique_key"].duplicated()
        & ~rows.duplicated(),
        "duplicate": rows["status"].eq("Closed - Duplicate"),
        "open": rows["closed_date"].isna(),
        "closed before opened": early,
        "no coordinates": rows["latitude"].isna(),
        "far outside": rows["latitude"] > city.BOX[3] + 1,
    }
    assert set(seen) == set(city.MESSES)
    for mess, share in city.MESSES.items():  # ten standard deviations of a count
        assert seen[mess].mean() == pytest.approx(share, abs=10 * (share / ROWS) ** 0.5)
        assert seen[mess].any(), mess


def test_the_later_state_of_a_repeated_number_lies_later(made):
    rows = pd.read_parquet(made[0]).drop_duplicates()
    repeated = rows[rows["unique_key"].duplicated(keep=False)]
    for _, states in repeated.groupby("unique_key"):
        assert states["created_date"].is_monotonic_increasing
        assert states["closed_date"].is_monotonic_increasing


def test_data_are_the_same_each_time(made, tmp_path):
    again, _ = city.make(ROWS, tmp_path, progress=False)
    assert pd.read_parquet(again).equals(pd.read_parquet(made[0]))


def test_data_that_are_there_are_used_again(made):
    before = made[0].stat().st_mtime_ns
    assert city.make(ROWS, made[0].parent, progress=False)[0] == made[0]
    assert made[0].stat().st_mtime_ns == before


def test_chunks_do_not_share_request_numbers():
    addresses = city._addresses()
    one, other = (city._requests(n, 500, addresses) for n in (0, 500))
    assert not set(one["unique_key"]) & set(other["unique_key"])
    assert one["unique_key"].str.fullmatch("[0-9]{8}").all()


def test_tracts_leave_no_gap_and_do_not_overlap(made):
    tracts = gpd.read_parquet(made[1])
    assert len(tracts) == tracts["area"].nunique() == city.TRACTS
    shapes = tracts.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    whole = shapely.union_all(shapes)
    assert shapely.get_num_interior_rings(whole) == 0
    assert shapely.area(shapes).sum() == pytest.approx(shapely.area(whole))


def test_unequal_answers_are_refused(made, monkeypatch):
    """A comparison of speed at unequal answers must not come out."""

    def run(way, table, places, answer=None):
        return requests._timed(way, table, places, answer)

    def slip(table, places):
        return ways.analyst(table, places).iloc[1:]

    monkeypatch.setattr(requests, "_fresh", run)
    found = requests.compare(*made, repeats=1, progress=False)
    assert found["ours"].groups == found["analyst"].groups
    assert "| – |" not in requests.lines({"0.002 (Parquet)": found})
    monkeypatch.setitem(requests.WAYS, "analyst", slip)
    with pytest.raises(AssertionError, match="differ in 1 groups"):
        requests.compare(*made, repeats=1, progress=False)
