"""Published payloads and their three looks."""

import base64
import configparser
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4, writes

from equity.errors import DisclosureError, EquityError
from equity.publish import display
from equity.publish.display import MIME, Published

NASTY = "<script>alert('x')</script> \" ' & $x$ \x00\x1b[31m =1+1"


def cell(value, text, hidden=False):
    return {"value": value, "text": text, "hidden": hidden}


TABLE = {
    "kind": "table",
    "name": "days",
    "caption": f"Days {NASTY}",
    "columns": [
        {"name": "group", "label": NASTY, "type": "text"},
        {"name": "events", "label": "Requests", "type": "count"},
    ],
    "rows": [
        [cell(NASTY, NASTY), cell(1200, "1,200")],
        [cell("B", "B"), cell(None, "hidden", True)],
    ],
    "row_header": 0,
    "notes": [NASTY],
    "source": NASTY,
}
FIGURE = {
    "kind": "figure",
    "name": "days",
    "caption": NASTY,
    "alt": NASTY,
    "source": NASTY,
    "svg": "<svg></svg>",
    "narrow": "<svg>narrow</svg>",
}
FINDING = {"kind": "finding", "sentences": [NASTY, "Two."], "text": f"{NASTY} Two."}
NOTE = {"kind": "note", "text": NASTY}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def tags(html):
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_only_this_room_makes_published_things():
    with pytest.raises(DisclosureError, match="only"):
        Published({"kind": "note", "text": "hello"})


@pytest.mark.parametrize("payload", [TABLE, FINDING, NOTE])
def test_every_text_is_escaped_and_printable(payload):
    bundle = display._publish(payload)._repr_mimebundle_()
    allowed = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "ul", "li"}
    assert {tag for tag, _ in tags(bundle["text/html"])} <= allowed
    for _, attributes in tags(bundle["text/html"]):
        assert set(attributes) <= {"class", "scope"}
    for text in (bundle["text/html"], bundle["text/plain"]):
        assert "\x00" not in text
        assert "\x1b" not in text
    json.dumps(bundle[MIME], allow_nan=False)


def test_a_figure_is_an_image_beside_its_payload():
    bundle = display._publish(FIGURE, b"pixels")._repr_mimebundle_()
    assert bundle["image/svg+xml"] == "<svg></svg>"
    assert bundle["application/vnd.equity.narrow+svg"] == "<svg>narrow</svg>"
    assert base64.b64decode(bundle["image/png"]) == b"pixels"
    assert not {"svg", "narrow"} & set(bundle[MIME])
    assert "text/html" not in bundle
    assert "\x00" not in json.dumps(bundle)


def test_drawings_are_all_that_the_comparison_of_notebooks_overlooks(root):
    """The committed pattern, on what a notebook stores."""
    config = configparser.ConfigParser()
    config.read(root / "tests/nbval_sanitize.cfg")
    pattern = config["drawing"]["regex"]
    bundle = display._publish(
        FIGURE | {"svg": "<svg a></svg>", "narrow": "<svg b></svg>"}
    )
    output = v4.new_output("display_data", bundle._repr_mimebundle_())
    stored = json.loads(
        writes(v4.new_notebook(cells=[v4.new_code_cell(outputs=[output])]))
    )
    data = stored["cells"][0]["outputs"][0]["data"]
    texts = {key: "".join(data[key]) for key in display.DRAWINGS.values()}
    assert {re.sub(pattern, "DRAWN", text) for text in texts.values()} == {"DRAWN"}
    assert "svg" not in json.dumps(data[MIME])


def test_tables_have_a_caption_and_scoped_headers():
    html = display._publish(TABLE)._repr_mimebundle_()["text/html"]
    scopes = [a["scope"] for tag, a in tags(html) if tag == "th"]
    assert scopes == ["col", "col", "row", "row"]
    assert [tag for tag, _ in tags(html)][:2] == ["table", "caption"]
    assert '<td class="hidden">hidden</td>' in html


def test_plain_text_is_aligned_and_without_addresses():
    table = {**TABLE, "caption": "Days", "notes": [], "source": "311"}
    table["columns"] = [{**TABLE["columns"][0], "label": "Race"}, TABLE["columns"][1]]
    table["rows"] = [[cell("Asian", "Asian"), cell(1200, "1,200")], TABLE["rows"][1]]
    assert repr(display._publish(table)) == (
        "Days\n\nRace   Requests\n---------------\nAsian     1,200\nB        hidden\n\n"
        "Source: 311"
    )


