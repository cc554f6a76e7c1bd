"""Adjusted gaps: the share on time among requests alike in kind, season and channel.

A linear probability model: whether a request is on time, regressed on groups and on
what the request was. Its coefficient is a gap in proportions, so that a gap with
controls can be put beside the one without. What controls "explain" is a word about the
model, not an excuse: a category that waits long is a decision, and a gap that runs
through it is still a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import t as student

from equity.errors import InputError, ParamsError
from equity.measure.on_time import measure_name, outcomes
from equity.measure.redraws import DIFFERENCE, Residents
from equity.measure.table import (
    HIGHER,
    MEASURE_COLUMNS,
    check_confidence,
    measure_table,
    require_columns,
)
from equity.measure.waits import composition

UNADJUSTED, ADJUSTED = "unadjusted", "adjusted"
CONTROLS = ("category", "season", "channel")
AREA_WEIGHTED = (
    "linear probability, area-weighted; errors clustered by area, and census margins"
)
RECORDED = "linear probability, recorded race; errors clustered by area"
NEEDED = ["area", "category", "period", "days", "closed", "censored"]
COLUMNS = [
    *("group", "events", "population", "model", "controls", "statistic"),
    *(*MEASURE_COLUMNS, "direction", "standard_error", "census_error"),
    *("areas", "unknown", "not_recorded"),
]
LEAST = 1e-10  # a part of the largest eigenvalue that rounding can leave of zero


def gap(
    request_counts: pd.DataFrame,
    population: pd.DataFrame,
    *,
    reference: str,
    target_days: int,
    controls: Sequence[str] = CONTROLS,
    recorded: bool = False,
    confidence: float = 0.95,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare groups' shares on time with and without controls, by regression.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, category, period, days, closed, censored`, and
        where there are any `channel` and `race`.
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty). Its races are the groups.
    reference
        The group that all others are compared with.
    target_days
        Requests closed within so many days are on time.
    controls
        What requests are compared within, of `category`, `season` (quarter of the
        year), `period` (quarter) and `channel`. Those that are absent, or have one
        value only, are left out; `controls` in the answer says which were not.
    recorded
        Compare by the `race` recorded on requests, not by that of the area's
        residents. Requests with none of the groups on record are left out.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws of the residents behind `census_error`.
    seed
        Of the redraws.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`, one row for each ``model`` (`unadjusted`, `adjusted`) and
        group. ``estimate`` is the difference from the reference (a proportion).
        ``events`` are the group's requests and ``unknown`` those among them of which
        it is not known whether they were on time; ``population`` are its residents.
        ``standard_error`` is clustered by area, of which there are ``areas``;
        ``census_error`` is what the census margins add. ``not_recorded`` are requests
        without a race on record (missing if races are not asked for). Limits are
        missing for the reference, with fewer than two areas, and where a group's
        residents cannot be told from none; estimates too where the controls leave
        nothing to compare. No rows without requests or residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is negative or missing, or a category is missing.
    ParamsError
        If the confidence is not between zero and one, the target negative, or a
        control none of the four.
    UnknownGroupError
        If the reference is not a group of `population`.

    Notes
    -----
    Each request is split into portions, one for each group, as the residents of its
    area are; portions are weights of a least-squares regression of "on time" on groups
    and controls. Without controls the coefficient is the area-weighted gap. It compares
    places, not persons: within an area all groups fare alike.

    The numbers are those that ``WLS(...).fit(cov_type="cluster")`` of statsmodels gives
    for the table of portions, its small-sample correction included, which is
    ``A / (A - 1) * (n - 1) / (n - p)`` for *A* areas, *n* portions and *p*
    coefficients. They are computed from sums by area, so that a million requests need
    no table of portions.

    Clustering treats the areas as drawn from many that could be, each with an offset of
    its own: limits are wider than those of `exposure.by_race`, which take the areas as
    they are. Without controls they are wider than need be, for then even the kinds of
    requests that an area always has count as chance. Limits are the estimate less and
    plus Student's *t* (of one fewer degrees of freedom than areas) times the root of
    ``standard_error`` squared plus ``census_error`` squared. The latter is the root
    mean square of how far the estimate moves when residents are redrawn within the
    margins. With fewer than about forty areas, or a group that lives in a few, limits
    are too narrow.

    A request still open before the target has an unknown outcome. Leaving it out alone
    would favour the fast: of requests of the last days only those already closed would
    count. The others of its category are therefore weighted by the inverse of their
    probability of not being censored, which gives each category its Kaplan-Meier share.
    That matters only where the data end within the target days of the last openings.
    A category in which nobody was followed for so long is unknown altogether. The
    weights are taken as known.

    References
    ----------
    Cameron and Miller (2015), A Practitioner's Guide to Cluster-Robust Inference,
    Journal of Human Resources 50(2), 317-372. Satten and Datta (2001), The
    Kaplan-Meier Estimator as an Inverse-Probability-of-Censoring Weighted Average,
    American Statistician 55(3), 207-210. Frisch and Waugh (1933), Econometrica 1(4),
    387-401.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "area": ["1", "1", "1", "1", "2", "2", "2", "2"], "period": "2025Q4",
    ...     "category": ["Graffiti", "Graffiti", "Trees", "Trees"] * 2,
    ...     "days": [2, 9] * 4, "closed": [36, 4, 18, 42, 162, 18, 8, 12],
    ...     "censored": 0})
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": ["Black", "White"],
    ...                        "estimate": 1000, "moe": np.nan})
    >>> table = gap(counts, people, reference="White", target_days=5)
    >>> table[table["group"] == "Black"][["model", "controls", "estimate"]].round(2)
            model  controls  estimate
    0  unadjusted               -0.31
    2    adjusted  category     -0.03
    """
    check_confidence(confidence)
    measure = measure_name(target_days)
    _check(request_counts, controls, recorded)
    require_columns(population, ["area", "race", "estimate", "moe"])
    if request_counts.empty or population.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = Residents.of(population)
    base = people.position(reference)
    told, lost = _told(request_counts, people, target_days, recorded)
    used = _used(told, controls)
    random = np.random.default_rng(seed)
    drawn = [] if recorded else _drawn(people, random, replicates)
    known = np.full(len(people.groups), True)
    if drawn:
        totals = [redrawn.sum(axis=0) for redrawn in drawn]
        known = np.quantile(totals, (1 - confidence) / 2, axis=0) > 0
    shares = [composition(redrawn, people) for redrawn in drawn]
    tables = []
    for model, names in {UNADJUSTED: [], ADJUSTED: used}.items():
        portions = _Portions.of(told, people, names, recorded)
        estimate, error = portions.fit(base)
        moved = portions.census_error(shares, base, estimate)
        width = student.ppf((1 + confidence) / 2, max(portions.areas - 1, 1))
        width = width * np.sqrt(error**2 + moved**2)
        sure = known & known[base] & (np.arange(len(known)) != base) & (width > 0)
        frame = pd.DataFrame(
            {
                "group": people.groups,
                **portions.counts,
                "population": people.estimate.sum(axis=0),
                "model": model,
                "controls": ", ".join(names),
                "statistic": DIFFERENCE,
            }
        )
        unknown = frame.pop("unknown")
        tables.append(
            measure_table(
                frame,
                measure=measure,
                reference=reference,
                estimate=estimate,
                conf_low=np.where(sure, estimate - width, np.nan),
                conf_high=np.where(sure, estimate + width, np.nan),
                confidence=confidence,
                method=RECORDED if recorded else AREA_WEIGHTED,
                direction=HIGHER,
                standard_error=error,
                census_error=np.nan if recorded else moved,
                areas=portions.areas,
                unknown=unknown,
                not_recorded=lost if recorded else np.nan,
            )
        )
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _check(
    request_counts: pd.DataFrame, controls: Sequence[str], recorded: bool
) -> None:
    require_columns(request_counts, [*NEEDED, *(["race"] if recorded else [])])
    may = (*CONTROLS, "period")
    if isinstance(controls, str) or (strange := [x for x in controls if x not in may]):
        found = controls if isinstance(controls, str) else strange
        raise ParamsError(f"controls: {found!r}; expected a list of some of {may}")
    if bad := int(request_counts["category"].isna().sum()):
        raise InputError(
            f"category is missing in {bad} of {len(request_counts)} rows; name those "
            "without one first"
        )


