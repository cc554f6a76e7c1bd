"""Complementary suppression, called as the gate calls it."""

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from equity.publish import covering
from equity.publish.protect import protect


def widths(values, hidden, codes, low, high) -> np.ndarray:
    """How wide an attacker with all totals finds each hidden count."""
    at = np.flatnonzero(hidden)
    sums = np.array([(code == k)[at] for code in codes for k in np.unique(code)], float)
    totals = sums @ values[at]
    bounds = list(zip(low[at], high[at], strict=True))
    ends = [
        [
            sign * linprog(sign * unit, A_eq=sums, b_eq=totals, bounds=bounds).fun
            for sign in (1, -1)
        ]
        for unit in np.eye(len(at))
    ]
    return np.array([high - low for low, high in ends])


def gauss(shared) -> dict:
    return json.loads((shared / "references/sdc_gauss_r1.json").read_text())


def test_no_more_than_gauss_suppression_hides(shared):
    """GaussSuppression vignette, dataset_a 2014: 0 and 1 are small; 3 secondaries."""
    case = gauss(shared)
    values = np.array(case["inputs"]["table"], dtype=float).ravel()
    start = values <= case["inputs"]["maxN"]
    codes = [np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)]
    hidden = covering.cover(
        {"events": values},
        covering.Hidden(start, np.zeros(6, dtype=bool)),
        codes,
        np.arange(6),
        covering.Policy(3, zeros=True),  # a range of at least one
    ).row
    assert hidden.sum() - start.sum() <= case["expected"]["n_secondary"]
    found = widths(values, hidden, codes, np.zeros(6), np.full(6, np.inf))
    assert found.min() >= 1 - 1e-6


def test_gauss_suppression_through_the_gate(shared):
    """The same table five times as large: the zero is the one small count."""
    case = gauss(shared)
    inputs = case["inputs"]
    table = pd.DataFrame(
        {
            "age": np.repeat(inputs["rows"], 3),
            "geo": np.tile(inputs["cols"], 2),
            "events": 5 * np.array(inputs["table"]).ravel(),
        }
    )
    asked = {"min_cell": 5, "zeros": "hidden", "lines": ("age", "geo")}
    shown = protect(table, **asked).frame
    names = (table["age"] + "|" + table["geo"])[shown["suppressed"] == "primary"]
    assert names.tolist() == case["expected"]["primary"]
    secondary = (shown["suppressed"] == "complementary").sum()
    assert secondary <= case["expected"]["n_secondary"]


def test_a_count_alone_in_its_column_is_covered_in_its_row():
    """No total could be known of a column that is one small count."""
    table = pd.DataFrame(
        {"group": list("abc"), "area": ["x"] * 3, "events": [4, 40, 50]}
    )
    shown = protect(table, lines=("group", "area")).frame
    assert shown["events"].isna().tolist() == [True, True, False]


def test_zeros_hidden_need_cover_too():
    table = pd.DataFrame({"group": list("abcd"), "events": [0, 40, 50, 60]})
    shown = protect(table, zeros="hidden")
    assert shown.frame["suppressed"].fillna("").tolist() == [
        *("primary", "complementary", "", ""),
    ]
    assert shown.why.startswith("fewer than 10 people (or none)")
    assert "Zeros are hidden like small counts." in shown.notes
    assert protect(table).frame["suppressed"].isna().all()


@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=7),
    st.lists(st.integers(0, 500), min_size=7, max_size=7),
    st.sampled_from([5, 10, 20]),
)
@settings(deadline=None, max_examples=60)
def test_coded_rows_are_covered_within_their_bands(events, others, min_cell):
    """A reader knows the bands, the line's total, and that the rest is not coded."""
    events = np.array(events)
    people = events + others[: len(events)]
    table = pd.DataFrame(
        {"group": [f"g{k}" for k in range(len(events))], "events": events,
         "population": people}
    )  # fmt: skip
    protected = protect(table, outcome=True, min_cell=min_cell)
    frame = protected.frame
    if "coded" not in frame or not any(bundle["known"] for bundle in protected.counts):
        return
    cells = protected.counts[0]["cells"]
    told = {c[0][0]: c[1:] for c in cells if c[0][-1] == "yes"}
    bounds = [told[group] for group in table["group"]]
    caps = frame["population"].fillna(10_000).astype(float)
    low = np.array([first for first, _ in bounds], dtype=float)
    high = np.array(
        [
            cap if last is None else last
            for (_, last), cap in zip(bounds, caps, strict=True)
        ]
    )
    hidden = frame["events"].isna().to_numpy()
    known = [
        c for bundle in protected.counts if bundle["known"] for c in bundle["cells"]
    ]
    if any(labels[-1] == "yes" for labels, _, _ in known):
        line, need = [np.zeros(len(table), dtype=int)], min(5, min_cell - 1) - 1
        assert widths(events, hidden, line, low, high).min() >= need - 1e-6


def test_many_cells_are_quick():
    """15 x 9 cells, in seconds at most on any machine."""
    random = np.random.default_rng(7)
    values = random.lognormal(3, 1.2, 135).astype(int)
    codes = [np.repeat(np.arange(15), 9), np.tile(np.arange(9), 15)]
    start = covering.Hidden((values > 0) & (values < 10), np.zeros(135, dtype=bool))
    policy = covering.Policy(10)
    hidden = covering.cover(
        {"events": values.astype(float)}, start, codes, np.arange(135), policy
    )
    low, high = np.ones(135), np.full(135, np.inf)
    assert not hidden.bare["events"].any()
    assert not (hidden.row & (values == 0)).any()
    assert widths(values, hidden.row, codes, low, high).min() >= policy.need - 1e-6
