"""Where the project's folders are, from wherever a notebook or a command is run."""

import os
import re
from pathlib import Path

from equity.errors import EquityError, ParamsError

CITY = "[a-z0-9][a-z0-9_-]{0,63}"  # these two name folders
PERIOD = "[0-9]{4}Q[1-4]"


def root(start: Path | None = None) -> Path:
    """Find the project's folder: the nearest one that holds `params` and `notebooks`.

    Parameters
    ----------
    start
        Where to begin looking; the working folder by default.

    Returns
    -------
    Path
        The project's folder, so that notebooks open from it or from `notebooks/`.

    Raises
    ------
    EquityError
        If neither the folder nor any above it is a project.

    Examples
    --------
    >>> (root() / "pyproject.toml").exists()
    True
    """
    start = (start or Path.cwd()).resolve()
    for folder in [start, *start.parents]:
        if (folder / "params").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise EquityError(
        "this is not inside an equity project: no folder here or above holds "
        "'params' and 'notebooks'; change to your clone of the project first"
    )


def raw_folder() -> Path:
    """Return the folder of raw files: `EQUITY_RAW` if set, else `data/raw`.

    Returns
    -------
    Path
        A folder; file names in `sources.yaml` are relative to it.

    Examples
    --------
    >>> raw_folder().name
    'raw'
    """
    named = os.environ.get("EQUITY_RAW", "")
    return Path(named).resolve() if named else root() / "data" / "raw"


def sources_file(city: str) -> Path:
    """Return the city's `sources.yaml`: beside its raw files, or in the project.

    Parameters
    ----------
    city
        The city's short name, as in `params/<city>.yaml`.

    Returns
    -------
    Path
        A file that exists.

    Raises
    ------
    ParamsError
        If the name is not one that can name a folder.
    EquityError
        If there is none in either place.

    Examples
    --------
    >>> sources_file("sample").parent.name
    'sample'
    """
    _check("city", city, CITY)
    places = [raw_folder(), root() / "data" / "raw"]
    for place in places:
        if (place / city / "sources.yaml").is_file():
            return place / city / "sources.yaml"
    raise EquityError(
        f"data/raw/{city}/sources.yaml does not exist; "
        f"'equity new {city} FOLDER' proposes one from a folder of raw files"
    )


def processed_folder(city: str, period: str) -> Path:
    """Return where a city's tidy tables of a period are kept.

    Parameters
    ----------
    city
        The city's short name.
    period
        A quarter such as `2025Q4`.

    Returns
    -------
    Path
        A folder that may not exist yet.

    Raises
    ------
    ParamsError
        If the city or the period could name a folder elsewhere.

    Examples
    --------
    >>> processed_folder("sample", "2025Q4").parts[-3:]
    ('processed', 'sample', '2025Q4')
    """
    _check("city", city, CITY)
    _check("period", period, PERIOD)
    return root() / "data" / "processed" / city / period


def _check(key: str, value: str, pattern: str) -> None:
    if not re.fullmatch(pattern, str(value)):
        raise ParamsError(
            f"{key}: {value!r} is not allowed; it names a folder, such as "
            f"{'2025Q4' if key == 'period' else 'sample'!r}"
        )
