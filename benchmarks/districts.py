"""Invented school districts for `schools_coverage`: students, publications, truths.

Each district has 30 to 40 schools of three kinds, which differ in size, in the mix of
students and in their mean score. A student's score is normal around the sum of the
group's mean, the school's effect and the school's own gap of the group, with the
group's standard deviation. Truths are formulas of these planted parameters; they are in
`district_truths`.

**Terms**

these schools
    The schools as drawn, with their mix and effects: what is true is what their
    students' scores or outcomes are expected to be.
schools like these
    All schools that could have been drawn: what is true is an average over kinds,
    sizes, effects and mixes (a *superpopulation*).

Without a gap all groups have one mean, risk and growth, and schools no gaps of their
own; spreads of scores still differ between groups. Where the question is about these
schools, they have no effects either: a mix that by luck goes with effects would be a
gap, and there would be none to find.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from equity import race
from equity.prepare import schools, sources
from equity.prepare.quality import Ledger
from equity.sample.schools import masked_rate

REFERENCE = race.WHITE
GROUPS = [
    *(race.AIAN, race.ASIAN, race.BLACK, race.HISPANIC, race.TWO_OR_MORE, REFERENCE),
]
CODES = ["MAM", "MAS", "MBL", "MHI", "MTR", "MWH"]
BASE = GROUPS.index(REFERENCE)
MEAN = np.array([-0.5, 0.2, -0.55, -0.45, -0.1, 0.0])  # of scores, with gaps
SPREAD = np.array([0.9, 1.02, 0.88, 0.95, 1.0, 0.92])
GRADUATE = np.array([0.78, 0.93, 0.81, 0.80, 0.87, 0.90])
SUSPEND = np.array([0.11, 0.03, 0.14, 0.08, 0.07, 0.05])
GROW = np.array([0.40, 0.50, 0.38, 0.42, 0.46, 0.47])  # a year, in score units
EFFECT, OWN_GAP = 0.2, 0.12  # standard deviations between schools
GRADUATE_EFFECT, SUSPEND_EFFECT = 0.3, 0.3  # of log odds
GROW_EFFECT, GROW_STUDENT, NOISE = 0.08, 0.10, 0.35
CUTS = (-0.85, -0.05, 0.80)  # scores where the second and higher levels begin
CHANCE = np.array([0.40, 0.35, 0.25])  # of a kind of school
SIZE = np.array([[120, 420], [80, 300], [100, 360]])  # least and most students
KIND_EFFECT = np.array([0.10, -0.12, -0.06])
MIX = np.array(
    [
        [0.01, 0.07, 0.10, 0.14, 0.06, 0.62],
        [0.01, 0.03, 0.47, 0.25, 0.06, 0.18],
        [0.01, 0.06, 0.15, 0.50, 0.04, 0.24],
    ]
)
STATE = pd.DataFrame({"group": GROUPS, "population": [20, 60, 220, 260, 50, 390]})
HIDE = 10  # counts below are hidden by states
YEARS, TESTED, ONE_IN = 4, 0.85, 3  # one in so many students is followed


@dataclass(frozen=True)
class District:
    """Students of a district, and the parameters that they were drawn from.

    Attributes
    ----------
    gap
        One, or zero where groups do not differ.
    number
        Schools x groups: students.
    effect
        Of each school on scores.
    own
        Schools x groups: what a school adds to a group's mean score.
    student
        One row each: `school`, `at` (the group's place), `noise` (the score less what
        is expected).
    graduated, suspended
        Schools x groups: students with the outcome.
    graduate_chance, suspend_chance
        Schools x groups.
    tests
        Of students who are followed: `student, group, school, time, score`.
    """

    gap: float
    number: np.ndarray
    effect: np.ndarray
    own: np.ndarray
    student: pd.DataFrame
    graduated: np.ndarray
    graduate_chance: np.ndarray
    suspended: np.ndarray
    suspend_chance: np.ndarray
    tests: pd.DataFrame

    @cached_property
    def expected(self) -> np.ndarray:
        """Mean score of each school's groups, effects of schools and all.

        Returns
        -------
        ndarray
            Schools x groups.
        """
        return self.gap * MEAN + self.effect[:, None] + self.own

    @cached_property
    def expected_here(self) -> np.ndarray:
        """The same where the question is about these schools.

        Returns
        -------
        ndarray
            Schools x groups.
        """
        return self.expected if self.gap else np.zeros(self.number.shape)


def draw(seed: int, gap: float, schools: int | None = None) -> District:
    """Draw a district.

    Parameters
    ----------
    seed
        Of its numbers.
    gap
        One for the planted gaps, zero for none.
    schools
        How many; 30 to 40 if not told.

    Returns
    -------
    District
        The same for the same seed.

    Examples
    --------
    >>> draw(1, 1.0).number.shape
    (37, 6)
    """
    random = np.random.default_rng([seed, 11])
    size = schools or int(random.integers(30, 41))
    kind = random.choice(len(CHANCE), size=size, p=CHANCE)
    students = random.integers(SIZE[kind, 0], SIZE[kind, 1] + 1)
    number = random.multinomial(students, MIX[kind])
    effect = gap * KIND_EFFECT[kind] + random.normal(0, EFFECT, size)
    own = gap * random.normal(0, OWN_GAP, number.shape)
    own[:, BASE] = 0.0
    school, at = (axis.ravel() for axis in np.indices(number.shape))
    student = pd.DataFrame({"school": school, "at": at})
    student = student.loc[student.index.repeat(number.ravel())].reset_index(drop=True)
    student["noise"] = random.normal(0, SPREAD[student["at"]])
    graduate = _chances(GRADUATE, GRADUATE_EFFECT, gap, size, random)
    suspend = _chances(SUSPEND, SUSPEND_EFFECT, gap, size, random)
    return District(
        *(gap, number, effect, own, student),
        *(random.binomial(number, graduate), graduate),
        *(random.binomial(number, suspend), suspend),
        _tests(student, gap, size, random),
    )


def _chances(
    chance: np.ndarray, spread: float, gap: float, size: int, random
) -> np.ndarray:
    """Of each school's groups; one for all where there is no gap."""
    base = logit(chance[BASE])
    effects = random.normal(0, spread, size)
    return expit(base + gap * (logit(chance) - base + effects[:, None]))


