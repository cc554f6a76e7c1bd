"""A new city's files are described for a person to confirm, and never guessed."""

import shutil

import pytest
import yaml

from equity import new, params, prepare, race, strict_yaml
from equity.errors import InputError, ParamsError
from equity.prepare import sources

FILES = {  # the sample city's exports, under names of another city
    "tracts.geojson": "Boundaries.geojson",
    "population.csv": "acs.csv",
    "service_requests.csv": "311 export.csv",
    "workforce_2025-12-31.csv": "HR.csv",
    "facilities.csv": "places.csv",
    "truth.yaml": "notes.yaml",
}


@pytest.fixture
def clone(root, tmp_path, monkeypatch):
    """A project with a folder of raw files that nobody has described."""
    for name in ("params", "notebooks"):
        (tmp_path / name).mkdir()
    shutil.copy(root / "params" / "sample.yaml", tmp_path / "params")
    raw = tmp_path / "data" / "raw" / "elsewhere"
    raw.mkdir(parents=True)
    for ours, theirs in FILES.items():
        shutil.copy(root / "data" / "raw" / "sample" / ours, raw / theirs)
    text = (raw / "acs.csv").read_text(encoding="utf-8")
    for group, code in {
        **{"White alone": "003", "Black alone": "004", "AIAN": "005", "Asian": "006"},
        **{"Native Hawaiian": "007", "Some other race": "008", "Two or more": "009"},
        "Hispanic": "012",
    }.items():
        text = text.replace(f"B03002_{code}E", group)
        text = text.replace(f"B03002_{code}M", f"{group}_moe")
    (raw / "acs.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EQUITY_RAW", raising=False)
    return tmp_path


def described(clone):
    path = clone / "data" / "raw" / "elsewhere" / "sources.yaml"
    return path, yaml.safe_load(path.read_text(encoding="utf-8"))


def test_files_are_understood_and_the_next_step_is_said(clone):
    lines = new.propose("elsewhere")
    assert "Boundaries.geojson: areas" in lines
    assert "311 export.csv: requests" in lines
    assert "HR.csv: workers" in lines
    assert "acs.csv: population" in lines
    assert "places.csv: facilities" in lines
    assert not any("notes" in line for line in lines)
    assert "equity check params/elsewhere.yaml" in lines[-1]
    found = params.read(clone / "params" / "elsewhere.yaml")
    assert (found.city, found.city_name) == ("elsewhere", "Elsewhere")


def test_columns_labels_and_formats_are_proposed(clone):
    new.propose("elsewhere")
    _, found = described(clone)
    assert found["confirmed"] is False
    (requests,) = found["requests"]
    assert requests["file"] == "elsewhere/311 export.csv"
    assert requests["columns"] == {
        **{"request_id": "Request ID", "category": "Type", "opened": "Opened"},
        **{"closed": "Closed", "status": "Status", "latitude": "Latitude"},
        "longitude": "Longitude",
    }
    assert requests["date_format"] == "%m/%d/%Y"
    assert requests["statuses"]["Closed - Duplicate"] == "duplicate"
    assert requests["statuses"]["Open"] == "open"
    (workers,) = found["workers"]
    assert workers["races"]["Black/African American"] == race.BLACK
    assert workers["races"][""] == "Not recorded"
    assert workers["races"]["Decline to state"] == "Declined"
    (people,) = found["population"]
    assert people["columns"] == {"area": "GEOID"}
    assert people["estimates"][race.NHPI] == "Native Hawaiian"
    assert people["margins"][race.BLACK] == "Black alone_moe"
    assert set(people["margins"]) == set(people["estimates"])


