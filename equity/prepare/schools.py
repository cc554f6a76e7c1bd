"""Graduation, rates, proficiency and test scores: load and clean.

Known problems of such files: rates masked as ranges, counts hidden as `*`, columns
per group or rows per group, percents beside proportions, totals among the groups. A
masked number becomes the least and the most it can be; never a number.
"""

import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import marks, numbers, persons, school_counts, sources
from equity.prepare.quality import Ledger
from equity.prepare.school_counts import DECLARE

OUTCOMES = [
    *("unit", "year", "outcome", "race", "events", "population"),
    *("events_low", "events_high", "population_low", "population_high"),
    *("rate_low", "rate_high", "direction"),
]
LEVELS = [
    *("school", "year", "subject", "grade", "race", "level", "proficient"),
    *("students", "students_low", "students_high"),
]
SCORES = ["student", "school", "year", "subject", "grade", "race", "score"]
NOTHING = ("", ".")  # how files say that a group has no cohort in a school
ALONE = "a rate is published without its cohort; that rate is not used"
NEAR = 1e-9  # rates times people are whole numbers only up to rounding
TWICE = 0.0005  # of rates rounded to tenths of a percent first: 79.45 becomes 80, too


def event_bounds(
    low: pd.Series, high: pd.Series, population: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the fewest and most events that the bounds of a rate allow.

    Parameters
    ----------
    low, high
        The least and the most proportion, as `marks.rates` returns them.
    population
        People the rate is of.

    Returns
    -------
    tuple of Series
        Whole people as floats. Where no whole number of people has the rate, the
        fewest are more than the most.

    Examples
    --------
    >>> rate = marks.rates(pd.Series(["88", "PS", "50"]), scale="percent")
    >>> ends = event_bounds(rate["low"], rate["high"], pd.Series([362, 4, 3]))
    >>> [end.to_list() for end in ends]
    [[317.0, 0.0, 2.0], [320.0, 4.0, 1.0]]
    """
    fewest = np.ceil(low * population - NEAR) + 0.0  # no minus zero
    most = np.floor(high * population + NEAR)
    return fewest, most


def clean_graduation(
    raw: pd.DataFrame,
    source: sources.Graduation,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn cohorts and masked rates into bounds on how many graduated.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to; its rows are schools.
    standard
        Whose groups the file's codes are mapped to.

    Returns
    -------
    DataFrame
        Columns of `OUTCOMES`, one row per school and group that has a cohort.
        `events` is missing unless the bounds are equal.

    Raises
    ------
    InputError
        If a cohort or a rate cannot be read.

    Notes
    -----
    States report rates to the Department of Education with one decimal, which then
    rounds them to whole percents: 503 of 633 are 79.46, then 79.5, then 80. Where the
    source says `rounded_twice`, the least that a rate stands for is 0.05 points lower.
    Not every rate need have been, so the most stays what it is.

    Examples
    --------
    >>> raw = pd.DataFrame({"ID": ["1"], "MBL_C": ["37"], "MBL_R": ["80-89"]})
    >>> source = sources.Graduation(
    ...     file="g.csv", columns={"unit": "ID"}, cohort="{group}_C",
    ...     rate="{group}_R", groups={"MBL": "Black or African American"},
    ...     years={"14": "2014"})
    >>> clean_graduation(raw, source, Ledger("graduation", "g.csv", 1),
    ...     standard=race.standard("omb1997"))[["events_low", "events_high"]].values
    array([[30, 33]])
    """
    race.check_crosswalk(source.groups, standard=standard, where=source.file)
    raw = ledger.set_aside(raw, {"the same row again": raw.duplicated()})
    unit = sources.tidy(raw, source)["unit"]
    marks.refuse(
        unit.duplicated(),
        column=source.columns["unit"],
        file=source.file,
        wanted="listed once",
        then="leave out the row that is not meant",
    )
    school_counts.check_breaks(source.years.values(), source, "'years'")
    pairs = [
        _pair(source, code, year) for year in source.years for code in source.groups
    ]
    sources.require(raw, [name for pair in pairs for name in pair], file=source.file)
    tables = [
        _cohorts(raw, source, unit, code, year)
        for year in source.years
        for code in source.groups
    ]
    table = pd.concat(tables, ignore_index=True)
    exact = table["events_low"] == table["events_high"]
    masked = unit.isin(table.loc[~exact, "unit"])
    ledger.note("rates are masked or rounded in the source, kept as bounds", masked)
    ledger.note(ALONE, _rates_alone(raw, source))
    ledger.note("no cohort is published of any group here", ~unit.isin(table["unit"]))
    table["events"] = table["events_low"].astype("Int64").where(exact)
    table["population_low"] = table["population_high"] = table["population"]
    table["direction"] = "higher is better"
    groups = race.categories(source.groups.values(), standard)
    table["race"] = table["race"].astype(groups)
    return table[OUTCOMES].sort_values(["year", "unit", "race"], ignore_index=True)


def clean_rates(
    raw: pd.DataFrame,
    source: sources.Rates,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn rates or counts by school and group, a row for each, into bounds on events.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to; its rows are those of the file.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `OUTCOMES`, one row per row of the file that says anything.
        `outcome` is the declared one, with subject and grade where the file has them,
        and `direction` says whether more of it is better.
        `rate_low` and `rate_high` (proportions) are what the published rate can stand
        for. `population` and `events` are missing unless they are exact; their bounds
        are missing where nothing limits them, as when the file has no population: a
        total over such rows is at least the sum of its lower bounds, and no more is
        known.

    Raises
    ------
    InputError
        If a cell is neither a number nor a known mark, most rates contradict the
        declared scale, events exceed their population, a row is of an outcome that
        was not declared, or a school has a group of a year and outcome twice.
    ParamsError
        If a break is no year of the file.
    UnmappedLabelError
        If a race label is not in the crosswalk; a label of all students is kept out
        by `keep`.

    Notes
    -----
    Rates that contradict the scale of their column are set aside: nothing tells 0.45
    of a hundred from 45 of a hundred. The population is often not the very one that
    the rate is of (enrolled, not tested): where no whole number of its people has the
    rate, the events are bounded by the whole numbers around it.

    Examples
    --------
    >>> raw = pd.DataFrame({"ID": ["1", "1"], "Y": ["2025"] * 2, "R": ["W", "B"],
    ...                     "N": ["200", "<5"], "PCT": ["45%", "40-59"]})
    >>> source = sources.Rates(
    ...     file="r.csv", outcome="proficiency", races={"W": "White",
    ...     "B": "Black or African American"}, columns={"unit": "ID", "year": "Y",
    ...     "race": "R", "population": "N", "rate": "PCT"})
    >>> found = clean_rates(raw, source, Ledger("rates", "r.csv", 2),
    ...                     standard=race.standard("omb1997"))
    >>> found[["population", "events_low", "events_high", "population_high"]]
       population  events_low  events_high  population_high
    0         200          89           91              200
    1        <NA>           0            2                4
    """
    rows = persons.tidy(raw, source, ["subject", "grade"])
    rows = ledger.set_aside(rows, {"the same row again": raw.duplicated()})
    rows["outcome"], rows["direction"] = school_counts.named_outcomes(rows, source)
    keys = ["unit", "year", "outcome", "subject", "grade"]
    _refuse_repeats(rows, keys, raw, source)
    school_counts.check_breaks(rows["year"], source, f"column {source.columns['year']}")
    read = _counted if "events" in source.columns else _rated
    rows = read(rows, source, ledger)
    parts = rows[["subject", "grade"]].assign(grade="grade " + rows["grade"])
    parts["grade"] = parts["grade"].mask(rows["grade"].eq(""), "")
    for name in parts:
        rows["outcome"] += (", " + parts[name]).mask(parts[name].eq(""), "")
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    return rows[OUTCOMES].reset_index(drop=True)


def clean_proficiency(
    raw: pd.DataFrame,
    source: sources.Proficiency,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn students per level into one row per school, group and level.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `LEVELS`; `students` is missing where the source hid it, and
        `students_low`, `students_high` say what it can be.

    Raises
    ------
    InputError
        If a cell is neither a count nor a declared mark.
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> LEVELS[-1]
    'students_high'
    """
    strangers = set(source.proficient) - set(source.levels.values())
    if strangers:
        raise ParamsError(f"{source.file}: proficient: {strangers} are not levels")
    rows = persons.tidy(raw, source, ["subject", "grade"])
    rows = ledger.set_aside(rows, {"the same row again": raw.duplicated()})
    _refuse_repeats(rows, ["school", "year", "subject", "grade"], raw, source)
    school_counts.check_breaks(rows["year"], source, f"column {source.columns['year']}")
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    sources.require(raw, list(source.levels), file=source.file)
    long, hidden = [], pd.Series(False, index=rows.index)
    for column, level in source.levels.items():
        count = marks.bounds(
            raw.loc[rows.index, column], marks=source.suppressed, decimal=source.decimal
        )
        unlimited = count["high"].isna()  # what is not known at all is declared, too
        marks.refuse(
            unlimited,
            column=column,
            file=source.file,
            wanted="a count, or a mark that says the most it hides",
            then=DECLARE,
        )
        masked = count["state"].ne(marks.EXACT)
        hidden |= masked
        long.append(
            rows.assign(
                level=level,
                proficient=level in source.proficient,
                students=count["low"].mask(masked),
                students_low=count["low"].astype("int64"),
                students_high=count["high"].astype("int64"),
            )
        )
    ledger.note("a count is hidden in the source, kept as bounds", hidden)
    table = pd.concat(long, ignore_index=True)
    order = pd.CategoricalDtype(list(source.levels.values()), ordered=True)
    return table.astype({"level": order})[LEVELS]


def clean_scores(
    raw: pd.DataFrame,
    source: sources.Scores,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw list of test scores into one row per student.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `SCORES`.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk.

    Examples
    --------
    >>> SCORES[-1]
    'score'
    """
    rows = persons.tidy(raw, source, SCORES)
    rows["score"] = numbers.number(rows["score"], decimal=source.decimal)
    if source.test:
        if "subject" in source.columns:
            raise ParamsError(
                f"{source.file}: both 'test' and a column 'subject' are declared; "
                "leave one out"
            )
        rows["subject"] = source.test
    followed = "student" in source.columns  # else equal rows are different students
    rules = {
        "the same row again": raw.duplicated() & followed,
        "score is missing or unreadable": rows["score"].isna(),
    }
    rows = ledger.set_aside(rows, rules)
    year = source.columns.get("year", "year, which is not declared")
    school_counts.check_breaks(rows["year"], source, f"column {year}")
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    return rows[SCORES].reset_index(drop=True)


def _pair(source: sources.Graduation, code: str, year: str) -> list[str]:
    """Name the columns of the cohorts and the rates of a group in a year."""
    return [
        pattern.replace("{group}", code).replace("{year}", year)
        for pattern in (source.cohort, source.rate)
    ]


def _rates_alone(raw: pd.DataFrame, source: sources.Graduation) -> pd.Series:
    """Find the schools with a rate whose cohort is not published."""
    alone = pd.Series(False, index=raw.index)
    for year in source.years:
        for code in source.groups:
            cohort, rate = (raw[name].str.strip() for name in _pair(source, code, year))
            alone |= cohort.isin(NOTHING) & ~rate.isin(NOTHING)
    return alone


def _cohorts(
    raw: pd.DataFrame, source: sources.Graduation, unit: pd.Series, code: str, year: str
) -> pd.DataFrame:
    """Read the cohorts and rates of one group in one year, where there is a cohort."""
    columns = _pair(source, code, year)
    cohort, rate = (raw[name].str.strip() for name in columns)
    there = ~cohort.isin(NOTHING)
    people = numbers.count(cohort[there], decimal=source.decimal)
    refuse = {"file": source.file, "then": "correct it, or leave its row out"}
    marks.refuse(people.isna(), column=columns[0], wanted="a cohort", **refuse)
    ends = marks.rates(
        rate[there].mask(rate[there].isin(NOTHING), "PS"),
        scale="percent",
        decimal=source.decimal,
    )
    if source.rounded_twice:
        ends["low"] = (ends["low"] - TWICE).clip(lower=0.0)
    fewest, most = event_bounds(ends["low"], ends["high"], people.astype("int64"))
    fits = fewest <= most  # not where the rate is missing
    marks.refuse(
        ~fits, column=columns[1], wanted="a rate that fits its cohort", **refuse
    )
    return pd.DataFrame(
        {
            "unit": unit[there],
            "year": source.years[year],
            "outcome": "graduation",
            "race": source.groups[code],
            "population": people.astype("int64"),
            "events_low": fewest.astype("int64"),
            "events_high": most.astype("int64"),
            "rate_low": ends["low"],
            "rate_high": ends["high"],
        }
    )


def _with_rate(
    rows: pd.DataFrame, source: sources.Rates, ledger: Ledger
) -> pd.DataFrame:
    """Read the rates; set aside what contradicts their scale."""
    if "rate" not in source.columns:
        return rows.assign(rate_low=np.nan, rate_high=np.nan)
    column = source.columns["rate"]
    found = marks.rates(
        rows["rate"],
        scale=source.scale,
        marks=list(source.suppressed),
        decimal=source.decimal,
    )
    marks.refuse(
        found["state"].eq(marks.UNREADABLE),
        column=column,
        file=source.file,
        wanted="a rate or a known mark",
        then=DECLARE,
    )
    doubtful = found["state"].eq(marks.DOUBTFUL)
    read = found["state"].eq(marks.EXACT) | doubtful
    if doubtful.sum() > read.sum() / 2:
        other = {"percent": "proportion", "proportion": "percent"}[source.scale]
        raise InputError(
            f"{source.file}: column {column}: {int(doubtful.sum())} of "
            f"{int(read.sum())} rates contradict 'scale: {source.scale}'; is it "
            f"'scale: {other}'?"
        )
    ledger.note(
        f"column {column}: hidden in the source, kept as bounds",
        found["state"].eq(marks.SUPPRESSED),
    )
    ledger.note(
        f"column {column}: has a footnote star; used", found["starred"] & ~doubtful
    )
    rows = rows.assign(rate_low=found["low"], rate_high=found["high"])
    rule = f"column {column}: contradicts the scale of the others ({source.scale})"
    return ledger.set_aside(rows, {rule: doubtful})


def _with_population(
    rows: pd.DataFrame, source: sources.Rates, ledger: Ledger
) -> pd.DataFrame:
    """Read how many people the rates are of, as bounds."""
    if "population" not in source.columns:
        none = pd.Series(pd.NA, index=rows.index, dtype="Int64")
        return rows.assign(population=none, population_low=none, population_high=none)
    return school_counts.bounded(rows, "population", source, ledger)


def _counted(rows: pd.DataFrame, source: sources.Rates, ledger: Ledger) -> pd.DataFrame:
    """Read counts of students who have the outcome, and of those who could."""
    for name in ("events", "population"):
        rows = school_counts.bounded(rows, name, source, ledger)
    nothing = rows["events_low"].isna() & rows["population_low"].isna()
    rule = "neither events nor a population are published"
    rows = ledger.set_aside(rows, {rule: nothing})
    rows = school_counts.within(rows, "events", "population", source)
    exact = rows["events_low"].eq(rows["events_high"]).fillna(False)
    rows["events"] = rows["events_low"].where(exact)
    return school_counts.with_rate(rows)


def _rated(rows: pd.DataFrame, source: sources.Rates, ledger: Ledger) -> pd.DataFrame:
    """Read rates, and bound the students who have the outcome by them."""
    rows = _with_rate(rows, source, ledger)
    rows = _with_population(rows, source, ledger)
    nothing = rows["rate_low"].isna() & rows["population_low"].isna()
    rows = ledger.set_aside(
        rows, {"neither a rate nor a population is published": nothing}
    )
    no_rate = rows["rate_low"].isna()
    ledger.note("no rate is published; anything from none to all", no_rate)
    rows = rows.fillna({"rate_low": 0.0, "rate_high": 1.0})
    return _with_events(rows, ledger)


def _with_events(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Bound the events by the bounds of rate and population."""
    low, high = (rows[f"population_{end}"].astype("float64") for end in ("low", "high"))
    fewest, _ = event_bounds(rows["rate_low"], rows["rate_high"], low)
    _, most = event_bounds(rows["rate_low"], rows["rate_high"], high)
    between = fewest > most
    ledger.note("no whole number of its people has the rate; bounds widened", between)
    fewest = fewest.mask(between, np.floor(rows["rate_low"] * low + NEAR))
    most = most.mask(between, np.ceil(rows["rate_high"] * high - NEAR))
    rows = rows.assign(
        events_low=fewest.astype("Int64"), events_high=most.astype("Int64")
    )
    exact = rows["events_low"].eq(rows["events_high"]) & rows["population"].notna()
    return rows.assign(events=rows["events_low"].where(exact.fillna(False)))


def _refuse_repeats(
    rows: pd.DataFrame, names: list[str], raw: pd.DataFrame, source: sources.Raced
) -> None:
    """Refuse a group that one school has twice: its students would count twice."""
    own = [source.columns["race"]] if "race" in source.columns else []
    labels = raw.loc[rows.index, [*own, *source.race_columns()]]
    repeated = pd.concat([rows[names], labels], axis=1).duplicated()
    if repeated.any():
        row = int(repeated.idxmax()) + 1
        used = [
            source.columns[name] for name in [*names, "race"] if name in source.columns
        ]
        raise InputError(
            f"{source.file}: {int(repeated.sum())} row(s) repeat a school, year and "
            f"group (columns {', '.join(used)}) with other numbers, first data row "
            f"{row}; do they differ in a "
            "column that is not declared? leave all but one kind out with 'keep'"
        )
