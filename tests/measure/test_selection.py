"""Selection rates against R's tests, the Uniform Guidelines, and their definitions."""

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import nchypergeom_fisher

from equity.errors import ColumnNotFoundError, InputError, UnknownGroupError
from equity.measure import selection
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)
TESTS = list(selection._TESTS)


def candidates(**counts):
    events, population = zip(*counts.values(), strict=True)
    return pd.DataFrame(
        {"group": list(counts), "events": events, "population": population}
    )


def focal(table):
    return table[table["group"] == "Focal"].set_index("statistic")


def of(table, group, statistic):
    rows = table[(table["group"] == group) & (table["statistic"] == statistic)]
    (place,) = rows.index
    return rows.loc[place]


# R 4.2.2: fisher.test, prop.test; limits of the rate ratio on the log scale. Z has the
# sign of focal less reference.
REFERENCES = {
    "ugesp_80_40": {
        "focal": (12, 40),
        "reference": (48, 80),
        "impact_ratio": 0.5,
        "z": -3.09838667696593,
        "p_z": 0.00194577369373915,
        "chi_square": 9.6,
        "chi_square_yates": 8.4375,
        "p_yates": 0.00367561211774123,
        "p_fisher": 0.00340922176784918,
        "p_fisher_lower": 0.00170461088392459,
        "shortfall": 8,
        "ratio_limits": (0.301432941045597, 0.829371863382984),
        "odds": (0.288858414694738, 0.115628915330779, 0.686891934321191),
        "beyond_two_sd": True,
    },
    "ai_2x2_small": {
        "focal": (3, 51),
        "reference": (15, 84),
        "impact_ratio": 0.329411764705882,
        "z": -1.98440510153075,
        "p_z": 0.0472106977763938,
        "chi_square": 3.93786360698125,
        "chi_square_yates": 2.96976001939237,
        "p_yates": 0.0848344383132466,
        "p_fisher": 0.0662827797185794,
        "p_fisher_lower": 0.0381519807265871,
        "shortfall": 3.8,
        "ratio_limits": (0.100238105246591, 1.08254351436211),
        "odds": (0.289794545516551, 0.0510159065997102, 1.10470655690625),
        "beyond_two_sd": False,
    },
}


@pytest.mark.parametrize("case", REFERENCES)
def test_tests_match_r(case):
    known = REFERENCES[case]
    table = selection.rates(
        candidates(Focal=known["focal"], Reference=known["reference"]),
        reference="Reference",
    )
    found = focal(table)
    for name in TESTS:
        if isinstance(known.get(name), float | int):
            assert found.loc["level", name] == pytest.approx(known[name], rel=1e-9)
    assert found["adverse"].all()
    assert found.loc["level", "beyond_two_sd"] == known["beyond_two_sd"]
    ratio = found.loc["ratio"]
    assert ratio["estimate"] == pytest.approx(known["impact_ratio"], rel=1e-9)
    limits = ratio["conf_low"], ratio["conf_high"]
    assert limits == pytest.approx(known["ratio_limits"], rel=1e-9)


def mean_of(x, n, other, others):
    """The mean of the conditional count as a function of the odds ratio."""
    return lambda odds: nchypergeom_fisher.mean(n + others, n, x + other, odds)


def as_few(x, n, other, others):
    return lambda odds: nchypergeom_fisher.cdf(x, n + others, n, x + other, odds)


@pytest.mark.parametrize("case", REFERENCES)
def test_conditional_odds_ratio_solves_its_equations(case):
    """The definition: the expected count is the one seen; each tail is 2.5 %."""
    cells = (*REFERENCES[case]["focal"], *REFERENCES[case]["reference"])
    table = candidates(Focal=cells[:2], Reference=cells[2:])
    row = focal(selection.rates(table)).loc["odds ratio"]
    assert mean_of(*cells)(row["estimate"]) == pytest.approx(cells[0], rel=1e-9)
    below = as_few(*cells)
    assert below(row["conf_high"]) == pytest.approx(0.025, rel=1e-6)
    more = as_few(cells[0] - 1, cells[1], cells[2] + 1, cells[3])
    assert 1 - more(row["conf_low"]) == pytest.approx(0.025, rel=1e-6)


