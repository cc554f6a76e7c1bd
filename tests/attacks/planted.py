"""Notebooks with planted small counts, for a release that is then attacked.

Every table below is what an office might well show; each one, protected by itself or
only by its own small cells, would give something away. The true counts are kept here,
so that an attacker's answer can be compared with them.
"""

import numpy as np
import pandas as pd

IMPORTS = """
import pandas as pd
from equity.measure import intervals
from equity.publish import figures, findings, maps, tables
from equity.publish.protect import protect

def frame(cells, *names):
    rows = [[*key, n] for key, n in cells.items()]
    return pd.DataFrame(rows, columns=[*names, "events"])

COUNT = {"events": ("People", "count")}
"""

GROUPS = [
    "White", "Black", "Latino", "Asian", "Two or more", "Native", "Pacific Islander",
    "Some other race",
]  # fmt: skip
DEPARTMENTS = ["Fire", "Health", "Parks", "Police", "Works"]


def staff() -> dict[tuple[str, str], int]:
    """Department and race of 900 invented people; twelve planted cells of 1 to 9."""
    random = np.random.default_rng(20261)
    shares = [0.44, 0.25, 0.16, 0.08, 0.03, 0.02, 0.01, 0.01]
    both = np.outer([0.25, 0.2, 0.15, 0.25, 0.15], shares).ravel()
    keys = [(d, g) for d in DEPARTMENTS for g in GROUPS]
    cells = dict(zip(keys, random.multinomial(900, both).tolist(), strict=True))
    few = random.permutation([key for key, n in cells.items() if n < 30])[:12]
    counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 3, 5]
    return cells | {tuple(key): n for key, n in zip(few, counts, strict=True)}


#: Attack 2: a row of 219 people; the total is shown too.
ROW = {"White": 120, "Black": 64, "Latino": 31, "AIAN": 4}

#: Attack 3: a table of the R package sdcTable's own tests.
SQUARE = {
    (row, column): value
    for row, values in zip(
        "wxyz",
        [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]],
        strict=True,
    )
    for column, value in zip("abcd", values, strict=True)
}

#: Attack 5: eight areas by county in one table, by size in another.
AREAS = {"A": 2, "B": 2, "I": 8, "J": 8, "K": 3, "L": 3, "M": 3, "N": 7}
COUNTIES = {"East": "ABIJ", "West": "KLMN"}
SIZES = {"Large": "ABIJKN", "Small": "LM"}

#: Attack 7: three of 37 were hired.
HIRED = {"Black": (14, 90), "Latino": (12, 60), "Native": (3, 37), "White": (210, 900)}

#: Attack 9: yearly pay of a small and a larger group.
PAY = {"Native": 7, "Asian": 25, "White": 400}

#: Attack 10: nobody of 14, and everybody of 320, is below proficient.
BELOW = {"Asian": (0, 14), "Native": (14, 14), "Black": (320, 320), "White": (150, 400)}

#: Attack 12: complaints of the year to date, by quarter of the report.
TO_DATE = {
    "2025Q3": {"AIAN": 54, "Black": 210, "White": 480},
    "2025Q4": {"AIAN": 57, "Black": 262, "White": 590},
}

#: Attack 15: Native Hawaiian or Pacific Islander, alone and in combination.
ALONE = {"NHPI": 43, "Asian": 160, "White": 900}
COMBINED = {"NHPI": 46, "Asian": 190, "White": 940}

#: Attack 16: a ward, and the neighbourhood that is the ward without one tract.
TRACTS = {"1": 40, "2": 45, "3": 3, "4": 61, "5": 52}
WARD = ["1", "2", "3"]
NEIGHBOURHOOD = ["1", "2"]

#: Attack 20: the bars of a chart.
BARS = {"White": 120, "Black": 64, "Latino": 31, "Asian": 4, "Native": 9, "Pacific": 2}


def pay() -> pd.DataFrame:
    """One row per invented person: race and pay to the dollar."""
    random = np.random.default_rng(7)
    rows = [(g, int(p)) for g, n in PAY.items() for p in random.normal(61234, 9000, n)]
    return pd.DataFrame(rows, columns=["group", "pay"])


