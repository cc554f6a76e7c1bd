"""Columns of stamps on an engine become the days and seconds that `stamps` reads."""

import pandas as pd
import pytest

from equity.errors import InputError
from equity.prepare.engine import engines, moments, stamps


def read(texts, date_format="ISO8601", time_zone="America/Chicago"):
    """Read one column, in the order of the texts."""
    table = pd.DataFrame({"opened": texts, "n": range(len(texts))})
    with engines.start("duckdb") as engine:
        rows = engine.upload(table)
        found = moments.read(
            *(engine, rows, {"opened": "FROM"}),
            date_format=date_format,
            time_zone=time_zone,
            first=pd.Timestamp("2025-01-01"),
            last=pd.Timestamp("2025-12-31"),
            where="a.csv",
        )
        return engine.table(found.add(rows).sort("n"))


def test_pieces_and_whole_stamps_agree():
    texts = [
        *("2025-03-09T01:59:59", "2025-03-09 03:00", "2025-03-09", " 2025-07-01 "),
        *("2025-11-02T06:59:59Z", "2025-11-02T07:00:00Z", "2025-01-01T00:30:00+09:00"),
        *("2025-06-30T23:59:59.999-05:00", "", "soon"),
    ]
    found = read(texts)
    whole = stamps.read(pd.Series(texts), "whole", "ISO8601", "America/Chicago")
    for part in ("day", "second"):
        assert found[f"opened_{part}"].astype("Int64").to_list() == [
            value for value in whole[part]
        ]


def test_columns_without_a_text_have_no_moments():
    found = read(["", "", ""])
    assert found[["opened_day", "opened_second"]].isna().all(axis=None)


def test_more_than_half_must_follow_the_format():
    fair = ["2025-01-01", "01/01/2025", "2025-01-02", "02.01.2025", ""]
    assert read(fair)["opened_day"].notna().sum() == 2
    with pytest.raises(InputError, match=r"a\.csv: column FROM: 3 of 5 dates"):
        read([*fair, "tomorrow"])
