"""What measures of the workforce should find in the sample city.

All of it follows from the expected workforce, department by group by grade: what a
measure would find on average, were its counts as expected.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, xlogy

from equity.sample import pools
from equity.sample.city import City
from equity.sample.common import (
    RACES,
    REFERENCE,
    Options,
    compared,
    divide,
    listed,
    plain,
)
from equity.sample.expected import Expected, flows
from equity.sample.expected_pay import pay_of
from equity.sample.jobs import (
    CATEGORIES,
    CATEGORY_ODDS,
    DEPARTMENTS,
    HIRE_ODDS,
    LEAVE,
    LEAVE_ODDS,
    LUCK,
    PAY_RATIO,
    PAY_RATIO_WOMEN,
    RISE,
    RISE_FACTOR,
    RISE_ODDS,
    UNRECORDED,
    categories,
    chances,
    logs,
    posts,
    rises,
)

BASE = RACES.index(REFERENCE)
YEAR = 4  # quarters
HORIZON, WITHIN = 30, 5  # years that are looked ahead, and in which parity is wanted
SAME = 1e-9


def truth(options: Options, town: City) -> dict:
    """Write down the expected workforce, and what was planted in it.

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
    >>> options = Options(tracts=12, size=0.1, workforce_gap=0)
    >>> found = truth(options, city.build(options))
    >>> found["segregation"]["between_departments"]["theil_h"]
    0.0
    >>> found["promotions"]["within_departments"]["Asian"]["ratio"]
    1.0
    """
    found = flows(options, town)
    people = found.staff()
    by_job = people[..., None] * categories(options)  # department, group, category
    gap = options.workforce_gap
    return {
        "definition": "Expected shares of the people employed on 2025-12-31, among "
        "those whose race is known (it is lost at random); they follow from the odds "
        "below. parity_index is the share over the share of all residents; difference "
        "is the share minus the residents'. Every group can be recorded.",
        "posts": plain(posts(options).sum(), 0),
        "race_not_known": plain(sum(UNRECORDED.values()), 3),
        "overall": _against(people.sum(axis=0), town.shares),
        "by_department": {
            name: {"posts": plain(number, 0), "share": listed(row / row.sum())}
            for name, number, row in zip(
                DEPARTMENTS, posts(options), people, strict=True
            )
        },
        "by_category": {
            name: {"share": listed(row / row.sum())}
            for name, row in zip(CATEGORIES, by_job.sum(axis=0).T, strict=True)
        },
        "benchmarks": _benchmarks(options, town, by_job.sum(axis=0).T),
        "hires": {
            "definition": "Odds of being hired against White, relative to the "
            "residents, before a department's own odds; the expected share of hires "
            "in all quarters; and the same against those in post on the last day.",
            "odds_ratio": listed(np.exp(gap * logs(HIRE_ODDS))),
            "share": listed(_shares(found.hired.sum(axis=(0, 1)))),
            "against_those_in_post": _beside(
                _shares(found.hired.sum(axis=(0, 1))), _shares(people.sum(axis=0))
            ),
        },
        "separations": {
            "definition": "Probability a quarter of leaving, of those employed at its "
            "start, and its odds against White; and the share of those in post at the "
            "start of a year who leave within it, the same in every department.",
            "odds_ratio": listed(np.exp(gap * logs(LEAVE_ODDS))),
            "per_quarter": compared(chances(options, LEAVE, LEAVE_ODDS)),
            "within_a_year": compared(
                1 - (1 - chances(options, LEAVE, LEAVE_ODDS)) ** YEAR
            ),
        },
        "promotions": _promotions(options, found),
        "job_category": {
            "definition": "Odds against White of the EEO-4 categories 1 and 2, against "
            "the department's others.",
            "odds_ratio": listed(np.exp(gap * logs(CATEGORY_ODDS))),
        },
        "pay": _pay(options, found),
        "segregation": _segregation(by_job),
        "at_this_pace": _pace(options, town, found),
    }


def _benchmarks(options: Options, town: City, by_category: np.ndarray) -> dict:
    """Set expected shares beside those of the pools, overall and by job category."""
    workforce = _shares(by_category.sum(axis=0))
    people = pools.by_category(pools.of_job_groups(options, town))
    available = _shares(people)
    known = ~np.isnan(available[:, 0])
    size = by_category.sum(axis=1) * known
    average = (size[known] @ available[known]) / size.sum()
    in_known = _shares(by_category[known].sum(axis=0))
    return {
        "definition": "Expected shares of the workforce beside the true shares of each "
        "pool: value, share of the pool, difference and ratio. Availability in the "
        "occupation is averaged over the city's expected jobs, without those of "
        "paraprofessionals, for whom it is not known; then the workforce is without "
        "them too.",
        **{
            name: _beside(workforce, _shares(pools.of_all_jobs(options, town, name)))
            for name in pools.OF_ALL_JOBS
        },
        pools.AVAILABILITY: _beside(in_known, average),
        "by_category": {
            category: _beside(_shares(own), theirs)
            for category, own, theirs, there in zip(
                pools.FORM, by_category, available, known, strict=True
            )
            if there
        },
    }


def _promotions(options: Options, found: Expected) -> dict:
    """Work out rates of promotion a year, overall and within departments."""
    events, population = _risen(options, found)
    rate = divide(events.sum(axis=(0, 1)), population.sum(axis=(0, 1)))
    strata = (events.reshape(-1, len(RACES)), population.reshape(-1, len(RACES)))
    gap = options.workforce_gap
    return {
        "definition": "Probability a quarter of promotion, of those employed at its "
        "start who stay and are below the highest grade, in a department of factor 1; "
        "promotion raises the grade within the category. within_a_year is the "
        "share of those in post at the start of a year who are promoted, once or more, "
        "within it, over all whole years; within_departments compares the same "
        "within departments and years, by the weights of Mantel and Haenszel. "
        "Departments promote at rates of their own, so the two differ.",
        "odds_ratio": listed(np.exp(gap * logs(RISE_ODDS))),
        "department_factor": dict(RISE_FACTOR),
        "per_quarter": compared(chances(options, RISE, RISE_ODDS)),
        "within_a_year": compared(rate),
        "within_departments": _mantel_haenszel(*strata),
    }


def _risen(options: Options, found: Expected) -> tuple[np.ndarray, np.ndarray]:
    """Expect who rises in a year, and who could: years by departments by groups."""
    stay, rise = 1 - chances(options, LEAVE, LEAVE_ODDS), rises(options)
    # Whoever is below the highest grade stays there until a first promotion.
    again = (stay * (1 - rise))[..., None] ** np.arange(YEAR)
    once = stay * rise * again.sum(axis=-1)
    first = options.quarters % YEAR  # the years end with the last day
    pool = found.stock[first : options.quarters : YEAR]
    return pool[..., :-1].sum(axis=-1) * once, pool.sum(axis=-1)


def _mantel_haenszel(events: np.ndarray, population: np.ndarray) -> dict:
    """Compare rates within strata, against the reference."""
    own, base = events, events[:, [BASE]]
    ours, theirs = population, population[:, [BASE]]
    both = ours + theirs
    weight = ours * theirs / both
    difference = (weight * (own / ours - base / theirs)).sum(axis=0) / weight.sum(
        axis=0
    )
    ratio = divide((own * theirs / both).sum(axis=0), (base * ours / both).sum(axis=0))
    odds = divide(
        (own * (theirs - base) / both).sum(axis=0),
        ((ours - own) * base / both).sum(axis=0),
    )
    return {
        group: {
            "difference": plain(numbers[0]),
            "ratio": plain(numbers[1]),
            "odds_ratio": plain(numbers[2]),
        }
        for group, *numbers in zip(RACES, difference, ratio, odds, strict=True)
    }


def _pay(options: Options, found: Expected) -> dict:
    """Work out the distribution of pay of each group, and the gap that was planted."""
    gap = options.workforce_gap
    planted = gap * logs(PAY_RATIO)
    ways = [pay_of(options, found, place) for place in range(len(RACES))]
    each = [_summary(way.log_pay.ravel(), way.people.ravel()) for way in ways]
    median, mean, mean_log = np.array(each).T
    whole = mean_log - mean_log[BASE]
    return {
        "definition": "Ratio to White's pay, and to men's, at the same EEO-4 "
        "category, grade and years of service, and its logarithm; then the median "
        "and the mean of what is expected to be paid on 2025-12-31, in dollars. The "
        "gap in the mean of log pay is in two parts: what goes with job, grade, years "
        "and department (explained), and the rest, which was planted.",
        "ratio": listed(np.exp(planted)),
        "log_points": listed(planted),
        "women_to_men": plain(PAY_RATIO_WOMEN**gap),
        "median": compared(median, digits=2),
        "mean": compared(mean, digits=2),
        "gap_in_log_pay": {
            group: {
                "gap": plain(all_of_it),
                "explained": plain(all_of_it - rest),
                "unexplained": plain(rest),
            }
            for group, all_of_it, rest in zip(RACES, whole, planted, strict=True)
        },
    }


def _summary(log_pay: np.ndarray, people: np.ndarray) -> tuple[float, float, float]:
    """Find the median and the mean of pay, and the mean of its logarithm."""
    if not people.sum() > 0:
        return np.nan, np.nan, np.nan
    log_pay, share = log_pay[people > 0], people[people > 0] / people.sum()

    def below(value: float) -> float:
        return float(share @ ndtr((value - log_pay) / LUCK)) - 0.5

    ends = log_pay.min() - 5 * LUCK, log_pay.max() + 5 * LUCK
    median = np.exp(brentq(below, *ends, xtol=1e-10))
    return median, share @ np.exp(log_pay + LUCK**2 / 2), share @ log_pay


def _segregation(by_job: np.ndarray) -> dict:
    """Work out how unlike the mixes of departments, and of their job groups, are."""
    departments = by_job.sum(axis=2)
    cells = by_job.transpose(0, 2, 1).reshape(-1, len(RACES))
    between, whole = _information(departments), _information(cells)
    shares = _shares(departments.sum(axis=0))
    entropy = -xlogy(shares, shares).sum()
    apart = np.abs(_shares(departments.T) - _shares(departments[:, BASE])).sum(axis=1)
    return {
        "definition": "Of the expected workforce. mutual_information_m in nats, "
        "theil_h its share of the entropy of the groups; dissimilarity of each group "
        "and White; within departments, between their EEO-4 job categories.",
        "between_departments": {
            "mutual_information_m": plain(between),
            "theil_h": plain(divide(between, entropy)[()]),
            "dissimilarity": listed(apart / 2),
        },
        "within_departments": {
            "mutual_information_m": plain(whole - between),
            "theil_h": plain(divide(whole - between, entropy)[()]),
        },
    }


def _information(table: np.ndarray) -> float:
    """Find the mutual information of units and groups, in nats."""
    share = table / table.sum()
    apart = [xlogy(p, p).sum() for p in (share, share.sum(axis=0), share.sum(axis=1))]
    return max(apart[0] - apart[1] - apart[2], 0.0)


def _pace(options: Options, town: City, found: Expected) -> dict:
    """Go on at the expected rates until each group has its share of the residents."""
    years = options.quarters / YEAR
    now, before = (found.stock[i].sum(axis=(0, 2)) for i in (-1, 0))
    left, entered = (flow.sum(axis=(0, 1)) for flow in (found.left, found.hired))
    exposure = (now + before) / 2 * years
    leave, hires = divide(left, exposure), divide(entered, entered.sum())
    others = divide(left.sum() - left, exposure.sum() - exposure)
    come, go = hires * others, (1 - hires) * leave
    total, goal = now.sum(), town.shares
    group, reached = now.copy(), np.full(len(RACES), np.nan)
    for year in range(HORIZON + 1):
        there = (group / total >= goal - SAME) & np.isnan(reached)
        reached[there] = year
        gone = leave * group + others * (total - group)
        group = group * (1 - leave) + hires * gone
    kept = ((1 - leave[:, None]) ** np.arange(WITHIN)).sum(axis=1)
    wanted = np.maximum(goal * total - now * (1 - leave) ** WITHIN, 0)
    return {
        "definition": "Arithmetic on the expected numbers who were hired and left in "
        "all quarters, with posts held, towards the residents' shares: the first year "
        f"with the share (none within {HORIZON} years), the share that the pace leads "
        f"to in the end, and hires a year that would bring it in {WITHIN} years.",
        "years_to_parity": listed(reached, digits=0),
        "tends_to": listed(divide(come, come + go)),
        "leave_a_year": listed(leave),
        "hires_needed_a_year": listed(np.ceil(wanted / kept - SAME), digits=0),
    }


def _shares(people: np.ndarray) -> np.ndarray:
    """Divide by the sum along the last axis; missing where there is nobody."""
    return divide(people, people.sum(axis=-1, keepdims=True))


def _beside(shares: np.ndarray, benchmark: np.ndarray) -> dict:
    """Compare shares of people with shares of a benchmark."""
    return {
        group: {
            "value": plain(share),
            "benchmark": plain(other),
            "difference": plain(share - other),
            "ratio": plain(ratio),
        }
        for group, share, other, ratio in zip(
            RACES, shares, benchmark, divide(shares, benchmark), strict=True
        )
    }


def _against(people: np.ndarray, residents: np.ndarray) -> dict:
    """Compare shares of people with shares of residents."""
    return {
        group: {
            "share": row["value"],
            "residents": row["benchmark"],
            "difference": row["difference"],
            "parity_index": row["ratio"],
        }
        for group, row in _beside(_shares(people), residents).items()
    }
