"""Whom the sample city's workforce could be made of: labour force and occupations.

A *pool* is surveyed as the residents are: estimates with 90 % margins. Availability
is by the eight job groups of the Census Bureau's tabulation for state and local
governments, in which protective service is two, and paraprofessionals are none.
"""

import numpy as np
import pandas as pd

from equity import race
from equity.sample.city import City, surveyed
from equity.sample.common import RACES, Options, divide, tilt
from equity.sample.jobs import logs

WORKING_AGE, LABOUR_FORCE = "residents of working age", "labour force"
AVAILABILITY = "availability in the occupation"
# Odds against White, relative to the residents; people per resident.
OF_ALL_JOBS = {
    WORKING_AGE: (0.66, {race.BLACK: 1.03, race.HISPANIC: 1.10, race.ASIAN: 1.12}),
    LABOUR_FORCE: (0.52, {race.BLACK: 0.97, race.HISPANIC: 1.14, race.ASIAN: 1.15}),
}
JOB_GROUPS = {  # share of the labour force; odds of Black, Hispanic and Asian people
    "Officials and Administrators": (0.10, 0.62, 0.55, 1.05),
    "Professionals": (0.20, 0.70, 0.55, 1.50),
    "Technicians": (0.05, 0.90, 0.75, 1.20),
    "Protective Service: Sworn": (0.015, 0.90, 0.85, 0.50),
    "Protective Service: Non-sworn": (0.010, 1.40, 1.00, 0.60),
    "Administrative Support": (0.22, 1.10, 0.95, 0.80),
    "Skilled Craft": (0.09, 0.75, 1.20, 0.45),
    "Service/Maintenance": (0.24, 1.40, 1.50, 0.80),
}
FORM = (  # the EEO-4 form's categories, in the order of `jobs.CATEGORIES`
    *("Officials and administrators", "Professionals", "Technicians"),
    *("Protective service", "Paraprofessionals", "Administrative support"),
    *("Skilled craft", "Service and maintenance"),
)
OF_CATEGORY = {  # job groups of each category
    "Officials and administrators": ("Officials and Administrators",),
    "Professionals": ("Professionals",),
    "Technicians": ("Technicians",),
    "Protective service": (
        *("Protective Service: Sworn", "Protective Service: Non-sworn"),
    ),
    "Administrative support": ("Administrative Support",),
    "Skilled craft": ("Skilled Craft",),
    "Service and maintenance": ("Service/Maintenance",),
}
LABELS = {  # of race, in the tabulation
    race.AIAN: "American Indian or Alaska Native alone",
    race.ASIAN: "Asian alone",
    race.BLACK: "Black or African American alone",
    race.HISPANIC: "Hispanic or Latino",
    race.NHPI: "Native Hawaiian or Other Pacific Islander alone",
    race.WHITE: "White alone",
    race.TWO_OR_MORE: "Two or more races",
    race.SOME_OTHER: "Some other race alone",
}
HEADERS = {  # of the columns of the other files
    race.AIAN: "AIAN",
    race.ASIAN: "Asian",
    race.BLACK: "Black",
    race.HISPANIC: "Hispanic",
    race.NHPI: "Native Hawaiian",
    race.WHITE: "White",
    race.TWO_OR_MORE: "Two or more",
    race.SOME_OTHER: "Some other race",
}


def of_all_jobs(options: Options, town: City, name: str) -> np.ndarray:
    """People of a pool for all jobs.

    Parameters
    ----------
    options
        Of the city; its `workforce_gap` is the power of every odds.
    town
        The city as it truly is.
    name
        `WORKING_AGE` or `LABOUR_FORCE`.

    Returns
    -------
    ndarray
        One number per group of `RACES`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1, workforce_gap=0)
    >>> town = city.build(options)
    >>> people = of_all_jobs(options, town, LABOUR_FORCE)
    >>> bool(np.allclose(people / people.sum(), town.shares))
    True
    """
    part, odds = OF_ALL_JOBS[name]
    shares = tilt(town.shares, options.workforce_gap * logs(odds))
    return part * town.residents.sum() * shares


def of_job_groups(options: Options, town: City) -> np.ndarray:
    """People available in each job group of the tabulation.

    Parameters
    ----------
    options
        Of the city; its `workforce_gap` is the power of every odds.
    town
        The city as it truly is.

    Returns
    -------
    ndarray
        Job groups by groups of `RACES`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> of_job_groups(options, city.build(options)).shape
    (8, 8)
    """
    parts = np.array([[part] for part, *_ in JOB_GROUPS.values()])
    named = (race.BLACK, race.HISPANIC, race.ASIAN)
    odds = np.array(
        [logs(dict(zip(named, odds, strict=True))) for _, *odds in JOB_GROUPS.values()]
    )
    people = OF_ALL_JOBS[LABOUR_FORCE][0] * town.residents.sum()
    return parts * people * tilt(town.shares, options.workforce_gap * odds)


