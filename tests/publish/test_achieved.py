"""Sentences about achievement and schools: right numbers, no causes, no order."""

import re

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, DisclosureError
from equity.measure import proficiency, scored
from equity.publish import achieved, findings
from equity.publish.payload import payload
from equity.publish.protect import protect

WHY = "fewer than 10 people, or needed to protect such a count"


def said(finding) -> list[str]:
    bundle = finding.as_payload()
    payload(bundle)  # a page would take it
    text = bundle["text"].lower()
    assert not any(re.search(rf"\b{word}\b", text) for word in findings.CAUSES)
    return bundle.get("sentences", [bundle["text"]])


# --- gaps in standard deviations ------------------------------------------------


def gaps(**groups) -> pd.DataFrame:
    """Group to (students, estimate, low, high, bound_low, bound_high, chance)."""
    rows = [[group, *numbers] for group, numbers in groups.items()]
    names = ["group", "population", "estimate", "conf_low", "conf_high"]
    table = pd.DataFrame(rows, columns=[*names, "bound_low", "bound_high", "chance"])
    return table.rename(columns={"chance": "chance_above"}).assign(
        reference="White", confidence=0.95
    )


WHITE = (900, 0.0, None, None, 0.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            (400, -0.62, -0.71, -0.53, -0.62, -0.62, 0.33),
            "Black students score 0.62 standard deviations lower than White students "
            "(95% interval 0.53 to 0.71 lower): in about 33 of 100 pairs the Black "
            "student is ahead.",
        ),
        (
            (400, 0.05, -0.1, 0.2, 0.05, 0.05, 0.51),
            "Between Black students and White students no clear gap can be seen: the "
            "estimate is 0.05 standard deviations higher, and the 95% interval runs "
            "from 0.10 lower to 0.20 higher.",
        ),
        (
            (400, -0.5, -0.8, -0.2, -0.7, -0.3, 0.36),
            "Black students score 0.50 standard deviations lower than White students "
            "(95% interval 0.20 to 0.80 lower): in about 36 of 100 pairs the Black "
            "student is ahead. Hidden counts alone leave the gap between 0.30 and 0.70 "
            "lower.",
        ),
        (
            (400, None, None, None, -0.9, -0.2, None),
            "How much lower Black students score than White students is not known: "
            "hidden counts leave the gap anywhere from 0.20 to 0.90 standard "
            "deviations lower.",
        ),
        (
            (400, None, None, None, -0.9, 0.0004, None),
            "Whether Black students score higher or lower than White students is not "
            "known: hidden counts leave the gap anywhere from 0.90 standard deviations "
            "lower to 0.00.",
        ),
        (
            (None, None, None, None, None, None, None),
            "The figure for the gap between Black students and White students is not "
            "known.",
        ),
        (
            (4, -0.62, -0.71, -0.53, -0.62, -0.62, 0.33),
            f"The figure for the gap between Black students and White students is not "
            f"shown: {WHY}.",
        ),
    ],
)
def test_achievement(row, expected):
    table = protect(gaps(Black=row, White=WHITE), lines=None)
    assert said(findings.achievement(table, note=""))[0] == expected


def test_the_note_says_whether_pairs_are_fitted_or_counted():
    """Scores 1, 2, 3, ... against 3 more each: pairs are counted, none is fitted."""
    black = (400, -0.62, -0.71, -0.53, -0.62, -0.62, 0.33)
    fitted = protect(gaps(Black=black, White=WHITE), lines=None)
    assert said(findings.achievement(fitted))[-1] == achieved.NOTE
    scores = pd.DataFrame(
        {"subject": "Reading", "group": pd.Categorical(["Black"] * 40 + ["White"] * 40),
         "score": [*range(40), *range(3, 43)], "school": None}
    )  # fmt: skip
    table = protect(scored.gaps(scores, reference="White"), lines=None)
    texts = said(findings.achievement(table))
    assert texts[-1] == achieved.COUNTED
    assert "normal distributions" not in " ".join(texts)
    assert said(findings.achievement(table, note="Mine."))[-1] == "Mine."
    clustered = proficiency.v_of_scores(
        scores.assign(school=[f"s{n % 20}" for n in range(80)]),
        reference="White",
        clustered=True,
    )
    assert (
        said(findings.achievement(protect(clustered, lines=None)))[-1]
        == achieved.COUNTED
    )


