"""The house style: texts are kept once, and fit where they are written."""

from matplotlib.figure import Figure

from equity.publish import canvas


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
