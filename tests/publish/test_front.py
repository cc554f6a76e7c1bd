"""Front pages: which findings come first, what is said of change, and the trends."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from equity.publish import display, downloads, front, history, trends
from equity.publish.display import MIME
from equity.publish.manifest import manifest
from equity.publish.page import Facts, index, read, render
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
        "clear": None if low is None else low > 0 or high < 0,
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


def write(folder, period, pages, **stated):
    """A release as small as one can be: a table of findings and a manifest."""
    content = {"tables/findings.csv": downloads.findings_csv(pages).encode()}
    for name, text in content.items():
        path = folder / period / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    written = manifest(content, city="sample", period=period, **stated)
    (folder / period / "manifest.json").write_bytes(written)
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
        "2 comparisons were measured in both releases, with the same verdict in each. "
        "1 comparison of Quarter 3 of 2025 is not shown in this release, and 2 of this "
        "release were not shown then."
    )
    text = " ".join(sentences).lower()
    assert not re.search(r"signific|improv|worse|better|because|due to", text)


def test_equal_figures_are_no_news(tmp_path):
    folder = write(tmp_path, "2025Q3", [SCHOOL])
    assert front.changes([SCHOOL], folder) == [
        "3 comparisons were measured in both releases, with the same verdict in each."
    ]


def test_ratios_and_points_read_as_they_should(tmp_path):
    before = page(
        "03_school",
        headline("Black", 0.4, 0.3, 0.5, unit="ratio", measure="pass", clear=True),
        headline("Black", -9.0, -12.0, -6.0, unit="points", measure="graduate"),
    )
    sentences = front.changes([SCHOOL], write(tmp_path, "2025Q3", [before]))
    assert sentences[0] == (
        "Pass, Black: the ratio to White was 0.40 (0.30 to 0.50) in Quarter 3 of 2025; "
        "now it is 0.51 (0.39 to 0.64). The two intervals overlap, so no change is "
        "shown."
    )
    assert "now it is −6.0 percentage points (−18.0 to 5.0)" in sentences[1]
    assert sentences[-1] == (
        "2 comparisons were measured in both releases: 0 are clear now and were not in "
        "Quarter 3 of 2025, 1 was clear then and is not now. 1 comparison of this "
        "release was not shown in Quarter 3 of 2025."
    )


def timed(when, *estimates):
    """A page of shares, each group's as far from parity as it is said."""
    return page(
        "02_work",
        *(
            headline(group, size, size - 1, size + 1, unit="points", when=when,
                     measure="share of the workforce", reference="residents")
            for group, size in zip(("Asian", "Hispanic"), estimates, strict=True)
        ),
    )  # fmt: skip


def test_what_was_not_measured_again_is_not_compared(tmp_path):
    on = "31 December 2025"
    folder = write(tmp_path, "2025Q4", [timed(on, -1.9, -9.5)])
    assert front.changes([timed(on, -1.9, -9.5)], folder) == [
        "This release and that of Quarter 4 of 2025 use the same data (31 December "
        "2025) for: share of the workforce. It was not measured again."
    ]
    (sentence,) = front.changes([timed(on, -1.9, -9.0)], folder)
    assert sentence.endswith(
        "are of the same time (31 December 2025) in: share of the workforce. 1 "
        "comparison is revised; that is no change over time."
    )
    sentences = front.changes([timed("31 March 2026", -1.9, -9.0)], folder)
    assert sentences[0] == (
        "Share of the workforce, Hispanic: the difference from residents was −9.5 "
        "percentage points (−10.5 to −8.5) in Quarter 4 of 2025 (31 December 2025); "
        "now (31 March 2026) it is −9.0 percentage points (−10.0 to −8.0). The two "
        "intervals overlap, so no change is shown."
    )


def test_what_was_not_measured_again_has_one_dot(tmp_path):
    dates = {
        "2025Q1": ("31 December 2024", -8.0),
        "2025Q2": ("31 December 2024", -9.0),
        "2025Q3": ("30 June 2025", -7.0),
    }
    releases = [
        history.read(write(tmp_path, period, [timed(when, -1.0, size)]))
        for period, (when, size) in dates.items()
    ]
    (trend,) = trends.draw(releases)
    _, hispanic = trend.panels
    assert [mark.x for mark in hispanic.marks] == [trends.LEFT, trends.RIGHT]
    assert hispanic.lines == ()  # half a year apart
    assert trend.rows[1][1] == (
        "−9.0 (−10.0 to −8.0)",  # as it was revised
        trends.AGAIN,
        "−7.0 (−8.0 to −6.0)",
    )
    (trend,) = trends.draw(releases[:2])
    assert [len(panel.marks) for panel in trend.panels] == [1, 1]
    assert trend.panels[1].latest == "−9.0 (−10.0 to −8.0)"


