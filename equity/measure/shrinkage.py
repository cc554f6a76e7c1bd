"""Values of small units, such as gaps of schools, pulled to the mean as far as chance
alone would have carried them away: empirical Bayes.

A small school's gap is mostly chance, so the largest and the smallest gaps of a list
are those of the smallest schools. Each unit's value is moved to the mean of all, the
more the less sure it is. What is left over is what a list may be read by, with its
interval; and `ranks` says how little of an order there often is.

**Terms**

observed
    The unit's own value, with its standard error.
between units, tau
    The standard deviation of the true values: what is left of the spread of the
    observed ones when chance is taken off.
weight
    How much of a unit's own value is kept: the variance between units over that plus
    the squared standard error. It is the *reliability* of the observed value; what is
    not kept is taken from the mean.

Units are taken as alike but for what is measured: a unit known beforehand to be of
another kind should not be pulled to this mean. Shares of few people are better served
by `shrunk_rates`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr
from scipy.stats import chi2

from equity.errors import InputError, ParamsError
from equity.measure import few_clusters
from equity.measure.table import (
    check_confidence,
    divide,
    measure_table,
    normal_quantile,
    numbers,
    require_columns,
)

REML, DL, PM = "REML", "DL", "PM"
JAMES_STEIN = "James-Stein"
NORMAL, HARTUNG_KNAPP = "normal", "Hartung-Knapp"
METHOD = "normal, flat prior on tau"
ABOVE, BELOW = "above the mean of units", "below the mean of units"
UNTOLD = "not told from the mean"
NOT_KNOWN = "not known: no value or standard error"
FEW = "not known: too few units"
LEAST = {REML: 3, DL: 3, PM: 3, JAMES_STEIN: 4}
NODES, ZOOMS = 200, 3
NEGLIGIBLE = 1e-7


def shrink(
    values: pd.DataFrame, *, between: str = REML, confidence: float = 0.95
) -> pd.DataFrame:
    """Pull each unit's value to the mean of all, by how unsure it is.

    Parameters
    ----------
    values
        One row per unit, with ``estimate`` and ``standard_error``, such as a measure
        table of gaps of schools.
    between
        How tau is found: "REML" (restricted likelihood), "DL" (DerSimonian and
        Laird's moments), "PM" (Paule and Mandel's, which is Morris' empirical Bayes)
        or "James-Stein" (for equal standard errors).
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``values`` with the measure columns, in which ``estimate`` is the shrunken
        value; then ``observed``, ``observed_measure`` (if there was a measure),
        ``shrunk_error`` (standard error at the tau found, as if that were certain),
        ``weight`` (a proportion), ``mean``, ``tau``, ``chance_above_mean``
        (probability that the unit's true value is above the units' mean) and
        ``reliability``, in words. Units without a value or a positive standard error
        stay, with nothing estimated; so do all where there are fewer than three (four
        for James-Stein).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a standard error is negative, or they differ and ``between`` is
        "James-Stein".
    ParamsError
        If ``between`` is another.

    Notes
    -----
    Limits are those of the units' true values under normal chance and a normal spread
    of units. They average over all that tau may be, given the values, with a flat
    prior on it; those that take tau as found are too narrow, and have no width at
    all where it is found to be zero. They hold over the list as a whole: of units
    far out, of which there are few, fewer are held.

    References
    ----------
    Efron and Morris (1975), JASA 70, 311-319. Morris (1983), JASA 78, 47-55.
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188. Paule and
    Mandel (1982), Journal of Research of the NBS 87, 377-385. Viechtbauer (2005),
    Journal of Educational and Behavioral Statistics 30, 261-293 (REML). Rubin (1981),
    the same 6, 377-401, and Gelman (2006), Bayesian Analysis 1, 515-534 (limits).

    Examples
    --------
    >>> schools = pd.DataFrame({"school": list("ABCDEFG"),
    ...     "estimate": [-30.0, -12, -10, -9, -30, 5, -8],
    ...     "standard_error": [2.0, 2, 2, 2, 9, 9, 2]})
    >>> found = shrink(schools).query("observed == -30")
    >>> found[["school", "weight", "estimate", "reliability"]].round(2)
      school  weight  estimate              reliability
    0      A    0.96    -29.36  below the mean of units
    4      E    0.55    -22.60   not told from the mean
    """
    check_confidence(confidence)
    units, known = _units(values, between)
    further = {
        "observed": numbers(values, "estimate"),
        **({"observed_measure": values["measure"]} if "measure" in values else {}),
    }
    columns = {name: np.full(len(values), np.nan) for name in _NUMBERS}
    words = np.where(known, FEW, NOT_KNOWN).astype(object)
    if units is not None:
        found = _shrunk(units, between, confidence)
        for name, value in found.items():
            columns[name][known] = value
        tail = (1 - confidence) / 2
        chance = found["chance_above_mean"]
        words[known] = np.select(
            [chance > 1 - tail, chance < tail], [ABOVE, BELOW], UNTOLD
        )
    return measure_table(
        values,
        measure="shrunken value",
        reference=None,
        estimate=columns.pop("estimate"),
        conf_low=columns.pop("low"),
        conf_high=columns.pop("high"),
        confidence=confidence,
        method=METHOD,
        **further,
        **columns,
        reliability=words,
    )


def between_units(
    values: pd.DataFrame,
    *,
    between: str = REML,
    limits: str = NORMAL,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the mean of units and how far their true values spread.

    Parameters
    ----------
    values, between, confidence
        As in `shrink`.
    limits
        Of the mean: "normal" takes tau as found; "Hartung-Knapp" allows for its being
        estimated, which matters where units are few.

    Returns
    -------
    DataFrame
        Three rows, told apart by ``measure``: "mean of units", "spread between units"
        (tau) and "share of variance between units" (I squared, a proportion), with
        the measure columns and ``units`` (how many have a value). Beside them
        ``q`` and ``p_value``, of the test that all true values are equal. Missing
        where there are too few units.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a standard error is negative, or they differ and ``between`` is
        "James-Stein".
    ParamsError
        If ``between`` or ``limits`` is another.

    Notes
    -----
    Normal limits of the mean are too narrow for few units: with five they hold about
    90 of 100 means where 95 are promised. Those of Hartung and Knapp multiply the
    error by the square root of the weighted sum of squares over its degrees of
    freedom, units less one, and take Student's t with as many; here never by less than
    one (modified), since by chance that sum may be near zero.

    Limits of tau are the values at which the weighted sum of squares meets the
    quantiles of its chi-squared distribution (Q profile); they may leave out the
    estimate, which is zero where they are.

    References
    ----------
    Hartung and Knapp (2001), Statistics in Medicine 20, 3875-3889; Röver, Knapp and
    Friede (2015), BMC Medical Research Methodology 15, 99 (modified). Higgins and
    Thompson (2002), Statistics in Medicine 21, 1539-1558 (I squared). Viechtbauer
    (2007), the same 26, 37-52 (Q profile).

    Examples
    --------
    >>> schools = pd.DataFrame({"school": list("ABCD"),
    ...     "estimate": [10.0, 20, 30, 40], "standard_error": 5.0})
    >>> between_units(schools)[["measure", "estimate", "conf_low"]].round(2)
                               measure  estimate  conf_low
    0                    mean of units     25.00     12.35
    1             spread between units     11.90      5.34
    2  share of variance between units      0.85      0.53
    """
    if limits not in (NORMAL, HARTUNG_KNAPP):
        expected = [NORMAL, HARTUNG_KNAPP]
        raise ParamsError(f"limits is {limits!r}; expected one of {expected}")
    z = normal_quantile(confidence)
    units, known = _units(values, between)
    found = {name: np.full(3, np.nan) for name in ("estimate", "low", "high")}
    q = p_value = np.nan
    if units is not None:
        tau2 = _METHODS[between](units)
        mean, variance = units.mean(tau2)
        q = units.squares(0.0)
        p_value = chi2.sf(q, units.count - 1)
        width = z * np.sqrt(variance)
        if limits == HARTUNG_KNAPP:
            inflated = max(1.0, units.squares(tau2) / (units.count - 1))
            wider = few_clusters.quantile(units.count - 1, confidence)
            width = float(wider) * np.sqrt(variance * inflated)
        tails = (1 + confidence) / 2, (1 - confidence) / 2
        ends = [units.solve(chi2.ppf(tail, units.count - 1)) for tail in tails]
        for name, value, middle in zip(
            found, (tau2, *ends), (mean, mean - width, mean + width), strict=True
        ):
            share = value / (value + units.typical())
            found[name] = np.array([middle, np.sqrt(value), share])
    frame = pd.DataFrame({"units": [int(known.sum())] * 3})
    return measure_table(
        frame,
        measure=[
            *("mean of units", "spread between units"),
            "share of variance between units",
        ],
        reference=None,
        estimate=found["estimate"],
        conf_low=found["low"],
        conf_high=found["high"],
        confidence=confidence,
        method=[f"{between}, {limits}", *[f"{between}, Q profile"] * 2],
        q=q,
        p_value=p_value,
    )


def ranks(
    values: pd.DataFrame,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
) -> pd.DataFrame:
    """Say where in an order each unit may stand, from one, the lowest.

    Parameters
    ----------
    values, confidence
        As in `shrink`.
    draws
        Orders drawn from what the true values may be.
    seed
        Of the draws.

    Returns
    -------
    DataFrame
        ``values`` with the measure columns, then ``units`` (how many are in the order)
        and ``observed``. ``estimate`` is the expected rank, which need not be whole,
        and its limits are ranks. Missing for units without a value or a standard
        error, and for all where there are fewer than three.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a standard error is negative.
    ParamsError
        If there are fewer than 100 draws.

    Notes
    -----
    A list by observed values looks like an order even where all units are alike. Where
    these limits span most of the list, there is no order to publish.

    References
    ----------
    Laird and Louis (1989), Journal of Educational Statistics 14, 29-46. Goldstein and
    Spiegelhalter (1996), JRSS A 159, 385-443.

    Examples
    --------
    >>> schools = pd.DataFrame({"school": list("ABCD"),
    ...     "estimate": [1.0, 2, 3, 40], "standard_error": 3.0})
    >>> ranks(schools)[["school", "estimate", "conf_low", "conf_high"]].round(1)
      school  estimate  conf_low  conf_high
    0      A       1.7       1.0        3.0
    1      B       2.0       1.0        3.0
    2      C       2.3       1.0        3.0
    3      D       4.0       4.0        4.0
    """
    check_confidence(confidence)
    if draws < 100:
        raise ParamsError(f"draws is {draws}; expected 100 or more")
    units, known = _units(values, REML)
    columns = {name: np.full(len(values), np.nan) for name in ("mean", "low", "high")}
    if units is not None:
        random = np.random.default_rng(seed)
        tau2, chance = _posterior(units)
        tau2 = random.choice(tau2, size=draws, p=chance)[:, None]
        mean, variance = units.mean(tau2)
        mean = random.normal(mean, np.sqrt(variance))[:, None]
        weight = tau2 / (tau2 + units.variance)
        true = random.normal(
            weight * units.value + (1 - weight) * mean, np.sqrt(weight * units.variance)
        )
        order = true.argsort(axis=1).argsort(axis=1) + 1
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        columns["mean"][known] = order.mean(axis=0)
        columns["low"][known], columns["high"][known] = np.quantile(
            order, tails, axis=0, method="inverted_cdf"
        )
    return measure_table(
        values,
        measure="rank, one the lowest",
        reference=None,
        estimate=columns["mean"],
        conf_low=columns["low"],
        conf_high=columns["high"],
        confidence=confidence,
        method=METHOD,
        units=int(known.sum()),
        observed=numbers(values, "estimate"),
    )


class _Units(NamedTuple):
    """Values of units, and the variances of chance in them."""

    value: np.ndarray
    variance: np.ndarray

    @property
    def count(self) -> int:
        return len(self.value)

    def mean(self, tau2: np.ndarray | float) -> tuple:
        """The mean at a tau squared (a number, or a column), and its variance."""
        weight = 1 / (self.variance + tau2)
        total = weight.sum(axis=-1)
        return (weight * self.value).sum(axis=-1) / total, 1 / total

    def squares(self, tau2: float) -> float:
        """The weighted sum of squares about the mean: at zero, Cochran's Q."""
        mean, _ = self.mean(tau2)
        return float(((self.value - mean) ** 2 / (self.variance + tau2)).sum())

    def solve(self, wanted: float) -> float:
        """Find the tau squared at which the sum of squares is as wanted."""
        if self.squares(0.0) <= wanted:
            return 0.0
        most = self.scale**2
        while self.squares(most) > wanted:
            most *= 4
        return brentq(lambda tau2: self.squares(tau2) - wanted, 0.0, most, xtol=1e-14)

    @property
    def scale(self) -> float:
        return float(max(np.std(self.value), np.sqrt(self.variance.mean())))

    def typical(self) -> float:
        """The variance of chance of a typical unit."""
        weight = 1 / self.variance
        spare = weight.sum() - (weight**2).sum() / weight.sum()
        return (self.count - 1) / spare

    def likelihood(self, tau2: np.ndarray) -> np.ndarray:
        """The logarithm of the restricted likelihood, of a column of tau squared."""
        mean, variance = self.mean(tau2)
        total = self.variance + tau2
        squares = (self.value - np.asarray(mean)[..., None]) ** 2 / total
        return (np.log(variance) - (np.log(total) + squares).sum(axis=-1)) / 2


def _units(values: pd.DataFrame, between: str) -> tuple[_Units | None, np.ndarray]:
    """Take the units with a value, if they are enough; and which they are."""
    require_columns(values, ["estimate", "standard_error"])
    if between not in LEAST:
        raise ParamsError(f"between is {between!r}; expected one of {list(LEAST)}")
    estimate, error = numbers(values, "estimate"), numbers(values, "standard_error")
    if (error < 0).any():
        raise InputError(
            f"column standard_error is negative in {(error < 0).sum()} of {len(error)} "
            "rows"
        )
    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    units = _Units(estimate[known], error[known] ** 2)
    if known.sum() < LEAST[between]:
        return None, known
    if between == JAMES_STEIN and not np.allclose(units.variance, units.variance[0]):
        raise InputError(
            "standard errors differ; James-Stein is for equal ones, use 'REML'"
        )
    return units, known


def _moments(units: _Units) -> float:
    weight = 1 / units.variance
    spare = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, (units.squares(0.0) - (units.count - 1)) / spare)


