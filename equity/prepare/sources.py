"""What `sources.yaml` says the raw files of a city are and mean."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import available_timezones

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
from equity.prepare import census

OPEN = "TO CONFIRM"  # what `equity new` writes where a person has to decide


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
    # Without a format pandas would guess: day and month could change places.
    if "%" not in text and text != "ISO8601":
        raise ValueError(
            "not a date format, such as '%Y-%m-%d', '%m/%d/%Y' or 'ISO8601'"
        )
    return text


def _two_ends(ends: list[int]) -> list[int]:
    if len(ends) != 2 or not 0 <= ends[0] <= ends[1]:
        raise ValueError("not the least and the most people, such as [0, 9]")
    return ends


def _census_marks(marks: dict[str, str]) -> dict[str, str]:
    known = [mark for mark in census.MARKS if census.MARKS[mark] != census.BLANK]
    for text, mark in marks.items():
        if mark not in known:
            raise ValueError(
                f"{text!r} stands for {mark!r}, which is no mark of the census; one "
                f"of {', '.join(known)}"
            )
    return marks


def _a_benchmark(text: str) -> str:
    if text.split(",")[0] not in BENCHMARKS:
        raise ValueError(
            f"{text!r} is no benchmark; one of {', '.join(BENCHMARKS)}, perhaps with "
            "more after a comma, such as 'availability in the occupation, by worksite'"
        )
    return text


def _job_categories(labels: dict[str, str]) -> dict[str, str]:
    for category in labels.values():
        if category not in JOB_CATEGORIES:
            raise ValueError(
                f"{category!r} is no job category of the EEO-4 form; one of "
                f"{', '.join(JOB_CATEGORIES)}"
            )
    return labels


def _a_time_zone(text: str) -> str:
    if text and text not in available_timezones():
        raise ValueError(f"{text!r} is not a time zone, such as 'America/Chicago'")
    return text


PLACE = ("latitude", "longitude")
BENCHMARKS = (
    *("residents of working age", "labour force", "availability in the occupation"),
)
AVAILABILITY = BENCHMARKS[-1]
JOB_CATEGORIES = (  # of the EEO-4 form
    *("Officials and administrators", "Professionals", "Technicians"),
    *("Protective service", "Paraprofessionals", "Administrative support"),
    *("Skilled craft", "Service and maintenance"),
)
Labels = dict[str, str]
Direction = Literal["higher is better", "lower is better"]
Share = Annotated[float, Field(ge=0, le=1)]
Employment = Literal["permanent", "part-time", "temporary", "seasonal"]
TimeZone = Annotated[str, AfterValidator(_a_time_zone)]
Date = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_a_day)
]
DateFormat = Annotated[str, AfterValidator(_a_date_format)]
Ends = Annotated[list[int], AfterValidator(_two_ends)]
Marks = Annotated[dict[str, str], AfterValidator(_census_marks)]
Benchmark = Annotated[str, AfterValidator(_a_benchmark)]
JobCategories = Annotated[dict[str, str], AfterValidator(_job_categories)]


class Source(BaseModel):
    """One raw file and what it means; the keys that all kinds share.

    Notes
    -----
    The keys below, as they stand in `sources.yaml`. `file` is relative to the
    raw folder. `rows_are` says what the rows are, in the plural, for sentences,
    such as `police department employees`. `columns` maps the suite's column names
    to the file's. `keep` maps columns of the file to the values whose rows are
    used; `04013*` means all values that start so.

    `encoding` and `delimiter` are found where they are empty; `decimal` is the
    decimal mark. `sheet` names a sheet or layer, `member` one file of a zip.
    `skip_rows` counts the lines above the header; where it is not given, the header
    is the first line that has every declared column. Census downloads have two
    `header_rows`: names, and what they mean.
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
    encoding: str = ""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    decimal: Literal[".", ","] = "."
    sheet: str = ""
    member: str = ""
    skip_rows: Annotated[int, Field(ge=0)] | None = None
    header_rows: Annotated[int, Field(ge=1, le=2)] = 1
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

    def named(self) -> str:
        """Name the file, and the part of it that is meant, for people.

        Returns
        -------
        str
            Such as `staff.xlsx, 2020`.

        Examples
        --------
        >>> Source(file="staff.xlsx", sheet="2020").named()
        'staff.xlsx, 2020'
        """
        return ", ".join(part for part in (self.file, self.member, self.sheet) if part)

    def titled(self) -> str:
        """Name the file for readers, with what it is of.

        Returns
        -------
        str
            Title and vintage, or the file's name.

        Examples
        --------
        >>> Source(file="r.csv", title="Roster", vintage="2020").titled()
        'Roster, 2020'
        """
        facts = [part for part in (self.title, self.vintage) if part]
        return ", ".join(facts) or self.named()

    def crosswalk(self, standard: race.Standard) -> dict[str, str]:
        """Say which labels or columns of the file were declared to mean which group.

        Parameters
        ----------
        standard
            Whose groups are meant.

        Returns
        -------
        dict
            Label to group; empty for a file without race.
        """
        return {}

    def declared_columns(self) -> list[str]:
        """List every column of the file that the settings name.

        Returns
        -------
        list of str
            The file's own names, each once.

        Examples
        --------
        >>> Source(file="a.csv", keep={"LEAID": ["1"]}).declared_columns()
        ['LEAID']
        """
        return list(dict.fromkeys([*self.columns.values(), *self.keep, *self._more()]))

    def _more(self) -> list[str]:
        """List columns that a kind names elsewhere than under `columns`."""
        return []


