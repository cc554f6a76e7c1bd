"""The page: what gets in, what is refused, and what a reader's machine receives."""

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest
from nbformat import v4

from equity.errors import NotebookError, ParamsError
from equity.publish import page as page_module
from equity.publish import tables
from equity.publish.display import DRAWINGS, MIME
from equity.publish.page import (
    Facts,
    checked_link,
    index,
    quarter,
    read,
    render,
)
from equity.publish.payload import clean_svg
from equity.publish.protect import protect

CANARY = "CANARY-4711"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt">'
    '<path d="M0 0h9"/></svg>'
)
NARROW = SVG.replace("72pt", "36pt")
SITE = [
    {"slug": "01_waits", "title": "Waiting"},
    {"slug": "02_work", "title": "Work <b>force</b>"},
]
VOID = {"meta", "link", "img", "source", "br", "hr"}


def cell(value, text, hidden=False):
    return {"value": value, "text": text, "hidden": hidden}


def table(name="waits", label="Asian", caption="Days to close"):
    return {
        "kind": "table",
        "name": name,
        "caption": caption,
        "columns": [
            {"name": "group", "label": "Group", "type": "text"},
            {"name": "events", "label": "Requests", "type": "count"},
            {"name": "gap", "label": "Gap (percentage points)", "type": "points"},
            {"name": "conf", "label": "95% interval", "type": "interval"},
        ],
        "rows": [
            [
                cell(label, label),
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


def figure(svg=SVG, name="waits"):
    return {
        "kind": "figure",
        "name": name,
        "caption": "Who waits longer",
        "alt": "Asian 12 days; White hidden.",
        "source": "City records",
        "svg": svg,
    }


def shown(*payloads, count=1):
    outputs = [
        v4.new_output(
            "display_data",
            {MIME: item, "text/html": f"<b>{CANARY}</b>", "text/plain": CANARY},
        )
        for item in payloads
    ]
    return v4.new_code_cell(f"show('{CANARY}')", execution_count=count, outputs=outputs)


def book(*cells, title="# Who waits longer?\n\nA question for the council."):
    return v4.new_notebook(cells=[v4.new_markdown_cell(title), *cells])


def html_of(*cells, slug="01_waits", **kwargs):
    return render(
        book(*cells, **kwargs),
        slug=slug,
        city_name="Sampleton",
        period="2026Q1",
        site=SITE,
        facts=Facts(version="0.1.0", licence="CC0", licence_url="https://a.example/"),
    )


class Document(HTMLParser):
    """The elements of a page with their text; fails if tags do not nest."""

    def __init__(self, html):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attrs": dict(attrs), "text": ""}
        assert len(element["attrs"]) == len(attrs)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, *tags, **attrs):
        return [
            element
            for element in self.elements
            if element["tag"] in tags
            and all(element["attrs"].get(k) == v for k, v in attrs.items())
        ]


@pytest.fixture(scope="module")
def full():
    return html_of(
        v4.new_markdown_cell(
            "## Who is counted?\n\nSee [the law](https://law.example/a?b=1&c=2) and "
            "[work](02_work.ipynb#Pay-gaps).\n\n#### Too deep\n\n# Second title\n\n"
            "| A | B |\n|:--|--:|\n| x | 1 |"
        ),
        shown(table(), figure(), figure(name="both") | {"narrow": NARROW}),
        shown({"kind": "finding", "sentences": ["First.", "Second."]}, count=2),
        shown({"kind": "note", "text": "Nothing was given."}, count=3),
        v4.new_markdown_cell("## Who is counted?"),
    )


# --- What is refused ---------------------------------------------------------

UNPUBLISHED = {
    "a print": v4.new_output("stream", name="stdout", text=CANARY),
    "a warning": v4.new_output("stream", name="stderr", text=f"UserWarning: {CANARY}"),
    "a frame": v4.new_output(
        "execute_result",
        {"text/html": f"<table><td>{CANARY}</td></table>", "text/plain": CANARY},
        execution_count=1,
    ),
    "a bare value": v4.new_output(
        "execute_result", {"text/plain": repr(CANARY)}, execution_count=1
    ),
    "a plot": v4.new_output("display_data", {"image/png": "aGk=", "text/plain": "<F>"}),
    "an error": v4.new_output(
        "error", ename="KeyError", evalue=CANARY, traceback=[CANARY]
    ),
}


@pytest.mark.parametrize("output", UNPUBLISHED.values(), ids=UNPUBLISHED)
def test_any_other_output_stops_the_page_and_names_the_cell(output):
    bad = v4.new_code_cell(CANARY, execution_count=1, outputs=[output])
    section = v4.new_markdown_cell("## Who is counted?")
    with pytest.raises(NotebookError) as error:
        html_of(section, bad)
    assert "'01_waits', cell 3 (under 'Who is counted?')" in str(error.value)
    assert CANARY not in str(error.value)


def test_a_published_output_beside_a_print_does_not_save_the_cell():
    both = shown(table())
    both.outputs.append(UNPUBLISHED["a print"])
    with pytest.raises(NotebookError, match="cell 2"):
        html_of(both)


def test_an_unexecuted_cell_is_refused():
    with pytest.raises(NotebookError, match=r"cell 2 .*not executed"):
        html_of(v4.new_code_cell("show()"))
    assert html_of(v4.new_code_cell("  \n"))  # runners leave blank cells uncounted


@pytest.mark.parametrize(
    "source",
    [
        f"![{CANARY}](https://tracker.example/a.png)",
        "![x](data:image/png;base64,aGk=)",
        "![x](attachment:a.png)",
        "![x](picture.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](http://plain.example/)",
        "[x](//elsewhere.example/)",
        f"[x](/home/{CANARY}/hr.csv)",
        f"[x](../{CANARY}.csv)",
        "[x](file:///etc/passwd)",
        "[x](https://user:pass@host.example/)",
        "[x](99_other.ipynb)",
        "<https://user@host.example/>",
    ],
)
def test_images_and_links_that_leave_are_refused(source):
    with pytest.raises(NotebookError, match="cell 2") as error:
        html_of(v4.new_markdown_cell(source))
    assert CANARY not in str(error.value)


def test_attachments_and_raw_cells_are_refused():
    attached = v4.new_markdown_cell(
        "text", attachments={"a.png": {"image/png": "aGk="}}
    )
    with pytest.raises(NotebookError, match="attachment"):
        html_of(attached)
    with pytest.raises(NotebookError, match="raw cell"):
        html_of(v4.new_raw_cell("<script>"))


@pytest.mark.parametrize("title", ["No heading", "## Second level first", ""])
def test_a_notebook_begins_with_its_title(title):
    with pytest.raises(NotebookError, match="title"):
        html_of(title=title)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"kind": "html"}, "none of"),
        ({"kind": ["table"]}, "none of"),
        ({"name": "../../etc"}, "name is wrong"),
        ({"extra": CANARY}, "extra is wrong"),
        ({"rows": [[cell(CANARY, CANARY)]]}, "row 1 must have one cell per column"),
        ({"columns": []}, "columns is wrong"),
        ({"row_header": 9}, "row_header"),
    ],
)
def test_a_wrong_payload_is_refused_without_its_values(change, match):
    with pytest.raises(NotebookError, match=match) as error:
        html_of(shown(table() | change))
    assert CANARY not in str(error.value)


