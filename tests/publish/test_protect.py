"""The gate: what it hides, and an attacker who tries to find out."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    InputError,
    ParamsError,
    UnknownGroupError,
)
from equity.publish import protect as gate
from equity.publish.protect import Protected, protect, require

WIDTH = 4  # five values, as the published attack on intervals asks for


WIDTH = 4  # five values, as the published attack on intervals asks for


def table(values, rows=None, columns=None) -> pd.DataFrame:
    """A crossed table of counts, one row per cell."""
    values = np.asarray(values)
    return pd.DataFrame(
        {
            "group": np.repeat(
                rows or [f"g{i}" for i in range(len(values))], values.shape[1]
            ),
            "department": np.tile(
                columns or [f"d{i}" for i in range(values.shape[1])], len(values)
            ),
            "events": values.ravel(),
        }
    )


def attack(truth, hidden, lines, least=0.0) -> list[tuple[float, float]]:
    """Each hidden cell's range, for a reader who knows every total and shown cell."""
    at = np.flatnonzero(hidden)
    sums, totals = [], []
    for line in lines:
        for name in pd.unique(line):
            inside = (line == name)[at]
            if inside.any():
                sums.append(inside.astype(float))
                totals.append(float(truth[at][inside].sum()))
    ranges = []
    for k in range(len(at)):
        ends = [
            linprog(
                sign * np.eye(len(at))[k], A_eq=sums, b_eq=totals, bounds=(least, None)
            ).fun
            * sign
            for sign in (1, -1)
        ]
        ranges.append((ends[0], ends[1]))
    return ranges


def crossed_lines(frame):
    return [frame["group"].to_numpy(), frame["department"].to_numpy()]


# --- primary ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "hidden"), [(0, False), (1, True), (9, True), (10, False), (0.4, True)]
)
def test_counts_from_one_to_nine_are_small(events, hidden):
    frame = protect(
        pd.DataFrame({"group": ["A"], "events": [events]}), lines=None
    ).frame
    assert (frame["suppressed"].iloc[0] == "primary") == hidden
    assert frame["events"].isna().iloc[0] == hidden


def test_ten_as_in_acro(shared):
    defaults = json.loads((shared / "references/sdc_acro_defaults.json").read_text())
    assert defaults["expected"]["safe_threshold"] == gate.MIN_CELL_DEFAULT


@pytest.mark.parametrize("min_cell", [4, 31, 0, -1, 10.0, "10", True, None])
def test_min_cell_has_a_floor_and_a_ceiling(min_cell):
    with pytest.raises(ParamsError, match=r"min_cell is .* from 5 to 30"):
        protect(pd.DataFrame({"group": ["A"], "events": [50]}), min_cell=min_cell)


@pytest.mark.parametrize(
    ("asked", "fact"),
    [
        (
            {"zeros": "maybe"},
            r"zeros is 'maybe'; expected one of \['shown', 'hidden'\]",
        ),
        ({"rounding": 7}, r"rounding is 7; expected one of \[0, 3, 5, 10\]"),
        ({"rounding": True}, "rounding is True"),
        ({"population": "half"}, "population is 'half'"),
        ({"population": "whole", "outcome": True}, "members of the population"),
    ],
)
def test_choices_are_checked(asked, fact):
    table = pd.DataFrame({"group": ["A"], "events": [50], "population": [90]})
    with pytest.raises(ParamsError, match=fact):
        protect(table, **asked)


def test_a_hidden_row_takes_every_number_made_from_it():
    frame = pd.DataFrame(
        {
            "group": ["A", "B"],
            "year": [2024, 2024],
            "events": [4, 400],
            "events_low": [4, 400],
            "population": [37, 900],
            "estimate": [0.081, 0.44],
            "conf_low": [0.02, 0.41],
            "conf_high": [0.2, 0.47],
            "people_to_parity": pd.array([3, None], dtype="Int64"),
            "indicated": [True, False],
            "mean_pay": [51_000.0, 60_000.0],
            "reliability": ["low", "high"],
            "confidence": 0.95,
        }
    )
    row = protect(frame, lines=None).frame.iloc[0]
    kept = {"group", "year", "population", "confidence", "suppressed"}
    assert {name for name in row.index if not pd.isna(row[name])} == kept


