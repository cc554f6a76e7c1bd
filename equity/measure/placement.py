"""Placement of services: whose areas the places of a city lie in.

A place is a point: a library, a bicycle station, a grant. Each counts once, or as much
as its weight says (seats, dollars).

**Terms**

baseline
    What an even placement would follow: residents, those of a group, children,
    households without internet, or a city's own. Its *universe* is the whole it is a
    part of, such as all households.
geographic disparity
    An area's share of the places less its share of the baseline.
demographic disparity
    The baseline's share of the universe around the average place, less its share in
    the city.
older rule
    How such scores have been flagged: the margins of error of the areas divided by
    1.645, as they should be, that of the city not; and the places taken as certain.

Shares are of areas, not of persons: who lives near a place is not who uses it.

The interval treats the places as one outcome of how as many places could have been
put: as draws, independent of each other, from what put them there. It answers whether
the city would be called uneven if the same dice were drawn again, and carries the
census margins at the same confidence. That the places of today are where they are is
certain; for that question alone read the estimate, and the margins in ``data_se``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm

from equity.errors import InputError
from equity.measure import acs, intervals
from equity.measure.redraws import (
    DIFFERENCE,
    EVERYONE,
    LEVEL,
    RATIO,
    Residents,
    basic_limits,
)
from equity.measure.surroundings import Around, Drawn, Places, wide
from equity.measure.table import (
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    normal_quantile,
    numbers,
    require_columns,
)

PER = 10_000  # residents
CITY, RESIDENTS, PARITY = "city", "residents", "parity is better"
SHARE = "share of residents around the average place"
DRAWN = "redraw of places and census margins"
DRAWN_APART = "redraw of places and census margins; the city's as published"
SQUARED = "square-and-add of Wilson and census limits"

_FACTS = ["outside", "without_weight", "without_residents", "population"]
COLUMNS = [
    *("kind", "group", "places", *_FACTS, "benchmark", "statistic"),
    *(*MEASURE_COLUMNS, "direction"),
]
DEMOGRAPHIC_COLUMNS = [
    *("kind", "baseline", "universe", "places", *_FACTS),
    *("data_value", "city_value", "data_se", "city_se", *MEASURE_COLUMNS),
    *("z", "p", "older_z", "older_rule", "flagged", "direction"),
]

#: Columns of `demographic` that depend on the census and on where places are alone.
CENSUS_ONLY = (
    *("data_value", "city_value", "data_se", "city_se", "p"),
    *("older_z", "older_rule", "flagged"),
)


class Score(NamedTuple):
    """The answer of `score`.

    Examples
    --------
    >>> score(26.8, 1.9, 29.0, 1.4)._fields
    ('disparity', 'z', 'p', 'older_z', 'older_rule')
    """

    disparity: np.ndarray
    z: np.ndarray
    p: np.ndarray
    older_z: np.ndarray
    older_rule: np.ndarray


def score(
    data_value: ArrayLike,
    data_se: ArrayLike,
    city_value: ArrayLike,
    city_moe: ArrayLike,
) -> Score:
    """Test a demographic disparity that was published, its places taken as certain.

    Parameters
    ----------
    data_value, data_se
        The baseline's share around the average place and its standard error, that of
        the areas' margins: proportions or percent.
    city_value, city_moe
        The city's share and its margin of error at 90 percent, in the same unit.

    Returns
    -------
    Score
        ``disparity``; ``z``, in standard errors of both, and its two-sided ``p``;
        ``older_z``, which takes the city's margin for a standard error, and
        ``older_rule``, whether that is beyond 1.96.

    Notes
    -----
    A margin is 1.645 standard errors, so the older rule flags too little where the
    city's margin matters, at up to 99.9 instead of 95 percent. Both leave out how
    places happen to be put, and so flag too much where places are few: prefer the
    limits of `demographic`.

    References
    ----------
    US Census Bureau (2020), Understanding and Using American Community Survey Data,
    chapter 7 (tests), with the standard errors of chapter 8.

    Examples
    --------
    >>> found = score(26.8125, 1.895268396, 29.0, 1.4)
    >>> print(found.z.round(3), found.p.round(3), found.older_z.round(3))
    -1.053 0.292 -0.928
    """
    disparity = np.subtract(data_value, city_value)
    z = divide(disparity, np.hypot(data_se, acs.standard_error(city_moe)))
    older_z = divide(disparity, np.hypot(data_se, city_moe))
    p = 2 * norm.sf(np.abs(z))
    return Score(disparity, z, p, older_z, np.abs(older_z) > 1.96)


def geographic(
    facilities: pd.DataFrame,
    baselines: pd.DataFrame,
    *,
    weight: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Subtract each area's share of a baseline from its share of the places.

    Above zero, the area has more of the places than of the baseline.

    Parameters
    ----------
    facilities
        Tidy `facilities`: `facility_id, kind, area`, and the weight.
    baselines
        Tidy `population` (`area, race, estimate, moe`), whose groups and all residents
        are then the baselines, or tidy `baselines` (`area, baseline, estimate, moe`).
        Margins at 90 percent, missing for a full count.
    weight
        The column of `facilities` to count instead of places, such as "capacity".
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `kind`, `baseline` and `area`, with `places` and their `amount` in
        the area (the same without a weight), `population` (its baseline), `share` and
        `baseline_share`; the measure columns, whose `estimate` is the difference, a
        proportion; `published_score` (of shares rounded to three digits before they are
        subtracted, as scores are published); `older_rule` (beyond 1.96 margins of the
        baseline, the places taken as certain; missing for a full count) beside
        `flagged` (the limits leave out zero); `direction`. Places set aside are in
        `outside` (in none of the areas, or nowhere known) and `without_weight`. The
        estimate is missing for a kind without places, the limits for one with fewer
        than two in effective number.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a place is listed twice or has no kind, a weight is negative, an area and
        baseline are repeated, or no place lies in any of the areas.

    Notes
    -----
    Wilson's limits for the share of the places, so that an area without any has limits
    too, with as many places as would, with equal weights, vary as much (Kish); census
    limits for that of the baseline; square-and-add for the difference. Of twenty
    areas with their fair share, one is flagged by chance.

    References
    ----------
    Wilson (1927), JASA 22, 209-212. Kish (1965), Survey Sampling, section 11.7. Zou
    and Donner (2008), Statistics in Medicine 27, 1693-1702. Urban Institute, Spatial
    Equity Data Tool, technical appendix (the published score).

    Examples
    --------
    >>> places = pd.DataFrame({"facility_id": range(30), "kind": "library",
    ...                        "area": ["1"] * 24 + ["2"] * 6})
    >>> children = pd.DataFrame({"area": ["1", "2"], "baseline": "Children",
    ...                          "estimate": [500, 500], "moe": [60, 60]})
    >>> table = geographic(places, children)
    >>> table[["area", "share", "estimate", "conf_low", "conf_high"]].round(2)
      area  share  estimate  conf_low  conf_high
    0    1    0.8       0.3      0.12       0.42
    1    2    0.2      -0.3     -0.42      -0.12
    """
    areas, names, people, moe = _counted(baselines)
    whole, whole_moe = acs.total(np.nan_to_num(people), moe, axis=0)
    base, margin = acs.proportion(
        numerator=people,
        numerator_moe=moe,
        denominator=whole,
        denominator_moe=whole_moe,
    )
    # An area's error is in its part and in the whole; areas are independent.
    square = acs.standard_error(moe) ** 2
    spread = (1 - 2 * base) * square + base**2 * square.sum(axis=0)
    reach = normal_quantile(confidence) * np.sqrt(spread) / whole
    ends = np.clip(base - reach, 0, 1), np.clip(base + reach, 0, 1)
    tables = []
    for found in Places.by_kind(facilities, areas, weight=weight):
        share = divide(found.amount, found.amount.sum())[:, np.newaxis]
        size = found.effective()[:, np.newaxis]
        own = intervals.wilson(np.minimum(share * size, size), size, confidence)
        low, high = intervals.mover_difference(share, *own, base, *ends)
        low, high = (np.where(size > 2 - 1e-9, end, np.nan) for end in (low, high))
        frame = pd.DataFrame(
            {
                "kind": found.kind,
                "baseline": np.repeat(names, len(areas)),
                "area": np.tile(areas, len(names)),
                "places": np.tile(found.number, len(names)),
                "amount": np.tile(found.amount, len(names)),
                **found.set_aside,
                "population": people.T.ravel(),
                "share": np.tile(share[:, 0], len(names)),
                "baseline_share": base.T.ravel(),
            }
        )
        gap, beyond = share - base, np.abs(share - base) > 1.96 * margin
        tables.append(
            measure_table(
                frame,
                measure="geographic disparity",
                reference="baseline",
                estimate=gap.T.ravel(),
                conf_low=low.T.ravel(),
                conf_high=high.T.ravel(),
                confidence=confidence,
                method=SQUARED,
                published_score=(np.round(share, 3) - np.round(base, 3)).T.ravel(),
                older_rule=_verdict(
                    beyond.T.ravel(), ((margin > 0) & ~np.isnan(gap)).T.ravel()
                ),
                flagged=_beyond(low.T.ravel(), high.T.ravel()),
                direction=PARITY,
            )
        )
    return _stacked(tables, facilities)


