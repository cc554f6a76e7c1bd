"""Gaps from scores, test by test: what the measures are given, and identities."""

import numpy as np
import pandas as pd
import pytest

from equity.measure import proficiency, school_gaps, scored, shrinkage

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
