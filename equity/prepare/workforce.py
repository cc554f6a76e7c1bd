"""Rosters and workforce events: load and clean.

A *roster* lists people one a row; a *snapshot* is a roster, or a table of counts, on
one day. Several snapshots, of different layouts, make one tidy table. Known problems
of such files: leavers kept among those in post, pay as text with commas or a currency
sign, blank race, a third of the rows counting nobody, and no number to tell people
apart, so that equal rows are different people.
"""

import pandas as pd

from equity import race
from equity.errors import InputError, UnmappedLabelError
from equity.prepare import marks, numbers, persons, sources
from equity.prepare.quality import SET_ASIDE, Ledger

WORKERS = [
    *("worker_id", "race", "detail", "sex", "department", "job", "job_category"),
    *("pay", "full_time", "employment", "hired", "left", "as_of"),
]
EVENTS = [
    *("worker_id", "kind", "date", "race", "detail", "sex", "department", "job"),
    "job_category",
]
NOT_RECORDED = "Not recorded"
WITHOUT_NUMBER = "the number before the name of a job is left out"
NOBODY = "counts nobody; used, and stands for no row here"
HOURS = 2080  # 52 weeks of 40 hours
HOURLY = 1000  # more an hour, or less a year, is hardly meant
MOST = (
    10_000_000  # people that one file may count: the largest states have a few 100,000
)
HIDDEN = 0.05  # of the counts; beyond it, people would be too few without a word
CODED = r"^[0-9]{2,6} +[-–] +"  # "9173 - LIEUTENANT OF POLICE"


