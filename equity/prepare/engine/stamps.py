"""Stamps: moments as files write them, read as whole days and seconds of a city.

An engine that counts forty million rows does not read dates here: it cuts each stamp
into *pieces* (the day, the clock), of which there are few different ones, and Python
reads those. So every engine means the same, and nothing is guessed: a piece that does
not follow the declared format is not a date.

Local clocks *skip* an hour in spring, and show one *twice* in autumn. `transitions`
finds these hours, so that stamps in them can be told.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

DAY = 86_400  # seconds
EPOCH = pd.Timestamp("1970-01-01")
ISO = "ISO8601"
OFFSET = r"(?:Z|[+-]\d\d:?\d\d)"
ENDING = r"(?:Z|[+-]\d\d(?::?\d\d)?)$"  # an offset, wherever one can stand
ISO_CLOCK = r"(?:[T ][0-2]\d:[0-5]\d:[0-5]\d)?"
ISO_TAIL = rf"(?:[.,]\d{{1,9}})?({OFFSET})?"
WIDTHS = {  # directives of which every stamp has as many letters
    **{"Y": 4, "m": 2, "d": 2, "y": 2, "j": 3, "b": 3},
    **{"H": 2, "I": 2, "M": 2, "S": 2, "p": 2},
}
OF_DAYS = set("YmdyjbBaAUWuwGVxcD")  # directives that say something of the day
OF_CLOCKS = set("HIMSpfzZXTR")


@dataclass(frozen=True)
class Piece:
    """A part of a stamp that is read by itself.

    Attributes
    ----------
    start
        Its first letter, from 0.
    length
        How many letters; to the end if missing.
    part
        `day`, `clock`, `tail` (of ISO 8601: fraction and offset) or `whole`.
    """

    start: int
    length: int | None
    part: str


WHOLE = Piece(0, None, "whole")


def pieces(date_format: str) -> list[Piece]:
    """Say into which pieces stamps of a format are cut, so that few are different.

    Parameters
    ----------
    date_format
        As `strptime` writes formats, or `ISO8601`.

    Returns
    -------
    list of Piece
        One `whole`, if the format has no clock or its day has no fixed width.

    Examples
    --------
    >>> [(piece.part, piece.start) for piece in pieces("%m/%d/%Y %H:%M")]
    [('day', 0), ('clock', 10)]
    >>> [piece.part for piece in pieces("%d %B %Y %H:%M")]
    ['whole']
    """
    if date_format == ISO:
        return [Piece(0, 10, "day"), Piece(10, 9, "clock"), Piece(19, None, "tail")]
    day, clock = _halves(date_format)
    width = _width(day)
    if not clock or width is None:
        return [WHOLE]
    return [Piece(0, width, "day"), Piece(width, None, "clock")]


def read(texts: pd.Series, part: str, date_format: str, time_zone: str) -> pd.DataFrame:
    """Read pieces of stamps.

    Parameters
    ----------
    texts
        Different pieces of one part.
    part
        As in `Piece`.
    date_format
        As `strptime` writes formats, or `ISO8601`.
    time_zone
        Name of the zone that stamps with an offset are moved to; if empty, they stay
        as written, without it.

    Returns
    -------
    DataFrame
        On the index of `texts`: `day` (days since 1970), `second` (of the day), both
        `Int64`, 0 where the part does not say, missing where it does not follow the
        format; and `zoned`, 1 where an offset was written. With a time zone, the
        seconds of a `clock` or `tail` have it taken off (they are UTC, and may lie
        outside the day), whereas those of a `whole` are local.

    Examples
    --------
    >>> texts = pd.Series(["01/31/2025", "31/01/2025"])
    >>> read(texts, "day", "%m/%d/%Y %H:%M", "")["day"].to_list()
    [20119, <NA>]
    """
    texts = texts.astype("str")
    if part == "whole":
        return _whole(texts.str.strip(), date_format, time_zone)
    if date_format == ISO:
        return _iso(texts, part, shift=bool(time_zone))
    day, clock = _halves(date_format)
    if part == "day":
        return _parts(_moments(texts, day), zoned=False)
    zoned = pd.Series("%z" in clock, texts.index)
    if not time_zone:
        texts, clock = _as_written(texts, zoned), clock.replace("%z", "")
    found = _moments(str(EPOCH.date()) + texts, "%Y-%m-%d" + clock)
    made = _parts(found, zoned=zoned)
    return made.assign(second=made["second"] + DAY * made["day"], day=made["day"] * 0)


def transitions(
    time_zone: str, first: pd.Timestamp, last: pd.Timestamp
) -> list[tuple[int, int, int]]:
    """Find the moments at which a zone's clocks change.

    Parameters
    ----------
    time_zone
        Name in the IANA database, such as `America/Chicago`.
    first
        First day.
    last
        Last day.

    Returns
    -------
    list of tuple
        Seconds since 1970 (UTC), and the offsets from UTC in seconds before and after;
        the first entry says the offset at the beginning, as a change of nothing.

    References
    ----------
    IANA Time Zone Database, https://www.iana.org/time-zones.

    Examples
    --------
    >>> found = transitions("America/Chicago", pd.Timestamp("2025-01-01"),
    ...                     pd.Timestamp("2025-12-31"))
    >>> [pd.Timestamp(at, unit="s").isoformat() for at, _, _ in found[1:]]
    ['2025-03-09T08:00:00', '2025-11-02T07:00:00']
    >>> [(after - before) // 3600 for _, before, after in found]
    [0, 1, -1]
    """
    zone = ZoneInfo(time_zone)

    def _offset(moment: datetime) -> int:
        return int(moment.astimezone(zone).utcoffset().total_seconds())

    at = first.to_pydatetime().replace(tzinfo=UTC) - timedelta(days=1)
    end = last.to_pydatetime().replace(tzinfo=UTC) + timedelta(days=2)
    found = [(int(at.timestamp()), _offset(at), _offset(at))]
    while at < end:
        then = at + timedelta(days=1)
        if _offset(at) != _offset(then):
            low, high = int(at.timestamp()), int(then.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                same = _offset(datetime.fromtimestamp(middle, UTC)) == _offset(at)
                low, high = (middle, high) if same else (low, middle)
            found.append((high, _offset(at), _offset(then)))
        at = then
    return found


def skipped_or_twice(
    changes: list[tuple[int, int, int]],
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """List the local hours that clocks skip, and those that they show twice.

    Parameters
    ----------
    changes
        As `transitions` returns them.

    Returns
    -------
    tuple of list
        Ranges of local seconds since 1970, the end excluded: skipped, and twice.

    Examples
    --------
    >>> changes = [(0, -6, -6), (100, -6, -5), (200, -5, -6)]
    >>> skipped_or_twice(changes)
    ([(94, 95)], [(194, 195)])
    """
    skipped = [(at + old, at + new) for at, old, new in changes if new > old]
    twice = [(at + new, at + old) for at, old, new in changes if new < old]
    return skipped, twice


def _halves(date_format: str) -> tuple[str, str]:
    """Part a format into its day and its clock; no clock if they are mixed."""
    found = list(re.finditer(r"%(.)", date_format))
    clocks = [match for match in found if match[1] in OF_CLOCKS]
    if not clocks:
        return date_format, ""
    days = [match for match in found if match[1] in OF_DAYS]
    if not days or days[-1].start() > clocks[0].start():
        return date_format, ""
    end = days[-1].end()
    return date_format[:end], date_format[end:]


def _width(date_format: str) -> int | None:
    """Count the letters that every stamp of a format has; missing if they differ."""
    letters = re.findall(r"%(.)", date_format)
    if not set(letters) <= set(WIDTHS):
        return None
    plain = len(re.sub(r"%.", "", date_format))
    return plain + sum(WIDTHS[letter] for letter in letters)


def _moments(texts: pd.Series, date_format: str) -> pd.Series:
    """Read texts by a format; naive, in UTC where they have an offset."""
    zoned = "%z" in date_format
    found = pd.to_datetime(texts, format=date_format, errors="coerce", utc=zoned)
    return found.dt.tz_localize(None) if zoned else found


def _parts(moments: pd.Series, *, zoned: bool | pd.Series) -> pd.DataFrame:
    """Part moments into days and seconds."""
    days = moments.dt.floor("D")
    since = (days - EPOCH).dt.days.astype("Int64")
    second = (moments - days).dt.total_seconds().floordiv(1).astype("Int64")
    return pd.DataFrame(
        {"day": since, "second": second, "zoned": pd.Series(zoned, moments.index)}
    ).astype({"zoned": "int64"})


def _whole(texts: pd.Series, date_format: str, time_zone: str) -> pd.DataFrame:
    """Read whole stamps; those with an offset as local time of the zone."""
    zoned = pd.Series("%z" in date_format, texts.index)
    if date_format == ISO:
        zoned = texts.str.contains(f"[T ].*{ENDING}", regex=True)
    if not time_zone:
        texts, date_format = _as_written(texts, zoned), date_format.replace("%z", "")
        found = pd.to_datetime(texts, format=date_format, errors="coerce")
        return _parts(found, zoned=zoned)
    found = pd.to_datetime(texts, format=date_format, errors="coerce", utc=True)
    local = found.dt.tz_convert(time_zone).dt.tz_localize(None)
    return _parts(local.where(zoned, found.dt.tz_localize(None)), zoned=zoned)


def _as_written(texts: pd.Series, zoned: pd.Series) -> pd.Series:
    """Cut off offsets, so that the clock is read as it was written."""
    return texts.str.replace(f"\\s*{ENDING}", "", regex=True).where(zoned, texts)


def _iso(texts: pd.Series, part: str, *, shift: bool) -> pd.DataFrame:
    """Read the pieces of an ISO 8601 stamp in its usual, extended form."""
    if part == "day":
        good = texts.str.fullmatch(r"\d{4}-\d\d-\d\d")
        return _parts(_moments(texts.where(good), "%Y-%m-%d"), zoned=False)
    if part == "clock":
        good = texts.str.fullmatch(ISO_CLOCK)
        clock = texts.where(texts.ne(""), "T00:00:00").str[1:].where(good)
        found = _moments(str(EPOCH.date()) + clock, "%Y-%m-%d%H:%M:%S")
        return _parts(found, zoned=False)
    good = texts.str.fullmatch(ISO_TAIL)
    offset = texts.str.extract(f"({OFFSET})$")[0]
    digits = offset.str.replace(":", "").str[1:]
    away = 3600 * pd.to_numeric(digits.str[:2], errors="coerce")
    away = away + 60 * pd.to_numeric(digits.str[2:], errors="coerce")
    away = away.fillna(0).where(offset.str[0].ne("-"), -away)
    second = (-away * shift).astype("Int64").mask(~good)
    return pd.DataFrame(
        {
            "day": (second * 0),
            "second": second,
            "zoned": offset.notna().astype("int64"),
        }
    )
