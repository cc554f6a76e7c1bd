"""Shares of the workforce against residents: by hand, exactly, and never invented."""

from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import ColumnNotFoundError
from equity.measure import acs, intervals, representation

GROUPS = ["Asian", "Black", "Hispanic", "White"]
relaxed = settings(deadline=None, max_examples=60, derandomize=True)


def residents(*people, moe=np.nan):
    return pd.DataFrame(
        {
            "area": "1",
            "race": pd.Categorical(GROUPS, GROUPS, ordered=True),
            "estimate": people,
            "moe": moe,
        }
    )


def staff(department="Fire", recorded=(*GROUPS, "Unknown"), **people):
    """People by group; `recorded` is what the roster can say."""
    labels = [group for group, number in people.items() for _ in range(number)]
    dtype = pd.CategoricalDtype([*recorded], ordered=True)
    return pd.DataFrame(
        {"race": pd.Categorical(labels, dtype=dtype), "department": department}
    )


def rows(table, statistic="level", **values):
    chosen = table[table["statistic"] == statistic]
    for name, value in values.items():
        chosen = chosen[chosen[name] == value]
    return chosen.set_index("group")


CITY = residents(100, 200, 300, 400)
ROSTER = staff(Asian=5, Black=10, White=25, Unknown=10)


def test_a_city_by_hand():
    """40 workers of known race: parity is 4, 8, 12 and 16 of them."""
    table = representation.by_race(ROSTER, CITY)
    level = rows(table)
    assert level["events"].to_list() == [5, 10, 0, 25]
    assert set(level["population"]) == {40}
    assert level["estimate"].to_list() == [0.125, 0.25, 0, 0.625]
    assert level["benchmark"].to_list() == [0.1, 0.2, 0.3, 0.4]
    assert level["people_to_parity"].to_list() == [0, 0, 12, 0]
    gap = rows(table, "difference")["estimate"]
    assert gap.to_list() == pytest.approx([0.025, 0.05, -0.3, 0.225])
    index = rows(table, "ratio")["estimate"]
    assert index.to_list() == pytest.approx([1.25, 1.25, 0, 1.5625])
    assert set(table["reliability"]) == {representation.RECORDED}
    assert level["reference"].isna().all()
    assert set(rows(table, "ratio")["reference"]) == {"residents"}


def test_a_group_that_the_roster_cannot_record_is_missing_not_zero():
    recorded = ["Asian", "Black", "White", "Unknown"]
    roster = staff(recorded=recorded, Asian=5, Black=10, White=25, Unknown=10)
    level = rows(representation.by_race(roster, CITY))
    lost = level.loc["Hispanic"]
    assert pd.isna(lost["events"])
    assert lost[["estimate", "conf_low", "conf_high"]].isna().all()
    assert pd.isna(lost["people_to_parity"])
    assert lost["benchmark"] == 0.3
    assert lost["reliability"] == representation.NOT_RECORDED
    assert level["events"].sum() == 40


def test_unknown_race_is_outside_the_shares_and_inside_the_coverage():
    without = representation.by_race(ROSTER[ROSTER["race"] != "Unknown"], CITY)
    pd.testing.assert_frame_equal(representation.by_race(ROSTER, CITY), without)
    known = representation.coverage(ROSTER, CITY).set_index("group")
    on_record = known[known["recorded"] == "race on record"]
    assert on_record["events"].sum() == without["population"].iloc[0]
    assert known["events"].to_dict() == {
        **{"Asian": 5, "Black": 10, "Hispanic": 0, "White": 25, "Unknown": 10},
    }
    assert known["estimate"].sum() == pytest.approx(1)
    assert known.loc["Unknown", "estimate"] == 0.2
    assert (known["conf_low"] == known["conf_high"]).all()


def test_without_residents_a_race_that_is_recorded_stays_on_record():
    """Three real rosters have no residents beside them: nobody's race was "known"."""
    known = representation.coverage(ROSTER, CITY.iloc[:0]).set_index("group")
    not_known = known.index[known["recorded"] != "race on record"].to_list()
    assert not_known == ["Unknown"]
    assert known.loc[not_known, "events"].sum() == 10
    assert set(representation.UNKNOWN) == set(race.UNKNOWN)


def test_limits_are_those_of_the_named_methods():
    """Wilson 1927; Zou and Donner 2008; Donner and Zou 2012, from `intervals`."""
    survey = residents(100, 200, 300, 400, moe=40.0)
    table = representation.by_race(ROSTER, survey, confidence=0.9)
    shares = acs.shares(survey, confidence=0.9)
    events = np.array([5, 10, 0, 25])
    own = (events / 40, *intervals.wilson(events, 40, 0.9))
    base = [shares[name].to_numpy() for name in ("estimate", "conf_low", "conf_high")]
    for statistic, limits in {
        "level": own[1:],
        "difference": intervals.mover_difference(*own, *base),
        "ratio": intervals.mover_ratio(*own, *base),
    }.items():
        found = rows(table, statistic)
        np.testing.assert_allclose(found["conf_low"], limits[0])
        np.testing.assert_allclose(found["conf_high"], limits[1])
    assert set(table["confidence"]) == {0.9}


