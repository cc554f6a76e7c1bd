"""Areas and the people who live in them: load and clean.

Known problems of such files: boundaries of one census and populations of another;
shapes that cross themselves, lie on each other or have no coordinate system; ids that
lost their zeros in a spreadsheet; a population file that covers more than the city;
marks in the place of numbers.
"""

import geopandas as gpd
import pandas as pd

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import boundaries, census, identifiers, shapes, sources
from equity.prepare.quality import Ledger

AREAS = ["area", "geometry", "kind"]
FAR = 5  # degrees from the middle of the city, where it has ended
MOST = 1e9  # people in one area; more is not a count
LISTED = 5  # how many areas an error or a note names
SUMS, NEARLY, FEWEST = (99, 101), 0.9, 3  # sums by which whole percents are told
POPULATION = ["area", "race", "estimate", "moe", "source", "vintage"]


def clean_areas(
    raw: gpd.GeoDataFrame, source: sources.Areas, ledger: Ledger
) -> gpd.GeoDataFrame:
    """Turn raw boundaries into areas.

    Parameters
    ----------
    raw
        As read; its coordinate system may be missing where `source` declares it.
    source
        What the file means.
    ledger
        Written to: shapes mended, overlaps, and areas far from the others.

    Returns
    -------
    GeoDataFrame
        Columns `area, geometry, kind`, sorted by area, in the file's CRS. Shapes are
        valid, flat polygons.

    Raises
    ------
    InputError
        For features without an id or a shape, with an id listed before, or whose
        shape is no surface; for a coordinate system that is missing or cannot be; for
        areas that overlap by more than a tenth of the smaller.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> raw = gpd.GeoDataFrame({"GEOID": ["02", "01"]},
    ...                        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4326)
    >>> source = sources.Areas(file="a.geojson", kind="tract",
    ...                        columns={"area": "GEOID"})
    >>> clean_areas(raw, source, Ledger("areas", "a.geojson", 2))["area"].to_list()
    ['01', '02']
    """
    areas = boundaries.features(raw, source, ledger)
    areas = boundaries.whole(areas, source, ledger, name="area")
    middle = shapes.centres(areas.geometry)
    far = middle.sub(middle.median()).abs().max(axis=1).gt(FAR)
    named = ", ".join(areas.loc[far, "area"].head(LISTED))
    ledger.note(f"more than {FAR} degrees from the other areas ({named})", far)
    return areas[AREAS].sort_values("area", ignore_index=True)


def clean_population(
    raw: pd.DataFrame,
    source: sources.Population,
    ledger: Ledger,
    *,
    areas: pd.DataFrame,
    standard: race.Standard,
) -> pd.DataFrame:
    """Turn a population file into one row per area and race.

    Parameters
    ----------
    raw
        As read: a row per area with a column for each group, or a row per area and
        group.
    source
        What the file means.
    ledger
        Written to.
    areas
        The areas of the city; rows of other areas are set aside.
    standard
        Whose groups `estimates` names, or the crosswalk.

    Returns
    -------
    DataFrame
        Columns of `POPULATION`; `moe` is the 90 % margin, missing for a full count
        and where it is not published, 0 where the estimate is controlled.

    Raises
    ------
    InputError
        If an area has no population, a row is there twice, a number is not one, or
        the numbers are shares.
    ParamsError
        If `estimates` names a group that the standard lacks.

    Notes
    -----
    Where several labels of a file are one group, their people are added up, and their
    margins as the root of the sum of squares.

    References
    ----------
    U.S. Census Bureau (2020), Understanding and using American Community Survey data,
    chapter 8, on margins of sums.

    Examples
    --------
    >>> raw = pd.DataFrame({"id": ["01"], "white": ["12"]})
    >>> source = sources.Population(file="p.csv", columns={"area": "id"},
    ...                             estimates={"White": "white"})
    >>> clean_population(raw, source, Ledger("population", "p.csv", 1),
    ...                  areas=pd.DataFrame({"area": ["01"]}),
    ...                  standard=race.standard("omb1997"))["estimate"].to_list()
    [12]
    """
    for group in source.estimates:
        if group not in standard.groups:
            raise ParamsError(
                f"{source.file}, estimates: {group!r} is not a group of "
                f"{standard.name}; one of {list(standard.groups)}"
            )
    needed = [*source.estimates.values(), *source.margins.values()]
    sources.require(raw, needed, file=source.file)
    rows = raw.assign(area=ids(raw, source))
    _check_vintage(rows["area"], areas["area"], source)
    rows = ledger.set_aside(
        rows, {"area is not one of the city's": ~rows["area"].isin(areas["area"])}
    )
    if source.estimates:
        long = _wide(rows, source, ledger)
    else:
        long = _long(rows, source, ledger, areas=areas, standard=standard)
    _check_people(long, source)
    if long["estimate"].mod(1).eq(0).all():
        long["estimate"] = long["estimate"].astype("int64")
    groups = [group for group in standard.groups if group in set(long["race"])]
    long["race"] = pd.Categorical(long["race"], categories=groups, ordered=True)
    table = long.assign(source=source.title or source.file, vintage=source.vintage)
    return table[POPULATION].sort_values(["area", "race"], ignore_index=True)


