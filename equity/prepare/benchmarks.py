"""Benchmarks: whom a workforce is compared with, as shares by race.

A *benchmark* is a group of people of whom a workforce could be made: the residents of
working age, the labour force, or those in an occupation (*availability*, which differs
by job category). Residents are none of these files; they are the population.

Known problems of such files: rows by sex and age where only race is meant; percents
where proportions are expected; job groups that are finer than those of the EEO-4 form,
such as sworn and other protective service; marks in the place of numbers; no margins.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError, UnmappedLabelError
from equity.prepare import census, marks, persons, places, sources
from equity.prepare.quality import Ledger

BENCHMARKS = [
    *("benchmark", "race", "job_category", "estimate", "share", "moe", "source"),
    "vintage",
]
NUMBERS = ("people", "people_moe", "share", "share_moe")
ROUNDED = 0.01  # by so much published shares may add up to more than everybody
MOST = 1e9  # people; more is not a count
EVERY_JOB = ""  # the label of a file without job categories
PARTS = "rows added up to one group, such as sexes, ages or job groups"
UNKNOWN = "no number published; the share is not known"
WITHOUT_WHOLE = "shares not known, since the people of one group are not"
NO_MARGINS = "no margin of error; the shares are taken as certain"


def clean_benchmarks(
    raw: pd.DataFrame,
    source: sources.Benchmarks,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a file of people or shares by race into a benchmark.

    Parameters
    ----------
    raw
        As read by `read.table`: a row for each group, or a column for each.
    source
        What the file means.
    ledger
        Written to: rows without a group, rows added up, numbers that are not known,
        and margins that are not published.
    standard
        Whose groups the crosswalk, or the columns, name.

    Returns
    -------
    DataFrame
        Columns of `BENCHMARKS`, one row per group and job category, in their order.
        `job_category` is missing where the benchmark is of all jobs, else one of
        `sources.JOB_CATEGORIES`. `estimate` counts people; `share` is the group's
        proportion of them, `moe` its 90 % margin: missing for a full count and where
        none is published, 0 where it is controlled. A share that is not known is
        missing, not zero.

    Raises
    ------
    ParamsError
        If a group is none of the standard's.
    UnmappedLabelError
        If a label of race or of a job category is not declared.
    InputError
        If a number is not one, a row is there twice, a group of nobody has no row,
        shares add up to more than everybody or are written on another scale, only
        some margins are published, or job groups whose people are not known would
        have to be added up.

    Notes
    -----
    A published share is used as it is; so are shares of parts of one job group, which
    are of the same people and add up. Otherwise, a share is a group's people over those
    of all groups in the file: of job groups that are one category here, or where no
    shares are published. Its margin is that of the ratio of the group to all others,
    who are other people: sqrt(((1 - p) m)**2 + (p M)**2) / T, with p the share, m and M
    the margins of the group's people and of the others, and T all people. Margins of
    sums are the root of the sum of squares; of several estimates of zero, the largest
    margin counts once.

    References
    ----------
    U.S. Census Bureau (2020), Understanding and using American Community Survey data,
    chapter 8 (margins of sums and ratios). U.S. Census Bureau, Equal Employment
    Opportunity Tabulation, tables 6R and 6W (state and local government job groups).

    Examples
    --------
    >>> raw = pd.DataFrame({"race": ["W", "B"], "people": ["600", "200"],
    ...                     "moe": ["60", "40"]})
    >>> source = sources.Benchmarks(
    ...     file="b.csv", benchmark="labour force",
    ...     races={"W": "White", "B": race.BLACK},
    ...     columns={"race": "race", "people": "people", "people_moe": "moe"})
    >>> found = clean_benchmarks(raw, source, Ledger("benchmarks", "b.csv", 2),
    ...                          standard=race.standard("omb1997"))
    >>> found[["race", "estimate", "share", "moe"]].round(4)
                            race  estimate  share     moe
    0  Black or African American     200.0   0.25  0.0419
    1                      White     600.0   0.75  0.0419
    """
    if again := int(raw.duplicated().sum()):
        raise InputError(
            f"{source.file}: {again} row(s) are there more than once, first data row "
            f"{int(raw.index[raw.duplicated()][0]) + 1}; they would be added up"
        )
    if source.wide():
        rows = _wide(raw, source, standard)
    else:
        rows = _long(raw, source, ledger, standard)
    for name in NUMBERS:
        rows[name] = _numbers(rows, name, source)
    _check_scale(rows, source)
    for name in NUMBERS[::2]:
        _check_margins(rows[name], rows[f"{name}_moe"], source)
    if not source.wide():
        ledger.note(PARTS, rows.duplicated(["race", "job_category"], keep=False))
    table = _shares(rows, source)
    _check_whole(table, source)
    _check_margins(table["share"], table["moe"], source)
    unknown = table["share"].isna()
    lost = unknown & table["people"].notna()
    ledger.note(UNKNOWN, int((unknown & ~lost).sum()))
    ledger.note(WITHOUT_WHOLE, int(lost.sum()))
    if table["moe"].isna().all():
        ledger.note(NO_MARGINS, int((~unknown).sum()))
    return _in_order(table, source, standard)


