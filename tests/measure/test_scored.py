"""Gaps from scores, test by test: what the measures are given, and identities."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError
from equity.measure import growth, proficiency, school_gaps, scored, shrinkage
from equity.publish.protect import protect

GROUPS = ["Black", "White"]


def students(seed: int = 1, schools: int = 4, each: int = 30) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    number = schools * each
    race = random.choice(GROUPS, number)
    school = np.repeat([f"s{n}" for n in range(schools)], each)
    score = 500 + 50 * random.normal(size=number) - 30 * (race == "Black")
    return pd.DataFrame(
        {"student": "", "school": school, "year": "2025", "subject": "Reading",
         "grade": "8", "race": race, "score": score}
    )  # fmt: skip


def test_latest_takes_the_last_year_of_each_subject_and_standardises():
    old = students(2).assign(year="2024")
    other = students(3).assign(subject="Mathematics", year="2023")
    found = scored.latest(pd.concat([students(), old, other]), GROUPS)
    assert found.groupby("subject")["year"].unique().map(list).to_dict() == {
        "Mathematics, grade 8": ["2023"],
        "Reading, grade 8": ["2025"],
    }
    moments = found.groupby("subject")["score"].agg(["mean", lambda s: s.std(ddof=0)])
    np.testing.assert_allclose(moments, [[0, 1], [0, 1]], atol=1e-12)


def test_latest_leaves_out_students_of_no_known_race():
    rows = students()
    rows.loc[:4, "race"] = "Unknown"
    assert len(scored.latest(rows, GROUPS)) == len(rows) - 5


def test_v_does_not_depend_on_the_scale():
    rows = students()
    found = scored.gaps(scored.latest(rows, GROUPS), reference="White")
    plain = proficiency.v_of_scores(
        rows.rename(columns={"race": "group"}), reference="White"
    )
    columns = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(found[columns], plain[columns], atol=1e-12)
    assert found["subject"].unique().tolist() == ["Reading, grade 8"]


@pytest.mark.parametrize(("schools", "clustered"), [(19, False), (20, True)])
def test_errors_are_by_school_where_there_are_enough(schools, clustered):
    rows = scored.latest(students(schools=schools), GROUPS)
    found = scored.gaps(rows, reference="White").query("group == 'Black'").iloc[0]
    assert ("by school" in found["method"]) is clustered
    assert ("fewer than 20 schools" in found["reliability"]) is not clustered


def test_parts_add_up_to_the_gap_in_standard_deviations():
    rows = scored.latest(students(), GROUPS)
    found = scored.parts(rows, reference="White", replicates=100)
    parts = found.set_index("part")["estimate"]
    whole = parts[school_gaps.TOTAL]
    three = [school_gaps.WITHIN, school_gaps.BETWEEN, school_gaps.AMBIGUOUS]
    assert parts[three].sum() == pytest.approx(whole)
    means = rows.groupby("group", observed=True)["score"].mean()
    assert whole == pytest.approx(means["Black"] - means["White"])


def test_schools_are_shrunk_and_in_no_order_of_size():
    rows = scored.latest(students(schools=12), GROUPS)
    found = scored.schools(rows, reference="White")
    assert found["school"].is_monotonic_increasing
    expected = shrinkage.shrink(school_gaps.by_school(rows, reference="White"))
    np.testing.assert_allclose(found["estimate"], expected["estimate"])
    spread = found[["estimate", "observed"]].std()
    assert spread["estimate"] < spread["observed"]


def test_without_schools_there_are_no_parts():
    rows = scored.latest(students().assign(school=""), GROUPS)
    assert scored.parts(rows, reference="White").empty
    assert scored.schools(rows, reference="White").empty
    assert len(scored.gaps(rows, reference="White")) == 2


def test_without_a_reference_nothing_is_compared():
    rows = scored.latest(students(), GROUPS)
    assert scored.gaps(rows, reference="Asian").empty


def test_growth_is_the_slope_of_the_followed():
    first = students(each=20).assign(student=lambda rows: rows.index.astype(str))
    gain = np.where(first["race"] == "Black", 4.0, 6.0)
    later = first.assign(year="2026", grade="9", score=first["score"] + gain)
    once = students(4).assign(student="")  # not followed
    found = scored.growth(
        pd.concat([first, later, once]), GROUPS, reference="White"
    ).set_index(["statistic", "group"])
    assert found.loc[("level", "Black"), "estimate"] == pytest.approx(4)
    assert found.loc[("difference", "Black"), "estimate"] == pytest.approx(-2)
    assert scored.growth(once, GROUPS, reference="White").empty


def test_no_reference_student_has_a_school():
    """Twenty schools, all of Black students: nothing to cluster White students by."""
    rows = students(schools=20)
    rows["school"] = rows["school"].mask(rows["race"] == "White", "")
    found = scored.gaps(scored.latest(rows, GROUPS), reference="White")
    plain = proficiency.v_of_scores(
        rows.rename(columns={"race": "group"}), reference="White"
    )
    columns = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(found[columns], plain[columns], atol=1e-12)
    black = found.set_index("group").loc["Black"]
    assert black["reliability"] == scored.UNPLACED
    assert "by school" not in black["method"]


def test_a_group_without_schools_is_there_and_not_known():
    rows = students(schools=20)
    rows["school"] = rows["school"].mask(rows["race"] == "Black", "")
    found = scored.gaps(scored.latest(rows, GROUPS), reference="White")
    black = found.set_index("group").loc["Black"]
    assert np.isnan(black[["estimate", "hedges_g"]].astype(float)).all()


FOLLOWED = pd.DataFrame(
    {
        "student": list("11223344"),
        "year": ["2023-24", "2024-25"] * 4,
        "race": ["Black"] * 4 + ["White"] * 4,
        "school": list("XXYY") * 2,
        "score": [10.0, 14, 20, 26, 15, 21, 30, 40],
    }
).assign(subject="Reading", grade="3")


def followed(races: dict[int, str], seed: int | None = None) -> pd.DataFrame:
    """Growth of four students who gain 4 and 6, 6 and 10 points, with other labels."""
    rows = FOLLOWED.copy()
    for at, race in races.items():
        rows.loc[at, "race"] = race
    if seed is not None:
        rows = rows.sample(frac=1, random_state=seed)
    found = scored.growth(rows, GROUPS, reference="White")
    return found[found["statistic"] == "level"].set_index("group")


@pytest.mark.parametrize(
    ("races", "growths", "changed"),
    [
        ({}, [5, 8], [0, 0]),
        ({0: "Not recorded"}, [5, 8], [1, 0]),  # the later year says Black
        ({1: "Not recorded"}, [5, 8], [1, 0]),  # and so does the earlier
        ({2: "White"}, [5, 8], [1, 0]),  # Black in the later year
        ({3: "White"}, [4, (6 + 6 + 10) / 3], [0, 1]),  # White in the later year
        ({3: "Asian"}, [5, 8], [1, 0]),  # the last that is compared
        ({2: "Not recorded", 3: "Not recorded"}, [4, 8], [0, 0]),  # in no year
    ],
)
@pytest.mark.parametrize("seed", [None, 1])
def test_a_student_whose_record_changes_counts_with_the_latest(
    races, growths, changed, seed
):
    found = followed(races, seed)
    assert found.loc[GROUPS, "estimate"].to_list() == pytest.approx(growths)
    assert found.loc[GROUPS, "not_recorded"].to_list() == changed
    assert "not_recorded" not in protect(found.reset_index(), lines=None).frame


def test_two_races_in_one_year_do_not_stop_the_page():
    """Student 1 is White in mathematics: with the later one of the groups, then."""
    twice = FOLLOWED[:2].assign(subject="Mathematics", race="White")
    found = scored.growth(pd.concat([FOLLOWED, twice]), GROUPS, reference="White")
    found = found[found["statistic"] == "level"].set_index("group")
    assert found["estimate"].to_list() == pytest.approx([6, (4 + 6 + 10) / 3])
    assert found["not_recorded"].to_list() == [0, 1]


def test_by_group_itself_refuses_a_student_of_two_groups():
    with pytest.raises(InputError, match="of two groups"):
        growth.by_group(
            FOLLOWED.assign(group=["Black", "White"] * 4, time=[0, 1] * 4),
            reference="White",
        )
