"""Exact counts: whole people and their rates as fractions.

A rate of 3 in 5 is precisely four fifths of 15 in 20, but in floating point 0.6 / 0.75
is less than 0.8. So that no group is flagged and nobody counted by a rounding error,
`disparity` and `impact` count in rational arithmetic. Here a missing count is None,
and so is whatever is worked out from it.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import pandas as pd

from equity.measure.table import check_counts, require_columns


class Count(NamedTuple):
    """Whole events of a population that is not empty.

    Examples
    --------
    >>> Count(events=1, population=3).rate
    Fraction(1, 3)
    """

    events: int
    population: int

    @property
    def rate(self) -> Fraction:
        """The exact share who had the event."""
        return Fraction(self.events, self.population)


def count(events: float, population: float) -> Count | None:
    """Take two whole numbers as a count.

    Parameters
    ----------
    events, population
        Whole numbers; NaN where not known.

    Returns
    -------
    Count or None
        None if a number is missing or the population is empty.

    Examples
    --------
    >>> count(3.0, 20.0), count(0.0, 0.0)
    (Count(events=3, population=20), None)
    """
    return Count(int(events), int(population)) if population > 0 <= events else None


def counts(rates: pd.DataFrame) -> tuple[list[Count | None], Count | None]:
    """Take the counts of each group, and of everyone.

    Parameters
    ----------
    rates
        One row per ``group``, with ``events`` and ``population``, whole numbers.

    Returns
    -------
    tuple
        A count per row, and the count of all rows together; None where one is
        missing or there is nobody.

    Raises
    ------
    ColumnNotFoundError
        If a column above is absent.
    InputError
        If a count is negative or not whole, or events exceed population.

    Examples
    --------
    >>> groups, everyone = counts(pd.DataFrame(
    ...     {"group": ["Black", "White"], "events": [2, 5], "population": [8, 12]}))
    >>> everyone.rate
    Fraction(7, 20)
    """
    require_columns(rates, ["group", "events", "population"])
    events, population = check_counts(rates, whole=True)
    groups = [count(*pair) for pair in zip(events, population, strict=True)]
    return groups, count(events.sum(), population.sum())


def each(rows: Sequence[tuple], function: Callable) -> list:
    """Call a function with each row's values; None where one of them is None.

    Parameters
    ----------
    rows
        The arguments of one call per row.
    function
        What to work out.

    Returns
    -------
    list
        One result per row.

    Examples
    --------
    >>> each([(7, 2), (7, None)], divmod)
    [(3, 1), None]
    """
    return [None if None in row else function(*row) for row in rows]


def people(
    rows: Sequence[tuple], function: Callable[..., int]
) -> pd.api.extensions.ExtensionArray:
    """Work out a number of people per row, missing where a value is None.

    Parameters
    ----------
    rows
        The arguments of one call per row.
    function
        Its result is a whole number.

    Returns
    -------
    ExtensionArray
        Of type ``Int64``.

    Examples
    --------
    >>> people([(5, 3), (None, 3)], max).tolist()
    [5, <NA>]
    """
    return pd.array(each(rows, function), dtype="Int64")
