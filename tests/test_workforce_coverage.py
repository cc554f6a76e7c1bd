"""The intervals of the workforce measures are as wide as they say, of invented cities.

How often they hold the truth is in `docs/coverage.md`, of hundreds of cities. Of a few,
the distance of the truth from the middle tells more than whether it is inside: in half
widths of a 95 % interval its root mean square is 1 / 1.96 = 0.51, and 1.02 if intervals
are too narrow by a factor of two.
"""

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, workforce_coverage, workforce_truths
from equity.sample import city
from equity.sample.common import RACES, REFERENCE, Options
from equity.sample.expected import flows
from equity.sample.expected_pay import Paid

CITIES = range(1, 7)
BAR = 0.75  # half way between 0.51 and 1.02
OTHER = ("median pay on steps", "years to parity", "by the rule of")  # not by halves


@pytest.fixture(scope="module")
def measured():
    """Six cities with planted gaps, limits beside the truth."""
    found = [workforce_coverage.simulate((seed, 1.0)) for seed in CITIES]
    return pd.concat(found, ignore_index=True)


def off(rows):
    """How far truths lie from the middle of their limits, in half widths."""
    rows = rows[~rows["measure"].str.contains("|".join(OTHER))]
    rows = rows.dropna(subset=["low", "high"])
    kind = rows["measure"].str.replace(r"at the \d+% quantile", "", regex=True)
    values = rows[["low", "truth", "high"]].to_numpy(dtype=float, copy=True)
    ratio = rows["measure"].str.endswith("ratio").to_numpy()
    values[ratio] = np.log(values[ratio])
    low, truth, high = values.T
    square = (truth - (low + high) / 2) ** 2 / ((high - low) / 2) ** 2
    return np.sqrt(pd.Series(square, rows.index).groupby(kind).mean())


def test_truths_lie_as_far_from_the_middle_as_intervals_are_wide(measured):
    found = off(measured)
    assert len(found) == 16
    assert found.max() < BAR, found.round(2).to_string()


def test_half_as_wide_they_would_not_pass(measured):
    """The bar can fail: each measure's would, with limits half as far apart."""
    middle = measured[["low", "high"]].mean(axis=1)
    narrow = measured.assign(
        low=(measured["low"] + middle) / 2, high=(measured["high"] + middle) / 2
    )
    found = off(narrow)
    assert found.min() > BAR, found.round(2).to_string()


def test_most_intervals_hold_the_truth(measured):
    rows = measured.dropna(subset=["low", "high"])
    inside = rows["truth"].between(rows["low"] - 1e-9, rows["high"] + 1e-9)
    assert inside.mean() > 0.93
    for name in ("median pay on steps", "years to parity"):
        assert inside[rows["measure"].str.startswith(name)].mean() > 0.9


def test_a_verdict_is_counted_and_what_never_comes_may_be_true():
    rows = pd.DataFrame(
        {
            "measure": ["a rule"] * 4 + ["years"] * 2,
            "group": "A",
            "truth": [np.nan] * 4 + [np.inf, np.inf],
            "low": [np.nan] * 4 + [3.0, 3.0],
            "high": [np.nan] * 4 + [np.inf, 9.0],
            "flagged": [1.0, 0.0, 1.0, 1.0, np.nan, np.nan],
            "gap": [0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        }
    )
    lines = coverage.report(rows, no_null=["years"]).splitlines()
    assert lines[2] == "| a rule | – | – | – | 66.7% | 4 |"
    assert lines[3] == "| years | 50.0% | – | 50.0% | – | 2 |"
    assert lines[-1] == "Without limits: 0 of 6."


# --- the truths, from what was planted ------------------------------------------------


def test_parts_of_a_gap_by_hand():
    """Clerks at 10, chiefs at 11: a third against two thirds, and 0.2 less in each."""
    kinds = len(workforce_truths.CATEGORIES)
    shape = (len(workforce_truths.DEPARTMENTS), 2, 1, kinds, 1)

    def paid(clerks, chiefs, less):
        people, log_pay = np.zeros(shape), np.full(shape, 10.0 - less)
        people[0, :, 0, 0, 0], people[0, :, 0, 1, 0] = clerks, chiefs
        log_pay[:, :, :, 1] += 1
        return Paid(log_pay, people, np.array([1.0, 2.0]))

    ways = [paid(1, 2, 0.0) for _ in RACES]
    ways[0] = paid(2, 1, 0.2)
    gap, explained, rest = workforce_truths.parts(ways)
    assert gap[0] == pytest.approx(-1 / 3 - 0.2)
    assert explained[0] == pytest.approx(-1 / 3)
    assert rest[0] == pytest.approx(-0.2)
    assert np.allclose(gap[1:], 0, atol=1e-12)


def test_a_quantile_of_two_kinds_of_people_by_hand():
    """Far apart, so that half of the lower half are a quarter of all."""
    people = np.ones((1, 2, 1, 1, 1))
    log_pay = np.array([10.0, 20.0]).reshape(people.shape)
    paid = Paid(log_pay, people, np.array([1.0, 2.0]))
    assert workforce_truths.quantile(paid, 0.25) == pytest.approx(10)
    assert workforce_truths.quantile(paid, 0.75) == pytest.approx(20)
    assert workforce_truths.on_scale(10.024) == 10.0
    assert workforce_truths.on_scale(10.026) == pytest.approx(10.05)


def test_years_to_parity_begin_with_those_in_post():
    """A city without gaps keeps its shares: who is there stays, who is not never is."""
    options = Options(tracts=12, quarters=4, size=0.1, workforce_gap=0)
    town = city.build(options)
    found = flows(options, town)
    base = RACES.index(REFERENCE)
    people = found.staff().sum(axis=0)
    people[base] += 5
    years = workforce_truths.years_to_parity(found, people, town)
    assert years[base] == 0
    assert np.isinf(np.delete(years, base)).all()


def test_years_to_parity_by_the_formula():
    """All leave alike: the share nears that of hires as (1 - rate) to the years."""
    options = Options(tracts=12, quarters=4, size=0.1, workforce_gap=0)
    town = city.build(options)
    found = flows(options, town)
    rate = found.left.sum() / found.stock[0].sum()
    base = RACES.index(REFERENCE)
    hired = np.zeros_like(found.hired)
    hired[..., base] = found.hired.sum(axis=-1)  # nobody else is hired
    people = np.full(len(RACES), 10.0)
    years = workforce_truths.years_to_parity(
        type(found)(found.stock, found.left, hired), people, town
    )
    others = (1 - 1 / len(RACES)) * (1 - rate) ** np.arange(31)
    wanted = np.flatnonzero(1 - others >= town.shares[base])[0]
    assert years[base] == wanted > 0
