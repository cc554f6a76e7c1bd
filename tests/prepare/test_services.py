"""The quarters counted."""

import pandas as pd
import pytest

from equity.errors import InputError, ParamsError
from equity.prepare import services, sources

SOURCE = sources.Requests(
    file="r.csv",
    data_until="2025-12-31",
    columns={"opened": "From", "closed": "To", "area": "Tract"},
)


@pytest.mark.parametrize(
    ("period", "quarters", "first", "last"),
    [
        ("2025Q4", 1, "2025-10-01", "2025-12-31"),
        ("2025Q4", 4, "2025-01-01", "2025-12-31"),
        ("2024Q1", 2, "2023-10-01", "2024-03-31"),
        ("2014Q4", 16, "2011-01-01", "2014-12-31"),
    ],
)
def test_window(period, quarters, first, last):
    found = services.window(period, quarters)
    assert found == (pd.Timestamp(first), pd.Timestamp(last))


def test_a_window_has_quarters():
    with pytest.raises(ParamsError, match="quarters: 0"):
        services.window("2025Q4", 0)


def test_a_window_that_the_data_do_not_fill_is_refused():
    counts = pd.DataFrame({"period": pd.Categorical(["2025Q4"])})
    with pytest.raises(InputError, match="no request opened in 2025Q3"):
        services.check_window(counts, [SOURCE], period="2025Q4", quarters=2)
    with pytest.raises(InputError, match="known until 2025-12-31, but 2026Q1 ends on"):
        services.check_window(counts, [SOURCE], period="2026Q1", quarters=1)
    services.check_window(counts, [SOURCE], period="2025Q4", quarters=1)
