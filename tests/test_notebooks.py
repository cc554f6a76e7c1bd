"""The committed notebooks: executed, thin, declared, and runnable as papermill does."""

import ast
import os
import subprocess
import sys

import nbformat
import pytest

from equity import params, run, strict_yaml
from equity.publish.display import MIME

LOOPS = (ast.For, ast.While, ast.FunctionDef, ast.ClassDef, ast.If, ast.ListComp)


@pytest.fixture(scope="module", params=run.NOTEBOOKS)
def path(request, root):
    return root / "notebooks" / f"{request.param}.ipynb"


@pytest.fixture(scope="module")
def notebook(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_parameters(cell):
    return "parameters" in cell.metadata.get("tags", [])


def test_every_code_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_outputs_are_published_ones_only(notebook):
    """nbval compares these, and the web shows them: the same rule as for a release."""
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert outputs
    assert {output.output_type for output in outputs} == {"execute_result"}
    assert all(MIME in output.data for output in outputs)


def test_cells_are_thin(notebook):
    """A definition, a loop or a branch wants to move into the package."""
    for cell in code(notebook):
        kinds = [type(n) for n in ast.walk(ast.parse(cell.source))]
        assert not set(kinds) & set(LOOPS), cell.source


def test_parameters_are_typed_literals_with_a_comment(notebook):
    cell = next(filter(is_parameters, code(notebook)))
    for line, statement in zip(
        cell.source.splitlines(), ast.parse(cell.source).body, strict=True
    ):
        assert isinstance(statement, ast.AnnAssign), line
        kind = {"str": str, "int": int, "float": float}[statement.annotation.id]
        assert type(ast.literal_eval(statement.value)) is kind, line
        assert "  # " in line


def test_parameters_used_are_the_parameters_declared(notebook, path):
    """Each notebook declares only what it uses."""
    later = "\n".join(
        c.source
        for c in code(notebook)
        if "parameters" not in c.metadata.get("tags", [])
    )
    used = {n.id for n in ast.walk(ast.parse(later)) if isinstance(n, ast.Name)}
    assert set(run.declared(path)) <= used


def test_defaults_are_those_of_the_sample_city(path, notebook, root):
    sample = strict_yaml.read(root / "params" / "sample.yaml")
    cell = next(filter(is_parameters, code(notebook)))
    for statement in ast.parse(cell.source).body:
        assert sample[statement.target.id] == ast.literal_eval(statement.value)


def test_every_key_of_every_params_file_is_declared_by_some_notebook(root):
    declared = {
        name
        for notebook in run.NOTEBOOKS
        for name in run.declared(root / "notebooks" / f"{notebook}.ipynb")
    }
    files = sorted((root / "params").glob("*.yaml"))
    assert files
    for file in files:
        assert set(strict_yaml.read(file)) <= declared, file.name
    assert set(params.Params.model_fields) == declared


def test_stored_metadata_does_not_change_from_run_to_run(notebook):
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}


def test_no_path_or_name_of_this_machine_is_stored(path):
    text = path.read_text(encoding="utf-8")
    for private in (os.path.expanduser("~"), os.getcwd(), "/tmp/", "/home/"):
        assert private not in text


def shown(notebook):
    """Everything shown, without the drawn shapes."""
    payloads = [dict(o.data[MIME]) for cell in code(notebook) for o in cell.outputs]
    return [payload | {"svg": ""} for payload in payloads]


@pytest.mark.slow
def test_plain_papermill_runs_from_the_notebooks_folder(path, root, tmp_path):
    """As a user types it: no `equity run`, another working folder, flat params."""
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "papermill",
                path.name,
                str(tmp_path / "out.ipynb"),
            ),
            *("-f", str(root / "params" / "sample.yaml"), "--no-progress-bar"),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    out = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    run.check_complete(out, path.name)
    assert shown(out) == shown(nbformat.read(path, as_version=4))
