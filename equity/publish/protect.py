"""The one gate: a measure table goes in, a table that may be shown comes out.

**Terms**

small
    A count above zero and below ``min_cell``. Zero is not small: a table says that
    nobody was counted, and names nobody. (Outcomes are stricter, see ``outcome``.)
primary
    A row hidden because one of its own counts is small.
complementary
    A row hidden so that a primary row cannot be worked back from a total.
reference
    A row whose counts are shown, but not its estimate, because the row it is
    compared with is hidden.
line
    Rows that add up to a total a reader may know, such as the groups of one
    department.
coded
    A row of an outcome that nearly everybody or nearly nobody has: "95% or more" or
    "5% or less" is shown instead of its numbers (see `coding`).
imprecise
    A row of which only some numbers are hidden: a quantile with too few people on
    one side, or a rate that too few rounded counts fit.

Which rows are primary and which complementary is written in ``suppressed`` for the
tests of this module. It is never shown: a reader who knew it would know more about
the small counts.

**One table, and a whole release**

The gate protects one table. It also registers what a reader is told about every
count (`Protected.counts`, see `telling`), so that the audit of a release can set all
tables, and those of earlier releases, beside each other; what the audit asks to hide
as well comes back as a plan (see `planned`). The choice of rows depends on counts and
labels only, so the rate, the difference and the ratio made from one table hide the
same rows; and ``Protected.only`` picks rows *after* protection, so that a part never
shows what the whole hides.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data
with linear constraints, Management Science 47(7), 1008-1027: an attacker is someone
who solves a linear program. CMS Cell Size Suppression Policy: no small count, and no
percentage from which one can be worked back. NCES 2011-603: bands instead of 0 % and
100 %.
"""

from collections.abc import Mapping, Sequence
from numbers import Integral
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import (
    ColumnNotFoundError,
    DisclosureError,
    InputError,
    ParamsError,
)
from equity.publish import coding, covering, linking, planned, small, telling
from equity.publish.kinds import (
    COUNTS,
    DESCRIPTIONS,
    MEASURED,
    PERSONAL,
    RECIPE,
    VERDICTS,
    asides,
    codes,
    count,
    is_number,
    labels,
    level,
    numbers,
    parts,
    rank,
    sizes,
    uncounted,
    verdicts,
)
from equity.publish.protected import TOKEN, Protected, require
from equity.publish.rounding import MONEY, coarsened, rounded_money
from equity.race import standards

__all__ = [
    "COUNTS",
    "DESCRIPTIONS",
    "MIN_CELL_CEILING",
    "MIN_CELL_DEFAULT",
    "MIN_CELL_FLOOR",
    "PERSONAL",
    "RECIPE",
    "ROUNDING",
    "VERDICTS",
    "ZEROS",
    "Protected",
    "protect",
    "require",
]

