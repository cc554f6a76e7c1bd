"""A made-up city the size of New York: its tracts, and requests by the million.

Nothing in it is real. Its table has the columns and the measure of New York's 311
export: requests of 200 types over ten years at 0.8 million addresses, most of which
ask more than once, in 2,166 tracts. `MESSES` says what is wrong with the rows. They are
made chunk by chunk, each from a random stream of its own, and lie in no order, so that
no engine gains from one.
"""

from pathlib import Path

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from tqdm import tqdm

from equity.prepare import sources

SEED = 311
TRACTS, ADDRESSES, TYPES = 2166, 800_000, 200
CHUNK = 250_000  # rows made, and written as one row group, at a time
FIRST, LAST = pd.Timestamp("2015-01-01"), pd.Timestamp("2024-12-31")
PERIOD, QUARTERS = "2024Q4", 40
BOX = (-74.25, 40.50, -73.70, 40.91)  # degrees: west, south, east, north
PLACES = 7  # decimals of a degree, in the requests and in the tracts
STAMP = "%m/%d/%Y %I:%M:%S %p"  # how the CSV file writes a moment
MESSES = {  # share of the rows
    "the same row again": 0.002,
    "a request number seen before": 0.005,
    "duplicate": 0.04,
    "open": 0.03,
    "closed before opened": 0.01,
    "no coordinates": 0.02,
    "far outside": 0.003,
}
STATUSES = {
    "Closed": "closed",
    "Open": "open",
    "In Progress": "open",
    "Pending": "open",
    "Closed - Duplicate": "duplicate",
}
COLUMNS = {
    "request_id": "unique_key",
    "opened": "created_date",
    "closed": "closed_date",
    "category": "complaint_type",
    "status": "status",
    "latitude": "latitude",
    "longitude": "longitude",
}
SCHEMA = pa.schema(
    [
        ("unique_key", pa.string()),
        ("created_date", pa.timestamp("us")),
        ("closed_date", pa.timestamp("us")),
        ("agency", pa.string()),
        ("complaint_type", pa.string()),
        ("descriptor", pa.string()),
        ("incident_zip", pa.string()),
        ("incident_address", pa.string()),
        ("borough", pa.string()),
        ("status", pa.string()),
        ("resolution_description", pa.string()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
    ]
)
SEASONS = (0.88, 1.00, 1.14, 0.98)  # of the year's mean, by quarter
GROWTH = 0.05  # a year
AGENCIES = ("BUILD", "FIRE", "HEALTH", "HOUSE", "PARKS", "POLICE", "ROADS", "WASTE")
BOROUGHS = ("BRONX", "BROOKLYN", "MANHATTAN", "QUEENS", "STATEN ISLAND")
STREETS = ("STREET", "AVENUE", "PLACE", "ROAD", "BOULEVARD", "COURT", "DRIVE")


def settings(file: str) -> sources.Requests:
    """Say what the requests mean, as a `sources.yaml` would.

    Parameters
    ----------
    file
        Name of the file.

    Returns
    -------
    Requests
        Of Parquet (typed moments) and CSV (text) alike.

    Examples
    --------
    >>> settings("requests_2000.parquet").columns["opened"]
    'created_date'
    """
    return sources.Requests(
        file=file,
        columns=COLUMNS,
        date_format=STAMP,
        data_until=str(LAST.date()),
        statuses=STATUSES,
    )


def tracts() -> gpd.GeoDataFrame:
    """Make the tracts: cells about random centres, with winding common borders.

    Returns
    -------
    GeoDataFrame
        Columns `area` (text of 11 digits) and `geometry` in degrees (WGS 84), about
        60 vertices a tract, without gaps or overlaps.

    Examples
    --------
    >>> made = tracts()
    >>> len(made), made["area"].iloc[0], bool(made.is_valid.all())
    (2166, '36000000001', True)
    """
    cells = shapely.voronoi_polygons(
        shapely.multipoints(_centres()), extend_to=shapely.box(*BOX)
    )
    cells = shapely.intersection(shapely.get_parts(cells), shapely.box(*BOX))
    geometry = shapely.transform(shapely.segmentize(cells, 0.0006), _wind)
    names = [f"36{number:09}" for number in range(1, TRACTS + 1)]
    return gpd.GeoDataFrame({"area": names}, geometry=geometry, crs=4326)


def make(rows: int, folder: Path, *, progress: bool = True) -> tuple[Path, Path]:
    """Write requests as Parquet and the tracts as GeoParquet, unless they are there.

    Parameters
    ----------
    rows
        How many requests.
    folder
        Where to.
    progress
        Whether to show a bar.

    Returns
    -------
    tuple of Path
        `requests_{rows}.parquet` and `tracts.parquet`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table, _ = make(2000, Path(folder), progress=False)
    ...     len(pd.read_parquet(table)), table.name
    (2000, 'requests_2000.parquet')
    """
    folder.mkdir(parents=True, exist_ok=True)
    places, table = folder / "tracts.parquet", folder / f"requests_{rows}.parquet"
    if not places.is_file():
        tracts().to_parquet(places)
    if table.is_file():
        return table, places
    beside = table.with_suffix(".part")
    addresses = _addresses()
    with tqdm(total=rows, desc=f"Making {table.name}", disable=not progress) as bar:
        writer = None
        for start in range(0, rows, CHUNK):
            chunk = _requests(start, min(CHUNK, rows - start), addresses)
            batch = pa.Table.from_pandas(chunk, preserve_index=False)
            writer = writer or pq.ParquetWriter(beside, SCHEMA)
            writer.write_table(batch.cast(SCHEMA))
            bar.update(len(chunk))
        writer.close()
    beside.rename(table)
    return table, places


def make_csv(table: Path) -> Path:
    """Write the same requests as CSV, moments as text, unless they are there.

    Parameters
    ----------
    table
        As `make` wrote it.

    Returns
    -------
    Path
        Beside the table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table, _ = make(2000, Path(folder), progress=False)
    ...     pd.read_csv(make_csv(table))["created_date"].iloc[0]
    '06/03/2018 12:17:01 PM'
    """
    file = table.with_suffix(".csv")
    if not file.is_file():
        beside = table.with_suffix(".part")
        form = f"FORMAT csv, HEADER, TIMESTAMPFORMAT '{STAMP}'"
        with duckdb.connect() as engine:
            engine.execute("SET enable_progress_bar = false")
            engine.execute(f"COPY (FROM '{table}') TO '{beside}' ({form})")
        beside.rename(file)
    return file


def _centres() -> np.ndarray:
    """Points about which the tracts lie: denser toward the middle."""
    rng = np.random.default_rng([SEED, 1])
    west, south, east, north = BOX
    draws = rng.beta(1.6, 1.6, size=(TRACTS, 2))
    return draws * (east - west, north - south) + (west, south)


def _wind(points: np.ndarray) -> np.ndarray:
    """Move points along smooth waves, so that straight borders wind."""
    x, y = points.T
    waves = [np.sin(4000 * y + 900 * x), np.sin(4400 * x - 700 * y)]
    return (points + 0.0001 * np.transpose(waves)).round(PLACES)


def _addresses() -> pd.DataFrame:
    """Every address of the city: a point and the words that go with it."""
    rng = np.random.default_rng([SEED, 2])
    centre = rng.integers(TRACTS, size=ADDRESSES)
    points = _centres()[centre] + rng.normal(0, 0.003, size=(ADDRESSES, 2))
    far = rng.random(ADDRESSES) < MESSES["far outside"]
    points = (points + 1.5 * far[:, None]).round(PLACES)
    house, street = rng.integers(1, 3000, ADDRESSES), rng.integers(1, 250, ADDRESSES)
    kind = np.array(STREETS, dtype=object)[rng.integers(len(STREETS), size=ADDRESSES)]
    return pd.DataFrame(
        {
            "incident_zip": (10001 + centre // 12).astype(str),
            "incident_address": [
                f"{number} {way} {name}"
                for number, way, name in zip(house, street, kind, strict=True)
            ],
            "borough": pd.Categorical.from_codes(centre % 5, BOROUGHS),
            "latitude": points[:, 1],
            "longitude": points[:, 0],
        }
    )


def _types() -> tuple[pd.DataFrame, np.ndarray]:
    """Types of request with their median days, and the share of each."""
    rng = np.random.default_rng([SEED, 3])
    number = np.arange(1, TYPES + 1)
    names = [f"Complaint type {n:03}" for n in number]
    median = np.exp(rng.normal(np.log(0.9), 1.6, TYPES))
    return pd.DataFrame({"name": names, "median": median}), _shares(1 / number)


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _requests(start: int, rows: int, addresses: pd.DataFrame) -> pd.DataFrame:
    """Make the requests from one number on; those repeated come last."""
    rng = np.random.default_rng([SEED, 4, start])
    again, later = (
        round(rows * MESSES[name])
        for name in ("the same row again", "a request number seen before")
    )
    fresh = _fresh(rng, start, rows - again - later, addresses)
    finished = fresh.index[fresh["closed_date"] < LAST - pd.Timedelta("10D")]
    picked = rng.choice(finished, size=min(again + later, len(finished)), replace=False)
    moved = fresh.loc[picked[again:]].copy()
    days = pd.to_timedelta(rng.integers(1, 10, len(moved)), unit="D")
    for name in ("created_date", "closed_date"):  # the number's later state
        moved[name] += days
    return pd.concat([fresh, fresh.loc[picked[:again]], moved], ignore_index=True)


def _fresh(
    rng: np.random.Generator, start: int, rows: int, addresses: pd.DataFrame
) -> pd.DataFrame:
    """Make requests that are not repeated."""
    days = pd.date_range(FIRST, LAST)
    yearly = 1 + GROWTH * np.arange(len(days)) / 365.25
    daily = _shares(yearly * np.array(SEASONS)[days.quarter - 1])
    types, shares = _types()
    kind = rng.choice(TYPES, size=rows, p=shares)
    opened = days[rng.choice(len(days), size=rows, p=daily)] + _seconds(
        rng.triangular(0, 13, 24, rows) * 3600
    )
    taken = types["median"].to_numpy()[kind] * np.exp(rng.normal(0, 1.4, rows))
    taken = np.minimum(taken, 3000.0) * 86400
    draw = rng.random(rows)
    early = draw < MESSES["closed before opened"]
    taken = np.where(early, -rng.integers(1, 30, rows) * 86400.0, taken)
    closed = opened + _seconds(taken)
    waiting = (draw > 1 - MESSES["open"]) | (closed > LAST)
    twin = ~waiting & (rng.random(rows) < MESSES["duplicate"])
    waits = np.array(["Open", "In Progress", "Pending"])[rng.integers(3, size=rows)]
    status = np.select([waiting, twin], [waits, "Closed - Duplicate"], "Closed")
    # Address k is drawn in proportion to k ** -0.6, about: the first few very often.
    place = (ADDRESSES * rng.random(rows) ** 2.5).astype(int)
    lost = rng.random(rows) < MESSES["no coordinates"]
    where = addresses.iloc[place].reset_index(drop=True)
    where.loc[lost, ["latitude", "longitude"]] = np.nan
    descriptor = pd.Categorical.from_codes(
        (kind * 5 + rng.integers(5, size=rows)).astype("int16"),
        [f"Descriptor {n} of the request" for n in range(5 * TYPES)],
    )
    return pd.DataFrame(
        {
            "unique_key": _keys(start, rows),
            "created_date": opened.as_unit("us"),
            "closed_date": closed.as_unit("us").where(~waiting),
            "agency": pd.Categorical.from_codes(
                kind % 12, [f"A{n}" for n in range(12)]
            ),
            "complaint_type": pd.Categorical.from_codes(kind, types["name"]),
            "descriptor": descriptor,
            **where[["incident_zip", "incident_address", "borough"]],
            "status": pd.Categorical(status, categories=list(STATUSES)),
            "resolution_description": "The agency looked into it and found no more.",
            **where[["latitude", "longitude"]],
        }
    )


def _seconds(numbers: np.ndarray) -> pd.TimedeltaIndex:
    return pd.to_timedelta(numbers.astype("int64"), unit="s")


def _keys(start: int, rows: int) -> np.ndarray:
    """Number requests by eight digits each, all different and in no order."""
    numbers = np.arange(start, start + rows, dtype="int64")
    prime = 89_999_999
    return (10_000_000 + numbers * 48_271 % prime).astype(str)
