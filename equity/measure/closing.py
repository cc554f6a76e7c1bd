"""Is it closing? The change of a gap over the years, told from noise.

**Terms**

change
    The gap of the last year less that of the first; it knows no other year.
trend
    The slope of a straight line through the gaps of all years, each weighted by how
    surely it is known.
closing, widening
    The *size* of the gap, whatever its sign, became smaller or larger, and chance
    alone is no good explanation.
break
    A year in which the test, or the line of passing it, changed. Gaps before and
    after are of different things, and nothing is estimated across it.

A gap changes for three reasons that have nothing to do with what students learned:
noise, which limits are for; a break, which splits the series; and other students being
tested, for which `same_mix` holds the mix of schools.

Frames have one row per ``year`` and ``group``, with ``estimate`` (the gap, group less
reference) and its error: tables of `outcomes.by_year` through `of_outcomes`, and
yearly tables of V or HETOP gaps as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit
from scipy.stats import norm

from equity.errors import ColumnNotFoundError, InputError
from equity.measure.redraws import DIFFERENCE
from equity.measure.table import (
    check_confidence,
    divide,
    measure_table,
    numbers,
    require_columns,
    select,
)

CHANGE, TREND = "change", "trend"
MEASURES = {CHANGE: "change of the gap", TREND: "change of the gap in a year"}
METHODS = {
    CHANGE: "normal, two independent years",
    TREND: "weighted least squares over years",
}
CLOSING, WIDENING = "closing", "widening"
NOISE = "no change told from noise"
HIDDEN = "not known: hidden counts alone could explain a change"
SIDES = "not known: the gap is on another side of zero, or may be"
NO_GAP = "not known: the gap of the first or the last year is not"
FEW = "not known: fewer than 3 years"
BREAK = "not known: the test or its cut changed in "
LEAST = 3  # years that a trend needs
COLUMNS = [
    *("group", "from", "to", "years", "breaks", "statistic", "events", "population"),
    *("first", "last", "change_low", "change_high"),
]


def of_outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Take the gaps of every year, with what sampling and hidden counts leave open.

    Parameters
    ----------
    table
        What `outcomes.by_year` returns, of one outcome.

    Returns
    -------
    DataFrame
        One row per ``year`` and ``group``: ``events`` and ``population`` (missing where
        masked), ``measure``, ``reference``, ``estimate`` (the gap in rates, a
        proportion), ``standard_error`` (sampling alone), ``low`` and ``high`` (the
        least and the most gap that the published counts allow).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    Errors are those of Agresti and Caffo: one student more with the outcome, and one
    without, in each group, so that rates of all or none are not certain. Where counts
    are masked they are taken at the middle rate and the fewest students.

    References
    ----------
    Agresti and Caffo (2000), The American Statistician 54, 280-288.

    Examples
    --------
    >>> from equity.measure import outcomes
    >>> race = pd.Categorical(["Black", "White"], ["Black", "White"])
    >>> cohorts = pd.DataFrame({
    ...     "outcome": "graduation", "race": race, "population": 100, "year": "2024",
    ...     "events_low": [70, 80], "events_high": [72, 80]})
    >>> table = outcomes.by_year(cohorts, outcome="graduation", reference="White")
    >>> of_outcomes(table)[["group", "estimate", "standard_error", "low"]].round(3)
       group  estimate  standard_error  low
    0  Black     -0.09            0.06 -0.1
    1  White      0.00             NaN  0.0
    """
    ends = ["events_low", "events_high", "others_low", "others_high"]
    require_columns(table, ["year", "statistic", "group", "rate_low", *ends])
    rows = select(table, statistic=DIFFERENCE)
    low, high, fewest, most, without, others = (
        numbers(rows, name) for name in ("rate_low", "rate_high", *ends)
    )
    size = np.minimum(fewest + others, most + without)
    smooth = ((low + high) / 2 * size + 1) / (size + 2)
    variance = smooth * (1 - smooth) / (size + 2)
    base = (rows["group"] == rows["reference"]).to_numpy(bool)
    years = rows["year"].astype(str)
    values = pd.DataFrame({"low": low, "high": high, "variance": variance})
    against = values[base].set_axis(years[base]).reindex(years)
    against = {name: against[name].to_numpy() for name in values}
    error = np.sqrt(variance + against["variance"])
    return rows[["year", "group", "events", "population"]].assign(
        measure=rows["measure"],
        reference=rows["reference"],
        estimate=rows["estimate"],
        standard_error=np.where(base, np.nan, error),
        low=np.where(base, 0, low - against["high"]),
        high=np.where(base, 0, high - against["low"]),
    )


