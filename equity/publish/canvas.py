"""The house style: what every figure and map is drawn on, and how it is written.

Colours differ in lightness, so print and colour blindness lose nothing; the font comes
with matplotlib, so a text is equally wide everywhere. A drawing becomes one svg element
without dates, comments or letters, and the same figure becomes the same bytes.
"""

import bisect
import io
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from equity.publish import display
from equity.publish.display import Published

INK, GREY, RULE, STRIP = "#1a1a1a", "#595959", "#d9d9d9", "#ececec"
BLUE, RUST = "#0b4f8a", "#b3470f"

WIDTH = 7.29  # inches; 700 CSS pixels, at which 9 pt is 12 pixels
NARROW = 3.55  # inches; 341 CSS pixels

HOUSE = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.linewidth": 0.8,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 9.5,
    "hatch.color": "#8c8c8c",
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "xtick.color": GREY,
    "xtick.labelsize": 9,
}


def published(
    wide: Figure,
    narrow: Figure,
    *,
    name: str,
    caption: str,
    alt: str,
    source: str,
    data: dict[str, Any] | None = None,
    download: bool = False,
    counts: Sequence[dict[str, Any]] = (),
    decimals: int = 2,
) -> Published:
    """Make one figure that a page may show out of its two drawings.

    Parameters
    ----------
    wide, narrow
        The same figure drawn `WIDTH` and `NARROW` inches wide, inside :func:`style`.
    name, caption, alt, source, data, download, counts
        As in the payload.
    decimals
        Decimals of a point kept in paths.

    Returns
    -------
    Published
        A payload of kind "figure".

    Examples
    --------
    >>> with style("a"):
    ...     published(Figure(), Figure(), name="a", caption="Days", alt="Two.",
    ...               source="")
    Days
    Two.
    """
    payload = {
        "kind": "figure",
        "name": name,
        "caption": caption,
        "alt": alt,
        "source": source,
        "svg": svg(wide, name, decimals=decimals),
        # A name has single hyphens: no other figure's ids begin like these.
        "narrow": svg(narrow, f"{name}--narrow", decimals=decimals),
        "data": data,
        "download": download,
        "counts": list(counts),
    }
    return display._publish(payload, pixels(wide, caption))


def style(name: str) -> Any:
    """Return the house style as a context, with ids that depend on the name only.

    Parameters
    ----------
    name
        Name of the figure.

    Returns
    -------
    context manager
        Inside it, figures are drawn in the house style.

    Examples
    --------
    >>> with style("a"):
    ...     mpl.rcParams["svg.hashsalt"]
    'a'
    """
    return mpl.rc_context({**HOUSE, "svg.hashsalt": name})


def svg(figure: Figure, name: str, *, decimals: int = 2) -> str:
    """Write a figure as one svg element: the same figure, the same bytes.

    Comments, dates and the maker are left out, coordinates are rounded, a text drawn
    twice is kept once, and ids begin with the name.

    Parameters
    ----------
    figure
        A figure made inside :func:`style`.
    name
        Name of the figure.
    decimals
        Decimals of a point kept in paths.

    Returns
    -------
    str
        From ``<svg`` to ``</svg>``.

    Examples
    --------
    >>> with style("a"):
    ...     svg(Figure(), "a")[:5]
    '<svg '
    """
    stream = io.StringIO()
    none = dict.fromkeys(["Date", "Creator", "Format", "Type"])
    with _any_script():
        figure.savefig(stream, format="svg", metadata=none)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(_COORDINATES, lambda d: _short_path(d[0], decimals), text)
    text = _compact(re.sub(r"\n\s+", "\n", text))
    text = re.sub(r'\bid="', f'id="{name}-', text)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text).strip()