def test_achievement_names_subjects_and_gives_headlines():
    black = (400, -0.62, -0.71, -0.53, -0.62, -0.62, 0.33)
    table = pd.concat(
        [gaps(Black=black, White=WHITE).assign(subject=s) for s in ("Math", "Reading")]
    )
    found = findings.achievement(protect(table, lines="subject"))
    sentences = said(found)
    assert [text.split(":")[0] for text in sentences[:2]] == ["Math", "Reading"]
    rows = found.as_payload()["rows"]
    assert [row["measure"] for row in rows] == [
        "Math: gap in standard deviations",
        "Reading: gap in standard deviations",
    ]
    assert rows[0]["unit"] == "deviations"
    assert rows[0]["estimate"] == -0.62
    assert rows[0]["clear"]


def test_only_the_largest_clear_gap():
    black = (400, -0.62, -0.71, -0.53, -0.62, -0.62, 0.33)
    asian = (400, 0.7, -0.1, 1.5, 0.7, 0.7, 0.7)  # larger, and not clear
    table = protect(gaps(Asian=asian, Black=black, White=WHITE), lines=None)
    found = findings.achievement(table, largest=True, note="")
    assert said(found)[0].startswith("the largest clear gap: Black students score 0.62")
    assert len(found.as_payload()["rows"]) == 1
    none = protect(gaps(Asian=asian, White=WHITE), lines=None)
    text = said(findings.achievement(none, largest=True, note=""))[0]
    assert text == "no clear gap can be seen in any group shown."


def test_achievement_refuses():
    with pytest.raises(DisclosureError):
        findings.achievement(gaps(White=WHITE))
    with pytest.raises(ColumnNotFoundError):
        findings.achievement(protect(pd.DataFrame({"group": ["A"], "events": [40]})))


# --- parts ----------------------------------------------------------------------


def parts(total, within, between, both, low=-0.8, high=-0.6) -> pd.DataFrame:
    return pd.DataFrame(
        {"subject": "Reading", "group": "Black", "reference": "White",
         "part": ["total gap", "within schools", "between schools", "ambiguous"],
         "population": 400, "reference_population": 900, "confidence": 0.95,
         "estimate": [total, within, between, both],
         "conf_low": [low, -0.6, -0.2, -0.1], "conf_high": [high, -0.4, 0.1, 0.0]}
    )  # fmt: skip


def test_parts_of_a_clear_gap():
    table = protect(parts(-0.7, -0.5, -0.15, -0.05), lines=None)
    assert said(findings.gap_parts(table, note=""))[0] == (
        "Reading: Of the gap of 0.70 standard deviations by which Black students score "
        "lower than White students, 0.50 lower lies within schools (95% interval 0.40 "
        "to 0.60 lower), 0.15 lower between schools (95% interval 0.20 lower to 0.10 "
        "higher), and 0.05 lower in both alike."
    )


def test_no_parts_of_a_gap_that_is_not_clear():
    table = protect(parts(-0.1, -0.05, -0.05, 0.0, low=-0.3, high=0.1), lines=None)
    text = said(findings.gap_parts(table, note=""))[0]
    assert "no clear gap can be seen, so there is none to split" in text


def test_parts_that_are_not_known():
    table = protect(parts(-0.7, None, None, None), lines=None)
    text = said(findings.gap_parts(table, note=""))[0]
    assert text.endswith("the parts within and between schools are not known.")


# --- schools --------------------------------------------------------------------


def schools(**rows) -> pd.DataFrame:
    """School to (students, verdict)."""
    return pd.DataFrame(
        [
            {"subject": "Reading", "group": "Black", "reference": "White",
             "reference_population": 80, "school": school, "population": people,
             "estimate": -0.5, "conf_low": -0.7, "conf_high": -0.3, "confidence": 0.95,
             "mean": -0.5, "reliability": words}
            for school, (people, words) in rows.items()
        ]
    )  # fmt: skip


UNTOLD = "not told from the mean"
BELOW, ABOVE = "below the mean of units", "above the mean of units"


def test_schools_are_named_by_the_alphabet_and_only_beyond_chance():
    table = schools(
        Zinnia=(50, BELOW), Ash=(60, BELOW), Birch=(40, UNTOLD), Elm=(45, ABOVE)
    )
    assert said(findings.schools(protect(table, lines=None)))[0] == (
        "Reading: The gap between Black students and White students is shown for 4 "
        "schools. It is clearly larger than the mean of schools in Ash and Zinnia and "
        "clearly smaller than the mean of schools in Elm; of the other one chance "
        "alone could account for the difference."
    )


def test_a_gap_ahead_is_larger_where_a_school_is_above():
    table = schools(Ash=(60, ABOVE), Elm=(45, BELOW)).assign(
        estimate=0.5, conf_low=0.3, conf_high=0.7, mean=0.4
    )
    assert said(findings.schools(protect(table, lines=None)))[0].endswith(
        "It is clearly larger than the mean of schools in Ash and clearly smaller than "
        "the mean of schools in Elm."
    )


