"""Utilisation analysis: the workforce against benchmarks, job group by job group.

Residents, residents of working age, the labour force and those available in the
occupation answer different questions:

residents
    Does the workforce look like the city it serves?
residents of working age, labour force
    Does it look like those who could work, or who do work or look for work?
availability in the occupation
    Does each job group look like those who have the training it needs? It takes the
    way into occupations as given, unequal as that may be.

Each keeps its name, and none is mixed with another. A tidy table of `benchmarks` has
one row per ``benchmark``, ``race`` and ``job_category`` (missing: for all jobs), with
``share`` (a proportion) and ``moe`` (of the share at 90 percent; missing for a full
count). The rules themselves are in `availability`.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import intervals
from equity.measure.availability import (
    NO_AVAILABILITY,
    NOT_RECORDED,
    RECORDED,
    TWO_SD,
    against_availability,
    check_shares,
    share_limits,
)
from equity.measure.benchmarks import PARITY, compared, fraction, people_to_parity
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import MEASURE_COLUMNS, divide, numbers, require_columns

RESIDENTS = "residents"
WORKING_AGE = "residents of working age"
LABOUR_FORCE = "labour force"
AVAILABILITY = "availability in the occupation"

#: What each benchmark answers, by how its name begins; the longest that fits counts.
QUESTIONS = {
    RESIDENTS: "does the workforce look like the city it serves?",
    WORKING_AGE: "does it look like all of that age?",
    LABOUR_FORCE: "does it look like those who work or look for work?",
    AVAILABILITY: "does it look like those who do such jobs already?",
}
#: The same of those hired.
OF_HIRES = {
    "employees in post": "are those hired like those already there?",
    RESIDENTS: "are those hired like the city they serve?",
    WORKING_AGE: "are they like all of that age?",
    LABOUR_FORCE: "are they like those who work or look for work?",
}

#: How a sentence calls those whom a benchmark counts.
CALLED = {
    LABOUR_FORCE: "the labour force",
    AVAILABILITY: "those available in the occupation",
}

NO_CATEGORY = "Not recorded"  # of a job category
IN_POST = "employees in post"
WHOLE = "All jobs"
IN_BENCHMARK = "Job categories that the benchmark has"
BENCHMARKS = ["benchmark", "race", "job_category", "share", "moe"]
ROUNDED = 0.01  # by so much published percentages may add up to more than everybody
MEASURES = {
    LEVEL: "share of workforce",
    DIFFERENCE: "difference from the benchmark",
    RATIO: "representation ratio",
}
METHODS = {
    LEVEL: "Wilson score",
    DIFFERENCE: "square-and-add of Wilson and census limits",
    RATIO: "square-and-add ratio of Wilson and census limits",
}

SIDE_BY_SIDE = [
    *("group", "events", "population", "benchmark_share", "benchmark_low"),
    *("benchmark_high", "statistic", *MEASURE_COLUMNS),
]


def nearest(benchmarks: pd.DataFrame) -> str:
    """Name the benchmark that is nearest to those who could hold the jobs.

    Parameters
    ----------
    benchmarks
        Tidy `benchmarks`.

    Returns
    -------
    str
        Availability in the occupation; else the labour force, else residents of working
        age, whichever there is; the first of them where there is none.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> nearest(pd.DataFrame({"benchmark": ["residents of working age"]}))
    'residents of working age'
    """
    require_columns(benchmarks, ["benchmark"])
    named = benchmarks["benchmark"].astype(str)
    for kind in (AVAILABILITY, LABOUR_FORCE, WORKING_AGE):
        there = named[named.str.startswith(kind)]
        if len(there):
            return str(there.iloc[0])
    return AVAILABILITY


def called(benchmark: str) -> str:
    """Give what a sentence calls those whom a benchmark counts.

    Parameters
    ----------
    benchmark
        Its name, which may say more than its kind: "labour force, nine counties".

    Returns
    -------
    str
        Such as "the labour force"; the name itself where there is no other word.

    Examples
    --------
    >>> called("labour force")
    'the labour force'
    >>> called("residents of working age")
    'residents of working age'
    """
    kind = _kind(benchmark, CALLED)
    return CALLED.get(kind, benchmark) + benchmark.removeprefix(kind)


def shares_of(benchmarks: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Give the shares of the benchmarks themselves, with their limits.

    Parameters
    ----------
    benchmarks
        Tidy `benchmarks`; rows of single jobs are left out.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        `group`, `benchmark`, `benchmark_share`, `benchmark_low` and `benchmark_high`,
        proportions; limits are missing for a full count.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> shares_of(pd.DataFrame({"benchmark": "labour force", "race": ["Asian"],
    ...     "job_category": None, "share": [0.2], "moe": [0.01]})).round(3)
       group     benchmark  benchmark_share  benchmark_low  benchmark_high
    0  Asian  labour force              0.2          0.188           0.212
    """
    require_columns(benchmarks, BENCHMARKS)
    rows = benchmarks[benchmarks["job_category"].isna()].reset_index(drop=True)
    share, moe = numbers(rows, "share"), numbers(rows, "moe")
    low, high = share_limits(share, moe, confidence)
    full = np.isnan(moe)  # nothing in a full count is left to chance
    return pd.DataFrame(
        {
            "group": rows["race"].astype(str),
            "benchmark": rows["benchmark"].astype(str),
            "benchmark_share": share,
            "benchmark_low": np.where(full, np.nan, low),
            "benchmark_high": np.where(full, np.nan, high),
        }
    )


