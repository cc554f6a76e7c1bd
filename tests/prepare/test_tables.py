"""Tidy tables are kept, and made again exactly when something has changed."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from equity import prepare
from equity.errors import EquityError, InputError, ParamsError
from equity.prepare import tables as module

SETTINGS = {"period": "2025Q4", "quarters": 4, "race_standard": "omb1997"}
PART = """\
import sys
from equity import prepare
made = prepare.load("sample", period="2025Q4", quarters=int(sys.argv[1]),
                    race_standard="omb1997")
print(made.request_counts[["closed", "censored"]].to_numpy().sum())
"""


@pytest.fixture
def clone(root, tmp_path, monkeypatch):
    """A project of its own with the sample city's raw files."""
    for name in ("params", "notebooks"):
        (tmp_path / name).mkdir()
    shutil.copytree(root / "data" / "raw" / "sample", tmp_path / "data/raw/sample")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EQUITY_RAW", raising=False)
    return tmp_path


@pytest.fixture
def builds(monkeypatch):
    """Count how often tables are made."""
    count = []
    make = module._Making.all

    def counted(*args, **kwargs):
        count.append(1)
        return make(*args, **kwargs)

    monkeypatch.setattr(module._Making, "all", counted)
    return count


def load(**changes):
    return prepare.load("sample", **(SETTINGS | changes))


def equal(one, other):
    for name in module.EMPTY:
        pd.testing.assert_frame_equal(
            pd.DataFrame(getattr(one, name)), pd.DataFrame(getattr(other, name))
        )


def test_kept_tables_equal_fresh_ones(clone, builds):
    fresh = load()
    equal(load(), fresh)
    assert len(builds) == 1
    (kept,) = (clone / "data" / "processed" / "sample").iterdir()
    assert kept.name == "2025Q4"
    for name, columns in module.EMPTY.items():
        assert set(columns) <= set(getattr(fresh, name).columns)


def test_every_file_reads_what_it_uses_and_sets_aside(clone):
    made = load()
    sums = made.ledger.pivot_table(
        index=["kind", "file"], columns="action", values="rows", aggfunc="sum"
    ).fillna(0)
    assert (sums["read"] == sums["used"] + sums["set aside"]).all()
    used = sums["used"].groupby("kind").sum().astype(int).to_dict()
    assert used["workers"] == len(made.workers)
    assert used["events"] == len(made.events)
    assert used["areas"] == len(made.areas)
    assert used["population"] == made.population["area"].nunique()
    graduates = made.outcomes["outcome"] == "graduation"
    assert used["graduation"] == made.outcomes.loc[graduates, "unit"].nunique()
    assert used["rates"] == (~graduates).sum() + len(made.totals)
    assert used["enrolment"] == len(made.enrolment)
    assert used["proficiency"] * made.levels["level"].nunique() == len(made.levels)
    assert used["scores"] == len(made.scores)
    assert used["facilities"] == len(made.facilities)
    assert used["baselines"] == len(made.baselines)
    assert used["districts"] == len(made.districts)
    assert used["travel"] == (made.costs["unit"] == "minutes").sum()
    counted = made.request_counts[["closed", "censored"]].sum().sum()
    assert counted == used["requests"]
    assert (made.files["sha256"].str.len() == 64).all()


def test_a_change_of_data_meaning_or_settings_is_noticed(clone, builds):
    before = load()
    assert len(load(quarters=2).request_counts) < len(before.request_counts)
    raw = clone / "data" / "raw" / "sample"
    facilities = raw / "facilities.csv"
    lines = facilities.read_text(encoding="utf-8").splitlines(keepends=True)
    facilities.write_text("".join(lines[:-1]), encoding="utf-8")
    assert load().ledger.query("kind == 'facilities'")["rows"].iloc[0] == len(lines) - 2
    described = raw / "sources.yaml"
    described.write_text(
        described.read_text().replace("title: Census tracts", "title: Tracts")
    )
    assert "Tracts" in load().files["title"].to_list()
    assert len(builds) == 4


def test_a_broken_kept_table_is_made_again(clone, builds):
    load()
    kept = clone / "data" / "processed" / "sample" / "2025Q4"
    (kept / "workers.parquet").write_bytes(b"PAR1")
    (kept / "events.parquet").unlink()
    assert len(load().workers) > 0
    assert len(builds) == 2


