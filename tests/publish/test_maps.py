"""Maps: classes, blanks, and nothing finer than an area."""

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
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError, InputError
from equity.publish import canvas, classes, display, maps
from equity.publish.payload import Figure
from equity.publish.protect import protect


@pytest.fixture
def areas() -> gpd.GeoDataFrame:
    boxes = [
        shapely.box(
            -87.7 + 0.01 * x, 41.8 + 0.01 * y, -87.69 + 0.01 * x, 41.81 + 0.01 * y
        )
        for x in range(5)
        for y in range(4)
    ]
    names = [f"{i:02}" for i in range(20)]
    return gpd.GeoDataFrame({"area": names}, geometry=boxes, crs=4326)


@pytest.fixture
def table(areas) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "area": areas["area"],
            "events": np.arange(20) * 10 + 20,
            "population": 1000,
            "estimate": np.arange(20) + 1.0,
        }
    )
    frame.loc[3, "events"] = 4
    frame.loc[4, ["events", "population", "estimate"]] = [0, 0, np.nan]
    return frame.drop(index=5)


def draw(table, areas, **options):
    options = {
        "name": "m",
        "caption": "c",
        "unit": "number",
        "legend": "Days",
        **options,
    }
    return maps.choropleth(protect(table, lines=None), areas, **options).as_payload()


def test_the_alternative_text_has_limits_and_counts(table, areas):
    alt = draw(table, areas, noun="days")["alt"]
    assert alt == (
        "Map of 20 areas, shaded by Days. 7.0 days or less: 4 areas. "
        "7.1 to 10.0 days: 3 areas. 10.1 to 14.0 days: 4 areas. "
        "14.1 to 17.0 days: 3 areas. More than 17.0 days: 3 areas. "
        "Hidden to protect privacy: 1 area. No residents: 1 area. Not known: 1 area. "
        "Hidden: fewer than 10 people, or needed to protect such a count. "
        "The table below the map has the number of each area."
    )


def test_hidden_areas_look_the_same_whatever_they_hide(table, areas):
    changed = table.copy()
    changed.loc[3, ["events", "estimate"]] = [9, 500.0]
    assert draw(table, areas) == draw(changed, areas)


def test_few_values_have_few_classes(table, areas):
    table["estimate"] = np.where(np.arange(19) < 9, 1.0, 2.0)
    alt = draw(table, areas)["alt"]
    assert "1.0 or less" in alt
    assert "More than 1.0" in alt
    assert (
        "All areas with a value: 17" in draw(table.assign(estimate=3.0), areas)["alt"]
    )


def test_colours_go_from_light_to_dark_in_grey():
    grey = [
        np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) for colour in classes.PALETTE
    ]
    assert np.diff(grey).max() < -0.1


def test_the_narrow_map_has_its_legend_below(table, areas):
    payload = draw(table, areas)
    sizes = {
        key: [float(ElementTree.fromstring(payload[key]).get(side)[:-2]) for side in
              ("width", "height")]
        for key in ("svg", "narrow")
    }  # fmt: skip
    assert sizes["narrow"][0] == pytest.approx(canvas.NARROW * 72, abs=0.1)
    assert sizes["narrow"][1] > sizes["narrow"][0] * 4 / 5 + 72  # the boxes are 5 by 4
    colours = [set(re.findall("#[0-9a-f]{6}", payload[key])) for key in sizes]
    assert colours[0] == colours[1]


@pytest.mark.parametrize("which", ["svg", "narrow"])
def test_a_drawing_is_one_element_without_words(table, areas, which):
    svg = draw(table, areas)[which]
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(svg).iter()}
    assert tags <= {
        "svg",
        "g",
        "defs",
        "path",
        "use",
        "style",
        "clipPath",
        "rect",
        "pattern",
    }


def test_the_svg_does_not_tell_where_the_city_lies(table, areas):
    local = areas.to_crs(areas.estimate_utm_crs())
    moved = local.set_geometry(local.translate(1000, 5000))
    for which in ("svg", "narrow"):
        assert draw(table, local)[which] == draw(table, moved)[which]


