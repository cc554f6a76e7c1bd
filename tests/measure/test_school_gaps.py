"""Parts of a gap between and within schools: a reference, regressions, identities."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import school_gaps, shrinkage
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=20, derandomize=True)
NAMES = {
    school_gaps.TOTAL: "total_gap_black_minus_white",
    school_gaps.WITHIN: "within_unambiguous",
    school_gaps.AMBIGUOUS: "ambiguous",
    school_gaps.BETWEEN: "between_unambiguous",
    school_gaps.MEANS: "HR_between",
    school_gaps.REST: "HR_within",
    school_gaps.SAME_SCHOOL: "b1_within_fixed_effect",
    school_gaps.SEGREGATION: "V",
}


def invented(random, schools=40, size=20, within=-5.0, lift=-10.0):
    """Students of schools whose mean falls with their share of group B."""
    school = np.repeat(np.arange(schools), size)
    share = random.beta(1, 2, schools)
    is_b = random.random(len(school)) < share[school]
    mean = 250 + lift * share + random.normal(0, 3, schools)
    score = mean[school] + within * is_b + random.normal(0, 10, len(school))
    return pd.DataFrame(
        {"school": school, "group": np.where(is_b, "B", "A"), "score": score}
    )


def parts(scores, group="B", **options):
    found = school_gaps.decompose(scores, reference="A", **options)
    return found[found["group"] == group].set_index("part")


def test_parts_match_the_reference(shared):
    # gap_decomposition_a: Reardon (2008), Hanushek and Rivkin (2006), by R's lm
    case = json.loads((shared / "references" / "gap_decomposition_a.json").read_text())
    scores = pd.read_csv(shared / "references" / case["inputs"]["data"])
    scores["group"] = np.where(scores["black"] == 1, "B", "A")
    found = parts(scores, replicates=200)
    for part, name in NAMES.items():
        assert found.loc[part, "estimate"] == pytest.approx(
            case["expected"][name], abs=1e-6
        ), part


def test_the_gap_in_the_same_school_is_that_of_fixed_effects():
    scores = invented(np.random.default_rng(1))
    fit = smf.ols("score ~ C(school) + group", scores).fit()
    found = parts(scores, replicates=100)
    same = found.loc[school_gaps.SAME_SCHOOL, "estimate"]
    assert same == pytest.approx(fit.params["group[T.B]"])


@st.composite
def small(draw):
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from("AB"), st.integers(-50, 50)),
            min_size=4,
            max_size=30,
        )
    )
    rows += [(0, "A", 3), (0, "B", 1), (1, "A", 2)]
    return pd.DataFrame(rows, columns=["school", "group", "score"])


@relaxed
@given(small(), st.sampled_from(["schools", "students"]))
def test_parts_add_up_and_swapping_turns_them_round(scores, redraw):
    before = scores.copy()
    found = parts(scores, replicates=100, redraw=redraw)["estimate"]
    pd.testing.assert_frame_equal(scores, before)
    means = scores.groupby("group")["score"].mean()
    assert found[school_gaps.TOTAL] == pytest.approx(means["B"] - means["A"], abs=1e-9)
    whole = [school_gaps.WITHIN, school_gaps.AMBIGUOUS, school_gaps.BETWEEN]
    assert found[whole].sum() == pytest.approx(found[school_gaps.TOTAL], abs=1e-9)
    # the two divisions agree: the ambiguous part is in one of the two
    assert found[school_gaps.MEANS] == pytest.approx(
        found[school_gaps.BETWEEN] + found[school_gaps.AMBIGUOUS], abs=1e-9
    )
    assert found[school_gaps.REST] == pytest.approx(found[school_gaps.WITHIN], abs=1e-9)
    swapped = scores.assign(group=scores["group"].map({"A": "B", "B": "A"}))
    other = parts(swapped, replicates=100, redraw=redraw)["estimate"]
    signs = np.where(found.index == school_gaps.SEGREGATION, 1, -1)
    np.testing.assert_allclose(other, signs * found, atol=1e-9)
    assert 0 <= found[school_gaps.SEGREGATION] <= 1


def test_schools_of_one_mix_and_schools_of_one_group():
    even = pd.DataFrame(
        {
            "school": np.repeat([1, 2, 3], 4),
            "group": list("AABB") * 3,
            "score": [5.0, 7, 1, 3, 15, 17, 11, 13, 6, 8, 2, 4],
        }
    )
    found = parts(even, replicates=100)["estimate"]
    assert found[school_gaps.SEGREGATION] == pytest.approx(0)
    assert found[school_gaps.WITHIN] == pytest.approx(-4)
    assert found[school_gaps.TOTAL] == pytest.approx(-4)
    apart = pd.DataFrame(
        {"school": [1, 1, 2, 2], "group": list("AABB"), "score": [5.0, 7, 1, 3]}
    )
    split = parts(apart, replicates=100)
    assert split.loc[school_gaps.TOTAL, "estimate"] == -4
    assert split.loc[school_gaps.SEGREGATION, "estimate"] == 1
    assert split.loc[school_gaps.MEANS, "estimate"] == -4
    unknown = split.loc[[school_gaps.WITHIN, school_gaps.BETWEEN]]
    assert unknown["estimate"].isna().all()
    assert unknown["reliability"].eq(school_gaps.NOT_MIXED).all()


def test_scores_of_zero_and_one_give_parts_of_a_gap_in_rates():
    scores = invented(np.random.default_rng(3)).assign(
        score=lambda t: (t["score"] > 250).astype(int)
    )
    found = parts(scores, replicates=100)["estimate"]
    rate = scores.groupby("group")["score"].mean()
    assert found[school_gaps.TOTAL] == pytest.approx(rate["B"] - rate["A"])


def test_limits_hold_the_planted_gap_in_the_same_school():
    random = np.random.default_rng(12)
    held = {"schools": [], "students": []}
    for _ in range(60):
        scores = invented(random)
        for redraw in held:
            row = parts(scores, replicates=200, redraw=redraw).loc[
                school_gaps.SAME_SCHOOL
            ]
            held[redraw].append(row["conf_low"] <= -5 <= row["conf_high"])
    assert np.mean(held["schools"]) > 0.88
    assert np.mean(held["students"]) > 0.88


def test_errors_agree_with_those_of_regressions():
    # of the total gap, against the sandwich error of a regression by schools
    scores = invented(np.random.default_rng(5), schools=80)
    fit = smf.ols("score ~ group", scores).fit(
        cov_type="cluster", cov_kwds={"groups": scores["school"]}
    )
    row = parts(scores, replicates=2000).loc[school_gaps.TOTAL]
    assert row["standard_error"] == pytest.approx(fit.bse["group[T.B]"], rel=0.1)
    students = parts(scores, redraw="students", replicates=2000)
    inside = smf.ols("score ~ C(school) + group", scores).fit()
    assert students.loc[school_gaps.SAME_SCHOOL, "standard_error"] == pytest.approx(
        inside.bse["group[T.B]"], rel=0.1
    )
    # the mix of schools stays
    assert students.loc[school_gaps.SEGREGATION, "standard_error"] == pytest.approx(0)


def test_errors_about_schools_are_those_of_leaving_out_each():
    """By brute force: the whole decomposition again without each school."""
    scores = invented(np.random.default_rng(8), schools=9)
    found = parts(scores, replicates=100)
    left = np.array(
        [
            parts(scores[scores["school"] != school], replicates=100)["estimate"]
            for school in scores["school"].unique()
        ]
    )
    error = np.sqrt(8 / 9 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(found["standard_error"], error, atol=1e-12)
    # Student's t, with the effective number of schools of the rarer group less one
    size = scores.groupby(["group", "school"]).size()
    number = min(size[g].sum() ** 2 / (size[g] ** 2).sum() for g in "AB")
    width = t.ppf(0.975, number - 1) * error
    row = found.loc[school_gaps.TOTAL]
    assert row["conf_high"] - row["estimate"] == pytest.approx(width[0])
    assert row["estimate"] - row["conf_low"] == pytest.approx(width[0])


def test_what_rests_on_one_school_has_no_limits():
    scores = pd.DataFrame(
        {
            "school": [1, 1, 1, 2, 2, 3, 3, 4],
            "group": list("AABAABBB"),
            "score": [5.0, 7, 1, 3, 4, 8, 9, 2],
        }
    )
    found = parts(scores, replicates=100)
    same = found.loc[school_gaps.SAME_SCHOOL]
    assert same["estimate"] == pytest.approx(-5)
    assert np.isnan(same["conf_low"])
    assert same["reliability"] == school_gaps.ONE_SCHOOL
    assert (
        found.loc[school_gaps.TOTAL, "conf_low"]
        < found.loc[school_gaps.TOTAL, "estimate"]
    )


def test_nobody_is_lost_silently():
    scores = invented(np.random.default_rng(2), schools=25)
    scores.loc[:2, "score"] = np.nan
    scores.loc[3, "school"] = np.nan
    scores["group"] = pd.Categorical(scores["group"], ["A", "B", "C"])
    found = parts(scores, replicates=100)
    total = found.iloc[0]
    people = total["population"] + total["reference_population"]
    assert (people, total["left_out"]) == (len(scores) - 4, 4)
    assert total["schools"] == 25
    nobody = parts(scores, "C", replicates=100)
    assert nobody["estimate"].isna().all()
    assert nobody["reliability"].eq(school_gaps.NOBODY).all()
    few = parts(invented(np.random.default_rng(2), schools=6), replicates=100)
    assert few.loc[school_gaps.TOTAL, "reliability"] == school_gaps.FEW_SCHOOLS


def test_gaps_of_schools_are_differences_with_a_pooled_error():
    scores = invented(np.random.default_rng(7), schools=30, size=8)
    scores.loc[0, "score"] = np.nan
    found = school_gaps.by_school(scores, reference="A").set_index("school")
    means = scores.groupby(["school", "group"])["score"].mean().unstack()
    np.testing.assert_allclose(
        found["estimate"], (means["B"] - means["A"]).loc[found.index]
    )
    # pooled variance: of scores about the mean of their school and group
    tested = scores.dropna()
    cells = tested.groupby(["school", "group"])["score"]
    squares = ((tested["score"] - cells.transform("mean")) ** 2).sum()
    freedom = len(tested) - cells.ngroups
    error = np.sqrt(squares / freedom) * np.sqrt(
        1 / found["population"] + 1 / found["reference_population"]
    )
    known = found["estimate"].notna()
    np.testing.assert_allclose(found["standard_error"][known], error[known])
    assert found["left_out"].sum() <= 1
    shrunk = shrinkage.shrink(found.reset_index())
    assert shrunk["estimate"].isna().tolist() == (~known).tolist()
    assert shrunk["estimate"].std() < found["estimate"].std()


def test_schools_without_one_of_the_groups_stay():
    scores = pd.DataFrame(
        {
            "school": ["X", "X", "X", "Y", "Z"],
            "group": ["A", "B", "B", "B", "A"],
            "score": [1.0, 2, 4, 3, 5],
        }
    )
    found = school_gaps.by_school(scores, reference="A").set_index("school")
    assert found.index.tolist() == ["X", "Y"]
    assert found["estimate"].fillna(-9).tolist() == [2, -9]
    assert found.loc["Y", "reference_population"] == 0


def test_the_table_and_its_refusals():
    scores = invented(np.random.default_rng(2), schools=5)
    found = school_gaps.decompose(scores, reference="A", replicates=100)
    assert set(MEASURE_COLUMNS) <= set(found.columns)
    again = school_gaps.decompose(scores, reference="A", replicates=100)
    pd.testing.assert_frame_equal(found, again)  # redraws are seeded
    with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
        school_gaps.decompose(scores, reference="C")
    with pytest.raises(ParamsError, match="redraw is 'classes'"):
        school_gaps.decompose(scores, reference="A", redraw="classes")
    with pytest.raises(ParamsError, match="replicates is 10"):
        school_gaps.decompose(scores, reference="A", replicates=10)
    with pytest.raises(InputError, match="group is missing in 100 of 100"):
        school_gaps.by_school(scores.assign(group=None), reference="A")
    with pytest.raises(ColumnNotFoundError, match="school"):
        school_gaps.by_school(scores.drop(columns="school"), reference="A")
