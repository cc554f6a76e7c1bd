"""Sentences about outcomes of students: rates, beside those of all other students."""

import pandas as pd

from equity.publish import display
from equity.publish.display import Published
from equity.publish.moving import rates
from equity.publish.protect import Protected, require
from equity.publish.spoken import publish


def risks(table: Protected, *, people: str = "students", when: str = "") -> Published:
    """Say each group's rate of each outcome, and how it compares with all others'.

    Parameters
    ----------
    table
        One row per ``subject`` (the outcome), ``group`` and ``statistic`` (`level`,
        `difference`, `ratio`), with ``reference`` and the measure columns;
        ``people_to_parity`` is read by ``direction``. With ``year``, each outcome's
        own year is told, in its sentences too where outcomes are of different years.
    people
        What the members of the groups are.
    when
        The time the numbers are of, in words, where the table has no ``year``.

    Returns
    -------
    Published
        A payload of kind "finding".

    Raises
    ------
    DisclosureError
        If ``table`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> row = {"subject": "Suspended", "group": ["Black"], "events": [80],
    ...     "population": [400], "confidence": 0.95, "people_to_parity": [40],
    ...     "reference": "all other students", "direction": "lower is better"}
    >>> parts = {"level": (0.2, 0.16, 0.24), "difference": (0.1, 0.06, 0.14),
    ...          "ratio": (2.0, 1.6, 2.4)}
    >>> frame = pd.concat([pd.DataFrame(row | {"statistic": [name], "estimate": [a],
    ...     "conf_low": [b], "conf_high": [c]}) for name, (a, b, c) in parts.items()])
    >>> risks(protect(frame, lines=None, outcome=True))
    Suspended: The rate of Black students is 20.0% (95% interval 16.0% to 24.0%), 10.0
    percentage points higher than that of all other students (95% interval 6.0 to 14.0),
    or 2.00 times as high (95% interval 1.60 to 2.40). At the rate of all other
    students, that would be 40 students fewer.
    """
    frame = require(table, "findings.risks").frame
    if frame.empty:
        return display.absent()
    texts, rows = [], []
    dated = "year" in frame
    several = dated and len(set(frame["year"].astype(str))) > 1
    for subject in dict.fromkeys(frame["subject"].astype(str)):
        if dated:
            when = _years(frame[frame["subject"].astype(str) == subject])
        found = rates(
            table.only(subject=subject),
            subject="the rate of {people}",
            verb="is {estimate}",
            than="that of {people}",
            gain="students",
            people=people,
            times="as high",
            when=when,
        ).as_payload()
        start = f"{subject}, {when}: " if several else f"{subject}: "
        texts += [start + text for text in found.get("sentences", [])]
        rows += [
            {**row, "measure": f"{start}rate", "sentence": start + row["sentence"]}
            for row in found.get("rows", [])
        ]
    return publish(texts, rows, [table])


def _years(rows: pd.DataFrame) -> str:
    return " and ".join(sorted(set(rows["year"].astype(str))))
