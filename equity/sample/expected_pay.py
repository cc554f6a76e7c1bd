"""What a group of the sample city is expected to be paid, by all that pay goes with."""

from typing import NamedTuple

import numpy as np

from equity.sample.common import LAST_DAY, Options
from equity.sample.expected import Expected, first_grades, risen, tenures
from equity.sample.jobs import (
    CATEGORIES,
    GRADES,
    LEAVE,
    LEAVE_ODDS,
    PAY_RATIO,
    PAY_RATIO_WOMEN,
    STEP,
    WOMEN,
    YEARLY,
    categories,
    chances,
    logs,
    rises,
)


class Paid(NamedTuple):
    """Expected people of a group on the last day, and their pay but for luck.

    Both arrays are departments by years of service by grades by EEO-4 categories by
    sex (women first).

    Attributes
    ----------
    log_pay
        The mean of the logarithm of a year's pay.
    people
        How many are expected.
    years
        Years of service, along the second axis.
    """

    log_pay: np.ndarray
    people: np.ndarray
    years: np.ndarray


def pay_of(options: Options, found: Expected, place: int) -> Paid:
    """Work out the expected log pay of a group by all that it depends on.

    Parameters
    ----------
    options
        Of the city.
    found
        Its expected workforce.
    place
        The group's position among `RACES`.

    Returns
    -------
    Paid
        Years of service are on a grid: of those in post at the start, and of each
        quarter's hires at its middle.

    Examples
    --------
    >>> from equity.sample import city
    >>> from equity.sample.expected import flows
    >>> options = Options(tracts=12, quarters=4, size=0.1)
    >>> found = flows(options, city.build(options))
    >>> paid = pay_of(options, found, 5)
    >>> bool(np.isclose(paid.people.sum(), found.staff()[:, 5].sum()))
    True
    """
    service, held = _held(options, found, place)
    gap = options.workforce_gap
    base = np.log([pay for _, pay in CATEGORIES.values()])
    women = np.stack([np.array(WOMEN), 1 - np.array(WOMEN)], axis=1)
    people = np.einsum(
        "dyk,dc,ds->dykcs", held, categories(options)[:, place], women, optimize=True
    )
    log_pay = (
        gap * logs(PAY_RATIO)[place]
        + YEARLY * service[:, None, None, None]
        + np.log(STEP) * np.arange(len(GRADES))[:, None, None]
        + base[:, None]
        + gap * np.log(PAY_RATIO_WOMEN) * np.array([1, 0])
    )
    return Paid(np.broadcast_to(log_pay, people.shape), people, service)


def _held(
    options: Options, found: Expected, place: int
) -> tuple[np.ndarray, np.ndarray]:
    """Years of service, and people by department, years and grade."""
    stay = 1 - chances(options, LEAVE, LEAVE_ODDS)[place]
    rise = rises(options)[:, place]
    quarters = options.periods()
    service, people = [], []
    years = tenures()
    start = found.stock[0, :, place].sum(axis=-1)
    grades = first_grades(years) / len(years)
    cohort = start[:, None, None] * grades
    for _ in quarters:
        cohort = risen(cohort * stay, rise[:, None])
    service.append(years + (LAST_DAY - quarters[0].start_time).days / 365.25)
    people.append(cohort)
    for number, quarter in enumerate(quarters):
        new = np.zeros((len(start), 1, len(GRADES)))
        new[:, 0, 0] = found.hired[number, :, place]
        for _ in range(options.quarters - 1 - number):
            new = risen(new * stay, rise[:, None])
        middle = quarter.start_time + (quarter.end_time - quarter.start_time) / 2
        service.append(np.array([(LAST_DAY - middle).days / 365.25]))
        people.append(new)
    return np.concatenate(service), np.concatenate(people, axis=1)
