"""Risk beside all other students: exact counts, and every count bounds allow."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import others, risk

COLUMNS = ["estimate", "conf_low", "conf_high"]


def of(**groups) -> pd.DataFrame:
    """Group to (events, population), each a number or a pair of ends."""
    rows = []
    for group, (events, population) in groups.items():
        a, b = events if isinstance(events, tuple) else (events, events)
        n, m = population if isinstance(population, tuple) else (population, population)
        rows.append([group, a, b, n, m])
    names = ["race", "events_low", "events_high", "population_low", "population_high"]
    table = pd.DataFrame(rows, columns=names).assign(
        outcome="suspended", direction="lower is better"
    )
    return table.assign(race=pd.Categorical(table["race"], list(groups)))


def test_exact_counts_give_what_risk_gives():
    found = others.by_outcome(
        of(Black=(316, 6224), White=(732, 34897), Asian=(18, 1213))
    )
    plain = pd.DataFrame(
        {"group": ["Black", "White", "Asian"], "events": [316, 732, 18],
         "population": [6224, 34897, 1213]}
    )  # fmt: skip
    expected = risk.against_others(plain)
    np.testing.assert_allclose(found[COLUMNS], expected[COLUMNS], atol=1e-12)
    levels = found["statistic"] == "level"
    assert (
        found.loc[levels, "people_to_parity"].tolist()
        == expected.loc[expected["statistic"] == "level", "people_to_parity"].tolist()
    )
    assert found["reliability"].eq("exact counts").all()


def test_limits_hold_those_of_every_count_that_bounds_allow():
    ends = {"Black": ((3, 6), 60), "White": ((10, 12), 200), "Asian": (4, (30, 33))}
    found = others.by_outcome(of(**ends)).set_index(["statistic", "group"])
    for black, white, asian in product(range(3, 7), range(10, 13), range(30, 34)):
        one = of(Black=(black, 60), White=(white, 200), Asian=(4, asian))
        plain = others.by_outcome(one).set_index(["statistic", "group"])
        assert (plain["conf_low"] >= found["conf_low"] - 1e-12).all()
        assert (plain["conf_high"] <= found["conf_high"] + 1e-12).all()
    assert found.loc[("ratio", "Black"), "reliability"] == "masked counts"


def test_too_wide_bounds_are_not_known_for_anybody_else():
    found = others.by_outcome(of(Black=(5, 100), White=((0, 60), 100)))
    found = found.set_index(["statistic", "group"])
    assert found.loc[("level", "Black"), "estimate"] == 0.05
    assert np.isnan(found.loc[("level", "White"), "estimate"])
    assert found.loc["ratio", "estimate"].isna().all()


def test_an_unknown_end_leaves_all_comparisons_open():
    rows = of(Black=(5, 100), White=(9, 100))
    rows = rows.astype({"events_high": "Int64"})
    rows.loc[1, "events_high"] = pd.NA
    found = others.by_outcome(rows).set_index(["statistic", "group"])
    assert found.loc["ratio", "estimate"].isna().all()
    assert found.loc[("level", "Black"), "estimate"] == 0.05


def test_students_to_parity_follow_the_direction():
    rows = of(Black=(20, 100), White=(100, 1000))
    fewer = others.by_outcome(rows).query("statistic == 'level'")
    assert fewer["people_to_parity"].tolist() == [10, 0]  # 20 - 10 % of 100
    rows = rows.assign(direction="higher is better")
    more = others.by_outcome(rows).query("statistic == 'level'")
    assert more["people_to_parity"].tolist() == [0, 100]  # 20 % of 1,000, less 100


def test_units_are_added_up():
    rows = of(Black=(5, 50), White=(9, 90))
    found = others.by_outcome(pd.concat([rows, rows])).query("statistic == 'level'")
    assert found["events"].tolist() == [10, 18]


def test_refusals():
    two = of(Black=(5, 50), White=(5, 50)).assign(
        direction=["lower is better", "higher is better"]
    )
    with pytest.raises(InputError, match="'suspended'"):
        others.by_outcome(two)
    with pytest.raises(ColumnNotFoundError):
        others.by_outcome(of(Black=(5, 50)).drop(columns="events_low"))
    assert others.by_outcome(of(Black=(5, 50)).iloc[:0]).empty


def test_a_districts_own_total_comes_before_its_schools_of_the_same_year():
    schools = of(Black=((3, 9), 50)).assign(year="2025")
    total = of(Black=(5, 50)).assign(year="2025", of="district")
    state = of(Black=(500, 5000)).assign(year="2025", of="state")
    found = others.of_district(schools, pd.concat([total, state]))
    assert found["events_low"].tolist() == [5]
    old = total.assign(year="2024")
    assert others.of_district(schools, old)["events_low"].tolist() == [3]
