"""Finished pages as a browser shows them: WCAG 2.1 AA at two widths and three looks.

The checkers are axe-core (Deque) and HTML_CodeSniffer (Squiz), both in headless
Chromium. They come from npm, at pinned versions, into a cache folder of their own the
first time; where npm, Chromium or the registry cannot be had the tests are skipped and
say what to install. A page with planted faults shows that they are found.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from nbformat import v4

from equity.publish import findings, front, release
from equity.publish.display import MIME
from equity.publish.page import Facts
from equity.publish.protect import protect

HERE = Path(__file__).parent / "accessibility"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1280, 320)
LOOKS = ("light", "dark", "forced")
SET_UP = 300  # seconds for npm
LOOKED = 900  # seconds for all pages
INSTALL = "on Debian: apt-get install npm chromium"

FAULTS = """<!DOCTYPE html><html lang="en"><head><title>Faults</title><style>
p { color: #bbb; background: #fff } .wide { width: 3000px }
.box { height: 3em; width: 9em; overflow: auto } a:focus { outline: none }
</style></head><body><img src="x.png"><h3>Third level first</h3><p>Pale</p>
<a class="skip" href="#nowhere">Skip</a>
<div class="wide">Wide</div><div class="box"><p class="wide">Scrolls</p></div>
<table><tr><td>1</td></tr></table>
<img alt="" src="https://elsewhere.example/a.png"></body></html>"""


@pytest.fixture(scope="module")
def browser():
    """The command of a Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip(f"there is no Chromium on this machine ({INSTALL})")
    return found


@pytest.fixture(scope="module")
def modules():
    """The folder of the checkers, installed once for each set of pinned versions."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip(f"there is no npm on this machine ({INSTALL})")
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"equity-accessibility-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=SET_UP, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install the checkers in {SET_UP} seconds")
        if done.returncode:
            pytest.skip("npm could not install the checkers; is a registry reachable?")
        (folder / "ready").touch()
    return folder / "node_modules"


@pytest.fixture(scope="module")
def look(browser, modules):
    """Look at pages and return what was found."""

    def look_at(pages, widths=WIDTHS, looks=LOOKS):
        asked = {
            "browser": browser,
            "pages": [str(page) for page in pages],
            "widths": list(widths),
            "looks": list(looks),
        }
        done = subprocess.run(
            ["node", str(HERE / "audit.cjs")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=LOOKED,
            env={**os.environ, "NODE_PATH": str(modules)},
            check=False,
        )
        if done.returncode and "Failed to launch" in done.stderr:
            pytest.skip(f"Chromium does not start on this machine ({INSTALL})")
        assert not done.returncode, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return look_at


def every_kind(away):
    """A page with what the sample's may not have: a long text, a trend, a note."""
    rows = pd.DataFrame(
        {
            "group": ["Asian", "Black or African American", "White"],
            "events": [60, 400, 900],
            "reference": "White",
            "estimate": [11.0, 10.9 + away, 10.9],
            "conf_low": [10.0, 12.1, 10.2],
            "conf_high": [12.0, 15.9, 11.6],
            "confidence": 0.95,
            "measure": "days to close",
        }
    )
    apart = rows.assign(
        estimate=[0.1, away, 0.0],
        conf_low=[-1.0, away - 2, None],
        conf_high=[1.0, away + 2, None],
    )
    said = findings.compare(
        protect(rows, lines=None),
        differences=protect(apart, lines=None),
        subject="requests of {people}",
        verb="took {estimate} to close",
        unit="number",
        noun="days",
        words=("longer", "shorter"),
    )
    text = "Area 7 is hidden. " * 60
    cells = [[{"value": f"Area {n}", "text": f"Area {n}"}] * 9 for n in range(20)]
    figure = {
        "kind": "figure",
        "name": "areas",
        "caption": "Requests by area",
        "alt": f"Map of 60 areas. {text}",
        "source": "City records",
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="600pt" height="90pt">'
        '<path d="M0 0h9"/></svg>',
        "data": {
            "kind": "table",
            "name": "areas",
            "caption": "Requests by area",
            "columns": [
                {"name": f"c{n}", "label": f"Column {n}", "type": "text"}
                for n in range(9)
            ],
            "rows": cells,
            "notes": ["Hidden: fewer than 10 people."],
        },
        "download": True,
    }
    shown = [said._repr_mimebundle_(), {MIME: figure}]
    shown += [{MIME: {"kind": "note", "text": "No scores were given."}}]
    outputs = [v4.new_output("display_data", bundle) for bundle in shown]
    text = "# Every kind\n\nA page.\n\n## Shown\n\n| A | B |\n|:--|--:|\n| x | 1 |"
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(text),
            v4.new_code_cell("show()", execution_count=1, outputs=outputs),
        ]
    )


