"""The invented city: its tracts, and who lives where."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from equity import race
from equity.sample.common import RACES, Options, by_race, listed, plain, tilt

NAME = "Quorravale"
CENTRE = (-22.0, -38.0)  # longitude, latitude: open water in the South Atlantic
RADII = (0.085, 0.067)  # degrees; about 7.5 km either way
RESIDENTS = 180_000
DECIMALS = 5  # of a degree, about a metre
SHARES = {
    race.AIAN: 0.009,
    race.ASIAN: 0.065,
    race.BLACK: 0.235,
    race.HISPANIC: 0.215,
    race.NHPI: 0.004,
    race.WHITE: 0.427,
    race.TWO_OR_MORE: 0.038,
    race.SOME_OTHER: 0.007,
}
# Where a group concentrates: a direction from the centre (degrees) and how strongly.
FIELDS = {
    race.AIAN: (300, 0.8),
    race.ASIAN: (90, 1.5),
    race.BLACK: (225, 3.4),
    race.HISPANIC: (340, 2.9),
    race.NHPI: (350, 0.8),
    race.WHITE: (110, 1.6),
}
SAMPLING = 12.0  # residents that one answered survey form stands for
ZERO_MARGIN = 12  # the 90 % margin of an estimate of zero, in people
CODES = {
    race.WHITE: "B03002_003",
    race.BLACK: "B03002_004",
    race.AIAN: "B03002_005",
    race.ASIAN: "B03002_006",
    race.NHPI: "B03002_007",
    race.SOME_OTHER: "B03002_008",
    race.TWO_OR_MORE: "B03002_009",
    race.HISPANIC: "B03002_012",
}


@dataclass(frozen=True)
class City:
    """The city as it truly is.

    Attributes
    ----------
    geoids, names
        Of each tract; identifiers begin with zeros.
    polygons
        Of each tract, in degrees; they touch and do not overlap.
    residents
        Tracts by groups of `RACES`, true counts.

    Examples
    --------
    >>> len(build(Options(tracts=12, size=0.1)).polygons)
    12
    """

    geoids: np.ndarray
    names: np.ndarray
    polygons: np.ndarray
    residents: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Each group's true share of the residents.

        Returns
        -------
        ndarray
            One proportion per group of `RACES`.

        Examples
        --------
        >>> round(float(build(Options(tracts=12, size=0.1)).shares.sum()), 9)
        1.0
        """
        return self.residents.sum(axis=0) / self.residents.sum()


def build(options: Options) -> City:
    """Make the tracts and settle people in them, apart by race as cities are.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    City
        The last tract is a park where nobody lives.

    Examples
    --------
    >>> town = build(Options(tracts=12, size=0.1))
    >>> town.residents.shape, int(town.residents[-1].sum()), str(town.geoids[0])
    ((12, 8), 0, '00999000100')
    """
    rng = options.rng("city")
    disc = _spread(options.tracts, rng)
    polygons = _tracts(disc, rng)
    mean = RESIDENTS * options.size / (options.tracts - 1)
    totals = mean * np.exp(rng.normal(-0.05, 0.32, options.tracts))
    totals[-1] = 0
    logs = rng.normal(0, 0.35, (options.tracts, len(RACES)))
    for group, (degrees, strength) in FIELDS.items():
        angle = np.deg2rad(degrees)
        along = disc @ [np.cos(angle), np.sin(angle)]
        logs[:, RACES.index(group)] += strength * along
    target = by_race(SHARES)
    mix = tilt(np.tile(target, (options.tracts, 1)), logs)
    for _ in range(20):  # settle on the shares of the whole city
        mix = tilt(mix, np.log(target * totals.sum() / (totals @ mix)))
    residents = np.array(
        [rng.multinomial(round(n), p) for n, p in zip(totals, mix, strict=True)]
    )
    numbers = [_number(i) for i in range(options.tracts - 1)]
    numbers.append((9800, 0))
    return City(
        geoids=np.array([f"00999{a:04d}{b:02d}" for a, b in numbers]),
        names=np.array(
            [f"Census Tract {a}" + (f".{b:02d}" if b else "") for a, b in numbers]
        ),
        polygons=polygons,
        residents=residents,
    )


