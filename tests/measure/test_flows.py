"""Rates of promotion and leaving, their pools, and shares of hires."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import disparity, flows, intervals, pools
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=25, derandomize=True)
START, NEXT = pd.Timestamp("2023-12-31"), pd.Timestamp("2024-12-31")
RACES = ["Asian", "Black", "White"]


def people(ids, races, department="Fire", as_of=START) -> pd.DataFrame:
    frame = pd.DataFrame({"worker_id": list(ids), "race": races})
    frame["race"] = pd.Categorical(frame["race"], RACES)
    return frame.assign(department=department, as_of=as_of)


def happened(ids, races, date="2024-06-30", kind="promotion", department="Fire"):
    frame = people(ids, races, department).drop(columns="as_of")
    return frame.assign(kind=kind, date=pd.to_datetime(date))


def counts(**cells) -> pd.DataFrame:
    """Events and population of each group."""
    rows = [(group, *pair) for group, pair in cells.items()]
    return pd.DataFrame(rows, columns=["group", "events", "population"])


def cell(table, group, **values):
    rows = table[table["group"] == group]
    return select(rows, **values).iloc[0] if values else rows.iloc[0]


def test_a_person_counts_once_in_a_window_and_only_of_the_pool():
    pool = pd.concat(
        [people("1234", ["Black"] * 4), people("234", ["Black"] * 3, as_of=NEXT)]
    )
    rises = happened("11923", ["Black"] * 4 + ["White"])
    rises["date"] = pd.to_datetime(
        ["2024-01-01", "2024-12-31", "2024-05-05", "2025-01-01", "2023-12-31"]
    )
    table = pools.tally(rises, pool, kind="promotion")
    black = table[table["group"] == "Black"].set_index("window")
    # in 2024 person 1 (twice; the last day is of the window) and 9, who is not of the
    # pool; then person 2; what happened on the first day itself is of no window
    assert black.loc[START].tolist()[1:] == [1, 4, 2]
    assert black.loc[NEXT].tolist()[1:] == [1, 3, 0]
    assert table["events"].sum() + table["not_counted"].sum() == 4


def test_who_moves_counts_in_the_department_they_came_from():
    pool = pd.concat([people("12", ["White"] * 2), people("3", ["White"], "Parks")])
    rises = happened("1", ["White"], department="Parks")
    table = pools.tally(rises, pool, kind="promotion", by=["department"])
    white = table[table["group"] == "White"].set_index("department")
    assert white["events"].to_dict() == {"Fire": 1, "Parks": 0}
    assert white["not_counted"].sum() == 0


def test_without_numbers_events_count_against_the_cell():
    pool = people([""] * 5, ["Black"] * 2 + ["White"] * 3)
    rises = happened([""] * 4, ["Black"] * 3 + ["White"])
    table = pools.tally(rises, pool, kind="promotion").set_index("group")
    assert table.loc["Black", "events":].tolist() == [2, 2, 1]  # no more than people
    assert table.loc["White", "events":].tolist() == [1, 3, 0]


def test_a_pool_at_the_end_takes_the_events_before_it():
    pool = people([""] * 3, ["Black", "White", "White"], as_of=NEXT)
    rises = happened([""] * 2, ["White", "White"], date=["2024-12-31", "2025-01-01"])
    after = pools.tally(rises, pool, kind="promotion", pool="end").set_index("group")
    assert after.loc["White", "events"] == 1
    before = pools.tally(rises, pool, kind="promotion").set_index("group")
    assert before.loc["White", "events"] == 1
    assert before["not_counted"].sum() == after["not_counted"].sum() == 0


def test_a_group_of_nobody_stays_visible():
    table = flows.rates(
        happened("1", ["Black"]),
        people("123", ["Black", "White", "White"]),
        kind="promotion",
        reference="White",
    )
    row = cell(table, "Asian", statistic="level")
    assert (row["events"], row["population"]) == (0, 0)
    assert row[["estimate", "conf_low", "conf_high"]].isna().all()


def test_a_kind_of_which_no_event_is_known_has_no_rate():
    """A report of hires and promotions says nothing of leavers, not that none left."""
    rises = happened("1", ["Black"])
    staff = people("123", ["Black", "White", "White"]).assign(department="Fire")
    asked = {"kind": "separation", "reference": "White"}
    assert flows.rates(rises, staff, **asked).empty
    assert flows.adjusted(rises.assign(department="Fire"), staff, **asked).empty
    assert len(flows.rates(rises, staff, **{**asked, "kind": "promotion"}))


def test_rates_by_hand():
    """12 of 200 and 30 of 300: 6 % against 10 %, six tenths, eight people short."""
    table = flows.compared(
        counts(Black=(12, 200), White=(30, 300)), kind="promotion", reference="White"
    )
    level = cell(table, "Black", statistic="level")
    assert level["estimate"] == 0.06
    low, high = intervals.wilson(12, 200)
    assert level[["conf_low", "conf_high"]].tolist() == pytest.approx([low, high])
    assert cell(table, "Black", statistic="difference")["estimate"] == pytest.approx(
        -0.04
    )
    ratio = cell(table, "Black", statistic="ratio")
    assert ratio["estimate"] == pytest.approx(0.6)
    width = 1.959964 * np.sqrt(1 / 12 - 1 / 200 + 1 / 30 - 1 / 300)
    assert np.log(ratio["conf_high"] / 0.6) == pytest.approx(width)
    assert ratio["people_to_parity"] == 8
    assert set(table["direction"]) == {"higher is better"}


def test_fisher_is_the_sum_of_tables_no_likelier():
    table = flows.compared(
        counts(Black=(3, 20), White=(14, 40)), kind="promotion", reference="White"
    )
    chances = hypergeom.pmf(np.arange(18), 60, 20, 17)
    expected = chances[chances <= chances[3] * (1 + 1e-9)].sum()
    found = table.loc[table["group"] == "Black", "p_value"]
    assert found.isna().tolist() == [True, False, False]
    assert found.dropna().tolist() == pytest.approx([expected] * 2)
    assert table.loc[table["group"] == "White", "p_value"].isna().all()


def test_of_separations_fewer_are_better():
    """30 of 200 against 30 of 300: ten more than a tenth."""
    table = flows.compared(
        counts(Black=(30, 200), White=(30, 300)), kind="separation", reference="White"
    )
    assert cell(table, "Black")["people_to_parity"] == 10
    assert set(table["direction"]) == {"lower is better"}
    assert set(table["measure"]) == {"separation rate"}


def test_people_are_counted_exactly():
    """A tenth of thirty is three people, though 0.1 * 30 > 3 in floating point."""
    table = flows.compared(
        counts(A=(3, 30), B=(1, 10)), kind="promotion", reference="B"
    )
    assert cell(table, "A")["people_to_parity"] == 0


def test_a_group_without_events_has_an_upper_limit():
    table = flows.compared(
        counts(Black=(0, 40), White=(30, 300), Asian=(0, 0)),
        kind="promotion",
        reference="White",
    )
    ratio = cell(table, "Black", statistic="ratio")
    assert ratio["estimate"] == ratio["conf_low"] == 0
    assert 0.5 < ratio["conf_high"] < 1.2
    assert ratio["method"] == "MOVER of Wilson scores"
    assert cell(table, "White", statistic="ratio")["method"] == "Katz log"
    assert np.isnan(cell(table, "Asian", statistic="ratio")["conf_high"])


@relaxed
@given(data=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 60)), min_size=2))
def test_rates_are_the_plain_comparisons(data):
    table = counts(**{f"g{n}": (min(e, p), p) for n, (e, p) in enumerate(data)})
    before = table.copy()
    found = flows.compared(table, kind="promotion", reference="g0")
    pd.testing.assert_frame_equal(table, before)
    assert set(MEASURE_COLUMNS) <= set(found)
    for statistic, function in {
        "difference": disparity.difference,
        "ratio": disparity.ratio,
    }.items():
        plain = function(table, reference="g0")
        part = select(found, statistic=statistic)
        np.testing.assert_allclose(part["estimate"], plain["estimate"])
        known = plain["conf_low"].notna()
        np.testing.assert_allclose(
            part.loc[known, "conf_high"], plain.loc[known, "conf_high"]
        )


def test_adjusting_for_departments_takes_the_mix_away():
    """Fire promotes a half, Parks a tenth, of both groups; most Black staff: Parks."""
    sizes = {("Parks", "Black"): (8, 80), ("Parks", "White"): (2, 20)}
    sizes |= {("Fire", "Black"): (10, 20), ("Fire", "White"): (40, 80)}
    pool, rises = built(sizes)
    table = flows.adjusted(rises, pool, kind="promotion", reference="White")
    row = cell(table, "Black", statistic="ratio")
    assert row["estimate"] == pytest.approx(1)
    assert row["crude"] == pytest.approx(18 / 42)
    assert row["strata"] == 2
    assert row["p_value"] == pytest.approx(1)
    assert row["homogeneity_p_value"] == pytest.approx(1)
    gap = cell(table, "Black", statistic="difference")
    assert gap["estimate"] == pytest.approx(0)
    assert gap["crude"] == pytest.approx(-0.24)
    odds = cell(table, "Black", statistic="odds ratio")
    assert odds["crude"] == pytest.approx((18 / 82) / (42 / 58))
    assert odds["conf_low"] < 1 < odds["conf_high"]


def test_a_gap_that_turns_round_is_told():
    """Twice as often in Fire, half as often in Parks: an average tells neither."""
    sizes = {("Parks", "Black"): (20, 100), ("Parks", "White"): (40, 100)}
    sizes |= {("Fire", "Black"): (40, 100), ("Fire", "White"): (20, 100)}
    pool, rises = built(sizes)
    table = flows.adjusted(rises, pool, kind="promotion", reference="White")
    row = cell(table, "Black", statistic="odds ratio")
    assert row["estimate"] == pytest.approx(1)
    assert row["homogeneity_p_value"] < 0.001


def test_windows_are_strata_too():
    pool, rises = built({("Fire", "Black"): (4, 20), ("Fire", "White"): (16, 40)})
    later = pool.assign(as_of=NEXT)
    again = rises.assign(date=pd.Timestamp("2025-03-01"))
    table = flows.adjusted(
        pd.concat([rises, again]),
        pd.concat([pool, later]),
        kind="promotion",
        reference="White",
    )
    row = cell(table, "Black", statistic="ratio")
    assert (row["strata"], row["population"]) == (2, 40)
    assert row["estimate"] == pytest.approx(0.5)


def test_homogeneity_is_not_told_of_strata_too_small():
    sizes = {(f"D{n}", "Black"): (n % 2, 3) for n in range(12)}
    sizes |= {(f"D{n}", "White"): (1, 30) for n in range(12)}
    pool, rises = built(sizes)
    table = flows.adjusted(rises, pool, kind="promotion", reference="White")
    row = cell(table, "Black", statistic="ratio")
    assert np.isfinite(row["p_value"])
    assert np.isnan(row["homogeneity_p_value"])


def test_shares_of_hires_by_hand():
    """8 of 20 hired, 30 of 100 in post: ten points and a third above."""
    staff = people(range(100), ["Black"] * 30 + ["White"] * 70)
    hires = happened("a" * 20, ["Black"] * 8 + ["White"] * 12, kind="hire")
    table = flows.shares(hires, staff)
    low, high = intervals.wilson(8, 20)
    for statistic, estimate, turn in (
        ("level", 0.4, lambda value: value),
        ("difference", 0.1, lambda value: value - 0.3),
        ("ratio", 4 / 3, lambda value: value / 0.3),
    ):
        row = cell(table, "Black", statistic=statistic)
        assert row["estimate"] == pytest.approx(estimate)
        assert row["conf_low"] == pytest.approx(turn(low))
        assert row["conf_high"] == pytest.approx(turn(high))
    asian = cell(table, "Asian", statistic="ratio")
    assert np.isnan(asian["estimate"])  # nobody in post to compare with
    assert cell(table, "Asian", statistic="level")["estimate"] == 0
    nothing = flows.shares(hires, staff, kind="separation")
    assert nothing["estimate"].isna().all()


def built(sizes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pool and promotions of (department, group): (promoted, people)."""
    pools_, rises = [], []
    for (department, group), (events, size) in sizes.items():
        ids = [f"{department}{group}{n}" for n in range(size)]
        pools_.append(people(ids, [group] * size, department))
        rises.append(happened(ids[:events], [group] * events, department=department))
    return pd.concat(pools_), pd.concat(rises)


