"""Cells of the American Community Survey (ACS), as downloaded and from the API.

The Census Bureau publishes an *estimate* and its *margin of error* (90 %) side by
side, and writes a mark where there is no number: `**` in a download, the *sentinel*
-222222222 in the same cell of the API. A median beyond the last class is *open-ended*:
`250,000+` in a download, a *jam value* of 250001 in the API. None of these is a number
to calculate with. Here, each cell becomes a value, or bounds, and a state.

References: "Notes on ACS estimate and annotation values",
www.census.gov/data/developers/data-sets/acs-1year/notes-on-acs-estimate-and-annotation-values.html;
"Jam values for medians", ACS Summary File technical documentation, section 4.2.
"""

import re
from collections.abc import Mapping

import pandas as pd

EXACT = "exact"
AT_MOST = "at most"
AT_LEAST = "at least"
CONTROLLED = "controlled to a count, without sampling error"
NOT_COMPUTED = "not computed, too few sample observations"
TOO_FEW = "not shown, too few sample cases"
NOT_APPLICABLE = "not applicable or not available"
NO_MARGIN = "margin not computed, too few sample observations"
OPEN_ENDED = "margin not computed, the median is open-ended"
BLANK = "blank"
UNREADABLE = "not a census cell"
STATES = (
    *(EXACT, AT_MOST, AT_LEAST, CONTROLLED, NOT_COMPUTED, TOO_FEW, NOT_APPLICABLE),
    *(NO_MARGIN, OPEN_ENDED, BLANK, UNREADABLE),
)
MARKS = {
    **{"-": NOT_COMPUTED, "N": TOO_FEW, "(X)": NOT_APPLICABLE, "**": NO_MARGIN},
    **{"***": OPEN_ENDED, "*****": CONTROLLED, "": BLANK, "null": BLANK},
}
SENTINELS = {
    -222222222: "**",
    -333333333: "***",
    -555555555: "*****",
    -666666666: "-",
    -888888888: "(X)",
    -999999999: "N",
}
JAMMED_FROM = 100  # the least that the jam rule of medians is used for

NUMBER = r"-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?"
JAM = rf"({NUMBER})([+-])"
GEO_ID = r"^[0-9]{3}[0-9A-Z]{0,4}US"  # summary level, variant and component


