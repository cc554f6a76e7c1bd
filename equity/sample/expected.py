"""The expected workforce of the sample city, department by group by grade.

All that happens is linear in the expected numbers of people, so they are known exactly
in every quarter; only years of service, by which people began, are on a fine grid.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from equity.sample.city import City
from equity.sample.common import Options
from equity.sample.jobs import (
    FIRST_GRADES,
    HIRE_ODDS,
    LEAVE,
    LEAVE_ODDS,
    LONGEST,
    POST_ODDS,
    TENURE,
    chances,
    mix,
    posts,
    rises,
)

NODES = 120  # quantiles of tenure by which grades and pay are worked out


@dataclass(frozen=True)
class Expected:
    """Expected people, department by group, as the quarters pass.

    Attributes
    ----------
    stock
        In post at the start of each quarter, and at the end of the last: quarters + 1
        by departments by groups by grades.
    left, hired
        In each quarter: quarters by departments by groups.
    """

    stock: np.ndarray
    left: np.ndarray
    hired: np.ndarray

    def staff(self) -> np.ndarray:
        """People on the last day.

        Returns
        -------
        ndarray
            Departments by groups.
        """
        return self.stock[-1].sum(axis=-1)


def flows(options: Options, town: City) -> Expected:
    """Work out how many people are expected to be in post, to leave and be hired.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Expected
        Of every quarter.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> found = flows(options, city.build(options))
    >>> bool(np.allclose(found.left.sum(axis=2), found.hired.sum(axis=2)))
    True
    """
    leave, rise = chances(options, LEAVE, LEAVE_ODDS), rises(options)
    mixed = mix(options, town, HIRE_ODDS)
    grades = first_grades(tenures())
    people = posts(options)[:, None] * mix(options, town, POST_ODDS)
    stock = [people[..., None] * grades.mean(axis=0)]
    left, hired = [], []
    for _ in range(options.quarters):
        now = stock[-1]
        gone = now.sum(axis=-1) * leave
        new = gone.sum(axis=1, keepdims=True) * mixed
        later = risen(now * (1 - leave)[:, None], rise)
        later[..., 0] += new
        stock.append(later)
        left.append(gone)
        hired.append(new)
    return Expected(np.stack(stock), np.stack(left), np.stack(hired))


def expected(options: Options, town: City) -> np.ndarray:
    """Expected people by department and group on the last day.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    ndarray
        Departments by groups; each department's row adds up to its posts.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> rows = expected(options, city.build(options)).sum(axis=1)
    >>> bool(np.allclose(rows, posts(options)))
    True
    """
    return flows(options, town).staff()


def tenures() -> np.ndarray:
    """Years of service at the start, as so many equally likely values.

    Returns
    -------
    ndarray
        `NODES` years.

    Examples
    --------
    >>> tenures().mean().round(1)
    np.float64(9.6)
    """
    shape, scale = TENURE
    middles = (np.arange(NODES) + 0.5) / NODES
    return np.minimum(stats.gamma.ppf(middles, shape, scale=scale), LONGEST)


def first_grades(years: np.ndarray) -> np.ndarray:
    """Chance of each grade at the start.

    Parameters
    ----------
    years
        Years of service.

    Returns
    -------
    ndarray
        Years by grades, proportions.

    Examples
    --------
    >>> first_grades(np.array([12.0])).round(3).tolist()
    [[0.368, 0.368, 0.264, 0.0]]
    """
    below = stats.poisson.pmf(np.arange(FIRST_GRADES - 1), years[:, None] / 12)
    top = 1 - below.sum(axis=1, keepdims=True)
    return np.hstack([below, top, np.zeros_like(top)])


def risen(people: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Promote the expected share of the people below the highest grade.

    Parameters
    ----------
    people
        Grades along the last axis.
    rise
        Chance, of the shape of the other axes.

    Returns
    -------
    ndarray
        As `people`.

    Examples
    --------
    >>> risen(np.array([10.0, 0.0, 0.0, 5.0]), np.array(0.1)).tolist()
    [9.0, 1.0, 0.0, 5.0]
    """
    up = people[..., :-1] * rise[..., None]
    later = people.copy()
    later[..., :-1] -= up
    later[..., 1:] += up
    return later
