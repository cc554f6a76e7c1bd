"""Heat maps that can be read: every cell has its number, and colour says where to look.

A grid of departments and groups has more numbers than an eye can hold, so colour leads
it. Colour alone would not do: it is read badly, it says nothing of how well a number is
known, and some readers and printers have none. So every cell has its number or a word.
About a centre, such as parity, a cell is coloured only where its interval leaves the
centre out: what chance alone could make stays white.

A hidden cell looks the same everywhere, and so does one that is not known. Which cells
are coloured, and where the classes of colour begin, depends on shown numbers only.

References
----------
Wilkinson and Friendly (2009), The history of the cluster heat map, The American
Statistician 63(2), 179-184. Cleveland and McGill (1984), Graphical perception, JASA
79(387), 531-554: colour is read worst.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from equity.errors import EquityError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.canvas import published, style
from equity.publish.classes import DIVERGING, DIVERGING_EDGES, Classes
from equity.publish.display import Published
from equity.publish.entries import _check, _numbers
from equity.publish.order import unranked
from equity.publish.protect import COUNTS, Protected, require
from equity.publish.rows import _Look
from equity.publish.tiles import ABSENT, HIDDEN, UNCLEAR, UNKNOWN, Tile, _draw
from equity.race import standards

#: Upper limits of the classes of a ratio about one; a half is as far as the double.
FOLDS = (0.5, 0.79, 1.25, 2.0)

#: Of a ratio between four fifths and five fourths that is clear all the same.
NEAR = "#dadada"

#: How many of the coloured cells are nearer to the centre than its paler classes end.
MIDDLE = 0.5

REST = "The table below the figure has all the numbers."


def heat(
    protected: Protected,
    *,
    name: str,
    caption: str,
    unit: str,
    rows: str,
    columns: str = "group",
    label: str,
    centre: float | None = None,
    centre_label: str = "",
    title: str | None = None,
    shorten: Callable[[str], str] | None = None,
    short_columns: Callable[[str], str] = standards.short,
    source: str = "",
) -> Published:
    """Draw a grid of numbers, coloured by what they are.

    Parameters
    ----------
    protected
        One row per value of ``rows`` and of ``columns``, with ``estimate``,
        ``conf_low`` and ``conf_high``. A combination without a row is n/a.
    name
        File name of the figure, such as "departments-by-race".
    caption
        What the figure shows, of whom, where and when.
    unit
        "percent" and "points" (given as proportions), "ratio" or "number".
    rows, columns
        The columns whose values are the rows and the columns of the grid; about
        twenty rows and ten columns can be read.
    label
        What is measured, in a few words; it heads the legend.
    centre
        A value, in the unit of the table, about which colours diverge: 0 for
        differences, 1 for ratios. Cells whose interval holds it, or is not known, are
        white. None colours every cell from little to much.
    centre_label
        What the centre means, such as "the share of the labour force".
    title
        A heading inside the figure.
    shorten, short_columns
        Functions from the name of a row, and of a column, to a shorter one.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, or holds points or other places.
    ColumnNotFoundError
        If a column is absent.
    EquityError
        If the unit or name cannot be used, a cell appears twice, or a ratio has
        another centre than one.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> gaps = pd.DataFrame({
    ...     "department": ["Fire", "Fire", "Parks", "Parks"],
    ...     "group": ["Black", "White"] * 2, "events": [60, 240, 90, 110],
    ...     "estimate": [-0.12, 0.1, 0.02, -0.01], "confidence": 0.95,
    ...     "conf_low": [-0.2, 0.04, -0.05, -0.1],
    ...     "conf_high": [-0.06, 0.15, 0.1, 0.06]})
    >>> heat(protect(gaps, lines=None), name="gaps", caption="Gaps by department",
    ...      unit="points", rows="department", centre=0, label="difference")
    Gaps by department
    Heat map, 2 rows by 2 columns: difference. Clearly below 0.0: 1 cell. Clearly above
    0.0: 1 cell. Lowest shown: Fire, Black, −12.0 percentage points. Highest shown:
    Fire, White, 10.0 percentage points. Not clearly different: 2 cells. The table below
    the figure has all the numbers.
    """
    require(protected, "figures.heat")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, [rows, columns], unit, " ")
    if unit == "ratio" and centre not in (None, 1):
        raise EquityError(
            f"the centre of a ratio is 1, which is parity; found {centre}"
        )
    if not label:
        raise EquityError("label is empty; say in a few words what is measured")
    frame = unranked(frame, rows)
    middle = display.rounded(centre, unit)
    cells = _cells(frame, rows, columns, unit, centre)
    shown = pd.Series([cell["value"] for cell in cells.values()], dtype=float)
    lit = np.array([cell["lit"] for cell in cells.values()], dtype=bool)
    classes = _classes(shown[lit].to_numpy(), unit, middle)
    tiles = {place: _tile(cell, classes, unit) for place, cell in cells.items()}
    sides = [_side(frame, rows), _side(frame, columns, rows)]
    short = [
        {one: shortened(one) for one in side}
        for side, shortened in zip(sides, (shorten or str, short_columns), strict=True)
    ]
    legend = _legend(tiles, classes, unit, label, middle, centre_label, sides)
    look = _Look(
        unit=unit, noun="", line=None, line_label="", label=label, compare="",
        why=protected.why,
    )  # fmt: skip
    with style(name):
        return published(
            _draw(tiles, short, legend, title, narrow=False),
            _draw(tiles, short, legend, title, narrow=True),
            name=name,
            caption=caption,
            alt=_alt(cells, sides, label, unit, middle, centre_label, protected.why),
            source=source,
            data=_numbers(protected, frame, [rows, columns], look, name, caption),
            counts=made.counts(protected),
        )


# --- the cells ------------------------------------------------------------------


def _cells(
    frame: pd.DataFrame, rows: str, columns: str, unit: str, centre: float | None
) -> dict[tuple[str, str], dict]:
    """Row and column to the number as it is printed, or to why there is none."""
    counts = [name for name in COUNTS if name in frame]
    found = {}
    for at, entry in zip(frame.index, frame.to_dict("records"), strict=True):
        value = display.rounded(entry["estimate"], unit)
        ranged = made.range_of(frame, at, unit) if value is None else ""
        hidden = value is None and not ranged and not pd.isna(entry["suppressed"])
        unknown = value is None and not (hidden or ranged)
        unknown = unknown and any(pd.isna(entry[name]) for name in counts)
        low, high = entry["conf_low"], entry["conf_high"]
        clear = centre is None or bool(low > centre or high < centre)
        found[display.label(entry[rows]), display.label(entry[columns])] = {
            "value": value,
            "ranged": ranged,
            "hidden": hidden,
            "unknown": unknown,
            "lit": value is not None and clear,
        }
    return found


def _side(frame: pd.DataFrame, key: str, other: str = "") -> list[str]:
    """The names along one side: in their declared order, or each where it stands."""
    if other and isinstance(frame[key].dtype, pd.CategoricalDtype):
        there = set(frame[key].dropna())
        return [display.label(n) for n in frame[key].cat.categories if n in there]
    names = frame[key].map(display.label)
    if not other:
        return list(dict.fromkeys(names))
    order: list[str] = []
    for _, part in names.groupby(frame[other].map(display.label), sort=False):
        at = 0
        for name in part:
            if name not in order:
                order.insert(at, name)
            at = order.index(name) + 1
    return order


def _classes(values: np.ndarray, unit: str, centre: float | None) -> Classes:
    """Classes of colour; about a centre two below it, as far as the two above."""
    if centre is None:
        return Classes.of(values, unit)
    looks = DIVERGING, DIVERGING_EDGES
    if unit == "ratio":
        colours = [*looks[0][:2], NEAR, *looks[0][3:]]
        return Classes(list(FOLDS), tuple(colours), looks[1])
    step = 10 ** -display.UNITS[unit][1]
    away = np.abs(values - centre)
    far = np.quantile(away, MIDDLE, method="inverted_cdf") if len(away) else 0.0
    far, decimals = max(far, step), display.UNITS[unit][1]
    limits = [centre - far - step, centre - step, centre + far]
    limits = [round(float(limit), decimals) + 0.0 for limit in limits]
    return Classes(limits, *(tuple(look[k] for k in (0, 1, 3, 4)) for look in looks))


def _tile(cell: dict, classes: Classes, unit: str) -> Tile:
    if cell["value"] is not None:
        text = display.number(cell["value"], unit)
        if not cell["lit"]:
            return Tile(text, UNCLEAR)
        (at,) = classes.number(np.array([cell["value"]]))
        return Tile(text, "", classes.colours[at], int(at))
    if cell["ranged"]:
        return Tile(cell["ranged"], ABSENT)
    if cell["hidden"]:
        return Tile(display.HIDDEN, HIDDEN)
    if cell["unknown"]:
        return Tile(display.NOT_KNOWN, UNKNOWN)
    return Tile(display.NOT_APPLICABLE, ABSENT)


# --- the words ------------------------------------------------------------------


def _legend(
    tiles: Mapping[tuple[str, str], Tile],
    classes: Classes,
    unit: str,
    label: str,
    centre: float | None,
    centre_label: str,
    sides: list[list[str]],
) -> tuple[str, list[tuple[str, Tile]]]:
    """What heads the legend, and what each look means."""
    used = {tile.number for tile in tiles.values()}
    names = _class_names(classes, unit)
    entries = [
        (text, Tile("", "", colour, at))
        for at, (text, colour) in enumerate(zip(names, classes.colours, strict=True))
        if at in used
    ]
    looks = {tile.look for tile in tiles.values()}
    same = (
        centre_label or f"{display.number(centre, unit)}" if centre is not None else ""
    )
    words = {
        UNCLEAR: f"Not clearly different from {same}",
        HIDDEN: "Hidden to protect privacy",
        UNKNOWN: "Not known",
    }
    entries += [(text, Tile("", look)) for look, text in words.items() if look in looks]
    whole = len(tiles) == len(sides[0]) * len(sides[1])
    texts = {tile.text for tile in tiles.values()}
    if not whole or display.NOT_APPLICABLE in texts:
        entries.append(("n/a: does not apply", Tile("", ABSENT)))
    return f"{label}{UNITS.get(unit, '')}", entries


def _class_names(classes: Classes, unit: str) -> list[str]:
    """The names of the classes; their unit stands in the heading, or is short."""
    names = classes.names("number" if unit == "points" else unit, "", "All shown")
    if classes.limits and classes.limits[0] == 0 and unit == "percent":
        names[0] = display.quantity(0.0, unit)  # no share is less
    return names


#: What follows the label, since cells have no room for a unit.
UNITS = {"percent": ", percent", "points": ", percentage points", "ratio": ""}


def _alt(
    cells: Mapping[tuple[str, str], dict],
    sides: list[list[str]],
    label: str,
    unit: str,
    centre: float | None,
    centre_label: str,
    why: str,
) -> str:
    size = f"{_many(len(sides[0]), 'row')} by {_many(len(sides[1]), 'column')}"
    parts = [f"Heat map, {size}: {label}."]
    shown = {place: c["value"] for place, c in cells.items() if c["value"] is not None}
    if centre is not None:
        words = centre_label or display.number(centre, unit)
        lit = [cell["value"] for cell in cells.values() if cell["lit"]]
        for way, number in (
            ("below", sum(value < centre for value in lit)),
            ("above", sum(value > centre for value in lit)),
        ):
            if number:
                parts.append(f"Clearly {way} {words}: {_many(number, 'cell')}.")
    if shown:
        for word, choose in (("Lowest", min), ("Highest", max)):
            place = choose(shown, key=shown.get)
            value = display.quantity(shown[place], unit)
            parts.append(f"{word} shown: {', '.join(place)}, {value}.")
    unclear = sum(c["value"] is not None and not c["lit"] for c in cells.values())
    if unclear:
        parts.append(f"Not clearly different: {_many(unclear, 'cell')}.")
    ranged = sum(bool(cell["ranged"]) for cell in cells.values())
    if ranged:
        parts.append(f"Shown as a range: {_many(ranged, 'cell')}.")
    hidden = sum(cell["hidden"] for cell in cells.values())
    if hidden:
        parts.append(f"Hidden ({why}): {_many(hidden, 'cell')}.")
    unknown = sum(cell["unknown"] for cell in cells.values())
    if unknown:
        parts.append(f"Not known: {_many(unknown, 'cell')}.")
    return " ".join([*parts, REST])


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
