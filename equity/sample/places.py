"""The invented city's public places: where they were put, and the way there.

Places are drawn: each independently into a tract, by a chance that depends on who lives
there. Without a gap it is the tract's share of the residents, so that the places lie
among all groups alike but for luck. With one, residents of some groups count for less.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from equity import race
from equity.sample.city import DECIMALS, City, inside
from equity.sample.common import RACES, Options, by_race, divide, listed, plain
from equity.sample.homes import Homes

PLACES = {  # kind: how many, capacity from, to, its unit
    "Library": (10, 40, 220, "seats"),
    "Clinic": (7, 6, 30, "exam rooms"),
    "Park": (8, 3, 90, "acres"),
}
COUNTS_AS = {  # of a resident, when a tract is chosen; White is 1. Parks have no gap.
    "Library": {
        **{race.AIAN: 0.5, race.ASIAN: 0.9, race.BLACK: 0.1, race.HISPANIC: 0.3},
        **{race.NHPI: 0.5, race.TWO_OR_MORE: 0.8, race.SOME_OTHER: 0.5},
    },
    "Clinic": {
        **{race.AIAN: 0.4, race.ASIAN: 0.9, race.BLACK: 0.25, race.HISPANIC: 0.1},
        **{race.NHPI: 0.5, race.TWO_OR_MORE: 0.8, race.SOME_OTHER: 0.5},
    },
}
NAMES = (
    *("Alderwick", "Brackenlow", "Corrowmere", "Dunfathom", "Eastermoot"),
    *("Fallowby", "Gorsecombe", "Hollinfield", "Inglemarsh", "Jessamoor"),
)
UNPLACED, UNSIZED = 4, 12  # rows of the export without a location, and a capacity
MESSES = {
    "facilities": sum(number for number, *_ in PLACES.values()),
    "without_location": 1,
    "without_capacity": 1,
    "spellings_of_type": 9,
}
BY_BUS = ("Library", "Clinic")  # kinds that the routing tool was asked for
WAIT, PER_KM, DETOUR = 4.0, 4.5, 0.12  # minutes, minutes, and their spread (log)
NO_ROUTE = 0.02  # of the pairs
CLOSED = "L99"  # a library that the routing tool still knows
WITHIN = 15  # minutes
KM = 111.32  # of a degree of latitude


def chances(options: Options, town: City, kind: str) -> np.ndarray:
    """Chance of each tract to be given a place.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    kind
        One of `PLACES`.

    Returns
    -------
    ndarray
        One proportion per tract; 0 where nobody lives.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1, service_gap=0)
    >>> town = city.build(options)
    >>> share = town.residents.sum(axis=1) / town.residents.sum()
    >>> bool(np.allclose(chances(options, town, "Library"), share))
    True
    """
    ratio = by_race(dict.fromkeys(RACES, 1.0) | COUNTS_AS.get(kind, {}))
    weight = town.residents @ np.exp(options.service_gap * np.log(ratio))
    return weight / weight.sum()


def around(options: Options, town: City, kind: str) -> np.ndarray:
    """Expected share of each group among the residents of a place's tract.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    kind
        One of `PLACES`.

    Returns
    -------
    ndarray
        One proportion per group of `RACES`: over all the ways in which the places
        could have been drawn, also when they are weighted by their capacity.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1, service_gap=0)
    >>> town = city.build(options)
    >>> bool(np.allclose(around(options, town, "Park"), town.shares))
    True
    """
    share = divide(town.residents, town.residents.sum(axis=1, keepdims=True))
    return chances(options, town, kind) @ np.nan_to_num(share)


def place(
    options: Options, town: City, rng: np.random.Generator, *, times: int = 1
) -> pd.DataFrame:
    """Draw where the public places are, straight to the tidy table.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream; another state of it puts as many places elsewhere.
    times
        So many times the usual number of places.

    Returns
    -------
    DataFrame
        Tidy `facilities`: `facility_id, kind, capacity, area, longitude, latitude`.
        The last park lies in the tract where nobody lives, always.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> drawn = place(options, city.build(options), np.random.default_rng(1))
    >>> drawn["kind"].value_counts().to_dict()
    {'Library': 10, 'Park': 8, 'Clinic': 7}
    """
    parts = []
    for kind, (number, least, most, _) in PLACES.items():
        number *= times
        tracts = rng.choice(
            len(town.polygons), size=number, p=chances(options, town, kind)
        )
        if kind == "Park":
            tracts[-1] = len(town.polygons) - 1
        points = np.array([inside(town.polygons[t], 1, rng)[0] for t in tracts])
        found = {
            "facility_id": [f"{kind[0]}{i + 1:02d}" for i in range(number)],
            "kind": kind,
            "capacity": rng.integers(least, most, number).astype(float),
            "area": town.geoids[tracts],
            "longitude": points[:, 0],
            "latitude": points[:, 1],
        }
        parts.append(pd.DataFrame(found))
    return pd.concat(parts, ignore_index=True)


def ride(
    town: City, homes: Homes, sites: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Ride the bus from each tract to each place, straight to the tidy table.

    Parameters
    ----------
    town
        The city as it truly is.
    homes
        Its homes; rides start in the middle of a tract's residents.
    sites
        As `place` draws them.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        Tidy `costs` of the kinds in `BY_BUS`: `area, facility_id, cost` (minutes, to a
        tenth; infinite where there is no route), `unit` and `how`.

    Examples
    --------
    >>> from equity.sample import city, homes
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> sites = place(options, town, np.random.default_rng(1))
    >>> len(ride(town, homes.build(options, town), sites, np.random.default_rng(1)))
    204
    """
    sites = sites[sites["kind"].isin(BY_BUS)]
    start = homes.centres(town)
    end = sites[["longitude", "latitude"]].to_numpy()
    apart = (start[:, None] - end[None]) * [np.cos(np.deg2rad(start[0, 1])), 1] * KM
    km = np.hypot(apart[..., 0], apart[..., 1])
    minutes = WAIT + PER_KM * km * np.exp(rng.normal(0, DETOUR, km.shape))
    lost = rng.random(km.shape) < NO_ROUTE
    return pd.DataFrame(
        {
            "area": np.repeat(town.geoids, len(sites)),
            "facility_id": np.tile(sites["facility_id"], len(start)),
            "cost": np.where(lost, np.inf, minutes.round(1)).ravel(),
            "unit": "minutes",
            "how": "by bus",
        }
    )


