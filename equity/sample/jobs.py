"""Jobs of the sample city: its departments, what they pay, and the odds of getting in.

Every department keeps its number of posts. In each quarter the people employed at its
start leave with a probability that depends on their race, each post is filled again
in the same quarter from the department's mix of hires, and those who stayed are
promoted with a probability that depends on their race and department. `staff` draws
the people, and `expected` works out how many there are on average.
"""

import numpy as np

from equity import race
from equity.sample.city import City
from equity.sample.common import RACES, Options, by_race, tilt

CATEGORIES = {  # EEO-4 category: title, yearly pay of its lowest grade
    "1 - Officials/Administrators": ("Manager", 88_000),
    "2 - Professionals": ("Analyst", 62_000),
    "3 - Technicians": ("Technician", 51_000),
    "4 - Protective Service": ("Officer", 58_000),
    "5 - Paraprofessionals": ("Assistant", 39_000),
    "6 - Administrative Support": ("Clerk", 38_000),
    "7 - Skilled Craft": ("Mechanic", 52_000),
    "8 - Service/Maintenance": ("Worker", 36_000),
}
DEPARTMENTS = {  # posts at size 1, weights of the EEO-4 categories
    "Police": (560, (3, 8, 6, 70, 3, 10, 0, 0)),
    "Fire": (390, (3, 5, 8, 80, 0, 4, 0, 0)),
    "Public Works": (420, (3, 6, 8, 0, 3, 6, 34, 40)),
    "Water & Sewer": (260, (4, 12, 20, 0, 2, 8, 34, 20)),
    "Parks & Recreation": (190, (5, 12, 4, 3, 26, 10, 8, 32)),
    "Library": (110, (6, 36, 6, 0, 34, 18, 0, 0)),
    "Public Health": (150, (7, 46, 18, 0, 15, 14, 0, 0)),
    "Planning & Permits": (90, (9, 48, 20, 0, 5, 18, 0, 0)),
    "Finance": (80, (12, 50, 5, 0, 5, 28, 0, 0)),
    "Human Resources": (41, (14, 50, 0, 0, 8, 28, 0, 0)),
    "Mayor's Office": (9, (40, 40, 0, 0, 10, 10, 0, 0)),
}
# Odds against White of holding a post at the start, and of being the one hired, as if
# posts were filled from the residents; a department multiplies both.
POST_ODDS = {
    race.AIAN: 0.80,
    race.ASIAN: 0.62,
    race.BLACK: 0.88,
    race.HISPANIC: 0.45,
    race.NHPI: 0.80,
    race.WHITE: 1.0,
    race.TWO_OR_MORE: 0.70,
    race.SOME_OTHER: 0.70,
}
HIRE_ODDS = {**POST_ODDS, race.ASIAN: 0.75, race.BLACK: 0.92, race.HISPANIC: 0.62}
DEPARTMENT_ODDS = {
    "Police": {race.BLACK: 0.62, race.HISPANIC: 0.95, race.ASIAN: 0.70},
    "Fire": {race.BLACK: 0.45, race.HISPANIC: 0.75, race.ASIAN: 0.40},
    "Public Works": {race.BLACK: 1.75, race.HISPANIC: 1.30, race.ASIAN: 0.60},
    "Water & Sewer": {race.BLACK: 1.25, race.HISPANIC: 1.00},
    "Parks & Recreation": {race.BLACK: 1.35, race.HISPANIC: 1.20},
    "Public Health": {race.BLACK: 1.20, race.HISPANIC: 1.15, race.ASIAN: 1.90},
    "Planning & Permits": {race.BLACK: 0.70, race.HISPANIC: 0.70, race.ASIAN: 1.50},
    "Finance": {race.BLACK: 0.90, race.HISPANIC: 0.80, race.ASIAN: 1.60},
}
CATEGORY_ODDS = {  # of the first two categories, against the others
    race.ASIAN: 1.10,
    race.BLACK: 0.65,
    race.HISPANIC: 0.60,
}
LEAVE, LEAVE_ODDS = 0.024, {race.BLACK: 1.25, race.HISPANIC: 1.15, race.AIAN: 1.2}
RISE, RISE_ODDS = 0.026, {race.BLACK: 0.72, race.HISPANIC: 0.75, race.ASIAN: 0.90}
RISE_FACTOR = {  # odds of promotion, the same for all groups, gap or no gap
    "Fire": 0.8,
    "Public Works": 0.6,
    "Water & Sewer": 0.8,
    "Parks & Recreation": 0.7,
    "Library": 1.2,
    "Public Health": 1.4,
    "Planning & Permits": 1.8,
    "Finance": 1.8,
    "Human Resources": 1.5,
    "Mayor's Office": 1.5,
}
PAY_RATIO = {race.BLACK: 0.965, race.HISPANIC: 0.955, race.ASIAN: 0.99}
PAY_RATIO_WOMEN = 0.97
STEP, YEARLY, LUCK = 1.08, 0.006, 0.07  # pay of a grade, of a year, and its spread
TENURE, LONGEST = (1.6, 6.0), 38  # at the start, in years: gamma, and its end
GRADES = ("I", "II", "III", "IV")
FIRST_GRADES = 3  # at the start nobody is in the highest
UNRECORDED = {"Unknown": 0.012, "Declined": 0.018, "Not recorded": 0.010}
WOMEN = (0.24, 0.10, 0.15, 0.2, 0.48, 0.76, 0.78, 0.5, 0.6, 0.72, 0.55)
EMPLOYMENT = ("Permanent", "Temporary", "Seasonal")
TEMPORARY, SEASONAL = 0.03, {"Parks & Recreation": 0.12}