MIN_CELL_FLOOR = 5
MIN_CELL_CEILING = 30
MIN_CELL_DEFAULT = 10
ZEROS = ("shown", "hidden")
ROUNDING = (0, 3, 5, 10)

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def protect(
    table: pd.DataFrame,
    *,
    min_cell: int = MIN_CELL_DEFAULT,
    zeros: str = "shown",
    rounding: int = 0,
    lines: Sequence[str] | str | None = (),
    outcome: bool = False,
    public: Sequence[str] = (),
    counted: str = "people",
    topic: str = "",
    within: Mapping[str, linking.Labels] = _NOTHING,
    covers: Mapping[str, Mapping[str, linking.Labels]] = _NOTHING,
    population: str = "",
    events: Mapping[str, linking.Labels] = _NOTHING,
    quantiles: Mapping[str, float] = _NOTHING,
) -> Protected:
    """Hide small counts, what follows from them, and what would give them away.

    A row with a small count loses its counts and every number made from them.
    ``population`` stays where it is not small itself. Rows whose counts are missing
    but bounded (``events_low``, ``events_high``) are not small cells of this table,
    unless the upper bound is small.

    In every line further rows are then hidden until no reader who knows the line's
    total, every number shown, and the least that hidden counts can be, can narrow a
    hidden count to fewer than five values (four if ``min_cell`` is 5), wherever hiding
    can achieve that. So a line never has exactly one hidden row. The least is one, or
    zero where a zero is hidden: in lines of one direction only where the line's total
    is itself too small for five values (the whole line is hidden then); in a table
    whose lines cross also where that keeps more people in sight, and then any hidden
    count of the table may be zero.

    One direction of lines is solved by hiding the next smallest count; there the hidden
    counts also add up to at least ``min_cell``. Lines that cross are solved by an
    integer program that hides as few people as it can (up to 1,000 rows; `crossed`);
    there a reader may know that some hidden groups are few people *together*.

    Parameters
    ----------
    table
        A measure table, or any table of counts by label. One row per combination
        of labels; rows that are totals of other rows are better left out.
    min_cell
        Counts 1 to ``min_cell - 1`` are hidden. From 5 to 30.
    zeros
        "shown", or "hidden" to treat zeros like small counts.
    rounding
        0, or the base (3, 5 or 10) to which shown counts are rounded. Estimates and
        limits then become so coarse that as many numerators fit them.
    lines
        Columns each of whose values is a line: ``("department", "group")`` says
        that both the departments' and the groups' totals can be known. Empty: the
        whole table is one line. None: nothing adds up to anything known.
    outcome
        True if the events happen to members of the population (graduation, not
        requests). Then the people *without* the event are protected as well. A
        group in which nearly nobody or nearly everybody has it, which would tell the
        outcome of each member, is coded: ``coded`` says "5% or less" or "95% or
        more", by size. In groups too small for that the row is hidden.
    public
        Columns that do not depend on the protected counts, such as a share of
        residents from the census; kept in hidden rows.
    counted
        What a count counts, in a word for footnotes.
    topic
        The people counted, such as "employees on 2025-12-31": the same text in all
        tables and releases that count the same people. "" links to nothing.
    within
        Dimension to the label or labels that hold for the whole table, such as
        ``{"period": ["2025Q3", "2025Q4"]}``. ``outcome`` names the events where a
        topic has several; otherwise they are called "yes".
    covers
        Dimension to labels that stand for several: ``{"area": {"Ward 1": [tracts]}}``;
        None instead of a list means every value.
    population
        "" if the population belongs to another topic; "members" if the events happen
        to members of it, which ``outcome`` implies; "whole" if it is the sum of the
        events of all groups.
    events
        Where the events of members lie, if not just among those with the outcome:
        dimension to labels.
    quantiles
        Columns of money to their probabilities, such as ``{"median_pay": 0.5}``:
        shown only with ``min_cell`` people on each side, and rounded to 1,000; where
        the ``statistic`` is a ratio, not rounded.

    Returns
    -------
    Protected
        The table with hidden numbers missing, and ``suppressed``: "primary",
        "complementary", "reference", "coded", "imprecise", or missing. ``coded`` is
        there if a row is coded.

    Raises
    ------
    ParamsError
        If ``min_cell`` is not a whole number from 5 to 30, or another choice is none
        of those above.
    DisclosureError
        If the table has one row per person, shows single persons' values (minimum,
        maximum, outliers, the highest), has numbers but no count to judge them by,
        whole numbers that are none of `COUNTS`, quantiles that are not declared, or
        labels that are numbers, compares with a group of which it has no row, calls
        a rate made from its counts public, or was protected before; or if the plan
        of the audit is damaged.
    ColumnNotFoundError
        If a column named in ``lines``, ``public`` or ``quantiles`` is absent, or
        events and their population are asked for and absent.
    InputError
        If a count is negative or not a number, events exceed their population, rows
        of a topic have the same labels and different counts, or a population is not
        the whole it is said to be.

    Notes
    -----
    Every column that is not text, a date, or named in ``DESCRIPTIONS``, ``lines`` or
    ``public`` counts as made from the counts, and is hidden with them, as is text that
    depends on them (`kinds.verdicts`). Counts of people whom a row leaves out
    (`kinds.asides`) are taken away; show them in a table of their own
    (`aside.left_out`). Rows at a ``quantile`` have no estimate where too few people are
    beyond it. Differences
    and ratios of a coded group, or from a coded reference, are hidden: they would
    tell the rate.

    References
    ----------
    See the module.

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["White", "Black", "Latino", "Native"],
    ...                       "events": [120, 64, 31, 4]})
    >>> protect(staff, min_cell=10).frame
        group  events     suppressed
    0   White     120            NaN
    1   Black      64            NaN
    2  Latino    <NA>  complementary
    3  Native    <NA>        primary
    """
    _check_min_cell(min_cell)
    _check_choice("zeros", zeros, ZEROS)
    _check_choice("rounding", rounding, ROUNDING)
    lines = (lines,) if isinstance(lines, str) else lines
    if outcome and population == "whole":
        raise ParamsError("an outcome happens to members of the population, not all")
    population = "members" if outcome else population
    link = linking.Link(topic, within, covers, population, events)
    _check_table(table, [*(lines or ()), *public, *quantiles], link.population)
    beside = table[[name for name in asides(table) if name not in public]]
    table = table.drop(columns=beside.columns)
    _check_public(public)
    _check_quantiles(quantiles)
    _check_columns(table, lines or (), public, quantiles)
    if not {"reference_events", "reference_population"} & set(beside):
        # else each row is judged by them
        _check_references(table)
    policy = covering.Policy(int(min_cell), outcome, zeros == "hidden")
    if table.empty:
        nothing = table.assign(suppressed=pd.Series(dtype="str"))
        return Protected(
            nothing, policy.min_cell, outcome, counted, zeros, _token=TOKEN
        )
    frame = table.reset_index(drop=True)
    counts = {name: count(frame, name) for name in COUNTS if name in frame}
    within_people = link.population == "members"
    if within_people and (counts["events"] > counts["population"] + 1e-9).any():
        raise InputError("events exceed the population they happen to")
    texts = verdicts(frame)
    made = [
        name
        for name in frame
        if name not in (*DESCRIPTIONS, *(lines or ()), *public)
        and (is_number(frame[name]) or name in texts)
    ]
    if made and not counts:
        raise DisclosureError(
            f"columns {made} have no count beside them to judge them by; "
            f"expected one of {list(COUNTS)}"
        )
    where = linking.Places([], {})
    if counts:
        where = linking.places(frame, counts, labels(frame), lines or (), link)

    primary = small.primary(frame, counts, made, policy)
    primary["row"] = primary["row"] | small.compared(beside, policy)
    start, band = small.start(frame, counts, primary, _planned(where, topic), policy)
    hidden = _cover(frame, counts, start, lines, policy, band)
    coded = band["coded"].where(level(frame) & ~hidden.population)
    _check_shares(frame, counts, public, hidden.row)
    dependent = small.dependent(frame, hidden.row)
    few = small.few(counts, quantiles, policy.min_cell)
    edge = small.edge(frame, counts, policy.min_cell)

    result = _blank(frame, [n for n in made if n != "population"], hidden.row)
    result = _blank(result, [n for n in made if n not in counts], dependent)
    if "population" in made:
        result = _blank(result, ["population"], hidden.population)
    exact = result
    result = _blank(result, [n for n in made if n not in counts], edge)
    ratio = _ratios(frame)
    for name, rows in few.items():
        result = _blank(result, [name], rows)
        result[name] = rounded_money(result[name]).where(~ratio, result[name])
    if rounding:
        rounds = [name for name in made if name in counts]
        result = coarsened(result, frame, rounds, made, rounding)
    imprecise = (result.isna() & exact.notna()).any(axis=1)
    reason = np.select(
        [coded.notna(), primary["row"], hidden.row, dependent, imprecise],
        ["coded", "primary", "complementary", "reference", "imprecise"],
        default="",
    )
    reason = pd.Series(reason, index=result.index, dtype="str")
    if coded.notna().any():
        result = result.assign(coded=coded)
    result = result.assign(suppressed=reason.where(reason != ""))
    told = telling.told(
        frame, result, counts, where, hidden, band, policy, rounding, lines
    )
    totals = telling.totals(frame, counts, told, hidden, lines, link, policy)
    return Protected(
        result,
        policy.min_cell,
        outcome,
        counted,
        zeros,
        _notes(policy, rounding, bool(coded.notna().any()), quantiles),
        tuple(telling.register(where, told, totals, topic, planned.read())),
        TOKEN,
    )


