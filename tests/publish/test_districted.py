"""Sentences about whose schools the figures are of, and rates published alone."""

import pandas as pd

from equity.publish import findings
from equity.publish.payload import payload
from equity.publish.protect import protect

FILES = pd.DataFrame({"kind": ["proficiency"], "district": [""], "covers": [""]})
NOBODY = protect(pd.DataFrame({"group": [], "events": [], "population": []}))


def text(finding) -> str:
    payload(finding.as_payload())
    return finding.as_payload()["text"]


def test_a_district_that_is_not_named_is_said_not_to_be():
    assert "do not say which school district" in text(findings.district(FILES, NOBODY))
    assert "Nothing can be shown" in text(findings.district(FILES.iloc[:0], NOBODY))


def test_a_named_district_and_who_lives_in_the_city():
    files = FILES.assign(district="City Schools", covers="the city and two suburbs")
    here = pd.DataFrame(
        {"group": ["Black", "White"], "events": [4, 700], "population": [60, 900],
         "rate_low": [4 / 60, 7 / 9], "rate_high": [4 / 60, 7 / 9]}
    )  # fmt: skip
    said = text(findings.district(files, protect(here, lines=None)))
    assert said.startswith("City Schools covers the city and two suburbs.")
    assert "The share of Black students who live in the city is not shown" in said
    assert "77.8% of White students live in the city." in said


def test_published_rates_say_that_no_interval_is_known():
    table = pd.DataFrame(
        {"unit": "State", "subject": "proficiency", "year": ["2013", "2014"] * 2,
         "group": ["Black", "Black", "White", "White"], "reference": "White",
         "published": [0.3, 0.34, 0.64, 0.65], "published_gap": [-0.34, -0.31, 0, 0],
         "published_deviations": [-0.9, -0.8, 0, 0]}
    )  # fmt: skip
    told = ["published", "published_gap", "published_deviations"]
    found = findings.published(protect(table, lines=None, public=told))
    assert text(found).startswith(
        "State, 2014, proficiency: the published rate of Black students is 34.0%"
    )
    assert "2013" not in text(found)
    assert "No interval can be given" in text(found)
