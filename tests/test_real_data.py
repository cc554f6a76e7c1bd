"""The document on real files says what the code does with them."""

import re
import shutil

import pytest

from equity import params, prepare

HEAD = r"\| (?P<city>\w+) \| `(?P<file>[^`]+)` \| (?P<counts>(?:[\d,]+ \| ){4})"


def said(root):
    """Return city to file to the four counts that the document states."""
    text = (root / "docs" / "real-data.md").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[int]]] = {}
    for match in re.finditer(HEAD, text):
        counts = [int(n.replace(",", "")) for n in match["counts"].split(" | ")[:4]]
        found.setdefault(match["city"], {})[match["file"]] = counts
    return found


def cities(folder):
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != "sample")


def test_every_city_is_in_the_document(root):
    assert sorted(said(root)) == cities(root / "params")


@pytest.fixture
def home(root, tmp_path, monkeypatch, shared):
    """A project of its own, beside the real files."""
    if not (shared / "data").is_dir():
        pytest.skip("the real files are absent")
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(root / "params", tmp_path / "params")
    for described in (root / "data" / "raw").glob("*/sources.yaml"):
        place = tmp_path / "data" / "raw" / described.parent.name
        place.mkdir(parents=True)
        shutil.copy(described, place)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUITY_RAW", str(shared / "data"))
    return tmp_path


def counts(tables):
    """Return file to rows read, used, under the longest note, and set aside."""
    found = {}
    for file, rows in tables.ledger.groupby("file"):
        noted = rows.loc[rows["action"] == "noted", "rows"]
        sums = rows.groupby("action")["rows"].sum()
        found[file] = [
            *(int(sums["read"]), int(sums["used"])),
            *(int(noted.max()) if len(noted) else 0, int(sums.get("set aside", 0))),
        ]
    return found


@pytest.mark.parametrize(
    "city",
    [
        pytest.param(c, marks=pytest.mark.slow) if c == "california" else c
        for c in (
            *("baltimore", "california", "chicago", "chicago_police", "cincinnati"),
            *("colorado", "dc", "phoenix", "student_samples"),
        )
    ],
)
def test_real_files_come_to_what_the_document_says(city, home, root):
    settings = params.read(home / "params" / f"{city}.yaml")
    tables = prepare.load(
        city,
        period=settings.period,
        quarters=settings.quarters,
        race_standard=settings.race_standard,
    )
    assert counts(tables) == said(root)[city]
    read, used, _, aside = zip(*counts(tables).values(), strict=True)
    assert sum(read) == sum(used) + sum(aside)
    assert len(tables.workers) == 0 or (tables.workers["worker_id"] == "").all()