def test_nothing_runs_until_a_person_has_confirmed(clone):
    new.propose("elsewhere")
    path, _ = described(clone)
    with pytest.raises(ParamsError, match=r"elsewhere/sources\.yaml"):
        sources.read_sources(path)
    text = path.read_text(encoding="utf-8")
    for key, value in {
        "vintage": "2021 to 2025",
        "data_until": "2025-12-31",
        "as_of": "2025-12-31",
        "source": "the city",
    }.items():
        text = text.replace(f"{key}: {new.OPEN}", f"{key}: '{value}'")
    path.write_text(text.replace(new.OPEN, "tract"), encoding="utf-8")
    with pytest.raises(ParamsError, match="confirmed: true"):
        sources.read_sources(path)
    settings = params.read(clone / "params" / "elsewhere.yaml")
    wanted = {
        "period": settings.period,
        "quarters": settings.quarters,
        "race_standard": settings.race_standard,
    }
    with pytest.raises(ParamsError, match="not confirmed"):
        prepare.load("elsewhere", **wanted)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("confirmed: false", "confirmed: true"))
    tables = prepare.load("elsewhere", **wanted)
    assert len(tables.workers) == 2300  # truth.yaml: employed_on_the_last_day
    assert len(tables.requests) > 5000
    assert tables.population["race"].nunique() == 8


def test_the_open_places_are_counted(clone):
    lines = new.propose("elsewhere")
    path, _ = described(clone)
    body = path.read_text(encoding="utf-8").split("confirmed: false")[1]
    assert f"{body.count(new.OPEN)} place(s)" in lines[-1]


def test_what_is_there_is_kept(clone):
    new.propose("elsewhere")
    path, _ = described(clone)
    path.write_text("mine")
    with pytest.raises(ParamsError, match="exists already"):
        new.propose("elsewhere")
    assert path.read_text() == "mine"


def test_a_folder_elsewhere_can_be_named(clone, monkeypatch):
    folder = clone / "data" / "raw" / "elsewhere"
    monkeypatch.chdir(folder)
    new.propose("third", folder.relative_to(folder))
    text = (clone / "data" / "raw" / "third" / "sources.yaml").read_text()
    assert "file: elsewhere/HR.csv" in text


def test_refusals(clone, tmp_path):
    with pytest.raises(ParamsError, match="names folders"):
        new.propose("../evil")
    with pytest.raises(InputError, match="no folder 'nowhere'"):
        new.propose("nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "broken.csv").write_bytes(b"")
    (empty / "words.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="could be understood"):
        new.propose("nothing", empty)
    assert not (clone / "params" / "nothing.yaml").exists()
    assert not (clone / "data" / "raw" / "nothing").exists()


@pytest.mark.parametrize(
    ("label", "group"),
    [
        ("WHITE", race.WHITE),
        ("White (not Hispanic or Latino)", race.WHITE),
        ("Non-Hispanic White", race.WHITE),
        ("Wht", race.WHITE),
        ("BLACK/AFR. AMER.", race.BLACK),
        ("Black or African American, non-Hispanic", race.BLACK),
        ("Hispanic or Latino of any race", race.HISPANIC),
        ("Latinx", race.HISPANIC),
        ("Native Hawaiian or Other Pacific Islander", race.NHPI),
        ("American Indian/Alaskan Native", race.AIAN),
        ("NATIVE AMERICAN", race.AIAN),
        ("Two or More Races", race.TWO_OR_MORE),
        ("Some other race", race.SOME_OTHER),
        ("Other", race.SOME_OTHER),
        ("Asian", race.ASIAN),
        ("Declined to state", "Declined"),
        ("", "Not recorded"),
        ("Unknown", "Unknown"),
        ("Asian/Pacific Islander", race.ASIAN_OR_PACIFIC),
        # Two readings, or none: for a person to say.
        ("White Hispanic", new.OPEN),
        ("Black, White", new.OPEN),
        ("NA", new.OPEN),
        ("A", new.OPEN),
        ("7", new.OPEN),
    ],
)
def test_a_label_of_two_readings_is_left_open(label, group):
    assert new.label_group(label) == group


def test_values_that_yaml_would_mistake_are_written_in_quotes(clone):
    text = new._sources_text("x", {"a": [{"08": "1e3", "b": "y", "c": "0o17"}]})
    path = clone / "x.yaml"
    path.write_text(text, encoding="utf-8")
    assert strict_yaml.read(path)["a"] == [{"08": "1e3", "b": "y", "c": "0o17"}]
