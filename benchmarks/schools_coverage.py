"""How often the intervals of the school measures hold the truth of invented districts.

    python benchmarks/schools_coverage.py --districts 400

draws so many districts with planted gaps and as many without any, publishes them as
states do, masked, and measures them. The table says how often the 95 % interval held
the truth, how often a gap was flagged where there was none, and how often the answer
was "not known". The districts are in `districts.py`, and
what is true of them in `district_truths.py`.

Of 400 districts an interval that holds 95 % of the time is seen to hold 92.9 to 97.1 %
of the time (two standard errors); means over the groups, which are not independent,
vary less.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks import district_truths, districts
from benchmarks.districts import GROUPS, REFERENCE, District
from equity.measure import (
    growth,
    hetop,
    outcomes,
    proficiency,
    risk,
    school_gaps,
    shrinkage,
)
from equity.measure.table import select

OTHERS = [group for group in GROUPS if group != REFERENCE]
WITHIN = "HETOP gap in each school"
EVERY = 4  # the districts whose schools are fitted apart; it takes the longest
PARTS = (
    *(school_gaps.TOTAL, school_gaps.SAME_SCHOOL, school_gaps.WITHIN),
    *(school_gaps.AMBIGUOUS, school_gaps.BETWEEN, school_gaps.SEGREGATION),
)
NO_NULL = ("graduation rate", "segregation")  # what is not zero without a gap, either
REPLICATES = 400
Row = tuple[str, str, float, float, float]  # measure, group, truth, low, high


def main() -> int:
    """Simulate, and print the table.

    Returns
    -------
    int
        Zero.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--districts", type=int, default=400, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first district")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    started = time.perf_counter()
    seeds = range(options.seed, options.seed + options.districts)
    jobs = [(seed, gap) for gap in (1.0, 0.0) for seed in seeds]
    with ProcessPoolExecutor(options.workers) as pool:
        drawn = pool.map(simulate, jobs, chunksize=4)
        found = list(tqdm(drawn, total=len(jobs), unit="district"))
    print(report(pd.concat(found, ignore_index=True)))
    print(f"\n{len(jobs):,} districts in {time.perf_counter() - started:,.0f} s")
    return 0


def simulate(job: tuple[int, float]) -> pd.DataFrame:
    """Draw one district, measure it, and set the limits beside its truth.

    Parameters
    ----------
    job
        Seed, and the size of the gaps (one, or zero for none).

    Returns
    -------
    DataFrame
        `measure, group, truth, low, high, gap, district`; limits missing where the
        answer was "not known".

    Raises
    ------
    AssertionError
        If what is true does not lie within the bounds that a masked rate leaves.

    Examples
    --------
    >>> simulate((2, 1.0)).columns.to_list()
    ['measure', 'group', 'truth', 'low', 'high', 'gap', 'district']
    """
    seed, gap = job
    warnings.simplefilter("error")
    town = districts.draw(seed, gap)
    rows = [
        *_graduation(town),
        *_levels(town),
        *_scores(town, seed),
        *_growth(town),
        *_schools(town),
        *_risk(town),
    ]
    if seed % EVERY == 0:
        rows.extend(_each_school(town))
    table = pd.DataFrame(rows, columns=["measure", "group", "truth", "low", "high"])
    return table.assign(gap=gap, district=seed)


def _graduation(town: District) -> Iterator[Row]:
    """Graduation: exact counts, and the same as the federal files mask them."""
    truth = district_truths.graduation_truth(town)
    exact, masked = districts.graduation_exact(town), districts.graduation_masked(town)
    districts.check_bounds(town, masked)
    for name, frame in (("exact", exact), ("masked", masked)):
        table = outcomes.by_race(frame, outcome="graduation", reference=REFERENCE)
        level = select(table, statistic="level")
        yield from _rows(f"graduation rate, {name} counts", level, truth)
        gaps = {group: truth[group] - truth[REFERENCE] for group in OTHERS}
        difference = select(table, statistic="difference")
        yield from _rows(f"difference in graduation, {name} counts", difference, gaps)


def _levels(town: District) -> Iterator[Row]:
    """What is made of students per level, exact and masked."""
    counts = districts.levels(town)
    truths = district_truths.v_of_these_schools(town)
    table = proficiency.v_of_levels(counts, reference=REFERENCE)
    yield from _rows("V from levels", table, truths)
    truths = district_truths.standardised_gaps(town)
    for name, frame in (
        ("exact counts", counts),
        ("counts below 10 masked", districts.hidden(counts, ["group"])),
    ):
        table = hetop.gaps(frame, reference=REFERENCE)
        table = select(table, measure="standardised gap")
        yield from _rows(f"HETOP gap, {name}", table, truths)


def _each_school(town: District) -> Iterator[Row]:
    """HETOP with the groups of each school as groups of their own."""
    counts = districts.levels(town, by_school=True)
    truths = district_truths.standardised_gaps_of_schools(town)
    for name, frame in (
        ("exact counts", counts),
        ("counts below 10 masked", districts.hidden(counts, ["unit", "group"])),
    ):
        table = hetop.gaps(frame, reference=REFERENCE)
        table = select(table, measure="standardised gap")
        for row in table[table["group"] != REFERENCE].itertuples():
            truth = truths.get((row.unit, row.group))
            if truth is not None:  # a school without the reference has no gap
                yield f"{WITHIN}, {name}", row.group, truth, row.conf_low, row.conf_high


