"""Every published bad-input case behaves as it says it must, and some more of ours.

The cases, what they expect and why are in `bad_inputs/cases.json` of the shared
folder; where it is absent, the published cases skip and ours still run on a city
made here.
"""

import copy
import csv
import io
import json
import time

import pandas as pd
import pytest

from equity.errors import EquityError, UnmappedLabelError
from tests.broken_city import AIAN, City, entries, requests_by_race

QUARANTINE, NOTE = "set aside", "noted"


@pytest.fixture(scope="session")
def cases(shared):
    """The published cases by their id."""
    folder = shared / "bad_inputs"
    if not (folder / "cases.json").is_file():
        pytest.skip("the published bad-input cases are absent")
    listed = json.loads((folder / "cases.json").read_text())
    return {case["id"]: case for case in listed["cases"]}


@pytest.fixture
def city(tmp_path, shared, monkeypatch):
    """The good city, in a project of its own."""
    good = shared / "bad_inputs" / "good"
    if not good.is_dir():
        pytest.skip("the published good files are absent")
    home = tmp_path / "project"
    made = City(home, good)
    made.params |= {"period": "2025Q1", "quarters": 1}  # all that the good files cover
    monkeypatch.chdir(home)
    monkeypatch.setenv("EQUITY_RAW", str(made.raw))
    return made


@pytest.fixture(scope="module")
def good(tmp_path_factory, shared):
    """What the good city's files say."""
    files = shared / "bad_inputs" / "good"
    if not files.is_dir():
        pytest.skip("the published good files are absent")
    made = City(tmp_path_factory.mktemp("good") / "project", files)
    made.params |= {"period": "2025Q1", "quarters": 1}
    return made.load_at_home({"requests"})


def refused(city, *facts):
    """Expect one clear line before anything is published, holding these facts."""
    with pytest.raises(EquityError) as error:
        city.publish()
    text = str(error.value)
    assert "\n" not in text
    assert not city.out.exists(), "something was published"
    for fact in facts:
        assert fact in text, text
    return text


def same_requests(one, other):
    pd.testing.assert_frame_equal(one.request_counts, other.request_counts)


def read(tables, kind="requests"):
    return entries(tables, kind, "read")["read"]


def used(tables, kind="requests"):
    return entries(tables, kind, "used")["used"]


# ---- the published cases ------------------------------------------------------------


def enc_01(city, good):
    found = city.load()
    assert read(found) == 120
    same_requests(found, good)


def enc_03(city, good):
    found = city.load()
    same_requests(found, good)
    notes = " ".join(entries(found, "requests", NOTE))
    assert "UTF-16" in notes
    assert "tab" in notes


def enc_05(city, good):
    refused(city, "services.csv", "decimal")
    city.of("requests")["decimal"] = ","
    found = city.load()
    same_requests(found, good)
    assert any("semicolon" in rule for rule in entries(found, "requests", NOTE))


def enc_06(city, good):
    found = city.load()
    assert read(found) == used(found) == 120


def enc_08(city, good):
    found = city.load()
    aside = entries(found, "requests", QUARANTINE)
    assert sum(aside.values()) == 2
    assert used(found) == 118
    rows = found.found[found.found["action"] == QUARANTINE]["row"].to_list()
    assert sorted(rows) == ["7", "9"]


def enc_10(city, good):
    found = city.load()
    same_requests(found, good)
    assert any("above the header" in rule for rule in entries(found, "requests", NOTE))


def enc_12(city, good):
    refused(city, "services.csv", "empty")


def enc_14(city, good):
    city.of("requests")["file"] = "services.csv.gz"
    refused(city, "services.csv.gz")


def enc_17(city, good):
    refused(city, "services.csv", "web page")


def hdr_01(city, good):
    refused(city, "services.csv", "'race'", "Race/Ethnicity", "request_id")


def hdr_03(city, good):
    refused(city, "services.csv", "closed_at", "opened_at")


def val_01(city, good):
    refused(city, "services.csv", "opened_at", "80")


def val_03(city, good):
    city.params |= {"period": "2025Q4", "quarters": 4}
    # The second row lies in a quarter of its own, and the year is not filled.
    with pytest.raises(EquityError, match="no request opened in 2025Q2"):
        city.load()
    city.params |= {"period": "2025Q1", "quarters": 1}
    found = city.load()
    notes = entries(found, "requests", NOTE)
    assert any("skip" in rule for rule in notes)
    city.params |= {"period": "2025Q4", "quarters": 1}
    found = city.load()
    notes = entries(found, "requests", NOTE)
    assert any("twice" in rule for rule in notes)
    assert used(found) == 1
    assert found.request_counts["days"].to_list() == [0]
    assert "closed before it was opened" not in entries(found, "requests", QUARANTINE)


