"""Reporting rates: published cases, by hand, by identities, and by coverage."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.errors import UnknownGroupError as Unknown
from equity.measure import constancy, reporting
from equity.measure.incidents import DELAY, RATE
from equity.measure.redraws import EVERYONE
from equity.measure.reporting import SAME_MIX
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=15, derandomize=True)
FEW = {"reference": "White", "years": 1.0, "replicates": 100}
INCIDENTS = "incidents per 1,000 residents a year"
REPORTS = "reports per 1,000 residents a year"


def incidents(rows, **labels):
    """Rows of days, duplicates, incidents; labels by name."""
    table = pd.DataFrame(rows, columns=["days", "duplicates", "incidents"])
    return table.assign(**labels)


def counts(rows, period="2025Q4"):
    """Rows of area, category, days, duplicates, incidents."""
    names = ["area", "category", "days", "duplicates", "incidents"]
    return pd.DataFrame(rows, columns=names).assign(period=period)


def people(rows, moe=np.nan, groups=("Asian", "White")):
    wide = pd.DataFrame(rows, columns=["area", *groups])
    table = wide.melt("area", var_name="race", value_name="estimate")
    table["race"] = pd.Categorical(table["race"], groups, ordered=True)
    return table.assign(moe=moe)


def values(table, measure, statistic="level", column="estimate"):
    rows = table[(table["measure"] == measure) & (table["statistic"] == statistic)]
    return rows.set_index("group")[column].to_dict()


# One group at a time ------------------------------------------------------------------


@pytest.fixture(scope="module")
def case_311(shared):
    """reporting_rate_311_a: reports to incidents, one row per incident."""
    folder = shared / "references"
    rows = pd.read_csv(folder / "data" / "reports311_A.csv")
    first = rows.groupby("incident").agg(
        since=("t_report", "min"),
        until=("t_end", "first"),
        reports=("t_report", "size"),
        group=("race_area", "first"),
    )
    table = pd.DataFrame(
        {
            "group": first["group"],
            "days": first["until"] - first["since"],
            "duplicates": first["reports"] - 1,
            "incidents": 1,
        }
    )
    return table, json.loads((folder / "reporting_rate_311_a.json").read_text())


def test_rates_by_group_match_the_reference(case_311):
    """By maximum likelihood; Liu, Bhandaram and Garg, arXiv 2204.08620."""
    table, case = case_311
    found = reporting.rate(table, interval="log")
    rel = case["tolerance"]["rel"]
    rates = found[found["measure"] == RATE].set_index("group")
    delays = found[found["measure"] == DELAY].set_index("group")
    for group, expected in case["expected"]["by_group_mle"].items():
        row = rates.loc[group]
        assert row["events"] == expected["incidents"]
        assert row["requests"] - row["events"] == expected["duplicates"]
        assert row["incident_days"] == pytest.approx(expected["exposure"], rel=rel)
        assert row["estimate"] == pytest.approx(expected["rate"], rel=rel)
        assert row["log_se"] == pytest.approx(expected["se_log"], rel=rel)
        limits = [row["conf_low"], row["conf_high"]]
        assert limits == pytest.approx(expected["ci95"], rel=rel)
        delay = delays.loc[group]
        assert delay["estimate"] == pytest.approx(expected["mean_delay"], rel=rel)
        mirrored = [1 / delay["conf_high"], 1 / delay["conf_low"]]
        assert mirrored == pytest.approx(expected["ci95"], rel=rel)


def test_the_first_report_is_no_event(case_311):
    """The reference's note: to count it biases the rate upward."""
    table, case = case_311
    biased = table.assign(duplicates=table["duplicates"] + 1)
    rates = reporting.rate(biased).set_index(["measure", "group"])["estimate"]
    for group, expected in case["expected"]["by_group_mle"].items():
        assert rates[RATE, group] > 1.5 * expected["rate"]


def test_exact_limits():
    """Ten reports: Garwood 4.795 and 18.39 (Ulm 1990); twenty incident-days."""
    found = reporting.rate(incidents([(2, 1, 10)], group="A"))
    rate, delay = found.iloc[0], found.iloc[1]
    assert rate["estimate"] == 0.5
    assert rate["conf_low"] == pytest.approx(4.795 / 20, abs=1e-4)
    assert rate["conf_high"] == pytest.approx(18.39 / 20, abs=1e-3)
    assert delay["conf_low"] == pytest.approx(20 / 18.39, abs=1e-3)
    assert delay["conf_high"] == pytest.approx(20 / 4.795, abs=1e-3)


