"""Areas a city uses: counts and rates of districts that do not follow the census.

Council districts, equity zones and neighbourhoods cut through tracts. *Interpolation*
gives each district a share of every area that it overlaps: by surface, or where blocks
are known by the people in them.

**Terms**

extensive
    What is shared out and adds up: people, requests.
intensive
    What is averaged: rates, incomes.
cut
    Of an area: with a part, but not all, in the district. How its people split is an
    assumption; so is that both parts are alike.
partial
    The share of a district's people (or requests) that come from cut areas.
coverage
    The share of a district's surface that lies in areas with a known value.
outside
    People of areas, or parts of them, that lie in no district. They keep a row.

Every function takes ``overlaps``, one row per ``kind`` of district, ``district`` and
``area``, with ``share`` (of the area, that lies in the district), where known
``district_share`` (of the district, that lies in the area), and ``by``, what areas were
split by. Districts of a kind do not overlap.

References
----------
Goodchild and Lam (1980), Areal interpolation: a variant of the traditional spatial
problem, Geo-Processing 1, 297-312. Census Bureau (2020), Understanding and Using
American Community Survey Data, chapter 8, for margins of sums.
"""

import numpy as np
import pandas as pd

from equity.errors import InputError, ParamsError
from equity.measure import acs
from equity.measure.overlaps import (
    NEEDED,
    OUTSIDE,
    SOURCE_AREA,
    WHOLE,
    Kind,
    check,
    kinds,
    stacked,
)
from equity.measure.redraws import EVERYONE, Residents
from equity.measure.table import (
    MEASURE_COLUMNS,
    check_confidence,
    divide,
    measure_table,
    numbers,
    require_columns,
)

SURFACE, PEOPLE = "surface", "people"
NEITHER = "neither is better"
SPLIT = ["coverage", "partial", "least", "most"]
COUNT_COLUMNS = [
    *("kind", "district", "group", "population"),
    *MEASURE_COLUMNS,
    *("direction", *SPLIT),
]
RATE_COLUMNS = ["kind", "district", *MEASURE_COLUMNS, *SPLIT]


def kind_of(overlaps: pd.DataFrame, wanted: str = "") -> str:
    """Choose the kind of district that is meant.

    Parameters
    ----------
    overlaps
        Tidy `overlaps`.
    wanted
        A kind, or empty for the first.

    Returns
    -------
    str
        The kind; empty where there are no districts.

    Raises
    ------
    ParamsError
        If there are districts, and none of this kind.

    Examples
    --------
    >>> kind_of(pd.DataFrame({"kind": ["ward", "zone"]}), "zone")
    'zone'
    """
    known = sorted({str(kind) for kind in overlaps["kind"]})
    if wanted and known and wanted not in known:
        raise ParamsError(f"no districts of kind {wanted!r}; found {known}")
    return wanted or next(iter(known), "")


def titled(kind: str) -> str:
    """Head a column with the kind of district.

    Parameters
    ----------
    kind
        Such as `council district`; empty where there are none.

    Returns
    -------
    str
        With a capital letter.

    Examples
    --------
    >>> titled("council district"), titled("")
    ('Council district', 'District')
    """
    name = kind or "district"
    return name[:1].upper() + name[1:]


