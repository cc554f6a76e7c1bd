"""Tables: types, words for blanks, footnotes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import ColumnNotFoundError, DisclosureError, EquityError
from equity.publish import tables
from equity.publish.payload import Table
from equity.publish.protect import protect


@pytest.fixture
def rates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["Asian", "White", "Native", "Unknown"],
            "events": pd.array([60, 1240, 4, None], dtype="Int64"),
            "reference": ["White", "White", "White", None],
            "estimate": [0.1234, 0.25, 0.5, np.nan],
            "conf_low": [0.1, np.nan, 0.2, np.nan],
            "conf_high": [0.15, np.nan, 0.9, np.nan],
        }
    )


COLUMNS = {
    "group": ("Race", "text"),
    "events": ("Graduates", "count"),
    "estimate": ("Rate", "percent"),
    ("conf_low", "conf_high"): ("95% interval", "percent"),
    "reference": ("Compared with", "text"),
}


def show(frame, **options):
    options = {"name": "rates", "caption": "Rates", "columns": COLUMNS, **options}
    return tables.show(protect(frame, lines=None), **options).as_payload()


def test_cells_hold_the_rounded_number_and_its_text(rates):
    row = show(rates)["rows"][0]
    assert [cell["value"] for cell in row] == ["Asian", 60, 12.3, [10.0, 15.0], "White"]
    assert [cell["text"] for cell in row] == [
        "Asian", "60", "12.3%", "10.0% to 15.0%", "White",
    ]  # fmt: skip
    assert not any(cell["hidden"] for cell in row)


def test_an_interval_knows_its_columns_and_unit(rates):
    column = show(rates)["columns"][3]
    assert column == {
        "name": "conf_low_conf_high",
        "label": "95% interval",
        "type": "interval",
        "unit": "percent",
        "names": ["conf_low", "conf_high"],
    }


def test_blanks_are_words(rates):
    texts = [[cell["text"] for cell in row] for row in show(rates)["rows"]]
    assert texts[1][2:4] == ["25.0%", "n/a"]
    assert texts[2][1:] == ["hidden", "hidden", "hidden", "White"]
    assert texts[3][1:] == ["not known", "not known", "not known", "n/a"]


def test_only_hidden_cells_say_so_and_none_holds_a_value(rates):
    for row in show(rates)["rows"]:
        for cell in row:
            assert cell["hidden"] == (cell["text"] == "hidden")
            assert cell["value"] is None or not cell["hidden"]


def test_footnotes_explain_the_words_that_occur(rates):
    payload = show(rates, notes=["First."])
    assert payload["notes"] == [
        "First.",
        "Hidden: fewer than 10 people, or needed to protect such a count.",
        "n/a: does not apply, or cannot be calculated.",
        "Not known: the source does not say, or only within too wide a range.",
    ]
    assert show(rates.iloc[:1].assign(reference="residents"))["notes"] == []


def test_the_footnote_says_what_is_counted(rates):
    columns = {"group": ("Race", "text"), "events": ("Requests", "count")}
    protected = protect(rates, min_cell=20, lines=None, counted="requests")
    payload = tables.show(protected, name="a", caption="b", columns=columns)
    assert payload.as_payload()["notes"][0].startswith(
        "Hidden: fewer than 20 requests,"
    )


def test_one_sided_intervals(rates):
    rates["conf_low"] = [np.nan, 0.1, 0.1, np.nan]
    texts = [row[3]["text"] for row in show(rates)["rows"]]
    assert texts[0] == "at most 15.0%"
    assert texts[1] == "at least 10.0%"


def test_labels_of_any_kind_head_rows():
    frame = pd.DataFrame(
        {
            "grade": pd.Categorical(["3", "4"]),
            "students": [50, 60],
            "year": [2024, 2024],
        }
    )
    columns = {
        "grade": ("Grade", "text"),
        "year": ("Year", "text"),
        "students": ("Students", "count"),
    }
    payload = show(frame, columns=columns)
    assert [cell["value"] for cell in payload["rows"][0]] == ["3", "2024", 50]


def test_refusals(rates):
    with pytest.raises(DisclosureError):
        tables.show(rates, name="a", caption="b", columns=COLUMNS)
    with pytest.raises(ColumnNotFoundError, match="ward"):
        show(rates, columns={"group": ("Race", "text"), "ward": ("Ward", "text")})
    with pytest.raises(EquityError, match="not a unit"):
        show(rates, columns={"group": ("Race", "text"), "events": ("N", "integer")})
    with pytest.raises(EquityError, match="begins with a text column"):
        show(rates, columns={"events": ("N", "count")})
    with pytest.raises(EquityError, match="why a row is hidden"):
        show(rates, columns={"group": ("Race", "text"), "suppressed": ("S", "text")})


@pytest.fixture
def stacked():
    """A level for three rows, comparisons for two: nobody compares the city's own."""
    rows = [
        ("Asian", "level", None, 6.0, 5.0, 7.0),
        ("White", "level", None, 4.0, 3.0, 5.0),
        ("All residents", "level", None, 4.5, 4.0, 5.0),
        ("Asian", "difference", "White", 2.0, 1.0, 3.0),
        ("White", "difference", "White", 0.0, None, None),
        ("Asian", "ratio", "White", 1.5, 1.2, 1.9),
        ("White", "ratio", "White", 1.0, None, None),
    ]
    names = ["group", "statistic", "reference", "estimate", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=names).assign(events=60, confidence=0.95)


