"""More than tests: outcomes, enrolment and growth in the sample city's schools.

A student has an outcome by a coin toss whose log odds are the sum of a group's and a
school's; the gap of one outcome closes. Students tested in three years running start
and grow by what is planted for their group and school. Schools, and the mix of their
students, are those of the other files; the randomness is this module's own.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from equity import race
from equity.sample.city import City
from equity.sample.common import (
    REFERENCE,
    SCHOOL_RACES,
    YEARS,
    Options,
    by_race,
    compared,
    divide,
    listed,
    plain,
    respell,
)
from equity.sample.schools import HIGH, LOWER, _mixes

OUTCOMES = {  # label, White students' probability, high schools alone, gap by year
    "chronic absence": ("Chronic Absenteeism", 0.17, False, (1.0, 1.0, 1.0)),
    "suspension": ("Out-of-School Suspension", 0.035, False, (1.0, 1.0, 1.0)),
    "special education": ("Students with Disabilities", 0.135, False, (1.0, 1.0, 1.0)),
    "advanced courses": ("Advanced Course Enrollment", 0.38, True, (1.0, 0.8, 0.5)),
}
ODDS = {  # against White, within a school, at the first year's gap
    "chronic absence": (2.0, 0.5, 1.6, 1.45, 1.7, 1.2),
    "suspension": (2.0, 0.35, 2.6, 1.3, 1.4, 1.6),
    "special education": (1.5, 0.5, 1.35, 1.05, 1.1, 1.1),
    "advanced courses": (0.4, 1.7, 0.45, 0.5, 0.55, 0.85),
}
GROUPS = (
    *(race.AIAN, race.ASIAN, race.BLACK, race.HISPANIC, race.NHPI, race.TWO_OR_MORE),
)
SPREAD = 0.25  # standard deviation of schools' log odds
UNRECORDED, REPEATED = 0.012, 6  # students without a race; rows listed again
FEWEST = 10  # smaller counts are hidden, except none
MARK = "*"
STATE = 14  # the state has so many times the district's students
STATE_MIX = by_race(  # of the other districts, against this one
    {
        **dict.fromkeys(SCHOOL_RACES, 1.0),
        **{race.WHITE: 1.6, race.BLACK: 0.7, race.HISPANIC: 0.8},
        **{race.NHPI: 5.0, race.AIAN: 3.0},
    },
    SCHOOL_RACES,
)
SCHOOLS = (*HIGH, *LOWER)
LIVING = np.linspace(0.6, 1.0, len(SCHOOLS))  # of a school's students, in the city
COLUMNS = ["School Year", "Measure", "Student Group", "Count", "Enrolled"]
GROWTH = 32.0  # points a year
GROWTH_GAP = {race.AIAN: -2.0, race.ASIAN: 1.5, race.BLACK: -3.0, race.HISPANIC: -1.5}
START_GAP = {race.AIAN: -18.0, race.ASIAN: 8.0, race.BLACK: -22.0, race.HISPANIC: -18.0}
POINTS = {"start": 38.0, "growth": 4.0, "test": 14.0, "school": 1.5}  # spreads
FOLLOWED = 0.55  # of each grade
LEAVE, UNTESTED = 0.04, 0.03  # in a year; of a test
LABELS = {
    race.AIAN: ["American Indian/Alaska Native", "Amer Indian/AK Native"],
    race.ASIAN: ["Asian", "ASIAN"],
    race.BLACK: ["Black/African American", "BLACK/AFRICAN AMERICAN", "Black"],
    race.HISPANIC: ["Hispanic/Latino", "HISPANIC/LATINO", "Hispanic"],
    race.NHPI: ["Native Hawaiian/Pacific Islander", "Pacific Islander"],
    race.TWO_OR_MORE: ["Two or More Races", "MULTIRACIAL"],
    race.WHITE: ["White", "WHITE"],
    "": ["Not Reported", ""],
}


@dataclass(frozen=True)
class Life:
    """The exports, the truth beneath them, and how many rows are messy.

    Attributes
    ----------
    outcomes, state, enrolment, growth
        The exports as text.
    truth, messes
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.05)
    >>> list(build(options, city.build(options)).truth)
    ['outcomes', 'growth']
    """

    outcomes: pd.DataFrame
    state: pd.DataFrame
    enrolment: pd.DataFrame
    growth: pd.DataFrame
    truth: dict
    messes: dict


def build(options: Options, town: City) -> Life:
    """Draw students and what becomes of them, and publish it as districts do.

    Parameters
    ----------
    options
        Of the city; its `school_gap` is the power of every odds.
    town
        The city as it truly is.

    Returns
    -------
    Life
        Exports, truth and messes.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.05)
    >>> build(options, city.build(options)).state.columns[:2].to_list()
    ['State', 'School Year']
    """
    rng = options.rng("school outcomes")
    students = _students(options, town, rng)
    enrolment = _enrolment(students, rng)  # before anything that hangs on the gap
    tables, state, planted = [], [], {}
    for name in OUTCOMES:
        chance = _chances(options, name, rng)
        people = students * _eligible(name)
        events = rng.binomial(people, chance)
        tables.append((name, *map(_by_label, (events, people))))
        state.append((name, *_state(people, events, chance, rng)))
        planted[name] = _truth(people, chance)
    outcomes, messes = _outcomes(tables, rng)
    growth, grown, lost = _growth(options, town)
    lines = [line for name, *counts in state for line in _lines(name, *counts)]
    return Life(
        outcomes,
        _written(lines, ["State", *COLUMNS], rng, commas=True),
        enrolment,
        growth,
        {"outcomes": _planted(options, planted), "growth": grown},
        {
            "school_outcomes.csv": messes,
            "school_enrolment.csv": {
                "rows": len(enrolment),
                "cells_hidden": int(enrolment.isin([MARK]).sum().sum()),
            },
            "student_growth.csv": lost,
        },
    )


def _log_odds(name: str) -> np.ndarray:
    odds = dict(zip(GROUPS, np.log(ODDS[name]), strict=True))
    return by_race(odds, SCHOOL_RACES)


def _eligible(name: str) -> np.ndarray:
    """Say which schools can have the outcome."""
    high = np.arange(len(SCHOOLS)) < len(HIGH)
    return (high if OUTCOMES[name][2] else np.ones_like(high))[:, None].astype(int)


def _students(options: Options, town: City, rng: np.random.Generator) -> np.ndarray:
    """Draw students: with and without a race on record x years x schools x groups."""
    mixes = np.vstack(
        [
            _mixes(town, len(HIGH), options.rng("graduation")),
            _mixes(town, len(LOWER), options.rng("schools")),
        ]
    )
    sizes = [4 * size for size in HIGH.values()]
    sizes += [len(grades) * size for grades, size in LOWER.values()]
    mean = np.array(sizes) * options.size
    students = np.array(
        [
            [
                rng.multinomial(n, m)
                for n, m in zip(rng.poisson(mean), mixes, strict=True)
            ]
            for _ in YEARS
        ]
    )
    known = rng.binomial(students, 1 - UNRECORDED)
    return np.stack([known, students - known])


def _chances(options: Options, name: str, rng: np.random.Generator) -> np.ndarray:
    """Probability of an outcome by year, school and group."""
    _, white, _, by_year = OUTCOMES[name]
    schools = rng.normal(size=len(SCHOOLS))
    schools = options.school_gap * SPREAD * (schools - schools.mean()) / schools.std()
    gap = options.school_gap * np.array(by_year)[:, None, None] * _log_odds(name)
    return expit(logit(white) + gap + schools.round(6)[None, :, None])


def _by_label(numbers: np.ndarray) -> np.ndarray:
    """Count by year, school and label; students without a race are the last one."""
    known, rest = numbers
    return np.concatenate([known, rest.sum(axis=2, keepdims=True)], axis=2)


def _state(
    people: np.ndarray, events: np.ndarray, chance: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the students of the state's other districts, and add the district's own."""
    average = divide((people * chance).sum(axis=2), people.sum(axis=2))
    others = rng.poisson((STATE - 1) * people.sum(axis=2) * STATE_MIX)
    having = rng.binomial(others, np.where(np.isnan(average), 0, average))
    own = events.sum(axis=2) + having, people.sum(axis=2) + others
    return tuple(_by_label(each[:, :, None]) for each in own)