def test_chicago_is_small_enough(shared, table):
    path = shared / "data/chicago/tracts_2010.geojson.gz"
    tracts = gpd.read_file(f"/vsigzip/{path}")
    areas = tracts.assign(area=tracts["geoid10"].astype(str))[["area", "geometry"]]
    frame = pd.DataFrame({"area": areas["area"], "events": 50, "estimate": range(801)})
    payload = draw(frame, areas)
    assert len(payload["svg"]) < 400_000
    assert len(payload["narrow"]) < 400_000


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 9), st.floats(0, 1000))
def test_nothing_of_a_hidden_value_is_anywhere(count, value):
    """Two maps that differ in hidden values only become the same bytes."""
    boxes = [shapely.box(x, 0, x + 1, 1) for x in range(6)]
    areas = gpd.GeoDataFrame({"area": list("fedcba")}, geometry=boxes, crs=3857)

    def drawn(events, estimate):
        frame = pd.DataFrame({"area": list("abcdef"), "estimate": [1, 5, 2, 8, 3, 9.0]})
        frame = frame.assign(
            events=[50, 60, events, 70, 4, 80], conf_low=0, conf_high=9
        )
        frame.loc[2, "estimate"] = estimate
        return draw(frame, areas)

    assert drawn(count, value) == drawn(5, 5.0)


def test_the_numbers_of_a_map_are_a_download_in_the_order_of_names(table, areas):
    payload = draw(table.sample(frac=1, random_state=1), areas, noun="days")
    data = payload["data"]
    assert payload["download"] is True
    assert data["name"] == payload["name"] == "m"
    assert [row[0]["value"] for row in data["rows"]] == sorted(areas["area"])
    assert [row[1]["text"] for row in data["rows"][2:7]] == [
        *("3.0", "hidden", "n/a", "not known", "7.0"),
    ]  # fmt: skip
    assert [column["label"] for column in data["columns"]] == ["Area", "Days"]
    assert data["notes"][0].startswith("Hidden: ")
    assert Figure.model_validate(payload).data.rows[3][1].hidden


def test_a_coded_area_has_a_class_of_its_own(table, areas):
    protected = protect(table.assign(estimate=table["estimate"] / 20), lines=None)
    said = {"name": "m", "caption": "c", "unit": "percent", "legend": "Share"}
    seen = []
    for text in ("5% or less", "95% or more"):
        frame = protected.frame.assign(coded=None)
        frame.loc[8, "coded"] = text
        frame.loc[8, ["events", "estimate"]] = np.nan
        coded = replace(protected, _frame=frame)
        payload = maps.choropleth(coded, areas, **said).as_payload()
        seen.append(payload)
        assert payload["data"]["rows"][9][1] == {
            "value": None, "text": text, "hidden": False,
        }  # fmt: skip
        assert f": {text}: 1 area." in payload["alt"]
        assert "Hidden to protect privacy: 1 area." in payload["alt"]
    assert seen[0]["svg"] != seen[1]["svg"]


def test_counts_are_for_the_audit_alone(table, areas):
    told = {"topic": "r", "dimensions": ["area"], "known": False}
    told |= {"cells": [[["00"], 424242, 424242]]}
    protected = replace(protect(table, lines=None), _counts=(told,))
    said = {"name": "m", "caption": "c", "unit": "number", "legend": "Days"}
    shown = maps.choropleth(protected, areas, **said)
    assert shown.as_payload()["counts"] == [told]
    assert "424242" not in repr(shown)


@pytest.mark.parametrize("shape", ["points", "lines", "one point"])
def test_only_whole_areas_are_drawn(table, areas, shape):
    middle = areas.geometry.to_crs(3857).centroid.to_crs(4326)
    other = {
        "points": middle,
        "lines": areas.boundary,
        "one point": areas.geometry.where(areas.index != 7, middle),
    }[shape]
    with pytest.raises(DisclosureError, match="whole areas only"):
        draw(table, areas.set_geometry(other))
    with pytest.raises(InputError, match="1 areas have no outline"):
        draw(table, areas.set_geometry(areas.geometry.where(areas.index != 7)))


def test_no_coordinate_of_the_world_is_in_the_drawing(table, areas):
    """A thousandth of the map's extent at most, from the map's own corner."""
    fine = areas.assign(request_id=424242, note="424242")
    fine = fine.set_geometry(areas.geometry.segmentize(1e-5))
    for which in ("svg", "narrow"):
        svg = draw(table, fine)[which]
        assert "424242" not in svg
        numbers = [float(n) for n in re.findall(r"-?[0-9]+\.[0-9]+", svg)]
        assert not any(abs(n + 87.7) < 0.2 for n in numbers)
        assert len(svg) < 1.2 * len(draw(table, areas)[which])


