"""Blocks: where in an area people live, as far as a count of small places tells.

A *block* is the smallest place for which residents are counted. Here it is one point
with a number of people: enough to say where the middle of an area's residents is, and
on which side of a district's border they live.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from equity.errors import InputError
from equity.prepare import coordinates, locate, marks, numbers, shapes, sources
from equity.prepare.quality import Ledger

BLOCKS = ["area", "longitude", "latitude", "population"]
MIDDLE = "from the middle of the area"
HOMES = "from the middle of the area's residents"


def clean_blocks(
    raw: pd.DataFrame,
    source: sources.Blocks,
    ledger: Ledger,
    *,
    areas: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Turn a raw list of blocks into points with residents.

    Parameters
    ----------
    raw
        As read by `read.table`, or by `read.places` for a file of shapes, of which
        a point inside counts.
    source
        What the file means.
    ledger
        Written to: blocks without a place, or outside every area.
    areas
        The areas of the city.

    Returns
    -------
    DataFrame
        Columns of `BLOCKS`; points are degrees (WGS 84).

    Raises
    ------
    InputError
        If a block is there twice, or residents are not a count; or as `locate.judge`
        does.

    Examples
    --------
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)],
    ...                          crs=4326)
    >>> source = sources.Blocks(file="b.csv", columns={"population": "N",
    ...                         "latitude": "Y", "longitude": "X"})
    >>> raw = pd.DataFrame({"N": ["30", "0"], "Y": ["0.5", "9"], "X": ["0.5", "0.5"]})
    >>> clean_blocks(raw, source, Ledger("blocks", "b.csv", 2), areas=areas)
      area  longitude  latitude  population
    0    a        0.5       0.5          30
    """
    rows = sources.tidy(raw, source)
    if "block" in rows:
        again = rows["block"].duplicated()
        if again.any():
            raise InputError(
                f"{source.file}: column {source.columns['block']}: {int(again.sum())} "
                "block(s) are listed more than once, first data row "
                f"{int(rows.index[again][0]) + 1}"
            )
    people = numbers.count(rows["population"], decimal=source.decimal)
    marks.refuse(
        people.isna(),
        column=source.columns["population"],
        file=source.file,
        wanted="counts of residents",
        then="a block of nobody has a 0",
    )
    rows["population"] = people.astype("int64")
    rows, named = locate.placed(rows, raw, source)
    rows = locate.set_aside_unlocated(
        rows, areas, ledger, crs=source.crs, decimal=source.decimal, columns=named
    )
    return rows[BLOCKS]


def centres(
    areas: gpd.GeoDataFrame, blocks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Find the middle of each area, or of its residents where blocks say where.

    Parameters
    ----------
    areas
        Columns `area` and `geometry`.
    blocks
        As `clean_blocks` returns them.

    Returns
    -------
    DataFrame
        One row per area, in their order: `area`, `longitude`, `latitude` (degrees),
        and `how`: `HOMES` where a block of the area has residents, else `MIDDLE`.

    Notes
    -----
    The middle is the centre of mass or, where that lies outside the shape (a crescent
    along a shore), a point inside. That of residents is the mean of their blocks'
    points, and may lie outside the shape.

    Examples
    --------
    >>> areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[shapely.box(0, 0, 2, 2)],
    ...                          crs=4326)
    >>> blocks = pd.DataFrame({"area": ["a", "a"], "longitude": [0.5, 1.5],
    ...                        "latitude": [1.0, 1.0], "population": [30, 10]})
    >>> centres(areas, blocks)[["longitude", "latitude"]].round(2)
       longitude  latitude
    0       0.75       1.0
    """
    system = shapes.local(areas, keeps="surface")
    flat = areas.geometry.to_crs(system)
    middle = flat.centroid
    outside = ~shapely.covers(flat.to_numpy(), middle.to_numpy())
    inside = flat.representative_point()
    x, y = (
        np.where(outside, inside_, middle_)
        for inside_, middle_ in ((inside.x, middle.x), (inside.y, middle.y))
    )
    found = pd.DataFrame({"area": areas["area"].to_numpy(), "x": x, "y": y})
    found["how"] = MIDDLE
    if blocks is not None and len(blocks):
        found = _of_homes(found, blocks, system)
    lon, lat = coordinates.transformed(
        found["x"].to_numpy(), found["y"].to_numpy(), ours=system, theirs=locate.DEGREES
    )
    degrees = found.assign(longitude=lon, latitude=lat)
    return degrees[["area", "longitude", "latitude", "how"]]


def _of_homes(found: pd.DataFrame, blocks: pd.DataFrame, system) -> pd.DataFrame:
    """Move the middle of each area to that of its residents."""
    x, y = coordinates.transformed(
        blocks["longitude"].to_numpy(),
        blocks["latitude"].to_numpy(),
        ours=locate.DEGREES,
        theirs=system,
    )
    people = blocks["population"].to_numpy(float)
    sums = pd.DataFrame({"n": people, "x": people * x, "y": people * y})
    sums = sums.groupby(blocks["area"].to_numpy()).sum()
    sums = sums[sums["n"] > 0]
    mean = sums[["x", "y"]].div(sums["n"], axis=0).reindex(found["area"])
    known = mean["x"].notna().to_numpy()
    return found.assign(
        x=np.where(known, mean["x"], found["x"]),
        y=np.where(known, mean["y"], found["y"]),
        how=np.where(known, HOMES, found["how"]),
    )