def _scores(town: District, seed: int) -> Iterator[Row]:
    """What is made of scores, asked about these schools and about schools like them."""
    here, like = districts.scores(town, these_schools=True), districts.scores(town)
    table = proficiency.v_of_scores(here, reference=REFERENCE)
    truths = district_truths.v_of_these_schools(town)
    yield from _rows("V from scores, these schools", table, truths)
    table = proficiency.v_of_scores(like, reference=REFERENCE, clustered=True)
    truths = district_truths.v_of_schools_like_these(town)
    yield from _rows("V from scores, schools like these", table, truths)
    for name, frame, redraw, truths in (
        (
            "these schools",
            here,
            "students",
            district_truths.parts_of_these_schools(town),
        ),
        (
            "schools like these",
            like,
            "schools",
            district_truths.parts_of_like_schools(town),
        ),
    ):
        table = school_gaps.decompose(
            frame, reference=REFERENCE, redraw=redraw, replicates=REPLICATES, seed=seed
        )
        for part in PARTS:
            if redraw == "students" and part == school_gaps.SEGREGATION:
                continue  # known of these schools, so it has no limits
            of_part = {group: parts[part] for group, parts in truths.items()}
            yield from _rows(f"{part}, {name}", select(table, part=part), of_part)


def _growth(town: District) -> Iterator[Row]:
    table = growth.by_group(districts.followed(town), reference=REFERENCE)
    rows = select(table, statistic="difference")
    yield from _rows("growth difference", rows, district_truths.growth_truth(town))


def _schools(town: District) -> Iterator[Row]:
    """Each school's gap, shrunk over the list of schools, a list for each group."""
    gaps = school_gaps.by_school(districts.scores(town), reference=REFERENCE)
    truths = district_truths.gaps_of_schools(town)
    for group in OTHERS:
        table = shrinkage.shrink(select(gaps, group=group))
        table = table[table["observed"].notna()]
        for row in table.itertuples():
            truth = truths[row.school, group]
            yield "shrunken gap of a school", group, truth, row.conf_low, row.conf_high


def _risk(town: District) -> Iterator[Row]:
    counts = districts.suspended(town)
    table = select(risk.against_others(counts), statistic="ratio")
    truths = district_truths.risk_ratios(town)
    yield from _rows("risk ratio against others", table, truths, everyone=True)
    table = risk.weighted_risk_ratio(counts, districts.STATE)
    truths = district_truths.weighted_risk_ratios(town)
    yield from _rows("weighted risk ratio", table, truths, everyone=True)


def _rows(
    name: str, table: pd.DataFrame, truths: dict, *, everyone: bool = False
) -> Iterator[Row]:
    """Set the limits of each group beside its truth."""
    for row in table.itertuples():
        group = str(row.group)
        if group != REFERENCE or everyone or pd.isna(row.reference):
            yield name, group, float(truths[group]), row.conf_low, row.conf_high


def held(rows: pd.DataFrame) -> pd.Series:
    """Say of each interval whether it holds the truth.

    Parameters
    ----------
    rows
        As `simulate` returns, with limits.

    Returns
    -------
    Series
        Booleans.

    Examples
    --------
    >>> held(pd.DataFrame({"truth": [1.0, 2], "low": 0.0, "high": 1.5})).to_list()
    [True, False]
    """
    above = rows["low"].le(rows["truth"] + 1e-9)
    return above & rows["high"].ge(rows["truth"] - 1e-9)


def report(rows: pd.DataFrame) -> str:
    """Write the table in Markdown.

    Parameters
    ----------
    rows
        Of all districts, as `simulate` returns.

    Returns
    -------
    str
        A line for each measure.

    Examples
    --------
    >>> rows = pd.DataFrame({"measure": "V", "group": "Black", "truth": 0.0,
    ...     "low": [-0.1, 0.1, None], "high": [0.1, 0.2, None], "gap": [1.0, 0, 0],
    ...     "district": 1})
    >>> print(report(rows).splitlines()[-1])
    | V | 100.0% | 0.0% | 0.0% | 100.0% | 33.3% | 3 |
    """
    lines = [
        "| measure | holds the truth, with gaps | without | least of a group "
        "| flagged without a gap | not known | intervals |",
        "|---|---|---|---|---|---|---|",
    ]
    for measure, part in rows.groupby("measure", sort=False):
        known = part.dropna(subset=["low", "high"])
        known = known.assign(held=held(known))
        by_gap = known.groupby("gap")["held"].mean()
        each = known.groupby(["gap", "group"])["held"].agg(["mean", "size"])
        least = each.loc[each["size"] >= 20, "mean"].min()
        if np.isnan(least):
            least = each["mean"].min()
        parity = 1.0 if "ratio" in measure else 0.0
        none = known[known["gap"] == 0]
        flagged = (none["low"] > parity) | (none["high"] < parity)
        alarms = "–" if measure.startswith(NO_NULL) else _percent(flagged.mean())
        lines.append(
            f"| {measure} | {_percent(by_gap.get(1.0))} | {_percent(by_gap.get(0.0))} "
            f"| {_percent(least)} | {alarms} "
            f"| {_percent(1 - len(known) / len(part))} | {len(part):,} |"
        )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None or np.isnan(share) else f"{share:.1%}"


if __name__ == "__main__":
    sys.exit(main())
