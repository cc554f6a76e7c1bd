"""Outcomes of a district beside all other students, one after another."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import others, risk

COLUMNS = ["estimate", "conf_low", "conf_high"]


def of(**groups) -> pd.DataFrame:
    """Group to (events, population), events a number or a pair of ends."""
    rows = []
    for group, (events, population) in groups.items():
        a, b = events if isinstance(events, tuple) else (events, events)
        rows.append([group, a, b, population])
    names = ["race", "events_low", "events_high", "population"]
    table = pd.DataFrame(rows, columns=names).assign(
        outcome="suspended", year="2025", direction="lower is better"
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
    assert found["people_to_parity"].tolist() == expected["people_to_parity"].tolist()
    assert found["reliability"].eq("exact counts").all()


def test_hidden_counts_are_bounds_and_the_rate_has_two_ends():
    found = others.by_outcome(of(Black=((3, 6), 60), White=(12, 200)))
    level = found.query("statistic == 'level' and group == 'Black'").iloc[0]
    assert (level["rate_low"], level["rate_high"]) == (3 / 60, 6 / 60)
    assert level["estimate"] == pytest.approx(4.5 / 60)
    assert level["people_to_parity"] == 1  # 4.5 of 60, and 3.6 at 12 of 200


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
    with pytest.raises(InputError, match="direction"):
        others.by_outcome(two)
    with pytest.raises(ColumnNotFoundError):
        others.by_outcome(of(Black=(5, 50)).drop(columns="events_low"))
    assert others.by_outcome(of(Black=(5, 50)).iloc[:0]).empty


def test_a_districts_own_total_comes_before_its_schools_of_the_same_year():
    schools = of(Black=((3, 9), 50))
    total = of(Black=(5, 50)).assign(of="district")
    state = of(Black=(500, 5000)).assign(of="state")
    found = others.of_district(schools, pd.concat([total, state]))
    assert found["events_low"].tolist() == [5]
    old = total.assign(year="2024")
    assert others.of_district(schools, old)["events_low"].tolist() == [3]
