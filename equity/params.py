"""What to analyse: one typed model of a `params/<city>.yaml` file."""

import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from equity import project, race, strict_yaml
from equity.errors import ParamsError

ENGINE = r"^(duckdb|spark|sc://[^\s]+)$"


# Characters that turn the direction of the text after them.
_TURNING = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_CONTROL = ("Cc", "Cs", "Zl", "Zp")  # Unicode's classes of controls and line ends


class Params(BaseModel):
    """The settings of one report, each a plain scalar that papermill can pass on.

    Unknown keys, wrong types and values outside the allowed range are refused.

    Notes
    -----
    The keys below, as they stand in `params/<city>.yaml`.

    Examples
    --------
    >>> Params(city="sample", city_name="Sample", period="2025Q4").min_cell
    10
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    city: Annotated[str, Field(pattern=f"^{project.CITY}$")]
    city_name: Annotated[str, Field(min_length=1, max_length=80)]
    period: Annotated[str, Field(pattern=f"^{project.PERIOD}$")]
    quarters: Annotated[int, Field(ge=1, le=80)] = 4
    race_standard: str = "omb1997"
    reference: str = "White"
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    min_cell: Annotated[int, Field(ge=5, le=30)] = 10
    zeros: Literal["shown", "hidden"] = "shown"
    rounding: Literal[0, 3, 5, 10] = 0
    target_days: Annotated[int, Field(ge=1, le=3650)] = 14
    horizon_days: Annotated[int, Field(ge=1, le=3650)] = 60
    near_minutes: Annotated[float, Field(ge=0.1, le=600)] = 15.0
    near_km: Annotated[float, Field(ge=0.1, le=200)] = 1.5
    district: str = ""
    departments: Annotated[int, Field(ge=1, le=30)] = 12
    utilisation_rule: Literal[
        "any difference",
        "whole person",
        "80 percent",
        "two standard deviations",
        "exact binomial",
    ] = "two standard deviations"
    small_job_group: Annotated[int, Field(ge=2, le=1000)] = 30
    risk_threshold: Annotated[float, Field(ge=1, le=10)] = 3.0
    replicates: Annotated[int, Field(ge=200, le=20_000)] = 1000
    seed: Annotated[int, Field(ge=0)] = 1
    engine: Annotated[str, Field(pattern=ENGINE)] = "duckdb"

    @model_validator(mode="after")
    def _plain_name(self) -> Self:
        plain(self.city_name, "city_name")
        return self

    @model_validator(mode="after")
    def _known_groups(self) -> Self:
        standard = race.standard(self.race_standard)
        if self.reference not in standard.groups:
            raise ParamsError(
                f"reference: {self.reference!r} is not a group of {standard.name}; "
                f"one of {list(standard.groups)}"
            )
        return self

    def published(self) -> dict[str, Any]:
        """Return the settings as a release may state them.

        Returns
        -------
        dict
            All settings; of a server's address, which may hold a key, only its kind.

        Examples
        --------
        >>> Params(city="x", city_name="X", period="2025Q4",
        ...        engine="sc://host:15002/;token=abc").published()["engine"]
        'spark'
        """
        kind = "spark" if self.engine.startswith("sc://") else self.engine
        return {**self.model_dump(), "engine": kind}


def plain(text: str, where: str) -> str:
    """Refuse text with control characters, or with some that turn its direction.

    They are not seen, and let a name look like another one.

    Parameters
    ----------
    text
        What readers will see.
    where
        What it is, for the error.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ParamsError
        Naming the first such character by its number.

    References
    ----------
    Boucher and Anderson (2023), Trojan Source: Invisible Vulnerabilities, USENIX
    Security 23. Unicode Standard Annex 9, Bidirectional Algorithm.

    Examples
    --------
    >>> plain("Saint-Denis", "city_name")
    'Saint-Denis'
    >>> plain("Sample\\u202e", "city_name")
    Traceback (most recent call last):
    equity.errors.ParamsError: city_name: holds the character U+202E, which is not
    seen and changes how the text is read; remove it
    """
    for one in text:
        if unicodedata.category(one) in _CONTROL or one in _TURNING:
            raise ParamsError(
                f"{where}: holds the character U+{ord(one):04X}, which is not seen and "
                "changes how the text is read; remove it"
            )
    return text


def read(path: Path) -> Params:
    """Read and check a params file.

    Parameters
    ----------
    path
        A file such as `params/sample.yaml`.

    Returns
    -------
    Params
        The settings, all checked.

    Raises
    ------
    ParamsError
        In one line: the file, the key, what was found and what is allowed.

    Examples
    --------
    >>> from equity import project
    >>> read(project.root() / "params" / "sample.yaml").city
    'sample'
    """
    return check(strict_yaml.read(path), name=path.name)


def check(settings: dict[str, Any], *, name: str) -> Params:
    """Check settings that were read from somewhere.

    Parameters
    ----------
    settings
        Keys and values.
    name
        What to call their origin in an error.

    Returns
    -------
    Params
        The settings, all checked.

    Raises
    ------
    ParamsError
        In one line: the origin, the key, what was found and what is allowed.

    Examples
    --------
    >>> check({"city": "x", "city_name": "X", "period": "2025Q4", "min_cell": 0},
    ...       name="x.yaml")
    Traceback (most recent call last):
    equity.errors.ParamsError: x.yaml: min_cell: 0 is not allowed; a whole number
    from 5 to 30
    """
    unknown = sorted(set(settings) - set(Params.model_fields))
    if unknown:
        raise ParamsError(
            f"{name}: unknown key {unknown[0]!r}; "
            f"known keys are {', '.join(Params.model_fields)}"
        )
    try:
        return Params(**settings)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ParamsError(f"{name}: {key}: {_what_is_wrong(key, problem)}") from error
    except ParamsError as error:
        raise ParamsError(f"{name}: {error}") from error


def _what_is_wrong(key: str, problem: Any) -> str:
    if problem["type"] == "missing":
        return "is missing; add it"
    return f"{problem['input']!r} is not allowed; {_allowed(key)}"


def _allowed(key: str) -> str:
    """Say in words what a key may be, from the model itself."""
    field = Params.model_fields[key]
    limits = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "pattern")
        if getattr(rule, name, None) is not None
    }
    if get_origin(field.annotation) is Literal:
        return f"one of {list(get_args(field.annotation))}"
    kind = {int: "a whole number", float: "a number", str: "text"}[field.annotation]
    if key == "city":
        return "text of small letters, digits, - and _ only (it names folders)"
    if key == "city_name":
        return "text of 1 to 80 characters"
    if key == "engine":
        return "duckdb, spark, or the address of a Spark Connect server (sc://...)"
    if key == "period":
        return "a quarter in quotes, such as '2025Q4'"
    if "ge" in limits and "le" in limits:
        return f"{kind} from {limits['ge']} to {limits['le']}"
    if "ge" in limits:
        return f"{kind}, {limits['ge']} or more"
    return kind
