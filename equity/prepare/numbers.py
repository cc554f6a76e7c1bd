"""Text to numbers: counts and money as files write them.

A number is read only where its text is one, in the file's own notation; everything
else is missing, and for whoever reads the column to tell apart (`marks`).
"""

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

CURRENCIES = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
CODES = ("USD", "CAD", "AUD", "NZD", "EUR", "GBP", "CHF", "JPY")

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2008\u2009\u200a\u202f\u3000"), " ")
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_SAME = _SPACES | _WIDE | {ord("\u2212"): "-", ord("\u2019"): "'", ord("\ufeff"): ""}


def number(text: pd.Series, *, decimal: str = ".") -> pd.Series:
    """Read plain numbers with an optional sign; anything else is missing.

    Parameters
    ----------
    text
        Numbers as text. Thousands may be set apart, by threes and by one and the same
        mark: a space of any width, an apostrophe, or the comma (the point, where the
        decimal mark is a comma).
    decimal
        The file's decimal mark, a point or a comma.

    Returns
    -------
    Series
        Floats. Powers (`1e5`), `NaN`, `inf`, and more than fifteen digits before the
        decimal mark are not numbers; nor is a text in the other notation, unless it
        is a number in this one: with a decimal comma `52.345` is 52345.

    Examples
    --------
    >>> number(pd.Series(["1,012.5", "-3", "1,2", "1e5"])).to_list()
    [1012.5, -3.0, nan, nan]
    >>> number(pd.Series(["1.234,50", "52.345", "52.34"]), decimal=",").to_list()
    [1234.5, 52345.0, nan]
    """
    read = partial(_signed, pattern=notation(decimal))
    return _column(each(text, read), text, "float64")


def count(text: pd.Series, *, decimal: str = ".") -> pd.Series:
    """Read whole numbers from zero up; anything else is missing.

    Parameters
    ----------
    text
        Counts as text, thousands set apart as for `number`. One or two zeros after
        the decimal mark, as spreadsheets add them, are allowed.
    decimal
        The file's decimal mark.

    Returns
    -------
    Series
        `Int64`, of at most nine digits. `1.000` is neither one nor a thousand until
        the decimal mark says which.

    Examples
    --------
    >>> count(pd.Series(["1,012", "20.0", "2.5", "-1", "*"])).to_list()
    [1012, 20, <NA>, <NA>, <NA>]
    """
    read = partial(whole, pattern=notation(decimal))
    return _column(each(text, read), text, "float64").astype("Int64")


def money(text: pd.Series, *, decimal: str = ".") -> pd.Series:
    """Read amounts of money; anything else is missing.

    Parameters
    ----------
    text
        Amounts such as `$52,345.00`, `61 500`, `USD 50,000` or `(1,200)`, which is how
        accounts write minus 1,200.
    decimal
        The file's decimal mark.

    Returns
    -------
    Series
        Floats in the currency of the text; negative amounts are negative.

    Examples
    --------
    >>> money(pd.Series(["$52,345.00", "(1,200)", "61 500", "", "inf"])).to_list()
    [52345.0, -1200.0, 61500.0, nan, nan]
    """
    read = partial(_amount, pattern=notation(decimal))
    return _column(each(text, read), text, "float64")


def currency(text: pd.Series) -> pd.Series:
    """Name the currency that each amount is written in.

    Parameters
    ----------
    text
        As for `money`.

    Returns
    -------
    Series
        ISO 4217 codes, `$` being the US dollar; empty where none is written.

    Examples
    --------
    >>> currency(pd.Series(["$52,345.00", "50.000 €", "61 500"])).to_list()
    ['USD', 'EUR', '']
    """
    return _column(each(text, _currency), text, "str")


def plain(text: str) -> str:
    """Write a cell with plain spaces, digits and signs, and without outer blanks.

    Parameters
    ----------
    text
        A cell as the file has it.

    Returns
    -------
    str
        Spaces of every width are one kind; so are full-width digits and minus signs.
        A superscript stays what it is: it points to a footnote.

    Examples
    --------
    >>> plain(" 61\\u202f500\\u00a0€ ")
    '61 500 €'
    """
    return text.translate(_SAME).strip()


