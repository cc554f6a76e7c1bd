"""How the columns of a file say a person's race: the keys of `sources.yaml`.

A file has one column of labels, or one in which a cell lists several, or a yes/no
column per race, and may ask Hispanic origin apart.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from equity.errors import ParamsError
from equity.race.crosswalks import normalise
from equity.race.standards import Standard
from equity.race.vocabularies import VOCABULARIES, vocabulary

Separator = Annotated[str, Field(min_length=1, max_length=5)]


class Several(BaseModel):
    """How a file records more than one race of a person.

    Notes
    -----
    `separators` split a cell of the race column; `json` among them allows a list
    such as ["Asian", "White"]. `columns` maps the file's yes/no columns to a label of
    the crosswalk, or to a group. A blank is a no. `none` is what it means that no
    column says yes and no race is given elsewhere.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    separators: list[Separator] = []
    columns: dict[str, str] = {}
    yes: list[str] = []
    no: list[str] = []
    none: str = "Not recorded"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.separators and not self.columns:
            raise ParamsError("several: give separators, or yes/no columns")
        if self.columns and not self.yes:
            raise ParamsError("several: yes is missing; list the values that mean yes")
        if any(not mark.strip() for mark in self.separators):
            raise ParamsError("several: separators: a blank cannot separate labels")
        _apart("several", yes=self.yes, no=self.no)
        return self


class HispanicOrigin(BaseModel):
    """The column of a file that asks Hispanic origin apart from race.

    Notes
    -----
    Values are those that mean `yes`, `no`, and, beside a blank, `unknown`.
    `if_unknown` says how people whose origin is not on record are counted: under the
    race on record (`race`), or as `unknown`.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    column: str
    yes: Annotated[list[str], Field(min_length=1)]
    no: list[str] = []
    unknown: list[str] = []
    if_unknown: Literal["race", "unknown"] = "race"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _apart("hispanic", yes=self.yes, no=self.no, unknown=self.unknown)
        return self


class Rules(BaseModel):
    """How the columns of a file say a person's race.

    Notes
    -----
    `races` maps the file's labels to groups or kinds of unknown; `vocabulary` names a
    shipped crosswalk, to which `races` adds and which it overrides. `several` and
    `hispanic` are for files that record more than one race, or Hispanic origin apart.
    `roll_up` names the rule by which a person of several groups is counted once; if
    empty, it is the standard's own.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    races: dict[str, str] = {}
    vocabulary: str = ""
    several: Several | None = None
    hispanic: HispanicOrigin | None = None
    roll_up: Literal["", "two or more", "hispanic first, then two or more"] = ""

    @model_validator(mode="after")
    def _known_vocabulary(self) -> Self:
        if self.vocabulary and self.vocabulary not in VOCABULARIES:
            raise ParamsError(
                f"vocabulary: {self.vocabulary!r} is not known; one of "
                f"{sorted(VOCABULARIES)}"
            )
        return self

    def race_columns(self) -> list[str]:
        """List the file's columns that these rules name beside the race column.

        Returns
        -------
        list of str
            Yes/no columns, then that of Hispanic origin.

        Examples
        --------
        >>> Rules(hispanic={"column": "ETH", "yes": ["H"]}).race_columns()
        ['ETH']
        """
        columns = list(self.several.columns) if self.several else []
        return [*columns, *([self.hispanic.column] if self.hispanic else [])]

    def crosswalk(self, standard: Standard) -> dict[str, str]:
        """Return the declared labels and their groups in a standard.

        Parameters
        ----------
        standard
            Whose groups.

        Returns
        -------
        dict
            Label to group: those of the vocabulary, overridden by `races`.

        Raises
        ------
        ParamsError
            If the vocabulary has a label that the standard cannot hold.

        Examples
        --------
        >>> from equity import race
        >>> rules = Rules(races={"NA": race.AIAN})
        >>> rules.crosswalk(race.standard("omb1997"))
        {'NA': 'American Indian or Alaska Native'}
        """
        if not self.vocabulary:
            return dict(self.races)
        instead = {normalise(label) for label in self.races}
        shipped = vocabulary(self.vocabulary, standard, instead=instead)
        return {**shipped, **self.races}


def _apart(key: str, **answers: list[str]) -> None:
    """Refuse a value that means two answers."""
    seen: dict[str, str] = {}
    for answer, values in answers.items():
        for value in values:
            if seen.setdefault(normalise(value), answer) != answer:
                raise ParamsError(f"{key}: {value!r} is under {answer} and another")
