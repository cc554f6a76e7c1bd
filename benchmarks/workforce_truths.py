"""The truth of an invented workforce, from what was planted and never from a measure.

Shares, flows, medians and segregation are those of `equity.sample.workforce_truth`.
Here is what a measure asks beside: quantiles of pay, the parts of a gap by a regression
on few characteristics, and the year in which the true rates bring parity.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from equity.sample.city import City
from equity.sample.common import RACES, REFERENCE, Options
from equity.sample.expected import Expected
from equity.sample.expected_pay import Paid, pay_of
from equity.sample.jobs import CATEGORIES, DEPARTMENTS, LUCK

BASE = RACES.index(REFERENCE)
HORIZON = 30  # years
STEPS = 20  # of a pay scale, in a unit of log pay: each is 5 % above the last


def all_pay(options: Options, found: Expected) -> list[Paid]:
    """List the expected pay of every group.

    Parameters
    ----------
    options
        Of the city.
    found
        Its expected workforce.

    Returns
    -------
    list of Paid
        In the order of `RACES`.
    """
    return [pay_of(options, found, place) for place in range(len(RACES))]


def quantile(paid: Paid, level: float) -> float:
    """Find the pay that a share of a group is expected to be paid less than.

    Parameters
    ----------
    paid
        The group's.
    level
        The share.

    Returns
    -------
    float
        In log pay.
    """
    people = paid.people.sum(axis=0)  # pay is the same in every department
    there = people > 0
    log_pay, share = paid.log_pay[0][there], people[there] / people.sum()

    def above(value: float) -> float:
        return float(share @ ndtr((value - log_pay) / LUCK)) - level

    return brentq(above, log_pay.min() - 6 * LUCK, log_pay.max() + 6 * LUCK)


def on_scale(log_pay: float | np.ndarray) -> float | np.ndarray:
    """Put log pay on the nearest step of a scale.

    Parameters
    ----------
    log_pay
        As it would be without a scale.

    Returns
    -------
    float or ndarray
        The step's, in log pay. Steps keep quantiles: the one of the scale is the step
        nearest to the one without.
    """
    return np.round(log_pay * STEPS) / STEPS


def parts(ways: list[Paid]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split expected gaps in log pay by department, job category and years.

    Parameters
    ----------
    ways
        As `all_pay` returns them.

    Returns
    -------
    tuple of ndarray
        Of each group: its gap, what goes with the characteristics at the reference's
        expected coefficients (least squares over everybody expected), and the rest.
    """
    design = _design(ways[BASE].years)
    means, pay = [], []
    for way in ways:
        people = way.people.sum(axis=(2, 4)).ravel()
        whole = (way.people * way.log_pay).sum(axis=(2, 4)).ravel()
        means.append(people @ design / people.sum())
        pay.append(whole.sum() / people.sum())
        if way is ways[BASE]:
            root = np.sqrt(people)
            mean = np.divide(whole, people, out=np.zeros_like(whole), where=people > 0)
            coefficients = np.linalg.lstsq(root[:, None] * design, root * mean)[0]
    gap = np.array(pay) - pay[BASE]
    explained = (np.array(means) - means[BASE]) @ coefficients
    return gap, explained, gap - explained


def _design(years: np.ndarray) -> np.ndarray:
    """Departments by years by categories, as rows of characteristics."""
    axes = [np.arange(len(DEPARTMENTS)), years / 10, np.arange(len(CATEGORIES))]
    unit, service, kind = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    return np.column_stack(
        [
            unit[:, None] == axes[0],
            kind[:, None] == axes[2][1:],
            service,
            service**2,
        ]
    ).astype(float)


def years_to_parity(found: Expected, people: np.ndarray, town: City) -> np.ndarray:
    """Go on at the true rates from those in post, until the residents' share is there.

    Parameters
    ----------
    found
        The expected workforce, whose rates are the true ones.
    people
        How many of each group are in post: counted, not expected, since a count of
        everybody is certain.
    town
        The city as it truly is.

    Returns
    -------
    ndarray
        Years of each group; infinite where it is not within `HORIZON`.
    """
    years = len(found.left) / 4
    now, before = (found.stock[i].sum(axis=(0, 2)) for i in (-1, 0))
    left, hired = (flow.sum(axis=(0, 1)) for flow in (found.left, found.hired))
    worked = (now + before) / 2 * years
    leave = left / worked
    others = (left.sum() - left) / (worked.sum() - worked)
    total, held = people.sum(), people.astype(float)
    reached = np.full(len(RACES), np.inf)
    for year in range(HORIZON + 1):
        there = np.isinf(reached) & (held / total >= town.shares)
        reached[there] = year
        gone = held * leave + (total - held) * others
        held = held * (1 - leave) + gone * hired / hired.sum()
    return reached
