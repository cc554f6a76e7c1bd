"""Disclosure: what hiding costs, what an attacker finds, and how long an audit takes.

``python benchmarks/disclosure.py`` protects 100 random city tables in four ways, plays
the attacker on each, and prints the table of the README. ``--audit`` measures the audit
of a release of thirty linked tables instead.

**Terms**

shown
    A cell of the published table whose count is printed.
own cells
    Cells of the table as it was counted that are printed as they were counted, not as
    part of a merged category; zeros are among them.
exact
    A small count that is hidden, and that one number alone fits.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # as a script, its own folder would come first
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd
from scipy import optimize
from tqdm import tqdm

from benchmarks import requests
from equity.measure.representation import OTHERS
from equity.publish import audit, merging
from equity.publish.protect import protect

TABLES, MIN_CELL = 100, 10
REFERENCE = "White"
GROUPS = {  # share of a city's staff, on average over cities
    REFERENCE: 0.40,
    "Black or African American": 0.24,
    "Hispanic or Latino": 0.19,
    "Asian": 0.08,
    "Two or more races": 0.04,
    "Some other race": 0.02,
    "Middle Eastern or North African": 0.015,
    "American Indian or Alaska Native": 0.01,
    "Native Hawaiian or Other Pacific Islander": 0.005,
}
DEPARTMENTS = ("Police", "Fire", "Public Works", "Parks", "Library", "Finance")
LINES = ["group", "department"]
UNALIKE_CITIES, UNALIKE_DEPARTMENTS, UNALIKE_SIZES = 60, 30, 4  # Dirichlet; less: more
SEED, EMPLOYEES = 1, 6000
TRAITS = {  # number of labels of each
    **{"department": 6, "grade": 5, "sex": 2, "age": 4, "contract": 3},
    **{"site": 6, "union": 2, "tenure": 4, "shift": 3},
}
OTHER_TRAITS = [name for name in TRAITS if name != "department"]
CROSSED = [
    *((name,) for name in ("group", "department", "grade", "age", "site")),
    *(("group", name) for name in TRAITS),
    *(("department", name) for name in OTHER_TRAITS),
    *(("group", "department", name) for name in OTHER_TRAITS),
]


@dataclass(frozen=True)
class Result:
    """What one way of hiding shows of one table, and what an attacker finds.

    Attributes
    ----------
    cells, shown
        Cells of the published table, and how many of them are shown.
    large, large_shown
        Cells that are not small in the published table, zeros included; and shown.
    people, people_shown
        People counted, and those in cells shown.
    own, own_shown
        Cells of the table as counted; and those printed as counted.
    hidden_small, exact
        Small counts hidden, and those that only one number fits.
    seconds
        To merge and to hide.
    """

    cells: int
    shown: int
    large: int
    large_shown: int
    people: int
    people_shown: int
    own: int
    own_shown: int
    hidden_small: int
    exact: int
    seconds: float = 0.0


def table(seed: int) -> pd.DataFrame:
    """Invent the staff of one city by group and department.

    Parameters
    ----------
    seed
        The same seed, the same table.

    Returns
    -------
    DataFrame
        ``group``, ``department`` and ``events``: 9 groups, 4 to 6 departments, 250 to
        900 people, both evenly. Shares of the groups vary about `GROUPS` from city to
        city, and about the city's from department to department; sizes of departments
        vary, too (Dirichlet).

    Examples
    --------
    >>> invented = table(0)
    >>> invented["group"].nunique(), bool(250 <= invented["events"].sum() <= 900)
    (9, True)
    """
    draw = np.random.default_rng(seed)
    people, number = int(draw.integers(250, 901)), int(draw.integers(4, 7))
    average = np.array(list(GROUPS.values()))
    city = draw.dirichlet(average / average.sum() * UNALIKE_CITIES)
    sizes = draw.dirichlet(np.full(number, UNALIKE_SIZES))
    shares = [
        size * draw.dirichlet(city * UNALIKE_DEPARTMENTS + 1e-3) for size in sizes
    ]
    counts = draw.multinomial(people, np.ravel(shares))
    names = DEPARTMENTS[:number]
    cells = pd.MultiIndex.from_product([names, GROUPS], names=["department", "group"])
    return pd.DataFrame({"events": counts}, index=cells).reset_index()[
        [*LINES, "events"]
    ]


# --- ways of hiding -------------------------------------------------------------


def small_only(counts: pd.DataFrame) -> pd.DataFrame:
    """Hide counts from 1 to 9, and nothing else.

    Parameters
    ----------
    counts
        As `table` makes them.

    Returns
    -------
    DataFrame
        The published table, with its true ``events``, and ``hidden``.

    Examples
    --------
    >>> small_only(pd.DataFrame({"events": [0, 9, 10]}))["hidden"].to_list()
    [False, True, False]
    """
    return counts.assign(hidden=counts["events"].between(1, MIN_CELL - 1))


def by_hand(counts: pd.DataFrame) -> pd.DataFrame:
    """Hide small counts, then the next smallest in every line that hides just one.

    "Two hidden per row", and per column, until no line hides exactly one: the rule of
    many manuals, done by hand in a spreadsheet.

    Parameters
    ----------
    counts
        As `table` makes them.

    Returns
    -------
    DataFrame
        As `small_only` returns it.

    Examples
    --------
    >>> by_hand(table(0)).groupby("group")["hidden"].sum().ne(1).all()
    np.True_
    """
    found = small_only(counts)
    hidden = found["hidden"].to_numpy().copy()
    values = found["events"].to_numpy()
    order = np.lexsort((values, values == 0))  # zeros last
    before = -1
    while before != hidden.sum():
        before = hidden.sum()
        for name in LINES:
            for rows in found.groupby(name, sort=False).indices.values():
                if hidden[rows].sum() == 1:
                    following = [k for k in order if k in rows and not hidden[k]]
                    hidden[following[:1]] = True
    return found.assign(hidden=hidden)


def ours(counts: pd.DataFrame) -> pd.DataFrame:
    """Hide cells with the suite's gate, every line's total published.

    Parameters
    ----------
    counts
        As `table` makes them.

    Returns
    -------
    DataFrame
        As `small_only` returns it.

    Examples
    --------
    >>> int(ours(table(0))["hidden"].sum()) >= int(small_only(table(0))["hidden"].sum())
    True
    """
    shown = protect(counts, min_cell=MIN_CELL, lines=LINES).frame
    return counts.assign(hidden=shown["events"].isna().to_numpy())


def ours_merged(counts: pd.DataFrame) -> pd.DataFrame:
    """Merge categories at least cost, then hide cells with the suite's gate.

    Parameters
    ----------
    counts
        As `table` makes them.

    Returns
    -------
    DataFrame
        As `small_only` returns it: of the merged table.

    Examples
    --------
    >>> int(ours_merged(table(0))["events"].sum()) == int(table(0)["events"].sum())
    True
    """
    found = merging.least(
        counts,
        along=LINES,
        min_cell=MIN_CELL,
        keep={"group": [REFERENCE]},
        names={"department": OTHERS},
    )
    merged = merging.relabel(counts, found)
    return ours(merged.groupby(LINES, as_index=False)["events"].sum())


WAYS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "only small counts hidden": small_only,
    "two hidden per row, by hand": by_hand,
    "ours, without merging": ours,
    "ours, merging first": ours_merged,
}


# --- the attacker ---------------------------------------------------------------


def exact(published: pd.DataFrame, *, most: int | None = None) -> np.ndarray:
    """Find hidden counts that one whole number alone fits, by integer programming.

    The attacker knows every line's total, every count shown, and, where no zero is
    hidden, that hidden counts are at least one. Nothing of the gate is used.

    Parameters
    ----------
    published
        With ``group``, ``department``, the true ``events``, and ``hidden``.
    most
        Cells looked at, for a test; None: all.

    Returns
    -------
    ndarray
        Positions of rows whose count is hidden and known for certain.

    Raises
    ------
    AssertionError
        If a program has no answer: the true table is always one.

    Examples
    --------
    >>> square = pd.DataFrame({"group": list("aabb"), "department": list("xyxy"),
    ...                        "events": [4, 30, 20, 50]})
    >>> exact(small_only(square))
    array([0])
    """
    rows = np.flatnonzero(published["hidden"])
    values = published["events"].to_numpy()[rows]
    if not len(rows):
        return rows
    sums = [
        published[name].to_numpy()[rows] == label
        for name in LINES
        for label in published[name].unique()
    ]
    sums = np.array([line for line in sums if line.any()], dtype=float)
    known = optimize.LinearConstraint(sums, sums @ values, sums @ values)
    bounds = optimize.Bounds(min(1, values.min()), np.inf)
    low, high = values.astype(float), values.astype(float)  # the truth is one answer
    for cell in range(len(rows))[:most]:
        for sign in (1, -1):
            if low[cell] < high[cell]:
                break
            wish = np.zeros(len(rows))
            wish[cell] = sign
            answer = optimize.milp(
                wish, constraints=known, bounds=bounds, integrality=np.ones(len(rows))
            )
            assert answer.success, answer.message
            found = np.rint(answer.x)
            low, high = np.minimum(low, found), np.maximum(high, found)
    return rows[:most][low[:most] == high[:most]]


# --- measuring ------------------------------------------------------------------


def judge(counts: pd.DataFrame, published: pd.DataFrame) -> Result:
    """Count what is shown, and what an attacker finds.

    Parameters
    ----------
    counts
        The table as counted.
    published
        The same after merging and hiding.

    Returns
    -------
    Result
        Without seconds.

    Examples
    --------
    >>> judge(table(0), small_only(table(0))).large_shown > 0
    True
    """
    shown = ~published["hidden"].to_numpy()
    people = published["events"].to_numpy()
    small = (people > 0) & (people < MIN_CELL)
    own = set(counts[LINES].itertuples(index=False, name=None))
    printed = published.loc[shown, LINES].itertuples(index=False, name=None)
    known = exact(published)
    return Result(
        cells=len(published),
        shown=int(shown.sum()),
        large=int((~small).sum()),
        large_shown=int((shown & ~small).sum()),
        people=int(people.sum()),
        people_shown=int(people[shown].sum()),
        own=len(own),
        own_shown=sum(cell in own for cell in printed),
        hidden_small=int((small & ~shown).sum()),
        exact=int(small[known].sum()),
    )


def measure(way: str, seed: int) -> Result:
    """Invent a table, hide cells in one way, and attack it.

    Parameters
    ----------
    way
        A key of `WAYS`.
    seed
        Of the table.

    Returns
    -------
    Result
        With seconds.

    Examples
    --------
    >>> measure("only small counts hidden", 0).own_shown > 0
    True
    """
    counts = table(seed)
    start = time.perf_counter()
    published = WAYS[way](counts)
    seconds = time.perf_counter() - start
    return replace(judge(counts, published), seconds=seconds)


def lines(results: dict[str, list[Result]]) -> str:
    """Write the results as a Markdown table, a line a way.

    Parameters
    ----------
    results
        The name of a way to one result a table.

    Returns
    -------
    str
        Shares are means over tables.

    Examples
    --------
    >>> one = Result(10, 6, 8, 6, 100, 90, 12, 5, 2, 1, 0.5)
    >>> lines({"a way": [one]}).splitlines()[-1]
    '| a way | 1 of 1 | 1 of 2 | 60 % | 90 % | 75 % | 42 % | 0.50 |'
    """
    heads = [
        *("way", "tables broken", "small counts found", "cells shown"),
        *("people shown", "cells that are not small, shown", "own cells shown"),
        "seconds a table",
    ]
    out = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for way, found in results.items():
        broken = sum(result.exact > 0 for result in found)
        cells = [
            way,
            f"{broken} of {len(found)}",
            f"{sum(r.exact for r in found)} of {sum(r.hidden_small for r in found)}",
            *(
                f"{100 * np.mean([getattr(r, a) / getattr(r, b) for r in found]):.0f} %"
                for a, b in (
                    ("shown", "cells"),
                    ("people_shown", "people"),
                    ("large_shown", "large"),
                    ("own_shown", "own"),
                )
            ),
            f"{np.mean([result.seconds for result in found]):.2f}",
        ]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


# --- a release of thirty linked tables --------------------------------------------


def release() -> list[tuple[str, dict]]:
    """Invent a release of thirty tables about 6,000 employees, protected one by one.

    Returns
    -------
    list
        The name of each table, and what its readers are told. Five tables of one
        trait, nine of group by trait, eight of department by trait and eight of all
        three, of the same people: every table repeats the margins of others.

    Examples
    --------
    >>> len(CROSSED)
    30
    """
    people = _employees()
    told = []
    for names in CROSSED:
        counts = people.groupby(list(names), observed=True).size()
        whole = pd.MultiIndex.from_product([sorted(people[n].unique()) for n in names])
        frame = counts.reindex(whole.set_names(names), fill_value=0)
        frame = frame.rename("events").reset_index()
        shown = protect(
            frame, min_cell=MIN_CELL, lines=names, topic="employees on 2025-12-31"
        )
        told += [(" by ".join(names), entry) for entry in shown.counts]
    return told


def _employees() -> pd.DataFrame:
    """One row per employee: group, and traits that vary with the department."""
    draw = np.random.default_rng(SEED)
    shares = np.array(list(GROUPS.values()))
    traits = {"group": draw.choice(list(GROUPS), EMPLOYEES, p=shares / shares.sum())}
    for name, number in TRAITS.items():
        weights = draw.dirichlet(np.full(number, 2.0))
        labels = [f"{name} {k + 1}" for k in range(number)]
        traits[name] = draw.choice(labels, EMPLOYEES, p=weights)
    return pd.DataFrame(traits)


def audited() -> dict[str, float]:
    """Protect thirty tables, attack them together, and say what it took.

    Returns
    -------
    dict
        ``tables``, ``counts`` told, those ``hidden``, those ``exposed`` and those not
        proven safe in time (``open``); ``protecting`` and ``audit`` in seconds, and the
        most memory ever held, in bytes.

    Examples
    --------
    >>> callable(audited)
    True
    """
    start = time.perf_counter()
    registered = release()
    middle = time.perf_counter()
    told = audit.told(registered)
    found = audit.exposed(told, min_cell=MIN_CELL)
    return {
        "tables": len(CROSSED),
        "counts": len(told),
        "hidden": sum(count.low != count.high for count in told),
        "exposed": sum(one.proven for one in found),
        "open": sum(not one.proven for one in found),
        "protecting": middle - start,
        "audit": time.perf_counter() - middle,
        "memory": requests._peak(),
    }


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
    parser.add_argument("--tables", type=int, default=TABLES, help="random city tables")
    parser.add_argument("--audit", action="store_true", help="thirty linked tables")
    chosen = parser.parse_args(arguments)
    if chosen.audit:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            took = pool.submit(audited).result()
        parts = [
            "{tables} tables, {counts:,} counts told, {hidden:,} of them hidden",
            "{exposed} exposed before the remedy, {open} not proven safe",
            "protecting {protecting:.1f} s, audit {audit:.1f} s",
        ]
        print("; ".join(parts).format(**took) + f", {took['memory'] / 1e9:.2f} GB")
    else:
        results: dict[str, list[Result]] = {way: [] for way in WAYS}
        for seed in tqdm(range(chosen.tables), desc="city tables"):
            for way, found in results.items():
                found.append(measure(way, seed))
        print(lines(results))
    print(f"\n{requests.machine()}")


if __name__ == "__main__":
    main()
