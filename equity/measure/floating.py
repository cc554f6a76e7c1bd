"""Floating catchments: what places offer, set against the residents they serve.

A measure takes the costs of getting from areas to places (`costs.coded`) and the
residents, and gives a row for each kind of place and each area. An area of which no
cost is known (``pairs`` is 0) has a missing estimate; one with nothing within the cost
stays in, as zero. Limits carry the margins of error of the residents; costs and places
are taken as they are (see `catchment.without_each` for another draw of places).

**Terms**

supply
    What a place offers: its ``capacity``, or one for each place (``weight=None``).
demand
    The residents of an area, all groups together; or those a service is for.
step weights
    Cost to weight, such as ``{10: 1, 20: 0.68, 30: 0.22}``: a pair of at most 10 counts
    in full, one of more than 30 not at all.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from scipy import sparse

from equity.errors import InputError, ParamsError
from equity.measure import acs
from equity.measure.costs import (
    CAPACITY,
    Costs,
    Service,
    by_area,
    codes,
    matrix,
    of_kind,
    offered,
    positive,
    within,
)
from equity.measure.redraws import basic_limits
from equity.measure.table import (
    HIGHER,
    check_confidence,
    divide,
    floats,
    require_columns,
)

SITES, DESTINATIONS = "sites", "destinations"  # among which a resident selects
BLOCK = 50  # redraws held in memory at once


def zones(near: Mapping[str, float]) -> dict[str, dict[float, float]]:
    """Divide what is near into three zones, of which the nearer count for more.

    Parameters
    ----------
    near
        Kind to the cost within which a place is near.

    Returns
    -------
    dict
        Kind to the upper end of each zone and its weight: 1, 0.68 and 0.22.

    References
    ----------
    Luo and Qi (2009), An enhanced two-step floating catchment area method, Health and
    Place 15(4), 1100-1107: three zones, slow decay.

    Examples
    --------
    >>> zones({"Clinic": 30.0})
    {'Clinic': {10.0: 1.0, 20.0: 0.68, 30.0: 0.22}}
    """
    return {
        kind: {end / 3: 1.0, end * 2 / 3: 0.68, end: 0.22} for kind, end in near.items()
    }


def two_step(
    costs: Costs,
    population: pd.DataFrame,
    *,
    max_cost: float | Mapping[str, float],
    weight: str | None = CAPACITY,
    per: int = 1000,
    confidence: float = 0.95,
    replicates: int = 400,
    seed: int = 1,
) -> pd.DataFrame:
    """Set supply against demand within a cost: the two-step floating catchment (2SFCA).

    First each place divides what it offers by the residents within the cost; then each
    area adds up what the places within the cost have for each resident.

    Parameters
    ----------
    costs
        From `costs.coded`, with the areas of `population`.
    population
        `area, estimate, moe` (90 %, missing for a full count); several rows of an area,
        such as races, are added up.
    max_cost
        The cost, in the unit of the costs; exactly so much is within. One for all, or
        kind to cost.
    weight
        "capacity", or None: each place offers one.
    per
        Residents that the result is for.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws of the residents behind the limits; 0 makes none.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        As `count_within`, with `population` (residents of the area); `capacity per
        1,000 residents, 2SFCA of 30 minutes`. Missing also where a place within the
        cost has no residents around it. Limits are missing where every count is full.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a capacity that is asked for or a number of residents is missing, or the
        areas of `population` are not those of `costs`.
    ParamsError
        If an option is none of the above.

    Notes
    -----
    Within the catchment everyone counts alike, and beyond it nobody, so results jump
    with `max_cost`: look at several. Added over residents, 2SFCA gives back all supply
    that anyone can get to.

    References
    ----------
    Luo and Wang (2003), Measures of spatial accessibility to health care in a GIS
    environment, Environment and Planning B 30(6), 865-884.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                        "capacity": [40, 60]})
    >>> km = pd.DataFrame({"area": ["1", "1", "2"], "facility_id": ["L1", "L2", "L1"],
    ...                    "cost": [0.5, 0.9, 1.0], "unit": "km"})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [3000, 1000],
    ...                        "moe": None})
    >>> two_step(coded(km, places), people, max_cost=1)["estimate"].tolist()
    [30.0, 10.0]
    """

    weights = []
    for service in costs.services:
        limit = positive(of_kind(max_cost, service.kind, "max_cost"), "max_cost")
        inside = _binary(within(service.matrix, limit))
        weights.append((inside, f"2SFCA of {limit:g} {service.unit}"))
    chance = (confidence, replicates, seed)
    return _floating(costs, population, weights, weight, per, *chance)


def enhanced_two_step(
    costs: Costs,
    population: pd.DataFrame,
    *,
    steps: Mapping[float, float] | Mapping[str, Mapping[float, float]],
    weight: str | None = CAPACITY,
    per: int = 1000,
    confidence: float = 0.95,
    replicates: int = 400,
    seed: int = 1,
) -> pd.DataFrame:
    """Set supply against demand, both weighted by cost: the enhanced 2SFCA (E2SFCA).

    Parameters
    ----------
    costs, population, weight, per, confidence, replicates, seed
        As in `two_step`.
    steps
        Step weights, cost to weight; or kind to step weights.

    Returns
    -------
    DataFrame
        As `two_step`; `capacity per 1,000 residents, E2SFCA of 30 minutes`.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `two_step`; also if a weight is not between 0 and 1, or grows with cost.

    Notes
    -----
    With one step of weight one it is `two_step`.

    References
    ----------
    Luo and Qi (2009), An enhanced two-step floating catchment area (E2SFCA) method for
    measuring spatial accessibility to primary care physicians, Health & Place 15(4),
    1100-1107.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1"], "kind": "Library",
    ...                        "capacity": [40]})
    >>> km = pd.DataFrame({"area": ["1", "2"], "facility_id": "L1", "cost": [0.5, 1.5],
    ...                    "unit": "km"})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [3000, 2000],
    ...                        "moe": None})
    >>> table = enhanced_two_step(coded(km, places), people, steps={1: 1, 2: 0.5})
    >>> table["estimate"].tolist()
    [10.0, 5.0]
    """

    weights = []
    for service in costs.services:
        inside, limit = _stepped(service, steps)
        weights.append((inside, f"E2SFCA of {limit:g} {service.unit}"))
    chance = (confidence, replicates, seed)
    return _floating(costs, population, weights, weight, per, *chance)


def three_step(
    costs: Costs,
    population: pd.DataFrame,
    *,
    steps: Mapping[float, float] | Mapping[str, Mapping[float, float]],
    among: str = SITES,
    weight: str | None = CAPACITY,
    per: int = 1000,
    confidence: float = 0.95,
    replicates: int = 400,
    seed: int = 1,
) -> pd.DataFrame:
    """Set supply against demand that chooses between places: the 3SFCA.

    As the enhanced 2SFCA, but residents with several places in reach share themselves
    out among them by their weights, and so do not press on each in full.

    Parameters
    ----------
    costs, population, weight, per, confidence, replicates, seed
        As in `two_step`.
    steps
        Step weights, cost to weight; or kind to step weights.
    among
        Between which places residents choose: "sites", those that offer anything, as
        published; or "destinations", also those of capacity zero, as some software
        has it that takes every row of the costs for a place.

    Returns
    -------
    DataFrame
        As `two_step`; `capacity per 1,000 residents, 3SFCA of 30 minutes`.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `enhanced_two_step`.

    References
    ----------
    Wan, Zou and Sternberg (2012), A three-step floating catchment area method for
    analyzing spatial access to health services, International Journal of Geographical
    Information Science 26(6), 1073-1089.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                        "capacity": [40, 60]})
    >>> km = pd.DataFrame({"area": ["1", "1", "2"], "facility_id": ["L1", "L2", "L1"],
    ...                    "cost": [0.5, 0.9, 1.0], "unit": "km"})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [3000, 1000],
    ...                        "moe": None})
    >>> three_step(coded(km, places), people, steps={1: 1})["estimate"].tolist()
    [28.0, 16.0]
    """
    if among not in (SITES, DESTINATIONS):
        raise ParamsError(f"among is {among!r}; expected {SITES!r} or {DESTINATIONS!r}")
    weights = []
    for service in costs.services:
        inside, limit = _stepped(service, steps)
        counted = np.ones(len(service.facilities))
        if among == SITES:
            counted = np.where(service.supply(weight) > 0, 1.0, 0.0)
        chosen = _chosen(inside, counted)
        weights.append((chosen, f"3SFCA of {limit:g} {service.unit}"))
    chance = (confidence, replicates, seed)
    return _floating(costs, population, weights, weight, per, *chance)


def catchment_ratio(
    costs: Costs,
    population: pd.DataFrame,
    between: pd.DataFrame,
    *,
    max_cost: float | Mapping[str, float],
    weight: str | None = CAPACITY,
    per: int = 1000,
    confidence: float = 0.95,
    replicates: int = 400,
    seed: int = 1,
) -> pd.DataFrame:
    """Divide the supply within a cost of an area by the residents within it.

    Parameters
    ----------
    costs, population, max_cost, weight, per, confidence, replicates, seed
        As in `two_step`.
    between
        Costs between areas: `area, to_area, cost`, in the unit of `costs`. An area's
        own residents always count.

    Returns
    -------
    DataFrame
        As `two_step`; `capacity per 1,000 residents, catchment of 30 minutes`. Missing
        where nobody lives within the cost.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `two_step`.

    Notes
    -----
    The older measure: it takes the residents of the catchment for those who use its
    places, though places at its edge serve others as well. Prefer `two_step`.

    References
    ----------
    Peng (1997), The jobs-housing balance and urban commuting, Urban Studies 34(8),
    1215-1235. Luo and Wang (2003), as in `two_step`, for its weakness.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1"], "kind": "Library",
    ...                        "capacity": [40]})
    >>> km = pd.DataFrame({"area": ["1", "2"], "facility_id": "L1", "cost": [0.5, 1.5],
    ...                    "unit": "km"})
    >>> people = pd.DataFrame({"area": ["1", "2"], "estimate": [3000, 1000],
    ...                        "moe": None})
    >>> near = pd.DataFrame({"area": ["1"], "to_area": ["2"], "cost": [1.0]})
    >>> table = catchment_ratio(coded(km, places), people, near, max_cost=1)
    >>> table["estimate"].tolist()
    [10.0, 0.0]
    """
    require_columns(between, ["area", "to_area", "cost"])
    if population.empty:
        return by_area(Costs(costs.areas, ()), [], confidence=confidence)
    known = costs.areas
    apart = matrix(
        *(codes(between[name], known, "areas") for name in ("area", "to_area")),
        between["cost"],
        (len(known), len(known)),
    )
    demand = _demand(costs, population)
    found = []
    for service in costs.services:
        limit = positive(of_kind(max_cost, service.kind, "max_cost"), "max_cost")
        own = sparse.eye_array(len(known), format="csr")
        near = _binary(within(apart, limit)).maximum(own)
        supply = _binary(within(service.matrix, limit)) @ service.supply(weight)
        name = f"catchment of {limit:g} {service.unit}"
        found.append(
            {
                "population": demand[0],
                "measure": f"{offered(weight)} per {per:,} residents, {name}",
                "direction": HIGHER,
                **_redrawn(
                    partial(_ratio, near, per * supply),
                    *demand,
                    confidence,
                    replicates,
                    seed,
                ),
            }
        )
    return by_area(costs, found, confidence=confidence)


def _floating(
    costs: Costs,
    population: pd.DataFrame,
    weights: list[tuple[sparse.csr_array, str]],
    weight: str | None,
    per: int,
    confidence: float,
    replicates: int,
    seed: int,
) -> pd.DataFrame:
    """The steps that all floating catchments share, once pairs have weights."""
    if population.empty:  # of no area is known who shares its places
        return by_area(Costs(costs.areas, ()), [], confidence=confidence)
    demand = _demand(costs, population)
    found = []
    for service, (inside, name) in zip(costs.services, weights, strict=True):
        supply = per * service.supply(weight)
        found.append(
            {
                "population": demand[0],
                "measure": f"{offered(weight)} per {per:,} residents, {name}",
                "direction": HIGHER,
                **_redrawn(
                    partial(_scores, inside, supply),
                    *demand,
                    confidence,
                    replicates,
                    seed,
                ),
            }
        )
    return by_area(costs, found, confidence=confidence)


def _scores(
    inside: sparse.csr_array, supply: np.ndarray, residents: np.ndarray
) -> np.ndarray:
    """What each place has for a resident, added up for each area (x redraws)."""
    return inside @ _per_resident(supply, inside.T @ residents)


def _ratio(
    near: sparse.csr_array, supply: np.ndarray, residents: np.ndarray
) -> np.ndarray:
    return _per_resident(supply, near @ residents)


def _per_resident(supply: np.ndarray, residents: np.ndarray) -> np.ndarray:
    """Divide; where nobody is, there is no answer."""
    if residents.ndim > 1:
        supply = supply[:, np.newaxis]
    return divide(supply, np.where(residents > 0, residents, 0))


def _chosen(inside: sparse.csr_array, counted: np.ndarray) -> sparse.csr_array:
    """Weights times the share of a resident that each place gets of all counted."""
    total = np.repeat(inside @ counted, np.diff(inside.indptr))
    nothing = np.zeros_like(inside.data)
    return _with(inside, np.divide(inside.data**2, total, out=nothing, where=total > 0))


def _redrawn(
    scores: Callable[[np.ndarray], np.ndarray],
    people: np.ndarray,
    error: np.ndarray,
    confidence: float,
    replicates: int,
    seed: int,
) -> dict:
    """Estimate, and limits from redraws of the residents, where they have margins."""
    check_confidence(confidence)
    estimate = scores(people)
    if not (error.any() and replicates):
        method = "residents, places and costs as given"
        return {"estimate": estimate, "method": method}
    random = np.random.default_rng(seed)
    draws = np.empty((replicates, len(people)))
    for start in range(0, replicates, BLOCK):
        part = draws[start : start + BLOCK]
        size = (len(part), len(people))
        part[:] = scores(random.normal(people, error, size).T).T
    low, high = basic_limits(estimate, draws, confidence)
    moved = high > low  # a width of nothing is not knowledge
    return {
        "estimate": estimate,
        "conf_low": np.where(moved, np.maximum(low, 0), np.nan),
        "conf_high": np.where(moved, high, np.nan),
        "method": "redraw of census margins; places and costs as given",
    }


def _demand(costs: Costs, population: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Residents of each area, and their standard errors."""
    require_columns(population, ["area", "estimate", "moe"])
    if missing := int(population["estimate"].isna().sum()):
        raise InputError(
            f"column estimate is missing in {missing} of {len(population)} rows: "
            "catchments need the residents of every area"
        )
    variance = acs.standard_error(floats(population["moe"].fillna(0))) ** 2
    sums = population.assign(variance=variance).groupby("area", observed=True)
    sums = sums[["estimate", "variance"]].sum()
    for one, other, names in (
        (costs.areas, sums.index, "costs are not in population"),
        (sums.index, costs.areas, "population are not in costs"),
    ):
        absent = ~one.isin(other)
        if absent.any():
            raise InputError(
                f"{absent.sum()} areas of {names}, such as {str(one[absent][0])!r}; "
                "code the costs with the areas of population"
            )
    sums = sums.reindex(costs.areas)
    return floats(sums["estimate"]), np.sqrt(floats(sums["variance"]))


def _stepped(service: Service, steps: Mapping) -> tuple[sparse.csr_array, float]:
    """Step weights of the pairs within the last step, and that step."""
    own = of_kind(steps, service.kind, "steps")
    try:
        bound, weight = np.array(sorted(own.items()), dtype=float).T
    except (AttributeError, TypeError, ValueError):
        raise ParamsError(f"steps is {own!r}; expected cost to weight") from None
    falling = (np.diff(weight) <= 0).all() and 0 < weight[0] <= 1 and weight[-1] >= 0
    if not (falling and bound[0] >= 0 and np.isfinite(bound).all()):
        raise ParamsError(
            f"steps is {dict(own)}; expected costs of 0 or more with weights between 0 "
            "and 1 that do not grow"
        )
    inside = within(service.matrix, bound[-1])
    return _with(inside, weight[np.searchsorted(bound, inside.data)]), bound[-1]


def _with(table: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    """The same pairs with other values; their places are not copied."""
    return sparse.csr_array((data, table.indices, table.indptr), shape=table.shape)


def _binary(table: sparse.csr_array) -> sparse.csr_array:
    return _with(table, np.ones(table.nnz))
