"""Sentences that stand under a table or a figure, made from protected counts."""

import pandas as pd

from equity.publish import display
from equity.publish.protect import Protected, require


def race_unknown(protected: Protected, people: str) -> str:
    """Say for how many people the race is not known, beside how many are counted.

    The number is the sum of rows that are shown, so it tells nothing that the table
    does not.

    Parameters
    ----------
    protected
        As `measure.representation.coverage` makes it, protected.
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
    >>> table = pd.DataFrame({"group": ["White", "Unknown"], "events": [960, 40],
    ...     "recorded": ["race on record", "race not on record"],
    ...     "population": 1000, "estimate": [0.96, 0.04]})
    >>> race_unknown(protect(table), "employees")
    'Race is not known for 40 of 1,000 employees (4.0%).'
    """
    require(protected, "notes.race_unknown")
    frame = protected.frame
    if frame.empty:
        return ""
    unknown = frame[frame["recorded"] != "race on record"]
    everyone = frame["population"].max()
    if unknown["suppressed"].notna().any() or pd.isna(everyone):
        return f"Race is not known for some of the {people}; how many is hidden."
    everyone = display.number(everyone, "count")
    if not unknown["events"].sum():
        return f"Race is known for all {everyone} {people}."
    without = display.number(unknown["events"].sum(), "count")
    rounded = display.rounded(unknown["estimate"].sum(), "percent")
    share = display.number(rounded, "percent")
    return f"Race is not known for {without} of {everyone} {people} ({share}%)."
