"""A city's folder: what is not ours stays, the page is mended, releases compared."""

import json
import os
import shutil
import signal

import pytest

from equity.errors import EquityError
from equity.publish import city, place, release
from equity.publish.page import Facts
from equity.publish.release import verify
from tests.small_release import public, publish_in

NEWER = Facts(version="0.2.0")


@pytest.fixture
def released(tmp_path):
    return publish_in(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "tables/more.csv", "drafts"])
def test_a_file_that_somebody_added_is_not_deleted(released, tmp_path, name):
    if name == "drafts":
        (released / name).mkdir()
    else:
        (released / name).write_text("mine")
    before = public(tmp_path)
    with pytest.raises(EquityError, match="does not list") as error:
        publish_in(tmp_path, facts=NEWER)
    assert f"('{name}')" in str(error.value)
    assert public(tmp_path) == before
    assert (released / name).exists()


def test_a_release_without_a_readable_manifest_is_not_replaced(released, tmp_path):
    """Nobody knows which of its files are ours; a changed one is mended."""
    (released / "manifest.json").write_text("{")
    with pytest.raises(EquityError, match="does not list"):
        publish_in(tmp_path)
    shutil.rmtree(released)
    publish_in(tmp_path)
    (released / "index.html").write_text("changed")
    publish_in(tmp_path)
    assert verify(released) == []


def test_a_citys_page_of_somebody_elses_is_not_replaced(tmp_path):
    page = tmp_path / "sample" / "index.html"
    page.parent.mkdir()
    page.write_text("<h1>The city's own page</h1>")
    with pytest.raises(EquityError, match="not written by this suite"):
        publish_in(tmp_path)
    assert public(tmp_path) == {
        "sample/index.html": b"<h1>The city's own page</h1>",
    }
    (tmp_path / "elsewhere.html").write_bytes(city.GENERATOR)
    page.unlink()
    page.symlink_to(tmp_path / "elsewhere.html")
    with pytest.raises(EquityError, match="not written by this suite"):
        publish_in(tmp_path)


def test_every_page_says_who_wrote_it(released):
    for page in [*released.glob("*.html"), released.with_name("index.html")]:
        assert city.GENERATOR in page.read_bytes()


def test_a_kill_between_the_release_and_the_citys_page_is_mended(released, tmp_path):
    page = released.with_name("index.html")
    child = os.fork()
    if not child:
        try:
            place.replaced = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            publish_in(tmp_path, period="2026Q2")
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert verify(released.with_name("2026Q2")) == []
    assert "2026Q2" not in page.read_text()
    release.begin(tmp_path, city="sample", city_name="Sampleton", period="2026Q3")
    assert 'href="2026Q2/index.html"' in page.read_text()
    mended = page.read_bytes()
    publish_in(tmp_path, period="2026Q2")
    assert page.read_bytes() == mended


def test_a_citys_page_that_is_as_it_should_be_is_not_written(released, monkeypatch):
    monkeypatch.setattr(place, "put_page", None)
    out = released.parents[1]
    release.begin(out, city="sample", city_name="Other", period="2026Q1")
    page = released.with_name("index.html").read_text()
    assert "Sampleton" in page
    assert "Other" not in page


def test_what_fails_after_the_citys_page_takes_both_back(
    released, tmp_path, monkeypatch
):
    before, flush = public(tmp_path), place._flush

    def fails(folder):
        if folder == released.parent:
            raise OSError(5, "Input/output error")
        flush(folder)

    monkeypatch.setattr(place, "_flush", fails)
    with pytest.raises(EquityError, match="cannot be written"):
        publish_in(tmp_path, facts=NEWER, city_name="Newtown")
    assert public(tmp_path) == before


def test_an_earlier_quarter_made_again_names_the_later_ones(tmp_path):
    def publish(period, **changes):
        return publish_in(tmp_path, period=period, **changes)

    def compared(folder):
        return json.loads((folder / "manifest.json").read_text())["compared_with"]

    first, third = publish("2026Q1"), publish("2026Q3")
    assert compared(first) is None
    digest = city.sha256((first / "manifest.json").read_bytes())
    assert compared(third) == {"period": "2026Q1", "manifest": digest}
    assert city.outdated(first) == city.outdated(third) == []
    assert city.outdated(publish("2026Q1")) == []  # the same once more
    second = publish("2026Q2")  # the third was compared with the first
    assert city.outdated(second) == ["2026Q3"]
    publish("2026Q3")
    assert city.outdated(second) == []
    assert city.outdated(publish("2026Q1", facts=NEWER)) == ["2026Q2"]
    publish("2026Q2")
    assert city.outdated(second) == ["2026Q3"]
    assert city.outdated(publish("2026Q3")) == []
