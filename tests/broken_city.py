"""A small city of real-looking exports, to be broken in one way at a time."""

import copy
import json
import shutil
from collections.abc import Collection
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import yaml
from shapely.geometry import box, mapping

from equity import params, prepare, run

BOOKS = Path(__file__).parents[1] / "notebooks"
AIAN = "American Indian or Alaska Native"
NHPI = "Native Hawaiian or Other Pacific Islander"
RACES = {
    AIAN: AIAN,
    "Asian": "Asian",
    "Black or African American": "Black or African American",
    "Hispanic or Latino": "Hispanic or Latino",
    "Middle Eastern or North African": "Middle Eastern or North African",
    "Native Hawaiian or Pacific Islander": NHPI,
    "White": "White",
    "Two or more races": "Two or more races",
    "Unknown": "Unknown",
}
SOURCES = {
    "confirmed": True,
    "areas": [
        {
            "file": "tracts.geojson",
            "vintage": "2020",
            "kind": "census tract",
            "columns": {"area": "GEOID"},
        }
    ],
    "requests": [
        {
            "file": "services.csv",
            "columns": {
                "request_id": "request_id",
                "opened": "opened_at",
                "closed": "closed_at",
                "category": "category",
                "latitude": "lat",
                "longitude": "lon",
                "race": "race",
            },
            "date_format": "ISO8601",
            "time_zone": "America/Chicago",
            "data_until": "2025-12-31",
            "races": RACES,
        }
    ],
    "workers": [
        {
            "file": "workforce.csv",
            "as_of": "2025-03-31",
            "columns": {
                "worker_id": "employee_id",
                "race": "race",
                "department": "department",
                "job": "job_title",
                "hired": "hire_date",
                "pay": "annual_salary",
            },
            "races": RACES,
        }
    ],
    "rates": [
        {
            "file": "schools.csv",
            "outcome": "proficiency",
            "columns": {
                "unit": "school_id",
                "year": "school_year",
                "race": "race",
                "population": "n_students",
                "rate": "pct_proficient",
            },
            "races": RACES,
        }
    ],
}
PARAMS = {
    "city": "example",
    "city_name": "Example",
    "period": "2025Q2",
    "quarters": 2,
    "race_standard": "spd15_2024",
    "replicates": 200,
}


class City:
    """A project with one city, whose files and settings a test may break.

    Parameters
    ----------
    home
        An empty folder, which becomes the project.
    good
        A folder of files without a fault.
    """

    def __init__(self, home: Path, good: Path) -> None:
        self.home = home
        self.sources = copy.deepcopy(SOURCES)
        self.params = dict(PARAMS)
        self.params_text = ""
        for name in ("params", "data/raw/example"):
            (home / name).mkdir(parents=True)
        (home / "notebooks").symlink_to(BOOKS)
        for path in good.iterdir():
            shutil.copy(path, self.raw / path.name)

    @property
    def raw(self) -> Path:
        """The raw folder."""
        return self.home / "data" / "raw"

    @property
    def out(self) -> Path:
        """The folder of reports."""
        return self.home / "reports"

    def of(self, kind: str) -> dict:
        """Return what is said of the file of a kind, to be changed."""
        return self.sources[kind][0]

    @staticmethod
    def fresh(kinds: Collection[str]) -> dict:
        """Return the good settings of these kinds, and the areas."""
        kept = {"confirmed", "areas", *kinds}
        chosen = {kind: said for kind, said in SOURCES.items() if kind in kept}
        return copy.deepcopy(chosen)

    def lay(self, folder: Path) -> "City":
        """Put a case's files in place of the good ones."""
        for path in folder.iterdir():
            shutil.copy(path, self.raw / path.name)
        return self

    def write(self) -> Path:
        """Write both settings files."""
        described = self.raw / "example" / "sources.yaml"
        described.write_text(yaml.safe_dump(self.sources, allow_unicode=True))
        path = self.home / "params" / "example.yaml"
        path.write_text(self.params_text or yaml.safe_dump(self.params))
        return path

    def load(self) -> prepare.Tables:
        """Make the tidy tables."""
        settings = params.read(self.write())
        return prepare.load(
            settings.city,
            period=settings.period,
            quarters=settings.quarters,
            race_standard=settings.race_standard,
        )

    def load_at_home(self, kinds: Collection[str]) -> prepare.Tables:
        """Make the tidy tables of these kinds, wherever the caller is."""
        self.sources = City.fresh(kinds)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.home)
            patch.setenv("EQUITY_RAW", str(self.raw))
            return self.load()

    def publish(self) -> Path:
        """Make the report."""
        return run.run(params.read(self.write()), out=self.out, progress=False)


def entries(tables: prepare.Tables, kind: str, action: str) -> dict[str, int]:
    """Return rule to rows of a kind of file."""
    ledger = tables.ledger
    chosen = ledger[(ledger["kind"] == kind) & (ledger["action"] == action)]
    return dict(zip(chosen["rule"], chosen["rows"], strict=True))


def requests_by_race(tables: prepare.Tables) -> pd.Series:
    """Count the requests of each race on record."""
    counts = tables.request_counts
    total = counts["closed"] + counts["censored"]
    return total.groupby(counts["race"].astype(str)).sum()


def write_good(folder: Path) -> Path:
    """Write a city's files without a fault: 8 tracts, 120 requests and workers."""
    folder.mkdir(parents=True)
    tracts = [
        {
            "type": "Feature",
            "properties": {"GEOID": f"17031000{number}00"},
            "geometry": mapping(box(west, south, west + 0.05, south + 0.1)),
        }
        for number, (south, west) in enumerate(
            product((41.7, 41.8), (-87.75, -87.7, -87.65, -87.6)), start=1
        )
    ]
    whole = {"type": "FeatureCollection", "features": tracts}
    (folder / "tracts.geojson").write_text(json.dumps(whole))
    day = pd.Timestamp("2025-01-01 08:00")
    labels = list(RACES)
    number = pd.Series(range(120))
    opened = day + pd.to_timedelta(number, unit="D") + pd.to_timedelta(number, unit="m")
    services = pd.DataFrame(
        {
            "request_id": [f"SR{n:05}" for n in number],
            "opened_at": opened.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "closed_at": (opened + pd.Timedelta(9, "h")).dt.strftime(
                "%Y-%m-%dT%H:%M:%S"
            ),
            "race": [labels[n % len(labels)] for n in number],
            "category": [("Pothole", "Graffiti", "Rodents")[n % 3] for n in number],
            "lat": [f"{41.705 + (n * 7 % 19) / 100:.6f}" for n in number],
            "lon": [f"{-87.745 + (n * 11 % 19) / 100:.6f}" for n in number],
            "tract": "",
        }
    )
    services.to_csv(folder / "services.csv", index=False)
    workforce = pd.DataFrame(
        {
            "employee_id": [f"E{n:05}" for n in number],
            "race": [labels[n % len(labels)] for n in number],
            "department": [("Fire", "Police", "Parks")[n % 3] for n in number],
            "job_title": "Clerk",
            "hire_date": [f"{2010 + n % 10}-02-0{1 + n % 9}" for n in number],
            "annual_salary": [str(40_000 + 371 * n) for n in number],
        }
    )
    workforce.to_csv(folder / "workforce.csv", index=False)
    schools = pd.DataFrame(
        [
            (f"S{n:03}", "2024-25", label, str(20 + 3 * k), str(30 + k))
            for n in range(6)
            for k, label in enumerate(labels[:7])
        ],
        columns=["school_id", "school_year", "race", "n_students", "pct_proficient"],
    )
    schools.to_csv(folder / "schools.csv", index=False)
    return folder
