"""The sample city: the same bytes, the messes it promises, and truths that hold."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from equity import race, sample
from equity.errors import ParamsError
from equity.prepare import benchmarks, sources
from equity.sample import (
    asking,
    city,
    expected,
    homes,
    jobs,
    places,
    pools,
    schools,
    services,
    staff,
    workforce,
)
from equity.sample.common import RACES, SCHOOL_RACES, Options

SMALL = {"tracts": 16, "quarters": 5, "size": 0.1}


def read(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def truth_of(folder):
    return yaml.safe_load((folder / "truth.yaml").read_text(encoding="utf-8"))


def values_of(tree, name):
    """Collect every number that stands under a key anywhere in the truth."""
    found = []
    for key, value in tree.items():
        if key == name:
            found += list(value.values()) if isinstance(value, dict) else [value]
        elif isinstance(value, dict):
            found += values_of(value, name)
    return found


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """The default city, made anew."""
    folder = tmp_path_factory.mktemp("default")
    before = time.process_time()
    sample.generate(folder)
    assert time.process_time() - before < 10, "seconds of work to make the city"
    return folder


@pytest.fixture(scope="module")
def truth(default):
    return truth_of(default)


@pytest.fixture(scope="module")
def requests(default):
    return read(default / "service_requests.csv")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    sample.generate(folder, **SMALL)
    return folder


# The same bytes


def test_committed_city_is_what_the_command_makes(default, root):
    committed = root / "data" / "raw" / "sample"
    made = contents(default)
    assert sorted(made) == sorted(sample.FILES)
    for name, data in made.items():
        assert (committed / name).read_bytes() == data, f"{name} is not regenerated"


def test_committed_city_is_small(root):
    sizes = [p.stat().st_size for p in (root / "data" / "raw" / "sample").iterdir()]
    assert sum(sizes) < 4_000_000
    assert max(sizes) < 2_300_000


def test_same_options_same_bytes(small, tmp_path):
    sample.generate(tmp_path, **SMALL)
    assert contents(tmp_path) == contents(small)


def test_other_seed_other_city(small, tmp_path):
    sample.generate(tmp_path, seed=1, **SMALL)
    made, other = contents(tmp_path), contents(small)
    assert all(made[name] != other[name] for name in sample.FILES)


def test_lines_end_alike_and_no_day_lies_after_the_data(default):
    for name, data in contents(default).items():
        assert b"\r" not in data, name
        assert data.endswith(b"\n"), name


def test_command_line_makes_the_same(small, tmp_path):
    options = [f"--{name}={value}" for name, value in SMALL.items()]
    assert sample.main(["--out", str(tmp_path / "new"), *options]) == 0
    assert contents(tmp_path / "new") == contents(small)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"size": 0.0}, "size is 0; it must lie between 0.02 and 20"),
        ({"tracts": 3}, "tracts is 3"),
        ({"quarters": 3}, "quarters is 3"),
        ({"gaps": -1.0}, "service_gap is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"size": float("nan")}, "size is nan"),
    ],
)
def test_option_out_of_range_is_refused_before_anything_is_written(
    option, text, tmp_path
):
    with pytest.raises(ParamsError, match=text):
        sample.generate(tmp_path / "new", **option)
    assert not (tmp_path / "new").exists()


# Gaps


def test_no_gap_means_no_gap(tmp_path):
    sample.generate(tmp_path, gaps=0, **SMALL)
    truth = truth_of(tmp_path)
    for year in truth["education"]["graduation"]["by_year"].values():
        del year["actual_rate"]  # luck, which differs
    differences = [
        leaf["difference"]
        for leaf in _leaves(truth)
        if leaf.get("difference") is not None
    ]
    assert len(differences) > 100
    assert set(differences) == {0.0}
    for name in ("odds_ratio", "waiting_time_ratio", "ratio"):
        numbers = [
            x
            for x in values_of(truth, name)
            if x is not None and not isinstance(x, str)
        ]
        assert numbers, name
        assert set(numbers) == {1.0}, name
    assert set(values_of(truth, "standardized_gap")) <= {0.0, None}
    assert set(values_of(truth, "school_effects")) == {0.0}
    zeros = [
        *values_of(truth["workforce"]["segregation"], "theil_h"),
        *values_of(truth["workforce"]["segregation"], "mutual_information_m"),
        *values_of(truth["workforce"]["segregation"], "dissimilarity"),
        *values_of(truth["workforce"]["at_this_pace"], "years_to_parity"),
        *values_of(truth["workforce"]["pay"], "log_points"),
    ]
    parts = truth["workforce"]["pay"]["gap_in_log_pay"].values()
    zeros += [number for part in parts for number in part.values()]
    assert len(zeros) == 2 * 2 + 3 * 8 + 3 * 8
    assert set(zeros) == {0.0}


def _leaves(tree):
    """Yield every mapping in the truth that holds a difference."""
    for value in tree.values():
        if isinstance(value, dict):
            if "difference" in value:
                yield value
            yield from _leaves(value)


WORKFORCE = {
    *("workforce_2025-12-31.csv", "workforce_events.csv", "eeo_availability.csv"),
    *("labor_force.csv", "working_age.csv"),
}
SCHOOLS = {
    *("graduation.csv", "proficiency.csv", "student_scores.csv"),
    *("school_outcomes.csv", "state_outcomes.csv", "student_growth.csv"),
}
SERVICES = {
    *("service_requests.csv", "facilities.csv", "travel_minutes.csv"),
    "households.csv",
}


@pytest.mark.parametrize(
    ("gap", "changed"),
    [
        ("service_gap", SERVICES),
        ("workforce_gap", WORKFORCE),
        ("school_gap", SCHOOLS),
    ],
)
def test_each_gap_has_its_own_strength(gap, changed, small, tmp_path):
    sample.generate(tmp_path, **{gap: 0.0}, **SMALL)
    made, other = contents(tmp_path), contents(small)
    assert {n for n in made if made[n] != other[n]} == changed | {"truth.yaml"}


def test_planted_gaps_are_those_promised(truth):
    waits = truth["requests"]["person_level"]["waiting_time_ratio"]
    assert waits[race.BLACK] == 1.4
    assert waits[race.HISPANIC] == 1.3
    hispanic = truth["workforce"]["overall"][race.HISPANIC]
    assert hispanic["parity_index"] < 0.7
    latest = truth["education"]["graduation"]["by_year"]["2024-25"]["expected_rate"]
    assert -0.13 < latest[race.BLACK]["difference"] < -0.08


# The truth of requests, worked out again tract by tract


def by_hand(people, options, day):
    """Requests per 1,000 and share closed by a day, from the definitions."""
    rate = dict(zip(RACES, services.rates(options), strict=True))
    mixes = dict(zip(RACES, services.mixes(options), strict=True))
    per_1000, within = {}, {}
    for served in RACES:
        weighted, residents, asked, closed = 0.0, 0.0, 0.0, 0.0
        for _, tract in people.iterrows():
            total = tract.sum()
            if total == 0:
                continue
            expected = sum(tract[g] * rate[g] for g in RACES)
            done = 0.0
            for group in RACES:
                shift = options.service_gap * np.log(services.WAIT_RATIO[group])
                kinds = zip(mixes[group], services.CATEGORIES.values(), strict=True)
                for share, (_, median) in kinds:
                    chance = norm.cdf(
                        np.log(day + 1), np.log(median) + shift, services.SPREAD
                    )
                    done += tract[group] * rate[group] * share * chance
            weighted += tract[served] * services.COUNTED * expected / total
            residents += tract[served]
            asked += tract[served] / total * expected
            closed += tract[served] / total * done
        per_1000[served] = 1000 * weighted / residents
        within[served] = closed / asked
    return per_1000, within


def test_area_weighted_truth_follows_its_definition(default, truth):
    people = pd.read_csv(default / "truth_population.csv", index_col="GEOID")
    written = truth["requests"]["area_weighted"]
    per_1000, within = by_hand(people, Options(), day=14)
    _, by_median = by_hand(people, Options(), written["median_days"]["White"]["value"])
    _, before = by_hand(people, Options(), written["median_days"]["White"]["value"] - 1)
    for group in RACES:
        rate = written["requests_per_1000"][group]
        share = written["closed_within_14_days"][group]
        assert rate["value"] == pytest.approx(per_1000[group], abs=1e-4)
        assert share["value"] == pytest.approx(within[group], abs=1e-6)
        assert share["difference"] == pytest.approx(
            within[group] - within["White"], abs=2e-6
        )
        assert share["ratio"] == pytest.approx(within[group] / within["White"], 1e-5)
    assert before["White"] < 0.5 <= by_median["White"]
    days = written["median_days"]["White"]["value"]
    part = (0.5 - before["White"]) / (by_median["White"] - before["White"])
    moment = written["median_moment"]
    assert moment["White"]["value"] == pytest.approx(days - 0.5 + part, abs=1e-5)
    for group in RACES:
        day = written["median_days"][group]["value"]
        assert day - 0.5 <= moment[group]["value"] <= day + 0.5


def test_sharing_tracts_dilutes_a_gap(truth):
    person, area = (truth["requests"][k] for k in ("person_level", "area_weighted"))
    for group in (race.BLACK, race.HISPANIC):
        for name in ("closed_within_14_days", "median_days", "median_moment"):
            planted, seen = (x[name][group]["difference"] for x in (person, area))
            assert abs(seen) < abs(planted)
            assert np.sign(seen) == np.sign(planted)


def test_apart_from_each_other_nothing_is_diluted():
    """Where each tract has one group, both truths are the same but for losses."""
    town = city.City(
        geoids=np.array([f"{i:011d}" for i in range(len(RACES))]),
        names=np.array(RACES),
        polygons=np.array([shapely.box(i, 0, i + 1, 1) for i in range(len(RACES))]),
        residents=np.diag(np.arange(1, len(RACES) + 1) * 1000),
    )
    found = services.truth(Options(), town)
    same = ("median_days", "median_moment", "closed_within_7_days")
    for name in (*same, "closed_within_30_days"):
        assert found["area_weighted"][name] == found["person_level"][name]
    for group in RACES:
        area, person = (
            found[k]["requests_per_1000"][group]["value"]
            for k in ("area_weighted", "person_level")
        )
        assert area == pytest.approx(services.COUNTED * person, abs=1e-3)


def test_mixes_are_tilted_by_the_odds_planted():
    """Odds of each category against White people's, and no tilt without a gap."""
    mixes = services.mixes(Options())
    assert mixes.sum(axis=1) == pytest.approx(1)
    odds = mixes / mixes[RACES.index(race.WHITE)]
    for group, planted in asking.MIX_ODDS.items():
        found = dict(zip(services.CATEGORIES, odds[RACES.index(group)], strict=True))
        plain_odds = found["Pothole"]  # not among those tilted
        for name in services.CATEGORIES:
            assert found[name] / plain_odds == pytest.approx(planted.get(name, 1.0))
    assert np.ptp(services.mixes(Options(service_gap=0)), axis=0).max() < 1e-12


