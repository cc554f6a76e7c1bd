"""The three rooms keep their direction: prepare -> measure -> publish."""

import ast
from pathlib import Path

import pytest

import equity

PACKAGE = Path(equity.__file__).parent
MAY_IMPORT = {  # room: what of the package its modules may import
    "prepare": {"prepare", "errors", "race", "project", "strict_yaml"},
    "measure": {"measure", "errors"},
    "publish": {"publish", "measure", "errors", "race"},
    "sample": {"sample", "errors", "race"},
}
DISK = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "to_csv"}


def imports(path: Path) -> set[str]:
    """The parts of the package that a module imports, anywhere in its code."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        parts |= {name.split(".")[1] for name in names if name.startswith("equity.")}
    return parts


def calls(path: Path) -> set[str]:
    """The names of the functions and methods that a module calls."""
    nodes = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)
    ]
    return {getattr(n.func, "attr", getattr(n.func, "id", "")) for n in nodes}


ROOMS = [(room, path) for room in MAY_IMPORT for path in (PACKAGE / room).rglob("*.py")]


@pytest.mark.parametrize(("room", "path"), ROOMS, ids=[str(p.stem) for _, p in ROOMS])
def test_room_imports_only_what_it_may(room, path):
    assert imports(path) <= MAY_IMPORT[room]


def test_every_room_was_looked_at():
    assert {room for room, _ in ROOMS} == set(MAY_IMPORT)
    assert "measure" in imports(PACKAGE / "measure" / "exposure.py")


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "measure").glob("*.py")), ids=lambda path: path.stem
)
def test_measures_touch_no_file_and_print_nothing(path):
    assert not calls(path) & (DISK | {"print", "read_csv", "read_parquet", "savefig"})


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "publish").glob("*.py")), ids=lambda path: path.stem
)
def test_publish_uses_no_statistics_library(path):
    """Publishing never computes a statistic; the gate's linear programs are no such."""
    source = path.read_text()
    assert "statsmodels" not in source
    assert "scipy.stats" not in source
