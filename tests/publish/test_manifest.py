"""The manifest: what it states, what it leaves out, and what `verify` finds."""

import json
import os

import pytest

from equity.errors import DisclosureError
from equity.publish import manifest
from equity.publish.manifest import redacted, verify
from tests.small_release import publish_in, snapshot


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return publish_in(tmp_path_factory.mktemp("made"))


@pytest.fixture
def released(tmp_path):
    return publish_in(tmp_path)


def stated(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_it_lists_every_other_file(made):
    files = snapshot(made)
    assert {file["path"] for file in stated(made)["files"]} == files.keys() - {
        "manifest.json"
    }
    for file in stated(made)["files"]:
        assert file["bytes"] == len(files[file["path"]])


def test_it_states_what_the_release_was_made_from(made):
    found = stated(made)
    assert found["code"] == {"version": "0.1.0", "commit": "0" * 40, "dirty": False}
    assert found["lock"] == {"uv.lock": "cd" * 32}
    assert found["policy"] == {"min_cell": 10}
    assert found["params"] == {"min_cell": 10, "confidence": 0.95}
    assert found["inputs"] == {"requests.csv": "ab" * 32}


def test_a_policy_is_stated_as_given(tmp_path):
    policy = {"min_cell": 11, "zeros": "hidden", "rounding": 5}
    assert stated(publish_in(tmp_path, policy=policy))["policy"] == policy


@pytest.mark.parametrize(
    "params",
    [
        {"raw": "/home/analyst/CANARY"},
        {"raw": r"C:\Users\CANARY"},
        {"files": ["~/CANARY"]},
        {"census_api_key": "CANARY"},
        {"nested": {"password": "CANARY"}},
        {"engine": "sc://host:15002/;token=CANARY"},
        {"site": "https://user:CANARY@a.example"},
    ],
)
def test_paths_and_keys_are_redacted(tmp_path, params):
    folder = publish_in(tmp_path, params=params)
    assert verify(folder) == []
    everything = b"".join(snapshot(folder).values())
    assert b"CANARY" not in everything
    assert b"redacted" in everything


@pytest.mark.parametrize("name", ["/data/CANARY.csv", "../CANARY.csv"])
def test_inputs_named_by_a_path_are_refused(tmp_path, name):
    with pytest.raises(DisclosureError) as error:
        publish_in(tmp_path, inputs={name: "ab"})
    assert "CANARY" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_ordinary_names_are_not_taken_for_keys(tmp_path):
    folder = publish_in(
        tmp_path, params={"monkey": 1}, inputs={"secretary_roster.csv": "ab" * 32}
    )
    assert verify(folder) == []
    assert stated(folder)["params"] == {"monkey": 1}


def test_what_is_not_private_is_left_as_it_is():
    params = {"min_cell": 10, "city_name": "St. John's", "on": True, "none": None}
    assert redacted(params) == params


def test_a_flipped_bit_anywhere_is_found(released):
    for path in [path for path in released.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for place in range(0, len(content), max(1, len(content) // 11)):
            flipped = bytearray(content)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            (problem,) = verify(released)
            assert problem.startswith(
                f"{path.relative_to(released).as_posix()}: changed"
            )
        path.write_bytes(content)
    assert verify(released) == []


def test_missing_and_added_files_are_found(released):
    (released / "tables" / "waits.csv").unlink()
    (released / "tables" / "old.csv").write_text("x")
    (released / "work.html").symlink_to(released / "index.html")
    assert verify(released) == [
        "tables/waits.csv: missing",
        "tables/old.csv: not part of the release",
        "work.html: not part of the release",
    ]
    (released / "manifest.json").unlink()
    assert verify(released) == ["manifest.json: missing"]


def test_added_folders_and_strange_files_are_found(released, tmp_path):
    (released / "drafts").mkdir()
    (released / "tables" / "old").mkdir()
    (released / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(released / "pipe")
    assert verify(released) == [
        f"{name}: not part of the release"
        for name in ("drafts", "elsewhere", "pipe", "tables/old")
    ]


def test_a_folder_replaced_by_a_link_is_found(released, tmp_path):
    (released / "tables").rename(tmp_path / "tables")
    (released / "tables").symlink_to(tmp_path / "tables")
    assert "tables: not a plain folder" in verify(released)


def test_a_file_replaced_by_a_link_or_a_folder_is_found(released, tmp_path):
    (released / "index.html").rename(tmp_path / "elsewhere.html")
    (released / "index.html").symlink_to(tmp_path / "elsewhere.html")
    assert verify(released) == ["index.html: not a plain file"]
    (released / "index.html").unlink()
    (released / "index.html").mkdir()
    assert verify(released) == ["index.html: not a plain file"]


def test_what_was_added_is_named_and_all_where_nothing_is_listed(released):
    (released / "tables" / "old.csv").touch()
    (released / "drafts").mkdir()
    assert manifest.added(released) == ["drafts", "tables/old.csv"]
    (released / "manifest.json").write_text("[]")
    assert {"index.html", "tables", "tables/waits.csv"} < {*manifest.added(released)}


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"sha256": "0"}', "\0"])
def test_a_manifest_that_is_none_is_said_so(released, content):
    (released / "manifest.json").write_text(content)
    assert verify(released) == ["manifest.json: changed since it was written"]


def test_a_manifest_rewritten_in_another_layout_is_found(released):
    (released / manifest.MANIFEST).write_text(json.dumps(stated(released)))
    assert verify(released) == ["manifest.json: changed since it was written"]