def comparison(table, **options):
    said = {"name": "a", "caption": "b", "label": "Days", "unit": "number"}
    protected = protect(table, lines=None)
    return tables.compare(protected, counts={"events": "Requests"}, **said | options)


def test_comparison_puts_statistics_beside_each_other(stacked):
    payload = comparison(stacked).as_payload()
    assert [column["name"] for column in payload["columns"]] == [
        *("group", "events", "estimate", "conf_low_conf_high", "difference"),
        *("difference_conf_low_difference_conf_high", "ratio"),
        "ratio_conf_low_ratio_conf_high",
    ]
    texts = [[cell["text"] for cell in row] for row in payload["rows"]]
    assert texts == [
        [
            "Asian",
            "60",
            "6.0",
            "5.0 to 7.0",
            "2.0",
            "1.0 to 3.0",
            "1.50",
            "1.20 to 1.90",
        ],
        ["White", "60", "4.0", "3.0 to 5.0", "0.0", "n/a", "1.00", "n/a"],
        ["All residents", "60", "4.5", "4.0 to 5.0", "n/a", "n/a", "n/a", "n/a"],
    ]


def test_comparison_hides_what_depends_on_a_hidden_reference(stacked):
    stacked.loc[stacked["group"] == "White", "events"] = 3
    rows = comparison(stacked).as_payload()["rows"]
    asian = [cell["text"] for cell in rows[0]]
    assert asian[:4] == ["Asian", "60", "6.0", "5.0 to 7.0"]
    assert asian[4:] == ["hidden"] * 4
    assert not any(
        character.isdigit() for cell in rows[1] for character in cell["text"]
    )


def test_without_rows_there_is_a_note(stacked):
    assert comparison(stacked.iloc[:0]).as_payload()["kind"] == "note"


@pytest.fixture
def coded():
    """Asian students nearly all, Native students hidden, as the gate makes them."""
    graduation = pd.DataFrame(
        {
            "group": ["Asian", "White", "Native"],
            "events": [60, 700, 3],
            "population": [80, 1000, 40],
            "estimate": [0.75, 0.7, 0.1],
            "conf_low": [0.6, 0.6, 0.05],
            "conf_high": [0.9, 0.8, 0.2],
        }
    )
    protected = protect(graduation, lines=None)
    frame = protected.frame.assign(coded=["95% or more", None, None])
    frame.loc[0, ["events", "estimate", "conf_low", "conf_high"]] = np.nan
    return replace(protected, _frame=frame)


def test_a_coded_share_is_a_range(coded):
    columns = {
        "group": ("Race", "text"),
        "population": ("Students", "count"),
        "events": ("Graduates", "count"),
        "estimate": ("Rate", "percent"),
        ("conf_low", "conf_high"): ("95% interval", "percent"),
    }
    payload = tables.show(coded, name="a", caption="b", columns=columns).as_payload()
    texts = [[cell["text"] for cell in row] for row in payload["rows"]]
    assert texts[0] == ["Asian", "80", "hidden", "95% or more", "hidden"]
    assert texts[2] == ["Native", "40", "hidden", "hidden", "hidden"]
    cell = payload["rows"][0][3]
    assert cell == {"value": None, "text": "95% or more", "hidden": False}
    assert Table.model_validate(payload).rows[0][3].absent