def _drawn(
    people: Residents, random: np.random.Generator, replicates: int
) -> list[np.ndarray]:
    """Redraw the residents; a full count has nothing to redraw."""
    if not people.error.any():
        return []
    return [people.redraw(random) for _ in range(replicates)]


def _told(
    request_counts: pd.DataFrame,
    people: Residents,
    target_days: int,
    recorded: bool,
) -> tuple[pd.DataFrame, float]:
    """Weigh known outcomes for the unknown ones; tell requests without a race."""
    keep = request_counts["area"].isin(people.inhabited())
    lost = 0.0
    if recorded:
        keep = request_counts["area"].isin(people.areas)
        raced = request_counts["race"].astype(object).isin(people.groups)
        without = request_counts.loc[keep & ~raced, ["closed", "censored"]]
        lost, keep = float(without.to_numpy().sum()), keep & raced
    told = outcomes(request_counts[keep], target_days=target_days)
    counted = told["on_time"] + told["late"] + told["unknown"] > 0
    told = told[counted].assign(season=lambda rows: rows["period"].astype(str).str[4:])
    factor = _inverse_probability(told, target_days)
    return told.assign(
        requests=told["on_time"] + told["late"] + told["unknown"],
        unknown=np.where(
            factor > 0, told["unknown"], told["closed"] + told["censored"]
        ),
        weight=factor * (told["on_time"] + told["late"]),
        on_time=factor * told["on_time"],
    ), lost


