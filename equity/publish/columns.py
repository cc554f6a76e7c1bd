"""Columns of a protected table as cells: rounded numbers, words for blanks, footnotes.

**Terms**

hidden
    Taken away by protection. The cell says so, and holds nothing.
coded
    A share so near to none or all of a group that the exact one would tell about each
    member: the cell says "5% or less" or "95% or more", and holds no number.
n/a
    What does not apply, such as the interval of the group all others are compared
    with.
not known
    What the source does not say, or says so roughly that nothing is estimated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from equity.errors import ColumnNotFoundError, EquityError
from equity.publish import display
from equity.publish.display import HIDDEN, NOT_APPLICABLE, NOT_KNOWN
from equity.publish.protect import COUNTS, Protected

Key = str | tuple[str, str]


def payload(
    heads: list[dict],
    cells: list[list[dict]],
    protected: Protected,
    *,
    name: str,
    caption: str,
    notes: Sequence[str] = (),
    source: str = "",
    row_header: int = 0,
) -> dict[str, Any]:
    """Put columns of cells together to a payload of kind "table".

    Parameters
    ----------
    heads
        One from :func:`head` for each column.
    cells
        One list from :func:`column` for each column.
    protected
        What the cells were made from.
    name, caption, notes, source
        As in the payload.
    row_header
        Which column heads the rows.

    Returns
    -------
    dict
        With footnotes for the words that occur; without ``counts``.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> staff = protect(pd.DataFrame({"group": ["A"], "events": [60]}))
    >>> cells = [column(staff.frame, "group", "text")]
    >>> payload([head("group", "Race", "text")], cells, staff, name="staff",
    ...         caption="Staff")["rows"]
    [[{'value': 'A', 'text': 'A', 'hidden': False}]]
    """
    rows = [list(row) for row in zip(*cells, strict=True)]
    return {
        "kind": "table",
        "name": display.slug(name),
        "caption": caption,
        "columns": heads,
        "rows": rows,
        "row_header": row_header,
        "notes": list(dict.fromkeys([*notes, *_footnotes(rows, protected)])),
        "source": source,
    }


def counts(protected: Protected) -> list[dict[str, Any]]:
    """Return what a reader is told about the counts of a table; for the audit alone.

    Parameters
    ----------
    protected
        A protected table.

    Returns
    -------
    list of dict
        As :class:`equity.publish.payload.Counts`.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = protect(pd.DataFrame({"group": ["A"], "events": [60]}), lines=None)
    >>> isinstance(counts(table), list)
    True
    """
    return [dict(told) for told in protected.counts]


def is_coded(frame: pd.DataFrame) -> pd.Series:
    """Return which rows have their share shown as a range only.

    Parameters
    ----------
    frame
        A protected table.

    Returns
    -------
    Series
        True where ``coded`` has a text.

    Examples
    --------
    >>> is_coded(pd.DataFrame({"coded": ["5% or less", None]})).tolist()
    [True, False]
    """
    if "coded" not in frame:
        return pd.Series(False, index=frame.index)
    return frame["coded"].notna() & frame["coded"].ne("")


def range_of(frame: pd.DataFrame, at: int, unit: str) -> str:
    """Return the range that stands for a coded share.

    Parameters
    ----------
    frame
        A protected table.
    at
        Label of the row.
    unit
        In which the estimate is shown.

    Returns
    -------
    str
        Such as "95% or more"; "" where nothing is coded, and where the estimate is a
        difference or a ratio, which is hidden.

    Examples
    --------
    >>> table = pd.DataFrame({"coded": ["5% or less"], "estimate": [None]})
    >>> range_of(table, 0, "percent"), range_of(table, 0, "ratio")
    ('5% or less', '')
    """
    if "coded" not in frame or unit != "percent":
        return ""
    text, level = frame.loc[at, "coded"], frame.get("statistic")
    if pd.isna(text) or (level is not None and level[at] != "level"):
        return ""
    return str(text)


def only_level(frame: pd.DataFrame) -> float | None:
    """Return the confidence level of a table's intervals, if it is the same in all.

    Parameters
    ----------
    frame
        A protected table.

    Returns
    -------
    float or None
        A proportion.

    Examples
    --------
    >>> only_level(pd.DataFrame({"confidence": [0.95, None]}))
    0.95
    """
    levels = frame["confidence"].dropna().unique() if "confidence" in frame else []
    return float(levels[0]) if len(levels) == 1 else None


def check(frame: pd.DataFrame, columns: Mapping[Key, tuple[str, str]]) -> None:
    """Refuse columns that are absent, of no known type, or not for readers.

    Parameters
    ----------
    frame
        A protected table.
    columns
        As in :func:`equity.publish.tables.show`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If a type or the list of columns cannot be used.

    Examples
    --------
    >>> check(pd.DataFrame({"group": ["A"]}), {"group": ("Race", "text")})
    """
    if not columns or next(iter(columns.values()))[1] != "text":
        raise EquityError("a table begins with a text column, which heads its rows")
    wanted = [n for key in columns for n in ((key,) if isinstance(key, str) else key)]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    if "suppressed" in wanted:
        raise EquityError("why a row is hidden says something about it; leave it out")
    for key, (_, kind) in columns.items():
        if kind != "text" or not isinstance(key, str):
            display.unit_of(kind)


def head(key: Key, label: str, kind: str) -> dict[str, Any]:
    """Describe a column, or the two columns of an interval.

    Parameters
    ----------
    key
        Name of the column, or names of the two.
    label
        What readers see.
    kind
        "text" or one of ``display.UNITS``.

    Returns
    -------
    dict
        A column of the payload.

    Examples
    --------
    >>> head(("conf_low", "conf_high"), "95% interval", "ratio")["name"]
    'conf_low_conf_high'
    """
    if isinstance(key, str):
        return {"name": key, "label": label, "type": kind}
    return {
        "name": "_".join(key),
        "label": label,
        "type": "interval",
        "unit": kind,
        "names": list(key),
    }


def column(frame: pd.DataFrame, key: Key, kind: str) -> list[dict[str, Any]]:
    """Make the cells of one column, or of one interval.

    Parameters
    ----------
    frame
        A protected table with a plain index.
    key
        Name of the column, or names of the two limits.
    kind
        "text" or one of ``display.UNITS``.

    Returns
    -------
    list of dict
        The cells of the payload. A blank is a word, never empty. Bounds that print
        alike are one number; limits of chance stay two.

    Examples
    --------
    >>> table = pd.DataFrame({"events": [60], "suppressed": [None]})
    >>> column(table, "events", "count")
    [{'value': 60, 'text': '60', 'hidden': False}]
    >>> exact = table.assign(rate_low=0.317, rate_high=0.317)
    >>> column(exact, ("rate_low", "rate_high"), "percent")[0]["text"]
    '31.7%'
    """
    hidden = frame["suppressed"].notna() | is_coded(frame)
    if isinstance(key, str):
        values = [_value(value, kind) for value in frame[key]]
        texts = [None if v is None else _text(v, kind) for v in values]
    else:
        limits = [[_value(value, kind) for value in frame[name]] for name in key]
        values = [
            None if low is None and high is None else [low, high]
            for low, high in zip(*limits, strict=True)
        ]
        texts = [None if v is None else _range(*v, key, kind) for v in values]
    cells = []
    for at, value, text in zip(frame.index, values, texts, strict=True):
        word = text if value is not None else _blank(frame, key, kind, at, hidden[at])
        gone = value is None and word == HIDDEN
        cells.append({"value": value, "text": word, "hidden": gone})
    return cells


def _value(value: Any, kind: str) -> Any:
    if kind != "text":
        return display.rounded(value, kind)
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    return None if pd.isna(value) or not str(value).strip() else str(value)


def _range(low: Any, high: Any, key: tuple[str, str], kind: str) -> str:
    """Two numbers as a range; bounds that are the same number as that number."""
    if low == high and not key[0].startswith("conf_"):
        return _text(low, kind)
    return display.span(low, high, kind, mark=True)


def _text(value: Any, kind: str) -> str:
    if kind == "text":
        return value
    return display.number(value, kind) + ("%" if kind == "percent" else "")


def _blank(frame: pd.DataFrame, key: Key, kind: str, at: int, hidden: bool) -> str:
    """The word for a blank, or the range that stands for a coded share.

    Counts, and whatever would be made from a missing count, are not known. What is
    missing although its counts are there does not apply.
    """
    names = (key,) if isinstance(key, str) else key
    if names == ("estimate",) and range_of(frame, at, kind):
        return range_of(frame, at, kind)
    if hidden and names[0] != "reference":
        return HIDDEN
    if {"reference", "group"} <= set(frame) and (
        frame.loc[at, "reference"] == frame.loc[at, "group"]
    ):
        return NOT_APPLICABLE  # a group is not compared with itself
    counted = [name for name in COUNTS if name in frame]
    unknown = any(pd.isna(frame.loc[at, name]) for name in counted)
    made = names[0] not in (*counted, "reference") and _is_made(frame, names[0])
    if made and not unknown:
        return NOT_APPLICABLE
    return NOT_APPLICABLE if names[0] == "reference" else NOT_KNOWN


def _is_made(frame: pd.DataFrame, name: str) -> bool:
    bound = name.endswith(("_low", "_high")) and name.rsplit("_", 1)[0] in COUNTS
    return not bound and pd.api.types.is_numeric_dtype(frame[name])


def _footnotes(rows: list[list[dict]], protected: Protected) -> list[str]:
    blanks = {cell["text"] for row in rows for cell in row if cell["value"] is None}
    words = {
        HIDDEN: f"Hidden: {protected.why}.",
        NOT_APPLICABLE: "n/a: does not apply, or cannot be calculated.",
        NOT_KNOWN: "Not known: the source does not say, or only within too wide a "
        "range.",
    }
    return [*(n for word, n in words.items() if word in blanks), *protected.notes]
