"""The sample city's planted gaps lie inside the printed intervals.

`data/raw/sample/truth.yaml` says what was planted, and what each measure estimates of
it. Of many 95 % intervals a few miss by chance: no more may miss than chance allows,
and the headline gaps, Black and Hispanic residents against White ones, must all be in.
"""

import pandas as pd
import pytest
import yaml
from scipy.stats import binom

from equity import params, prepare, race
from equity.measure import (
    decomposition,
    exposure,
    outcomes,
    reporting,
    representation,
)
from equity.prepare import travel
from equity.prepare.engine import reports

HEADLINE = (race.BLACK, race.HISPANIC)
SERVICES = {
    "requests per 1,000 residents a year": "requests_per_1000",
    "median days to close": "median_moment",
    "share closed within 14 days": "closed_within_14_days",
}
REPORTING = {
    "incidents per 1,000 residents a year": "requests_per_1000",
    "reports per 1,000 residents a year": "reports_per_1000",
    "further reports per incident-day": "further_reports_per_day",
    "further reports per incident-day, same mix of categories": (
        "further_reports_per_day_same_mix"
    ),
    "mean reporting delay in days, same mix of categories": (
        "reporting_delay_days_same_mix"
    ),
}
VALUE = {"level": "value", "difference": "difference", "ratio": "ratio"}


@pytest.fixture(scope="module")
def settings(root):
    return params.read(root / "params" / "sample.yaml")


@pytest.fixture(scope="module")
def tables(settings):
    return prepare.load(
        settings.city,
        period=settings.period,
        quarters=settings.quarters,
        race_standard=settings.race_standard,
    )


@pytest.fixture(scope="module")
def truth(root):
    path = root / "data" / "raw" / "sample" / "truth.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def compare(table, planted):
    """Put the planted value beside each row that has limits; `inside` says if it is."""
    known = table.dropna(subset=["conf_low", "conf_high"])
    known = known[known["group"] != exposure.EVERYONE]
    values = [planted(row) for row in known.itertuples()]
    known = known.assign(planted=values, group=known["group"].astype(str))
    slack = 5e-7  # truth.yaml has six decimals
    low, high = known["conf_low"] - slack, known["conf_high"] + slack
    return known.assign(inside=known["planted"].between(low, high))


def no_more_miss_than_chance_allows(table):
    """At most so many misses as 95 % intervals have in 99 of 100 such tables."""
    columns = ["group", "statistic", "planted", "estimate", "conf_low", "conf_high"]
    missed = table.loc[~table["inside"], columns]
    assert len(missed) <= binom.ppf(0.99, len(table), 0.05), missed.to_string()
    assert not missed["group"].isin(HEADLINE).any(), missed.to_string()
    assert set(HEADLINE) <= set(table["group"])


@pytest.mark.parametrize("measure", list(SERVICES))
def test_services(tables, settings, truth, measure):
    table = exposure.by_race(
        tables.request_counts,
        tables.population,
        reference=settings.reference,
        years=settings.quarters / 4,
        target_days=settings.target_days,
        confidence=settings.confidence,
        replicates=settings.replicates,
        seed=settings.seed,
    )
    planted = truth["requests"]["area_weighted"][SERVICES[measure]]
    found = compare(
        table[table["measure"] == measure],
        lambda row: planted[row.group][VALUE[row.statistic]],
    )
    assert len(found) == 8 + 7 + 7  # every group; the reference has no gap to itself
    no_more_miss_than_chance_allows(found)


@pytest.mark.parametrize("measure", list(REPORTING))
def test_reporting(tables, settings, truth, measure):
    table = reporting.by_race(
        tables.report_counts,
        tables.population,
        reference=settings.reference,
        years=settings.quarters / 4,
        confidence=settings.confidence,
        replicates=300,
        seed=settings.seed,
    )
    planted = truth["requests"]["area_weighted"][REPORTING[measure]]
    found = compare(
        table[table["measure"] == measure],
        lambda row: planted[row.group][VALUE[row.statistic]],
    )
    no_more_miss_than_chance_allows(found)


def test_parts_of_the_gap_on_time(tables, settings, truth):
    """What goes with the mix of requests, and what is left for the same kind."""
    table = decomposition.by_race(
        tables.request_counts,
        tables.population,
        reference=settings.reference,
        target_days=settings.target_days,
        confidence=settings.confidence,
        replicates=300,
        seed=settings.seed,
    )
    planted = truth["requests"]["area_weighted"]["gap_within_14_days"]
    found = compare(
        table[table["measure"] == "share closed within 14 days"],
        lambda row: planted[row.group][row.component.replace(" ", "_")],
    )
    assert set(found["component"]) == {
        *("gap", "mix of requests", "same kind of request")
    }
    no_more_miss_than_chance_allows(found)


def test_reports_are_those_of_requests(tables):
    """Every request used has a window, and every further report is told of."""
    used = tables.request_counts[["closed", "censored"]].to_numpy().sum()
    assert tables.report_counts["incidents"].sum() == used
    ledger = tables.ledger.set_index(["kind", "rule"])["rows"]
    linked = (
        tables.report_counts["incidents"] * tables.report_counts["duplicates"]
    ).sum()
    assert linked == ledger["requests", reports.LINKED] > 500


