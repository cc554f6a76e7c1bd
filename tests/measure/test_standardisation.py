"""Direct standardisation: published values, identities, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError, ParamsError, UnknownGroupError
from equity.measure import intervals
from equity.measure.standardisation import standardised
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)

# age_standardisation_a: R epitools, documentation of ageadjust.direct; Selvin, Down
# syndrome by birth order. The numbers may be quoted with their source.
BIRTHS = pd.DataFrame(
    {
        "group": "Michigan",
        "stratum": ["1", "2", "3", "4", "5", "6+"],
        "events": [107, 141, 60, 40, 39, 25],
        "population": [230061, 329449, 114920, 39487, 14208, 3052],
    }
)
STANDARD = dict(
    zip(
        BIRTHS["stratum"],
        [319933, 931318, 786511, 488235, 237863, 61313],
        strict=True,
    )
)


def two(a=(10, 40), b=(30, 20)):
    return pd.DataFrame(
        {
            "group": ["A", "A", "B", "B"],
            "stratum": ["young", "old"] * 2,
            "events": [*a, *b],
            "population": [1000, 1000, 3000, 500],
        }
    )


def test_down_syndrome_by_birth_order():
    row = standardised(BIRTHS, standard=STANDARD).iloc[0]
    assert row["crude"] == pytest.approx(0.000563475054603742, rel=1e-6)
    assert row["estimate"] == pytest.approx(0.000923045255331994, rel=1e-6)
    assert row["conf_low"] == pytest.approx(0.000804417498507042, rel=1e-6)
    assert row["conf_high"] == pytest.approx(0.00105763345749261, rel=1e-6)


@relaxed
@given(st.integers(0, 500), st.integers(1, 100_000))
def test_one_stratum_has_the_exact_poisson_limits(events, population):
    rates = pd.DataFrame(
        {"group": ["A"], "stratum": "all", "events": events, "population": population}
    )
    row = standardised(rates, standard={"all": 7}).iloc[0]
    low, high = intervals.poisson_exact(events)
    assert row["crude"] == events / population
    assert row["estimate"] == pytest.approx(row["crude"])
    assert row["conf_low"] == pytest.approx(low / population)
    assert row["conf_high"] == pytest.approx(high / population)


@relaxed
@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.floats(0.01, 100))
def test_identities(events, scale):
    """One's own make-up gives the crude rate; only proportions of a standard matter."""
    rates = two(events[:2], events[2:])
    before = rates.copy()
    own = standardised(rates, standard={"young": 3000, "old": 500}).set_index("group")
    assert own.loc["B", "estimate"] == pytest.approx(own.loc["B", "crude"])
    scaled = {"young": 3000 * scale, "old": 500 * scale}
    again = standardised(rates, standard=scaled).set_index("group")
    columns = ["estimate", "conf_low", "conf_high"]
    np.testing.assert_allclose(again[columns], own[columns], rtol=1e-9)
    assert (own["conf_low"] <= own["estimate"]).all()
    assert (own["conf_high"] >= own["estimate"]).all()
    pd.testing.assert_frame_equal(rates, before)


def test_comparisons_and_their_columns():
    """By hand: 0.01 of the young and 0.04 of the old in either group."""
    table = standardised(two(), standard={"young": 1, "old": 3}, reference="A")
    assert list(table.columns) == [
        *("group", "events", "population", "statistic"),
        *(*MEASURE_COLUMNS, "crude"),
    ]
    b = table[table["group"] == "B"].set_index("statistic")
    assert b["estimate"].to_dict() == pytest.approx(
        {"level": 0.0325, "difference": 0, "ratio": 1}
    )
    assert b.loc["ratio", "conf_low"] < 1 < b.loc["ratio", "conf_high"]
    own = table[(table["group"] == "A") & (table["statistic"] != "level")]
    assert own[["conf_low", "conf_high"]].isna().all(axis=None)
    turned = standardised(two((5, 40)), standard={"young": 1, "old": 3}, reference="B")
    there = standardised(two((5, 40)), standard={"young": 1, "old": 3}, reference="A")

    def ratio(table, group):
        rows = table[(table["statistic"] == "ratio") & (table["group"] == group)]
        return rows.iloc[0][["estimate", "conf_low", "conf_high"]].astype(float)

    ahead, back = ratio(there, "B"), ratio(turned, "A")
    assert back["estimate"] == pytest.approx(1 / ahead["estimate"])
    assert back["conf_low"] == pytest.approx(1 / ahead["conf_high"])


def test_no_events_and_nobody_are_two_things():
    rates = two((0, 0)).assign(population=[1000, 1000, 3000, 0], events=[0, 0, 3, 0])
    table = standardised(rates, standard={"young": 1, "old": 1}).set_index("group")
    assert table.loc["A", "estimate"] == table.loc["A", "conf_low"] == 0
    # No events: shape one, scale the largest weight of an event, 0.5 / 1000.
    assert table.loc["A", "conf_high"] == pytest.approx(0.0005 * -np.log(0.025))
    assert table.loc["B", ["estimate", "conf_low", "conf_high"]].isna().all()
    absent = standardised(two().iloc[:3], standard={"young": 1, "old": 1})
    assert absent["estimate"].isna().tolist() == [False, True]
    masked = standardised(
        two().assign(events=[10, np.nan, 30, 20]), standard={"young": 1, "old": 1}
    )
    assert masked["estimate"].isna().tolist() == [True, False]
    weightless = standardised(rates, standard={"young": 1, "old": 0})
    assert weightless["estimate"].tolist() == pytest.approx([0, 0.001])


@pytest.mark.parametrize(
    ("change", "standard", "message"),
    [
        ({}, {"young": 1}, "strata \\['old'\\] are not in the standard"),
        ({}, {"young": -1, "old": 1}, "standard is negative"),
        ({}, {"young": 0, "old": 0}, "nothing in all"),
        ({"events": -1}, {"young": 1, "old": 1}, "events is negative in 4 of 4"),
        ({"stratum": "old"}, {"old": 1}, "2 of 4 rows repeat a group and stratum"),
    ],
)
def test_refusals(change, standard, message):
    with pytest.raises(InputError, match=message):
        standardised(two().assign(**change), standard=standard)


def test_an_unknown_reference_and_a_wrong_confidence_are_refused():
    standard = {"young": 1, "old": 1}
    with pytest.raises(UnknownGroupError, match="'C' matches 0 rows"):
        standardised(two(), standard=standard, reference="C")
    with pytest.raises(ParamsError, match="confidence is 95"):
        standardised(two(), standard=standard, confidence=95)


def test_limits_cover_sparse_rates():
    """2,000 draws of about nine events in three strata; at least 95 % by design."""
    population, chance = np.array([900, 300, 60]), np.array([0.004, 0.01, 0.03])
    weight, random = np.array([0.3, 0.3, 0.4]), np.random.default_rng(2)
    events = random.poisson(population * chance, (2000, 3))
    rates = pd.DataFrame(
        {
            "group": np.repeat(np.arange(2000).astype(str), 3),
            "stratum": np.tile(["a", "b", "c"], 2000),
            "events": events.ravel(),
            "population": np.tile(population, 2000),
        }
    )
    table = standardised(rates, standard=dict(zip("abc", weight, strict=True)))
    truth = weight @ chance
    inside = (table["conf_low"] <= truth) & (table["conf_high"] >= truth)
    assert 0.94 <= inside.mean() <= 0.99
