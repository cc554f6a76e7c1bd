"""Every level of a workforce: who holds which jobs, where, and for how much.

**Terms**

level
    A way to sort jobs: EEO-4 job category, department, pay band, sex, working time,
    leadership. `described` writes them beside each worker, `by_level` takes one after
    the other, and `crossed` several at once.
leadership
    The best-paid tenth, and the officials and administrators. The first is told by
    pay alone; the second by what a job is called.
working time
    Full-time, part-time and temporary posts, kept apart: part-time and temporary posts
    are often other jobs, with other people in them.

What is not on record is a value of its own, so that every worker is at every level.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import intervals
from equity.measure.table import divide, measure_table, numbers, require_columns

#: The form's categories of jobs, and how the names begin that files give to them.
CATEGORIES = {
    "Officials and administrators": ("1", "official"),
    "Professionals": ("2", "professional"),
    "Technicians": ("3", "technician"),
    "Protective service": ("4", "protective"),
    "Paraprofessionals": ("5", "paraprofessional", "para-professional"),
    "Administrative support": (
        "6",
        "administrative support",
        "office/cler",
        "clerical",
    ),
    "Skilled craft": ("7", "skilled craft"),
    "Service and maintenance": (
        "8",
        "service/maint",
        "service maint",
        "service and maint",
    ),
}
OFFICIALS = "Officials and administrators"

#: Where the form's eight bands of yearly pay begin, in dollars; the last has no end.
EEO4_BANDS = (0, 16_000, 20_000, 25_000, 33_000, 43_000, 55_000, 70_000)

NOT_RECORDED = "Not recorded"
FULL_TIME, PART_TIME, TEMPORARY = "Full-time", "Part-time", "Temporary or seasonal"
TOP, BELOW, NOT_RANKED = "Best-paid tenth", "The other nine tenths", "Not ranked by pay"
OTHER_JOBS = "All other job categories"
#: Groups of fewer employees are put together where several levels cross.
FEW = 100
TOGETHER = "All other groups"
LEVELS = ("job_category", "department", "pay_band", "sex")
DESCRIBED = ("pay_band", "working_time", "top_pay", "officials")
_SEXES = {"f": "Female", "w": "Female", "m": "Male"}


def described(
    workers: pd.DataFrame, *, bands: Sequence[float] = EEO4_BANDS
) -> pd.DataFrame:
    """Write the level of every worker beside it.

    Parameters
    ----------
    workers
        Tidy `workers` of one date: `sex, job_category, pay, full_time, employment`.
    bands
        Where bands of yearly pay begin, in dollars: zero, and amounts that rise; the
        last has no end. Fixed round amounts can be compared over years; a city whose
        pay has left the form's bands behind names its own.

    Returns
    -------
    DataFrame
        `workers`, its `sex` as Female, Male or as recorded, its `job_category` by the
        names of `CATEGORIES` where it begins with a number or name of the form's, else
        as it is. Further columns: `pay_band`; `working_time` (of `TEMPORARY`,
        `PART_TIME`, `FULL_TIME`); `top_pay` (the best-paid tenth of those in
        full-time posts whose pay is on record, and all who are paid as much as its
        last; others are not ranked); `officials` (and administrators, or not). All are
        ordered categories that end with what is not recorded.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    ParamsError
        If `bands` do not begin at zero and rise.

    References
    ----------
    US Equal Employment Opportunity Commission, State and Local Government Information
    Report (EEO-4), Form 164, and its instruction booklet: job categories, bands of
    annual salary, full-time and other than full-time.

    Examples
    --------
    >>> staff = pd.DataFrame({
    ...     "sex": ["F", "M"], "job_category": ["1 - Officials", ""],
    ...     "pay": [90_000, None], "full_time": [True, True], "employment": ["", ""]})
    >>> described(staff)[["sex", "job_category", "pay_band", "top_pay"]]
          sex                  job_category          pay_band            top_pay
    0  Female  Officials and administrators  $70,000 and over    Best-paid tenth
    1    Male                  Not recorded      Not recorded  Not ranked by pay
    """
    require_columns(workers, ["sex", "job_category", "pay", "full_time", "employment"])
    rising = all(one < two for one, two in pairwise(bands))
    if not rising or len(bands) < 2 or bands[0] != 0:
        raise ParamsError(f"bands are {list(bands)}; expected 0 and amounts that rise")
    category = _category(_text(workers["job_category"]))
    named = [*CATEGORIES, *sorted(set(category) - {*CATEGORIES, NOT_RECORDED})]
    sex = _text(workers["sex"]).map(lambda value: _SEXES.get(value[:1].lower(), value))
    sex = sex.where(_text(workers["sex"]).ne(NOT_RECORDED), NOT_RECORDED)
    time = _working_time(workers)
    officials = np.where(category == OFFICIALS, OFFICIALS, OTHER_JOBS)
    officials = np.where(category == NOT_RECORDED, NOT_RECORDED, officials)
    return workers.assign(
        sex=_ordered(sex, [*sorted(set(sex) - {NOT_RECORDED})]),
        job_category=_ordered(category, named),
        pay_band=_pay_band(numbers(workers, "pay"), bands),
        working_time=_ordered(time, [FULL_TIME, PART_TIME, TEMPORARY]),
        top_pay=_ordered(_top_pay(workers, time), [TOP, BELOW], NOT_RANKED),
        officials=_ordered(officials, [OFFICIALS, OTHER_JOBS]),
    )


def few_together(
    workers: pd.DataFrame, groups: Sequence[str], *, few: int = FEW
) -> tuple[pd.DataFrame, list[str], dict[str, list[str]]]:
    """Put groups of few employees together, for tables in which several levels cross.

    Parameters
    ----------
    workers
        Tidy `workers` of one date.
    groups
        The groups that are meant; people of other labels keep them.
    few
        Groups of fewer employees are put together, if they are two or more.

    Returns
    -------
    workers, groups, inside
        `workers` with `race` so named; the groups, in order, `TOGETHER` last; and what
        stands under it. A group that cannot be recorded stays as it is.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    In twenty jobs, a group of fifteen people would be hidden in all of them, and take
    as many people of other groups along. Where levels do not cross, groups stay apart.

    Examples
    --------
    >>> race = pd.Categorical(["White"] * 3 + ["Native", "Pacific"])
    >>> staff = pd.DataFrame({"race": race})
    >>> few_together(staff, ["Native", "Pacific", "White"], few=2)[1:]
    (['White', 'All other groups'], {'All other groups': ['Native', 'Pacific']})
    """
    require_columns(workers, ["race"])
    groups = list(groups)
    labels = list(pd.Categorical(workers["race"]).categories)
    sizes = workers["race"].astype("str").value_counts()
    inside = [g for g in groups if g in labels and sizes.get(g, 0) < few]
    if len(inside) < 2:
        return workers, groups, {}
    kept = [group for group in groups if group not in inside]
    others = [label for label in labels if label not in groups]
    named = workers["race"].astype("object")
    named = named.where(~named.isin(inside), TOGETHER)
    there = [group for group in kept if group in labels]
    kind = pd.CategoricalDtype([*there, TOGETHER, *others], ordered=True)
    together = workers.assign(race=named.astype(kind))
    return together, [*kept, TOGETHER], {TOGETHER: inside}


def by_level(
    workers: pd.DataFrame,
    *,
    groups: Sequence[str],
    levels: Sequence[str] = LEVELS,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the workers of each group at each value of one level after the other.

    Parameters
    ----------
    workers
        As `described` returns them.
    groups
        The groups that shares are made of. Other labels of `race` (unknown, declined)
        are in no row. A group that is not among the categories of `race` cannot be
        recorded, and is missing, not zero.
    levels
        Columns of `workers`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `level` (the column's name), `value` and `group` in their order:
        `events` (workers), `population` (workers of all groups at that value), the
        measure columns of the share, and `workforce_share`, the group's share of all
        workers. Values at which nobody of the groups works are left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a level is missing for some workers.

    Notes
    -----
    A roster is a full count of its day; the limits say what the share could have been
    with the same hiring. Many small values are compared: some differ by chance.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": pd.Categorical(["Black", "White", "White"]),
    ...                       "sex": ["Female", "Female", "Male"]})
    >>> table = by_level(staff, groups=["Black", "White"], levels=["sex"])
    >>> table[["level", "value", "group", "events", "population", "estimate"]]
      level   value  group  events  population  estimate
    0   sex  Female  Black       1           2       0.5
    1   sex  Female  White       1           2       0.5
    2   sex    Male  Black       0           1       0.0
    3   sex    Male  White       1           1       1.0
    """
    tables = []
    for level in levels:
        table = crossed(workers, groups=groups, levels=[level], confidence=confidence)
        table.insert(0, "level", level)
        table = table.rename(columns={level: "value"}).astype({"value": "str"})
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def beside_reference(
    workers: pd.DataFrame, groups: Sequence[str], *, reference: str
) -> tuple[pd.DataFrame, list[str], dict[str, list[str]]]:
    """Put all groups but the reference together, for tables of many small cells.

    Parameters
    ----------
    workers, groups
        As for `few_together`.
    reference
        The group that keeps its name.

    Returns
    -------
    workers, groups, inside
        As `few_together` returns them, the reference last among the groups.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> race = pd.Categorical(["White"] * 3 + ["Native", "Pacific"])
    >>> groups = ["Native", "Pacific", "White"]
    >>> staff = pd.DataFrame({"race": race})
    >>> beside_reference(staff, groups, reference="White")[1]
    ['All other groups', 'White']
    """
    others = [group for group in groups if group != reference]
    together, named, inside = few_together(workers, others, few=len(workers) + 1)
    same = [group for group in groups if group == reference]
    return together, [*named, *same], inside


