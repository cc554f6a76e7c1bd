"""The federal rule of significant disproportionality: sizes, years, boundaries."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, InputError, ParamsError
from equity.measure import disproportionality as rule
from equity.measure import risk
from equity.measure.table import MEASURE_COLUMNS


def of(group, others):
    (a, n), (b, m) = group, others
    return pd.DataFrame({"group": ["G", "O"], "events": [a, b], "population": [n, m]})


STATE = of((1800, 12_000), (5000, 100_000))


@pytest.mark.parametrize(
    ("group", "others", "kind", "value", "reason"),
    [
        # idea_minsize_rules: 34 CFR 300.647(a) and (b), 81 FR 92376
        ((18, 120), (44, 880), risk.RISK_RATIO, 3, "made"),
        ((18, 120), (1, 8), risk.ALTERNATE, 3, "made"),
        ((18, 120), (9, 880), risk.ALTERNATE, 3, "made"),
        ((9, 120), (44, 880), rule.NOT_CALCULATED, np.nan, "fewer than 10 students"),
        ((18, 29), (44, 880), rule.NOT_CALCULATED, np.nan, "fewer than 30 students"),
        # at the sizes themselves, by hand
        ((10, 30), (10, 30), risk.RISK_RATIO, 1, "made"),
        ((10, 30), (10, 29), risk.ALTERNATE, 20 / 3, "made"),
    ],
)
def test_the_sizes_choose_the_ratio(group, others, kind, value, reason):
    found = rule.ratios(of(group, others), STATE).iloc[0]
    assert found["measure"] == kind
    assert found["estimate"] == pytest.approx(value, abs=1e-12, nan_ok=True)
    assert found["reason"].startswith(reason)
    known = kind != rule.NOT_CALCULATED
    assert np.isfinite(found["conf_low"]) == known
    assert pd.notna(found["others_events"]) == known


def test_reasons_do_not_tell_the_count():
    found = rule.ratios(of((7, 23), (44, 880)), STATE)
    assert not found["reason"].str.contains("7|23").any()


def test_too_few_others_everywhere_and_missing_counts():
    tiny = of((18, 120), (1, 8))
    found = rule.ratios(tiny, tiny).iloc[0]
    assert found["measure"] == rule.NOT_CALCULATED
    assert found["reason"] == (
        "too few other students, in the district and in the state"
    )
    masked = rule.ratios(of((np.nan, 120), (44, 880)), STATE)
    assert masked["reason"].iloc[0] == "a count is hidden"
    # the others of the second have none to 120 events: whose ratio is not known
    assert masked["measure"].iloc[1] == rule.NOT_CALCULATED
    assert masked["reason"].iloc[1] == "a count is hidden"
    # without sizes, a comparison with nobody's outcome is still none
    none = rule.ratios(of((18, 120), (0, 80)), of((18, 120), (0, 80)), min_cell=0)
    assert none["measure"].iloc[0] == rule.NOT_CALCULATED


def years(**groups):
    """Ratios of G in the named years, from risks of a hundred students each."""
    tables = [
        rule.ratios(of((events, 100), (100, 1000)), STATE).assign(year=int(year[1:]))
        for year, events in groups.items()
    ]
    return pd.concat(tables, ignore_index=True)


def verdict(found, **options):
    return rule.flags(found, **options).set_index("group").loc["G"]


def test_three_years_running_above_the_threshold():
    high = verdict(years(y22=31, y23=32, y24=33), threshold=3)
    assert (high["years_exceeded"], high["exceeds"]) == (3, True)
    assert high["verdict"] == "above the threshold for 3 years running"
    short = verdict(years(y22=29, y23=32, y24=33), threshold=3)
    assert short["years_exceeded"] == 2
    assert short["verdict"] == "above the threshold, for fewer than 3 years running"
    early = verdict(years(y22=29, y23=32, y24=33), threshold=3, years=2)
    assert early["verdict"] == "above the threshold for 2 years running"
    low = verdict(years(y22=40, y23=40, y24=20), threshold=3)
    assert (low["verdict"], low["exceeds"]) == (rule.NOT_ABOVE, False)


def test_exactly_the_threshold_does_not_exceed_it():
    # 30 of 100 over 100 of 1,000 is 3; in doubles 0.3 / 0.1 is a hair less
    at = verdict(years(y24=30), threshold=3)
    assert not at["exceeds"]
    assert verdict(years(y24=30), threshold=2.99)["exceeds"]


def test_a_missing_year_ends_a_run():
    gap = verdict(years(y21=40, y22=40, y24=40), threshold=3)
    assert gap["years_exceeded"] == 1
    few = verdict(years(y22=40, y23=5, y24=40), threshold=3)  # below the cell size
    assert few["years_exceeded"] == 1
    last = verdict(years(y22=40, y23=40, y24=5), threshold=3)
    assert last["verdict"] == rule.NOT_CALCULATED
    assert pd.isna(last["exceeds"])
    assert pd.isna(last["beyond_chance"])


def test_reasonable_progress_in_each_of_two_years():
    falling = years(y22=60, y23=50, y24=40)  # ratios 6, 5, 4
    assert verdict(falling, threshold=3, progress=1)["verdict"] == rule.PROGRESS
    assert verdict(falling, threshold=3, progress=1.1)["verdict"].endswith("running")
    assert pd.isna(verdict(falling, threshold=3)["reasonable_progress"])
    once = years(y22=50, y23=50, y24=40)
    assert not verdict(once, threshold=3, progress=0.5)["reasonable_progress"]


def test_above_by_chance_is_told_from_above():
    few = verdict(years(y24=33), threshold=3)
    assert few["exceeds"]
    assert not few["beyond_chance"]
    assert verdict(years(y24=60), threshold=3)["beyond_chance"]


def test_years_are_pooled_and_missing_stays_missing():
    counts = pd.DataFrame(
        {
            "group": ["A", "A", "A", "A", "B"],
            "year": [2021, 2022, 2023, 2024, 2024],
            "events": [100, 4, 5, 6, 2],
            "population": [100, 20, 20, 25, 9],
        }
    )
    found = rule.pooled(counts).set_index("group")
    assert found.loc["A"].tolist() == [15, 65, 3]  # 2021 is too long ago
    assert found.loc["B"].tolist() == [2, 9, 1]
    hidden = rule.pooled(counts.assign(events=[1, np.nan, 5, 6, 2])).set_index("group")
    assert np.isnan(hidden.loc["A", "events"])
    assert hidden.loc["B", "events"] == 2


def bounded(**groups):
    """Group to (least events, most events, population)."""
    table = pd.DataFrame(
        [[name, *values] for name, values in groups.items()],
        columns=["group", "events_low", "events_high", "population"],
    )
    exact = table["events_low"] == table["events_high"]
    return table.assign(
        events=table["events_low"].astype("Int64").where(exact),
        others_low=table["population"] - table["events_high"],
        others_high=table["population"] - table["events_low"],
    )


BIG = bounded(
    G=(9000, 9000, 90_000), O=(50_000, 50_000, 500_000), H=(4000, 4000, 40_000)
)


def test_a_hidden_count_bounds_the_ratio_and_does_not_change_whom_it_compares():
    """Of 300 in 3,000 beside 601 to 609 in 20,044."""
    counts = bounded(G=(300, 300, 3000), O=(600, 600, 20_000), H=(1, 9, 44))
    found = rule.ratios(counts, BIG).set_index("group")
    own = found.loc["G"]
    low, high = 0.1 / (609 / 20_044), 0.1 / (601 / 20_044)
    assert (own["low"], own["high"]) == pytest.approx((low, high))
    assert own["estimate"] == pytest.approx((low + high) / 2)
    assert (own["measure"], own["reference"]) == (risk.RISK_RATIO, risk.OTHERS)
    assert own["method"] == "MOVER ratio at both ends of the bounds"
    assert pd.isna(own["others_events"])
    assert own["others_population"] == 20_044
    for events, end in ((1, "high"), (9, "low")):
        exact = rule.ratios(
            bounded(G=(300, 300, 3000), O=(600, 600, 20_000), H=(events, events, 44)),
            BIG,
        ).set_index("group")
        assert exact.loc["G", "estimate"] == pytest.approx(own[end])
        assert own["conf_low"] <= exact.loc["G", "conf_low"] + 1e-12
        assert own["conf_high"] >= exact.loc["G", "conf_high"] - 1e-12
    # 1 to 9 are fewer than 10 whatever they are
    assert found.loc["H", "reason"].startswith("fewer than 10 students")


@pytest.mark.parametrize(
    ("others", "measure", "reference", "reason"),
    [
        # 1 to 9 others with the outcome: too few, whatever is hidden
        ((1, 9), risk.ALTERNATE, risk.STATE_OTHERS, "made"),
        ((10, 18), risk.RISK_RATIO, risk.OTHERS, "made"),
        ((5, 15), rule.NOT_CALCULATED, risk.OTHERS, "a count is hidden"),
    ],
)
def test_the_others_most_decide_on_the_alternate_ratio(
    others, measure, reference, reason
):
    found = rule.ratios(bounded(G=(18, 18, 120), O=(*others, 880)), BIG).iloc[0]
    said = found["measure"], found["reference"], found["reason"]
    assert said == (measure, reference, reason)
    if measure == risk.ALTERNATE:  # 54,000 of 540,000 other students of the state
        assert found["estimate"] == pytest.approx(1.5)


def test_a_hidden_count_of_the_state_bounds_the_alternate_ratio():
    """Of 18 in 120 beside 50,001 to 50,009 in 500,040."""
    state = bounded(G=(9000, 9000, 90_000), O=(50_000, 50_000, 500_000), H=(1, 9, 40))
    found = rule.ratios(bounded(G=(18, 18, 120), O=(1, 1, 8)), state).iloc[0]
    ends = [0.15 * 500_040 / events for events in (50_009, 50_001)]
    assert [found["low"], found["high"]] == pytest.approx(ends)


def test_a_group_that_the_state_lacks():
    state = bounded(O=(5000, 5000, 100_000))
    near = rule.ratios(bounded(G=(18, 18, 120), O=(44, 44, 880)), state)
    assert near["estimate"].iloc[0] == pytest.approx(3)
    far = rule.ratios(bounded(G=(18, 18, 120), O=(1, 1, 8)), state)
    assert far["reason"].iloc[0] == rule.NO_STATE
    assert np.isnan(far["estimate"].iloc[0])
    nobody = rule.ratios(bounded(G=(18, 18, 120), O=(1, 1, 8)), state.iloc[:0])
    assert nobody["reason"].iloc[0] == rule.NO_STATE


def hidden_years(**ends):
    """Ratios of G, ends to ends over ten, in the named years."""
    tables = [
        rule.ratios(bounded(G=(low, high, 100), O=(100, 100, 1000)), BIG).assign(
            year=int(year[1:])
        )
        for year, (low, high) in ends.items()
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize(
    ("ends", "said", "exceeds"),
    [
        # 31 of 100 over a tenth is 3.1; 30 is 3, the threshold itself
        ([(31, 33)] * 3, "above the threshold for 3 years running", True),
        ([(21, 30)] * 3, rule.NOT_ABOVE, False),
        ([(31, 33), (31, 33), (30, 31)], rule.CANNOT_TELL, None),
        ([(31, 33), (30, 31), (31, 33)], rule.RUN_UNKNOWN, True),
        ([(31, 33), (21, 30), (31, 33)],
         "above the threshold, for fewer than 3 years running", True),
        # 5 to 40: whether the group is large enough is hidden
        ([(31, 33), (5, 40), (31, 33)], rule.RUN_UNKNOWN, True),
        ([(31, 33), (31, 33), (5, 40)], rule.CANNOT_TELL, None),
        ([(31, 33), (31, 33), (1, 9)], rule.NOT_CALCULATED, None),
    ],
)  # fmt: skip
def test_verdicts_hold_whatever_is_hidden(ends, said, exceeds):
    found = verdict(
        hidden_years(**dict(zip(("y22", "y23", "y24"), ends, strict=True))), threshold=3
    )
    assert found["verdict"] == said
    assert pd.isna(found["exceeds"]) if exceeds is None else found["exceeds"] == exceeds


def test_progress_holds_whatever_is_hidden():
    """Ratios of 6, 5 and 3.8 to 4.2: fallen by 0.8 at the least, 1.2 at the most."""
    falling = hidden_years(y22=(60, 60), y23=(50, 50), y24=(38, 42))
    assert verdict(falling, threshold=3, progress=0.8)["verdict"] == rule.PROGRESS
    unclear = verdict(falling, threshold=3, progress=1)
    assert unclear["verdict"] == rule.PROGRESS_UNKNOWN
    assert pd.isna(unclear["reasonable_progress"])
    assert verdict(falling, threshold=3, progress=1.3)["verdict"].endswith("running")


def test_the_table_and_its_refusals():
    counts = of((18, 120), (44, 880))
    before = counts.copy()
    found = rule.ratios(counts, STATE)
    pd.testing.assert_frame_equal(counts, before)
    assert found.columns[3:10].tolist() == list(MEASURE_COLUMNS)
    with pytest.raises(ParamsError, match="min_cell is -1"):
        rule.ratios(counts, STATE, min_cell=-1)
    with pytest.raises(ColumnNotFoundError, match="year"):
        rule.flags(found, threshold=3)
    with pytest.raises(InputError, match="column year holds values"):
        rule.flags(found.assign(year="2013-14"), threshold=3)
    with pytest.raises(InputError, match="two rows in one year"):
        rule.flags(pd.concat([found, found]).assign(year=2024), threshold=3)
    with pytest.raises(ParamsError, match="years is 4; expected 1, 2 or 3"):
        rule.flags(found.assign(year=2024), threshold=3, years=4)
    with pytest.raises(ParamsError, match="threshold is 0"):
        rule.flags(found.assign(year=2024), threshold=0)
