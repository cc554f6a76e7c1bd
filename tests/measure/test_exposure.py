"""Area-weighted services: by hand, by identities, and by how often intervals cover."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from equity import race
from equity.errors import ParamsError, UnknownGroupError
from equity.measure import exposure, overdispersion
from equity.sample import services as sample
from equity.sample.common import Options

RATE = "requests per 1,000 residents a year"
MEDIAN = "median days to close"
SHARE_5 = "share closed within 5 days"
FEW = {"years": 1.0, "target_days": 5, "replicates": 200}
relaxed = settings(deadline=None, max_examples=20, derandomize=True)


def counts(rows, period="2025Q4"):
    """Rows of area, days, closed and censored."""
    table = pd.DataFrame(rows, columns=["area", "days", "closed", "censored"])
    return table.assign(period=period, category="all")


def people(rows, moe=np.nan, groups=("Asian", "White")):
    """Rows of area and residents per group."""
    wide = pd.DataFrame(rows, columns=["area", *groups])
    table = wide.melt("area", var_name="race", value_name="estimate")
    table["race"] = pd.Categorical(table["race"], groups, ordered=True)
    return table.assign(moe=moe)


TWO_AREAS = people([("1", 100, 900), ("2", 1000, 0)])
REQUESTS = counts([("1", 2, 60, 0), ("1", 9, 40, 0), ("2", 9, 50, 0)])


def values(table, measure, statistic="level", column="estimate"):
    rows = table[(table["measure"] == measure) & (table["statistic"] == statistic)]
    return rows.set_index("group")[column].to_dict()


def test_a_city_of_two_areas_by_hand():
    """White people: 90 of area 1's 100 requests. Asian people: 10, and area 2's 50."""
    table = exposure.by_race(
        REQUESTS, TWO_AREAS, reference="White", **(FEW | {"years": 0.25})
    )
    share = "share closed within 5 days"
    everyone = exposure.EVERYONE
    assert values(table, RATE, column="events") == pytest.approx(
        {"White": 90, "Asian": 60, everyone: 150}
    )
    assert values(table, RATE, column="population") == pytest.approx(
        {"White": 900, "Asian": 1100, everyone: 2000}
    )
    assert values(table, RATE) == pytest.approx(
        {"White": 400, "Asian": 4000 * 60 / 1100, everyone: 300}
    )
    assert values(table, share) == pytest.approx(
        {"White": 0.6, "Asian": 6 / 60, everyone: 0.4}
    )
    # Day 2 from 1.5 on: 45 of White people's 54. Day 9 from 8.5 on: 24 of 54, 15 of 90.
    moments = {"White": 1.5 + 45 / 54, "Asian": 8.5 + 24 / 54, everyone: 8.5 + 15 / 90}
    assert values(table, MEDIAN) == pytest.approx(moments)
    gap, times = (
        moments["Asian"] - moments["White"],
        moments["Asian"] / moments["White"],
    )
    assert values(table, MEDIAN, "difference") == pytest.approx(
        {"White": 0, "Asian": gap}
    )
    assert values(table, MEDIAN, "ratio") == pytest.approx({"White": 1, "Asian": times})
    assert values(table, share, "ratio") == pytest.approx({"White": 1, "Asian": 1 / 6})


def test_the_columns_of_a_measure_table():
    table = exposure.by_race(REQUESTS, TWO_AREAS, reference="White", **FEW)
    assert set(table["statistic"]) == {"level", "difference", "ratio"}
    levels = table["statistic"] == "level"
    assert table.loc[levels, "reference"].isna().all()
    assert set(table.loc[~levels, "reference"]) == {"White"}
    assert exposure.EVERYONE not in set(table.loc[~levels, "group"])
    own = table[(table["group"] == "White") & ~levels]
    assert own[["conf_low", "conf_high"]].isna().all(axis=None)


WAITS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=5, max_size=60)


@given(WAITS)
@relaxed
def test_one_group_alone_has_the_plain_kaplan_meier_curve(waits):
    """statsmodels' SurvfuncRight; a request open after d days is censored at d."""
    days, closed = (np.array(column) for column in zip(*waits, strict=True))
    closed[0] = True
    rows = [
        ("1", int(d), int(c), int(not c)) for d, c in zip(days, closed, strict=True)
    ]
    city = people([("1", 0, 5000)], groups=("Asian", "White"))
    table = exposure.by_race(counts(rows), city, reference="White", **FEW)
    curve = SurvfuncRight(days, closed.astype(int))
    half = curve.surv_times[curve.surv_prob <= 0.5 + 1e-12]
    median = values(table, MEDIAN)["White"]
    if not len(half):
        assert np.isnan(median)
    else:  # the moment lies within half a day of the median in whole days
        assert abs(median - half[0]) <= 0.5 + 1e-9
        assert median >= 0
    before = curve.surv_prob[curve.surv_times <= 5]
    expected = 1 - before[-1] if len(before) else 0.0
    if days.max() < 5 and expected < 1:  # nobody was followed for five days
        expected = np.nan
    found = values(table, "share closed within 5 days")
    assert found["White"] == pytest.approx(expected, nan_ok=True)
    assert found[exposure.EVERYONE] == pytest.approx(expected, nan_ok=True)


