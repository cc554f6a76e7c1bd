"""Packed: all that rows are counted by, in one whole number a row.

Whole numbers are sorted and counted several times faster than rows of many columns
are grouped, and only counts leave the engine. Each part of a number has as many bits
as its largest value needs; the first part is the most significant, so that the
numbers in order are the rows in the order of their parts.
"""

from collections.abc import Collection, Mapping

import narwhals as nw
import numpy as np
import pandas as pd

MOST = 63  # bits


def widths(most: Mapping[str, int]) -> dict[str, int] | None:
    """Say how many bits each part has.

    Parameters
    ----------
    most
        Name of a part to its largest value, the most significant first.

    Returns
    -------
    dict or None
        Name to bits; None where all together are more than fit.

    Examples
    --------
    >>> widths({"area": 800, "days": 100}), widths({"area": 2**60, "days": 100})
    ({'area': 10, 'days': 7}, None)
    """
    bits = {name: max(int(size), 0).bit_length() for name, size in most.items()}
    return bits if sum(bits.values()) <= MOST else None


def packed(bits: Mapping[str, int], present: Collection[str]) -> nw.Expr:
    """Put the columns of a row into one whole number.

    Parameters
    ----------
    bits
        As `widths` gives them.
    present
        The parts that are columns; the others are 0.

    Returns
    -------
    Expr
        64-bit whole numbers.

    Examples
    --------
    >>> rows = nw.from_native(pd.DataFrame({"a": [1, 2], "b": [0, 3]}))
    >>> rows.select(n=packed({"a": 2, "b": 2}, ["a", "b"]))["n"].to_list()
    [4, 11]
    >>> small = nw.from_native(pd.DataFrame({"a": [1, 2]}, dtype="int16"))
    >>> small.select(n=packed({"a": 2, "b": 40}, ["a"]))["n"].to_list()
    [1099511627776, 2199023255552]
    """
    number = nw.lit(0, nw.Int64)
    for name, width in bits.items():
        number = number * (1 << width)
        if name in present:  # small types would overflow
            number = number + nw.col(name).cast(nw.Int64)
    return number


def unpacked(numbers: np.ndarray, most: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Take the parts out of packed numbers again.

    Parameters
    ----------
    numbers
        Packed; shifted in place, and so used up, since they can be many millions.
    most
        As for `widths`.

    Returns
    -------
    dict
        Name to values, in the smallest type that holds them.

    Examples
    --------
    >>> parts = unpacked(np.array([4, 11]), {"a": 2, "b": 3})
    >>> parts["a"].tolist(), parts["b"].tolist()
    ([1, 2], [0, 3])
    """
    bits = widths(most)
    codes, part = {}, np.empty_like(numbers)
    for name in reversed(list(bits)):
        np.bitwise_and(numbers, (1 << bits[name]) - 1, out=part)
        codes[name] = part.astype(np.min_scalar_type(-max(int(most[name]), 1) - 1))
        numbers >>= bits[name]
    return codes


def categorical(
    codes: np.ndarray, names: list[str] | pd.CategoricalDtype
) -> pd.Categorical:
    """Name codes: without the names that none has, or by a type that is given.

    Parameters
    ----------
    codes
        Positions in the names.
    names
        A list, or a type whose names all stay; without any, codes are missing.

    Returns
    -------
    Categorical
        One name a code.

    Examples
    --------
    >>> categorical(np.array([2, 0]), ["a", "b", "c"]).categories.to_list()
    ['a', 'c']
    """
    small = np.min_scalar_type(-len(names) - 1) if isinstance(names, list) else "int8"
    if not isinstance(names, list):
        nobody = -1 if names.categories.empty else 0
        return pd.Categorical.from_codes((codes + nobody).astype(small), dtype=names)
    there = np.bincount(codes, minlength=len(names)) > 0
    place = (np.cumsum(there) - 1).astype(small)
    dtype = pd.CategoricalDtype(pd.Index(names, dtype="str")[there])
    return pd.Categorical.from_codes(place[codes], dtype=dtype)
