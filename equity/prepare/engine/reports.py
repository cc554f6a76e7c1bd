"""Further reports of requests: linked to the request that they repeat, and counted.

A request is the first *report* of something; *further reports* of the same thing are
what the city marks as duplicates, or what the rule of `incident_days` tells. How many
come while a request is open says how readily people report. The *window* of a request
opens with its first report and ends when the request is closed, the data end, or a
number of days has passed.

Reports and the requests they name are few, and only they leave the engine. Requests
without a further report are counted there, by the length of their window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow.compute as pc

from equity.prepare.engine import packed
from equity.prepare.engine.engines import Engine
from equity.prepare.engine.lookups import STATES
from equity.prepare.engine.repeats import as_text
from equity.prepare.engine.stamps import DAY
from equity.prepare.engine.windows import MOMENTS, REPORT, length, within
from equity.prepare.quality import LISTED

FEW = 200_000  # rows of which examples are listed
OWN, OTHER = "own_hash", "other_hash"  # a report's number, and the one that it names

LINKED = "a further report, linked to the request that it repeats"
BEFORE = (
    "a further report made before the request that it repeats; reports are counted "
    "from the first on"
)
LATE = "a further report, not linked: made while no request that it repeats was open"
ASIDE = "a further report, not linked: the request that it repeats is set aside"
OTHERS = "a further report, not linked: it repeats a request of other quarters"
MISSING = "a further report, not linked: it names a request that is not in the file"
CIRCLE = "a further report, not linked: reports that name each other in a circle"
UNNAMED = "a further report, not linked: it names no other request"
UNPLACED = "a further report, not linked: it has no place"
ALONE = "a further report, not linked: no earlier request is counted at its place"


@dataclass
class Linked:
    """What became of the further reports of a file.

    Attributes
    ----------
    requests
        One row a request with further reports: `ward`, `kind`, `quarter`, `plain` (the
        length of its window were it without any), `window` (its length) and
        `duplicates` (further reports in it).
    notes
        Rule to how many reports.
    examples
        Rule to data rows, or numbers, of some that could not be linked.
    """

    requests: pd.DataFrame
    notes: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)


def prepared(
    engine: Engine,
    rows: nw.LazyFrame,
    *,
    marked: nw.Expr,
    other: nw.Expr | None,
    until: int,
    most: int,
) -> nw.LazyFrame:
    """Add what links reports: marks, lengths of windows, and hashes of numbers.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        With `state` and `windows.MOMENTS`, and with `request_id` for the numbers.
    marked
        Which rows the city marked as further reports.
    other
        The number that a row names, or none to link by place.
    until
        The last day of the data, since 1970.
    most
        How many days a window lasts at most.

    Returns
    -------
    LazyFrame
        With `marked` (1, or 2 if its day is known and it is not cancelled), `window`
        (as if no report came), and `OWN` and `OTHER`, missing where there is none.
    """
    opened = nw.col("opened_day")
    counts = ~opened.is_null() & (opened <= until)
    counts = counts & (nw.col("state") != STATES["cancelled"])
    mark = nw.when(marked & counts).then(nw.lit(2, nw.Int8))
    mark = mark.when(marked).then(nw.lit(1, nw.Int8)).otherwise(nw.lit(0, nw.Int8))
    rows = rows.with_columns(marked=mark, window=length(until, most))
    if other is None:
        return rows
    own = nw.col("request_id").cast(nw.String).str.strip_chars()
    rows = rows.with_columns(own=own, other=other)
    for name in ("own", "other"):
        rows = engine.hashed(rows, name)
        given = nw.when(nw.col(name) != "").then(nw.col(f"{name}_hash"))
        rows = rows.with_columns(given.alias(f"{name}_hash"))
    return rows


def roots(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow reports that name reports to the request that all of them repeat.

    Parameters
    ----------
    own
        The number of each report; 0 if it has none.
    other
        The number that it names; 0 if it names none.

    Returns
    -------
    tuple of ndarray
        The last number named, by a report that is itself no further report or is not
        here; and whether there is none, since the names run in a circle. Each step
        goes twice as far as the one before, so that long chains cost little.

    Examples
    --------
    >>> own, other = np.array([2, 3, 5, 6, 7]), np.array([1, 2, 6, 5, 9])
    >>> last, circle = roots(own, other)
    >>> last[~circle].tolist(), circle.tolist()
    ([1, 1, 9], [False, False, True, True, False])
    """
    order = np.argsort(own, kind="stable")
    names, up = own[order], other.copy()
    again = np.zeros(len(own), dtype=bool)
    for _ in range(len(own).bit_length() + 1 if len(own) else 0):
        place = np.minimum(np.searchsorted(names, up), len(names) - 1)
        again = (names[place] == up) & (up != 0)
        if not again.any():
            break
        up = np.where(again, up[order[place]], up)
    return up, again


