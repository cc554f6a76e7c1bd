"""Executed notebooks to a release folder: whole or not at all, and checkable.

A **release** is the folder ``<out>/<city>/<period>``: a front page, a page per
notebook, ``tables/*.csv`` with a ``datapackage.json``, and ``manifest.json`` with
the checksum of every other file. It is written beside its place under another name
and then renamed, so readers see the earlier release or the new one.

Nothing in a release depends on the clock, the machine or the folder it is written
to: the same notebooks and facts give the same bytes.
"""

import csv
import hashlib
import io
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
from nbformat import NotebookNode

from equity.errors import DisclosureError, EquityError, NotebookError, ParamsError
from equity.publish.page import Facts, Page, index, quarter, read, render
from equity.publish.payload import SLUG, Cell, Column, Table

MANIFEST = "manifest.json"
DATAPACKAGE = "datapackage.json"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SECRET = re.compile(r"(?i)(^|_)(api)?(key|token|password|secret)s?(_|$)")
_ABSENT = {"n/a": "not applicable"}
_FIELD_TYPE = {"text": "string", "count": "integer"}  # all others: number
_UNIT = {
    "count": "count",
    "percent": "percent",
    "points": "percentage points",
    "ratio": "ratio; 1 is parity",
}


def publish(
    executed: Mapping[str, NotebookNode | Path | str],
    *,
    out: Path | str,
    city: str,
    city_name: str,
    period: str,
    facts: Facts,
    site: Sequence[Mapping[str, str]] | None = None,
    commit: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str] | None = None,
) -> Path:
    """Write a release from executed notebooks, or leave everything as it was.

    Parameters
    ----------
    executed
        Executed notebooks, or paths to them, by page name, in reading order.
    out
        Folder of all releases; the release is ``out/city/period``.
    city, period
        Names of folders: lower-case letters, digits, ``_`` and ``-``; and a
        quarter such as ``"2026Q1"``.
    city_name
        The city, for readers.
    facts
        What the pages say about their making.
    site
        ``{"slug": ..., "title": ...}`` of every page, for the navigation; by default
        each page's own title.
    commit
        The code's version in its repository, for the manifest.
    params
        Parameters for the manifest, as JSON knows them, free of paths and keys.
    inputs
        Input file names (no folders of this machine) and their sha256.

    Returns
    -------
    Path
        The release's folder.

    Raises
    ------
    NotebookError
        If a notebook may not be published, two tables share a name or two pages a
        title.
    DisclosureError
        If ``params`` or ``inputs`` hold an absolute path or something named like a
        key.
    ParamsError
        If ``city``, ``period`` or ``site`` cannot be used.
    EquityError
        If there is something at the release's place that is not a release.

    References
    ----------
    Frictionless Data, Data Package (v2), https://datapackage.org.

    Examples
    --------
    >>> import tempfile
    >>> from nbformat import v4
    >>> book = v4.new_notebook(cells=[v4.new_markdown_cell("# Who waits?")])
    >>> with tempfile.TemporaryDirectory() as out:
    ...     folder = publish({"01_waits": book}, out=out, city="sample",
    ...                      city_name="Sampleton", period="2026Q1",
    ...                      facts=Facts(version="0.1.0"))
    ...     print(*sorted(path.name for path in folder.iterdir()))
    ...     print(verify(folder))
    01_waits.html datapackage.json index.html manifest.json tables
    []
    """
    if not re.fullmatch(SLUG, city):
        raise ParamsError(
            f"city {city!r} cannot name a folder; use lower-case letters, digits, "
            "_ and -"
        )
    quarter(period)  # refuses all but a quarter
    _refuse_secrets(params or {}, "params")
    _refuse_secrets(list(inputs or {}), "inputs")
    pages = _read_all(executed)
    files = _contents(
        pages,
        city=city,
        city_name=city_name,
        period=period,
        site=_navigation(pages, site),
        facts=facts,
    )
    files[MANIFEST] = _manifest(
        files,
        suite=facts.version,
        commit=commit,
        city=city,
        period=period,
        params=dict(params or {}),
        inputs=dict(inputs or {}),
    )
    return _put_in_place(files, Path(out) / city / period)


