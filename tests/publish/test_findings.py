"""Sentences: right when quoted, silent about what is hidden, and without causes."""

import re
from dataclasses import replace

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

GROUPS = ["Asian", "Black", "Native", "White"]


def rows(estimates, lows, highs, events=(60, 400, 50, 900), groups=GROUPS, **more):
    return pd.DataFrame(
        {
            "group": groups,
            "events": events,
            "reference": "White",
            "estimate": estimates,
            "conf_low": lows,
            "conf_high": highs,
            "confidence": 0.95,
            **more,
        }
    )


DAYS = rows([11.0, 14.0, 12.0, 10.9], [10.0, 12.1, 9.0, 10.2], [12.0, 15.9, 16.0, 11.6])
GAPS = rows([0.1, 3.1, 1.1, 0.0], [-1.1, 1.2, -1.9, np.nan], [1.3, 5.0, 5.1, np.nan])
RATIOS = rows(
    [1.01, 1.28, 1.1, 1.0], [0.9, 1.1, 0.8, np.nan], [1.12, 1.47, 1.5, np.nan]
)


def open_gate(frame, **options):
    return protect(frame, lines=None, **options)


def say(frame=DAYS, differences=None, ratios=None, **options):
    found = findings.compare(
        open_gate(frame),
        subject="requests from the areas where {people} live",
        verb="took a median of {estimate} to close",
        than="where {people} live",
        unit="number",
        noun="days",
        words=("longer", "shorter"),
        times="as long",
        differences=None if differences is None else open_gate(differences),
        ratios=None if ratios is None else open_gate(ratios),
        **options,
    )
    return found.as_payload()["sentences"]


def test_the_sentence_of_the_brief():
    assert say(differences=GAPS)[1] == (
        "Requests from the areas where Black residents live took a median of 14.0 days "
        "to close (95% interval 12.1 to 15.9), 3.1 days longer than where White "
        "residents live (95% interval 1.2 to 5.0)."
    )


def test_absolute_and_relative_together():
    assert say(differences=GAPS, ratios=RATIOS)[1].endswith(
        ", 3.1 days longer than where White residents live (95% interval 1.2 to 5.0), "
        "or 1.28 times as long (95% interval 1.10 to 1.47)."
    )
    assert say(ratios=RATIOS)[1].endswith(
        ", 1.28 times as long as where White residents live (95% interval 1.10 to "
        "1.47)."
    )


def test_no_clear_difference_is_never_no_difference():
    text = say(differences=GAPS, ratios=RATIOS)[0]
    assert text.endswith(
        ", no clear difference from where White residents live: the estimate is 0.1 "
        "days longer, and the 95% interval runs from 1.1 shorter to 1.3 longer; the "
        "ratio is 1.01 (95% interval 0.90 to 1.12)."
    )
    assert "no clear difference" in say(ratios=RATIOS)[0]


def test_a_difference_is_clear_only_if_every_interval_says_so():
    ratios = RATIOS.assign(conf_low=[0.9, 0.99, 0.8, np.nan])
    said = say(differences=GAPS, ratios=ratios)[1]
    assert "no clear difference" in said
    why = "One of the two intervals leaves out parity and the other does not"
    assert why in said
    neither = GAPS.assign(conf_low=-GAPS["conf_high"].abs())
    assert why not in say(differences=neither, ratios=ratios)[1]


def test_a_shorter_wait_turns_the_interval():
    shorter = GAPS.assign(
        estimate=-GAPS["estimate"],
        conf_low=-GAPS["conf_high"],
        conf_high=-GAPS["conf_low"],
    )
    assert "3.1 days shorter than" in say(differences=shorter)[1]
    assert "(95% interval 1.2 to 5.0)." in say(differences=shorter)[1]


def test_the_reference_is_named():
    assert say(differences=GAPS)[3].endswith(
        "; the other groups are compared with this one."
    )


def test_hidden_groups_are_said_to_be_hidden():
    few = DAYS.assign(events=[60, 400, 3, 900])
    text = say(few, differences=GAPS.assign(events=few["events"]))[2]
    assert text == (
        "The figure for requests from the areas where Native residents live is not "
        "shown: fewer than 10 people, or needed to protect such a count."
    )


