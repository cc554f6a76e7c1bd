"""People whom a measure leaves out: counted in rows, or refused."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, DisclosureError, InputError
from equity.publish.aside import left_out
from equity.publish.protect import protect

PAY = pd.DataFrame(
    {
        "group": ["Asian", "White"] * 2,
        "statistic": ["level"] * 2 + ["difference"] * 2,
        "events": [60, 300] * 2,
        "without_pay": [3, 31] * 2,
    }
)


def test_counts_beside_an_estimate_become_rows():
    found = left_out(PAY, {"without_pay": "no pay on record"})
    assert found["events"].tolist() == [3, 31]
    assert found["reason"].unique().tolist() == ["no pay on record"]
    assert protect(found, lines=None).frame["events"].isna().tolist() == [True, False]


def test_the_gate_takes_them_away_unless_they_are_public():
    assert "without_pay" not in protect(PAY).frame
    assert "without_pay" in protect(PAY, public=["without_pay"]).frame


def test_a_missing_count_is_not_zero():
    blank = left_out(PAY.assign(without_pay=[None, 31] * 2), {"without_pay": "none"})
    assert blank["events"].isna().tolist() == [True, False]


def test_refusals():
    with pytest.raises(ColumnNotFoundError, match="zero_pay"):
        left_out(PAY, {"zero_pay": "paid nothing"})
    with pytest.raises(InputError, match="hold text"):
        left_out(PAY, {"statistic": "x"})
    with pytest.raises(InputError, match="2 rows repeat"):
        left_out(PAY.assign(without_pay=[1, 2, 3, 4]), {"without_pay": "none"})
    with pytest.raises(DisclosureError, match="protected before"):
        protect(protect(PAY).frame)
