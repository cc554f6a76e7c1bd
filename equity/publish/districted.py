"""Sentences about whose schools the figures are of: a district, or the city."""

import pandas as pd

from equity.errors import ColumnNotFoundError
from equity.publish import display
from equity.publish.display import Published
from equity.publish.protect import Protected, require
from equity.publish.spoken import publish
from equity.publish.wording import people as people_of

NOT_SAID = (
    "The files do not say which school district they are of, nor whom it covers beside "
    "the city's residents."
)


def district(
    files: pd.DataFrame, here: Protected, *, people: str = "students"
) -> Published:
    """Say which school district the figures are of, and who of it lives in the city.

    Parameters
    ----------
    files
        Of schools: ``kind``, ``district`` and ``covers``, blank where not stated.
    here
        One row per ``group``, with ``rate_low`` and ``rate_high``: the least and most
        share of its students who live in the city. May be empty.
    people
        What the members of the groups are.

    Returns
    -------
    Published
        A payload of kind "finding"; a note where there are no files of schools.

    Raises
    ------
    DisclosureError
        If ``here`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> files = pd.DataFrame({"kind": ["proficiency"], "district": ["City Schools"],
    ...                       "covers": ["the city and two suburbs"]})
    >>> here = pd.DataFrame({"group": ["White"], "events": [700], "population": [900],
    ...                      "rate_low": [0.78], "rate_high": [0.78]})
    >>> district(files, protect(here, lines=None))
    City Schools covers the city and two suburbs.
    78.0% of White students live in the city.
    """
    absent = [n for n in ("kind", "district", "covers") if n not in files]
    if absent:
        raise ColumnNotFoundError(absent, found=files.columns)
    frame = require(here, "findings.district").frame
    if files.empty:
        return display.absent()
    named = files[files["district"].fillna("").ne("")]
    texts = []
    for name, covers in dict(
        zip(named["district"], named["covers"].fillna(""), strict=True)
    ).items():
        said = f"covers {covers}" if covers else "is the district of the files here"
        texts.append(f"{name} {said}.")
    texts = texts or [NOT_SAID]
    for row in frame.to_dict("records"):
        who = people_of(str(row["group"]), people)
        low, high = (
            display.rounded(row.get(end), "percent")
            for end in ("rate_low", "rate_high")
        )
        if low is None or high is None:
            hidden = not pd.isna(row["suppressed"])
            why = f"is not shown: {here.why}" if hidden else "is not known"
            texts.append(f"The share of {who} who live in the city {why}.")
            continue
        share = display.span(low, high, "percent", mark=True)
        if low == high:
            share = display.quantity(low, "percent")
        texts.append(f"{share} of {who} live in the city.")
    return publish(texts, [], [here])


def published(rates: Protected, *, people: str = "students") -> Published:
    """Say the latest published rates of each group, and their gap, without intervals.

    Parameters
    ----------
    rates
        One row per ``unit``, ``subject``, ``year`` and ``group``, with ``published``
        and ``published_gap`` (proportions) and ``published_deviations``.
    people
        What the members of the groups are.

    Returns
    -------
    Published
        A payload of kind "finding"; a note where there are no such rates.

    Raises
    ------
    DisclosureError
        If ``rates`` is not protected.
    ColumnNotFoundError
        If a column is absent.

    Examples
    --------
    >>> from equity.publish.protect import protect
    >>> table = pd.DataFrame({
    ...     "unit": "Colorado", "subject": "proficiency in mathematics", "year": "2014",
    ...     "group": ["Black", "White"], "reference": "White",
    ...     "published": [0.34, 0.65], "published_gap": [-0.31, 0.0],
    ...     "published_deviations": [-0.8, 0.0]})
    >>> told = ["published", "published_gap", "published_deviations"]
    >>> published(protect(table, lines=None, public=told))
    Colorado, 2014, proficiency in mathematics: the published rate of Black students is
    34.0%, 31.0 percentage points lower than that of White students, or 0.80 standard
    deviations lower if scores are normal and spread alike. No interval can be given,
    since of how many students these rates are is not published.
    """
    frame = require(rates, "findings.published").frame
    names = ["unit", "subject", "year", "group", "reference", "published"]
    names.append("published_gap")
    absent = [n for n in [*names, "published_deviations"] if n not in frame]
    if frame.empty:
        return display.absent()
    if absent:
        raise ColumnNotFoundError(absent, found=frame.columns)
    last = frame.groupby(["unit", "subject"])["year"].transform("max")
    texts = []
    for row in frame[frame["year"] == last].to_dict("records"):
        rate, gap = (
            display.rounded(row[name], unit)
            for name, unit in (("published", "percent"), ("published_gap", "points"))
        )
        apart = display.rounded(row["published_deviations"], "deviations")
        if not gap:  # the reference, or nothing to compare
            continue
        who = people_of(str(row["group"]), people)
        way = "lower" if gap < 0 else "higher"
        text = f"{row['unit']}, {row['year']}, {row['subject']}: the published rate of "
        text += f"{who} is {display.quantity(rate, 'percent')}, "
        base = people_of(str(row["reference"]), people)
        text += f"{display.quantity(gap, 'points', sign=False)} {way} than that of "
        text += base
        if apart is not None:
            size = display.quantity(apart, "deviations", sign=False)
            text += f", or {size} {way} if scores are normal and spread alike"
        texts.append(f"{text}.")
    if texts:
        texts.append(NO_STUDENTS)
    return publish(texts, [], [rates])


NO_STUDENTS = (
    "No interval can be given, since of how many students these rates are is not "
    "published."
)
