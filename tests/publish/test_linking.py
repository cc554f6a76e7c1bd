"""Links: which labels are dimensions, and where a count lies."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import InputError, ParamsError
from equity.publish.linking import Link
from equity.publish.protect import protect


def cells(table, known=False, **asked) -> dict:
    """The register of a table: labels (in order of dimensions) to bounds."""
    bundles = [b for b in protect(table, **asked).counts if b["known"] == known]
    return {
        tuple(tuple(p) if isinstance(p, list) else p for p in labels): (low, high)
        for bundle in bundles
        for labels, low, high in bundle["cells"]
    }


def dimensions(table, **asked) -> list[str]:
    return protect(table, **asked).counts[0]["dimensions"]


def staff(**columns) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "department": ["Police", "Police", "Fire", "Fire"],
            "group": ["A", "B", "A", "B"],
            "events": [120, 64, 31, 50],
        }
    )
    return table.assign(**columns)


def test_labels_are_dimensions_and_descriptions_of_them_are_not():
    table = staff(recorded=["yes", "no", "yes", "no"], year=2024)
    assert dimensions(table) == ["department", "group", "year"]
    table["file"] = [f"{name}.csv" for name in table["department"]]
    assert dimensions(table) == ["department", "group", "year"]
    table["shift"] = ["day", "night", "night", "day"]
    assert "shift" not in dimensions(table)  # department and group tell as much
    other = pd.DataFrame({"shift": ["day", "night"], "events": [40, 50]})
    assert dimensions(other) == ["shift"]


def test_statistics_repeat_a_count_and_measures_may_not():
    table = pd.concat(
        [staff(statistic=s, measure=s, estimate=0.5) for s in ("level", "ratio")]
    )
    assert len(cells(table, topic="staff")) == 4
    both = pd.concat([staff(measure="hired"), staff(measure="left")])
    both["events"] = range(40, 48)
    assert dimensions(both, topic="staff") == ["department", "group", "measure"]


def test_rows_that_nothing_tells_apart_are_linked_to_nothing():
    table = pd.DataFrame({"group": ["A", "A"], "events": [40, 50]})
    assert dimensions(table) == ["group", "row"]
    with pytest.raises(InputError, match="same labels"):
        protect(table, topic="staff")


def test_one_row_without_labels_is_everybody():
    table = pd.DataFrame({"events": [84], "population": [2300]})
    assert cells(table, lines=None, topic="staff") == {(): (84, 84)}
    within = {"group": ["Unknown", "Declined"]}
    found = cells(table, lines=None, topic="staff", within=within)
    assert found == {(("Declined", "Unknown"),): (84, 84)}


def test_several_counts_are_told_apart():
    table = pd.DataFrame({"area": ["x", "y"], "requests": [90, 80], "closed": [60, 70]})
    found = cells(table, topic="requests")
    assert found[("x", "closed")] == (60, 60)
    assert found[("y", "requests")] == (80, 80)


def test_labels_that_cover_others():
    covers = {"department": {"Police": ["Patrol", "Detectives"], "Fire": None}}
    found = cells(staff(), topic="staff", covers=covers)
    assert found[(("Detectives", "Patrol"), "A")] == (120, 120)
    assert found[(None, "B")] == (50, 50)


def test_within_holds_for_the_whole_table():
    found = cells(staff(), topic="staff", within={"period": ["2025Q3", "2025Q4"]})
    assert ("Police", "A", ("2025Q3", "2025Q4")) in found
    with pytest.raises(InputError, match="covers"):
        protect(staff(), within={"department": "Fire"})
    with pytest.raises(InputError, match="no columns of labels"):
        protect(staff(), covers={"ward": {"x": ["y"]}})


def test_modelled_counts_count_nobody():
    """Requests shared out by race are no people; that of all residents is."""
    table = pd.DataFrame({"group": ["A", "B", "All"], "events": [12.4, 87.6, 100.0]})
    found = cells(table, lines=None, topic="r", covers={"group": {"All": None}})
    assert found == {(None,): (100, 100)}


def test_populations_of_another_topic_are_left_out():
    table = staff(population=9000)
    assert len(cells(table, topic="staff")) == 4


def test_members_and_their_outcome():
    table = staff(population=[400, 300, 200, 100])
    found = cells(table, topic="staff", population="members", lines=None)
    assert found[("Police", "A", "yes")] == (120, 120)
    assert found[("Police", "A", None)] == (400, 400)
    named = cells(
        table,
        topic="staff",
        population="members",
        lines=None,
        within={"outcome": "promoted"},
    )
    assert ("Police", "A", "promoted") in named
    with pytest.raises(InputError, match="exceed"):
        protect(table.assign(population=10), population="members")


def test_a_whole_is_the_sum_of_its_groups():
    table = staff()
    table["population"] = table.groupby("department")["events"].transform("sum")
    found = cells(table, topic="staff", population="whole", lines=None)
    assert found[("Police", ("A", "B"))] == (184, 184)
    assert found[("Fire", ("A", "B"))] == (81, 81)
    with pytest.raises(InputError, match="does not add up"):
        protect(table.assign(population=200), topic="staff", population="whole")


def test_a_group_that_cannot_be_recorded_is_no_part_of_the_whole():
    table = pd.DataFrame(
        {"group": ["A", "B", "C"], "events": [40, 50, np.nan], "population": 90}
    )
    found = cells(table, topic="staff", population="whole", lines=None)
    assert found == {("A",): (40, 40), ("B",): (50, 50), (("A", "B"),): (90, 90)}


def test_totals_that_a_reader_may_know():
    small = staff(events=[120, 4, 31, 50])
    lines = ("department", "group")
    known = cells(small, known=True, topic="staff", lines=lines)
    assert known == {
        ("Police", ("A", "B")): (124, 124),
        ("Fire", ("A", "B")): (81, 81),
        (("Fire", "Police"), "A"): (151, 151),
        (("Fire", "Police"), "B"): (54, 54),
    }
    assert not cells(staff(), known=True, topic="staff", lines=lines)
    assert not cells(small, known=True, topic="staff", lines=None)


def test_sets_that_overlap_have_no_total():
    """`dis-15`: alone, and alone or in combination."""
    table = pd.DataFrame(
        {"group": ["Asian", "Asian in any combination", "White"],
         "events": [43, 46, 4]}
    )  # fmt: skip
    covers = {"group": {"Asian in any combination": ["Asian", "Asian and other"]}}
    assert not cells(table, known=True, topic="staff", covers=covers)


@pytest.mark.parametrize(
    ("asked", "fact"),
    [
        ({"population": "some"}, "population is 'some'"),
        ({"topic": 3}, "topic is a int"),
        ({"within": {"period": 3}}, "as text"),
        ({"covers": {"group": {"A": []}}}, "as text"),
    ],
)
def test_links_that_are_refused(asked, fact):
    with pytest.raises(ParamsError, match=fact):
        Link(**asked)


def test_groups_that_another_standard_tells_apart_are_known_as_sets():
    """Asian and Pacific Islander together in one release, and apart in the next."""
    together = Link("staff").place({"group": "Asian or Pacific Islander"})
    apart = [
        Link("staff").place({"group": group})
        for group in ("Asian", "Native Hawaiian or Other Pacific Islander")
    ]
    assert together["group"] == apart[0]["group"] | apart[1]["group"]


def test_race_and_group_are_one_dimension():
    """Tidy tables have a column race, measure tables a column group."""
    assert Link("staff").place({"race": "Asian"}) == Link("staff").place(
        {"group": "Asian"}
    )
    told = protect(
        pd.DataFrame({"race": ["A", "B"], "events": [40, 50]}), topic="staff"
    )
    assert {dim for part in told.counts for dim in part["dimensions"]} == {"group"}


def test_events_may_lie_elsewhere_than_yes():
    """Rows set aside by one of several rules are a part of the rows looked at."""
    asked = pd.DataFrame({"category": ["Weeds"], "events": [12], "population": [90]})
    told = protect(
        asked,
        topic="rows",
        within={"rule": ["used", "no place"]},
        population="members",
        events={"rule": "no place"},
    ).counts
    cells = [cell for part in told for cell in part["cells"]]
    assert [["Weeds", "no place"], 12, 12] in cells
    assert [["Weeds", ["no place", "used"]], 90, 90] in cells
