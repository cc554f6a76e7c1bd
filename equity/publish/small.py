"""What is hidden for itself, and what goes with it.

**Terms**

small
    A count above zero and below ``min_cell``; zero, too, where zeros are hidden.
primary
    A row hidden because one of its own counts is small.
dependent
    A row compared with a hidden row: its counts are shown, its comparison is not.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from equity.publish import coding, covering
from equity.publish.kinds import PLACES, RECIPE, count, is_number, level, verdicts


def primary(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    made: list[str],
    policy: covering.Policy,
) -> dict[str, np.ndarray]:
    """Find rows with a small count of their own, and rows with a small population.

    Parameters
    ----------
    frame
        A table of counts by label.
    counts
        Its count columns, missing where unknown.
    made
        The columns made from the counts.
    policy
        What is small.

    Returns
    -------
    dict of ndarray
        ``row`` and ``population``, and ``other``: the rows that are not hidden for
        their events alone.

    Examples
    --------
    >>> table = pd.DataFrame({"events": [4, 40]})
    >>> counts = {"events": np.array([4.0, 40.0])}
    >>> primary(table, counts, ["events"], covering.Policy(10))["row"].tolist()
    [True, False]
    """

    row, other = (np.zeros(len(frame), dtype=bool) for _ in range(2))
    for name, values in counts.items():
        hit = _is_small(values, policy)
        if f"{name}_high" in frame:
            hit |= np.isnan(values) & _is_small(count(frame, f"{name}_high"), policy)
        row |= hit
        if name != "events":
            other |= hit
    if policy.outcome:
        row |= _tells_outcome(frame, counts, policy.min_cell)
    if counts and "estimate" in made:  # shown, but nothing says from how many
        bounded = [f"{name}_high" for name in counts if f"{name}_high" in frame]
        judged = frame[[*counts, *bounded]].notna().any(axis=1)
        unjudged = (frame["estimate"].notna() & ~judged).to_numpy()
        row, other = row | unjudged, other | unjudged
    none = np.zeros(len(frame), dtype=bool)
    population = none
    if "population" in counts:
        population = _is_small(counts["population"], policy)
    return {"row": row, "population": population, "other": other}


def compared(beside: pd.DataFrame, policy: covering.Policy) -> np.ndarray:
    """Find rows that are compared with few people, or differ from others by few.

    Parameters
    ----------
    beside
        The columns that the gate takes away, as `kinds.asides` lists them.
    policy
        What is small.

    Returns
    -------
    ndarray
        True where a count of the reference's people is small.

    Examples
    --------
    >>> beside = pd.DataFrame({"reference_events": [4, 40], "without_pay": [1, 2]})
    >>> compared(beside, covering.Policy(10)).tolist()
    [True, False]
    """
    found = np.zeros(len(beside), dtype=bool)
    for name in ("reference_events", "reference_population", "level_students"):
        if name in beside:
            people = count(beside, name)
            if f"{name}_high" in beside:  # the most that a masked count can be
                most = count(beside, f"{name}_high")
                people = np.where(np.isnan(people), most, people)
            found |= _is_small(people, policy)
    return found


def edge(
    frame: pd.DataFrame, counts: dict[str, np.ndarray], min_cell: int
) -> np.ndarray:
    """Find rows at a quantile that too few people are beyond.

    Parameters
    ----------
    frame
        A table of counts by label, perhaps with a row for each ``quantile``.
    counts
        Its count columns, missing where unknown.
    min_cell
        The fewest people on each side.

    Returns
    -------
    ndarray
        One truth value for each row.

    Examples
    --------
    >>> table = pd.DataFrame({"quantile": [0.1, 0.5]})
    >>> edge(table, {"events": np.array([40.0, 40.0])}, 10).tolist()
    [True, False]
    """
    if "quantile" not in frame or not counts:
        return np.zeros(len(frame), dtype=bool)
    share = count(frame, "quantile")
    people = next((v for n, v in counts.items() if n != "population"), None)
    people = counts["population"] if people is None else people
    return ~(people * np.minimum(share, 1 - share) >= min_cell - 1e-9)


def _is_small(values: np.ndarray, policy: covering.Policy) -> np.ndarray:
    return (values < policy.min_cell) & ((values > 0) | policy.zeros)


def _known(frame: pd.DataFrame, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fewest and most events of each row; missing where nothing is known."""
    if "events_low" not in frame or "events_high" not in frame:
        return events, events
    unknown = np.isnan(events)
    return (
        np.where(unknown, count(frame, "events_low"), events),
        np.where(unknown, count(frame, "events_high"), events),
    )