def reach(
    town: City, sites: pd.DataFrame, costs: pd.DataFrame
) -> Mapping[str, dict[str, np.ndarray]]:
    """How far true residents are from the nearest place of each kind.

    Parameters
    ----------
    town
        The city as it truly is.
    sites
        As `place` draws them.
    costs
        As `ride` returns them.

    Returns
    -------
    dict
        Kind to `nearest` (mean minutes to the nearest place, per group of `RACES`) and
        `within` (share of the group's residents with a place within 15 minutes).

    Examples
    --------
    >>> from equity.sample import city, homes
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> sites = place(options, town, np.random.default_rng(1))
    >>> costs = ride(town, homes.build(options, town), sites, np.random.default_rng(1))
    >>> sorted(reach(town, sites, costs))
    ['Clinic', 'Library']
    """
    people = town.residents
    kind = sites.set_index("facility_id")["kind"]
    found = {}
    for name, pairs in costs.groupby(costs["facility_id"].map(kind)):
        nearest = pairs.groupby("area")["cost"].min().loc[town.geoids].to_numpy()
        known = np.isfinite(nearest)
        close = people[nearest <= WITHIN].sum(axis=0)
        found[name] = {
            "nearest": divide(
                nearest[known] @ people[known], people[known].sum(axis=0)
            ),
            "within": divide(close, people.sum(axis=0)),
        }
    return found


def export(sites: pd.DataFrame) -> pd.DataFrame:
    """Write the places as a city lists them.

    Parameters
    ----------
    sites
        As `place` draws them.

    Returns
    -------
    DataFrame
        One row a place. A header ends in a blank, types are spelled in three ways, one
        place has no location and one no capacity.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> sites = place(options, city.build(options), np.random.default_rng(1))
    >>> export(sites).columns[1]
    'NAME '
    """
    turn = sites.groupby("kind").cumcount()
    spelled = [
        (kind, kind, kind, kind.upper(), f"{kind.lower()} ")[number % 5]
        for kind, number in zip(sites["kind"], turn, strict=True)
    ]
    lat, lon = (
        sites[name].map(f"{{:.{DECIMALS}f}}".format)
        for name in ("latitude", "longitude")
    )
    table = pd.DataFrame(
        {
            "FACILITY ID": sites["facility_id"],
            "NAME ": turn.map(dict(enumerate(NAMES))) + " " + sites["kind"],
            "TYPE": spelled,
            "CAPACITY": sites["capacity"].map("{:.0f}".format),
            "CAPACITY UNIT": sites["kind"].map(
                {k: unit for k, (*_, unit) in PLACES.items()}
            ),
            "LATITUDE": lat,
            "LONGITUDE": lon,
            "LOCATION": "(" + lat + ", " + lon + ")",
        }
    )
    table.loc[UNPLACED, ["LATITUDE", "LONGITUDE", "LOCATION"]] = ""
    table.loc[UNSIZED, "CAPACITY"] = ""
    return table


