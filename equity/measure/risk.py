"""Risk of an outcome by race: against all other students, and by the federal rules.

Graduation, chronic absence, suspension, special education, advanced courses: of the
students of a group, how many have it, and how does that compare with *all other
students*? The comparison of special education law differs from that with a chosen
reference (see `disparity`): every group is compared, the largest too.

**Terms**

risk
    Share of a group with the outcome.
risk ratio
    A group's risk over that of all other students of the district.
alternate risk ratio
    A group's risk over that of all other students of the *state*; used where the
    district's others are few.
weighted risk ratio
    Both risks with the groups weighted as the state is made up, so that districts of
    different make-up can be compared.
cell size, n-size
    The least number of students with the outcome, and the least number of students,
    that a group must have before a ratio is made.

Frames have one row per ``group``, with ``events`` (students who have the outcome) and
``population`` (students who could), and together the rows are everyone. Names of
groups that are not races, such as students whose race is not recorded, are kept: they
are among the others. Counts of students are full counts, with no margin; limits carry
the chance in each student's outcome, students taken as independent, and nothing of
errors in the records. Percentage-point gap, proportionality and 80 % index of the
California colleges, with the students needed to reach parity, are in `impact`.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import exact, intervals
from equity.measure.redraws import DIFFERENCE, LEVEL, RATIO
from equity.measure.table import (
    HIGHER,
    LOWER,
    check_confidence,
    check_counts,
    divide,
    measure_table,
    numbers,
    require_columns,
)

OTHERS, STATE_OTHERS = "all other students", "all other students of the state"
WEIGHTED_OTHERS = "all other students, weighted as the state"
WILSON, NEWCOMBE, MOVER = "Wilson score", "Newcombe hybrid score", "MOVER ratio"
RISK, RISK_DIFFERENCE, RISK_RATIO = "risk", "risk difference", "risk ratio"
ALTERNATE, WEIGHTED = "alternate risk ratio", "weighted risk ratio"


def against_others(
    counts: pd.DataFrame, *, direction: str = LOWER, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare each group's risk with that of all other students of the district.

    Parameters
    ----------
    counts
        One row per ``group``, with ``events`` and ``population``, whole numbers.
    direction
        "lower is better", as of suspensions, or "higher is better", as of graduation.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``counts``, once per ``statistic``: "level" (the risk), "difference" and
        "ratio", with the measure columns, then ``others_events``,
        ``others_population``, ``people_to_parity`` (students fewer, or more where
        higher is better, that bring the group's risk to that of the others, which
        stays), ``direction``. The ratio is missing where no other has the outcome.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, or a group has
        two rows.
    ParamsError
        If ``direction`` is neither of the two.

    Notes
    -----
    A masked (missing) count is in the others of all groups, so none of them can be
    compared. Limits remain where a group has no events: the lower one is zero.

    References
    ----------
    Bollmer, Bethel, Munk and Bitterman (2014), Methods for Assessing Racial/Ethnic
    Disproportionality in Special Education, IDEA Data Center, chapter 4. Wilson
    (1927), JASA 22, 209-212; Newcombe (1998), Statistics in Medicine 17, 873-890;
    Donner and Zou (2012), Statistical Methods in Medical Research 21, 347-359.

    Examples
    --------
    >>> pupils = pd.DataFrame({"group": ["Black", "White", "Asian"],
    ...     "events": [316, 732, 18], "population": [6224, 34897, 1213]})
    >>> found = against_others(pupils).query("statistic == 'ratio'")
    >>> found[["group", "estimate", "conf_low", "people_to_parity"]].round(2)
       group  estimate  conf_low  people_to_parity
    6  Black      2.44      2.15               187
    7  White      0.47      0.41                 0
    8  Asian      0.58      0.37                 0
    """
    if direction not in (HIGHER, LOWER):
        raise ParamsError(
            f"direction is {direction!r}; expected {HIGHER!r} or {LOWER!r}"
        )
    groups, everyone = _counts(counts)
    others = [_rest(group, everyone) for group in groups]
    sign = 1 if direction == HIGHER else -1
    needed = exact.people(
        list(zip(groups, others, strict=True)),
        lambda group, rest: max(
            0, ceil(sign * (rest.rate * group.population - group.events))
        ),
    )
    own, against = _risk(groups, confidence), _risk(others, confidence)
    further = {
        "others_events": _whole(others, "events"),
        "others_population": _whole(others, "population"),
        "people_to_parity": needed,
        "direction": direction,
    }
    values = {
        LEVEL: (RISK, None, own, WILSON),
        DIFFERENCE: (
            *(RISK_DIFFERENCE, OTHERS),
            (own[0] - against[0], *intervals.mover_difference(*own, *against)),
            NEWCOMBE,
        ),
        RATIO: (RISK_RATIO, OTHERS, _ratio(own, against), MOVER),
    }
    return pd.concat(
        [
            _table(
                counts.assign(statistic=statistic),
                *value,
                confidence=confidence,
                **further,
            )
            for statistic, value in values.items()
        ],
        ignore_index=True,
    )


