"""At this pace: the year in which the workforce looks like its benchmark.

If people go on being hired and leaving at the rates of the last years, does a group
come to its share of the residents, and in which year? The expected path says so at
the rates observed. It is redrawn many times: each redraw has its own rates of leaving
and its own share of hires, as uncertain as few years of counts leave them, and its own
benchmark within the margin of the census. Simulated paths add the chance of the years
to come: in each, who leaves and who is hired.

A *pace* table has one row per ``group``: ``population`` (in post now), ``entered`` and
``left`` (people, over the last ``years``) and ``exposure`` (person-years in post);
`snapshots.change` makes it. Leave out people without a race on record: the shares are
of all rows together. A *benchmark* has ``group``, ``share`` (a proportion) and
``moe`` (90 percent; missing for a full count). For a level, such as managers, those
promoted into it have entered, and those promoted out of it have left.

This is arithmetic on today's rates, not a forecast: it says what they would lead to.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import acs
from equity.measure.table import (
    LOWER,
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    numbers,
    require_columns,
)

COLUMNS = ["group", "population", "entered", "left", "exposure", "years"]
HELD, DRIFTS = "held", "drifts"
POSTS = {HELD: "posts held", DRIFTS: "hires as in the last years"}
THERE, WITHIN, NOT_WITHIN = "at parity now", "within", "not within"
NOT_KNOWN = "not known"
DENOMINATORS = 10**7  # of shares, read back as the fractions of counts that they were
SAME = 1e-9  # of a person
METHOD = "limits redraw the rates (Jeffreys) and the benchmark (its margin)"

NOTHING = ["group", "population", "entered", "left", "benchmark", *MEASURE_COLUMNS]


def residents(population: pd.DataFrame) -> pd.DataFrame:
    """Take each group's share of the residents as the benchmark.

    Parameters
    ----------
    population
        Tidy `population`.

    Returns
    -------
    DataFrame
        `group`, `share` and `moe` (90 %; missing for a full count). No rows without
        residents.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> people = pd.DataFrame({"area": "1", "race": ["Asian", "White"],
    ...                        "estimate": [100, 300], "moe": None})
    >>> residents(people)[["group", "share"]]
       group  share
    0  Asian   0.25
    1  White   0.75
    """
    if population.empty:
        return pd.DataFrame(columns=["group", "share", "moe"])
    found = acs.shares(population, confidence=0.90)
    return pd.DataFrame(
        {
            "group": found["group"].astype(str),
            "share": found["estimate"],
            "moe": found["conf_high"] - found["estimate"],
        }
    )


def years_to_parity(
    flows: pd.DataFrame,
    benchmark: pd.DataFrame,
    *,
    horizon: int = 30,
    posts: str = HELD,
    confidence: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Find in how many years each group has its benchmark's share at this pace.

    Parameters
    ----------
    flows
        A pace table (see the top of this page): all groups of the workforce.
    benchmark
        A benchmark. A group that is not in it is not compared.
    horizon
        Years that are looked ahead.
    posts
        "held": everyone who leaves is replaced, and nobody else is hired. "drifts":
        as many are hired each year as in the last years, so that the workforce grows
        or shrinks.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws, each with a path of its own.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        ``flows`` with ``benchmark`` (its share), the measure columns, ``tends_to`` (the
        share that the pace leads to in the end), ``reached`` (the share of simulated
        paths that are there at the end of some year within the horizon), ``median``
        (the year in which half of the paths have been), ``state`` and ``direction``.
        ``estimate`` is the first year in which the expected path has the share: zero
        for a group at parity now, missing if it is not within the horizon, as is an
        upper limit. ``state`` says which: "at parity now", "within 30 years", "not
        within 30 years", or "not known" (no benchmark, nobody in post, or no hires at
        all).

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a count is missing or negative, more left than person-years, nobody is in
        post, or a group is twice in a table.
    ParamsError
        If ``posts`` is another, or the horizon or the replicates are not positive.

    Notes
    -----
    The limits are of the pace: they carry the chance in few years of hires and
    separations (Jeffreys' posteriors: beta for leaving and for the share of hires,
    gamma for the number hired) and the benchmark's margin. They carry no change of
    policy, retirement wave or change of the residents. A group is set against everyone
    else together.

    ``reached`` and ``median`` carry the chance of the years to come as well: who leaves
    and who is hired. A path that touches the share by chance, and falls back, has been
    there; with few people that is common, and may come to pass where the pace leads
    elsewhere. That is why the estimate is not made from them.

    References
    ----------
    Bartholomew, Forbes and McClean (1991), Statistical Techniques for Manpower
    Planning, 2nd ed., ch. 4; Brown, Cai and DasGupta (2001), Statistical Science 16,
    101-133 (Jeffreys).

    Examples
    --------
    >>> flows = pd.DataFrame({"group": ["Black", "White"], "population": [200, 800],
    ...     "entered": [120, 180], "left": [60, 240], "exposure": [600.0, 2400.0],
    ...     "years": 3.0})
    >>> city = pd.DataFrame({"group": ["Black", "White"], "share": [0.3, 0.7],
    ...                      "moe": None})
    >>> table = years_to_parity(flows, city, replicates=500)
    >>> table[["group", "estimate", "tends_to", "state"]]
       group  estimate  tends_to            state
    0  Black       7.0       0.4  within 30 years
    1  White       0.0       0.6    at parity now
    """
    check_confidence(confidence)
    if flows.empty or benchmark.empty:
        return pd.DataFrame(columns=NOTHING)
    pace = _Pace.of(flows, benchmark, horizon, posts, replicates)
    random = np.random.default_rng(seed)
    drawn = pace.drawn(random, replicates)
    known = pace.known()
    estimate = _arrival(pace.expected(horizon, pace.observed()), pace.benchmark)
    arrivals = _arrival(pace.expected(horizon, drawn), drawn.benchmark)
    low, high = _middle(arrivals, confidence)
    seen = _arrival(pace.paths(drawn, random, horizon), drawn.benchmark)
    median = np.quantile(seen, 0.5, axis=0, method="inverted_cdf")
    years = [
        np.where(known & np.isfinite(value), value, np.nan)
        for value in (estimate, low, high, median)
    ]
    span = f"{horizon} years"
    return measure_table(
        flows.assign(benchmark=pace.benchmark),
        measure="years to parity at this pace",
        reference="benchmark",
        estimate=years[0],
        conf_low=years[1],
        conf_high=years[2],
        confidence=confidence,
        method=f"expected path, {POSTS[posts]}; {METHOD}",
        tends_to=pace.tends_to(),
        reached=np.where(known, np.isfinite(seen).mean(axis=0), np.nan),
        median=years[3],
        state=np.select(
            [~known, estimate == 0, np.isfinite(estimate)],
            [NOT_KNOWN, THERE, f"{WITHIN} {span}"],
            f"{NOT_WITHIN} {span}",
        ),
        direction=LOWER,
    )


