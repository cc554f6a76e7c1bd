"""How often the intervals of the workforce measures hold the truth of invented cities.

    python benchmarks/workforce_coverage.py --cities 400

draws so many cities with planted gaps and as many without any, each from a seed of its
own: residents and surveys of them with margins, posts in eleven departments that fill
and fall free over three years, promotions, and pay. Every gap is measured as the page
on the workforce does and compared with the truth of its city, worked out from what was
planted. The table is that of `coverage`.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

if __name__ == "__main__":  # run as a script: find the packages beside it
    sys.path[0] = str(Path(__file__).parents[1])

from benchmarks import coverage, workforce_truths
from equity.measure import (
    availability,
    flows,
    histories,
    job_levels,
    pace,
    pay,
    pay_parts,
    pay_quantiles,
    representation,
    segregation,
    utilisation,
)
from equity.measure.table import select
from equity.sample import city, workforce, workforce_truth
from equity.sample.common import RACES, REFERENCE, Options
from equity.sample.expected import flows as expected_flows

CONFIDENCE = 0.95
LEAST = 50  # expected employees of a group that is compared
LARGEST = 12  # departments with a name of their own, as on the page
REDRAWS = 2000  # of the pace; the page takes 10,000, for digits that nobody counts here
QUANTILES = (0.1, 0.5, 0.9)
PAID = {"reference": REFERENCE, "groups": list(RACES), "confidence": CONFIDENCE}
LOGS = "gap_in_log_pay"
PARITY = "years to parity at this pace"
RULES = (availability.TWO_SD, availability.EXACT_BINOMIAL)
Row = tuple[str, str, float, float, float]  # measure, group, truth, low, high


def main() -> int:
    """Simulate, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, default=400, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first city")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    started = time.perf_counter()
    seeds = range(options.seed, options.seed + options.cities)
    jobs = [(seed, gap) for seed in seeds for gap in (1.0, 0.0)]
    with ProcessPoolExecutor(options.workers) as pool:
        found = pool.map(simulate, jobs, chunksize=4)
        rows = pd.concat(tqdm(found, total=len(jobs), unit="city"), ignore_index=True)
    print(report(rows))
    print(f"\n{len(jobs):,} cities in {time.perf_counter() - started:,.0f} s")
    return 0


def report(rows: pd.DataFrame) -> str:
    """Write the table in Markdown."""
    return coverage.report(rows, no_null=[PARITY])


def simulate(job: tuple[int, float], size: float = 1.0) -> pd.DataFrame:
    """Draw one city, measure its workforce, and set the limits beside the truth."""
    seed, gap = job
    warnings.simplefilter("error")
    options = Options(seed=seed, workforce_gap=gap, size=size)
    town = city.build(options)
    rng = np.random.default_rng([seed, 11])
    tables = workforce.tidy(options, town, rng)
    survey = city.survey(town, rng)
    found = expected_flows(options, town)
    truth = workforce_truth.truth(options, town)
    paid = workforce_truths.all_pay(options, found)
    staff = dict(zip(RACES, found.staff().sum(axis=0), strict=True))
    large = [group for group in RACES if staff[group] >= LEAST]
    jobs = {rule: _analysis(tables[0], tables[2], rule) for rule in RULES}
    drawn = [
        *_shares(truth, tables[0], survey, jobs[availability.TWO_SD]),
        *_flows(truth, tables),
        *_pay(truth, paid, job_levels.described(tables[0]), large),
        *_apart(truth, tables[0], seed),
        *_pace(tables, survey, found, town, seed),
    ]
    table = pd.DataFrame(drawn, columns=["measure", "group", "truth", "low", "high"])
    table = table[table["group"].isin([*large, "All"])]
    table = table.assign(gap=gap, city=seed, flagged=np.nan)
    ruled = [_ruled(*each).assign(gap=gap, city=seed) for each in jobs.items()]
    return pd.concat([table, *ruled], ignore_index=True)


def _shares(
    truth: dict, workers: pd.DataFrame, survey: pd.DataFrame, jobs: pd.DataFrame
) -> Iterator[Row]:
    table = representation.by_race(workers, survey, confidence=CONFIDENCE)
    yield from _rows(
        "share of the workforce less share of residents",
        select(table, statistic="difference"),
        _each(truth["overall"], "difference"),
    )
    table = select(jobs, statistic="difference")
    planted = truth["benchmarks"]["by_category"]
    for category, rows in table.groupby("job_category", observed=True):
        if category in planted:
            truths = _each(planted[category], "difference")
            yield from _rows("share of a job group less those available", rows, truths)


def _analysis(
    workers: pd.DataFrame, benchmarks: pd.DataFrame, rule: str
) -> pd.DataFrame:
    return utilisation.analysis(
        job_levels.described(workers),
        benchmarks,
        benchmark=utilisation.nearest(benchmarks),
        rule=rule,
        confidence=CONFIDENCE,
    )


def _ruled(rule: str, jobs: pd.DataFrame) -> pd.DataFrame:
    """List what the rule says where it says anything; a verdict has no limits."""
    table = select(jobs, statistic="level")
    table = table[table["underutilised"].notna()]
    return pd.DataFrame(
        {
            "measure": f"a job group short by the rule of {rule}",
            "group": table["group"].astype(str),
            "flagged": table["underutilised"].astype(float),
        }
    )


