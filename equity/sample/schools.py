"""Schools: graduation with masked cells, counts per proficiency level, and scores.

A student's score in standard units is normal around the sum of a group's gap, a
school's effect and a year's, with a standard deviation of one; the year's students of
a school are given. Graduation is a coin toss whose log odds are such a sum.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr

from equity import race
from equity.sample.city import City
from equity.sample.common import (
    RACES,
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

DISTRICT = ("0099900", "Quorravale City Schools")
HIGH = {  # cohort at size 1
    "Alderwick High": 330,
    "Brackenlow High": 290,
    "Corrowmere High": 260,
    "Dunfathom High": 230,
    "Eastermoot High": 205,
    "Fallowby Arts Academy": 150,
    "Gorsecombe High": 190,
    "Hollinfield Technical": 120,
    "Inglemarsh Alternative": 55,
}
LOWER = {  # grades, students per grade at size 1
    "Alderwick Elementary": ((3, 4, 5), 260),
    "Corrowmere Elementary": ((3, 4, 5), 250),
    "Dunfathom Elementary": ((3, 4, 5), 240),
    "Fallowby Elementary": ((3, 4, 5), 250),
    "Gorsecombe Elementary": ((3, 4, 5), 270),
    "Jessamoor Elementary": ((3, 4, 5), 230),
    "Brackenlow Middle": ((6, 7, 8), 520),
    "Eastermoot Middle": ((6, 7, 8), 480),
    "Hollinfield Middle": ((6, 7, 8), 500),
}
CODES = {
    race.AIAN: "MAM",
    race.ASIAN: "MAS",
    race.NHPI: "MNP",
    race.BLACK: "MBL",
    race.HISPANIC: "MHI",
    race.TWO_OR_MORE: "MTR",
    race.WHITE: "MWH",
}
GRADUATE = {  # probability in a school without an effect of its own, first year
    race.AIAN: 0.78,
    race.ASIAN: 0.93,
    race.BLACK: 0.81,
    race.HISPANIC: 0.80,
    race.NHPI: 0.82,
    race.TWO_OR_MORE: 0.87,
    race.WHITE: 0.90,
}
SCORE_GAP = {  # standard deviations, against White, within a school
    race.AIAN: -0.55,
    race.ASIAN: 0.25,
    race.BLACK: -0.60,
    race.HISPANIC: -0.50,
    race.NHPI: -0.35,
    race.TWO_OR_MORE: -0.15,
}
SCHOOL_SPREAD = {"graduation": 0.30, "score": 0.20}  # standard deviations of effects
YEAR_EFFECT = {"graduation": (0.0, 0.06, 0.12), "score": (0.0, 0.04, 0.08)}
SUBJECTS = ("Mathematics", "Reading")
TOGETHER = 0.7  # correlation of a student's two scores
SCALE = (1500, 80)  # a scaled score is 1500 + 80 z, rounded
CUTS = (1428, 1508, 1588)  # lowest scaled score of the second and higher levels
LEVELS = ("Below Basic", "Basic", "Proficient", "Advanced")
MARKS = {"2022-23": "*", "2023-24": "*", "2024-25": "<10"}  # for counts of 1 to 9
UNRECORDED = 0.02
ABSENT = 0.01
SCORED = ("2024-25", 8)  # the year and grade of student_scores.csv
LABELS = {  # in proficiency.csv
    race.AIAN: "American Indian/Alaska Native",
    race.ASIAN: "Asian",
    race.BLACK: "Black",
    race.HISPANIC: "Hispanic/Latino",
    race.NHPI: "Native Hawaiian/Pacific Islander",
    race.TWO_OR_MORE: "Two or More Races",
    race.WHITE: "White",
}
SPELLINGS = {  # in student_scores.csv
    race.AIAN: ["American Indian", "AMERICAN INDIAN"],
    race.ASIAN: ["Asian", "ASIAN"],
    race.BLACK: ["Black", "BLACK", "black"],
    race.HISPANIC: ["Hispanic", "HISPANIC", "Hispanic "],
    race.NHPI: ["Pacific Islander"],
    race.TWO_OR_MORE: ["Multiracial", "MULTIRACIAL"],
    race.WHITE: ["White", "WHITE", "white"],
    "": ["", "Not specified"],
}


@dataclass(frozen=True)
class Schools:
    """The exports, the truth beneath them, and how many cells are hidden.

    Attributes
    ----------
    graduation, proficiency, scores
        The exports as text.
    truth, messes
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.05)
    >>> build(options, city.build(options)).messes["graduation.csv"]["rates"]
    216
    """

    graduation: pd.DataFrame
    proficiency: pd.DataFrame
    scores: pd.DataFrame
    truth: dict
    messes: dict


def masked_rate(graduates: int, cohort: int) -> str:
    """Publish a graduation rate the way the federal files do: coarser when smaller.

    Parameters
    ----------
    graduates
        Students who graduated.
    cohort
        Students who could have.

    Returns
    -------
    str
        `.` without students, `PS` up to 5; then a half, bands of 20, 10 and 5 points
        for cohorts up to 15, 30, 60 and 200, and whole percents above, the ends of
        the scale always as `LE` and `GE`.

    References
    ----------
    U.S. Department of Education (2017), EDFacts Data Documentation, Regulatory
    Four-Year Adjusted-Cohort Graduation Rates 2014-15, section 1.6. The limits are
    those seen in the files of 2011-12 to 2013-14, where cohorts of 201 to 300 are
    banded by 5 points in some schools; here they never are.

    Examples
    --------
    >>> [masked_rate(g, n) for g, n in [(0, 0), (3, 4), (9, 10), (25, 29), (7, 55)]]
    ['.', 'PS', 'GE50', 'GE80', '11-19']
    >>> [masked_rate(g, n) for g, n in [(100, 120), (120, 120), (247, 300), (299, 300)]]
    ['80-84', 'GE95', '82', 'GE99']
    """
    if cohort == 0:
        return "."
    if cohort <= 5:
        return "PS"
    if cohort <= 15:
        return "GE50" if 2 * graduates >= cohort else "LT50"
    percent = int((200 * graduates + cohort) // (2 * cohort))  # a half goes up
    width = 20 if cohort <= 30 else 10 if cohort <= 60 else 5 if cohort <= 200 else 1
    if percent <= width:
        return f"LE{width}"
    if percent >= 100 - width:
        return f"GE{100 - width}"
    if width == 1:
        return str(percent)
    low = percent // width * width
    return f"{max(low, width + 1)}-{low + width - 1}"


def build(options: Options, town: City) -> Schools:
    """Draw students, and publish what districts and states publish.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Schools
        Exports, truth and messes.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.05)
    >>> build(options, city.build(options)).graduation.columns[4]
    'ALL_COHORT_2223'
    """
    graduation, grad_truth = _graduation(options, town)
    pupils, effects = _pupils(options, town)
    proficiency = _proficiency(pupils)
    scores = _scores(options, pupils)
    hidden = proficiency[list(LEVELS)].isin(set(MARKS.values()))
    tested = pupils["absent"].eq(0)
    recorded = pupils["recorded"]
    truth = {
        "graduation": grad_truth,
        "proficiency": _proficiency_truth(options, pupils, effects),
        "scores": _score_truth(options, pupils, effects),
    }
    rates = graduation.filter(like="_RATE_")
    last = (pupils["year"] == SCORED[0]) & (pupils["grade"] == SCORED[1])
    messes = {
        "graduation.csv": {
            "rates": int(rates.size),
            "rates_without_students": int((rates == ".").sum().sum()),
            "rates_hidden_PS": int((rates == "PS").sum().sum()),
            "rates_in_bands": int(
                rates.apply(lambda c: c.str.contains(r"-|GE|LE|LT")).sum().sum()
            ),
        },
        "proficiency.csv": {
            "rows": len(proficiency),
            "cells": int(hidden.size),
            "cells_hidden": int(hidden.sum().sum()),
            "students_without_race": int((tested & ~recorded).sum()),
        },
        "student_scores.csv": {
            "rows": len(scores),
            "without_score": int((last & ~tested).sum()),
            "without_race": int((last & ~recorded).sum()),
        },
    }
    return Schools(graduation, proficiency, scores, truth, messes)


def _mixes(town: City, number: int, rng: np.random.Generator) -> np.ndarray:
    """Mix of students by school: each school is near a tract, and draws around it."""
    keep = [RACES.index(group) for group in SCHOOL_RACES]
    people = town.residents[:-1][:, keep]
    middle = np.array([[p.centroid.x, p.centroid.y] for p in town.polygons[:-1]])
    chosen = rng.choice(len(middle), size=number, replace=number > len(middle))
    far = np.linalg.norm((middle[chosen][:, None] - middle[None]) / 0.025, axis=2)
    near = np.exp(-far) @ people
    return near / near.sum(axis=1, keepdims=True)


def _effects(options: Options, kind: str, number: int, rng) -> np.ndarray:
    """Differences between schools, none on average; they fade with the gap."""
    drawn = rng.normal(size=number)
    drawn = (drawn - drawn.mean()) / drawn.std()
    return (options.school_gap * SCHOOL_SPREAD[kind] * drawn).round(6)


def _graduation(options: Options, town: City) -> tuple[pd.DataFrame, dict]:
    """Draw cohorts and graduates, mask the rates, and keep the truth."""
    rng = options.rng("graduation")
    sizes = np.array(list(HIGH.values())) * options.size
    mixes = _mixes(town, len(HIGH), rng)
    effects = _effects(options, "graduation", len(HIGH), rng)
    white = logit(GRADUATE[REFERENCE])
    gaps = logit(by_race(GRADUATE, SCHOOL_RACES)) - white
    table = pd.DataFrame(
        {
            "LEAID": DISTRICT[0],
            "LEANM": DISTRICT[1],
            "NCESSCH": [f"{DISTRICT[0]}{11 * (i + 1):05d}" for i in range(len(HIGH))],
            "SCHNAM": list(HIGH),
        }
    )
    truth = {
        "definition": "Expected graduation rate of each year's cohort: the mean of "
        "its students' probabilities, cohorts as published. actual_rate is that of "
        "the graduates drawn, before masking. Year and school change log odds for "
        "all groups alike.",
        "planted_probability": listed(
            expit(white + options.school_gap * gaps), SCHOOL_RACES
        ),
        "by_year": {},
    }
    groups = ["ALL", *(CODES[group] for group in SCHOOL_RACES)]
    for year, effect in zip(YEARS, YEAR_EFFECT["graduation"], strict=True):
        totals = rng.poisson(sizes)
        cohort = np.array(
            [rng.multinomial(n, p) for n, p in zip(totals, mixes, strict=True)]
        )
        chance = expit(white + options.school_gap * gaps + effects[:, None] + effect)
        done = rng.binomial(cohort, chance)
        rate = divide((cohort * chance).sum(axis=0), cohort.sum(axis=0))
        actual = divide(done.sum(axis=0), cohort.sum(axis=0))
        truth["by_year"][year] = {
            "cohort": listed(cohort.sum(axis=0), SCHOOL_RACES, digits=0),
            "expected_rate": compared(rate, SCHOOL_RACES),
            "actual_rate": compared(actual, SCHOOL_RACES),
        }
        suffix = year[2:4] + year[5:7]
        every = np.column_stack([cohort.sum(axis=1), cohort])
        passed = np.column_stack([done.sum(axis=1), done])
        for code, n, g in zip(groups, every.T, passed.T, strict=True):
            table[f"{code}_COHORT_{suffix}"] = [str(x) if x else "." for x in n]
            table[f"{code}_RATE_{suffix}"] = [
                masked_rate(int(a), int(b)) for a, b in zip(g, n, strict=True)
            ]
    return table, truth


def _pupils(options: Options, town: City) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw every tested student of grades 3 to 8 in three years, with two scores."""
    rng = options.rng("schools")
    mixes = _mixes(town, len(LOWER), rng)
    effects = _effects(options, "score", len(LOWER), rng)
    parts = []
    for y, year in enumerate(YEARS):
        for s, (grades, size) in enumerate(LOWER.values()):
            for grade in grades:
                count = rng.multinomial(rng.poisson(size * options.size), mixes[s])
                group = np.repeat(np.arange(len(SCHOOL_RACES)), count)
                parts.append(
                    pd.DataFrame(
                        {
                            "school": s,
                            "year": year,
                            "y": y,
                            "grade": grade,
                            "group": group,
                        }
                    )
                )
    pupils = pd.concat(parts, ignore_index=True)
    number = len(pupils)
    both = rng.normal(size=number) * np.sqrt(TOGETHER)
    shift = options.school_gap * by_race(SCORE_GAP, SCHOOL_RACES)[pupils["group"]]
    shift = shift + effects[pupils["school"]]
    shift = shift + np.array(YEAR_EFFECT["score"])[pupils["y"]]
    for subject in SUBJECTS:
        own = rng.normal(size=number) * np.sqrt(1 - TOGETHER)
        scaled = SCALE[0] + SCALE[1] * (shift + both + own)
        pupils[subject] = np.floor(scaled + 0.5).astype(int)
    pupils["absent"] = (rng.random(number) < ABSENT).astype(int)
    pupils["recorded"] = rng.random(number) >= UNRECORDED
    return pupils, effects


