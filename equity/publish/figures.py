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

from equity.errors import EquityError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.aloud import alternative
from equity.publish.canvas import published, style
from equity.publish.curves import curves
from equity.publish.display import Published
from equity.publish.drawings import _draw_many, _draw_one
from equity.publish.entries import _check, _compared, _numbers, _panels
from equity.publish.grouped import parts
from equity.publish.heat import heat
from equity.publish.narrow import _narrow_many, _narrow_one
from equity.publish.order import unranked
from equity.publish.protect import Protected, require
from equity.publish.rows import _Look, _scaled

#: Where a group is like the reference, by the unit of the comparison.
PARITY = {"ratio": 1.0, "points": 0.0, "deviations": 0.0}

__all__ = ["curves", "dot_interval", "heat", "parts"]


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
    bounds: tuple[str, str] | None = None,
    bounds_label: str = "",
    rows: str = "group",
    facets: str | None = None,
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw one row per group: a dot, its interval, and the numbers beside it.

    Ratios are drawn on a doubling scale, on which twice and half are equally far from
    one. An interval that would flatten all others is cut at the edge and ends in an
    arrow; its numbers are printed whole. With ``facets`` there is one small panel
    per value, in the order of the table and all on one scale: the intervals are drawn,
    and of the numbers only the estimate is printed. Where the panels are groups, the
    reference has none, since nothing is compared with itself.

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
        "percent" and "points" (given as proportions), "ratio", "number" or
        "deviations" (standard deviations).
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
    bounds
        Two columns drawn as a pale bar behind the interval: what the estimate could be
        at least and at most if nothing is assumed, ``("bound_low", "bound_high")``.
        They are no interval of chance, and wider. Their numbers are in the table.
    bounds_label
        What the bar means; needed with ``bounds``: "What the areas alone can prove".
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
        If the unit or name cannot be used, a row appears twice, or ``compare`` or
        ``bounds`` has no label.

    Examples
    --------
    >>> import pandas as pd
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
    _check(
        frame, [rows, facets, compare, *(bounds or ())], unit,
        compare_label if compare else " ",
    )  # fmt: skip
    if bounds and not bounds_label:
        raise EquityError("bounds need bounds_label: what does the pale bar mean")
    frame = unranked(_compared(frame, facets), facets or rows)
    panels = _panels(frame, rows, facets, unit, compare, bounds)
    line = PARITY.get(unit) if reference_line is None else None
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
        bounds=bounds_label if bounds else "",
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
                protected, frame, [facets, rows], look, name, caption, compare, bounds
            ),
            counts=made.counts(protected),
        )
