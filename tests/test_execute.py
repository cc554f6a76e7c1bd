"""Executed notebooks: kept under everything they depend on, and whole or not at all."""

import logging

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from equity import execute
from equity.errors import NotebookError


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "01_a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1", id="a")]), path)
    return path


@pytest.fixture
def executed(monkeypatch):
    """papermill that writes what a kernel would, without one."""
    names = []

    def fake(path, output, **options):
        names.append(path.stem)
        book = nbformat.read(path, as_version=4)
        for number, cell in enumerate(book.cells, start=1):
            cell.execution_count = number
        nbformat.write(book, output)

    monkeypatch.setattr(execute.papermill, "execute_notebook", fake)
    return names


def run(notebook, kept, depends="", **settings):
    return execute.execute(
        {notebook: settings},
        kept=kept,
        depends=depends,
        cell_seconds=9,
        progress=False,
    )


def test_what_is_kept_is_not_executed_again(notebook, tmp_path, executed):
    kept = tmp_path / "kept"
    first = run(notebook, kept)
    assert run(notebook, kept) == first
    assert executed == ["01_a"]
    assert list(first) == ["01_a"]
    assert [path.name for path in kept.rglob("*.ipynb")] == ["01_a.ipynb"]


def test_whatever_it_depends_on_is_another_execution(notebook, tmp_path, executed):
    kept = tmp_path / "kept"
    run(notebook, kept)
    run(notebook, kept, min_cell=10)
    run(notebook, kept, min_cell=11)
    run(notebook, kept, depends="another plan, other data or other code")
    book = nbformat.read(notebook, as_version=4)
    book.cells[0].source = "2"
    nbformat.write(book, notebook)
    run(notebook, kept)
    assert len(executed) == 5


@pytest.mark.parametrize("content", ["", "{", '{"cells": []'])
def test_what_is_damaged_is_executed_again(notebook, tmp_path, executed, content):
    kept = tmp_path / "kept"
    (path,) = run(notebook, kept).values()
    path.write_text(content)
    run(notebook, kept)
    assert len(executed) == 2


def test_what_a_killed_run_left_is_cleared(notebook, tmp_path, executed):
    left = tmp_path / "kept" / ".running-dead"
    left.mkdir(parents=True)
    run(notebook, tmp_path / "kept")
    assert not left.exists()


def test_what_it_depends_on_is_data_plan_code_and_libraries(tmp_path, monkeypatch):
    tidy = tmp_path / "areas.parquet"
    tidy.write_bytes(b"1")
    seen = {execute.dependencies([tidy])}
    assert execute.dependencies([tidy]) in seen
    seen.add(execute.dependencies([tidy], "a plan"))
    tidy.write_bytes(b"2")
    seen.add(execute.dependencies([tidy]))
    monkeypatch.setattr(execute, "_code", lambda: "other code")
    seen.add(execute.dependencies([tidy]))
    monkeypatch.setattr(execute, "_libraries", lambda: ["pandas==9"])
    seen.add(execute.dependencies([tidy]))
    assert len(seen) == 5


def test_a_full_disk_is_one_line(notebook, tmp_path, executed, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(execute.place, "write", full)
    with pytest.raises(NotebookError, match=r"\(No space left on device\)") as error:
        run(notebook, tmp_path / "kept")
    assert str(tmp_path) not in str(error.value)


def test_an_unfinished_notebook_is_refused_and_not_kept(
    notebook, tmp_path, monkeypatch
):
    def unfinished(path, output, **options):
        nbformat.write(nbformat.read(path, as_version=4), output)

    monkeypatch.setattr(execute.papermill, "execute_notebook", unfinished)
    with pytest.raises(NotebookError, match="cell 1: it did not run"):
        run(notebook, tmp_path / "kept")
    assert not [*(tmp_path / "kept").rglob("*.ipynb")]


def test_what_papermill_logs_needs_no_handler():
    assert logging.getLogger("papermill").handlers
