"""Sentences about places: which areas, lifted to a target, would narrow a gap most.

What an area would do to a gap is arithmetic about places, one at a time and with all
else unchanged; it is no forecast, and no reason why the gap is there. Areas are named
only where the gap itself is clear, where the area's figure is reliable and shown, and
where its interval leaves out zero. Nothing that is hidden is ranked.
"""

from collections.abc import Sequence

import pandas as pd

from equity.errors import ColumnNotFoundError, EquityError, UnknownGroupError
from equity.publish import display
from equity.publish.comparisons import is_clear, records
from equity.publish.display import Published
from equity.publish.order import natural
from equity.publish.protect import Protected, require
from equity.publish.sentences import _gap_interval, _runs, upper
from equity.publish.spoken import publish
from equity.publish.wording import _Words, people

MOST = 5  # areas that are named

LUCK = "The first of many {places} are partly first by luck."


def drivers(
    narrowings: Protected,
    *,
    gap_in: str,
    reference: str,
    unit: str = "points",
    noun: str = "",
    people: str = "residents",
    words: tuple[str, str] = ("higher", "lower"),
    places: tuple[str, str] = ("area", "areas"),
    toward: str = "the city's average",
    reliability: str | None = "reliable",
    most: int = MOST,
) -> Published:
    """Say which areas would narrow a gap most, each lifted alone to a target.

    Parameters
    ----------
    narrowings
        One row per ``group`` and ``area``: ``estimate``, by how much the gap would
        narrow, ``conf_low``, ``conf_high`` and ``confidence``; and the whole gap in
        ``gap``, ``gap_low`` and ``gap_high``. Columns that add up over ranked areas,
        or number them, tell of hidden areas: drop them before the gate.
    gap_in
        What the gap is in: "the share closed on time".
    reference
        The group that the groups are compared with.
    unit, noun, people, words
        As in `equity.publish.findings.decomposition`.
    places
        What one of the areas is called, and several.
    toward
        What an area would be lifted to.
    reliability
        The column of truth values that says whether an area can be judged; None if
        there is none.
    most
        How many areas are named at most.

    Returns
    -------
    Published
        A payload of kind "finding": for each group a sentence on its gap, and one on
        each area named.

    Raises
    ------
    DisclosureError
        If ``narrowings`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If an area has several rows for a group.
    EquityError
        If fewer than one area is to be named.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": "Black", "area": ["7", "8"], "events": [60, 80],
    ...     "estimate": [0.008, 0.0], "conf_low": [0.005, 0.0],
    ...     "conf_high": [0.011, 0.0], "gap": -0.123, "gap_low": -0.164,
    ...     "gap_high": -0.082, "confidence": 0.95})
    >>> drivers(protect(table, lines=None), gap_in="the share closed on time",
    ...         reference="White", reliability=None, places=("tract", "tracts"))
    The gap in the share closed on time between where Black residents live and where
    White residents live is 12.3 percentage points (95% interval 8.2 to 16.4). Lifted
    alone to the city's average, tract 7 would clearly narrow it.
    Lifting tract 7 to the city's average would narrow the gap in the share closed on
    time between where Black residents live and where White residents live by 0.8
    percentage points (95% interval 0.5 to 1.1).
    """
    frame = require(narrowings, "findings.drivers").frame
    if frame.empty:
        return display.absent()
    _check(frame, reliability, most)
    said = _Words("", "", "", people, display.unit_of(unit), noun, words)
    texts: list[str] = []
    for group in dict.fromkeys(frame["group"].astype(str)):
        part = frame[frame["group"].astype(str) == group].reset_index(drop=True)
        texts += _of_group(
            part, _between(gap_in, group, reference, people), said, places, toward,
            reliability, most, narrowings.why,
        )  # fmt: skip
    return publish(texts, [], [narrowings])


def _between(gap_in: str, group: str, reference: str, noun: str) -> str:
    here, there = people(group, noun), people(reference, noun)
    return f"the gap in {gap_in} between where {here} live and where {there} live"