def test_two_tables_of_one_name_are_refused():
    with pytest.raises(NotebookError, match="two tables named"):
        html_of(shown(table(), table()))


# --- What the page is --------------------------------------------------------


def test_one_title_one_h1_language_and_landmarks(full):
    document = Document(full)
    assert full.startswith("<!DOCTYPE html>")
    assert document.all("html", lang="en")
    assert [e["text"] for e in document.all("title")] == [
        "Who waits longer? – Sampleton, Quarter 1 of 2026"
    ]
    assert [e["text"] for e in document.all("h1")] == ["Who waits longer?"]
    for tag in ("header", "main", "footer"):
        assert len(document.all(tag)) == 1
    labels = [e["attrs"].get("aria-label") for e in document.all("nav")]
    assert len(labels) == len(set(labels)) == 2
    skip = document.all("a")[0]
    assert skip["attrs"]["href"] == "#main"
    assert document.all("main", id="main")


def test_headings_do_not_skip_and_anchors_are_unique(full):
    document = Document(full)
    levels = [
        int(e["tag"][1]) for e in document.elements if re.match(r"h\d$", e["tag"])
    ]
    assert levels[0] == 1
    steps = [b - a for a, b in pairwise(levels)]
    assert max(steps) <= 1
    ids = [e["attrs"]["id"] for e in document.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))
    for element in document.elements:
        for attribute in ("aria-labelledby",):
            if attribute in element["attrs"]:
                assert element["attrs"][attribute] in ids
        target = element["attrs"].get("href", "")
        if target.startswith("#"):
            assert target[1:] in ids


