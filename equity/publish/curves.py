"""Shares over days: one small panel per group, beside the group it is compared with.

Curves of many groups in one picture cross, and their bands hide each other. So each
group has a panel of its own, with its band, and in each panel stands the curve of the
reference. The two differ in line, mark and colour, and their last values are written at
their ends.

A curve is drawn from a few fixed days only. A full curve has a step at every closing
and would tell of single requests; the days between are joined by straight lines, which
say nothing about them.

References
----------
Tufte (1990), Envisioning Information, chapter 4: small multiples. Pocock, Clayton and
Altman (2002), Survival plots of time-to-event outcomes in clinical trials, Lancet 359,
1686-1689: show uncertainty at few time points, and stop where few are left.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from equity.errors import DisclosureError, InputError, UnknownGroupError
from equity.publish import columns as made
from equity.publish import display
from equity.publish.canvas import published, style
from equity.publish.display import Published
from equity.publish.entries import _check
from equity.publish.entries import _title as _heading
from equity.publish.order import unranked
from equity.publish.panels import _Curve, _draw, _draw_narrow, _Frame
from equity.publish.protect import Protected, require

MOST_DAYS = 12  # of a curve

REST = "The table below the figure has all the numbers."


def curves(
    protected: Protected,
    *,
    name: str,
    caption: str,
    label: str,
    day_label: str = "days since the request",
    reference: str = "",
    at: str = "day",
    rows: str = "group",
    title: str | None = None,
    shorten: Callable[[str], str] | None = None,
    source: str = "",
) -> Published:
    """Draw a share at fixed days, one panel per group.

    The scale of days is stretched at its left end, where most happens. A line breaks
    where a number is hidden or not known.

    Parameters
    ----------
    protected
        One row per group and day, with ``estimate`` (a proportion), ``conf_low`` and
        ``conf_high``. The days are numbers: name their column in
        ``protect(..., public=["day"])``.
    name
        File name of the figure, such as "still-open".
    caption
        What the figure shows, of whom, where and when.
    label
        What the share is of, in a few words: "still open".
    day_label
        What the days are counted from.
    reference
        The group whose curve stands in every panel; "" for none.
    at, rows
        The columns of the days and of the groups.
    title
        A heading inside the figure.
    shorten
        A function from a group's name to a shorter one.
    source
        Where the data come from.

    Returns
    -------
    Published
        A payload of kind "figure"; a note where the table has no rows.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected, or has so many days that a curve would tell
        of single requests.
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a day is missing or negative.
    UnknownGroupError
        If the reference has no row.
    EquityError
        If the name cannot be used, or a row appears twice.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "group": ["Asian"] * 2 + ["White"] * 2, "day": [7, 30] * 2,
    ...     "events": [60] * 2 + [90] * 2, "estimate": [0.62, 0.2, 0.5, 0.1],
    ...     "conf_low": [0.5, 0.1, 0.4, 0.05], "conf_high": [0.7, 0.3, 0.6, 0.2],
    ...     "confidence": 0.95})
    >>> curves(protect(table, lines=None, public=["day"]), name="open", label="still "
    ...        "open", caption="Requests still open", reference="White")
    Requests still open
    Line charts of the share still open by days since the request, 1 panel on one scale,
    each beside White. After 7 and 30 days: Asian 62.0% and 20.0%; White 50.0% and
    10.0%. The table below the figure has all the numbers.
    """
    require(protected, "figures.curves")
    display.slug(name)
    frame = protected.frame
    if frame.empty:
        return display.absent()
    _check(frame, [rows, at], "percent", " ")
    days = _days(frame, at)
    frame = unranked(frame, rows)
    found = {
        label: _curve(label, part, at) for label, part in _by_label(frame, rows).items()
    }
    if reference and reference not in found:
        raise UnknownGroupError(
            f"{reference!r} matches 0 rows of {rows}; expected one of {list(found)}"
        )
    base = found.get(reference)
    panels = [curve for curve in found.values() if curve is not base] or [base]
    values = np.concatenate([(*c.estimate, *c.high) for c in found.values()])
    values = values[~np.isnan(values)]
    shared = _Frame(
        days=days,
        most=_nice(max(values, default=100.0)),
        label=label,
        day_label=day_label,
        reference=reference if base is not panels[0] else "",
        level=display.level(made.only_level(frame)),
    )
    shorten = shorten or str
    with style(name):
        return published(
            _draw(panels, base, shared, title, shorten),
            _draw_narrow(panels, base, shared, title, shorten),
            name=name,
            caption=caption,
            alt=_alt(panels, base, shared, protected.why),
            source=source,
            data=_numbers(protected, frame, rows, at, shared, name, caption),
            counts=made.counts(protected),
        )


def _days(frame: pd.DataFrame, at: str) -> np.ndarray:
    days = pd.to_numeric(frame[at], errors="coerce").to_numpy(dtype=float)
    if np.isnan(days).any() or (days < 0).any():
        wrong = int((np.isnan(days) | (days < 0)).sum())
        raise InputError(f"{wrong} rows of {at!r} are no days; expected 0 or more")
    days = np.unique(days)
    if len(days) > MOST_DAYS:
        raise DisclosureError(
            f"{len(days)} days would tell of single requests; give at most {MOST_DAYS} "
            "fixed days, such as 1, 3, 7, 14, 30, 60 and 90"
        )
    return days


def _by_label(frame: pd.DataFrame, rows: str) -> dict[str, pd.DataFrame]:
    labels = frame[rows].map(display.label)
    return {label: frame[labels == label] for label in dict.fromkeys(labels)}


def _curve(label: str, part: pd.DataFrame, at: str) -> _Curve:
    part = part.sort_values(at)
    numbers = [
        [display.rounded(value, "percent") for value in part[column]]
        for column in ("estimate", "conf_low", "conf_high")
    ]
    estimate, low, high = np.array(numbers, dtype=float)
    hidden = part["suppressed"].notna().to_numpy() & np.isnan(estimate)
    return _Curve(label, part[at].to_numpy(dtype=float), estimate, low, high, hidden)


def _nice(value: float) -> float:
    """The end of the scale of shares: all of them, or less for small ones."""
    return next((end for end in (2, 5, 10, 20, 30, 40) if value <= end), 100)


# --- the words and the numbers --------------------------------------------------


def _alt(
    panels: Sequence[_Curve], base: _Curve | None, shared: _Frame, why: str
) -> str:
    count = f"{len(panels)} panel{'' if len(panels) == 1 else 's'} on one scale"
    beside = f", each beside {shared.reference}" if shared.reference else ""
    text = f"Line charts of the share {shared.label} by {shared.day_label}, {count}"
    known = [*panels, *([base] if base is not None and base is not panels[0] else [])]
    days = list(dict.fromkeys([shared.days[0], shared.days[-1]]))
    when = " and ".join(f"{day:,g}" for day in days)
    said = "; ".join(f"{curve.label} {_at(curve, days)}" for curve in known)
    unit = "day" if days == [1.0] else "days"
    parts = [f"{text}{beside}. After {when} {unit}: {said}."]
    if any(curve.hidden.any() for curve in known):
        parts.append(f"Hidden: {why}.")
    return " ".join([*parts, REST])


def _at(curve: _Curve, days: Sequence[float]) -> str:
    """The share at some days, in words."""
    if curve.end is None:
        return display.HIDDEN if curve.hidden.any() else display.NOT_KNOWN
    words = []
    for day in days:
        value = curve.on(day)
        if not np.isnan(value):
            words.append(display.quantity(value, "percent"))
        else:
            hidden = curve.hidden[curve.days == day].any()
            words.append(display.HIDDEN if hidden else display.NOT_KNOWN)
    return " and ".join(words)


def _numbers(
    protected: Protected,
    frame: pd.DataFrame,
    rows: str,
    at: str,
    shared: _Frame,
    name: str,
    caption: str,
) -> dict:
    """The numbers of the curves as a table, row for row."""
    frame = frame.assign(**{at: [f"{day:,g}" for day in frame[at].astype(float)]})
    columns: dict = {
        rows: (_heading(rows), "text"),
        at: (_heading(at), "text"),
        "estimate": (_heading(shared.label), "percent"),
        ("conf_low", "conf_high"): (_heading(shared.level), "percent"),
    }
    return made.payload(
        [made.head(key, *entry) for key, entry in columns.items()],
        [made.column(frame, key, kind) for key, (_, kind) in columns.items()],
        protected,
        name=name,
        caption=caption,
    )
