"""Rosters: who is in post on the day, counted once, with race as recorded."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import InputError, UnmappedLabelError
from equity.measure import snapshots
from equity.prepare import persons, read, sources, workforce
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
SOURCE = sources.Workers(
    file="w.csv",
    as_of="2025-12-31",
    races={"W": "White", "B": race.BLACK, "": "Not recorded", "?": "Unknown"},
    full_time=["FT"],
    columns={
        **{"worker_id": "ID", "race": "Race", "department": "Dept", "pay": "Pay"},
        **{"hired": "Hired", "left": "Left", "full_time": "Time"},
    },
)


def changed(source=None, **settings):
    source = source or SOURCE
    return type(source)(**(source.model_dump(exclude_unset=True) | settings))


GOOD = {
    **{"ID": "1", "Race": "W", "Dept": "Fire", "Pay": "$50,000.00"},
    **{"Hired": "2020-01-31", "Left": "", "Time": "FT"},
}


relaxed = settings(deadline=None, max_examples=30, derandomize=True)


def clean(*rows, source=SOURCE):
    """Clean rows that differ from a good one, each with a number of its own."""
    raw = pd.DataFrame(
        [GOOD | {"ID": str(i)} | row for i, row in enumerate(rows)], dtype="str"
    )
    ledger = Ledger("workers", source.file, len(raw))
    return workforce.clean_workers(raw, source, ledger, standard=OMB), ledger


def test_a_good_row():
    found, ledger = clean({})
    assert found.columns.to_list() == workforce.WORKERS
    row = found.iloc[0]
    assert (row["race"], row["department"], row["pay"]) == ("White", "Fire", 50_000)
    assert row["full_time"]
    assert row["hired"] == pd.Timestamp("2020-01-31")
    assert row["as_of"] == pd.Timestamp("2025-12-31")
    assert row["job"] == ""
    assert ledger.entries == []


def test_only_people_in_post_on_the_day_count():
    found, ledger = clean(
        {},
        {"Left": "2025-12-31"},
        {"Left": "2026-01-01"},
        {"Hired": "2026-01-01"},
        {"Hired": "2025-12-31"},
    )
    assert found["worker_id"].to_list() == ["0", "2", "4"]
    assert ledger.entries == [
        ("set aside", "left by 2025-12-31", 1),
        ("set aside", "hired after 2025-12-31", 1),
    ]


def test_nobody_counts_twice():
    found, ledger = clean({}, {"ID": "0"}, {"ID": "0", "Dept": "Police"})
    assert found["department"].to_list() == ["Fire"]
    assert ledger.entries == [
        ("set aside", "the same row again", 1),
        ("set aside", "a worker's number seen before", 1),
    ]


def test_who_left_and_came_back_is_in_post():
    found, ledger = clean(
        {"ID": "7", "Left": "2021-01-31"}, {"ID": "7", "Hired": "2023-01-31"}
    )
    assert len(found) == 1
    assert found["hired"].iloc[0] == pd.Timestamp("2023-01-31")
    assert ledger.entries == [("set aside", "left by 2025-12-31", 1)]


def test_without_a_number_equal_rows_are_different_people():
    columns = {k: v for k, v in SOURCE.columns.items() if k != "worker_id"}
    source = SOURCE.model_copy(update={"columns": columns})
    assert len(clean({"ID": ""}, {"ID": ""}, source=source)[0]) == 2
    assert len(clean({"ID": ""}, {"ID": ""}, {"ID": "", "Dept": "x"})[0]) == 3


def test_what_cannot_be_read_is_noted_and_the_person_stays():
    found, ledger = clean(
        {"Pay": "(1,200)", "Hired": "soon"},
        {"Pay": "inf", "Left": "13/31/2025"},
        {"Pay": " ", "Race": " ", "Dept": "", "Time": ""},
        {"Race": "?"},
    )
    assert len(found) == 4
    assert found["pay"].isna().to_list() == [True, True, True, False]
    assert found["department"].to_list()[2] == "Not recorded"
    assert found["full_time"].isna().to_list() == [False, False, True, False]
    cell = "cell set aside, person counted"
    assert ledger.entries == [
        ("noted", f"column Pay: pay is negative; {cell}", 1),
        ("noted", f"column Pay: pay is missing, hidden or no number; {cell}", 1),
        ("noted", "hiring date is unreadable; not used", 1),
        ("noted", "leaving date is unreadable; counted as in post", 1),
        ("noted", race.RESPELLED, 1),
        ("noted", "no race on record", 2),
    ]


def test_departments_that_differ_in_blanks_are_one():
    found, _ = clean({"Dept": "Public  Works "}, {"Dept": "Public Works"})
    assert found["department"].nunique() == 1


def test_an_unmapped_race_names_file_column_and_count():
    with pytest.raises(UnmappedLabelError, match=r"w\.csv, column Race.*'X' \(2\)"):
        clean({"Race": "X"}, {"Race": "X"})


def test_events():
    source = sources.Events(
        file="e.csv",
        races=SOURCE.races,
        kinds={"Hired": "hire", "Left": "separation"},
        columns={"kind": "What", "date": "Day", "race": "Race", "worker_id": "ID"},
    )
    good = {"What": "Hired", "Day": "2025-01-31", "Race": "B", "ID": "1"}
    rows = [good, good, good | {"What": "Moved"}, good | {"Day": "never"}]
    raw = pd.DataFrame(rows)
    ledger = Ledger("events", "e.csv", 4)
    found = workforce.clean_events(raw, source, ledger, standard=OMB)
    assert found[["kind", "race"]].values.tolist() == [["hire", race.BLACK]]
    assert ledger.entries == [
        ("set aside", "the same row again", 1),
        (
            "set aside",
            "column What: its kind is not declared as a hire, promotion or separation",
            1,
        ),
        ("set aside", "its date is missing or unreadable", 1),
    ]
    assert "'Moved' (1 row)" in ledger.listing()["row"].to_list()


def test_events_keep_the_sex_and_the_job():
    """As far as a file has them; a number in front of a job is no part of its name."""
    columns = {"kind": "What", "date": "Day", "race": "Race", "sex": "S", "job": "J"}
    source = sources.Events(
        file="e.csv", races=SOURCE.races, kinds={"Hired": "hire"}, columns=columns
    )
    good = {"What": "Hired", "Day": "2025-01-31", "Race": "B", "S": "F"}
    raw = pd.DataFrame([good | {"J": "9161 - OFFICER"}, good | {"J": ""}])
    ledger = Ledger("events", "e.csv", 2)
    found = workforce.clean_events(raw, source, ledger, standard=OMB)
    assert found.columns.to_list() == workforce.EVENTS
    assert found["sex"].to_list() == ["F", "F"]
    assert found["job"].to_list() == ["OFFICER", ""]
    assert ledger.entries == [("noted", workforce.WITHOUT_NUMBER, 1)]
    assert set(snapshots.EVENTS) <= set(workforce.EVENTS)


def test_a_job_has_one_name_in_rosters_that_spell_it_differently():
    """After the number in front is left out; that nobody holds a job is no error."""
    columns = {**SOURCE.columns, "job": "Job"}
    jobs = {"DEP  CHIEF": "DEPUTY CHIEF", "SUPT": "SUPERINTENDENT"}
    source = changed(SOURCE, columns=columns, jobs=jobs)
    rows = [{"Job": job} for job in ("9796 - DEP CHIEF", "DEPUTY CHIEF", "CHIEF")]
    found, ledger = clean(*rows, source=source)
    assert found["job"].to_list() == ["DEPUTY CHIEF", "DEPUTY CHIEF", "CHIEF"]
    assert ledger.entries == [
        ("noted", workforce.WITHOUT_NUMBER, 1),
        ("noted", "the name of a job is read as another one, as declared", 1),
    ]


@pytest.mark.parametrize(
    ("row", "job"),
    [
        ("9173 - LIEUTENANT OF POLICE", "LIEUTENANT OF POLICE"),
        ("LIEUTENANT OF  POLICE ", "LIEUTENANT OF POLICE"),
        ("3-1-1 OPERATOR", "3-1-1 OPERATOR"),
        ("Fire Fighter-96 hr", "Fire Fighter-96 hr"),
    ],
)
def test_jobs_of_several_layouts_are_one(row, job):
    columns = SOURCE.columns | {"job": "Rank"}
    found, ledger = clean({"Rank": row}, source=changed(columns=columns))
    assert found["job"].to_list() == [job]
    assert len(ledger.entries) == row.startswith("9173")


def test_who_was_rehired_is_in_post():
    """A leaving date before the hiring date belongs to an earlier employment."""
    found, ledger = clean({"Left": "2019-12-31"}, {"Left": "2020-12-31"})
    assert found["worker_id"].to_list() == ["0"]
    assert ledger.entries == [
        ("set aside", "left by 2025-12-31", 1),
        ("noted", "leaving date is before the hiring date; counted as in post", 1),
    ]


def test_of_several_posts_the_last_one_is_kept_in_any_order():
    posts = [
        {"ID": "7", "Hired": "2020-01-31", "Dept": "Fire"},
        {"ID": "7", "Hired": "2021-01-31", "Dept": "Parks"},
        {"ID": "7", "Hired": "", "Dept": "Police"},
    ]
    for order in (posts, posts[::-1]):
        found, ledger = clean(*order)
        assert found["department"].to_list() == ["Parks"]
        assert ledger.entries == [("set aside", "a worker's number seen before", 2)]


def test_pay_by_the_hour():
    source = changed(pay_per="hour")
    found, ledger = clean({"Pay": "$25.50"}, {"Pay": "52,000"}, source=source)
    assert found["pay"].to_list()[0] == 25.5 * 2080
    assert found["pay"].isna().to_list() == [False, True]
    assert [rows for *_, rows in ledger.entries] == [1, 1]
    assert "too much for an hour" in ledger.entries[0][1]


def test_pay_that_is_little_or_none_is_used_and_noted():
    found, ledger = clean({"Pay": "15.50"}, {"Pay": "0"}, {"Pay": "50000"})
    assert found["pay"].to_list() == [15.5, 0, 50_000]
    assert [rule for _, rule, _ in ledger.entries] == [
        "column Pay: pay is under 1,000 a year; used",
        "column Pay: pay is zero; used",
    ]


def test_pay_in_several_currencies_is_refused():
    with pytest.raises(InputError, match=r"w\.csv: column Pay.*EUR, USD"):
        clean({"Pay": "$5,000"}, {"Pay": "5,000 €"})


def test_employment_is_told_apart():
    columns = SOURCE.columns | {"employment": "Kind"}
    kinds = {"R": "permanent", "P": "part-time", "T": "temporary", "S": "seasonal"}
    source = changed(columns=columns, employments=kinds)
    found, _ = clean(
        *({"Kind": kind} for kind in ("R", "P", "T", "S", "")), source=source
    )
    assert found["employment"].to_list() == [*kinds.values(), ""]
    with pytest.raises(UnmappedLabelError, match=r"w\.csv, column Kind.*'X' \(2\)"):
        clean({"Kind": "X"}, {"Kind": "X"}, source=source)
    names = [{"Kind": f"Person {i}"} for i in range(4)]
    with pytest.raises(UnmappedLabelError, match=r"Kind: 4 .*right column") as error:
        clean({"Kind": "R"}, *names, source=source)
    assert "Person" not in str(error.value)


def test_departments_that_are_not_declared_are_set_aside_and_not_published():
    source = changed(departments=["Fire", "Public Works"])
    found, ledger = clean(
        {}, {"Dept": "Fleet"}, {"Dept": "Public  Works"}, source=source
    )
    assert found["department"].to_list() == ["Fire", "Public Works"]
    rule = "column Dept: its department is not a declared one"
    assert ledger.entries == [("set aside", rule, 1)]
    assert ledger.found == [
        ("set aside", rule, ["2"]),
        ("set aside", rule, ["'Fleet' (1 row)"]),
    ]


COUNTS = sources.Workers(
    file="c.xlsx",
    as_of="2020-12-31",
    races={"White": "White", "Asian - Chinese": "Asian", "Asian - Indian": "Asian"},
    columns={"race": "Identity", "department": "Dept", "sex": "Sex", "people": "N"},
)


def count(*rows, source=COUNTS):
    names = ["Identity", "Dept", "Sex", "N"]
    raw = pd.DataFrame(rows, columns=names, dtype="str")
    ledger = Ledger("workers", source.file, len(raw))
    return workforce.clean_workers(raw, source, ledger, standard=OMB), ledger


PLENTY = [(label, "Fire", "X", "1") for label in COUNTS.races for _ in range(40)]
FEWEST = len(PLENTY)  # rows that tell a count, beside which some may be hidden


def test_counts_become_people():
    found, ledger = count(
        *PLENTY,
        ("White", "Fire", "F", "2"),
        ("White", "Fire", "M", "0"),
        ("Asian - Chinese", "Fire", "F", "1"),
        ("Asian - Indian", "Fire", "F", "<5"),
        ("Asian - Indian", "Fire", "M", "x"),
    )
    assert found["race"].to_list()[FEWEST:] == ["White", "White", "Asian"]
    assert found["detail"].to_list()[FEWEST:] == ["White", "White", "Asian - Chinese"]
    assert ledger.entries == [
        ("set aside", "column N: its count is hidden in the source", 1),
        ("set aside", "column N: its count is missing or unreadable", 1),
        ("noted", workforce.NOBODY, 1),
    ]
    frame = ledger.frame().set_index("action")["rows"]
    assert frame["read"] == frame["used"] + frame["set aside"].sum()


@pytest.mark.parametrize("mark", ["*", "<5", "12.5", "", "N/A", "."])
@pytest.mark.parametrize("beside", [(), (("Asian - Indian", "Fire", "M", "0"),)])
def test_a_group_whose_counts_are_all_hidden_is_not_nobody(mark, beside):
    rows = [row for row in PLENTY if row[0] == "White"]
    hidden = [("Asian - Chinese", "Fire", "F", mark), *beside]
    with pytest.raises(InputError) as error:
        count(*rows, *hidden)
    text = str(error.value)
    assert text.startswith("c.xlsx: column N: Asian would be counted as nobody")
    assert "1 of its rows" in text
    assert "ask the publisher" in text
    assert "out of the crosswalk" in text
    found, ledger = count(*rows, *hidden, ("Asian - Indian", "Fire", "M", "7"))
    assert found["race"].value_counts().to_dict() == {"White": 40, "Asian": 7}
    assert ledger.entries[0][::2] == ("set aside", 1)


def test_a_group_left_out_of_the_crosswalk_is_missing():
    source = changed(COUNTS, races={"White": "White"})
    rows = [row for row in PLENTY if row[0] == "White"]
    hidden = [("Asian - Chinese", "Fire", "F", "*")] * 9
    found, ledger = count(*rows, *hidden, source=source)
    assert workforce.recordable([found])["race"].to_list() == ["White"]
    rule = "column N: its count is hidden in the source"
    assert ledger.entries == [("set aside", rule, 9)]


@pytest.mark.parametrize("mark", ["*", "<5", "12.5"])
def test_many_hidden_counts_are_refused(mark):
    """6 of 120 + 6 rows are 4.8 %, 7 of 127 are 5.5 %; a blank says nothing."""
    hidden, blank = ("White", "Fire", "F", mark), ("White", "Fire", "F", "")
    found, ledger = count(*PLENTY, *[hidden] * 6, *[blank] * 50)
    assert len(found) == FEWEST
    assert sum(rows for _, _, rows in ledger.entries) == 56
    with pytest.raises(InputError, match=r"column N: 7 of 127 counts.*than 5%.*publ"):
        count(*PLENTY, *[hidden] * 7, *[blank] * 50)


def test_counts_of_nobody_else():
    assert len(count()[0]) == 0
    assert count(("White", "Fire", "F", "0"))[0]["race"].cat.categories.to_list() == [
        "Asian",
        "White",
    ]
    with pytest.raises(InputError, match=r"column N adds up to 20,000,000"):
        count(("White", "Fire", "F", "20,000,000"))
    numbered = changed(columns=SOURCE.columns | {"people": "N"})
    with pytest.raises(InputError, match="column N counts people"):
        clean({"N": "3"}, source=numbered)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["White", "Asian - Chinese", "Asian - Indian"]),
            st.sampled_from(["Fire", "Police"]),
            st.sampled_from(["F", "M"]),
            st.sampled_from(["0", "1", "3", "1,2", "*", "", "12"]),
        ),
        max_size=6,  # beside the others, at most 5 % hidden
    ).map(lambda rows: [*PLENTY, *rows]),
    st.randoms(use_true_random=False),
)
@relaxed
def test_nobody_is_lost_or_invented_in_any_order(rows, random):
    found, ledger = count(*rows)
    sure = [row for row in rows if row[3].isdigit()]
    for label in {row[0] for row in sure}:
        people = sum(int(row[3]) for row in sure if row[0] == label)
        assert (found["detail"] == label).sum() == people
    aside = sum(n for action, _, n in ledger.entries if action == "set aside")
    assert len(rows) == len(sure) + aside
    again, other = count(*random.sample(rows, len(rows)))
    names = ["race", "detail", "sex", "department"]
    assert sorted(map(str, found[names].values)) == sorted(
        map(str, again[names].values)
    )
    assert sorted(ledger.entries) == sorted(other.entries)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "ID": st.sampled_from(["", "1", "2", "3"]),
                "Race": st.sampled_from(["W", "B", "", "?"]),
                "Dept": st.sampled_from(["Fire", "", "Police"]),
                "Pay": st.sampled_from(["5,000", "(1)", "x", ""]),
                "Hired": st.sampled_from(["2020-01-31", "2026-01-31", "", "soon"]),
                "Left": st.sampled_from(["", "2021-01-31", "2019-01-31"]),
            }
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
@relaxed
def test_rows_read_are_rows_used_and_set_aside_in_any_order(rows, random):
    found, ledger = clean(*rows)
    frame = ledger.frame()
    assert frame.loc[frame["action"] == "used", "rows"].item() == len(found)
    again, other = clean(*random.sample(rows, len(rows)))
    assert sorted(ledger.entries) == sorted(other.entries)
    names = ["worker_id", "race", "department", "pay", "hired"]
    assert sorted(map(str, found[names].values)) == sorted(
        map(str, again[names].values)
    )


def test_files_of_one_day_count_nobody_twice():
    one, first = clean({"ID": "1"}, {"ID": "2"}, {"ID": "3"}, {"ID": ""})
    two, second = clean({"ID": "1"}, {"ID": "2", "Race": "B"}, {"ID": "4"}, {"ID": ""})
    kept = workforce.together([one, two], [first, second])
    assert kept[0]["worker_id"].to_list() == ["1", "2", "3", ""]
    assert kept[1]["worker_id"].to_list() == ["2", "4", ""]
    rule = "a worker's number in another file of the same day"
    assert first.entries == []
    assert second.entries == [
        ("set aside", f"{rule}, with the same race", 1),
        ("noted", f"{rule}, but of someone else; both used", 1),
    ]


def test_one_person_at_two_dates_is_in_both():
    now, ledger = clean({"ID": "1"})
    then = now.assign(as_of=pd.Timestamp("2020-12-31"))
    kept = workforce.together([then, now], [ledger, ledger])
    assert [len(frame) for frame in kept] == [1, 1]
    assert ledger.entries == []


def test_what_only_one_roster_can_record_is_not_zero_in_the_other():
    other, _ = count(("White", "Fire", "F", "1"))
    now, _ = clean({})
    found = workforce.recordable([other, now])
    by_day = found.groupby("as_of")["race"].agg(list).to_list()
    assert by_day == [["Asian", "White"], [race.BLACK, "White"]]
    same = now.assign(as_of=other["as_of"].iloc[0])
    assert workforce.recordable([other, same])["race"].to_list() == ["White"]


def test_events_as_counts_of_one_period():
    source = sources.Events(
        file="e.csv",
        races={"White": "White"},
        kinds={"Intake": "hire"},
        on="2020-12-31",
        columns={"kind": "What", "race": "Race", "people": "N"},
    )
    rows = [("Intake", "White", "3"), ("Intake", "White", "0"), ("Moved", "White", "9")]
    raw = pd.DataFrame(rows, columns=["What", "Race", "N"], dtype="str")
    ledger = Ledger("events", "e.csv", 3)
    found = workforce.clean_events(raw, source, ledger, standard=OMB)
    assert found["kind"].to_list() == ["hire"] * 3
    assert found["date"].eq(pd.Timestamp("2020-12-31")).all()
    assert [(action, rows) for action, _, rows in ledger.entries] == [
        ("set aside", 1),
        ("noted", 1),
    ]


def test_events_of_a_kind_whose_counts_are_hidden_are_not_none():
    source = sources.Events(
        file="e.csv",
        races={"White": "White", "Asian": "Asian"},
        kinds={"In": "hire", "Up": "promotion"},
        on="2020-12-31",
        columns={"kind": "What", "race": "Race", "people": "N"},
    )
    rows = [("In", "White", "3"), ("Up", "White", "3"), ("In", "Asian", "2")] * 9
    raw = pd.DataFrame(
        [*rows, ("Up", "Asian", "<5")], columns=["What", "Race", "N"], dtype="str"
    )
    with pytest.raises(InputError, match=r"column N: Asian \(promotion\) would be"):
        workforce.clean_events(
            raw, source, Ledger("events", "e.csv", len(raw)), standard=OMB
        )


def test_several_races_are_one_person():
    source = changed(
        races={"W": "White", "B": race.BLACK}, several={"separators": [";"]}
    )
    found, _ = clean({"Race": "B; W"}, source=source)
    assert found[["race", "detail"]].values.tolist() == [[race.TWO_OR_MORE, "B; W"]]


BAD = sources.Workers(
    file="workforce.csv",
    as_of="2025-03-31",
    races={
        **{group: group for group in race.standard("spd15_2024").groups},
        "Native Hawaiian or Pacific Islander": race.NHPI,
        "Unknown": "Unknown",
        "NA": race.AIAN,
    },
    columns={
        **{"race": "race", "department": "department", "pay": "annual_salary"},
        **{"worker_id": "employee_id", "job": "job_title", "hired": "hire_date"},
    },
)


def bad(shared, case, source=BAD):
    path = shared / "bad_inputs" / case / "workforce.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    ledger = Ledger("workers", source.file, len(raw))
    standard = race.standard("spd15_2024")
    return workforce.clean_workers(raw, source, ledger, standard=standard), ledger


def test_money_of_others_making(shared):
    """`val-07`: `$52,345.00` is 52345 exactly, `(1,200)` is no pay but a person."""
    found, ledger = bad(shared, "val-07")
    assert found["pay"].to_list()[0] == 52345.0
    assert found["pay"].to_list()[2] == 61500.0
    assert found["pay"].isna().to_list()[:3] == [False, True, False]
    assert len(found) == len(bad(shared, "good")[0])
    rule = "column annual_salary: pay is negative; cell set aside, person counted"
    assert ("noted", rule, 1) in ledger.entries


def test_numbers_that_are_none(shared):
    """`val-11`: NaN, inf, -inf and 1e309."""
    found, ledger = bad(shared, "val-11")
    assert found["pay"].isna().sum() == 4
    assert found["pay"].max() < 10**6
    rule = "column annual_salary: pay is missing, hidden or no number"
    assert [rows for _, text, rows in ledger.entries if text.startswith(rule)] == [4]


def test_the_texts_na_and_none(shared):
    """`val-16`: 12 people of race `NA`, 4 of department `None`."""
    found, _ = bad(shared, "val-16")
    good, _ = bad(shared, "good")
    assert (found["detail"] == "NA").sum() == 12
    assert (found.loc[found["detail"] == "NA", "race"] == race.AIAN).all()
    assert (found["department"] == "None").sum() == 4
    assert len(found) == len(good)
    races = {label: group for label, group in BAD.races.items() if label != "NA"}
    with pytest.raises(UnmappedLabelError, match=r"column race.*'NA' \(12\)"):
        bad(shared, "val-16", changed(BAD, races=races))


def test_departments_of_others_making(shared):
    """`key-03`: `Fleet` is not in the reference list; 9 people."""
    path = shared / "bad_inputs" / "key-03" / "departments.csv"
    departments = pd.read_csv(path, dtype=str)["department"].to_list()
    source = changed(BAD, departments=departments)
    found, ledger = bad(shared, "key-03", source)
    rule = "column department: its department is not a declared one"
    assert ("set aside", rule, 9) in ledger.entries
    assert ("set aside", rule, ["'Fleet' (9 rows)"]) in ledger.found
    assert len(found) == ledger.read - 9
    good, ledger = bad(shared, "good", source)
    assert len(good) == ledger.read


def real(root, shared, city, standard):
    """Clean every workforce file of a city's settings; rows used and people by file."""
    declared = sources.read_sources(root / "data" / "raw" / city / "sources.yaml")
    steps = [(workforce.clean_workers, declared.workers)]
    steps += [(workforce.clean_events, declared.events)]
    for clean, files in steps:
        for source in files:
            if not (shared / "data" / source.file).is_file():
                pytest.skip(f"{source.file} is absent")
            raw, ledger = read.table(source, folder=shared / "data")
            for column, kept in source.keep.items():
                raw = ledger.set_aside(raw, {"not kept": ~raw[column].isin(kept)})
            found = clean(raw, source, ledger, standard=race.standard(standard))
            yield found, ledger.frame()