# --- what is asked of a table -------------------------------------------------


def _check_min_cell(min_cell: int) -> None:
    whole = isinstance(min_cell, Integral) and not isinstance(min_cell, bool)
    if not whole or not MIN_CELL_FLOOR <= min_cell <= MIN_CELL_CEILING:
        raise ParamsError(
            f"min_cell is {min_cell!r}; expected a whole number from "
            f"{MIN_CELL_FLOOR} to {MIN_CELL_CEILING}"
        )


def _check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    if isinstance(value, bool) or value not in choices:
        raise ParamsError(f"{name} is {value!r}; expected one of {list(choices)}")


def _check_table(table: pd.DataFrame, named: list[str], population: str) -> None:
    linked = {"members": ["events", "population"], "whole": ["population"]}
    wanted = [*named, *linked.get(population, [])]
    absent = [name for name in wanted if name not in table]
    if absent:
        raise ColumnNotFoundError(absent, found=table.columns)
    personal = [name for name in table if name in PERSONAL]
    if personal:
        raise DisclosureError(
            f"columns {personal} belong to single persons, requests or places; "
            "only counts by label can be protected"
        )
    extreme = coding.extremes(table)
    if extreme:
        raise DisclosureError(
            f"columns {extreme} show single persons' values; show quantiles instead, "
            "named in 'quantiles'"
        )
    done = [name for name in ("suppressed", "coded") if name in table]
    if done:
        raise DisclosureError(f"the table has a column {done[0]!r}: protected before")