def test_tables_have_captions_scopes_and_a_named_scroll_region(full):
    document = Document(full)
    assert len(document.all("table")) == len(document.all("caption")) == 2
    assert all("scope" in element["attrs"] for element in document.all("th"))
    rows = [e["text"] for e in document.all("th", scope="row")]
    assert rows == ["Asian", "White"]
    for region in document.all("div", role="region"):
        assert region["attrs"]["tabindex"] == "0"
    names = [
        element["attrs"].get("aria-label") or element["attrs"]["aria-labelledby"]
        for element in document.all("div", role="region")
    ]
    assert len(names) == len(set(names)) == 3
    assert [e["text"] for e in document.all("td", **{"class": "num absent"})] == [
        "hidden",
        "n/a",
        "hidden",
    ]
    assert document.all("a", href="tables/waits.csv")
    assert "Source: City records" in full


def test_figures_are_images_with_alternative_text(full):
    document = Document(full)
    picture = next(e for e in document.all("img") if e["attrs"]["alt"])
    assert picture["attrs"]["alt"] == "Asian 12 days; White hidden."
    assert (picture["attrs"]["width"], picture["attrs"]["height"]) == ("96", "48")
    encoded = picture["attrs"]["src"].removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(encoded).decode() == clean_svg(SVG)
    assert [e["text"] for e in document.all("figcaption")] == ["Who waits longer"] * 2


def drawn(payload, **drawings):
    """A figure as a notebook stores it: its drawings beside the payload."""
    data = {MIME: payload, **{DRAWINGS[key]: svg for key, svg in drawings.items()}}
    output = v4.new_output("display_data", data)
    return v4.new_code_cell("x", execution_count=1, outputs=[output])


def test_a_narrow_drawing_is_shown_on_narrow_screens_only():
    words = {key: text for key, text in figure().items() if key != "svg"}
    document = Document(html_of(drawn(words, svg=SVG, narrow=NARROW)))
    assert len(document.all("picture")) == 1
    (source,) = document.all("source")
    (image,) = [e for e in document.all("img") if e["attrs"]["alt"]]
    start = "data:image/svg+xml;base64,"
    for text, svg in (
        (source["attrs"]["srcset"], NARROW),
        (image["attrs"]["src"], SVG),
    ):
        assert text.startswith(start)
        assert base64.b64decode(text.removeprefix(start)).decode() == clean_svg(svg)
    assert source["attrs"]["media"].startswith("screen and (max-width")
    assert source["attrs"]["media"].removeprefix("screen and ") in html_of()  # in CSS
    assert (source["attrs"]["width"], source["attrs"]["height"]) == ("48", "48")
    assert image["attrs"]["alt"] == "Asian 12 days; White hidden."
    assert not document.all("div", role="region")  # nothing scrolls


def numbers(download=False, **more):
    return figure() | {"data": table("waits-numbers"), "download": download, **more}


def test_a_figure_has_its_numbers_and_its_words_below():
    document = Document(html_of(shown(numbers(), table())))
    first, second = document.all("details")
    assert [e["text"] for e in document.all("summary")] == [
        "The numbers in this figure: Who waits longer",
        "This figure in words: Who waits longer",
    ]
    assert "1,234" in first["text"]
    assert "Asian 12 days; White hidden." in second["text"]
    ids = [e["attrs"]["id"] for e in document.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))
    names = [
        e["attrs"].get("aria-label") or e["attrs"]["aria-labelledby"]
        for e in document.all("div", role="region")
    ]
    assert len(names) == len(set(names)) == 3
    assert not document.all("a", href="tables/waits-numbers.csv")


