"""Raw files: what `sources.yaml` says they mean, and reading them as they are.

Everything is read as text: identifiers keep their leading zeros, and the text NA is
a text. This module and `equity.publish.release` are the only ones that touch disk.
"""

import hashlib
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from zipfile import BadZipFile

import geopandas as gpd
import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from equity import race, strict_yaml
from equity.errors import ColumnNotFoundError, InputError, ParamsError


def _a_day(text: str) -> str:
    try:
        pd.to_datetime(text, format="%Y-%m-%d")
    except ValueError:
        raise ValueError(f"{text!r} is not a day, such as '2025-12-31'") from None
    return text


def _a_date_format(text: str) -> str:
    try:
        pd.to_datetime(pd.Series([""]), format=text, errors="coerce")
    except ValueError:
        text = ""
    if "%" not in text:  # pandas would guess: day and month could change places
        raise ValueError("not a date format, such as '%Y-%m-%d' or '%m/%d/%Y'")
    return text


def _two_ends(ends: list[int]) -> list[int]:
    if len(ends) != 2 or not 0 <= ends[0] <= ends[1]:
        raise ValueError("not the least and the most people, such as [0, 9]")
    return ends


Labels = dict[str, str]
Date = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_a_day)
]
DateFormat = Annotated[str, AfterValidator(_a_date_format)]
Ends = Annotated[list[int], AfterValidator(_two_ends)]
UNREADABLE = (  # what pandas and its engines raise for files that are not tables
    *(BadZipFile, EOFError, LookupError, OSError, ValueError, zlib.error),
    pd.errors.ParserWarning,
)


