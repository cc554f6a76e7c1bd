"""Executed notebooks to a release folder: whole or not at all, and checkable.

A **release** is the folder ``<out>/<city>/<period>``: a front page, a page per
notebook, ``tables/`` with a CSV for every table and all of them in one Excel book,
``datapackage.json``, and ``manifest.json`` with the checksum of every other file. It
is put in its place in one step (see `place`), so readers see the earlier release or
the new one. Beside the releases, ``<out>/<city>/index.html`` leads to all of them.

Before anything is written, the **audit** plays a reader who puts together all tables
of this release and of the earlier ones; what it can work back stops the release.

Nothing in a release depends on the clock, the machine or the folder it is written
to: the same notebooks and facts give the same bytes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from equity.errors import DisclosureError, EquityError, NotebookError, ParamsError
from equity.publish import archive as archives
from equity.publish import audit, dictionary, downloads, place, workbook
from equity.publish import city as cities
from equity.publish.manifest import (
    MANIFEST,
    as_json,
    manifest,
    redacted,
    refuse_paths,
    verify,
)
from equity.publish.page import Facts, Page, index, quarter, read, render
from equity.publish.payload import SLUG, Table

__all__ = [
    "MANIFEST",
    "ExposedError",
    "begin",
    "publish",
    "read_all",
    "verify",
]

DATAPACKAGE = "datapackage.json"


class ExposedError(DisclosureError):
    """Counts that a reader could work back from all that is published.

    Parameters
    ----------
    told
        What readers of the release would be told.
    earlier
        What readers of earlier releases were told.
    exposed
        What follows from both.

    Examples
    --------
    >>> print(ExposedError(told=[], earlier=[], exposed=[]))
    0 hidden counts can be worked back from what is published (); hide more rows of
    those tables, or show fewer tables of the same people
    """

    def __init__(self, *, told: Sequence, earlier: Sequence, exposed: Sequence):
        self.told, self.earlier, self.exposed = told, earlier, exposed
        super().__init__(
            f"{len(exposed)} hidden counts can be worked back from what is published "
            f"({cities.some(exposed)}); hide more rows of those tables, or show fewer "
            "tables of the same people"
        )


def begin(out: Path | str, *, city: str, city_name: str, period: str) -> None:
    """Refuse to replace what is not ours, and mend the page that leads to the releases.

    A run that was killed right after its release was in place had not written that
    page yet.

    Parameters
    ----------
    out, city, city_name, period
        As for `publish`.

    Raises
    ------
    ParamsError
        If ``city`` or ``period`` cannot name a folder.
    EquityError
        If there is something at the release's place that this suite did not write, if
        another run is at work, or if nothing can be written.

    Examples
    --------
    >>> begin("new", city="sample", city_name="Sampleton", period="2026")
    Traceback (most recent call last):
    equity.errors.ParamsError: period must look like 2026Q1, not '2026'
    """
    _refuse_names(city, period)
    with place.locked(Path(out), city) as room, _writing():
        home = Path(out).resolve() / city
        cities.refuse_foreign(home, period)
        releases = cities.releases(home)
        if releases:
            path, page = home / cities.FRONT, cities.front_page(releases, city_name)
            if not path.is_file() or path.read_bytes() != page:
                place.put_page(page, path, room)


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
    dirty: bool | None = None,
    lock: str | None = None,
    params: Mapping[str, Any] | None = None,
    policy: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str] | None = None,
    archive: Path | None = None,
    progress: bool = False,
    final: bool = False,
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
    commit, dirty
        The code's version in its repository, and whether it had changed since, for
        the manifest.
    lock
        The sha256 of the file that pins every library, for the manifest.
    params
        Parameters for the manifest, as JSON knows them. Paths, addresses of servers
        and entries named like keys are redacted.
    policy
        The policy of protection for the manifest; by default ``facts.min_cell``.
    inputs
        Input file names (no folders of this machine) and their sha256.
    archive
        The folder that tells what earlier releases told; by default it is in the
        workshop, see `place`.
    progress
        Whether to show how far the audit is, on standard error.
    final
        Whether the process has nothing else to do: once the release is in place,
        requests to stop are never heard again.

    Returns
    -------
    Path
        The release's folder.

    Raises
    ------
    NotebookError
        If a notebook may not be published, two tables share a name or two pages a
        title.
    ExposedError
        If a hidden count can be worked back from this release and earlier ones.
    DisclosureError
        If ``inputs`` hold a path of this machine, or the audit could not be finished.
    ParamsError
        If ``city``, ``period`` or ``site`` cannot be used.
    EquityError
        If there is something at the release's place that this suite did not write (a
        file that was added to the earlier release is one), if another
        run is at work, or if the release cannot be written.

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
    _refuse_names(city, period)
    refuse_paths(list(inputs or {}), "inputs")
    pages = read_all(executed)
    with place.locked(Path(out), city) as room:
        begin(out, city=city, city_name=city_name, period=period)
        home, kept = Path(out).resolve() / city, archive or room / "released"
        previous = cities.previous(home, period)
        told = _audited(pages, kept, facts.min_cell, progress)
        files = _contents(
            pages,
            city=city,
            city_name=city_name,
            period=period,
            site=_navigation(pages, site),
            facts=facts,
            settings={**(params or {}), **(policy or {})},
            previous=previous,
        )
        files[MANIFEST] = manifest(
            files,
            city=city,
            city_name=city_name,
            period=period,
            compared_with=cities.named(previous),
            code={"version": facts.version, "commit": commit, "dirty": dirty},
            lock={"uv.lock": lock} if lock else {},
            params=redacted(params or {}),
            policy=dict(policy or {"min_cell": facts.min_cell}),
            inputs=dict(inputs or {}),
        )
        with _writing():
            _put_in_place(files, home, period, room, kept, told, final)
    return Path(out) / city / period


@contextmanager
def _writing() -> Iterator[None]:
    """What the disk refuses is said in a line."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise EquityError(
            f"the release cannot be written ({error.strerror}); make room on the "
            "disk, or name another folder with --out; nothing new was published"
        ) from error


