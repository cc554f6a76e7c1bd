"""Service requests from rows to counts, at any size: reduce in an engine.

Estimates need only how many requests of an area, category, quarter and group took how
many days, or still wait. One expression cleans the rows, tells reports of the same
request apart, and counts; an engine (`engines`) follows it, in this process or
elsewhere. What has few different values meets Python once each: dates (`moments`),
labels and places (`lookups`). Nothing depends on the order of the rows.

A *rule* sets a row aside; each row is counted under the first rule that applies.
"""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import narwhals as nw
import numpy as np
import pandas as pd
from tqdm import tqdm

from equity import race
from equity.errors import InputError
from equity.prepare import locate, services, sources
from equity.prepare.engine import (
    engines,
    intake,
    lookups,
    moments,
    packed,
    repeats,
    reports,
    rules,
    windows,
)
from equity.prepare.persons import NO_RACE
from equity.prepare.quality import LISTED, NOTED, SET_ASIDE, Ledger

COUNTS = [
    *("area", "category", "channel", "period"),
    *("days", "closed", "censored", "race"),
]
REPORTS = ["area", "category", "period", "days", "duplicates", "incidents"]
LOST = ["category", "district", "rows", "lost"]

UNCLOSED, EARLY = rules.UNCLOSED, rules.EARLY  # as ledgers word them
CANCELLED, DUPLICATE = rules.CANCELLED, rules.DUPLICATE
SAME_ROW, SAME_ID = "the same row again", "a request number seen before"
SKIPPED = "opened or closed in an hour that the clocks skip"
TWICE = "opened or closed in an hour that comes twice"
AS_WRITTEN = "a time with an offset; its day is as written, no time_zone is declared"
STILL_OPEN = "has a closing date but an open status; counted as open"
NOBODY = "in an area where nobody lives; shared out to no group"
RESPELLED = "spelling of its category made one"
NO_CATEGORY = "no category"
WRITTEN = "spelling of its channel made one"
NO_CHANNEL = "no channel"
ALL, EVERY = "All requests", "All"  # categories, channels
FEW = 200_000  # rows that are looked at one by one


@dataclass(frozen=True)
class Reduced:
    """What a file of requests comes to.

    Attributes
    ----------
    counts
        Columns of `COUNTS`: `closed` requests took `days`; `censored` ones were still
        open after `days`. Text columns are categorical.
    ledger
        Rows read, noted and set aside, and which.
    reports
        Columns of `REPORTS`, of the same requests: `incidents` of them had a window
        of `days` (see `engine.windows`), in which `duplicates` further reports came
        of each. Without rows where `reports` is not declared.
    lost
        Columns of `LOST`: by category and district, the rows that no rule but those
        about places concerns, and how many of these have no area.
    """

    counts: pd.DataFrame
    ledger: Ledger
    lost: pd.DataFrame
    reports: pd.DataFrame


def refuse_shared(
    declared: list[sources.Requests], *, folder: Path, engine: str = "duckdb"
) -> None:
    """Refuse files that share request numbers: those requests would count twice.

    Parameters
    ----------
    declared
        What the files mean.
    folder
        The raw folder.
    engine
        As for `requests`.

    Raises
    ------
    InputError
        If two files share numbers, with how many.

    Examples
    --------
    >>> refuse_shared([], folder=Path("."))
    """
    numbered = [source for source in declared if "request_id" in source.columns]
    if len(numbered) < 2:
        return
    seen: dict[str, np.ndarray] = {}
    with engines.start(engine) as running:
        for source in numbered:
            rows = intake.take_in(source, folder, running)
            mine = repeats.hashes(running, rows.frame)
            for name, others in seen.items():
                shared = len(np.intersect1d(mine, others, assume_unique=True))
                if shared:
                    raise InputError(
                        f"{source.named()}: {shared:,} request number(s) are in {name} "
                        "too and would be counted twice; put files of one layout into "
                        "a folder and name the folder, or leave request_id out of one "
                        "if its numbers are of another system"
                    )
            seen[source.named()] = mine


