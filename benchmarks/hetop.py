"""HETOP of many groups: time and memory, beside a generic optimiser without gradient.

Ours (`equity.measure.hetop.groups`) and scipy's BFGS, which is given the likelihood
alone, fit the same invented counts, each in a fresh process. Where both do, they must
agree, or there is no result.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import ndtr

from benchmarks import requests
from equity.measure import hetop

CUTS = np.array([-0.8, 0.1, 1.0])
GENERIC_MOST = 100  # groups that the generic optimiser is given
ALIKE = 1e-3  # standard deviations; BFGS stops where its differences are noise


@dataclass(frozen=True)
class Run:
    """What one fit took, and what it found.

    Attributes
    ----------
    seconds
        From the counts to the answer; libraries are loaded before.
    peak
        Most memory the process ever held, in bytes, libraries included.
    means
        Standardised, of each group.
    masked_share
        Of students.
    """

    seconds: float
    peak: int
    means: np.ndarray
    masked_share: float = 0.0


def counts(groups: int, *, masked: bool = False, seed: int = 1) -> pd.DataFrame:
    """Invent tidy counts by level.

    Parameters
    ----------
    groups
        How many; each has 20 to 500 students at four levels.
    masked
        Hide counts below ten, and give the totals.
    seed
        Of the numbers.

    Returns
    -------
    DataFrame
        `group, level, students`, and the bounds where masked.

    Examples
    --------
    >>> len(counts(3))
    12
    """
    random = np.random.default_rng(seed)
    mean, sd = random.normal(0, 0.4, groups), np.exp(random.normal(-0.1, 0.1, groups))
    number = np.exp(random.uniform(np.log(20), np.log(500), groups)).astype(int)
    students = random.multinomial(number, _shares(mean, sd, CUTS)).ravel()
    frame = pd.DataFrame(
        {
            "group": np.repeat(np.arange(groups).astype(str), 4),
            "level": np.tile([1, 2, 3, 4], groups),
            "students": students.astype(float),
        }
    )
    if not masked:
        return frame
    hidden = frame["students"] < 10
    return frame.assign(
        students=frame["students"].mask(hidden),
        students_low=np.where(hidden, 0, np.nan),
        students_high=np.where(hidden, 9, np.nan),
        population=np.repeat(number, 4),
    )


def ours(frame: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Fit with this project.

    Parameters
    ----------
    frame
        Tidy counts.

    Returns
    -------
    tuple
        Standardised means, and the share of students at masked levels.

    Raises
    ------
    AssertionError
        If the fit did not converge.

    Examples
    --------
    >>> len(ours(counts(3))[0])
    3
    """
    table = hetop.groups(frame)
    assert table["converged"].all(), "ours did not converge"
    means = table[table["measure"] == "standardised mean"]
    share = np.average(means["masked_share"], weights=means["population"])
    return means["estimate"].to_numpy(), float(share)


def generic(frame: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Fit with scipy's BFGS, which is given no gradient.

    Parameters
    ----------
    frame
        Tidy counts, none masked.

    Returns
    -------
    tuple
        Standardised means, and zero.

    Examples
    --------
    >>> generic(counts(2))[0].shape
    (2,)
    """
    students = frame["students"].to_numpy().reshape(-1, 4)
    size = len(students)

    def _less(x: np.ndarray) -> float:
        cuts = np.array([-0.8, 0.1, 0.1 + np.exp(x[-1])])
        share = _shares(x[:size], np.exp(x[size:-1]), cuts)
        return -(students * np.log(np.maximum(share, 1e-300))).sum()

    x = minimize(_less, np.zeros(2 * size + 1), method="BFGS").x
    mean, sd = x[:size], np.exp(x[size:-1])
    weight = students.sum(axis=1) / students.sum()
    middle = weight @ mean
    return (mean - middle) / np.sqrt(weight @ ((mean - middle) ** 2 + sd**2)), 0.0


def compare(groups: int, *, masked: bool = False) -> dict[str, Run]:
    """Fit the same counts in every way that can manage them.

    Parameters
    ----------
    groups
        How many.
    masked
        Hide counts below ten; only ours can fit them.

    Returns
    -------
    dict
        `ours`, and `generic` up to `GENERIC_MOST` groups.

    Raises
    ------
    AssertionError
        If the answers differ by more than `ALIKE`.
    """
    names = ["ours"]
    if groups <= GENERIC_MOST and not masked:
        names.append("generic")
    runs = {name: _fresh(name, groups, masked) for name in names}
    if "generic" in runs:
        apart = np.abs(runs["ours"].means - runs["generic"].means).max()
        assert apart < ALIKE, f"the answers for {groups} groups are {apart:.1e} apart"
    return runs


def lines(results: dict[str, dict[str, Run]]) -> str:
    """Write the results as a Markdown table, a line a size.

    Parameters
    ----------
    results
        A size's name for readers to what `compare` returns.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> mine, theirs = (Run(s, 10**9, np.zeros(10)) for s in (0.5, 5.0))
    >>> print(lines({"10": {"ours": mine, "generic": theirs}}).splitlines()[-1])
    | 10 | 0.50 s, 1.00 GB | 5.00 s, 1.00 GB | 10 | 50.000 | 0.0 % |
    """
    heads = [
        *("groups", "ours", "BFGS without gradient", "BFGS / ours"),
        *("ours: ms per group", "students masked"),
    ]
    table = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, runs in results.items():
        mine, theirs = runs["ours"], runs.get("generic")
        cells = [
            *(name, _cost(mine), _cost(theirs) if theirs else "–"),
            f"{theirs.seconds / mine.seconds:.0f}" if theirs else "–",
            f"{1000 * mine.seconds / len(mine.means):.3f}",
            f"{mine.masked_share:.1%}".replace("%", " %"),
        ]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table)


def main(arguments: list[str] | None = None) -> None:
    """Compare the ways, and print the table.

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
    parser.add_argument("--groups", default="50,100,500,5000,20000")
    chosen = parser.parse_args(arguments)
    results = {}
    for size in map(int, chosen.groups.split(",")):
        results[f"{size:,}"] = compare(size)
        results[f"{size:,} (masked)"] = compare(size, masked=True)
    print(f"{lines(results)}\n\n{requests.machine()}")


WAYS: dict[str, Callable] = {"ours": ours, "generic": generic}


def _shares(mean: np.ndarray, sd: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    below = ndtr((cuts - mean[:, None]) / sd[:, None])
    return np.diff(np.pad(below, [(0, 0), (1, 1)], constant_values=(0, 1)), axis=1)


def _fresh(way: str, groups: int, masked: bool) -> Run:
    """Run one way in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, way, groups, masked).result()


def _timed(way: str, groups: int, masked: bool) -> Run:
    frame = counts(groups, masked=masked)
    WAYS["ours"](counts(2))  # what is loaded at the first call
    start = time.perf_counter()
    means, share = WAYS[way](frame)
    return Run(time.perf_counter() - start, requests._peak(), means, share)


def _cost(run: Run) -> str:
    return f"{run.seconds:.2f} s, {run.peak / 1e9:.2f} GB"


if __name__ == "__main__":
    main()