def by_number(
    engine: Engine, rows: nw.LazyFrame, *, until: int, most: int, elsewhere: list[int]
) -> Linked:
    """Link reports to requests by the numbers that they name.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        `OWN` and `OTHER` (missing where there is none), `marked` (1 for a further
        report, 2 if its day is known and it is not cancelled), `rule`, `ward`,
        `quarter` and `MOMENTS`; perhaps `kind` and `found`.
    until, most
        As in `length`.
    elsewhere
        Rules about rows of other quarters.

    Returns
    -------
    Linked
        Of all requests that are counted. A report made before the request that it
        repeats opens the window, if it came at most `most` days before.
    """
    columns = [OWN, OTHER, "marked", "rule", *MOMENTS[:2]]
    reports = _fetched(engine, rows.filter(nw.col("marked") > 0).select(*columns))
    last, circle = roots(reports[OWN].to_numpy(), reports[OTHER].to_numpy())
    reports = reports.assign(root=last, circle=circle)
    named = reports.loc[~circle & (last != 0), "root"].unique()
    requests = _none(rows)
    if len(named):
        wanted = engine.upload(pd.DataFrame({OWN: named}))
        found = rows.join(wanted, on=OWN, how="semi").select(*_told(rows), OWN, "rule")
        requests = _fetched(engine, found)
    requests = requests.rename(columns={OWN: "root", "rule": "of_root"})
    both = reports.merge(requests, on="root", how="left", suffixes=("_report", ""))
    both = both.rename(
        columns={
            f"opened_{part}_report": f"report_{part}" for part in ("day", "second")
        }
    )
    counted = both["of_root"].eq(0) & both["marked"].eq(2)
    linked, used = _windows(both[counted], until, most)
    fate = pd.Series(ASIDE, both.index)
    fate = fate.mask(both["of_root"].isin(elsewhere), OTHERS)
    fate = fate.mask(both["of_root"].isna(), MISSING)
    fate = (
        fate.mask(both["root"].eq(0), ASIDE)
        .mask(both[OTHER].eq(0), UNNAMED)
        .mask(both["circle"], CIRCLE)
    )
    fate = fate.mask(counted, LATE)
    fate[used.index[used["linked"]]] = LINKED
    quiet = both["rule"].isin(elsewhere) & fate.ne(LINKED)
    told = both["marked"].eq(2) & ~quiet
    notes = fate[told].value_counts().to_dict() | {BEFORE: int(used["early"].sum())}
    return Linked(linked, notes, _examples(engine, rows, both[told], fate[told]))


def by_place(
    engine: Engine,
    rows: nw.LazyFrame,
    *,
    until: int,
    most: int,
    again: int,
    keys: list[list[str]],
    outside: tuple[int, int],
) -> Linked:
    """Link reports to the request that was open where they are.

    Parameters
    ----------
    engine
        That the rows are on.
    rows
        As for `by_number`, with `spot` (missing without a place) for the numbers.
    until, most
        As in `length`.
    again
        The rule by which `incident_days` set reports aside; 0 without.
    keys
        Columns that a report shares with its request; if none is open with the first
        list of them, the next is tried.
    outside
        The first and the last day of the quarters counted.

    Returns
    -------
    Linked
        Of all requests that are counted. Of several open, the latest is meant.
    """
    mine = (nw.col("marked") == 2) | ((nw.col("rule") == again) & (nw.col("rule") > 0))
    place = [name for name in ("spot", "kind") if name in rows.collect_schema()]
    reports = rows.filter(mine).select(
        *place,
        "marked",
        report_day=nw.col("opened_day"),
        report_second=nw.col("opened_second"),
    )
    alike = [*place, "marked", *REPORT]
    reports = _fetched(
        engine, reports.group_by(*alike).agg(reports=nw.len()), missing=-1
    )
    reports = reports.sort_values(alike, ignore_index=True)
    reports["report"] = reports.index
    used = rows.filter((nw.col("rule") == 0) & ~nw.col("spot").is_null())
    used = used.select(*_told(rows), "spot")
    placed = reports["spot"] >= 0
    fate = pd.Series(UNPLACED, reports.index).mask(placed, ALONE)
    rest, parts = reports[placed], []
    for shared in keys:
        if shared != place:  # only the city's mark can mean another category
            rest = rest[rest["marked"] > 0]
        there, earlier = _open_there(engine, used, rest, shared, most)
        fate[earlier] = LATE
        fate[there["report"]] = LINKED
        parts.append(there)
        rest = rest[~rest["report"].isin(there["report"])]
    beyond = ~reports["report_day"].between(*outside) & fate.ne(LINKED)
    notes = reports["reports"].groupby(fate.mask(beyond)).sum().to_dict()
    links = pd.concat(parts, ignore_index=True)
    columns = [*_told(rows), "spot"]
    requests = links.groupby(columns, as_index=False)["reports"].sum()
    plain = _measured(requests, until, most)
    requests = requests.assign(
        plain=plain, window=plain, duplicates=requests["reports"]
    )
    return Linked(requests[_kept(requests)], notes)


