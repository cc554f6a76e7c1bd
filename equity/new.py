"""Propose `params/<city>.yaml` and `sources.yaml` from a folder of raw files.

A proposal is a reading aid, not a guess that is acted on: every line is for a person
to confirm, a label that is not understood is left open, and nothing runs until
`confirmed: true` is set.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import yaml

from equity import project, race, strict_yaml
from equity.errors import InputError, ParamsError
from equity.prepare import read, sources

OPEN = sources.OPEN
EXPLAINED = "docs/sources.md says what a table needs"
FILES = (
    *(".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".zip"),
    *(".geojson", ".geojson.gz", ".gpkg", ".json", ".json.gz"),
)

# What files call our columns: patterns, the likeliest first, split at each |.
RACE = r"^(?!.*count)(?!.*perc).*race|^(?!.*count)(?!.*perc).*ethnic"
WORKER = r"employee.?id|employee.?n|worker.?id|person.?id|^id$"
DEPARTMENT = r"dept.?name|department|agency|unit.?desc|dept|unit"
PLACE = {"latitude": r"^lat", "longitude": r"^lon|^lng"}
SCHOOL = {
    "year": r"school.?year|academic.?year|^year|^(?!.*birth).*year$",
    "school": r"^school$|school.?name|^school|sch.?nam",
    "subject": r"subject|content.?area",
    "grade": r"^grade",
}
HEADERS: Mapping[str, Mapping[str, str]] = {
    "events": {
        "kind": r"^event(?!.*date)|^action(?!.*date)|personnel.?action(?!.*date)"
        r"|transaction(?!.*date)",
        "date": r"effective|event.?date|action.?date|^(?!.*birth)(?!.*hire).*date",
        "worker_id": WORKER,
        "race": RACE,
        "sex": r"^sex|^gender",
        "department": DEPARTMENT,
        "job": r"job.?title|^title",
        "job_category": r"eeo",
    },
    "graduation": {"unit": r"ncessch|school.?id|leaid"},
    "proficiency": {**SCHOOL, "race": rf"{RACE}|student.?group|subgroup"},
    "rates": {
        "year": SCHOOL["year"],
        "unit": r"school.?id|^school$|school.?name|^school|^district|^state$",
        "race": rf"{RACE}|student.?group|subgroup",
        "outcome": r"^measure$|^outcome$|^indicator$",
        "events": r"^count$|^events$|^numerator$|^number$",
        "population": r"^enrol|^students$|^denominator$|^cohort$",
    },
    "enrolment": {
        "year": SCHOOL["year"],
        "unit": r"school.?id|^school$|school.?name|^school|^district",
        "race": rf"{RACE}|student.?group|subgroup",
        "city_students": r"in.?city|city.?students|city.?residents",
        "students": r"^enrol|^students$",
    },
    "scores": {
        **SCHOOL,
        "student": r"^student.?id$",
        "race": RACE,
        "score": r"^score$|scale.?score|score$",
    },
    "requests": {
        "request_id": r"request.?id|request.?n|case.?id|ticket|^id$",
        "category": r"category|type|nature",
        "opened": r"open|creat|request.?date|submitted|received",
        "closed": r"clos|complet|resolved",
        "status": r"status",
        **PLACE,
        "duplicate_of": r"parent.*id|parent.*num|parent.*request|duplicate.?of",
        "channel": r"channel|^origin$|^source$|method.*received",
    },
    "workers": {
        "worker_id": WORKER,
        "race": RACE,
        "sex": r"sex|gender",
        "department": DEPARTMENT,
        "job": r"job.?title|title|rank|position",
        "job_category": r"eeo",
        "pay": r"salary|annual|wage|pay",
        "employment": r"employment.?type|employment.?class|^emp.?type",
        "hired": r"hire|appoint|start",
        "left": r"terminat|resign|separat|left",
    },
    "population": {"area": r"geoid|geo_?id|tract|block.?group|area"},
    "areas": {"area": r"geoid|geo_?id|tract"},
    "districts": {"district": r"name|district|ward|precinct|neighbo|community"},
    "travel": {
        "area": r"from|origin|geoid|tract",
        "facility_id": r"to_|dest|facilit",
        "cost": r"minutes|travel.?time|duration|^cost",
    },
    "blocks": {"block": r"block", "population": r"^pop|residents", **PLACE},
    "baselines": {
        "area": r"geoid|geo_?id|tract|block.?group",
        "estimate": r"no.?internet(?!.*m$)|without.?internet(?!.*m$)|under.?18(?!.*m$)"
        r"|children(?!.*m$)|no.?vehicle(?!.*m$)|poverty(?!.*m$)",
        "total": r"household(?!.*m$)|total(?!.*m$)|universe(?!.*m$)",
    },
    "benchmarks": {
        "race": RACE,
        "job_category": r"job.?group|eeo|occupation",
        "people_moe": r"number.*moe|people.*moe|count.*moe|estimate.*moe"
        r"|number.*margin|estimate.*margin",
        "people": r"^number$|^people$|^count$|^estimate$",
        "share_moe": r"percent.*moe|pct.*moe|share.*moe|percent.*margin",
        "share": r"^percent|^pct|^share",
    },
    "facilities": {
        "facility_id": r"id$",
        "kind": r"kind|type|categor",
        "capacity": r"capacit|seats",
        **PLACE,
    },
}
# The columns by which a table's kind is told, in this order.
TELLING = {
    "events": ("kind", "date", "race"),
    "graduation": (),
    "proficiency": ("school", "year", "race"),
    "rates": ("unit", "year", "race", "events", "population"),
    "workers": ("race", "department"),
    "requests": ("opened", "closed"),
    "scores": ("race", "score"),
    "travel": ("area", "facility_id", "cost"),
    "blocks": ("block", "population", "latitude", "longitude"),
    "facilities": ("latitude", "longitude"),
    "population": ("area",),
    "baselines": ("area", "estimate"),
    "benchmarks": (),
    "enrolment": ("unit", "students"),
}
# Words by which a label or a column of counts is proposed for a group, where they fit
# one group only.
WORDS = {
    race.ASIAN_OR_PACIFIC: r"asian.{1,8}pacific|^api$",
    race.TWO_OR_MORE: r"(two|2) or more|multi|mixed",
    race.NHPI: r"hawaii|pacific",
    race.AIAN: r"american indian|\bnative\b(?!.*hawaii)|alaska|aian",
    race.HISPANIC: r"hispanic|latin",
    race.BLACK: r"black|(?<!north )african|^blk$|^b$",
    race.ASIAN: r"\basian",
    race.WHITE: r"white|caucasian|^wht$|^w$",
    race.MENA: r"middle east|north afric|\bmena\b|\barab",
    race.SOME_OTHER: r"some other|other race|^others?$",
    "Declined": r"declin|choose not|prefer not",
    "Refused": r"refus",
    "Unknown": r"unk|^n/a$",
    "Not recorded": r"^$|not (recorded|specified|reported)|blank",
}
NOT_HISPANIC = r"\W*\b(non|not)[- ]?(hispanic|latin\w*)( or latin\w*)?\W*"
B03002 = {  # the Census Bureau's table of Hispanic origin by race, line by line
    **{"003": race.WHITE, "004": race.BLACK, "005": race.AIAN, "006": race.ASIAN},
    **{"007": race.NHPI, "008": race.SOME_OTHER, "009": race.TWO_OR_MORE},
    "012": race.HISPANIC,
}
# Answers to a question on Hispanic origin apart from race, and columns that may ask it.
ORIGIN = r"(hispanic|latin\w*|spanish)(\W+(or )?(hispanic|latin\w*|spanish))*( origin)?"
IS_HISPANIC = rf"(yes\W+)?{ORIGIN}( of any race)?"
IS_NOT_HISPANIC = rf"(no\W+)?(non|not)( of)?[- ]?{ORIGIN}"
RACE_LIKE = r"(?<![bgrt])race|racial|ethnic|hispanic|latin"
SHARE = r"pct|perc|%|(?<![a-z])(share|rate|proportion)s?(?![a-z])"
DAY = (  # year first or last, a month in letters, or digits only; then perhaps a time
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d).*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?!\d).*"
    r"|\d{1,2}\W[A-Za-z]{3,9}\W\d{2,4}(?!\d).*|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}.*"
    r"|(19|20)\d{6}|\d{10}|\d{13}"
)
LINE = r"b03002_?([0-9]{3})(_?e|_?m|_?estimate|_?moe|, error)?"
EDFACTS = {  # the Department of Education's groups; ALL and the others are no races
    **{"MAM": race.AIAN, "MAS": race.ASIAN, "MBL": race.BLACK, "MHI": race.HISPANIC},
    **{"MNP": race.NHPI, "MWH": race.WHITE, "MTR": race.TWO_OR_MORE},
}
NO_RACES = ("ALL", "CWD", "ECD", "LEP", "HOM", "FCS")
COHORT = r"([A-Z]+)_COHORT_([0-9]+)"
LEVELS = (  # lowest first
    *(r"below|minimal|novice|unsatisf|\bnot\b", r"partial|basic|apprentice"),
    *(r"approach", r"^proficient|^met\b|^meets", r"advanced|exceed|distinguished"),
)
NO_LEVEL = r"%|perc|pct|rate|\bor\b|\band\b|above|total"
STATUSES, LABELS = 40, 60  # at most so many are proposed, the most frequent
ORIGINS = 20  # different labels; a question on Hispanic origin has not more
MARKS = 20  # more different cells that are no counts are hardly marks
EVERYBODY = r"all( students| groups)?|total"
KINDS = {
    "hire": r"\b(re)?hire",
    "promotion": r"promot",
    "separation": r"separat|terminat|resign|retire",
}
EMPLOYMENTS = {
    "seasonal": r"season",
    "temporary": r"temp",
    "part-time": r"part",
    "permanent": r"perman|regular",
}
JOB_GROUPS = {  # of the EEO-4 form
    "Officials and administrators": r"official",
    "Professionals": r"(?<!para)(?<!para-)professional",
    "Technicians": r"technician",
    "Protective service": r"protective",
    "Paraprofessionals": r"para-?professional",
    "Administrative support": r"administrative support|clerical",
    "Skilled craft": r"craft",
    "Service and maintenance": r"maintenance",
}
FEW = 30  # rows of a benchmark with a column for each group
MEANINGS = {
    "duplicate": r"dup",
    "cancelled": r"cancel|withdraw|void",
    "closed": r"clos|complet|resolv|done",
    "open": r"open|pend|progress|new|assign",
}


def propose(city: str, folder: Path | None = None) -> list[str]:
    """Write a proposed params file and sources file, and say what to do next.

    Parameters
    ----------
    city
        The city's short name: small letters, digits, - and _.
    folder
        Its raw files; `<raw folder>/<city>` by default.

    Returns
    -------
    list of str
        Lines for the user: what was understood, what was not, and the next steps.

    Raises
    ------
    ParamsError
        If the name is unsuitable, or a file is there already.
    InputError
        If the folder has no file that could be used.

    Examples
    --------
    >>> propose("No Name")
    Traceback (most recent call last):
    equity.errors.ParamsError: 'No Name' names folders: use small letters, digits, -
    and _ only
    """
    if not re.fullmatch(project.CITY, city):
        raise ParamsError(
            f"{city!r} names folders: use small letters, digits, - and _ only"
        )
    folder = (folder or project.raw_folder() / city).resolve()
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder.name!r}; put the raw files there")
    params = project.root() / "params" / f"{city}.yaml"
    described = project.root() / "data" / "raw" / city / "sources.yaml"
    beside = folder.parent / city / described.name  # where it would be found first
    for path in (params, described, beside):
        if path.exists():
            raise ParamsError(f"{path.name} of {city} exists already; it is kept")
    found: dict[str, list[dict]] = {}
    lines = []
    for path in sorted(folder.iterdir()):
        if not path.name.lower().endswith(FILES):
            continue
        try:
            kind, proposal, notes = _proposal(path, f"{folder.name}/{path.name}")
        except InputError as error:
            why = str(error).removeprefix(path.name).lstrip(": ")
            lines.append(f"{path.name}: not understood, left out: {why}; {EXPLAINED}")
            continue
        listed = found.setdefault(kind, [])
        if listed and kind in ("areas", "population", "blocks"):
            lines.append(
                f"{path.name}: {kind} too, left out; one file of {kind} is read, and "
                f"{Path(listed[0]['file']).name} is proposed"
            )
            continue
        listed.append(proposal)
        lines.append(f"{path.name}: {kind}")
        lines += [f"{path.name}: {note}" for note in notes]
    if not found:
        raise InputError(
            f"no file in {folder.name!r} could be understood; see data/raw/sample "
            f"for the kinds that can, or write sources.yaml by hand; {EXPLAINED}"
        )
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(_sources_text(city, found), encoding="utf-8")
    standard = _standard(described.read_text(encoding="utf-8"))
    params.write_text(_params_text(city, standard), encoding="utf-8")
    opened = sum(
        OPEN in line and not line.startswith("#")
        for line in described.read_text(encoding="utf-8").splitlines()
    )
    apart = folder.parent != project.raw_folder().resolve()
    raw = f" --raw {shlex.quote(str(folder.parent))}" if apart else ""
    return [
        *lines,
        f"Wrote params/{city}.yaml and data/raw/{city}/sources.yaml.",
        f"Next: read both; {opened} place(s) say {OPEN!r}. Then set 'confirmed: true' "
        f"and run: equity check params/{city}.yaml{raw}",
    ]


def _standard(text: str) -> str:
    """Propose the standard that can hold all groups that were understood."""
    if race.MENA in text:
        return "spd15_2024"
    return "omb1997_api" if race.ASIAN_OR_PACIFIC in text else "omb1997"


def label_group(label: str) -> str:
    """Propose the group that a source's label may mean, for a person to confirm.

    Parameters
    ----------
    label
        A race label as a source has it.

    Returns
    -------
    str
        A group, one of `race.UNKNOWN`, or `TO CONFIRM`.

    Examples
    --------
    >>> label_group("BLACK/AFR. AMER."), label_group("White, not Hispanic")
    ('Black or African American', 'White')
    >>> label_group("Asian/Pacific Islander"), label_group("Code 7")
    ('Asian or Pacific Islander', 'TO CONFIRM')
    """
    text = re.sub(NOT_HISPANIC, "", race.normalise(label))
    fitting = [group for group, words in WORDS.items() if re.search(words, text)]
    if race.ASIAN_OR_PACIFIC in fitting:  # one label for both, as older records have
        fitting = [g for g in fitting if g not in (race.ASIAN, race.NHPI)]
    return fitting[0] if len(fitting) == 1 else OPEN


def _proposal(path: Path, name: str) -> tuple[str, dict, list[str]]:
    """Say which kind of raw file this seems to be, what it may mean, and notes."""
    frame, _, settings = read.look(path)  # whole: labels may come late
    if isinstance(frame, gpd.GeoDataFrame):
        if not frame.geom_type.str.endswith("Polygon").all():
            raise InputError("holds points or lines, not boundaries")
        kind = "districts" if _are_districts(frame) else "areas"
        proposal = {"file": name, "kind": f"{kind[:-1]} ({OPEN})", "vintage": OPEN}
    else:
        kind = _kind(frame)
        proposal = {"file": name, "title": path.name, "source": OPEN, "vintage": OPEN}
    proposal |= settings
    columns = _columns(kind, list(frame.columns))
    needed = getattr(sources, kind.capitalize()).NEEDS
    proposal["columns"] = columns | {n: OPEN for n in needed if n not in columns}
    maker = {
        **{"requests": _requests, "workers": _workers, "population": _population},
        **{"events": _events, "graduation": _graduation, "proficiency": _proficiency},
        **{"scores": _scores, "facilities": _facilities, "travel": _travel},
        **{"baselines": _baselines, "benchmarks": _benchmarks},
        **{"rates": _rates, "enrolment": _enrolment},
    }
    proposal |= maker.get(kind, lambda *_: {})(frame, columns)
    return kind, proposal, _notes(kind, frame, proposal)


def _notes(kind: str, frame: pd.DataFrame, proposal: dict) -> list[str]:
    """Say what was cut off, and which columns a person should look at."""
    notes = []
    columns = proposal["columns"]
    cut = {"status": ("statuses", STATUSES), "kind": ("kinds", LABELS)}
    for name, (key, most) in (cut | {"race": ("races", LABELS)}).items():
        if key in proposal and (count := _different(frame[columns[name]])) > most:
            notes.append(
                f"column {columns[name]} has {count} different labels; {key} has the "
                f"{most} most frequent, add the others"
            )
    used = {*columns.values(), proposal.get("hispanic", {}).get("column")}
    used |= {*proposal.get("estimates", {}).values()}
    used |= {*proposal.get("margins", {}).values()}
    if kind == "population" and (shares := _shares(frame, proposal["estimates"])):
        notes.append(f"{shares} hold shares, not people, and are not proposed")
    if issubclass(getattr(sources, kind.capitalize()), sources.Raced):
        unused = [h for h in _race_like(frame) if h not in used]
        if unused and kind != "population":
            notes.append(f"{unused} may say race or ethnicity too, and are not used")
    return notes


def _race_like(frame: pd.DataFrame) -> list[str]:
    """List the columns whose names speak of race or ethnicity."""
    headers = [h for h in frame.columns if not re.search("count|perc", h.lower())]
    return [h for h in headers if re.search(RACE_LIKE, h.lower())]


def _shares(frame: pd.DataFrame, estimates: dict[str, str]) -> list[str]:
    """List the columns of shares of the groups that have no column of people."""
    shares = [header for header in frame.columns if _is_share(header)]
    return [h for h in shares if estimates.get(_header_group(h)) == OPEN]


def _is_share(header: str) -> bool:
    return bool(re.search(SHARE, header.lower()))


def _different(text: pd.Series) -> int:
    return text.str.strip().nunique()


def _labels(text: pd.Series, most: int) -> list[str]:
    """List the most frequent different labels, in the order of the alphabet."""
    return sorted(text.str.strip().value_counts().head(most).index)


def _days(text: pd.Series) -> bool:
    """Say whether what is filled in is days, rather than hours or words."""
    filled = text[text.str.strip().ne("")].str.strip()
    return bool(filled.str.fullmatch(DAY).mean() > 0.9) if len(filled) else False


def _kind(frame: pd.DataFrame) -> str:
    """Choose the first kind whose telling columns the table seems to have."""
    headers = list(frame.columns)
    for kind, names in TELLING.items():
        columns = _columns(kind, headers)
        if set(names) <= set(columns) and _fits(kind, frame, columns):
            return kind
    raise InputError("has no columns by which a kind of table is told")


def _fits(kind: str, frame: pd.DataFrame, columns: dict[str, str]) -> bool:
    """Look at what headers alone do not tell."""
    if kind == "graduation":
        return bool(_cohorts(frame))
    if kind == "proficiency":
        levels = list(_levels(frame))
        groups = set(_races(frame[columns["race"]]).values()) & set(race.ORDER)
        return len(levels) > 1 < len(groups) and len(_marks(frame[levels])) <= MARKS
    if kind == "scores":
        return pd.to_numeric(frame[columns["score"]], errors="coerce").notna().any()
    if kind == "requests" and "status" not in columns:
        return _are_dated(frame)
    if kind == "facilities":
        if _are_dated(frame):
            return False
        return "kind" in columns or any("name" in h.lower() for h in frame.columns)
    if kind == "enrolment":
        cells = frame[columns["students"]].str.replace(",", "")
        return pd.to_numeric(cells, errors="coerce").notna().any()
    if kind in ("travel", "baselines"):
        cells = frame[columns["cost" if kind == "travel" else "estimate"]]
        return pd.to_numeric(cells, errors="coerce").notna().any()
    if kind == "population":
        return _counts_groups(frame)
    if kind == "benchmarks":
        if {"race", "job_category"} <= set(columns):
            return bool({"people", "share"} & set(columns))
        return _counts_groups(frame) and len(frame) <= FEW
    return True


def _counts_groups(frame: pd.DataFrame) -> bool:
    """Say whether there is a column for each of several groups."""
    return sum(_header_group(header) in race.ORDER for header in frame.columns) > 2


def _are_dated(frame: pd.DataFrame) -> bool:
    """Say whether rows are opened and closed on days, as requests are."""
    found = _columns("requests", list(frame.columns))
    if not {"opened", "closed"} <= set(found):
        return False
    closed = frame[found["closed"]]
    none = closed.str.strip().eq("").all()
    return _days(frame[found["opened"]]) and (none or _days(closed))


def _columns(kind: str, headers: list[str]) -> dict[str, str]:
    """Match each of our columns to the first header that is not taken yet."""
    matched: dict[str, str] = {}
    for name, pattern in HEADERS[kind].items():
        found = (
            header
            for alternative in pattern.split("|")
            for header in headers
            if header not in matched.values()
            and re.search(alternative, header.strip().lower())
        )
        if header := next(found, None):
            matched[name] = header
    return matched


def _requests(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    labels = _labels(frame[columns["status"]], STATUSES) if "status" in columns else []
    placed = {"latitude", "longitude"} <= set(columns)
    means = {label: _meaning(label) for label in labels}
    by_number = {"request_id", "duplicate_of"} <= set(columns)
    by_place = placed and "duplicate" in means.values()
    how = "duplicate_of" if by_number else "same place" if by_place else ""
    return {
        **({} if placed else {"columns": columns | {"area": OPEN}}),
        "date_format": _date_format(frame[columns["opened"]]),
        "data_until": OPEN,
        **({"statuses": means} if labels else {}),
        **({"reports": how} if how else {}),
    }


def _meaning(status: str) -> str:
    """Propose what a status means; a duplicate is told before it is called closed."""
    found = (m for m, words in MEANINGS.items() if re.search(words, status.lower()))
    return next(found, OPEN)


def _workers(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    dates = frame[columns["hired"]] if "hired" in columns else pd.Series(dtype=str)
    return {
        "as_of": OPEN,
        "date_format": _date_format(dates),
        **_employments(frame, columns),
        "races": _races(frame[columns["race"]]),
        **_hispanic(frame, columns),
    }


def _employments(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    if "employment" not in columns:
        return {}
    labels = _labels(frame[columns["employment"]], LABELS)
    means = {label: _fitting(label, EMPLOYMENTS) for label in labels if label}
    return {"employments": means}


def _fitting(label: str, words: Mapping[str, str]) -> str:
    """Propose the first meaning whose words a label has."""
    found = (name for name, word in words.items() if re.search(word, label.lower()))
    return next(found, OPEN)


def _events(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    kinds = {}
    for label in _labels(frame[columns["kind"]], LABELS):
        fitting = [k for k, words in KINDS.items() if re.search(words, label.lower())]
        kinds[label] = fitting[0] if len(fitting) == 1 else OPEN
    return {
        "date_format": _date_format(frame[columns["date"]]),
        "kinds": kinds,
        "races": _races(frame[columns["race"]]),
        **_hispanic(frame, columns),
    }


def _races(labels: pd.Series) -> dict[str, str]:
    return {label: label_group(label) for label in _labels(labels, LABELS)}


def _hispanic(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose the column that asks Hispanic origin apart from race, if one does."""
    for header in _race_like(frame):
        if header in columns.values() or _different(frame[header]) > ORIGINS:
            continue
        asks = bool(re.search("hispanic|latin", header.lower()))
        means: dict[str, list[str]] = {"yes": [], "no": [], "unknown": []}
        blank = frame[header].str.strip().eq("")
        for label in _labels(frame.loc[~blank, header], ORIGINS):
            answer = _origin(label, asks=asks)
            means[answer or "unknown"].append(label if answer else f"{OPEN}: {label}")
        unknown = means["unknown"] or blank.any()
        if means["yes"] and means["no"]:
            found = {"column": header} | {k: v for k, v in means.items() if v}
            return {"hispanic": found | ({"if_unknown": OPEN} if unknown else {})}
    return {}


