"""Further reports: each rule by hand, and the engines against plain Python."""

import numpy as np
import pandas as pd
import pytest

from equity import race
from equity.errors import ParamsError
from equity.prepare import reduce, sources
from equity.prepare.engine import reports
from tests.prepare import oracle_reports, oracle_requests
from tests.prepare.test_reduce import AREAS, COLUMNS, GOOD, SOURCE, WITHOUT_STATUS

OMB = race.standard("omb1997")
NUMBERED = {"columns": COLUMNS | {"duplicate_of": "Name"}, "reports": "duplicate_of"}
PLACED = {"reports": "same place"}
NAMED = {"State": "Twice", "To": ""}


@pytest.fixture
def count(tmp_path):
    """Count rows that differ from a good one, which is the first and names nothing."""

    def counted(*rows, period="2025Q4", quarters=1, **changes):
        source = SOURCE.model_copy(update=NUMBERED | changes)
        table = pd.DataFrame(
            [GOOD | {"ID": str(i), "Name": ""} | row for i, row in enumerate(rows)]
        )
        table.to_csv(tmp_path / source.file, index=False)
        return reduce.requests(
            source,
            folder=tmp_path,
            areas=AREAS,
            period=period,
            quarters=quarters,
            standard=OMB,
        )

    return counted


def cells(found):
    """List days, duplicates and incidents, rounded."""
    table = found.reports
    assert list(table) == reduce.REPORTS
    requests = found.counts[["closed", "censored"]].to_numpy().sum()
    assert table["incidents"].sum() == requests
    columns = (table["days"].round(2), table["duplicates"], table["incidents"])
    return list(zip(*columns, strict=True))


def notes(found):
    return {
        rule: rows for action, rule, rows in found.ledger.entries if action == "noted"
    }


def test_a_report_is_counted_in_the_window_of_its_request(count):
    """From 1 to 4 October: on the first and the last day, and not on the next."""
    days = ["2025-10-01", "2025-10-04", "2025-10-05"]
    found = count({}, *[NAMED | {"Name": "0", "From": day} for day in days], {})
    assert cells(found) == [(3.0, 0, 1), (3.0, 2, 1)]
    assert notes(found) == {reports.LINKED: 2, reports.LATE: 1}
    aside = "the city marked it a duplicate of another request"
    assert ("set aside", aside, 3) in found.ledger.entries


@pytest.mark.parametrize(
    ("row", "days"),
    [
        ({"To": "2025-10-01"}, 0.33),  # two moments of a day: a third of it apart
        ({"To": "2025-10-02"}, 1.0),
        ({"State": "Waiting", "To": ""}, 91.5),  # until 31 December ends
        ({"State": "Waiting", "To": "", "From": "2025-12-31"}, 0.5),
    ],
)
def test_days_without_times(count, row, days):
    assert cells(count(row)) == [(days, 0, 1)]


@pytest.mark.parametrize(
    ("opened", "closed", "days"),
    [
        ("2025-10-01 08:00", "2025-10-01 20:00", 0.55),  # half a day: the sixth tenth
        ("2025-10-01 08:00", "2025-10-03 00:00", 2.0),  # a closing without a time
        ("2025-10-01 00:00", "2025-10-03 12:00", 2.0),  # an opening without one
        ("2025-10-01 08:00", "2025-10-01 08:00", 0.05),  # never none
        ("2025-10-01 12:00", "", 91.55),
    ],
)
def test_times_count_to_a_tenth_of_a_day(count, opened, closed, days):
    state = {"State": "Done" if closed else "Waiting"}
    row = {"From": opened, "To": closed} | state
    assert cells(count(row, date_format="%Y-%m-%d %H:%M")) == [(days, 0, 1)]


def test_times_decide_whether_a_report_came_in_time(count):
    rows = [
        NAMED | {"Name": "0", "From": f"2025-10-0{at}"}
        for at in ("1 08:01", "2 19:59", "2 20:01", "2 00:00")
    ]
    window = {"From": "2025-10-01 08:00", "To": "2025-10-02 20:00"}
    found = count(window, *rows, date_format="%Y-%m-%d %H:%M")
    assert cells(found) == [(1.55, 3, 1)]  # the last has no time, and its day is open


