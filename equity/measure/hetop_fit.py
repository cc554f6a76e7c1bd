"""Maximum likelihood of the heteroskedastic ordered probit, for all groups at once.

Every group has a mean of its own in every table (a year, a grade) and a standard
deviation, which is the same in all tables but for the tables' scales. Two cut points
of every table are fixed, which sets its scale; `hetop_scale` then sets another.

Rules for sparse rows, part of the likelihood:

- fewer than three levels with students in every table: the group's standard deviation
  is the geometric mean of the others', each counted once;
- all students at the lowest (highest) level: the mean is the lowest (highest) of those
  estimated in the table;
- masked, and perhaps all at one of the two: not known, and left out. So is a masked row
  whose likelihood has two tops (`hetop_open`).

Newton's method. Parameters of groups meet only through the few of tables, so groups are
eliminated one by one: time and memory grow with the number of groups, not its square.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from equity.measure import hetop_model, hetop_newton, hetop_open, hetop_rows
from equity.measure.hetop_model import (
    HIGHEST,
    LOWEST,
    NOBODY,
    OWN,
    UNKNOWN,
    Model,
    State,
)
from equity.measure.hetop_newton import Errors, Step
from equity.measure.hetop_rows import Counts

ITERATIONS, HALVINGS, ANCHORINGS = 100, 40, 10
STEP = 1e-8  # the last step of every parameter, in units of the fixed cut points


@dataclass(frozen=True)
class Fit:
    """Estimates, on the scale of the two fixed cut points of each table.

    Attributes
    ----------
    mean, log_sd
        Tables x groups, missing where nothing is known.
    cuts
        Tables x (levels - 1); infinite where a table has no further level.
    source
        Tables x groups: where the mean comes from.
    tied
        Groups whose standard deviation is not their own.
    students
        Tables x groups x levels, expected where masked.
    errors
        Their covariance; None if the search did not end at a maximum.
    log_likelihood
        Without the multinomial coefficients of rows that are known.
    converged
        Whether the last step was below `STEP` and the likelihood falls all round.
    last_step
        The largest change of any parameter in the last step.
    iterations
        Steps taken.
    """

    mean: np.ndarray
    log_sd: np.ndarray
    cuts: np.ndarray
    source: np.ndarray
    tied: np.ndarray
    students: np.ndarray
    errors: Errors | None
    log_likelihood: float
    converged: bool
    last_step: float
    iterations: int


def fit(counts: Counts, *, common: bool = False) -> Fit:
    """Find the estimates with the highest likelihood.

    Parameters
    ----------
    counts
        Tables x groups x levels. Levels that nobody can be at in a table come last.
    common
        Whether all groups have one standard deviation (homoskedastic).

    Returns
    -------
    Fit
        With `converged` false, and what was reached, where there is no maximum. All is
        missing for tables in which no mean can be estimated.

    Notes
    -----
    Which group has the lowest mean is found by fitting, again if need be. With several
    groups about equally low, another of them might give a likelihood a little higher.

    References
    ----------
    Reardon, Shear, Castellano and Ho (2017), Journal of Educational and Behavioral
    Statistics 42(1), 3-45; Shear and Reardon (2021), 46(1), 3-33 (several tables).

    Examples
    --------
    >>> found = fit(Counts.exact([[[20, 30, 50], [40, 30, 30], [9, 0, 0]]]))
    >>> found.converged, bool(found.mean[0, 2] == found.mean[0, 1])  # the lowest's
    (True, True)
    """
    source, tied = _sources(counts, common)
    fixed, levels = _start_cuts(counts)
    estimable = (levels >= 2) & (source == OWN).any(axis=1)
    source[~estimable[:, None] & (source != NOBODY)] = UNKNOWN
    tied |= (source >= NOBODY).all(axis=0)
    if not estimable.any():
        return _nothing(counts, source, tied)
    for _ in range(ANCHORINGS):
        found, open_rows = _anchored(
            counts.where(source < NOBODY), source, tied, fixed, levels, estimable
        )
        if not open_rows.any():
            break
        source[open_rows] = UNKNOWN
        estimable &= (source == OWN).any(axis=1)
        source[~estimable[:, None] & (source < NOBODY)] = UNKNOWN
        tied |= (source >= NOBODY).all(axis=0)
        if not estimable.any():
            return _nothing(counts, source, tied)
    seen = source < NOBODY
    return replace(
        found,
        mean=np.where(seen, found.mean, np.nan),
        log_sd=np.where(seen, found.log_sd, np.nan),
        cuts=np.where(estimable[:, None], found.cuts, np.nan),
        source=source,
        students=np.where(seen[..., None], found.students, counts.middle),
    )


def _anchored(
    counts: Counts,
    source: np.ndarray,
    tied: np.ndarray,
    fixed: np.ndarray,
    levels: np.ndarray,
    estimable: np.ndarray,
) -> tuple[Fit, np.ndarray]:
    """Fit, until the rows with the lowest and the highest mean are those taken so."""
    start = _rows_alone(counts, source, tied, fixed)
    anchors = _anchors(source, start.mean)
    for _ in range(ANCHORINGS):
        model = _model(counts, source, tied, fixed, levels, estimable, anchors)
        found, open_rows = _search(model, _shared_start(model, start, anchors))
        settled = _anchors(source, found.mean)
        if not found.converged or _same(anchors, settled):
            return found, open_rows
        anchors = settled
    return replace(found, converged=False, errors=None), open_rows


def _sources(counts: Counts, common: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where means come from, and groups whose SD is not their own."""
    levels = (counts.high.sum(axis=1) > 0).sum(axis=1)
    last = np.broadcast_to((levels - 1)[:, None], counts.total.shape)
    lowest, highest = counts.only(np.zeros_like(last)), counts.only(last)
    either = lowest | highest
    source = np.select(
        [
            counts.high.sum(axis=2) == 0,
            (lowest & highest) | (either & counts.masked),
            lowest,
            highest,
        ],
        [NOBODY, UNKNOWN, LOWEST, HIGHEST],
        OWN,
    )
    return source, common | (counts.populated < 3).all(axis=0)