def read_all(executed: Mapping[str, NotebookNode | Path | str]) -> list[Page]:
    """Take from executed notebooks what may be published; refuse all else.

    Parameters
    ----------
    executed
        As for `publish`.

    Returns
    -------
    list of Page
        In the order given.

    Raises
    ------
    NotebookError
        If a notebook may not be published, two tables share a name or two pages a
        title.

    Examples
    --------
    >>> from nbformat import v4
    >>> book = v4.new_notebook(cells=[v4.new_markdown_cell("# Who waits?")])
    >>> [page.title for page in read_all({"01_waits": book})]
    ['Who waits?']
    """
    pages = []
    for slug, notebook in executed.items():
        if isinstance(notebook, str | Path):
            notebook = _opened(Path(notebook), slug)
        pages.append(read(notebook, slug=slug, pages=list(executed)))
    if not pages:
        raise NotebookError("there is no notebook to publish")
    _refuse_twice([page.title for page in pages], "pages have the title")
    names = [table.name for page in pages for table in page.downloads]
    _refuse_twice([*names, downloads.FINDINGS], "tables of the release have the name")
    return pages


def _opened(path: Path, slug: str) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        raise NotebookError(f"notebook '{slug}' cannot be read") from None


# --- What is refused ----------------------------------------------------------


def _refuse_names(city: str, period: str) -> None:
    if not re.fullmatch(SLUG, city):
        raise ParamsError(
            f"city {city!r} cannot name a folder; use lower-case letters, digits, "
            "_ and -"
        )
    quarter(period)  # refuses all but a quarter


def _refuse_twice(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise NotebookError(f"two {what} '{name}'; give each one of its own")
        seen.add(name)


def _audited(pages: Sequence[Page], kept: Path, min_cell: int, progress: bool) -> list:
    """What readers are told about counts, unless something hidden follows from it."""
    told = audit.told([entry for page in pages for entry in page.counts])
    earlier = archives.read(kept)
    exposed = audit.exposed(told, min_cell=min_cell, earlier=earlier, progress=progress)
    unproven = [item.count for item in exposed if not item.proven]
    if unproven:
        raise DisclosureError(
            f"the audit could not prove that {len(unproven)} hidden counts are safe "
            f"({cities.some(unproven)}), because too much is told about these people "
            "at once; cross fewer dimensions in one table, or show fewer tables of the "
            "same people"
        )
    if exposed:
        raise ExposedError(told=told, earlier=earlier, exposed=exposed)
    return told


# --- What is in a release ----------------------------------------------------


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
    previous: Path | None,
    settings: Mapping[str, Any],
) -> dict[str, bytes]:
    """Every file but the manifest, by path inside the release."""
    order = {entry["slug"]: number for number, entry in enumerate(site)}
    pages = sorted(pages, key=lambda page: order[page.slug])
    about = {"city_name": city_name, "period": period, "site": site, "facts": facts}
    book = f"tables/{city}-{period}.xlsx"
    files = {
        f"{page.slug}.html": render(page, slug=page.slug, **about).encode()
        for page in pages
    }
    front = index(pages, **about, previous=previous, book=book, settings=settings)
    files["index.html"] = front.encode()
    title = f"Racial equity in {city_name}, {quarter(period)}: tables"
    name = f"equity-{city}-{period.lower()}"
    return files | _tables(pages, book=book, name=name, title=title, facts=facts)


def _tables(
    pages: Sequence[Page], *, book: str, name: str, title: str, facts: Facts
) -> dict[str, bytes]:
    """The downloads: a CSV for each table, the findings, the book, the dictionary."""
    tables: list[Table] = [table for page in pages for table in page.downloads]
    written = [(table, downloads.table_csv(table).encode()) for table in tables]
    findings = downloads.findings_csv(pages).encode()
    files = {f"tables/{table.name}.csv": content for table, content in written}
    files[f"tables/{downloads.FINDINGS}.csv"] = findings
    files[book] = workbook.book(
        tables,
        downloads.finding_rows(pages),
        title=title,
        about=[dictionary.BLANKS, *filter(None, [facts.method, facts.licence])],
    )
    described = dictionary.package(
        written,
        findings,
        name=name,
        title=title,
        description=facts.summary,
        licences=dictionary.licences(facts.licence, facts.licence_url),
    )
    return files | {DATAPACKAGE: as_json(described)}


# --- Whole or not at all -----------------------------------------------------


def _put_in_place(
    files: Mapping[str, bytes],
    home: Path,
    period: str,
    room: Path,
    kept: Path,
    told: Sequence,
    final: bool,
) -> None:
    """Write the release, remember what it tells, and lead to it from the city's page.

    What it tells is remembered first: a release that readers may have seen is never
    missing from the archive.
    """
    found: list[Path] = []

    def before(new: Path) -> None:
        others = [folder for folder in cities.releases(home) if folder.name != period]
        releases = sorted([*others, new], key=lambda folder: folder.name)
        found.append(new.with_name(cities.FRONT))
        place.lay(found[0], cities.front_page(releases, home.name))
        archives.add(kept, period, told)

    place.put(
        files,
        home / period,
        room,
        before=before,
        after=lambda: place.replaced(found[0], home / cities.FRONT),
        final=final,
    )
