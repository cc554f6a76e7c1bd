"""Propose `params/<city>.yaml` and `sources.yaml` from a folder of raw files.

A proposal is a reading aid, not a guess that is acted on: every line is for a person
to confirm, a label that is not understood is left open, and nothing runs until
`confirmed: true` is set.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from equity import project, race, strict_yaml
from equity.errors import InputError, ParamsError
from equity.prepare import sources

OPEN = "TO CONFIRM"
TABLES = (".csv", ".csv.gz", ".xlsx")
PLACES = (".geojson", ".geojson.gz", ".gpkg", ".zip")

# What files call our columns: patterns, the likeliest first, split at each |.
HEADERS: Mapping[str, Mapping[str, str]] = {
    "requests": {
        "request_id": r"request.?id|request.?n|case.?id|ticket|^id$",
        "category": r"category|type|nature",
        "opened": r"open|creat|request.?date|submitted|received",
        "closed": r"clos|complet|resolved",
        "status": r"status",
        "latitude": r"^lat",
        "longitude": r"^lon|^lng",
    },
    "workers": {
        "worker_id": r"employee.?id|employee.?n|worker.?id|person.?id|^id$",
        "race": r"race|ethnic",
        "sex": r"sex|gender",
        "department": r"dept.?name|department|agency|unit.?desc|dept|unit",
        "job": r"job.?title|title|rank|position",
        "job_category": r"eeo",
        "pay": r"salary|annual|wage|pay",
        "hired": r"hire|appoint|start",
        "left": r"terminat|resign|separat|left",
    },
    "population": {"area": r"geoid|geo_?id|tract|block.?group|area"},
    "areas": {"area": r"geoid|geo_?id|tract"},
    "facilities": {
        "facility_id": r"id$",
        "kind": r"kind|type|categor",
        "capacity": r"capacit|seats",
        "latitude": r"^lat",
        "longitude": r"^lon|^lng",
    },
}
# Words by which a label or a column of counts is proposed for a group, where they fit
# one group only.
WORDS = {
    race.ASIAN_OR_PACIFIC: r"asian.{1,8}pacific|^api$",
    race.TWO_OR_MORE: r"(two|2) or more|multi|mixed",
    race.NHPI: r"hawaii|pacific",
    race.AIAN: r"american indian|\bnative\b(?!.*hawaii)|alaska|aian",
    race.HISPANIC: r"hispanic|latin",
    race.BLACK: r"black|african|^blk$|^b$",
    race.ASIAN: r"\basian",
    race.WHITE: r"white|caucasian|^wht$|^w$",
    race.SOME_OTHER: r"some other|other race|^others?$",
    "Declined": r"declin|choose not|prefer not",
    "Refused": r"refus",
    "Unknown": r"unk|^n/a$",
    "Not recorded": r"^$|not (recorded|specified|reported)|blank",
}
NOT_HISPANIC = r"\W*\b(non|not)[- ]?(hispanic|latin\w*)( or latin\w*)?\W*"
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
    for path in (params, described):
        if path.exists():
            raise ParamsError(f"{path.name} of {city} exists already; it is kept")
    found: dict[str, list[dict]] = {}
    lines = []
    for path in sorted(folder.iterdir()):
        if not path.name.endswith((*TABLES, *PLACES)):
            continue
        kind, proposal = _proposal(path, f"{folder.name}/{path.name}")
        if kind:
            found.setdefault(kind, []).append(proposal)
        lines.append(f"{path.name}: {kind or 'not understood, left out'}")
    if not found:
        raise InputError(
            f"no file in {folder.name!r} could be understood; see data/raw/sample "
            "for the kinds that can, or write sources.yaml by hand"
        )
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(_sources_text(city, found), encoding="utf-8")
    together = race.ASIAN_OR_PACIFIC in described.read_text(encoding="utf-8")
    standard = "omb1997_api" if together else "omb1997"
    params.write_text(_params_text(city, standard), encoding="utf-8")
    opened = sum(
        OPEN in line and not line.startswith("#")
        for line in described.read_text(encoding="utf-8").splitlines()
    )
    return [
        *lines,
        f"Wrote params/{city}.yaml and data/raw/{city}/sources.yaml.",
        f"Next: read both; {opened} place(s) say {OPEN!r}. Then set 'confirmed: true' "
        f"and run: equity check params/{city}.yaml",
    ]


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


def _proposal(path: Path, name: str) -> tuple[str, dict]:
    """Say which kind of raw file this seems to be, and what its columns may mean."""
    as_places = path.name.endswith(PLACES)
    source = sources.Source(file=path.name)
    read = sources.read_places if as_places else sources.read_table
    try:
        frame = read(source, folder=path.parent)  # labels may come late
    except InputError:
        return "", {}
    headers = list(frame.columns)
    if as_places:
        columns = _columns("areas", headers)
        extra = {"kind": f"area ({OPEN})", "vintage": OPEN}
        return "areas", {"file": name, **extra, "columns": columns}
    kind = _kind(headers)
    proposal = {"file": name, "title": path.name, "source": OPEN, "vintage": OPEN}
    proposal["columns"] = _columns(kind, headers) if kind else {}
    maker = {"requests": _requests, "workers": _workers, "population": _population}
    return kind, proposal | maker.get(kind, lambda *_: {})(frame, proposal["columns"])


def _kind(headers: list[str]) -> str:
    """Choose the kind whose needed columns the headers seem to have."""
    needs = {
        "workers": ("race", "department"),
        "requests": ("opened", "closed", "status"),
        "facilities": ("kind", "latitude", "longitude"),
    }
    for kind, names in needs.items():
        if set(names) <= set(_columns(kind, headers)):
            return kind
    counts = sum(label_group(header) in race.ORDER for header in headers)
    return "population" if counts >= 3 and _columns("population", headers) else ""


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
    labels = sorted(set(frame[columns["status"]]))[:40]
    return {
        "date_format": _date_format(frame[columns["opened"]]),
        "data_until": OPEN,
        "statuses": {label: _meaning(label) for label in labels},
    }


def _meaning(status: str) -> str:
    """Propose what a status means; a duplicate is told before it is called closed."""
    found = (m for m, words in MEANINGS.items() if re.search(words, status.lower()))
    return next(found, OPEN)


def _workers(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    labels = sorted(set(frame[columns["race"]].str.strip()))[:60]
    dates = frame[columns["hired"]] if "hired" in columns else pd.Series(dtype=str)
    return {
        "as_of": OPEN,
        "date_format": _date_format(dates),
        "races": {label: label_group(label) for label in labels},
    }


def _population(frame: pd.DataFrame, columns: dict[str, str]) -> dict:
    estimates: dict[str, str] = {}
    margins: dict[str, str] = {}
    for header in frame.columns:
        group = label_group(header.replace("_", " "))
        is_margin = re.search(r"moe|margin|(^|_)m$", header.lower())
        if group in race.ORDER and header not in columns.values():
            (margins if is_margin else estimates).setdefault(group, header)
    return {"estimates": estimates, **({"margins": margins} if margins else {})}


def _date_format(text: pd.Series) -> str:
    """Propose the format that reads most of the dates; none is left open."""
    formats = (
        *("%Y-%m-%d", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %I:%M:%S %p"),
        *("%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y"),
    )
    filled = text[text.ne("")].head(500)
    read = {
        f: pd.to_datetime(filled, format=f, errors="coerce").notna() for f in formats
    }
    best = max(read, key=lambda f: read[f].mean() if len(filled) else 0)
    return best if len(filled) and read[best].mean() > 0.9 else OPEN


def _sources_text(city: str, found: dict[str, list[dict]]) -> str:
    head = (
        f"# What the raw files of {city} mean: a proposal. Read every line, mend it,\n"
        f"# replace each {OPEN!r}, then set confirmed to true.\n\nconfirmed: false\n\n"
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
