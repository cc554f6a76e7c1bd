"""Parts: the files that make up a table which an engine reads itself.

Columns of such a table are named `c0`, `c1` and so on, by their place in the file,
because engines disagree on the names that a column can have.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import narwhals as nw

from equity.errors import InputError, ParamsError
from equity.prepare.formats import grids

PARQUET = (".parquet", ".pq")
DELIMITED = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
REMOTE = re.compile(r"^[a-z][a-z0-9+.-]*://")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Found:
    """A file as an engine read it.

    Attributes
    ----------
    frame
        A lazy frame with columns `c0`, `c1` ...
    names
        What the file calls them, in that order.
    aside
        Rule, to how many rows it set aside in reading.
    """

    frame: nw.LazyFrame
    names: list[str]
    aside: dict[str, int] = field(default_factory=dict)


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Turn an engine's errors, which may quote cells, into one that does not.

    Parameters
    ----------
    file
        What is being read.

    Yields
    ------
    None
        For the duration.

    Raises
    ------
    InputError
        Naming the file and the engine's kind of error.

    Examples
    --------
    >>> with reading("a.csv"):
    ...     raise ValueError("cannot parse '123-45-6789'")
    Traceback (most recent call last):
    equity.errors.InputError: a.csv cannot be read by the engine (ValueError); is it
    whole, UTF-8, and of the kind that its name says?
    """
    try:
        yield
    except (InputError, ParamsError):
        raise
    except Exception as error:  # engines' errors share no base class
        text = str(error).casefold()
        if "utf-8" in text or "utf8" in text or "unicode" in text:
            raise not_utf8(file) from None
        raise InputError(
            f"{file} cannot be read by the engine ({type(error).__name__}); is it "
            "whole, UTF-8, and of the kind that its name says?"
        ) from None


def files(file: str, folder: Path) -> list[str]:
    """List the files that a name stands for.

    Parameters
    ----------
    file
        A file, a folder, or a pattern such as `2024/*.parquet`, below the raw folder;
        or an address.
    folder
        The raw folder.

    Returns
    -------
    list of str
        Paths in order, or the address itself.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> files("s3://bucket/requests/*.parquet", Path("."))
    ['s3://bucket/requests/*.parquet']
    """
    if REMOTE.match(file):
        return [file]
    path = folder / file
    if path.is_dir():
        found = [part for part in path.rglob("*") if _is_read(part)]
    elif any(mark in file for mark in "*?["):
        found = [part for part in folder.glob(file) if _is_read(part)]
    else:
        found = [path]
    if not found:
        raise InputError(f"{file} holds no Parquet or CSV file")
    return sorted(str(part) for part in found)


def header(paths: list[str], *, file: str, delimiter: str) -> tuple[list[str], str]:
    """Read the header that CSV files share, and find their delimiter.

    Parameters
    ----------
    paths
        Files on this machine, gzip too.
    file
        What to call them in errors.
    delimiter
        If known; otherwise the one of comma, semicolon, tab and bar that makes the
        most columns.

    Returns
    -------
    tuple
        Column names, cleaned, and the delimiter.

    Raises
    ------
    InputError
        If a header is not UTF-8, or the files have different ones.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("id;opened\\n1;2025-01-01\\n")
    ...     header([str(path)], file="a.csv", delimiter="")
    (['id', 'opened'], ';')
    """
    first: tuple[list[str], str] | None = None
    for path in paths:
        opened = gzip.open if path.lower().endswith(".gz") else open
        try:
            with opened(path, "rb") as stream:
                line = stream.readline(1 << 20).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise not_utf8(file) from None
        found = divided(line, delimiter)
        if first is not None and found != first:
            raise InputError(
                f"{file}: {Path(path).name} has other columns than "
                f"{Path(paths[0]).name}; declare them as files of their own"
            )
        first = found
    return first


def different(names: list[str]) -> list[str]:
    """Make column names different, as engines want them.

    Parameters
    ----------
    names
        As the header has them.

    Returns
    -------
    list of str
        The first of equal names is unchanged.

    Examples
    --------
    >>> different(["a", "A", ""])
    ['a', 'A ', ' ']
    """
    unique: list[str] = []
    taken: set[str] = set()
    for name in names:
        while not name or name.casefold() in taken:
            name += " "
        taken.add(name.casefold())
        unique.append(name)
    return unique


def divided(line: str, delimiter: str) -> tuple[list[str], str]:
    """Divide a header into column names.

    Parameters
    ----------
    line
        The header.
    delimiter
        If known; otherwise the one that makes the most columns.

    Returns
    -------
    tuple
        Column names, cleaned, and the delimiter.

    Examples
    --------
    >>> divided("id|opened", "")
    (['id', 'opened'], '|')
    """
    candidates = [delimiter] if delimiter else DELIMITERS
    cells = {
        mark: next(csv.reader(io.StringIO(line), delimiter=mark), [])
        for mark in candidates
    }
    best = max(cells, key=lambda mark: len(cells[mark]))
    return [grids.clean(name) for name in cells[best]], best


def ragged(line: str, delimiter: str, width: int) -> str:
    """Say what is wrong with a line that does not fit the header.

    Parameters
    ----------
    line
        As it is in the file.
    delimiter
        Of the file.
    width
        Columns of the header.

    Returns
    -------
    str
        The rule that sets it aside.

    Examples
    --------
    >>> ragged("1,2,3", ",", 2)
    'more cells than the header'
    """
    cells = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    if len(cells) == width:
        return grids.QUOTES
    return grids.MORE if len(cells) > width else grids.FEWER


def not_utf8(file: str, rows: int = 0) -> InputError:
    """Make the error for a file that an engine cannot read as UTF-8.

    Parameters
    ----------
    file
        What to call it.
    rows
        In how many lines that was found, if known.

    Returns
    -------
    InputError
        To be raised.

    Examples
    --------
    >>> str(not_utf8("a.csv", 2))[:28]
    'a.csv is not UTF-8 in 2 line'
    """
    count = f" in {rows} line(s)" if rows else ""
    return InputError(
        f"{file} is not UTF-8{count}; a file of this size is read as UTF-8 only: "
        "export it again, or convert it (iconv -f WINDOWS-1252 -t UTF-8)"
    )


def _is_read(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "_"))
    return path.is_file() and not hidden and name.endswith((*PARQUET, *DELIMITED))
