"""Putting a release in place: by one exchange of names, so a kill finds it whole.

**Terms**

place
    Where readers find a release: ``<out>/<city>/<period>``.
workshop
    ``<out>/.equity/<city>``, which is private: the lock, what was released before,
    the plans, and a release while it is written. It is on the same disk as the place,
    and must not be put online.

A release is written in the workshop, flushed to the disk, and changes names with the
earlier one in a single step of the system (Linux: ``renameat2`` with
``RENAME_EXCHANGE``; macOS: ``renamex_np`` with ``RENAME_SWAP``). A process may be
killed at any moment: the place holds the complete earlier or the complete new
release, and the next run clears what is left in the workshop. Where a system or a
disk lacks that step, the earlier release is moved into the workshop first; a kill
between the two moves leaves the place empty until the next run puts it back.

References
----------
rename(2), Linux manual pages: ``RENAME_EXCHANGE`` atomically exchanges two paths.
Pillai et al. (2014), All file systems are not created equal, OSDI 14: contents are
flushed before the name that leads to them.
"""

import ctypes
import errno
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from equity.errors import EquityError

WORKSHOP = ".equity"
LOCK = "lock"
STOPS = ("SIGINT", "SIGTERM", "SIGHUP")  # a user or a system asks a run to stop

_NEW, _OLD = "new-", "old"
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def workshop(out: Path, city: str) -> Path:
    """Name the private folder beside a city's releases.

    Parameters
    ----------
    out
        The folder of all releases.
    city
        The city's short name.

    Returns
    -------
    Path
        A folder that may not exist yet.

    Examples
    --------
    >>> workshop(Path("reports"), "sample").as_posix()
    'reports/.equity/sample'
    """
    return Path(out) / WORKSHOP / city


@contextmanager
def locked(out: Path, city: str) -> Iterator[Path]:
    """Keep other runs of a city away, and clear what dead ones left.

    The system lets go of the lock when its owner ends, however it ends. Within one
    thread the lock may be taken again.

    Parameters
    ----------
    out, city
        As for `workshop`.

    Yields
    ------
    Path
        The workshop. It is gone afterwards if nothing was ever released.

    Raises
    ------
    EquityError
        At once, if another run holds the lock, or if nothing can be written there.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as out, locked(Path(out), "sample") as room:
    ...     print(*[path.name for path in room.iterdir()])
    lock
    """
    out = Path(out).resolve()
    room = workshop(out, city)
    lock = FileLock(room / LOCK, timeout=0, is_singleton=True)
    again, found = lock.is_locked, out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        room.parent.mkdir(mode=0o700, exist_ok=True)
        room.mkdir(mode=0o700, exist_ok=True)
        for folder in (room, out / city):
            if folder.exists() and not again:
                tempfile.TemporaryFile(dir=folder).close()  # may it be written?
        lock.acquire()
    except Timeout:
        raise EquityError(
            f"another run of '{city}' is at work in this folder of reports; wait "
            "until it has ended, then run again"
        ) from None
    except OSError as error:
        raise EquityError(
            f"the folder of reports cannot be written ({error.strerror}); make it "
            "writable, or name another one with --out"
        ) from None
    try:
        if not again:
            _tidy(room, out / city)
        yield room
    finally:
        with suppress(OSError):  # what was released is no less released
            if not again:
                _leave_no_trace(room, out / city, keep=found)
        with suppress(OSError):
            lock.release()


