"""The house style: texts are kept once, and fit where they are written."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from equity.publish import canvas, maps


def test_a_text_drawn_twice_is_kept_once_and_looks_the_same():
    with canvas.style("a"):
        figure = Figure(figsize=(2, 1))
        figure.text(0, 0.1, "Two of these")
        one = canvas.svg(figure, "a")
        figure.text(0, 0.6, "Two of these", color="#ff0000")
        two = canvas.svg(figure, "a")
    assert two.count("<use") == one.count("<use") + 1
    assert "#ff0000" in two


def test_long_names_and_numbers_are_wrapped_or_cut():
    assert canvas._wrapped("Native Hawaiian", [0.9, 0.9]) == ["Native", "Hawaiian"]
    (cut,) = canvas._wrapped("Native Hawaiian or Other", [1.2])
    assert cut.endswith("…")
    assert canvas._inches(cut) <= 1.2
    assert canvas._wrapped("", [1.0]) == []


# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation
# of color vision deficiency, IEEE TVCG 15(6): their matrices for severity 1.
SIGHT = {
    "typical": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def luminance(colour, sight):
    """WCAG 2.1, relative luminance; grey print keeps exactly that."""
    rgb = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
           for c in to_rgb(colour)]  # fmt: skip
    return np.clip(np.array(sight) @ rgb, 0, 1) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("sight", SIGHT.values(), ids=SIGHT)
def test_every_mark_and_text_is_seen(sight):
    """Marks three to one, texts four and a half, on white and on the strip."""

    def contrast(one, other):
        low, high = sorted(luminance(colour, sight) for colour in (one, other))
        return (high + 0.05) / (low + 0.05)

    for ground in ("white", canvas.STRIP):
        assert contrast(canvas.BLUE, ground) >= 3
        assert contrast(canvas.RUST, ground) >= 3
        assert contrast(canvas.GREY, ground) >= 4.5
    assert contrast(canvas.RUST, "white") >= 4.5
    assert contrast(canvas.INK, "white") >= 4.5


@pytest.mark.parametrize("sight", SIGHT.values(), ids=SIGHT)
def test_classes_of_maps_keep_their_order(sight):
    lights = [luminance(colour, sight) for colour in maps.PALETTE]
    assert all(a > 1.2 * b for a, b in pairwise(lights))


def test_a_label_of_any_length_is_measured_a_few_times_only(monkeypatch):
    """A request type of 10,000 characters was once measured 10,000 times."""
    measured = []
    inches = canvas._inches
    monkeypatch.setattr(canvas, "_inches", lambda *a: measured.append(a) or inches(*a))
    (line,) = canvas._wrapped("x" * 10_000, [2.0])
    assert len(measured) < 20
    assert line.endswith(" …")
    assert inches(line) <= 2.0 < inches(line.replace(" …", "xx …"))
