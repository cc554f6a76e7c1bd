"""The words around a number: who the people are, and what a sentence may not say.

A **template** is a part of a sentence with one place to fill, ``{people}`` or
``{estimate}``. A **phrase** is how the people of a group are called where its label is
no adjective. A **cause** is a word that says why something is so, which no table of
counts can show; a template that holds one is refused.

References
----------
Schwabish and Feng (2021), Do No Harm Guide, Urban Institute.
"""

import re
import string
from dataclasses import dataclass

import pandas as pd

from equity.errors import EquityError
from equity.publish import display

#: Labels that are no adjective.
PHRASES = {
    "Two or more races": "{noun} of two or more races",
    "Some other race": "{noun} of some other race",
    "Not recorded": "{noun} whose race is not recorded",
    "Unknown": "{noun} whose race is unknown",
    "Declined": "{noun} who declined to give their race",
    "Refused": "{noun} who refused to give their race",
    "All residents": "{noun} of any race",
    "all other students": "all other {noun}",
}

#: Words that claim a cause, which no table here can show.
CAUSES = ("because", "due to", "caused", "causes", "cause of", "owing to", "thanks to",
          "as a result", "leads to", "led to", "results in", "resulted in", "driven by",
          "explained by", "impact of", "effect of")  # fmt: skip


def people(group: str, noun: str) -> str:
    """Name the people of a group in a sentence.

    Parameters
    ----------
    group
        Label of the group.
    noun
        What the people are: "residents", "students", "employees".

    Returns
    -------
    str
        "Asian residents", "residents of two or more races".

    Examples
    --------
    >>> people("Black or African American", "students")
    'Black or African American students'
    >>> people("Two or more races", "students")
    'students of two or more races'
    """
    return PHRASES.get(group, "{group} {noun}").format(group=group, noun=noun)


def people_count(count: int, group: str, noun: str) -> str:
    """Write a number of further people of a group.

    Parameters
    ----------
    count
        How many.
    group
        Label of the group.
    noun
        What they are, in the plural.

    Returns
    -------
    str
        "53 more Asian employees".

    Examples
    --------
    >>> people_count(1053, "Asian", "employees")
    '1,053 more Asian employees'
    """
    return f"{display.number(count, 'count')} more {people(group, noun)}"


def check_template(template: str, wanted: str) -> None:
    """Refuse a template that cannot be filled, or that names a cause.

    Parameters
    ----------
    template
        A part of a sentence.
    wanted
        The one place it should have.

    Raises
    ------
    EquityError
        Saying what is wrong with it.

    Examples
    --------
    >>> check_template("took {estimate} because of staff", "estimate")
    Traceback (most recent call last):
    equity.errors.EquityError: 'took {estimate} because of staff' names a cause
    ('because'); a table shows what differs, not why
    """
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    except ValueError as error:
        raise EquityError(f"{template!r} is no template: {error}") from error
    if names != [wanted]:
        raise EquityError(
            f"{template!r} should have {{{wanted}}} once and no other placeholder"
        )
    for word in CAUSES:
        if re.search(rf"\b{word}\b", template.lower()):
            raise EquityError(
                f"{template!r} names a cause ({word!r}); a table shows what differs, "
                "not why"
            )


@dataclass(frozen=True)
class _Words:
    """What the caller says around the numbers of one table.

    Attributes
    ----------
    subject_template, verb, than
        Templates, as in `equity.publish.findings.compare`.
    people
        What the members of the groups are.
    unit, noun
        Of the estimates, and what a number of them counts.
    words
        A higher and a lower estimate in one word each.
    times
        What follows "1.28 times".
    measure
        What is compared, in a few words.
    gain
        What further people would have or do at parity.

    Examples
    --------
    >>> said = _Words("{people}", "wait {estimate}", "{people}", "callers", "number",
    ...              noun="days")
    >>> said.subject({"group": "Asian"}), said.estimate({"estimate": 14.0})
    ('Asian callers', 'wait 14.0 days')
    """

    subject_template: str
    verb: str
    than: str
    people: str
    unit: str
    noun: str = ""
    words: tuple[str, str] = ("", "")
    times: str = ""
    measure: str = ""
    gain: str = ""

    @property
    def gap_unit(self) -> str:
        """The unit of a difference of two estimates."""
        return "points" if self.unit == "percent" else self.unit

    def subject(self, row: dict) -> str:
        """Who has the number."""
        return self.subject_template.format(people=people(row["group"], self.people))

    def base(self, row: dict) -> str:
        """Who the row is compared with."""
        return self.than.format(people=people(str(row["reference"]), self.people))

    def estimate(self, row: dict) -> str:
        """The number and the verb around it."""
        number = display.quantity(row["estimate"], self.unit, self.noun)
        return self.verb.format(estimate=number)

    def gap(self, row: dict) -> str:
        """A difference as "3.1 days longer"."""
        size, exact = row["estimate"], row["exact"]["estimate"]
        word = self.words[0] if exact > 0 else self.words[1] if exact < 0 else ""
        least = 10.0 ** -display.UNITS[self.gap_unit][1]
        under = size == 0 and exact != 0
        text = display.quantity(
            least if under else size, self.gap_unit, self.noun, sign=False
        )
        return f"{'less than ' if under else ''}{text} {word}".rstrip()

    def end(self, value: float) -> str:
        """An end of an interval as "1.2 longer"."""
        word = self.words[0] if value > 0 else self.words[1] if value < 0 else ""
        return f"{display.number(value, self.gap_unit, sign=False)} {word}".rstrip()

    def called(self, frame: pd.DataFrame) -> str:
        """What is compared: as the rows name it, or the caller, or the subject.

        The rows come first, so that two findings of one table say the same.
        """
        named = set(frame["measure"].dropna()) if "measure" in frame else set()
        if len(named) == 1:
            return str(named.pop())
        if self.measure:
            return self.measure.removeprefix("the ")
        return self.subject_template.format(people=self.people)
