"""Heat maps: every cell is read, colour follows intervals, and nothing hidden shows."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import aloud, canvas, classes, figures, heat, tiles
from equity.publish.payload import payload
from equity.publish.protect import protect

DEPARTMENTS = ["Police", "Public Works", "Fire and Emergency Medical Services"]
GROUPS = ["American Indian or Alaska Native", "Asian", "White"]


def grid(**more) -> pd.DataFrame:
    """Three departments by three groups, one of them small in Fire."""
    places = [(one, other) for one in DEPARTMENTS for other in GROUPS]
    table = pd.DataFrame(places, columns=["department", "group"])
    gaps = [-12.3, 0.4, 11.1, -2.5, 3.3, 21.7, -7.7, 5.5, 2.2]
    events = [40, 60, 900, 50, 44, 300, 4, 70, 500]
    table = table.assign(events=events, estimate=np.array(gaps) / 100)
    return table.assign(
        conf_low=table["estimate"] - 0.03,
        conf_high=table["estimate"] + 0.03,
        confidence=0.95,
        **more,
    )


def draw(table=None, **options):
    options = {
        "name": "gaps", "caption": "Gaps", "unit": "points", "rows": "department",
        "label": "Difference from share of residents", "centre": 0, **options,
    }  # fmt: skip
    protected = protect(grid() if table is None else table, lines=None)
    return figures.heat(protected, **options).as_payload()


@pytest.fixture
def made(monkeypatch):
    """The figures that are drawn, wide and narrow."""
    found = []
    original = canvas.svg
    monkeypatch.setattr(
        canvas, "svg", lambda f, *a, **k: found.append(f) or original(f, *a, **k)
    )
    return found


def words(figure) -> list[str]:
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def test_both_drawings_have_every_number_and_name(made):
    bundle = draw()
    assert payload(bundle).data is not None
    for figure in made:
        said = words(figure)
        for number in ("−12.3", "0.4", "11.1", "−2.5", "3.3", "21.7", "5.5", "2.2"):
            assert said.count(number) == 1
        assert said.count("hidden") == 1
        assert "−7.7" not in said
        for name in ("Police", "Public Works", "Asian", "White"):
            assert name in said
    assert len(bundle["data"]["rows"]) == 9
    assert [c["label"] for c in bundle["data"]["columns"]][:2] == [
        "Department",
        "Group",
    ]


def test_colour_is_for_clear_differences_only(made):
    draw()
    figure = made[0]
    faces = [p.get_facecolor() for p in figure.findobj(Rectangle) if p.get_fill()]
    # eight numbers, of which those of 0.4, -2.5 and 2.2 points may be chance
    coloured = [f for f in faces if f in [to_rgba(c) for c in classes.DIVERGING]]
    legend = 3  # nothing is a little below
    assert len(coloured) == 5 + legend
    alt = draw()["alt"]
    assert alt.startswith(
        "Heat map, 3 rows by 3 columns: Difference from share of residents. Clearly "
        "below 0.0: 1 cell. Clearly above 0.0: 4 cells. Lowest shown: Police, "
        "American Indian or Alaska Native, −12.3 percentage points."
    )
    assert "Not clearly different: 3 cells. Hidden (fewer than 10 people, or" in alt
    assert "Not clearly different from 0.0" in words(figure)


def test_a_hidden_cell_looks_the_same_whatever_it_hides():
    low = grid()
    high = low.assign(
        events=low["events"].where(low.index != 6, 9),
        estimate=low["estimate"].where(low.index != 6, 0.6),
        conf_low=low["conf_low"].where(low.index != 6, 0.5),
    )
    assert draw(low) == draw(high)
    assert draw(low, centre=None) == draw(high, centre=None)


def test_words_for_what_is_missing_differ(made):
    table = grid(population=1000)
    table.loc[0, ["events", "estimate"]] = np.nan
    table.loc[1, ["estimate", "conf_low", "conf_high"]] = np.nan
    table = table.drop(index=8)
    bundle = draw(table)
    for figure in made:
        said = " ".join(words(figure))
        assert said.count("not known") == 1
        assert said.count("n/a") == 3  # no value, no row, and the legend
        assert said.count("hidden") == 1
        assert "Not known" in said
        assert "Hidden to protect privacy" in said
    assert "Not known: 1 cell." in bundle["alt"]


def test_a_range_stands_for_a_share_that_would_tell_of_everybody(made):
    table = grid(population=[60, 200, 1000, 60, 60, 600, 60, 90, 1000])
    table["estimate"] = table["events"] / table["population"]
    table.loc[3, "events"] = 58
    protected = protect(table, lines=None, outcome=True)
    bundle = figures.heat(
        protected, name="o", caption="O", unit="percent", rows="department",
        label="Share",
    ).as_payload()  # fmt: skip
    assert "Shown as a range" in bundle["alt"]
    for figure in made:
        assert "or more" in words(figure)
        assert "96.7" not in words(figure)


@pytest.mark.parametrize("unit", ["percent", "points", "ratio", "number"])
@pytest.mark.parametrize("centre", [None, 0, 1])
def test_texts_are_nine_points_and_stay_inside(unit, centre, made):
    if unit == "ratio" and centre == 0:
        centre = 1
    table = pd.concat(
        [grid().assign(group=grid()["group"] + f" or group {n}") for n in range(3)]
    ).reset_index(drop=True)
    table["estimate"] = np.linspace(0.0, 3.0, len(table))
    bundle = draw(table, unit=unit, centre=centre, title="A title of many words " * 3)
    assert len(bundle["alt"]) < aloud.LISTENABLE + 250
    for figure, inches in zip(made, [canvas.WIDTH, canvas.NARROW], strict=True):
        assert figure.get_size_inches()[0] == pytest.approx(inches)
        texts = [t for t in figure.findobj(Text) if t.get_text()]
        assert min(text.get_fontsize() for text in texts) >= 9
        boxes = [text.get_window_extent() for text in texts]
        assert min(box.x0 for box in boxes) > -2
        assert max(box.x1 for box in boxes) < figure.bbox.x1 + 2
        assert min(box.y0 for box in boxes) > -2


def test_text_can_be_read_on_every_colour():
    def contrast(one, other):
        high, low = sorted([tiles._luminance(one), tiles._luminance(other)])[::-1]
        return (high + 0.05) / (low + 0.05)

    for colour in (*classes.PALETTE, *classes.DIVERGING, heat.NEAR):
        assert contrast(tiles.Tile("1", "", colour).ink, colour) >= 4.5
    for look in tiles._LOOKS:
        face = tiles._LOOKS[look]["facecolor"]
        assert contrast(tiles.Tile("1", look).ink, face) >= 4.5


def test_a_ratio_is_judged_by_folds():
    found = heat._classes(np.array([]), "ratio", 1.0)
    at = found.number(np.array([0.5, 0.51, 0.79, 0.8, 1.25, 1.26, 2.0, 2.01]))
    assert at.tolist() == [0, 1, 1, 2, 2, 3, 3, 4]


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=20))
@settings(deadline=None, max_examples=100)
def test_sides_of_the_centre_never_share_a_colour(values):
    shown = np.round(np.array(values) * 100, 1)
    found = heat._classes(shown, "points", 0.0)
    number = found.number(shown)
    assert (number[shown < 0] <= 1).all()
    assert (number[shown > 0] >= 2).all()
    mirrored = found.number(-shown)[shown != 0]
    assert (mirrored == 3 - number[shown != 0]).all()


def test_columns_stand_where_they_belong():
    bands = ["low", "middle", "high"]
    table = grid().assign(band=pd.Categorical(bands * 3, bands, ordered=True))
    table = table.drop(index=1).reset_index(drop=True)
    assert heat._side(table, "band", "department") == bands
    loose = table.assign(band=table["band"].astype(str))
    assert heat._side(loose, "band", "department") == bands


def test_nothing_but_blanks_can_be_drawn():
    assert "Hidden" in draw(grid().assign(events=3))["alt"]
    assert draw(grid().iloc[:0])["kind"] == "note"


def test_refusals():
    with pytest.raises(DisclosureError):
        figures.heat(
            grid(), name="x", caption="X", unit="points", rows="department", label="x"
        )
    with pytest.raises(ColumnNotFoundError, match="place"):
        draw(rows="place")
    with pytest.raises(EquityError, match="repeat an earlier"):
        draw(rows="group", columns="group")
    with pytest.raises(EquityError, match="which is parity; found 0"):
        draw(unit="ratio")
    with pytest.raises(EquityError, match="label is empty"):
        draw(label="")
    with pytest.raises(EquityError, match="'count' is no unit"):
        draw(unit="count")


def test_the_same_table_gives_the_same_bytes():
    assert json.dumps(draw()) == json.dumps(draw())