class Raced(Source, race.Rules):
    """A file whose rows have a race, and the rules by which it is read.

    Notes
    -----
    Of `Source` and of `equity.race.Rules`: `races` (the crosswalk), `vocabulary`,
    `several`, `hispanic` and `roll_up`.
    """

    ASKS_RACE: ClassVar[bool] = True

    @model_validator(mode="after")
    def _some_race(self) -> Self:
        columns = bool(self.several and self.several.columns)
        if self.ASKS_RACE and "race" not in self.columns and not columns:
            raise ParamsError(
                f"{self.file}: columns: race is missing; say which column it is, or "
                "give yes/no columns under 'several'"
            )
        return self

    def crosswalk(self, standard: race.Standard) -> dict[str, str]:
        """Say which labels of the file were declared to mean which group.

        Parameters
        ----------
        standard
            Whose groups are meant.

        Returns
        -------
        dict
            Label to group.
        """
        return race.Rules.crosswalk(self, standard)

    def _more(self) -> list[str]:
        return self.race_columns()


class Requests(Raced):
    """Service requests, one a row; `statuses` says what each status means.

    Notes
    -----
    Of `Source`, and the keys below. `data_until` is the last day the file knows
    about: requests still open have been waiting until then. Without a status
    column, a request is open until it has a closing date.

    `district` is the city's own name for where a row comes from (a ZIP, a ward), to
    see where rows without a place were lost; `duplicate_of` the request that a row
    repeats; `channel` how it was asked, such as by phone. `time_zone` is the city's:
    times with an offset become its days. `crs` is the coordinates' system where they
    are not degrees. Of rows with one number the `latest` or the `earliest` is kept.
    With `incident_days`, requests of one category from one place within so many days
    of each other are one incident.

    `reports` says how a further report finds the request that it repeats: by the
    number in `duplicate_of`, or as the request open at the `same place`, of the `same
    place and category`. Reports are counted until the request is closed, the data
    end, or `report_window` days have passed since the first.
    """

    ASKS_RACE: ClassVar = False
    NEEDS: ClassVar = ("opened", "closed")
    MAY: ClassVar = (
        *("status", "request_id", "category", "latitude", "longitude", "area"),
        *("race", "district", "duplicate_of", "channel"),
    )

    date_format: DateFormat = "%Y-%m-%d"
    data_until: Date
    statuses: dict[str, Literal["closed", "open", "duplicate", "cancelled"]] = {}
    time_zone: TimeZone = ""
    crs: str = ""
    repeated_ids: Literal["latest", "earliest"] = "latest"
    incident_days: Annotated[int, Field(ge=0, le=366)] = 0
    reports: Literal["", "duplicate_of", "same place", "same place and category"] = ""
    report_window: Annotated[int, Field(ge=1, le=366)] = 100

    @model_validator(mode="after")
    def _statuses(self) -> Self:
        if ("status" in self.columns) != bool(self.statuses):
            raise ParamsError(
                f"{self.file}: a status column and 'statuses', what each of its "
                "labels means, are given together"
            )
        return self

    @model_validator(mode="after")
    def _located(self) -> Self:
        if "area" not in self.columns and not (
            "latitude" in self.columns and "longitude" in self.columns
        ):
            raise ParamsError(
                f"{self.file}: columns: latitude and longitude, or area, are needed"
            )
        return self

    @model_validator(mode="after")
    def _linked(self) -> Self:
        by_number = self.reports == "duplicate_of"
        needed = {"request_id", "duplicate_of"} if by_number else set(PLACE)
        needed |= {"category"} if self.reports.endswith("category") else set()
        missing = sorted(needed - set(self.columns))
        if self.reports and missing:
            raise ParamsError(
                f"{self.file}: reports: {self.reports} needs the column(s) "
                f"{', '.join(missing)}"
            )
        if by_number and self.incident_days:
            raise ParamsError(
                f"{self.file}: incident_days tells reports by place, and reports: "
                "duplicate_of by number; with incident_days, say reports: same place"
            )
        marked = "duplicate_of" in self.columns or "duplicate" in self.statuses.values()
        if self.reports and not (marked or self.incident_days):
            raise ParamsError(
                f"{self.file}: reports: nothing says which rows are further reports; "
                "declare a status that means duplicate, the column duplicate_of, or "
                "incident_days"
            )
        return self


