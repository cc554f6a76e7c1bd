"""Whether further reports come at a constant rate: found where they do and do not."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from equity.measure import constancy, reporting
from equity.measure.table import select

PEOPLE = pd.DataFrame(
    {"area": ["1", "2"], "race": ["Black", "White"], "estimate": 5000.0, "moe": np.nan}
)
DELAY = "mean reporting delay in days, same mix of categories"


def drawn(rate, *, stop=np.inf, seed=3):
    """Incidents open for long in area 1 and briefly in area 2; reports may stop."""
    random = np.random.default_rng(seed)
    parts = []
    for area, mean in (("1", 30.0), ("2", 6.0)):
        for category in ("Pothole", "Dumping"):
            days = np.maximum(np.round(random.exponential(mean, 3000)), 1.0)
            duplicates = random.poisson(rate * np.minimum(days, stop))
            parts.append(
                pd.DataFrame(
                    {
                        "area": area,
                        "category": category,
                        "days": days,
                        "duplicates": duplicates,
                    }
                )
            )
    rows = pd.concat(parts).assign(period="2025Q4")
    keys = list(rows)
    return (
        rows.groupby(keys, as_index=False).size().rename(columns={"size": "incidents"})
    )


def test_a_constant_rate_grows_with_the_days():
    table = constancy.power(drawn(0.02))
    assert table["conf_low"].item() < 1 < table["conf_high"].item()
    assert bool(table["constant"].item())


def test_reports_that_stop_after_three_days_are_found():
    table = constancy.power(drawn(0.1, stop=3))
    assert table["conf_high"].item() < constancy.LEAST
    assert not table["constant"].item()


def test_the_power_is_that_of_a_regression_on_single_incidents():
    """A peer: statsmodels on one row per incident, days as they are."""
    counts = drawn(0.02)
    rows = counts.loc[counts.index.repeat(counts["incidents"])]
    design = pd.get_dummies(rows["category"], dtype=float)
    design["power"] = np.log(rows["days"])
    peer = sm.GLM(rows["duplicates"], design, family=sm.families.Poisson()).fit()
    found = constancy.power(counts)["estimate"].item()
    assert found == pytest.approx(peer.params["power"], abs=0.03)


def test_a_delay_that_would_tell_how_long_incidents_stay_open_is_not_known():
    """Areas alike in how soon problems are reported, unlike in how long they wait."""
    options = {"reference": "White", "years": 0.25, "replicates": 200}
    stopped = drawn(0.1, stop=3)
    table = reporting.by_race(stopped, PEOPLE, **options)
    delay = select(table, measure=DELAY)
    assert delay[["estimate", "conf_low", "conf_high"]].isna().all().all()
    assert set(delay["method"]) == {reporting.UNSTEADY}
    asked = select(table, measure="reports per incident", statistic="level")
    assert asked["estimate"].notna().all()
    steady = reporting.by_race(drawn(0.02), PEOPLE, **options)
    ratio = select(steady, measure=DELAY, statistic="ratio", group="Black").iloc[0]
    assert ratio["conf_low"] < 1 < ratio["conf_high"]


def test_too_little_to_tell_is_not_a_verdict():
    counts = drawn(0.02).head(3)
    table = constancy.power(counts)
    assert table["constant"].isna().all()
    assert constancy.power(counts.head(0)).empty
