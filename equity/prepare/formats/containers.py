"""Containers: the bytes of a raw file, out of gzip or zip, and what they really are.

A container holds one file or several; its *member* is the one that is read. Nothing
is ever unpacked to disk, so a member's name cannot lead anywhere. Bytes come as a
stream that stops at `LIMIT`: a small archive that unpacks without end is refused.
"""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from equity.errors import InputError

LIMIT = 4 * 1024**3  # bytes, unpacked
BROKEN = (  # what gzip and zip raise for archives that are damaged or cut short
    *(EOFError, OSError, zlib.error, zipfile.BadZipFile),
    RuntimeError,  # a password, or a way of packing that zipfile does not know
)
ODDITIES = re.compile(r"(^|/)(__MACOSX/|\.[^.]|Thumbs\.db$|desktop\.ini$)")
# What files begin with, what they then are, and what to do.
SIGNS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "name it .xlsx or .zip"),
    (b"\x1f\x8b", "a gzip archive", "add .gz to its name"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"SQLite format 3", "a GeoPackage or another database", "name it .gpkg"),
    (b"%PDF", "a PDF document", "ask for the data as CSV or Excel"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel workbook (.xls), or one with a password",
        "open it and save it as .xlsx or CSV, without a password",
    ),
)
OTHERS = (  # endings of what nothing here reads
    *(".xlsb", ".ods", ".numbers", ".docx", ".doc", ".mdb", ".accdb", ".rds"),
    *(".sav", ".dta", ".7z", ".rar", ".tar", ".bz2", ".xz", ".zst", ".pdf"),
)
PAGE = re.compile(rb"<(!doctype|html|head|body|table|script|\?xml|!--)", re.IGNORECASE)
JSON = re.compile(rb'\{\s*("|\})|\[\s*[\[{]')
ERROR = re.compile(rb'\{\s*"(error|message|code|status|detail)')
MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # UTF-16 and UTF-32


@dataclass(frozen=True)
class Contents:
    """One file of bytes, wherever it lies.

    Attributes
    ----------
    path
        The file on disk.
    file
        Its name for messages.
    inner
        The name of what is read, without gzip's or zip's ending.
    member
        The member of a zip archive that is read; empty for other files.
    """

    path: Path
    file: str
    inner: str
    member: str = ""

    @property
    def ending(self) -> str:
        """Return the ending of what is read.

        Returns
        -------
        str
            In small letters, such as `.csv`.
        """
        return PurePosixPath(self.inner).suffix.lower()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open a stream of the unpacked bytes, from their beginning.

        Yields
        ------
        BinaryIO
            Raises `InputError` where the archive is damaged or unpacks to more than
            `LIMIT` bytes.
        """
        with ExitStack() as opened:
            try:
                stream = opened.enter_context(self._unpacked())
            except BROKEN as error:
                raise _damaged(self.file, error) from error
            yield io.BufferedReader(_Measured(stream, self.file), 1 << 20)

    @contextmanager
    def _unpacked(self) -> Iterator[BinaryIO]:
        if self.member:
            with (
                zipfile.ZipFile(self.path) as archive,
                archive.open(self.member) as stream,
            ):
                yield stream
        elif self.path.suffix.lower() == ".gz":
            with gzip.open(self.path) as stream:
                yield stream
        else:
            with self.path.open("rb") as stream:
                yield stream

    def bytes(self) -> bytes:
        """Return all bytes.

        Returns
        -------
        bytes
            Unpacked.
        """
        with self.open() as stream:
            return stream.read()

    def seekable(self) -> Path | BinaryIO:
        """Give what a reader needs that jumps about in a file.

        Returns
        -------
        Path or BinaryIO
            The path of a plain file; the bytes of one within another.
        """
        plain = self.path.name == self.inner
        return self.path if plain else io.BytesIO(self.bytes())


class _Measured(io.RawIOBase):
    """A stream that counts, and that turns an archive's faults into ours."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self.stream, self.file, self.total = stream, file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        try:
            chunk = self.stream.read(len(buffer))
        except BROKEN as error:
            raise _damaged(self.file, error) from error
        self.total += len(chunk)
        if self.total > LIMIT:
            raise _too_large(self.file)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _damaged(file: str, error: Exception) -> InputError:
    if "password" in str(error) or "encrypted" in str(error):
        return InputError(f"{file} has a password; save a copy without")
    if isinstance(error, RuntimeError):
        return InputError(
            f"{file} is packed in a way that cannot be read here; unpack it, and save "
            "it as .gz or as an ordinary zip"
        )
    return InputError(
        f"{file} is damaged or cut short ({type(error).__name__}); download or export "
        "it again"
    )