def test_workforce(tables, settings, truth):
    table = representation.by_race(
        tables.workers, tables.population, confidence=settings.confidence
    )
    names = {"level": "share", "difference": "difference", "ratio": "parity_index"}
    planted = truth["workforce"]["overall"]
    found = compare(table, lambda row: planted[row.group][names[row.statistic]])
    assert len(found) == 3 * 8
    no_more_miss_than_chance_allows(found)


def test_departments(tables, settings, truth):
    planted = truth["workforce"]["by_department"]
    table = representation.by_department(
        tables.workers, tables.population, confidence=settings.confidence
    )
    level = table[table["statistic"] == "level"]
    found = compare(level, lambda row: planted[row.department]["share"][row.group])
    assert len(found) == 8 * len(planted)
    missed = (~found["inside"]).sum()
    assert missed <= binom.ppf(0.99, len(found), 0.05)


def test_residents(tables, truth):
    table = representation.by_race(tables.workers, tables.population)
    for row in table[table["statistic"] == "level"].itertuples():
        share = truth["residents"]["share"][row.group]
        assert row.benchmark_low <= share <= row.benchmark_high, row.group


def test_graduation(tables, settings, truth):
    """Rates of cohorts too small to be published are not known, and not counted."""
    years = truth["education"]["graduation"]["by_year"]
    table = outcomes.by_year(
        tables.outcomes,
        outcome="graduation",
        reference=settings.reference,
        confidence=settings.confidence,
    )
    found = compare(
        table,
        lambda row: years[row.year]["expected_rate"][row.group][VALUE[row.statistic]],
    )
    assert found["year"].nunique() == len(years) == 3
    no_more_miss_than_chance_allows(found)
    for year, rows in table[table["statistic"] == "level"].groupby("year"):
        for row in rows.itertuples():  # what was drawn, not only what was expected
            actual = years[year]["actual_rate"][row.group]["value"]
            assert row.rate_low - 1e-6 <= actual <= row.rate_high + 1e-6


@pytest.mark.parametrize("subject", ["Mathematics", "Reading"])
def test_proficiency(tables, settings, truth, subject):
    planted = truth["education"]["proficiency"]["by_year"]
    levels = outcomes.of_levels(tables.levels)
    table = outcomes.by_year(
        levels[levels["subject"] == subject],
        outcome="proficiency",
        reference=settings.reference,
        confidence=settings.confidence,
    )
    found = compare(
        table,
        lambda row: planted[row.year]["expected_share"][row.group][
            VALUE[row.statistic]
        ],
    )
    no_more_miss_than_chance_allows(found)


def test_the_mess_is_found_as_it_was_made(tables, truth):
    """Rows read and set aside against what the generator says it spoiled."""
    ledger = tables.ledger.set_index(["kind", "rule"])["rows"]
    made = truth["messes"]
    assert ledger["requests", "read"] == made["service_requests.csv"]["rows"]
    again = made["service_requests.csv"]["rows_repeated_exactly"]
    assert ledger["requests", "the same row again"] == again
    older = made["service_requests.csv"]["ids_repeated_with_an_older_status"]
    assert ledger["requests", "a request number seen before"] == older
    roster = made["workforce_2025-12-31.csv"]
    assert ledger["workers", "used"] == roster["employed_on_the_last_day"]
    left = roster["left_before_but_still_listed"]
    assert ledger["workers", "left by 2025-12-31"] == left
    assert ledger["workers", "no race on record"] == roster["race_not_known"]
    scores = made["student_scores.csv"]["without_score"]
    both = 2 * scores  # students, each with a row per subject
    assert ledger["scores", "score is missing or unreadable"] == both
    lost = made["facilities.csv"]["without_location"]
    assert ledger["facilities", "no coordinates"] == lost
    rides = made["travel_minutes.csv"]
    assert ledger["travel", "read"] == rides["rows"]
    assert ledger["travel", travel.NO_ROUTE] == rides["without_route"]
    assert ledger["travel", travel.NOT_FACILITIES] == rides["of_a_closed_place"]


def test_places_districts_and_homes_are_those_of_the_truth(root, tables, truth):
    """With true residents in the place of the survey, every truth comes out."""
    path = root / "data" / "raw" / "sample" / "truth_population.csv"
    people = pd.read_csv(path, dtype={"GEOID": str}, index_col="GEOID")
    costs = tables.costs.merge(tables.facilities[["facility_id", "kind"]])
    assert costs["how"].groupby(costs["kind"]).nunique().eq(1).all()
    nearest = costs.groupby(["kind", "area"])["cost"].min()
    for kind, part in truth["facilities"]["reach"].items():
        if kind == "definition":
            continue
        near = nearest[kind]
        mean = people.mul(near, axis=0).sum() / people.sum()
        within = people[near <= 15].sum() / people.sum()
        for group in people.columns:
            wanted = part["mean_minutes_to_nearest"][group]
            assert mean[group] == pytest.approx(wanted, abs=1e-5)
            wanted = part["share_within_15_minutes"][group]
            assert within[group] == pytest.approx(wanted, abs=1e-5)
    shares = tables.overlaps.pivot(index="area", columns="district", values="share")
    found = shares.reindex(people.index).fillna(0).T @ people
    for number, row in truth["districts"]["by_race"].items():
        for group, wanted in row.items():
            here = found.loc[f"District {number}", group]
            assert here == pytest.approx(wanted, abs=0.06)
    homes = tables.baselines
    total = truth["households"]["total"]
    error = (homes["total_moe"] ** 2).sum() ** 0.5
    assert abs(homes["total"].sum() - total) < 2 * error