def _long(
    raw: pd.DataFrame,
    source: sources.Benchmarks,
    ledger: Ledger,
    standard: race.Standard,
) -> pd.DataFrame:
    """Read a row for each label of race."""
    rows = persons.tidy(raw, source, [])
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    strange = rows["race"].isin(race.UNKNOWN)
    rows = ledger.set_aside(rows, {persons.NO_RACE: strange})
    rows["race"] = rows["race"].astype("str")
    return _by_job(rows, source)


def _wide(
    raw: pd.DataFrame, source: sources.Benchmarks, standard: race.Standard
) -> pd.DataFrame:
    """Turn a column for each group into rows."""
    named = source.wide()
    groups = list(next(iter(named.values())))
    for group in groups:
        if group not in standard.groups:
            raise ParamsError(
                f"{source.file}: {group!r} is not a group of {standard.name}; one of "
                f"{list(standard.groups)}"
            )
    sources.require(raw, source.declared_columns(), file=source.file)
    tidy = _by_job(persons.tidy(raw, source, []), source)
    parts = []
    for group in groups:
        part = tidy[["label", "job_category"]].assign(race=group)
        for name, columns in named.items():
            part[name] = raw[columns[group]].str.strip()
        parts.append(part)
    return pd.concat(parts)


def _by_job(rows: pd.DataFrame, source: sources.Benchmarks) -> pd.DataFrame:
    """Name the job category of each row, beside the file's own label of it."""
    if "job_category" not in rows:
        return rows.assign(label=EVERY_JOB, job_category=EVERY_JOB)
    known = {race.normalise(name): name for name in sources.JOB_CATEGORIES}
    known |= {race.normalise(k): name for k, name in source.job_categories.items()}
    label = rows["job_category"]
    category = label.map(race.normalise).map(known)
    strange = label[category.isna()].value_counts()
    if len(strange):
        raise UnmappedLabelError(
            f"{source.file}, column {source.columns['job_category']}: {len(strange)} "
            f"label(s) are no job category{race.listed(strange)}; say under "
            "'job_categories' in sources.yaml which of the EEO-4 form's each is, or "
            "leave the rows out with 'keep'"
        )
    return rows.assign(label=label, job_category=category)


def _numbers(
    rows: pd.DataFrame, name: str, source: sources.Benchmarks
) -> np.ndarray | float:
    """Read a column of people, shares or margins; marks of the census are missing."""
    if name not in rows:
        return np.nan
    text = rows[name].str.replace(r"\s*%$", "", regex=True)
    text = text.str.replace(r"^(?=[.,][0-9])", "0", regex=True)
    found = places.cells(text, source)
    wrong = found["state"].isin([census.UNREADABLE, census.AT_LEAST, census.AT_MOST])
    wrong |= ~found["value"].fillna(0).between(0, MOST)
    share = name.startswith("share")
    if share and source.scale == "proportion":
        wrong |= rows[name].str.endswith("%")
    marks.refuse(
        wrong.reset_index(drop=True).set_axis(rows.index),
        column=_column(name, source),
        file=source.file,
        wanted=f"{source.scale}s" if share else "numbers of people",
        then="correct them; a mark of this file alone is declared under 'marks'",
    )
    value = found["value"].to_numpy()
    return value / 100 if share and source.scale == "percent" else value


def _column(name: str, source: sources.Benchmarks) -> str:
    """Name a column of the file, or the columns of the groups."""
    columns = source.wide().get(name)
    return ", ".join(columns.values()) if columns else source.columns[name]


def _check_scale(rows: pd.DataFrame, source: sources.Benchmarks) -> None:
    """Refuse proportions that are called percents, and percents called proportions."""
    if rows["share"].isna().all():
        return
    sums = rows.groupby("label")["share"].sum()
    groups = rows[rows["share"].notna()].groupby("label")["race"].nunique()
    if source.scale == "proportion" and (sums > 1 + ROUNDED).any():
        most = sums.max()
        hint = "percent" if most > 2 else ""
    elif source.scale == "percent" and (sums * 100 <= 1 + ROUNDED).all():
        most, hint = sums.max() * 100, "proportion" if groups.max() > 1 else ""
    else:
        return
    if hint:
        raise InputError(
            f"{source.file}: column {_column('share', source)}: shares add up to at "
            f"most {most:.3g}, so they are no {source.scale}s; is scale: {hint} meant?"
        )


