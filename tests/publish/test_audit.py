"""The audit: published attacks, the counts they find, and what the remedy hides."""

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from benchmarks import disclosure
from equity.errors import DisclosureError, ParamsError
from equity.publish import audit, remedy, witnesses
from equity.publish.audit import Count


def cell(low, high=-1, topic="people", known=False, **where) -> Count:
    """A count; with one bound it is shown."""
    labels = {
        name: frozenset([part] if isinstance(part, str) else part)
        for name, part in where.items()
    }
    return Count(topic, labels, low, low if high == -1 else high, known)


def table(values, hidden, *, known=True, topic="people") -> list[Count]:
    """A crossed table with its totals; ``hidden`` holds (row, column)."""
    rows, columns = list(values), list(next(iter(values.values())))
    counts = [
        cell(1, None, topic, row=r, column=c)
        if (r, c) in hidden
        else cell(values[r][c], topic=topic, row=r, column=c)
        for r, c in itertools.product(rows, columns)
    ]
    for r in rows:
        counts.append(cell(sum(values[r].values()), topic=topic, known=known, row=r))
    for c in columns:
        total = sum(values[r][c] for r in rows)
        counts.append(cell(total, topic=topic, known=known, column=c))
    grand = sum(sum(line.values()) for line in values.values())
    return [*counts, cell(grand, topic=topic, known=known)]


def crossed(rows, columns, values) -> dict:
    return {
        r: dict(zip(columns, v, strict=True)) for r, v in zip(rows, values, strict=True)
    }


def hide(counts, plan) -> list[Count]:
    """What is told after the plan: its cells are at least one."""
    keys = {count.key for count in plan.cells}
    return [
        Count(c.topic, c.where, min(c.low, 1), None) if c.key in keys else c
        for c in counts
    ]


def mended(
    counts, *, min_cell=10, earlier=(), need=5
) -> tuple[list[Count], audit.Plan]:
    """Naively published it is exposed; after the plan it is not."""
    options = {"min_cell": min_cell, "earlier": earlier, "need": need}
    found = audit.exposed(counts, **options)
    assert found
    plan = audit.plan(counts, found, **options)
    assert not plan.left
    after = hide(counts, plan)
    assert audit.exposed(after, **options) == []
    return after, plan


def span(counts, **where) -> tuple:
    """The attacker's range of one cell."""
    found = audit.ranges(counts)
    wanted = cell(0, **where).where
    row = found[[part == wanted for part in found["where"]]].iloc[0]
    return row["low"], row["high"]


def reference(shared, name) -> dict:
    return json.loads((shared / "references" / f"{name}.json").read_text())


@pytest.fixture
def attacks(shared) -> dict:
    """Fixtures of the published list of attacks."""
    listed = json.loads((shared / "disclosure_attacks.json").read_text())["attacks"]
    return {item["id"]: item.get("fixture") for item in listed}


# --- reference values -----------------------------------------------------------


def test_intervals_of_fischetti_and_salazar(shared):
    """Fischetti & Salazar (2001), introductory table of investments."""
    given_ = reference(shared, "sdc_audit_fischetti_salazar")
    inputs = given_["inputs"]
    hidden = {tuple(name.split("|")) for name in inputs["suppressed"]}
    values = crossed(inputs["rows"], inputs["cols"], inputs["table"])
    counts = [
        Count(c.topic, c.where, 0, None) if c.high is None else c
        for c in table(values, hidden)
    ]
    for name, (low, high, exact) in given_["expected"]["intervals"].items():
        row, column = name.split("|")
        assert span(counts, row=row, column=column) == (low, high), name
        assert not exact
    assert audit.exposed(counts, min_cell=10) == []


def test_gauss_suppression_property(shared):
    """GaussSuppression (R), dataset_a: no primary exact, no more hidden than there."""
    given_ = reference(shared, "sdc_gauss_r1")
    inputs = given_["inputs"]
    values = crossed(inputs["rows"], inputs["cols"], inputs["table"])
    primary = {tuple(name.split("|")) for name in given_["expected"]["primary"]}
    counts = [
        Count(c.topic, c.where, 0, None) if c.high is None else c
        for c in table(values, primary)
    ]
    after, plan = mended(counts, min_cell=5, need=2)
    assert len(plan.cells) <= given_["expected"]["n_secondary"]
    for row, column in primary:
        low, high = span(after, row=row, column=column)
        assert low < high


