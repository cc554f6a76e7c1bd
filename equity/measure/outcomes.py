"""Outcomes by race from complete or masked counts: rates, gaps and ratios.

Published school tables hide or round much. A masked count becomes the fewest and the
most it can be, and so does every rate made from it: the estimate is the middle of
what the publication allows, and the interval covers sampling at both ends. Where the
ends are far apart the honest answer is that the rate is not known.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import intervals
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    measure_table,
    numbers,
    position_of,
    require_columns,
)

LEVEL, DIFFERENCE, RATIO = "level", "difference", "ratio"
EPSILON = 1e-12  # sums of parts of people differ by rounding
WIDE = 0.2  # bounds further apart than this tell too little to compare
EXACT, MASKED, UNKNOWN = "exact counts", "masked counts", "masked too much to know"


def by_race(
    outcomes: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the rate of an outcome between groups, over all units together.

    Parameters
    ----------
    outcomes
        Tidy `outcomes` of one year: `outcome, race, events_low, events_high` and
        either `population` or `others_low, others_high` (the fewest and most people
        without the event). With `direction`, which is "higher is better" otherwise;
        with `weighted`, the words go into `method`, and people may be parts of people.
    outcome
        The value of `outcome` to take, such as `graduation`.
    reference
        The group that all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per category of `race` and `statistic`: `level` (the rate),
        `difference` and `ratio`. With `group`, `events`, `population` (both missing
        where masked), `events_low`, `events_high`, `rate_low`, `rate_high` (what the
        publication allows), the measure columns, `people_to_parity` (from the
        middle of the bounds: so many more with the outcome, or fewer where lower is
        better), `direction`, and `reliability`: `exact counts`,
        `masked counts`, or `masked too much to know` where the bounds of a rate are
        more than 20 points apart; nothing is estimated then. No rows where no
        outcome was given.

    Raises
    ------
    InputError
        If rows of one outcome have two directions.
    UnknownGroupError
        If the reference is not one of the groups.

    Notes
    -----
    Students are treated as independent of each other; schools differ, so limits are
    rather too narrow for a question about other students.

    References
    ----------
    Manski (2003), Partial Identification of Probability Distributions, chapter 1.
    Wilson (1927), JASA 22, 209-212. Newcombe (1998), Statistics in Medicine 17,
    873-890. Donner and Zou (2012), Statistical Methods in Medical Research 21, 347-359
    (ratio).

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White"], ["Black", "White"])
    >>> cohorts = pd.DataFrame({
    ...     "outcome": "graduation", "race": race, "population": [200, 300],
    ...     "events_low": [140, 255], "events_high": [148, 255]})
    >>> table = by_race(cohorts, outcome="graduation", reference="White")
    >>> table[["statistic", "group", "estimate", "conf_low", "conf_high"]].round(3)
        statistic  group  estimate  conf_low  conf_high
    0       level  Black     0.720     0.633      0.796
    1       level  White     0.850     0.805      0.886
    2  difference  Black    -0.130    -0.226     -0.038
    3  difference  White     0.000       NaN        NaN
    4       ratio  Black     0.847     0.739      0.953
    5       ratio  White     1.000       NaN        NaN
    """
    require_columns(outcomes, ["outcome", "race", "events_low", "events_high"])
    rows = outcomes[outcomes["outcome"] == outcome]
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    frame = _summed(rows)
    base = position_of(frame, reference)
    direction = _direction(rows)
    tables = [
        _compared(frame, statistic, outcome, reference, base, confidence, direction)
        for statistic in (LEVEL, DIFFERENCE, RATIO)
    ]
    table = pd.concat(tables, ignore_index=True)
    if "weighted" in rows:
        table["method"] += "; " + rows["weighted"].iloc[0]
    return table


