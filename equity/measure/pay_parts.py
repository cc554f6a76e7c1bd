"""A pay gap in parts: what goes with job, tenure, hours and department, and the rest.

Oaxaca-Blinder decompositions (see `oaxaca`) of the gaps in mean log pay of a workforce,
for every choice of coefficients. People without a counterpart in the other group are a
part of their own: they cannot be compared, and are not left out silently.

That a part goes with a characteristic does not excuse it. If a group works in lower
paid jobs, that may be just what is wrong.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.measure.pay_pairs import COEFFICIENTS, CONSTANT, ROBUST, Pair
from equity.measure.pay_splits import (
    COMPARABLE,
    GAP,
    OUTSIDE,
    THREEFOLD,
    TOTAL,
    check,
    split,
    tabled,
    unknown,
)
from equity.measure.pay_support import Comparable
from equity.measure.payroll import COUNTS, Payroll, usable
from equity.measure.table import MEASURE_COLUMNS

CONTROLS = ("job_category", "tenure", "hours", "department")
LEAST = 10  # people more than coefficients; of fewer, their pay is told by chance
COMPARED = "compared"
TOO_FEW = "too few people with counterparts"
OVERLAP = "controls overlap: what goes with each cannot be told"
COLUMNS = [
    *("group", "events", "reference_events", "population", "controls"),
    *("coefficients", "component", "variable", "statistic", *MEASURE_COLUMNS),
    *("direction", "standard_error", "without_counterpart"),
    *("reference_without_counterpart", "reliability", *COUNTS, "not_recorded"),
]


def by_race(
    workers: pd.DataFrame,
    *,
    reference: str,
    groups: Sequence[str] | None = None,
    controls: Sequence[str] = CONTROLS,
    coefficients: Sequence[str] = tuple(COEFFICIENTS),
    errors: str = ROBUST,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Split each group's gap in mean log pay, threefold and twofold.

    Parameters
    ----------
    workers
        Tidy `workers` of one date: `race, pay`, and what the controls read.
    reference
        The group that all others are compared with.
    groups
        The values of `race` to compare; None takes all there are.
    controls
        The listed characteristics, of `payroll.CONTROLS`. Those not on record, or the
        same for all, are left out; ``controls`` in the answer says which were not.
    coefficients, errors, confidence
        As for `oaxaca.twofold`.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`. For each group but the reference, in log pay (-0.05
        is about five per cent less): ``component`` `gap`, of all people with pay; `no
        counterpart`, the part of it there because some people are in a category with
        fewer than two of the other group (or are otherwise out of comparison); `gap
        among comparable people`, the rest of it. The threefold parts (``coefficients``
        empty) and the twofold parts of each of ``coefficients`` add up to the latter.
        ``variable`` is `all together`, `constant` or a control, whose categories are
        counted from their average and added up.

        ``events`` and ``reference_events`` are the people compared, and
        ``without_counterpart`` and ``reference_without_counterpart`` those who are not;
        ``population`` are all people of the group; the counts behind are those of
        `pay.adjusted`. ``reliability`` says so where too few can be compared (nothing
        is estimated) or where controls overlap, such as jobs that exist in one
        department only (what goes with each is missing, the sum is not). No rows where
        nobody's pay is on record.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If pay is negative or no number, or rows are of several dates.
    ParamsError
        If a control, coefficients or errors are none of the known ones.
    UnknownGroupError
        If the reference is none of the groups.

    References
    ----------
    As for `oaxaca.twofold`. Nopo (2008), Matching as a Tool to Decompose Wage Gaps,
    Review of Economics and Statistics 90(2), 290-299 (people without a counterpart).

    Examples
    --------
    >>> staff = pd.DataFrame({
    ...     "race": ["Black"] * 20 + ["White"] * 20, "job_category":
    ...     (["Clerk"] * 15 + ["Chief"] * 5) + (["Clerk"] * 5 + ["Chief"] * 15),
    ...     "pay": [40_000] * 15 + [80_000] * 5 + [42_000] * 5 + [80_000] * 15})
    >>> table = by_race(staff, reference="White", coefficients=["reference"])
    >>> whole = table[table["variable"] == "all together"]
    >>> twofold = whole[whole["coefficients"] == "reference"].head(2)
    >>> twofold[["component", "estimate"]].round(3)
         component  estimate
    12    explained    -0.322
    15  unexplained    -0.037
    """
    check(coefficients, errors, confidence)
    payroll = Payroll.of(workers, groups)
    used = usable(payroll.people, controls)
    if payroll.unpaid:
        return pd.DataFrame(columns=COLUMNS)
    payroll.position(reference)
    kept, counts = payroll.modelled(used)
    people = payroll.people[kept]
    population = payroll.count()
    tables = []
    for place, group in enumerate(payroll.groups):
        if group == reference:
            continue
        both = people[people["race"].isin([group, reference])]
        own = both["race"].eq(group).to_numpy(bool)
        found = _parts(both, own, used, coefficients, errors)
        tables.append(
            found.assign(
                group=group,
                population=population[place],
                **{name: count[place] for name, count in counts.items()},
            )
        )
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.concat(tables, ignore_index=True).assign(
        controls=", ".join(used), not_recorded=payroll.not_recorded
    )
    return tabled(frame, reference, errors, confidence)[COLUMNS]