def test_parts_of_a_gap_add_up_and_diluted_gaps_keep_their_sign(truth):
    """Kitagawa (1955): what goes with the mix and what is left is the whole gap."""
    person, area = (truth["requests"][k] for k in ("person_level", "area_weighted"))
    for level in (person, area):
        within = level["closed_within_14_days"]
        for group, parts in level["gap_within_14_days"].items():
            both = parts["mix_of_requests"] + parts["same_kind_of_request"]
            assert both == pytest.approx(parts["gap"], abs=2e-6)
            assert parts["gap"] == pytest.approx(within[group]["difference"], abs=2e-6)
    for group in (race.BLACK, race.HISPANIC):
        for name in ("mix_of_requests", "same_kind_of_request"):
            planted, seen = (
                x["gap_within_14_days"][group][name] for x in (person, area)
            )
            assert planted < seen < -0.01
        parts = area["gap_within_14_days"][group]
        assert parts["adjusted"] == pytest.approx(
            parts["same_kind_of_request"], abs=0.002
        )


def test_reporting_truth_is_the_mean_of_many_cities():
    """Sixty draws of a small city come near what truth.yaml would say."""
    options = Options(tracts=14, quarters=4, size=0.3)
    town, rng = city.build(options), np.random.default_rng(5)
    written = services.truth(options, town)["area_weighted"]
    share = town.residents / np.maximum(town.residents.sum(axis=1, keepdims=True), 1)
    sums = np.zeros((3, len(town.geoids), len(services.CATEGORIES)))
    for _ in range(60):
        _, reports = services.tidy(options, town, rng)
        place = tuple(reports[name].cat.codes for name in ("area", "category"))
        for total, each in zip(
            sums, (reports["duplicates"], reports["days"], 1), strict=True
        ):
            np.add.at(total, place, each * reports["incidents"])
    further, days, requests = (share.T @ total for total in sums)
    same_mix = (further / days) @ (sums[1].sum(axis=0) / sums[1].sum())
    found = {
        "further_reports_per_day": further.sum(axis=1) / days.sum(axis=1),
        "further_reports_per_day_same_mix": same_mix,
        "reports_per_request": 1 + further.sum(axis=1) / requests.sum(axis=1),
    }
    for name, values in found.items():
        for group in (race.BLACK, race.HISPANIC, race.WHITE):
            value = written[name][group]["value"]
            # About 4,500 further reports of each group: three standard errors.
            assert values[RACES.index(group)] == pytest.approx(value, rel=0.05), name
    delay = written["reporting_delay_days_same_mix"]
    assert delay[race.BLACK]["ratio"] > delay[race.HISPANIC]["ratio"] > 1.1