def test_without_an_interval_nothing_is_judged(tmp_path):
    bare = headline("Asian", 2.0, None, None, clear=None)
    pages = [page("01_waits", bare)]
    folder = write(tmp_path, "2025Q3", pages)
    (row,) = history.read(folder).found.values()
    assert row.clear is None
    written = downloads.findings_csv(pages).splitlines()[1]
    assert ',"","","","","Asian waits' in written
    later = write(tmp_path, "2025Q4", pages)
    (trend,) = trends.draw([history.read(folder), history.read(later)])
    assert "2.0, no interval is known" in trend.panels[0].alt
    html = index(pages, city_name="S", period="2026Q1", site=[], facts=Facts("1"))
    assert "<dd>no interval known</dd>" in html
    assert "0 with a clear difference" in front.city([folder], city_name="S")


def test_other_settings_are_named_and_nothing_is_judged(tmp_path):
    then = {"confidence": 0.9, "quarters": 4, "race_standard": "omb1997"}
    early = page("01_waits", headline("Black", 9.0, 7.0, 11.0))
    folder = write(tmp_path, "2025Q3", [early], params=then, policy={"min_cell": 10})
    now = {**then, "confidence": 0.95, "rounding": 5, "min_cell": 5}
    sentences = front.changes([WAITS], folder, now)
    assert sentences[0] == (
        "The two releases have other settings: the level of the intervals was 90% in "
        "Quarter 3 of 2025 and is 95% now; the smallest count shown was 10 in Quarter "
        "3 of 2025 and is 5 now. So their figures stand side by side, and no change is "
        "judged."
    )
    assert "overlap" not in " ".join(sentences)
    assert "verdict" not in " ".join(sentences)
    only = front.changes([WAITS], folder, {**then, "min_cell": 5})
    assert "no change is judged" not in only[0]
    assert "do not overlap" in only[1]
    html = index([WAITS], city_name="S", period="2025Q4", site=[], facts=Facts("1"),
                 previous=folder)  # fmt: skip
    assert "was 90% in Quarter 3 of 2025 and is 95% now" in html


def test_no_line_joins_reports_of_other_settings(tmp_path):
    levels = {"2025Q1": 0.9, "2025Q2": 0.95, "2025Q3": 0.95}
    folders = [
        write(tmp_path, period, [WAITS], params={"confidence": level})
        for period, level in levels.items()
    ]
    trend, *_ = trends.draw([history.read(folder) for folder in folders])
    assert all(len(panel.marks) == 3 for panel in trend.panels)
    assert all(len(panel.lines) == 1 for panel in trend.panels)
    html = front.city(folders, city_name="S")
    assert (
        "Quarter 1 of 2025 to Quarter 2 of 2025: the level of the intervals was 90% and"
        in html
    )
    assert "with its 95% interval" not in html  # not of all three
    assert "with its 95% interval" in front.city(folders[1:], city_name="S")
    assert "Above the dashed line: longer for the group than for White." in html


# --- A report in which nothing is compared ------------------------------------


@pytest.fixture
def counted():
    """What a city with a roster alone has: one page with counts, one without data."""
    table = {
        "kind": "table", "name": "staff", "caption": "Staff",
        "columns": [{"name": "n", "label": "People", "type": "count"}],
        "rows": [[{"value": 40, "text": "40"}]],
    }  # fmt: skip
    missing = {"kind": "note", "text": display.NO_DATA}

    def made(slug, *shown):
        cells = [v4.new_markdown_cell(f"# The page {slug}")]
        for number, item in enumerate(shown):
            output = v4.new_output("display_data", {MIME: item})
            cells += [
                v4.new_markdown_cell(f"## Part {number}"),
                v4.new_code_cell("show()", execution_count=1, outputs=[output]),
            ]
        return read(v4.new_notebook(cells=cells), slug=slug)

    return [made("02_work", table, missing), made("03_school", missing, missing)]