def test_a_hidden_reference_hides_the_comparison():
    few = GAPS.assign(events=[60, 400, 50, 3])
    text = say(differences=few)[1]
    assert (
        "; the comparison with where White residents live is not shown: fewer" in text
    )
    assert "3.1" not in text


def test_what_is_not_known_is_said_to_be_not_known():
    unknown = DAYS.assign(
        events=pd.array([60, None, 50, 900], dtype="Int64"),
        estimate=[11.0, np.nan, 12.0, 10.9],
    )
    assert say(unknown)[1].endswith("is not known.")
    impossible = DAYS.assign(estimate=[11.0, np.nan, 12.0, 10.9])
    assert say(impossible)[1].endswith("cannot be calculated.")


def test_without_an_interval_the_sentence_says_so():
    bare = GAPS.assign(conf_low=np.nan, conf_high=np.nan)
    assert say(differences=bare)[1].endswith(
        "no interval is known for this comparison."
    )


def test_a_clear_difference_too_small_to_print():
    tiny = GAPS.assign(estimate=0.02, conf_low=0.01, conf_high=0.03)
    assert "less than 0.1 days longer than" in say(differences=tiny)[0]


def test_percents_differ_in_percentage_points():
    rates = rows([0.7, 0.612, 0.5, 0.8], [0.6, 0.55, 0.4, 0.7], [0.8, 0.67, 0.6, 0.9])
    gaps = rows(
        [-0.1, -0.188, -0.3, 0], [-0.2, -0.25, -0.4, np.nan], [0.0, -0.12, -0.2, np.nan]
    )
    found = findings.compare(
        open_gate(rates), differences=open_gate(gaps), unit="percent",
        people="students",
        subject="{people}", verb="graduated at a rate of {estimate}",
    ).as_payload()["sentences"]  # fmt: skip
    assert found[1] == (
        "Black students graduated at a rate of 61.2% (95% interval 55.0% to 67.0%), "
        "18.8 percentage points lower than White students (95% interval 12.0 to 25.0)."
    )
    assert "runs from 20.0 lower to 0.0" in found[0]


def test_largest_chooses_among_clear_differences_shown():
    gaps = GAPS.assign(estimate=[0.1, 3.1, 9.0, 0.0], events=[60, 400, 50, 900])
    (text,) = say(differences=gaps, largest=True)
    assert text.startswith(
        "The largest clear difference: requests from the areas where Black"
    )
    few = DAYS.assign(events=[60, 4, 50, 900])
    (text,) = say(few, differences=GAPS.assign(events=few["events"]), largest=True)
    assert text == (
        "No clear difference from White residents can be seen in any group shown. "
        "Groups whose figures are hidden are left out."
    )


def test_largest_by_ratio_takes_a_half_to_be_as_far_as_a_double():
    ratios = RATIOS.assign(
        estimate=[0.4, 1.9, 1.1, 1.0], conf_low=[0.3, 1.5, 0.8, np.nan],
        conf_high=[0.6, 2.4, 1.5, np.nan],
    )  # fmt: skip
    (text,) = say(ratios=ratios, largest=True)
    assert "Asian" in text


def test_ratio_from_the_style_of_the_house():
    frame = pd.DataFrame(
        {"group": ["Black", "White"], "events": [90, 60], "reference": "White",
         "estimate": [3.0, 1.0], "conf_low": [2.18, np.nan],
         "conf_high": [4.12, np.nan], "confidence": 0.95}
    )  # fmt: skip
    found = findings.ratio(
        open_gate(frame), subject="{people}", people="applicants",
        verb="were denied {estimate} as often as",
    )  # fmt: skip
    text = (
        "Black applicants were denied 3.00 times as often as White applicants (95% "
        "interval 2.18 to 4.12)."
    )
    bundle = found.as_payload()
    del bundle["counts"]
    assert bundle == {
        "kind": "finding",
        "sentences": [text],
        "text": text,
        "rows": [
            {
                "measure": "applicants",
                "when": "",
                "group": "Black",
                "reference": "White",
                "unit": "ratio",
                "estimate": 3.0,
                "low": 2.18,
                "high": 4.12,
                "people_to_parity": None,
                "clear": True,
                "sentence": text,
            }
        ],
    }


