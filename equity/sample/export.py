"""The requests of the sample city as cities export them: with places, and a mess.

The export does not know the group: its rows have places, categories and dates.
"""

import numpy as np
import pandas as pd

from equity.sample.asking import CATEGORIES, CHANNELS
from equity.sample.city import DECIMALS, City, inside
from equity.sample.common import LAST_DAY, Options, respell

PLACED = {  # what becomes of a row's coordinates
    "right": 0.974,
    "missing": 0.012,
    "zero": 0.004,
    "default point": 0.006,
    "outside the city": 0.003,
    "exchanged": 0.001,
}
DATED = {"right": 0.9965, "closed before opened": 0.0015, "closed without date": 0.002}
COUNTED = PLACED["right"] * DATED["right"]
CANCELLED = 0.02  # further rows, of the requests
REPEATED_ROWS, REPEATED_IDS = 36, 24  # at size 1
DEFAULT_POINT = (-21.88000, -38.09000)  # longitude, latitude: outside every tract
COLUMNS = [
    *("Request ID", "Type", "Status", "Opened", "Closed", "Parent ID", "Channel"),
    *("Ward", "Latitude", "Longitude"),
]
WARD = 10  # tracts


def rows(
    real: pd.DataFrame,
    reports: pd.DataFrame,
    options: Options,
    town: City,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, dict]:
    """Add what is not a request, spoil what a real export spoils, write as text.

    Parameters
    ----------
    real, reports
        As `asking.draw` and `asking.further` give them.
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream of the places; the mess has its own.

    Returns
    -------
    tuple
        The export, and how many of its rows are messy.

    Examples
    --------
    >>> from equity.sample import asking, city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> town, rng = city.build(options), options.rng("requests")
    >>> real = asking.draw(options, town, rng)
    >>> reports = asking.further(real, options, town, rng)
    >>> found, messes = rows(real, reports, options, town, rng)
    >>> len(found) == messes["rows"], found.columns[0]
    (True, 'Request ID')
    """
    real = _dated(real, town, rng)
    again = real.iloc[reports["request"]].assign(opened=_date(reports["opened"]))
    rng = options.rng("request messes")
    real["dated"] = rng.choice(list(DATED), len(real), p=list(DATED.values()))
    real["status"] = np.where(real["closed"] <= LAST_DAY, "Closed", "Open")
    early = real["dated"] == "closed before opened"
    back = pd.to_timedelta(rng.integers(1, 30, early.sum()), unit="D")
    real.loc[early, "closed"] = real.loc[early, "opened"] - back
    real.loc[real["dated"] != "right", "status"] = "Closed"
    real.loc[(real["dated"] == "closed without date"), "closed"] = pd.NaT

    cancelled = _some(real, CANCELLED * len(real), rng).assign(status="Cancelled")
    late = pd.to_timedelta(rng.integers(0, 10, len(cancelled)), unit="D")
    cancelled["opened"] = (cancelled["opened"] + late).clip(upper=LAST_DAY)
    status = real["status"].iloc[reports["request"]] + " - Duplicate"
    again = again.assign(status=status.to_numpy(), parent=again.index)
    again["channel"] = rng.choice(list(CHANNELS), len(again), p=list(CHANNELS.values()))
    for added, most in [(cancelled, 10), (again, 6)]:
        soon = pd.to_timedelta(rng.integers(0, most, len(added)), unit="D")
        added["closed"] = (added["opened"] + soon).clip(upper=LAST_DAY)
    return _written(real, cancelled, again, options, rng)


def _date(days: pd.Series) -> np.ndarray:
    """Turn days since 1970 into dates."""
    return pd.Timestamp("1970-01-01") + pd.to_timedelta(days.to_numpy(), unit="D")


def _dated(real: pd.DataFrame, town: City, rng: np.random.Generator) -> pd.DataFrame:
    """Give requests names, dates and points."""
    points = np.empty((len(real), 2))
    for tract, polygon in enumerate(town.polygons):
        here = (real["tract"] == tract).to_numpy()
        points[here] = inside(polygon, here.sum(), rng)
    return real.assign(
        category=np.array(list(CATEGORIES))[real["category"]],
        channel=np.array(list(CHANNELS))[real["channel"]],
        closed=_date(real["opened"] + real["days"]),
        opened=_date(real["opened"]),
        lon=points[:, 0],
        lat=points[:, 1],
    )


