"""Gaps of schools from levels, their mean, and gaps at each line."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.measure import (
    cuts,
    hetop,
    masked_gaps,
    outcomes,
    school_levels,
    shrinkage,
)

CUTS = np.array([-0.8, 0.2, 1.0])
NAMES = ["Below", "Basic", "Proficient", "Advanced"]


def district(
    seed: int = 1, *, gap: float = -0.5, schools: int = 12, grades=("3",),
    sizes=(40, 60), hide: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Draw tidy levels: schools of two groups, counts below ``hide`` masked."""
    random = np.random.default_rng(seed)
    rows = []
    for grade in grades:
        for school in range(schools):
            place = random.normal(0, 0.2)
            for race, mean, size in zip(
                ("Black", "White"), (gap, 0.0), sizes, strict=True
            ):
                level = np.searchsorted(CUTS, random.normal(place + mean, 1, size))
                for name, count in zip(
                    NAMES, np.bincount(level, minlength=4), strict=True
                ):
                    masked = 0 < count < hide
                    rows.append(
                        (f"s{school:02}", grade, race, name, count,
                         1 if masked else count, hide - 1 if masked else count)
                    )  # fmt: skip
    columns = ["school", "grade", "race", "level", "true"]
    table = pd.DataFrame(rows, columns=[*columns, "students_low", "students_high"])
    known = table["students_low"] == table["students_high"]
    return table.assign(
        year="2025",
        subject="Reading",
        students=table["students_low"].where(known).astype("Int64"),
        race=pd.Categorical(table["race"]),
        level=pd.Categorical(table["level"], NAMES, ordered=True),
        proficient=table["level"].isin(NAMES[2:]),
    )


def test_one_grade_is_hetop_shrunk():
    levels = district()
    found = school_levels.gaps(levels, reference="White").set_index("school")
    counts = levels.rename(columns={"school": "unit", "race": "group"})
    expected = hetop.gaps(
        counts[["unit", "group", "level", "students"]], reference="White"
    ).query("group == 'Black' and measure == 'standardised gap'")
    expected = expected.set_index("unit")
    np.testing.assert_allclose(found["observed"], expected["estimate"], atol=1e-9)
    shrunk = shrinkage.shrink(expected.reset_index(drop=True))
    np.testing.assert_allclose(found["estimate"], shrunk["estimate"], atol=1e-9)
    np.testing.assert_allclose(found["bound_low"], found["observed"], atol=1e-9)


def test_grades_are_averaged_by_students():
    one, two = district(1, grades=("3",)), district(2, grades=("4",), sizes=(80, 60))
    found = school_levels.gaps(pd.concat([one, two]), reference="White")
    alone = [school_levels.gaps(part, reference="White") for part in (one, two)]
    by_hand = (40 * alone[0]["observed"] + 80 * alone[1]["observed"]) / 120
    np.testing.assert_allclose(found["observed"], by_hand)
    errors = [part["standard_error"] for part in alone]
    np.testing.assert_allclose(
        found["standard_error"], np.hypot(40 * errors[0], 80 * errors[1]) / 120
    )


def test_what_is_masked_too_much_is_left_out():
    known = school_levels.gaps(district(hide=6), reference="White")
    width = known["bound_high"] - known["bound_low"]
    assert len(known)
    assert width.max() <= masked_gaps.WIDE == 0.5
    assert (known["bound_low"] <= known["observed"] + 1e-9).all()
    assert (known["bound_high"] >= known["observed"] - 1e-9).all()
    none = school_levels.gaps(district(hide=30, sizes=(20, 20)), reference="White")
    assert none.empty
    assert school_levels.means(none).empty


@pytest.mark.parametrize("hide", [0, 6])
def test_the_mean_of_schools_holds_a_planted_gap(hide):
    # the scale is that of all students: a gap of 0.5 over their standard deviation
    within = 1 + 0.2**2 + 0.24 * 0.5**2  # 40 of 100 students are of the group
    truth = -0.5 / np.sqrt(within)
    held = 0
    for seed in range(40):
        levels = district(seed, schools=10, hide=hide)
        found = school_levels.means(school_levels.gaps(levels, reference="White"))
        row = found.set_index("group").loc["Black"]
        held += row["conf_low"] <= truth <= row["conf_high"]
    assert held >= 33  # of 40; 95 % are 38, and fewer than 33 are 1 in 500


def test_the_mean_lies_between_its_bounds_and_names_the_reference():
    found = school_levels.means(
        school_levels.gaps(district(hide=6), reference="White")
    ).set_index("group")
    black, white = found.loc["Black"], found.loc["White"]
    assert black["bound_low"] < black["estimate"] < black["bound_high"]
    assert white["estimate"] == 0
    assert black["population_low"] <= black["population_high"]


