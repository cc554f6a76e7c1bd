"""Years to parity at this pace, shares projected, and hires needed."""

from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import pace
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=25, derandomize=True)
FEW = {"replicates": 200}
FUNCTIONS = (pace.years_to_parity, pace.projected, pace.hires_needed)


def of(population, entered, left, years=3, exposure=None) -> pd.DataFrame:
    """A pace table of groups A, B, ...; a workforce of the same size all along."""
    population = np.asarray(population)
    return pd.DataFrame(
        {
            "group": list("ABCDE"[: len(population)]),
            "population": population,
            "entered": entered,
            "left": left,
            "exposure": population * float(years) if exposure is None else exposure,
            "years": float(years),
        }
    )


def city(*shares, moe=None) -> pd.DataFrame:
    frame = pd.DataFrame({"group": list("ABCDE"[: len(shares)]), "share": shares})
    return frame.assign(moe=moe)


# 1,000 posts; a tenth leave each year in both groups; A has two of ten now and four
# of ten hires, so that its share is 0.4 - 0.2 * 0.9 ** year
EVEN = of([200, 800], entered=[120, 180], left=[60, 240])


def test_expected_path_is_the_closed_form():
    table = pace.projected(EVEN, city(0.3, 0.7), horizon=12, **FEW)
    path = table.loc[table["group"] == "A", "estimate"].to_numpy()
    assert path == pytest.approx(0.4 - 0.2 * 0.9 ** np.arange(13), rel=1e-12)
    # 0.3 is passed when 0.9 ** year is half: after 6.58 years
    found = pace.years_to_parity(EVEN, city(0.3, 0.7), **FEW).iloc[0]
    assert found["estimate"] == 7
    assert found["tends_to"] == pytest.approx(0.4)


counts = st.integers(1, 60)


@relaxed
@given(left=st.tuples(counts, counts), entered=st.tuples(counts, counts))
def test_share_tends_to_the_fixed_point_of_the_recurrence(left, entered):
    """G' = G - l G + h (l G + m (N - G)) is linear: G' = a G + b N."""
    flows = of([100, 150], entered=entered, left=left, years=1)
    own, others = left[0] / 100, left[1] / 150
    hired = entered[0] / sum(entered)
    a, b = 1 - own + hired * (own - others), hired * others
    found = pace.years_to_parity(flows, city(0.5, 0.5), replicates=2, horizon=2)
    assert found["tends_to"][0] == pytest.approx(b / (1 - a))
    path = pace.projected(flows, city(0.5, 0.5), horizon=9, replicates=2)
    path = path.loc[path["group"] == "A", "estimate"]
    closed = b / (1 - a) + (0.4 - b / (1 - a)) * a ** np.arange(10)
    assert path.to_numpy() == pytest.approx(closed)


@relaxed
@given(left=st.tuples(counts, counts), entered=st.tuples(counts, counts))
def test_two_groups_mirror_one_another(left, entered):
    flows = of([100, 150], entered=entered, left=left, years=1)
    path = pace.projected(flows, city(0.5, 0.5), horizon=5, **FEW)
    both = path.groupby("year")["estimate"].sum()
    assert both.to_numpy() == pytest.approx(np.ones(6))


def test_leaving_alike_the_share_tends_to_that_of_hires():
    flows = of([100, 150, 50], entered=[30, 50, 20], left=[20, 30, 10], years=1)
    found = pace.years_to_parity(flows, city(0.3, 0.5, 0.2), replicates=2)
    assert found["tends_to"].tolist() == pytest.approx([0.3, 0.5, 0.2])


def test_simulated_paths_lie_about_the_expected_one():
    """With rates known almost exactly, the mean of the paths is the recurrence."""
    many = 10**7  # person-years: the rates are certain
    flows = of(
        [200, 800],
        entered=[4 * many, 6 * many],
        left=[many, many],
        exposure=[10 * many, 10 * many],
    )
    table = pace.projected(flows, city(0.3, 0.7), horizon=8, replicates=2000)
    last = table[(table["group"] == "A") & (table["year"] == 8)].iloc[0]
    expected = 0.4 - 0.2 * 0.9**8
    assert last["estimate"] == pytest.approx(expected)
    middle = (last["conf_low"] + last["conf_high"]) / 2
    assert middle == pytest.approx(expected, abs=0.004)
    # in a path each person stays eight years with 0.9 ** 8, and posts are filled
    # independently: a spread between that of hires alone and of all posts
    width = (last["conf_high"] - last["conf_low"]) / 2 / 1.96
    assert 0.6 < width / np.sqrt(expected * (1 - expected) / 1000) < 1.01
    # ... and the year of parity has no width
    found = pace.years_to_parity(flows, city(0.3, 0.7), replicates=200).iloc[0]
    assert found[["conf_low", "estimate", "conf_high"]].tolist() == [7, 7, 7]


