"""Rates that are published without the students they are of: gaps without intervals.

Some states publish a rate for each group and nothing on how many students it is of. It
can then be compared, and nobody can say how sure the comparison is; districts cannot be
added up. What is shown is the publisher's own number, and a gap in it at that one line
of proficiency, in points and in standard deviations.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from equity.measure.table import require_columns

NARROW = 0.01  # bounds of a rate that are a rounding, not a mask
ENDS = ["rate_low", "rate_high"]


def gaps(totals: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Compare the published rates of a whole district or state by group and year.

    Parameters
    ----------
    totals
        Tidy outcomes of wholes: ``unit, year, outcome, race, population_high,
        rate_low, rate_high``.
    reference
        The group that others are compared with.

    Returns
    -------
    DataFrame
        One row per ``unit``, ``subject`` (the outcome), ``year`` and ``group`` whose
        rate is published without its students: ``reference``, ``published`` (a
        proportion), ``published_gap`` (difference from the reference) and
        ``published_deviations`` (difference of the normal deviates of both rates: the
        gap in standard deviations if both groups' scores are normal and spread alike).
        Missing where either rate
        is hidden. No intervals: nothing says of how many students a rate is.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Notes
    -----
    A difference of rates depends on the line; that of deviates does not, as far as both
    groups are normal and spread alike.

    References
    ----------
    Ho (2008), Educational Researcher 37, 351-360.

    Examples
    --------
    >>> totals = pd.DataFrame({
    ...     "unit": "State", "year": "2014", "outcome": "proficiency",
    ...     "race": ["Black", "White"], "population_high": None,
    ...     "rate_low": [0.3, 0.6], "rate_high": [0.3, 0.6]})
    >>> found = gaps(totals, reference="White")
    >>> found[["group", "published_gap", "published_deviations"]].round(2)
       group  published_gap  published_deviations
    0  Black           -0.3                 -0.78
    1  White            0.0                  0.00
    """
    require_columns(
        totals, ["unit", "year", "outcome", "race", "population_high", *ENDS]
    )
    rows = totals[totals["population_high"].isna()]
    low, high = (rows[end].astype(float) for end in ENDS)
    rate = ((low + high) / 2).where(high - low <= NARROW)
    keys = ["unit", "subject", "year"]
    found = pd.DataFrame(
        {
            "unit": rows["unit"],
            "subject": rows["outcome"],
            "year": rows["year"].astype(str),
            "group": rows["race"].astype(str),
            "published": rate,
        }
    )
    base = found[found["group"] == reference].set_index(keys)["published"]
    base = base[~base.index.duplicated()]
    theirs = base.reindex(pd.MultiIndex.from_frame(found[keys])).to_numpy()
    own = found["published"].to_numpy(float)
    inside = (own > 0) & (own < 1) & (theirs > 0) & (theirs < 1)
    deviates = ndtri(np.where(inside, own, 0.5)) - ndtri(np.where(inside, theirs, 0.5))
    return found.assign(
        reference=reference,
        published_gap=own - theirs,
        published_deviations=np.where(inside, deviates, np.nan),
    ).sort_values([*keys, "group"], ignore_index=True)


def known(outcomes: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Count the districts or schools that publish a rate for each group.

    Parameters
    ----------
    outcomes
        Tidy `outcomes` of one year each.
    totals
        As in `gaps`: units that are wholes are left out.

    Returns
    -------
    DataFrame
        One row per ``subject`` and ``group`` of outcomes without students:
        ``published_by``, ``hidden_by`` (the source masks it) and ``silent`` (no rate is
        given), in units.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> rows = pd.DataFrame({"unit": ["A", "B"], "outcome": "proficiency",
    ...     "race": "Black", "population_high": None, "rate_low": [0.3, 0.0],
    ...     "rate_high": [0.3, 1.0]})
    >>> known(rows, rows.iloc[:0])[["group", "published_by", "hidden_by", "silent"]]
       group  published_by  hidden_by  silent
    0  Black             1          1       0
    """
    require_columns(outcomes, ["unit", "outcome", "race", "population_high", *ENDS])
    rows = outcomes[outcomes["population_high"].isna()]
    rows = rows[~rows["unit"].isin(totals["unit"])]
    width = rows["rate_high"].astype(float) - rows["rate_low"].astype(float)
    counted = pd.DataFrame(
        {
            "subject": rows["outcome"],
            "group": rows["race"].astype(str),
            "published_by": width <= NARROW,
            "hidden_by": width > NARROW,
            "silent": width.isna(),
        }
    )
    sums = counted.groupby(["subject", "group"], sort=True).sum()
    return sums.astype(int).reset_index()