def _truth(people: np.ndarray, chance: np.ndarray) -> dict:
    """Expected shares of the district, and against all other students."""
    expected = _by_label(people * chance).sum(axis=1)
    number = _by_label(people).sum(axis=1)
    city = (people[0] * LIVING[None, :, None], chance)
    found = {}
    for place, year in enumerate(YEARS):
        own, rest = expected[place], expected[place].sum() - expected[place]
        share = divide(own, number[place])
        others = divide(rest, number[place].sum() - number[place])
        weight, risk = (each[place] for each in city)
        here = divide((weight * risk).sum(axis=0), weight.sum(axis=0))
        found[year] = {
            "enrolled": listed(number[place][:-1], SCHOOL_RACES, digits=0),
            "expected_share": compared(share[:-1], SCHOOL_RACES),
            "against_all_others": listed((share / others)[:-1], SCHOOL_RACES),
            "in_the_city": compared(here, SCHOOL_RACES),
        }
    return found


def _planted(options: Options, by_outcome: dict) -> dict:
    return {
        "definition": "Expected share of students who have the outcome, the students "
        "as they are: of all schools, and of high schools for advanced courses; "
        "in_the_city weights each school's by the share living there. "
        "against_all_others divides a group's share by that of all other students of "
        "the district, those without a race among them. planted_odds are against "
        "White within a school in the first year; the gap of a year is their power.",
        "planted_odds": {
            name: listed(np.exp(options.school_gap * _log_odds(name)), SCHOOL_RACES)
            for name in OUTCOMES
        },
        "gap_by_year": {
            name: dict(zip(YEARS, gap, strict=True))
            for name, (*_, gap) in OUTCOMES.items()
        },
        "share_living_in_the_city": {
            name: plain(share, 4) for name, share in zip(SCHOOLS, LIVING, strict=True)
        },
        "by_outcome": by_outcome,
    }


