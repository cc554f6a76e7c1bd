"""Masked school numbers: bounds that hold the truth, and never a number instead."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import schools, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
EDFACTS = (
    "U.S. Department of Education, EDFacts public-use files: Four-Year Adjusted Cohort "
    "Graduation Rates, file documentation, table on privacy protection by cohort size"
)
relaxed = settings(deadline=None, max_examples=300, derandomize=True)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("88", (87.5, 88.5)),
        (" 88 ", (87.5, 88.5)),
        ("0", (0, 0.5)),
        ("100", (99.5, 100)),
        ("85-89", (84.5, 89.5)),
        ("60-79", (59.5, 79.5)),
        ("GE95", (94.5, 100)),
        ("GE50", (49.5, 100)),
        ("LE5", (0, 5.5)),
        ("LT50", (0, 49.5)),
        ("GT50", (50.5, 100)),
        ("PS", (0, 100)),
        ("S", (0, 100)),
        ("*", (0, 100)),
        ("n<10", (0, 100)),
    ],
)
def test_every_form_of_a_rate(text, bounds):
    assert schools.rate_bounds(text) == bounds


@pytest.mark.parametrize(
    "text",
    ["", ".", "x", "101", "-5", "89-85", "85-", "GE", "GE101", "LT0", "88%", "8.5"],
)
def test_what_is_not_a_rate_is_refused(text):
    with pytest.raises(ValueError, match="not a rate"):
        schools.rate_bounds(text)


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
    ],
)
def test_bounds_in_whole_people(rate, population, bounds):
    assert schools.event_bounds(rate, population) == bounds


def test_a_rate_that_no_whole_number_of_people_has_is_refused():
    with pytest.raises(ValueError, match="no whole number"):
        schools.event_bounds("50", 3)


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
    low, high = schools.event_bounds(masked(events, population), population)
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


def test_an_exact_rate_is_exact():
    found, _ = graduation({"MBL_C_23": "2", "MBL_R_23": "50"})
    assert found.loc[0, "events"] == 1
    assert found["events"].isna().to_list() == [False, True, True]


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
    raw = sources.read_table(sources.Source(file=path.name), folder=path.parent)
    ledger = Ledger("graduation", path.name, len(raw))
    found = schools.clean_graduation(raw, source, ledger, standard=OMB)
    assert found["race"].value_counts().min() > 10_000 / 2
    assert (found["events_low"] <= found["events_high"]).all()
    assert (found["events_high"] <= found["population"]).all()