def change(
    gaps: pd.DataFrame,
    *,
    breaks: Mapping[str, str] | Sequence[str] = (),
    within: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Say of each group whether its gap is closing, widening, or not told to change.

    Parameters
    ----------
    gaps
        One row per ``year`` (text or number; the first four digits count) and
        ``group``, with ``estimate`` and ``standard_error``, or ``conf_low``,
        ``conf_high`` and ``confidence``. Where counts are hidden, also ``low`` and
        ``high`` (or HETOP's ``case_low``, ``case_high``), the least and the most gap.
        Rows of the ``reference`` itself are left out.
    breaks
        The first years of a new test or cut, perhaps with words on what changed.
    within
        Columns whose values are series of their own, such as ``subject``.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        For each group, run of years without a break, and ``statistic`` ("change",
        "trend"): ``from`` and ``to`` (years), ``years`` (with a known gap), ``breaks``
        (inside the run), ``events`` and ``population`` (of the year in which the
        smaller of both sides is smallest), ``first`` and ``last`` (gaps; on the line,
        for a trend), ``change_low`` and ``change_high`` (what hidden counts allow), the
        measure columns, ``standard_error``, ``p_value`` (of no change, the largest that
        hidden counts allow), ``overdispersion``, ``size_change`` with ``size_low`` and
        ``size_high`` (of the size of the gap; below zero it became smaller; limits
        only where both ends are on one side of zero) and ``reliability``, in words.
        With a break, the whole period comes first, and is not known.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a year is none, a group has two rows in one, a break is not a year of the
        table, or ``low`` exceeds ``high``.

    Notes
    -----
    The change takes the students of two years as different ones. The trend multiplies
    its error by the root of the over-dispersion (the squared distances of the gaps from
    the line, in standard errors, over the years less two) where that exceeds one, and
    then takes Student's quantile: with three years, a gap that jumps about says little.
    Limits hold sampling at both ends of what hidden counts allow.

    A gap is *closing* only if two things are told from zero: its change, and the sum of
    its first and last size; their signs then differ. So a gap of -2 points that becomes
    one of +5 is widening, and one that may have crossed zero is not known.

    Where each of several groups is judged at 95 percent, one of twenty that do not
    change will be called closing or widening by chance.

    References
    ----------
    Draper and Smith (1998), Applied Regression Analysis, 3rd ed., section 9.2.
    McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 4.5
    (over-dispersion). Berger (1982), Technometrics 24, 295-300 (both must be told).
    Manski (2003), Partial Identification of Probability Distributions, chapter 1.

    Examples
    --------
    >>> gaps = pd.DataFrame({
    ...     "year": ["2022-23", "2023-24", "2024-25"], "group": "Black",
    ...     "estimate": [-0.20, -0.16, -0.12], "standard_error": 0.02})
    >>> found = change(gaps)
    >>> found[["statistic", "estimate", "conf_low", "conf_high"]].round(3)
      statistic  estimate  conf_low  conf_high
    0    change      0.08     0.025      0.135
    1     trend      0.04     0.012      0.068
    >>> found["reliability"].to_list()
    ['closing', 'closing']
    """
    check_confidence(confidence)
    rows = _checked(gaps, within)
    years = sorted(rows["year"].unique(), key=_number)
    broken = [str(year) for year in breaks]
    strange = sorted(set(broken) - set(years))
    if strange:
        raise InputError(f"breaks {strange} are no years of the table; found {years}")
    found = []
    for keys, series in _series(rows, within):
        for run in _runs(years, broken):
            inside = [year for year in run[1:] if year in broken]
            for statistic in (CHANGE, TREND):
                row = _row(series, run, inside, statistic, confidence, breaks)
                found.append(keys | row)
    table = _table(found, rows, within, confidence).assign(**_of_reference(gaps))
    return _with_bounds(table, gaps, [*within, "group"])


def breaks_of(breaks: pd.DataFrame, outcome: str, gaps: pd.DataFrame) -> dict[str, str]:
    """Take the years in which an outcome's test, cut or definition changed.

    Parameters
    ----------
    breaks
        Tidy `breaks`: ``outcome`` (blank: of all in the file), ``year``, ``changed``.
    outcome
        Such as `graduation`.
    gaps
        The gaps to be compared, with ``year``.

    Returns
    -------
    dict
        Year to what changed, of years that the gaps have.

    Examples
    --------
    >>> breaks = pd.DataFrame({"outcome": ["proficiency", "graduation"],
    ...                        "year": ["2024-25"] * 2, "changed": ["new cuts", "x"]})
    >>> breaks_of(breaks, "proficiency", pd.DataFrame({"year": ["2024-25"]}))
    {'2024-25': 'new cuts'}
    """
    require_columns(breaks, ["outcome", "year", "changed"])
    ours = breaks[breaks["outcome"].isin([outcome, ""])]
    ours = ours[ours["year"].isin(gaps["year"])]
    return dict(zip(ours["year"], ours["changed"], strict=True))


@dataclass(frozen=True)
class _Gaps:
    """Gaps of a run of years: their times, middles, ends and errors."""

    time: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Self:
        time = np.array([_number(year) for year in rows["year"]], dtype=float)
        names = ("estimate", "low", "high", "standard_error")
        return cls(time, *(rows[name].to_numpy(dtype=float) for name in names))

    def ends(self, weight: np.ndarray) -> tuple[float, float]:
        """The least and the most of a weighted sum, over all that counts allow."""
        low, high = weight * self.low, weight * self.high
        return np.minimum(low, high).sum(), np.maximum(low, high).sum()

    def line(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Weights of slope, of the line's two ends, and the over-dispersion."""
        weight = 1 / self.error**2
        share, middle = weight / weight.sum(), np.average(self.time, weights=weight)
        apart = self.time - middle
        slope = weight * apart / (weight * apart**2).sum()
        first, last = (share + slope * (end - middle) for end in self.time[[0, -1]])
        fitted = share @ self.middle + apart * (slope @ self.middle)
        squares = (weight * (self.middle - fitted) ** 2).sum()
        return slope, first, last, float(divide(squares, len(self.time) - 2))


def _row(
    series: pd.DataFrame,
    run: list[str],
    inside: list[str],
    statistic: str,
    confidence: float,
    breaks: Mapping[str, str] | Sequence[str],
) -> dict:
    """Measure one statistic of one group over a run of years, or say why not."""
    known = series[series["year"].isin(run) & series["known"]]
    ends = known[known["year"].isin([run[0], run[-1]])]
    used = ends if statistic == CHANGE else known
    row = {"from": run[0], "to": run[-1], "years": len(used), "statistic": statistic}
    row |= {"breaks": "; ".join(inside)} | _smallest(known)
    if inside:
        return row | {"reliability": BREAK + _said(inside, breaks)}
    if statistic == TREND and len(known) < LEAST:
        return row | {"reliability": FEW}
    if statistic == TREND:
        gaps = _Gaps.of(known)
        row |= {"from": known["year"].iloc[0], "to": known["year"].iloc[-1]}
        return row | _judged(gaps, *gaps.line(), confidence)
    if len(ends) < 2:
        return row | {"reliability": NO_GAP}
    first, last = np.eye(2)
    return row | _judged(_Gaps.of(ends), last - first, first, last, np.nan, confidence)


def _judged(
    gaps: _Gaps,
    weight: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    dispersion: float,
    confidence: float,
) -> dict:
    """Estimate a weighted sum of gaps, and tell what it says of their size."""
    wider, freedom = 1.0, np.inf  # Student's with infinite degrees is the normal
    if dispersion > 1:
        wider, freedom = np.sqrt(dispersion), len(gaps.middle) - 2
    quantile = stdtrit(freedom, (1 + confidence) / 2)

    def limits(weights: np.ndarray) -> tuple[float, float, float]:
        error = wider * np.sqrt((weights**2 * gaps.error**2).sum())
        least, most = gaps.ends(weights)
        return least - quantile * error, most + quantile * error, error

    least, most = gaps.ends(weight)
    low, high, error = limits(weight)
    nearest = 0.0 if least <= 0 <= most else min(abs(least), abs(most))
    start, end = first @ gaps.middle, last @ gaps.middle
    estimate = float(weight @ gaps.middle)
    years = (last - first) @ gaps.time / (weight @ gaps.time)  # one, for a change
    side = np.sign(start + end) if start * end >= 0 else np.nan
    return {
        "first": start,
        "last": end,
        "change_low": least,
        "change_high": most,
        "estimate": estimate,
        "conf_low": low,
        "conf_high": high,
        "standard_error": error,
        "p_value": float(2 * stdtr(freedom, -nearest / error)),
        "overdispersion": dispersion,
        "size_change": (abs(end) - abs(start)) / years,
        "size_low": low if side > 0 else -high if side < 0 else np.nan,
        "size_high": high if side > 0 else -low if side < 0 else np.nan,
        "reliability": _words(
            (low, high),
            limits(first + last)[:2],
            hidden=most > least and max(abs(least), abs(most)) > quantile * error,
        ),
    }


def _words(
    apart: tuple[float, float], together: tuple[float, float], *, hidden: bool
) -> str:
    """Say what became of the size, from limits of the change and of the sum."""
    if apart[0] <= 0 <= apart[1]:
        return HIDDEN if hidden else NOISE
    if together[0] <= 0 <= together[1]:
        return SIDES
    return CLOSING if apart[0] * together[0] < 0 else WIDENING


def _checked(gaps: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    """Take the columns used, errors from limits where need be, years as text."""
    require_columns(gaps, ["year", "group", "estimate", *within])
    rows = gaps[[*within, "group"]].assign(
        group=gaps["group"].astype(str),
        year=gaps["year"].astype(str),
        estimate=numbers(gaps, "estimate"),
        standard_error=_errors(gaps),
        reference=gaps.get("reference", pd.Series(pd.NA, gaps.index)),
        **{
            name: numbers(gaps, name) if name in gaps else np.nan
            for name in ("events", "population")
        },
    )
    for end, case in (("low", "case_low"), ("high", "case_high")):
        name = end if end in gaps else case if case in gaps else "estimate"
        bound = pd.Series(numbers(gaps, name), gaps.index)
        rows[end] = bound.fillna(rows["estimate"])
    begun = [_number(year) for year in rows["year"].unique()]
    if len(begun) > len(set(begun)):
        raise InputError(
            f"column year has two names of one year: {sorted(rows['year'].unique())}"
        )
    if bad := int((rows["low"] > rows["high"]).sum()):
        raise InputError(f"column low exceeds high in {bad} of {len(rows)} rows")
    if bad := int(rows.duplicated([*within, "year", "group"]).sum()):
        raise InputError(
            f"{bad} of {len(rows)} rows repeat a group and year; keep one statistic of "
            "one measure, or name the columns that tell series apart in 'within'"
        )
    # An error of nothing is no knowledge.
    rows["known"] = rows["estimate"].notna() & (rows["standard_error"] > 0)
    return rows[rows["group"] != rows["reference"].fillna("").astype(str)]


def _errors(gaps: pd.DataFrame) -> np.ndarray:
    """Take standard errors, or half the limits' width over the normal quantile."""
    if "standard_error" in gaps:
        return numbers(gaps, "standard_error")
    limits = ["conf_low", "conf_high", "confidence"]
    if not set(limits) <= set(gaps):
        raise ColumnNotFoundError(["standard_error"], found=list(gaps.columns))
    low, high, level = (numbers(gaps, name) for name in limits)
    return (high - low) / (2 * norm.ppf((1 + level) / 2))


def _number(year: str) -> int:
    """Read the year in which a school year begins."""
    if not (found := re.match(r"[0-9]{4}(?![0-9])", year)):
        raise InputError(f"column year has {year!r}; expected such as 2024 or 2024-25")
    return int(found[0])


def _series(
    rows: pd.DataFrame, within: Sequence[str]
) -> Iterator[tuple[dict, pd.DataFrame]]:
    names = [*within, "group"]
    for keys, series in rows.groupby(names, sort=False, observed=True):
        ordered = series.sort_values("year", key=lambda text: text.map(_number))
        yield dict(zip(names, keys, strict=True)), ordered


def _runs(years: list[str], broken: list[str]) -> list[list[str]]:
    """List the whole period if it is broken, then the runs of years without a break."""
    starts = [0, *(at for at, year in enumerate(years) if at and year in broken)]
    runs = [years[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    whole = [years] if len(runs) > 1 or len(years) == 1 else []
    return whole + [run for run in runs if len(run) > 1]


def _smallest(known: pd.DataFrame) -> dict:
    """Take the counts of the year in which the smaller side has the fewest."""
    sides = np.minimum(known["events"], known["population"] - known["events"])
    least = sides if sides.notna().any() else known["population"]
    names = ["events", "population"]
    if least.isna().all():
        return dict.fromkeys(names, np.nan)
    return known.loc[least.idxmin(), names].to_dict()


def _with_bounds(
    table: pd.DataFrame, gaps: pd.DataFrame, keys: list[str]
) -> pd.DataFrame:
    """Add the fewest students of any year, where their number is masked."""
    ends = [name for name in ("population_low", "population_high") if name in gaps]
    if not ends or table.empty:
        return table
    named = gaps.assign(group=gaps["group"].astype(str))
    fewest = named.groupby(keys, observed=True)[ends].min().reset_index()
    return table.merge(fewest, on=keys, how="left", validate="many_to_one")


def _of_reference(gaps: pd.DataFrame) -> dict[str, float]:
    """Count the reference's people in the year with the fewest, for whoever protects.

    The reference has no row of its own in the table.
    """
    if "reference" not in gaps or gaps.empty:
        return {}
    base = gaps[gaps["group"].astype(str) == gaps["reference"].astype(str)]
    counts = {
        f"reference_{name}": np.nanmin(numbers(base, name), initial=np.inf)
        for name in ("population", "population_high")
        if name in base and base[name].notna().any()
    }
    if "reference_population_high" in counts:
        counts.setdefault("reference_population", np.nan)
    return counts


def _said(years: list[str], breaks: Mapping[str, str] | Sequence[str]) -> str:
    words = breaks if isinstance(breaks, Mapping) else {}
    named = [f"{year} ({words[year]})" if words.get(year) else year for year in years]
    return ", ".join(named)


def _table(
    found: list[dict], rows: pd.DataFrame, within: Sequence[str], confidence: float
) -> pd.DataFrame:
    further = [
        *("standard_error", "p_value", "overdispersion"),
        *("size_change", "size_low", "size_high"),
    ]
    limits = ["estimate", "conf_low", "conf_high"]
    names = [*within, *COLUMNS, *limits, *further, "reliability"]
    table = pd.DataFrame(found).reindex(columns=names)
    counts = {name: "Float64" for name in ("events", "population")}
    table = table.astype(counts).astype(dict.fromkeys([*limits, *further], float))
    references = rows["reference"].dropna().astype(str).unique()
    behind = {name: table[name] for name in [*further, "reliability"]}
    return measure_table(
        table.drop(columns=[*further, "reliability"]),
        measure=table["statistic"].map(MEASURES),
        reference=references[0] if len(references) == 1 else None,
        **{name: table[name] for name in limits},
        confidence=confidence,
        method=table["statistic"].map(METHODS),
        **behind,
    )
