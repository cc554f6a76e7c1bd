"""A gap and its parts: every row under its group, the whole gap first."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    EquityError,
    UnknownGroupError,
)
from equity.publish import aloud, canvas, display, figures
from equity.publish.payload import Figure
from equity.publish.protect import protect

GROUPS = ["Asian", "Black or African American", "Native Hawaiian", "White"]
COMPONENTS = ["mix of requests", "same kind of request", "gap"]
NAMES = {"gap": "Whole gap", "mix of requests": "Mix"}


@pytest.fixture
def gaps() -> pd.DataFrame:
    """Parts that add up to their gap; the total comes last, the third group is few."""
    table = pd.DataFrame(
        [
            (group, events, part, estimate)
            for group, events, estimates in zip(
                GROUPS,
                [60, 400, 4, 900],
                [(-0.031, -0.092), (0.05, -0.02), (0.4, 0.1), (0.0, 0.0)],
                strict=True,
            )
            for part, estimate in zip(
                COMPONENTS, [*estimates, sum(estimates)], strict=True
            )
        ],
        columns=["group", "events", "component", "estimate"],
    )
    return table.assign(
        reference="White",
        statistic="difference",
        conf_low=table["estimate"] - 0.02,
        conf_high=table["estimate"] + 0.02,
        confidence=0.95,
    )


def draw(frame, **options):
    options = {"name": "p", "caption": "c", "unit": "points", **options}
    return figures.parts(protect(frame, lines=None), **options).as_payload()


@pytest.fixture
def made(monkeypatch):
    """The figures that were drawn, wide and narrow in turn."""
    found = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: found.append(f) or "<svg/>")
    monkeypatch.setattr(canvas, "pixels", lambda *a: b"")
    return found


def test_the_total_comes_first_and_the_reference_not_at_all(gaps):
    payload = draw(gaps, names=NAMES)
    rows = [[cell["text"] for cell in row] for row in payload["data"]["rows"]]
    assert [row[:2] for row in rows[:3]] == [
        ["Asian", "Whole gap"], ["Asian", "Mix"], ["Asian", "same kind of request"],
    ]  # fmt: skip
    assert rows[0][2:] == ["−12.3", "−14.3 to −10.3"]
    assert {row[0] for row in rows} == set(GROUPS[:3])
    assert payload["data"]["row_header"] == 1
    assert Figure.model_validate(payload)


def test_read_aloud_every_number_or_the_whole_gaps(gaps):
    alt = draw(gaps[gaps["group"].isin(["Asian", "White"])])["alt"]
    assert alt.startswith("Dot-and-interval chart, 1 group of rows. A vertical line")
    assert "Asian. gap: −12.3 percentage points (95% interval −14.3 to −10.3)." in alt
    many = pd.concat([gaps.assign(group=gaps["group"] + f" {n}") for n in range(4)])
    alt = draw(many.assign(reference="none"))["alt"]
    assert len(alt) <= aloud.LISTENABLE
    assert "Highest shown: gap, Black or African American 0, 3.0" in alt
    assert alt.endswith(aloud.REST)


@pytest.mark.parametrize("which", [0, 1])
def test_all_is_drawn_nothing_overlaps_and_nothing_leaves(gaps, made, which):
    draw(gaps, names=NAMES, label="percentage points from White residents " * 3,
         title="A title of many words " * 4)  # fmt: skip
    draw(gaps.assign(estimate=gaps["estimate"] * 9000), unit="number")
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
    words = " ".join(t.get_text() for t in made[which].findobj(Text))
    for word in (*GROUPS[:3], "Whole gap", "−12.3", "−3.1", "−9.2", "5.0", "−2.0"):
        assert word in words
    assert words.count("hidden to protect privacy") == 3


def test_a_hidden_group_looks_the_same_whatever_it_hides(gaps):
    at = gaps["group"] == "Native Hawaiian"
    other = gaps.assign(
        events=gaps["events"].mask(at, 9), estimate=gaps["estimate"].mask(at, -0.5)
    )
    assert draw(gaps) == draw(other)


def test_parts_and_totals_differ_in_shape(gaps, made):
    draw(gaps)
    for figure in made:
        marks = [line.get_marker() for line in figure.findobj(match=_has_marker)]
        assert marks.count("o") == 2
        assert marks.count("s") == 4


def _has_marker(artist):
    return hasattr(artist, "get_marker") and artist.get_marker() in ("o", "s")


@pytest.mark.parametrize("which", ["svg", "narrow"])
def test_a_drawing_has_ids_of_its_own(gaps, which):
    svg = draw(gaps)[which]
    ids = re.findall(r'id="([^"]+)', svg)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("p-") for one in ids)
    assert "<text" not in svg


def test_without_rows_there_is_a_note(gaps):
    assert draw(gaps.iloc[:0])["text"] == display.NO_DATA


def test_nothing_is_known(gaps):
    unknown = gaps.assign(estimate=np.nan, conf_low=np.nan, conf_high=np.nan)
    assert draw(unknown)["alt"].count("gap: cannot be calculated") == 2


def test_refusals(gaps):
    with pytest.raises(DisclosureError):
        figures.parts(gaps, name="p", caption="c", unit="points")
    with pytest.raises(ColumnNotFoundError, match="component"):
        draw(gaps.drop(columns="component"))
    with pytest.raises(UnknownGroupError, match="'whole' matches 0 rows"):
        draw(gaps, total="whole")
    with pytest.raises(EquityError, match="repeat an earlier component and group"):
        draw(pd.concat([gaps, gaps]))
    with pytest.raises(EquityError, match="do not add up"):
        draw(gaps, unit="ratio")
