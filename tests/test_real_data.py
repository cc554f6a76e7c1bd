"""The document on real files says what the code does with them."""

import re
import shutil

import pandas as pd
import pytest

from equity import params, prepare
from equity.prepare import read as reading

HEAD = (
    r"\| (?P<city>\w+) \| `(?P<file>[^`]+)` \| (?P<counts>(?:[\d,]+ \| ){4})"
    r"(?P<rules>[^|]+)\|"
)
WHOLE = r"(?m)^\| `(?P<file>[^`]+)` \| (?P<rows>[\d,]+) \| "


def said(root):
    """Return city to file to the four counts that the document states."""
    text = (root / "docs" / "real-data.md").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[int]]] = {}
    for match in re.finditer(HEAD, text):
        counts = [number(n) for n in match["counts"].split(" | ")[:4]]
        rules = [number(rule.split()[0]) for rule in match["rules"].split("; ") if rule]
        found.setdefault(match["city"], {})[match["file"]] = [*counts, *rules]
    return found


def number(text):
    """Read a count; a dash stands for none."""
    return 0 if text == "–" else int(text.replace(",", ""))


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
    """Return file to rows read, used, noted, set aside, and under each such rule."""
    found = {}
    for file, rows in tables.ledger.groupby("file"):
        noted = rows.loc[rows["action"] == "noted", "rows"]
        sums = rows.groupby("action")["rows"].sum()
        found[file] = [
            *(int(sums["read"]), int(sums["used"])),
            *(int(noted.max()) if len(noted) else 0, int(sums.get("set aside", 0))),
            *(rows.loc[rows["action"] == "set aside", "rows"].to_list() or [0]),
        ]
    return found


@pytest.mark.parametrize(
    "city",
    [
        pytest.param(c, marks=pytest.mark.slow) if c == "california" else c
        for c in (
            *("baltimore", "california", "chicago", "chicago_police", "cincinnati"),
            *("colorado", "dc", "los_angeles", "philadelphia", "phoenix"),
            "egsingle",
            "student_samples",
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
    for read, used, _, aside, *rules in counts(tables).values():
        assert read == used + aside
        assert aside == sum(rules)
    assert len(tables.workers) == 0 or (tables.workers["worker_id"] == "").all()


@pytest.mark.parametrize(
    ("city", "district"), [("los_angeles", "0622710"), ("philadelphia", "4218990")]
)
def test_cohorts_of_a_district_are_those_of_the_file(city, district, home, shared):
    """The groups' cohorts add up to the file's own column of all students."""
    tables = prepare.load(
        city, period="2014Q4", quarters=4, race_standard="omb1997_api"
    )
    found = tables.outcomes.groupby("year")["population"].sum()
    for year in (2012, 2013, 2014):
        path = shared / "data" / "education" / f"edfacts_{year}.csv.gz"
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
        own = raw[raw["LEAID"] == district]
        code = f"{year - 2001}{year - 2000}"
        every = pd.to_numeric(own[f"ALL_COHORT_{code}"], errors="coerce").sum()
        assert found[f"{year - 1}-{year - 2000}"] == every
    covers = set(tables.school_files["covers"])
    assert len(covers) == 1
    assert "the city" in covers.pop()


def test_files_that_no_page_uses_are_read_whole(root, shared):
    if not (shared / "data").is_dir():
        pytest.skip("the real files are absent")
    text = (root / "docs" / "real-data.md").read_text(encoding="utf-8")
    listed = re.findall(WHOLE, text)
    assert len(listed) > 15
    for file, rows in listed:
        _, ledger, _ = reading.look(shared / "data" / file)
        assert ledger.read == number(rows), file
