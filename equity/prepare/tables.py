"""A city's tidy tables: made from its raw files, kept, and loaded in one call.

The tables of a city and period are kept in `data/processed/<city>/<period>/` and
made again whenever a raw file, its meaning, a setting or this room's code changes.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import geopandas as gpd
import pandas as pd
from tqdm import tqdm

from equity import project, race
from equity.errors import InputError
from equity.prepare import (
    baselines,
    benchmarks,
    blocks,
    enrolment,
    facilities,
    overlaps,
    places,
    read,
    reduce,
    schools,
    services,
    sources,
    travel,
    workforce,
)
from equity.prepare.quality import COLUMNS as LEDGER
from equity.prepare.quality import FOUND, Ledger

FILES = [
    *("kind", "file", "title", "rows_are", "source", "url", "licence", "vintage"),
    "sha256",
]
SCHOOL_FILES = ["kind", "file", "title", "of", "district", "covers"]
BREAKS = ["kind", "file", "outcome", "year", "changed"]
RECORDED = ["kind", "file", "title", "as_of", "race", "rows"]
CROSSWALKS = ["kind", "file", "title", "race", "labels"]
LISTING = "rows-to-look-at.csv"  # `found`, for people


@dataclass(frozen=True)
class Tables:
    """A city's tidy tables; a kind that the city does not have is an empty table.

    Attributes
    ----------
    areas, population, request_counts
        Places, residents by race, and the services they ask for.
    report_counts
        The same requests by how long reports of them could come, and how many did.
    facilities, costs
        Places that people go to, and how far it is to them from each area.
    baselines
        Other numbers of people or homes by area, such as households without internet.
    districts, overlaps
        Districts of the city's own, and which share of each area lies in which.
    workers, events
        The workforce, and hires, promotions and separations.
    benchmarks
        Whom the workforce is compared with beside the residents, as shares by race.
    outcomes, levels, scores
        Graduation and other rates, students per proficiency level, and test scores.
    totals
        Outcomes as `outcomes`, of a whole district or of the state (`of`).
    enrolment
        Students of schools or districts, and how many of them live in the city.
    school_files, breaks
        Which district each file of schools is of, and whom it covers; and the years in
        which a test, its cut or a definition changed.
    files, ledger
        What was read, and what happened to its rows.
    recorded, crosswalks
        How many rows of each file are of each race, unknown ones too, and which
        labels were declared to mean which group.
    lost
        Requests read, and those without a place, by category and district.
    found
        Which data rows were noted or set aside: for whoever mends the raw files, and
        never published.
    """

    areas: gpd.GeoDataFrame
    population: pd.DataFrame
    request_counts: pd.DataFrame
    report_counts: pd.DataFrame
    facilities: pd.DataFrame
    costs: pd.DataFrame
    baselines: pd.DataFrame
    districts: gpd.GeoDataFrame
    overlaps: pd.DataFrame
    workers: pd.DataFrame
    events: pd.DataFrame
    benchmarks: pd.DataFrame
    outcomes: pd.DataFrame
    levels: pd.DataFrame
    scores: pd.DataFrame
    totals: pd.DataFrame
    enrolment: pd.DataFrame
    school_files: pd.DataFrame
    breaks: pd.DataFrame
    files: pd.DataFrame
    ledger: pd.DataFrame
    recorded: pd.DataFrame
    crosswalks: pd.DataFrame
    lost: pd.DataFrame
    found: pd.DataFrame


EMPTY = {
    "areas": places.AREAS,
    "population": places.POPULATION,
    "request_counts": reduce.COUNTS,
    "report_counts": reduce.REPORTS,
    "facilities": facilities.FACILITIES,
    "costs": travel.COSTS,
    "baselines": baselines.BASELINES,
    "districts": overlaps.DISTRICTS,
    "overlaps": overlaps.OVERLAPS,
    "workers": workforce.WORKERS,
    "events": workforce.EVENTS,
    "benchmarks": benchmarks.BENCHMARKS,
    "outcomes": schools.OUTCOMES,
    "levels": schools.LEVELS,
    "scores": schools.SCORES,
    "totals": [*schools.OUTCOMES, "of"],
    "enrolment": enrolment.ENROLMENT,
    "school_files": SCHOOL_FILES,
    "breaks": BREAKS,
    "files": FILES,
    "ledger": LEDGER,
    "recorded": RECORDED,
    "crosswalks": CROSSWALKS,
    "lost": reduce.LOST,
    "found": FOUND,
}

SHAPES = ("areas", "districts")  # tables with a geometry


def load(
    city: str,
    *,
    period: str,
    quarters: int,
    race_standard: str,
    engine: str = "duckdb",
    progress: bool = False,
) -> Tables:
    """Return a city's tidy tables, making them from its raw files where needed.

    Parameters
    ----------
    city
        The city's short name, as in `params/<city>.yaml`.
    period
        The last quarter that is counted, such as `2025Q4`.
    quarters
        How many quarters of requests are counted.
    race_standard
        A name in `equity.race.STANDARDS`.
    engine
        Where requests are counted: `duckdb`, `spark`, or a Spark Connect address.
        The counts are the same.
    progress
        Whether to show a progress bar, on standard error.

    Returns
    -------
    Tables
        One frame per kind, columns as settled.

    Raises
    ------
    EquityError
        If a raw file cannot be used, in one line that says what to do.

    Examples
    --------
    >>> tables = load("sample", period="2025Q4", quarters=4, race_standard="omb1997")
    >>> len(tables.areas)
    60
    """
    standard = race.standard(race_standard)
    kept = project.processed_folder(city, period)
    declared = sources.read_sources(project.sources_file(city))
    folder = project.raw_folder()
    found = [
        sources.provenance(source, kind=kind, folder=folder)
        for kind in sources.KINDS
        for source in getattr(declared, kind)
    ]
    _refuse_twins(declared, found)
    settings = {"period": period, "quarters": quarters, "standard": race_standard}
    print_ = _fingerprint(declared, found, settings)
    known = all(seen.sha256 for seen in found)  # what lies elsewhere may change unseen
    current = _read_current(kept, print_) if known else None
    if current is not None:
        return current
    with tqdm(
        total=len(declared.files()), desc="Reading raw files", disable=not progress
    ) as bar:
        making = _Making(declared, folder, standard, bar, progress)
        tables = making.all(found, period, quarters, engine)
    return _keep(tables, kept, print_)


class _Making:
    """The tidy tables while they are made, one declared file after the other."""

    def __init__(
        self,
        declared: sources.Sources,
        folder: Path,
        standard: race.Standard,
        bar: tqdm,
        progress: bool,
    ) -> None:
        self.declared = declared
        self.folder = folder
        self.standard = standard
        self.bar = bar
        self.progress = progress
        self.made: dict[str, list[pd.DataFrame]] = {name: [] for name in EMPTY}

    def all(
        self,
        found: list[sources.Provenance],
        period: str,
        quarters: int,
        engine: str,
    ) -> Tables:
        """Read and clean every file; areas first, since others need them."""
        made, standard = self.made, self.standard
        self.each("areas", places.clean_areas)
        areas = _joined("areas", made["areas"])
        self.each("population", places.clean_population, areas=areas, standard=standard)
        self.requests(areas, period, quarters, engine)
        self.facilities(areas)
        self.each("baselines", baselines.clean_baselines, areas=areas)
        self.workers()
        self.each("events", workforce.clean_events, standard=standard)
        self.each("benchmarks", benchmarks.clean_benchmarks, standard=standard)
        self.each("graduation", schools.clean_graduation, standard=standard)
        self.rates()
        self.each("proficiency", schools.clean_proficiency, standard=standard)
        self.each("scores", schools.clean_scores, standard=standard)
        self.each("enrolment", enrolment.clean_enrolment, standard=standard)
        _check_groups(made)
        _name_apart(made)
        made["files"] = [_files(self.declared, found)]
        made["school_files"] = [_school_files(self.declared)]
        made["breaks"] = [_breaks(self.declared)]
        return Tables(**{name: _joined(name, frames) for name, frames in made.items()})

    def each(
        self, kind: str, step: Callable[..., pd.DataFrame], **context: object
    ) -> None:
        """Read and clean the files of one kind."""
        for source in getattr(self.declared, kind):
            raw, ledger = self.raw(source, kind)
            tidy = step(raw, source, ledger, **context)
            self.made[TABLE[kind]].append(tidy)
            self.enter(source, ledger, tidy)

    def rates(self) -> None:
        """Read and clean outcomes; totals of a district or a state are kept apart."""
        for source in self.declared.rates:
            raw, ledger = self.raw(source, "rates")
            tidy = schools.clean_rates(raw, source, ledger, standard=self.standard)
            if source.of == "schools":
                self.made["outcomes"].append(tidy)
            else:
                self.made["totals"].append(tidy.assign(of=source.of))
            self.enter(source, ledger, tidy)

    def raw(self, source: sources.Source, kind: str) -> tuple[pd.DataFrame, Ledger]:
        """Read a file, as a table or as shapes, and the rows of it that are meant."""
        self.bar.set_postfix_str(source.named())
        placed = isinstance(source, sources.Placed) and not source.has_coordinates()
        how = read.places if kind in SHAPES or placed else read.table
        raw, ledger = how(source, folder=self.folder, kind=kind)
        return _kept(raw, source, ledger), ledger

    def facilities(self, areas: gpd.GeoDataFrame) -> None:
        """Read facilities, what it costs to get there, and districts."""
        found, ledgers = [], []
        for source in self.declared.facilities:
            raw, ledger = self.raw(source, "facilities")
            found.append(facilities.clean_facilities(raw, source, ledger, areas=areas))
            ledgers.append(ledger)
        found = facilities.together(found, ledgers)
        for source, ledger, tidy in zip(
            self.declared.facilities, ledgers, found, strict=True
        ):
            self.made["facilities"].append(tidy)
            self.enter(source, ledger, tidy)
        homes = self.homes(areas)
        self.districts(areas, homes)
        if found:
            self.costs(areas, homes)

    def homes(self, areas: gpd.GeoDataFrame) -> pd.DataFrame | None:
        """Read the blocks, which say where in an area people live."""
        homes = None
        for source in self.declared.blocks:
            raw, ledger = self.raw(source, "blocks")
            homes = blocks.clean_blocks(raw, source, ledger, areas=areas)
            self.enter(source, ledger, homes)
        return homes

    def districts(self, areas: gpd.GeoDataFrame, homes: pd.DataFrame | None) -> None:
        """Read districts, and share the areas out among them."""
        people = _joined("population", self.made["population"])
        residents = None
        if len(people):
            residents = people.groupby("area")["estimate"].sum()
        for source in self.declared.districts:
            raw, ledger = self.raw(source, "districts")
            tidy = overlaps.clean_districts(raw, source, ledger)
            shares = overlaps.shares(
                tidy,
                areas,
                ledger,
                homes=homes,
                residents=residents,
                whole_city=source.whole_city,
            )
            self.made["districts"].append(tidy)
            self.made["overlaps"].append(shares)
            self.enter(source, ledger, tidy)

    def costs(self, areas: gpd.GeoDataFrame, homes: pd.DataFrame | None) -> None:
        """Take costs from travel where it is declared, else from straight lines."""
        sites = _joined("facilities", self.made["facilities"])
        found = []
        for source in self.declared.travel:
            raw, ledger = self.raw(source, "travel")
            tidy = travel.clean_travel(
                raw, source, ledger, areas=areas, facilities=sites
            )
            found.append(tidy)
            self.enter(source, ledger, tidy)
        files = [source.named() for source in self.declared.travel]
        straight = travel.straight_lines(areas, sites, homes=homes)
        self.made["costs"].append(travel.together(straight, found, sites, files))

    def workers(self) -> None:
        """Read and clean the rosters; those of one day are looked at together."""
        read_all, ledgers = [], []
        for source in self.declared.workers:
            self.bar.set_postfix_str(source.named())
            raw, ledger = read.table(source, folder=self.folder, kind="workers")
            raw = _kept(raw, source, ledger)
            read_all.append(
                workforce.clean_workers(raw, source, ledger, standard=self.standard)
            )
            ledgers.append(ledger)
        frames = workforce.together(read_all, ledgers)
        _note_groups(frames, ledgers)
        for source, ledger, tidy in zip(
            self.declared.workers, ledgers, frames, strict=True
        ):
            self.made["workers"].append(tidy)
            self.enter(source, ledger, tidy)

    def requests(
        self, areas: gpd.GeoDataFrame, period: str, quarters: int, engine: str
    ) -> None:
        """Count the requests of each file, on the engine."""
        for source in self.declared.requests:
            self.bar.set_postfix_str(source.named())
            reduced = reduce.requests(
                source,
                folder=self.folder,
                areas=areas,
                period=period,
                quarters=quarters,
                standard=self.standard,
                engine=engine,
                uninhabited=_uninhabited(
                    _joined("population", self.made["population"])
                ),
                progress=self.progress,
            )
            self.made["request_counts"].append(reduced.counts)
            self.made["lost"].append(reduced.lost)
            if source.reports:
                self.made["report_counts"].append(reduced.reports)
            people = reduced.counts["closed"] + reduced.counts["censored"]
            if source.data_until < str(services.window(period, quarters)[1].date()):
                reduced.ledger.note(
                    f"the file ends on {source.data_until}, before the period does",
                    int(people.sum()),
                )
            self.enter(source, reduced.ledger, reduced.counts, people)
        if self.declared.requests:
            reduce.refuse_shared(
                self.declared.requests, folder=self.folder, engine=engine
            )
            counts = _joined("request_counts", self.made["request_counts"])
            services.check_window(
                counts, self.declared.requests, period=period, quarters=quarters
            )

    def enter(
        self,
        source: sources.Source,
        ledger: Ledger,
        tidy: pd.DataFrame,
        people: pd.Series | None = None,
    ) -> None:
        """Keep what is known about a file beside its rows."""
        named = {"kind": ledger.kind, "file": ledger.file, "title": ledger.title}
        self.made["ledger"].append(ledger.frame())
        self.made["found"].append(ledger.listing())
        if _records_race(source):
            weights = people if people is not None else pd.Series(1, index=tidy.index)
            rows = weights.groupby(tidy["race"], observed=False).sum()
            counted = pd.DataFrame({"race": rows.index.astype("str"), "rows": rows})
            date = pd.Timestamp(getattr(source, "as_of", None))
            counted = counted.assign(**named, as_of=date)
            self.made["recorded"].append(counted[RECORDED])
        labels = source.crosswalk(self.standard)
        declared = pd.DataFrame(labels.items(), columns=["labels", "race"])
        declared["labels"] = declared["labels"].replace("", "(blank)")
        declared = declared.groupby("race", as_index=False, sort=False)["labels"]
        listed = declared.agg("; ".join)
        self.made["crosswalks"].append(listed.assign(**named)[CROSSWALKS])
        self.bar.update()


def _kept(raw: pd.DataFrame, source: sources.Source, ledger: Ledger) -> pd.DataFrame:
    """Keep the rows that `keep` names, such as one district of a national file."""
    sources.require(raw, list(source.keep), file=source.file)
    rules = {}
    for column, values in source.keep.items():
        wanted = " or ".join(values) if len(values) < 3 else "one of those kept"
        text = raw[column].str.strip()
        starts = tuple(value[:-1] for value in values if value.endswith("*"))
        rules[f"{column} is not {wanted}"] = ~(
            text.isin(values) | text.str.startswith(starts)
        )
    rows = ledger.set_aside(raw, rules)
    if rows.empty:
        raise InputError(f"{source.file}: no row is left; check 'keep' in sources.yaml")
    return rows


def _note_groups(frames: list[pd.DataFrame], ledgers: list[Ledger]) -> None:
    """Note which groups a roster cannot record and another of the same day can."""
    for frame, ledger in zip(frames, ledgers, strict=True):
        others = [f for f in frames if set(f["as_of"]) & set(frame["as_of"])]
        known = {g for other in others for g in other["race"].cat.categories}
        lacking = known - set(frame["race"].cat.categories) - set(race.UNKNOWN)
        if lacking:
            named = ", ".join(group for group in race.ORDER if group in lacking)
            ledger.note(
                f"cannot record {named}, which another roster of the day can: "
                "counted as none here",
                len(frame),
            )


def _records_race(source: sources.Source) -> bool:
    """Say whether a row of a file is one person or request with a race on record."""
    people = (sources.Requests, sources.Workers, sources.Events, sources.Scores)
    several = getattr(source, "several", None)
    asked = "race" in source.columns or bool(several and several.columns)
    return isinstance(source, people) and asked


def listing(city: str, period: str) -> Path:
    """Name the file that lists which rows were noted or set aside.

    Parameters
    ----------
    city
        The city's short name.
    period
        The last quarter that is counted.

    Returns
    -------
    Path
        A CSV file beside the tidy tables: rows by number, never by value.

    Examples
    --------
    >>> listing("sample", "2025Q4").name
    'rows-to-look-at.csv'
    """
    return project.processed_folder(city, period) / LISTING


def _refuse_twins(declared: sources.Sources, found: list[sources.Provenance]) -> None:
    """Refuse one file under two names: its rows would be counted twice."""
    first: dict[tuple[str, str], str] = {}
    for source, seen in zip(declared.files(), found, strict=True):
        twin = first.setdefault((seen.kind, seen.sha256), source.file)
        if twin != source.file and seen.sha256:
            raise InputError(
                f"{source.file} is byte for byte {twin} (sha256 {seen.sha256[:12]}...)"
                "; was the same export put in place for another period?"
            )


def _name_apart(made: dict[str, list[pd.DataFrame]]) -> None:
    """Give files of one title names that tell them apart."""
    said = pd.concat(made["ledger"])[["kind", "file", "title"]].drop_duplicates()
    titles, files = said["title"].duplicated(keep=False), said["file"]
    names = said["title"].where(~titles, said["title"] + " (" + files + ")")
    again = names.duplicated(keep=False)  # one file, used for two kinds
    names = names.where(~again, names + ", " + said["kind"])
    known = dict(zip(zip(said["kind"], files, strict=True), names, strict=True))
    for table in ("ledger", "recorded", "crosswalks"):
        for frame in made[table]:
            keys = zip(frame["kind"], frame["file"], strict=True)
            frame["title"] = pd.Series(
                [known[key] for key in keys], index=frame.index, dtype="str"
            )


def _uninhabited(population: pd.DataFrame) -> list[str]:
    residents = population.groupby("area")["estimate"].sum()
    return list(residents.index[residents == 0])


TABLE = {kind: kind for kind in sources.KINDS}
TABLE |= {"graduation": "outcomes", "rates": "outcomes", "proficiency": "levels"}


def _joined(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of one kind; none gives an empty table with its columns."""
    if not frames and name in SHAPES:
        return gpd.GeoDataFrame(columns=EMPTY[name], geometry="geometry", crs=4326)
    if not frames:
        nobody = pd.Categorical([], categories=pd.Index([], dtype="str"), ordered=True)
        empty = pd.DataFrame(columns=EMPTY[name], dtype="str")
        return empty.assign(race=nobody) if "race" in empty else empty
    if len(frames) == 1:
        return frames[0]
    joined = pd.concat(frames, ignore_index=True)
    if isinstance(frames[0].get("race", joined.index).dtype, pd.CategoricalDtype):
        # Different crosswalks have different categories.
        seen = [group for frame in frames for group in frame["race"].cat.categories]
        order = [*race.ORDER, *race.UNKNOWN]
        kept = [group for group in order if group in seen]
        joined["race"] = pd.Categorical(joined["race"], categories=kept, ordered=True)
    return joined


