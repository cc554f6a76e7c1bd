"""The people in the jobs of the sample city, drawn quarter by quarter."""

import numpy as np
import pandas as pd

from equity.sample.city import City
from equity.sample.common import LAST_DAY, RACES, Options
from equity.sample.jobs import (
    CATEGORIES,
    DEPARTMENTS,
    EMPLOYMENT,
    FIRST_GRADES,
    GRADES,
    HIRE_ODDS,
    LEAVE,
    LEAVE_ODDS,
    LONGEST,
    LUCK,
    PAY_RATIO,
    PAY_RATIO_WOMEN,
    POST_ODDS,
    SEASONAL,
    STEP,
    TEMPORARY,
    TENURE,
    UNRECORDED,
    WOMEN,
    YEARLY,
    categories,
    chances,
    logs,
    mix,
    posts,
    rises,
)


def draw(
    options: Options, town: City, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the staff and what happened to them, quarter by quarter.

    Parameters
    ----------
    options
        Of the city.
    town
        The city as it truly is.
    rng
        Random stream.

    Returns
    -------
    tuple of DataFrame
        Everyone who was in post at some time, and the events: of which person, of what
        kind, when, and their grade then. Departments, groups, categories and grades
        are positions in their lists; `label` is the race as it is on record.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> people, _ = draw(options, city.build(options), options.rng("workforce"))
    >>> int(people["left"].isna().sum()) == int(posts(options).sum())
    True
    """
    leave = chances(options, LEAVE, LEAVE_ODDS)
    rise = rises(options)
    hires = mix(options, town, HIRE_ODDS)
    periods = options.periods()
    first = periods[0].start_time
    people = _recruits(options, posts(options), mix(options, town, POST_ODDS), rng)
    tenure = np.minimum(rng.gamma(*TENURE, len(people)), LONGEST)
    back = pd.to_timedelta(np.floor(tenure * 365.25) + 1, unit="D")
    people["hired"] = first - back
    people["grade"] = np.minimum(rng.poisson(tenure / 12), FIRST_GRADES - 1)
    people["left"] = pd.Series(pd.NaT, people.index, dtype=people["hired"].dtype)
    log = []
    for quarter in periods:
        start = quarter.start_time
        length = (quarter.end_time - start).days + 1
        employed = people["left"].isna().to_numpy()
        chance = rng.random(len(people))
        group = people["group"].to_numpy()
        unit = people["department"].to_numpy()
        goes = employed & (chance < leave[group])
        up = employed & ~goes & (rng.random(len(people)) < rise[unit, group])
        up &= people["grade"].to_numpy() < len(GRADES) - 1
        day = start + pd.to_timedelta(rng.integers(length, size=len(people)), unit="D")
        people.loc[goes, "left"] = day[goes]
        people.loc[up, "grade"] += 1
        vacated = np.bincount(people.loc[goes, "department"], minlength=len(hires))
        new = _recruits(options, vacated, hires, rng)
        new["hired"] = start + pd.to_timedelta(
            rng.integers(length, size=len(new)), unit="D"
        )
        people = pd.concat([people, new.assign(grade=0)], ignore_index=True)
        latest = np.arange(len(people)) >= len(goes)
        for kind, rows, dates in [
            ("SEPARATION", np.flatnonzero(goes), day[goes]),
            ("PROMOTION", np.flatnonzero(up), day[up]),
            ("HIRE", np.flatnonzero(latest), new["hired"]),
        ]:
            happened = people.loc[rows, ["grade"]].assign(kind=kind, person=rows)
            log.append(happened.assign(date=np.asarray(dates)))
    return people, pd.concat(log, ignore_index=True)


def paid(options: Options, people: pd.DataFrame) -> pd.Series:
    """Work out what each is paid by the year on the last day.

    Parameters
    ----------
    options
        Of the city.
    people
        As `draw` returns them.

    Returns
    -------
    Series
        Dollars.

    Examples
    --------
    >>> from equity.sample import city
    >>> options = Options(tracts=12, quarters=4, size=0.05)
    >>> people, _ = draw(options, city.build(options), options.rng("workforce"))
    >>> bool(paid(options, people).between(25_000, 250_000).all())
    True
    """
    base = np.array([pay for _, pay in CATEGORIES.values()])
    years = (LAST_DAY - people["hired"]).dt.days / 365.25
    pay = base[people["category"]] * STEP ** people["grade"]
    pay *= np.exp(people["luck"] + YEARLY * years)
    pay *= np.exp(options.workforce_gap * logs(PAY_RATIO))[people["group"]]
    pay *= np.where(people["woman"], PAY_RATIO_WOMEN**options.workforce_gap, 1.0)
    return pay


def employed(people: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw what kind of post each holds, whatever their race.

    Parameters
    ----------
    people
        As `draw` returns them.
    rng
        Random stream.

    Returns
    -------
    ndarray
        Of `EMPLOYMENT`.

    Examples
    --------
    >>> people = pd.DataFrame({"department": [0, 4]})
    >>> employed(people, np.random.default_rng(1)).tolist()
    ['Permanent', 'Seasonal']
    """
    seasonal = np.array([SEASONAL.get(name, 0.0) for name in DEPARTMENTS])
    chance = rng.random(len(people))
    kind = 1.0 * (chance < TEMPORARY)
    kind[chance > 1 - seasonal[people["department"]]] = 2
    return np.array(EMPLOYMENT, dtype=object)[kind.astype(int)]


def _recruits(
    options: Options, number: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw people for so many posts of each department."""
    department = np.repeat(np.arange(len(number)), number)
    group = _pick(shares[department], rng)
    kinds = categories(options)[department, group]
    unrecorded = rng.random(len(group))
    labels = np.array(RACES, dtype=object)[group]
    limits = np.cumsum(list(UNRECORDED.values()))
    for label, limit in reversed(list(zip(UNRECORDED, limits, strict=True))):
        labels[unrecorded < limit] = label
    return pd.DataFrame(
        {
            "department": department,
            "group": group,
            "label": labels,
            "category": _pick(kinds, rng),
            "woman": rng.random(len(group)) < np.array(WOMEN)[department],
            "luck": rng.normal(0, LUCK, len(group)),
            "full_time": rng.random(len(group)) < 0.93,
        }
    )


def _pick(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one column per row, at the row's proportions."""
    bounds = shares.cumsum(axis=1)
    bounds[:, -1] = 1.0
    return (rng.random(len(shares))[:, None] >= bounds).sum(axis=1)
