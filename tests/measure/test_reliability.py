"""Presentation standards: the worked cases, the order of the rules, the refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, InputError
from equity.measure import intervals, reliability
from equity.publish.protect import VERDICTS

WORDS = {  # of the worked cases, to ours
    "n_eff<30": reliability.FEW_PEOPLE,
    "rel width>130%": reliability.TOO_WIDE_SHARE,
    "review_0_or_100": reliability.ALL_OR_NONE,
    "footnote_complement": reliability.COMPLEMENT,
}


def case(shared, name: str) -> dict:
    return json.loads((shared / "references" / f"{name}.json").read_text())


def expected(row: dict) -> str:
    """What our column should say: the reason, or the flag of what is presented."""
    if not row["present"]:
        return WORDS[row["reason"]]
    return WORDS[row["flags"][0]] if row["flags"] else reliability.PRESENTED


# --- published cases ----------------------------------------------------------


def test_shares_as_in_the_standard(shared):
    """Parker et al. 2017 (rev. 2021), decision order as coded by its authors."""
    known = case(shared, "nchs_cp_srs")
    rows = pd.DataFrame(known["expected"]["cases"])
    table = rows[["x", "n"]].set_axis(["events", "population"], axis=1)
    found = reliability.proportions(table)["reliability"]
    assert found.to_list() == [expected(row) for row in known["expected"]["cases"]]
    low, high = intervals.exact(table["events"], table["population"])
    limits = np.column_stack([low, high])
    assert limits == pytest.approx(
        np.array(rows["ci"].to_list()), abs=known["tolerance"]["ci_abs"]
    )
    relative = (high - low) / rows["p"].where(rows["p"] > 0)
    assert relative.to_numpy() == pytest.approx(
        rows["rel_width"].to_numpy(float), abs=1e-7, nan_ok=True
    )


@pytest.mark.parametrize("name", ["nchs_kg_cluster_awards", "nchs_kg_cluster_schwide"])
def test_shares_of_a_cluster_sample(shared, name):
    """R survey 4.1-1, svyciprop(method="beta"); NCHS caps the effective sample."""
    known = case(shared, name)
    inputs, wanted = known["inputs"], known["expected"]
    exact = {"abs": known["tolerance"]["abs"]}
    share, error, sample, degrees = (inputs[k] for k in ("p", "se", "n", "df"))
    raw = share * (1 - share) / error**2
    assert raw == pytest.approx(wanted["n_eff_raw"], **exact)
    effective = reliability.effective_sample(share, error, sample, degrees)
    assert effective == pytest.approx(wanted["n_eff_df_adjusted_capped_at_n"], **exact)
    low, high = reliability.korn_graubard(share, effective)
    assert (float(low), float(high)) == pytest.approx(wanted["ci_NCHS_capped"], **exact)
    table = pd.DataFrame(
        {
            "estimate": [share],
            "standard_error": [error],
            "sample": [sample],
            "degrees_of_freedom": [degrees],
        }
    )
    found = reliability.survey_proportions(table)["reliability"]
    assert found.to_list() == [expected(wanted["decision"])]


@pytest.mark.parametrize(
    ("name", "column", "answer"),
    [
        ("nchs_kg_cluster_awards", "awards", "Yes"),
        ("nchs_kg_cluster_schwide", "sch.wide", "No"),
    ],
)
def test_the_cases_follow_from_the_schools(shared, name, column, answer):
    """Share, error and degrees of freedom of one-stage clusters, from the file.

    Linearised as a ratio of cluster totals (Cochran 1977, section 9A): schools are
    equally weighted, and the districts are drawn from ``fpc`` of them.
    """
    inputs = case(shared, name)["inputs"]
    schools = pd.read_csv(shared / "references" / inputs["data"])
    share = (schools[column] == answer).mean()
    residual = (schools[column] == answer) - share
    totals = residual.groupby(schools["dnum"]).sum()
    clusters, drawn_from = len(totals), schools["fpc"].iloc[0]
    variance = clusters / (clusters - 1) * (totals**2).sum() / len(schools) ** 2
    error = np.sqrt(variance * (1 - clusters / drawn_from))
    assert share == pytest.approx(inputs["p"], abs=1e-12)
    assert error == pytest.approx(inputs["se"], abs=1e-9)
    assert (len(schools), clusters - 1) == (inputs["n"], inputs["df"])


def test_rates_as_in_the_standard(shared):
    """Vital and Health Statistics 2(200): ten events, relative width of 160 %."""
    known = case(shared, "nchs_rates")
    rows = pd.DataFrame(known["expected"]["cases"])
    table = rows[["events", "pop"]].set_axis(["events", "population"], axis=1)
    found = reliability.rates(table)["reliability"]
    assert found.str.startswith("presented").to_list() == rows["present"].to_list()
    limits = np.column_stack(intervals.poisson_exact(rows["events"]))
    assert limits / rows[["pop"]].to_numpy() == pytest.approx(
        np.array(rows["ci"].to_list()), rel=known["tolerance"]["rel"], abs=1e-15
    )


# --- identities and properties ------------------------------------------------


@given(
    st.integers(30, 2000).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
)
def test_the_limits_of_a_random_sample_are_clopper_pearsons(counts):
    events, people = counts
    ours = reliability.korn_graubard(events / people, people)
    theirs = intervals.exact(events, people)
    assert np.array(ours) == pytest.approx(np.array(theirs), abs=1e-8)


def test_a_random_sample_is_worth_itself():
    error = np.sqrt(0.3 * 0.7 / 500)
    assert reliability.effective_sample(0.3, error, 500, 499) == pytest.approx(500)


@given(
    st.lists(
        st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        max_size=6,
    )
)
def test_every_row_has_a_verdict_and_nothing_else_changes(counts):
    table = pd.DataFrame(counts, columns=["events", "population"], dtype="Int64")
    before = table.copy()
    found = reliability.proportions(table)
    pd.testing.assert_frame_equal(found.drop(columns="reliability"), before)
    pd.testing.assert_frame_equal(table, before)
    assert found["reliability"].str.match(r"presented|suppressed: |not known$").all()


def test_more_people_are_never_less_sure():
    tenths = pd.DataFrame({"events": np.arange(1, 200)}).eval(
        "population = events * 10"
    )
    shown = reliability.proportions(tenths)["reliability"].str.startswith("presented")
    assert shown.is_monotonic_increasing
    assert shown.nunique() == 2


def test_all_and_none_do_not_depend_on_the_width():
    table = pd.DataFrame({"events": [0, 30, 0], "population": [30, 30, 29]})
    found = reliability.proportions(table)["reliability"].to_list()
    assert found[:2] == [reliability.ALL_OR_NONE] * 2
    assert found[2] == reliability.FEW_PEOPLE


def test_all_and_none_of_a_survey_have_no_error_to_go_by():
    table = pd.DataFrame(
        {
            "estimate": [0.0, 1.0, 0.4],
            "standard_error": [0.0, 0.0, 0.2],
            "sample": 200,
            "degrees_of_freedom": 20,
        }
    )
    found = reliability.survey_proportions(table)["reliability"].to_list()
    assert found == [reliability.ALL_OR_NONE] * 2 + [reliability.FEW_PEOPLE]


def test_a_wide_interval_is_suppressed_first_for_its_points():
    table = pd.DataFrame({"events": [16], "population": [32]})
    found = reliability.proportions(table)["reliability"].to_list()
    assert found == [reliability.TOO_WIDE]


def test_a_wide_rate_needs_ten_events_to_be_judged():
    assert reliability.rates(pd.DataFrame({"events": [10], "population": [1e6]}))[
        "reliability"
    ].to_list() == [reliability.PRESENTED]  # (18.39 - 4.795) / 10 is below 1.6


def test_counts_not_known_are_not_judged():
    table = pd.DataFrame(
        {"events": pd.array([None, 4, 0], "Int64"), "population": [50, None, 0]}
    )
    for judge in (reliability.proportions, reliability.rates):
        assert set(judge(table)["reliability"]) == {reliability.NOT_KNOWN}


def test_the_gate_hides_the_verdict_with_the_counts():
    assert "reliability" in VERDICTS


# --- refusals -----------------------------------------------------------------


def test_columns_are_asked_for():
    with pytest.raises(ColumnNotFoundError, match="standard_error"):
        reliability.survey_proportions(pd.DataFrame({"estimate": [0.5]}))
    with pytest.raises(ColumnNotFoundError, match="population"):
        reliability.proportions(pd.DataFrame({"events": [5]}))


def test_wrong_numbers_are_refused():
    with pytest.raises(InputError, match="exceeds population in 1 of 1 rows"):
        reliability.proportions(pd.DataFrame({"events": [5], "population": [4]}))
    with pytest.raises(InputError, match="from 0 to 1"):
        reliability.effective_sample(40, 0.1, 100, 10)
    with pytest.raises(InputError, match="negative"):
        reliability.effective_sample(0.4, -0.1, 100, 10)
