"""Small executed notebooks and the release made from them, to be spoiled."""

from nbformat import v4

from equity.publish.display import MIME
from equity.publish.page import Facts
from equity.publish.release import publish

FACTS = Facts(
    version="0.1.0",
    data_read="3 April 2026",
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
)


def cell(value, text="", hidden=False):
    return {"value": value, "text": text, "hidden": hidden}


def table(name="waits", label="Asian", **more):
    """A table with every kind of cell: shown, hidden, not applicable, not known."""
    return {
        "kind": "table",
        "name": name,
        "caption": "Days to close",
        "columns": [
            {"name": "group", "label": "Group", "type": "text"},
            {"name": "events", "label": "Requests", "type": "count"},
            {"name": "gap", "label": "Gap", "type": "points"},
            {"name": "conf", "label": "95% interval", "type": "interval"},
        ],
        "rows": [
            [
                cell(label, label),
                cell(1234, "1,234"),
                cell(-4.5, "−4.5"),
                cell([-6.0, -3.1], "−6.0 to −3.1"),
            ],
            [
                cell("White", "White"),
                cell(None, "hidden", True),
                cell(None, "n/a"),
                cell(None, "hidden", True),
            ],
            [cell("Some, other"), cell(0, "0"), cell(None), cell(None, "not known")],
        ],
        "notes": ["Hidden: fewer than 10 people."],
        "source": "City records",
        **more,
    }


def finding(sentence="Asian residents wait longer.", **more):
    """A finding with the numbers of its one comparison."""
    row = {
        "measure": "Days to close",
        "group": "Asian",
        "reference": "White",
        "unit": "points",
        "estimate": -4.5,
        "low": -6.0,
        "high": -3.1,
        "people_to_parity": 12,
        "clear": True,
        "sentence": sentence,
    }
    return {
        "kind": "finding",
        "text": sentence,
        "sentences": [sentence],
        "rows": [row],
        **more,
    }


def book(*payloads, title="Who waits longer?"):
    """An executed notebook that shows these payloads."""
    outputs = [v4.new_output("display_data", {MIME: item}) for item in payloads]
    cells = [
        v4.new_markdown_cell(f"# {title}", id="a"),
        v4.new_code_cell("show()", execution_count=1, outputs=outputs, id="b"),
    ]
    return v4.new_notebook(cells=cells)


def books(**more):
    """Two notebooks, such as a release is made from."""
    return {
        "01_waits": book(table(**more), finding()),
        "02_work": book(table("work"), title="Who works here?"),
    }


def publish_in(out, executed=None, **changes):
    """Publish them, or others."""
    known = {
        "city": "sample",
        "city_name": "Sampleton",
        "period": "2026Q1",
        "facts": FACTS,
        "commit": "0" * 40,
        "dirty": False,
        "lock": "cd" * 32,
        "params": {"min_cell": 10, "confidence": 0.95},
        "inputs": {"requests.csv": "ab" * 32},
    }
    return publish(executed or books(), out=out, **known | changes)


def snapshot(folder):
    """Every file's content by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def public(out):
    """What readers can see: all but the workshop."""
    return {
        name: content
        for name, content in snapshot(out).items()
        if not name.startswith(".equity/")
    }