def _check_groups(made: dict[str, list[pd.DataFrame]]) -> None:
    """Refuse workers of a group without residents: nothing could be compared."""
    people = {g for table in made["population"] for g in table["race"].cat.categories}
    staff = {group for table in made["workers"] for group in table["race"].dropna()}
    without = sorted(staff - people - set(race.UNKNOWN))
    if people and without:
        raise InputError(
            f"the rosters have workers of groups without residents: {without}; name "
            "their columns under 'estimates' of population in sources.yaml"
        )


def _files(declared: sources.Sources, found: list[sources.Provenance]) -> pd.DataFrame:
    rows = [
        {
            **{name: getattr(source, name, "") for name in FILES},
            "kind": seen.kind,
            "file": source.named(),
            "title": source.title or source.named(),
            "sha256": seen.sha256,
            "bytes": seen.bytes,
        }
        for source, seen in zip(declared.files(), found, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*FILES, "bytes"])


def _of_schools(declared: sources.Sources) -> list[tuple[str, sources.OfSchools]]:
    return [
        (kind, source)
        for kind in sources.KINDS
        for source in getattr(declared, kind)
        if isinstance(source, sources.OfSchools)
    ]


def _school_files(declared: sources.Sources) -> pd.DataFrame:
    """Say which district the files of schools are of, and whom it covers."""
    rows = [
        {
            **{"kind": kind, "file": source.named(), "title": source.titled()},
            **{"of": getattr(source, "of", "schools"), "district": source.district},
            "covers": source.covers,
        }
        for kind, source in _of_schools(declared)
    ]
    return pd.DataFrame(rows, columns=SCHOOL_FILES, dtype="str")