def test_refusals():
    pool, rises = built({("Fire", "Black"): (4, 20), ("Fire", "White"): (16, 40)})
    ask = {"kind": "promotion", "reference": "White"}
    with pytest.raises(ParamsError, match="a rate of hiring needs applicants"):
        flows.rates(rises, pool, kind="hire", reference="White")
    with pytest.raises(ParamsError, match="'firing' is not known"):
        flows.adjusted(rises, pool, kind="firing", reference="White")
    with pytest.raises(ParamsError, match="'middle' is not known; one of start, end"):
        flows.rates(rises, pool, pool="middle", **ask)
    with pytest.raises(InputError, match="60 of 120 rows of the pool repeat"):
        flows.rates(rises, pd.concat([pool, pool]), **ask)
    with pytest.raises(InputError, match="as_of is missing in 60 rows"):
        flows.rates(rises, pool.assign(as_of=pd.NaT), **ask)
    with pytest.raises(ColumnNotFoundError, match="job_category"):
        flows.adjusted(rises, pool, by=["job_category"], **ask)
    with pytest.raises(UnknownGroupError, match="'Blck' matches 0 rows"):
        flows.rates(rises, pool, kind="promotion", reference="Blck")
    with pytest.raises(InputError, match="events exceeds population"):
        flows.compared(counts(A=(3, 2), B=(1, 2)), kind="promotion", reference="B")


def test_false_alarms_where_no_gap_is_planted():
    """150 workforces without a gap: about one in twenty is told of one."""
    random = np.random.default_rng(3)
    size = np.array([60, 300])
    alarms = np.zeros(3)
    for _ in range(150):
        events = random.binomial(size, 0.15)
        table = flows.compared(
            counts(A=(events[0], size[0]), B=(events[1], size[1])),
            kind="promotion",
            reference="B",
        )
        rows = table[table["group"] == "A"].set_index("statistic")
        outside = [
            not low <= parity <= high
            for parity, low, high in zip(
                (0, 1),
                rows.loc[["difference", "ratio"], "conf_low"],
                rows.loc[["difference", "ratio"], "conf_high"],
                strict=True,
            )
        ]
        alarms += [*outside, rows.loc["ratio", "p_value"] < 0.05]
    assert (alarms / 150 < 0.1).all(), alarms
    assert alarms[:2].min() > 0