def test_a_window_is_no_longer_than_declared(count):
    report = NAMED | {"Name": "0"}
    rows = [report | {"From": day} for day in ("2025-10-11", "2025-10-12")]
    found = count({"To": "2025-12-01"}, *rows, report_window=10)
    assert cells(found) == [(10.5, 1, 1)]
    exact = count({"To": "2025-10-11"}, *rows, report_window=10)
    assert cells(exact) == [(10.0, 1, 1)]


def test_reports_of_reports_are_reports_of_the_first(count):
    report = NAMED | {"From": "2025-10-02"}
    rows = [report | {"Name": str(i), "Lat": f"50.{i + 100}"} for i in range(40)]
    found = count({}, *rows)
    assert cells(found) == [(3.0, 40, 1)]


def test_names_that_run_in_a_circle_are_set_aside_and_said(count):
    one, other = NAMED | {"Name": "2"}, NAMED | {"Name": "1"}
    found = count({}, one, other, NAMED | {"Name": "1"})
    assert cells(found) == [(3.0, 0, 1)]
    assert notes(found) == {reports.CIRCLE: 3}
    assert ("noted", reports.CIRCLE, ["2", "3", "4"]) in (found.ledger.found)


def test_a_request_that_names_itself_is_none(count):
    found = count({"Name": "0"}, NAMED | {"Name": "1"}, NAMED | {"Name": "0"})
    assert cells(found) == [(3.0, 1, 1)]
    assert notes(found) == {reports.UNNAMED: 1, reports.LINKED: 1}


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        ({"Lat": ""}, reports.ASIDE),
        ({"State": "Void"}, reports.ASIDE),
        ({"From": "2025-09-30"}, reports.OTHERS),
        ({"ID": "17"}, reports.MISSING),
    ],
)
def test_reports_of_what_is_not_counted_are_said(count, of, rule):
    found = count(of, NAMED | {"Name": "0", "From": "2025-10-02"}, {})
    assert {duplicates for _, duplicates, _ in cells(found)} == {0}
    assert notes(found) == {rule: 1}


def test_cancelled_and_repeated_reports_do_not_count(count):
    report = NAMED | {"Name": "0", "From": "2025-10-02"}
    found = count(
        {}, report | {"State": "Void"}, report | {"ID": "9"}, report | {"ID": "9"}
    )
    assert cells(found) == [(3.0, 1, 1)]
    assert notes(found) == {reports.LINKED: 1}


def test_a_report_of_the_next_quarter_counts_and_a_late_one_is_quiet(count):
    rows = [
        NAMED | {"Name": "0", "From": "2025-10-02"},
        NAMED | {"Name": "0", "From": "2025-12-20"},
    ]
    row = {"From": "2025-09-20", "To": "2025-10-03"}
    found = count(row, *rows, period="2025Q3")
    assert cells(found) == [(13.0, 1, 1)]
    assert notes(found) == {reports.LINKED: 1}


def test_a_report_before_its_request_opens_the_window(count):
    """Of three reports on 1, 3 and 4 October the city kept the second."""
    early, late = (
        NAMED | {"Name": "0", "From": day} for day in ("2025-10-01", "2025-10-04")
    )
    found = count({"From": "2025-10-03", "To": "2025-10-06"}, early, late)
    assert cells(found) == [(5.0, 2, 1)]
    assert notes(found) == {reports.LINKED: 2, reports.BEFORE: 1}
    # So long before that it is a slip: not the same window.
    found = count({"From": "2025-10-30", "To": "2025-11-02"}, early, report_window=20)
    assert cells(found) == [(3.0, 0, 1)]
    assert notes(found) == {reports.LATE: 1}


