"""Lookups: labels and places of requests, each different one read once.

A *lookup* is a small table that an engine joins to the rows: the columns of the rows,
as they are in the file, and numbers that stand for what was read.
"""

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError
from equity.prepare import coordinates, locate, sources

STATES = {"closed": 0, "open": 1, "duplicate": 2, "cancelled": 3}
NOT_OURS = "its area is not one of the city's"
UNNAMED = "Not recorded"
BOTH = ["latitude", "longitude"]


@dataclass(frozen=True)
class Labels:
    """The categories or channels of a file, one for all spellings of each.

    Attributes
    ----------
    lookup
        Of categories: columns `category` (as in the file), `label` (its row here) and
        `kind` (its number).
    kinds
        Their names, in the order of their numbers.
    respelled, blank
        Which labels were spelled otherwise, or not at all; on the index of `lookup`.
    """

    lookup: pd.DataFrame
    kinds: list[str]
    respelled: pd.Series
    blank: pd.Series


@dataclass(frozen=True)
class Places:
    """The areas of the different places of a file.

    Attributes
    ----------
    lookup
        The columns that say the place, `ward` (number of the area, or missing where
        there is none), `problem` (from 1; 0 where there is an area), and `crowded`
        and `nobody` (1 where that is to be noted).
    wards
        Names of the areas, in the order of their numbers.
    problems
        What can be wrong, in the order of their numbers.
    missing
        The number of what is wrong with a place that is not in the lookup.
    """

    lookup: pd.DataFrame
    wards: list[str]
    problems: list[str]
    missing: int = 1


def statuses(found: pd.DataFrame, source: sources.Requests) -> pd.DataFrame:
    """Give each status its declared meaning; a stranger is an error.

    Parameters
    ----------
    found
        Columns `status` and `rows`: every different one.
    source
        What the file means.

    Returns
    -------
    DataFrame
        Columns `status` and `state`, a number of `STATES`.

    Raises
    ------
    InputError
        If a status is not declared, with its count.

    Examples
    --------
    >>> source = sources.Requests(file="r.csv", data_until="2025-12-31",
    ...     statuses={"Done": "closed"},
    ...     columns={"opened": "o", "closed": "c", "status": "s", "area": "a"})
    >>> statuses(pd.DataFrame({"status": [" DONE"], "rows": [1]}), source)
      status  state
    0   DONE      0
    """
    known = {key.strip().casefold(): value for key, value in source.statuses.items()}
    labels = found["status"].str.strip()
    keys = labels.str.casefold()
    strange = ~keys.isin(list(known))
    strangers = found["rows"][strange].groupby(labels[strange]).sum()
    if len(strangers):
        strangers = strangers.sort_values(ascending=False, kind="stable")
        raise InputError(
            f"{source.named()}: column {source.columns['status']}: statuses not "
            f"declared{race.listed(strangers)}; add each under 'statuses' in "
            "sources.yaml"
        )
    return found[["status"]].assign(state=keys.map(known).map(STATES).astype("int8"))


def categories(found: pd.DataFrame) -> Labels:
    """Give every spelling of a category its most frequent one.

    Parameters
    ----------
    found
        Columns `category` and `rows`: every different one. Of spellings equally
        frequent the first in the order of text is used.

    Returns
    -------
    Labels
        Of the whole file.

    Examples
    --------
    >>> found = pd.DataFrame({"category": ["POTHOLE", "Pothole"], "rows": [1, 5]})
    >>> categories(found).kinds
    ['Pothole']
    """
    found = found.sort_values("category", ignore_index=True)
    name, respelled, blank = _usual(found, "category")
    kinds = sorted(set(name))
    lookup = found[["category"]].assign(
        label=np.arange(len(found), dtype="int32"),
        kind=pd.Index(kinds).get_indexer(name).astype("int32"),
    )
    return Labels(lookup, kinds, respelled, blank)


def channels(found: pd.DataFrame) -> Labels:
    """Give every spelling of a channel its most frequent one.

    Parameters
    ----------
    found
        Columns `channel` and `rows`: every different one.

    Returns
    -------
    Labels
        Of the whole file; columns `channel`, `route` (its row) and `way`.

    Examples
    --------
    >>> found = pd.DataFrame({"channel": ["App", "", "APP "], "rows": [5, 2, 1]})
    >>> channels(found).kinds
    ['App', 'Not recorded']
    """
    found = found.sort_values("channel", ignore_index=True)
    name, respelled, blank = _usual(found, "channel")
    ways = sorted(set(name))
    lookup = found[["channel"]].assign(
        route=np.arange(len(found), dtype="int16"),
        way=pd.Index(ways).get_indexer(name).astype("int16"),
    )
    return Labels(lookup, ways, respelled, blank)