def _inverse_probability(told: pd.DataFrame, target_days: int) -> np.ndarray:
    """One over the probability of not being censored before, by category.

    Zero where nobody of the category was followed up to the target.
    """
    code, names = pd.factorize(told["category"].astype(str))
    day, days = pd.factorize(told["days"].clip(upper=target_days), sort=True)
    closed, censored = np.zeros((2, len(names), len(days)))
    np.add.at(closed, (code, day), told["closed"].to_numpy(dtype=float))
    np.add.at(censored, (code, day), told["censored"].to_numpy(dtype=float))
    waiting = np.cumsum((closed + censored)[:, ::-1], axis=1)[:, ::-1]
    censored = np.where(np.asarray(days) < target_days, censored, 0)
    left = waiting - closed
    hazard = np.divide(censored, left, out=np.zeros_like(left), where=censored > 0)
    seen = np.cumprod(1 - np.clip(hazard, 0, 1), axis=1)
    before = np.insert(seen, 0, 1, axis=1)[:, :-1]
    followed = seen[:, -1] > LEAST
    return np.where(
        followed[code], 1 / np.where(followed[:, None], before, 1)[code, day], 0
    )


def _used(told: pd.DataFrame, controls: Sequence[str]) -> list[str]:
    """Leave out controls that are absent, or have one value."""
    told = told[told["weight"] > 0]
    there = [name for name in dict.fromkeys(controls) if name in told]
    return [name for name in there if len(told[name].unique()) > 1]