def pixels(figure: Figure, caption: str) -> bytes:
    """Write a figure as a PNG with its caption above, for notebook viewers.

    Parameters
    ----------
    figure
        A figure made inside :func:`style`; the caption is added to it.
    caption
        What the figure shows.

    Returns
    -------
    bytes
        The PNG.

    Examples
    --------
    >>> with style("a"):
    ...     pixels(Figure(), "Days to close")[1:4]
    b'PNG'
    """
    stream = io.BytesIO()
    figure.text(0, 1.02, textwrap.fill(caption, 88), fontsize=10.5, weight="bold")
    with _any_script():
        figure.savefig(
            stream, format="png", dpi=110, bbox_inches="tight", pad_inches=0.1,
            facecolor="white", metadata={"Software": None},
        )  # fmt: skip
    return stream.getvalue()


_COORDINATES = r'(?<= d=")[^"]*|(?<= [xy]=")[^"]*|(?<=translate\()[^)]*'
_BARE_GROUP = (
    r"<g>\n((?:<(?:path|use)[^>]*/>\n)+|<g [^>]*>\n(?:<[^/g][^>]*/>\n)+</g>\n)</g>\n"
)
_TEXT = r'(?:<use xlink:href="#DejaVuSans[^>]*/>\n){2,}'


def _short_path(path: str, decimals: int) -> str:
    """A path on one line, with rounded coordinates."""
    short = re.sub(r"-?\d+\.\d+", lambda n: f"{round(float(n[0]), decimals):g}", path)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(short.split()))


def _compact(text: str) -> str:
    """The drawing with each text kept once, short ids, and no bare groups."""
    text = re.sub(r'transform="translate\(([\d.]+) 0\)"', r'x="\1"', text)
    text = text.replace(" />", "/>")
    times = Counter(re.findall(_TEXT, text))
    known: dict[str, str] = {}

    def once(letters: re.Match) -> str:
        if times[letters[0]] == 1:
            return letters[0]
        if letters[0] in known:
            return f'<use xlink:href="#{known[letters[0]]}"/>\n'
        known[letters[0]] = f"text{len(known) + 1}"
        return f'<g id="{known[letters[0]]}">\n{letters[0]}</g>\n'

    text = re.sub(_TEXT, once, text)
    refer = r'(?<=url\(#)[^)]+|(?<=href="#)[^"]+'
    used = {
        key: str(at) for at, key in enumerate(dict.fromkeys(re.findall(refer, text)))
    }
    text = re.sub(refer, lambda key: used[key[0]], text)
    text = re.sub(
        r' id="([^"]+)"', lambda i: f' id="{used[i[1]]}"' if i[1] in used else "", text
    )
    text = text.replace("<g/>\n", "")
    for _ in range(3):
        text = re.sub(_BARE_GROUP, r"\1", text)
    return text


@contextmanager
def _any_script() -> Iterator[None]:
    """Letters that the font does not have are boxes, not warnings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _wrapped(
    text: str | None, rooms: Sequence[float], size: float = 9, weight: str = "normal"
) -> list[str]:
    """The text in as many lines as it needs, up to one for each room (in inches)."""
    words, lines = (text or "").split(), []
    for room in rooms:
        taken = 1
        while taken < len(words) and (
            _inches(" ".join(words[: taken + 1]), size, weight) <= room
        ):
            taken += 1
        lines.append(" ".join(words[:taken]))
        words = words[taken:]
    if words:
        lines[-1] = " ".join([lines[-1], *words])
    return [
        _cut(line, room, size, weight)
        for line, room in zip(lines, rooms, strict=True)
        if line
    ]


LONGEST = 300  # characters of a label that are measured


def _cut(text: str, room: float, size: float, weight: str) -> str:
    if len(text) <= LONGEST and _inches(text, size, weight) <= room:
        return text
    fits = bisect.bisect(
        range(1, min(len(text), LONGEST) + 1),
        room,
        key=lambda end: _inches(f"{text[:end]} …", size, weight),
    )
    return f"{text[:fits].rstrip()} …"


@lru_cache(maxsize=20_000)
def _inches(text: str, size: float = 9, weight: str = "normal") -> float:
    """How wide a text is drawn."""
    font = FontProperties(family=HOUSE["font.family"], size=size, weight=weight)
    with _any_script():
        points, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return points / 72
