"""Requests to counts: each rule by hand, and every engine against plain pandas."""

import time

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from equity import race
from equity.errors import InputError, UnmappedLabelError
from equity.prepare import read, reduce, sources
from equity.prepare.engine import engines, intake
from tests.prepare import oracle_requests as oracle

OMB = race.standard("omb1997")
AREAS = gpd.GeoDataFrame({"area": ["01"]}, geometry=[box(10, 50, 11, 51)], crs=4326)
COLUMNS = {
    **{"request_id": "ID", "category": "Type", "opened": "From", "closed": "To"},
    **{"status": "State", "latitude": "Lat", "longitude": "Lon"},
}
SOURCE = sources.Requests(
    file="r.csv",
    data_until="2025-12-31",
    statuses={
        "Done": "closed",
        "Waiting": "open",
        "Twice": "duplicate",
        "Void": "cancelled",
    },
    columns=COLUMNS,
)
GOOD = {
    **{"ID": "1", "Type": "Pothole", "From": "2025-10-01", "To": "2025-10-04"},
    **{"State": "Done", "Lat": "50.5", "Lon": "10.5", "Name": "x"},
}
WITHOUT_STATUS = {name: column for name, column in COLUMNS.items() if name != "status"}


@pytest.fixture
def count(tmp_path):
    """Count rows that differ from a good one, each with an id of its own."""

    def counted(*rows, areas=AREAS, period="2025Q4", quarters=1, **changes):
        source = SOURCE.model_copy(update=changes)
        table = pd.DataFrame(
            [GOOD | {"ID": str(i)} | row for i, row in enumerate(rows)]
        )
        table.to_csv(tmp_path / source.file, index=False)
        return reduce.requests(
            source,
            folder=tmp_path,
            areas=areas,
            period=period,
            quarters=quarters,
            standard=OMB,
        )

    return counted


def test_days_are_whole_days_from_opening_to_closing(count):
    found = count({}, {"To": "2025-10-01"})
    assert found.counts.to_dict("list") == {
        "area": ["01"] * 2,
        "category": ["Pothole"] * 2,
        "channel": ["All"] * 2,
        "period": ["2025Q4"] * 2,
        "days": [0, 3],
        "closed": [1, 1],
        "censored": [0, 0],
        "race": [pytest.approx(float("nan"), nan_ok=True)] * 2,
    }
    assert found.ledger.entries == []


def test_times_of_day_do_not_count(count):
    found = count(
        {"From": "2025-10-01 23:59", "To": "2025-10-02 00:01"},
        {"From": "2025-10-01 08:00", "To": "2025-10-01 00:00"},  # a day without a time
        {"From": "2025-10-01 08:00", "To": "2025-10-01 07:59"},
        date_format="%Y-%m-%d %H:%M",
    )
    assert found.counts["days"].to_list() == [0, 1]
    assert found.ledger.entries == [("set aside", "closed before it was opened", 1)]


def test_an_open_request_waits_until_the_data_end(count):
    waiting = {"State": "Waiting"}
    found = count(waiting | {"To": ""}, waiting | {"To": "2025-10-02"})
    assert found.counts["days"].to_list() == [91]  # 1 October to 31 December
    assert found.counts["censored"].to_list() == [2]
    assert found.ledger.entries == [
        ("noted", "has a closing date but an open status; counted as open", 1)
    ]


def test_without_a_status_a_request_is_open_until_it_is_closed(count):
    found = count(
        {}, {"To": ""}, {"To": "2025-02-30"}, statuses={}, columns=WITHOUT_STATUS
    )
    assert found.counts["closed"].to_list() == [1, 0]
    assert found.counts["censored"].to_list() == [0, 1]
    rule = "closed, but without a readable closing date"
    assert found.ledger.entries == [("set aside", rule, 1)]


