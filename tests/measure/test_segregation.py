"""Segregation of units: published values, by hand, identities, and simulation."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import segregation, segregation_levels
from equity.measure import segregation_indices as indices
from equity.measure import segregation_limits as limits
from equity.measure.segregation_people import (
    DISSIMILARITY,
    EXPOSURE,
    GINI,
    ISOLATION,
    MUTUAL,
    THEIL,
)
from equity.measure.table import MEASURE_COLUMNS

relaxed = settings(deadline=None, max_examples=40, derandomize=True)
FEW = {"replicates": 480}


def frame(table, groups=None, **parents):
    """Rows of counts from units x groups."""
    table = np.asarray(table, dtype=float)
    groups = groups or [f"group {place}" for place in range(table.shape[1])]
    units = [f"unit {place:03}" for place in range(len(table))]
    wide = pd.DataFrame(table, columns=groups).assign(unit=units, **parents)
    return wide.melt(["unit", *parents], var_name="group", value_name="events")


def values(table, column="observed", **kept):
    for name, value in kept.items():
        table = table[table[name] == value]
    return table.set_index("measure")[column].to_dict()


@pytest.fixture(scope="module")
def schools(shared):
    """Case seg_schools00: schools00 of the R package segregation (MIT)."""
    case = json.loads((shared / "references" / "seg_schools00.json").read_text())
    wide = pd.read_csv(shared / "references" / case["inputs"]["data"])
    wide = wide.rename(columns={"school": "unit"})
    keys = ["state", "district", "unit"]
    counts = wide.melt(keys, case["inputs"]["groups"], "group", "events")
    return counts, case["expected"], {"rel": 0, "abs": case["tolerance"]["abs"]}


def test_indices_match_their_reference(schools):
    """Computed in R and independently; the vignette prints M = 0.426, H = 0.419."""
    counts, expected, close = schools
    table = segregation.overall(counts, **FEW)
    found = values(table)
    assert found[MUTUAL] == pytest.approx(expected["M"], **close)
    assert found[THEIL] == pytest.approx(expected["H"], **close)
    assert table["entropy"].unique() == pytest.approx([expected["entropy"]], **close)
    assert table["units"].unique().tolist() == [expected["n_units"]]
    assert table["events"].unique().tolist() == [expected["total"]]


def test_pairs_match_their_reference(schools):
    counts, expected, close = schools
    counts = counts[counts["group"].isin(["white", "black", "hisp"])]
    table = segregation.pairs(counts, reference="white", **FEW)
    black, hisp = (values(table, group=group) for group in ("black", "hisp"))
    assert black[DISSIMILARITY] == pytest.approx(expected["D_white_black"], **close)
    assert hisp[DISSIMILARITY] == pytest.approx(expected["D_white_hisp"], **close)
    assert black[THEIL] == pytest.approx(expected["H_binary_white_black"], **close)
    assert black[GINI] == pytest.approx(expected["Gini_white_black"], **close)


def test_contact_matches_its_reference(schools):
    counts, expected, close = schools
    table = segregation.contact(counts, **FEW)
    for row in table.itertuples():
        if row.group == row.other:
            published = expected["isolation"][row.group]
        else:
            published = expected["exposure"][f"{row.group}->{row.other}"]
        assert row.observed == pytest.approx(published, **close)
        assert row.measure == (ISOLATION if row.group == row.other else EXPOSURE)
    assert len(table) == 25


def test_local_segregation_matches_its_reference(schools):
    counts, expected, close = schools
    table = segregation.by_group(counts, **FEW).set_index("group")
    for row in expected["local_by_race"]:
        found = table.loc[row["race"]]
        assert found["observed"] == pytest.approx(row["ls"], **close)
        assert found["share"] == pytest.approx(row["p"], **close)
    assert table["contribution"].sum() == pytest.approx(expected["M"], **close)


def test_segregation_inside_parents_matches_its_reference(schools):
    counts, expected, close = schools
    table = segregation_levels.by_parent(counts, parents=["state"], **FEW)
    for row in expected["by_state"]:
        found = table[table["state"] == row["state"]].set_index("measure")
        assert found.loc[MUTUAL, "observed"] == pytest.approx(row["M"], **close)
        assert found.loc[THEIL, "observed"] == pytest.approx(row["H"], **close)
        assert found.loc[THEIL, "share"] == pytest.approx(row["p"], **close)
        ratio = found.loc[THEIL, "entropy_ratio"]
        assert ratio == pytest.approx(row["ent_ratio"], **close)


def test_parts_by_level_match_their_reference(schools):
    counts, expected, close = schools
    kinds = {"M": MUTUAL, "H": THEIL}
    names = {"school": "unit"}
    parents = ["state", "district"]
    table = segregation_levels.decomposed(counts, parents=parents, **FEW)
    for row in expected["nested_state_district_school"]:
        level = names.get(row["between"], row["between"])
        rows = table[(table["between"] == level) & (table["within"] == row["within"])]
        found = values(rows)[kinds[row["stat"]]]
        assert found == pytest.approx(row["est"], **close)
    table = segregation_levels.decomposed(counts, parents=["state"], **FEW)
    found = values(table, component="between unit within state")
    for row in expected["within_state"]:
        assert found[kinds[row["stat"]]] == pytest.approx(row["est"], **close)


def test_large_units_are_corrected_as_by_a_bootstrap_of_people(schools):
    """Where units are large, less segregated workforces and the one counted agree."""
    counts, expected, _ = schools
    table = np.stack(
        [rows["events"].to_numpy(float) for _, rows in counts.groupby("group")], axis=-1
    )
    random = np.random.default_rng(1)
    drawn = indices.mutual_information(random.poisson(table, (60, *table.shape)))
    debiased = 2 * expected["M"] - drawn.mean()
    found = segregation.overall(counts, **FEW).set_index("measure").loc[MUTUAL]
    assert found["estimate"] == pytest.approx(debiased, abs=5e-4)
    width = found["conf_high"] - found["conf_low"]
    assert width == pytest.approx(2 * 1.96 * drawn.std(), rel=0.4)


TABLES = arrays.arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.integers(0, 60),
).filter(lambda table: table.sum() > 0)


@given(TABLES)
@relaxed
def test_identities_of_the_indices(table):
    close = {"abs": 1e-9, "nan_ok": True}
    mutual, theil = indices.mutual_information(table), indices.theil(table)
    assert indices.mutual_information(table.T) == pytest.approx(mutual, **close)
    assert theil * indices.entropy(table) == pytest.approx(
        mutual if indices.entropy(table) > 0 else np.nan, **close
    )
    assert -1e-9 <= mutual <= np.log(min(table.shape)) + 1e-9
    people = table.sum()
    by_unit = np.nansum(indices.local_by_unit(table) * table.sum(axis=1)) / people
    by_group = np.nansum(indices.local_by_group(table) * table.sum(axis=0)) / people
    assert by_unit == pytest.approx(mutual, **close)
    assert by_group == pytest.approx(mutual, **close)
    met, size = indices.contact(table), table.sum(axis=0)
    there = size > 0
    assert met[there].sum(axis=1) == pytest.approx(np.ones(there.sum()))
    # as many meetings from one side as from the other
    meetings = met[there][:, there] * size[there][:, None]
    assert meetings == pytest.approx(meetings.T)


@given(TABLES, st.data())
@relaxed
def test_what_changes_no_index(table, data):
    def all_of(table):
        names = (indices.mutual_information, indices.theil, indices.dissimilarity)
        return [float(index(table)) for index in names]

    known = pytest.approx(all_of(table), abs=1e-9, nan_ok=True)
    assert all_of(np.vstack([table, np.zeros_like(table[:1])])) == known
    assert all_of(np.hstack([table, np.zeros_like(table[:, :1])])) == known
    assert all_of(table * 7) == known
    place = data.draw(st.integers(0, len(table) - 1))
    split = np.vstack([table * 2, table[place]])  # one unit as two of the same mix
    split[place] -= table[place]
    assert all_of(split) == pytest.approx(all_of(table * 2), abs=1e-9, nan_ok=True)
    order = data.draw(st.permutations(range(len(table))))
    assert all_of(table[order]) == known
    stacked = np.stack([table, table[order]])
    assert indices.dissimilarity(stacked)[1] == pytest.approx(
        all_of(table)[2], abs=1e-9, nan_ok=True
    )


@given(TABLES)
@relaxed
def test_dissimilarity_and_gini_of_two_groups_from_their_definitions(table):
    assume(table.shape[1] > 1)
    two = table[:, :2]
    assume((two.sum(axis=0) > 0).all())
    a, b = (two / two.sum(axis=0)).T
    assert indices.dissimilarity(two) == pytest.approx(np.abs(a - b).sum() / 2)
    size = two.sum(axis=1)
    share = np.divide(two[:, 0], size, out=np.zeros(len(two)), where=size > 0)
    whole, p = size.sum(), two[:, 0].sum() / size.sum()
    pairs = size[:, None] * size * np.abs(share[:, None] - share)
    expected = pairs.sum() / (2 * whole**2 * p * (1 - p))  # James & Taeuber (1985)
    assert indices.gini(two) == pytest.approx(expected, abs=1e-9)
    assert indices.gini(two[:, ::-1]) == pytest.approx(expected, abs=1e-9)
    assert indices.dissimilarity(two) <= indices.gini(two) + 1e-9


def test_no_mixing_and_the_same_mix():
    apart, alike = np.diag([10, 20, 30]), np.outer([10, 20, 30], [1, 2, 3])
    assert indices.theil(apart) == pytest.approx(1)
    assert indices.dissimilarity(apart) == pytest.approx(1)
    assert indices.mutual_information(apart) == pytest.approx(indices.entropy(apart))
    for index in (indices.theil, indices.dissimilarity, indices.mutual_information):
        assert index(alike) == pytest.approx(0, abs=1e-12)
    assert indices.gini(apart[:, :2]) == pytest.approx(1)


# The example of docs/measures/segregation.md, by hand: D = (|100 - 300| + |300 - 100|)
# / 400 / 2 = 1/2; M = ln 2 + (ln(1/4) + 3 ln(3/4)) / 4; H = M / ln 2.
TWO = [[100, 300], [300, 100]]


def test_an_example_by_hand():
    found = values(segregation.overall(frame(TWO), **FEW))
    mutual = np.log(2) + (np.log(1 / 4) + 3 * np.log(3 / 4)) / 4
    assert found[DISSIMILARITY] == pytest.approx(0.5)
    assert found[MUTUAL] == pytest.approx(mutual)
    assert found[THEIL] == pytest.approx(mutual / np.log(2))
    assert [round(found[name], 2) for name in (THEIL, MUTUAL)] == [0.19, 0.13]
    met = segregation.contact(frame(TWO), **FEW)
    # the average member of group 0: 100 of 400 see 1/4 of their own, 300 see 3/4
    assert met["observed"].iloc[0] == pytest.approx(0.25 * 0.25 + 0.75 * 0.75)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=4))
@settings(deadline=None, max_examples=10, derandomize=True)
def test_parts_add_up_and_limits_bracket(rows):
    table = np.array(rows[:6])
    assume((table.sum(axis=0) > 0).sum() > 1)
    branch = np.repeat(["x", "y"], [2, len(table) - 2])
    counts = frame(table, branch=branch)
    before = counts.copy()
    parts = segregation_levels.decomposed(counts, parents=["branch"], **FEW)
    whole = segregation.overall(counts, **FEW)
    pd.testing.assert_frame_equal(counts, before)
    for measure in (MUTUAL, THEIL):
        part = parts[parts["measure"] == measure]["observed"].to_numpy()
        assert part[0] == pytest.approx(part[1:].sum(), abs=1e-9)
        assert part[0] == pytest.approx(values(whole)[measure], abs=1e-9)
    inside = segregation_levels.by_parent(counts, parents=["branch"], **FEW)
    within = values(parts, component="between unit within branch")
    mutual = inside[inside["measure"] == MUTUAL]
    total = (mutual["observed"] * mutual["share"]).sum()
    assert total == pytest.approx(within[MUTUAL], abs=1e-9)
    theil = inside[inside["measure"] == THEIL]
    weight = theil["share"] * theil["entropy_ratio"]
    total = (theil["observed"].fillna(0) * weight).sum()  # one group: no entropy
    assert total == pytest.approx(within[THEIL], abs=1e-9)
    for found in (parts, whole, inside, segregation.by_unit(counts, **FEW)):
        some = found[found["conf_low"].notna()]
        assert (some["conf_low"] <= some["estimate"]).all()
        assert (some["estimate"] <= some["conf_high"]).all()
        assert (some["conf_low"] >= 0).all()


def test_tables_have_the_settled_columns():
    counts = frame(TWO, branch="x")
    for table in (
        segregation.overall(counts, **FEW),
        segregation.pairs(counts, reference="group 0", **FEW),
        segregation.contact(counts, **FEW),
        segregation.by_group(counts, **FEW),
        segregation.by_unit(counts, parents=["branch"], **FEW),
        segregation_levels.by_parent(counts, parents=["branch"], **FEW),
        segregation_levels.decomposed(counts, parents=["branch"], **FEW),
    ):
        start = list(table.columns).index("measure")
        assert table.columns[start : start + 7].tolist() == list(MEASURE_COLUMNS)
        further = ["observed", "expected_if_random", "direction"]
        assert table.columns[start + 7 :].tolist() == further
        assert set(table["statistic"]) == {"level"}
        assert (table["events"] >= 0).all()
        assert table.index.tolist() == list(range(len(table)))


def test_what_chance_makes_is_what_theory_says():
    """2 N M is chi-squared on (units - 1)(groups - 1) degrees, in large samples."""
    table = np.full((21, 3), 50)
    found = segregation.overall(frame(table))
    by_theory = 20 * 2 / (2 * table.sum())
    random = values(found, "expected_if_random")
    assert random[MUTUAL] == pytest.approx(by_theory, rel=0.06)
    assert random[THEIL] == pytest.approx(by_theory / np.log(3), rel=0.06)


def test_forty_small_units_look_segregated_by_chance():
    """The mean distance of two Poisson counts of 5 is about 2.5, half of it over 5."""
    found = segregation.overall(frame(np.full((40, 2), 5)))
    assert values(found, "expected_if_random")[DISSIMILARITY] == pytest.approx(
        0.25, abs=0.01
    )


def test_more_even_than_chance_is_no_proof_of_evenness():
    table = np.full((20, 2), 20)
    found = segregation.overall(frame(table), **FEW)
    assert (found["observed"].abs() < 1e-9).all()
    assert (found["estimate"] == 0).all()
    assert (found["conf_low"] == 0).all()
    assert found["conf_high"].isna().all()  # in which direction, nobody can know
    table[0] += [1, -1]
    found = segregation.overall(frame(table), **FEW)
    assert (found["estimate"] == 0).all()
    assert (found["conf_high"] > found["observed"] + 0.003).all()


def alarms(table, random, rounds):
    """How often limits of counts drawn from a table leave its indices out."""
    known = segregation._indices(np.asarray(table, dtype=float))
    missed = np.zeros((2, len(known)))
    for seed in range(rounds):
        drawn = frame(random.poisson(table))
        found = segregation.overall(drawn, replicates=480, seed=seed)
        missed[0] += (found["conf_low"] > known + 1e-9).to_numpy()
        missed[1] += (found["conf_high"] < known - 1e-9).to_numpy()
    return missed / rounds


def test_small_units_of_the_same_mix_raise_no_alarm():
    """A bootstrap of people as they are would deny that D is zero every time."""
    table = np.outer(np.full(25, 12), [0.5, 0.3, 0.2])
    above, below = alarms(table, np.random.default_rng(2), 60)
    assert (above <= 0.10).all()  # 2.5 % promised; two in a thousand beyond 10 %
    assert (below == 0).all()


def test_planted_segregation_is_within_the_limits():
    random = np.random.default_rng(3)
    table = 40 * random.dirichlet([3, 2, 1], size=25)
    above, below = alarms(table, random, 60)
    assert (above + below <= 0.15).all()  # 5 % promised


@pytest.mark.slow
@pytest.mark.parametrize("spread", [None, 60, 8, 1])
def test_coverage_over_400_workforces(spread):
    random = np.random.default_rng(5)
    mix = np.array([0.35, 0.35, 0.2, 0.1])
    size = 2000 * random.dirichlet(np.ones(40))
    mixes = mix if spread is None else random.dirichlet(spread * mix, size=40)
    above, below = alarms(size[:, None] * mixes, random, 400)
    assert (above <= 0.055).all()
    assert (above + below <= 0.085).all()


def test_a_missing_count_leaves_missing_what_it_enters():
    table = np.array([[10.0, 20, 30], [30, 20, 10], [5, 5, 5], [9, 1, 5]])
    hidden = table.copy()
    hidden[3, 2] = np.nan
    counts = frame(hidden, branch=["x", "x", "y", "y"])
    missing = ["estimate", "conf_low", "conf_high", "observed"]
    for found in (
        segregation.overall(counts, **FEW),
        segregation.by_group(counts, **FEW),
        segregation.by_unit(counts, **FEW),
        segregation_levels.decomposed(counts, parents=["branch"], **FEW),
    ):
        assert found[missing].isna().all(axis=None)
    pairs = segregation.pairs(counts, reference="group 0", **FEW)
    assert pairs[pairs["group"] == "group 1"][missing].notna().all(axis=None)
    assert pairs[pairs["group"] == "group 2"][missing].isna().all(axis=None)
    inside = segregation_levels.by_parent(counts, parents=["branch"], **FEW)
    assert inside[inside["branch"] == "x"][missing].notna().all(axis=None)
    assert inside[inside["branch"] == "y"][missing].isna().all(axis=None)


def test_zero_is_not_missing_and_a_group_of_nobody_stays_visible():
    counts = frame([[5, 5, 0], [9, 1, 0], [0, 0, 0]], ["A", "B", "C"])
    found = segregation.by_group(counts, **FEW).set_index("group")
    assert found.loc["C", "events"] == 0
    assert np.isnan(found.loc["C", "estimate"])
    assert found.loc["C", "contribution"] == 0
    assert segregation.overall(counts, **FEW)["units"].unique().tolist() == [2]
    two = counts[counts["group"] != "C"]
    pd.testing.assert_series_equal(
        segregation.overall(counts, **FEW)["observed"],
        segregation.overall(two, **FEW)["observed"],
    )


def test_one_unit_or_one_group_has_no_limits():
    one = segregation.overall(frame([[5, 5, 9]]), **FEW)
    assert one["observed"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert one[["conf_low", "conf_high"]].isna().all(axis=None)
    alone = segregation.overall(frame([[5], [9]]), **FEW)
    assert alone[["conf_low", "conf_high"]].isna().all(axis=None)
    assert np.isnan(values(alone)[THEIL])
    assert np.isnan(values(alone)[DISSIMILARITY])


def test_nobody_gives_no_rows():
    counts = frame([[0, 0], [0, 0]], branch="x")
    for found in (
        segregation.overall(counts),
        segregation.pairs(counts, reference="group 0"),
        segregation.contact(counts),
        segregation.by_unit(counts),
        segregation_levels.by_parent(counts, parents=["branch"]),
        segregation_levels.decomposed(counts, parents=["branch"]),
    ):
        assert found.empty
        assert set(MEASURE_COLUMNS) <= set(found.columns)


def test_counts_of_workers():
    staff = pd.DataFrame(
        {
            "race": ["A", "B", "A", "Unknown", None, "A", "B", "A"],
            "department": ["x", "x", "y", "y", "y", "Not recorded", None, "x"],
            "branch": ["p"] * 2 + ["q"] * 6,
        }
    )
    staff["race"] = staff["race"].astype("category")
    found = segregation.counts(staff, groups=["B", "A"], parents=["branch"])
    assert found.columns.tolist() == ["branch", "unit", "group", "events"]
    assert found["group"].cat.categories.tolist() == ["B", "A"]
    assert found.astype({"group": str}).to_numpy().tolist() == [
        ["p", "x", "B", 1],
        ["p", "x", "A", 1],
        ["q", "x", "B", 0],
        ["q", "x", "A", 1],
        ["q", "y", "B", 0],
        ["q", "y", "A", 1],
    ]
    merged = segregation.by_unit(found, **FEW)
    assert merged["events"].tolist() == [3, 1]  # x of both branches, y
    apart = segregation.by_unit(found, parents=["branch"], **FEW)
    assert apart["events"].tolist() == [2, 1, 1]
    assert segregation.counts(staff, groups=["C"]).empty


def test_refusals():
    counts = frame(TWO)
    with pytest.raises(ColumnNotFoundError, match="unit"):
        segregation.overall(counts.drop(columns="unit"))
    with pytest.raises(ColumnNotFoundError, match="department"):
        segregation.counts(pd.DataFrame({"race": ["A"]}), groups=["A"])
    with pytest.raises(InputError, match="negative in 4 of 4"):
        segregation.overall(counts.assign(events=-1))
    with pytest.raises(InputError, match="not a whole number"):
        segregation.overall(counts.assign(events=0.5))
    with pytest.raises(InputError, match="4 of 4 rows have no unit"):
        segregation.overall(counts.assign(unit=None))
    with pytest.raises(UnknownGroupError, match="group 9"):
        segregation.pairs(counts, reference="group 9")
    with pytest.raises(ParamsError, match="confidence"):
        segregation.overall(counts, confidence=95)
    with pytest.raises(ParamsError, match="480 or more"):
        segregation.overall(counts, replicates=479)
    with pytest.raises(InputError, match="list of columns"):
        segregation_levels.decomposed(counts.assign(branch="x"), parents="branch")
    with pytest.raises(InputError, match="list of columns"):
        segregation_levels.by_parent(counts, parents=[])


def test_families_end_at_the_same_mix_and_at_what_was_counted():
    table = np.array([[30.0, 10, 0], [10, 30, 5], [1, 2, 3], [8, 8, 8]])
    branch, unit = np.array([0, 0, 1, 1]), np.arange(4)
    members = limits.family(table, [branch, unit])
    counted = len(limits.STEPS) - 1
    assert members.shape == (limits.NODES, 4, 3)
    np.testing.assert_allclose(members[counted], table, atol=1e-9)
    np.testing.assert_allclose(members.sum(axis=2), [table.sum(axis=1)] * limits.NODES)
    same = table.sum(axis=1)[:, None] * table.sum(axis=0) / table.sum()
    np.testing.assert_allclose(members[0], same, atol=1e-9)
    mutual = indices.mutual_information(limits.family(table, [unit]))
    assert (np.diff(mutual) > 0).all()