def _proficiency(pupils: pd.DataFrame) -> pd.DataFrame:
    """Count students per level, and hide counts of 1 to 9."""
    tested = pupils[pupils["absent"] == 0]
    labels = np.array([LABELS[group] for group in SCHOOL_RACES], dtype=object)
    tables = []
    for subject in SUBJECTS:
        level = np.searchsorted(CUTS, tested[subject], side="right")
        rows = tested.assign(level=level, label=labels[tested["group"]])
        rows = pd.concat([rows.assign(label="All Students"), rows[rows["recorded"]]])
        keys = ["year", "school", "grade", "label"]
        counts = pd.crosstab([rows[key] for key in keys], rows["level"])
        counts = counts.reindex(columns=range(len(LEVELS)), fill_value=0)
        tables.append(counts.reset_index().assign(subject=subject))
    table = pd.concat(tables).sort_values(
        ["year", "school", "subject", "grade", "label"], ignore_index=True
    )
    marks = table["year"].map(MARKS)
    text = pd.DataFrame(
        {
            "School Year": table["year"],
            "School": np.array(list(LOWER))[table["school"]],
            "Subject": table["subject"],
            "Grade": table["grade"],
            "Student Group": table["label"],
        }
    )
    for number, name in enumerate(LEVELS):
        small = table[number].between(1, 9)
        text[name] = table[number].astype(str).mask(small, marks)
    return text