def _shares(rows: pd.DataFrame, source: sources.Benchmarks) -> pd.DataFrame:
    """Add up the parts of each group and job category, and make shares of people."""
    parts = _added(rows, ["job_category", "label", "race"], NUMBERS[::2])
    _check_pairs(parts, source)
    keys = ["job_category", "race"]
    merged = parts.groupby("job_category")["label"].transform("nunique") > 1
    table = _added(parts, keys, ("people",))
    single = parts[~merged].set_index(keys)[["share", "share_moe"]]
    table = table.merge(single, "left", left_on=keys, right_index=True)
    if merged.any() and parts.loc[merged, "people"].isna().all():
        named = sorted(parts.loc[merged, "job_category"].unique())
        raise InputError(
            f"{source.file}: several job groups are {named}, and shares of different "
            "people do not add up; name the column of people too"
        )
    every = _added(table, ["job_category"], ("people",)).set_index("job_category")
    whole, margin = (
        table["job_category"].map(every[name]) for name in ("people", "people_moe")
    )
    share = (table["people"] / whole).where(whole > 0)
    square = table["people_moe"] ** 2
    others = (margin**2 - square).clip(lower=0)
    moe = ((1 - share) ** 2 * square + share**2 * others) ** 0.5 / whole
    published = table["share"].notna()
    return table.assign(
        share=table["share"].where(published, share),
        moe=table["share_moe"].where(published, moe),
    )


def _added(
    rows: pd.DataFrame, keys: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """Add up numbers and their margins; a sum with an unknown part is unknown."""
    table = {}
    groups = [rows[key] for key in keys]
    for name in names:
        value, square = rows[name], rows[f"{name}_moe"] ** 2
        table[name] = value.groupby(groups).sum().mask(_any_missing(value, groups))
        none = value.eq(0)
        once = square.where(none).groupby(groups).max().fillna(0)
        found = square.mask(none, 0).groupby(groups).sum() + once
        table[f"{name}_moe"] = found.mask(_any_missing(square, groups)) ** 0.5
    return pd.DataFrame(table).reset_index()


def _any_missing(values: pd.Series, groups: list[pd.Series]) -> pd.Series:
    return values.isna().groupby(groups).any()


def _check_pairs(parts: pd.DataFrame, source: sources.Benchmarks) -> None:
    pairs = parts["label"].nunique() * parts["race"].nunique()
    if lacking := pairs - len(parts):
        raise InputError(
            f"{source.file}: {lacking} pair(s) of job group and race have no row; a "
            "group of nobody needs a row with 0"
        )


def _check_whole(table: pd.DataFrame, source: sources.Benchmarks) -> None:
    """Refuse groups that overlap so far that shares are of more than everybody."""
    sums = table.groupby("job_category")["share"].sum()
    if sums.empty or table["share"].isna().all():
        raise InputError(
            f"{source.file}: no share is known; people of a group that is hidden leave "
            "out of how many the others are, unless shares are published"
        )
    if sums.max() > 1 + ROUNDED:
        raise InputError(
            f"{source.file}: shares of {sums.idxmax() or 'all jobs'} add up to "
            f"{sums.max():.3f}; do groups overlap, or are totals left in? leave rows "
            "out with 'keep'"
        )


def _check_margins(
    value: pd.Series, moe: pd.Series, source: sources.Benchmarks
) -> None:
    """Refuse a survey without some of its margins: they would count as certain."""
    known = value.notna()
    without = known & moe.isna()
    if without.any() and not without[known].all():
        raise InputError(
            f"{source.file}: {without.sum()} of {known.sum()} numbers have no margin "
            "of error, and would count as certain; a survey has every margin, "
            "a full count none, and '*****' is one of zero"
        )


def _in_order(
    table: pd.DataFrame, source: sources.Benchmarks, standard: race.Standard
) -> pd.DataFrame:
    """Sort by job category and group, and name the source."""
    groups = [group for group in standard.groups if group in set(table["race"])]
    rank = {name: place for place, name in enumerate(sources.JOB_CATEGORIES)}
    table = table.assign(
        rank=table["job_category"].map(rank),
        benchmark=source.benchmark,
        race=pd.Categorical(table["race"], groups, ordered=True),
        job_category=table["job_category"].where(table["job_category"] != EVERY_JOB),
        estimate=table["people"],
        source=source.title or source.file,
        vintage=source.vintage,
    )
    table = table.sort_values(["rank", "race"], ignore_index=True)
    return table[BENCHMARKS].astype({"job_category": "str"})
