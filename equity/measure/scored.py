"""Gaps from scores of students, test by test, ready for a page.

A *test* is a subject, and the grade where one is recorded; each is measured by itself,
since the scores of one are not those of another. Of tests repeated over years the
latest year is taken. Where the numbers of several tests stand together they are in
standard deviations of all students of the test. The measures are those of
`proficiency`, `standardized`, `school_gaps`, `shrinkage` and `growth`; here is what
they are given.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from equity.measure import growth as slopes
from equity.measure import proficiency, school_gaps, shrinkage, standardized
from equity.measure.table import require_columns

FEW = 2  # students with a score, below which a group has no spread
ENOUGH_SCHOOLS = 20  # below which limits clustered by school are too narrow
NAMED = "The test"
FEWER = "students taken as independent: fewer than 20 schools"
UNPLACED = "students taken as independent: schools of the reference not recorded"


def latest(scores: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """Take the latest year of each test, with groups and standardised scores.

    Parameters
    ----------
    scores
        Tidy `scores`: `student, school, year, subject, grade, race, score`.
    groups
        The groups to compare; students of none of them are left out.

    Returns
    -------
    DataFrame
        One row per student and test: ``subject`` (with its grade), ``year``,
        ``school`` (missing where not recorded), ``group`` and ``score``, in standard
        deviations from the mean of all students of the test.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "student": ["1", "2"], "school": ["a", ""], "year": "2025", "grade": "8",
    ...     "subject": "Reading", "race": ["Black", "White"], "score": [1.0, 3.0]})
    >>> latest(scores, ["Black", "White"])[["subject", "school", "group", "score"]]
               subject school  group  score
    0  Reading, grade 8      a  Black   -1.0
    1  Reading, grade 8    NaN  White    1.0
    """
    require_columns(scores, ["school", "year", "subject", "grade", "race", "score"])
    last = scores.groupby("subject")["year"].transform("max")
    rows = scores[(scores["year"] == last) & scores["race"].isin(list(groups))]
    names = [
        ", ".join(filter(None, (str(subject) or NAMED, grade and f"grade {grade}")))
        for subject, grade in zip(rows["subject"], rows["grade"], strict=True)
    ]
    rows = rows.assign(
        subject=names,
        school=rows["school"].replace("", np.nan),
        group=pd.Categorical(rows["race"].astype(str), list(groups)),
    )
    rows = rows.assign(score=rows["score"].astype(float))
    by_test = rows.groupby("subject")["score"]
    spread = by_test.transform("std", ddof=0)
    standardised = (rows["score"] - by_test.transform("mean")) / spread
    columns = ["subject", "year", "school", "group"]
    return rows[columns].assign(score=standardised).reset_index(drop=True)


def enrolled(scores: pd.DataFrame) -> pd.DataFrame:
    """List each student with a score once, in the latest year on file.

    Parameters
    ----------
    scores
        Tidy `scores`.

    Returns
    -------
    DataFrame
        ``school`` (missing where not recorded) and ``race``: of the subject and year
        with the most students in the latest year, since students without a number
        cannot be told apart between subjects.

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "school": ["a", "a", "b"], "year": "2025", "race": "White",
    ...     "subject": ["Reading", "Reading", "Mathematics"]})
    >>> enrolled(scores)["school"].to_list()
    ['a', 'a']
    """
    require_columns(scores, ["school", "year", "subject", "race"])
    last = scores[scores["year"] == scores["year"].max()]
    sizes = last["subject"].value_counts()
    one = last[last["subject"] == sizes.index[0]] if len(sizes) else last
    rows = one[["school", "race"]].reset_index(drop=True)
    return rows.assign(school=rows["school"].replace("", np.nan))


def gaps(
    tested: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate V between each group and the reference, on each test.

    Parameters
    ----------
    tested
        As `latest` returns it.
    reference
        The group that others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject`` and ``group`` that took it: as
        `proficiency.v_of_scores`, with ``chance_above`` (the share of pairs of one
        student of each in which that of the group is ahead, ties half) and
        ``hedges_g``. Errors allow for students of one school being alike where there
        are 20 schools or more, of students with a school; ``reliability`` says so where
        there are fewer, or where the schools of the reference are not recorded.

    Examples
    --------
    >>> tested = pd.DataFrame({
    ...     "subject": "Reading", "school": np.nan,
    ...     "group": pd.Categorical(["Black"] * 4 + ["White"] * 4),
    ...     "score": [-1.2, 0.1, 0.2, 1.5, -0.6, 0.15, 0.8, 2.0]})
    >>> gaps(tested, reference="White")[["group", "estimate", "hedges_g"]].round(2)
       group  estimate  hedges_g
    0  Black     -0.45     -0.34
    1  White      0.00      0.00
    """

    def _of_one(test: pd.DataFrame) -> pd.DataFrame:
        schools = test["school"].nunique()
        placed = test.dropna(subset=["school", "score"])
        compared = (placed["group"] == reference).sum() >= FEW
        clustered = schools >= ENOUGH_SCHOOLS and compared
        rows = test.dropna(subset="school") if clustered else test
        given = {"reference": reference, "confidence": confidence}
        found = proficiency.v_of_scores(rows, clustered=clustered, **given)
        moments = standardized.moments(rows)
        g = standardized.hedges_g(moments, **given).set_index("group")["estimate"]
        independent = found["estimate"].notna() & (schools > 1) & (not clustered)
        words = found["reliability"].mask(
            independent & (found["group"] != reference),
            FEWER if schools < ENOUGH_SCHOOLS else UNPLACED,
        )
        return found.assign(
            chance_above=found["auc"],
            hedges_g=g.reindex(found["group"]).to_numpy(),
            reliability=words,
        )

    return _each(tested, reference, _of_one).drop(columns="auc", errors="ignore")


