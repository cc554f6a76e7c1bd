"""Reading the race of each person from the columns of a file, by declared rules.

`read` follows the rules row by row, so that it gives the same on the distinct
combinations of a large file (with their `weights`) as on its rows. Whatever it did
beyond looking a label up is a *mark* on the row, and counted for the ledger.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.errors import ColumnNotFoundError, ParamsError, UnmappedLabelError
from equity.race.crosswalks import (
    RESPELLED,
    categories,
    check_crosswalk,
    clean,
    listed,
    normalise,
    unmapped,
)
from equity.race.rules import HispanicOrigin, Rules, Several
from equity.race.sets import JOIN, JSON, roll_up, split, together
from equity.race.standards import HISPANIC, TWO_OR_MORE, UNKNOWN, Standard
from equity.race.vocabularies import VOCABULARIES

COMMON = (";", ",", "|", "/", JSON)  # separators that an error may suggest
UNKNOWN_BESIDE = "a race and an unknown answer; the race counts"
ORIGIN_UNKNOWN = {
    "race": "Hispanic origin is not on record; counted under the race on record",
    "unknown": "Hispanic origin is not on record; counted as Unknown",
}
ORIGIN_DENIED = (
    "the race is Hispanic and the question on origin says no; counted as Hispanic"
)


@dataclass(frozen=True)
class Recorded:
    """The race of each row of a file, and what to tell the reader about it.

    Attributes
    ----------
    group
        Ordered categorical: the one group in which the person is counted, or a kind
        of unknown. Its categories are what the file can record.
    detail
        The source's own labels as declared; several joined by `; `.
    several
        The set of groups as text (`equity.race.sets.together`); empty if none is
        known.
    marks
        One boolean column per rule that was applied to any row, on the same index.
    notes
        Each rule in words and the rows it was applied to, for the ledger.
    mapping
        Columns `label` (as the source has it), `group`, `respelled` and `rows`: which
        label was read as which group. A row with several labels is under each.
    """

    group: pd.Series
    detail: pd.Series
    several: pd.Series
    marks: pd.DataFrame
    notes: list[tuple[str, int]]
    mapping: pd.DataFrame


def read(
    frame: pd.DataFrame,
    rules: Rules,
    *,
    standard: Standard,
    where: str,
    column: str = "race",
    weights: pd.Series | None = None,
) -> Recorded:
    """Read each person's race from the columns concerned.

    Parameters
    ----------
    frame
        Text columns: `race`, unless there are yes/no columns instead, and those of
        `rules.race_columns()` by the file's own names. A blank is "".
    rules
        What they mean.
    standard
        Whose groups.
    where
        The file, for errors.
    column
        What the file calls the race column, for errors.
    weights
        Rows that each row stands for, on the same index; one each if not given.

    Returns
    -------
    Recorded
        On the index of `frame`. Each row has exactly one group or kind of unknown.

    Raises
    ------
    UnmappedLabelError
        If a label is not declared, or an answer is neither yes, no nor blank, with
        the counts.
    ColumnNotFoundError
        If a column is absent.
    ParamsError
        If the rules name a group that the standard lacks.

    Examples
    --------
    >>> from equity import race
    >>> frame = pd.DataFrame({"race": ["WHITE", "Asian; White", "White", ""],
    ...                       "ETH": ["N", "N", "Y", ""]})
    >>> rules = Rules(
    ...     races={"White": "White", "Asian": "Asian", "": "Not recorded"},
    ...     several={"separators": [";"]},
    ...     hispanic={"column": "ETH", "yes": ["Y"], "no": ["N"]})
    >>> found = read(frame, rules, standard=race.standard("omb1997"), where="a.csv")
    >>> found.group.to_list()
    ['White', 'Two or more races', 'Hispanic or Latino', 'Not recorded']
    >>> found.several.to_list()
    ['White', 'Asian; White', 'Hispanic or Latino; White', '']
    """
    reading = _Reading(rules, standard, where, column)
    names = rules.race_columns()
    if "race" in frame.columns or not (rules.several and rules.several.columns):
        names = ["race", *names]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError(missing, found=frame.columns)
    rows = pd.Series(1, index=frame.index) if weights is None else weights
    text = frame[names].fillna("").astype("str")
    rows = pd.Series(1, index=frame.index) if weights is None else weights
    place = text.groupby(names, sort=False).ngroup().to_numpy()
    distinct = text.drop_duplicates()
    counts = np.bincount(place, rows, minlength=len(distinct)).round().astype("int64")
    people = reading.people(distinct, counts)
    return _recorded(reading, people, place, counts, frame.index)


@dataclass(frozen=True)
class _Person:
    """What one combination of answers says."""

    group: str
    groups: frozenset[str]
    detail: str
    rules: list[str]
    labels: list[tuple[str, bool]]  # and whether spelled otherwise than declared


class _Reading:
    """Rules made ready for one file."""

    def __init__(self, rules: Rules, standard: Standard, where: str, column: str):
        self.rules, self.standard = rules, standard
        self.where, self.column = where, f"{where}, column {column}"
        self.declared = rules.crosswalk(standard)
        self.known = check_crosswalk(
            self.declared, standard=standard, where=self.column
        )
        self.spelling: dict[str, str] = {}
        for label in self.declared:
            self.spelling.setdefault(normalise(label), clean(label))
        self.roll_up = rules.roll_up or standard.roll_up
        several = rules.several
        self.separators = several.separators if several else []
        self.none = several.none if several and several.columns else ""
        self.ticks = {
            name: self._ticked(name, label)
            for name, label in (several.columns if several else {}).items()
        }
        if self.none and self.none not in (*standard.groups, *UNKNOWN):
            raise ParamsError(
                f"{where}: several: none: {self.none!r} is not a group of "
                f"{standard.name}; one of {[*standard.groups, *UNKNOWN]}"
            )
        self.doubts = self._doubts()

    def _ticked(self, name: str, label: str) -> tuple[str, str]:
        """Return the label of a yes/no column, and its group."""
        key = normalise(label)
        if key in self.known:
            return clean(label), self.known[key]
        if label in self.standard.groups:
            return label, label
        raise ParamsError(
            f"{self.where}: several: columns: {name}: {label!r} is neither a declared "
            f"label nor a group of {self.standard.name}"
        )

    def _doubts(self) -> dict[str, str]:
        """Say how labels of the vocabulary with a doubtful meaning were read.

        The label is not named: a report would tell that somebody bears it. What is
        doubtful about each label of a vocabulary is told where it is declared.
        """
        if not self.rules.vocabulary:
            return {}
        overridden = {normalise(label) for label in self.rules.races}
        keys = map(normalise, VOCABULARIES[self.rules.vocabulary].doubtful)
        return {
            key: f"a label of doubtful meaning, read as {self.known[key]}"
            for key in keys
            if key in self.known and key not in overridden
        }

    def people(self, distinct: pd.DataFrame, counts: np.ndarray) -> list[_Person]:
        """Read each distinct combination of answers."""
        asked = self.rules.hispanic
        ticks = {
            name: self._answers(distinct[name], counts, self.rules.several)
            for name in self.ticks
        }
        nothing = [""] * len(distinct)
        origin = (
            self._answers(distinct[asked.column], counts, asked) if asked else nothing
        )
        cells = distinct["race"].to_list() if "race" in distinct else nothing
        parts = {cell: split(cell, self.known, self.separators) for cell in set(cells)}
        found: list[_Person] = []
        strangers: Counter[str] = Counter()
        for row, (cell, said) in enumerate(zip(cells, origin, strict=True)):
            ticked = [name for name, answers in ticks.items() if answers[row] == "yes"]
            labels = parts[cell]
            if labels == [""] and (ticks or said == "yes"):
                labels = []  # a blank needs no meaning where other columns answer
            unknown = [label for label in labels if normalise(label) not in self.known]
            strangers.update(dict.fromkeys(unknown, int(counts[row])))
            if not unknown:
                found.append(self._person(cell, labels, ticked, said))
        if strangers:
            raise self._unmapped(strangers)
        return found

    def _answers(
        self, values: pd.Series, counts: np.ndarray, asked: Several | HispanicOrigin
    ) -> list[str]:
        """Read yes, no or unknown; a blank is no answer."""
        meaning = {"": ""}
        for answer in ("no", "unknown", "yes"):
            declared = getattr(asked, answer, [])
            meaning |= {normalise(value): answer for value in declared}
        keys = values.map(normalise)
        strange = ~keys.isin(list(meaning))
        if strange.any():
            rows = pd.Series(counts, index=values.index)[strange]
            strangers = rows.groupby(values[strange].map(clean)).sum()
            raise UnmappedLabelError(
                f"{self.where}, column {values.name}: {len(strangers)} value(s) are "
                f"neither yes nor no{listed(strangers)}; declare each in sources.yaml"
            )
        return keys.map(meaning).to_list()

    def _unmapped(self, strangers: Counter[str]) -> UnmappedLabelError:
        counts = pd.Series(dict(strangers.most_common()))
        error = unmapped(counts, where=self.column)
        if any(self._is_list(label) for label in counts.index):
            return UnmappedLabelError(
                f"{error}, or declare 'several: separators' if a cell lists several"
            )
        return error

    def _is_list(self, label: str) -> bool:
        parts = split(label, self.known, COMMON)
        return len(parts) > 1 and all(normalise(part) in self.known for part in parts)

    def _person(
        self, cell: str, labels: list[str], ticked: list[str], said: str
    ) -> _Person:
        keys = [normalise(label) for label in labels]
        given = [self.known[key] for key in keys]
        answers = [self.ticks[name][1] for name in ticked]
        groups = frozenset([*given, *answers]) - set(UNKNOWN)
        detail = [self.spelling[key] for key in keys]
        detail += [self.ticks[name][0] for name in ticked]
        written = [cell] if len(labels) == 1 and clean(cell) == labels[0] else labels
        respelled = [label not in self.declared for label in written]
        marks = [self.doubts[key] for key in dict.fromkeys(keys) if key in self.doubts]
        if any(respelled):
            marks.append(RESPELLED)
        if said == "yes":
            detail = [HISPANIC, *detail] if HISPANIC not in groups else detail
            groups |= {HISPANIC}
        kinds = {kind for key, kind in zip(keys, given, strict=True) if key}
        kinds |= set(answers)
        if groups and kinds & set(UNKNOWN):
            marks.append(UNKNOWN_BESIDE)
        unknown = [kind for kind in UNKNOWN if kind in (*given, *answers)]
        asked = self.rules.hispanic
        if said == "no" and HISPANIC in groups:
            marks.append(ORIGIN_DENIED)
        elif asked and said in ("", "unknown") and groups and HISPANIC not in groups:
            marks.append(ORIGIN_UNKNOWN[asked.if_unknown])
            if asked.if_unknown == "unknown":
                groups, unknown = frozenset(), ["Unknown"]
        if not groups and not unknown:
            unknown = [self.none]
            marks.append(f"no race is ticked; read as {self.none}")
            groups = frozenset(unknown) - set(UNKNOWN)
        group = roll_up(groups, self.roll_up) if groups else unknown[0]
        if len(groups) > 1:
            marks.append(
                f"more than one race; counted under {group}, by the rule "
                f"'{self.roll_up}'"
            )
        return _Person(
            group,
            groups,
            JOIN.join(dict.fromkeys(label for label in detail if label)),
            marks,
            list(zip(labels, respelled, strict=True)),
        )

    def possible(self, people: list[_Person]) -> set[str]:
        """Return the groups and kinds of unknown that the file can record."""
        rules = self.rules
        general = rules.vocabulary and VOCABULARIES[rules.vocabulary].general
        declared = rules.races if general else self.declared
        groups = {*declared.values(), *(group for _, group in self.ticks.values())}
        groups |= {person.group for person in people}
        if rules.several:
            groups.add(TWO_OR_MORE)
        if rules.hispanic:
            groups.add(HISPANIC)
        return groups | ({self.none} - {""})


def _recorded(
    reading: _Reading,
    people: list[_Person],
    place: np.ndarray,
    rows: np.ndarray,
    index: pd.Index,
) -> Recorded:
    """Give each row what its combination of answers says."""

    def spread(values: Iterable, dtype) -> pd.Series:
        return pd.Series(list(values), dtype=dtype).take(place).set_axis(index)

    rules = list(dict.fromkeys(rule for person in people for rule in person.rules))
    applied = {
        rule: np.array([rule in person.rules for person in people]) for rule in rules
    }
    return Recorded(
        group=spread(
            (person.group for person in people),
            categories(reading.possible(people), reading.standard),
        ),
        detail=spread((person.detail for person in people), "str"),
        several=spread((together(person.groups) for person in people), "str"),
        marks=pd.DataFrame(
            {rule: spread(flags, bool) for rule, flags in applied.items()}, index=index
        ),
        notes=[(rule, int(rows[flags].sum())) for rule, flags in applied.items()],
        mapping=_mapping(reading, people, rows),
    )


def _mapping(
    reading: _Reading, people: list[_Person], rows: np.ndarray
) -> pd.DataFrame:
    counted: Counter[tuple[str, bool]] = Counter()
    for person, count in zip(people, rows, strict=True):
        counted.update(dict.fromkeys(person.labels, int(count)))
    lines = [
        (label, reading.known[normalise(label)], respelled, count)
        for (label, respelled), count in sorted(counted.items())
    ]
    return pd.DataFrame(lines, columns=["label", "group", "respelled", "rows"]).astype(
        {"label": "str", "group": "str", "respelled": bool, "rows": "int64"}
    )