def workforce() -> list[str]:
    """The code cells of the first notebook."""
    quantiles = pay().groupby("group")["pay"].agg(["size", "median"]).reset_index()
    return [
        IMPORTS,
        # 1: race by department, with shares and intervals, as a table and a figure
        f"""
cells = frame({staff()!r}, "department", "group")
cells["population"] = cells.groupby("department")["events"].transform("sum")
low, high = intervals.wilson(cells["events"], cells["population"])
cells = cells.assign(
    estimate=cells["events"] / cells["population"],
    conf_low=low, conf_high=high, confidence=0.95,
)
staff = protect(
    cells, lines=("department", "group"), topic="staff", population="whole"
)
tables.show(staff, name="staff", caption="Staff by department and race", columns={{
    "department": ("Department", "text"), "group": ("Race", "text"), **COUNT,
    "estimate": ("Share", "percent"),
    ("conf_low", "conf_high"): ("Interval", "percent"),
}})""",
        """
figures.dot_interval(staff, name="staff-figure", caption="Staff by department and race",
                     unit="percent", label="share", facets="department")""",
        """
by_group = cells.groupby("group", sort=False, as_index=False)["events"].sum()
tables.show(protect(by_group, topic="staff"), name="staff-groups",
            caption="Staff by race", columns={"group": ("Race", "text"), **COUNT})""",
        """
by_department = cells.groupby("department", as_index=False)["events"].sum()
tables.show(protect(by_department, topic="staff"), name="staff-departments",
            caption="Staff by department",
            columns={"department": ("Department", "text"), **COUNT})""",
        # 2 and 20: a row with its total, and the bars of a chart
        f"""
row = {ROW!r}
shown = protect(frame({{(g,): n for g, n in row.items()}}, "group"), topic="row")
tables.show(shown, name="row", caption="A row",
            columns={{"group": ("Race", "text"), **COUNT}})""",
        f"""
total = protect(pd.DataFrame({{"all": ["Everybody"], "events": [{sum(ROW.values())}]}}),
                topic="row", covers={{"all": {{"Everybody": None}}}})
tables.show(total, name="row-total", caption="Its total",
            columns={{"all": ("Who", "text"), **COUNT}})""",
        f"""
bars = frame({{(g,): n for g, n in {BARS!r}.items()}}, "group")
bars["estimate"] = bars["events"] / bars["events"].sum()
bars = protect(bars.assign(conf_low=float("nan"), conf_high=float("nan"),
                           confidence=0.95), topic="bars")
figures.dot_interval(bars, name="bars-figure", caption="Bars", unit="percent",
                     label="share")""",
        """
tables.show(bars, name="bars", caption="The bars",
            columns={"group": ("Race", "text"), **COUNT,
                     "estimate": ("Share", "percent")})""",
        # 3: a table of two directions
        f"""
square = protect(frame({SQUARE!r}, "across", "down"), lines=("across", "down"),
                 topic="square")
tables.show(square, name="square", caption="A square", columns={{
    "across": ("Row", "text"), "down": ("Column", "text"), **COUNT}})""",
        # 7, 18: rates with their intervals, of events that happen to people
        f"""
hired = pd.DataFrame([[g, *n] for g, n in {HIRED!r}.items()],
                     columns=["group", "events", "population"])
low, high = intervals.wilson(hired["events"], hired["population"])
hired = hired.assign(estimate=hired["events"] / hired["population"], conf_low=low,
                     conf_high=high, confidence=0.95)
hired = protect(hired, topic="applicants", outcome=True)
tables.show(hired, name="hired", caption="Hired of those who applied", columns={{
    "group": ("Race", "text"), "population": ("Applicants", "count"),
    "estimate": ("Hired", "percent"),
    ("conf_low", "conf_high"): ("Interval", "percent"),
}})""",
        """
tables.show(hired, name="hired-rates", caption="Hired, without counts", columns={
    "group": ("Race", "text"), "estimate": ("Hired", "percent"),
    ("conf_low", "conf_high"): ("Interval", "percent")})""",
        # 9: quantiles of pay
        f"""
paid = pd.DataFrame({quantiles.to_dict("list")!r}).rename(columns={{"size": "events"}})
paid = protect(paid, lines=None, topic="paid", quantiles={{"median": 0.5}})
tables.show(paid, name="paid", caption="Median pay", columns={{
    "group": ("Race", "text"), **COUNT, "median": ("Median pay", "number")}})""",
    ]


