"""Who was tested: identities of a change in parts, standard rates, hidden counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.measure import closing, decomposition, outcomes, same_mix, standardisation

relaxed = settings(deadline=None, max_examples=25, derandomize=True)
GROUPS = ["Black", "White"]


def rows(random, years=("2023", "2024", "2025"), units="XYZ", least=20):
    """Counts of two groups in three schools, over years; exact."""
    table = [
        {"year": year, "unit": unit, "race": group}
        | {"population": int(random.integers(least, 200))}
        for year in years
        for unit in units
        for group in GROUPS
    ]
    table = pd.DataFrame(table)
    events = random.binomial(table["population"], random.uniform(0.2, 0.9, len(table)))
    race = pd.Categorical(table["race"], GROUPS, ordered=True)
    return table.assign(
        race=race, outcome="proficiency", events_low=events, events_high=events
    )


def parts(table, **further):
    found = same_mix.parts(table, outcome="proficiency", reference="White", **further)
    return found.set_index("component")


def gaps(table, **further):
    return same_mix.gaps(table, outcome="proficiency", reference="White", **further)


def test_parts_add_up_to_the_change_of_the_crude_gap():
    table = rows(np.random.default_rng(1))
    found = parts(table)
    yearly = outcomes.by_year(table, outcome="proficiency", reference="White")
    crude = yearly[(yearly["statistic"] == "difference") & (yearly["group"] == "Black")]
    crude = crude.set_index("year")["estimate"]
    whole = found.loc[same_mix.CHANGE, "estimate"]
    assert whole == pytest.approx(crude["2025"] - crude["2023"])
    assert whole == pytest.approx(
        found.loc[[same_mix.MIX, same_mix.SAME], "estimate"].sum()
    )
    assert set(found["from"]) == {"2023"}
    assert set(found["to"]) == {"2025"}


@pytest.mark.parametrize("drop", [None, 0, 9])
def test_parts_are_those_of_kitagawa_with_years_for_groups(drop):
    """The package's own decomposition, its groups the years; schools may open."""
    table = rows(np.random.default_rng(2), years=("2023", "2024"), units="XYZU")
    if drop is not None:
        table = table.drop(index=drop)
    found = parts(table)
    sides = {}
    for group in GROUPS:
        own = table[table["race"] == group].rename(columns={"events_low": "events"})
        own = own[["year", "unit", "events", "population"]]
        split = decomposition.kitagawa(
            own.rename(columns={"year": "group"}), reference="2023", by="unit"
        )
        split = split[split["group"] == "2024"].set_index("component")
        sides[group] = split["estimate"].to_numpy(), split["not_comparable"].iloc[0]
    expected = sides["Black"][0] - sides["White"][0]
    assert found["estimate"].to_list() == pytest.approx(expected.tolist())
    assert found["not_comparable"].iloc[0] == pytest.approx(sides["Black"][1])


def test_only_the_mix_or_only_the_rates():
    """Rates 0.6 and 0.2; the group moves to the second school: -0.1, by the mix."""
    table = pd.DataFrame(
        [
            *(("2024", "X", "Black", 100, 60), ("2024", "Y", "Black", 100, 20)),
            *(("2025", "X", "Black", 50, 30), ("2025", "Y", "Black", 150, 30)),
            *(("2024", "X", "White", 100, 70), ("2025", "X", "White", 100, 70)),
        ],
        columns=["year", "unit", "race", "population", "events_low"],
    )
    table = table.assign(
        outcome="proficiency",
        events_high=table["events_low"],
        race=pd.Categorical(table["race"], GROUPS),
    )
    found = parts(table)["estimate"]
    assert found.to_list() == pytest.approx([-0.1, -0.1, 0])
    steady = closing.change(gaps(table))
    assert steady["estimate"].iloc[0] == pytest.approx(0)
    crude = outcomes.by_year(table, outcome="proficiency", reference="White")
    crude = closing.change(closing.of_outcomes(crude))
    assert crude["estimate"].iloc[0] == pytest.approx(-0.1)
    better = table.assign(
        events_low=table["events_low"].mask(table["unit"].eq("Y"), 20)
    )
    better = better.assign(events_high=better["events_low"])
    better.loc[better["unit"] == "Y", "population"] = [100, 100]
    better.loc[better["unit"] == "X", "population"] = 100
    better.loc[2, ["events_low", "events_high"]] = 70
    found = parts(better)["estimate"]
    assert found.to_list() == pytest.approx([0.05, 0, 0.05])