def verify(folder: Path | str) -> list[str]:
    """Compare a release with its manifest.

    Parameters
    ----------
    folder
        A release.

    Returns
    -------
    list of str
        A line per problem: a file that changed, is missing or was added, or a
        manifest that is absent or was changed. Empty if all is as published.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     verify(folder)
    ['manifest.json: missing']
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file() or path.is_symlink():
        return [f"{MANIFEST}: missing"]
    try:
        manifest = _checked_manifest(path.read_bytes())
        listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [f"{MANIFEST}: changed since it was written"]
    found = {
        entry.relative_to(folder).as_posix(): entry
        for entry in sorted(folder.rglob("*"))
        if entry.is_symlink() or not entry.is_dir()
    }
    problems = [f"{name}: missing" for name in sorted(listed.keys() - found.keys())]
    problems += [
        f"{name}: not part of the release"
        for name in sorted(found.keys() - listed.keys() - {MANIFEST})
    ]
    for name in sorted(listed.keys() & found.keys()):
        if found[name].is_symlink() or not found[name].is_file():
            problems.append(f"{name}: not a plain file")
        elif _sha256(found[name].read_bytes()) != listed[name]:
            problems.append(f"{name}: changed since it was published")
    return problems


# --- What is in a release ----------------------------------------------------


def _read_all(executed: Mapping[str, NotebookNode | Path | str]) -> list[Page]:
    pages = []
    for slug, notebook in executed.items():
        if isinstance(notebook, str | Path):
            notebook = _opened(Path(notebook), slug)
        pages.append(read(notebook, slug=slug, pages=list(executed)))
    if not pages:
        raise NotebookError("there is no notebook to publish")
    _refuse_twice([page.title for page in pages], "pages have the title")
    names = [table.name for page in pages for table in page.tables]
    _refuse_twice(names, "tables of the release have the name")
    return pages


def _opened(path: Path, slug: str) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        raise NotebookError(f"notebook '{slug}' cannot be read") from None


def _refuse_twice(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise NotebookError(f"two {what} '{name}'; give each one of its own")
        seen.add(name)


def _navigation(
    pages: Sequence[Page], site: Sequence[Mapping[str, str]] | None
) -> list[dict[str, str]]:
    if site is None:
        return [{"slug": page.slug, "title": page.title} for page in pages]
    given, wanted = [entry["slug"] for entry in site], [page.slug for page in pages]
    if sorted(given) != sorted(wanted):
        raise ParamsError(f"site lists the pages {given}; the release has {wanted}")
    return [dict(entry) for entry in site]


def _contents(
    pages: Sequence[Page],
    *,
    city: str,
    city_name: str,
    period: str,
    site: Sequence[Mapping[str, str]],
    facts: Facts,
) -> dict[str, bytes]:
    """Every file but the manifest, by path inside the release."""
    order = {entry["slug"]: number for number, entry in enumerate(site)}
    pages = sorted(pages, key=lambda page: order[page.slug])
    about = {"city_name": city_name, "period": period, "site": site, "facts": facts}
    files = {
        f"{page.slug}.html": render(page, slug=page.slug, **about).encode()
        for page in pages
    }
    files["index.html"] = index(pages, **about).encode()
    tables = [table for page in pages for table in page.tables]
    resources = []
    for table in tables:
        content = table_csv(table).encode()
        files[f"tables/{table.name}.csv"] = content
        resources.append(_resource(table, content))
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"equity-{city}-{period.lower()}",
        "title": f"Racial equity in {city_name}, {quarter(period)}: tables",
        "licenses": _licences(facts),
        "resources": resources,
    }
    files[DATAPACKAGE] = _json({key: part for key, part in package.items() if part})
    return files


def _licences(facts: Facts) -> list[dict[str, str]]:
    licence = {"title": facts.licence, "path": facts.licence_url}
    if re.fullmatch(r"[A-Za-z0-9._ -]+", facts.licence):
        licence["name"] = facts.licence.replace(" ", "-")
    # the specification wants a name or an address of every licence
    named = licence.get("name") or licence["path"]
    return [{key: text for key, text in licence.items() if text}] if named else []


# --- Tables for download -----------------------------------------------------


def table_csv(table: Table) -> str:
    """Write a published table as CSV that a spreadsheet cannot run.

    Parameters
    ----------
    table
        A published table; hidden cells hold nothing.

    Returns
    -------
    str
        A header of column names and a line per row. An interval has two columns,
        one for each limit. Text that a spreadsheet would take for a
        formula gets an apostrophe in front; numbers stay numbers. A last column,
        ``note``, says which cells are empty and why.

    Raises
    ------
    NotebookError
        If two columns of the file would have the same name.

    References
    ----------
    OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.

    Examples
    --------
    >>> from equity.publish.payload import payload
    >>> print(table_csv(payload({
    ...     "kind": "table", "name": "gaps", "caption": "Gaps",
    ...     "columns": [{"name": "group", "label": "Group", "type": "text"},
    ...                 {"name": "gap", "label": "Gap", "type": "points"}],
    ...     "rows": [[{"value": "=A1", "text": "=A1", "hidden": False},
    ...               {"value": -4.5, "text": "−4.5", "hidden": False}],
    ...              [{"value": "White", "text": "White", "hidden": False},
    ...               {"value": None, "text": "hidden", "hidden": True}]]})))
    "group","gap","note"
    "'=A1",-4.5,""
    "White","","hidden: gap"
    """
    names = [field["name"] for field in _fields(table)]
    _refuse_twice(names, f"columns of table '{table.name}' have the name")
    buffer = io.StringIO()
    # all text is quoted, so that no separator of any locale can begin a cell in it
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([_harmless(name) for name in names])
    for row in table.rows:
        values = [
            value
            for cell, column in zip(row, table.columns, strict=True)
            for value in _values(cell, column)
        ]
        writer.writerow([*values, _harmless(_row_note(row, table.columns))])
    return buffer.getvalue()


def _values(cell: Cell, column: Column) -> list[Any]:
    if column.type == "interval":
        return [None, None] if cell.absent else list(cell.value)
    if cell.absent:
        return [None]
    if column.type == "count":
        return [int(cell.value)]
    return [_harmless(cell.value) if column.type == "text" else cell.value]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _row_note(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    """Which cells of a row are empty and why, such as "hidden: events"."""
    reasons: dict[str, list[str]] = {}
    for cell, column in zip(row, columns, strict=True):
        if cell.absent:
            reason = "hidden" if cell.hidden else _ABSENT.get(cell.text, cell.text)
            reasons.setdefault(reason or "not known", []).extend(column.fields)
    return "; ".join(f"{reason}: {', '.join(c)}" for reason, c in reasons.items())


def _fields(table: Table) -> list[dict[str, str]]:
    """Frictionless fields of a table's file."""
    fields = []
    for column in table.columns:
        unit = _UNIT.get(column.unit or column.type, "")
        ends = ("lower limit", "upper limit") if column.type == "interval" else ("",)
        for name, end in zip(column.fields, ends, strict=True):
            field = {
                "name": name,
                "type": _FIELD_TYPE.get(column.type, "number"),
                "title": f"{column.label}, {end}" if end else column.label,
                "description": unit,
            }
            fields.append({key: text for key, text in field.items() if text})
    note = "Which cells of the row are empty, and why."
    return [*fields, {"name": "note", "type": "string", "description": note}]


