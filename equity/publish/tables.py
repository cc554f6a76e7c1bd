"""Protected tables to tables for readers: captions, words for blanks, footnotes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.publish import columns as made
from equity.publish import display
from equity.publish.columns import Key
from equity.publish.display import Published
from equity.publish.order import unranked
from equity.publish.protect import Protected, require


def show(
    protected: Protected,
    *,
    name: str,
    caption: str,
    columns: Mapping[Key, tuple[str, str]],
    notes: Sequence[str] = (),
    source: str = "",
) -> Published:
    """Show a protected table.

    The first column heads the rows. The rows keep their order. A blank is never
    empty: it says "hidden", "n/a" (not applicable, such as the interval of the group
    all others are compared with) or "not known", and a footnote explains the word.

    Parameters
    ----------
    protected
        What :func:`equity.publish.protect.protect` made.
    name
        File name of the download, such as "days-to-close".
    caption
        What the table shows, of whom, where and when.
    columns
        Column to its label and type, in the order shown. The type is "text" or one
        of ``display.UNITS``; shares and their differences are given as proportions
        and shown as "percent" and "points". A pair of columns is an interval:
        ``{("conf_low", "conf_high"): ("95% interval", "percent")}``.
    notes
        Footnotes to add before the automatic ones.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "table"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If a type, the name or the list of columns cannot be used.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> staff = pd.DataFrame({"group": ["Asian", "White"], "events": [60, 1240],
    ...                       "estimate": [0.04615, 0.95385]})
    >>> show(protect(staff), name="staff", caption="Staff by race",
    ...      columns={"group": ("Race", "text"), "events": ("Staff", "count"),
    ...               "estimate": ("Share", "percent")})
    Staff by race
    <BLANKLINE>
    Race   Staff  Share
    -------------------
    Asian     60   4.6%
    White  1,240  95.4%
    """
    require(protected, "tables.show")
    frame = protected.frame
    if frame.empty:
        return display.absent()
    made.check(frame, columns)
    frame = unranked(frame, _first(columns))
    heads = [made.head(key, *entry) for key, entry in columns.items()]
    body = [made.column(frame, key, kind) for key, (_, kind) in columns.items()]
    return _published(heads, body, protected, name, caption, notes, source)


def compare(
    protected: Protected,
    *,
    name: str,
    caption: str,
    counts: Mapping[str, str],
    label: str,
    unit: str,
    beside: Mapping[Key, tuple[str, str]] = MappingProxyType({}),
    notes: Sequence[str] = (),
    source: str = "",
) -> Published:
    """Show a measure, its differences and its ratios beside each other.

    One row per group: counts, the estimate with its interval, the difference from
    the reference with its interval, and the ratio to it with its interval.

    Parameters
    ----------
    protected
        A protected measure table with ``statistic``: ``level``, ``difference`` and
        ``ratio``; groups that are compared with nobody have a level only.
    name, caption, notes, source
        As in :func:`show`.
    counts
        Count columns to their labels.
    label
        What the estimate is.
    unit
        Of the estimate, one of ``display.UNITS``.
    beside
        Further columns, shown after the counts, as in :func:`show`.

    Returns
    -------
    Published
        A payload of kind "table"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a statistic has no rows.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> days = pd.DataFrame({
    ...     "group": "Asian", "events": 60,
    ...     "reference": [None, "residents", "residents"],
    ...     "statistic": ["level", "difference", "ratio"], "confidence": 0.95,
    ...     "estimate": [6.0, 2.0, 1.5], "conf_low": [5.0, 1.0, 1.2],
    ...     "conf_high": [7.0, 3.0, 1.9]})
    >>> shown = compare(protect(days, lines=None), name="days", caption="Days",
    ...                 counts={"events": "Requests"}, label="Days", unit="number")
    >>> [cell["text"] for cell in shown.as_payload()["rows"][0]]
    ['Asian', '60', '6.0', '5.0 to 7.0', '2.0', '1.0 to 3.0', '1.50', '1.20 to 1.90']
    """
    require(protected, "tables.compare")
    if protected.frame.empty:
        return display.absent()
    level, apart, fold = (
        protected.only(statistic=statistic).frame
        for statistic in ("level", "difference", "ratio")
    )
    columns: dict[Key, tuple[str, str]] = {
        key: (text, "text")
        for key, text in KEYS.items()
        if key == "group"
        or (key in level and not level[key].eq(level[key].iloc[0]).all())
    }
    keys = list(columns)
    columns |= {key: (text, "count") for key, text in counts.items()} | dict(beside)
    made.check(level, columns)
    level = unranked(level, _first(columns))
    heads = [made.head(key, *entry) for key, entry in columns.items()]
    body = [made.column(level, key, kind) for key, (_, kind) in columns.items()]
    reference = apart["reference"].iloc[0]
    limits = display.level(level["confidence"].iloc[0])
    for frame, title, kind, prefix in (
        (level, label, unit, ""),
        (apart, f"Difference from {reference}", GAPS.get(unit, unit), "difference"),
        (fold, f"Ratio to {reference}", "ratio", "ratio"),
    ):
        title += " (percentage points)" if kind == "points" else ""
        rows = _aligned(frame, level, keys)
        ends = [f"{prefix}_{end}".lstrip("_") for end in ("conf_low", "conf_high")]
        heads.append(made.head(prefix or "estimate", title, kind))
        heads.append(made.head(tuple(ends), limits[0].upper() + limits[1:], kind))
        body.append(made.column(rows, "estimate", kind))
        body.append(made.column(rows, ("conf_low", "conf_high"), kind))
    return _published(heads, body, protected, name, caption, notes, source)


#: What heads the rows of a comparison, in order.
KEYS = {
    "group": "Race or ethnicity",
    "kind": "Kind of place",
    "category": "Kind of request",
    "attribution": "Race of",
    "department": "Department",
    "subject": "Subject",
    "year": "Year",
    "measure": "Measure",
    "held": "Posts",
}
GAPS = {"percent": "points"}

#: The columns of a table of raw files, for :func:`show`.
FILES = {
    "title": ("File", "text"),
    "source": ("Source", "text"),
    "vintage": ("Of", "text"),
    "rows": ("Rows read", "count"),
}


def _aligned(frame: pd.DataFrame, level: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The rows of a statistic in the order of the levels; those it lacks are blank."""
    labels = level[keys].astype(str).agg("\x1f".join, axis=1)
    there = frame[keys].astype(str).agg("\x1f".join, axis=1)
    blank = level.assign(estimate=np.nan, conf_low=np.nan, conf_high=np.nan)
    rows = pd.concat([frame.set_index(there), blank.set_index(labels)])
    return rows[~rows.index.duplicated()].loc[labels].reset_index(drop=True)


def _first(columns: Mapping[Key, tuple[str, str]]) -> str:
    """The column that heads the rows."""
    return next(key for key in columns if isinstance(key, str))


def _published(
    heads: list[dict],
    body: list[list[dict]],
    protected: Protected,
    name: str,
    caption: str,
    notes: Sequence[str],
    source: str,
) -> Published:
    table = made.payload(
        heads, body, protected, name=name, caption=caption, notes=notes, source=source
    )
    return display._publish(table | {"counts": made.counts(protected)})
