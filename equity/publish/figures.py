"""Protected tables to figures in one house style: a dot, its interval, its number.

Why dots and intervals: a bar invites the eye to its end and hides how well that end is
known. Here every group has its own row, in the order of the table and never by value;
the number stands beside the picture; a hidden row is the same grey strip everywhere.
Colours differ in lightness and marks in shape, so print and colour blindness lose
nothing. A figure's numbers are in the table below it, and the main ones, or all where
they are few, in its alternative text.

Every figure is drawn twice from the same rows: wide, and narrow for a telephone, where
names stand above their marks and panels below one another, so that nothing is lost
beyond the edge of the screen.

References
----------
Cleveland and McGill (1984), Graphical perception, JASA 79(387), 531-554: position on
a common scale is read best. Schwabish and Feng (2021), Do No Harm Guide: Applying
equity awareness in data visualization, Urban Institute: order, labels, and reference
groups are choices.
"""

from collections.abc import Callable

import pandas as pd
import shapely

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.aloud import alternative
from equity.publish.canvas import published, style
from equity.publish.coding import EXTREMES
from equity.publish.display import Published
from equity.publish.drawings import _draw_many, _draw_one
from equity.publish.narrow import _narrow_many, _narrow_one
from equity.publish.order import unranked
from equity.publish.protect import COUNTS, PERSONAL, Protected, require
from equity.publish.rows import _Look, _Row, _scaled


