"""Who and what the records leave out: races not known, and requests without a place.

**Terms**

recorded
    Rows of a file by the race on record; *unknown*, *declined*, *refused* and *not
    recorded* are rows like any other, and stay apart.
lost
    Requests that no area could be found for. They are not lost at random: a kind of
    request, or a part of the city, can lose more than the others.
"""

import pandas as pd

from equity.errors import InputError
from equity.measure import intervals
from equity.measure.table import measure_table, numbers, require_columns

OTHERS = "All others"
QUARTER = 92  # days


def recorded(rows: pd.DataFrame) -> pd.DataFrame:
    """Share the rows of each file among the races on record.

    Parameters
    ----------
    rows
        Columns `file`, `title`, `race` and `rows`: one row per file, which its title
        tells from the others, and race, races that are not known among them.

    Returns
    -------
    DataFrame
        Columns `file, title, group, events` (rows of that race), `population` (rows of
        the file) and the measure's; a share of a full count has no interval.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> rows = pd.DataFrame({"file": "r.csv", "title": "Roster", "rows": [60, 20, 20],
    ...                      "race": ["Black", "White", "Unknown"]})
    >>> recorded(rows)[["group", "events", "estimate"]]
         group  events  estimate
    0    Black      60       0.6
    1    White      20       0.2
    2  Unknown      20       0.2
    """
    require_columns(rows, ["file", "title", "race", "rows"])
    table = rows[["file", "title"]].reset_index(drop=True)
    events = rows["rows"].reset_index(drop=True).astype("int64")
    table = table.assign(
        group=rows["race"].astype("str").to_numpy(),
        events=events,
        population=events.groupby(table["title"]).transform("sum"),
    )
    share = (table["events"] / table["population"]).where(table["population"] > 0)
    return measure_table(
        table,
        measure="share of rows",
        reference=None,
        estimate=share,
        conf_low=share,
        conf_high=share,
        confidence=0.95,
        method="full count",
    )


def latest(workers: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Keep the workers of the last date, and the races that its rosters can record.

    Parameters
    ----------
    workers
        Tidy `workers`, perhaps of several dates. Rosters of other departments, a few
        days apart, would be lost: they are refused.
    recorded
        Columns `kind`, `as_of`, `race`: what the roster of each date can record.

    Returns
    -------
    DataFrame
        The rows of the last `as_of`. A group that only other rosters can record is
        not among the categories of `race`: it is not known, which is not zero.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If rosters of one quarter have no department in common.

    Examples
    --------
    >>> days = pd.to_datetime(["2020-12-31", "2021-12-31"])
    >>> race = pd.Categorical(["White", "Asian"], ["Asian", "White"])
    >>> said = pd.DataFrame({"kind": "workers", "as_of": days, "race": race})
    >>> people = pd.DataFrame({"race": race, "as_of": days, "department": "Fire"})
    >>> last = latest(people, said)
    >>> list(last["race"].cat.categories)
    ['Asian']
    """
    require_columns(workers, ["race", "as_of", "department"])
    require_columns(recorded, ["kind", "as_of", "race"])
    last = workers["as_of"].max()
    rows = workers[workers["as_of"] == last].reset_index(drop=True)
    soon = workers["as_of"].between(last - pd.Timedelta(QUARTER, "D"), last)
    before = workers[soon & (workers["as_of"] < last)]
    if len(before) and not set(before["department"]) & set(rows["department"]):
        raise InputError(
            f"the rosters of {before['as_of'].max().date()} and {last.date()} have no "
            "department in common: give them one as_of in sources.yaml, so that they "
            "are counted together, or leave one out"
        )
    said = recorded[(recorded["kind"] == "workers") & (recorded["as_of"] == last)]
    order = workers["race"].cat.categories
    kept = [group for group in order if group in set(said["race"])]
    return rows.assign(race=rows["race"].cat.set_categories(kept))


def located(
    lost: pd.DataFrame, *, by: str, largest: int = 10, confidence: float = 0.95
) -> pd.DataFrame:
    """Say which requests no area could be found for, by category or by district.

    Parameters
    ----------
    lost
        Columns `category`, `district`, `rows` (requests that could have been counted)
        and `lost` (of these, without an area).
    by
        `category` or `district`; no rows if the source has none.
    largest
        How many are shown; the others are together.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Columns `group, events` (lost), `population` (requests) and the measure's, most
        requests first; less is better.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    Zandbergen (2008), Computers, Environment and Urban Systems 32(3), 214-232: match
    rates of geocoding differ by place and kind of address.

    Examples
    --------
    >>> lost = pd.DataFrame({"category": ["Graffiti", "Weeds"], "district": "",
    ...                      "rows": [100, 50], "lost": [1, 10]})
    >>> located(lost, by="category")[["group", "events", "population", "estimate"]]
          group  events  population  estimate
    0  Graffiti       1         100      0.01
    1     Weeds      10          50      0.20
    """
    require_columns(lost, ["category", "district", "rows", "lost"])
    if lost[by].eq("").all():  # the source does not say
        lost = lost.iloc[:0]
    sums = lost.groupby(by)[["rows", "lost"]].sum().reset_index()
    sums = sums.sort_values(["rows", by], ascending=[False, True], ignore_index=True)
    few = len(sums) <= largest + 1
    named = sums[by].where(few | (sums.index < largest), OTHERS)
    named = named.replace("", "Not recorded")
    table = sums.groupby(named, sort=False)[["lost", "rows"]].sum().reset_index()
    table.columns = ["group", "events", "population"]
    table = table.astype({"events": "int64", "population": "int64"})
    low, high = intervals.wilson(
        numbers(table, "events"), numbers(table, "population"), confidence
    )
    return measure_table(
        table,
        measure="share of requests without a place",
        reference=None,
        estimate=table["events"] / table["population"].where(table["population"] > 0),
        conf_low=low,
        conf_high=high,
        confidence=confidence,
        method="Wilson score",
        direction="lower is better",
    )