def projected(
    flows: pd.DataFrame,
    benchmark: pd.DataFrame,
    *,
    horizon: int = 10,
    posts: str = HELD,
    confidence: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Project each group's share of the workforce, year by year.

    Parameters
    ----------
    flows, benchmark
        As in `years_to_parity`.
    horizon
        Years that are looked ahead.
    posts
        As in `years_to_parity`.
    confidence
        Two-sided level, as a proportion.
    replicates
        Paths.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        One row per ``group`` and ``year`` (0 is now), with ``population`` (in post
        now), ``benchmark`` and the measure columns: the estimate is the share on the
        expected path at the rates observed, a proportion, its limits those of the
        simulated paths, which carry the chance of the years to come. Now is counted in
        full, and has no width.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `years_to_parity`.

    Examples
    --------
    >>> flows = pd.DataFrame({"group": ["Black", "White"], "population": [200, 800],
    ...     "entered": [120, 180], "left": [60, 240], "exposure": [600.0, 2400.0],
    ...     "years": 3.0})
    >>> city = pd.DataFrame({"group": ["Black", "White"], "share": [0.3, 0.7],
    ...                      "moe": None})
    >>> table = projected(flows, city, horizon=2, replicates=500)
    >>> table.loc[table["group"] == "Black", ["year", "estimate"]]
       year  estimate
    0     0     0.200
    1     1     0.220
    2     2     0.238
    """
    check_confidence(confidence)
    pace = _Pace.of(flows, benchmark, horizon, posts, replicates)
    random = np.random.default_rng(seed)
    drawn = pace.drawn(random, replicates)
    shares = pace.paths(drawn, random, horizon)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(shares, tails, axis=1)
    years, groups = horizon + 1, len(flows)
    frame = flows[["group", "population"]].loc[flows.index.repeat(years)]
    frame = frame.assign(
        year=np.tile(np.arange(years), groups),
        benchmark=np.repeat(pace.benchmark, years),
    )
    return measure_table(
        frame.reset_index(drop=True),
        measure="share of workforce at this pace",
        reference=None,
        estimate=pace.expected(horizon, pace.observed()).T.ravel(),
        conf_low=low.T.ravel(),
        conf_high=high.T.ravel(),
        confidence=confidence,
        method="expected path; limits of simulated paths",
    )


def hires_needed(
    flows: pd.DataFrame,
    benchmark: pd.DataFrame,
    *,
    within: int = 5,
    confidence: float = 0.95,
    replicates: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Count the hires of each group a year that would bring parity in five years.

    Parameters
    ----------
    flows, benchmark
        As in `years_to_parity`.
    within
        Years.
    confidence
        Two-sided level, as a proportion.
    replicates
        Redraws.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        ``flows`` with ``benchmark``, the measure columns, ``hires_now`` (the group's, a
        year), ``openings`` (posts a year to be filled, if those who leave are
        replaced), ``share_of_openings`` (hires needed over openings, a proportion) and
        ``possible`` (whether there are as many). ``estimate`` is in people a year: the
        least whole number that does it on the expected path; zero where the group stays
        at parity without hires.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `years_to_parity`.

    Notes
    -----
    The size of the workforce is held. Of N posts and a benchmark b, the group wants
    b N; of its G people now, G (1 - l)^T are left after T years at the yearly rate of
    leaving l, and of x hired each year x (1 - (1 - l)^T) / l. The estimate is exact,
    in rational arithmetic. The limits hold the middle of redraws of the rate of
    leaving, of who leaves and of the benchmark. Hires of one group are arithmetic, not
    a quota: whom to hire is decided among those who apply.

    Examples
    --------
    >>> flows = pd.DataFrame({"group": ["Black", "White"], "population": [200, 800],
    ...     "entered": [120, 180], "left": [60, 240], "exposure": [600.0, 2400.0],
    ...     "years": 3.0})
    >>> city = pd.DataFrame({"group": ["Black", "White"], "share": [0.3, 0.7],
    ...                      "moe": None})
    >>> table = hires_needed(flows, city, replicates=500)
    >>> table[["group", "estimate", "hires_now", "openings", "possible"]]
       group  estimate  hires_now  openings  possible
    0  Black      45.0       40.0     100.0      True
    1  White      56.0       60.0     100.0      True
    """
    check_confidence(confidence)
    if flows.empty or benchmark.empty:
        return pd.DataFrame(columns=NOTHING)
    pace = _Pace.of(flows, benchmark, within, HELD, replicates)
    random = np.random.default_rng(seed)
    drawn = pace.drawn(random, replicates)
    known = np.isfinite(pace.benchmark) & (pace.exposure > 0)
    estimate = np.array(
        [
            _needed(*row, total=pace.total, years=within) if there else np.nan
            for there, row in zip(
                known,
                zip(pace.people, pace.left, pace.exposure, pace.benchmark, strict=True),
                strict=True,
            )
        ],
        dtype=float,
    )
    stay = 1 - drawn.leave
    stayed = random.binomial(pace.people.astype(int), stay**within)
    kept = sum(stay**year for year in range(within))
    wanted = drawn.benchmark * pace.total - stayed
    needed = np.ceil(np.maximum(wanted, 0) / np.maximum(kept, SAME) - SAME)
    low, high = _middle(np.maximum(needed, 0), confidence)
    openings = (pace.people * divide(pace.left, pace.exposure)).sum()
    return measure_table(
        flows.assign(benchmark=pace.benchmark),
        measure=f"hires a year to parity in {within} years",
        reference="benchmark",
        estimate=estimate,
        conf_low=np.where(known, low, np.nan),
        conf_high=np.where(known, high, np.nan),
        confidence=confidence,
        method="expected path, exact; limits redrawn",
        hires_now=divide(pace.entered, pace.years),
        openings=openings,
        share_of_openings=divide(estimate, openings),
        possible=pd.array(
            [bool(n <= openings) if n == n else None for n in estimate],
            dtype="boolean",
        ),
    )


@dataclass(frozen=True)
class _Rates:
    """Rates by group, or by redraw and group."""

    leave: np.ndarray  # a year, of the group
    leave_others: np.ndarray
    hires: np.ndarray  # the group's share of hires
    hired: np.ndarray  # a year, of all groups; one column
    benchmark: np.ndarray


@dataclass(frozen=True)
class _Pace:
    """A pace table and its benchmark as arrays, one entry per group."""

    people: np.ndarray
    entered: np.ndarray
    left: np.ndarray
    exposure: np.ndarray
    years: float
    benchmark: np.ndarray
    error: np.ndarray
    posts: str

    @classmethod
    def of(
        cls,
        flows: pd.DataFrame,
        benchmark: pd.DataFrame,
        horizon: int,
        posts: str,
        replicates: int,
    ) -> "_Pace":
        require_columns(flows, COLUMNS)
        require_columns(benchmark, ["group", "share", "moe"])
        if posts not in POSTS:
            raise ParamsError(f"posts: {posts!r} is not known; one of held, drifts")
        if horizon < 1 or replicates < 1:
            raise ParamsError(
                f"{horizon} years and {replicates} replicates; expected one or more"
            )
        values = {name: numbers(flows, name) for name in COLUMNS[1:]}
        for name, value in values.items():
            bad = ~np.isfinite(value) | (value < 0)
            if bad.any():
                raise InputError(
                    f"column {name} is negative or missing in {bad.sum()} of "
                    f"{len(flows)} rows; every group of the workforce is needed"
                )
        parts = int((values["population"] % 1 > 0).sum())
        if parts:
            raise InputError(f"column population is not whole in {parts} rows")
        over = values["left"] > values["exposure"]
        if over.any():
            raise InputError(
                f"column left exceeds exposure (person-years) in {over.sum()} of "
                f"{len(flows)} rows"
            )
        if not values["population"].sum() > 0 or len(np.unique(values["years"])) != 1:
            raise InputError("nobody is in post, or the rows are of different years")
        for frame in (flows, benchmark):
            if frame["group"].astype("str").duplicated().any():
                raise InputError("a group has several rows; expected one per group")
        each = benchmark.assign(group=benchmark["group"].astype("str"))
        each = each.set_index("group").reindex(flows["group"].astype("str"))
        error = acs.standard_error(numbers(each.fillna({"moe": 0}), "moe"))
        return cls(
            *(values[name] for name in COLUMNS[1:-1]),
            float(values["years"][0]),
            numbers(each, "share"),
            error,
            posts,
        )

    @property
    def total(self) -> float:
        return float(self.people.sum())

    def share(self) -> np.ndarray:
        return self.people / self.total

    def known(self) -> np.ndarray:
        """Whether there is a benchmark, anybody who could leave, and any hire."""
        some = (self.exposure > 0) & (self.entered.sum() > 0)
        return np.isfinite(self.benchmark) & some

    def observed(self) -> "_Rates":
        """The rates as they were, one entry per group."""
        left = self.left.sum() - self.left
        return _Rates(
            divide(self.left, self.exposure),
            divide(left, self.exposure.sum() - self.exposure),
            divide(self.entered, self.entered.sum()),
            divide(self.entered.sum(), self.years),
            self.benchmark,
        )

    def drawn(self, random: np.random.Generator, paths: int) -> _Rates:
        """Draw each path's rates from Jeffreys' posteriors, and its benchmark."""
        shape = (paths, len(self.people))
        rest = self.exposure.sum() - self.exposure, self.left.sum() - self.left
        entered = self.entered.sum()
        return _Rates(
            random.beta(self.left + 0.5, self.exposure - self.left + 0.5, shape),
            random.beta(rest[1] + 0.5, rest[0] - rest[1] + 0.5, shape),
            random.beta(self.entered + 0.5, entered - self.entered + 0.5, shape),
            random.gamma(entered + 0.5, 1 / max(self.years, SAME), (paths, 1)),
            np.clip(random.normal(self.benchmark, self.error, shape), 0, 1),
        )

    def paths(
        self, drawn: _Rates, random: np.random.Generator, horizon: int
    ) -> np.ndarray:
        """Simulate shares of years x redraws x groups; year 0 is now."""
        group = np.broadcast_to(self.people.astype(int), drawn.leave.shape)
        others = int(self.total) - group
        shares = [group / self.total]
        for _ in range(horizon):
            gone = random.binomial(group, drawn.leave)
            gone_others = random.binomial(others, drawn.leave_others)
            hired = gone + gone_others
            if self.posts == DRIFTS:
                hired = np.broadcast_to(random.poisson(drawn.hired), group.shape)
            hires = random.binomial(hired, drawn.hires)
            group = group - gone + hires
            others = others - gone_others + hired - hires
            shares.append(divide(group, group + others))
        return np.stack(shares)

    def expected(self, horizon: int, rates: _Rates) -> np.ndarray:
        """Work out shares of years x (redraws x) groups without chance."""
        group, others = self.people, self.total - self.people
        shares = [divide(group, group + others) + 0 * rates.leave]
        for _ in range(horizon):
            gone, gone_others = rates.leave * group, rates.leave_others * others
            hired = gone + gone_others if self.posts == HELD else rates.hired
            group = group - gone + rates.hires * hired
            others = others - gone_others + (1 - rates.hires) * hired
            shares.append(divide(group, group + others))
        return np.stack(shares)

    def tends_to(self) -> np.ndarray:
        """The share at which as many of the group come as go."""
        rates = self.observed()
        come, go = rates.hires * rates.leave_others, (1 - rates.hires) * rates.leave
        return divide(come, come + go)


def _arrival(shares: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """The first year, along the first axis, with the benchmark's share; or infinity."""
    there = shares >= benchmark - SAME
    return np.where(there.any(axis=0), there.argmax(axis=0), np.inf)


def _middle(values: np.ndarray, confidence: float) -> np.ndarray:
    """The ends of the middle part of redraws, each a value that was drawn."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    return np.quantile(values, tails, axis=0, method="inverted_cdf")


def _needed(
    people: float,
    left: float,
    exposure: float,
    share: float,
    *,
    total: float,
    years: int,
) -> int:
    """Hires a year for the expected path to be there, in exact arithmetic."""
    stay = 1 - Fraction(left) / Fraction(exposure)
    wanted = Fraction(share).limit_denominator(DENOMINATORS) * Fraction(total)
    wanted -= Fraction(people) * stay**years
    return ceil(max(wanted, 0) / sum(stay**year for year in range(years)))
