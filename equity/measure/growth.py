"""Growth: how fast students learn who are followed over the years, by group.

A gap at one grade mixes what children brought with what they learned since. Where the
same students are tested again, each is compared with themselves: *growth* is the slope
of a student's own scores over time, so whatever sets students apart for good drops out.

The frame has one row per student and test: ``student``, ``group``, ``time`` (years, and
parts of years), ``score`` on one scale over all grades, and ``school``. A student's
group must not change. Scores of tests that are not on one vertical scale grow by what
the scales differ; do not use them here. Gaps are group less reference.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import few_clusters
from equity.measure.redraws import DIFFERENCE, LEVEL
from equity.measure.table import (
    HIGHER,
    check_confidence,
    divide,
    measure_table,
    numbers,
    position_of,
    require_columns,
    without_reference,
)

METHOD = "slopes within students, errors by school, t"
KNOWN, FEW_SCHOOLS = "known", "limits too narrow: fewer than 20 schools"
NOT_FOLLOWED = "not known: nobody is followed, or in one school only"
ENOUGH = 20


def of_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Take the students who are followed from tidy scores.

    Parameters
    ----------
    scores
        Tidy `scores`: ``student, school, year, race, score``, perhaps of several files.
        Rows without a student's id are not followed, and are left out.

    Returns
    -------
    DataFrame
        ``student``, ``group``, ``school``, ``time`` (years since the first one of the
        table), ``year`` and ``score``, for `by_group`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a year does not begin with four digits.

    Examples
    --------
    >>> scores = pd.DataFrame({"student": ["1", "1", ""], "school": "X",
    ...     "year": ["2023-24", "2024-25", "2024-25"], "race": "White",
    ...     "score": [440, 470, 1500]})
    >>> of_scores(scores)[["student", "group", "time", "score"]]
      student  group  time  score
    0       1  White     0    440
    1       1  White     1    470
    """
    require_columns(scores, ["student", "school", "year", "race", "score"])
    rows = scores[scores["student"].fillna("").astype(str).ne("")]
    begun = pd.to_numeric(rows["year"].astype(str).str[:4], errors="coerce")
    if begun.isna().any():
        raise InputError(
            f"column year is no year in {begun.isna().sum()} of {len(rows)} rows; "
            "expected such as 2024 or 2024-25"
        )
    found = rows[["student", "school", "year", "score"]].assign(
        group=rows["race"], time=begun - begun.min()
    )
    return found[["student", "group", "school", "time", "year", "score"]].reset_index(
        drop=True
    )