def counted(
    numbers: np.ndarray,
    incidents: np.ndarray,
    requests: pd.DataFrame,
    most: Mapping[str, int],
) -> dict[str, np.ndarray]:
    """Put the requests with further reports beside those without.

    Parameters
    ----------
    numbers
        Packed parts of all requests that are counted, in order, as if none had a
        further report.
    incidents
        How many requests have each.
    requests
        Of `Linked`.
    most
        The packed parts and their largest values: `ward`, `kind`, `quarter`, `window`.

    Returns
    -------
    dict
        The parts, `duplicates` and `incidents`, in the order of the parts. As many
        requests as before.

    Examples
    --------
    >>> one = pd.DataFrame({"ward": [1], "kind": [0], "quarter": [0], "plain": [40],
    ...                     "window": [40], "duplicates": [2]})
    >>> most = {"ward": 1, "kind": 0, "quarter": 0, "window": 63}
    >>> found = counted(np.array([64 + 40]), np.array([5]), one, most)
    >>> found["incidents"].tolist(), found["duplicates"].tolist()
    ([4, 1], [0, 2])
    """
    bits = packed.widths(most)
    parts = {name: requests[name] for name in most if name in requests}
    before, after = (
        nw.from_native(pd.DataFrame(parts | {"window": requests[name]}))
        .select(n=packed.packed(bits, list(parts)))
        .to_native()["n"]
        .to_numpy()
        for name in ("plain", "window")
    )
    left = incidents.copy()
    np.subtract.at(left, np.searchsorted(numbers, before), 1)
    parts = {"number": after, "duplicates": requests["duplicates"].astype("int64")}
    more = pd.DataFrame(parts).groupby(list(parts), as_index=False).size()
    there = left > 0
    after = np.searchsorted(numbers[there], more["number"], side="right")
    table = {
        "number": np.insert(numbers[there], after, more["number"]),
        "duplicates": np.insert(
            np.zeros(there.sum(), "int64"), after, more["duplicates"]
        ),
        "incidents": np.insert(left[there], after, more["size"]),
    }
    return packed.unpacked(table.pop("number"), most) | table


def _open_there(
    engine: Engine,
    used: nw.LazyFrame,
    reports: pd.DataFrame,
    shared: list[str],
    most: int,
) -> tuple[pd.DataFrame, pd.Index]:
    """Find the request open where each report is, and the reports with an earlier one.

    Requests are compared with reports on the engine, and only pairs leave it.
    """
    told = list(used.collect_schema())
    if reports.empty:
        empty = engine.table(used.head(0))
        return empty.assign(report=[], reports=[]), reports.index
    theirs = {name: f"report_{name}" for name in shared}
    wanted = reports[[*shared, *REPORT, "report"]].rename(columns=theirs)
    pairs = used.join(
        engine.upload(wanted), left_on=shared, right_on=list(theirs.values())
    )
    found = _fetched(engine, pairs.filter(within(most)).select(*told, "report"))
    order = ["opened_day", "opened_second", *sorted(told)]
    found = found.sort_values(["report", *order], ignore_index=True)
    found = found.drop_duplicates("report", keep="last")
    found = found.merge(reports[["report", "reports"]], on="report")
    first = used.group_by(*shared).agg(first=nw.col("opened_day").min())
    first = first.join(
        engine.upload(reports[shared].drop_duplicates()), on=shared, how="semi"
    )
    both = reports.merge(_fetched(engine, first), on=shared, how="inner")
    return found, pd.Index(both.loc[both["first"] <= both["report_day"], "report"])