class Source(BaseModel):
    """One raw file and what it means; the keys that all kinds share.

    Notes
    -----
    The keys below, as they stand in `sources.yaml`. `file` is relative to the
    raw folder. `rows_are` says what the rows are, in the plural, for sentences,
    such as `police department employees`. `columns` maps the suite's column names
    to the file's. `keep` maps columns of the file to the values whose rows are
    used.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    NEEDS: ClassVar[tuple[str, ...]] = ()
    MAY: ClassVar[tuple[str, ...]] = ()

    file: str
    title: str = ""
    rows_are: str = ""
    source: str = ""
    url: str = ""
    licence: str = ""
    vintage: str = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    sheet: str = ""
    skip_rows: Annotated[int, Field(ge=0)] = 0
    keep: dict[str, list[str]] = {}
    columns: Labels = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        path = Path(self.file)
        if path.is_absolute() or ".." in path.parts:
            raise ParamsError(f"file: {self.file!r} must lie inside the raw folder")
        known = (*self.NEEDS, *self.MAY)
        for name in self.NEEDS:
            if name not in self.columns:
                raise ParamsError(
                    f"{self.file}: columns: {name} is missing; say which column of "
                    f"the file it is (needed: {', '.join(self.NEEDS)})"
                )
        for name in self.columns:
            if name not in known:
                raise ParamsError(
                    f"{self.file}: columns: {name!r} is not known; one of "
                    f"{', '.join(known)}"
                )
        return self


class Requests(Source):
    """Service requests, one a row; `statuses` says what each status means.

    Notes
    -----
    Of `Source`, and the keys below. `data_until` is the last day the file knows
    about: requests still open have been waiting until then.
    """

    NEEDS: ClassVar = ("opened", "closed", "status")
    MAY: ClassVar = ("request_id", "category", "latitude", "longitude", "area")

    date_format: DateFormat = "%Y-%m-%d"
    data_until: Date
    statuses: dict[str, Literal["closed", "open", "duplicate", "cancelled"]]

    @model_validator(mode="after")
    def _located(self) -> Self:
        if "area" not in self.columns and not (
            "latitude" in self.columns and "longitude" in self.columns
        ):
            raise ParamsError(
                f"{self.file}: columns: latitude and longitude, or area, are needed"
            )
        return self


class Areas(Source):
    """Boundaries of the areas; `kind` names them, for instance `2010 census tract`.

    Notes
    -----
    Of `Source`, and the keys below. `vintage` must equal the population's.
    """

    NEEDS: ClassVar = ("area",)

    kind: str


class Population(Source):
    """Residents by area and race, one column a group.

    Notes
    -----
    Of `Source`, and the keys below. `estimates` and `margins` (90 %) map a group
    to its column; without `margins` the numbers are a full count.
    """

    NEEDS: ClassVar = ("area",)

    estimates: Labels
    margins: Labels = {}

    @model_validator(mode="after")
    def _each_group(self) -> Self:
        if self.margins and set(self.margins) != set(self.estimates):
            raise ParamsError(
                f"{self.file}: margins: give one for each group of estimates, or none"
            )
        columns = [*self.estimates.values(), *self.margins.values()]
        for column in columns:
            if columns.count(column) > 1:
                raise ParamsError(f"{self.file}: column {column!r} is named twice")
        return self


class Workers(Source):
    """A roster on a date, one person in a post a row.

    Notes
    -----
    Of `Source`, and the keys below. `races` is the crosswalk; `full_time` lists
    the values of its column that mean full time.
    """

    NEEDS: ClassVar = ("race", "department")
    MAY: ClassVar = (
        *("worker_id", "sex", "job", "job_category", "pay", "full_time"),
        *("hired", "left"),
    )

    as_of: Date
    date_format: DateFormat = "%Y-%m-%d"
    races: Labels
    full_time: list[str] = []


class Events(Source):
    """Hires, promotions and separations, one a row.

    Notes
    -----
    Of `Source`, and the keys below.
    """

    NEEDS: ClassVar = ("kind", "date", "race")
    MAY: ClassVar = ("worker_id", "department", "job_category")

    date_format: DateFormat = "%Y-%m-%d"
    races: Labels
    kinds: dict[str, Literal["hire", "promotion", "separation"]]


class Graduation(Source):
    """Cohorts and graduation rates by school, a pair of columns per group.

    Notes
    -----
    Of `Source`, and the keys below. `groups` maps the file's group codes to
    groups, and `years` its year codes to school years; `cohort` and `rate` are
    column names in which `{group}` and `{year}` stand for the codes. Rates are
    whole percents, masked as `85-89`, `GE95`, `LT50` or `PS`.
    """

    NEEDS: ClassVar = ("unit",)

    cohort: str
    rate: str
    groups: Labels
    years: Labels


class Proficiency(Source):
    """Students per proficiency level by school and race, a column per level.

    Notes
    -----
    Of `Source`, and the keys below. `levels` maps the file's columns to levels,
    lowest first; `proficient` lists the levels that count as proficient;
    `suppressed` maps a mark such as `*` to the least and most it can hide.
    """

    NEEDS: ClassVar = ("school", "year", "race")
    MAY: ClassVar = ("subject", "grade")

    levels: Labels
    proficient: list[str]
    races: Labels
    suppressed: dict[str, Ends] = {}


class Scores(Source):
    """Test scores, one student a row.

    Notes
    -----
    Of `Source`, and the keys below.
    """

    NEEDS: ClassVar = ("race", "score")
    MAY: ClassVar = ("school", "year", "subject", "grade")

    races: Labels


class Facilities(Source):
    """Places that people go to, one a row.

    Notes
    -----
    Of `Source`.
    """

    NEEDS: ClassVar = ("kind", "latitude", "longitude")
    MAY: ClassVar = ("facility_id", "capacity")


class Sources(BaseModel):
    """All raw files of a city. A kind that a city does not have is left out.

    Notes
    -----
    A list of files per kind, and `confirmed`, which a person sets to true after
    reading what `equity new` proposed. `limits` are sentences for the front page on
    what this city's report cannot show.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    confirmed: bool
    limits: list[str] = []
    areas: Annotated[list[Areas], Field(max_length=1)] = []
    population: Annotated[list[Population], Field(max_length=1)] = []
    requests: list[Requests] = []
    facilities: list[Facilities] = []
    workers: list[Workers] = []
    events: list[Events] = []
    graduation: list[Graduation] = []
    proficiency: list[Proficiency] = []
    scores: list[Scores] = []

    @model_validator(mode="after")
    def _together(self) -> Self:
        placed = [*self.population, *self.requests, *self.facilities]
        if placed and not self.areas:
            raise ParamsError(f"areas is missing; {placed[0].file} is read by area")
        for areas, people in zip(self.areas, self.population, strict=False):
            if areas.vintage != people.vintage:
                raise ParamsError(
                    f"vintage: {people.file} is of {people.vintage!r}, and the areas "
                    f"are of {areas.vintage!r}; both must be of one census"
                )
        for kind in KINDS:
            listed = [(source.file, source.sheet) for source in getattr(self, kind)]
            for file, sheet in listed:
                if listed.count((file, sheet)) > 1:
                    raise ParamsError(f"{kind}: {file} is listed twice")
        return self

    def files(self) -> list[Source]:
        """List every file of every kind, in order.

        Returns
        -------
        list of Source
            All files.
        """
        return [source for kind in KINDS for source in getattr(self, kind)]


