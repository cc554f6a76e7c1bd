"""Delimited text (CSV, TSV and their kin): encoding, delimiter and rows of cells.

The *framing* of a file is how its bytes become cells. It is declared in
`sources.yaml` or found: the encoding from a byte order mark, else UTF-8, else
Windows-1252; the delimiter among comma, semicolon, tab and bar, by which of them
divides a header that has the declared columns. What is found and is not UTF-8 with
commas becomes a note.

Cells may be in double quotes, a quote within them doubled (RFC 4180). A quotation mark
that is left open would swallow the rows after it; its line is set aside, and reading
goes on with the next.
"""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from equity.errors import InputError
from equity.prepare.formats import grids
from equity.prepare.formats.containers import Contents, refuse_disguise
from equity.prepare.sources import Source

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
BYTE_ORDER = (  # the longer first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
CHUNK = 1 << 20
LONGEST = 64 << 20  # bytes of one line; more is not a table
SWALLOWED = (
    "cell(s) of two lines may hold the end of one row and the beginning of the next; "
    "check their quotation marks"
)
JOINED = "cell(s) with a line end, but not in quotation marks, were kept whole"
SURE = 8  # delimiters at which a cell surely holds several rows
CELL = 1 << 24  # characters of one cell; shapes as text are long
SAMPLE = 200  # lines by which the delimiter and the header are found
SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
BEYOND = re.compile(  # letters of several bytes, as UTF-8 has them
    rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}"
)

HIGH = bytes(range(128, 256))


@dataclass(frozen=True)
class Framing:
    """How the bytes of a file become rows of cells.

    Attributes
    ----------
    encoding
        A name that Python knows.
    delimiter
        One character.
    above
        Lines before those in which the header was looked for.
    header
        The header, its line counted from there.
    notes
        What is to be said of all rows.
    """

    encoding: str
    delimiter: str
    above: int
    header: grids.Header
    notes: list[str]


def framing(raw: Contents, source: Source) -> Framing:
    """Find how the bytes of a file become rows of cells; declared settings win.

    Parameters
    ----------
    raw
        The file.
    source
        What `sources.yaml` says of it.

    Returns
    -------
    Framing
        Its encoding, delimiter and header.

    Raises
    ------
    InputError
        If the file is no text, cannot be decoded, divides at two delimiters alike, or
        has no header with the declared columns.

    Examples
    --------
    >>> from equity import project
    >>> from equity.prepare.formats import containers
    >>> path = project.raw_folder() / "sample" / "population.csv"
    >>> raw = containers.contents(path, file="population.csv")
    >>> framing(raw, Source(file="population.csv")).delimiter
    ','
    """
    encoding_, notes = encoding(raw, source.encoding)
    above, delimiter = source.skip_rows or 0, source.delimiter
    with raw.open() as stream:
        sample = list(islice(_text(stream, encoding_), above + SAMPLE))
    if sample and (said := SEPARATOR.fullmatch(sample[0])):
        above = above or 1
        delimiter = delimiter or said[1]
        notes = [*notes, f"the first line says that {_separated(delimiter)}"]
    grids_of = {
        each: list(records(sample[above:], each))
        for each in ([delimiter] if delimiter else DELIMITERS)
    }
    declared, first = source.declared_columns(), source.skip_rows is not None
    headers = {
        each: grids.header(grid, declared, first=first)
        for each, grid in grids_of.items()
    }
    chosen = _chosen(grids_of, headers, raw.file)
    if not delimiter and chosen != ",":
        notes = [*notes, _separated(chosen)]
    header = grids.require_header(headers[chosen], declared, file=raw.file)
    return Framing(encoding_, chosen, above, header, notes)


def _chosen(
    grids_of: dict[str, list[grids.Row]],
    headers: dict[str, grids.Header | None],
    file: str,
) -> str:
    """Choose the delimiter whose header lacks least, fits most rows and is widest."""

    def merit(delimiter: str) -> tuple[int, int, int]:
        header = headers[delimiter]
        if header is None:
            return -SAMPLE, 0, 0
        width = len(header.names)
        fitting = sum(len(row or []) == width for row in grids_of[delimiter])
        return -len(header.missing), fitting if width > 1 else 0, width

    best = max(headers, key=merit)
    alike = [_separated(each) for each in headers if merit(each) == merit(best)]
    if len(alike) > 1 and merit(best)[2] > 1:
        raise InputError(
            f"{file}: {' or '.join(alike)}; say which by 'delimiter' in sources.yaml"
        )
    return best


