"""Cells: values of typed files (Excel, Parquet, JSON, boundaries) as the text to read.

What a person sees is what is kept: 7 and not 7.0, a day as 2025-12-31, a moment as
2025-12-31T08:30:00, a missing value as an empty text. Text stays as it is.
"""

import json
import math
import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from openpyxl.styles.numbers import is_datetime

WHOLE = 2.0**53  # beyond, a float no longer tells one whole number from the next


def of_number(value: float) -> str:
    """Write a number in full: whole ones without a decimal point.

    Parameters
    ----------
    value
        Any float; NaN is a missing value.

    Returns
    -------
    str
        Digits that read back as the same number.

    Examples
    --------
    >>> of_number(17031010100.0), of_number(0.1), of_number(float("nan"))
    ('17031010100', '0.1', '')
    """
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) <= WHOLE:
        return str(int(value))
    return repr(value)


def of_excel(value: object, number_format: str) -> str:
    """Write an Excel cell's value.

    Parameters
    ----------
    value
        As openpyxl reads it.
    number_format
        The cell's, such as `00000`: it shows zeros in front, and whether a date has a
        time of day.

    Returns
    -------
    str
        The cell as text.

    Examples
    --------
    >>> of_excel(501, "00000"), of_excel(True, "General")
    ('00501', 'TRUE')
    >>> of_excel(datetime(2025, 12, 31), "mm-dd-yy")
    '2025-12-31'
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        text = of_number(float(value)) if isinstance(value, float) else str(value)
        width = _zeros(number_format)
        return text.zfill(width) if width and text.isdecimal() else text
    if isinstance(value, datetime):
        of_day = is_datetime(number_format) == "date" and value.time() == time()
        return (value.date() if of_day else value).isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


@cache
def _zeros(number_format: str) -> int:
    """Count the digits of a format that fills up with zeros; 0 for any other."""
    return len(number_format) if re.fullmatch("0{2,}", number_format) else 0


def of_json(value: object) -> str:
    """Write a JSON value as it stands in the file.

    Parameters
    ----------
    value
        As `json` reads it, fractions as `Decimal`.

    Returns
    -------
    str
        Text as it is; `null` as an empty text; lists and objects as JSON.

    Examples
    --------
    >>> of_json("06037"), of_json(None), of_json(True), of_json(["a", 1])
    ('06037', '', 'true', '["a", 1]')
    >>> of_json(Decimal("1.50")), of_json(Decimal("6.4579816E7"))
    ('1.50', '64579816')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        text = str(value)
        return of_number(float(value)) if "E" in text else text
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=float)


def of_arrow(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a column of an Arrow table.

    Parameters
    ----------
    column
        Of any type.

    Returns
    -------
    ChunkedArray
        Text, without missing values.

    Examples
    --------
    >>> of_arrow(pa.chunked_array([[1.0, None, 2.5]])).to_pylist()
    ['1', '', '2.5']
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
        kind = column.type
    if pa.types.is_floating(kind):
        if kind != pa.float64():  # 0.1 would be 0.10000000149 as a double
            column = pc.cast(column, pa.string())
        texts = ["" if v is None else of_number(float(v)) for v in column.to_pylist()]
    elif pa.types.is_timestamp(kind):
        texts = _moments(column.to_pandas())
    elif pa.types.is_boolean(kind):
        texts = ["" if v is None else str(v) for v in column.to_pylist()]
    elif pa.types.is_nested(kind) or "binary" in str(kind):
        texts = [_other(value) for value in column.to_pylist()]
    else:
        return pc.fill_null(pc.cast(column, pa.string()), "")
    return pa.chunked_array([pa.array(texts, pa.string())])


def _moments(stamps: pd.Series) -> list[str]:
    """Write moments; a column of midnights is one of days."""
    filled = stamps.dropna()
    if stamps.dt.tz is None and (filled == filled.dt.floor("D")).all():
        stamps = stamps.dt.date
    return ["" if pd.isna(stamp) else stamp.isoformat() for stamp in stamps]


def _other(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=str)
