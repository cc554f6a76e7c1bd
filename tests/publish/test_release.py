"""The release: whole or not at all, audited, and the same twice."""

import os
import re
import shutil
import threading
from pathlib import Path

import nbformat
import pytest

from equity.errors import DisclosureError, EquityError, NotebookError, ParamsError
from equity.publish import audit, city, place, release
from equity.publish.page import Facts
from equity.publish.release import ExposedError, verify
from tests.small_release import (
    book,
    books,
    finding,
    public,
    publish_in,
    snapshot,
    table,
)

NEWER = Facts(version="0.2.0")


@pytest.fixture
def released(tmp_path):
    return publish_in(tmp_path)


def test_a_release_holds_what_the_design_says(released, tmp_path):
    assert released == tmp_path / "sample" / "2026Q1"
    assert sorted(snapshot(released)) == [
        "01_waits.html",
        "02_work.html",
        "datapackage.json",
        "index.html",
        "manifest.json",
        "tables/findings.csv",
        "tables/sample-2026Q1.xlsx",
        "tables/waits.csv",
        "tables/work.csv",
    ]
    assert verify(released) == []


def test_the_citys_page_stands_beside_its_releases(released, tmp_path):
    publish_in(tmp_path, period="2026Q2")
    home = tmp_path / "sample"
    assert sorted(p.name for p in home.iterdir()) == ["2026Q1", "2026Q2", "index.html"]
    page = (home / "index.html").read_text()
    assert 'href="2026Q1/index.html"' in page
    assert 'href="2026Q2/index.html"' in page


def test_readers_may_open_what_is_published_and_nothing_of_the_workshop(
    released, tmp_path
):
    """The system's mask decides, and nothing else."""
    assert (tmp_path / ".equity").stat().st_mode & 0o077 == 0
    mask = os.umask(0)
    os.umask(mask)
    home = released.parent
    for path in [home, *home.rglob("*")]:
        wanted = (0o777 if path.is_dir() else 0o666) & ~mask
        assert path.stat().st_mode & 0o777 == wanted, path.name
    (home / "index.html").unlink()
    release.begin(tmp_path, city="sample", city_name="Sampleton", period="2026Q1")
    assert (home / "index.html").stat().st_mode & 0o777 == 0o666 & ~mask
    assert sorted(p.name for p in (tmp_path / ".equity" / "sample").iterdir()) == [
        "lock",
        "released",
    ]


def test_paths_to_notebooks_are_read(tmp_path):
    path = tmp_path / "executed.ipynb"
    nbformat.write(book(table()), path)
    folder = publish_in(tmp_path / "out", {"01_waits": path})
    assert (folder / "01_waits.html").is_file()
    with pytest.raises(NotebookError, match="'02_gone' cannot be read"):
        publish_in(tmp_path / "out", {"02_gone": tmp_path / "gone.ipynb"})


def test_same_inputs_give_the_same_bytes_in_any_folder(tmp_path):
    one, other = publish_in(tmp_path / "a"), publish_in(tmp_path / "b" / "c")
    assert snapshot(one) == snapshot(other)
    assert snapshot(publish_in(tmp_path / "a")) == snapshot(other)
    assert public(tmp_path / "a") == public(tmp_path / "b" / "c")


def test_nothing_names_this_machine_or_the_clock(released):
    files = {n: c for n, c in snapshot(released).items() if not n.endswith(".xlsx")}
    everything = b"".join(files.values()).decode()
    assert str(released.parent) not in everything
    assert str(Path.home()) not in everything
    assert not re.search(r"\d\d:\d\d:\d\d", everything)


# --- Whole or not at all -----------------------------------------------------


@pytest.mark.parametrize(
    ("executed", "error"),
    [
        ({"01_waits": book(table()), "02_work": book({"kind": "x"})}, NotebookError),
        (
            {"01_waits": book(table()), "02_work": book(table(), title="T")},
            NotebookError,
        ),
        ({"01_waits": book(table("findings"))}, NotebookError),
        ({"01_waits": book(table("../x"))}, NotebookError),
        ({"01_waits": book(), "02_work": book()}, NotebookError),
        ({"index": book()}, ParamsError),
        ({"../x": book()}, ParamsError),
    ],
    ids=[
        "bad payload",
        "two tables of a name",
        "a name of ours",
        "a table that leaves its folder",
        "two titles",
        "reserved name",
        "a page that leaves its folder",
    ],
)
def test_a_failing_notebook_leaves_the_earlier_release(
    released, tmp_path, executed, error
):
    before = public(tmp_path)
    with pytest.raises(error):
        publish_in(tmp_path, executed)
    assert public(tmp_path) == before


@pytest.mark.parametrize(
    "names",
    [
        {"city": "../x"},
        {"city": "A"},
        {"city": ""},
        {"city": "sample\n"},
        {"city": ".equity"},
        {"period": "2026"},
        {"period": "../2026Q1"},
        {"site": [{"slug": "other", "title": "Other"}]},
    ],
)
def test_names_cannot_leave_their_folder(tmp_path, names):
    with pytest.raises(ParamsError):
        publish_in(tmp_path, **names)
    assert not list(tmp_path.iterdir())


def test_a_new_release_leaves_nothing_of_the_old(released, tmp_path):
    publish_in(tmp_path, {"03_pay": book(table("pay"))})
    assert not (released / "01_waits.html").exists()
    assert verify(released) == []


