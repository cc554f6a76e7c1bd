"""Adjusted gaps: against statsmodels, by hand, and where only the mix differs."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import adjusted, decomposition, exposure
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=8, derandomize=True)
ON_TIME = {"reference": "White", "target_days": 5, "replicates": 40}


def requests(rows, period="2025Q4", **columns):
    """Rows of area, category, days, closed and censored."""
    names = ["area", "category", "days", "closed", "censored"]
    return pd.DataFrame(rows, columns=names).assign(period=period, **columns)


def people(rows, moe=np.nan, groups=("Asian", "Black", "White")):
    wide = pd.DataFrame(rows, columns=["area", *groups])
    table = wide.melt("area", var_name="race", value_name="estimate")
    table["race"] = pd.Categorical(table["race"], groups, ordered=True)
    return table.assign(moe=moe)


@pytest.fixture(scope="module")
def town():
    """Fifteen areas, three groups, kinds, channels and seasons that matter."""
    random = np.random.default_rng(5)
    population = people(
        [(f"{i:02}", *row) for i, row in enumerate(random.integers(50, 900, (15, 3)))],
        60,
    )
    rows = [
        requests(
            [
                (f"{i:02}", kind, day, random.poisson(3 + place * (day > 5)), 0)
                for i in range(15)
                for place, kind in enumerate(["Graffiti", "Lights", "Trees"])
                for day in (1, 3, 7, 20)
                if random.random() < 0.9
            ],
            period,
            channel=channel,
        )
        for period in ("2024Q4", "2025Q1", "2025Q2", "2025Q4")
        for channel in ("App", "Phone")
    ]
    return pd.concat(rows, ignore_index=True), population


def gap(town, **changes):
    return adjusted.gap(*town, **(ON_TIME | changes))


def values(table, model, column="estimate"):
    return table[table["model"] == model].set_index("group")[column].to_dict()


def portions(town, controls):
    """The table of portions that the regression stands for, one row for each."""
    counts, population = town
    shares = population.pivot_table(
        index="area", columns="race", values="estimate", observed=False
    )
    shares = shares.div(shares.sum(axis=1), axis=0)
    rows = counts.assign(
        season=counts["period"].str[4:],
        soon=counts["closed"].where(counts["days"] <= 5, 0),
    )
    rows = rows.groupby(["area", *controls])[["soon", "closed"]].sum().reset_index()
    rows = rows[rows["closed"] > 0]
    long = shares.stack().rename("share").reset_index()
    long = long.rename(columns={"race": "group"})
    long["group"] = long["group"].astype(str)
    table = rows.merge(long, on="area")
    return table.assign(
        y=table["soon"] / table["closed"], w=table["closed"] * table["share"]
    )


@pytest.mark.parametrize(
    "controls", [(), ("category",), ("category", "season", "channel")]
)
def test_estimates_and_errors_are_those_of_statsmodels(town, controls):
    """Independently: WLS of the portions, clustered by area, its own correction."""
    table = portions(town, list(controls))
    dummies = pd.get_dummies(table[["group", *controls]].astype(str), dtype=float).drop(
        columns="group_White"
    )
    for name in controls:
        dummies = dummies.drop(columns=next(c for c in dummies if c.startswith(name)))
    design = sm.add_constant(dummies)
    fit = sm.WLS(table["y"], design, weights=table["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(table["area"])[0]}
    )
    found = gap(town, controls=list(controls))
    for group in ("Asian", "Black"):
        estimate = values(found, "adjusted")[group]
        assert estimate == pytest.approx(fit.params[f"group_{group}"], abs=1e-10)
        error = values(found, "adjusted", "standard_error")[group]
        assert error == pytest.approx(fit.bse[f"group_{group}"], rel=1e-8)
    assert values(found, "adjusted", "controls")["Black"] == ", ".join(controls)


def test_without_controls_it_is_the_area_weighted_gap(town):
    counts, population = town
    plain = exposure.by_race(counts, population, years=1, **ON_TIME)
    rows = plain["measure"].eq("share closed within 5 days")
    plain = plain[rows & plain["statistic"].eq("difference")]
    expected = plain.set_index("group")["estimate"]
    for group in ("Asian", "Black"):
        found = values(gap(town), "unadjusted")[group]
        assert found == pytest.approx(expected[group], abs=1e-12)


def test_the_clustered_error_by_hand():
    """Two groups recorded, three areas: the errors of two means, area by area.

    Black: 6 of 10 and 2 of 10 on time, mean 0.4; residuals 2 and -2 of 20. White: 9 of
    10 and 5 of 10, mean 0.7; residuals 2 and -2 of 20. In area 2 both have theirs:
    0.1, -0.1 - 0.1, 0.1 of three areas; the correction is 3/2 times 3/2.
    """
    rows = []
    for area, race, soon in (
        ("1", "Black", 6),
        ("2", "Black", 2),
        ("2", "White", 9),
        ("3", "White", 5),
    ):
        rows += [(area, "all", 2, soon, 0, race), (area, "all", 9, 10 - soon, 0, race)]
    counts = pd.DataFrame(
        rows, columns=["area", "category", "days", "closed", "censored", "race"]
    ).assign(period="2025Q4")
    city = people([(area, 9, 9) for area in "123"], groups=("Black", "White"))
    table = adjusted.gap(counts, city, recorded=True, **ON_TIME)
    assert values(table, "unadjusted")["Black"] == pytest.approx(-0.3)
    error = np.sqrt((0.1**2 + 0.2**2 + 0.1**2) * 3 / 2 * 3 / 2)
    found = values(table, "unadjusted", "standard_error")["Black"]
    assert found == pytest.approx(error)
    half = values(table, "unadjusted", "conf_high")["Black"] + 0.3
    assert half == pytest.approx(4.302653 * error, rel=1e-6)  # t of two degrees
    assert values(table, "unadjusted", "areas")["Black"] == 3


def test_recorded_races_are_weights_and_those_without_are_counted(town):
    counts, population = town
    random = np.random.default_rng(6)
    race = random.choice(["Asian", "Black", "White", "Not recorded"], len(counts))
    counts = counts.assign(race=pd.Categorical(race))
    counts.loc[counts.index[:20], "race"] = np.nan
    table = adjusted.gap(counts, population, recorded=True, **ON_TIME)
    known = counts[counts["race"].isin(["Asian", "Black", "White"])]
    lost = counts["closed"].sum() - known["closed"].sum()
    assert table["not_recorded"].eq(lost).all()
    size = known.groupby(known["race"].astype(str))["closed"].sum()
    soon = known[known["days"] <= 5].groupby(known["race"].astype(str))["closed"].sum()
    share = soon / size
    for group in ("Asian", "Black"):
        found = values(table, "unadjusted")[group]
        assert found == pytest.approx(share[group] - share["White"])
        assert values(table, "unadjusted", "events")[group] == size[group]
    assert table["census_error"].isna().all()  # does not apply
    assert set(table["method"]) == {adjusted.RECORDED}
    assert gap(town)["not_recorded"].isna().all()
    with pytest.raises(ColumnNotFoundError, match="race"):
        adjusted.gap(*town, recorded=True, **ON_TIME)


def test_where_only_the_mix_differs_the_adjusted_gap_is_none():
    """Trees are late and asked for where Black residents live; nothing else differs."""
    random = np.random.default_rng(9)
    part = np.linspace(0.05, 0.95, 60)
    rows = []
    for i, p in enumerate(part):
        for kind, rate, soon in (("Graffiti", 1 - p, 0.9), ("Trees", p, 0.3)):
            asked = random.poisson(400 * rate)
            done = random.binomial(asked, soon)
            rows += [
                (f"{i:02}", kind, 2, done, 0),
                (f"{i:02}", kind, 9, asked - done, 0),
            ]
    city = people(
        [(f"{i:02}", 2000 * p, 2000 * (1 - p)) for i, p in enumerate(part)],
        groups=("Black", "White"),
    )
    table = adjusted.gap(requests(rows), city, **ON_TIME)
    raw = table[(table["model"] == "unadjusted") & (table["group"] == "Black")].iloc[0]
    same = table[(table["model"] == "adjusted") & (table["group"] == "Black")].iloc[0]
    assert raw["conf_high"] < -0.1
    assert abs(same["estimate"]) < 3 * same["standard_error"] < 0.02
    parts = decomposition.by_race(requests(rows), city, **ON_TIME)
    parts = parts[parts["group"] == "Black"].set_index("component")["estimate"]
    assert raw["estimate"] == pytest.approx(parts["gap"])


@pytest.mark.slow
@pytest.mark.parametrize(("offset", "moe"), [(0.0, 0), (0.08, 250)])
def test_the_limits_cover_where_areas_differ_by_chance(offset, moe):
    """250 cities without an adjusted gap; areas drawn anew, residents by a survey."""
    part, covered = np.linspace(0.05, 0.95, 60), []
    areas = [f"{i:02}" for i in range(60)]
    true = 2000 * np.column_stack([part, 1 - part])
    for seed in range(250):
        random = np.random.default_rng(seed)
        luck = random.normal(0, offset, 60)
        rows = []
        for kind, rate, soon in (("Graffiti", 1 - part, 0.85), ("Trees", part, 0.35)):
            asked = random.poisson(240 * rate)
            done = random.binomial(asked, np.clip(soon + luck, 0.01, 0.99))
            for day, count in ((2, done), (9, asked - done)):
                rows += zip(
                    areas, [kind] * 60, [day] * 60, count, [0] * 60, strict=True
                )
        seen = np.maximum(random.normal(true, moe / 1.645), 0)
        city = people(
            [(area, *row) for area, row in zip(areas, seen, strict=True)],
            moe or np.nan,
            ("Black", "White"),
        )
        table = adjusted.gap(requests(rows), city, **ON_TIME)
        row = table[(table["model"] == "adjusted") & (table["group"] == "Black")].iloc[
            0
        ]
        covered.append(row["conf_low"] <= 0 <= row["conf_high"])
    assert 0.91 <= np.mean(covered) <= 0.985  # 0.95, within three binomial errors


def test_margins_of_the_census_widen_the_limits(town):
    counts, population = town
    spans = []
    for moe in (np.nan, 60, 150):
        table = gap((counts, population.assign(moe=moe)), replicates=200)
        row = table[(table["model"] == "adjusted") & (table["group"] == "Black")].iloc[
            0
        ]
        spans.append(row["conf_high"] - row["conf_low"])
        total = np.hypot(row["standard_error"], row["census_error"])
        assert spans[-1] == pytest.approx(2 * 2.1447867 * total)  # t of 14 degrees
        assert (row["census_error"] > 0) == (moe > 0)
    assert spans[0] < spans[1] < spans[2]


@st.composite
def waits(draw):
    return [
        (
            day,
            draw(st.integers(0, 9)),
            draw(st.integers(0, 4) if day < 8 else st.just(2)),
        )
        for day in sorted(
            draw(st.sets(st.integers(0, 12), min_size=1, max_size=8)) | {8}
        )
    ]


@given(waits(), waits())
@relaxed
def test_inverse_probabilities_give_the_kaplan_meier_shares(first, second):
    """One group each in two areas, one category each: their curves, 5 days on."""
    rows = [("1", "a", *row) for row in first] + [("2", "b", *row) for row in second]
    city = people([("1", 10, 0), ("2", 0, 10)], groups=("Black", "White"))
    table = adjusted.gap(requests(rows), city, **ON_TIME)
    parts = decomposition.by_race(requests(rows), city, **(ON_TIME | {"replicates": 1}))
    expected = parts[(parts["component"] == "gap") & (parts["group"] == "Black")]
    found = values(table, "unadjusted")["Black"]
    assert found == pytest.approx(expected["estimate"].iloc[0], abs=1e-9)
    unknown = sum(censored for day, _, censored in first if day < 5)
    assert values(table, "unadjusted", "unknown")["Black"] == pytest.approx(unknown)


def test_a_category_that_nobody_was_followed_in_is_unknown(town):
    counts, population = town
    recent = requests([(f"{i:02}", "New", 1, 3, 7) for i in range(15)], channel="App")
    one, other = gap(town), gap((pd.concat([counts, recent]), population))
    for column in ("estimate", "conf_low", "standard_error"):
        np.testing.assert_allclose(one[column], other[column], atol=1e-12)
    told = other[other["model"] == "adjusted"]
    assert told["unknown"].sum() == pytest.approx(150)
    assert told["events"].sum() == pytest.approx(counts["closed"].sum() + 150)
    assert (one["unknown"] == 0).all()


def test_controls_that_are_absent_or_the_same_are_left_out(town):
    counts, population = town
    bare = counts.drop(columns="channel").assign(category="all")
    table = gap((bare, population))
    assert values(table, "adjusted", "controls")["Black"] == "season"
    nothing = gap((bare.assign(period="2025Q4"), population))
    assert values(nothing, "adjusted", "controls")["Black"] == ""
    assert values(nothing, "adjusted") == values(nothing, "unadjusted")
    doubled = gap(town, controls=("period", "season"))  # seasons are sums of quarters
    once = gap(town, controls=("period",))
    for column in ("estimate", "standard_error"):
        expected = values(once, "adjusted", column)
        assert values(doubled, "adjusted", column) == pytest.approx(
            expected, nan_ok=True
        )


def test_the_columns_of_a_measure_table(town):
    table = gap(town)
    assert list(table.columns) == adjusted.COLUMNS
    start = list(table.columns).index("measure")
    assert table.columns[start : start + 7].tolist() == list(MEASURE_COLUMNS)
    assert set(table["statistic"]) == {"difference"}
    assert set(table["direction"]) == {"higher is better"}
    own = table[table["group"] == "White"]
    assert (own["estimate"] == 0).all()
    assert own[["conf_low", "conf_high"]].isna().all(axis=None)
    others = table[table["group"] != "White"]
    assert (others["conf_low"] < others["estimate"]).all()
    assert (others["estimate"] < others["conf_high"]).all()
    wide = gap(town, confidence=0.99)
    assert (wide["conf_high"] - table["conf_high"]).dropna().gt(0).all()


def test_swapping_the_reference_turns_the_gap(town):
    one, other = gap(town), gap(town, reference="Black")
    for model in ("unadjusted", "adjusted"):
        there, back = values(one, model)["Black"], values(other, model)["White"]
        assert back == pytest.approx(-there, abs=1e-12)
        errors = (values(table, model, "standard_error") for table in (one, other))
        assert next(errors)["Black"] == pytest.approx(next(errors)["White"])


def test_order_seed_and_inputs(town):
    counts, population = town
    before = counts.copy(), population.copy()
    table = gap(town)
    pd.testing.assert_frame_equal(table, gap(town))
    shuffled = counts.sample(frac=1, random_state=1), population.iloc[::-1]
    pd.testing.assert_frame_equal(table, gap(shuffled))
    labels = counts.astype({"category": "category", "area": "category"})
    pd.testing.assert_frame_equal(table, gap((labels, population)))
    million = counts.assign(closed=10**6 * counts["closed"])
    many = gap((million, population))
    np.testing.assert_allclose(many["estimate"], table["estimate"], atol=1e-9)
    pd.testing.assert_frame_equal(counts, before[0])
    pd.testing.assert_frame_equal(population, before[1])


def test_people_and_areas_that_are_not_there(town):
    counts, population = town
    strange = requests([("XX", "Trees", 1, 500, 0)], channel="App", race="Black")
    empty = people([("99", 0, 0, 0)], 12)
    crowd = requests([("99", "Trees", 1, 500, 0)], channel="App")
    more = pd.concat([counts, strange, crowd]), pd.concat([population, empty])
    assert values(gap(more), "adjusted") == pytest.approx(values(gap(town), "adjusted"))
    city = people([("1", 0, 10, 90), ("2", 0, 5, 95)], 12)
    rows = [(area, "a", day, 20, 0) for area in "12" for day in (2, 9)]
    table = adjusted.gap(requests(rows), city, **ON_TIME)
    asian, black = (table[table["group"] == name] for name in ("Asian", "Black"))
    assert asian[["estimate", "conf_low"]].isna().all(axis=None)
    assert (asian["events"] == 0).all()
    assert black["estimate"].notna().all()
    assert black[["conf_low", "conf_high"]].isna().all(axis=None)  # 15 people, or none


def test_one_area_has_no_limits():
    city = people([("1", 10, 10, 90)])
    rows = [("1", kind, day, 20, 0) for kind in "ab" for day in (2, 9)]
    table = adjusted.gap(requests(rows), city, **ON_TIME)
    assert np.allclose(table["estimate"], 0)
    assert table[["standard_error", "conf_low", "conf_high"]].isna().all(axis=None)


def test_nothing_and_wrong_choices(town):
    counts, population = town
    for pair in ((counts.head(0), population), (counts, population.head(0))):
        table = gap(pair)
        assert table.empty
        assert list(table.columns) == adjusted.COLUMNS
    with pytest.raises(UnknownGroupError, match="'Wite'"):
        gap(town, reference="Wite")
    with pytest.raises(ParamsError, match="confidence is 95"):
        gap(town, confidence=95)
    with pytest.raises(ParamsError, match="target_days is -1"):
        gap(town, target_days=-1)
    with pytest.raises(ParamsError, match=r"controls: \['income'\]"):
        gap(town, controls=["category", "income"])
    with pytest.raises(ParamsError, match="controls: 'category'; expected a list"):
        gap(town, controls="category")
    with pytest.raises(ColumnNotFoundError, match="period"):
        gap((counts.drop(columns="period"), population))
    with pytest.raises(InputError, match="category is missing in"):
        gap((counts.replace({"category": {"Trees": None}}), population))
    with pytest.raises(InputError, match="closed is negative or missing"):
        gap((counts.assign(closed=-1), population))