def test_the_request_itself_is_a_report_where_another_opens_the_window(count):
    """Opened ten days before at most, so that the request lies in the window."""
    rows = [
        {"From": "2025-10-11 13:00", "To": "2025-12-01 12:00"},
        NAMED | {"Name": "0", "From": "2025-10-01 13:30"},
        NAMED | {"Name": "0", "From": "2025-10-01 14:00"},
        {"From": "2025-10-01 12:00", "To": "2025-12-01 12:00"},
    ]
    clocks = {"date_format": "%Y-%m-%d %H:%M", "report_window": 10}
    assert cells(count(*rows, **clocks)) == [(10.0, 0, 1), (10.0, 2, 1)]
    apart = [rows[0], rows[1] | {"From": "2025-10-01 13:00"}, rows[3]]
    assert cells(count(*apart, **clocks)) == [(10.0, 0, 1), (10.0, 1, 1)]


def test_reports_find_the_request_that_is_open_at_their_place(count):
    twice = {"State": "Twice", "From": "2025-10-03"}
    found = count(
        {},
        {"Lat": "50.6"},
        {"Type": "Tree"},
        twice,  # of the pothole
        twice | {"Type": "Tree"},
        twice | {"Type": "Graffiti"},  # none was reported: the city's mark is believed
        twice | {"Lat": "50.7"},
        twice | {"Lat": ""},
        twice | {"From": "2025-10-05", "To": "2025-10-06"},
        **PLACED,
    )
    table = found.reports.set_index("category")
    further = (table["duplicates"] * table["incidents"]).groupby(level=0).sum()
    assert further.sum() == 3
    assert further.min() >= 1
    assert notes(found) == {
        **{reports.LINKED: 3, reports.ALONE: 1, reports.UNPLACED: 1, reports.LATE: 1}
    }
    strict = count(
        {}, twice, twice | {"Type": "Graffiti"}, reports="same place and category"
    )
    assert cells(strict) == [(3.0, 1, 1)]
    assert notes(strict) == {reports.LINKED: 1, reports.ALONE: 1}


def test_of_two_open_requests_the_latest_is_meant(count):
    old, new = {"To": "2025-12-30"}, {"From": "2025-10-20", "To": "2025-10-25"}
    report = {"State": "Twice", "To": ""}
    found = count(
        *(old, new, report | {"From": "2025-10-22"}, report | {"From": "2025-10-28"}),
        **PLACED,
    )
    assert cells(found) == [(5.0, 1, 1), (90.0, 1, 1)]


def test_reports_that_incident_days_tells_are_linked_to_the_first(count):
    rows = [{"From": f"2025-10-{day:02}", "To": "2025-10-30"} for day in (1, 3, 5, 20)]
    closed = {"From": "2025-10-21", "To": "2025-10-30", "Type": "Tree"}
    found = count(*rows, closed, incident_days=3, **PLACED)
    assert cells(found) == [(10.0, 0, 1), (29.0, 2, 1), (9.0, 0, 1)]
    assert notes(found) == {reports.LINKED: 2}
    again = count(
        {"To": "2025-10-01"}, {"From": "2025-10-02"}, incident_days=3, **PLACED
    )
    assert cells(again) == [(0.33, 0, 1)]
    assert notes(again) == {reports.LATE: 1}


def test_without_a_rule_reports_are_not_counted(count):
    found = count({}, NAMED, reports="")
    assert found.reports.empty
    assert list(found.reports) == reduce.REPORTS
    assert notes(found) == {}


def test_a_file_of_which_nothing_is_left_has_no_incidents(count):
    for way in (NUMBERED, PLACED):
        found = count(NAMED | {"Name": "5"}, **way)
        assert found.reports.empty
        assert list(found.reports) == reduce.REPORTS


def test_roots_of_long_chains_and_circles():
    own = np.arange(2, 5002)
    order = np.random.default_rng(1).permutation(len(own))
    last, circle = reports.roots(own[order], own[order] - 1)
    assert set(last) == {1}
    assert not circle.any()
    turned = np.where(own == 2, 5001, own - 1)
    assert reports.roots(own, turned)[1].all()
    assert len(reports.roots(own[:0], own[:0])[0]) == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"reports": "duplicate_of"}, r"needs the column\(s\) duplicate_of"),
        (
            {
                "reports": "same place and category",
                "columns": {k: v for k, v in COLUMNS.items() if k != "category"},
            },
            r"needs the column\(s\) category",
        ),
        (NUMBERED | {"incident_days": 3}, "say reports: same place"),
        (PLACED | {"columns": WITHOUT_STATUS, "statuses": {}}, "nothing says which"),
        ({"reports": "nearby"}, "same place"),
        ({"report_window": 0}, "report_window"),
    ],
)
def test_what_cannot_link_reports_is_refused(changes, text):
    facts = SOURCE.model_dump() | changes
    with pytest.raises((ParamsError, ValueError), match=text):
        sources.Requests(**facts)


