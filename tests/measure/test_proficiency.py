"""V from levels and scores, and gaps at each cut, against references and identities."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import mannwhitneyu, norm, t

from equity.errors import ColumnNotFoundError, InputError, UnknownGroupError
from equity.measure import binormal, proficiency
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=25, derandomize=True)

# v_stat_categories_a: binormal fit of Ho and Reardon (2012), by another optimiser
HIGH, LOW = [120, 260, 410, 210], [260, 310, 180, 50]


def of(**counts):
    groups = [group for group, students in counts.items() for _ in students]
    levels = [place for students in counts.values() for place in range(len(students))]
    students = [number for row in counts.values() for number in row]
    return pd.DataFrame({"group": groups, "level": levels, "students": students})


def row(found, group):
    return found.set_index("group").loc[group]


def test_v_of_levels_matches_the_reference():
    found = row(proficiency.v_of_levels(of(A=HIGH, B=LOW), reference="B"), "A")
    assert found["estimate"] == pytest.approx(0.784408019077868, abs=2e-6)
    assert found["standard_error"] == pytest.approx(0.052414032636720315, rel=0.01)
    assert found["v_ties_half"] == pytest.approx(0.7256458610113456, abs=1e-12)
    assert found["reliability"] == binormal.FREE_SPREAD


def test_gaps_at_each_cut_match_the_reference():
    # tpac_at_each_cut of v_stat_categories_a
    found = proficiency.at_each_cut(of(A=HIGH, B=LOW), reference="B")
    gaps = found.query("measure == 'transformed gap at the cut' and group == 'A'")
    expected = [0.721224601896211, 0.8661838199744807, 0.7276992973343059]
    np.testing.assert_allclose(gaps["estimate"], expected, atol=1e-12)


def test_v_of_scores_matches_the_reference(shared):
    # Ho (2009); auc checked there by Mann-Whitney and by counting every pair
    case = json.loads((shared / "references" / "v_stat_scores_a.json").read_text())
    a, b = case["inputs"]["a"], case["inputs"]["b"]
    scores = pd.DataFrame({"group": ["A"] * len(a) + ["B"] * len(b), "score": [*a, *b]})
    found = row(proficiency.v_of_scores(scores, reference="B"), "A")
    assert found["auc"] == pytest.approx(case["expected"]["auc"], abs=1e-9)
    assert found["estimate"] == pytest.approx(case["expected"]["V"], abs=1e-9)
    # pac and tpac: shares above the given cuts
    level = np.searchsorted(case["inputs"]["cuts"], scores["score"], side="right")
    counts = scores.assign(level=level, students=1)
    cut = proficiency.at_each_cut(counts, reference="B").query("group == 'A'")
    for measure, name in (
        (proficiency.SHARE, "pac"),
        (proficiency.TRANSFORMED, "tpac"),
    ):
        gaps = cut[(cut["measure"] == measure) & (cut["statistic"] == "difference")]
        np.testing.assert_allclose(gaps["estimate"], case["expected"][name], atol=1e-9)


def test_a_score_at_a_cut_is_above_it():
    # by hand: half of A and none of B reach level 1
    found = proficiency.at_each_cut(of(A=[3, 3], B=[4, 0]), reference="B")
    cut = found.query("group == 'A' and measure == @proficiency.SHARE")
    cut = cut.set_index("statistic")
    assert cut.loc["level", ["events", "population", "estimate"]].tolist() == [
        3,
        6,
        0.5,
    ]
    assert cut.loc["difference", "estimate"] == 0.5
    assert np.isnan(cut.loc["ratio", "estimate"])  # nothing to divide by
    odd = found[found["measure"] == proficiency.TRANSFORMED]
    assert odd.set_index("group").loc["A", ["estimate", "conf_low"]].isna().all()


def test_the_gap_in_rates_depends_on_the_cut_and_v_does_not():
    # two normal groups half a deviation apart, cut low, in the middle and high
    cuts = np.array([-1.5, 0, 1.5])
    shares = [np.diff(norm.cdf(cuts - mean), prepend=0, append=1) for mean in (0, -0.5)]
    levels = of(White=shares[0] * 1e5, Black=shares[1] * 1e5)
    found = proficiency.at_each_cut(levels, reference="White")
    found = found.query("group == 'Black' and statistic == 'difference'")
    rate, deviate = (
        found.loc[found["measure"] == name, "estimate"].to_numpy()
        for name in (proficiency.SHARE, proficiency.TRANSFORMED)
    )
    assert abs(rate).max() > 2 * abs(rate).min()
    np.testing.assert_allclose(deviate, -0.5, atol=1e-9)
    v = row(proficiency.v_of_levels(levels, reference="White"), "Black")
    assert v["estimate"] == pytest.approx(-0.5, abs=1e-6)
    assert v["spread"] == pytest.approx(1, abs=1e-6)
    assert v["v_ties_half"] > -0.48  # attenuated by coarse levels


def test_v_divides_by_the_root_mean_square_of_the_spreads():
    # exact shares of N(0, 1) and N(-1, 2): V is -1 / sqrt((1 + 4) / 2)
    cuts = np.array([-2, -0.5, 0.3, 1])
    shares = [
        np.diff(norm.cdf((cuts - mean) / spread), prepend=0, append=1) * 1e4
        for mean, spread in ((0, 1), (-1, 2))
    ]
    found = row(
        proficiency.v_of_levels(of(A=shares[1], B=shares[0]), reference="B"), "A"
    )
    assert found["estimate"] == pytest.approx(-1 / np.sqrt(2.5), abs=1e-6)
    assert found["spread"] == pytest.approx(2, abs=1e-5)


def deviance(theta, counts):
    cuts = counts.shape[1] - 1
    at = np.cumsum([theta[0], *np.exp(theta[1:cuts])])
    total = 0
    for students, mean, spread in zip(
        counts, (0, theta[cuts]), (1, np.exp(theta[cuts + 1])), strict=True
    ):
        share = np.diff(norm.cdf((at - mean) / spread), prepend=0, append=1)
        total -= students @ np.log(np.maximum(share, 1e-200))
    return total


@pytest.mark.parametrize(
    "counts",
    [
        ([8, 40, 30, 12, 4], [20, 31, 11, 3, 1]),
        ([1, 9, 2, 30], [6, 6, 5, 4]),
        ([10, 2, 30, 13], [17, 8, 7, 0]),  # the top lies where a level is out of reach
        ([50, 3, 1], [400, 90, 200]),
    ],
)
def test_the_fit_is_at_the_top_of_the_likelihood(counts):
    # against a generic optimiser without slopes, from several starts
    group, base = (np.array(students, dtype=float) for students in counts)
    tops = [
        minimize(
            deviance,
            np.random.default_rng(seed).normal(scale=0.5, size=len(base) + 1),
            args=(np.array([base, group]),),
            method="Nelder-Mead",
            options={"maxiter": 20000, "maxfev": 20000, "xatol": 1e-9, "fatol": 1e-11},
        )
        for seed in range(3)
    ]
    top = min(tops, key=lambda found: found.fun).x
    mean, spread = top[-2], np.exp(top[-1])
    gap = binormal.of_counts(group, base)
    assert gap.estimate == pytest.approx(mean / np.sqrt((1 + spread**2) / 2), abs=1e-4)
    assert gap.spread == pytest.approx(spread, rel=1e-4)


@relaxed
@given(
    st.integers(2, 5).flatmap(
        lambda size: st.tuples(
            *[st.lists(st.integers(0, 300), min_size=size, max_size=size)] * 2
        )
    )
)
def test_swapping_groups_or_levels_turns_the_gap_round(pair):
    group, base = pair
    gap = binormal.of_counts(group, base)
    others = (
        binormal.of_counts(base, group),
        binormal.of_counts(group[::-1], base[::-1]),
    )
    for other in others:
        assert other.reliability == gap.reliability
        assert other.estimate == pytest.approx(-gap.estimate, abs=1e-5, nan_ok=True)
        assert other.standard_error == pytest.approx(
            gap.standard_error, rel=1e-3, nan_ok=True
        )
    known = np.isfinite(gap.estimate)
    assert known == np.isfinite(gap.standard_error)
    assert known == (not gap.reliability.startswith("not known"))


@relaxed
@given(st.lists(st.integers(-50, 50), min_size=4, max_size=40))
def test_v_of_scores_needs_only_their_order(numbers):
    half = len(numbers) // 2
    scores = pd.DataFrame({"group": "B", "score": numbers})
    scores.loc[:half, "group"] = "A"
    stretched = scores.assign(score=np.exp(scores["score"] / 10))
    once, again = (
        row(proficiency.v_of_scores(frame, reference="B"), "A")
        for frame in (scores, stretched)
    )
    for name in ("estimate", "standard_error", "auc"):
        assert once[name] == pytest.approx(again[name], abs=1e-12, nan_ok=True)
    groups = [scores.loc[scores["group"] == name, "score"] for name in "AB"]
    pairs = len(groups[0]) * len(groups[1])
    # identity: the Mann-Whitney statistic
    assert once["auc"] == pytest.approx(mannwhitneyu(*groups).statistic / pairs)


def test_levels_as_fine_as_scores_give_the_same_area():
    random = np.random.default_rng(3)
    scores = pd.DataFrame(
        {"group": np.repeat(["A", "B"], 60), "score": random.integers(0, 12, 120)}
    )
    counts = scores.assign(level=scores["score"], students=1)
    fine = row(proficiency.v_of_levels(counts, reference="B"), "A")
    by_score = row(proficiency.v_of_scores(scores, reference="B"), "A")
    assert fine["v_ties_half"] == pytest.approx(by_score["estimate"])


def test_sparse_groups_are_said_to_be_so():
    levels = of(Few=[3, 4, 0, 0], Top=[0, 0, 0, 9], None_=[0] * 4, White=[9, 8, 7, 0])
    levels.loc[levels["group"] == "Top", "students"] = [0, 0, 0, 9]
    found = proficiency.v_of_levels(levels, reference="White").set_index("group")
    assert found["reliability"].to_dict() == {
        "Few": binormal.EQUAL_SPREAD,
        "None_": binormal.NOBODY,
        "Top": binormal.NO_OVERLAP,
        "White": binormal.ITSELF,
    }
    assert found["method"].to_dict()["Few"] == binormal.EQUAL
    known = found["estimate"].notna()
    assert known[known].index.tolist() == ["Few", "White"]
    assert found["population"].to_dict() == {
        "Few": 7,
        "None_": 0,
        "Top": 9,
        "White": 24,
    }


def test_masked_missing_and_absent_counts_differ():
    levels = of(Masked=[5, 6, 7], White=[9, 8, 7]).astype({"students": "Int64"})
    levels.loc[0, "students"] = pd.NA
    names = ["Absent", "Masked", "White"]
    levels["group"] = pd.Categorical(levels["group"], names)
    found = proficiency.v_of_levels(levels, reference="White").set_index("group")
    assert found["reliability"].tolist() == [
        *(binormal.NOBODY, binormal.NOT_COUNTED, binormal.ITSELF)
    ]
    assert found["population"].fillna(-1).tolist() == [0, -1, 24]
    cuts = proficiency.at_each_cut(levels, reference="White")
    assert cuts.query("group == 'Masked' and level == 1")["estimate"].isna().all()
    # a pair without a row has nobody
    fewer = proficiency.v_of_levels(levels.drop(index=3), reference="White")
    assert fewer.set_index("group").loc["White", "population"] == 15


def test_rows_of_one_pair_are_added():
    whole = proficiency.v_of_levels(of(A=HIGH, B=LOW), reference="B")
    split = of(A=HIGH, B=LOW).assign(students=lambda t: t["students"] / 2)
    again = proficiency.v_of_levels(pd.concat([split, split]), reference="B")
    pd.testing.assert_frame_equal(whole, again)


def test_parts_are_compared_apart():
    maths = of(A=HIGH, B=LOW).assign(subject="maths")
    reading = of(A=LOW).assign(subject="reading")  # none of the reference
    found = proficiency.v_of_levels(
        pd.concat([maths, reading]), reference="B", within=["subject"]
    ).set_index(["subject", "group"])
    assert found.loc[("maths", "A"), "estimate"] == pytest.approx(0.784408, abs=1e-5)
    assert found.loc[("reading", "A"), "reliability"] == binormal.NOBODY
    cuts = proficiency.at_each_cut(
        pd.concat([maths, reading]), reference="B", within=["subject"]
    )
    assert cuts.columns[:3].tolist() == ["subject", "level", "group"]
    assert (
        cuts.query("subject == 'reading' and statistic == 'ratio'")["estimate"]
        .isna()
        .all()
    )
    both = pd.concat(
        [frame.rename(columns={"level": "score"}) for frame in (maths, reading)]
    )
    scores = proficiency.v_of_scores(both, reference="B", within=["subject"])
    assert scores["subject"].tolist() == ["maths", "maths", "reading", "reading"]


def test_students_without_a_score_are_counted():
    scores = pd.DataFrame(
        {"group": list("AAABBB"), "score": [1.0, 4, np.nan, 2, 3, np.nan]}
    )
    found = proficiency.v_of_scores(scores, reference="B").set_index("group")
    assert found["population"].tolist() == [2, 2]
    assert found["without_score"].tolist() == [1, 1]


@pytest.mark.parametrize(("few", "many"), [(60, 200), (25, 400)])
def test_limits_of_levels_hold_a_planted_gap(few, many):
    # 400 districts with a gap of -0.8 and a spread of 1.2: 95 % of limits should hold
    random = np.random.default_rng(7)
    cuts = np.array([-0.8, 0.1, 1.0])
    planted = -0.8 / np.sqrt((1 + 1.44) / 2)
    shares = [
        np.diff(norm.cdf((cuts - mean) / spread), prepend=0, append=1)
        for mean, spread in ((-0.8, 1.2), (0, 1))
    ]
    gaps = [
        binormal.of_counts(
            random.multinomial(few, shares[0]), random.multinomial(many, shares[1])
        )
        for _ in range(400)
    ]
    estimate, error = (np.array([gap[k] for gap in gaps], dtype=float) for k in (0, 1))
    held = np.abs(estimate - planted) < 1.96 * error
    assert 0.925 <= held.mean() <= 0.975
    assert np.mean(estimate) == pytest.approx(planted, abs=0.05)


def test_limits_of_scores_hold_and_schools_widen_them():
    # schools that differ: students as independent are too sure, schools are not
    random = np.random.default_rng(11)
    held = {True: [], False: []}
    for _ in range(40):
        school = np.repeat(np.arange(40), 10)
        lift = random.normal(scale=0.7, size=40)[school]
        group = np.where(school % 2 == 0, "A", "B")  # schools of one group each
        score = lift + random.normal(size=400) - 0.5 * (group == "A")
        frame = pd.DataFrame({"school": school, "group": group, "score": score})
        planted = -0.5 / np.sqrt(1 + 0.49)
        for clustered in held:
            gap = row(
                proficiency.v_of_scores(frame, reference="B", clustered=clustered), "A"
            )
            held[clustered].append(gap["conf_low"] < planted < gap["conf_high"])
    assert np.mean(held[True]) > 0.9
    assert np.mean(held[False]) < 0.85


def test_clustered_limits_are_of_students_t():
    random = np.random.default_rng(2)
    school = np.repeat(np.arange(24), random.integers(2, 30, 24))
    frame = pd.DataFrame({"school": school, "group": np.where(school < 9, "A", "B")})
    frame["score"] = random.normal(size=len(frame))
    found = row(proficiency.v_of_scores(frame, reference="B", clustered=True), "A")
    size = frame[frame["group"] == "A"].groupby("school").size()
    number = size.sum() ** 2 / (size**2).sum()
    width = t.ppf(0.975, number - 1) * found["standard_error"]
    assert found["conf_high"] - found["estimate"] == pytest.approx(width)
    alone = row(proficiency.v_of_scores(frame, reference="B"), "A")
    width = norm.ppf(0.975) * alone["standard_error"]
    assert alone["conf_high"] - alone["estimate"] == pytest.approx(width)


def test_the_table_is_a_measure_table_and_the_input_stays():
    levels = of(A=HIGH, B=LOW)
    before = levels.copy()
    for found in (
        proficiency.v_of_levels(levels, reference="B"),
        proficiency.at_each_cut(levels, reference="B"),
    ):
        assert set(MEASURE_COLUMNS) <= set(found.columns)
        base = found[found["reference"].notna() & (found["group"] == "B")]
        assert base[["conf_low", "conf_high"]].isna().all(axis=None)
        known = found.dropna(subset=["estimate", "conf_low", "conf_high"])
        assert (known["conf_low"] < known["estimate"]).all()
        assert (known["conf_high"] > known["estimate"]).all()
    pd.testing.assert_frame_equal(levels, before)


def test_what_cannot_be_used_is_refused_with_the_fact():
    levels = of(A=HIGH, B=LOW)
    with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
        proficiency.v_of_levels(levels, reference="C")
    with pytest.raises(ColumnNotFoundError, match="students"):
        proficiency.v_of_levels(levels.drop(columns="students"), reference="B")
    words = levels.assign(level=levels["level"].map(str))
    with pytest.raises(InputError, match="level has no order"):
        proficiency.at_each_cut(words, reference="B")
    with pytest.raises(InputError, match="students is negative in 8 of 8 rows"):
        proficiency.v_of_levels(levels.assign(students=-1), reference="B")
    with pytest.raises(InputError, match="group is missing in 4 of 8"):
        proficiency.v_of_levels(
            levels.assign(group=[None] * 4 + ["B"] * 4), reference="B"
        )
    scores = pd.DataFrame({"group": ["A", "B"], "score": [1.0, np.inf]})
    with pytest.raises(InputError, match="score is not finite in 1 of 2"):
        proficiency.v_of_scores(scores, reference="B")
    with pytest.raises(ColumnNotFoundError, match="school"):
        proficiency.v_of_scores(scores, reference="B", clustered=True)
