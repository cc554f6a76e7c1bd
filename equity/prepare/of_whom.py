"""Of whom the counts of a page are: what the audit of small counts is told.

A count in one table and a count in another can give a third away only if both are of
the same people. So each table names the people it counts by the file they are from,
known by its checksum, and by what became of its rows: the same export read for two
quarters is the same people, and another export under the same title is not.
"""

import pandas as pd

from equity import race
from equity.prepare import locate, quality, reduce, services

#: The rows of files by what became of them; and those with a race, by race.
ROWS, PEOPLE = "rows of files", "rows of files by race"
NOTES = "rows of files by note"

#: What is said of a request of the quarters that are counted.
IN_TIME = (
    *(quality.USED, reduce.UNCLOSED, reduce.EARLY, reduce.CANCELLED),
    *(reduce.DUPLICATE, *locate.PROBLEMS),
)
AGAIN = "another report of an incident"

#: Notes that other tables of the page tell in full.
TOLD_ELSEWHERE = ("no race on record", reduce.NO_CATEGORY)


def versions(files: pd.DataFrame, ledger: pd.DataFrame) -> dict[str, str]:
    """Tell files apart by what is in them, not by their titles.

    The same title may stand for another export in the next quarter, and the counts of
    two exports must not be taken for one.

    Parameters
    ----------
    files
        As `prepare.load` returns them.
    ledger
        As `prepare.load` returns it; its titles differ from file to file.

    Returns
    -------
    dict
        Title to the first digits of the file's SHA-256. A file of outcomes that is
        listed several times, for its schools and for its totals, has rows used as one
        and rows used as the other: there, what it is listed as follows the digits.

    Examples
    --------
    >>> files = pd.DataFrame({"kind": ["areas"], "file": ["a"], "sha256": ["f" * 64]})
    >>> versions(files, quality.Ledger("areas", "a", 3, title="Tracts").frame())
    {'Tracts': 'ffffffffffff'}
    """
    digits = files.set_index(["kind", "file"])["sha256"].str[:12]
    named = ledger[["kind", "file", "title"]].drop_duplicates()
    keys = pd.MultiIndex.from_frame(named[["kind", "file"]])
    found = pd.Series(digits.loc[keys].to_numpy(), index=named.index)
    again = named["kind"].eq("rates") & found.groupby(named["kind"]).transform(
        lambda same: same.duplicated(keep=False)
    )
    listed = named["file"].str.partition(", ")[2]
    found = found.where(~again | listed.eq(""), found + ", " + listed)
    return dict(zip(named["title"], found, strict=True))


def employees(
    roster: pd.DataFrame, recorded: pd.DataFrame, known: dict[str, str]
) -> dict[str, object]:
    """Say of whom the counts of a roster are, for the audit of small counts.

    Parameters
    ----------
    roster
        Tidy `workers` of one date.
    recorded
        As `prepare.load` returns it.
    known
        What `versions` returned.

    Returns
    -------
    dict
        The ``topic`` and ``within`` of `equity.publish.protect.protect`: those of the
        rows by race of the roster's files, where each is one employee of that day;
        nothing for a city without a roster.

    Examples
    --------
    >>> day = pd.Timestamp("2025-12-31")
    >>> rows = pd.DataFrame({"kind": "workers", "title": ["Roster"], "as_of": [day],
    ...                      "race": ["White"], "rows": [2]})
    >>> employees(pd.DataFrame({"as_of": [day, day]}), rows, {"Roster": "ffff"})
    {'topic': 'rows of files by race', 'within': {'title': ['ffff']}}
    """
    if roster.empty:
        return {}
    date = roster["as_of"].max()
    same = recorded[(recorded["kind"] == "workers") & (recorded["as_of"] == date)]
    digits = [known[title] for title in same["title"].unique()]
    if digits and same["rows"].sum() == len(roster):
        return {"topic": PEOPLE, "within": {"title": digits}}
    return {"topic": f"employees on {date:%Y-%m-%d} in {', '.join(digits)}"}


def in_jobs(
    people: dict[str, object], benchmarks: pd.DataFrame, whole: str, some: str
) -> dict[str, object]:
    """Say of whom counts beside several benchmarks are: of all jobs, or of some.

    Parameters
    ----------
    people
        What `employees` returned.
    benchmarks
        Tidy `benchmarks`: one with job categories is compared with employees in these.
    whole, some
        The labels of all jobs, and of those of such a benchmark.

    Returns
    -------
    dict
        Arguments of `equity.publish.protect.protect`.

    Examples
    --------
    >>> rows = pd.DataFrame({"benchmark": ["a"], "job_category": ["Technicians"],
    ...                      "share": [0.2]})
    >>> in_jobs({"topic": "staff"}, rows, "All jobs", "Some")["covers"]["job_category"]
    {'All jobs': None, 'Some': ['Technicians']}
    """
    jobs = benchmarks.loc[benchmarks["share"].notna(), "job_category"].dropna()
    named = {whole: None, some: sorted(set(jobs.astype(str))) or None}
    each = dict.fromkeys(benchmarks["benchmark"].astype(str))
    return {**people, "covers": {"job_category": named, "benchmark": each}}


