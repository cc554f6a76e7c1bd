"""A new city's files are described for a person to confirm, and never guessed."""

import gzip
import shlex
import shutil
from pathlib import Path

import pandas as pd
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


@pytest.fixture
def whole(root, clone):
    """The same project with all the sample city's files, as they are."""
    raw = clone / "data" / "raw" / "whole"
    shutil.copytree(root / "data" / "raw" / "sample", raw)
    (raw / "sources.yaml").unlink()
    return clone


def described(clone, city="elsewhere"):
    path = clone / "data" / "raw" / city / "sources.yaml"
    return path, yaml.safe_load(path.read_text(encoding="utf-8"))


def filled(proposed, ours):
    """Put what the sample's own description says where the proposal is open."""
    if isinstance(proposed, dict):
        return {k: filled(v, ours.get(k)) for k, v in proposed.items()}
    if isinstance(proposed, list) and any(isinstance(v, dict) for v in proposed):
        return [filled(v, w) for v, w in zip(proposed, ours, strict=True)]
    return ours if new.OPEN in str(proposed) else proposed


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
        **{"longitude": "Longitude", "duplicate_of": "Parent ID", "channel": "Channel"},
    }
    assert requests["reports"] == "duplicate_of"
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
    assert len(tables.request_counts) > 1000
    assert tables.population["race"].nunique() == 8


def test_each_file_of_the_sample_city_is_understood(whole):
    lines = new.propose("whole")
    assert lines[:-2] == [
        "blocks.csv: blocks",
        "districts.geojson: districts",
        "eeo_availability.csv: benchmarks",
        "facilities.csv: facilities",
        "graduation.csv: graduation",
        "households.csv: baselines",
        "labor_force.csv: benchmarks",
        "population.csv: population",
        "proficiency.csv: proficiency",
        "school_enrolment.csv: enrolment",
        "school_outcomes.csv: rates",
        "service_requests.csv: requests",
        "state_outcomes.csv: rates",
        "student_growth.csv: scores",
        "student_scores.csv: scores",
        "tracts.geojson: areas",
        "travel_minutes.csv: travel",
        "truth_population.csv: population too, left out; one file of population is "
        "read, and population.csv is proposed",
        "workforce_2025-12-31.csv: workers",
        "workforce_events.csv: events",
        "working_age.csv: benchmarks",
    ]


def test_the_proposal_says_what_the_sample_says(root, whole):
    """Beside what is left open, it differs in the labels' letter case only."""
    new.propose("whole")
    _, found = described(whole, "whole")
    ours = yaml.safe_load((root / "data/raw/sample/sources.yaml").read_text())
    ours["scores"].reverse()  # proposed by the order of names: student_growth first
    for kind, key in [
        *[("population", "estimates"), ("population", "margins")],
        *[("graduation", "cohort"), ("graduation", "rate"), ("graduation", "years")],
        *[("graduation", "groups"), ("graduation", "columns"), ("events", "columns")],
        *[("events", "kinds"), ("events", "date_format"), ("scores", "columns")],
        *[("proficiency", "levels"), ("proficiency", "races")],
        *[("proficiency", "columns"), ("facilities", "columns")],
        *[("travel", "columns"), ("travel", "unit"), ("blocks", "columns")],
        *[("baselines", "columns"), ("districts", "columns")],
        *[("benchmarks", "columns"), ("benchmarks", "scale")],
        *[("benchmarks", "races"), ("benchmarks", "job_categories")],
        *[("workers", "employments"), ("benchmarks", "benchmark")],
        *[("rates", "columns"), ("enrolment", "columns")],
    ]:
        assert found[kind][0][key] == ours[kind][0][key], (kind, key)
    first, second = found["scores"]
    assert "student" in first["columns"]
    assert second["columns"] == ours["scores"][1]["columns"]  # nobody comes twice
    outcomes = found["rates"][0]
    assert set(outcomes["outcomes"]) == set(ours["rates"][0]["outcomes"])
    assert set(outcomes["directions"]) == set(outcomes["outcomes"].values())
    assert set(outcomes["directions"].values()) == {new.OPEN}
    assert outcomes["suppressed"] == {"*": new.OPEN}
    (levels,) = found["proficiency"]
    assert list(levels["levels"]) == ["Below Basic", "Basic", "Proficient", "Advanced"]
    assert "All Students" not in levels["keep"]["Student Group"]
    assert levels["proficient"] == [new.OPEN]
    assert levels["suppressed"] == {"*": new.OPEN, "<10": new.OPEN}


