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