def test_primary_only_is_recoverable_and_two_more_are_enough(shared):
    """Policy of CMS; minimum by exhaustive search in the reference."""
    given_ = reference(shared, "sdc_primary_only_recoverable")
    inputs, expected = given_["inputs"], given_["expected"]
    values = crossed(inputs["rows"], inputs["cols"], inputs["table"])
    primary = {tuple(name.split("|")) for name in expected["primary"]}
    counts = table(values, primary)
    for name, (low, high, exact) in expected["audit_primary_only"].items():
        row, column = name.split("|")
        assert span(counts, row=row, column=column) == (low, high)
        assert exact
    found = audit.exposed(counts, min_cell=11)
    assert len(found) == expected["n_recoverable"]
    _, plan = mended(counts, min_cell=11)
    assert len(plan.cells) == expected["min_number_of_secondary_inner_cells"]
    names = {"|".join(min(c.where[n]) for n in ("row", "column")) for c in plan.cells}
    assert names == set(expected["one_cheapest_choice"])
    assert sum(count.low for count in plan.cells) == expected["cheapest_sum"]


def test_percentages_that_leak_their_count(shared):
    """Policy of CMS on percentages; numerators enumerated in the reference."""
    given_ = reference(shared, "sdc_percent_leak_a")
    for case in given_["expected"]["cases"]:
        found = audit.fitting(case["percent"], case["n"], case["decimals"])
        assert found == case["compatible_counts"]
        assert (len(found) == 1) == case["exactly_recovered"]


# --- the published attacks ------------------------------------------------------


def test_dis_02_subtraction_from_a_total(attacks):
    fixture = attacks["dis-02"]
    counts = [
        cell(value if value >= 10 else 1, value if value >= 10 else None, group=name)
        for name, value in fixture["cells"].items()
    ]
    counts.append(cell(fixture["total"], known=True))
    assert span(counts, group="AIAN") == (4, 4)
    after, _ = mended(counts)
    assert sum(c.shown for c in after[:-1]) == 2  # White and Black


def test_dis_03_two_hidden_in_every_line_and_still_exact(attacks):
    """sdcTable, test-simpleheuristic.R: w|b is 47 exactly."""
    fixture = attacks["dis-03"]
    values = crossed(fixture["rows"], fixture["cols"], fixture["values"])
    hidden = {tuple(name) for name in fixture["suppressed"]}
    counts = table(values, hidden)
    assert span(counts, row="w", column="b") == (47, 47)
    assert audit.exposed(counts, min_cell=10) == []  # 47 is not small ...
    counts = [  # ... but counts below 50 can be the ones that are to be hidden
        Count(c.topic, c.where, 0, None) if c.high is None else c for c in counts
    ]
    found = audit.exposed(counts, min_cell=50)
    assert "people: column b, row w" in map(str, found)
    plan = audit.plan(counts, found, min_cell=50)
    after = hide(counts, plan)
    low, high = span(after, row="w", column="b")
    assert high - low >= 4


def test_dis_05_linked_tables(attacks):
    """sdcTable, test-linked-tables.R: 0 to 9, 0 to 7, and 3 when put together."""
    n, small = attacks["dis-05"]["n"], 3
    county, size = (
        [
            cell(sum(n[area] for area in part), known=True, area=list(part))
            for part in attacks["dis-05"][name]
        ]
        for name in ("county", "size")
    )
    areas = [
        cell(0, None, area=area) if value <= small else cell(value, area=area)
        for area, value in n.items()
    ]
    assert span([*county, *areas], area="K") == (0, 9)
    assert span([*size, *areas], area="K") == (0, 7)
    counts = [*county, *size, *areas]
    assert span(counts, area="K") == (3, 3)
    found = audit.exposed(counts, min_cell=5)
    assert "people: area K" in map(str, found)
    after, plan = mended(counts, min_cell=5)
    assert [str(count) for count in plan.cells] == ["people: area N"]
    low, high = span(after, area="K")
    assert high - low >= 3


