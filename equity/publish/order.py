"""The order of rows, where a hidden count could be read off its place.

Groups stand in the order that was declared, periods and areas in their own. Other rows,
such as departments or categories, come from the largest to the smallest, or by rate:
there a hidden number lies between its neighbours' numbers, and of two hidden ones the
first is the larger. Such rows go last, by name, so that a place tells nothing.
"""

import re
from collections.abc import Sequence

import pandas as pd

from equity.publish.protect import COUNTS
from equity.race import standards

#: How the label of a remainder begins; it stays last.
REMAINDER = "All other"

_PERIOD = re.compile(r"(19|20)[0-9]{2}\b|(19|20)[0-9]{2}Q[1-4]$")


def unranked(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Put rows last, by name, whose place would tell something about a hidden size.

    Parameters
    ----------
    frame
        A protected table with counts or an estimate.
    key
        The column that the table is ordered by: of its rows, or of its panels.

    Returns
    -------
    DataFrame
        The same rows with a new index. Their order changes only where the labels are
        neither periods, nor in alphabetical order or that of race groups, and where
        the numbers shown of a count or of the estimate fall from label to label, or
        rise (three or more). It does not depend on the numbers hidden.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> sizes = pd.DataFrame({"job": ["Clerk", "Nurse", "Vet", "Cook"],
    ...                       "events": [90, 40, 7, 6]})
    >>> unranked(protect(sizes).frame, "job")["job"].tolist()
    ['Clerk', 'Nurse', 'Cook', 'Vet']
    """
    frame = frame.reset_index(drop=True)
    labels = frame[key].astype(str)
    names = list(dict.fromkeys(labels))
    if "suppressed" not in frame or _is_declared(names):
        return frame
    moved: set[str] = set()
    for size in (n for n in (*COUNTS, "estimate") if n in frame):
        hidden = frame[size].isna() & frame["suppressed"].notna()
        if hidden.any() and _is_sorted(frame[size].groupby(labels, sort=False)):
            moved |= set(labels[hidden])
    if not moved:
        return frame
    place = {label: (1, natural(label)) for label in moved}
    place |= {label: (2, ()) for label in names if label.startswith(REMAINDER)}
    order = sorted(range(len(frame)), key=lambda at: place.get(labels[at], (0, ())))
    return frame.loc[order].reset_index(drop=True)


def natural(label: object) -> tuple:
    """Return what sorts a label as people do: words without case, numbers by value.

    Parameters
    ----------
    label
        A label.

    Returns
    -------
    tuple
        A key for ``sorted``.

    Examples
    --------
    >>> sorted(["Ward 10", "ward 2", "12"], key=natural)
    ['12', 'ward 2', 'Ward 10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", str(label))
    return (
        *((0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts),
        (2, 0, str(label)),
    )


def _is_declared(labels: Sequence[str]) -> bool:
    """Whether the labels are periods, or stand as race groups or letters do."""
    if list(labels) == sorted(labels, key=natural):
        return True
    groups = [standards.ORDER.index(n) for n in labels if n in standards.ORDER]
    periods = [label for label in labels if _PERIOD.match(label)]
    return 2 * max(len(groups) * (groups == sorted(groups)), len(periods)) >= len(
        labels
    )


def _is_sorted(sizes: pd.api.typing.SeriesGroupBy) -> bool:
    """Whether the sizes shown fall or rise from label to label, a remainder left out.

    Two that rise are no order.
    """
    shown = sizes.max().dropna()
    shown = shown[[not label.startswith(REMAINDER) for label in shown.index]]
    rises = len(shown) > 2 and shown.is_monotonic_increasing
    return bool(
        sizes.nunique().le(1).all() and (shown.is_monotonic_decreasing or rises)
    )
