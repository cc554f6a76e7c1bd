"""`equity run`: whole or not at all, whatever a notebook does."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equity import run
from equity.errors import EquityError, NotebookError
from equity.params import Params

SHOW = "from equity.publish import findings\nfindings.nothing('Nothing to show.')"


FIRST, SECOND = run.NOTEBOOKS[1:3]


@pytest.fixture(scope="module")
def made(tmp_path_factory, root):
    """A project of its own: the sample city and two notebooks that show a note."""
    project = tmp_path_factory.mktemp("made") / "project"
    for folder in ("params", "notebooks", "data/raw/sample"):
        (project / folder).mkdir(parents=True)
    for file in (root / "data" / "raw" / "sample").iterdir():
        shutil.copy(file, project / "data" / "raw" / "sample")
    for name in (FIRST, SECOND):
        write(project, name, SHOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setattr(run, "NOTEBOOKS", (FIRST, SECOND))
        go(project)
    return project


@pytest.fixture
def city(made, tmp_path, monkeypatch):
    """A copy of that project, with a release, to spoil."""
    project = tmp_path / "project"
    shutil.copytree(made, project)
    monkeypatch.chdir(project)
    monkeypatch.setattr(run, "NOTEBOOKS", (FIRST, SECOND))
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
    assert pages == {"index", FIRST, SECOND}


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
    before = everything(city / "reports")
    write(city, SECOND, source, SHOW)
    with pytest.raises(NotebookError, match=SECOND) as failure:
        go(city, cell_seconds=5)
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
    assert everything(city / "reports") == before


def test_an_error_does_not_repeat_a_value(city):
    write(city, FIRST, "raise ValueError('E100017 earns 84,092')")
    with pytest.raises(NotebookError) as failure:
        go(city)
    assert "E100017" not in str(failure.value)
    assert "ValueError" in str(failure.value)


def test_our_own_errors_are_repeated_in_full(city):
    write(
        city,
        FIRST,
        "from equity.publish import tables\ntables.show(3, name='a', caption='', "
        "columns={})",
    )
    with pytest.raises(NotebookError, match="protected tables only"):
        go(city)


def test_a_missing_notebook_is_found_before_a_kernel_starts(city, monkeypatch):
    monkeypatch.setattr(run.papermill, "execute_notebook", None)
    (city / "notebooks" / f"{FIRST}.ipynb").unlink()
    with pytest.raises(NotebookError, match="does not exist"):
        go(city)


def test_missing_raw_data_are_found_before_a_kernel_starts(city, monkeypatch):
    monkeypatch.setattr(run.papermill, "execute_notebook", None)
    (city / "data" / "raw" / "sample" / "population.csv").unlink()
    with pytest.raises(EquityError, match=r"population\.csv does not exist"):
        go(city)


def test_a_notebook_may_not_declare_what_no_file_can_set(city):
    path = city / "notebooks" / f"{FIRST}.ipynb"
    cell = new_code_cell("colour: str = 'red'", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), path)
    with pytest.raises(NotebookError, match="colour"):
        go(city)


def test_only_declared_settings_are_passed_on(city):
    path = city / "notebooks" / f"{FIRST}.ipynb"
    assert run.chosen(path, settings()) == {"city": "sample"}


def test_same_inputs_same_bytes(city):
    first = everything(city / "reports")
    go(city)
    assert everything(city / "reports") == first