def test_a_failure_leaves_the_kept_tables_alone(clone):
    load()
    kept = clone / "data" / "processed" / "sample" / "2025Q4"
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    roster = clone / "data" / "raw" / "sample" / "workforce_2025-12-31.csv"
    text = roster.read_text(encoding="utf-8")
    roster.write_text(text.replace(",White,", ",Wite,"), encoding="utf-8")
    with pytest.raises(EquityError, match="'Wite'"):
        load()
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    assert [path.name for path in kept.parent.iterdir()] == ["2025Q4"]


def test_a_window_beyond_the_data_is_refused(clone):
    with pytest.raises(InputError, match="known until 2025-12-31, but 2026Q1 ends"):
        load(period="2026Q1")
    with pytest.raises(InputError, match="no request opened in 2022Q4"):
        load(quarters=13)
    with pytest.raises(ParamsError, match="quarters: 0"):
        load(quarters=0)


@pytest.mark.parametrize("wrong", [{"period": "../../.."}, {"race_standard": "x"}])
def test_wrong_settings_touch_nothing(clone, wrong):
    with pytest.raises(ParamsError):
        load(**wrong)
    with pytest.raises(ParamsError):
        prepare.load("../..", **SETTINGS)
    assert (clone / "params").is_dir()


def test_a_city_may_have_one_kind_only(clone):
    described = clone / "data" / "raw" / "sample" / "sources.yaml"
    text = described.read_text(encoding="utf-8")
    first, rest = text.index("areas:"), text.index("graduation:")
    only = text[:first] + text[rest : text.index("proficiency:")]
    described.write_text(only, encoding="utf-8")
    made = load()
    assert len(made.outcomes) > 0
    for name in ("areas", "workers", "request_counts", "population"):
        table = getattr(made, name)
        assert table.empty
        assert set(module.EMPTY[name]) <= set(table.columns)


def test_workers_of_a_group_without_residents_are_refused(clone):
    described = clone / "data" / "raw" / "sample" / "sources.yaml"
    kept = [
        line
        for line in described.read_text(encoding="utf-8").splitlines(keepends=True)
        if "B03002_009" not in line  # two or more races
    ]
    described.write_text("".join(kept), encoding="utf-8")
    with pytest.raises(InputError, match="'Two or more races'"):
        load()


def test_rows_to_keep_are_found_whatever_their_blanks(clone):
    before = load().levels
    path = clone / "data" / "raw" / "sample" / "proficiency.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",White,", ",White ,"), encoding="utf-8")
    pd.testing.assert_frame_equal(load().levels, before)


def test_several_files_of_a_kind_are_joined(clone):
    raw = clone / "data" / "raw" / "sample"
    roster = pd.read_csv(raw / "workforce_2025-12-31.csv", dtype=str).fillna("")
    whole = load()
    roster.iloc[::2].to_csv(raw / "a.csv", index=False)
    roster.iloc[1::2].to_csv(raw / "b.csv", index=False)
    described = raw / "sources.yaml"
    text = described.read_text(encoding="utf-8")
    first, last = text.index("  - file: sample/workforce_2025"), text.index("events:")
    part = text[first:last]
    name = "workforce_2025-12-31.csv"
    both = part.replace(name, "a.csv") + part.replace(name, "b.csv")
    described.write_text(text[:first] + both + text[last:], encoding="utf-8")
    joined = load()
    assert joined.workers["race"].dtype == whole.workers["race"].dtype
    counts = [made.workers["race"].value_counts().sum() for made in (whole, joined)]
    assert abs(counts[0] - counts[1]) <= 4  # rows repeated exactly, now in two files


def test_two_runs_at_once_both_get_whole_tables(clone, root):
    env = os.environ | {"PYTHONPATH": str(root)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PART, quarters],
            env=env,
            cwd=clone,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for quarters in ("4", "4", "2")
    ]
    ended = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], ended
    rows = [int(out) for out, _ in ended]
    assert rows[0] == rows[1] > rows[2]
    assert [p.name for p in (clone / "data/processed/sample").iterdir()] == ["2025Q4"]