def test_tidy_tables_are_what_the_export_comes_to(default, truth, requests):
    """Days, open requests and further reports of the export against direct draws."""
    options = Options()
    town = city.build(options)
    counts, reports = services.tidy(options, town, np.random.default_rng(3))
    rows = located(usable(requests), default)
    total = counts[["closed", "censored"]].to_numpy().sum()
    assert total == reports["incidents"].sum()
    assert total == pytest.approx(len(rows), rel=0.03)
    assert counts["censored"].sum() == pytest.approx(
        (rows["Status"] == "Open").sum(), rel=0.15
    )
    drawn = (reports["duplicates"] * reports["incidents"]).sum()
    twins = requests["Status"].str.endswith("Duplicate").sum()
    assert drawn == pytest.approx(twins, rel=0.15)
    assert list(counts["period"].cat.categories) == [str(q) for q in options.periods()]
    assert reports["days"].min() == pytest.approx(1 / 3)
    assert reports["days"].max() == services.WINDOW + 0.5


def usable(requests):
    """The requests that count, as truth.yaml words it."""
    rows = requests.drop_duplicates().drop_duplicates("Request ID", keep="first")
    rows = rows[rows["Status"].isin(["Open", "Closed"])]
    opened = pd.to_datetime(rows["Opened"], format="%m/%d/%Y")
    closed = pd.to_datetime(rows["Closed"].replace("", None), format="%m/%d/%Y")
    undated = (rows["Status"] == "Closed") & closed.isna()
    rows = rows.assign(opened=opened, days=(closed - opened).dt.days)
    return rows[~undated & ~(closed < opened)]


def located(rows, folder):
    """Add each request's tract; lose those without one."""
    points = gpd.points_from_xy(
        pd.to_numeric(rows["Longitude"]), pd.to_numeric(rows["Latitude"]), crs=4326
    )
    tracts = gpd.read_file(folder / "tracts.geojson")[["GEOID", "geometry"]]
    return gpd.GeoDataFrame(rows, geometry=points).sjoin(tracts, predicate="within")


def test_requests_recover_their_truth(default, truth, requests):
    """A weighted count of the rows comes near the truth; bounds are wide on purpose."""
    rows = located(usable(requests), default)
    people = pd.read_csv(
        default / "truth_population.csv", dtype={"GEOID": str}, index_col="GEOID"
    )
    people = people[people.sum(axis=1) > 0]
    weight = people.div(people.sum(axis=1), axis=0)
    year = rows[rows["opened"] >= "2025-01-01"].groupby("GEOID").size()
    assert year.sum() == pytest.approx(truth["requests"]["expected_counted"], rel=0.05)
    rate = 1000 * weight.mul(year.reindex(weight.index, fill_value=0), axis=0).sum()
    watched = rows[rows["opened"] < "2025-12-01"]
    number = watched.groupby("GEOID").size().reindex(weight.index, fill_value=0)
    soon = (watched["days"] <= 14).groupby(watched["GEOID"]).sum()
    soon = soon.reindex(weight.index, fill_value=0)
    share = weight.mul(soon, axis=0).sum() / weight.mul(number, axis=0).sum()
    written = truth["requests"]["area_weighted"]
    for group in RACES:
        assert rate[group] / people[group].sum() == pytest.approx(
            written["requests_per_1000"][group]["value"], rel=0.09
        )
        assert share[group] == pytest.approx(
            written["closed_within_14_days"][group]["value"], abs=0.03
        )


