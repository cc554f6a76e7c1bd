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
from equity.prepare import places, schools, services, sources, workforce
from equity.prepare.quality import COLUMNS as LEDGER
from equity.prepare.quality import Ledger

FILES = [
    *("kind", "file", "title", "rows_are", "source", "url", "licence", "vintage"),
    "sha256",
]


@dataclass(frozen=True)
class Tables:
    """A city's tidy tables; a kind that the city does not have is an empty table.

    Attributes
    ----------
    areas, population, requests, request_counts, facilities
        Places, residents by race, and the services they ask for.
    workers, events
        The workforce, and hires, promotions and separations.
    outcomes, levels, scores
        Graduation, students per proficiency level, and test scores.
    files, ledger
        What was read, and what happened to its rows.
    """

    areas: gpd.GeoDataFrame
    population: pd.DataFrame
    requests: pd.DataFrame
    request_counts: pd.DataFrame
    facilities: pd.DataFrame
    workers: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame
    levels: pd.DataFrame
    scores: pd.DataFrame
    files: pd.DataFrame
    ledger: pd.DataFrame


EMPTY = {
    "areas": places.AREAS,
    "population": places.POPULATION,
    "requests": services.REQUESTS,
    "request_counts": services.COUNTS,
    "facilities": services.FACILITIES,
    "workers": workforce.WORKERS,
    "events": workforce.EVENTS,
    "outcomes": schools.OUTCOMES,
    "levels": schools.LEVELS,
    "scores": schools.SCORES,
    "files": FILES,
    "ledger": LEDGER,
}


def load(
    city: str, *, period: str, quarters: int, race_standard: str, progress: bool = False
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
    settings = {"period": period, "quarters": quarters, "standard": race_standard}
    print_ = _fingerprint(declared, found, settings)
    current = _read_current(kept, print_)
    if current is not None:
        return current
    tables = _make(declared, folder, found, standard, settings, progress=progress)
    return _keep(tables, kept, print_)


def _make(
    declared: sources.Sources,
    folder: Path,
    found: list[sources.Provenance],
    standard: race.Standard,
    settings: dict,
    *,
    progress: bool,
) -> Tables:
    """Read and clean every declared file; areas first, since others need them."""
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in EMPTY}
    bar = tqdm(declared.files(), desc="Reading raw files", disable=not progress)

    def clean(kind: str, step: Callable[..., pd.DataFrame], **context: object) -> None:
        for source in getattr(declared, kind):
            bar.set_postfix_str(source.file)
            read = sources.read_places if kind == "areas" else sources.read_table
            raw = read(source, folder=folder)
            ledger = Ledger(kind, source.file, len(raw), _titled(source))
            raw = _kept(raw, source, ledger)
            made[TABLE[kind]].append(step(raw, source, ledger, **context))
            made["ledger"].append(ledger.frame())
            bar.update()

    clean("areas", places.clean_areas)
    areas = _joined("areas", made["areas"])
    clean("population", places.clean_population, areas=areas, standard=standard)
    clean(
        "requests",
        services.clean_requests,
        areas=areas,
        period=settings["period"],
        quarters=settings["quarters"],
        uninhabited=_uninhabited(_joined("population", made["population"])),
    )
    clean("facilities", services.clean_facilities, areas=areas)
    clean("workers", workforce.clean_workers, standard=standard)
    clean("events", workforce.clean_events, standard=standard)
    clean("graduation", schools.clean_graduation, standard=standard)
    clean("proficiency", schools.clean_proficiency, standard=standard)
    clean("scores", schools.clean_scores, standard=standard)
    bar.close()
    _check_groups(made)
    if made["requests"]:
        requests = _joined("requests", made["requests"])
        window = {name: settings[name] for name in ("period", "quarters")}
        services.check_window(requests, declared.requests, **window)
        made["request_counts"] = [services.counts(requests)]
    made["files"] = [_files(declared, found)]
    return Tables(**{name: _joined(name, frames) for name, frames in made.items()})


def _kept(raw: pd.DataFrame, source: sources.Source, ledger: Ledger) -> pd.DataFrame:
    """Keep the rows that `keep` names, such as one district of a national file."""
    sources.require(raw, list(source.keep), file=source.file)
    rules = {}
    for column, values in source.keep.items():
        wanted = " or ".join(values) if len(values) < 3 else "one of those kept"
        rules[f"{column} is not {wanted}"] = ~raw[column].str.strip().isin(values)
    rows = ledger.set_aside(raw, rules)
    if rows.empty:
        raise InputError(f"{source.file}: no row is left; check 'keep' in sources.yaml")
    return rows


def _uninhabited(population: pd.DataFrame) -> list[str]:
    residents = population.groupby("area")["estimate"].sum()
    return list(residents.index[residents == 0])


def _titled(source: sources.Source) -> str:
    """Name a file for readers, with what it is of."""
    return ", ".join(part for part in (source.title, source.vintage) if part)


TABLE = {kind: kind for kind in sources.KINDS}
TABLE |= {"graduation": "outcomes", "proficiency": "levels"}


def _joined(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of one kind; none gives an empty table with its columns."""
    if not frames and name == "areas":
        return gpd.GeoDataFrame(columns=EMPTY[name], geometry="geometry", crs=4326)
    if not frames:
        nobody = pd.Categorical([], categories=pd.Index([], dtype="str"), ordered=True)
        empty = pd.DataFrame(columns=EMPTY[name], dtype="str")
        return empty.assign(race=nobody) if "race" in empty else empty
    if len(frames) == 1:
        return frames[0]
    joined = pd.concat(frames, ignore_index=True)
    if "race" in joined:  # different crosswalks have different categories
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
            "sha256": seen.sha256,
            "bytes": seen.bytes,
        }
        for source, seen in zip(declared.files(), found, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*FILES, "bytes"])


def _fingerprint(
    declared: sources.Sources, found: list[sources.Provenance], settings: dict
) -> str:
    """Identify everything that the tidy tables depend on."""
    code = [*sorted(Path(__file__).parent.glob("*.py")), Path(race.__file__)]
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
            name: (gpd if name == "areas" else pd).read_parquet(
                kept / f"{name}.parquet"
            )
            for name in EMPTY
        }
    )
