"""Maps: classes, blanks, and nothing finer than an area."""

import re
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_rgb

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError, InputError
from equity.publish import canvas, maps
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
        "Hidden: fewer than 10 people, or needed to protect such a count."
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
    grey = [np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) for colour in maps.PALETTE]
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


def test_refusals(table, areas):
    with pytest.raises(DisclosureError):
        maps.choropleth(table, areas, name="m", caption="c", unit="number", legend="l")
    with pytest.raises(ColumnNotFoundError, match="area"):
        draw(table.rename(columns={"area": "ward"}), areas)
    with pytest.raises(EquityError, match="repeat an area"):
        draw(pd.concat([table, table]), areas)
    with pytest.raises(InputError, match="coordinate system"):
        draw(table, areas.set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="no area"):
        draw(table.assign(area="x" + table["area"]), areas)
