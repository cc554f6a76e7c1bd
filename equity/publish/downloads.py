"""Published tables as files: one CSV for each, and the findings in a CSV of their own.

A download is written from the payload that the page shows, so it holds the numbers of
the page and no other: hidden cells are empty in both, and a last column, ``note``, says
which cells of a row are empty and why.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from equity.errors import NotebookError
from equity.publish.payload import Cell, Column, Table

#: A name that a table cannot have, since the release has a file of its own for it.
FINDINGS = "findings"

#: The columns of the findings: name, label, type as in a payload.
FINDING_COLUMNS = {
    "page": ("Page of the release", "text"),
    "measure": ("Measure", "text"),
    "when": ("Time that the numbers are of", "text"),
    "group": ("Group", "text"),
    "reference": ("Group it is compared with", "text"),
    "unit": ("Unit of the estimate and its limits", "text"),
    "estimate": ("Estimate", "number"),
    "conf_low": ("Estimate, lower limit", "number"),
    "conf_high": ("Estimate, upper limit", "number"),
    "people_to_parity": ("People to parity", "count"),
    "clear": ("Whether the interval leaves out parity", "flag"),
    "sentence": ("The finding in words", "text"),
}

#: What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_VERDICTS = {True: "true", False: "false", None: None}
_ABSENT = {"n/a": "not applicable"}


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
    return as_csv(names(table), rows(table))


def findings_csv(pages: Sequence[Any]) -> str:
    """Write the comparisons behind the findings of a release as CSV.

    Parameters
    ----------
    pages
        What may be shown of each notebook: anything with ``slug`` and ``findings``.

    Returns
    -------
    str
        A line per comparison, columns as in ``FINDING_COLUMNS``; a finding twice on
        a page is told once.

    Examples
    --------
    >>> print(findings_csv([]), end="")
    "page","measure","when","group","reference","unit","estimate",\
"conf_low","conf_high","people_to_parity","clear","sentence"
    """
    return as_csv(list(FINDING_COLUMNS), finding_rows(pages))


def finding_rows(pages: Sequence[Any]) -> list[list[Any]]:
    """List the comparisons behind the findings, one row for each.

    Parameters
    ----------
    pages
        As for `findings_csv`.

    Returns
    -------
    list of list
        Values in the order of ``FINDING_COLUMNS``.

    Examples
    --------
    >>> finding_rows([])
    []
    """
    told = [
        (page.slug, headline)
        for page in pages
        for finding in page.findings
        for headline in finding.rows
    ]
    return [
        [
            *(slug, line.measure, line.when, line.group, line.reference, line.unit),
            *(line.estimate, line.low, line.high, line.people_to_parity),
            *(_VERDICTS[line.clear], line.sentence),
        ]
        for number, (slug, line) in enumerate(told)
        if (slug, line) not in told[number + 1 :]  # the list of all groups comes last
    ]


def names(table: Table) -> list[str]:
    """Name the columns of a table's file.

    Parameters
    ----------
    table
        A published table.

    Returns
    -------
    list of str
        One name per column, two for an interval, and ``note``.

    Raises
    ------
    NotebookError
        If two would be the same.

    Examples
    --------
    >>> from equity.publish.payload import payload
    >>> names(payload({"kind": "table", "name": "a", "caption": "A", "rows": [],
    ...     "columns": [{"name": "ci", "label": "Interval", "type": "interval"}]}))
    ['ci_low', 'ci_high', 'note']
    """
    found = [*(name for column in table.columns for name in column.fields), "note"]
    for number, name in enumerate(found):
        if name in found[:number]:
            raise NotebookError(
                f"two columns of table '{table.name}' have the name '{name}'; give "
                "each one of its own"
            )
    return found


def rows(table: Table) -> list[list[Any]]:
    """List the values of a table's file.

    Parameters
    ----------
    table
        A published table.

    Returns
    -------
    list of list
        A list per row, in the order of `names`; None where a cell is empty.

    Examples
    --------
    >>> from equity.publish.payload import payload
    >>> rows(payload({"kind": "table", "name": "a", "caption": "A",
    ...     "columns": [{"name": "n", "label": "People", "type": "count"}],
    ...     "rows": [[{"value": 12, "text": "12"}],
    ...              [{"value": None, "text": "hidden", "hidden": True}]]}))
    [[12, ''], [None, 'hidden: n']]
    """
    return [
        [
            *(
                value
                for cell, column in zip(row, table.columns, strict=True)
                for value in _values(cell, column)
            ),
            _row_note(row, table.columns),
        ]
        for row in table.rows
    ]


def as_csv(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    """Write CSV that a spreadsheet cannot run.

    Parameters
    ----------
    header
        Column names.
    lines
        Values: text, numbers or None.

    Returns
    -------
    str
        All text is quoted, so that no separator of any locale can begin a cell in
        it; None is empty.

    Examples
    --------
    >>> print(as_csv(["a", "b"], [["-2+3", -5]]), end="")
    "a","b"
    "'-2+3",-5
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for line in [header, *lines]:
        writer.writerow([_harmless(v) if isinstance(v, str) else v for v in line])
    return buffer.getvalue()


def _values(cell: Cell, column: Column) -> list[Any]:
    if column.type == "interval":
        return [None, None] if cell.absent else list(cell.value)
    if cell.absent:
        return [None]
    return [int(cell.value) if column.type == "count" else cell.value]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    if text.startswith(FORMULA) and not _NUMBER.fullmatch(text):
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
