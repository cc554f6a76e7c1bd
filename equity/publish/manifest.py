"""The manifest: what a release was made from, and how to check it byte for byte.

``manifest.json`` names the inputs and every file of the release with their sha256, the
version of the code and of its locked requirements, the parameters without anything
private, and the policy of protection. Its own last entry is the checksum of the rest.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from equity.errors import DisclosureError

MANIFEST = "manifest.json"
REDACTED = "redacted"

_SECRET = re.compile(r"(?i)(^|_)(api)?(key|token|password|secret)s?(_|$)")
_PATH = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|file:|sc://|[a-z+]+://[^/]*@")


def manifest(files: Mapping[str, bytes], **facts: Any) -> bytes:
    """Write the manifest of a release.

    Parameters
    ----------
    files
        Every other file of the release, by path inside it.
    **facts
        What else to state, as JSON knows it.

    Returns
    -------
    bytes
        The content of ``manifest.json``: the same for the same arguments.

    Examples
    --------
    >>> stated = json.loads(manifest({"index.html": b""}, city="sample"))
    >>> list(stated), stated["files"][0]["path"], stated["files"][0]["bytes"]
    (['city', 'files', 'sha256'], 'index.html', 0)
    """
    listed = [
        {"path": name, "bytes": len(content), "sha256": sha256(content)}
        for name, content in sorted(files.items())
    ]
    stated = {**facts, "files": listed}
    return as_json({**stated, "sha256": sha256(as_json(stated))})


def verify(folder: Path | str) -> list[str]:
    """Compare a release with its manifest.

    Parameters
    ----------
    folder
        A release.

    Returns
    -------
    list of str
        A line per problem: a file that changed, is missing or was added, a folder
        that was added, anything that is not a plain file or folder, or a manifest
        that is absent or was changed. Empty if all is as published.

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
        stated = _checked(path.read_bytes())
        listed = {file["path"]: file["sha256"] for file in stated["files"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [f"{MANIFEST}: changed since it was written"]
    except OSError:
        return [f"{MANIFEST}: cannot be read"]
    found = {entry.relative_to(folder).as_posix(): entry for entry in folder.rglob("*")}
    parents = {str(up) for name in listed for up in PurePosixPath(name).parents}
    problems = [f"{name}: missing" for name in sorted(listed.keys() - found.keys())]
    problems += [
        f"{name}: not part of the release"
        for name in sorted(found.keys() - listed.keys() - parents - {MANIFEST})
    ]
    for name in sorted(found.keys() & (listed.keys() | parents)):
        problem = _problem(found[name], listed.get(name))
        problems += [f"{name}: {problem}"] if problem else []
    return problems


def added(folder: Path | str) -> list[str]:
    """Name what is in a release and not listed by its manifest.

    Parameters
    ----------
    folder
        A release.

    Returns
    -------
    list of str
        Files, and folders that hold no listed file, by path inside the release; all of
        them where the manifest cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / MANIFEST).write_bytes(manifest({"index.html": b""}))
    ...     (Path(folder) / "index.html").touch()
    ...     (Path(folder) / "letter.txt").touch()
    ...     added(folder)
    ['letter.txt']
    """
    folder, listed = Path(folder), set()
    try:
        stated = json.loads((folder / MANIFEST).read_bytes())
        listed = {str(file["path"]) for file in stated["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    parents = {str(up) for name in listed for up in PurePosixPath(name).parents}
    found = {entry.relative_to(folder).as_posix() for entry in folder.rglob("*")}
    return sorted(found - listed - parents - {MANIFEST})


def _problem(entry: Path, digest: str | None) -> str:
    """What is wrong with a file, or with a folder if there is no digest."""
    if digest is None:
        plain = entry.is_dir() and not entry.is_symlink()
        return "" if plain else "not a plain folder"
    if entry.is_symlink() or not entry.is_file():
        return "not a plain file"
    try:
        same = sha256(entry.read_bytes()) == digest
    except OSError:
        return "cannot be read"
    return "" if same else "changed since it was published"


def _checked(content: bytes) -> dict[str, Any]:
    """The manifest, if it is byte for byte as it was written."""
    stated = json.loads(content)
    digest = stated.pop("sha256")
    if sha256(as_json(stated)) != digest:
        raise ValueError("the manifest's own checksum differs")
    if as_json({**stated, "sha256": digest}) != content:
        raise ValueError("the manifest was written anew")
    return stated


def redacted(content: Any) -> Any:
    """Replace paths, server addresses and entries named like keys.

    Parameters
    ----------
    content
        Parameters, as JSON knows them.

    Returns
    -------
    Any
        The same, with ``"redacted"`` in place of what does not belong online.

    Examples
    --------
    >>> redacted({"min_cell": 10, "raw": "/home/analyst/hr.csv", "api_key": "x"})
    {'min_cell': 10, 'raw': 'redacted', 'api_key': 'redacted'}
    """
    if isinstance(content, Mapping):
        return {
            str(name): REDACTED if _SECRET.search(str(name)) else redacted(part)
            for name, part in content.items()
        }
    if isinstance(content, list | tuple):
        return [redacted(part) for part in content]
    if isinstance(content, str | Path) and _is_path(str(content)):
        return REDACTED
    return content


def refuse_paths(names: Sequence[str], where: str) -> None:
    """Refuse names that are paths of this machine.

    Parameters
    ----------
    names
        Such as those of input files.
    where
        What they name, for the error.

    Raises
    ------
    DisclosureError
        If one is; it is not repeated.

    Examples
    --------
    >>> refuse_paths(["hr.csv", "/home/analyst/hr.csv"], "inputs")
    Traceback (most recent call last):
    equity.errors.DisclosureError: inputs holds a path of this machine; leave it out
    """
    if any(_is_path(name) for name in names):
        raise DisclosureError(f"{where} holds a path of this machine; leave it out")


def _is_path(text: str) -> bool:
    return bool(_PATH.match(text)) or ".." in PurePosixPath(text).parts


def as_json(content: Mapping[str, Any]) -> bytes:
    """Write JSON for people and checksums.

    Parameters
    ----------
    content
        What to write; its order is kept.

    Returns
    -------
    bytes
        UTF-8, with two spaces' indent and a last line end.

    Examples
    --------
    >>> as_json({"a": "é"}).decode()
    '{\\n  "a": "é"\\n}\\n'
    """
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal.

    Parameters
    ----------
    content
        Any bytes.

    Returns
    -------
    str
        64 digits.

    References
    ----------
    NIST (2015), FIPS 180-4, Secure Hash Standard.

    Examples
    --------
    >>> sha256(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(content).hexdigest()
