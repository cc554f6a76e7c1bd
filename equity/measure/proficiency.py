"""Gaps in achievement: from students per proficiency level, and from scores.

A gap between proficiency *rates* depends on where the line was drawn: moving the cut
can shrink, widen or turn round the same difference between two groups. The measures
here do not, or show it at every cut.

**Terms**

V
    The gap in standard deviations that two normal distributions would have which
    overlap as the two groups do: the square root of two times the normal deviate of
    the chance that a student of the group scores above one of the reference. It needs
    only the order of scores, so levels are enough, and any rescaling of the test
    leaves it as it is.
spread
    The standard deviation of a group over that of the reference.
transformed gap at a cut
    The difference of the normal deviates of the two shares above a cut. It is the
    same at every cut if both groups are normal with equal spread.

Frames of levels have one row per ``group`` and ``level`` with ``students``; ``level``
is an ordered category, or a number, from lowest to highest. A pair without a row has
nobody; a missing count is not known, and neither is what it enters. Where counts are
masked, see `hetop`, which takes their bounds; it also puts many groups on one scale.
Gaps are group less reference: below zero, the group scores lower.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from equity.errors import InputError
from equity.measure import binormal, few_clusters, intervals, table
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import HIGHER, divide, measure_table, numbers, position_of

V = "standardized gap V"
SHARE, TRANSFORMED = "share at or above the level", "transformed gap at the cut"


def v_of_levels(
    levels: pd.DataFrame,
    *,
    reference: str,
    within: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate V between each group and the reference from counts per level.

    Parameters
    ----------
    levels
        One row per ``group`` and ``level``, with ``students``.
    reference
        The ``group`` all others are compared with.
    within
        Columns whose values are compared apart, such as ``subject`` and ``grade``.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per value of ``within`` and ``group``: ``population`` (students),
        ``reference_population``, the measure columns, ``standard_error``, ``spread``,
        ``v_ties_half`` (V if students of one level were equal, which is too near
        zero: the coarser the levels, the more), ``direction``, ``reliability`` (how it
        was fitted, or why it is not known). ``estimate`` is in standard deviations.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or infinite, a group has no name, or levels have no
        order.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    Cuts, mean and spread of the pair are fitted together by maximum likelihood; the
    error is that of Fisher's information. V divides by the root mean square of the two
    standard deviations. With fewer than three levels with students in either group its
    spread cannot be told, and equal spread is assumed and said. Students count as
    independent of one another.

    References
    ----------
    Ho (2009), Journal of Educational and Behavioral Statistics 34, 201-228. Ho and
    Reardon (2012), the same 37, 489-517. Dorfman and Alf (1969), Journal of
    Mathematical Psychology 6, 487-496 (fit).

    Examples
    --------
    >>> levels = pd.DataFrame({"group": ["Black"] * 4 + ["White"] * 4,
    ...                        "level": [1, 2, 3, 4] * 2,
    ...                        "students": [260, 310, 180, 50, 120, 260, 410, 210]})
    >>> found = v_of_levels(levels, reference="White")
    >>> found[["group", "estimate", "conf_low", "conf_high", "spread"]].round(2)
       group  estimate  conf_low  conf_high  spread
    0  Black     -0.78     -0.89      -0.68    0.98
    1  White      0.00       NaN        NaN    1.00
    """
    counted = _counted(levels, within)
    rows = []
    for keys, counts in _parts(counted, within, reference):
        base = counts.loc[reference].to_numpy()
        for group, students in zip(counts.index, counts.to_numpy(), strict=True):
            same = group == reference
            gap = binormal.itself() if same else binormal.of_counts(students, base)
            rows.append(
                {
                    **keys,
                    "group": group,
                    "population": students.sum(),
                    "reference_population": base.sum(),
                    **gap._asdict(),
                    "ties": binormal.auc_of_counts(students, base),
                }
            )
    found = pd.DataFrame(rows)
    return _measured(
        found,
        [*within, "group", "population", "reference_population"],
        reference,
        confidence,
        spread=found["spread"],
        v_ties_half=binormal.v_of_auc(found["ties"]),
    )


