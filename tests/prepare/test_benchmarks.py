"""Benchmarks: shares by race, whose margins are kept and whose scale is not guessed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import InputError, ParamsError, UnmappedLabelError
from equity.measure import job_levels, utilisation
from equity.prepare import benchmarks, read, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
RACES = {"W": "White", "B": race.BLACK, "A": "Asian", "?": "Unknown"}
LONG = sources.Benchmarks(
    file="b.csv",
    title="Who could work",
    vintage="2020",
    benchmark="labour force",
    races=RACES,
    columns={"race": "Race", "people": "N", "people_moe": "M"},
)
BY_JOB = sources.Benchmarks(
    file="b.csv",
    benchmark="availability in the occupation",
    races=RACES,
    job_categories={
        "Protective Service: Sworn": "Protective service",
        "Protective Service: Non-sworn": "Protective service",
    },
    columns={
        **{"race": "Race", "job_category": "Job", "people": "N", "people_moe": "M"},
        **{"share": "P", "share_moe": "E"},
    },
    scale="percent",
)
ROWS = [("W", "600", "60"), ("B", "200", "40")]
SWORN, OTHER = BY_JOB.job_categories
JOBS = [
    ("Professionals", "W", "80", "9", "80.0%", "4.0%"),
    ("Professionals", "B", "20", "5", "20.0%", "4.0%"),
    (SWORN, "W", "60", "3", "75.0%", "5.0%"),
    (SWORN, "B", "20", "4", "25.0%", "5.0%"),
    (OTHER, "W", "40", "4", "40.0%", "5.0%"),
    (OTHER, "B", "60", "3", "60.0%", "5.0%"),
]

relaxed = settings(deadline=None, max_examples=8, derandomize=True)


def changed(source, **settings):
    return type(source)(**(source.model_dump(exclude_unset=True) | settings))


def clean(rows, source=LONG):
    raw = pd.DataFrame(rows, dtype="str")
    if not isinstance(rows[0], dict):
        raw.columns = list(source.columns.values())
        order = ["Job", "Race", "N", "M", "P", "E"]
        raw.columns = order if raw.shape[1] == 6 else ["Race", "N", "M"]
    ledger = Ledger("benchmarks", source.file, len(raw))
    return benchmarks.clean_benchmarks(raw, source, ledger, standard=OMB), ledger


def test_names_are_those_of_the_measure():
    """Rooms do not import one another, and yet mean the same."""
    wanted = (utilisation.WORKING_AGE, utilisation.LABOUR_FORCE)
    assert (*wanted, utilisation.AVAILABILITY) == sources.BENCHMARKS
    assert list(job_levels.CATEGORIES) == list(sources.JOB_CATEGORIES)
    assert set(utilisation.BENCHMARKS) <= set(benchmarks.BENCHMARKS)


def test_shares_of_people_by_hand():
    """R = 600/200 has the margin sqrt(60^2 + 9 * 40^2)/200, p = R/(1 + R) a 16th."""
    found, ledger = clean(ROWS)
    assert found.columns.to_list() == benchmarks.BENCHMARKS
    assert found["race"].to_list() == [race.BLACK, "White"]
    assert found["estimate"].to_list() == [200, 600]
    assert found["share"].to_list() == [0.25, 0.75]
    of_ratio = np.sqrt(60**2 + 9 * 40**2) / 200
    assert found["moe"].to_list() == pytest.approx([of_ratio / 16] * 2)
    assert found["job_category"].isna().all()
    assert set(found["benchmark"]) == {"labour force"}
    assert set(found["source"]) == {"Who could work"}
    assert set(found["vintage"]) == {"2020"}
    assert ledger.entries == []


def test_rows_of_one_group_are_added_up():
    rows = [("W", "590", "45"), ("W", "10", "24"), ("W", "0", "12"), *ROWS[1:]]
    found, ledger = clean(rows)
    plain, _ = clean([("W", "600", str(np.sqrt(45**2 + 24**2 + 12**2))), *ROWS[1:]])
    pd.testing.assert_frame_equal(found, plain)
    assert ledger.entries == [("noted", benchmarks.PARTS, 3)]


def test_of_several_zeros_the_largest_margin_counts_once():
    """Census handbook (2020), chapter 8, as `acs_sum_zero_rule` of the references."""
    zeros = [("W", "0", "12"), ("W", "0", "19"), ("W", "600", "60"), *ROWS[1:]]
    plain, _ = clean([("W", "600", str(np.sqrt(60**2 + 19**2))), *ROWS[1:]])
    pd.testing.assert_frame_equal(clean(zeros)[0], plain)


def test_a_row_of_another_race_counts_for_nobody():
    found, ledger = clean([*ROWS, ("?", "100", "9")])
    assert found["share"].to_list() == [0.25, 0.75]
    assert ("set aside", "no race on record", 1) in ledger.entries


def test_a_full_count_has_no_margins_and_the_ledger_says_so():
    source = changed(LONG, columns={"race": "Race", "people": "N"})
    found, ledger = clean([{"Race": r, "N": n} for r, n, _ in ROWS], source)
    assert found["moe"].isna().all()
    assert ledger.entries == [("noted", benchmarks.NO_MARGINS, 2)]


def test_published_shares_are_used_and_job_groups_added_by_their_people():
    found, ledger = clean(JOBS, BY_JOB)
    assert found["job_category"].to_list() == [
        *["Professionals"] * 2,
        *["Protective service"] * 2,
    ]
    assert found["share"].to_list() == pytest.approx([0.2, 0.8, 80 / 180, 100 / 180])
    assert found["moe"].to_list()[:2] == [0.04, 0.04]
    # Both groups have a margin of 5 people of 180.
    p, q = 80 / 180, 100 / 180
    wanted = np.sqrt((q * 5) ** 2 + (p * 5) ** 2) / 180
    assert found["moe"].to_list()[2:] == pytest.approx([wanted] * 2)
    assert ledger.entries == [("noted", benchmarks.PARTS, 4)]


def test_shares_of_the_sexes_add_up_and_those_of_job_groups_do_not():
    """Of one job group all shares are of the same people; of two they are not."""
    columns = {"race": "Race", "job_category": "Job", "share": "P"}
    source = changed(BY_JOB, columns=columns, scale="proportion")
    sexes = [("W", "f", ".3"), ("W", "m", ".45"), ("B", "f", ".15"), ("B", "m", ".1")]
    rows = [{"Job": "Professionals", "Race": r, "Sex": s, "P": p} for r, s, p in sexes]
    found, _ = clean(rows, source)
    assert found["share"].to_list() == pytest.approx([0.25, 0.75])
    assert found["estimate"].isna().all()
    two = [{"Job": job, "Race": r, "P": p} for job, r, _, _, p, _ in JOBS[2:]]
    text = [row | {"P": str(float(row["P"][:-1]) / 100)} for row in two]
    with pytest.raises(InputError, match=r"several job groups are \['Protective ser"):
        clean(text, source)


WIDE = sources.Benchmarks(
    file="b.csv",
    benchmark="residents of working age",
    estimates={"White": "w", race.BLACK: "b"},
    margins={"White": "w_m", race.BLACK: "b_m"},
)
WIDE_ROW = {"w": "600", "b": "200", "w_m": "60", "b_m": "40"}


def test_a_column_for_each_group_says_the_same_as_a_row():
    found, ledger = clean([WIDE_ROW], WIDE)
    plain, _ = clean(ROWS)
    same = ["race", "estimate", "share", "moe"]
    pd.testing.assert_frame_equal(found[same], plain[same])
    assert ledger.entries == []
    job = {"job_category": "Job"}
    by_job = changed(WIDE, benchmark=sources.AVAILABILITY, columns=job)
    rows = [WIDE_ROW | {"Job": job} for job in ("Skilled craft", "technicians")]
    found, _ = clean(rows, by_job)
    assert found["job_category"].to_list() == [
        *["Technicians"] * 2,
        *["Skilled craft"] * 2,
    ]


def test_columns_of_shares():
    source = sources.Benchmarks(
        file="b.csv",
        benchmark="labour force",
        shares={"White": "w", race.BLACK: "b"},
        share_margins={"White": "w_m", race.BLACK: "b_m"},
        scale="percent",
    )
    found, _ = clean([{"w": "75", "b": "0.4 %", "w_m": "5", "b_m": "*****"}], source)
    assert found["share"].to_list() == pytest.approx([0.004, 0.75])
    assert found["moe"].to_list() == pytest.approx([0, 0.05])  # controlled is zero


def test_what_is_hidden_is_missing_and_not_zero():
    """Of how many the others are a part is then not known either."""
    columns = {**LONG.columns, "job_category": "Job"}
    source = changed(LONG, benchmark=sources.AVAILABILITY, columns=columns)
    rows = [
        {"Job": job, "Race": r, "N": n, "M": m}
        for job in ("Technicians", "Skilled craft")
        for r, n, m in [*ROWS, ("A", "50", "9")]
    ]
    rows[2] |= {"N": "N", "M": "N"}
    found, ledger = clean(rows, source)
    assert found["race"].to_list() == ["Asian", race.BLACK, "White"] * 2
    assert found["estimate"].fillna(-1).to_list() == [-1, 200, 600, 50, 200, 600]
    assert found["share"].isna().to_list() == [True] * 3 + [False] * 3
    assert ledger.entries == [
        ("noted", benchmarks.UNKNOWN, 1),
        ("noted", benchmarks.WITHOUT_WHOLE, 2),
    ]
    with pytest.raises(InputError, match="no share is known"):
        clean([*ROWS, ("A", "N", "N")])


def test_a_hidden_share_leaves_the_published_ones():
    rows = [list(row) for row in JOBS[:2]] + [["Professionals", "A", *["N"] * 4]]
    rows[0][4], rows[1][4] = "78.0%", "20.0%"
    found, ledger = clean([tuple(row) for row in rows], BY_JOB)
    assert found["share"].fillna(-1).to_list() == pytest.approx([-1, 0.2, 0.78])
    assert ledger.entries == [("noted", benchmarks.UNKNOWN, 1)]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("W", "six", "60"), ROWS[1]], "column N: 1 cell.* numbers of people"),
        ([("W", "600", "-1"), ROWS[1]], "column M: 1 cell"),
        ([("W", "<5", "1"), ROWS[1]], "column N: 1 cell"),
        ([ROWS[0], ROWS[1], ROWS[0]], "1 row.* more than once, first data row 3"),
        ([ROWS[0], ("B", "200", "**")], "1 of 2 numbers have no margin"),
        ([ROWS[0], ("B", "N", "N")], "no share is known"),
    ],
)
def test_bad_numbers(rows, text):
    with pytest.raises(InputError, match=text):
        clean(rows)


@pytest.mark.parametrize(
    ("column", "old", "new", "text"),
    [
        ("P", "80.0%", "90.0%", "shares of Professionals add up to 1.100"),
        ("P", "80.0%", "many", "column P: 1 cell.* percents"),
        ("E", "4.0%", "-1", "column E: 2 cell"),
        ("Job", "Professionals", "Profs", r"'Profs' \(2\)"),
    ],
)
def test_bad_shares(column, old, new, text):
    raw = pd.DataFrame(JOBS, columns=["Job", "Race", "N", "M", "P", "E"], dtype="str")
    raw[column] = raw[column].replace(old, new)
    with pytest.raises(InputError, match=text):
        clean(raw.to_dict("records"), BY_JOB)


def test_an_unknown_job_category_names_the_key():
    with pytest.raises(UnmappedLabelError, match=r"'job_categories' in sources\.yaml"):
        clean([("Chief", *row[1:]) for row in JOBS[:2]], BY_JOB)
    with pytest.raises(UnmappedLabelError, match="'Z'"):
        clean([*ROWS, ("Z", "1", "1")])


def test_scales_are_not_guessed():
    """Percents called proportions add up to 100, proportions called percents to 1."""
    columns = {"race": "Race", "share": "P"}
    percents = [{"Race": "W", "P": "75"}, {"Race": "B", "P": "25"}]
    proportions = [{"Race": "W", "P": ".75"}, {"Race": "B", "P": ".25"}]
    good = changed(LONG, columns=columns, scale="percent")
    assert clean(percents, good)[0]["share"].to_list() == [0.25, 0.75]
    with pytest.raises(InputError, match="scale: proportion meant"):
        clean(proportions, good)
    other = changed(LONG, columns=columns, scale="proportion")
    assert clean(proportions, other)[0]["share"].to_list() == [0.25, 0.75]
    with pytest.raises(InputError, match="scale: percent meant"):
        clean(percents, other)
    signed = [row | {"P": row["P"] + "%"} for row in proportions]
    with pytest.raises(InputError, match=r"2 cell.* proportions"):
        clean(signed, other)


def test_a_group_of_nobody_needs_a_row():
    """Also in one of two job groups that are added up."""
    with pytest.raises(InputError, match=r"1 pair\(s\) of job group and race"):
        clean(JOBS[:3] + JOBS[4:], BY_JOB)


@pytest.mark.parametrize(
    ("source", "settings", "text"),
    [
        (LONG, {"benchmark": "labor force"}, "'labor force' is no benchmark"),
        (LONG, {"benchmark": "residents"}, "'residents' is no benchmark"),
        (LONG, {"columns": {"race": "Race"}}, "say where people or shares are"),
        (LONG, {"columns": {"people": "N"}}, "give the column race"),
        (LONG, {"scale": "percent"}, "'scale'"),
        (BY_JOB, {"scale": ""}, "'scale'"),
        (LONG, {"columns": {"race": "R", "people": "N", "share_moe": "M"}}, "no share"),
        (LONG, {"benchmark": sources.AVAILABILITY}, "has a column job_category"),
        (BY_JOB, {"benchmark": "labour force"}, "which are of all jobs, have none"),
        (LONG, {"job_categories": {"1": "Technicians"}}, "no column job_category"),
        (BY_JOB, {"job_categories": {"1": "Clerks"}}, "'Clerks' is no job category"),
        (WIDE, {"margins": {"White": "w_m"}}, "different groups"),
        (WIDE, {"margins": {"White": "w", race.BLACK: "b_m"}}, "'w' is named twice"),
        (WIDE, {"columns": {"race": "R"}}, "give the column race"),
        (WIDE, {"columns": {"people": "N"}}, "only job_category"),
    ],
)
def test_bad_descriptions(source, settings, text):
    with pytest.raises((ParamsError, ValueError), match=text):
        changed(source, **settings)


def test_a_group_of_another_standard():
    source = changed(WIDE, estimates={"Martian": "w"}, margins={"Martian": "w_m"})
    with pytest.raises(ParamsError, match="'Martian' is not a group of omb1997"):
        clean([WIDE_ROW], source)


def test_one_benchmark_is_one_file():
    two = [LONG, changed(LONG, file="c.csv")]
    with pytest.raises(ParamsError, match="two files are of 'labour force'"):
        sources.Sources(confirmed=True, benchmarks=two)
    apart = changed(BY_JOB, benchmark="availability in the occupation, by worksite")
    sources.Sources(confirmed=True, benchmarks=[BY_JOB, apart])


COUNTS = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(0, 10**5)), min_size=3, max_size=3
)


@relaxed
@given(COUNTS)
def test_shares_add_up_and_margins_are_no_larger_than_of_two_groups(counts):
    rows = [(r, str(n), str(m)) for r, (n, m) in zip("WBA", counts, strict=True)]
    found, _ = clean(rows)
    assert found["share"].sum() == pytest.approx(1)
    assert (found["moe"] >= 0).all()
    # A group against the others taken together has the same share and margin.
    rest = counts[1][0] + counts[2][0], np.hypot(counts[1][1], counts[2][1])
    pair, _ = clean([rows[0], ("B", str(rest[0]), f"{rest[1]:.9f}")])
    row = found.set_index("race").loc["White"]
    wanted = pair.set_index("race").loc["White"]
    assert row["share"] == pytest.approx(wanted["share"])
    assert row["moe"] == pytest.approx(wanted["moe"], rel=1e-6, abs=1e-12)


def test_margins_hold_the_share_of_many_surveys():
    """Counts drawn around the truth: nine in ten margins of 90 % hold it."""
    random = np.random.default_rng(1)
    truly, moe = np.array([6000, 2500, 500]), np.array([300, 200, 90])
    people = random.normal(truly, moe / 1.645, (400, 3))
    surveys = np.repeat([str(n) for n in range(400)], 3)
    rows = pd.DataFrame({"label": surveys, "job_category": surveys})
    rows = rows.assign(race=["W", "B", "A"] * 400, people=people.ravel())
    rows = rows.assign(
        people_moe=np.tile(1.0 * moe, 400), share=np.nan, share_moe=np.nan
    )
    found = benchmarks._shares(rows, BY_JOB)
    wanted = found["race"].map(dict(zip("WBA", truly / truly.sum(), strict=True)))
    held = (found["share"] - wanted).abs() <= found["moe"]
    assert len(held) == 1200
    for _, group in held.groupby(found["race"]):
        assert 0.86 < group.mean() < 0.94


def test_the_labour_force_of_cincinnati_added_apart(root, shared):
    path = shared / "data" / "workforce" / "cincinnati_labor_force_by_race.csv"
    if not path.exists():
        pytest.skip("Cincinnati's labour force is absent")
    declared = sources.read_sources(root / "data/raw/cincinnati/sources.yaml")
    raw = pd.read_csv(path, dtype=str)
    for source, column, value in zip(
        declared.benchmarks,
        ("in_labor_force", "age_group"),
        ("yes", "16 to 64"),
        strict=True,
    ):
        frame, ledger = read.table(source, folder=shared / "data", kind="benchmarks")
        kept = frame[frame[column] == value]
        found = benchmarks.clean_benchmarks(
            kept, source, ledger, standard=race.standard("omb1997_api")
        ).set_index("race")
        rows = raw[raw[column] == value].astype({"population": int})
        people = rows.groupby("race_code")["population"].sum()
        assert found.loc[race.BLACK, "estimate"] == people["B"]
        assert found.loc[race.ASIAN_OR_PACIFIC, "estimate"] == people["D"] + people["E"]
        share = people["I"] / people.sum()
        assert found.loc[race.HISPANIC, "share"] == pytest.approx(share)
        assert found["moe"].isna().all()
        assert found["estimate"].sum() == people.sum()