def posts(options: Options) -> np.ndarray:
    """Posts of each department, the same in every quarter.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        One whole number per department, at least one.

    Examples
    --------
    >>> int(posts(Options()).sum())
    2300
    """
    numbers = [number for number, _ in DEPARTMENTS.values()]
    return np.maximum(np.rint(np.array(numbers) * options.size), 1).astype(int)


def mix(options: Options, town: City, odds: dict[str, float]) -> np.ndarray:
    """Each department's expected mix of people, were posts filled at these odds.

    Parameters
    ----------
    options
        Of the city; its `workforce_gap` is the power of every odds.
    town
        Whose residents the odds apply to.
    odds
        `POST_ODDS` or `HIRE_ODDS`.

    Returns
    -------
    ndarray
        Departments by groups of `RACES`, proportions.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1, workforce_gap=0)
    >>> town = city.build(options)
    >>> bool(np.allclose(mix(options, town, POST_ODDS), town.shares))
    True
    """
    extra = np.array([logs(DEPARTMENT_ODDS.get(name, {})) for name in DEPARTMENTS])
    return tilt(town.shares, options.workforce_gap * (logs(odds) + extra))


def chances(
    options: Options, base: float | np.ndarray, odds: dict[str, float]
) -> np.ndarray:
    """Probability per quarter by group, from White's and the odds against it.

    Parameters
    ----------
    options
        Of the city; its `workforce_gap` is the power of every odds.
    base
        White's probability; one per row for several.
    odds
        `LEAVE_ODDS` or `RISE_ODDS`.

    Returns
    -------
    ndarray
        One probability per group of `RACES`, along the last axis.

    Examples
    --------
    >>> chances(Options(workforce_gap=0), 0.02, LEAVE_ODDS).round(6).max()
    np.float64(0.02)
    """
    return 1 / (1 + (1 - base) / base * np.exp(-options.workforce_gap * logs(odds)))


def rises(options: Options) -> np.ndarray:
    """Probability per quarter of promotion, of those who stay below the highest grade.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        Departments by groups of `RACES`.

    Examples
    --------
    >>> rises(Options(workforce_gap=0)).round(4)[:2, 0].tolist()
    [0.026, 0.0209]
    """
    factor = np.array([[RISE_FACTOR.get(name, 1.0)] for name in DEPARTMENTS])
    odds = factor * RISE / (1 - RISE)
    return chances(options, odds / (1 + odds), RISE_ODDS)


def categories(options: Options) -> np.ndarray:
    """Chance of each EEO-4 category by department and group.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        Departments by groups by categories, proportions.

    Examples
    --------
    >>> categories(Options()).sum(axis=2).round(9).min()
    np.float64(1.0)
    """
    weights = np.array([weights for _, weights in DEPARTMENTS.values()], dtype=float)
    odds = np.zeros((len(RACES), len(CATEGORIES)))
    odds[:, :2] = options.workforce_gap * logs(CATEGORY_ODDS)[:, None]
    shares = (weights / weights.sum(axis=1, keepdims=True))[:, None, :]
    return tilt(shares, odds[None])


def logs(odds: dict[str, float]) -> np.ndarray:
    """Take logarithms of odds by group.

    Parameters
    ----------
    odds
        Group to odds.

    Returns
    -------
    ndarray
        One per group of `RACES`, 0 where none is given.

    Examples
    --------
    >>> logs({"Asian": 1.0}).sum()
    np.float64(0.0)
    """
    return by_race({group: np.log(value) for group, value in odds.items()})
