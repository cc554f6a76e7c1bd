"""Bounds: against linear programs, by hand, by identities, and by coverage."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import bounds, exposure
from equity.measure.redraws import EVERYONE
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=8, derandomize=True)
GROUPS = ["Asian", "Black", "White"]
SHARE = "share closed within 5 days"
FEW = {"reference": "White", "target_days": 5, "replicates": 30}
RECORDED = bounds.RECORDED


def requests(rows):
    """Rows of area, requests on time, late, and open for three days."""
    wide = pd.DataFrame(rows, columns=["area", "on", "late", "open"])
    parts = [
        wide[["area"]].assign(days=2, closed=wide["on"], censored=0),
        wide[["area"]].assign(days=9, closed=wide["late"], censored=0),
        wide[["area"]].assign(days=3, closed=0, censored=wide["open"]),
    ]
    return pd.concat(parts, ignore_index=True).assign(period="2025Q4")


def people(rows, moe=np.nan, groups=GROUPS):
    wide = pd.DataFrame(rows, columns=["area", *groups])
    return wide.melt("area", var_name="race", value_name="estimate").assign(moe=moe)


ROW = st.tuples(
    st.integers(1, 40),
    st.integers(0, 40),
    st.integers(0, 6),
    st.tuples(*[st.integers(0, 50)] * 3),
)
CITIES = st.lists(ROW, min_size=1, max_size=4).filter(
    lambda rows: all(any(row[3][place] for row in rows) for place in range(3))
)


def city(rows):
    named = [(str(place), *row) for place, row in enumerate(rows)]
    return (
        requests([row[:4] for row in named]),
        people([(row[0], *row[4]) for row in named]),
    )


def program(rows, weights):
    """Bound a weighted sum of group shares by linear programs, one per area.

    The unknowns of an area are each group's requests on time, and how many of the open
    ones will have been.
    """
    mine = []
    for *counts, lived in rows:
        share = np.array(lived) / max(sum(lived), 1)
        mine.append((*counts, share * sum(counts)))
    totals = sum(row[3] for row in mine if row[3].any())
    ends = []
    for sign in (1, -1):
        end = 0.0
        for on, _, waiting, most in mine:
            if not most.any():
                continue
            cost = np.append(np.array(weights) / totals, 0) * sign
            limits = [(0, each) for each in most] + [(0, waiting)]
            solved = linprog(
                cost, A_eq=[[1, 1, 1, -1]], b_eq=[on], bounds=limits, method="highs"
            )
            assert solved.success
            end += sign * solved.fun
        ends.append(end)
    return ends


@given(CITIES)
@relaxed
def test_bounds_are_sharp(rows):
    """Levels and differences are the ends of linear programs over all behaviours."""
    asked, lived = city(rows)
    before = asked.copy(), lived.copy()
    table = bounds.by_race(asked, lived, **(FEW | {"replicates": 2}))
    found = table.set_index(["statistic", "group"])[["bound_low", "bound_high"]]
    for place, group in enumerate(GROUPS):
        weights = np.eye(3)[place]
        level = found.loc[("level", group)].tolist()
        assert level == pytest.approx(program(rows, weights), abs=1e-7)
        if group != "White":
            gap = found.loc[("difference", group)].tolist()
            weights = weights - np.eye(3)[2]
            assert gap == pytest.approx(program(rows, weights), abs=1e-7)
    pd.testing.assert_frame_equal(asked, before[0])
    pd.testing.assert_frame_equal(lived, before[1])


@given(CITIES)
@relaxed
def test_area_weighted_estimates_lie_between(rows):
    """They are what one behaviour of persons gives: all groups of an area alike."""
    rows = [(on, late, 0, lived) for on, late, _, lived in rows]
    asked, lived = city(rows)
    table = bounds.by_race(asked, lived, **(FEW | {"replicates": 2}))
    table = table.dropna(subset="bound_low")
    assert (table["bound_low"] <= table["estimate"] + 1e-9).all()
    assert (table["bound_high"] >= table["estimate"] - 1e-9).all()
    weighted = exposure.by_race(asked, lived, years=1, **(FEW | {"replicates": 2}))
    weighted = weighted[(weighted["measure"] == SHARE)]
    keys = ["statistic", "group"]
    beside = table.merge(weighted, on=keys, suffixes=("", "_weighted"))
    assert len(beside) == len(table)
    assert beside["estimate"].tolist() == pytest.approx(
        beside["estimate_weighted"].tolist(), abs=1e-9
    )


def test_an_area_by_hand():
    """Duncan and Davis: 40 of 100 on time, 70 of the requests a group's."""
    table = bounds.by_race(
        requests([("1", 40, 60, 0)]),
        people([("1", 700, 0, 300)]),
        **FEW,
    ).set_index(["statistic", "group"])
    ends = ["bound_low", "bound_high"]
    assert table.loc[("level", "Asian"), ends].tolist() == pytest.approx([1 / 7, 4 / 7])
    assert table.loc[("level", "White"), ends].tolist() == [0, 1]
    gap = table.loc[("difference", "Asian"), ends].tolist()
    assert gap == pytest.approx([1 / 7 - 1, 4 / 7])
    assert table.loc[("level", "Black"), [*ends, "estimate", "conf_low"]].isna().all()
    assert table.loc[("difference", "White"), ends].isna().all()
    assert table.loc[("level", EVERYONE), ends].tolist() == [0.4, 0.4]


