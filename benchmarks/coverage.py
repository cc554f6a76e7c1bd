"""How often the intervals of the service measures hold the truth of invented cities.

    python benchmarks/coverage.py --cities 400

draws so many cities with planted gaps and as many without any, each from a seed of its
own: tracts, residents, a survey of them with margins, requests, further reports, places
and rides. Every headline gap is measured as the notebooks do and compared with the
truth of its city, worked out from the true residents. The table says how often the 95 %
interval held the truth, and how often a gap was flagged where there was none.

Of 400 cities an interval that holds 95 % of the time is seen to hold 92.9 to 97.1 % of
the time (two standard errors); means over the groups, which are not independent, vary
less.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
from tqdm import tqdm

from equity.measure import (
    adjusted,
    catchment,
    costs,
    decomposition,
    exposure,
    placement,
    reach,
    reporting,
)
from equity.measure.table import select
from equity.sample import city, homes, places, planted, services
from equity.sample.common import RACES, Options, divide

REFERENCE, TARGET, CONFIDENCE = "White", 14, 0.95
LEAST = 1000  # residents of a group that is compared
TIMES = 3  # so many times the usual number of places
Row = tuple[str, str, float, float, float]  # measure, group, truth, low, high


def main() -> int:
    """Simulate, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, default=400, help="of each kind")
    parser.add_argument("--replicates", type=int, default=400, help="redraws each")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    started = time.perf_counter()
    jobs = [
        (seed, gap, options.replicates)
        for gap in (1.0, 0.0)
        for seed in range(1, options.cities + 1)
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        found = list(
            tqdm(pool.map(simulate, jobs, chunksize=4), total=len(jobs), unit="city")
        )
    rows = pd.concat(found, ignore_index=True)
    print(report(rows))
    print(f"\n{len(jobs):,} cities in {time.perf_counter() - started:,.0f} s")
    return 0


def simulate(job: tuple[int, float, int]) -> pd.DataFrame:
    """Draw one city, measure it, and set the limits beside its truth."""
    seed, gap, replicates = job
    warnings.simplefilter("error")
    options = Options(seed=seed, quarters=4, service_gap=gap)
    town = city.build(options)
    rng = np.random.default_rng([seed, 7])
    residents = dict(zip(RACES, town.residents.sum(axis=0), strict=True))
    survey = city.survey(town, rng)
    drawn = [
        *_requests(options, town, survey, rng, replicates),
        *_places(options, town, survey, rng, replicates),
    ]
    table = pd.DataFrame(drawn, columns=["measure", "group", "truth", "low", "high"])
    large = table["group"].map(residents).ge(LEAST) | table["group"].eq("All")
    return table[large & table["group"].ne(REFERENCE)].assign(gap=gap, city=seed)


def _requests(options, town, survey, rng, replicates: int) -> Iterator[Row]:
    truth = planted.truth(options, town)["area_weighted"]
    requests, reports = services.tidy(options, town, rng)
    common = {
        "reference": REFERENCE,
        "confidence": CONFIDENCE,
        "replicates": replicates,
        "seed": options.seed,
    }
    table = exposure.by_race(requests, survey, years=1.0, target_days=TARGET, **common)
    for measure, name, statistic in (
        ("requests per 1,000 residents a year", "requests_per_1000", "ratio"),
        ("median days to close", "median_moment", "difference"),
        (
            f"share closed within {TARGET} days",
            f"closed_within_{TARGET}_days",
            "difference",
        ),
    ):
        rows = select(table, measure=measure, statistic=statistic)
        truths = {group: part[statistic] for group, part in truth[name].items()}
        yield from beside(f"{measure}, {statistic}", rows, truths)

    parts = truth["gap_within_14_days"]
    table = decomposition.by_race(requests, survey, target_days=TARGET, **common)
    for component in ("mix of requests", "same kind of request"):
        key = component.replace(" ", "_")
        truths = {group: part[key] for group, part in parts.items()}
        yield from beside(
            f"on time: {component}", select(table, component=component), truths
        )

    table = adjusted.gap(requests, survey, target_days=TARGET, **common)
    truths = {group: part["adjusted"] for group, part in parts.items()}
    yield from beside("on time: adjusted gap", select(table, model="adjusted"), truths)

    table = reporting.by_race(reports, survey, years=1.0, **common)
    delay = "mean reporting delay in days, same mix of categories"
    truths = {
        group: part["ratio"]
        for group, part in truth["reporting_delay_days_same_mix"].items()
    }
    rows = select(table, measure=delay, statistic="ratio")
    yield from beside("reporting delay, same mix, ratio", rows, truths)


def _places(options, town, survey, rng, replicates: int) -> Iterator[Row]:
    sites = places.place(options, town, rng, times=TIMES)
    common = {"confidence": CONFIDENCE, "seed": options.seed}
    table = placement.by_race(sites, survey, reference=REFERENCE, **common)
    table = select(
        table,
        kind="Library",
        measure="share of residents around the average place",
        statistic="difference",
    )
    around = places.around(options, town, "Library") - town.shares
    truths = dict(zip(RACES, around, strict=True))
    yield from beside("share around libraries less share of residents", table, truths)

    here = homes.build(options, town)
    baselines = homes.survey(town, here, rng)
    table = placement.demographic(sites, baselines, **common)
    offline = np.nan_to_num(
        divide(here.without.sum(axis=1), here.households.sum(axis=1))
    )
    everywhere = here.without.sum() / here.households.sum()
    truth = places.chances(options, town, "Library") @ offline - everywhere
    rows = select(table, kind="Library").assign(group="All")
    yield from beside("homes without internet around libraries", rows, {"All": truth})

    rides = places.ride(town, here, sites, rng)
    known = sites[sites["facility_id"].isin(rides["facility_id"])]
    nearest = catchment.nearest(costs.coded(rides, known, areas=town.geoids))
    table = reach.by_race(
        nearest, survey, reference=REFERENCE, replicates=replicates, **common
    )
    minutes = places.reach(town, sites, rides)["Library"]["nearest"]
    base = minutes[RACES.index(REFERENCE)]
    rows = select(table, kind="Library", statistic="difference")
    truths = dict(zip(RACES, minutes - base, strict=True))
    yield from beside("minutes to the nearest library, difference", rows, truths)


def beside(name: str, table: pd.DataFrame, truths: dict) -> Iterator[Row]:
    """Set the limits of each group beside its truth.

    Parameters
    ----------
    name
        What the row of the table is called; limits of what ends with `ratio` are of
        ratios, whose parity is one.
    table
        A measure table, a row per group.
    truths
        Group to truth.

    Yields
    ------
    tuple
        Measure, group, truth, and limits, of each group that has a truth.
    """
    for row in table.itertuples():
        truth = truths.get(str(row.group))
        if truth is not None:
            yield name, str(row.group), float(truth), row.conf_low, row.conf_high


def report(rows: pd.DataFrame, no_null: Collection[str] | None = None) -> str:
    """Write the table in Markdown.

    Parameters
    ----------
    rows
        Columns `measure, group, truth, low, high, gap`. Where there is a column
        `flagged`, it is the verdict of a rule, which has no limits.
    no_null
        Measures for which nothing is a false flag; None takes `NO_NULL`.

    Returns
    -------
    str
        The table, and how many intervals had no limits.
    """
    judged = rows.get("flagged", pd.Series(np.nan, rows.index)).notna()
    known = rows[judged | rows[["low", "high"]].notna().all(axis=1)]
    judged = judged[known.index]
    covers = known["low"].le(known["truth"] + 1e-9)
    covers &= known["high"].ge(known["truth"] - 1e-9)
    parity = known["measure"].str.endswith("ratio").astype(float)
    flagged = (known["low"].gt(parity) | known["high"].lt(parity)).astype(float)
    if judged.any():
        flagged = known["flagged"].astype(float).where(judged, flagged)
    none = known["gap"].eq(0)
    none &= ~known["measure"].isin(NO_NULL if no_null is None else no_null)
    known = known.assign(
        covers=covers.astype(float).mask(judged), flagged=flagged.where(none)
    )
    lines = [
        "| gap | holds the truth, with gaps | without | least of a group "
        "| flagged without a gap | intervals |",
        "|---|---|---|---|---|---|",
    ]
    for measure, part in known.groupby("measure", sort=False):
        by_gap = part.groupby("gap")["covers"].mean()
        least = part.groupby(["gap", "group"])["covers"].mean().min()
        shares = [by_gap.get(1.0), by_gap.get(0.0), least, part["flagged"].mean()]
        told = " | ".join("–" if pd.isna(s) else f"{s:.1%}" for s in shares)
        lines.append(f"| {measure} | {told} | {len(part):,} |")
    lost = len(rows) - len(known)
    return "\n".join([*lines, "", f"Without limits: {lost:,} of {len(rows):,}."])


#: Places are where they are: distances differ by luck in every city.
NO_NULL = ["minutes to the nearest library, difference"]


if __name__ == "__main__":
    sys.exit(main())
