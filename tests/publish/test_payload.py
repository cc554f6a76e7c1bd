"""Payloads: each part has its type, and a drawing can neither run nor load."""

import json

import pytest

from equity.publish.payload import clean_svg, payload

CANARY = "CANARY-4711"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt">'
    '<path d="M0 0h9"/></svg>'
)


def cell(value, text, hidden=False):
    return {"value": value, "text": text, "hidden": hidden}


def table():
    return {
        "kind": "table",
        "name": "waits",
        "caption": "Days to close",
        "columns": [
            {"name": "group", "label": "Group", "type": "text"},
            {"name": "events", "label": "Requests", "type": "count"},
            {"name": "gap", "label": "Gap (percentage points)", "type": "points"},
            {"name": "conf", "label": "95% interval", "type": "interval"},
        ],
        "rows": [
            [
                cell("Asian", "Asian"),
                cell(1234, "1,234"),
                cell(-4.5, "−4.5"),
                cell([-6.0, -3.1], "−6.0 to −3.1"),
            ],
            [
                cell("White", "White"),
                cell(None, "hidden", True),
                cell(None, "n/a"),
                cell([None, None], "hidden", True),
            ],
        ],
        "row_header": 0,
        "notes": ["Hidden: fewer than 10 people."],
        "source": "City records",
    }


@pytest.mark.parametrize(
    "bad",
    [
        cell(4, "hidden", True),
        cell(None, "4", True),
        cell(float("nan"), "nan"),
        cell("4", "4"),
        cell(4.5, "4.5"),
        cell(True, "1"),
        cell([1.0, 2.0], "1 to 2"),
    ],
)
def test_a_count_is_a_count_and_a_hidden_cell_holds_nothing(bad):
    given = table()
    given["rows"][0][1] = bad
    with pytest.raises(ValueError, match="wrong"):
        payload(given)


def test_payloads_are_json_and_stay_unchanged():
    given = table()
    before = json.dumps(given)
    payload(given)
    assert json.dumps(given) == before


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<image href="https://a.example/x.png"/>',
        '<use href="https://a.example/x.svg#a"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="data:x"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<path style="fill: url(https://a.example/x)"/>',
        "<path fill=\"url( '//a.example/x')\"/>",
        "<style>@import 'https://a.example/x.css';</style>",
        r"<style>path { fill: u\72l(https://a.example) }</style>",
        '<a href="#x"><path/></a>',
        '<animate attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_a_figure_cannot_run_or_load(inside):
    with pytest.raises(ValueError, match="SVG"):
        clean_svg(SVG.replace("</svg>", f"{inside}</svg>"))


def test_a_figure_cannot_declare_entities_and_must_be_svg():
    with pytest.raises(ValueError, match="entity"):
        clean_svg('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG)
    with pytest.raises(ValueError, match="root"):
        clean_svg("<html/>")
    with pytest.raises(ValueError, match="parsed"):
        clean_svg("<svg")


def test_a_drawing_survives_without_its_comments_and_metadata():
    drawing = (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE svg PUBLIC "a" "b">'
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><metadata>2026</metadata>'
        f'<defs><path id="a" d="M0 0"/></defs><!-- {CANARY} -->'
        '<g clip-path="url(#b)"><use xlink:href="#a" style="fill: #fff"/></g></svg>'
    )
    clean = clean_svg(drawing)
    assert CANARY not in clean
    assert "metadata" not in clean
    assert 'xlink:href="#a"' in clean
    assert clean_svg(clean) == clean


def test_a_narrow_drawing_is_optional_and_checked_like_the_other():
    figure = {"kind": "figure", "name": "a", "caption": "c", "alt": "d", "svg": SVG}
    assert (payload(figure).narrow, payload(figure).narrow_size) == ("", None)
    both = payload(figure | {"narrow": f"<!-- {CANARY} -->{SVG}"})
    assert CANARY not in both.narrow
    assert both.narrow_size == (96, 48)
    for bad in (SVG.replace("<path", "<script/><path"), "words", 4):
        with pytest.raises(ValueError, match="figure whose"):
            payload(figure | {"narrow": bad})