def _written(
    real: pd.DataFrame,
    cancelled: pd.DataFrame,
    again: pd.DataFrame,
    options: Options,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, dict]:
    """Number all rows, write them as text, and spoil labels, places and rows."""
    rows = pd.concat([real, cancelled, again], keys=["real", "cancelled", "again"])
    rows = rows.sort_values("opened", kind="stable")
    year = rows["opened"].dt.year
    serial = rows.groupby(year).cumcount() + 1
    rows["id"] = year.map("{:d}-".format) + serial.map("{:06d}".format)
    parents = rows.loc["real", "id"]
    rows["parent"] = rows["parent"].map(parents).fillna("") if len(again) else ""

    spellings = {
        name: [name, name.upper(), name.lower(), f"{name} ", f" {name}"]
        for name in CATEGORIES
    }
    still_open = rows["status"].str.startswith("Open")
    text = pd.DataFrame(
        {
            "Request ID": rows["id"],
            "Type": respell(rows["category"].to_numpy(), spellings, rng, usual=0.96),
            "Status": rows["status"],
            "Opened": rows["opened"].dt.strftime("%m/%d/%Y"),
            "Closed": rows["closed"]
            .mask(still_open)
            .dt.strftime("%m/%d/%Y")
            .fillna(""),
            "Parent ID": rows["parent"],
            "Channel": rows["channel"],
            "Ward": (rows["tract"].astype(int) // WARD + 1).map("Ward {}".format),
        }
    )
    placed = rng.choice(list(PLACED), len(rows), p=list(PLACED.values()))
    text["Latitude"], text["Longitude"] = _coordinates(rows, placed)
    same = _some(text, REPEATED_ROWS * options.size, rng)
    older = _some(text[text["Status"] == "Closed"], REPEATED_IDS * options.size, rng)
    # An earlier export of the same requests, from before they were closed.
    older = older.assign(Status="Open", Closed="")
    table = pd.concat([text, same]).sort_values("Opened", key=_day, kind="stable")
    table = pd.concat([table, older])[COLUMNS].reset_index(drop=True)
    dated = rows.loc["real", "dated"].value_counts()
    put = pd.Series(placed).value_counts()
    return table, {
        "rows": len(table),
        "real_requests": len(real),
        "cancelled": len(cancelled),
        "duplicates_by_status": len(again),
        "rows_repeated_exactly": len(same),
        "ids_repeated_with_an_older_status": len(older),
        "closed_before_opened": int(dated.get("closed before opened", 0)),
        "closed_without_date": int(dated.get("closed without date", 0)),
        **{
            f"coordinates_{name.replace(' ', '_')}": int(put.get(name, 0))
            for name in list(PLACED)[1:]
        },
        "types_spelled_oddly": int((~text["Type"].isin(CATEGORIES)).sum()),
        "note": "Counts of odd types, dates and coordinates are from before rows and "
        "ids were repeated; odd dates are of real requests.",
    }


def _coordinates(rows: pd.DataFrame, placed: np.ndarray) -> tuple[pd.Series, pd.Series]:
    """Write coordinates as text, spoiled as `placed` says."""
    lat, lon = rows["lat"].copy(), rows["lon"].copy()
    lon[placed == "default point"], lat[placed == "default point"] = DEFAULT_POINT
    lat[placed == "outside the city"] += 0.3
    lat, lon = (column.map(f"{{:.{DECIMALS}f}}".format) for column in (lat, lon))
    missing, zero, turned = (
        placed == name for name in ("missing", "zero", "exchanged")
    )
    first, second = lat.where(~turned, lon), lon.where(~turned, lat)
    return tuple(column.mask(missing, "").mask(zero, "0") for column in (first, second))


def _some(rows: pd.DataFrame, number: float, rng: np.random.Generator) -> pd.DataFrame:
    """Copy some rows, in their order."""
    chosen = rng.choice(len(rows), min(round(number), len(rows)), replace=False)
    return rows.iloc[np.sort(chosen)].copy()


def _day(text: pd.Series) -> pd.Series:
    """Sort key of a written date."""
    return text.str[6:] + text.str[:5]