def population(options: Options, town: City) -> pd.DataFrame:
    """Survey the residents: noisy estimates by tract with their 90 % margins.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    DataFrame
        `GEOID`, `NAME`, and per group an estimate (`...E`) and a margin (`...M`) under
        the column codes of table B03002; `B03002_001` is the total.

    Notes
    -----
    A count n is estimated as a sum of Poisson many forms with gamma weights: without
    bias, never negative, with variance 12 n. The margin is 1.645 times the square root
    of 12 times the estimate, and 12 for an estimate of zero. The total is the sum.

    Examples
    --------
    >>> options = Options(tracts=12, size=0.1)
    >>> population(options, build(options)).columns[2:4].to_list()
    ['B03002_001E', 'B03002_001M']
    """
    estimates, margins = surveyed(town.residents, options.rng("population"))
    total = estimates.sum(axis=1)
    columns = {
        "GEOID": town.geoids,
        "NAME": town.names,
        "B03002_001E": total,
        "B03002_001M": _margin(total),
    }
    for group, code in CODES.items():
        columns[f"{code}E"] = estimates[:, RACES.index(group)]
        columns[f"{code}M"] = margins[:, RACES.index(group)]
    return pd.DataFrame(columns)


def survey(town: City, rng: np.random.Generator) -> pd.DataFrame:
    """Survey the residents once more, straight to the tidy table of residents.

    Parameters
    ----------
    town
        The city as it truly is.
    rng
        Random stream; another state of it gives another survey of the same people.

    Returns
    -------
    DataFrame
        Columns `area, race, estimate, moe`, a row per tract and group, as `population`
        would be read and cleaned.

    Examples
    --------
    >>> town = build(Options(tracts=12, size=0.1))
    >>> drawn = survey(town, np.random.default_rng(1))
    >>> len(drawn), drawn.columns.to_list()
    (96, ['area', 'race', 'estimate', 'moe'])
    """
    estimates, margins = surveyed(town.residents, rng)
    groups = pd.Categorical(list(RACES), categories=list(RACES), ordered=True)
    return pd.DataFrame(
        {
            "area": np.repeat(town.geoids, len(RACES)),
            "race": groups.take(np.tile(np.arange(len(RACES)), len(town.geoids))),
            "estimate": estimates.ravel(),
            "moe": margins.ravel().astype(float),
        }
    )


