"""What an attacker reads from a finished release, and how one reckons with it.

Written for these tests alone: it shares nothing with the suite's own audit.
"""

import io
import json
import re
import zipfile
from html.parser import HTMLParser

import numpy as np
from scipy import optimize


def number(text: str) -> int | None:
    """A count of a download; None where it is blank."""
    return int(text) if text else None


def span(cell: str, shown: dict, hidden: list[str], sums: list[tuple[list, int]]):
    """The fewest and the most that a hidden cell can be, by whole-numbered programs.

    The attacker knows every shown count, every sum, and that a hidden count is at
    least one.
    """
    at = {name: k for k, name in enumerate(hidden)}
    rows = np.array([[c in parts for c in hidden] for parts, _ in sums], dtype=float)
    rest = [total - sum(shown[c] for c in parts if c in shown) for parts, total in sums]
    wish = np.zeros(len(hidden))
    wish[at[cell]] = 1
    limits = optimize.LinearConstraint(rows, rest, rest)
    bounds = optimize.Bounds(1, max(rest) if rest else np.inf)
    whole = np.ones(len(hidden))
    ends = [
        optimize.milp(sign * wish, constraints=limits, bounds=bounds, integrality=whole)
        for sign in (1, -1)
    ]
    assert all(end.success for end in ends), (
        "the published numbers contradict each other"
    )
    return round(ends[0].fun), round(-ends[1].fun)


def everything(folder) -> dict[str, str]:
    """Every published file as text, members of archives and attributes included."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        texts[name] = name
        content = path.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                for member in book.namelist():
                    texts[f"{name}/{member}"] = book.read(member).decode("utf-8")
        else:
            texts[name] += content.decode("utf-8")
    return texts


class Document(HTMLParser):
    """All that stands in a page: text, attributes, comments."""

    def __init__(self, html: str):
        super().__init__()
        self.text: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def numbers(text: str) -> set[str]:
    """Every number that stands by itself in a text."""
    return {
        n.replace(",", "") for n in re.findall(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?", text)
    }


def datapackage(folder) -> dict:
    return json.loads((folder / "datapackage.json").read_text("utf-8"))
