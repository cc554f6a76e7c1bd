"""Figures: what is drawn, what is read aloud, and what cannot be measured off."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import display, figures
from equity.publish.protect import protect

GROUPS = [
    "American Indian or Alaska Native",
    "Asian",
    "Black or African American",
    "Native Hawaiian or Other Pacific Islander",
    "White",
]


@pytest.fixture
def days() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": GROUPS,
            "events": [120, 800, 4000, 4, 6000],
            "reference": "White",
            "estimate": [13.2, 11.0, 41.2, 9.0, 10.9],
            "conf_low": [9.1, 10.0, 38.0, 3.0, np.nan],
            "conf_high": [19.0, 12.2, 44.9, 30.0, np.nan],
            "confidence": 0.95,
        }
    )


def draw(frame, **options):
    options = {"name": "days", "caption": "Days", "unit": "number", **options}
    protected = protect(frame, lines=None, public=["share"] if "share" in frame else [])
    return figures.dot_interval(protected, **options).as_payload()


def test_the_alternative_text_has_every_number(days):
    alt = draw(days, noun="days", label="Median days to close")["alt"]
    assert alt.startswith("Dot-and-interval chart, 5 rows: Median days to close.")
    assert "Black or African American: 41.2 days (95% interval 38.0 to 44.9)." in alt
    assert "Native Hawaiian or Other Pacific Islander: hidden." in alt
    assert "White: 10.9 days (the reference)." in alt
    assert alt.endswith(
        "Hidden: fewer than 10 people, or needed to protect such a count."
    )


def test_a_hidden_row_looks_the_same_whatever_it_hides(days):
    low, high = (
        days.assign(events=days["events"].where(days.index != 3, n)) for n in (1, 9)
    )
    high = high.assign(estimate=high["estimate"].where(high.index != 3, 60.0))
    assert draw(low) == draw(high)


def test_rows_keep_their_order(days):
    upside_down = draw(days.iloc[::-1])["alt"]
    places = [upside_down.index(f"{group}:") for group in GROUPS]
    assert places == sorted(places, reverse=True)


def test_the_svg_is_one_clean_element(days):
    svg = draw(days, title="Costs <b>$5 & $6</b>")["svg"]
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for word in ("<!--", "<metadata", "<text", "<image", "<script", "Costs"):
        assert word not in svg
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(one.startswith("days-") for one in ids)
    targets = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(
        re.findall(r'href="#([^"]+)', svg)
    )
    assert targets <= set(ids)


def test_text_is_at_least_nine_points_at_700_pixels(days, monkeypatch):
    made = []
    original = figures.svg
    monkeypatch.setattr(
        figures, "svg", lambda f, *a, **k: made.append(f) or original(f, *a, **k)
    )
    draw(days, title="T", label="L")
    facets = pd.concat([days.assign(department=d) for d in "abcd"])
    draw(facets, facets="department", label="L")
    for figure in made:
        assert figure.get_size_inches()[0] * 96 == pytest.approx(700, abs=1)
        texts = [t for t in figure.findobj(match=lambda a: hasattr(a, "get_fontsize"))]
        assert min(text.get_fontsize() for text in texts if text.get_text()) >= 9


@pytest.mark.parametrize("unit", ["percent", "points", "ratio", "number"])
def test_every_unit_and_extreme_values(days, unit):
    days["estimate"] = [0.0, 0.3, 0.6, 0.5, 1.0]
    days["conf_low"] = [0.0, 0.001, 0.5, 0.4, np.nan]
    days["conf_high"] = [0.02, 60.0 if unit != "percent" else 0.99, np.nan, 0.6, np.nan]
    assert draw(days, unit=unit, reference_line=1.0, reference_label="parity")["svg"]


def test_nothing_but_blanks_can_be_drawn(days):
    alt = draw(days.assign(events=3))["alt"]
    assert alt.count("hidden.") == 5
    unknown = days.assign(events=pd.array([None] * 5, dtype="Int64"), estimate=np.nan)
    assert draw(unknown)["alt"].count("not known.") == 5
    assert (
        draw(days.assign(estimate=np.nan), unit="ratio")["alt"].count("calculated") == 3
    )


def test_a_second_mark_needs_its_meaning(days):
    days["share"] = 0.1
    with pytest.raises(EquityError, match="compare_label"):
        draw(days, compare="share")
    alt = draw(
        days.assign(estimate=0.2), unit="percent", compare="share",
        compare_label="share of residents",
    )["alt"]  # fmt: skip
    assert "Asian: 20.0%" in alt
    assert "Islander: hidden; share of residents 10.0%." in alt


def test_facets_have_panels_and_full_names(days):
    names = [f"Department number {i} of the city" for i in range(13)]
    frame = pd.concat([days.assign(department=name) for name in names])
    payload = draw(frame, facets="department", shorten=lambda name: name[:5])
    assert payload["alt"].startswith("Dot-and-interval charts, 13 panels on one scale.")
    assert payload["alt"].count("Black or African American: 41.2") == 13
    assert len(payload["svg"]) < 400_000


def test_characters_without_a_glyph_do_not_warn(days):
    days["group"] = ["日本", "🙂", "<&>", "$a$ ${", "\x0b"]
    assert draw(days)["svg"]


def test_without_rows_there_is_a_note(days):
    assert draw(days.iloc[:0])["text"] == display.NO_DATA


def test_refusals(days):
    with pytest.raises(DisclosureError):
        figures.dot_interval(days, name="a", caption="b", unit="number")
    with pytest.raises(ColumnNotFoundError, match="conf_low"):
        draw(days.drop(columns="conf_low"))
    with pytest.raises(EquityError, match="repeat an earlier group"):
        draw(pd.concat([days, days]))
    with pytest.raises(EquityError, match="'count' is no unit"):
        draw(days, unit="count")
    with pytest.raises(EquityError, match="cannot name"):
        draw(days, name='a"><script>')