class Areas(Source):
    """Boundaries of the areas; `kind` names them, for instance `2010 census tract`.

    Notes
    -----
    Of `Source`, and the keys below. `vintage` must equal the population's. `crs` is
    the coordinate system of a file that does not say it.
    """

    NEEDS: ClassVar = ("area",)

    kind: str
    crs: str = ""


class Population(Raced):
    """Residents by area and race: a column, or a row, for each group.

    Notes
    -----
    Of `Source`, and the keys below. `estimates` and `margins` (90 %) map a group
    to its column; without `margins` the numbers are a full count. Where each group
    is a row, `columns` name `race`, `estimate` and perhaps `moe` instead. `strip` is
    cut off the front of each area, such as `1400000US`. `marks` maps a cell of this
    file that is no number to the census mark it stands for, such as -1 to `**`.
    """

    ASKS_RACE: ClassVar = False
    NEEDS: ClassVar = ("area",)
    MAY: ClassVar = ("race", "estimate", "moe")

    estimates: Labels = {}
    margins: Labels = {}
    strip: str = ""
    marks: Marks = {}

    def _more(self) -> list[str]:
        columns = [*self.estimates.values(), *self.margins.values()]
        return [*super()._more(), *columns]

    def crosswalk(self, standard: race.Standard) -> dict[str, str]:
        """Say which columns or labels were declared to mean which group.

        Parameters
        ----------
        standard
            Whose groups are meant.

        Returns
        -------
        dict
            Column or label to group.
        """
        if self.estimates:
            return {column: group for group, column in self.estimates.items()}
        return super().crosswalk(standard)

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        long = {"race", "estimate"} <= set(self.columns)
        if long == bool(self.estimates):
            raise ParamsError(
                f"{self.file}: give 'estimates', a column for each group, or the "
                "columns race and estimate, a row for each group"
            )
        return self

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


class Workers(Raced):
    """A roster on a date, one person in a post a row; or people counted by row.

    Notes
    -----
    Of `Source`, and the keys below. `full_time` lists the values of its column that
    mean full time; `employments` says what each label of `employment` means. The
    column `people` says how many people a row stands for. `departments` lists those
    that are meant: rows of others are set aside. `jobs` maps names of jobs to the name
    they are to have, where rosters of several dates spell one job differently.
    """

    NEEDS: ClassVar = ("department",)
    MAY: ClassVar = (
        *("race", "worker_id", "sex", "job", "job_category", "pay", "full_time"),
        *("employment", "hired", "left", "people"),
    )

    as_of: Date
    date_format: DateFormat = "%Y-%m-%d"
    full_time: list[str] = []
    employments: dict[str, Employment] = {}
    pay_per: Literal["year", "hour"] = "year"
    departments: list[str] = []
    jobs: Labels = {}


