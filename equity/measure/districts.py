"""Requests and waits in districts that do not follow the census.

Both parts of each figure are interpolated (see `areal` for the terms), so that it needs
no choice of weights: requests over residents, and requests on time over requests whose
outcome is known.
"""

import numpy as np
import pandas as pd

from equity.measure.on_time import Outcomes, measure_name
from equity.measure.overlaps import OUTSIDE, SOURCE_AREA, check, kinds, stacked
from equity.measure.redraws import Residents, basic_limits
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    require_columns,
)

NEITHER = "neither is better"
RATE = "requests per 1,000 residents a year"
COLUMNS = [
    *("kind", "district", "events", "population"),
    *MEASURE_COLUMNS,
    *("direction", "coverage", "partial", "least", "most"),
]


def inside(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the districts themselves, under the name that maps and tables of areas use.

    Parameters
    ----------
    table
        As `by_district` returns it.

    Returns
    -------
    DataFrame
        Without the row of those outside; `district` is called `area`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> inside(pd.DataFrame({"district": ["1", OUTSIDE], "estimate": [3.0, 1.0]}))
      area  estimate
    0    1       3.0
    """
    require_columns(table, ["district"])
    ours = table[table["district"] != OUTSIDE]
    return ours.rename(columns={"district": "area"}).reset_index(drop=True)


def words(kind: str) -> tuple[str, str]:
    """Say what one district is called, and several.

    Parameters
    ----------
    kind
        Such as `council district`; empty where there are none.

    Returns
    -------
    tuple of str
        One, and several.

    Examples
    --------
    >>> words("community"), words("")
    (('community', 'communities'), ('district', 'districts'))
    """
    one = kind or "district"
    ending = one[-1:] == "y" and one[-2:-1] not in "aeiou"
    return one, f"{one[:-1]}ies" if ending else f"{one}s"


def by_district(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    overlaps: pd.DataFrame,
    *,
    years: float,
    target_days: int,
    allocate: str = SOURCE_AREA,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure requests per resident and the share closed on time in each district.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, period, days, closed, censored`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %).
    overlaps, allocate
        As for `areal.counts`.
    years
        How many years the counts cover.
    target_days
        Requests closed within so many days are on time.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws behind the intervals.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        For each `kind` and measure one row per `district`, and one for those outside,
        if any. Measures: `requests per 1,000 residents a year` (`events` requests,
        `population` residents) and `share closed within N days` (`events` on time,
        `population` requests on time or late). Then `direction`, `coverage`, `partial`
        (of the residents, or of the requests), and `least` and `most`: the values
        between which it lies if each cut area belongs to the district to any extent.
        No rows without requests, residents or districts.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative, a share is not one, an overlap is there twice, or
        districts of a kind overlap.
    ParamsError
        If the confidence is not between zero and one, or `allocate` is another word.

    Notes
    -----
    Requests are split like the residents of their area. Where they have places of
    their own, counting them in the districts is better. Limits are basic, from redraws
    of the counts, widened by their overdispersion, and of the census margins in one
    round; the split is taken as given. They are missing where the district's residents
    cannot be told from none.

    References
    ----------
    See `areal`. Davison and Hinkley (1997), Bootstrap Methods and their
    Application, section 5.2.

    Examples
    --------
    >>> requests = pd.DataFrame({
    ...     "area": ["1", "2", "2"], "period": "2025Q4", "days": [2, 2, 9],
    ...     "closed": [50, 30, 70], "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": "Asian",
    ...                        "estimate": 1000, "moe": np.nan})
    >>> overlaps = pd.DataFrame({
    ...     "kind": "ward", "district": ["A", "A", "B"], "area": ["1", "2", "2"],
    ...     "share": [1.0, 0.5, 0.5], "by": "area"})
    >>> table = by_district(requests, people, overlaps, years=1, target_days=5)
    >>> table[["district", "events", "population", "estimate", "partial"]].round(3)
      district  events  population  estimate  partial
    0        A   100.0      1500.0    66.667    0.333
    1        B    50.0       500.0   100.000    1.000
    2        A    65.0       100.0     0.650    0.500
    3        B    15.0        50.0     0.300    1.000
    """
    check_confidence(confidence)
    name = measure_name(target_days)
    require_columns(population, ["area", "race", "estimate", "moe"])
    check(overlaps)
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    residents = people.estimate.sum(axis=1)
    error = np.sqrt((people.error**2).sum(axis=1))
    requests = Outcomes.of(request_counts, people.areas, target_days=target_days)
    random = np.random.default_rng(seed)
    drawn = [requests.redraw(random) for _ in range(replicates)]
    lived = random.normal(residents, error, (replicates, len(residents)))
    on_time = np.array([draw.on_time for draw in drawn])
    known = np.array([draw.known for draw in drawn])
    every = known + np.array([draw.unknown for draw in drawn])
    requested = requests.known + requests.unknown
    measures = (
        (RATE, NEITHER, 1000 / years, np.inf, requested, residents, every, lived),
        (name, HIGHER, 1.0, 1.0, requests.on_time, requests.known, on_time, known),
    )
    tables = []
    for kind in kinds(overlaps, people.areas, allocate):
        there = np.quantile(lived @ kind.share.T, (1 - confidence) / 2, axis=0) > 0
        for measure, direction, unit, top, events, base, many, bases in measures:
            above, below = kind.share @ events, kind.share @ base
            estimate = divide(above, below) * unit
            draws = bases @ kind.share.T
            draws = divide(many @ kind.share.T, np.where(draws > 0, draws, 0)) * unit
            low, high = basic_limits(estimate, draws, confidence)
            touched = kind.share > 0
            least, most = kind.extremes(touched * events, touched * base)
            tables.append(
                measure_table(
                    kind.frame(events=above, population=below),
                    measure=measure,
                    reference=None,
                    estimate=estimate,
                    conf_low=np.where(there, np.clip(low, 0, top), np.nan),
                    conf_high=np.where(there, np.clip(high, 0, top), np.nan),
                    confidence=confidence,
                    method=[
                        f"{how}; redraw of overdispersed counts and census margins"
                        for how in kind.methods()
                    ],
                    direction=direction,
                    coverage=kind.coverage(),
                    partial=kind.partial(base),
                    least=least * unit,
                    most=most * unit,
                )
            )
    return stacked(tables, COLUMNS)
