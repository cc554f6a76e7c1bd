"""Killed at any moment: readers find the complete old or the complete new release."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from equity.publish import place
from equity.publish.release import verify
from tests import small_project
from tests.small_project import FIRST, SECOND, public, release, start
from tests.small_release import books, publish_in, snapshot

KILLS = 60


@pytest.mark.slow
def test_sixty_random_kills(tmp_path, root):
    """The loop checks after each kill, and that the next run clears what was left."""
    done = subprocess.run(
        [
            *(sys.executable, "tests/publish/kill_loop.py"),
            *(str(tmp_path), str(KILLS)),
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(f"{KILLS} kills")


# --- Killed at every step, one after the other --------------------------------

STEPS = [
    *((os, name) for name in ("fsync", "open", "mkdir", "rename", "replace", "rmdir")),
    *((os, name) for name in ("unlink", "remove")),
    (place, "_exchanged"),
]


def killed_at(number, after):
    """Publish the newer release in a process that is killed at one of its steps."""
    child = os.fork()
    if child:
        return child
    calls = []

    def deadly(call):
        def step(*arguments, **options):
            calls.append(call)
            mine = len(calls)
            if mine == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*arguments, **options)
            finally:
                if mine == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        return step

    for owner, name in STEPS:
        setattr(owner, name, deadly(getattr(owner, name)))
    return 0


@pytest.mark.parametrize("way", ["exchange", "two moves"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_every_step(tmp_path, monkeypatch, way, after):
    """With two moves only, the place may be empty until the next run mends it."""
    if way == "two moves":
        monkeypatch.setattr(place, "_exchange_call", lambda: None)
    old, new = books(), books(label="Black")
    out = tmp_path / "out"
    here = publish_in(out, old)
    whole = [snapshot(here), snapshot(publish_in(tmp_path / "new", new))]
    seen, number, ended = set(), 0, False
    while not ended:
        number += 3 if number > 12 else 1
        child = killed_at(number, after)
        if not child:
            try:
                publish_in(out, new)
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        ended = os.WIFEXITED(status)
        assert not ended or os.WEXITSTATUS(status) == 0
        if way == "exchange" or here.exists():
            assert verify(here) == []
            assert snapshot(here) in whole, number
        with place.locked(out, "sample") as room:
            assert snapshot(here) in whole, number
            assert sorted(p.name for p in room.iterdir()) == ["lock", "released"]
        seen.add(whole.index(snapshot(here)))
        if snapshot(here) == whole[1] and not ended:
            publish_in(out, old)
    assert seen == {0, 1}
    assert number > 20


# --- A whole run ----------------------------------------------------------------

COUNTING = """
from pathlib import Path
import os, uuid
Path(os.environ["COUNT_IN"], f"{NAME}-{uuid.uuid4().hex}").touch()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with a release."""
    return small_project.released(tmp_path_factory.mktemp("made"))


@pytest.fixture
def project(made, tmp_path):
    copied = tmp_path / "project"
    shutil.copytree(made, copied)
    return copied


def finished(process):
    _, said = process.communicate(timeout=240)
    return process.returncode, said


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_the_old_release_and_is_resumed(
    project, tmp_path, monkeypatch
):
    """Kill after the first notebook: the next run executes the second one only."""
    executed = tmp_path / "executed"
    executed.mkdir()
    slow = "import time; time.sleep(60 if not Path('go').exists() else 0)"
    for name, source in ((FIRST, ""), (SECOND, slow)):
        body = COUNTING.replace("{NAME}", name) + source
        small_project.write(project, name, body, small_project.SHOW)
    before = public(project)
    environment = {"COUNT_IN": str(executed)}
    killed = start(project, "run", "params/example.yaml", **environment)
    kept = project / "data" / "processed" / "example"
    deadline = time.monotonic() + 90
    while not [*kept.glob(f"*-executed/*/{FIRST}.ipynb")]:
        assert killed.poll() is None, killed.communicate()[1]
        assert time.monotonic() < deadline, "the first notebook was never kept"
        time.sleep(0.05)
    killed.kill()
    finished(killed)
    assert public(project) == before
    (project / "notebooks" / "go").touch()
    (project / "go").touch()
    code, said = finished(start(project, "run", "params/example.yaml", **environment))
    assert code == 0, said
    names = [path.name.rpartition("-")[0] for path in executed.iterdir()]
    assert names.count(FIRST) == 1
    assert names.count(SECOND) <= 2
    assert verify(release(project)) == []
    assert not [*kept.glob("*-executed")]
    resumed = public(project)
    shutil.rmtree(project / "reports")
    code, said = finished(start(project, "run", "params/example.yaml", **environment))
    assert code == 0, said
    assert public(project) == resumed


@pytest.mark.slow
def test_whole_runs_killed_at_random(project):
    """After each kill the old or the new; what runs in the end is the new.

    The moments are spread over a run from its first second on, however long it takes:
    a kill may come after its end.
    """
    old, found = public(project), []
    other = small_project.SHOW.replace("Nothing", "Nothing else")
    small_project.write(project, SECOND, other)
    for earliest in (1, 3, 5):
        process = start(project, "run", "params/example.yaml")
        time.sleep(random.uniform(earliest, earliest + 2))
        process.kill()
        finished(process)
        assert verify(release(project)) == []
        found.append(public(project))
    code, said = finished(start(project, "run", "params/example.yaml"))
    assert code == 0, said
    new = public(project)
    assert new != old
    assert all(seen in (old, new) for seen in found)
