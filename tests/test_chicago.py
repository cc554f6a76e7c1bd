"""Chicago's real files, read whole. Facts are read off the published files.

The files are not part of this project; where they are absent, these tests skip.
"""

import shutil

import numpy as np
import pandas as pd
import pytest

from equity import params, prepare, race
from equity.measure import exposure, outcomes, representation

MAIN = [race.ASIAN_OR_PACIFIC, race.BLACK, race.HISPANIC, race.WHITE]


@pytest.fixture(scope="module")
def settings(root):
    return params.read(root / "params" / "chicago.yaml")


@pytest.fixture(scope="module")
def tables(root, shared, settings, tmp_path_factory):
    """Chicago's tables, made in a project of their own."""
    if not (shared / "data" / "chicago").is_dir():
        pytest.skip("Chicago's raw files are absent")
    clone = tmp_path_factory.mktemp("project")
    for name in ("params", "notebooks"):
        (clone / name).mkdir()
    described = clone / "data" / "raw" / "chicago" / "sources.yaml"
    described.parent.mkdir(parents=True)
    shutil.copy(root / "data" / "raw" / "chicago" / "sources.yaml", described)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone)
        patch.setenv("EQUITY_RAW", str(shared / "data"))
        return prepare.load(
            settings.city,
            period=settings.period,
            quarters=settings.quarters,
            race_standard=settings.race_standard,
        )


def rows(tables, kind, rule):
    ledger = tables.ledger
    chosen = (ledger["kind"] == kind) & (ledger["rule"] == rule)
    return ledger.loc[chosen, "rows"].to_list()


def test_areas_and_residents(tables):
    """The 2010 Census: 801 tracts, and 2,718,590 people in them, of 1,319 in Cook."""
    assert len(tables.areas) == 801
    assert rows(tables, "population", "read") == [1319]
    assert tables.population["area"].nunique() == 801
    assert tables.population["estimate"].sum() == 2_718_590
    assert tables.population["moe"].isna().all()
    assert tables.areas["area"].str.fullmatch("17031[0-9]{6}").all()


def test_requests(tables):
    """74,401 rows; 375 repeat a number, 24 have no place, 3,633 are duplicates."""
    assert rows(tables, "requests", "read") == [74_401]
    repeated = rows(tables, "requests", "the same row again") + rows(
        tables, "requests", "a request number seen before"
    )
    assert sum(repeated) == 375
    assert rows(tables, "requests", "no coordinates") == [24]
    ledger = tables.ledger[tables.ledger["kind"] == "requests"]
    aside = ledger.loc[ledger["action"] == "set aside", "rows"].sum()
    counts = tables.request_counts
    assert counts[["closed", "censored"]].to_numpy().sum() == 74_401 - aside
    assert counts["period"].astype(str).str[:4].astype(int).between(2011, 2014).all()
    assert (counts["days"] >= 0).all()
    assert counts["censored"].sum() <= 201  # Open, of which some lack a tract


def test_roster(tables):
    """12,418 rows, 697 not in post and 27 who left: 11,694 officers.

    Of 80 with a leaving date by then, 53 were appointed again after they had left.
    """
    assert rows(tables, "workers", "read") == [12_418]
    assert rows(tables, "workers", "status is not Y") == [697]
    assert rows(tables, "workers", "used") == [11_694]
    recorded = tables.workers["race"].cat.categories
    assert race.TWO_OR_MORE not in recorded
    assert race.NHPI not in recorded


def test_schools(tables):
    """LEAID 1709930: 101, 120 and 115 schools with a graduation cohort."""
    assert rows(tables, "graduation", "read") == [21_244, 22_077, 22_385]
    assert rows(tables, "graduation", "used") == [101, 120, 115]
    assert tables.outcomes["unit"].str.startswith("1709930").all()
    assert (tables.outcomes["events_low"] <= tables.outcomes["events_high"]).all()


def test_every_file_adds_up(tables):
    sums = tables.ledger.pivot_table(
        index="file", columns="action", values="rows", aggfunc="sum"
    ).fillna(0)
    assert (sums["read"] == sums["used"] + sums["set aside"]).all()


def finite(table, groups):
    own = table[table["group"].isin(groups)]
    compared = own["reference"].notna() & (own["group"] == race.WHITE)
    columns = ["estimate", "conf_low", "conf_high"]
    return np.isfinite(own.loc[~compared, columns].to_numpy(float)).all()


def test_services_are_finite_for_every_group(tables, settings):
    table = exposure.by_race(
        tables.request_counts,
        tables.population,
        reference=settings.reference,
        years=settings.quarters / 4,
        target_days=settings.target_days,
        replicates=200,
    )
    assert finite(table, set(table["group"]))
    level = table[table["statistic"] == "level"]
    rate = level[level["measure"].str.startswith("requests")].set_index("group")
    lived_in = tables.population.groupby("area")["estimate"].sum() > 0
    counts = tables.request_counts
    of_area = (counts["closed"] + counts["censored"]).groupby(
        counts["area"].astype(str)
    )
    counted = of_area.sum()[lambda rows: rows.index.map(lived_in)].sum()
    assert rate.loc[exposure.EVERYONE, "events"] == pytest.approx(counted)
    assert rate.drop(exposure.EVERYONE)["events"].sum() == pytest.approx(counted)


def test_workforce_is_finite_for_groups_on_record(tables):
    table = representation.by_race(tables.workers, tables.population)
    level = table[table["statistic"] == "level"].set_index("group")
    assert level["estimate"].sum() == pytest.approx(1)
    assert pd.isna(level.loc[race.TWO_OR_MORE, "estimate"])
    known = table[table["group"].isin(MAIN)]
    assert known[["estimate", "conf_low", "conf_high"]].notna().all(axis=None)
    coverage = representation.coverage(tables.workers, tables.population)
    share = coverage.set_index("group")["events"]
    assert share.sum() == 11_694


def test_graduation_is_known_for_the_main_groups(tables, settings):
    table = outcomes.latest(
        outcomes.by_year(
            tables.outcomes, outcome="graduation", reference=settings.reference
        )
    )
    assert finite(table, MAIN)
    small = table[table["group"] == race.AIAN]
    assert (small["reliability"] == outcomes.UNKNOWN).all()
