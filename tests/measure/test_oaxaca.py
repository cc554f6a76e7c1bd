"""Oaxaca-Blinder against R's oaxaca, Jann's errors, identities and redraws."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.oaxaca import OaxacaBlinder

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import oaxaca, pay_splits
from equity.measure.pay_pairs import COEFFICIENTS
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=15, derandomize=True)

# how oaxaca_chicago_foreign, and group.weight of R's oaxaca, call our coefficients
CASES = {
    "reference": ("B_reference", 0),
    "group": ("A_reference", 1),
    "reimers": ("equal_half", 0.5),
    "cotton": ("cotton_nA_share", 0.430930930930931),
    "neumark": ("neumark_pooled_no_indicator", -1),
    "jann": ("pooled_with_group_indicator", -2),
}
TWO = {
    "explained": "explained",
    "unexplained": "unexplained",
    "unexplained: group": "unexplained_A",
    "unexplained: reference": "unexplained_B",
}
SCHOOLING = ["LTHS", "some.college", "college", "advanced.degree"]
OPTIONS = {
    "group": "native",
    "reference": "foreign-born",
    "outcome": "ln.real.wage",
    "regressors": ["age", "female", *SCHOOLING],
}


@pytest.fixture(scope="module")
def references(shared):
    folder = shared / "references"
    return {
        name: json.loads((folder / f"oaxaca_chicago_{name}.json").read_text())
        for name in ("foreign", "adjusted_dummies")
    }


@pytest.fixture(scope="module")
def chicago(shared):
    """Wages in Chicago, of the R package oaxaca (GPL; read from there only)."""
    rows = pd.read_csv(shared / "references" / "data" / "chicago.csv")
    names = {0: "native", 1: "foreign-born"}
    return rows.assign(group=rows["foreign.born"].map(names))


def people(random, count=120, columns=2):
    own = np.arange(count) < count // 3
    values = random.normal(0.5 * own[:, None], 1, (count, columns))
    log_pay = 1 + values @ np.arange(1, columns + 1) - 0.3 * own
    log_pay += random.normal(0, 0.5, count) * (1 + own)
    rows = pd.DataFrame(values, columns=[f"x{place}" for place in range(columns)])
    return rows.assign(group=np.where(own, "A", "B"), log_pay=log_pay)


def whole(table, **values):
    return select(table, variable="all together", **values).set_index("component")


def estimates(table):
    """By variable, as R names them."""
    names = table["variable"].replace(
        {"constant": "(Intercept)", "high.school": "(Base)"}
    )
    return dict(zip(names, table["estimate"], strict=True))


def test_chicago_threefold(chicago, references):
    """oaxaca_chicago_foreign: R oaxaca 0.1.5 and independent least squares."""
    expected = references["foreign"]["expected"]
    table = oaxaca.threefold(chicago, **OPTIONS)
    found = whole(table)["estimate"]
    assert found["gap"] == pytest.approx(expected["gap"], abs=1e-12)
    for name, value in expected["threefold"].items():
        assert found[name] == pytest.approx(value, abs=1e-7), name
    first = table.iloc[0]
    assert (first["events"], first["reference_events"]) == (287, 379)
    assert first["incomplete"] == len(chicago) - 287 - 379


@pytest.mark.parametrize("coefficients", list(CASES))
def test_chicago_twofold(chicago, references, coefficients):
    """oaxaca_chicago_foreign: all six choices of coefficients, and each variable."""
    expected = references["foreign"]["expected"]["twofold"][CASES[coefficients][0]]
    table = oaxaca.twofold(chicago, coefficients=[coefficients], **OPTIONS)
    found = whole(table)["estimate"]
    for name, theirs in TWO.items():
        assert found[name] == pytest.approx(expected[theirs], abs=1e-7), name
    parts = table[(table["component"] == "explained")].iloc[1:]
    wanted = expected["explained_by_variable"]
    assert estimates(parts) == pytest.approx(wanted, abs=1e-7)


def test_chicago_errors_by_janns_formula(chicago, references):
    """oaxaca_chicago_foreign: Jann (2008), characteristics drawn by chance too."""
    expected = references["foreign"]["expected"]["se_B_reference_stochastic_X"]
    table = oaxaca.twofold(
        chicago, coefficients=["reference"], errors="classical", **OPTIONS
    )
    found = whole(table)["standard_error"]
    for name in ("explained", "unexplained"):
        assert found[name] == pytest.approx(expected[name], abs=1e-7), name


def test_chicago_with_adjusted_dummies(chicago, references):
    """oaxaca_chicago_adjusted_dummies: Yun's, by R's oaxaca (its errors are of R = 20
    redraws, which the case says to ignore)."""
    case = references["adjusted_dummies"]
    expected = case["expected"]
    options = {**OPTIONS, "dummies": {"high.school": case["inputs"]["adjust_dummies"]}}
    table = oaxaca.threefold(chicago, **options)
    found = whole(table)["estimate"]
    parts = ["endowments", "coefficients", "interaction"]
    assert list(found[parts]) == pytest.approx(
        expected["threefold_overall"][::2], abs=1e-6
    )
    for part in parts:
        rows = table[table["component"] == part].iloc[1:]
        wanted = {
            row["_row"]: row[f"coef({part})"]
            for row in expected["threefold_by_variable"]
        }
        assert estimates(rows) == pytest.approx(wanted, abs=1e-6), part
    table = oaxaca.twofold(chicago, **options)
    for name, (_, weight) in CASES.items():
        found = whole(table, coefficients=name)["estimate"]
        (wanted,) = [
            row for row in expected["twofold_overall"] if row["group.weight"] == weight
        ]
        for ours, theirs in TWO.items():
            if name == "jann" and theirs[-2:] in ("_A", "_B"):
                # with the group in the model, all lies on the side of the category that
                # has a column: here the two cases differ, and we follow the other one
                theirs = {"_A": "unexplained_B", "_B": "unexplained_A"}[theirs[-2:]]
            theirs = f"coef({theirs.replace('_', ' ')})"
            assert found[ours] == pytest.approx(wanted[theirs], abs=1e-6), (name, ours)


def test_neumark_and_jann_are_not_confused():
    """statsmodels spells it "nuemark", and takes "neumark" for the pooled model."""
    rows = people(np.random.default_rng(1))
    design = rows[["x0", "x1"]].assign(
        own=(rows["group"] == "A").astype(int), const=1.0
    )
    theirs = OaxacaBlinder(rows["log_pay"], design, "own", swap=False)
    table = oaxaca.twofold(rows, group="A", reference="B", regressors=["x0", "x1"])
    for ours, kind in {
        "neumark": "nuemark",
        "jann": "pooled",
        "cotton": "cotton",
    }.items():
        unexplained, explained, *_ = theirs.two_fold(two_fold_type=kind).params
        found = whole(table, coefficients=ours)["estimate"]
        # they subtract the group from the others
        assert abs(found["explained"]) == pytest.approx(abs(explained), abs=1e-9), ours
        assert abs(found["unexplained"]) == pytest.approx(abs(unexplained), abs=1e-9)
    assert theirs.two_fold(two_fold_type="neumark").params == (
        theirs.two_fold(two_fold_type="pooled").params
    )
    values = [whole(table, coefficients=n)["estimate"] for n in ("neumark", "jann")]
    assert abs(values[0]["explained"] - values[1]["explained"]) > 0.01


@relaxed
@given(st.integers(0, 10_000), st.sampled_from(["robust", "classical"]))
def test_parts_add_up(seed, errors):
    rows = people(np.random.default_rng(seed))
    before = rows.copy()
    options = {"regressors": ["x0", "x1"], "errors": errors}
    two = oaxaca.twofold(rows, group="A", reference="B", **options)
    three = oaxaca.threefold(rows, group="A", reference="B", **options)
    pd.testing.assert_frame_equal(rows, before)
    assert list(two.columns) == list(three.columns) == oaxaca.COLUMNS
    assert set(MEASURE_COLUMNS) < set(two.columns)
    means = rows.groupby("group")["log_pay"].mean()
    gap = means["A"] - means["B"]
    found = whole(three)["estimate"]
    assert found.drop("gap").sum() == pytest.approx(gap) == found["gap"]
    for name in COEFFICIENTS:
        found = whole(two, coefficients=name)["estimate"]
        assert found["explained"] + found["unexplained"] == pytest.approx(gap)
        halves = found["unexplained: group"] + found["unexplained: reference"]
        assert halves == pytest.approx(found["unexplained"])
    for table in (two, three):
        keys = ["coefficients", "component"]
        parts = table[(table["component"] != "gap")]
        alone = parts[parts["variable"] != "all together"]
        sums = alone.groupby(keys)["estimate"].sum()
        totals = parts[parts["variable"] == "all together"].set_index(keys)["estimate"]
        np.testing.assert_allclose(sums, totals.loc[sums.index], atol=1e-9)
        known = table.dropna(subset=["conf_low"])
        assert (known["conf_low"] < known["conf_high"]).all()


@relaxed
@given(st.integers(0, 10_000), st.sampled_from(["robust", "classical"]))
def test_swapped_groups_turn_signs(seed, errors):
    rows = people(np.random.default_rng(seed))
    options = {"regressors": ["x0", "x1"], "errors": errors}
    there = oaxaca.twofold(rows, group="A", reference="B", **options)
    back = oaxaca.twofold(rows, group="B", reference="A", **options)
    turned = {"reference": "group", "group": "reference"}
    for name in COEFFICIENTS:
        one = whole(there, coefficients=name)
        other = whole(back, coefficients=turned.get(name, name))
        for component in ("gap", "explained", "unexplained"):
            mine, yours = one.loc[component], other.loc[component]
            assert mine["estimate"] == pytest.approx(-yours["estimate"])
            assert mine["conf_low"] == pytest.approx(-yours["conf_high"], abs=1e-9)


@relaxed
@given(st.integers(0, 10_000))
def test_what_is_said_of_dummies_does_not_depend_on_the_base(seed):
    random = np.random.default_rng(seed)
    rows = people(random, 150)
    kind = random.integers(0, 3, 150)
    rows = rows.assign(**{name: (kind == i) * 1.0 for i, name in enumerate("abc")})
    found = []
    for base in "abc":
        names = [name for name in "abc" if name != base]
        table = oaxaca.twofold(
            rows,
            group="A",
            reference="B",
            regressors=["x0", *names],
            dummies={base: names},
        )
        table = table.sort_values(["coefficients", "component", "variable"])
        found.append(table[["estimate", "standard_error"]].to_numpy(dtype=float))
    for other in found[1:]:
        np.testing.assert_allclose(found[0], other, atol=1e-7)


def test_robust_errors_are_those_of_redraws():
    """Bootstrapped standard errors, of 400 redraws, agree within a tenth or so."""
    random = np.random.default_rng(8)
    rows = people(random, 400)
    table = oaxaca.twofold(rows, group="A", reference="B", regressors=["x0", "x1"])
    sides = [rows[rows["group"] == name] for name in "AB"]
    draws = []
    for _ in range(400):
        drawn = [side.iloc[random.integers(0, len(side), len(side))] for side in sides]
        mean, slope, sums = [], [], []
        for side in drawn:
            values = np.column_stack([np.ones(len(side)), side[["x0", "x1"]]])
            sums.append((values.T @ values, values.T @ side["log_pay"].to_numpy()))
            slope.append(np.linalg.solve(*sums[-1]))
            mean.append(values.mean(axis=0))
        pooled = np.linalg.solve(sums[0][0] + sums[1][0], sums[0][1] + sums[1][1])
        apart = mean[0] - mean[1]
        gap = mean[0] @ slope[0] - mean[1] @ slope[1]
        draws.append([apart @ slope[1], gap - apart @ slope[1], apart @ pooled])
    spread = np.std(draws, axis=0)
    own = whole(table, coefficients="reference")["standard_error"]
    assert own["explained"] == pytest.approx(spread[0], rel=0.12)
    assert own["unexplained"] == pytest.approx(spread[1], rel=0.12)
    pooled = whole(table, coefficients="neumark")["standard_error"]
    assert pooled["explained"] == pytest.approx(spread[2], rel=0.12)


def test_many_columns_are_fast_enough_to_be_used():
    """12,000 people and 60 dummies: all that is split adds up."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 61, 12_000)
    rows = pd.DataFrame({f"d{i}": (kind == i) * 1.0 for i in range(60)})
    rows["group"] = np.where(random.random(12_000) < 0.3, "A", "B")
    rows["log_pay"] = 0.01 * kind + random.normal(0, 0.1, 12_000)
    names = [f"d{i}" for i in range(60)]
    table = oaxaca.twofold(
        rows, group="A", reference="B", regressors=names, dummies={"d60": names}
    )
    assert len(table) == 6 * (1 + 4 * (1 + 62))
    found = whole(table, coefficients="jann")["estimate"]
    assert found["explained"] + found["unexplained"] == pytest.approx(found["gap"])