def test_once_confirmed_the_tables_are_those_of_the_sample(root, whole):
    new.propose("whole")
    path, found = described(whole, "whole")
    ours = yaml.safe_load((root / "data/raw/sample/sources.yaml").read_text())
    ours["scores"].reverse()
    # That one file has schools and the district, a person has to see.
    found["rates"] = ours["rates"]
    complete = filled(found, ours) | {"confirmed": True}
    shutil.copytree(root / "data" / "raw" / "sample", whole / "data/raw/sample")
    path.write_text(yaml.dump(complete, Dumper=new._Dumper), encoding="utf-8")
    wanted = {"period": "2025Q4", "quarters": 4, "race_standard": "omb1997"}
    tables = prepare.load("whole", **wanted)
    sample = prepare.load("sample", **wanted)
    for name in (
        *("areas", "population", "request_counts", "facilities", "workers", "events"),
        *("outcomes", "levels", "scores", "costs", "baselines", "overlaps"),
        *("benchmarks", "totals", "enrolment"),
    ):
        rows = len(getattr(sample, name))
        assert len(getattr(tables, name)) == rows > 0, name


def kind_of(folder, text, name="a.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    kind, found, _ = new._proposal(path, name)
    return kind, found


def test_events_are_never_taken_for_workers(tmp_path):
    kind, found = kind_of(
        tmp_path,
        "Action,Action Date,Birth Date,Dept,Race,Hire Date\n"
        "New hire,2025-01-31,1990-01-01,Fire,White,2025-01-31\n"
        "Promoted,2025-02-01,1990-01-01,Fire,Black,2020-01-31\n"
        "Retired,2025-02-01,1990-01-01,Fire,Black,2020-01-31\n"
        "Demoted,2025-02-01,1990-01-01,Fire,Black,2020-01-31\n"
        "Retired and rehired,2025-02-01,1990-01-01,Fire,Black,2020-01-31\n",
    )
    assert kind == "events"
    assert found["columns"]["date"] == "Action Date"
    assert found["kinds"] == {
        **{"New hire": "hire", "Promoted": "promotion", "Retired": "separation"},
        **{"Demoted": new.OPEN, "Retired and rehired": new.OPEN},
    }


def test_a_national_file_asks_for_the_district(tmp_path):
    """EDFacts of 2013-14: MAS includes Pacific Islanders, there is no MNP."""
    head = "LEAID,NCESSCH,ALL_COHORT_1314,ALL_RATE_1314,MAS_COHORT_1314,MAS_RATE_1314"
    rows = "0100005,010000500871,248,94,1,PS,9\n0100006,010000600872,65,GE95,.,.,9\n"
    path = tmp_path / "g.csv.gz"
    path.write_bytes(gzip.compress(f"{head},CWD_COHORT_1314\n{rows}".encode()))
    kind, found, _ = new._proposal(path, "g.csv.gz")
    assert kind == "graduation"
    assert found["keep"] == {"LEAID": [new.OPEN]}
    assert found["groups"] == {"MAS": race.ASIAN_OR_PACIFIC}
    assert found["years"] == {"1314": "2013-14"}
    assert found["rounded_twice"] is True


def test_codes_that_nobody_knows_are_left_open(tmp_path):
    """Some years have MNP and some have not, so MAS means two things."""
    names = ["MAS_{}_1314", "MAS_{}_1415", "MNP_{}_1415", "MXX_{}_99"]
    head = ",".join(n.format(w) for n in names for w in ("COHORT", "RATE"))
    _, found = kind_of(tmp_path, f"NCESSCH,{head}\n1,2,PS,2,PS,2,PS,2,PS\n")
    assert found["groups"] == {"MAS": new.OPEN, "MNP": race.NHPI, "MXX": new.OPEN}
    assert found["years"]["99"] == new.OPEN


def test_levels_are_ordered_and_shares_are_none(tmp_path):
    _, found = kind_of(
        tmp_path,
        "School,Year,Race,Advanced,Met,Met or above,Met %,Not met\n"
        "A,2025,White,1,2,3,40,5\nA,2025,Black,1,2,3,40,n<5\n"
        "A,2025,Female,1,2,3,40,5\nA,2025,Total,1,2,3,40,5\n",
    )
    assert list(found["levels"]) == ["Not met", "Met", "Advanced"]
    assert found["suppressed"] == {"n<5": new.OPEN}
    assert found["races"]["Female"] == new.OPEN
    assert found["keep"] == {"Race": ["Black", "Female", "White"]}


def test_two_columns_for_one_thing_are_left_open(tmp_path):
    _, found = kind_of(tmp_path, "geoid,white_2010,white_2020,black,asian\n1,2,3,4,5\n")
    assert found["estimates"][race.WHITE] == new.OPEN
    assert found["estimates"][race.BLACK] == "black"
    _, found = kind_of(tmp_path, "race,math_score,art_score\nWhite,1,2\n")
    assert found["columns"]["score"] == new.OPEN
    lines = "B03002_003E,B03002_003M,B03002_004E,B03002_006E,B03002_002E,B03002_003EA"
    _, found = kind_of(tmp_path, f"geoid,{lines}\n1,2,3,4,5,6,7\n")
    assert found["estimates"][race.ASIAN] == "B03002_006E"
    assert found["margins"][race.WHITE] == "B03002_003M"
    assert found["margins"][race.ASIAN] == new.OPEN


def test_days_that_could_be_months_are_left_open():
    assert new._date_format(pd.Series(["01/02/2025", "03/04/2025"])) == new.OPEN
    assert new._date_format(pd.Series(["01/02/2025", "03/14/2025"])) == "%m/%d/%Y"


def test_facilities_without_a_kind_are_asked_for_it(tmp_path):
    kind, found = kind_of(tmp_path, "long,lat,name\n-77,38,Rosedale Library\n")
    assert (kind, found["all_are"]) == ("facilities", new.OPEN)


def test_requests_without_a_place_are_asked_for_it(tmp_path):
    kind, found = kind_of(tmp_path, "opened,closed,status\n2025-01-31,,Open\n")
    assert (kind, found["columns"]["area"]) == ("requests", new.OPEN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("School,Count_Ethnicity,Unit\nA,1,2\n", "no columns by which"),
        ("race,score\nWhite,Math\n", "no columns by which"),
    ],
)
def test_what_is_not_understood_says_why(clone, text, why):
    path = clone / "data" / "raw" / "elsewhere" / "odd.csv"
    path.write_text(text)
    (line,) = [line for line in new.propose("elsewhere") if line.startswith("odd")]
    assert line.startswith("odd.csv: not understood, left out: ")
    assert "docs/sources.md" in line
    assert why in line


