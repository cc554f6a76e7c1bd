"""Rates of small units, such as schools, pulled to the mean: empirical Bayes.

Two of four suspended is not a rate of 50 % to list a school by. The true rates of units
are taken to follow a beta distribution; its mean and *strength* (of how many people's
evidence it is worth) come from all units, and each unit's own people are added to it.
Nobody and everybody need no rule of their own. `shrinkage` does the same for values
with a standard error, such as gaps, and has the terms.
"""

import numpy as np
import pandas as pd
from scipy.special import betaln, expit, logit

from equity.errors import ParamsError
from equity.measure.shrinkage import ABOVE, BELOW, FEW, UNTOLD
from equity.measure.table import (
    check_confidence,
    check_counts,
    divide,
    measure_table,
)

METHOD = "beta-binomial, flat prior on the spread"
NOT_KNOWN = "not known: a count is missing, or nobody"
LEAST, NODES, ZOOMS, NEGLIGIBLE = 3, 40, 5, 1e-6


def shrink(
    counts: pd.DataFrame,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
) -> pd.DataFrame:
    """Pull each unit's rate to that of all, by how few people it has.

    Parameters
    ----------
    counts
        One row per unit, with ``events`` and ``population``.
    confidence
        Two-sided level, as a proportion.
    draws
        Of true rates, behind the limits.
    seed
        Of the draws.

    Returns
    -------
    DataFrame
        ``counts`` with the measure columns, in which ``estimate`` is the shrunken
        rate, a proportion; then ``observed``, ``weight`` (of the unit's own rate),
        ``mean`` (of the units' true rates), ``spread`` (their standard deviation),
        ``chance_above_mean`` and ``reliability``, in words. Units with a missing count
        or nobody stay, with nothing estimated; so do all where there are fewer than
        three.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or infinite, or events exceed population.
    ParamsError
        If there are fewer than 100 draws.

    Notes
    -----
    Estimate and limits average over all that mean and strength may be, with a flat
    prior on the mean's logit and on the spread of true rates. Like those of
    `shrinkage`, limits hold over the list as a whole.
    People of a unit are taken as independent. A masked count leaves its unit out of
    the mean too; where large rates are masked more often than small ones, the mean is
    of those that are published.

    References
    ----------
    Morris (1983), JASA 78, 47-55. Gelman et al. (2013), Bayesian Data Analysis, 3rd
    ed., section 5.3 (rates of many units). Gelman (2006), Bayesian Analysis 1, 515-534
    (flat prior on the spread).

    Examples
    --------
    >>> schools = pd.DataFrame({"school": list("ABCD"), "events": [2, 0, 40, 90],
    ...                         "population": [4, 9, 400, 600]})
    >>> shrink(schools)[["school", "observed", "estimate", "weight"]].round(2)
      school  observed  estimate  weight
    0      A      0.50      0.25    0.28
    1      B      0.00      0.09    0.41
    2      C      0.10      0.10    0.89
    3      D      0.15      0.15    0.91
    """
    check_confidence(confidence)
    if draws < 100:
        raise ParamsError(f"draws is {draws}; expected 100 or more")
    events, population = check_counts(counts)
    known = np.isfinite(events) & (population > 0)
    columns = {name: np.full(len(counts), np.nan) for name in _NUMBERS}
    words = np.where(known, FEW, NOT_KNOWN).astype(object)
    if known.sum() >= LEAST:
        found = _shrunk(events[known], population[known], confidence, draws, seed)
        for name, value in found.items():
            columns[name][known] = value
        tail = (1 - confidence) / 2
        chance = found["chance_above_mean"]
        words[known] = np.select(
            [chance > 1 - tail, chance < tail], [ABOVE, BELOW], UNTOLD
        )
    return measure_table(
        counts,
        measure="shrunken rate",
        reference=None,
        estimate=columns.pop("estimate"),
        conf_low=columns.pop("low"),
        conf_high=columns.pop("high"),
        confidence=confidence,
        method=METHOD,
        observed=divide(events, population),
        **columns,
        reliability=words,
    )


_NUMBERS = ("estimate", "low", "high", "weight", "mean", "spread", "chance_above_mean")


def _shrunk(
    events: np.ndarray,
    population: np.ndarray,
    confidence: float,
    draws: int,
    seed: int,
) -> dict[str, np.ndarray]:
    mean, strength, chance = _posterior(events, population)
    weight = population / (population + strength[:, None])
    own = weight * (events / population) + (1 - weight) * mean[:, None]
    random = np.random.default_rng(seed)
    drawn = random.choice(len(chance), size=draws, p=chance)
    a, b = mean * strength, (1 - mean) * strength
    true = random.beta(a[drawn, None] + events, b[drawn, None] + population - events)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(true, tails, axis=0)
    return {
        "estimate": chance @ own,
        "low": low,
        "high": high,
        "weight": chance @ weight,
        "mean": np.full(len(events), chance @ mean),
        "spread": np.full(
            len(events), chance @ np.sqrt(mean * (1 - mean) / (strength + 1))
        ),
        "chance_above_mean": (true > mean[drawn, None]).mean(axis=0),
    }


def _posterior(
    events: np.ndarray, population: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes of mean and strength, and the chance of each.

    On a grid of the mean's logit and of the weight kept by a unit of middling size,
    narrowed to where there is any chance.
    """
    middling = np.median(population)
    centre = logit((events.sum() + 0.5) / (population.sum() + 1))
    ends = [(centre - 5, centre + 5), (0.0, 1.0)]
    middles = (np.arange(NODES) + 0.5) / NODES
    for _ in range(ZOOMS):
        axes = [low + (high - low) * middles for low, high in ends]
        mean, kept = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
        mean, strength = expit(mean), middling * (1 - kept) / kept
        a, b = (mean * strength)[:, None], ((1 - mean) * strength)[:, None]
        fit = betaln(a + events, b + population - events) - betaln(a, b)
        # flat in the spread, which is one over the root of strength plus one
        fit = fit.sum(axis=1) - 1.5 * np.log(strength + 1) - 2 * np.log(kept)
        chance = np.exp(fit - fit.max())
        grid = chance.reshape(NODES, NODES)
        ends = [
            _near(axis, grid.max(axis=1 - place), low, high)
            for place, (axis, (low, high)) in enumerate(zip(axes, ends, strict=True))
        ]
    return mean, strength, chance / chance.sum()


def _near(
    axis: np.ndarray, chance: np.ndarray, low: float, high: float
) -> tuple[float, float]:
    """Narrow an axis to the nodes of which there is any chance, and one beyond."""
    near = axis[chance > NEGLIGIBLE]
    step = axis[1] - axis[0]
    return max(near[0] - step, low), min(near[-1] + step, high)
