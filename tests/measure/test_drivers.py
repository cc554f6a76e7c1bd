"""Places that drive a gap: by hand, by identities, and by how often limits cover."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, ParamsError, UnknownGroupError
from equity.measure import drivers, exposure, intervals, reliability
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=10, derandomize=True)
SHARE = "share closed within 5 days"
FEW = {"reference": "White", "target_days": 5, "replicates": 60}
GROUPS = ["Asian", "Black", "White"]


def requests(rows):
    """Rows of area, requests on time, and late."""
    wide = pd.DataFrame(rows, columns=["area", "on", "late"])
    parts = [
        wide[["area"]].assign(days=days, closed=wide[name])
        for days, name in ((2, "on"), (9, "late"))
    ]
    return pd.concat(parts, ignore_index=True).assign(period="2025Q4", censored=0)


def people(rows, moe=np.nan):
    wide = pd.DataFrame(rows, columns=["area", *GROUPS])
    return wide.melt("area", var_name="race", value_name="estimate").assign(moe=moe)


COUNTS = st.integers(1, 60)
CITIES = st.lists(
    st.tuples(COUNTS, COUNTS, st.tuples(*[st.integers(0, 900)] * 3)),
    min_size=2,
    max_size=12,
).filter(lambda city: all(any(row[2][place] for row in city) for place in range(3)))


def city(rows):
    names = [f"{place:02d}" for place in range(len(rows))]
    asked = requests([(n, row[0], row[1]) for n, row in zip(names, rows, strict=True)])
    lived = people([(n, *row[2]) for n, row in zip(names, rows, strict=True)])
    return asked, lived


def parts(table, group, measure=drivers.PART):
    chosen = table["measure"].str.startswith(measure) & (table["group"] == group)
    return table[chosen]


@given(CITIES, st.sampled_from([drivers.CITY, drivers.REFERENCE]))
@relaxed
def test_parts_add_up_to_the_area_weighted_gap(rows, toward):
    """Whatever the target; the gap is that of `exposure`, for nothing is open."""
    asked, lived = city(rows)
    before = asked.copy(), lived.copy()
    table = drivers.contributions(
        asked, lived, toward=toward, **(FEW | {"replicates": 5})
    )
    gaps = exposure.by_race(asked, lived, years=1, **(FEW | {"replicates": 5}))
    gaps = gaps[(gaps["measure"] == SHARE) & (gaps["statistic"] == "difference")]
    gaps = gaps.set_index("group")["estimate"]
    for group in ("Asian", "Black"):
        mine = parts(table, group)
        assert mine["estimate"].sum() == pytest.approx(gaps[group], abs=1e-9)
        assert mine["gap"].iloc[0] == pytest.approx(gaps[group], abs=1e-9)
        assert mine["cumulative"].iloc[-1] == pytest.approx(gaps[group], abs=1e-9)
    pd.testing.assert_frame_equal(asked, before[0])
    pd.testing.assert_frame_equal(lived, before[1])


@given(CITIES, st.data())
@relaxed
def test_narrowing_is_what_the_gap_does_if_the_area_reaches_the_target(rows, data):
    """Lift one area's requests to the city's share and measure the gap once more."""
    asked, lived = city(rows)
    table = drivers.contributions(asked, lived, **(FEW | {"replicates": 5}))
    chosen = parts(table, "Black", drivers.NARROWING)
    row = chosen.iloc[data.draw(st.integers(0, len(chosen) - 1))]
    inhabited = lived.groupby("area")["estimate"].sum()
    counted = asked[asked["area"].map(inhabited) > 0]
    target = counted.loc[counted["days"] == 2, "closed"].sum() / counted["closed"].sum()
    lifted = asked.astype({"closed": float})
    mine, soon = lifted["area"] == row["area"], lifted["days"] == 2
    if row["share"] < target:
        lifted.loc[mine & soon, "closed"] = target * row["population"]
        lifted.loc[mine & ~soon, "closed"] = (1 - target) * row["population"]
    after = drivers.contributions(lifted, lived, **(FEW | {"replicates": 5}))
    gap, then = row["gap"], parts(after, "Black")["estimate"].sum()
    assert row["estimate"] == pytest.approx(np.sign(gap) * (gap - then), abs=1e-9)


def test_a_city_of_three_areas_by_hand():
    """Two areas of a thousand people each, and one where nobody asks."""
    asked = requests([("1", 60, 40), ("2", 0, 50), ("3", 0, 0)])
    lived = people([("1", 100, 0, 900), ("2", 1000, 0, 0), ("3", 500, 500, 0)])
    table = drivers.contributions(asked, lived, **FEW)
    mine = parts(table, "Asian").set_index("area")
    assert mine["estimate"].to_dict() == pytest.approx({"2": -1 / 3, "1": -1 / 6})
    assert mine.index.tolist() == ["2", "1"]  # no row of area 3: nothing is known
    assert mine["rank"].tolist() == [1, 2]
    assert mine["cumulative"].tolist() == pytest.approx([-1 / 3, -1 / 2])
    narrow = parts(table, "Asian", drivers.NARROWING).set_index("area")
    assert narrow["estimate"].to_dict() == pytest.approx({"2": 1 / 3, "1": 0})
    nobody = parts(table, "Black")  # they live where no request was made
    assert nobody[["estimate", "conf_low", "conf_high", "gap"]].isna().all(axis=None)


def test_columns_and_words():
    table = drivers.contributions(*city([(9, 3, (5, 6, 7)), (4, 8, (7, 1, 2))]), **FEW)
    assert table.columns.tolist() == drivers.COLUMNS
    assert set(MEASURE_COLUMNS) <= set(table)
    assert set(table["measure"]) == {
        f"part of the gap in {SHARE}",
        f"narrowing of the gap in {SHARE}",
    }
    assert set(table["reference"]) == {"White"}
    assert "White" not in set(table["group"])
    assert set(table["statistic"]) == {"difference"}
    empty = drivers.contributions(requests([]), people([]), **FEW)
    assert empty.columns.tolist() == drivers.COLUMNS


def test_margins_widen_the_limits_and_a_seed_repeats_them():
    rng = np.random.default_rng(4)
    rows = [(*rng.integers(50, 90, 2), rng.integers(200, 900, 3)) for _ in range(15)]
    asked, lived = city(rows)
    sure = drivers.contributions(asked, lived, **FEW)
    again = drivers.contributions(asked, lived, **FEW)
    unsure = drivers.contributions(asked, lived.assign(moe=250.0), **FEW)
    pd.testing.assert_frame_equal(sure, again)
    widths = [(t["gap_high"] - t["gap_low"]).mean() for t in (sure, unsure)]
    assert widths[1] > widths[0]
    widths = [(t["conf_high"] - t["conf_low"]).mean() for t in (sure, unsure)]
    assert widths[1] > widths[0]


@pytest.mark.parametrize("events", [0, 3, 15, 29, 30, 60, 100])
@pytest.mark.parametrize("known", [10, 29, 30, 45, 100, 400])
def test_without_overdispersion_reliable_is_the_standard_of_proportions(events, known):
    """Parker et al. (2017), as `reliability.proportions` has it."""
    events = min(events, known)
    asked = requests([("1", events, known - events)])
    lived = people([("1", 10, 10, 10)])
    row = drivers.by_area(asked, lived, target_days=5).iloc[0]
    table = pd.DataFrame({"events": [events], "population": [known]})
    verdict = reliability.proportions(table)["reliability"].iloc[0]
    assert row["reliable"] == verdict.startswith("presented")


def test_areas_are_less_reliable_where_closings_come_in_batches():
    one = requests([("1", 30, 30), ("2", 30, 30)])
    batches = pd.concat(
        [
            requests([("1", 5, 25), ("2", 25, 5)]).assign(period="2025Q3"),
            requests([("1", 25, 5), ("2", 5, 25)]),
        ]
    )
    lived = people([("1", 5, 5, 5), ("2", 5, 5, 5), ("3", 5, 5, 5)])
    steady, batched = (
        drivers.by_area(counts, lived, target_days=5) for counts in (one, batches)
    )
    assert steady["reliable"].tolist() == [True, True, False]
    assert not batched["reliable"].any()
    assert steady["estimate"].tolist()[:2] == batched["estimate"].tolist()[:2]
    assert (batched["conf_low"] < steady["conf_low"])[:2].all()
    assert steady.iloc[2][["estimate", "conf_low", "conf_high"]].isna().all()


def test_requests_not_yet_known_are_counted_apart():
    asked = requests([("1", 6, 4)])
    open_ = asked.iloc[:1].assign(closed=0, censored=5, days=3)
    table = drivers.by_area(
        pd.concat([asked, open_]), people([("1", 5, 5, 5)]), target_days=5
    )
    row = table.iloc[0]
    assert (row["events"], row["population"], row["unknown"]) == (6, 10, 5)
    assert row["estimate"] == 0.6


def test_wrong_choices_are_refused_with_the_fact():
    asked, lived = city([(9, 3, (5, 6, 7)), (4, 8, (7, 1, 2))])
    with pytest.raises(UnknownGroupError, match="'Whit' matches 0 rows"):
        drivers.contributions(asked, lived, reference="Whit", target_days=5)
    with pytest.raises(ParamsError, match="toward is 'best'"):
        drivers.contributions(asked, lived, toward="best", **FEW)
    with pytest.raises(ParamsError, match="confidence is 95"):
        drivers.by_area(asked, lived, target_days=5, confidence=95)
    with pytest.raises(ColumnNotFoundError, match="days"):
        drivers.by_area(asked.drop(columns="days"), lived, target_days=5)


@pytest.mark.slow
def test_limits_of_parts_cover_the_planted_ones():
    """40 cities of 30 areas, counts and census redrawn; a part at a time."""
    rng = np.random.default_rng(7)
    names = [f"{place:02d}" for place in range(30)]
    true = rng.dirichlet([0.5, 0.6, 1.0], 30) * rng.integers(1500, 5000, (30, 1))
    share = 0.7 - 0.2 * true[:, 1] / true.sum(axis=1)
    asked = true.sum(axis=1) * 0.1
    weight = true / true.sum(axis=1, keepdims=True) * asked[:, None]
    weight = weight / weight.sum(axis=0)
    target = (asked * share).sum() / asked.sum()
    planted = (weight - weight[:, [2]]) * (share - target)[:, None]
    moe = np.sqrt(true) * 6 + 10
    covered = []
    for seed in range(40):
        drawn = np.clip(rng.normal(true, moe / 1.645), 0, None).round()
        wide = pd.DataFrame(drawn, columns=GROUPS).assign(area=names)
        lived = wide.melt("area", var_name="race", value_name="estimate")
        lived["moe"] = moe.T.ravel()
        on, late = rng.poisson(asked * share), rng.poisson(asked * (1 - share))
        table = drivers.contributions(
            requests(list(zip(names, on, late, strict=True))),
            lived,
            reference="White",
            target_days=5,
            replicates=120,
            seed=seed,
        )
        for place, group in enumerate(("Asian", "Black")):
            mine = parts(table, group).set_index("area").reindex(names)
            low, high = mine["conf_low"], mine["conf_high"]
            covered.append((low <= planted[:, place]) & (high >= planted[:, place]))
    assert 0.93 <= np.mean(covered) <= 0.98


def test_shares_of_areas_do_not_tell_how_many_are_still_open():
    """Two maps of one area, of requests and of shares, leave several answers."""
    for known, on_time_, waiting in ((117, 62, 4), (52, 23, 1), (240, 101, 7)):

        def told(events, population, unknown):
            low, high = intervals.wilson(events, population)
            table = pd.DataFrame(
                {"events": events, "population": population, "unknown": unknown,
                 "estimate": events / population, "conf_low": low, "conf_high": high}
            )  # fmt: skip
            return drivers.of_all_requests(table)

        requests = known + waiting  # of the map of requests
        shares = ["estimate", "conf_low", "conf_high"]
        seen = told(np.array([on_time_]), np.array([known]), waiting)[shares]
        fit = set()
        for unknown in range(10):
            events = np.arange(requests - unknown + 1)
            possible = told(events, np.full(len(events), requests - unknown), unknown)
            assert possible["population"].eq(requests).all()
            if np.isclose(possible[shares], seen).all(axis=1).any():
                fit.add(unknown)
        assert waiting in fit
        assert len(fit) >= 3
