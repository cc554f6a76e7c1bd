"""From districts to the city: weighted counts, bounds that stay, unknown groups."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import city_schools, outcomes, proficiency

GROUPS = ["Black", "White"]


def of(rows, **further):
    columns = ["unit", "race", "population", "events_low", "events_high"]
    table = pd.DataFrame(rows, columns=columns).assign(
        year="2025", outcome="graduation", **further
    )
    return table.assign(race=pd.Categorical(table["race"], GROUPS, ordered=True))


def enrolled(rows, **further):
    columns = ["unit", "race", "students", "share_low", "share_high"]
    return pd.DataFrame(rows, columns=columns).assign(**({"year": "2025"} | further))


ROWS = of(
    [
        *(("A", "Black", 100, 60, 60), ("A", "White", 200, 160, 160)),
        *(("B", "Black", 50, 40, 40), ("B", "White", 100, 90, 90)),
    ]
)
HALF = enrolled([("A", None, 300, 0.5, 0.5), ("B", None, 150, 1.0, 1.0)], year="")


def by_race(rows):
    found = outcomes.by_race(rows, outcome="graduation", reference="White")
    return found[found["statistic"] == "level"].set_index("group")


def test_rates_of_the_city_by_hand():
    """Half of A and all of B: (30 + 40) of (50 + 50), and (80 + 90) of (100 + 100)."""
    found = by_race(city_schools.weighted(ROWS, HALF))
    assert found["estimate"].to_list() == pytest.approx([0.70, 0.85])
    assert found["population"].to_list() == [100, 200]
    assert found["method"].str.endswith(city_schools.MODEL).all()
    assert set(found["reliability"]) == {outcomes.EXACT}


def test_all_in_the_city_changes_nothing_but_the_method():
    whole = enrolled([("A", None, 300, 1.0, 1.0), ("B", None, 150, 1.0, 1.0)])
    found, plain = by_race(city_schools.weighted(ROWS, whole)), by_race(ROWS)
    numbers = ["estimate", "conf_low", "conf_high", "events", "population"]
    pd.testing.assert_frame_equal(found[numbers], plain[numbers])
    none = enrolled([("A", None, 300, 1.0, 1.0), ("B", None, 150, 0.0, 0.0)])
    found = city_schools.weighted(ROWS, none)
    assert found["unit"].unique().tolist() == ["A"]  # nobody of B lives in the city


def test_parts_of_people():
    third = enrolled([("A", None, 300, 1 / 3, 1 / 3), ("B", None, 150, 1.0, 1.0)])
    found = by_race(city_schools.weighted(ROWS, third))
    assert found["events"].to_list() == pytest.approx([60, 160 / 3 + 90])
    assert set(found["reliability"]) == {outcomes.EXACT}
    assert found["conf_low"].notna().all()


def test_shares_of_groups_come_before_shares_of_all():
    own = enrolled(
        [
            *(("A", "Black", 100, 1.0, 1.0), ("A", "White", 200, 0.25, 0.25)),
            *(("B", "Black", 50, 1.0, 1.0), ("B", "White", 100, 1.0, 1.0)),
        ]
    )
    found = by_race(city_schools.weighted(ROWS, own))
    assert found["population"].to_list() == [150, 150]
    both = pd.concat([own, HALF])
    pd.testing.assert_frame_equal(by_race(city_schools.weighted(ROWS, both)), found)


def test_bounds_stay_bounds():
    """Shares of 0.4 to 0.6 and 7 to 9 of 10 graduates: no rate inside is left out."""
    rows = of([("A", "Black", 100, 60, 70), ("A", "White", 200, 160, 160)])
    some = enrolled([("A", None, 300, 0.4, 0.6)])
    found = city_schools.weighted(rows, some)
    black = found[found["race"] == "Black"].iloc[0]
    names = ["events_low", "events_high", "others_low", "others_high"]
    assert black[names].to_list() == pytest.approx([24, 42, 12, 24])
    assert np.isnan(black["population"])
    random = np.random.default_rng(1)
    for _ in range(200):
        share, events = random.uniform(0.4, 0.6), random.uniform(60, 70)
        assert black["events_low"] <= share * events <= black["events_high"]
        assert black["others_low"] <= share * (100 - events) <= black["others_high"]


def test_a_group_without_enrolment_is_not_known():
    black = enrolled([("A", "Black", 100, 0.5, 0.5), ("B", "Black", 50, 1.0, 1.0)])
    found = by_race(city_schools.weighted(ROWS, black))
    assert found.loc["Black", "estimate"] == pytest.approx(0.70)
    assert np.isnan(found.loc["White", "estimate"])
    assert found.loc["White", "reliability"] == outcomes.UNKNOWN
    one = by_race(city_schools.weighted(ROWS, HALF[HALF["unit"] == "A"]))
    assert one["estimate"].isna().all()  # a school is missing
    nobody = HALF.assign(share_low=np.nan, share_high=np.nan)
    with pytest.raises(InputError, match="who lives in the city"):
        city_schools.weighted(ROWS, nobody)
    with pytest.raises(ColumnNotFoundError, match="race"):
        city_schools.weighted(ROWS.drop(columns="race"), HALF)


def levels():
    rows = [
        (school, group, level, students)
        for school, group, counts in [
            *(("A", "Black", (40, 60, 20)), ("A", "White", (30, 80, 90))),
            *(("B", "Black", (10, 20, 20)), ("B", "White", (10, 30, 60))),
        ]
        for level, students in enumerate(counts)
    ]
    table = pd.DataFrame(rows, columns=["school", "race", "level", "students"])
    return table.assign(
        **{"year": "2025", "subject": "Math", "proficient": table["level"] > 1},
        students_low=table["students"],
        students_high=table["students"],
    )


def test_levels_are_weighted_too():
    found = city_schools.weighted(levels(), HALF, unit="school")
    tested = outcomes.of_levels(
        found.assign(race=pd.Categorical(found["race"], GROUPS))
    )
    rates = outcomes.by_race(tested, outcome="proficiency", reference="White")
    black = rates[(rates["statistic"] == "level") & (rates["group"] == "Black")].iloc[0]
    assert black["estimate"] == pytest.approx((10 + 20) / (60 + 50))
    assert black["method"].endswith(city_schools.MODEL)
    added = found.groupby(["race", "level"])["students"].sum().reset_index()
    v = proficiency.v_of_levels(
        added.rename(columns={"race": "group"}), reference="White"
    )
    assert v["population"].to_list() == pytest.approx([110, 200])
    lost = city_schools.weighted(levels(), HALF[HALF["unit"] == "A"], unit="school")
    tested = outcomes.of_levels(lost.assign(race=pd.Categorical(lost["race"], GROUPS)))
    assert tested.loc[tested["unit"] == "B", "events_low"].isna().all()


def test_how_many_live_in_the_city():
    rows = pd.DataFrame(
        {
            **{"unit": ["A", "B"], "year": "2025", "race": ["Black", "Black"]},
            **{"students_low": [100, 0], "students_high": [100, 9]},
            **{"city_low": [50, 0], "city_high": [50, 9]},
        }
    )
    found = city_schools.in_the_city(rows).iloc[0]
    assert (found["share_low"], found["share_high"]) == pytest.approx((50 / 109, 0.59))
    missing = city_schools.in_the_city(rows.assign(city_high=[50, None]))
    assert missing["share_high"].isna().all()


def test_residents_are_nobody_where_no_share_is_known():
    table = pd.DataFrame({"unit": ["A"], "year": "2025", "race": "White"})
    none = pd.DataFrame(
        columns=["unit", "year", "race", "students", *city_schools.SHARES]
    )
    assert city_schools.of_residents(table, none).empty
    assert city_schools.living_here(none).empty
