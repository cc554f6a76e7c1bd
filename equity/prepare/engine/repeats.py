"""Repeats: rows that report the same request, or the same incident, again.

*Repeated rows* have one request number. *Incidents* are requests of one category from
one place, each soon after the one before, under numbers of their own: several people
reported the same pothole. Both are told by what the rows say and not by their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from equity.prepare.engine.engines import Engine
from equity.prepare.engine.moments import Moments

FAR = 10_000_000  # days from 1970: before or after all others
ROW, NUMBER, HASH = "row", "request_id", "request_id_hash"


@dataclass(frozen=True)
class Once:
    """Rows of which each number is there once.

    Attributes
    ----------
    rows
        The rows kept, in the columns that they had.
    same
        How many rows were a row again in which every declared column is equal.
    others
        How many other rows had a number that is kept from another row.
    examples
        Numbers, or data rows, of both kinds; each the first of them.
    """

    rows: nw.LazyFrame
    same: int
    others: int
    examples: tuple[list[str], list[str]]


def once(
    engine: Engine,
    rows: nw.LazyFrame,
    names: list[str],
    moments: Moments,
    *,
    latest: bool,
    most: int,
) -> Once:
    """Keep one row of each request number.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        With `request_id`, and perhaps `row`, the data row.
    names
        The columns by which rows are compared.
    moments
        How `opened` and `closed` become days.
    latest
        Whether the row with the latest closing (or else opening) is kept, rather than
        the earliest. Of several the first in the order of all columns is.
    most
        How many examples are listed.

    Returns
    -------
    Once
        The rows kept, and how many were not.

    Notes
    -----
    Only rows whose number is there again are compared; a blank is no number.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.prepare.engine import engines
    >>> from equity.prepare.engine.moments import read
    >>> table = pd.DataFrame({"request_id": ["1", "1", "1", ""],
    ...     "opened": ["2025-01-01"] * 4, "closed": ["", "2025-01-05", "", ""]})
    >>> with engines.start("duckdb") as engine:
    ...     rows = engine.upload(table)
    ...     days = read(engine, rows, {"opened": "o", "closed": "c"}, where="a.csv",
    ...         date_format="%Y-%m-%d", time_zone="", first=pd.Timestamp("2025-01-01"),
    ...         last=pd.Timestamp("2025-12-31"))
    ...     found = once(engine, rows, list(table), days, latest=True, most=10)
    ...     kept = engine.table(found.rows)
    >>> sorted(kept["closed"]), found.same, found.others
    (['', '2025-01-05'], 1, 1)
    """
    columns = list(rows.collect_schema())
    hashed = engine.hashed(rows, NUMBER).with_columns(  # missing for a blank
        nw.when(_is_number(rows)).then(nw.col(HASH)).alias(HASH)
    )
    again = engine.repeated(hashed.filter(~nw.col(HASH).is_null()), HASH)
    found = hashed.join(again, on=HASH, how="semi")
    row = {ROW: nw.col(ROW).min()} if ROW in columns else {}
    apart = found.group_by(*names).agg(copies=nw.len(), **row)
    apart = engine.keep(_ranked(apart, names, moments, latest=latest))
    first = nw.col("first") == 1
    sums = engine.table(
        apart.group_by("first").agg(
            rows=nw.len(), copies=nw.col("copies").sum().cast(nw.Int64)
        )
    )
    sums = sums.set_index("first").astype("int64")
    same, others = int((sums["copies"] - sums["rows"]).sum()), 0
    if 0 in sums.index:
        others = int(sums.loc[0, "rows"])
    copies, rest = apart.filter(nw.col("copies") > 1), apart.filter(~first)
    if ROW in columns:
        firsts = apart.select(ROW)
        copies = found.select(ROW).join(firsts, on=ROW, how="anti")
    shown = ROW if ROW in columns else NUMBER
    examples = (
        listed(engine, copies, shown, most) if same else [],
        listed(engine, rest, shown, most) if others else [],
    )
    alone = hashed.join(again, on=HASH, how="anti")
    kept = [alone, apart.filter(first)]
    return Once(
        nw.concat([part.select(*columns) for part in kept]), same, others, examples
    )


def hashes(engine: Engine, rows: nw.LazyFrame) -> np.ndarray:
    """Hash the different request numbers of a file, for a comparison with another's.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        With `request_id`; a blank is no number.

    Returns
    -------
    ndarray
        Whole numbers, sorted; equal numbers have equal ones.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.prepare.engine import engines
    >>> with engines.start("duckdb") as engine:
    ...     one, other = (hashes(engine, engine.upload(pd.DataFrame(
    ...         {"request_id": ids}))) for ids in (["1", "2", ""], [" 2", "3"]))
    >>> len(one), len(np.intersect1d(one, other))
    (2, 1)
    """
    number = nw.col(NUMBER).cast(nw.String).str.strip_chars()
    named = rows.select(number.alias(NUMBER)).filter(nw.col(NUMBER) != "")
    found = engine.table(engine.hashed(named, NUMBER).select(HASH))
    return np.unique(found[HASH].to_numpy())


def _is_number(rows: nw.LazyFrame) -> nw.Expr:
    """Tell rows with a number; a missing one is none, and neither is a blank."""
    number = nw.col(NUMBER)
    if rows.collect_schema()[NUMBER] == nw.String:
        return number != ""
    return ~number.is_null()


def _ranked(
    rows: nw.LazyFrame, names: list[str], moments: Moments, *, latest: bool
) -> nw.LazyFrame:
    """Mark the row of each number that is kept."""
    dated = moments.add(rows)
    sign = -1 if latest else 1
    closed = ~nw.col("closed_day").is_null()
    by = {
        f"by_{part}": nw.when(closed)
        .then(nw.col(f"closed_{part}") * sign)
        .otherwise(nw.col(f"opened_{part}") * sign)
        .fill_null(FAR)
        for part in ("day", "second")
    }
    dated = dated.with_columns(**by, one=nw.when(closed).then(1).otherwise(1))
    place = nw.col("one").cum_sum().over(NUMBER, order_by=[*by, *names])
    kept = nw.when(nw.col("place") == 1).then(nw.lit(1)).otherwise(nw.lit(0))
    return dated.with_columns(place=place).with_columns(first=kept)


def incidents(
    rows: nw.LazyFrame, *, by: list[str], order: list[str], days: int
) -> nw.LazyFrame:
    """Mark the requests that report an incident again.

    Parameters
    ----------
    rows
        With `opened_day` and the columns named.
    by
        Columns that are equal within an incident: its category and place.
    order
        Columns that tell which of several on one day comes first.
    days
        A request within so many days after the one before is of the same incident.

    Returns
    -------
    LazyFrame
        The rows, with `again`: 1 for all but the first report of an incident.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.prepare.engine import engines
    >>> with engines.start("duckdb") as engine:
    ...     rows = engine.upload(pd.DataFrame(
    ...         {"spot": [1, 1, 1, 2], "opened_day": [0, 2, 9, 0], "n": [1, 2, 3, 4]}))
    ...     found = incidents(rows, by=["spot"], order=["n"], days=3)
    ...     engine.table(found.sort("n"))["again"].to_list()
    [0, 1, 0, 0]
    """
    before = nw.col("opened_day").shift(1).over(*by, order_by=["opened_day", *order])
    rows = rows.with_columns(before=before)
    soon = (nw.col("opened_day") - nw.col("before")) <= days
    again = nw.when(soon).then(nw.lit(1)).otherwise(nw.lit(0))
    return rows.with_columns(again=again).drop("before")


def listed(engine: Engine, rows: nw.LazyFrame, name: str, most: int) -> list[str]:
    """List the first values of a column, whatever the order of the rows.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        With the column.
    name
        The column: data rows, or request numbers.
    most
        How many at most.

    Returns
    -------
    list of str
        In order.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.prepare.engine import engines
    >>> with engines.start("duckdb") as engine:
    ...     listed(engine, engine.upload(pd.DataFrame({"row": [3, 12, 1]})), "row", 2)
    ['1', '3']
    """
    found = rows.select(name).filter(~nw.col(name).is_null()).sort(name).head(most)
    return as_text(engine.table(found)[name].to_list())


def as_text(values: Iterable) -> list[str]:
    """Write values as text, in their own order.

    Parameters
    ----------
    values
        Whole numbers or texts.

    Returns
    -------
    list of str
        Such as data rows.

    Examples
    --------
    >>> as_text([12, 3])
    ['3', '12']
    """
    return [str(value) for value in sorted(values)]