def test_open_and_closed_after_as_many_days_are_one_cell(count):
    found = count(
        {"From": "2025-12-28", "To": "2025-12-31"},
        {"From": "2025-12-28", "To": "", "State": "Waiting"},
    )
    (cell,) = found.counts[["days", "closed", "censored"]].to_dict("records")
    assert cell == {"days": 3, "closed": 1, "censored": 1}


RULES = {
    "opening date is missing or unreadable": {"From": "10/01/2025"},
    "opened before 2025-10-01 or after 2025-12-31": {
        **{"From": "2025-09-30", "To": "2025-10-01"},
    },
    "closed, but without a readable closing date": {"To": "soon"},
    "closed before it was opened": {"To": "2025-09-30"},
    "closed after the data end (2025-12-31)": {"To": "2026-01-01"},
    "opened after the data end (2025-12-31)": {"From": "2026-01-01", "To": ""},
    "cancelled": {"State": "Void"},
    "the city marked it a duplicate of another request": {"State": " twice "},
    "no coordinates": {"Lat": ""},
    "coordinates are 0, 0": {"Lat": "0", "Lon": "0.0"},
    "latitude and longitude look exchanged": {"Lat": "10.5", "Lon": "50.5"},
    "outside every area": {"Lat": "52"},
}


@pytest.mark.parametrize("rule", list(RULES))
def test_each_rule_sets_its_row_aside_and_names_it(count, rule):
    found = count({}, RULES[rule])
    assert found.counts[["closed", "censored"]].sum().to_list() == [1, 0]
    assert found.ledger.entries == [("set aside", rule, 1)]
    listed = [] if rule.startswith("opened ") else [("set aside", rule, ["2"])]
    assert found.ledger.found == listed


def test_the_first_rule_that_applies_counts(count):
    found = count({}, {"State": "Void", "Lat": "", "To": "2025-09-30"})
    assert found.ledger.entries == [("set aside", "closed before it was opened", 1)]


def test_repeated_rows_and_numbers_count_once(count):
    again = {"ID": "0"}
    found = count({}, again, again | {"To": "2025-10-09"}, {"ID": ""}, {"ID": " "})
    assert found.counts["days"].to_list() == [3, 8]  # the latest closing is kept
    assert found.counts["closed"].to_list() == [2, 1]
    assert found.ledger.entries == [
        ("set aside", "the same row again", 1),
        ("set aside", "a request number seen before", 1),
    ]
    earliest = count({}, again | {"To": "2025-10-09"}, repeated_ids="earliest")
    assert earliest.counts["days"].to_list() == [3]


def test_the_row_that_is_kept_does_not_depend_on_the_order(count):
    rows = [{"ID": "7", "Type": name} for name in ("Tree", "Graffiti", "Weeds")]
    kept = [count(*order).counts["category"].item() for order in (rows, rows[::-1])]
    assert kept == ["Graffiti", "Graffiti"]


def test_without_a_number_equal_rows_are_different_requests(count):
    columns = {name: column for name, column in COLUMNS.items() if name != "request_id"}
    assert count({"ID": "0"}, {"ID": "0"}, columns=columns).counts["closed"].sum() == 2


def test_a_request_that_names_another_is_its_duplicate(count):
    columns = COLUMNS | {"duplicate_of": "Name"}
    found = count({"Name": ""}, {"Name": "0"}, {"Name": "2"}, columns=columns)
    rule = "the city marked it a duplicate of another request"
    assert found.ledger.entries == [("set aside", rule, 1)]


def test_reports_of_one_incident_count_once(count):
    rows = [
        {"From": day, "To": "2025-12-30", **more}
        for day, more in [
            ("2025-10-05", {}),  # three days after the one before, in a chain
            ("2025-10-01", {}),
            ("2025-10-02", {}),
            ("2025-10-12", {}),  # a week later: a new incident
            ("2025-10-02", {"Type": "Graffiti"}),
            ("2025-10-02", {"Lat": "50.6"}),
        ]
    ]
    found = count(*rows, incident_days=3)
    assert found.counts["closed"].sum() == 4
    ((action, rule, number),) = found.ledger.entries
    assert (action, number) == ("set aside", 2)
    assert "same category and place within 3 days" in rule
    assert found.ledger.found[0][2] == ["1", "3"]
    assert count(*rows).counts["closed"].sum() == 6


