"""Time from hire to promotion, and to leaving."""

import pandas as pd
import pytest

from equity.errors import InputError, ParamsError, UnknownGroupError
from equity.measure import tenure, timeliness
from equity.measure.table import select

UNTIL = pd.Timestamp("2025-12-31")


def events(*rows) -> pd.DataFrame:
    """Rows of number, kind, day, race."""
    names = ["worker_id", "kind", "date", "race"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(date=pd.to_datetime(frame["date"]))


# ten people hired on one day: two promoted after 100 days, four left after 50
TEN = events(
    *((str(n), "hire", "2025-01-01", "Black") for n in range(10)),
    *((str(n), "promotion", "2025-04-11", "Black") for n in (0, 1)),
    *((str(n), "separation", "2025-02-20", "Black") for n in (2, 3, 4, 5)),
)


def share(kind, days, **options):
    table = tenure.time_to(
        TEN, kind=kind, until=UNTIL, days=days, reference="Black", **options
    )
    return select(table, statistic="level").iloc[0]


def test_leavers_are_never_promoted_or_leave_the_count():
    """Two of the ten hired are promoted; of the six who stayed, two."""
    row = share("promotion", 200)
    assert row["estimate"] == pytest.approx(0.2)
    assert (row["events"], row["population"]) == (2, 10)
    assert row["measure"] == "share promoted within 200 days of hire"
    assert row["direction"] == "higher is better"
    assert share("promotion", 200, leavers="censored")["estimate"] == pytest.approx(
        2 / 6
    )
    assert share("promotion", 99)["estimate"] == 0


def test_leaving():
    row = share("separation", 60)
    assert row["estimate"] == pytest.approx(0.4)
    assert row["direction"] == "lower is better"
    assert share("separation", 49)["estimate"] == 0


def test_only_the_hired_are_followed_and_from_their_hire():
    rows = events(
        ("1", "promotion", "2023-03-01", "White"),  # before the hire that is seen
        ("1", "hire", "2024-01-01", "White"),
        ("2", "separation", "2024-06-01", "White"),  # hired before the events
        ("3", "hire", "2025-12-01", "White"),
        ("3", "separation", "2026-01-15", "White"),  # after the last day
    )
    counts = tenure.followed(rows, kind="separation", until=UNTIL)
    assert counts["days"].tolist() == [30, 730]
    assert counts["closed"].sum() == 0
    assert counts["censored"].sum() == 2
    promoted = tenure.followed(rows, kind="promotion", until=UNTIL)
    assert promoted["closed"].sum() == 0


def test_beyond_the_last_day_nothing_is_known():
    assert pd.isna(share("promotion", 400)["estimate"])
    assert share("promotion", 364)["estimate"] == pytest.approx(0.2)


def test_counts_are_those_of_the_curves():
    """The median of ten of whom four left on day 50, the rest staying: not known."""
    counts = tenure.followed(TEN, kind="separation", until=UNTIL)
    found = timeliness.quantiles(counts, probabilities=[0.25, 0.5])["estimate"]
    assert found.tolist()[0] == 50
    assert pd.isna(found.tolist()[1])


def test_refusals():
    ask = {"until": UNTIL, "kind": "promotion"}
    with pytest.raises(InputError, match="16 of 16 events have no worker's number"):
        tenure.followed(TEN.assign(worker_id=""), **ask)
    with pytest.raises(InputError, match="no hire is among the 6 events"):
        tenure.followed(TEN[TEN["kind"] != "hire"], **ask)
    with pytest.raises(ParamsError, match="'gone' is not known; one of never, cens"):
        tenure.followed(TEN, leavers="gone", **ask)
    with pytest.raises(ParamsError, match="a rate of hiring"):
        tenure.followed(TEN, until=UNTIL, kind="hire")
    with pytest.raises(UnknownGroupError, match="'White' matches 0 rows"):
        tenure.time_to(TEN, days=9, reference="White", **ask)
