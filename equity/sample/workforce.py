"""The city's workforce: a roster, and the events that led to it.

Every department keeps its number of posts. In each quarter the people employed at its
start leave with a probability that depends on their race, each post is filled again
in the same quarter from the department's mix of hires, and those who stayed are
promoted with a probability that depends on their race. All of it is linear in the
expected numbers of people, so the expected roster is known exactly.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity import race
from equity.sample.city import City
from equity.sample.common import (
    LAST_DAY,
    RACES,
    Options,
    by_race,
    compared,
    divide,
    listed,
    plain,
    respell,
    tilt,
)

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
RISE, RISE_ODDS = 0.022, {race.BLACK: 0.72, race.HISPANIC: 0.75, race.ASIAN: 0.90}
PAY_RATIO = {race.BLACK: 0.965, race.HISPANIC: 0.955, race.ASIAN: 0.99}
PAY_RATIO_WOMEN = 0.97
KEPT_SINCE = pd.Timestamp("2025-07-01")  # leavers since then are still in the roster
UNRECORDED = {"Unknown": 0.012, "Declined": 0.018, "Not recorded": 0.010}
SPELLINGS = {
    race.AIAN: ["American Indian or Alaska Native", "AMERICAN INDIAN/ALASKAN NATIVE"],
    race.ASIAN: ["Asian", "ASIAN", "asian "],
    race.BLACK: [
        "Black or African American",
        *("BLACK OR AFRICAN AMERICAN", "Black/African American", "BLACK"),
    ],
    race.HISPANIC: [
        "Hispanic or Latino",
        *("HISPANIC OR LATINO", "Hispanic/Latino", "Hispanic "),
    ],
    race.NHPI: [
        "Native Hawaiian or Other Pacific Islander",
        "NATIVE HAWAIIAN/PACIFIC ISLANDER",
    ],
    race.WHITE: ["White", "WHITE", "white", "White (not Hispanic or Latino)"],
    race.TWO_OR_MORE: ["Two or More Races", "TWO OR MORE RACES", "2 or more races"],
    race.SOME_OTHER: ["Other", "OTHER"],
    "Unknown": ["Unknown", "UNKNOWN"],
    "Declined": ["Decline to state", "DECLINE TO STATE", "Declined to State"],
    "Not recorded": [""],
}
GRADES = ("I", "II", "III", "IV")
PERSON = ["Employee ID", "Race/Ethnicity", "Sex", "Department", "Job Title"]


@dataclass(frozen=True)
class Workforce:
    """Both exports, the truth beneath them, and how many rows are messy.

    Attributes
    ----------
    roster, events
        The exports as text.
    truth, messes
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> build(options, city.build(options)).messes["rows_repeated_exactly"]
    4
    """

    roster: pd.DataFrame
    events: pd.DataFrame
    truth: dict
    messes: dict


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
    extra = np.array([_logs(DEPARTMENT_ODDS.get(name, {})) for name in DEPARTMENTS])
    return tilt(town.shares, options.workforce_gap * (_logs(odds) + extra))


def chances(options: Options, base: float, odds: dict[str, float]) -> np.ndarray:
    """Probability per quarter by group, from White's and the odds against it.

    Parameters
    ----------
    options
        Of the city; its `workforce_gap` is the power of every odds.
    base
        White's probability.
    odds
        `LEAVE_ODDS` or `RISE_ODDS`.

    Returns
    -------
    ndarray
        One probability per group of `RACES`.

    Examples
    --------
    >>> chances(Options(workforce_gap=0), 0.02, LEAVE_ODDS).round(6).max()
    np.float64(0.02)
    """
    return 1 / (1 + (1 - base) / base * np.exp(-options.workforce_gap * _logs(odds)))


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
    people = posts(options)[:, None] * mix(options, town, POST_ODDS)
    hired = mix(options, town, HIRE_ODDS)
    leave = chances(options, LEAVE, LEAVE_ODDS)
    for _ in range(options.quarters):
        left = people * leave
        people = people - left + left.sum(axis=1, keepdims=True) * hired
    return people


def build(options: Options, town: City) -> Workforce:
    """Run the quarters, and export the roster and the events.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Workforce
        Exports, truth and messes.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> build(options, city.build(options)).events["Event"].iloc[0].isupper()
    True
    """
    people, events = _run(options, town)
    roster, log, messes = _export(options, people, events)
    return Workforce(roster, log, _truth(options, town), messes)


def _run(options: Options, town: City) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate the workforce, quarter by quarter."""
    rng = options.rng("workforce")
    leave = chances(options, LEAVE, LEAVE_ODDS)
    rise = chances(options, RISE, RISE_ODDS)
    hires = mix(options, town, HIRE_ODDS)
    periods = options.periods()
    first = periods[0].start_time
    people = _recruits(options, posts(options), mix(options, town, POST_ODDS), rng)
    tenure = np.minimum(rng.gamma(1.6, 6.0, len(people)), 38)
    back = pd.to_timedelta(np.floor(tenure * 365.25) + 1, unit="D")
    people["hired"] = first - back
    people["grade"] = np.minimum(rng.poisson(tenure / 12), 2)
    people["left"] = pd.Series(pd.NaT, people.index, dtype=people["hired"].dtype)
    log = []
    for quarter in periods:
        start = quarter.start_time
        length = (quarter.end_time - start).days + 1
        employed = people["left"].isna().to_numpy()
        draw = rng.random(len(people))
        group = people["group"].to_numpy()
        goes = employed & (draw < leave[group])
        rises = employed & ~goes & (rng.random(len(people)) < rise[group])
        rises &= people["grade"].to_numpy() < len(GRADES) - 1
        day = start + pd.to_timedelta(rng.integers(length, size=len(people)), unit="D")
        people.loc[goes, "left"] = day[goes]
        people.loc[rises, "grade"] += 1
        vacated = np.bincount(people.loc[goes, "department"], minlength=len(hires))
        new = _recruits(options, vacated, hires, rng)
        new["hired"] = start + pd.to_timedelta(
            rng.integers(length, size=len(new)), unit="D"
        )
        people = pd.concat([people, new.assign(grade=0)], ignore_index=True)
        latest = np.arange(len(people)) >= len(goes)
        for kind, rows, dates in [
            ("SEPARATION", np.flatnonzero(goes), day[goes]),
            ("PROMOTION", np.flatnonzero(rises), day[rises]),
            ("HIRE", np.flatnonzero(latest), new["hired"]),
        ]:
            happened = people.loc[rows, ["grade"]].assign(kind=kind, person=rows)
            log.append(happened.assign(date=np.asarray(dates)))
    return people, pd.concat(log, ignore_index=True)


