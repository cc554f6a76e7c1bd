"""What lies around the places of a city: shares of areas, weighted by their places.

The helper of `placement`. The share of a baseline around the average place is a
weighted mean of the shares of areas, and moves for two reasons: places could have been
put elsewhere, and the census knows areas within its margins. `Around.redraw` draws
both. What is compared are sums over areas, so it is their joint distribution that is
drawn, not every area: the same answer, whatever the number of areas.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measure import acs
from equity.measure.redraws import EVERYONE, Residents
from equity.measure.table import divide, numbers, require_columns

PARTS = ["area", "baseline", "estimate", "moe", "universe", "total", "total_moe"]
_MOST = 700  # a logarithm beyond which a double has no number


@dataclass(frozen=True)
class Places:
    """The places of one kind, added up by area.

    Attributes
    ----------
    kind
        What they are; empty where there are no places of any kind.
    number
        Places in each area.
    amount, square
        Sums of their weights, and of the squares of these.
    set_aside
        Places `outside` (in none of the areas, or nowhere known) and
        `without_weight`.

    Examples
    --------
    >>> table = pd.DataFrame({"facility_id": [1, 2, 3], "kind": "library",
    ...                       "area": ["A", "A", None], "seats": [10, 30, 20]})
    >>> found = Places.by_kind(table, pd.Index(["A", "B"]), weight="seats")[0]
    >>> found.amount.tolist(), found.set_aside
    ([40.0, 0.0], {'outside': 1, 'without_weight': 0})
    """

    kind: str
    number: np.ndarray
    amount: np.ndarray
    square: np.ndarray
    set_aside: dict[str, int]

    @classmethod
    def by_kind(
        cls, facilities: pd.DataFrame, areas: pd.Index, *, weight: str | None = None
    ) -> list[Self]:
        """Add up tidy `facilities`: `facility_id, kind, area`, and the weight.

        Parameters
        ----------
        facilities
            A categorical `kind` keeps kinds that have no places.
        areas
            The areas, in the order wanted.
        weight
            The column to count instead of places.

        Returns
        -------
        list of Places
            One per kind; a single one without places if there are no kinds.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If a place is listed twice or has no kind, a weight is negative, or no
            place lies in any of the areas.
        """
        needed = ["facility_id", "kind", "area"]
        require_columns(facilities, [*needed, weight] if weight else needed)
        rows = len(facilities)
        amount = numbers(facilities, weight) if weight else np.ones(rows)
        position = areas.get_indexer(facilities["area"].astype(object))
        problems = {
            "kind is missing": facilities["kind"].isna(),
            "facility_id and kind repeat an earlier row": facilities.duplicated(
                needed[:2]
            ),
            f"{weight} is negative or not finite": (amount < 0) | np.isinf(amount),
        }
        for problem, bad in problems.items():
            if bad.any():
                raise InputError(f"facilities: {problem} in {bad.sum()} of {rows} rows")
        if rows and (position < 0).all():
            raise InputError(
                f"none of the {rows} places lies in one of the {len(areas)} areas; "
                "are both of one vintage?"
            )
        kind = facilities["kind"].astype("category")
        used = (position >= 0) & ~np.isnan(amount)
        found = []
        for name in kind.cat.categories:
            mine = (kind == name).to_numpy(bool)
            at, much = position[mine & used], amount[mine & used]
            sums = [np.bincount(at, of, len(areas)) for of in (much, much**2)]
            outside = int((mine & (position < 0)).sum())
            aside = {
                "outside": outside,
                "without_weight": int((mine & ~used).sum()) - outside,
            }
            found.append(cls(name, np.bincount(at, minlength=len(areas)), *sums, aside))
        none = np.zeros(len(areas))
        nobody = cls(
            "", none.astype(int), none, none, {"outside": 0, "without_weight": 0}
        )
        return found or [nobody]

    @property
    def none(self) -> bool:
        """Whether there is no such place, not even one set aside.

        Returns
        -------
        bool
            False where it is only not known where they are, or what they weigh.
        """
        return not self.number.any() and not any(self.set_aside.values())

    def effective(self) -> np.ndarray:
        """Count the places that would, weighing the same, vary as much.

        Returns
        -------
        ndarray
            For the share of each area in the amount: Kish's number of all places, or
            fewer where the area's own weigh more than others; missing without places.

        References
        ----------
        Kish (1965), Survey Sampling, section 11.7.

        Examples
        --------
        >>> two = Places("library", np.array([5, 4]), np.array([5.0, 4.0]),
        ...              np.array([5.0, 4.0]), {})
        >>> two.effective()
        array([9., 9.])
        """
        whole, square = self.amount.sum(), self.square.sum()
        kish = np.full(len(self.amount), divide(whole**2, square))
        share = divide(self.amount, whole)
        own, others = self.square, square - self.square
        variance = divide((1 - share) ** 2 * own + share**2 * others, whole**2)
        mine = divide(share * (1 - share), variance)
        return np.fmin(kish, np.where(mine > 0, mine, np.nan))


@dataclass(frozen=True)
class Drawn:
    """What is around the places of one kind, and in the city; and redraws of both.

    Attributes
    ----------
    value, city
        Shares of each baseline around the average place, and in the city.
    shares, cities, people, residents
        Redraws (replicates x baselines) of the two, and of the baseline and its
        universe in the city.
    relative
        Redraws of `value` on the scale of logarithms, which stay above zero.
    value_se, city_se, difference_se
        Standard errors from the census margins alone.
    amount
        Of the places that tell of each baseline, added up.
    without_residents
        Places in areas where nobody of the universe lives, or nobody knows.

    Examples
    --------
    >>> Drawn.__dataclass_fields__["city"].type.__name__
    'ndarray'
    """

    value: np.ndarray
    city: np.ndarray
    shares: np.ndarray
    cities: np.ndarray
    people: np.ndarray
    residents: np.ndarray
    relative: np.ndarray
    value_se: np.ndarray
    city_se: np.ndarray
    difference_se: np.ndarray
    amount: np.ndarray
    without_residents: np.ndarray


@dataclass(frozen=True)
class Around:
    """Shares of baselines by area, and how their errors move together.

    Attributes
    ----------
    areas
        The areas, in order.
    names, universes
        The baselines, and the universe of each.
    share
        Areas x baselines; missing where nobody of the universe is estimated to live.
    people, residents
        Of each baseline and its universe, in the city.
    covariance
        For each area, of its shares, its baselines and its universes (areas x 3
        baselines x 3 baselines). The last two are relative to the city's.

    Examples
    --------
    >>> people = pd.DataFrame({"area": ["1", "1"], "race": ["Black", "White"],
    ...                        "estimate": [30, 90], "moe": [10, 20]})
    >>> Around.of(people).share
    array([[0.25, 0.75]])
    """

    areas: pd.Index
    names: list[str]
    universes: list[str]
    share: np.ndarray
    people: np.ndarray
    residents: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, baselines: pd.DataFrame) -> Self:
        """Read tidy `population` (it has `race`), or else tidy `baselines`.

        Parameters
        ----------
        baselines
            Of `population`, groups are the baselines and their sum the universe; they
            are taken as independent. Of `baselines`, a share and its universe are.

        Returns
        -------
        Around
            With the groups as `Residents` has them, or the baselines as listed.

        Raises
        ------
        ColumnNotFoundError
            If a column is absent.
        InputError
            If an area and baseline are repeated, or an estimate exceeds its total.
        """
        if "race" in baselines:
            return cls._of_groups(Residents.of(baselines))
        return cls._of_parts(baselines)

    @classmethod
    def _of_groups(cls, people: Residents) -> Self:
        number = len(people.groups)
        first, second, third = _thirds(number)
        total = people.estimate.sum(axis=1)
        share = divide(people.estimate, total[:, np.newaxis])
        sums, whole = people.estimate.sum(axis=0), np.full(number, total.sum())
        # How shares, groups and the universe answer to the error of each group.
        answer = np.zeros((len(total), 3 * number, number))
        answer[:, first] = divide(
            np.eye(number) - share[:, :, np.newaxis], total[:, np.newaxis, np.newaxis]
        )
        answer[:, second] = divide(np.eye(number), sums[:, np.newaxis])
        answer[:, third] = divide(1, whole[:, np.newaxis])
        answer *= people.error[:, np.newaxis]
        universes = [EVERYONE] * number
        areas, names = people.areas, people.groups
        return cls(areas, names, universes, share, sums, whole, _squared(answer))

    @classmethod
    def _of_parts(cls, baselines: pd.DataFrame) -> Self:
        require_columns(baselines, PARTS)
        part, total = wide(baselines, "estimate"), wide(baselines, "total")
        areas, columns = part.index, part.columns
        part, total = part.to_numpy(), total.to_numpy()
        if (bad := part > total).any():
            raise InputError(
                f"baselines: estimate exceeds total in {bad.sum()} of {len(baselines)} "
                "rows; a baseline is a part of its universe"
            )
        total_moe = wide(baselines, "total_moe").fillna(0).to_numpy()
        share, moe = acs.proportion(
            numerator=part,
            numerator_moe=wide(baselines, "moe").fillna(0).to_numpy(),
            denominator=total,
            denominator_moe=total_moe,
        )
        people, residents = (
            np.where(np.isnan(share), 0, of).sum(axis=0) for of in (part, total)
        )
        own, universe = acs.standard_error(moe), acs.standard_error(total_moe)
        number = len(columns)
        first, second, third = _thirds(number)
        # How shares, baselines and universes answer to errors of share and universe.
        answer, each = np.zeros((len(areas), 3 * number, 2 * number)), np.eye(number)
        for to, by, size in (
            (first, first, own),
            (second, first, divide(total * own, people)),
            (second, second, divide(share * universe, people)),
            (third, second, divide(universe, residents)),
        ):
            answer[:, to, by] = size[:, :, np.newaxis] * each
        universes = baselines.drop_duplicates("baseline").set_index("baseline")
        universes = universes["universe"].reindex(columns).to_list()
        names = [str(name) for name in columns]
        return cls(areas, names, universes, share, people, residents, _squared(answer))

    def redraw(
        self, places: Places, random: np.random.Generator, replicates: int
    ) -> Drawn:
        """Draw where the places are, and the census within its margins.

        Parameters
        ----------
        places
            Of one kind.
        random
            Where the draws come from.
        replicates
            How many.

        Returns
        -------
        Drawn
            Redraws around places are missing for baselines that fewer than two places
            tell of (in effective number, as they weigh), or only places in areas of one
            and the same share.

        Notes
        -----
        With weights *w* that add up to one, in areas *i* with shares *p*, the variance
        over places of the weighted mean *v* is *n* / (*n* - 1) times the sum of
        *w*² (*p* - *v*)², *n* being the effective number, one over the sum of *w*².
        Draws are Student's *t* with *n* - 1 degrees of freedom. The error of *p* is a
        part of how places differ and is not added again: of the census variance of *v*,
        the sum of (sum of *w* in *i*)² var(*p*), only what exceeds the sum of
        *w*² var(*p*) is. It is the error that places in one area share.

        References
        ----------
        Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section
        5.7 (linearised variance). Kish (1965), Survey Sampling, section 11.7.
        """
        number = len(self.names)
        first, second, third = _thirds(number)
        known = ~np.isnan(self.share)
        share = np.where(known, self.share, 0)
        amount, square = (
            of[:, np.newaxis] * known for of in (places.amount, places.square)
        )
        whole = amount.sum(axis=0)
        part, root = (
            np.nan_to_num(divide(of, whole)) for of in (amount, np.sqrt(square))
        )
        value = np.where(whole > 0, (part * share).sum(axis=0), np.nan)
        city = divide(self.people, self.residents)

        # To the census: shares around places, baselines and universes of the city.
        census = _summed(self.covariance, np.hstack([part, *[np.ones_like(part)] * 2]))
        towards = np.zeros((number, 3 * number))
        towards[:, second], towards[:, third] = np.diag(city), np.diag(-city)
        city_se = _error(towards, census)
        apart = np.hstack([np.eye(number), np.zeros((number, 2 * number))]) - towards
        value_se, difference_se = _error(apart + towards, census), _error(apart, census)
        census[first, first] -= _summed(self.covariance[:, first, first], root)
        margins = _normal(random, census, replicates)

        size = divide(whole**2, square.sum(axis=0))
        apart_by = root * (share - np.nan_to_num(value))
        # One place, or places in areas all alike, do not tell how places are put.
        enough = (size > 2 - 1e-9) & (np.abs(apart_by).max(axis=0) > 1e-12)
        size = np.where(enough, size, 2)
        spread = apart_by * np.sqrt(size / (size - 1))
        elsewhere = _normal(random, spread.T @ spread, replicates)
        freedom = size.min(where=enough, initial=np.inf) - 1
        if np.isfinite(freedom):
            elsewhere *= np.sqrt(
                freedom / random.chisquare(freedom, size=(replicates, 1))
            )
        moved = np.where(enough, elsewhere + margins[:, first], np.nan)
        people = self.people * (1 + margins[:, second])
        residents = self.residents * (1 + margins[:, third])
        return Drawn(
            value=value,
            city=city,
            shares=value + moved,
            cities=divide(people, residents),
            people=people,
            residents=residents,
            relative=value * np.exp(np.clip(divide(moved, value), -_MOST, _MOST)),
            value_se=value_se,
            city_se=city_se,
            difference_se=difference_se,
            amount=whole,
            without_residents=(places.number[:, np.newaxis] * ~known).sum(axis=0),
        )


def wide(baselines: pd.DataFrame, values: str) -> pd.DataFrame:
    """Spread a column of tidy `baselines`, an area a row and a baseline a column.

    Parameters
    ----------
    baselines
        With `area`, `baseline` and the column.
    values
        Which column.

    Returns
    -------
    DataFrame
        Areas sorted, baselines as their categories or as first listed.

    Raises
    ------
    InputError
        If an area and baseline are repeated.

    Examples
    --------
    >>> wide(pd.DataFrame({"area": ["2", "1"], "baseline": "Children",
    ...                    "estimate": [20, 10]}), "estimate")["Children"].to_list()
    [10.0, 20.0]
    """
    repeated = baselines.duplicated(["area", "baseline"])
    if repeated.any():
        raise InputError(
            f"baselines: {repeated.sum()} of {len(baselines)} rows repeat an area and "
            "baseline"
        )
    kind = baselines["baseline"]
    if not isinstance(kind.dtype, pd.CategoricalDtype):
        kind = pd.Categorical(kind, kind.unique())
    table = baselines.assign(baseline=kind, **{values: numbers(baselines, values)})
    return table.pivot(  # noqa: PD010 (pivot_table would drop or fill what is missing)
        index="area", columns="baseline", values=values
    )


def _thirds(number: int) -> list[slice]:
    return [slice(at * number, (at + 1) * number) for at in range(3)]


def _squared(answer: np.ndarray) -> np.ndarray:
    """Covariance of what answers so to independent errors of one standard error."""
    answer = np.nan_to_num(answer)
    return answer @ answer.transpose(0, 2, 1)


def _summed(covariance: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Covariance of weighted sums over areas, which are independent."""
    return np.einsum("ai,aij,aj->ij", weights, covariance, weights, optimize=True)


def _error(towards: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Standard errors of linear combinations."""
    towards = np.nan_to_num(towards)
    variance = np.einsum("ij,jk,ik->i", towards, covariance, towards)
    return np.sqrt(np.maximum(variance, 0))


def _normal(
    random: np.random.Generator, covariance: np.ndarray, replicates: int
) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    # The symmetric root: eigenvectors alone may turn round on another machine.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return random.standard_normal((replicates, len(covariance))) @ root
