"""Intake: requests onto an engine, in the columns that `sources.yaml` declares.

Excel, JSON, and CSV files of a common size are read by `read.table`, which copes with
any encoding and layout, and handed to the engine. What is larger the engine reads.
"""

from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import pandas as pd

from equity.errors import InputError
from equity.prepare import read, sources
from equity.prepare.engine import engines, parts
from equity.prepare.quality import SET_ASIDE, Ledger

LARGE = 50_000_000  # bytes of CSV from which on an engine reads the file itself
GZIP = 8  # times that such a file grows, about


@dataclass(frozen=True)
class Rows:
    """Requests on an engine.

    Attributes
    ----------
    frame
        Columns named as under `columns` in `sources.yaml`, `race_0` and so on for
        others that say the race, and `row` (the data row) where that is known. All
        text, but for times, coordinates and numbers of requests that are stored as
        such; a blank is an empty text.
    names
        Its columns without `row`.
    types
        Of its columns.
    asked
        Columns that say the race, to their names in the file.
    ledger
        Rows read, notes on how, and rows set aside.
    """

    frame: nw.LazyFrame
    names: list[str]
    types: dict[str, nw.dtypes.DType]
    asked: dict[str, str]
    ledger: Ledger

    @property
    def shown(self) -> nw.Expr | None:
        """Say by what a row is found again.

        Returns
        -------
        Expr or None
            Its data row, or the request's own number, if either is known.
        """
        if "row" in self.types:
            return nw.col("row")
        if "request_id" in self.names:
            return nw.col("request_id").cast(nw.String)
        return None


def reads_itself(source: sources.Requests, folder: Path) -> bool:
    """Say whether the engine reads a file itself, rather than `read.table`.

    Parameters
    ----------
    source
        The file.
    folder
        The raw folder.

    Returns
    -------
    bool
        True for addresses, patterns, Parquet, and large plain CSV.

    Examples
    --------
    >>> source = sources.Requests(file="s3://bucket/*.parquet", data_until="2025-12-31",
    ...     columns={"opened": "o", "closed": "c", "area": "a"})
    >>> reads_itself(source, Path("."))
    True
    """
    if parts.REMOTE.match(source.file) or set(source.file) & set("*?["):
        return True
    odd = source.sheet or source.member or source.skip_rows or source.header_rows > 1
    if odd or source.encoding.lower() not in ("", "utf-8", "utf8", "utf-8-sig"):
        return False
    path = folder / source.file
    paths = parts.files(source.file, folder) if path.is_dir() else [str(path)]
    if all(part.lower().endswith(parts.PARQUET) for part in paths):
        return True
    if not all(part.lower().endswith(parts.DELIMITED) for part in paths):
        return False
    size = sum(
        Path(part).stat().st_size * (GZIP if part.lower().endswith(".gz") else 1)
        for part in paths
    )
    if size < LARGE:
        return False
    names, _ = parts.header(paths, file=source.file, delimiter=source.delimiter)
    return set(source.declared_columns()) <= set(names)


