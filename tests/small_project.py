"""A project of its own with a small city and two notebooks, to be run for real."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equity import params, run
from tests.broken_city import PARAMS, SOURCES, write_good
from tests.small_release import snapshot

FIRST, SECOND = run.NOTEBOOKS[1:3]
SHOW = "from equity.publish import findings\nfindings.nothing('Nothing to show.')"
#: The command, with the two notebooks in place of all.
DRIVER = f"""
import sys
from equity import cli, run
run.NOTEBOOKS = {(FIRST, SECOND)!r}
{{before}}
sys.argv = ["equity", *sys.argv[1:]]
cli.main()
"""


def make(home: Path) -> Path:
    """Make the project."""
    for folder in ("params", "notebooks", "data/raw/example"):
        (home / folder).mkdir(parents=True)
    for file in write_good(home / "good").iterdir():
        shutil.move(file, home / "data" / "raw" / file.name)
    (home / "good").rmdir()
    described = home / "data" / "raw" / "example" / "sources.yaml"
    described.write_text(yaml.safe_dump(json.loads(json.dumps(SOURCES))))
    (home / "params" / "example.yaml").write_text(yaml.safe_dump(PARAMS))
    for name in (FIRST, SECOND):
        write(home, name, SHOW)
    return home


def write(project: Path, name: str, *sources: str) -> None:
    """Write a notebook with a title, a parameters cell and the given code cells."""
    cells = [
        new_markdown_cell(f"# Page {name}"),
        new_code_cell('city: str = "example"', metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in sources),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells), project / "notebooks" / f"{name}.ipynb")


def settings(project: Path) -> params.Params:
    """Read its params file."""
    return params.read(project / "params" / "example.yaml")


def go(project: Path, **options: object) -> Path:
    """Run it in this process, which stands in the project and has two notebooks."""
    given = {"out": project / "reports", "progress": False}
    return run.run(settings(project), **given | options)


_released: list[Path] = []


def released(home: Path) -> Path:
    """Make one with a release, once for all tests (the first ones' `home`), to copy."""
    if not _released:
        project = make(home / "project")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(project)
            patch.setenv("EQUITY_RAW", "")
            patch.setattr(run, "NOTEBOOKS", (FIRST, SECOND))
            go(project)
        _released.append(project)
    return _released[0]


def start(
    project: Path,
    *arguments: str,
    before: str = "",
    stdout: int | IO = subprocess.PIPE,
    **environment: str,
):
    """Start `equity` with the two notebooks in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(before=before), *arguments],
        cwd=project,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "EQUITY_RAW": "",
            **environment,
        },
    )


def release(project: Path) -> Path:
    """Where its release is."""
    return project / "reports" / "example" / PARAMS["period"]


def public(project: Path) -> dict[str, bytes]:
    """Everything that readers can see."""
    return snapshot(project / "reports" / "example")
