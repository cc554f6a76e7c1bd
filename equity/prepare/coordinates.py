"""Coordinates as files have them: text to numbers, in degrees or a declared system.

*Latitude* and *longitude* are degrees (WGS 84). Files of engineers have *northings*
and *eastings* instead, feet or metres of a state plane, whose coordinate system (CRS)
must be declared, because nothing in the numbers says which one it is.
"""

import numpy as np
import pandas as pd
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from equity.errors import InputError

MISSING = "no coordinates"
UNREADABLE = "coordinates are not numbers"
DEGREES = 180  # no latitude or longitude is larger
MOSTLY = 0.5  # share of the rows from which a fault is the setting's, not the rows'
FEW = 10  # rows of which all must have the fault

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
PAIR = rf"\(\s*({NUMBER})\s*,\s*({NUMBER})\s*\)\s*$"  # (latitude, longitude)
WKT = rf"^\s*POINT\s*\(\s*({NUMBER})\s+({NUMBER})\s*\)\s*$"  # longitude, latitude


def numbers(
    latitude: pd.Series, longitude: pd.Series, *, decimal: str = "."
) -> pd.DataFrame:
    """Read two columns as numbers, strictly.

    Parameters
    ----------
    latitude
        Numbers, or text as it is in the file. A column that holds both, as
        `split_location` reads it, is given twice.
    longitude
        Numbers or text, on the same index.
    decimal
        The decimal mark of text.

    Returns
    -------
    DataFrame
        On the same index: `y` and `x`, and `problem`, which is `MISSING` where one
        is blank, `UNREADABLE` where one is not a finite number (`inf`, `nan`,
        `1e309`, degrees with minutes, another decimal mark), and otherwise empty.
        Numbers are missing where there is a problem.

    Examples
    --------
    >>> numbers(pd.Series(["41.7", "41,7", ""]), pd.Series(["-87.6", "-87,6", "1"]))
          y     x                      problem
    0  41.7 -87.6
    1   NaN   NaN  coordinates are not numbers
    2   NaN   NaN               no coordinates
    """
    if not pd.api.types.is_numeric_dtype(latitude) and latitude.equals(longitude):
        both = split_location(latitude)
        latitude, longitude = both["latitude"], both["longitude"]
    y, x = (_number(column, decimal) for column in (latitude, longitude))
    blank = _blank(latitude) | _blank(longitude)
    problem = pd.Series("", y.index, dtype="str")
    problem = problem.mask(~(np.isfinite(y) & np.isfinite(x)), UNREADABLE)
    problem = problem.mask(blank, MISSING)
    good = problem.eq("")
    return pd.DataFrame({"y": y.where(good), "x": x.where(good), "problem": problem})


def split_location(location: pd.Series) -> pd.DataFrame:
    """Take latitude and longitude out of one column of text.

    Parameters
    ----------
    location
        Such as `(41.9, -87.7)`, also after an address, or the well-known text
        `POINT (-87.7 41.9)`, in which the longitude comes first.

    Returns
    -------
    DataFrame
        Text columns `latitude` and `longitude` on the same index; where neither form
        is found, the text itself, which is then not a number.

    References
    ----------
    Well-known text: OGC 06-103r4, Simple feature access, part 1, section 7.

    Examples
    --------
    >>> split_location(pd.Series(["9 A St (41.9, -87.7)", "POINT (-87.7 41.9)", ""]))
      latitude longitude
    0     41.9     -87.7
    1     41.9     -87.7
    2
    """
    pair = location.str.extract(PAIR)
    wkt = location.str.upper().str.extract(WKT)
    return pd.DataFrame(
        {
            "latitude": pair[0].fillna(wkt[1]).fillna(location),
            "longitude": pair[1].fillna(wkt[0]).fillna(location),
        }
    )


def system(crs: str, *, where: str) -> CRS:
    """Look up a declared coordinate system; none declared is degrees (WGS 84).

    Parameters
    ----------
    crs
        A code such as `EPSG:3435`, or empty.
    where
        The file, for the error.

    Returns
    -------
    CRS
        As `pyproj` knows it.

    Raises
    ------
    InputError
        If there is no such system.

    Examples
    --------
    >>> system("", where="a.csv").is_geographic
    True
    >>> system("EPSG:3435", where="a.csv").name
    'NAD83 / Illinois East (ftUS)'
    """
    try:
        return CRS.from_user_input(crs or 4326)
    except CRSError as error:
        raise InputError(
            f"{where}: crs {crs!r} is not a known coordinate system; give a code such "
            "as EPSG:3435"
        ) from error