@pytest.mark.parametrize("interval", ["exact", "log"])
def test_no_further_reports_are_not_a_delay_without_end(interval):
    """Zero in 30 days: the rate is at most -log(0.025) / 30; the delay at least."""
    found = reporting.rate(incidents([(3, 0, 10)], group="A"), interval=interval)
    rate, delay = found.iloc[0], found.iloc[1]
    assert (rate["estimate"], rate["conf_low"]) == (0, 0)
    assert rate["conf_high"] == pytest.approx(-np.log(0.025) / 30)
    assert np.isnan(delay["estimate"])
    assert delay["conf_low"] == pytest.approx(30 / -np.log(0.025))
    assert np.isnan(delay["conf_high"])
    assert set(found["method"]) == {"exact Poisson"}


def test_a_group_without_incidents_stays_and_is_not_known():
    table = incidents([(2, 1, 10)], group=pd.Categorical(["A"], ["A", "B"]))
    found = reporting.rate(table).set_index(["measure", "group"])
    assert found.loc[(RATE, "B"), "events"] == 0
    assert found.loc[(RATE, "B"), ["estimate", "conf_low", "conf_high"]].isna().all()


ROWS = st.lists(
    st.tuples(st.floats(0.1, 90), st.integers(0, 5), st.integers(1, 40)),
    min_size=1,
    max_size=12,
)


@relaxed
@given(ROWS, st.sampled_from(["exact", "log"]))
def test_counts_say_what_rows_say(rows, interval):
    """One row per incident gives the same; limits hold the estimate."""
    table = incidents(rows, group="A")
    before = table.copy()
    each = table.loc[table.index.repeat(table["incidents"])].assign(incidents=1)
    found = reporting.rate(table, interval=interval)
    pd.testing.assert_frame_equal(found, reporting.rate(each, interval=interval))
    known = found.dropna()
    assert (known["conf_low"] <= known["estimate"]).all()
    assert (known["conf_high"] >= known["estimate"]).all()
    pd.testing.assert_frame_equal(table, before)


@relaxed
@given(ROWS, st.floats(0.1, 24))
def test_the_unit_of_time_only_scales(rows, hours):
    table = incidents(rows, group="A")
    scaled = table.assign(days=table["days"] * hours)
    columns = ["estimate", "conf_low", "conf_high"]
    a, b = (reporting.rate(t)[columns].to_numpy() for t in (table, scaled))
    np.testing.assert_allclose(b[0] * hours, a[0], rtol=1e-9)
    np.testing.assert_allclose(b[1] / hours, a[1], rtol=1e-9)


def test_by_area_is_rate_by_area():
    table = counts([("1", "x", 10, 1, 10), ("2", "x", 5, 0, 4), ("1", "y", 2, 2, 3)])
    found = reporting.by_area(table)
    pd.testing.assert_frame_equal(found, reporting.rate(table, by="area"))
    rates = found[found["measure"] == RATE].set_index("area")["estimate"]
    assert rates.to_dict() == pytest.approx({"1": 16 / 106, "2": 0})
    absent = table.assign(area=pd.Categorical(table["area"], ["1", "2", "3"]))
    assert set(reporting.by_area(absent)["area"]) == {"1", "2"}


def test_refusals_of_rate():
    table = incidents([(2, 1, 10)], group="A")
    with pytest.raises(ParamsError, match="interval is 'wald'"):
        reporting.rate(table, interval="wald")
    with pytest.raises(ParamsError, match="confidence is 95"):
        reporting.rate(table, confidence=95)
    with pytest.raises(ColumnNotFoundError, match="race"):
        reporting.rate(table, by="race")
    with pytest.raises(InputError, match="column days is missing"):
        reporting.rate(table.assign(days=np.nan))


# By race of the residents -------------------------------------------------------------

TWO_AREAS = people([("1", 100, 900), ("2", 1000, 0)])
TOWN = counts(
    [
        ("1", "Pothole", 10, 0, 60),
        ("1", "Pothole", 10, 2, 60),
        ("1", "Tree", 20, 1, 80),
        ("2", "Pothole", 10, 0, 90),
        ("2", "Pothole", 10, 3, 10),
        ("2", "Tree", 20, 1, 100),
    ]
)