def _scores(options: Options, pupils: pd.DataFrame) -> pd.DataFrame:
    """List one year's scores of one grade, student by student."""
    rng = options.rng("scores")
    year, grade = SCORED
    chosen = pupils[(pupils["year"] == year) & (pupils["grade"] == grade)]
    order = rng.permutation(len(chosen))
    chosen = chosen.iloc[order].reset_index(drop=True)
    groups = np.array(SCHOOL_RACES, dtype=object)[chosen["group"]]
    label = np.where(chosen["recorded"], groups, "")
    text = pd.DataFrame(
        {
            "student_id": [f"S{200_003 + 11 * i}" for i in range(len(chosen))],
            "school": np.array(list(LOWER))[chosen["school"]],
            "year": year,
            "grade": grade,
            "race": respell(label, SPELLINGS, rng, usual=0.8),
        }
    )
    parts = []
    for subject in SUBJECTS:
        score = chosen[subject].astype(str).mask(chosen["absent"] == 1, "")
        parts.append(text.assign(subject=subject, score=score))
    table = pd.concat(parts).sort_values(["student_id", "subject"], ignore_index=True)
    return table[["student_id", "school", "year", "grade", "subject", "race", "score"]]


def _counts(pupils: pd.DataFrame) -> pd.DataFrame:
    """Count tested students with a known race by year, school, grade and group."""
    known = pupils[(pupils["absent"] == 0) & pupils["recorded"]]
    keys = ["y", "school", "grade", "group"]
    return known.groupby(keys).size().rename("students").reset_index()


