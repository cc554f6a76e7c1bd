"""What `sources.yaml` may say, and that files are the ones it means."""

import hashlib
import json

import pandas as pd
import pytest

from equity.errors import InputError, ParamsError
from equity.prepare import sources
from equity.prepare.sources import Source


@pytest.fixture
def described(tmp_path):
    """Write a sources.yaml and read it."""

    def read(content):
        path = tmp_path / "x" / "sources.yaml"
        path.parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text)  # JSON is YAML in which every text is in quotes
        return sources.read_sources(path)

    return read


def refusal(kind, call, *facts):
    with pytest.raises(kind) as error:
        call()
    text = str(error.value)
    assert "\n" not in text
    for fact in facts:
        assert fact in text, text
    return text


# Columns --------------------------------------------------------------------------


def test_a_missing_column_is_named_with_those_found():
    frame = pd.DataFrame({"Race/Ethnicity": ["x"], "Sex": ["F"]})
    source = sources.Workers(
        file="w.csv",
        as_of="2025-12-31",
        races={},
        columns={"race": "Race", "department": "Sex"},
    )
    call = lambda: sources.tidy(frame, source)  # noqa: E731
    refusal(InputError, call, "w.csv", "['Race']", "Race/Ethnicity")


# Files ----------------------------------------------------------------------------


def test_a_file_must_be_there_whole_and_the_one_declared(tmp_path):
    def check(**settings):
        source = Source(file="a.csv", **settings)
        return sources.provenance(source, kind="requests", folder=tmp_path)

    refusal(InputError, check, "a.csv does not exist", "--raw")
    (tmp_path / "a.csv").touch()
    refusal(InputError, check, "a.csv is empty")
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    assert check(sha256=digest) == sources.Provenance("requests", "a.csv", digest, 4)
    wrong = "0" * 64
    text = refusal(InputError, lambda: check(sha256=wrong), "a.csv has changed")
    assert digest[:12] in text


def test_a_folder_and_a_pattern_are_files_together(tmp_path):
    for name in ("2024.csv", "2025.csv", ".hidden", "_SUCCESS"):
        (tmp_path / "parts").mkdir(exist_ok=True)
        (tmp_path / "parts" / name).write_text(name)

    def seen(file):
        return sources.provenance(Source(file=file), kind="requests", folder=tmp_path)

    assert seen("parts").bytes == len("2024.csv2025.csv")
    assert seen("parts/*.csv").sha256 == seen("parts").sha256
    (tmp_path / "parts" / "2025.csv").write_text("changed")
    assert seen("parts/2024.csv").sha256 != seen("parts").sha256
    assert seen("s3://bucket/requests/*.parquet").sha256 == ""


# What sources.yaml may say --------------------------------------------------------

AREAS = {
    **{"file": "t.geojson", "kind": "tract", "vintage": "2020"},
    "columns": {"area": "GEOID"},
}
PEOPLE = {
    **{"file": "p.csv", "vintage": "2020", "columns": {"area": "GEOID"}},
    **{"estimates": {"White": "w", "Asian": "a"}},
}
REQUESTS = {
    **{"file": "r.csv", "data_until": "2025-12-31", "statuses": {"Done": "closed"}},
    "columns": {"opened": "o", "closed": "c", "status": "s", "area": "t"},
}
WORKERS = {
    **{"file": "w.csv", "as_of": "2025-12-31", "races": {"W": "White"}},
    "columns": {"race": "r", "department": "d"},
}
LEVELS = {
    **{"file": "l.csv", "levels": {"P": "Proficient"}, "proficient": ["Proficient"]},
    **{"races": {}, "columns": {"school": "s", "year": "y", "race": "r"}},
}
GOOD = {
    **{"confirmed": True, "areas": [AREAS], "population": [PEOPLE]},
    **{"requests": [REQUESTS], "workers": [WORKERS], "proficiency": [LEVELS]},
}


def test_a_good_description_is_read(described):
    found = described(GOOD)
    assert [source.file for source in found.files()] == [
        *("t.geojson", "p.csv", "r.csv", "w.csv", "l.csv"),
    ]


def test_what_nobody_confirmed_is_refused(described):
    refusal(
        ParamsError,
        lambda: described(GOOD | {"confirmed": False}),
        *("x/sources.yaml", "confirmed: true"),
    )
    refusal(ParamsError, lambda: described({}), "x/sources.yaml", "confirmed")