def val_05(city, good):
    found = city.load()
    assert entries(found, "requests", QUARANTINE) == {"closed before it was opened": 3}


def val_07(city, good):
    found = city.load()
    pay = found.workers.set_index("worker_id")["pay"]
    assert pay["E00000"] == 52_345.00
    assert pd.isna(pay["E00001"])
    assert pay["E00002"] == 61_500
    notes = entries(found, "workers", NOTE)
    (rule,) = [rule for rule in notes if "negative" in rule]
    assert notes[rule] == 1


def val_09(city, good):
    found = city.load()
    assert (found.outcomes["population"].isna()).sum() == 5
    notes = entries(found, "rates", NOTE)
    assert 5 in notes.values()
    assert any("n_students" in rule for rule in notes)
    hidden = found.outcomes[found.outcomes["population"].isna()]
    most = hidden["population_high"]
    assert (hidden["population_low"] < most)[most.notna()].all()
    assert most.isna().sum() == 3  # * and S and a dash say no upper end


def val_11(city, good):
    found = city.load()
    notes = entries(found, "workers", NOTE)
    (rule,) = [rule for rule in notes if "pay" in rule]
    assert notes[rule] == 4
    assert found.workers["pay"].isna().sum() == 4
    assert len(found.workers) == 120


def val_13(city, good):
    fips = pd.read_csv(city.raw / "services.csv", dtype=str)["tract"]
    assert fips.str.fullmatch("06037[0-9]{6}").all()
    city.of("requests")["columns"]["area"] = "tract"
    for name in ("latitude", "longitude"):
        del city.of("requests")["columns"][name]
    del city.sources["areas"]
    found = city.load()
    assert set(found.request_counts["area"]) == set(fips)


def val_15(city, good):
    found = city.load()
    ((rule, rows),) = entries(found, "rates", QUARANTINE).items()
    assert rows == 2  # 0.45, which may be 45 %, and 145
    assert "pct_proficient" in rule
    assert found.outcomes["rate_low"].min() > 0.2  # none of the others is 0.45 %


def val_16(city, good):
    text = refused(city, "workforce.csv", "race", "'NA' (12)")
    assert "nan" not in text.lower()
    city.of("workers")["races"] = {**city.of("workers")["races"], "NA": AIAN}
    found = city.load()
    known = pd.read_csv(city.raw / "workforce.csv", dtype=str, keep_default_na=False)
    expected = known["race"].isin(["NA", AIAN]).sum()
    assert (found.workers["race"] == AIAN).sum() == expected
    assert (found.workers["department"] == "None").sum() == 4


def race_01(city, good):
    city.of("requests")["races"] = {
        **city.of("requests")["races"],
        "Latino/a": "Hispanic or Latino",
        "Latinx": "Hispanic or Latino",
    }
    found = city.load()
    pd.testing.assert_series_equal(requests_by_race(found), requests_by_race(good))
    assert any("spell" in rule for rule in entries(found, "requests", NOTE))
    assert "Latino/a" in " ".join(found.crosswalks["labels"])


def race_03(city, good):
    with pytest.raises(UnmappedLabelError):
        city.load()
    city.of("requests")["several"] = {"separators": [";", ",", "|", "json"]}
    found = city.load()
    people = requests_by_race(found)
    assert people.sum() == 120
    assert not set(people.index) - set(city.of("requests")["races"].values())
    notes = entries(found, "requests", NOTE)
    assert any("Two or more" in rule for rule in notes)


def race_05(city, good):
    city.of("requests")["races"] = {
        **city.of("requests")["races"],
        "Refused": "Refused",
        "Declined to state": "Declined",
        "Other": "Some other race",
        "": "Not recorded",
    }
    found = city.load()
    people = requests_by_race(found)
    kinds = ["Unknown", "Refused", "Declined", "Some other race", "Not recorded"]
    raw = pd.read_csv(city.raw / "services.csv", dtype=str, keep_default_na=False)
    labels = raw["race"].value_counts()
    spelled = ["Unknown", "Refused", "Declined to state", "Other", ""]
    assert people[kinds].to_list() == labels[spelled].to_list()
    recorded = found.recorded.set_index("race")["rows"]
    assert recorded[kinds].to_list() == people[kinds].to_list()