def surveyed(
    truly: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate counts from answered forms, each of which stands for several people.

    Parameters
    ----------
    truly
        True counts.
    rng
        Random stream.

    Returns
    -------
    tuple of ndarray
        Whole estimates and their 90 % margins, as `population` says.

    Examples
    --------
    >>> surveyed(np.array([0]), np.random.default_rng(1))
    (array([0]), array([12]))
    """
    shape = 4.0
    scale = SAMPLING / (shape + 1)
    forms = rng.poisson(truly / (shape * scale))
    weighed = rng.gamma(np.maximum(shape * forms, 1)) * scale
    estimates = np.where(forms > 0, np.rint(weighed), 0).astype(int)
    return estimates, _margin(estimates)


def _margin(estimates: np.ndarray) -> np.ndarray:
    margins = np.rint(1.645 * np.sqrt(SAMPLING * estimates)).astype(int)
    return np.where(estimates > 0, margins, ZERO_MARGIN)


def true_population(town: City) -> pd.DataFrame:
    """List the true residents by tract and group.

    Parameters
    ----------
    town
        The city as it truly is.

    Returns
    -------
    DataFrame
        `GEOID` and a column per group.

    Examples
    --------
    >>> true_population(build(Options(tracts=12, size=0.1))).shape
    (12, 9)
    """
    counts = pd.DataFrame(town.residents, columns=list(RACES))
    return counts.assign(GEOID=town.geoids)[["GEOID", *RACES]]


def geojson(town: City) -> str:
    """Write the tracts as GeoJSON, one feature a line.

    Parameters
    ----------
    town
        The city as it truly is.

    Returns
    -------
    str
        A feature collection in WGS 84.

    Examples
    --------
    >>> json.loads(geojson(build(Options(tracts=12, size=0.1))))["type"]
    'FeatureCollection'
    """
    features = []
    for geoid, name, polygon in zip(
        town.geoids, town.names, town.polygons, strict=True
    ):
        ring = [
            [round(x, DECIMALS), round(y, DECIMALS)] for x, y in polygon.exterior.coords
        ]
        feature = {
            "type": "Feature",
            "properties": {"GEOID": geoid, "NAME": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        features.append(json.dumps(feature, separators=(",", ":")))
    body = ",\n".join(features)
    return f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n'


def inside(
    polygon: shapely.Polygon, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw points evenly within a polygon, rounded as they are written.

    Parameters
    ----------
    polygon
        In degrees.
    number
        How many points.
    rng
        Random stream.

    Returns
    -------
    ndarray
        `number` rows of longitude and latitude, all truly inside.

    Examples
    --------
    >>> box = shapely.box(0, 0, 1, 1)
    >>> inside(box, 3, np.random.default_rng(1)).shape
    (3, 2)
    """
    west, south, east, north = polygon.bounds
    found = np.empty((0, 2))
    while len(found) < number:
        points = rng.uniform((west, south), (east, north), (2 * number + 8, 2))
        points = points.round(DECIMALS)
        kept = points[shapely.contains_xy(polygon, points[:, 0], points[:, 1])]
        found = np.vstack([found, kept])
    return found[:number]


def truth(town: City) -> dict:
    """Write down who truly lives in the city.

    Parameters
    ----------
    town
        The city as it truly is.

    Returns
    -------
    dict
        For `truth.yaml`.

    Examples
    --------
    >>> truth(build(Options(tracts=12, size=0.1)))["by_race"]["White"] > 5000
    True
    """
    counts = town.residents.sum(axis=0)
    return {
        "definition": "True residents. population.csv holds survey estimates of them, "
        "without bias, with a variance of 12 per person and the 90 % margins stated. "
        "truth_population.csv has the true counts by tract.",
        "total": plain(counts.sum(), 0),
        "by_race": listed(counts, digits=0),
        "share": listed(town.shares),
    }


def _number(i: int) -> tuple[int, int]:
    """Number tracts 1, 2.01, 2.02, 3, 4, 5.01, 5.02, 6, ...: some were split."""
    block, place = divmod(i, 4)
    whole, part = ((1, 0), (2, 1), (2, 2), (3, 0))[place]
    return 3 * block + whole, part


def _spread(number: int, rng: np.random.Generator) -> np.ndarray:
    """Spread points over the unit disc: each the farthest of thirty candidates."""
    points = np.empty((0, 2))
    while len(points) < number:
        radius, angle = np.sqrt(rng.random(30)), rng.random(30) * 2 * np.pi
        tries = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        if len(points):
            gaps = np.linalg.norm(tries[:, None] - points[None], axis=2).min(axis=1)
            tries = tries[[gaps.argmax()]]
        points = np.vstack([points, tries[:1]])
    outward = np.linalg.norm(points, axis=1).argsort()
    return points[outward]


def _tracts(disc: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut a wobbly outline into the cells nearest to each point."""
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    phase = rng.random(3) * 2 * np.pi
    wobble = sum(
        np.sin(wave * angles + shift) * 0.06
        for wave, shift in zip((2, 3, 5), phase, strict=True)
    )
    rim = (1.08 + wobble)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    outline = shapely.Polygon(rim * RADII + CENTRE)
    inner = np.linalg.norm(disc, axis=1, keepdims=True) ** 0.3 * 0.97
    seeds = disc * inner * RADII + CENTRE
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(seeds), extend_to=outline.buffer(0.1)
    )
    cells = np.array(shapely.get_parts(cells))
    order = [int(shapely.contains_xy(cells, x, y).argmax()) for x, y in seeds]
    clipped = shapely.intersection(cells[order], outline)
    rounded = [
        shapely.Polygon(np.round(cell.exterior.coords, DECIMALS)) for cell in clipped
    ]
    # Start and direction of a ring are the library's whim; settle both.
    settled = [
        shapely.geometry.polygon.orient(cell)
        for cell in shapely.normalize(np.array(rounded))
    ]
    return np.array(settled)
