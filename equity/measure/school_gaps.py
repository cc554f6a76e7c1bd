"""Where a gap in scores lies: between schools, within them, or in both.

Two groups whose mean scores differ are partly in different schools. Part of the gap is
among students of the same school, part goes with the schools they are in, and a part
belongs to neither alone: it would vanish if students of one school scored alike, and
also if schools were alike in their mix.

**Terms**

segregation V
    The variance of schools' shares of the group over the variance of the group among
    all students: zero if all schools have the same mix, one if none is mixed. It is
    the variance ratio index of segregation.
within schools
    The part of the gap that would stay if all schools had the same mean.
between schools
    The part that would stay if students of one school scored alike.
ambiguous
    The part in both: counted as between if the means of schools are compared as they
    are, as within if each student's school mates are.

Frames have one row per student: ``school``, ``group`` and ``score``. A score may be a
0 or 1, such as proficient or not; then gaps are differences of proportions, and depend
on the cut. Only students of the two groups compared enter, and each pair is compared
apart. Students without a score or a school are counted and left out. Gaps are group
less reference. Nothing here says that schools cause a part: students are not assigned
to schools at random.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import few_clusters
from equity.measure.table import (
    HIGHER,
    check_confidence,
    divide,
    measure_table,
    normal_quantile,
    numbers,
    position_of,
    require_columns,
)

SCHOOLS, STUDENTS = "schools", "students"
TOTAL, WITHIN, BETWEEN, AMBIGUOUS = (
    *("total gap", "within schools", "between schools"),
    "ambiguous",
)
MEANS, REST = "between schools, ambiguous part in", "within schools, ambiguous part in"
SAME_SCHOOL, SEGREGATION = "gap in the same school", "segregation V"
PARTS = (
    *(TOTAL, WITHIN, AMBIGUOUS, BETWEEN, MEANS, REST),
    *(SAME_SCHOOL, SEGREGATION),
)
METHODS = {
    SCHOOLS: "leaving out each school, t",
    STUDENTS: "redraws of students within schools, t",
}
KNOWN, FEW_SCHOOLS = "known", "limits too narrow: fewer than 20 schools"
NOT_MIXED = "not known: no school has both groups"
NOBODY = "not known: no students"
ONE_SCHOOL = "limits not known: they rest on hardly more than one school"
ENOUGH = 20


def decompose(
    scores: pd.DataFrame,
    *,
    reference: str,
    redraw: str = SCHOOLS,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Divide the gap of each group into parts within and between schools.

    Parameters
    ----------
    scores
        One row per student: ``school``, ``group``, ``score``; school and score may be
        missing.
    reference
        The ``group`` all others are compared with.
    redraw
        What the limits vary. "schools": whole schools, as for a question about schools
        like these: each is left out in turn. "students": the students of each school,
        whose mix stays, as for a question about these schools with other students.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws of students behind the limits.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        For each group but the reference, one row per ``part``, in the order of
        `PARTS`: with ``group``, ``population``, ``reference_population``,
        ``left_out`` (students of the two groups without score or school), ``schools``
        (that have either group) and ``mixed_schools`` (that have both), the measure
        columns, ``standard_error``, ``direction`` and ``reliability``. Units are those
        of the score; of `SEGREGATION`, a proportion.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a group has no name, or a score is infinite.
    ParamsError
        If ``redraw`` is another, or there are fewer than 100 replicates.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    With *b* the gap among students of the same school (fixed effects of schools), *d*
    the total gap and *V* the segregation: within is (1 - V) b, ambiguous V b, between
    d - b; they add up to d. The two rows with the ambiguous part in are another
    division into two: the difference between groups in the mean score of the school
    (both groups together) that a student is in, and the rest.

    Limits are Student's t: about schools with one degree of freedom less than the
    effective number of schools of the group that has fewer, about students with those
    beyond the first of their school. Under about twenty schools they are too narrow,
    and ``reliability`` says so. Where no school has both groups no gap within one is
    known, nor the parts made of it; where one school has, no limits are.

    References
    ----------
    Reardon (2008), Thirteen Ways of Looking at the Black-White Test Score Gap, Stanford
    working paper. Hanushek and Rivkin (2006), School Quality and the Black-White
    Achievement Gap, NBER 12651 (the division into two). MacKinnon, Nielsen and Webb
    (2023), Journal of Applied Econometrics 38, 671-694 (leaving out clusters).

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "school": ["X"] * 4 + ["Y"] * 4,
    ...     "group": ["Black", "White", "White", "White", "Black", "Black", "Black",
    ...               "White"],
    ...     "score": [240.0, 250, 260, 270, 220, 230, 240, 250]})
    >>> table = decompose(scores, reference="White")
    >>> table[["part", "estimate"]].round(2)
                                     part  estimate
    0                           total gap    -25.00
    1                      within schools    -15.00
    2                           ambiguous     -5.00
    3                     between schools     -5.00
    4  between schools, ambiguous part in    -10.00
    5   within schools, ambiguous part in    -15.00
    6              gap in the same school    -20.00
    7                       segregation V      0.25
    """
    check_confidence(confidence)
    if redraw not in METHODS:
        raise ParamsError(f"redraw is {redraw!r}; expected one of {list(METHODS)}")
    if replicates < 100:
        raise ParamsError(f"replicates is {replicates}; expected 100 or more")
    rows, groups = _checked(scores, reference)
    random = np.random.default_rng(seed)
    tables = []
    for group in groups:
        if group == reference:
            continue
        pair = rows[rows["group"].isin([group, reference])]
        cells = _Cells.of(pair.dropna(), group)
        found = _parts(cells)
        if redraw == SCHOOLS:
            error, freedom = _left_out(cells), cells.effective - 1
        else:
            drawn = _parts(cells.redraw_students(random, replicates))
            error, freedom = drawn.std(axis=0, ddof=1), cells.freedom
        width = few_clusters.quantile(freedom, confidence) * error
        low, high = found - width, found + width
        low[-1], high[-1] = np.clip([low[-1], high[-1]], 0, 1)
        people = cells.size.sum(axis=-1)
        frame = pd.DataFrame(
            {
                "group": group,
                "part": PARTS,
                "population": people[0],
                "reference_population": people[1],
                "left_out": len(pair) - people.sum(),
                "schools": cells.size.shape[-1],
                "mixed_schools": int(cells.mixed.sum()),
            }
        )
        tables.append(
            measure_table(
                frame,
                measure="part of the gap in scores",
                reference=reference,
                estimate=found,
                conf_low=low,
                conf_high=high,
                confidence=confidence,
                method=METHODS[redraw],
                standard_error=error,
                direction=HIGHER,
                reliability=_words(found, low, cells, redraw),
            )
        )
    return pd.concat(tables, ignore_index=True)


