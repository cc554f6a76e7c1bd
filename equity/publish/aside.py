"""People whom a measure leaves out, as a table of counts of their own.

Beside an estimate a measure counts whom it could not use: people without pay on
record, events of people who were not in the pool. These counts are often small, and
no total of the measure's table covers them, so the gate takes them away. Here they
become rows, which pass the gate like any other count of people.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from equity.errors import ColumnNotFoundError, InputError
from equity.publish.kinds import is_number
from equity.publish.protected import Protected, require


def left_out(
    table: pd.DataFrame, reasons: Mapping[str, str], *, by: Sequence[str] = ("group",)
) -> pd.DataFrame:
    """Count the people whom a measure leaves out, by group and reason.

    Parameters
    ----------
    table
        A measure table before the gate. Rows that repeat a count, such as those of a
        difference and a ratio, are one.
    reasons
        Column of counts to what it is called: ``{"without_pay": "no pay on record"}``.
    by
        The columns of labels that tell its rows apart.

    Returns
    -------
    DataFrame
        One row for each of ``by`` and ``reason``, in their order, with ``events``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a column holds text, or rows of the same labels have several counts.

    Examples
    --------
    >>> pay = pd.DataFrame({"group": ["Asian", "White"], "without_pay": [12, 31],
    ...                     "zero_pay": [0, 11]})
    >>> left_out(pay, {"without_pay": "no pay on record", "zero_pay": "paid nothing"})
       group            reason  events
    0  Asian  no pay on record      12
    1  Asian      paid nothing       0
    2  White  no pay on record      31
    3  White      paid nothing      11
    """
    by = list(by)
    absent = [name for name in [*by, *reasons] if name not in table]
    if absent:
        raise ColumnNotFoundError(absent, found=table.columns)
    texts = [name for name in reasons if not is_number(table[name])]
    if texts:
        raise InputError(f"columns {texts} hold text; expected counts of people")
    rows = table[[*by, *reasons]].drop_duplicates(ignore_index=True)
    several = int(rows.duplicated(by).sum())
    if several:
        raise InputError(
            f"{several} rows repeat the labels {by} with other counts; pick the rows "
            "of one model first, or name what tells them apart in 'by'"
        )
    rows["order"] = range(len(rows))
    long = rows.melt([*by, "order"], list(reasons), "reason", "events")
    long = long.sort_values("order", kind="stable", ignore_index=True)
    long = long.astype({"events": "Int64"})
    return long.assign(reason=long["reason"].map(dict(reasons)))[
        [*by, "reason", "events"]
    ]


def without(protected: Protected, **values: str) -> Protected:
    """Leave out the rows of one label, where other rows remain.

    Parameters
    ----------
    protected
        What `equity.publish.protect.protect` made.
    **values
        A column of labels to the label.

    Returns
    -------
    Protected
        The other rows; no rows where there are none.

    Raises
    ------
    ColumnNotFoundError
        If the column is absent.
    DisclosureError
        If it is no column of labels.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["A", "B"], "events": [40, 50]})
    >>> without(protect(table), group="B").frame["group"].tolist()
    ['A']
    """
    require(protected, "aside.without")
    for name, label in values.items():
        if name not in protected.frame:
            raise ColumnNotFoundError([name], found=protected.frame.columns)
        rest = [n for n in dict.fromkeys(protected.frame[name]) if n != label]
        if not rest:
            return protected.none()
        protected = protected.only(**{name: rest})
    return protected


def pick(protected: Protected, **values: str) -> Protected:
    """Keep the rows of some labels, which need not be there.

    Parameters
    ----------
    protected
        What `equity.publish.protect.protect` made.
    **values
        Columns of labels to a label.

    Returns
    -------
    Protected
        The rows; none where a label is absent: a city may not record it.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    DisclosureError
        If one is no column of labels.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"group": ["A", "B"], "events": [40, 50]})
    >>> pick(protect(table), group="C").frame.empty
    True
    """
    for name, label in values.items():
        if name not in require(protected, "aside.pick").frame:
            raise ColumnNotFoundError([name], found=protected.frame.columns)
        if label not in set(protected.frame[name]):
            return protected.none()
        protected = protected.only(**{name: label})
    return protected
