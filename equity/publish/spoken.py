"""Sentences and their numbers to a finding that a page may show."""

from collections.abc import Iterable

from equity.errors import EquityError
from equity.publish import display
from equity.publish.display import Published
from equity.publish.protect import Protected


def nothing(text: str) -> Published:
    """Say that something cannot be shown, and why.

    Parameters
    ----------
    text
        A sentence: what is missing, and what would be needed.

    Returns
    -------
    Published
        A payload of kind "note".

    Raises
    ------
    EquityError
        If the text is empty.

    Examples
    --------
    >>> nothing("No proficiency counts were given for this city.")
    No proficiency counts were given for this city.
    """
    if not text.strip():
        raise EquityError("a note says what is missing and why; found an empty text")
    return display._publish({"kind": "note", "text": text})


def headlines(
    found: Iterable[tuple[str, dict | None]], measure: str, when: str, start: str = ""
) -> list[dict]:
    """Gather the numbers of the comparisons that are shown, each with its sentence.

    Parameters
    ----------
    found
        Sentences, each with its numbers from `comparisons.numbers`, or None.
    measure
        What is compared.
    when
        The time the numbers are of, in words.
    start
        What stands before each sentence and measure.

    Returns
    -------
    list of dict
        As `equity.publish.payload.Headline`.

    Examples
    --------
    >>> headlines([("A waits longer.", None)], "days", "2025")
    []
    """
    return [
        {
            **row,
            "measure": f"{start}{measure}",
            "when": when,
            "sentence": start + row["sentence"],
        }
        for row in ({"sentence": text, **row} for text, row in found if row is not None)
    ]


def publish(
    texts: list[str], rows: list[dict], tables: list[Protected | None]
) -> Published:
    """Make a finding, with what its tables register for the audit.

    Parameters
    ----------
    texts
        Its sentences.
    rows
        From `headlines`.
    tables
        What the sentences were made from.

    Returns
    -------
    Published
        A payload of kind "finding"; a note where there is no sentence.

    Examples
    --------
    >>> publish([], [], [])
    There is no other group to compare.
    """
    if not texts:
        return nothing("There is no other group to compare.")
    counts = [
        entry
        for table in tables
        if table is not None
        for entry in getattr(table, "counts", [])
    ]
    return display._publish(
        {
            "kind": "finding",
            "sentences": texts,
            "text": " ".join(texts),
            "rows": rows,
            "counts": counts,
        }
    )
