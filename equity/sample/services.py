"""Service requests: who asks, how long they wait, and what the export does to it.

A resident of group g asks at rate r_g whichever tract they live in, and waits for a
whole number of days, the floor of a lognormal time that depends on the category and on
g. The export does not know the group: its rows have places, categories and dates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from equity import race
from equity.sample.city import DECIMALS, City, inside
from equity.sample.common import (
    LAST_DAY,
    RACES,
    Options,
    by_race,
    compared,
    divide,
    listed,
    plain,
    respell,
)

CATEGORIES = {  # share of requests, median days until closed
    "Missed collection": (0.20, 5),
    "Pothole": (0.18, 15),
    "Illegal dumping": (0.14, 13),
    "Street light out": (0.12, 18),
    "Graffiti": (0.10, 12),
    "Abandoned vehicle": (0.10, 25),
    "Tree trimming": (0.08, 45),
    "Sidewalk repair": (0.08, 60),
}
SPREAD = 0.85  # standard deviation of the logarithm of a waiting time
RATE = 0.042  # requests a White resident makes a year
RATE_RATIO = {  # against White
    race.AIAN: 0.85,
    race.ASIAN: 0.75,
    race.BLACK: 1.08,
    race.HISPANIC: 0.70,
    race.NHPI: 0.85,
    race.WHITE: 1.0,
    race.TWO_OR_MORE: 1.0,
    race.SOME_OTHER: 0.85,
}
WAIT_RATIO = {  # of median waiting times, against White
    race.AIAN: 1.30,
    race.ASIAN: 1.05,
    race.BLACK: 1.40,
    race.HISPANIC: 1.30,
    race.NHPI: 1.20,
    race.WHITE: 1.0,
    race.TWO_OR_MORE: 1.10,
    race.SOME_OTHER: 1.25,
}
SEASONS = (0.90, 1.05, 1.15, 0.90)  # of the year's mean, by quarter
DISPERSION = 100.0  # shape of the gamma factor, mean one, of a tract in a quarter
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
CANCELLED, DUPLICATED = 0.02, 0.03  # further rows, of the requests
REPEATED_ROWS, REPEATED_IDS = 36, 24  # at size 1
DEFAULT_POINT = (-21.88000, -38.09000)  # longitude, latitude: outside every tract
CHANNELS = {"Phone": 0.46, "App": 0.27, "Web": 0.22, "Walk-in": 0.05}
WITHIN = (7, 14, 30)  # days
COLUMNS = [
    *("Request ID", "Type", "Status", "Opened", "Closed", "Parent ID", "Channel"),
    *("Ward", "Latitude", "Longitude"),
]
WARD = 10  # tracts


@dataclass(frozen=True)
class Requests:
    """The export, the truth beneath it, and how many rows are messy.

    Attributes
    ----------
    rows
        The export as text.
    truth, messes
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> sorted(build(options, city.build(options)).messes)[0]
    'cancelled'
    """

    rows: pd.DataFrame
    truth: dict
    messes: dict


def rates(options: Options) -> np.ndarray:
    """Requests a resident makes a year, by group.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        One rate per group of `RACES`.

    Examples
    --------
    >>> set(rates(Options(service_gap=0)).tolist())
    {0.042}
    """
    return RATE * np.exp(options.service_gap * np.log(by_race(RATE_RATIO)))


def closed_by(options: Options, days: np.ndarray) -> np.ndarray:
    """Share of each group's requests closed within so many whole days.

    Parameters
    ----------
    options
        Of the city.
    days
        Whole days since the day of opening.

    Returns
    -------
    ndarray
        Groups of `RACES` by days.

    Examples
    --------
    >>> closed_by(Options(service_gap=0), np.array([14])).round(3)[0].tolist()
    [0.499]
    """
    shift = options.service_gap * np.log(by_race(WAIT_RATIO))
    shares = np.zeros((len(RACES), len(days)))
    for share, median in CATEGORIES.values():
        z = (np.log(days + 1.0)[None] - np.log(median) - shift[:, None]) / SPREAD
        shares += share * ndtr(z)
    return shares


def build(options: Options, town: City) -> Requests:
    """Draw the requests and export them the way cities do.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Requests
        Rows, truth and messes.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> build(options, city.build(options)).rows.columns[0]
    'Request ID'
    """
    real = _draw(options, town)
    rows, messes = _export(options, town, real)
    return Requests(rows, _truth(options, town), messes)


def _draw(options: Options, town: City) -> pd.DataFrame:
    """Draw true requests: tract, category, opening and closing day, whole days."""
    rng = options.rng("requests")
    tracts = np.arange(len(town.geoids))
    parts = []
    for quarter in options.periods():
        luck = rng.gamma(DISPERSION, 1 / DISPERSION, len(tracts))
        expected = town.residents * rates(options) * SEASONS[quarter.quarter - 1] / 4
        number = rng.poisson(expected * luck[:, None])
        tract = np.repeat(np.tile(tracts[:, None], len(RACES)), number.ravel())
        group = np.repeat(np.tile(np.arange(len(RACES)), len(tracts)), number.ravel())
        length = (quarter.end_time - quarter.start_time).days + 1
        opened = quarter.start_time + pd.to_timedelta(
            rng.integers(length, size=len(tract)), unit="D"
        )
        parts.append(pd.DataFrame({"tract": tract, "group": group, "opened": opened}))
    real = pd.concat(parts, ignore_index=True)
    shares = np.array([share for share, _ in CATEGORIES.values()])
    category = rng.choice(len(CATEGORIES), size=len(real), p=shares)
    median = np.array([median for _, median in CATEGORIES.values()])[category]
    shift = options.service_gap * np.log(by_race(WAIT_RATIO))[real["group"]]
    wait = np.exp(np.log(median) + shift + SPREAD * rng.normal(size=len(real)))
    points = np.empty((len(real), 2))
    for tract, polygon in enumerate(town.polygons):
        here = (real["tract"] == tract).to_numpy()
        points[here] = inside(polygon, here.sum(), rng)
    return real.assign(
        category=np.array(list(CATEGORIES))[category],
        closed=real["opened"] + pd.to_timedelta(np.floor(wait), unit="D"),
        channel=rng.choice(list(CHANNELS), size=len(real), p=list(CHANNELS.values())),
        lon=points[:, 0],
        lat=points[:, 1],
    )


def _export(
    options: Options, town: City, real: pd.DataFrame
) -> tuple[pd.DataFrame, dict]:
    """Add what is not a request, spoil what a real export spoils, write as text."""
    rng = options.rng("request messes")
    real = real.assign(dated=rng.choice(list(DATED), len(real), p=list(DATED.values())))
    real["status"] = np.where(real["closed"] <= LAST_DAY, "Closed", "Open")
    early = real["dated"] == "closed before opened"
    back = pd.to_timedelta(rng.integers(1, 30, early.sum()), unit="D")
    real.loc[early, "closed"] = real.loc[early, "opened"] - back
    real.loc[real["dated"] != "right", "status"] = "Closed"
    real.loc[(real["dated"] == "closed without date"), "closed"] = pd.NaT

    cancelled = _picked(real, CANCELLED, rng).assign(status="Cancelled")
    again = _picked(real, DUPLICATED, rng)
    again = again.assign(status=again["status"] + " - Duplicate", parent=again.index)
    for rows, most in [(cancelled, 10), (again, 6)]:
        late = pd.to_timedelta(rng.integers(0, most, len(rows)), unit="D")
        soon = pd.to_timedelta(rng.integers(0, most, len(rows)), unit="D")
        rows["opened"] = (rows["opened"] + late).clip(upper=LAST_DAY)
        rows["closed"] = (rows["opened"] + soon).clip(upper=LAST_DAY)

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


def _picked(real: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Copy a share of the requests, as a pattern for other rows."""
    return _some(real, share * len(real), rng)


