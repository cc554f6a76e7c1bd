"""Sentences on the scale of pay and on sexes, and rows picked where they may lack."""

import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, DisclosureError
from equity.publish import aside, findings
from equity.publish.payload import payload
from equity.publish.protect import protect


def text(finding) -> str:
    payload(finding.as_payload())
    return finding.as_payload()["text"]


def scale(low: float, high: float, people: int = 180) -> pd.DataFrame:
    own = pd.DataFrame(
        {"group": "Black", "reference": "White", "events": people, "controls": "",
         "quantile": [0.1, 0.9], "model": "unadjusted", "confidence": 0.95,
         "point": ["a tenth are paid less", "nine tenths are paid less"],
         "estimate": [-0.05, -0.14], "conf_low": [-0.08, low],
         "conf_high": [-0.02, high]}
    )  # fmt: skip
    base = own.assign(group="White", estimate=0.0, conf_low=None, conf_high=None)
    return pd.concat([own, base.assign(events=900)], ignore_index=True)


def test_the_largest_gap_along_the_scale_is_a_clear_one():
    said = text(
        findings.pay_scale(protect(scale(-0.2, -0.08), lines=None), largest=True)
    )
    assert (
        "Near the top (nine tenths are paid less), Black employees are paid 14.0%"
        in said
    )
    none = scale(-0.3, 0.1).assign(conf_low=-0.3, conf_high=0.1)
    found = findings.pay_scale(protect(none, lines=None), largest=True)
    assert text(found) == (
        "At neither end of the scale is a difference in pay clear among employees."
    )


def test_few_people_at_an_end_are_not_told():
    said = text(findings.pay_scale(protect(scale(-0.2, -0.08, people=60), lines=None)))
    assert "is not shown" in said
    assert "14.0%" not in said


def sexes(events=(68, 44), estimate=(0.31, 0.19)) -> pd.DataFrame:
    return pd.DataFrame(
        {"job_category": ["Technicians", "Skilled craft"], "sex": "Female",
         "events": events, "estimate": estimate, "workforce_share": 0.308,
         "conf_low": [e - 0.05 for e in estimate],
         "conf_high": [e + 0.05 for e in estimate], "confidence": 0.95}
    )  # fmt: skip


def test_women_are_said_to_be_few_only_where_it_is_clear():
    said = text(findings.sexes(protect(sexes(), lines=None)))
    assert "lowest in Skilled craft: 19.0%" in said
    alike = text(findings.sexes(protect(sexes(estimate=(0.31, 0.3)), lines=None)))
    assert "In no job category shown is their share clearly apart" in alike


def test_a_hidden_category_is_counted_and_not_named():
    said = text(findings.sexes(protect(sexes(events=(68, 4)), lines=None)))
    assert "Skilled craft" not in said
    assert "1 job category is not shown" in said


def test_rows_are_picked_and_left_out_by_labels_alone():
    table = protect(pd.DataFrame({"group": ["A", "B"], "events": [40, 50]}))
    assert aside.pick(table, group="A").frame["events"].tolist() == [40]
    assert aside.pick(table, group="C").frame.empty
    assert aside.without(table, group="A").frame["group"].tolist() == ["B"]
    with pytest.raises(ColumnNotFoundError):
        aside.pick(table, job="x")
    with pytest.raises(DisclosureError):
        aside.pick(table, events=40)
