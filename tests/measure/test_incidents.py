"""Counts of incidents: refusals, rare categories, and how much more they vary."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError
from equity.measure.incidents import (
    FEWEST,
    Incidents,
    Overdispersion,
    kinds,
    overdispersion,
)

ROWS = pd.DataFrame({"days": [2.0, 10.0], "duplicates": [0, 3], "incidents": [5, 1]})


def test_a_row_stands_for_many_incidents():
    found = Incidents.of(ROWS)
    assert found.exposure.tolist() == [10, 10]
    assert found.further.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": [-1.0, 2]}, "column days is missing, negative or not finite in 1"),
        ({"duplicates": [np.nan, 2]}, "column duplicates is missing"),
        ({"incidents": [np.inf, 2]}, "column incidents is missing"),
        ({"days": [2, 0.0]}, "further reports came within 0 days in 1 of 2 rows"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(InputError, match=message):
        Incidents.of(ROWS.assign(**change))
    with pytest.raises(ColumnNotFoundError, match="incidents"):
        Incidents.of(ROWS.drop(columns="incidents"))


def test_rare_categories_are_one_and_a_missing_one_is_one():
    rows = pd.DataFrame(
        {
            "category": ["a", "b", None, "c", "a", "d"],
            "incidents": [FEWEST - 1, FEWEST, FEWEST, 1, 1, 2],
        }
    )
    a, b, none, c, again, d = kinds(rows)
    assert a == again
    assert c == d
    assert len({a, b, none, c}) == 4
    assert set(kinds(rows.assign(incidents=1))) == {0}


def quarters(values, duplicates, days=1.0):
    """Cells of two areas and two quarters."""
    return pd.DataFrame(
        {
            "area": ["1", "1", "2", "2"],
            "period": ["2025Q3", "2025Q4"] * 2,
            "days": days,
            "duplicates": duplicates,
            "incidents": values,
        }
    )


def test_overdispersion_of_incidents_by_hand():
    """10 and 30 crosswise, 20 expected: chi-squared is 4 x 100 / 20, of one degree."""
    table = quarters([10, 30, 30, 10], 0)
    none = Overdispersion(1, 1)
    assert overdispersion(table) == pytest.approx((20, 1))
    assert overdispersion(table[table["area"] == "1"]) == none
    assert overdispersion(table[table["period"] == "2025Q3"]) == none
    assert overdispersion(table.assign(incidents=20)) == none
    nothing = table.assign(area="3", incidents=0)
    assert overdispersion(pd.concat([table, nothing])) == pytest.approx((20, 1))
    assert overdispersion(nothing) == none


def test_overdispersion_of_reports_by_hand():
    """Twenty incidents everywhere, with one further report each or three, crosswise.

    20 and 60 reports, 40 expected. Against Poisson sums: the squares of what single
    incidents get are 40 x 1 + 40 x 9 = 400, over 160 reports 2.5 to a report, so 4 x
    400 / (2.5 x 40). Beyond what the incidents (or days, one each) explain: 2 are
    expected of each, the squares of the rest are 80 x 1, 0.5 to a report, so 4 x 400 /
    (0.5 x 40).
    """
    assert overdispersion(quarters(20, [1, 3, 3, 1])) == pytest.approx((16, 80))


def test_volume_that_varies_does_not_make_reports_vary():
    """As many further reports to an incident everywhere, of more or fewer incidents."""
    table = quarters([10, 30, 30, 10], 1)
    none = quarters([10, 30, 30, 10], 0)
    found = overdispersion(pd.concat([table, none]))
    assert found.incidents == pytest.approx(40)  # twice as many of the same
    assert found.reports == 1


def test_chance_alone_has_no_overdispersion():
    """A compound Poisson city; the larger of two is a little above one."""
    random = np.random.default_rng(3)
    area, quarter = np.divmod(np.arange(400), 8)
    count = random.poisson(40, 400)
    cell = np.repeat(np.arange(400), count)
    days = random.exponential(10, len(cell)) + 0.1
    table = pd.DataFrame(
        {
            "area": area[cell],
            "period": quarter[cell],
            "days": days,
            "duplicates": random.poisson(0.05 * days * random.gamma(1, 1, len(cell))),
            "incidents": 1,
        }
    )
    found = overdispersion(table)
    assert 1 <= found.incidents < 1.2
    assert 1 <= found.reports < 1.2