def noted(folder, frame, name="a.csv"):
    path = folder / name
    pd.DataFrame(frame).to_csv(path, index=False)
    return new._proposal(path, name)


def test_how_reports_are_linked_is_proposed_where_something_marks_them(tmp_path):
    text = "Case ID,Type,Opened,Closed,Status,Latitude,Longitude,Origin\n"
    row = "1,Pothole,2025-01-31,2025-02-01,{},50.1,10.2,App\n"
    _, found = kind_of(tmp_path, text + row.format("Closed - Dup"))
    assert found["reports"] == "same place"
    assert found["columns"]["channel"] == "Origin"
    _, found = kind_of(tmp_path, text + row.format("Closed"))
    assert "reports" not in found


def test_requests_need_no_status(tmp_path):
    """Open until closed, as docs/sources.md says of a table without statuses."""
    kind, found, _ = noted(
        tmp_path,
        {
            **{"Name": ["Pothole", "Graffiti"], "Created Date": ["2025-01-31"] * 2},
            **{"Closed Date": ["", "2025-02-01"], "Lat": [41, 42], "Lon": [-87, -88]},
        },
    )
    assert kind == "requests"
    assert "statuses" not in found
    assert found["date_format"] == "%Y-%m-%d"
    source = sources.Requests(**found | {"data_until": "2025-12-31"})
    assert source.columns["closed"] == "Closed Date"