class Events(Raced):
    """Hires, promotions and separations, one a row; or counted by row.

    Notes
    -----
    Of `Source`, and the keys below. The column `people` says how many events a row
    stands for; `on` is the day of all events of a file without a date column.
    """

    NEEDS: ClassVar = ("kind",)
    MAY: ClassVar = (
        *("race", "date", "worker_id", "sex", "department", "job", "job_category"),
        "people",
    )

    date_format: DateFormat = "%Y-%m-%d"
    on: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    kinds: dict[str, Literal["hire", "promotion", "separation"]]


class Benchmarks(Raced):
    """Whom the workforce is compared with, by race, and perhaps by job category.

    Notes
    -----
    Of `Source`, and the keys below. `benchmark` names whom: one of `BENCHMARKS`, the
    last of which has a `job_category`; perhaps with more after a comma. One file can be
    listed once for each. Each group is a row, whose numbers are in `columns` (`people`,
    their 90 % margin `people_moe`, `share` of all people, `share_moe`), or a column
    named in `estimates`, `margins`, `shares` and `share_margins`. `scale` says whether
    shares are written as percents (15.4) or proportions (0.154). Without shares, they
    are made from the people of all groups in the file. `job_categories` says which
    EEO-4 category each label is, where it is not its name. `marks` is as of
    `Population`.
    """

    ASKS_RACE: ClassVar = False
    MAY: ClassVar = (
        *("race", "job_category", "people", "people_moe", "share", "share_moe"),
    )

    benchmark: Benchmark
    job_categories: JobCategories = {}
    estimates: Labels = {}
    margins: Labels = {}
    shares: Labels = {}
    share_margins: Labels = {}
    scale: Literal["", "percent", "proportion"] = ""
    marks: Marks = {}

    def wide(self) -> dict[str, Labels]:
        """Name the columns of each group, where groups are columns.

        Returns
        -------
        dict
            Our column to group to the file's column; empty where groups are rows.

        Examples
        --------
        >>> Benchmarks(file="b.csv", benchmark="labour force",
        ...            estimates={"White": "W"}).wide()
        {'people': {'White': 'W'}}
        """
        found = {
            **{"people": self.estimates, "people_moe": self.margins},
            **{"share": self.shares, "share_moe": self.share_margins},
        }
        return {name: columns for name, columns in found.items() if columns}

    def named(self) -> str:
        """Name the file and what it is a benchmark of.

        Returns
        -------
        str
            Such as `c23002.csv, labour force`.

        Examples
        --------
        >>> Benchmarks(file="b.csv", benchmark="labour force",
        ...            estimates={"White": "W"}).named()
        'b.csv, labour force'
        """
        return f"{super().named()}, {self.benchmark}"

    def crosswalk(self, standard: race.Standard) -> dict[str, str]:
        """Say which columns or labels were declared to mean which group.

        Parameters
        ----------
        standard
            Whose groups are meant.

        Returns
        -------
        dict
            Column or label to group.
        """
        by_column = {
            column: group
            for columns in self.wide().values()
            for group, column in columns.items()
        }
        return by_column or super().crosswalk(standard)

    def _more(self) -> list[str]:
        columns = [c for named in self.wide().values() for c in named.values()]
        return [*super()._more(), *columns]

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        given = set(self.wide()) or set(self.columns)
        if bool(self.wide()) == ("race" in self.columns):
            raise ParamsError(
                f"{self.file}: give the column race, a row for each group, or "
                "'estimates' or 'shares', a column for each group"
            )
        if not given & {"people", "share"}:
            raise ParamsError(
                f"{self.file}: say where people or shares are; columns: people, share"
            )
        for name in ("people", "share"):
            if f"{name}_moe" in given and name not in given:
                raise ParamsError(f"{self.file}: margins are of no {name}")
        if ("share" in given) != bool(self.scale):
            raise ParamsError(
                f"{self.file}: shares, and 'scale' (percent or proportion), which says "
                "how they are written, are given together"
            )
        return self

    @model_validator(mode="after")
    def _each_group(self) -> Self:
        groups = [set(columns) for columns in self.wide().values()]
        if any(each != groups[0] for each in groups):
            raise ParamsError(
                f"{self.file}: estimates, margins, shares and share_margins are of "
                "different groups; name the same ones in each that is given"
            )
        if self.wide() and set(self.columns) - {"job_category"}:
            raise ParamsError(
                f"{self.file}: columns: where groups are columns, only job_category is "
                "named here"
            )
        columns = self._more()
        for column in columns:
            if columns.count(column) > 1:
                raise ParamsError(f"{self.file}: column {column!r} is named twice")
        return self

    @model_validator(mode="after")
    def _by_job(self) -> Self:
        by_job = "job_category" in self.columns
        if by_job != self.benchmark.startswith(AVAILABILITY):
            raise ParamsError(
                f"{self.file}: {AVAILABILITY} has a column job_category, and the other "
                "benchmarks, which are of all jobs, have none"
            )
        if self.job_categories and not by_job:
            raise ParamsError(
                f"{self.file}: job_categories: there is no column job_category"
            )
        return self


