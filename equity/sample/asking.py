"""Who asks for service, for what, how long it takes, and who reports it again.

A resident of group g asks at rate r_g whichever tract they live in, for kinds of things
in the shares of g, and waits for a whole number of days, the floor of a lognormal time
that depends on the kind and on g. While a request is open, others report it again at a
rate per day that depends on its kind and on who lives in the tract.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from equity import race
from equity.sample.city import City
from equity.sample.common import LAST_DAY, RACES, Options, by_race, divide, tilt

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
MIX_ODDS = {  # of asking for a category rather than others, against White
    race.ASIAN: {"Missed collection": 1.15, "Sidewalk repair": 0.9},
    race.BLACK: {
        **{"Missed collection": 0.75, "Abandoned vehicle": 1.35},
        **{"Tree trimming": 1.4, "Sidewalk repair": 1.5},
    },
    race.HISPANIC: {
        **{"Missed collection": 0.85, "Street light out": 1.2},
        **{"Abandoned vehicle": 1.3, "Sidewalk repair": 1.25},
    },
}
FURTHER = {  # further reports a day of an open request, where all residents are White
    "Missed collection": 0.016,
    "Pothole": 0.010,
    "Illegal dumping": 0.008,
    "Street light out": 0.007,
    "Graffiti": 0.004,
    "Abandoned vehicle": 0.004,
    "Tree trimming": 0.002,
    "Sidewalk repair": 0.0015,
}
FURTHER_RATIO = {  # of that rate, against White
    race.AIAN: 0.75,
    race.ASIAN: 0.90,
    race.BLACK: 0.65,
    race.HISPANIC: 0.70,
    race.NHPI: 0.80,
    race.WHITE: 1.0,
    race.TWO_OR_MORE: 0.95,
    race.SOME_OTHER: 0.75,
}
WINDOW = 100  # days in which further reports are counted, at most
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
CHANNELS = {"Phone": 0.46, "App": 0.27, "Web": 0.22, "Walk-in": 0.05}
LAST = (LAST_DAY - pd.Timestamp("1970-01-01")).days


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


def mixes(options: Options) -> np.ndarray:
    """Share of each group's requests that are of each category.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        Groups of `RACES` by `CATEGORIES`; rows add up to one.

    Examples
    --------
    >>> mixes(Options(service_gap=0)).round(2)[0].tolist()
    [0.2, 0.18, 0.14, 0.12, 0.1, 0.1, 0.08, 0.08]
    """
    shares = np.array([share for share, _ in CATEGORIES.values()])
    odds = np.array(
        [[MIX_ODDS.get(g, {}).get(name, 1.0) for name in CATEGORIES] for g in RACES]
    )
    return tilt(np.tile(shares, (len(RACES), 1)), options.service_gap * np.log(odds))


def closed_by_category(options: Options, days: np.ndarray) -> np.ndarray:
    """Share of each group's requests of each category closed within whole days.

    Parameters
    ----------
    options
        Of the city.
    days
        Whole days since the day of opening.

    Returns
    -------
    ndarray
        Groups of `RACES` by `CATEGORIES` by days.

    Examples
    --------
    >>> found = closed_by_category(Options(service_gap=0), np.array([4, 14]))
    >>> found[0, 0].round(3).tolist()
    [0.5, 0.902]
    """
    shift = options.service_gap * np.log(by_race(WAIT_RATIO))
    medians = np.array([median for _, median in CATEGORIES.values()])
    typical = np.log(medians)[None, :, None] + shift[:, None, None]
    return ndtr((np.log(np.asarray(days) + 1.0) - typical) / SPREAD)


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
    shares = closed_by_category(options, days)
    return (mixes(options)[:, :, None] * shares).sum(axis=1)


def further_rates(options: Options, town: City) -> np.ndarray:
    """Further reports a day of a request that is open.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    ndarray
        Tracts by `CATEGORIES`: the mean over the residents of a tract, 0 without any.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1, service_gap=0)
    >>> further_rates(options, city.build(options))[0, :2].round(3).tolist()
    [0.016, 0.01]
    """
    ratio = np.exp(options.service_gap * np.log(by_race(FURTHER_RATIO)))
    residents = town.residents.sum(axis=1)
    mean = np.nan_to_num(divide(town.residents @ ratio, residents))
    return mean[:, None] * np.array(list(FURTHER.values()))


def draw(options: Options, town: City, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the true requests of the city's quarters.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        One row a request: positions of its `tract`, `group` and `category`, its
        `opened` day (since 1970), the whole `days` until it is closed, and its
        `channel` (position), which neither group nor wait depends on.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> real = draw(options, city.build(options), options.rng("requests"))
    >>> real.columns.to_list()
    ['tract', 'group', 'category', 'opened', 'days', 'channel']
    """
    tracts, groups = town.residents.shape
    parts = []
    for quarter in options.periods():
        luck = rng.gamma(DISPERSION, 1 / DISPERSION, tracts)
        expected = town.residents * rates(options) * SEASONS[quarter.quarter - 1] / 4
        number = rng.poisson(expected * luck[:, None]).ravel()
        first = (quarter.start_time - pd.Timestamp("1970-01-01")).days
        length = (quarter.end_time - quarter.start_time).days + 1
        place = np.repeat(np.arange(tracts * groups), number)
        opened = first + rng.integers(length, size=len(place))
        parts.append(np.column_stack([place, opened]))
    place, opened = np.concatenate(parts).T
    tract, group = np.divmod(place, groups)
    ends = mixes(options).cumsum(axis=1)[group, :-1]
    category = (rng.random(len(group))[:, None] > ends).sum(axis=1)
    medians = np.array([median for _, median in CATEGORIES.values()])
    shift = options.service_gap * np.log(by_race(WAIT_RATIO))[group]
    wait = np.log(medians[category]) + shift + SPREAD * rng.normal(size=len(group))
    shares = list(CHANNELS.values())
    return pd.DataFrame(
        {
            "tract": tract,
            "group": group,
            "category": category,
            "opened": opened,
            "days": np.floor(np.exp(wait)).astype(int),
            "channel": rng.choice(len(CHANNELS), size=len(group), p=shares),
        }
    )


def further(
    real: pd.DataFrame, options: Options, town: City, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the further reports of requests while they are open.

    Parameters
    ----------
    real
        As `draw` gives them.
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        One row a report: the `request` (its position) and the `opened` day.

    Notes
    -----
    A request is opened and closed at any time of its days, even on one day. Reports
    come in a Poisson stream between, and until the last day of the data ends.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> town, rng = city.build(options), options.rng("requests")
    >>> found = further(draw(options, town, rng), options, town, rng)
    >>> bool((found["opened"] <= LAST).all())
    True
    """
    number = len(real)
    times = np.sort(rng.random((number, 2)), axis=1)
    mixed = real["days"].to_numpy() > 0  # on different days either can be later
    turned = mixed & (rng.random(number) < 0.5)
    times[turned] = times[turned, ::-1]
    opened, closed = times.T
    left = LAST + 1 - real["opened"].to_numpy()
    stop = np.minimum(real["days"].to_numpy() + closed, left)
    rate = further_rates(options, town)[real["tract"], real["category"]]
    request = np.repeat(np.arange(number), rng.poisson(rate * (stop - opened)))
    later = rng.random(len(request)) * (stop - opened)[request]
    moment = opened[request] + later
    day = real["opened"].to_numpy()[request] + np.floor(moment).astype(int)
    return pd.DataFrame({"request": request, "opened": day})
