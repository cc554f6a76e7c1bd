"""Comparisons within strata: Mantel and Haenszel's, the exact ones, homogeneity."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher
from scipy.stats.contingency import odds_ratio as one_table
from statsmodels.stats.contingency_tables import StratifiedTable

from equity.errors import ColumnNotFoundError, InputError, UnknownGroupError
from equity.measure import disparity, stratified
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)
ESTIMATES = (
    stratified.odds_ratio,
    stratified.exact_odds_ratio,
    stratified.risk_ratio,
    stratified.risk_difference,
)
MULTIPLIED = ESTIMATES[:3]
# Colditz et al. (1994), JAMA 271, 698-702: tuberculosis in 13 trials of the BCG
# vaccine; had it and had it not, vaccinated and not.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def long(tables) -> pd.DataFrame:
    """Write two-by-two tables (a, b, c, d) as rows of groups A and B per stratum."""
    rows = [
        (place, group, had, had + had_not)
        for place, (a, b, c, d) in enumerate(tables)
        for group, had, had_not in (("A", a, b), ("B", c, d))
    ]
    return pd.DataFrame(rows, columns=["stratum", "group", "events", "population"])


def of_a(function, tables, **options):
    """The row of A against B."""
    table = function(long(tables), by=["stratum"], reference="B", **options)
    return table.set_index("group").loc["A"]


def limits(row) -> list[float]:
    return [row["conf_low"], row["conf_high"]]


@pytest.fixture(scope="module")
def blackhire(shared):
    """Gastwirth (1984), ILR Review 38, 75-86; case mh_blackhire, R here."""
    case = json.loads((shared / "references" / "mh_blackhire.json").read_text())
    tables = [(*black, *white) for black, white in case["inputs"]["table"]]
    return case["expected"], tables


def test_common_odds_ratio_is_that_of_r(blackhire):
    expected, tables = blackhire
    row = of_a(stratified.odds_ratio, tables)
    assert row["estimate"] == pytest.approx(expected["mh_or"], rel=1e-6)
    assert limits(row) == pytest.approx(expected["or_ci95_RBG"], rel=1e-6)


def test_tests_are_those_of_r(blackhire):
    expected, tables = blackhire
    table = stratified.tests(long(tables), by=["stratum"], reference="B")
    table = table.set_index("test")
    names = {
        stratified.CMH: ("cmh_chi2", "cmh_p"),
        stratified.CMH_CORRECTED: ("cmh_chi2_continuity", "p_continuity"),
        stratified.BRESLOW_DAY: ("breslow_day", "breslow_day_p"),
        stratified.TARONE: ("tarone", "tarone_p"),
        stratified.WOOLF: ("woolf", "woolf_p"),
    }
    assert set(table.index) == set(names)
    for name, (statistic, p_value) in names.items():
        row = table.loc[name]
        assert row["chi_squared"] == pytest.approx(expected[statistic], rel=1e-6)
        assert row["p_value"] == pytest.approx(expected[p_value], rel=1e-6)


def test_pooled_odds_ratio_without_strata(blackhire):
    expected, tables = blackhire
    table = stratified.odds_ratio(long(tables), by=[], reference="B")
    assert table["estimate"][0] == pytest.approx(expected["pooled_crude_or"], rel=1e-6)


def test_exact_odds_ratio_solves_its_equation(blackhire):
    """The case's exact numbers are R's, whose root is sought to within 1.2e-4.

    At R's 0.479529 the expected hires are 306.013, at ours the 306 seen; in 60 digits
    the tails at R's limits are 0.02505, at ours 0.025. So the case is met as closely
    as R's tolerance allows, and the equation itself to eleven digits.
    """
    expected, tables = blackhire
    row = of_a(stratified.exact_odds_ratio, tables)
    assert row["estimate"] == pytest.approx(
        expected["exact_conditional_or"], abs=1.3e-4
    )
    assert limits(row) == pytest.approx(expected["exact_ci95"], abs=1.3e-4)
    hires = sum(
        nchypergeom_fisher.mean(a + b + c + d, a + c, a + b, row["estimate"])
        for a, b, c, d in tables
    )
    assert hires == pytest.approx(sum(table[0] for table in tables), rel=1e-11)


@pytest.mark.parametrize(
    ("function", "published"),
    [
        (stratified.risk_ratio, (0.6353, 0.5881, 0.6862)),
        (stratified.odds_ratio, (0.6229, 0.5748, 0.6750)),
        (stratified.risk_difference, (-0.0033, -0.0039, -0.0027)),
    ],
)
def test_trials_of_a_vaccine(function, published):
    """Printed by Stata's metan (ratios) and R's metafor (difference), four digits."""
    row = of_a(function, BCG)
    assert [row["estimate"], *limits(row)] == pytest.approx(published, abs=5.1e-5)


def test_error_of_the_difference_is_that_of_sato():
    """metafor's z of the trials above, -11.4708; metan's other error gives -11.56."""
    row = of_a(stratified.risk_difference, BCG)
    error = (row["conf_high"] - row["conf_low"]) / 2 / 1.959964
    assert row["estimate"] / error == pytest.approx(-11.4708, abs=1e-4)


cell = st.integers(0, 12)
table = st.tuples(cell, cell, cell, cell).filter(lambda t: t[0] + t[1] and t[2] + t[3])
tables = st.lists(table, min_size=1, max_size=4)
full = st.lists(st.tuples(*[st.integers(1, 30)] * 4), min_size=2, max_size=5)


@relaxed
@given(table=st.tuples(*[st.integers(1, 40)] * 4))
def test_one_stratum_is_the_plain_comparison(table):
    a, b, c, d = table
    rows = long([table])
    ratio = disparity.ratio(rows, reference="B").iloc[0]
    row = of_a(stratified.risk_ratio, [table])
    np.testing.assert_allclose(
        [row["estimate"], *limits(row)], [ratio["estimate"], *limits(ratio)]
    )
    gap = disparity.difference(rows, reference="B")["estimate"][0]
    difference = of_a(stratified.risk_difference, [table])["estimate"]
    assert difference == pytest.approx(gap, abs=1e-12)
    plain = of_a(stratified.odds_ratio, [table])
    assert plain["estimate"] == pytest.approx(a * d / (b * c))
    width = 1.959964 * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    assert np.log(plain["conf_high"] / plain["estimate"]) == pytest.approx(width)


@relaxed
@given(table=st.tuples(*[st.integers(0, 15)] * 4))
def test_exact_in_one_stratum_is_that_of_scipy(table):
    a, b, c, d = table
    assume(a + b and c + d and a + c and b + d)
    row = of_a(stratified.exact_odds_ratio, [table], confidence=0.9)
    theirs = one_table([[a, b], [c, d]], kind="conditional")
    ends = theirs.confidence_interval(0.9)
    for ours, value in zip(
        [row["estimate"], *limits(row)], [theirs.statistic, *ends], strict=True
    ):
        if np.isfinite(value):
            assert ours == pytest.approx(value, rel=1e-5, abs=1e-9)
        else:
            assert np.isnan(ours)


@relaxed
@given(tables=full)
def test_common_odds_ratio_and_homogeneity_are_those_of_statsmodels(tables):
    theirs = StratifiedTable([np.array(t).reshape(2, 2) for t in tables])
    row = of_a(stratified.odds_ratio, tables)
    assert row["estimate"] == pytest.approx(theirs.oddsratio_pooled)
    assert limits(row) == pytest.approx(theirs.oddsratio_pooled_confint())
    found = stratified.tests(long(tables), by=["stratum"], reference="B")
    found = found.set_index("test")["chi_squared"]
    assert found[stratified.CMH] == pytest.approx(theirs.test_null_odds().statistic)
    assume(abs(theirs.oddsratio_pooled - 1) > 1e-3)  # there they divide by nothing
    for adjust, name in ((False, stratified.BRESLOW_DAY), (True, stratified.TARONE)):
        statistic = theirs.test_equal_odds(adjust).statistic
        assert found[name] == pytest.approx(statistic, rel=1e-6, abs=1e-8)


@relaxed
@given(tables=tables)
def test_limits_hold_the_estimate_and_inputs_stay(tables):
    rows = long(tables)
    before = rows.copy(deep=True)
    for function in ESTIMATES:
        row = function(rows, by=["stratum"], reference="B").iloc[0]
        if np.isfinite(limits(row)).all():
            assert row["conf_low"] <= row["estimate"] <= row["conf_high"]
    stratified.tests(rows, by=["stratum"], reference="B")
    pd.testing.assert_frame_equal(rows, before)


@relaxed
@given(tables=full)
def test_changing_places_inverts(tables):
    swapped = [(c, d, a, b) for a, b, c, d in tables]
    for function in MULTIPLIED:
        one, other = of_a(function, tables), of_a(function, swapped)
        assert other["estimate"] == pytest.approx(1 / one["estimate"], rel=1e-7)
        turned = [1 / end for end in limits(one)[::-1]]
        assert limits(other) == pytest.approx(turned, rel=1e-7)
    one, other = (of_a(stratified.risk_difference, t) for t in (tables, swapped))
    assert other["estimate"] == pytest.approx(-one["estimate"], abs=1e-12)
    assert limits(other) == pytest.approx([-e for e in limits(one)[::-1]], abs=1e-12)


@relaxed
@given(tables=full)
def test_counting_those_without_the_event_inverts_odds(tables):
    turned = [(b, a, d, c) for a, b, c, d in tables]
    for function in ESTIMATES[:2]:
        one, other = of_a(function, tables), of_a(function, turned)
        assert other["estimate"] == pytest.approx(1 / one["estimate"], rel=1e-7)


@pytest.mark.parametrize("ratio", [0.25, 1, 4])
def test_strata_alike_are_homogeneous(ratio):
    """Odds of 1, 2 and 1/2 in B, `ratio` times as much in A: no test objects."""
    tables = [
        (40 * ratio, 40, 60, 60),
        (80 * ratio, 40, 60, 30),
        (40 * ratio, 80, 1, 2),
    ]
    row = of_a(stratified.odds_ratio, tables)
    assert row["estimate"] == pytest.approx(ratio)
    found = stratified.tests(long(tables), by=["stratum"], reference="B")
    found = found.set_index("test")
    for name in (stratified.BRESLOW_DAY, stratified.TARONE, stratified.WOOLF):
        assert found.loc[name, "chi_squared"] == pytest.approx(0, abs=1e-9)
        assert found.loc[name, "degrees"] == 2


def test_the_mix_neither_makes_nor_hides_a_gap():
    """Two departments, rates of 40 % and 10 % for both; the groups work in others."""
    mix_alone = [(8, 12, 32, 48), (8, 72, 2, 18)]
    assert of_a(stratified.risk_ratio, mix_alone)["estimate"] == pytest.approx(1)
    assert of_a(stratified.risk_difference, mix_alone)["estimate"] == pytest.approx(0)
    pooled = stratified.risk_ratio(long(mix_alone), by=[], reference="B")
    assert pooled["estimate"][0] == pytest.approx((16 / 100) / (34 / 100))
    # 16 of 80 against 8 of 20, and 1 of 20 against 8 of 80: half as often in each, but
    # A works where most are promoted, so that all told it is 17 of 100 against 16
    hidden = [(16, 64, 8, 12), (1, 19, 8, 72)]
    assert of_a(stratified.risk_ratio, hidden)["estimate"] == pytest.approx(0.5)
    pooled = stratified.risk_ratio(long(hidden), by=[], reference="B")
    assert pooled["estimate"][0] == pytest.approx(17 / 16)


def test_strata_with_one_group_alone_are_counted_apart():
    rows = pd.concat(
        [
            long([(2, 18, 6, 14)]),
            pd.DataFrame(
                {"stratum": 9, "group": ["A"], "events": [5], "population": [7]}
            ),
        ]
    )
    row = stratified.risk_ratio(rows, by=["stratum"], reference="B").iloc[0]
    assert row["estimate"] == pytest.approx(1 / 3)
    assert (row["events"], row["population"], row["strata"]) == (2, 20, 1)
    assert row["not_comparable"] == 7


@pytest.mark.parametrize("function", ESTIMATES)
def test_what_is_missing_stays_missing(function):
    rows = long([(2, 18, 6, 14), (3, 9, 5, 8)]).astype({"events": "Int64"})
    rows.loc[2, "events"] = pd.NA
    table = function(rows, by=["stratum"], reference="B")
    assert table.loc[0, ["events", "estimate", "conf_low", "conf_high"]].isna().all()
    assert table.loc[0, "population"] == 32
    assert table.columns[-7:].tolist() == list(MEASURE_COLUMNS)


def test_a_group_without_people_stays_visible():
    rows = long([(2, 18, 6, 14)])
    rows["group"] = pd.Categorical(rows["group"], ["A", "B", "C"])
    table = stratified.odds_ratio(rows, by=["stratum"], reference="B")
    assert table["group"].tolist() == ["A", "B", "C"]
    row = table.iloc[2]
    assert (row["population"], row["strata"]) == (0, 0)
    assert np.isnan(row["estimate"])
    found = stratified.tests(rows, by=["stratum"], reference="B")
    found = found[found["group"] == "C"]
    assert found[["chi_squared", "degrees", "p_value"]].isna().all(axis=None)


def test_no_events_give_no_ratio_and_no_test():
    nobody = [(0, 5, 0, 9), (0, 4, 0, 2)]
    for function in MULTIPLIED:
        assert np.isnan(of_a(function, nobody)["estimate"])
    found = stratified.tests(long(nobody), by=["stratum"], reference="B")
    assert found["chi_squared"].isna().all()
    row = of_a(stratified.risk_difference, nobody)
    assert row["estimate"] == 0
    assert np.isnan(limits(row)).all()  # a width of nothing is not knowledge
    none_of_a = [(0, 20, 6, 14), (0, 9, 5, 8)]
    row = of_a(stratified.exact_odds_ratio, none_of_a)
    assert row["estimate"] == row["conf_low"] == 0
    assert 0 < row["conf_high"] < 1


@pytest.mark.parametrize("function", [*ESTIMATES, stratified.tests])
def test_refusals(function):
    rows = long([(2, 18, 6, 14)])
    with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
        function(rows, by=["stratum"], reference="C")
    with pytest.raises(ColumnNotFoundError, match="year"):
        function(rows, by=["year"], reference="B")
    with pytest.raises(InputError, match="events exceeds population in 1 of 2"):
        function(rows.assign(events=[21, 6]), by=["stratum"], reference="B")
    with pytest.raises(InputError, match="not a whole number"):
        function(rows.assign(events=[0.5, 6]), by=["stratum"], reference="B")


def test_limits_cover_and_tests_keep_their_level():
    """150 simulated cities of ten departments, group half as often promoted."""
    random = np.random.default_rng(7)
    size = random.integers(10, 80, (2, 10))
    rate = np.array([[0.5], [1]]) * random.uniform(0.1, 0.4, 10)
    inside, rejected = np.zeros(2), 0
    for _ in range(150):
        a, c = random.binomial(size, rate)
        even = random.binomial(size, rate[1])
        tables = list(zip(a, size[0] - a, c, size[1] - c, strict=True))
        ratio = of_a(stratified.risk_ratio, tables)
        gap = of_a(stratified.risk_difference, tables)
        weight = size.prod(axis=0) / size.sum(axis=0)
        truth = (weight * (rate[0] - rate[1])).sum() / weight.sum()
        inside += [
            ratio["conf_low"] <= 0.5 <= ratio["conf_high"],
            gap["conf_low"] <= truth <= gap["conf_high"],
        ]
        same = list(
            zip(even[0], size[0] - even[0], even[1], size[1] - even[1], strict=True)
        )
        found = stratified.tests(long(same), by=["stratum"], reference="B")
        rejected += found.set_index("test").loc[stratified.CMH, "p_value"] < 0.05
    assert (inside / 150 > 0.9).all()
    assert rejected / 150 < 0.1