def test_dis_07_percentage_times_denominator(attacks):
    fixture = attacks["dis-07"]
    assert audit.fitting(fixture["pct"], fixture["n"]) == [fixture["answer"]]
    assert len(audit.fitting(8, fixture["n"], decimals=0)) == 1
    assert len(audit.fitting(8.1, 370)) == 1  # 30 people: not small


def test_dis_12_year_to_date_against_quarters(attacks):
    first, both = attacks["dis-12"]["ytd"]
    quarter = cell(first, topic="complaints", group="AIAN", period="Q1")
    year = cell(both, topic="complaints", group="AIAN", period=["Q1", "Q2"])
    hidden = cell(1, None, topic="complaints", group="AIAN", period="Q2")
    other = [
        cell(value, topic="complaints", group="White", period=period)
        for value, period in ((300, "Q1"), (620, ["Q1", "Q2"]), (320, "Q2"))
    ]
    assert audit.exposed([year, *other], min_cell=10) == []
    [found] = audit.exposed([year, hidden, *other], min_cell=10, earlier=[[quarter]])
    assert (found.low, found.high) == (3, 3)
    # also where the quarter itself was never shown
    [found] = audit.exposed([year, *other], min_cell=10, earlier=[[quarter]])
    assert (found.low, found.high) == (3, 3)
    after, plan = mended([year, hidden, *other], earlier=[[quarter]])
    assert [count.key for count in plan.cells] == [year.key]
    assert sum(count.shown for count in after) == 3


def test_dis_15_alone_against_alone_or_in_combination():
    """OMB Directive 15 (2024): the difference is the multiracial part."""
    counts = [
        cell(43, race=["NHPI alone"]),
        cell(46, race=["NHPI alone", "NHPI in combination"]),
        cell(900, race=["White alone"]),
        cell(960, race=["White alone", "White in combination"]),
    ]
    [found] = audit.exposed(counts, min_cell=10)
    assert (found.low, found.high) == (3, 3)
    assert str(found) == "people: race NHPI in combination"
    after, _ = mended(counts)
    assert sum(count.shown for count in after) == 3


def test_dis_15_a_combined_group_that_is_split_later():
    """Asian or Pacific Islander in one release, two groups in the next."""
    earlier = [cell(88, group=["Asian", "Pacific Islander"])]
    counts = [cell(84, group="Asian"), cell(1, None, group="Pacific Islander")]
    [found] = audit.exposed(counts, min_cell=10, earlier=[earlier])
    assert (found.low, found.high) == (4, 4)
    mended(counts, earlier=[earlier])


def test_dis_16_overlapping_areas():
    tracts = [f"tract {k}" for k in range(1, 6)]
    counts = [
        cell(88, area=tracts),
        cell(85, area=tracts[1:]),
        cell(140, area=["tract 6"]),
    ]
    [found] = audit.exposed(counts, min_cell=10)
    assert (found.low, found.high) == (3, 3)
    after, _ = mended(counts)
    assert sum(count.shown for count in after) == 2


def test_dis_18_inverting_an_interval(attacks):
    fixture = attacks["dis-18"]
    found = audit.inverting(fixture["rate"], *fixture["ci"])
    assert found == [tuple(fixture["answer"])]
    larger = audit.inverting(13.0, 9.3, 18.0)  # 30 of 230
    assert (30, 230) in larger
    assert all(events >= 10 for events, _ in larger)
    with pytest.raises(ParamsError, match="wilson"):
        audit.inverting(13.0, 4.5, 32.1, method="guess")


def test_inverting_exact_limits():
    """Clopper and Pearson for 5 of 263, Newcombe (1998), Table I: 0.0062 to 0.0438."""
    found = audit.inverting(1.9, 0.6, 4.4, method="exact")
    assert (5, 263) in found


# --- whole numbers ---------------------------------------------------------------