def requests(
    source: sources.Requests,
    *,
    folder: Path,
    areas: gpd.GeoDataFrame,
    period: str,
    quarters: int,
    standard: race.Standard,
    engine: str = "duckdb",
    uninhabited: Collection[str] = (),
    progress: bool = False,
) -> Reduced:
    """Read, clean and count a file of requests.

    Parameters
    ----------
    source
        What the file means.
    folder
        The raw folder.
    areas
        Columns `area` and `geometry`. Without any, an area column is taken as it is.
    period
        The last quarter counted.
    quarters
        How many quarters are counted.
    standard
        Whose groups races are.
    engine
        See `engines.start`. The counts are the same on each.
    uninhabited
        Areas where nobody lives: their requests are used for places, but for no group
        of residents, which is noted.
    progress
        Whether to show a progress bar, on standard error.

    Returns
    -------
    Reduced
        Counts, ledger, and rows without a place.

    Raises
    ------
    InputError
        If the file cannot be read, a status or race is not declared, or most dates do
        not follow the declared format; with counts, and without a person's values.

    Notes
    -----
    Excel, JSON, and CSV files of less than `intake.LARGE` bytes are read by
    `read.table`, which copes with any encoding and layout. The engine itself reads
    Parquet, and CSV from that size on (gzip too), folders and patterns of these, and
    addresses.

    Days are whole local days. A closing at midnight is a day without a time, which can
    be the opening's day.

    Examples
    --------
    >>> from equity import project
    >>> from equity.prepare import places, read
    >>> declared = sources.read_sources(project.sources_file("sample"))
    >>> raw, ledger = read.places(declared.areas[0], folder=project.raw_folder())
    >>> found = requests(declared.requests[0], folder=project.raw_folder(),
    ...     areas=places.clean_areas(raw, declared.areas[0], ledger),
    ...     period="2025Q4", quarters=4, standard=race.standard("omb1997"))
    >>> used = found.ledger.frame().set_index("action").loc["used", "rows"]
    >>> int(found.counts[["closed", "censored"]].to_numpy().sum()) == int(used)
    True
    """
    with (
        _stages(progress, source.named()) as stage,
        engines.start(engine) as running,
        ThreadPoolExecutor(1) as beside,
    ):
        stage("reading")
        job = _Reduction(source, running, intake.take_in(source, folder, running))
        job.window(period, quarters)
        stage("labels")
        job.labels(standard)
        stage("places")
        job.places(areas, uninhabited, beside)
        stage("dates")
        job.dates()
        stage("repeated numbers")
        job.once()
        stage("rules")
        job.judge()
        stage("counting")
        return job.reduced()


@contextmanager
def _stages(progress: bool, file: str) -> Iterator[Callable[[str], None]]:
    """Show how far a file is, in seven stages."""
    with tqdm(total=7, desc=f"Counting {file}", disable=not progress) as bar:
        begun: list[str] = []

        def stage(name: str) -> None:
            bar.update(len(begun) - bar.n)
            begun.append(name)
            bar.set_postfix_str(name)

        yield stage
        bar.update(len(begun) - bar.n)


