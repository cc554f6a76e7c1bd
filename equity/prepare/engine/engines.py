"""Engines: what counts the rows of large files, through one dataframe layer.

An *engine* reads Parquet and CSV files, local or where it can reach them, and follows
expressions of Narwhals, which mean the same on each. `duckdb` runs inside this process
and needs nothing else; `spark` starts a local Spark session, or uses the one there
is; an address such as `sc://host:15002` is a Spark Connect server's.
"""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from equity.errors import InputError, ParamsError
from equity.prepare.engine import parts


class Engine(ABC):
    """What an engine can do beside following expressions."""

    @abstractmethod
    def upload(self, frame: pd.DataFrame) -> nw.LazyFrame:
        """Give a table to the engine.

        Parameters
        ----------
        frame
            A table here.

        Returns
        -------
        LazyFrame
            The same on the engine.
        """

    @abstractmethod
    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """Work out a frame once, for several uses.

        Parameters
        ----------
        frame
            Of this engine.

        Returns
        -------
        LazyFrame
            The same, which costs nothing to use again.
        """

    @abstractmethod
    def fetch(self, frame: nw.LazyFrame) -> pa.Table:
        """Work out a frame and bring it here.

        Parameters
        ----------
        frame
            Of this engine.

        Returns
        -------
        Table
            Its rows, in no order.
        """

    @abstractmethod
    def forget(self) -> None:
        """Let go of all that was kept."""

    @abstractmethod
    def hashed(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Add `{name}_hash`, a whole number that equal values share.

        Parameters
        ----------
        frame
            Of this engine.
        name
            A column.

        Returns
        -------
        LazyFrame
            With it. Different values may share one too, hardly ever.
        """

    @abstractmethod
    def days(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Take apart a column that is stored as days or moments.

        Parameters
        ----------
        frame
            Of this engine.
        name
            The column.

        Returns
        -------
        LazyFrame
            With `{name}_day` (since 1970) and `{name}_second` (of the day), in UTC if
            moments have a zone.
        """

    @abstractmethod
    def parquet(self, paths: list[str]) -> parts.Found:
        """Read Parquet files with the same columns.

        Parameters
        ----------
        paths
            Files, or addresses.

        Returns
        -------
        Found
            Columns of the files' types.
        """

    @abstractmethod
    def delimited(self, paths: list[str], *, file: str, delimiter: str) -> parts.Found:
        """Read CSV files with the same columns as text; set aside ragged rows.

        Parameters
        ----------
        paths
            Files, or addresses.
        file
            What to call them in errors.
        delimiter
            Found from the header if empty.

        Returns
        -------
        Found
            Columns of text.

        Raises
        ------
        InputError
            If they are not UTF-8, or have different columns.
        """

    def read(self, paths: list[str], *, file: str, delimiter: str = "") -> parts.Found:
        """Read files of one kind.

        Parameters
        ----------
        paths
            As `files` lists them.
        file
            What to call them in errors.
        delimiter
            Of CSV files; found from the header if empty.

        Returns
        -------
        Found
            What they hold.

        Raises
        ------
        InputError
            If the engine cannot read them, without any of their values.
        """
        is_parquet = [path.lower().endswith(parts.PARQUET) for path in paths]
        if len(set(is_parquet)) > 1:
            raise InputError(f"{file} holds Parquet and CSV files; keep one kind")
        with parts.reading(file):
            if is_parquet[0]:
                return self.parquet(paths)
            return self.delimited(paths, file=file, delimiter=delimiter)

    def repeated(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """List the whole numbers that a column has more than once.

        Parameters
        ----------
        frame
            Of this engine.
        name
            The column.

        Returns
        -------
        LazyFrame
            That column, each such number once, worked out.
        """
        rows = frame.group_by(name).agg(rows=nw.len()).filter(nw.col("rows") > 1)
        return self.keep(rows.select(name))

    def tallied(self, frame: nw.LazyFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Count the rows of each whole number of a column.

        Parameters
        ----------
        frame
            Of this engine.
        name
            The column.

        Returns
        -------
        tuple of array
            The numbers, in order, and how many rows have each.
        """
        found = self.fetch(frame.group_by(name).agg(rows=nw.len()))
        numbers = found[name].to_numpy()
        order = np.argsort(numbers)
        return numbers[order], found["rows"].to_numpy()[order].astype("int64")

    def table(self, frame: nw.LazyFrame) -> pd.DataFrame:
        """Work out a frame and bring it here as pandas.

        Parameters
        ----------
        frame
            Of this engine.

        Returns
        -------
        DataFrame
            Its rows, in no order.
        """
        return self.fetch(frame).to_pandas()


@contextmanager
def start(engine: str) -> Iterator[Engine]:
    """Start an engine, and end it.

    Parameters
    ----------
    engine
        `duckdb`, `spark`, or the address of a Spark Connect server.

    Yields
    ------
    Engine
        Ready.

    Raises
    ------
    ParamsError
        If it is not known, or what it needs is not there.

    Examples
    --------
    >>> with start("dask"):
    ...     pass
    Traceback (most recent call last):
    equity.errors.ParamsError: engine: 'dask' is not known; duckdb, spark, or the
    address of a Spark Connect server (sc://...)
    """
    if engine != "duckdb" and engine != "spark" and not engine.startswith("sc://"):
        raise ParamsError(
            f"engine: {engine!r} is not known; duckdb, spark, or the address of a "
            "Spark Connect server (sc://...)"
        )
    with tempfile.TemporaryDirectory(prefix="equity-") as folder:
        running = _running(engine, Path(folder))
        try:
            yield running
        finally:
            running.close()


def starts(numbers: np.ndarray) -> np.ndarray:
    """Find where numbers in order change.

    Parameters
    ----------
    numbers
        In order.

    Returns
    -------
    array
        The positions of the first of each.

    Examples
    --------
    >>> starts(np.array([3, 3, 5])).tolist()
    [0, 2]
    """
    changed = np.ones(len(numbers), dtype=bool)
    np.not_equal(numbers[1:], numbers[:-1], out=changed[1:])
    return np.flatnonzero(changed)


def _running(engine: str, folder: Path) -> Engine:
    """Import an engine only when it is wanted: they are large."""
    if engine == "duckdb":
        from equity.prepare.engine.duck import DuckDB

        return DuckDB(folder)
    from equity.prepare.engine.spark import Spark

    return Spark(engine)
