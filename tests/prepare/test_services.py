"""Requests on hand-made rows: each rule, the days, and those still open."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from equity.errors import InputError, ParamsError
from equity.prepare import services, sources
from equity.prepare.quality import Ledger

AREAS = gpd.GeoDataFrame({"area": ["01"]}, geometry=[box(10, 50, 11, 51)], crs=4326)
SOURCE = sources.Requests(
    file="r.csv",
    data_until="2025-12-31",
    statuses={
        "Done": "closed",
        "Waiting": "open",
        "Twice": "duplicate",
        "Void": "cancelled",
    },
    columns={
        **{"request_id": "ID", "category": "Type", "opened": "From", "closed": "To"},
        **{"status": "State", "latitude": "Lat", "longitude": "Lon"},
    },
)
GOOD = {
    **{"ID": "1", "Type": "Pothole", "From": "2025-10-01", "To": "2025-10-04"},
    **{"State": "Done", "Lat": "50.5", "Lon": "10.5", "Name": "x"},
}


def clean(*rows, source=SOURCE, period="2025Q4", quarters=1):
    """Clean rows that differ from a good one, each with an id of its own."""
    raw = pd.DataFrame(
        [GOOD | {"ID": str(i)} | row for i, row in enumerate(rows)], dtype="str"
    )
    ledger = Ledger("requests", source.file, len(raw))
    found = services.clean_requests(
        raw, source, ledger, areas=AREAS, period=period, quarters=quarters
    )
    return found, ledger


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


def test_days_are_whole_days_from_opening_to_closing():
    found, ledger = clean({}, {"To": "2025-10-01"})
    assert found["days"].to_list() == [3, 0]
    assert found["area"].to_list() == ["01", "01"]
    assert not found["open"].any()
    assert ledger.entries == []


def test_times_of_day_do_not_count():
    source = SOURCE.model_copy(update={"date_format": "%Y-%m-%d %H:%M"})
    rows = [
        {"From": "2025-10-01 23:59", "To": "2025-10-02 00:01"},
        {"From": "2025-10-01 08:00", "To": "2025-10-01 00:00"},  # a day without a time
        {"From": "2025-10-01 08:00", "To": "2025-10-01 07:59"},
    ]
    found, ledger = clean(*rows, source=source)
    assert found["days"].to_list() == [1, 0]
    assert ledger.entries == [("set aside", "closed before it was opened", 1)]


def test_an_open_request_waits_until_the_data_end():
    found, ledger = clean(
        {"State": "Waiting", "To": ""}, {"State": "Waiting", "To": "2025-10-02"}
    )
    assert found["open"].all()
    assert found["closed"].isna().all()
    assert found["days"].to_list() == [91, 91]  # 1 October to 31 December
    assert ledger.entries == [
        ("noted", "has a closing date but an open status; counted as open", 1)
    ]


RULES = {
    "opening date is missing or unreadable": {"From": "10/01/2025"},
    "opened before 2025-10-01 or after 2025-12-31": {
        **{"From": "2025-09-30", "To": "2025-10-01"},
    },
    "closed, but without a readable closing date": {"To": "soon"},
    "closed before it was opened": {"To": "2025-09-30"},
    "closed after the data end (2025-12-31)": {"To": "2026-01-01"},
    "opened after the data end (2025-12-31)": {"From": "2026-01-01", "To": ""},
    "cancelled": {"State": "Void"},
    "the city marked it a duplicate of another request": {"State": " twice "},
    "no coordinates": {"Lat": ""},
    "coordinates are 0, 0": {"Lat": "0", "Lon": "0.0"},
    "latitude and longitude look exchanged": {"Lat": "10.5", "Lon": "50.5"},
    "outside every area": {"Lat": "52"},
}


@pytest.mark.parametrize("rule", list(RULES))
def test_each_rule_sets_its_row_aside(rule):
    found, ledger = clean({}, RULES[rule])
    assert found["request_id"].to_list() == ["0"]
    assert ledger.entries == [("set aside", rule, 1)]


def test_repeated_rows_and_numbers_count_once():
    again = {"ID": "0"}
    found, ledger = clean({}, again, again | {"To": ""}, {"ID": ""}, {"ID": ""})
    assert found["request_id"].to_list() == ["0", ""]
    assert ledger.entries == [
        ("set aside", "the same row again", 2),
        ("set aside", "a request number seen before", 1),
    ]


def test_without_a_number_equal_rows_are_different_requests():
    columns = {k: v for k, v in SOURCE.columns.items() if k != "request_id"}
    source = SOURCE.model_copy(update={"columns": columns})
    found, _ = clean({"ID": "0"}, {"ID": "0"}, source=source)
    assert found["request_id"].to_list() == ["row 1", "row 2"]


def test_an_undeclared_status_is_an_error_with_its_count():
    with pytest.raises(InputError, match=r"r\.csv: column State.*'Lost' \(2\)"):
        clean({}, {"State": "Lost"}, {"State": "Lost"})
    with pytest.raises(InputError, match="right column") as error:
        clean(*[{"State": f"person {number}"} for number in range(30)])
    assert "person" not in str(error.value)


def test_spellings_of_a_category_become_the_usual_one():
    found, ledger = clean(
        {}, {}, {"Type": "POTHOLE"}, {"Type": " pothole  "}, {"Type": ""}
    )
    assert found["category"].to_list() == ["Pothole"] * 4 + ["Not recorded"]
    assert ("noted", "spelling of its category made one", 2) in ledger.entries
    assert ("noted", "no category", 1) in ledger.entries


def test_area_codes_in_the_file_are_used():
    columns = {k: v for k, v in SOURCE.columns.items() if not k.startswith("l")}
    source = SOURCE.model_copy(update={"columns": columns | {"area": "Tract"}})
    found, ledger = clean({"Tract": "01"}, {"Tract": "1"}, source=source)
    assert found["area"].to_list() == ["01"]
    assert ledger.entries == [("set aside", "its area is not one of the city's", 1)]


def test_a_file_of_which_nothing_is_left_gives_an_empty_table():
    found, ledger = clean({"State": "Void"})
    assert found.empty
    assert services.counts(found).empty
    assert ledger.frame()["rows"].to_list() == [1, 1, 0]


def test_counts_add_up_to_the_requests():
    found, _ = clean({}, {}, {"State": "Waiting"}, {"Type": "Graffiti"})
    counts = services.counts(found)
    assert counts.to_dict("list") == {
        "area": ["01"] * 3,
        "category": ["Graffiti", "Pothole", "Pothole"],
        "period": ["2025Q4"] * 3,
        "days": [3, 3, 91],
        "closed": [1, 2, 0],
        "censored": [0, 0, 1],
    }


def test_a_window_that_the_data_do_not_fill_is_refused():
    found, _ = clean({}, quarters=2)
    with pytest.raises(InputError, match="no request opened in 2025Q3"):
        services.check_window(found, [SOURCE], period="2025Q4", quarters=2)
    with pytest.raises(InputError, match="known until 2025-12-31, but 2026Q1 ends on"):
        services.check_window(found, [SOURCE], period="2026Q1", quarters=1)
    services.check_window(found, [SOURCE], period="2025Q4", quarters=1)


def test_facilities_have_an_area_and_a_capacity_where_known():
    source = sources.Facilities(
        file="f.csv",
        columns={
            **{"kind": "K", "latitude": "Lat", "longitude": "Lon", "capacity": "C"},
        },
    )
    raw = pd.DataFrame(
        [("Library", "50.5", "10.5", "1,200"), ("Clinic", "50.1", "10.1", "")],
        columns=["K", "Lat", "Lon", "C"],
    )
    ledger = Ledger("facilities", "f.csv", 2)
    found = services.clean_facilities(raw, source, ledger, areas=AREAS)
    assert found["area"].to_list() == ["01", "01"]
    assert found["capacity"].iloc[0] == 1200
    assert found["capacity"].isna().to_list() == [False, True]
    without = source.model_copy(
        update={"columns": {k: v for k, v in source.columns.items() if k != "capacity"}}
    )
    found = services.clean_facilities(raw, without, ledger, areas=AREAS)
    assert found["capacity"].isna().all()


class TestBadFiles:
    """Files of `bad_inputs`: 120 requests, one fault each."""

    SOURCE = sources.Requests(
        file="services.csv",
        date_format="%Y-%m-%dT%H:%M:%S",
        data_until="2025-12-31",
        statuses={"": "closed"},
        columns={
            **{"request_id": "request_id", "opened": "opened_at"},
            **{"closed": "closed_at", "status": "note", "category": "category"},
            **{"latitude": "lat", "longitude": "lon"},
        },
    )

    def read(self, shared, case):
        folder = shared / "bad_inputs" / case
        raw = sources.read_table(self.SOURCE, folder=folder).assign(note="")
        tracts = sources.Source(file="tracts.geojson")
        areas = sources.read_places(tracts, folder=shared / "bad_inputs" / "good")
        ledger = Ledger("requests", self.SOURCE.file, len(raw))
        found = services.clean_requests(
            raw,
            self.SOURCE,
            ledger,
            areas=areas.rename(columns={"GEOID": "area"}),
            period="2025Q1",
            quarters=1,
        )
        return found, ledger

    @pytest.mark.parametrize("case", ["good", "enc-01", "enc-06", "val-13"])
    def test_all_rows_are_used(self, shared, case):
        found, ledger = self.read(shared, case)
        assert len(found) == 120
        assert [action for action, *_ in ledger.entries if action == "set aside"] == []

    @pytest.mark.parametrize(
        ("case", "aside"),
        [
            ("val-05", {"closed before it was opened": 3}),
            ("key-01", {"the same row again": 10}),
            ("geo-01", {"latitude and longitude look exchanged": 30}),
            ("geo-02", {"no coordinates": 4, "coordinates are 0, 0": 8}),
        ],
    )
    def test_rows_at_fault_are_set_aside_and_counted(self, shared, case, aside):
        found, ledger = self.read(shared, case)
        rules = {rule: n for action, rule, n in ledger.entries if action == "set aside"}
        assert rules == aside
        assert len(found) == ledger.read - sum(aside.values())

    def test_dates_of_several_formats_are_not_guessed(self, shared):
        found, ledger = self.read(shared, "val-01")
        assert found["opened"].between("2025-01-01", "2025-03-31").all()
        rule = "opening date is missing or unreadable"
        assert len(found) + dict(e[1:] for e in ledger.entries)[rule] == 120