def alternate_risk_ratio(
    counts: pd.DataFrame,
    state: pd.DataFrame,
    *,
    direction: str = LOWER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Divide each group's risk by that of all other students of the state.

    Parameters
    ----------
    counts
        As in `against_others`: the district.
    state
        The same of the whole state, the district included.
    direction, confidence
        As in `against_others`.

    Returns
    -------
    DataFrame
        ``counts`` with the measure columns, then ``others_events`` and
        ``others_population`` (of the state) and ``direction``. Missing where a group
        is not in ``state``, or one of its counts is missing.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, or a group has
        two rows.

    Notes
    -----
    The state's others include the district's. Its own others and the group are
    different students, so the two risks are independent.

    References
    ----------
    Bollmer et al. (2014), see `against_others`, chapter 5; limits as there.

    Examples
    --------
    >>> district = pd.DataFrame({"group": ["Black", "White"],
    ...                          "events": [189, 0], "population": [4697, 386]})
    >>> state = pd.DataFrame({"group": ["Black", "White"],
    ...                       "events": [3110, 3935], "population": [73653, 238875]})
    >>> alternate_risk_ratio(district, state)[["group", "estimate"]].round(2)
       group  estimate
    0  Black      2.44
    1  White      0.00
    """
    groups, _ = _counts(counts)
    others = _state_others(counts, state)
    return _table(
        counts,
        ALTERNATE,
        STATE_OTHERS,
        _ratio(_risk(groups, confidence), _risk(others, confidence)),
        MOVER,
        confidence=confidence,
        others_events=_whole(others, "events"),
        others_population=_whole(others, "population"),
        direction=direction,
    )


def weighted_risk_ratio(
    counts: pd.DataFrame,
    state: pd.DataFrame,
    *,
    direction: str = LOWER,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare risks in a district as if it were made up as the state is.

    Parameters
    ----------
    counts
        As in `against_others`: the district.
    state
        ``group`` and ``population`` of the whole state.
    direction, confidence
        As in `against_others`.

    Returns
    -------
    DataFrame
        ``counts`` with the measure columns, then ``weighted_risk`` (the group's risk
        times the state's share of all others), ``weighted_risk_others`` (the others'
        risks, each times its share of the state) and ``direction``. ``estimate`` is
        the first over the second; missing where a group that has a share of the state
        has nobody in the district, since its risk there is not known.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, a group has two
        rows, or a group of the district is not in the state.

    Notes
    -----
    The state's shares are taken as certain. Limits of the others' weighted risk add
    the squared distances of each to its own limits. A large weight on a group with
    few students in the district makes the ratio unsteady; the limits show it.

    References
    ----------
    Bollmer et al. (2014), see `against_others`, chapter 6. Zou and Donner (2008),
    Statistics in Medicine 27, 1693-1702 (limits of a weighted sum); Donner and Zou
    (2012), as there.

    Examples
    --------
    >>> district = pd.DataFrame({"group": ["Black", "White", "Asian"],
    ...     "events": [30, 40, 5], "population": [300, 1000, 100]})
    >>> state = district.assign(population=[2000, 6000, 2000])
    >>> found = weighted_risk_ratio(district, state)
    >>> found[["group", "weighted_risk", "weighted_risk_others", "estimate"]].round(3)
       group  weighted_risk  weighted_risk_others  estimate
    0  Black          0.080                 0.034     2.353
    1  White          0.016                 0.030     0.533
    2  Asian          0.040                 0.044     0.909
    """
    groups, _ = _counts(counts)
    people = numbers(_of_state(counts, state, ["population"]), "population")
    share = divide(people, people.sum())
    absent = set(state["group"]) - set(counts["group"])
    if absent:
        raise InputError(
            f"groups {sorted(map(str, absent))} of the state have no row in the "
            "district; give them one, with no students if there are none"
        )
    risk, low, high = _risk(groups, confidence)
    parts = [np.where(share > 0, share * value, 0.0) for value in (risk, low, high)]
    middle, lower, upper = parts[0], *(np.abs(parts[0] - end) for end in parts[1:])

    others = _of_others(middle)
    against = (
        others,
        np.maximum(others - np.sqrt(_of_others(lower**2)), 0),
        others + np.sqrt(_of_others(upper**2)),
    )
    own = tuple((1 - share) * value for value in (risk, low, high))
    return _table(
        counts,
        WEIGHTED,
        WEIGHTED_OTHERS,
        _ratio(own, against),
        MOVER,
        confidence=confidence,
        weighted_risk=own[0],
        weighted_risk_others=others,
        direction=direction,
    )


def composition(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare each group's share of the outcome with its share of all students.

    Parameters
    ----------
    counts
        As in `against_others`.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        ``counts`` with the measure columns, then ``enrolment_share``,
        ``difference`` (estimate less that share), ``relative_difference`` (the
        difference over that share) and ``upper_bound`` (of the E-formula). All are
        proportions; ``estimate`` is the share of those with the outcome. Missing if a
        count is missing, or nobody has the outcome.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or not whole, events exceed population, or a group has
        two rows.

    Notes
    -----
    A large group has little room above its share of all students, so the difference
    cannot be compared between groups; risk ratios can. The E-formula adds one
    standard error of a sample as large as those with the outcome: a rule, not a limit.
    The limits here are Wilson's, of the share.

    References
    ----------
    Bollmer et al. (2014), see `against_others`, chapters 3 and 9.

    Examples
    --------
    >>> pupils = pd.DataFrame({"group": ["Black", "White"],
    ...                        "events": [40, 60], "population": [200, 800]})
    >>> composition(pupils)[["group", "estimate", "enrolment_share", "upper_bound"]]
       group  estimate  enrolment_share  upper_bound
    0  Black       0.4              0.2         0.24
    1  White       0.6              0.8         0.84
    """
    _counts(counts)
    events, population = numbers(counts, "events"), numbers(counts, "population")
    total = np.full(len(events), events.sum())
    share = divide(events, total)
    enrolled = divide(population, population.sum())
    low, high = intervals.wilson(events, total, confidence)
    error = np.sqrt(divide(enrolled * (1 - enrolled), total))
    return _table(
        counts,
        "composition",
        None,
        (share, low, high),
        WILSON,
        confidence=confidence,
        enrolment_share=enrolled,
        difference=share - enrolled,
        relative_difference=divide(share - enrolled, enrolled),
        upper_bound=enrolled + error,
    )


def _counts(counts: pd.DataFrame) -> tuple[list, exact.Count | None]:
    """Check and take exact counts; no group twice, or none is all the others."""
    groups, everyone = exact.counts(counts)
    _refuse_twice(counts)
    return groups, everyone


def _refuse_twice(frame: pd.DataFrame) -> None:
    twice = frame["group"].duplicated() | frame["group"].isna()
    if twice.any():
        raise InputError(
            f"column group is missing or repeated in {twice.sum()} of {len(frame)} "
            "rows; expected one row per group"
        )


def _rest(
    group: exact.Count | None, everyone: exact.Count | None
) -> exact.Count | None:
    if everyone is None:
        return None
    events, people = (group.events, group.population) if group else (0, 0)
    return exact.count(everyone.events - events, everyone.population - people)


def _of_state(
    counts: pd.DataFrame, state: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Take the state's counts in the order of the district's groups."""
    require_columns(state, ["group", *names])
    _refuse_twice(state)
    known = state.astype({"group": "str"}).set_index("group")[list(names)]
    unknown = [str(g) for g in counts["group"] if str(g) not in known.index]
    if unknown:
        raise InputError(f"groups {unknown} of the district have no row in the state")
    return known.loc[counts["group"].astype(str)]


def _state_others(counts: pd.DataFrame, state: pd.DataFrame) -> list:
    """Count the students of the state outside each group."""
    events, population = check_counts(state, whole=True)
    own = _of_state(counts, state, ["events", "population"])
    return [
        exact.count(events.sum() - have, population.sum() - are)
        for have, are in zip(
            numbers(own, "events"), numbers(own, "population"), strict=True
        )
    ]


def _of_others(values: np.ndarray) -> np.ndarray:
    """Sum the values of all groups but each one, no subtraction undoing a missing."""
    return np.array([np.delete(values, place).sum() for place in range(len(values))])


def _risk(counts: Sequence[exact.Count | None], confidence: float) -> tuple:
    """Risks with their limits."""
    events, people = _column(counts, "events"), _column(counts, "population")
    return divide(events, people), *intervals.wilson(events, people, confidence)


def _column(counts: Sequence[exact.Count | None], name: str) -> np.ndarray:
    return np.array([getattr(count, name, np.nan) for count in counts], dtype=float)


def _whole(
    counts: Sequence[exact.Count | None], name: str
) -> pd.api.extensions.ExtensionArray:
    return pd.array([getattr(count, name, None) for count in counts], dtype="Int64")


def _ratio(own: Sequence[np.ndarray], against: Sequence[np.ndarray]) -> tuple:
    return divide(own[0], against[0]), *intervals.mover_ratio(*own, *against)


def _table(
    counts: pd.DataFrame,
    measure: str,
    reference: str | None,
    values: Sequence[np.ndarray],
    method: str,
    *,
    confidence: float,
    **further: object,
) -> pd.DataFrame:
    estimate, low, high = values
    return measure_table(
        counts,
        measure=measure,
        reference=reference,
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        confidence=check_confidence(confidence),
        method=method,
        **further,
    )