def parts(
    tested: pd.DataFrame,
    *,
    reference: str,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Split each gap into parts within and between schools, on each test.

    Parameters
    ----------
    tested, reference, confidence
        As in `gaps`.
    replicates, seed
        Redraws behind the limits: of students within schools, whose mix stays.

    Returns
    -------
    DataFrame
        As `school_gaps.decompose`, with ``subject`` first, in standard deviations, and
        a ``measure`` of its own for each part, and ``heading``, subject and group in
        one; no rows of tests without schools.

    Examples
    --------
    >>> tested = pd.DataFrame({
    ...     "subject": "Reading", "school": ["X"] * 4 + ["Y"] * 4,
    ...     "group": pd.Categorical(["Black", "White", "White", "White", "Black",
    ...                              "Black", "Black", "White"]),
    ...     "score": [-0.2, 0.5, 1.2, 1.9, -1.6, -0.9, -0.2, 0.5]})
    >>> found = parts(tested, reference="White", replicates=100)
    >>> found.loc[found["part"] == "total gap", ["subject", "estimate"]].round(2)
       subject  estimate
    0  Reading     -1.75
    """

    def _of_one(test: pd.DataFrame) -> pd.DataFrame:
        found = school_gaps.decompose(
            test,
            reference=reference,
            redraw=school_gaps.STUDENTS,
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )
        found = found.assign(measure="gap in scores, " + found["part"])
        heading = f"{test['subject'].iloc[0]}: " + found["group"].astype(str)
        return found.assign(heading=heading)

    return _each(tested, reference, _of_one, schools=2)


def schools(
    tested: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate each school's gap, pulled to the mean as far as chance may move it.

    Parameters
    ----------
    tested, reference, confidence
        As in `gaps`.

    Returns
    -------
    DataFrame
        One row per ``subject``, ``group`` and ``school`` where both have students:
        ``population`` (of the group), ``reference_population`` and the columns of
        `shrinkage.shrink`; schools by name, since an order by size would be noise.

    Examples
    --------
    >>> tested = pd.DataFrame({
    ...     "subject": "Reading", "school": np.repeat(list("XYZ"), 4),
    ...     "group": pd.Categorical(["Black", "Black", "White", "White"] * 3),
    ...     "score": [-1.0, 0, 0, 1, -0.5, 0, 0.5, 1, -1, -0.8, 0.2, 0.9]})
    >>> found = schools(tested, reference="White")
    >>> found[["school", "observed", "estimate"]].round(2)
      school  observed  estimate
    0      X     -1.00     -1.15
    1      Y     -1.00     -1.15
    2      Z     -1.45     -1.15
    """

    def _of_one(test: pd.DataFrame) -> pd.DataFrame:
        found = school_gaps.by_school(test, reference=reference, confidence=confidence)
        found = found[(found["population"] > 0) & (found["reference_population"] > 0)]
        shrunk = [
            shrinkage.shrink(some.reset_index(drop=True), confidence=confidence)
            for _, some in found.groupby("group", observed=True)
        ]
        return pd.concat(shrunk, ignore_index=True) if shrunk else found

    found = _each(tested, reference, _of_one, schools=3)
    if found.empty:
        return found
    measure = "shrunken gap in scores, " + found["subject"]
    return found.assign(reference=reference, measure=measure)


def growth(
    scores: pd.DataFrame,
    groups: Sequence[str],
    *,
    reference: str,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare how fast students learn who are followed over years, in each subject.

    Parameters
    ----------
    scores
        Tidy `scores`; a student is followed if their number comes with several years.
    groups
        The groups to compare.
    reference, confidence
        As in `gaps`.

    Returns
    -------
    DataFrame
        As `growth.by_group`, with ``subject`` first, in points of the score a year, and
        ``not_recorded``: of ``population``, the students whose race is not recorded
        alike in all their rows; no rows of subjects in which nobody is followed.

    Notes
    -----
    Years are read as numbers, "2022-23" as 2022. Scores must be on one scale over the
    grades. A student whose recorded race changes, or is missing in some years, counts
    in all years with the latest one that is among ``groups`` (of two in that year, with
    the later one in ``groups``).

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "student": list("11223344"), "year": ["2023-24", "2024-25"] * 4,
    ...     "subject": "Reading", "grade": ["3", "4"] * 4,
    ...     "race": ["Black"] * 4 + ["White"] * 4, "school": list("XXYY") * 2,
    ...     "score": [10.0, 14, 20, 26, 15, 21, 30, 40]})
    >>> found = growth(scores, ["Black", "White"], reference="White")
    >>> found[["subject", "group", "statistic", "estimate"]]
       subject  group   statistic  estimate
    0  Reading  Black       level       5.0
    1  Reading  White       level       8.0
    2  Reading  Black  difference      -3.0
    3  Reading  White  difference       0.0
    """
    require_columns(scores, ["student", "school", "year", "subject", "race", "score"])
    named = (scores[["student", "school", "year"]] != "").all(axis=1)
    rows = scores[named]
    race = _latest_race(rows, groups)
    rows = rows[rows["student"].isin(race.index)].reset_index(drop=True)
    recorded = rows.groupby("student")["race"].nunique(dropna=False)
    rows = slopes.of_scores(rows).assign(
        group=pd.Categorical(rows["student"].map(race), list(groups)),
        subject=rows["subject"].replace("", NAMED),
    )
    times = rows.groupby(["subject", "student"])["time"].transform("nunique")
    followed = rows["subject"].isin(rows.loc[times > 1, "subject"])

    def _of_one(test: pd.DataFrame) -> pd.DataFrame:
        found = slopes.by_group(test, reference=reference, confidence=confidence)
        tested = test.dropna(subset="score").groupby("student")
        times = tested["time"].nunique()
        changed = (times > 1) & (recorded[times.index] > 1)
        number = changed.groupby(tested["group"].first().astype(str)).sum()
        number = found["group"].map(number).fillna(0).astype(int)
        found.insert(found.columns.get_loc("schools"), "not_recorded", number)
        return found

    return _each(rows[followed], reference, _of_one)


def _latest_race(scores: pd.DataFrame, groups: Sequence[str]) -> pd.Series:
    """Each student's group of the latest year that has one, in any order of rows."""
    race = pd.Index(list(groups)).get_indexer(scores["race"].astype(str))
    known = scores[["student", "year"]].assign(race=race)[race >= 0]
    last = known.sort_values(["year", "race"]).groupby("student")["race"].last()
    return last.map(dict(enumerate(groups)))


def _each(
    tested: pd.DataFrame,
    reference: str,
    measure: Callable[[pd.DataFrame], pd.DataFrame],
    *,
    schools: int = 0,
) -> pd.DataFrame:
    """Measure each test by itself, where the reference and another group took it."""
    found = []
    for subject, test in tested.groupby("subject", sort=True):
        rows = test.assign(group=test["group"].cat.remove_unused_categories())
        sizes = rows.dropna(subset="score")["group"].value_counts()
        known = sizes.index[sizes >= FEW]
        if reference not in known or len(known) < 2:
            continue
        if schools and rows["school"].nunique() < schools:
            continue
        rows = rows[rows["group"].isin(known)]
        rows = rows.assign(group=rows["group"].cat.remove_unused_categories())
        table = measure(rows)
        table.insert(0, "subject", subject)
        found.append(table)
    columns = ["subject", "group", "estimate", "statistic", "part", "school"]
    if not found:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(found, ignore_index=True)