def of_schools(number: int, **columns) -> pd.DataFrame:
    """Schools all alike: a gap of -0.5, an error of 0.1, bounds of -0.6 and -0.4."""
    own = {"observed": -0.5, "bound_low": -0.6, "bound_high": -0.4}
    return pd.DataFrame(
        {"subject": "Reading", "group": "Black", "reference": "White",
         "school": list("abcdefgh")[:number], "standard_error": 0.1,
         "population": 40, **own, **columns}
    )  # fmt: skip


def mean_of(schools: pd.DataFrame) -> pd.Series:
    return school_levels.means(schools).set_index("group").loc["Black"]


def test_limits_of_the_mean_lie_beyond_what_hidden_counts_allow():
    # five schools alike: t of four degrees of freedom, 2.7764, times 0.1 / sqrt(5)
    found = mean_of(of_schools(5))
    beyond = 2.7764 * 0.1 / np.sqrt(5)
    assert found["estimate"] == pytest.approx(-0.5)
    assert found["conf_low"] == pytest.approx(-0.6 - beyond, abs=1e-5)
    assert found["conf_high"] == pytest.approx(-0.4 + beyond, abs=1e-5)
    assert found["reliability"] == school_levels.MASKED
    assert found["units"] == 5


def test_the_error_of_the_mean_is_the_widest_at_either_bound():
    # at the low bound schools lie apart: mean -0.8, plain error sqrt(0.025 / 5)
    low = [-0.6, -0.7, -0.8, -0.9, -1.0]
    found = mean_of(of_schools(5).assign(bound_low=low))
    beyond = 2.7764 * np.sqrt(0.025 / 5)
    assert found["bound_low"] == pytest.approx(-0.8)
    assert found["conf_low"] == pytest.approx(-0.8 - beyond, abs=1e-4)
    assert found["conf_high"] == pytest.approx(-0.4 + beyond, abs=1e-4)


@pytest.mark.parametrize(
    ("schools", "words"),
    [
        (of_schools(4), school_levels.FEW_SCHOOLS),
        (of_schools(6, bound_high=-0.09), school_levels.TOO_WIDE),
    ],
    ids=["four schools", "bounds 0.51 apart"],
)
def test_of_a_mean_that_is_not_known_only_the_bounds_are_shown(schools, words):
    found = mean_of(schools)
    assert found["reliability"] == words
    assert found[["estimate", "conf_low", "conf_high", "spread"]].isna().all()
    assert found["bound_low"] == pytest.approx(-0.6)
    assert found["bound_high"] == pytest.approx(schools["bound_high"].iloc[0])
    assert found["units"] == len(schools)


def test_a_group_without_a_school_in_one_subject_stays_in_sight():
    other = of_schools(5, subject="Mathematics", group="Asian")
    found = school_levels.means(pd.concat([of_schools(5), other]))
    assert found.groupby("subject")["group"].apply(list).tolist() == (
        [["Asian", "Black", "White"]] * 2
    )
    row = found.set_index(["subject", "group"]).loc[("Reading", "Asian")]
    assert row["units"] == row["population"] == 0
    assert row["reliability"] == school_levels.FEW_SCHOOLS
    assert pd.isna(row["estimate"])


def test_a_mean_of_exact_counts_or_of_scores_says_so():
    exact = of_schools(5).assign(
        bound_low=-0.5, bound_high=-0.5, population_low=40, population_high=40
    )
    assert mean_of(exact)["reliability"] == school_levels.EXACT
    fewer = exact.assign(population_low=30)  # where students are, but not how many
    assert mean_of(fewer)["reliability"] == school_levels.MASKED
    scores = of_schools(5).drop(columns=["bound_low", "bound_high"])
    found = mean_of(scores)
    assert found["conf_high"] == pytest.approx(-0.5 + 0.12416, abs=1e-5)
    assert mean_of(scores.head(2))["units"] == 2


def test_the_error_of_a_school_is_that_of_the_fewest_students():
    levels = district(hide=6)
    found = school_levels.gaps(levels, reference="White").set_index("school")
    counts = levels.rename(columns={"race": "group", "school": "unit"})
    columns = ["unit", "group", "level", "students", "students_low", "students_high"]
    fit = hetop.gaps(counts[columns], reference="White").query(
        "group == 'Black' and measure == 'standardised gap'"
    )
    people = counts.groupby(["unit", "group"], observed=True)[columns[-2:]].sum()
    for school, error in fit.set_index("unit")["standard_error"].items():
        if school not in found.index:
            continue
        (least, most), (base_least, base_most) = (
            people.loc[(school, group)] for group in ("Black", "White")
        )
        fewest = 1 / least + 1 / base_least
        middle = 2 / (least + most) + 2 / (base_least + base_most)
        wanted = error * np.sqrt(fewest / middle)
        assert found.loc[school, "standard_error"] == pytest.approx(wanted)
    assert (people["students_low"] < people["students_high"]).any()