def v_of_scores(
    scores: pd.DataFrame,
    *,
    reference: str,
    within: Sequence[str] = (),
    clustered: bool = False,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate V between each group and the reference from scores of students.

    Parameters
    ----------
    scores
        One row per student: ``group``, ``score`` (missing if not tested) and, if
        ``clustered``, ``school``.
    reference, within, confidence
        As in `v_of_levels`.
    clustered
        Students of one school are alike; take schools, not students, as independent.

    Returns
    -------
    DataFrame
        As `v_of_levels`, with ``auc`` (the chance that a student of the group scores
        above one of the reference, ties half) and ``without_score`` (students of the
        group who have none, and are left out) in place of ``spread`` and
        ``v_ties_half``.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a score is infinite, or a group, or a school if ``clustered``, has no name.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    No distribution is assumed for the error of the chance; the normal deviate carries
    it over to V. Clustered limits are Student's t with one degree of freedom less than
    the effective number of schools of the group that has fewer; with few schools (under
    about 20) they are too narrow all the same.

    References
    ----------
    Ho (2009), Journal of Educational and Behavioral Statistics 34, 201-228. DeLong,
    DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845 (error). Obuchowski
    (1997), Biometrics 53, 567-578 (clusters).

    Examples
    --------
    >>> scores = pd.DataFrame({"group": ["Black"] * 4 + ["White"] * 4,
    ...                        "score": [210, 230, 240, 260, 220, 240, 250, 270]})
    >>> v_of_scores(scores, reference="White")[["group", "auc", "estimate"]].round(3)
       group    auc  estimate
    0  Black  0.344    -0.569
    1  White  0.500     0.000
    """
    table.require_columns(scores, ["group", "score", *within])
    if clustered:
        table.require_columns(scores, ["school"])
        _refuse(scores["school"].isna(), "column school is missing")
    _refuse(scores["group"].isna(), "column group is missing")
    score = numbers(scores, "score")
    _refuse(np.isinf(score), "column score is not finite")
    named = scores.assign(score=score, group=scores["group"].astype(str))
    groups = _names(scores["group"], reference)
    rows = []
    for keys, part in _each(named, within):
        tested = part.dropna(subset="score")
        base = tested[tested["group"] == reference]
        for group in groups:
            own = tested[tested["group"] == group]
            gap, auc = _of_scores(own, base, clustered)
            rows.append(
                {
                    **keys,
                    "group": group,
                    "population": len(own),
                    "reference_population": len(base),
                    "without_score": (part["group"] == group).sum() - len(own),
                    **(binormal.itself() if group == reference else gap)._asdict(),
                    "auc": auc,
                    "freedom": _freedom(own, base) if clustered else np.inf,
                }
            )
    found = pd.DataFrame(rows)
    counts = ["group", "population", "reference_population", "without_score"]
    return _measured(found, [*within, *counts], reference, confidence, auc=found["auc"])


def at_each_cut(
    levels: pd.DataFrame,
    *,
    reference: str,
    within: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare the shares at or above each level: how the gap depends on the cut.

    Parameters
    ----------
    levels, reference, within, confidence
        As in `v_of_levels`.

    Returns
    -------
    DataFrame
        One row per value of ``within``, ``level`` (all but the lowest), ``group`` and
        ``statistic``: ``events`` (students at or above the level), ``population``, the
        measure columns and ``direction``. The measure "share at or above the level"
        has ``level`` (proportion), ``difference`` (of proportions) and ``ratio``; the
        measure "transformed gap at the cut" has ``difference``, in standard
        deviations, and is missing where nobody or everybody is above.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or infinite, a group has no name, or levels have no
        order.
    UnknownGroupError
        If ``reference`` is no group of the table.

    Notes
    -----
    A difference in proficiency rates, or their ratio, is a statement about one cut. If
    differences vary between cuts and transformed gaps do not, it is the cut that moved.

    References
    ----------
    Holland (2002), Journal of Educational and Behavioral Statistics 27, 3-17. Ho
    (2008), Educational Researcher 37, 351-360. Wilson (1927), JASA 22, 209-212
    (shares); Newcombe (1998), Statistics in Medicine 17, 873-890 (differences); Donner
    and Zou (2012), Statistical Methods in Medical Research 21, 347-359 (ratios).

    Examples
    --------
    >>> levels = pd.DataFrame({"group": ["Black"] * 4 + ["White"] * 4,
    ...                        "level": [1, 2, 3, 4] * 2,
    ...                        "students": [260, 310, 180, 50, 120, 260, 410, 210]})
    >>> found = at_each_cut(levels, reference="White")
    >>> gaps = found.query("statistic == 'difference' and group == 'Black'")
    >>> gaps.pivot(index="measure", columns="level", values="estimate").round(2)
    level                            2     3     4
    measure
    share at or above the level  -0.20 -0.33 -0.15
    transformed gap at the cut   -0.72 -0.87 -0.73
    """
    counted = _counted(levels, within)
    tables = [
        _cut(counts, keys, level, reference, confidence)
        for keys, counts in _parts(counted, within, reference)
        for level in counts.columns[1:]
    ]
    return pd.concat(tables, ignore_index=True)


def _of_scores(
    group: pd.DataFrame, base: pd.DataFrame, clustered: bool
) -> tuple[binormal.Gap, float]:
    """Find V of two sets of scores, and the chance it is made of."""
    own, other = group["score"].to_numpy(), base["score"].to_numpy()
    if not (len(own) and len(other)):
        return binormal.unknown(binormal.NOBODY), np.nan
    placed = _placed(own, other)  # of each of the group, the share of others below it
    placed_other = 1 - _placed(other, own)
    auc = float(placed.mean())
    if auc in (0.0, 1.0):
        return binormal.unknown(binormal.NO_OVERLAP), auc
    if min(len(own), len(other)) < 2:
        return binormal.unknown(binormal.ONE_STUDENT), auc
    if clustered:
        parts = [(placed - auc) / len(own), (placed_other - auc) / len(other)]
        schools = pd.concat([group["school"], base["school"]]).to_numpy()
        sums = pd.Series(np.concatenate(parts)).groupby(schools).sum().to_numpy()
        variance = float(divide(len(sums), len(sums) - 1)) * (sums @ sums)
    else:
        variance = placed.var(ddof=1) / len(own) + placed_other.var(ddof=1) / len(other)
    gap = binormal.Gap(
        estimate=float(binormal.v_of_auc(auc)),
        standard_error=float(np.sqrt(2 * variance) / norm.pdf(norm.ppf(auc))),
        spread=np.nan,
        method=binormal.CLUSTERED if clustered else binormal.PLACED,
        reliability=binormal.NO_SHAPE,
    )
    return gap, auc


def _freedom(group: pd.DataFrame, base: pd.DataFrame) -> float:
    """Effective schools less one, of the group that has fewer."""
    sizes = (part.groupby("school").size().to_numpy() for part in (group, base))
    return float(min(few_clusters.effective(size) for size in sizes)) - 1


def _placed(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Share of the second below each of the first, equals counted half."""
    among = np.sort(among)
    below = np.searchsorted(among, values, "left")
    return (below + np.searchsorted(among, values, "right")) / (2 * len(among))


def _cut(
    counts: pd.DataFrame, keys: dict, level: object, reference: str, confidence: float
) -> pd.DataFrame:
    """Compare shares at or above one level, in every way."""
    frame = pd.DataFrame(
        {
            **keys,
            "level": level,
            "group": counts.index,
            "events": counts.loc[:, level:].sum(axis=1, skipna=False).to_numpy(),
            "population": counts.sum(axis=1, skipna=False).to_numpy(),
        }
    )
    base = position_of(frame, reference)
    events, population = numbers(frame, "events"), numbers(frame, "population")
    share = divide(events, population)
    own = (share, *intervals.wilson(events, population, confidence))
    other = tuple(value[base] for value in own)
    deviate = binormal.v_of_auc(share) / np.sqrt(2)
    square = divide(share * (1 - share), population * norm.pdf(deviate) ** 2)
    width = table.normal_quantile(confidence) * np.sqrt(square + square[base])
    gap = deviate - deviate[base]
    compared = [
        (LEVEL, SHARE, *own, "Wilson score"),
        (
            *(DIFFERENCE, SHARE, share - share[base]),
            *intervals.mover_difference(*own, *other),
            "Newcombe hybrid score",
        ),
        (
            *(RATIO, SHARE, divide(share, share[base])),
            *intervals.mover_ratio(*own, *other),
            "MOVER ratio",
        ),
        (DIFFERENCE, TRANSFORMED, gap, gap - width, gap + width, "delta method"),
    ]
    return pd.concat(
        [
            measure_table(
                frame.assign(statistic=statistic),
                measure=measure,
                reference=None if statistic == LEVEL else reference,
                estimate=value,
                conf_low=_limit(low, statistic, base),
                conf_high=_limit(high, statistic, base),
                confidence=confidence,
                method=method,
                direction=HIGHER,
            )
            for statistic, measure, value, low, high, method in compared
        ],
        ignore_index=True,
    )


def _limit(limit: np.ndarray, statistic: str, base: int) -> np.ndarray:
    return limit if statistic == LEVEL else table.without_reference(limit, base)


def _measured(
    found: pd.DataFrame,
    given: list[str],
    reference: str,
    confidence: float,
    **further: object,
) -> pd.DataFrame:
    """Make the measure table of gaps."""
    freedom = found.get("freedom", np.inf)
    quantile = few_clusters.quantile(freedom, confidence)
    width = quantile * found["standard_error"]
    return measure_table(
        found[given],
        measure=V,
        reference=reference,
        estimate=found["estimate"],
        conf_low=found["estimate"] - width,
        conf_high=found["estimate"] + width,
        confidence=confidence,
        method=found["method"],
        standard_error=found["standard_error"],
        **further,
        direction=HIGHER,
        reliability=found["reliability"],
    )


def _counted(levels: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    """Check a frame of levels."""
    table.require_columns(levels, ["group", "level", "students", *within])
    level = levels["level"]
    ordered = isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered
    if not (ordered or pd.api.types.is_numeric_dtype(level)):
        raise InputError(
            "column level has no order; make it an ordered category, or numbers, "
            "from the lowest level to the highest"
        )
    _refuse(level.isna(), "column level is missing")
    _refuse(levels["group"].isna(), "column group is missing")
    students = numbers(levels, "students")
    _refuse(students < 0, "column students is negative")
    _refuse(np.isinf(students), "column students is not finite")
    return levels.assign(students=students)


def _parts(
    counted: pd.DataFrame, within: Sequence[str], reference: str
) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Go through the parts as groups x levels; who has no row has nobody."""
    groups = _names(counted["group"], reference)
    levels = _ordered(counted["level"])
    cells = pd.MultiIndex.from_product([groups, levels])
    for keys, part in _each(counted, within):
        names = [part["group"].astype(str), part["level"].astype(object)]
        missing = part["students"].isna().groupby(names).any()
        # a sum with a missing count is missing
        sums = part["students"].groupby(names).sum().mask(missing)
        counts = sums.reindex(cells, fill_value=0.0).to_numpy()
        shape = len(groups), len(levels)
        yield keys, pd.DataFrame(counts.reshape(shape), groups, levels)


def _each(
    frame: pd.DataFrame, within: Sequence[str]
) -> Iterator[tuple[dict, pd.DataFrame]]:
    if not within:
        yield {}, frame
        return
    for keys, part in frame.groupby(list(within), observed=True):
        yield dict(zip(within, keys, strict=True)), part


def _ordered(level: pd.Series) -> list:
    if isinstance(level.dtype, pd.CategoricalDtype):
        return list(level.cat.categories)
    return sorted(level.unique())


def _names(group: pd.Series, reference: str) -> list[str]:
    """List the groups, the categories with nobody too, and refuse a reference."""
    if isinstance(group.dtype, pd.CategoricalDtype):
        names = [str(name) for name in group.cat.categories]
    else:
        names = sorted(group.astype(str).unique())
    position_of(pd.DataFrame({"group": names}), reference)
    return names


def _refuse(bad: pd.Series | np.ndarray, what: str) -> None:
    if np.any(bad):
        raise InputError(f"{what} in {int(np.sum(bad))} of {len(bad)} rows")