def _too_large(file: str) -> InputError:
    return InputError(
        f"{file} unpacks to more than {LIMIT / 1024**3:g} GB, which is refused; split "
        "it, or save it as a folder of Parquet files"
    )


def contents(path: Path, *, file: str, member: str = "") -> Contents:
    """Say which bytes of a raw file are read.

    Parameters
    ----------
    path
        A file; gzip and zip are looked into.
    file
        Its name for messages.
    member
        Which file of a zip archive; needed where it has several.

    Returns
    -------
    Contents
        The bytes, not read yet.

    Raises
    ------
    InputError
        If the file is absent, empty or a damaged archive, or if the archive has
        several members, or not the one named.

    Examples
    --------
    >>> from equity import project
    >>> path = project.raw_folder() / "sample" / "population.csv"
    >>> contents(path, file="population.csv").ending
    '.csv'
    """
    if not path.is_file():
        raise InputError(f"{file} does not exist, or is no file")
    if path.stat().st_size == 0:
        raise InputError(f"{file} is empty (0 bytes); export it again")
    ending = path.suffix.lower()
    if ending in OTHERS:
        raise InputError(f"{file}: {ending} is not read; save it as .xlsx or CSV")
    if member and ending != ".zip":
        raise InputError(f"{file} is no zip archive; take 'member' out")
    if ending == ".gz":
        inner = path.name[: -len(ending)]
        if inner.lower().endswith(".tar"):
            raise InputError(f"{file} is an archive of files; unpack it")
        return Contents(path, file, inner)
    if ending != ".zip":
        return Contents(path, file, path.name)
    member = member or _only(members(path, file=file), file)
    if member not in members(path, file=file):
        found = members(path, file=file)
        raise InputError(f"{file} has no member {member!r}; it has {found}")
    return Contents(path, file, member, member)


def _only(found: list[str], file: str) -> str:
    if len(found) != 1:
        raise InputError(
            f"{file} holds {len(found)} files: {found}; say which by 'member' in "
            "sources.yaml"
        )
    return found[0]


def members(path: Path | BinaryIO, *, file: str) -> list[str]:
    """List the files of a zip archive.

    Parameters
    ----------
    path
        The archive, on disk or open.
    file
        Its name for messages.

    Returns
    -------
    list of str
        Names in the archive's order, without folders and without what operating
        systems add.

    Raises
    ------
    InputError
        If it is no zip archive, is damaged, or says that it unpacks to more than
        `LIMIT` bytes.

    Examples
    --------
    >>> members(Path(__file__), file="a.zip")
    Traceback (most recent call last):
    equity.errors.InputError: a.zip is damaged or cut short (BadZipFile); download or
    export it again
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
    except BROKEN as error:
        raise _damaged(file, error) from error
    if sum(entry.file_size for entry in found) > LIMIT:
        raise _too_large(file)
    names = [entry.filename for entry in found if not entry.is_dir()]
    return [name for name in names if not ODDITIES.search(name)]


def refuse_disguise(head: bytes, raw: Contents) -> None:
    """Refuse a file whose first bytes say that it is something else than a table.

    Parameters
    ----------
    head
        Its first bytes, a few hundred at least.
    raw
        The file.

    Raises
    ------
    InputError
        Saying what the file really is and what to do.

    Examples
    --------
    >>> raw = Contents(Path("a.csv"), "a.csv", "a.csv")
    >>> refuse_disguise(b"a,b", raw)
    >>> refuse_disguise(b"<!DOCTYPE html>", raw)
    Traceback (most recent call last):
    equity.errors.InputError: a.csv is a web page, not a table; download the data again
    """
    for sign, what, advice in SIGNS:
        if head.startswith(sign):
            raise InputError(f"{raw.file} is {what}; {advice}")
    text = head.replace(b"\x00", b"") if head.startswith(MARKS) else head
    text = text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if PAGE.match(text):
        raise InputError(
            f"{raw.file} is a web page, not a table; download the data again"
        )
    if JSON.match(text) and "json" not in raw.ending:
        what = "an error message of a web service" if ERROR.match(text) else "JSON"
        raise InputError(
            f"{raw.file} is {what}, not a table; download the data again, or name it "
            ".json"
        )
