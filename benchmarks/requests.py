"""Requests to counts: time and memory of reading, of ours, of an analyst's notebook.

Each way (see `ways`) runs in a fresh process, in turn with the others, on the same
file. Our counts and those of the analyst's notebook must be equal, group for group, or
there is no result.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # this file must not pass for the library of its name
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import pandas as pd
from tqdm import tqdm

from benchmarks import city, ways

DATA = Path(__file__).parents[1] / "build" / "benchmarks"
MILLION = 1_000_000
ANALYST_MOST = MILLION  # rows that the analyst's notebook is given


@dataclass(frozen=True)
class Run:
    """What one way took, once, and what it answered.

    Attributes
    ----------
    seconds
        From the call to the answer; libraries are loaded before.
    peak
        Most memory the process ever held (resident), in bytes, libraries included.
    groups, closed, censored
        Rows of the answer, and the requests in them; 0 for reading.
    """

    seconds: float
    peak: int
    groups: int = 0
    closed: int = 0
    censored: int = 0


def compare(
    table: Path, places: Path, *, repeats: int, progress: bool = True
) -> dict[str, Run]:
    """Run every way on one file, in turn, and take the middle of each way's runs.

    Parameters
    ----------
    table
        Requests, Parquet or CSV.
    places
        The tracts.
    repeats
        Runs of each way.
    progress
        Whether to show a bar.

    Returns
    -------
    dict
        `reading`, `ours`, and `analyst` up to `ANALYST_MOST` rows: medians of seconds
        and of memory, and the answer's totals.

    Raises
    ------
    AssertionError
        If an answer is not the other's, or not the same each time.

    Examples
    --------
    >>> WAYS["reading"].__name__
    'reading'
    """
    rows = int(table.stem.split("_")[1])
    names = [way for way in WAYS if way != "analyst" or rows <= ANALYST_MOST]
    runs: dict[str, list[Run]] = {way: [] for way in names}
    bar = tqdm(total=repeats * len(names), desc=table.name, disable=not progress)
    with tempfile.TemporaryDirectory() as folder:
        answers = {way: Path(folder) / f"{way}.parquet" for way in names}
        keep = "analyst" in names
        _fresh("reading", table, places)  # so that all find the file in memory
        for _ in range(repeats):
            for way in names:
                bar.set_postfix_str(way)
                answer = answers[way] if keep else None
                runs[way].append(_fresh(way, table, places, answer))
                bar.update()
        bar.close()
        if keep:
            ways.agree(*(pd.read_parquet(answers[way]) for way in ("ours", "analyst")))
    for way, done in runs.items():
        totals = {(run.groups, run.closed, run.censored) for run in done}
        assert len(totals) == 1, f"{table.name}: {way} answered differently: {totals}"
    return {way: _middle(done) for way, done in runs.items()}


def lines(results: dict[str, dict[str, Run]]) -> str:
    """Write the results as a Markdown table, a line a file.

    Parameters
    ----------
    results
        A file's name for readers, with its rows in millions first, to what `compare`
        returns.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> mine = Run(2.0, 10**9, groups=10, closed=4, censored=3)
    >>> table = lines({"2 (Parquet)": {"reading": Run(0.5, 10**9), "ours": mine}})
    >>> table.splitlines()[-1][:43]
    '| 2 (Parquet) | 0.50 s, 1.00 GB | 2.00 s, 1'
    """
    heads = [
        *("million rows", "reading", "ours", "analyst's notebook"),
        *("ours / reading", "analyst's / ours", "ours: s per million"),
        *("rows a second", "groups", "requests counted"),
    ]
    table = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, runs in results.items():
        least, mine, theirs = (runs.get(way) for way in WAYS)
        millions = float(name.split()[0])
        cells = [
            *(name, _cost(least), _cost(mine), _cost(theirs) if theirs else "–"),
            f"{mine.seconds / least.seconds:.1f}",
            f"{theirs.seconds / mine.seconds:.1f}" if theirs else "–",
            f"{mine.seconds / millions:.2f}",
            f"{round(millions * MILLION / mine.seconds, -2):,.0f}",
            f"{mine.groups:,}",
            f"{mine.closed + mine.censored:,}",
        ]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table)


def machine() -> str:
    """Say what the numbers were measured on.

    Returns
    -------
    str
        Cores, memory, and versions.

    Examples
    --------
    >>> "duckdb" in machine()
    True
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = [
        f"{name} {version(name)}" for name in ("duckdb", "pandas", "geopandas")
    ]
    python = f"Python {platform.python_version()}"
    facts = [f"{os.cpu_count()} cores", f"{memory:.0f} GiB", python, *libraries]
    return ", ".join(facts)


def main(arguments: list[str] | None = None) -> None:
    """Make the data, compare the ways, and print the table.

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
    add("--rows", action="append", help="millions of rows, such as 1,5,20 (1)")
    add("--csv", action="store_true", help="from CSV files too")
    add("--repeats", type=int, help="runs of each way (3; from 20 million rows on, 1)")
    add("--data", type=Path, default=DATA)
    chosen = parser.parse_args(arguments)
    results = {}
    for size in map(float, ",".join(chosen.rows or ["1"]).split(",")):
        table, places = city.make(round(size * MILLION), chosen.data)
        files = {"Parquet": table}
        if chosen.csv:
            files["CSV"] = city.make_csv(table)
        for form, file in files.items():
            repeats = chosen.repeats or (1 if size >= 20 else 3)
            results[f"{size:g} ({form})"] = compare(file, places, repeats=repeats)
    print(f"{lines(results)}\n\n{machine()}")


WAYS: dict[str, Callable] = {
    "reading": ways.reading,
    "ours": ways.ours,
    "analyst": ways.analyst,
}


def _fresh(way: str, table: Path, places: Path, answer: Path | None = None) -> Run:
    """Run one way in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, way, table, places, answer).result()


def _timed(way: str, table: Path, places: Path, answer: Path | None) -> Run:
    start = time.perf_counter()
    counts = WAYS[way](table, places)
    seconds, peak = time.perf_counter() - start, _peak()
    if counts is None:
        return Run(seconds, peak)
    if answer:
        ways.plain(counts).reset_index().to_parquet(answer)
    closed, censored = (int(counts[name].sum()) for name in ("closed", "censored"))
    return Run(seconds, peak, len(counts), closed, censored)


def _peak() -> int:
    """Most memory this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # of this process alone; getrusage remembers its parent's
        found = [x for x in status.read_text().splitlines() if x.startswith("VmHWM")]
        return int(found[0].split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _middle(runs: list[Run]) -> Run:
    seconds = statistics.median(run.seconds for run in runs)
    peak = int(statistics.median(run.peak for run in runs))
    return Run(seconds, peak, runs[0].groups, runs[0].closed, runs[0].censored)


def _cost(run: Run) -> str:
    return f"{run.seconds:.2f} s, {run.peak / 1e9:.2f} GB"


if __name__ == "__main__":
    main()