class OfSchools(Source):
    """A file of schools or students, and which students it is of.

    Notes
    -----
    Of `Source`, and the keys below. `district` names the school district, and `covers`
    says in words whom it covers, where it is not the city: its borders are often
    others. `breaks` are years of the file from which the test, its cut or the
    definition is another, with words on what changed; nothing is compared across.
    """

    district: str = ""
    covers: str = ""
    breaks: Labels = {}


class Graduation(OfSchools):
    """Cohorts and graduation rates by school, a pair of columns per group.

    Notes
    -----
    Of `OfSchools`, and the keys below. `groups` maps the file's group codes to
    groups, and `years` its year codes to school years; `cohort` and `rate` are
    column names in which `{group}` and `{year}` stand for the codes. Rates are
    whole percents, masked as `85-89`, `GE95`, `LT50` or `PS`. `rounded_twice` says
    that they were rounded to one decimal before.
    """

    NEEDS: ClassVar = ("unit",)

    cohort: str
    rate: str
    groups: Labels
    years: Labels
    rounded_twice: bool = False

    def crosswalk(self, standard: race.Standard) -> dict[str, str]:
        """Say which group codes were declared to mean which group.

        Parameters
        ----------
        standard
            Whose groups are meant.

        Returns
        -------
        dict
            Code to group.
        """
        return dict(self.groups)

    def _more(self) -> list[str]:
        return [
            pattern.replace("{group}", code).replace("{year}", year)
            for year in self.years
            for code in self.groups
            for pattern in (self.cohort, self.rate)
        ]


class Rates(OfSchools, Raced):
    """An outcome by school and race, as a rate or counted, a row for each group.

    Notes
    -----
    Of `OfSchools` and `Raced`, and the keys below. `outcome` names it, and `direction`
    says whether more of it is better. Where a column `outcome` says which of several
    a row is of, `outcomes` maps its labels to their names, and `directions` each name
    to its direction. An outcome is a `rate` (`scale` says whether as percents, 45, or
    as proportions, 0.45), or a count of students who have it (`events`), with the
    `population` of students who could. `suppressed` maps a mark to the least and most
    people it can hide. `of` says of whom the rows are: of schools, or totals of the
    district or the state, which are kept apart. A file may be listed once for each
    outcome that has a column of counts, and once for its totals.
    """

    NEEDS: ClassVar = ("unit", "year", "race")
    MAY: ClassVar = ("population", "rate", "events", "subject", "grade", "outcome")

    outcome: str = ""
    direction: Direction = "higher is better"
    outcomes: Labels = {}
    directions: dict[str, Direction] = {}
    scale: Literal["percent", "proportion"] = "percent"
    suppressed: dict[str, Ends] = {}
    of: Literal["schools", "district", "state"] = "schools"

    def named(self) -> str:
        """Name the file, with the outcome it counts and of whom its totals are.

        Returns
        -------
        str
            Such as `outcomes.csv, suspension, of the state`.

        Examples
        --------
        >>> Rates(file="o.csv", outcome="suspension", of="state", columns={
        ...     "unit": "S", "year": "Y", "race": "R", "events": "N",
        ...     "population": "P"}).named()
        'o.csv, suspension, of the state'
        """
        counted = self.outcome if "events" in self.columns else ""
        whose = f"of the {self.of}" if self.of != "schools" else ""
        return ", ".join(part for part in (super().named(), counted, whose) if part)

    def named_outcomes(self) -> dict[str, str]:
        """Say of each outcome whether more of it is better.

        Returns
        -------
        dict
            Outcome to direction.

        Examples
        --------
        >>> Rates(file="o.csv", outcome="attendance", columns={
        ...     "unit": "S", "year": "Y", "race": "R"}).named_outcomes()
        {'attendance': 'higher is better'}
        """
        return self.directions or {self.outcome: self.direction}

    @model_validator(mode="after")
    def _counted_or_rated(self) -> Self:
        if {"rate", "events"} <= set(self.columns):
            raise ParamsError(
                f"{self.file}: columns: give rate or events, not both; a rate is made "
                "from events and population"
            )
        if "events" in self.columns and "population" not in self.columns:
            raise ParamsError(
                f"{self.file}: columns: events are of a population; say which column "
                "counts the students who could have the outcome"
            )
        return self

    @model_validator(mode="after")
    def _of_what(self) -> Self:
        several = "outcome" in self.columns
        if several == bool(self.outcome.strip()):
            raise ParamsError(
                f"{self.file}: name the outcome of all rows as 'outcome', or the "
                "column that says it"
            )
        if several != bool(self.outcomes) or several != bool(self.directions):
            raise ParamsError(
                f"{self.file}: a column outcome, 'outcomes' (what its labels mean) and "
                "'directions' (of each) are given together"
            )
        names = set(self.outcomes.values())
        if several and names != set(self.directions):
            odd = sorted(names ^ set(self.directions))
            raise ParamsError(
                f"{self.file}: directions: {odd} must be in both outcomes and "
                "directions; each outcome has one direction"
            )
        return self


