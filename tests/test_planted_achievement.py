"""What was planted in the sample city's scores lies within what its page shows."""

import pytest
import yaml

from equity import params, prepare, race
from equity.measure import masked_gaps, outcomes, school_levels, scored
from equity.prepare import of_whom

REFERENCE = "White"


@pytest.fixture(scope="module")
def tables(root):
    settings = params.read(root / "params" / "sample.yaml")
    return prepare.load(
        settings.city,
        period=settings.period,
        quarters=settings.quarters,
        race_standard=settings.race_standard,
    )


@pytest.fixture(scope="module")
def truth(root):
    path = root / "data" / "raw" / "sample" / "truth.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["education"]


def test_v_from_hidden_counts_holds_the_planted_gap_of_grade_8(tables, truth):
    # with_equal_weights: of expected means, as V pools the two variances
    planted = truth["scores"]["with_equal_weights"]
    latest = outcomes.latest(tables.levels)
    counts = masked_gaps.of_levels(latest[latest["grade"] == "8"])
    found = masked_gaps.v(counts, reference=REFERENCE, within=["subject"])
    known = 0
    for row in found.itertuples():
        if row.group == REFERENCE or row.bound_low != row.bound_low:
            continue
        low = row.bound_low - row.error_low
        high = row.bound_high + row.error_high
        assert low <= planted[row.group] <= high, (row.subject, row.group)
        known += 1
    assert known >= 8


def test_the_number_tested_lies_within_its_bounds(tables, truth):
    tested = truth["proficiency"]["by_year"]["2024-25"]["tested"]
    shares = masked_gaps.hidden(outcomes.latest(tables.levels), within=["subject"])
    for row in shares.itertuples():
        assert row.population_low <= tested[row.group] <= row.population_high


@pytest.mark.parametrize("group", [race.BLACK, race.HISPANIC])
def test_v_from_scores_holds_the_planted_gap(tables, truth, group):
    planted = truth["scores"]["with_equal_weights"][group]
    tested = scored.latest(tables.scores, of_whom.groups(tables.scores))
    found = scored.gaps(tested, reference=REFERENCE)
    rows = found[found["subject"].str.contains("Mathematics|Reading")]
    rows = rows[rows["group"] == group]
    assert len(rows) == 2
    assert rows["conf_low"].le(planted).all()
    assert rows["conf_high"].ge(planted).all()


def test_the_same_school_holds_the_planted_gap_within_schools(tables, truth):
    # planted in standard deviations within a school; the scale here is of all students
    planted = truth["scores"]["planted_within_school"]
    latest = outcomes.latest(tables.levels)
    found = school_levels.means(school_levels.gaps(latest, reference=REFERENCE))
    rows = found[found["group"].isin([race.BLACK, race.HISPANIC])]
    known = rows["estimate"].notna()
    assert len(rows) == 4
    assert known.tolist() == (rows["units"] >= school_levels.ENOUGH).tolist()
    assert known.sum() >= 2
    for row in rows[known].itertuples():
        assert row.conf_low < row.bound_low < row.bound_high < row.conf_high
        # students of all groups spread 1.0 to 1.15 times as far as those of one
        ends = sorted([planted[row.group] / 1.15, planted[row.group]])
        assert row.conf_low <= ends[1]
        assert row.conf_high >= ends[0]
