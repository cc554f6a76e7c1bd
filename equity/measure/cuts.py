"""Gaps in the share at or above each level: how a gap depends on where a line is drawn.

The share *proficient* is a share above one line among several. The same two groups can
be 20 points apart at one line and 33 at the next; which of them is called the gap is a
choice of whoever drew the line. Masked counts stay bounds, as in `outcomes`.
"""

import pandas as pd

from equity.measure import outcomes
from equity.measure.redraws import DIFFERENCE
from equity.measure.table import require_columns, select

ENDS = ["students_low", "students_high"]
KEYS = ["subject", "race"]


def gaps(
    levels: pd.DataFrame, *, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare the share at or above each level but the lowest, in each subject.

    Parameters
    ----------
    levels
        Tidy `levels` of one year: `school, year, subject, race, level, students_low,
        students_high`; levels in order.
    reference
        The group that all others are compared with.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per ``subject``, ``line`` ("Reading, at least Basic") and ``group``: as
        the differences of `outcomes.by_race`, and ``level_students``,
        ``level_students_low``, ``level_students_high``: students at the lowest level
        above the line.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    UnknownGroupError
        If the reference is not one of the groups.

    Notes
    -----
    Students of all grades and schools together, as for the share proficient. Two lines
    differ by the students of one level, so that level's count is told beside, for
    whoever protects the table.

    References
    ----------
    Holland (2002), Journal of Educational and Behavioral Statistics 27, 3-17. Ho
    (2008), Educational Researcher 37, 351-360.

    Examples
    --------
    >>> scale = ["Basic", "Proficient", "Advanced"]
    >>> levels = pd.DataFrame({
    ...     "school": "s", "year": "2025", "subject": "Reading",
    ...     "race": pd.Categorical(["Black"] * 3 + ["White"] * 3),
    ...     "level": pd.Categorical(scale * 2, scale, ordered=True),
    ...     "students_low": [60, 30, 10, 40, 40, 20]})
    >>> levels["students_high"] = levels["students_low"]
    >>> found = gaps(levels, reference="White").query("group == 'Black'")
    >>> found[["line", "level_students", "estimate"]]
                               line  level_students  estimate
    0  Reading, at least Proficient              30      -0.2
    2    Reading, at least Advanced              10      -0.1
    """
    require_columns(levels, ["school", "year", *KEYS, "level", *ENDS])
    names = list(levels["level"].cat.categories)[1:] if len(levels) else []
    found = []
    for subject, rows in levels.groupby("subject"):
        for name in names:
            cut = rows.assign(proficient=(rows["level"] >= name).to_numpy())
            table = outcomes.by_race(
                outcomes.of_levels(cut),
                outcome="proficiency",
                reference=reference,
                confidence=confidence,
            )
            table = select(table, statistic=DIFFERENCE).assign(
                measure="difference in the share at or above a line"
            )
            table.insert(0, "line", f"{subject}, at least {name}")
            table.insert(0, "subject", subject)
            at = rows[rows["level"] == name].groupby("race", observed=False)[ENDS].sum()
            low, high = (
                pd.Series(at[end].reindex(table["group"]).to_numpy(), dtype="Int64")
                for end in ENDS
            )
            table = table.reset_index(drop=True)
            found.append(
                table.assign(
                    level_students=low.where(low == high),
                    level_students_low=low,
                    level_students_high=high,
                )
            )
    columns = ["subject", "line", "group", "events", "population", "estimate"]
    if not found:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(found, ignore_index=True)
