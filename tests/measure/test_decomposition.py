"""Is it the mix: against a published method, by hand, by identities and simulation."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import decomposition, exposure
from equity.measure.decomposition import GAP, MIX, SAME, WITHIN
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=12, derandomize=True)
ON_TIME = {"reference": "White", "target_days": 5, "replicates": 40}
SHARE, MEAN = "share closed within 5 days", "mean days to close within 20 days"


def strata(**groups):
    """Rows of events and population, category by category."""
    rows = [
        (group, f"kind {place}", *pair)
        for group, pairs in groups.items()
        for place, pair in enumerate(pairs)
    ]
    columns = ["group", "category", "events", "population"]
    return pd.DataFrame(rows, columns=columns)


def values(table, group, column="estimate", measure=None):
    rows = table[table["group"] == group]
    if measure is not None:
        rows = rows[rows["measure"] == measure]
    return rows.set_index("component")[column].to_dict()


def test_kitagawa_matches_its_reference(shared):
    """Case kitagawa_a: the formulas of Kitagawa (1955), computed independently."""
    case = json.loads((shared / "references" / "kitagawa_a.json").read_text())
    pairs = {
        name: zip(case["inputs"][name]["x"], case["inputs"][name]["n"], strict=True)
        for name in ("group1", "group2")
    }
    counts, expected = strata(**pairs), case["expected"]
    close = {"rel": 0, "abs": case["tolerance"]["abs"]}
    total = values(decomposition.kitagawa(counts, reference="group2"), "group1")
    assert total[GAP] == pytest.approx(expected["gap"], **close)
    assert total[MIX] == pytest.approx(expected["composition_effect"], **close)
    assert total[SAME] == pytest.approx(expected["rate_effect"], **close)
    detail = decomposition.by_stratum(counts, reference="group2")
    detail = detail[detail["group"] == "group1"]
    for component, key in {MIX: "composition", SAME: "rate"}.items():
        found = detail.loc[detail["component"] == component, "estimate"].tolist()
        assert found == pytest.approx(expected[f"by_stratum_{key}"], **close)


def test_levels_and_shares_stand_beside():
    counts = strata(A=[(1, 4), (6, 12)], B=[(6, 8), (2, 8)])
    table = decomposition.kitagawa(counts, reference="B")
    row = table[(table["group"] == "A") & (table["component"] == GAP)].iloc[0]
    assert (row["events"], row["population"]) == (7, 16)
    assert (row["level"], row["reference_level"]) == (7 / 16, 8 / 16)
    assert row["estimate"] == 7 / 16 - 8 / 16
    detail = decomposition.by_stratum(counts, reference="B")
    rows = detail[(detail["group"] == "A") & (detail["component"] == WITHIN)]
    assert rows["share_of_requests"].tolist() == [0.25, 0.75]
    assert rows["reference_share"].tolist() == [0.5, 0.5]
    assert rows["level"].tolist() == [0.25, 0.5]
    assert rows["estimate"].tolist() == [0.25 - 0.75, 0.5 - 0.25]
    for found in (table, detail):
        start = list(found.columns).index("measure")
        assert found.columns[start : start + 7].tolist() == list(MEASURE_COLUMNS)
        assert set(found["statistic"]) == {"difference"}
        own = found[found["group"] == "B"]
        assert (own["estimate"] == 0).all()
        assert own[["conf_low", "conf_high"]].isna().all(axis=None)


PAIRS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(
    lambda x: (min(x), max(x))
)
KINDS = st.lists(st.tuples(PAIRS, PAIRS), min_size=1, max_size=5)


@given(KINDS)
@relaxed
def test_the_parts_add_up_and_turn_round(kinds):
    first, second = zip(*kinds, strict=True)
    counts = strata(A=first, B=second)
    before = counts.copy()
    found = values(decomposition.kitagawa(counts, reference="B"), "A")
    sizes = counts.groupby("group")[["events", "population"]].sum()
    if (sizes["population"] == 0).any():
        assert np.isnan(found[GAP])
        return
    rate = sizes["events"] / sizes["population"]
    assert found[GAP] == pytest.approx(rate["A"] - rate["B"], abs=1e-12)
    assert found[MIX] + found[SAME] == pytest.approx(found[GAP], abs=1e-12)
    turned = values(decomposition.kitagawa(counts, reference="A"), "B")
    for component in (GAP, MIX, SAME):
        assert turned[component] == pytest.approx(-found[component], abs=1e-12)
    detail = decomposition.by_stratum(counts, reference="B")
    sums = detail[detail["group"] == "A"].groupby("component")["estimate"].sum()
    assert sums[MIX] == pytest.approx(found[MIX], abs=1e-12)
    assert sums[SAME] == pytest.approx(found[SAME], abs=1e-12)
    # lateness instead of being on time: the same parts, the other way round
    late = counts.assign(events=counts["population"] - counts["events"])
    other = values(decomposition.kitagawa(late, reference="B"), "A")
    assert other[MIX] == pytest.approx(-found[MIX], abs=1e-12)
    assert other[SAME] == pytest.approx(-found[SAME], abs=1e-12)
    pd.testing.assert_frame_equal(counts, before)


def test_the_same_mix_leaves_rates_and_the_same_rates_leave_the_mix():
    same_mix = strata(A=[(1, 10), (9, 30)], B=[(3, 20), (30, 60)])
    found = values(decomposition.kitagawa(same_mix, reference="B"), "A")
    assert found[MIX] == pytest.approx(0, abs=1e-12)
    same_rates = strata(A=[(1, 10), (18, 36)], B=[(6, 60), (2, 4)])
    found = values(decomposition.kitagawa(same_rates, reference="B"), "A")
    assert found[SAME] == pytest.approx(0, abs=1e-12)
    assert found[MIX] == pytest.approx(19 / 46 - 8 / 64)


def test_a_kind_that_one_group_never_asks_for_is_mix_and_is_said():
    """A asks 10 of 40 of a kind that B has not: it counts at A's own rate of 0.2."""
    counts = strata(A=[(2, 10), (15, 30)], B=[(0, 0), (10, 20)])
    table = decomposition.kitagawa(counts, reference="B")
    found = values(table, "A")
    assert found[SAME] == pytest.approx(0, abs=1e-12)
    assert found[MIX] == pytest.approx(0.25 * 0.2 + (0.75 - 1) * 0.5)
    assert values(table, "A", "not_comparable")[GAP] == pytest.approx(0.125)
    without = counts[counts["population"] > 0]  # no row is no request
    again = decomposition.kitagawa(without, reference="B")
    pd.testing.assert_frame_equal(table, again)
    detail = decomposition.by_stratum(counts, reference="B")
    kind = detail[(detail["group"] == "A") & (detail["category"] == "kind 0")]
    assert kind.set_index("component")["estimate"].isna().to_dict() == {
        MIX: False,
        SAME: True,
        WITHIN: True,
    }


