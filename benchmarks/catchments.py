"""Floating catchments of many areas and places: ours, and PySAL's ``access``.

The peer is no dependency of this project. Install it into an environment of its own,
and name its Python:

    python3 -m venv build/peer && build/peer/bin/pip install access pyarrow
    python benchmarks/catchments.py --peer-python build/peer/bin/python

Both ways are given the same long table of costs, read before the clock starts, each in
a fresh process. If one score of theirs is not ours, there is no table.

**Terms**

reading in
    From the long table to what the measures are asked of: `costs.coded`, or `Access`.
2SFCA, E2SFCA, 3SFCA
    One measure each, asked after one another.
peak
    Most memory the process ever held (resident), libraries and the table included.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":  # as a script, its own folder would come first
    sys.path[0] = str(Path(__file__).resolve().parents[1])

# The peer's Python runs this file too, and has no more than these: what is ours, or
# the peer's, is imported where it is used.
import numpy as np
import pandas as pd

SIZES = ((2_000, 500), (20_000, 2_000))
SIDE, MAX_COST, SEED = 120, 30, 1  # minutes from end to end of the city, and within
STEPS = {10: 1.0, 20: 0.68, 30: 0.22}
MEASURES = ("2SFCA", "E2SFCA", "3SFCA")
PARTS = ("reading in", *MEASURES)


def city(areas: int, places: int, within: float | None = None) -> dict:
    """Invent areas and places on a square, and what it costs to get between them.

    Parameters
    ----------
    areas, places
        How many.
    within
        Minutes; costlier pairs are left out of the table. None leaves out none.

    Returns
    -------
    dict of DataFrame
        `costs`, a row for each pair; `facilities`; `population`. Ids are whole numbers,
        which are quickest for both ways.

    Examples
    --------
    >>> made = city(20, 9)
    >>> len(made["costs"]), len(made["facilities"]), len(made["population"])
    (180, 9, 20)
    """
    random = np.random.default_rng(SEED)
    start, end = (
        random.uniform(0, SIDE, (areas, 2)),
        random.uniform(0, SIDE, (places, 2)),
    )
    cost = np.hypot(*(start[:, None, axis] - end[None, :, axis] for axis in (0, 1)))
    costs = pd.DataFrame(
        {
            "area": np.repeat(np.arange(areas), places),
            "facility_id": np.tile(np.arange(places), areas),
            "cost": cost.ravel(),
        }
    )
    if within is not None:
        costs = costs[costs["cost"] <= within].reset_index(drop=True)
    return {
        "costs": costs,
        "facilities": pd.DataFrame(
            {
                "facility_id": np.arange(places),
                "kind": "Clinic",
                "capacity": random.integers(1, 40, places),
            }
        ),
        "population": pd.DataFrame(
            {
                "area": np.arange(areas),
                "estimate": random.integers(100, 9000, areas),
                "moe": np.nan,
            }
        ),
    }


def ours(made: dict) -> tuple[dict[str, float], pd.DataFrame]:
    """Ask this project.

    Parameters
    ----------
    made
        From `city`.

    Returns
    -------
    tuple
        Seconds of each part, and the scores, a row for each area.

    Examples
    --------
    >>> seconds, scores = ours(city(20, 9))
    >>> list(seconds), scores.columns.tolist()
    (['reading in', '2SFCA', 'E2SFCA', '3SFCA'], ['2SFCA', 'E2SFCA', '3SFCA'])
    """
    from equity.measure import floating
    from equity.measure.costs import coded

    table = made["costs"].assign(
        unit=pd.Categorical(["minutes"]).repeat(len(made["costs"]))
    )
    people, plain = made["population"], {"per": 1, "replicates": 0}
    clock = [time.perf_counter()]
    costs = coded(table, made["facilities"], areas=people["area"])
    clock.append(time.perf_counter())
    scores = {}
    for name, measure, options in (
        ("2SFCA", floating.two_step, {"max_cost": MAX_COST}),
        ("E2SFCA", floating.enhanced_two_step, {"steps": STEPS}),
        ("3SFCA", floating.three_step, {"steps": STEPS}),
    ):
        scores[name] = measure(costs, people, **options, **plain)["estimate"].to_numpy()
        clock.append(time.perf_counter())
    return dict(zip(PARTS, np.diff(clock), strict=True)), pd.DataFrame(scores)


def peer(made: dict) -> tuple[dict[str, float], pd.DataFrame]:
    """Ask PySAL's ``access``, in its own environment.

    Parameters
    ----------
    made
        From `city`.

    Returns
    -------
    tuple
        As `ours`.
    """
    from access import Access
    from access.weights import step_fn

    people, places = made["population"], made["facilities"]
    clock = [time.perf_counter()]
    city = Access(
        demand_df=people.set_index("area"),
        demand_value="estimate",
        supply_df=places.set_index("facility_id"),
        supply_value="capacity",
        cost_df=made["costs"],
        cost_origin="area",
        cost_dest="facility_id",
        cost_name="cost",
    )
    clock.append(time.perf_counter())
    city.two_stage_fca(name="2SFCA", max_cost=MAX_COST)
    clock.append(time.perf_counter())
    city.enhanced_two_stage_fca(name="E2SFCA", weight_fn=step_fn(STEPS))
    clock.append(time.perf_counter())
    city.three_stage_fca(name="3SFCA", weight_fn=step_fn(STEPS))
    clock.append(time.perf_counter())
    found = city.access_df.reindex(people["area"])
    scores = {name: found[f"{name}_capacity"].to_numpy() for name in MEASURES}
    return dict(zip(PARTS, np.diff(clock), strict=True)), pd.DataFrame(scores)


def agree(mine: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Refuse scores that are not the same; the peer's missing ones count as zero.

    Parameters
    ----------
    mine, theirs
        From `ours` and `peer`.

    Raises
    ------
    AssertionError
        Naming the measure and the largest difference.

    Examples
    --------
    >>> scores = pd.DataFrame(dict.fromkeys(MEASURES, [0.5]))
    >>> agree(scores, scores + 0.1)
    Traceback (most recent call last):
    AssertionError: 2SFCA differs by 0.1
    """
    for name in MEASURES:
        away = (mine[name].fillna(0) - theirs[name].fillna(0)).abs().max()
        if not away < 1e-9:
            raise AssertionError(f"{name} differs by {away:.3g}")