# Messes


def test_requests_are_as_messy_as_written(truth, requests, default):
    messes = truth["messes"]["service_requests.csv"]
    assert len(requests) == messes["rows"]
    again = requests.duplicated()
    assert again.sum() == messes["rows_repeated_exactly"] > 0
    once = requests[~again]
    older = once["Request ID"].duplicated()
    assert older.sum() == messes["ids_repeated_with_an_older_status"] > 0
    assert set(once.loc[older, "Status"]) == {"Open"}
    once = once[~older]
    status = once["Status"]
    assert set(status) == {
        *("Open", "Closed", "Cancelled", "Closed - Duplicate", "Open - Duplicate")
    }
    assert (status == "Cancelled").sum() == messes["cancelled"] > 0
    twin = status.str.endswith("Duplicate")
    assert set(once.loc[~twin, "Channel"]) == set(services.CHANNELS)
    assert twin.sum() == messes["duplicates_by_status"] > 0
    assert set(once.loc[twin, "Parent ID"]) <= set(once.loc[~twin, "Request ID"])
    assert (once.loc[~twin, "Parent ID"] == "").all()
    opened = pd.to_datetime(once["Opened"], format="%m/%d/%Y")
    closed = pd.to_datetime(once["Closed"].replace("", None), format="%m/%d/%Y")
    assert (closed < opened).sum() == messes["closed_before_opened"] > 0
    undated = (status == "Closed") & closed.isna()
    assert undated.sum() == messes["closed_without_date"] > 0
    assert closed[status.str.startswith("Open")].isna().all()
    assert opened.max() <= pd.Timestamp("2025-12-31")
    assert closed.max() <= pd.Timestamp("2025-12-31")
    blank = (once["Latitude"] == "") & (once["Longitude"] == "")
    zero = (once["Latitude"] == "0") & (once["Longitude"] == "0")
    assert blank.sum() == messes["coordinates_missing"] > 0
    assert zero.sum() == messes["coordinates_zero"] > 0
    lost = len(once) - len(located(once, default)) - blank.sum() - zero.sum()
    assert lost == sum(
        messes[f"coordinates_{name}"]
        for name in ("default_point", "outside_the_city", "exchanged")
    )
    odd = ~once["Type"].isin(services.CATEGORIES)
    assert odd.sum() == messes["types_spelled_oddly"] > 0
    tidied = once["Type"].str.strip().str.casefold()
    assert set(tidied) == {name.casefold() for name in services.CATEGORIES}