def demographic(
    facilities: pd.DataFrame,
    baselines: pd.DataFrame,
    *,
    city: pd.DataFrame | None = None,
    weight: str | None = None,
    confidence: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare a baseline's share around the average place with its share in the city.

    Above zero, places lie where more of the baseline live than in the average area.

    Parameters
    ----------
    facilities, weight, confidence
        As in `geographic`.
    baselines
        Tidy `population`, whose groups are then the baselines and all residents their
        universe, or tidy `baselines`: `area, baseline, estimate, moe, universe, total,
        total_moe`. Margins at 90 percent, missing for a full count.
    city
        Published shares of the city: `baseline, estimate, moe`, proportions. Without
        it they are added up from the areas.
    replicates
        Redraws behind the limits.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        One row per `kind` and `baseline`, with its `universe`, `places`, `outside`,
        `without_weight`, `without_residents` (in areas where nobody of the universe is
        estimated to live, or nobody knows), `population` (the baseline in the city),
        `data_value` and `city_value` (its shares around the average place and in the
        city), `data_se` and `city_se` (their standard errors from the margins alone);
        the measure columns, whose `estimate` is the difference, a proportion; `z` and
        `p` (margins alone, the places taken as certain; missing for a full count, as is
        the older rule), `older_z` and `older_rule` (as `score` tells) beside `flagged`
        (the limits leave out zero); `direction`.
        Limits are missing for fewer than two places in effective number, one over the
        sum of squared shares of the weight, or for places all in areas alike. No rows
        without places or baselines.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        As in `geographic`; or if an estimate exceeds its total, or the city's share of
        a baseline is not exactly one row.

    Notes
    -----
    With weights *w* (their sum one), the share around the average place is a weighted
    mean of shares of areas; its variance over places is the linearised one, with
    Student's *t* on as many degrees of freedom as the effective number of places less
    one. Those errors of an area's margin that its places share are added; the others
    are seen in how places differ. The areas' margins move the share around places and
    the city's together, unless the city's was published apart. As the scores are sums,
    only the sums are redrawn: their joint distribution is that of redrawing every area.

    With fewer than about twenty places, or where few areas hold most of a group, limits
    cover less often than they say: in simulation 88 to 95 of 100 times instead of 95.

    References
    ----------
    Urban Institute, Spatial Equity Data Tool, technical appendix (the score). Kish
    (1965), Survey Sampling, section 11.7 (effective number). Särndal, Swensson and
    Wretman (1992), Model Assisted Survey Sampling, section 5.7 (variance of a ratio).
    US Census Bureau (2020), Understanding and Using ACS Data, chapter 8.

    Examples
    --------
    >>> places = pd.DataFrame({"facility_id": range(30), "kind": "library",
    ...                        "area": ["1"] * 24 + ["2"] * 6})
    >>> offline = pd.DataFrame({
    ...     "area": ["1", "2"], "baseline": "Without internet", "estimate": [40, 160],
    ...     "moe": [20, 40], "universe": "Households", "total": 400, "total_moe": 30})
    >>> table = demographic(places, offline)
    >>> table[["data_value", "city_value", "estimate"]].round(2)
       data_value  city_value  estimate
    0        0.16        0.25     -0.09
    >>> table[["conf_low", "conf_high", "flagged", "older_rule"]].round(2)
       conf_low  conf_high  flagged  older_rule
    0     -0.15      -0.03     True       False
    """
    check_confidence(confidence)
    if baselines.empty:
        return pd.DataFrame(columns=DEMOGRAPHIC_COLUMNS)
    around = Around.of(baselines)
    given = None if city is None else _published(city, around.names)
    random = np.random.default_rng(seed)
    tables = []
    for found in Places.by_kind(facilities, around.areas, weight=weight):
        drawn = around.redraw(found, random, replicates)
        if given is None:
            city_value, city_se, cities = drawn.city, drawn.city_se, drawn.cities
            both = drawn.difference_se
        else:  # the margins of areas and city, apart
            city_value, city_se = given
            cities = random.normal(city_value, city_se, drawn.shares.shape)
            both = np.hypot(drawn.value_se, city_se)
        gap = drawn.value - city_value
        low, high = basic_limits(gap, drawn.shares - cities, confidence)
        low, high = np.clip(low, -1, 1), np.clip(high, -1, 1)
        city_moe = city_se * acs.critical_value(0.90)
        older = score(drawn.value, drawn.value_se, city_value, city_moe)
        z = divide(gap, both)
        frame = pd.DataFrame(
            {
                "kind": found.kind,
                "baseline": around.names,
                "universe": around.universes,
                "places": found.number.sum(),
                **found.set_aside,
                "without_residents": drawn.without_residents,
                "population": around.people,
                "data_value": drawn.value,
                "city_value": city_value,
                "data_se": drawn.value_se,
                "city_se": city_se,
            }
        )
        tables.append(
            measure_table(
                frame,
                measure="demographic disparity",
                reference=CITY,
                estimate=gap,
                conf_low=low,
                conf_high=high,
                confidence=confidence,
                method=DRAWN if given is None else DRAWN_APART,
                z=z,
                p=2 * norm.sf(np.abs(z)),
                older_z=older.older_z,
                older_rule=_verdict(older.older_rule, np.isfinite(older.older_z)),
                flagged=_beyond(low, high),
                direction=PARITY,
            )
        )
    return _stacked(tables, facilities)


def by_race(
    facilities: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    weight: str | None = None,
    confidence: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare where places are by race of the residents around them.

    Parameters
    ----------
    facilities, weight, confidence, replicates, seed
        As in `demographic`.
    population
        Tidy `population`.
    reference
        The group whose places per resident all others are compared with.

    Returns
    -------
    DataFrame
        Measure columns, with `kind`, `group`, `places`, `outside`, `without_weight`,
        `without_residents`, `population` (the group's residents), `benchmark` (their
        share of residents), `statistic` and `direction`. Two measures:

        `share of residents around the average place`: `level`, `difference` from the
        group's share of residents and `ratio` to it; proportions.

        `places per 10,000 residents`, or the weight's name instead of places: each
        place shared among the groups as the residents of its area are; `level`,
        `difference` from the reference group and `ratio` to it, its parity index. A
        row for all residents has the level alone.

        No rows without places or residents. Limits are missing as in `demographic`, and
        where the group's residents cannot be told from none.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        As in `geographic`.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    As in `demographic`. The number of places is taken as it is; only where they are is
    drawn. Ratios are on the scale of logarithms.

    Examples
    --------
    >>> places = pd.DataFrame({"facility_id": range(30), "kind": "library",
    ...                        "area": ["1"] * 24 + ["2"] * 6})
    >>> people = pd.DataFrame({
    ...     "area": ["1", "1", "2", "2"], "race": ["Black", "White"] * 2,
    ...     "estimate": [3000, 1000, 1000, 5000], "moe": np.nan})
    >>> table = by_race(places, people, reference="White")
    >>> table.query("group == 'Black'")[["measure", "statistic", "estimate"]].round(2)
                                            measure   statistic  estimate
    0   share of residents around the average place       level      0.63
    2   share of residents around the average place  difference      0.23
    4   share of residents around the average place       ratio      1.58
    6                   places per 10,000 residents       level     47.50
    9                   places per 10,000 residents  difference     29.17
    11                  places per 10,000 residents       ratio      2.59
    """
    check_confidence(confidence)
    require_columns(population, ["area", "race", "estimate", "moe"])
    if population.empty:
        return pd.DataFrame(columns=COLUMNS)
    around = Around.of(population)
    base = Residents.of(population).position(reference)
    random = np.random.default_rng(seed)
    tables = []
    for found in Places.by_kind(facilities, around.areas, weight=weight):
        drawn = around.redraw(found, random, replicates)
        everyone = around.residents[:1]
        frame = pd.DataFrame(
            {
                "kind": found.kind,
                "group": [*around.names, EVERYONE],
                "places": found.number.sum(),
                **found.set_aside,
                "without_residents": drawn.without_residents[0],
                "population": np.append(around.people, everyone),
                "benchmark": np.append(drawn.city, divide(everyone, everyone)),
            }
        )
        counted = f"{weight or 'places'} per {PER:,} residents"
        known = np.quantile(drawn.people, (1 - confidence) / 2, axis=0) > 0
        for measure, parts in {
            SHARE: _shares(drawn, known),
            counted: _rates(drawn, around, known, base, found.none),
        }.items():
            for statistic, (estimate, draws, certain) in parts.items():
                low, high = basic_limits(
                    estimate, draws, confidence, statistic == RATIO
                )
                if statistic == LEVEL:
                    most = 1 if measure == SHARE else None
                    low, high = np.clip(low, 0, most), np.clip(high, 0, most)
                against = RESIDENTS if measure == SHARE else reference
                tables.append(
                    measure_table(
                        frame.iloc[: len(estimate)].assign(statistic=statistic),
                        measure=measure,
                        reference=None if statistic == LEVEL else against,
                        estimate=estimate,
                        conf_low=np.where(certain, low, np.nan),
                        conf_high=np.where(certain, high, np.nan),
                        confidence=confidence,
                        method=DRAWN,
                        direction=PARITY,
                    )
                )
    return _stacked(tables, facilities)


Parts = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


def _shares(drawn: Drawn, known: np.ndarray) -> Parts:
    """Take estimates and redraws of shares around places, and where limits are."""
    ratio = divide(drawn.value, drawn.city), divide(drawn.relative, drawn.cities)
    return {
        LEVEL: (drawn.value, drawn.shares, known),
        DIFFERENCE: (drawn.value - drawn.city, drawn.shares - drawn.cities, known),
        RATIO: (*ratio, known),
    }


def _rates(
    drawn: Drawn, around: Around, known: np.ndarray, base: int, none: bool
) -> Parts:
    """Take the same of places per resident, the last level being everyone's."""
    scale = PER * drawn.amount
    value = np.zeros(len(known)) if none else drawn.value
    rate = divide(scale * value, around.people)
    rates = divide(scale * drawn.shares, drawn.people)
    relative = divide(drawn.relative, drawn.people)
    whole = scale[:1] if none or scale[0] else np.array([np.nan])
    level = np.append(rate, divide(whole, around.residents[:1]))
    levels = np.hstack([rates, divide(whole, drawn.residents[:, :1])])
    others = known & known[base] & (np.arange(len(known)) != base)
    ratio = divide(rate, rate[base]), divide(relative, relative[:, [base]])
    return {
        LEVEL: (level, levels, np.append(known, not none)),
        DIFFERENCE: (rate - rate[base], rates - rates[:, [base]], others),
        RATIO: (*ratio, others),
    }


def _stacked(tables: list[pd.DataFrame], facilities: pd.DataFrame) -> pd.DataFrame:
    """Put the kinds below each other; no rows where there is no kind."""
    table = pd.concat(tables, ignore_index=True)
    if facilities["kind"].astype("category").cat.categories.empty:
        return table.iloc[:0]
    return table.astype({"kind": facilities["kind"].dtype})


def _counted(
    baselines: pd.DataFrame,
) -> tuple[pd.Index, list[str], np.ndarray, np.ndarray]:
    """Take areas, names, and the baselines with their margins, areas x baselines."""
    require_columns(baselines, ["area", "estimate", "moe"])
    if "race" in baselines:
        people = Residents.of(baselines)
        names = [*people.groups, EVERYONE]
        whole = people.estimate.sum(axis=1, keepdims=True)
        error = np.sqrt((people.error**2).sum(axis=1, keepdims=True))
        error = np.hstack([people.error, error]) * acs.critical_value(0.90)
        return people.areas, names, np.hstack([people.estimate, whole]), error
    require_columns(baselines, ["baseline"])
    part, moe = wide(baselines, "estimate"), wide(baselines, "moe")
    names = [str(name) for name in part.columns]
    return part.index, names, part.to_numpy(), moe.fillna(0).to_numpy()


def _published(city: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Take the city's shares of the baselines, and their standard errors."""
    require_columns(city, ["baseline", "estimate", "moe"])
    rows = city["baseline"].astype(str)
    for name in names:
        if (found := int((rows == name).sum())) != 1:
            raise InputError(f"city has {found} rows for {name!r}; expected one")
    found = city.set_index(rows).loc[names]
    return numbers(found, "estimate"), acs.standard_error(found["moe"].fillna(0))


def _verdict(true: np.ndarray, known: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(true, ~known)


def _beyond(low: np.ndarray, high: np.ndarray) -> pd.arrays.BooleanArray:
    """Say whether limits leave out zero, where there are limits."""
    return _verdict((low > 0) | (high < 0), np.isfinite(low) & np.isfinite(high))
