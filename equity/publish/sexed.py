"""Sentences about one sex in the job categories: where its share is least and most."""

import numpy as np
import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.publish import display
from equity.publish.comparisons import records
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.sentences import interval, upper
from equity.publish.spoken import publish

#: How a sentence calls the people of a sex.
PEOPLE = {"Female": "women", "Male": "men"}
WANTED = ["job_category", "sex", "estimate", "conf_low", "conf_high", "workforce_share"]


def sexes(shares: Protected, *, sex: str = "Female") -> Published:
    """Say in which job categories a sex is clearly less, and clearly more, present.

    Parameters
    ----------
    shares
        One row per ``job_category`` and ``sex``, with ``estimate``, ``conf_low``,
        ``conf_high`` and ``workforce_share`` (the sex's share of all employees), as
        proportions.
    sex
        Whose shares are said.

    Returns
    -------
    Published
        A payload of kind "finding": the clearly lowest and highest shares among those
        shown, or that none is clearly apart from the share of all employees; and how
        many are hidden.

    Raises
    ------
    DisclosureError
        If ``shares`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"job_category": ["Technicians", "Skilled craft"],
    ...     "sex": "Female", "events": [68, 44], "estimate": [0.31, 0.19],
    ...     "conf_low": [0.25, 0.14], "conf_high": [0.37, 0.24],
    ...     "workforce_share": 0.308, "confidence": 0.95})
    >>> sexes(protect(table, lines=None))
    Women hold 30.8% of all jobs whose category is on record. Their share is lowest in
    Skilled craft: 19.0% (95% interval 14.0% to 24.0%).
    """
    frame = require(shares, "findings.sexes").frame
    if frame.empty:
        return display.absent()
    absent = [name for name in WANTED if name not in frame]
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    who = PEOPLE.get(sex, f"employees of sex {sex}")
    own = frame[frame["sex"] == sex]
    own = own.assign(group=own["job_category"].astype(str)).reset_index(drop=True)
    shown = [row for row in _rows(own) if row["estimate"] is not None]
    if not shown:
        return publish(
            [f"The share of {who} in no job category can be shown: {shares.why}."],
            [],
            [shares],
        )
    whole = shown[0]["workforce_share"]
    text = f"{upper(who)} hold {display.quantity(whole, 'percent')} of all jobs whose "
    text += "category is on record."
    below = [r for r in shown if r["conf_high"] is not None and r["conf_high"] < whole]
    above = [r for r in shown if r["conf_low"] is not None and r["conf_low"] > whole]
    parts = [
        f"{word} in {row['group']}: {display.quantity(row['estimate'], 'percent')}"
        f"{interval(row, 'percent')}"
        for word, found, pick in (("lowest", below, min), ("highest", above, max))
        if found
        for row in [pick(found, key=lambda row: row["estimate"])]
    ]
    text += (
        f" Their share is {', and '.join(parts)}."
        if parts
        else (" In no job category shown is their share clearly apart from that.")
    )
    hidden = len(own) - len(shown)
    if hidden:
        many = "category is" if hidden == 1 else "categories are"
        text += f" {hidden} job {many} not shown: {shares.why}."
    return publish([text], [], [shares])


def _rows(own: pd.DataFrame) -> list[dict]:
    """The rows with the share of all jobs rounded like any other."""
    own = own.assign(workforce_share=own["workforce_share"].astype(float))
    rows = records(own, "percent", extra="workforce_share")
    return [row for row in rows if not _blank(row)] + [r for r in rows if _blank(r)]


def _blank(row: dict) -> bool:
    return row["estimate"] is None or np.isnan(row["estimate"])