def counts(
    population: pd.DataFrame,
    overlaps: pd.DataFrame,
    *,
    allocate: str = SOURCE_AREA,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the residents of districts by race.

    Parameters
    ----------
    population
        Tidy `population`: `area, race, estimate, moe` (90 %, missing for a full
        count, which then adds no uncertainty).
    overlaps
        See the module.
    allocate
        "source area" gives districts what lies in them; "total" gives them everybody
        of the areas that they touch, as where boundaries were drawn a little apart.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `kind`, `district` and `group` (the races, and all residents).
        `estimate` is people, and `population` all residents of the district. Then
        `direction`, `coverage`, `partial` (of the group), and `least` and `most`: the
        people of the group in whole areas alone, and in every area touched: whatever
        the split, they lie between. Those outside are the last row of their kind, if
        any area has a part outside. An estimate missing in `population` makes those of
        its districts missing.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a share is not one, an overlap is there twice, districts of a kind overlap,
        or a margin is negative.
    ParamsError
        If the confidence is not between zero and one, or `allocate` is another word.

    Notes
    -----
    The margin of a district is the root of the sum of its areas' squared margins, each
    times its share; of zero estimates only the largest counts, once. The limits carry
    these margins and take the split as given: read them beside `least` and `most`.
    They are missing where there are no margins and the district cuts an area, for then
    nothing says how sure the number is. Where it does not, a full count is certain.

    References
    ----------
    See the module.

    Examples
    --------
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": "Asian",
    ...                        "estimate": [1000, 600], "moe": [100, 90]})
    >>> overlaps = pd.DataFrame({
    ...     "kind": "ward", "district": ["A", "B", "B"], "area": ["1", "1", "2"],
    ...     "share": [0.5, 0.5, 1.0], "by": "area"})
    >>> table = counts(people, overlaps).query("group == 'Asian'")
    >>> shown = ["district", "estimate", "conf_low", "conf_high", "least", "most"]
    >>> table[shown].round()
      district  estimate  conf_low  conf_high  least    most
    0        A     500.0     440.0      560.0    0.0  1000.0
    2        B     1100.0     977.0    1223.0  600.0  1600.0
    """
    check_confidence(confidence)
    require_columns(population, ["area", "race", "estimate", "moe"])
    check(overlaps)
    if population.empty:
        return pd.DataFrame(columns=COUNT_COLUMNS)
    people = Residents.of(population)
    unknown = population["estimate"].isna()
    missing = Residents.of(population.assign(estimate=unknown.astype(float))).estimate
    certain = bool(population["moe"].isna().all())
    tables = [
        _counted(kind, people, missing > 0, certain, confidence)
        for kind in kinds(overlaps, people.areas, allocate)
    ]
    return stacked(tables, COUNT_COLUMNS)


def rates(
    values: pd.DataFrame,
    overlaps: pd.DataFrame,
    *,
    measure: str,
    weight: str = SURFACE,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Average a rate of areas over districts.

    Where the events and the people of each area are known, interpolate those instead
    (`counts`, and `districts.by_district`): their quotient needs no choice of weights.

    Parameters
    ----------
    values
        One row per `area` with `estimate` and, where there are margins, `moe` (90 %);
        with `population` too if people are the weights.
    overlaps
        See the module.
    measure
        What is averaged, in the words of the field.
    weight
        "surface" weighs areas by the surface that they have in the district (needs
        `district_share`), so that a park counts for as much as a street of towers;
        "people" by the people that they have there.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        One row per `kind` and `district` with the measure columns, in the unit of
        `values`, then `coverage`, `partial`, and `least` and `most`: the averages
        between which it lies if each cut area belongs to the district to any extent.
        Areas without a value are left out, which `coverage` tells.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a share is not one, an overlap or area is there twice, districts of a kind
        overlap, or a margin is negative.
    ParamsError
        If the confidence is not between zero and one, or `weight` is another word.

    Notes
    -----
    Areas are taken to be alike within: no figure here covers differences between the
    two sides of a border that cuts an area. Limits carry the margins of the rates, not
    of the weights; they are missing where there are none.

    References
    ----------
    See the module.

    Examples
    --------
    >>> values = pd.DataFrame({"area": ["1", "2"], "estimate": [0.12, 0.3]})
    >>> overlaps = pd.DataFrame({
    ...     "kind": "ward", "district": "A", "area": ["1", "2"], "share": [0.5, 1.0],
    ...     "district_share": [0.25, 0.75]})
    >>> table = rates(values, overlaps, measure="households without internet")
    >>> table[["estimate", "coverage", "partial", "least", "most"]].round(3)
       estimate  coverage  partial  least  most
    0     0.255       1.0     0.25   0.228   0.3
    """
    check_confidence(confidence)
    if weight not in (SURFACE, PEOPLE):
        raise ParamsError(f"weight is {weight!r}; expected one of {[SURFACE, PEOPLE]}")
    by_people = weight == PEOPLE
    require_columns(values, ["area", "estimate"] + ["population"] * by_people)
    require_columns(overlaps, NEEDED + ["district_share"] * (not by_people))
    if doubled := int(values["area"].duplicated().sum()):
        raise InputError(f"{doubled} of {len(values)} rows repeat an area")
    rate = numbers(values, "estimate")
    moe = numbers(values, "moe") if "moe" in values else np.full(len(rate), np.nan)
    error = acs.standard_error(moe)
    people = numbers(values, "population") if by_people else np.ones(len(rate))
    known = np.isfinite(rate) & np.isfinite(people)
    rate, error = rate[known], error[known]
    areas, people = pd.Index(values["area"][known]), people[known]
    z = acs.critical_value(confidence)
    tables = []
    for kind in kinds(overlaps, areas):
        weights = kind.share * people if by_people else kind.surface
        full = np.divide(weights, kind.share, out=weights.copy(), where=kind.share > 0)
        total = weights.sum(axis=1)
        estimate = divide(weights @ rate, total)
        margin = z * divide(np.sqrt(weights**2 @ np.nan_to_num(error) ** 2), total)
        margin[((weights > 0) @ np.isnan(error)) > 0] = np.nan
        least, most = kind.extremes(full * rate, full)
        table = measure_table(
            kind.frame(),
            measure=measure,
            reference=None,
            estimate=estimate,
            conf_low=estimate - margin,
            conf_high=estimate + margin,
            confidence=confidence,
            method=[f"{how}, weights: {weight}" for how in kind.methods()],
            coverage=kind.coverage(),
            partial=divide(np.where(kind.cut, weights, 0).sum(axis=1), total),
            least=np.fmin(least, estimate),  # people may leave all of a part empty
            most=np.fmax(most, estimate),
        )
        tables.append(table[table["district"] != OUTSIDE])
    return stacked(tables, RATE_COLUMNS)


