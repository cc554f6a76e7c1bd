"""Rates published without students: compared without intervals, counted by unit."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from equity.errors import ColumnNotFoundError
from equity.measure import published


def rates(**groups) -> pd.DataFrame:
    """Group to (least, most) rate."""
    return pd.DataFrame(
        {"unit": "State", "year": "2014", "outcome": "proficiency",
         "race": list(groups), "population_high": None,
         "rate_low": [low for low, _ in groups.values()],
         "rate_high": [high for _, high in groups.values()]}
    )  # fmt: skip


def test_gaps_of_rates_and_of_their_deviates():
    found = published.gaps(rates(Black=(0.3, 0.3), White=(0.6, 0.6)), reference="White")
    row = found.set_index("group").loc["Black"]
    assert row["published_gap"] == pytest.approx(-0.3)
    deviates = norm.ppf(0.3) - norm.ppf(0.6)
    assert row["published_deviations"] == pytest.approx(deviates)


def test_hidden_rates_and_a_hidden_reference_are_not_compared():
    hidden = published.gaps(
        rates(Black=(0.0, 1.0), White=(0.6, 0.6)), reference="White"
    )
    assert hidden.set_index("group").loc["Black"].isna().sum() == 3
    base = published.gaps(rates(Black=(0.3, 0.3), White=(0.0, 1.0)), reference="White")
    assert np.isnan(base.set_index("group").loc["Black", "published_gap"])


def test_rates_with_their_students_are_left_to_other_measures():
    table = rates(Black=(0.3, 0.3), White=(0.6, 0.6)).assign(population_high=100)
    assert published.gaps(table, reference="White").empty
    with pytest.raises(ColumnNotFoundError):
        published.gaps(table.drop(columns="rate_low"), reference="White")


def test_units_that_publish_hide_or_say_nothing():
    rows = pd.concat(
        [
            rates(Black=(0.3, 0.3)).assign(unit="A"),
            rates(Black=(0.0, 1.0)).assign(unit="B"),
            rates(Black=(np.nan, np.nan)).assign(unit="C"),
            rates(Black=(0.4, 0.4)),  # the state itself
        ]
    )
    found = published.known(rows, rates(Black=(0.4, 0.4)))
    counts = found[["published_by", "hidden_by", "silent"]]
    assert counts.to_numpy().tolist() == [[1, 1, 1]]
