"""Summary measures against R's healthequal, PySAL, identities and edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError, ParamsError
from equity.measure import inequality
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=50, derandomize=True)

# heat_measures_pkg: data and results of the tests of R's healthequal (WHO HEAT)
POPULATION = [
    *(832, 931, 1468, 1021, 1039, 1515, 1138, 620, 794, 866, 1367, 1108, 1120),
    *(1033, 833, 1536, 1149, 410, 1210, 858, 680, 935, 692, 781, 812),
]
VALUES = [
    *(61, 74, 58, 59, 72, 75, 74, 68, 75, 67, 73, 63, 66),
    *(62, 60, 66, 71, 73, 71, 61, 74, 84, 55, 69, 60),
]
ERRORS = [5, 3, 3, 3, 4, 9, 2, 2, 2, 5, 5, 7, 5, 6, 4, 5, 6, 6, 9, 4, 3, 4, 1, 3, 7]
REFERENCE = 62  # the value of the flagged group
UNWEIGHTED = {"weighted": False}

groups = st.lists(
    st.tuples(st.floats(0.5, 1000), st.integers(1, 10_000)), min_size=1, max_size=12
).map(lambda pairs: tuple(np.array(pairs).T))


@pytest.mark.parametrize(
    ("measure", "options", "scale", "expected"),
    [
        (inequality.between_group_variance, {}, 1, 46.198325539737),
        (inequality.between_group_standard_deviation, {}, 1, 6.79693501070424),
        (inequality.coefficient_of_variation, {}, 100, 10.0387708376422),
        (inequality.mean_difference_from_best, UNWEIGHTED, 1, 16.36),
        (inequality.mean_difference_from_best, {}, 1, 16.2931550024244),
        (inequality.mean_difference_from_mean, UNWEIGHTED, 1, 5.89172620009698),
        (inequality.mean_difference_from_mean, {}, 1, 5.83486869447816),
        (
            inequality.mean_difference_from_reference,
            {"reference": REFERENCE, "weighted": False},
            1,
            7.24,
        ),
        (
            inequality.mean_difference_from_reference,
            {"reference": REFERENCE},
            1,
            7.22284629060934,
        ),
        (inequality.index_of_disparity, UNWEIGHTED, 100, 8.70181766748687),
        (inequality.index_of_disparity, {}, 100, 8.6178416594173),
        (inequality.theil_index, {}, 1000, 5.03598030334592),
        (inequality.mean_log_deviation, {}, 1000, 5.05235520719557),
    ],
)
def test_estimates_match_healthequal(measure, options, scale, expected):
    got = measure(VALUES, POPULATION, **options)
    assert scale * got.estimate == pytest.approx(expected, rel=1e-6)
    assert np.isnan(got.standard_error)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (inequality.between_group_variance, 17.1346491917655),
        (inequality.theil_index, 0.00142009943576724),
        (inequality.mean_log_deviation, 0.00142420302720726),
    ],
)
def test_standard_errors_match_healthequal(measure, expected):
    got = measure(VALUES, POPULATION, ERRORS)
    assert got.standard_error == pytest.approx(expected, rel=1e-6)


def test_people_of_one_give_the_indices_of_incomes():
    # inequality_a: PySAL inequality 1.1.2
    incomes = [10.0, 20.0, 30.0, 40.0, 100.0, 55.0, 12.0, 18.0]
    alone = np.ones(8)
    theil = inequality.theil_index(incomes, alone).estimate
    assert theil == pytest.approx(0.270101523662499, abs=1e-9)
    deviation = inequality.mean_log_deviation(incomes, alone).estimate
    assert deviation == pytest.approx(0.27602564093520765, abs=1e-9)


def test_theil_between_groups():
    # inequality_a: the part of Theil's index between the groups A, B and C
    means, people = [20, 65, 15], [3, 3, 2]
    theil = inequality.theil_index(means, people).estimate
    assert theil == pytest.approx(0.19885046694085207, abs=1e-9)


# inequality_a: PySAL inequality 1.1.2 and plain numpy, people of one
INCOMES = [10.0, 20.0, 30.0, 40.0, 100.0, 55.0, 12.0, 18.0]


def test_gini_matches_pysal():
    got = inequality.gini_coefficient(INCOMES, np.ones(8)).estimate
    assert got == pytest.approx(0.4039473684210526, abs=1e-9)


def test_theil_within_and_between_groups_match_pysal():
    between, within = inequality.theil_parts(INCOMES, np.ones(8), list("AAABBBCC"))
    assert between == pytest.approx(0.19885046694085207, abs=1e-9)
    assert within == pytest.approx(0.07125105672164703, abs=1e-9)


@relaxed
@given(groups, st.randoms(use_true_random=False))
def test_parts_of_the_theil_index_are_the_whole_and_within_is_that_of_groups(
    data, random
):
    values, people = data
    label = np.array([random.choice("AB") for _ in values])
    parts = inequality.theil_parts(values, people, label)
    whole = inequality.theil_index(values, people).estimate
    assert sum(parts) == pytest.approx(whole, abs=1e-9)
    had = values * people
    within = sum(
        had[label == one].sum()
        / had.sum()
        * inequality.theil_index(values[label == one], people[label == one]).estimate
        for one in set(label)
    )
    assert parts.within == pytest.approx(within, abs=1e-9)


def test_theil_parts_at_the_edges():
    none = inequality.theil_parts([1, 3], [5, 5], ["A", "A"])
    assert none.between == pytest.approx(0)
    empty = inequality.theil_parts([2, 2, np.nan], [5, 5, 0], ["A", "B", "C"])
    assert empty == pytest.approx((0, 0))
    assert np.isnan(inequality.theil_parts([1, np.nan], [5, 5], ["A", "B"])).all()
    with pytest.raises(InputError, match="group is missing in 1 cells"):
        inequality.theil_parts([1, 2], [5, 5], ["A", None])
    with pytest.raises(InputError, match="values are negative"):
        inequality.gini_coefficient([-1, 2], [5, 5])


def test_gini_by_hand():
    """Half the mean of all distances between pairs of people, over the average."""
    values, people = [4, 1, 7], [2, 3, 5]
    each = np.repeat(values, people)
    distance = np.abs(np.subtract.outer(each, each)).mean()
    got = inequality.gini_coefficient(values, people).estimate
    assert got == pytest.approx(distance / each.mean() / 2)


ALL = [
    inequality.between_group_variance,
    inequality.between_group_standard_deviation,
    inequality.coefficient_of_variation,
    inequality.mean_difference_from_best,
    inequality.mean_difference_from_mean,
    inequality.index_of_disparity,
    inequality.theil_index,
    inequality.mean_log_deviation,
    inequality.gini_coefficient,
]
RELATIVE = [ALL[2], *ALL[5:]]


@relaxed
@given(groups)
def test_no_measure_is_negative_and_none_sees_a_group_split_in_two(data):
    values, people = data
    halves = np.repeat(values, 2), np.repeat(people / 2, 2)
    for measure in ALL:
        whole = measure(values, people).estimate
        assert whole >= -1e-9
        assert measure(*halves).estimate == pytest.approx(whole, rel=1e-6, abs=1e-6)


@relaxed
@given(groups, st.floats(0.1, 10))
def test_relative_measures_have_no_unit(data, factor):
    values, people = data
    for measure in RELATIVE:
        assert measure(factor * values, people).estimate == pytest.approx(
            measure(values, people).estimate, rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("measure", ALL)
def test_groups_alike_are_equal(measure):
    assert measure([7, 7, 7], [5, 1, 9]).estimate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("measure", ALL)
def test_groups_without_people_are_left_out_and_other_gaps_are_not(measure):
    full = measure([5, 9], [4, 6]).estimate
    assert measure([5, np.nan, 9], [4, 0, 6]).estimate == pytest.approx(full)
    assert np.isnan(measure([5, np.nan, 9], [4, 2, 6]).estimate)
    assert np.isnan(measure([], []).estimate)
    assert np.isnan(measure([np.nan], [0]).estimate)


def test_the_best_is_the_lowest_where_the_event_is_adverse():
    # by hand: distances 0, 10 and 30 from the lowest
    got = inequality.mean_difference_from_best(
        [10, 20, 40], [1, 1, 2], favourable=False
    )
    assert got.estimate == pytest.approx((0 + 10 + 2 * 30) / 4)


def test_groups_at_zero():
    assert inequality.theil_index([0, 10], [1, 1]).estimate == pytest.approx(np.log(2))
    assert np.isnan(inequality.mean_log_deviation([0, 10], [1, 1]).estimate)
    for measure in RELATIVE:
        assert np.isnan(measure([0, 0], [1, 1]).estimate)


def test_impossible_groups_are_refused():
    with pytest.raises(InputError, match="values are negative in 1 groups"):
        inequality.theil_index([-1, 5], [1, 1])
    with pytest.raises(InputError, match="population is negative in 1 groups"):
        inequality.between_group_variance([1, 5], [1, -1])
    with pytest.raises(ParamsError, match="2 dimensions"):
        inequality.between_group_variance([[1, 5]], [[1, 1]])


def test_summary_is_a_measure_table_of_all_of_them():
    rates = pd.DataFrame(
        {
            "group": ["Black", "Latino", "White", "Asian"],
            "events": pd.array([48, 30, 56, 0], "Int64"),
            "population": pd.array([80, 50, 70, 0], "Int64"),
        }
    )
    before = rates.copy()
    table = inequality.summary(rates, confidence=0.9)
    assert table.columns.tolist() == ["events", "population", *MEASURE_COLUMNS]
    assert table[["events", "population"]].drop_duplicates().to_numpy().tolist() == [
        [134, 200]
    ]
    got = table.set_index("measure")
    people, values = [80, 50, 70], [0.6, 0.6, 0.8]
    errors = np.sqrt(np.multiply(values, np.subtract(1, values)) / people)
    theil = inequality.theil_index(values, people, errors)
    row = got.loc["Theil index"]
    assert row["estimate"] == pytest.approx(theil.estimate)
    assert row["conf_high"] == pytest.approx(
        theil.estimate + 1.6448536 * theil.standard_error
    )
    assert got.loc["mean difference from best", "estimate"] == pytest.approx(0.13)
    assert got["method"].value_counts().to_dict() == {"none": 5, "normal": 3}
    pd.testing.assert_frame_equal(rates, before)
