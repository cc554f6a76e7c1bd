"""The ledger: for every raw file, what was read, used, noted and set aside, and why."""

from dataclasses import dataclass, field

import pandas as pd

READ, USED, NOTED, SET_ASIDE = "read", "used", "noted", "set aside"
COLUMNS = ["kind", "file", "title", "action", "rule", "rows"]
FOUND = ["kind", "file", "action", "rule", "row"]
LISTED = 1000  # rows of one rule that are listed for whoever mends the file


@dataclass
class Ledger:
    """What happened to the rows of one raw file, in the order in which it happened.

    The rows read equal the rows used plus the rows set aside. Rows noted are used as
    well, in the way that the note says.

    Attributes
    ----------
    kind
        The kind of raw file, such as `requests`.
    file
        The file's name below the raw folder.
    read
        Rows in the file.
    title
        The file's name for readers.
    entries
        Action, rule and rows, in order.
    found
        Action, rule, and data rows (or numbers of requests) it applied to: for
        whoever mends the raw file, and never published.

    Examples
    --------
    >>> ledger = Ledger("requests", "a.csv", read=12)
    >>> kept = ledger.set_aside(pd.DataFrame({"a": [1, 2]}),
    ...                         {"too large": pd.Series([False, True])})
    >>> ledger.frame().set_index("action")["rows"].to_dict()
    {'read': 12, 'set aside': 1, 'used': 11}
    """

    kind: str
    file: str
    read: int
    title: str = ""
    entries: list[tuple[str, str, int]] = field(default_factory=list)
    found: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def note(self, rule: str, rows: int | pd.Series) -> None:
        """Note rows that are used, in a way that the reader should know of.

        Parameters
        ----------
        rule
            What was done with them, in words for the report.
        rows
            How many; or a boolean Series on the raw table's index, which says which.
        """
        if isinstance(rows, pd.Series):
            self._point_out(NOTED, rule, rows)
            rows = int(rows.sum())
        self.counted(NOTED, rule, rows)

    def counted(self, action: str, rule: str, rows: int) -> None:
        """Enter rows that an engine has counted.

        Parameters
        ----------
        action
            `noted` or `set aside`.
        rule
            In words for the report.
        rows
            How many; nothing is entered for none.
        """
        if rows:
            self.entries.append((action, rule, int(rows)))

    def _point_out(self, action: str, rule: str, applies: pd.Series) -> None:
        """Keep which data rows a rule applied to; row 1 is right under the header."""
        rows = [str(row + 1) for row in applies.index[applies][:LISTED]]
        if rows:
            self.found.append((action, rule, rows))

    def set_aside(
        self, frame: pd.DataFrame, rules: dict[str, pd.Series]
    ) -> pd.DataFrame:
        """Drop the rows that a rule applies to; count each under its first rule.

        Parameters
        ----------
        frame
            Rows of the file.
        rules
            A rule in words, to a boolean Series on the frame's index.

        Returns
        -------
        DataFrame
            The rows that no rule applies to.
        """
        left = pd.Series(True, index=frame.index)
        for rule, applies in rules.items():
            hit = left & applies.fillna(False).astype(bool)
            self._point_out(SET_ASIDE, rule, hit)
            self.counted(SET_ASIDE, rule, hit.sum())
            left &= ~hit
        return frame[left].copy()

    def frame(self) -> pd.DataFrame:
        """Return the ledger as a table.

        Returns
        -------
        DataFrame
            Columns of `COLUMNS`; first the rows read, last the rows used.
        """
        aside = sum(rows for action, _, rows in self.entries if action == SET_ASIDE)
        lines = [
            (READ, READ, self.read),
            *self.entries,
            (USED, USED, self.read - aside),
        ]
        named = (self.kind, self.file, self.title or self.file)
        rows = [(*named, *line) for line in lines]
        return pd.DataFrame(rows, columns=COLUMNS).astype({"rows": "int64"})

    def listing(self) -> pd.DataFrame:
        """List the rows that were noted or set aside, for whoever mends the file.

        Returns
        -------
        DataFrame
            Columns of `FOUND`, at most `LISTED` rows a rule; `row` is text: a data
            row (1 is the first under the header) or a request's number.
        """
        rows = [
            (self.kind, self.file, action, rule, row)
            for action, rule, numbers in self.found
            for row in numbers[:LISTED]
        ]
        return pd.DataFrame(rows, columns=FOUND, dtype="str")