def test_a_city_of_two_areas_by_hand():
    """White people have 90 % of area 1; Asian people have 10 % of it, and area 2.

    Area 1: 120 potholes, 1,200 days, 120 further; 80 trees, 1,600 days, 80 further.
    Area 2: 100 potholes, 1,000 days, 30 further; 100 trees, 2,000 days, 100 further.
    """
    table = reporting.by_race(TOWN, TWO_AREAS, **FEW)
    assert values(table, RATE, column="events") == pytest.approx(
        {"Asian": 220, "White": 180, EVERYONE: 400}
    )
    assert values(table, RATE, column="requests") == pytest.approx(
        {"Asian": 220 + 150, "White": 180 + 180, EVERYONE: 400 + 330}
    )
    assert values(table, INCIDENTS) == pytest.approx(
        {"Asian": 200, "White": 200, EVERYONE: 200}
    )
    assert values(table, REPORTS)["White"] == pytest.approx(1000 * 360 / 900)
    assert values(table, REPORTS)["Asian"] == pytest.approx(1000 * 370 / 1100)
    assert values(table, "reports per incident")["Asian"] == pytest.approx(370 / 220)
    rates = {"Asian": 150 / 3280, "White": 200 / 2800, EVERYONE: 330 / 5800}
    assert values(table, RATE) == pytest.approx(rates)
    assert values(table, DELAY) == pytest.approx({g: 1 / r for g, r in rates.items()})
    # Of 5,800 days, 2,200 are of potholes.
    white = (2200 * 120 / 1200 + 3600 * 80 / 1600) / 5800
    asian = (2200 * 42 / 1120 + 3600 * 108 / 2160) / 5800
    assert values(table, RATE + SAME_MIX) == pytest.approx(
        {"Asian": asian, "White": white, EVERYONE: 330 / 5800}
    )
    delay = DELAY + SAME_MIX
    assert values(table, delay)["Asian"] == pytest.approx(1 / asian)
    assert values(table, delay, "difference")["Asian"] == pytest.approx(
        1 / asian - 1 / white
    )
    assert values(table, delay, "ratio")["Asian"] == pytest.approx(white / asian)
    doubled = reporting.by_race(TOWN, TWO_AREAS, **(FEW | {"years": 0.5}))
    assert values(doubled, INCIDENTS)["White"] == pytest.approx(400)


def test_the_columns_of_a_measure_table():
    table = reporting.by_race(TOWN, TWO_AREAS, **FEW)
    assert list(table.columns) == [
        *("group", "events", "requests", "population", "statistic"),
        *(*MEASURE_COLUMNS, "direction"),
    ]
    assert set(table["measure"]) == set(reporting.MEASURES)
    levels = table["statistic"] == "level"
    assert table.loc[levels, "reference"].isna().all()
    assert set(table.loc[~levels, "reference"]) == {"White"}
    assert EVERYONE not in set(table.loc[~levels, "group"])
    own = table[(table["group"] == "White") & ~levels]
    assert own[["conf_low", "conf_high"]].isna().all(axis=None)
    others = table[~((table["group"] == "White") & ~levels)]
    assert others["conf_low"].le(others["estimate"]).all()
    assert others["conf_high"].ge(others["estimate"]).all()
    assert (others["conf_low"] < others["conf_high"]).all()


def test_a_delay_has_the_mirrored_limits_of_its_rate():
    table = reporting.by_race(TOWN, TWO_AREAS, **FEW)
    for suffix in ("", SAME_MIX):
        low, high = (
            values(table, RATE + suffix, column=c) for c in ("conf_low", "conf_high")
        )
        longest = values(table, DELAY + suffix, column="conf_high")
        for group in longest:  # the nearest of a hundred redraws from either end
            assert longest[group] == pytest.approx(1 / low[group], rel=0.05)
            assert low[group] < high[group]


@pytest.fixture(scope="module")
def town():
    """Ten areas and four quarters; incidents one by one."""
    random = np.random.default_rng(1)
    tables = []
    for quarter in range(1, 5):
        area = np.repeat(np.arange(10), 40)
        tree = random.random(400) < 0.5
        days = np.round(random.exponential(np.where(tree, 30, 8)), 1) + 0.1
        rate = np.where(tree, 0.01, 0.05) * (1.2 - 0.05 * area)
        rows = pd.DataFrame(
            {
                "area": area.astype(str),
                "category": np.where(tree, "Tree", "Pothole"),
                "days": days,
                "duplicates": random.poisson(rate * days),
                "incidents": 1,
            }
        )
        tables.append(rows.assign(period=f"2025Q{quarter}"))
    residents = [(str(i), 80 * i + 50, 900 - 80 * i) for i in range(10)]
    return pd.concat(tables, ignore_index=True), people(residents, moe=60.0)


