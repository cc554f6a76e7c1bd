"""What all tables of people share: their columns, their days and their race."""

import pandas as pd

from equity import race
from equity.prepare import sources
from equity.prepare.quality import Ledger

NO_RACE = "no race on record"
LABELS = 5  # labels that the ledger names one by one


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
    column = source.columns.get("race", "race")
    needed = source.race_columns()
    if "race" in source.columns or not needed:
        needed = [column, *needed]
    sources.require(raw, needed, file=source.file)
    asked = raw.loc[rows.index, needed].rename(columns={column: "race"})
    found = race.read(
        asked, source, standard=standard, where=source.file, column=column
    )
    for rule in found.marks:
        ledger.note(rule, found.marks[rule])
    ledger.note(NO_RACE, found.group.isin(race.UNKNOWN))
    return rows.assign(race=found.group, detail=found.detail)


def undeclared(text: pd.Series, known: list[str], rule: str) -> dict[str, pd.Series]:
    """Make the rules that set aside rows whose label nobody has declared.

    Parameters
    ----------
    text
        One label a row.
    known
        The declared labels.
    rule
        In words, with `{label}` for the label.

    Returns
    -------
    dict
        One rule a label, so that each has its count; or one for all together where
        they are more than `LABELS` and hardly a vocabulary.

    Examples
    --------
    >>> found = undeclared(pd.Series(["Fire", "Fleet"]), ["Fire"],
    ...                    "{label} is not a declared department")
    >>> {rule: rows.to_list() for rule, rows in found.items()}
    {"'Fleet' is not a declared department": [False, True]}
    """
    strange = ~text.isin(known)
    labels = sorted(text[strange].unique())
    if len(labels) > LABELS:
        return {rule.format(label="its label"): strange}
    return {rule.format(label=repr(label)): text == label for label in labels}
