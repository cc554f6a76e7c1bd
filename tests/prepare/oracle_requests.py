"""Requests to counts in plain pandas, row by row: what every engine must agree with.

Nothing here is shared with `equity.prepare.reduce` but the reading of races and the
judging of points, which have tests of their own. Also a maker of messy rows.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from equity import race
from equity.prepare import locate, sources

AREAS = gpd.GeoDataFrame(
    {"area": [f"{row}{column}" for row in range(6) for column in range(6)]},
    geometry=[
        box(-87 + column / 10, 41 + row / 10, -86.9 + column / 10, 41.1 + row / 10)
        for row in range(6)
        for column in range(6)
    ],
    crs=4326,
)
MESSY = sources.Requests(
    file="messy.csv",
    data_until="2025-11-30",
    date_format="%Y-%m-%d %H:%M:%S",
    time_zone="America/Chicago",
    statuses={
        **{"Done": "closed", "Open": "open", "Twice": "duplicate"},
        **{"Void": "cancelled", "Fertig ✓": "closed"},
    },
    races={
        **{"W": "White", "B": "Black or African American", "": "Not recorded"},
        "H": "Hispanic or Latino",
    },
    several={"separators": [";"]},
    columns={
        **{"request_id": "ID", "category": "Type", "opened": "From", "closed": "To"},
        **{"status": "State", "latitude": "Lat", "longitude": "Lon", "race": "Race"},
        **{"district": "Ward", "duplicate_of": "Parent"},
    },
)
UNINHABITED = ["00", "55"]


def clean(
    raw: pd.DataFrame,
    source: sources.Requests,
    *,
    areas: gpd.GeoDataFrame,
    first: str,
    last: str,
    standard: race.Standard,
    uninhabited: list[str] = (),
) -> tuple[pd.DataFrame, list[tuple[str, str, int]]]:
    """Return counts, and what the ledger must say."""
    _, rows, entries = cleaned(
        raw,
        source,
        areas=areas,
        first=first,
        last=last,
        standard=standard,
        uninhabited=uninhabited,
    )
    keys = ["area", "category", "period", "days", "race"]
    text = rows.astype(dict.fromkeys(["area", "category", "race"], "str"))
    counts = text.groupby(keys, as_index=False)[["closed", "censored"]].sum()
    return counts, entries


def cleaned(
    raw: pd.DataFrame,
    source: sources.Requests,
    *,
    areas: gpd.GeoDataFrame,
    first: str,
    last: str,
    standard: race.Standard,
    uninhabited: list[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[str, str, int]]]:
    """Return all requests, those that are used, and what the ledger must say."""
    rows = pd.DataFrame({k: raw[v].str.strip() for k, v in source.columns.items()})
    rows["o"], rows["c"] = (stamps(rows[name], source) for name in ("opened", "closed"))
    entries: list[tuple[str, str, int]] = []

    def drop(rule: str, applies: pd.Series) -> None:
        nonlocal rows
        if applies.any():
            entries.append(("set aside", rule, int(applies.sum())))
        rows = rows[~applies]

    def note(rule: str, applies: pd.Series) -> None:
        if applies.any():
            entries.append(("noted", rule, int(applies.sum())))

    if "request_id" in rows:
        order = rows["c"].fillna(rows["o"])
        rank = -order.astype("int64") if source.repeated_ids == "latest" else order
        rows["rank"] = pd.Series(rank).astype("float64").mask(order.isna(), np.inf)
        names = list(source.columns)
        rows = rows.sort_values(["rank", *names], kind="stable")
        numbered = rows["request_id"].ne("")
        same = rows.duplicated(names) & numbered
        again = rows["request_id"].duplicated() & numbered & ~same
        drop("the same row again", same)
        drop("a request number seen before", again.loc[rows.index])
    known = {key.casefold(): value for key, value in source.statuses.items()}
    state = rows["status"].str.casefold().map(known)
    assert state.notna().all()
    until, start, end = map(pd.Timestamp, (source.data_until, first, last))
    opened, closed = rows["o"].dt.normalize(), rows["c"].dt.normalize()
    day = f"({until.date()})"
    skipped, twice = (rows[["o", "c"]].apply(find) for find in hours(source.time_zone))
    doubt = (
        twice["o"] & twice["c"] & (rows["o"].dt.floor("h") == rows["c"].dt.floor("h"))
    )
    early = (closed < opened) | (
        (rows["c"] < rows["o"]) & (rows["c"] != closed) & ~doubt
    )
    ended = state.ne("open")
    points = locate.judge(rows["latitude"], rows["longitude"], areas)
    rules = {
        "opening date is missing or unreadable": opened.isna(),
        f"opened after the data end {day}": opened > until,
        f"opened before {start.date()} or after {end.date()}": (opened < start)
        | (opened > end),
        "closed, but without a readable closing date": state.eq("closed")
        & closed.isna(),
        "closed before it was opened": ended & early,
        f"closed after the data end {day}": ended & (closed > until),
        "cancelled": state.eq("cancelled"),
        "the city marked it a duplicate of another request": state.eq("duplicate")
        | (rows["duplicate_of"].ne("") & rows["duplicate_of"].ne(rows["request_id"])),
        **{name: points["problem"].eq(name) for name in locate.PROBLEMS},
    }
    spelled = rows["category"].str.split().str.join(" ")
    text = raw[source.columns["category"]].str.split().str.join(" ")
    usual = {
        key: sorted(same.value_counts().items(), key=lambda item: (-item[1], item[0]))
        for key, same in text.groupby(text.str.casefold())
    }
    name = spelled.str.casefold().map({key: best[0][0] for key, best in usual.items()})
    recorded = race.read(rows, source, standard=standard, where="messy.csv")
    rows = rows.assign(
        area=points["area"],
        category=name.mask(name.eq(""), "Not recorded"),
        period=opened.dt.to_period("Q").astype(str),
        days=closed.where(ended, until).sub(opened).dt.days,
        closed=ended.astype(int),
        censored=(~ended).astype(int),
        race=recorded.group,
        spelled=name.ne(spelled),
        unnamed=spelled.eq(""),
        skipped=skipped.any(axis=1),
        twice=twice.any(axis=1),
        reopened=~ended & closed.notna(),
    ).assign(**{f"mark_{rule}": mark for rule, mark in recorded.marks.items()})
    every = rows.assign(state=state, within=opened.between(start, end))
    for rule, applies in rules.items():
        drop(rule, applies.loc[rows.index].fillna(False).astype(bool))
    note("opened or closed in an hour that the clocks skip", rows["skipped"])
    note("opened or closed in an hour that comes twice", rows["twice"])
    crowded = points["note"].eq(locate.CROWDED).loc[rows.index]
    note(locate.CROWDED, crowded)
    note(
        "in an area where nobody lives; shared out to no group",
        rows["area"].isin(uninhabited),
    )
    note("has a closing date but an open status; counted as open", rows["reopened"])
    note("spelling of its category made one", rows["spelled"])
    note("no category", rows["unnamed"])
    for rule in recorded.marks:
        note(rule, rows[f"mark_{rule}"])
    note("no race on record", rows["race"].isin(race.UNKNOWN))
    return every, rows, entries


def stamps(texts: pd.Series, source: sources.Requests) -> pd.Series:
    """Read stamps one by one, whole."""
    return pd.to_datetime(texts, format=source.date_format, errors="coerce")


def hours(time_zone: str):
    """Find stamps in hours that clocks skip, or show twice, as pandas knows them."""
    sure = {"nonexistent": "shift_forward", "ambiguous": False}

    def find(stamps: pd.Series, **unsure: str) -> pd.Series:
        if not time_zone:
            return pd.Series(False, stamps.index)
        near = stamps.where(stamps.between("2020-01-01", "2030-01-01"))
        missing = near.dt.tz_localize(time_zone, **{**sure, **unsure}).isna()
        return missing & near.notna() & near.ne(near.dt.normalize())

    return (
        lambda stamps: find(stamps, nonexistent="NaT"),
        lambda stamps: find(stamps, ambiguous="NaT"),
    )


def messy(rows: int, seed: int = 1) -> pd.DataFrame:
    """Make rows with everything wrong that exports have wrong."""
    rng = np.random.default_rng(seed)

    def some(share: float) -> np.ndarray:
        return rng.random(rows) < share

    def picked(*choices: str, p: list[float] | None = None) -> np.ndarray:
        return rng.choice(np.array(choices, dtype=object), size=rows, p=p)

    opened = pd.Timestamp("2024-12-20") + pd.to_timedelta(
        rng.integers(0, 350 * 86_400, rows), unit="s"
    )
    opened = opened.to_series(index=range(rows))
    autumn = pd.Timestamp("2025-11-02 01:00") + pd.to_timedelta(
        rng.integers(0, 3600, rows), unit="s"
    )
    spring = pd.Timestamp("2025-03-09 02:00") + pd.to_timedelta(
        rng.integers(0, 3600, rows), unit="s"
    )
    hour = some(0.01)
    opened = opened.mask(hour, autumn.to_series(index=range(rows)))
    opened = opened.mask(some(0.005), spring.to_series(index=range(rows)))
    taken = pd.to_timedelta(rng.integers(-3600, 40 * 86_400, rows), unit="s")
    closed = opened + taken.to_series(index=range(rows))
    closed = closed.mask(
        hour, opened + pd.to_timedelta(rng.integers(-1500, 1500, rows), unit="s")
    )
    closed = closed.mask(some(0.05), closed.dt.normalize())
    form = MESSY.date_format
    opened_text, closed_text = opened.dt.strftime(form), closed.dt.strftime(form)
    odd = some(0.01)
    opened_text = opened_text.mask(odd, opened.dt.strftime("%d/%m/%Y %H:%M"))
    unpadded = opened_text.str.replace("-0", "-").str.replace(" 0", " ")
    opened_text = opened_text.mask(some(0.02), unpadded)
    opened_text = opened_text.mask(some(0.01), "").mask(some(0.01), " soon")
    closed_text = closed_text.mask(some(0.05), "").mask(
        some(0.01), "2025-02-30 10:00:00"
    )
    closed_text = closed_text.mask(some(0.002), "9999-12-31 00:00:00")
    number = np.array([f"SR-{n:07}" for n in range(rows)], dtype=object)
    repeated = some(0.03)
    number[repeated] = number[rng.integers(0, rows, repeated.sum())]
    number[some(0.01)] = ""
    at_lat, at_lon = rng.integers(0, 700, rows), rng.integers(0, 700, rows)
    lat = pd.Series(41 + at_lat / 1000).round(3).astype(str)  # many on shared edges
    lon = pd.Series(-87 + at_lon / 1000).round(3).astype(str)
    swap = some(0.02)
    lat, lon = lat.mask(swap, lon), lon.mask(swap, lat)
    zero, none, words = some(0.01), some(0.02), some(0.003)
    lat, lon = lat.mask(zero, "0"), lon.mask(zero, "0.0")
    lat, lon = lat.mask(none, ""), lon.mask(words, "west")
    frame = pd.DataFrame(
        {
            "ID": number,
            "Type": picked(
                *("Pothole", "POTHOLE", " pothole", "Pot\u00a0hole", "Pot hole"),
                *("Graffiti", "Straße", "STRASSE", "Café", "Cafe\u0301", ""),
            ),
            "From": opened_text,
            "To": closed_text,
            "State": picked(
                *("Done", "done ", "Fertig ✓", "Open", "OPEN", "Twice", "Void"),
                p=[0.6, 0.1, 0.1, 0.1, 0.04, 0.03, 0.03],
            ),
            "Lat": lat,
            "Lon": lon,
            "Race": picked("W", "w ", "B", "H", "B;W", "", "W; B"),
            "Ward": picked("1", "2 ", "", "District  9"),
            "Parent": picked("", " ", "SR-0000001", p=[0.96, 0.02, 0.02]),
            "Note": picked("x", "y"),
        }
    ).astype("str")
    again = frame.sample(frac=0.02, random_state=seed)
    whole = pd.concat([frame, again], ignore_index=True)
    return whole.sample(frac=1, random_state=seed).reset_index(drop=True)
