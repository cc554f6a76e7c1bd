"""Attacks on a finished release: none may win, and the release must stay useful.

Each test plays one published attack (its number is that of the collection of attacks
which the guide of these tests names) with the true counts at hand, against the files
that a reader has. ``planted.py`` says what was planted.
"""

import base64
import re

import numpy as np
from scipy import stats

from equity.publish import canvas
from tests.attacks import planted
from tests.attacks.reader import (
    Document,
    datapackage,
    everything,
    number,
    numbers,
    span,
)

SMALL = range(1, 10)
STRIP = canvas.STRIP.lower()


def shown_and_hidden(rows, *labels):
    """Counts by label: those that are shown, and the labels of those that are not."""
    cells = {tuple(r[n] for n in labels): number(r["events"]) for r in rows}
    hidden = [key for key, n in cells.items() if n is None]
    return {key: n for key, n in cells.items() if n is not None}, hidden


def utility(true, shown):
    """Share of the counts that are not small which are still shown."""
    large = [key for key, n in true.items() if n not in SMALL]
    return sum(key in shown for key in large) / len(large)


# --- 1: small counts themselves -----------------------------------------------------


def test_01_no_planted_cell_is_printed_in_any_file(table, release):
    true = planted.staff()
    rows = table("staff")
    shown, hidden = shown_and_hidden(rows, "department", "group")
    small = [key for key, n in true.items() if n in SMALL]
    assert len(small) >= 12
    assert set(small) <= set(hidden)
    for row in rows:  # nor a share or an interval of one
        if (row["department"], row["group"]) in small:
            assert not row["estimate"] + row["conf_low"] + row["conf_high"]
    page = Document((release / f"{planted_page()}.html").read_text("utf-8"))
    table_text = " ".join(page.text)
    assert "hidden" in table_text
    assert utility(true, shown) >= 0.5


def planted_page():
    return "02_workforce_representation"


def test_01_zeros_follow_the_stated_policy(table):
    """Zeros are shown by default; a zero may be hidden only to cover a small count."""
    shown, _ = shown_and_hidden(table("staff"), "department", "group")
    assert all(n not in SMALL for n in shown.values())


# --- 2, 3, 5: subtraction, programs, linked tables ------------------------------------


def test_02_a_total_gives_no_hidden_count_away(table):
    shown, hidden = shown_and_hidden(table("row"), "group")
    total = number(table("row-total")[0]["events"])
    assert total == sum(planted.ROW.values())
    everybody = [(g,) for g in planted.ROW]
    low, high = span(("AIAN",), shown, hidden, [(everybody, total)])
    assert high > low
    assert len(shown) >= 2


def test_03_no_small_count_of_a_square_is_exact_under_its_sums(table):
    shown, hidden = shown_and_hidden(table("square"), "across", "down")
    true = planted.SQUARE
    sums = [
        ([key for key in true if key[side] == label], None)
        for side in (0, 1)
        for label in {key[side] for key in true}
    ]
    sums = [(parts, sum(true[key] for key in parts)) for parts, _ in sums]
    for key in hidden:
        low, high = span(key, shown, hidden, sums)
        assert high > low or low not in SMALL
    low, high = span(("y", "c"), shown, hidden, sums)
    assert high - low >= 4
    assert utility(true, shown) >= 0.6


def test_03_staff_under_all_their_margins(table):
    """The table of departments by race, with both of its margins published."""
    true = planted.staff()
    shown, hidden = shown_and_hidden(table("staff"), "department", "group")
    groups, hidden_groups = shown_and_hidden(table("staff-groups"), "group")
    departments, _ = shown_and_hidden(table("staff-departments"), "department")
    shown |= {("", *key): n for key, n in groups.items()}
    hidden += [("", *key) for key in hidden_groups]
    every = [d for (d,) in departments]
    sums = [([(d, g) for g in planted.GROUPS], departments[(d,)]) for d in every] + [
        ([("", g) for g in planted.GROUPS], sum(departments.values()))
    ]
    for group in planted.GROUPS:
        column = [(d, group) for d in every]
        if (group,) in groups:
            sums.append((column, groups[(group,)]))
    exact = []
    for key in hidden:
        low, high = span(key, shown, hidden, sums)
        if low == high and low in SMALL:
            exact.append(key)
    assert not exact
    people = sum(n for key, n in true.items() if key in shown)
    assert people / sum(true.values()) >= 0.8