def dot_interval(
    protected: Protected,
    *,
    name: str,
    caption: str,
    unit: str,
    title: str | None = None,
    label: str = "",
    noun: str = "",
    reference_line: float | None = None,
    reference_label: str = "",
    compare: str | None = None,
    compare_label: str = "",
    rows: str = "group",
    facets: str | None = None,
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw one row per group: a dot, its interval, and the numbers beside it.

    Ratios are drawn on a doubling scale, on which twice and half are equally far from
    one. An interval that would flatten all others is cut at the edge and ends in an
    arrow; its numbers are printed whole. With ``facets`` there is one small panel
    per value, all on one scale, with the estimate only; where the panels are groups,
    the reference has none, since nothing is compared with itself.

    Parameters
    ----------
    protected
        One row per value of ``rows`` (and of ``facets``), with ``estimate``,
        ``conf_low``, ``conf_high``; other columns of the measure table are used
        where they are there.
    name
        File name of the figure, such as "days-to-close".
    caption
        What the figure shows, of whom, where and when.
    unit
        "percent" and "points" (given as proportions), "ratio" or "number".
    title
        A heading inside the figure.
    label
        What is measured, in a few words, written under the scale.
    noun
        What a "number" counts, such as "days"; for the alternative text.
    reference_line
        A value, in the unit of the table, marked by a vertical line: 1 for parity of
        a ratio, 0 for a difference. Those two are drawn without being asked for.
    reference_label
        What the line means.
    compare
        A column drawn as a second, hollow mark, such as a share of residents.
    compare_label
        What the hollow mark means; needed with ``compare``.
    rows
        The column whose values are the rows.
    facets
        A column whose values are panels, such as "department".
    shorten
        A function from a row's name to a shorter one; the alternative text keeps the
        full name.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, holds points or other places, or a mark
        would be a lowest or highest value.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If the unit or name cannot be used, a row appears twice, or ``compare`` has no
        label.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> days = pd.DataFrame({"group": ["Asian", "White"], "events": [60, 1240],
    ...                      "estimate": [14.0, 10.9], "conf_low": [12.1, 10.2],
    ...                      "conf_high": [15.9, 11.6], "confidence": 0.95})
    >>> dot_interval(protect(days), name="days", caption="Days to close by race",
    ...              unit="number", noun="days")
    Days to close by race
    Dot-and-interval chart, 2 rows. Asian: 14.0 days (95% interval 12.1 to 15.9).
    White: 10.9 days (95% interval 10.2 to 11.6).
    """
    require(protected, "figures.dot_interval")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, [rows, facets, compare], unit, compare_label if compare else " ")
    frame = unranked(_compared(frame, facets), facets or rows)
    panels = _panels(frame, rows, facets, unit, compare)
    line = {"ratio": 1.0, "points": 0.0}.get(unit) if reference_line is None else None
    line = display.rounded(reference_line, unit) if line is None else line
    if unit == "ratio" and reference_line is None:
        reference_label = reference_label or "1 = the same"
    look = _Look(
        unit=unit,
        noun=noun,
        line=line,
        line_label=reference_label,
        label=label,
        compare=compare_label if compare else "",
        why=protected.why,
    )
    look = _scaled(look, [row for panel in panels.values() for row in panel])
    shorten = shorten or str
    draw, draw_narrow = (
        (_draw_one, _narrow_one) if facets is None else (_draw_many, _narrow_many)
    )
    with style(name):
        return published(
            draw(panels, look, title, shorten),
            draw_narrow(panels, look, title, shorten),
            name=name,
            caption=caption,
            alt=alternative(panels, look, facets),
            source=source,
            data=_numbers(
                protected, frame, [facets, rows], look, compare, name, caption
            ),
            counts=made.counts(protected),
        )


def _check(frame: pd.DataFrame, named: list, unit: str, compare_label: str) -> None:
    places = [
        name
        for name in frame
        if name in PERSONAL
        or frame[name].dtype == "geometry"
        or (frame[name].dtype == object and shapely.is_geometry(frame[name]).any())
    ]
    if places:
        raise DisclosureError(
            f"a figure has no points and no rows of one person; leave out {places}"
        )
    if any(EXTREMES & set(str(name).lower().split("_")) for name in named):
        raise DisclosureError(
            "a lowest or highest value is one person's; no figure marks it"
        )
    wanted = ["estimate", "conf_low", "conf_high", *(n for n in named if n)]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    if display.unit_of(unit) == "count":
        raise EquityError("'count' is no unit of an estimate; use 'number'")
    if not compare_label:
        raise EquityError("compare needs compare_label: what does the hollow mark mean")
    keys = [name for name in named[:2] if name]
    twice = frame[keys].astype(str).duplicated()
    if twice.any():
        raise EquityError(
            f"{int(twice.sum())} rows repeat an earlier {' and '.join(keys)}; "
            "pick rows with Protected.only, or name the facets"
        )


def _compared(frame: pd.DataFrame, facets: str | None) -> pd.DataFrame:
    """The rows without a panel in which the reference is compared with itself."""
    if facets != "group" or "reference" not in frame:
        return frame
    others = frame["group"].astype(str) != frame["reference"].astype(str)
    return frame[others] if others.any() else frame


def _panels(
    frame: pd.DataFrame, rows: str, facets: str | None, unit: str, compare: str | None
) -> dict[str, list[_Row]]:
    names = (
        frame[facets].map(display.label) if facets else frame[rows].map(lambda _: "")
    )
    counts = [name for name in COUNTS if name in frame]
    ranges = made.is_coded(frame)
    panels: dict[str, list[_Row]] = {}
    for at, panel in names.items():
        entry = frame.loc[at]
        coded = made.range_of(frame, at, unit)
        hidden = not coded and (not pd.isna(entry["suppressed"]) or ranges[at])
        estimate = display.rounded(entry["estimate"], unit)
        panels.setdefault(panel, []).append(
            _Row(
                label=display.label(entry[rows]),
                estimate=estimate,
                low=display.rounded(entry["conf_low"], unit),
                high=display.rounded(entry["conf_high"], unit),
                compare=display.rounded(entry[compare], unit) if compare else None,
                interval=display.level(entry.get("confidence")),
                hidden=hidden and estimate is None,
                reference=str(entry.get("reference")) == str(entry[rows]),
                unknown=estimate is None and entry[counts].isna().any(),
                coded=coded if estimate is None else "",
            )
        )
    return panels


def _numbers(
    protected: Protected,
    frame: pd.DataFrame,
    keys: list[str | None],
    look: _Look,
    compare: str | None,
    name: str,
    caption: str,
) -> dict:
    """The numbers of the figure as a table, row for row."""
    columns: dict = {key: (_title(key), "text") for key in keys if key}
    interval = display.level(made.only_level(frame))
    columns["estimate"] = (_title(look.label or "estimate"), look.unit)
    columns["conf_low", "conf_high"] = (_title(interval), look.unit)
    if compare:
        columns[compare] = (_title(look.compare), look.unit)
    return made.payload(
        [made.head(key, *entry) for key, entry in columns.items()],
        [made.column(frame, key, kind) for key, (_, kind) in columns.items()],
        protected,
        name=name,
        caption=caption,
        row_header=1 if keys[0] else 0,
    )


def _title(words: str) -> str:
    """A column's heading: the words with a capital letter."""
    words = words.replace("_", " ")
    return words[:1].upper() + words[1:]
