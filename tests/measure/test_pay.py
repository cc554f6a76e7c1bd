"""Pay gaps against statsmodels, a planted truth, identities, coverage and edges."""

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
from equity.measure import pay
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=5, derandomize=True)
GROUPS = ["Asian", "Black", "White"]


def staff(random, people=300, gap=0.0, departments=40):
    """People whose pay goes with job, tenure, department, and a gap of the Black."""
    race = random.choice(GROUPS, people, p=[0.2, 0.3, 0.5])
    job = np.where(race == "White", random.integers(0, 4, people), 0)
    job = np.where(random.random(people) < 0.5, random.integers(0, 4, people), job)
    years = random.integers(0, 10_000, people)
    department = random.integers(0, departments, people)
    log_pay = 10.5 + 0.15 * job + 0.00001 * years + 0.002 * department
    log_pay += np.where(race == "Black", np.log1p(gap), 0)
    log_pay += random.normal(0, 0.1, people) * (1 + job)
    as_of = pd.Timestamp("2025-12-31")
    return pd.DataFrame(
        {
            "race": pd.Categorical(race, GROUPS),
            "pay": np.exp(log_pay),
            "job": pd.Series(job).map("Job {}".format),
            "department": pd.Series(department).map("Unit {}".format),
            "hired": as_of - pd.to_timedelta(years, "D"),
            "full_time": random.random(people) < 0.8,
            "as_of": as_of,
        }
    )


def rows(table, **values):
    return select(table, **values).set_index("group")


def test_medians_by_hand():
    """Ten values: the second and ninth are limits, P(B <= 1) = 11/1024 < 2.5 %."""
    table = pay.by_race(
        pd.DataFrame({"race": "A", "pay": np.arange(1.0, 11)}), reference="A"
    )
    row = rows(table, measure="median pay", statistic="level").loc["A"]
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == (5.5, 2, 9)


def test_means_are_those_of_statsmodels():
    people = staff(np.random.default_rng(1))
    table = pay.by_race(people, reference="White")
    own = people.loc[people["race"] == "Black", "pay"]
    described = sm.stats.DescrStatsW(own)
    row = rows(table, measure="mean pay", statistic="level").loc["Black"]
    assert row["estimate"] == pytest.approx(described.mean)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(
        described.tconfint_mean(0.05)
    )
    # the difference of means: square and add, so close to Welch's
    row = rows(table, measure="mean pay", statistic="difference").loc["Black"]
    white = people.loc[people["race"] == "White", "pay"]
    welch = sm.stats.CompareMeans.from_data(own, white).tconfint_diff(usevar="unequal")
    assert row["estimate"] == pytest.approx(own.mean() - white.mean())
    np.testing.assert_allclose((row["conf_low"], row["conf_high"]), welch, rtol=0.02)


def test_missing_pay_is_counted_and_zero_is_pay():
    people = pd.DataFrame(
        {"race": ["A", "A", "A", "B", "?"], "pay": [np.nan, 0.0, 2.0, 3.0, 9.0]}
    )
    table = pay.by_race(people, reference="B", groups=["A", "B", "C"])
    row = rows(table, measure="mean pay", statistic="level")
    assert row["estimate"].tolist()[:2] == [1.0, 3.0]
    assert np.isnan(row.loc["C", "estimate"])
    assert row["events"].tolist() == [2, 1, 0]
    assert row["population"].tolist() == [3, 1, 0]
    assert row["without_pay"].tolist() == [1, 0, 0]
    assert (row["not_recorded"] == 1).all()
    assert row[["conf_low", "conf_high"]].isna().to_numpy()[1:].all()


def test_a_few_have_no_limits_of_a_median():
    people = pd.DataFrame({"race": ["A"] * 5 + ["B"] * 6, "pay": np.arange(1.0, 12)})
    table = pay.by_race(people, reference="B")
    row = rows(table, measure="median pay", statistic="level")
    assert row["conf_low"].isna().tolist() == [True, False]
    gap = rows(table, measure="median pay", statistic="difference")
    assert gap["conf_low"].isna().all()