def test_conditional_odds_ratio_as_r_prints_it():
    """R's numbers are these equations, solved less closely.

    fisher.test looks for a root with uniroot's default tolerance, the fourth root of
    the machine's epsilon (1.2e-4). The same equations and tolerance with the same
    method (Brent's) give R's digits, which are off in the fifth place.
    """
    loose = {"xtol": np.finfo(float).eps ** 0.25}
    for case, known in REFERENCES.items():
        cells = (*known["focal"], *known["reference"])
        table = candidates(Focal=cells[:2], Reference=cells[2:])
        row = focal(selection.rates(table)).loc["odds ratio"]
        ours = [row[name] for name in ("estimate", "conf_low", "conf_high")]
        assert ours == pytest.approx(known["odds"], rel=1e-4), case
    (x, *others), below = (3, 51, 15, 84), as_few(3, 51, 15, 84)
    root = brentq(lambda odds: mean_of(x, *others)(odds) - x, 1e-12, 1, **loose)
    assert root == pytest.approx(REFERENCES["ai_2x2_small"]["odds"][0], rel=1e-9)
    root = brentq(lambda inverse: below(1 / inverse) - 0.025, 1e-12, 1, **loose)
    assert 1 / root == pytest.approx(REFERENCES["ai_2x2_small"]["odds"][2], rel=1e-9)


def test_reference_cases_are_those_of_the_shared_folder(shared):
    """The numbers quoted above, from references/*.json."""
    names = {"z": "z_pooled", "chi_square": "chisq", "chi_square_yates": "chisq_yates"}
    names |= {"p_fisher": "fisher_two_sided_p"}
    names |= {"p_fisher_lower": "fisher_one_sided_less_p"}
    for case, known in REFERENCES.items():
        stored = json.loads((shared / "references" / f"{case}.json").read_text())
        expected = stored["expected"]
        for name in ("impact_ratio", "z", "p_z", "chi_square", "chi_square_yates"):
            assert known[name] == expected[names.get(name, name)]
        for name in ("p_yates", "p_fisher", "p_fisher_lower", "shortfall"):
            assert known[name] == expected[names.get(name, name)]
        odds = (expected["fisher_conditional_or"], *expected["fisher_or_ci95"])
        assert known["odds"] == odds


@pytest.mark.parametrize(
    ("group", "reference", "ratio", "adverse"),
    [
        # four_fifths_exact_boundary_a: 29 CFR 1607.4(D), "less than four-fifths"
        ((3, 5), (15, 20), Fraction(4, 5), False),
        ((39, 100), (50, 101), Fraction(3939, 5000), True),
        ((3, 20), (3, 16), Fraction(4, 5), False),
        # ugesp_qa_impact_ratios: 44 FR 11996, Q. 11, rates of 0.6, 0.45, 0.48, 0.51
        ((45, 100), (60, 100), Fraction(3, 4), True),
        ((48, 100), (60, 100), Fraction(4, 5), False),
        ((51, 100), (60, 100), Fraction(17, 20), False),
    ],
)
def test_four_fifths_are_exact(group, reference, ratio, adverse):
    row = focal(selection.rates(candidates(Focal=group, Reference=reference)))
    assert row.loc["ratio", "estimate"] == pytest.approx(float(ratio), abs=1e-15)
    assert row.loc["ratio", "adverse"] == adverse


def test_one_selection_reverses_small_numbers():
    """ugesp_small_numbers_flip: 44 FR 11996, Q. 20-21; 1 of 10 against 3 of 20."""
    row = focal(selection.rates(candidates(Focal=(1, 10), Reference=(3, 20)))).iloc[0]
    assert row["adverse"]
    assert row["one_selection_reverses"]
    # 2 of 10 against 2 of 20 is a ratio of two
    after = focal(
        selection.rates(candidates(Focal=(2, 10), Reference=(2, 20)), reference="Focal")
    )
    assert after.loc["ratio", "estimate"] == 1
    many = focal(selection.rates(candidates(Focal=(12, 40), Reference=(48, 80))))
    assert not many["one_selection_reverses"].any()
    level = focal(selection.rates(candidates(Focal=(9, 10), Reference=(19, 20))))
    assert not level["one_selection_reverses"].any()  # nothing to reverse


def test_two_standard_deviations_are_exact():
    """By hand: pooled 1/2, so the variance is 1/4 of 2/8, and a gap of 1/2 is two."""
    row = focal(selection.rates(candidates(Focal=(2, 8), Reference=(6, 8)))).iloc[0]
    assert row["z"] == -2
    assert row["beyond_two_sd"]
    near = focal(selection.rates(candidates(Focal=(25, 101), Reference=(35, 100))))
    assert not near["beyond_two_sd"].any()


def test_the_reference_is_compared_with_nobody():
    counts = candidates(Focal=(12, 40), Reference=(48, 80), Third=(20, 40))
    table = selection.rates(counts)
    assert table["reference"].dropna().eq("Reference").all()
    own = table[table["group"] == "Reference"].set_index("statistic")
    assert own[TESTS].isna().all(axis=None)
    assert own["estimate"].to_list() == [0.6, 0, 1, 1]
    compared = own.drop("level")
    assert compared[["conf_low", "conf_high"]].isna().all(axis=None)
    assert own.loc["level", ["conf_low", "conf_high"]].notna().all()


