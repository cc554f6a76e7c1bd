"""What it costs to get from areas to places: a long table, coded once.

**Terms**

cost
    Of a pair of an area and a facility: minutes from a routing tool, or kilometres in
    a straight line. One unit for each kind of facility.
pair
    An area and a facility with a known cost. An *infinite* cost is known as well: there
    is no route, or none within what the tool looked for. A *missing* cost, or no row,
    is not known.
service
    The facilities of one kind, and the costs of getting to them.

Measures of access (`catchment`) take a `Costs`, so that millions of rows are turned
into whole numbers once, however many measures follow.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import pandas as pd
from scipy import sparse

from equity.errors import InputError, ParamsError
from equity.measure.table import floats, measure_table, require_columns

Value = TypeVar("Value")
CAPACITY = "capacity"


@dataclass(frozen=True)
class Service:
    """Facilities of one kind, and the costs of getting to them.

    Attributes
    ----------
    kind
        Such as "Library".
    unit
        Of the costs: "minutes", "km".
    how
        How the costs were found, such as "straight line"; empty if not told.
    facilities
        Their ids.
    capacity
        Of each facility; NaN where it is not known.
    matrix
        Costs, areas x facilities. Exactly the known pairs are stored, those without a
        route as infinity; a stored zero is a cost of zero.

    Examples
    --------
    >>> Service("Library", "km", "", pd.Index(["L1"]), np.array([9.0]),
    ...         sparse.csr_array([[0.4], [0.0]])).pairs.tolist()
    [1, 0]
    """

    kind: str
    unit: str
    how: str
    facilities: pd.Index
    capacity: np.ndarray
    matrix: sparse.csr_array

    @property
    def pairs(self) -> np.ndarray:
        """Count the known costs of each area.

        Returns
        -------
        ndarray
            One number for each area.
        """
        return np.diff(self.matrix.indptr).astype(np.int64)

    def supply(self, weight: str | None) -> np.ndarray:
        """Say what each facility offers.

        Parameters
        ----------
        weight
            "capacity", or None: each offers one.

        Returns
        -------
        ndarray
            One number for each facility.

        Raises
        ------
        InputError
            If a capacity that is asked for is missing.
        ParamsError
            If `weight` is neither of the two.
        """
        if weight is None:
            return np.ones(len(self.facilities))
        if weight != CAPACITY:
            raise ParamsError(f"weight is {weight!r}; expected {CAPACITY!r} or None")
        if missing := int(np.isnan(self.capacity).sum()):
            raise InputError(
                f"capacity is missing for {missing} of {len(self.capacity)} facilities "
                f"of kind {self.kind!r}; count each as one with weight=None, or leave "
                "them out"
            )
        return self.capacity

    def without(self, place: int) -> Self:
        """Leave out one facility, as if it had never been.

        Parameters
        ----------
        place
            Its position, counted from zero.

        Returns
        -------
        Service
            The others. Pairs with it are no longer counted.
        """
        others = np.delete(np.arange(len(self.facilities)), place)
        return replace(
            self,
            facilities=self.facilities[others],
            capacity=self.capacity[others],
            matrix=self.matrix[:, others],
        )


@dataclass(frozen=True)
class Costs:
    """Areas, and the services they can or cannot get to.

    Attributes
    ----------
    areas
        Every area, also those of which no cost is known.
    services
        One for each kind of facility.

    Examples
    --------
    >>> Costs(pd.Index(["1", "2"]), ()).areas.tolist()
    ['1', '2']
    """

    areas: pd.Index
    services: tuple[Service, ...]


def coded(
    costs: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    areas: Iterable | None = None,
) -> Costs:
    """Turn a long table of costs into one matrix for each kind of facility.

    Parameters
    ----------
    costs
        Tidy `costs`: `area, facility_id, cost, unit`, and `how` if told; one row for
        each pair, in any order.
    facilities
        Tidy `facilities`: `facility_id, kind, capacity`. All of them, also those that
        nobody can get to.
    areas
        Every area that is asked about, such as the `area` of `population`; repeats
        count once. None takes those of `costs`, and so leaves out areas of which
        nothing is known.

    Returns
    -------
    Costs
        Kinds in the order of their categories, or sorted.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a pair is there twice, a cost is negative or no number, an area or facility
        is unknown or missing, a facility is there twice, has no kind or a negative
        capacity, or the costs of one kind have more than one unit or origin.

    Notes
    -----
    40 million rows take seconds and, beside the table, about a gigabyte; less where
    ids are whole numbers or categories, and rows lie area by area.

    Examples
    --------
    >>> libraries = pd.DataFrame({"facility_id": ["L1", "L2"], "kind": "Library",
    ...                           "capacity": [40, None]})
    >>> km = pd.DataFrame({"area": ["1", "1", "2"], "facility_id": ["L1", "L2", "L1"],
    ...                    "cost": [0.0, 3.5, 2.0], "unit": "km"})
    >>> found = coded(km, libraries, areas=["1", "2", "3"])
    >>> found.services[0].pairs.tolist()
    [2, 1, 0]
    """
    require_columns(costs, ["area", "facility_id", "cost", "unit"])
    require_columns(facilities, ["facility_id", "kind", "capacity"])
    _check_facilities(facilities)
    named = pd.Index(facilities["facility_id"])
    column = codes(costs["facility_id"], named, "facilities")
    kind, kinds = pd.factorize(facilities["kind"], sort=True)
    if areas is None:
        areas = costs["area"].dropna()
    places = pd.Index(pd.Series(areas).unique())
    row = codes(costs["area"], places, "areas")
    capacity = floats(facilities["capacity"])
    services = []
    for number, label in enumerate(kinds):
        own = np.flatnonzero(kind == number)
        told, at, to = costs, row, column
        if len(kinds) > 1:
            rows = kind[column] == number
            told, at = costs.loc[rows], row[rows]
            to = (np.cumsum(kind == number, dtype=np.int32) - 1)[column[rows]]
        unit = _single(told["unit"], f"unit of the costs to kind {label!r}")
        how = ""
        if "how" in costs:
            how = _single(told["how"], f"origin (how) of the costs to kind {label!r}")
        shape = (len(places), len(own))
        services.append(
            Service(
                str(label),
                unit,
                how,
                named[own],
                capacity[own],
                matrix(at, to, told["cost"], shape),
            )
        )
    return Costs(places, tuple(services))


def codes(values: pd.Series, known: pd.Index, name: str) -> np.ndarray:
    """Number the values by their position among those known.

    Parameters
    ----------
    values
        One id per row.
    known
        The ids there are.
    name
        What the ids are of, for messages.

    Returns
    -------
    ndarray
        Of type int32.

    Raises
    ------
    InputError
        If an id is missing or not known.

    Examples
    --------
    >>> codes(pd.Series(["b", "a", "b"]), pd.Index(["a", "b"]), "areas").tolist()
    [1, 0, 1]
    """
    if pd.api.types.is_integer_dtype(values.dtype) and not values.hasnans:
        place = known.get_indexer(pd.Index(values))  # nothing is gained by numbering
        if (place >= 0).all():
            return place.astype(np.int32)
    number, unique = pd.factorize(values)
    if missing := int((number < 0).sum()):
        raise InputError(
            f"column {values.name} is missing in {missing} of {len(values)} rows"
        )
    place = known.get_indexer(pd.Index(np.asarray(unique)))
    if (place < 0).any():
        strange = np.asarray(unique)[place < 0]
        rows = int((place < 0)[number].sum())
        raise InputError(
            f"{len(strange)} ids in column {values.name} are not among the "
            f"{len(known)} {name} ({rows} of {len(values)} rows), such as "
            f"{str(strange[0])!r}; give every one, or leave these rows out"
        )
    return place.astype(np.int32)[number]


def matrix(
    row: np.ndarray, column: np.ndarray, cost: pd.Series, shape: tuple[int, int]
) -> sparse.csr_array:
    """Put costs into a matrix, and leave out those that are missing.

    Parameters
    ----------
    row, column
        Position of each pair.
    cost
        Of each pair: zero or more, infinity without a route, missing if not known.
    shape
        Rows and columns.

    Returns
    -------
    csr_array
        Known costs, zeros among them.

    Raises
    ------
    InputError
        If a pair is there twice, or a cost is negative or no number.

    Examples
    --------
    >>> matrix(np.array([0, 0]), np.array([0, 1]), pd.Series([0.0, None]), (1, 2)).nnz
    1
    """
    try:
        cost = floats(cost)
    except (TypeError, ValueError):
        raise InputError("column cost holds values that are not numbers") from None
    if negative := int((cost < 0).sum()):
        raise InputError(f"column cost is negative in {negative} of {len(cost)} rows")
    table = _in_order(row, column, cost, shape)
    if table is None:
        table = sparse.coo_array((cost, (row, column)), shape=shape).tocsr()
    if table.nnz < len(cost):  # the sums of repeated pairs, which are no costs
        raise InputError(
            f"{len(cost) - table.nnz} of {len(cost)} rows repeat a pair of area and "
            "destination; give one cost for each pair"
        )
    return _only(table, ~np.isnan(table.data))


def within(table: sparse.csr_array, max_cost: float) -> sparse.csr_array:
    """Keep the pairs up to a cost.

    Parameters
    ----------
    table
        Known costs.
    max_cost
        A cost of exactly so much is within. Infinity keeps every route.

    Returns
    -------
    csr_array
        Costs, of the same shape; zeros stay stored.

    Examples
    --------
    >>> costs = matrix(np.array([0, 0]), np.array([0, 1]), pd.Series([0, 9.0]), (1, 2))
    >>> within(costs, 5).nnz
    1
    """
    return _only(table, (table.data <= max_cost) & (table.data < np.inf))


def of_kind(value: Value | Mapping[str, Value], kind: str, name: str) -> Value:
    """Take an option that is one for all kinds, or one for each.

    Parameters
    ----------
    value
        The option, or kind to option.
    kind
        The kind asked for.
    name
        Of the option, for messages.

    Returns
    -------
    Value
        The kind's own.

    Raises
    ------
    ParamsError
        If the kind has none.

    Examples
    --------
    >>> of_kind({"Library": 2.0, "Clinic": 30.0}, "Clinic", "max_cost")
    30.0
    """
    by_kind = isinstance(value, Mapping) and any(isinstance(k, str) for k in value)
    if not by_kind:
        return value
    if kind not in value:
        raise ParamsError(f"{name} has no value for kind {kind!r}; found {list(value)}")
    return value[kind]


def limits(costs: Costs, *, minutes: float, km: float) -> dict[str, float]:
    """Say what counts as near for each kind, by the unit its costs are in.

    Parameters
    ----------
    costs
        As `coded` returns them.
    minutes, km
        What is near where costs are minutes, and where they are kilometres.

    Returns
    -------
    dict
        Kind to cost.

    Raises
    ------
    ParamsError
        If the costs of a kind are in another unit.

    Examples
    --------
    >>> libraries = pd.DataFrame({"facility_id": ["L1"], "kind": "Library",
    ...                           "capacity": [40]})
    >>> km = pd.DataFrame({"area": ["1"], "facility_id": ["L1"], "cost": [0.5],
    ...                    "unit": "km"})
    >>> limits(coded(km, libraries), minutes=15, km=1.6)
    {'Library': 1.6}
    """
    near = {"minutes": positive(minutes, "minutes"), "km": positive(km, "km")}
    near[""] = near["km"]  # of a kind to which no cost is known, nothing is near
    for service in costs.services:
        if service.unit not in near:
            raise ParamsError(
                f"costs of {service.kind} are in {service.unit!r}; expected one of "
                "['minutes', 'km']"
            )
    return {service.kind: near[service.unit] for service in costs.services}


def positive(value: float, name: str) -> float:
    """Refuse an option that is not a number above zero.

    Parameters
    ----------
    value
        The option.
    name
        Of the option, for messages.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ParamsError
        If it is anything else.

    Examples
    --------
    >>> positive(15, "max_cost")
    15.0
    """
    if isinstance(value, bool) or not 0 < value < np.inf:
        raise ParamsError(f"{name} is {value}; expected a number above 0")
    return float(value)


def offered(weight: str | None) -> str:
    """Name what places offer, for the name of a measure.

    Parameters
    ----------
    weight
        "capacity", or None.

    Returns
    -------
    str
        "capacity" or "places".

    Examples
    --------
    >>> offered(None)
    'places'
    """
    return CAPACITY if weight else "places"


def by_area(
    costs: Costs, found: list[dict[str, object]], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Put what was found of each service into one measure table by area.

    Parameters
    ----------
    costs
        Its services, in their order, are those of `found`; its areas are the rows.
    found
        For each service the columns of `table.measure_table`, `estimate` and `measure`
        among them: one value, or one for each area. Numbers that were estimated are
        made missing where no cost is known. `population`, if there, is put in front.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        `kind, area, (population,) places, pairs, unit, how`, then the measure columns;
        no rows without services.

    Examples
    --------
    >>> nowhere = Service("Library", "km", "", pd.Index(["L1"]), np.array([9.0]),
    ...                   sparse.csr_array((1, 1)))
    >>> table = by_area(
    ...     Costs(pd.Index(["1"]), (nowhere,)),
    ...     [{"estimate": np.zeros(1), "measure": "places within 1 km"}])
    >>> table[["area", "pairs", "estimate"]]
      area  pairs  estimate
    0    1      0       NaN
    """
    number, services = len(costs.areas), costs.services
    rows = {
        "kind": [service.kind for service in services],
        "places": [len(service.facilities) for service in services],
        "pairs": [service.pairs for service in services],
        "unit": [service.unit for service in services],
        "how": [service.how for service in services],
    }
    names = dict.fromkeys(name for part in found for name in part)
    rows |= {name: [part.get(name, np.nan) for part in found] for name in names}
    columns = {name: _joined(parts, number) for name, parts in rows.items()}
    for name in ("estimate", "conf_low", "conf_high"):
        value = floats(columns.get(name, np.full(number * len(services), np.nan)))
        columns[name] = np.where(columns["pairs"] > 0, value, np.nan)
    place = np.tile(np.arange(number), len(services))
    frame = pd.DataFrame({"kind": columns.pop("kind"), "area": costs.areas.take(place)})
    for name in ("population", "places", "pairs", "unit", "how"):
        if name in columns:
            frame[name] = columns.pop(name)
    columns = {"measure": "", "method": "", **columns}
    if not services:
        columns.setdefault("direction", "")  # which is asked for even of no rows
    return measure_table(frame, reference=None, confidence=confidence, **columns)