def _tests(
    student: pd.DataFrame, gap: float, size: int, random: np.random.Generator
) -> pd.DataFrame:
    """Test some students every year; miss some tests."""
    some = student.iloc[::ONE_IN]
    at, school = some["at"].to_numpy(), some["school"].to_numpy()
    grow = GROW[BASE] + gap * (GROW[at] - GROW[BASE])
    grow = grow + random.normal(0, GROW_EFFECT, size)[school]
    grow = grow + random.normal(0, GROW_STUDENT, len(some))
    start = some["noise"].to_numpy() + gap * MEAN[at]
    time = np.arange(YEARS)
    score = start[:, None] + grow[:, None] * time
    score = score + random.normal(0, NOISE, score.shape)
    frame = pd.DataFrame(
        {
            "student": np.repeat(np.arange(len(some)), YEARS),
            "group": np.repeat(np.array(GROUPS)[at], YEARS),
            "school": np.repeat(school, YEARS),
            "time": np.tile(time, len(some)),
            "score": score.ravel(),
        }
    )
    return frame[random.random(len(frame)) < TESTED].reset_index(drop=True)


# --- what is published -----------------------------------------------------------


def scores(town: District, *, these_schools: bool = False) -> pd.DataFrame:
    """List students with their scores.

    Parameters
    ----------
    town
        The district.
    these_schools
        Leave out effects of schools where there is no gap.

    Returns
    -------
    DataFrame
        `school, group, score`.
    """
    expected = town.expected_here if these_schools else town.expected
    school, at = town.student["school"], town.student["at"]
    return pd.DataFrame(
        {
            "school": school,
            "group": np.array(GROUPS)[at],
            "score": expected[school, at] + town.student["noise"],
        }
    )


