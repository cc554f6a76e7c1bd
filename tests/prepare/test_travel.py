"""Costs: straight lines that are right on the ground, and a routing tool's export."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Polygon, box

from equity.errors import InputError, ParamsError
from equity.prepare import blocks, sources, travel
from equity.prepare.quality import Ledger

AREAS = gpd.GeoDataFrame(
    {"area": ["a", "b"]},
    geometry=[box(-87.7, 41.7, -87.6, 41.8), box(-87.6, 41.6, -87.5, 41.8)],
    crs=4326,
)
SITES = pd.DataFrame(
    {
        "facility_id": ["L1", "L2", "C1"],
        "kind": ["Library", "Library", "Clinic"],
        "longitude": [-87.65, -87.55, -87.52],
        "latitude": [41.75, 41.7, 41.62],
    }
)
SOURCE = sources.Travel(
    file="t.csv",
    unit="minutes",
    mode="by bus",
    columns={"area": "from", "facility_id": "to", "cost": "minutes"},
)
RIDES = [("a", "L1", "4"), ("a", "L2", "12.5"), ("b", "L1", "1,030"), ("b", "L2", "")]


def clean(rows=RIDES, source=SOURCE, sites=SITES):
    raw = pd.DataFrame(rows, columns=["from", "to", "minutes"], dtype="str")
    ledger = Ledger("travel", source.file, len(raw))
    found = travel.clean_travel(raw, source, ledger, areas=AREAS, facilities=sites)
    return found, ledger


# Straight lines -------------------------------------------------------------------


def test_every_pair_has_a_line_that_says_so():
    found = travel.straight_lines(AREAS, SITES)
    assert found.columns.to_list() == travel.COSTS
    assert len(found) == len(AREAS) * len(SITES)
    assert set(found["unit"]) == {"km"}
    assert set(found["how"]) == {"straight line, from the middle of the area"}
    inside = found.query("area == 'a' and facility_id == 'L1'")["cost"]
    assert inside.iloc[0] == pytest.approx(0, abs=0.002)  # it is the middle


@given(
    st.floats(-60, 60), st.floats(-170, 170), st.floats(-0.4, 0.4), st.floats(-0.3, 0.3)
)
@settings(deadline=None, max_examples=25, derandomize=True)
def test_lines_are_as_long_as_on_the_ground(lat, lon, east, north):
    """Against the geodesic of the ellipsoid, a metre or 1 in 50,000."""
    city = gpd.GeoDataFrame(
        {"area": ["a"]},
        geometry=[box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)],
        crs=4326,
    )
    middle = blocks.centres(city).iloc[0]
    site = pd.DataFrame(
        {"facility_id": ["x"], "longitude": [lon + east], "latitude": [lat + north]}
    )
    found = travel.straight_lines(city, site)["cost"].iloc[0]
    _, _, metres = Geod(ellps="WGS84").inv(
        middle["longitude"], middle["latitude"], lon + east, lat + north
    )
    assert found == pytest.approx(metres / 1000, rel=2e-5, abs=0.001)


def test_lines_start_where_people_live_if_blocks_say_where():
    homes = pd.DataFrame(
        {
            "area": ["a", "a", "b"],
            "longitude": [-87.69, -87.61, -87.55],
            "latitude": [41.75, 41.75, 41.65],
            "population": [300, 100, 0],
        }
    )
    centre = blocks.centres(AREAS, homes)
    assert centre["longitude"].iloc[0] == pytest.approx(-87.67, abs=1e-4)
    assert centre["how"].to_list() == [blocks.HOMES, blocks.MIDDLE]
    found = travel.straight_lines(AREAS, SITES, homes=homes)
    assert set(found["how"]) == {
        "straight line, from the middle of the area's residents"
    }
    assert found["cost"].iloc[0] == pytest.approx(1.66, abs=0.01)  # 0.02 degrees west


def test_the_middle_of_a_crescent_lies_in_it():
    crescent = Polygon(
        [(0, 0), (3, 0), (3, 3), (0, 3), (0, 2.9), (2.9, 2.9), (2.9, 0.1), (0, 0.1)]
    )
    city = gpd.GeoDataFrame({"area": ["a"]}, geometry=[crescent], crs=4326)
    centre = gpd.points_from_xy(
        *blocks.centres(city)[["longitude", "latitude"]].T.values
    )
    assert not crescent.covers(crescent.centroid)
    assert crescent.covers(centre[0])


def test_coordinates_of_areas_may_be_feet():
    feet = travel.straight_lines(AREAS.to_crs(3435), SITES)
    pd.testing.assert_frame_equal(
        feet, travel.straight_lines(AREAS, SITES), rtol=0, atol=0.02
    )


# Travel ---------------------------------------------------------------------------


def test_a_blank_is_no_route_and_a_pair_without_a_row_is_not_known():
    found, ledger = clean(RIDES[1:])
    assert found["cost"].to_list() == [12.5, 1030, np.inf]
    assert set(found["unit"]) == {"minutes"}
    assert set(found["how"]) == {"by bus"}
    assert ledger.entries == [
        ("noted", travel.NO_ROUTE, 1),
        ("noted", "pairs of an area and a facility that have no row; not known", 1),
    ]


def test_rows_of_strangers_are_set_aside_and_counted():
    rows = [*RIDES, ("z", "L1", "3"), ("a", "L9", "3"), ("z", "L9", "3")]
    found, ledger = clean(rows)
    assert len(found) == 4
    assert ledger.entries[:2] == [
        ("set aside", travel.NOT_AREAS, 2),
        ("set aside", travel.NOT_FACILITIES, 1),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*RIDES, ("b", "L1", "-1")], "column minutes: 1 cell.s. are not costs from 0"),
        ([("a", "L1", "ten"), *RIDES[1:]], "not costs from 0 up, first in data row 1"),
        ([("a", "L1", "inf"), *RIDES[1:]], "not costs from 0 up, first in data row 1"),
        ([("a", "L1", "1e2"), *RIDES[1:]], "not costs from 0 up, first in data row 1"),
        ([*RIDES, RIDES[0]], r"1 pair\(s\) .* more than once, first in data row 5"),
        (
            RIDES[::2],
            r"1 of 2 places of kind 'Library' have no row \(L2\); .* not mixed",
        ),
        ([("x", "L1", "3")], "column from: none of its areas is one of the city's"),
        ([("a", "X1", "3")], "column to: none of its facilities is one of those"),
        ([("x", "L1", "3"), ("a", "X1", "3")], "column to: none of its facilities"),
    ],
)
def test_what_cannot_be_a_cost_is_refused(rows, said):
    with pytest.raises(InputError, match=said) as error:
        clean(rows)
    assert str(error.value).startswith("t.csv")
    assert "ten" not in str(error.value)


def test_a_prefix_of_the_areas_is_cut_off_or_named():
    rows = [(f"1400000US{area}", to, cost) for area, to, cost in RIDES]
    found, _ = clean(rows, SOURCE.model_copy(update={"strip": "1400000US"}))
    assert set(found["area"]) == {"a", "b"}
    with pytest.raises(InputError, match="no id begins with '15'"):
        clean(rows, SOURCE.model_copy(update={"strip": "15"}))
    areas = AREAS.assign(area=["17031010100", "17031010200"])
    raw = pd.DataFrame(
        {
            "from": ["1400000US17031010100", "1400000US17031010200"],
            "to": "C1",
            "minutes": "3",
        }
    )
    with pytest.raises(InputError, match="declare strip: '1400000US'"):
        travel.clean_travel(
            raw, SOURCE, Ledger("travel", "t.csv", 2), areas=areas, facilities=SITES
        )


def test_each_kind_is_measured_in_one_way():
    straight = travel.straight_lines(AREAS, SITES)
    rides, _ = clean()
    found = travel.together(straight, [rides], SITES, ["t.csv"])
    assert len(found) == len(straight)
    kind = found["facility_id"].map(SITES.set_index("facility_id")["kind"])
    assert found["unit"].groupby(kind).unique().map(list).to_dict() == {
        "Clinic": ["km"],
        "Library": ["minutes"],
    }
    assert travel.together(straight, [], SITES, []) is straight
    with pytest.raises(InputError, match=r"u\.csv and t\.csv both have .*'Library'"):
        travel.together(straight, [rides, rides], SITES, ["t.csv", "u.csv"])


def test_a_decimal_comma_is_declared():
    rows = [(*pair[:2], pair[2].replace(",", "").replace(".", ",")) for pair in RIDES]
    found, _ = clean(rows, SOURCE.model_copy(update={"decimal": ","}))
    assert found["cost"].to_list() == [4, 12.5, 1030, np.inf]


@pytest.mark.parametrize("empty", ["unit", "mode"])
def test_what_costs_are_is_said(empty):
    said = {"unit": "minutes", "mode": "by bus"} | {empty: " "}
    with pytest.raises(ParamsError, match=f"{empty} is empty"):
        sources.Travel(file="t.csv", columns=SOURCE.columns, **said)