def test_masked_counts_are_not_known_and_not_zero():
    counts = strata(A=[(2, 10), (15, 30)], B=[(1, 9), (10, 20)], C=[(1, 2), (3, 4)])
    counts.loc[0, "events"] = np.nan
    table = decomposition.kitagawa(counts, reference="B")
    assert table.loc[table["group"] == "A", "estimate"].isna().all()
    assert table.loc[table["group"] == "C", "estimate"].notna().all()
    assert decomposition.kitagawa(counts, reference="A")["estimate"].isna().all()


def test_means_are_split_like_shares():
    """Means of one request each way: the shares again, with the errors given."""
    counts = strata(A=[(2, 10), (15, 30)], B=[(1, 9), (10, 20)])
    share = (counts["events"] + 0.5) / (counts["population"] + 1)
    means = counts.drop(columns="events").assign(
        mean=counts["events"] / counts["population"],
        standard_error=np.sqrt(share * (1 - share) / counts["population"]),
    )
    one = decomposition.kitagawa(counts, reference="B")
    other = decomposition.kitagawa(means, reference="B", direction="lower is better")
    for column in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(one[column], other[column])
    assert set(other["measure"]) == {"mean"}
    assert set(other["direction"]) == {"lower is better"}
    days = means.assign(mean=10 * means["mean"])
    scaled = decomposition.kitagawa(days, reference="B")
    np.testing.assert_allclose(scaled["estimate"], 10 * one["estimate"], atol=1e-12)