@pytest.mark.parametrize(
    "day",
    [
        *("2025-01-31T10:00:00.000", "01/31/2025 10:00:00 AM", "31-JAN-25", "20250131"),
        *("January 31, 2025", "1738281600000", "31.1.2025"),
    ],
)
def test_a_table_that_opens_and_closes_on_days_is_no_facilities(tmp_path, day):
    frame = {"name": ["x"], "lat": [1], "lon": [2], "opened": [day], "closed": [day]}
    assert noted(tmp_path, frame)[0] == "requests"


def test_opening_hours_are_no_requests(tmp_path):
    frame = {"name": ["Library"], "lat": [41], "lon": [-87]}
    hours = frame | {"Opens": ["9:00 am"], "Closes": ["17:00"]}
    assert noted(tmp_path, hours)[0] == "facilities"
    built = frame | {"Opened": ["1995-05-01"]}
    assert noted(tmp_path, built)[0] == "facilities"


def test_what_is_cut_off_is_said(tmp_path):
    many = [f"Status {i}" for i in range(50)] + ["Status 49"]
    days = ["2025-01-31"] * 51
    frame = {"opened": days, "closed": days, "status": many}
    _, found, (note,) = noted(tmp_path, frame)
    assert len(found["statuses"]) == new.STATUSES
    assert "Status 49" in found["statuses"]  # the most frequent
    assert "column status has 50 different labels" in note
    labels = [f"Race {i}" for i in range(61)]
    _, found, (note,) = noted(tmp_path, {"race": labels, "dept": labels})
    assert len(found["races"]) == new.LABELS
    assert "column race has 61 different labels; races has the 60 most" in note


def test_notes_are_lines_for_the_user(clone):
    path = clone / "data" / "raw" / "elsewhere" / "more.csv"
    path.write_text("race,dept,ethnic code\nWhite,Fire,7\n")
    lines = new.propose("elsewhere")
    assert lines[lines.index("more.csv: workers") + 1] == (
        "more.csv: ['ethnic code'] may say race or ethnicity too, and are not used"
    )


@pytest.mark.parametrize(
    ("answers", "proposed"),
    [
        (["Hispanic", "Not Hispanic"], {"yes": ["Hispanic"], "no": ["Not Hispanic"]}),
        (
            ["Hispanic or Latino", "NOT HISPANIC/LATINO"],
            {"yes": ["Hispanic or Latino"], "no": ["NOT HISPANIC/LATINO"]},
        ),
        (
            ["Latino", "Non-Hispanic", "Unknown", "Cuban", ""],
            {
                **{"yes": ["Latino"], "no": ["Non-Hispanic"]},
                "unknown": [f"{new.OPEN}: Cuban", "Unknown"],
                "if_unknown": new.OPEN,
            },
        ),
        (
            ["Hispanic", "Not Hispanic", ""],
            {"yes": ["Hispanic"], "no": ["Not Hispanic"], "if_unknown": new.OPEN},
        ),
    ],
)
def test_hispanic_origin_asked_apart_is_proposed(tmp_path, answers, proposed):
    """Left out, most people of Hispanic origin would be counted as White."""
    rows = len(answers)
    frame = {"Dept": ["Fire"] * rows, "Race": ["White"] * rows, "Ethnicity": answers}
    kind, found, notes = noted(tmp_path, frame)
    assert (kind, notes) == ("workers", [])
    assert found["columns"]["race"] == "Race"
    assert found["hispanic"] == {"column": "Ethnicity"} | proposed
    if rows == 2:
        race.HispanicOrigin(**found["hispanic"])