KINDS = [name for name in Sources.model_fields if name not in ("confirmed", "limits")]


@dataclass(frozen=True)
class Provenance:
    """What a raw file was, byte for byte.

    Attributes
    ----------
    kind
        The kind of raw file.
    file
        Its name below the raw folder.
    sha256
        Of its bytes.
    bytes
        Its size.
    """

    kind: str
    file: str
    sha256: str
    bytes: int


def read_sources(path: Path) -> Sources:
    """Read and check a `sources.yaml`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Sources
        What the raw files of a city mean.

    Raises
    ------
    ParamsError
        In one line: the key and what is wrong, or that nobody has confirmed it yet.

    Examples
    --------
    >>> from equity import project
    >>> read_sources(project.sources_file("sample")).confirmed
    True
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        found = strict_yaml.read(path)
        if found.get("confirmed") is False:
            raise ParamsError(
                "proposed by a program and not confirmed; read it, correct it, and "
                "set 'confirmed: true'"
            )
        return Sources(**found)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ParamsError(f"{name}: {key}: {problem['msg']}") from error
    except ParamsError as error:
        raise ParamsError(
            f"{name}: {error}".replace(f"{name}: {path.name}", name)
        ) from error


def provenance(source: Source, *, kind: str, folder: Path) -> Provenance:
    """Take a raw file's checksum and size, and compare the declared checksum.

    Parameters
    ----------
    source
        The file.
    kind
        Its kind.
    folder
        The raw folder.

    Returns
    -------
    Provenance
        Checksum and size.

    Raises
    ------
    InputError
        If the file is missing, empty, or not the one that was declared.

    Examples
    --------
    >>> from equity import project
    >>> sample = read_sources(project.sources_file("sample"))
    >>> provenance(sample.areas[0], kind="areas", folder=project.raw_folder()).kind
    'areas'
    """
    path = folder / source.file
    if not path.is_file():
        raise InputError(
            f"{source.file} does not exist below the raw folder; put it there, or "
            "point to another raw folder with --raw or EQUITY_RAW"
        )
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    if path.stat().st_size == 0:
        raise InputError(f"{source.file} is empty (0 bytes); export it again")
    found = digest.hexdigest()
    if source.sha256 and found != source.sha256:
        raise InputError(
            f"{source.file} has changed: its sha256 is {found[:12]}..., declared is "
            f"{source.sha256[:12]}...; if the new file is meant, declare its checksum"
        )
    return Provenance(kind, source.file, found, path.stat().st_size)


def read_table(source: Source, *, folder: Path) -> pd.DataFrame:
    """Read a raw table as text, a blank as an empty text.

    Parameters
    ----------
    source
        A CSV file (gzip too) or an Excel sheet.
    folder
        The raw folder.

    Returns
    -------
    DataFrame
        One column of text per column of the file, the names stripped.

    Raises
    ------
    InputError
        If the file cannot be read as a table, naming the file and what to do.

    Examples
    --------
    >>> from equity import project
    >>> sample = read_sources(project.sources_file("sample"))
    >>> table = read_table(sample.population[0], folder=project.raw_folder())
    >>> str(table.dtypes.iloc[0])
    'str'
    """
    path = folder / source.file
    as_text = {"skiprows": source.skip_rows, "dtype": str, "keep_default_na": False}
    try:
        with warnings.catch_warnings():
            # Rows longer than the header: their ends would be lost.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            if path.suffix.lower() == ".xlsx":
                frame = pd.read_excel(path, sheet_name=source.sheet or 0, **as_text)
            else:
                frame = pd.read_csv(
                    path,
                    sep=source.delimiter,
                    encoding=source.encoding,
                    na_filter=False,
                    index_col=False,
                    **as_text,
                )
    except UNREADABLE as error:
        problem = " ".join(str(error).split())
        raise InputError(
            f"{source.file} cannot be read as a table ({type(error).__name__}: "
            f"{problem}); check encoding, delimiter and skip_rows in sources.yaml"
        ) from error
    frame = frame.rename(columns=lambda name: str(name).strip())
    if frame.columns.empty:
        raise InputError(f"{source.file} holds no table; is it the right sheet?")
    if frame.columns[0].lower().startswith(("<!doctype", "<html")):
        raise InputError(f"{source.file} is a web page, not a table; download it again")
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()].to_list()
        raise InputError(f"{source.file}: columns {twice} are there more than once")
    return frame


def read_places(source: Source, *, folder: Path) -> gpd.GeoDataFrame:
    """Read boundaries with their properties as text.

    Parameters
    ----------
    source
        A file that GDAL reads; gzip and zip too.
    folder
        The raw folder.

    Returns
    -------
    GeoDataFrame
        Properties as text, and `geometry` in the file's coordinate system.

    Raises
    ------
    InputError
        If it cannot be read, or does not say its coordinate system.

    Examples
    --------
    >>> from equity import project
    >>> sample = read_sources(project.sources_file("sample"))
    >>> read_places(sample.areas[0], folder=project.raw_folder()).crs.to_epsg()
    4326
    """
    path = folder / source.file
    prefix = {".gz": "/vsigzip/", ".zip": "/vsizip/"}.get(path.suffix, "")
    try:
        places = gpd.read_file(f"{prefix}{path}")
    except Exception as error:  # GDAL's errors share no base class
        raise InputError(
            f"{source.file} cannot be read as boundaries ({type(error).__name__}); "
            "is it a whole GeoJSON, GeoPackage or zipped shapefile?"
        ) from error
    if places.crs is None:
        raise InputError(f"{source.file} does not say its coordinate system (CRS)")
    if places.geometry.name != "geometry":
        places = places.rename_geometry("geometry")
    text = [name for name in places.columns if name != "geometry"]
    return places.astype(dict.fromkeys(text, str))


def require(frame: pd.DataFrame, names: list[str], *, file: str) -> None:
    """Check that a raw table has the columns that `sources.yaml` names.

    Parameters
    ----------
    frame
        The raw table.
    names
        The file's column names that are needed.
    file
        The file's name below the raw folder.

    Raises
    ------
    InputError
        Naming the file, the missing columns and those found.

    Examples
    --------
    >>> require(pd.DataFrame({"RACE": []}), ["SEX"], file="a.csv")
    Traceback (most recent call last):
    equity.errors.InputError: a.csv: columns ['SEX'] are missing; found ['RACE']
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        problem = ColumnNotFoundError(missing, found=frame.columns)
        raise InputError(f"{file}: {problem}")