def by_group(
    scores: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate the growth of each group, and its difference from the reference's.

    Parameters
    ----------
    scores
        One row per student and test: ``student``, ``group``, ``school``, ``time`` (in
        years) and ``score`` (missing if not tested).
    reference
        The ``group`` all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``group`` and ``statistic`` ("level", the growth, and
        "difference"): ``population`` (students tested at two times or more),
        ``tested_once`` (students with a score who are not followed, and are left out),
        ``without_score`` (students with none), ``schools``, the measure columns,
        ``standard_error``, ``direction`` and ``reliability``. ``estimate`` is in points
        of the score a year.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If ``student``, ``group``, ``school`` or ``time`` is missing in a row, a number
        is infinite, or a student is of two groups.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    The slope of a regression of scores on time with an effect for each student, one
    slope for each group: students tested more often and over longer count for more.
    Errors allow for students of one school being alike, and for a school's groups going
    together in the difference; a student who changes schools counts with the first.
    Limits are Student's t with one degree of freedom less than the schools' effective
    number, by their share of the tests: of the group that has fewer.
    Growth is taken as straight. If those who leave early grow otherwise than those who
    stay, it is of those who are followed.

    References
    ----------
    Singer and Willett (2003), Applied Longitudinal Data Analysis, chapter 3. Wooldridge
    (2010), Econometric Analysis of Cross Section and Panel Data, 2nd ed., section 10.5
    (effects of students). Liang and Zeger (1986), Biometrika 73, 13-22 (errors).

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "student": [1, 1, 2, 2, 3, 3, 4, 4], "time": [0, 1] * 4,
    ...     "group": ["Black"] * 4 + ["White"] * 4,
    ...     "school": ["X", "X", "Y", "Y"] * 2,
    ...     "score": [10.0, 14, 20, 26, 15, 21, 30, 40]})
    >>> table = by_group(scores, reference="White")
    >>> table[["group", "statistic", "estimate", "standard_error"]].round(2)
       group   statistic  estimate  standard_error
    0  Black       level       5.0             1.0
    1  White       level       8.0             2.0
    2  Black  difference      -3.0             1.0
    3  White  difference       0.0             NaN
    """
    check_confidence(confidence)
    rows, groups = _checked(scores)
    base = position_of(pd.DataFrame({"group": groups}), reference)
    followed = _within(rows)
    sums = followed.groupby("group")[["cross", "square"]].sum()
    sums = sums.reindex(groups, fill_value=0.0)
    time = sums["square"].to_numpy()
    slope = divide(sums["cross"].to_numpy(), time)
    parts, weight = _by_school(followed, groups, slope, time)
    schools = few_clusters.effective(weight)
    frame = _counts(rows, followed, groups)
    return pd.concat(
        [
            _table(frame, LEVEL, None, slope, parts, schools, confidence),
            _table(
                frame,
                DIFFERENCE,
                reference,
                slope - slope[base],
                parts - parts[:, [base]],
                np.minimum(schools, schools[base]),
                confidence,
                base,
            ),
        ],
        ignore_index=True,
    )


def _table(
    frame: pd.DataFrame,
    statistic: str,
    reference: str | None,
    estimate: np.ndarray,
    parts: np.ndarray,
    effective: np.ndarray,
    confidence: float,
    base: int | None = None,
) -> pd.DataFrame:
    """Make a table of estimates whose errors are sums of what each school adds."""
    schools = frame["schools"].to_numpy()
    if base is not None:
        schools = np.minimum(schools, schools[base])
    factor = divide(schools, schools - 1)
    error = np.sqrt(factor * (parts**2).sum(axis=0))
    # a width of nothing is not knowledge
    error = np.where((schools > 1) & np.isfinite(estimate) & (error > 0), error, np.nan)
    error = without_reference(error, base)
    width = few_clusters.quantile(effective - 1, confidence) * error
    return measure_table(
        frame.assign(statistic=statistic),
        measure="growth in a year",
        reference=reference,
        estimate=estimate,
        conf_low=estimate - width,
        conf_high=estimate + width,
        confidence=confidence,
        method=METHOD,
        standard_error=error,
        direction=HIGHER,
        reliability=np.select(
            [np.isnan(estimate) | (schools < 2), schools < ENOUGH],
            [NOT_FOLLOWED, FEW_SCHOOLS],
            KNOWN,
        ),
    )


def _checked(scores: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    names = ["student", "group", "school", "time"]
    require_columns(scores, [*names, "score"])
    for name in names:
        missing = scores[name].isna()
        if missing.any():
            raise InputError(
                f"column {name} is missing in {missing.sum()} of {len(scores)} rows"
            )
    rows = scores[["student", "group", "school"]].assign(
        time=numbers(scores, "time"), score=numbers(scores, "score")
    )
    for name in ("time", "score"):
        endless = np.isinf(rows[name])
        if endless.any():
            raise InputError(
                f"column {name} is not finite in {endless.sum()} of {len(rows)} rows"
            )
    pairs = rows[["student", "group"]].drop_duplicates()
    several = pairs["student"].duplicated().sum()
    if several:
        raise InputError(f"{several} students are of two groups; expected one each")
    group = rows["group"]
    if isinstance(group.dtype, pd.CategoricalDtype):
        groups = [str(name) for name in group.cat.categories]
    else:
        groups = sorted(group.astype(str).unique())
    return rows.assign(group=group.astype(str)), groups


def _within(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each student followed: sums of squares of time, and of time and score."""
    tested = rows.dropna(subset="score")
    student = tested.groupby("student", sort=False)
    time = tested["time"] - student["time"].transform("mean")
    score = tested["score"] - student["score"].transform("mean")
    sums = pd.DataFrame(
        {"student": tested["student"], "square": time**2, "cross": time * score}
    )
    sums = sums.groupby("student", sort=False).sum()
    found = student[["group", "school"]].first().join(sums)
    return found[found["square"] > 0]


def _by_school(
    followed: pd.DataFrame, groups: list[str], slope: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each school adds to each group's slope beyond the expected; its weight."""
    place = followed["group"].map({name: at for at, name in enumerate(groups)})
    place = place.to_numpy(dtype=int)
    excess = followed["cross"].to_numpy() - slope[place] * followed["square"].to_numpy()
    school, names = pd.factorize(followed["school"])
    parts, weight = np.zeros((2, len(names), len(groups)))
    np.add.at(parts, (school, place), excess / time[place])
    np.add.at(weight, (school, place), followed["square"].to_numpy())
    return parts, weight


def _counts(
    rows: pd.DataFrame, followed: pd.DataFrame, groups: list[str]
) -> pd.DataFrame:
    students = rows.groupby("group")["student"].nunique()
    tested = rows.dropna(subset="score").groupby("group")["student"].nunique()
    kept = followed.groupby("group").size()
    schools = followed.groupby("group")["school"].nunique()
    students, tested, kept, schools = (
        count.reindex(groups, fill_value=0)
        for count in (students, tested, kept, schools)
    )
    return pd.DataFrame(
        {
            "group": groups,
            "population": kept.to_numpy(),
            "tested_once": (tested - kept).to_numpy(),
            "without_score": (students - tested).to_numpy(),
            "schools": schools.to_numpy(),
        }
    )