def light_of(colour):
    """Linear red, green and blue (IEC 61966-2-1)."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def test_edges_and_hatches_are_seen():
    """WCAG 2.1, 1.4.11: three to one."""

    def contrast(one, other):
        light = sorted(
            light_of(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other)
        )
        return (light[1] + 0.05) / (light[0] + 0.05)

    for edges, colours in (
        (classes.EDGES, classes.PALETTE),
        (classes.DIVERGING_EDGES, classes.DIVERGING),
    ):
        for edge, colour in zip(edges, colours, strict=True):
            assert contrast(edge, colour) >= 3
    for look in (maps.HIDDEN, maps.EMPTY, maps.UNKNOWN, maps.UNCERTAIN):
        assert contrast(look["edgecolor"], look["facecolor"]) >= 3


#: Machado, Oliveira and Fernandes (2009), IEEE Transactions on Visualization and
#: Computer Graphics 15(6), 1291-1298, table 1, severity 1.0.
COLOUR_VISION = {
    "usual": np.eye(3),
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
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def seen_as(colour, vision="usual"):
    """CIE L*a*b* of a colour as an eye sees it."""
    light = np.clip(np.array(COLOUR_VISION[vision]) @ light_of(colour), 0, 1)
    x, y, z = np.cbrt(TO_XYZ @ light / TO_XYZ.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", COLOUR_VISION)
@pytest.mark.parametrize("palette", [classes.PALETTE, classes.DIVERGING])
def test_every_eye_tells_the_colours_apart(palette, vision):
    """Fifteen and more apart; two that just differ are two or three apart."""
    seen = [seen_as(colour, vision) for colour in palette]
    apart = [
        np.linalg.norm(one - other)
        for at, one in enumerate(seen)
        for other in seen[at + 1 :]
    ]
    assert min(apart) > 15


def test_the_two_sides_of_a_centre_are_equally_dark():
    light = [seen_as(colour)[0] for colour in classes.DIVERGING]
    assert light[0] == pytest.approx(light[4], abs=2)
    assert light[1] == pytest.approx(light[3], abs=2)
    assert light[0] < light[1] - 20 < light[2] - 40


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.sampled_from([0, 7.5]))
def test_classes_about_a_centre_are_symmetrical(values, centre):
    """A value and its mirror image are in mirrored classes; none is left out."""
    away = np.round(values, 1)
    values = np.round(centre + away, 1)
    found = classes.Classes.of(values, "points", centre)
    last = len(found.colours) - 1
    mirrored = np.round(2 * centre - values, 1)
    assert found.number(mirrored).tolist() == (last - found.number(values)).tolist()
    assert last in (0, 2, 4)
    assert found.colours[last // 2] == classes.DIVERGING[2]
    assert found.number(np.array([centre])).item() == last // 2
    if np.abs(away).max() > 0:
        assert {0, last} & {*found.number(values)}


def test_the_names_of_classes_about_a_centre_do_not_touch():
    values = np.array([-9.0, -4.0, -1.0, 0.5, 1.0, 3.0, 4.0, 8.0])
    found = classes.Classes.of(values, "points", 0.0)
    assert found.names("points", "") == [
        "\N{MINUS SIGN}4.1 percentage points or less",
        "\N{MINUS SIGN}4.0 to \N{MINUS SIGN}1.1 percentage points",
        "\N{MINUS SIGN}1.0 to 1.0 percentage points",
        "1.1 to 4.0 percentage points",
        "More than 4.0 percentage points",
    ]
    alike = classes.Classes.of(np.array([-2.0, 0.0, 0.0, 2.0]), "number", 0.0)
    assert alike.names("number", "days")[1] == "0.0 days"


def test_an_unreliable_area_has_no_colour_and_moves_no_class(table, areas):
    sure = table.assign(reliable=True, conf_low=0.5, conf_high=30.0)
    doubt = sure.assign(
        reliable=sure["area"] != "17",
        estimate=sure["estimate"].where(sure["area"] != "17", 900.0),
    )
    payload = draw(doubt, areas, reliability="reliable", rule="the interval is wide")
    assert "Too uncertain to colour: 1 area." in payload["alt"]
    assert "Too uncertain: the interval is wide." in payload["alt"]
    without = draw(sure[sure["area"] != "17"], areas, reliability="reliable")
    for which in ("svg", "narrow"):  # only the hatching differs
        assert payload[which] != without[which]
    limits = [part for part in payload["alt"].split(". ") if "days" in part.lower()]
    assert limits == [
        part for part in without["alt"].split(". ") if "days" in part.lower()
    ]
    data = payload["data"]
    assert data["columns"][-1]["label"] == "Certainty"
    row = next(row for row in data["rows"] if row[0]["text"] == "17")
    assert [cell["text"] for cell in row] == [
        *("17", "900.0", "0.5 to 30.0", "too uncertain to colour"),
    ]  # fmt: skip
    assert data["rows"][3][3] == {"value": None, "text": "hidden", "hidden": True}
    assert data["rows"][5][3]["text"] == display.NOT_KNOWN
    assert "Too uncertain to colour: the interval is wide." in data["notes"]
    assert Figure.model_validate(payload)


def test_no_verdict_is_no_reliability(table, areas):
    silent = table.assign(reliable=pd.array([None] + [True] * 18, dtype="boolean"))
    alt = draw(silent, areas, reliability="reliable")["alt"]
    assert "Too uncertain to colour: 1 area." in alt
    assert "Areas too uncertain to colour are hatched." in alt
    none = draw(table.assign(reliable=False), areas, reliability="reliable")["alt"]
    assert "Too uncertain to colour: 17 areas." in none
    assert "All areas" not in none
    alike = table.assign(reliable=table["area"] != "00", estimate=3.0)
    alt = draw(alike, areas, reliability="reliable")["alt"]
    assert "All areas that are coloured: 16 areas." in alt


def test_an_unreliable_hidden_area_is_hidden(table, areas):
    """Whether a hidden area is reliable would tell about its count."""
    seen = [
        draw(
            table.assign(reliable=table["area"].ne("03") | sure), areas,
            reliability="reliable",
        )
        for sure in (True, False)
    ]  # fmt: skip
    assert seen[0] == seen[1]
    assert "uncertain" not in seen[0]["alt"]


def test_unlike_hatchings():
    looks = [maps.HIDDEN, maps.EMPTY, maps.UNKNOWN, maps.UNCERTAIN]
    assert len({look["hatch"][0] for look in looks}) == 4


def test_a_map_about_a_centre_has_both_sides(table, areas):
    signed = table.assign(estimate=(table["estimate"] - 10) / 100)
    payload = draw(signed, areas, unit="points", centre=0.0)
    assert "percentage points or less: " in payload["alt"]
    for colour in (classes.DIVERGING[0], classes.DIVERGING[-1]):
        assert colour in payload["svg"]
    assert not any(colour in payload["svg"] for colour in classes.PALETTE)


def test_districts_are_areas_under_another_name(areas, monkeypatch):
    made = []
    monkeypatch.setattr(canvas, "svg", lambda f, *a, **k: made.append(f) or "<svg/>")
    district = areas.index // 4
    districts = areas.dissolve(district).assign(area=[f"Ward {n}" for n in range(1, 6)])
    frame = pd.DataFrame(
        {"area": districts["area"], "events": 50, "estimate": range(1, 6)}
    )
    payload = draw(frame, districts, places=("ward", "wards"), names=True)
    assert payload["alt"].startswith("Map of 5 wards, shaded by Days. 1.0 or less: 1 w")
    assert payload["alt"].endswith("has the number of each ward.")
    assert payload["data"]["columns"][0]["label"] == "Ward"
    for figure in made:
        written = {text.get_text() for text in figure.findobj(Text)}
        assert {*districts["area"]} <= written


def test_refusals(table, areas):
    with pytest.raises(DisclosureError):
        maps.choropleth(table, areas, name="m", caption="c", unit="number", legend="l")
    with pytest.raises(ColumnNotFoundError, match="area"):
        draw(table.rename(columns={"area": "ward"}), areas)
    with pytest.raises(EquityError, match="repeat an area"):
        draw(pd.concat([table, table]), areas)
    with pytest.raises(InputError, match="coordinate system"):
        draw(table, areas.set_crs(None, allow_override=True))
    with pytest.raises(ColumnNotFoundError, match="reliable"):
        draw(table, areas, reliability="reliable")
    with pytest.raises(EquityError, match="true or false"):
        draw(table.assign(sure=0.3), areas, reliability="sure")
    with pytest.raises(InputError, match="no area"):
        draw(table.assign(area="x" + table["area"]), areas)


def test_names_that_would_lie_on_each_other_are_left_to_the_table():
    def text(number):
        names = [f"Ward {i:02}" for i in range(number)]
        table = pd.DataFrame({"area": names, "events": 40, "estimate": 0.5})
        shapes = [shapely.box(i, 0, i + 1, 1) for i in range(number)]
        wards = gpd.GeoDataFrame({"area": names}, geometry=shapes, crs=3857)
        found = maps.choropleth(
            protect(table, lines=None), wards, name="w", caption="Wards",
            unit="percent", legend="Share", names=True,
        )  # fmt: skip
        return found.as_payload()

    few, many = text(maps.NAMED), text(maps.NAMED + 1)
    assert len(few["data"]["rows"]) + 1 == len(many["data"]["rows"])
    assert few["svg"].count("<text") + few["svg"].count("<use") > 0
    assert len(few["svg"]) > 1.5 * len(many["svg"])
