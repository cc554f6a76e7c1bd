"""Cohen's d and Hedges' g against R, and what they do at their edges."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import standardized
from equity.measure.table import MEASURE_COLUMNS

# mtcars of R: miles per gallon of cars with automatic and with manual transmission
AUTOMATIC = [
    *(21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3),
    *(15.2, 10.4, 10.4, 14.7, 21.5, 15.5, 15.2, 13.3, 19.2),
]
MANUAL = [21.0, 21.0, 22.8, 32.4, 30.4, 33.9, 27.3, 26.0, 30.4, 15.8, 19.7, 15.0, 21.4]

# hedges_g_normand: length of stay with two kinds of care; metafor::escalc of R
NORMAND = [
    (155, 55, 47, 156, 75, 64),
    (31, 27, 7, 32, 29, 4),
    (75, 64, 17, 71, 119, 29),
    (18, 66, 20, 18, 137, 48),
    (8, 14, 8, 13, 18, 11),
    (57, 19, 7, 52, 18, 4),
    (34, 52, 45, 33, 41, 34),
    (110, 21, 16, 183, 31, 27),
    (60, 30, 27, 52, 23, 20),
]
G = [
    *(-0.355169640940107, -0.347940022739099, -2.31756916016373, -1.88798225293685),
    *(-0.383964141169701, 0.172148669069591, 0.272052073852932, -0.424596271894261),
    0.289556230080755,
]
VARIANCE = {
    "LS": [
        *(0.0130646755415297, 0.0644688760988567, 0.0458121102801828),
        *(0.160617735936173, 0.205433278392224, 0.0369105700003619),
        *(0.0602671258364327, 0.0148630384193327, 0.0362717341580545),
    ],
    "UB": [
        *(0.0130671503925683, 0.0645296321798948, 0.0462968455000617),
        *(0.16636429064926, 0.206193643890421, 0.0369154111198517),
        *(0.060299845200754, 0.0148670262483138, 0.0362846944001576),
    ],
}


def of(*rows):
    found = pd.DataFrame(rows, columns=["population", "mean", "sd"])
    found.insert(0, "group", ["A", "B"][: len(rows)])
    return found


def cars():
    scores = pd.DataFrame(
        {
            "group": ["A"] * len(AUTOMATIC) + ["B"] * len(MANUAL),
            "score": [*AUTOMATIC, *MANUAL],
        }
    )
    return standardized.moments(scores)


def test_d_and_g_match_effectsize():
    # hedges_g_mtcars: R effectsize 0.8.3, limits by the noncentral t
    for measure, expected in (
        (
            standardized.cohens_d,
            (-1.47794709580159, -2.26597309871599, -0.670568604700),
        ),
        (
            standardized.hedges_g,
            (-1.44063540240185, -2.20876719888946, -0.653639683325),
        ),
    ):
        found = measure(cars(), reference="B").iloc[0]
        values = found[["estimate", "conf_low", "conf_high"]].tolist()
        assert values == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("variance", ["LS", "UB"])
@pytest.mark.parametrize("study", range(9))
def test_g_and_its_variances_match_metafor(study, variance):
    # hedges_g_normand: R metafor 3.8-1, escalc(measure="SMD")
    n1, m1, sd1, n2, m2, sd2 = NORMAND[study]
    found = standardized.hedges_g(
        of((n1, m1, sd1), (n2, m2, sd2)), reference="B", variance=variance
    ).iloc[0]
    assert found["estimate"] == pytest.approx(G[study], abs=1e-9)
    expected = VARIANCE[variance][study]
    assert found["standard_error"] ** 2 == pytest.approx(expected, abs=1e-9)


def test_cohens_d_of_the_scores_of_a_reference(shared):
    # v_stat_scores_a, cohens_d_pooled
    case = pd.read_json(shared / "references" / "v_stat_scores_a.json", typ="series")
    a, b = case["inputs"]["a"], case["inputs"]["b"]
    scores = pd.DataFrame({"group": ["A"] * len(a) + ["B"] * len(b), "score": [*a, *b]})
    found = standardized.cohens_d(standardized.moments(scores), reference="B").iloc[0]
    assert found["estimate"] == pytest.approx(0.16734255821932267, abs=1e-9)


def test_swapping_turns_gap_and_limits_round():
    found = standardized.hedges_g(cars(), reference="B").iloc[0]
    other = standardized.hedges_g(cars(), reference="A").iloc[1]
    assert found["estimate"] == pytest.approx(-other["estimate"])
    assert found["conf_low"] == pytest.approx(-other["conf_high"], abs=1e-6)
    assert found["standard_error"] == pytest.approx(other["standard_error"])


def test_limits_hold_a_planted_gap():
    random = np.random.default_rng(5)
    held = []
    for _ in range(400):
        rows = []
        for size, mean in ((6, -1.0), (9, 0.0)):
            scores = random.normal(mean, 1, size)
            rows.append((size, scores.mean(), scores.std(ddof=1)))
        found = standardized.cohens_d(of(*rows), reference="B").iloc[0]
        held.append(found["conf_low"] <= -1 <= found["conf_high"])
    assert 0.925 <= np.mean(held) <= 0.975


def test_small_equal_and_missing_groups():
    one = standardized.cohens_d(of((1, 5.0, np.nan), (9, 4.0, 1.0)), reference="B")
    assert one["estimate"].isna().tolist() == [True, False]
    flat = standardized.cohens_d(of((3, 5.0, 0.0), (9, 4.0, 0.0)), reference="B")
    assert flat[["estimate", "conf_low", "standard_error"]].iloc[0].isna().all()
    rest = standardized.cohens_d(of((3, 5.0, 1.0), (9, 4.0, 1.0)), reference="B")
    base = rest.iloc[1]
    assert base["estimate"] == 0
    assert base[["conf_low", "conf_high", "standard_error"]].isna().all()


def test_moments_keep_parts_and_those_without_a_score():
    scores = pd.DataFrame(
        {
            "grade": [3, 3, 3, 4],
            "group": pd.Categorical(["A", "A", "B", "A"]),
            "score": [1.0, 3.0, np.nan, 5.0],
        }
    )
    found = standardized.moments(scores, within=["grade"])
    assert found[["grade", "group", "population", "without_score"]].to_numpy(
        dtype=object
    ).tolist() == [[3, "A", 2, 0], [3, "B", 0, 1], [4, "A", 1, 0]]
    assert found["mean"].fillna(-1).tolist() == [2, -1, 5]


def test_the_table_and_refusals():
    before = cars()
    found = standardized.hedges_g(before, reference="B")
    pd.testing.assert_frame_equal(before, cars())
    given = before.columns.tolist()
    assert found.columns.tolist() == [
        *(*given, *MEASURE_COLUMNS, "standard_error", "direction")
    ]
    with pytest.raises(ParamsError, match="variance is 'ML'; expected 'LS' or 'UB'"):
        standardized.hedges_g(before, reference="B", variance="ML")
    with pytest.raises(InputError, match="sd is negative in 1 of 2 rows"):
        standardized.cohens_d(of((3, 5.0, -1.0), (9, 4.0, 1.0)), reference="B")
    with pytest.raises(ColumnNotFoundError, match="mean"):
        standardized.cohens_d(before.drop(columns="mean"), reference="B")
