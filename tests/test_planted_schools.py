"""Outcomes, enrolment and growth of the sample city: files, messes, planted gaps."""

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binom

from equity import params, prepare, race
from equity.measure import (
    city_schools,
    closing,
    disproportionality,
    growth,
    outcomes,
    risk,
    risk_bounds,
    same_mix,
)
from equity.sample import city, school_life
from equity.sample.common import SCHOOL_RACES, YEARS, Options

REFERENCE = "White"
HEADLINE = (race.BLACK, race.HISPANIC)
NAMES = list(school_life.OUTCOMES)


@pytest.fixture(scope="module")
def tables(root):
    settings = params.read(root / "params" / "sample.yaml")
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


@pytest.fixture(scope="module")
def district(tables):
    return tables.totals[tables.totals["of"] == "district"]


def read(root, name):
    path = root / "data" / "raw" / "sample" / name
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def no_more_miss_than_chance_allows(rows):
    rows = pd.DataFrame(rows, columns=["group", "low", "planted", "high"])
    known = rows.dropna()
    missed = known[~known["planted"].between(known["low"] - 5e-7, known["high"] + 5e-7)]
    assert len(known) > 5
    assert len(missed) <= binom.ppf(0.99, len(known), 0.05), missed.to_string()
    return known


# The files


def test_messes_are_as_many_as_the_truth_says(root, truth):
    messes = truth["messes"]
    rows = read(root, "school_outcomes.csv")
    said = messes["school_outcomes.csv"]
    assert len(rows) == said["rows"]
    assert rows.duplicated().sum() == said["rows_repeated_exactly"] == 6
    kept = rows.drop_duplicates()
    assert kept[["Count", "Enrolled"]].isin(["*"]).sum().sum() == said["cells_hidden"]
    rows = read(root, "school_enrolment.csv")
    assert (
        rows.isin(["*"]).sum().sum() == messes["school_enrolment.csv"]["cells_hidden"]
    )
    rows = read(root, "student_growth.csv")
    said = messes["student_growth.csv"]
    assert (len(rows), rows["score"].eq("").sum()) == (
        said["rows"],
        said["without_score"],
    )
    assert rows["student_id"].nunique() <= said["students"]
    assert not rows.duplicated(["student_id", "year"]).any()
    sizes = [
        (root / "data" / "raw" / "sample" / name).stat().st_size
        for name in (
            "school_outcomes.csv",
            "school_enrolment.csv",
            "student_growth.csv",
        )
    ]
    assert max(sizes) < 300_000


def test_hidden_counts_of_schools_hold_the_districts(tables, district):
    """The district's counts are the sums of its schools', so their bounds hold them."""
    keys = ["year", "outcome", "race"]
    ends = ["events_low", "events_high", "population_low", "population_high"]
    sums = tables.outcomes.groupby(keys, observed=True)[ends].sum()
    exact = district.dropna(subset=["events", "population"])
    assert len(exact) > 60
    for row in exact.itertuples():
        found = sums.loc[(row.year, row.outcome, row.race)]
        assert found["events_low"] <= row.events <= found["events_high"]
        assert found["population_low"] <= row.population <= found["population_high"]


def test_students_without_a_race_are_kept_and_counted(root, tables, district):
    kept = district[district["race"] == "Not recorded"]
    assert len(kept) == len(YEARS) * len(NAMES)
    rows = read(root, "school_outcomes.csv")
    blank = rows["Student Group"].isin(["", "Not Reported"]) & rows["Level"].eq(
        "District"
    )
    counts = pd.to_numeric(rows.loc[blank, "Enrolled"], errors="coerce")
    assert kept["population"].sum() == counts.sum()


def test_directions_districts_and_whom_they_cover(tables):
    said = dict(zip(tables.totals["outcome"], tables.totals["direction"], strict=True))
    assert said["suspension"] == "lower is better"
    assert said["advanced courses"] == "higher is better"
    files = tables.school_files
    assert set(files["of"]) == {"schools", "district", "state"}
    covers = files.loc[files["kind"] == "enrolment", "covers"].item()
    assert "villages" in covers
    assert tables.breaks.empty


