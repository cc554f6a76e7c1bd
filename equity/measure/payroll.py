"""Who is paid, and what pay can be compared within.

**Terms**

log pay
    The natural logarithm of a year's pay. Differences in it are relative: 0.05 is
    about five per cent.
control
    What people are compared within: their job, department, tenure or hours.
tenure
    Years since the day of hire, with its square: pay rises with the years, less and
    less (Mincer's curve).

People without pay, with pay of zero, without a day of hire and without a race on record
are four different things; each is counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError, UnknownGroupError
from equity.measure.table import numbers, require_columns

CONTROLS = {  # control: the columns of tidy `workers` that it reads
    "job": ["job"],
    "job_category": ["job_category"],
    "department": ["department"],
    "sex": ["sex"],
    "hours": ["full_time", "employment"],
    "tenure": ["hired", "as_of"],
}
TENURE = "tenure"
COUNTS = ["without_pay", "zero_pay", "incomplete"]


@dataclass(frozen=True)
class Payroll:
    """The people of some groups, and how many of them a model of pay can use.

    Attributes
    ----------
    people
        One row a person of the groups: `race`, `pay`, and further columns as given.
    groups
        The groups, in their order.
    not_recorded
        People of none of the groups, such as those without a race on record.

    Examples
    --------
    >>> staff = pd.DataFrame({"race": ["White", "Asian", "Unknown"], "pay": 50_000.0})
    >>> found = Payroll.of(staff, ["Asian", "White"])
    >>> len(found.people), found.not_recorded
    (2, 1)
    """

    people: pd.DataFrame
    groups: list[str]
    not_recorded: int

    @classmethod
    def of(cls, workers: pd.DataFrame, groups: Sequence[str] | None = None) -> Self:
        """Read tidy `workers` of one date.

        Parameters
        ----------
        workers
            Tidy `workers`: `race, pay` (by the year). A column `people`, if there is
            one, says how many people a row stands for.
        groups
            The values of `race` to compare; None takes all there are. Anyone else is
            counted in `not_recorded`.

        Returns
        -------
        Payroll
            Rows that stand for several people are repeated.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If rows are of several dates, a count of people is not a whole number, or
            pay is negative, infinite or no number.
        UnknownGroupError
            If `groups` names one twice, or none at all.
        """
        require_columns(workers, ["race", "pay"])
        race = workers["race"]
        if groups is None:
            kinds = race if hasattr(race, "cat") else race.astype("category")
            groups = [str(group) for group in kinds.cat.categories]
        elif isinstance(groups, str) or len(set(groups)) != len(groups):
            raise UnknownGroupError(
                f"groups are {groups!r}; expected a list that names each once"
            )
        if "as_of" in workers.columns and (dates := workers["as_of"].nunique()) > 1:
            raise InputError(
                f"workers are of {dates} dates; choose those of one, or people count "
                "more than once"
            )
        rows = _repeated(workers.assign(race=race.astype(object)))
        pay = numbers(rows, "pay")
        if bad := int(((pay < 0) | np.isinf(pay)).sum()):
            raise InputError(
                f"column pay is negative or not finite in {bad} of {len(rows)} rows"
            )
        rows["pay"] = pay
        known = rows["race"].isin(groups)
        kept = rows[known].reset_index(drop=True)
        return cls(kept, list(groups), int((~known).sum()))

    @property
    def unpaid(self) -> bool:
        """Whether nobody's pay is on record.

        Returns
        -------
        bool
            A roster without pay has nothing to compare.
        """
        return not self.people["pay"].notna().any()

    def position(self, reference: str) -> int:
        """Find a group.

        Parameters
        ----------
        reference
            The group looked for.

        Returns
        -------
        int
            Its position, counted from zero.

        Raises
        ------
        UnknownGroupError
            If it is none of the groups.
        """
        if reference not in self.groups:
            raise UnknownGroupError(
                f"{reference!r} is none of the groups; expected one of {self.groups}"
            )
        return self.groups.index(reference)

    def count(self, chosen: pd.Series | np.ndarray | None = None) -> np.ndarray:
        """Count people by group.

        Parameters
        ----------
        chosen
            One truth value for each of `people`; None counts all.

        Returns
        -------
        ndarray
            Whole numbers, in the order of the groups.
        """
        race = self.people["race"]
        if chosen is not None:
            race = race[np.asarray(chosen, dtype=bool)]
        return race.value_counts().reindex(self.groups, fill_value=0).to_numpy()

    def modelled(self, used: Sequence[str]) -> tuple[pd.Series, dict[str, np.ndarray]]:
        """Tell who has what a model of log pay needs, and count who has not.

        Parameters
        ----------
        used
            The controls, as `usable` returns them.

        Returns
        -------
        Series
            One truth value for each of `people`.
        dict
            By group: `without_pay`, `zero_pay` (which has no logarithm) and
            `incomplete` (with pay, but without a day of hire where tenure is used).
        """
        pay = self.people["pay"]
        without, zero = pay.isna(), pay.eq(0)
        lacking = pd.Series(False, index=pay.index)
        if TENURE in used:
            lacking = tenure(self.people).isna()
        lacking &= ~without & ~zero
        counts = [self.count(each) for each in (without, zero, lacking)]
        kept = ~without & ~zero & ~lacking
        return kept, dict(zip(COUNTS, counts, strict=True))


def usable(people: pd.DataFrame, controls: Sequence[str]) -> list[str]:
    """Find the controls that differ between the people.

    Parameters
    ----------
    people
        One row a person.
    controls
        Of `CONTROLS`.

    Returns
    -------
    list of str
        Without those whose columns are absent, not on record for anybody, or the same
        for all.

    Raises
    ------
    ParamsError
        If a control is none of the known ones, or named twice.

    Examples
    --------
    >>> staff = pd.DataFrame({"job": ["Clerk", "Chief"], "department": "Fire"})
    >>> usable(staff, ["job", "department", "tenure"])
    ['job']
    """
    strange = [name for name in controls if name not in CONTROLS]
    if isinstance(controls, str) or strange or len(set(controls)) != len(controls):
        found = controls if isinstance(controls, str) else strange or list(controls)
        raise ParamsError(
            f"controls: {found!r}; expected a list of some of {list(CONTROLS)}, each "
            "once"
        )
    kept = []
    for control in controls:
        if control == TENURE:
            there = set(CONTROLS[control]) <= set(people.columns)
            if there and _differs(tenure(people)):
                kept.append(control)
        elif _differs(label(people, control)):
            kept.append(control)
    return kept


def tenure(people: pd.DataFrame) -> pd.Series:
    """Count the years since the day of hire.

    Parameters
    ----------
    people
        With `hired` and `as_of`.

    Returns
    -------
    Series
        Years of 365.25 days; missing without a day of hire.

    Examples
    --------
    >>> days = pd.DataFrame({"hired": ["2015-12-31"], "as_of": ["2025-12-31"]})
    >>> tenure(days.apply(pd.to_datetime)).round(2).to_list()
    [10.0]
    """
    since = pd.to_datetime(people["as_of"]) - pd.to_datetime(people["hired"])
    return since.dt.days / 365.25


def label(people: pd.DataFrame, control: str) -> pd.Series:
    """Name the category of a control that each person is in.

    Parameters
    ----------
    people
        One row a person.
    control
        Of `CONTROLS`, but for tenure.

    Returns
    -------
    Series
        Text; empty where it is not on record.

    Examples
    --------
    >>> staff = pd.DataFrame({"full_time": [True, False], "employment": ["", None]})
    >>> label(staff, "hours").to_list()
    ['True, ', 'False, ']
    """
    joined = None
    for name in CONTROLS[control]:
        if name in people.columns:
            text = people[name].astype(object)
            text = text.where(text.notna(), "").astype(str)
            joined = text if joined is None else joined + ", " + text
    return pd.Series("", index=people.index) if joined is None else joined


def _repeated(workers: pd.DataFrame) -> pd.DataFrame:
    """Write rows out once for each person they stand for."""
    if "people" not in workers.columns:
        return workers.reset_index(drop=True)
    people = numbers(workers, "people")
    if bad := int((~np.isfinite(people) | (people < 0) | (people % 1 > 0)).sum()):
        raise InputError(
            f"column people is not a whole number in {bad} of {len(workers)} rows"
        )
    return workers.loc[workers.index.repeat(people.astype(int))].reset_index(drop=True)


def _differs(values: pd.Series) -> bool:
    known = values.dropna()
    return bool((known != known.iloc[0]).any()) if len(known) else False