def test_the_numbers_of_a_figure_are_a_download_where_no_table_has_them():
    assert Document(html_of(shown(numbers(download=True)))).all(
        "a", href="tables/waits-numbers.csv"
    )
    page = read(book(shown(numbers(download=True), table())), slug="01_waits")
    assert [item.name for item in page.downloads] == ["waits-numbers", "waits"]
    page = read(book(shown(numbers(), table())), slug="01_waits")
    assert [item.name for item in page.downloads] == ["waits"]
    with pytest.raises(NotebookError, match="two tables named"):
        read(book(shown(numbers(download=True), table("waits-numbers"))), slug="a")


def test_a_long_alternative_text_is_cut_and_given_whole_below():
    alt = "Map. " + " ".join(f"Area {n}: hidden." for n in range(200))
    document = Document(html_of(shown(numbers(alt=alt))))
    (image,) = [e for e in document.all("img") if e["attrs"]["alt"]]
    assert len(image["attrs"]["alt"]) < 700
    assert image["attrs"]["alt"].endswith("The description below the figure goes on.")
    assert alt in document.all("details")[-1]["text"]


def test_everything_is_open_and_written_out_on_paper():
    style = (page_module._TEMPLATE / "style.css").read_text()
    printed = style.partition("@media print")[2]
    assert "details::details-content { content-visibility: visible;" in printed
    assert 'a[href^="https:"]::after { content: " (" attr(href) ")"' in printed
    assert "break-inside: avoid" in printed


def test_on_paper_words_break_in_cells_and_headings_stay_with_what_follows():
    style = (page_module._TEMPLATE / "style.css").read_text()
    printed = style.partition("@media print")[2]
    rules = {
        selector.strip(): body
        for part in re.findall(r"([^{}]+)\{([^{}]*)\}", printed)
        for selector in part[0].split("*/")[-1].split(",")
        for body in part[1:]
        if "break" in body or "wrap" in body
    }
    assert "overflow-wrap: anywhere" in rules["th"]
    assert "overflow-wrap: anywhere" in rules["td"]
    assert "break-after: avoid" in rules[".trend h3"]
    assert "break-after: avoid" in rules[".what"]
    assert "break-before: avoid" in rules[".under"]
    assert ".panels" not in rules  # a measure of many groups may go on overleaf
    assert "break-inside: avoid" in rules[".panels li"]


def test_what_a_page_tells_about_counts_is_named():
    told = {"topic": "staff", "dimensions": ["group"], "cells": [[["Asian"], 12, 12]]}
    payloads = [
        table() | {"counts": [told]},
        figure() | {"counts": [told], "data": table("n") | {"counts": [told]}},
        {"kind": "finding", "sentences": ["One."]},
        {"kind": "finding", "sentences": ["Two."], "counts": [told]},
    ]
    page = read(book(shown(*payloads)), slug="01_waits")
    assert [name for name, _ in page.counts] == [
        "01_waits, table waits",
        "01_waits, figure waits",
        "01_waits, figure waits",
        "01_waits, finding 2",
    ]
    assert all(counts.topic == "staff" for _, counts in page.counts)
    assert "staff" not in html_of(shown(*payloads))  # never published


def test_headings_keep_clear_of_the_anchors_of_tables_and_figures():
    document = Document(html_of(v4.new_markdown_cell("## Table waits"), shown(table())))
    ids = [e["attrs"]["id"] for e in document.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))


def test_an_unsafe_narrow_drawing_is_refused():
    bad = NARROW.replace("<path", "<script/><path")
    with pytest.raises(NotebookError, match="SVG has a <script> element"):
        html_of(drawn(figure(), narrow=bad))


