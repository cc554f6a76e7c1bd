"""Lines that cross, against an attacker and a search that share nothing with them."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from equity.publish import crossed
from equity.publish.lines import Cells, Policy

WIDTH = 4


def widths(values, hidden, codes, least) -> np.ndarray:
    """How wide an attacker with all totals finds each hidden count."""
    at = np.flatnonzero(hidden)
    sums = np.array([(code == k)[at] for code in codes for k in np.unique(code)], float)
    found = [
        sum(
            -linprog(
                -sign * unit, A_eq=sums, b_eq=sums @ values[at], bounds=(least, None)
            ).fun
            for sign in (1, -1)
        )
        for unit in np.eye(len(at))
    ]
    return np.array(found)


def grid(rows, columns):
    return [np.repeat(range(rows), columns), np.tile(range(columns), rows)]


def cover(values, codes) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype=float).ravel()
    cells = Cells(values, (values > 0) & (values < 10), Policy(10))
    return crossed.cover_crossed(cells, codes, np.argsort(values, kind="stable"))


@pytest.mark.parametrize("seed", range(3))
def test_no_choice_keeps_more_people_in_sight(seed):
    """All choices of a small table, the cheapest first, tried one by one."""
    codes = grid(3, 3)
    values = np.random.default_rng(seed).integers(12, 90, 9)
    values[[0, 8][: 1 + seed % 2]] = 3
    hidden, bare = cover(values, codes)
    small = values < 10
    choices = [np.array(c, bool) for c in product([0, 1], repeat=9)]
    choices = [c for c in choices if c[small].all()]
    for choice in sorted(choices, key=lambda c: values[c].sum()):
        if widths(values, choice, codes, 1).min() >= WIDTH - 1e-6:
            break
    assert values[hidden].sum() == values[choice].sum()
    assert not bare.any()


@pytest.mark.parametrize("limit", [{}, {"LARGE": 0}, {"CHOICES": 1}, {"NODES": 0}])
@pytest.mark.parametrize("seed", range(2))
def test_every_way_of_covering_covers(monkeypatch, limit, seed):
    """Large tables cell by cell, and choices that do not end in time."""
    for name, value in limit.items():
        monkeypatch.setattr(crossed, name, value)
    codes = grid(5, 4)
    values = np.random.default_rng(seed).lognormal(3.3, 1, 20).astype(int) + 1
    hidden, bare = cover(values, codes)
    assert hidden[values < 10].all()
    assert widths(values, hidden, codes, 1).min() >= WIDTH - 1e-6
    assert not bare.any()


@pytest.mark.parametrize("limit", [{}, {"LARGE": 0}])
def test_a_zero_is_hidden_where_that_keeps_people_in_sight(monkeypatch, limit):
    """4 and 3 lie across from each other: with two zeros they cover each other."""
    for name, value in limit.items():
        monkeypatch.setattr(crossed, name, value)
    values = np.array([4, 0, 300, 0, 5, 200, 150, 250, 100])
    hidden, bare = cover(values, grid(3, 3))
    assert hidden.tolist() == [True, True, False, True, True, False, *[False] * 3]
    assert not bare.any()
    assert widths(values, hidden, grid(3, 3), 0).min() >= WIDTH - 1e-6


def test_a_zero_that_cannot_move_is_not_hidden():
    """The total of its group is zero, too: everybody would know."""
    values = np.array([4, 90, 80, 70, 60, 50, 0, 0, 0])
    hidden, _ = cover(values, grid(3, 3))
    assert hidden.sum() == 4
    assert not hidden[6:].any()


def test_a_count_nobody_can_cover_stays_bare_and_costs_little():
    """The totals of group and department give it away, whatever is hidden."""
    values = np.array([2, 0, 0, 0, 90, 80, 0, 70, 60])
    hidden, bare = cover(values, grid(3, 3))
    assert bare[0]
    assert not hidden[values > 10].any()


def test_three_directions():
    codes = [np.repeat([0, 1, 2], 9), np.tile(np.repeat([0, 1, 2], 3), 3)]
    codes.append(np.tile([0, 1, 2], 9))
    values = np.random.default_rng(3).integers(1, 60, 27)
    hidden, bare = cover(values, codes)
    assert not bare.any()
    assert widths(values, hidden, codes, 1).min() >= WIDTH - 1e-6
