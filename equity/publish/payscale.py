"""Sentences about gaps along the scale of pay: among the lowest paid, and the highest.

Each group's own scale is meant: the pay that a tenth of the group are paid less than,
beside the pay that a tenth of the reference group are paid less than. A gap that grows
along the scale is said as two gaps; that the one is clearly larger is not said, because
no interval of their difference is known.
"""

import pandas as pd

from equity.publish import display
from equity.publish.comparisons import is_base, is_clear, numbers, records
from equity.publish.display import Published
from equity.publish.paid import (
    ADJUSTED,
    UNADJUSTED,
    _check,
    _ends,
    _listed,
    _runs,
    _size,
)
from equity.publish.protect import Protected, require
from equity.publish.sentences import NO_INTERVAL
from equity.publish.spoken import headlines, publish
from equity.publish.wording import check_template
from equity.publish.wording import people as people_of

#: Where on its scale a group is compared.
ENDS = {0.1: "Near the bottom of each group's scale of pay", 0.9: "Near the top"}

_Said = tuple[str, dict | None]


def pay_scale(
    gaps: Protected,
    *,
    people: str = "employees",
    largest: bool = False,
    when: str = "",
) -> Published:
    """Say every group's gap near the bottom and near the top of the scale of pay.

    Parameters
    ----------
    gaps
        One row per ``group``, ``quantile``, ``model`` (`unadjusted`, `adjusted`), with
        ``point`` (the quantile in words), ``controls``, ``reference`` and the measure
        columns; ``estimate`` is a proportion, -0.05 for five percent less.
    people
        What the members of the groups are.
    largest
        Only the group with the largest clear gap at one of the two ends, without
        regard to who does which work; or that none is clear.
    when
        The time the numbers are of, in words.

    Returns
    -------
    Published
        A payload of kind "finding", without the reference group.

    Raises
    ------
    DisclosureError
        If ``gaps`` is not protected.
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If a group has several rows for a quantile of a model.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> own = pd.DataFrame({"group": "Black", "reference": "White", "events": 180,
    ...     "quantile": [0.1, 0.9] * 2, "controls": ["", "", "hours", "hours"],
    ...     "model": ["unadjusted"] * 2 + ["adjusted"] * 2, "confidence": 0.95,
    ...     "point": ["a tenth are paid less", "nine tenths are paid less"] * 2,
    ...     "estimate": [-0.05, -0.14, -0.02, -0.04],
    ...     "conf_low": [-0.08, -0.2] * 2, "conf_high": [-0.02, -0.08, 0.01, -0.01]})
    >>> base = own.assign(group="White", estimate=0.0, conf_low=None, conf_high=None)
    >>> pay_scale(protect(pd.concat([own, base], ignore_index=True), lines=None))
    Near the bottom of each group's scale of pay (a tenth are paid less), Black
    employees are paid 5.0% less than White employees (95% interval 2.0% to 8.0% less);
    among employees alike in hours, no clear difference can be seen (the estimate is
    2.0% less, and the 95% interval runs from 8.0% less to 1.0% more). Near the top
    (nine tenths are paid less), Black employees are paid 14.0% less than White
    employees (95% interval 8.0% to 20.0% less); among employees alike in hours, 4.0%
    less (95% interval 1.0% to 20.0% less).
    """
    frame = require(gaps, "findings.pay_scale").frame
    if frame.empty:
        return display.absent()
    wanted = ["group", "quantile", "point", "model", "controls", "reference"]
    _check(frame, [*wanted, "estimate", "conf_low", "conf_high"])
    check_template(f"{people} {{estimate}}", "estimate")
    told = []
    for group in dict.fromkeys(frame["group"].astype("str")):
        own = frame[frame["group"].astype("str") == group]
        if own["reference"].iloc[0] != group:
            told.append((_ends_of(own, people, gaps.why), own))
    if largest:
        told = _largest(told)
    if not told:
        none = "At neither end of the scale is a difference in pay clear"
        return publish([f"{none} among {people}."], [], [gaps])
    said: list[_Said] = [found for found, _ in told]
    lines = headlines(said, "pay near the top of the scale", when)
    return publish([text for text, _ in said], lines, [gaps])


def _at(own: pd.DataFrame, quantile: float, model: str) -> dict | None:
    rows = own[(own["quantile"] == quantile) & (own["model"] == model)]
    if rows.empty:
        return None
    return records(rows.reset_index(drop=True), "percent")[0]


def _ends_of(own: pd.DataFrame, noun: str, why: str) -> _Said:
    texts, top = [], None
    for quantile, where in ENDS.items():
        plain = _at(own, quantile, UNADJUSTED)
        if plain is None or is_base(plain):
            continue
        texts.append(_said(plain, _at(own, quantile, ADJUSTED), where, noun, why))
        if quantile == max(ENDS) and plain["estimate"] is not None:
            top = numbers(plain, "percent", is_clear(plain, 0.0))
    return " ".join(texts), top


def _said(plain: dict, held: dict | None, where: str, noun: str, why: str) -> str:
    who, base = (people_of(plain[key], noun) for key in ("group", "reference"))
    start = f"{where} ({plain['exact']['point']}), "
    if plain["estimate"] is None:
        rest = f"is not shown: {why}" if plain["hidden"] else "is not known"
        return f"{start}the pay of {who} beside that of {base} {rest}."
    clear = is_clear(plain, 0.0)
    if clear is False:
        text = f"{start}no clear difference can be seen between {who} and {base} (the "
        text += f"estimate is {_size(plain['estimate'])}{_runs(plain)})"
    else:
        text = f"{start}{who} are paid {_size(plain['estimate'])} than {base}"
        text += f"{_ends(plain)}{NO_INTERVAL if clear is None else ''}"
    return f"{text}{_alike(held, noun)}."


def _alike(held: dict | None, noun: str) -> str:
    if held is None or held["estimate"] is None:
        return ""
    clear = is_clear(held, 0.0)
    if clear is None:
        return ""  # a fit without errors is not quoted
    start = f"; among {noun} alike in {_listed(held['exact']['controls'])}, "
    if clear is False:
        text = f"{start}no clear difference can be seen (the estimate is "
        return f"{text}{_size(held['estimate'])}{_runs(held)})"
    return f"{start}{_size(held['estimate'])}{_ends(held)}"


def _largest(told: list[tuple[_Said, pd.DataFrame]]) -> list:
    sizes = []
    for _, own in told:
        rows = [_at(own, quantile, UNADJUSTED) for quantile in ENDS]
        clear = [
            abs(row["estimate"])
            for row in rows
            if row is not None and row["estimate"] is not None and is_clear(row, 0.0)
        ]
        sizes.append(max(clear, default=0.0))
    if not any(sizes):
        return []
    return [told[sizes.index(max(sizes))]]