def test_an_undeclared_status_is_an_error_with_its_count(count):
    with pytest.raises(InputError, match=r"r\.csv: column State.*'Lost' \(2\)"):
        count({}, {"State": "Lost"}, {"State": "Lost "})
    with pytest.raises(InputError, match="right column") as error:
        count(*[{"State": f"person {number}"} for number in range(30)])
    assert "person" not in str(error.value)


def test_spellings_of_a_category_become_the_usual_one(count):
    found = count({}, {}, {"Type": "POTHOLE"}, {"Type": " pothole  "}, {"Type": ""})
    by_category = found.counts.set_index("category")["closed"].to_dict()
    assert by_category == {"Pothole": 4, "Not recorded": 1}
    assert found.ledger.entries == [
        ("noted", "spelling of its category made one", 2),
        ("noted", "no category", 1),
    ]


def test_spellings_of_a_channel_become_the_usual_one(count):
    columns = COLUMNS | {"channel": "Name"}
    rows = [{"Name": name} for name in ("App", "App", " APP", "Phone", "", "  ")]
    found = count(*rows, columns=columns)
    by_channel = found.counts.set_index("channel")["closed"].to_dict()
    assert by_channel == {"App": 3, "Phone": 1, "Not recorded": 2}
    assert found.ledger.entries == [
        ("noted", "spelling of its channel made one", 1),
        ("noted", "no channel", 2),
    ]
    alone = count(*rows)
    whole = found.counts.groupby(["area", "period", "days"], observed=True)["closed"]
    assert alone.counts["closed"].to_list() == whole.sum().to_list()
    assert set(alone.counts["channel"]) == {"All"}


def test_area_codes_in_the_file_are_used(count):
    columns = {k: v for k, v in COLUMNS.items() if not k.startswith("l")}
    columns |= {"area": "Tract"}
    found = count({"Tract": "01"}, {"Tract": "1"}, columns=columns)
    assert found.counts["area"].to_list() == ["01"]
    assert found.ledger.entries == [
        ("set aside", "its area is not one of the city's", 1)
    ]
    nowhere = AREAS.iloc[:0]
    found = count({"Tract": "01"}, {"Tract": "1"}, columns=columns, areas=nowhere)
    assert found.counts["area"].to_list() == ["01", "1"]


def test_races_are_read_and_noted(count):
    columns = COLUMNS | {"race": "Race"}
    rows = [{"Race": label} for label in ("W", "w", "B", "")]
    races = {"W": "White", "B": "Black or African American", "": "Not recorded"}
    found = count(*rows, columns=columns, races=races)
    by_race = found.counts.groupby("race", observed=False)["closed"].sum()
    expected = {"Black or African American": 1, "White": 2, "Not recorded": 1}
    assert by_race.to_dict() == expected
    assert ("noted", "no race on record", 1) in found.ledger.entries
    with pytest.raises(UnmappedLabelError, match=r"'B' \(1\)"):
        count(*rows, columns=columns, races={"W": "White", "": "Not recorded"})


def test_rows_lost_are_told_by_category_and_district(count):
    columns = COLUMNS | {"district": "Name"}
    rows = [
        {"Name": "Ward 1"},
        {"Name": "Ward 1", "Lat": ""},
        {"Name": "Ward 2", "Type": "Tree", "Lat": "52"},
        {"Name": "Ward 2", "State": "Void"},  # no rule about places concerns it
    ]
    found = count(*rows, {}, {}, {}, columns=columns)
    assert found.lost.to_dict("split")["data"] == [
        ["Pothole", "Ward 1", 2, 1],
        ["Pothole", "x", 3, 0],
        ["Tree", "Ward 2", 1, 1],
    ]