def _check_columns(
    table: pd.DataFrame,
    lines: Sequence[str],
    public: Sequence[str],
    quantiles: Mapping[str, float],
) -> None:
    """Refuse numbers that cannot be judged, and sizes in the guise of labels."""
    exempt = {*lines, *public, *quantiles}
    undeclared = [name for name in coding.quantiles(table) if name not in exempt]
    if undeclared:
        raise DisclosureError(
            f"columns {undeclared} look like quantiles; name them in 'quantiles' with "
            "their probabilities"
        )
    unknown = uncounted(table, exempt)
    if unknown:
        raise DisclosureError(
            f"columns {unknown} hold whole numbers that may count people; call each "
            f"one of {list(COUNTS)}, or name it in 'public' if it does not depend on "
            "the people counted"
        )
    bands = sizes(table, {*lines, *public})
    if bands:
        raise DisclosureError(
            f"the labels in columns {bands} are numbers and may tell a hidden count; "
            "leave them out, or turn them into text if they say nothing about size"
        )


def _check_references(table: pd.DataFrame) -> None:
    """Refuse comparisons with a group of which the table has no row.

    A reference that is no group, such as all residents, hides nothing.
    """
    if not {"group", "reference"} <= set(table):
        return
    there = set(table["group"].astype("str"))
    groups = {*standards.ORDER, *standards.SHORT.values()}
    if isinstance(table["group"].dtype, pd.CategoricalDtype):
        groups |= set(table["group"].cat.categories.astype("str"))
    compared = ~level(table) if "statistic" in table else slice(None)
    named = set(table.loc[compared, "reference"].dropna().astype("str"))
    absent = sorted(named & groups - there)
    if absent:
        raise DisclosureError(
            f"keep the rows of the reference group {absent[0]!r} so that the gate can "
            "see whether it is hidden; pick rows with only() afterwards"
        )


def _check_public(public: Sequence[str]) -> None:
    made = [name for name in public if name in (*MEASURED, *COUNTS[:1], *COUNTS[2:])]
    if made:
        raise DisclosureError(
            f"columns {made} are made from the protected counts and cannot be public"
        )


def _check_quantiles(quantiles: Mapping[str, float]) -> None:
    for name, share in quantiles.items():
        if isinstance(share, bool) or not 0 < share < 1:
            raise ParamsError(
                f"the probability of quantile {name!r} is {share!r}; expected a "
                "number between 0 and 1"
            )


