"""The data package: valid under Frictionless Data Package v2, and a dictionary.

The rules below are those that https://datapackage.org/standard/data-package/,
.../data-resource/ and .../table-schema/ (version 2.0) state with MUST for what a
package of tables uses.
"""

import csv
import hashlib
import json
import re

import jsonschema
import pytest

from equity.publish.dictionary import fields, package
from equity.publish.page import Facts
from equity.publish.payload import payload
from tests.small_release import book, cell, publish_in, table

TEXT = {"type": "string", "minLength": 1}
WORDS = {"title": TEXT, "description": TEXT}
# a path relative to the descriptor: neither absolute nor leading out of its folder
PATH = {"type": "string", "pattern": r"^(?!/)(?!.*\.\.)(?!~)[^\\]+$"}
NUMERIC = {"minimum": {"type": "number"}, "maximum": {"type": "number"}}
COMMON = {"required": {"type": "boolean"}, "unique": {"type": "boolean"}}


def field(name, constraints):
    return {
        "if": {"properties": {"type": {"const": name}}},
        "then": {
            "properties": {
                "constraints": {
                    "type": "object",
                    "properties": COMMON | constraints,
                    "additionalProperties": False,
                }
            }
        },
    }


SCHEMA = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/tableschema.json"},
        "fields": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "type", "title", "description"],
                "properties": {
                    "name": TEXT,
                    "type": {"enum": ["string", "integer", "number", "boolean"]},
                    "unit": TEXT,
                    **WORDS,
                },
                "allOf": [
                    field("string", {"minLength": {"type": "integer"}}),
                    field("integer", NUMERIC),
                    field("number", NUMERIC),
                    field("boolean", {}),
                ],
            },
        },
        "missingValues": {"type": "array", "items": {"type": "string"}},
    },
}
RESOURCE = {
    "type": "object",
    "required": ["name", "path"],
    "properties": {
        "name": TEXT,
        "path": PATH,
        "type": {"const": "table"},
        "format": TEXT,
        "mediatype": {"type": "string", "pattern": r"^.+/.+$"},
        "encoding": {"const": "utf-8"},
        "bytes": {"type": "integer", "minimum": 0},
        "hash": {"type": "string", "pattern": r"^sha256:[0-9a-f]{64}$"},
        "sources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "anyOf": [{"required": [key]} for key in ("title", "path", "email")],
                "properties": {"title": TEXT, "path": TEXT},
            },
        },
        "schema": SCHEMA,
        "dialect": {
            "type": "object",
            "properties": {"lineTerminator": {"const": "\n"}, "$schema": TEXT},
            "additionalProperties": False,
        },
        **WORDS,
    },
    "not": {"required": ["data"]},  # a resource has a path or data, not both
}
PACKAGE = {
    "type": "object",
    "required": ["resources"],
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/datapackage.json"},
        "name": {"type": "string", "pattern": r"^[a-z0-9._-]+$"},
        "licenses": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "anyOf": [{"required": ["name"]}, {"required": ["path"]}],
                "properties": {
                    "name": {"type": "string", "pattern": r"^[A-Za-z0-9._-]+$"},
                    "path": {"type": "string", "pattern": r"^https?://"},
                    "title": TEXT,
                },
            },
        },
        "resources": {"type": "array", "minItems": 1, "items": RESOURCE},
        **WORDS,
    },
}
TYPES = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return publish_in(tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def described(released):
    return json.loads((released / "datapackage.json").read_text())


def test_the_package_is_valid(described):
    jsonschema.Draft202012Validator.check_schema(PACKAGE)
    jsonschema.validate(described, PACKAGE, jsonschema.Draft202012Validator)
    names = [resource["name"] for resource in described["resources"]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("spoil", ["name", "path", "schema", "resources"])
def test_the_rules_can_fail(described, spoil):
    spoiled = json.loads(json.dumps(described))
    {
        "name": lambda: spoiled["resources"][0].pop("name"),
        "path": lambda: spoiled["resources"][0].update(path="/etc/passwd"),
        "schema": lambda: spoiled["resources"][0]["schema"].update(fields=[]),
        "resources": lambda: spoiled.update(resources=[]),
    }[spoil]()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoiled, PACKAGE, jsonschema.Draft202012Validator)


def test_every_file_of_tables_is_described_as_it_is(released, described):
    paths = {resource["path"] for resource in described["resources"]}
    files = {f"tables/{path.name}" for path in (released / "tables").glob("*.csv")}
    assert paths == files
    for resource in described["resources"]:
        content = (released / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["bytes"] == len(content)
        assert content.endswith(resource["dialect"]["lineTerminator"].encode())
        assert b"\r\n" not in content


def test_every_value_is_of_its_type_and_within_its_constraints(released, described):
    for resource in described["resources"]:
        with (released / resource["path"]).open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        columns = resource["schema"]["fields"]
        assert header == [column["name"] for column in columns]
        missing = resource["schema"]["missingValues"]
        for row in rows:
            for text, column in zip(row, columns, strict=True):
                rules = column.get("constraints", {})
                if text in missing:
                    assert not rules.get("required"), column["name"]
                    continue
                value = TYPES[column["type"]](text)
                if column["type"] in ("integer", "number"):
                    assert value >= rules.get("minimum", value)


def test_the_dictionary_says_what_each_column_is():
    group, events, gap, low, high, note = fields(payload(table()))
    assert group["constraints"] == {"required": True}
    assert (events["type"], events["unit"]) == ("integer", "count")
    assert events["constraints"] == {"minimum": 0}
    assert (gap["type"], gap["unit"]) == ("number", "percentage points")
    assert "constraints" not in gap
    assert low["title"] == "95% interval, lower limit"
    assert high["title"] == "95% interval, upper limit"
    assert note["type"] == "string"


def test_of_the_findings_only_what_is_always_there_is_required(described):
    fields = described["resources"][-1]["schema"]["fields"]
    free = {one["name"] for one in fields if "constraints" not in one}
    assert free == {
        *("when", "reference", "conf_low", "conf_high", "people_to_parity", "clear")
    }
    (clear,) = (one for one in fields if one["name"] == "clear")
    assert clear["description"].endswith("Empty where no interval is known.")


def test_how_blanks_are_told_apart_is_said(described):
    assert "never zero" in described["description"]
    for words in ("hidden", "not applicable", "not known", "'note'"):
        assert words in described["description"]


def test_a_column_with_a_blank_in_its_row_header_is_not_required():
    changed = table()
    changed["rows"][0][0] = cell(None, "not known")
    assert "constraints" not in fields(payload(changed))[0]


def test_the_licence_is_named_as_portals_want_it(described):
    assert described["licenses"] == [
        {
            "title": "CC BY 4.0",
            "path": "https://creativecommons.org/licenses/by/4.0/",
            "name": "CC-BY-4.0",
        }
    ]


def test_without_a_licence_none_is_named(tmp_path):
    folder = publish_in(tmp_path, facts=Facts(version="0.1.0"))
    found = json.loads((folder / "datapackage.json").read_text())
    assert "licenses" not in found
    jsonschema.validate(found, PACKAGE, jsonschema.Draft202012Validator)


def test_a_release_without_tables_is_valid_too(tmp_path):
    folder = publish_in(tmp_path, {"01_words": book()})
    found = json.loads((folder / "datapackage.json").read_text())
    jsonschema.validate(found, PACKAGE, jsonschema.Draft202012Validator)


def test_the_name_is_made_of_what_names_are_made_of():
    named = package([], b"", name="equity-sample-2026q1", title="T")["name"]
    assert re.fullmatch(r"[a-z0-9._-]+", named)