def travel_export(costs: pd.DataFrame) -> pd.DataFrame:
    """Write rides as a routing tool does, one place among them closed since.

    Parameters
    ----------
    costs
        As `ride` returns them.

    Returns
    -------
    DataFrame
        `from_tract, to_facility, minutes`; minutes are blank where there is no route.

    Examples
    --------
    >>> costs = pd.DataFrame({"area": ["01"], "facility_id": ["L01"],
    ...                       "cost": [float("inf")]})
    >>> travel_export(costs)
      from_tract to_facility minutes
    0         01         L01
    1         01         L99    21.0
    """
    text = costs["cost"].map("{:.1f}".format).mask(np.isinf(costs["cost"]), "")
    rows = pd.DataFrame(
        {
            "from_tract": costs["area"],
            "to_facility": costs["facility_id"],
            "minutes": text,
        }
    )
    gone = rows.drop_duplicates("from_tract").assign(to_facility=CLOSED, minutes="21.0")
    return pd.concat([rows, gone], ignore_index=True)


def travel_messes(town: City, costs: pd.DataFrame) -> dict[str, int]:
    """Count what is messy in the routing tool's export.

    Parameters
    ----------
    town
        The city as it truly is.
    costs
        As `ride` returns them.

    Returns
    -------
    dict
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> costs = pd.DataFrame({"cost": [float("inf"), 3.0]})
    >>> travel_messes(city.build(Options(tracts=12, size=0.1)), costs)
    {'rows': 14, 'without_route': 1, 'of_a_closed_place': 12}
    """
    return {
        "rows": len(costs) + len(town.geoids),
        "without_route": int(np.isinf(costs["cost"]).sum()),
        "of_a_closed_place": len(town.geoids),
    }


def truth(
    options: Options, town: City, homes: Homes, sites: pd.DataFrame, costs: pd.DataFrame
) -> dict:
    """Write down how places were put, and how far they are.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    homes
        Its homes.
    sites
        The places whose location is known.
    costs
        The rides to them.

    Returns
    -------
    dict
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city, homes
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> here = homes.build(options, town)
    >>> sites = place(options, town, np.random.default_rng(1))
    >>> costs = ride(town, here, sites, np.random.default_rng(1))
    >>> sorted(truth(options, town, here, sites, costs))
    ['placement', 'reach']
    """
    offline = divide(homes.without.sum(axis=1), homes.households.sum(axis=1))
    placement = {
        "definition": "Each place was drawn into a tract, where a resident of a group "
        "counted as said (White: 1). expected_share_around is the group's expected "
        "share of the residents of a place's tract, over all draws, whether places or "
        "their capacity are counted; index divides it by the group's share of the "
        "residents. The last park lies where nobody lives, and is not among these. The "
        "places in the file are one draw of few, and differ by luck.",
    }
    for kind in PLACES:
        chance = chances(options, town, kind)
        ratio = by_race(dict.fromkeys(RACES, 1.0) | COUNTS_AS.get(kind, {}))
        found = around(options, town, kind)
        placement[kind] = {
            "a_resident_counts_as": listed(ratio**options.service_gap),
            "expected_share_around": listed(found),
            "index": listed(divide(found, town.shares)),
            "households_without_internet_around": plain(
                np.nansum(chance * np.nan_to_num(offline))
            ),
        }
    distance = {
        "definition": "Minutes by bus in travel_minutes.csv, from the middle of a "
        "tract's residents to the nearest place whose location is known, and true "
        "residents: as the places are, with whatever luck put them there.",
    }
    for kind, part in reach(town, sites, costs).items():
        distance[kind] = {
            "mean_minutes_to_nearest": listed(part["nearest"]),
            f"share_within_{WITHIN}_minutes": listed(part["within"]),
        }
    return {"placement": placement, "reach": distance}