def _means(options: Options, counts: pd.DataFrame, effects: np.ndarray) -> np.ndarray:
    """Expected score in standard units of each row of counts."""
    gaps = options.school_gap * by_race(SCORE_GAP, SCHOOL_RACES)
    year = np.array(YEAR_EFFECT["score"])
    return gaps[counts["group"]] + effects[counts["school"]] + year[counts["y"]]


def _proficiency_truth(options, pupils: pd.DataFrame, effects: np.ndarray) -> dict:
    """Work out the expected shares proficient, students as tested."""
    counts = _counts(pupils)
    means = _means(options, counts, effects)
    cut = (CUTS[1] - 0.5 - SCALE[0]) / SCALE[1]  # scores are rounded
    counts["passed"] = counts["students"] * ndtr(means - cut)
    by_year = {}
    for y, year in enumerate(YEARS):
        rows = counts[counts["y"] == y].groupby("group")[["students", "passed"]].sum()
        rows = rows.reindex(range(len(SCHOOL_RACES)), fill_value=0)
        share = divide(rows["passed"], rows["students"])
        by_year[year] = {
            "tested": listed(rows["students"], SCHOOL_RACES, digits=0),
            "expected_share": compared(share, SCHOOL_RACES),
        }
    return {
        "definition": "Expected share of tested students with a known race who are "
        "Proficient or Advanced, over all schools and grades 3 to 8, the students as "
        "they are; the same in both subjects. A level begins at scaled score "
        f"{', '.join(map(str, CUTS))}; hidden cells are counts of 1 to 9.",
        "by_year": by_year,
    }


