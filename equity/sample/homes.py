"""The invented city's homes: blocks, households, and districts that cut its tracts."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.special import expit, logit

from equity import race
from equity.sample.city import CENTRE, DECIMALS, RADII, City, inside, surveyed
from equity.sample.common import Options, by_race, divide, listed, plain

BLOCKS = 8  # in each tract
UNEVEN = 1.2  # of the people of a tract over its blocks: a Dirichlet's parameter
DISTRICTS = 6
PER_HOME = 2.4  # residents of a household
WITHOUT = 0.08  # of the households of White residents, without internet
ODDS_RATIO = {  # of being without, against White
    race.AIAN: 2.5,
    race.ASIAN: 0.8,
    race.BLACK: 2.6,
    race.HISPANIC: 2.3,
    race.NHPI: 1.8,
    race.WHITE: 1.0,
    race.TWO_OR_MORE: 1.3,
    race.SOME_OTHER: 2.0,
}


@dataclass(frozen=True)
class Homes:
    """Where in their tracts people live, and how.

    Attributes
    ----------
    tract
        Of each block, its position among the tracts.
    points
        Of each block: longitude and latitude.
    people
        Residents of each block; those of a tract's blocks are its residents.
    households, without
        Tracts by groups of `RACES`: true households, and those without internet.
    districts
        Polygons in degrees; they cover the city and cut tracts.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> bool(build(options, town).people.sum() == town.residents.sum())
    True
    """

    tract: np.ndarray
    points: np.ndarray
    people: np.ndarray
    households: np.ndarray
    without: np.ndarray
    districts: np.ndarray

    def centres(self, town: City) -> np.ndarray:
        """Middle of each tract's residents; of the tract, where nobody lives.

        Parameters
        ----------
        town
            The city.

        Returns
        -------
        ndarray
            One row per tract: longitude and latitude.

        Examples
        --------
        >>> from equity.sample import city
        >>> options = Options(tracts=12, size=0.1)
        >>> town = city.build(options)
        >>> build(options, town).centres(town).shape
        (12, 2)
        """
        found = shapely.get_coordinates(shapely.centroid(town.polygons))
        for tract in np.flatnonzero(town.residents.sum(axis=1)):
            here = self.tract == tract
            found[tract] = np.average(
                self.points[here], axis=0, weights=self.people[here]
            )
        return found


def build(options: Options, town: City) -> Homes:
    """Spread residents over blocks, put them into households, and draw districts.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Homes
        All groups of a tract are alike in where in it they live.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> len(build(options, city.build(options)).districts)
    6
    """
    rng = options.rng("blocks")
    points = [inside(polygon, BLOCKS, rng) for polygon in town.polygons]
    spread = rng.dirichlet(np.full(BLOCKS, UNEVEN), len(town.polygons))
    people = rng.multinomial(town.residents.sum(axis=1), spread)
    rng = options.rng("households")
    households = rng.binomial(town.residents, 1 / PER_HOME)
    without = rng.binomial(households, offline(options))
    return Homes(
        tract=np.repeat(np.arange(len(town.polygons)), BLOCKS),
        points=np.concatenate(points),
        people=people.ravel(),
        households=households,
        without=without,
        districts=_districts(town, options.rng("districts")),
    )


def offline(options: Options) -> np.ndarray:
    """Share of each group's households without internet.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        One proportion per group of `RACES`.

    Examples
    --------
    >>> set(offline(Options(service_gap=0)).round(9).tolist())
    {0.08}
    """
    shift = options.service_gap * np.log(by_race(ODDS_RATIO))
    return expit(logit(WITHOUT) + shift)


def survey(town: City, homes: Homes, rng: np.random.Generator) -> pd.DataFrame:
    """Survey the households: noisy estimates by tract with their 90 % margins.

    Parameters
    ----------
    town
        The city as it truly is.
    homes
        Its homes.
    rng
        Random stream; another state of it gives another survey of the same homes.

    Returns
    -------
    DataFrame
        Tidy `baselines`, without `source` and `vintage`: `area, baseline, estimate,
        moe, universe, total, total_moe`.

    Notes
    -----
    Those with and without internet are surveyed apart, as `city.population` says, and
    added up; the total's margin follows from the sum.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> len(survey(town, build(options, town), np.random.default_rng(1)))
    12
    """
    none = homes.without.sum(axis=1)
    some = homes.households.sum(axis=1) - none
    counts, margins = surveyed(np.column_stack([none, some]), rng)
    total, total_margin = counts.sum(axis=1), np.hypot(*margins.T)
    return pd.DataFrame(
        {
            "area": town.geoids,
            "baseline": "Households without internet",
            "estimate": counts[:, 0].astype(float),
            "moe": margins[:, 0].astype(float),
            "universe": "Households",
            "total": total.astype(float),
            "total_moe": np.rint(total_margin),
        }
    )


def household_export(options: Options, town: City, homes: Homes) -> pd.DataFrame:
    """Write the survey of households as a census download would.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    homes
        Its homes.

    Returns
    -------
    DataFrame
        `GEOID`, `NAME`, and estimates (`...E`) and margins (`...M`), whole numbers.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> household_export(options, town, build(options, town)).columns[2:].to_list()
    ['HOUSEHOLDS_E', 'HOUSEHOLDS_M', 'NO_INTERNET_E', 'NO_INTERNET_M']
    """
    drawn = survey(town, homes, options.rng("survey of households"))
    columns = ["total", "total_moe", "estimate", "moe"]
    found = drawn[columns].astype(int)
    found.columns = ["HOUSEHOLDS_E", "HOUSEHOLDS_M", "NO_INTERNET_E", "NO_INTERNET_M"]
    found.insert(0, "GEOID", town.geoids)
    found.insert(1, "NAME", town.names)
    return found


def block_export(town: City, homes: Homes) -> pd.DataFrame:
    """List the blocks with their residents, as a full count has them.

    Parameters
    ----------
    town
        The city as it truly is.
    homes
        Its homes.

    Returns
    -------
    DataFrame
        `BLOCK` (the tract's id and four digits), `LATITUDE`, `LONGITUDE`, `POP`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> str(block_export(town, build(options, town))["BLOCK"][1])
    '009990001001002'
    """
    number = np.arange(len(homes.tract)) % BLOCKS + 1001
    ids = pd.Series(town.geoids[homes.tract]) + pd.Series(number).astype("str")
    lon, lat = (
        pd.Series(part).map(f"{{:.{DECIMALS}f}}".format) for part in homes.points.T
    )
    return pd.DataFrame(
        {"BLOCK": ids, "LATITUDE": lat, "LONGITUDE": lon, "POP": homes.people}
    )


def geojson(homes: Homes) -> str:
    """Write the districts as GeoJSON, one feature a line.

    Parameters
    ----------
    homes
        The city's homes.

    Returns
    -------
    str
        A feature collection in WGS 84, with `DISTRICT` and `NAME`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> text = geojson(build(options, city.build(options)))
    >>> len(json.loads(text)["features"])
    6
    """
    lines = []
    for number, polygon in enumerate(homes.districts, start=1):
        ring = [
            [round(x, DECIMALS), round(y, DECIMALS)] for x, y in polygon.exterior.coords
        ]
        feature = {
            "type": "Feature",
            "properties": {"DISTRICT": str(number), "NAME": f"District {number}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        lines.append(json.dumps(feature, separators=(",", ":")))
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n'


def truth(options: Options, town: City, homes: Homes) -> dict:
    """Write down what is true of households and districts.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    homes
        Its homes.

    Returns
    -------
    dict
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> list(truth(options, town, build(options, town)))
    ['households', 'districts']
    """
    every, none = homes.households.sum(), homes.without.sum()
    share = divide(
        homes.without.sum(axis=1), homes.households.sum(axis=1)
    )  # of each tract
    weight = divide(town.residents, town.residents.sum(axis=0))
    people = by_district(town, homes)
    return {
        "households": {
            "definition": "True households, one for every 2.4 residents or so. "
            "planted_share_without_internet is of a group's own households; "
            "share_where_residents_live is the tracts' share, weighted by the group's "
            "residents: what measures by race of the residents find.",
            "total": plain(every, 0),
            "without_internet": plain(none, 0),
            "share_without_internet": plain(none / every),
            "planted_share_without_internet": listed(offline(options)),
            "share_where_residents_live": listed(
                np.nansum(weight * share[:, None], axis=0)
            ),
        },
        "districts": {
            "definition": "Residents of each district: those of a tract, of every "
            "group alike, live where its blocks have people (blocks.csv).",
            "tracts_whose_people_are_split": int(
                ((_split(town, homes) > 0).sum(axis=1) > 1).sum()
            ),
            "residents": {
                f"{number}": plain(row.sum(), 1)
                for number, row in enumerate(people, start=1)
            },
            "by_race": {
                f"{number}": listed(row, digits=1)
                for number, row in enumerate(people, start=1)
            },
        },
    }


def by_district(town: City, homes: Homes) -> np.ndarray:
    """Residents of each district by group.

    Parameters
    ----------
    town
        The city as it truly is.
    homes
        Its homes.

    Returns
    -------
    ndarray
        Districts by groups of `RACES`; they add up to the city.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> town = city.build(options)
    >>> found = by_district(town, build(options, town))
    >>> bool(np.isclose(found.sum(), town.residents.sum()))
    True
    """
    return _split(town, homes).T @ town.residents


def _split(town: City, homes: Homes) -> np.ndarray:
    """Share of each tract's people in each district; tracts by districts."""
    points = shapely.points(homes.points)
    district = shapely.distance(homes.districts[:, None], points).argmin(axis=0)
    people = np.zeros((len(town.polygons), len(homes.districts)))
    np.add.at(people, (homes.tract, district), homes.people)
    return np.nan_to_num(divide(people, people.sum(axis=1, keepdims=True)))


def _districts(town: City, rng: np.random.Generator) -> np.ndarray:
    """Cut the city into sectors about a point off its middle, apart from tracts."""
    outline = shapely.union_all(town.polygons)
    hub = np.array(CENTRE) + np.array([0.12, -0.08]) * RADII
    turns = np.arange(DISTRICTS) + rng.uniform(0, 0.35, DISTRICTS)
    angles = rng.uniform(0, 2 * np.pi) + turns * 2 * np.pi / DISTRICTS
    far = 5 * np.array(RADII)
    sectors = []
    for start, end in zip(
        angles, np.append(angles[1:], angles[0] + 2 * np.pi), strict=True
    ):
        sweep = np.linspace(start, end, 7)
        rim = hub + far * np.column_stack([np.cos(sweep), np.sin(sweep)])
        sectors.append(shapely.Polygon([hub, *rim]))
    cut = shapely.intersection(np.array(sectors), outline)
    rounded = [
        shapely.Polygon(np.round(part.exterior.coords, DECIMALS)) for part in cut
    ]
    settled = shapely.normalize(np.array(rounded))
    return np.array([shapely.geometry.polygon.orient(part) for part in settled])
