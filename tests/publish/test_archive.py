"""The archive of what earlier releases told: whole, strict, in its folder."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import DisclosureError, ParamsError
from equity.publish import archive
from equity.publish.audit import Count

COUNTS = [
    Count("staff", {"group": frozenset({"AIAN"})}, 1, None),
    Count("staff", {"group": frozenset({"White", "Asian"})}, 153, 153),
    Count("staff", {}, 219, 219, known=True),
]


def test_what_was_added_is_read(tmp_path):
    archive.add(tmp_path / "released", "2026Q1", COUNTS)
    [release] = archive.read(tmp_path / "released")
    assert {hash(count) for count in release} == {hash(count) for count in COUNTS}


def test_a_folder_that_is_absent_is_an_empty_archive(tmp_path):
    assert archive.read(tmp_path / "released") == []


def test_the_same_content_leaves_one_file(tmp_path):
    first = archive.add(tmp_path, "2026Q1", COUNTS)
    assert archive.add(tmp_path, "2026Q1", COUNTS[::-1]) == first
    assert len(list(tmp_path.iterdir())) == 1


def test_releases_come_in_the_order_in_which_they_were_added(tmp_path):
    for period, number in (("2026Q2", 20), ("2026Q1", 30), ("2026Q2", 40)):
        archive.add(tmp_path, period, [Count("staff", {}, number, number)])
    assert [release[0].low for release in archive.read(tmp_path)] == [20, 30, 40]


def test_counts_linked_to_nothing_are_left_out(tmp_path):
    archive.add(tmp_path, "2026Q1", [Count("only staff-table", {}, 30, 30)])
    assert archive.read(tmp_path) == [[]]


@pytest.mark.parametrize("period", ["../2026Q1", "", "a/b", "/tmp/x", ".", "2026Q1\n"])
def test_names_cannot_leave_the_folder(tmp_path, period):
    with pytest.raises(ParamsError, match="cannot name a file"):
        archive.add(tmp_path / "released", period, COUNTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace("153", "154"),
        lambda text: text.replace("2026Q1", "2026Q2"),
        lambda text: text.replace('"number": 1', '"number": "1"'),
        lambda text: json.dumps(json.loads(text) | {"counts": []}),
    ],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path, damage):
    path = archive.add(tmp_path, "2026Q1", COUNTS)
    path.write_text(damage(path.read_text()))
    for use in (archive.read, lambda folder: archive.add(folder, "2026Q2", COUNTS)):
        with pytest.raises(DisclosureError, match=r"damaged.*backup") as error:
            use(tmp_path)
        assert path.name in str(error.value)
        assert str(tmp_path) not in str(error.value)
        assert "153" not in str(error.value)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_changed_byte_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("archive")
    path = archive.add(folder, "2026Q1", COUNTS)
    content = bytearray(path.read_bytes().rstrip())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    try:
        [release] = archive.read(folder)
    except DisclosureError:
        return
    assert {hash(count) for count in release} == {hash(count) for count in COUNTS}


def test_a_missing_file_is_noticed(tmp_path):
    first = archive.add(tmp_path, "2026Q1", COUNTS)
    archive.add(tmp_path, "2026Q2", COUNTS)
    first.unlink()
    with pytest.raises(DisclosureError, match=r"number 1 is missing.*backup"):
        archive.read(tmp_path)


def test_a_file_that_is_none_of_the_archive_is_named(tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(DisclosureError, match=r"notes\.json"):
        archive.read(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    path = archive.add(tmp_path / "other", "2026Q1", COUNTS)
    (tmp_path / "released").mkdir()
    (tmp_path / "released" / path.name).symlink_to(path)
    with pytest.raises(DisclosureError, match="no file of the archive"):
        archive.read(tmp_path / "released")


def test_a_write_that_fails_leaves_the_archive_as_it_was(tmp_path, monkeypatch):
    archive.add(tmp_path, "2026Q1", COUNTS)

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        archive.add(tmp_path, "2026Q2", COUNTS)
    monkeypatch.undo()
    assert len(archive.read(tmp_path)) == len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_writer_left_is_not_read(tmp_path):
    archive.add(tmp_path, "2026Q1", COUNTS)
    (tmp_path / ".x1.tmp").write_text('{"number":')
    assert len(archive.read(tmp_path)) == 1
