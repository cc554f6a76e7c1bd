"""The plan: counts that the audit of a whole release asks the gate to hide as well.

When several tables together give a hidden count away, the audit names further counts
to hide, and the notebooks run again. The file named by the environment variable
``EQUITY_PLAN`` then holds them::

    {"cells": [{"topic": "employees", "where": {"group": ["Asian"]}}]}

A dimension that is left out means every value. A plan that cannot be read is an
error: a release without it would show what the audit found.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from equity.errors import DisclosureError

PLAN = "EQUITY_PLAN"

#: A count's place: dimension to the labels it covers; left out means every value.
Where = Mapping[str, frozenset[str]]


def read(environment: Mapping[str, str] | None = None) -> set[tuple]:
    """Read the plan that the environment names.

    Parameters
    ----------
    environment
        Variables to their values; those of the process if left out.

    Returns
    -------
    set of tuple
        For each count to hide what :func:`key` makes of it; empty without a plan.

    Raises
    ------
    DisclosureError
        If the plan is missing, damaged, or has a part it should not have.

    References
    ----------
    See the module.

    Examples
    --------
    >>> read({})
    set()
    """
    name = (os.environ if environment is None else environment).get(PLAN, "")
    if not name:
        return set()
    try:
        text = Path(name).read_text(encoding="utf-8")
        plan = json.loads(text, object_pairs_hook=_once)
    except (OSError, ValueError):
        raise _damaged("it cannot be read as JSON") from None
    if not isinstance(plan, dict) or set(plan) != {"cells"}:
        raise _damaged("expected one key, 'cells'")
    if not isinstance(plan["cells"], list):
        raise _damaged("'cells' should be a list")
    return {_cell(cell, n) for n, cell in enumerate(plan["cells"], start=1)}


def key(topic: str, where: Where) -> tuple:
    """Name a count so that two names of one count are the same.

    Parameters
    ----------
    topic
        What is counted.
    where
        The count's place.

    Returns
    -------
    tuple
        Of the topic and the place; hashable.

    References
    ----------
    See the module.

    Examples
    --------
    >>> key("staff", {"group": frozenset(["B", "A"])})
    ('staff', (('group', ('A', 'B')),))
    """
    return topic, tuple(sorted((n, tuple(sorted(part))) for n, part in where.items()))


def _cell(cell: Any, number: int) -> tuple:
    if not isinstance(cell, dict) or set(cell) != {"topic", "where"}:
        raise _damaged(f"cell {number} should have 'topic' and 'where'")
    topic, where = cell["topic"], cell["where"]
    named = isinstance(where, dict) and all(
        isinstance(labels, list)
        and labels
        and all(isinstance(label, str) for label in labels)
        for labels in where.values()
    )
    if not isinstance(topic, str) or not named:
        raise _damaged(
            f"cell {number} should have a text and lists of labels by dimension"
        )
    return key(topic, {name: frozenset(labels) for name, labels in where.items()})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys each occur once."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _damaged(fact: str) -> DisclosureError:
    return DisclosureError(
        f"the plan of counts to hide is damaged: {fact}; run the release again"
    )
