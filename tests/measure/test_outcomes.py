"""Outcomes from exact and masked counts: limits hold whatever a mask may hide."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, UnknownGroupError
from equity.measure import intervals, outcomes

relaxed = settings(deadline=None, max_examples=80, derandomize=True)


def cohorts(groups, **columns):
    """One row per group; bounds default to each other."""
    frame = pd.DataFrame({"outcome": "graduation", **columns})
    frame["race"] = pd.Categorical(groups, groups, ordered=True)
    return frame.assign(
        events_high=frame.get("events_high", frame["events_low"]),
    )


def by_race(frame, reference="White", **settings_):
    return outcomes.by_race(
        frame, outcome="graduation", reference=reference, **settings_
    )


def rows(table, statistic="level"):
    return table[table["statistic"] == statistic].set_index("group")


EXACT = cohorts(["Black", "White"], population=[200, 300], events_low=[140, 255])


def test_exact_counts_give_the_plain_intervals():
    """Wilson 1927; Newcombe 1998, method 10; Donner and Zou 2012."""
    table = by_race(EXACT, confidence=0.9)
    level, gap, ratio = (rows(table, s) for s in ("level", "difference", "ratio"))
    assert level["estimate"].to_list() == pytest.approx([0.7, 0.85])
    wilson = np.transpose(intervals.wilson([140, 255], [200, 300], 0.9))
    np.testing.assert_allclose(level[["conf_low", "conf_high"]], wilson)
    assert gap.loc["Black", "estimate"] == pytest.approx(-0.15)
    np.testing.assert_allclose(
        gap.loc["Black", ["conf_low", "conf_high"]].to_numpy(float),
        intervals.newcombe_difference(140, 200, 255, 300, 0.9),
    )
    assert ratio.loc["Black", "estimate"] == pytest.approx(0.7 / 0.85)
    np.testing.assert_allclose(
        ratio.loc["Black", ["conf_low", "conf_high"]].to_numpy(float),
        intervals.mover_ratio(0.7, *wilson[0], 0.85, *wilson[1]),
    )
    assert set(table["reliability"]) == {outcomes.EXACT}
    assert level["events"].to_list() == [140, 255]
    assert level["population"].to_list() == [200, 300]


def test_people_to_parity_are_the_whole_people_behind():
    """0.15 of 200 is 30; nobody is behind who is ahead."""
    level = rows(by_race(EXACT))
    assert level["people_to_parity"].to_list() == [30, 0]
    odd = cohorts(["Black", "White"], population=[7, 300], events_low=[5, 255])
    assert rows(by_race(odd))["people_to_parity"].to_list() == [1, 0]  # 0.95 people


def test_the_reference_is_not_compared_with_itself():
    for statistic in ("difference", "ratio"):
        own = rows(by_race(EXACT), statistic).loc["White"]
        assert own[["conf_low", "conf_high"]].isna().all()
        assert own["estimate"] == (statistic == "ratio")


def test_swapping_the_reference_turns_and_inverts():
    one, other = by_race(EXACT), by_race(EXACT, reference="Black")
    gaps = [rows(t, "difference") for t in (one, other)]
    ends = ["conf_low", "conf_high"]
    np.testing.assert_allclose(
        gaps[0].loc["Black", ends].to_numpy(float),
        -gaps[1].loc["White", ends[::-1]].to_numpy(float),
    )
    ratios = [rows(t, "ratio") for t in (one, other)]
    np.testing.assert_allclose(
        ratios[0].loc["Black", ends].to_numpy(float),
        1 / ratios[1].loc["White", ends[::-1]].to_numpy(float),
    )


def test_masked_counts_show_what_the_publication_allows():
    masked = cohorts(
        ["Black", "White"],
        population=[200, 300],
        events_low=[140, 255],
        events_high=[148, 255],
    )
    table = by_race(masked)
    level = rows(table)
    assert pd.isna(level.loc["Black", "events"])
    black = level.loc["Black"]
    assert (black["rate_low"], black["rate_high"]) == (0.7, 0.74)
    assert black["estimate"] == pytest.approx(0.72)
    assert black["reliability"] == outcomes.MASKED
    assert black["conf_low"] == pytest.approx(intervals.wilson(140, 200)[0])
    assert black["conf_high"] == pytest.approx(intervals.wilson(148, 200)[1])
    assert level.loc["White", "reliability"] == outcomes.EXACT
    assert table["method"].str.endswith("both ends of the bounds").all()


def test_what_is_masked_too_much_is_not_estimated():
    masked = cohorts(
        ["Asian", "Black", "White"],
        population=[20, 200, 300],
        events_low=[0, 140, 255],
        events_high=[20, 140, 255],
    )
    table = by_race(masked)
    for statistic in ("level", "difference", "ratio"):
        lost = rows(table, statistic).loc["Asian"]
        assert lost["reliability"] == outcomes.UNKNOWN
        assert lost[["estimate", "conf_low", "conf_high"]].isna().all()
        assert pd.isna(lost["people_to_parity"])
        assert lost["rate_high"] == 1
    against = by_race(masked, reference="Asian")
    assert rows(against, "difference")["estimate"].isna().all()
    assert rows(against)["estimate"].notna().to_list() == [False, True, True]


def test_a_group_without_rows_stays():
    frame = EXACT.assign(
        race=pd.Categorical(["Black", "White"], ["Asian", "Black", "White"])
    )
    table = by_race(frame)
    for statistic in ("level", "difference", "ratio"):
        lost = rows(table, statistic).loc["Asian"]
        assert lost[["estimate", "conf_low", "conf_high"]].isna().all()
    assert rows(table).loc["Asian", "population"] == 0
    empty = by_race(frame, reference="Asian")
    assert rows(empty, "ratio")["estimate"].isna().all()


def test_units_are_added_up():
    halves = pd.concat(
        [
            EXACT.assign(population=[120, 100], events_low=[90, 95]),
            EXACT.assign(population=[80, 200], events_low=[50, 160]),
        ]
    ).assign(events_high=lambda frame: frame["events_low"])
    pd.testing.assert_frame_equal(by_race(halves), by_race(EXACT))


def test_all_and_none_have_limits():
    """Donner and Zou's limits exist where Katz's logarithm does not."""
    ends = cohorts(["Black", "White"], population=[50, 40], events_low=[0, 40])
    table = by_race(ends)
    assert rows(table).loc["White", "conf_low"] < 1
    assert rows(table, "ratio").loc["Black", "estimate"] == 0
    assert rows(table, "ratio").loc["Black", "conf_high"] > 0
    nobody = cohorts(["Black", "White"], population=[50, 40], events_low=[5, 0])
    assert np.isnan(rows(by_race(nobody), "ratio").loc["Black", "estimate"])


@st.composite
def masks(draw):
    """Bounds of the events and of the others, and one truth between them."""
    bounds, truth = [], []
    for least in (draw(st.integers(1, 150)), draw(st.integers(0, 150))):
        most = least + draw(st.integers(0, 9))
        bounds += [least, most]
        truth.append(draw(st.integers(least, most)))
    return bounds, truth


@given(masks(), masks(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
@example(([499, 499, 1, 1], [499, 1]), ([49, 50, 0, 1], [49, 1]), 0.95)  # not Katz's
@relaxed
def test_limits_hold_those_of_every_count_the_mask_allows(black, white, confidence):
    """Manski 2003: whatever the truth, its own interval lies within."""
    names = ["events_low", "events_high", "others_low", "others_high"]
    ends = dict(zip(names, zip(black[0], white[0], strict=True), strict=True))
    table = by_race(cohorts(["Black", "White"], **ends), confidence=confidence)
    truth = np.array([black[1], white[1]])
    if (truth.sum(axis=1) == 0).any():
        return
    true = by_race(
        cohorts(
            ["Black", "White"], population=truth.sum(axis=1), events_low=truth[:, 0]
        ),
        confidence=confidence,
    )
    for end, side in (("conf_low", 1), ("conf_high", -1)):
        known = table[end].notna()
        assert true[end][known].notna().all()
        outside = (table[end] - true[end])[known] * side
        assert (outside <= 1e-9).all(), table["statistic"][known][outside > 1e-9]


@given(masks(), masks())
@example(([5, 9, 5, 9], [5, 5]), ([1, 1, 9, 9], [1, 9]))  # the ratio has no upper end
@relaxed
def test_a_wider_mask_is_never_narrower(black, white):
    names = ["events_low", "events_high", "others_low", "others_high"]

    def table(widen):
        ends = dict(zip(names, zip(black[0], white[0], strict=True), strict=True))
        for name, step in zip(names, (-widen, widen) * 2, strict=True):
            ends[name] = [max(0, end + step) for end in ends[name]]
        return by_race(cohorts(["Black", "White"], **ends))

    plain, wide = table(0), table(3)
    for end, side in (("conf_low", 1), ("conf_high", -1)):
        known = plain[end].notna() & wide[end].notna()  # an endless limit is missing
        assert ((wide[end] - plain[end])[known] * side <= 1e-9).all()
    level = rows(wide).dropna(subset=["conf_low"])
    assert level["conf_low"].le(level["estimate"] + 1e-9).all()
    assert level["conf_high"].ge(level["estimate"] - 1e-9).all()


LEVELS = pd.DataFrame(
    [
        ("s", "2025", "Math", "3", "White", False, 10, 10),
        ("s", "2025", "Math", "4", "White", False, 0, 9),
        ("s", "2025", "Math", "3", "White", True, 30, 30),
        ("s", "2025", "Math", "4", "White", True, 20, 20),
        ("s", "2025", "Math", "3", "Black", True, 0, 9),
    ],
    columns=[
        *("school", "year", "subject", "grade", "race", "proficient"),
        *("students_low", "students_high"),
    ],
).astype({"race": pd.CategoricalDtype(["Asian", "Black", "White"], ordered=True)})


def test_proficiency_from_levels_over_grades():
    found = outcomes.of_levels(LEVELS).set_index("race")
    ends = ["events_low", "events_high", "others_low", "others_high"]
    assert found.loc["White", ends].to_list() == [50, 50, 10, 19]
    assert found.loc["Black", ends].to_list() == [0, 9, 0, 0]
    assert set(found["outcome"]) == {"proficiency"}
    table = outcomes.by_race(
        found.reset_index(), outcome="proficiency", reference="White"
    )
    white = rows(table).loc["White"]
    assert (white["rate_low"], white["rate_high"]) == pytest.approx((50 / 69, 50 / 60))
    assert np.isnan(rows(table).loc["Asian", "estimate"])


def test_bounds_that_add_up_by_accident_are_no_population():
    # 2 to 5 with and 3 to 6 without: 2 + 6 and 5 + 3 are both 8, and 5 to 11 possible
    rows = pd.DataFrame(
        {"outcome": "o", "race": pd.Categorical(["A"]), "events_low": [2],
         "events_high": [5], "others_low": [3], "others_high": [6]}
    )  # fmt: skip
    found = outcomes.by_race(rows, outcome="o", reference="A")
    assert found["population"].isna().all()
    assert found["people_to_parity"].isna().all()


def test_years_and_subjects_one_by_one():
    frame = pd.concat([EXACT.assign(year="2025"), EXACT.assign(year="2024")])
    table = outcomes.by_year(frame, outcome="graduation", reference="White")
    assert table["year"].drop_duplicates().to_list() == ["2024", "2025"]
    assert table.columns[0] == "year"
    one = table[table["year"] == "2024"].drop(columns="year")
    pd.testing.assert_frame_equal(one, by_race(EXACT)[one.columns])
    none = outcomes.by_year(frame.head(0), outcome="graduation", reference="White")
    assert none.empty
    assert {"year", "group", "estimate"} <= set(none.columns)


def test_latest():
    table = pd.DataFrame({"year": ["2022-23", "2024-25", "2023-24", "2024-25"]})
    assert outcomes.latest(table).index.to_list() == [1, 3]
    assert outcomes.latest(table.head(0)).empty


def test_inputs_are_not_changed():
    before = EXACT.copy(), LEVELS.copy()
    by_race(EXACT)
    outcomes.of_levels(LEVELS)
    pd.testing.assert_frame_equal(EXACT, before[0])
    pd.testing.assert_frame_equal(LEVELS, before[1])


def test_refusals():
    with pytest.raises(UnknownGroupError, match="'Wite'"):
        by_race(EXACT, reference="Wite")
    with pytest.raises(ColumnNotFoundError, match="events_high"):
        by_race(EXACT.drop(columns="events_high"))
    with pytest.raises(ColumnNotFoundError, match="year"):
        outcomes.by_year(EXACT, outcome="graduation", reference="White")


def test_a_masked_population_is_bounds_too():
    """One school: 10 of 20; another: 3 to 5 events among 6 to 9 students."""
    race = pd.Categorical(["White", "White"], ["White"])
    table = pd.DataFrame(
        {
            "outcome": "proficiency",
            "race": race,
            "population": pd.array([20, None], dtype="Int64"),
            "population_low": [20, 6],
            "population_high": [20, 9],
            "events_low": [10, 3],
            "events_high": [10, 5],
        }
    )
    found = outcomes.by_race(table, outcome="proficiency", reference="White")
    level = found[found["statistic"] == "level"].iloc[0]
    assert level["rate_low"] == pytest.approx(13 / 29)  # 3 of 9, the most others
    assert level["rate_high"] == pytest.approx(15 / 26)  # 5 of 6, the fewest others
    assert pd.isna(level["population"])


def test_a_population_nobody_published_leaves_the_rate_unknown():
    race = pd.Categorical(["White", "Black"], ["Black", "White"])
    table = pd.DataFrame(
        {
            "outcome": "proficiency",
            "race": race,
            "population": [20.0, None],
            "events_low": [10.0, None],
            "events_high": [10.0, None],
        }
    )
    found = outcomes.by_race(table, outcome="proficiency", reference="White")
    level = found[found["statistic"] == "level"].set_index("group")
    assert level.loc["White", "estimate"] == 0.5
    assert pd.isna(level.loc["Black", "estimate"])
    assert level.loc["Black", "reliability"] == outcomes.UNKNOWN


def test_a_subject_that_ended_earlier_keeps_its_own_latest_year():
    tested = pd.DataFrame(
        {"subject": ["Math", "Math", "Reading", "Reading"],
         "year": ["2024", "2025", "2022", "2023"]}
    )  # fmt: skip
    assert outcomes.latest(tested)["subject"].tolist() == ["Math"]
    each = outcomes.latest(tested, within="subject")
    assert each.values.tolist() == [["Math", "2025"], ["Reading", "2023"]]
    assert outcomes.years(each) == "2023 and 2025"
    assert outcomes.years(tested) == "2022, 2023, 2024 and 2025"
    assert outcomes.years(tested.iloc[:0]) == ""
    assert outcomes.latest(tested.iloc[:0], within="subject").empty
