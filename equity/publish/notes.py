"""Sentences that stand under a table or a figure, made from protected counts."""

from equity.publish import display
from equity.publish.protect import Protected, require


def race_unknown(protected: Protected, people: str) -> str:
    """Say for how many people the race is not known, beside how many are counted.

    Parameters
    ----------
    protected
        As `measure.coverage.unknown` makes it: at most one row.
    people
        Who they are, in the plural, such as "employees".

    Returns
    -------
    str
        A sentence; empty if nobody is counted.

    Raises
    ------
    DisclosureError
        If ``protected`` is not protected.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({"events": [40], "population": [1000],
    ...                       "estimate": [0.04]})
    >>> race_unknown(protect(table, lines=None), "employees")
    'Race is not known for 40 of 1,000 employees (4.0%).'
    """
    require(protected, "notes.race_unknown")
    frame = protected.frame
    if frame.empty:
        return ""
    row = frame.iloc[0]
    if row.notna()["suppressed"]:
        return f"Race is not known for some of the {people}; how many is hidden."
    everyone = display.number(row["population"], "count")
    if row["events"] == 0:
        return f"Race is known for all {everyone} {people}."
    without = display.number(row["events"], "count")
    share = display.number(display.rounded(row["estimate"], "percent"), "percent")
    return f"Race is not known for {without} of {everyone} {people} ({share}%)."