def _usual(found: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Name each label by its usual spelling; say which were respelled, or blank."""
    text = found[column].str.split().str.join(" ")
    key = text.str.casefold()
    often = found["rows"].groupby([key, text]).sum().rename_axis(["key", "text"])
    often = often.reset_index().sort_values(["rows", "text"], ascending=[False, True])
    usual = often.drop_duplicates("key").set_index("key")["text"]
    name = key.map(usual)
    blank = text.eq("")
    return name.mask(blank, UNNAMED), name.ne(text), blank


def districts(found: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Number the city's own names for where rows come from.

    Parameters
    ----------
    found
        A column `district`: every different one.

    Returns
    -------
    tuple
        Columns `district` and `part` (its number), and the names.

    Examples
    --------
    >>> districts(pd.DataFrame({"district": ["Ward  2", "Ward 2 "]}))[1]
    ['Ward 2']
    """
    text = found["district"].str.split().str.join(" ")
    names = sorted(set(text))
    number = pd.Index(names).get_indexer(text).astype("int32")
    return found[["district"]].assign(part=number), names


def areas(
    found: pd.DataFrame, places: gpd.GeoDataFrame, uninhabited: Collection[str]
) -> Places:
    """Number the areas that a column names.

    Parameters
    ----------
    found
        A column `area`: every different one.
    places
        The areas of the city; without any, every name is one.
    uninhabited
        Areas where nobody lives.

    Returns
    -------
    Places
        Of the whole file.

    Examples
    --------
    >>> none = gpd.GeoDataFrame({"area": []}, geometry=[], crs=4326)
    >>> areas(pd.DataFrame({"area": ["01", ""]}), none, []).lookup["problem"].to_list()
    [0, 1]
    """
    name = found["area"].str.strip()
    wards = sorted(places["area"].astype("str")) or sorted(set(name) - {""})
    problem = pd.Series(NOT_OURS, found.index)
    return _numbered(found[["area"]], name, problem, wards, [NOT_OURS], uninhabited)


def points(
    found: pd.DataFrame,
    source: sources.Requests,
    places: gpd.GeoDataFrame,
    uninhabited: Collection[str],
) -> Places:
    """Find the area of every different pair of coordinates.

    Parameters
    ----------
    found
        Columns `latitude`, `longitude` (numbers or text) and `rows`.
    source
        What the file means.
    places
        The areas of the city.
    uninhabited
        Areas where nobody lives.

    Returns
    -------
    Places
        Of the whole file. Pairs of which a number is missing are not in the lookup.

    Raises
    ------
    InputError
        As `locate.judge` does.

    Examples
    --------
    >>> BOTH
    ['latitude', 'longitude']
    """
    columns = dict.fromkeys(source.columns[name] for name in BOTH)
    judged = locate.judge(
        *(found[name] for name in BOTH),
        places,
        weights=found["rows"],
        crs=source.crs,
        decimal=source.decimal,
        where=f"{source.named()}: columns {', '.join(columns)}",
    )
    wards, problems = sorted(places["area"].astype("str")), list(locate.PROBLEMS)
    made = _numbered(
        *(found[BOTH], judged["area"], judged["problem"], wards, problems, uninhabited)
    )
    crowded = judged["note"].eq(locate.CROWDED).to_numpy()
    lookup = made.lookup.assign(crowded=crowded.astype("int8"))
    missing = problems.index(locate.MISSING) + 1
    return Places(lookup.dropna(subset=BOTH), wards, problems, missing)


def spots(found: pd.DataFrame, source: sources.Requests) -> pd.DataFrame:
    """Number the different places, equal to seven decimals of a degree.

    Parameters
    ----------
    found
        Columns `latitude` and `longitude`.
    source
        What the file means.

    Returns
    -------
    DataFrame
        Columns `latitude`, `longitude` and `spot`, of those that are numbers.

    Examples
    --------
    >>> source = sources.Requests(file="r.csv", data_until="2025-12-31", columns={
    ...     "opened": "o", "closed": "c", "latitude": "y", "longitude": "x"})
    >>> found = pd.DataFrame({"latitude": ["1", "1.0", ""], "longitude": "2"})
    >>> spots(found, source)["spot"].to_list()
    [0, 0]
    """
    read = coordinates.numbers(*(found[n] for n in BOTH), decimal=source.decimal)
    good = read["problem"].eq("").to_numpy()
    near = read.loc[good, ["y", "x"]].round(locate.PLACES)
    number = near.groupby(["y", "x"]).ngroup().astype("int32")
    return found.loc[good, BOTH].assign(spot=number)


def _numbered(
    lookup: pd.DataFrame,
    area: pd.Series,
    problem: pd.Series,
    wards: list[str],
    problems: list[str],
    uninhabited: Collection[str],
) -> Places:
    ward = pd.Index(wards, dtype="str").get_indexer(area)
    number = pd.Index(problems).get_indexer(problem) + 1
    there = ward >= 0
    lookup = lookup.assign(
        ward=ward.astype("int32"),
        problem=np.where(there, 0, number).astype("int16"),
        crowded=np.zeros(len(lookup), dtype="int8"),
        nobody=(there & area.isin(list(uninhabited)).to_numpy()).astype("int8"),
    )
    return Places(lookup, wards, problems)