class Enrolment(OfSchools, Raced):
    """Students enrolled, and how many of them live in the city.

    Notes
    -----
    Of `OfSchools` and `Raced`, and the keys below. Rows are schools, or districts, as
    the outcomes' `unit` names them; by `year` and `race` where there are such columns.
    `city_students` counts those of the `students` who live in the city; or `city_share`
    says it for all rows alike, as a proportion. `suppressed` is as of `Rates`. Without
    either, the students are counted and nobody is placed.
    """

    ASKS_RACE: ClassVar = False
    NEEDS: ClassVar = ("unit", "students")
    MAY: ClassVar = ("year", "race", "city_students")

    city_share: Share | None = None
    suppressed: dict[str, Ends] = {}

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        if "city_students" in self.columns and self.city_share is not None:
            raise ParamsError(
                f"{self.file}: give the column city_students, or one city_share for "
                "all rows, not both"
            )
        return self


class Proficiency(OfSchools, Raced):
    """Students per proficiency level by school and race, a column per level.

    Notes
    -----
    Of `OfSchools` and `Raced`, and the keys below. `levels` maps the file's columns to
    levels, lowest first; `proficient` lists the levels that count as proficient;
    `suppressed` maps a mark such as `*` to the least and most it can hide.
    """

    NEEDS: ClassVar = ("school", "year", "race")
    MAY: ClassVar = ("subject", "grade")

    levels: Labels
    proficient: list[str]
    suppressed: dict[str, Ends] = {}

    def _more(self) -> list[str]:
        return [*super()._more(), *self.levels]


class Scores(OfSchools, Raced):
    """Test scores, one student a row.

    Notes
    -----
    Of `OfSchools` and `Raced`, and `test`: what all scores of the file are of, where
    no column `subject` says so. With the column `student`, those of several years are
    followed, and their scores must be on one scale.
    """

    test: str = ""
    NEEDS: ClassVar = ("score",)
    MAY: ClassVar = ("race", "student", "school", "year", "subject", "grade")


class Placed(Source):
    """A file whose rows lie somewhere: in columns of coordinates, or as shapes.

    Notes
    -----
    Of `Source`, and `crs`, the coordinate system of numbers that are not degrees, or
    of a file of shapes that does not say it. A place is a `latitude` and a
    `longitude`, one `location` such as `(41.88, -87.63)`, or the shape of a file of
    shapes.
    """

    crs: str = ""

    def has_coordinates(self) -> bool:
        """Say whether columns say where the places are, rather than shapes.

        Returns
        -------
        bool
            Whether `location` or `latitude` is among the columns.
        """
        return "location" in self.columns or "latitude" in self.columns

    @model_validator(mode="after")
    def _both(self) -> Self:
        if ("latitude" in self.columns) != ("longitude" in self.columns):
            raise ParamsError(
                f"{self.file}: columns: latitude and longitude are given together"
            )
        return self