def test_without_gaps_there_are_none():
    options = Options(tracts=12, size=0.3, school_gap=0)
    made = school_life.build(options, city.build(options))
    for years in made.truth["outcomes"]["by_outcome"].values():
        for found in years.values():
            ratios = [v["ratio"] for v in found["expected_share"].values()]
            assert [r for r in ratios if r is not None] == pytest.approx(
                [1.0] * sum(r is not None for r in ratios), abs=1e-6
            )
    found = made.truth["growth"]["expected_growth"]
    assert {v["difference"] for v in found.values() if v["value"]} <= {0.0, None}


def test_truth_of_shares_is_the_mean_of_many():
    """Twenty draws, each against the truth of its own students."""
    errors = []
    for seed in range(20):
        options = Options(seed=seed, tracts=12, size=0.5)
        made = school_life.build(options, city.build(options))
        rows = made.outcomes[made.outcomes["Level"] == "District"]
        rows = rows[rows["Measure"].str.strip().str.casefold() == "chronic absenteeism"]
        labels = {w: g for g, ways in school_life.LABELS.items() for w in ways}
        rows = rows.assign(group=rows["Student Group"].map(labels))
        rows = rows[(rows["group"] == race.BLACK) & (rows["Count"] != "*")]
        truths = made.truth["outcomes"]["by_outcome"]["chronic absence"]
        for row in rows.itertuples():
            people = int(row.Enrolled)
            share = truths[row[3]]["expected_share"][race.BLACK]["value"]
            error = np.sqrt(share * (1 - share) / people)
            errors.append((int(row.Count) / people - share) / error)
    assert len(errors) == 60
    assert abs(np.mean(errors)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(errors) < 1.3


# Prepare and measure recover what was planted


@pytest.mark.parametrize("name", NAMES)
def test_shares_and_gaps(district, truth, name):
    planted = truth["education"]["outcomes"]["by_outcome"][name]
    table = outcomes.by_year(district, outcome=name, reference=REFERENCE)
    table = table[table["group"].isin(SCHOOL_RACES)]
    keys = {"level": "value", "difference": "difference", "ratio": "ratio"}
    known = no_more_miss_than_chance_allows(
        [
            (
                row.group,
                row.conf_low,
                planted[row.year]["expected_share"][row.group][keys[row.statistic]],
                row.conf_high,
            )
            for row in table.itertuples()
        ]
    )
    assert set(HEADLINE) <= set(known["group"])


@pytest.mark.parametrize("name", NAMES)
def test_risk_ratios_against_all_others(district, truth, name):
    planted = truth["education"]["outcomes"]["by_outcome"][name]
    counts = outcomes.counts(district, outcome=name)
    rows = []
    for year, part in counts.groupby("year"):
        found = risk_bounds.against_others(part.reset_index(drop=True))
        found = found[found["statistic"] == "ratio"]
        found = found[found["group"].isin(SCHOOL_RACES)]
        rows += [
            (
                r.group,
                r.conf_low,
                planted[year]["against_all_others"][r.group],
                r.conf_high,
            )
            for r in found.itertuples()
        ]
    known = no_more_miss_than_chance_allows(rows)
    assert set(HEADLINE) <= set(known["group"])


def test_the_federal_ratios(tables, district):
    """The state's others are the state less the group, added up here apart."""
    state = tables.totals[tables.totals["of"] == "state"]
    own = outcomes.counts(district, outcome="chronic absence")
    whole = outcomes.counts(state, outcome="chronic absence")
    assert whole["events"].notna().all()
    found = []
    for year, part in own.groupby("year"):
        part, against = (
            table[table["year"] == year].reset_index(drop=True)
            for table in (own, whole)
        )
        alternate = risk.alternate_risk_ratio(part, against).set_index("group")
        black = part.set_index("group").loc[race.BLACK]
        others = against[against["group"] != race.BLACK]
        expected = (black["events"] / black["population"]) / (
            others["events"].sum() / others["population"].sum()
        )
        assert alternate.loc[race.BLACK, "estimate"] == pytest.approx(expected)
        found.append(
            disproportionality.ratios(part, against).assign(year=int(year[:4]))
        )
    flagged = disproportionality.flags(pd.concat(found), threshold=1.2)
    black = flagged[flagged["group"] == race.BLACK].iloc[0]
    assert black["reason"] == disproportionality.MADE
    assert black["years_exceeded"] == 3  # planted odds of 1.6


def test_the_gap_in_advanced_courses_closes(district, truth):
    planted = truth["education"]["outcomes"]["by_outcome"]["advanced courses"]
    series = closing.of_outcomes(
        outcomes.by_year(district, outcome="advanced courses", reference=REFERENCE)
    )
    table = closing.change(series)
    first, last = (
        {g: v["difference"] for g, v in planted[year]["expected_share"].items()}
        for year in (YEARS[0], YEARS[-1])
    )
    rows = table[(table["statistic"] == "change") & table["group"].isin(SCHOOL_RACES)]
    known = [
        (r.group, r.conf_low, last[r.group] - first[r.group], r.conf_high)
        for r in rows.itertuples()
        if r.group in first and np.isfinite(r.estimate)
    ]
    inside = [low <= value <= high for _, low, value, high in known]
    assert sum(inside) >= len(inside) - 1
    black = table[table["group"] == race.BLACK]
    assert set(black["reliability"]) == {closing.CLOSING}
    # The same in a series whose cut changed: nothing is said.
    broken = closing.change(series, breaks={"2023-24": "another list of courses"})
    whole = broken[(broken["group"] == race.BLACK) & (broken["from"] == "2022-23")]
    assert whole["reliability"].str.startswith("not known: the test").all()


def test_the_gap_closes_at_the_same_mix_of_schools(tables):
    rows = tables.outcomes[tables.outcomes["outcome"] == "advanced courses"]
    parts = same_mix.parts(rows, outcome="advanced courses", reference=REFERENCE)
    black = parts[parts["group"] == race.BLACK].set_index("component")
    same, mix = (black.loc[name, "estimate"] for name in (same_mix.SAME, same_mix.MIX))
    assert same > 0.02
    assert abs(mix) < same / 2  # schools' mixes were planted as they are in every year
    total = black.loc[same_mix.CHANGE, "estimate"]
    assert total == pytest.approx(same + mix)


@pytest.mark.parametrize("name", ["chronic absence", "special education"])
def test_outcomes_of_those_who_live_in_the_city(tables, truth, name):
    planted = truth["education"]["outcomes"]["by_outcome"][name]
    rows = tables.outcomes[tables.outcomes["outcome"] == name]
    weighted = city_schools.weighted(rows, tables.enrolment)
    table = outcomes.by_year(weighted, outcome=name, reference=REFERENCE)
    table = table[(table["statistic"] == "level") & table["group"].isin(SCHOOL_RACES)]
    known = no_more_miss_than_chance_allows(
        [
            (
                row.group,
                row.conf_low,
                planted[row.year]["in_the_city"][row.group]["value"],
                row.conf_high,
            )
            for row in table.itertuples()
        ]
    )
    assert set(HEADLINE) <= set(known["group"])
    assert table["method"].str.endswith(city_schools.MODEL).all()
    people = table.set_index(["year", "group"])["events_high"]
    plain = outcomes.by_year(rows, outcome=name, reference=REFERENCE)
    plain = plain[plain["statistic"] == "level"].set_index(["year", "group"])
    least = plain.loc[("2024-25", race.BLACK), "events_high"]
    assert people["2024-25", race.BLACK] < least


def test_growth(tables, truth):
    planted = truth["education"]["growth"]["expected_growth"]
    scores = growth.of_scores(tables.scores)
    scores["group"] = scores["group"].cat.remove_unused_categories()
    table = growth.by_group(scores, reference=REFERENCE)
    table = table[table["group"].isin(SCHOOL_RACES)]
    keys = {"level": "value", "difference": "difference"}
    known = no_more_miss_than_chance_allows(
        [
            (r.group, r.conf_low, planted[r.group][keys[r.statistic]], r.conf_high)
            for r in table.itertuples()
        ]
    )
    assert set(HEADLINE) <= set(known["group"])
    gap = table[(table["group"] == race.BLACK) & (table["statistic"] == "difference")]
    assert gap["conf_high"].item() < 0
    said = truth["messes"]["student_growth.csv"]
    once = said["students_tested_once_or_never"]
    assert 0 < once < 0.2 * said["students"]