def test_rates_at_the_same_mix_are_directly_standardised():
    """`standardisation`, whose standard is each group's students of all years."""
    table = rows(np.random.default_rng(3))
    found = gaps(table).set_index(["year", "group"])
    for group in GROUPS:
        own = table[table["race"] == group]
        standard = own.groupby("unit")["population"].sum().to_dict()
        yearly = standardisation.standardised(
            pd.DataFrame(
                {
                    **{"group": own["year"], "stratum": own["unit"]},
                    **{"events": own["events_low"], "population": own["population"]},
                }
            ),
            standard=standard,
        ).set_index("group")
        for year in ("2023", "2024", "2025"):
            assert found.loc[(year, group), "rate"] == pytest.approx(
                yearly.loc[year, "estimate"]
            )
    first = gaps(table, standard=same_mix.FIRST).set_index(["year", "group"])
    crude = outcomes.by_year(table, outcome="proficiency", reference="White")
    crude = crude[crude["statistic"] == "difference"].set_index(["year", "group"])
    assert first.loc[("2023", "Black"), "estimate"] == pytest.approx(
        crude.loc[("2023", "Black"), "estimate"]
    )


def test_a_school_that_closed_is_left_out_and_said():
    table = rows(np.random.default_rng(4))
    gone = table[~(table["unit"].eq("Z") & table["year"].eq("2025"))]
    found = gaps(gone)
    black = gone[gone["race"] == "Black"]
    lost = black.loc[black["unit"] == "Z", "population"].sum()
    share = lost / black["population"].sum()
    assert found.loc[found["group"] == "Black", "left_out"].to_list() == pytest.approx(
        [share] * 3
    )
    kept = gaps(table[table["unit"] != "Z"])
    assert found["estimate"].to_list() == pytest.approx(kept["estimate"].to_list())


@given(st.integers(0, 10_000), st.integers(0, 12))
@relaxed
def test_bounds_hold_whatever_is_hidden(seed, hidden):
    random = np.random.default_rng(seed)
    table = rows(random)
    masked = table.copy()
    chosen = random.permutation(len(table))[:hidden]
    down = random.integers(0, 9, len(chosen))
    low = (table["events_low"].iloc[chosen] - down).clip(lower=0)
    masked.loc[chosen, "events_low"] = low
    most = np.minimum(low + 9, table["population"].iloc[chosen])
    masked.loc[chosen, "events_high"] = most
    for find in (lambda t: parts(t).reset_index(), gaps):
        real, seen = find(table), find(masked)
        assert (seen["low"] - 1e-9 <= real["estimate"]).all()
        assert (real["estimate"] <= seen["high"] + 1e-9).all()
        seen = seen[seen["estimate"].notna()]
        middle = (seen["low"] + seen["high"]) / 2
        assert seen["estimate"].to_list() == pytest.approx(middle.to_list())


def test_limits_of_the_parts_hold_a_planted_change():
    """Schools' mixes are given; rates rise by 0.06 for one group alone."""
    random = np.random.default_rng(5)
    frame = rows(random, years=("2024", "2025"), least=80)
    true = random.uniform(0.3, 0.6, 3)[frame["unit"].map({"X": 0, "Y": 1, "Z": 2})]
    true = true + 0.06 * (frame["race"].eq("Black") & frame["year"].eq("2025"))
    held = []
    for _ in range(150):
        events = random.binomial(frame["population"], true)
        found = parts(frame.assign(events_low=events, events_high=events))
        row = found.loc[same_mix.SAME]
        held.append(row["conf_low"] <= 0.06 <= row["conf_high"])
    assert 0.89 <= np.mean(held) <= 0.995


def test_what_is_not_known():
    table = rows(np.random.default_rng(6))
    absent = table[~(table["race"].eq("Black") & table["year"].eq("2025"))]
    assert set(parts(absent)["reliability"]) == {same_mix.NOBODY}
    assert parts(absent)["estimate"].isna().all()
    assert same_mix.APART in set(gaps(absent)["reliability"])
    unpublished = table.assign(
        population=table["population"].astype("Float64"), population_low=20
    )
    unpublished["population_high"] = unpublished["population"]
    unpublished.loc[0, ["population", "population_high"]] = pd.NA
    found = gaps(unpublished)
    black = found[found["group"] == "Black"]
    assert set(black["reliability"]) == {same_mix.OPEN}
    assert black["estimate"].isna().all()


def two_years(*cells) -> pd.DataFrame:
    """Cells of year, school, group, students, fewest and most events."""
    names = ["year", "unit", "race", "population", "events_low", "events_high"]
    table = pd.DataFrame(cells, columns=names)
    return table.assign(
        outcome="proficiency", race=pd.Categorical(table["race"], GROUPS)
    )


