"""What measures of service should find in the sample city, worked out from the truth.

*Person level* is what was planted. *Area-weighted* is what measures by race of the
residents served estimate from true residents: groups share tracts, and so differ less.
"""

import numpy as np

from equity.sample import asking
from equity.sample.city import City
from equity.sample.common import (
    RACES,
    REFERENCE,
    Options,
    by_race,
    compared,
    divide,
    listed,
    plain,
)
from equity.sample.export import COUNTED

WITHIN = (7, 14, 30)  # days
TARGET = 14  # days, of the gap that is taken apart
YEAR = (90, 91, 92, 92)  # days of the quarters of 2025


def truth(options: Options, town: City) -> dict:
    """Write down what was planted, and what measures of service estimate of it.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    dict
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> found = truth(options, city.build(options))
    >>> found["area_weighted"]["reporting_delay_days"]["White"]["difference"]
    0.0
    """
    asked = town.residents * asking.rates(options)  # expected a year
    return {
        "period": "2025Q1 to 2025Q4; there is no trend, so of any whole year",
        "counted": "Requests are counted once, with a usable place and usable dates: "
        "status Open or Closed, not cancelled, not a duplicate, coordinates inside a "
        "tract, not closed before opened, not closed without a date. Places and dates "
        "are spoiled at random, so the expected count is the number of requests made "
        "times counted_share.",
        "counted_share": plain(COUNTED),
        "expected_counted": plain(COUNTED * asked.sum(), 1),
        "season_by_quarter": list(asking.SEASONS),
        "overdispersion": "Counts are Poisson around their mean times a gamma factor "
        f"(mean 1, shape {asking.DISPERSION:g}) of each tract in each quarter.",
        "channels": "Of no effect: neither group nor wait depends on the channel.",
        "person_level": _person_level(options),
        "area_weighted": _area_weighted(options, town),
        "days": "Whole days: date of closing minus date of opening. median_days is the "
        "first whole day by which half or more are closed; median_moment is the moment "
        "at which half are closed when the closings of day d are spread evenly from "
        "d - 0.5 to d + 0.5, and those of day 0 from 0 to 0.5. Requests that close "
        "after 2025-12-31 are still open in the file, and their waiting time is "
        "censored; these truths are of the uncensored times, the same in every period.",
        "further_reports": "Others report an open request again at a rate per day that "
        "is further_reports_a_day_of_white of its category times the mean of "
        "further_report_ratio over the residents of its tract. The window of a request "
        "ends when it is closed, at the end of 2025-12-31, or after "
        f"{asking.WINDOW} days. Of a window that ends on the day it opened a third of "
        "a day counts; of one that the end of the data or the number of days ends, "
        "half a day more than lie between.",
        "categories": {
            name: {
                "share": share,
                "median_days_of_white": median,
                "further_reports_a_day_of_white": asking.FURTHER[name],
            }
            for name, (share, median) in asking.CATEGORIES.items()
        },
    }


def _person_level(options: Options) -> dict:
    """Write down what was planted."""
    days = np.arange(2000)
    closed = asking.closed_by(options, days)
    gap = options.service_gap
    return {
        "definition": "What was planted: requests made per 1,000 residents of a "
        "group a year, counted or not, and the waiting time of the group's own "
        "requests. waiting_time_ratio is of median times within a category, "
        "share_of_requests of the categories the group asks for, and "
        "further_report_ratio of further reports a day where only the group lives.",
        "requests_per_1000": compared(1000 * asking.rates(options), digits=4),
        "waiting_time_ratio": listed(by_race(asking.WAIT_RATIO) ** gap, digits=6),
        "further_report_ratio": listed(by_race(asking.FURTHER_RATIO) ** gap, digits=6),
        "share_of_requests": {
            name: listed(shares)
            for name, shares in zip(
                asking.CATEGORIES, asking.mixes(options).T, strict=True
            )
        },
        "median_days": compared(_median(closed), digits=0),
        "median_moment": compared(_moment(closed)),
        **_within(closed),
        "gap_within_14_days": _parts(
            asking.mixes(options), asking.closed_by_category(options, [TARGET])[..., 0]
        ),
    }


