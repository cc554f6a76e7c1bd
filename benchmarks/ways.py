"""Three ways from requests to counts by area, type, quarter and days.

*Reading* is the least that any way can do: DuckDB takes every value of the columns
needed from the file, and combines their hashes, so that none can be skipped. *Ours* is
`reduce.requests`. The *analyst's notebook* is the pandas and geopandas that one would
write for the same question.
"""

from pathlib import Path

import duckdb
import geopandas as gpd
import pandas as pd

from benchmarks import city
from equity import race
from equity.prepare import reduce

COUNTS = ["area", "category", "period", "days"]
NEEDED = list(city.COLUMNS.values())


def reading(table: Path, places: Path) -> None:
    """Take every value of the columns needed from the file, by way of their hashes.

    Parameters
    ----------
    table
        Requests, Parquet or CSV. Of CSV every column is parsed, as text.
    places
        Not read.

    Examples
    --------
    >>> "created_date" in NEEDED
    True
    """
    source = f"read_parquet('{table}')"
    if table.suffix != ".parquet":
        source = f"read_csv('{table}', all_varchar=true)"
    sums = ", ".join(f"bit_xor(hash({name}))" for name in NEEDED)
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.execute(f"SELECT {sums} FROM {source}").fetchall()  # noqa: S608


def ours(table: Path, places: Path) -> pd.DataFrame:
    """Count requests with the suite.

    Parameters
    ----------
    table
        Requests, Parquet or CSV.
    places
        The tracts.

    Returns
    -------
    DataFrame
        Columns of `COUNTS`, `closed` and `censored`.

    Raises
    ------
    AssertionError
        If the counts are not those of the rows that the ledger calls used.

    Examples
    --------
    >>> COUNTS
    ['area', 'category', 'period', 'days']
    """
    reduced = reduce.requests(
        city.settings(table.name),
        folder=table.parent,
        areas=gpd.read_parquet(places),
        period=city.PERIOD,
        quarters=city.QUARTERS,
        standard=race.standard("omb1997"),
    )
    ledger = reduced.ledger.frame().set_index("action")["rows"]
    counted = reduced.counts[["closed", "censored"]].to_numpy().sum()
    assert counted == ledger["used"], (
        f"{table.name}: {counted:,} requests are counted, but the ledger says that "
        f"{ledger['used']:,} of {ledger['read']:,} rows are used"
    )
    return reduced.counts


def analyst(table: Path, places: Path) -> pd.DataFrame:
    """Count requests as a notebook would, with the same rules of cleaning.

    Parameters
    ----------
    table
        Requests, Parquet or CSV; only the columns needed are read.
    places
        The tracts.

    Returns
    -------
    DataFrame
        Columns of `COUNTS` (`period` as pandas has it), `closed` and `censored`.

    Examples
    --------
    >>> city.STATUSES["Pending"]
    'open'
    """
    if table.suffix == ".parquet":
        rows = pd.read_parquet(table, columns=NEEDED)
    else:
        rows = pd.read_csv(table, usecols=NEEDED, dtype={"unique_key": str})
    for name in ("created_date", "closed_date"):
        rows[name] = pd.to_datetime(rows[name], format=city.STAMP)
    rows = rows.drop_duplicates()
    rows = rows.sort_values("created_date").drop_duplicates("unique_key", keep="last")
    rows["opened"] = rows["created_date"].dt.normalize()
    rows["ended"] = rows["closed_date"].dt.normalize().fillna(city.LAST)
    meaning = rows["status"].map(city.STATUSES)
    rows["closed"] = (meaning == "closed").astype(int)
    rows["censored"] = (meaning == "open").astype(int)
    rows = rows[
        (meaning != "duplicate")
        & (rows["ended"] >= rows["opened"])
        & rows["opened"].between(city.FIRST, city.LAST)
    ].dropna(subset=["latitude", "longitude"])
    points = gpd.GeoDataFrame(
        rows,
        geometry=gpd.points_from_xy(rows["longitude"], rows["latitude"]),
        crs="EPSG:4326",
    )
    located = points.sjoin(gpd.read_parquet(places), predicate="within")
    located = located.assign(
        category=located["complaint_type"],
        period=located["opened"].dt.to_period("Q"),
        days=(located["ended"] - located["opened"]).dt.days,
    )
    return located.groupby(COUNTS)[["closed", "censored"]].sum().reset_index()


def agree(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Check that two answers are equal, group for group.

    Parameters
    ----------
    left, right
        Columns of `COUNTS`, `closed` and `censored`.

    Raises
    ------
    AssertionError
        Naming the totals of both and how many groups differ.

    Examples
    --------
    >>> one = pd.DataFrame({"area": ["a"], "category": ["c"], "period": ["2024Q4"],
    ...                     "days": [3], "closed": [1], "censored": [0]})
    >>> agree(one, one)
    >>> agree(one, one.assign(days=4))
    Traceback (most recent call last):
    AssertionError: the counts differ in 2 groups: ours has 1 closed and 0 open in 1
    groups, the analyst's notebook 1 closed and 0 open in 1 groups; first ('a', 'c',
    '2024Q4', 3)
    """
    tables = [plain(table) for table in (left, right)]
    both = tables[0].join(tables[1].add_suffix("_right"), how="outer").fillna(0)
    same = (both["closed"] == both["closed_right"]) & (
        both["censored"] == both["censored_right"]
    )
    (a, b), (c, d) = (table[["closed", "censored"]].sum() for table in tables)
    assert same.all(), (
        f"the counts differ in {(~same).sum():,} groups: ours has {a:,} closed and "
        f"{b:,} open in {len(tables[0]):,} groups, the analyst's notebook {c:,} closed "
        f"and {d:,} open in {len(tables[1]):,} groups; first "
        f"{tuple(_bare(key) for key in both.index[~same][0])}"
    )


def plain(counts: pd.DataFrame) -> pd.DataFrame:
    """Give an answer the index and the types in which answers are compared.

    Parameters
    ----------
    counts
        Columns of `COUNTS`, `closed` and `censored`.

    Returns
    -------
    DataFrame
        Whole numbers `closed` and `censored`, indexed and sorted by `COUNTS`.

    Examples
    --------
    >>> twice = pd.DataFrame({"area": ["a", "a"], "category": "c", "period": "2024Q4",
    ...                       "days": 3, "closed": 1, "censored": 0})
    >>> plain(twice)["closed"].to_list()
    [2]
    """
    kinds = {"area": "str", "category": "str", "period": "str", "days": "int64"}
    table = counts.astype(kinds).groupby(COUNTS)[["closed", "censored"]].sum()
    return table.astype("int64")


def _bare(key: object) -> object:
    return key.item() if hasattr(key, "item") else key
