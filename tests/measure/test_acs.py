"""Margin arithmetic against the Census Bureau's worked examples and identities."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import acs

relaxed = settings(deadline=None, max_examples=50, derandomize=True)

HANDBOOK = "US Census Bureau, ACS General Handbook (2018, 2020)"

estimates = st.integers(1, 10**7)
margins = st.integers(0, 10**6)


def test_sum_of_the_handbook():
    # acs_sum_handbook: ch. 8 Table 8.1, never-married women, published 203,119 ± 5,070
    people, moe = acs.total([135173, 43104, 24842], [3860, 2642, 1957])
    assert people == 203119, HANDBOOK
    assert moe == pytest.approx(5070.4647715963865, abs=1e-6), HANDBOOK


def test_sum_of_two_published_estimates():
    # census-data-aggregator test_sum: children under five
    people, moe = acs.total([10154024, 9712936], [3778, 3911])
    assert people == 19866960
    assert moe == pytest.approx(5437.757350231803, abs=1e-6)


def test_of_several_zeros_only_the_largest_margin_counts():
    # acs_sum_zero_rule: Census Bureau webinar of 2018-04-18, p. 52
    people, moe = acs.total([0, 0, 0, 41], [22, 22, 29, 37])
    assert people == 41
    assert moe == pytest.approx(47.01063709417264, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "moes", "expected"),
    [
        ([0], [11], 11),
        ([0, 0, 0], [19, 27, 22], 27),  # the Bureau's rule, all zero
        ([0, 62], [24, 58], np.hypot(24, 58)),
        ([73, 22], [27, 26], np.hypot(27, 26)),
        ([], [], 0),
    ],
)
def test_zero_rule_at_its_edges(values, moes, expected):
    assert acs.total(values, moes)[1] == pytest.approx(expected)


def test_sums_along_an_axis():
    people, moe = acs.total([[0, 0], [3, 4]], [[5, 12], [3, 4]])
    np.testing.assert_array_equal(people, [0, 7])
    np.testing.assert_array_equal(moe, [12, 5])
    people, moe = acs.total([[0, 0], [3, 4]], [[5, 12], [3, 4]], axis=0)
    np.testing.assert_allclose(moe, [np.hypot(5, 3), np.hypot(12, 4)])


def test_proportion_of_the_handbook():
    # acs_proportion_handbook: ch. 8 Table 8.4, published 0.322 ± 0.008
    women, women_moe = acs.total([466037, 97360, 67101], [391, 572, 459])
    assert women == 630498
    assert women_moe == pytest.approx(831.1113042186347, abs=1e-9)
    share, moe = acs.proportion(
        numerator=203119,
        numerator_moe=5070.4647715963865,
        denominator=women,
        denominator_moe=women_moe,
    )
    assert share == pytest.approx(0.32215645410453325, abs=1e-9), HANDBOOK
    assert moe == pytest.approx(0.008030779750797893, abs=1e-9), HANDBOOK


def test_negative_radicand_takes_the_formula_for_ratios():
    # rule of the handbook, ch. 8: 50² - 0.9² 100² is negative
    parts = {"numerator": 900, "denominator": 1000}
    moes = {"numerator_moe": 50, "denominator_moe": 100}
    share, moe = acs.proportion(**parts, **moes)
    assert share == 0.9
    assert (
        moe == acs.ratio(**parts, **moes)[1] == pytest.approx(np.hypot(50, 90) / 1000)
    )


def test_proportions_at_their_edges():
    share, moe = acs.proportion(
        numerator=[2, 0, 5, 0, 3],
        numerator_moe=[3, 12, 4, 11, np.nan],
        denominator=[2, 100, 5, 0, 9],
        denominator_moe=[3, 30, 6, 11, 2],
    )
    np.testing.assert_allclose(share, [1, 0, 1, np.nan, 1 / 3])
    # radicand zero; nobody in the part; negative radicand; empty whole; not known
    np.testing.assert_allclose(moe, [0, 0.12, np.hypot(4, 6) / 5, np.nan, np.nan])


def test_ratio_of_the_handbook():
    # acs_ratio_handbook: ch. 8 Table 8.5, published 1.117 ± 0.039
    men, men_moe = acs.total([156720, 44613, 25507], [4222, 2819, 2259])
    assert men == 226840
    assert men_moe == pytest.approx(5556.53903072767)
    value, moe = acs.ratio(
        numerator=men,
        numerator_moe=men_moe,
        denominator=203119,
        denominator_moe=5070,
    )
    assert value == pytest.approx(1.1167837573048311, abs=1e-9), HANDBOOK
    assert moe == pytest.approx(0.0390565253245535, abs=1e-9), HANDBOOK


def test_ratio_with_nobody_above_or_below_the_line():
    value, moe = acs.ratio(
        numerator=[0, 7], numerator_moe=[11, 3], denominator=[50, 0], denominator_moe=9
    )
    np.testing.assert_array_equal(value, [0, np.nan])
    np.testing.assert_array_equal(moe, [0.22, np.nan])


def test_product_of_the_handbook():
    # acs_product_handbook: ch. 8, published 61,393,366 ± 202,289
    homes, moe = acs.product(74506512, 228238, 0.824, 0.001)
    assert homes == pytest.approx(61393365.888, abs=1e-3), HANDBOOK
    assert moe == pytest.approx(202288.98902721, abs=1e-3), HANDBOOK


def test_percent_change_of_the_handbook():
    # acs_percent_change: census-data-aggregator test_percentchange
    change, moe = acs.percent_change(old=135173, old_moe=3860, new=139301, new_moe=4047)
    assert change == pytest.approx(3.0538643072211165, abs=1e-9)
    assert moe == pytest.approx(4.198069852261231, abs=1e-9)


def test_percent_change_from_nothing_is_missing():
    change, moe = acs.percent_change(old=[0, 5], old_moe=9, new=[5, 0], new_moe=9)
    np.testing.assert_array_equal(change, [np.nan, -100])
    np.testing.assert_array_equal(moe, [np.nan, 180])


def test_other_levels_take_the_handbooks_constants():
    # acs_moe_conversion95: census-error-analyzer README; handbook ch. 7
    assert acs.to_confidence(3778, 0.95) == pytest.approx(4501.446808510638, abs=1e-9)
    assert acs.to_confidence(3778, 0.95) == pytest.approx(3778 * 1.96 / 1.645)
    assert acs.to_confidence(3778, 0.99) == pytest.approx(3778 * 2.576 / 1.645)
    assert acs.to_confidence(3778, 0.90) == pytest.approx(3778)
    assert acs.standard_error(3778) == pytest.approx(2296.656534954407, abs=1e-9)
    assert acs.critical_value(0.8) == pytest.approx(1.2815515655446004)
    with pytest.raises(ParamsError, match="confidence is 95"):
        acs.to_confidence(3778, 95)


@pytest.mark.parametrize("confidence", [0.90, 0.95, 0.99])
def test_significance_of_median_ages(confidence):
    # acs_significance_median_age: census-error-analyzer README; handbook ch. 7
    answer = acs.significance(37.9, 0.1, 38.4, 0.1, confidence)
    assert abs(answer.difference) / answer.moe == pytest.approx(3.5355339059327378)
    assert answer.z == pytest.approx(5.8159532752593535, abs=1e-6)
    assert answer.significant


def test_significance_at_its_edges():
    answer = acs.significance(
        [5, 5, 5, 5], [3, 0, 0, np.nan], [5, 5, 6, 9], [4, 0, 0, 1]
    )
    np.testing.assert_array_equal(answer.z, [0, 0, np.inf, np.nan])
    np.testing.assert_array_equal(answer.significant, [False, False, True, False])


def test_a_difference_of_exactly_the_margin_is_not_significant():
    assert not acs.significance(10, 3, 15, 4).significant
    assert acs.significance(10, 3, 15.01, 4).significant


BINS = [2499, *range(10000, 50001, 5000), 60000, 75000, 100000, 125000, 150000, 200000]
TOPS = [edge - 1 for edge in BINS[1:]] + [250001]


LOS_ANGELES_ONE_YEAR = (
    *(1382, 2377, 1332, 3129, 1927, 1825, 1567, 1996),
    *(1757, 3523, 4360, 6424, 5257, 3485, 2926, 4215),
)
FIVE_YEARS = (
    *(186, 78, 98, 287, 142, 90, 107, 104),
    *(178, 106, 177, 262, 77, 100, 58, 18),
)


@pytest.mark.parametrize(
    ("homes", "percent", "expected"),
    [
        # acs_median_interpolated_la: census-data-aggregator test_median, LA 2013 acs1
        (LOS_ANGELES_ONE_YEAR, 2.5, (70065.84266055046, 3850.680465234964)),
        # the worked example in the documentation of the same package
        (FIVE_YEARS, 12.5, (42211.096153846156, 4706.522752733644)),
    ],
)
def test_median_household_income(homes, percent, expected):
    got = acs.median(BINS, TOPS, homes, sampling_percentage=percent)
    assert got == pytest.approx(expected, abs=1e-6)


def test_median_at_its_edges():
    bins = [0, 50000, 100000, 200000], [49999, 99999, 199999, 250001]
    middle, moe = acs.median(*bins, [5, 5, 5, 5], sampling_percentage=1)
    assert middle == 99999
    assert np.isnan(moe)  # so few people that the limits lie outside all bins
    assert np.isnan(acs.median(*bins, [50] * 4)[1])  # no sampling percentage given
    assert np.isnan(acs.median(*bins, [0] * 4, sampling_percentage=1)).all()
    assert np.isnan(acs.median(*bins, [np.nan, 1, 1, 1], sampling_percentage=1)).all()
    top, moe = acs.median(*bins, [50, 50, 50, 5000], sampling_percentage=1)
    assert 200000 < top < 250001
    assert moe > 0


def test_median_widens_with_the_design_factor_and_ignores_the_order_of_bins():
    bins = np.array([[0, 10, 20], [10, 20, 30], [1000, 3000, 2000]])
    plain = acs.median(*bins, sampling_percentage=10)
    wider = acs.median(*bins, sampling_percentage=10, design_factor=1.5)
    assert wider[0] == plain[0]
    assert wider[1] == pytest.approx(1.5 * plain[1])
    assert acs.median(*bins[:, ::-1], sampling_percentage=10) == plain


def test_median_refuses_bins_upside_down():
    with pytest.raises(InputError, match="lower below upper"):
        acs.median([10], [0], [5])


def test_replicates_reproduce_r_survey(shared):
    # acs_pums_sdr_a: R survey, svrepdesign(type="successive-difference", mse=TRUE)
    people = pd.read_csv(shared / "references" / "data" / "pums_like_A.csv")
    weights = people[["w", *(f"w{number}" for number in range(1, 81))]].to_numpy()
    race = people["race"].to_numpy()

    def shares_and_totals(group):
        rows = race == group
        events = (weights[rows] * people.loc[rows, ["y"]].to_numpy()).sum(axis=0)
        return events / weights[rows].sum(axis=0), events

    def spread(statistic):
        return acs.replicate_standard_error(statistic[0], statistic[1:])

    expected = {
        "B": (0.2176795580110497, 0.053962536083499685, 788, 212.682274766846),
        "H": (0.1615326821938392, 0.06161085441655253, 430, 183.555441215999),
        "W": (0.3215731636784268, 0.03646321209173956, 2780, 371.359529297418),
    }
    moes = {"B": 0.08876837185735698, "H": 0.1013498555152289, "W": 0.05998198389091158}
    for group, values in expected.items():
        share, events = shares_and_totals(group)
        got = share[0], spread(share), events[0], spread(events)
        assert got == pytest.approx(values, rel=1e-8)
        assert acs.critical_value(0.90) * spread(share) == pytest.approx(
            moes[group], rel=1e-8
        )
    gap = shares_and_totals("W")[0] - shares_and_totals("B")[0]
    assert gap[0] == pytest.approx(0.1038936056673771, rel=1e-8)
    assert spread(gap) == pytest.approx(0.05760662882432689, rel=1e-8)
    income = (weights * people[["inc"]].to_numpy()).sum(axis=0) / weights.sum(axis=0)
    assert income[0] == pytest.approx(51612.0627051651, rel=1e-8)
    assert spread(income) == pytest.approx(2450.8243167568, rel=1e-8)


def test_replicates_of_several_statistics_at_once():
    replicates = np.array([[9.0, 11.0] * 40, [5.0, 5.0] * 40])
    np.testing.assert_allclose(
        acs.replicate_standard_error([10, 5], replicates), [2, 0]
    )
    np.testing.assert_allclose(
        acs.replicate_standard_error([10, 5], replicates.T, axis=0), [2, 0]
    )


@relaxed
@given(estimates, margins, estimates, margins)
def test_swapping_turns_differences_and_ratios_round(a, a_moe, b, b_moe):
    gap, moe = acs.difference(a, a_moe, b, b_moe)
    assert acs.difference(b, b_moe, a, a_moe) == (-gap, moe)
    one, one_moe = acs.ratio(
        numerator=a, numerator_moe=a_moe, denominator=b, denominator_moe=b_moe
    )
    other, other_moe = acs.ratio(
        numerator=b, numerator_moe=b_moe, denominator=a, denominator_moe=a_moe
    )
    assert one * other == pytest.approx(1)
    # identity: relative margins of a ratio do not depend on its direction
    assert one_moe / one == pytest.approx(other_moe / other)


@relaxed
@given(estimates, margins, estimates, margins)
def test_scalars_and_arrays_agree(a, a_moe, b, b_moe):
    for function in (acs.difference, acs.product):
        scalar = function(a, a_moe, b, b_moe)
        array = function([a, 1], [a_moe, 1], [b, 1], [b_moe, 1])
        assert scalar == (array[0][0], array[1][0])
        assert not isinstance(scalar[0], np.ndarray)


@relaxed
@given(st.lists(st.tuples(st.integers(0, 100), margins), min_size=1))
def test_margin_of_a_sum_lies_between_the_largest_and_all_of_them(pairs):
    moes = [moe for _, moe in pairs]
    _, moe = acs.total(*zip(*pairs, strict=True))
    assert max(moes) * (1 - 1e-12) <= moe <= np.hypot.reduce(moes) * (1 + 1e-12)


def test_missing_in_missing_out():
    assert np.isnan(acs.total([1, 2], [3, np.nan])[1])
    assert np.isnan(acs.difference(1, np.nan, 2, 3)[1])
    assert np.isnan(acs.standard_error(np.nan))
    moe = pd.Series([None, 329], dtype="Int64")
    np.testing.assert_allclose(acs.standard_error(moe), [np.nan, 200])


def test_annotation_codes_are_refused():
    with pytest.raises(InputError, match="margins of error are negative in 1 of 2"):
        acs.total([5, 6], [3, -555555555])


TRACTS = pd.DataFrame(
    {
        "area": ["1", "1", "2", "2"],
        "race": pd.Categorical(
            ["White", "Black", "White", "Black"], ["Asian", "Black", "White"]
        ),
        "estimate": [700, 300, 500, 500],
        "moe": [80, 60, 70, 70],
    }
)


def test_shares_are_the_handbooks_sums_and_proportions():
    before = TRACTS.copy()
    got = acs.shares(TRACTS, confidence=0.95).set_index("group")
    people, people_moe = acs.total([300, 500], [60, 70])
    everyone, everyone_moe = acs.total([700, 300, 500, 500], [80, 60, 70, 70])
    share, moe = acs.proportion(
        numerator=people,
        numerator_moe=people_moe,
        denominator=everyone,
        denominator_moe=everyone_moe,
    )
    black = got.loc["Black"]
    assert (black["events"], black["population"]) == (800, 2000)
    assert black["events_moe"] == pytest.approx(people_moe)
    assert black["estimate"] == pytest.approx(share) == 0.4
    assert black["conf_low"] == pytest.approx(share - moe * 1.96 / 1.645)
    assert black["conf_high"] == pytest.approx(share + moe * 1.96 / 1.645)
    assert got["estimate"].sum() == pytest.approx(1)
    assert got.index.tolist() == ["Asian", "Black", "White"]
    assert str(got["events"].dtype) == "Int64"
    pd.testing.assert_frame_equal(TRACTS, before)


def test_a_race_without_rows_stays_without_limits():
    asian = acs.shares(TRACTS).set_index("group").loc["Asian"]
    assert (asian["events"], asian["estimate"]) == (0, 0)
    assert np.isnan([asian["conf_low"], asian["conf_high"]]).all()


def test_a_full_count_has_no_sampling_margin():
    counted = TRACTS.assign(moe=pd.array([None] * 4, "Int64"))
    got = acs.shares(counted)
    np.testing.assert_array_equal(got["conf_low"], got["estimate"])
    np.testing.assert_array_equal(got["conf_high"], got["estimate"])
    assert got["method"].eq("full count").all()


def test_weighted_people_keep_their_fractions():
    got = acs.shares(TRACTS.assign(estimate=[0.5, 1.25, 2.0, 3.25]))
    np.testing.assert_allclose(got["events"], [0, 4.5, 2.5])


def test_an_unknown_estimate_makes_shares_unknown():
    got = acs.shares(TRACTS.assign(estimate=[np.nan, 300, 500, 500]))
    assert got["estimate"].isna().all()
    assert got["events"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"moe": [80, None, 70, 70]}, "moe is missing in 1 of 4 rows"),
        ({"area": "1"}, "2 of 4 rows repeat an area and race"),
        ({"race": ["White", None, "White", "Black"]}, "race is missing in 1 of 4 rows"),
    ],
)
def test_populations_that_would_be_misread_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        acs.shares(TRACTS.assign(**change))
    with pytest.raises(ColumnNotFoundError):
        acs.shares(TRACTS.drop(columns="moe"))