def at_any(
    labels: dict[str, str], **names: tuple[str, ...]
) -> dict[str, dict[str, None]]:
    """Say which labels stand for every value of their column.

    Parameters
    ----------
    labels
        Column to the label that means any.
    **names
        Columns that only name what other columns say: to all of their labels.

    Returns
    -------
    dict
        The ``covers`` of `equity.publish.protect.protect`.

    Examples
    --------
    >>> at_any({"top_pay": "Any pay"})
    {'top_pay': {'Any pay': None}}
    """
    one = {name: {label: None} for name, label in labels.items()}
    return one | {
        name: dict.fromkeys(every) for name, every in names.items() if len(every)
    }


def covering(**labels: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    """Say what the merged labels of some columns stand for.

    Parameters
    ----------
    **labels
        Column to merged label to the labels under it; none where nothing was merged.

    Returns
    -------
    dict
        The ``covers`` of `equity.publish.protect.protect`.

    Examples
    --------
    >>> covering(group={"All other groups": ["Asian"]}, department={})
    {'group': {'All other groups': ['Asian']}}
    """
    return {name: inside for name, inside in labels.items() if inside}


def of_groups(people: dict[str, object], named: list[str]) -> dict[str, object]:
    """Say that counts are of people of some groups together.

    Parameters
    ----------
    people
        What `employees` returned.
    named
        The groups.

    Returns
    -------
    dict
        Arguments of `equity.publish.protect.protect`; empty for a city without a
        roster.

    Examples
    --------
    >>> of_groups({"topic": "staff", "within": {"title": ["f"]}}, ["Asian"])["within"]
    {'title': ['f'], 'group': ['Asian']}
    """
    if not people or not named:
        return people
    return {**people, "within": {**people.get("within", {}), "group": list(named)}}


def moves(
    events: pd.DataFrame,
    recorded: pd.DataFrame,
    known: dict[str, str],
    kind: str,
    *,
    some: str = "",
) -> dict[str, object]:
    """Say of whom counts of hires, promotions or separations are.

    Parameters
    ----------
    events
        Tidy `events`.
    recorded
        As `prepare.load` returns it.
    known
        What `versions` returned.
    kind
        "hire", "promotion" or "separation".
    some
        Which of them are counted, if not all: "of the pool, once a year".

    Returns
    -------
    dict
        The ``topic`` and ``within`` of `equity.publish.protect.protect`: rows by race
        of the files of events, where each row is one event; nothing without events.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": "events", "title": ["Events"], "rows": [1]})
    >>> happened = pd.DataFrame({"kind": ["hire"]})
    >>> moves(happened, rows, {"Events": "ffff"}, "hire")["within"]
    {'title': ['ffff'], 'kind': 'hire'}
    """
    if events.empty:
        return {}
    same = recorded[recorded["kind"] == "events"]
    digits = [known[title] for title in same["title"].unique()]
    within = {"kind": kind} | ({"counted": some} if some else {})
    if digits and same["rows"].sum() == len(events):
        return {"topic": PEOPLE, "within": {"title": digits, **within}}
    return {"topic": f"events in {', '.join(digits)}", "within": within}


def hires(
    found: tuple,
    people: dict[str, object],
    events: dict[str, object],
) -> dict[str, object]:
    """Say of whom counts of people hired are.

    Parameters
    ----------
    found
        The people, the first day, the last one, and whether they are of the roster.
    people
        What `employees` returned.
    events
        What `moves` returned of hires.

    Returns
    -------
    dict
        Arguments of `equity.publish.protect.protect`: of the events, or of the roster,
        the day from which they were hired being a dimension of its own.

    Examples
    --------
    >>> day = pd.Timestamp("2021-01-01")
    >>> hires((None, day, None, True), {"topic": "staff"}, {})["within"]
    {'hired': 'since 2021-01-01'}
    """
    _, first, _, still = found
    if not still:
        return events
    if not people or first is None:
        return {}
    since = {"hired": f"since {first:%Y-%m-%d}"}
    return {**people, "within": {**people.get("within", {}), **since}}


def of_form(named: list[str]) -> list[str]:
    """Keep the groups that the EEO-4 form has.

    Parameters
    ----------
    named
        Groups of a roster.

    Returns
    -------
    list of str
        Without some other race, which the form does not have.

    Examples
    --------
    >>> of_form(["Asian", "Some other race"])
    ['Asian']
    """
    return [group for group in named if group != race.SOME_OTHER]


def groups(roster: pd.DataFrame) -> list[str]:
    """List the groups that a roster can record.

    Parameters
    ----------
    roster
        Tidy `workers` of one date.

    Returns
    -------
    list of str
        In their order, without kinds of not knowing.

    Examples
    --------
    >>> groups(pd.DataFrame({"race": pd.Categorical(["White"], ["White", "Unknown"])}))
    ['White']
    """
    named = roster["race"].astype("category").cat.categories
    return [str(group) for group in named if group not in race.UNKNOWN]


def rules(ledger: pd.DataFrame, period: str, quarters: int) -> dict[str, list[str]]:
    """Split what became of requests by quarter, so that two reports can be compared.

    Parameters
    ----------
    ledger
        As `prepare.load` returns it.
    period
        The last quarter that is counted.
    quarters
        How many quarters are counted.

    Returns
    -------
    dict
        Rule to the names of its parts, one for each quarter; rules that look at rows
        of any time are left out.

    Examples
    --------
    >>> rules(quality.Ledger("areas", "a", 3).frame(), "2025Q4", 2)
    {'used': ['used, 2025Q3', 'used, 2025Q4']}
    """
    counted = ledger[ledger["action"].isin([quality.USED, quality.SET_ASIDE])]
    known = [r for r in counted["rule"].unique() if r in IN_TIME or r.startswith(AGAIN)]
    days = services.quarters_until(period, quarters)
    return {rule: [f"{rule}, {quarter}" for quarter in days] for rule in known}


def requests(
    files: pd.DataFrame, ledger: pd.DataFrame, period: str, quarters: int
) -> dict[str, dict]:
    """Say of whom the counts of requests are, with and without a place.

    Parameters
    ----------
    files, ledger
        As `prepare.load` returns them.
    period
        The last quarter that is counted.
    quarters
        How many quarters are counted.

    Returns
    -------
    dict
        ``asked`` (requests with or without a place; the latter are the events) and
        ``placed`` (requests used): each the arguments of
        `equity.publish.protect.protect`; empty for a city without requests.

    Examples
    --------
    >>> files = pd.DataFrame(
    ...     {"kind": ["requests"], "file": ["r"], "sha256": ["f" * 64]})
    >>> ledger = quality.Ledger("requests", "r", 3, title="Requests").frame()
    >>> requests(files, ledger, "2025Q4", 1)["placed"]["within"]
    {'title': ['ffffffffffff'], 'rule': ['used, 2025Q4']}
    """
    ours = ledger[ledger["kind"] == "requests"]
    if ours.empty:
        return {"asked": {}, "placed": {}}
    digits = versions(files, ledger)
    titles = [digits[title] for title in ours["title"].unique()]
    parts = rules(ours, period, quarters)
    lost = [part for rule in locate.PROBLEMS for part in parts.get(rule, [])]
    again = [part for rule in parts if rule.startswith(AGAIN) for part in parts[rule]]
    used = parts.get(quality.USED, [])
    asked = {
        "topic": ROWS,
        "within": {"title": titles, "rule": [*used, *again, *lost]},
        "population": "members",
        "events": {"rule": lost},
    }
    placed = {"topic": ROWS, "within": {"title": titles, "rule": used}}
    return {"asked": asked if lost else {}, "placed": placed}


def on_time(placed: dict, target_days: int) -> dict:
    """Say of whom counts of requests closed on time are, by area.

    Parameters
    ----------
    placed
        As `requests` returns it for requests with a place.
    target_days
        Requests closed within so many days are on time.

    Returns
    -------
    dict
        Arguments of `equity.publish.protect.protect`; empty without requests.

    Examples
    --------
    >>> on_time({"topic": ROWS, "within": {"rule": ["used"]}}, 14)["within"]
    {'rule': ['used'], 'outcome': 'closed within 14 days'}
    """
    if not placed:
        return {}
    outcome = f"closed within {target_days} days"
    return {**placed, "within": {**placed["within"], "outcome": outcome}}


def noted(ledger: pd.DataFrame) -> pd.DataFrame:
    """Take the notes that no other table of the page tells in full.

    Parameters
    ----------
    ledger
        As `prepare.load` returns it.

    Returns
    -------
    DataFrame
        Its rows of action `noted`; races and categories that are not on record are
        counted where races and categories are.

    Examples
    --------
    >>> noted(quality.Ledger("areas", "a", 3).frame()).empty
    True
    """
    rows = ledger[ledger["action"] == quality.NOTED]
    return rows[~rows["rule"].isin(TOLD_ELSEWHERE)].reset_index(drop=True)