def test_05_tables_that_share_cells_give_none_away_together(table):
    """Every area is small; of the totals, those that tell no area stay in sight."""
    hidden, shown = set(), {}
    for name in ("county", "size"):
        part, blank = shown_and_hidden(table(f"areas-{name}"), "area")
        assert not any(n in SMALL for n in part.values())
        shown |= part
        hidden |= set(blank)
    assert not hidden & set(shown)  # what one table hides, the other does not show
    totals = {}
    for name in ("counties", "sizes"):
        totals |= shown_and_hidden(table(name), "area")[0]
    assert totals
    assert not any(n in SMALL for n in totals.values())
    sets = planted.COUNTIES | planted.SIZES
    sums = [([(a,) for a in sets[name]], n) for (name,), n in totals.items()]
    sums.append(([(a,) for a in planted.AREAS], sum(planted.AREAS.values())))
    for key in hidden:
        low, high = span(key, shown, sorted(hidden), sums)
        assert high - low >= 4


# --- 7, 9, 10, 18: rates, quantiles, everybody, intervals ----------------------------


def test_07_no_percentage_and_denominator_fit_one_small_numerator(table):
    for row in table("hired"):
        if row["estimate"] and row["population"]:
            n = int(row["population"])
            fits = [
                k
                for k in range(n + 1)
                if f"{100 * k / n:.1f}" == f"{float(row['estimate']):.1f}"
            ]
            assert not set(fits) <= set(SMALL)
    shown = {row["group"]: row["estimate"] for row in table("hired")}
    assert shown["Native"] == ""
    assert shown["White"] == "23.3"


def test_09_pay_has_no_extremes_and_medians_of_enough_people_only(table, release):
    rows = {row["group"]: row for row in table("paid")}
    assert rows["Native"]["median"] == ""
    assert float(rows["White"]["median"]) % 1000 == 0
    single = {str(p) for p in planted.pay()["pay"]}
    for text in everything(release).values():
        assert not single & {n.split(".")[0] for n in numbers(text)}
    fields = (
        {
            f["name"]
            for r in datapackage(release)["resources"]
            for f in r["schema"]["fields"]
        }
        if True
        else set()
    )
    assert not fields & {"min", "max", "minimum", "maximum", "outlier"}


def test_10_nobody_and_everybody_are_coded_by_size(table):
    """NCES 2011-603: at 300 and more 99 and 1 percent at most; coarser below."""
    rows = {row["group"]: row for row in table("below")}
    assert all(float(r["estimate"] or 50) not in (0, 100) for r in rows.values())
    assert rows["Native"]["estimate"] == ""
    coded = re.search(r"(\d+)% or more", rows["Black"]["note"])
    assert coded
    assert int(coded[1]) <= 99
    assert rows["White"]["estimate"] == "37.5"


def test_18_no_interval_fits_one_small_numerator(table):
    """Every pair of counts under 400 is tried against each rate and its interval."""
    n = np.arange(1, 400)
    k, n = (side.ravel() for side in np.meshgrid(np.arange(400), n))
    k, n = k[k <= n], n[k <= n]
    z = stats.norm.ppf(0.975)
    middle, half = (
        (k + z * z / 2) / (n + z * z),
        z * np.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z),
    )
    told = [np.round(100 * x, 1) for x in (k / n, middle - half, middle + half)]
    tried = 0
    for row in table("hired-rates"):
        texts = [row[c] for c in ("estimate", "conf_low", "conf_high")]
        if all(texts):
            fits = np.all(
                [
                    np.abs(t - float(x)) < 0.051
                    for t, x in zip(told, texts, strict=True)
                ],
                axis=0,
            )
            assert fits.sum() == 0 or fits.sum() >= 5 or k[fits].min() >= 10
            tried += 1
    assert tried


# --- 12, 15, 16: time, race categories, geography -------------------------------------


def test_12_the_year_to_date_and_the_quarter_are_not_both_free(releases, table):
    before, _ = shown_and_hidden(table("to-date", releases[0]), "group")
    now, _ = shown_and_hidden(table("to-date", releases[1]), "group")
    quarter, hidden = shown_and_hidden(table("this-quarter", releases[1]), "group")
    assert ("AIAN",) in hidden
    true = {
        g: n - planted.TO_DATE["2025Q3"][g]
        for g, n in planted.TO_DATE["2025Q4"].items()
    }
    assert true["AIAN"] in SMALL
    assert not (("AIAN",) in before and ("AIAN",) in now)
    everybody = [(g,) for g in true]
    blank = [key for key in everybody if key not in quarter]
    free = {
        key: now[key] - before[key] for key in everybody if key in now and key in before
    }
    assert all(free.get(key, n) == n for key, n in quarter.items())
    known = quarter | free
    hidden = [key for key in blank if key not in known]
    low, high = span(("AIAN",), known, hidden, [(everybody, sum(true.values()))])
    assert high > low
    assert before, now


