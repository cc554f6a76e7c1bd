"""Further reports of requests in plain Python, one after the other.

What `equity.prepare.engine.reports` must agree with on any rows. Nothing is shared
with it but the words of the ledger.
"""

from collections import Counter

import pandas as pd

from equity.prepare import sources
from equity.prepare.engine import reports

DAY = pd.Timedelta(days=1)
TENTH = pd.Timedelta(hours=2.4)


def counted(
    every: pd.DataFrame, used: pd.DataFrame, source: sources.Requests
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return `report_counts`, and how many reports the ledger notes as what."""
    until = pd.Timestamp(source.data_until)
    most = source.report_window * DAY
    requests = {key: Request(row, until, most) for key, row in used.iterrows()}
    fates: Counter[str] = Counter()
    find = by_number if source.reports == "duplicate_of" else by_place
    reported = every[
        every["o"].dt.normalize().le(until) & every["state"].ne("cancelled")
    ]
    for key, report in reported[is_marked(reported)].iterrows():
        root, fate = find(key, report, every, requests, source)
        if root is not None:
            requests[root].reports.append((report["o"], report["within"]))
        elif report["within"]:
            fates[fate] += 1
    rows = []
    for request in requests.values():
        duplicates, mine = request.settle()
        fates.update(mine)
        rows.append((*request.cell, request.days(), duplicates))
    names = ["area", "category", "period", "days", "duplicates"]
    table = pd.DataFrame(rows, columns=names).groupby(names, as_index=False).size()
    return table.rename(columns={"size": "incidents"}), dict(fates)


def is_marked(rows: pd.DataFrame) -> pd.Series:
    """Tell what a status or a number marks as a further report."""
    other = rows["duplicate_of"]
    names_other = other.ne("") & other.ne(rows["request_id"])
    return rows["state"].eq("duplicate") | names_other


class Request:
    """A request that is counted, and the reports that are linked to it."""

    def __init__(self, row, until, most):
        self.opened, self.until, self.most = row["o"], until, most
        self.closed = row["c"] if row["closed"] else None
        self.start = self.opened
        self.cell = (str(row["area"]), str(row["category"]), row["period"])
        self.kind, self.spot = str(row["category"]), spot(row)
        self.reports: list[tuple[pd.Timestamp, bool]] = []

    def holds(self, moment):
        """Say whether a moment lies in the window; days decide without times."""
        first, last = self.start, self.closed
        if not (is_timed(moment) and is_timed(first)):
            moment_, first = moment.normalize(), first.normalize()
        else:
            moment_ = moment
        soon = first <= moment_ <= first + self.most
        if last is None:
            return soon
        if not (is_timed(moment) and is_timed(last)):
            return soon and moment.normalize() <= last.normalize()
        return soon and moment <= last

    def settle(self):
        """Open the window with the first report; count those that fall into it."""
        before = [
            moment
            for moment, _ in self.reports
            if earlier(moment, self.opened) and self.opened - moment <= self.most
        ]
        self.start = min([*before, self.opened]) if before else self.opened
        inside = [self.holds(moment) for moment, _ in self.reports]
        late = [
            within
            for (_, within), holds in zip(self.reports, inside, strict=True)
            if not holds and within
        ]
        fates = {
            reports.LINKED: sum(inside),
            reports.LATE: len(late),
            reports.BEFORE: len(before),
        }
        if not before:
            return sum(inside), fates
        return sum(inside) - 1 + self.holds(self.opened), fates

    def days(self):
        """Measure the window, as the documentation words it."""
        last, most = self.closed, self.most // DAY
        if is_timed(self.start) and (last is None or is_timed(last)):
            lasted = (self.until + DAY if last is None else last) - self.start
            if lasted >= self.most:
                return most
            return (max(lasted // TENTH, 0) + 0.5) / 10
        end = self.until if last is None else last.normalize()
        whole = (end - self.start.normalize()).days
        if last is None or whole > most:
            return min(whole, most) + 0.5
        return whole or 1 / 3


def is_timed(moment):
    return moment != moment.normalize()


def earlier(moment, other):
    if is_timed(moment) and is_timed(other):
        return moment < other
    return moment.normalize() < other.normalize()


def spot(row):
    """Round a place to a centimetre; None without one."""
    try:
        found = round(float(row["latitude"]), 7), round(float(row["longitude"]), 7)
    except ValueError:
        return None
    return found


def by_number(key, report, every, requests, source):
    """Follow the numbers, one by one, until a request is no further report."""
    numbered = every[every["request_id"] != ""]
    places = dict(zip(numbered["request_id"], numbered.index, strict=True))
    marks, seen = is_marked(every), {key}
    while True:
        row = every.loc[key]
        other = row["duplicate_of"]
        if not other or other == row["request_id"]:
            return None, reports.UNNAMED if key == report.name else reports.ASIDE
        if other not in places:
            return None, reports.MISSING
        key = places[other]
        if key in seen:
            return None, reports.CIRCLE
        seen.add(key)
        if not marks[key]:
            if key in requests:
                return key, ""
            outside = not every.loc[key, "within"] and pd.notna(every.loc[key, "o"])
            return None, reports.OTHERS if outside else reports.ASIDE


def by_place(key, report, every, requests, source):
    """Look for the latest request that was open there, of the kind or of any."""
    here = spot(report)
    if here is None:
        return None, reports.UNPLACED
    moment, kind = report["o"], str(report["category"])
    there = {k: r for k, r in requests.items() if r.spot == here}
    same = {k: r for k, r in there.items() if r.kind == kind}
    tries = [same] if source.reports.endswith("category") else [same, there]
    for some in tries:
        if found := [k for k, r in some.items() if r.holds(moment)]:
            return max(found, key=lambda k: some[k].opened), ""
    days = [r.opened.normalize() for r in tries[-1].values()]
    return None, reports.LATE if min(days, default=moment + DAY) <= moment else (
        reports.ALONE
    )
