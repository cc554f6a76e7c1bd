"""Gaps of schools from levels, their mean, and gaps at each line."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.measure import cuts, hetop, outcomes, school_levels, shrinkage

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
    assert width.max() <= school_levels.WIDE
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