def _origin(label: str, *, asks: bool) -> str:
    """Read an answer on Hispanic origin; yes and no only where the header asks it."""
    text = race.normalise(label)
    if re.fullmatch(IS_NOT_HISPANIC, text) or (asks and text in ("no", "n", "false")):
        return "no"
    if re.fullmatch(IS_HISPANIC, text) or (asks and text in ("yes", "y", "true")):
        return "yes"
    return "unknown" if label_group(label) in race.UNKNOWN else ""


def _graduation(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose codes and years; MAS holds Pacific Islanders where there is no MNP."""
    pairs = _cohorts(frame)
    codes = (code for code, _ in pairs if code not in NO_RACES)
    groups = {code: EDFACTS.get(code, OPEN) for code in codes}
    years = {year: _school_year(year) for _, year in pairs}
    apart = {year for code, year in pairs if code == "MNP"}
    if "MAS" in groups and apart != set(years):
        groups["MAS"] = OPEN if apart else race.ASIAN_OR_PACIFIC
    district = "LEAID" in frame.columns and len(set(frame["LEAID"])) > 1
    return {
        **({"keep": {"LEAID": [OPEN]}} if district else {}),
        "cohort": "{group}_COHORT_{year}",
        "rate": "{group}_RATE_{year}",
        **({"rounded_twice": True} if "NCESSCH" in frame.columns else {}),
        "years": years,
        "groups": groups,
    }


def _cohorts(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """List the group and year codes that have both a cohort and a rate."""
    found = (re.fullmatch(COHORT, header) for header in frame.columns)
    pairs = [(match[1], match[2]) for match in found if match]
    return [pair for pair in pairs if "_RATE_".join(pair) in frame.columns]


def _school_year(code: str) -> str:
    """Read 1314 as 2013-14; any other code is left open."""
    if len(code) == 4 and (int(code[:2]) + 1) % 100 == int(code[2:]):
        return f"20{code[:2]}-{code[2:]}"
    return OPEN


def _proficiency(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose levels by rank; which are proficient, and what marks hide, stays open."""
    levels, races = _levels(frame), _races(frame[columns["race"]])
    marks = _marks(frame[list(levels)])
    kept = [label for label in races if not re.fullmatch(EVERYBODY, label.lower())]
    return {
        **({"keep": {columns["race"]: kept}} if len(kept) < len(races) else {}),
        "levels": levels,
        "proficient": [OPEN],
        **({"suppressed": dict.fromkeys(marks, OPEN)} if marks else {}),
        "races": {label: races[label] for label in kept},
    }


def _levels(frame: pd.DataFrame) -> dict[str, str]:
    """Match headers that name a level, lowest first; shares and sums are no levels."""
    rank: dict[str, int] = {}
    for header in frame.columns:
        text = header.lower().replace("_", " ").strip()
        number = re.search(r"\blevel ?([0-9])", text)
        ranks = [i for i, words in enumerate(LEVELS) if re.search(words, text)]
        if (number or ranks) and not re.search(NO_LEVEL, text):
            rank[header] = int(number[1]) if number else ranks[0]
    return {h: h.replace("_", " ").capitalize() for h in sorted(rank, key=rank.get)}


def _marks(counts: pd.DataFrame) -> list[str]:
    """List the different cells that are no counts."""
    cells = {cell for name in counts for cell in counts[name].str.strip().unique()}
    return sorted(cell for cell in cells if not re.fullmatch("[0-9,]+", cell))


def _rates(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose outcomes by their labels; which way is better is asked."""
    races = _races(frame[columns["race"]])
    kept = [label for label in races if not re.fullmatch(EVERYBODY, label.lower())]
    marks = _marks(frame[[columns["events"], columns["population"]]])
    said = {"outcome": OPEN, "direction": OPEN}
    if "outcome" in columns:
        labels = {
            label.lower(): label for label in _labels(frame[columns["outcome"]], LABELS)
        }
        said = {
            "outcomes": {label: name for name, label in labels.items()},
            "directions": dict.fromkeys(labels, OPEN),
        }
    return {
        **said,
        **({"keep": {columns["race"]: kept}} if len(kept) < len(races) else {}),
        **({"suppressed": dict.fromkeys(marks, OPEN)} if marks else {}),
        "races": {label: races[label] for label in kept},
    }


def _enrolment(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    counts = [columns[n] for n in ("students", "city_students") if n in columns]
    marks = _marks(frame[counts])
    return {
        **({"suppressed": dict.fromkeys(marks, OPEN)} if marks else {}),
        **({"races": _races(frame[columns["race"]])} if "race" in columns else {}),
    }


def _scores(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    several = [h for h in frame.columns if h.lower().endswith("score")]
    one = len(several) == 1 or columns["score"].lower() == "score"
    followed = _followed(frame, columns)  # else an id tells nothing
    named = {n: c for n, c in columns.items() if followed or n != "student"}
    if not one:
        named = named | {"score": OPEN}
    races = {"races": _races(frame[columns["race"]])}
    return {"columns": named, **races, **_hispanic(frame, columns)}


def _followed(frame: pd.DataFrame, columns: dict[str, str]) -> bool:
    """Say whether some student has scores of several years."""
    if not {"student", "year"} <= set(columns):
        return False
    years = frame.groupby(columns["student"])[columns["year"]].nunique()
    return bool(years.max() > 1)


def _facilities(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    return {} if "kind" in columns else {"all_are": OPEN}


def _are_districts(frame: pd.DataFrame) -> bool:
    """Say whether shapes are called districts, and bear no id of the census."""
    headers = [header.lower() for header in frame.columns]
    named = any(
        re.search(r"district|ward|precinct|neighbo|community", h) for h in headers
    )
    return named and not any(re.search(HEADERS["areas"]["area"], h) for h in headers)


def _travel(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    unit = "minutes" if "minute" in columns["cost"].lower() else OPEN
    return {"unit": unit, "mode": OPEN}


def _baselines(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose the margins that stand beside the numbers; what they are of is asked."""
    margins = {}
    for name, margin in (("estimate", "moe"), ("total", "total_moe")):
        beside = re.sub(r"e$", "m", columns.get(name, ""), flags=re.IGNORECASE)
        found = [header for header in frame.columns if header.lower() == beside.lower()]
        if found and found[0] != columns[name]:
            margins[margin] = found[0]
    universe = {"universe": OPEN} if "total" in columns else {}
    return {"columns": columns | margins, "label": OPEN, **universe}


def _benchmarks(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose job groups by their words; whom a file without them is of is asked."""
    if not {"race", "job_category"} <= set(columns):
        return {"benchmark": OPEN, "columns": {}, **_population(frame, {})}
    races = _races(frame[columns["race"]])
    kept = [label for label in races if not re.fullmatch(EVERYBODY, label.lower())]
    jobs = _labels(frame[columns["job_category"]], LABELS)
    named = {job: _fitting(job, JOB_GROUPS) for job in jobs}
    signed = "share" in columns and frame[columns["share"]].str.contains("%").any()
    scale = {"scale": "percent" if signed else OPEN} if "share" in columns else {}
    return {
        "benchmark": sources.AVAILABILITY,
        **scale,
        **({"keep": {columns["race"]: kept}} if len(kept) < len(races) else {}),
        "job_categories": {job: name for job, name in named.items() if job != name},
        "races": {label: races[label] for label in kept},
    }


def _population(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    """Propose a column, and a margin, per group; where two fit, or a share, neither."""
    estimates: dict[str, str] = {}
    margins: dict[str, str] = {}
    shares = []
    for header in frame.columns:
        group = _header_group(header)
        if group not in race.ORDER or header in columns.values():
            continue
        if _is_share(header):
            shares.append(group)
        else:
            is_margin = re.search(r"moe|margin|error|(_|[0-9])m$", header.lower())
            part = margins if is_margin else estimates
            part[group] = OPEN if group in part else header
    for group in shares:
        estimates.setdefault(group, OPEN)
    if not margins:
        return {"estimates": estimates}
    groups = list(estimates | margins)
    return {
        "estimates": {group: estimates.get(group, OPEN) for group in groups},
        "margins": {group: margins.get(group, OPEN) for group in groups},
    }


def _header_group(header: str) -> str:
    """Propose the group that a column counts, by its Census code or its words."""
    if line := re.fullmatch(LINE, header.lower()):
        return B03002.get(line[1], OPEN)
    return label_group(header.replace("_", " "))


def _date_format(text: pd.Series) -> str:
    """Propose the format that reads most of the dates; none, or two, is left open."""
    formats = (
        *("%Y-%m-%d", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %I:%M:%S %p"),
        *("%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y"),
    )
    filled = text[text.ne("")]
    filled = filled.iloc[:: max(1, len(filled) // 500)]
    read = {
        f: pd.to_datetime(filled, format=f, errors="coerce").notna().mean()
        for f in formats
    }
    best = [f for f in formats if read[f] > 0.9 and read[f] == max(read.values())]
    return best[0] if len(best) == 1 else OPEN


def _sources_text(city: str, found: dict[str, list[dict]]) -> str:
    head = (
        f"# What the raw files of {city} mean: a proposal. Read every line, mend it,\n"
        f"# replace each {OPEN!r}, then set confirmed to true. A label that is none\n"
        "# of ours can be taken out; for a group of students, out of keep too.\n\n"
        "confirmed: false\n\n"
    )
    body = yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return head + body.replace("? ''\n    : ", "'': ")


class _Dumper(yaml.SafeDumper):
    """Writes in quotes what `strict_yaml` would not read without."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    quote = "'" if strict_yaml.ELSEWHERE.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=quote)


_Dumper.add_representer(str, _text)


def _params_text(city: str, standard: str) -> str:
    template = (project.root() / "params" / "sample.yaml").read_text(encoding="utf-8")
    named = re.sub(r"(?m)^city: \S+", f"city: {city}", template)
    readable = f'city_name: "{city.title()}"  # as readers see it'
    named = re.sub(r"(?m)^city_name: .*$", readable, named)
    named = re.sub(r"(?m)^race_standard: \S+", f"race_standard: {standard}", named)
    return re.sub(
        r"\A(#.*\n)+", f"# What the quarterly report of {city} analyses.\n", named
    )