@contextmanager
def alone(lock: Path, *, otherwise: str) -> Iterator[None]:
    """Keep other runs away from a folder that several of them would write to.

    Parameters
    ----------
    lock
        A file in that folder, which stays there.
    otherwise
        What to say where another run is at work.

    Raises
    ------
    EquityError
        At once, if another run is, or if nothing can be written there.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with alone(Path(folder) / "lock", otherwise="wait"):
    ...         print(*[path.name for path in Path(folder).iterdir()])
    lock
    """
    held = FileLock(lock, timeout=0, is_singleton=True)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout:
        raise EquityError(otherwise) from None
    except OSError as error:
        raise EquityError(
            f"the folder of processed data cannot be written ({error.strerror}); "
            "make it writable"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            held.release()


def put(
    files: Mapping[str, bytes],
    place: Path,
    room: Path,
    *,
    before: Callable[[Path], None] = lambda new: None,
    after: Callable[[], Callable[[], object] | None] = lambda: None,
    final: bool = False,
) -> None:
    """Write files as a release and put it in its place; on any error nothing changed.

    From the moment the names change until all is cleared, a request to stop is not
    heard: the release is in place a few milliseconds later.

    Parameters
    ----------
    files
        Contents by path inside the release.
    place
        Where the release belongs.
    room
        The workshop, locked.
    before
        Called with the written release just before it is put in place.
    after
        Called right after; returns the way back, to be gone if something fails still.
    final
        Whether the process has nothing else to do: once the release is in place,
        requests to stop are never heard again.

    Raises
    ------
    OSError
        If the disk is full or cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as out, locked(Path(out), "a") as room:
    ...     put({"index.html": b"<h1>"}, Path(out) / "a" / "2026Q1", room)
    ...     (Path(out) / "a" / "2026Q1" / "index.html").read_text()
    '<h1>'
    """
    beside = Path(tempfile.mkdtemp(prefix=_NEW, dir=room))
    with ExitStack() as silence:
        try:
            new = beside / place.name
            _write_all(files, new)
            before(new)
            silence.enter_context(_undisturbed(for_good=final))
            place.parent.mkdir(parents=True, exist_ok=True)
            _change(new, place, room / _OLD / place.name, after)
        finally:
            with suppress(OSError):
                shutil.rmtree(beside, ignore_errors=True)
                if place.exists():
                    shutil.rmtree(room / _OLD, ignore_errors=True)


def put_page(content: bytes, page: Path, room: Path) -> None:
    """Write a page beside the releases whole or not at all.

    Parameters
    ----------
    content
        What it shall hold.
    page
        The file; readers may open it as far as the system's mask allows.
    room
        The workshop, locked.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; an earlier page is as it was.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as out, locked(Path(out), "a") as room:
    ...     put_page(b"<h1>", Path(out) / "index.html", room)
    ...     (Path(out) / "index.html").read_text()
    '<h1>'
    """
    beside = Path(tempfile.mkdtemp(prefix=_NEW, dir=room))
    try:
        lay(beside / page.name, content)
        replaced(beside / page.name, page)
        _flush(page.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def replaced(new: Path, path: Path) -> Callable[[], object]:
    """Let a file take the place of another in one step, and return the way back.

    Parameters
    ----------
    new
        The file, in a folder of the workshop, where a copy of the other one is kept.
    path
        Its place, on the same disk.

    Returns
    -------
    callable
        Puts the earlier file back; where there was none, removes the new one.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; an earlier file is as it was.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     new, path = Path(folder) / "new", Path(folder) / "index.html"
    ...     lay(path, b"old"), lay(new, b"new")
    ...     back = replaced(new, path)
    ...     path.read_text(), back() and path.read_text()
    (None, None)
    ('new', 'old')
    """
    earlier = new.with_name(f"earlier-{path.name}")
    if path.exists():
        shutil.copy2(path, earlier)
    new.replace(path)
    return lambda: earlier.replace(path) if earlier.exists() else path.unlink()


def lay(path: Path, content: bytes) -> None:
    """Write a file that readers may open, and flush it to the disk.

    Parameters
    ----------
    path
        A file in the workshop, which takes its place afterwards in one step.
    content
        What it shall hold.

    Raises
    ------
    OSError
        If the disk is full or cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lay(Path(folder) / "index.html", b"<h1>")
    ...     (Path(folder) / "index.html").read_text()
    '<h1>'
    """
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, content: bytes) -> None:
    """Write a private file whole or not at all, and flush it to the disk.

    Parameters
    ----------
    path
        A file, new or not; its folder is made if need be.
    content
        What it shall hold.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; an earlier file is as it was.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a" / "plan.json", b"{}")
    ...     [path.name for path in (Path(folder) / "a").iterdir()]
    ['plan.json']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    _flush(path.parent)


# --- Steps --------------------------------------------------------------------


def _write_all(files: Mapping[str, bytes], folder: Path) -> None:
    """Write and flush every file, then every folder."""
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lay(path, content)
    for path in [*folder.rglob("*"), folder, folder.parent]:
        if path.is_dir():
            _flush(path)


def _flush(folder: Path) -> None:
    """Flush the names in a folder, where a system lets a folder be opened."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _change(
    new: Path,
    place: Path,
    old: Path,
    after: Callable[[], Callable[[], object] | None],
) -> None:
    """Put the release in its place and do what belongs to it; both or neither."""
    ways_back: list[Callable[[], object] | None] = []
    try:
        ways_back.append(_swap(new, place, old))
        ways_back.append(after())
        _flush(place.parent)
    except BaseException:
        for back in filter(None, reversed(ways_back)):
            back()
        raise


