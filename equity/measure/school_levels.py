"""Gaps of schools from counts by level: HETOP, averaged over grades, then shrunk.

Where only counts per level are published, a school's gap is a difference between two
means that the heteroskedastic ordered probit finds for its groups, on a scale that all
schools of a grade share (`hetop`). A small school's gap is mostly chance, so each is
pulled to the mean of schools as far as chance may have moved it (`shrinkage`).
"""

import numpy as np
import pandas as pd

from equity.measure import binormal, hetop, hetop_parts, hetop_tables, shrinkage
from equity.measure.masked_gaps import WIDE  # one rule for all gaps of a page
from equity.measure.table import HIGHER, divide, measure_table, require_columns

ENDS = ["students_low", "students_high"]
CELLS = ["year", "subject", "grade", "school", "race"]
COVERED = 0.8  # least share of a group's students an average over grades must rest on
ENOUGH = 5  # schools with an estimate, below which their mean is not estimated
FEW_SCHOOLS = f"not known: fewer than {ENOUGH} schools"
TOO_WIDE = "not known: too much is hidden"
EXACT, MASKED = "exact counts", "hidden counts as bounds"
COMMON_SPREAD = "one spread for all groups where students are at two levels only"


def gaps(
    levels: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate each school's gap on each subject, pulled to the mean of schools.

    Parameters
    ----------
    levels
        Tidy `levels` of one year: `school, year, subject, grade, race, level,
        students, students_low, students_high`.
    reference
        The group that others are compared with, within each school.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject``, ``group`` and ``school`` where the gap is known for
        four fifths of the group's students, and masked counts leave it open by no more
        than half a standard deviation (as in `masked_gaps`): ``bound_low`` and
        ``bound_high`` (the school's own gap, were masked counts the worst or the best
        for the group),
        ``population`` (missing where masked), its bounds, those of the reference
        (``reference_population``), the columns of `shrinkage.shrink`, and a
        ``measure`` of its own for each subject; schools by name. In standard
        deviations of all students of the grade.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    Grades are different students and have a scale each; a school's gap is the average
    of its grades', by where the group's students are. A count that is masked is a bound
    in the fit. Gaps that rest on a rule of `hetop` have no error, and are left out.
    Where masked counts leave a number of students open, the error is that of the
    fewest.

    A grade whose students are at two levels only (proficient or not) tells no spread of
    a group, so one spread is taken for all of them there; ``method`` says so. A grade
    without a student of the reference is left out.

    References
    ----------
    Reardon, Shear, Castellano and Ho (2017), Journal of Educational and Behavioral
    Statistics 42(1), 3-45; and those of `shrinkage`.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> rows = [
    ...     (f"s{n}", race, level, students) for n in range(6)
    ...     for race, mean in (("Black", -0.5), ("White", 0.0))
    ...     for level, students in enumerate(np.bincount(np.searchsorted(
    ...         [-0.8, 0.2, 1.0], random.normal(mean, 1, 80)), minlength=4))]
    >>> levels = pd.DataFrame(rows, columns=["school", "race", "level", "students"])
    >>> levels = levels.assign(year="2025", subject="Reading", grade="3",
    ...     students_low=levels["students"], students_high=levels["students"])
    >>> levels["level"] = pd.Categorical(levels["level"], ordered=True)
    >>> found = gaps(levels, reference="White")
    >>> found[["school", "group", "population"]].head(2).values.tolist()
    [['s0', 'Black', 80], ['s1', 'Black', 80]]
    """
    require_columns(levels, [*CELLS, "level", "students", *ENDS])
    if levels.empty or reference not in set(levels["race"].astype(str)):
        return _nothing()
    found = [
        _of_grade(test, reference)
        for _, test in levels.groupby(["year", "subject", "grade"], observed=True)
        if reference in set(test["race"].astype(str))
    ]
    schools = _averaged(pd.concat(found, ignore_index=True))
    shrunk = [
        shrinkage.shrink(some.reset_index(drop=True), confidence=confidence)
        for _, some in schools.groupby(["subject", "group"], sort=True)
    ]
    if not shrunk:
        return _nothing()
    table = pd.concat(shrunk, ignore_index=True)
    measure = "shrunken gap from counts by level, " + table["subject"]
    common = table.pop("common")
    method = table["method"].mask(common, table["method"] + f"; {COMMON_SPREAD}")
    return table.assign(reference=reference, measure=measure, method=method)


def means(schools: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Average the gaps of schools: the gap among students of the same school.

    Parameters
    ----------
    schools
        From `gaps`, or from `scored.schools`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject`` and ``group``, and one of zero for the reference:
        ``population_low`` and ``population_high`` (students of the group in these
        schools), ``population``, ``units`` (schools), the measure columns,
        ``bound_low`` and ``bound_high`` if schools have them, ``spread`` (standard
        deviation of schools' true gaps), ``p_value`` (of the test that all are equal),
        ``direction`` and ``reliability``, in words. With fewer than five schools, or
        bounds more than half a standard deviation apart, the bounds stand alone; with
        fewer than three there are none. A group known in another subject alone has
        its row too, of no schools.

    Notes
    -----
    Schools count by how sure their gap is, and all alike where they truly differ much
    (random effects, REML). Between schools nothing is compared.

    The bounds are the means of schools' own bounds, each school counting as it does in
    the estimate. Limits lie beyond them by what chance may do: Hartung and Knapp's
    half-width, the widest of those of the estimates and of both bounds. They cover what
    hidden counts allow and chance together. With three or four schools that half-width
    is three to four times the error and rests on a spread that is hardly known: so no
    mean is estimated of fewer than five.

    References
    ----------
    Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293.
    Hartung and Knapp (2001), Statistics in Medicine 20, 3875-3889. Horowitz and Manski
    (2000), JASA 95, 77-84 (limits that cover bounds).

    Examples
    --------
    >>> schools = pd.DataFrame({"subject": "Reading", "group": "Black",
    ...     "school": list("abcde"), "observed": [-0.5, -0.6, -0.4, -0.7, -0.3],
    ...     "standard_error": 0.1, "population": 40, "reference": "White"})
    >>> found = means(schools)
    >>> found[["group", "estimate", "conf_low", "conf_high", "units"]].round(2)
       group  estimate  conf_low  conf_high  units
    0  Black      -0.5      -0.7       -0.3      5
    1  White       0.0       NaN        NaN      5
    """
    require_columns(schools, ["subject", "group", "school", "reference"])
    if schools.empty:
        return _nothing().drop(columns="school")
    reference = str(schools["reference"].iloc[0])
    rows = [
        {"subject": subject, "group": str(group), **_mean(some, confidence)}
        for (subject, group), some in schools.groupby(["subject", "group"], sort=True)
    ]
    groups = sorted(set(schools["group"].astype(str)))
    for subject, some in schools.groupby("subject", sort=True):
        rows += [
            {"subject": subject, "group": group, "units": 0, "low": 0, "high": 0,
             "reliability": FEW_SCHOOLS}
            for group in groups
            if group not in set(some["group"].astype(str))
        ]  # fmt: skip
        known = some.drop_duplicates("school")
        rows.append(
            {"subject": subject, "group": reference, "units": len(known),
             "low": _people(known, "low", "reference_"),
             "high": _people(known, "high", "reference_"), "estimate": 0.0,
             "reliability": binormal.ITSELF}
        )  # fmt: skip
    table = pd.DataFrame(rows).sort_values(["subject", "group"], ignore_index=True)
    low, high = (table[end].astype("Int64") for end in ("low", "high"))
    labels = table[["subject", "group", "units"]].assign(
        population=low.where(low == high), population_low=low, population_high=high
    )
    return measure_table(
        labels,
        measure="gap in the same school",
        reference=reference,
        estimate=table["estimate"],
        conf_low=table["conf_low"],
        conf_high=table["conf_high"],
        confidence=confidence,
        method="mean of schools' gaps, random effects (REML), Hartung-Knapp",
        **{name: table[name] for name in ("bound_low", "bound_high") if name in table},
        spread=table["spread"],
        p_value=table["p_value"],
        direction=HIGHER,
        reliability=table["reliability"],
    )


def _mean(schools: pd.DataFrame, confidence: float) -> dict:
    """Average the schools of one group; limits lie beyond the bounds."""
    ends = [end for end in ("bound_low", "bound_high") if end in schools]
    fits = {
        name: shrinkage.between_units(
            schools.assign(estimate=schools[name]),
            limits=shrinkage.HARTUNG_KNAPP,
            confidence=confidence,
        )
        for name in ("observed", *ends)
    }
    mean, spread = fits["observed"].iloc[0], fits["observed"].iloc[1]["estimate"]
    weight = 1 / (schools["standard_error"] ** 2 + spread**2)
    bounds = {
        end: (schools[end] * weight).sum(skipna=False) / weight.sum() for end in ends
    }
    low, high = [bounds[end] for end in ends] or [mean["estimate"]] * 2
    firsts = [fit.iloc[0] for fit in fits.values()]
    error = max((fit["conf_high"] - fit["conf_low"]) / 2 for fit in firsts)
    few, wide = mean["units"] < ENOUGH, not (high - low <= WIDE)
    least, most = (_people(schools, end) for end in ("low", "high"))
    words = _words(schools, exact=np.isclose(low, high) and least == most)
    found = {
        "units": mean["units"],
        "low": least,
        "high": most,
        **bounds,
        "estimate": mean["estimate"],
        "conf_low": low - error,
        "conf_high": high + error,
        "spread": spread,
        "p_value": mean["p_value"],
        "reliability": FEW_SCHOOLS if few else TOO_WIDE if wide else words,
    }
    if few or wide:
        estimated = ("estimate", "conf_low", "conf_high", "spread", "p_value")
        found |= dict.fromkeys(estimated, np.nan)
    return found


def _words(schools: pd.DataFrame, *, exact: bool) -> str:
    """What a mean rests on."""
    words = [EXACT if exact else MASKED] if "bound_low" in schools else []
    if "method" in schools and schools["method"].str.contains(COMMON_SPREAD).any():
        words.append(COMMON_SPREAD)
    return "; ".join(words) or "gaps of schools"


def _people(schools: pd.DataFrame, end: str, of: str = "") -> int | None:
    """Students of the schools at one end of the bounds; None if not known."""
    name = f"{of}population"
    column = f"{name}_{end}" if f"{name}_{end}" in schools else name
    if column not in schools or schools[column].isna().any():
        return None
    return int(schools[column].sum())


def _of_grade(test: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Fit one grade's schools together; the gaps with their errors, where known."""
    named = {"school": "unit", "race": "group"}
    counts = test.rename(columns=named)
    counts = counts.assign(group=counts["group"].astype(str))
    cells = ["unit", "group", "level", "students", *ENDS]
    common = _taken(counts) <= 2
    spread = hetop_parts.COMMON_SPREAD if common else hetop_parts.OWN_SPREAD
    found = hetop.gaps(counts[cells], reference=reference, spread=spread)
    found = found[found["measure"] == hetop_tables.GAP]
    found = found[found["group"] != reference]
    people = counts.groupby(["unit", "group"], observed=True)[ENDS].sum()
    own = people.reindex(pd.MultiIndex.from_frame(found[["unit", "group"]]))
    base = people.reindex([(unit, reference) for unit in found["unit"]])
    error = found["standard_error"].to_numpy() * _fewest(own, base)
    return pd.DataFrame(
        {
            "subject": test["subject"].iloc[0],
            "school": found["unit"].to_numpy(),
            "group": found["group"].to_numpy(),
            "low": own[ENDS[0]].to_numpy(),
            "high": own[ENDS[1]].to_numpy(),
            "base_low": base[ENDS[0]].to_numpy(),
            "base_high": base[ENDS[1]].to_numpy(),
            "bound_low": found["case_low"].to_numpy(),
            "bound_high": found["case_high"].to_numpy(),
            "estimate": found["estimate"].to_numpy(),
            "standard_error": error,
            "common": common,
        }
    )


def _taken(counts: pd.DataFrame) -> int:
    """Count the levels at which anybody is, or may be."""
    most = counts["students_high"].fillna(np.inf)
    return int((most.groupby(counts["level"], observed=True).sum() > 0).sum())


def _fewest(*groups: pd.DataFrame) -> np.ndarray:
    """How many times larger the error of a gap is with the fewest students.

    The error goes by the root of one over the students of one group and of the other;
    the fit takes about as many as the middle of the bounds.
    """
    fewest, middle = (
        sum(1 / np.maximum(students.to_numpy(float), 1) for students in some)
        for some in (
            [group[ENDS[0]] for group in groups],
            [group[ENDS].mean(axis=1) for group in groups],
        )
    )
    return np.sqrt(fewest / middle)


def _averaged(found: pd.DataFrame) -> pd.DataFrame:
    """Average over grades by the group's students; too few known, no gap."""
    people = ((found["low"] + found["high"]) / 2).fillna(0)
    known = found["estimate"].notna() & (found["standard_error"] > 0)
    found = found.assign(
        people=people,
        known=people.where(known, 0),
        gap=(people * found["estimate"]).where(known, 0),
        least=(people * found["bound_low"]).where(known, 0),
        most=(people * found["bound_high"]).where(known, 0),
        square=((people * found["standard_error"]) ** 2).where(known, 0),
        common=found["common"] & known,
    )
    keys = ["subject", "group", "school"]
    sums = found.groupby(keys, sort=True, observed=True).sum(numeric_only=True)
    for end in ("least", "most"):  # without an end in one grade there is none
        open_ended = found[end].isna().groupby([found[key] for key in keys]).any()
        sums[end] = sums[end].mask(open_ended)
    sums = sums.reset_index()
    enough = (sums["known"] > 0) & (sums["known"] >= COVERED * sums["people"])
    enough &= (sums["most"] - sums["least"]) <= WIDE * sums["known"]
    sums = sums[enough].reset_index(drop=True)
    table = sums[keys].assign(
        estimate=divide(sums["gap"], sums["known"]),
        standard_error=divide(np.sqrt(sums["square"]), sums["known"]),
        bound_low=divide(sums["least"], sums["known"]),
        bound_high=divide(sums["most"], sums["known"]),
        common=sums["common"] > 0,
    )
    for name, ends in (
        ("population", ("low", "high")),
        ("reference_population", ("base_low", "base_high")),
    ):
        low, high = (sums[end].astype("Int64") for end in ends)
        table[name] = low.where(low == high)
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    return table


def _nothing() -> pd.DataFrame:
    columns = ["subject", "group", "school", "estimate", "reference"]
    return pd.DataFrame({name: [] for name in columns})
