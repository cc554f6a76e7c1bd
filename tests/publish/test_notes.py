"""Notes: sentences from protected counts."""

import pandas as pd
import pytest

from equity.errors import DisclosureError
from equity.publish import notes
from equity.publish.protect import protect


def said(unknown, declined=0, white=960):
    events = pd.Series([white, unknown, declined])
    table = pd.DataFrame(
        {
            "group": ["White", "Unknown", "Declined"],
            "recorded": ["race on record", *["race not on record"] * 2],
            "events": events,
            "population": events.sum(),
            "estimate": events / events.sum(),
        }
    )
    return notes.race_unknown(protect(table), "employees")


def test_how_many_are_unknown():
    assert said(40) == "Race is not known for 40 of 1,000 employees (4.0%)."
    assert said(25, 15) == "Race is not known for 40 of 1,000 employees (4.0%)."
    assert said(0) == "Race is known for all 960 employees."


@pytest.mark.parametrize("counts", [(1, 0), (9, 0), (31, 9), (12, 1)])
def test_a_sum_with_a_hidden_count_is_not_told(counts):
    """Beside the shown part of it, the sum would give the hidden part away."""
    assert said(*counts) == (
        "Race is not known for some of the employees; how many is hidden."
    )


def test_nobody_has_no_sentence():
    table = pd.DataFrame(columns=["group", "recorded"], dtype="str")
    numbers = pd.DataFrame(columns=["events", "population", "estimate"], dtype=float)
    nobody = protect(table.join(numbers))
    assert notes.race_unknown(nobody, "employees") == ""


def test_only_protected_tables():
    with pytest.raises(DisclosureError, match=r"notes\.race_unknown"):
        notes.race_unknown(pd.DataFrame(), "employees")
