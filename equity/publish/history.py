"""What an earlier release found: its table of findings, if it is as it was published.

A **finding's key** is what makes it the same comparison in two releases: its page, its
measure, its group, its reference and its unit. The **settings** of a release are those
of its manifest that decide what its numbers mean.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equity.publish.manifest import MANIFEST, verify
from equity.publish.payload import Headline

FINDINGS = "tables/findings.csv"  # written by `equity.publish.downloads`

COLUMNS = frozenset(
    ["page", "measure", "group", "reference", "unit", "estimate", "conf_low",
     "conf_high", "people_to_parity", "clear", "sentence"]
)  # fmt: skip

#: Settings that decide what numbers mean, in words.
SETTINGS = {
    "confidence": "the level of the intervals",
    "quarters": "the number of quarters counted",
    "race_standard": "the list of groups",
    "rounding": "the rounding of counts",
    "min_cell": "the smallest count shown",
}

#: Those that move numbers or intervals: with others, no change is judged.
JUDGED = ("confidence", "quarters", "race_standard", "rounding")

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
    settings
        Those of ``SETTINGS`` that its manifest states.
    """

    period: str
    found: dict[Key, Headline] | None
    settings: Mapping[str, Any] = field(default_factory=dict)


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
    found = None if text is None else parse(text)
    return Release(str(manifest["period"]), found, _settings(manifest))


def differing(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Name the settings that two releases state and in which they differ.

    Parameters
    ----------
    one, other
        Settings of two releases; what only one of them states is left out.

    Returns
    -------
    dict
        Name of a setting to its two values, in words.

    Examples
    --------
    >>> differing({"confidence": 0.9, "rounding": 0}, {"confidence": 0.95})
    {'confidence': ('90%', '95%')}
    """
    return {
        name: (_in_words(name, one[name]), _in_words(name, other[name]))
        for name in SETTINGS
        if name in one and name in other and one[name] != other[name]
    }


def _in_words(name: str, value: Any) -> str:
    if name == "confidence":
        return f"{float(value) * 100:.4g}%"
    if name == "rounding":
        return f"to {value}" if value else "none"
    return str(value)


def _settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest states of ``SETTINGS``: parameters, then the policy."""
    parts = [manifest.get(name) for name in ("params", "policy")]
    stated = {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
    return {name: stated[name] for name in SETTINGS if name in stated}


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
                when=_plain(record.get("when") or ""),
                clear=_verdict(record["clear"]),
                sentence=_plain(record["sentence"]),
            )
            found[key(record["page"], row)] = row
    except (ValueError, TypeError, AttributeError, csv.Error):
        return None  # pydantic's ValidationError is a ValueError
    return found


def _number(text: str) -> float | None:
    return float(text) if text else None


def _verdict(text: str) -> bool | None:
    return text.lower() == "true" if text else None


def _whole(text: str) -> int | None:
    return int(float(text)) if text else None


def _plain(text: str) -> str:
    """Text without the apostrophe that keeps spreadsheets from running it."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r\n＝＋－＠" else text