class Facilities(Placed):
    """Places that people go to, one a row.

    Notes
    -----
    Of `Placed`, and the key below. `all_are` says what they are where no column
    `kind` does.
    """

    MAY: ClassVar = (
        *("facility_id", "kind", "capacity", "latitude", "longitude", "location"),
    )

    all_are: str = ""

    @model_validator(mode="after")
    def _of_a_kind(self) -> Self:
        if ("kind" in self.columns) == bool(self.all_are):
            raise ParamsError(
                f"{self.file}: name the column 'kind', or say with 'all_are' what all "
                "of them are"
            )
        return self


class Travel(Source):
    """What it costs to get from an area to a facility, a pair a row.

    Notes
    -----
    Of `Source`, and the keys below. `unit` is what costs are counted in, such as
    `minutes`; `mode` how people travel, in words for the reader, such as `by bus on
    a weekday morning`. `strip` is cut off the front of each area. A blank cost says
    that there is no route.
    """

    NEEDS: ClassVar = ("area", "facility_id", "cost")

    unit: str
    mode: str
    strip: str = ""

    @model_validator(mode="after")
    def _said(self) -> Self:
        for name in ("unit", "mode"):
            if not getattr(self, name).strip():
                raise ParamsError(f"{self.file}: {name} is empty; say it for readers")
        return self


class Baselines(Source):
    """A number of some people or homes by area, to compare a share of places with.

    Notes
    -----
    Of `Source`, and the keys below. `label` names what is counted, such as
    `Households without internet`, and `universe` of what it is a part, such as
    `Households`, which the column `total` counts. Margins (`moe`, `total_moe`) are
    those of 90 %. `strip` is cut off the front of each area. With `area_digits`, as
    many leading characters of each id are the area, and the rows of one are added up,
    such as 11 for the tract of a census block group. `marks` is as of `Population`.
    One file can be listed once for each label.
    """

    NEEDS: ClassVar = ("area", "estimate")
    MAY: ClassVar = ("moe", "total", "total_moe")

    label: str
    universe: str = ""
    strip: str = ""
    area_digits: Annotated[int, Field(ge=1)] | None = None
    marks: Marks = {}

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if not self.label.strip():
            raise ParamsError(f"{self.file}: label is empty; say it for readers")
        if ("total" in self.columns) != bool(self.universe.strip()):
            raise ParamsError(
                f"{self.file}: give 'universe', in words, and the column total, which "
                "counts it, together"
            )
        if "total_moe" in self.columns and "total" not in self.columns:
            raise ParamsError(f"{self.file}: columns: total_moe is of no total")
        return self

    def named(self) -> str:
        """Name the file and what is taken from it.

        Returns
        -------
        str
            Such as `homes.csv, Households without internet`.

        Examples
        --------
        >>> Baselines(file="a.csv", label="Children",
        ...           columns={"area": "id", "estimate": "n"}).named()
        'a.csv, Children'
        """
        return f"{super().named()}, {self.label}"


class Districts(Source):
    """Boundaries that the city itself uses, such as wards; `kind` says what they are.

    Notes
    -----
    Of `Source`, and the keys below. They need not follow the areas, nor cover the
    city. `district` is what people call each, `name` more of it where there is more.
    `crs` is the coordinate system of a file that does not say it. With `whole_city`
    every resident lives in one of them: what an area has outside is water or another
    city, and nobody is shared out to it.
    """

    NEEDS: ClassVar = ("district",)
    MAY: ClassVar = ("name",)

    kind: str
    whole_city: bool = False
    crs: str = ""

    @model_validator(mode="after")
    def _of_a_kind(self) -> Self:
        if not self.kind.strip():
            raise ParamsError(f"{self.file}: kind is empty; say what a district is")
        return self


