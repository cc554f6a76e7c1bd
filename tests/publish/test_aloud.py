"""Alternative text: everything while it is short, then the main numbers."""

from equity.publish.aloud import LISTENABLE, REST, alternative
from equity.publish.rows import _Look, _Row

LOOK = _Look(
    unit="percent", noun="", line=None, line_label="", label="share", compare="of all",
    why="fewer than 10 people",
)  # fmt: skip


def row(label, estimate, **parts):
    """A row with an interval unless it is blank."""
    limits = (None, None) if estimate is None else (estimate - 1, estimate + 1)
    given = {"low": limits[0], "high": limits[1], "compare": None, "hidden": False}
    given |= {"interval": "95% interval", "reference": False, "unknown": False}
    return _Row(label=label, estimate=estimate, **given | parts)


def said(rows, facets=None):
    panels = {"": rows} if facets is None else {name: rows for name in facets}
    return alternative(panels, LOOK, None if facets is None else "panel")


def test_a_few_rows_are_read_whole():
    assert said([row("A", 12.0, compare=9.0), row("B", None, hidden=True)]) == (
        "Dot-and-interval chart, 2 rows: share. A: 12.0% (95% interval 11.0% to "
        "13.0%); of all 9.0%. B: hidden. Hidden: fewer than 10 people."
    )


def test_more_rows_lose_intervals_first_then_the_second_mark():
    rows = [row(f"Group {i}", 10.0 + i, compare=9.0) for i in range(9)]
    text = said(rows)
    assert len(text) <= LISTENABLE
    assert "Group 8: 18.0%; of all 9.0%." in text
    assert text.endswith(REST)
    text = said(rows + rows[:4])
    assert "Group 8: 18.0%." in text
    assert "of all" not in text


def test_many_rows_are_summed_up():
    rows = [row(f"Group {i}", 10.0 + i) for i in range(30)]
    rows += [row("H", None, hidden=True), row("C", None, coded="95% or more")]
    assert said(rows) == (
        "Dot-and-interval chart, 32 rows: share. Lowest shown: Group 0, 10.0%. Highest "
        "shown: Group 29, 39.0%. Shown as a range: 1 row. Hidden (fewer than 10 "
        f"people): 1 row. {REST}"
    )
    assert "Lowest shown: Group 0, Fire, 10.0%." in said(rows, ["Fire", "Parks"])
    assert "All that are shown: 5.0%." in said([row(f"G{i}", 5.0) for i in range(50)])
    none = said([row(f"Group {i}", None, hidden=True) for i in range(40)])
    assert "shown" not in none.replace("Shown", "")