def of_waits(days):
    """The median of one group's requests, all closed."""
    rows = [("1", day, 1, 0) for day in days]
    city = people([("1", 0, 5000)])
    table = exposure.by_race(counts(rows), city, reference="White", **FEW)
    return values(table, MEDIAN)["White"]


@pytest.mark.parametrize(
    ("days", "median", "source"),
    [
        ([1, 2, 2, 3, 4, 4, 4, 4, 4, 5], 3.7, "Python library, median_grouped"),
        ([1, 3, 3, 5, 7], 3.25, "Python library, median_grouped"),
        ([0, 0, 0, 1], 1 / 3, "two thirds of day 0, which lasts half a day"),
        ([0, 1], 0.5, "day 0 ends as half are closed"),
    ],
)
def test_the_median_of_grouped_days(days, median, source):
    assert of_waits(days) == pytest.approx(median), source


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=30).filter(lambda x: len(x) % 2)
)
@relaxed
def test_where_all_are_closed_the_median_is_that_of_the_library(days):
    assert of_waits(days) == pytest.approx(statistics.median_grouped(days))


def test_a_median_that_is_not_reached_is_missing():
    rows = [("1", 3, 20, 0), ("1", 40, 0, 80)]
    table = exposure.by_race(counts(rows), TWO_AREAS, reference="White", **FEW)
    assert np.isnan(values(table, MEDIAN)["White"])
    for column in ("conf_low", "conf_high"):
        assert np.isnan(values(table, MEDIAN, column=column)["White"])


@pytest.fixture(scope="module")
def town():
    """Twelve areas of a survey, two groups in uneven shares, four quarters."""
    random = np.random.default_rng(3)
    residents = random.integers(200, 2000, (12, 2))
    population = people([(f"{i:02}", *row) for i, row in enumerate(residents)], moe=90)
    rows = [
        counts(
            [
                (f"{i:02}", day, random.poisson(4), random.poisson(day / 40))
                for i in range(12)
                for day in range(0, 40, 4)
            ],
            period=f"2025Q{quarter}",
        )
        for quarter in (1, 2, 3, 4)
    ]
    return pd.concat(rows, ignore_index=True), population


def by_race(town, **changes):
    return exposure.by_race(*town, **({"reference": "White"} | FEW | changes))