def clean_workers(
    raw: pd.DataFrame,
    source: sources.Workers,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw roster, or counts of people, into the people in post on its date.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to; its rows are those of the file, also where they count people.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `WORKERS`, one row a person; a column that the file lacks is missing
        throughout. `pay` is by the year. `employment` is `permanent`, `part-time`,
        `temporary` or `seasonal`, and empty where it is not on record.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk, or one of `employment` undeclared.
    InputError
        If pay is in several currencies, rows that count people have numbers, or
        counts are hidden or unreadable in more than `HIDDEN` of the rows that say
        something, or in all rows of a group that count anybody.

    Notes
    -----
    A row of counts is written out once per person; one that counts nobody is used and
    noted; one whose count is hidden is set aside. Pay that is negative or no number is
    set aside as a cell: the person stays in every count of people and is missing from
    pay. Of several posts under one number, that taken up last is kept. A leaving date
    before the hiring date belongs to an earlier employment.

    References
    ----------
    Bureau of Labor Statistics, Occupational Employment and Wage Statistics: annual
    wages are hourly wages times 2,080 hours.

    Examples
    --------
    >>> raw = pd.DataFrame({"RACE": ["W"], "UNIT": ["Fire "], "PAY": ["$52,345.00"]})
    >>> source = sources.Workers(
    ...     file="r.csv", as_of="2025-12-31", races={"W": "White"},
    ...     columns={"race": "RACE", "department": "UNIT", "pay": "PAY"})
    >>> found = clean_workers(raw, source, Ledger("workers", "r.csv", 1),
    ...                       standard=race.standard("omb1997"))
    >>> found[["race", "department", "pay"]]
        race department      pay
    0  White       Fire  52345.0
    """
    text = persons.tidy(raw, source, [*WORKERS[:-1], "people"])
    as_of = pd.Timestamp(source.as_of)
    rows = text.assign(
        department=text["department"].replace("", NOT_RECORDED),
        hired=persons.days(text["hired"], source.date_format),
        left=persons.days(text["left"], source.date_format),
        as_of=as_of,
    )
    numbered = rows["worker_id"].ne("")  # else equal rows are different people
    earlier = rows["left"] < rows["hired"]
    rows = ledger.set_aside(
        rows,
        {
            "the same row again": raw.duplicated() & numbered,
            f"left by {as_of.date()}": rows["left"].le(as_of) & ~earlier,
            f"hired after {as_of.date()}": rows["hired"].gt(as_of),
        },
    )
    if source.departments:
        known = [" ".join(name.split()) for name in source.departments]
        rule = f"column {source.columns['department']}: its department is not a "
        rows = persons.declared(
            rows, "department", known, rule + "declared one", ledger
        )
    # Only now: who left and came back is in post under the later row.
    again = _another_post(rows, numbers.money(rows["pay"], decimal=source.decimal))
    rows = ledger.set_aside(rows, {"a worker's number seen before": again})
    rows, uncounted = _counted(rows, source, ledger)
    rows = rows.assign(
        pay=_pay(rows["pay"], source, ledger),
        job=_job(rows["job"], ledger, source.jobs),
        full_time=rows["full_time"]
        .isin(source.full_time)
        .where(rows["full_time"].ne("")),
        employment=_employment(rows["employment"], source),
    )
    _note_days(rows, text, earlier, ledger)
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    uncounted["race"] = persons.groups(uncounted, raw, source, standard=standard)
    _require_counts(rows, uncounted, source, ["race"])
    rows = rows.loc[rows.index.repeat(rows["people"])]
    return rows.astype({"full_time": "boolean"})[WORKERS].reset_index(drop=True)


def clean_events(
    raw: pd.DataFrame,
    source: sources.Events,
    ledger: Ledger,
    *,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a raw list or counts of hires, promotions and separations into events.

    Parameters
    ----------
    raw
        As read by `read.table`.
    source
        What the file means.
    ledger
        Written to; its rows are those of the file, also where they count events.
    standard
        Whose groups the crosswalk names.

    Returns
    -------
    DataFrame
        Columns of `EVENTS`, one row an event.

    Raises
    ------
    UnmappedLabelError
        If a race label is not in the crosswalk.
    InputError
        If counts are hidden or unreadable, as for `clean_workers`; each kind of event
        has its groups.

    Examples
    --------
    >>> raw = pd.DataFrame({"RACE": ["W"], "WHAT": ["Hired"], "DAY": ["2025-01-31"]})
    >>> source = sources.Events(
    ...     file="e.csv", races={"W": "White"}, kinds={"Hired": "hire"},
    ...     columns={"race": "RACE", "kind": "WHAT", "date": "DAY"})
    >>> clean_events(raw, source, Ledger("events", "e.csv", 1),
    ...              standard=race.standard("omb1997"))["kind"].to_list()
    ['hire']
    """
    rows = persons.tidy(raw, source, [*EVENTS, "people"])
    if "date" in source.columns:
        rows["date"] = persons.days(rows["date"], source.date_format)
    else:
        rows["date"] = pd.Timestamp(source.on or pd.NaT)
    again = raw.duplicated() & rows["worker_id"].ne("")
    rows = ledger.set_aside(rows, {"the same row again": again})
    rule = f"column {source.columns['kind']}: its kind is not declared as a hire, "
    rule += "promotion or separation"
    rows = persons.declared(rows, "kind", list(source.kinds), rule, ledger)
    rule = "its date is missing or unreadable"
    rows = ledger.set_aside(rows, {rule: rows["date"].isna()})
    rows["kind"] = rows["kind"].map(source.kinds)
    rows, uncounted = _counted(rows, source, ledger)
    rows["department"] = rows["department"].replace("", NOT_RECORDED)
    rows["job"] = _job(rows["job"], ledger, {})
    rows = persons.with_race(rows, raw, source, ledger, standard=standard)
    uncounted["race"] = persons.groups(uncounted, raw, source, standard=standard)
    _require_counts(rows, uncounted, source, ["kind", "race"])
    rows = rows.loc[rows.index.repeat(rows["people"])]
    return rows[EVENTS].reset_index(drop=True)


def together(frames: list[pd.DataFrame], ledgers: list[Ledger]) -> list[pd.DataFrame]:
    """Set aside people whom an earlier file of the same day has already.

    Parameters
    ----------
    frames
        Rosters as `clean_workers` returns them.
    ledgers
        Theirs, in the same order; written to.

    Returns
    -------
    list of DataFrame
        The rosters without those people. Rosters of different days stay whole: the
        same number in both is one person at two dates.

    Notes
    -----
    The same number with the same race, sex and hiring day (as far as both files have
    them) is the same person. The same number with others may be another numbering, so
    both stay, which is noted.

    Examples
    --------
    >>> person = {"worker_id": "1", "race": "White", "sex": "", "hired": pd.NaT,
    ...           "as_of": pd.Timestamp("2025-12-31")}
    >>> frame, ledger = pd.DataFrame([person]), Ledger("workers", "b.csv", 1)
    >>> [len(kept) for kept in together([frame, frame], [ledger, ledger])]
    [1, 0]
    """
    kept: list[pd.DataFrame] = []
    for frame, ledger in zip(frames, ledgers, strict=True):
        listed = pd.Series(False, index=frame.index)
        alike = pd.Series(False, index=frame.index)
        for other in kept:
            shared = _same_day(frame, other)
            if not shared.empty:
                listed.loc[shared["place"]] = True
                alike.loc[shared.loc[_alike(shared), "place"]] = True
        rule = "a worker's number in another file of the same day"
        ledger.counted(SET_ASIDE, f"{rule}, with the same race", int(alike.sum()))
        ledger.note(
            f"{rule}, but of someone else; both used", int((listed & ~alike).sum())
        )
        kept.append(frame[~alike].reset_index(drop=True))
    return kept


def recordable(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """List the groups that the rosters of each date can record.

    Parameters
    ----------
    frames
        Rosters as `clean_workers` returns them, before they are joined: then `race`
        has the categories of all.

    Returns
    -------
    DataFrame
        Columns `as_of, race`. A group that is not listed for a date was not asked
        for, and is missing then, not zero. Where several rosters share a date, a
        group is listed if all of them can record it.

    Examples
    --------
    >>> def roster(day, *groups):
    ...     return pd.DataFrame({"as_of": [pd.Timestamp(day)],
    ...                          "race": pd.Categorical(groups[:1], groups)})
    >>> recordable([roster("2011-12-01", "White"),
    ...             roster("2020-12-31", "White", "Asian")])
           as_of   race
    0 2011-12-01  White
    1 2020-12-31  Asian
    2 2020-12-31  White
    """
    dates: dict[pd.Timestamp, set[str]] = {}
    for frame in frames:
        groups = set(frame["race"].cat.categories) - set(race.UNKNOWN)
        for day in frame["as_of"].unique():
            dates[day] = dates.get(day, groups) & groups
    rows = [(day, group) for day in sorted(dates) for group in sorted(dates[day])]
    return pd.DataFrame(rows, columns=["as_of", "race"])


def _another_post(rows: pd.DataFrame, pay: pd.Series) -> pd.Series:
    """Find all posts but one of each number, whatever the order of the rows."""
    again = pd.Series(False, index=rows.index)
    several = rows["worker_id"].duplicated(keep=False) & rows["worker_id"].ne("")
    if several.any():
        posts = rows[several].assign(pay=pay[several])
        words = [name for name in posts if posts[name].dtype == "str"]
        latest_first = posts.sort_values(
            ["hired", "pay", *words], ascending=[False, False, *[True] * len(words)]
        )
        latest = latest_first.drop_duplicates("worker_id").index
        again[several] = ~posts.index.isin(latest)
    return again


def _counted(
    rows: pd.DataFrame, source: sources.Workers | sources.Events, ledger: Ledger
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read how many people each row stands for; set aside what does not say.

    Returned are the rows that say it, and those set aside.
    """
    if "people" not in source.columns:
        return rows.assign(people=1), rows.head(0).assign(state="")
    column = source.columns["people"]
    if rows["worker_id"].ne("").any():
        raise InputError(
            f"{source.file}: column {column} counts people, so that its rows cannot "
            "have a worker's number; leave worker_id out of 'columns'"
        )
    found = marks.bounds(rows["people"], decimal=source.decimal)
    hidden = found["state"].eq(marks.SUPPRESSED)
    every = rows.assign(people=found["low"].where(~hidden), state=found["state"])
    rows = ledger.set_aside(
        every,
        {
            f"column {column}: its count is hidden in the source": hidden,
            f"column {column}: its count is missing or unreadable": found["low"].isna(),
        },
    )
    people = rows["people"].astype("int64")
    if people.sum() > MOST:
        raise InputError(
            f"{source.file}: column {column} adds up to {people.sum():,} people; is it "
            "the right column, and are totals left out?"
        )
    ledger.note(NOBODY, people == 0)
    return rows.assign(people=people), every.drop(index=rows.index)


def _require_counts(
    rows: pd.DataFrame,
    uncounted: pd.DataFrame,
    source: sources.Workers | sources.Events,
    by: list[str],
) -> None:
    """Refuse counts of people of which many, or all of a group, are hidden.

    A group without a count is missing, and would be shown as nobody. A row whose
    label is not in the crosswalk is of no group, and left out on purpose.
    """
    concerned = uncounted[uncounted["race"].notna()]
    if concerned.empty:
        return
    where = f"{source.file}: column {source.columns['people']}"
    then = (
        "ask the publisher for the counts, or leave the group out of the crosswalk "
        "('races' in sources.yaml), so that it is missing and not zero"
    )
    seen = rows.astype({"race": "str"}).groupby(by)["people"].sum()
    seen = set(seen[seen > 0].index)
    for group, same in concerned.groupby(by if len(by) > 1 else by[0]):
        if group not in seen:
            named = group if isinstance(group, str) else f"{group[1]} ({group[0]})"
            raise InputError(
                f"{where}: {named} would be counted as nobody, since {len(same):,} of "
                f"its rows are hidden, missing or unreadable, and no other row counts "
                f"anybody; {then}"
            )
    hidden = concerned["state"].isin([marks.SUPPRESSED, marks.UNREADABLE]).sum()
    told = hidden + len(rows)
    if hidden > HIDDEN * told:
        raise InputError(
            f"{where}: {hidden:,} of {told:,} counts are hidden or unreadable, more "
            f"than {HIDDEN:.0%}; {then}"
        )


def _pay(text: pd.Series, source: sources.Workers, ledger: Ledger) -> pd.Series:
    """Read pay by the year; a cell that cannot be is set aside, the person is not."""
    column = source.columns.get("pay", "")
    used = sorted(set(numbers.currency(text)) - {""})
    if len(used) > 1:
        raise InputError(
            f"{source.file}: column {column} is in several currencies: "
            f"{', '.join(used)}; convert them to one"
        )
    amount = numbers.money(text, decimal=source.decimal)
    hourly = source.pay_per == "hour"
    rules = {
        "is negative": amount < 0,
        "is missing, hidden or no number": amount.isna(),
        "is too much for an hour": amount.ge(HOURLY) & hourly,
    }
    bad = pd.Series(False, index=text.index)
    for rule, applies in rules.items():
        applies = applies & text.ne("")
        ledger.note(
            f"column {column}: pay {rule}; cell set aside, person counted", applies
        )
        bad |= applies
    amount = amount.mask(bad)
    if hourly:
        ledger.note(f"pay by the hour, taken times {HOURS:,} hours", amount.notna())
        return amount * HOURS
    little = amount.gt(0) & amount.lt(HOURLY)
    ledger.note(f"column {column}: pay is under {HOURLY:,} a year; used", little)
    ledger.note(f"column {column}: pay is zero; used", amount == 0)
    return amount


def _job(text: pd.Series, ledger: Ledger, jobs: dict[str, str]) -> pd.Series:
    """Write a job by its name, also where a file puts a number in front of it."""
    coded = text.str.contains(CODED, regex=True)
    ledger.note(WITHOUT_NUMBER, coded)
    text = text.str.replace(CODED, "", regex=True)
    known = {" ".join(label.split()): name for label, name in jobs.items()}
    ledger.note(
        "the name of a job is read as another one, as declared", text.isin(known)
    )
    return text.replace(known)


def _employment(text: pd.Series, source: sources.Workers) -> pd.Series:
    known = {"": ""} | source.employments
    strangers = text[~text.isin(list(known))].value_counts()
    if len(strangers):
        raise UnmappedLabelError(
            f"{source.file}, column {source.columns['employment']}: {len(strangers)} "
            f"label(s) are not declared{race.listed(strangers)}; say under "
            "'employments' in sources.yaml what each means"
        )
    return text.map(known).astype("str")


def _note_days(
    rows: pd.DataFrame, text: pd.DataFrame, earlier: pd.Series, ledger: Ledger
) -> None:
    given = text.loc[rows.index, ["hired", "left"]].ne("")
    ledger.note(
        "hiring date is unreadable; not used", rows["hired"].isna() & given["hired"]
    )
    ledger.note(
        "leaving date is unreadable; counted as in post",
        rows["left"].isna() & given["left"],
    )
    ledger.note(
        "leaving date is before the hiring date; counted as in post",
        earlier[rows.index],
    )


def _same_day(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Pair the people of two rosters of one day by their numbers."""
    keys = ["as_of", "worker_id"]
    names = [*keys, "race", "sex", "hired"]
    numbered = frame.loc[frame["worker_id"].ne(""), names].astype({"race": "str"})
    others = other.loc[other["worker_id"].ne(""), names].astype({"race": "str"})
    numbered = numbered.rename_axis("place").reset_index()
    return numbered.merge(others, on=keys, suffixes=("", "_other"))


def _alike(shared: pd.DataFrame) -> pd.Series:
    same = shared["race"] == shared["race_other"]
    for name in ("sex", "hired"):
        one, two = shared[name], shared[f"{name}_other"]
        same &= (one == two) | one.isna() | two.isna() | one.eq("") | two.eq("")
    return same