# --- two levels -----------------------------------------------------------------


def of_two_levels(**grades) -> pd.DataFrame:
    """Six schools alike: of 100 students of each group, how many are proficient."""
    return pd.DataFrame(
        [
            ("2025", "Reading", grade, f"s{school}", race, level, count)
            for grade, groups in grades.items()
            for school in range(6)
            for race, proficient in groups.items()
            for level, count in ((1, 0), (2, 100 - proficient), (3, proficient), (4, 0))
        ],
        columns=["year", "subject", "grade", "school", "race", "level", "students"],
    ).assign(
        students_low=lambda t: t["students"], students_high=lambda t: t["students"]
    )


def test_two_levels_are_fitted_with_one_spread_for_all():
    # the probit of 0.3 is -0.5244, of 0.5 zero; in standard deviations of all students,
    # of whom half are of each group: -0.5244 / sqrt(1 + 0.5244**2 / 4)
    levels = of_two_levels(g3={"Black": 30, "White": 50})
    found = school_levels.gaps(levels, reference="White")
    assert len(found) == 6
    np.testing.assert_allclose(found["observed"], -0.50726, atol=1e-4)
    assert found["method"].str.contains("one spread for all groups").all()
    mean = mean_of(found)
    assert mean["estimate"] == pytest.approx(-0.50726, abs=1e-4)
    assert mean["reliability"].endswith(school_levels.COMMON_SPREAD)


def test_one_grade_of_two_levels_does_not_stop_the_others():
    whole = district(schools=6, grades=("3", "4"))
    two = whole["level"].isin(["Basic", "Proficient"]) | (whole["grade"] == "3")
    ends = ["students", "students_low", "students_high"]
    levels = whole.copy()
    levels[ends] = levels[ends].where(two, 0)
    found = school_levels.gaps(levels, reference="White")
    assert len(found) == 6
    assert found["method"].str.contains("one spread").all()
    alone = school_levels.gaps(whole[whole["grade"] == "3"], reference="White")
    assert not alone["method"].str.contains("one spread").any()


def test_grades_of_one_level_of_nobody_or_without_the_reference_are_left_out():
    whole = district(schools=6, grades=("3", "4", "5", "6"))
    ends = ["students", "students_low", "students_high"]
    levels = whole.copy()
    one = (whole["grade"] != "4") | (whole["level"] == "Basic")
    levels[ends] = levels[ends].where(one & (whole["grade"] != "5"), 0)
    levels = levels[(levels["grade"] != "6") | (levels["race"] != "White")]
    school_levels.means(school_levels.gaps(levels, reference="White"))
    without = levels[levels["grade"].isin(["4", "5", "6"])]
    assert school_levels.gaps(without, reference="White").empty


def test_without_levels_or_a_reference_there_is_nothing():
    assert school_levels.gaps(district().iloc[:0], reference="White").empty
    assert school_levels.gaps(district(), reference="Asian").empty
    with pytest.raises(ColumnNotFoundError):
        school_levels.gaps(district().drop(columns="students_low"), reference="White")


# --- at each line ---------------------------------------------------------------


def test_the_line_of_proficiency_is_that_of_the_proficiency_rate():
    levels = district()
    found = cuts.gaps(levels, reference="White")
    at = found[found["line"] == "Reading, at least Proficient"]
    plain = outcomes.by_race(
        outcomes.of_levels(levels), outcome="proficiency", reference="White"
    ).query("statistic == 'difference'")
    columns = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(at[columns], plain[columns])


def test_lines_differ_by_the_students_of_one_level():
    levels = district()
    found = cuts.gaps(levels, reference="White").query("group == 'Black'")
    events = found["events"].to_numpy(int)
    students = found["level_students"].to_numpy(int)
    np.testing.assert_array_equal(events[:-1] - events[1:], students[:-1])
    assert students[-1] == events[-1]


def test_lines_need_levels_and_the_reference():
    assert cuts.gaps(district().iloc[:0], reference="White").empty
    with pytest.raises(UnknownGroupError):
        cuts.gaps(district(), reference="Asian")