def test_rows_of_others_are_not_kept(count):
    rows = [{"Name": name} for name in ("0401", "0402", "05", "0401")]
    found = count(*rows, keep={"Name": ["04*"]})
    assert found.counts["closed"].sum() == 3
    assert found.ledger.entries == [("set aside", "Name is not 04*", 1)]
    with pytest.raises(InputError, match="no row is left"):
        count(*rows, keep={"Name": ["06"]})


def test_a_file_of_which_nothing_is_left_gives_an_empty_table(count):
    found = count({"State": "Void"})
    assert found.counts.empty
    assert list(found.counts) == reduce.COUNTS
    assert found.ledger.frame()["rows"].to_list() == [1, 1, 0]


def test_requests_where_nobody_lives_are_noted(tmp_path, count):
    count({}, {})
    found = reduce.requests(
        SOURCE,
        folder=tmp_path,
        areas=AREAS,
        period="2025Q4",
        quarters=1,
        standard=OMB,
        uninhabited=["01"],
    )
    (entry,) = found.ledger.entries
    assert entry == (
        "noted",
        "in an area where nobody lives; shared out to no group",
        2,
    )


def test_most_dates_in_another_format_are_an_error_without_the_dates(count):
    with pytest.raises(InputError, match=r"r\.csv: column From: 2 of 3 dates") as error:
        count({"From": "10/01/2025"}, {"From": "13/10/2025"}, {})
    assert "13/10" not in str(error.value)


CLOCKS = {"date_format": "ISO8601", "time_zone": "America/Chicago"}


def test_an_hour_that_comes_twice_makes_no_time_negative(count):
    found = count(
        {"From": "2025-11-02T01:30:00", "To": "2025-11-02T01:10:00"},
        {"From": "2025-11-02T02:30:00", "To": "2025-11-02T01:10:00"},  # that is early
        **CLOCKS,
    )
    assert found.counts["days"].to_list() == [0]
    assert found.ledger.entries == [
        ("set aside", "closed before it was opened", 1),
        ("noted", "opened or closed in an hour that comes twice", 1),
    ]


def test_an_hour_that_is_skipped_is_noted(count):
    row = {"From": "2025-03-09T02:30:00", "To": "2025-03-09T03:10:00"}
    found = count(row, {"From": "2025-03-09"}, period="2025Q1", **CLOCKS)
    assert found.counts["days"].to_list() == [0, 209]
    rule = "opened or closed in an hour that the clocks skip"
    assert found.ledger.entries == [("noted", rule, 1)]
    assert found.ledger.found == [("noted", rule, ["1"])]


def test_times_with_an_offset_become_days_of_the_city(count):
    # 05:30 in London on the 2nd is still the 1st in Chicago, six hours behind.
    row = {"From": "2025-11-02T04:30:00Z", "To": "2025-11-05T12:00:00.5-06:00"}
    found = count(row, **CLOCKS)
    assert found.counts["days"].to_list() == [4]
    written = count(row, **CLOCKS | {"time_zone": ""})
    assert written.counts["days"].to_list() == [3]
    ((_, rule, rows),) = written.ledger.entries
    assert "offset" in rule
    assert rows == 1


def test_unpadded_stamps_follow_the_format_too(count):
    found = count(
        {"From": "10/01/2025 08:00:00 PM", "To": "10/2/2025 8:00:00 AM"},
        {"From": "10/1/2025 8:00:00 PM", "To": " 10/02/2025 08:00:00 AM"},
        date_format="%m/%d/%Y %I:%M:%S %p",
    )
    assert found.counts["closed"].to_list() == [2]
    assert found.counts["days"].to_list() == [1]


def test_two_thousand_rows_take_less_than_a_second(tmp_path):
    oracle.messy(2000).to_csv(tmp_path / "messy.csv", index=False)
    times = []
    for _ in range(4):  # the first imports what it needs
        start = time.process_time()
        ours(tmp_path, oracle.MESSY)
        times.append(time.process_time() - start)
    assert min(times) < 1