def test_a_report_without_comparisons_says_so(counted):
    html = index(counted, city_name="S", period="2026Q1", site=[], facts=Facts("1"))
    flat = re.sub(r"\s+", " ", html)
    assert "No comparison could be made in this report: not all the data" in flat
    assert "Who is compared with whom" not in flat
    assert "findings.csv</a> has no rows this time" in flat
    assert "holds every comparison" not in flat
    assert "How these were chosen" not in flat
    assert flat.count("No data were given for this page.") == 1
    assert flat.count("<b>Not all the data it needs were given.</b>") == 1
    assert flat.count("nothing in its tables is hidden") == 1
    assert flat.count(display.NO_DATA) == 1  # under the page that has a table
    assert "no data were given for it" in flat


def test_a_remark_is_made_once_with_all_its_headings():
    noted = page("04_more", sentences=["One."], notes=["Nothing."])
    again = replace(noted, blocks=(*noted.blocks, *noted.blocks[-1:]))
    (one,) = front.unknown([again])
    assert [text for _, text in one.notes] == ["Nothing."]


def test_chance_and_the_level_are_said(tmp_path):
    def said(confidence, *pages):
        html = index(
            pages, city_name="S", period="2026Q1", site=[],
            facts=Facts("1", confidence=confidence),
        )  # fmt: skip
        return re.sub(r"\s+", " ", html)

    rows = [headline(f"Group {n}", 3.0, 1.0, 5.0) for n in range(40)]
    many = said(0.95, page("01_waits", *rows))
    assert (
        "about 1 in 20 of such intervals misses the value that it is for: of the 40 "
        "comparisons of this report, about 2." in many
    )
    assert "with a 95% interval" in many
    few = said(0.8, WORK)
    assert "with an 80% interval" in few
    assert "about 1 in 5 of such intervals misses the value that it is for." in few


def test_people_to_parity_are_said_for_what_they_are():
    html = index([WORK], city_name="S", period="2026Q1", site=[], facts=Facts("1"))
    assert "at the same size of the workforce, in place of others" in html
    assert "all else the same" not in html


def test_the_time_is_in_the_label():
    html = index([timed("31 December 2025", -1.0, -9.0)], city_name="S",
                 period="2026Q1", site=[], facts=Facts("1"))  # fmt: skip
    assert (
        "Share of the workforce, 31 December 2025: Hispanic (reference: residents)"
        in html
    )


@pytest.mark.parametrize("there", [True, False])
def test_pages_lead_to_all_quarters_where_there_is_such_a_page(there):
    about = {"city_name": "S", "period": "2026Q1", "site": [], "facts": Facts("1")}
    for html in (
        index([WORK], **about, city_page=there),
        render(WORK, slug="02_work", **about, city_page=there),
    ):
        links = [a["href"] for a in Tags(html).all("a")]
        assert links.count("../index.html") == there
    assert "../" not in front.city([], city_name="S")


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


def test_no_two_pictures_have_one_title():
    """Each is a region of the page, and regions of one name cannot be told apart."""
    rows = [
        Headline(**headline("A", 1.0, 0.5, 1.5, **more))
        for more in (
            {"measure": "share of employees", "reference": "residents"},
            {"measure": "share of employees", "reference": "the labour force"},
            {"measure": "rate", "unit": "ratio"},
            {"measure": "rate", "unit": "points"},
            {"measure": "pay"},
        )
    ]
    found = {history.key("p", row): row for row in rows}
    drawn = trends.draw([history.Release(p, found) for p in ("2025Q1", "2025Q2")])
    assert [trend.measure for trend in drawn] == [
        "share of employees, beside residents",
        "share of employees, beside the labour force",
        "rate, beside White: ratio to White",
        "rate, beside White: difference from White in percentage points",
        "pay",
    ]


def test_one_quarter_is_listed_and_not_drawn(quarters):
    html = front.city(quarters[:1], city_name="Sampleton")
    assert "<svg" not in html
    assert "begin with the second report" in html


def test_a_changed_release_is_named_and_not_linked(quarters):
    (quarters[0] / "index.html").write_text("added")
    html = front.city(quarters, city_name="Sampleton")
    assert 'href="2024Q4' not in html
    assert "not as published: 2024Q4." in re.sub(r"\s+", " ", html)