def test_roster_is_as_messy_as_written(truth, default):
    messes = truth["messes"]["workforce_2025-12-31.csv"]
    roster = read(default / "workforce_2025-12-31.csv")
    assert (default / "workforce_2025-12-31.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert len(roster) == messes["rows"]
    again = roster.duplicated()
    assert again.sum() == messes["rows_repeated_exactly"] == 4
    once = roster[~again]
    assert not once["Employee ID"].duplicated().any()
    left = pd.to_datetime(once["Termination Date"].replace("", None), format="%m/%d/%Y")
    gone = left <= "2025-12-31"
    assert gone.sum() == messes["left_before_but_still_listed"] > 0
    assert (left > "2025-12-31").sum() == messes["leaving_after_the_last_day"] == 5
    assert (~gone).sum() == messes["employed_on_the_last_day"]
    assert (~gone).sum() == truth["workforce"]["posts"]
    assert (once["EEO-4 Category"] == "").sum() == messes["without_eeo4_category"]
    spaced = once["Department"].str.endswith(" ")
    assert spaced.sum() == messes["department_with_a_trailing_blank"]
    assert once["Annual Pay"].str.fullmatch(r"\$\d{2,3},\d{3}\.00").all()
    known = {way: label for label, ways in workforce.SPELLINGS.items() for way in ways}
    labels = once["Race/Ethnicity"].map(known)
    assert labels.notna().all()
    assert set(known.values()) == set(RACES) | set(workforce.UNRECORDED)
    assert set(workforce.UNRECORDED) <= set(race.UNKNOWN)
    unknown = labels[~gone].isin(workforce.UNRECORDED).sum()
    assert unknown == messes["race_not_known"] > 0


def test_roster_and_events_agree(default):
    roster = read(default / "workforce_2025-12-31.csv").drop_duplicates()
    roster = roster.set_index("Employee ID")
    events = read(default / "workforce_events.csv")
    assert set(events["Event"]) == {"HIRE", "PROMOTION", "SEPARATION"}
    day = pd.to_datetime(events["Effective Date"], format="%Y-%m-%d")
    assert day.between("2023-01-01", "2025-12-31").all()
    hires = events[events["Event"] == "HIRE"].set_index("Employee ID")
    leaves = events[events["Event"] == "SEPARATION"].set_index("Employee ID")
    assert hires.index.is_unique
    assert leaves.index.is_unique
    hired = pd.to_datetime(roster["Hire Date"], format="%m/%d/%Y")
    recent = hired[hired >= "2023-01-01"]
    logged = pd.to_datetime(hires["Effective Date"])
    assert recent.equals(logged.reindex(recent.index).astype(recent.dtype))
    assert set(hires.index) - set(recent.index) <= set(leaves.index)
    left = pd.to_datetime(
        roster["Termination Date"].replace("", None), format="%m/%d/%Y"
    )
    gone = left[left <= "2025-12-31"]
    logged = pd.to_datetime(leaves["Effective Date"])
    assert gone.equals(logged.reindex(gone.index).astype(gone.dtype))
    assert not set(leaves.index) & set(left[left.isna()].index)
    titles = events[events["Event"] == "PROMOTION"].groupby("Employee ID").last()
    both = titles.index.intersection(roster.index)
    assert (titles.loc[both, "Job Title"] == roster.loc[both, "Job Title"]).all()
    assert (
        titles.loc[both, "Department"] == roster.loc[both, "Department"].str.strip()
    ).all()


def test_schools_hide_as_much_as_written(truth, default):
    messes = truth["messes"]
    rates = read(default / "graduation.csv").filter(like="_RATE_")
    assert rates.size == messes["graduation.csv"]["rates"]
    assert (rates == "PS").sum().sum() == messes["graduation.csv"]["rates_hidden_PS"]
    counts = read(default / "proficiency.csv")
    cells = counts[list(schools.LEVELS)]
    hidden = cells.isin(["*", "<10"])
    assert hidden.sum().sum() == messes["proficiency.csv"]["cells_hidden"] > 0
    shown = cells.to_numpy()[~hidden.to_numpy()].astype(int)
    assert not ((shown >= 1) & (shown <= 9)).any()
    latest = counts["School Year"] == "2024-25"
    assert not cells[latest].eq("*").any(axis=None)
    assert not cells[~latest].eq("<10").any(axis=None)
    scores = read(default / "student_scores.csv")
    assert len(scores) == messes["student_scores.csv"]["rows"]
    assert (
        0
        < (scores["score"] == "").sum() / 2
        == (messes["student_scores.csv"]["without_score"])
    )


# The city


def test_city_is_nowhere(default):
    """No state has the code 00, and no land lies within 500 km of the tracts."""
    tracts = gpd.read_file(default / "tracts.geojson")
    west, south, east, north = tracts.total_bounds
    assert -22.2 < west < east < -21.8
    assert -38.2 < south < north < -37.8
    assert tracts["GEOID"].str.fullmatch(r"00999\d{6}").all()
    assert set(read(default / "graduation.csv")["LEANM"]) == {
        f"{city.NAME} City Schools"
    }


def test_name_is_in_no_real_record(shared):
    for path in sorted((shared / "data").rglob("*.csv")):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert city.NAME.casefold() not in text.casefold(), path.name


@pytest.mark.parametrize("seed", [20251, 2, 3])
def test_tracts_tile_the_city(seed):
    town = city.build(Options(seed=seed, tracts=45))
    assert shapely.is_valid(town.polygons).all()
    left, right = shapely.STRtree(town.polygons).query(
        town.polygons, predicate="overlaps"
    )
    assert len(left) == len(right) == 0
    whole = shapely.union_all(town.polygons)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(shapely.area(town.polygons).sum(), rel=1e-9)
    assert len(set(town.geoids)) == 45


def test_population_is_a_survey_of_the_residents(default):
    survey = read(default / "population.csv").set_index("GEOID")
    truly = read(default / "truth_population.csv").set_index("GEOID").astype(int)
    tracts = gpd.read_file(default / "tracts.geojson")
    assert list(survey.index) == list(truly.index) == list(tracts["GEOID"])
    numbers = survey.drop(columns="NAME").astype(int)
    estimates = pd.DataFrame({g: numbers[f"{city.CODES[g]}E"] for g in RACES})
    margins = pd.DataFrame({g: numbers[f"{city.CODES[g]}M"] for g in RACES})
    assert (estimates.sum(axis=1) == numbers["B03002_001E"]).all()
    none = estimates.to_numpy() == 0
    assert none.sum() > 10
    assert set(margins.to_numpy()[none]) == {city.ZERO_MARGIN}
    stated = np.rint(1.645 * np.sqrt(city.SAMPLING * estimates.to_numpy()))
    assert (margins.to_numpy() == stated)[~none].all()
    # About 90 % of the true counts lie within the margins, where these are normal.
    people = truly[list(RACES)].to_numpy()
    covered = np.abs(estimates.to_numpy() - people) <= margins.to_numpy()
    assert 0.84 < covered[people >= 200].mean() < 0.96
    total = truly.sum().sum()
    assert total == pytest.approx(numbers["B03002_001E"].sum(), rel=0.02)
    assert 170_000 < total < 190_000


def test_people_live_apart(default):
    """The dissimilarity index of Black and White residents, as in many cities."""
    truly = read(default / "truth_population.csv").set_index("GEOID").astype(int)
    black, white = truly[race.BLACK], truly[race.WHITE]
    index = (black / black.sum() - white / white.sum()).abs().sum() / 2
    assert 0.45 < index < 0.75


# Places, homes and districts


def test_without_a_gap_places_and_homes_follow_the_residents(tmp_path):
    sample.generate(tmp_path, gaps=0, **SMALL)
    truth = truth_of(tmp_path)
    indices = [kind["index"] for kind in kinds(truth["facilities"]["placement"])]
    assert {index for found in indices for index in found.values()} == {1.0}
    offline = truth["households"]["planted_share_without_internet"]
    assert set(offline.values()) == {homes.WITHOUT}


def kinds(part):
    """The parts of a truth that are of a kind of places."""
    return [part[kind] for kind in places.PLACES if kind in part]


def test_the_expected_share_around_is_the_mean_of_many_draws():
    options = Options(tracts=30)
    town = city.build(options)
    share = town.residents / np.maximum(town.residents.sum(axis=1, keepdims=True), 1)
    rng = np.random.default_rng(1)
    position = pd.Index(town.geoids)
    drawn = [places.place(options, town, rng, times=40) for _ in range(5)]
    sites = pd.concat(drawn)
    for kind, rows in sites.groupby("kind"):
        around = share[position.get_indexer(rows["area"])]
        around = around[around.sum(axis=1) > 0]  # the park where nobody lives
        error = around.std(axis=0) / np.sqrt(len(around))
        expected = places.around(options, town, kind)
        assert (np.abs(around.mean(axis=0) - expected) < 4 * error).all()
    black = RACES.index(race.BLACK)
    assert places.around(options, town, "Library")[black] < 0.8 * town.shares[black]


def test_true_reach_is_that_of_the_export(default, truth):
    minutes = read(default / "travel_minutes.csv")
    sites = read(default / "facilities.csv").set_index("FACILITY ID")
    people = pd.read_csv(
        default / "truth_population.csv", dtype={"GEOID": str}, index_col="GEOID"
    )
    messes = truth["messes"]["travel_minutes.csv"]
    assert len(minutes) == messes["rows"]
    assert (minutes["minutes"] == "").sum() == messes["without_route"] > 0
    closed = ~minutes["to_facility"].isin(sites.index)
    assert closed.sum() == messes["of_a_closed_place"] == len(people)
    minutes = minutes[~closed & minutes["minutes"].ne("")]
    kind = minutes["to_facility"].map(sites["TYPE"]).str.strip().str.title()
    nearest = minutes["minutes"].astype(float).groupby([kind, minutes["from_tract"]])
    written = truth["facilities"]["reach"]
    for name, found in nearest.min().groupby(level=0):
        weight = people / people.sum()
        value = weight.mul(found.droplevel(0), axis=0).sum()
        near = weight[found.droplevel(0).le(places.WITHIN)].sum()
        for group in RACES:
            mean = written[name]["mean_minutes_to_nearest"][group]
            within = written[name]["share_within_15_minutes"][group]
            assert value[group] == pytest.approx(mean, abs=1e-5)
            assert near[group] == pytest.approx(within, abs=1e-5)
    for name in places.BY_BUS:  # the draw of the committed city shows what was planted
        mean = written[name]["mean_minutes_to_nearest"]
        assert min(mean[race.BLACK], mean[race.HISPANIC]) > mean["White"]


def test_districts_cover_the_city_and_cut_tracts(default, truth):
    tracts = gpd.read_file(default / "tracts.geojson").to_crs(3395)
    districts = gpd.read_file(default / "districts.geojson").to_crs(3395)
    assert len(districts) == len(truth["districts"]["residents"]) == homes.DISTRICTS
    whole = tracts.union_all()
    assert whole.difference(districts.union_all()).area < 1e-4 * whole.area
    assert districts.area.sum() == pytest.approx(whole.area, rel=1e-3)
    pieces = tracts.overlay(districts)
    cut = pieces[pieces.area > 0.05 * tracts.area.mean()].groupby("GEOID").size() > 1
    assert cut.sum() > 10


def test_blocks_have_the_residents_of_their_tracts(default, truth):
    blocks = read(default / "blocks.csv")
    assert not blocks["BLOCK"].duplicated().any()
    people = blocks["POP"].astype(int).groupby(blocks["BLOCK"].str[:11]).sum()
    truly = read(default / "truth_population.csv").set_index("GEOID").astype(int)
    assert people.to_dict() == truly.sum(axis=1).to_dict()
    points = gpd.points_from_xy(
        *(pd.to_numeric(blocks[name]) for name in ("LONGITUDE", "LATITUDE")), crs=4326
    )
    tracts = gpd.read_file(default / "tracts.geojson")[["GEOID", "geometry"]]
    placed = gpd.GeoDataFrame(blocks, geometry=points).sjoin(tracts)
    assert (placed["GEOID"] == placed["BLOCK"].str[:11]).all()
    total = sum(truth["districts"]["residents"].values())
    assert total == pytest.approx(truth["residents"]["total"])


def test_households_are_a_survey_of_the_homes(default, truth):
    found = read(default / "households.csv").set_index("GEOID").drop(columns="NAME")
    found = found.astype(int)
    assert (found["NO_INTERNET_E"] <= found["HOUSEHOLDS_E"]).all()
    total = truth["households"]["total"]
    assert found["HOUSEHOLDS_E"].sum() == pytest.approx(total, rel=0.03)
    share = found["NO_INTERNET_E"].sum() / found["HOUSEHOLDS_E"].sum()
    wanted = truth["households"]["share_without_internet"]
    assert share == pytest.approx(wanted, abs=0.015)
    town = city.build(Options())
    here = homes.build(Options(), town)
    truly = here.without.sum(axis=1)
    near = np.abs(found["NO_INTERNET_E"] - truly) <= found["NO_INTERNET_M"]
    assert 0.75 < near[truly > 50].mean() <= 1


def test_a_survey_drawn_again_is_without_bias():
    options = Options(tracts=12, size=0.3)
    town = city.build(options)
    rng = np.random.default_rng(1)
    drawn = [city.survey(town, rng)["estimate"].to_numpy() for _ in range(400)]
    truly = town.residents.ravel()
    error = np.sqrt(city.SAMPLING * truly / 400)
    assert (np.abs(np.mean(drawn, axis=0) - truly) <= 4.5 * error + 0.05).all()


# Workforce


def test_expected_roster_is_the_mean_of_many():
    """The recursion agrees with the simulation, within four standard errors."""
    drawn = []
    for seed in range(12):
        options = Options(seed=seed, tracts=12, quarters=6)
        town = city.City(
            np.array(["0"]), np.array(["0"]), np.array([None]), np.full((1, 8), 1000)
        )
        people, _ = staff.draw(options, town, options.rng("workforce"))
        employed = people[people["left"].isna()]
        drawn.append(np.bincount(employed["group"], minlength=8))
    mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1) / np.sqrt(12)
    truly = workforce.expected(options, town).sum(axis=0)
    assert (np.abs(mean - truly) < 4 * error).all()


