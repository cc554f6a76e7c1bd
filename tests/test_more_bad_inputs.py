"""What else cities send: bad inputs of our own, each broken in one way.

An error is one line that names file, column or rule and repeats no person's value;
a row is set aside in sight; nothing is lost without a count.
"""

import copy
import gzip
import json
import zipfile

import pandas as pd
import pytest

from equity import params
from equity.errors import EquityError
from equity.prepare import sources
from tests.broken_city import City, entries, requests_by_race, write_good

ASIDE, NOTE = "set aside", "noted"


@pytest.fixture(scope="module")
def good_files(tmp_path_factory):
    return write_good(tmp_path_factory.mktemp("good") / "files")


@pytest.fixture
def city(tmp_path, good_files, monkeypatch):
    home = tmp_path / "project"
    made = City(home, good_files)
    made.sources = City.fresh({"requests"})
    monkeypatch.chdir(home)
    monkeypatch.setenv("EQUITY_RAW", str(made.raw))
    return made


@pytest.fixture(scope="module")
def good(tmp_path_factory, good_files):
    made = City(tmp_path_factory.mktemp("whole") / "project", good_files)
    return made.load_at_home({"requests"})


def rows(city, file="services.csv"):
    return pd.read_csv(city.raw / file, dtype=str, keep_default_na=False)


def save(city, frame, file="services.csv"):
    frame.to_csv(city.raw / file, index=False)


def text(city):
    return (city.raw / "services.csv").read_text()


def put(city, content, file="services.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    (city.raw / file).write_bytes(data)


def refused(city, *facts, without=()):
    with pytest.raises(EquityError) as error:
        city.publish()
    said = str(error.value)
    assert "\n" not in said
    assert not city.out.exists()
    for fact in facts:
        assert fact in said, said
    for value in without:
        assert value not in said, said


def aside(city):
    return entries(city.load(), "requests", ASIDE)


def same(city, good):
    found = city.load()
    pd.testing.assert_frame_equal(found.request_counts, good.request_counts)
    return entries(found, "requests", NOTE)


# ---- files --------------------------------------------------------------------------


def test_an_export_that_says_its_separator(city, good):
    put(city, "sep=;\r\n" + text(city).replace(",", ";"))
    assert same(city, good)


def test_one_windows_letter_in_a_file(city, good):
    frame = rows(city)
    frame.loc[0, "category"] = "Café"
    put(city, frame.to_csv(index=False).encode("cp1252"))
    found = city.load()
    assert any("1252" in rule for rule in entries(found, "requests", NOTE))
    assert "Café" in set(found.request_counts["category"])


def test_a_total_under_the_table(city, good):
    put(city, text(city) + "Total,120\n")
    found = city.load()
    assert sum(entries(found, "requests", ASIDE).values()) == 1
    pd.testing.assert_frame_equal(found.request_counts, good.request_counts)


def test_a_header_again_in_the_middle(city):
    lines = text(city).splitlines()
    put(city, "\n".join([*lines[:61], lines[0], *lines[61:]]) + "\n")
    found = city.load()
    assert sum(entries(found, "requests", ASIDE).values()) == 1
    assert entries(found, "requests", "used") == {"used": 120}


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"PK\x03\x04" + b"\x00" * 40, "services.csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "services.csv"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "services.csv"),
        (b'{"error": {"code": 499, "message": "Token Required"}}', "services.csv"),
        (b"request_id,opened_at\n" + b"\x00" * 2000, "services.csv"),
        (b"\n\n\n", "services.csv"),
    ],
    ids=["xlsx", "old Excel", "PDF", "JSON error", "zero bytes", "blank lines"],
)
def test_something_else_under_the_name(city, content, fact):
    put(city, content)
    refused(city, fact)


def test_a_quote_that_never_closes(city):
    content = text(city).replace("Pothole", '"Pothole', 1)
    put(city, content)
    found = city.load()
    assert entries(found, "requests", "used") == {"used": 119}
    assert list(entries(found, "requests", ASIDE).values()) == [1]


def test_a_column_there_twice(city):
    put(city, text(city).replace("tract\n", "race\n", 1))
    refused(city, "services.csv", "race")


def test_a_header_without_rows(city):
    put(city, text(city).splitlines()[0] + "\n")
    refused(city, "services.csv")


def test_a_zip_of_two_files(city):
    with zipfile.ZipFile(city.raw / "services.zip", "w") as archive:
        archive.writestr("a.csv", text(city))
        archive.writestr("b.csv", text(city))
    city.of("requests")["file"] = "services.zip"
    refused(city, "services.zip", "a.csv", "b.csv")


def test_a_zip_with_a_folder_and_a_mac_shadow(city, good):
    with zipfile.ZipFile(city.raw / "services.zip", "w") as archive:
        archive.writestr("export/", "")
        archive.writestr("export/services.csv", text(city))
        archive.writestr("__MACOSX/export/._services.csv", b"\x00\x05")
    city.of("requests")["file"] = "services.zip"
    same(city, good)


