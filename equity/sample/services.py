"""Service requests of the sample city: the export, the tidy tables, and the truth.

Who asks and waits is in `asking`, what an export makes of it in `export`, and what
measures should find in `planted`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.sample import export
from equity.sample.asking import (
    CATEGORIES,
    CHANNELS,
    DISPERSION,
    FURTHER,
    LAST,
    SEASONS,
    SPREAD,
    WAIT_RATIO,
    WINDOW,
    closed_by,
    draw,
    further,
    mixes,
    rates,
)
from equity.sample.city import City
from equity.sample.common import Options
from equity.sample.export import COUNTED
from equity.sample.planted import truth

__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "COUNTED",
    "DISPERSION",
    "FURTHER",
    "LAST",
    "SEASONS",
    "SPREAD",
    "WAIT_RATIO",
    "WINDOW",
    "Requests",
    "build",
    "closed_by",
    "draw",
    "further",
    "mixes",
    "rates",
    "tidy",
    "truth",
]


@dataclass(frozen=True)
class Requests:
    """The export, the truth beneath it, and how many rows are messy.

    Attributes
    ----------
    rows
        The export as text.
    truth, messes
        For `truth.yaml`.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> sorted(build(options, city.build(options)).messes)[0]
    'cancelled'
    """

    rows: pd.DataFrame
    truth: dict
    messes: dict


def build(options: Options, town: City) -> Requests:
    """Draw the requests and export them the way cities do.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.

    Returns
    -------
    Requests
        Rows, truth and messes.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> build(options, city.build(options)).rows.columns[0]
    'Request ID'
    """
    rng = options.rng("requests")
    real = draw(options, town, rng)
    reports = further(real, options, town, rng)
    rows, messes = export.rows(real, reports, options, town, rng)
    return Requests(rows, truth(options, town), messes)


def tidy(
    options: Options, town: City, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the tidy tables of requests directly, without the export and its files.

    For simulations: `city.survey` draws the residents to go with them, and `truth`
    says what measures should find.

    Parameters
    ----------
    options
        Of the city; all its `quarters` are drawn.
    town
        The city as it truly is.
    rng
        Random stream; each call draws another city of the same truth.

    Returns
    -------
    tuple of DataFrame
        `request_counts` and `report_counts`, of requests that would be counted.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> requests, reports = tidy(options, city.build(options), options.rng("requests"))
    >>> int(requests[["closed", "censored"]].to_numpy().sum()) == int(
    ...     reports["incidents"].sum())
    True
    """
    real = draw(options, town, rng)
    real = real[rng.random(len(real)) < COUNTED].reset_index(drop=True)
    reports = further(real, options, town, rng)
    quarters = options.periods()
    start = (quarters[0].start_time - pd.Timestamp("1970-01-01")).days
    lengths = (quarters.end_time - quarters.start_time).days + 1
    of_day = np.repeat(np.arange(len(quarters)), lengths)
    left = LAST - real["opened"]
    waits = real["days"] > left
    rows = pd.DataFrame(
        {
            "area": real["tract"],
            "category": real["category"],
            "channel": real["channel"],
            "period": of_day[real["opened"] - start],
            "days": real["days"].where(~waits, left),
            "waits": waits.astype(int),
        }
    )
    names = {
        "area": town.geoids,
        "category": list(CATEGORIES),
        "channel": list(CHANNELS),
        "period": quarters.astype("str"),
    }
    counts = _counted(rows, names, "requests")
    closed = counts["requests"].where(counts["waits"] == 0, 0)
    both = counts.assign(closed=closed, censored=counts["requests"] - closed)
    keys = [*names, "days"]
    both = both.groupby(keys, as_index=False, observed=True)[["closed", "censored"]]
    requests = both.sum().assign(race=pd.Categorical([None] * both.ngroups))
    since = reports["opened"] - real["opened"].to_numpy()[reports["request"]]
    seen = np.bincount(reports["request"][since <= WINDOW], minlength=len(real))
    window = rows[["area", "category", "period"]].assign(
        half=_half_days(rows["days"], waits), duplicates=seen
    )
    found = _counted(window, {n: names[n] for n in window if n in names}, "incidents")
    found.insert(3, "days", np.where(found["half"] == 0, 1 / 3, found["half"] / 2))
    return requests, found.drop(columns="half")


def _half_days(days: pd.Series, waits: pd.Series) -> np.ndarray:
    """Measure windows in half days; 0 stands for a third of a day."""
    ends = waits | (days > WINDOW)
    return np.where(ends, 2 * days.clip(upper=WINDOW) + 1, 2 * days)


def _counted(rows: pd.DataFrame, names: dict, count: str) -> pd.DataFrame:
    """Count equal rows, and name the positions in some columns."""
    columns = [rows[name].to_numpy("int64") for name in rows]
    sizes = [column.max(initial=0) + 1 for column in columns]
    packed, number = np.unique(np.ravel_multi_index(columns, sizes), return_counts=True)
    parts = np.unravel_index(packed, sizes)
    found = {
        name: pd.Categorical.from_codes(part, names[name]) if name in names else part
        for name, part in zip(rows, parts, strict=True)
    }
    return pd.DataFrame(found | {count: number})