def _flows(truth: dict, tables: tuple) -> Iterator[Row]:
    workers, events, _ = tables
    groups = list(RACES)
    for kind, name in (("promotion", "promotion"), ("separation", "leaving")):
        able = histories.pool_of(workers, events, groups, kind=kind)
        asked = {"kind": kind, "reference": REFERENCE, "pool": able.pool}
        asked["confidence"] = CONFIDENCE
        planted = truth[f"{kind}s"]
        crude = _each(planted["within_a_year"], "ratio")
        # people leave alike in every department, so the two truths are one
        within = _each(planted.get("within_departments", {}), "ratio") or crude
        for how, measure, truths in (
            ("all departments together", flows.rates, crude),
            ("within departments", flows.adjusted, within),
        ):
            table = measure(able.events, able.at_risk, **asked)
            rows = select(table, statistic="ratio")
            yield from _rows(f"{name} rate, {how}, ratio", rows, truths)


def _pay(
    truth: dict, paid: list, workers: pd.DataFrame, large: list[str]
) -> Iterator[Row]:
    stepped = workers.assign(
        pay=np.exp(workforce_truths.on_scale(np.log(workers["pay"])))
    )
    middle = np.array([workforce_truths.quantile(way, 0.5) for way in paid])
    scale = workforce_truths.on_scale(middle)
    for staff, name, levels in ((workers, "", middle), (stepped, " on steps", scale)):
        table = pay.by_race(staff, **PAID)
        rows = select(table, measure="median pay", statistic="difference")
        dollars = np.exp(levels)
        truths = dict(zip(RACES, dollars - dollars[_BASE], strict=True))
        yield from _rows(f"median pay{name}, difference", rows, truths)
        table = pay.adjusted(staff, **PAID)
        whole = {g: np.expm1(p["gap"]) for g, p in truth["pay"][LOGS].items()}
        alike = {group: r - 1 for group, r in truth["pay"]["ratio"].items()}
        for model, people, truths in (
            (pay.UNADJUSTED, "of everybody", whole),
            (pay.ADJUSTED, "among people alike", alike),
        ):
            rows = select(table, model=model)
            yield from _rows(f"mean pay{name} {people}, gap", rows, truths)
    yield from _parts(paid, workers, large)
    yield from _quantiles(truth, paid, workers)


def _parts(paid: list, workers: pd.DataFrame, large: list[str]) -> Iterator[Row]:
    together = representation.largest_departments(workers, LARGEST)
    # each group is compared with the reference alone, whoever else is there
    asked = {**PAID, "groups": large, "coefficients": ["reference"]}
    table = pay_parts.by_race(together, **asked)
    table = select(table, variable="all together")
    _, explained, rest = workforce_truths.parts(paid)
    for component, levels in (("explained", explained), ("unexplained", rest)):
        rows = select(table, component=component, coefficients="reference")
        truths = dict(zip(RACES, levels, strict=True))
        yield from _rows(f"Oaxaca and Blinder: {component}", rows, truths)


def _quantiles(truth: dict, paid: list, workers: pd.DataFrame) -> Iterator[Row]:
    table = pay_quantiles.by_race(
        workers, **PAID, quantiles=QUANTILES, controls=pay.CONTROLS
    )
    planted = {group: r - 1 for group, r in truth["pay"]["ratio"].items()}
    for level in QUANTILES:
        each = np.array([workforce_truths.quantile(way, level) for way in paid])
        gaps = dict(zip(RACES, np.expm1(each - each[_BASE]), strict=True))
        for model, truths in ((pay.UNADJUSTED, gaps), (pay.ADJUSTED, planted)):
            rows = select(table, quantile=level, model=model)
            name = f"gap at the {level:.0%} quantile of pay, {model}"
            yield from _rows(name, rows, truths)


def _apart(truth: dict, workers: pd.DataFrame, seed: int) -> Iterator[Row]:
    units = segregation.counts(workers, groups=list(RACES))
    table = segregation.overall(units, confidence=CONFIDENCE, seed=seed)
    rows = select(table, measure=segregation.THEIL).assign(group="All")
    planted = truth["segregation"]["between_departments"]["theil_h"]
    yield from _rows("Theil's H less chance", rows, {"All": planted})


def _pace(tables: tuple, survey: pd.DataFrame, found, town, seed: int) -> Iterator[Row]:
    workers, events, _ = tables
    change = histories.counted(histories.change(workers, events, list(RACES)))
    table = pace.years_to_parity(
        change,
        pace.residents(survey),
        confidence=CONFIDENCE,
        replicates=REDRAWS,
        seed=seed,
    )
    table = table[table["state"] != pace.NOT_KNOWN]
    ends = ["conf_low", "conf_high"]  # missing where the pace leads nowhere
    rows = table.assign(**table[ends].fillna(np.inf))
    counted = workers["race"].value_counts().reindex(list(RACES), fill_value=0)
    years = workforce_truths.years_to_parity(found, counted.to_numpy(), town)
    yield from _rows(PARITY, rows, dict(zip(RACES, years, strict=True)))


_BASE = RACES.index(REFERENCE)


def _each(planted: dict, name: str) -> dict[str, float]:
    return {group: row[name] for group, row in planted.items()}


def _rows(name: str, table: pd.DataFrame, truths: dict) -> Iterable[Row]:
    """Set the limits of each group beside its truth; a reference has none."""
    own = table["reference"].eq(REFERENCE) & table["group"].astype(str).eq(REFERENCE)
    return coverage.beside(name, table[~own], truths)


if __name__ == "__main__":
    sys.exit(main())