def _restricted(units: _Units) -> float:
    """Find the top of the restricted likelihood, near the best of a grid."""
    tau = units.scale * np.arange(NODES) / (NODES - np.arange(NODES))
    best = int(units.likelihood((tau**2)[:, None]).argmax())
    ends = tau[max(best - 1, 0)], tau[min(best + 1, NODES - 1)]
    found = minimize_scalar(
        lambda tau: -float(units.likelihood(np.array([tau**2]))),
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-10 * units.scale},
    ).x
    at_zero = units.likelihood(np.array([[0.0], [found**2]]))
    return 0.0 if at_zero[0] >= at_zero[1] else float(found**2)


def _stein(units: _Units) -> float:
    """The tau squared at which the weight is James and Stein's, none below zero."""
    variance = units.variance[0]
    squares = ((units.value - units.value.mean()) ** 2).sum()
    weight = max(0.0, 1 - float(divide((units.count - 3) * variance, squares)))
    return variance * weight / (1 - weight) if weight > 0 else 0.0


_METHODS: dict[str, Callable[[_Units], float]] = {
    REML: _restricted,
    DL: _moments,
    PM: lambda units: units.solve(units.count - 1),
    JAMES_STEIN: _stein,
}
_NUMBERS = (
    *("estimate", "low", "high", "shrunk_error", "weight", "mean", "tau"),
    "chance_above_mean",
)