def transformed(
    x: np.ndarray, y: np.ndarray, *, ours: CRS, theirs: CRS
) -> tuple[np.ndarray, np.ndarray]:
    """Turn points into another coordinate system.

    Parameters
    ----------
    x
        Longitudes or eastings.
    y
        Latitudes or northings.
    ours
        The system they are in.
    theirs
        The system wanted.

    Returns
    -------
    tuple of array
        Longitudes or eastings, and latitudes or northings; infinite where a point
        has none in that system.

    Examples
    --------
    >>> feet, degrees = system("EPSG:3435", where=""), system("", where="")
    >>> lon, lat = transformed(np.array([1165166.5]), np.array([1872509.0]),
    ...                        ours=feet, theirs=degrees)
    >>> print(f"{lat[0]:.4f} {lon[0]:.4f}")
    41.8058 -87.6698
    """
    if ours.equals(theirs, ignore_axis_order=True):
        return x, y
    return Transformer.from_crs(ours, theirs, always_xy=True).transform(x, y)


def check_units(
    points: pd.DataFrame, rows: pd.Series, *, crs: CRS, decimal: str, where: str
) -> None:
    """Refuse a file most of whose coordinates are not what the settings say.

    Parameters
    ----------
    points
        As `numbers` returns them.
    rows
        Rows of the file on each point.
    crs
        The coordinate system that they should be in.
    decimal
        The decimal mark that they were read with.
    where
        The file and its columns, for the error.

    Raises
    ------
    InputError
        If most are not numbers, or not degrees although nothing else is declared,
        or degrees although something else is.

    Examples
    --------
    >>> feet = numbers(pd.Series([1872509.0]), pd.Series([1165166.5]))
    >>> check_units(feet, pd.Series([1]), crs=system("", where=""), decimal=".",
    ...             where="a.csv: columns y, x")
    Traceback (most recent call last):
    equity.errors.InputError: a.csv: columns y, x: 1 of 1 rows with coordinates
    (100.0%) are not degrees; if they are feet or metres of a state plane, declare its
    crs, such as EPSG:3435
    """
    unreadable = points["problem"].eq(UNREADABLE)
    given = points["problem"].ne(MISSING)
    size = points[["y", "x"]].abs().max(axis=1)
    refuse_most(
        *(unreadable, given, rows),
        f"{where}: {{}} are not numbers; the decimal mark is taken to be {decimal!r}, "
        "declare another with decimal",
    )
    if crs.is_geographic:
        refuse_most(
            *(size.gt(DEGREES), size.notna(), rows),
            f"{where}: {{}} are not degrees; if they are feet or metres of a state "
            "plane, declare its crs, such as EPSG:3435",
        )
    else:
        refuse_most(
            *(size.le(DEGREES) & size.gt(1), size.notna(), rows),
            f"{where}: {{}} look like degrees, but crs is {crs.name}; leave crs out",
        )


def refuse_most(bad: pd.Series, of: pd.Series, rows: pd.Series, message: str) -> None:
    """Raise an error if more than half of the rows are bad; of fewer than ten, if all.

    Parameters
    ----------
    bad
        Which points are bad.
    of
        Which points can be.
    rows
        Rows of the file on each point.
    message
        What to say; `{}` stands for the number of rows and their share.

    Raises
    ------
    InputError
        With the message.

    Examples
    --------
    >>> bad, every = pd.Series([True, False]), pd.Series([True, True])
    >>> refuse_most(bad, every, pd.Series([1, 1]), "{} are far away")
    >>> refuse_most(bad, every, pd.Series([9, 1]), "{} are far away")
    Traceback (most recent call last):
    equity.errors.InputError: 9 of 10 rows with coordinates (90.0%) are far away
    """
    count, total = int(rows[bad].sum()), int(rows[of].sum())
    if count > MOSTLY * total if total >= FEW else 0 < count == total:
        share = f"{count / total:.1%}"
        named = f"{count:,} of {total:,} rows with coordinates ({share})"
        raise InputError(message.format(named))


def _number(column: pd.Series, decimal: str) -> pd.Series:
    """Read text strictly; whatever is not one number is missing."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.str.strip().str.replace("\N{MINUS SIGN}", "-")
    if decimal != ".":
        text = text.str.replace(".", "x").str.replace(decimal, ".")
    return pd.to_numeric(text.where(text.str.fullmatch(NUMBER)), errors="coerce")


def _blank(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    return column.isna() | column.str.strip().eq("")