def _area_weighted(options: Options, town: City) -> dict:
    """Work out what measures by race of the residents served estimate."""
    alive = town.residents[town.residents.sum(axis=1) > 0]
    residents = alive.sum(axis=1, keepdims=True)
    share = alive / residents
    asked = alive * asking.rates(options)  # expected a year, by tract and asking group
    per_resident = COUNTED * asked.sum(axis=1) / residents[:, 0]
    per_1000 = 1000 * divide(alive.T @ per_resident, alive.sum(axis=0))

    # Who lives beside whom: the group served is weighted by its share of each tract.
    beside = share.T @ asked
    closed = asking.closed_by(options, np.arange(2000))
    weighted = divide(beside @ closed, beside.sum(axis=1, keepdims=True))

    by_kind = asked[:, :, None] * asking.mixes(options)  # tract, group, category
    made = by_kind.sum(axis=1)
    on_time = asking.closed_by_category(options, [TARGET])[..., 0]
    served = share.T @ made  # group served by category
    in_time = divide(share.T @ (by_kind * on_time).sum(axis=1), served)
    mix = divide(served, served.sum(axis=1, keepdims=True))
    parts = _parts(mix, in_time)
    for group, adjusted in zip(RACES, _adjusted(served, in_time), strict=True):
        parts[group]["adjusted"] = plain(adjusted)
    return {
        "definition": "What measures by race of the residents served estimate, "
        "from true residents: the mean over tracts of expected counted requests "
        "per 1,000 residents a year, weighted by the group's residents; and the "
        "waiting times of all requests of a tract, each weighted by the group's "
        "share of the tract's residents. Nearer to parity than person_level, "
        "because groups share tracts. gap_within_14_days is taken apart as Kitagawa "
        "does: into what goes with the mix of requests, and what is left between "
        "requests of one kind; adjusted is the coefficient of a regression on group "
        "and category. Rates of further reports are of counted requests; those of the "
        "same mix are weighted over categories as the days of all requests are; a "
        "delay is one over a rate.",
        "requests_per_1000": compared(per_1000, digits=4),
        "median_days": compared(_median(weighted), digits=0),
        "median_moment": compared(_moment(weighted)),
        **_within(weighted),
        "gap_within_14_days": parts,
        **_reporting(options, town, per_1000),
    }


def _reporting(options: Options, town: City, per_1000: np.ndarray) -> dict:
    """Work out rates of further reports, area-weighted."""
    there = town.residents.sum(axis=1) > 0
    alive = town.residents[there]
    share = alive / alive.sum(axis=1, keepdims=True)
    kinds = (alive * asking.rates(options))[:, :, None] * asking.mixes(options)
    days = (kinds * exposure(options)).sum(axis=1)  # tract by category, a year
    reports = days * asking.further_rates(options, town)[there]
    served, open_days, further = (
        share.T @ table for table in (kinds.sum(axis=1), days, reports)
    )
    rate = divide(further.sum(axis=1), open_days.sum(axis=1))
    standard = days.sum(axis=0) / days.sum()
    same_mix = divide(further, open_days) @ standard
    each = divide(further.sum(axis=1), served.sum(axis=1))
    return {
        "reports_per_1000": compared(per_1000 * (1 + each), digits=4),
        "reports_per_request": compared(1 + each),
        "further_reports_per_day": compared(rate, digits=8),
        "further_reports_per_day_same_mix": compared(same_mix, digits=8),
        "reporting_delay_days": compared(1 / rate, digits=4),
        "reporting_delay_days_same_mix": compared(1 / same_mix, digits=4),
    }


def exposure(options: Options) -> np.ndarray:
    """Expect for how many days a request of 2025 can be reported again.

    Parameters
    ----------
    options
        Of the city.

    Returns
    -------
    ndarray
        Days, groups of `RACES` by categories: until it is closed, the data end or
        `asking.WINDOW` days have passed.

    Examples
    --------
    >>> exposure(Options(service_gap=0))[0].round(1).tolist()[:2]
    [6.6, 19.6]
    """
    days = np.arange(asking.WINDOW + 1)
    until = asking.closed_by_category(options, days)
    on = np.diff(until, axis=-1, prepend=0)
    counted = np.where(days == 0, 1 / 3, days)
    # Watched for k whole days: what was closed by then, and the others half a day more.
    watched = np.cumsum(on * counted, axis=-1) + (1 - until) * (days + 0.5)
    left = np.minimum(np.arange(sum(YEAR))[::-1], asking.WINDOW)
    weight = np.repeat(np.array(asking.SEASONS) / 4 / YEAR, YEAR)
    return watched[..., left] @ weight / weight.sum()


def _parts(mix: np.ndarray, in_time: np.ndarray) -> dict:
    """Take a gap apart as Kitagawa (1955) does, against the reference."""
    base = RACES.index(REFERENCE)
    composition = ((mix - mix[base]) * (in_time + in_time[base]) / 2).sum(axis=1)
    rate = ((in_time - in_time[base]) * (mix + mix[base]) / 2).sum(axis=1)
    return {
        group: {
            "gap": plain(whole),
            "mix_of_requests": plain(of_mix),
            "same_kind_of_request": plain(of_rate),
        }
        for group, whole, of_mix, of_rate in zip(
            RACES, composition + rate, composition, rate, strict=True
        )
    }


def _adjusted(served: np.ndarray, in_time: np.ndarray) -> np.ndarray:
    """Regress being in time on group and category; coefficients of the groups."""
    groups, categories = served.shape
    base = RACES.index(REFERENCE)
    group = np.repeat(np.eye(groups), categories, axis=0)
    category = np.tile(np.eye(categories), (groups, 1))
    there = served.ravel() > 0
    design = np.hstack([np.delete(group, base, axis=1), category])[there]
    root = np.sqrt(served.ravel()[there])
    outcome = in_time.ravel()[there] * root
    found = np.linalg.lstsq(design * root[:, None], outcome, rcond=None)[0]
    coefficients = np.insert(found[: groups - 1], base, 0.0)
    return np.where(served.sum(axis=1) > 0, coefficients, np.nan)


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