def alone():
    """A city of one tract, in which all groups are as many."""
    name = np.array(["0"])
    return city.City(name, name, np.array([None]), np.full((1, 8), 1000))


def test_truth_of_flows_and_pay_is_the_mean_of_many():
    """Promotions a year, grades and pay, from the people and events of 24 draws."""
    options, rng = Options(tracts=12, quarters=8), np.random.default_rng(3)
    town = alone()
    truth = workforce.truth(options, town)
    rises, grades, pay = [], [], []
    for _ in range(24):
        people, events = staff.draw(options, town, rng)
        years = []
        for year in ("2024", "2025"):
            first, last = pd.Timestamp(f"{year}-01-01"), pd.Timestamp(f"{year}-12-31")
            pool = (people["hired"] < first) & ~(people["left"] < first)
            during = events["date"].between(first, last)
            rose = events["kind"].eq("PROMOTION") & during
            had = people.index.isin(events.loc[rose, "person"]) & pool
            sizes = [
                np.bincount(people["group"][who], minlength=8) for who in (had, pool)
            ]
            years.append(sizes)
        events_, population = np.sum(years, axis=0)
        rises.append(events_ / population)
        there = people[people["left"].isna()]
        grades.append(np.bincount(there["grade"], minlength=4))
        log_pay = np.log(staff.paid(options, there))
        log_pay = log_pay.groupby(there["group"]).mean()
        pay.append(log_pay - log_pay[RACES.index("White")])
    wanted = truth["promotions"]["within_a_year"]
    flow = expected.flows(options, town)
    gaps = truth["pay"]["gap_in_log_pay"]
    for drawn, truly in [
        (rises, [wanted[group]["value"] for group in RACES]),
        (grades, flow.stock[-1].sum(axis=(0, 1))),
        (pay, [gaps[group]["gap"] for group in RACES]),
    ]:
        mean = np.mean(drawn, axis=0)
        error = np.std(drawn, axis=0, ddof=1) / np.sqrt(24)
        assert (np.abs(mean - truly) <= 4 * error + 1e-6).all()