def test_a_folder_that_is_no_release_is_not_replaced(tmp_path):
    here = tmp_path / "sample" / "2026Q1"
    here.mkdir(parents=True)
    publish_in(tmp_path)  # an empty folder may be filled
    shutil.rmtree(here)
    here.mkdir()
    (here / "thesis.txt").write_text("mine")
    with pytest.raises(EquityError, match="move it"):
        publish_in(tmp_path)
    assert (here / "thesis.txt").read_text() == "mine"
    shutil.rmtree(here)
    here.write_text("a file")
    with pytest.raises(EquityError, match="move it"):
        publish_in(tmp_path)


def test_a_citys_page_that_fails_publishes_nothing(released, tmp_path, monkeypatch):
    before = public(tmp_path)
    monkeypatch.setattr(city.front, "city", None)
    with pytest.raises(TypeError):
        publish_in(tmp_path, facts=NEWER)
    assert public(tmp_path) == before


def test_a_full_disk_is_one_line_without_a_path(released, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr(place, "put", full)
    with pytest.raises(EquityError, match=r"\(No space left on device\)") as error:
        publish_in(tmp_path, facts=NEWER)
    assert str(tmp_path) not in str(error.value)
    assert "\n" not in str(error.value)


def test_from_another_thread_too(tmp_path):
    thread = threading.Thread(target=publish_in, args=(tmp_path,))
    thread.start()
    thread.join()
    assert verify(tmp_path / "sample" / "2026Q1") == []


# --- The audit ---------------------------------------------------------------


def counts(*cells, topic="staff"):
    """What a reader is told about groups: label, fewest, most."""
    told = [[[label], low, high] for label, low, high in cells]
    return [{"topic": topic, "dimensions": ["group"], "cells": told}]


SHOWN = [("White", 120, 120), ("Black", 64, 64), ("Latino", 31, 31)]
TOTAL = (None, 219, 219)


def told(*cells):
    """A notebook that tells this, and one that does not."""
    return books(counts=counts(*cells))


def test_a_release_that_gives_a_count_away_is_refused(released, tmp_path):
    """The attack: 219 - 120 - 64 - 31 = 4, OpenSAFELY's secondary disclosure."""
    before = public(tmp_path)
    with pytest.raises(ExposedError, match="worked back") as error:
        publish_in(tmp_path, told(*SHOWN, ("AIAN", 1, None), TOTAL))
    assert public(tmp_path) == before
    assert "AIAN" in str(error.value)
    assert "4" not in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_not_proven_safe_is_said_so(released, tmp_path, monkeypatch):
    count = audit.Count("staff", {"group": frozenset({"AIAN"})}, 1, None)
    found = [
        audit.Exposed(count, 4, 4, 1),
        audit.Exposed(count, None, None, 0, proven=False),
    ]
    monkeypatch.setattr(audit, "exposed", lambda told, **_: found)
    before = public(tmp_path)
    with pytest.raises(DisclosureError, match="could not prove that 1 hidden") as error:
        publish_in(tmp_path)
    assert not isinstance(error.value, ExposedError)
    assert "worked back" not in str(error.value)
    assert "cross fewer dimensions" in str(error.value)
    assert public(tmp_path) == before


def test_nothing_of_what_is_told_for_the_audit_is_published(tmp_path):
    canaries = counts(("CANARY", 120, 120), topic="CANARY")
    publish_in(tmp_path, books(counts=canaries))
    assert not any(b"CANARY" in content for content in public(tmp_path).values())
    assert any((tmp_path / ".equity" / "sample" / "released").iterdir())


def test_an_earlier_release_is_part_of_the_attack(tmp_path):
    """Year to date 54, then 57, and the second quarter's 3 are hidden."""

    def year_to_date(people, *quarters):
        cells = [[[list(quarters)], people, people]]
        if len(quarters) > 1:
            cells.append([[quarters[-1]], 1, None])
        return {
            "topic": "complaints",
            "dimensions": ["period"],
            "cells": cells,
        }

    publish_in(tmp_path, books(counts=[year_to_date(54, "2026Q1")]), period="2026Q1")
    second = books(counts=[year_to_date(57, "2026Q1", "2026Q2")])
    with pytest.raises(ExposedError):
        publish_in(tmp_path, second, period="2026Q2")
    assert not (tmp_path / "sample" / "2026Q2").exists()
    publish_in(tmp_path / "elsewhere", second, period="2026Q2")  # no earlier release


def test_what_is_released_is_remembered_before_it_can_be_seen(tmp_path, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, "_swap", killed)
    with pytest.raises(KeyboardInterrupt):
        publish_in(tmp_path, told(*SHOWN))
    assert not public(tmp_path)
    assert len(release.archives.read(tmp_path / ".equity" / "sample" / "released")) == 1


def test_the_same_release_again_leaves_no_second_entry(tmp_path):
    for _ in range(2):
        publish_in(tmp_path, told(*SHOWN))
    assert len(list((tmp_path / ".equity" / "sample" / "released").iterdir())) == 1


def test_findings_are_told_once_a_page(tmp_path):
    folder = publish_in(tmp_path, {"01_waits": book(finding(), finding())})
    assert len((folder / "tables" / "findings.csv").read_text().splitlines()) == 2


def test_the_audit_is_the_audit(monkeypatch, tmp_path):
    """Nothing is published where the audit cannot be asked."""
    monkeypatch.setattr(audit, "exposed", None)
    with pytest.raises(TypeError):
        publish_in(tmp_path)
    assert not public(tmp_path)