# ---- engines against plain pandas ---------------------------------------------------


def ours(folder, source, engine="duckdb", **more):
    return reduce.requests(
        source,
        folder=folder,
        areas=oracle.AREAS,
        period="2025Q4",
        quarters=4,
        standard=OMB,
        engine=engine,
        uninhabited=oracle.UNINHABITED,
        **more,
    )


def theirs(raw, source=oracle.MESSY):
    return oracle.clean(
        raw,
        source,
        areas=oracle.AREAS,
        first="2025-01-01",
        last="2025-12-31",
        standard=OMB,
        uninhabited=oracle.UNINHABITED,
    )


def same_counts(found, counts):
    keys = ["area", "category", "period", "days", "race"]
    text = found.counts.astype(
        dict.fromkeys(["area", "category", "period", "race"], "str")
    )
    one, other = (
        table[[*keys, "closed", "censored"]].sort_values(keys, ignore_index=True)
        for table in (text, counts)
    )
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """200,000 messy rows, and the folder of their file."""
    folder = tmp_path_factory.mktemp("messy")
    raw = oracle.messy(200_000)
    raw.to_csv(folder / "messy.csv", index=False)
    return raw, folder


def test_duckdb_is_plain_pandas_row_for_row(messy):
    raw, folder = messy
    counts, entries = theirs(raw)
    found = ours(folder, oracle.MESSY)
    same_counts(found, counts)
    assert sorted(found.ledger.entries) == sorted(entries)
    assert len(entries) > 15  # that is, most rules apply to some row
    used = found.ledger.frame().set_index("action").loc["used", "rows"]
    assert counts[["closed", "censored"]].to_numpy().sum() == used


@pytest.mark.parametrize("latest", ["latest", "earliest"])
def test_order_and_chunks_change_nothing(tmp_path, latest):
    raw = oracle.messy(3000, seed=2)
    source = oracle.MESSY.model_copy(
        update={"repeated_ids": latest, "incident_days": 5, "file": "parts"}
    )
    parts = tmp_path / "parts"
    parts.mkdir()
    found = []
    for order in (raw, raw.sample(frac=1, random_state=3)):
        for number, start in enumerate(range(0, len(order), 1000)):
            chunk = order.iloc[start : start + 1000]
            chunk.to_csv(parts / f"{number}.csv", index=False)
        found.append(ours(tmp_path, source))
    one, other = found
    pd.testing.assert_frame_equal(one.counts, other.counts)
    assert one.ledger.entries == other.ledger.entries
    assert any("incident" in rule for _, rule, _ in one.ledger.entries)


def typed(raw):
    """Store what can be stored as such, as a warehouse would."""
    stamps = {
        name: pd.to_datetime(
            raw[name].str.strip(), format=oracle.MESSY.date_format, errors="coerce"
        )
        for name in ("From", "To")
    }
    numbers = {
        name: pd.to_numeric(raw[name], errors="coerce") for name in ("Lat", "Lon")
    }
    return raw.assign(**stamps, **numbers)


def forms(raw, folder):
    """Write the same rows in every form that an engine reads."""
    raw.to_csv(folder / "messy.csv", index=False)
    raw.to_csv(folder / "messy.csv.gz", index=False)
    raw.to_csv(folder / "messy.tsv", index=False, sep="\t")
    raw.to_parquet(folder / "text.parquet")
    (folder / "parts").mkdir()
    for number in range(3):
        part = raw.iloc[number::3]
        part.to_parquet(folder / "parts" / f"{number}.parquet")
    return [
        "messy.csv",
        "messy.csv.gz",
        "messy.tsv",
        "text.parquet",
        "parts",
        "part*/*",
    ]


