"""Figures: what is drawn, what is read aloud, and what cannot be measured off."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import canvas, display, figures
from equity.publish.protect import protect

STRIP = to_rgba(canvas.STRIP)
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
    low, high = (frame.assign(panel="Parks", share=0.2) for frame in (low, high))
    options = {"facets": "panel", "compare": "share", "compare_label": "of residents"}
    assert draw(low, **options) == draw(high, **options)
    assert draw(low, **options)["narrow"] != draw(low)["narrow"]


def test_rows_keep_their_order(days):
    upside_down = draw(days.iloc[::-1])["alt"]
    places = [upside_down.index(f"{group}:") for group in GROUPS]
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("which", ["svg", "narrow"])
def test_a_drawing_is_one_clean_element(days, which):
    svg = draw(days, title="Costs <b>$5 & $6</b>")[which]
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


def test_text_is_at_least_nine_points_and_stays_inside(days, monkeypatch):
    """700 and 341 CSS pixels wide, 9 points are 12 pixels."""
    made = []
    original = canvas.svg
    monkeypatch.setattr(
        canvas, "svg", lambda f, *a, **k: made.append(f) or original(f, *a, **k)
    )
    days["share"] = [0.01, 0.2, 123456.7, 0.3, 1.0]
    for options in ({}, {"compare": "share", "compare_label": "share of residents"}):
        draw(days, title="A title of many words " * 4, label="L", **options)
        facets = pd.concat([days.assign(department=d) for d in "abcd"])
        draw(facets, facets="department", label="L", **options)
    assert len(made) == 8
    for figure, inches in zip(made, [canvas.WIDTH, canvas.NARROW] * 4, strict=True):
        assert figure.get_size_inches()[0] == pytest.approx(inches)
        texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
        assert min(text.get_fontsize() for text in texts) >= 9
        if inches == canvas.NARROW:
            boxes = [text.get_window_extent() for text in texts]
            assert min(box.x0 for box in boxes) > -2
            assert max(box.x1 for box in boxes) < figure.bbox.x1 + 2


def strips_of(figure):
    """Left end, top, width and height of each blank row's strip, in dots."""
    strips = [p for p in figure.findobj(Rectangle) if p.get_facecolor() == STRIP]
    return [tuple(strip.get_window_extent().bounds) for strip in strips]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("compare", [False, True])
def test_both_drawings_show_every_row_and_no_hidden_value(
    days, many, compare, monkeypatch
):
    made = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: made.append(f) or "<svg/>")
    days["share"] = 0.2
    days = days.assign(estimate=days["estimate"] / 100, conf_low=np.nan)
    options = {"unit": "percent"}
    if compare:
        options |= {"compare": "share", "compare_label": "share of residents"}
    if many:
        days = pd.concat([days.assign(panel=name) for name in "ab"], ignore_index=True)
        options |= {"facets": "panel"}
    alt = draw(days, **options)["alt"]
    for figure in made:
        words = " ".join(t.get_text().replace("\n", " ") for t in figure.findobj(Text))
        for group in ("Black or African American", "Native Hawaiian", "White"):
            assert group in alt
            assert group.split()[0] in words
        for number in ("13.2%", "11.0%", "41.2%", "10.9%"):
            assert number in words
        assert "9.0" not in words
        assert words.count("hidden") == (2 if many else 1)
        strips = strips_of(figure)
        assert len(strips) == (2 if many else 1)
        assert len({np.round(strip[2:], 6).tobytes() for strip in strips}) == 1


def test_a_narrow_drawing_has_ids_of_its_own(days):
    payload = draw(days)
    both = [set(re.findall(r'id="([^"]+)', payload[key])) for key in ("svg", "narrow")]
    assert both[0]
    assert both[1]
    assert not both[0] & both[1]
    assert all(one.startswith("days--narrow-") for one in both[1])


@pytest.mark.parametrize("unit", ["percent", "points", "ratio", "number"])
def test_every_unit_and_extreme_values(days, unit):
    days["estimate"] = [0.0, 0.3, 0.6, 0.5, 1.0]
    days["conf_low"] = [0.0, 0.001, 0.5, 0.4, np.nan]
    days["conf_high"] = [0.02, 60.0 if unit != "percent" else 0.99, np.nan, 0.6, np.nan]
    assert draw(days, unit=unit, reference_line=1.0, reference_label="parity")["narrow"]


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
    assert len(payload["svg"]) < 160_000
    assert len(payload["narrow"]) < 160_000


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