def with_residents(benchmarks: pd.DataFrame, residents: pd.DataFrame) -> pd.DataFrame:
    """Put the residents before the other benchmarks, as one of them.

    Parameters
    ----------
    benchmarks
        Tidy `benchmarks`.
    residents
        `group`, `share` and `moe`, as `pace.residents` returns them.

    Returns
    -------
    DataFrame
        Tidy `benchmarks`, the widest benchmark first: residents, those of working age,
        the labour force, availability; then others in their order.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> force = pd.DataFrame({"benchmark": "labour force", "race": ["Asian"],
    ...                       "job_category": None, "share": [0.2], "moe": [0.01]})
    >>> city = pd.DataFrame({"group": ["Asian"], "share": [0.15], "moe": [0.02]})
    >>> with_residents(force, city)[["benchmark", "share"]]
          benchmark  share
    0     residents   0.15
    1  labour force   0.20
    """
    require_columns(benchmarks, BENCHMARKS)
    require_columns(residents, ["group", "share", "moe"])
    city = residents.rename(columns={"group": "race"}).astype({"race": "object"})
    city = city.assign(benchmark=RESIDENTS, job_category=None)
    rows = [city[BENCHMARKS], benchmarks[BENCHMARKS].astype({"race": "object"})]
    table = pd.concat([part for part in rows if len(part)] or rows, ignore_index=True)
    width = list(QUESTIONS)
    names = table["benchmark"].astype(str).map(lambda name: _kind(name, QUESTIONS))
    order = names.map(lambda name: width.index(name) if name in width else len(width))
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def with_employees(
    benchmarks: pd.DataFrame, workers: pd.DataFrame, groups: Sequence[str]
) -> pd.DataFrame:
    """Put those in post before the benchmarks of all jobs, for those who were hired.

    Parameters
    ----------
    benchmarks
        Tidy `benchmarks`; those of single job categories are left out.
    workers
        Tidy `workers` of one date.
    groups
        The groups that shares are made of.

    Returns
    -------
    DataFrame
        Tidy `benchmarks`, the first being `employees in post`, counted in full.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Asian", "White", "White", "White"]})
    >>> nothing = pd.DataFrame(columns=BENCHMARKS)
    >>> with_employees(nothing, staff, ["Asian", "White"])["share"].tolist()
    [0.25, 0.75]
    """
    require_columns(benchmarks, BENCHMARKS)
    require_columns(workers, ["race"])
    sizes = workers["race"].astype(str).value_counts().reindex(groups, fill_value=0)
    rows = pd.DataFrame({"race": sizes.index.astype("object")})
    rows["benchmark"], rows["job_category"], rows["moe"] = IN_POST, None, np.nan
    rows["share"] = divide(sizes.to_numpy(float), np.full(len(sizes), sizes.sum()))
    others, _ = split(benchmarks)
    parts = [rows[BENCHMARKS], others[BENCHMARKS].astype({"race": "object"})]
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def of_hires(
    people: pd.DataFrame, benchmarks: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's share of those hired with every benchmark.

    Parameters
    ----------
    people
        Those hired, one row each, with `race`.
    benchmarks
        As `with_employees` returns them.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `asked`, with the questions of hires. Beside those in post there are no
        `people_to_parity`: hires like those in post change nothing, and are no goal.

    Raises
    ------
    ColumnNotFoundError, InputError
        As for `by_benchmark`.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["Asian", "White", "White", "White"]})
    >>> beside = with_employees(pd.DataFrame(columns=BENCHMARKS), staff,
    ...                         ["Asian", "White"])
    >>> table = of_hires(staff[:2], beside)
    >>> table["group"].iloc[0], float(table["estimate"].iloc[0])
    ('Asian', 0.5)
    """
    table = by_benchmark(people, benchmarks, confidence=confidence)
    table = asked(table, benchmarks, questions=OF_HIRES)
    if table.empty:
        return table
    parity = table["people_to_parity"].mask(table["benchmark"].eq(IN_POST))
    return table.assign(people_to_parity=parity)


def split(benchmarks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take the benchmarks of all jobs, and those of single job categories, apart.

    Parameters
    ----------
    benchmarks
        Tidy `benchmarks`.

    Returns
    -------
    of_all, of_jobs
        The rows, renumbered.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> rows = pd.DataFrame({"benchmark": ["a", "b"], "race": "Asian", "share": 0.2,
    ...                      "job_category": [None, "Technicians"], "moe": None})
    >>> [part["benchmark"].tolist() for part in split(rows)]
    [['a'], ['b']]
    """
    require_columns(benchmarks, BENCHMARKS)
    single = _categories(benchmarks["job_category"]).notna()
    parts = benchmarks[~single], benchmarks[single]
    return tuple(part.reset_index(drop=True) for part in parts)


