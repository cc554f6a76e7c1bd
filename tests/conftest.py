"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference answers and real data, beside the project."""
    folder = Path(os.environ.get("EQUITY_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the folder of reference answers and real data is absent")
    return folder
