"""Outcomes that are counted: bounds, several in a file, and what is refused."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import schools, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
ONE = sources.Rates(
    file="o.csv",
    outcome="suspension",
    direction="lower is better",
    columns={
        **{"unit": "School", "year": "Year", "race": "Group"},
        **{"events": "Count", "population": "Of"},
    },
    races={"B": race.BLACK, "W": race.WHITE, "": "Not recorded"},
    suppressed={"*": [1, 9]},
)
SEVERAL = sources.Rates(
    **{
        **ONE.model_dump(exclude_unset=True, exclude={"outcome", "direction"}),
        "columns": ONE.columns | {"outcome": "Measure"},
        "outcomes": {"Chronic absence": "chronic absence", "AP": "advanced courses"},
        "directions": {
            "chronic absence": "lower is better",
            "advanced courses": "higher is better",
        },
    }
)


def changed(source, **settings):
    return type(source)(**(source.model_dump(exclude_unset=True) | settings))


def clean(*rows, source=ONE):
    raw = pd.DataFrame(rows, columns=list(source.columns.values()), dtype="str")
    ledger = Ledger("rates", "o.csv", len(raw))
    return schools.clean_rates(raw, source, ledger, standard=OMB), ledger


def test_counts_are_counts_and_marks_are_bounds():
    found, ledger = clean(
        ("A", "2025", "B", "40", "200"),
        ("A", "2025", "W", "*", "5"),
        ("B", "2025", "B", "*", "150"),
        ("B", "2025", "", "0", "12"),
        ("C", "2025", "B", "", ""),
        ("C", "2025", "W", "", "30"),
    )
    ends = found[["events_low", "events_high"]].to_numpy().tolist()
    assert ends == [[40, 40], [1, 5], [1, 9], [0, 0], [0, 30]]
    assert found["events"].isna().to_list() == [False, True, True, False, True]
    assert found.loc[0, ["rate_low", "rate_high"]].to_list() == [0.2, 0.2]
    assert found.loc[2, ["rate_low", "rate_high"]].to_list() == [1 / 150, 9 / 150]
    assert found["race"].to_list()[3] == "Not recorded"  # kept, and counted
    assert found["direction"].eq("lower is better").all()
    assert found["outcome"].eq("suspension").all()
    told = {rule: rows for action, rule, rows in ledger.entries if action == "noted"}
    assert told["column Count: hidden in the source, kept as bounds"] == 2
    rule = "neither events nor a population are published"
    assert ("set aside", rule, 1) in ledger.entries


def test_several_outcomes_in_one_file():
    row = ("A", "2025", "B")
    found, _ = clean(
        (*row, "40", "200", "CHRONIC  absence"),
        (*row, "20", "200", "ap"),
        source=SEVERAL,
    )
    assert found["outcome"].to_list() == ["chronic absence", "advanced courses"]
    assert found["direction"].to_list() == ["lower is better", "higher is better"]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_the_truth_lies_within_the_bounds(pairs):
    """Counts of 1 to 9 are hidden, of events and of students."""
    hide = [[("*" if 1 <= n <= 9 else str(n)) for n in pair] for pair in pairs]
    found, _ = clean(*((str(i), "2025", "B", *pair) for i, pair in enumerate(hide)))
    for (events, people), row in zip(pairs, found.itertuples(), strict=True):
        assert row.events_low <= events <= row.events_high <= row.population_high
        assert row.population_low <= people <= row.population_high
        if people:
            assert row.rate_low - 1e-12 <= events / people <= row.rate_high + 1e-12


ROW = ("A", "2025", "W", "9", "90")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("A", "2025", "B", "21", "20"), r"column Count: 1 .*column Of, .*data row 2"),
        (("A", "2025", "B", "-1", "20"), r"o\.csv: column Count: 1 .*data row 2"),
        (("A", "2025", "B", "1", "-20"), r"o\.csv: column Of: 1 .*data row 2"),
        (("A", "2025", "B", "1.5", "20"), r"o\.csv: column Count: 1 .*data row 2"),
        (("A", "2025", "W", "8", "90"), r"School, Year, Group.*data row 2"),
    ],
)
def test_what_is_refused_by_file_column_and_row(row, words):
    with pytest.raises(InputError, match=words) as error:
        clean(ROW, row)
    assert str(error.value).startswith("o.csv: ")


def test_an_outcome_that_nobody_declared_is_refused():
    with pytest.raises(InputError, match=r"o\.csv: column Measure: 1 .*data row 2"):
        clean((*ROW, "AP"), (*ROW, "Truancy"), source=SEVERAL)
    kept = clean((*ROW, "AP"), (*ROW, "Chronic absence"), source=SEVERAL)[0]
    assert len(kept) == 2  # one school, year and group, of two outcomes
    with pytest.raises(InputError, match="School, Year, Measure, Group"):
        clean((*ROW, "AP"), ("A", "2025", "W", "8", "90", "AP"), source=SEVERAL)


def test_a_break_is_a_year_of_the_file():
    assert len(clean(ROW, source=changed(ONE, breaks={"2025": "a new rule"}))[0]) == 1
    with pytest.raises(ParamsError, match=r"o\.csv: breaks: \['2031'\].*column Year"):
        clean(ROW, source=changed(ONE, breaks={"2031": "a new rule"}))


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"columns": ONE.columns | {"rate": "P"}}, "give rate or events, not both"),
        (
            {"columns": {k: v for k, v in ONE.columns.items() if k != "population"}},
            "events are of a population",
        ),
        ({"outcome": ""}, "name the outcome of all rows"),
        ({"outcomes": {"AP": "advanced courses"}}, "are given together"),
        ({"columns": ONE.columns | {"outcome": "M"}}, "name the outcome of all rows"),
        ({"direction": "sideways"}, "higher is better"),
    ],
)
def test_descriptions_that_contradict_themselves(settings_, words):
    with pytest.raises((ParamsError, ValueError), match=words):
        changed(ONE, **settings_)


def test_each_outcome_has_a_direction():
    with pytest.raises((ParamsError, ValueError), match="suspension"):
        changed(SEVERAL, outcomes=SEVERAL.outcomes | {"OSS": "suspension"})


def test_one_file_for_several_outcomes_and_totals():
    other = changed(ONE, outcome="special education")
    state = changed(ONE, of="state")
    names = {source.named() for source in (ONE, other, state)}
    assert names == {
        *("o.csv, suspension", "o.csv, special education"),
        "o.csv, suspension, of the state",
    }
    listed = sources.Sources(confirmed=True, rates=[ONE, other, state])
    assert len(listed.files()) == 3
    with pytest.raises((ParamsError, ValueError), match="is listed twice"):
        sources.Sources(confirmed=True, rates=[ONE, changed(ONE, title="again")])
