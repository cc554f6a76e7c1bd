"""Levels, sexes, the form, hires and staying: identities against plain counting."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError
from equity.measure import (
    eeo4,
    histories,
    intervals,
    job_levels,
    level_shares,
    pay_quantiles,
    representation,
    sexes,
    tenure,
    utilisation,
)

GROUPS = ["Asian", "Black", "White"]


def roster(number: int = 600, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    race = pd.Categorical(random.choice(GROUPS, number), GROUPS)
    return job_levels.described(
        pd.DataFrame(
            {"race": race, "sex": random.choice(["F", "M"], number),
             "job_category": random.choice(["1", "2", "6"], number),
             "department": "Parks", "job": "x",
             "pay": random.integers(25_000, 120_000, number),
             "full_time": random.random(number) < 0.8, "employment": ""}
        )
    )  # fmt: skip


# --- levels ---------------------------------------------------------------------


def test_levels_are_plain_shares_beside_those_of_all():
    staff = roster()
    found = level_shares.beside_all(staff, groups=GROUPS)
    level = found[found["statistic"] == "level"]
    for row in level.itertuples():
        there = staff
        if row.top_pay != level_shares.ANY["top_pay"]:
            there = there[there["top_pay"] == row.top_pay]
        if row.working_time != level_shares.ANY["working_time"]:
            there = there[there["working_time"] == row.working_time]
        assert row.events == (there["race"] == row.group).sum()
        assert row.estimate == pytest.approx(row.events / len(there))
        assert row.benchmark == pytest.approx((staff["race"] == row.group).mean())
        low, high = intervals.wilson(row.events, len(there), 0.95)
        assert (row.conf_low, row.conf_high) == pytest.approx((low, high))


def test_a_level_that_everybody_has_is_not_compared():
    staff = roster().assign(working_time=job_levels.FULL_TIME)
    found = level_shares.beside_all(staff, groups=GROUPS)
    assert set(found["held"]) == {level_shares.NAMES[0]}
    with pytest.raises(ColumnNotFoundError):
        level_shares.beside_all(staff.drop(columns="top_pay"), groups=GROUPS)


def test_few_together_keep_everybody():
    staff = roster()
    few = staff["race"].value_counts().max()
    together, groups, inside = job_levels.few_together(staff, GROUPS, few=few)
    assert inside[job_levels.TOGETHER] == [
        g for g in GROUPS if (staff["race"] == g).sum() < few
    ]
    assert groups[-1] == job_levels.TOGETHER
    merged = (together["race"] == job_levels.TOGETHER).sum()
    assert merged == staff["race"].isin(inside[job_levels.TOGETHER]).sum()
    assert job_levels.few_together(staff, GROUPS, few=1)[2] == {}


# --- sexes and the form ---------------------------------------------------------


def test_sexes_add_up_to_the_category_and_to_everybody():
    staff = roster()
    found = sexes.by_category(staff, groups=GROUPS)
    sums = found.groupby("job_category", observed=True)["estimate"].sum()
    np.testing.assert_allclose(sums, 1)
    whole = found.drop_duplicates("sex").set_index("sex")["workforce_share"]
    assert whole["Female"] == pytest.approx((staff["sex"] == "Female").mean())


def test_people_without_sex_on_record_are_in_no_share():
    staff = roster().assign(sex=job_levels.NOT_RECORDED)
    assert sexes.by_category(staff, groups=GROUPS).empty


def test_the_form_on_the_page_has_every_employee_once():
    staff = roster()
    found = eeo4.on_page(staff, groups=GROUPS)
    assert found["events"].sum() == len(staff)
    lines = found.groupby(["working_time", "job_category", "pay_band"])["events"].sum()
    assert (lines > 0).all()
    assert eeo4.on_page(staff.iloc[:0], groups=GROUPS).empty


# --- pay along the scale --------------------------------------------------------


def test_equal_pay_is_no_gap_to_the_last_digit():
    pay = np.tile(np.arange(30_000, 90_000, 500.0), 2)
    staff = pd.DataFrame(
        {"race": pd.Categorical(np.repeat(["Black", "White"], 120)), "pay": pay,
         "job_category": "x", "department": "y", "full_time": True, "hours": 1.0,
         "tenure": 1.0}
    )  # fmt: skip
    found = pay_quantiles.named(
        pay_quantiles.by_race(staff, groups=["Black", "White"], reference="White")
    )
    plain = found[(found["model"] == "unadjusted") & (found["group"] == "Black")]
    assert plain["estimate"].abs().max() == 0
    assert "half are paid less" in set(found["point"])


# --- hires and staying ----------------------------------------------------------


def events(number: int = 400, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2021-01-04") + pd.to_timedelta(
        random.integers(0, 300, number), "D"
    )
    hires = pd.DataFrame(
        {"worker_id": [str(n) for n in range(number)], "kind": "hire", "date": start,
         "race": pd.Categorical(random.choice(["Black", "White"], number)),
         "department": "Parks"}
    )  # fmt: skip
    goes = random.random(number) < 0.3
    left = hires[goes].assign(
        kind="separation", date=hires.loc[goes, "date"] + pd.Timedelta(days=200)
    )
    return pd.concat([hires, left], ignore_index=True)


def test_staying_is_the_plain_share_where_all_are_followed():
    table = tenure.by_day(
        events(), kind="separation", until=pd.Timestamp("2025-12-31"), days=[365]
    )
    rows = events()
    for row in table.itertuples():
        hired = rows[(rows["kind"] == "hire") & (rows["race"] == row.group)]
        gone = rows[(rows["kind"] == "separation") & (rows["race"] == row.group)]
        assert row.population == len(hired)
        assert row.events == len(gone)
        assert row.estimate == pytest.approx(1 - len(gone) / len(hired))
        assert row.conf_low < row.estimate < row.conf_high


def test_nobody_is_followed_without_numbers():
    rows = events().assign(worker_id="")
    assert not tenure.can_follow(rows)
    until = pd.Timestamp("2025-12-31")
    assert tenure.by_day(rows, kind="separation", until=until).empty


def test_hires_are_those_of_the_events_or_of_the_roster():
    staff = roster().assign(as_of=pd.Timestamp("2023-12-31"), hired=pd.NaT)
    staff.loc[:49, "hired"] = pd.Timestamp("2022-05-01")
    staff.loc[50:, "hired"] = pd.Timestamp("2001-05-01")
    found = histories.hired(staff, events().iloc[:0], GROUPS)
    assert found.still
    assert len(found.people) == 50
    listed = histories.hired(staff, events(), ["Black", "White"])
    assert not listed.still
    assert len(listed.people) == 400


def test_hires_beside_those_in_post_have_no_parity():
    staff = roster()
    empty = pd.DataFrame(columns=["benchmark", "race", "job_category", "share", "moe"])
    beside = utilisation.with_employees(empty, staff, GROUPS)
    assert beside["share"].sum() == pytest.approx(1)
    found = utilisation.of_hires(staff.iloc[:120], beside)
    assert found["people_to_parity"].isna().all()
    level = found[found["statistic"] == "level"].set_index("group")["estimate"]
    expected = staff.iloc[:120]["race"].value_counts(normalize=True)
    for group in GROUPS:
        assert level[group] == pytest.approx(expected[group])


def test_benchmarks_stand_from_the_widest_and_ask_their_own_questions():
    rows = pd.DataFrame(
        {"benchmark": ["labour force", "residents of working age"], "race": "Asian",
         "job_category": None, "share": [0.2, 0.18], "moe": 0.01}
    )  # fmt: skip
    city = pd.DataFrame({"group": ["Asian"], "share": [0.15], "moe": [0.02]})
    found = utilisation.with_residents(rows, city)
    assert found["benchmark"].tolist() == [
        "residents",
        "residents of working age",
        "labour force",
    ]
    told = utilisation.asked(found, found)
    assert told["question"].nunique() == 3


def test_only_large_departments_keep_their_names():
    staff = pd.DataFrame({"department": ["Fire"] * 1_000 + ["Parks"] * 999 + ["Law"]})
    named = representation.large_departments(staff)["department"].value_counts()
    assert named.to_dict() == {"Fire": 1_000, representation.OTHERS: 1_000}
    assert representation.large_departments(staff.iloc[1:]).empty


@pytest.mark.parametrize(
    ("benchmark", "words"),
    [
        (utilisation.LABOUR_FORCE, "the labour force"),
        ("labour force, three counties", "the labour force, three counties"),
        (utilisation.AVAILABILITY, "those available in the occupation"),
        (utilisation.WORKING_AGE, "residents of working age"),
    ],
)
def test_nobody_is_called_available_for_a_job_who_is_only_in_the_labour_force(
    benchmark, words
):
    assert utilisation.called(benchmark) == words