@relaxed
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_gaps_keep_their_identities(seed, factor):
    people = staff(np.random.default_rng(seed), people=60)
    table = pay.by_race(people, reference="White")
    assert list(table.columns) == pay.COLUMNS
    assert set(MEASURE_COLUMNS) <= set(table.columns)
    # limits bracket the estimate
    known = table.dropna(subset=["conf_low", "conf_high"])
    assert (known["conf_low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["conf_high"]).all()
    # in another currency, differences scale and ratios stay
    other = pay.by_race(people.assign(pay=people["pay"] * factor), reference="White")
    scale = np.where(table["statistic"] == "ratio", 1, factor)
    for name in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(other[name], table[name] * scale, rtol=1e-9)
    # group and reference swapped: the ratio and its limits are inverted
    swapped = pay.by_race(people, reference="Black")
    there = select(table, statistic="ratio").query("group == 'Black'")
    back = select(swapped, statistic="ratio").query("group == 'White'")
    np.testing.assert_allclose(there["estimate"], 1 / back["estimate"].to_numpy())
    np.testing.assert_allclose(there["conf_low"], 1 / back["conf_high"].to_numpy())


def test_counts_of_people_are_weights():
    counted = pd.DataFrame(
        {"race": ["A", "A", "B"], "pay": [1.0, 3.0, 2.0], "people": [9, 8, 12]}
    )
    one_each = counted.loc[counted.index.repeat(counted["people"])]
    pd.testing.assert_frame_equal(
        pay.by_race(counted, reference="B"),
        pay.by_race(one_each.drop(columns="people"), reference="B"),
    )


@pytest.mark.parametrize("step", [1, 5_000])
def test_limits_of_medians_cover(step):
    """Also where pay is on steps; of 120 levels and gaps each, 95 % limits miss few."""
    random = np.random.default_rng(7)
    truth = [np.round(np.exp(middle) / step) * step for middle in (10.8, 11)]
    missed = np.zeros(2)
    for _ in range(12):
        names = np.repeat([*(f"A{i}" for i in range(10)), "B"], [25] * 10 + [80])
        log_pay = random.normal(np.where(names == "B", 11, 10.8), 0.3)
        people = pd.DataFrame(
            {"race": names, "pay": np.round(np.exp(log_pay) / step) * step}
        )
        table = select(pay.by_race(people, reference="B"), measure="median pay")
        table = table[table["group"] != "B"]
        for place, (statistic, value) in enumerate(
            {"level": truth[0], "difference": truth[0] - truth[1]}.items()
        ):
            row = select(table, statistic=statistic)
            missed[place] += (
                ~((row["conf_low"] <= value) & (value <= row["conf_high"]))
            ).sum()
    # exact for a level; gaps of one round share a reference, so may miss together
    assert missed[0] <= 13
    assert missed[1] <= 15


def written_out(people, controls):
    """The design of the regression, by other means."""
    years = (people["as_of"] - people["hired"]).dt.days / 365.25
    parts = [(people["race"] == group).rename(group) for group in ("Asian", "Black")]
    for name in controls:
        if name == "tenure":
            parts += [years.rename("years"), (years**2).rename("squared")]
        else:
            parts.append(
                pd.get_dummies(people[name].astype(str), prefix=name).iloc[:, 1:]
            )
    return sm.add_constant(pd.concat(parts, axis=1).astype(float))


@pytest.mark.parametrize("errors", [pay.HC3, pay.CLUSTERED])
def test_adjusted_gaps_are_those_of_statsmodels(errors):
    people = staff(np.random.default_rng(3))
    options = {"cov_type": "HC3"}
    if errors == pay.CLUSTERED:
        codes = pd.factorize(people["department"])[0]
        options = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    found = pay.adjusted(
        people,
        reference="White",
        controls=["job", "tenure", "hours", "department"],
        errors=errors,
    )
    for model, controls in {
        pay.UNADJUSTED: [],
        pay.ADJUSTED: ["job", "tenure", "full_time", "department"],
    }.items():
        design = written_out(people, controls)
        fitted = sm.OLS(np.log(people["pay"]), design).fit(**options, use_t=True)
        limits = np.expm1(fitted.conf_int())
        for group in ("Asian", "Black"):
            row = rows(found, model=model).loc[group]
            wanted = {
                "coefficient": fitted.params[group],
                "standard_error": fitted.bse[group],
                "estimate": np.expm1(fitted.params[group]),
                "conf_low": limits.loc[group, 0],
                "conf_high": limits.loc[group, 1],
            }
            got = {name: row[name] for name in wanted}
            assert got == pytest.approx(wanted, rel=1e-7), (model, group)


def test_a_planted_gap_is_covered():
    """Of 40 invented workforces with -4 %, 95 % limits miss in no more than 7."""
    random = np.random.default_rng(5)
    missed = 0
    for _ in range(40):
        table = pay.adjusted(staff(random, 150, -0.04, 5), reference="White")
        row = rows(table, model=pay.ADJUSTED).loc["Black"]
        missed += not row["conf_low"] <= -0.04 <= row["conf_high"]
    assert missed <= 7


def test_the_sample_city_pays_as_planted(root):
    """truth.yaml, pay: Black 0.965, Hispanic 0.955, of the same job, years and sex."""
    folder = root / "data" / "raw" / "sample"
    raw = pd.read_csv(
        folder / "workforce_2025-12-31.csv", encoding="utf-8-sig", dtype=str
    )
    label = raw["Race/Ethnicity"].fillna("").str.lower()
    people = pd.DataFrame(
        {
            "race": np.select(
                [label.str.startswith(name) for name in ("white", "black", "hispanic")],
                ["White", "Black", "Hispanic"],
                "other",
            ),
            "pay": pd.to_numeric(
                raw["Annual Pay"].str.replace("[$,]", "", regex=True), errors="coerce"
            ),
            "job": raw["Job Title"],
            "sex": raw["Sex"],
            "hired": pd.to_datetime(
                raw["Hire Date"], format="%m/%d/%Y", errors="coerce"
            ),
            "as_of": pd.Timestamp("2025-12-31"),
        }
    )[raw["Termination Date"].isna()]
    table = pay.adjusted(
        people,
        reference="White",
        groups=["White", "Black", "Hispanic"],
        controls=["job", "sex", "tenure"],
    )
    table = rows(table, model=pay.ADJUSTED)
    for group, planted in {"Black": -0.035, "Hispanic": -0.045}.items():
        row = table.loc[group]
        assert row["conf_low"] <= planted <= row["conf_high"], row
        assert row["events"] > 200


def test_people_who_tell_nothing_are_counted():
    people = pd.DataFrame(
        {
            "race": ["A", "A", "A", "A", "B", "B", "B", "B", "B"],
            "job": ["x", "x", "y", "only", "x", "x", "y", "y", "none of A"],
            "pay": [1.0, 1.1, 2.0, 9.0, 1.2, 1.1, 2.2, 2.1, 7.0],
        }
    )
    found = pay.adjusted(people, reference="B", controls=["job"])
    row = rows(found, model=pay.ADJUSTED)
    assert row["alone"].tolist() == [1, 1]
    assert row["no_counterpart"].tolist() == [1, 1]
    assert row["events"].tolist() == [3, 4]
    without = people[~people["job"].isin(["only", "none of A"])]
    same = pay.adjusted(without, reference="B", controls=["job"])
    columns = ["estimate", "conf_low", "conf_high", "standard_error"]
    np.testing.assert_allclose(
        row.loc["A", columns].astype(float),
        rows(same, model=pay.ADJUSTED).loc["A", columns].astype(float),
    )


def test_a_gap_that_controls_leave_nothing_of_is_missing():
    people = pd.DataFrame(
        {
            "race": ["A"] * 4 + ["B"] * 4,
            "department": ["Fire"] * 4 + ["Parks"] * 4,
            "pay": np.arange(1.0, 9),
        }
    )
    table = pay.adjusted(people, reference="B", controls=["department"])
    gap = rows(table, model=pay.ADJUSTED).loc["A"]
    assert gap[["estimate", "conf_low", "conf_high", "standard_error"]].isna().all()
    assert rows(table, model=pay.UNADJUSTED).loc["A", "estimate"] < 0
    assert gap["no_counterpart"] == 4


def test_one_person_has_a_gap_without_limits():
    people = pd.DataFrame({"race": ["A"] + ["B"] * 4, "pay": [1.0, 2, 3, 2, 3]})
    row = rows(pay.adjusted(people, reference="B"), model=pay.UNADJUSTED).loc["A"]
    assert row["estimate"] < 0
    assert row[["conf_low", "conf_high"]].isna().all()


def test_a_group_of_one_department_has_no_clustered_limits():
    people = staff(np.random.default_rng(2))
    people.loc[people["race"] == "Black", "department"] = "Unit 0"
    table = pay.adjusted(people, reference="White", errors=pay.CLUSTERED)
    row = rows(table, model=pay.UNADJUSTED)
    assert row.loc["Black", "departments"] == 1
    assert row["conf_low"].isna().to_dict() == {
        "Asian": False,
        "Black": True,
        "White": True,
    }


@relaxed
@given(st.integers(0, 10_000))
def test_adjusted_gaps_invert_when_swapped(seed):
    people = staff(np.random.default_rng(seed), people=80)
    there = pay.adjusted(people, reference="White", controls=["job"])
    back = pay.adjusted(people, reference="Black", controls=["job"])
    for model in (pay.UNADJUSTED, pay.ADJUSTED):
        one = rows(there, model=model).loc["Black"]
        other = rows(back, model=model).loc["White"]
        ends = zip(
            ("estimate", "conf_low", "conf_high"),
            ("estimate", "conf_high", "conf_low"),
            strict=True,
        )
        for mine, yours in ends:
            assert 1 + one[mine] == pytest.approx(1 / (1 + other[yours]), nan_ok=True)


def test_a_roster_without_pay_has_no_rows():
    people = staff(np.random.default_rng(0), 20).assign(pay=np.nan)
    assert pay.by_race(people, reference="White").empty
    assert list(pay.adjusted(people, reference="White")) == pay.ADJUSTED_COLUMNS


def test_no_workers_no_rows_and_refusals():
    nobody = pd.DataFrame({"race": [], "pay": []})
    assert pay.by_race(nobody, reference="White").empty
    assert pay.adjusted(nobody, reference="White").empty
    people = staff(np.random.default_rng(0), 20)
    with pytest.raises(ColumnNotFoundError, match="pay"):
        pay.by_race(people.drop(columns="pay"), reference="White")
    with pytest.raises(UnknownGroupError, match="'Purple'"):
        pay.adjusted(people, reference="Purple")
    with pytest.raises(ParamsError, match="'HC3', 'clustered'"):
        pay.adjusted(people, reference="White", errors="HC9")
    with pytest.raises(ParamsError, match="95"):
        pay.by_race(people, reference="White", confidence=95)
    with pytest.raises(InputError, match="negative"):
        pay.adjusted(people.assign(pay=-1.0), reference="White")


def test_nobody_with_pay_above_zero_has_no_adjusted_gap():
    people = staff(np.random.default_rng(3)).assign(pay=0.0)
    table = pay.adjusted(people, reference="White", groups=GROUPS)
    others = table[table["group"] != "White"]
    assert len(others)
    assert others["estimate"].isna().all()