def _some(rows: pd.DataFrame, number: float, rng: np.random.Generator) -> pd.DataFrame:
    """Copy some rows, in their order."""
    chosen = rng.choice(len(rows), min(round(number), len(rows)), replace=False)
    return rows.iloc[np.sort(chosen)].copy()


def _day(text: pd.Series) -> pd.Series:
    """Sort key of a written date."""
    return text.str[6:] + text.str[:5]


def _truth(options: Options, town: City) -> dict:
    """Work out, from the true residents, what the area-weighted measures estimate."""
    alive = town.residents[town.residents.sum(axis=1) > 0]
    total = alive.sum(axis=1)
    rate = rates(options)
    asked = alive * rate  # expected a year, by tract and asking group
    per_resident = COUNTED * asked.sum(axis=1) / total
    per_1000 = 1000 * divide(alive.T @ per_resident, alive.sum(axis=0))

    days = np.arange(2000)
    closed = closed_by(options, days)
    # Who lives beside whom: the group served is weighted by its share of each tract.
    beside = (alive / total[:, None]).T @ asked
    weighted = divide(beside @ closed, beside.sum(axis=1, keepdims=True))
    return {
        "period": "2025Q1 to 2025Q4; there is no trend, so of any whole year",
        "counted": "Requests are counted once, with a usable place and usable dates: "
        "status Open or Closed, not cancelled, not a duplicate, coordinates inside a "
        "tract, not closed before opened, not closed without a date. Places and dates "
        "are spoiled at random, so the expected count is the number of requests made "
        "times counted_share.",
        "counted_share": plain(COUNTED),
        "expected_counted": plain(COUNTED * asked.sum(), 1),
        "season_by_quarter": list(SEASONS),
        "overdispersion": "Counts are Poisson around their mean times a gamma factor "
        f"(mean 1, shape {DISPERSION:g}) of each tract in each quarter.",
        "person_level": {
            "definition": "What was planted: requests made per 1,000 residents of a "
            "group a year, counted or not, and the waiting time of the group's own "
            "requests. waiting_time_ratio is of median times within a category.",
            "requests_per_1000": compared(1000 * rate, digits=4),
            "waiting_time_ratio": listed(
                by_race(WAIT_RATIO) ** options.service_gap, digits=6
            ),
            "median_days": compared(_median(closed), digits=0),
            "median_moment": compared(_moment(closed)),
            **_within(closed),
        },
        "area_weighted": {
            "definition": "What measures by race of the residents served estimate, "
            "from true residents: the mean over tracts of expected counted requests "
            "per 1,000 residents a year, weighted by the group's residents; and the "
            "waiting times of all requests of a tract, each weighted by the group's "
            "share of the tract's residents. Nearer to parity than person_level, "
            "because groups share tracts.",
            "requests_per_1000": compared(per_1000, digits=4),
            "median_days": compared(_median(weighted), digits=0),
            "median_moment": compared(_moment(weighted)),
            **_within(weighted),
        },
        "days": "Whole days: date of closing minus date of opening. median_days is the "
        "first whole day by which half or more are closed; median_moment is the moment "
        "at which half are closed when the closings of day d are spread evenly from "
        "d - 0.5 to d + 0.5, and those of day 0 from 0 to 0.5. Requests that close "
        "after 2025-12-31 are still open in the file, and their waiting time is "
        "censored; these truths are of the uncensored times, the same in every period.",
        "categories": {
            name: {"share": share, "median_days_of_white": median}
            for name, (share, median) in CATEGORIES.items()
        },
    }


def _median(shares: np.ndarray) -> np.ndarray:
    """First day by which half are closed; rounded first, so that no ulp decides."""
    first = (shares.round(9) >= 0.5).argmax(axis=1)
    return np.where(np.isnan(shares[:, 0]), np.nan, first)


def _moment(shares: np.ndarray) -> np.ndarray:
    """Moment by which half are closed, each day's closings spread evenly about it."""
    days = np.arange(shares.shape[1])
    ends = np.append(0.0, days + 0.5)
    moments = [np.interp(0.5, np.append(0.0, row), ends) for row in shares]
    return np.where(np.isnan(shares[:, 0]), np.nan, moments)


def _within(shares: np.ndarray) -> dict:
    """Shares closed within a week, two weeks and a month."""
    return {f"closed_within_{day}_days": compared(shares[:, day]) for day in WITHIN}