def test_nobody_everybody_and_missing_stay_apart():
    nobody = selection.rates(candidates(A=(0, 10), B=(0, 20)))
    level = nobody[nobody["statistic"] == "level"]
    assert level["estimate"].to_list() == [0, 0]
    assert level["z"].isna().all()
    for statistic in ("ratio", "odds ratio"):
        rows = nobody[nobody["statistic"] == statistic]
        assert rows[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert nobody["adverse"].isna().all()  # no rate to be four fifths of
    everybody = selection.rates(candidates(A=(10, 10), B=(20, 20)))
    odds = everybody[everybody["statistic"] == "odds ratio"]
    assert odds[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    masked = selection.rates(candidates(A=(np.nan, 10), B=(5, 10), C=(0, 0)))
    for group in ("A", "C"):
        rows = masked[masked["group"] == group]
        assert rows[["estimate", "z", "adverse"]].isna().all(axis=None)
    none = focal(selection.rates(candidates(Focal=(0, 10), Reference=(5, 10))))
    assert none.loc["ratio", "estimate"] == 0
    assert none["adverse"].all()
    assert none.loc["odds ratio", "conf_low"] == 0
    assert none.loc["odds ratio", "conf_high"] < 1
    unknown = selection.rates(candidates(A=(np.nan, 10)))
    assert unknown[["reference", "estimate"]].isna().all(axis=None)


@st.composite
def two_groups(draw):
    counts = {}
    for group in ("Black", "White"):
        population = draw(st.integers(1, 60))
        counts[group] = draw(st.integers(0, population)), population
    return candidates(**counts)


@relaxed
@given(two_groups())
def test_identities(counts):
    before = counts.copy()
    table = selection.rates(counts, reference="White")
    pd.testing.assert_frame_equal(counts, before)
    assert table.columns[:3].to_list() == counts.columns.to_list()
    assert set(MEASURE_COLUMNS) <= set(table.columns)
    row = of(table, "Black", "level")
    if pd.notna(row["z"]):
        # a two-by-two table has one degree of freedom
        assert row["chi_square"] == pytest.approx(row["z"] ** 2, abs=1e-9)
        assert row["p_chi_square"] == pytest.approx(row["p_z"], abs=1e-9)
        assert row["p_yates"] >= row["p_chi_square"] - 1e-12
        assert row["beyond_two_sd"] == (abs(row["z"]) >= 2 - 1e-12)
        assert row["p_fisher_lower"] <= 1 + 1e-12
    bracketed = table.dropna(subset=["estimate", "conf_low", "conf_high"])
    assert (bracketed["conf_low"] <= bracketed["estimate"] + 1e-9).all()
    assert (bracketed["conf_high"] >= bracketed["estimate"] - 1e-9).all()
    swapped = selection.rates(counts, reference="Black")
    for statistic in ("ratio", "odds ratio"):
        here = of(table, "Black", statistic)
        there = of(swapped, "White", statistic)
        if here["estimate"] > 0 and there["estimate"] > 0:
            assert here["estimate"] * there["estimate"] == pytest.approx(1, rel=1e-6)
        if here["conf_low"] > 0 and there["conf_high"] > 0:
            assert here["conf_low"] * there["conf_high"] == pytest.approx(1, rel=1e-5)


def test_false_alarms_of_each_test():
    """400 fair selections of 30 and 40: pooled z about 5 %, Fisher at most that."""
    random = np.random.default_rng(7)
    found = {"p_z": 0, "p_fisher": 0}
    draws = random.binomial([30, 40], 0.4, size=(400, 2))
    for x, y in draws:
        row = selection._tests(
            selection.exact.Count(int(x), 30), selection.exact.Count(int(y), 40)
        )
        for name in found:
            found[name] += row[name] < 0.05
    assert 0.025 <= found["p_z"] / 400 <= 0.08
    assert found["p_fisher"] <= found["p_z"]
    assert found["p_fisher"] / 400 <= 0.05 + 0.02


def test_wrong_tables_are_refused_with_the_fact():
    counts = candidates(Black=(48, 80), White=(56, 70))
    with pytest.raises(UnknownGroupError, match="'Blck' matches 0 rows of group"):
        selection.rates(counts, reference="Blck")
    with pytest.raises(ColumnNotFoundError, match="population"):
        selection.rates(counts.drop(columns="population"))
    with pytest.raises(InputError, match="events exceeds population in 1 of 2 rows"):
        selection.rates(counts.assign(events=[81, 5]))
    with pytest.raises(InputError, match="not a whole number in 1 of 2 rows"):
        selection.rates(counts.assign(events=[4.5, 5]))
