"""Benchmarks side by side, and a utilisation analysis by job group, by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import (
    acs,
    intervals,
    job_levels,
    representation,
    utilisation,
)
from equity.measure.availability import FEW, NO_AVAILABILITY, NOT_RECORDED, SIMPLE
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=8, derandomize=True)
GROUPS = ["Asian", "Black", "White"]


def staff(recorded=(*GROUPS, "Unknown"), **jobs):
    """People by job category and group: `Clerks={"Black": 3}`."""
    rows = [
        (job, group)
        for job, people in jobs.items()
        for group, number in people.items()
        for _ in range(number)
    ]
    frame = pd.DataFrame(rows, columns=["job_category", "race"])
    return frame.assign(race=pd.Categorical(frame["race"], [*recorded], ordered=True))


def benchmark(name, shares, *, moe=np.nan, job=None, races=GROUPS):
    return pd.DataFrame(
        {
            "benchmark": name,
            "race": races,
            "job_category": job,
            "share": shares,
            "moe": moe,
        }
    )


def stack(*frames):
    return pd.concat(
        [frame.astype({"job_category": "object"}) for frame in frames],
        ignore_index=True,
    )


ROSTER = staff(
    Clerks={"Asian": 2, "Black": 8, "White": 30},
    Drivers={"Asian": 0, "Black": 40, "White": 20, "Unknown": 7},
    **{"": {"Black": 4, "White": 6}},
)
RESIDENTS = benchmark("residents", [0.1, 0.5, 0.4], moe=[0.01, 0.02, 0.02])
LABOUR = benchmark("labour force", [0.2, 0.3, 0.5])
AVAILABLE = stack(
    benchmark(utilisation.AVAILABILITY, [0.1, 0.3, 0.6], moe=0.03, job="Clerks"),
    benchmark(utilisation.AVAILABILITY, [0.05, 0.55, 0.4], moe=0.06, job="Drivers"),
)
TABLE = stack(RESIDENTS, LABOUR, AVAILABLE)


def level(table, **values):
    return select(table, statistic="level", **values).set_index("group")


def test_benchmarks_side_by_side_by_hand():
    """110 people of known race; 100 of them in job groups with an availability."""
    table = utilisation.by_benchmark(ROSTER, TABLE)
    assert table["benchmark"].unique().tolist() == [
        *("residents", "labour force", utilisation.AVAILABILITY),
    ]
    residents = level(table, benchmark="residents")
    assert residents["events"].to_list() == [2, 52, 56]
    assert set(residents["population"]) == {110}
    assert residents["benchmark_share"].to_list() == [0.1, 0.5, 0.4]
    assert residents["people_to_parity"].to_list() == [9, 3, 0]  # of 11, 55, 44
    labour = level(table, benchmark="labour force")
    assert labour["people_to_parity"].to_list() == [20, 0, 0]
    available = level(table, benchmark=utilisation.AVAILABILITY)
    assert available["events"].to_list() == [2, 48, 50]
    assert set(available["population"]) == {100}
    # 40 clerks and 60 drivers: (4 + 3, 12 + 33, 24 + 24) of 100
    assert available["benchmark_share"].to_list() == [0.07, 0.45, 0.48]
    assert available["people_to_parity"].to_list() == [5, 0, 0]
    assert set(level(table)["reliability"]) == {"recorded"}


def test_margins_of_job_groups_are_added_as_squares():
    table = utilisation.by_benchmark(ROSTER, AVAILABLE, confidence=0.9)
    row = level(table).loc["Black"]
    moe = np.hypot(40 * 0.03, 60 * 0.06) / 100
    assert row["benchmark_high"] - 0.45 == pytest.approx(moe)
    assert 0.45 - row["benchmark_low"] == pytest.approx(moe)


def test_residents_give_the_table_of_representation():
    """The same comparison as `representation`, where residents are a full count."""
    roster = ROSTER.assign(department="All")
    people = pd.DataFrame(
        {"area": "1", "race": GROUPS, "estimate": [100, 500, 400], "moe": np.nan}
    )
    theirs = representation.by_race(roster, people)
    ours = utilisation.by_benchmark(
        roster, benchmark("residents", [0.1, 0.5, 0.4]), confidence=0.95
    )
    for name in ("estimate", "conf_low", "conf_high", "people_to_parity"):
        np.testing.assert_array_equal(
            ours[name].to_numpy(float), theirs[name].to_numpy(float)
        )


def test_limits_carry_both_uncertainties():
    """Wilson 1927; Zou and Donner 2008; Donner and Zou 2012, from `intervals`."""
    table = utilisation.by_benchmark(ROSTER, RESIDENTS, confidence=0.9)
    events, moe = np.array([2, 52, 56]), np.array([0.01, 0.02, 0.02])
    own = (events / 110, *intervals.wilson(events, 110, 0.9))
    share = np.array([0.1, 0.5, 0.4])
    other = (share, share - moe, share + moe)
    for statistic, limits in {
        "level": own[1:],
        "difference": intervals.mover_difference(*own, *other),
        "ratio": intervals.mover_ratio(*own, *other),
    }.items():
        found = select(table, statistic=statistic)
        np.testing.assert_allclose(found["conf_low"], limits[0])
        np.testing.assert_allclose(found["conf_high"], limits[1])
    certain = utilisation.by_benchmark(ROSTER, RESIDENTS.assign(moe=np.nan))
    wider = utilisation.by_benchmark(ROSTER, RESIDENTS)
    gap, wide = (select(one, statistic="difference") for one in (certain, wider))
    assert (wide["conf_high"] > gap["conf_high"]).all()
    assert (wide["conf_low"] < gap["conf_low"]).all()


def test_a_group_that_the_roster_cannot_record_is_missing_not_zero():
    roster = staff(recorded=["Black", "White"], Clerks={"Black": 10, "White": 30})
    for table in (
        utilisation.by_benchmark(roster, RESIDENTS),
        utilisation.analysis(roster, RESIDENTS, benchmark="residents"),
    ):
        row = level(table).loc["Asian"]
        assert row[["events", "estimate", "people_to_parity"]].isna().all()
        assert row["benchmark_share"] == 0.1
        assert row["reliability"] == NOT_RECORDED
        assert level(table)["events"].sum() == 40


def test_analysis_by_hand():
    table = utilisation.analysis(ROSTER, TABLE, rule="whole person")
    clerks = level(table, job_category="Clerks")
    assert clerks["expected"].to_list() == pytest.approx([4, 12, 24])
    assert clerks["events"].to_list() == [2, 8, 30]
    assert clerks["shortfall"].to_list() == [2, 4, 0]
    assert clerks["underutilised"].to_list() == [True, True, False]
    drivers = level(table, job_category="Drivers")
    assert drivers["expected"].to_list() == pytest.approx([3, 33, 24])
    assert drivers["shortfall"].to_list() == [3, 0, 4]
    assert set(table["rule"].dropna()) == {"whole person"}
    gap = select(table, statistic="difference", job_category="Clerks")
    assert gap["estimate"].to_list() == pytest.approx([-0.05, -0.1, 0.15])
    assert set(gap["reference"]) == {utilisation.AVAILABILITY}


def test_people_without_a_job_category_are_shown_and_compared_with_nobody():
    for name in (utilisation.AVAILABILITY, "residents"):
        table = utilisation.analysis(ROSTER, TABLE, benchmark=name)
        rest = level(table, job_category=utilisation.NO_CATEGORY)
        assert rest["events"].to_list() == [0, 4, 6]
        assert rest[["benchmark_share", "underutilised", "rule"]].isna().all(axis=None)
        assert set(rest["reliability"]) == {NO_AVAILABILITY}
        assert level(table)["events"].sum() == 110  # nobody is lost


def test_a_roster_with_described_levels_gives_the_same_rows():
    """`job_levels.described` names what is not recorded as it is named here."""
    extra = {"sex": "F", "pay": 1, "full_time": True, "employment": ""}
    described = job_levels.described(ROSTER.assign(**extra))
    table = utilisation.analysis(described, TABLE)
    plain = utilisation.analysis(ROSTER, TABLE)
    assert table["job_category"].cat.categories.tolist() == [
        *("Clerks", "Drivers", utilisation.NO_CATEGORY),
    ]
    pd.testing.assert_frame_equal(table, plain)


def test_one_benchmark_for_all_jobs_serves_every_job_group():
    table = utilisation.analysis(ROSTER, TABLE, benchmark="labour force")
    for job in ("Clerks", "Drivers"):
        rows = level(table, job_category=job)
        assert rows["benchmark_share"].to_list() == [0.2, 0.3, 0.5]
    assert set(table["benchmark"]) == {"labour force"}


def test_few_incumbents_have_a_simple_difference_only():
    roster = staff(Clerks={"White": 29}, Drivers={"White": 30})
    table = utilisation.analysis(roster, AVAILABLE, rule="any difference")
    clerks = level(table, job_category="Clerks")
    assert set(clerks["rule"]) == {SIMPLE}
    assert set(clerks["reliability"]) == {FEW}
    tests = ["underutilised", "z", "p_z", "p_exact", "p_lower"]
    assert clerks[tests].isna().all(axis=None)
    assert clerks[["estimate", "conf_low", "expected"]].notna().all(axis=None)
    drivers = level(table, job_category="Drivers")
    assert drivers["underutilised"].to_list() == [True, True, False]
    all_judged = utilisation.analysis(roster, AVAILABLE, small=0)
    assert level(all_judged)["underutilised"].notna().all()


def test_order_of_groups_and_job_groups_is_kept():
    jobs = pd.CategoricalDtype(["Drivers", "Clerks", "Pilots"], ordered=True)
    roster = ROSTER[ROSTER["job_category"] != ""].astype({"job_category": jobs})
    table = utilisation.analysis(roster, AVAILABLE)
    assert table["job_category"].unique().tolist() == ["Drivers", "Clerks"]
    assert table["group"].cat.categories.tolist() == GROUPS


@st.composite
def rosters(draw):
    people = st.fixed_dictionaries(dict.fromkeys(GROUPS, st.integers(0, 30)))
    jobs = {job: draw(people) for job in ("Clerks", "Drivers")}
    jobs["Clerks"]["White"] += 1
    return staff(**jobs)


@relaxed
@given(rosters())
def test_identities(roster):
    before, given_table = roster.copy(), TABLE.copy()
    table = utilisation.by_benchmark(roster, TABLE)
    found = utilisation.analysis(roster, TABLE)
    pd.testing.assert_frame_equal(roster, before)
    pd.testing.assert_frame_equal(TABLE, given_table)
    # expected people of all groups are all people, where shares add up to one
    rows = select(found, statistic="level")
    total = rows.groupby("job_category", observed=True)["expected"].sum()
    people = rows.groupby("job_category", observed=True)["population"].first()
    np.testing.assert_allclose(total, people)
    # job groups add up to the benchmark averaged over the city's own jobs
    whole = level(table, benchmark=utilisation.AVAILABILITY)
    expected = rows.groupby("group", observed=True)["expected"].sum()
    np.testing.assert_allclose(whole["benchmark_share"] * people.sum(), expected)
    for row in whole.itertuples():
        share = Fraction(row.benchmark_share).limit_denominator(10**6)
        after = row.events + row.people_to_parity
        assert Fraction(after, row.population) >= share
        if row.people_to_parity:
            assert Fraction(after - 1, row.population) < share
    for one in (table, found):
        assert set(MEASURE_COLUMNS) <= set(one.columns)
        sure = one.dropna(subset=["estimate", "conf_low", "conf_high"])
        assert (sure["conf_low"] <= sure["estimate"] + 1e-9).all()
        assert (sure["conf_high"] >= sure["estimate"] - 1e-9).all()


def test_no_workers_give_no_rows_or_no_shares():
    nobody = ROSTER.head(0)
    assert utilisation.analysis(nobody, TABLE).empty
    table = utilisation.by_benchmark(nobody, TABLE)
    assert table["estimate"].isna().all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (RESIDENTS.assign(share=[10, 50, 40]), "shares are not between 0 and 1 in 3"),
        (RESIDENTS.assign(moe=[-1, 0, 0]), "margins of error are negative in 1 of 3"),
        (RESIDENTS.assign(moe=[0.1, None, 0.1]), "lacks the margin in 1 of 3 rows"),
        (RESIDENTS.assign(share=[0.4, 0.5, 0.4]), "add up to 1.300; its groups"),
        (RESIDENTS.assign(race=["Black", "Black", "White"]), "repeats a race .* in 1"),
        (RESIDENTS.assign(race=["Black", None, "White"]), "race is missing in 1 of 3"),
        (
            stack(RESIDENTS, benchmark("residents", [0.1, 0.3, 0.6], job="Clerks")),
            "rows for all jobs beside rows for single ones",
        ),
    ],
)
def test_wrong_benchmarks_are_refused_with_the_fact(table, message):
    with pytest.raises(InputError, match=message):
        utilisation.by_benchmark(ROSTER, table)


def test_wrong_choices_are_refused():
    with pytest.raises(ParamsError, match="benchmark is 'voters'; expected one of"):
        utilisation.analysis(ROSTER, TABLE, benchmark="voters")
    with pytest.raises(ParamsError, match="rule is 'four fifths'; expected one of"):
        utilisation.analysis(ROSTER, TABLE, rule="four fifths")
    with pytest.raises(ColumnNotFoundError, match="job_category"):
        utilisation.analysis(ROSTER.drop(columns="job_category"), TABLE)
    with pytest.raises(ColumnNotFoundError, match="share"):
        utilisation.by_benchmark(ROSTER, TABLE.drop(columns="share"))


def test_cincinnati_against_its_labour_force(shared):
    """Three numbers by hand from the raw files: share, benchmark, people short."""
    folder = shared / "data" / "workforce"
    force = pd.read_csv(folder / "cincinnati_labor_force_by_race.csv")
    force = force[force["in_labor_force"] == "yes"]
    people = force.groupby("race")["population"].sum()
    kept = ["Black or African American Alone", "White Alone, Not Hispanic or Latino"]
    black, white = (int(people[name]) for name in kept)
    every = int(people.sum())
    raw = pd.read_csv(folder / "cincinnati_employees_2020.csv.gz", low_memory=False)
    races = {"BLACK": "Black", "WHITE": "White", "ASIAN/PACIFIC ISLANDER": "Asian"}
    roster = pd.DataFrame(
        {"race": pd.Categorical(raw["RACE"].map(races), GROUPS), "job_category": ""}
    )
    shares = [(every - black - white) / every, black / every, white / every]
    found = level(
        utilisation.by_benchmark(roster, benchmark("labour force", shares))
    ).loc["White"]
    ours = int((raw["RACE"] == "WHITE").sum())
    total = int(raw["RACE"].isin(races).sum())
    assert (ours, found["events"]) == (3725, 3725)
    assert found["estimate"] == ours / total
    assert found["benchmark_share"] == white / every
    assert found["people_to_parity"] == max(
        0, -(-white * total // every) - ours
    )  # rounded up, in whole numbers


def test_the_census_margin_is_at_ninety_percent():
    table = utilisation.by_benchmark(ROSTER, RESIDENTS, confidence=0.95)
    row = level(table).loc["Black"]
    width = float(acs.to_confidence(0.02, 0.95))
    assert row["benchmark_high"] == pytest.approx(0.5 + width)