def test_the_limits_of_kitagawa_cover():
    """1,500 cities at once, as groups beside one known reference: 95 % of them."""
    random = np.random.default_rng(4)
    share, mix = np.array([0.9, 0.5, 0.2]), np.array([0.5, 0.3, 0.2])
    known, base = np.array([0.8, 0.6, 0.3]), np.array([0.2, 0.3, 0.5])
    size = random.multinomial(400, mix, 1500)
    events = random.binomial(size, share)
    groups = {f"g{i}": zip(events[i], size[i], strict=True) for i in range(1500)}
    many = 10**9 * base
    groups["all"] = zip(many * known, many, strict=True)
    table = decomposition.kitagawa(strata(**groups), reference="all")
    truth = {
        GAP: mix @ share - base @ known,
        MIX: (mix - base) @ (share + known) / 2,
        SAME: (mix + base) @ (share - known) / 2,
    }
    for component, value in truth.items():
        rows = table[(table["component"] == component) & (table["group"] != "all")]
        covered = (rows["conf_low"] <= value) & (value <= rows["conf_high"])
        assert 0.935 <= covered.mean() <= 0.965, component
    detail = decomposition.by_stratum(
        strata(
            **{
                name: zip(events[i], size[i], strict=True)
                for i, name in enumerate([f"g{i}" for i in range(1500)])
            },
            all=zip(many * known, many, strict=True),
        ),
        reference="all",
    )
    parts = {
        MIX: (mix - base) * (share + known) / 2,
        SAME: (mix + base) * (share - known) / 2,
        WITHIN: share - known,
    }
    for component, expected in parts.items():
        rows = detail[(detail["component"] == component) & (detail["group"] != "all")]
        expected = np.tile(expected, 1500)
        covered = (rows["conf_low"] <= expected) & (expected <= rows["conf_high"])
        by_kind = covered.to_numpy().reshape(1500, 3).mean(axis=0)
        assert (by_kind >= 0.92).all(), component
        assert (by_kind <= 0.975).all(), component


def test_wrong_counts_are_refused_with_the_fact():
    counts = strata(A=[(2, 10), (15, 30)], B=[(1, 9), (10, 20)])
    for measure in (decomposition.kitagawa, decomposition.by_stratum):
        with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
            measure(counts, reference="C")
        with pytest.raises(ColumnNotFoundError, match="population"):
            measure(counts.drop(columns="population"), reference="B")
        with pytest.raises(ColumnNotFoundError, match="standard_error"):
            measure(counts.drop(columns="events"), reference="B")
        with pytest.raises(InputError, match="1 of 5 rows repeat a group and category"):
            measure(pd.concat([counts, counts.head(1)]), reference="B")
        with pytest.raises(InputError, match="category is missing in 1 of 4 rows"):
            measure(
                counts.replace("kind 0", None)
                .iloc[1:]
                .pipe(lambda rows: pd.concat([rows, counts.head(1)])),
                reference="B",
            )
        with pytest.raises(InputError, match="events exceeds population in 1"):
            measure(counts.assign(events=[11, 1, 1, 1]), reference="B")
        means = counts.assign(mean=1.0, standard_error=-1.0).drop(columns="events")
        with pytest.raises(InputError, match="standard_error is negative in 4 of 4"):
            measure(means, reference="B")


def requests(rows, period="2025Q4"):
    """Rows of area, category, days, closed and censored."""
    names = ["area", "category", "days", "closed", "censored"]
    return pd.DataFrame(rows, columns=names).assign(period=period)


def people(rows, moe=np.nan, groups=("Black", "White")):
    wide = pd.DataFrame(rows, columns=["area", *groups])
    table = wide.melt("area", var_name="race", value_name="estimate")
    table["race"] = pd.Categorical(table["race"], groups, ordered=True)
    return table.assign(moe=moe)