def test_a_gzip_under_a_plain_name(city):
    put(city, gzip.compress(text(city).encode()))
    refused(city, "services.csv", "gzip")


# ---- requests -----------------------------------------------------------------------


def test_a_number_again_with_a_later_closing(city):
    frame = rows(city)
    again = frame.loc[[0]].assign(closed_at="2025-01-09T17:00:00")
    save(city, pd.concat([again, frame]))
    found = city.load()
    assert entries(found, "requests", ASIDE) == {"a request number seen before": 1}
    assert found.request_counts["days"].max() == 8
    city.of("requests")["repeated_ids"] = "earliest"
    assert city.load().request_counts["days"].max() == 0


def test_two_files_that_share_numbers(city):
    frame = rows(city)
    save(city, frame.iloc[:90])
    save(city, frame.iloc[30:], "later.csv")
    first = city.of("requests")
    later = {**copy.deepcopy(first), "file": "later.csv"}
    city.sources["requests"] = [first, later]
    refused(city, "later.csv: 60 request number(s)", "services.csv")
    save(city, frame.iloc[90:], "later.csv")
    counts = city.load().request_counts
    assert counts["closed"].sum() == 120


def test_a_folder_of_files_is_one_file(city, good):
    frame = rows(city)
    (city.raw / "parts").mkdir()
    save(city, frame.iloc[:90], "parts/a.csv")
    save(city, frame.iloc[30:], "parts/b.csv")
    city.of("requests")["file"] = "parts"
    found = city.load()
    pd.testing.assert_frame_equal(found.request_counts, good.request_counts)
    assert entries(found, "requests", ASIDE) == {"the same row again": 60}


def test_a_file_that_ends_too_early_is_noted(city):
    frame = rows(city)
    save(city, frame.iloc[:60])
    save(city, frame.iloc[60:], "later.csv")
    first = city.of("requests")
    later = {**copy.deepcopy(first), "file": "later.csv"}
    city.sources["requests"] = [{**first, "data_until": "2025-03-01"}, later]
    notes = entries(city.load(), "requests", NOTE)
    assert notes["the file ends on 2025-03-01, before the period does"] == 60


def test_dates_that_mean_never(city):
    frame = rows(city)
    frame.loc[0, "opened_at"] = "1900-01-01T00:00:00"
    frame.loc[1, "closed_at"] = "9999-12-31T00:00:00"
    frame.loc[2, "opened_at"] = "0000-00-00T00:00:00"
    frame.loc[3, "closed_at"] = "2025-02-30T00:00:00"
    save(city, frame)
    assert sum(aside(city).values()) == 4


def test_times_with_an_offset_are_days_of_the_city(city):
    frame = rows(city).iloc[:2].copy()
    # 03:30 in London on the 2nd is still the 1st in Chicago, six hours behind.
    frame["opened_at"] = ["2025-01-02T03:30:00Z", "2025-01-02T03:30:00+00:00"]
    frame["closed_at"] = "2025-01-02T12:00:00-06:00"
    save(city, frame)
    city.params |= {"period": "2025Q1", "quarters": 1}
    assert city.load().request_counts["days"].to_list() == [1, 1]


def test_serial_numbers_for_dates(city):
    frame = rows(city)
    frame["opened_at"] = [str(45_658 + n) for n in range(len(frame))]
    save(city, frame)
    refused(city, "services.csv", "opened_at", "120")


def test_the_city_in_feet(city):
    frame = rows(city).assign(lat="1870000.5", lon="1170000.5")
    save(city, frame)
    refused(city, "services.csv", "crs", "lat")


def test_a_sign_lost(city):
    frame = rows(city)
    frame.loc[:4, "lon"] = frame.loc[:4, "lon"].str.lstrip("-")
    save(city, frame)
    assert aside(city) == {"sign of the longitude looks lost": 5}


def test_an_unprintable_label_is_the_label(city, good):
    frame = rows(city)
    white = frame["race"] == "White"
    frame.loc[white, "race"] = "\u200eWh\u200bite\ufeff"
    save(city, frame)
    found = city.load()
    pd.testing.assert_series_equal(requests_by_race(found), requests_by_race(good))


def test_a_look_alike_letter_is_another_label(city):
    frame = rows(city)
    frame.loc[frame["race"] == "Asian", "race"] = "\u0410sian"  # Cyrillic
    save(city, frame)
    refused(city, "race", "(14)")


def test_names_in_the_race_column(city):
    names = [f"Person Number {n}" for n in range(120)]
    save(city, rows(city).assign(race=names))
    refused(city, "services.csv", "race", without=["Person Number"])