class _Reduction:
    """One file on its way from rows to counts, a step after the other."""

    def __init__(
        self, source: sources.Requests, engine: engines.Engine, rows: intake.Rows
    ) -> None:
        self.source, self.engine, self.rows = source, engine, rows
        self.names, self.ledger = rows.names, rows.ledger
        self.joins: list[tuple[nw.LazyFrame, list[str]]] = []
        self.flags: dict[str, nw.Expr] = {}

    def window(self, period: str, quarters: int) -> None:
        """Find the days counted, and number their quarters."""
        self.first, self.last = services.window(period, quarters)
        self.until = pd.Timestamp(self.source.data_until)
        days = pd.date_range(self.first, self.last)
        names = days.to_period("Q")
        self.quarters = [str(name) for name in names.unique()]
        calendar = pd.DataFrame(
            {
                "opened_day": np.arange(len(days), dtype="int32") + _day(self.first),
                "quarter": names.factorize()[0].astype("int16"),
            }
        ).astype({"opened_day": "int32"})
        self.calendar = self.engine.upload(calendar)

    def dates(self) -> None:
        """Find out how stamps become local days, and what is to be noted of them."""
        source = self.source
        self.moments = found = moments.read(
            self.engine,
            self.rows.frame,
            {name: source.columns[name] for name in ("opened", "closed")},
            date_format=source.date_format,
            time_zone=source.time_zone,
            first=self.first,
            last=self.until,
            where=source.named(),
        )
        for rule, hours in {SKIPPED: found.skipped, TWICE: found.twice}.items():
            if hours:
                either = [found.within(name, hours) for name in ("opened", "closed")]
                self.flags[rule] = nw.any_horizontal(*either, ignore_nulls=True)
        if found.zoned and not source.time_zone:
            zoned = [nw.col(f"{name}_zoned") > 0 for name in found.zoned]
            self.flags[AS_WRITTEN] = nw.any_horizontal(*zoned, ignore_nulls=True)

    def labels(self, standard: race.Standard) -> None:
        """Read every different label; a strange status or race is an error."""
        if "status" in self.names:
            self._join(lookups.statuses(self._distinct("status"), self.source))
        self.categories: lookups.Labels | None = None
        if "category" in self.names:
            self.categories = lookups.categories(self._distinct("category"))
            self._join(self.categories.lookup)
        self.channels: lookups.Labels | None = None
        if "channel" in self.names:
            self.channels = lookups.channels(self._distinct("channel"))
            self._join(self.channels.lookup)
        self.parts = [""]
        if "district" in self.names:
            lookup, self.parts = lookups.districts(self._distinct("district"))
            self._join(lookup)
        self.recorded: race.Recorded | None = None
        self.groups = pd.CategoricalDtype(pd.Index([], dtype="str"), ordered=True)
        if self.rows.asked:
            self._races(standard)

    def _races(self, standard: race.Standard) -> None:
        asked = self.rows.asked
        found = self._distinct(*asked).sort_values(list(asked), ignore_index=True)
        self.recorded = race.read(
            found.rename(columns=asked),
            self.source,
            standard=standard,
            where=self.source.named(),
            column=self.source.columns.get("race", "race"),
            weights=found["rows"],
        )
        self.groups = self.recorded.group.dtype
        answers = np.arange(len(found), dtype="int32")
        self._join(
            found[list(asked)].assign(
                answer=answers, group=self.recorded.group.cat.codes.astype("int16")
            )
        )

    def places(
        self, areas: gpd.GeoDataFrame, uninhabited: Collection[str], beside: Executor
    ) -> None:
        """Begin to find the area of every different place, beside the engine."""
        by_name = "area" in self.names
        has_points = set(lookups.BOTH) <= set(self.names)
        nearby = bool(self.source.incident_days) or "place" in self.source.reports
        points = None
        if has_points and (nearby or not by_name):
            points = self._distinct(*lookups.BOTH)
        if by_name:
            named = self._distinct("area")
            self.locating = beside.submit(lookups.areas, named, areas, uninhabited)
        else:
            self.locating = beside.submit(
                lookups.points, points, self.source, areas, uninhabited
            )
        self.spot = "ward"
        if nearby and points is not None:
            self.spot = "spot"
            self._join(lookups.spots(points, self.source))

    def once(self) -> None:
        """Keep one row of each request number."""
        self.frame = self.rows.frame
        if "request_id" not in self.names:
            return
        latest = self.source.repeated_ids == "latest"
        found = repeats.once(
            *(self.engine, self.frame, self.names, self.moments),
            latest=latest,
            most=LISTED,
        )
        self.frame = found.rows
        counts = {SAME_ROW: found.same, SAME_ID: found.others}
        for (rule, rows), examples in zip(counts.items(), found.examples, strict=True):
            self.ledger.counted(SET_ASIDE, rule, rows)
            if examples:
                self.ledger.found.append((SET_ASIDE, rule, examples))

    def judge(self) -> None:
        """Join the lookups and apply the rules, once for each row."""
        self.located = self.locating.result()
        self._join(self.located.lookup)
        for rule, name in {locate.CROWDED: "crowded", NOBODY: "nobody"}.items():
            if self.located.lookup[name].any():
                self.flags[rule] = nw.col(name) == 1
        rows = self.moments.add(self.frame)
        rows = rows.join(self.calendar, on="opened_day", how="left")
        for lookup, on in self.joins:
            rows = rows.join(lookup, on=on, how="left")
        rows = rows.with_columns(state=rules.state(self.names, self.rows.types))
        worded = rules.worded(
            self.names,
            self.moments,
            first=self.first,
            last=self.last,
            until=self.until,
        )
        waits = nw.col("state") == lookups.STATES["open"]
        took = nw.col("closed_day") - nw.col("opened_day")
        days = nw.when(waits).then(_day(self.until) - nw.col("opened_day"))
        self.flags[STILL_OPEN] = waits & ~nw.col("closed_day").is_null()
        rows = rows.with_columns(
            rule=intake.first_rule(list(worded.values()), self._misplaced(len(worded))),
            days=days.otherwise(took).cast(nw.Int32),
            waits=nw.when(waits).then(nw.lit(1, nw.Int8)).otherwise(nw.lit(0, nw.Int8)),
            **{
                f"flag_{number}": nw.when(applies)
                .then(nw.lit(1, nw.Int8))
                .otherwise(nw.lit(0, nw.Int8))
                for number, applies in enumerate(self.flags.values())
            },
        )
        self.names_of_rules = [*worded, *self.located.problems]
        flagged = [f"flag_{number}" for number in range(len(self.flags))]
        self.keys = ["ward", "quarter", "days", "waits"]
        self.told = ["rule", *flagged]
        if self.categories:
            self.keys.append("kind")
            self.told += ["label", "kind"]
        if self.channels:
            self.keys.append("way")
            self.told.append("route")
        if "district" in self.names:
            self.told.append("part")
        if self.recorded is not None:
            self.keys.append("group")
            self.told.append("answer")
        used = dict.fromkeys([*self.told, *self.keys])
        if self.source.incident_days:
            used |= dict.fromkeys(["opened_day", "opened_second", self.spot])
        if self.source.reports:
            rows = self._reporting(rows)
            by = [reports.OWN, reports.OTHER] if self.by_number else [self.spot]
            used |= dict.fromkeys([*by, "marked", "window", *windows.MOMENTS])
        shown = self.rows.shown
        if shown is not None:
            any_flag = [nw.col(name) == 1 for name in flagged]
            quiet = nw.col("rule").is_in(self._of_the_window())
            loud = nw.any_horizontal(nw.col("rule") > 0, *any_flag, ignore_nulls=True)
            if self.source.incident_days:  # any row may be one of an incident
                loud = nw.lit(True)
            rows = rows.with_columns(found=nw.when(loud & ~quiet).then(shown))
            used |= {"found": None}
        self.judged = self.engine.keep(rows.select(*used))
        if self.source.incident_days:
            self._incidents()

    @property
    def by_number(self) -> bool:
        """Whether further reports name the request that they repeat."""
        return self.source.reports == "duplicate_of"

    def _reporting(self, rows: nw.LazyFrame) -> nw.LazyFrame:
        """Add what links reports: marks, lengths of windows, and hashes of numbers."""
        return reports.prepared(
            self.engine,
            rows,
            marked=rules.duplicate(self.names),
            other=rules.other(self.names) if self.by_number else None,
            until=_day(self.until),
            most=self.source.report_window,
        )

    def _misplaced(self, before: int) -> nw.Expr:
        """Number the rules about places, which come after the others; 0 for none."""
        problem = nw.col("problem").fill_null(self.located.missing)
        number = nw.when(problem > 0).then(problem + before)
        return number.otherwise(nw.lit(0)).cast(nw.Int16)

    def _of_the_window(self) -> list[int]:
        """Number the rules about rows that are as they should be, but of other days."""
        return [
            number
            for number, name in enumerate(self.names_of_rules, start=1)
            if name.startswith("opened ")
        ]

    def _incidents(self) -> None:
        """Set aside all but the first report of each incident."""
        days, place = self.source.incident_days, self.spot
        by = [place, "kind"] if self.categories else [place]
        every = list(self.judged.collect_schema())
        days_first = ["opened_day", "opened_second"]
        rest = [name for name in every if name not in (*by, *days_first, "found")]
        here = (nw.col("rule") == 0) & ~nw.col(place).is_null()
        self.names_of_rules.append(
            f"another report of an incident: same category and place within {days} "
            "days of the one before"
        )
        number = nw.lit(len(self.names_of_rules), nw.Int16)
        marked = repeats.incidents(
            self.judged.filter(here), by=by, order=[days_first[1], *rest], days=days
        )
        again = nw.when(nw.col("again") == 1).then(number).otherwise(nw.col("rule"))
        marked = marked.with_columns(rule=again.cast(nw.Int16)).select(*every)
        others = self.judged.filter(~here).select(*every)
        self.judged = self.engine.keep(nw.concat([marked, others]))

    def reduced(self) -> Reduced:
        """Count, and write the ledger."""
        tally = self.engine.table(self.judged.group_by(*self.told).agg(rows=nw.len()))
        tally = tally.astype({"rows": "int64"})
        applied: list[tuple[str, str, str, int]] = []
        by_rule = tally.groupby("rule")["rows"].sum()
        for number, rule in enumerate(self.names_of_rules, start=1):
            self.ledger.counted(SET_ASIDE, rule, by_rule.get(number, 0))
            if number in by_rule.index and number not in self._of_the_window():
                applied.append((SET_ASIDE, rule, "rule", number))
        used = tally[tally["rule"] == 0]
        for number, rule in enumerate(self.flags):
            flag = f"flag_{number}"
            rows = used.loc[used[flag] == 1, "rows"].sum()
            self.ledger.counted(NOTED, rule, rows)
            if rows and rule != NOBODY:
                applied.append((NOTED, rule, flag, 1))
        self._note_labels(used)
        if self.rows.shown is not None:
            self._point_out(applied, tally)
        reported = self._reports()
        return Reduced(self._counts(), self.ledger, self._lost(tally), reported)

    def _point_out(
        self, applied: list[tuple[str, str, str, int]], tally: pd.DataFrame
    ) -> None:
        """List the first rows of each rule, for whoever mends the file.

        All rows in question are brought here if they are few, and otherwise the first
        of each rule.
        """
        flags = [name for name in self.told if name.startswith("flag_")]
        quiet = tally["rule"].isin(self._of_the_window())
        loud = ((tally["rule"] > 0) & ~quiet) | tally[flags].any(axis=1)
        few = None
        if tally.loc[loud, "rows"].sum() <= FEW:
            any_flag = [nw.col(name) == 1 for name in flags]
            frame = self.judged.filter(
                nw.any_horizontal(nw.col("rule") > 0, *any_flag, ignore_nulls=True)
                & ~nw.col("found").is_null()
            )
            few = self.engine.table(frame.select("rule", *flags, "found"))
        for action, rule, column, number in applied:
            if few is not None:
                mine = few[column] == number
                mine &= few["rule"].gt(0) == (column == "rule")
                examples = repeats.as_text(few.loc[mine, "found"])[:LISTED]
            else:
                mine = nw.col(column) == number
                mine = mine & ((nw.col("rule") > 0) == (column == "rule"))
                rows = self.judged.filter(mine)
                examples = repeats.listed(self.engine, rows, "found", LISTED)
            self.ledger.found.append((action, rule, examples))

    def _note_labels(self, used: pd.DataFrame) -> None:
        """Note how labels of the rows that are used were read."""
        if self.categories:
            by_label = used.groupby("label")["rows"].sum()
            self._note(RESPELLED, self.categories.respelled, by_label)
            self._note(NO_CATEGORY, self.categories.blank, by_label)
        if self.channels:
            by_route = used.groupby("route")["rows"].sum()
            self._note(WRITTEN, self.channels.respelled, by_route)
            self._note(NO_CHANNEL, self.channels.blank, by_route)
        if self.recorded is not None:
            by_answer = used.groupby("answer")["rows"].sum()
            for rule in self.recorded.marks:
                self._note(rule, self.recorded.marks[rule], by_answer)
            self._note(NO_RACE, self.recorded.group.isin(race.UNKNOWN), by_answer)

    def _note(self, rule: str, marked: pd.Series, rows: pd.Series) -> None:
        self.ledger.counted(NOTED, rule, rows.reindex(marked.index[marked]).sum())

    def _counts(self) -> pd.DataFrame:
        """Count the rows used by everything that estimates need.

        All of it is packed into one whole number a row, whose lowest digit says
        whether the request still waits.
        """
        most = {
            "ward": len(self.located.wards),
            "kind": len(self.categories.kinds) if self.categories else 0,
            "way": len(self.channels.kinds) if self.channels else 0,
            "quarter": len(self.quarters),
            "days": (self.until - self.first).days,
            "group": len(self.groups.categories) - 1,
        }
        numbers, rows = self._tallied(most | {"waits": 1})
        self.engine.forget()
        keys, waiting = numbers >> 1, (numbers & 1).astype(bool)
        closed, censored = np.where(waiting, 0, rows), np.where(waiting, rows, 0)
        # Open requests of the same keys come right after the closed ones: add them.
        second = np.flatnonzero(keys[1:] == keys[:-1]) + 1
        if len(second):
            censored[second - 1] = rows[second]
            there = np.ones(len(keys), dtype=bool)
            there[second] = False
            keys, closed, censored = keys[there], closed[there], censored[there]
        del numbers, rows, waiting
        codes = packed.unpacked(keys, most)
        del keys
        named = self._named(codes)
        return pd.DataFrame(
            {
                "area": named["area"],
                "category": named["category"],
                "channel": packed.categorical(
                    codes.pop("way"), self.channels.kinds if self.channels else [EVERY]
                ),
                "period": named["period"],
                "days": codes.pop("days").astype("int64"),
                "closed": closed,
                "censored": censored,
                "race": packed.categorical(codes.pop("group"), self.groups),
            },
            copy=False,
        )

    def _tallied(self, most: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        """Count the rows used by packed parts."""
        bits = packed.widths(most)
        if bits is None:
            raise InputError(
                f"{self.source.named()}: {most['kind']:,} categories are too many to "
                "count by; is it the right column?"
            )
        number = packed.packed(bits, [*self.keys, "window"])
        used = self.judged.filter(nw.col("rule") == 0).select(packed=number)
        return self.engine.tallied(used, "packed")

    def _named(self, codes: dict[str, np.ndarray]) -> dict[str, pd.Categorical]:
        """Name areas, categories and quarters, and let go of their codes."""
        names = {
            "area": ("ward", self.located.wards),
            "category": ("kind", self.categories.kinds if self.categories else [ALL]),
            "period": ("quarter", self.quarters),
        }
        return {
            column: packed.categorical(codes.pop(part), labels)
            for column, (part, labels) in names.items()
        }

    def _reports(self) -> pd.DataFrame:
        """Count the requests used by their window and the further reports in it."""
        if not self.source.reports:
            return pd.DataFrame(columns=REPORTS)
        linked = self._linked()
        for rule, rows in linked.notes.items():
            self.ledger.counted(NOTED, rule, rows)
        self.ledger.found += [(NOTED, *listed) for listed in linked.examples.items()]
        most = {
            "ward": len(self.located.wards),
            "kind": len(self.categories.kinds) if self.categories else 0,
            "quarter": len(self.quarters),
            "window": windows.PARTS * (self.source.report_window + 1),
        }
        numbers, incidents = self._tallied(most)
        codes = reports.counted(numbers, incidents, linked.requests, most)
        named = self._named(codes)
        return pd.DataFrame(
            {
                **{name: named[name] for name in REPORTS[:3]},
                "days": windows.days(codes["window"]),
                "duplicates": codes["duplicates"],
                "incidents": codes["incidents"],
            }
        )

    def _linked(self) -> reports.Linked:
        """Link further reports to the requests that they repeat."""
        how = {"until": _day(self.until), "most": self.source.report_window}
        if self.by_number:
            elsewhere = self._of_the_window()
            return reports.by_number(
                self.engine, self.judged, elsewhere=elsewhere, **how
            )
        keys = [["spot", "kind"] if self.categories else ["spot"]]
        if self.categories and self.source.reports == "same place":
            keys.append(["spot"])
        return reports.by_place(
            self.engine,
            self.judged,
            again=len(self.names_of_rules) if self.source.incident_days else 0,
            keys=keys,
            outside=(_day(self.first), _day(self.last)),
            **how,
        )

    def _lost(self, tally: pd.DataFrame) -> pd.DataFrame:
        """Count rows with and without an area, by category and district."""
        names = self.names_of_rules
        of_places = [names.index(problem) + 1 for problem in self.located.problems]
        last = of_places[-1]
        asked = tally[(tally["rule"] == 0) | (tally["rule"] >= of_places[0])]
        lost = asked["rule"].between(of_places[0], last)
        kinds = self.categories.kinds if self.categories else [ALL]
        table = pd.DataFrame(
            {
                "category": _taken(kinds, asked.get("kind")),
                "district": _taken(self.parts, asked.get("part")),
                "rows": asked["rows"],
                "lost": asked["rows"].where(lost, 0),
            }
        )
        return table.groupby(LOST[:2], as_index=False)[LOST[2:]].sum()

    def _join(self, lookup: pd.DataFrame) -> None:
        """Add a lookup; its keys are the columns that the rows have too."""
        on = [name for name in lookup if name in self.names]
        self.joins.append((self.engine.upload(lookup), on))

    def _distinct(self, *names: str) -> pd.DataFrame:
        """List the different values of columns, with how many rows have each."""
        grouped = self.rows.frame.group_by(*names).agg(rows=nw.len())
        return self.engine.table(grouped).astype({"rows": "int64"})


def _day(day: pd.Timestamp) -> int:
    return (day - pd.Timestamp("1970-01-01")).days


def _taken(names: list[str], codes: pd.Series | None) -> pd.Series | str:
    if codes is None:
        return names[0]
    return pd.Series(pd.Index(names, dtype="str").take(codes), index=codes.index)