# ---- engines against plain Python ---------------------------------------------------


def entangled(rows, seed, *, times):
    """Messy rows, of few places, many of which name another in some way."""
    raw = oracle_requests.messy(rows, seed)
    rng = np.random.default_rng(seed)
    size = len(raw)
    known = raw["ID"].to_numpy()[rng.integers(0, size, size)]
    parent = np.where(rng.random(size) < 0.3, known, "")
    parent = np.where(rng.random(size) < 0.02, "SR-9999999", parent)
    places = {
        name: raw[name].where(
            rng.random(size) < 0.1, start + rng.integers(1, 4, size).astype(str)
        )
        for name, start in {"Lat": "41.05", "Lon": "-86.65"}.items()
    }
    state = raw["State"].mask(rng.random(size) < 0.15, "Twice")
    raw = raw.assign(Parent=parent, State=state, **places)
    if not times:
        days = {
            name: raw[name].str.replace(r" \d\d?:.*", " 00:00:00", regex=True)
            for name in ("From", "To")
        }
        raw = raw.assign(**days)
    return raw


def declared(how, window=100):
    return oracle_requests.MESSY.model_copy(
        update={"reports": how, "report_window": window}
    )


def ours(folder, source, engine="duckdb"):
    return reduce.requests(
        source,
        folder=folder,
        areas=oracle_requests.AREAS,
        period="2025Q4",
        quarters=4,
        standard=OMB,
        engine=engine,
    )


def theirs(raw, source):
    every, used, _ = oracle_requests.cleaned(
        raw,
        source,
        areas=oracle_requests.AREAS,
        first="2025-01-01",
        last="2025-12-31",
        standard=OMB,
    )
    return oracle_reports.counted(every, used, source)


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize(
    ("how", "window"),
    [("duplicate_of", 100), ("same place", 20), ("same place and category", 100)],
)
def test_duckdb_is_plain_python_report_for_report(tmp_path, how, window, times):
    raw, source = entangled(400, 3, times=times), declared(how, window)
    raw.to_csv(tmp_path / "messy.csv", index=False)
    found = ours(tmp_path, source)
    table, fates = theirs(raw, source)
    keys = [*reduce.REPORTS[:5]]
    text = found.reports.astype(dict.fromkeys(keys[:3], "str"))
    pairs = [frame.sort_values(keys, ignore_index=True) for frame in (text, table)]
    pd.testing.assert_frame_equal(*pairs, check_dtype=False)
    said = {
        rule: n for rule, n in notes(found).items() if rule in vars(reports).values()
    }
    assert said == {rule: n for rule, n in fates.items() if n}
    assert len(said) > 2
    assert (found.reports["duplicates"] > 1).any()


@pytest.mark.parametrize("how", ["duplicate_of", "same place"])
def test_the_order_of_rows_changes_nothing(tmp_path, how):
    raw, source = entangled(600, 5, times=True), declared(how)
    found = []
    for order in (raw, raw.sample(frac=1, random_state=2)):
        order.to_csv(tmp_path / "messy.csv", index=False)
        found.append(ours(tmp_path, source))
    pd.testing.assert_frame_equal(found[0].reports, found[1].reports)
    assert found[0].ledger.entries == found[1].ledger.entries


@pytest.mark.slow
@pytest.mark.parametrize("how", ["duplicate_of", "same place"])
def test_spark_is_duckdb(spark, tmp_path, how):
    raw, source = entangled(400, 7, times=True), declared(how)
    raw.to_csv(tmp_path / "messy.csv", index=False)
    one, other = (ours(tmp_path, source, engine) for engine in ("duckdb", "spark"))
    pd.testing.assert_frame_equal(one.reports, other.reports)
    assert one.ledger.entries == other.ledger.entries
    assert one.ledger.found == other.ledger.found