@pytest.fixture(scope="module")
def pages(root, tmp_path_factory):
    """The pages of two finished releases of the sample city, and its front page."""
    notebooks = {path.stem: path for path in sorted(root.glob("notebooks/*.ipynb"))}
    out = tmp_path_factory.mktemp("accessible")
    folders = [
        release.publish(
            {**notebooks, "90_every_kind": every_kind(away)},
            out=out,
            city="sample",
            city_name="Quorravale",
            period=period,
            facts=Facts(
                version="0.1.0",
                data_read="2026-01-05",
                licence="CC0-1.0",
                licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
                method="Race as it was recorded.",
                limits=("Requests are not needs.",),
            ),
        )
        for period, away in (("2025Q3", 2.5), ("2025Q4", 3.1))
    ]
    city = out / "sample" / "index.html"
    city.write_text(front.city(folders, city_name="Quorravale"), encoding="utf-8")
    assert "<svg" in city.read_text(encoding="utf-8")
    return [city, *sorted(folders[-1].glob("*.html"))]


@pytest.fixture(scope="module")
def found(look, pages):
    return look(pages)


def of(found, look):
    return [one for one in found if one["look"] == look]


def at(one):
    """Where something was found, for a failed test."""
    return Path(one["page"]).name, one.get("width"), one["look"]


@pytest.mark.slow
def test_every_page_was_looked_at(found, pages):
    seen = {(one["page"], one.get("width"), one["look"]) for one in found}
    wanted = {(str(p), w, name) for p in pages for w in WIDTHS for name in LOOKS}
    wanted |= {(str(page), 320, "keyboard") for page in pages}
    wanted |= {(str(page), None, "print") for page in pages}
    assert seen == wanted
    assert len(pages) > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOKS)
def test_axe_core_finds_nothing(found, name):
    assert [(*at(one), one["axe"]) for one in of(found, name) if one["axe"]] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOKS)
def test_html_codesniffer_finds_no_error(found, name):
    assert [
        (*at(one), one["sniffer"]) for one in of(found, name) if one["sniffer"]
    ] == []


@pytest.mark.slow
def test_no_page_asks_any_host_or_complains(found):
    asked = [(*at(one), one["requests"]) for one in found if one["requests"]]
    said = [(*at(one), one["console"]) for one in found if one["console"]]
    assert asked == said == []


@pytest.mark.slow
def test_no_page_scrolls_sideways(found):
    """WCAG 2.1, 1.4.10, with every part open as with every part shut."""
    looked = [one for one in found if "shut" in one and one["look"] != "print"]
    assert [at(one) for one in looked if one["shut"] > 0 or one["opened"] > 0] == []


@pytest.mark.slow
def test_the_keyboard_reaches_everything_and_is_seen(found):
    """WCAG 2.1, 2.1.1, 2.4.1 and 2.4.7."""
    for one in of(found, "keyboard"):
        assert one["stops"][0]["skip"], at(one)
        assert one["skipped"], at(one)
        assert one["missed"] == [], at(one)
        unseen = [s["what"] for s in one["stops"] if not s["seen"] or s["outline"] < 2]
        assert unseen == [], at(one)


@pytest.mark.slow
def test_on_paper_nothing_is_shut_or_cut_and_links_are_written_out(found):
    for one in of(found, "print"):
        assert (one["shut"], one["wide"], one["written"]) == (0, [], 0), at(one)


@pytest.mark.slow
def test_planted_faults_are_found(look, tmp_path):
    page = tmp_path / "faults.html"
    page.write_text(FAULTS, encoding="utf-8")
    looked, keys, paper = look([page], widths=[320], looks=["light"])
    rules = {rule for rule, _ in looked["axe"]}
    assert rules >= {"image-alt", "color-contrast", "landmark-one-main"}
    assert any("1_4_3" in code for code, *_ in looked["sniffer"])  # contrast
    assert any("1_1_1" in code for code, *_ in looked["sniffer"])  # no alternative
    assert looked["shut"] > 0  # wider than the screen
    assert looked["requests"] == ["https://elsewhere.example/a.png"]
    assert looked["console"]
    assert not keys["skipped"]
    assert any(stop["outline"] < 2 for stop in keys["stops"])
    assert paper["look"] == "print"