def events(
    request_counts: pd.DataFrame,
    overlaps: pd.DataFrame,
    *,
    kind: str,
    allocate: str = SOURCE_AREA,
) -> pd.DataFrame:
    """Share requests out to districts, for any measure that takes `request_counts`.

    Parameters
    ----------
    request_counts
        Tidy `request_counts`: `area, closed, censored`, and any other columns.
    overlaps, allocate
        As for `counts`.
    kind
        The kind of districts.

    Returns
    -------
    DataFrame
        The table with the district as `area`; counts are fractions, and add up to
        those given. Requests in no district are in the area `Outside every district`.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        As for `counts`.
    ParamsError
        If there is no such kind, or `allocate` is another word.

    Notes
    -----
    If each request of a cut area lies in the district with the probability of its
    share, the district's own count is Poisson with the fraction as its mean, so
    Poisson limits of fractions hold.

    Examples
    --------
    >>> requests = pd.DataFrame({"area": ["1", "2"], "days": 3, "closed": [50, 10],
    ...                          "censored": 0})
    >>> overlaps = pd.DataFrame({"kind": "ward", "district": ["A", "B"],
    ...                          "area": ["1", "1"], "share": [0.7, 0.3]})
    >>> events(requests, overlaps, kind="ward")[["area", "closed"]]
                         area  closed
    0                       A    35.0
    1                       B    15.0
    2  Outside every district    10.0
    """
    require_columns(request_counts, ["area", "closed", "censored"])
    return _shared_out(
        request_counts, overlaps, ["closed", "censored"], kind=kind, allocate=allocate
    )


def residents(
    population: pd.DataFrame,
    overlaps: pd.DataFrame,
    *,
    kind: str,
    allocate: str = SOURCE_AREA,
) -> pd.DataFrame:
    """Share residents out to districts, for any measure that takes `population`.

    Parameters
    ----------
    population
        Tidy `population`: `area, race, estimate, moe` (90 %).
    overlaps, allocate
        As for `counts`.
    kind
        The kind of districts.

    Returns
    -------
    DataFrame
        Tidy `population` with the district as `area`, in the columns named. Margins
        are those of `counts`; missing where none of the areas has one.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        As for `counts`.
    ParamsError
        If there is no such kind, or `allocate` is another word.

    Notes
    -----
    Districts that cut the same area share its error, which measures that redraw each
    district by itself leave out. It is small where few areas are cut.

    Examples
    --------
    >>> people = pd.DataFrame({"area": ["1", "2"], "race": "Asian",
    ...                        "estimate": [1000, 600], "moe": [100, 75]})
    >>> overlaps = pd.DataFrame({"kind": "ward", "district": "A", "area": ["1", "2"],
    ...                          "share": [1.0, 1.0]})
    >>> residents(people, overlaps, kind="ward")
      area   race  estimate    moe
    0    A  Asian    1600.0  125.0
    """
    names = ["area", "race", "estimate", "moe"]
    require_columns(population, names)
    people = Residents.of(population)
    chosen = _named(overlaps, kind)
    table = counts(population, chosen, allocate=allocate, confidence=0.90)
    (found,) = kinds(chosen, people.areas, allocate)
    margin = np.sqrt(_variance(found, people)[:, :-1]) * acs.critical_value(0.90)
    if population["moe"].isna().all():
        margin[:] = np.nan
    table = table[table["group"] != EVERYONE]
    shared = table[["district", "group", "estimate"]].assign(moe=margin.ravel())
    shared.columns = names
    shared["race"] = shared["race"].astype(population["race"].dtype)
    return shared.reset_index(drop=True)