def _recruits(
    options: Options, number: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw people for so many posts of each department."""
    department = np.repeat(np.arange(len(number)), number)
    group = _pick(shares[department], rng)
    kinds = _categories(options)[department, group]
    women = np.array([0.24, 0.10, 0.15, 0.2, 0.48, 0.76, 0.78, 0.5, 0.6, 0.72, 0.55])
    unrecorded = rng.random(len(group))
    labels = np.array(RACES, dtype=object)[group]
    limits = np.cumsum(list(UNRECORDED.values()))
    for label, limit in reversed(list(zip(UNRECORDED, limits, strict=True))):
        labels[unrecorded < limit] = label
    return pd.DataFrame(
        {
            "department": department,
            "group": group,
            "label": labels,
            "category": _pick(kinds, rng),
            "woman": rng.random(len(group)) < women[department],
            "luck": rng.normal(0, 0.07, len(group)),
            "full_time": rng.random(len(group)) < 0.93,
        }
    )


def _pick(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one column per row, at the row's proportions."""
    bounds = shares.cumsum(axis=1)
    bounds[:, -1] = 1.0
    return (rng.random(len(shares))[:, None] >= bounds).sum(axis=1)


def _categories(options: Options) -> np.ndarray:
    """Chance of each EEO-4 category by department and group."""
    weights = np.array([weights for _, weights in DEPARTMENTS.values()], dtype=float)
    odds = np.zeros((len(RACES), len(CATEGORIES)))
    odds[:, :2] = options.workforce_gap * _logs(CATEGORY_ODDS)[:, None]
    shares = (weights / weights.sum(axis=1, keepdims=True))[:, None, :]
    return tilt(shares, odds[None])


def _export(
    options: Options, people: pd.DataFrame, events: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Write people and events as text, spelled as clerks do."""
    rng = options.rng("roster messes")
    titles, base = zip(*CATEGORIES.values(), strict=True)
    names = np.array(list(DEPARTMENTS), dtype=object)
    kinds = np.array(list(CATEGORIES), dtype=object)
    who = pd.DataFrame(
        {
            "Employee ID": [f"E{100_017 + 7 * i:06d}" for i in range(len(people))],
            "Sex": np.where(people["woman"], "F", "M"),
            "Department": names[people["department"]],
            "EEO-4 Category": kinds[people["category"]],
        }
    )
    title = np.array(titles, dtype=object)[people["category"]]
    gap = options.workforce_gap
    pay = np.array(base)[people["category"]] * 1.08 ** people["grade"]
    years = (LAST_DAY - people["hired"]).dt.days / 365.25
    pay *= np.exp(people["luck"] + 0.006 * years)
    pay *= np.exp(gap * _logs(PAY_RATIO))[people["group"]]
    pay *= np.where(people["woman"], PAY_RATIO_WOMEN**gap, 1.0)

    roster = who.assign(
        **{
            "Race/Ethnicity": respell(
                people["label"].to_numpy(), SPELLINGS, rng, usual=0.8
            ),
            "Job Title": title + " " + np.array(GRADES, object)[people["grade"]],
            "Annual Pay": pay.map("${:,.0f}.00".format),
            "FT/PT": np.where(people["full_time"], "Full-Time", "Part-Time"),
            "Hire Date": people["hired"].dt.strftime("%m/%d/%Y"),
            "Termination Date": people["left"].dt.strftime("%m/%d/%Y").fillna(""),
        }
    )[
        [
            *PERSON,
            *("EEO-4 Category", "Annual Pay", "FT/PT", "Hire Date"),
            "Termination Date",
        ]
    ]
    kept = people["left"].isna() | (people["left"] >= KEPT_SINCE)
    roster = roster[kept].reset_index(drop=True)
    active = np.flatnonzero(roster["Termination Date"] == "")
    some = iter(rng.permutation(active))
    leaving, blank, spaced, twice = (
        [next(some) for _ in range(number)]
        for number in np.minimum([5, 30, 12, 4], len(active) // 8)
    )
    roster.loc[leaving, "Termination Date"] = "02/27/2026"
    roster.loc[blank, "EEO-4 Category"] = ""
    roster.loc[spaced, "Department"] += " "
    roster = pd.concat([roster, roster.loc[twice]], ignore_index=True)

    about = who.iloc[events["person"]].reset_index(drop=True)
    title = pd.Series(title[events["person"]])
    log = about.assign(
        **{
            "Event": events["kind"],
            "Effective Date": events["date"].dt.strftime("%Y-%m-%d"),
            "Race/Ethnicity": respell(
                people["label"].to_numpy()[events["person"]], SPELLINGS, rng, usual=0.8
            ),
            "Job Title": title + " " + np.array(GRADES, object)[events["grade"]],
        }
    )[["Event", "Effective Date", *PERSON, "EEO-4 Category"]]
    log = log.sort_values(["Effective Date", "Employee ID", "Event"], ignore_index=True)
    still = people["left"].isna()
    return (
        roster,
        log,
        {
            "rows": len(roster),
            "employed_on_the_last_day": int(still.sum()),
            "left_before_but_still_listed": int((kept & ~still).sum()),
            "leaving_after_the_last_day": len(leaving),
            "rows_repeated_exactly": len(twice),
            "without_eeo4_category": len(blank),
            "department_with_a_trailing_blank": len(spaced),
            "race_not_known": int((still & people["label"].isin(UNRECORDED)).sum()),
        },
    )


def _truth(options: Options, town: City) -> dict:
    """Write down the expected roster and what was planted in the events."""
    people = expected(options, town)
    gap = options.workforce_gap
    by_category = np.einsum("dg,dgc->cg", people, _categories(options))
    residents = town.shares
    return {
        "definition": "Expected shares of the people employed on 2025-12-31, among "
        "those whose race is known (it is lost at random); they follow from the odds "
        "below. parity_index is the share over the share of all residents; difference "
        "is the share minus the residents'. Every group can be recorded.",
        "posts": plain(posts(options).sum(), 0),
        "race_not_known": plain(sum(UNRECORDED.values()), 3),
        "overall": _against(people.sum(axis=0), residents),
        "by_department": {
            name: {
                "posts": plain(number, 0),
                "share": listed(row / row.sum()),
            }
            for name, number, row in zip(
                DEPARTMENTS, posts(options), people, strict=True
            )
        },
        "by_category": {
            name: {"share": listed(row / row.sum())}
            for name, row in zip(CATEGORIES, by_category, strict=True)
        },
        "hires": {
            "definition": "Odds of being hired against White, relative to the "
            "residents, before a department's own odds; and the expected share of "
            "hires in all quarters.",
            "odds_ratio": listed(np.exp(gap * _logs(HIRE_ODDS))),
            "share": listed(_hired(options, town)),
        },
        "separations": {
            "definition": "Probability a quarter of leaving, of those employed at its "
            "start, and its odds against White.",
            "odds_ratio": listed(np.exp(gap * _logs(LEAVE_ODDS))),
            "per_quarter": compared(chances(options, LEAVE, LEAVE_ODDS)),
        },
        "promotions": {
            "definition": "Probability a quarter of promotion, of those employed at "
            "its start who stay and are below the highest grade; promotion raises "
            "the grade within the category.",
            "odds_ratio": listed(np.exp(gap * _logs(RISE_ODDS))),
            "per_quarter": compared(chances(options, RISE, RISE_ODDS)),
        },
        "job_category": {
            "definition": "Odds against White of the EEO-4 categories 1 and 2, against "
            "the department's others.",
            "odds_ratio": listed(np.exp(gap * _logs(CATEGORY_ODDS))),
        },
        "pay": {
            "definition": "Ratio to White's pay, and to men's, at the same EEO-4 "
            "category, grade and years of service.",
            "ratio": listed(np.exp(gap * _logs(PAY_RATIO))),
            "women_to_men": plain(PAY_RATIO_WOMEN**gap),
        },
    }


def _hired(options: Options, town: City) -> np.ndarray:
    """Expected share of each group among the hires of all quarters."""
    leave = chances(options, LEAVE, LEAVE_ODDS)
    hires = mix(options, town, HIRE_ODDS)
    people = posts(options)[:, None] * mix(options, town, POST_ODDS)
    total = np.zeros(len(RACES))
    for _ in range(options.quarters):
        left = people * leave
        new = left.sum(axis=1, keepdims=True) * hires
        people, total = people - left + new, total + new.sum(axis=0)
    return total / total.sum()


def _against(people: np.ndarray, residents: np.ndarray) -> dict:
    """Compare shares of people with shares of residents."""
    shares = people / people.sum()
    return {
        group: {
            "share": plain(share),
            "residents": plain(resident),
            "difference": plain(share - resident),
            "parity_index": plain(index),
        }
        for group, share, resident, index in zip(
            RACES, shares, residents, divide(shares, residents), strict=True
        )
    }


def _logs(odds: dict[str, float]) -> np.ndarray:
    """Logarithms of odds by group, 0 where none are given."""
    return by_race({group: np.log(value) for group, value in odds.items()})
