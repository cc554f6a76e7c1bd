"""The data dictionary: ``datapackage.json``, so that a portal can take the tables.

A **data package** lists the tables of a release as resources and describes every
column: its title, what it says, its type, its unit, and what it may hold. Blanks are
told apart in words by the column ``note`` of each table.

References
----------
Frictionless Data, Data Package (v2), https://datapackage.org/standard/data-package/;
Table Schema (v2), https://datapackage.org/standard/table-schema/.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from equity.publish.downloads import FINDING_COLUMNS, FINDINGS
from equity.publish.manifest import sha256
from equity.publish.payload import Table

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
DIALECT = "https://datapackage.org/profiles/2.0/tabledialect.json"
SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
BLANKS = (
    "An empty cell is never zero: the column 'note' of its row says whether it is "
    "hidden (to protect people in small groups), not applicable, or not known."
)

_TYPES = {"text": "string", "count": "integer", "flag": "boolean"}  # others: number
_UNITS = {
    "text": "",
    "flag": "",
    "number": "",
    "count": "count",
    "percent": "percent",
    "points": "percentage points",
    "ratio": "ratio; 1 is parity",
    "deviations": "standard deviations",
    "money": "currency of the source",
}
_SAYS = {
    "text": "A label.",
    "flag": "true or false.",
    "number": "A number in the unit of its title.",
    "count": "A whole number.",
    "percent": "A share of 100.",
    "points": "A difference between two percentages.",
    "ratio": "One value divided by another; 1 is parity.",
    "deviations": "A gap in standard deviations of scores.",
    "money": "Money, rounded to thousands.",
}
_LIMITS = ("lower limit", "upper limit")
_MISSING = {
    "estimate": "Never empty.",
    "when": "Empty where the report does not say.",
    "people_to_parity": "Empty where it does not apply.",
    "clear": "Empty where no interval is known.",
    "reference": "Empty where the group is compared with nobody.",
}
#: Columns of the findings that may be empty.
_BLANK = (
    "when", "reference", "conf_low", "conf_high", "people_to_parity", "clear",
)  # fmt: skip


def package(
    tables: Sequence[tuple[Table, bytes]],
    findings: bytes,
    *,
    name: str,
    title: str,
    description: str = "",
    licences: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Describe the tables of a release for a data portal.

    Parameters
    ----------
    tables
        Published tables with the content of their CSV files.
    findings
        The content of ``tables/findings.csv``.
    name, title, description
        Of the whole package.
    licences
        As the specification has them: ``name`` or ``path``, and ``title``.

    Returns
    -------
    dict
        The content of ``datapackage.json``, without empty entries.

    Examples
    --------
    >>> described = package([], b"", name="equity-sample-2026q1", title="Tables")
    >>> [resource["path"] for resource in described["resources"]]
    ['tables/findings.csv']
    """
    return _filled(
        {
            "$schema": PROFILE,
            "name": name,
            "title": title,
            "description": f"{description} {BLANKS}".strip(),
            "licenses": [dict(licence) for licence in licences],
            "resources": [
                *(_of_table(table, content) for table, content in tables),
                _of_findings(findings),
            ],
        }
    )


def licences(title: str, address: str) -> list[dict[str, str]]:
    """Name a licence as the specification wants it.

    Parameters
    ----------
    title
        Such as ``"CC BY 4.0"``; empty if there is none.
    address
        Where to read it; may be empty.

    Returns
    -------
    list of dict
        One licence, or none where there is neither a name nor an address.

    Examples
    --------
    >>> licences("CC BY 4.0", "")
    [{'title': 'CC BY 4.0', 'name': 'CC-BY-4.0'}]
    """
    licence = {"title": title, "path": address}
    if re.fullmatch(r"[A-Za-z0-9._ -]+", title):
        licence["name"] = title.replace(" ", "-")
    named = licence.get("name") or licence["path"]
    return [_filled(licence)] if named else []


def fields(table: Table) -> list[dict[str, Any]]:
    """Describe the columns of a table's file.

    Parameters
    ----------
    table
        A published table.

    Returns
    -------
    list of dict
        ``name``, ``type``, ``title``, ``description``, ``unit`` and ``constraints``
        of every column of the file, in its order.

    Examples
    --------
    >>> from equity.publish.payload import payload
    >>> for field in fields(payload({
    ...     "kind": "table", "name": "a", "caption": "A", "rows": [],
    ...     "columns": [{"name": "n", "label": "People", "type": "count"}]})):
    ...     print(field["name"], field["type"], field.get("unit"))
    n integer count
    note string None
    """
    found = []
    for number, column in enumerate(table.columns):
        kind = (column.unit or "number") if column.type == "interval" else column.type
        ends = _LIMITS if column.type == "interval" else ("",)
        cells = [row[number] for row in table.rows]
        for place, (name, end) in enumerate(zip(column.fields, ends, strict=True)):
            values = [
                cell.value[place] if end else cell.value
                for cell in cells
                if not cell.absent
            ]
            full = number == table.row_header and len(values) == len(cells)
            title = f"{column.label}, {end}" if end else column.label
            found.append(_field(name, title, kind, values, required=full))
    note = "Which cells of the row are empty, and why; empty if none is."
    title = "Why cells are empty"
    return [
        *found,
        {"name": "note", "type": "string", "title": title, "description": note},
    ]


def _field(
    name: str, title: str, kind: str, values: Sequence[Any], *, required: bool
) -> dict[str, Any]:
    """One column; what it may hold is said where it follows from what it is."""
    positive = kind in ("count", "ratio") and all(v is None or v >= 0 for v in values)
    whole = kind == "count" and all(v is None or float(v).is_integer() for v in values)
    constraints = {"required": required, "minimum": 0 if positive else None}
    return _filled(
        {
            "name": name,
            "type": "number" if kind == "count" and not whole else _type(kind),
            "title": title,
            "description": f"{title}. {_SAYS[kind]}",
            "unit": _UNITS[kind],
            "constraints": {
                rule: limit
                for rule, limit in constraints.items()
                if limit is not None and limit is not False
            },
        }
    )


def _type(kind: str) -> str:
    return _TYPES.get(kind, "number")


def _of_table(table: Table, content: bytes) -> dict[str, Any]:
    notes = " ".join(table.notes)
    return _resource(
        table.name, table.caption, notes, table.source, content, fields(table)
    )


def _of_findings(content: bytes) -> dict[str, Any]:
    found = []
    for name, (title, kind) in FINDING_COLUMNS.items():
        field = _field(name, title, kind, [], required=False)
        field.pop("constraints", None)
        if name not in _BLANK:
            field["constraints"] = {"required": True}
        if name in _MISSING:
            field["description"] += f" {_MISSING[name]}"
        found.append(field)
    return _resource(
        FINDINGS,
        "The findings of the report, a row for each comparison",
        "Numbers are rounded as the sentence has them.",
        "",
        content,
        found,
    )


def _resource(
    name: str,
    title: str,
    description: str,
    source: str,
    content: bytes,
    described: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return _filled(
        {
            "name": name,
            "type": "table",
            "path": f"tables/{name}.csv",
            "title": title,
            "description": description,
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": len(content),
            "hash": f"sha256:{sha256(content)}",
            "sources": [{"title": source}] if source else [],
            "dialect": {"$schema": DIALECT, "lineTerminator": "\n"},
            "schema": {
                "$schema": SCHEMA,
                "fields": list(described),
                "missingValues": [""],
            },
        }
    )


def _filled(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty; a number stays, zero too."""
    return {key: part for key, part in content.items() if part or part == 0}