APART = people([("1", 1000, 0), ("2", 0, 500)])


def test_areas_of_one_group_each_are_kitagawa_of_their_counts():
    """With nobody living among others, shares on time are those of two groups."""
    pairs = {"1": [(36, 40), (18, 60)], "2": [(162, 180), (8, 20)]}
    rows = [
        (area, f"kind {place}", day, count, 0)
        for area, kinds in pairs.items()
        for place, (soon, size) in enumerate(kinds)
        for day, count in ((2, soon), (9, size - soon))
    ]
    table = decomposition.by_race(requests(rows), APART, **ON_TIME)
    plain = decomposition.kitagawa(
        strata(Black=pairs["1"], White=pairs["2"]), reference="White"
    )
    found, expected = values(table, "Black"), values(plain, "Black")
    assert found == pytest.approx(expected)
    # by hand: (.4 - .9)(.9 + .9)/2 + (.6 - .1)(.3 + .4)/2, and -.1 (.6 + .1)/2
    assert found == pytest.approx({GAP: -0.31, MIX: -0.275, SAME: -0.035})
    assert values(table, "Black", "events")[GAP] == 100
    assert values(table, "Black", "population")[GAP] == 1000
    assert list(table.columns) == decomposition.COLUMNS
    assert set(table["direction"]) == {"higher is better"}


@pytest.fixture(scope="module")
def town():
    """Fourteen areas of a survey, three groups, four categories, four quarters."""
    random = np.random.default_rng(3)

    def soon(place, day):  # some areas are served sooner
        return 1 + 2 * (place % 4) if day < 6 else 3

    residents = random.integers(100, 1500, (14, 3))
    groups = ("Asian", "Black", "White")
    population = people(
        [(f"{i:02}", *row) for i, row in enumerate(residents)], 80, groups
    )
    rows = [
        requests(
            [
                (
                    f"{i:02}",
                    kind,
                    day,
                    random.poisson(soon(i, day)),
                    random.poisson(day / 30),
                )
                for i in range(14)
                for kind in ("Graffiti", "Lights", "Potholes", "Trees")
                for day in range(0, 30, 4 if kind < "P" else 7)
            ],
            f"2025Q{quarter}",
        )
        for quarter in (1, 2, 3, 4)
    ]
    return pd.concat(rows, ignore_index=True), population


def by_race(town, **changes):
    options = ON_TIME | {"horizon_days": 20} | changes
    return decomposition.by_race(*town, **options)


def by_category(town, **changes):
    options = ON_TIME | {"horizon_days": 20} | changes
    return decomposition.by_category(*town, **options)


def test_the_parts_of_shared_requests_add_up_to_the_gap(town):
    total, detail = by_race(town), by_category(town)
    for measure in (SHARE, MEAN):
        for group in ("Asian", "Black"):
            found = values(total, group, measure=measure)
            assert found[MIX] + found[SAME] == pytest.approx(found[GAP], abs=1e-12)
            level = values(total, group, "level", measure)[GAP]
            other = values(total, group, "reference_level", measure)[GAP]
            assert found[GAP] == pytest.approx(level - other, abs=1e-12)
            rows = detail[(detail["measure"] == measure) & (detail["group"] == group)]
            sums = rows.groupby("component")["estimate"].sum()
            assert sums[MIX] == pytest.approx(found[MIX], abs=1e-12)
            assert sums[SAME] == pytest.approx(found[SAME], abs=1e-12)
            within = rows[rows["component"] == WITHIN]
            expected = within["level"] - within["reference_level"]
            np.testing.assert_allclose(within["estimate"], expected)
            assert within["share_of_requests"].sum() == pytest.approx(1)
            assert within["events"].sum() == pytest.approx(
                values(total, group, "events", measure)[GAP]
            )
    assert list(detail.columns) == decomposition.DETAILS