def asked(
    table: pd.DataFrame,
    benchmarks: pd.DataFrame,
    *,
    questions: Mapping[str, str] = MappingProxyType(QUESTIONS),
) -> pd.DataFrame:
    """Write beside each comparison what its benchmark asks, and of which jobs.

    Parameters
    ----------
    table
        As `by_benchmark` returns it.
    benchmarks
        The benchmarks it was made from.
    questions
        What each benchmark asks, by how its name begins.

    Returns
    -------
    DataFrame
        `table` with `question` ("Residents: does the workforce look like ...", or the
        name alone of another benchmark), and `job_category`: `All jobs`, or, for a
        benchmark by job category, that only the categories it has are counted.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> told = pd.DataFrame({"benchmark": ["residents"]})
    >>> rows = pd.DataFrame({"benchmark": ["residents"], "job_category": [None]})
    >>> asked(told, rows)["question"].iloc[0]
    'Residents: does the workforce look like the city it serves?'
    """
    require_columns(table, ["benchmark"])
    require_columns(benchmarks, ["benchmark", "job_category"])
    names = table["benchmark"].astype(str)
    by_job = benchmarks[_categories(benchmarks["job_category"]).notna()]["benchmark"]
    return table.assign(
        question=[_question(name, questions) for name in names],
        job_category=np.where(names.isin(by_job.astype(str)), IN_BENCHMARK, WHOLE),
    )


def _kind(name: str, questions: Mapping[str, str]) -> str:
    """The benchmark of some questions that a name begins with, or the name."""
    fits = [kind for kind in questions if name.startswith(kind)]
    return max(fits, key=len, default=name)


def _question(name: str, questions: Mapping[str, str]) -> str:
    title = name[:1].upper() + name[1:]
    asks = questions.get(_kind(name, questions), "")
    return f"{title}: {asks}" if asks else title


