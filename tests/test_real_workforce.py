"""Numbers on the pages of three real workforces, worked out again from the raw files.

The expected values are counted here with pandas alone: labels, filters and formulas are
written down again below, and nothing of the package takes part in them. What is
compared is what the page on the workforce shows: the tables after `protect`.
"""

import math
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest

from equity import params, prepare
from equity.measure import (
    coverage,
    flows,
    histories,
    job_levels,
    pay,
    representation,
    segregation,
    utilisation,
)
from equity.measure.table import select
from equity.prepare import of_whom, quality
from equity.publish import notes
from equity.publish.protect import protect

ASIAN_OR_PACIFIC, BLACK = "Asian or Pacific Islander", "Black or African American"
HISPANIC, INDIAN = "Hispanic or Latino", "American Indian or Alaska Native"


MONEY = 1000  # to so many dollars a median is rounded when it is shown (disclosure.md)


@pytest.fixture(scope="module")
def raw(shared):
    """The folder of the raw files."""
    folder = shared / "data"
    if not folder.is_dir():
        pytest.skip("the real files are absent")
    return folder


@pytest.fixture(scope="module")
def home(root, tmp_path_factory):
    """A project of its own, with the settings of all cities."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "notebooks").mkdir()
    shutil.copytree(root / "params", folder / "params")
    for described in (root / "data" / "raw").glob("*/sources.yaml"):
        place = folder / "data" / "raw" / described.parent.name
        place.mkdir(parents=True)
        shutil.copy(described, place)
    return folder


def page(city, home, raw):
    """What the page on the workforce works with, from the settings of a city."""
    settings = params.read(home / "params" / f"{city}.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("EQUITY_RAW", str(raw))
        data = prepare.load(
            city,
            period=settings.period,
            quarters=settings.quarters,
            race_standard=settings.race_standard,
        )
    roster = coverage.latest(data.workers, data.recorded)
    policy = {name: getattr(settings, name) for name in ("min_cell", "zeros")}
    policy["rounding"] = settings.rounding
    known = of_whom.versions(data.files, data.ledger)
    staff = quality.rows_are(data.files, "workers", "employees")
    people = of_whom.employees(roster, data.recorded, known)
    return SimpleNamespace(
        settings=settings,
        data=data,
        roster=roster,
        groups=of_whom.groups(roster),
        described=job_levels.described(roster),
        policy=policy,
        staff=staff,
        people=people,
        alone={**policy, "lines": None, "counted": staff},
        on_record=protect(
            representation.coverage(roster, data.population), **policy, **people
        ),
    )


def shown(protected, **values):
    """The one row of a protected table that has these values."""
    rows = protected.frame
    for name, value in values.items():
        rows = rows[rows[name].astype(str) == value]
    assert len(rows) == 1, rows
    assert pd.isna(rows["suppressed"].iloc[0]), "hidden"
    return rows.iloc[0]


def apart(made):
    """Theil's H of the departments, as the page has it."""
    units = segregation.counts(made.roster, groups=made.groups)
    table = segregation.overall(units, seed=made.settings.seed)
    return shown(protect(table, **made.alone), measure="information index (Theil's H)")


def theil(rows, unit, group):
    """Entropy of all less the units' own, over it: Theil and Finizza (1971)."""

    def entropy(counts):
        shares = counts[counts > 0] / counts.sum()
        return -sum(share * math.log(share) for share in shares)

    counts = rows.groupby([unit, group])["people"].sum()
    sizes = counts.groupby(level=0).sum()
    inside = sum(entropy(counts[name]) * sizes[name] for name in sizes[sizes > 0].index)
    whole = entropy(counts.groupby(level=1).sum())
    return 1 - inside / sizes.sum() / whole


# --- Chicago's police -----------------------------------------------------------------


@pytest.fixture(scope="module")
def police(home, raw):
    return page("chicago_police", home, raw)


@pytest.fixture(scope="module")
def officers(raw):
    """In post on 2 November 2023: status Y, and no leaving day up to then."""
    rows = pd.read_csv(raw / "chicago" / "cpd_roster_2023-11.csv.gz", dtype=str)
    left = pd.to_datetime(rows["resignation_date"])
    hired = pd.to_datetime(rows["appointed_date"])
    gone = (left <= "2023-11-02") & ~(left < hired)  # some left, and came again
    kept = rows[(rows["status"] == "Y") & ~gone]
    return kept.assign(people=1, came=hired)