def total(ledger, action, rule=""):
    lines = ledger[ledger["action"].eq(action) & ledger["rule"].str.contains(rule)]
    return int(lines["rows"].sum())


def test_a_whole_city(root, shared):
    """Cincinnati: 6,304 rows, 653 without a job group, 48 UNKNOWN, 1,276 part-time."""
    [(found, ledger)] = real(root, shared, "cincinnati", "omb1997_api")
    assert len(found) == total(ledger, "read") == total(ledger, "used") == 6304
    assert found["job_category"].eq("").sum() == 653
    assert total(ledger, "noted", persons.NO_RACE) == 48
    assert found["employment"].value_counts().to_dict() == {
        "permanent": 6304 - 1276 - 5,
        "part-time": 1276,
        "": 5,
    }
    assert found["full_time"].sum() == 4953
    assert found["detail"].eq("CHINESE").sum() == 11
    assert found[["pay", "hired"]].notna().all(axis=None)
    assert found["pay"].min() == 5091.84  # the least and most of ANNUAL_RT, by hand
    assert found["pay"].max() == 252505.62


@pytest.mark.slow
def test_a_state_as_counts(root, shared):
    """California: sums of Record Count, and of it by identity, taken from the files."""
    (then, first), (now, second), (flow, third) = real(
        root, shared, "california", "omb1997"
    )
    assert (len(then), len(now)) == (216_261, 222_837)
    assert total(first, "used") == total(first, "read") == 52_986
    assert total(second, "used") == total(second, "read") == 54_446
    assert total(first, "noted", workforce.NOBODY) == 18_470
    assert total(second, "noted", workforce.NOBODY) == 18_447
    assert then["race"].eq("Asian").sum() == 33_328
    assert now["detail"].eq("Asian - Filipino").sum() == 12_528
    assert now["sex"].value_counts().to_dict() == {"Male": 119_231, "Female": 103_606}
    assert not now["job"].str.contains("  ").any()
    assert total(third, "read") == 48_904
    assert flow["kind"].value_counts().to_dict() == {
        "hire": 26_382,
        "promotion": 16_837,
    }
    assert total(third, "set aside", "its kind is not declared") == 5_685


def test_three_layouts_of_one_roster(root, shared):
    """Chicago's police: status, and leaving dates not before the appointment."""
    found, ledgers = zip(
        *real(root, shared, "chicago_police", "omb1997_api"), strict=True
    )
    assert [total(ledger, "read") for ledger in ledgers] == [32_446, 12_095, 12_418]
    assert [len(frame) for frame in found] == [12_148 - 28, 12_095, 11_721 - 27]
    assert [total(ledger, "used") for ledger in ledgers] == [len(f) for f in found]
    columns = {tuple(frame.columns) for frame in found}
    assert columns == {tuple(workforce.WORKERS)}
    for frame in found:
        assert frame["job"].eq("LIEUTENANT OF POLICE").sum() > 200
        assert not frame["job"].str.match(r"[0-9]").any()
    ranks = [set(frame["job"]) for frame in found]
    assert len(ranks[1] - ranks[0]) == 0  # one name a rank
    assert {"DEPUTY CHIEF", "SUPERINTENDENT OF POLICE"} <= ranks[0] & ranks[2]
    listed = workforce.recordable(list(found))
    assert listed.groupby("as_of").size().to_list() == [5, 5, 5]