def test_one_category_is_the_gap_of_exposure(town):
    """Of one kind of request there is no mix, and one curve for each group."""
    counts, population = town
    one = counts.assign(category="all")
    table = by_race((one, population))
    plain = exposure.by_race(
        one,
        population,
        years=1,
        horizon_days=20,
        **ON_TIME,
    )
    plain = plain[plain["statistic"] == "difference"]
    for measure in (SHARE, MEAN):
        expected = plain[plain["measure"] == measure].set_index("group")["estimate"]
        for group in ("Asian", "Black"):
            found = values(table, group, measure=measure)
            assert found[GAP] == pytest.approx(expected[group], abs=1e-9)
            assert found[MIX] == 0


def test_without_early_censoring_the_gap_is_the_pooled_one(town):
    counts, population = town
    closed = counts.assign(censored=0)
    table = decomposition.by_race(closed, population, **ON_TIME)
    plain = exposure.by_race(closed, population, years=1, **ON_TIME)
    rows = (plain["statistic"] == "difference") & (plain["measure"] == SHARE)
    expected = plain[rows].set_index("group")["estimate"]
    for group in ("Asian", "Black"):
        found = values(table, group)[GAP]
        assert found == pytest.approx(expected[group], abs=1e-9)


def test_steps_between_days_change_nothing(town):
    """With a mean, every day is a step; without, days between censorings are not."""
    one, other = by_race(town), by_race(town, horizon_days=None)
    shares = one[one["measure"] == SHARE]
    np.testing.assert_allclose(shares["estimate"], other["estimate"], atol=1e-12)
    assert set(other["measure"]) == {SHARE}


def test_swapping_the_reference_turns_the_gap(town):
    one, other = by_race(town), by_race(town, reference="Black")
    for component in (GAP, MIX, SAME):
        there = values(one, "Black", measure=SHARE)[component]
        back = values(other, "White", measure=SHARE)[component]
        assert back == pytest.approx(-there)
    ends = (
        values(one, "Black", "conf_low", SHARE),
        values(other, "White", "conf_high", SHARE),
    )
    assert ends[0][MIX] == pytest.approx(-ends[1][MIX])


def test_limits_hold_the_estimate_and_margins_widen_them(town):
    counts, population = town
    table = by_race(town, replicates=300)
    known = table[table["group"] != "White"]
    assert (known["conf_low"] < known["estimate"]).all()
    assert (known["estimate"] < known["conf_high"]).all()
    own = table[table["group"] == "White"]
    assert (own["estimate"] == 0).all()
    assert own[["conf_low", "conf_high"]].isna().all(axis=None)
    rough = population.assign(moe=3 * population["moe"])
    wide = by_race((counts, rough), replicates=300)
    exact = by_race((counts, population.assign(moe=np.nan)), replicates=300)
    span = {
        name: (rows["conf_high"] - rows["conf_low"]).dropna().mean()
        for name, rows in {"wide": wide, "exact": exact}.items()
    }
    assert span["wide"] > 1.2 * span["exact"] > 0


def test_batches_widen_the_limits_of_their_category(town):
    """Trees, twentyfold in every other area and quarter, the others as they were."""
    counts, population = town
    trees = counts["category"] == "Trees"
    odd = (counts["area"].astype(int) + counts["period"].str[-1].astype(int)) % 2 == 0
    lumpy = counts.copy()
    lumpy.loc[trees & odd, "closed"] *= 20
    even = counts.copy()
    even.loc[trees, "closed"] *= 10
    spans = []
    for table in (even, lumpy):
        found = by_category((table, population), replicates=200)
        rows = found[(found["category"] == "Trees") & (found["component"] == WITHIN)]
        spans.append((rows["conf_high"] - rows["conf_low"]).mean())
    assert spans[1] > 2 * spans[0]


