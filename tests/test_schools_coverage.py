"""Invented districts are what they say; intervals half as wide would be seen."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks import district_truths, districts, schools_coverage
from equity.measure import school_gaps

SEEDS = range(100, 108)  # eight districts of each kind
LEAST = 0.85  # of intervals that promise 95 %; half as wide, most hold 67 %
# Wider than chance alone asks for: they carry what masks may hide.
WIDE = [
    *("graduation rate, masked counts", "difference in graduation, masked counts"),
    f"{schools_coverage.WITHIN}, counts below 10 masked",
]


@pytest.fixture(scope="module")
def rows():
    """Intervals of a few districts, with gaps and without."""
    drawn = [schools_coverage.simulate((n, gap)) for gap in (1.0, 0.0) for n in SEEDS]
    return pd.concat(drawn).dropna(subset=["low", "high"])


def shares(rows):
    return schools_coverage.held(rows).groupby(rows["measure"]).mean()


def halved(rows):
    middle, width = rows[["low", "high"]].mean(axis=1), rows["high"] - rows["low"]
    return rows.assign(low=middle - width / 4, high=middle + width / 4)


def test_every_interval_holds_the_truth_about_as_often_as_promised(rows):
    found = shares(rows)
    assert len(found) == 26
    assert found.min() > LEAST, found.idxmin()


def test_intervals_half_as_wide_would_be_seen(rows):
    """The test above can fail: half of no interval would do, but of masked ones."""
    found = shares(halved(rows))
    assert found.drop(WIDE).max() < LEAST, found.drop(WIDE).idxmax()


def test_a_bound_that_leaves_out_the_truth_stops_the_benchmark():
    town = districts.draw(1, 1.0)
    masked = districts.graduation_masked(town)
    districts.check_bounds(town, masked)
    off = masked.assign(events_high=masked["events_low"])
    with pytest.raises(AssertionError):
        districts.check_bounds(town, off)


@pytest.mark.parametrize("gap", [1.0, 0.0])
def test_truths_of_all_schools_are_those_of_a_great_many(gap):
    """Means, ranks and shares of 8,000 schools in plain numpy, without any measure."""
    town = districts.draw(3, gap, schools=8000)
    scores = districts.scores(town)
    parts = district_truths.parts_of_like_schools(town)
    v = district_truths.v_of_schools_like_these(town)
    mean = scores.groupby("group")["score"].mean()
    base = scores.loc[scores["group"] == districts.REFERENCE, "score"]
    base = np.sort(base.to_numpy())
    for at, group in enumerate(districts.GROUPS[:-1]):
        total = mean[group] - mean[districts.REFERENCE]
        assert parts[group][school_gaps.TOTAL] == pytest.approx(total, abs=0.03)
        own = scores.loc[scores["group"] == group, "score"].to_numpy()
        chance = np.searchsorted(base, own).mean() / len(base)
        assert norm.cdf(v[group] / 2**0.5) == pytest.approx(chance, abs=0.01)
        pair = town.number[:, [at, districts.BASE]].astype(float)
        pair = pair[pair.sum(axis=1) > 0]
        share, whole = pair[:, 0] / pair.sum(axis=1), pair[:, 0].sum() / pair.sum()
        spread = np.average((share - whole) ** 2, weights=pair.sum(axis=1))
        said = parts[group][school_gaps.SEGREGATION]
        assert said == pytest.approx(spread / (whole * (1 - whole)), rel=0.04)


@pytest.mark.parametrize("gap", [1.0, 0.0])
def test_truths_of_these_schools_are_those_of_their_students_without_chance(gap):
    """Draw the same district's chance away: expected scores, and no noise."""
    town = districts.draw(5, gap)
    table = town.student.assign(
        score=town.expected_here[town.student["school"], town.student["at"]]
    )
    mean = table.groupby("at")["score"].mean()
    spread = (districts.SPREAD[table["at"]] ** 2).mean() + table["score"].var(ddof=0)
    gaps = district_truths.standardised_gaps(town)
    parts = district_truths.parts_of_these_schools(town)
    for at, group in enumerate(districts.GROUPS[:-1]):
        total = mean[at] - mean[districts.BASE]
        assert gaps[group] == pytest.approx(total / spread**0.5, abs=1e-9)
        found = parts[group]
        assert found[school_gaps.TOTAL] == pytest.approx(total, abs=1e-9)
        assert total == pytest.approx(
            found[school_gaps.WITHIN]
            + found[school_gaps.AMBIGUOUS]
            + found[school_gaps.BETWEEN]
        )
    if not gap:
        nothing = [district_truths.v_of_these_schools(town), gaps]
        assert max(abs(value) for truths in nothing for value in truths.values()) < 1e-9
        assert set(district_truths.growth_truth(town).values()) == {0.0}
        ratios = (
            district_truths.risk_ratios(town),
            district_truths.weighted_risk_ratios(town),
        )
        assert all(
            value == pytest.approx(1) for truths in ratios for value in truths.values()
        )
