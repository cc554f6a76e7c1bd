"""Putting in place: one step, whatever fails, and nothing of a dead run stays."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from equity.errors import EquityError
from equity.publish import place
from tests.small_release import snapshot

OLD = {"index.html": b"old", "tables/a.csv": b"1"}
NEW = {"index.html": b"new", "tables/b.csv": b"2"}


@pytest.fixture(params=["exchange", "two moves"])
def way(request, monkeypatch):
    """Both ways of putting a release in place."""
    if request.param == "two moves":
        monkeypatch.setattr(place, "_exchange_call", lambda: None)
    return request.param


@pytest.fixture
def out(tmp_path, way):
    put(tmp_path, OLD)
    return tmp_path


def here(out):
    return out / "a" / "2026Q1"


def put(out, files, **options):
    with place.locked(out, "a") as room:
        (room / "kept").mkdir(exist_ok=True)  # as a real workshop keeps its archive
        place.put(files, here(out), room, **options)


def test_this_system_has_the_exchange_or_says_it_has_not(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if place._exchange_call() is None:
        pytest.skip("this system cannot exchange two names in one step")
    assert place._exchanged(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists()
    with pytest.raises(OSError, match="No such file"):
        place._exchanged(tmp_path / "a", tmp_path / "none")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.ENOTSUP])
def test_a_disk_without_the_exchange_falls_back(tmp_path, monkeypatch, number):
    put(tmp_path, OLD)

    def refuses(one, other):
        place.ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(place, "_exchange_call", lambda: refuses)
    put(tmp_path, NEW)
    assert snapshot(here(tmp_path)) == NEW


def test_the_new_replaces_all_of_the_old(out):
    put(out, NEW)
    assert snapshot(here(out)) == NEW
    assert [p.name for p in (out / "a").iterdir()] == ["2026Q1"]
    assert sorted(p.name for p in place.workshop(out, "a").iterdir()) == [
        "kept",
        "lock",
    ]


@pytest.mark.parametrize("fault", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_fails_beside_it_changes_nothing(out, when, fault):
    def fails(*new):
        raise fault

    with pytest.raises(fault):
        put(out, NEW, **{when: fails})
    assert snapshot(here(out)) == OLD
    put(out, NEW)
    assert snapshot(here(out)) == NEW


def test_what_fails_at_the_first_release_leaves_nothing(tmp_path, way):
    def fails():
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        put(tmp_path, OLD, after=fails)
    assert not here(tmp_path).exists()


@pytest.mark.parametrize("name", ["fsync", "rename"])
@pytest.mark.parametrize("failing", range(1, 9))
def test_a_disk_that_fails_at_any_step_leaves_the_old(out, monkeypatch, name, failing):
    calls, owner = [], {"fsync": os, "rename": Path}[name]
    call = getattr(owner, name)

    def full(*arguments, **options):
        calls.append(arguments)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments, **options)

    monkeypatch.setattr(owner, name, full)
    if failing > 6 or (name == "rename" and failing > 2):
        put(out, NEW)
    else:
        try:
            put(out, NEW)
        except OSError:
            assert snapshot(here(out)) == OLD
        else:
            assert len(calls) < failing
    monkeypatch.undo()
    put(out, NEW)
    assert snapshot(here(out)) == NEW


def test_a_dead_run_between_two_moves_is_mended(out):
    room = place.workshop(out, "a")
    (room / "old").mkdir()
    here(out).rename(room / "old" / "2026Q1")
    (room / "new-dead" / "2026Q1").mkdir(parents=True)
    with place.locked(out, "a"):
        assert snapshot(here(out)) == OLD
        assert sorted(p.name for p in room.iterdir()) == ["kept", "lock"]


def test_a_dead_run_after_two_moves_is_cleared(out):
    room = place.workshop(out, "a")
    (room / "old" / "2026Q1").mkdir(parents=True)
    with place.locked(out, "a"):
        assert snapshot(here(out)) == OLD
        assert not (room / "old").exists()


def test_a_request_to_stop_is_not_heard_during_the_swap(out):
    def stop():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    before = [signal.getsignal(getattr(signal, name)) for name in place.STOPS]
    put(out, NEW, after=stop)
    assert snapshot(here(out)) == NEW
    assert [signal.getsignal(getattr(signal, n)) for n in place.STOPS] == before


def test_where_nothing_follows_a_request_to_stop_is_never_heard_again(out):
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        put(out, NEW, final=True)
        os.kill(os.getpid(), signal.SIGTERM)
        assert {signal.getsignal(number) for number in before} == {signal.SIG_IGN}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert snapshot(here(out)) == NEW


def test_where_it_failed_a_request_to_stop_is_heard_again(out):
    def fails():
        raise OSError

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(OSError):  # noqa: PT011
        put(out, NEW, after=fails, final=True)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_request_to_stop_is_not_heard_while_it_is_cleared(out, monkeypatch):
    clear = place.shutil.rmtree

    def stopped(path, **options):
        if path.name.startswith("new-"):
            os.kill(os.getpid(), signal.SIGINT)
        clear(path, **options)

    monkeypatch.setattr(place.shutil, "rmtree", stopped)
    put(out, NEW)
    assert snapshot(here(out)) == NEW


@pytest.mark.parametrize("earlier", [b"old", None], ids=["a page", "no page"])
def test_a_page_goes_back_with_the_release(out, monkeypatch, earlier):
    page = out / "a" / "index.html"
    if earlier:
        page.write_bytes(earlier)
        page.chmod(0o604)
    new, flush = [], place._flush

    def lay(release):
        new.append(release.with_name("index.html"))
        place.lay(new[0], b"new")

    def fails(folder):
        if page.exists() and page.read_bytes() == b"new":
            raise OSError(errno.EIO, "Input/output error")
        flush(folder)

    monkeypatch.setattr(place, "_flush", fails)
    with pytest.raises(OSError, match="Input/output"):
        put(out, NEW, before=lay, after=lambda: place.replaced(new[0], page))
    assert snapshot(here(out)) == OLD
    assert (page.read_bytes() if page.exists() else None) == earlier
    assert not earlier or page.stat().st_mode & 0o777 == 0o604


def test_contents_are_flushed_before_the_name_that_leads_to_them(out, monkeypatch):
    order, fsync, rename = [], os.fsync, Path.rename
    exchanged = place._exchanged

    def noted(name, call):
        return lambda *arguments: (order.append(name), call(*arguments))[1]

    monkeypatch.setattr(os, "fsync", noted("flush", fsync))
    monkeypatch.setattr(Path, "rename", noted("name", rename))
    monkeypatch.setattr(place, "_exchanged", noted("name", exchanged))
    put(out, NEW)
    first = order.index("name")
    assert order[:first].count("flush") >= len(NEW) + 2  # files and their folders
    assert order[-1] == "flush"  # the name itself


# --- The lock -----------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from equity.publish import place
with place.locked(Path(sys.argv[1]), "a"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path, root):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_runs_at_once_are_refused_and_a_dead_owner_is_no_owner(holder, tmp_path):
    with (
        pytest.raises(EquityError, match="another run of 'a' is at work"),
        place.locked(tmp_path, "a"),
    ):
        pass
    with place.locked(tmp_path, "b"):  # another city is no concern of it
        pass
    holder.kill()
    holder.wait()
    with place.locked(tmp_path, "a"):
        pass


def test_two_threads_are_two_runs(tmp_path):
    said = []

    def other():
        try:
            with place.locked(tmp_path, "a"):
                pass
        except EquityError as error:
            said.append(str(error))

    with place.locked(tmp_path, "a"), place.locked(tmp_path, "a"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(said) == 1
    other()
    assert len(said) == 1


def test_a_second_lock_is_for_one_run_too(tmp_path):
    lock, said = tmp_path / "new" / "lock", []

    def other():
        try:
            with place.alone(lock, otherwise="wait"):
                said.append("mine")
        except EquityError as error:
            said.append(str(error))

    with place.alone(lock, otherwise="never said"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert said == ["wait", "mine"]
    (tmp_path / "file").touch()
    with (
        pytest.raises(EquityError, match="processed data cannot be written") as error,
        place.alone(tmp_path / "file" / "lock", otherwise=""),
    ):
        pass
    assert str(tmp_path) not in str(error.value)


def test_a_run_that_releases_nothing_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="x"), place.locked(tmp_path / "new", "a"):
        raise ValueError("x")
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with place.locked(tmp_path / "mine", "a"):
        pass
    assert not list((tmp_path / "mine").iterdir())


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(EquityError, match="cannot be written") as error,
        place.locked(tmp_path / "out", "a"),
    ):
        pass
    assert str(tmp_path) not in str(error.value)


# --- One file -----------------------------------------------------------------


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    place.write(path, b"one")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        place.write(path, b"two")
    assert snapshot(tmp_path) == {"plan.json": b"one"}