def test_15_alone_and_in_combination_leave_no_difference(table):
    alone, _ = shown_and_hidden(table("alone"), "group")
    combined, _ = shown_and_hidden(table("combined"), "group")
    both = set(alone) & set(combined)
    differences = {key: combined[key] - alone[key] for key in both}
    assert not set(differences.values()) & set(SMALL)
    assert ("NHPI",) in set(alone) | set(combined)
    assert {("Asian",), ("White",)} <= both


def test_16_overlapping_areas_leave_no_difference(table):
    ward = number(table("ward")[0]["events"])
    near = number(table("neighbourhood")[0]["events"])
    assert (ward is None) != (near is None)  # one of them, not both


# --- 20, 22, 29: figures, maps, hidden parts ---------------------------------------


def drawings(folder, name):

    page = Document((folder / f"{planted_page()}.html").read_text("utf-8"))
    sources = [v for _, a, v in page.attributes if a in ("src", "srcset")]
    plain = [
        base64.b64decode(v.split(",", 1)[1]).decode() for v in sources if "svg+xml" in v
    ]
    return [svg for svg in plain if name in svg]


def test_20_hidden_bars_have_one_shape(release):
    """The strips of hidden rows begin and end at the same places, whatever they hide.

    Text is drawn as outlines, so the strips are the only marks of a hidden row.
    """
    hidden = [g for g, n in planted.BARS.items() if n in SMALL]
    for svg in drawings(release, "bars-figure"):
        strips = [
            re.findall(r"-?\d+\.?\d*", path)
            for path, style in re.findall(r'<path d="([^"]*)"[^>]*style="([^"]*)"', svg)
            if STRIP in style
        ]
        assert len(strips) >= len(hidden)
        assert len({tuple(sorted(set(strip[0::2]))) for strip in strips}) == 1
        heights = [np.ptp([float(y) for y in strip[1::2]]) for strip in strips]
        assert max(heights) - min(heights) < 0.01


def test_22_no_file_holds_points_of_people(release):
    for name, text in everything(release).items():
        pairs = re.findall(r"-?\d{1,3}\.\d{4,},\s*-?\d{1,3}\.\d{4,}", text)
        assert not pairs, name
        assert not re.search(r"latitude|longitude|\"coordinates\"", text), name


def test_29_nothing_hidden_in_attributes_or_order(release):
    true = planted.staff()
    page = Document((release / f"{planted_page()}.html").read_text("utf-8"))
    assert not page.comments
    assert not [a for _, a, _ in page.attributes if a.startswith("data-")]
    for _, name, value in page.attributes:
        if name in ("title", "aria-label", "alt"):
            for (department, group), n in true.items():
                if n in SMALL:
                    assert not re.search(
                        rf"{department}[^.;]*{group}[^.;]*\b{n}\b[^.%]", value
                    )
    assert not [v for _, a, v in page.attributes if a == "style"]


def test_29_rows_of_hidden_counts_are_in_the_declared_order(table):
    hidden = shown_and_hidden(table("staff"), "department", "group")[1]
    for department in planted.DEPARTMENTS:
        order = [g for d, g in hidden if d == department]
        assert order == [g for g in planted.GROUPS if g in order]


# --- 30: downloads -------------------------------------------------------------------


def test_30_downloads_hold_no_number_that_the_page_hides(release):
    page = set()
    for path in release.glob("*.html"):
        page |= numbers(
            " ".join(Document(path.read_text("utf-8")).text).replace(
                "\N{MINUS SIGN}", "-"
            )
        )
    plain = {float(n) for n in page}
    for path in (release / "tables").glob("*.csv"):
        for row in path.read_text("utf-8").splitlines()[1:]:
            for text in re.findall(r"(?:^|,)(-?\d+(?:\.\d+)?)(?=,|$)", row):
                assert abs(float(text)) in plain, path.name


def test_30_the_book_has_no_hidden_sheet_and_no_more_than_the_tables(release):
    import openpyxl

    (path,) = (release / "tables").glob("*.xlsx")
    book = openpyxl.load_workbook(path)
    assert {sheet.sheet_state for sheet in book} == {"visible"}
    assert not book.properties.lastModifiedBy
    values = {
        float(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, int | float)
    }
    tables = "\n".join(p.read_text("utf-8") for p in (release / "tables").glob("*.csv"))
    assert values <= {float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", tables)}
