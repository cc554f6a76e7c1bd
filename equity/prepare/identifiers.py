"""Identifiers of areas: why two files that should agree do not.

A census id (GEOID) is two digits of state, three of county, six of tract, one of block
group. Spreadsheets drop its leading zero or add `.0`; downloads put a prefix before
it (`1400000US17031839100`); people write the tract alone, as `8391` or `8391.00`.
"""

import pandas as pd

from equity.prepare import census

TRACT = 6  # digits: four, and two that people write after a point
HALF = 0.5  # of the areas without a match must match after a change


def difference(found: pd.Series, wanted: pd.Series) -> str:
    """Say how ids could be made to match, if one change does it.

    Parameters
    ----------
    found
        Ids of a file, as text.
    wanted
        Ids of the areas.

    Returns
    -------
    str
        What is different and what to do; empty if no change makes at least half of
        the areas match that did not before.

    Examples
    --------
    >>> difference(pd.Series(["1400000US17031839100"]), pd.Series(["17031839100"]))
    "the ids begin with '1400000US'; declare strip: '1400000US'"
    >>> difference(pd.Series(["8391.00"]), pd.Series(["17031839100"]))
    "the ids are tract numbers without state and county ('17031'); add these, six
    digits of tract after them"
    >>> difference(pd.Series(["17031839101"]), pd.Series(["17031839100"]))
    ''
    """
    lacking = wanted[~wanted.isin(found)]
    if lacking.empty or found.empty:
        return ""
    width, shorter = int(wanted.str.len().max()), int(found.str.len().max())
    prefix, theirs = census.prefix(found.iloc[0]), census.prefix(wanted.iloc[0])
    changes = [
        (
            f"the ids begin with {prefix!r}; declare strip: {prefix!r}",
            *(found.map(census.area_id), lacking),
        ),
        (
            f"the ids of the areas begin with {theirs!r}; name another column of them",
            *(found, lacking.map(census.area_id)),
        ),
        (
            "the ids end in '.0', because they were saved as numbers; export them as "
            "text",
            *(_no_fraction(found), lacking),
        ),
        (
            "the ids of the areas end in '.0', because they were saved as numbers; "
            "export them as text",
            *(found, _no_fraction(lacking)),
        ),
        (
            f"the ids have lost leading zeros (they should have {width} characters); "
            "export them as text",
            *(_no_fraction(found).str.zfill(width), lacking),
        ),
        (
            "the ids are tract numbers without state and county "
            f"({wanted.iloc[0][:-TRACT]!r}); add these, six digits of tract after them",
            *(_tract(found), lacking.str[-TRACT:]),
        ),
        (
            "the ids are of smaller areas, such as block groups of tracts; add their "
            "people up, or use their boundaries",
            *(found.str[:width], lacking),
        ),
        (
            "the ids are of larger areas, such as tracts of block groups; use their "
            "boundaries",
            *(found, lacking.str[:shorter]),
        ),
    ]
    for said, changed, left in changes:
        if left.isin(changed).mean() >= HALF:
            return said
    return ""


def _no_fraction(ids: pd.Series) -> pd.Series:
    return ids.str.replace(r"\.0+$", "", regex=True)


def _tract(ids: pd.Series) -> pd.Series:
    """Write tract numbers such as `8391.02` or `101` with six digits."""
    number = ids.str.extract(r"^(?:Census Tract )?(\d{1,4})(?:\.(\d{2}))?$")
    return number[0].str.zfill(4) + number[1].fillna("00")