def by_benchmark(
    workers: pd.DataFrame, benchmarks: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's share of the workforce with every benchmark, side by side.

    Parameters
    ----------
    workers
        Tidy `workers` of one date. A group of a benchmark that is not among the
        categories of `race` cannot be recorded, and stays missing, not zero.
    benchmarks
        Tidy `benchmarks`. One with job categories is averaged over the city's own
        jobs: what the workforce would be if every job group looked like those
        available for it. Then only workers of job groups that it has are counted.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `benchmark`, `group` and `statistic` (`level`, `difference`,
        `ratio`), with `events` (workers), `population` (workers of the benchmark's
        groups), `benchmark_share`, `benchmark_low`, `benchmark_high`, `reliability`,
        the measure columns, `people_to_parity` (workers more, at the same size of the
        workforce) and `direction`. Benchmarks keep their order.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If shares are no proportions or add up to more than everybody, or a benchmark
        names a group twice, has only some of its margins, or rows for all jobs beside
        rows for single ones.

    Notes
    -----
    The roster is a full count of its day. The interval says what the share could have
    been with the same hiring, and carries the margin of the benchmark; margins of
    several job categories are added up as if they were independent.

    References
    ----------
    Wilson (1927), JASA 22, 209-212. Zou and Donner (2008), Statistics in Medicine
    27, 1693-1702. Donner and Zou (2012), Statistical Methods in Medical Research 21,
    347-359.

    Examples
    --------
    >>> race = pd.Categorical(["White"] * 30 + ["Black"] * 10, ["Black", "White"])
    >>> shares = pd.DataFrame({
    ...     "benchmark": ["residents"] * 2 + ["labour force"] * 2,
    ...     "race": ["Black", "White"] * 2, "job_category": None,
    ...     "share": [0.4, 0.6, 0.3, 0.7], "moe": [0.02, 0.02, None, None]})
    >>> table = by_benchmark(pd.DataFrame({"race": race}), shares)
    >>> table.query("statistic == 'level'")[
    ...     ["benchmark", "group", "benchmark_share", "estimate", "people_to_parity"]]
          benchmark  group  benchmark_share  estimate  people_to_parity
    0     residents  Black              0.4      0.25                 6
    1     residents  White              0.6      0.75                 0
    6  labour force  Black              0.3      0.25                 2
    7  labour force  White              0.7      0.75                 0
    """
    if workers.empty or benchmarks.empty:
        return pd.DataFrame(columns=["benchmark", *SIDE_BY_SIDE])
    order = _groups(workers, benchmarks)
    tables = []
    for name, rows in _by_name(benchmarks):
        staff = workers
        if rows["job_category"].isna().all():
            staff, rows = (one.assign(job_category=WHOLE) for one in (workers, rows))
        frame, shares = _averaged(_incumbents(staff, rows, order))
        tables.append(_beside(name, frame, shares, confidence))
    return pd.concat(tables, ignore_index=True)


def analysis(
    workers: pd.DataFrame,
    benchmarks: pd.DataFrame,
    *,
    benchmark: str = AVAILABILITY,
    rule: str = TWO_SD,
    small: int = 30,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the incumbents of each job group with those available for it.

    Parameters
    ----------
    workers
        Tidy `workers` of one date. Those without a `job_category` are shown as a job
        group of their own, `Not recorded`, which is compared with nobody.
    benchmarks
        Tidy `benchmarks`, its job categories named as those of the workers.
    benchmark
        The one to use. If it is for all jobs, every job group is compared with it.
    rule
        One of `availability.RULES`, for the whole report.
    small
        With fewer incumbents whose race is on record there is no verdict: the simple
        difference only.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        The table of `availability.against_availability`, with `benchmark`,
        `job_category` and `group`. A job group that the benchmark does not have stays,
        its availability missing; one in which nobody works is left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        As for `by_benchmark`.
    ParamsError
        If the benchmark is none of the table's, or the rule none of the rules.

    References
    ----------
    Those of `availability.against_availability`. US Census Bureau, Equal Employment
    Opportunity Tabulation, tables 6R (by residence) and 6W (by worksite): eight job
    groups of state and local government, in which protective service is two (sworn,
    and not), and paraprofessionals are none.

    Examples
    --------
    >>> race = pd.Categorical(["White"] * 38 + ["Black"] * 2, ["Black", "White"])
    >>> staff = pd.DataFrame({"race": race, "job_category": "Technicians"})
    >>> shares = pd.DataFrame({
    ...     "benchmark": AVAILABILITY, "race": ["Black", "White"],
    ...     "job_category": "Technicians", "share": [0.2, 0.8], "moe": [None, None]})
    >>> table = analysis(staff, shares).query("statistic == 'level'")
    >>> table[["job_category", "group", "events", "expected", "shortfall",
    ...        "underutilised"]]
      job_category  group  events  expected  shortfall  underutilised
    0  Technicians  Black       2       8.0          6           True
    1  Technicians  White      38      32.0          0          False
    """
    require_columns(workers, ["race", "job_category"])
    if workers.empty or benchmarks.empty:
        return pd.DataFrame(columns=["benchmark", "job_category", *SIDE_BY_SIDE])
    found = dict(_by_name(benchmarks))
    if benchmark not in found:
        raise ParamsError(
            f"benchmark is {benchmark!r}; expected one of {list(found)}, which the "
            "table of benchmarks has"
        )
    rows = found[benchmark]
    frame = _incumbents(workers, rows, _groups(workers, rows))
    frame.insert(0, "benchmark", benchmark)
    return against_availability(
        frame, rule=rule, small=small, reference=benchmark, confidence=confidence
    ).drop(columns="moe")


def _by_name(benchmarks: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Take the benchmarks apart, in their order, and refuse what is none."""
    require_columns(benchmarks, BENCHMARKS)
    share, moe = numbers(benchmarks, "share"), numbers(benchmarks, "moe")
    check_shares(share, moe)
    jobs = _categories(benchmarks["job_category"])
    rows = benchmarks[["benchmark", "race"]].astype("object")
    if nameless := int(rows.isna().any(axis=1).sum()):
        raise InputError(
            f"benchmark or race is missing in {nameless} of {len(rows)} rows"
        )
    rows = rows.assign(job_category=jobs, share=share, moe=moe)
    found = [
        (name, rows[rows["benchmark"] == name]) for name in rows["benchmark"].unique()
    ]
    for name, part in found:
        _check(name, part)
    return found


def _check(name: str, rows: pd.DataFrame) -> None:
    jobs = rows["job_category"]
    if jobs.isna().any() and jobs.notna().any():
        raise InputError(
            f"benchmark {name!r} has rows for all jobs beside rows for single ones; "
            "give them two names"
        )
    if doubled := int(rows.duplicated(["race", "job_category"]).sum()):
        raise InputError(
            f"benchmark {name!r} repeats a race and job category in {doubled} of "
            f"{len(rows)} rows"
        )
    margins = rows.loc[rows["share"].notna(), "moe"]
    if margins.isna().any() and margins.notna().any():
        raise InputError(
            f"benchmark {name!r} lacks the margin in {margins.isna().sum()} of "
            f"{len(margins)} rows; a survey has every margin, a full count none"
        )
    total = rows.groupby(jobs.fillna(""))["share"].sum().max()
    if total > 1 + ROUNDED:
        raise InputError(
            f"shares of benchmark {name!r} add up to {total:.3f}; its groups overlap"
        )


def _categories(column: pd.Series) -> pd.Series:
    return column.astype("object").where(column.notna() & column.ne(""), None)


def _groups(workers: pd.DataFrame, benchmarks: pd.DataFrame) -> list[str]:
    """The groups of the benchmarks: in the order of the roster's, then the others."""
    require_columns(workers, ["race"])
    require_columns(benchmarks, ["race"])
    named = set(benchmarks["race"].dropna())
    recorded = pd.Categorical(workers["race"]).categories
    kept = [group for group in recorded if group in named]
    return kept + sorted(named - set(kept))


def _incumbents(
    workers: pd.DataFrame, rows: pd.DataFrame, order: list[str]
) -> pd.DataFrame:
    """Count the workers by job category and group, beside one benchmark's shares."""
    groups = [group for group in order if group in set(rows["race"])]
    jobs = _categories(workers["job_category"]).fillna(NO_CATEGORY)
    named = pd.Categorical(workers["job_category"]).categories  # sorted if no order
    ranked = [job for job in named if job not in (NO_CATEGORY, "")]
    ranked = [job for job in [*ranked, NO_CATEGORY] if (jobs == job).any()]
    keys = pd.MultiIndex.from_product([ranked, groups], names=["job_category", "race"])
    people = pd.DataFrame(
        {"job_category": jobs, "race": workers["race"].astype("object")}
    )
    sizes = people.groupby(["job_category", "race"]).size()
    frame = sizes.reindex(keys, fill_value=0).rename("events").reset_index()
    frame["population"] = frame.groupby("job_category")["events"].transform("sum")
    there = frame["race"].isin(pd.Categorical(workers["race"]).categories)
    frame["events"] = frame["events"].astype("Int64").where(there)
    frame = frame.merge(_for_jobs(rows, ranked), "left", on=["job_category", "race"])
    return pd.DataFrame(
        {
            "job_category": pd.Categorical(frame["job_category"], ranked, ordered=True),
            "group": pd.Categorical(frame["race"], order, ordered=True),
            **frame[["events", "population"]],
            "benchmark_share": frame["share"],
            "moe": frame["moe"],
        }
    )


def _for_jobs(rows: pd.DataFrame, jobs: list[str]) -> pd.DataFrame:
    """A benchmark's shares by job category: those for all jobs, for each of them."""
    columns = ["job_category", "race", "share", "moe"]
    if rows["job_category"].notna().all():
        return rows[columns]
    known = pd.DataFrame(
        {"job_category": [job for job in jobs if job != NO_CATEGORY]}, dtype="object"
    )
    return rows.drop(columns="job_category").merge(known, "cross")[columns]


def _averaged(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fraction | None]]:
    """Add job groups up, and average the benchmark over them, exactly.

    Job groups for which the benchmark says nothing are left out.
    """
    known = frame.groupby("job_category", observed=True)["benchmark_share"]
    frame = frame[known.transform("count") > 0]
    rows, shares = [], []
    for group, part in frame.groupby("group", observed=True):
        people = numbers(part, "population")
        share = [fraction(value) for value in part["benchmark_share"]]
        total = int(people.sum())
        exact = None
        if total and None not in share:
            sums = (int(n) * p for n, p in zip(people, share, strict=True))
            exact = sum(sums, Fraction(0)) / total
        error = np.sqrt(((people * numbers(part, "moe")) ** 2).sum())
        rows.append((group, part["events"].sum(skipna=False), total, error))
        shares.append(exact)
    table = pd.DataFrame(rows, columns=["group", "events", "population", "moe"])
    table["group"] = pd.Categorical(table["group"], dtype=frame["group"].dtype)
    return table.assign(
        events=table["events"].astype("Int64"),
        benchmark_share=np.array(shares, dtype=float),
        moe=divide(table["moe"], table["population"]),
    ), shares


def _beside(
    name: str, frame: pd.DataFrame, shares: list[Fraction | None], confidence: float
) -> pd.DataFrame:
    events, population = numbers(frame, "events"), numbers(frame, "population")
    share = numbers(frame, "benchmark_share")
    limits = share_limits(share, numbers(frame, "moe"), confidence)
    told = [NO_AVAILABILITY if value is None else RECORDED for value in shares]
    frame = frame.drop(columns="moe").assign(
        benchmark_low=limits[0],
        benchmark_high=limits[1],
        reliability=np.where(np.isnan(events), NOT_RECORDED, told),
    )
    frame.insert(0, "benchmark", name)
    return compared(
        frame,
        share=divide(events, population),
        limits=intervals.wilson(events, population, confidence),
        benchmark=(share, *limits),
        reference=name,
        measures=MEASURES,
        methods=METHODS,
        confidence=confidence,
        people_to_parity=people_to_parity(events, population, shares),
        direction=PARITY,
    )