def _lines(
    name: str, events: np.ndarray, people: np.ndarray, schools: tuple = ("Whole state",)
) -> list[tuple]:
    """Write a line per school, year and label that has students."""
    labels = (*SCHOOL_RACES, "")
    return [
        (
            school,
            year,
            OUTCOMES[name][0],
            labels[at],
            events[y, s, at],
            people[y, s, at],
        )
        for y, year in enumerate(YEARS)
        for s, school in enumerate(schools)
        for at in range(len(labels))
        if people[y, s, at]
    ]


def _outcomes(
    tables: list[tuple], rng: np.random.Generator
) -> tuple[pd.DataFrame, dict]:
    """Write schools and, behind them, the whole district; then spoil a few rows."""
    schools, district = [], []
    for name, events, people in tables:
        schools += _lines(name, events, people, SCHOOLS)
        whole = (each.sum(axis=1, keepdims=True) for each in (events, people))
        district += _lines(name, *whole, ("Whole district",))
    rows = pd.concat(
        [
            _written(lines, ["School", *COLUMNS], rng).assign(Level=level)
            for lines, level in ((schools, "School"), (district, "District"))
        ],
        ignore_index=True,
    )[["Level", "School", *COLUMNS]]
    again = rng.choice(len(schools), min(REPEATED, len(schools)), replace=False)
    table = pd.concat([rows, rows.iloc[np.sort(again)]], ignore_index=True)
    cells = rows[["Count", "Enrolled"]]
    return table, {
        "rows": len(table),
        "rows_repeated_exactly": len(again),
        "cells": int(cells.size),
        "cells_hidden": int(cells.isin([MARK]).sum().sum()),
    }


def _written(
    lines: list[tuple],
    columns: list[str],
    rng: np.random.Generator,
    *,
    commas: bool = False,
) -> pd.DataFrame:
    """Write counts as text, hide small ones, and spell labels as clerks would."""
    table = pd.DataFrame(lines, columns=columns)
    names = table["Measure"].unique()
    spelled = {name: [name, name.upper(), f"{name} "] for name in names}
    table["Measure"] = respell(table["Measure"].to_numpy(), spelled, rng, usual=0.95)
    group = table["Student Group"].to_numpy()
    table["Student Group"] = respell(group, LABELS, rng, usual=0.9)
    for name in ("Count", "Enrolled"):
        small = table[name].between(1, FEWEST - 1)
        text = table[name].map("{:,}".format if commas else "{}".format)
        table[name] = text.mask(small, MARK)
    return table