def test_a_pace_that_leads_elsewhere_says_so():
    """Two of ten in post, one of ten hires, three of ten wanted."""
    flows = of([200, 800], entered=[30, 270], left=[60, 240])
    found = pace.years_to_parity(flows, city(0.3, 0.7), **FEW).set_index("group")
    row = found.loc["A"]
    assert np.isnan(row["estimate"])
    assert np.isnan(row["conf_high"])
    assert row["state"] == "not within 30 years"
    assert row["reached"] < 0.01
    assert row["tends_to"] == pytest.approx(0.1)
    assert found.loc["B", "state"] == "at parity now"
    assert found.loc["B", ["estimate", "conf_low", "conf_high"]].tolist() == [0, 0, 0]


def test_a_share_touched_by_chance_is_no_arrival():
    """Nine of 300 want to be eleven; the pace leads to eight: most paths touch it."""
    flows = of([9, 291], entered=[8, 292], left=[9, 291])
    found = pace.years_to_parity(flows, city(11 / 300, 289 / 300), **FEW).iloc[0]
    assert found["reached"] > 0.5
    assert np.isfinite(found["median"])
    assert np.isnan(found["estimate"])
    assert found["state"] == "not within 30 years"


def test_the_margin_of_the_benchmark_widens():
    known = pace.years_to_parity(EVEN, city(0.3, 0.7), replicates=1000).iloc[0]
    vague = city(0.3, 0.7, moe=0.05)
    found = pace.years_to_parity(EVEN, vague, replicates=1000).iloc[0]
    assert found["estimate"] == known["estimate"]
    assert found["conf_low"] < known["conf_low"]
    assert np.isnan(found["conf_high"]) or found["conf_high"] > known["conf_high"]
    needed = pace.hires_needed(EVEN, city(0.3, 0.7), replicates=1000).iloc[0]
    wide = pace.hires_needed(EVEN, vague, replicates=1000).iloc[0]
    assert wide["conf_low"] < needed["conf_low"] <= needed["estimate"]
    assert wide["conf_high"] > needed["conf_high"] >= needed["estimate"]


def test_posts_that_drift_shrink_the_workforce():
    """Half as many hired as leave: the others shrink too, and the share moves on."""
    flows = of([200, 800], entered=[60, 90], left=[60, 240])
    table = pace.projected(flows, city(0.3, 0.7), horizon=2, posts="drifts", **FEW)
    # 200 - 20 + 20 and 800 - 80 + 30, and once more
    first, second = 200 / 950, 200 / (200 + 750 - 75 + 30)
    path = table.loc[table["group"] == "A", "estimate"]
    assert path.tolist() == pytest.approx([0.2, first, second])


def test_hires_needed_by_hand():
    """Of 200 people 200 * 0.9 ** 5 = 118.098 stay; 300 are wanted.

    Each yearly hire leaves 1 + 0.9 + 0.81 + 0.729 + 0.6561 = 4.0951 after five years:
    181.902 / 4.0951 = 44.42, so 45 a year, of 100 openings.
    """
    row = pace.hires_needed(EVEN, city(0.3, 0.7), **FEW).iloc[0]
    assert row["estimate"] == 45
    assert (row["hires_now"], row["openings"]) == (40, 100)
    assert row["share_of_openings"] == pytest.approx(0.45)
    assert bool(row["possible"])
    # all posts in one year: 1,000 - 180 leave 820, and there are 100 openings
    row = pace.hires_needed(EVEN, city(1.0, 0.0), within=1, **FEW).iloc[0]
    assert row["estimate"] == 820
    assert not row["possible"]


@relaxed
@given(
    people=st.integers(0, 300),
    left=st.integers(0, 90),
    wanted=st.integers(0, 500),
    years=st.integers(1, 6),
)
def test_hires_needed_are_the_least_that_do(people, left, wanted, years):
    """Walking year by year in fractions, that many suffice and one less does not."""
    flows = of(
        [people, 500 - people], entered=[30, 70], left=[left, 40], exposure=[90, 500]
    )
    share = city(wanted / 500, 1 - wanted / 500)
    table = pace.hires_needed(flows, share, within=years, replicates=2)
    needed = int(table["estimate"][0])

    def after(hires):
        group = Fraction(people)
        for _ in range(years):
            group = group - group * Fraction(left, 90) + hires
        return group

    assert after(needed) >= wanted
    assert needed == 0 or after(needed - 1) < wanted


