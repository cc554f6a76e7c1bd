"""What every page shares: its template, its style, its policy, and the quarter.

A page is one file that loads and runs nothing; its Content-Security-Policy allows the
one style block, by its checksum, and pictures inside the file.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from equity.errors import ParamsError
from equity.publish import display

PERIOD = r"\d{4}Q[1-4]"
LONG_ALT = 600  # characters: alternative text beyond it is cut, and given whole below

_TEMPLATE = Path(__file__).parent / "template"


def quarter(period: str) -> str:
    """Write a period in words.

    Parameters
    ----------
    period
        A quarter such as ``"2026Q1"``.

    Returns
    -------
    str
        The quarter for a reader.

    Raises
    ------
    ParamsError
        If it is not a year and a quarter.

    Examples
    --------
    >>> quarter("2026Q1")
    'Quarter 1 of 2026'
    """
    if not re.fullmatch(PERIOD, period):
        raise ParamsError(f"period must look like 2026Q1, not {period!r}")
    return f"Quarter {period[-1]} of {period[:4]}"


def write(template: str, **context: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        Name of a file of the template folder.
    **context
        What it shows; text is escaped. Only with ``city_page=True`` does it lead to
        the city's page, one folder up.

    Returns
    -------
    str
        A complete HTML document.

    Examples
    --------
    >>> html = write("city.html", city_name="<i>", period="", slug="index", site=[],
    ...              facts=None, quarters=[], trends=[], left_out=[],
    ...              breaks=[])
    >>> "<i>" in html, "script" in html
    (False, False)
    """
    style = _file("style.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            policy=policy,
            mark=_data_uri(_file("mark.svg")),
            **{"city_page": False, **context},
        )
    )


def short_alt(text: str) -> str:
    """Cut an alternative text between sentences where it is long.

    Parameters
    ----------
    text
        The whole text, which stands below the figure too.

    Returns
    -------
    str
        At most about ``LONG_ALT`` characters, and where the rest is.

    Examples
    --------
    >>> short_alt("Chart, 2 rows. Asian: 14.0 days. White: 10.9 days.")
    'Chart, 2 rows. Asian: 14.0 days. White: 10.9 days.'
    >>> short_alt("Map. " + "Area: hidden. " * 100)[-55:]
    'Area: hidden. The description below the figure goes on.'
    """
    if len(text) <= LONG_ALT:
        return text
    kept = text[:LONG_ALT].rpartition(". ")[0]
    kept = f"{kept}." if kept else f"{text[:LONG_ALT].rpartition(' ')[0]} …"
    return f"{kept} The description below the figure goes on."


def level_with_article(confidence: float) -> str:
    """Write a level of confidence as a reader says it.

    Parameters
    ----------
    confidence
        A proportion.

    Returns
    -------
    str
        "a 95% interval", "an 80% interval".

    Examples
    --------
    >>> level_with_article(0.95), level_with_article(0.8)
    ('a 95% interval', 'an 80% interval')
    """
    text = display.level(confidence)
    return f"{'an' if text.startswith('8') else 'a'} {text}"


def _file(name: str) -> str:
    return (_TEMPLATE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "data_uri": _data_uri,
        "level_with_article": level_with_article,
        "short_alt": short_alt,
    }
    environment.tests["prose"] = lambda block: isinstance(block, Markup)
    return environment


def _data_uri(svg: str) -> str:
    encoded = base64.b64encode(svg.encode()).decode()
    return f"data:image/svg+xml;base64,{encoded}"