def tidy(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Give the columns that `sources.yaml` names their settled names; drop the rest.

    Parameters
    ----------
    frame
        The raw table.
    source
        What the file means.

    Returns
    -------
    DataFrame
        Text columns, stripped of outer blanks, named by the keys of `columns`.

    Raises
    ------
    InputError
        If a column is absent.

    Examples
    --------
    >>> from equity import project
    >>> sample = read_sources(project.sources_file("sample"))
    >>> raw = pd.DataFrame({name: ["x "] for name in sample.areas[0].columns.values()})
    >>> tidy(raw, sample.areas[0]).columns.to_list()
    ['area']
    """
    require(frame, list(source.columns.values()), file=source.file)
    return pd.DataFrame(
        {name: frame[column].str.strip() for name, column in source.columns.items()},
        index=frame.index,
    )


def recorded_race(
    rows: pd.DataFrame,
    source: Workers | Events | Proficiency | Scores,
    *,
    standard: race.Standard,
) -> pd.Series:
    """Map a file's race labels by the crosswalk that `sources.yaml` declares for it.

    Parameters
    ----------
    rows
        As `tidy` returns them, with `race`.
    source
        What the file means.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    Series
        Ordered categorical; its categories are what the file can record.

    Raises
    ------
    UnmappedLabelError
        If a label is not in the crosswalk, naming file and column.

    Examples
    --------
    >>> source = Scores(file="s.csv", columns={"race": "RACE", "score": "SCORE"},
    ...                 races={"W": "White"})
    >>> recorded_race(pd.DataFrame({"race": ["w "]}), source,
    ...               standard=race.standard("omb1997")).to_list()
    ['White']
    """
    return race.crosswalk(
        rows["race"],
        source.races,
        standard=standard,
        where=f"{source.file}, column {source.columns['race']}",
    )