def _parts(
    people: pd.DataFrame,
    own: np.ndarray,
    used: Sequence[str],
    coefficients: Sequence[str],
    errors: str,
) -> pd.DataFrame:
    """Split the gap of one group, after setting aside whom nobody compares with."""
    log_pay = np.log(people["pay"].to_numpy())
    alike = Comparable.of(people, own, used)
    kept, sides = alike.kept, (own, ~own)
    everyone = [int(side.sum()) for side in sides]
    compared = [int((side & kept).sum()) for side in sides]
    choices = [THREEFOLD, *coefficients]
    if min(compared) >= alike.matrix.shape[1] + 1 + LEAST:
        pair = Pair.of(
            tuple(log_pay[side & kept] for side in sides),
            tuple(alike.matrix[side[kept]] for side in sides),
            alike.names,
            alike.dummies,
            errors,
        )
        parts = split(pair, choices, [CONSTANT, *alike.variables])
        parts = parts[parts["component"] != GAP]
        untold = parts["variable"].isin([CONSTANT, *alike.untold]) & bool(alike.untold)
        parts.loc[untold, ["estimate", "standard_error"]] = np.nan
        inside, reliability = pair.gap(), OVERLAP if alike.untold else COMPARED
    else:
        parts = unknown(choices)
        inside, reliability = (np.nan, np.nan), TOO_FEW
    whole, moves = _gap(log_pay, own, np.full(len(own), True))
    error = np.sqrt((moves**2).sum())
    missed = moves - _gap(log_pay, own, kept)[1]
    outside = whole - inside[0], np.sqrt((missed**2).sum())
    if reliability == TOO_FEW:
        outside = np.nan, np.nan
    first = [(GAP, whole, error), (OUTSIDE, *outside), (COMPARABLE, *inside)]
    head = pd.DataFrame(first, columns=["component", "estimate", "standard_error"])
    head = head.assign(coefficients=THREEFOLD, variable=TOTAL)
    table = pd.concat([head, parts], ignore_index=True)
    all_people = table["component"].isin([GAP, OUTSIDE])
    return table.assign(
        events=np.where(all_people, everyone[0], compared[0]),
        reference_events=np.where(all_people, everyone[1], compared[1]),
        without_counterpart=everyone[0] - compared[0],
        reference_without_counterpart=everyone[1] - compared[1],
        reliability=reliability,
    )


def _gap(
    log_pay: np.ndarray, own: np.ndarray, kept: np.ndarray
) -> tuple[float, np.ndarray]:
    """Subtract means of those kept, and tell how each person moves the gap."""
    gap, moves = 0.0, np.zeros(len(own))
    for side, sign in ((own, 1), (~own, -1)):
        chosen = side & kept
        many = chosen.sum()
        if many < 2:
            return np.nan, np.full(len(own), np.nan)
        mean = log_pay[chosen].mean()
        gap += sign * mean
        moves[chosen] = sign * (log_pay[chosen] - mean) / np.sqrt(many * (many - 1.0))
    return float(gap), moves
