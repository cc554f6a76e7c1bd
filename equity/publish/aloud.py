"""A figure read aloud: its alternative text, short enough to listen to.

All numbers where they are few; else the estimates; else how many rows there are, the
lowest and the highest that are shown, and what is hidden. Whatever is left out is in
the table below the figure.
"""

from dataclasses import replace

from equity.publish import display
from equity.publish.rows import _blank_words, _Look, _Row

#: Characters; a longer text is shortened.
LISTENABLE = 420

REST = "The table below the figure has all the numbers."


def alternative(panels: dict[str, list[_Row]], look: _Look, facets: str | None) -> str:
    """Write the alternative text of a figure.

    Parameters
    ----------
    panels
        The rows of each panel; one panel where there are no facets.
    look
        How the rows are drawn.
    facets
        The column whose values are the panels, if there are several.

    Returns
    -------
    str
        At most about `LISTENABLE` characters, labels of unusual length apart.

    Examples
    --------
    >>> row = _Row(label="Asian", estimate=14.0, low=12.1, high=15.9, compare=None,
    ...            interval="95% interval", hidden=False, reference=False,
    ...            unknown=False)
    >>> look = _Look(unit="number", noun="days", line=None, line_label="", label="",
    ...              compare="", why="")
    >>> alternative({"": [row]}, look, None)
    'Dot-and-interval chart, 1 row. Asian: 14.0 days (95% interval 12.1 to 15.9).'
    """
    text = _with_rows(panels, look, facets)
    if len(text) <= LISTENABLE:
        return text
    bare = {
        panel: [replace(row, low=None, high=None) for row in rows]
        for panel, rows in panels.items()
    }
    alone = {
        panel: [replace(row, compare=None, least=None, most=None) for row in rows]
        for panel, rows in bare.items()
    }
    totals = {
        panel: [row for row in rows if not row.part] for panel, rows in alone.items()
    }
    for fewer in (bare, alone, totals):
        text = f"{_with_rows(fewer, look, facets)} {REST}"
        if len(text) <= LISTENABLE:
            return text
    rows = [(panel, row) for panel, rows in totals.items() for row in rows]
    return " ".join([_opening(panels, look, facets), *_extent(rows, look), REST])


def _opening(panels: dict[str, list[_Row]], look: _Look, facets: str | None) -> str:
    count = sum(len(rows) for rows in panels.values())
    kind = f"Dot-and-interval chart, {_rows(count)}"
    if look.opening:
        kind = look.opening
    elif facets:
        kind = f"Dot-and-interval charts, {len(panels)} panels on one scale"
    text = f"{kind}: {look.label}." if look.label else f"{kind}."
    if look.line is not None and look.line_label:
        text += f" A vertical line marks {look.line_label}."
    if look.bounds:
        text += f" Pale bars: {look.bounds}."
    return text


def _with_rows(panels: dict[str, list[_Row]], look: _Look, facets: str | None) -> str:
    parts = [_opening(panels, look, facets)]
    for panel, rows in panels.items():
        text = " ".join(_row(row, look) for row in rows)
        parts.append(f"{panel}. {text}" if facets else text)
    if any(row.hidden for rows in panels.values() for row in rows):
        parts.append(f"Hidden: {look.why}.")
    return " ".join(parts)


def _row(row: _Row, look: _Look) -> str:
    if row.estimate is None:
        text = f"{row.label}: {'hidden' if row.hidden else _blank_words(row)}"
    else:
        text = f"{row.label}: {display.quantity(row.estimate, look.unit, look.noun)}"
        interval = display.span(row.low, row.high, look.unit, mark=True)
        if interval:
            text += f" ({row.interval} {interval})"
        elif row.reference:
            text += " (the reference)"
    if row.compare is not None:
        compare = display.quantity(row.compare, look.unit, look.noun)
        text += f"; {look.compare} {compare}"
    if row.least is not None and row.most is not None:
        bounds = display.span(row.least, row.most, look.unit, mark=True)
        text += f"; {look.bounds} {bounds}"
    return f"{text}."


def _extent(rows: list[tuple[str, _Row]], look: _Look) -> list[str]:
    """The lowest and the highest that are shown, and how many rows are blank."""
    shown = [entry for entry in rows if entry[1].estimate is not None]
    if not shown:
        return _blanks(rows, look)
    low = min(shown, key=lambda entry: entry[1].estimate)
    high = max(shown, key=lambda entry: entry[1].estimate)
    if low[1].estimate == high[1].estimate:
        value = display.quantity(low[1].estimate, look.unit, look.noun)
        return [f"All that are shown: {value}.", *_blanks(rows, look)]
    ends = [f"Lowest shown: {_named(*low, look)}."]
    ends.append(f"Highest shown: {_named(*high, look)}.")
    return [*ends, *_blanks(rows, look)]


def _blanks(rows: list[tuple[str, _Row]], look: _Look) -> list[str]:
    parts = []
    ranges = sum(bool(row.coded) for _, row in rows)
    if ranges:
        parts.append(f"Shown as a range: {_rows(ranges)}.")
    hidden = sum(row.hidden for _, row in rows)
    if hidden:
        parts.append(f"Hidden ({look.why}): {_rows(hidden)}.")
    return parts


def _named(panel: str, row: _Row, look: _Look) -> str:
    name = f"{row.label}, {panel}" if panel else row.label
    return f"{name}, {display.quantity(row.estimate, look.unit, look.noun)}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
