"""Whether neighbouring areas resemble each other: Moran's I of what is left over.

Where areas that touch are alike in what a comparison leaves unexplained, something that
neighbours share was left out: a depot, a contractor, a storm. Limits that take areas as
independent are then too narrow. `residuals` says how far each area is from what was
expected of it, in standard errors, and `moran` whether neighbours go together.
"""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure.table import (
    check_confidence,
    check_counts,
    divide,
    measure_table,
    numbers,
    require_columns,
)

KEYS = ["area", "neighbour"]
FEWEST = 10  # areas; permutations of fewer say nothing
METHOD = "Moran's I, row-standardised; no interval, but a permutation test"


def residuals(table: pd.DataFrame, *, dispersion: float = 1.0) -> pd.DataFrame:
    """Measure how far each area's share is from what is expected, in standard errors.

    Parameters
    ----------
    table
        One row per ``area`` with ``events`` and ``population``, such as
        `drivers.by_area`; with ``expected`` (a proportion) where something else than
        the share of all areas together is expected, as from a model.
    dispersion
        How many times as much shares vary as binomial ones.

    Returns
    -------
    DataFrame
        ``area``, ``expected`` and ``residual`` (Pearson's, above zero where the share
        is higher); missing where nothing is known of the area, or where certainty was
        expected.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or events exceed population; if ``dispersion`` is not
        above zero.

    Notes
    -----
    A share of few is far from the mean by chance; in standard errors, areas of any
    size are comparable, which Moran's I presumes (Assunção and Reis).

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 2.4. Assunção and
    Reis (1999), Statistics in Medicine 18, 2147-2162.

    Examples
    --------
    >>> shares = pd.DataFrame({"area": ["1", "2"], "events": [60, 40],
    ...                        "population": [100, 100]})
    >>> residuals(shares)
      area  expected  residual
    0    1       0.5       2.0
    1    2       0.5      -2.0
    """
    require_columns(table, ["area"])
    events, population = check_counts(table)
    if not dispersion > 0:
        raise InputError(f"dispersion is {dispersion}; expected a number above zero")
    if "expected" in table:
        expected = numbers(table, "expected")
        if ((expected < 0) | (expected > 1)).any():
            raise InputError("column expected is not a proportion from 0 to 1")
    else:
        known = np.isfinite(events) & np.isfinite(population)
        share = divide(events[known].sum(), population[known].sum())
        expected = np.full(len(table), float(share))
    error = np.sqrt(population * expected * (1 - expected) * dispersion)
    return pd.DataFrame(
        {
            "area": table["area"].to_numpy(),
            "expected": expected,
            "residual": divide(events - population * expected, error),
        }
    )


