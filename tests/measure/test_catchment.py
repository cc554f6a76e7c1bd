"""Access to places: against reference values, plain loops, identities, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import catchment, floating
from equity.measure.costs import coded, limits
from equity.measure.table import MEASURE_COLUMNS, normal_quantile

relaxed = settings(deadline=None, max_examples=30, derandomize=True)
EXACT = {"per": 1, "replicates": 0}

# access_toy6: six tracts, sites at 1, 4 and 6. Values by PySAL access 1.1.10 and by
# plain numpy, except the third, by plain numpy after Wan et al. (2012).
DEMAND = [1200, 2500, 1800, 900, 3200, 1500]
SUPPLY = {1: 10, 4: 6, 6: 14}
MINUTES = [
    [0, 5, 11, 19, 14, 14],
    [5, 0, 6, 14, 9, 15],
    [11, 6, 0, 8, 11, 19],
    [19, 14, 8, 0, 9, 17],
    [14, 9, 11, 9, 0, 8],
    [14, 15, 19, 17, 8, 0],
]
MAX_COST, SIGMA, STEPS = 13, 6, {5: 1, 10: 0.6, 15: 0.22}
TOY = {
    "2sfca": [
        *(0.0018181818181818182, 0.0018181818181818182, 0.002835130970724191),
        *(0.001016949152542373, 0.003995672556797692, 0.0029787234042553193),
    ],
    "e2sfca_step": [
        *(0.0026767622357210404, 0.0029733914492041866, 0.001237838666579057),
        *(0.001348314606741573, 0.0032217782036598314, 0.0037354157976687377),
    ],
    "3sfca_textbook_sites_only": [
        *(0.0029928872830770215, 0.002613638527206762, 0.0012159062703053355),
        *(0.0023205990459456848, 0.0023359486236610625, 0.005414821945783033),
    ],
    "3sfca_step": [
        *(0.0032194304357630577, 0.0024319530618757664, 0.0009593387537318299),
        *(0.002464177533109565, 0.0021391493833499524, 0.006177968839439442),
    ],
    "fca_ratio_maxc": [
        *(0.0018181818181818182, 0.0011494252873563218, 0.0016666666666666668),
        *(0.001016949152542373, 0.00202020202020202, 0.0029787234042553193),
    ],
    "weighted_catchment_gauss": [
        *(10.960069468327875, 8.07597102100405, 4.422408537978514),
        *(6.319332300704351, 8.360772157416028, 14.765663366683992),
    ],
}


def long(minutes, destinations, areas=None):
    """The rows of a matrix of costs, without those that are None."""
    areas = range(1, len(minutes) + 1) if areas is None else areas
    return pd.DataFrame(
        [
            (area, place, cost)
            for area, row in zip(areas, minutes, strict=True)
            for place, cost in zip(destinations, row, strict=True)
            if cost is not None
        ],
        columns=["area", "facility_id", "cost"],
    ).assign(unit="minutes")


def facilities(capacity, kind="Clinic"):
    return pd.DataFrame(
        {"facility_id": list(capacity), "kind": kind, "capacity": capacity.values()}
    )


def people(estimate, moe=np.nan):
    areas = range(1, len(estimate) + 1)
    return pd.DataFrame({"area": areas, "estimate": estimate, "moe": moe})


def toy(destinations=tuple(SUPPLY)):
    columns = np.array(MINUTES)[:, np.array(destinations) - 1]
    places = {place: SUPPLY.get(place, 0) for place in destinations}
    return coded(long(columns.tolist(), destinations), facilities(places))


def found(table):
    return table["estimate"].tolist()


def test_two_steps_match_the_toy_city():
    table = floating.two_step(toy(), people(DEMAND), max_cost=MAX_COST, **EXACT)
    assert found(table) == pytest.approx(TOY["2sfca"], abs=1e-9)


def test_enhanced_two_steps_match_the_toy_city():
    table = floating.enhanced_two_step(toy(), people(DEMAND), steps=STEPS, **EXACT)
    assert found(table) == pytest.approx(TOY["e2sfca_step"], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "among", "destinations"),
    [
        ("3sfca_textbook_sites_only", "sites", (1, 4, 6)),
        ("3sfca_textbook_sites_only", "sites", (1, 2, 3, 4, 5, 6)),
        ("3sfca_step", "destinations", (1, 2, 3, 4, 5, 6)),
    ],
)
def test_three_steps_match_the_toy_city(name, among, destinations):
    """PySAL lets residents choose destinations without supply; Wan et al. do not."""
    table = floating.three_step(
        toy(destinations), people(DEMAND), steps=STEPS, among=among, **EXACT
    )
    assert found(table) == pytest.approx(TOY[name], abs=1e-9)


def test_catchment_ratio_matches_the_toy_city():
    between = long(MINUTES, range(1, 7)).rename(columns={"facility_id": "to_area"})
    options = {"max_cost": MAX_COST, **EXACT}
    table = floating.catchment_ratio(toy(), people(DEMAND), between, **options)
    assert found(table) == pytest.approx(TOY["fca_ratio_maxc"], abs=1e-9)


def test_the_weighted_catchment_matches_the_toy_city():
    table = catchment.gravity(toy(), decay="gaussian", scale=SIGMA)
    assert found(table) == pytest.approx(TOY["weighted_catchment_gauss"], abs=1e-9)


# --- missing, zero, and not known ---------------------------------------------------

PATCHY = long(
    [[2.0, 40.0], [50.0, None], [None, None], [np.inf, np.inf], [np.nan, 3.0]], "ab"
)


@pytest.fixture
def patchy():
    """Near; known to be far; not known; no route; one cost missing, the other near."""
    return coded(PATCHY, facilities({"a": 10, "b": 6}), areas=[1, 2, 3, 4, 5])


def test_areas_out_of_reach_are_zero_and_areas_not_known_are_missing(patchy):
    table = catchment.count_within(patchy, max_cost=15)
    assert table["pairs"].tolist() == [2, 1, 0, 2, 1]
    np.testing.assert_equal(found(table), [1, 0, np.nan, 0, 1])
    table = catchment.count_within(patchy, max_cost=15, weight="capacity")
    np.testing.assert_equal(found(table), [10, 0, np.nan, 0, 6])
    table = catchment.nearest(patchy)
    np.testing.assert_equal(found(table), [2, 50, np.nan, np.nan, 3])
    assert table["facility_id"].tolist()[:2] == ["a", "a"]
    assert table["facility_id"].isna().tolist() == [False, False, True, True, False]
    table = floating.two_step(patchy, people([100] * 5), max_cost=15)
    np.testing.assert_equal(found(table), [100, 0, np.nan, 0, 60])
    table = catchment.gravity(patchy, decay="exponential", scale=5)
    assert found(table)[3] == 0
    assert np.isnan(found(table)[2])


def test_a_place_without_residents_around_it_gives_no_score(patchy):
    table = floating.two_step(patchy, people([0, 100, 100, 100, 100]), max_cost=15)
    np.testing.assert_equal(found(table), [np.nan, 0, np.nan, 0, 60])


def test_the_cost_that_is_the_limit_is_within():
    costs = coded(long([[15.0], [15.000001]], "a"), facilities({"a": 1}))
    assert found(catchment.count_within(costs, max_cost=15)) == [1, 0]


def test_of_places_equally_near_the_first_is_named():
    costs = coded(long([[9.0, 4.0, 4.0]], "abc"), facilities({"a": 1, "b": 1, "c": 1}))
    assert catchment.nearest(costs)["facility_id"].tolist() == ["b"]


def test_columns(patchy):
    before = ["kind", "area", "places", "pairs", "unit", "how"]
    for table in (
        catchment.count_within(patchy, max_cost=15),
        catchment.gravity(patchy, decay="power", scale=2),
    ):
        assert table.columns.tolist() == [*before, *MEASURE_COLUMNS, "direction"]
        assert set(table["direction"]) == {"higher is better"}
    table = catchment.nearest(patchy)
    assert table.columns.tolist() == [
        *(*before, *MEASURE_COLUMNS),
        *("direction", "facility_id"),
    ]
    assert set(table["direction"]) == {"lower is better"}
    table = floating.two_step(patchy, people([100] * 5), max_cost=15)
    before.insert(2, "population")
    assert table.columns.tolist() == [*before, *MEASURE_COLUMNS, "direction"]
    assert set(table["measure"]) == {
        "capacity per 1,000 residents, 2SFCA of 15 minutes"
    }


def test_kinds_are_measured_apart_each_in_its_unit():
    table = pd.concat(
        [
            long([[2.0], [9.0]], ["L1"]).assign(unit="km", how="straight line"),
            long([[20.0], [40.0]], ["C1"]).assign(how="bus"),
        ]
    )
    places = pd.concat(
        [facilities({"L1": 1}, "Library"), facilities({"C1": 1}, "Clinic")]
    )
    costs = coded(table, places)
    near = catchment.nearest(costs)
    assert near["kind"].tolist() == ["Clinic", "Clinic", "Library", "Library"]
    assert near["measure"].unique().tolist() == [
        "minutes to the nearest place",
        "km to the nearest place",
    ]
    assert near["how"].unique().tolist() == ["bus", "straight line"]
    limits = {"Library": 5, "Clinic": 30}
    assert found(catchment.count_within(costs, max_cost=limits)) == [1, 0, 1, 0]
    with pytest.raises(ParamsError, match="no value for kind 'Library'"):
        catchment.count_within(costs, max_cost={"Clinic": 30})


def test_no_facilities_no_rows():
    nothing = coded(PATCHY.iloc[:0], facilities({}))
    assert nothing.services == ()
    assert catchment.nearest(nothing).empty
    assert "estimate" in catchment.nearest(nothing)
    assert "direction" in catchment.nearest(nothing)  # which `reach` asks for
    assert catchment.without_each(catchment.nearest, nothing).empty


def test_a_kind_to_which_no_cost_is_known_has_missing_values():
    costs = coded(PATCHY.iloc[:0], facilities({"A": 1}), areas=["1"])
    assert limits(costs, minutes=15, km=1.5) == {"Clinic": 1.5}
    table = catchment.nearest(costs)
    assert table["pairs"].eq(0).all()
    assert table["estimate"].isna().all()


def test_places_shared_by_nobody_known_give_no_rows():
    table = floating.two_step(toy(), people([]), max_cost=MAX_COST)
    assert table.empty
    assert {"direction", *MEASURE_COLUMNS} <= set(table)


# --- identities ---------------------------------------------------------------------


@st.composite
def cities(draw):
    """Costs of a few areas and places (None is not known), residents, capacity."""
    areas, places = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    cost = st.one_of(
        st.none(), st.just(np.inf), st.integers(0, 20).map(float), st.just(5.0)
    )
    rows = [[draw(cost) for _ in range(places)] for _ in range(areas)]
    residents = draw(st.lists(st.integers(1, 9), min_size=areas, max_size=areas))
    offers = draw(st.lists(st.integers(0, 9), min_size=places, max_size=places))
    return rows, residents, dict(zip("abcde", offers, strict=False))


def made(city):
    rows, residents, offers = city
    areas = list(range(1, len(rows) + 1))
    costs = coded(long(rows, list(offers)), facilities(offers), areas=areas)
    return costs, people(residents)


def weight_of(cost, steps):
    """A step weight, looked up by hand."""
    if cost is None:
        return 0
    return next((w for bound, w in sorted(steps.items()) if cost <= bound), 0)


def by_hand(city, steps, choose=False):
    """Floating catchments as loops over areas and places."""
    rows, residents, offers = city
    offers = list(offers.values())
    weights = [[weight_of(cost, steps) for cost in row] for row in rows]
    if choose:
        for row in weights:
            total = sum(w for w, offer in zip(row, offers, strict=True) if offer > 0)
            row[:] = [w * w / total if total else 0 for w in row]
    scores = []
    for row, known in zip(weights, rows, strict=True):
        score = 0.0
        for place, w in enumerate(row):
            around = sum(
                other[place] * r for other, r in zip(weights, residents, strict=True)
            )
            score += w * offers[place] / around if w else 0
        scores.append(score if any(c is not None for c in known) else np.nan)
    return scores


@relaxed
@given(cities())
def test_floating_catchments_are_what_loops_find(city):
    costs, residents = made(city)
    for steps in ({5.0: 1}, {5: 1, 10: 0.6, 15: 0.22}, {0: 1, 20: 0.5}):
        table = floating.enhanced_two_step(costs, residents, steps=steps, **EXACT)
        assert found(table) == pytest.approx(by_hand(city, steps), nan_ok=True)
        table = floating.three_step(costs, residents, steps=steps, **EXACT)
        want = by_hand(city, steps, choose=True)
        assert found(table) == pytest.approx(want, nan_ok=True)
    one = floating.enhanced_two_step(costs, residents, steps={9: 1}, **EXACT)
    two = floating.two_step(costs, residents, max_cost=9, **EXACT)
    assert found(one) == pytest.approx(found(two), nan_ok=True)


@relaxed
@given(cities())
def test_residents_together_have_the_supply_that_is_in_reach(city):
    costs, residents = made(city)
    rows, _, offers = city
    table = floating.two_step(costs, residents, max_cost=10, **EXACT)
    had = np.nansum(table["estimate"] * table["population"])
    in_reach = [
        any(row[place] is not None and row[place] <= 10 for row in rows)
        for place in range(len(offers))
    ]
    assert had == pytest.approx(np.dot(in_reach, list(offers.values())))


@relaxed
@given(cities())
def test_nearest_and_counts_are_what_loops_find(city):
    costs, _ = made(city)
    known = [[c for c in row if c is not None] for row in city[0]]
    least = [min(row, default=np.nan) for row in known]
    least = np.where(np.isinf(least), np.nan, least)
    np.testing.assert_equal(found(catchment.nearest(costs)), least)
    count = [sum(c <= 10 for c in row) if row else np.nan for row in known]
    table = catchment.count_within(costs, max_cost=10)
    np.testing.assert_equal(found(table), count)


@relaxed
@given(cities(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(city, random):
    rows, residents, offers = city
    areas = list(range(1, len(rows) + 1))
    table = long(rows, list(offers))
    order = list(range(len(table)))
    random.shuffle(order)
    places = facilities(offers)
    one, other = (
        floating.three_step(
            coded(t, places, areas=areas), people(residents), steps=STEPS
        )
        for t in (table, table.iloc[order])
    )
    pd.testing.assert_frame_equal(one, other)


def test_text_categories_and_numbers_are_coded_alike():
    table = long(MINUTES, range(1, 7))
    want = found(
        catchment.nearest(coded(table, facilities(dict.fromkeys(range(1, 7)))))
    )
    text = table.astype({"area": str, "facility_id": str})
    places = facilities(dict.fromkeys("123456"))
    assert found(catchment.nearest(coded(text, places))) == want
    categories = text.astype({"area": "category", "facility_id": "category"})
    assert found(catchment.nearest(coded(categories, places))) == want


def test_costs_do_not_follow_a_table_that_is_changed_afterwards():
    table = long(MINUTES, range(1, 7))
    costs = coded(table, facilities(dict.fromkeys(range(1, 7))))
    want = found(catchment.gravity(costs, decay="gaussian", scale=6, weight=None))
    table.loc[:, "cost"] = 1.0
    after = catchment.gravity(costs, decay="gaussian", scale=6, weight=None)
    assert found(after) == want


def test_inputs_stay_as_they_are():
    table, places, residents = (
        PATCHY.copy(),
        facilities({"a": 1, "b": 2}),
        people([9] * 5),
    )
    copies = [frame.copy() for frame in (table, places, residents)]
    costs = coded(table, places, areas=range(1, 6))
    floating.three_step(costs, residents, steps=STEPS)
    catchment.without_each(catchment.nearest, costs)
    for frame, copy in zip((table, places, residents), copies, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


# --- limits -------------------------------------------------------------------------


def test_limits_are_those_of_the_margins_of_the_residents():
    """One place: 1,000 S / D, whose standard error is that of D over D, by the delta
    method."""
    costs = coded(long([[1.0], [2.0], [99.0]], "a"), facilities({"a": 50}))
    residents = people([4000, 6000, 100], [329, 439, 50])
    table = floating.two_step(
        costs, residents, max_cost=10, replicates=4000, confidence=0.9
    )
    error = np.hypot(329, 439) / 1.6448536 / 10_000
    half = 5 * error * normal_quantile(0.9)
    assert found(table) == pytest.approx([5, 5, 0])
    assert table["conf_low"].tolist()[:2] == pytest.approx([5 - half] * 2, rel=0.02)
    assert table["conf_high"].tolist()[:2] == pytest.approx([5 + half] * 2, rel=0.02)
    assert np.isnan(table["conf_low"].tolist()[2])  # zero whatever the residents
    assert set(table["confidence"]) == {0.9}
    assert set(table["method"]) == {
        "redraw of census margins; places and costs as given"
    }


def test_races_of_an_area_are_added_up():
    costs = coded(long([[1.0]], "a"), facilities({"a": 50}))
    races = pd.DataFrame(
        {"area": 1, "race": ["Asian", "White"], "estimate": [60, 40], "moe": [30, 40]}
    )
    one = floating.two_step(costs, races, max_cost=10)
    other = floating.two_step(costs, people([100], [50]), max_cost=10)
    pd.testing.assert_frame_equal(one, other)


def test_full_counts_add_no_uncertainty():
    costs = coded(long([[1.0]], "a"), facilities({"a": 50}))
    for moe in (np.nan, 0):
        table = floating.two_step(costs, people([100], moe), max_cost=10)
        assert table[["conf_low", "conf_high"]].isna().all(axis=None)
        assert set(table["method"]) == {"residents, places and costs as given"}


def test_limits_are_missing_where_residents_cannot_be_told_from_none():
    costs = coded(long([[1.0]], "a"), facilities({"a": 50}))
    table = floating.two_step(costs, people([10], [40]), max_cost=10)
    assert found(table) == [5000]
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)


# --- each place in turn -------------------------------------------------------------


def test_without_each_place_the_next_is_the_nearest():
    costs = coded(
        long([[1.0, 4.0], [8.0, 3.0], [7.0, None]], "ab"), facilities({"a": 1, "b": 1})
    )
    table = catchment.without_each(catchment.nearest, costs)
    assert table.columns.tolist() == ["kind", "left_out", "area", "pairs", "estimate"]
    assert table["left_out"].tolist() == ["a"] * 3 + ["b"] * 3
    np.testing.assert_equal(found(table), [4, 3, np.nan, 1, 8, 7])


def test_without_a_place_its_share_of_a_catchment_is_gone():
    """In 2SFCA what a place offers does not depend on the other places."""
    options = {"max_cost": MAX_COST, **EXACT}
    left = catchment.without_each(floating.two_step, toy(), people(DEMAND), **options)
    lost = TOY["2sfca"] - left.pivot_table(
        index="left_out", columns="area", values="estimate"
    )
    assert lost.sum().tolist() == pytest.approx(TOY["2sfca"])


# --- refusals -----------------------------------------------------------------------

PLACES = facilities({"a": 10, "b": 6})


@pytest.mark.parametrize(
    ("table", "places", "message"),
    [
        (
            pd.concat([PATCHY, PATCHY.iloc[[0, 0]]]),
            PLACES,
            "2 of 9 rows repeat a pair",
        ),
        (
            pd.concat([PATCHY, PATCHY.iloc[[5]].assign(cost=1.0)]),
            PLACES,
            "1 of 8 rows repeat a pair",
        ),
        (PATCHY.assign(cost=-1.0), PLACES, "cost is negative in 7 of 7 rows"),
        (PATCHY.assign(cost="near"), PLACES, "cost holds values that are not numbers"),
        (
            PATCHY.assign(facility_id="z"),
            PLACES,
            r"1 ids in column facility_id are not among the 2 facilities "
            r"\(7 of 7 rows\), such as 'z'",
        ),
        (PATCHY.assign(area=7), PLACES, "not among the 5 areas .* such as '7'"),
        (PATCHY.assign(area=None), PLACES, "area is missing in 7 of 7 rows"),
        (PATCHY.assign(unit=list("kkkkkkm")), PLACES, "unit .* 'Clinic' is not one"),
        (PATCHY.assign(how=list("kkkkkkm")), PLACES, "origin .* is not one but 2"),
        (PATCHY, pd.concat([PLACES, PLACES]), "2 of 4 facilities repeat"),
        (PATCHY, PLACES.assign(kind=None), "kind is missing in 2 of 2 rows"),
        (PATCHY, PLACES.assign(capacity=-1), "capacity is negative in 2 of 2 rows"),
        (PATCHY, PLACES.assign(capacity="x"), "capacity holds values that are not"),
    ],
)
def test_impossible_costs_are_refused(table, places, message):
    with pytest.raises(InputError, match=message):
        coded(table, places, areas=[1, 2, 3, 4, 5])


def test_absent_columns_are_named(patchy):
    with pytest.raises(ColumnNotFoundError, match="'cost'"):
        coded(PATCHY.drop(columns="cost"), PLACES)
    with pytest.raises(ColumnNotFoundError, match="'kind'"):
        coded(PATCHY, PLACES.drop(columns="kind"))
    with pytest.raises(ColumnNotFoundError, match="'moe'"):
        floating.two_step(patchy, people([1] * 5).drop(columns="moe"), max_cost=1)
    with pytest.raises(ColumnNotFoundError, match="'to_area'"):
        floating.catchment_ratio(patchy, people([1] * 5), PATCHY, max_cost=1)


def test_residents_must_be_those_of_the_areas(patchy):
    with pytest.raises(InputError, match="1 areas of costs are not in population"):
        floating.two_step(patchy, people([9] * 4), max_cost=9)
    with pytest.raises(InputError, match="2 areas of population are not in costs"):
        floating.two_step(patchy, people([9] * 7), max_cost=9)
    with pytest.raises(InputError, match="estimate is missing in 1 of 5 rows"):
        floating.two_step(patchy, people([9, 9, 9, 9, None]), max_cost=9)


def test_a_capacity_that_is_not_known_is_not_made_up():
    costs = coded(PATCHY, facilities({"a": 10, "b": None}))
    with pytest.raises(InputError, match="capacity is missing for 1 of 2 facilities"):
        catchment.count_within(costs, max_cost=9, weight="capacity")
    assert found(catchment.count_within(costs, max_cost=15))[0] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: catchment.count_within(c, max_cost=0), "max_cost is 0"),
        (lambda c: catchment.count_within(c, max_cost=np.nan), "max_cost is nan"),
        (lambda c: catchment.count_within(c, max_cost=1, weight="beds"), "'beds'"),
        (lambda c: catchment.gravity(c, decay="linear", scale=1), "'linear'; expected"),
        (lambda c: catchment.gravity(c, decay="gaussian", scale=-1), "scale is -1"),
        (
            lambda c: floating.three_step(c, people([1] * 5), steps=STEPS, among="all"),
            "among is 'all'",
        ),
        (
            lambda c: floating.two_step(
                c, people([1] * 5), max_cost=9, confidence=95, replicates=0
            ),
            "confidence is 95",
        ),
    ],
)
def test_impossible_options_are_refused(patchy, call, message):
    with pytest.raises(ParamsError, match=message):
        call(patchy)


@pytest.mark.parametrize(
    "steps",
    [{5: 0.5, 10: 0.6}, {5: 1.5}, {5: 0}, {-1: 1}, {5: 1, 9: -1}, {}, 15, {5: None}],
)
def test_impossible_steps_are_refused(patchy, steps):
    with pytest.raises(ParamsError, match="steps is"):
        floating.enhanced_two_step(patchy, people([1] * 5), steps=steps)


def test_a_power_has_no_value_at_zero():
    costs = coded(long([[0.0], [2.0]], "a"), facilities({"a": 8}))
    with pytest.raises(InputError, match="cost is zero in 1 pairs"):
        catchment.gravity(costs, decay="power", scale=2)
    costs = coded(long([[1.0], [2.0]], "a"), facilities({"a": 8}))
    assert found(catchment.gravity(costs, decay="power", scale=2)) == [8, 2]
