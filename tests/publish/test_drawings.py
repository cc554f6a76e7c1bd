"""The wide drawing: rows side by side agree, and nothing runs into its neighbour."""

import pandas as pd
import pytest
from matplotlib.text import Text

from equity.publish import canvas, drawings, figures
from equity.publish.protect import protect

GROUPS = ["Asian", "Black", "Latino", "Native", "White"]


@pytest.fixture
def made(monkeypatch):
    """The figures that were drawn, wide and narrow in turn."""
    found = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: found.append(f) or "<svg/>")
    monkeypatch.setattr(canvas, "pixels", lambda *a: b"")
    return found


def frame(labels, estimate=0.3, **columns):
    return pd.DataFrame(
        {"group": labels, "events": 50, "estimate": estimate, "conf_low": 0.2,
         "conf_high": 0.4, **columns}
    )  # fmt: skip


def draw(table, **options):
    options = {"name": "a", "caption": "b", "unit": "percent", **options}
    figures.dot_interval(protect(table, lines=None), **options)


def boxes(figure):
    """Where each text stands, by text; those that overlap another."""
    figure.set_dpi(600)  # as in an SVG, where letters are not moved to whole pixels
    figure.draw_without_rendering()
    texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    found = [(text.get_text(), text.get_window_extent()) for text in texts]
    found = [(text, box) for text, box in found if box.width > 0]
    return found, [
        (one, other)
        for at, (one, box) in enumerate(found)
        for other, beside in found[at + 1 :]
        if box.padded(-12).overlaps(beside.padded(-12))
    ]


def test_panels_with_other_rows_stand_at_the_right_names(made):
    """Row names are written once for panels side by side."""
    table = pd.concat(
        [
            frame(GROUPS[:3], [0.11, 0.12, 0.13], panel="x"),
            frame(GROUPS[1:], [0.22, 0.23, 0.24, 0.25], panel="y"),
        ]
    )
    draw(table, facets="panel")
    assert drawings._together({}) == []
    found = dict(boxes(made[0])[0])
    for group, texts in zip(
        GROUPS,
        [["11.0%"], ["12.0%", "22.0%"], ["13.0%", "23.0%"], ["24.0%"], ["25.0%"]],
        strict=True,
    ):
        for text in texts:
            middle = (found[text].y0 + found[text].y1) / 2
            assert found[group].y0 < middle < found[group].y1


@pytest.mark.parametrize("which", [0, 1])
def test_nothing_overlaps_or_leaves_the_figure(made, which):
    names = [
        "DEPARTMENT OF CONSTRUCTION AND MAINTENANCE OF WATERWAYS AND HARBOURS",
        "Donaudampfschifffahrtsgesellschaftskapit\u00e4n",
        "Fire",
    ]
    long = frame(names, [0.1, 0.5, 0.9])
    draw(long, label="label " * 40, title="Title " * 30)
    draw(long, reference_line=0.4, reference_label="the share among all employees " * 3)
    draw(frame(names, [25e6, 0.0, 7.0]), unit="number")
    panels = [frame(GROUPS, panel=f"{name} {i}") for i, name in enumerate(names * 4)]
    draw(pd.concat(panels), facets="panel", label="label")
    draw(frame(["One"]))
    draw(frame(GROUPS).assign(events=3))
    for figure in made[which::2]:
        found, overlapping = boxes(figure)
        assert not overlapping
        for text, box in found:
            assert -12 < box.x0 < box.x1 < figure.bbox.x1 + 12, text
            assert -12 < box.y0 < box.y1 < figure.bbox.y1 + 12, text