def _start_cuts(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Cut points of all students of a table together, and its number of levels."""
    students = counts.middle.sum(axis=1)
    levels = (counts.high.sum(axis=1) > 0).sum(axis=1)
    below = students.cumsum(axis=1)[:, :-1]
    everyone = students.sum(axis=1, keepdims=True)
    cuts = ndtri((below + 0.5) / (everyone + 1))
    inside = np.arange(1, students.shape[1]) < levels[:, None]
    return np.where(inside, cuts, np.inf), levels


def _rows_alone(
    counts: Counts, source: np.ndarray, tied: np.ndarray, cuts: np.ndarray
) -> State:
    """Each row at the starting cut points; a group's SD as the mean of its rows'."""
    own = source == OWN
    rows = counts[own]
    here = np.broadcast_to(cuts[:, None], (*own.shape, cuts.shape[1]))[own]
    free = (rows.populated >= 3) & np.broadcast_to(~tied, own.shape)[own]
    mean, log_sd = hetop_rows.fit(
        rows, here, np.zeros(len(here)), np.zeros(len(here)), free
    )
    means, log_sds = np.zeros(own.shape), np.full(own.shape, np.nan)
    means[own], log_sds[own] = mean, np.where(free, log_sd, np.nan)
    known = ~np.isnan(log_sds)
    sums, number = np.where(known, log_sds, 0).sum(axis=0), known.sum(axis=0)
    return State(means, sums / np.maximum(number, 1), np.empty(0))


def _anchors(source: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Groups whose means are the lowest and the highest of each table, -1 if unused."""
    own = source == OWN
    lowest = np.where(own, mean, np.inf).argmin(axis=1)
    highest = np.where(own, mean, -np.inf).argmax(axis=1)
    return np.column_stack(
        [
            np.where((source == LOWEST).any(axis=1), lowest, -1),
            np.where((source == HIGHEST).any(axis=1), highest, -1),
        ]
    )


def _same(before: np.ndarray, after: np.ndarray) -> bool:
    return bool((before == after).all())


def _model(
    counts: Counts,
    source: np.ndarray,
    tied: np.ndarray,
    fixed: np.ndarray,
    levels: np.ndarray,
    estimable: np.ndarray,
    anchors: np.ndarray,
) -> Model:
    """Number the shared parameters."""
    source, size = source.copy(), 0
    for table, (lowest, highest) in enumerate(anchors):
        source[table, [highest] if highest >= 0 else []] = HIGHEST
        source[table, [lowest] if lowest >= 0 else []] = LOWEST

    def number(wanted: np.ndarray) -> np.ndarray:
        nonlocal size
        at = np.where(wanted, size + np.cumsum(wanted).reshape(wanted.shape) - 1, -1)
        size += int(wanted.sum())
        return at

    scaled = estimable & (levels >= 3)
    place = np.arange(2, fixed.shape[1] + 2)
    free = estimable[:, None] & (place > 3) & (place <= levels[:, None])
    cut_at = number(free)
    lowest_at = number(anchors[:, 0] >= 0)
    same = (anchors[:, 0] >= 0) & (anchors[:, 0] == anchors[:, 1])
    highest_at = np.where(same, lowest_at, number((anchors[:, 1] >= 0) & ~same))
    scale_at = number(scaled & (np.cumsum(scaled) > 1))
    any_tied = (tied & (source < NOBODY).any(axis=0)).any()
    tied_at = int(number(np.array([any_tied and scaled.any()]))[0])
    bound = tied_at >= 0 and not tied.all()
    return Model(
        *(counts, source, tied, fixed, cut_at, lowest_at, highest_at, scale_at),
        *(tied_at, bound, size),
    )


def _shared_start(model: Model, start: State, anchors: np.ndarray) -> State:
    shared = np.zeros(model.size)
    for at, value in (
        (model.cut_at, model.fixed),
        (model.lowest_at, _of(start.mean, anchors[:, 0])),
        (model.highest_at, _of(start.mean, anchors[:, 1])),
    ):
        shared[at[at >= 0]] = value[at >= 0]
    if model.bound:
        shared[model.tied_at] = start.log_sd[~model.tied].mean()
    return replace(start, shared=shared)


def _of(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    return values[np.arange(len(values)), group]


def _search(model: Model, state: State) -> tuple[Fit, np.ndarray]:
    """Newton's method, damped wherever the likelihood is not curved down.

    Beside the fit, masked rows that it cannot place.
    """
    value, length, solved, taken = -np.inf, np.inf, None, 0
    while taken < ITERATIONS:
        taken += 1
        try:
            value, solved = hetop_newton.direction(model, state)
        except np.linalg.LinAlgError:
            solved = None
            break
        steps = [solved.own_step.ravel(), solved.shared_step]
        length = float(np.abs(np.concatenate(steps)).max(initial=0))
        if not np.isfinite(length):
            break
        state, moved = _along(model, state, solved, value, min(1.0, 2 / (length or 1)))
        if length < STEP or not moved:
            break
    converged = solved is not None and solved.definite and length < STEP
    found = _finished(model, state, solved if converged else None, value, length, taken)
    return found, _open_rows(model, state)


def _open_rows(model: Model, state: State) -> np.ndarray:
    """Masked rows whose likelihood has two tops, tables x groups."""
    rows = hetop_model.rows(model, state)
    tops = [
        hetop_open.two_topped(counts, log_sd, cuts) for counts, _, log_sd, cuts in rows
    ]
    return (model.source == OWN) & np.array(tops)


def _along(
    model: Model, state: State, solved: Step, value: float, share: float
) -> tuple[State, bool]:
    """Halve the step until the likelihood is no lower, but for rounding."""
    for _ in range(HALVINGS):
        new = State(
            state.mean + share * solved.own_step[:, :-1].T,
            state.log_sd + share * solved.own_step[:, -1],
            state.shared + share * solved.shared_step,
        )
        if hetop_model.log_likelihood(model, new) >= value - 1e-12 * (1 + abs(value)):
            return new, True
        share /= 2
    return state, False


def _finished(
    model: Model,
    state: State,
    solved: Step | None,
    value: float,
    length: float,
    iterations: int,
) -> Fit:
    rows = hetop_model.rows(model, state)
    students = np.stack([hetop_rows.derivatives(*row).students for row in rows])
    return Fit(
        mean=model.means(state),
        log_sd=model.log_sds(state),
        cuts=model.cuts(state),
        source=model.source,
        tied=model.tied,
        students=students,
        errors=hetop_newton.errors(model, solved) if solved else None,
        log_likelihood=value,
        converged=solved is not None,
        last_step=length,
        iterations=iterations,
    )


def _nothing(counts: Counts, source: np.ndarray, tied: np.ndarray) -> Fit:
    missing = np.full(source.shape, np.nan)
    levels = counts.low.shape[2]
    return Fit(
        mean=missing,
        log_sd=missing,
        cuts=np.full((len(source), levels - 1), np.nan),
        source=source,
        tied=tied,
        students=counts.middle,
        errors=None,
        log_likelihood=np.nan,
        converged=False,
        last_step=np.nan,
        iterations=0,
    )
