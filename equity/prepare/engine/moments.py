"""Moments: the stamps of rows on an engine, as local days and seconds of a city.

Every different piece of a stamp is read once, by `stamps`, and joined back; moments
that a file stores as such need no reading. Days count from 1970, seconds from
midnight. Both are whole: what is asked of requests is whole days.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import narwhals as nw
import pandas as pd

from equity.errors import InputError
from equity.prepare.engine import stamps
from equity.prepare.engine.engines import Engine

Step = Callable[[nw.LazyFrame], nw.LazyFrame]
DAY = stamps.DAY
MOSTLY = 0.5  # share of dates from which on a format is wrong, not the dates


@dataclass
class Moments:
    """How the stamps of some columns become days and seconds.

    Attributes
    ----------
    steps
        Each takes rows and returns them with more columns.
    zoned
        Columns in which some stamps have an offset.
    skipped, twice
        Hours that the clocks skip, or show twice: day, first and last second.
    """

    steps: list[Step] = field(default_factory=list)
    zoned: list[str] = field(default_factory=list)
    skipped: list[tuple[int, int, int]] = field(default_factory=list)
    twice: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, rows: nw.LazyFrame) -> nw.LazyFrame:
        """Put days and seconds beside the stamps.

        Parameters
        ----------
        rows
            With the columns of stamps.

        Returns
        -------
        LazyFrame
            For a column `x` also `x_day` and `x_second` (missing where it is not a
            date) and `x_zoned` (0 without an offset).
        """
        for step in self.steps:
            rows = step(rows)
        return rows

    def within(self, name: str, hours: list[tuple[int, int, int]]) -> nw.Expr:
        """Tell stamps without an offset that lie in some hours.

        Parameters
        ----------
        name
            The column.
        hours
            `skipped` or `twice`.

        Returns
        -------
        Expr
            A boolean. Midnight is a day without a time, and lies in no hour.
        """
        day, second = nw.col(f"{name}_day"), nw.col(f"{name}_second")
        inside = [(day == at) & _between(second, a, z) for at, a, z in hours]
        any_ = nw.any_horizontal(*inside, ignore_nulls=True)
        return any_ & (second > 0) & (nw.col(f"{name}_zoned") == 0)

    def in_one_hour(self, one: str, other: str) -> nw.Expr:
        """Tell rows both of whose stamps lie in the same hour that comes twice.

        Parameters
        ----------
        one
            A column.
        other
            Another.

        Returns
        -------
        Expr
            A boolean: their order is not known.
        """
        pairs = [
            self.within(one, [hour]) & self.within(other, [hour]) for hour in self.twice
        ]
        return nw.any_horizontal(*pairs, ignore_nulls=True)


def read(
    engine: Engine,
    rows: nw.LazyFrame,
    columns: dict[str, str],
    *,
    date_format: str,
    time_zone: str,
    first: pd.Timestamp,
    last: pd.Timestamp,
    where: str,
) -> Moments:
    """Find out how to turn columns of stamps into days and seconds.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        With columns of text, days or moments.
    columns
        Their names, to the file's.
    date_format
        Of text, as `strptime` writes formats, or `ISO8601`.
    time_zone
        Of the city; if empty, days are taken as they are written.
    first
        The first day that matters.
    last
        The last day that matters.
    where
        The file, for errors.

    Returns
    -------
    Moments
        To be used on these rows, or any of them.

    Raises
    ------
    InputError
        If most stamps of a column do not follow the format, with their number.

    Examples
    --------
    >>> from equity.prepare.engine import engines
    >>> with engines.start("duckdb") as engine:
    ...     rows = engine.upload(pd.DataFrame({"opened": ["2025-03-09T02:30:00"]}))
    ...     found = read(engine, rows, {"opened": "FROM"}, date_format="ISO8601",
    ...         time_zone="America/Chicago", first=pd.Timestamp("2025-01-01"),
    ...         last=pd.Timestamp("2025-12-31"), where="a.csv")
    ...     engine.table(found.add(rows).select("opened_day", "opened_second"))
       opened_day  opened_second
    0       20156           9000
    """
    found = Moments()
    changes = stamps.transitions(time_zone, first, last) if time_zone else []
    skipped, twice = stamps.skipped_or_twice(changes)
    found.skipped, found.twice = _by_day(skipped), _by_day(twice)
    types = rows.collect_schema()
    for name, column in columns.items():
        if types[name] == nw.String:
            label = f"{where}: column {column}"
            utc = _text(found, engine, rows, name, date_format, time_zone, label)
        else:
            utc = _stored(found, engine, name, types[name])
        if utc and time_zone:
            found.steps.append(partial(_moved, name=name, changes=changes))
    return found


def _stored(found: Moments, engine: Engine, name: str, kind: nw.dtypes.DType) -> bool:
    """Take apart a column that a file stores as days or moments."""
    zoned = kind == nw.Datetime and kind.time_zone is not None
    flag = nw.lit(int(zoned), nw.Int8).alias(f"{name}_zoned")
    found.steps.append(lambda rows: engine.days(rows, name).with_columns(flag))
    if zoned:
        found.zoned.append(name)
    return zoned


def _text(
    found: Moments,
    engine: Engine,
    rows: nw.LazyFrame,
    name: str,
    date_format: str,
    time_zone: str,
    where: str,
) -> bool:
    """Read the pieces of a column of text, and whole the stamps that are odd."""
    pieces = stamps.pieces(date_format)
    lookups: list[nw.LazyFrame] = []
    zoned = odd = False
    blank = total = 0
    for piece in pieces:
        key = f"{name}_{piece.part}_text"
        cut = rows.select(_cut(name, piece)).group_by(key).agg(rows=nw.len())
        table = engine.table(cut)
        text = table[key].astype("str")
        made = stamps.read(text, piece.part, date_format, time_zone)
        zoned |= bool(made["zoned"].any())
        lost = made["day"].isna() & text.str.strip().ne("")
        odd |= bool(lost.any())
        if piece is pieces[0]:
            total, blank = (
                table["rows"].sum(),
                table["rows"][text.str.strip() == ""].sum(),
            )
        lookups.append(_lookup(engine, key, text, made, local=len(pieces) == 1))
    first = partial(_joined, name=name, pieces=pieces, lookups=lookups)
    if odd and len(pieces) > 1:
        left = first(rows.select(name)).filter(_unread(name)).select(name).unique()
        text = engine.table(left)[name].astype("str")
        made = stamps.read(text, "whole", date_format, time_zone)
        zoned |= bool(made["zoned"].any())
        whole = _lookup(engine, f"{name}_whole_text", text, made, local=True)
        found.steps += [first, partial(_mended, name=name, whole=whole)]
    else:
        found.steps.append(first)
    if odd:
        mine = found.steps[-2:] if len(pieces) > 1 else found.steps[-1:]
        left = rows.select(name)
        for step in mine:
            left = step(left)
        bad = engine.table(left.filter(_unread(name)).select(nw.len().alias("rows")))
        _refuse(int(bad["rows"].iloc[0]), int(total - blank), date_format, where)
    if zoned:
        found.zoned.append(name)
    return zoned


def _refuse(bad: int, given: int, date_format: str, where: str) -> None:
    if bad > MOSTLY * given:
        raise InputError(
            f"{where}: {bad:,} of {given:,} dates do not follow date_format "
            f"{date_format!r}; declare the file's own, and if it mixes several, have "
            "it exported again in one"
        )


def _cut(name: str, piece: stamps.Piece) -> nw.Expr:
    text = nw.col(name)
    if piece.part != "whole":
        text = text.str.slice(piece.start, piece.length)
    return text.alias(f"{name}_{piece.part}_text")


def _lookup(
    engine: Engine, key: str, text: pd.Series, made: pd.DataFrame, *, local: bool
) -> nw.LazyFrame:
    """Upload the pieces that could be read; `zoned` is 1 where seconds are UTC."""
    good = made["day"].notna()
    table = pd.DataFrame(
        {
            key: text[good],
            f"{key}_day": made.loc[good, "day"].astype("int32"),
            f"{key}_second": made.loc[good, "second"].astype("int32"),
            f"{key}_zoned": (made.loc[good, "zoned"] * (2 if local else 1)).astype(
                "int8"
            ),
        }
    )
    return engine.upload(table)


def _joined(
    rows: nw.LazyFrame,
    *,
    name: str,
    pieces: list[stamps.Piece],
    lookups: list[nw.LazyFrame],
) -> nw.LazyFrame:
    """Join what the pieces of a stamp say, and add it up; missing if one is."""
    rows = rows.with_columns(*(_cut(name, piece) for piece in pieces))
    keys = [f"{name}_{piece.part}_text" for piece in pieces]
    for key, lookup in zip(keys, lookups, strict=True):
        rows = rows.join(lookup, on=key, how="left")
    sums = {
        f"{name}_{part}": _sum([nw.col(f"{key}_{part}") for key in keys])
        for part in ("day", "second", "zoned")
    }
    made = rows.with_columns(**sums)
    used = [f"{key}_{part}" for key in keys for part in ("day", "second", "zoned")]
    return made.drop(*keys, *used)


def _mended(rows: nw.LazyFrame, *, name: str, whole: nw.LazyFrame) -> nw.LazyFrame:
    """Join what stamps say as a whole, where their pieces said nothing."""
    key = f"{name}_whole_text"
    rows = rows.with_columns(nw.col(name).alias(key)).join(whole, on=key, how="left")
    parts = ("day", "second", "zoned")
    made = rows.with_columns(
        **{
            f"{name}_{part}": nw.coalesce(
                nw.col(f"{name}_{part}"), nw.col(f"{key}_{part}")
            )
            for part in parts
        }
    )
    return made.drop(key, *(f"{key}_{part}" for part in parts))


def _moved(
    rows: nw.LazyFrame, *, name: str, changes: list[tuple[int, int, int]]
) -> nw.LazyFrame:
    """Move moments that are UTC to the zone's days and seconds."""
    day, second = nw.col(f"{name}_day"), nw.col(f"{name}_second")
    utc = nw.col(f"{name}_zoned") == 1
    moment = day.cast(nw.Int64) * DAY + second
    chain = nw.when(moment < changes[0][0]).then(nw.lit(changes[0][1], nw.Int32))
    for at, before, _ in changes[1:]:
        chain = chain.when(moment < at).then(nw.lit(before, nw.Int32))
    offset = chain.otherwise(nw.lit(changes[-1][2], nw.Int32))
    rows = rows.with_columns(
        nw.when(utc).then(second + offset).otherwise(second).alias(f"{name}_local")
    )
    local = nw.col(f"{name}_local")
    more = (local / DAY).floor().cast(nw.Int32)
    return rows.with_columns(
        (day + more).cast(nw.Int32).alias(f"{name}_day"),
        (local - more * DAY).cast(nw.Int32).alias(f"{name}_second"),
    ).drop(f"{name}_local")


def _unread(name: str) -> nw.Expr:
    return nw.col(f"{name}_day").is_null() & (nw.col(name).str.strip_chars() != "")


def _sum(terms: list[nw.Expr]) -> nw.Expr:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _between(second: nw.Expr, first: int, last: int) -> nw.Expr:
    return (second >= first) & (second <= last)


def _by_day(ranges: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Part ranges of seconds since 1970 by days: day, first and last second of it."""
    parts = []
    for start, end in ranges:
        while start < end:
            day = start // DAY
            stop = min(end, (day + 1) * DAY)
            parts.append((day, start - day * DAY, stop - 1 - day * DAY))
            start = stop
    return parts
