"""Every table of the workforce passes the gate, and nothing of a hidden row is left."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import DisclosureError
from equity.measure import (
    eeo4,
    flows,
    job_levels,
    pace,
    pay,
    pay_parts,
    pay_quantiles,
    segregation,
    segregation_levels,
    selection,
    snapshots,
    utilisation,
)
from equity.publish.kinds import is_number
from equity.publish.protect import protect

GROUPS = ["Black", "Native", "White"]
DAYS = pd.to_datetime(["2023-12-31", "2024-12-31", "2025-12-31"])
PUBLIC = {"confidence", "quantile", "year", "population"}


@pytest.fixture(scope="module")
def staff() -> pd.DataFrame:
    """Six hundred people: of one group there are thirteen, in few jobs."""
    random = np.random.default_rng(7)
    race = np.array(["White"] * 420 + ["Black"] * 167 + ["Native"] * 13)
    job = random.choice(["Clerk", "Nurse", "Chief"], 600, p=[0.5, 0.3, 0.2])
    return pd.DataFrame(
        {
            "worker_id": [f"E{n}" for n in range(600)],
            "race": pd.Categorical(race, GROUPS),
            "sex": random.choice(["F", "M"], 600),
            "department": random.choice(["Fire", "Parks", "Water"], 600),
            "job": job,
            "job_category": random.choice(["1 - Officials", "2 - Prof"], 600),
            "pay": np.round(50_000 * np.exp(random.normal(0, 0.2, 600))),
            "full_time": True,
            "employment": "",
            "hired": pd.Timestamp("2015-01-01"),
            "as_of": DAYS[2],
        }
    )


@pytest.fixture(scope="module")
def tables(staff) -> dict[str, tuple[pd.DataFrame, dict]]:
    described = job_levels.described(staff)
    shares = pd.DataFrame({"race": GROUPS, "share": [0.3, 0.05, 0.65], "moe": 0.01})
    everybody = shares.assign(benchmark="residents", job_category=None)
    jobs = ["Officials and administrators", "Professionals"]
    able = shares.assign(benchmark=utilisation.AVAILABILITY)
    able = pd.concat([able.assign(job_category=job) for job in jobs])
    pool = pd.concat([staff.assign(as_of=day) for day in DAYS[:2]])
    moved = pd.concat([staff[::3], staff[587:591]]).drop_duplicates("worker_id")
    moved = moved.assign(date=pd.Timestamp("2024-05-01"), kind="promotion", detail="")
    left = moved.assign(kind="separation")
    events = pd.concat([moved, left, moved.assign(kind="hire")], ignore_index=True)
    change = snapshots.change(staff.assign(as_of=DAYS[0]), staff, events=events)
    pool_of = change[["group", "population", "entered", "left", "exposure", "years"]]
    city = shares.rename(columns={"race": "group"})
    people = segregation.counts(staff, groups=GROUPS)
    nested = segregation.counts(
        staff, groups=GROUPS, unit="job", parents=["department"]
    )
    few = {"reference": "White", "groups": GROUPS}
    public = {"public": ["benchmark_share", "benchmark_low", "benchmark_high"]}
    rise = {"kind": "promotion", "reference": "White"}
    level = flows.rates(moved, pool, **rise)
    chosen = level[level["statistic"] == "level"][["group", "events", "population"]]
    years = pace.years_to_parity(pool_of, city, replicates=50)
    dollars = {"estimate": 0.5, "conf_low": 0.25, "conf_high": 0.75}
    parts = pay_parts.by_race(
        staff, **few, controls=["job"], coefficients=["reference"]
    )
    return {
        "benchmarks": (utilisation.by_benchmark(described, everybody), public),
        "utilisation": (utilisation.analysis(described, able), public),
        "levels": (job_levels.by_level(described, groups=GROUPS), {}),
        "form": (eeo4.form(described, groups=GROUPS), {"lines": "group"}),
        "left out": (eeo4.left_out(described, groups=GROUPS), {}),
        "rates": (level, {}),
        "adjusted rates": (flows.adjusted(moved, pool, **rise), {}),
        "hires": (flows.shares(events, staff), {}),
        "selection": (selection.rates(chosen, reference="White"), {}),
        "change": (change, {}),
        "years": (years.rename(columns={"median": "half_by"}), {}),
        "projected": (pace.projected(pool_of, city, replicates=50), {}),
        "needed": (pace.hires_needed(pool_of, city, replicates=50), {}),
        "pay": (pay.by_race(staff, **few), {"quantiles": dollars}),
        "adjusted pay": (pay.adjusted(staff, **few, controls=["job"]), {}),
        "parts of pay": (parts, {"lines": None}),
        "quantiles": (pay_quantiles.by_race(staff, **few, controls=["job"]), {}),
        "overall": (segregation.overall(people, replicates=480), {}),
        "pairs": (segregation.pairs(people, reference="White", replicates=480), {}),
        "contact": (segregation.contact(people, replicates=480), {}),
        "by group": (segregation.by_group(people, replicates=480), {}),
        "by unit": (segregation.by_unit(people, replicates=480), {}),
        "decomposed": (
            segregation_levels.decomposed(
                nested, parents=["department"], replicates=480
            ),
            {},
        ),
    }


def test_every_table_passes_and_a_hidden_row_has_no_number_left(tables):
    for name, (table, options) in tables.items():
        frame = protect(table, min_cell=20, **options).frame
        hidden = frame[frame["suppressed"].isin(["primary", "complementary"])]
        known = PUBLIC | set(options.get("public", ()))
        left = [
            column
            for column in hidden
            if is_number(hidden[column])
            and column not in known
            and hidden[column].notna().any()
        ]
        assert left == [], name
        assert hidden.empty or hidden["group"].eq("Native").any() or name == "left out"
    rows = protect(tables["utilisation"][0], min_cell=20, **tables["utilisation"][1])
    assert rows.frame["suppressed"].notna().any()


@pytest.mark.parametrize(
    ("name", "column"),
    [("utilisation", "rule"), ("utilisation", "reliability"), ("years", "state")],
)
def test_a_verdict_is_hidden_with_its_counts_and_picks_no_rows(tables, name, column):
    table, options = tables[name]
    shown = protect(table, min_cell=20, **options)
    hidden = shown.frame["suppressed"].notna()
    assert hidden.any()
    assert shown.frame.loc[hidden, column].isna().all()
    assert shown.frame.loc[~hidden, column].notna().all()
    with pytest.raises(DisclosureError, match=column):
        shown.only(**{column: table[column].iloc[0]})


def test_a_method_that_tells_of_no_events_is_hidden_with_them():
    counts = pd.DataFrame({"group": GROUPS, "events": [30, 0, 90]})
    counts["population"] = [300, 40, 600]
    table = flows.compared(counts, kind="promotion", reference="White")
    assert table["method"].str.startswith("MOVER").any()
    shown = protect(table, zeros="hidden").frame
    native = shown[shown["group"] == "Native"]
    assert native["method"].isna().all()
    assert native["events"].isna().all()
    assert shown.loc[shown["suppressed"].isna(), "method"].notna().all()


def test_few_people_in_the_reference_hide_what_is_compared_with_them(tables):
    pairs, _ = tables["pairs"]
    shown = protect(pairs.assign(reference_events=7)).frame
    assert shown["estimate"].isna().all()
    assert "reference_events" not in shown


def test_a_count_of_people_set_apart_is_no_proportion():
    table = pd.DataFrame({"group": GROUPS, "events": 40, "not_comparable": [3, 0, 2]})
    assert "not_comparable" not in protect(table)._frame
    share = table.assign(not_comparable=[0.3, 0.0, 1.0])
    assert "not_comparable" in protect(share)._frame


def test_quantiles_of_pay_need_people_beyond_them(tables):
    table, _ = tables["quantiles"]
    shown = protect(table.query("group != 'Native'")).frame
    tenth = shown[(shown["quantile"] == 0.1) & (shown["group"] == "Black")]
    assert tenth["estimate"].notna().all()  # sixteen of 167 are below
    small = table.query("group != 'Native'").assign(events=99)
    shown = protect(small).frame.set_index("quantile")
    assert shown.loc[[0.1, 0.9], "estimate"].isna().all()
    assert shown.loc[[0.25, 0.5, 0.75], "estimate"].notna().all()
    assert shown.loc[[0.1], "events"].notna().all()


def test_pay_is_rounded_and_its_ratio_is_not(tables):
    table, options = tables["pay"]
    shown = protect(table, **options)
    level = shown.only(statistic="level", group="Black").frame
    assert (level["estimate"] % 1000 == 0).all()
    ratio = shown.only(statistic="ratio", group="Black").frame
    exact = table[(table["statistic"] == "ratio") & (table["group"] == "Black")]
    assert ratio["estimate"].tolist() == exact["estimate"].tolist()
    native = shown.only(statistic="level", group="Native").frame
    assert native["estimate"].isna().all()  # thirteen people: fewer than ten a side


def test_observed_may_be_an_index_or_people():
    table = pd.DataFrame({"group": GROUPS, "events": 40, "observed": [3, 4, 5]})
    with pytest.raises(DisclosureError, match="observed"):
        protect(table)
    assert protect(table.assign(expected_if_random=0.1, observed=[1.0, 0.0, 1.0]))
