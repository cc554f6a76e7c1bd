"""Comparisons of groups against published values, identities and edges."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import disparity
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=30, derandomize=True)

HIRES = pd.DataFrame(
    {"group": ["Black", "White"], "events": [48, 56], "population": [80, 70]}
)


def rates(**counts):
    groups = list(counts)
    events, population = zip(*counts.values(), strict=True)
    return pd.DataFrame({"group": groups, "events": events, "population": population})


@st.composite
def two_groups(draw, least=0):
    counts = {}
    for group in ("Black", "White"):
        population = draw(st.integers(max(least, 1), 5000))
        counts[group] = draw(st.integers(least, population)), population
    return rates(**counts)


def test_rate_has_wilson_limits():
    # Newcombe 1998, Stat Med 17, 857-872, Table I
    table = disparity.rate(rates(A=(81, 263), B=(0, 20), C=(0, 0), D=(np.nan, 9)))
    np.testing.assert_allclose(table["conf_low"][:2], [0.2553, 0], atol=5e-5)
    np.testing.assert_allclose(table["conf_high"][:2], [0.3662, 0.1611], atol=5e-5)
    assert table.loc[2:, ["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    assert table["reference"].isna().all()


def test_difference_is_newcombes():
    # Newcombe 1998, Stat Med 17, 873-890, Table II, example (a)
    black = disparity.difference(HIRES, reference="White").iloc[0]
    assert (black["conf_low"], black["conf_high"]) == pytest.approx(
        (-0.3339, -0.0524), abs=5e-5
    )
    assert black["estimate"] == pytest.approx(-0.2)


@relaxed
@given(two_groups(least=1))
def test_swapping_group_and_reference_turns_ratios_over(counts):
    for function in (disparity.ratio, disparity.rate_ratio):
        black = function(counts, reference="White").iloc[0]
        white = function(counts, reference="Black").iloc[1]
        assert white["estimate"] == pytest.approx(1 / black["estimate"])
        assert (white["conf_low"], white["conf_high"]) == pytest.approx(
            (1 / black["conf_high"], 1 / black["conf_low"]), nan_ok=True
        )


@relaxed
@given(two_groups())
def test_limits_bracket_the_estimate_and_inputs_are_unchanged(counts):
    before = counts.copy()
    named = {"reference": "White"}
    for table in (
        disparity.rate(counts),
        disparity.ratio(counts, **named),
        disparity.rate_ratio(counts, **named),
        disparity.difference(counts, **named),
        disparity.people_to_parity(counts, **named),
        disparity.people_to_parity(counts, direction=disparity.LOWER, **named),
    ):
        known = table.dropna(subset=["estimate", "conf_low", "conf_high"])
        assert (known["conf_low"] <= known["estimate"] + 1e-9).all()
        assert (known["conf_high"] >= known["estimate"] - 1e-9).all()
        assert table.columns[:3].tolist() == counts.columns.tolist()
        assert table.columns[3:10].tolist() == list(MEASURE_COLUMNS)
    pd.testing.assert_frame_equal(counts, before)


def test_ratios_at_their_edges():
    counts = rates(A=(0, 10), B=(5, 10), C=(10, 10), D=(np.nan, 10), E=(0, 0))
    table = disparity.ratio(counts, reference="B")
    np.testing.assert_array_equal(table["estimate"], [0, 1, 2, np.nan, np.nan])
    assert table["conf_low"].isna().tolist() == [True, True, False, True, True]
    nobody = disparity.ratio(counts, reference="A")
    assert nobody["estimate"].isna().all()
    alike = disparity.ratio(counts, reference="C")
    assert alike["conf_low"].isna().tolist() == [True, False, True, True, True]


def test_someone_can_count_twice_in_a_rate_ratio():
    # Rothman's breast cancer and fluoroscopy data, 1.86 (1.03 to 3.35)
    counts = rates(Exposed=(41, 28.010), Unexposed=(15, 19.017))
    exposed = disparity.rate_ratio(counts, reference="Unexposed").iloc[0]
    assert exposed[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [1.86, 1.03, 3.35], abs=0.005
    )


def test_people_to_parity_is_exact():
    # one third of 300 is exactly 100, though 1/3 is no double
    counts = rates(Black=(70, 300), White=(1, 3))
    table = disparity.people_to_parity(counts, reference="White")
    assert table["people_to_parity"].tolist() == [30, 0]
    assert table["direction"].eq("higher is better").all()


@relaxed
@given(two_groups())
def test_people_to_parity_reach_parity_and_no_fewer_do(counts):
    for direction, sign in ((disparity.HIGHER, 1), (disparity.LOWER, -1)):
        black, white = disparity.people_to_parity(
            counts, reference="White", direction=direction
        ).itertuples()
        goal = sign * Fraction(white.events, white.population)
        people = int(black.people_to_parity)
        assert sign * Fraction(black.events + sign * people, black.population) >= goal
        if people:
            short = black.events + sign * (people - 1)
            assert sign * Fraction(short, black.population) < goal


def test_parity_index_of_any_measure():
    table = disparity.parity_index(disparity.rate(HIRES), reference="White")
    assert table["estimate"].tolist() == pytest.approx([0.75, 1])
    assert table["value"].tolist() == [0.6, 0.8]
    assert table["value_measure"].eq("rate").all()
    assert table["measure"].eq("parity index").all()
    # for proportions it comes close to Katz's limits
    katz = disparity.ratio(HIRES, reference="White")
    assert table["conf_low"][0] == pytest.approx(katz["conf_low"][0], abs=0.01)
    assert table["conf_high"][0] == pytest.approx(katz["conf_high"][0], abs=0.02)
    assert table["conf_low"].isna().tolist() == [False, True]
    with pytest.raises(InputError, match="holds 2 levels"):
        disparity.parity_index(
            disparity.rate(HIRES).assign(confidence=[0.9, 0.95]), reference="White"
        )


@pytest.mark.parametrize(
    "measure",
    [
        disparity.ratio,
        disparity.rate_ratio,
        disparity.difference,
        disparity.people_to_parity,
    ],
)
def test_wrong_tables_are_refused_with_the_fact(measure):
    with pytest.raises(UnknownGroupError, match="'Blck' matches 0 rows of group"):
        measure(HIRES, reference="Blck")
    with pytest.raises(ColumnNotFoundError, match="population"):
        measure(HIRES.drop(columns="population"), reference="White")
    with pytest.raises(ColumnNotFoundError, match="group"):
        measure(HIRES.drop(columns="group"), reference="White")
    with pytest.raises(InputError, match="column events is negative in 1 of 2 rows"):
        measure(HIRES.assign(events=[-1, 2]), reference="White")


def test_wrong_choices_are_refused():
    with pytest.raises(ParamsError, match="direction is 'up'"):
        disparity.people_to_parity(HIRES, reference="White", direction="up")
    with pytest.raises(InputError, match="column events is not a whole number"):
        disparity.people_to_parity(HIRES.assign(events=[0.5, 3]), reference="White")


def test_categorical_groups_and_any_index_are_kept():
    counts = HIRES.astype({"group": "category"}).set_index(pd.Index([7, 7]))
    for table in (
        disparity.ratio(counts, reference="White"),
        disparity.people_to_parity(counts, reference="White"),
    ):
        assert table.index.tolist() == [7, 7]
        assert table["group"].dtype == counts["group"].dtype