def _swap(new: Path, place: Path, old: Path) -> Callable[[], object]:
    """Put ``new`` where ``place`` is, and return the way back."""
    if not place.exists():
        new.rename(place)
        return lambda: place.rename(new)
    if _exchanged(new, place):
        return lambda: _exchanged(new, place)
    return _move_aside(new, place, old)


def _move_aside(new: Path, place: Path, old: Path) -> Callable[[], object]:
    """Two moves, for systems without an exchange."""
    old.parent.mkdir(exist_ok=True)

    def back() -> None:
        if old.exists():
            if place.exists():
                place.rename(new)
            old.rename(place)

    try:
        place.rename(old)
        new.rename(place)
    except BaseException:
        back()
        raise
    return back


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where that cannot be had."""
    call = _exchange_call()
    if call is None:
        return False
    if call(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number))


@cache
def _exchange_call() -> Callable[[bytes, bytes], int] | None:
    """The system's own exchange of two paths, if it has one."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            swap, mac = 2, library.renamex_np
            mac.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint]
            return lambda one, other: mac(one, other, swap)
        here, exchange, linux = -100, 2, library.renameat2
    except (OSError, TypeError, AttributeError):
        return None
    path, number = ctypes.c_char_p, ctypes.c_int
    linux.argtypes = [number, path, number, path, ctypes.c_uint]
    return lambda one, other: linux(here, one, here, other, exchange)


def _tidy(room: Path, home: Path) -> None:
    """Put back what a dead run had moved aside, and clear what it left."""
    for old in (room / _OLD).glob("*"):
        if not (home / old.name).exists():
            home.mkdir(parents=True, exist_ok=True)
            old.rename(home / old.name)
    for left in [*room.glob(f"{_NEW}*"), room / _OLD]:
        shutil.rmtree(left, ignore_errors=True)
    for left in room.rglob(".*"):  # files that were never finished
        left.unlink()


def _leave_no_trace(room: Path, home: Path, *, keep: bool) -> None:
    """Remove folders that hold nothing, so that a failed first run leaves none."""
    released = home.exists() and any(home.iterdir())
    if released or [path.name for path in room.iterdir()] != [LOCK]:
        return
    with suppress(OSError):  # not empty: there is more than this run made
        (room / LOCK).unlink()
        for folder in (room, home, room.parent, *([] if keep else [home.parent])):
            if folder.exists():
                folder.rmdir()


@contextmanager
def _undisturbed(*, for_good: bool) -> Iterator[None]:
    """Do not hear requests to stop; for good if all goes well and this is asked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in STOPS if hasattr(signal, name)]
    heard = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    except BaseException:
        for_good = False
        raise
    finally:
        for number, handler in heard.items() if not for_good else ():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