@dataclass(frozen=True)
class _Portions:
    """Requests alike in area and controls, each in portions by group.

    A regression on groups and controls is one on groups alone once what the controls
    say of both sides is taken off (Frisch and Waugh): as many equations as groups.
    """

    places: sparse.csr_array  # areas x cells of requests: which lie where
    weight: np.ndarray  # cells x groups
    on_time: np.ndarray  # cells x groups
    dummies: sparse.csr_array  # cells x values of each control but its first
    counts: dict[str, np.ndarray]  # by group

    @classmethod
    def of(
        cls, told: pd.DataFrame, people: Residents, names: list[str], recorded: bool
    ) -> Self:
        keys = told[["area", *names]].astype(str)
        cell = keys.groupby(list(keys), sort=True).ngroup().to_numpy()
        cells = int(cell.max(initial=-1)) + 1
        values = ["weight", "on_time", "requests", "unknown"]
        group = np.zeros(len(told), dtype=int)
        if recorded:
            group = pd.Index(people.groups).get_indexer(told["race"].astype(str))
        sums = np.zeros((cells, len(people.groups) if recorded else 1, len(values)))
        np.add.at(sums, (cell, group), told[values].to_numpy(dtype=float))
        firsts = np.unique(cell, return_index=True)[1]
        area = people.areas.get_indexer(told["area"].iloc[firsts])
        if not recorded:
            sums = sums * composition(people.estimate, people)[area][:, :, None]
        weight, on_time, requests, unknown = np.moveaxis(sums, 2, 0)
        here = weight.sum(axis=1) > 0
        dummies = [sparse.csr_array((int(here.sum()), 0))]
        for name in names:
            code = pd.factorize(keys[name].iloc[firsts][here], sort=True)[0]
            dummies.append(_indicator(code)[:, 1:])
        return cls(
            _indicator(area[here], len(people.areas)).T.tocsr(),
            weight[here],
            on_time[here],
            sparse.hstack(dummies, format="csr"),
            {"events": requests.sum(axis=0), "unknown": unknown.sum(axis=0)},
        )

    @property
    def areas(self) -> int:
        return int((np.diff(self.places.indptr) > 0).sum())

    def fit(self, base: int) -> tuple[np.ndarray, np.ndarray]:
        """Estimate every group's gap from the one at `base`, and its error."""
        within, share = self._within()
        sums = self.weight.sum(axis=0), self.on_time.sum(axis=0)
        cross = self.weight.T @ self.dummies
        inverse, squares, level = _solved(*sums, cross, within, share)
        contrast = np.eye(len(level)) - np.eye(len(level))[base]
        told = np.abs(contrast @ squares @ inverse - contrast).max(axis=1) < 1e-6
        expected = level + (self.dummies @ (share - within @ cross.T @ level))[:, None]
        left = self.on_time - self.weight * expected
        moved = self.places @ left
        moved -= (
            self.places
            @ self.dummies.multiply(left.sum(axis=1)[:, None])
            @ (within @ cross.T)
        )
        moved = moved @ inverse @ contrast.T  # by each area
        n, p = np.count_nonzero(self.weight), _rank(squares) + _rank(within)
        areas = self.areas
        small = areas / (areas - 1) * (n - 1) / (n - p) if areas > 1 and n > p else 0
        error = np.sqrt(small * (moved**2).sum(axis=0))
        estimate = level - level[base]
        return np.where(told, estimate, np.nan), np.where(
            told & (error > 0), error, np.nan
        )

    def census_error(
        self, shares: list[np.ndarray], base: int, estimate: np.ndarray
    ) -> np.ndarray:
        """How far redrawn shares of the residents move the gaps, root mean square."""
        if not shares:
            return np.zeros(len(estimate))
        within, share = self._within()
        weight, on_time = self.weight.sum(axis=1), self.on_time.sum(axis=1)
        by_area = self.places @ weight, self.places @ on_time
        crossed = (self.places @ self.dummies.multiply(weight[:, None])).toarray()
        squares = np.zeros(len(estimate))
        for drawn in shares:
            sums = [drawn.T @ each for each in by_area]
            level = _solved(*sums, drawn.T @ crossed, within, share)[2]
            squares += (level - level[base] - estimate) ** 2
        return np.sqrt(squares / len(shares))

    def _within(self) -> tuple[np.ndarray, np.ndarray]:
        """Controls' inverse squares, and what controls alone say of the outcome."""
        weight, on_time = self.weight.sum(axis=1), self.on_time.sum(axis=1)
        squares = (self.dummies.multiply(weight[:, None])).T @ self.dummies
        within = _inverse(squares.toarray())
        return within, within @ (self.dummies.T @ on_time)


def _solved(
    weight: np.ndarray,
    on_time: np.ndarray,
    cross: np.ndarray,
    within: np.ndarray,
    share: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve for the groups' levels, with controls taken off; their inverse squares."""
    squares = np.diag(weight) - cross @ within @ cross.T
    inverse = _inverse(squares)
    return inverse, squares, inverse @ (on_time - cross @ share)


def _inverse(squares: np.ndarray) -> np.ndarray:
    """Invert, leaving out what is a mixture of the rest."""
    return np.linalg.pinv(squares, rcond=LEAST, hermitian=True)


def _rank(squares: np.ndarray) -> int:
    size = np.abs(np.linalg.eigvalsh(squares))
    return int((size > LEAST * size.max(initial=0)).sum())


def _indicator(code: np.ndarray, values: int | None = None) -> sparse.csr_array:
    """Rows of zeros with a one at the row's value."""
    shape = (len(code), int(code.max(initial=-1)) + 1 if values is None else values)
    ones = np.ones(len(code))
    return sparse.csr_array((ones, (np.arange(len(code)), code)), shape=shape)