def test_representation_says_both_shares_and_parity():
    shares = rows(
        [0.05, 0.24, 0.01, 0.7], [0.04, 0.21, 0.0, 0.68], [0.06, 0.27, 0.02, 0.72],
        events=(50, 240, 5, 700), benchmark=[0.055, 0.293, 0.01, 0.6],
        people_to_parity=[5, 53, 2, 0], population=1000,
    )  # fmt: skip
    found = findings.representation(
        open_gate(shares, public=["benchmark"]), benchmark="benchmark"
    ).as_payload()["sentences"]
    assert found[0] == (
        "Asian people are 5.0% of the workforce (95% interval 4.0% to 6.0%) and 5.5% "
        "of residents, no clear difference."
    )
    assert found[1].endswith(
        "Parity would take 53 more Black employees in place of others."
    )
    assert "is not shown" in found[2]
    assert found[3].endswith("60.0% of residents.")


def test_nothing_is_a_note():
    found = findings.nothing("No proficiency counts were given.")
    assert found.as_payload() == {
        "kind": "note",
        "text": "No proficiency counts were given.",
    }
    with pytest.raises(EquityError):
        findings.nothing(" ")


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("White", "White residents"),
        ("Two or more races", "residents of two or more races"),
        ("Not recorded", "residents whose race is not recorded"),
    ],
)
def test_people_read_as_english(group, text):
    assert findings.people(group, "residents") == text


@pytest.mark.parametrize(
    ("template", "fact"),
    [
        ("took {estimate} because of staff", "names a cause"),
        ("took {0}", "should have"),
        ("took {estimate.__class__}", "should have"),
        ("took days", "should have"),
        ("took {estimate", "no template"),
        ("took {estimate} or {group}", "should have"),
    ],
)
def test_templates_that_are_refused(template, fact):
    with pytest.raises(EquityError, match=fact):
        findings.compare(
            open_gate(DAYS),
            subject="{people}",
            verb=template,
            unit="number",
            noun="days",
        )


def test_other_refusals():
    with pytest.raises(DisclosureError):
        findings.compare(DAYS, subject="{people}", verb="{estimate}", unit="number")
    with pytest.raises(ColumnNotFoundError, match="conf_low"):
        say(DAYS.drop(columns="conf_low"))
    with pytest.raises(UnknownGroupError, match="repeat a group"):
        say(pd.concat([DAYS, DAYS]))
    with pytest.raises(EquityError, match="needs differences"):
        say(largest=True)