def test_every_form_of_file_gives_equal_counts(tmp_path, monkeypatch):
    raw = oracle.messy(3000, seed=4)
    files = forms(raw, tmp_path)
    expected = ours(tmp_path, oracle.MESSY)
    monkeypatch.setattr(intake, "LARGE", 0)
    for file in files:
        source = oracle.MESSY.model_copy(update={"file": file})
        assert intake.reads_itself(source, tmp_path)
        found = ours(tmp_path, source)
        pd.testing.assert_frame_equal(found.counts, expected.counts)
        assert found.ledger.entries == expected.ledger.entries
        pd.testing.assert_frame_equal(found.lost, expected.lost)


def test_stored_moments_and_numbers_give_equal_counts(tmp_path):
    raw = oracle.messy(3000, seed=5)
    raw.to_csv(tmp_path / "messy.csv", index=False)
    typed(raw).to_parquet(tmp_path / "typed.parquet")
    text = ours(tmp_path, oracle.MESSY)
    source = oracle.MESSY.model_copy(update={"file": "typed.parquet"})
    stored = ours(tmp_path, source)
    pd.testing.assert_frame_equal(stored.counts, text.counts)


def test_moments_of_a_zone_become_local_days(tmp_path):
    columns = {k: v for k, v in WITHOUT_STATUS.items() if k != "request_id"}
    moments = pd.to_datetime(["2025-11-02T04:30Z", "2025-11-05T18:00Z"])
    table = pd.DataFrame([GOOD]).assign(
        From=moments[0], To=moments[1], Lat=50.5, Lon=10.5
    )
    table.to_parquet(tmp_path / "r.parquet")
    source = sources.Requests(
        file="r.parquet",
        data_until="2025-12-31",
        time_zone="America/Chicago",
        columns=columns,
    )
    found = reduce.requests(
        source,
        folder=tmp_path,
        areas=AREAS,
        period="2025Q4",
        quarters=1,
        standard=OMB,
    )
    assert found.counts["days"].to_list() == [4]


def test_ragged_rows_of_a_large_file_are_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "LARGE", 0)
    raw = pd.DataFrame(
        [GOOD | {"ID": str(i), "Lat": f"50.{i + 100}"} for i in range(50)]
    )
    text = raw.to_csv(index=False).splitlines()
    text[10] += ",more"
    text[20] = text[20].rsplit(",", 2)[0]
    (tmp_path / "r.csv").write_text("\n".join(text))
    found = reduce.requests(
        SOURCE,
        folder=tmp_path,
        areas=AREAS,
        period="2025Q4",
        quarters=1,
        standard=OMB,
    )
    assert found.ledger.read == 50
    assert sorted(found.ledger.entries) == [
        ("set aside", "fewer cells than the header", 1),
        ("set aside", "more cells than the header", 1),
    ]
    assert found.counts["closed"].sum() == 48


def test_a_large_file_that_is_not_utf8_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "LARGE", 0)
    raw = pd.DataFrame([GOOD | {"ID": str(i)} for i in range(50)]).assign(Name="Café")
    (tmp_path / "r.csv").write_bytes(raw.to_csv(index=False).encode("cp1252"))
    with pytest.raises(InputError, match=r"r\.csv is not UTF-8") as error:
        reduce.requests(
            SOURCE,
            folder=tmp_path,
            areas=AREAS,
            period="2025Q4",
            quarters=1,
            standard=OMB,
        )
    assert "Caf" not in str(error.value)


def test_a_missing_column_is_named(tmp_path):
    pd.DataFrame([GOOD]).drop(columns="State").to_parquet(tmp_path / "r.parquet")
    source = SOURCE.model_copy(update={"file": "r.parquet"})
    with pytest.raises(InputError, match=r"r\.parquet: .*State"):
        ours(tmp_path, source)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_rows_are_conserved(tmp_path, rows, seed):
    oracle.messy(rows, seed).to_csv(tmp_path / "messy.csv", index=False)
    try:
        found = ours(tmp_path, oracle.MESSY)
    except InputError:  # most places of so few rows can be wrong
        return
    aside = sum(n for action, _, n in found.ledger.entries if action == "set aside")
    counted = found.counts[["closed", "censored"]].to_numpy().sum()
    assert counted + aside == found.ledger.read
    assert found.lost["rows"].sum() == counted + found.lost["lost"].sum()