def spans(table, group="Asian", statistic="difference"):
    """Widths of the limits, by measure."""
    rows = table[(table["group"] == group) & (table["statistic"] == statistic)]
    return (rows["conf_high"] - rows["conf_low"]).set_axis(rows["measure"])


def test_the_same_seed_gives_the_same_and_inputs_stay(town):
    requests, population = town
    before = requests.copy(), population.copy()
    first = reporting.by_race(*town, **FEW)
    pd.testing.assert_frame_equal(first, reporting.by_race(*town, **FEW))
    pd.testing.assert_frame_equal(requests, before[0])
    pd.testing.assert_frame_equal(population, before[1])


def test_sufficient_counts_give_what_rows_give(town):
    """Rows that are alike, added up: the same table, drawn in the same order."""
    requests, population = town
    keys = ["area", "category", "period", "days", "duplicates"]
    summed = requests.groupby(keys, as_index=False)["incidents"].sum()
    assert len(summed) < len(requests)
    pd.testing.assert_frame_equal(
        reporting.by_race(summed, population, **FEW),
        reporting.by_race(requests, population, **FEW),
    )


def test_windows_of_about_one_length_share_a_cell_and_lose_no_day(town):
    """Totals are exact to the last tenth of a day."""
    requests, population = town
    table = reporting.by_race(requests, population, **FEW)
    everyone = requests["duplicates"].sum() / requests["days"].sum()
    assert values(table, RATE)[EVERYONE] == pytest.approx(everyone, rel=1e-12)


def test_everyones_rate_of_the_same_mix_is_the_crude_one(town):
    table = reporting.by_race(*town, **FEW)
    for column in ("estimate", "conf_low", "conf_high"):
        crude, same = (
            values(table, name, column=column)[EVERYONE]
            for name in (RATE, RATE + SAME_MIX)
        )
        assert same == pytest.approx(crude, rel=1e-9)


def test_one_category_has_one_mix(town, monkeypatch):
    """Kinds taken for one make reports come less steadily, which is not asked here."""
    monkeypatch.setattr(constancy, "LEAST", -9)
    requests, population = town
    table = reporting.by_race(requests.assign(category="All"), population, **FEW)
    for statistic in ("level", "difference", "ratio"):
        crude, same = (
            values(table, name, statistic) for name in (DELAY, DELAY + SAME_MIX)
        )
        assert same == pytest.approx(crude, rel=1e-9)


def test_swapping_group_and_reference_inverts_the_ratio(town):
    requests, population = town
    there = reporting.by_race(requests, population, **FEW)
    back = reporting.by_race(requests, population, **(FEW | {"reference": "Asian"}))
    name = DELAY + SAME_MIX
    ahead, turned = (
        values(there, name, "ratio")["Asian"],
        values(back, name, "ratio")["White"],
    )
    assert turned == pytest.approx(1 / ahead)
    assert values(back, name, "difference")["White"] == pytest.approx(
        -values(there, name, "difference")["Asian"]
    )


def test_margins_widen_the_limits(town):
    requests, population = town
    options = FEW | {"replicates": 300}
    wide = spans(reporting.by_race(requests, population.assign(moe=300.0), **options))
    sure = spans(reporting.by_race(requests, population.assign(moe=np.nan), **options))
    assert wide[RATE] > 1.1 * sure[RATE]
    assert wide[INCIDENTS] > 1.5 * sure[INCIDENTS]


def test_incidents_with_many_reports_widen_the_limits():
    """A hundred further reports of a thousand days, one to an incident or ten to ten.

    The rate is a ratio, and deviations from it count: one report in ten days to 100 of
    200 incidents leaves 200 x 0.5^2, so sqrt(50) / 2000 days; ten to ten of 200 leaves
    10 x 9.5^2 + 190 x 0.5^2, so sqrt(950) / 2000 days.
    """
    options = FEW | {"replicates": 1000, "confidence": 0.68}
    city = people([("1", 0, 900), ("2", 900, 0)])
    widths = []
    for further, number in ((1, 100), (10, 10)):
        rows = [(10, further, number), (10, 0, 200 - number)]
        table = counts([(a, "x", *row) for a in "12" for row in rows])
        found = reporting.by_race(table, city, **options)
        assert values(found, RATE)["White"] == pytest.approx(0.05)
        widths.append(spans(found, "White", "level")[RATE] / 2)
    deviations = np.sqrt([50, 950]) / 2000
    np.testing.assert_allclose(widths, deviations * 0.994, rtol=0.12)


