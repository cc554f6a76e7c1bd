"""Gaps at quantiles against statsmodels, hand values, identities and coverage."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ParamsError, UnknownGroupError
from equity.measure import pay, pay_quantiles
from equity.measure.table import select

relaxed = settings(deadline=None, max_examples=8, derandomize=True)


def staff(random, people=400, gap=0.0):
    race = random.choice(["Black", "White"], people, p=[0.4, 0.6])
    category = random.integers(0, 3, people)
    log_pay = 10.8 + 0.2 * category + np.where(race == "Black", np.log1p(gap), 0)
    log_pay += random.normal(0, 0.2, people)
    return pd.DataFrame(
        {
            "race": race,
            "job_category": pd.Series(category).map("Category {}".format),
            "pay": np.exp(log_pay),
        }
    )


def one(table, **values):
    found = select(table, group="Black", **values)
    assert len(found) == 1
    return found.iloc[0]


def test_without_controls_it_is_the_ratio_of_quantiles_by_hand():
    people = pd.DataFrame(
        {
            "race": ["Black"] * 10 + ["White"] * 10,
            "pay": [*range(10, 110, 10), *range(20, 220, 20)],
        }
    )
    table = pay_quantiles.by_race(people, reference="White", quantiles=[0.25, 0.5])
    # the third of ten is the first quartile: 30 and 60; medians are 55 and 110
    estimates = [
        one(table, model="unadjusted").estimate
        for table in (table[table["quantile"] == q] for q in (0.25, 0.5))
    ]
    assert estimates == pytest.approx([-0.5, -0.5])


def test_the_middle_is_the_ratio_of_medians():
    people = staff(np.random.default_rng(1))
    table = pay_quantiles.by_race(people, reference="White", quantiles=[0.5])
    row = one(table, model="unadjusted")
    gap = pay.by_race(people, reference="White")
    ratio = one(gap, measure="median pay", statistic="ratio")
    for name in ("estimate", "conf_low", "conf_high"):
        assert 1 + row[name] == pytest.approx(ratio[name])


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.75])
def test_adjusted_gaps_are_as_good_as_those_of_statsmodels(quantile):
    """The linear program is exact: its loss is the least, and close to theirs."""
    people = staff(np.random.default_rng(4), 600, gap=-0.1)
    table = pay_quantiles.by_race(people, reference="White", quantiles=[quantile])
    row = one(table, model="adjusted")
    dummies = pd.get_dummies(people["job_category"]).iloc[:, 1:]
    black = (people["race"] == "Black").rename("Black")
    design = sm.add_constant(pd.concat([black, dummies], axis=1).astype(float))
    fitted = sm.QuantReg(np.log(people["pay"]), design).fit(q=quantile)
    assert row["converged"]
    assert row["coefficient"] == pytest.approx(fitted.params["Black"], abs=2e-3)
    # theirs take pay to spread alike in both groups, as it does here
    assert row["standard_error"] == pytest.approx(fitted.bse["Black"], rel=0.25)


def test_the_program_reaches_the_least_loss():
    random = np.random.default_rng(9)
    people = staff(random, 101)
    log_pay = np.log(people["pay"].to_numpy())
    design = np.column_stack([np.ones(101), people["race"] == "Black"]).astype(float)
    found = pay_quantiles._program(log_pay, pay_quantiles.sparse.csr_array(design), 0.3)

    def loss(coefficients):
        rest = log_pay - design @ coefficients
        return np.maximum(0.3 * rest, -0.7 * rest).sum()

    nearby = found + random.normal(0, 0.01, (200, 2))
    assert all(loss(found) <= loss(other) + 1e-12 for other in nearby)


def test_limits_cover_a_planted_gap():
    """Of 24 invented workforces, 95 % limits at two quantiles miss few of 48 times."""
    random = np.random.default_rng(11)
    missed = 0
    for _ in range(24):
        table = pay_quantiles.by_race(
            staff(random, gap=-0.05), reference="White", quantiles=[0.25, 0.5]
        )
        rows = table[(table["group"] == "Black") & (table["model"] == "adjusted")]
        missed += ((rows["conf_low"] > -0.05) | (rows["conf_high"] < -0.05)).sum()
    assert missed <= 8


def test_few_people_have_no_adjusted_limits():
    people = staff(np.random.default_rng(2), 60)
    table = pay_quantiles.by_race(people, reference="White", quantiles=[0.1, 0.5])
    rows = table[(table["group"] == "Black") & (table["model"] == "adjusted")]
    least = pay_quantiles.LEAST
    count = (people["race"] == "Black").sum()
    assert least * 2 > count * 0.5 > count * 0.1  # too few at one tenth
    assert rows.set_index("quantile")["conf_low"].isna()[0.1]
    assert rows["estimate"].notna().all()


def test_a_gap_that_controls_leave_nothing_of_is_missing():
    people = staff(np.random.default_rng(2), 60)
    people["department"] = people["race"]
    table = pay_quantiles.by_race(
        people, reference="White", controls=["department"], quantiles=[0.5]
    )
    row = one(table, model="adjusted")
    assert np.isnan(row["estimate"])
    assert np.isnan(row["conf_low"])


@relaxed
@given(st.integers(0, 1000), st.floats(0.5, 2))
def test_a_currency_changes_no_relative_gap(seed, factor):
    people = staff(np.random.default_rng(seed), 120)
    options = {"reference": "White", "quantiles": [0.4], "controls": ["job_category"]}
    before = people.copy()
    table = pay_quantiles.by_race(people, **options)
    other = pay_quantiles.by_race(people.assign(pay=people["pay"] * factor), **options)
    pd.testing.assert_frame_equal(people, before)
    assert list(table.columns) == pay_quantiles.COLUMNS
    np.testing.assert_allclose(table["estimate"], other["estimate"], atol=1e-6)
    known = table.dropna(subset=["conf_low"])
    assert (known["conf_low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["conf_high"]).all()


def test_refusals():
    people = staff(np.random.default_rng(0), 30)
    with pytest.raises(ParamsError, match="between 0 and 1"):
        pay_quantiles.by_race(people, reference="White", quantiles=[50])
    with pytest.raises(UnknownGroupError, match="Purple"):
        pay_quantiles.by_race(people, reference="Purple")
    nobody = pd.DataFrame({"race": [], "pay": []})
    assert pay_quantiles.by_race(nobody, reference="White").empty