@given(st.floats(-20, 20), st.floats(0, 20), st.floats(0, 20), st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_words_follow_the_interval_and_hidden_numbers_never_appear(
    gap, below, above, n
):
    gaps = GAPS.assign(
        estimate=[gap] * 3 + [0], conf_low=gap - below, conf_high=gap + above,
        events=[n, 400, 50, 900],
    )  # fmt: skip
    text = say(DAYS.assign(events=gaps["events"]), differences=gaps)[0]
    if 0 < n < 10:
        assert not re.search(r"\d", text.replace("fewer than 10", ""))
    elif gap - below > 0:
        assert "longer than" in text
    elif gap + above < 0:
        assert "shorter than" in text
    else:
        assert "no clear difference" in text
    assert "no difference" not in text


@pytest.fixture
def stacked():
    """Two groups' shares, and their differences from the share of residents."""
    names = ["group", "statistic", "estimate", "conf_low", "conf_high"]
    table = pd.DataFrame(
        [
            ("Asian", "level", 0.046, 0.038, 0.056),
            ("Hispanic or Latino", "level", 0.126, 0.113, 0.140),
            ("Asian", "difference", -0.004, -0.013, 0.006),
            ("Hispanic or Latino", "difference", -0.095, -0.110, -0.079),
            ("Asian", "ratio", 0.92, 0.76, 1.13),
            ("Hispanic or Latino", "ratio", 0.57, 0.51, 0.64),
        ],
        columns=names,
    )
    level = table["statistic"] == "level"
    return table.assign(
        events=[102, 279] * 3,
        population=2216,
        benchmark=[0.05, 0.221] * 3,
        people_to_parity=[9, 212] * 3,
        reference=level.map({True: None, False: "residents"}),
        confidence=0.95,
    )


def test_representation_judges_by_the_difference_where_it_is_given(stacked):
    protected = protect(stacked, lines=None, public=["benchmark"])
    found = findings.representation(protected, benchmark="benchmark")
    assert found.as_payload()["sentences"] == [
        "Asian people are 4.6% of the workforce (95% interval 3.8% to 5.6%) and 5.0% "
        "of residents, no clear difference: the estimate is 0.4 percentage points "
        "less, and the 95% interval runs from 1.3 less to 0.6 more; the ratio is 0.92 "
        "(95% interval 0.76 to 1.13).",
        "Hispanic or Latino people are 12.6% of the workforce (95% interval 11.3% to "
        "14.0%) and 22.1% of residents, 9.5 percentage points less (95% interval 7.9 "
        "to 11.0), or 0.57 times its share (95% interval 0.51 to 0.64). Parity would "
        "take 212 more Hispanic or Latino employees in place of others.",
    ]


def test_people_to_parity_of_a_share_replace_others(stacked):
    """279 of 2,216 and 212 more: 22.1% at the same size, 20.2% with them on top."""
    row = stacked.iloc[1]
    events, size = row["events"] + row["people_to_parity"], row["population"]
    assert events / size == pytest.approx(row["benchmark"], abs=0.001)
    assert events / (size + row["people_to_parity"]) < row["benchmark"] - 0.01


def test_a_share_is_clear_only_if_difference_and_ratio_say_so(stacked):
    at = (stacked["statistic"] == "ratio") & (stacked["estimate"] == 0.57)
    protected = protect(
        stacked.assign(conf_high=stacked["conf_high"].mask(at, 1.02)),
        lines=None, public=["benchmark"],
    )  # fmt: skip
    found = findings.representation(protected, benchmark="benchmark").as_payload()
    assert (
        "no clear difference: the estimate is 9.5 percentage points less"
        in (found["sentences"][1])
    )
    assert "other does not, so the difference is not called clear." in found["text"]
    assert "Parity" not in found["text"]


def test_a_share_whose_comparison_has_no_interval_says_so(stacked):
    apart = stacked["statistic"] != "level"
    bare = stacked.assign(
        conf_low=stacked["conf_low"].mask(apart),
        conf_high=stacked["conf_high"].mask(apart),
    )
    found = findings.representation(
        protect(bare, lines=None, public=["benchmark"]), benchmark="benchmark"
    ).as_payload()
    assert found["sentences"][1].endswith(
        "9.5 percentage points less, or 0.57 times its share; no interval is known for "
        "this comparison."
    )
    assert {row["clear"] for row in found["rows"]} == {None}


def test_a_share_whose_comparison_is_hidden_is_not_called_unclear(stacked):
    few = stacked.assign(events=[102, 279, 102, 4, 102, 4])
    found = findings.representation(
        protect(few, lines=None, public=["benchmark"]), benchmark="benchmark"
    ).as_payload()
    text = found["sentences"][1]
    assert "the comparison of the two is not shown: fewer than 10" in text
    assert "clear" not in text
    assert [row["group"] for row in found["rows"]] == ["Asian"]


def test_representation_names_the_largest_shortfall_alone(stacked):
    protected = protect(stacked, lines=None, public=["benchmark"])
    (text,) = findings.representation(
        protected, benchmark="benchmark", largest=True
    ).as_payload()["sentences"]
    assert text.startswith("The largest shortfall: Hispanic or Latino people are 12.6%")


def test_representation_without_a_shortfall_says_so(stacked):
    few = stacked[stacked["group"] == "Asian"]
    protected = protect(few, lines=None, public=["benchmark"])
    (text,) = findings.representation(
        protected, benchmark="benchmark", largest=True
    ).as_payload()["sentences"]
    assert text == "No group shown is clearly short of its share of the workforce."


# --- The numbers beside the sentences -----------------------------------------


def headlines(frame=DAYS, **options):
    found = findings.compare(
        open_gate(frame), subject="{people}", verb="wait {estimate}", unit="number",
        noun="days", words=("longer", "shorter"),
        **{key: open_gate(value) if isinstance(value, pd.DataFrame) else value
           for key, value in options.items()},
    )  # fmt: skip
    bundle = found.as_payload()
    assert payload(bundle).rows or not bundle["rows"]
    return bundle


def test_rows_hold_the_numbers_of_their_sentences():
    bundle = headlines(differences=GAPS, ratios=RATIOS, measure="days to close")
    assert [row["group"] for row in bundle["rows"]] == ["Asian", "Black", "Native"]
    black = bundle["rows"][1]
    assert black == {
        "measure": "days to close",
        "when": "",
        "group": "Black",
        "reference": "White",
        "unit": "number",
        "estimate": 3.1,
        "low": 1.2,
        "high": 5.0,
        "people_to_parity": None,
        "clear": True,
        "sentence": bundle["sentences"][1],
    }
    assert [row["clear"] for row in bundle["rows"]] == [False, True, False]


def test_ratios_alone_are_told_as_ratios_and_not_judged_without_an_interval():
    rows = headlines(ratios=RATIOS)["rows"]
    assert {row["unit"] for row in rows} == {"ratio"}
    bare = GAPS.assign(conf_low=np.nan, conf_high=np.nan)
    bundle = headlines(differences=bare)
    assert {row["clear"] for row in bundle["rows"]} == {None}
    assert "no clear difference" not in bundle["text"]
    (text,) = headlines(differences=bare, largest=True)["sentences"]
    assert text == (
        "No interval is known for any difference from White residents, so none can be "
        "called clear."
    )


def test_the_time_the_numbers_are_of_goes_along(stacked):
    when = "January to December 2025"
    found = [
        headlines(differences=GAPS, when=when),
        findings.ratio(
            open_gate(RATIOS), subject="{people}", verb="wait {estimate} as long as",
            when=when,
        ).as_payload(),
        findings.representation(
            protect(stacked, lines=None, public=["benchmark"]), benchmark="benchmark",
            when=when,
        ).as_payload(),
    ]  # fmt: skip
    assert {row["when"] for bundle in found for row in bundle["rows"]} == {when}
    assert all(payload(bundle).rows[0].when == when for bundle in found)


def test_after_a_colon_a_sentence_begins_small_and_a_name_does_not(stacked):
    def parts(subject, **options):
        level = pd.concat(
            [DAYS.assign(subject=s, statistic="level") for s in ("Reading", "Writing")]
        )
        gaps = pd.concat(
            [
                GAPS.assign(subject=s, statistic="difference")
                for s in ("Reading", "Writing")
            ]
        )
        return findings.compare(
            open_gate(pd.concat([level, gaps], ignore_index=True)), subject=subject,
            verb="is {estimate}", unit="number", **options,
        ).as_payload()  # fmt: skip

    bundle = parts("the wait of {people}", largest=True)
    start = "Reading: the largest clear difference: the wait of Black residents is"
    assert bundle["sentences"][0].startswith(start)
    assert bundle["rows"][0]["sentence"].startswith("Reading: the wait of Black")
    assert parts("{people}")["sentences"][0].startswith("Reading: Asian residents is")
    protected = protect(stacked, lines=None, public=["benchmark"])
    text = findings.representation(
        protected.only(group="Hispanic or Latino"), benchmark="benchmark", largest=True
    ).as_payload()["text"]
    assert text.startswith("The only comparison that can be shown: Hispanic or Latino")


def test_the_only_comparison_is_not_called_the_largest():
    keep = ["Black", "White"]
    pair, gaps = (frame[frame["group"].isin(keep)] for frame in (DAYS, GAPS))
    (text,) = say(pair, differences=gaps, largest=True)
    assert text.startswith(
        "The only comparison that can be shown: requests from the areas where Black"
    )


def test_a_hidden_comparison_has_no_row():
    few = DAYS.assign(events=[60, 400, 3, 900])
    rows = headlines(few, differences=GAPS.assign(events=few["events"]))["rows"]
    assert [row["group"] for row in rows] == ["Asian", "Black"]


def test_the_row_of_the_largest_is_that_of_the_whole_list():
    every = headlines(differences=GAPS)["rows"]
    (largest,) = headlines(differences=GAPS, largest=True)["rows"]
    assert largest in every
    none = headlines(differences=GAPS.assign(conf_low=-9.0), largest=True)
    assert none["rows"] == []


def test_the_measure_of_the_rows_comes_before_the_callers():
    frame = DAYS.assign(measure="median days")
    (row, *_) = headlines(frame, differences=GAPS, measure="the days")["rows"]
    assert row["measure"] == "median days"
    (row, *_) = headlines(differences=GAPS, measure="the days")["rows"]
    assert row["measure"] == "days"


def test_several_subjects_are_told_apart_in_the_rows_too():
    level = pd.concat([DAYS.assign(subject=name) for name in ("Reading", "Writing")])
    every = pd.concat(
        [level.assign(statistic="level"),
         pd.concat([GAPS.assign(subject=name, statistic="difference")
                    for name in ("Reading", "Writing")])],
        ignore_index=True,
    )  # fmt: skip
    bundle = headlines(every, measure="days")
    assert {row["measure"] for row in bundle["rows"]} == {
        "Reading: days", "Writing: days",
    }  # fmt: skip
    assert all(row["sentence"] in bundle["sentences"] for row in bundle["rows"])


def test_representation_rows_are_differences_with_people_to_parity(stacked):
    protected = protect(stacked, lines=None, public=["benchmark"])
    bundle = findings.representation(protected, benchmark="benchmark").as_payload()
    asian, hispanic = bundle["rows"]
    assert not asian["clear"]
    assert asian["people_to_parity"] is None
    assert (hispanic["estimate"], hispanic["unit"]) == (-9.5, "points")
    assert (hispanic["low"], hispanic["high"]) == (-11.0, -7.9)
    assert hispanic["people_to_parity"] == 212
    assert hispanic["reference"] == "residents"


def test_people_to_parity_are_said_where_the_difference_is_clear():
    def said(low):
        table = pd.concat(
            [DAYS.assign(statistic="level", people_to_parity=[3, 31, 4, 0]),
             GAPS.assign(statistic="difference", estimate=-GAPS["estimate"],
                         conf_low=[-1.3, -5.0, -5.1, np.nan],
                         conf_high=[1.1, low, 1.9, np.nan])],
            ignore_index=True,
        )  # fmt: skip
        return findings.compare(
            open_gate(table), subject="{people}", verb="have {estimate}",
            unit="number", people="students", words=("more", "less"),
            gain="who graduate",
        ).as_payload()  # fmt: skip

    clear, unclear = said(-1.2), said(1.2)
    text = clear["sentences"][1]
    assert text.endswith(" Parity would take 31 more Black students who graduate.")
    assert clear["rows"][1]["people_to_parity"] == 31
    assert "Parity" not in unclear["text"] + clear["sentences"][0]
    assert unclear["rows"][1]["people_to_parity"] is None


def coded(protected, group, text):
    """The same table as the gate gives it where a rate is told by a bound alone."""
    frame = protected.frame
    at = frame["group"] == group
    frame["coded"] = None
    frame.loc[at, "coded"] = text
    frame.loc[at, ["estimate", "conf_low", "conf_high"]] = np.nan
    return replace(protected, _frame=frame)


def test_a_rate_told_by_a_bound_is_said_in_words():
    rates = rows([0.97, 0.61, 0.5, 0.8], [0.9, 0.5, 0.4, 0.7], [0.99, 0.7, 0.6, 0.9])
    apart = rows([0.17, -0.19, -0.3, 0], [0.1, -0.3, -0.4, np.nan],
                 [0.2, -0.1, -0.2, np.nan])  # fmt: skip
    options = {
        "subject": "the graduation rate of {people}", "verb": "is {estimate}",
        "unit": "percent", "people": "students", "than": "that of {people}",
        "differences": coded(open_gate(apart), "Asian", "95% or more"),
    }  # fmt: skip
    protected = coded(open_gate(rates), "Asian", "95% or more")
    bundle = findings.compare(protected, **options).as_payload()
    assert bundle["sentences"][0] == (
        "The graduation rate of Asian students is 95% or more; the exact figure is not "
        "shown, to protect privacy."
    )
    assert "Asian" not in [row["group"] for row in bundle["rows"]]
    (text,) = findings.compare(protected, largest=True, **options).as_payload()[
        "sentences"
    ]
    assert text.endswith("Groups whose figures are hidden are left out.")
    share = coded(
        open_gate(rates.assign(benchmark=0.5), public=["benchmark"]), "Asian",
        "5% or less",
    )  # fmt: skip
    text = findings.representation(share, benchmark="benchmark").as_payload()["text"]
    assert text.startswith("Asian people are 5% or less of the workforce; the exact")


def test_what_the_tables_register_for_the_audit_goes_along():
    level, gap = open_gate(DAYS, topic="requests"), open_gate(GAPS)
    found = findings.compare(
        level, differences=gap, subject="{people}", verb="{estimate}", unit="number"
    ).as_payload()
    assert found["counts"] == [*level.counts, *gap.counts]
    assert payload(found).counts[0].topic == "requests"


# --- What is said of reach, places and reports -----------------------------------


def reached(level, apart, **more):
    """Two groups' means, and the difference of the first from the second."""
    table = pd.DataFrame(
        [("Black", "level", *level), ("White", "level", 1.5, 1.4, 1.6),
         ("Black", "difference", *apart), ("White", "difference", 0.0, np.nan, np.nan)],
        columns=["group", "statistic", "estimate", "conf_low", "conf_high"],
    )  # fmt: skip
    base = table["statistic"].map({"level": None, "difference": "White"})
    return table.assign(reference=base, population=5000, confidence=0.95, **more)


def far(table, **options):
    options = {"unit": "number", "noun": "km", **options}
    return findings.compare(
        open_gate(table), subject="the average {people}", people="resident",
        verb="lives {estimate} from the nearest library in a straight line",
        words=("farther", "nearer"), **options,
    ).as_payload()["sentences"]  # fmt: skip


def test_how_far_the_average_resident_lives():
    assert far(reached((1.9, 1.8, 2.0), (0.4, 0.2, 0.6))) == [
        "The average Black resident lives 1.9 km from the nearest library in a "
        "straight line (95% interval 1.8 to 2.0), 0.4 km farther than the average "
        "White resident (95% interval 0.2 to 0.6).",
        "The average White resident lives 1.5 km from the nearest library in a "
        "straight line (95% interval 1.4 to 1.6); the other groups are compared with "
        "this one.",
    ]
    near = far(reached((1.1, 1.0, 1.2), (-0.4, -0.6, -0.2)))[0]
    assert "0.4 km nearer than the average White resident" in near
    doubt = far(reached((1.6, 1.4, 1.8), (0.1, -0.1, 0.3)))[0]
    assert "no clear difference from the average White resident" in doubt
    few = reached((1.9, 1.8, 2.0), (0.4, 0.2, 0.6))
    few = far(few.assign(population=[4, 5000] * 2))[0]
    assert few.startswith("The figure for the average Black resident is not shown")
    minutes = far(reached((19, 18, 20), (4, 2, 6)), noun="minutes")[0]
    assert "4.0 minutes farther" in minutes


def test_how_many_more_people_would_have_to_be_reached():
    within = reached((0.31, 0.29, 0.33), (-0.12, -0.15, -0.09))
    parity = [600, 0, 600, 0]
    text = findings.compare(
        open_gate(within.assign(people_to_parity=parity)), unit="percent",
        subject="the share of {people} within 15 minutes of a library",
        verb="is {estimate}", than="that of {people}",
        gain="within 15 minutes of a library",
    ).as_payload()["sentences"][0]  # fmt: skip
    assert text.endswith(
        "12.0 percentage points lower than that of White residents (95% interval 9.0 "
        "to 15.0). Parity would take 600 more Black residents within 15 minutes of a "
        "library."
    )


def test_who_lives_around_places(stacked):
    around = stacked.drop(columns="people_to_parity")
    found = findings.representation(
        protect(around, lines=None, public=["benchmark"]), benchmark="benchmark",
        whole="the residents around the average library", people="residents",
    ).as_payload()["sentences"]  # fmt: skip
    assert found[1] == (
        "Hispanic or Latino residents are 12.6% of the residents around the average "
        "library (95% interval 11.3% to 14.0%) and 22.1% of residents, 9.5 percentage "
        "points less (95% interval 7.9 to 11.0), or 0.57 times its share (95% interval "
        "0.51 to 0.64)."
    )
    assert "in place of others" not in " ".join(found)


def test_how_long_a_problem_waits_to_be_reported():
    delays = reached((9.4, 8.0, 11.0), (2.1, 0.5, 3.9)).assign(events=300)
    text = findings.compare(
        open_gate(delays), unit="number", noun="days", words=("longer", "shorter"),
        subject="a problem where {people} live",
        verb="waits an average of {estimate} to be reported",
        than="where {people} live",
    ).as_payload()["sentences"][0]  # fmt: skip
    assert text == (
        "A problem where Black residents live waits an average of 9.4 days to be "
        "reported (95% interval 8.0 to 11.0), 2.1 days longer than where White "
        "residents live (95% interval 0.5 to 3.9)."
    )