def test_where_signs_differ_no_gap_is_larger():
    table = schools(Ash=(60, BELOW), Birch=(50, UNTOLD), Elm=(45, ABOVE)).assign(
        estimate=[-0.9, -0.3, 0.2], mean=-0.3
    )
    assert said(findings.schools(protect(table, lines=None)))[0].endswith(
        "It is clearly larger than the mean of schools in Ash and Black students are "
        "clearly further ahead in Elm than in the mean of schools; of the other one "
        "chance alone could account for the difference."
    )
    unknown = schools(Ash=(60, BELOW), Elm=(45, UNTOLD)).drop(columns="mean")
    assert (
        "Black students are clearly further behind in Ash than"
        in said(findings.schools(protect(unknown, lines=None)))[0]
    )


def same(**columns) -> pd.DataFrame:
    own = {
        "group": "Black", "population": 400, "units": 7, "estimate": -0.5,
        "conf_low": -0.75, "conf_high": -0.25, "bound_low": -0.6, "bound_high": -0.4,
    }  # fmt: skip
    base = {"group": "White", "population": 900, "units": 8, "estimate": 0.0}
    return pd.DataFrame([own | columns, base]).assign(
        subject="Reading", reference="White", confidence=0.95
    )


NOTHING = dict.fromkeys(("estimate", "conf_low", "conf_high"))


def test_a_mean_of_schools_says_of_how_many():
    text = said(findings.same_school(protect(same(), lines=None)))[0]
    assert text.endswith("It is the mean of 7 schools.")


def test_a_mean_of_too_few_schools_is_no_gap_and_no_headline():
    table = protect(same(units=3, **NOTHING), lines=None)
    found = findings.same_school(table, when="2025")
    assert said(found)[0].endswith(
        "it is known for 3 schools, and fewer than 5 are too few for a mean. There "
        "hidden counts leave it between 0.40 and 0.60 lower, chance not allowed for."
    )
    assert not found.as_payload().get("rows")
    top = said(findings.achievement(table, largest=True, where="in the same school"))[0]
    assert "no gap can be shown" in top
    exact = same(units=1, bound_low=-0.5, bound_high=-0.5, **NOTHING)
    text = said(findings.same_school(protect(exact, lines=None)))[0]
    assert text.endswith("known for 1 school, and fewer than 5 are too few for a mean.")
    nowhere = same(units=0, population=0, **NOTHING, bound_low=None, bound_high=None)
    text = said(findings.same_school(protect(nowhere, lines=None)))[0]
    assert "it is known for no school, and" in text


def test_a_mean_of_few_students_is_hidden_and_not_counted_in_schools():
    table = protect(same(population=4, units=3, **NOTHING), lines=None)
    text = said(findings.same_school(table))[0]
    assert "3 schools" not in text
    assert "hidden" not in text.split("is not", 1)[0]


def test_schools_that_chance_could_account_for_are_not_named():
    table = schools(Ash=(60, UNTOLD), Birch=(40, UNTOLD), Elm=(45, UNTOLD))
    text = said(findings.schools(protect(table, lines=None)))[0]
    assert not any(name in text for name in ("Ash", "Birch", "Elm"))
    assert "In none is it told from the mean of schools" in text


def test_hidden_schools_are_counted_and_not_named():
    table = schools(
        Ash=(60, UNTOLD), Birch=(4, BELOW), Cedar=(6, BELOW), Elm=(45, UNTOLD),
        Fir=(50, UNTOLD), Gorse=(70, ABOVE),
    )  # fmt: skip
    text = said(findings.schools(protect(table, lines="group")))[0]
    assert "shown for 4 schools and hidden for 2" in text
    assert "Birch" not in text


# --- growth ---------------------------------------------------------------------


def test_growth_without_a_clear_difference():
    table = pd.DataFrame(
        {"subject": "Reading", "group": ["Black", "White"] * 2, "population": 90,
         "reference": [None, None, "White", "White"], "confidence": 0.95,
         "statistic": ["level"] * 2 + ["difference"] * 2,
         "estimate": [30.0, 33.0, -3.0, 0.0], "conf_low": [28.0, 31.0, -7.0, None],
         "conf_high": [32.0, 35.0, 1.0, None]}
    )  # fmt: skip
    found = findings.growth(protect(table, lines=None))
    assert said(found)[0] == (
        "Reading: Black students who are followed gain 30.0 points a year (95% "
        "interval 28.0 to 32.0); no clear difference from White students can be seen: "
        "the estimate is 3.0 less, and the 95% interval runs from 7.0 less to 1.0 more."
    )
    assert found.as_payload()["rows"][0]["clear"] is False