def test_a_category_that_nobody_was_followed_in_is_set_aside_and_counted(town):
    counts, population = town
    recent = requests([(f"{i:02}", "New kind", 2, 3, 7) for i in range(14)])
    more = pd.concat([counts, recent], ignore_index=True)
    one, other = by_race(town), by_race((more, population))
    for column in ("estimate", "events", "not_comparable"):
        rows = [table[table["measure"] == SHARE][column] for table in (one, other)]
        np.testing.assert_allclose(*rows, atol=1e-12)
    aside = other[(other["measure"] == SHARE) & (other["component"] == GAP)]
    assert aside["set_aside"].sum() == pytest.approx(140)
    assert (one["set_aside"] == 0).all()
    detail = by_category((more, population))
    rows = detail[detail["category"] == "New kind"]
    known = ["estimate", "conf_low", "conf_high", "level", "share_of_requests"]
    assert rows[known].isna().all(axis=None)
    assert rows["events"].sum() == pytest.approx(140 * 6)  # six blocks of rows


def test_where_the_mix_differs_and_waits_do_not_only_the_mix_is_left():
    """Black residents' areas ask for trees; each kind waits the same everywhere."""
    random = np.random.default_rng(8)
    part = np.linspace(0.05, 0.95, 40)
    population = people(
        [
            (f"{i:02}", round(2000 * p), round(2000 * (1 - p)))
            for i, p in enumerate(part)
        ]
    )
    rows = []
    for i, p in enumerate(part):
        for kind, rate, soon in (("Graffiti", 1 - p, 0.9), ("Trees", p, 0.3)):
            for quarter in (1, 2, 3, 4):
                asked = random.poisson(120 * rate)
                done = random.binomial(asked, soon)
                rows.append((f"{i:02}", kind, 2, done, 0, f"2025Q{quarter}"))
                rows.append((f"{i:02}", kind, 9, asked - done, 0, f"2025Q{quarter}"))
    names = ["area", "category", "days", "closed", "censored", "period"]
    table = decomposition.by_race(
        pd.DataFrame(rows, columns=names), population, **(ON_TIME | {"replicates": 300})
    )
    found = table[table["group"] == "Black"].set_index("component")
    share = {"Black": part / part.sum(), "White": (1 - part) / (1 - part).sum()}
    level = {group: w @ (0.3 * part + 0.9 * (1 - part)) for group, w in share.items()}
    gap = level["Black"] - level["White"]
    assert gap < -0.15
    for component, truth in {GAP: gap, MIX: gap, SAME: 0}.items():
        row = found.loc[component]
        assert row["conf_low"] < truth < row["conf_high"]
    assert found.loc[MIX, "conf_high"] < 0
    assert abs(found.loc[SAME, "estimate"]) < 0.02


@pytest.mark.slow
def test_the_limits_of_shared_requests_cover():
    """120 draws of a city with both parts planted, and residents known by a survey."""
    moe = 250
    part = np.linspace(0.05, 0.95, 60)
    areas = [f"{i:02}" for i in range(60)]
    shares = np.column_stack([part, 1 - part])
    asked = np.array([240 * (1 - part), 240 * part])  # kinds x areas
    soon = np.array([0.85 - 0.1 * part, 0.35 - 0.1 * part])
    size, done = asked @ shares, (asked * soon) @ shares  # kinds x groups
    truth = values(
        decomposition.kitagawa(
            strata(
                Black=zip(done[:, 0], size[:, 0], strict=True),
                White=zip(done[:, 1], size[:, 1], strict=True),
            ),
            reference="White",
        ),
        "Black",
    )
    covered = []
    for seed in range(120):
        random = np.random.default_rng(seed)
        rows = []
        for quarter in (1, 2, 3, 4):
            counts = random.poisson([asked * soon / 4, asked * (1 - soon) / 4])
            for day, kinds in zip((2, 9), counts, strict=True):
                for kind, found in zip("ab", kinds, strict=True):
                    table = pd.DataFrame({"area": areas, "closed": found})
                    rows.append(
                        table.assign(category=kind, days=day, period=f"2025Q{quarter}")
                    )
        seen = np.maximum(random.normal(2000 * shares, moe / 1.645), 0)
        city = people(
            [(area, *row) for area, row in zip(areas, seen, strict=True)], moe
        )
        table = decomposition.by_race(
            pd.concat(rows).assign(censored=0),
            city,
            **(ON_TIME | {"replicates": 150, "seed": seed}),
        )
        found = table[table["group"] == "Black"].set_index("component")
        covered.append(
            [
                found.loc[name, "conf_low"]
                <= truth[name]
                <= found.loc[name, "conf_high"]
                for name in (GAP, MIX, SAME)
            ]
        )
    share = np.mean(covered, axis=0)
    # 0.95 less three binomial errors, and less what 150 redraws lose
    assert (share >= 0.88).all(), share
    assert (share <= 0.995).all(), share