def test_a_difference_of_a_coded_share_is_hidden(coded):
    frame = coded.frame.assign(statistic="difference")
    columns = {"group": ("Race", "text"), "estimate": ("Gap", "points")}
    for table, kind in ((coded, "points"), (replace(coded, _frame=frame), "percent")):
        columns["estimate"] = ("Gap", kind)
        payload = tables.show(table, name="a", caption="b", columns=columns)
        assert payload.as_payload()["rows"][0][1]["text"] == "hidden"


def test_what_the_gate_says_is_a_footnote(rates):
    protected = protect(rates, lines=None, rounding=5)
    assert protected.notes
    columns = {"group": ("Race", "text"), "events": ("Graduates", "count")}
    payload = tables.show(protected, name="a", caption="b", columns=columns)
    assert payload.as_payload()["notes"][-len(protected.notes) :] == protected.notes


def test_counts_are_for_the_audit_alone(rates, stacked):
    told = {"topic": "staff", "dimensions": ["group"], "known": False}
    told |= {"cells": [[["Asian"], 424242, 424242]]}
    for shown in (
        tables.show(
            replace(protect(rates, lines=None), _counts=(told,)),
            name="a", caption="b", columns={"group": ("Race", "text")},
        ),
        tables.compare(
            replace(protect(stacked, lines=None), _counts=(told,)),
            name="a", caption="b", label="Days", unit="number", counts={},
        ),
    ):  # fmt: skip
        assert shown.as_payload()["counts"] == [told]
        looks = shown._repr_mimebundle_()
        assert "424242" not in looks["text/html"] + looks["text/plain"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.floats(0, 1), st.floats(0, 1)),
        min_size=2, max_size=2,
    )
)  # fmt: skip
def test_nothing_of_a_hidden_value_is_in_a_table(hidden):
    """Two tables that differ in hidden values only are the same."""

    def shown(values):
        frame = pd.DataFrame(
            {
                "group": ["Asian", "Black", "Native", "White"],
                "events": [60, *(count for count, _, _ in values), 1240],
                "estimate": [0.2, *(rate for _, rate, _ in values), 0.4],
                "conf_low": [0.1, *(low for _, _, low in values), 0.3],
                "conf_high": [0.3, 1.0, 1.0, 0.5],
                "reference": "White",
            }
        )
        return show(frame)

    assert shown(hidden) == shown([(5, 0.5, 0.5)] * 2)


def test_rows_that_are_sorted_by_size_do_not_rank_what_is_hidden():
    """Both orders of the hidden departments become the same bytes."""

    def shown(sizes):
        names = ["Police", "Fire", "Zoo", "Arts", "All other departments"]
        frame = pd.DataFrame({"department": names, "population": sizes})
        frame = pd.concat(
            [frame[:4].sort_values("population", ascending=False), frame[4:]]
        )
        columns = {
            "department": ("Department", "text"),
            "population": ("Staff", "count"),
        }
        payload = show(frame, columns=columns)
        return payload | {"counts": []}

    one = shown([500, 200, 8, 3, 90])
    assert one == shown([500, 200, 2, 9, 90])
    assert [row[0]["text"] for row in one["rows"]] == [
        *("Police", "Fire", "Arts", "Zoo", "All other departments"),
    ]  # fmt: skip


def test_labels_of_any_kind_are_text():
    names = [
        "<b>&'\"",
        "$x^2$",
        "\u200fa\u202eb\u202c",
        "\x07\x9b31m",
        "\U0001f642" * 200,
    ]
    frame = pd.DataFrame({"group": names, "events": 50})
    columns = {"group": ("<i>Race</i> $x$", "text"), "events": ("N", "count")}
    shown = tables.show(
        protect(frame, lines=None), name="a", caption="&", columns=columns
    )
    values = [row[0]["value"] for row in shown.as_payload()["rows"]]
    assert values == [*names[:2], "\u200fab", "\ufffd\ufffd31m", names[4]]
    html = shown._repr_mimebundle_()["text/html"]
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;&amp;&#x27;&quot;" in html
