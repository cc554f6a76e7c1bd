"""Outcomes of a district beside all other students, one after another."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import others, outcomes, risk

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


def wholes(district, state, years=("2023", "2024", "2025")) -> pd.DataFrame:
    """Totals of a district and a state in each of the years."""
    return pd.concat(
        [
            of(**groups).assign(of=whose, year=year, outcome="identified")
            for whose, groups in (("district", district), ("state", state))
            for year in years
        ],
        ignore_index=True,
    ).astype({"race": "category"})


STATE = {
    "Black": (9000, 90_000), "White": (50_000, 500_000), "Asian": (4000, 40_000)
}  # fmt: skip
RUNNING = "above the threshold for 3 years running"


@pytest.mark.parametrize(
    ("asian", "ends"),
    [
        # 300 of 3,000 beside 600 of 20,000 and so many of 44
        (1, (0.1 * 20_044 / 601,) * 2),
        (9, (0.1 * 20_044 / 609,) * 2),
        ((1, 9), (0.1 * 20_044 / 609, 0.1 * 20_044 / 601)),
    ],
)
def test_a_hidden_count_does_not_lose_a_flag(asian, ends):
    own = {"Black": (300, 3000), "White": (600, 20_000), "Asian": (asian, 44)}
    found = others.federal(wholes(own, STATE), threshold=3).set_index("group")
    black = found.loc["Black"]
    assert (black["low"], black["high"]) == pytest.approx(ends)
    assert (black["reliability"], black["reference"]) == (RUNNING, risk.OTHERS)
    assert found.loc["White", "reliability"] == "not above the threshold"
    assert found.loc["Asian", "reliability"] == "not calculated"


def test_students_of_no_known_race_are_among_the_others():
    """36 of 120 over 350 of 2,000 is 1.71; without 300 of 1,000 it would be 6."""
    own = {"Black": (36, 120), "White": (50, 1000), "Not recorded": (300, 1000)}
    state = {"Black": (90, 900), "White": (400, 9000)}
    found = others.federal(wholes(own, state), threshold=3).set_index("group")
    assert found.loc["Black", "estimate"] == pytest.approx(0.3 / 0.175)
    assert found.loc["Black", "reliability"] == "not above the threshold"


def test_a_row_is_left_out_only_where_the_state_would_be_needed():
    """Of 2 other students with the outcome nothing can be said: the state's are."""
    own = {"Black": (36, 120), "White": (1, 30), "Not recorded": (1, 10)}
    state = {"Black": (90, 900), "White": (400, 9000)}
    found = others.federal(wholes(own, state), threshold=3).set_index("group")
    assert found.loc["Black", "reference"] == risk.STATE_OTHERS
    assert found.loc["Black", "estimate"] == pytest.approx(0.3 / (400 / 9000))
    swapped = {"Black": (1, 30), "White": (1, 10), "Not recorded": (36, 120)}
    found = others.federal(wholes(swapped, state), threshold=3)
    assert "Not recorded" not in set(found["group"])
    assert set(found["group"]) == {"Black", "White"}


def test_the_federal_table_says_its_own_year():
    own = {"Black": (36, 120), "White": (50, 1000)}
    rows = wholes(own, {"Black": (90, 900), "White": (400, 9000)})
    late = rows[(rows["of"] == "district") | (rows["year"] < "2025")]
    found = others.federal(late, threshold=3)
    assert set(found["year"]) == {"2024"}
    assert found["reliability"].iloc[0].endswith("for fewer than 3 years running")


def test_each_outcome_has_its_own_latest_year():
    suspended = of(Black=(20, 100), White=(100, 1000)).assign(year="2023")
    absent = of(Black=(30, 100), White=(90, 1000)).assign(outcome="absent")
    rows = pd.concat([suspended, absent, absent.assign(year="2024")])
    taken = others.of_district(rows, rows.iloc[:0].assign(of=""))
    found = others.by_outcome(taken)
    years = dict(zip(found["subject"], found["year"], strict=True))
    assert years == {"Suspended": "2023", "Absent": "2025"}
    assert outcomes.years(taken) == "2023 and 2025"


def test_a_gap_over_years_by_hand():
    """30 less 10 of 100 in 2024, 20 less 10 in 2025: ten points less."""
    first = of(Black=(300, 1000), White=(100, 1000)).assign(year="2024")
    last = of(Black=(200, 1000), White=(100, 1000))
    none = pd.DataFrame({"outcome": [], "year": [], "changed": [], "of": []})
    rows = pd.concat([first, last])
    found = others.over_years(
        rows, rows.iloc[:0].assign(of=""), none, reference="White"
    ).query("statistic == 'change' and group == 'Black'")
    assert found["estimate"].tolist() == pytest.approx([-0.1])
    alone = others.over_years(
        last, last.iloc[:0].assign(of=""), none, reference="White"
    )
    assert alone.empty