def _windows(
    links: pd.DataFrame, until: int, most: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open each window with the first report, and count those that fall into it.

    Returns the requests with a window or count of their own, and for each link whether
    the report is `linked`, and came `early`, before the request.
    """
    links = links.astype(dict.fromkeys([*MOMENTS, "ward", "quarter"], "int64"))
    moment = links["report_day"] * DAY + links["report_second"]
    opened = links["opened_day"] * DAY + links["opened_second"]
    timed = (links["report_second"] > 0) & (links["opened_second"] > 0)
    earlier = (links["report_day"] < links["opened_day"]) | (timed & (moment < opened))
    early = earlier & (opened - moment <= most * DAY)
    start = moment.where(early, opened).groupby(links["root"]).transform("min")
    opens = early.groupby(links["root"]).transform("any")
    start = start.where(opens, opened)
    moved = links.assign(opened_day=start // DAY, opened_second=start % DAY)
    own = moved.assign(report_day=links["opened_day"])
    own = own.assign(report_second=links["opened_second"])
    linked = _tells(moved, most)
    # The request itself is a further report where another one opens the window.
    counted = linked.groupby(links["root"]).transform("sum")
    counted = counted + (opens & _tells(own, most)).astype(int) - opens.astype(int)
    requests = moved.assign(
        plain=_measured(links, until, most),
        window=_measured(moved, until, most),
        duplicates=counted,
    ).drop_duplicates("root")
    requests = requests[(requests["duplicates"] > 0) | opens[requests.index]]
    fate = pd.DataFrame({"linked": linked, "early": early}, index=links.index)
    return requests[_kept(requests)].astype("int64"), fate


def _measured(requests: pd.DataFrame, until: int, most: int) -> pd.Series:
    """Measure windows here, by the expression that engines follow."""
    frame = nw.from_native(requests[MOMENTS].astype("int64"))
    return frame.select(n=length(until, most)).to_native()["n"].set_axis(requests.index)


def _tells(links: pd.DataFrame, most: int) -> pd.Series:
    frame = nw.from_native(links[[*MOMENTS, *REPORT]].astype("int64"))
    return frame.select(n=within(most)).to_native()["n"].set_axis(links.index)


def _kept(requests: pd.DataFrame) -> list[str]:
    names = ["ward", "kind", "quarter", "plain", "window", "duplicates"]
    return [name for name in names if name in requests]


def _told(rows: nw.LazyFrame) -> list[str]:
    """List what is told of a request that is linked."""
    kind = ["kind"] if "kind" in rows.collect_schema() else []
    return ["ward", *kind, "quarter", *MOMENTS]


def _none(rows: nw.LazyFrame) -> pd.DataFrame:
    return pd.DataFrame(columns=[*_told(rows), OWN, "rule"], dtype="int64")


def _fetched(engine: Engine, rows: nw.LazyFrame, missing: int = 0) -> pd.DataFrame:
    """Bring whole numbers here, a number for those that are missing."""
    found = engine.fetch(rows)
    return pd.DataFrame(
        {
            name: pc.fill_null(found[name], missing).to_numpy()
            for name in found.schema.names
        }
    )


def _examples(
    engine: Engine, rows: nw.LazyFrame, reports: pd.DataFrame, fate: pd.Series
) -> dict[str, list[str]]:
    """List the first reports that lack what they name, for whoever mends the file."""
    odd = fate.isin([MISSING, CIRCLE, UNNAMED]) & reports[OWN].ne(0)
    if "found" not in rows.collect_schema() or not 0 < odd.sum() <= FEW:
        return {}
    wanted = engine.upload(pd.DataFrame({OWN: reports.loc[odd, OWN].unique()}))
    found = engine.fetch(rows.join(wanted, on=OWN, how="semi").select(OWN, "found"))
    shown = pd.Series(found["found"].to_pylist(), found[OWN].to_numpy()).dropna()
    names = fate[odd].set_axis(reports.loc[odd, OWN])
    rules = names[~names.index.duplicated()].reindex(shown.index)
    return {
        rule: as_text(mine)[:LISTED] for rule, mine in shown.groupby(rules.to_numpy())
    }