def _check(frame: pd.DataFrame, reliability: str | None, most: int) -> None:
    if most < 1:
        raise EquityError(f"most is {most}; name one area or more")
    wanted = [
        *("group", "area", "estimate", "conf_low", "conf_high"),
        *("gap", "gap_low", "gap_high", *([reliability] if reliability else [])),
    ]
    absent = [name for name in wanted if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    twice = int(frame[["group", "area"]].astype(str).duplicated().sum())
    if twice:
        raise UnknownGroupError(
            f"{twice} rows repeat an area of a group; a sentence needs one row for "
            "each (pick rows with Protected.only)"
        )


def _of_group(
    part: pd.DataFrame, gap: str, said: _Words, places: tuple[str, str],
    toward: str, reliability: str | None, most: int, why: str,
) -> list[str]:  # fmt: skip
    whole = part.dropna(subset=["gap"])
    if whole.empty:
        rest = "cannot be calculated"
        if part["suppressed"].notna().all():
            rest = f"is not shown: {why}"
        return [f"{upper(gap)} {rest}."]
    ends = {"gap": "estimate", "gap_low": "conf_low", "gap_high": "conf_high"}
    whole = whole.iloc[:1].drop(columns=[*ends.values()]).rename(columns=ends)
    size = records(whole, said.gap_unit)[0]
    clear = is_clear(size, 0.0)
    if not clear:
        none = f"no {places[0]} is named"
        if clear is None:
            return [f"No interval is known for {gap}, so {none}."]
        text = f"{upper(gap)} is not clear: the estimate is {said.gap(size)}"
        return [f"{text}{_runs(size, said)}. So {none}."]
    amount = display.quantity(size["estimate"], said.gap_unit, said.noun, sign=False)
    text = f"{upper(gap)} is {amount}{_gap_interval(size, said)}."
    sure = part["estimate"].notna()
    if reliability:
        sure &= part[reliability].astype("boolean").fillna(False).astype(bool)
    named = _largest(part[sure], said, most)
    left = _left_out(part, sure, places)
    if not named:
        none = f"No {places[0]}, lifted alone to {toward}, would clearly narrow"
        return [f"{text} {none} it.{left}"]
    listed = _listed([area for area, _ in named], places)
    if len(named) < most:
        some = f"{listed} would clearly narrow it"
    else:
        some = f"{listed} would narrow it most"
    alone = "alone" if len(named) == 1 else "one at a time"
    text += f" Lifted {alone} to {toward}, {some}."
    if len(named) > 1:
        text += f" {LUCK.format(places=places[1])}"
    return [
        f"{text}{left}",
        *(_one(*area, gap, said, places, toward) for area in named),
    ]


def _largest(part: pd.DataFrame, said: _Words, most: int) -> list[tuple[str, dict]]:
    """The areas that would clearly narrow the gap, the most first."""
    rows = zip(
        part["area"].map(display.label), records(part, said.gap_unit), strict=True
    )
    clear = [
        (area, row)
        for area, row in rows
        if row["exact"]["estimate"] > 0 and is_clear(row, 0.0) and row["estimate"]
    ]
    clear.sort(key=lambda entry: (-entry[1]["exact"]["estimate"], natural(entry[0])))
    return clear[:most]


def _one(
    area: str, row: dict, gap: str, said: _Words, places: tuple[str, str], toward: str
) -> str:
    amount = display.quantity(row["estimate"], said.gap_unit, said.noun)
    text = f"Lifting {places[0]} {area} to {toward} would narrow {gap} by {amount}"
    return f"{text}{_gap_interval(row, said)}."


def _listed(areas: Sequence[str], places: tuple[str, str]) -> str:
    if len(areas) == 1:
        return f"{places[0]} {areas[0]}"
    return f"{places[1]} {', '.join(areas[:-1])} and {areas[-1]}"


def _left_out(part: pd.DataFrame, sure: pd.Series, places: tuple[str, str]) -> str:
    """Areas that could not be judged."""
    unsure = int((part["estimate"].notna() & ~sure).sum())
    blank = part["estimate"].isna()
    hidden = blank & part["suppressed"].notna()
    words = [f"{unsure:,} {places[unsure != 1]} whose figures are too uncertain"]
    words = words if unsure else []
    if hidden.any():
        words.append(f"{places[1]} whose figures are hidden")
    if (blank & ~hidden).any():
        words.append(f"{places[1]} whose figures are not known")
    return f" Left out: {'; '.join(words)}." if words else ""