def _joined(parts: list, number: int) -> np.ndarray:
    """One column of the values, or single value, of each service."""
    if not parts:
        return np.empty(0)
    kind = object if isinstance(parts[0], str) else None
    return np.concatenate(
        [np.broadcast_to(np.asarray(part, dtype=kind), number) for part in parts]
    )


def _in_order(
    row: np.ndarray, column: np.ndarray, cost: np.ndarray, shape: tuple[int, int]
) -> sparse.csr_array | None:
    """Take rows that already lie as the matrix has them, which is much faster."""
    if (row[1:] < row[:-1]).any():
        return None
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))])
    if len(row) < np.iinfo(np.int32).max:
        start = start.astype(np.int32)  # or the columns would be widened
    table = sparse.csr_array((cost.copy(), column, start), shape=shape)
    return table if table.has_canonical_format else None


def _only(table: sparse.csr_array, keep: np.ndarray) -> sparse.csr_array:
    """Keep some stored values; the same table where that is all of them."""
    if keep.all():
        return table
    kept = np.flatnonzero(keep)
    start = np.searchsorted(kept, table.indptr).astype(table.indptr.dtype)
    return sparse.csr_array(
        (table.data[kept], table.indices[kept], start), shape=table.shape
    )


def _check_facilities(facilities: pd.DataFrame) -> None:
    rows = len(facilities)
    for name in ("facility_id", "kind"):
        if missing := int(facilities[name].isna().sum()):
            raise InputError(f"column {name} is missing in {missing} of {rows} rows")
    if repeated := int(facilities["facility_id"].duplicated().sum()):
        raise InputError(f"{repeated} of {rows} facilities repeat a facility_id")
    try:
        negative = int((floats(facilities["capacity"]) < 0).sum())
    except (TypeError, ValueError):
        raise InputError("column capacity holds values that are not numbers") from None
    if negative:
        raise InputError(f"column capacity is negative in {negative} of {rows} rows")


def _single(values: pd.Series, what: str) -> str:
    """The one value of a column, which millions of rows repeat."""
    found = [str(value) for value in values.unique()]
    if len(found) > 1:
        raise InputError(f"the {what} is not one but {len(found)}: {found[:5]}")
    return found[0] if found else ""
