"""The rows of a figure from a protected table: checked, rounded, and as its table."""

import pandas as pd
import shapely

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.coding import EXTREMES
from equity.publish.protect import COUNTS, PERSONAL, Protected
from equity.publish.rows import _Look, _Row


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
    frame: pd.DataFrame,
    rows: str,
    facets: str | None,
    unit: str,
    compare: str | None = None,
    bounds: tuple[str, str] | None = None,
) -> dict[str, list[_Row]]:
    """Panel to its rows; a figure without facets has one, without a name."""
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
        ends = [display.rounded(entry[name], unit) for name in bounds or ()]
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
                least=ends[0] if bounds else None,
                most=ends[1] if bounds else None,
            )
        )
    return panels


def _numbers(
    protected: Protected,
    frame: pd.DataFrame,
    keys: list[str | None],
    look: _Look,
    name: str,
    caption: str,
    compare: str | None = None,
    bounds: tuple[str, str] | None = None,
) -> dict:
    """The numbers of the figure as a table, row for row."""
    columns: dict = {key: (_title(key), "text") for key in keys if key}
    interval = display.level(made.only_level(frame))
    columns["estimate"] = (_title(look.label or "estimate"), look.unit)
    columns["conf_low", "conf_high"] = (_title(interval), look.unit)
    if compare:
        columns[compare] = (_title(look.compare), look.unit)
    if bounds:
        columns[bounds] = (_title(look.bounds), look.unit)
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