def _shrunk(units: _Units, between: str, confidence: float) -> dict[str, np.ndarray]:
    tau2 = _METHODS[between](units)
    mean, variance = units.mean(tau2)
    weight = tau2 / (tau2 + units.variance)
    nodes, chance = _posterior(units)
    centres, spreads = _at(units, nodes)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    low, high = (_quantile(centres, spreads, chance, tail) for tail in tails)
    middles, variances = units.mean(nodes[:, None])
    kept = nodes[:, None] / (nodes[:, None] + units.variance)
    apart = kept * (units.value - middles[:, None])
    error = np.sqrt(kept * units.variance + kept**2 * variances[:, None])
    return {
        "estimate": weight * units.value + (1 - weight) * mean,
        "low": low,
        "high": high,
        "shrunk_error": np.sqrt(weight * units.variance + (1 - weight) ** 2 * variance),
        "weight": weight,
        "mean": np.full(units.count, mean),
        "tau": np.full(units.count, np.sqrt(tau2)),
        "chance_above_mean": chance @ ndtr(apart / error),
    }


def _posterior(units: _Units) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of tau squared, and the chance of each under a flat prior on tau.

    On a scale that reaches to endless tau, narrowed to where there is any chance.
    """
    low, high = 0.0, 1.0
    for _ in range(ZOOMS):
        place = low + (high - low) * (np.arange(NODES) + 0.5) / NODES
        tau = units.scale * place / (1 - place)
        chance = units.likelihood((tau**2)[:, None]) - 2 * np.log1p(-place)
        chance = np.exp(chance - chance.max())
        near = place[chance > NEGLIGIBLE]
        step = (high - low) / NODES
        low, high = max(near[0] - step, 0.0), min(near[-1] + step, 1.0)
    return tau**2, chance / chance.sum()


def _at(units: _Units, tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error of each unit's true value, at each tau squared."""
    mean, variance = (value[:, None] for value in units.mean(tau2[:, None]))
    weight = tau2[:, None] / (tau2[:, None] + units.variance)
    spread = np.sqrt(weight * units.variance + (1 - weight) ** 2 * variance)
    return weight * units.value + (1 - weight) * mean, spread


def _quantile(
    centres: np.ndarray, spreads: np.ndarray, chance: np.ndarray, tail: float
) -> np.ndarray:
    """Quantile of a mixture of normals for each unit, by halving."""
    low = (centres - 12 * spreads).min(axis=0)
    high = (centres + 12 * spreads).max(axis=0)
    for _ in range(50):
        middle = (low + high) / 2
        below = chance @ ndtr((middle - centres) / spreads) < tail
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
