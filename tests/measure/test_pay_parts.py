"""A workforce's gaps in parts: sums, counterparts, overlaps, a planted gap, edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ParamsError, UnknownGroupError
from equity.measure import oaxaca, pay_parts
from equity.measure.pay_support import Comparable
from equity.measure.table import select

relaxed = settings(deadline=None, max_examples=10, derandomize=True)


def staff(random, people=400, gap=0.0):
    race = random.choice(["Asian", "Black", "White"], people, p=[0.2, 0.3, 0.5])
    category = np.minimum(random.integers(0, 4, people), random.integers(0, 9, people))
    category = np.where(race == "White", random.integers(0, 4, people), category)
    years = random.integers(0, 9000, people)
    log_pay = 10.5 + 0.2 * category + 0.00002 * years
    log_pay += np.where(race == "Black", gap, 0) + random.normal(0, 0.15, people)
    as_of = pd.Timestamp("2025-12-31")
    return pd.DataFrame(
        {
            "race": race,
            "job_category": pd.Series(category).map("Category {}".format),
            "department": pd.Series(random.integers(0, 3, people)).map(
                "Unit {}".format
            ),
            "hired": as_of - pd.to_timedelta(years, "D"),
            "as_of": as_of,
            "pay": np.exp(log_pay),
        }
    )


def whole(table, **values):
    return select(table, variable="all together", **values).set_index("component")


def test_it_is_the_decomposition_of_the_same_columns():
    people = staff(np.random.default_rng(1))
    people = people[people["race"] != "Asian"]
    table = pay_parts.by_race(people, reference="White", controls=["job_category"])
    names = [f"Category {place}" for place in range(1, 4)]
    rows = people.assign(
        group=people["race"],
        log_pay=np.log(people["pay"]),
        **{name: (people["job_category"] == name) * 1.0 for name in names},
    )
    other = oaxaca.twofold(
        rows,
        group="Black",
        reference="White",
        regressors=names,
        dummies={"Category 0": names},
    )
    for name in ("reference", "neumark", "jann"):
        mine, theirs = whole(table, coefficients=name), whole(other, coefficients=name)
        for column in ("estimate", "conf_low", "conf_high"):
            np.testing.assert_allclose(
                mine[column], theirs.drop("gap")[column], atol=1e-9
            )
    # a control is the sum of its categories
    part = select(
        table, coefficients="jann", component="unexplained", variable="job_category"
    )
    each = select(other, coefficients="jann", component="unexplained")
    each = each[each["variable"].str.startswith("Category")]
    assert part["estimate"].item() == pytest.approx(each["estimate"].sum())


@relaxed
@given(st.integers(0, 10_000))
def test_parts_add_up_to_the_gap(seed):
    people = staff(np.random.default_rng(seed), 200)
    before = people.copy()
    table = pay_parts.by_race(people, reference="White")
    pd.testing.assert_frame_equal(people, before)
    assert list(table.columns) == pay_parts.COLUMNS
    assert set(table["group"]) == {"Asian", "Black"}
    for group in ("Asian", "Black"):
        first = whole(table, group=group, coefficients="")
        own = first["estimate"]
        assert own["gap"] == pytest.approx(
            own["no counterpart"] + own["gap among comparable people"]
        )
        within = own[["endowments", "coefficients", "interaction"]].sum()
        assert within == pytest.approx(own["gap among comparable people"])
        counts = first.iloc[0]
        out = counts["events"] - first.loc["endowments", "events"]
        assert out == counts["without_counterpart"]


def test_people_without_a_counterpart_are_a_part_of_the_gap():
    people = staff(np.random.default_rng(3))
    people = people[people["race"] != "Asian"]
    extra = people[people["race"] == "White"].head(20)
    extra = extra.assign(job_category="Chief", pay=300_000.0)
    both = pd.concat([people, extra], ignore_index=True)
    controls = ["job_category", "tenure"]
    with_them = pay_parts.by_race(both, reference="White", controls=controls)
    without = pay_parts.by_race(people, reference="White", controls=controls)
    assert (with_them["reference_without_counterpart"] == 20).all()
    for name in ("jann", "reference"):
        np.testing.assert_allclose(
            whole(with_them, coefficients=name)["estimate"],
            whole(without, coefficients=name)["estimate"],
        )
    part = whole(with_them, coefficients="").loc["no counterpart"]
    assert part["estimate"] < 0
    assert part["conf_high"] < 0
    nobody = whole(without, coefficients="").loc["no counterpart"]
    assert nobody["estimate"] == 0
    assert np.isnan(nobody["conf_low"])


def test_controls_that_overlap_have_a_sum_but_no_parts():
    people = staff(np.random.default_rng(4))
    people["job"] = people["department"] + people["job_category"].str[-1]
    table = pay_parts.by_race(
        people, reference="White", controls=["tenure", "department", "job"]
    )
    rows = select(table, group="Black", coefficients="jann", component="explained")
    estimate = rows.set_index("variable")["estimate"]
    assert estimate[["all together", "tenure"]].notna().all()
    assert estimate[["constant", "department", "job"]].isna().all()
    assert (table["reliability"] == pay_parts.OVERLAP).all()
    finer = pay_parts.by_race(people, reference="White", controls=["tenure", "job"])
    np.testing.assert_allclose(
        whole(finer, group="Black", coefficients="jann")["estimate"],
        whole(table, group="Black", coefficients="jann")["estimate"],
        atol=1e-7,
    )


def test_too_few_people_have_a_gap_but_no_parts():
    people = staff(np.random.default_rng(5))
    few = pd.concat(
        [
            people[people["race"] == "White"],
            people[people["race"] == "Black"].head(8),
        ]
    )
    table = pay_parts.by_race(few, reference="White")
    own = whole(table, coefficients="")
    assert np.isfinite(own.loc["gap", ["estimate", "conf_low"]].astype(float)).all()
    assert own.drop("gap")["estimate"].isna().all()
    assert (table["reliability"] == pay_parts.TOO_FEW).all()
    assert len(whole(table, coefficients="jann")) == 4


def test_nobody_comparable_is_set_aside_until_both_have_all_columns():
    people = pd.DataFrame(
        {
            "job": ["a"] * 8 + ["b"] * 4,
            "department": ["x", "x", "y", "y"] * 2 + ["x", "x", "x", "x"],
        }
    )
    own = np.array([True, False] * 6)
    found = Comparable.of(people, own, ["job", "department"])
    sides = [found.matrix[own[found.kept]], found.matrix[~own[found.kept]]]
    for side in sides:
        whole = np.column_stack([np.ones(len(side)), side])
        assert np.linalg.matrix_rank(whole) == whole.shape[1]


def test_a_planted_gap_is_covered():
    """Of 30 workforces with -0.05 in log pay, 95 % limits miss in no more than 6."""
    random = np.random.default_rng(6)
    missed = 0
    for _ in range(30):
        table = pay_parts.by_race(
            staff(random, 250, -0.05),
            reference="White",
            groups=["Black", "White"],
            coefficients=["jann"],
        )
        row = whole(table, coefficients="jann").loc["unexplained"]
        missed += not row["conf_low"] <= -0.05 <= row["conf_high"]
    assert missed <= 6


def test_counts_and_refusals():
    people = staff(np.random.default_rng(0), 200)
    people.loc[people.index[:3], "pay"] = np.nan
    people.loc[people.index[3:5], "pay"] = 0
    people.loc[people.index[5], "hired"] = pd.NaT
    people.loc[people.index[6], "race"] = "Unknown"
    groups = ["Asian", "Black", "White"]
    table = pay_parts.by_race(people, reference="White", groups=groups)
    assert (table["not_recorded"] == 1).all()
    assert table.loc[0, "controls"] == "job_category, tenure, department"
    both = table.drop_duplicates("group")
    lost = ["without_pay", "zero_pay", "incomplete"]
    own = people[people["race"].isin(["Asian", "Black"])]
    assert both["population"].sum() == len(own)
    usable = own["pay"].gt(0) & own["hired"].notna()
    assert both[lost].to_numpy().sum() == (~usable).sum()
    with pytest.raises(UnknownGroupError, match="'Purple'"):
        pay_parts.by_race(people, reference="Purple")
    with pytest.raises(ParamsError, match="'neumark'"):
        pay_parts.by_race(people, reference="White", coefficients=["pooled"])
    nobody = pd.DataFrame({"race": [], "pay": []})
    assert pay_parts.by_race(nobody, reference="White").empty