def neighbours(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """List the areas that touch each other, at a corner or along a side.

    Parameters
    ----------
    areas
        Tidy `areas`: `area, geometry`. Borders that were drawn twice and do not meet
        are not seen as touching.

    Returns
    -------
    DataFrame
        `area, neighbour`: every pair both ways round ("queen" contiguity), sorted.
        Areas without a neighbour have no row.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> row = gpd.GeoDataFrame({"area": ["1", "2", "3"]},
    ...                        geometry=[box(i, 0, i + 1, 1) for i in range(3)])
    >>> neighbours(row).to_numpy().tolist()
    [['1', '2'], ['2', '1'], ['2', '3'], ['3', '2']]
    """
    require_columns(areas, ["area", "geometry"])
    # Imported here, and esda below, for they take seconds and few pages need them.
    from libpysal.graph import Graph

    shapes = areas.set_index("area").geometry
    pairs = Graph.build_contiguity(shapes, rook=False, strict=True).adjacency
    pairs = pairs[pairs > 0].reset_index()
    pairs = pairs.rename(columns={"focal": "area", "neighbor": "neighbour"})
    return pairs[KEYS].sort_values(KEYS, ignore_index=True)


def of_areas(
    shares: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    *,
    dispersion: float = 1.0,
    permutations: int = 999,
    confidence: float = 0.95,
    seed: int = 1,
) -> pd.DataFrame:
    """Ask whether the shares of neighbouring areas resemble each other.

    Parameters
    ----------
    shares
        `area`, `events` and `population`.
    areas
        `area` and `geometry`.
    dispersion
        As for `residuals`.
    permutations, confidence, seed
        As for `moran`.

    Returns
    -------
    DataFrame
        As `moran` returns it, with the `population` of all areas; no row where fewer
        areas than it needs have a value and a neighbour.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As for `residuals` and `moran`.

    Examples
    --------
    >>> from shapely import box
    >>> names = [f"{i:02}" for i in range(12)]
    >>> street = gpd.GeoDataFrame({"area": names}, crs=3857,
    ...     geometry=[box(i, 0, i + 1, 1) for i in range(12)])
    >>> shares = pd.DataFrame({"area": names, "events": range(20, 80, 5),
    ...                        "population": 100})
    >>> of_areas(shares, street)[["population", "clustered"]]
       population  clustered
    0        1200       True
    """
    left = residuals(shares, dispersion=dispersion)
    pairs = neighbours(areas)
    known = left[np.isfinite(numbers(left, "residual"))]
    if len(_linked(known, pairs)[0]) < FEWEST:
        return pd.DataFrame(columns=["population", "areas", "islands", "unknown"])
    found = moran(
        left, pairs, permutations=permutations, confidence=confidence, seed=seed
    )
    found.insert(0, "population", shares["population"].sum())
    return found


def moran(
    values: pd.DataFrame,
    neighbours: pd.DataFrame,
    *,
    value: str = "residual",
    permutations: int = 999,
    confidence: float = 0.95,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure whether neighbouring areas have values that go together.

    Zero, nearly, is what chance gives; above it, neighbours are alike; below, unlike.

    Parameters
    ----------
    values
        One row per ``area``, with the value.
    neighbours
        As of `neighbours`: `area, neighbour`.
    value
        Which column is looked at.
    permutations
        How often the values are dealt out to the areas anew.
    confidence
        Of the range that chance gives, two-sided, as a proportion.
    seed
        Of the permutations.

    Returns
    -------
    DataFrame
        One row: `areas` (those compared), `islands` (with a value, but no neighbour
        that has one) and `unknown` (without a value), both left out; the measure
        columns, with Moran's I as `estimate`; then `expected` (without clustering, -1
        over areas less one), `null_low` and `null_high` (the range that `confidence`
        of the permutations keep to), `p_value` (two-sided) and `clustered` (above that
        range). Limits are missing: permutations tell what chance alone would give, not
        how sure the estimate is. Where all values are the same, so is the estimate.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If an area is there twice, or fewer than 10 areas with a value and a neighbour
        are left.
    ParamsError
        If the confidence is not between zero and one.

    Notes
    -----
    Weights are row-standardised: each area is set against the mean of its neighbours.
    The p-value is twice the smaller tail, counting the observed value itself, so at
    best 2 / (permutations + 1). Residuals of a regression go together a little more,
    or less, than permutations allow for; as a diagnosis that does not matter.

    References
    ----------
    Moran (1950), Biometrika 37, 17-23. Cliff and Ord (1981), Spatial Processes:
    Models and Applications. Phipson and Smyth (2010), Statistical Applications in
    Genetics and Molecular Biology 9(1), for p-values of permutations.

    Examples
    --------
    >>> names = [f"{place:02d}" for place in range(20)]
    >>> street = pd.DataFrame({"area": names[:-1] + names[1:],
    ...                        "neighbour": names[1:] + names[:-1]})
    >>> trend = pd.DataFrame({"area": names, "residual": range(20)})
    >>> table = moran(trend, street)
    >>> table[["areas", "estimate", "expected", "p_value", "clustered"]].round(3)
       areas  estimate  expected  p_value  clustered
    0     20     0.971    -0.053    0.002       True
    """
    check_confidence(confidence)
    require_columns(values, ["area", value])
    require_columns(neighbours, KEYS)
    if doubled := int(values["area"].duplicated().sum()):
        raise InputError(f"{doubled} of {len(values)} rows repeat an area")
    known = np.isfinite(numbers(values, value))
    seen, pairs = _linked(values[known], neighbours)
    if len(seen) < FEWEST:
        raise InputError(
            f"{len(seen)} areas have a value and a neighbour with one; expected at "
            f"least {FEWEST} to tell clusters from chance"
        )
    found = numbers(seen, value)
    estimate, drawn = _permuted(found, seen["area"], pairs, permutations, seed)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(drawn, tails)
    below, above = ((drawn <= estimate).sum(), (drawn >= estimate).sum())
    p_value = min(1.0, 2 * (min(below, above) + 1) / (permutations + 1))
    told = np.isfinite(estimate)
    frame = pd.DataFrame(
        {
            "areas": [len(seen)],
            "islands": [int(known.sum()) - len(seen)],
            "unknown": [int((~known).sum())],
        }
    )
    return measure_table(
        frame,
        measure=f"clustering of {value}s among neighbours",
        reference=None,
        estimate=[estimate],
        conf_low=[np.nan],
        conf_high=[np.nan],
        confidence=confidence,
        method=METHOD,
        expected=-1 / (len(seen) - 1),
        null_low=low,
        null_high=high,
        p_value=p_value if told else np.nan,
        clustered=pd.array([estimate > high if told else pd.NA], dtype="boolean"),
    )


def _linked(
    values: pd.DataFrame, neighbours: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep areas with a neighbour among those given, and the pairs of such."""
    there = values["area"]
    pairs = neighbours[
        neighbours["area"].isin(there)
        & neighbours["neighbour"].isin(there)
        & (neighbours["area"] != neighbours["neighbour"])
    ]
    seen = values[there.isin(pairs["area"])].sort_values("area", ignore_index=True)
    # Sorted, so that permutations do not depend on the order of rows.
    return seen, pairs.drop_duplicates(KEYS).sort_values(KEYS)


def _permuted(
    found: np.ndarray,
    areas: pd.Series,
    pairs: pd.DataFrame,
    permutations: int,
    seed: int,
) -> tuple[float, np.ndarray]:
    """Compute the statistic, and again of values dealt out anew.

    The library permutes with the state of the whole process; these have a seed.
    """
    with warnings.catch_warnings():  # in a notebook it asks for widgets
        warnings.filterwarnings("ignore", message="IProgress not found")
        from esda.moran import Moran
        from libpysal.graph import Graph

    deviations = found - found.mean()
    if np.allclose(deviations, 0):
        return np.nan, np.full(permutations, np.nan)
    graph = Graph.from_arrays(
        pairs["area"].to_numpy(), pairs["neighbour"].to_numpy(), np.ones(len(pairs))
    )
    weights = graph.transform("r")
    order = pd.Index(areas).get_indexer(weights.unique_ids)
    statistic = Moran(found[order], weights, permutations=0)
    random = np.random.default_rng(seed)
    dealt = random.permuted(np.tile(deviations[order], (permutations, 1)), axis=1)
    lagged = (weights.sparse @ dealt.T).T
    scale = len(found) / weights.sparse.sum() / (deviations**2).sum()
    return float(statistic.I), scale * (dealt * lagged).sum(axis=1)
