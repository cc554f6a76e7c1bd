"""The measure table and the checks on what it is made from."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import table

RATES = pd.DataFrame(
    {"group": ["Black", "White"], "events": [5, 9], "population": [10, 12]}
)


def test_missing_columns_are_named_with_those_found():
    with pytest.raises(ColumnNotFoundError, match=r"\['rate'\] are missing; found"):
        table.require_columns(RATES, ["group", "rate"])


@pytest.mark.parametrize("dtype", ["str", "category"])
def test_reference_is_found_by_its_label(dtype):
    frame = RATES.astype({"group": dtype}).set_axis(["x", "y"])
    assert table.position_of(frame, "White") == 1


def test_unknown_reference_says_what_was_expected():
    with pytest.raises(UnknownGroupError) as error:
        table.position_of(RATES, "Blck")
    assert str(error.value) == (
        "'Blck' matches 0 rows of group; expected one of ['Black', 'White']"
    )


def test_repeated_reference_is_refused():
    with pytest.raises(UnknownGroupError, match="'White' matches 2 rows"):
        table.position_of(pd.concat([RATES, RATES]), "White")


def test_missing_group_is_nobodys_reference():
    frame = pd.DataFrame({"group": ["White", None]})
    assert table.position_of(frame, "White") == 0


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, True, float("nan")])
def test_confidence_is_a_proportion(confidence):
    with pytest.raises(ParamsError, match="confidence is"):
        table.check_confidence(confidence)


@pytest.mark.parametrize(
    ("counts", "rules", "message"),
    [
        ({"events": [-1, 1]}, {}, "column events is negative in 1 of 2 rows"),
        ({"events": [np.inf, 1]}, {}, "column events is not finite in 1 of 2 rows"),
        ({"population": [1, 1]}, {}, "column events exceeds population in 2 of 2"),
        ({"events": [1.5, 2]}, {"whole": True}, "column events is not a whole number"),
        ({"events": ["a", "b"]}, {}, "column events holds values that are not numbers"),
    ],
)
def test_impossible_counts_are_refused(counts, rules, message):
    with pytest.raises(InputError, match=message):
        table.check_counts(RATES.assign(**counts), **rules)


def test_missing_counts_pass_and_stay_missing():
    masked = RATES.assign(events=pd.array([None, 9], "Int64"))
    events, population = table.check_counts(masked, whole=True)
    np.testing.assert_array_equal(events, [np.nan, 9])
    np.testing.assert_array_equal(population, [10, 12])


def test_someone_may_count_twice_when_told_so():
    events, _ = table.check_counts(RATES.assign(events=[50, 60]), within=False)
    np.testing.assert_array_equal(events, [50, 60])


def test_log_limits_are_symmetric_in_ratio_and_need_a_width():
    low, high = table.log_limits([2.0, 2.0, 2.0, 0.0], [0.1, 0.0, np.inf, np.inf])
    assert low[0] * high[0] == pytest.approx(4)
    assert np.isnan(low[1:]).all()
    assert np.isnan(high[1:]).all()


def test_measure_table_replaces_earlier_measure_and_keeps_the_order():
    def made(frame, measure):
        return table.measure_table(
            frame,
            measure=measure,
            reference="White",
            estimate=[np.inf, 1.0],
            conf_low=[0.5, np.nan],
            conf_high=[2.0, np.nan],
            confidence=0.9,
            method="a method",
            direction="higher is better",
        )

    before = RATES.copy()
    first = made(RATES, "one")
    again = made(first, "two")
    expected = [*RATES.columns, *table.MEASURE_COLUMNS, "direction"]
    assert first.columns.tolist() == again.columns.tolist() == expected
    assert again["measure"].eq("two").all()
    assert np.isnan(first["estimate"].iloc[0])
    pd.testing.assert_frame_equal(RATES, before)


def test_no_reference_is_missing_text():
    made = table.measure_table(
        RATES,
        measure="rate",
        reference=None,
        estimate=[0.5, 0.75],
        conf_low=np.nan,
        conf_high=np.nan,
        confidence=0.95,
        method="none",
    )
    assert made["reference"].isna().all()
    assert made["reference"].dtype == "str"
