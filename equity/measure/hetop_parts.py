"""Fits of tidy counts, table by table, with what stands beside their estimates."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import hetop_fit
from equity.measure.hetop_cases import Cases
from equity.measure.hetop_fit import Fit
from equity.measure.hetop_model import HIGHEST, LOWEST, NOBODY, OWN, UNKNOWN
from equity.measure.hetop_read import Reading
from equity.measure.hetop_scale import Scale
from equity.measure.table import check_confidence, divide

OWN_SPREAD, COMMON_SPREAD = "own", "common"
UNCORRECTED, CORRECTED = "uncorrected", "bias-corrected"
ESTIMATED, NO_STUDENTS, NOT_KNOWN = (
    "estimated",
    "no students",
    "not known: masked counts leave it open",
)
RULES = {
    OWN: ESTIMATED,
    LOWEST: "all at the lowest level: the lowest mean estimated",
    HIGHEST: "all at the highest level: the highest mean estimated",
    NOBODY: NO_STUDENTS,
    UNKNOWN: NOT_KNOWN,
}
TIED = "fewer than three levels: the geometric mean of the others"
COMMON = "common to all groups"
NO_MAXIMUM = "no maximum found"


@dataclass(frozen=True)
class Options:
    """How tables are fitted and shown.

    Attributes
    ----------
    spread, pooled, scale, confidence
        As in `hetop.groups`.

    Raises
    ------
    ParamsError
        If one is none of those named there.

    Examples
    --------
    >>> Options(spread="shared")
    Traceback (most recent call last):
    equity.errors.ParamsError: spread is 'shared'; expected one of ['own', 'common']
    """

    spread: str = OWN_SPREAD
    pooled: bool = False
    scale: str = UNCORRECTED
    confidence: float = 0.95

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        for name, known in {
            "spread": [OWN_SPREAD, COMMON_SPREAD],
            "scale": [UNCORRECTED, CORRECTED],
        }.items():
            if getattr(self, name) not in known:
                raise ParamsError(
                    f"{name} is {getattr(self, name)!r}; expected one of {known}"
                )


@dataclass(frozen=True)
class Part:
    """One table of a fit.

    Attributes
    ----------
    keys
        A row per group, with the columns of the table and ``unit``.
    levels, active
        All levels, and whether anybody is or may be at them.
    fit, table
        The fit, and the position of the table in it.
    scale, cases
        The table's standardised scale and its extreme cases.
    population
        Students of each group, missing if not known.
    students
        The same, expected where not known.
    visible
        Of these, students at levels that are not masked.
    options
        As given.
    method
        How the estimates were made.
    """

    keys: pd.DataFrame
    levels: list
    active: np.ndarray
    fit: Fit
    table: int
    scale: Scale
    cases: Cases
    population: np.ndarray
    students: np.ndarray
    visible: np.ndarray
    options: Options
    method: str

    @classmethod
    def of(cls, reading: Reading, fit: Fit, table: int, options: Options) -> Self:
        """Gather what there is of a table.

        Parameters
        ----------
        reading
            What was fitted.
        fit
            The fit.
        table
            The position of the table.
        options
            As given.

        Returns
        -------
        Part
            Of the table.
        """
        counts = reading.counts[table]
        expected = fit.students[table].sum(axis=1)
        keys = reading.groups.copy()
        for place, (name, value) in enumerate(reading.tables.iloc[table].items()):
            keys.insert(place, name, value)
        return cls(
            keys=keys,
            levels=reading.levels,
            active=reading.active[table],
            fit=fit,
            table=table,
            scale=Scale.of(fit, table, corrected=options.scale == CORRECTED),
            cases=Cases.of(fit, reading.counts, table),
            population=counts.total,
            students=np.where(np.isnan(counts.total), expected, counts.total),
            visible=np.where(counts.low == counts.high, counts.low, 0).sum(axis=1),
            options=options,
            method=_method(options, bool(reading.counts.masked.any()), fit),
        )

    def rules(self) -> np.ndarray:
        """Say where each group's mean comes from.

        Returns
        -------
        ndarray
            Values of `RULES`.
        """
        return np.array([RULES[source] for source in self.fit.source[self.table]])

    def masked_share(self, *rows: np.ndarray) -> np.ndarray:
        """Tell the share of students at levels that are masked.

        Parameters
        ----------
        *rows
            Positions of groups to be taken together, element by element.

        Returns
        -------
        ndarray
            Missing where there are no students.
        """
        visible, students = (
            sum(of[row] for row in rows) for of in (self.visible, self.students)
        )
        return 1 - divide(visible, students)


def parts(counts: pd.DataFrame, options: Options) -> list[Part]:
    """Fit all tables, each for itself or pooled.

    Parameters
    ----------
    counts
        As described in `hetop.groups`.
    options
        How.

    Returns
    -------
    list of Part
        One per table.

    Raises
    ------
    ColumnNotFoundError, InputError
        As in `hetop.groups`.

    Examples
    --------
    >>> counts = pd.DataFrame({"group": list("AAABBB"), "level": [1, 2, 3] * 2,
    ...                        "students": [5, 6, 7, 7, 6, 5]})
    >>> [part.fit.converged for part in parts(counts, Options())]
    [True]
    """
    reading = Reading.of(counts)
    found = []
    for some in [reading] if options.pooled else reading.by_table():
        levels = some.active.sum(axis=1)
        if options.spread == OWN_SPREAD and levels.max(initial=0) == 2:
            raise InputError(
                "a table has students at two levels only, which tell no spread; use "
                f"spread={COMMON_SPREAD!r}"
            )
        common = options.spread == COMMON_SPREAD
        fit = _known(hetop_fit.fit(some.counts, common=common))
        found += [
            Part.of(some, fit, table, options) for table in range(len(some.tables))
        ]
    return found


def _known(fit: Fit) -> Fit:
    """Where the search did not end at a maximum, nothing is known."""
    if fit.converged:
        return fit
    nothing = np.full_like(fit.mean, np.nan), np.full_like(fit.cuts, np.nan)
    return replace(fit, mean=nothing[0], log_sd=nothing[0], cuts=nothing[1])


def _method(options: Options, masked: bool, fit: Fit) -> str:
    return "; ".join(
        [
            "HETOP maximum likelihood, delta method",
            *(["one spread for all"] if options.spread == COMMON_SPREAD else []),
            *(["tables pooled"] if options.pooled else []),
            *(["masked counts as bounds"] if masked else []),
            *([] if fit.converged else [NO_MAXIMUM]),
        ]
    )