def test_yes_and_no_are_answers_where_the_column_asks(tmp_path):
    frame = {"Dept": ["Fire"] * 2, "Race": ["White"] * 2}
    _, found, _ = noted(tmp_path, frame | {"Hispanic": ["Y", "N"]})
    assert found["hispanic"] == {"column": "Hispanic", "yes": ["Y"], "no": ["N"]}
    _, found, (note,) = noted(tmp_path, frame | {"Ethnicity": ["Y", "N"]})
    assert "hispanic" not in found
    assert note.startswith("['Ethnicity'] may say race")


def test_a_second_column_of_groups_asks_no_origin(tmp_path):
    labels = ["Hispanic", "White (Not Hispanic)", "Black (Not Hispanic)"]
    frame = {"Dept": ["Fire"] * 3, "Race": ["White"] * 3, "Race/Ethnicity": labels}
    _, found, (note,) = noted(tmp_path, frame | {"Terrace": ["a", "b", "c"]})
    assert "hispanic" not in found
    assert note == "['Race/Ethnicity'] may say race or ethnicity too, and are not used"


def test_shares_are_not_proposed_as_people(tmp_path):
    frame = {
        **{"geoid": ["01"], "white": [50], "black": [40], "pct_white": [45]},
        **{"% Asian": [5], "Hispanic share": [3], "hispanic_moe": [2]},
    }
    kind, found, (note,) = noted(tmp_path, frame)
    assert kind == "population"
    assert found["estimates"] == {
        **{race.WHITE: "white", race.BLACK: "black"},
        **{race.ASIAN: new.OPEN, race.HISPANIC: new.OPEN},
    }
    assert note.startswith("['% Asian', 'Hispanic share'] hold shares, not people")
    rates = {"geoid": ["01"], "white_rate": [1], "black perc": [2], "asian_pct": [3]}
    kind, found, _ = noted(tmp_path, rates)
    assert kind == "population"
    assert set(found["estimates"].values()) == {new.OPEN}


def test_a_census_download_has_two_header_rows(tmp_path):
    codes = ",".join(f"B03002_00{n}E" for n in range(3, 8))
    said = ",".join(["Estimate!!Total:"] * 5)
    _, found = kind_of(tmp_path, f"GEO_ID,{codes}\nGeography,{said}\n1,2,3,4,5,6\n")
    assert found["header_rows"] == 2
    assert found["estimates"][race.WHITE] == "B03002_003E"


def test_points_are_not_boundaries(tmp_path):
    path = tmp_path / "points.geojson"
    point = '{"type": "Point", "coordinates": [0, 0]}'
    feature = f'{{"type": "Feature", "properties": {{"a": 1}}, "geometry": {point}}}'
    path.write_text(f'{{"type": "FeatureCollection", "features": [{feature}]}}')
    with pytest.raises(InputError, match="not boundaries"):
        new._proposal(path, "points.geojson")


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


def test_the_next_step_finds_files_that_are_elsewhere(clone, monkeypatch):
    exports = clone / "all exports" / "hr"
    exports.mkdir(parents=True)
    shutil.copy(clone / "data" / "raw" / "elsewhere" / "HR.csv", exports)
    last = new.propose("third", exports)[-1]
    *_, raw = shlex.split(last.split("and run: ")[1])
    assert last.endswith(f"equity check params/third.yaml --raw '{exports.parent}'")
    _, found = described(clone, "third")
    assert (Path(raw) / found["workers"][0]["file"]).is_file()
    monkeypatch.setenv("EQUITY_RAW", str(exports.parent))
    assert new.propose("hr")[-1].endswith("equity check params/hr.yaml")


def test_a_description_beside_the_files_is_kept(clone):
    exports = clone / "exports" / "fourth"
    shutil.copytree(clone / "data" / "raw" / "elsewhere", exports)
    (exports / "sources.yaml").write_text("mine")
    with pytest.raises(ParamsError, match="exists already"):
        new.propose("fourth", exports)
    assert not (clone / "params" / "fourth.yaml").exists()


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