def crossed(
    workers: pd.DataFrame,
    *,
    groups: Sequence[str],
    levels: Sequence[str] = LEVELS,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the workers of each group where several levels cross.

    Parameters
    ----------
    workers, groups, confidence
        As for `by_level`.
    levels
        Columns of `workers`; two for a heat map, such as department and job category.

    Returns
    -------
    DataFrame
        As `by_level`, with a column per level in place of `level` and `value`.
        Combinations in which nobody of the groups works are left out. No rows where a
        level is on record for nobody.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a level is missing for some workers.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": pd.Categorical(["Black", "White", "White"]),
    ...                       "sex": ["Female", "Female", "Male"],
    ...                       "department": ["Fire", "Fire", "Parks"]})
    >>> table = crossed(staff, groups=["Black", "White"], levels=["department", "sex"])
    >>> table[["department", "sex", "group", "events", "population"]]
      department     sex  group  events  population
    0       Fire  Female  Black       1           2
    1       Fire  Female  White       1           2
    2      Parks    Male  Black       0           1
    3      Parks    Male  White       1           1
    """
    levels = list(levels)
    require_columns(workers, ["race", *levels])
    for level in levels:
        if missing := int(workers[level].isna().sum()):
            raise InputError(
                f"column {level} is missing in {missing} of {len(workers)} rows; "
                "`described` gives what is not recorded a name"
            )
    recorded = pd.Categorical(workers["race"]).categories
    people = workers.loc[workers["race"].isin(list(groups)), [*levels, "race"]]
    if people[levels].eq(NOT_RECORDED).all().any():
        people = people.iloc[:0]
    sizes = people.astype({"race": "str"}).groupby([*levels, "race"], observed=True)
    counts = sizes.size().unstack("race", fill_value=0)  # noqa: PD010
    counts = counts.reindex(columns=list(groups), fill_value=0)
    frame = counts.rename_axis(columns=None).reset_index()
    frame["population"] = counts.sum(axis=1).to_numpy()
    frame["order"] = np.arange(len(frame))
    frame = frame.melt(
        [*levels, "population", "order"], list(groups), "group", "events"
    )
    frame["group"] = pd.Categorical(frame["group"], list(groups), ordered=True)
    frame = frame.sort_values(["order", "group"], ignore_index=True)
    there = frame["group"].isin(recorded)
    frame["events"] = frame["events"].astype("Int64").where(there)
    frame = frame[[*levels, "group", "events", "population"]]
    events, population = numbers(frame, "events"), numbers(frame, "population")
    low, high = intervals.wilson(events, population, confidence)
    own = people["race"].value_counts()
    workforce = frame["group"].astype("object").map(own).fillna(0).to_numpy(dtype=float)
    return measure_table(
        frame,
        measure="share of workers",
        reference=None,
        estimate=divide(events, population),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Wilson score",
        workforce_share=np.where(there, divide(workforce, len(people)), np.nan),
    )


def _text(column: pd.Series) -> pd.Series:
    """Labels as text; blank or missing is not recorded."""
    column = column.astype("object").where(column.notna(), "").astype(str).str.strip()
    return column.where(column != "", NOT_RECORDED)


def _ordered(
    values: pd.Series | np.ndarray, order: list[str], last: str = NOT_RECORDED
) -> pd.Categorical:
    return pd.Categorical(values, [*order, last], ordered=True)


def _category(text: pd.Series) -> pd.Series:
    """The form's name of a job category, where the label begins like one of them."""
    names = {}
    for label in text.unique():
        plain = label.lower().lstrip("0").lstrip()
        digits = plain.split(".")[0].split("-")[0].split(" ")[0]
        rest = plain.removeprefix(digits).lstrip(" .-:") if digits.isdigit() else plain
        for name, (number, *begins) in CATEGORIES.items():
            if digits == number or rest.startswith(tuple(begins)):
                names[label] = name
                break
    return text.replace(names)