def summary(files: pd.DataFrame, ledger: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """List the files of some kinds, with the rows read of each.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    ledger
        As `prepare.load` returns it.
    *kinds
        Kinds of raw file, such as `requests`; every kind if none is named.

    Returns
    -------
    DataFrame
        Columns `title, source, vintage, licence, checksum` (the first digits of the
        SHA-256), and `rows` (read).

    Examples
    --------
    >>> files = pd.DataFrame({"kind": ["areas"], "file": ["a"], "title": ["Tracts"],
    ...     "source": ["City"], "vintage": ["2010"], "licence": [""], "sha256": ["f"]})
    >>> summary(files, Ledger("areas", "a", 3).frame(), "areas")["rows"].to_list()
    [3]
    """
    read = ledger[ledger["action"] == READ].set_index(["kind", "file"])["rows"]
    chosen = files[files["kind"].isin(kinds)] if kinds else files
    keys = pd.MultiIndex.from_frame(chosen[["kind", "file"]])
    return pd.DataFrame(
        {
            "title": chosen["title"],
            "source": chosen["source"].replace("", "not stated"),
            "vintage": chosen["vintage"].replace("", "not stated"),
            "licence": chosen["licence"].replace("", "not stated"),
            "checksum": chosen["sha256"].str[:12],
            "rows": read.loc[keys].to_numpy(),
        }
    ).reset_index(drop=True)


def fate(ledger: pd.DataFrame) -> pd.DataFrame:
    """Say what became of the rows of each file: used, or set aside by which rule.

    Parameters
    ----------
    ledger
        As `prepare.load` returns it.

    Returns
    -------
    DataFrame
        Columns `file, title, rule, rows` and `share` (of the rows read); in each file
        the rows add up to those read.

    Examples
    --------
    >>> fate(Ledger("areas", "a", 3).frame())[["rule", "rows", "share"]]
       rule  rows  share
    0  used     3    1.0
    """
    read = ledger[ledger["action"] == READ].set_index(["kind", "file"])["rows"]
    rows = ledger[ledger["action"].isin([USED, SET_ASIDE])]
    keys = pd.MultiIndex.from_frame(rows[["kind", "file"]])
    table = rows[["file", "title", "rule", "rows"]].reset_index(drop=True)
    return table.assign(share=table["rows"] / read.loc[keys].to_numpy())


def of_day(
    files: pd.DataFrame, recorded: pd.DataFrame, kind: str, day: pd.Timestamp
) -> pd.DataFrame:
    """Leave out the files of a kind that are of another day.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    recorded
        As `prepare.load` returns it.
    kind
        Such as `workers`.
    day
        The day that is meant.

    Returns
    -------
    DataFrame
        `files` without them.

    Examples
    --------
    >>> days = pd.to_datetime(["2020-12-31", "2021-12-31"])
    >>> files = pd.DataFrame({"kind": "workers", "file": ["a", "b"]})
    >>> of_day(files, files.assign(as_of=days), "workers", days[1])["file"].to_list()
    ['b']
    """
    others = recorded[(recorded["kind"] == kind) & (recorded["as_of"] != day)]
    left = files["file"].isin(others["file"]) & files["kind"].eq(kind)
    return files[~left]


def rows_are(files: pd.DataFrame, kind: str, otherwise: str) -> str:
    """Say what the rows of a kind of file are, for sentences.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    kind
        Such as `workers`.
    otherwise
        What to say where `sources.yaml` does not.

    Returns
    -------
    str
        In the plural, such as `police department employees`.

    Examples
    --------
    >>> files = pd.DataFrame({"kind": ["workers"], "rows_are": ["city nurses"]})
    >>> rows_are(files, "workers", "employees"), rows_are(files, "requests", "requests")
    ('city nurses', 'requests')
    """
    named = files.loc[files["kind"] == kind, "rows_are"]
    return " and ".join(dict.fromkeys(name for name in named if name)) or otherwise


def vintages(files: pd.DataFrame, kind: str) -> str:
    """Say of which time the files of a kind are.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    kind
        Such as `events`.

    Returns
    -------
    str
        Their vintages; empty if there is no such file.

    Examples
    --------
    >>> files = pd.DataFrame({"kind": ["events"], "vintage": ["2023 to 2025"]})
    >>> vintages(files, "events"), vintages(files, "workers")
    ('2023 to 2025', '')
    """
    named = files.loc[files["kind"] == kind, "vintage"]
    return " and ".join(dict.fromkeys(name for name in named if name))


def capital(words: str) -> str:
    """Begin with a capital letter.

    Parameters
    ----------
    words
        Such as `sanitation code complaints`.

    Returns
    -------
    str
        The same.

    Examples
    --------
    >>> capital("311 requests"), capital("city nurses")
    ('311 requests', 'City nurses')
    """
    return words[:1].upper() + words[1:]


def cite(files: pd.DataFrame, *kinds: str) -> str:
    """Name the sources of some kinds in one line, for under a table or a figure.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    *kinds
        Kinds of raw file, such as `requests`.

    Returns
    -------
    str
        Titles, publishers and vintages; empty if there is no such file.

    Examples
    --------
    >>> files = pd.DataFrame({"kind": ["areas"], "title": ["Tracts"],
    ...                       "source": ["City of X"], "vintage": ["2010"]})
    >>> cite(files, "areas")
    'Tracts (City of X, 2010)'
    """
    chosen = files[files["kind"].isin(kinds)]
    parts = []
    for (title, source), same in chosen.groupby(["title", "source"], sort=False):
        facts = [source, *dict.fromkeys(same["vintage"])]
        parts.append(f"{title} ({', '.join(fact for fact in facts if fact)})")
    return "; ".join(parts)
