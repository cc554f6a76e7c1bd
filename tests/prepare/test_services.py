"""The quarters counted, and facilities."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from equity.errors import InputError, ParamsError
from equity.prepare import services, sources
from equity.prepare.quality import Ledger

AREAS = gpd.GeoDataFrame({"area": ["01"]}, geometry=[box(10, 50, 11, 51)], crs=4326)
SOURCE = sources.Requests(
    file="r.csv",
    data_until="2025-12-31",
    columns={"opened": "From", "closed": "To", "area": "Tract"},
)


@pytest.mark.parametrize(
    ("period", "quarters", "first", "last"),
    [
        ("2025Q4", 1, "2025-10-01", "2025-12-31"),
        ("2025Q4", 4, "2025-01-01", "2025-12-31"),
        ("2024Q1", 2, "2023-10-01", "2024-03-31"),
        ("2014Q4", 16, "2011-01-01", "2014-12-31"),
    ],
)
def test_window(period, quarters, first, last):
    found = services.window(period, quarters)
    assert found == (pd.Timestamp(first), pd.Timestamp(last))


def test_a_window_has_quarters():
    with pytest.raises(ParamsError, match="quarters: 0"):
        services.window("2025Q4", 0)


def test_a_window_that_the_data_do_not_fill_is_refused():
    counts = pd.DataFrame({"period": pd.Categorical(["2025Q4"])})
    with pytest.raises(InputError, match="no request opened in 2025Q3"):
        services.check_window(counts, [SOURCE], period="2025Q4", quarters=2)
    with pytest.raises(InputError, match="known until 2025-12-31, but 2026Q1 ends on"):
        services.check_window(counts, [SOURCE], period="2026Q1", quarters=1)
    services.check_window(counts, [SOURCE], period="2025Q4", quarters=1)


def clean(raw, source):
    ledger = Ledger("facilities", source.file, len(raw))
    return services.clean_facilities(raw, source, ledger, areas=AREAS), ledger


def test_facilities_have_an_area_and_a_capacity_where_known():
    columns = {"kind": "K", "latitude": "Lat", "longitude": "Lon"}
    raw = pd.DataFrame(
        [
            ("Library", "50.5", "10.5", "1,200"),
            ("Clinic", "50.1", "10.1", ""),
            ("Pool", "50.2", "10.2", "many"),
        ],
        columns=["K", "Lat", "Lon", "C"],
    )
    source = sources.Facilities(file="f.csv", columns=columns | {"capacity": "C"})
    found, ledger = clean(raw, source)
    assert found["area"].to_list() == ["01"] * 3
    assert found["capacity"].iloc[0] == 1200
    assert found["capacity"].isna().to_list() == [False, True, True]
    assert ledger.entries == [("noted", "capacity is not a number; left out", 1)]
    assert ledger.found == [("noted", "capacity is not a number; left out", ["3"])]
    found, _ = clean(raw, sources.Facilities(file="f.csv", columns=columns))
    assert found["capacity"].isna().all()


def test_facilities_at_one_location_column():
    source = sources.Facilities(
        file="f.csv", all_are="Library", columns={"location": "Where"}
    )
    raw = pd.DataFrame({"Where": ["1 A St (50.5, 10.5)", "POINT (10.1 50.1)", ""]})
    found, ledger = clean(raw, source)
    assert found["kind"].to_list() == ["Library"] * 2
    assert found["facility_id"].to_list() == ["row 1", "row 2"]
    assert ledger.entries == [("set aside", "no coordinates", 1)]


def test_facilities_of_a_file_of_shapes():
    source = sources.Facilities(file="f.geojson", columns={"kind": "TYPE"})
    feet = AREAS.geometry.to_crs(3857).iloc[0].centroid
    raw = gpd.GeoDataFrame(
        {"TYPE": ["Park", "Pool"]}, geometry=[feet.buffer(9), Point(feet)], crs=3857
    )
    found, _ = clean(raw, source)
    assert found["area"].to_list() == ["01"] * 2
