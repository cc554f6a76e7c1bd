"""Rows: scales that hold what is shown, and as many ticks as have room."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.publish import canvas, rows
from equity.publish.rows import _Look, _Row

LOOK = _Look(
    unit="percent", noun="", line=None, line_label="", label="", compare="", why=""
)


def row(estimate, low=None, high=None, **parts):
    given = {"label": "A", "compare": None, "interval": "", "hidden": False}
    given |= {"reference": False, "unknown": False}
    return _Row(estimate=estimate, low=low, high=high, **given | parts)


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_every_dot_is_on_the_scale(values):
    look = rows._scaled(LOOK, [row(value) for value in values])
    assert all(look.left <= value <= look.right for value in values)
    assert look.left >= -5
    assert look.right <= 100


def test_blank_rows_do_not_move_the_scale():
    shown = [row(20.0, 10.0, 30.0)]
    blank = [row(None, hidden=True), row(None, coded="95% or more"), row(None)]
    assert rows._scaled(LOOK, shown + blank) == rows._scaled(LOOK, shown)


@pytest.mark.parametrize("unit", ["percent", "points", "ratio", "number"])
def test_ticks_never_touch_and_keep_the_line(unit):
    line = {"points": 0.0, "ratio": 1.0}.get(unit)
    values = [0.5, 1.0, 40.0] if unit == "ratio" else [-20.0, 3.0, 90.0]
    look = rows._scaled(replace(LOOK, unit=unit, line=line), [row(v) for v in values])
    for inches in (0.4, 0.8, 1.5, 3.0):
        few = rows._with_room(look, inches)
        assert few.ticks
        scale = inches / (few.right - few.left)
        ends = [
            (scale * t - w, scale * t + w)
            for t, w in (
                (t, canvas._inches(rows._tick_text(t, few)) / 2) for t in few.ticks
            )
        ]
        assert all(a[1] <= b[0] for a, b in pairwise(ends))
        if line is not None:
            assert min(abs(t - math.log2(line or 1)) for t in few.ticks) < 1e-9


def test_a_blank_row_says_why():
    words = [
        rows._blank_words(one)
        for one in (
            row(None, hidden=True),
            row(None, coded="5% or less", reference=True, unknown=True),
            row(None, unknown=True),
            row(None, reference=True),
            row(None),
        )
    ]
    assert words == [
        "hidden to protect privacy", "5% or less", "not known", "the reference",
        "cannot be calculated",
    ]  # fmt: skip
