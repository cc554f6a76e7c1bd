"""Figures: what is drawn, what is read aloud, and what cannot be measured off."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import aloud, canvas, display, figures, rows
from equity.publish.payload import Figure
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
    protected = protect(
        frame, lines=None, public=[n for n in frame if n == "benchmark"]
    )
    return figures.dot_interval(protected, **options).as_payload()


def test_the_alternative_text_has_every_number(days):
    alt = draw(days, noun="days", label="Median days to close")["alt"]
    assert len(alt) <= aloud.LISTENABLE
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
    low, high = (frame.assign(panel="Parks", benchmark=0.2) for frame in (low, high))
    options = {
        "facets": "panel",
        "compare": "benchmark",
        "compare_label": "of residents",
    }
    assert draw(low, **options) == draw(high, **options)
    assert draw(low, **options)["narrow"] != draw(low)["narrow"]


def test_rows_keep_their_order(days):
    """Where nothing is hidden, even an order that nobody declared."""
    upside_down = draw(days.drop(index=3).iloc[::-1])["alt"]
    places = [upside_down.index(f"{group}:") for group in GROUPS if group != GROUPS[3]]
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
    days["benchmark"] = [0.01, 0.2, 123456.7, 0.3, 1.0]
    for options in (
        {},
        {"compare": "benchmark", "compare_label": "share of residents"},
    ):
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
    days["benchmark"] = 0.2
    days = days.assign(estimate=days["estimate"] / 100, conf_low=np.nan)
    options = {"unit": "percent"}
    if compare:
        options |= {"compare": "benchmark", "compare_label": "share of residents"}
    if many:
        days = pd.concat([days.assign(panel=name) for name in "ab"], ignore_index=True)
        options |= {"facets": "panel"}
    listed = json.dumps(draw(days, **options)["data"])
    for figure in made:
        words = " ".join(t.get_text().replace("\n", " ") for t in figure.findobj(Text))
        for group in ("Black or African American", "Native Hawaiian", "White"):
            assert group in listed
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
    days["benchmark"] = 0.1
    with pytest.raises(EquityError, match="compare_label"):
        draw(days, compare="benchmark")
    said = {"unit": "percent", "compare_label": "share of residents"}
    payload = draw(days.assign(estimate=0.2), compare="benchmark", **said)
    assert "Asian: 20.0%" in payload["alt"]
    assert [cell["text"] for cell in payload["data"]["rows"][3]] == [
        *(GROUPS[3], "hidden", "hidden", "10.0%"),
    ]  # fmt: skip
    two = days[2:4].assign(estimate=0.2, reference="residents")
    few = draw(two, compare="benchmark", **said)["alt"]
    assert "Islander: hidden; share of residents 10.0%." in few


def test_bounds_are_a_pale_bar_behind_the_interval(days, monkeypatch):
    made = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: made.append(f) or "<svg/>")
    share = days.assign(
        estimate=days["estimate"] / 100, conf_low=days["conf_low"] / 100,
        conf_high=days["conf_high"] / 100, bound_low=[0.0, 0.05, 0.31, 0.2, 0.1],
        bound_high=[1.0, 0.9, 0.92, 0.6, 0.7], recorded=0.5,
    )  # fmt: skip
    said = {"unit": "percent", "bounds": ("bound_low", "bound_high")}
    said |= {"bounds_label": "What the areas alone can prove"}
    both = said | {"compare": "recorded", "compare_label": "By recorded race"}
    payload = draw(share, **both)
    row = [cell["text"] for cell in payload["data"]["rows"][2]]
    assert row[1:] == ["41.2%", "38.0% to 44.9%", "50.0%", "31.0% to 92.0%"]
    hidden = [cell["text"] for cell in payload["data"]["rows"][3]]
    assert hidden[1:] == ["hidden"] * 4
    assert payload["data"]["columns"][4]["label"] == said["bounds_label"]
    few = draw(share[2:3].assign(reference=None), **said)["alt"]
    assert "44.9%); What the areas alone can prove 31.0% to 92.0%." in few
    for figure in made[:2]:
        bars = [
            p for p in figure.findobj(Rectangle)
            if p.get_facecolor() == to_rgba(rows.BAR["facecolor"]) and p.axes.axison
        ]  # fmt: skip
        ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
        wanted = [(0, 100), (5, 90), (31, 92), (10, 70)]
        assert np.allclose(ends, wanted)
        words = {text.get_text() for text in figure.findobj(Text)}
        assert {said["bounds_label"], "By recorded race"} <= words
    other = share.assign(
        bound_low=share["bound_low"].mask(share.index == 3, 0.0),
        bound_high=share["bound_high"].mask(share.index == 3, 1.0),
    )
    assert draw(other, **both) == payload
    with pytest.raises(EquityError, match="bounds_label"):
        draw(share, unit="percent", bounds=said["bounds"])
    with pytest.raises(ColumnNotFoundError, match="bound_high"):
        draw(share.drop(columns="bound_high"), **said)


def test_small_panels_say_what_their_bars_are(days, monkeypatch):
    made = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: made.append(f) or "<svg/>")
    panels = pd.concat([days.assign(category=name) for name in ("Trees", "Carts")])
    draw(panels, facets="category", label="days")
    for figure in made:
        words = {text.get_text() for text in figure.findobj(Text)}
        assert "days · bars: 95% interval" in words
        bars = [
            line for line in figure.findobj(Line2D)
            if line.get_color() == canvas.BLUE and len(line.get_xdata()) == 2
        ]  # fmt: skip
        assert len(bars) == 6  # the reference has none, and one row is hidden


def test_facets_have_panels_and_full_names(days):
    names = [f"Department number {i} of the city" for i in range(13)]
    frame = pd.concat([days.assign(department=name) for name in names])
    payload = draw(frame, facets="department", shorten=lambda name: name[:5])
    assert payload["alt"].startswith("Dot-and-interval charts, 13 panels on one scale.")
    assert len(payload["alt"]) < 500
    assert (
        "Highest shown: Black or African American, Department number 0"
        in payload["alt"]
    )
    assert "Hidden (fewer than 10 people" in payload["alt"]
    assert payload["alt"].endswith(aloud.REST)
    rows = [[cell["text"] for cell in row] for row in payload["data"]["rows"]]
    assert len(rows) == 65
    assert rows[2] == [names[0], "Black or African American", "41.2", "38.0 to 44.9"]
    assert len(payload["svg"]) < 160_000
    assert len(payload["narrow"]) < 160_000


NASTY = [
    "<b>Water</b> & \"Sewer\" 'x' \u5e74 \U0001f642",
    "$\\alpha$ costs ${x}^2 _a_ $5",
    "\u200fRight \u202eto\u202c left\u200e",
    "tab\there,\nthere\x07 and \x1b[31m",
    "Supercalifragilistic" * 5,
]


def test_labels_of_any_kind_are_text(days, monkeypatch):
    """What a font cannot draw is a box, not a warning; a dollar is a dollar."""
    made = []
    original = canvas.svg
    monkeypatch.setattr(
        canvas, "svg", lambda f, *a, **k: made.append(f) or original(f, *a, **k)
    )
    named = days.assign(group=NASTY, reference=NASTY[0])
    payload = draw(named, title=NASTY[1], label=NASTY[1])
    facets = pd.concat([days.assign(panel=name) for name in NASTY])
    draw(facets, facets="panel")
    for figure in made:
        drawn = {text.get_text() for text in figure.findobj(Text)}
        assert any("$\\alpha$ costs ${x}^2" in text for text in drawn)
        assert not any(character in "".join(drawn) for character in "\x07\x1b\u202e\t")
        assert max(len(text) for text in drawn) < 150
    shown = [row[0]["text"] for row in payload["data"]["rows"]]
    plain = {"\u200fRight to left\u200e", "tab\there,\nthere\ufffd and \ufffd[31m"}
    assert {*NASTY[:2], *plain} <= set(shown)


HIDDEN = st.lists(
    st.tuples(st.integers(1, 9), st.floats(0, 1), st.floats(0, 1)),
    min_size=3, max_size=3,
)  # fmt: skip


@settings(max_examples=3, deadline=None)
@given(HIDDEN)
def test_nothing_of_a_hidden_value_is_anywhere(values):
    """Two tables that differ in hidden values only become the same bytes."""

    def drawn(hidden):
        frame = pd.DataFrame(
            {
                "group": [*GROUPS, "Two or more races"],
                "events": [120, *(count for count, _, _ in hidden), 800, 40],
                "estimate": [0.2, *(rate for _, rate, _ in hidden), 0.4, 0.3],
                "conf_low": [0.1, *(low for _, _, low in hidden), 0.3, 0.2],
                "conf_high": [0.3, 0.9, 0.8, 1.0, 0.5, 0.4],
                "benchmark": 0.25,
            }
        )
        frame = pd.concat([frame.assign(panel=name) for name in "ab"])
        said = {"compare": "benchmark", "compare_label": "all"}
        return [
            draw(frame, unit="percent", facets="panel"),
            draw(frame[:6], unit="percent", **said),
        ]

    assert drawn(values) == drawn([(1, 0.5, 0.5)] * 3)


def changed(protected, **columns):
    """A protected table with other columns, as the gate could make it."""
    return replace(protected, _frame=protected.frame.assign(**columns))


def test_why_a_row_is_hidden_cannot_be_seen(days):
    protected = protect(days, lines=None)
    said = {"name": "a", "caption": "b", "unit": "number"}
    seen = [
        figures.dot_interval(changed(protected, suppressed=why), **said).as_payload()
        for why in (
            [None, None, None, "primary", None],
            [None, None, None, "complementary", None],
        )
    ]
    assert seen[0] == seen[1]


def test_a_coded_row_says_its_range(days, monkeypatch):
    """A strip like that of a hidden row, whatever the range and its place."""
    made = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: made.append(f) or "<svg/>")
    protected = protect(days.assign(estimate=days["estimate"] / 100), lines=None)
    blank = protected.frame[["estimate", "conf_low", "conf_high"]].copy()
    blank.loc[1] = np.nan
    for text in ("95% or more", "5% or less"):
        coded = [None, text, None, None, None]
        table = changed(protected, coded=coded, suppressed=[*coded[:3], "a", None])
        table = changed(
            table,
            **blank,
            events=table.frame["events"].mask([at == 1 for at in range(5)]),
        )
        said = {"name": "a", "caption": "b", "unit": "percent"}
        payload = figures.dot_interval(table, **said).as_payload()
        assert f"Asian: {text}." in payload["alt"]
        cells = payload["data"]["rows"][1]
        assert cells[1] == {"value": None, "text": text, "hidden": False}
        assert cells[2] == {"value": None, "text": "hidden", "hidden": True}
        for figure in made[-2:]:
            assert text in {t.get_text() for t in figure.findobj(Text)}
            strips = strips_of(figure)
            assert len(strips) == 2
            assert np.allclose(strips[0][0], strips[1][0])
            assert np.allclose(strips[0][2:], strips[1][2:])
        gap = figures.dot_interval(table, **said | {"unit": "points"}).as_payload()
        assert "Asian: hidden." in gap["alt"]
    assert strips_of(made[0]) == strips_of(made[4])


def test_the_numbers_drawn_are_a_table(days):
    payload = draw(days, label="median days")
    data = payload["data"]
    assert (data["kind"], data["name"], data["caption"]) == ("table", "days", "Days")
    assert [column["label"] for column in data["columns"]] == [
        *("Group", "Median days", "95% interval"),
    ]  # fmt: skip
    assert [row[0]["value"] for row in data["rows"]] == GROUPS
    assert data["rows"][2][1] == {"value": 41.2, "text": "41.2", "hidden": False}
    assert data["rows"][4][2]["text"] == "n/a"
    assert data["notes"][0].startswith("Hidden: fewer than 10 people")
    assert payload["download"] is False
    assert Figure.model_validate(payload).data.rows[0][0].text == GROUPS[0]


def test_counts_are_for_the_audit_alone(days):
    told = {"topic": "staff", "dimensions": ["group"], "known": False}
    told |= {"cells": [[["Asian"], 424242, 424242], [["White"], 1, None]]}
    protected = replace(protect(days, lines=None), _counts=(told,))
    shown = figures.dot_interval(protected, name="a", caption="b", unit="number")
    assert shown.as_payload()["counts"] == [told]
    assert "424242" not in repr(shown)
    assert "424242" not in json.dumps(shown.as_payload() | {"counts": []})


def test_the_reference_has_no_panel(days):
    frame = pd.concat([days.assign(period=name) for name in ("2025Q1", "2025Q2")])
    payload = draw(frame, rows="period", facets="group")
    assert "4 panels" in payload["alt"]
    assert "White" not in json.dumps(payload["data"])


def test_a_place_tells_nothing_about_a_hidden_size():
    """Categories from the largest to the smallest; the hidden ones are not ranked."""
    labels = ["Other", "Alley", "Yard", "Carts", "Bins"]

    def drawn(sizes):
        frame = pd.DataFrame({"group": labels, "population": sizes, "estimate": 0.5})
        frame = frame.assign(events=frame["population"] // 2, conf_low=0.1, conf_high=1)
        frame = frame.sort_values("population", ascending=False)
        return draw(frame, unit="percent") | {"counts": []}

    assert drawn([900, 500, 90, 8, 7]) == drawn([900, 500, 90, 6, 9])


def test_no_mark_is_one_person(days):
    protected = protect(days, lines=None)
    said = {"name": "a", "caption": "b", "unit": "number"}
    for points in (
        shapely.points(range(5), 0),
        gpd.GeoSeries.from_xy(range(5), [0] * 5),
    ):
        with pytest.raises(DisclosureError, match="no points"):
            figures.dot_interval(changed(protected, where=points), **said)
    table = changed(protected, maximum=1.0)
    with pytest.raises(DisclosureError, match="lowest or highest"):
        figures.dot_interval(table, compare="maximum", compare_label="most", **said)


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