def _score_truth(options, pupils: pd.DataFrame, effects: np.ndarray) -> dict:
    """Work out expected gaps between scores, within schools and overall."""
    counts = _counts(pupils)
    here = (counts["y"] == YEARS.index(SCORED[0])) & (counts["grade"] == SCORED[1])
    counts = counts[here].reset_index(drop=True)
    counts["mean"] = _means(options, counts, effects)
    counts["square"] = counts["mean"] ** 2
    sums = counts[["mean", "square"]].mul(counts["students"], axis=0)
    sums = sums.assign(number=counts["students"]).groupby(counts["group"]).sum()
    sums = sums.reindex(range(len(SCHOOL_RACES)), fill_value=0)
    number = sums["number"].to_numpy()
    mean = divide(sums["mean"], number)
    # Within a school one, and a little from rounding; and between the schools.
    variance = 1 + 1 / (12 * SCALE[1] ** 2) + divide(sums["square"], number) - mean**2
    base = SCHOOL_RACES.index(REFERENCE)
    pooled = divide(
        number * variance + number[base] * variance[base], number + number[base]
    )
    even = (variance + variance[base]) / 2
    return {
        "definition": f"Grade {SCORED[1]} of {SCORED[0]}, the same in both subjects, "
        "students as they are. planted_within_school is the gap to White in standard "
        "deviations among students of one school. standardized_gap is the difference "
        "in expected means over the pooled standard deviation of both groups, schools "
        "included; with_equal_weights pools the two variances half and half, as V "
        "does.",
        "students": listed(number, SCHOOL_RACES, digits=0),
        "planted_within_school": listed(
            options.school_gap * by_race(SCORE_GAP, SCHOOL_RACES), SCHOOL_RACES
        ),
        "mean_scaled_score": listed(SCALE[0] + SCALE[1] * mean, SCHOOL_RACES, digits=3),
        "standardized_gap": listed((mean - mean[base]) / np.sqrt(pooled), SCHOOL_RACES),
        "with_equal_weights": listed((mean - mean[base]) / np.sqrt(even), SCHOOL_RACES),
        "school_effects": {
            name: plain(effect) for name, effect in zip(LOWER, effects, strict=True)
        },
    }
