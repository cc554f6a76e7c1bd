"""Limits of demographic scores from many redraws: ours, and loops over draws.

``python benchmarks/placement.py`` invents a city of 2,000 tracts and 500 places, asks
each way for the limits of every group's score with 10,000 draws, each in a fresh
process, and prints the table of the README.

**Terms**

ours
    `placement.demographic`. It draws the joint distribution of the sums that scores are
    made of, whatever the number of tracts.
loop in numpy, loop in pandas
    What an analyst would write: draw places with replacement, draw every tract's groups
    within their margins, compute all scores, and start again.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # as a script, its own folder would come first
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks import requests
from equity.measure import placement
from equity.measure.redraws import basic_limits

TRACTS, PLACES, DRAWS, REPEATS = 2000, 500, 10_000, 3
PANDAS_MOST = 1000  # draws that the loop in pandas is given; its time is scaled up
GROUPS = ("Asian", "Black", "Latino", "Native", "Pacific", "Two or more", "White")
SEED, CONFIDENCE, ALIKE = 1, 0.95, 0.1  # how far apart widths may be, as a share


@dataclass(frozen=True)
class Run:
    """What one way took, once, and what it answered.

    Attributes
    ----------
    seconds
        From the call to the answer; libraries are loaded before.
    peak
        Most memory the process ever held (resident), in bytes, libraries included.
    limits
        Lower and upper limits, one row per group.
    """

    seconds: float
    peak: int
    limits: np.ndarray


def city(tracts: int, places: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent places with capacities, and residents by tract and group.

    Parameters
    ----------
    tracts, places
        How many.

    Returns
    -------
    tuple of DataFrame
        Tidy `facilities` and tidy `population`. Tracts have about 4,000 residents and
        differ in their groups as cities do; margins are those of a five-year survey,
        12 where nobody of a group was found.

    Examples
    --------
    >>> facilities, population = city(20, 9)
    >>> len(facilities), len(population), int(population["moe"].min())
    (9, 140, 12)
    """
    random = np.random.default_rng(SEED)
    areas = np.array([f"{number:05}" for number in range(tracts)])
    shares = random.dirichlet(np.array([2, 7, 7, 0.5, 0.5, 1.5, 12]) / 6, tracts)
    people = np.round(shares * random.uniform(2000, 6000, (tracts, 1)))
    population = pd.DataFrame(
        {
            "area": np.repeat(areas, len(GROUPS)),
            "race": np.tile(GROUPS, tracts),
            "estimate": people.ravel(),
            "moe": np.maximum(12, np.round(8 * np.sqrt(people))).ravel(),
        }
    )
    facilities = pd.DataFrame(
        {
            "facility_id": np.arange(places),
            "kind": "library",
            "area": random.choice(areas, places),
            "capacity": random.integers(5, 60, places),
        }
    )
    return facilities, population


def ours(facilities: pd.DataFrame, population: pd.DataFrame, draws: int) -> np.ndarray:
    """Take the limits from the suite.

    Parameters
    ----------
    facilities, population
        Tidy.
    draws
        How many.

    Returns
    -------
    ndarray
        Lower and upper limit of each group's score.

    Examples
    --------
    >>> ours(*city(20, 9), 50).shape
    (7, 2)
    """
    table = placement.demographic(
        facilities,
        population,
        weight="capacity",
        confidence=CONFIDENCE,
        replicates=draws,
    )
    return table[["conf_low", "conf_high"]].to_numpy()