def levels(town: District, *, by_school: bool = False) -> pd.DataFrame:
    """Count students by group and level, in the district or in each school.

    Parameters
    ----------
    town
        The district.
    by_school
        Count in each school, its name in `unit`.

    Returns
    -------
    DataFrame
        `group, level, students`, and `unit`.
    """
    table = scores(town, these_schools=True).rename(columns={"school": "unit"})
    table["level"] = np.searchsorted(CUTS, table["score"], side="right") + 1
    keys = ["unit", "group"] if by_school else ["group"]
    table["level"] = pd.Categorical(table["level"], range(1, len(CUTS) + 2))
    counts = pd.crosstab([table[key] for key in keys], table["level"], dropna=False)
    counts = counts[counts.sum(axis=1) > 0].reset_index()
    long = counts.melt(keys, var_name="level", value_name="students")
    return long.astype({"level": int, "students": float})


def hidden(counts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Hide counts below ten, zeros too, and give the totals, as states do.

    Parameters
    ----------
    counts
        As `levels` returns.
    keys
        Whose totals are given.

    Returns
    -------
    DataFrame
        With `students` missing, `students_low, students_high` and `population`.
    """
    small = counts["students"] < HIDE
    return counts.assign(
        population=counts.groupby(keys)["students"].transform("sum"),
        students=counts["students"].mask(small),
        students_low=np.where(small, 0, np.nan),
        students_high=np.where(small, HIDE - 1, np.nan),
    )


def graduation_exact(town: District) -> pd.DataFrame:
    """Publish every count.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    DataFrame
        Tidy `outcomes`.
    """
    return pd.DataFrame(
        {
            "outcome": "graduation",
            "race": pd.Categorical(GROUPS * len(town.number), GROUPS),
            "events_low": town.graduated.ravel(),
            "events_high": town.graduated.ravel(),
            "population": town.number.ravel(),
        }
    )


def graduation_masked(town: District) -> pd.DataFrame:
    """Publish rates as ranges by the size of the cohort, and read them again.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    DataFrame
        Tidy `outcomes`, as `equity.prepare.schools` makes them of the federal layout.
    """
    raw = pd.DataFrame({"ID": [str(school) for school in range(len(town.number))]})
    for at, code in enumerate(CODES):
        cohort, done = town.number[:, at], town.graduated[:, at]
        raw[f"{code}_C"] = [str(n) if n else "." for n in cohort]
        raw[f"{code}_R"] = [
            masked_rate(int(events), int(n))
            for events, n in zip(done, cohort, strict=True)
        ]
    source = sources.Graduation(
        file="graduation.csv",
        columns={"unit": "ID"},
        cohort="{group}_C",
        rate="{group}_R",
        groups=dict(zip(CODES, GROUPS, strict=True)),
        years={"25": "2025"},
    )
    ledger = Ledger("graduation", "graduation.csv", len(raw))
    return schools.clean_graduation(
        raw, source, ledger, standard=race.standard("omb1997")
    )


def check_bounds(town: District, masked: pd.DataFrame) -> None:
    """Refuse bounds that leave out what is true, in a school or in the district.

    Parameters
    ----------
    town
        The district.
    masked
        As `graduation_masked` returns.

    Raises
    ------
    AssertionError
        If there is one such.
    """
    school = masked["unit"].astype(int).to_numpy()
    at = masked["race"].map({name: n for n, name in enumerate(GROUPS)}).to_numpy(int)
    done, number = town.graduated[school, at], town.number[school, at]
    assert (masked["population"].to_numpy(int) == number).all()
    assert (masked["events_low"].to_numpy(int) <= done).all()
    assert (done <= masked["events_high"].to_numpy(int)).all()
    sums = masked.groupby("race", observed=False)[["events_low", "events_high"]].sum()
    true = pd.Series(town.graduated.sum(axis=0), GROUPS).reindex(sums.index)
    assert true.between(sums["events_low"], sums["events_high"]).all()


def followed(town: District) -> pd.DataFrame:
    """List the tests of students who are followed.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    DataFrame
        `student, group, school, time, score`.
    """
    return town.tests


def suspended(town: District) -> pd.DataFrame:
    """Count suspended students of each group.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    DataFrame
        `group, events, population`.
    """
    events, population = town.suspended.sum(axis=0), town.number.sum(axis=0)
    return pd.DataFrame({"group": GROUPS, "events": events, "population": population})