def schools() -> list[str]:
    """The code cells of the second notebook; they depend on the period."""
    return [
        IMPORTS,
        # 5: areas by county and by size, and the totals of both
        f"""
areas, counties, sizes = {AREAS!r}, {COUNTIES!r}, {SIZES!r}
def show(table, name, label):
    columns = {{n: (n.title(), "text") for n in label}} | COUNT
    return tables.show(table, name=name, caption=f"Areas: {{name}}", columns=columns)
def nested(name, sets):
    rows = [[s, a, areas[a]] for s, inside in sets.items() for a in inside]
    frame = pd.DataFrame(rows, columns=[name, "area", "events"])
    return protect(frame, lines=name, topic="areas",
                   covers={{name: dict.fromkeys(sets)}})
def totals(name, sets):
    cells = {{(s,): sum(areas[a] for a in inside) for s, inside in sets.items()}}
    return protect(frame(cells, "area"), topic="areas",
                   covers={{"area": {{s: list(inside) for s, inside in sets.items()}}}})
show(nested("county", counties), "areas-county", ["county", "area"])""",
        'show(nested("size", sizes), "areas-size", ["size", "area"])',
        'show(totals("county", counties), "counties", ["area"])',
        'show(totals("size", sizes), "sizes", ["area"])',
        # 10: nearly nobody and nearly everybody
        f"""
below = pd.DataFrame([[g, *n] for g, n in {BELOW!r}.items()],
                     columns=["group", "events", "population"])
low, high = intervals.wilson(below["events"], below["population"])
below = below.assign(estimate=below["events"] / below["population"], conf_low=low,
                     conf_high=high, confidence=0.95)
below = protect(below, topic="students", outcome=True, lines=None)
tables.show(below, name="below", caption="Below proficient", columns={{
    "group": ("Race", "text"), "population": ("Students", "count"),
    "estimate": ("Below", "percent")}})""",
        # 12: the year to date, and the quarter alone
        f"""
to_date = {TO_DATE!r}
quarters = ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
so_far = quarters[: quarters.index(period) + 1]
ytd = frame({{(g,): n for g, n in to_date[period].items()}}, "group")
tables.show(protect(ytd, topic="complaints", within={{"period": so_far}}),
            name="to-date", caption="Complaints, year to date",
            columns={{"group": ("Race", "text"), **COUNT}})""",
        """
before = to_date["2025Q3"] if period == "2025Q4" else dict.fromkeys(to_date[period], 0)
now = {(g,): n - before[g] for g, n in to_date[period].items()}
tables.show(
    protect(frame(now, "group"), topic="complaints", within={"period": period})
    if period == "2025Q4" else protect(frame({("Nobody",): 40}, "group")),
    name="this-quarter", caption="Complaints of the quarter",
    columns={"group": ("Race", "text"), **COUNT})""",
        # 15: alone, and alone or in combination
        f"""
alone, combined = {ALONE!r}, {COMBINED!r}
kinds = {{
    "alone": (alone, {{g: f"{{g}} alone" for g in alone}}),
    "combined": (
        combined, {{g: [f"{{g}} alone", f"{{g}} and others"] for g in combined}}
    ),
}}
def presented(kind):
    counts, covers = kinds[kind]
    table = protect(frame({{(g,): n for g, n in counts.items()}}, "group"), lines=None,
                    topic="residents", covers={{"group": covers}})
    return tables.show(table, name=kind, caption=f"Residents, {{kind}}",
                       columns={{"group": ("Race", "text"), **COUNT}})
presented("alone")""",
        'presented("combined")',
        # 16: areas that overlap
        f"""
tracts = {TRACTS!r}
cover = {{"Ward": {WARD!r}, "Neighbourhood": {NEIGHBOURHOOD!r}}}
def place(name):
    cells = {{(name,): sum(tracts[t] for t in cover[name])}}
    table = protect(frame(cells, "area"), lines=None, topic="callers",
                    covers={{"area": {{name: cover[name]}}}})
    return tables.show(table, name=name.lower(), caption=f"Callers of the {{name}}",
                       columns={{"area": ("Area", "text"), **COUNT}})
place("Ward")""",
        'place("Neighbourhood")',
    ]