def test_whole_numbers_find_what_a_linear_program_does_not():
    """Odd cycles: of three, any two are at most one, and all are one at least.

    A linear program lets each be a half, so that eight cycles hold 8 to 12 people:
    five values. Whole numbers leave 8 alone.
    """
    size = 8
    counts, names = [], []
    for k in range(size):
        three = [f"{name}{k}" for name in "abc"]
        names += three
        counts += [
            cell(0, 1, group=list(pair)) for pair in itertools.combinations(three, 2)
        ]
        counts.append(cell(1, None, group=three))
    counts += [cell(1, None, group=names), cell(0, None, group=[*names, "d"])]
    pair = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])
    at_most = np.vstack(
        [np.kron(np.eye(size), pair), -np.kron(np.eye(size), [1, 1, 1])]
    )
    ends = [
        sign
        * linprog(
            np.full(3 * size, sign),
            A_ub=at_most,
            b_ub=np.repeat([1.0, -1.0], [3 * size, size]),
        ).fun
        for sign in (1, -1)
    ]
    assert ends == pytest.approx([8, 12])
    assert span(counts, group=names) == (8, 8)
    found = {item.count.key: item for item in audit.exposed(counts, min_cell=10)}
    item = found[cell(0, group=names).key]
    assert (item.low, item.high, item.possible) == (8, 8, 1)


def test_gaps_between_values_are_counted():
    """a + c and b + c are 50 each, so a + b is even: 0 to 8 holds five values."""
    counts = [
        cell(50, group=["a", "c"]),
        cell(50, group=["b", "c"]),
        cell(0, 8, group=["a", "b"]),
    ]
    assert span(counts, group=["a", "b"]) == (0, 8)
    wanted = cell(0, group=["a", "b"]).key
    found = {c.count.key: c for c in audit.exposed(counts, min_cell=10, need=6)}
    assert found[wanted].possible == 5
    found = {c.count.key: c for c in audit.exposed(counts, min_cell=10, need=5)}
    assert wanted not in found


@st.composite
def small_tables(draw):
    """A small crossed table, some of its counts hidden, some totals known."""
    rows, columns = 2, draw(st.integers(2, 3))
    values = draw(
        st.lists(
            st.lists(st.integers(0, 3), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
    every = list(itertools.product(range(rows), range(columns)))
    hidden = draw(st.sets(st.sampled_from(every), min_size=1))
    by_row = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    by_column = draw(st.lists(st.booleans(), min_size=columns, max_size=columns))
    return np.array(values), hidden, by_row, by_column


@settings(max_examples=60, deadline=None)
@given(small_tables(), st.integers(0, 1))
def test_ranges_are_those_of_all_tables(drawn, least):
    """By trying every table of whole numbers up to the grand total."""
    values, hidden, by_row, by_column = drawn
    least = min(least, *(int(values[place]) for place in hidden))
    rows, columns = values.shape
    counts = [
        cell(least, None, row=f"r{i}", column=f"c{j}")
        if (i, j) in hidden
        else cell(int(values[i, j]), row=f"r{i}", column=f"c{j}")
        for i, j in itertools.product(range(rows), range(columns))
    ]
    counts += [
        cell(int(values[i].sum()), known=True, row=f"r{i}")
        for i in range(rows)
        if by_row[i]
    ]
    counts += [
        cell(int(values[:, j].sum()), known=True, column=f"c{j}")
        for j in range(columns)
        if by_column[j]
    ]
    counts.append(cell(int(values.sum()), known=True))
    places, total = sorted(hidden), int(values.sum())
    fits = []
    for guess in itertools.product(range(least, total + 1), repeat=len(places)):
        if sum(guess) > total:
            continue
        trial = values.copy()
        for place, value in zip(places, guess, strict=True):
            trial[place] = value
        same = trial.sum() == total
        same &= all(trial[i].sum() == values[i].sum() for i in range(rows) if by_row[i])
        same &= all(
            trial[:, j].sum() == values[:, j].sum()
            for j in range(columns)
            if by_column[j]
        )
        if same:
            fits.append(guess)
    found = audit.ranges(counts)
    assert len(found) == len(places)
    for where, low, high in found[["where", "low", "high"]].itertuples(index=False):
        i, j = int(min(where["row"])[1:]), int(min(where["column"])[1:])
        seen = {guess[places.index((i, j))] for guess in fits}
        assert (low, high) == (min(seen), max(seen))


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
@example(161)
def test_the_plan_protects_every_table(seed):
    """After the plan nothing is exposed but what stays so with everything hidden."""

    def cell(count):
        return tuple(min(count.where[name]) for name in ("row", "column"))

    random = np.random.default_rng(seed)
    values = random.choice([0, 1, 2, 4, 12, 30, 75], size=(5, 4))
    rows, columns = [f"r{i}" for i in range(5)], [f"c{j}" for j in range(4)]
    places = list(itertools.product(rows, columns))
    hidden = {
        place for place, v in zip(places, values.ravel(), strict=True) if 0 < v < 10
    }
    counts = table(crossed(rows, columns, values.tolist()), hidden)
    found = audit.exposed(counts, min_cell=10)
    plan = audit.plan(counts, found, min_cell=10)
    keys = {count.key for count in plan.cells}
    zeros = any(count.low == 0 for count in plan.cells)
    after = [
        Count(c.topic, c.where, min(c.low, 1), None)
        if c.key in keys
        else Count(c.topic, c.where, 0 if zeros else 1, None)
        if c.high is None
        else c
        for c in counts
    ]
    left = {item.count.key for item in plan.left}
    assert {item.count.key for item in audit.exposed(after, min_cell=10)} <= left
    # A hidden count is one at least, unless it is a zero or may be beside one: so a
    # known line of five people in four cells gives them away whatever else is hidden.
    none = [(r, c) for (r, c), v in zip(places, values.ravel(), strict=True) if not v]
    beside = {(r, c) for r, c in places for z in none if r == z[0] or c == z[1]}
    nothing = [
        c if c.known else Count(c.topic, c.where, int(cell(c) not in beside), None)
        for c in counts
    ]
    assert left <= {item.count.key for item in audit.exposed(nothing, min_cell=10)}


def test_what_exact_sums_tie_together_is_attacked_once():
    """Algebra: a + b = 40, so a falls as b grows; a + b + c grows as c does."""
    told = sparse.csr_array([[1.0, 1.0, 0.0]])
    asked = sparse.csr_array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1], [0, 0, 1]])
    _, kind, sign = witnesses.alike(told, asked)
    assert kind[2] == -1
    assert kind[0] == kind[1] != kind[3] == kind[4]
    assert sign[0] == -sign[1]
    assert sign[3] == sign[4]
    counts = [
        cell(3, None, group="a"),
        cell(5, 9, group="b"),
        cell(40, group=["a", "b"]),
        cell(45, 53, group=["a", "b", "c"]),
    ]
    assert span(counts, group="a") == (31, 35)
    assert span(counts, group="b") == (5, 9)
    assert span(counts, group=["a", "b", "c"]) == (45, 53)


