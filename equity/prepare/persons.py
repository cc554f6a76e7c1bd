"""What all tables of people share: their columns, their days and their race."""

from functools import partial

import pandas as pd

from equity import race
from equity.errors import UnmappedLabelError
from equity.prepare import sources
from equity.prepare.quality import SET_ASIDE, Ledger

NO_RACE = "no race on record"


def tidy(raw: pd.DataFrame, source: sources.Raced, names: list[str]) -> pd.DataFrame:
    """Give the columns of a raw table their settled names, blank where there is none.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    names
        Columns that the result has, whether the file has them or not.

    Returns
    -------
    DataFrame
        Text on the index of `raw`: `names`, and what else `columns` names. Runs of
        spaces are one, since exports pad their columns.

    Examples
    --------
    >>> source = sources.Scores(file="s.csv", races={"W": "White"},
    ...                         columns={"race": "R", "score": "X"})
    >>> tidy(pd.DataFrame({"R": ["W "], "X": ["1"]}), source, ["school"])
      race score school
    0    W     1
    """
    rows = sources.tidy(raw, source)
    for name in rows:
        padded = rows[name].str.contains(r"\s\s|[^\S ]", regex=True)
        if padded.any():
            rows[name] = rows[name].str.split().str.join(" ")
    blank = pd.Series("", index=raw.index, dtype="str")
    absent = [name for name in names if name not in rows]
    return rows.assign(**dict.fromkeys(absent, blank))


def days(text: pd.Series, date_format: str) -> pd.Series:
    """Read days; what is no day is missing.

    Parameters
    ----------
    text
        Days, with a time or without.
    date_format
        As for `pandas.to_datetime`, or `ISO8601`. The day is the local one, whatever
        the offset of its time.

    Returns
    -------
    Series
        Timestamps at midnight.

    Examples
    --------
    >>> days(pd.Series(["2025-03-09T23:30:00-06:00", "soon"]), "ISO8601").to_list()
    [Timestamp('2025-03-09 00:00:00'), NaT]
    """
    if date_format == "ISO8601":
        text = text.str.replace(r"[T ].*$", "", regex=True)
    if "%z" in date_format:
        text = text.str.replace(r" ?(Z|[+-][0-9]{2}:?[0-9]{2})$", "", regex=True)
        date_format = date_format.replace("%z", "").strip()
    found = pd.to_datetime(text, format=date_format, errors="coerce")
    return found.dt.normalize()


def with_race(
    rows: pd.DataFrame,
    raw: pd.DataFrame,
    source: sources.Raced,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Read the race of each row, and note in the ledger what the reader should know.

    Parameters
    ----------
    rows
        Rows that are kept, on their index in the raw table.
    raw
        The raw table.
    source
        What the file means.
    ledger
        Written to.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        `rows` with `race`, an ordered categorical of what the file can record, and
        `detail`, the file's own labels.

    Raises
    ------
    UnmappedLabelError
        If a label is not declared.

    Examples
    --------
    >>> raw = pd.DataFrame({"R": ["Asian - Chinese"], "X": ["1"]})
    >>> source = sources.Scores(file="s.csv", races={"Asian - Chinese": "Asian"},
    ...                         columns={"race": "R", "score": "X"})
    >>> with_race(raw, raw, source, Ledger("scores", "s.csv", 1),
    ...           standard=race.standard("omb1997"))[["race", "detail"]]
        race           detail
    0  Asian  Asian - Chinese
    """
    asked, column = _asked(rows, raw, source)
    found = race.read(
        asked, source, standard=standard, where=source.file, column=column
    )
    for rule in found.marks:
        ledger.note(rule, found.marks[rule])
    ledger.note(NO_RACE, found.group.isin(race.UNKNOWN))
    return rows.assign(race=found.group, detail=found.detail)


def groups(
    rows: pd.DataFrame,
    raw: pd.DataFrame,
    source: sources.Raced,
    *,
    standard: race.Standard,
) -> pd.Series:
    """Read the group of rows that are not used, as far as their labels are declared.

    Parameters
    ----------
    rows
        Rows that were set aside, on their index in the raw table.
    raw
        The raw table.
    source
        What the file means.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    Series
        Text on the index of `rows`; missing where a label is not declared, as such
        rows need no meaning.

    Examples
    --------
    >>> raw = pd.DataFrame({"R": ["W", "Total"], "X": ["*", "*"]})
    >>> source = sources.Scores(file="s.csv", races={"W": "White"},
    ...                         columns={"race": "R", "score": "X"})
    >>> groups(raw, raw, source, standard=race.standard("omb1997")).to_list()
    ['White', nan]
    """
    asked, column = _asked(rows, raw, source)
    read = partial(race.read, standard=standard, where=source.file, column=column)
    found = pd.Series(index=rows.index, dtype="str")
    for _, alike in asked.groupby(list(asked), sort=False):
        try:
            group = read(alike.head(1), source).group
        except UnmappedLabelError:
            continue
        found[alike.index] = str(group.iloc[0])
    return found


def declared(
    rows: pd.DataFrame, name: str, known: list[str], rule: str, ledger: Ledger
) -> pd.DataFrame:
    """Set aside the rows whose label nobody has declared.

    Parameters
    ----------
    rows
        Rows of the file, on their index in the raw table.
    name
        The column of labels.
    known
        The declared ones.
    rule
        In words. As ledgers are published, it is one for all labels and names none:
        a label may be a person's, or stand for a single row.
    ledger
        Written to. Its `found`, which is not published, lists each label with its
        rows, most frequent first.

    Returns
    -------
    DataFrame
        The other rows.

    Examples
    --------
    >>> rows, ledger = pd.DataFrame({"unit": ["Fire", "Fleet"]}), Ledger("x", "x", 2)
    >>> declared(rows, "unit", ["Fire"], "its unit is not a declared one", ledger)
       unit
    0  Fire
    >>> ledger.found[-1]
    ('set aside', 'its unit is not a declared one', ["'Fleet' (1 row)"])
    """
    strange = ~rows[name].isin(known)
    counts = rows.loc[strange, name].value_counts().sort_index()
    kept = ledger.set_aside(rows, {rule: strange})
    labels = [
        f"{label!r} ({count:,} row{'s' if count > 1 else ''})"
        for label, count in counts.sort_values(ascending=False, kind="stable").items()
    ]
    if labels:
        ledger.found.append((SET_ASIDE, rule, labels))
    return kept


def _asked(
    rows: pd.DataFrame, raw: pd.DataFrame, source: sources.Raced
) -> tuple[pd.DataFrame, str]:
    """Return the columns that say the race of some rows, and the race column's name."""
    column = source.columns.get("race", "race")
    needed = source.race_columns()
    if "race" in source.columns or not needed:
        needed = [column, *needed]
    sources.require(raw, needed, file=source.file)
    return raw.loc[rows.index, needed].rename(columns={column: "race"}), column
