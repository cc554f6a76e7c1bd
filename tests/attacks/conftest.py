"""A finished release with planted small counts."""

import csv
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equity import run
from equity.params import Params
from tests.attacks import planted

PAGES = {run.NOTEBOOKS[2]: planted.workforce(), run.NOTEBOOKS[3]: planted.schools()}
PERIODS = ("2025Q3", "2025Q4")


@pytest.fixture(scope="session")
def releases(tmp_path_factory, root):
    """Two quarters in a row, each run and published as any city's are."""
    project = tmp_path_factory.mktemp("attacked")
    for folder in ("params", "notebooks", "data/raw"):
        (project / folder).mkdir(parents=True)
    shutil.copytree(root / "data" / "raw" / "sample", project / "data/raw/sample")
    for name, sources in PAGES.items():
        cells = [
            new_markdown_cell(f"# Planted: {name[3:].replace('_', ' ')}"),
            new_code_cell('period: str = "2025Q4"', metadata={"tags": ["parameters"]}),
            *(new_code_cell(source.strip()) for source in sources),
        ]
        path = project / "notebooks" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setattr(run, "NOTEBOOKS", tuple(PAGES))
        indexes = [
            run.run(
                Params(city="sample", city_name="Sample", period=period),
                out=project / "reports",
                progress=False,
            )
            for period in PERIODS
        ]
    return [index.parent for index in indexes]


@pytest.fixture(scope="session")
def release(releases):
    """The later release."""
    return releases[-1]


@pytest.fixture(scope="session")
def table(release):
    """A reader of the release's downloads by name: rows of texts."""
    return lambda name, folder=release: list(
        csv.DictReader(
            (folder / "tables" / f"{name}.csv").read_text("utf-8").splitlines()
        )
    )
