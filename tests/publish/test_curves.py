"""Curves at fixed days: beside the reference, and telling of no single request."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    InputError,
    UnknownGroupError,
)
from equity.publish import canvas, curves, display, figures
from equity.publish.payload import Figure
from equity.publish.protect import protect

GROUPS = ["American Indian or Alaska Native", "Asian", "Black", "Pacific", "White"]
DAYS = [1, 3, 7, 14, 30, 60, 90]


@pytest.fixture
def table() -> pd.DataFrame:
    """Shares that fall with the days; the fourth group is few."""
    frame = pd.DataFrame(
        [
            (group, events, day, np.exp(-day / wait))
            for group, events, wait in zip(
                GROUPS, [60, 80, 400, 4, 900], [40, 25, 60, 99, 20], strict=True
            )
            for day in DAYS
        ],
        columns=["group", "events", "day", "estimate"],
    )
    return frame.assign(
        conf_low=(frame["estimate"] - 0.05).clip(0),
        conf_high=(frame["estimate"] + 0.05).clip(upper=1),
        confidence=0.95,
    )


def draw(frame, **options):
    options = {
        "name": "c",
        "caption": "Open",
        "label": "still open",
        "reference": "White",
        **options,
    }
    protected = protect(frame, lines=None, public=["day"])
    return figures.curves(protected, **options).as_payload()


@pytest.fixture
def made(monkeypatch):
    """The figures that were drawn, wide and narrow in turn."""
    found = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: found.append(f) or "<svg/>")
    monkeypatch.setattr(canvas, "pixels", lambda *a: b"")
    return found


def lines_of(axes):
    """The curves of a panel: their line styles, marks and values."""
    return {
        (line.get_linestyle(), line.get_marker()): line.get_ydata()
        for line in axes.get_lines()
        if line.get_marker() in ("o", "D")
    }


def panels_of(figure):
    return [axes for axes in figure.axes if axes.axison]


def test_each_group_has_a_panel_and_the_reference_is_in_all(table, made):
    draw(table)
    for figure in made:
        panels = panels_of(figure)
        assert len(panels) == 4
        white = table[table["group"] == "White"]["estimate"] * 100
        for axes, group in zip(panels, GROUPS, strict=False):
            lines = lines_of(axes)
            if group == "Pacific":
                assert lines == {}
                continue
            own = table[table["group"] == group]["estimate"] * 100
            assert lines["-", "o"] == pytest.approx(own, abs=0.051)
            assert lines["--", "D"] == pytest.approx(white, abs=0.051)


def test_a_hidden_group_looks_the_same_whatever_it_hides(table):
    at = table["group"] == "Pacific"
    other = table.assign(
        events=table["events"].mask(at, 9), estimate=table["estimate"].mask(at, 0.01)
    )
    assert draw(table) == draw(other)
    alt = draw(table)["alt"]
    assert "Pacific hidden;" in alt
    assert "Hidden: fewer than 10 people" in alt


def test_a_line_breaks_where_a_number_is_hidden(table, made):
    at = (table["group"] == "Asian") & (table["day"] == 7)
    payload = draw(table.assign(events=table["events"].mask(at, 3)))
    for figure in made:
        own = lines_of(panels_of(figure)[1])["-", "o"]
        assert np.isnan(own).tolist() == [False, False, True, *[False] * 4]
    rows = [[cell["text"] for cell in row] for row in payload["data"]["rows"]]
    assert rows[9] == ["Asian", "7", "hidden", "hidden"]


def test_a_curve_ends_where_nobody_was_followed(table, made):
    late = (table["group"] == "Asian") & (table["day"] > 30)
    columns = {n: table[n].mask(late) for n in ("estimate", "conf_low", "conf_high")}
    payload = draw(table.assign(**columns))
    assert "Asian 96.1% and not known;" in payload["alt"]
    for figure in made:
        texts = {text.get_text(): text for text in panels_of(figure)[1].texts}
        assert texts["30.1%"].xy[0] == pytest.approx(np.log1p(30))  # not at the edge
        assert texts["1.1%"].xy[0] == 1


@pytest.mark.parametrize("which", [0, 1])
def test_no_text_overlaps_another_or_leaves_the_figure(table, made, which):
    draw(table, title="A title of many words " * 4)
    draw(table[table["group"].isin(["Asian", "White"])], title="Short")
    close = table.assign(estimate=0.5 + 0.001 * table["day"] / 90)
    draw(close, shorten=lambda name: name[:5])
    for figure in made[which::2]:
        width = [canvas.WIDTH, canvas.NARROW][which]
        assert figure.get_size_inches()[0] == pytest.approx(width)
        figure.set_dpi(600)
        figure.draw_without_rendering()
        texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
        assert min(text.get_fontsize() for text in texts) >= 9
        boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
        boxes = [(text, box) for text, box in boxes if box.width > 0]
        for at, (one, box) in enumerate(boxes):
            assert -12 < box.x0 < box.x1 < figure.bbox.x1 + 12, one
            assert -12 < box.y0 < box.y1 < figure.bbox.y1 + 12, one
            for other, beside in boxes[at + 1 :]:
                assert not box.padded(-12).overlaps(beside.padded(-12)), (one, other)


def test_the_numbers_are_a_table(table):
    data = draw(table)["data"]
    assert [column["label"] for column in data["columns"]] == [
        *("Group", "Day", "Still open", "95% interval"),
    ]  # fmt: skip
    assert len(data["rows"]) == 35
    assert data["rows"][0][1] == {"value": "1", "text": "1", "hidden": False}
    assert Figure.model_validate(draw(table))


def test_a_curve_alone(table):
    white = table[table["group"] == "White"]
    alt = draw(white)["alt"]
    assert "1 panel on one scale. After 1 and 90 days: White 95.1% and 1.1%." in alt
    none = draw(table, reference="")["alt"]
    assert "5 panels on one scale. After" in none
    assert draw(white[white["day"] == 1])["alt"].count("After 1 day: White 95.1%.") == 1


def test_small_shares_fill_the_panel(table, made):
    shares = ["estimate", "conf_low", "conf_high"]
    draw(table.assign(**table[shares] / 12))
    assert {axes.get_ylim() for axes in panels_of(made[0])} == {(0.0, 10.0)}
    made.clear()
    draw(table)
    assert {axes.get_ylim() for axes in panels_of(made[0])} == {(0.0, 100.0)}


@pytest.mark.parametrize("which", ["svg", "narrow"])
def test_a_drawing_has_ids_of_its_own(table, which):
    svg = draw(table)[which]
    ids = re.findall(r'id="([^"]+)', svg)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("c-") for one in ids)
    assert "<text" not in svg


def test_a_curve_of_many_days_would_tell_of_single_requests(table):
    daily = pd.concat([table.assign(day=table["day"] * 100 + n) for n in range(2)])
    assert len(daily["day"].unique()) > curves.MOST_DAYS
    with pytest.raises(DisclosureError, match="14 days would tell of single requests"):
        draw(daily)


def test_refusals(table):
    with pytest.raises(DisclosureError):
        figures.curves(table, name="c", caption="c", label="open")
    with pytest.raises(ColumnNotFoundError, match="week"):
        draw(table, at="week")
    with pytest.raises(UnknownGroupError, match="'Whit' matches 0 rows"):
        draw(table, reference="Whit")
    with pytest.raises(EquityError, match="repeat an earlier group and day"):
        draw(pd.concat([table, table]))
    with pytest.raises(InputError, match="7 rows of 'day' are no days"):
        draw(
            table.assign(
                day=table["day"].where(table["group"] != "Asian", -1.0)
                - (table["group"] == "Asian") * table.index / 100
            )
        )
    assert draw(table.iloc[:0])["text"] == display.NO_DATA
