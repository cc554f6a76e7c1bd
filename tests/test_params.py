"""Every setting is checked, and an error says what is allowed."""

import json
import math
import time

import pytest

from equity import params, strict_yaml
from equity.errors import ParamsError

GOOD = {"city": "sample", "city_name": "Sample", "period": "2025Q4"}


def refused(settings):
    with pytest.raises(ParamsError) as error:
        params.check(settings, name="x.yaml")
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("x.yaml: ")
    return text


def test_defaults():
    found = params.check(GOOD, name="x.yaml")
    assert (found.min_cell, found.reference, found.confidence) == (10, "White", 0.95)


@pytest.mark.parametrize("key", list(GOOD))
def test_a_missing_key_is_named(key):
    rest = {name: value for name, value in GOOD.items() if name != key}
    assert refused(rest) == f"x.yaml: {key}: is missing; add it"


def test_an_unknown_key_is_named_with_those_known():
    text = refused(GOOD | {"min_sell": 10})
    assert "'min_sell'" in text
    assert "min_cell" in text


WHOLE = {
    "quarters": ("from 1 to 80", 0, 81),
    "min_cell": ("from 5 to 30", 4, 31),
    "target_days": ("from 1 to 3650", 0, 3651),
    "departments": ("from 1 to 30", 0, 31),
    "replicates": ("from 200 to 20000", 199, 20_001),
    "seed": ("0 or more", -1, -(10**9)),
}


@pytest.mark.parametrize("key", list(WHOLE))
def test_a_whole_number_is_one_within_its_range(key):
    allowed, below, above = WHOLE[key]
    for value in (below, above, "10", 10.0, 10.5, True, None, [10], math.inf):
        text = refused(GOOD | {key: value})
        assert f"{key}: {value!r}" in text
        assert f"a whole number{',' * (key == 'seed')} {allowed}" in text


@pytest.mark.parametrize("value", [0, 1, 0.49, 95, -0.95, math.nan, "0.95", True, None])
def test_confidence_is_a_proportion(value):
    text = refused(GOOD | {"confidence": value})
    assert f"confidence: {value!r} is not allowed; a number from 0.5 to 0.999" in text


@pytest.mark.parametrize(
    "value",
    *[["../../evil", "a/b", "/etc", "..", "", "A", "ü", ".x", "a b", "a\n", "a" * 65]],
)
def test_a_city_cannot_name_a_folder_elsewhere(value):
    assert "city: " in refused(GOOD | {"city": value})
    assert "names folders" in refused(GOOD | {"city": value})


@pytest.mark.parametrize("value", ["2025", "2025Q5", "25Q4", "2025q4", 2025, "2025Q4 "])
def test_a_period_is_a_quarter(value):
    assert "such as '2025Q4'" in refused(GOOD | {"period": value})


@pytest.mark.parametrize("value", ["", "x" * 81, 5, None])
def test_a_city_has_a_name(value):
    assert "city_name: " in refused(GOOD | {"city_name": value})
    assert "1 to 80 characters" in refused(GOOD | {"city_name": value})


@pytest.mark.parametrize("number", [0x0, 0xA, 0x1B, 0x85, 0x2028, 0x202E, 0x2067])
def test_a_name_holds_nothing_that_is_not_seen(number):
    """Trojan Source (2023): U+202E and U+2067 turn what follows them."""
    text = refused(GOOD | {"city_name": f"Sam{chr(number)}ple"})
    assert f"city_name: holds the character U+{number:04X}" in text
    assert text.isprintable()


@pytest.mark.parametrize("name", ["Saint-Étienne", "東京", "القاهرة", "St. John's"])
def test_a_name_may_be_of_any_script(name):
    assert params.check(GOOD | {"city_name": name}, name="x").city_name == name


def test_the_reference_is_a_group_of_the_standard():
    text = refused(GOOD | {"reference": "Wite"})
    assert "reference: 'Wite'" in text
    assert "'White'" in text
    asian = GOOD | {"race_standard": "omb1997_api", "reference": "Asian"}
    assert "omb1997_api" in refused(asian)
    assert "race_standard: 'omb'" in refused(GOOD | {"race_standard": "omb"})
    assert "race_standard" in refused(GOOD | {"race_standard": 5})


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        params.check(GOOD, name="x").min_cell = 0


def test_committed_params_are_valid_and_complete(root):
    files = sorted((root / "params").glob("*.yaml"))
    assert {"sample.yaml", "chicago.yaml"} <= {path.name for path in files}
    for path in files:
        assert params.read(path).city == path.stem
        assert set(strict_yaml.read(path)) == set(params.Params.model_fields)


BAD = ["par-01", "par-02", "par-04", "par-06", "par-08"]


@pytest.mark.parametrize("case", BAD)
def test_bad_files_behave_as_their_case_says(shared, case, tmp_path, monkeypatch):
    """The files call the quarter `quarter`; here it is `period`, as in our params."""
    cases = json.loads((shared / "bad_inputs" / "cases.json").read_text())["cases"]
    wanted = next(entry for entry in cases if entry["id"] == case)
    assert wanted["expected"] == ["error"]
    names = {"par-04": ["city"], "par-08": ["min_cell", "from 5 to 30"]}
    names |= {"par-02": ["line 2"], "par-06": ["county_fips", "line 2"]}
    monkeypatch.chdir(tmp_path)
    for path in sorted((shared / "bad_inputs" / case).glob("*.yaml")):
        text = path.read_text().replace("quarter: 2025Q1", 'period: "2025Q1"')
        rest = {k: v for k, v in GOOD.items() if f"\n{k}:" not in f"\n{text}"}
        (tmp_path / path.name).write_text(
            text + "".join(f"\n{k}: {v}" for k, v in rest.items())
        )
        started = time.monotonic()
        with pytest.raises(ParamsError) as error:
            params.read(tmp_path / path.name)
        assert time.monotonic() - started < 2
        for name in (path.name, *names.get(case, [])):
            assert name in str(error.value)
        assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("PWNED"))