def numpy_loop(
    facilities: pd.DataFrame, population: pd.DataFrame, draws: int
) -> np.ndarray:
    """Redraw places and every tract, draw by draw, in arrays.

    Parameters
    ----------
    facilities, population
        Tidy.
    draws
        How many.

    Returns
    -------
    ndarray
        Lower and upper limit of each group's score.

    Examples
    --------
    >>> numpy_loop(*city(20, 9), 50).shape
    (7, 2)
    """
    random = np.random.default_rng(SEED)
    keys = {"index": "area", "columns": "race"}
    people = population.pivot_table(values="estimate", **keys)
    margins = population.pivot_table(values="moe", **keys).to_numpy()
    position = people.index.get_indexer(facilities["area"])
    capacity = facilities["capacity"].to_numpy(float)
    people, errors = people.to_numpy(), margins / 1.645

    def _scores(people: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        weight = np.bincount(position[chosen], capacity[chosen], len(people))
        share = people / people.sum(axis=1, keepdims=True)
        city = people.sum(axis=0) / people.sum()
        return weight @ share / weight.sum() - city

    every = np.arange(len(facilities))
    redrawn = [
        _scores(random.normal(people, errors), random.choice(every, len(every)))
        for _ in range(draws)
    ]
    ends = basic_limits(_scores(people, every), np.array(redrawn), CONFIDENCE)
    return np.stack(ends, axis=1)


def pandas_loop(
    facilities: pd.DataFrame, population: pd.DataFrame, draws: int
) -> np.ndarray:
    """Redraw places and every tract, draw by draw, in data frames.

    Parameters
    ----------
    facilities, population
        Tidy.
    draws
        How many.

    Returns
    -------
    ndarray
        Lower and upper limit of each group's score.

    Examples
    --------
    >>> pandas_loop(*city(20, 9), 50).shape
    (7, 2)
    """
    random = np.random.default_rng(SEED)
    keys = {"index": "area", "columns": "race"}
    people = population.pivot_table(values="estimate", **keys)
    errors = population.pivot_table(values="moe", **keys) / 1.645

    def _scores(people: pd.DataFrame, places: pd.DataFrame) -> pd.Series:
        weight = places.groupby("area")["capacity"].sum()
        share = people.div(people.sum(axis=1), axis=0).loc[weight.index]
        city = people.sum() / people.sum().sum()
        return share.mul(weight / weight.sum(), axis=0).sum() - city

    redrawn = []
    for _ in range(draws):
        drawn = people + errors * random.standard_normal(people.shape)
        places = facilities.sample(frac=1, replace=True, random_state=random)
        redrawn.append(_scores(drawn, places))
    estimate = _scores(people, facilities).to_numpy()
    ends = basic_limits(estimate, pd.DataFrame(redrawn).to_numpy(), CONFIDENCE)
    return np.stack(ends, axis=1)


def agree(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Refuse limits that are not about as wide, about as high.

    Parameters
    ----------
    mine, theirs
        Lower and upper limits, one row per group.

    Raises
    ------
    AssertionError
        If a width differs by more than `ALIKE` of it, or a middle.

    Examples
    --------
    >>> agree(np.array([[-1.0, 1.0]]), np.array([[-1.02, 1.03]]))
    """
    width = np.diff(mine, axis=1)
    off = np.abs(np.diff(theirs, axis=1) / width - 1).max()
    moved = np.abs((theirs.mean(axis=1) - mine.mean(axis=1)) / width[:, 0]).max()
    assert max(off, moved) < ALIKE, f"widths differ by {off:.0%}, middles {moved:.0%}"


def compare(
    tracts: int, places: int, draws: int, *, repeats: int = REPEATS
) -> dict[str, Run]:
    """Run every way on one city, in turn, and take the fastest of each way's runs.

    Parameters
    ----------
    tracts, places, draws
        Size of the city, and draws asked for.
    repeats
        Runs of each way; of the loop in pandas, one.

    Returns
    -------
    dict
        Way to run; the seconds of the loop in pandas are scaled up to all draws.

    Raises
    ------
    AssertionError
        If the ways do not agree.

    Examples
    --------
    >>> list(WAYS)
    ['ours', 'loop in numpy', 'loop in pandas']
    """
    tables, best = city(tracts, places), {}
    turns = [way for _ in range(repeats) for way in list(WAYS)[:2]]
    for way in tqdm([*turns, "loop in pandas"]):
        number = min(draws, PANDAS_MOST) if way == "loop in pandas" else draws
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            run = pool.submit(_timed, way, *tables, number).result()
        scaled = Run(run.seconds * draws / number, run.peak, run.limits)
        if way not in best or scaled.seconds < best[way].seconds:
            best[way] = scaled
    for way in list(WAYS)[1:]:
        agree(best["ours"].limits, best[way].limits)
    return best


def lines(results: dict[str, Run]) -> str:
    """Write the results as a Markdown table.

    Parameters
    ----------
    results
        From `compare`.

    Returns
    -------
    str
        A row per way.

    Examples
    --------
    >>> run = Run(2.0, 10**9, np.zeros((7, 2)))
    >>> print(lines({"ours": run}).splitlines()[-1])
    | ours | 2.000 s | 1.00 GB | 1 |
    """
    out = ["| way | time | memory | time / ours |", "|---|---|---|---|"]
    for way, run in results.items():
        cells = [
            way,
            f"{run.seconds:.3f} s",
            f"{run.peak / 1e9:.2f} GB",
            f"{run.seconds / results['ours'].seconds:,.0f}",
        ]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


WAYS: dict[str, Callable] = {
    "ours": ours,
    "loop in numpy": numpy_loop,
    "loop in pandas": pandas_loop,
}


def _timed(
    way: str, facilities: pd.DataFrame, population: pd.DataFrame, draws: int
) -> Run:
    WAYS[way](*city(20, 9), 10)  # what is loaded at the first call
    start = time.perf_counter()
    limits = WAYS[way](facilities, population, draws)
    return Run(time.perf_counter() - start, requests._peak(), limits)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print what the README shows.

    Parameters
    ----------
    arguments
        Of the command line; `--help` lists them.

    Examples
    --------
    >>> main(["--help"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--tracts", type=int, default=TRACTS)
    add("--places", type=int, default=PLACES)
    add("--draws", type=int, default=DRAWS)
    add("--repeats", type=int, default=REPEATS, help="runs of ours and of numpy's loop")
    chosen = parser.parse_args(arguments)
    found = compare(chosen.tracts, chosen.places, chosen.draws, repeats=chosen.repeats)
    print(f"{lines(found)}\n\n{requests.machine()}")


if __name__ == "__main__":
    main()