def _pay_band(pay: np.ndarray, bands: Sequence[float]) -> pd.Categorical:
    names = [f"${low:,.0f} to ${high - 1:,.0f}" for low, high in pairwise(bands)]
    names[0] = f"Under ${bands[1]:,.0f}"
    names.append(f"${bands[-1]:,.0f} and over")
    known = ~np.isnan(pay)
    place = np.searchsorted(bands, np.where(known, pay, 0), side="right") - 1
    found = np.array([*names, NOT_RECORDED], dtype="object")[place]
    return _ordered(np.where(known, found, NOT_RECORDED), names)


def _working_time(workers: pd.DataFrame) -> np.ndarray:
    """Temporary before part-time before full-time: the first that is said."""
    kind = _text(workers["employment"])
    full = workers["full_time"].astype("boolean")
    return np.select(
        [
            kind.isin(["temporary", "seasonal"]),
            kind.eq("part-time") | full.eq(False).fillna(False).to_numpy(bool),
            full.fillna(False).to_numpy(bool),
        ],
        [TEMPORARY, PART_TIME, FULL_TIME],
        NOT_RECORDED,
    )


def _top_pay(workers: pd.DataFrame, time: np.ndarray) -> np.ndarray:
    """Who is paid as much as the last of the best-paid tenth, or more."""
    pay = numbers(workers, "pay")
    ranked = ~np.isnan(pay) & (time == FULL_TIME)
    best = np.sort(pay[ranked])[::-1]
    if not len(best):
        return np.full(len(pay), NOT_RANKED, dtype="object")
    last = best[-(-len(best) // 10) - 1]
    return np.where(ranked, np.where(pay >= last, TOP, BELOW), NOT_RANKED)
