"""The project's folders, found from anywhere inside it and never outside it."""

import pytest

from equity import project
from equity.errors import EquityError, ParamsError


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A project with nothing in it."""
    for name in ("params", "notebooks/deep", "data/raw/here"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EQUITY_RAW", raising=False)
    return tmp_path.resolve()


def test_the_root_is_found_from_below(clone, monkeypatch):
    assert project.root() == clone
    monkeypatch.chdir(clone / "notebooks" / "deep")
    assert project.root() == clone
    assert project.root(clone / "data") == clone


def test_outside_a_project_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(EquityError, match="change to your clone"):
        project.root(tmp_path)


def test_raw_files_may_lie_elsewhere(clone, tmp_path, monkeypatch):
    assert project.raw_folder() == clone / "data" / "raw"
    monkeypatch.setenv("EQUITY_RAW", "notebooks")
    assert project.raw_folder() == clone / "notebooks"
    monkeypatch.setenv("EQUITY_RAW", "")
    assert project.raw_folder() == clone / "data" / "raw"


def test_sources_beside_the_raw_files_come_first(clone, monkeypatch):
    ours = clone / "data" / "raw" / "here" / "sources.yaml"
    ours.touch()
    assert project.sources_file("here") == ours
    monkeypatch.setenv("EQUITY_RAW", str(clone / "notebooks"))
    assert project.sources_file("here") == ours
    theirs = clone / "notebooks" / "here" / "sources.yaml"
    theirs.parent.mkdir()
    theirs.touch()
    assert project.sources_file("here") == theirs


def test_a_city_without_sources_is_told_how_to_get_them(clone):
    with pytest.raises(EquityError, match="equity new there FOLDER"):
        project.sources_file("there")


@pytest.mark.parametrize("city", ["..", "../evil", "/etc", "a/b", "", "Ü", "a\n"])
def test_a_city_stays_inside(clone, city):
    with pytest.raises(ParamsError, match="city"):
        project.sources_file(city)
    with pytest.raises(ParamsError, match="city"):
        project.processed_folder(city, "2025Q4")


@pytest.mark.parametrize("period", ["../../..", "2025", "", "2025Q4/../.."])
def test_a_period_stays_inside(clone, period):
    with pytest.raises(ParamsError, match="period"):
        project.processed_folder("sample", period)


def test_processed_tables_lie_below_their_city_and_period(clone):
    found = project.processed_folder("sample", "2025Q4")
    assert found == clone / "data" / "processed" / "sample" / "2025Q4"