def by_year(
    outcomes: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the rate of an outcome between groups, in each year.

    Parameters
    ----------
    outcomes
        Tidy `outcomes`, as for `by_race`, with `year`.
    outcome
        The value of `outcome` to take, such as `graduation`.
    reference
        The group that all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `by_race`, with `year` first; years in order. Empty if there are none.

    Raises
    ------
    UnknownGroupError
        If the reference is not one of the groups.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White"] * 2, ["Black", "White"])
    >>> cohorts = pd.DataFrame({
    ...     "outcome": "graduation", "race": race, "population": 100,
    ...     "year": ["2024"] * 2 + ["2025"] * 2,
    ...     "events_low": [70, 80, 75, 80], "events_high": [70, 80, 75, 80]})
    >>> table = by_year(cohorts, outcome="graduation", reference="White")
    >>> gap = table.query("statistic == 'difference' and group == 'Black'")
    >>> gap[["year", "estimate"]].round(2).values.tolist()
    [['2024', -0.1], ['2025', -0.05]]
    """
    return _by_part("year", outcomes, outcome, reference, confidence)


def by_subject(
    outcomes: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the rate of an outcome between groups, in each subject.

    Parameters
    ----------
    outcomes
        As `of_levels` returns, of one year.
    outcome
        The value of `outcome` to take, such as `proficiency`.
    reference
        The group that all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        As `by_race`, with `subject` first; subjects by name. Empty if there are none.

    Raises
    ------
    UnknownGroupError
        If the reference is not one of the groups.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White"], ["Black", "White"])
    >>> tested = pd.DataFrame({
    ...     "outcome": "proficiency", "race": race, "population": 100,
    ...     "subject": "Reading", "events_low": [40, 50], "events_high": [40, 50]})
    >>> table = by_subject(tested, outcome="proficiency", reference="White")
    >>> table.query("statistic == 'level'")[["subject", "group", "estimate"]]
       subject  group  estimate
    0  Reading  Black       0.4
    1  Reading  White       0.5
    """
    return _by_part("subject", outcomes, outcome, reference, confidence)


def of_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """Turn students per proficiency level into the outcome `proficiency`.

    Parameters
    ----------
    levels
        Tidy `levels`: `school, year, subject, race, proficient, students_low,
        students_high`.

    Returns
    -------
    DataFrame
        One row per school, year, subject and race: `unit, year, subject, outcome,
        race, events_low, events_high, others_low, others_high`.

    Examples
    --------
    >>> levels = pd.DataFrame({
    ...     "school": "s", "year": "2025", "subject": "Math", "race": "White",
    ...     "proficient": [False, True], "students_low": [0, 30],
    ...     "students_high": [9, 30]})
    >>> of_levels(levels)[["events_low", "others_low", "others_high"]].values
    array([[30,  0,  9]])
    """
    keys = ["school", "year", "subject", "race"]
    ends = ["students_low", "students_high"]
    require_columns(levels, [*keys, "proficient", *ends])
    proficient = levels["proficient"].to_numpy(bool)
    parts = {
        end.replace("students", side): np.where(has, numbers(levels, end), 0)
        for side, has in (("events", proficient), ("others", ~proficient))
        for end in ends
    }
    rows = levels[keys].assign(**parts)
    grouped = rows.groupby(keys, observed=True)
    table = grouped[list(parts)].sum()
    unknown = rows[list(parts)].isna().any(axis=1)
    unknown = unknown.groupby([rows[key] for key in keys], observed=True).any()
    table = table.mask(unknown.to_numpy()[:, None] & np.ones(table.shape, dtype=bool))
    if (table % 1 == 0).all(axis=None):
        table = table.astype("int64")
    table = table.reset_index()
    if "weighted" in levels and len(levels):
        table["weighted"] = levels["weighted"].iloc[0]
    table["race"] = table["race"].astype(levels["race"].dtype)
    return table.rename(columns={"school": "unit"}).assign(outcome="proficiency")


def of_kind(
    outcomes: pd.DataFrame, crosswalks: pd.DataFrame, *, outcome: str, kind: str
) -> pd.DataFrame:
    """Take one outcome, and the groups that its files can record.

    Parameters
    ----------
    outcomes
        Tidy `outcomes`, perhaps of several outcomes.
    crosswalks
        Columns `kind` and `race`: which groups the files of each kind can record.
    outcome
        Such as `graduation`.
    kind
        The kind of file that it comes from.

    Returns
    -------
    DataFrame
        The rows of `outcome`. A group that other files alone can record is not among
        the categories of `race`: it is not known, which is not zero.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> race = pd.Categorical(["White"], ["Asian", "White"])
    >>> rows = pd.DataFrame({"outcome": ["graduation"], "race": race})
    >>> said = pd.DataFrame({"kind": ["graduation"], "race": ["White"]})
    >>> found = of_kind(rows, said, outcome="graduation", kind="graduation")
    >>> list(found["race"].cat.categories)
    ['White']
    """
    require_columns(outcomes, ["outcome", "race"])
    require_columns(crosswalks, ["kind", "race"])
    rows = outcomes[outcomes["outcome"] == outcome]
    groups = set(crosswalks.loc[crosswalks["kind"] == kind, "race"])
    kept = [group for group in rows["race"].cat.categories if group in groups]
    return rows.assign(race=rows["race"].cat.set_categories(kept))


def besides(table: pd.DataFrame, *, outcome: str = "graduation") -> pd.DataFrame:
    """Take the other outcomes of which it is known how many students could have them.

    Parameters
    ----------
    table
        Tidy `outcomes`.
    outcome
        The one to leave out.

    Returns
    -------
    DataFrame
        Rows of outcomes with a population, or bounds of one, anywhere.

    Examples
    --------
    >>> rows = pd.DataFrame({"outcome": ["graduation", "absence", "rates"],
    ...                      "population_high": [9, 9, None]})
    >>> besides(rows)["outcome"].to_list()
    ['absence']
    """
    require_columns(table, ["outcome", "population_high"])
    known = table["population_high"].notna().groupby(table["outcome"]).transform("any")
    kept = known.astype(bool) & (table["outcome"] != outcome)
    return table[kept].reset_index(drop=True)


def counts(table: pd.DataFrame, *, outcome: str) -> pd.DataFrame:
    """Add up students by year and group, for `risk` and `disproportionality`.

    Parameters
    ----------
    table
        Tidy `outcomes`, or the totals of a district or a state, with ``year``.
    outcome
        The value of `outcome` to take, such as `suspension`.

    Returns
    -------
    DataFrame
        One row per ``year`` and ``group`` that has rows: ``events`` and ``population``,
        missing where any part is masked, ``events_low``, ``events_high``,
        ``others_low`` and ``others_high`` (students with and without the outcome), and
        ``direction``. Students whose race is not on record are a group, as the federal
        comparison with *all* other students needs them.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If rows of the outcome have two directions.

    Examples
    --------
    >>> race = pd.Categorical(["Black", "White"], ["Black", "White"])
    >>> rows = pd.DataFrame({"outcome": "suspension", "year": "2025", "race": race,
    ...     "population": [200, 300], "events_low": [40, 1], "events_high": [40, 9]})
    >>> counts(rows, outcome="suspension")[["group", "events", "population"]]
       group  events  population
    0  Black      40         200
    1  White    <NA>         300
    """
    names = ["outcome", "year", "race", "events_low", "events_high"]
    require_columns(table, names)
    rows = table[table["outcome"] == outcome]
    kept = ["group", "events_low", "events_high", "others_low", "others_high"]
    found = [
        _summed(part)[[*kept, "events", "population"]]
        .set_axis(part["race"].astype("category").cat.categories)
        .loc[lambda sums, part=part: sums.index.isin(part["race"])]
        .assign(year=year)
        for year, part in rows.groupby("year")
    ]
    columns = ["year", *kept, "events", "population"]
    whole = pd.concat(found) if found else pd.DataFrame(columns=columns)
    return whole[columns].assign(direction=_direction(rows)).reset_index(drop=True)


def latest_year(table: pd.DataFrame) -> str:
    """Name the latest `year`; years sort as text.

    Parameters
    ----------
    table
        Any table with `year`.

    Returns
    -------
    str
        The year; empty if there are no rows.

    Examples
    --------
    >>> latest_year(pd.DataFrame({"year": ["2023-24", "2024-25"]}))
    '2024-25'
    """
    require_columns(table, ["year"])
    return "" if table.empty else str(table["year"].max())


def years(table: pd.DataFrame) -> str:
    """Name every `year` that rows are of, for captions; years sort as text.

    Parameters
    ----------
    table
        Any table with `year`, such as that of `latest` with ``within``.

    Returns
    -------
    str
        The years in words; empty if there are no rows.

    Examples
    --------
    >>> years(pd.DataFrame({"year": ["2025", "2023", "2025"]}))
    '2023 and 2025'
    """
    require_columns(table, ["year"])
    *before, last = sorted(set(table["year"].astype(str))) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def latest(table: pd.DataFrame, *, within: str = "") -> pd.DataFrame:
    """Keep the rows of the latest `year`; years sort as text.

    Parameters
    ----------
    table
        Any table with `year`.
    within
        A column, such as `subject`, each value of which has a latest year of its own.
        Without it, what ended in an earlier year is left out.

    Returns
    -------
    DataFrame
        Its rows of the last year; none if it has none.

    Examples
    --------
    >>> tested = pd.DataFrame({"year": ["2023-24", "2024-25", "2022-23"],
    ...                        "subject": ["Math", "Math", "Reading"]})
    >>> latest(tested)["year"].to_list()
    ['2024-25']
    >>> latest(tested, within="subject")[["subject", "year"]].values.tolist()
    [['Math', '2024-25'], ['Reading', '2022-23']]
    """
    require_columns(table, ["year", within] if within else ["year"])
    if not within or table.empty:
        return table[table["year"] == latest_year(table)]
    year = table["year"].astype(str)
    last = {part: said.max() for part, said in year.groupby(table[within].astype(str))}
    return table[year == table[within].astype(str).map(last)]


COLUMNS = [
    *("group", "events_low", "events_high", "others_low", "others_high", "events"),
    *("population", "rate_low", "rate_high", "reliability", "statistic"),
    *(*MEASURE_COLUMNS, "people_to_parity", "direction"),
]
MEASURES = {
    LEVEL: "{outcome} rate",
    DIFFERENCE: "difference in {outcome} rate",
    RATIO: "ratio of {outcome} rates",
}
METHODS = {
    LEVEL: "Wilson score",
    DIFFERENCE: "Newcombe hybrid score",
    RATIO: "square-and-add ratio of Wilson limits",
}


def _ratio_limits(
    events: pd.Series,
    population: pd.Series,
    reference_events: int,
    reference_population: int,
    confidence: float,
) -> intervals.Limits:
    sides = [(events, population), (reference_events, reference_population)]
    with np.errstate(invalid="ignore"):  # of nobody, nothing is known
        rates = [np.divide(*side) for side in sides]
    limits = [intervals.wilson(*side, confidence) for side in sides]
    return intervals.mover_ratio(rates[0], *limits[0], rates[1], *limits[1])


# Wilson's, Newcombe's and these rise with the events and fall with the others, so
# that limits at the ends of the bounds hold those of every count in between. (Katz's
# do not.)
LIMITS = {DIFFERENCE: intervals.newcombe_difference, RATIO: _ratio_limits}


def _by_part(
    part: str, outcomes: pd.DataFrame, outcome: str, reference: str, confidence: float
) -> pd.DataFrame:
    """Apply `by_race` to each value of a column."""
    require_columns(outcomes, [part])
    tables = [
        by_race(
            rows, outcome=outcome, reference=reference, confidence=confidence
        ).assign(**{part: value})
        for value, rows in outcomes.groupby(part)
    ]
    table = pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS)
    return table.reindex(columns=[part, *COLUMNS]).reset_index(drop=True)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the bounds of each group; keep groups that have no rows."""
    given = _given(rows)
    if "others_low" not in rows:
        least, most = (
            rows[end].fillna(rows["population"]) if end in rows else rows["population"]
            for end in ("population_low", "population_high")
        )
        rows = rows.assign(
            others_low=(least - rows["events_high"]).clip(lower=0),
            others_high=most - rows["events_low"],
        )
    ends = ["events_low", "events_high", "others_low", "others_high"]
    known = rows[ends].astype("float64")
    grouped = known.groupby(rows["race"], observed=False)
    sums = grouped.sum().reset_index(names="group")
    # One part whose number is not published leaves the sum without an end.
    open_ended = known.isna().any(axis=1).groupby(rows["race"], observed=False).any()
    sums.loc[open_ended.fillna(False).to_numpy(bool), ends] = np.nan
    low, high = sums["events_low"], sums["events_high"]
    smallest, largest = low + sums["others_high"], high + sums["others_low"]
    sums["events"] = _people(low, low == high)
    known = np.isclose(smallest, largest)
    # Bounds of two parts may add up to one number by accident.
    known &= given | ((low == high) & (sums["others_low"] == sums["others_high"]))
    sums["population"] = _people(smallest, known)
    sums["rate_low"] = low / smallest.where(smallest > 0)
    sums["rate_high"] = high / largest.where(largest > 0)
    spread = sums["rate_high"] - sums["rate_low"]
    sums["reliability"] = np.select(
        [spread.isna() | (spread > WIDE), spread > EPSILON], [UNKNOWN, MASKED], EXACT
    )
    return sums


def _given(rows: pd.DataFrame) -> np.ndarray:
    """Say of each group whether all its people are given, and not added up."""
    if "population" not in rows:
        ends = ("population_low", "population_high")
        told = pd.Series("others_low" not in rows, rows.index)
        told &= all(end in rows for end in ends)
    else:
        told = rows["population"].notna() | ("others_low" not in rows)
    groups = told.groupby(rows["race"], observed=False).all()
    return groups.fillna(True).to_numpy(bool)


def _people(counts: pd.Series, exact: pd.Series | np.ndarray) -> pd.Series:
    """Keep whole people whole; where students are weighted, there are parts of them."""
    whole = bool((counts.dropna() % 1 == 0).all())
    return counts.astype("Int64" if whole else "Float64").where(exact)


def _direction(rows: pd.DataFrame) -> str:
    """Say whether more of the outcome is better; one outcome has one direction."""
    if "direction" not in rows:
        return HIGHER
    said = sorted(rows["direction"].dropna().astype(str).unique())
    if len(said) > 1:
        raise InputError(f"column direction says {said} of one outcome; expected one")
    return said[0] if said else HIGHER


def _compared(
    frame: pd.DataFrame,
    statistic: str,
    outcome: str,
    reference: str,
    base: int,
    confidence: float,
    direction: str,
) -> pd.DataFrame:
    low = frame["events_low"], frame["events_low"] + frame["others_high"]
    high = frame["events_high"], frame["events_high"] + frame["others_low"]
    known = (frame["reliability"] != UNKNOWN).to_numpy()
    middle = (frame["rate_low"] + frame["rate_high"]).to_numpy() / 2
    if statistic == LEVEL:
        estimate = middle
        least = intervals.wilson(*low, confidence)[0]
        most = intervals.wilson(*high, confidence)[1]
    else:
        known = known & known[base]
        estimate = middle - middle[base]
        if statistic == RATIO:
            estimate = middle / middle[base] if middle[base] else middle * np.nan
        base_low, base_high = ([end.iloc[base] for end in ends] for ends in (low, high))
        least = LIMITS[statistic](*low, *base_high, confidence)[0]
        most = LIMITS[statistic](*high, *base_low, confidence)[1]
        least[base] = most[base] = np.nan  # a group cannot differ from itself
    sign = 1 if direction == HIGHER else -1
    short = np.ceil(
        (
            sign
            * (middle[base] - middle)
            * frame["population"].to_numpy(float, na_value=np.nan)
        )
        .clip(0)
        .round(9)
    )
    ends = (
        "" if (frame["reliability"] == EXACT).all() else " at both ends of the bounds"
    )
    return measure_table(
        frame.assign(statistic=statistic),
        measure=MEASURES[statistic].format(outcome=outcome),
        reference=None if statistic == LEVEL else reference,
        estimate=np.where(known, estimate, np.nan),
        conf_low=np.where(known, least, np.nan),
        conf_high=np.where(known, most, np.nan),
        confidence=confidence,
        method=METHODS[statistic] + ends,
        people_to_parity=pd.array(
            np.where(known & known[base], short, np.nan), dtype="Int64"
        ),
        direction=direction,
    )