def _breaks(declared: sources.Sources) -> pd.DataFrame:
    """List the years in which something changed; an outcome is blank if it is any."""
    rows = []
    for kind, source in _of_schools(declared):
        names = {"graduation": ["graduation"], "proficiency": ["proficiency"]}
        if isinstance(source, sources.Rates):
            names["rates"] = list(source.named_outcomes())
        for name in names.get(kind, [""]):
            rows += [
                (kind, source.named(), name, year, changed)
                for year, changed in source.breaks.items()
            ]
    return pd.DataFrame(rows, columns=BREAKS, dtype="str")


def _fingerprint(
    declared: sources.Sources, found: list[sources.Provenance], settings: dict
) -> str:
    """Identify everything that the tidy tables depend on."""
    rooms = (Path(__file__).parent, Path(race.__file__).parent)
    code = [path for room in rooms for path in sorted(room.rglob("*.[py]*"))]
    code = [path for path in code if path.suffix in (".py", ".yaml")]
    facts = [
        declared.model_dump_json(),
        json.dumps(settings),
        *(seen.sha256 for seen in found),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in code),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _is_current(kept: Path, fingerprint: str) -> bool:
    mark = kept / "fingerprint"
    return mark.is_file() and mark.read_text() == fingerprint


def _read_current(kept: Path, fingerprint: str) -> Tables | None:
    """Read the kept tables, if they are those wanted and stay whole meanwhile."""
    try:
        tables = _read(kept) if _is_current(kept, fingerprint) else None
        return tables if _is_current(kept, fingerprint) else None
    except (OSError, ValueError):  # another run replaces them; or a file is broken
        return None


def _keep(tables: Tables, kept: Path, fingerprint: str) -> Tables:
    """Write the tables beside, then put them in place, so that none is half there."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=kept.parent))
    try:
        for entry in fields(tables):
            getattr(tables, entry.name).to_parquet(beside / f"{entry.name}.parquet")
        tables.found.to_csv(beside / LISTING, index=False)
        (beside / "fingerprint").write_text(fingerprint)
        written = _read(beside)
        shutil.rmtree(kept, ignore_errors=True)
        beside.rename(kept)
    except OSError:
        if not kept.is_dir():  # unless another run was first
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return written


def _read(kept: Path) -> Tables:
    return Tables(
        **{
            name: (gpd if name in SHAPES else pd).read_parquet(kept / f"{name}.parquet")
            for name in EMPTY
        }
    )