def test_where_groups_live_apart_the_areas_prove_everything():
    table = bounds.by_race(
        requests([("1", 60, 40, 0), ("2", 20, 80, 0)]),
        people([("1", 0, 0, 500), ("2", 500, 0, 0)]),
        **FEW,
    ).set_index(["statistic", "group"])
    gap = table.loc[("difference", "Asian")]
    assert gap[["bound_low", "bound_high", "estimate"]].tolist() == pytest.approx(
        [-0.4] * 3
    )
    assert gap["conf_low"] < -0.4 < gap["conf_high"]


def test_requests_still_open_may_end_either_way():
    closed, open_ = (
        bounds.by_race(requests([row]), people([("1", 0, 0, 500)]), **FEW).iloc[2]
        for row in (("1", 40, 60, 0), ("1", 40, 60, 25))
    )
    assert (closed["bound_low"], closed["bound_high"]) == (0.4, 0.4)
    assert (open_["bound_low"], open_["bound_high"]) == (40 / 125, 65 / 125)
    assert open_["estimate"] == closed["estimate"] == 0.4


def test_the_envelope_encloses_the_bounds_and_margins_widen_it():
    rng = np.random.default_rng(2)
    rows = [
        (*rng.integers(60, 90, 2), 0, tuple(rng.integers(50, 900, 3)))
        for _ in range(12)
    ]
    asked, lived = city(rows)
    tables = [
        bounds.by_race(asked, lived.assign(moe=moe), **(FEW | {"replicates": 150}))
        for moe in (np.nan, 150.0)
    ]
    for table in tables:
        told = table.dropna(subset="conf_low")
        assert (told["conf_low"] <= told["bound_low"]).all()
        assert (told["conf_high"] >= told["bound_high"]).all()
        levels = told[told["statistic"] == "level"]
        assert levels[["conf_low", "conf_high"]].stack().between(0, 1).all()
    groups = tables[0]["group"] != EVERYONE
    width = [(t["conf_high"] - t["conf_low"])[groups].mean() for t in tables]
    assert width[1] > width[0]
    assert tables[0].columns.tolist() == bounds.COLUMNS
    assert set(MEASURE_COLUMNS) <= set(tables[0])


def with_race(cells):
    """Rows of area, race, requests on time, and late."""
    wide = pd.DataFrame(cells, columns=["area", "race", "on", "late"])
    parts = [
        wide[["area", "race"]].assign(days=days, closed=wide[name])
        for days, name in ((2, "on"), (9, "late"))
    ]
    return pd.concat(parts, ignore_index=True).assign(period="2025Q4", censored=0)


def beside(table, attribution, statistic="level"):
    chosen = (table["attribution"] == attribution) & (table["statistic"] == statistic)
    return table[chosen].set_index("group")


def test_recorded_race_beside_that_of_the_area_by_hand():
    """Area 1 has both groups; its requests are theirs as its residents are."""
    asked = with_race(
        [
            ("1", "Asian", 20, 50),
            ("1", "White", 20, 10),
            ("2", "White", 30, 0),
            ("2", "Not recorded", 40, 30),
        ]
    )
    lived = people([("1", 700, 0, 300), ("2", 0, 0, 100)])
    table = bounds.recorded_beside_area(asked, lived, **FEW)
    recorded, area = beside(table, RECORDED), beside(table, bounds.AREA)
    assert recorded["estimate"]["Asian"] == pytest.approx(2 / 7)
    assert recorded["estimate"]["White"] == pytest.approx(50 / 60)
    assert area["estimate"]["Asian"] == pytest.approx(0.4)
    assert area["estimate"]["White"] == pytest.approx((0.3 * 40 + 30) / (30 + 30))
    gap = beside(table, RECORDED, "difference").loc["Asian"]
    assert gap["estimate"] == pytest.approx(2 / 7 - 50 / 60)
    assert gap["reference"] == "White"
    less = beside(table, bounds.BETWEEN, "difference").loc["Asian"]
    assert less["estimate"] == pytest.approx(2 / 7 - 50 / 60 - (0.4 - 0.7))
    assert recorded["within_bounds"][["Asian", "White"]].all()
    assert pd.isna(recorded["within_bounds"]["Black"])  # no request, no share
    assert area["within_bounds"].isna().all()
    assert table["recorded_share"].unique() == pytest.approx([130 / 200])
    assert (recorded["events"]["White"], recorded["population"]["White"]) == (50, 60)
    assert table.columns.tolist() == bounds.BESIDE_COLUMNS


