"""Engines: reading, what they keep to themselves, and numbers counted exactly."""

import os
import subprocess
import sys

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError
from equity.prepare.engine import engines, parts
from equity.prepare.engine.engines import Engine


@pytest.fixture(scope="module")
def duckdb():
    with engines.start("duckdb") as engine:
        yield engine


@given(numbers=st.lists(st.integers(-3, 30), max_size=60))
@settings(deadline=None)
def test_sorting_here_is_grouping_there(duckdb, numbers):
    """What DuckDB's own ways return is what any engine's grouping returns."""
    frame = duckdb.upload(pd.DataFrame({"n": np.array(numbers, dtype="int64")}))
    mine, theirs = duckdb.tallied(frame, "n"), Engine.tallied(duckdb, frame, "n")
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert mine[1].sum() == len(numbers)
    one, other = (
        sorted(duckdb.table(found)["n"])
        for found in (duckdb.repeated(frame, "n"), Engine.repeated(duckdb, frame, "n"))
    )
    assert one == other == sorted({n for n in numbers if numbers.count(n) > 1})


def test_moments_are_taken_apart(duckdb):
    texts = ["2025-03-01 23:59:59.9", "1969-12-31 00:00:01", None]
    moments = pd.to_datetime(texts, format="ISO8601")
    frame = duckdb.upload(pd.DataFrame({"t": moments}))
    found = duckdb.table(duckdb.days(frame, "t"))
    assert found["t_day"].to_list()[:2] == [20148, -1]
    assert found["t_second"].to_list()[:2] == [86399, 1]
    assert found[["t_day", "t_second"]].iloc[2].isna().all()


def test_what_is_kept_is_worked_out_once(duckdb):
    frame = duckdb.upload(pd.DataFrame({"n": [1, 2]}))
    kept = duckdb.keep(frame.select(nw.col("n") * 2))
    assert sorted(duckdb.table(kept)["n"]) == [2, 4]


def test_an_error_of_an_engine_repeats_no_value(tmp_path, duckdb):
    path = tmp_path / "r.parquet"
    path.write_bytes(b"PAR1 Jane Doe, 12 Main Street PAR1")
    with pytest.raises(InputError, match=r"r\.parquet cannot be read") as error:
        duckdb.read([str(path)], file="r.parquet")
    assert "Jane" not in str(error.value)


def test_parquet_and_csv_do_not_mix(tmp_path, duckdb):
    with pytest.raises(InputError, match="holds Parquet and CSV"):
        duckdb.read(["a.csv", "b.parquet"], file="both")


def test_columns_may_have_any_name(tmp_path, duckdb):
    names = ['say "x"', "a.b", "order", "A", "a"]
    (tmp_path / "r.csv").write_text(
        ",".join(['"say ""x"""', *names[1:]]) + "\n" + ",".join("12345") + "\n"
    )
    found = duckdb.read([str(tmp_path / "r.csv")], file="r.csv")
    assert found.names == [*names[:4], "a "]
    assert duckdb.table(found.frame).iloc[0].to_list() == list("12345")


def test_text_stays_text(tmp_path, duckdb):
    text = 'id,when,note\n007,NA,"two\nlines, one ""cell"""\n1e5,,\n'
    (tmp_path / "r.csv").write_text("\ufeff" + text, encoding="utf-8")
    found = duckdb.read([str(tmp_path / "r.csv")], file="r.csv")
    table = duckdb.table(found.frame).fillna("").sort_values("c0")
    assert table["c0"].to_list() == ["007", "1e5"]
    assert table["c1"].to_list() == ["NA", ""]
    assert table["c2"].to_list() == ['two\nlines, one "cell"', ""]
    assert found.names == ["id", "when", "note"]


def test_files_of_a_folder_are_in_order(tmp_path):
    for name in ("b.csv", "a.csv", "_hidden.csv", "notes.md"):
        (tmp_path / name).write_text("id\n1\n")
    found = parts.files(".", tmp_path)
    assert [path.rsplit("/", 1)[1] for path in found] == ["a.csv", "b.csv"]
    assert parts.files("*.csv", tmp_path)[-1].endswith("b.csv")
    with pytest.raises(InputError, match="no Parquet or CSV"):
        parts.files("*.xlsx", tmp_path)


def test_files_with_other_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,when\n")
    (tmp_path / "b.csv").write_text("when,id\n")
    with pytest.raises(InputError, match=r"b\.csv has other columns than a\.csv"):
        parts.header(parts.files(".", tmp_path), file="folder", delimiter="")


def test_spark_without_java_says_so():
    """In a process of its own: one that has a Spark running needs no Java to start."""
    pytest.importorskip("pyspark")
    code = (
        "import shutil; shutil.which = lambda name: None\n"
        "from equity.prepare.engine import engines\n"
        "with engines.start('spark'): pass"
    )
    quiet = {k: v for k, v in os.environ.items() if k != "JAVA_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=quiet, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "ParamsError" in done.stderr
    assert "Java 17" in done.stderr