def test_the_policy_allows_the_one_style_block_and_nothing_else(full):
    document = Document(full)
    (meta,) = document.all("meta", **{"http-equiv": "Content-Security-Policy"})
    policy = meta["attrs"]["content"]
    (style,) = re.findall(r"<style>(.*?)</style>", full, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "unsafe" not in policy
    assert not re.search(r"url\(|@import", style)


def test_nothing_is_loaded_and_nothing_runs(full):
    document = Document(full)
    assert not document.all("script", "iframe", "object", "embed", "form", "base")
    for element in document.elements:
        names = element["attrs"].keys()
        assert not any(name.startswith("on") or name == "style" for name in names)
        assert not names & {"poster", "background", "data", "action"}
        for name in names & {"src", "srcset"}:
            address = element["attrs"][name]
            assert re.fullmatch(r"data:image/svg\+xml;base64,[\w+/=]+", address)
        if element["tag"] == "link":
            assert element["attrs"]["href"].startswith("data:")
    links = {e["attrs"]["href"] for e in document.all("a")}
    assert {link for link in links if ":" in link} == {
        "https://law.example/a?b=1&c=2",
        "https://a.example/",
    }
    assert "02_work.html#pay-gaps" in links


def test_nothing_of_the_notebook_but_markdown_and_payloads_is_there(full):
    assert CANARY not in full  # it is in the code and in the other formats of outputs
    assert MIME not in full


def test_text_is_escaped_everywhere():
    attack = "<script>alert(1)</script>\"'"
    html = html_of(
        v4.new_markdown_cell(
            f"## A {attack}\n\n{attack}\n\n<img src=x onerror=alert(1)>\n\n"
            f"`{attack}`\n\n```html\n{attack}\n```\n\n| {attack} |\n|--|\n| {attack} |"
        ),
        shown(table(label=attack, caption=attack)),
        shown(
            figure() | {"alt": attack, "caption": attack, "source": attack},
            {"kind": "finding", "sentences": [attack]},
            {"kind": "note", "text": attack},
            count=2,
        ),
        title=f"# T {attack}",
    )
    document = Document(html)
    assert "<script" not in html
    assert not [e for e in document.all("img") if "onerror" in e["attrs"]]
    assert any(e["text"] == attack for e in document.all("th", scope="row"))
    assert any(e["attrs"].get("alt") == attack for e in document.all("img"))
    assert "Work <b>force</b>" in [e["text"] for e in document.all("a")]


def test_city_and_facts_are_escaped():
    facts = Facts(version="<i>", data_read="<i>", licence="<i>", summary="<i>")
    html = index([], city_name="<i>", period="2026Q1", site=[], facts=facts)
    assert "<i>" not in html


def test_the_page_is_the_same_twice(full):
    assert html_of() == html_of()


# --- The front page ----------------------------------------------------------


def test_front_page_shows_first_findings_limits_and_downloads():
    many = {"kind": "finding", "sentences": [f"Sentence {n}." for n in range(5)]}
    pages = [
        read(
            book(
                shown(table(), many),
                shown({"kind": "finding", "sentences": ["Later."]}, count=2),
                v4.new_markdown_cell("## What this cannot show\n\nNeeds."),
            ),
            slug="01_waits",
        )
    ]
    html = index(
        pages,
        city_name="Sampleton",
        period="2026Q1",
        site=SITE,
        facts=Facts(version="0.1.0", limits=("Requests are not needs.",), min_cell=11),
    )
    document = Document(html)
    assert [e["text"] for e in document.all("h1")] == ["Racial equity in Sampleton"]
    assert "A question for the council." in html
    assert "Later." in html  # it stands alone: a headline
    assert "Sentence 2." not in html
    assert "There is no earlier release to compare this one with." in html
    assert "2 rows in its tables, 1 with a number that is hidden" in html
    assert "Requests are not needs." in html
    assert "Counts of 1 to 10 people" in html
    for target in (
        "tables/waits.csv",
        "tables/findings.csv",
        "datapackage.json",
        "manifest.json",
        "01_waits.html#what-this-cannot-show",
    ):
        assert document.all("a", href=target), target


def test_one_excel_book_is_linked_where_there_is_one():
    about = {"city_name": "S", "period": "2026Q1", "site": [], "facts": Facts("1")}
    book = Document(index([], book="tables/s-2026Q1.xlsx", **about))
    assert book.all("a", href="tables/s-2026Q1.xlsx")
    assert "Excel" not in index([], **about)


def test_notes_are_told_on_the_front_page_under_their_heading():
    cells = [
        v4.new_markdown_cell("## Who waits?"),
        shown({"kind": "note", "text": "No dates were given."}),
    ]
    pages = [read(book(*cells), slug="01_waits")]
    assert [(h.text, text) for h, text in pages[0].notes] == [
        ("Who waits?", "No dates were given.")
    ]
    about = {"city_name": "S", "period": "2026Q1", "site": [], "facts": Facts("1")}
    document = Document(index(pages, **about))
    (link,) = document.all("a", href="01_waits.html#who-waits")
    assert link["text"] == "Who waits?"


def test_intervals_are_explained_at_their_own_level():
    facts = {
        level: Facts(version="1", confidence=level) for level in (0.9, 0.95, 0.999)
    }
    texts = [
        index([], city_name="S", period="2026Q1", site=[], facts=fact)
        for fact in facts.values()
    ]
    for text, words in zip(texts, ("90%", "95%", "99.9%"), strict=True):
        assert f"come with a {words} interval" in re.sub(r"\s+", " ", text)


# --- Small parts -------------------------------------------------------------


def test_periods_slugs_and_addresses_are_checked():
    assert quarter("2025Q4") == "Quarter 4 of 2025"
    for period in ("2025Q5", "2025", "../2025Q1", "2025Q1\n"):
        with pytest.raises(ParamsError):
            quarter(period)
    for slug in ("index", "../a", "A", ""):
        with pytest.raises(ParamsError):
            read(book(), slug=slug)
    with pytest.raises(ParamsError, match="https"):
        Facts(version="1", licence_url="javascript:alert(1)")


def test_links_inside_the_release_are_kept():
    assert checked_link("tables/waits.csv") == "tables/waits.csv"
    assert checked_link("#Who-waits") == "#who-waits"
    assert checked_link("https://a.example/x_(y)") == "https://a.example/x_(y)"


def contrast(one, other):
    """WCAG 2.1, relative luminance and contrast ratio."""

    def luminance(colour):
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_reaches_4_5_for_text_and_3_for_marks():
    style = (page_module._TEMPLATE / "style.css").read_text()
    roots = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(roots) == 3  # light, dark, print
    for root in roots:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))
        for ground in ("paper", "card", "tint"):
            for text in ("ink", "muted", "accent", "link"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
            for mark in ("strong-rule", "focus"):
                if mark in colours:
                    assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


def test_a_narrow_browser_shows_the_styled_page_without_sideways_scrolling(
    full, tmp_path
):
    """WCAG 2.1, 1.4.10 (reflow at 320 px); the policy lets the style block through."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("there is no Chromium on this machine")
    (tmp_path / "page.html").write_text(full, encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        '<!DOCTYPE html><title>-</title><body style="margin:0"><iframe id="f" '
        'src="page.html" style="width:320px;height:600px;border:0"></iframe>'
        "<script>onload = () => { const d = document.getElementById('f')"
        ".contentDocument; document.title = (d.documentElement.scrollWidth <= "
        "f.contentWindow.innerWidth) + ' ' + "
        "getComputedStyle(d.querySelector('.masthead')).borderTopStyle }</script>",
        encoding="utf-8",
    )
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking"
    flags += " --no-first-run --disable-sync --disable-component-update --disable-quic"
    flags += " --allow-file-access-from-files --virtual-time-budget=3000 --dump-dom"
    done = subprocess.run(
        [
            browser,
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "<title>" not in done.stdout:
        pytest.skip("Chromium did not start")
    assert re.search(r"<title>true solid</title>", done.stdout)


def test_what_the_gate_and_its_tables_make_is_taken():
    frame = pd.DataFrame(
        {
            "group": ["Asian", "Black or African American", "White"],
            "events": [4, 300, 1240],
            "population": [100, 1000, 9000],
            "estimate": [0.04, 0.3, 0.1378],
            "conf_low": [0.02, 0.27, 0.13],
            "conf_high": [0.1, 0.33, 0.145],
        }
    )
    published = tables.show(
        protect(frame, lines=None),
        name="staff",
        caption="Staff",
        columns={
            "group": ("Race", "text"),
            "events": ("Staff", "count"),
            "estimate": ("Share", "percent"),
            ("conf_low", "conf_high"): ("95% interval", "percent"),
        },
    )
    bundle = published._repr_mimebundle_()
    output = v4.new_output("display_data", bundle)
    html = html_of(v4.new_code_cell("x", execution_count=1, outputs=[output]))
    assert "30.0%" in html
    assert "hidden" in html
