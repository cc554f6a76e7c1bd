"""The audit of a whole release: what a reader can work out from all of it together.

`equity.publish.protect` judges one table at a time. A reader has all tables of a
release, and those of earlier releases: this quarter and the year to date, alone and
in combination, areas that overlap. The audit plays that reader. It starts from what a
reader is told (`Count`), never from a true value.

**Terms**

exposed
    A hidden count of people that is small or may be, and that can have fewer than
    ``need`` values; or a small count that is known exactly. What one told count has
    more than others of its line (the ward without the neighbourhood) counts like any
    other, each cell once under one name.
already
    Exposed, but by earlier releases alone: hiding more of this one would not help, so
    it is reported and not held against it. What follows only with a total of this
    release is exposed by it, even a total that is not shown but known.
contradicted
    What an earlier release told and this one denies, because data were revised. The
    attacker believes the newer.

References
----------
Fischetti and Salazar (2001), Management Science 47(7), 1008-1027. CMS Cell Size
Suppression Policy: no count below the threshold, shown or derived, and no percentage
from which one can be worked back.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, sparse
from tqdm.auto import tqdm

from equity.errors import DisclosureError
from equity.publish.cells import ALONE, Count, Where, _Space, blocks, meet, space
from equity.publish.programs import _Program
from equity.publish.witnesses import _UNPROVEN, Span, _Clock

NEED = 5
SECONDS = 900.0


@dataclass(frozen=True)
class Exposed:
    """A count that can be worked out too closely.

    Attributes
    ----------
    count
        The count, and what is told about it directly.
    low, high
        The range an attacker finds; None and None where nothing was proven.
    possible
        How many values are left.
    proven
        False where the attack did not finish, and the count is not proven safe.
    """

    count: Count
    low: int | None
    high: int | None
    possible: int
    proven: bool = True

    def __str__(self) -> str:
        """Whose count it is; never a number."""
        return f"{self.count}{'' if self.proven else ' (not proven safe)'}"


@dataclass(frozen=True)
class Attack:
    """What an attacker found.

    Attributes
    ----------
    exposed
        Counts this release gives away.
    already
        Counts that earlier releases alone give away.
    contradicted
        What earlier releases told that this one denies.
    """

    exposed: list[Exposed]
    already: list[Exposed]
    contradicted: list[Count]


def exposed(
    told: Sequence[Count],
    *,
    min_cell: int,
    earlier: Sequence[Sequence[Count]] = (),
    need: int = NEED,
    seconds: float = SECONDS,
    progress: bool = False,
) -> list[Exposed]:
    """Find the counts that a release gives away.

    Parameters
    ----------
    told
        What this release tells, from `told`.
    min_cell
        Counts 1 to ``min_cell - 1`` are small.
    earlier
        What earlier releases told, the oldest first.
    need
        A hidden count should have this many values at least, or ``min_cell - 1`` if
        that is fewer.
    seconds
        Time for the whole attack. What it finds does not depend on it: where it is
        over, nothing is returned.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of Exposed
        Empty if nothing is.

    Raises
    ------
    DisclosureError
        If the tables of the release contradict each other, or the time is over.

    References
    ----------
    See the module.

    Examples
    --------
    >>> row = {"White": (120, 120), "Black": (64, 64), "Latino": (31, 31),
    ...        "AIAN": (1, None)}
    >>> counts = [Count("staff", {"group": frozenset({group})}, *bounds)
    ...           for group, bounds in row.items()]
    >>> total = Count("staff", {}, 219, 219, known=True)
    >>> exposed([*counts, total], min_cell=10)[0].possible
    1
    >>> exposed(counts, min_cell=10)
    []
    """
    options = {"need": need, "seconds": seconds, "progress": progress}
    return attack(told, min_cell=min_cell, earlier=earlier, **options).exposed


def attack(
    told: Sequence[Count],
    *,
    min_cell: int,
    earlier: Sequence[Sequence[Count]] = (),
    need: int = NEED,
    seconds: float = SECONDS,
    progress: bool = False,
) -> Attack:
    """Attack a release, and say what else was found.

    Parameters
    ----------
    told, min_cell, earlier, need, seconds, progress
        As in `exposed`.

    Returns
    -------
    Attack
        Exposed counts, those that were exposed before, and contradictions.

    Raises
    ------
    DisclosureError
        If the tables of the release contradict each other, or the time is over.

    References
    ----------
    See the module.

    Examples
    --------
    >>> attack([Count("staff", {}, 219, 219)], min_cell=10)
    Attack(exposed=[], already=[], contradicted=[])
    """
    need = min(need, min_cell - 1)
    clock = _Clock(seconds)
    rows = _together(told, earlier)
    found = Attack([], [], [row.count for row in rows if row.denied])
    rows = [row for row in rows if not row.denied]
    every = blocks([row.count for row in rows])
    mine = [[rows[k] for k in part] for part in every]
    mine = [part for part in mine if any(row.age == 0 for row in part)]
    for part in tqdm(mine, "Auditing", unit="block", disable=not progress):
        _attack_block(part, min_cell, need, clock, found)
    return found


def ranges(
    told: Sequence[Count],
    *,
    earlier: Sequence[Sequence[Count]] = (),
    seconds: float = SECONDS,
    progress: bool = False,
) -> pd.DataFrame:
    """Compute the range that an attacker finds for every count not shown exactly.

    Parameters
    ----------
    told, earlier, seconds, progress
        As in `exposed`.

    Returns
    -------
    DataFrame
        One row per count of this release whose bounds differ: ``topic``, ``where``
        (labels by dimension), ``low`` and ``high`` in people, inclusive; ``high``
        missing where there is no bound, both missing where nothing was proven.

    Raises
    ------
    DisclosureError
        If the tables of the release contradict each other, or the time is over.

    References
    ----------
    See the module.

    Examples
    --------
    >>> hidden = [Count("staff", {"group": frozenset({group})}, 1, None)
    ...           for group in ("Asian", "AIAN")]
    >>> ranges([*hidden, Count("staff", {}, 12, 12, known=True)])[["low", "high"]]
       low  high
    0    1    11
    1    1    11
    """
    clock = _Clock(seconds)
    rows = [row for row in _together(told, earlier) if not row.denied]
    table = []
    every = blocks([row.count for row in rows])
    for part in tqdm(every, "Auditing", unit="block", disable=not progress):
        block = _block([rows[k] for k in part], clock, [])
        for number, row in enumerate(block.rows):
            if row.age == 0 and not row.count.shown:
                span = block.program.span(number) if block.program else _UNPROVEN
                table.append((row.count.topic, row.count.where, span.low, span.high))
    frame = pd.DataFrame(table, columns=["topic", "where", "low", "high"])
    return frame.astype({"low": "Int64", "high": "Int64"})


def arrange(
    told: Sequence[Count],
    earlier: Sequence[Sequence[Count]],
    counts: Sequence[Count],
    clock: _Clock,
) -> list["Block | None"]:
    """Set up the blocks that hold some counts, as the attack does; each block once.

    Parameters
    ----------
    told, earlier
        As in `exposed`.
    counts
        The counts that are looked for.
    clock
        When to give up.

    Returns
    -------
    list of Block or None
        For each count the first block of its topic in which its labels occur; None
        where none does, or where it would be too large.

    References
    ----------
    See the module.

    Examples
    --------
    >>> total = Count("staff", {}, 219, 219)
    >>> [block.rows[0].age for block in arrange([total], [], [total], _Clock(1))]
    [0]
    """
    topics = {count.topic for count in counts}
    rows = [row for row in _together(told, earlier) if not row.denied]
    rows = [row for row in rows if row.count.topic in topics]
    parts = [[rows[k] for k in part] for part in blocks([row.count for row in rows])]
    labels = [(part[0].count.topic, _labels(part)) for part in parts]
    built: dict[int, Block] = {}

    def _find(count: Count) -> Block | None:
        """Return the first block that holds a count."""
        for number, (topic, named) in enumerate(labels):
            fits = all(part <= named[name] for name, part in count.where.items())
            if topic == count.topic and fits:
                if number not in built:
                    built[number] = _block(parts[number], clock, [])
                if built[number].space is not None:
                    return built[number]
        return None

    return [_find(count) for count in counts]


# --- this release and the earlier ones -----------------------------------------


@dataclass(frozen=True)
class Row:
    """A count as one release told it.

    Attributes
    ----------
    count
        The count.
    age
        How many releases ago it was told; 0: in this one.
    denied
        Whether a newer release denies it.
    """

    count: Count
    age: int
    denied: bool = False


def _together(told: Sequence[Count], earlier: Sequence[Sequence[Count]]) -> list[Row]:
    """All that was told, the newest first; what a newer release denies is marked.

    What this release repeats is kept, because earlier ones are judged alone, too.
    """
    rows = [Row(count, 0) for count in told]
    every: dict[tuple, Count] = {}
    for count in told:
        every[count.key] = meet(every.get(count.key, count), count) or count
    older: dict[tuple, Count] = {}
    for age, release in enumerate(reversed(earlier), start=1):
        for count in release:
            if count.topic.startswith(ALONE):
                continue
            both = meet(every.get(count.key, count), count)
            if both is None:
                rows.append(Row(count, age, denied=True))
                continue
            every[count.key] = both
            before = older.get(count.key)
            older[count.key] = meet(before or count, count)
            if before is None or _bounds(before) != _bounds(older[count.key]):
                rows.append(Row(count, age))
    return rows


def _bounds(count: Count) -> tuple[int, int | None]:
    return count.low, count.high


# --- one block -----------------------------------------------------------------


@dataclass
class Block:
    """Rows that belong together, what is asked about them, and the program.

    Attributes
    ----------
    rows
        What is told.
    cells
        Those of the rows, then differences.
    space, program
        Atoms and what is told about them; None where there would be too many.
    """

    rows: list[Row]
    cells: list[Where]
    space: _Space | None
    program: _Program | None


def _block(rows: list[Row], clock: _Clock, contradicted: list[Count]) -> Block:
    """Set up the program of a block; what cannot be true together is left out."""
    now = [row for row in rows if row.age == 0]
    loose = _loose(now, clock)
    block = _set_up(rows, loose, clock)
    if block.program is None or block.program.possible():
        return block
    older = [row for row in rows if row.age > 0]
    if not older:
        raise DisclosureError(_untrue(rows))
    both = loose | (_loose(older, clock) or set())
    block = _set_up(rows, both, clock)
    if block.program is None or block.program.possible():
        return block
    denied = _denied(block, both)
    rows = [row for number, row in enumerate(block.rows) if number not in denied]
    contradicted += [block.rows[number].count for number in sorted(denied)]
    while True:
        block = _set_up(rows, both, clock)
        age = max(row.age for row in rows)
        if block.program is None or block.program.possible():
            return block
        if age == 0:
            raise DisclosureError(_untrue(rows))
        contradicted += [row.count for row in rows if row.age == age]
        rows = [row for row in rows if row.age < age]


def _untrue(rows: Sequence[Row]) -> str:
    """What to say of a release that denies itself, whatever came before it."""
    return (
        f"{_topic(rows)}: two tables tell numbers that cannot both be true of the same "
        "people. Give tables that count other people topics of their own"
    )


def _topic(rows: Sequence[Row]) -> str:
    return f"counts of '{rows[0].count.topic}'"


def _loose(rows: list[Row], clock: _Clock) -> set[str]:
    """Dimensions whose labels cannot be everybody, or the totals would be less."""
    if not rows:
        return set()
    names = sorted({name for row in rows for name in row.count.where})
    for loose in [set(), *({name} for name in names), set(names)]:
        block = _set_up(rows, loose, clock, differences=False)
        if block.program is None or block.program.possible():
            return loose
    return set(names)


def _set_up(
    rows: list[Row], loose: set[str], clock: _Clock, differences: bool = True
) -> Block:
    cells = [row.count.where for row in rows]
    atoms = space(cells, loose)
    if atoms is None:
        return Block(rows, cells, None, None)
    if differences:
        cells = cells + _differences([_plain(where, atoms) for where in cells], atoms)
    sums = atoms.sums(cells)
    counts = [row.count for row in rows]
    low = np.array([count.low for count in counts], dtype=float)
    high = np.array([np.inf if c.high is None else c.high for c in counts], dtype=float)
    program = _Program(sums[: len(rows)], low, high, atoms.links, sums, clock)
    return Block(rows, cells, atoms, program)


def _plain(where: Where, atoms: _Space) -> dict[str, frozenset[str]]:
    """The cell, without dimensions of which it holds each of several parts."""
    divided = atoms.divided(where)
    one = {name: where[name] for name in where if len(atoms.parts[name]) == 1}
    return one | divided


def _differences(cells: Sequence[Where], atoms: _Space) -> list[Where]:
    """What one cell has more than others of its line, as far as no cell divides it."""
    there = {frozenset(where.items()) for where in cells}
    lines = defaultdict(set)
    for where in cells:
        for name in where:
            rest = frozenset((n, labels) for n, labels in where.items() if n != name)
            lines[name, rest].add(where[name])
    found = {}
    for (name, rest), sets in lines.items():
        if rest in there:
            sets = sets | {frozenset().union(*atoms.parts[name])}
        if len(sets) < 2:
            continue
        inside = defaultdict(list)
        for part in filter(None, atoms.parts[name]):
            inside[tuple(part <= labels for labels in sets)].append(part)
        for sign, parts in inside.items():
            key = rest | {(name, frozenset().union(*parts))}
            if any(sign) and key not in there:
                found[key] = dict(key)
    return list(found.values())


def _denied(block: Block, loose: set[str]) -> set[int]:
    """The fewest people by which earlier counts must be wrong, and whose they are."""
    rows, atoms = block.rows, block.space
    sums = atoms.sums(block.cells[: len(rows)])
    low = np.array([row.count.low for row in rows], dtype=float)
    high = np.array(
        [np.inf if row.count.high is None else row.count.high for row in rows]
    )
    old = np.array([row.age > 0 for row in rows])
    slack = sparse.eye_array(len(rows), format="csr")[:, np.flatnonzero(old)]
    none = sparse.csr_array((atoms.links.shape[0], slack.shape[1]))
    matrix = sparse.block_array(
        [[sums, slack, -slack], [atoms.links, none, none]], format="csr"
    )
    zero = np.zeros(atoms.links.shape[0])
    ages = np.array([row.age for row in rows])[old]
    cost = np.concatenate([np.zeros(atoms.size), *(2 * [1 / ages])])
    found = optimize.milp(
        cost,
        constraints=optimize.LinearConstraint(
            matrix, np.concatenate([low, zero]), np.concatenate([high, zero])
        ),
    )
    if found.x is None:
        return set(np.flatnonzero(old).tolist())
    wrong = found.x[atoms.size :].reshape(2, -1).sum(axis=0) > 1e-6
    return set(np.flatnonzero(old)[wrong].tolist())


def _attack_block(rows, min_cell: int, need: int, clock: _Clock, found: Attack) -> None:
    """Attack one block; if an older release brings new labels, also without it."""
    _attack_rows(rows, min_cell, need, clock, found)
    now = [row for row in rows if row.age == 0]
    if len(now) == len(rows):
        return
    labels, older = _labels(now), _labels(rows)
    total = {n for row in now for n in labels if n not in row.count.where}
    if any(labels[name] != older[name] for name in total):
        for part in blocks([row.count for row in now]):
            _attack_rows([now[k] for k in part], min_cell, need, clock, found)


def _labels(rows: Sequence[Row]) -> dict[str, frozenset[str]]:
    labels = defaultdict(frozenset)
    for row in rows:
        for name, part in row.count.where.items():
            labels[name] |= part
    return labels


def _attack_rows(rows, min_cell: int, need: int, clock: _Clock, found: Attack) -> None:
    block = _block(rows, clock, found.contradicted)
    seen = {item.count.key for item in [*found.exposed, *found.already]}
    asked = {
        number: count
        for number, count in _questions(block, min_cell).items()
        if count.key not in seen
    }
    if block.program is None:
        found.exposed += [Exposed(c, None, None, 0, False) for c in asked.values()]
        return
    block.program.warm(need, asked)
    suspects: list[tuple[Count, Span, int, sparse.csr_array]] = []
    sums = block.space.sums(block.cells)
    asked_as = {count.key: number for number, count in asked.items()}
    for number, count in asked.items():
        span = block.program.examine(number, need, min_cell)
        narrow = span.possible < need and (span.low is None or span.low < min_cell)
        if not span.proven or (narrow and (span.high != 0 or number < len(block.rows))):
            suspects.append((count, span, need, sums[[number]]))
    suspects += _small_atoms(block, min_cell)
    if not suspects:
        return
    without = _without(block, sparse.vstack([s[3] for s in suspects], format="csr"))
    without.warm(need, range(len(suspects)))
    for number, (count, span, least, _) in enumerate(suspects):
        before = without.examine(number, least, min_cell)
        item = Exposed(count, span.low, span.high, span.possible, span.proven)
        small = before.low is None or before.low < min_cell
        same = span.proven and before.proven and small and before.possible < least
        if same and before.possible > 1:  # does this release leave fewer values?
            exactly = block.program.examine(asked_as[count.key], need, 0, exact=True)
            before = without.examine(number, least, 0, exact=True)
            same = exactly.proven and before.proven
            same = same and exactly.possible >= before.possible
        (found.already if same else found.exposed).append(item)


def _questions(block: Block, min_cell: int) -> dict[int, Count]:
    """Which rows and differences are attacked: number of the cell, and the count."""
    together: dict[tuple, tuple[int, Count]] = {}
    for number, row in enumerate(block.rows):
        first, count = together.get(row.count.key, (number, row.count))
        together[count.key] = first, meet(count, row.count) or count
    asked = {
        number: count
        for number, count in together.values()
        if not count.known and (not count.shown or 0 < count.low < min_cell)
    }
    topic = block.rows[0].count.topic
    for number in range(len(block.rows), len(block.cells)):
        asked[number] = Count(topic, block.cells[number], 0, None)
    return asked


def _small_atoms(block: Block, min_cell: int) -> list[tuple]:
    """Atoms that are no cells, but that are known exactly and small."""
    there = [block.space.divided(where) for where in block.cells]
    labels = _labels(block.rows)
    shared = {
        name: part
        for name, part in labels.items()
        if all(name in row.count.where for row in block.rows)
    }
    suspects = []
    for columns, span in block.program.small_atoms(min_cell):
        where = block.space.where(columns)
        if where is None or where in there:
            continue
        count = Count(block.rows[0].count.topic, shared | where, 0, None)
        suspects.append((count, span, 2, block.space.row(columns)))
    return suspects


def _without(block: Block, asked: sparse.csr_array) -> _Program:
    """What a reader knows from earlier releases, and from nothing of this one."""
    stays = np.array([row.age > 0 for row in block.rows])
    low = np.array([row.count.low for row in block.rows]) * stays
    high = [np.inf if row.count.high is None else row.count.high for row in block.rows]
    high = np.where(stays, high, np.inf)
    rows = block.space.sums(block.cells[: len(block.rows)])
    clock = block.program.clock
    program = _Program(rows, low.astype(float), high, block.space.links, asked, clock)
    program.possible()
    return program
