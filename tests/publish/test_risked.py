"""Sentences about outcomes beside all other students."""

import pandas as pd
import pytest

from equity.measure import others
from equity.publish import findings
from equity.publish.payload import payload
from equity.publish.protect import protect

LOWER, HIGHER = "lower is better", "higher is better"


def pupils(events: int, direction: str = LOWER) -> pd.DataFrame:
    table = pd.DataFrame(
        {"outcome": "suspended", "direction": direction,
         "race": pd.Categorical(["Black", "White", "Asian"]),
         "events_low": [events, 120, 40], "events_high": [events, 120, 40],
         "population": [400, 1200, 400], "year": "2025"}
    )  # fmt: skip
    return others.by_outcome(table)


def said(table: pd.DataFrame) -> dict:
    found = findings.risks(
        protect(table, lines="subject", outcome=True), when="2024-25"
    ).as_payload()
    payload(found)
    return found


def test_a_clear_difference_is_said_with_its_ratio_and_students():
    found = said(pupils(80))
    assert found["sentences"][1].startswith(  # groups are in their order
        "Suspended: The rate of Black students is 20.0% (95% interval 16.4% to 24.2%), "
        "10.0 percentage points higher than that of all other students"
    )
    assert found["sentences"][1].endswith(
        "At the rate of all other students, that would be 40 students fewer."
    )
    row = found["rows"][1]
    assert (row["group"], row["reference"]) == ("Black", "all other students")
    assert row["measure"] == "Suspended: rate"


def test_where_more_is_better_parity_is_more():
    found = said(pupils(20, HIGHER))
    assert found["sentences"][1].endswith("that would be 20 students more.")


@pytest.mark.parametrize("few", [3, 9])
def test_few_events_are_coded_and_not_compared(few):
    found = said(pupils(few))
    assert f" {few / 400:.1%}" not in found["sentences"][1]
    assert "or less" in found["sentences"][1]


def test_outcomes_of_different_years_each_say_theirs():
    both = pd.concat(
        [
            pupils(80).assign(subject="Suspended", year="2023"),
            pupils(80).assign(subject="Absent", year="2025"),
        ]
    )
    found = said(both)
    starts = {text.split(": ")[0] for text in found["sentences"]}
    assert starts == {"Suspended, 2023", "Absent, 2025"}
    assert {(row["measure"], row["when"]) for row in found["rows"]} == {
        ("Suspended, 2023: rate", "2023"),
        ("Absent, 2025: rate", "2025"),
    }


def test_one_year_is_told_in_the_rows_alone():
    found = said(pupils(80))
    assert found["sentences"][0].startswith("Suspended: ")
    assert {row["when"] for row in found["rows"]} == {"2025"}
