"""The groups' curves: quantiles, means and days read off them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.measure import exposure, timeliness
from equity.measure.curves import Cells, Curves
from equity.measure.redraws import EVERYONE, Residents
from equity.measure.table import select

relaxed = settings(deadline=None, max_examples=40, derandomize=True)
PEOPLE = pd.DataFrame(
    {"area": ["1", "2"], "race": ["White", "Asian"], "estimate": 1000.0, "moe": np.nan}
)
waits = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 5)),
    min_size=1,
    max_size=10,
).filter(lambda rows: sum(closed for _, closed, _ in rows) > 0)


def as_counts(rows, area="1"):
    days, closed, censored = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "area": area,
            "period": "2025Q4",
            "days": days,
            "closed": closed,
            "censored": censored,
        }
    )


def curves(counts):
    people = Residents.of(PEOPLE)
    cells = Cells.of(counts, people, 1.0)
    return Curves.of(people.estimate, cells, cells.count)


@relaxed
@given(waits, st.integers(0, 35))
def test_areas_of_one_group_each_have_the_curves_of_plain_counts(rows, day):
    """White residents live in area 1 alone: nothing is shared out."""
    counts = as_counts(rows)
    after = curves(counts).after(day)[1]  # Asian, White, everyone
    plain = timeliness.survival(counts.assign(group="White"), days=[day])
    assert after == pytest.approx(plain["estimate"][0], nan_ok=True)


@relaxed
@given(waits, st.integers(1, 30))
def test_the_mean_is_within_half_a_day_of_that_in_whole_days(rows, horizon):
    counts = as_counts(rows)
    mean = curves(counts).mean(horizon)[1]
    whole = timeliness.restricted_mean(
        counts.assign(group="White"), horizon=horizon, reference="White"
    )["estimate"][0]
    assert np.isnan(mean) == np.isnan(whole)
    assert np.isnan(mean) or abs(mean - whole) <= 0.5 + 1e-9


def test_quarters_and_mean_of_a_curve_worked_out_by_hand():
    """All closed on day 4: closings spread from 3.5 to 4.5, evenly."""
    found = curves(as_counts([(4, 8, 0)]))
    assert found.moment(0.25)[1] == pytest.approx(3.75)
    assert found.moment(0.5)[1] == pytest.approx(4.0)
    assert found.moment(0.75)[1] == pytest.approx(4.25)
    assert found.mean(10)[1] == pytest.approx(4.0)
    assert found.mean(4)[1] == pytest.approx(3.5 + 0.375)
    assert np.isnan(found.mean(10)[0])  # nobody asks where Asian residents live


def test_a_curve_by_day_agrees_with_the_share_on_time():
    counts = pd.concat(
        [as_counts([(2, 60, 0), (9, 40, 5)]), as_counts([(9, 50, 0)], "2")]
    )
    options = {"target_days": 5, "replicates": 200}
    table = exposure.by_day(counts, PEOPLE, days=[2, 5, 30], **options)
    assert table["day"].tolist() == [2, 5, 30] * 3
    assert set(table["group"]) == {"Asian", "White", EVERYONE}
    level = select(
        exposure.by_race(counts, PEOPLE, reference="White", years=1, **options),
        measure="share closed within 5 days",
        statistic="level",
    )
    five = table[table["day"] == 5]
    assert (1 - five["estimate"]).tolist() == pytest.approx(level["estimate"].tolist())
    ends = 1 - five[["conf_high", "conf_low"]].to_numpy()
    np.testing.assert_allclose(ends, level[["conf_low", "conf_high"]].to_numpy())
    late = table[table["day"] == 30].set_index("group")["estimate"]
    assert late["Asian"] == 0  # all closed by then
    assert np.isnan(late["White"])  # five were last seen open on day 9


def test_a_city_without_requests_has_no_curve():
    empty = as_counts([(1, 1, 0)]).head(0)
    table = exposure.by_day(empty, PEOPLE, days=[1], target_days=5)
    assert table.empty
    assert {"group", "day", "estimate"} <= set(table)
