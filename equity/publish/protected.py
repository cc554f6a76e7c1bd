"""Protected tables: all that tables, figures, maps and findings may show.

Only `equity.publish.protect.protect` makes one.
"""

import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import ColumnNotFoundError, DisclosureError, UnknownGroupError
from equity.publish.kinds import RECIPE, labels, verdicts

TOKEN = object()


@dataclass(frozen=True, eq=False, repr=False)
class Protected:
    """A table that passed the gate. Only :func:`protect` makes one.

    Attributes
    ----------
    min_cell
        Counts above zero and below this are hidden.
    outcome
        Whether the counts were protected as an outcome of people.
    counted
        What one count counts, for footnotes: "people", "requests", "rows".
    zeros
        "shown", or "hidden" if zeros are hidden like small counts.
    notes
        Sentences on rounding, coding and zeros that a table must show as footnotes.
    counts
        What a reader is told about each count, for the audit alone; each entry as in
        `payload.Counts`. It is that of the whole table, whatever rows are picked.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> protect(pd.DataFrame({"group": ["A", "B"], "events": [40, 50]}))
    <Protected: 2 rows, 0 with hidden numbers>
    """

    _frame: pd.DataFrame
    min_cell: int
    outcome: bool
    counted: str
    zeros: str = "shown"
    _notes: tuple[str, ...] = ()
    _counts: tuple[dict[str, Any], ...] = ()
    _token: Any = field(default=None)

    def __post_init__(self) -> None:
        if self._token is not TOKEN:
            raise DisclosureError(
                "only equity.publish.protect.protect makes a protected table"
            )

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the table.

        Returns
        -------
        DataFrame
            With ``suppressed``, which is missing where nothing is hidden.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> protect(pd.DataFrame({"group": ["A"], "events": [40]})).frame
          group  events suppressed
        0     A      40        NaN
        """
        return self._frame.copy()

    @property
    def why(self) -> str:
        """The reason a hidden number is hidden, in words for a reader.

        Returns
        -------
        str
            The same for every hidden number of the table.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> protect(pd.DataFrame({"group": ["A"], "events": [40]})).why
        'fewer than 10 people, or needed to protect such a count'
        """
        small = f"fewer than {self.min_cell} {self.counted}"
        if self.outcome:
            small += " with or without the outcome"
        if self.zeros == "hidden":
            small += " (or none)"
        return f"{small}, or needed to protect such a count"

    @property
    def notes(self) -> list[str]:
        """What a table must say about rounding, coding and zeros.

        Returns
        -------
        list of str
            Sentences; empty where counts are shown as they are.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> table = pd.DataFrame({"group": ["A", "B"], "events": [42, 50]})
        >>> protect(table, rounding=5).notes[0]
        'Counts are rounded to the nearest 5.'
        """
        return list(self._notes)

    @property
    def counts(self) -> list[dict[str, Any]]:
        """A copy of what a reader is told about each count.

        Returns
        -------
        list of dict
            With ``topic``, ``dimensions``, ``known`` and ``cells``.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> table = pd.DataFrame({"group": ["A", "B"], "events": [42, 50]})
        >>> protect(table, topic="staff").counts[0]["cells"]
        [[['A'], 42, 42], [['B'], 50, 50]]
        """
        return copy.deepcopy(list(self._counts))

    def only(self, **values: Any) -> "Protected":
        """Keep the rows in which each named column has the given value or values.

        Rows are picked after the whole table was protected, which is always safe.

        Parameters
        ----------
        **values
            Column of labels, ``statistic`` or ``measure`` to one value, or to a list
            of values.

        Returns
        -------
        Protected
            The rows that match, in the order they had.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        DisclosureError
            If a column holds numbers, or says why they are hidden: the rows picked by
            it would tell about the hidden counts.
        UnknownGroupError
            If no row matches.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> table = pd.DataFrame({"group": ["A", "B"], "events": [40, 50]})
        >>> protect(table, min_cell=10).only(group="B").frame["events"].tolist()
        [50]
        """
        absent = [name for name in values if name not in self._frame]
        if absent:
            raise ColumnNotFoundError(absent, found=self._frame.columns)
        if self._frame.empty:
            return self
        fit = {*labels(self._frame), *RECIPE, "statistic"}
        fit -= {*verdicts(self._frame)}
        unfit = [name for name in values if name not in fit]
        if unfit:
            raise DisclosureError(
                f"rows cannot be picked by {unfit}, which may tell about hidden "
                f"counts; expected columns of labels: {sorted(fit & set(self._frame))}"
            )
        kept = pd.Series(True, index=self._frame.index)
        for name, wanted in values.items():
            options = (
                [wanted] if isinstance(wanted, str) or np.isscalar(wanted) else wanted
            )
            kept &= self._frame[name].isin(list(options))
        if not kept.any():
            raise UnknownGroupError(f"no row has {values}; nothing would be shown")
        rows = self._frame[kept].reset_index(drop=True)
        return replace(self, _frame=rows)

    def none(self) -> "Protected":
        """Keep no row.

        Returns
        -------
        Protected
            Without rows: what is made of it is a note that there is nothing.

        Examples
        --------
        >>> from equity.publish.protect import protect
        >>> protect(pd.DataFrame({"group": ["A"], "events": [40]})).none()
        <Protected: 0 rows, 0 with hidden numbers>
        """
        return replace(self, _frame=self._frame.iloc[:0])

    def __repr__(self) -> str:
        hidden = int(self._frame["suppressed"].notna().sum())
        return f"<Protected: {len(self._frame)} rows, {hidden} with hidden numbers>"


def require(protected: Any, maker: str) -> Protected:
    """Return the argument if it is protected, and refuse it otherwise.

    Parameters
    ----------
    protected
        What a table, figure, map or finding was asked to show.
    maker
        Who asks, for the error.

    Returns
    -------
    Protected
        The argument, unchanged.

    Raises
    ------
    DisclosureError
        If it did not pass the gate.

    Examples
    --------
    >>> require(pd.DataFrame(), "tables.show")
    Traceback (most recent call last):
        ...
    equity.errors.DisclosureError: tables.show shows protected tables only; \
found DataFrame. Pass the table through equity.publish.protect.protect first
    """
    if not isinstance(protected, Protected):
        raise DisclosureError(
            f"{maker} shows protected tables only; found {type(protected).__name__}. "
            "Pass the table through equity.publish.protect.protect first"
        )
    return protected