def ids(
    raw: pd.DataFrame, source: sources.Population | sources.Baselines | sources.Travel
) -> pd.Series:
    """Take the ids of areas, without the prefix that is declared.

    Parameters
    ----------
    raw
        As read.
    source
        What the file means.

    Returns
    -------
    Series
        Text on the same index.

    Raises
    ------
    InputError
        If `strip` is declared and no id begins with it.

    Examples
    --------
    >>> source = sources.Travel(file="t.csv", unit="minutes", mode="by bus",
    ...     columns={"area": "A", "facility_id": "F", "cost": "C"}, strip="1400000US")
    >>> raw = pd.DataFrame({"A": ["1400000US01"], "F": ["L1"], "C": ["9"]})
    >>> ids(raw, source).to_list()
    ['01']
    """
    found = sources.tidy(raw, source)["area"]
    if source.strip and not found.str.startswith(source.strip).any():
        raise InputError(
            f"{source.file}: column {source.columns['area']}: no id begins with "
            f"{source.strip!r}; correct or leave out 'strip'"
        )
    return found.str.removeprefix(source.strip)


def cells(
    text: pd.Series, source: sources.Population | sources.Baselines
) -> pd.DataFrame:
    """Read a column of census cells in the notation of its file.

    Parameters
    ----------
    text
        As in the file.
    source
        What the file means; of its decimal mark, and of marks of its own.

    Returns
    -------
    DataFrame
        As `census.cells` returns it.

    Examples
    --------
    >>> source = sources.Baselines(file="b.csv", label="Children", decimal=",",
    ...     columns={"area": "A", "estimate": "E"})
    >>> cells(pd.Series(["1.234,5"]), source)["value"].to_list()
    [1234.5]
    """
    known = source.marks
    if source.decimal == ",":
        swap = str.maketrans(",.", ".,")
        text = text.str.translate(swap)
        known = {cell.translate(swap): mark for cell, mark in known.items()}
    return census.cells(text, marks=known)


def _check_vintage(
    ids: pd.Series, areas: pd.Series, source: sources.Population
) -> None:
    """Refuse a population that leaves out areas; say what the ids look like."""
    without = ~areas.isin(ids)
    if not without.any():
        return
    found = ids.drop_duplicates()
    other = ~found.isin(areas)
    hint = identifiers.difference(found, areas) or "are both of one census vintage?"
    raise InputError(
        f"{source.file}: column {source.columns['area']}: {int(without.sum())} of "
        f"{len(areas)} areas ({without.mean():.1%}) have no population, first "
        f"{areas[without].iloc[0]!r}, and {int(other.sum())} of its {len(found)} ids "
        f"({other.mean():.1%}) are none of the areas; {hint}"
    )


def _wide(
    rows: pd.DataFrame, source: sources.Population, ledger: Ledger
) -> pd.DataFrame:
    """Turn a column for each group into rows."""
    _check_once(rows, ["area"], source)
    long = []
    for group, column in source.estimates.items():
        margin = source.margins.get(group)
        found = pd.DataFrame(
            {
                "area": rows["area"],
                "race": group,
                "estimate": _people(rows[column], column, source),
                "moe": float("nan")
                if margin is None
                else _margins(rows[margin], margin, source, ledger),
            }
        )
        long.append(found)
    return pd.concat(long, ignore_index=True)