def test_swapping_the_reference_inverts_ratios_and_turns_differences(town):
    one, other = by_race(town), by_race(town, reference="Asian")
    for measure in (RATE, MEDIAN, "share closed within 5 days"):
        ratio = values(one, measure, "ratio")["Asian"]
        assert values(other, measure, "ratio")["White"] == pytest.approx(1 / ratio)
        gap = values(one, measure, "difference")["Asian"]
        assert values(other, measure, "difference")["White"] == pytest.approx(-gap)
    turned = values(other, RATE, "ratio", "conf_high")["White"]
    assert values(one, RATE, "ratio", "conf_low")["Asian"] == pytest.approx(1 / turned)


def test_groups_add_up_to_everyone(town):
    table = by_race(town)
    for column in ("events", "population"):
        found = values(table, RATE, column=column)
        assert found["Asian"] + found["White"] == pytest.approx(
            found[exposure.EVERYONE]
        )
    requests, population = town
    total = requests[["closed", "censored"]].sum().sum()
    rate = 1000 * total / population["estimate"].sum()
    assert values(table, RATE)[exposure.EVERYONE] == pytest.approx(rate)


def test_limits_hold_the_estimate_and_stay_possible(town):
    table = by_race(town)
    known = table.dropna(subset=["conf_low"])
    assert (known["conf_low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["conf_high"]).all()
    level = known[known["statistic"] == "level"]
    assert (level["conf_low"] >= 0).all()
    share = level[level["measure"].str.startswith("share")]
    assert (share["conf_high"] <= 1).all()


def test_more_confidence_is_wider(town):
    wide, narrow = by_race(town, confidence=0.99), by_race(town, confidence=0.8)
    span = [(t["conf_high"] - t["conf_low"]).dropna() for t in (wide, narrow)]
    assert (span[0] >= span[1] - 1e-12).all()
    assert set(wide["confidence"]) == {0.99}


def test_margins_of_the_census_widen_the_limits(town):
    requests, population = town
    full_count = population.assign(moe=np.nan)
    spans = []
    for table in (by_race(town), by_race((requests, full_count))):
        low, high = (
            values(table, RATE, "difference", end)["Asian"]
            for end in ("conf_low", "conf_high")
        )
        spans.append(high - low)
    assert spans[0] > 1.2 * spans[1] > 0


def test_same_seed_same_numbers_and_inputs_unchanged(town):
    before = [table.copy() for table in town]
    pd.testing.assert_frame_equal(by_race(town), by_race(town))
    other = by_race(town, seed=2)
    assert not other["conf_low"].equals(by_race(town)["conf_low"])
    pd.testing.assert_series_equal(other["estimate"], by_race(town)["estimate"])
    for table, copy in zip(town, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_the_order_of_rows_does_not_matter(town):
    requests, population = town
    shuffled = requests.sample(frac=1, random_state=1), population.iloc[::-1]
    pd.testing.assert_frame_equal(by_race(town), by_race(shuffled))


def test_requests_where_nobody_lives_belong_to_nobody(town):
    """A survey's margin for an empty area must not share its requests out."""
    requests, population = town
    crowd = counts([("99", 30, 5000, 0)])
    empty = people([("99", 0, 0)], moe=12)
    without, withal = (
        by_race((requests, population)),
        by_race(
            (
                pd.concat([requests, crowd], ignore_index=True),
                pd.concat([population, empty], ignore_index=True),
            )
        ),
    )
    pd.testing.assert_series_equal(without["estimate"], withal["estimate"])
    spans = [
        values(table, RATE, column="conf_high")["White"]
        - values(table, RATE, column="conf_low")["White"]
        for table in (without, withal)
    ]
    assert spans[1] < 1.2 * spans[0]


def test_requests_of_areas_that_are_not_the_citys_are_not_counted(town):
    requests, population = town
    more = pd.concat([requests, counts([("XX", 1, 999, 0)])], ignore_index=True)
    pd.testing.assert_frame_equal(by_race(town), by_race((more, population)))


def test_a_group_without_residents_stays_and_is_not_known():
    three = people([("1", 0, 900, 0)], groups=("Asian", "White", "Some other race"))
    table = exposure.by_race(counts([("1", 2, 60, 0)]), three, reference="White", **FEW)
    assert np.isnan(values(table, RATE)["Asian"])
    assert np.isnan(values(table, RATE, "ratio")["Some other race"])
    assert values(table, RATE, column="population")["Asian"] == 0


def test_a_group_that_cannot_be_told_from_none_has_no_limits():
    """An estimate of 10 people with a margin of 12 may be nobody."""
    city = people([("1", 10, 5000)], moe=12)
    table = exposure.by_race(counts([("1", 2, 60, 0)]), city, reference="White", **FEW)
    assert values(table, RATE)["Asian"] == pytest.approx(60 / 5010 * 1000)
    assert np.isnan(values(table, RATE, column="conf_low")["Asian"])
    assert not np.isnan(values(table, RATE, column="conf_low")["White"])


def test_an_unknown_reference_is_refused():
    with pytest.raises(UnknownGroupError, match="'Wite'"):
        exposure.by_race(REQUESTS, TWO_AREAS, reference="Wite", **FEW)


@pytest.mark.parametrize("measure", [exposure.by_race, exposure.by_quarter])
def test_everyone_is_no_reference_and_confidence_is_a_proportion(measure):
    options = {"reference": "White", "target_days": 5, "replicates": 50}
    if measure is exposure.by_race:
        options["years"] = 1.0
    with pytest.raises(UnknownGroupError, match="'All residents' matches 0"):
        measure(REQUESTS, TWO_AREAS, **(options | {"reference": exposure.EVERYONE}))
    with pytest.raises(ParamsError, match="confidence"):
        measure(REQUESTS.head(0), TWO_AREAS, **options, confidence=95)


def test_nothing_gives_an_empty_table_with_its_columns(town):
    requests, population = town
    for pair in ((requests.head(0), population), (requests, population.head(0))):
        table = by_race(pair)
        assert table.empty
        assert {"measure", "estimate", "group"} <= set(table.columns)


def test_by_area():
    """Ten requests: Garwood limits 4.795 and 18.39 (Ulm 1990); half a year, twice."""
    table = exposure.by_area(
        counts([("1", 2, 9, 1)]),
        people([("1", 400, 600), ("2", 0, 0), ("3", 5, 0)]),
        years=0.5,
    ).set_index("area")
    row = table.loc["1"]
    assert (row["estimate"], row["events"], row["population"]) == (20, 10, 1000)
    assert row["conf_low"] == pytest.approx(2 * 4.795, abs=1e-3)
    assert row["conf_high"] == pytest.approx(2 * 18.39, abs=1e-2)
    assert table.loc["2", ["estimate", "conf_low", "conf_high"]].isna().all()
    assert table.loc["3", "estimate"] == 0
    assert table.loc["3", "conf_high"] > 0


def test_overdispersion():
    """Two areas, two quarters, 10 and 30 crosswise: chi-squared is 4 x 100 / 20."""
    rows = {"1": (10, 30), "2": (30, 10)}
    table = pd.concat(
        counts([(area, 1, pair[i], 0)], f"2025Q{i + 1}")
        for area, pair in rows.items()
        for i in (0, 1)
    )
    assert overdispersion.of_counts(table) == pytest.approx(20)
    assert overdispersion.of_counts(table[table["area"] == "1"]) == 1
    assert overdispersion.of_counts(table[table["period"] == "2025Q1"]) == 1
    even = table.assign(closed=20)
    assert overdispersion.of_counts(even) == 1
    nothing = table.assign(area="3", closed=0)
    assert overdispersion.of_counts(pd.concat([table, nothing])) == pytest.approx(20)
    assert overdispersion.of_counts(nothing) == 1


def test_the_dispersion_is_the_largest_of_counts_and_share():
    """As many requests in each cell, on time crosswise: 10, 30 and 30, 10 of 40.

    On time, chi-squared is 4 x 100 / 20; of the share, binomial, 4 x 100 / 10.
    """
    on_time = {("1", 1): 10, ("1", 2): 30, ("2", 1): 30, ("2", 2): 10}
    table = pd.concat(
        counts([(area, 1, n, 0), (area, 9, 30 - n, 10)], f"2025Q{quarter}")
        for (area, quarter), n in on_time.items()
    )
    assert overdispersion.of_counts(table) == 1
    assert overdispersion.of_counts(table[table["days"] == 1]) == pytest.approx(20)
    assert overdispersion.of_requests(table, 5) == pytest.approx(40)
    assert (
        overdispersion.of_requests(table, 30) == 1
    )  # thirty closed and ten open in each
    late = table.assign(days=table["days"] + 6)
    assert overdispersion.of_requests(late, 5) == 1


def test_by_quarter_is_by_race_of_each_quarter(town):
    requests, population = town
    options = {"reference": "White", "target_days": 5, "replicates": 100}
    table = exposure.by_quarter(requests, population, **options)
    assert table.columns[0] == "period"
    assert list(table.columns[1:]) == exposure.COLUMNS
    assert list(table["period"].unique()) == [f"2025Q{n}" for n in (1, 2, 3, 4)]
    assert set(table["measure"]) == {"share closed within 5 days"}
    assert set(table["statistic"]) == {"level", "difference"}
    for period, rows in table.groupby("period"):
        own = requests[requests["period"] == period]
        alone = exposure.by_race(own, population, years=0.25, **options)
        for statistic in ("level", "difference"):
            pair = (values(x, SHARE_5, statistic) for x in (rows, alone))
            assert next(pair) == pytest.approx(next(pair))
    again = exposure.by_quarter(requests, population, **options)
    pd.testing.assert_frame_equal(table, again)
    empty = exposure.by_quarter(requests.head(0), population, **options)
    assert empty.empty
    assert list(empty.columns) == list(table.columns)


def test_a_quarter_has_the_dispersion_of_the_whole_table(town):
    """Doubled counts in every other cell widen the limits of each quarter."""
    requests, population = town
    odd = requests["area"].astype(int) + requests["period"].str[-1].astype(int)
    lumpy = requests.copy()
    lumpy.loc[odd % 2 == 0, ["closed", "censored"]] *= 4
    one = requests["period"] == "2025Q1"
    spans = []
    for rest in (lumpy, requests):
        table = pd.concat([requests[one], rest[~one]])
        found = exposure.by_quarter(
            table, population, reference="White", target_days=5, replicates=200
        )
        first = found[found["period"] == "2025Q1"]
        ends = (
            values(first, SHARE_5, column=c)["Asian"] for c in ("conf_low", "conf_high")
        )
        spans.append(-next(ends) + next(ends))
    assert spans[0] > 1.5 * spans[1] > 0


# How often do the intervals hold the truth? ------------------------------------------


class Redrawn:
    """The sample city, drawn again: requests, waiting times and the survey."""

    def __init__(self, root, gap):
        path = root / "data" / "raw" / "sample" / "truth_population.csv"
        table = pd.read_csv(path, dtype={"GEOID": str}).set_index("GEOID")
        table = table[table.sum(axis=1) > 0]
        self.areas, self.groups = table.index, list(table.columns)
        self.residents = table.to_numpy(float)
        options = Options(service_gap=gap)
        order = [race.standard("omb1997").groups.index(g) for g in self.groups]
        rate = sample.rates(options)[order]
        by_day = sample.closed_by(options, np.arange(400))[order]
        chance = np.diff(by_day, prepend=0, append=1)
        asked = self.residents * rate
        self.requests = asked.sum(axis=1)
        self.chance = asked @ chance / self.requests[:, None]
        self.truth = self._truth()

    def _truth(self):
        share = self.residents / self.residents.sum(axis=1, keepdims=True)
        shared = share * self.requests[:, None]
        rate = 1000 * shared.sum(axis=0) / self.residents.sum(axis=0)
        closed = np.cumsum(shared.T @ self.chance, axis=1) / shared.sum(axis=0)[:, None]
        ends = np.append(0, np.arange(closed.shape[1]) + 0.5)  # each day, spread
        curves = np.hstack([np.zeros((len(closed), 1)), closed])
        fine = np.linspace(0, 60, 12_001)
        open_ = [1 - np.interp(fine, ends, row) for row in curves]
        moments = {
            f"days until {name} are closed": [np.interp(p, row, ends) for row in curves]
            for name, p in {"a quarter": 0.25, "three quarters": 0.75}.items()
        }
        levels = {
            RATE: rate,
            MEDIAN: [np.interp(0.5, row, ends) for row in curves],
            **moments,
            "mean days to close within 60 days": np.trapezoid(open_, fine, axis=1),
            "share closed within 14 days": closed[:, 14],
        }
        base = self.groups.index("White")
        return {
            (measure, statistic, group): value
            for measure, level in levels.items()
            for statistic, found in {
                "level": level,
                "difference": np.asarray(level) - level[base],
                "ratio": np.asarray(level) / level[base],
            }.items()
            for group, value in zip(self.groups, found, strict=True)
        }

    def draw(self, random):
        quarters = []
        for quarter, season in enumerate(sample.SEASONS, 1):
            luck = random.gamma(
                sample.DISPERSION, 1 / sample.DISPERSION, len(self.areas)
            )
            number = random.poisson(self.requests * season / 4 * luck)
            drawn = random.multinomial(number, self.chance)
            area, day = np.nonzero(drawn)
            rows = zip(self.areas[area], day, drawn[area, day], strict=True)
            quarters.append(
                counts([(*row, 0) for row in rows], period=f"2025Q{quarter}")
            )
        # A survey: each answered form stands for 12 residents, give or take.
        forms = random.poisson(self.residents / 9.6)
        weighed = np.rint(random.gamma(np.maximum(4 * forms, 1)) * 2.4)
        estimate = np.where(forms > 0, weighed, 0)
        margin = np.where(estimate > 0, np.rint(1.645 * np.sqrt(12 * estimate)), 12)
        rows = [(area, *row) for area, row in zip(self.areas, estimate, strict=True)]
        survey = people(rows, groups=self.groups)
        return pd.concat(quarters), survey.assign(moe=margin.T.ravel())


@pytest.mark.slow
@pytest.mark.parametrize("gap", [1.0, 0.0])
def test_intervals_cover_as_often_as_they_say(root, gap):
    """Groups of more than 1,000 residents."""
    city, random = Redrawn(root, gap), np.random.default_rng(11)
    tables = [
        exposure.by_race(
            *city.draw(random),
            reference="White",
            years=1.0,
            target_days=14,
            replicates=200,
            seed=draw,
        )
        for draw in range(70)
    ]
    table = pd.concat(tables, ignore_index=True).dropna(subset=["conf_low"])
    large = dict(zip(city.groups, city.residents.sum(axis=0) > 1000, strict=True))
    table = table[table["group"].map(large).fillna(False).astype(bool)]
    keys = table[["measure", "statistic", "group"]].itertuples(index=False, name=None)
    truth = np.array([city.truth[key] for key in keys])
    table["covers"] = table["conf_low"].le(truth + 1e-9) & table["conf_high"].ge(
        truth - 1e-9
    )
    each = table.groupby(["measure", "statistic", "group"], observed=True)["covers"]
    cover = each.mean().groupby(["measure", "statistic"]).agg(["mean", "min"])
    assert cover["mean"].between(0.92, 1.0).all(), cover
    assert cover["mean"].le(0.99).all(), cover
    assert cover["min"].ge(0.85).all(), cover

    if gap == 0:
        gaps = table[table["statistic"] == "difference"]
        flagged = (gaps["conf_low"] > 0) | (gaps["conf_high"] < 0)
        rate = flagged.groupby(gaps["measure"]).mean()
        assert rate.le(0.08).all(), rate


def batched(random):
    """Forty areas, eight quarters; by luck of each, few or most are closed on time."""
    areas = [f"{i:02}" for i in range(40)]
    quarters = []
    for quarter in range(8):
        on_time = random.beta(2, 2, len(areas))
        number = random.poisson(60, len(areas))
        soon = random.binomial(number, on_time)
        late = number - soon
        rows = [(a, 2, n, 0) for a, n in zip(areas, soon, strict=True)]
        rows += [(a, 9, n, 0) for a, n in zip(areas, late, strict=True)]
        quarters.append(counts(rows, period=f"quarter {quarter}"))
    return pd.concat(quarters, ignore_index=True)


def cover_of_batches():
    """Share of intervals that hold the truth: half on time everywhere, no gap."""
    random = np.random.default_rng(5)
    residents = [(f"{i:02}", 100 + 20 * i, 900 - 20 * i) for i in range(40)]
    options = {"reference": "White", "years": 2.0, "target_days": 5}
    hits = []
    for draw in range(160):
        table = exposure.by_race(
            batched(random), people(residents), replicates=200, seed=draw, **options
        )
        table = table[table["measure"] == SHARE_5].dropna(subset=["conf_low"])
        truth = table["statistic"].map({"level": 0.5, "difference": 0.0, "ratio": 1.0})
        inside = table["conf_low"].le(truth) & table["conf_high"].ge(truth)
        hits.append(inside.groupby(table["statistic"]).mean())
    return pd.concat(hits, axis=1).mean(axis=1)


@pytest.mark.slow
def test_closings_in_batches_are_covered(monkeypatch):
    """Volume alone does not know of batches, and its intervals are too narrow."""
    cover = cover_of_batches()
    assert cover[["level", "difference"]].ge(0.9).all(), cover
    monkeypatch.setattr(
        overdispersion, "of_requests", lambda table, _: overdispersion.of_counts(table)
    )
    monkeypatch.setattr(overdispersion, "of_share", lambda *_, **__: 1.0)
    narrow = cover_of_batches()
    assert narrow[["level", "difference"]].lt(0.6).all(), narrow


def test_a_share_beyond_the_last_day_known_is_not_known():
    """Followed for nine days at most, nobody can say who is closed within thirty."""
    counts = pd.DataFrame(
        {"area": "1", "period": "2025Q4", "days": [2, 9], "closed": [60, 0]}
    ).assign(censored=[0, 40])
    people = pd.DataFrame(
        {"area": "1", "race": ["Asian", "White"], "estimate": 500.0, "moe": np.nan}
    )
    options = {"reference": "White", "years": 1, "replicates": 200}
    late = exposure.by_race(counts, people, target_days=30, **options)
    late = late[late["measure"].str.startswith("share")]
    assert late["estimate"].isna().all()
    soon = exposure.by_race(counts, people, target_days=9, **options)
    levels = soon[
        (soon["statistic"] == "level") & soon["measure"].str.startswith("share")
    ]
    assert levels["estimate"].tolist() == pytest.approx([0.6] * 3)


def test_a_city_without_requests_has_no_rates_of_zero():
    """No file of requests is not the same as a file in which nobody asked."""
    counts = pd.DataFrame({"area": [], "closed": [], "censored": []})
    people = pd.DataFrame({"area": ["1", "2"], "estimate": [1000, 500]})
    assert exposure.by_area(counts, people, years=1).empty
    one = pd.DataFrame({"area": ["1"], "closed": [3], "censored": [0]})
    asked = exposure.by_area(one, people, years=1).set_index("area")["events"]
    assert asked.to_dict() == {"1": 3, "2": 0}