def test_a_mix_of_departments_hides_or_makes_a_gap(truth):
    """Departments promote at rates of their own: overall is not within them."""
    promotions = truth["workforce"]["promotions"]
    crude = promotions["within_a_year"]
    within = promotions["within_departments"]
    assert crude["Asian"]["ratio"] > 1 > 0.95 > within["Asian"]["ratio"]
    assert crude[race.BLACK]["ratio"] < within[race.BLACK]["ratio"] - 0.02
    # One odds ratio in every department and quarter is nearly that of years.
    assert within[race.BLACK]["odds_ratio"] == pytest.approx(
        jobs.RISE_ODDS[race.BLACK], abs=0.02
    )


def test_true_segregation_and_pace_by_hand():
    """Two departments' worth of arithmetic, from the expected numbers alone."""
    options = Options(tracts=12, size=0.3)
    town = city.build(options)
    truth = workforce.truth(options, town)
    people = workforce.expected(options, town)
    share = people / people.sum()
    apart = share * np.log(share / np.outer(share.sum(axis=1), share.sum(axis=0)))
    found = truth["segregation"]["between_departments"]
    assert found["mutual_information_m"] == pytest.approx(apart.sum(), abs=1e-6)
    black, white = (people[:, RACES.index(g)] for g in (race.BLACK, race.WHITE))
    index = np.abs(black / black.sum() - white / white.sum()).sum() / 2
    assert found["dissimilarity"][race.BLACK] == pytest.approx(index, abs=1e-6)
    pace = truth["at_this_pace"]
    for group, needed in pace["hires_needed_a_year"].items():
        place = RACES.index(group)
        goal = town.shares[place] * people.sum()
        ends = []
        for hires in (needed - 1, needed):
            now = people[:, place].sum()
            for _ in range(5):
                now = now * (1 - pace["leave_a_year"][group]) + hires
            ends.append(now)
        assert ends[0] < goal + 1e-3 or needed == 0
        assert ends[1] > goal - 1e-3


def test_benchmarks_are_surveys_of_the_pools(default, truth):
    rows = read(default / "eeo_availability.csv")
    assert len(rows) == 9 * len(pools.JOB_GROUPS)
    number = rows["Number"].str.replace(",", "").astype(int)
    for column in ("Percent", "Percent MOE"):
        rows[column] = (
            pd.to_numeric(rows[column].str.rstrip("%"), errors="coerce") / 100
        )
    total = rows["Race/Ethnicity"] == "Total"
    sums = number[~total].groupby(rows["Job Group"], sort=False).sum()
    assert (sums == number[total].set_axis(rows.loc[total, "Job Group"])).all()
    town = city.build(Options())
    people = pools.of_job_groups(Options(), town)
    truly = people / people.sum(axis=1, keepdims=True)
    shown = rows["Percent"][~total].to_numpy().reshape(8, 8)
    error = rows["Percent MOE"][~total].to_numpy().reshape(8, 8)
    assert 0.8 < (np.abs(shown - truly) <= error + 0.0005).mean() <= 1
    planted = truth["workforce"]["benchmarks"]
    for file, name in [("labor_force.csv", "labour force"), ("working_age.csv", None)]:
        row = read(default / file).iloc[0].drop("NAME").astype(int)
        estimates = row.filter(like="_E").drop("Total_E")
        assert estimates.sum() == row["Total_E"]
        wanted = planted[name or "residents of working age"]
        for group, header in pools.HEADERS.items():
            found = estimates[f"{header}_E"] / row["Total_E"]
            slack = 2 * row[f"{header}_M"] / row["Total_E"]
            assert found == pytest.approx(wanted[group]["benchmark"], abs=slack)


