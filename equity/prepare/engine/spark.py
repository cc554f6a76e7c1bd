"""Spark, the engine where a city has outgrown one machine. See `engines`."""

import os
import shutil
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from equity.errors import ParamsError
from equity.prepare.engine import parts
from equity.prepare.engine.engines import Engine
from equity.prepare.engine.parts import Found

BROKEN = "\ufffd"  # what Spark puts in place of bytes that are not UTF-8


class Spark(Engine):
    """Spark: a local session, the one there is, or one behind an address.

    Parameters
    ----------
    address
        `spark`, or the address of a Spark Connect server.
    """

    def __init__(self, address: str) -> None:
        self.ours = False
        self.kept: list[Any] = []
        self.session = self._session(address)

    def _session(self, address: str) -> Any:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ParamsError(
                f"engine: {address} needs pyspark; install the extra: "
                "pip install 'equity-notebooks[spark]'"
            ) from error
        if address != "spark":
            return SparkSession.builder.remote(address).getOrCreate()
        active = SparkSession.getActiveSession()
        if active is not None:
            session = active.newSession()
        else:
            if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
                raise ParamsError(
                    "engine: a local Spark needs Java 17 or later, which is not found; "
                    "install it, or use engine: duckdb, which needs nothing"
                )
            self.ours = True
            settings = {
                "spark.ui.enabled": "false",
                "spark.ui.showConsoleProgress": "false",
                "spark.log.level": "OFF",
                "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
                "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1",
            }
            building = SparkSession.builder.master("local[*]").appName("equity")
            for key, value in settings.items():
                building = building.config(key, value)
            session = building.getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return session

    def upload(self, frame: pd.DataFrame) -> nw.LazyFrame:
        """Give a table to the engine."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return nw.from_native(self.session.createDataFrame(table))

    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """Ask Spark to keep a frame once it is worked out."""
        native = frame.to_native().persist()
        self.kept.append(native)
        return nw.from_native(native)

    def fetch(self, frame: nw.LazyFrame) -> pa.Table:
        """Work out a frame and bring it here."""
        return frame.to_native().toArrow()

    def hashed(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Add `{name}_hash`, a whole number that equal values share."""
        native = frame.to_native()
        return nw.from_native(
            native.selectExpr("*", f"xxhash64({name}) AS {name}_hash")
        )

    def days(self, frame: nw.LazyFrame, name: str) -> nw.LazyFrame:
        """Add `{name}_day` and `{name}_second` (UTC) of a column of days or moments."""
        clock = f"hour({name}) * 3600 + minute({name}) * 60 + second({name})"
        return nw.from_native(
            frame.to_native().selectExpr(
                "*",
                f"unix_date(CAST({name} AS DATE)) AS {name}_day",
                f"CAST({clock} AS INT) AS {name}_second",
            )
        )

    def forget(self) -> None:
        """Let go of all that was kept."""
        for frame in self.kept:
            frame.unpersist()
        self.kept = []

    def parquet(self, paths: list[str]) -> Found:
        """Read Parquet files with the same columns."""
        found = self.session.read.option("mergeSchema", len(paths) > 1).parquet(*paths)
        return Found(self._numbered(found, found.columns), list(found.columns))

    def delimited(self, paths: list[str], *, file: str, delimiter: str) -> Found:
        """Read CSV files with the same columns as text; set aside ragged rows."""
        from pyspark.sql import functions as F

        if parts.REMOTE.match(paths[0]):
            lines = self.session.read.text(paths[0]).limit(1).collect()
            names, delimiter = parts.divided(
                "".join(lines[0]) if lines else "", delimiter
            )
        else:
            names, delimiter = parts.header(paths, file=file, delimiter=delimiter)
        columns = [f"c{place}" for place in range(len(names))]
        schema = ", ".join(f"{name} STRING" for name in [*columns, "corrupt"])
        found = (
            self.session.read.schema(schema)
            .option("header", True)
            .option("enforceSchema", True)
            .option("sep", delimiter)
            .option("escape", '"')
            .option("multiLine", True)
            .option("mode", "PERMISSIVE")
            .option("columnNameOfCorruptRecord", "corrupt")
            .csv(paths)
            .persist()  # the column of corrupt records needs all others
        )
        self.kept.append(found)
        lines = [
            row[0]
            for row in found.filter("corrupt IS NOT NULL").select("corrupt").collect()
        ]
        good = found.filter("corrupt IS NULL").drop("corrupt")
        text = F.concat_ws("", *[F.col(name) for name in columns])
        broken = good.filter(text.contains(BROKEN)).count()
        if broken:
            raise parts.not_utf8(file, broken)
        rules: dict[str, int] = {}
        for line in lines:
            rule = parts.ragged(line, delimiter, len(names))
            rules[rule] = rules.get(rule, 0) + 1
        return Found(nw.from_native(good), names, rules)

    def _numbered(self, found: Any, names: list[str]) -> nw.LazyFrame:
        return nw.from_native(found.toDF(*[f"c{place}" for place in range(len(names))]))

    def close(self) -> None:
        """Let go of what was kept; end a session that was started here."""
        self.forget()
        if self.ours:
            self.session.stop()