class Blocks(Placed):
    """Residents of blocks, to say where in an area people live.

    Notes
    -----
    Of `Placed`. `population` counts all residents of a block, whatever their race; of
    a shape, a point inside counts. `block` is the id of each.
    """

    NEEDS: ClassVar = ("population",)
    MAY: ClassVar = ("block", "latitude", "longitude", "location")


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
    travel: list[Travel] = []
    baselines: list[Baselines] = []
    districts: list[Districts] = []
    blocks: Annotated[list[Blocks], Field(max_length=1)] = []
    workers: list[Workers] = []
    events: list[Events] = []
    benchmarks: list[Benchmarks] = []
    graduation: list[Graduation] = []
    rates: list[Rates] = []
    proficiency: list[Proficiency] = []
    scores: list[Scores] = []
    enrolment: list[Enrolment] = []

    @model_validator(mode="after")
    def _together(self) -> Self:
        by_place = [source for source in self.requests if "area" not in source.columns]
        placed = [*self.population, *by_place, *self.facilities, *self.travel]
        placed += [*self.baselines, *self.districts, *self.blocks]
        if placed and not self.areas:
            raise ParamsError(f"areas is missing; {placed[0].file} is read by area")
        if self.travel and not self.facilities:
            raise ParamsError(f"facilities is missing; {self.travel[0].file} needs it")
        for areas, people in zip(self.areas, self.population, strict=False):
            for source in (areas, people):
                if not source.vintage.strip():
                    raise ParamsError(
                        f"{source.file}: vintage is missing; say of which census it "
                        "is, since areas and population must be of one"
                    )
            if areas.vintage != people.vintage:
                raise ParamsError(
                    f"vintage: {people.file} is of {people.vintage!r}, and the areas "
                    f"are of {areas.vintage!r}; both must be of one census"
                )
        names = [source.benchmark for source in self.benchmarks]
        for name in names:
            if names.count(name) > 1:
                raise ParamsError(
                    f"benchmarks: two files are of {name!r}; name one apart, such as "
                    f"'{name}, by worksite'"
                )
        kinds = [source.kind for source in self.districts]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ParamsError(
                    f"districts: two files are of kind {kind!r}; each kind is one file"
                )
        for kind in KINDS:
            listed = [source.named() for source in getattr(self, kind)]
            for source, name in zip(getattr(self, kind), listed, strict=True):
                if listed.count(name) > 1:
                    raise ParamsError(f"{kind}: {source.named()} is listed twice")
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
        Of its bytes; of several files, of their checksums in order; empty for an
        address.
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
        In one line: the key and what is wrong, that nobody has confirmed it yet, or
        which key still says `TO CONFIRM`.

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
        _check_decided(found)
        return Sources(**found)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ParamsError(f"{name}: {key}: {problem['msg']}") from error
    except ParamsError as error:
        raise ParamsError(
            f"{name}: {error}".replace(f"{name}: {path.name}", name)
        ) from error


def _check_decided(found: dict[str, Any]) -> None:
    """Refuse a description in which something is still left open."""
    undecided = [".".join(keys) for keys, text in _texts(found) if OPEN in text]
    if undecided:
        raise ParamsError(
            f"{undecided[0]}: still says {OPEN!r} ({len(undecided)} place(s) do); "
            "decide each before setting 'confirmed: true'"
        )


def _texts(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple, str]]:
    """List every text below a value, with the keys that lead to it."""
    if isinstance(value, str):
        yield keys, value
    below = value.items() if isinstance(value, dict) else ()
    for key, part in enumerate(value) if isinstance(value, list) else below:
        yield from _texts(part, (*keys, str(key)))


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
    if "://" in source.file:  # an engine reads it where it is
        return Provenance(kind, source.named(), "", 0)
    parts = _files(folder, source.file)
    if not parts:
        raise InputError(
            f"{source.file} does not exist below the raw folder; put it there, or "
            "point to another raw folder with --raw or EQUITY_RAW"
        )
    size = sum(path.stat().st_size for path in parts)
    if size == 0:
        raise InputError(f"{source.file} is empty (0 bytes); export it again")
    digests = [_sha256(path) for path in parts]
    found = digests[0]
    if len(parts) > 1:
        found = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    if source.sha256 and found != source.sha256:
        raise InputError(
            f"{source.file} has changed: its sha256 is {found[:12]}..., declared is "
            f"{source.sha256[:12]}...; if the new file is meant, declare its checksum"
        )
    return Provenance(kind, source.named(), found, size)


def _files(folder: Path, file: str) -> list[Path]:
    """List the files that a name means: one, those of a folder, or of a pattern."""
    path = folder / file
    if path.is_file():
        return [path]
    found = path.rglob("*") if path.is_dir() else folder.glob(file)
    return sorted(p for p in found if p.is_file() and p.name[0] not in "._")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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