def test_order_seed_and_inputs(town):
    counts, population = town
    before = counts.copy(), population.copy()
    table = by_race(town)
    pd.testing.assert_frame_equal(table, by_race(town))
    shuffled = counts.sample(frac=1, random_state=1), population.iloc[::-1]
    pd.testing.assert_frame_equal(table, by_race(shuffled))
    categorical = counts.astype({"category": "category", "area": "category"})
    pd.testing.assert_frame_equal(table, by_race((categorical, population)))
    other = by_race(town, seed=2)
    pd.testing.assert_series_equal(other["estimate"], table["estimate"])
    assert not other["conf_low"].equals(table["conf_low"])
    pd.testing.assert_frame_equal(counts, before[0])
    pd.testing.assert_frame_equal(population, before[1])


def test_groups_and_areas_without_people(town):
    counts, population = town
    nobody = people([("00", 0), ("01", 0)], np.nan, ("Other",))
    nobody["race"] = nobody["race"].astype(str)
    more = pd.concat([population.astype({"race": str}), nobody], ignore_index=True)
    strange = requests([("XX", "Trees", 1, 500, 0)])
    empty = people([("99", 0, 0, 0)], 12, ("Asian", "Black", "White"))
    crowd = requests([("99", "Trees", 1, 500, 0)])
    found = by_race(
        (
            pd.concat([counts, strange, crowd], ignore_index=True),
            pd.concat([more, empty.astype({"race": str})], ignore_index=True),
        )
    )
    plain = by_race(town)
    assert values(found, "Black", measure=SHARE) == pytest.approx(
        values(plain, "Black", measure=SHARE)
    )
    other = found[found["group"] == "Other"]
    assert other[["estimate", "conf_low", "level"]].isna().all(axis=None)
    assert (other["events"] == 0).all()


def test_a_group_that_cannot_be_told_from_none_has_no_limits():
    city = people([("1", 10, 5000), ("2", 5, 4000)], moe=12)
    rows = [
        (area, kind, day, 20, 0) for area in "12" for kind in "ab" for day in (2, 9)
    ]
    table = decomposition.by_race(requests(rows), city, **ON_TIME)
    found = table[table["group"] == "Black"]
    assert found["estimate"].notna().all()
    assert found[["conf_low", "conf_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("measure", "columns"),
    [
        (decomposition.by_race, decomposition.COLUMNS),
        (decomposition.by_category, decomposition.DETAILS),
    ],
)
def test_nothing_and_wrong_choices(town, measure, columns):
    counts, population = town
    for pair in ((counts.head(0), population), (counts, population.head(0))):
        table = measure(*pair, **ON_TIME)
        assert table.empty
        assert list(table.columns) == columns
    with pytest.raises(UnknownGroupError, match="'Wite'"):
        measure(counts, population, **(ON_TIME | {"reference": "Wite"}))
    with pytest.raises(ParamsError, match="confidence is 95"):
        measure(counts, population, **ON_TIME, confidence=95)
    with pytest.raises(ParamsError, match="target_days is -1"):
        measure(counts, population, **(ON_TIME | {"target_days": -1}))
    with pytest.raises(ParamsError, match="horizon_days is 0"):
        measure(counts, population, **ON_TIME, horizon_days=0)
    with pytest.raises(ColumnNotFoundError, match="category"):
        measure(counts.drop(columns="category"), population, **ON_TIME)
    with pytest.raises(InputError, match="category is missing in"):
        measure(counts.replace({"category": {"Trees": None}}), population, **ON_TIME)
    with pytest.raises(InputError, match="closed is negative or missing"):
        measure(counts.assign(closed=-1), population, **ON_TIME)
