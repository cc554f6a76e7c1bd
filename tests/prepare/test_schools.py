"""Masked school numbers: bounds that hold the truth, and never a number instead."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import InputError, ParamsError, UnmappedLabelError
from equity.prepare import marks, schools, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
SPD = race.standard("spd15_2024")
EDFACTS = (
    "U.S. Department of Education, EDFacts public-use files: Four-Year Adjusted Cohort "
    "Graduation Rates, file documentation, table on privacy protection by cohort size"
)
relaxed = settings(deadline=None, max_examples=100, derandomize=True)


def event_bounds(rate, population):
    found = marks.rates(pd.Series([rate]), scale="percent")
    ends = schools.event_bounds(found["low"], found["high"], pd.Series([population]))
    return tuple(int(end[0]) for end in ends)


@pytest.mark.parametrize(
    ("rate", "population", "bounds"),
    [
        ("50", 2, (1, 1)),
        ("33", 3, (1, 1)),
        ("100", 7, (7, 7)),
        ("GE95", 20, (19, 20)),
        ("LT50", 6, (0, 2)),
        ("GE50", 6, (3, 6)),
        ("PS", 5, (0, 5)),
        ("PS", 0, (0, 0)),
        ("50", 3, (2, 1)),  # no whole number of three people has this rate
    ],
)
def test_bounds_in_whole_people(rate, population, bounds):
    assert event_bounds(rate, population) == bounds


def masked(events, population):
    """Round and mask a rate by the federal rule of the files (`EDFACTS`)."""
    percent = int(100 * events / population + 0.5)  # halves up
    if population <= 5:
        return "PS"
    if population <= 15:
        return "LT50" if percent < 50 else "GE50"
    width, end = next(
        (width, end)
        for most, width, end in [(30, 20, 20), (60, 10, 10), (300, 5, 5), (10**9, 1, 1)]
        if population <= most
    )
    if population > 300:
        return "LE1" if percent <= 1 else "GE99" if percent >= 99 else str(percent)
    if percent <= end:
        return f"LE{end}"
    if percent >= 100 - end:
        return f"GE{100 - end}"
    if width == 5:
        low = percent // 5 * 5
        return f"{low}-{low + 4}"
    low = percent // width * width
    high = min(low + width - 1, 100 - end - 1)
    return f"{max(low, end + 1)}-{high}"


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@relaxed
def test_the_truth_lies_within_the_bounds_of_its_mask(counts):
    events, population = counts
    low, high = event_bounds(masked(events, population), population)
    assert 0 <= low <= events <= high <= population, EDFACTS


GRADUATION = sources.Graduation(
    file="g.csv",
    columns={"unit": "ID"},
    cohort="{group}_C_{year}",
    rate="{group}_R_{year}",
    groups={"MBL": race.BLACK, "MWH": race.WHITE},
    years={"23": "2022-23", "24": "2023-24"},
)
SCHOOL = {
    **{"ID": "01", "MBL_C_23": "20", "MBL_R_23": "60-79", "MWH_C_23": "400"},
    **{"MWH_R_23": "88", "MBL_C_24": ".", "MBL_R_24": ".", "MWH_C_24": "2"},
    "MWH_R_24": "PS",
}


def graduation(*schools_given):
    raw = pd.DataFrame([SCHOOL | change for change in schools_given], dtype="str")
    ledger = Ledger("graduation", "g.csv", len(raw))
    found = schools.clean_graduation(raw, GRADUATION, ledger, standard=OMB)
    return found, ledger


def test_cohorts_by_year_and_group():
    found, ledger = graduation({})
    keys = ["year", "race", "population", "events_low", "events_high"]
    assert found[keys].values.tolist() == [
        ["2022-23", race.BLACK, 20, 12, 15],
        ["2022-23", race.WHITE, 400, 350, 354],
        ["2023-24", race.WHITE, 2, 0, 2],
    ]
    assert found["events"].isna().all()
    assert found["race"].cat.categories.to_list() == [race.BLACK, race.WHITE]
    assert ledger.entries == [
        ("noted", "rates are masked or rounded in the source, kept as bounds", 1)
    ]


def test_a_rate_that_was_rounded_twice_may_stand_for_a_little_less():
    """La Joya H S, 2012-13: 80 of 633, though its groups have at most 503 (79.46)."""
    school = SCHOOL | {"MWH_C_23": "633", "MWH_R_23": "80", "MBL_R_23": "LE20"}
    raw = pd.DataFrame([school], dtype="str")
    twice = GRADUATION.model_copy(update={"rounded_twice": True})
    ends = {}
    for source in (GRADUATION, twice):
        ledger = Ledger("graduation", "g.csv", len(raw))
        found = schools.clean_graduation(raw, source, ledger, standard=OMB)
        ends[source.rounded_twice] = found[["events_low", "events_high"]].values[:2]
    assert ends[False].tolist() == [[0, 4], [504, 509]]
    assert ends[True].tolist() == [[0, 4], [503, 509]]


def test_an_exact_rate_is_exact():
    found, _ = graduation({"MBL_C_23": "2", "MBL_R_23": "50"})
    assert found.loc[0, "events"] == 1
    assert found["events"].isna().to_list() == [False, True, True]


def test_a_rate_without_a_cohort_is_noted():
    found, ledger = graduation({"MBL_C_23": "."})
    assert len(found) == 2
    assert ("noted", schools.ALONE, 1) in ledger.entries
    nothing = {name: "." for name in SCHOOL if name != "ID"}
    found, ledger = graduation({}, nothing | {"ID": "02"})
    assert found["unit"].unique().tolist() == ["01"]
    assert ledger.entries[1:] == [
        ("noted", "no cohort is published of any group here", 1)
    ]


def test_a_cohort_without_a_rate_is_not_known():
    found, _ = graduation({"MBL_R_23": ""})
    assert found.loc[0, ["events_low", "events_high"]].to_list() == [0, 20]


def test_the_same_school_counts_once():
    found, ledger = graduation({}, {})
    assert len(found) == 3
    assert ("set aside", "the same row again", 1) in ledger.entries
    with pytest.raises(InputError, match=r"column ID.*data row 2"):
        graduation({}, {"MWH_C_23": "500"})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("MBL_C_23", bad) for bad in ("x", "-3", "12.5", "inf", "1e3", "NaN")),
        *(("MBL_R_23", bad) for bad in ("x", "101", "0.88", "89-80")),
    ],
)
def test_an_unreadable_cell_is_refused_by_column_and_row(column, value):
    with pytest.raises(InputError) as error:
        graduation({"ID": "00"}, {column: value})
    assert f"g.csv: column {column}: 1 cell(s)" in str(error.value)
    assert "data row 2" in str(error.value)


LEVELS = sources.Proficiency(
    file="p.csv",
    columns={"school": "S", "year": "Y", "race": "R"},
    levels={"L": "Basic", "H": "Proficient"},
    proficient=["Proficient"],
    suppressed={"*": [0, 9], "<5": [1, 4]},
    races={"W": race.WHITE, "B": race.BLACK},
)


def proficiency(rows, source=LEVELS):
    raw = pd.DataFrame(rows, columns=["S", "Y", "R", "L", "H"], dtype="str")
    ledger = Ledger("proficiency", "p.csv", len(raw))
    return schools.clean_proficiency(raw, source, ledger, standard=OMB), ledger


def test_hidden_counts_become_bounds():
    found, ledger = proficiency(
        [("s", "2025", "W", "1,012", "*"), ("s", "2025", "B", "<5", "30")]
    )
    keys = ["race", "level", "proficient", "students_low", "students_high"]
    assert found[keys].values.tolist() == [
        [race.WHITE, "Basic", False, 1012, 1012],
        [race.BLACK, "Basic", False, 1, 4],
        [race.WHITE, "Proficient", True, 0, 9],
        [race.BLACK, "Proficient", True, 30, 30],
    ]
    assert found["students"].isna().to_list() == [False, True, True, False]
    assert found["level"].cat.ordered
    assert ledger.entries == [
        ("noted", "a count is hidden in the source, kept as bounds", 2)
    ]


def test_a_mark_that_looks_like_a_count_is_a_mark():
    source = LEVELS.model_copy(update={"suppressed": {"0": [0, 4]}})
    found, _ = proficiency([("s", "2025", "W", "0", "7")], source)
    assert found["students_high"].to_list() == [4, 7]
    assert pd.isna(found.loc[0, "students"])


def test_without_declared_marks_counts_are_counts():
    source = LEVELS.model_copy(update={"suppressed": {}})
    found, _ = proficiency([("s", "2025", "W", "3", "7")], source)
    assert found["students"].to_list() == [3, 7]


@pytest.mark.parametrize("bad", ["**", "x", "", "-1", "2.5", "inf"])
def test_an_undeclared_mark_is_refused(bad):
    with pytest.raises(InputError, match=r"p\.csv: column H: 1 .*sources\.yaml"):
        proficiency([("s", "2025", "W", "3", bad)])


def test_common_marks_need_no_declaration_where_they_say_the_most():
    source = LEVELS.model_copy(update={"suppressed": {}})
    found, _ = proficiency([("s", "2025", "W", "n<10", "<5")], source)
    assert found["students_high"].to_list() == [9, 4]
    assert found["students_low"].to_list() == [0, 0]
    with pytest.raises(InputError, match=r"p\.csv: column L: 1 .*the most it hides"):
        proficiency([("s", "2025", "W", "*", "5")], source)


def test_proficient_levels_are_levels():
    with pytest.raises(ParamsError, match="Expert"):
        proficiency([], LEVELS.model_copy(update={"proficient": ["Expert"]}))


def test_scores_that_are_no_numbers_are_set_aside():
    source = sources.Scores(
        file="s.csv", columns={"race": "R", "score": "X"}, races={"W": race.WHITE}
    )
    raw = pd.DataFrame({"R": ["W"] * 5, "X": ["500", "", "x", "inf", "NaN"]})
    ledger = Ledger("scores", "s.csv", 5)
    found = schools.clean_scores(raw, source, ledger, standard=OMB)
    assert found["score"].to_list() == [500]
    assert found.columns.to_list() == schools.SCORES
    assert ledger.entries == [("set aside", "score is missing or unreadable", 4)]


def test_students_who_are_followed_are_counted_once_a_year():
    source = sources.Scores(
        file="s.csv",
        columns={"student": "ID", "year": "Y", "score": "X"},
        races={"black": race.BLACK, "hispanic": race.HISPANIC},
        several={"columns": {"B": "black", "H": "hispanic"}, "yes": ["1"], "no": ["0"]},
    )
    rows = [("1", "0.5", "-2.1", "1", "0"), ("1", "1.5", "0.3", "1", "0")]
    rows += [rows[0], ("2", "0.5", "1", "0", "0"), ("3", "0.5", "1", "1", "1")]
    raw = pd.DataFrame(rows, columns=["ID", "Y", "X", "B", "H"], dtype="str")
    ledger = Ledger("scores", "s.csv", 5)
    found = schools.clean_scores(raw, source, ledger, standard=OMB)
    assert found["score"].to_list() == [-2.1, 0.3, 1, 1]
    assert found["race"].to_list()[1:] == [race.BLACK, "Not recorded", race.HISPANIC]
    assert ledger.entries[0] == ("set aside", "the same row again", 1)


RATES = sources.Rates(
    file="r.csv",
    outcome="proficiency",
    columns={"unit": "S", "year": "Y", "race": "R", "population": "N", "rate": "P"},
    races={"W": race.WHITE, "B": race.BLACK},
)


def rates(*cells, source=RATES):
    """Clean rows of a population and a rate, each of a school of its own."""
    rows = [(str(i), "2025", "W", *pair) for i, pair in enumerate(cells)]
    raw = pd.DataFrame(rows, columns=["S", "Y", "R", "N", "P"], dtype="str")
    ledger = Ledger("rates", "r.csv", len(raw))
    return schools.clean_rates(raw, source, ledger, standard=OMB), ledger


def settings_of(source, **changed):
    return type(source)(**(source.model_dump(exclude_unset=True) | changed))


def ends(found, name):
    return found[[f"{name}_low", f"{name}_high"]].values.tolist()


def test_rates_of_known_people():
    found, ledger = rates(("200", "45"), ("2", "50"), ("20", "GE95"), ("6", "PS"))
    assert ends(found, "events") == [[89, 91], [1, 1], [19, 20], [0, 6]]
    assert found["events"].isna().to_list() == [True, False, True, True]
    assert found["population"].to_list() == [200, 2, 20, 6]
    assert found.columns.to_list() == schools.OUTCOMES
    assert ledger.entries == [
        ("noted", "column P: hidden in the source, kept as bounds", 2)
    ]


def test_a_rate_that_no_whole_number_has_is_bounded_by_those_around_it():
    found, ledger = rates(("23", "31"))  # 7.13 of 23; of the tested, not the enrolled
    assert ends(found, "events") == [[7, 8]]
    assert [rows for *_, rows in ledger.entries] == [1]


def test_hidden_people_are_bounds():
    found, ledger = rates(("<5", "50"), ("*", "50"), ("", "50"), ("20", ""))
    assert ends(found, "population")[0] == [0, 4]
    assert ends(found, "events")[0] == [0, 2]
    assert found["population"].isna().to_list() == [True, True, True, False]
    assert found["population_high"].isna().to_list() == [False, True, True, False]
    assert found["events_high"].isna().to_list() == [False, True, True, False]
    assert ends(found, "events")[3] == [0, 20]
    assert ends(found, "rate")[0] == [0.495, 0.505]
    assert dict((rule, rows) for _, rule, rows in ledger.entries) == {
        "column N: hidden in the source, kept as bounds": 2,
        "column N: is not published": 1,
        "no rate is published; anything from none to all": 1,
    }


def test_rates_without_people():
    columns = {k: v for k, v in RATES.columns.items() if k != "population"}
    source = settings_of(RATES, columns=columns, scale="proportion")
    found, ledger = rates(
        *(("", p) for p in ("0.4500", "LNE", "N/A", "#VALUE!", "0.2500*", "81.6*")),
        source=source,
    )
    assert ends(found, "rate") == [[0.44995, 0.45005], [0, 1], [0.24995, 0.25005]]
    assert found[["population", "events_low", "events_high"]].isna().all(axis=None)
    assert [(action, rows) for action, _, rows in ledger.entries] == [
        ("noted", 1),  # LNE
        ("noted", 1),  # the star
        ("set aside", 1),  # 81.6 beside 0.45
        ("set aside", 2),  # N/A and #VALUE!
    ]


def test_a_column_on_the_other_scale_is_refused():
    with pytest.raises(InputError, match=r"r\.csv: column P: 2 of 3.*'scale: prop"):
        rates(("9", "0.45"), ("9", "0.5"), ("9", "45"))
    with pytest.raises(InputError, match="'scale: percent'"):
        rates(("9", "45"), source=settings_of(RATES, scale="proportion"))


def test_subject_and_grade_are_part_of_the_outcome():
    columns = RATES.columns | {"subject": "Y", "grade": "S"}
    found, _ = rates(("9", "45"), source=settings_of(RATES, columns=columns))
    assert found["outcome"].to_list() == ["proficiency, 2025, grade 0"]


def test_all_students_are_not_a_group():
    row = ("1", "2025", "All Students", "9", "45")
    raw = pd.DataFrame([row], columns=[*"SYRNP"])
    with pytest.raises(UnmappedLabelError, match=r"column R.*'All Students' \(1\)"):
        schools.clean_rates(raw, RATES, Ledger("rates", "r.csv", 1), standard=OMB)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["20", "<5", "1-2", "*", "", "1,012", "0"]),
            st.sampled_from(["45", "45%", "GE95", "PS", "", ".", "60-79", "31.5"]),
        ),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
@settings(relaxed, max_examples=25)
def test_rates_are_used_or_set_aside_in_any_order(cells, random):
    found, ledger = rates(*cells)
    frame = ledger.frame()
    assert frame.loc[frame["action"] == "used", "rows"].item() == len(found)
    for name in ("rate", "population", "events"):
        low, high = found[f"{name}_low"], found[f"{name}_high"]
        assert (low <= high).fillna(True).all()
    assert (found["events_high"] <= found["population_high"]).fillna(True).all()
    again, other = rates(*random.sample(cells, len(cells)))
    assert sorted(other.entries) == sorted(ledger.entries)
    columns = schools.OUTCOMES[1:]
    assert sorted(map(str, found[columns].values)) == sorted(
        map(str, again[columns].values)
    )


def others(shared, case, **changed):
    source = sources.Rates(
        file="schools.csv",
        outcome="proficiency",
        races={
            **{group: group for group in SPD.groups},
            "Native Hawaiian or Pacific Islander": race.NHPI,
            "Unknown": "Unknown",
        },
        columns={
            **{"unit": "school_id", "year": "school_year", "race": "race"},
            **{"population": "n_students", "rate": "pct_proficient"},
        },
    )
    path = shared / "bad_inputs" / case / "schools.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    ledger = Ledger("rates", "schools.csv", len(raw))
    source = settings_of(source, **changed)
    return schools.clean_rates(raw, source, ledger, standard=SPD), ledger


def test_hidden_students_of_others_making(shared):
    """`val-09`: five suppressed populations are bounds, and none is 0, 5 or lost."""
    found, ledger = others(shared, "val-09")
    rule = "column n_students: hidden in the source, kept as bounds"
    assert ("noted", rule, 5) in ledger.entries
    assert len(found) == len(others(shared, "good")[0])
    assert found["population"].isna().to_list()[:6] == [True] * 5 + [False]
    assert found["population_low"].to_list()[:5] == [0] * 5
    assert found["population_high"].isna().to_list()[:5] == [
        True,  # *
        False,  # <5
        False,  # n<10
        True,  # S
        True,  # a dash: none, or hidden
    ]
    declared, _ = others(shared, "val-09", suppressed={"-": [0, 0]})
    assert declared["population"].isna().sum() == 4


def test_two_scales_of_others_making(shared):
    """`val-15`: of 0.45, 45, 45% and 145 the two that are on another scale go."""
    found, ledger = others(shared, "val-15")
    rule = "column pct_proficient: contradicts the scale of the others (percent)"
    assert ("set aside", rule, 2) in ledger.entries
    assert len(found) == ledger.read - 2
    assert ends(found, "rate")[:2] == [[0.445, 0.455]] * 2


@pytest.mark.parametrize("year", [2012, 2013, 2014])
def test_every_rate_of_the_national_files_is_readable(shared, year):
    """`data/education`: 21,244, 22,077 and 22,385 schools; eight groups each."""
    path = shared / "data" / "education" / f"edfacts_{year}.csv.gz"
    if not path.is_file():
        pytest.skip("the national graduation files are absent")
    code = f"{year - 2001}{year - 2000}"
    source = GRADUATION.model_copy(
        update={
            "columns": {"unit": "NCESSCH"},
            "cohort": "{group}_COHORT_{year}",
            "rate": "{group}_RATE_{year}",
            "years": {code: str(year)},
        }
    )
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    ledger = Ledger("graduation", path.name, len(raw))
    found = schools.clean_graduation(raw, source, ledger, standard=OMB)
    assert found["race"].value_counts().min() > 10_000 / 2
    assert (found["events_low"] <= found["events_high"]).all()
    assert (found["events_high"] <= found["population"]).all()
    rate = pd.concat([raw[f"{group}_RATE_{code}"] for group in ("MBL", "MWH")])
    cohort = pd.concat([raw[f"{group}_COHORT_{code}"] for group in ("MBL", "MWH")])
    there = ~cohort.isin(["", "."])
    assert len(found) == there.sum()
    assert found["population"].sum() == pd.to_numeric(cohort[there]).sum()
    hidden = found["rate_low"].eq(0) & found["rate_high"].eq(1)
    assert hidden.sum() == rate[there].isin(["PS", "."]).sum()
    # All in California, which published the rates of some schools without cohorts.
    alone = raw.loc[(~there & ~rate.isin(["", "."])).groupby(level=0).any(), "STNAM"]
    assert set(alone) == {"CALIFORNIA"}
    assert ("noted", schools.ALONE, len(alone)) in ledger.entries


def test_colorado(shared):
    """5,792 rows: 724 of all students; of the others 2,061 LNE and 807 N/A."""
    path = shared / "data" / "education" / "colorado_math_proficiency_by_race.csv.gz"
    if not path.is_file():
        pytest.skip("Colorado's rates are absent")
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    source = sources.Rates(
        file=path.name,
        outcome="proficiency in mathematics",
        scale="proportion",
        vocabulary="colorado_schools",
        columns={
            **{"unit": "Location", "year": "TimeFrame", "race": "Race Ethnicity"},
            "rate": "Data",
        },
    )
    ledger = Ledger("rates", path.name, len(raw))
    groups = raw[raw["Race Ethnicity"].ne("All Students")]
    found = schools.clean_rates(groups, source, ledger, standard=OMB)
    assert len(found) == 5792 - 724 - 807
    assert (found["rate_high"] == 1).sum() == 2061
    middle = (found["rate_low"] + found["rate_high"]) / 2
    state = found["unit"].eq("Colorado") & found["year"].eq("2014")
    assert middle[state & found["race"].eq(race.WHITE)].round(4).to_list() == [0.6712]


@pytest.mark.parametrize(
    ("file", "settings", "unknown"),
    [
        ("mlmRev__Hsb82", {"columns": {"race": "minrty", "score": "mAch"}}, 1974),
        ("openintro__hsb2", {"columns": {"race": "race", "score": "math"}}, 0),
        (
            "mlmRev__egsingle",
            {
                "columns": {"student": "childid", "year": "year", "score": "math"},
                "several": {
                    "columns": {"black": "black", "hispanic": "hispanic"},
                    **{"yes": ["1"], "no": ["0"]},
                },
            },
            7230 - 4977 - 1024,
        ),
    ],
)
def test_scores_of_the_field(shared, file, settings, unknown):
    """Rows with no race on record, counted by hand: `minrty` is not a race."""
    path = shared / "data" / "education" / f"{file}.csv.gz"
    if not path.is_file():
        pytest.skip("the scores are absent")
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    vocabulary = file.rpartition("_")[2].lower()
    source = sources.Scores(file=path.name, vocabulary=vocabulary, **settings)
    ledger = Ledger("scores", path.name, len(raw))
    found = schools.clean_scores(raw, source, ledger, standard=OMB)
    assert len(found) == len(raw)
    assert found["race"].isin(race.UNKNOWN).sum() == unknown
    assert found["score"].sum() == pytest.approx(
        raw[settings["columns"]["score"]].astype(float).sum()
    )


def test_a_file_of_one_test_is_named_in_every_row():
    raw = pd.DataFrame({"r": ["White"], "s": ["12"]})
    given = {"file": "s.csv", "test": "Mathematics", "races": {"White": "White"}}
    source = sources.Scores(columns={"race": "r", "score": "s"}, **given)
    ledger = Ledger("scores", "s.csv", 1)
    found = schools.clean_scores(raw, source, ledger, standard=OMB)
    assert found["subject"].tolist() == ["Mathematics"]
    both = sources.Scores(columns={"race": "r", "score": "s", "subject": "r"}, **given)
    with pytest.raises(ParamsError, match="leave one out"):
        schools.clean_scores(raw, both, ledger, standard=OMB)