def test_a_difference_of_several_indivisible_parts_is_found():
    """Tracts 1 and 2, divided by another table, are the ward without the rest."""
    tracts = [f"tract {k}" for k in range(1, 5)]
    counts = [
        cell(96, area=tracts),
        cell(90, area=tracts[2:]),
        cell(50, sex="F"),
        cell(46, sex="M"),
        *(cell(0, 30, sex="F", area=tract) for tract in tracts),
    ]
    found = audit.exposed(counts, min_cell=10)
    both = [item for item in found if str(item) == "people: area tract 1 + tract 2"]
    assert [(item.low, item.high) for item in both] == [(6, 6)]


def test_one_cell_under_two_names_is_exposed_once():
    """All departments by name are everybody: no difference, and no second count."""
    departments = ["Fire", "Police"]
    counts = [
        *(cell(n, department=d) for n, d in zip((60, 40), departments, strict=True)),
        cell(95, group="White", department=departments),
        cell(1, None, group="AIAN", department=departments),
        cell(100),
    ]
    [found] = audit.exposed(counts, min_cell=10)
    assert (found.low, found.high) == (5, 5)


def test_the_same_is_found_whatever_the_clock_says(monkeypatch):
    """Limits are on work: a slow machine finds what a quick one finds."""
    random = np.random.default_rng(5)
    rows, columns = [f"r{i}" for i in range(6)], [f"c{j}" for j in range(5)]
    values = random.choice([0, 2, 4, 8, 30, 75], size=(6, 5))
    hidden = {
        (r, c) for i, r in enumerate(rows) for j, c in enumerate(columns)
        if 0 < values[i, j] < 10
    }  # fmt: skip
    counts = table(crossed(rows, columns, values.tolist()), hidden)
    found = audit.exposed(counts, min_cell=10)
    assert found == audit.exposed(counts, min_cell=10, seconds=60)
    ticks = itertools.count(step=0.5)
    slow = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr(witnesses, "time", slow)
    assert found == audit.exposed(counts, min_cell=10, seconds=10_000)