def test_the_payload_is_a_copy():
    published = display._publish(TABLE)
    published.as_payload()["rows"].clear()
    published._repr_mimebundle_()[MIME]["rows"].clear()
    assert len(published.as_payload()["rows"]) == 2


@pytest.mark.parametrize(
    ("value", "unit", "stored", "text"),
    [
        (0.12345, "percent", 12.3, "12.3%"),
        (-0.0451, "points", -4.5, "−4.5 percentage points"),
        (1.2849, "ratio", 1.28, "1.28 times"),
        (1234.56, "number", 1234.6, "1,234.6 days"),
        (9999.6, "count", 10000, "10,000 days"),
        (-0.0001, "points", 0.0, "0.0 percentage points"),
    ],
)
def test_numbers_are_rounded_once(value, unit, stored, text):
    rounded = display.rounded(value, unit)
    assert rounded == stored
    assert str(rounded) == str(stored)  # no minus zero, whole counts are int
    noun = "days" if unit in ("number", "count") else ""
    assert display.quantity(rounded, unit, noun) == text


def test_what_is_missing_or_infinite_is_none():
    for value in (None, float("nan"), float("inf")):
        assert display.rounded(value, "number") is None


@given(st.floats(-1e9, 1e9), st.sampled_from(list(display.UNITS)))
def test_rounding_again_changes_nothing(value, unit):
    stored = display.rounded(value, unit)
    scale = display.UNITS[unit][0]
    assert display.rounded(stored / scale, unit) == pytest.approx(stored, rel=1e-9)


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "../a", "a/b", "a.csv", "-a", "a" * 81]
)
def test_names_that_are_no_file_names(name):
    with pytest.raises(EquityError, match="cannot name"):
        display.slug(name)


def test_unknown_units_name_the_known_ones():
    with pytest.raises(EquityError, match=r"'pct' is not a unit; .*percent"):
        display.rounded(1, "pct")


SCRIPT = """
import geopandas as gpd, pandas as pd, shapely
from equity.publish import figures, findings, maps, tables
from equity.publish.protect import protect
frame = pd.DataFrame({"group": ["A", "B", "C"], "area": ["x", "y", "z"],
    "events": [40, 3, 55], "reference": "A", "estimate": [1.0, 0.5, 2.0],
    "conf_low": [None, 0.2, 1.5], "conf_high": [None, 0.9, 2.5], "confidence": 0.95})
boxes = gpd.GeoDataFrame({"area": ["x", "y", "z"]}, crs=3857,
    geometry=[shapely.box(i, 0, i + 1, 1) for i in range(3)])
table = protect(frame, lines=None)
shown = [
    tables.show(table, name="t", caption="c", columns={"group": ("Race", "text"),
        ("conf_low", "conf_high"): ("95% interval", "ratio")}),
    figures.dot_interval(table, name="f", caption="c", unit="ratio"),
    maps.choropleth(table, boxes, name="m", caption="c", unit="ratio", legend="l"),
    findings.ratio(table, subject="{people}", verb="waited {estimate} as long as"),
]
import hashlib, json, sys
text = json.dumps([s._repr_mimebundle_() for s in shown], sort_keys=True)
sys.stdout.write(hashlib.sha256(text.encode()).hexdigest())
"""


def test_the_same_bytes_whatever_the_hash_seed_and_time_zone(root):
    digests = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            cwd=root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        digests.add(run.stdout)
    assert len(digests) == 1


def test_a_label_cannot_turn_around_what_follows_it():
    """Marks stay; overrides, embeddings and isolates go (Unicode TR 9)."""
    note = display._publish(
        {"kind": "note", "text": "\u202ea\u2067b\u200f 12\u202c\x85"}
    )
    assert note.as_payload()["text"] == "ab\u200f 12\ufffd"


def test_a_label_is_one_line():
    assert display.label(" a\n b\t\x07") == "a b \ufffd"
    assert display.label(float("nan")) == display.label(" ") == "not known"
    assert display.label(2024) == "2024"
