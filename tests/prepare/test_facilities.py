"""Facilities: each with one kind, one id, an area and a point."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from equity.errors import InputError, ParamsError
from equity.prepare import facilities, sources
from equity.prepare.quality import Ledger

AREAS = gpd.GeoDataFrame({"area": ["01"]}, geometry=[box(10, 50, 11, 51)], crs=4326)
COLUMNS = {"facility_id": "ID", "kind": "K", "latitude": "Lat", "longitude": "Lon"}
SOURCE = sources.Facilities(file="f.csv", columns=COLUMNS)


def clean(raw, source=SOURCE):
    ledger = Ledger("facilities", source.file, len(raw))
    return facilities.clean_facilities(raw, source, ledger, areas=AREAS), ledger


def listed(*rows):
    return pd.DataFrame(rows, columns=["ID", "K", "Lat", "Lon"], dtype="str")


def test_facilities_have_an_area_and_a_capacity_where_known():
    columns = {"kind": "K", "latitude": "Lat", "longitude": "Lon"}
    raw = pd.DataFrame(
        [
            ("Library", "50.5", "10.5", "1,200"),
            ("Clinic", "50.1", "10.1", ""),
            ("Pool", "50.2", "10.2", "many"),
            ("Pool", "50.2", "10.2", "-5"),
            ("Pool", "50.2", "10.2", "0"),
        ],
        columns=["K", "Lat", "Lon", "C"],
    )
    source = sources.Facilities(file="f.csv", columns=columns | {"capacity": "C"})
    found, ledger = clean(raw, source)
    assert found.columns.to_list() == facilities.FACILITIES
    assert found["area"].to_list() == ["01"] * 5
    assert found["capacity"].iloc[[0, 4]].to_list() == [1200, 0]
    assert found["capacity"].isna().to_list() == [False, True, True, True, False]
    assert ledger.entries == [
        ("noted", facilities.NO_CAPACITY, 1),
        ("noted", facilities.NEGATIVE, 1),
    ]
    assert ledger.found[0] == ("noted", facilities.NO_CAPACITY, ["3"])
    found, _ = clean(raw, sources.Facilities(file="f.csv", columns=columns))
    assert found["capacity"].isna().all()


def test_facilities_at_one_location_column():
    source = sources.Facilities(
        file="f.csv", all_are="Library", columns={"location": "Where"}
    )
    raw = pd.DataFrame({"Where": ["1 A St (50.5, 10.5)", "POINT (10.1 50.1)", ""]})
    found, ledger = clean(raw, source)
    assert found["kind"].to_list() == ["Library"] * 2
    assert found["facility_id"].to_list() == ["f.csv, row 1", "f.csv, row 2"]
    assert found["longitude"].to_list() == [10.5, 10.1]
    assert found["latitude"].to_list() == [50.5, 50.1]
    assert ledger.entries == [("set aside", "no coordinates", 1)]


def test_facilities_of_a_file_of_shapes():
    source = sources.Facilities(file="f.geojson", columns={"kind": "TYPE"})
    feet = AREAS.geometry.to_crs(3857).iloc[0].centroid
    raw = gpd.GeoDataFrame(
        {"TYPE": ["Park", "Pool"]}, geometry=[feet.buffer(9), Point(feet)], crs=3857
    )
    found, _ = clean(raw, source)
    assert found["area"].to_list() == ["01"] * 2
    assert found["longitude"].to_list() == pytest.approx([10.5] * 2, abs=1e-6)


def test_points_in_feet_become_degrees():
    source = SOURCE.model_copy(update={"crs": "EPSG:3857"})
    x, y = AREAS.geometry.to_crs(3857).iloc[0].representative_point().coords[0]
    found, _ = clean(listed(("1", "Pool", f"{y:.3f}", f"{x:.3f}")), source)
    assert found["longitude"].iloc[0] == pytest.approx(10.5, abs=1e-6)


def test_places_outside_every_area_are_set_aside_and_counted():
    raw = listed(*[(str(i), "Pool", "50.5", "10.5") for i in range(3)])
    raw.loc[3] = ["9", "Pool", "51.5", "10.5"]
    found, ledger = clean(raw)
    assert len(found) == 3
    assert ledger.entries == [("set aside", "outside every area", 1)]


def test_the_same_row_again_is_one_place():
    found, ledger = clean(listed(*[("1", "Pool", "50.5", "10.5")] * 2))
    assert len(found) == 1
    assert ledger.entries == [("set aside", facilities.AGAIN, 1)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("1", "Pool", "50.5", "10.5"), ("1", "Pool", "50.6", "10.5")],
            r"f\.csv: column ID: 1 id\(s\) are of several rows that differ, data rows "
            r"1, 2; name another column",
        ),
        (
            [("1", "Pool", "50.5", "10.5"), ("", "Pool", "50.6", "10.5")],
            r"f\.csv: column ID: 1 row\(s\) have no id, first data row 2",
        ),
    ],
)
def test_an_id_names_one_place(rows, said):
    with pytest.raises(InputError, match=said):
        clean(listed(*rows))


def test_spellings_of_a_kind_are_made_one_over_all_files():
    frames = [
        pd.DataFrame({"facility_id": ids, "kind": kinds})
        for ids, kinds in [
            (["1", "2", "3"], ["library", "LIBRARY", "Pool"]),
            (["4", "5"], ["library", " Pool"]),
        ]
    ]
    ledgers = [Ledger("facilities", name, 3) for name in ("a.csv", "b.csv")]
    found = facilities.together(frames, ledgers)
    assert found[0]["kind"].to_list() == ["library", "library", "Pool"]
    assert found[1]["kind"].to_list() == ["library", "Pool"]
    assert ledgers[0].entries == [("noted", facilities.RESPELLED, 1)]
    assert ledgers[1].entries == []  # blanks around a word are no other spelling


def test_an_id_of_two_files_gets_the_kind_before_it():
    one = pd.DataFrame({"facility_id": ["1", "2"], "kind": "library"})
    two = pd.DataFrame({"facility_id": ["1", "3"], "kind": "pool"})
    ledgers = [Ledger("facilities", name, 2) for name in ("a.csv", "b.csv")]
    found = facilities.together([one, two], ledgers)
    assert found[0]["facility_id"].to_list() == ["library 1", "2"]
    assert found[1]["facility_id"].to_list() == ["pool 1", "3"]
    assert ledgers[1].entries == [("noted", facilities.SHARED, 1)]
    with pytest.raises(InputError, match=r"1 id\(s\) .* first 'library 1'"):
        facilities.together([one, two.assign(kind="library")], ledgers)


def test_half_a_point_is_refused():
    with pytest.raises(ParamsError, match="latitude and longitude are given together"):
        sources.Facilities(file="f.csv", all_are="pool", columns={"latitude": "Y"})