def test_boundaries_are_exact():
    """A tenth of thirty is three people, though 0.1 * 30 > 3 in floating point."""
    assert ceil(Fraction(0.1) * 30) == 4
    flows = of([0, 30], entered=[1, 9], left=[0, 3], exposure=[10, 90])
    table = pace.hires_needed(flows, city(0.1, 0.9), within=1, replicates=2)
    assert table["estimate"][0] == 3
    found = pace.years_to_parity(of([3, 27], [1, 9], [1, 9]), city(0.1, 0.9), **FEW)
    assert found["state"].tolist() == ["at parity now"] * 2


def test_limits_cover_the_years_of_the_true_pace():
    """150 histories of three years: the year under the true rates is inside.

    The share of the group follows 0.4 - 0.2 * 0.9 ** year, and has 0.3 after 7 years.
    The limits of the share in five years hold what the next five years bring.
    """
    random = np.random.default_rng(5)
    inside = np.zeros(2)
    for _ in range(150):
        left = random.binomial([600, 2400], 0.1)
        entered = random.multinomial(left.sum(), [0.4, 0.6])
        flows = of([200, 800], entered=entered, left=left)
        table = pace.years_to_parity(flows, city(0.3, 0.7), horizon=12, **FEW)
        row = table.iloc[0]
        high = np.inf if np.isnan(row["conf_high"]) else row["conf_high"]
        table = pace.projected(flows, city(0.3, 0.7), horizon=5, **FEW)
        last = table[(table["group"] == "A") & (table["year"] == 5)].iloc[0]
        group = 200
        for _ in range(5):
            gone, others = random.binomial([group, 1000 - group], 0.1)
            group += random.binomial(gone + others, 0.4) - gone
        inside += [
            row["conf_low"] <= 7 <= high,
            last["conf_low"] <= group / 1000 <= last["conf_high"],
        ]
    assert (inside / 150 > 0.9).all(), inside


def test_tables_keep_what_they_were_given():
    flows, benchmark = EVEN.copy(), city(0.3, 0.7, moe=0.01)
    for function in FUNCTIONS:
        table = function(flows, benchmark, **FEW)
        assert set(MEASURE_COLUMNS) <= set(table)
        pd.testing.assert_frame_equal(table, function(flows, benchmark, **FEW))
        low, high = table["conf_low"], table["conf_high"]
        assert (low.isna() | high.isna() | (low <= high)).all()
    pd.testing.assert_frame_equal(flows, EVEN)
    pd.testing.assert_frame_equal(benchmark, city(0.3, 0.7, moe=0.01))


def test_what_cannot_be_known_is_missing():
    """A group without a benchmark; nobody in post; no hires at all."""
    found = pace.years_to_parity(EVEN, city(0.3), **FEW).set_index("group")
    assert found.loc["B", "state"] == "not known"
    names = ["benchmark", "estimate", "conf_low", "conf_high", "reached", "median"]
    assert found.loc["B", names].isna().all()
    needed = pace.hires_needed(EVEN, city(0.3), **FEW)
    assert needed.loc[1, ["estimate", "conf_low", "possible"]].isna().all()
    nobody = of([200, 0], entered=[9, 0], left=[9, 0])
    found = pace.years_to_parity(nobody, city(0.9, 0.1), **FEW)
    assert found["state"].tolist()[1] == "not known"
    closed = of([200, 800], entered=[0, 0], left=[9, 40])
    found = pace.years_to_parity(closed, city(0.3, 0.7), **FEW)
    assert found["state"].tolist() == ["not known"] * 2


@pytest.mark.parametrize("function", FUNCTIONS)
def test_refusals(function):
    benchmark = city(0.3, 0.7)
    with pytest.raises(ColumnNotFoundError, match="exposure"):
        function(EVEN.drop(columns="exposure"), benchmark)
    with pytest.raises(InputError, match="column left is negative or missing in 1 of"):
        function(EVEN.assign(left=[np.nan, 3]), benchmark)
    with pytest.raises(InputError, match="left exceeds exposure"):
        function(EVEN.assign(left=[601, 3]), benchmark)
    with pytest.raises(InputError, match="population is not whole in 1 rows"):
        function(EVEN.assign(population=[0.5, 3]), benchmark)
    with pytest.raises(InputError, match="nobody is in post"):
        function(EVEN.assign(population=0), benchmark)
    with pytest.raises(InputError, match="a group has several rows"):
        function(EVEN.assign(group="A"), benchmark)
    with pytest.raises(ParamsError, match="0 replicates"):
        function(EVEN, benchmark, replicates=0)
    with pytest.raises(ParamsError, match="confidence is 95"):
        function(EVEN, benchmark, confidence=95)


def test_posts_are_held_or_drift():
    with pytest.raises(ParamsError, match="'grow' is not known; one of held, drifts"):
        pace.years_to_parity(EVEN, city(0.3, 0.7), posts="grow")
