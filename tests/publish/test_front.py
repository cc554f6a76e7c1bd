"""Front pages: which findings come first, what is said of change, and the trends."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from equity.publish import downloads, front, history, trends
from equity.publish.display import MIME
from equity.publish.manifest import manifest
from equity.publish.page import Facts, index, read
from equity.publish.payload import Headline


def headline(group, estimate, low, high, **more):
    row = {
        "measure": "days to close",
        "group": group,
        "reference": "White",
        "unit": "number",
        "estimate": estimate,
        "low": low,
        "high": high,
        "people_to_parity": None,
        "clear": low is not None and (low > 0 or high < 0),
        "sentence": f"{group} waits {estimate} days more.",
    }
    return row | more


def page(slug, *rows, sentences=None, notes=()):
    finding = {
        "kind": "finding",
        "sentences": sentences or [row["sentence"] for row in rows],
        "rows": list(rows),
    }
    shown = [finding, *({"kind": "note", "text": text} for text in notes)]
    outputs = [v4.new_output("display_data", {MIME: item}) for item in shown]
    cells = [
        v4.new_markdown_cell(f"# The page {slug}\n\nWhat it is.\n\n## Found"),
        v4.new_code_cell("show()", execution_count=1, outputs=outputs),
    ]
    return read(v4.new_notebook(cells=cells), slug=slug)


def write(folder, period, pages, **files):
    """A release as small as one can be: a table of findings and a manifest."""
    content = {"tables/findings.csv": downloads.findings_csv(pages).encode(), **files}
    for name, text in content.items():
        path = folder / period / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    stated = manifest(content, city="sample", period=period)
    (folder / period / "manifest.json").write_bytes(stated)
    return folder / period


WAITS = page(
    "01_waits",
    headline("Asian", 0.1, -1.0, 1.2),
    headline("Black", 3.1, 1.2, 5.0),
    headline("Native", 4.0, 2.0, 6.0),
    headline("Black", -5.0, -7.0, -3.0, measure="closed on time", unit="points"),
)
WORK = page(
    "02_work",
    headline("Asian", -1.9, -2.8, -0.9, people_to_parity=43, unit="points",
             measure="share of the workforce", reference="residents"),
    headline("Hispanic", -9.5, -11.0, -7.9, people_to_parity=212, unit="points",
             measure="share of the workforce", reference="residents"),
)  # fmt: skip
SCHOOL = page(
    "03_school",
    headline("Black", 0.51, 0.39, 0.64, unit="ratio", measure="pass", clear=True),
    headline("Asian", 1.2, 1.1, 1.3, unit="ratio", measure="pass", clear=True),
    headline("Black", -6.0, -18.0, 5.0, unit="points", measure="graduate"),
)


# --- Which findings matter most ----------------------------------------------


def test_pages_take_turns_and_within_them_measures():
    found = front.headlines([WAITS, WORK, SCHOOL])
    assert [(one.page.slug, one.row.measure, one.row.group) for one in found] == [
        ("01_waits", "days to close", "Native"),  # the largest difference
        ("02_work", "share of the workforce", "Hispanic"),  # the most people
        ("03_school", "pass", "Black"),  # a half is farther from one than 1.2
        ("01_waits", "closed on time", "Black"),  # another measure, not another group
        ("02_work", "share of the workforce", "Asian"),
    ]
    assert all(one.row.clear for one in found)


def test_what_is_not_clear_comes_after_all_that_is():
    found = front.headlines([SCHOOL, WAITS], most=99)
    clear = [one.row.clear for one in found]
    assert clear == sorted(clear, reverse=True)
    assert len(found) == len(front.comparisons([SCHOOL, WAITS])) == 7


def test_a_page_without_numbers_gives_its_sentences_last():
    told = page("00_told", sentences=["Nothing clear can be seen."])
    found = front.headlines([told, SCHOOL])
    assert found[-1].sentence == "Nothing clear can be seen."
    assert found[-1].row is None
    assert found[0].page.slug == "03_school"


def test_a_comparison_said_twice_counts_once_in_the_order_of_the_list():
    one, other = (headline(group, 3.0, 1.0, 5.0) for group in ("Black", "Asian"))
    twice = page("01_waits", one, other, one)  # the largest alone, then all
    assert [c.row.group for c in front.comparisons([twice])] == ["Asian", "Black"]


@given(st.permutations(range(3)))
def test_each_page_is_heard_whatever_their_order(order):
    pages = [(WAITS, WORK, SCHOOL)[n] for n in order]
    first = [one.page.slug for one in front.headlines(pages)[:3]]
    assert first == [page.slug for page in pages]


def test_the_front_page_shows_intervals_people_references_and_notes():
    noted = page("04_more", sentences=["One."], notes=["No scores were given."])
    html = index(
        [WAITS, WORK, SCHOOL, noted],
        city_name="Sampleton",
        period="2026Q1",
        site=[],
        facts=Facts(version="1"),
    )
    flat = re.sub(r"\s+", " ", html)
    assert "Hispanic (reference: residents)" in flat
    assert "<dt>People to parity</dt><dd>212</dd>" in flat
    assert "<dt>People to parity</dt><dd>not given</dd>" in flat
    assert 'Residents (on <a href="02_work.html">The page 02_work</a>)' in flat
    assert 'href="04_more.html#found">Found</a>”: No scores were given.' in flat
    assert "All 9 comparisons" in flat
    assert "It does not show what caused them." in flat


# --- What changed -------------------------------------------------------------


@pytest.fixture
def before(tmp_path):
    """The release before: longer waits for two groups, one comparison fewer."""
    earlier = page(
        "01_waits",
        headline("Black", 9.0, 7.0, 11.0),
        headline("Native", 4.5, 2.5, 6.5),
        headline("Pacific", 1.0, 0.5, 1.5),
    )
    return write(tmp_path, "2025Q3", [earlier])


def test_changes_say_both_figures_and_never_that_one_is_significant(before):
    sentences = front.changes([WAITS], before)
    assert sentences[0] == (
        "Days to close, Native: the difference from White was 4.5 (2.5 to 6.5) in "
        "Quarter 3 of 2025; now it is 4.0 (2.0 to 6.0). The two intervals overlap, so "
        "no change is shown."
    )
    assert sentences[1] == (
        "Days to close, Black: the difference from White was 9.0 (7.0 to 11.0) in "
        "Quarter 3 of 2025; now it is 3.1 (1.2 to 5.0). The two intervals do not "
        "overlap."
    )
    assert sentences[-1] == (
        "2 comparisons can be made in both releases: 0 are clear now and were not in "
        "Quarter 3 of 2025, 0 were clear then and are not now. 1 comparison of Quarter "
        "3 of 2025 cannot be made now, and 2 of now could not be made then."
    )
    text = " ".join(sentences).lower()
    assert not re.search(r"signific|improv|worse|better|because|due to", text)


def test_equal_figures_and_ratios_read_as_they_should(tmp_path):
    folder = write(tmp_path, "2025Q3", [SCHOOL])
    sentences = front.changes([SCHOOL], folder)
    assert sentences[0] == (
        "Pass, Black: the ratio to White was 0.51 (0.39 to 0.64) in Quarter 3 of 2025 "
        "and is the same now."
    )
    assert any("−6.0 percentage points (−18.0 to 5.0)" in text for text in sentences)


def test_a_release_that_was_changed_is_not_compared(before):
    path = before / "tables" / "findings.csv"
    path.write_text(path.read_text().replace("9.0", "1.0"))
    (sentence,) = front.changes([WAITS], before)
    assert "not as it was published" in sentence
    assert history.read(before) is None


def test_what_cannot_be_compared_is_said(before, tmp_path):
    assert front.changes([WAITS], None) == [front.FIRST]
    (sentence,) = front.changes([WORK], before)
    assert (
        sentence == "None of the comparisons of Quarter 3 of 2025 is in this release."
    )
    content = {"index.html": b""}
    folder = tmp_path / "2024Q4"
    folder.mkdir()
    (folder / "index.html").write_bytes(b"")
    (folder / "manifest.json").write_bytes(manifest(content, period="2024Q4"))
    (sentence,) = front.changes([WAITS], folder)
    assert "has no findings in numbers" in sentence


def test_the_table_of_findings_is_read_as_it_was_written(tmp_path):
    odd = headline("=cmd", 0.5, None, None, sentence='-1 is, "quoted"\nhere')
    folder = write(tmp_path, "2025Q3", [page("01_waits", odd), WORK])
    found = history.read(folder).found
    wanted = front.comparisons([page("01_waits", odd), WORK])
    assert list(found.values()) == [one.row for one in wanted]
    assert list(found) == [one.key for one in wanted]
    assert history.parse("a,b\n1,2") is None
    assert history.parse(",".join(sorted(history.COLUMNS)) + "\nx" * 11) is None


# --- A city -------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture
def quarters(tmp_path):
    shifts = {"2024Q4": 0.0, "2025Q1": 1.0, "2025Q4": 0.5}
    for period, shift in shifts.items():
        rows = [
            headline(group, estimate + shift, low + shift, high + shift)
            for group, estimate, low, high in (
                ("Asian", 0.1, -1.0, 1.2),
                ("<b>Black</b>", 3.1, 1.2, 5.0),
            )
        ]
        write(tmp_path, period, [page("01_waits", *rows)])
    return sorted(tmp_path.iterdir())


def test_a_city_lists_its_quarters_newest_first_and_draws_them(quarters):
    html = front.city(quarters, city_name="Sampleton <i>")
    tags = Tags(html)
    links = [a["href"] for a in tags.all("a") if "/" in a["href"]]
    assert links == [f"{q}/index.html" for q in ("2025Q4", "2025Q1", "2024Q4")]
    assert "<i>" not in html
    assert "<b>Black" not in html
    pictures = tags.all("svg")
    assert len(pictures) == 2
    assert all(picture["role"] == "img" for picture in pictures)
    assert pictures[0]["aria-label"] == (
        "Asian. Quarter 4 of 2024: 0.1 (−1.0 to 1.2), no clear difference. Quarter 1 "
        "of 2025: 1.1 (0.0 to 2.2), no clear difference. Quarter 4 of 2025: 0.6 (−0.5 "
        "to 1.7), no clear difference."
    )
    assert html.count("2.2)") == 2  # in the picture's words and in the table
    assert html.count("<h1") == len(tags.all("main")) == 1
    ids = [attrs["id"] for _, attrs in tags.found if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_city_page_loads_nothing_and_runs_nothing(quarters):
    html = front.city(quarters, city_name="Sampleton")
    tags = Tags(html)
    assert not tags.all("script")
    (policy,) = (m["content"] for m in tags.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert all(image["src"].startswith("data:") for image in tags.all("img"))
    assert not any(
        name.startswith("on") or name == "style"
        for _, attrs in tags.found
        for name in attrs
    )


def test_neighbouring_quarters_are_joined_and_others_are_not(quarters):
    (trend,) = trends.draw([history.read(folder) for folder in quarters])
    asian = trend.panels[0]
    assert len(asian.marks) == 3
    assert len(asian.lines) == 1  # between 2025Q1 and 2025Q4 two are missing
    first, second, last = (mark.x for mark in asian.marks)
    assert (second - first) * 3 == pytest.approx(last - second, abs=0.3)
    assert [mark.clear for mark in trend.panels[1].marks] == [True] * 3


def test_every_mark_lies_in_its_picture_and_higher_is_up():
    rows = {
        period: {
            history.key("p", row): row
            for row in (
                Headline(**headline("A", size, size - reach, size + reach)),
                Headline(**headline("B", 1.0, None, None)),
            )
        }
        for period, size, reach in (("2025Q1", 1.0, 900.0), ("2025Q2", 2.0, 0.1))
    }
    (trend,) = trends.draw([history.Release(p, found) for p, found in rows.items()])
    marks = [mark for panel in trend.panels for mark in panel.marks]
    places = [place for mark in marks for place in (mark.y, mark.low, mark.high)]
    assert all(0 <= place <= trends.HEIGHT for place in [*places, trend.parity])
    low, high = trend.panels[0].marks
    assert high.y < low.y < trend.parity
    assert trend.rows[0] == ("A", ("1.0 (−899.0 to 901.0)", "2.0 (1.9 to 2.1)"))


def test_one_quarter_is_listed_and_not_drawn(quarters):
    html = front.city(quarters[:1], city_name="Sampleton")
    assert "<svg" not in html
    assert "begin with the second report" in html


def test_a_changed_release_is_named_and_not_linked(quarters):
    (quarters[0] / "index.html").write_text("added")
    html = front.city(quarters, city_name="Sampleton")
    assert 'href="2024Q4' not in html
    assert "not as published: 2024Q4." in re.sub(r"\s+", " ", html)