def test_a_small_population_is_hidden_with_its_row():
    frame = pd.DataFrame(
        {"group": ["A", "B"], "events": [0, 400], "population": [7, 900]}
    )
    row = protect(frame, lines=None).frame.iloc[0]
    assert row[["events", "population"]].isna().all()


def test_public_columns_stay():
    frame = pd.DataFrame({"group": ["A"], "events": [4], "residents": [0.1]})
    shown = protect(frame, lines=None, public=["residents"]).frame
    assert shown["residents"].iloc[0] == 0.1
    assert protect(frame, lines=None).frame["residents"].isna().all()


@pytest.mark.parametrize("name", ["estimate", "share", "events", "people_to_parity"])
def test_what_is_made_from_counts_is_not_public(name):
    frame = pd.DataFrame({"group": ["A"], "events": [4], "population": [37]})
    with pytest.raises(DisclosureError, match="cannot be public"):
        protect(frame.assign(**{name: 8}), public=[name])


@pytest.mark.parametrize(("times", "decimals"), [(1, 3), (100, 1), (1, 9)])
def test_a_rate_by_another_name_is_not_public(times, decimals):
    frame = pd.DataFrame(
        {"group": ["A", "B"], "events": [3, 400], "population": [37, 900]}
    )
    rate = (times * frame["events"] / frame["population"]).round(decimals)
    with pytest.raises(DisclosureError, match="'told' is said to be public"):
        protect(frame.assign(told=rate), public=["told"])
    shown = protect(frame.assign(told=[0.5, 0.4]), public=["told"], lines=None).frame
    assert shown["told"].tolist() == [0.5, 0.4]


def test_no_percentage_beside_a_hidden_count(shared):
    """CMS: a percentage of a shown denominator gives the numerator back."""
    leak = json.loads((shared / "references/sdc_percent_leak_a.json").read_text())
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a["fixture"] for a in attacks if a["id"] == "dis-07")
    cases = leak["expected"]["cases"]
    cases = [*cases, {"n": case["n"], "percent": case["pct"], "decimals": 1}]
    for told in cases:
        people, decimals = told["n"], told["decimals"]
        fits = [
            k
            for k in range(people + 1)
            if round(100 * k / people, decimals) == told["percent"]
        ]
        assert fits == told.get("compatible_counts", [case["answer"]])
        frame = pd.DataFrame(
            {"group": ["A", "B"], "events": [fits[0], 40],
             "population": [people, 90], "percent": [told["percent"], 44.4],
             "estimate": [told["percent"] / 100, 0.444]}
        )  # fmt: skip
        for outcome in (False, True):
            row = protect(frame, lines=None, outcome=outcome).frame.iloc[0]
            assert row[["events", "percent", "estimate"]].isna().all()
            assert row["population"] == people


def test_masked_counts_are_hidden_only_if_surely_small():
    frame = pd.DataFrame(
        {
            "group": ["A", "B", "C"],
            "events": pd.array([None, None, None], dtype="Int64"),
            "events_low": [0, 170, 1],
            "events_high": [10, 178, 9],
            "population": [200, 200, 200],
            "estimate": [0.025, 0.87, 0.02],
        }
    )
    shown = protect(frame, lines=None).frame
    assert shown["suppressed"].fillna("").tolist() == ["", "", "primary"]
    assert shown["events_high"].isna().tolist() == [False, False, True]


def test_an_estimate_without_any_count_is_hidden():
    frame = pd.DataFrame(
        {"group": ["A", "B"], "events": [np.nan, 50.0], "estimate": [0.5, 0.6]}
    )
    assert protect(frame, lines=None).frame["estimate"].isna().tolist() == [True, False]


