"""Sentences about a workforce: right numbers, no causes, nothing hidden."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    UnknownGroupError,
)
from equity.publish import findings
from equity.publish.payload import payload
from equity.publish.protect import protect

WHY = "fewer than 10 people, or needed to protect such a count"


def said(finding) -> list[str]:
    bundle = finding.as_payload()
    payload(bundle)  # a page would take it
    text = bundle["text"].lower()
    assert not any(re.search(rf"\b{word}\b", text) for word in findings.CAUSES)
    assert "explained" not in text
    return bundle["sentences"]


# --- utilisation ----------------------------------------------------------------


def job_groups(*rows, rule="two standard deviations") -> pd.DataFrame:
    """(job, group, events, population, availability, verdict, shortfall, told)."""
    names = ["job_category", "group", "events", "population", "benchmark_share"]
    table = pd.DataFrame(
        rows, columns=[*names, "underutilised", "shortfall", "reliability"]
    )
    share = table["events"].astype(float) / table["population"]
    return table.assign(
        estimate=share,
        conf_low=share - 0.03,
        conf_high=share + 0.03,
        confidence=0.95,
        rule=np.where(table["underutilised"].isna(), "simple difference", rule),
    ).astype({"shortfall": "Int64", "underutilised": "boolean", "events": "Int64"})


SHORT = ("Professionals", "Black", 16, 198, 0.142, True, 12, "recorded")
FINE = ("Professionals", "White", 120, 198, 0.6, False, 0, "recorded")
ONE = ("Professionals", "Asian", 24, 198, 0.13, False, 1, "recorded")
WEAK = (
    "Technicians", "Asian", 10, 60, 0.05, False, 0,
    "the rule finds nothing here, even if nobody of the group is employed",
)  # fmt: skip
FEW = (
    "Technicians", "Black", 11, 29, 0.5, None, 3,
    "too few in the job group for a rule",
)  # fmt: skip


def used(*rows, **options) -> list[str]:
    gate = protect(job_groups(*rows), lines=None, public=["benchmark_share"])
    return said(findings.utilisation(gate, **options))


def test_only_what_the_rule_calls_short_is_said_and_all_that_was_judged_counted():
    first, last = used(SHORT, FINE, ONE, available="those available in the occupation")
    assert first == (
        "In Professionals, Black employees hold 8.1% of the jobs (95% interval 5.1% to "
        "11.1%) and are 14.2% of those available in the occupation: 12 people short. "
        "By the rule of two standard deviations that is underutilisation."
    )
    assert last == (
        "The rule of two standard deviations was applied to 3 comparisons: 1 is short "
        "by it; at parity at most about one in forty would fall short by chance alone."
    )


def test_every_comparison_can_be_said():
    texts = used(SHORT, FINE, ONE, WEAK, every=True)
    assert len(texts) == 5
    assert "60.0% of those available: no whole person short. By the rule" in texts[1]
    assert texts[2].endswith(
        ": 1 person short. By the rule of two standard deviations that is not "
        "underutilisation."
    )
    assert texts[3].endswith(
        "not underutilisation; nor would it be if nobody of the group worked there."
    )
    assert "; for 1 of them the rule would find nothing even if nobody" in texts[4]


def test_job_groups_too_small_for_a_rule_have_the_simple_difference():
    first, second, third = used(FEW, FINE)
    assert first.endswith(
        "3 people short. Too few work there for a rule: this is the simple difference."
    )
    assert "applied to 1 comparison: none is short by it" in second
    assert third == "Not judged: 1 in job groups too small for a rule."


def test_hidden_unknown_and_unrecorded_groups_are_counted_apart():
    hidden = ("Officials", "Black", 4, 90, 0.2, True, 14, "recorded")
    masked = (
        "Officials", "Pacific", None, 90, 0.1, None, None,
        "the roster cannot record this group",
    )  # fmt: skip
    bare = ("Other", "White", 50, 90, np.nan, None, None, "availability is not known")
    table = job_groups(hidden, masked, bare, FINE)
    table["rule"] = table["rule"].where(table["underutilised"].notna(), None)
    gate = protect(table, lines=None, public=["benchmark_share"])
    texts = said(findings.utilisation(gate, every=True))
    assert (
        texts[0] == f"In Officials, the share of Black employees is not shown: {WHY}."
    )
    assert texts[1] == (
        "In Officials, the share of Pacific employees is not known: the roster cannot "
        "record this group."
    )
    assert texts[2].endswith("; of those available, their share is not known.")
    assert texts[-1] == (
        f"Not judged: 1 hidden ({WHY}); 2 whose share or availability is not known."
    )
    assert not any("14 people" in text or "4.4%" in text for text in texts)


def test_nothing_judged_is_said():
    assert used(FEW)[1] == "No comparison shown can be judged by a rule."
    gate = protect(job_groups(SHORT).iloc[:0])
    assert findings.utilisation(gate).as_payload()["kind"] == "note"


def test_another_rule_brings_no_word_of_two_standard_deviations():
    table = job_groups(SHORT, FINE, rule="80 percent")
    gate = protect(table, lines=None, public=["benchmark_share"])
    first, last = said(findings.utilisation(gate))
    assert first.endswith("By the 80 percent rule that is underutilisation.")
    assert last == "The 80 percent rule was applied to 2 comparisons: 1 is short by it."


def test_the_difference_stands_beside_the_sentence():
    level = job_groups(SHORT, FINE).assign(statistic="level")
    apart = level.assign(statistic="difference", estimate=[-0.061, 0.006])
    apart = apart.assign(conf_low=[-0.1, -0.06], conf_high=[-0.02, 0.07])
    both = pd.concat([level, apart], ignore_index=True)
    gate = protect(both, lines=None, public=["benchmark_share"])
    (row,) = findings.utilisation(gate, when="2025").as_payload()["rows"]
    assert (row["group"], row["measure"]) == ("Black", "share of Professionals")
    assert (row["estimate"], row["low"], row["high"]) == (-6.1, -10.0, -2.0)
    assert (row["unit"], row["clear"], row["people_to_parity"]) == ("points", True, 12)


# --- rates ----------------------------------------------------------------------


def moved(*, direction="higher is better", events=(24, 60), people=8, **more):
    both = {
        "group": ["Black", "White"], "events": list(events), "population": [400, 600],
        "confidence": 0.95, "people_to_parity": [people, 0], "direction": direction,
        "reference": "White", **more,
    }  # fmt: skip
    level = {"estimate": [0.06, 0.1], "conf_low": [0.035, 0.07]}
    level |= {"conf_high": [0.102, 0.139], "statistic": "level"}
    fold = {"estimate": [0.6, 1.0], "conf_low": [0.41, None], "statistic": "ratio"}
    fold |= {"conf_high": [0.88, None]}
    gap = {"estimate": [-0.04, 0.0], "conf_low": [-0.075, None]}
    gap |= {"conf_high": [-0.012, None], "statistic": "difference"}
    return pd.concat(
        [pd.DataFrame(both | part) for part in (level, gap, fold)], ignore_index=True
    )


def strata(estimate=0.85, low=0.6, high=1.2, chance=0.4, events=(24, 60)):
    return pd.DataFrame(
        {
            "group": ["Black", "White"], "reference": "White", "events": list(events),
            "population": [400, 600], "statistic": "ratio", "estimate": [estimate, 1],
            "conf_low": [low, None], "conf_high": [high, None], "confidence": 0.95,
            "homogeneity_p_value": [chance, None],
        }
    )  # fmt: skip


def rate(table=None, within=None, **options):
    gate = protect(moved() if table is None else table)
    options = {
        "verb": "were promoted at a rate of {estimate}", "gain": "promotions",
        "within": None if within is None else protect(within), **options,
    }  # fmt: skip
    return findings.rates(gate, **options)


def test_a_clear_gap_in_rates():
    first, last = said(rate())
    assert first == (
        "Black employees were promoted at a rate of 6.0% (95% interval 3.5% to 10.2%), "
        "4.0 percentage points lower than White employees (95% interval 1.2 to 7.5), "
        "or 0.60 times as often (95% interval 0.41 to 0.88). At the rate of White "
        "employees, that would be 8 promotions more."
    )
    assert last.endswith("; the other groups are compared with this one.")


def test_people_to_parity_follow_the_direction():
    options = {"verb": "left at a rate of {estimate}", "gain": "departures"}
    (text, _) = said(rate(moved(direction="lower is better"), **options))
    assert text.endswith("that would be 8 departures fewer.")
    (text, _) = said(rate(moved(direction="lower is better", people=1), **options))
    assert text.endswith("that would be 1 departure fewer.")
    unclear = moved()
    unclear.loc[[2, 4], "conf_high"] = [0.01, 1.2]
    assert "promotions more" not in " ".join(said(rate(unclear)))


def test_the_comparison_within_strata_stands_beside():
    (text, base) = said(rate(within=strata()))
    assert text.endswith(
        "8 promotions more. Within departments and years, it was 0.85 times as often "
        "as White employees (95% interval 0.60 to 1.20); no clear difference."
    )
    assert "Within" not in base
    (text, _) = said(rate(within=strata(low=0.7, high=0.95, chance=0.0004)))
    assert text.endswith(
        "(95% interval 0.70 to 0.95). Departments and years differ in it (p < 0.001): "
        "the figure is an average that may describe none of them."
    )
    (text, _) = said(rate(within=strata(chance=np.nan), strata="ranks"))
    assert text.endswith(" Whether it is the same in all ranks cannot be tested.")
    (text, _) = said(rate(within=strata(estimate=np.nan, low=np.nan, high=np.nan)))
    assert text.endswith("within departments and years cannot be made.")


def test_a_hidden_rate_and_a_hidden_comparison():
    first, _ = said(rate(moved(events=(4, 60)), within=strata(events=(4, 60))))
    assert first == f"The figure for Black employees is not shown: {WHY}."
    text = said(rate(within=strata(events=(4, 60))))[0]
    assert text.endswith(f"within departments and years is not shown: {WHY}.")
    assert "0.85" not in text


def test_the_four_fifths_rule_and_one_person_more():
    more = {"adverse": pd.array([True, None], dtype="boolean")}
    (text, _) = said(rate(moved(**more)))
    assert text.endswith(
        "By the four-fifths rule this rate differs from that of White employees: it is "
        "below four fifths of theirs."
    )
    more |= {"one_selection_reverses": pd.array([True, None], dtype="boolean")}
    (text, _) = said(rate(moved(**more)))
    assert "so that little can be read from it." in text


def test_the_largest_keeps_its_strata_and_its_numbers():
    bundle = rate(within=strata(), largest=True, when="2025").as_payload()
    (text,) = bundle["sentences"]
    assert text.startswith("The only comparison that can be shown: Black employees")
    (row,) = bundle["rows"]
    assert row["sentence"].startswith("Black employees were promoted")
    assert "8 promotions more. Within departments" in row["sentence"]
    none = rate(moved(events=(4, 60)), largest=True).as_payload()["sentences"]
    assert none[0].startswith("No comparison with White employees can be shown.")


# --- pay ------------------------------------------------------------------------


def paid(plain, held, events=80, controls="job, tenure"):
    own = pd.DataFrame([plain, held], columns=["estimate", "conf_low", "conf_high"])
    own = (own / 100).assign(group="Black", events=events)
    base = own.assign(group="White", estimate=0.0, conf_low=np.nan, conf_high=np.nan)
    return pd.concat([own, base.assign(events=200)], ignore_index=True).assign(
        reference="White", model=["unadjusted", "adjusted"] * 2, confidence=0.95,
        controls=["", controls] * 2,
    )  # fmt: skip


def pay(*args, **options):
    return findings.pay_gap(protect(paid(*args, **options), lines=None))


def test_both_gaps_and_how_to_read_the_second():
    first, note = said(pay((-10.4, -15.0, -5.0), (-2.6, -4.0, -1.2)))
    assert first == (
        "Black employees are paid 10.4% less than White employees in the geometric "
        "mean (95% interval 5.0% to 15.0% less). Among employees alike in job title "
        "and years of service, they are paid 2.6% less (95% interval 1.2% to 4.0% "
        "less)."
    )
    assert "does not excuse a gap" in note
    assert (
        "they are paid 3.0% more (95% interval 1.0% to 5.0% more)"
        in (said(pay((-10, -15, -5), (3, 1, 5)))[0])
    )


def test_gaps_that_are_not_clear_not_known_or_hidden():
    first, _ = said(pay((-1.0, -5.0, 2.0), (0.0, -3.0, 4.0)))
    assert first == (
        "Between the pay of Black employees and of White employees no clear difference "
        "can be seen: the estimate is 1.0% less, and the 95% interval runs from 5.0% "
        "less to 2.0% more. Among employees alike in job title and years of service, "
        "no clear difference can be seen: the estimate is 0.0%, and the 95% interval "
        "runs from 3.0% less to 4.0% more."
    )
    none = np.nan
    first, _ = said(pay((-5, none, none), (-2, none, none)))
    assert first.count("no interval is known") == 2
    (first,) = said(pay((-5, -7, -3), (none, none, none), controls="department"))
    assert first.endswith(
        "The gap among employees alike in department cannot be estimated."
    )
    (first,) = said(pay((-5, -7, -3), (-2, -3, -1), events=6))
    assert first == (
        "The figure for the pay of Black employees beside that of White employees is "
        f"not shown: {WHY}."
    )


def test_the_number_beside_is_that_among_people_alike():
    (row,) = pay((-10.4, -15, -5), (-2.6, -4, -1.2)).as_payload()["rows"]
    assert (row["estimate"], row["low"], row["high"]) == (-2.6, -4.0, -1.2)
    assert (row["measure"], row["unit"]) == ("pay among people alike", "percent")


def split(gap, goes, remains, others=(), outside=0.0, events=80, told="compared"):
    rows = [("", "gap", gap), ("", "no counterpart", (outside,) * 3)]
    rows += [("reference", "explained", goes), ("reference", "unexplained", remains)]
    rows += [(f"x{at}", "unexplained", (e,) * 3) for at, e in enumerate(others)]
    table = pd.DataFrame(
        [(how, part, *np.array(three) / 100) for how, part, three in rows],
        columns=["coefficients", "component", "estimate", "conf_low", "conf_high"],
    )
    return table.assign(
        group="Black", reference="White", events=events, reference_events=200,
        controls="job_category, hours", reliability=told, variable="all together",
        confidence=0.95,
    )  # fmt: skip


def parts(*args, **options):
    return findings.pay_parts(protect(split(*args, **options), lines=None))


def test_parts_of_a_gap_in_pay():
    first, points, note = said(
        parts((-36, -45, -27), (-32, -40, -24), (-4, -6, -2), (-1.5, 2.0), -1.0)
    )
    assert first == (
        "The mean log pay of Black employees is 36.0 log points lower than that of "
        "White employees (95% interval 27.0 to 45.0 lower). Of this, by the pay of the "
        "reference group, 32.0 lower goes with job category and hours (95% interval "
        "24.0 to 40.0 lower), and 4.0 lower remains among employees alike in them (95% "
        "interval 2.0 to 6.0 lower); 1.0 lower goes with employees who have no "
        "counterpart in the other group. By other usual choices, what remains runs "
        "from 1.5 lower to 2.0 higher."
    )
    assert points.startswith("A log point")
    assert "does not excuse" in note


def test_parts_with_other_signs_are_not_of_the_gap():
    first = said(parts((-5, -9, -1), (4, 2, 6), (-9, -13, -5)))[0]
    assert " In parts, by the pay of the reference group, 4.0 higher goes with" in first
    assert "Of this" not in first
    first = said(parts((-1, -9, 7), (-2, -9, 5), (1, -3, 5)))[0]
    assert first.count("no clear part") == 2


def test_parts_that_cannot_be_told_or_are_hidden():
    none = (np.nan,) * 3
    first = said(
        parts((-9, -12, -6), none, none, told="too few people with counterparts")
    )[0]
    assert first.endswith(
        "How it splits cannot be told: too few people with counterparts."
    )
    (first,) = said(parts((-9, -12, -6), (-5, -6, -4), (-4, -5, -3), events=4))
    assert first == (
        "The figure for the gap in mean log pay between Black employees and White "
        f"employees is not shown: {WHY}."
    )


# --- segregation ----------------------------------------------------------------


def mixes(low=0.18, **more):
    return pd.DataFrame(
        {
            "measure": ["dissimilarity index"], "events": [2300], "observed": [0.23],
            "expected_if_random": [0.08], "estimate": [0.21], "conf_low": [low],
            "conf_high": [0.24], "confidence": [0.95], **more,
        }
    )  # fmt: skip


def segregated(table, **options):
    return findings.segregation(protect(table, lines=None), **options)


def test_segregation_beyond_chance():
    (text,) = said(segregated(mixes(), units="job titles"))
    assert text.startswith("All groups, among job titles: the dissimilarity index of")
    assert text.endswith(
        "about 0.08; corrected for it, 0.21 (95% interval 0.18 to 0.24)."
    )
    (text,) = said(segregated(mixes(0.0)))
    assert text.endswith(
        "; beyond it, none can be seen clearly: the estimate is 0.21 (95% interval "
        "0.00 to 0.24)."
    )
    pair = mixes(group=["Two or more races"], reference=["White"], statistic=["level"])
    (text,) = said(segregated(pair))
    assert text.startswith("Employees of two or more races and White employees, among")


def test_segregation_hidden_unknown_and_without_an_interval():
    (text,) = said(segregated(mixes(events=[6])))
    assert text == (
        "The figure for the dissimilarity index of all groups among departments is not "
        f"shown: {WHY}."
    )
    blank = mixes(observed=[np.nan], estimate=[np.nan])
    assert said(segregated(blank))[0].endswith("cannot be calculated.")
    few = mixes(np.nan).assign(conf_high=np.nan)
    bundle = segregated(few).as_payload()
    assert bundle["text"].endswith("corrected for it, 0.21. No interval is known.")
    assert bundle["rows"][0]["clear"] is None
    (row,) = segregated(mixes(0.0)).as_payload()["rows"]
    assert row["clear"] is False


# --- pace -----------------------------------------------------------------------


def years(state="within 50 years", value=14.0, low=9.0, high=None, **more):
    return pd.DataFrame(
        {
            "group": ["Black"], "population": [200], "entered": [120], "left": [60],
            "benchmark": [0.3], "estimate": [value], "conf_low": [low],
            "conf_high": [high], "confidence": [0.95], "tends_to": [0.4],
            "state": [state], "reached": [0.9], **more,
        }
    )  # fmt: skip


def needed(value=45.0, possible=True, **more):
    return pd.DataFrame(
        {
            "group": ["Black"], "population": [200], "entered": [120], "left": [60],
            "benchmark": [0.3], "estimate": [value], "conf_low": [40.0],
            "conf_high": [52.0], "confidence": [0.95], "hires_now": [40.0],
            "openings": [100.0], "possible": [possible], **more,
        }
    )  # fmt: skip


def paced(table, hires=None, **options):
    gate = protect(table, public=["benchmark"])
    more = None if hires is None else protect(hires, public=["benchmark"])
    return findings.pace(
        gate, pace="2023 to 2025", benchmark="the labour force", needed=more, **options
    )


def test_years_at_this_pace():
    first, note = said(paced(years(), needed()))
    assert first == (
        "At the pace of 2023 to 2025, Black employees would reach their share of the "
        "labour force (30.0%) in about 14 years (95% interval 9 to more than 50). To "
        "be there in five years would take 45 hires of Black employees a year (95% "
        "interval 40 to 52); there were 40.0 a year. Posts that come free in all: "
        "about 100.0 a year."
    )
    assert note.endswith("no forecast.")
    assert " in about 1 year (95% interval 1 to 3)." in said(paced(years(
        value=1.0, low=1.0, high=3.0)))[0]  # fmt: skip
    first = said(paced(years(), needed(value=1.0, possible=False)))[0]
    assert "would take 1 hire of Black employees a year" in first
    assert "That is more than the posts that come free in all" in first


def test_parity_that_is_not_reached_or_is_there_now():
    first, _ = said(paced(years("not within 30 years", np.nan, 12.0, tends_to=[0.121])))
    assert first == (
        "At the pace of 2023 to 2025, Black employees would not reach their share of "
        "the labour force (30.0%) within 30 years (95% interval 12 to more than 30); "
        "in the end the share would be 12.1%."
    )
    first, _ = said(paced(years("not within 30 years", np.nan, np.nan)))
    assert "within 30 years; in the end the share" in first
    now = years("at parity now", 0.0, 0.0, 2.0, tends_to=[0.25])
    first, _ = said(paced(now, needed()))
    assert first == (
        "Black employees have their share of the labour force (30.0%) now, or more; "
        "at the pace of 2023 to 2025 the share would be 25.0% in the end."
    )


def test_pace_hidden_and_not_known():
    (first,) = said(paced(years(entered=[3]), needed(entered=[3])))
    assert first == (
        "The figure for the years until Black employees have their share of the labour "
        f"force (30.0%) is not shown: {WHY}."
    )
    blank = years("not known", np.nan, np.nan, benchmark=[np.nan])
    (first,) = said(paced(blank))
    assert first.endswith("share of the labour force cannot be calculated.")


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None, max_examples=40)
def test_years_beyond_the_horizon_are_never_numbers(one, two, three):
    low, value, high = sorted([one, two, three])
    values = [float(x) if x <= 30 else np.nan for x in (low, value, high)]
    state = "within 30 years" if value <= 30 else "not within 30 years"
    state = "at parity now" if value == 0 else state
    text = said(paced(years(state, values[1], values[0], values[2])))[0]
    numbers = [int(n) for n in re.findall(r"\b(\d+)\b(?![%.])", text.split("force")[1])]
    assert max(numbers, default=0) <= 95
    assert all(n <= 30 or n == 95 for n in numbers)
    if low <= 30 < high and value > 0:
        assert "to more than 30)" in text


# --- refusals -------------------------------------------------------------------


def test_refusals():
    with pytest.raises(DisclosureError):
        findings.utilisation(job_groups(SHORT))
    with pytest.raises(DisclosureError):
        findings.pay_gap(paid((-1, -2, 0), (-1, -2, 0)))
    for make, column in (
        (lambda t: paced(t), "tends_to"),
        (lambda t: segregated(t), "observed"),
    ):
        table = years() if column == "tends_to" else mixes()
        with pytest.raises(ColumnNotFoundError, match=column):
            make(table.drop(columns=column))
    with pytest.raises(ColumnNotFoundError, match="shortfall"):
        findings.utilisation(
            protect(
                job_groups(SHORT).drop(columns="shortfall"), public=["benchmark_share"]
            )
        )
    with pytest.raises(UnknownGroupError, match="1 rows repeat"):
        used(SHORT, SHORT)
    with pytest.raises(UnknownGroupError, match="repeat an index"):
        segregated(pd.concat([mixes(), mixes()]))
    with pytest.raises(UnknownGroupError, match="matches 0 rows of a group"):
        findings.pay_gap(
            protect(
                paid((-1, -2, 0), (-1, -2, 0)).query("model == 'adjusted'"), lines=None
            )
        )
    for wrong in ({"gain": "promotions caused by rank"}, {"verb": "were promoted"}):
        with pytest.raises(EquityError):
            rate(**wrong)
    with pytest.raises(EquityError, match="names a cause"):
        paced(years(), note="This is explained by hiring.")