def key_01(city, good):
    found = city.load()
    same_requests(found, good)
    assert entries(found, "requests", QUARANTINE) == {"the same row again": 10}


def key_03(city, good):
    city.of("workers")["departments"] = ["Fire", "Police", "Parks", "Libraries"]
    found = city.load()
    aside = entries(found, "workers", QUARANTINE)
    assert list(aside.values()) == [9]
    assert "department" in next(iter(aside))
    assert "'Fleet' (9 rows)" in found.found["row"].to_list()  # never published


def key_05(city, good):
    twin = {**copy.deepcopy(city.of("requests")), "file": "services_prev.csv"}
    city.sources["requests"] = [twin, city.of("requests")]
    refused(city, "services.csv", "services_prev.csv", "sha256")
    # Alone, but for the next quarter: it holds no request of that quarter.
    city.sources["requests"] = city.sources["requests"][1:]
    city.params |= {"period": "2025Q2", "quarters": 1}
    refused(city, "2025Q2")


def geo_01(city, good):
    found = city.load()
    aside = entries(found, "requests", QUARANTINE)
    assert aside == {"latitude and longitude look exchanged": 30}


def geo_02(city, good):
    found = city.load()
    aside = entries(found, "requests", QUARANTINE)
    assert aside == {"no coordinates": 4, "coordinates are 0, 0": 8}


def geo_05(city, good):
    found = city.load()
    (note,) = entries(found, "areas", NOTE)
    assert "17031000100" in note


def geo_07(city, good):
    city.sources["population"] = [
        {
            "file": "denominators.csv",
            "vintage": "2020",
            "columns": {"area": "geoid"},
            "estimates": {"White": "population"},
        }
    ]
    refused(city, "3 of 8", "37.5%")


def geo_09(city, good):
    refused(city, "tracts.geojson", "feature")


def par_01(city, good):
    start = time.perf_counter()
    refused_settings(city, "example.yaml")
    assert time.perf_counter() - start < 2


def par_02(city, good):
    refused_settings(city, "example.yaml", "line 2")
    assert not list(city.home.rglob("PWNED"))


def par_04(city, good):
    refused_settings(city, "city")
    assert not list(city.home.parent.glob("evil*"))


def par_06(city, good):
    refused_settings(city, "county_fips")


def par_08(city, good):
    for path in sorted(city.raw.glob("params_*.yaml")):
        lines = [line for line in path.read_text().splitlines() if "min_cell" in line]
        city.params_text = "\n".join(
            ["city: example", "city_name: Example", "period: 2025Q1", *lines]
        )
        refused(city, "min_cell", "from 5 to 30")


def refused_settings(city, *facts):
    city.params_text = (city.raw / "params.yaml").read_text()
    refused(city, *facts)


def inj_01(city, good):
    found = city.load()
    assert used(found) == 120
    written = published_text(city)
    for path in written["csv"]:
        text = io.StringIO(path.read_text(encoding="utf-8"), newline="")
        for cell in (cell for row in csv.reader(text) for cell in row):
            if cell[:1] in tuple("=+-@\t\r"):
                float(cell)


def inj_02(city, good):
    written = published_text(city)
    for path in written["html"]:
        text = path.read_text(encoding="utf-8").casefold()
        assert "<script" not in text
        assert "<img src=x" not in text
        assert "<svg onload" not in text


def published_text(city):
    """Publish, and list the pages and the downloads."""
    folder = city.publish().parent
    return {
        "csv": list(folder.rglob("*.csv")),
        "html": list(folder.rglob("*.html")),
    }


CHECKS = {
    name.replace("_", "-"): check
    for name, check in list(globals().items())
    if name[:3] in ("enc", "hdr", "val", "rac", "key", "geo", "par", "inj")
    and name[-2:].isdigit()
}
KINDS = {"workforce.csv": "workers", "schools.csv": "rates", "services.csv": "requests"}


def test_every_published_case_is_checked(cases):
    assert set(cases) == set(CHECKS)


@pytest.mark.parametrize("case", CHECKS)
def test_published(case, cases, city, good, shared):
    """What the case's `expected`, `error_must_name`, `must_not` and `check` say."""
    folder = shared / "bad_inputs" / case
    kinds = {KINDS[path.name] for path in folder.iterdir() if path.name in KINDS}
    city.sources = City.fresh(kinds or {"requests"})
    city.lay(folder)
    CHECKS[case](city, good)
