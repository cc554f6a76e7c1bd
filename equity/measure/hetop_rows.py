"""The ordered probit of one row of counts: its likelihood and derivatives.

A row is a group in a table. Its students' achievement is normal with ``mean`` and the
logarithm of the standard deviation, ``log_sd``; a student is at the level between whose
*cut points* the achievement lies. Rows are arrays of rows x levels, cut points of rows
x (levels - 1), in order; a table with fewer levels has cut points at infinity behind.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import log_ndtr

from equity.measure import hetop_masked

HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)
STEPS, HALVINGS, LONGEST, SMALL = 100, 30, 1.5, 1e-10


@dataclass(frozen=True)
class Counts:
    """Students by row and level, known or within bounds.

    Attributes
    ----------
    low, high
        Least and most students, rows x levels.
    total
        Students, missing if not known.

    Examples
    --------
    >>> Counts.exact([[5, 0, 5], [0, 0, 10]]).populated
    array([2, 1])
    """

    low: np.ndarray
    high: np.ndarray
    total: np.ndarray

    @classmethod
    def exact(cls, students: np.ndarray) -> Self:
        """Take counts that are known.

        Parameters
        ----------
        students
            Rows x levels.

        Returns
        -------
        Counts
            With bounds that are equal.
        """
        students = np.asarray(students, dtype=float)
        return cls(students, students, students.sum(axis=-1))

    def __getitem__(self, rows: np.ndarray) -> Self:
        return type(self)(self.low[rows], self.high[rows], self.total[rows])

    def where(self, seen: np.ndarray) -> Self:
        """Leave nobody in other rows.

        Parameters
        ----------
        seen
            A flag per row.

        Returns
        -------
        Counts
            Of the same shape.
        """
        low, high = (np.where(seen[..., None], e, 0.0) for e in (self.low, self.high))
        return type(self)(low, high, np.where(seen, self.total, 0.0))

    @property
    def masked(self) -> np.ndarray:
        """Rows with a level whose count is not known.

        Returns
        -------
        ndarray
            A flag per row.
        """
        return (self.high > self.low).any(axis=-1)

    @property
    def populated(self) -> np.ndarray:
        """Levels that surely have students.

        Returns
        -------
        ndarray
            Their number, for each row.
        """
        return (self.low > 0).sum(axis=-1)

    @property
    def middle(self) -> np.ndarray:
        """Counts between the bounds that add up to the total.

        Returns
        -------
        ndarray
            Rows x levels.
        """
        return hetop_masked.middles(self.low, self.high, self.total)

    def only(self, level: np.ndarray) -> np.ndarray:
        """Tell rows whose students may all be at one level.

        Parameters
        ----------
        level
            Its position, for each row.

        Returns
        -------
        ndarray
            One flag per row.
        """
        here = np.arange(self.low.shape[-1]) == np.asarray(level)[..., None]
        nobody_else = (np.where(here, 0, self.low) == 0).all(axis=-1)
        most = np.where(here, self.high, 0).sum(axis=-1)
        return nobody_else & (most > 0) & ~(self.total > most)


@dataclass(frozen=True)
class Derivatives:
    """The log-likelihood of rows, and its derivatives by mean, log SD and cut points.

    Attributes
    ----------
    value
        Log-likelihood, for each row. A row of known counts leaves out the multinomial
        coefficient.
    gradient
        Rows x (2 + cut points).
    information
        Less the second derivatives, rows x (2 + cut points) squared.
    students
        Counts by level, expected given the bounds where they are masked.
    """

    value: np.ndarray
    gradient: np.ndarray
    information: np.ndarray
    students: np.ndarray


def derivatives(
    counts: Counts,
    mean: np.ndarray,
    log_sd: np.ndarray,
    cuts: np.ndarray,
    *,
    scoring: bool = False,
) -> Derivatives:
    """Differentiate the log-likelihood of each row twice, analytically.

    Parameters
    ----------
    counts
        Rows.
    mean, log_sd
        For each row.
    cuts
        Rows x (levels - 1).
    scoring
        Take the information expected of known counts (Fisher's), which is never
        negative, instead of the observed.

    Returns
    -------
    Derivatives
        For each row.

    References
    ----------
    Reardon, Shear, Castellano and Ho (2017), Journal of Educational and Behavioral
    Statistics 42(1), 3-45 (the model).

    Examples
    --------
    Ten students below a cut point at the mean and ten above: 20 log(1/2).

    >>> found = derivatives(Counts.exact([[10, 10]]), np.zeros(1), np.zeros(1),
    ...                     np.zeros((1, 1)))
    >>> found.value.round(3), found.gradient
    (array([-13.863]), array([[0., 0., 0.]]))
    """
    with np.errstate(all="ignore"):  # a search that runs away is told by its result
        return _derivatives(counts, mean, log_sd, cuts, scoring)


def _derivatives(
    counts: Counts,
    mean: np.ndarray,
    log_sd: np.ndarray,
    cuts: np.ndarray,
    scoring: bool,
) -> Derivatives:
    inside, scale = np.isfinite(cuts), np.exp(-log_sd)[:, None]
    place = (cuts - mean[:, None]) * scale
    at = np.where(inside, place, 0.0)
    log_share = _log_share(place)
    log_density = np.where(inside, -0.5 * at**2 - HALF_LOG_TAU, -np.inf)
    below = np.exp(log_density - log_share[:, :-1])  # of the level below each cut point
    above = np.exp(log_density - log_share[:, 1:])

    value, students, covariance = _students(counts, log_share)
    push = students[:, :-1] * below - students[:, 1:] * above  # by place of cut point
    if scoring:
        everyone = students.sum(axis=1, keepdims=True)
        counted = everyone * np.exp(log_share)
        curve = -counted[:, :-1] * below**2 - counted[:, 1:] * above**2
    else:
        counted = students
        curve = -students[:, :-1] * (at * below + below**2)
        curve += students[:, 1:] * (at * above - above**2)
    bend = _tridiagonal(curve, counted[:, 1:-1] * above[:, :-1] * below[:, 1:])
    if not scoring and counts.masked.any():
        some = counts.masked
        slope = _slopes(below[some], above[some])
        bend[some] += slope.transpose(0, 2, 1) @ covariance @ slope

    moves = _moves(np.where(inside, scale, 0.0), at)
    gradient = np.einsum("rc,rcp->rp", push, moves)
    information = -moves.transpose(0, 2, 1) @ bend @ moves
    if not scoring:
        _bend_of_moves(information, push, scale, at)
    return Derivatives(value, gradient, information, students)


def fit(
    counts: Counts,
    cuts: np.ndarray,
    mean: np.ndarray,
    log_sd: np.ndarray,
    free: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Find each row's mean, and its SD where it is free, the cut points being given.

    Parameters
    ----------
    counts
        Rows; none may be all at the lowest or all at the highest level.
    cuts
        Rows x (levels - 1).
    mean, log_sd
        To start from; the second is kept where it is not free.
    free
        Rows with three populated levels or more.

    Returns
    -------
    tuple of ndarray
        Means and logarithms of standard deviations.

    Examples
    --------
    >>> counts = Counts.exact([[100, 200, 100]])
    >>> mean, log_sd = fit(counts, np.array([[-1.0, 1.0]]), np.array([0.5]),
    ...                    np.array([0.5]), np.array([True]))
    >>> np.exp(log_sd).round(3)  # 1 / 0.6745
    array([1.483])
    """
    mean, log_sd = mean.copy(), log_sd.copy()
    todo = np.arange(len(mean))
    for _ in range(STEPS):
        if not len(todo):
            break
        rows, at = counts[todo], cuts[todo]
        now = derivatives(rows, mean[todo], log_sd[todo], at)
        curved = now.information[:, :2, :2].copy()
        bad = ~(_definite(curved, free[todo]))
        if bad.any():
            expected = derivatives(
                rows[bad], mean[todo][bad], log_sd[todo][bad], at[bad], scoring=True
            )
            curved[bad] = expected.information[:, :2, :2]
        step = _step(curved, now.gradient[:, :2], free[todo])
        length = np.abs(step).max(axis=1)
        step /= np.maximum(length / LONGEST, 1)[:, None]
        mean[todo], log_sd[todo] = _uphill(
            rows, at, mean[todo], log_sd[todo], step, now.value
        )
        todo = todo[length > SMALL]
    return mean, log_sd


def _log_share(place: np.ndarray) -> np.ndarray:
    """Logarithm of the normal probability of each level, sharp in both tails."""
    ends = np.full((len(place), 1), np.inf)
    lower, upper = np.hstack([-ends, place]), np.hstack([place, ends])
    right = lower > 0
    lower, upper = np.where(right, -upper, lower), np.where(right, -lower, upper)
    small, large = log_ndtr(lower), log_ndtr(upper)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = large + np.log1p(-np.exp(small - large))
    return np.where(np.isnan(share), 0.0, share)  # behind the last level: nobody there


def _students(
    counts: Counts, log_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    students, masked = counts.low, counts.masked
    with np.errstate(invalid="ignore"):
        value = np.where(students > 0, students * log_share, 0.0).sum(axis=1)
    covariance = np.zeros((0, *log_share.shape[1:] * 2))
    if masked.any():
        some, students = counts[masked], students.copy()
        value[masked], students[masked], covariance = hetop_masked.expected(
            some.low, some.high, some.total, log_share[masked]
        )
    return value, students, covariance


def _tridiagonal(middle: np.ndarray, beside: np.ndarray) -> np.ndarray:
    rows, size = middle.shape
    matrix = np.zeros((rows, size, size))
    at = np.arange(size)
    matrix[:, at, at] = middle
    matrix[:, at[:-1], at[1:]] = matrix[:, at[1:], at[:-1]] = beside
    return matrix


def _slopes(below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Derivatives of each level's log share by the place of each cut point."""
    rows, size = below.shape
    slope = np.zeros((rows, size + 1, size))
    at = np.arange(size)
    slope[:, at, at], slope[:, at + 1, at] = below, -above
    return slope


def _moves(scale: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Derivatives of each place, (cut - mean) / SD, by mean, log SD and cut points."""
    rows, size = at.shape
    moves = np.zeros((rows, size, 2 + size))
    moves[..., 0], moves[..., 1] = -scale, -at
    each = np.arange(size)
    moves[:, each, 2 + each] = scale
    return moves


def _bend_of_moves(
    information: np.ndarray, push: np.ndarray, scale: np.ndarray, at: np.ndarray
) -> None:
    """Take off the second derivatives of the places themselves, in place."""
    pushed = push * scale
    information[:, 0, 1] -= pushed.sum(axis=1)
    information[:, 1, 0] = information[:, 0, 1]
    information[:, 1, 1] -= (push * at).sum(axis=1)
    information[:, 1, 2:] += pushed
    information[:, 2:, 1] += pushed


def _definite(curved: np.ndarray, free: np.ndarray) -> np.ndarray:
    product = curved[:, 0, 0] * curved[:, 1, 1] - curved[:, 0, 1] ** 2
    return (curved[:, 0, 0] > 0) & (~free | (product > 0))


def _step(curved: np.ndarray, gradient: np.ndarray, free: np.ndarray) -> np.ndarray:
    curved, gradient = curved.copy(), gradient.copy()
    curved[~free, 0, 1] = curved[~free, 1, 0] = gradient[~free, 1] = 0
    curved[~free, 1, 1] = 1
    product = curved[:, 0, 0] * curved[:, 1, 1] - curved[:, 0, 1] ** 2
    first = curved[:, 1, 1] * gradient[:, 0] - curved[:, 0, 1] * gradient[:, 1]
    second = curved[:, 0, 0] * gradient[:, 1] - curved[:, 0, 1] * gradient[:, 0]
    return np.column_stack([first, second]) / product[:, None]


def _uphill(
    counts: Counts,
    cuts: np.ndarray,
    mean: np.ndarray,
    log_sd: np.ndarray,
    step: np.ndarray,
    value: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Halve each row's step until its likelihood is no lower."""
    mean, log_sd = mean.copy(), log_sd.copy()
    short, slack = np.arange(len(mean)), 1e-12 * (1 + np.abs(value))
    share = 1.0
    for _ in range(HALVINGS):
        new_mean = mean[short] + share * step[short, 0]
        new_log_sd = log_sd[short] + share * step[short, 1]
        new = log_likelihood(counts[short], new_mean, new_log_sd, cuts[short])
        good = new >= value[short] - slack[short]
        mean[short[good]], log_sd[short[good]] = new_mean[good], new_log_sd[good]
        short, share = short[~good], share / 2
        if not len(short):
            break
    return mean, log_sd


def log_likelihood(
    counts: Counts, mean: np.ndarray, log_sd: np.ndarray, cuts: np.ndarray
) -> np.ndarray:
    """Compute the log-likelihood of each row alone, as `derivatives` does.

    Parameters
    ----------
    counts
        Rows.
    mean, log_sd
        For each row.
    cuts
        Rows x (levels - 1).

    Returns
    -------
    ndarray
        One value per row.

    Examples
    --------
    >>> zero = np.zeros(1)
    >>> log_likelihood(Counts.exact([[10, 10]]), zero, zero, zero[None])
    array([-13.86294361])
    """
    with np.errstate(all="ignore"):
        place = (cuts - mean[:, None]) * np.exp(-log_sd)[:, None]
        return _students(counts, _log_share(place))[0]
