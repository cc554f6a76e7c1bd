"""The ledger: for every raw file, what was read, used, noted and set aside, and why."""

from dataclasses import dataclass, field

import pandas as pd

READ, USED, NOTED, SET_ASIDE = "read", "used", "noted", "set aside"
COLUMNS = ["kind", "file", "action", "rule", "rows"]


@dataclass
class Ledger:
    """What happened to the rows of one raw file, in the order in which it happened.

    The rows read equal the rows used plus the rows set aside. Rows noted are used as
    well, in the way that the note says.

    Parameters
    ----------
    kind
        The kind of raw file, such as `requests`.
    file
        The file's name below the raw folder.
    read
        Rows in the file.
    entries
        Action, rule and rows, in order.

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
    entries: list[tuple[str, str, int]] = field(default_factory=list)

    def note(self, rule: str, rows: int) -> None:
        """Note rows that are used, in a way that the reader should know of.

        Parameters
        ----------
        rule
            What was done with them, in words for the report.
        rows
            How many.
        """
        if rows:
            self.entries.append((NOTED, rule, int(rows)))

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
            if hit.any():
                self.entries.append((SET_ASIDE, rule, int(hit.sum())))
            left &= ~hit
        return frame[left]

    def frame(self) -> pd.DataFrame:
        """Return the ledger as a table.

        Returns
        -------
        DataFrame
            Columns `kind, file, action, rule, rows`; first the rows read, last the
            rows used.
        """
        aside = sum(rows for action, _, rows in self.entries if action == SET_ASIDE)
        lines = [(READ, "", self.read), *self.entries, (USED, "", self.read - aside)]
        rows = [(self.kind, self.file, *line) for line in lines]
        return pd.DataFrame(rows, columns=COLUMNS).astype({"rows": "int64"})
