"""What an earlier release found: its table of findings, if it is as it was published.

A **finding's key** is what makes it the same comparison in two releases: its page, its
measure, its group, its reference and its unit.
"""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from equity.publish.manifest import MANIFEST, verify
from equity.publish.payload import Headline

FINDINGS = "tables/findings.csv"  # written by `equity.publish.downloads`

COLUMNS = frozenset(
    ["page", "measure", "group", "reference", "unit", "estimate", "conf_low",
     "conf_high", "people_to_parity", "clear", "sentence"]
)  # fmt: skip

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Release:
    """An earlier release.

    Attributes
    ----------
    period
        Its quarter, such as ``"2025Q3"``.
    found
        Its findings by key; None where it has no table of them.
    """

    period: str
    found: dict[Key, Headline] | None


def key(page: str, row: Headline) -> Key:
    """Name the comparison that a finding is of.

    Parameters
    ----------
    page
        Its page's slug.
    row
        Its numbers.

    Returns
    -------
    tuple of str
        The finding's key.

    Examples
    --------
    >>> row = Headline(measure="rate", group="Asian", reference="White", unit="points",
    ...                estimate=-4.5, clear=True, sentence="Lower.")
    >>> key("01_waits", row)
    ('01_waits', 'rate', 'Asian', 'White', 'points')
    """
    return page, row.measure, row.group, row.reference, row.unit


def read(folder: Path) -> Release | None:
    """Read what a release found, if it is as it was published.

    Parameters
    ----------
    folder
        A release.

    Returns
    -------
    Release or None
        None where a file changed, is missing or was added since it was published.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read(Path(folder))
    """
    if verify(folder):
        return None
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    path = folder / FINDINGS
    text = path.read_text(encoding="utf-8-sig") if path.is_file() else None
    return Release(str(manifest["period"]), None if text is None else parse(text))


def parse(text: str) -> dict[Key, Headline] | None:
    """Read a table of findings.

    Parameters
    ----------
    text
        The file's content.

    Returns
    -------
    dict or None
        Numbers by key; None if it is no such table.

    Examples
    --------
    >>> parse("group,days") is None
    True
    """
    found = {}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if not set(reader.fieldnames or []) >= COLUMNS:
        return None
    try:
        for record in reader:
            row = Headline(
                measure=_plain(record["measure"]),
                group=_plain(record["group"]),
                reference=_plain(record["reference"]),
                unit=record["unit"],
                estimate=float(record["estimate"]),
                low=_number(record["conf_low"]),
                high=_number(record["conf_high"]),
                people_to_parity=_whole(record["people_to_parity"]),
                clear=record["clear"].lower() in ("yes", "true", "1"),
                sentence=_plain(record["sentence"]),
            )
            found[key(record["page"], row)] = row
    except (ValueError, TypeError, AttributeError, csv.Error):
        return None  # pydantic's ValidationError is a ValueError
    return found


def _number(text: str) -> float | None:
    return float(text) if text else None


def _whole(text: str) -> int | None:
    return int(float(text)) if text else None


def _plain(text: str) -> str:
    """Text without the apostrophe that keeps spreadsheets from running it."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r\n＝＋－＠" else text