def test_tidy_tables_are_those_of_the_exports():
    """Drawn directly, without files: the columns and labels of the tidy tables."""
    options = Options(tracts=12, quarters=4, size=0.3)
    town = city.build(options)
    workers, events, found = workforce.tidy(options, town, options.rng("workforce"))
    people, _ = staff.draw(options, town, options.rng("workforce"))
    assert len(workers) == jobs.posts(options).sum()
    assert (workers["race"] == people.loc[people["left"].isna(), "label"].values).all()
    assert set(workers["job_category"]) <= set(pools.FORM)
    assert set(events["kind"]) == {"hire", "promotion", "separation"}
    gone = set(events.loc[events["kind"] == "separation", "worker_id"])
    assert not gone & set(workers["worker_id"])
    known = found.groupby(["benchmark", "job_category"], dropna=False)["share"].sum()
    assert len(known) == 2 + 7
    assert known.to_list() == pytest.approx([1] * 9)
    again, _, other = workforce.tidy(options, town, np.random.default_rng(5))
    assert not again["race"].equals(workers["race"])
    assert not other["share"].equals(found["share"])


def test_margins_of_pools_are_those_that_prepare_makes():
    """Two rooms that do not import one another, and one formula."""
    random = np.random.default_rng(4)
    people, moe = random.integers(1, 900, (3, 8)), random.integers(1, 90, (3, 8))
    groups = pd.Series(np.tile(RACES, 3))
    survey = pd.Series(np.repeat(["a", "b", "c"], 8))
    rows = pd.DataFrame({"label": survey, "job_category": survey, "race": groups})
    rows = rows.assign(people=1.0 * people.ravel(), people_moe=1.0 * moe.ravel())
    source = sources.Benchmarks(
        file="b.csv", benchmark="labour force", estimates={"White": "w"}
    )
    made = benchmarks._shares(rows.assign(share=np.nan, share_moe=np.nan), source)
    made = made.set_index(["job_category", "race"])["moe"].unstack()[list(RACES)]
    assert made.to_numpy() == pytest.approx(pools.margins(people, moe))


# Schools


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_masked_rate_covers_the_rate(drawn):
    graduates, cohort = drawn
    text, rate = schools.masked_rate(graduates, cohort), 100 * graduates / cohort
    if text == "PS":
        assert cohort <= 5
    elif text[:2] in ("GE", "LE", "LT"):
        end = int(text[2:])
        if text[:2] == "GE":
            assert rate >= end - 0.5
        else:
            assert rate <= end + 0.5
    else:
        low, high = (text.split("-") * 2)[:2]
        assert int(low) - 0.5 <= rate < int(high) + 0.5


def test_masked_rate_says_what_the_federal_files_say(shared):
    """Every masked rate of 2013-14, for cohorts up to 200, is one we could write."""
    path = shared / "data" / "education" / "edfacts_2014.csv.gz"
    if not path.exists():
        pytest.skip("the national graduation file is absent")
    real = pd.read_csv(path, dtype=str)
    cohort = pd.to_numeric(real["ALL_COHORT_1314"], errors="coerce")
    pairs = pd.DataFrame({"n": cohort, "rate": real["ALL_RATE_1314"]})
    pairs = pairs[pairs["n"].between(1, 200)].drop_duplicates()
    assert len(pairs) > 1000
    for n, rates in pairs.groupby("n")["rate"]:
        ours = {schools.masked_rate(g, int(n)) for g in range(int(n) + 1)}
        assert set(rates) <= ours, n


def test_cohorts_of_the_groups_add_up(default):
    table = read(default / "graduation.csv")
    for year in ("2223", "2324", "2425"):
        cohorts = table.filter(regex=f"_COHORT_{year}$").replace(".", "0").astype(int)
        every = cohorts.pop(f"ALL_COHORT_{year}")
        assert (cohorts.sum(axis=1) == every).all()
        assert cohorts.shape[1] == len(SCHOOL_RACES)


def test_scores_and_counts_tell_the_same(default):
    """Levels counted from the students are those of the state's table."""
    scores = read(default / "student_scores.csv")
    scores = scores[scores["score"] != ""]
    known = {way: label for label, ways in schools.SPELLINGS.items() for way in ways}
    group = scores["race"].map(known)
    assert group.notna().all()
    level = np.searchsorted(schools.CUTS, scores["score"].astype(int), side="right")
    rows = scores.assign(
        label=group.map(schools.LABELS), level=np.array(schools.LEVELS)[level]
    )
    counted = rows[rows["label"].notna()].groupby(
        ["school", "subject", "label", "level"]
    )
    counted = counted.size()
    table = read(default / "proficiency.csv")
    year, grade = schools.SCORED
    table = table[(table["School Year"] == year) & (table["Grade"] == str(grade))]
    checked = 0
    for _, row in table[table["Student Group"] != "All Students"].iterrows():
        for name in schools.LEVELS:
            key = (row["School"], row["Subject"], row["Student Group"], name)
            if row[name] == "<10":
                assert 1 <= counted.get(key, 0) <= 9
            else:
                assert int(row[name]) == counted.get(key, 0)
            checked += 1
    assert checked > 100