def test_everything_set_aside(city):
    save(city, rows(city).assign(closed_at="2024-01-01T00:00:00"))
    refused(city, "request")


# ---- people and schools -------------------------------------------------------------


def test_a_worker_twice(city):
    city.sources = City.fresh({"workers"})
    frame = rows(city, "workforce.csv")
    again = frame.loc[[3]].assign(department="Parks")
    save(city, pd.concat([frame, again]), "workforce.csv")
    found = city.load()
    assert list(entries(found, "workers", ASIDE).values()) == [1]
    assert len(found.workers) == 120


def test_a_group_that_one_of_two_rosters_cannot_record(city):
    city.sources = City.fresh({"workers"})
    frame = rows(city, "workforce.csv")
    save(city, frame.iloc[:60], "workforce.csv")
    save(city, frame.iloc[60:].query("race != 'Asian'"), "fire.csv")
    fire = {**copy.deepcopy(city.of("workers")), "file": "fire.csv"}
    del fire["races"]["Asian"]
    city.sources["workers"].append(fire)
    found = city.load()
    (rule,) = [r for r in entries(found, "workers", NOTE) if "cannot record" in r]
    assert rule.startswith("cannot record Asian, which")


def test_excel_errors_for_a_race(city):
    city.sources = City.fresh({"workers"})
    frame = rows(city, "workforce.csv")
    frame.loc[:6, "race"] = "#REF!"
    save(city, frame, "workforce.csv")
    refused(city, "workforce.csv", "'#REF!' (7)")


def test_pay_with_a_comma_for_a_point(city):
    city.sources = City.fresh({"workers"})
    frame = rows(city, "workforce.csv").assign(annual_salary="52.345,50")
    save(city, frame, "workforce.csv")
    found = city.load()
    assert found.workers["pay"].isna().all()
    assert 120 in entries(found, "workers", NOTE).values()
    city.of("workers")["decimal"] = ","
    assert city.load().workers["pay"].eq(52_345.50).all()


@pytest.mark.parametrize("count", ["-5", "12.5", "1e9", "Ten"])
def test_no_number_of_students(city, count):
    city.sources = City.fresh({"rates"})
    frame = rows(city, "schools.csv")
    frame.loc[0, "n_students"] = count
    save(city, frame, "schools.csv")
    refused(city, "schools.csv", "n_students")


def test_a_rate_above_all(city):
    city.sources = City.fresh({"rates"})
    frame = rows(city, "schools.csv")
    frame.loc[0, "pct_proficient"] = "1000%"
    save(city, frame, "schools.csv")
    found = city.load()
    ((rule, count),) = entries(found, "rates", ASIDE).items()
    assert count == 1
    assert "pct_proficient" in rule
    assert found.outcomes["rate_high"].max() <= 1


def test_a_group_twice_in_a_school(city):
    city.sources = City.fresh({"rates"})
    frame = rows(city, "schools.csv")
    again = frame.loc[[0]].assign(n_students="25")
    save(city, pd.concat([frame, again]), "schools.csv")
    refused(city, "schools.csv")


# ---- places and settings ------------------------------------------------------------


def test_two_areas_on_one_spot(city):
    path = city.raw / "tracts.geojson"
    whole = json.loads(path.read_text())
    whole["features"][1]["geometry"] = whole["features"][0]["geometry"]
    path.write_text(json.dumps(whole))
    refused(city, "tracts.geojson", "17031000100")


def test_areas_that_are_lines(city):
    path = city.raw / "tracts.geojson"
    whole = json.loads(path.read_text())
    ring = whole["features"][0]["geometry"]["coordinates"][0]
    whole["features"][0]["geometry"] = {"type": "LineString", "coordinates": ring}
    path.write_text(json.dumps(whole))
    refused(city, "tracts.geojson")


def test_residents_keyed_by_a_number_with_a_point(city):
    put(
        city,
        "geoid,white\n" + "".join(f"17031000{n}00.0,900\n" for n in range(1, 9)),
        "people.csv",
    )
    city.sources["population"] = [
        {
            "file": "people.csv",
            "vintage": "2020",
            "columns": {"area": "geoid"},
            "estimates": {"White": "white"},
        }
    ]
    refused(city, "people.csv", "8 of 8", "100.0%")


def test_a_file_outside_the_raw_folder(city):
    city.of("requests")["file"] = "../../services.csv"
    refused(city, "inside the raw folder")


def test_a_key_there_twice(city):
    settings = params.read(city.write())
    described = city.raw / "example" / "sources.yaml"
    described.write_text(described.read_text() + "confirmed: true\n")
    assert settings.city == "example"
    with pytest.raises(EquityError, match="confirmed"):
        sources.read_sources(described)


def test_a_key_that_is_not_known(city):
    city.of("requests")["colums"] = {}
    refused(city, "sources.yaml", "colums")