def test_a_recorded_share_outside_its_bounds_is_seen():
    """A tenth live there but ask for half: shares by residents do not hold."""
    asked = with_race([("1", "Asian", 0, 50), ("1", "White", 50, 0)])
    table = bounds.recorded_beside_area(asked, people([("1", 900, 0, 100)]), **FEW)
    recorded = beside(table, RECORDED)
    assert recorded["within_bounds"].to_dict()["Asian"] is False
    assert recorded["bound_low"]["Asian"] == pytest.approx(40 / 90)


@given(CITIES, st.randoms(use_true_random=False))
@relaxed
def test_recorded_shares_lie_within_if_requests_are_as_residents(rows, random):
    """Persons behave as they like, but each group asks in proportion."""
    cells = []
    for place, (*_, lived) in enumerate(rows):
        for group, count in zip(GROUPS, lived, strict=True):
            on = random.randint(0, count)
            cells.append((str(place), group, on, count - on))
    lived = people([(str(place), *row[3]) for place, row in enumerate(rows)])
    table = bounds.recorded_beside_area(
        with_race(cells), lived, **(FEW | {"replicates": 2})
    )
    judged = table["within_bounds"].dropna()
    assert len(judged) == 3 + 2
    assert judged.all()


def test_without_recorded_race_there_are_no_rows():
    asked = with_race([("1", "Asian", 3, 4)]).assign(race=pd.NA)
    table = bounds.recorded_beside_area(asked, people([("1", 9, 0, 9)]), **FEW)
    assert table.empty
    assert table.columns.tolist() == bounds.BESIDE_COLUMNS
    asked["race"] = pd.Categorical(asked["race"], GROUPS)
    assert bounds.recorded_beside_area(asked, people([("1", 9, 0, 9)]), **FEW).empty
    empty = bounds.by_race(asked.iloc[:0], people([("1", 9, 0, 9)]), **FEW)
    assert empty.columns.tolist() == bounds.COLUMNS


def test_wrong_tables_are_refused_with_the_fact():
    asked, lived = requests([("1", 4, 6, 0)]), people([("1", 7, 0, 3)])
    with pytest.raises(UnknownGroupError, match="'Whit' matches 0 rows"):
        bounds.by_race(asked, lived, **(FEW | {"reference": "Whit"}))
    with pytest.raises(ColumnNotFoundError, match="race"):
        bounds.recorded_beside_area(asked, lived, **FEW)
    with pytest.raises(ParamsError, match="confidence is 95"):
        bounds.by_race(asked, lived, confidence=95, **FEW)
    with pytest.raises(InputError, match="censored is negative or missing in 1 of 3"):
        bounds.by_race(asked.assign(censored=[0, 0, -1]), lived, **FEW)


@pytest.mark.slow
def test_the_envelope_covers_the_bounds_of_the_planted_city():
    """40 cities of 25 areas; the interval of bounds is covered whole, or it is not."""
    rng = np.random.default_rng(5)
    names = [f"{place:02d}" for place in range(25)]
    true = rng.dirichlet([0.5, 0.6, 1.0], 25) * rng.integers(1500, 5000, (25, 1))
    share = 0.7 - 0.2 * true[:, 1] / true.sum(axis=1)
    asked = true.sum(axis=1) * 0.1
    on, late, nobody = asked * share, asked * (1 - share), np.zeros(25)
    exact = requests(list(zip(names, on, late, nobody, strict=True)))
    ends = ["bound_low", "bound_high"]
    few = FEW | {"replicates": 2}
    residents = list(zip(names, *true.T, strict=True))
    planted = bounds.by_race(exact, people(residents), **few)[ends]
    moe = np.sqrt(true) * 4 + 10
    covered = []
    for seed in range(40):
        drawn = np.clip(rng.normal(true, moe / 1.645), 0, None).round()
        lived = people(list(zip(names, *drawn.T, strict=True)))
        lived["moe"] = moe.T.ravel()
        counted = (rng.poisson(on), rng.poisson(late), nobody)
        table = bounds.by_race(
            requests(list(zip(names, *counted, strict=True))),
            lived,
            seed=seed,
            **(FEW | {"replicates": 200}),
        )
        low = table["conf_low"] <= planted["bound_low"] + 1e-9
        high = table["conf_high"] >= planted["bound_high"] - 1e-9
        covered.append((low & high)[table["conf_low"].notna()].mean())
    assert np.mean(covered) >= 0.92
