"""The rules of the trade: published cases, boundaries to the last person, chance."""

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import availability
from equity.measure.availability import POWERLESS, RULES
from equity.measure.benchmarks import fraction, people_to_parity
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=8, derandomize=True)

# Hazelwood School District v. United States, 433 U.S. 299 (1977), note 17: Black
# teachers hired, at 15.4 % and at 5.7 % of those qualified. The court: 43 expected and
# more than five standard deviations; 19, more than three; 62, more than six; at 5.7 %,
# 16, 7 and 23, less than two.
HAZELWOOD = {
    ("1972-73", 0.154): (10, 282, 43, 33, 5, 6),
    ("1973-74", 0.154): (5, 123, 19, 13, 3, 4),
    ("both", 0.154): (15, 405, 62, 47, 6, 7),
    ("1972-73", 0.057): (10, 282, 16, 6, 0, 2),
    ("1973-74", 0.057): (5, 123, 7, 2, 0, 2),
    ("both", 0.057): (15, 405, 23, 8, 0, 2),
}


def group(events, population, share, moe=None):
    return pd.DataFrame(
        {
            "group": ["Group"],
            "events": [events],
            "population": [population],
            "benchmark_share": [share],
            "moe": [moe],
        }
    )


def judged(events, population, share, rule, moe=None, **options):
    table = availability.against_availability(
        group(events, population, share, moe), rule=rule, **options
    )
    return table.iloc[0]


@pytest.mark.parametrize("case", HAZELWOOD)
def test_hazelwood_as_the_court_counted(case):
    events, population, expected, short, least, most = HAZELWOOD[case]
    row = judged(events, population, case[1], "two standard deviations")
    assert round(row["expected"]) == expected
    assert row["shortfall"] == short
    assert least < -row["z"] < most
    assert row["underutilised"] == (case[1] == 0.154)


def test_hazelwood_to_the_last_digit(shared):
    """workforce_hazelwood: expected, sd, z, tails, Clopper-Pearson, ratio."""
    case = json.loads((shared / "references" / "workforce_hazelwood.json").read_text())
    inputs = pd.DataFrame(case["inputs"]["cases"])
    names = {"id": "group", "n": "population", "x": "events", "p": "benchmark_share"}
    table = availability.against_availability(
        inputs.rename(columns=names).assign(moe=np.nan)
    )
    level = select(table, statistic="level").set_index("group")
    ratio = select(table, statistic="ratio").set_index("group")["estimate"]
    columns = {
        "expected": "expected",
        "sd": "sd",
        "z": "z",
        "binom_lower_tail": "p_lower",
        "binom_two_sided_minlik": "p_exact",
    }
    assert len(case["expected"]) == 6
    for name, known in case["expected"].items():
        row = level.loc[name]
        for theirs, ours in columns.items():
            assert row[ours] == pytest.approx(known[theirs], rel=1e-9), (name, ours)
        limits = [row["conf_low"], row["conf_high"]]
        assert limits == pytest.approx(known["clopper_pearson"], rel=1e-9)
        assert ratio[name] == pytest.approx(known["representation_ratio"], rel=1e-9)
        assert row["shortfall"] == int(known["shortfall"])
        assert row["underutilised"] == known["exceeds_2sd"]


def test_uncertain_availability():
    """workforce_uncertain_availability_a: p(1 - p)/n + (moe/1.645)**2, by formula."""
    row = judged(31, 180, 0.24, "two standard deviations", moe=0.026)
    assert row["z"] == pytest.approx(-1.9070430933641078, rel=1e-9)
    assert row["p_z"] == pytest.approx(0.05651500736239284, rel=1e-9)
    assert not row["underutilised"]
    certain = judged(31, 180, 0.24, "two standard deviations")
    assert certain["z"] == pytest.approx(-2.1291740338161187, rel=1e-9)
    assert certain["underutilised"]


def test_exact_probability_is_an_average_over_the_availability():
    """By quadrature: binomial tails weighted with a beta density of that error."""
    error = 0.026 / 1.645
    size = 0.24 * 0.76 / error**2 - 1
    density = stats.beta(0.24 * size, 0.76 * size)
    assert (density.mean(), density.std()) == pytest.approx((0.24, error))
    tail, _ = integrate.quad(
        lambda p: stats.binom.cdf(31, 180, p) * density.pdf(p), 0.1, 0.4
    )
    row = judged(31, 180, 0.24, "exact binomial", moe=0.026)
    assert row["p_lower"] == pytest.approx(tail, rel=1e-6)
    certain = judged(31, 180, 0.24, "exact binomial")
    binomial = stats.binomtest(31, 180, 0.24).pvalue
    assert certain["p_exact"] == pytest.approx(binomial, rel=1e-12)
    assert row["p_exact"] > certain["p_exact"]
    nearly = judged(31, 180, 0.24, "exact binomial", moe=1e-6)
    assert nearly["p_exact"] == pytest.approx(certain["p_exact"], rel=1e-5)
    hopeless = judged(1, 180, 0.01, "exact binomial", moe=0.2)
    assert pd.isna(hopeless["underutilised"])
    assert np.isnan(hopeless["p_exact"])


