"""Growth of students who are followed: regressions, identities, simulation."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from equity.errors import ColumnNotFoundError, InputError, UnknownGroupError
from equity.measure import growth
from equity.measure.table import MEASURE_COLUMNS


def invented(random, schools=30, size=12, gap=-1.5):
    """Students tested up to four times; schools differ in how fast they grow."""
    student = np.arange(schools * size)
    school = student // size
    is_b = random.random(len(student)) < 0.4
    slope = 8 + gap * is_b + random.normal(0, 1, schools)[school]
    slope += random.normal(0, 1, len(student))
    start = random.normal(100, 15, len(student)) - 10 * is_b
    rows = [
        pd.DataFrame(
            {
                "student": student,
                "school": school,
                "group": np.where(is_b, "B", "A"),
                "time": time,
                "score": start + slope * time + random.normal(0, 5, len(student)),
            }
        )[random.random(len(student)) < 0.8]
        for time in (0, 1, 2, 3)
    ]
    return pd.concat(rows, ignore_index=True)


def only(found, group, statistic):
    return found[(found["group"] == group) & (found["statistic"] == statistic)].iloc[0]


def test_slopes_and_errors_are_those_of_a_regression_within_students():
    scores = invented(np.random.default_rng(1))
    found = growth.by_group(scores, reference="A")
    student = scores.groupby("student")
    score = scores["score"] - student["score"].transform("mean")
    time = scores["time"] - student["time"].transform("mean")
    is_b = scores["group"] == "B"
    fit = sm.OLS(score, pd.DataFrame({"time": time, "more": time * is_b})).fit(
        cov_type="cluster",
        cov_kwds={"groups": scores["school"], "use_correction": False},
    )
    assert only(found, "A", "level")["estimate"] == pytest.approx(fit.params["time"])
    gap = only(found, "B", "difference")
    assert gap["estimate"] == pytest.approx(fit.params["more"])
    assert gap["standard_error"] == pytest.approx(
        fit.bse["more"] * np.sqrt(30 / 29), rel=1e-9
    )


def test_limits_are_of_students_t():
    """Degrees of freedom: effective schools, by weight of the tests, less one."""
    scores = invented(np.random.default_rng(1))
    scores = scores[(scores["group"] == "A") | (scores["school"] < 12)]
    found = growth.by_group(scores, reference="A")
    time = scores["time"] - scores.groupby("student")["time"].transform("mean")
    weight = (time**2).groupby([scores["group"], scores["school"]]).sum()
    number = {g: weight[g].sum() ** 2 / (weight[g] ** 2).sum() for g in "AB"}
    assert number["B"] < 13
    for group, statistic, of in (
        *(("A", "level", "A"), ("B", "level", "B"), ("B", "difference", "B")),
    ):
        row = only(found, group, statistic)
        width = t.ppf(0.975, number[of] - 1) * row["standard_error"]
        assert row["conf_high"] - row["estimate"] == pytest.approx(width)


def test_limits_hold_a_planted_difference():
    random = np.random.default_rng(2)
    gaps = [
        only(growth.by_group(invented(random), reference="A"), "B", "difference")
        for _ in range(100)
    ]
    held = [gap["conf_low"] <= -1.5 <= gap["conf_high"] for gap in gaps]
    assert np.mean(held) > 0.88
    assert np.mean([gap["estimate"] for gap in gaps]) == pytest.approx(-1.5, abs=0.1)


def test_what_sets_students_apart_for_good_drops_out():
    scores = invented(np.random.default_rng(3))
    lifted = scores.assign(score=scores["score"] + 1000 * (scores["student"] % 7))
    once, again = (growth.by_group(frame, reference="A") for frame in (scores, lifted))
    np.testing.assert_allclose(once["estimate"], again["estimate"])
    np.testing.assert_allclose(
        once["standard_error"].dropna(), again["standard_error"].dropna()
    )


def test_students_who_are_not_followed_are_counted():
    scores = pd.DataFrame(
        {
            "student": [1, 1, 2, 2, 3, 4, 4, 5, 5],
            "group": ["B", "B", "B", "B", "B", "B", "B", "A", "A"],
            "school": ["X", "X", "Y", "Y", "X", "Y", "Y", "X", "X"],
            "time": [0, 1, 0, 1, 0, 0, 1, 0, 1],
            "score": [1.0, 2, 4, 6, 3, np.nan, np.nan, 1, 3],
        }
    )
    scores["group"] = pd.Categorical(scores["group"], ["A", "B", "C"])
    found = growth.by_group(scores, reference="A")
    row = only(found, "B", "level")
    assert row[["population", "tested_once", "without_score"]].tolist() == [2, 1, 1]
    assert row["estimate"] == 1.5
    assert row["reliability"] == growth.FEW_SCHOOLS
    # one school cannot tell how schools vary; nobody tells nothing
    alone = only(found, "A", "level")
    assert alone["estimate"] == 2
    assert np.isnan(alone["conf_low"])
    assert alone["reliability"] == growth.NOT_FOLLOWED
    assert np.isnan(only(found, "C", "level")["estimate"])
    assert np.isnan(only(found, "B", "difference")["standard_error"])


def test_the_scores_of_a_followed_cohort(shared):
    """Mathematics of 1,721 pupils of 60 schools (egsingle of R's mlmRev).

    A mixed model with random intercepts and slopes of pupils, fitted once with
    statsmodels' MixedLM, finds 0.747 points a year: another estimator of the same.
    """
    scores = pd.read_csv(shared / "data" / "education" / "mlmRev__egsingle.csv.gz")
    scores = scores.rename(
        columns={"childid": "student", "schoolid": "school", "math": "score"}
    ).assign(time=lambda t: t["year"])
    scores["group"] = np.select(
        [scores["black"] == 1, scores["hispanic"] == 1], ["Black", "Hispanic"], "Other"
    )
    everyone = growth.by_group(scores.assign(group="All"), reference="All")
    assert everyone["estimate"].iloc[0] == pytest.approx(0.747, abs=0.005)
    found = growth.by_group(scores, reference="Other")
    assert found["population"].iloc[:3].sum() == 1721  # all have two tests or more
    assert found["reliability"].eq(growth.KNOWN).all()


def test_the_table_and_its_refusals():
    scores = invented(np.random.default_rng(4), schools=4)
    before = scores.copy()
    found = growth.by_group(scores, reference="A")
    pd.testing.assert_frame_equal(scores, before)
    assert set(MEASURE_COLUMNS) <= set(found.columns)
    assert found["statistic"].tolist() == ["level"] * 2 + ["difference"] * 2
    with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
        growth.by_group(scores, reference="C")
    with pytest.raises(ColumnNotFoundError, match="school"):
        growth.by_group(scores.drop(columns="school"), reference="A")
    with pytest.raises(InputError, match="students are of two groups"):
        growth.by_group(
            scores.assign(group=np.where(scores["time"] > 1, "A", "B")), reference="A"
        )
    with pytest.raises(InputError, match="column school is missing"):
        growth.by_group(scores.assign(school=None), reference="A")
    with pytest.raises(InputError, match="column score is not finite"):
        growth.by_group(scores.assign(score=np.inf), reference="A")