def test_a_width_of_nothing_is_not_knowledge():
    """If every incident got one further report, redraws of the rate are all alike."""
    city = people([("1", 0, 900), ("2", 900, 0)])
    table = counts([(a, "x", 10, 1, 100) for a in "12"])
    found = reporting.by_race(table, city, **FEW)
    assert values(found, RATE)["White"] == 0.1
    assert np.isnan(values(found, RATE, column="conf_low")["White"])
    assert values(found, INCIDENTS, column="conf_low")["White"] < 1000 / 9


def test_overdispersion_between_quarters_widens_the_limits(town):
    requests, population = town
    odd = requests["area"].astype(int) + requests["period"].str[-1].astype(int)
    lumpy = requests.assign(incidents=np.where(odd % 2, 1, 5))
    options = FEW | {"replicates": 300}
    a = spans(reporting.by_race(lumpy, population, **options))
    b = spans(reporting.by_race(lumpy.assign(period="2025Q1"), population, **options))
    assert a[INCIDENTS] > 1.5 * b[INCIDENTS]


def test_areas_without_residents_are_shared_out_to_nobody(town):
    requests, population = town
    more = pd.concat([requests, counts([("XX", "Tree", 5, 9, 50)])], ignore_index=True)
    pd.testing.assert_frame_equal(
        reporting.by_race(more, population, **FEW),
        reporting.by_race(requests, population, **FEW),
    )


def test_nothing_further_reported_is_no_delay():
    quiet = TOWN.assign(duplicates=0)
    table = reporting.by_race(quiet, TWO_AREAS, **FEW)
    assert values(table, RATE)["Asian"] == 0
    for measure in (DELAY, DELAY + SAME_MIX):
        for statistic in ("level", "difference", "ratio"):
            assert np.isnan(values(table, measure, statistic)["Asian"])
    limits = [values(table, RATE, column=c)["Asian"] for c in ("conf_low", "conf_high")]
    assert np.isnan(limits).all()
    assert values(table, INCIDENTS, column="conf_low")["Asian"] < 200


def test_a_group_that_cannot_be_told_from_none_has_no_limits():
    city = people([("1", 10, 5000)], moe=12)
    table = reporting.by_race(TOWN[TOWN["area"] == "1"], city, **FEW)
    assert values(table, RATE)["Asian"] == pytest.approx(200 / 2800)
    assert np.isnan(values(table, RATE, column="conf_low")["Asian"])
    assert not np.isnan(values(table, RATE, column="conf_low")["White"])
    three = people([("1", 0, 900, 0)], groups=("Asian", "White", "Some other race"))
    table = reporting.by_race(TOWN[TOWN["area"] == "1"], three, **FEW)
    assert np.isnan(values(table, RATE)["Asian"])
    assert values(table, RATE, column="population")["Asian"] == 0


def test_nothing_gives_an_empty_table_with_its_columns():
    for pair in ((TOWN.head(0), TWO_AREAS), (TOWN, TWO_AREAS.head(0))):
        table = reporting.by_race(*pair, **FEW)
        assert table.empty
        assert list(table.columns) == reporting.COLUMNS


def test_refusals_by_race():
    with pytest.raises(Unknown, match="'Wite' matches 0"):
        reporting.by_race(TOWN, TWO_AREAS, **(FEW | {"reference": "Wite"}))
    with pytest.raises(Unknown, match="'All residents' matches 0"):
        reporting.by_race(TOWN, TWO_AREAS, **(FEW | {"reference": EVERYONE}))
    with pytest.raises(ParamsError, match="years is 0"):
        reporting.by_race(TOWN, TWO_AREAS, **(FEW | {"years": 0}))
    with pytest.raises(ParamsError, match="confidence"):
        reporting.by_race(TOWN, TWO_AREAS, **FEW, confidence=95)
    with pytest.raises(ColumnNotFoundError, match="category"):
        reporting.by_race(TOWN.drop(columns="category"), TWO_AREAS, **FEW)
    with pytest.raises(InputError, match="column duplicates"):
        reporting.by_race(TOWN.assign(duplicates=-1), TWO_AREAS, **FEW)


# How often do the intervals hold the truth? ------------------------------------------