def test_a_full_count_of_residents_adds_no_uncertainty():
    table = representation.by_race(ROSTER, CITY)
    level, gap = rows(table), rows(table, "difference")
    assert (level["benchmark_low"] == level["benchmark"]).all()
    assert (level["benchmark_high"] == level["benchmark"]).all()
    for end in ("conf_low", "conf_high"):
        np.testing.assert_allclose(gap[end], level[end] - level["benchmark"])
    wider = representation.by_race(ROSTER, residents(100, 200, 300, 400, moe=60.0))
    survey = rows(wider, "difference")
    assert (survey["conf_high"] > gap["conf_high"]).all()
    assert (survey["conf_low"] < gap["conf_low"]).all()


@given(
    st.lists(st.integers(0, 400), min_size=4, max_size=4).filter(any),
    st.lists(st.integers(1, 10**6), min_size=4, max_size=4),
)
@relaxed
def test_people_to_parity_is_exact(workers, people):
    """The least whole number of workers more, at the same size, in fractions."""
    roster = staff(**dict(zip(GROUPS, workers, strict=True)))
    level = rows(representation.by_race(roster, residents(*people)))
    total = sum(workers)
    for group, own, living in zip(GROUPS, workers, people, strict=True):
        share = Fraction(living, sum(people))
        needed = max(0, ceil(share * total) - own)
        assert level.loc[group, "people_to_parity"] == needed
        assert Fraction(own + needed, total) >= share
        assert needed == 0 or Fraction(own + needed - 1, total) < share


def test_at_parity_nobody_is_missing():
    roster = staff(Asian=1, Black=2, Hispanic=3, White=4)
    level = rows(representation.by_race(roster, CITY))
    assert level["people_to_parity"].to_list() == [0, 0, 0, 0]
    index = rows(representation.by_race(roster, CITY), "ratio")["estimate"]
    assert index.to_list() == pytest.approx([1, 1, 1, 1])


DEPARTMENTS = pd.concat(
    [
        staff("Police", White=30, Black=10),
        staff("Fire", White=20, Asian=5),
        staff("Parks", White=5, Hispanic=5),
        staff("Law", Unknown=10),
        staff("Art", Black=3),
    ]
)


def largest(count):
    staff = representation.largest_departments(DEPARTMENTS, count)
    return representation.by_department(staff, CITY)


def test_small_departments_count_together_and_nobody_is_lost():
    table = largest(2)
    assert table["department"].cat.categories.to_list() == [
        *("Police", "Fire", representation.OTHERS),
    ]
    level = table[table["statistic"] == "level"]
    assert len(level) == 3 * 4
    whole = rows(representation.by_race(DEPARTMENTS, CITY))["events"]
    pd.testing.assert_series_equal(
        level.groupby("group", observed=True)["events"].sum(), whole, check_names=False
    )
    others = rows(table, department=representation.OTHERS)
    assert others["events"].to_list() == [0, 3, 5, 5]
    assert set(others["population"]) == {13}


def test_departments_of_one_size_come_by_name():
    table = largest(4)
    assert table["department"].cat.categories.to_list() == [
        *("Police", "Fire", "Law", "Parks", representation.OTHERS),
    ]


def test_all_departments_fit():
    table = largest(30)
    assert representation.OTHERS not in table["department"].cat.categories


def test_a_department_without_a_recorded_race_is_not_known():
    table = largest(4)
    law = rows(table, department="Law")
    assert set(law["population"]) == {0}
    assert law[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)


def test_inputs_are_not_changed():
    before = DEPARTMENTS.copy(), CITY.copy()
    largest(2)
    representation.coverage(DEPARTMENTS, CITY)
    pd.testing.assert_frame_equal(DEPARTMENTS, before[0])
    pd.testing.assert_frame_equal(CITY, before[1])


def test_no_workers_or_no_residents_give_no_rows():
    for pair in ((ROSTER.head(0), CITY), (ROSTER, CITY.head(0))):
        table = representation.by_race(*pair)
        assert table.empty
        assert {"group", "estimate", "people_to_parity"} <= set(table.columns)


def test_a_missing_column_is_named():
    with pytest.raises(ColumnNotFoundError, match="department"):
        representation.by_department(ROSTER[["race"]], CITY)
