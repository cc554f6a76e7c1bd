"""The sample city's workforce: the exports, the tidy tables, and the truth.

Jobs and odds are in `jobs`, who holds them in `staff`, whom the workforce could be made
of in `pools`, and what measures should find in `workforce_truth`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity import race
from equity.sample import pools, staff
from equity.sample.city import City
from equity.sample.common import LAST_DAY, RACES, Options, respell
from equity.sample.expected import expected
from equity.sample.jobs import CATEGORIES, DEPARTMENTS, GRADES, UNRECORDED
from equity.sample.workforce_truth import truth

__all__ = [
    "CATEGORIES",
    "DEPARTMENTS",
    "Workforce",
    "build",
    "expected",
    "tidy",
    "truth",
]

KEPT_SINCE = pd.Timestamp("2025-07-01")  # leavers since then are still in the roster
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
PERSON = ["Employee ID", "Race/Ethnicity", "Sex", "Department", "Job Title"]
WORKERS = [
    *("worker_id", "race", "sex", "department", "job", "job_category", "pay"),
    *("full_time", "employment", "hired", "left", "as_of"),
]
EVENTS = ["worker_id", "kind", "date", "race", "sex", "department", "job_category"]


@dataclass(frozen=True)
class Workforce:
    """The exports, the truth beneath them, and how many rows are messy.

    Attributes
    ----------
    roster, events, availability, working_age, labour_force
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
    availability: pd.DataFrame
    working_age: pd.DataFrame
    labour_force: pd.DataFrame
    truth: dict
    messes: dict


def build(options: Options, town: City) -> Workforce:
    """Run the quarters, and export the roster, the events and the benchmarks.

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
    people, events = staff.draw(options, town, options.rng("workforce"))
    roster, log, messes = _export(options, people, events)
    survey = options.rng("labour force survey")
    return Workforce(
        roster,
        log,
        pools.availability_export(options, town, survey),
        pools.all_jobs_export(options, town, pools.WORKING_AGE, survey),
        pools.all_jobs_export(options, town, pools.LABOUR_FORCE, survey),
        truth(options, town),
        messes,
    )


def tidy(
    options: Options, town: City, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw the tidy tables of the workforce directly, without exports and files.

    For simulations: `city.survey` draws the residents to go with them, and `truth`
    says what measures should find.

    Parameters
    ----------
    options
        Of the city; the events are of all its `quarters`.
    town
        The city as it truly is.
    rng
        Random stream; each call draws another city of the same truth.

    Returns
    -------
    tuple of DataFrame
        `workers` (those in post on the last day; `job_category` by the names of the
        EEO-4 form), `events` and `benchmarks`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> found = tidy(options, city.build(options), options.rng("workforce"))
    >>> [len(table) for table in found][::2]
    [117, 72]
    """
    people, events = staff.draw(options, town, rng)
    known = [*RACES, *UNRECORDED]
    names = np.array(list(DEPARTMENTS), dtype=object)
    who = pd.DataFrame(
        {
            "worker_id": [str(number) for number in range(len(people))],
            "race": pd.Categorical(people["label"], known, ordered=True),
            "sex": np.where(people["woman"], "F", "M"),
            "department": names[people["department"]],
            "job_category": np.array(pools.FORM, dtype=object)[people["category"]],
        }
    )
    workers = who.assign(
        job=_titles(people["category"], people["grade"]),
        pay=staff.paid(options, people).round(),
        full_time=people["full_time"].astype("boolean"),
        employment=pd.Series(staff.employed(people, rng)).str.lower(),
        hired=people["hired"],
        left=pd.NaT,
        as_of=LAST_DAY,
    )
    happened = who.iloc[events["person"]].reset_index(drop=True)
    happened = happened.assign(kind=events["kind"].str.lower(), date=events["date"])
    return (
        workers.loc[people["left"].isna(), WORKERS].reset_index(drop=True),
        happened[EVENTS],
        pools.tidy(options, town, rng),
    )


def _titles(category: pd.Series, grade: pd.Series) -> np.ndarray:
    titles = np.array([title for title, _ in CATEGORIES.values()], dtype=object)
    return titles[category] + " " + np.array(GRADES, dtype=object)[grade]


def _export(
    options: Options, people: pd.DataFrame, events: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Write people and events as text, spelled as clerks do."""
    rng = options.rng("roster messes")
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
    roster = who.assign(
        **{
            "Race/Ethnicity": respell(
                people["label"].to_numpy(), SPELLINGS, rng, usual=0.8
            ),
            "Job Title": _titles(people["category"], people["grade"]),
            "Annual Pay": staff.paid(options, people).map("${:,.0f}.00".format),
            "Employment Type": staff.employed(people, options.rng("employment")),
            "FT/PT": np.where(people["full_time"], "Full-Time", "Part-Time"),
            "Hire Date": people["hired"].dt.strftime("%m/%d/%Y"),
            "Termination Date": people["left"].dt.strftime("%m/%d/%Y").fillna(""),
        }
    )[
        [
            *PERSON,
            *("EEO-4 Category", "Annual Pay", "FT/PT", "Employment Type"),
            *("Hire Date", "Termination Date"),
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
    category = people["category"].to_numpy()[events["person"]]
    log = about.assign(
        **{
            "Event": events["kind"],
            "Effective Date": events["date"].dt.strftime("%Y-%m-%d"),
            "Race/Ethnicity": respell(
                people["label"].to_numpy()[events["person"]], SPELLINGS, rng, usual=0.8
            ),
            "Job Title": _titles(category, events["grade"]),
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
