"""DuckDB, the engine inside this process. See `engines`."""

from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from equity.prepare.engine import parts
from equity.prepare.engine.engines import Engine, starts
from equity.prepare.engine.parts import Found
from equity.prepare.formats import grids

MEMORY = "2GB"  # what does not fit goes to a temporary folder
RAGGED = {"TOO MANY COLUMNS": grids.MORE, "MISSING COLUMNS": grids.FEWER}


class DuckDB(Engine):
    """DuckDB inside this process, out of core.

    Parameters
    ----------
    folder
        For what does not fit into memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(folder),
                "preserve_insertion_order": False,
            }
        )
        self.connection.execute("SET TimeZone = 'UTC'")
        # Where it is off it cannot be set either: a kernel without widgets refuses.
        shown = "SELECT current_setting('enable_progress_bar')"
        if self.connection.execute(shown).fetchall()[0][0]:
            self.connection.execute("SET enable_progress_bar = false")
        self.kept = 0

    def upload(self, frame: pd.DataFrame) -> nw.LazyFrame:
        """Give a table to the engine, without a copy."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return nw.from_native(self.connection.from_arrow(table))

    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """Put a frame into a table."""
        self.kept += 1
        name = f"kept_{self.kept}"
        frame.to_native().create(name)
        return nw.from_native(self.connection.table(name))

    def fetch(self, frame: nw.LazyFrame) -> pa.Table:
        """Work out a frame and bring it here."""
        native = frame.to_native()
        if hasattr(native, "to_arrow_table"):
            return native.to_arrow_table()
        return native.fetch_arrow_table()

    def hashed(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Add `{name}_hash`, a whole number that equal values share."""
        native = frame.to_native()
        return nw.from_native(native.project(f'*, hash("{name}") AS "{name}_hash"'))

    def repeated(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """List the whole numbers that a column has more than once.

        Sorted here, at eight bytes a row: a third of the time, and a fifth of the
        memory, of grouping them.
        """
        seen = self._in_order(frame, name)
        again = np.unique(seen[1:][seen[1:] == seen[:-1]])
        return self.upload(pd.DataFrame({name: again}))

    def tallied(self, frame: nw.LazyFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Count the rows of each whole number of a column.

        Sorted here, as for `repeated`; they have to be in order anyway.
        """
        seen = self._in_order(frame, name)
        first = starts(seen)
        rows = np.empty_like(first)
        np.subtract(first[1:], first[:-1], out=rows[:-1])
        rows[-1:] = len(seen) - first[-1:]
        return seen[first], rows

    def _in_order(self, frame: nw.LazyFrame, name: str) -> np.ndarray:
        found = self.fetch(frame.select(name))[name]
        return np.sort(found.to_numpy())

    def days(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Add `{name}_day` and `{name}_second` (UTC) of a column of days or moments."""
        moment = f'"{name}"::TIMESTAMP'
        day = f"({moment}::DATE - DATE '1970-01-01')"
        second = f"(epoch_us({moment}) - {day} * 86400000000) // 1000000"
        added = f'{day}::INT AS "{name}_day", ({second})::INT AS "{name}_second"'
        return nw.from_native(frame.to_native().project(f"*, {added}"))

    def forget(self) -> None:
        """Let go of all that was kept."""
        for number in range(1, self.kept + 1):
            self.connection.execute(f"DROP TABLE IF EXISTS kept_{number}")

    def parquet(self, paths: list[str]) -> Found:
        """Read Parquet files with the same columns."""
        found = self.connection.read_parquet(paths, union_by_name=len(paths) > 1)
        return self._numbered(found)

    def delimited(self, paths: list[str], *, file: str, delimiter: str) -> Found:
        """Read CSV files with the same columns as text; set aside ragged rows."""
        options = {"quote": '"', "escape": '"', "header": True, "strict_mode": True}
        if parts.REMOTE.match(paths[0]):  # the engine finds the header
            options |= {"all_varchar": True}
            options |= {"delim": delimiter} if delimiter else {}
        else:
            names, delimiter = parts.header(paths, file=file, delimiter=delimiter)
            columns = {name: "VARCHAR" for name in parts.different(names)}
            options |= {"auto_detect": False, "columns": columns, "delim": delimiter}
        options |= {"store_rejects": True, "rejects_limit": 0}
        listed = ", ".join(
            f"{key} = {_literal(value)}" for key, value in options.items()
        )
        found = self.connection.sql(f"FROM read_csv({_literal(paths)}, {listed})")
        names = found.columns
        beside = self.folder / "read.parquet"
        found.write_parquet(str(beside), compression="lz4")
        aside = self._rejected(file)
        kept = self.connection.read_parquet(str(beside))
        return Found(self._numbered(kept).frame, names, aside)

    def _numbered(self, found: Any) -> Found:
        names = list(found.columns)
        quoted = [name.replace('"', '""') for name in names]
        numbered = found.project(
            ", ".join(f'"{name}" AS c{place}' for place, name in enumerate(quoted))
        )
        return Found(nw.from_native(numbered), names)

    def _rejected(self, file: str) -> dict[str, int]:
        """Count the lines that did not fit, each under its first fault."""
        faults = self.connection.sql(
            "SELECT error, count(*) AS rows FROM (SELECT file_id, line, "
            "min(error_type::VARCHAR) AS error FROM reject_errors GROUP BY ALL) "
            "GROUP BY ALL"
        ).fetchall()
        for error, rows in faults:
            if "ENCODING" in error or "UNICODE" in error:
                raise parts.not_utf8(file, rows)
        rules: dict[str, int] = {}
        for error, rows in faults:
            rule = RAGGED.get(error, grids.QUOTES)
            rules[rule] = rules.get(rule, 0) + rows
        return rules

    def close(self) -> None:
        """End it."""
        self.connection.close()


def _literal(value: object) -> str:
    """Write a value in SQL."""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, dict):
        inside = ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return "'" + str(value).replace("'", "''") + "'"