def _long(
    rows: pd.DataFrame,
    source: sources.Population,
    ledger: Ledger,
    *,
    areas: pd.DataFrame,
    standard: race.Standard,
) -> pd.DataFrame:
    """Read a row for each area and label; add up the labels of one group."""
    tidy = sources.tidy(rows, source).assign(area=rows["area"])
    _check_once(tidy, ["area", "race"], source)
    read = race.read(
        tidy,
        source,
        standard=standard,
        where=source.file,
        column=source.columns["race"],
    )
    for rule, count in read.notes:
        ledger.note(rule, count)
    found = read.group.astype("str")
    strange = ~found.isin(standard.groups)
    if strange.any():
        raise InputError(
            f"{source.file}: column {source.columns['race']}: {int(strange.sum())} "
            f"row(s) are of no group of {standard.name}"
            f"{race.listed(tidy.loc[strange, 'race'].value_counts())}; a population is "
            "of groups; leave the rows out with 'keep'"
        )
    tidy["race"] = found
    tidy["estimate"] = _people(tidy["estimate"], source.columns["estimate"], source)
    tidy["square"] = float("nan")
    if "moe" in tidy:
        margins = _margins(tidy["moe"], source.columns["moe"], source, ledger)
        tidy["square"] = margins**2
    groups = tidy.groupby(["area", "race"], as_index=False)
    added = groups.agg(
        estimate=("estimate", "sum"), square=("square", lambda s: s.sum(skipna=False))
    )
    lacking = len(areas) * added["race"].nunique() - len(added)
    if lacking:
        raise InputError(
            f"{source.file}: {lacking} pair(s) of area and race have no row; a group "
            "of nobody needs a row with 0"
        )
    return added.assign(moe=added["square"] ** 0.5).drop(columns="square")


def _check_once(
    rows: pd.DataFrame, keys: list[str], source: sources.Population
) -> None:
    again = rows.duplicated(keys)
    if again.any():
        raise InputError(
            f"{source.file}: {int(again.sum())} row(s) are of an {' and '.join(keys)} "
            f"listed more than once, first data row {int(rows.index[again][0]) + 1}"
        )


def _people(text: pd.Series, column: str, source: sources.Population) -> pd.Series:
    """Read a column of counts; anything else is an error that names the column."""
    found = cells(text, source)
    _refuse_cells(~found["value"].between(0, MOST), found, "counts", column, source)
    return found["value"]


def _margins(
    text: pd.Series, column: str, source: sources.Population, ledger: Ledger
) -> pd.Series:
    """Read a column of margins; those that are not published are missing, and noted."""
    found = cells(text, source)
    wrong = [census.UNREADABLE, census.AT_LEAST, census.AT_MOST]
    bad = found["state"].isin(wrong) | ~found["value"].fillna(0).between(0, MOST)
    _refuse_cells(bad, found, "margins of error", column, source)
    missing = found["value"].isna()
    said = census.said(found.loc[missing, "state"])
    ledger.note(f"column {column}: no margin of error; {said}", missing)
    return found["value"]


def _refuse_cells(
    bad: pd.Series,
    found: pd.DataFrame,
    what: str,
    column: str,
    source: sources.Population,
) -> None:
    if bad.any():
        said = census.said(found.loc[bad, "state"])
        raise InputError(
            f"{source.file}: column {column}: {int(bad.sum())} value(s) are not {what}"
            f"{f' ({said})' if said else ''}, first in data row "
            f"{int(bad.index[bad][0]) + 1}"
        )


def _check_people(long: pd.DataFrame, source: sources.Population) -> None:
    """Refuse shares in the place of people, whole percents among them."""
    total = long.groupby("area")["estimate"].sum()
    whole = long["estimate"].mod(1).eq(0).all()
    for scale in (1, 100):
        if not whole and total.sub(scale).abs().le(scale / 100).mean() > 0.5:
            raise InputError(
                f"{source.file}: most areas add up to {scale}; these are shares, not "
                "people"
            )
    peopled = total[total.gt(0)]
    percents = peopled.between(*SUMS)
    if len(peopled) >= FEWEST and percents.mean() >= NEARLY:
        raise InputError(
            f"{source.file}: the groups of {int(percents.sum())} of {len(peopled)} "
            f"areas add up to {SUMS[0]} to {SUMS[1]}; these are whole percents, not "
            "people; name the columns with counts of residents"
        )