def each(text: pd.Series, read: Callable[[str], object]) -> tuple[np.ndarray, list]:
    """Read each distinct text once, since files repeat themselves.

    Parameters
    ----------
    text
        Cells as text.
    read
        What reads one `plain` cell.

    Returns
    -------
    tuple
        For each cell the place of its value, and the values.

    Examples
    --------
    >>> each(pd.Series(["a", "b", "a "]), str.upper)
    (array([0, 1, 2]), ['A', 'B', 'A'])
    """
    codes, distinct = pd.factorize(text)
    return codes, [read(plain(cell)) for cell in distinct]


def notation(decimal: str) -> re.Pattern:
    """Match a number without a sign in one notation.

    Parameters
    ----------
    decimal
        The decimal mark, a point or a comma.

    Returns
    -------
    Pattern
        With groups `whole` and `part`, the digits on both sides of the mark; both
        are missing from an empty text.

    Examples
    --------
    >>> notation(",").fullmatch("1.234,50")["part"]
    '50'
    """
    by = "," if decimal == "." else "."
    return re.compile(
        rf"(?P<whole>[0-9]{{1,15}}|[0-9]{{1,3}}(?P<by>[ '{by}])[0-9]{{3}}"
        rf"(?:(?P=by)[0-9]{{3}}){{0,3}})?(?:[{decimal}](?P<part>[0-9]{{1,20}}))?"
    )


def whole(cell: str, pattern: re.Pattern) -> int | None:
    """Read one count.

    Parameters
    ----------
    cell
        A `plain` cell.
    pattern
        Its `notation`.

    Returns
    -------
    int or None
        Of at most nine digits. None for what is no count, such as `1.000`, since its
        point may set thousands apart.

    Examples
    --------
    >>> whole("1,012", notation(".")), whole("1.000", notation("."))
    (1012, None)
    """
    found = pattern.fullmatch(cell)
    if not found or not found["whole"] or found["part"] not in (None, "0", "00"):
        return None
    size = int(re.sub("[^0-9]", "", found["whole"]))
    return size if size < 10**9 else None


_SIGN = "|".join(re.escape(sign) for sign in ("US$", "$", "€", "£", "¥", *CODES))
_MONEY = re.compile(
    rf"(?P<open>\()? ?(?P<first>-)? ?(?P<before>{_SIGN})? ?(?P<second>-)? ?"
    rf"(?P<amount>[0-9., ']+?) ?(?P<last>-)? ?(?P<after>{_SIGN})? ?(?P<close>\))?"
)


def _column(found: tuple[np.ndarray, list], text: pd.Series, dtype: str) -> pd.Series:
    codes, values = found
    return pd.Series(values, dtype=dtype).take(codes).set_axis(text.index)


def _amount(cell: str, pattern: re.Pattern) -> float:
    """Read an amount: at most one minus and one currency, and brackets closed."""
    found = _MONEY.fullmatch(cell)
    if found is None or (found["before"] and found["after"]):
        return np.nan
    minus = [found[name] for name in ("open", "first", "second", "last")]
    if sum(map(bool, minus)) > 1 or bool(found["open"]) != bool(found["close"]):
        return np.nan
    amount = _signed(found["amount"].strip(), pattern)
    return -amount if any(minus) else amount


def _currency(cell: str) -> str:
    found = _MONEY.fullmatch(cell)
    sign = (found["before"] or found["after"] or "") if found else ""
    return CURRENCIES.get(sign, sign)


def _signed(cell: str, pattern: re.Pattern) -> float:
    minus = cell.startswith("-")
    found = pattern.fullmatch(cell[1:].lstrip() if minus else cell)
    if found is None or not (found["whole"] or found["part"]):
        return np.nan
    whole = re.sub("[^0-9]", "", found["whole"] or "0")
    size = float(f"{whole}.{found['part'] or '0'}")
    return -size if minus else size