def _counted(
    kind: Kind,
    people: Residents,
    missing: np.ndarray,
    certain: bool,
    confidence: float,
) -> pd.DataFrame:
    """Count residents of one kind of district, groups and all, district by district."""
    every = np.column_stack([people.estimate, people.estimate.sum(axis=1)])
    missing = np.column_stack([missing, missing.any(axis=1)])
    touched = kind.share > WHOLE
    unknown = (touched.astype(float) @ missing) > 0
    estimate = np.where(unknown, np.nan, kind.share @ every)
    error = np.sqrt(_variance(kind, people))
    margin = acs.critical_value(confidence) * error
    # Without margins nothing says how sure the split of a cut area is.
    cuts = (np.where(kind.cut, kind.share, 0) @ every) > 0
    margin = np.where(cuts & (margin == 0), np.nan, margin)
    groups = [*people.groups, EVERYONE]
    of, to = len(kind.districts), len(groups)
    frame = kind.frame(population=estimate[:, -1])
    frame = frame.loc[np.repeat(np.arange(of), to)].reset_index(drop=True)
    frame["group"] = groups * of
    source = "full count" if certain else "census margins"
    return measure_table(
        frame,
        measure="residents",
        reference=None,
        estimate=estimate.ravel(),
        conf_low=np.clip(estimate - margin, 0, None).ravel(),
        conf_high=(estimate + margin).ravel(),
        confidence=confidence,
        method=np.repeat([f"{how}; {source}" for how in kind.methods()], to),
        direction=NEITHER,
        coverage=np.repeat(kind.coverage(), to),
        partial=kind.partial(every).ravel(),
        least=np.where(unknown, np.nan, (touched & ~kind.cut) @ every).ravel(),
        most=np.where(unknown, np.nan, touched @ every).ravel(),
    )


def _variance(kind: Kind, people: Residents) -> np.ndarray:
    """Add squared errors, of zero estimates only the largest; groups, then everyone."""
    zero = people.estimate == 0
    squares = kind.share**2 @ np.where(zero, 0, people.error) ** 2
    errors = np.where(zero, people.error, 0)
    largest = np.array([(kind.share * row).max(axis=1) for row in errors.T]).T ** 2
    everyone = squares.sum(axis=1) + largest.max(axis=1)
    return np.column_stack([squares + largest, everyone])


def _named(overlaps: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Take the overlaps of one kind, or say which there are."""
    require_columns(overlaps, NEEDED)
    chosen = overlaps[overlaps["kind"] == kind]
    if chosen.empty:
        there = [str(name) for name in overlaps["kind"].unique()]
        raise ParamsError(f"kind is {kind!r}; expected one of {there}")
    return chosen


def _shared_out(
    table: pd.DataFrame,
    overlaps: pd.DataFrame,
    columns: list[str],
    *,
    kind: str,
    allocate: str,
) -> pd.DataFrame:
    """Split the rows of cut areas, and add up those of the same district."""
    areas = pd.Index(table["area"].unique().astype(object))
    (found,) = kinds(_named(overlaps, kind), areas, allocate)
    district, area = np.nonzero(found.share)
    pieces = pd.DataFrame(
        {
            "area": areas[area],
            "part": found.share[district, area],
            "district": pd.Categorical.from_codes(district, found.districts),
        }
    )
    split = table.astype({"area": object}).merge(pieces, on="area", validate="m:m")
    for column in columns:
        split[column] = split[column].astype(float) * split["part"]
    split = split.assign(area=split["district"])
    others = [name for name in table.columns if name not in columns]
    sums = split.groupby(others, observed=True, dropna=False, as_index=False)[columns]
    shared = sums.sum()
    return shared.assign(area=shared["area"].astype(str))[table.columns]
