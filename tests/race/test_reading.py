"""Everyone in a file has one group, by a rule that is declared, named and counted."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import ColumnNotFoundError, ParamsError, UnmappedLabelError

OMB = race.standard("omb1997")
SPD15 = race.standard("spd15_2024")
LABELS = {
    "White": race.WHITE,
    "Black/African American": race.BLACK,
    "Chinese": race.ASIAN,
    "Filipino": race.ASIAN,
    "Hispanic": race.HISPANIC,
    "Declined": "Declined",
    "Unknown": "Unknown",
    "": "Not recorded",
}
LIST = {"separators": [";"]}
ORIGIN = {"column": "ETH", "yes": ["Y", "Hispanic"], "no": ["N"], "unknown": ["U"]}


def read(cells, standard=OMB, weights=None, **rules):
    """Read a race column; other columns by name among the rules, in capitals."""
    others = {name: rules.pop(name) for name in list(rules) if name.isupper()}
    frame = pd.DataFrame({"race": cells, **others}, dtype="str")
    rules = race.Rules(**{"races": LABELS, **rules})
    return race.read(
        frame, rules, standard=standard, where="a.csv", column="RACE", weights=weights
    )


def test_one_race_a_person():
    found = read(["WHITE ", "Chinese", "Declined", ""])
    assert found.group.to_list() == [race.WHITE, race.ASIAN, "Declined", "Not recorded"]
    assert found.detail.to_list() == ["White", "Chinese", "Declined", ""]
    assert found.several.to_list() == [race.WHITE, race.ASIAN, "", ""]
    assert found.notes == [(race.RESPELLED, 1)]
    assert found.marks[race.RESPELLED].to_list() == [True, False, False, False]


def test_categories_are_what_the_file_can_record():
    found = read(["White"])
    assert found.group.cat.categories.to_list() == [
        *(race.ASIAN, race.BLACK, race.HISPANIC, race.WHITE),
        *("Unknown", "Declined", "Not recorded"),
    ]
    assert race.TWO_OR_MORE in read(["White"], several=LIST).group.cat.categories
    assert found.group.cat.ordered


def test_of_a_general_vocabulary_the_categories_are_those_found():
    found = read(["White", "Latinx"], races={}, vocabulary="city_hr")
    assert found.group.cat.categories.to_list() == [race.HISPANIC, race.WHITE]


def test_several_races_are_kept_and_counted_once():
    found = read(["Chinese; Filipino", "Chinese;White", "White;Declined"], several=LIST)
    assert found.group.to_list() == [race.ASIAN, race.TWO_OR_MORE, race.WHITE]
    assert found.detail.to_list() == [
        *("Chinese; Filipino", "Chinese; White", "White; Declined"),
    ]
    assert found.several.to_list() == ["Asian", "Asian; White", "White"]
    assert dict(found.notes) == {
        "more than one race; counted under Two or more races, by the rule "
        "'hispanic first, then two or more'": 1,
        "a race and an unknown answer; the race counts": 1,
    }


def test_two_questions_become_one_list():
    found = read(
        ["White", "", "White", "Hispanic", "White", "Unknown"],
        ETH=["Y", "Hispanic", "N", "N", "", "U"],
        hispanic=ORIGIN,
    )
    assert found.group.to_list() == [
        *(race.HISPANIC, race.HISPANIC, race.WHITE, race.HISPANIC, race.WHITE),
        "Unknown",
    ]
    assert found.several.to_list()[:2] == ["Hispanic or Latino; White", race.HISPANIC]
    assert found.detail.iloc[0] == "Hispanic or Latino; White"
    rules = [rule for rule, _ in found.notes]
    assert rules == [
        "more than one race; counted under Hispanic or Latino, by the rule "
        "'hispanic first, then two or more'",
        "the race is Hispanic and the question on origin says no; counted as Hispanic",
        "Hispanic origin is not on record; counted under the race on record",
    ]


def test_under_the_directive_of_2024_hispanic_is_one_of_the_set():
    found = read(["White", ""], SPD15, ETH=["Y", "Y"], hispanic=ORIGIN)
    assert found.group.to_list() == [race.TWO_OR_MORE, race.HISPANIC]
    again = read(
        *(["White"], SPD15),
        ETH=["Y"],
        hispanic=ORIGIN,
        roll_up="hispanic first, then two or more",
    )
    assert again.group.to_list() == [race.HISPANIC]
    assert again.several.to_list() == ["Hispanic or Latino; White"]


def test_an_origin_not_on_record_may_be_counted_as_unknown():
    asked = {**ORIGIN, "if_unknown": "unknown"}
    found = read(["White", "White"], ETH=["", "N"], hispanic=asked)
    assert found.group.to_list() == ["Unknown", race.WHITE]
    assert found.several.to_list() == ["", race.WHITE]
    assert found.notes == [("Hispanic origin is not on record; counted as Unknown", 1)]


def test_yes_no_columns():
    columns = {"WHT": "White", "ASN": race.ASIAN}
    found = read(
        ["", "", "", "Hispanic"],
        WHT=["X", "x", "", "X"],
        ASN=["X", "", "0", ""],
        several={"columns": columns, "yes": ["X"], "no": ["0"]},
    )
    assert found.group.to_list() == [
        *(race.TWO_OR_MORE, race.WHITE, "Not recorded", race.HISPANIC),
    ]
    assert found.several.to_list() == [
        *("Asian; White", "White", "", "Hispanic or Latino; White"),
    ]


def test_ticked_kinds_of_unknown_stay_apart_from_no_tick():
    ticks = {"columns": {"W": "White", "B": race.BLACK, "U": "Declined"}, "yes": ["1"]}
    found = read(
        [""] * 21,
        W=[""] * 20 + ["1"],
        B=[""] * 21,
        U=["1"] * 10 + [""] * 10 + ["1"],
        several=ticks,
    )
    counts = found.group.value_counts()
    assert counts[counts > 0].to_dict() == {
        **{"Declined": 10, "Not recorded": 10, race.WHITE: 1},
    }
    assert found.several.to_list() == [""] * 20 + [race.WHITE]
    assert found.detail.to_list()[:11] == ["Declined"] * 10 + [""]
    assert found.detail.iloc[20] == "White; Declined"
    assert found.notes == [
        ("no race is ticked; read as Not recorded", 10),
        ("a race and an unknown answer; the race counts", 1),
    ]


def test_a_ticked_unknown_beside_hispanic_origin_or_a_label():
    ticks = {"columns": {"U": "Declined"}, "yes": ["1"]}
    found = read(
        ["", "White", "Unknown"],
        U=["1", "1", "1"],
        ETH=["Y", "N", "N"],
        several=ticks,
        hispanic=ORIGIN,
    )
    assert found.group.to_list() == [race.HISPANIC, race.WHITE, "Unknown"]
    assert found.notes == [("a race and an unknown answer; the race counts", 2)]


def test_what_no_tick_at_all_means_is_declared():
    ticks = {"columns": {"BLK": race.BLACK}, "yes": ["1"], "none": race.WHITE}
    found = read(["", "", "Unknown"], BLK=["1", "", ""], several=ticks)
    assert found.group.to_list() == [race.BLACK, race.WHITE, "Unknown"]
    assert found.notes == [("no race is ticked; read as White", 1)]


def test_origin_counts_where_the_race_is_declined():
    found = read(["Declined"], ETH=["Y"], hispanic=ORIGIN)
    assert found.group.to_list() == [race.HISPANIC]
    assert found.notes == [("a race and an unknown answer; the race counts", 1)]


def test_yes_no_columns_alone(shared):
    """egsingle: 4,977 rows Black, 1,024 Hispanic, none both, 1,229 neither."""
    file = shared / "data" / "education" / "mlmRev__egsingle.csv.gz"
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    rules = race.Rules(
        vocabulary="egsingle",
        several={
            "columns": {"black": "black", "hispanic": "hispanic"},
            "yes": ["1"],
            "no": ["0"],
        },
    )
    found = race.read(frame, rules, standard=OMB, where="egsingle")
    counts = found.group.value_counts().to_dict()
    assert counts == {
        race.BLACK: 4977,
        race.HISPANIC: 1024,
        "Not recorded": 1229,
        race.TWO_OR_MORE: 0,
    }
    assert found.notes == [("no race is ticked; read as Not recorded", 1229)]


def test_an_answer_that_is_neither_yes_nor_no_is_an_error_with_its_count():
    ticks = {"columns": {"WHT": "White"}, "yes": ["Y"], "no": ["N"]}
    with pytest.raises(UnmappedLabelError) as error:
        read(["", "", ""], WHT=["Y", "maybe", "maybe"], several=ticks)
    assert "a.csv, column WHT: 1 value(s) are neither yes nor no" in str(error.value)
    assert "'maybe' (2)" in str(error.value)
    with pytest.raises(UnmappedLabelError, match=r"column ETH.*'\?' \(1\)"):
        read(["White"], ETH=["?"], hispanic=ORIGIN)


def test_an_undeclared_label_is_an_error_with_its_count():
    with pytest.raises(UnmappedLabelError) as error:
        read(["White", "Latinx", "Latinx", "NA"])
    assert "a.csv, column RACE: 2 label(s)" in str(error.value)
    assert "'Latinx' (2), 'NA' (1)" in str(error.value)


def test_an_undeclared_list_says_how_to_declare_it():
    with pytest.raises(UnmappedLabelError, match="several: separators"):
        read(["White", "White|Chinese"])


@pytest.mark.parametrize("people", [3, 21])
def test_a_column_of_names_is_not_repeated(people):
    with pytest.raises(UnmappedLabelError, match="right column") as error:
        read([f"Person {number}" for number in range(people)])
    assert "Person" not in str(error.value)


NAMES = ["A. Jones", "B. Brown", "C. Smith", "D. Smith"]


@pytest.mark.parametrize("beside", [[""] * 9, ["White"] * 9, ["", "E. Doe", "E. Doe"]])
def test_names_are_not_repeated_beside_labels_that_are_known(beside):
    with pytest.raises(UnmappedLabelError, match="right column") as error:
        read([*NAMES, *beside])
    assert not any(name in str(error.value) for name in [*NAMES, "Doe"])
    assert f"RACE: {4 + ('E. Doe' in beside)} label(s)" in str(error.value)


def test_names_are_not_repeated_from_a_column_of_answers():
    ticks = {"columns": {"WHT": "White"}, "yes": ["Y"], "no": ["N"]}
    answers = [*NAMES, "Y", ""]
    for column, keys in (("WHT", {"several": ticks}), ("ETH", {"hispanic": ORIGIN})):
        with pytest.raises(UnmappedLabelError, match="right column") as error:
            read([""] * 6, **{column: answers}, **keys)
        assert not any(name in str(error.value) for name in NAMES)
        assert f"column {column}: 4 value(s)" in str(error.value)


def test_a_blank_has_a_meaning_or_is_an_error():
    races = {"White": race.WHITE}
    with pytest.raises(UnmappedLabelError, match=r"'' \(1\)"):
        read(["White", ""], races=races)
    found = read(["", "White"], races=races, ETH=["Y", "N"], hispanic=ORIGIN)
    assert found.group.to_list() == [race.HISPANIC, race.WHITE]
    with pytest.raises(UnmappedLabelError, match=r"'' \(1\)"):
        read([""], races=races, ETH=["N"], hispanic=ORIGIN)


def test_a_doubtful_label_is_noted_wherever_it_is_found():
    found = read(
        ["TORRES STRAIT ISLANDER ORIGIN", "WHITE"],
        race.standard("omb1997_api"),
        races={},
        vocabulary="cincinnati_employees",
    )
    ((rule, rows),) = found.notes
    assert rule == "a label of doubtful meaning, read as Asian or Pacific Islander"
    assert rows == 1
    overridden = read(
        ["TORRES STRAIT ISLANDER ORIGIN"],
        race.standard("omb1997_api"),
        races={"TORRES STRAIT ISLANDER ORIGIN": race.SOME_OTHER},
        vocabulary="cincinnati_employees",
    )
    assert overridden.notes == []
    assert overridden.group.to_list() == [race.SOME_OTHER]


CELLS = st.sampled_from(
    [*LABELS, "WHITE", "white ; chinese", "Black/African American;White", "Hispanic;"]
)
ROWS = st.lists(st.tuples(CELLS, st.sampled_from(["Y", "N", "U", ""])), max_size=40)


@given(ROWS, st.sampled_from([OMB, SPD15]), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_reading_never_invents_or_loses_a_person(rows, standard, random):
    cells = [cell for cell, _ in rows]
    answers = [answer for _, answer in rows]
    rules = {"several": LIST, "hispanic": ORIGIN}
    found = read(cells, standard, ETH=answers, **rules)
    assert found.group.notna().all()
    assert found.group.value_counts().sum() == len(rows)
    assert (found.several.eq("") == found.group.isin(race.UNKNOWN)).all()
    people = pd.DataFrame({"race": found.group, "several": found.several})
    shown = race.mutually_exclusive(people, rule=standard.roll_up)
    counts = found.group.value_counts()
    assert shown.set_index("group")["people"].to_dict() == (
        counts[counts > 0].to_dict()
    )
    assert race.alone_or_in_combination(people)["total"].eq(len(rows)).all()

    order = list(range(len(rows)))
    random.shuffle(order)
    again = read(
        *([cells[i] for i in order], standard),
        ETH=[answers[i] for i in order],
        **rules,
    )
    assert again.group.to_list() == [found.group.iloc[i] for i in order]
    assert sorted(again.notes) == sorted(found.notes)

    distinct = pd.Series(rows, dtype=object).value_counts()
    weighted = read(
        *([cell for cell, _ in distinct.index], standard),
        ETH=[answer for _, answer in distinct.index],
        weights=pd.Series(distinct.to_numpy(), dtype="int64"),
        **rules,
    )
    counted = distinct.groupby(weighted.group.to_list()).sum().to_dict()
    assert counted == counts[counts > 0].to_dict()
    assert sorted(weighted.notes) == sorted(found.notes)
    key = ["label", "group", "respelled"]
    assert weighted.mapping.set_index(key).equals(found.mapping.set_index(key))


def test_the_input_is_unchanged_and_its_index_kept():
    frame = pd.DataFrame({"race": ["White", None]}, index=[7, 3])
    before = frame.copy()
    found = race.read(frame, race.Rules(races=LABELS), standard=OMB, where="a.csv")
    pd.testing.assert_frame_equal(frame, before)
    for series in (found.group, found.detail, found.several):
        assert series.index.to_list() == [7, 3]
    assert found.group.loc[3] == "Not recorded"


def test_no_rows():
    found = read([], several=LIST, ETH=[], hispanic=ORIGIN)
    assert found.group.empty
    assert race.TWO_OR_MORE in found.group.cat.categories
    assert found.notes == []
    assert found.mapping.empty


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"several": {}}, "separators, or yes/no columns"),
        ({"several": {"columns": {"A": "White"}}}, "yes is missing"),
        ({"several": {"separators": [" "]}}, "a blank cannot separate"),
        (
            {"several": {"columns": {"A": "White"}, "yes": ["1"], "no": ["1 "]}},
            "'1 ' is under no and another",
        ),
        (
            {"hispanic": {"column": "E", "yes": ["H"], "unknown": ["h"]}},
            "under unknown and another",
        ),
    ],
)
def test_rules_that_contradict_themselves(keys, message):
    with pytest.raises(ParamsError, match=message):
        race.Rules(**keys)


def test_rules_name_groups_of_the_standard():
    with pytest.raises(ParamsError, match="'Whyte'"):
        read([], races={"W": "Whyte"})
    ticks = {"columns": {"A": "Whyte"}, "yes": ["1"]}
    with pytest.raises(ParamsError, match="neither a declared label nor a group"):
        read([], A=[], several=ticks)
    ticks = {"columns": {"A": "White"}, "yes": ["1"], "none": "Martian"}
    with pytest.raises(ParamsError, match="none: 'Martian'"):
        read([], A=[], several=ticks)


def test_a_missing_column_is_named():
    with pytest.raises(ColumnNotFoundError, match="ETH"):
        read(["White"], hispanic=ORIGIN)
    with pytest.raises(ColumnNotFoundError, match="race"):
        race.read(pd.DataFrame({"R": []}), race.Rules(), standard=OMB, where="a.csv")


# Files that cities have sent, as they should not be.


def case(shared, name, file="services.csv"):
    path = shared / "bad_inputs" / name / file
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def counts_of(shared, name, standard=OMB, file="services.csv", **rules):
    rules = race.Rules(**{"vocabulary": "city_hr", **rules})
    found = race.read(case(shared, name, file), rules, standard=standard, where=file)
    return found, found.group.value_counts()


@pytest.mark.parametrize("standard", [OMB, SPD15], ids=lambda s: s.name)
def test_variants_of_a_label_are_one_group(shared, standard):
    """race-01: people by group equal the good file, and the table says how."""
    _, good = counts_of(shared, "good", standard)
    found, variants = counts_of(shared, "race-01", standard)
    assert variants.to_dict() == good.to_dict()
    assert good.sum() == 120
    assert dict(found.notes)[race.RESPELLED] == 4
    table = found.mapping
    assert table["rows"].sum() == 120
    wide = table[table["label"].str.startswith("\uff22")]
    assert wide["group"].to_list() == [race.BLACK]
    assert wide["respelled"].all()
    assert {"Latino/a", "Latinx"} <= set(table["label"])


@pytest.mark.parametrize(
    ("standard", "rule"),
    [
        (OMB, "hispanic first, then two or more"),
        (OMB, "two or more"),
        (SPD15, "two or more"),
    ],
)
def test_lists_with_four_separators(shared, standard, rule):
    """race-03: the sum over exclusive groups is 120 people, and the rule is named."""
    several = {"separators": [";", ",", "|", "json"]}
    found, counts = counts_of(
        shared, "race-03", standard, several=several, roll_up=rule
    )
    assert counts.sum() == 120
    assert counts[race.TWO_OR_MORE] == 13 + 4
    ((note, rows),) = found.notes
    assert rule in note
    assert rows == 4
    assert set(found.group.cat.categories) <= {*standard.groups, *race.UNKNOWN}
    people = pd.DataFrame({"race": found.group, "several": found.several})
    assert race.combinations(people)["people"].sum() == 120
    either = race.alone_or_in_combination(people).set_index("group")
    assert either.loc[race.ASIAN, "people"] == 13 + 3
    assert either.loc[race.ASIAN, "total"] == 120


def test_kinds_of_unknown_are_five_counts(shared):
    """race-05: Unknown, Refused, Declined, Other and blank stay apart."""
    _, counts = counts_of(shared, "race-05")
    kinds = ["Unknown", "Refused", "Declined", race.SOME_OTHER, "Not recorded"]
    assert counts[kinds].to_list() == [18, 10, 10, 10, 10]
    assert counts.sum() == 120


def test_na_is_not_missing(shared):
    """val-16: NA is an unmapped label with its count, or Native American."""
    with pytest.raises(UnmappedLabelError, match=r"column race.*'NA' \(12\)"):
        counts_of(shared, "val-16", file="workforce.csv")
    found, counts = counts_of(
        shared, "val-16", file="workforce.csv", races={"NA": race.AIAN}
    )
    assert counts[race.AIAN] == 24
    assert found.group.notna().all()
