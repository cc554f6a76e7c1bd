"""Twelve faults: each is one line and a non-zero exit, and readers see no change."""

import os
import re
import shutil
import signal
import sys
import time

import pytest

from equity import cli, run
from equity.publish.release import verify
from tests import small_project
from tests.small_project import FIRST, SECOND, SHOW, public, release, start

EXPOSED = """
from equity.publish import display
text = lambda label: {"value": label, "text": label, "hidden": False}
display._publish({
    "kind": "table", "name": "staff", "caption": "Staff", "source": "", "notes": [],
    "row_header": 0,
    "columns": [{"name": "group", "label": "Group", "type": "text"}],
    "rows": [[text("White")], [text("AIAN")]],
    "counts": [{"topic": "staff", "dimensions": ["group"], "cells": [
        [["White"], 120, 120], [["AIAN"], 1, None], [[None], 124, 124]]}],
})
"""
MEMORY = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))
bytearray(2**30)
"""


def cell(source):
    """The second notebook has this cell."""
    return lambda project: small_project.write(project, SECOND, source, SHOW)


def change(name, old, new):
    """One of the project's files has another text."""

    def spoil(project):
        path = project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return spoil


def remove(name):
    """One of the project's files is gone."""
    return lambda project: (project / name).unlink()


FAULTS = {
    "failing cell": (cell("1 / 0"), f"{SECOND}.ipynb, cell 3: ZeroDivisionError"),
    "sys.exit(0)": (cell("import sys; sys.exit(0)"), f"{SECOND}.ipynb, cell 3"),
    "dead kernel": (
        cell("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        f"{SECOND}.ipynb: its kernel died; was there enough memory?",
    ),
    "out of memory": (cell(MEMORY), "MemoryError: there was not enough memory"),
    "hung cell": (cell("import time; time.sleep(60)"), "longer than 5 seconds"),
    "missing input": (remove("data/raw/services.csv"), "services.csv does not exist"),
    "failed check": (
        change("data/raw/example/sources.yaml", "    White: White\n", ""),
        "'White' (",
    ),
    "failed audit": (cell(EXPOSED), "can be worked back from what is published"),
    "bad parameter": (
        change("params/example.yaml", "quarters: 2", "quarters: two"),
        "'two' is not allowed; a whole number from 1 to 80",
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with a release."""
    return small_project.released(tmp_path_factory.mktemp("made"))


@pytest.fixture
def project(made, tmp_path):
    """A copy of it, to spoil; in the end readers must see what they saw before."""
    copied = tmp_path / "project"
    shutil.copytree(made, copied)
    before = public(copied)
    yield copied
    assert public(copied) == before
    assert verify(release(copied)) == []
    reports = copied / "reports"
    assert sorted(path.name for path in reports.iterdir()) == [".equity", "example"]
    assert sorted(path.name for path in (reports / "example").iterdir()) == [
        "2025Q2",
        "index.html",
    ]
    room = {path.name for path in (reports / ".equity" / "example").iterdir()}
    assert {"lock", "released"} <= room <= {"lock", "released", "plans"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_and_changes_nothing(project, monkeypatch, fault):
    spoil, said = FAULTS[fault]
    spoil(project)
    monkeypatch.chdir(project)
    monkeypatch.setattr(run, "NOTEBOOKS", (FIRST, SECOND))
    monkeypatch.setenv("EQUITY_RAW", "")
    limit = "5" if fault == "hung cell" else "120"
    monkeypatch.setattr(
        sys, "argv", ["equity", "run", "params/example.yaml", "--cell-seconds", limit]
    )
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    line = leaving.value.code
    assert line.startswith("error: ")
    assert said in line
    assert "\n" not in line
    assert str(project) not in line


def finished(process):
    """The exit code, and what was said beside progress bars."""
    _, said = process.communicate(timeout=120)
    lines = re.split(r"[\r\n]+", said)
    return process.returncode, [
        line
        for line in lines
        if line.strip() and not re.search(r"\d+%\||block/s", line)
    ]


FULL = """
import resource
from equity.publish import release
publish = release.publish
def full(*arguments, **options):
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    return publish(*arguments, **options)
release.publish = full
"""


def test_a_full_disk_is_one_line_and_costs_no_second_execution(project):
    """A real OSError: no file of the process may be larger than 10,000 bytes."""
    code, lines = finished(start(project, "run", "params/example.yaml", before=FULL))
    assert code == 1
    (line,) = lines
    assert line.startswith("error: the release cannot be written (File too large)")
    kept = project / "data" / "processed" / "example"
    assert len([*kept.glob("*-executed/*/*.ipynb")]) == 2


POWERLESS = """
import ctypes, os
if os.geteuid() == 0:  # its rights over all files are given up
    head, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(head, none) == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="gives up rights as Linux does")
@pytest.mark.parametrize("closed", ["reports/example", "reports/.equity/example"])
def test_an_unwritable_folder_is_one_line_at_once(project, closed):
    (project / closed).chmod(0o555)
    code, lines = finished(
        start(project, "run", "params/example.yaml", before=POWERLESS)
    )
    (project / closed).chmod(0o755)
    assert code == 1
    (line,) = lines
    assert line.startswith("error: the folder of reports cannot be written (Permission")


LATE = """
import os, shutil, signal
rmtree = shutil.rmtree
def late(path, *arguments, **options):  # whatever is cleared, we are asked to stop
    if str(path).endswith("-executed") or "/new-" in str(path):
        os.kill(os.getpid(), signal.SIGTERM)
    rmtree(path, *arguments, **options)
from equity.publish import place
put = place.put
def published(*arguments, **options):
    put(*arguments, **options)
    shutil.rmtree = late
place.put = published
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_what_is_published_is_a_success_whoever_listens(project):
    """Asked to stop while it clears up, and then nobody can be told where it is."""
    with open("/dev/full", "w") as full:
        code, lines = finished(
            start(project, "run", "params/example.yaml", before=LATE, stdout=full)
        )
    assert (code, lines) == (0, [])
    assert not [*(project / "data" / "processed" / "example").glob("*-executed")]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_run_that_is_cancelled_ends_at_once_with_its_kernels(project, name):
    small_project.write(
        project,
        SECOND,
        "import os, time; from pathlib import Path\n"
        "Path('pid.part').write_text(str(os.getpid()))\n"
        "Path('pid.part').rename('pid'); time.sleep(120)",
    )
    process = start(project, "run", "params/example.yaml")
    deadline = time.monotonic() + 90
    while not [*project.rglob("pid")]:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no cell was run"
        time.sleep(0.05)
    (told,) = project.rglob("pid")
    kernel = int(told.read_text())
    asked = time.monotonic()
    process.send_signal(getattr(signal, name))
    code, lines = finished(process)
    assert code == 128 + getattr(signal, name)
    assert lines == ["stopped; nothing new was published"]
    assert time.monotonic() - asked < 20
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