class City:
    """Sixty areas whose three groups report at rates of their own, and ask for a mix.

    Incidents vary from quarter to quarter (gamma, shape 50), some draw many reports
    (gamma, shape 1), and residents are known from a survey.
    """

    GROUPS = ("Asian", "Black", "White")
    RATES, WINDOWS = np.array([0.04, 0.1, 0.02]), np.array([8.0, 20.0, 40.0])
    ASKED = np.array(
        [[0.012, 0.010, 0.008], [0.008, 0.010, 0.016], [0.012, 0.01, 0.008]]
    )

    def __init__(self, gap):
        random = np.random.default_rng(3)
        mix = random.dirichlet([0.4, 0.6, 1.2], 60)
        self.residents = np.rint(mix * random.uniform(300, 2000, (60, 1)))
        share = self.residents / self.residents.sum(axis=1, keepdims=True)
        self.incidents = self.residents @ self.ASKED
        self.rates = (share @ gap)[:, None] * self.RATES
        days = share.T @ (self.incidents * self.WINDOWS)
        further = share.T @ (self.incidents * self.WINDOWS * self.rates)
        weight = (self.incidents * self.WINDOWS).sum(axis=0)
        same = (further / days) @ (weight / weight.sum())
        levels = {
            DELAY: days.sum(axis=1) / further.sum(axis=1),
            RATE + SAME_MIX: same,
            DELAY + SAME_MIX: 1 / same,
        }
        self.truth = {
            (name, statistic, group): value
            for name, level in levels.items()
            for statistic, found in {
                "level": level,
                "difference": level - level[2],
                "ratio": level / level[2],
            }.items()
            for group, value in zip(self.GROUPS, found, strict=True)
        }

    def draw(self, random):
        luck = random.gamma(50, 1 / 50, (4, 60, 1))
        number = random.poisson(self.incidents / 4 * luck)
        each = np.repeat(np.arange(number.size), number.ravel())
        quarter, area, kind = np.unravel_index(each, number.shape)
        days = np.round(random.exponential(self.WINDOWS[kind]), 1) + 0.05
        seen = random.gamma(1, 1, len(days))
        rows = pd.DataFrame(
            {
                "area": area.astype(str),
                "category": kind.astype(str),
                "period": quarter.astype(str),
                "days": days,
                "duplicates": random.poisson(self.rates[area, kind] * days * seen),
                "incidents": 1,
            }
        )
        forms = random.poisson(self.residents / 9.6)
        estimate = np.rint(random.gamma(np.maximum(4 * forms, 1)) * 2.4) * (forms > 0)
        margin = np.where(estimate > 0, 1.645 * np.sqrt(12 * estimate), 12)
        survey = people(
            [(str(i), *row) for i, row in enumerate(estimate)], groups=self.GROUPS
        )
        return rows, survey.assign(moe=margin.T.ravel())


@pytest.mark.slow
@pytest.mark.parametrize("gap", [(0.9, 0.65, 1.0), (1.0, 1.0, 1.0)])
def test_intervals_cover_as_often_as_they_say(gap):
    """95 % intervals of forty cities that are hard: some incidents draw many reports.

    In 400 such cities, they held the truth 91 to 95 times in a hundred (differences
    and ratios 92 to 95); the bounds allow for the chance in forty.
    """
    city, random = City(np.array(gap)), np.random.default_rng(11)
    tables = [
        reporting.by_race(
            *city.draw(random), **(FEW | {"replicates": 120, "seed": draw})
        )
        for draw in range(40)
    ]
    table = pd.concat(tables, ignore_index=True).dropna(subset=["conf_low"])
    table = table[(table["group"] != EVERYONE)]
    keys = list(table[["measure", "statistic", "group"]].itertuples(False, None))
    table = table[[key in city.truth for key in keys]]
    truth = np.array([city.truth[key] for key in keys if key in city.truth])
    inside = (table["conf_low"] <= truth) & ~(table["conf_high"] < truth)
    cover = inside.groupby([table["measure"], table["statistic"]]).mean()
    assert len(cover) == 9
    assert cover.ge(0.85).all(), cover
    assert 0.89 <= cover.mean() <= 0.985, cover
    if len(set(gap)) == 1:
        gaps = table[table["statistic"] == "difference"]
        gaps = gaps[gaps["measure"] == DELAY + SAME_MIX]
        flagged = (gaps["conf_low"] > 0) | (gaps["conf_high"] < 0)
        assert flagged.mean() <= 0.12