def _tells_outcome(frame: pd.DataFrame, counts: dict, min_cell: int) -> np.ndarray:
    """Rows in which nearly nobody, nobody or everybody has the outcome."""
    people = counts["population"]
    low, high = _known(frame, counts["events"])
    told = (people > 0) & ((high == 0) | (people - low < min_cell))
    if "others_high" in frame:  # of people whose number is not known
        others = count(frame, "others_high")
        told |= (
            np.isnan(people) & (others + high > 0) & ((high == 0) | (others < min_cell))
        )
    return told


def start(
    frame: pd.DataFrame,
    counts: dict[str, np.ndarray],
    found: dict[str, np.ndarray],
    asked: Mapping[str, np.ndarray],
    policy: covering.Policy,
) -> tuple[covering.Hidden, pd.DataFrame]:
    """Find what is hidden before anything is covered, and what coded rows tell.

    Parameters
    ----------
    frame
        A table of counts by label.
    counts
        Its count columns, missing where unknown.
    found
        What :func:`primary` found.
    asked
        Count column to the rows that the plan of the audit asks to hide.
    policy
        What is small.

    Returns
    -------
    tuple of Hidden and DataFrame
        The frame has ``coded``, ``low`` and ``high`` as `coding.bands` makes them,
        missing in rows that are not coded, and not known to be out of the bands.

    Examples
    --------
    >>> table = pd.DataFrame({"events": [4], "population": [400]})
    >>> counts = {name: table[name].to_numpy(dtype=float) for name in table}
    >>> policy = covering.Policy(10, outcome=True)
    >>> found = primary(table, counts, ["events", "population"], policy)
    >>> start(table, counts, found, {}, policy)[1]["coded"].tolist()
    ['5% or less']
    """
    none = np.zeros(len(frame), dtype=bool)
    population = found["population"] | asked.get("population", none)
    row = found["row"] | population | np.logical_or.reduce([none, *asked.values()])
    empty = {"coded": pd.Series(np.nan, frame.index, dtype="str")}
    band = pd.DataFrame(empty | {"low": np.nan, "high": np.nan}, frame.index)
    if policy.outcome and level(frame).any():
        low, high = _known(frame, counts["events"])
        band = coding.bands(low, high, counts["population"], policy.min_cell)
        lost = np.logical_or.reduce([found["other"], *asked.values()])
        band.loc[lost] = np.nan
    return covering.Hidden(row, population), band


def few(
    counts: dict[str, np.ndarray], quantiles: Mapping[str, float], min_cell: int
) -> dict[str, np.ndarray]:
    """Find the quantiles with too few people on one side.

    Parameters
    ----------
    counts
        Count columns; the first that is no population counts the people.
    quantiles
        Columns to their probabilities.
    min_cell
        The fewest people on each side.

    Returns
    -------
    dict of ndarray
        Column to the rows in which it must be hidden.

    Examples
    --------
    >>> few({"workers": np.array([19.0, 20.0])}, {"median": 0.5}, 10)
    {'median': array([ True, False])}
    """
    if not quantiles:
        return {}
    people = next((v for n, v in counts.items() if n != "population"), None)
    people = counts["population"] if people is None else people
    return {
        name: ~(people * min(share, 1 - share) >= min_cell - 1e-9)
        for name, share in quantiles.items()
    }


def dependent(frame: pd.DataFrame, hidden: np.ndarray) -> np.ndarray:
    """Find the rows compared with a hidden row.

    Parameters
    ----------
    frame
        A measure table.
    hidden
        The hidden rows.

    Returns
    -------
    ndarray
        One truth value for each row; false for hidden rows.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["A", "B"], "reference": ["B", "B"]})
    >>> dependent(table, np.array([False, True])).tolist()
    [True, False]
    """
    none = np.zeros(len(frame), dtype=bool)
    if "reference" not in frame or "group" not in frame or not hidden.any():
        return none
    labels = [
        n
        for n in frame
        if n not in (*RECIPE, *verdicts(frame), "group")
        and (not is_number(frame[n]) or n in PLACES)
    ]
    texts = frame[labels].astype("str").fillna("")
    here = texts.agg("\x1f".join, axis=1) if labels else ""
    group, reference = frame["group"].astype(str), frame["reference"].astype("str")
    bases = pd.DataFrame({"here": here, "group": group, "hidden": hidden})
    by_place = bases.groupby(["here", "group"])["hidden"].any().to_dict()
    by_group = bases.groupby("group")["hidden"].any().to_dict()
    compared = pd.DataFrame({"here": here, "reference": reference})
    lost = [
        by_place.get((place, base), by_group.get(base, False))
        for place, base in compared.itertuples(index=False)
    ]
    return np.asarray(lost, dtype=bool) & ~hidden & reference.notna().to_numpy()