def take_in(source: sources.Requests, folder: Path, engine: engines.Engine) -> Rows:
    """Read the declared columns, by the engine or for it, and keep the rows meant.

    Parameters
    ----------
    source
        What the file means.
    folder
        The raw folder.
    engine
        To read it, or to be given it.

    Returns
    -------
    Rows
        Those that `keep` names; the others are set aside.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a declared column, or no row is left.

    Examples
    --------
    >>> from equity import project
    >>> declared = sources.read_sources(project.sources_file("sample"))
    >>> with engines.start("duckdb") as engine:
    ...     rows = take_in(declared.requests[0], project.raw_folder(), engine)
    >>> rows.ledger.kind, "opened" in rows.names
    ('requests', True)
    """
    asked = {f"race_{n}": name for n, name in enumerate(source.race_columns())}
    wanted = {**source.columns, **asked}
    if "race" in source.columns:
        asked = {"race": "race", **asked}
    needed = list(dict.fromkeys([*wanted.values(), *source.keep]))
    numbered = not reads_itself(source, folder)
    if numbered:
        table, ledger = read.table(source, folder=folder, kind="requests")
        sources.require(table, needed, file=source.named())
        places = {name: f"c{place}" for place, name in enumerate(needed)}
        plain = table[needed].rename(columns=places)
        frame = engine.upload(plain.assign(row=plain.index.to_numpy("int64") + 1))
        as_text = True
    else:
        paths = parts.files(source.file, folder)
        as_text = not paths[0].lower().endswith(parts.PARQUET)
        found = engine.read(paths, file=source.named(), delimiter=source.delimiter)
        sources.require(pd.DataFrame(columns=found.names), needed, file=source.named())
        places = {name: f"c{found.names.index(name)}" for name in needed}
        frame = found.frame
        with parts.reading(source.named()):
            count = engine.table(frame.select(nw.len().alias("rows")))["rows"].iloc[0]
        aside = sum(found.aside.values())
        ledger = Ledger("requests", source.named(), int(count) + aside, source.titled())
        for rule, number in found.aside.items():
            ledger.counted(SET_ASIDE, rule, number)
    if not ledger.read:
        raise InputError(f"{source.named()} has a header and no row; export it again")
    frame = _kept(frame, source, places, engine, ledger)
    types = frame.collect_schema()
    chosen = {name: _typed(places[file], types, name) for name, file in wanted.items()}
    if as_text and "request_id" in chosen:
        chosen["request_id"] = chosen["request_id"].str.strip_chars()
    frame = frame.select(**chosen, **({"row": nw.col("row")} if numbered else {}))
    types = dict(frame.collect_schema())
    return Rows(frame, list(wanted), types, asked, ledger)


def _typed(column: str, types: nw.Schema, name: str) -> nw.Expr:
    """Leave times, places and numbers of requests as they are; the rest is text."""
    kind, found = types[column], nw.col(column)
    if name in ("opened", "closed") and kind in (nw.Datetime, nw.Date):
        return found
    if name in ("latitude", "longitude") and kind.is_numeric():
        return found.cast(nw.Float64)
    if name == "request_id" and kind.is_integer():
        return found
    return found.cast(nw.String).fill_null("")


def _kept(
    frame: nw.LazyFrame,
    source: sources.Requests,
    places: dict[str, str],
    engine: engines.Engine,
    ledger: Ledger,
) -> nw.LazyFrame:
    """Keep the rows that `keep` names, such as one agency of a city's file."""
    if not source.keep:
        return frame
    rules: dict[str, nw.Expr] = {}
    for column, values in source.keep.items():
        text = nw.col(places[column]).cast(nw.String).fill_null("").str.strip_chars()
        exact = [value for value in values if not value.endswith("*")]
        meant = text.is_in(exact) if exact else nw.lit(False)
        for value in values:
            if value.endswith("*"):
                meant = meant | text.str.starts_with(value[:-1])
        wanted = " or ".join(values) if len(values) < 3 else "one of those kept"
        rules[f"{column} is not {wanted}"] = ~meant
    frame = frame.with_columns(aside=first_rule(list(rules.values())))
    found = engine.table(frame.group_by("aside").agg(rows=nw.len()))
    rows = found.set_index("aside")["rows"]
    for number, rule in enumerate(rules, start=1):
        ledger.counted(SET_ASIDE, rule, rows.get(number, 0))
    if not rows.get(0, 0):
        raise InputError(
            f"{source.named()}: no row is left; check 'keep' in sources.yaml"
        )
    return frame.filter(nw.col("aside") == 0).drop("aside")


def first_rule(rules: list[nw.Expr], otherwise: nw.Expr | None = None) -> nw.Expr:
    """Number the first rule that applies to a row.

    Parameters
    ----------
    rules
        Booleans.
    otherwise
        A number for rows to which none applies; 0 if not given.

    Returns
    -------
    Expr
        From 1, as 16-bit integers.

    Examples
    --------
    >>> with engines.start("duckdb") as engine:
    ...     rows = engine.upload(pd.DataFrame({"a": [1, 5, 9]}))
    ...     rules = [nw.col("a") > 8, nw.col("a") > 4]
    ...     engine.table(rows.select("a", rule=first_rule(rules)).sort("a"))
       a  rule
    0  1     0
    1  5     2
    2  9     1
    """
    chain = nw
    for number, applies in enumerate(rules, start=1):
        chain = chain.when(applies).then(nw.lit(number, nw.Int16))
    return chain.otherwise(nw.lit(0, nw.Int16) if otherwise is None else otherwise)