def table(raw: Contents, source: Source) -> grids.Table:
    """Read a file of delimited text.

    Parameters
    ----------
    raw
        The file.
    source
        What `sources.yaml` says of it.

    Returns
    -------
    Table
        Every cell as text.

    Raises
    ------
    InputError
        As `framing` and `grids.table` raise it.

    Examples
    --------
    >>> from equity import project
    >>> from equity.prepare.formats import containers
    >>> path = project.raw_folder() / "sample" / "population.csv"
    >>> raw = containers.contents(path, file="population.csv")
    >>> table(raw, Source(file="population.csv")).notes
    []
    """
    found = framing(raw, source)
    with raw.open() as stream:
        lines = islice(_text(stream, found.encoding), found.above, None)
        width = len(found.header.names)
        oddities: Counter[str] = Counter()
        grid = records(lines, found.delimiter, width=width, oddities=oddities)
        read = grids.table(
            islice(grid, found.header.line + 1, None),
            found.header,
            source.declared_columns(),
            lines=source.header_rows,
            file=raw.file,
        )
    read.notes[:0] = found.notes
    read.notes += [f"{count} {oddity}" for oddity, count in oddities.items()]
    return read


def records(
    lines: Iterable[str],
    delimiter: str,
    *,
    width: int = 0,
    oddities: Counter[str] | None = None,
) -> Iterator[grids.Row]:
    """Divide lines into rows of cells.

    Parameters
    ----------
    lines
        With their ends.
    delimiter
        One character.
    width
        Cells of the header, to tell a cell that has swallowed rows; 0 if not known.
    oddities
        Counts, by a note in words, the cells that are not divided beyond doubt.

    Yields
    ------
    Row
        A list of cells, empty for an empty line; None for a line whose quotation marks
        do not pair.

    Examples
    --------
    >>> list(records(['1,"a\\n', 'b"\\n', '2,"c\\n', '3,"d"\\n'], ","))
    [['1', 'a\\nb'], None, ['3', 'd']]
    """
    oddities = Counter() if oddities is None else oddities
    held: list[list[str]] = []  # pieces of a row in which a cell has a bare line end
    for row, bare in _rows(lines, delimiter, width, oddities):
        cells = sum(map(len, held)) - len(held) + len(row or [])
        if row and cells < width and bare:
            held.append(row)
            continue
        if row and held and cells == width:
            oddities[JOINED] += 1
            yield _joined([*held, row])
        else:
            yield from held
            yield row
        held = []
    yield from held


def _joined(pieces: list[list[str]]) -> list[str]:
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = [*whole[:-1], f"{whole[-1]}\n{piece[0]}", *piece[1:]]
    return whole


def _rows(
    lines: Iterable[str], delimiter: str, width: int, oddities: Counter[str]
) -> Iterator[tuple[grids.Row, bool]]:
    """Divide lines, and say of each row whether its line ends with a bare CR.

    It does so where other lines before it ended otherwise: it may be within a cell.
    """
    csv.field_size_limit(max(CELL, csv.field_size_limit()))
    lines = iter(lines)
    seen: list[str] = []  # lines of the row that is being read
    again: deque[str] = deque()  # lines to be read once more
    reader = csv.reader(_fed(lines, again, seen), delimiter=delimiter, strict=True)
    otherwise = False
    while True:
        swallowed = 0
        try:
            row = next(reader)
            if len(seen) > 1:
                swallowed = _swallowed(row, delimiter, width)
        except StopIteration:
            return
        except csv.Error:
            swallowed = SURE
        if swallowed >= SURE:
            row = None
            again.extendleft(reversed(seen[1:]))
            fed = _fed(lines, again, seen)
            reader = csv.reader(fed, delimiter=delimiter, strict=True)
        elif swallowed:
            oddities[SWALLOWED] += 1
        bare = seen[-1].endswith("\r")
        otherwise = otherwise or not bare
        seen.clear()
        yield row, bare and otherwise


def _fed(lines: Iterator[str], again: deque[str], seen: list[str]) -> Iterator[str]:
    """Hand out lines, first those to be read again, and keep what was handed out."""
    while again or (line := next(lines, None)) is not None:
        seen.append(again.popleft() if again else line)
        yield seen[-1].rstrip("\r\n") + "\n"