def test_zero_by_definition_has_no_limits():
    rows = people(np.random.default_rng(3))
    table = oaxaca.twofold(rows, group="A", reference="B", regressors=["x0", "x1"])
    for name, component in {
        "reference": "unexplained: reference",
        "group": "unexplained: group",
        "jann": "unexplained: reference",
    }.items():
        row = whole(table, coefficients=name).loc[component]
        assert row["estimate"] == pytest.approx(0, abs=1e-12)
        assert np.isnan(row["conf_low"])


@pytest.mark.parametrize("strange", [["pooled"], ["neumann", "jann"], "jann"])
def test_unknown_coefficients_are_refused_with_the_known(strange):
    rows = people(np.random.default_rng(3))
    with pytest.raises(ParamsError, match="'reimers', 'cotton', 'neumark', 'jann'"):
        oaxaca.twofold(
            rows, group="A", reference="B", regressors=["x0"], coefficients=strange
        )


def test_refusals():
    rows = people(np.random.default_rng(3))
    options = {"group": "A", "reference": "B", "regressors": ["x0", "x1"]}
    with pytest.raises(ColumnNotFoundError, match="'x9'"):
        oaxaca.threefold(rows, **{**options, "regressors": ["x9"]})
    with pytest.raises(UnknownGroupError, match="'C'"):
        oaxaca.threefold(rows, **{**options, "group": "C"})
    with pytest.raises(UnknownGroupError, match="compared with 'B'"):
        oaxaca.threefold(rows, **{**options, "group": "B"})
    with pytest.raises(InputError, match="'again'"):
        oaxaca.threefold(
            rows.assign(again=rows["x0"]), **{**options, "regressors": ["x0", "again"]}
        )
    few = pd.concat([rows[rows["group"] == "A"].head(3), rows[rows["group"] == "B"]])
    with pytest.raises(InputError, match="the group has 3 people for 3 coefficients"):
        oaxaca.threefold(few, **options)
    with pytest.raises(ParamsError, match="dummies"):
        oaxaca.threefold(rows, dummies={"base": ["x7"]}, **options)
    with pytest.raises(ParamsError, match="robust"):
        oaxaca.threefold(rows, errors="bootstrap", **options)


def test_measures_are_named_by_what_they_are():
    rows = people(np.random.default_rng(3))
    table = oaxaca.twofold(rows, group="A", reference="B", regressors=["x0", "x1"])
    assert set(table["measure"]) <= set(pay_splits.MEASURES.values())
    assert not any("explain" in name for name in pay_splits.MEASURES.values())
