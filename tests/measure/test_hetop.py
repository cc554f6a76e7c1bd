"""HETOP against published fits, peers, brute force, identities and simulated truth."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multinomial, norm
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.numdiff import approx_fprime, approx_hess3

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import hetop, hetop_fit, hetop_masked, hetop_rows
from equity.measure.hetop_model import HIGHEST, LOWEST
from equity.measure.hetop_read import Reading
from equity.measure.hetop_rows import Counts
from equity.measure.hetop_scale import Scale
from equity.measure.hetop_tables import BINORMAL, CUT, GAP, ICC, MEAN, SPREAD
from equity.measure.table import MEASURE_COLUMNS, select

relaxed = settings(deadline=None, max_examples=25, derandomize=True)

# R HETOP 0.2-6 polished to the optimum, and an independent Newton optimiser
CASES = ["g12_k3", "g20_k4", "g2_gap", "pkg_example_large", "pkg_example_sparse"]

# hetop_g2_gap: a district's White and Black students at four levels
DISTRICT = {"White": [310, 402, 498, 290], "Black": [420, 310, 190, 60]}
# hetop_pkg_example_sparse (mle_hetop.Rd): two-level, all-bottom and all-top groups
SPARSE = [
    *([5, 8, 0, 0], [0, 10, 10, 0], [12, 0, 0, 0], [0, 0, 0, 10], [4, 2, 6, 6]),
    *([7, 5, 5, 2], [6, 1, 5, 3], [4, 7, 4, 8], [5, 5, 7, 5], [1, 3, 7, 6]),
]


def frame(groups, **columns):
    """Tidy counts of a dict of group to counts by level, or of a list."""
    groups = groups if isinstance(groups, dict) else dict(enumerate(groups))
    rows = [
        {"group": str(group), "level": level, "students": count, **columns}
        for group, counts in groups.items()
        for level, count in enumerate(counts, start=1)
    ]
    return pd.DataFrame(rows)


def masked(counts, below):
    """Hide counts of 0 to `below` - 1, as publishers do, and give the total."""
    total = counts.groupby("group")["students"].transform("sum")
    hidden = counts["students"] < below
    return counts.assign(
        students=counts["students"].astype(float).mask(hidden),
        students_low=np.where(hidden, 0, np.nan),
        students_high=np.where(hidden, below - 1, np.nan),
        population=total,
    )


def values(table, measure, column="estimate"):
    return select(table, measure=measure)[column].to_numpy(dtype=float)


def close(found, expected, **within):
    np.testing.assert_allclose(found, expected, **{"rtol": 0, "atol": 1e-5} | within)


def shares(mean, sd, cuts):
    """Shares by level, written down anew."""
    below = norm.cdf((np.asarray(cuts) - mean) / sd)
    return np.diff(np.concatenate([[0], below, [1]]))


def reference(shared, name):
    return json.loads((shared / "references" / f"{name}.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_means_and_spreads_of_the_reference_fits(shared, case):
    case = reference(shared, f"hetop_{case}")
    counts, expected = frame(case["inputs"]["counts"]), case["expected"]
    table, scale = hetop.groups(counts), hetop.scales(counts)
    for measure, name in ((MEAN, "mean"), (SPREAD, "sd")):
        close(values(table, measure), expected["est_star"][name])
        errors = values(table, measure, "standard_error")
        close(errors, expected["se_star"][name], rtol=1e-5, atol=0)
    close(values(scale, CUT), expected["est_star"]["cutpoints"])
    errors = values(scale, CUT, "standard_error")
    close(errors, expected["se_star"]["cutpoints"], rtol=1e-5, atol=0)
    close(values(scale, ICC), [expected["est_star"]["icc"]])
    assert table["converged"].all()
    assert -scale["log_likelihood"].iloc[0] <= expected["neg_loglik"] + 1e-6


@pytest.mark.parametrize("case", CASES)
def test_bias_corrected_scale_of_the_reference_fits(shared, case):
    """Within 1e-5, though the reference corrects estimates up to 5e-5 off."""
    case = reference(shared, f"hetop_{case}")
    counts, expected = frame(case["inputs"]["counts"]), case["expected"]["est_starbc"]
    table = hetop.groups(counts, scale="bias-corrected")
    close(values(table, MEAN), expected["mug"])
    close(values(table, SPREAD), expected["sigmag"])
    scale = hetop.scales(counts, scale="bias-corrected")
    close(values(scale, CUT), expected["cutpoints"])
    close(values(scale, ICC), [expected["icc"]])


def test_gap_of_a_district_and_its_error():
    # hetop_g2_gap, White less Black
    table = hetop.gaps(frame(DISTRICT), reference="Black")
    gap, v = (select(table, measure=m).iloc[0] for m in (GAP, BINORMAL))
    close([gap["estimate"], v["estimate"]], [0.6358246134693277, 0.671619729914805])
    errors = [0.039388006420924306, 0.04555820320896206]
    close([gap["standard_error"], v["standard_error"]], errors, rtol=1e-5, atol=0)
    close(gap["conf_low"], 0.6358246134693277 - 1.959964 * errors[0])


def test_the_page_on_hetop_shows_these_numbers(root):
    page = " ".join((root / "docs" / "measures" / "hetop.md").read_text().split())
    counts = frame(DISTRICT)
    above = {
        level: counts[counts["level"] >= level].groupby("group")["students"].sum()
        / counts.groupby("group")["students"].sum()
        for level in (2, 3, 4)
    }
    points = [f"{100 * (above[k]['White'] - above[k]['Black']):.1f}" for k in above]
    assert (
        "{} points at basic, {} at proficient, {} at advanced".format(*points) in page
    )
    table = hetop.gaps(counts, reference="White")
    black = table[table["group"] == "Black"].set_index("measure")
    for measure in (GAP, BINORMAL):
        cells = black.loc[measure, ["estimate", "conf_low", "conf_high"]]
        estimate, low, high = (f"{abs(cell):.2f}" for cell in cells)
        assert f"-{estimate} (-{low} to -{high})" in page, measure
    few = masked(frame({**DISTRICT, "Asian": [2, 9, 14, 3]}), below=5)
    asian = select(hetop.groups(few), measure=MEAN, group="Asian").iloc[0]
    names = ["estimate", "conf_low", "conf_high", "case_low", "case_high"]
    shown = "{:.2f} ({:.2f} to {:.2f}), and {:.2f} to {:.2f}".format(*asian[names])
    assert shown in page, shown


def test_v_of_ordered_categories():
    # v_stat_categories_a: binormal maximum likelihood (Ho and Reardon 2012)
    counts = frame({"a": [120, 260, 410, 210], "b": [260, 310, 180, 50]})
    table = hetop.gaps(counts, reference="b")
    close(values(table, BINORMAL)[0], 0.784408019077868)
    error = values(table, BINORMAL, "standard_error")[0]
    close(error, 0.052414032636720315, rtol=1e-5, atol=0)
    close(values(table, GAP)[0], 0.7301779305855569)


def test_rules_of_sparse_groups_are_named_and_have_no_limits():
    table = hetop.groups(frame(SPARSE))
    mean = select(table, measure=MEAN)
    lowest, highest = mean.iloc[2], mean.iloc[3]
    assert lowest["rule"].startswith("all at the lowest level")
    assert highest["rule"].startswith("all at the highest level")
    assert lowest["estimate"] == mean["estimate"].min() == mean["estimate"].iloc[0]
    assert highest["estimate"] == mean["estimate"].max() == mean["estimate"].iloc[9]
    assert mean["conf_low"].isna().tolist() == [False] * 2 + [True] * 2 + [False] * 6
    spread = select(table, measure=SPREAD)
    tied = spread["rule"].str.startswith("fewer than three levels")
    assert tied.tolist() == [True] * 4 + [False] * 6
    assert spread["conf_low"].isna().equals(tied)
    free = spread["estimate"][~tied]
    close(spread["estimate"][tied], np.exp(np.log(free).mean()), atol=1e-12)


def test_empty_tiny_and_single_groups():
    counts = {**DISTRICT, "empty": [0, 0, 0, 0], "one": [0, 1, 0, 0], "four": [1] * 4}
    table = hetop.groups(frame(counts))
    mean = select(table, measure=MEAN).set_index("group")
    assert mean.loc["empty", "rule"] == "no students"
    assert np.isnan(mean.loc["empty", "estimate"])
    assert mean.loc["empty", "population"] == 0
    assert mean.loc[["one", "four"], "rule"].eq("estimated").all()
    assert mean.loc["one", "standard_error"] > mean.loc["four", "standard_error"] > 0.3

    alone = hetop.groups(frame({"all": DISTRICT["White"]}))
    close(alone["estimate"], [0, 1], atol=1e-12)
    assert alone[["conf_low", "conf_high"]].isna().all(axis=None)  # fixed by the scale


def test_one_estimated_group_is_the_lowest_and_the_highest():
    table = hetop.groups(frame([[10, 20, 10], [5, 0, 0], [0, 0, 5]]))
    close(values(table, MEAN), [0, 0, 0], atol=1e-9)
    assert table["converged"].all()


def test_levels_that_nobody_reaches():
    counts = frame({group: [0, *n[:2], 0, *n[2:], 0] for group, n in DISTRICT.items()})
    plain, more = frame(DISTRICT), counts
    close(hetop.groups(more)["estimate"], hetop.groups(plain)["estimate"], atol=1e-9)
    a, b, c = values(hetop.scales(plain), CUT)
    close(values(hetop.scales(more), CUT), [np.nan, a, b, b, c, np.nan], atol=1e-9)


@relaxed
@given(st.data())
def test_derivatives_are_the_slopes_of_the_likelihood(data):
    hidden = data.draw(st.booleans())
    low = data.draw(st.lists(st.integers(0, 6), min_size=4, max_size=4))
    more = data.draw(st.lists(st.integers(0, 5), min_size=4, max_size=4))
    low = np.array([low], dtype=float)
    high = low + (np.array([more]) if hidden else 0)
    total = np.array([np.ceil((low.sum() + high.sum()) / 2)])
    counts = Counts(low, high, total)
    point = np.array([0.3, -0.2, -0.9, 0.1, 1.2])

    def at(x, **options):
        return hetop_rows.derivatives(counts, x[:1], x[1:2], x[None, 2:], **options)

    def slope(function):
        steps = np.eye(5) * 1e-5
        return np.array(
            [(function(point + h) - function(point - h)) / 2e-5 for h in steps]
        )

    found = at(point)
    close(found.gradient[0], slope(lambda x: at(x).value[0]), atol=1e-6)
    close(found.information[0], -slope(lambda x: at(x).gradient[0]), atol=1e-6)
    scoring = at(point, scoring=True).information[0]
    assert np.linalg.eigvalsh(scoring).min() > -1e-9


@relaxed
@given(
    low=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    more=st.lists(st.integers(0, 4), min_size=3, max_size=3),
    known=st.booleans(),
    share=st.lists(st.floats(0.05, 1), min_size=3, max_size=3),
)
def test_masked_counts_are_added_up_exactly(low, more, known, share):
    low, high = np.array([low]), np.array([low]) + np.array([more])
    total = float(low.sum() + sum(more) // 2) if known else np.nan
    share = np.array(share) / sum(share)
    every = np.array(
        list(product(*(range(a, b + 1) for a, b in zip(low[0], high[0], strict=True))))
    )
    if known:
        every = every[every.sum(axis=1) == total]
    chance = multinomial.pmf(every, every.sum(axis=1), share)
    found = hetop_masked.expected(
        low.astype(float), high.astype(float), np.array([total]), np.log(share)[None]
    )
    close(np.exp(found[0]), chance.sum(), atol=1e-10)
    weights = chance / chance.sum()
    close(found[1][0], weights @ every, atol=1e-8)
    around = every - weights @ every
    close(found[2][0], (around * weights[:, None]).T @ around, atol=1e-8)


def test_tight_bounds_are_known_counts():
    counts = frame(DISTRICT)
    bounds = counts.drop(columns="students").assign(
        students_low=counts["students"], students_high=counts["students"]
    )
    pd.testing.assert_frame_equal(hetop.groups(counts), hetop.groups(bounds))
    one = counts.assign(students=counts["students"].astype(float))
    one.loc[0, "students"] = np.nan  # the total and the other levels tell it
    one["population"] = one["group"].map({g: sum(n) for g, n in DISTRICT.items()})
    pd.testing.assert_frame_equal(hetop.groups(counts), hetop.groups(one))


def test_masked_fit_is_the_maximum_that_a_generic_optimiser_finds():
    groups = [[30, 44, 13, 25], [4, 20, 31, 12], [22, 18, 9, 2], [3, 9, 3, 30]]
    counts = masked(frame(groups), below=5)

    def cost(x):
        cuts = np.array([-0.6, 0.4, 0.4 + np.exp(x[8])])
        total = 0.0
        for mean, log_sd, n in zip(x[:4], x[4:8], groups, strict=True):
            ranges = [range(5) if k < 5 else [k] for k in n]
            every = np.array([c for c in product(*ranges) if sum(c) == sum(n)])
            share = shares(mean, np.exp(log_sd), cuts)
            total -= np.log(multinomial.pmf(every, sum(n), share).sum())
        return total

    def standardised(x):
        weight = np.array([sum(n) for n in groups]) / sum(map(sum, groups))
        middle = weight @ x[:4]
        width = np.sqrt(weight @ (x[:4] - middle) ** 2 + weight @ np.exp(2 * x[4:8]))
        return np.concatenate([x[:4] - middle, np.exp(x[4:8])]) / width

    x = minimize(cost, np.zeros(9), method="BFGS", options={"gtol": 1e-6}).x
    table = hetop.groups(counts)
    close(table["estimate"], standardised(x), atol=2e-5)
    slope = approx_fprime(x, standardised, centered=True)
    covariance = np.linalg.inv(approx_hess3(x, cost))
    error = np.sqrt(np.diag(slope @ covariance @ slope.T))
    close(table["standard_error"], error, rtol=1e-3)
    # a level hidden alone is told by the total
    close(values(table, MEAN, "masked_share"), [0, 0, 0, 6 / 45], atol=1e-12)
    assert table["method"].str.contains("masked counts as bounds").all()


def test_best_and_worst_case_enclose_every_count_that_may_hide():
    groups = {"A": [3, 20, 25, 2], "B": [4, 3, 9, 1], "C": [30, 40, 20, 10]}
    counts = masked(frame(groups), below=5)
    table = select(hetop.groups(counts), measure=MEAN).set_index("group")
    fit = hetop_fit.fit(Reading.of(counts).counts)
    scale, cuts = Scale.of(fit, 0), fit.cuts[0]
    for place, (group, n) in enumerate([*groups.items()][:2]):
        ranges = [range(5) if k < 5 else [k] for k in n]
        every = np.array([c for c in product(*ranges) if sum(c) == sum(n)], dtype=float)
        rows = Counts.exact(every)
        size = len(every)
        free = (rows.populated >= 3) & ~fit.tied[place]
        mean, _ = hetop_rows.fit(
            rows,
            np.broadcast_to(cuts, (size, 3)),
            np.zeros(size),
            np.full(size, fit.log_sd[0, place]),
            free,
        )
        mean = scale.standardised(mean)
        close(
            table.loc[group, ["case_low", "case_high"]].astype(float),
            [mean.min(), mean.max()],
            atol=1e-6,
        )
        assert table.loc[group, "case_low"] <= table.loc[group, "estimate"]
        assert table.loc[group, "estimate"] <= table.loc[group, "case_high"]
    gaps = hetop.gaps(counts, reference="C")
    a = select(gaps, measure=GAP, group="A").iloc[0]
    close(a["case_low"], table.loc["A", "case_low"] - table.loc["C", "estimate"])
    v = select(gaps, measure=BINORMAL)
    assert v["case_low"].between(-np.inf, v["estimate"] + 1e-9).all()
    assert v["case_high"].between(v["estimate"] - 1e-9, np.inf).all()


def test_bounds_that_bound_nothing_are_said():
    counts = masked(frame({**DISTRICT, "few": [1, 0, 2, 1]}), below=5)
    few = select(hetop.groups(counts), measure=MEAN, group="few").iloc[0]
    assert few["rule"].startswith("not known")
    assert few[["estimate", "case_low", "case_high"]].isna().all()
    assert few["masked_share"] == 1
    left_out = hetop.scales(counts)["left_out_share"].iloc[0]
    close(left_out, 4 / (1500 + 980 + 4), atol=1e-12)

    counts = frame({**DISTRICT, "top": [0, 0, 2, 60]}).assign(population=np.nan)
    counts.loc[counts["group"] == "top", "population"] = 62
    ends = {"students": np.nan, "students_low": [0, 0, 0, 59], "students_high": 3}
    counts = counts.assign(students_low=np.nan, students_high=np.nan)
    counts = counts.astype({"students": float})
    counts.loc[counts["group"] == "top", list(ends)] = pd.DataFrame(ends).to_numpy()
    counts.loc[counts.index[-1], "students_high"] = 62  # 95 % or more: GE95
    top = select(hetop.groups(counts), measure=MEAN, group="top").iloc[0]
    assert top["rule"].startswith("not known")
    assert top[["estimate", "case_high"]].isna().all()  # all 62 may be at the highest
    rest = select(hetop.groups(frame(DISTRICT)), measure=MEAN)["estimate"]
    assert top["case_low"] > rest.max() + 0.5  # and 59 surely are


def test_a_masked_row_that_may_as_well_be_high_as_low_is_left_open():
    groups = {"A": [30, 900, 70], "B": [70, 900, 30], "open": [0, 20, 6]}
    counts = masked(frame(groups), below=7)
    mean = select(hetop.groups(counts), measure=MEAN).set_index("group")
    assert mean["converged"].all()
    assert mean.loc["open", "rule"].startswith("not known")
    assert np.isnan(mean.loc["open", "estimate"])
    low, high = mean.loc["open", ["case_low", "case_high"]]
    close(low, -high, atol=1e-9)
    assert high > mean.loc["A", "estimate"]


def test_one_spread_for_all_is_statsmodels_ordered_probit():
    counts = frame(
        {"A": [20, 30, 40, 10], "B": [35, 30, 25, 10], "C": [10, 12, 30, 28]}
    )
    people = counts.loc[counts.index.repeat(counts["students"])]
    dummies = pd.get_dummies(people["group"])[["B", "C"]].astype(float)
    fitted = OrderedModel(
        people["level"].to_numpy(), dummies.to_numpy(), distr="probit"
    ).fit(method="bfgs", disp=False, gtol=1e-8)
    mean = np.concatenate([[0], fitted.params[:2]])
    weight = np.array([100, 100, 80]) / 280
    width = np.sqrt(weight @ (mean - weight @ mean) ** 2 + 1)
    table = hetop.groups(counts, spread="common")
    close(values(table, MEAN), (mean - weight @ mean) / width)
    close(values(table, SPREAD), [1 / width] * 3)
    gaps = hetop.gaps(counts, reference="A", spread="common")
    close(values(gaps, BINORMAL), mean)
    close(values(gaps, BINORMAL, "standard_error")[1:], fitted.bse[:2], rtol=1e-4)


def test_two_levels_tell_a_gap_if_all_have_one_spread():
    counts = frame({"A": [30, 70], "B": [50, 50]})
    with pytest.raises(InputError, match="two levels only"):
        hetop.groups(counts)
    table = hetop.gaps(counts, reference="B", spread="common")
    close(values(table, BINORMAL)[0], norm.ppf(0.7), atol=1e-9)


def test_pooled_tables_are_the_maximum_that_a_generic_optimiser_finds():
    years = {
        2020: [[30, 44, 13, 25], [14, 20, 31, 12], [22, 18, 9, 12]],
        2021: [[12, 24, 20, 9], [10, 15, 21, 22], [30, 18, 11, 5]],
    }
    counts = pd.concat(frame(n, year=year) for year, n in years.items())

    def cost(x):
        total = 0.0
        for place, n in enumerate(years.values()):
            cuts = np.array([-0.6, 0.4, 0.4 + np.exp(x[9 + place])])
            for mean, log_sd, row in zip(x[3 * place :], x[6:9], n, strict=False):
                sd = np.exp(log_sd + place * x[11])
                total -= np.array(row) @ np.log(shares(mean, sd, cuts))
        return total

    def standardised(x, place, n):
        mean, sd = x[3 * place :][:3], np.exp(x[6:9] + place * x[11])
        weight = np.sum(n, axis=1) / np.sum(n)
        width = np.sqrt(weight @ (mean - weight @ mean) ** 2 + weight @ sd**2)
        return np.concatenate([(mean - weight @ mean) / width, sd / width])

    x = minimize(cost, np.zeros(12), method="BFGS", options={"gtol": 1e-6}).x
    covariance = np.linalg.inv(approx_hess3(x, cost))
    table = hetop.groups(counts, pooled=True)
    for place, (year, n) in enumerate(years.items()):
        found = table[table["year"] == year]
        close(found["estimate"], standardised(x, place, n), atol=2e-5)
        slope = approx_fprime(x, standardised, args=(place, n), centered=True)
        error = np.sqrt(np.diag(slope @ covariance @ slope.T))
        close(found["standard_error"], error, rtol=1e-3)
    apart = hetop.groups(counts)
    assert table["converged"].all()
    # what several tables tell together is known better
    errors, more = (values(t, SPREAD, "standard_error") for t in (table, apart))
    assert (errors < more).all()


def test_the_same_table_twice_pooled():
    counts = frame([n for n in SPARSE if np.count_nonzero(n) > 1])
    twice = pd.concat([counts.assign(year=2020), counts.assign(year=2021)])
    once, pooled = hetop.groups(counts), hetop.groups(twice, pooled=True)
    for year in (2020, 2021):
        close(pooled[pooled["year"] == year]["estimate"], once["estimate"], atol=1e-7)
    apart = hetop.groups(twice)
    close(apart["estimate"], [*once["estimate"]] * 2, atol=1e-9)


counted = st.lists(
    st.lists(st.integers(3, 60), min_size=4, max_size=4), min_size=2, max_size=6
)


@settings(relaxed, max_examples=8)
@given(counted)
def test_identities(groups):
    table = hetop.groups(frame(groups))
    mean, sd = values(table, MEAN), values(table, SPREAD)
    weight = np.sum(groups, axis=1) / np.sum(groups)
    close(weight @ mean, 0, atol=1e-9)  # the standardised scale
    close(weight @ (mean**2 + sd**2), 1, atol=1e-9)
    assert (table["conf_low"] < table["estimate"]).all()

    turned = hetop.groups(frame([n[::-1] for n in groups]))  # levels upside down
    close(values(turned, MEAN), -mean, atol=1e-7)
    close(values(turned, SPREAD), sd, atol=1e-7)
    reverse = hetop.groups(frame(groups[::-1]))
    close(values(reverse, MEAN)[::-1], mean, atol=1e-7)
    ninefold = hetop.groups(frame((9 * np.array(groups)).tolist()))
    close(values(ninefold, MEAN), mean, atol=1e-7)
    errors = values(table, MEAN, "standard_error")
    close(3 * values(ninefold, MEAN, "standard_error"), errors, atol=1e-6)
    forth, back = (
        hetop.gaps(frame(groups), reference=name).iloc[place]
        for name, place in (("0", 1), ("1", 0))
    )
    close(forth["estimate"], -back["estimate"], atol=1e-9)
    close(forth["standard_error"], back["standard_error"], atol=1e-9)


def test_input_is_unchanged_and_columns_are_in_order():
    counts = masked(frame(DISTRICT, year=2020), below=70)
    before = counts.copy(deep=True)
    table = hetop.groups(counts)
    hetop.gaps(counts, reference="White")
    hetop.scales(counts)
    pd.testing.assert_frame_equal(counts, before)
    start = ["year", "group", "population", "statistic", *MEASURE_COLUMNS]
    assert table.columns[: len(start)].tolist() == start


def test_units_have_references_of_their_own():
    first = frame(DISTRICT, unit="North")
    second = frame({"White": [90, 80, 70, 60], "Black": [90, 80, 70, 60]}, unit="South")
    third = frame({"Black": [40, 30, 20, 10]}, unit="East")
    table = hetop.gaps(pd.concat([first, second, third]), reference="White")
    gap = select(table, measure=GAP).set_index(["unit", "group"])
    assert gap.loc[("North", "Black"), "estimate"] < -0.3
    close(gap.loc[("South", "Black"), "estimate"], 0, atol=1e-9)
    assert gap.loc[("East", "Black"), "rule"] == "no reference in the unit"
    assert np.isnan(gap.loc[("East", "Black"), "estimate"])


def test_labels_are_ordered_by_their_categories():
    names = ["below basic", "basic", "proficient", "advanced"]
    counts = frame(DISTRICT).sample(frac=1, random_state=1)
    labels = counts["level"].map(dict(enumerate(names, start=1)))
    with pytest.raises(InputError, match="has no order"):
        hetop.groups(counts.assign(level=labels))
    named = counts.assign(level=pd.Categorical(labels, names, ordered=True))
    found = hetop.groups(named).sort_values(["measure", "group"])
    plain = hetop.groups(frame(DISTRICT)).sort_values(["measure", "group"])
    close(found["estimate"], plain["estimate"], atol=1e-9)
    assert hetop.scales(named)["level"].tolist()[:3] == names[1:]


def test_no_maximum_is_said():
    # the likelihood rises for ever as the one spread of all shrinks
    table = hetop.groups(frame([[4, 7, 0], [2, 1, 0], [0, 5, 1]]))
    assert not table["converged"].any()
    assert table["method"].str.endswith("no maximum found").all()
    assert table[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)


def test_everyone_at_one_level_tells_nothing():
    table = hetop.groups(frame({"A": [0, 9, 0], "B": [0, 7, 0]}))
    assert table["estimate"].isna().all()
    assert table["rule"].str.startswith("not known").all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"students": None}, ColumnNotFoundError, "students_low"),
        ({"level": None}, ColumnNotFoundError, "level"),
        ({"students": -1}, InputError, "students is negative in 8 of 8 rows"),
        ({"students": 1.5}, InputError, "not a whole number"),
        ({"students": np.inf}, InputError, "not finite"),
        ({"students": np.nan}, InputError, "population is not known either"),
        ({"level": 1}, InputError, "level comes twice"),
        ({"group": np.nan}, InputError, "column group is missing in 8 of 8 rows"),
        ({"population": 5}, InputError, "do not add up to population in 2 of 2"),
        ({"population": range(8)}, InputError, "differs between levels in 2 groups"),
    ],
)
def test_refusals(change, error, message):
    counts = frame(DISTRICT)
    for name, value in change.items():
        counts = (
            counts.drop(columns=name)
            if value is None
            else counts.assign(**{name: value})
        )
    with pytest.raises(error, match=message):
        hetop.groups(counts)


def test_refusals_of_options():
    counts = frame(DISTRICT)
    with pytest.raises(UnknownGroupError, match="'Wite' is no group; expected one of"):
        hetop.gaps(counts, reference="Wite")
    for options in ({"spread": "free"}, {"scale": "corrected"}, {"confidence": 95}):
        with pytest.raises(ParamsError, match=f"{next(iter(options))} is"):
            hetop.groups(counts, **options)
    crossed = counts.assign(students=np.nan, students_low=4, students_high=2)
    with pytest.raises(InputError, match="students_low exceeds students_high"):
        hetop.groups(crossed)


def test_limits_hold_the_truth_with_counts_masked_as_publishers_do():
    """Thirty schools of two groups; counts below five hidden, totals published."""
    random = np.random.default_rng(7)
    schools, cuts, held = 30, np.array([-0.8, 0.1, 1.0]), []
    for _ in range(15):
        mean = np.concatenate([random.normal(at, 0.3, schools) for at in (0.2, -0.3)])
        sd = np.exp(random.normal(-0.1, 0.1, 2 * schools))
        number = random.integers(25, 200, 2 * schools)
        students = [
            random.multinomial(n, shares(m, s, cuts))
            for n, m, s in zip(number, mean, sd, strict=True)
        ]
        counts = masked(frame(students), below=5)
        place = counts["group"].astype(int)
        counts["unit"] = "school " + (place % schools).astype(str)
        counts["group"] = np.where(place < schools, "White", "Black")
        weight = number / number.sum()
        width = np.sqrt(weight @ (mean - weight @ mean) ** 2 + weight @ sd**2)
        truth = (mean[schools:] - mean[:schools]) / width
        gap = select(hetop.gaps(counts, reference="White"), measure=GAP)
        gap = gap.set_index(["group", "unit"]).loc["Black"]
        gap = gap.loc[[f"school {school}" for school in range(schools)]]
        known = gap["conf_low"].notna().to_numpy()
        assert known.mean() > 0.95
        inside = (gap["conf_low"] <= truth) & (truth <= gap["conf_high"])
        held.append(inside[known].mean())
    assert 0.93 < np.mean(held) < 0.97  # 450 gaps: 0.95, give or take 0.02


def test_extreme_groups_may_be_lowest_in_one_table_and_known_in_another():
    first = {"A": [9, 0, 0, 0], "B": [5, 9, 9, 5], "C": [9, 5, 5, 5]}
    second = {"A": [5, 9, 5, 4], "B": [5, 9, 9, 5], "C": [0, 0, 0, 7]}
    counts = pd.concat([frame(first, year=2020), frame(second, year=2021)])
    fit = hetop_fit.fit(Reading.of(counts).counts)
    assert fit.converged
    assert fit.source[0, 0] == LOWEST
    assert fit.source[1, 2] == HIGHEST
    assert not fit.tied.any()
    table = hetop.groups(counts, pooled=True)
    mean = select(table, measure=MEAN).set_index(["year", "group"])["estimate"]
    assert mean[2020, "A"] == mean[2020].min() == mean[2020, "C"]