@pytest.mark.parametrize(
    ("rule", "events", "population", "share", "verdict"),
    [
        # expected 12 exactly, and a person less
        ("any difference", 12, 40, 0.3, False),
        ("any difference", 11, 40, 0.3, True),
        # a third of 30 people, though 1/3 as a double is less
        ("any difference", 10, 30, 1 / 3, False),
        ("whole person", 10, 30, 1 / 3, False),
        ("whole person", 9, 30, 1 / 3, True),
        # expected 12.3: rounded down to 12
        ("whole person", 12, 41, 0.3, False),
        ("whole person", 11, 41, 0.3, True),
        ("any difference", 12, 41, 0.3, True),
        # four fifths of 15 in 20 is 3 in 5 (29 CFR 1607.4(D): less than)
        ("80 percent", 30, 50, 15 / 20, False),
        ("80 percent", 29, 50, 15 / 20, True),
        ("80 percent", 24, 100, 0.3, False),
        ("80 percent", 23, 100, 0.3, True),
        # 100 at one half: 40 are exactly two standard deviations below, 5 people each
        ("two standard deviations", 40, 100, 0.5, True),
        ("two standard deviations", 41, 100, 0.5, False),
        ("two standard deviations", 61, 100, 0.5, False),
        # the two-sided binomial p of 39 and 40 in 100: 0.035 and 0.057
        ("exact binomial", 39, 100, 0.5, True),
        ("exact binomial", 40, 100, 0.5, False),
        ("exact binomial", 61, 100, 0.5, False),
    ],
)
def test_boundaries(rule, events, population, share, verdict):
    row = judged(events, population, share, rule)
    assert row["underutilised"] == verdict
    assert row["rule"] == rule


def test_the_example_of_the_documents():
    """docs/measures/utilisation.md: 2 of 40 technicians, 20 % available."""
    for rule in RULES:
        row = judged(2, 40, 0.2, rule)
        assert row["underutilised"]
        assert (row["expected"], row["shortfall"]) == (8, 6)
        assert (round(row["sd"], 2), round(row["z"], 2)) == (2.53, -2.37)
    margin = judged(2, 40, 0.2, "two standard deviations", moe=0.08)
    assert round(margin["z"], 2) == -1.88
    assert not margin["underutilised"]


def test_a_rule_without_power_says_so():
    # of 40 people 0.8 are expected: none is less than one standard deviation away
    row = judged(0, 40, 0.02, "two standard deviations")
    assert not row["underutilised"]
    assert row["reliability"] == POWERLESS
    assert judged(0, 40, 0.02, "whole person")["reliability"] == POWERLESS
    assert judged(0, 40, 0.02, "any difference")["underutilised"]
    assert judged(0, 400, 0.02, "two standard deviations")["reliability"] == "recorded"
    nobody = judged(0, 40, 0, "any difference")
    assert not nobody["underutilised"]
    assert nobody["reliability"] == POWERLESS


@st.composite
def job_groups(draw):
    population = draw(st.integers(30, 300))
    events = draw(st.integers(0, population))
    top, bottom = draw(st.integers(0, 400)), draw(st.integers(400, 900))
    return events, population, Fraction(top, bottom)


def frame_of(cells, moe=np.nan):
    events, population, shares = zip(*cells, strict=True)
    return pd.DataFrame(
        {
            "group": "G",
            "events": events,
            "population": population,
            "benchmark_share": [float(share) for share in shares],
            "moe": moe,
        }
    )


def verdicts(frame, rule):
    table = availability.against_availability(frame, rule=rule)
    return select(table, statistic="level")