def _check_shares(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    public: Sequence[str],
    hidden: np.ndarray,
) -> None:
    """Refuse a public column that is the rate, from which counts can be worked back."""
    if not {"events", "population"} <= set(counts) or not hidden.any():
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = counts["events"] / counts["population"]
    for name in public:
        if not is_number(frame[name]) or name in counts:
            continue
        values = numbers(frame[name])
        both = ~np.isnan(rate) & ~np.isnan(values)
        apart = np.abs(np.array([[1], [100]]) * rate - values)[:, both]
        close = (apart <= [[0.0005], [0.05]]).all(axis=1).any()
        several = all(len(set(found[both])) > 1 for found in (rate, values))
        if several and close:
            raise DisclosureError(
                f"column {name!r} is said to be public, but is events by population"
            )


def _planned(where: linking.Places, topic: str) -> dict[str, np.ndarray]:
    """The rows of each count that the plan of the audit asks to hide."""
    plan = planned.read()
    return {
        name: np.array([bool(plan) and planned.key(topic, at) in plan for at in places])
        for name, places in where.by_count.items()
    }


def _cover(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    start: covering.Hidden,
    lines: Sequence[str] | None,
    policy: covering.Policy,
    band: pd.DataFrame,
) -> covering.Hidden:
    """Hide further rows until every line is covered, each measure for itself."""
    none = {name: np.zeros(len(frame), dtype=bool) for name in counts}
    if lines is None:
        return covering.Hidden(start.row, start.population, none)
    covered = covering.Hidden(start.row.copy(), start.population.copy(), none)
    solved: dict[tuple, covering.Hidden] = {}
    for at in parts(frame):
        part = frame.iloc[at]
        here = {name: values[at] for name, values in counts.items()}
        begin = covering.Hidden(start.row[at], start.population[at])
        order, across = rank(part), codes(part, lines)
        bands = band["low"].to_numpy()[at], band["high"].to_numpy()[at]
        told = [*here.values(), begin.row, begin.population, order, *across, *bands]
        key = tuple(values.tobytes() for values in told)  # the same people, told again
        if key not in solved:
            solved[key] = covering.cover(here, begin, across, order, policy, band=bands)
        covered.row[at] = solved[key].row
        covered.population[at] = solved[key].population
        for name, bare in solved[key].bare.items():
            covered.bare[name][at] = bare
    return covered


def _blank(frame: pd.DataFrame, names: list[str], rows: np.ndarray) -> pd.DataFrame:
    """The frame with the named columns missing in the given rows."""
    return frame.assign(**{name: _nullable(frame[name]).mask(rows) for name in names})


def _ratios(frame: pd.DataFrame) -> pd.Series:
    """The rows that hold a ratio, which is no money."""
    if "statistic" not in frame:
        return pd.Series(False, index=frame.index)
    return frame["statistic"].eq("ratio").fillna(False).astype(bool)


def _nullable(column: pd.Series) -> pd.Series:
    """The column in a type that can be missing."""
    if pd.api.types.is_bool_dtype(column):
        return column.astype("boolean")
    if pd.api.types.is_integer_dtype(column):
        return column.astype("Int64")
    return column


def _notes(
    policy: covering.Policy,
    rounding: int,
    coded: bool,
    quantiles: Mapping[str, float],
) -> tuple[str, ...]:
    """Sentences for the footnotes."""
    notes = []
    if rounding:
        notes += [
            f"Counts are rounded to the nearest {rounding}.",
            f"Rates, intervals and comparisons are rounded so that at least {rounding} "
            "counts fit each.",
        ]
    if policy.zeros:
        notes.append("Zeros are hidden like small counts.")
    if coded:
        notes.append(
            '"Or less" and "or more" stand where fewer than '
            f"{policy.min_cell} people, or none, have or do not have the outcome; the "
            "limit depends on the size of the group."
        )
    if quantiles:
        notes.append(
            f"Quantiles are rounded to {MONEY:,} and shown only with at least "
            f"{policy.min_cell} people on each side."
        )
    return tuple(notes)
