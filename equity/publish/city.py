"""The folder of a city: its releases, and the page that leads to them.

A release compares itself with the one of the quarter before, and its manifest says
with which. Where that one is made again, the later one is **outdated**. The page is
made from the releases alone, so it can be mended whenever it is not as it should be.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equity.errors import EquityError
from equity.publish import front
from equity.publish.manifest import MANIFEST, added, sha256, verify
from equity.publish.page import PERIOD

FRONT = "index.html"  # beside the releases
GENERATOR = b'<meta name="generator" content="Equity notebook suite">'  # in our pages
NAMED = 3  # things that an error names


def releases(home: Path) -> list[Path]:
    """List the releases of a city.

    Parameters
    ----------
    home
        The folder of a city, which need not exist.

    Returns
    -------
    list of Path
        The first quarter first.

    Examples
    --------
    >>> releases(Path("a-folder-that-does-not-exist"))
    []
    """
    return sorted(
        folder
        for folder in home.glob("*")
        if re.fullmatch(PERIOD, folder.name) and (folder / MANIFEST).is_file()
    )


def previous(home: Path, period: str) -> Path | None:
    """Find the release that another one is compared with.

    Parameters
    ----------
    home
        The folder of a city.
    period
        The other one's quarter.

    Returns
    -------
    Path or None
        The release of the last quarter before it, if there is any.

    Examples
    --------
    >>> previous(Path("a-folder-that-does-not-exist"), "2026Q1")
    """
    return next((f for f in reversed(releases(home)) if f.name < period), None)


def named(folder: Path | None) -> dict[str, str] | None:
    """Name a release as it is, for the manifest of one that is compared with it.

    Parameters
    ----------
    folder
        A release, if there is one.

    Returns
    -------
    dict or None
        Its period, and the sha256 of its manifest; None where it is not as it was
        published, since then nothing is compared with it.

    Examples
    --------
    >>> named(None)
    """
    if folder is None or verify(folder):
        return None
    content = (folder / MANIFEST).read_bytes()
    return {"period": folder.name, "manifest": sha256(content)}


def front_page(folders: Sequence[Path], city_name: str) -> bytes:
    """Write the page that leads to a city's releases.

    Parameters
    ----------
    folders
        The releases, the first quarter first; one at least.
    city_name
        The city, for readers, where the last release does not say it.

    Returns
    -------
    bytes
        The page: the same for the same releases.

    Examples
    --------
    >>> GENERATOR in front_page([Path("a-folder-that-does-not-exist")], "Sampleton")
    True
    """
    said = _stated(folders[-1]).get("city_name")
    name = said if isinstance(said, str) else city_name
    return front.city(folders, city_name=name).encode()


def outdated(folder: Path | str) -> list[str]:
    """Name later releases that speak of an earlier one as it is no more.

    Parameters
    ----------
    folder
        A release, such as one that was just made again.

    Returns
    -------
    list of str
        Periods after its own, the first one first, whose release should be made again:
        the release before them is not the one that they were compared with.

    Examples
    --------
    >>> outdated("a-folder-that-does-not-exist/2026Q1")
    []
    """
    home, period = Path(folder).parent, Path(folder).name
    return [
        later.name
        for later in releases(home)
        if later.name > period
        and _stated(later).get("compared_with") != named(previous(home, later.name))
    ]


def refuse_foreign(home: Path, period: str) -> None:
    """Refuse to replace what this suite did not write.

    Parameters
    ----------
    home
        The folder of a city.
    period
        The release that is to be put there.

    Raises
    ------
    EquityError
        If its place holds what is no release, or a file that a release does not list,
        or if the page beside it is not ours. An empty folder may be filled.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     _ = (Path(home) / "index.html").write_text("mine")
    ...     refuse_foreign(Path(home), "2026Q1")
    Traceback (most recent call last):
    equity.errors.EquityError: 'index.html' beside the releases was not written by this
    suite; move it away first, under another name if it is to stay
    """
    folder, front_page = home / period, home / FRONT
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise EquityError(f"'{folder.name}' is in the way and not a release; move it")
    if folder.is_dir() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise EquityError(
            f"folder '{folder.name}' holds files but no {MANIFEST}, so it is not a "
            "release of this suite; move it away first"
        )
    others = added(folder) if (folder / MANIFEST).is_file() else []
    if others:
        raise EquityError(
            f"folder '{folder.name}' holds files that its {MANIFEST} does not list "
            f"({some([repr(name) for name in others])}) and that would be lost; move "
            "them, or the whole folder, to another place first"
        )
    if front_page.is_symlink() or (
        front_page.exists()
        and not (front_page.is_file() and GENERATOR in front_page.read_bytes())
    ):
        raise EquityError(
            f"'{FRONT}' beside the releases was not written by this suite; move it "
            "away first, under another name if it is to stay"
        )


def some(items: Sequence) -> str:
    """Name the first few of what an error is about.

    Parameters
    ----------
    items
        Anything that has a text.

    Returns
    -------
    str
        On one line.

    Examples
    --------
    >>> some(["a", "b", "c", "d"])
    'a; b; c; ...'
    """
    return "; ".join(map(str, items[:NAMED])) + ("; ..." if len(items) > NAMED else "")


def _stated(folder: Path) -> dict[str, Any]:
    """What a release's manifest states; nothing where it cannot be read."""
    try:
        stated = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return stated if isinstance(stated, dict) else {}
