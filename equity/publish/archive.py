"""The archive: what earlier releases of a city told about counts of people.

A reader keeps old releases, so the audit must know them. Each release that is
published leaves one file, ``<period>-<checksum>.json``, with the counts that it told
(`equity.publish.cells.Count`); the same content leaves no second file. Files are
numbered in the order in which they came.

The archive is not published. It holds no hidden count, only what a reader was told,
but it says which counts exist. Without it the audit cannot see what an old release and
a new one give away together: a file that is damaged, or missing from the middle, stops
the next release. Files that are missing from the end, the newest, are not noticed:
nothing else says how many there were. So the folder is backed up as a whole.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equity.errors import DisclosureError, ParamsError
from equity.publish.cells import ALONE, Count

_PERIOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
_NAME = re.compile(rf"({_PERIOD.pattern})-([0-9a-f]{{12}})\.json")
_RESTORE = (
    "Restore it from a backup. Only if nothing it describes was ever public, remove "
    "the whole folder 'released' and run again"
)


def read(folder: Path | str) -> list[list[Count]]:
    """Read what all earlier releases told.

    Parameters
    ----------
    folder
        The archive of one city. A folder that does not exist is an empty archive.

    Returns
    -------
    list of list of Count
        One list a release, in the order in which they were added.

    Raises
    ------
    DisclosureError
        If a file is damaged, is missing, or is none of the archive's. The text names
        the file and what to do.

    Examples
    --------
    >>> read("a-folder-that-does-not-exist")
    []
    """
    return [counts for _, counts in sorted(_entries(Path(folder)).values(), key=_first)]


def add(folder: Path | str, period: str, counts: Sequence[Count]) -> Path:
    """Add what a release tells; at any moment the file is there whole or not at all.

    Parameters
    ----------
    folder
        The archive of one city; made if it is absent.
    period
        The release's period, such as ``"2026Q1"``.
    counts
        What it tells. Counts that are linked to nothing are left out.

    Returns
    -------
    Path
        The file; one that was there already if a release told the same before.

    Raises
    ------
    ParamsError
        If ``period`` cannot be part of a file's name.
    DisclosureError
        If the archive is damaged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = add(folder, "2026Q1", [Count("staff", {}, 219, 219)])
    ...     print(path.name, [str(count) for count in read(folder)[0]])
    2026Q1-30259fa5a448.json ['staff: everybody']
    """
    if not _PERIOD.fullmatch(period):
        raise ParamsError(
            f"period {period!r} cannot name a file; use letters, digits, _ and -"
        )
    folder = Path(folder)
    entries = _entries(folder)
    linked = [count for count in counts if not count.topic.startswith(ALONE)]
    cells = sorted((_plain(count) for count in linked), key=_json)
    content = {"period": period, "counts": cells}
    name = f"{period}-{_checksum(content)[:12]}.json"
    if name in entries:
        return folder / name
    number = max((number for number, _ in entries.values()), default=0) + 1
    whole = {"number": number, "sha256": _checksum(content), **content}
    _put(folder, name, _json(whole) + "\n")
    return folder / name


def _first(entry: tuple[int, list[Count]]) -> int:
    return entry[0]


def _entries(folder: Path) -> dict[str, tuple[int, list[Count]]]:
    """By file name: the number and the counts of each release."""
    if not folder.is_dir():
        return {}
    entries = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue  # a file that was never finished, or the system's own
        if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_file():
            raise DisclosureError(
                f"archive of releases: '{path.name}' is no file of the archive; move "
                "it elsewhere"
            )
        entries[path.name] = _entry(path)
    numbers = sorted(number for number, _ in entries.values())
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise DisclosureError(
                f"archive of releases: file number {expected} is missing or there "
                f"twice. {_RESTORE}"
            )
    return entries


def _entry(path: Path) -> tuple[int, list[Count]]:
    """Read one file and check it against its checksum and its name."""
    period, short = _NAME.fullmatch(path.name).groups()
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        content = {"period": whole["period"], "counts": whole["counts"]}
        digest = _checksum(content)
        sound = (
            whole["sha256"] == digest
            and digest.startswith(short)
            and whole["period"] == period
            and type(whole["number"]) is int
        )
        counts = [_count(cell) for cell in whole["counts"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise DisclosureError(
            f"archive of releases: '{path.name}' is damaged. {_RESTORE}"
        )
    return whole["number"], counts


def _plain(count: Count) -> dict[str, Any]:
    where = {name: sorted(labels) for name, labels in sorted(count.where.items())}
    return {
        "topic": count.topic,
        "where": where,
        "low": int(count.low),
        "high": None if count.high is None else int(count.high),
        "known": bool(count.known),
    }


def _count(cell: dict[str, Any]) -> Count:
    where = {name: frozenset(labels) for name, labels in cell["where"].items()}
    high = cell["high"]
    if type(cell["low"]) is not int or (high is not None and type(high) is not int):
        raise TypeError
    return Count(cell["topic"], where, cell["low"], high, cell["known"] is True)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _checksum(content: Any) -> str:
    return hashlib.sha256(_json(content).encode("utf-8")).hexdigest()


def _put(folder: Path, name: str, text: str) -> None:
    """Write beside its place, to the disk, and rename."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=folder, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, folder / name)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):
        where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(where)
        finally:
            os.close(where)
