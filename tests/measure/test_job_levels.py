"""Levels of a workforce: labels and edges by hand, nobody lost, and real rosters."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import intervals, job_levels
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=6, derandomize=True)
GROUPS = ["Asian", "Black", "White"]


def staff(**columns):
    """People with every column that `described` needs; what is not given is blank."""
    rows = max(len(values) for values in columns.values())
    blank = {
        **{
            "race": ["White"] * rows,
            "sex": ["F"] * rows,
            "department": ["Fire"] * rows,
        },
        **{"job_category": [""] * rows, "pay": [np.nan] * rows},
        **{"full_time": [True] * rows, "employment": [""] * rows},
    }
    frame = pd.DataFrame(blank | columns)
    race = pd.CategoricalDtype([*GROUPS, "Unknown"], ordered=True)
    return frame.astype({"race": race, "full_time": "boolean"})


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("1 - Officials/Administrators", "Officials and administrators"),
        ("Officials & Administrators", "Officials and administrators"),
        ("02", "Professionals"),
        ("3.", "Technicians"),
        ("4 - Protective Service", "Protective service"),
        ("Protective Service: Sworn", "Protective service"),
        ("Para-Professionals", "Paraprofessionals"),
        ("6", "Administrative support"),
        ("Office/Clerical", "Administrative support"),
        ("SKILLED CRAFT WORKERS", "Skilled craft"),
        ("8 - Service/Maintenance", "Service and maintenance"),
        ("10", "10"),
        ("Officers", "Officers"),
        ("Elected", "Elected"),
        ("  ", "Not recorded"),
        (None, "Not recorded"),
    ],
)
def test_job_categories_by_number_or_name(label, name):
    found = job_levels.described(staff(job_category=[label]))
    assert found["job_category"].to_list() == [name]


def test_the_form_has_eight_categories_and_eight_bands():
    """EEOC Form 164: from under 16.0 to 70.0 and over, in thousands of dollars."""
    assert len(job_levels.CATEGORIES) == len(job_levels.EEO4_BANDS) == 8
    assert job_levels.EEO4_BANDS[-1] == 70_000


@pytest.mark.parametrize(
    ("pay", "band"),
    [
        (0, "Under $16,000"),
        (15_999.99, "Under $16,000"),
        (16_000, "$16,000 to $19,999"),
        (32_999.5, "$25,000 to $32,999"),
        (69_999, "$55,000 to $69,999"),
        (70_000, "$70,000 and over"),
        (1e6, "$70,000 and over"),
        (np.nan, "Not recorded"),
    ],
)
def test_pay_bands(pay, band):
    assert job_levels.described(staff(pay=[pay]))["pay_band"].to_list() == [band]


def test_pay_bands_of_a_citys_own():
    found = job_levels.described(staff(pay=[49_999, 50_000]), bands=(0, 50_000))
    assert found["pay_band"].cat.categories.to_list() == [
        *("Under $50,000", "$50,000 and over", "Not recorded"),
    ]
    for bands in ((0, 50_000, 40_000), (10_000, 20_000), (0,)):
        with pytest.raises(ParamsError, match="expected 0 and amounts that rise"):
            job_levels.described(staff(pay=[1]), bands=bands)


@pytest.mark.parametrize(
    ("full", "kind", "time"),
    [
        (True, "", "Full-time"),
        (True, "permanent", "Full-time"),
        (False, "permanent", "Part-time"),
        (True, "part-time", "Part-time"),
        (True, "temporary", "Temporary or seasonal"),
        (False, "seasonal", "Temporary or seasonal"),
        (None, "permanent", "Not recorded"),
        (None, "part-time", "Part-time"),
        (None, "", "Not recorded"),
    ],
)
def test_working_time(full, kind, time):
    found = job_levels.described(staff(full_time=[full], employment=[kind]))
    assert found["working_time"].to_list() == [time]


def test_best_paid_tenth():
    # 20 in full-time posts: two are a tenth; the third is paid as much as the second
    pay = [100, 90, 90, *range(17)]
    found = job_levels.described(staff(pay=pay))["top_pay"]
    assert found.eq("Best-paid tenth").to_list() == [True] * 3 + [False] * 17
    # a part-time post at a high rate is not ranked, nor pay that is not on record
    mixed = staff(pay=[500, np.nan, 90, 80], full_time=[False, True, True, True])
    assert job_levels.described(mixed)["top_pay"].to_list() == [
        *("Not ranked by pay", "Not ranked by pay"),
        *("Best-paid tenth", "The other nine tenths"),
    ]
    nobody = job_levels.described(staff(pay=[np.nan]))
    assert nobody["top_pay"].to_list() == ["Not ranked by pay"]


def test_officials_and_sexes():
    found = job_levels.described(
        staff(job_category=["1", "2", ""], sex=["female", "M", "X"])
    )
    assert found["officials"].to_list() == [
        *("Officials and administrators", "All other job categories", "Not recorded"),
    ]
    assert found["sex"].to_list() == ["Female", "Male", "X"]
    blank = job_levels.described(staff(sex=["", None]))
    assert blank["sex"].to_list() == ["Not recorded"] * 2


ROSTER = staff(
    race=["Black", "White", "White", "Asian", "Unknown", "Black"],
    department=["Fire", "Fire", "Parks", "Parks", "Parks", "Fire"],
    sex=["F", "M", "M", "F", "F", "F"],
    pay=[30_000, 80_000, 40_000, 56_000, 1, np.nan],
)


def test_levels_by_hand():
    """The example of docs/measures/job-levels.md among them."""
    described = job_levels.described(ROSTER)
    table = job_levels.by_level(
        described, groups=GROUPS, levels=["department", "pay_band"]
    )
    fire = table[table["value"] == "Fire"].set_index("group")
    assert fire["events"].to_list() == [0, 2, 1]
    assert set(fire["population"]) == {3}
    assert fire["workforce_share"].to_list() == pytest.approx([0.2, 0.4, 0.4])
    low, high = intervals.wilson([0, 2, 1], 3)
    np.testing.assert_allclose(fire["conf_low"], low)
    np.testing.assert_allclose(fire["conf_high"], high)
    assert (round(low[1], 2), round(high[1], 2)) == (0.21, 0.94)
    bands = table[table["level"] == "pay_band"]["value"].unique().tolist()
    assert bands == [  # in the order of pay, and what is not recorded last
        *("$25,000 to $32,999", "$33,000 to $42,999", "$55,000 to $69,999"),
        *("$70,000 and over", "Not recorded"),
    ]
    assert table.columns[-8:-1].to_list() == list(MEASURE_COLUMNS)


def test_crossed_levels_by_hand():
    table = job_levels.crossed(
        job_levels.described(ROSTER), groups=GROUPS, levels=["department", "sex"]
    )
    cells = table[table["group"] == "Black"].set_index(["department", "sex"])["events"]
    assert cells.to_dict() == {
        ("Fire", "Female"): 2,
        ("Fire", "Male"): 0,
        ("Parks", "Female"): 0,
        ("Parks", "Male"): 0,
    }
    white = table[table["group"] == "White"]
    assert white["estimate"].to_list() == [0, 1, 0, 1]


def test_a_group_that_cannot_be_recorded_is_missing_not_zero():
    groups = [*GROUPS, "Two or more races"]
    table = job_levels.by_level(ROSTER, groups=groups, levels=["department"])
    lost = table[table["group"] == "Two or more races"]
    assert len(lost) == 2
    columns = ["events", "estimate", "conf_low", "workforce_share"]
    assert lost[columns].isna().all(axis=None)
    assert lost["population"].notna().all()


@st.composite
def rosters(draw):
    size = draw(st.integers(1, 30))

    def some(*values):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    return staff(
        race=some("Asian", "Black", "White", "Unknown"),
        sex=some("F", "M", ""),
        department=some("Fire", "Parks", "Water"),
        job_category=some("1", "2", "8", ""),
        pay=some(10_000, 45_000, 120_000, np.nan),
        full_time=some(True, False, None),
        employment=some("", "temporary"),
    )


@relaxed
@given(rosters())
def test_every_worker_is_at_every_level_once(roster):
    before = roster.copy()
    described = job_levels.described(roster)
    pd.testing.assert_frame_equal(roster, before)
    levels = [*job_levels.LEVELS, "working_time", "top_pay", "officials"]
    assert described[levels].notna().all(axis=None)
    table = job_levels.by_level(described, groups=GROUPS, levels=levels)
    known = int(roster["race"].isin(GROUPS).sum())
    assert (table.groupby("level")["events"].sum() == known).all()
    whole = job_levels.crossed(described, groups=GROUPS, levels=levels[:4])
    assert whole["events"].sum() == known
    own = whole.groupby("group", observed=False)["events"].sum()
    counted = roster["race"].value_counts()
    assert own.to_dict() == {group: int(counted[group]) for group in GROUPS}


def test_wrong_tables_are_refused_with_the_fact():
    with pytest.raises(ColumnNotFoundError, match="employment"):
        job_levels.described(ROSTER.drop(columns="employment"))
    with pytest.raises(ColumnNotFoundError, match="rank"):
        job_levels.by_level(ROSTER, groups=GROUPS, levels=["rank"])
    with pytest.raises(InputError, match="column pay is missing in 1 of 6 rows"):
        job_levels.crossed(ROSTER, groups=GROUPS, levels=["pay"])
    empty = job_levels.crossed(ROSTER.head(0), groups=GROUPS, levels=["department"])
    assert empty.empty


def test_cincinnati_by_job_group(shared):
    """Counts by hand from the raw file: Black officials, and the best-paid tenth."""
    raw = pd.read_csv(
        shared / "data" / "workforce" / "cincinnati_employees_2020.csv.gz",
        dtype=str,
        keep_default_na=False,
    )
    pay = raw["ANNUAL_RT"].str.replace(",", "").astype(float)
    races = {"BLACK": "Black", "WHITE": "White"}
    part_time = raw["JOB_FAMILY"].eq("D4PT")
    roster = staff(
        race=raw["RACE"].map(races).to_list(),
        sex=raw["SEX"].to_list(),
        job_category=raw["EEO_JOB_GROUP"].to_list(),
        pay=pay.to_list(),
        full_time=raw["FTE"].astype(float).eq(1).to_list(),
        employment=np.where(part_time, "part-time", "permanent").tolist(),
    )
    described = job_levels.described(roster)
    table = job_levels.by_level(
        described, groups=["Black", "White"], levels=["job_category", "officials"]
    ).set_index(["value", "group"])
    officials = raw["EEO_JOB_GROUP"].astype(str).str.startswith("1")
    black = int((officials & raw["RACE"].eq("BLACK")).sum())
    both = int((officials & raw["RACE"].isin(races)).sum())
    row = table.loc[("Officials and administrators", "Black")]
    assert row["events"].to_list() == [black, black]
    assert row["population"].to_list() == [both, both]
    blank = raw["EEO_JOB_GROUP"].eq("") & raw["RACE"].isin(races)
    rest = table.loc[("Not recorded", "Black")].iloc[0]
    assert rest["population"] == int(blank.sum())
    full = raw["FTE"].astype(float).eq(1) & ~part_time
    ranked = np.sort(pay[full])[::-1]
    least = ranked[int(np.ceil(len(ranked) / 10)) - 1]
    top = described["top_pay"].eq("Best-paid tenth")
    assert int(top.sum()) == int((full & pay.ge(least)).sum())


def test_a_level_that_nobody_has_on_record_has_no_table():
    described = job_levels.described(staff(race=["Black", "White", "White"]))
    by_pay = job_levels.crossed(described, groups=GROUPS, levels=["pay_band"])
    assert by_pay.empty
    assert "estimate" in by_pay
    by_place = job_levels.crossed(described, groups=GROUPS, levels=["department"])
    assert by_place["events"].to_list() == [0, 1, 2]


@pytest.mark.parametrize(("full_time", "ranked"), [(True, 2), (pd.NA, 0)])
def test_the_best_paid_tenth_is_of_those_known_to_be_full_time(full_time, ranked):
    pay = [float(30_000 + n) for n in range(20)]
    rows = staff(pay=pay, full_time=[full_time] * 20, race=["White"] * 20)
    found = job_levels.described(rows)["top_pay"]
    assert (found == job_levels.TOP).sum() == ranked
