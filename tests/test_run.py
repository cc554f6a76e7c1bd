"""`equity run`: audited, resumed where it stopped, one at a time."""

import csv
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from equity import execute, run
from equity.errors import DisclosureError, EquityError, NotebookError, ParamsError
from equity.publish import audit, place
from tests import small_project
from tests.small_project import FIRST, SECOND, SHOW, go, public, release, settings


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with a release."""
    return small_project.released(tmp_path_factory.mktemp("made"))


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of it, to spoil."""
    copied = tmp_path / "project"
    shutil.copytree(made, copied)
    monkeypatch.chdir(copied)
    monkeypatch.setenv("EQUITY_RAW", "")
    monkeypatch.setattr(run, "NOTEBOOKS", (FIRST, SECOND))
    return copied


@pytest.fixture
def executed(monkeypatch):
    """The names of the notebooks that were really executed."""
    names, papermill = [], execute.papermill.execute_notebook

    def counted(path, *arguments, **options):
        names.append(path.stem)
        return papermill(path, *arguments, **options)

    monkeypatch.setattr(execute.papermill, "execute_notebook", counted)
    return names


def without_kernel(path, output, **options):
    """papermill that writes what a kernel would where nothing is shown."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
    nbformat.write(book, output)


def write(project, name, *sources):
    small_project.write(project, name, *sources)


def test_a_run_leaves_a_page_per_notebook(made):
    pages = {path.stem for path in release(made).glob("*.html")}
    assert pages == {"index", FIRST, SECOND}
    assert not [*(made / "data" / "processed" / "example").glob("*-executed")]


def test_the_manifest_states_code_and_policy(made):
    stated = json.loads((release(made) / "manifest.json").read_text())
    assert stated["policy"] == {"min_cell": 10, "zeros": "shown", "rounding": 0}
    assert set(stated["code"]) == {"version", "commit", "dirty"}
    assert stated["params"]["city"] == "example"
    assert sorted(stated["inputs"]) == [
        *("schools.csv", "services.csv", "tracts.geojson", "workforce.csv"),
    ]


def test_the_lock_of_all_libraries_is_stated(project):
    (project / "uv.lock").write_text("pinned")
    assert run._lock() == (  # printf pinned | sha256sum
        "3fab5c181bd28a09b64397df76ae2bfaf1eac182979b5fdb7a342858004f36af"
    )
    (project / "uv.lock").unlink()
    assert run._lock() is None


def test_whether_the_code_was_changed_is_told(project, monkeypatch):
    said = {"rev-parse": "a" * 40, "status": ""}
    monkeypatch.setattr(run, "_git", lambda name, *_: said[name])
    assert run._commit() == ("a" * 40, False)
    said["status"] = " M equity/run.py"
    assert run._commit() == ("a" * 40, True)
    monkeypatch.setattr(run, "_git", lambda name, *_: None)
    assert run._commit() == (None, None)


def test_what_a_page_may_not_show_publishes_nothing(project):
    before = public(project)
    write(project, SECOND, "print('hello')", SHOW)
    with pytest.raises(NotebookError, match="cell 3") as failure:
        go(project)
    assert SECOND in str(failure.value)
    assert public(project) == before


def test_an_error_does_not_repeat_a_value(project):
    write(project, FIRST, "raise ValueError('E100017 earns 84,092')")
    with pytest.raises(NotebookError) as failure:
        go(project)
    assert "E100017" not in str(failure.value)
    assert "ValueError" in str(failure.value)


def test_our_own_errors_are_repeated_in_full(project):
    write(
        project,
        FIRST,
        "from equity.publish import tables\ntables.show(3, name='a', caption='', "
        "columns={})",
    )
    with pytest.raises(NotebookError, match="protected tables only"):
        go(project)


def test_a_missing_notebook_is_found_before_a_kernel_starts(project, executed):
    (project / "notebooks" / f"{FIRST}.ipynb").unlink()
    with pytest.raises(NotebookError, match="does not exist"):
        go(project)
    assert not executed


def test_missing_raw_data_are_found_before_a_kernel_starts(project, executed):
    (project / "data" / "raw" / "services.csv").unlink()
    with pytest.raises(EquityError, match=r"services\.csv does not exist"):
        go(project)
    assert not executed


def test_a_notebook_may_not_declare_what_no_file_can_set(project):
    path = project / "notebooks" / f"{FIRST}.ipynb"
    cell = new_code_cell("colour: str = 'red'", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), path)
    with pytest.raises(NotebookError, match="colour"):
        go(project)


def test_only_declared_settings_are_passed_on(project):
    path = project / "notebooks" / f"{FIRST}.ipynb"
    assert run.chosen(path, settings(project)) == {"city": "example"}


def test_a_second_run_at_once_is_refused_before_it_does_anything(project, executed):
    out = project / "reports"
    with place.locked(out, "example"):
        process = small_project.start(project, "run", "params/example.yaml")
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said == (
        "error: another run of 'example' is at work in this folder of reports; wait "
        "until it has ended, then run again\n"
    )


def test_a_second_run_for_another_folder_is_refused_too(project, executed):
    """What is prepared and executed is shared by both."""
    before = public(project)
    shared = project / "data" / "processed" / "example" / "lock"
    with ThreadPoolExecutor(1) as pool, place.alone(shared, otherwise=""):
        other = pool.submit(go, project, out=project / "elsewhere")
        with pytest.raises(EquityError, match="for another folder of reports; wait"):
            other.result()
    assert not executed
    assert not (project / "elsewhere").exists()
    assert public(project) == before


def test_what_must_not_be_replaced_is_found_before_a_kernel_starts(project, executed):
    (release(project) / "letter.txt").write_text("mine")
    with pytest.raises(EquityError, match=r"'letter\.txt'"):
        go(project)
    assert not executed


@pytest.mark.parametrize("key", ["limits", "licence"])
def test_what_sources_say_to_readers_holds_nothing_that_is_not_seen(
    project, executed, key
):
    path = project / "data" / "raw" / "example" / "sources.yaml"
    described = yaml.safe_load(path.read_text())
    if key == "limits":
        described["limits"] = ["Nothing\non pay\u202e."]
    else:
        described["workers"][0]["licence"] = "CC0\u202e"
    path.write_text(yaml.safe_dump(described))
    with pytest.raises(ParamsError, match=rf"{key}: holds the character U\+202E"):
        go(project)
    assert not executed


# --- Resumed --------------------------------------------------------------------


def test_a_resumed_run_repeats_what_was_unfinished_and_ends_in_the_same_bytes(
    project, executed, monkeypatch
):
    """Interrupted after the first notebook; then run to its end."""
    monkeypatch.setattr(execute.os, "cpu_count", lambda: 1)  # one after the other
    before = public(project)
    write(project, SECOND, "1 / 0")
    with pytest.raises(NotebookError):
        go(project)
    assert executed == [FIRST, SECOND]
    write(project, SECOND, SHOW)
    go(project)
    assert executed == [FIRST, SECOND, SECOND]
    assert public(project) == before
    assert not [*(project / "data" / "processed" / "example").glob("*-executed")]


# --- Audited --------------------------------------------------------------------

STAFF = """
import pandas as pd
from equity.publish import tables
from equity.publish.protect import protect
staff = pd.DataFrame({"group": ["White", "Black", "Latino", "Native"],
                      "events": [120, 64, 31, 4]})