@pytest.mark.parametrize(
    ("moved", "share", "known"),
    [(100, 0.2, True), (400, 0.5, True), (401, 0.5006, False)],
)
def test_where_most_are_left_out_a_change_is_not_known(moved, share, known):
    """200 Black students a year in X, and so many in Y in the second year alone."""
    table = two_years(
        ("2024", "X", "Black", 200, 60, 60), ("2025", "X", "Black", 200, 160, 160),
        ("2025", "Y", "Black", moved, 40, 40),
        ("2024", "X", "White", 500, 450, 450), ("2025", "X", "White", 500, 450, 450),
    )  # fmt: skip
    found = gaps(table)
    black = found[found["group"] == "Black"]
    assert black["left_out"].to_list() == pytest.approx([share] * 2, abs=1e-4)
    assert black["estimate"].notna().all() == known
    told = same_mix.add_left_out(closing.change(found), found)
    told = told[told["statistic"] == "change"].iloc[0]
    assert told["not_comparable"] == pytest.approx(share, abs=1e-4)
    assert told["not_comparable_reference"] == 0
    if known:
        # the gap was 0.3 - 0.9 and is 0.8 - 0.9
        assert told["estimate"] == pytest.approx(0.5)
        assert told["reliability"] == closing.CLOSING
    else:
        assert np.isnan(told["estimate"])
        assert told["reliability"] == same_mix.LOST


def test_where_most_of_the_reference_are_left_out_nothing_is_known():
    table = two_years(
        ("2024", "X", "Black", 200, 60, 60), ("2025", "X", "Black", 200, 160, 160),
        ("2024", "X", "White", 100, 90, 90), ("2025", "X", "White", 100, 90, 90),
        ("2024", "Y", "White", 300, 90, 90),
    )  # fmt: skip
    found = gaps(table)
    assert set(found["reliability"]) == {same_mix.LOST}
    told = same_mix.add_left_out(closing.change(found), found)
    assert set(told["not_comparable_reference"]) == {0.6}
    assert told["not_comparable"].eq(0).all()
    assert told["estimate"].isna().all()


@pytest.mark.parametrize(("most", "known"), [(60, True), (61, False)])
def test_bounds_beyond_twenty_points_are_not_estimated(most, known):
    """40 to 60 of 100 is 20 points, 40 to 61 is more, as `outcomes` has it."""
    assert same_mix.WIDE == outcomes.WIDE
    table = two_years(
        ("2024", "X", "Black", 100, 40, most), ("2025", "X", "Black", 100, 70, 70),
        ("2024", "X", "White", 500, 450, 450), ("2025", "X", "White", 500, 450, 450),
    )  # fmt: skip
    found = gaps(table)
    first = found[(found["group"] == "Black") & (found["year"] == "2024")].iloc[0]
    assert (first["low"], first["high"]) == pytest.approx((-0.5, most / 100 - 0.9))
    assert pd.notna(first["estimate"]) == known
    second = found[(found["group"] == "Black") & (found["year"] == "2025")].iloc[0]
    assert second["estimate"] == pytest.approx(-0.2)
    told = same_mix.add_left_out(closing.change(found), found)
    words = told.loc[told["statistic"] == "change", "reliability"].iloc[0]
    assert (words == same_mix.TOO_WIDE) is not known


def test_a_break_stays_the_reason():
    table = two_years(
        ("2024", "X", "Black", 100, 10, 90), ("2025", "X", "Black", 100, 10, 90),
        ("2024", "X", "White", 500, 450, 450), ("2025", "X", "White", 500, 450, 450),
    )  # fmt: skip
    found = gaps(table)
    told = same_mix.add_left_out(closing.change(found, breaks=["2025"]), found)
    assert told["reliability"].str.startswith(closing.BREAK).all()
    assert same_mix.add_left_out(told.iloc[:0], found).empty


def test_share_tested_by_the_published_example():
    """Newcombe 1998, Table II: 56/70 against 48/80, limits 0.0524 and 0.3339."""
    counts = pd.DataFrame(
        {"year": ["2025", "2024"], "group": "Black", "events": [56, 48]}
    ).assign(population=[70, 80])
    table = same_mix.share_tested(counts)
    change = table[(table["statistic"] == "difference") & (table["year"] == "2025")]
    limits = change[["estimate", "conf_low", "conf_high"]].iloc[0].to_list()
    assert limits == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    assert set(table.loc[table["statistic"] == "difference", "reference"]) == {"2024"}
    odd = same_mix.share_tested(counts.assign(population=[50, 80]))
    assert odd["reliability"].to_list()[::2] == [same_mix.MORE] * 2
    assert odd["estimate"].iloc[[0, 2]].isna().all()


def test_refusals():
    table = rows(np.random.default_rng(7))
    with pytest.raises(ParamsError, match="standard is 'last year'"):
        gaps(table, standard="last year")
    with pytest.raises(UnknownGroupError, match="'Green' matches 0 rows"):
        same_mix.parts(table, outcome="proficiency", reference="Green")
    with pytest.raises(ColumnNotFoundError, match="unit"):
        gaps(table.drop(columns="unit"))
    counts = pd.DataFrame({"year": "2024", "group": ["B", "B"], "events": 1})
    with pytest.raises(InputError, match="1 of 2 rows repeat a group and year"):
        same_mix.share_tested(counts.assign(population=2))
    with pytest.raises(InputError, match="column events is negative in 2 of 2"):
        same_mix.share_tested(counts.assign(population=2, events=-1))