# --- what is told, and told before ------------------------------------------------


def test_two_tables_that_contradict_each_other_are_refused():
    """The error names tables and cell, and no number."""
    groups = [
        {"topic": "staff", "dimensions": ["group"], "cells": [[["AIAN"], n, n]]}
        for n in (33, 44)
    ]
    with pytest.raises(DisclosureError, match=r"'a' and 'b'.*group AIAN") as error:
        audit.told(zip("ab", groups, strict=True))
    assert not {"33", "44"} & set(str(error.value).split())


def test_revised_data_are_reported_and_do_not_stop_the_audit():
    """The newer release is believed; what it denies of the older is left out."""
    now = [cell(200, group="White"), cell(60, group="Black"), cell(260)]
    before = [cell(190, group="White"), cell(250)]
    found = audit.attack(now, min_cell=10, earlier=[before])
    assert found.exposed == []
    assert {str(count) for count in found.contradicted} == {
        "people: group White",
        "people: everybody",
    }


def test_what_the_archive_gave_away_is_reported_and_not_held_against_a_release():
    before = [cell(100), cell(97, group="White"), cell(1, None, group="AIAN")]
    now = [cell(1, None, group="AIAN")]
    found = audit.attack(now, min_cell=10, earlier=[before])
    assert found.exposed == []
    assert [str(item) for item in found.already] == ["people: group AIAN"]


def test_a_total_that_is_shown_and_known_besides_is_told_twice():
    """Putting the two together would make of a total that can be hidden a known one."""
    shown, assumed = (
        {"topic": "staff", "dimensions": ["group"], "known": known,
         "cells": [[["AIAN"], 33, 33]]}
        for known in (False, True)
    )  # fmt: skip
    counts = audit.told([("a", assumed), ("t", shown), ("u", shown)])
    assert sorted((count.low, count.known) for count in counts) == [
        (33, False),
        (33, True),
    ]
    hidden = shown | {"cells": [[["AIAN"], 1, None]]}
    [count] = audit.told([("a", assumed), ("t", hidden)])
    assert not count.known
    assert not count.shown
    assumed["cells"][0][1:] = 34, 34
    with pytest.raises(DisclosureError, match=r"'t' and 'a'.*group AIAN"):
        audit.told([("t", shown), ("a", assumed)])


def _old_and_new(*totals: Count) -> tuple[list[Count], list[list[Count]]]:
    """Release 1 shows 30 AIAN in Parks, release 2 all 33 of them, and hides Fire."""
    earlier = [cell(30, group="AIAN", department="Parks")]
    now = [
        *(cell(1, None, group="AIAN", department=name) for name in ("Fire", "Parks")),
        *(cell(80, group="White", department=name) for name in ("Fire", "Parks")),
        *totals,
    ]
    return now, [earlier]


def test_an_old_count_and_a_new_total_give_a_count_away_until_the_total_is_hidden():
    now, earlier = _old_and_new(cell(33, group="AIAN"))
    [found] = audit.exposed(now, min_cell=10, earlier=earlier)
    assert (found.low, found.high) == (3, 3)
    _, plan = mended(now, earlier=earlier)
    assert list(map(str, plan.cells)) == ["people: group AIAN"]


def test_no_known_total_excuses_a_count():
    """It must be given up, or the release is refused: hiding the total is no help."""
    total = cell(33, group="AIAN", known=True)
    for totals in ([total], [cell(33, group="AIAN"), total]):
        now, earlier = _old_and_new(*totals)
        options = {"min_cell": 10, "earlier": earlier}
        found = audit.attack(now, **options)
        assert found.already == []
        [item] = found.exposed
        assert (item.low, item.high) == (3, 3)
        plan = audit.plan(now, found.exposed, **options)
        assert [left.count.key for left in plan.left] == [item.count.key]
        assert {count.key for count in plan.cells} == {total.key}
        heard = hide(now, plan)
        refused = [c for c in heard if not c.known] + [total]
        assert audit.exposed(refused, **options)
        assert audit.exposed(heard, **options) == []