columns = {"group": ("Group", "text"), "events": ("Staff", "count")}
"""
ALL = """
tables.show(protect(staff, topic="staff"), name="all", caption="All", columns=columns)
"""
TWO = """
some = staff[staff["group"].isin(["White", "Latino"])]
two = protect(some, topic="staff", lines=None)
tables.show(two, name="two", caption="Two of them", columns=columns)
"""


def column(project, name):
    with (release(project) / "tables" / f"{name}.csv").open(newline="") as file:
        return {row["group"]: row["events"] for row in csv.DictReader(file)}


def test_what_the_audit_finds_is_hidden_and_the_notebooks_run_again(project, executed):
    """One table hides Latino to cover Native; the other one shows it: 4 is known."""
    write(project, FIRST, STAFF + ALL)
    write(project, SECOND, STAFF + TWO)
    go(project)
    assert column(project, "all")["Native"] == ""
    assert [*column(project, "two").values()] != ["120", "31"]
    rounds = len(executed) / 2
    assert 2 <= rounds <= run.ROUNDS
    first = public(project)
    executed.clear()
    go(project)  # the plan is kept: no round is needed again
    assert len(executed) == 2
    assert public(project) == first
    plans = project / "reports" / ".equity" / "example" / "plans"
    assert json.loads((plans / "2025Q2.json").read_text())["cells"]
    assert not any(b'"topic"' in content for content in first.values())


def test_what_hiding_does_not_help_ends_the_run(project, monkeypatch):
    """An audit that always finds the same is asked no further than it has new ideas."""
    executed = []

    def fake(path, output, **options):
        executed.append(path.stem)
        without_kernel(path, output)

    monkeypatch.setattr(execute.papermill, "execute_notebook", fake)
    count = audit.Count("staff", {"group": frozenset({"Native"})}, 1, None)
    found = audit.Exposed(count, 4, 4, 1)
    monkeypatch.setattr(audit, "exposed", lambda told, **_: [found])
    monkeypatch.setattr(audit, "plan", lambda told, found, **_: audit.Plan((count,)))
    before = public(project)
    with pytest.raises(DisclosureError, match="worked back"):
        go(project)
    assert public(project) == before
    assert len(executed) == 4


@pytest.mark.parametrize(
    "said", ["could not prove", "did not finish"], ids=["unproven", "out of time"]
)
def test_what_the_audit_cannot_prove_ends_the_run_at_once(project, monkeypatch, said):
    def exposed(told, **_):
        if said == "did not finish":
            raise DisclosureError("the audit did not finish")
        return [audit.Exposed(count, None, None, 0, proven=False)]

    count = audit.Count("staff", {"group": frozenset({"Native"})}, 1, None)
    monkeypatch.setattr(audit, "exposed", exposed)
    monkeypatch.setattr(audit, "plan", None)
    monkeypatch.setattr(execute.papermill, "execute_notebook", without_kernel)
    before = public(project)
    with pytest.raises(DisclosureError, match=said):
        go(project)
    assert public(project) == before


def test_the_environment_is_as_it_was(project, monkeypatch):
    monkeypatch.setenv(run.PLAN, "mine")
    plan = project / "plan.json"
    with run._planned(plan):
        assert run.PLAN not in run.os.environ
    plan.write_text('{"cells": []}')
    with run._planned(plan):
        assert run.os.environ[run.PLAN] == str(plan)
    assert run.os.environ[run.PLAN] == "mine"
