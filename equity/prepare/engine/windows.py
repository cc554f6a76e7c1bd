"""Windows: from the first report of a request until no more reports are counted.

A *window* opens with the first report and ends when the request is closed, the data
end, or a number of days has passed. Its length is what further reports are divided by.
"""

import narwhals as nw
import numpy as np

from equity.prepare.engine.stamps import DAY

PARTS = 20  # windows are counted in twentieths of a day
SAME_DAY = 1 / 3  # of a day; the mean distance of two moments of a day
MOMENTS = ["opened_day", "opened_second", "closed_day", "closed_second", "waits"]
REPORT = ["report_day", "report_second"]


def length(until: int, most: int) -> nw.Expr:
    """Measure the window of a request, in twentieths of a day.

    Parameters
    ----------
    until
        The last day of the data, since 1970.
    most
        How many days a window lasts at most.

    Returns
    -------
    Expr
        Of the columns `MOMENTS`, whole numbers; 0 stands for `SAME_DAY`.

    Notes
    -----
    Where both ends have a time: to a tenth of a day, as the middle of the tenth, so
    that no window is empty. Otherwise in whole days, which is right on average: the
    time of the closing is as likely to be earlier in the day as later. On one day it
    must be later, and two moments of a day are a third of it apart on average. The
    data, and a longest window, end with the end of a day: half a day more.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"opened_day": [0, 0, 0, 0], "closed_day": [0, 4, 400, 0],
    ...     "opened_second": [0, 0, 0, 43_200], "closed_second": [0, 0, 0, 61_200],
    ...     "waits": 0})
    >>> found = nw.from_native(rows).select(n=length(1000, 100)).to_native()
    >>> days(found["n"].to_numpy()).round(3).tolist()
    [0.333, 4.0, 100.5, 0.25]
    """
    opened, second = _whole("opened_day"), _whole("opened_second")
    waits, timed = nw.col("waits") == 1, second > 0
    took, left = _whole("closed_day") - opened, until - opened
    ends = nw.when(waits).then((left + 1) * DAY)
    ends = ends.otherwise(took * DAY + nw.col("closed_second"))
    exact = ends - second
    tenths = nw.when(exact > 0).then((exact / (DAY / 10)).floor()).otherwise(nw.lit(0))
    by_clock = nw.when(exact >= most * DAY).then(nw.lit(PARTS * most))
    by_clock = by_clock.otherwise(tenths * 2 + 1)
    whole = nw.when(waits & (left < most)).then(left).otherwise(nw.lit(most))
    by_day = nw.when(waits | (took > most)).then(whole * PARTS + PARTS // 2)
    by_day = by_day.otherwise(took * PARTS)
    known = timed & (waits | (nw.col("closed_second") > 0))
    return nw.when(known).then(by_clock).otherwise(by_day).cast(nw.Int32)


def days(lengths: np.ndarray) -> np.ndarray:
    """Turn lengths of windows into days.

    Parameters
    ----------
    lengths
        As `length` measures them.

    Returns
    -------
    ndarray
        Days, above zero.

    Examples
    --------
    >>> days(np.array([0, 1, 20])).round(2).tolist()
    [0.33, 0.05, 1.0]
    """
    lengths = np.asarray(lengths)
    return np.where(lengths == 0, SAME_DAY, lengths / PARTS)


def within(most: int) -> nw.Expr:
    """Tell whether a report falls into the window of a request.

    Parameters
    ----------
    most
        How many days a window lasts at most.

    Returns
    -------
    Expr
        Of the columns `MOMENTS` and `REPORT`. Times are compared where both are known,
        else days.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"opened_day": 5, "opened_second": 0, "closed_day": 9,
    ...     "closed_second": 0, "waits": 0, "report_day": [4, 5, 9, 10],
    ...     "report_second": 0})
    >>> nw.from_native(rows).select(n=within(100))["n"].to_list()
    [False, True, True, False]
    """
    day, second = (_whole(name) for name in REPORT)
    timed = (second > 0) & (nw.col("opened_second") > 0)
    since = day - _whole("opened_day")
    exact = since * DAY + second - nw.col("opened_second")
    after = nw.when(timed).then(exact >= 0).otherwise(since >= 0)
    soon = nw.when(timed).then(exact <= most * DAY).otherwise(since <= most)
    timed = (second > 0) & (nw.col("closed_second") > 0)
    left = _whole("closed_day") - day
    exact = left * DAY + nw.col("closed_second") - second
    still = nw.when(timed).then(exact >= 0).otherwise(left >= 0)
    return after & soon & ((nw.col("waits") == 1) | still)


def _whole(name: str) -> nw.Expr:
    """Take a column of whole numbers; seconds of many years need 64 bits."""
    return nw.col(name).cast(nw.Int64)