def test_what_two_known_totals_leave_between_them_is_exposed():
    """136 in all, and 130 of them in three groups: the fourth has 6."""
    three = ["Asian", "Black", "Latino"]
    counts = [
        cell(1, None, group="White"),
        *(cell(1, None, group=name) for name in three),
        cell(136, group=[*three, "White"], known=True),
        cell(130, group=three, known=True),
    ]
    found = audit.attack(counts, min_cell=10)
    assert found.already == []
    assert [(item.low, item.high) for item in found.exposed] == [(6, 6)]


def test_what_a_release_repeats_is_still_known_from_the_one_before():
    before = [cell(100), cell(97, group="White"), cell(1, None, group="AIAN")]
    found = audit.attack(before, min_cell=10, earlier=[before])
    assert found.exposed == []
    assert [str(item) for item in found.already] == ["people: group AIAN"]
    narrow = [cell(60, 99), cell(50, 97, group="White"), cell(1, None, group="AIAN")]
    found = audit.attack(before, min_cell=10, earlier=[narrow])
    assert [str(item) for item in found.exposed] == ["people: group AIAN"]


@pytest.mark.slow
def test_one_program_serves_most_of_many_exposed_counts(monkeypatch):
    """Thirty tables of the same people, each protected for itself."""
    told = audit.told(disclosure.release())
    found = audit.exposed(told, min_cell=10)
    assert len(found) > 300
    programs = iter(range(2 * len(found)))

    def solve(*arguments, **options):
        next(programs)
        return witnesses.solve(*arguments, **options)

    monkeypatch.setattr(remedy, "solve", solve)
    plan = audit.plan(told, found, min_cell=10)
    assert plan.cells
    assert plan.left == ()


def test_a_small_count_that_is_shown_is_exposed_and_hidden_by_the_plan():
    counts = [cell(4, group="AIAN"), cell(90, group="White")]
    [found] = audit.exposed(counts, min_cell=10)
    assert (found.low, found.high) == (4, 4)
    mended(counts)


def test_an_audit_without_time_is_refused_and_hides_nothing():
    """What a release hides must not depend on how busy the machine is."""
    counts = [cell(1, None, group=name) for name in "ab"] + [cell(40, known=True)]
    item = audit.Exposed(counts[0], 3, 3, 1)
    for attack in (
        lambda: audit.exposed(counts, min_cell=10, seconds=0),
        lambda: audit.plan(counts, [item], min_cell=10, seconds=0),
    ):
        with pytest.raises(
            DisclosureError, match=r"did not finish.*Run again"
        ) as error:
            attack()
        assert "40" not in str(error.value)


def test_what_is_not_proven_is_left_and_hides_nothing():
    counts = [cell(30, group=name) for name in "ab"] + [cell(1, None, group="c")]
    item = audit.Exposed(counts[2], None, None, 0, proven=False)
    assert "not proven safe" in str(item)
    plan = audit.plan(counts, [item], min_cell=10)
    assert plan.cells == ()
    assert plan.left == (item,)


def test_a_plan_is_read_as_it_was_written(tmp_path):
    counts = audit.told(
        [
            (
                "promotions",
                {
                    "topic": "staff",
                    "dimensions": ["group", "outcome"],
                    "cells": [
                        [["AIAN", ["promoted"]], 12, 12],
                        [["AIAN", None], 40, 40],
                    ],
                },
            )
        ]
    )
    plan = audit.Plan(tuple(counts[:1]))
    path = tmp_path / "plan.json"
    path.write_text(plan.as_json())
    where = json.loads(plan.as_json())["cells"][0]["where"]
    assert where == {"group": ["AIAN"], "outcome": ["promoted"]}
    assert [c.key for c in audit.Plan.read(path).cells] == [counts[0].key]
    assert len((plan + audit.Plan.read(path)).cells) == 1
    path.write_text('{"cells": [{"topic": 4}]}')
    with pytest.raises(DisclosureError, match=r"plan\.json.*run again"):
        audit.Plan.read(path)


def test_few_without_an_outcome_are_exposed_like_few_with_it():
    """37 of 40 were promoted: three were not."""
    counts = [cell(37, group="Asian", outcome="yes"), cell(40, group="Asian")]
    [found] = audit.exposed(counts, min_cell=10)
    assert (found.low, found.high) == (3, 3)
