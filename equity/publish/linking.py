"""Links: how the counts of one table belong with those of others.

**Terms**

topic
    The people counted ("employees on 2025-12-31"); counts of one topic in different
    tables and releases are set beside each other by the audit. "" is linked to
    nothing.
dimension
    What tells the counts of a topic apart: group, department, period.
place
    Where a count lies: for each dimension the labels it covers. A dimension that is
    left out means every value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError

#: Labels that place a count wherever they occur.
DIMENSIONS = (
    *("group", "race", "department", "subject", "year", "grade", "period", "area"),
    *("category", "school", "unit", "level", "sex", "job", "job_category"),
)

#: Groups that a standard tells together and another apart.
WIDER = {race.ASIAN_OR_PACIFIC: (race.ASIAN, race.NHPI)}

#: The dimension of events among the people they happen to, and its label.
OUTCOME, YES = "outcome", "yes"

#: Ways in which a population belongs to the topic.
POPULATIONS = ("", "members", "whole")

Labels = str | Sequence[str] | None


@dataclass(frozen=True)
class Link:
    """How the counts of a table are linked to other tables.

    Attributes
    ----------
    topic
        The people counted.
    within
        Dimension to the labels that hold for the whole table.
    covers
        Dimension to labels that stand for several: each to those it covers, or to
        None for every value. That "Asian or Pacific Islander" covers two groups is
        known without.
    population
        "" if the population belongs to another topic, "members" if the events happen
        to members of it, "whole" if it is the sum of the events of all groups.
    events
        Where the events of members lie, where that is not just "yes": dimension to
        labels, such as the rules by which rows were set aside.

    Examples
    --------
    >>> Link("staff", within={"period": "2025Q4"}).place({"group": "Asian"})
    {'group': frozenset({'Asian'}), 'period': frozenset({'2025Q4'})}
    """

    topic: str = ""
    within: Mapping[str, Labels] = field(default_factory=dict)
    covers: Mapping[str, Mapping[str, Labels]] = field(default_factory=dict)
    population: str = ""
    events: Mapping[str, Labels] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.population not in POPULATIONS:
            raise ParamsError(
                f"population is {self.population!r}; expected one of "
                f"{list(POPULATIONS)}"
            )
        if not isinstance(self.topic, str):
            raise ParamsError(f"topic is a {type(self.topic).__name__}; expected text")
        sets = [self.within, self.events, *self.covers.values()]
        if not all(_is_labels(labels) for part in sets for labels in part.values()):
            raise ParamsError("within and covers hold a label or labels, as text")

    def place(self, labels: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """Say where a row's counts lie.

        Parameters
        ----------
        labels
            Dimension to the row's label.

        Returns
        -------
        dict
            Dimension to a set of labels.

        Examples
        --------
        >>> wards = {"area": {"Ward 1": ["tract 1", "tract 2"], "City": None}}
        >>> link = Link(covers=wards)
        >>> sorted(link.place({"area": "Ward 1"})["area"]), link.place({"area": "City"})
        (['tract 1', 'tract 2'], {})
        """
        found = {}
        for name, label in labels.items():
            usual = WIDER.get(label, label) if _named(name) == "group" else label
            part = self.covers.get(name, {}).get(label, usual)
            if part is not None:
                found[_named(name)] = _set(part)
        for name, part in self.within.items():
            if name != OUTCOME and part is not None:
                found[_named(name)] = _set(part)
        return found


@dataclass(frozen=True, eq=False)
class Places:
    """Where every count of a table lies.

    Attributes
    ----------
    dimensions
        The dimensions that occur.
    by_count
        Count column to the place of each row's count.

    Examples
    --------
    >>> Places(["group"], {"events": [{}]}).dimensions
    ['group']
    """

    dimensions: list[str]
    by_count: dict[str, list[dict[str, frozenset[str]]]]


def places(
    frame: pd.DataFrame,
    counts: Mapping[str, np.ndarray],
    labels: Sequence[str],
    lines: Sequence[str],
    link: Link,
) -> Places:
    """Say where every count of a table lies.

    Columns of :data:`DIMENSIONS`, lines, and dimensions that ``link`` names are
    dimensions; another label is one if it tells rows apart that these do not.
    Where a table has several counts, the dimension ``count`` names the column.

    Parameters
    ----------
    frame
        A table of counts by label.
    counts
        Its count columns, missing where unknown.
    labels
        The columns that hold labels.
    lines
        Columns that must be dimensions.
    link
        How the table is linked to others.

    Returns
    -------
    Places
        Without populations of another topic.

    Raises
    ------
    InputError
        If rows of a topic have the same labels and different counts, a dimension
        occurs twice, or a population is not the whole it is said to be.

    References
    ----------
    See the module.

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["A", "B"], "events": [40, 50]})
    >>> found = places(staff, {"events": np.array([40.0, 50.0])}, ["group"], [], Link())
    >>> [sorted(place["group"]) for place in found.by_count["events"]]
    [['A'], ['B']]
    """
    if {"group", "race"} <= set(labels):
        raise InputError("the table has both 'group' and 'race'; leave one out")
    twice = [name for name in link.within if name in frame and name != OUTCOME]
    if twice:
        raise InputError(
            f"{twice} are columns of the table; say what their labels cover by "
            "'covers' instead of 'within'"
        )
    absent = [name for name in link.covers if name not in labels]
    if absent:
        raise InputError(f"'covers' names {absent}, which are no columns of labels")
    own = [name for name in counts if name != "population"]
    names = _dimensions(frame, labels, [*lines, *link.covers])
    texts = frame[names].astype("str").fillna("")
    texts, names = _told_apart(texts, names, frame, counts, own, link.topic)
    rows = [link.place(row) for row in texts.to_dict("records")]
    found: dict[str, list] = {}
    for name in own or counts:
        extra = {"count": frozenset([name])} if len(own) > 1 else {}
        if name == "events" and link.population == "members":
            yes = {OUTCOME: link.within.get(OUTCOME) or YES}
            extra |= {n: _set(part) for n, part in (link.events or yes).items()}
        found[name] = [place | extra for place in rows]
    if "population" in counts and own:
        if link.population == "members":
            found["population"] = rows
        elif link.population == "whole":
            found["population"] = _wholes(rows, counts, own[0])
    dimensions = [*names, *link.within, *link.events, OUTCOME, "count"]
    dimensions = [_named(name) for name in dimensions]
    used = {name for part in found.values() for place in part for name in place}
    return Places([n for n in dict.fromkeys(dimensions) if n in used], found)


def _named(dimension: str) -> str:
    """One name for one dimension: tidy tables say race, measure tables say group."""
    return "group" if dimension == "race" else dimension


def _dimensions(
    frame: pd.DataFrame, labels: Sequence[str], named: Sequence[str]
) -> list[str]:
    """The columns that place a row; others only where these do not tell rows apart."""
    kept = [n for n in labels if n in DIMENSIONS or n in named]
    for name in labels:
        if name in kept or len(frame[name].unique()) == 1:
            continue
        apart = frame.groupby(kept, dropna=False, observed=True) if kept else None
        if apart is None or apart[name].nunique(dropna=False).max() > 1:
            kept.append(name)
    return [n for n in labels if n in kept]


def _told_apart(texts, names, frame, counts, own, topic):
    """Labels that tell counts apart: with the measure, or at last the row, if need be.

    Statistics of one measure repeat its counts; that is one count told again.
    """
    numbers = pd.DataFrame({name: counts[name] for name in own or counts})
    for further in ("", "measure"):
        if further in frame:
            texts = texts.assign(**{further: frame[further].astype("str").fillna("")})
            names = [*names, further]
        if not names and len(frame) < 2:
            return texts, names
        if names:
            same = numbers.groupby([texts[name] for name in names], dropna=False)
            if (same.nunique().max() <= 1).all():
                return texts, names
    if topic:
        raise InputError(
            f"rows of {topic!r} have the same labels {names} and different counts; "
            "add the column that tells them apart"
        )
    return texts.assign(row=[str(k) for k in range(len(frame))]), [*names, "row"]


def _wholes(
    rows: list[dict[str, frozenset[str]]], counts: Mapping[str, np.ndarray], of: str
) -> list[dict[str, frozenset[str]]]:
    """The places of populations that are the sum of their groups."""
    seen: dict[tuple, dict[frozenset, float]] = {}
    keys = []
    for place, value in zip(rows, counts[of], strict=True):
        rest = tuple(sorted((n, p) for n, p in place.items() if n != "group"))
        keys.append(tuple((n, tuple(sorted(p))) for n, p in rest))
        seen.setdefault(keys[-1], {})[place.get("group", frozenset())] = value
    found = []
    for place, key, whole in zip(rows, keys, counts["population"], strict=True):
        parts = {part: v for part, v in seen[key].items() if not np.isnan(v)}
        if not np.isnan(whole) and abs(sum(parts.values()) - whole) > 1e-6:
            if len(parts) == len(seen[key]):
                raise InputError(
                    "population is said to be the whole of its groups, but "
                    f"column {of!r} does not add up to it"
                )
            parts = seen[key]
        group = frozenset().union(*parts)
        found.append(place | {"group": group} if group else place)
    return found


def _set(labels: Labels) -> frozenset[str]:
    return frozenset([labels] if isinstance(labels, str) else labels)


def _is_labels(labels: Any) -> bool:
    if labels is None or isinstance(labels, str):
        return True
    return (
        isinstance(labels, Sequence | frozenset | set)
        and len(labels) > 0
        and all(isinstance(label, str) for label in labels)
    )