def _resource(table: Table, content: bytes) -> dict[str, Any]:
    sources = [{"title": table.source}] if table.source else []
    resource = {
        "name": table.name,
        "type": "table",
        "path": f"tables/{table.name}.csv",
        "title": table.caption,
        "description": " ".join(table.notes),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{_sha256(content)}",
        "sources": sources,
        "schema": {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": _fields(table),
            "missingValues": [""],
        },
    }
    return {key: part for key, part in resource.items() if part}


# --- The manifest ------------------------------------------------------------


def _manifest(files: Mapping[str, bytes], **facts: Any) -> bytes:
    listed = [
        {"path": name, "bytes": len(content), "sha256": _sha256(content)}
        for name, content in sorted(files.items())
    ]
    manifest = {**facts, "files": listed}
    return _json({**manifest, "sha256": _sha256(_json(manifest))})


def _checked_manifest(content: bytes) -> dict[str, Any]:
    """The manifest, if it is byte for byte as it was written."""
    manifest = json.loads(content)
    digest = manifest.pop("sha256")
    if _sha256(_json(manifest)) != digest:
        raise ValueError("the manifest's own checksum differs")
    if _json({**manifest, "sha256": digest}) != content:
        raise ValueError("the manifest was written anew")
    return manifest


def _json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_secrets(content: Any, where: str) -> None:
    """Refuse absolute paths, and entries named like keys; values are not repeated."""
    if isinstance(content, Mapping):
        for name, part in content.items():
            if _SECRET.search(str(name)):
                raise DisclosureError(f"{where}.{name} looks like a key; leave it out")
            _refuse_secrets(part, f"{where}.{name}")
    elif isinstance(content, list | tuple):
        for part in content:
            _refuse_secrets(part, where)
    elif isinstance(content, str | Path):
        text = str(content)
        rooted = re.match(r"[/\\~]|[A-Za-z]:[/\\]|file:", text)
        if rooted or ".." in PurePosixPath(text).parts:
            raise DisclosureError(f"{where} holds a path of this machine; leave it out")


# --- Whole or not at all -----------------------------------------------------


def _put_in_place(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files beside ``folder`` and rename; on any error nothing has changed."""
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            path = beside / "new" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (beside / "new" / "tables").mkdir(exist_ok=True)
        _exchange(beside / "new", folder, beside / "old")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _exchange(new: Path, folder: Path, old: Path) -> None:
    """Put ``new`` where ``folder`` was, and ``folder`` back if that fails."""
    if not folder.exists():
        new.rename(folder)
        return
    try:
        folder.rename(old)
        new.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def _refuse_foreign(folder: Path) -> None:
    """Only an earlier release, or an empty folder, may be replaced."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise EquityError(f"'{folder.name}' is in the way and not a release; move it")
    if folder.is_dir() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise EquityError(
            f"folder '{folder.name}' holds files but no {MANIFEST}, so it is not a "
            "release of this suite; move it away first"
        )
