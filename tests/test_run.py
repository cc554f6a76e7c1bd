"""`equity run`: whole or not at all, whatever a notebook does."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equity import run
from equity.errors import EquityError, NotebookError
from equity.params import Params

SHOW = "from equity.publish import findings\nfindings.nothing('Nothing to show.')"


@pytest.fixture
def city(tmp_path, monkeypatch, root):
    """A project of its own with the sample city and notebooks that show a note."""
    project = tmp_path / "project"
    for folder in ("params", "notebooks", "data/raw/sample"):
        (project / folder).mkdir(parents=True)
    for file in (root / "data" / "raw" / "sample").iterdir():
        shutil.copy(file, project / "data" / "raw" / "sample")
    monkeypatch.chdir(project)
    for name in run.NOTEBOOKS:
        write(project, name, SHOW)
    return project


def write(project, name, *sources):
    """A notebook with a title, a parameters cell and the given code cells."""
    cells = [
        new_markdown_cell(f"# Page {name}"),
        new_code_cell('city: str = "sample"', metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in sources),
    ]
    nbformat.write(new_notebook(cells=cells), project / "notebooks" / f"{name}.ipynb")


def settings():
    return Params(city="sample", city_name="Sample", period="2025Q4")


def go(project, **options):
    return run.run(settings(), out=project / "reports", progress=False, **options)


def everything(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_a_page_per_notebook(city):
    index = go(city)
    assert index == city / "reports" / "sample" / "2025Q4" / "index.html"
    pages = {path.stem for path in index.parent.glob("*.html")}
    assert pages == {"index", *run.NOTEBOOKS}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "cell 3: ZeroDivisionError"),
        ("import sys; sys.exit(0)", "cell 3"),
        ("import sys; sys.exit(3)", "cell 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel died"),
        ("import time; time.sleep(60)", "longer than 5 seconds"),
        ("print('hello')", "cell 3"),
        ("import warnings; warnings.warn('careful')", "cell 3"),
        ("{'a': 1}", "cell 3"),
    ],
)
def test_a_notebook_that_fails_publishes_nothing_and_is_named(city, source, said):
    go(city)
    before = everything(city / "reports")
    write(city, "02_workforce_representation", source, SHOW)
    with pytest.raises(NotebookError, match=r"workforce.representation") as failure:
        go(city, cell_seconds=5)
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
    assert everything(city / "reports") == before


def test_an_error_does_not_repeat_a_value(city):
    write(city, "01_service_access", "raise ValueError('E100017 earns 84,092')")
    with pytest.raises(NotebookError) as failure:
        go(city)
    assert "E100017" not in str(failure.value)
    assert "ValueError" in str(failure.value)


def test_our_own_errors_are_repeated_in_full(city):
    write(
        city,
        "01_service_access",
        "from equity.publish import tables\ntables.show(3, name='a', caption='', "
        "columns={})",
    )
    with pytest.raises(NotebookError, match="protected tables only"):
        go(city)


def test_a_missing_notebook_is_found_before_a_kernel_starts(city, monkeypatch):
    monkeypatch.setattr(run.papermill, "execute_notebook", None)
    (city / "notebooks" / "01_service_access.ipynb").unlink()
    with pytest.raises(NotebookError, match="does not exist"):
        go(city)


def test_missing_raw_data_are_found_before_a_kernel_starts(city, monkeypatch):
    monkeypatch.setattr(run.papermill, "execute_notebook", None)
    (city / "data" / "raw" / "sample" / "population.csv").unlink()
    with pytest.raises(EquityError, match=r"population\.csv does not exist"):
        go(city)


def test_a_notebook_may_not_declare_what_no_file_can_set(city):
    path = city / "notebooks" / "01_service_access.ipynb"
    cell = new_code_cell("colour: str = 'red'", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), path)
    with pytest.raises(NotebookError, match="colour"):
        go(city)


def test_only_declared_settings_are_passed_on(city):
    path = city / "notebooks" / "01_service_access.ipynb"
    assert run.chosen(path, settings()) == {"city": "sample"}


def test_same_inputs_same_bytes(city):
    first = everything(go(city).parent)
    assert everything(go(city).parent) == first
