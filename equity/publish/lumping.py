"""The search for the cheapest merging of categories; see `equity.publish.merging`.

**Terms**

lump
    Labels of one column that become one label.
floor
    What a merging costs at least: its small cells, and none that cover them.

References
----------
Willenborg and de Waal (2001), Elements of Statistical Disclosure Control, Springer,
chapter 6: local and global recoding at the least loss of information.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from equity.publish.protect import protect

ALONE = 0.75  # share of people in cells that are not small, to stand alone
TRIED = 6  # candidates that are put through the gate; the others are estimated

Lumps = dict[str, tuple[str, ...]]  # of each column, the labels that become one


def cheapest(
    table: pd.DataFrame,
    *,
    along: Sequence[str],
    keep: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    blur: float,
    people: str,
    rules: Mapping[str, Any],
) -> Lumps:
    """Find the cheapest lump in each of the columns, or none.

    Parameters
    ----------
    table
        One row per combination of labels, in the order of the labels, with ``events``
        and ``people``.
    along
        The columns whose labels may become one.
    keep
        Labels that stay, by column.
    names
        Labels that are part of every lump of their column.
    blur
        What a person under a merged label costs, in people hidden.
    people
        The column of people: ``events`` or ``population``.
    rules
        What the gate is told.

    Returns
    -------
    dict
        Column to labels; empty where none is cheaper.

    References
    ----------
    See the module.

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["A", "B", "C"], "events": [90, 7, 6]})
    >>> cheapest(staff, along=["group"], keep={"group": []}, names={}, blur=0.1,
    ...          people="events", rules={"min_cell": 10, "lines": ()})
    {'group': ('C', 'B')}
    """
    small = _small(table, rules)
    choices = [
        list(_choices(table, name, keep[name], names.get(name), small, people))
        for name in along
    ]
    candidates = [dict(zip(along, lumps, strict=True)) for lumps in product(*choices)]
    none, *candidates = candidates  # every column's first choice is no merging
    if not candidates:
        return none
    rank = {
        id(lumps): _quick(table, lumps, blur, people, rules) for lumps in candidates
    }
    best, least_price = none, _price(table, none, blur, people, rules)
    for lumps in sorted(candidates, key=lambda lumps: rank[id(lumps)])[:TRIED]:
        if _floor(table, lumps, blur, people, rules) <= least_price[0]:
            price = _price(table, lumps, blur, people, rules)
            if price < least_price:
                best, least_price = lumps, price
    return best


def _small(table: pd.DataFrame, rules: Mapping) -> np.ndarray:
    """Rows that the gate hides for their own counts."""
    events = table["events"].to_numpy(float)
    small = (events > 0) & (events < rules["min_cell"])
    if rules.get("outcome"):
        without = table["population"].to_numpy(float) - events
        few = np.minimum(events, without) < rules["min_cell"]
        small = few & (table["population"].to_numpy() > 0)
    return small


def _choices(table, name, keep, merged, small, people) -> Iterator[tuple[str, ...]]:
    """No merging, then the two, three, ... smallest labels that do not stand alone."""
    yield ()
    inside = table[people].where(small, 0).groupby(table[name]).sum()
    whole = table[people].groupby(table[name]).sum()
    weak = whole.index[(inside > (1 - ALONE) * whole) & ~whole.index.isin(keep)]
    weak = [label for label in weak if label != merged]
    order = sorted(weak, key=lambda label: (whole[label], label))
    always = [merged] if merged in whole.index else []
    most = min(len(order), len(whole) - len(always) - 1)  # one label stays as it was
    for number in range(2 - len(always), most + 1):
        yield (*always, *order[:number])


def _codes(table: pd.DataFrame, lumps: Lumps) -> pd.DataFrame:
    """The labels with each lump under one label, whatever its name."""
    return pd.DataFrame(
        {
            name: table[name].mask(table[name].isin(lump), lump[0] if lump else "")
            for name, lump in lumps.items()
        }
    )


def _merged_people(table: pd.DataFrame, lumps: Lumps, people: str) -> float:
    """People of whom a label is merged."""
    merged = np.zeros(len(table), dtype=bool)
    for name, lump in lumps.items():
        merged |= table[name].isin(lump).to_numpy()
    return float(table.loc[merged, people].sum())


def _lumped(table: pd.DataFrame, lumps: Lumps) -> pd.DataFrame:
    numbers = [name for name in table if name not in lumps]
    return summed(_codes(table, lumps).join(table[numbers]), list(lumps))


def _price(table, lumps, blur, people, rules) -> tuple:
    """What a merging costs after the gate; then what settles ties."""
    merged = _lumped(table, lumps)
    shown = protect(merged, **rules).frame
    open_ = shown["events"].notna().to_numpy()
    if "coded" in shown:
        open_ |= shown["coded"].notna().to_numpy()
    hidden = float(merged.loc[~open_, people].sum())
    cost = hidden + blur * _merged_people(table, lumps, people)
    labels = tuple(lumps.values())
    return round(cost, 6), sum(map(len, labels)), -int(open_.sum()), labels


def _floor(table, lumps, blur, people, rules) -> float:
    """What a merging costs at least: its small cells, not what covers them."""
    merged = _lumped(table, lumps)
    hidden = _small(merged, rules)
    if rules.get("outcome"):  # these may be coded instead
        hidden = np.zeros(len(merged), dtype=bool)
    cost = merged.loc[hidden, people].sum()
    return round(float(cost) + blur * _merged_people(table, lumps, people), 6)


def _quick(table, lumps, blur, people, rules) -> tuple:
    """About what a merging costs: small cells, and the smallest that cover them."""
    merged = _lumped(table, lumps)
    hidden = _small(merged, rules)
    values = merged["events"].to_numpy(float)
    if rules["lines"] is not None:
        codes = [pd.factorize(merged[name])[0] for name in rules["lines"]]
        codes = codes or [np.zeros(len(merged), dtype=int)]
        hidden = _covered(values, hidden, codes, rules["min_cell"] - 2)
    cost = float(merged.loc[hidden, people].sum())
    cost += blur * _merged_people(table, lumps, people)
    labels = tuple(lumps.values())
    return round(cost, 6), sum(map(len, labels)), labels


def _covered(values, hidden, codes, need) -> np.ndarray:
    """Hide the smallest further cells until every line hides enough people."""
    hidden, before = hidden.copy(), -1
    order = np.argsort(values, kind="stable")
    while hidden.sum() != before:
        before = hidden.sum()
        for code in codes:
            for line in np.unique(code[hidden]):
                inside = order[code[order] == line]
                for cell in inside[(values[inside] > 0) & ~hidden[inside]]:
                    at = inside[hidden[inside]]
                    room = np.maximum(values[at] - 1, 0)
                    if len(at) > 1 and room.sum() >= need:
                        break
                    hidden[cell] = True
    return hidden


def summed(table: pd.DataFrame, along: Sequence[str]) -> pd.DataFrame:
    """Add up the rows of equal labels.

    Parameters
    ----------
    table
        Labels, and counts.
    along
        The columns of labels.

    Returns
    -------
    DataFrame
        One row per combination, in the order of the labels.

    Examples
    --------
    >>> summed(pd.DataFrame({"group": ["B", "A", "B"], "events": [1, 2, 3]}), ["group"])
      group  events
    0     A       2
    1     B       4
    """
    return table.groupby(list(along), as_index=False, sort=True).sum()