def by_school(
    scores: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Find the gap of each group in each school, with its standard error.

    Parameters
    ----------
    scores, reference, confidence
        As in `decompose`.

    Returns
    -------
    DataFrame
        One row per ``school`` and ``group`` of any of its students, without the
        reference: ``population``, ``reference_population`` (students with a score),
        ``left_out`` (those without), the measure columns, ``standard_error`` and
        ``direction``. Missing where either has nobody. What `shrinkage.shrink` takes.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a group has no name, or a score is infinite.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    Errors rest on one standard deviation within schools and groups, pooled over the
    whole table: those of three students of one school say next to nothing, and
    shrinking by them would favour whoever happened to score alike. Students without a
    school are in no row.

    References
    ----------
    Raudenbush and Bryk (2002), Hierarchical Linear Models, 2nd ed., chapter 3 (one
    variance within schools).

    Examples
    --------
    >>> scores = pd.DataFrame({
    ...     "school": ["X"] * 4 + ["Y"] * 3,
    ...     "group": ["Black", "Black", "White", "White", "Black", "White", "White"],
    ...     "score": [240.0, 250, 260, 270, 220, 250, 260]})
    >>> table = by_school(scores, reference="White")
    >>> table[["school", "group", "estimate", "standard_error"]].round(2)
      school  group  estimate  standard_error
    0      X  Black     -20.0            7.07
    1      Y  Black     -35.0            8.66
    """
    z = normal_quantile(confidence)
    rows, _ = _checked(scores, reference)
    rows = rows.dropna(subset="school")
    cells = rows.groupby(["school", "group"], observed=True)["score"]
    cells = cells.agg(["size", "count", "mean", "sum"])
    squares = (rows["score"] ** 2).groupby([rows["school"], rows["group"]]).sum()
    inside = squares - (cells["sum"] ** 2 / cells["count"].where(cells["count"] > 0))
    freedom = (cells["count"] - 1).clip(lower=0).sum()
    variance = float(divide(inside.clip(lower=0).sum(), freedom))
    cells = cells.reset_index()
    base = cells[cells["group"] == reference].set_index("school")
    others = cells[cells["group"] != reference].reset_index(drop=True)
    against = base.reindex(others["school"]).reset_index(drop=True)
    size = others["count"].astype(float), against["count"].fillna(0)
    estimate = others["mean"] - against["mean"]
    error = np.sqrt(variance * (divide(1, size[0]) + divide(1, size[1])))
    frame = pd.DataFrame(
        {
            "school": others["school"],
            "group": others["group"],
            "population": others["count"],
            "reference_population": size[1].astype(int),
            "left_out": others["size"] - others["count"],
        }
    )
    return measure_table(
        frame,
        measure="gap in scores in the school",
        reference=reference,
        estimate=estimate,
        conf_low=estimate - z * error,
        conf_high=estimate + z * error,
        confidence=confidence,
        method="normal, pooled variance",
        standard_error=error,
        direction=HIGHER,
    )


class _Cells(NamedTuple):
    """Students and sums of scores: (redraws x) group and reference x schools."""

    size: np.ndarray
    total: np.ndarray
    square: np.ndarray

    @classmethod
    def of(cls, pair: pd.DataFrame, group: str) -> "_Cells":
        schools, names = pd.factorize(pair["school"])
        side = (pair["group"] != group).to_numpy(int)
        score = pair["score"].to_numpy(float)

        def added(weight: np.ndarray) -> np.ndarray:
            cells = np.zeros((2, len(names)))
            np.add.at(cells, (side, schools), weight)
            return cells

        return cls(added(np.ones(len(score))), added(score), added(score**2))

    @property
    def mixed(self) -> np.ndarray:
        return (self.size > 0).all(axis=-2)

    @property
    def effective(self) -> float:
        """Effective number of schools, of the group that has fewer."""
        return float(few_clusters.effective(self.size.T).min())

    @property
    def freedom(self) -> float:
        """Students beyond the first of their school, of the group that has fewer."""
        return float(np.maximum(self.size - 1, 0).sum(axis=-1).min())

    def without_each(self) -> "_Cells":
        """Leave out each school in turn, on the first axis."""
        kept = 1 - np.eye(self.size.shape[-1])[:, None, :]
        return _Cells(kept * self.size, kept * self.total, kept * self.square)

    def redraw_students(self, random: np.random.Generator, times: int) -> "_Cells":
        """Draw the sums of scores again, about normal, the sizes as they are.

        One spread of students within schools for each group: that of a school with few
        of them would be chance, and with one there is none.
        """
        inside = self.square - divide(self.total**2, self.size)
        freedom = np.maximum(self.size - 1, 0)
        pooled = divide(np.nansum(inside, axis=-1), freedom.sum(axis=-1))[:, None]
        error = np.sqrt(self.size * pooled)
        drawn = random.normal(self.total, error, size=(times, *self.size.shape))
        return _Cells(np.broadcast_to(self.size, drawn.shape), drawn, self.square)


def _left_out(cells: _Cells) -> np.ndarray:
    """Standard error by leaving out each school: the jackknife.

    Missing where a part is not known without one of the schools.
    """
    schools = cells.size.shape[-1]
    if schools < 2:
        return np.full(len(PARTS), np.nan)
    left = _parts(cells.without_each())
    apart = left - left.mean(axis=0)
    return np.sqrt((schools - 1) / schools * (apart**2).sum(axis=0))


def _parts(cells: _Cells) -> np.ndarray:
    """Compute the parts, in order, on the last axis."""
    size, total = cells.size, cells.total
    people = size.sum(axis=-1)
    everyone = people.sum(axis=-1)
    means = divide(total.sum(axis=-1), people)
    gap = means[..., 0] - means[..., 1]
    both = size.sum(axis=-2)
    # of each school the harmonic weight of a difference: none where one group is absent
    weight = divide(size[..., 0, :] * size[..., 1, :], both)
    weight = np.where(np.isnan(weight), 0, weight)
    inside = divide(total, size)
    apart = np.where(weight > 0, inside[..., 0, :] - inside[..., 1, :], 0)
    same = divide((weight * apart).sum(axis=-1), weight.sum(axis=-1))
    share = divide(size[..., 0, :], both)
    whole = divide(people[..., 0], everyone)
    spread = np.nansum(both * (share - whole[..., None]) ** 2, axis=-1)
    segregation = divide(spread, everyone * whole * (1 - whole))
    school = divide(total.sum(axis=-2), both)
    placed = divide(size, people[..., None])
    placement = np.nansum((placed[..., 0, :] - placed[..., 1, :]) * school, axis=-1)
    placement = np.where(np.isnan(gap), np.nan, placement)  # a sum of nothing is zero
    return np.stack(
        [
            gap,
            (1 - segregation) * same,
            segregation * same,
            gap - same,
            placement,
            gap - placement,
            same,
            segregation,
        ],
        axis=-1,
    )


def _words(
    found: np.ndarray, low: np.ndarray, cells: _Cells, redraw: str
) -> np.ndarray:
    people = cells.size.sum(axis=-1)
    unknown = NOT_MIXED if people.all() else NOBODY
    few = redraw == SCHOOLS and cells.size.shape[-1] < ENOUGH
    return np.select(
        [np.isnan(found), np.isnan(low)],
        [unknown, ONE_SCHOOL],
        FEW_SCHOOLS if few else KNOWN,
    )


def _checked(scores: pd.DataFrame, reference: str) -> tuple[pd.DataFrame, list[str]]:
    """Take the columns used, groups as words, and the groups in their order."""
    require_columns(scores, ["school", "group", "score"])
    group, score = scores["group"], numbers(scores, "score")
    for bad, what in (
        (group.isna().to_numpy(), "column group is missing"),
        (np.isinf(score), "column score is not finite"),
    ):
        if bad.any():
            raise InputError(f"{what} in {bad.sum()} of {len(bad)} rows")
    if isinstance(group.dtype, pd.CategoricalDtype):
        names = [str(name) for name in group.cat.categories]
    else:
        names = sorted(group.astype(str).unique())
    position_of(pd.DataFrame({"group": names}), reference)
    rows = pd.DataFrame(
        {"school": scores["school"], "group": group.astype(str), "score": score}
    )
    return rows, names