# --- outcomes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "population", "hidden"),
    [(14, 14, True), (0, 14, True), (11, 14, True), (20, 40, False), (0, 0, False)],
)
def test_outcomes_protect_those_without_and_all_or_nothing(events, population, hidden):
    frame = pd.DataFrame(
        {"group": ["A"], "events": [events], "population": [population]}
    )
    shown = protect(frame, lines=None, outcome=True).frame
    assert shown["events"].isna().iloc[0] == hidden


def test_masked_outcomes_near_all_are_hidden():
    frame = pd.DataFrame(
        {
            "group": ["A"],
            "events": [np.nan],
            "events_low": [196],
            "events_high": [200],
            "population": [200],
            "estimate": [0.99],
        }
    )
    assert protect(frame, lines=None, outcome=True).frame["estimate"].isna().all()


@given(
    people=st.lists(st.integers(1, 120), min_size=2, max_size=8),
    shares=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
@settings(deadline=None, max_examples=150)
def test_an_outcome_cannot_be_recovered_from_the_total(people, shares):
    people = np.array(people)
    events = np.floor(people * np.array(shares[: len(people)]) + 1e-9).astype(int)
    frame = pd.DataFrame(
        {"group": [f"g{i}" for i in range(len(people))], "events": events,
         "population": people}
    )  # fmt: skip
    shown = protect(frame, outcome=True).frame
    hidden = shown["events"].isna().to_numpy()
    total, cap = events[hidden].sum(), people[hidden]
    low = np.maximum(0, total - (cap.sum() - cap))
    high = np.minimum(cap, total)
    # The same with everything hidden: no hiding of cells can do better than that.
    best_low = np.maximum(0, events.sum() - (people.sum() - people))[hidden]
    best_high = np.minimum(people, events.sum())[hidden]
    assert (high - low >= np.minimum(WIDTH, best_high - best_low)).all()


# --- lines --------------------------------------------------------------------


def test_subtraction_from_a_total(shared):
    """`dis-02`: 219 less 120, 64 and 31 is 4."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a["fixture"] for a in attacks if a["id"] == "dis-02")
    frame = pd.DataFrame(
        {"group": list(case["cells"]), "events": case["cells"].values()}
    )
    assert frame["events"].sum() == case["total"]
    shown = protect(frame, min_cell=10).frame
    assert shown["suppressed"].fillna("").tolist() == [
        "",
        "",
        "complementary",
        "primary",
    ]


@given(values=st.lists(st.integers(0, 60), min_size=2, max_size=12))
@settings(deadline=None, max_examples=300)
def test_no_hidden_count_can_be_subtracted_from_a_total(values):
    truth = np.array(values)
    frame = pd.DataFrame(
        {"group": [f"g{i:02}" for i in range(len(truth))], "events": truth}
    )
    hidden = protect(frame).frame["events"].isna().to_numpy()
    assert not ((truth > 0) & (truth < 10) & ~hidden).any()
    if not hidden.any() or (truth > 0).sum() < 2:
        return
    total, cells = truth[hidden].sum(), hidden.sum()
    assert cells >= 2
    assert total >= min(10, truth.sum())
    if hidden.all():
        return  # hiding cells can do no more
    least = 0 if (truth[hidden] == 0).any() else 1
    # At least three values fit every cell; two where the total itself is small.
    assert total - least * cells >= (2 if total >= 10 else 1)


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 40) | st.integers(0, 6), min_size=n, max_size=n),
            min_size=2,
            max_size=7,
        )
    )
)
@settings(deadline=None, max_examples=60)
def test_no_hidden_count_can_be_solved_for(values):
    frame = table(values)
    truth, lines = frame["events"].to_numpy(), crossed_lines(frame)
    shown = protect(frame, lines=["group", "department"]).frame
    hidden = shown["events"].isna().to_numpy()
    ranges = attack(truth, hidden, lines)
    # Where even a table with nothing shown gives a cell away, its totals do.
    best = dict(enumerate(attack(truth, np.ones(len(truth), bool), lines)))
    for cell, (low, high) in zip(np.flatnonzero(hidden), ranges, strict=True):
        if truth[cell] and best[cell][1] - best[cell][0] >= 1:
            assert high - low >= 1 - 1e-6
    poor = any((t := truth[line == n].sum()) and t < 30 for line in lines for n in line)
    if not poor:  # the reader also knows that a hidden count is of people, if it is so
        least = min(1.0, truth[hidden].min(initial=1))
        ranges = attack(truth, hidden, lines, least=least)
        for cell, (low, high) in zip(np.flatnonzero(hidden), ranges, strict=True):
            assert high - low >= (WIDTH if truth[cell] else 1) - 1e-6


@pytest.mark.parametrize("min_cell", [5, 6, 10, 30])
def test_five_values_or_as_many_as_there_are_small_counts(shared, min_cell):
    """`dis-18`: an interval must leave at least five numerators."""
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a for a in attacks if a["id"] == "dis-18")
    assert "at least 5" in case["pass_if"]
    frame = table([[3, 50, 20, 70], [60, 70, 80, 90], [90, 30, 40, 35]])
    truth, lines = frame["events"].to_numpy(), crossed_lines(frame)
    asked = {"min_cell": min_cell, "lines": ["group", "department"]}
    hidden = protect(frame, **asked).frame["events"].isna().to_numpy()
    for low, high in attack(truth, hidden, lines, least=1.0):
        assert high - low + 1 >= min(5, min_cell - 1) - 1e-6


def test_the_table_that_two_per_line_does_not_protect(shared):
    attacks = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    case = next(a["fixture"] for a in attacks if a["id"] == "dis-03")
    frame = table(case["values"], case["rows"], case["cols"])
    truth, lines = frame["events"].to_numpy(), crossed_lines(frame)
    names = frame["group"] + frame["department"]
    by_hand = names.isin(case["suppressed"]).to_numpy()
    widths = [high - low for low, high in attack(truth, by_hand, lines)]
    assert min(widths) < 1e-6  # two in every line, and still one is exact
    hidden = protect(frame, lines=["group", "department"]).frame["events"].isna()
    assert hidden[names == "yc"].all()
    widths = [high - low for low, high in attack(truth, hidden.to_numpy(), lines)]
    assert min(widths) >= WIDTH - 1e-6


def test_hired_and_not_hired(shared):
    case = json.loads(
        (shared / "references/sdc_primary_only_recoverable.json").read_text()
    )
    inputs = case["inputs"]
    frame = table(inputs["table"], inputs["rows"], inputs["cols"])
    truth, lines = frame["events"].to_numpy(), crossed_lines(frame)
    hidden = (
        protect(frame, min_cell=11, lines=["group", "department"])
        .frame["events"]
        .isna()
    )
    names = (frame["group"] + "|" + frame["department"])[hidden].tolist()
    assert set(case["expected"]["primary"]) <= set(names)
    extra = len(names) - case["expected"]["n_recoverable"]
    assert extra >= case["expected"]["min_number_of_secondary_inner_cells"]
    widths = [high - low for low, high in attack(truth, hidden.to_numpy(), lines)]
    assert min(widths) >= WIDTH - 1e-6


def test_the_attacker_of_these_tests_is_the_published_one(shared):
    case = json.loads(
        (shared / "references/sdc_audit_fischetti_salazar.json").read_text()
    )
    inputs, expected = case["inputs"], case["expected"]["intervals"]
    frame = table(inputs["table"], inputs["rows"], inputs["cols"])
    names = frame["group"] + "|" + frame["department"]
    hidden = names.isin(inputs["suppressed"]).to_numpy()
    ranges = attack(frame["events"].to_numpy(), hidden, crossed_lines(frame))
    for name, found in zip(names[hidden], ranges, strict=True):
        assert found == pytest.approx(expected[name][:2])


def test_a_poor_line_hides_a_zero_too():
    frame = pd.DataFrame({"group": list("abcd"), "events": [9, 0, 0, 0]})
    hidden = protect(frame).frame["events"].isna()
    assert hidden[0]
    assert hidden.sum() == 2


def test_lines_add_up_only_within_themselves():
    frame = table([[4, 50, 20], [60, 70, 80], [90, 30, 40]])
    hidden = protect(frame, lines=["department"]).frame["events"].isna()
    assert frame.loc[hidden, "department"].tolist() == ["d0", "d0"]
    assert protect(frame, lines=None).frame["events"].isna().sum() == 1


@given(
    st.lists(st.integers(0, 40), min_size=12, max_size=12),
    st.permutations(range(12)),
)
@settings(deadline=None, max_examples=30)
def test_the_order_of_rows_changes_nothing(values, order):
    frame = table(np.reshape(values, (4, 3)))
    lines = ["group", "department"]
    straight = protect(frame, lines=lines).frame
    mixed = protect(frame.iloc[list(order)], lines=lines).frame
    back = straight.iloc[list(order)].reset_index(drop=True)
    pd.testing.assert_frame_equal(mixed, back)


def test_measures_of_the_same_people_hide_the_same_rows():
    frame = table([[4, 50, 20], [60, 12, 80], [90, 30, 40]])
    both = pd.concat(
        [
            frame.assign(measure="rate", estimate=0.5),
            frame.assign(measure="ratio", estimate=2),
        ]
    )
    shown = protect(both, lines=["group", "department"]).frame
    hidden = shown["suppressed"].notna().to_numpy()
    assert hidden[:9].tolist() == hidden[9:].tolist()
    alone = protect(frame, lines=["group", "department"]).frame["suppressed"].notna()
    assert hidden[:9].tolist() == alone.tolist()


def test_a_repeated_denominator_is_one_cell():
    frame = table([[20, 3, 30, 60], [30, 4, 25, 70]])
    frame["population"] = frame.groupby("department")["events"].transform("sum")
    shown = protect(frame, lines=["group", "department"]).frame
    hidden = shown.groupby("department")["population"].apply(lambda x: x.isna().sum())
    assert hidden.to_dict() == {"d0": 2, "d1": 2, "d2": 0, "d3": 0}


def test_expected_counts_need_not_be_whole():
    frame = pd.DataFrame({"group": list("abc"), "events": [0.7, 12.4, 300.2]})
    shown = protect(frame).frame
    assert shown["events"].isna().tolist() == [True, True, False]


def test_a_ledger_of_rows_by_file():
    ledger = pd.DataFrame(
        {
            "file": ["a.csv"] * 3 + ["b.csv"] * 3,
            "rule": ["used", "no date", "repeated"] * 2,
            "rows": [900, 3, 40, 800, 20, 30],
        }
    )
    shown = protect(ledger, lines=["file"], counted="rows")
    assert shown.frame["rows"].isna().tolist() == [False, True, True, *[False] * 3]
    assert shown.why.startswith("fewer than 10 rows")


# --- the reference ------------------------------------------------------------


def compared() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area": ["x", "x", "y", "y"],
            "group": ["A", "B", "A", "B"],
            "events": [40, 3, 50, 60],
            "reference": "B",
            "estimate": [2.0, 1.0, 1.5, 1.0],
            "conf_low": [1.5, np.nan, 1.2, np.nan],
            "conf_high": [2.5, np.nan, 1.9, np.nan],
        }
    )


def test_rows_compared_with_a_hidden_row_lose_the_comparison():
    shown = protect(compared(), lines=None).frame
    assert shown["suppressed"].fillna("").tolist() == ["reference", "primary", "", ""]
    assert shown["estimate"].isna().tolist() == [True, True, False, False]
    assert shown["events"].isna().tolist() == [False, True, False, False]


def test_a_reference_that_is_no_row_hides_nothing():
    shown = protect(compared().assign(reference="Residents"), lines=None).frame
    assert shown["suppressed"].fillna("").tolist() == ["", "primary", "", ""]
    missing = protect(compared().assign(reference=None), lines=None).frame
    assert missing["suppressed"].fillna("").tolist() == ["", "primary", "", ""]


# --- the class ----------------------------------------------------------------


def test_only_the_gate_makes_protected_tables():
    with pytest.raises(DisclosureError, match="only"):
        Protected(pd.DataFrame(), 10, False, "people")
    with pytest.raises(DisclosureError, match="found DataFrame"):
        require(pd.DataFrame(), "tables.show")


def test_the_frame_is_a_copy_and_the_input_unchanged():
    frame = compared()
    before = frame.copy(deep=True)
    protected = protect(frame, lines=None)
    copy = protected.frame
    copy.loc[1, "events"] = 3
    assert protected.frame["events"].isna().any()
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(AttributeError):
        protected.min_cell = 5


def test_only_picks_rows_after_protection():
    protected = protect(compared(), lines=None)
    assert protected.only(area="y", group=["A", "B"]).frame["events"].tolist() == [
        50,
        60,
    ]
    with pytest.raises(ColumnNotFoundError, match="ward"):
        protected.only(ward="1")
    with pytest.raises(UnknownGroupError):
        protected.only(group="C")


def test_the_repr_says_nothing_about_a_row():
    text = repr(protect(compared(), lines=None))
    assert text == "<Protected: 4 rows, 2 with hidden numbers>"


@pytest.mark.parametrize(
    ("change", "error", "fact"),
    [
        ({"worker_id": 1}, DisclosureError, "worker_id"),
        ({"suppressed": ""}, DisclosureError, "protected before"),
        ({"coded": ""}, DisclosureError, "protected before"),
        ({"max_pay": 9}, DisclosureError, "single persons"),
        ({"events": -1}, InputError, "below zero"),
        ({"events": "many"}, InputError, "found text"),
    ],
)
def test_tables_that_are_refused(change, error, fact):
    with pytest.raises(error, match=fact):
        protect(compared().assign(**change))


def test_more_refusals():
    with pytest.raises(DisclosureError, match="no count beside them"):
        protect(pd.DataFrame({"group": ["A"], "estimate": [0.5]}))
    with pytest.raises(ColumnNotFoundError, match="department"):
        protect(compared(), lines=["department"])
    with pytest.raises(ColumnNotFoundError, match="population"):
        protect(compared(), outcome=True)
    with pytest.raises(InputError, match="exceed"):
        protect(compared().assign(population=10), outcome=True)


def test_tables_of_text_pass_and_empty_tables_too():
    words = pd.DataFrame({"file": ["a.csv"], "licence": ["public domain"]})
    assert protect(words).frame["licence"].tolist() == ["public domain"]
    assert len(protect(compared().iloc[:0]).frame) == 0


def test_people_without_a_race_cannot_be_worked_back_from_shares():
    """40, 30 and 20 people, and 3 unknown: 40 is 43.0 % of 93, so 93 - 90 is 3."""
    table = pd.DataFrame(
        {
            "group": ["White", "Asian", "Black", "Unknown"],
            "recorded": ["yes", "yes", "yes", "no"],
            "measure": "share of all workers",
            "events": [40, 30, 20, 3],
            "population": 93,
            "estimate": [40 / 93, 30 / 93, 20 / 93, 3 / 93],
        }
    )
    shown = protect(table, min_cell=10, lines=()).frame
    hidden = shown["events"].isna()
    assert hidden.to_list() == [False, False, True, True]
    # Whoever knows the total of all knows only that 23 people are of two groups.
    assert shown.loc[hidden, "estimate"].isna().all()


def test_statistics_of_one_measure_do_not_cover_each_other():
    # the level and the difference of one small group are one hidden count, not two
    both = {
        "group": ["A", "B", "C"],
        "population": [5, 50, 60],
        "estimate": [1.0, 2, 3],
    }
    table = pd.concat(
        [
            pd.DataFrame(both | {"measure": "growth", "statistic": statistic})
            for statistic in ("level", "difference")
        ]
    )
    hidden = protect(table, lines=()).frame["suppressed"].notna()
    assert hidden.tolist() == [True, True, False] * 2