def compare(
    areas: int,
    places: int,
    *,
    peer_python: str | None,
    repeats: int,
    within: float | None = None,
    most: float = 16,
) -> dict[str, list[dict]]:
    """Run both ways in turn, each in a fresh process, on the same files.

    Parameters
    ----------
    areas, places, within
        As of `city`.
    peer_python
        The Python of an environment with ``access``; None runs ours alone.
    repeats
        Runs of each way.
    most
        GiB of memory that a process may ask for.

    Returns
    -------
    dict
        Way to its runs: seconds of each part, `peak` (bytes) and `pairs`; an empty dict
        for a run that did not finish.
    """
    runs = {"ours": [], "peer": []}
    pythons = {"ours": sys.executable, "peer": peer_python}
    with tempfile.TemporaryDirectory() as folder:
        for name, table in city(areas, places, within).items():
            table.to_parquet(Path(folder, f"{name}.parquet"))
        for _ in range(repeats):
            for way, python in pythons.items():
                if python is not None:
                    runs[way].append(_fresh(python, way, folder, most))
        answers = [Path(folder, f"{way}.answer.parquet") for way in runs]
        if all(answer.exists() for answer in answers):
            agree(*(pd.read_parquet(answer) for answer in answers))
    return runs


def lines(results: dict[str, dict[str, list[dict]]]) -> str:
    """Write the results as a Markdown table: medians, and the peer's over ours.

    Parameters
    ----------
    results
        A size for readers to what `compare` returns.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> run = {"peak": 10**9, "pairs": 180, **dict.fromkeys(PARTS, 0.25)}
    >>> slow = {**run, **dict.fromkeys(PARTS, 5.0)}
    >>> print(lines({"20 x 9": {"ours": [run], "peer": [slow]}}))
    | areas x places | pairs | way | reading in | 2SFCA | E2SFCA | 3SFCA | all | peak |
    |---|---|---|---|---|---|---|---|---|
    | 20 x 9 | 180 | ours | 0.25 s | 0.25 s | 0.25 s | 0.25 s | 1.00 s | 1.00 GB |
    | 20 x 9 | 180 | peer | 5.00 s | 5.00 s | 5.00 s | 5.00 s | 20.00 s | 1.00 GB |
    | 20 x 9 | 180 | peer / ours | 20.0 | 20.0 | 20.0 | 20.0 | 20.0 | 1.0 |
    """
    heads = ["areas x places", "pairs", "way", *PARTS, "all", "peak"]
    table = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for size, runs in results.items():
        middles = {}
        for way, all_runs in runs.items():
            done = [run for run in all_runs if run]
            if not done:
                if all_runs:
                    table.append(f"| {size} | | {way} | did not finish" + " |" * 6)
                continue
            middle = pd.DataFrame(done).median()
            middles[way] = values = [
                *(middle[part] for part in PARTS),
                sum(middle[part] for part in PARTS),
                middle["peak"] / 1e9,
            ]
            pairs = f"{int(middle['pairs']):,}"
            cells = [f"{value:.2f} s" for value in values[:-1]]
            cells.append(f"{values[-1]:.2f} GB")
            table.append("| " + " | ".join([size, pairs, way, *cells]) + " |")
        if len(middles) == 2:
            ratios = np.divide(middles["peer"], middles["ours"])
            cells = [f"{ratio:.1f}" for ratio in ratios]
            table.append("| " + " | ".join([size, pairs, "peer / ours", *cells]) + " |")
    return "\n".join(table)


def _fresh(python: str, way: str, folder: str, most: float) -> dict:
    """Run one way in a process of its own; an empty answer if it does not finish."""
    command = [python, __file__, "--run", way, "--folder", folder, "--most", str(most)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        print(f"{way} did not finish: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {}
    return json.loads(done.stdout.splitlines()[-1])


def _run(way: str, folder: str, most: float) -> None:
    """What a fresh process does: read, ask, write the answer, say what it took."""
    resource.setrlimit(resource.RLIMIT_AS, (int(most * 2**30),) * 2)
    made = {
        name: pd.read_parquet(Path(folder, f"{name}.parquet"))
        for name in ("costs", "facilities", "population")
    }
    seconds, scores = {"ours": ours, "peer": peer}[way](made)
    scores.to_parquet(Path(folder, f"{way}.answer.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**seconds, "peak": peak, "pairs": len(made["costs"])}))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(f"{a}x{p}" for a, p in SIZES))
    parser.add_argument("--within", type=float, help="leave out costlier pairs")
    parser.add_argument("--peer-python", help="Python of an environment with access")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most", type=float, default=16, help="GiB for a process")
    parser.add_argument("--run", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        _run(asked.run, asked.folder, asked.most)
        return
    results = {}
    for size in asked.sizes.split(","):
        areas, places = (int(number) for number in size.split("x"))
        results[f"{areas:,} x {places:,}"] = compare(
            areas,
            places,
            peer_python=asked.peer_python,
            repeats=asked.repeats,
            within=asked.within,
            most=asked.most,
        )
    print(lines(results))


if __name__ == "__main__":
    main()