def cells(text: pd.Series, *, marks: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a column of published cells, estimates or margins.

    Parameters
    ----------
    text
        As in the file, such as `1,234`, `250,000+`, `-`, `**` or `-666666666`.
    marks
        Marks of this file only, to the Bureau's mark that they stand for, such as
        `{"-1": "**"}`. Without it, -1 is a number.

    Returns
    -------
    DataFrame
        On the same index: `value` (missing where there is no one number; 0 for a
        controlled margin), `low` and `high` (the value; one of them missing for
        `250,000+` and `2,500-`, both where nothing is known), and `state` (one of
        `STATES`). A sentinel never appears as a number.

    References
    ----------
    U.S. Census Bureau, Notes on ACS estimate and annotation values.

    Examples
    --------
    >>> found = cells(pd.Series(["1,234", "250,000+", "-666666666", "*****"]))
    >>> found[["value", "low", "high"]]
        value       low    high
    0  1234.0    1234.0  1234.0
    1     NaN  250000.0     NaN
    2     NaN       NaN     NaN
    3     0.0       0.0     0.0
    >>> found["state"].to_list()
    ['exact', 'at least', 'not computed, too few sample observations',
     'controlled to a count, without sampling error']
    """
    text = text.str.strip().fillna("")
    text = text.replace(dict(marks or {}))
    number = _number(text.where(text.str.fullmatch(NUMBER)))
    mark = text.mask(number.isin(SENTINELS), number.map(SENTINELS))
    jam = text.str.extract(rf"^{JAM}$")
    state = mark.map(MARKS).astype("str")
    state = state.mask(number.notna() & ~number.isin(SENTINELS), EXACT)
    state = state.mask(jam[1].eq("-"), AT_MOST).mask(jam[1].eq("+"), AT_LEAST)
    value = number.where(state.eq(EXACT)).mask(state.eq(CONTROLLED), 0.0)
    bound = _number(jam[0])
    return pd.DataFrame(
        {
            "value": value,
            "low": value.mask(state.eq(AT_LEAST), bound),
            "high": value.mask(state.eq(AT_MOST), bound),
            "state": state.fillna(UNREADABLE),
        }
    )


def medians(
    estimate: pd.Series,
    margin: pd.Series,
    *,
    marks: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read medians, such as of household income, with their margins of error.

    Parameters
    ----------
    estimate
        As in the file.
    margin
        As in the file, on the same index.
    marks
        Marks of this file only; see `cells`.

    Returns
    -------
    DataFrame
        On the same index: `estimate`, `low`, `high`, `state` as of `cells`, `moe`
        (missing where not published) and `moe_state`.

    Notes
    -----
    The API writes an open-ended median as a plain jam value, one beyond the bound
    (250001 for `250,000+`, 2499 for `2,500-`), and says so in the margin only (`***`).
    With that margin, a whole number of at least 100 that ends in 1 is read as a least,
    and one that ends in 9 as a most.

    References
    ----------
    Jam values for medians, ACS Summary File technical documentation, section 4.2.

    Examples
    --------
    >>> read = medians(pd.Series(["250001", "52000"]), pd.Series(["***", "3100"]))
    >>> read[["estimate", "low", "high", "moe"]]
       estimate       low     high     moe
    0       NaN  250000.0      NaN     NaN
    1   52000.0   52000.0  52000.0  3100.0
    """
    found, moe = cells(estimate, marks=marks), cells(margin, marks=marks)
    value = found["value"]
    jammed = moe["state"].eq(OPEN_ENDED) & found["state"].eq(EXACT)
    jammed &= value.ge(JAMMED_FROM)
    most, least = jammed & value.mod(10).eq(9), jammed & value.mod(10).eq(1)
    return pd.DataFrame(
        {
            "estimate": value.mask(least | most),
            "low": found["low"].mask(most).mask(least, value - 1),
            "high": found["high"].mask(least).mask(most, value + 1),
            "state": found["state"].mask(least, AT_LEAST).mask(most, AT_MOST),
            "moe": moe["value"],
            "moe_state": moe["state"],
        }
    )


def area_id(geo_id: str) -> str:
    """Cut the summary level off a census GEO_ID, so that it equals a GEOID.

    Parameters
    ----------
    geo_id
        Such as `1500000US170318391001`: level 150 (block groups), then `US`, then
        state, county, tract and block group.

    Returns
    -------
    str
        What follows `US`; the id itself if it has no such prefix.

    References
    ----------
    U.S. Census Bureau, Understanding Geographic Identifiers (GEOIDs).

    Examples
    --------
    >>> area_id("1500000US170318391001"), area_id("170318391001")
    ('170318391001', '170318391001')
    """
    return geo_id[len(prefix(geo_id)) :]


def prefix(geo_id: str) -> str:
    """Find the prefix of a census GEO_ID.

    Parameters
    ----------
    geo_id
        Such as `1400000US17031839100`.

    Returns
    -------
    str
        Such as `1400000US`; empty if it has none.

    Examples
    --------
    >>> prefix("1400000US17031839100"), prefix("17031839100")
    ('1400000US', '')
    """
    found = re.match(GEO_ID, geo_id)
    return found.group() if found else ""


def said(states: pd.Series) -> str:
    """Name the states of cells that are no numbers, with their counts, for messages.

    Parameters
    ----------
    states
        As of `cells`.

    Returns
    -------
    str
        The most frequent first; empty if all are numbers.

    Examples
    --------
    >>> said(pd.Series([EXACT, BLANK, TOO_FEW, TOO_FEW]))
    'not shown, too few sample cases (2); blank (1)'
    """
    counts = states[~states.isin([EXACT, CONTROLLED])].value_counts()
    return "; ".join(f"{state} ({count})" for state, count in counts.items())


def _number(text: pd.Series) -> pd.Series:
    return pd.to_numeric(text.str.replace(",", ""), errors="coerce").astype(float)