def by_category(groups: np.ndarray) -> np.ndarray:
    """Add job groups up to the categories of the form.

    Parameters
    ----------
    groups
        Numbers by job group, along the first axis.

    Returns
    -------
    ndarray
        Numbers by category of `FORM`; missing for paraprofessionals.

    Examples
    --------
    >>> by_category(np.arange(8.0)[:, None]).ravel().tolist()
    [0.0, 1.0, 2.0, 7.0, nan, 5.0, 6.0, 7.0]
    """
    place = {name: number for number, name in enumerate(JOB_GROUPS)}
    nobody = np.full(groups.shape[1:], np.nan)
    return np.array(
        [
            sum(groups[place[name]] for name in OF_CATEGORY[category])
            if category in OF_CATEGORY
            else nobody
            for category in FORM
        ]
    )


def margins(people: np.ndarray, moe: np.ndarray) -> np.ndarray:
    """Margins of the shares of people who were counted group by group.

    Parameters
    ----------
    people, moe
        Estimates and their margins, groups along the last axis.

    Returns
    -------
    ndarray
        Of the same shape, for proportions.

    Examples
    --------
    >>> margins(np.array([600.0, 200.0]), np.array([60.0, 40.0])).round(4).tolist()
    [0.0419, 0.0419]
    """
    whole = people.sum(axis=-1, keepdims=True)
    share, square = divide(people, whole), moe**2.0
    some = np.where(people > 0, square, 0).sum(axis=-1, keepdims=True)
    others = some - np.where(people > 0, square, 0)
    return divide(np.sqrt((1 - share) ** 2 * square + share**2 * others), whole)


def availability_export(
    options: Options, town: City, rng: np.random.Generator
) -> pd.DataFrame:
    """Survey the job groups, and write the tabulation as text.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        A row per job group and race, and one for all races.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> rows = availability_export(options, city.build(options),
    ...                            options.rng("labour force survey"))
    >>> len(rows), rows.columns[1]
    (72, 'Job Group')
    """
    people, moe = surveyed(of_job_groups(options, town), rng)
    share, error = (
        divide(people, people.sum(axis=1, keepdims=True)),
        margins(people, moe),
    )
    rows = []
    for number, group in enumerate(JOB_GROUPS):
        total = np.sqrt((np.where(people[number] > 0, moe[number], 0) ** 2.0).sum())
        rows.append((group, "Total", people[number].sum(), np.rint(total), 1.0, np.nan))
        for place, name in enumerate(RACES):
            found = (people, moe, share, error)
            rows.append((group, LABELS[name], *(each[number, place] for each in found)))
    table = pd.DataFrame(
        rows, columns=["group", "race", "people", "moe", "share", "error"]
    )
    return pd.DataFrame(
        {
            "Geography": "Place of residence",
            "Job Group": table["group"],
            "Race/Ethnicity": table["race"],
            "Number": table["people"].map("{:,.0f}".format),
            "Number MOE": table["moe"].map("{:,.0f}".format),
            "Percent": (100 * table["share"]).map("{:.1f}%".format),
            "Percent MOE": (100 * table["error"]).map("{:.1f}%".format),
        }
    ).replace("nan%", "(X)")


def all_jobs_export(
    options: Options, town: City, name: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Survey a pool for all jobs, and write it as text, a column for each group.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    name
        `WORKING_AGE` or `LABOUR_FORCE`.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        One row: estimates (E) and margins (M).

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> all_jobs_export(options, city.build(options), LABOUR_FORCE,
    ...                 options.rng("labour force survey")).columns[2]
    'AIAN_E'
    """
    people, moe = surveyed(of_all_jobs(options, town, name), rng)
    row = {"NAME": name.capitalize()}
    columns = {
        f"{HEADERS[group]}_{kind}": number
        for group, *numbers in zip(RACES, people, moe, strict=True)
        for kind, number in zip("EM", numbers, strict=True)
    }
    return pd.DataFrame([{**row, "Total_E": people.sum(), **columns}]).astype(str)


def tidy(options: Options, town: City, rng: np.random.Generator) -> pd.DataFrame:
    """Survey every pool once more, straight to the tidy table of benchmarks.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream.

    Returns
    -------
    DataFrame
        Columns `benchmark, race, job_category, estimate, share, moe`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, size=0.1)
    >>> len(tidy(options, city.build(options), options.rng("labour force survey")))
    72
    """
    names = list(OF_ALL_JOBS)
    whole = [surveyed(of_all_jobs(options, town, name), rng) for name in names]
    people, moe = surveyed(of_job_groups(options, town), rng)
    by_job = [by_category(1.0 * people), np.sqrt(by_category(1.0 * moe**2))]
    parts = [
        (AVAILABILITY, category, *(table[number] for table in by_job))
        for number, category in enumerate(FORM)
        if category in OF_CATEGORY
    ]
    parts = [(n, None, *found) for n, found in zip(names, whole, strict=True)] + parts
    groups = pd.Categorical(list(RACES), list(RACES), ordered=True)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "benchmark": name,
                    "race": groups,
                    "job_category": category,
                    "estimate": 1.0 * estimate,
                    "share": divide(estimate, estimate.sum()),
                    "moe": margins(estimate, error),
                }
            ).astype({"job_category": "str"})
            for name, category, estimate, error in parts
        ],
        ignore_index=True,
    )