@pytest.mark.slow
def test_spark_is_duckdb_row_for_row(spark, tmp_path, monkeypatch):
    """The same expression, unchanged, on CSV and on stored moments."""
    monkeypatch.setattr(intake, "LARGE", 0)
    raw = oracle.messy(5000, seed=6)
    text = raw.to_csv(index=False).splitlines()
    text[10] += ",more"
    (tmp_path / "messy.csv").write_text("\n".join(text))
    source = oracle.MESSY.model_copy(update={"incident_days": 5})
    one, other = (ours(tmp_path, source, engine) for engine in ("duckdb", "spark"))
    pd.testing.assert_frame_equal(one.counts, other.counts)
    assert one.ledger.entries == other.ledger.entries
    assert one.ledger.found == other.ledger.found
    pd.testing.assert_frame_equal(one.lost, other.lost)


class TestBadFiles:
    """Files of `bad_inputs`: 120 requests, one fault each."""

    SOURCE = sources.Requests(
        file="services.csv",
        date_format="ISO8601",
        time_zone="America/Chicago",
        data_until="2025-12-31",
        columns={
            **{"request_id": "request_id", "opened": "opened_at"},
            **{"closed": "closed_at", "category": "category"},
            **{"latitude": "lat", "longitude": "lon"},
        },
    )

    def count(self, shared, case, period="2025Q2", quarters=2):
        tracts = sources.Source(file="tracts.geojson")
        areas, _ = read.places(tracts, folder=shared / "bad_inputs" / "good")
        return reduce.requests(
            self.SOURCE,
            folder=shared / "bad_inputs" / case,
            areas=areas.rename(columns={"GEOID": "area"}),
            period=period,
            quarters=quarters,
            standard=OMB,
        )

    @pytest.mark.parametrize("case", ["good", "enc-01", "enc-06", "val-13"])
    def test_all_rows_are_used(self, shared, case):
        found = self.count(shared, case)
        assert found.counts[["closed", "censored"]].to_numpy().sum() == 120
        assert [e for e in found.ledger.entries if e[0] == "set aside"] == []

    @pytest.mark.parametrize(
        ("case", "aside"),
        [
            ("val-05", {"closed before it was opened": 3}),
            ("key-01", {"the same row again": 10}),
            ("geo-01", {"latitude and longitude look exchanged": 30}),
            ("geo-02", {"no coordinates": 4, "coordinates are 0, 0": 8}),
        ],
    )
    def test_rows_at_fault_are_set_aside_and_counted(self, shared, case, aside):
        found = self.count(shared, case)
        rules = {
            rule: n for action, rule, n in found.ledger.entries if action != "noted"
        }
        assert rules == aside
        used = found.counts[["closed", "censored"]].to_numpy().sum()
        assert used == found.ledger.read - sum(aside.values())

    def test_dates_of_several_formats_are_refused(self, shared):
        with pytest.raises(InputError, match=r"column opened_at: 80 of 120"):
            self.count(shared, "val-01")

    def test_clocks_that_change(self, shared):
        found = self.count(shared, "val-03", period="2025Q4", quarters=4)
        noted = {rule: rows for action, rule, rows in found.ledger.found}
        assert noted == {
            "opened or closed in an hour that the clocks skip": ["6"],
            "opened or closed in an hour that comes twice": ["7"],
        }
        good = self.count(shared, "good", period="2025Q4", quarters=4)
        assert found.counts["closed"].sum() == good.counts["closed"].sum()
        assert found.counts["days"].eq(0).all()
        assert good.counts["days"].eq(0).all()


def test_an_engine_that_is_not_known(tmp_path):
    with pytest.raises(engines.ParamsError, match="'dask' is not known"):
        ours(tmp_path, oracle.MESSY, engine="dask")
