"""Facilities: places that people go to, each with its kind, its area and its point.

Known problems of such lists: a kind spelled in several ways; the same place twice; ids
that two lists share; capacities in words; places without a location, or just outside
the city.
"""

import geopandas as gpd
import pandas as pd

from equity.errors import InputError
from equity.prepare import locate, numbers, sources
from equity.prepare.engine import lookups
from equity.prepare.quality import Ledger

FACILITIES = ["facility_id", "kind", "capacity", "area", "longitude", "latitude"]
LISTED = 5  # how many ids an error names
AGAIN = "the same place again"
RESPELLED = "spelling of its kind made one"
NO_CAPACITY = "capacity is not a number; left out"
NEGATIVE = "capacity is negative; left out"
NO_KIND = "no kind"
SHARED = "its id is another file's too; its kind is put before the id"


def clean_facilities(
    raw: pd.DataFrame,
    source: sources.Facilities,
    ledger: Ledger,
    *,
    areas: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Turn a raw list of places into facilities with their area.

    Parameters
    ----------
    raw
        As read by `read.table`, or by `read.places` for a file of shapes, of which
        a point inside counts.
    source
        What the file means.
    ledger
        Written to: places listed twice, without a location or outside every area,
        and what is no capacity.
    areas
        The areas of the city.

    Returns
    -------
    DataFrame
        Columns of `FACILITIES`; `capacity` is missing where it is not known, and
        points are degrees (WGS 84), which measures use and no page shows.

    Raises
    ------
    InputError
        If an id is there twice for places that differ, or as `locate.judge` does.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(0, 0, 1, 1)], crs=4326)
    >>> source = sources.Facilities(file="f.csv", all_are="library",
    ...     columns={"facility_id": "ID", "latitude": "Y", "longitude": "X"})
    >>> raw = pd.DataFrame({"ID": ["1", "2"], "Y": ["0.5", "5"], "X": ["0.5", "0.5"]})
    >>> clean_facilities(raw, source, Ledger("facilities", "f.csv", 2), areas=areas)
      facility_id     kind  capacity area  longitude  latitude
    0           1  library       NaN    a        0.5       0.5
    """
    rows = sources.tidy(raw, source)
    if "facility_id" not in rows:
        rows["facility_id"] = [f"{source.named()}, row {i + 1}" for i in rows.index]
    if source.all_are:
        rows["kind"] = source.all_are
    rows, named = locate.placed(rows, raw, source)
    rows = ledger.set_aside(rows, {AGAIN: rows.duplicated()})
    _check_once(rows, source)
    rows["capacity"] = _capacity(rows, source, ledger)
    ledger.note(NO_KIND, rows["kind"].eq(""))
    rows = locate.set_aside_unlocated(
        rows, areas, ledger, crs=source.crs, decimal=source.decimal, columns=named
    )
    return rows[FACILITIES]


def together(frames: list[pd.DataFrame], ledgers: list[Ledger]) -> list[pd.DataFrame]:
    """Settle what several lists of places call alike: kinds, and ids.

    Parameters
    ----------
    frames
        As `clean_facilities` returns them, one for each file.
    ledgers
        Of the files, in the same order; written to.

    Returns
    -------
    list of DataFrame
        The same rows. Of spellings of a kind that differ in capitals and blanks, the
        most frequent of all files is used. An id that is in more than one file has
        the kind before it.

    Raises
    ------
    InputError
        If an id is still that of two places.

    Examples
    --------
    >>> columns = {"capacity": float("nan"), "area": "a", "longitude": 0.0}
    >>> one = pd.DataFrame({"facility_id": ["1"], "kind": ["Library"]})
    >>> two = pd.DataFrame({"facility_id": ["1"], "kind": ["Clinic"]})
    >>> ledgers = [Ledger("facilities", name, 1) for name in ("a.csv", "b.csv")]
    >>> found = together([one.assign(**columns), two.assign(**columns)], ledgers)
    >>> [frame["facility_id"].iloc[0] for frame in found]
    ['Library 1', 'Clinic 1']
    """
    if not frames:
        return []
    labels = pd.concat(frames)["kind"].value_counts().rename_axis("category")
    kinds = lookups.categories(labels.reset_index(name="rows"))
    usual = kinds.lookup.set_index("category")["kind"].map(dict(enumerate(kinds.kinds)))
    ids = pd.concat([frame["facility_id"].drop_duplicates() for frame in frames])
    shared = set(ids[ids.duplicated()])
    settled = []
    for frame, ledger in zip(frames, ledgers, strict=True):
        kind = frame["kind"].map(usual).astype("str")
        plain = frame["kind"].str.split().str.join(" ")
        ledger.note(RESPELLED, kind.ne(plain) & plain.ne(""))
        twin = frame["facility_id"].isin(shared)
        ledger.note(SHARED, twin)
        name = frame["facility_id"].mask(twin, kind + " " + frame["facility_id"])
        frame = frame.assign(facility_id=name, kind=kind)
        settled.append(frame.reset_index(drop=True))
    every = pd.concat(settled)["facility_id"]
    again = every[every.duplicated()].unique()
    if len(again):
        files = ", ".join(ledger.file for ledger in ledgers)
        raise InputError(
            f"{files}: {len(again)} id(s) of facilities are in more than one file, "
            f"first {again[0]!r}; leave facility_id out, or list each place once"
        )
    return settled


def _check_once(rows: pd.DataFrame, source: sources.Facilities) -> None:
    """Refuse an id of two places: what it costs to get there could be of either."""
    ids = rows["facility_id"]
    again = ids.ne("") & ids.duplicated(keep=False)
    if again.any():
        first = ", ".join(str(row + 1) for row in ids.index[again][:LISTED])
        raise InputError(
            f"{source.file}: column {source.columns['facility_id']}: "
            f"{ids[again].nunique()} id(s) are of several rows that differ, data rows "
            f"{first}; name another column, or leave facility_id out"
        )
    if ids.eq("").any():
        row = int(ids.index[ids.eq("")][0]) + 1
        raise InputError(
            f"{source.file}: column {source.columns['facility_id']}: "
            f"{int(ids.eq('').sum())} row(s) have no id, first data row {row}; fill "
            "them in, or leave facility_id out"
        )


def _capacity(
    rows: pd.DataFrame, source: sources.Facilities, ledger: Ledger
) -> pd.Series:
    """Read capacities, such as `1,200`; missing where there is none."""
    text = rows.get("capacity", pd.Series("", index=rows.index, dtype="str"))
    number = numbers.number(text, decimal=source.decimal)
    ledger.note(NO_CAPACITY, number.isna() & text.ne(""))
    ledger.note(NEGATIVE, number.lt(0))
    return number.where(number.ge(0))
