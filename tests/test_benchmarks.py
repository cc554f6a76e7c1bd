"""The benchmarks compare what can be compared: their data, their ways, their tables."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from benchmarks import (
    catchments,
    city,
    coverage,
    disclosure,
    hetop,
    placement,
    requests,
    ways,
)

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


# --- disclosure -----------------------------------------------------------------


def square(values, hidden) -> pd.DataFrame:
    """A table of counts by group and department, some of them hidden."""
    rows, columns = np.shape(values)
    return pd.DataFrame(
        {
            "group": np.repeat(list("wxyz")[:rows], columns),
            "department": np.tile(list("abcd")[:columns], rows),
            "events": np.ravel(values),
            "hidden": np.ravel(hidden).astype(bool),
        }
    )


def test_the_attacker_finds_the_published_exact_cell(shared):
    """The 4 x 4 table of sdcTable's own test: two hidden in each line, w|b is 47."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a["fixture"] for a in attacks if a["id"] == "dis-03")
    names = [row + column for row in case["rows"] for column in case["cols"]]
    hidden = np.reshape([name in case["suppressed"] for name in names], (4, 4))
    found = disclosure.exact(square(case["values"], hidden))
    assert "wb" in [names[k] for k in found]


def test_the_attacker_knows_that_hidden_counts_are_people():
    everything = np.ones((2, 2))
    assert set(disclosure.exact(square([[1, 1], [1, 5]], everything))) == {0, 1, 2, 3}
    assert len(disclosure.exact(square([[4, 6], [7, 5]], everything))) == 0


def test_by_hand_leaves_no_line_with_one_hidden():
    for seed in range(5):
        found = disclosure.by_hand(disclosure.table(seed))
        for name in disclosure.LINES:
            assert (found.groupby(name)["hidden"].sum() != 1).all()


def test_city_tables_are_as_described():
    tables = [disclosure.table(seed) for seed in range(disclosure.TABLES)]
    people = [int(made["events"].sum()) for made in tables]
    assert min(people) >= 250
    assert max(people) <= 900
    assert {made["department"].nunique() for made in tables} == {4, 5, 6}
    assert {made["group"].nunique() for made in tables} == {9}
    assert tables[3].equals(disclosure.table(3))
    shares = pd.concat(tables).groupby("group")["events"].sum() / sum(people)
    assert (shares - pd.Series(disclosure.GROUPS)).abs().max() < 0.03


def test_what_is_measured_can_be_counted_by_hand():
    counts = square([[40, 3], [20, 0]], np.zeros((2, 2))).drop(columns="hidden")
    result = disclosure.judge(counts, disclosure.small_only(counts))
    assert (result.cells, result.shown, result.people, result.people_shown) == (
        4,
        3,
        63,
        60,
    )
    assert (result.large, result.large_shown) == (3, 3)
    assert (result.own, result.own_shown) == (4, 3)
    assert (result.hidden_small, result.exact) == (1, 1)


def test_thirty_tables_repeat_each_others_margins():
    assert len(set(disclosure.CROSSED)) == 30
    whole = {frozenset(names) for names in disclosure.CROSSED}
    assert all(
        any(names < other or other < names for other in whole) for names in whole
    )


def test_catchments_are_those_of_a_plain_loop():
    """2SFCA by hand: what each place has for each resident near it, added up."""
    made = catchments.city(20, 9)
    _, scores = catchments.ours(made)
    people = made["population"].set_index("area")["estimate"]
    capacity = made["facilities"].set_index("facility_id")["capacity"]
    near = made["costs"][made["costs"]["cost"] <= max(catchments.STEPS)]
    residents = near.groupby("facility_id")["area"].apply(lambda a: people[a].sum())
    each = capacity.reindex(residents.index) / residents
    wanted = near["facility_id"].map(each).groupby(near["area"]).sum()
    found = scores["2SFCA"].reindex(people.index)
    np.testing.assert_allclose(found, wanted.reindex(people.index).fillna(0))


def test_placement_in_one_go_and_in_a_loop_agree():
    tables = placement.city(60, 40)
    placement.agree(placement.ours(*tables, 4000), placement.numpy_loop(*tables, 4000))


def test_coverage_is_counted_as_it_says():
    """Four intervals: one misses the truth, one of the two without a gap is a flag."""
    rows = pd.DataFrame(
        {
            "measure": "days, difference",
            "group": "A",
            "truth": [1.0, 1.0, 0.0, 0.0],
            "low": [0.5, 1.5, -1.0, 0.5],
            "high": [1.5, 2.0, 1.0, 2.0],
            "gap": [1.0, 1.0, 0.0, 0.0],
        }
    )
    line = coverage.report(rows).splitlines()[2]
    assert line == "| days, difference | 50.0% | 50.0% | 50.0% | 50.0% | 4 |"


@pytest.mark.slow
def test_a_city_is_drawn_and_measured():
    table = coverage.simulate((1, 1.0, 40))
    assert set(table["measure"]) >= {
        "on time: adjusted gap",
        "median days to close, difference",
    }
    assert table["truth"].notna().all()
    assert (table["low"] <= table["high"]).mean() > 0.95


def test_hetop_and_the_generic_optimiser_must_agree(monkeypatch):
    def run(way, groups, masked):
        return hetop._timed(way, groups, masked)

    monkeypatch.setattr(hetop, "_fresh", run)
    found = hetop.compare(5)
    assert set(found) == {"ours", "generic"}
    assert set(hetop.compare(5, masked=True)) == {"ours"}
    off = found["generic"].means + 2 * hetop.ALIKE
    monkeypatch.setitem(hetop.WAYS, "generic", lambda frame: (off, 0.0))
    with pytest.raises(AssertionError, match="the answers for 5 groups are 2"):
        hetop.compare(5)


def test_hetops_counts_are_hidden_below_ten():
    shown, hidden = hetop.counts(40), hetop.counts(40, masked=True)
    small = shown["students"] < 10
    assert small.any()
    assert (hidden["students"].isna() == small).all()
    assert hidden.loc[~small, "students"].equals(shown.loc[~small, "students"])
    total = shown.groupby("group")["students"].transform("sum")
    assert (hidden["population"] == total).all()