@pytest.mark.parametrize(
    ("kind", "change", "facts"),
    [
        ("requests", {"file": "../../etc/passwd"}, ["inside the raw folder"]),
        ("requests", {"file": "/etc/passwd"}, ["inside the raw folder"]),
        ("requests", {"columns": {"opened": "o"}}, ["r.csv", "closed is missing"]),
        (
            "requests",
            {"columns": REQUESTS["columns"] | {"clsd": "x"}},
            ["r.csv", "'clsd' is not known", "closed"],
        ),
        (
            "requests",
            {"columns": {"opened": "o", "closed": "c", "status": "s"}},
            ["r.csv", "latitude and longitude, or area"],
        ),
        ("requests", {"statuses": {"Done": "finished"}}, ["statuses.Done", "closed"]),
        ("requests", {"data_until": "31.12.2025"}, ["data_until"]),
        ("requests", {"data_until": "2025-02-30"}, ["data_until", "not a day"]),
        ("requests", {"date_format": "%Q"}, ["date_format"]),
        ("requests", {"date_format": "mixed"}, ["date_format"]),
        ("requests", {"date_formt": "%d"}, ["requests.0.date_formt"]),
        ("requests", {"sha256": "abc"}, ["sha256"]),
        ("requests", {"delimiter": ", "}, ["delimiter"]),
        ("requests", {"keep": {"id": [7]}}, ["requests.0.keep.id.0"]),
        ("workers", {"as_of": "2025-13-01"}, ["as_of"]),
        ("areas", {"vintage": "2010"}, ["vintage", "p.csv", "one census"]),
        ("areas", {"vintage": ""}, ["t.geojson", "vintage is missing"]),
        ("population", {"vintage": " "}, ["p.csv", "vintage is missing"]),
        ("population", {"marks": {"-1": "?"}}, ["population.0.marks", "'?'", "**"]),
        ("population", {"margins": {"White": "m"}}, ["p.csv", "margins"]),
        (
            "population",
            {"estimates": {"White": "w", "Asian": "w"}},
            ["p.csv", "'w' is named twice"],
        ),
        ("proficiency", {"suppressed": {"*": [9]}}, ["suppressed.*", "least"]),
        ("proficiency", {"suppressed": {"*": [9, 0]}}, ["suppressed.*", "least"]),
    ],
)
def test_a_wrong_description_is_refused_by_key(described, kind, change, facts):
    wrong = GOOD | {kind: [GOOD[kind][0] | change]}
    refusal(ParamsError, lambda: described(wrong), "x/sources.yaml", *facts)


def test_files_belong_together(described):
    alone = {"confirmed": True, "requests": [REQUESTS]}
    assert described(alone).requests[0].columns["area"]  # whatever areas there are
    columns = {"opened": "a", "closed": "b", "latitude": "c", "longitude": "d"}
    by_point = REQUESTS | {"columns": columns, "statuses": {}}
    alone = {"confirmed": True, "requests": [by_point]}
    refusal(ParamsError, lambda: described(alone), "areas is missing", "r.csv")
    twice = GOOD | {"requests": [REQUESTS, REQUESTS]}
    refusal(ParamsError, lambda: described(twice), "r.csv is listed twice")
    unknown = GOOD | {"request": [REQUESTS]}
    refusal(ParamsError, lambda: described(unknown), "request")
    two = GOOD | {"areas": [AREAS, AREAS | {"file": "u.geojson"}]}
    refusal(ParamsError, lambda: described(two), "areas")


def test_two_vintages_are_missing_as_much_as_one(described):
    none = {k: [GOOD[k][0] | {"vintage": ""}] for k in ("areas", "population")}
    refusal(ParamsError, lambda: described(GOOD | none), "vintage is missing")
    alone = {"confirmed": True, "areas": none["areas"]}
    assert described(alone).areas[0].vintage == ""  # nothing to be compared with


@pytest.mark.parametrize(
    ("kind", "change", "key"),
    [
        ("areas", {"kind": "area (TO CONFIRM)"}, "areas.0.kind"),
        ("areas", {"vintage": "TO CONFIRM"}, "areas.0.vintage"),
        ("requests", {"source": "TO CONFIRM"}, "requests.0.source"),
        ("requests", {"data_until": "TO CONFIRM"}, "requests.0.data_until"),
        ("requests", {"keep": {"s": ["a", "TO CONFIRM"]}}, "requests.0.keep.s.1"),
        ("workers", {"races": {"X": "TO CONFIRM"}}, "workers.0.races.X"),
    ],
)
def test_what_is_left_open_is_not_confirmed(described, kind, change, key):
    wrong = GOOD | {kind: [GOOD[kind][0] | change]}
    facts = [f"{key}: still says 'TO CONFIRM'", "1 place"]
    refusal(ParamsError, lambda: described(wrong), "x/sources.yaml", *facts)


def test_two_open_vintages_are_equal_and_refused(described):
    open_ = {
        k: [GOOD[k][0] | {"vintage": "TO CONFIRM"}] for k in ("areas", "population")
    }
    refusal(ParamsError, lambda: described(GOOD | open_), "areas.0.vintage", "2 place")


def test_parts_of_one_file_are_listed_apart(described):
    both = [{"member": "2024.csv"}, {"member": "2025.csv"}]
    zipped = [REQUESTS | {"file": "r.zip"} | part for part in both]
    assert len(described(GOOD | {"requests": zipped}).requests) == 2
    twice = GOOD | {"requests": [zipped[0], zipped[0]]}
    refusal(ParamsError, lambda: described(twice), "r.zip, 2024.csv is listed twice")


def test_a_population_names_all_its_columns():
    people = sources.Population(
        file="p.csv",
        columns={"area": "id", "race": "r", "estimate": "n"},
        hispanic={"column": "origin", "yes": ["H"]},
    )
    assert people.declared_columns() == ["id", "r", "n", "origin"]


def test_an_ambiguous_value_names_city_file_and_line(described):
    text = "confirmed: true\nareas:\n  - file: a\n    vintage: 2010-01-01\n"
    refusal(ParamsError, lambda: described(text), "x/sources.yaml, line 4")


def test_committed_descriptions_are_good(root):
    paths = list((root / "data" / "raw").glob("*/sources.yaml"))
    assert {"sample", "chicago"} <= {path.parent.name for path in paths}
    for path in paths:
        assert sources.read_sources(path).confirmed


# Files of others' making ----------------------------------------------------------