def _swallowed(row: list[str], delimiter: str, width: int) -> int:
    """Count the delimiters that say that a cell holds several rows.

    In a cell with the end of one row and the beginning of another, and perhaps whole
    rows between, each line has just the delimiters that it has as part of a row. A
    cell of prose may have so by chance; the less, the more they are.
    """
    if width < 4 or len(row) != width:
        return 0
    for place, cell in enumerate(row):
        counts = [line.count(delimiter) for line in cell.split("\n")]
        rows = [width - 1 - place, *[width - 1] * (len(counts) - 2), place]
        if len(counts) > 1 and counts == rows:
            return sum(counts)
    return 0


def encoding(raw: Contents, declared: str) -> tuple[str, list[str]]:
    """Find an encoding that reads every byte of a file of text.

    Parameters
    ----------
    raw
        The file.
    declared
        The encoding that `sources.yaml` names; empty to find one.

    Returns
    -------
    str
        A name that Python knows.
    list of str
        Notes, where it is not UTF-8.

    Raises
    ------
    InputError
        If the file is no text, or has bytes that the encoding does not read.

    Examples
    --------
    >>> from equity import project
    >>> from equity.prepare.formats import containers
    >>> path = project.raw_folder() / "sample" / "population.csv"
    >>> encoding(containers.contents(path, file="population.csv"), "")
    ('utf-8', [])
    """
    with raw.open() as stream:
        head = stream.read(4096)
    if not head:
        raise InputError(f"{raw.file} holds nothing; export it again")
    refuse_disguise(head, raw)
    marked = next((name for mark, name in BYTE_ORDER if head.startswith(mark)), "")
    if declared or marked:
        name = _agreed(declared, marked, raw.file) if declared else marked
        if at := _undecodable(raw, name):
            raise InputError(
                f"{raw.file} cannot be read as {name} ({at}); declare its encoding "
                "in sources.yaml, or export it again"
            )
        said = declared or marked == "utf-8-sig"
        return name, [] if said else [f"read as {marked.upper()}"]
    at = _undecodable(raw, "utf-8")
    if not at:
        return "utf-8", []
    if _undecodable(raw, "cp1252") or _is_mixed(raw):
        raise InputError(
            f"{raw.file} is not of one encoding: not UTF-8 ({at}), nor Windows-1252; "
            "export it as UTF-8, or declare its encoding in sources.yaml"
        )
    return "cp1252", ["not UTF-8; read as Windows-1252, check accented letters"]


def _agreed(declared: str, marked: str, file: str) -> str:
    """Let a declared encoding pass over its byte order mark; refuse another's."""
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise InputError(
            f"{file}: {declared!r} is not an encoding, such as 'utf-8' or "
            "'windows-1252'"
        ) from None
    if not marked or name.startswith(marked.removesuffix("-sig")):
        return marked or name
    raise InputError(
        f"{file} begins with the byte order mark of {marked.removesuffix('-sig')}, and "
        f"{declared!r} is declared; take 'encoding' out of sources.yaml"
    )


def _undecodable(raw: Contents, encoding: str) -> str:
    """Say where an encoding fails; empty if it reads every byte."""
    decoder = codecs.getincrementaldecoder(encoding)()
    before = lines = unbroken = 0
    with raw.open() as stream:
        while True:
            chunk = stream.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                at = getattr(error, "start", 0)
                line = lines + chunk[:at].count(b"\n") + 1
                return f"line {line}, near byte {before + at + 1}"
            if "\x00" in text:
                raise InputError(
                    f"{raw.file} is not text: it has NUL bytes; if it is UTF-16, "
                    "declare 'encoding: utf-16-le' in sources.yaml, or else export it "
                    "again"
                )
            if not chunk:
                return ""
            before, lines = before + len(chunk), lines + chunk.count(b"\n")
            unbroken = 0 if "\n" in text or "\r" in text else unbroken + len(chunk)
            if unbroken > LONGEST:
                raise InputError(f"{raw.file} has a line of more than 64 MB; no table")


def _is_mixed(raw: Contents) -> bool:
    """Tell whether a file that is not UTF-8 has more letters that are than others."""
    several = others = 0
    with raw.open() as stream:
        for line in stream:
            rest, found = BEYOND.subn(b"", line)
            several += found
            others += len(rest) - len(rest.translate(None, HIGH))
    return several > others


def _text(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Read lines with their ends, of any kind."""
    with io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        yield from text


def _separated(delimiter: str) -> str:
    named = DELIMITERS.get(delimiter, repr(delimiter))
    return f"cells are separated by {named}"