def test_police_by_race(police, officers):
    told = {
        **{"BLACK": BLACK, "WHITE": "White", "HISPANIC": HISPANIC},
        **{"ASIAN/PACIFIC ISLANDER": ASIAN_OR_PACIFIC},
        **{"NATIVE AMERICAN/ALASKAN NATIVE": INDIAN},
    }
    counts = officers["race"].map(told).value_counts()
    assert len(counts) == 5
    for group, number in counts.items():
        row = shown(police.on_record, group=group)
        assert (row["events"], row["population"]) == (number, len(officers))
        assert row["estimate"] == pytest.approx(number / len(officers), abs=1e-9)
    without = int(officers["race"].isna().sum())
    said = notes.race_unknown(police.on_record, police.staff)
    assert f"for {without} of {len(officers):,} police" in said


def test_police_units_apart(police, officers):
    known = officers.dropna(subset=["race", "unit_description"])
    wanted = theil(known, "unit_description", "race")
    row = apart(police)
    assert row["events"] == len(known)
    assert row["observed"] == pytest.approx(wanted, abs=1e-4)


def test_police_who_came_and_went(police, officers, raw):
    """Between two rosters: who was hired since is there, and the rest has left."""
    before = pd.read_csv(raw / "chicago" / "cpd_roster_2021-08.csv.gz", dtype=str)
    change = histories.change(police.data.workers, police.data.events, police.groups)
    change = change.set_index("group")
    for label, group in (("BLACK", BLACK), ("WHITE", "White"), ("HISPANIC", HISPANIC)):
        then = int((before["race"] == label).sum())
        now = officers[officers["race"] == label]
        came = int((now["came"] > "2021-08-01").sum())
        row = change.loc[group]
        assert row[["before", "population"]].tolist() == [then, len(now)]
        assert row[["entered", "left"]].tolist() == [came, then + came - len(now)]


# --- Cincinnati -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def cincinnati(home, raw):
    return page("cincinnati", home, raw)


@pytest.fixture(scope="module")
def clerks(raw):
    """Everybody on the roster, with groups and pay as numbers."""
    file = raw / "workforce" / "cincinnati_employees_2020.csv.gz"
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    told = {
        **{"WHITE": "White", "BLACK": BLACK, "HISPANIC": HISPANIC, "UNKNOWN": None},
        "AMERICAN INDIAN/ALASKAN NATIVE": INDIAN,
        **dict.fromkeys(
            (
                *("ASIAN/PACIFIC ISLANDER", "CHINESE"),
                *("TORRES STRAIT ISLANDER ORIGIN", "ABORIGINAL/TORRES STRAIT ISLAND"),
            ),
            ASIAN_OR_PACIFIC,
        ),
    }
    assert set(rows["RACE"]) <= set(told)
    pay_a_year = rows["ANNUAL_RT"].str.replace(",", "").astype(float)
    return rows.assign(group=rows["RACE"].map(told), pay=pay_a_year, people=1)


def test_cincinnati_by_race(cincinnati, clerks):
    for group, number in clerks["group"].value_counts().items():
        row = shown(cincinnati.on_record, group=group)
        assert (row["events"], row["population"]) == (number, len(clerks))
        assert row["estimate"] == pytest.approx(number / len(clerks), abs=1e-9)
    without = int(clerks["group"].isna().sum())
    said = notes.race_unknown(cincinnati.on_record, cincinnati.staff)
    assert f"for {without} of {len(clerks):,} city" in said


def test_cincinnati_median_pay(cincinnati, clerks):
    table = pay.by_race(
        cincinnati.described,
        reference=cincinnati.settings.reference,
        groups=cincinnati.groups,
        confidence=cincinnati.settings.confidence,
    )
    rounded = protect(
        table,
        **cincinnati.alone,
        quantiles={"estimate": 0.5, "conf_low": 0.25, "conf_high": 0.75},
    )
    exact = select(table, measure="median pay").set_index(["statistic", "group"])
    median = clerks.groupby("group")["pay"].median()
    for group in (BLACK, "White"):
        found = exact.loc[("level", group), "estimate"]
        assert found == pytest.approx(median[group], abs=0.005)
        row = shown(rounded, measure="median pay", statistic="level", group=group)
        assert row["estimate"] == round(median[group] / MONEY) * MONEY
    found = exact.loc[("difference", BLACK), "estimate"]
    assert found == pytest.approx(median[BLACK] - median["White"], abs=0.005)