def _enrolment(students: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Write students of each school, and how many of them live in the city."""
    people = _by_label(students)
    city = rng.binomial(people, LIVING[None, :, None])
    labels = [LABELS[group][0] for group in (*SCHOOL_RACES, "")]
    rows = [
        (school, year, label, people[y, s, at], city[y, s, at])
        for y, year in enumerate(YEARS)
        for s, school in enumerate(SCHOOLS)
        for at, label in enumerate(labels)
        if people[y, s, at]
    ]
    columns = ["School", "School Year", "Student Group", "Enrolled", "In City"]
    table = pd.DataFrame(rows, columns=columns)
    for name in columns[3:]:
        small = table[name].between(1, FEWEST - 1)
        table[name] = table[name].astype(str).mask(small, MARK)
    return table


def _growth(options: Options, town: City) -> tuple[pd.DataFrame, dict, dict]:
    """Follow some students over three years, on one scale for all grades."""
    rng = options.rng("followed students")
    mixes = _mixes(town, len(LOWER), options.rng("schools"))
    size = [FOLLOWED * n * options.size for _, n in LOWER.values()]
    counts = [
        rng.multinomial(n, m) for n, m in zip(rng.poisson(size), mixes, strict=True)
    ]
    school, group = (
        each.ravel().repeat(np.ravel(counts)) for each in np.indices(np.shape(counts))
    )
    number = len(school)
    strength = options.school_gap
    effect = strength * POINTS["school"] * rng.normal(size=len(LOWER))
    effect = (effect - effect.mean()).round(6)
    gap = strength * by_race(GROWTH_GAP, SCHOOL_RACES)
    begin = 440 + strength * by_race(START_GAP, SCHOOL_RACES)[group]
    first = np.array([grades[0] for grades, _ in LOWER.values()])[school]
    start = begin + GROWTH * (first - 3) + rng.normal(0, POINTS["start"], number)
    slope = (
        GROWTH + gap[group] + effect[school] + rng.normal(0, POINTS["growth"], number)
    )
    stays = np.ones(number, dtype=bool)
    order = rng.permutation(number)
    label = respell(np.array(SCHOOL_RACES)[group], LABELS, rng, usual=0.85)
    label = np.where(rng.random(number) < UNRECORDED, "", label)
    tables, tested = [], np.zeros(number, dtype=int)
    for year, name in enumerate(YEARS):
        stays &= (rng.random(number) >= LEAVE) | (year == 0)
        score = np.rint(start + slope * year + rng.normal(0, POINTS["test"], number))
        absent = rng.random(number) < UNTESTED
        tested += stays & ~absent
        rows = pd.DataFrame(
            {
                "student_id": [f"G{100_007 + 13 * at}" for at in order],
                "school": np.array(list(LOWER))[school],
                "year": name,
                "grade": first + year,
                "race": label,
                "score": pd.Series(score.astype(int).astype(str)).mask(absent, ""),
            }
        )
        tables.append(rows[stays])
    table = pd.concat(tables).sort_values(["student_id", "year"], ignore_index=True)
    known, followed = label != "", tested > 1
    expected = GROWTH + gap[group] + effect[school]
    kept = known & followed
    sums = np.bincount(group[kept], expected[kept], len(SCHOOL_RACES))
    size = np.bincount(group[kept], minlength=len(SCHOOL_RACES))
    truth = {
        "definition": "Points a year on one scale for all grades; the mean of the "
        "growth expected of the students tested twice or more whose race is on record. "
        "planted_within_school is the difference from White in one school.",
        "planted_within_school": listed(
            gap - gap[SCHOOL_RACES.index(REFERENCE)], SCHOOL_RACES
        ),
        "expected_growth": compared(divide(sums, size), SCHOOL_RACES),
        "students": listed(size, SCHOOL_RACES, digits=0),
        "school_effects": {
            name: plain(each) for name, each in zip(LOWER, effect, strict=True)
        },
    }
    return (
        table,
        truth,
        {
            "rows": len(table),
            "without_score": int(table["score"].eq("").sum()),
            "students": number,
            "students_without_race": int((~known).sum()),
            "students_tested_once_or_never": int((~followed).sum()),
        },
    )
