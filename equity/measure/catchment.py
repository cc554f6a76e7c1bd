"""Access of areas to places: the nearest, those within a cost, and gravity.

A measure takes the costs of getting from areas to places (`costs.coded`) and gives a
row for each kind of place and each area. What is not known is not zero: an area of
which no cost is known (``pairs`` is 0) has a missing estimate; one whose known costs
all lie beyond reach has zero, or, of the nearest place, a missing estimate with
``pairs`` above 0.

These measures have no limits: places and costs are what they are. Chance enters where
they are compared by race, in `reach`, by way of the census margins; and by way of the
places, with `without_each`, where the question is whether another draw of places would
show the same gap. Supply is set against demand in `floating`.

**Terms**

supply
    What a place offers: its ``capacity``, or one for each place (``weight=None``).
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from equity.errors import InputError, ParamsError
from equity.measure.costs import (
    CAPACITY,
    Costs,
    by_area,
    of_kind,
    offered,
    positive,
    within,
)
from equity.measure.table import HIGHER, LOWER

PAIRS = 10_000_000  # held at once by `without_each`
FIXED = "places and costs as they are: nothing left to chance"


def nearest(costs: Costs) -> pd.DataFrame:
    """Find the least cost of getting from each area to a place of each kind.

    Parameters
    ----------
    costs
        From `costs.coded`.

    Returns
    -------
    DataFrame
        A row for each kind and area: `kind, area, places, pairs, unit, how`, the
        measure columns (`km to the nearest place`, in the unit of the costs), then
        `direction` and `facility_id`, the nearest place; of several, the first. Missing
        without a known cost, and where no place can be got to (`pairs` tells which).
        No limits: nothing in it is left to chance.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                        "capacity": [40, 60]})
    >>> km = pd.DataFrame({"area": ["1", "1", "2"], "facility_id": ["L1", "L2", "L1"],
    ...                    "cost": [0.5, 3.5, 2.0], "unit": "km"})
    >>> table = nearest(coded(km, places, areas=["1", "2", "3"]))
    >>> table[["area", "measure", "estimate", "facility_id"]]
      area                  measure  estimate facility_id
    0    1  km to the nearest place       0.5          L1
    1    2  km to the nearest place       2.0          L1
    2    3  km to the nearest place       NaN         NaN
    """

    found = []
    for service in costs.services:
        least, place = _least(service.matrix)
        some = np.isfinite(least)
        ids = pd.Series(service.facilities, dtype=object).reindex(place)
        found.append(
            {
                "measure": f"{service.unit} to the nearest place",
                "estimate": least,
                "method": FIXED,
                "direction": LOWER,
                "facility_id": ids.where(some, None).to_numpy(),
            }
        )
    return by_area(costs, found)


def count_within(
    costs: Costs,
    *,
    max_cost: float | Mapping[str, float],
    weight: str | None = None,
) -> pd.DataFrame:
    """Count the places, or add up their capacity, within a cost of each area.

    Also called cumulative opportunities.

    Parameters
    ----------
    costs
        From `costs.coded`.
    max_cost
        The cost, in the unit of the costs; exactly so much is within. One for all, or
        kind to cost.
    weight
        None counts places; "capacity" adds up what they offer.

    Returns
    -------
    DataFrame
        As `nearest`, without `facility_id`; `places within 15 minutes`, or `capacity
        within 15 minutes`. Zero where nothing is within, missing where no cost is
        known.

    Raises
    ------
    InputError
        If a capacity that is asked for is missing.
    ParamsError
        If an option is none of the above.

    References
    ----------
    Wachs and Kumagai (1973), Physical accessibility as a social indicator,
    Socio-Economic Planning Sciences 7(5), 437-456.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                        "capacity": [40, 60]})
    >>> km = pd.DataFrame({"area": ["1", "1", "2"], "facility_id": ["L1", "L2", "L1"],
    ...                    "cost": [0.5, 3.5, 2.0], "unit": "km"})
    >>> costs = coded(km, places, areas=["1", "2", "3"])
    >>> count_within(costs, max_cost=1)["estimate"].tolist()
    [1.0, 0.0, nan]
    """

    found = []
    for service in costs.services:
        limit = positive(of_kind(max_cost, service.kind, "max_cost"), "max_cost")
        inside = within(service.matrix, limit)
        counted = sparse.csr_array(
            (np.ones(inside.nnz), inside.indices, inside.indptr), shape=inside.shape
        )
        found.append(
            {
                "measure": f"{offered(weight)} within {limit:g} {service.unit}",
                "estimate": counted @ service.supply(weight),
                "method": FIXED,
                "direction": HIGHER,
            }
        )
    return by_area(costs, found)


def gravity(
    costs: Costs,
    *,
    decay: str,
    scale: float | Mapping[str, float],
    max_cost: float | Mapping[str, float] | None = None,
    weight: str | None = CAPACITY,
) -> pd.DataFrame:
    """Add up what places offer, the less the costlier they are to get to.

    Parameters
    ----------
    costs
        From `costs.coded`.
    decay
        "gaussian", exp(-c²/2s²), the weighted catchment; "exponential", exp(-c/s);
        or "power", c to the power of -s. *c* is the cost, *s* the scale.
    scale
        In the unit of the costs; of "power", the exponent. One for all, or kind to
        scale.
    max_cost
        Places beyond it count nothing. None leaves out none.
    weight
        "capacity", or None: each place counts as one.

    Returns
    -------
    DataFrame
        As `count_within`; `capacity in reach, gaussian decay of 6 minutes`.

    Raises
    ------
    InputError
        If a capacity that is asked for is missing, or a cost is zero under "power",
        which would make a place count without end.
    ParamsError
        If an option is none of the above.

    References
    ----------
    Hansen (1959), How accessibility shapes land use, Journal of the American Institute
    of Planners 25(2), 73-76. Kwan (1998), Geographical Analysis 30(3), 191-216.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1"], "kind": "Library",
    ...                        "capacity": [40]})
    >>> km = pd.DataFrame({"area": ["1", "2"], "facility_id": "L1", "cost": [0.0, 2.0],
    ...                    "unit": "km"})
    >>> gravity(coded(km, places), decay="exponential", scale=2)["estimate"].round(2)
    0    40.00
    1    14.72
    Name: estimate, dtype: float64
    """

    found = []
    for service in costs.services:
        size = positive(of_kind(scale, service.kind, "scale"), "scale")
        limit = np.inf
        if max_cost is not None:
            limit = positive(of_kind(max_cost, service.kind, "max_cost"), "max_cost")
        inside = within(service.matrix, limit)
        weighted = sparse.csr_array(
            (_decayed(inside.data, decay, size), inside.indices, inside.indptr),
            shape=inside.shape,
        )
        fading = f"{decay} decay of {size:g}"
        fading += "" if decay == "power" else f" {service.unit}"
        found.append(
            {
                "measure": f"{offered(weight)} in reach, {fading}",
                "estimate": weighted @ service.supply(weight),
                "method": FIXED,
                "direction": HIGHER,
            }
        )
    return by_area(costs, found)


def without_each(
    measure: Callable[..., pd.DataFrame], costs: Costs, *further: object, **options
) -> pd.DataFrame:
    """Work out a measure again without each place in turn.

    What the answer owes to where single places happen to be: `reach` makes limits of
    it that ask whether another draw of places would show the same gap.

    Parameters
    ----------
    measure
        Of this module or of `floating`, such as `nearest`.
    costs
        From `costs.coded`.
    *further
        What else the measure takes, such as `population`.
    **options
        Its options. Of floating catchments, `replicates=0` saves redraws.

    Returns
    -------
    DataFrame
        `kind, left_out` (the facility), `area, pairs, estimate`.

    Examples
    --------
    >>> from equity.measure.costs import coded
    >>> places = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                        "capacity": [40, 60]})
    >>> km = pd.DataFrame({"area": ["1", "1"], "facility_id": ["L1", "L2"],
    ...                    "cost": [0.5, 0.9], "unit": "km"})
    >>> without_each(nearest, coded(km, places))[["left_out", "estimate"]]
      left_out  estimate
    0       L1       0.9
    1       L2       0.5
    """
    number, tables = len(costs.areas), []
    for service in costs.services:
        places = len(service.facilities)
        several = max(1, PAIRS // max(service.matrix.nnz, 1))  # at once, in memory
        for start in range(0, places, several):
            left = range(start, min(start + several, places))
            others = Costs(costs.areas, tuple(service.without(one) for one in left))
            found = measure(others, *further, **options)
            ids = service.facilities[list(left)].repeat(number)
            tables.append(found.assign(left_out=ids))
    names = ["kind", "left_out", "area", "pairs", "estimate"]
    if not tables:
        return pd.DataFrame(columns=names)
    return pd.concat(tables, ignore_index=True)[names]


def _least(table: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """The least stored value of each row, and its first column."""
    least = np.full(table.shape[0], np.inf)
    place = np.zeros(table.shape[0], dtype=int)
    length = np.diff(table.indptr)
    some = length > 0
    if some.any():
        least[some] = np.minimum.reduceat(table.data, table.indptr[:-1][some])
        hits = np.flatnonzero(table.data == np.repeat(least, length))
        place[some] = table.indices[
            hits[np.searchsorted(hits, table.indptr[:-1][some])]
        ]
    return least, place


def _decayed(cost: np.ndarray, decay: str, scale: float) -> np.ndarray:
    if decay == "gaussian":
        return np.exp(-((cost / scale) ** 2) / 2)
    if decay == "exponential":
        return np.exp(-cost / scale)
    if decay != "power":
        names = ["gaussian", "exponential", "power"]
        raise ParamsError(f"decay is {decay!r}; expected one of {names}")
    if nothing := int((cost == 0).sum()):
        raise InputError(
            f"cost is zero in {nothing} pairs, where a power has no end; choose "
            "another decay, or a least cost"
        )
    return cost**-scale
