"""environment.yml, pyproject.toml, uv.lock and requirements.lock agree."""

import re
import subprocess
import sys
import tomllib
from itertools import chain

import pytest
import yaml

CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "jupyter-core": "jupyter_core",
    "matplotlib": "matplotlib-base",
    "nbconvert": "nbconvert-core",
    "tzdata": "python-tzdata",
}
GIVEN = {
    *("jupyterlab", "pandas", "geopandas", "seaborn", "statsmodels", "papermill"),
    "nbval",
}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def wanted(project):
    """Every requirement of pyproject.toml, under its conda name."""
    groups = project["dependency-groups"].values()
    constraints = project["tool"]["uv"]["constraint-dependencies"]
    named = [*project["project"]["dependencies"], *chain(*groups), *constraints]
    pairs = dict(re.fullmatch(r"([\w-]+)(.*)", name).groups() for name in named)
    pairs["python"] = project["project"]["requires-python"]
    return {CONDA_NAMES.get(name, name): pin for name, pin in pairs.items()}


def test_conda_environment_has_the_same_requirements(root, wanted):
    listed = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    found = dict(re.fullmatch(r"([\w-]+)(.*)", name).groups() for name in listed)
    assert found.pop("pip") == ""
    assert found == wanted


def test_given_packages_are_required(wanted):
    assert set(wanted) >= GIVEN


def test_plain_pip_gets_the_locked_versions(root):
    locked = tomllib.loads((root / "uv.lock").read_text())["package"]
    versions = {(p["name"], p["version"]) for p in locked if "registry" in p["source"]}
    text = (root / "requirements.lock").read_text()
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.M)
    assert set(pins) == versions
    assert text.count("--hash=sha256:") >= len(pins)


def test_lock_is_current(root):
    uv = [sys.executable, "-m", "uv"]
    have = subprocess.run([*uv, "--version"], capture_output=True, check=False)
    if have.returncode:
        pytest.skip("uv is not in this environment")
    args = [
        "export",
        "--locked",
        "--offline",
        "--all-groups",
        "--no-emit-project",
        "-q",
    ]
    shown = subprocess.run(
        [*uv, *args], cwd=root, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr

    def without_comments(text):
        return [line for line in text.splitlines() if not line.startswith("#")]

    kept = (root / "requirements.lock").read_text()
    assert without_comments(shown.stdout) == without_comments(kept)


def test_licence_is_the_one_declared(root, project):
    assert project["project"]["license"] == "MIT"
    assert (root / "LICENSE").read_text().startswith("MIT License")
    assert "license: MIT" in (root / "CITATION.cff").read_text()


def test_citation_has_the_version(root, project):
    cited = yaml.safe_load((root / "CITATION.cff").read_text())
    assert cited["version"] == project["project"]["version"]