def test_cincinnati_people_short(cincinnati, clerks, raw):
    """Professionals, against the labour force: two standard deviations, and people."""
    file = raw / "workforce" / "cincinnati_labor_force_by_race.csv"
    force = pd.read_csv(file)
    force = force[force["in_labor_force"] == "yes"].groupby("race")["population"].sum()
    share = force / force.sum()
    available = {
        "White": share["White Alone, Not Hispanic or Latino"],
        BLACK: share["Black or African American Alone"],
    }
    jobs = protect(
        utilisation.analysis(
            cincinnati.described,
            cincinnati.data.benchmarks,
            benchmark=utilisation.nearest(cincinnati.data.benchmarks),
            rule=cincinnati.settings.utilisation_rule,
            small=cincinnati.settings.small_job_group,
            confidence=cincinnati.settings.confidence,
        ),
        **cincinnati.policy,
        **cincinnati.people,
        lines=("job_category", "group"),
        population="whole",
        public=["benchmark_share", "benchmark_low", "benchmark_high"],
    )
    here = clerks[(clerks["EEO_JOB_GROUP"] == "2") & clerks["group"].notna()]
    for group, part in available.items():
        held, everyone = int((here["group"] == group).sum()), len(here)
        expected = everyone * part
        spread = math.sqrt(everyone * part * (1 - part))
        row = shown(
            jobs, job_category="Professionals", group=group, statistic="difference"
        )
        assert (row["events"], row["population"]) == (held, everyone)
        assert row["benchmark_share"] == pytest.approx(part, abs=1e-6)
        assert row["estimate"] == pytest.approx(held / everyone - part, abs=1e-6)
        assert row["shortfall"] == max(0, math.floor(expected - held))
        assert row["underutilised"] == (expected - held >= 2 * spread)


# --- California -----------------------------------------------------------------------


def told_by_calhr(label):
    """The group of one of California's 18 identities."""
    for start, group in {
        **{"Asian - ": "Asian", "White": "White", "Hispanic": HISPANIC},
        **{"Black": BLACK, "Native American": INDIAN, "Other": "Two or more races"},
        "Pacific Islander - ": "Native Hawaiian or Other Pacific Islander",
    }.items():
        if label.startswith(start):
            return group
    raise AssertionError(label)


@pytest.fixture(scope="module")
def california(home, raw):
    return page("california", home, raw)


@pytest.fixture(scope="module")
def state(raw):
    """How many people of each agency and identity there were at the end of 2020."""
    file = raw / "workforce" / "calhr-5102-statewide-2020.xlsx"
    names = ["Dept", "Identity Variable", "Record Count"]
    rows = pd.read_excel(file, usecols=names)
    return pd.DataFrame(
        {
            "unit": rows["Dept"].str.strip(),
            "group": rows["Identity Variable"].str.strip().map(told_by_calhr),
            "people": rows["Record Count"],
        }
    )


@pytest.mark.slow
def test_california_by_race(california, state):
    counts = state.groupby("group")["people"].sum()
    for group, number in counts.items():
        row = shown(california.on_record, group=group)
        assert (row["events"], row["population"]) == (number, counts.sum())
        assert row["estimate"] == pytest.approx(number / counts.sum(), abs=1e-9)
    said = notes.race_unknown(california.on_record, california.staff)
    assert said == f"Race is known for all {counts.sum():,} state employees."


@pytest.mark.slow
def test_california_agencies_apart(california, state):
    row = apart(california)
    assert row["events"] == state["people"].sum()
    assert row["observed"] == pytest.approx(theil(state, "unit", "group"), abs=1e-6)


@pytest.mark.slow
def test_california_advancements(california, state, raw):
    """Advancements of 2020 over those in post at its end; nothing tells who left."""
    file = raw / "workforce" / "calhr-5112-flow-2020.xlsx"
    moves = pd.read_excel(file, header=5, usecols=["Ethnicity", "Hire Type"])
    rose = moves[moves["Hire Type"].str.strip() == "Advancements"]
    rose = rose["Ethnicity"].str.strip().map(told_by_calhr).value_counts()
    counts = state.groupby("group")["people"].sum()
    known = histories.known(california.data.events, california.groups)
    able = histories.pool_of(
        california.roster, california.data.events, california.groups
    )
    asked = {"reference": california.settings.reference, "pool": able.pool}
    asked["confidence"] = california.settings.confidence
    flowing = {**california.policy, "counted": "events"}
    table = flows.rates(known, able.at_risk, kind="promotion", **asked)
    promoted = protect(table, **flowing)
    for group, number in rose.items():
        row = shown(promoted, group=group, statistic="level")
        assert (row["events"], row["population"]) == (number, counts[group])
        assert row["estimate"] == pytest.approx(number / counts[group], abs=1e-6)
    ratio = rose[BLACK] / counts[BLACK] / (rose["White"] / counts["White"])
    row = shown(promoted, group=BLACK, statistic="ratio")
    assert row["estimate"] == pytest.approx(ratio, abs=1e-6)
    left = flows.rates(known, able.at_risk, kind="separation", **asked)
    assert protect(left, **flowing).frame.empty
