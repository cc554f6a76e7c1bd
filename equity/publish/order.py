"""The order of rows, where a hidden count could be read off its place.

Groups stand in the order that was declared, periods and areas in their own. Other rows,
such as departments or categories, come from the largest to the smallest: there a hidden
size lies between its neighbours' sizes, and of two hidden ones the first is the larger.
Such rows go last, by name, so that a place tells nothing.
"""

import re
from collections.abc import Iterable

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
        A protected table; its size is ``population``, else the first of its counts.
    key
        The column that the table is ordered by: of its rows, or of its panels.

    Returns
    -------
    DataFrame
        The same rows with a new index. Their order changes only where the labels are
        neither race groups nor periods, and fall from label to label in the sizes
        that are shown. Whether it changes does not depend on what is hidden.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> sizes = pd.DataFrame({"job": ["Clerk", "Nurse", "Vet", "Cook"],
    ...                       "events": [90, 40, 7, 6]})
    >>> unranked(protect(sizes).frame, "job")["job"].tolist()
    ['Clerk', 'Nurse', 'Cook', 'Vet']
    """
    frame = frame.reset_index(drop=True)
    size = next((n for n in ("population", *COUNTS) if n in frame), None)
    if size is None or "suppressed" not in frame:
        return frame
    labels = frame[key].astype(str)
    hidden = frame[size].isna() & frame["suppressed"].notna()
    blocks = pd.DataFrame({"size": frame[size], "hidden": hidden}).groupby(
        labels, sort=False
    )
    hidden = blocks["hidden"].any()
    if not hidden.any() or _is_declared(hidden.index) or not _falls(blocks["size"]):
        return frame
    place = {label: (1, natural(label)) for label in hidden.index[hidden]}
    place |= {label: (2, ()) for label in hidden.index if label.startswith(REMAINDER)}
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


def _is_declared(labels: Iterable[str]) -> bool:
    """Whether the labels are race groups, or periods: their order is never by size."""
    known = [label in standards.ORDER or _PERIOD.match(label) for label in labels]
    return 2 * sum(map(bool, known)) >= len(known)


def _falls(sizes: pd.api.typing.SeriesGroupBy) -> bool:
    """Whether the sizes shown fall from label to label, a remainder left out."""
    shown = sizes.max().dropna()
    shown = shown[[not label.startswith(REMAINDER) for label in shown.index]]
    return bool(sizes.nunique().le(1).all() and shown.is_monotonic_decreasing)