@relaxed
@given(st.lists(job_groups(), min_size=15, max_size=15))
def test_rules_in_fractions(cells):
    """A double of a quotient is taken back to the quotient; rules are nested."""
    found = {rule: verdicts(frame_of(cells), rule)["underutilised"] for rule in RULES}
    for rule in RULES:
        assert (found["any difference"] | ~found[rule]).all()
    told = verdicts(frame_of(cells), "any difference")
    for place, (events, population, share) in enumerate(cells):
        assert fraction(float(share)) == share
        expected = share * population
        assert found["any difference"][place] == (events < expected)
        assert found["whole person"][place] == (events < int(expected))
        four_fifths = Fraction(events, population) < share * 4 / 5
        assert found["80 percent"][place] == four_fifths
        short = told["shortfall"][place]
        assert short == max(0, int(expected - events))
        assert told["people_to_parity"][place] - short in (0, 1)


@relaxed
@given(st.lists(job_groups(), min_size=15, max_size=15), st.floats(0.001, 0.2))
def test_a_margin_never_makes_a_finding(cells, moe):
    certain = verdicts(frame_of(cells), "two standard deviations")
    margin = verdicts(frame_of(cells, moe), "two standard deviations")
    assert (certain["underutilised"] | ~margin["underutilised"]).all()
    assert (margin["sd"] > certain["sd"]).all()


def test_missing_small_and_unknown_stay_apart():
    frame = pd.DataFrame(
        {
            "group": ["A", "B", "C", "D"],
            "events": [np.nan, 5, 5, 0],
            "population": [50, 50, 29, 0],
            "benchmark_share": [0.2, np.nan, 0.2, 0.2],
            "moe": np.nan,
        }
    )
    before = frame.copy()
    table = availability.against_availability(frame)
    pd.testing.assert_frame_equal(frame, before)
    rows = select(table, statistic="level").set_index("group")
    assert rows["underutilised"].isna().all()
    assert rows["reliability"].to_list() == [
        *("the roster cannot record this group", "availability is not known"),
        *("too few in the job group for a rule",) * 2,
    ]
    assert rows["rule"].isna().to_list() == [True, True, False, False]
    assert rows["shortfall"].isna().to_list() == [True, True, False, False]
    assert np.isnan(rows.loc["D", "estimate"])
    assert rows.loc["C", "shortfall"] == 0
    assert table.columns[:5].to_list() == frame.columns.to_list()
    assert set(MEASURE_COLUMNS) <= set(table.columns)


def test_shares_at_their_ends():
    everyone = judged(39, 40, 1.0, "two standard deviations")
    assert everyone["underutilised"]
    assert np.isnan(everyone["z"])
    assert everyone["p_exact"] == 0
    assert judged(40, 40, 1.0, "exact binomial")["p_exact"] == 1
    ratio = availability.against_availability(group(3, 40, 0.0)).iloc[2]
    assert np.isnan(ratio["estimate"])


def test_false_alarms_and_findings_by_simulation():
    """400 job groups of 200 at parity, and 400 with a planted gap of a third."""
    random = np.random.default_rng(3)
    for share, least, most in ((0.3, 0, 0.045), (0.2, 0.85, 1)):
        # availability is a survey's: off by its own error each time
        seen = random.normal(0.3, 0.01, 400)
        frame = pd.DataFrame(
            {
                "group": "G",
                "events": random.binomial(200, share, 400),
                "population": 200,
                "benchmark_share": seen,
                "moe": 0.01645,
            }
        )
        for rule in ("two standard deviations", "exact binomial"):
            table = availability.against_availability(frame, rule=rule)
            gap = select(table, statistic="difference")
            assert least <= gap["underutilised"].mean() <= most
            covered = gap["conf_low"].le(share - 0.3) & gap["conf_high"].ge(share - 0.3)
            assert covered.mean() >= 0.93


def test_people_to_parity_keeps_what_is_missing():
    found = people_to_parity(
        [1, np.nan, 3], [10, 10, 10], [Fraction(1, 4), Fraction(1, 4), None]
    )
    assert found[0] == 2
    assert pd.isna(found[1])
    assert pd.isna(found[2])
    assert fraction(np.nan) is None


def test_wrong_tables_are_refused_with_the_fact():
    good = group(3, 40, 0.2, 0.01)
    with pytest.raises(ParamsError, match="rule is '4/5'; expected one of"):
        availability.against_availability(good, rule="4/5")
    with pytest.raises(ColumnNotFoundError, match="moe"):
        availability.against_availability(good.drop(columns="moe"))
    with pytest.raises(InputError, match="percentages must be divided by 100"):
        availability.against_availability(good.assign(benchmark_share=20))
    with pytest.raises(InputError, match="margins of error are negative in 1 of 1"):
        availability.against_availability(good.assign(moe=-0.1))
    with pytest.raises(InputError, match="events exceeds population"):
        availability.against_availability(good.assign(events=41))
    with pytest.raises(ParamsError, match="confidence is 95"):
        availability.against_availability(good, confidence=95)
