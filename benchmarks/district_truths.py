"""What is true of the invented districts: formulas of what was planted.

None comes from a measure. *These schools*, and *schools like these*, are told in
`districts`; so are the parameters.
"""

import numpy as np
from scipy.stats import norm

from benchmarks.districts import (
    BASE,
    CHANCE,
    EFFECT,
    GROUPS,
    GROW,
    KIND_EFFECT,
    MEAN,
    MIX,
    OWN_GAP,
    SIZE,
    SPREAD,
    STATE,
    District,
)
from equity.measure import school_gaps

Truths = dict[str, float]


def graduation_truth(town: District) -> Truths:
    """Expected graduation rate of each group's cohort, in these schools.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to proportion.
    """
    return _of_groups(_risks(town.number, town.graduate_chance))


def risk_ratios(town: District) -> Truths:
    """Expected risk of each group over that of all others, in these schools.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to ratio.
    """
    own = _risks(town.number, town.suspend_chance)
    people = town.number.sum(axis=0)
    events = own * people
    others = (events.sum() - events) / (people.sum() - people)
    return _of_groups(own / others)


def weighted_risk_ratios(town: District) -> Truths:
    """The same with groups weighted as the state's.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to ratio.
    """
    own = _risks(town.number, town.suspend_chance)
    share = STATE["population"].to_numpy() / STATE["population"].sum()
    others = (share * own).sum() - share * own
    return _of_groups((1 - share) * own / others)


def v_of_these_schools(town: District) -> Truths:
    """V of the mixtures of normals that these schools' groups are.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to V.
    """
    mixtures = [
        (town.number[:, at] / town.number[:, at].sum(), town.expected_here[:, at], sd)
        for at, sd in enumerate(SPREAD)
    ]
    return _v(mixtures)


def v_of_schools_like_these(town: District) -> Truths:
    """V of the mixtures of normals that all possible schools' groups are.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to V.
    """
    weight, means = _kinds(town.gap)
    own = np.where(np.arange(len(GROUPS)) == BASE, 0, town.gap * OWN_GAP)
    sd = np.sqrt(SPREAD**2 + EFFECT**2 + own**2)
    return _v([(weight[:, at], means[:, at], sd[at]) for at in range(len(GROUPS))])


def standardised_gaps(town: District) -> Truths:
    """Gap to the reference over the standard deviation of all, in these schools.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to gap.
    """
    weight = town.number / town.number.sum(axis=0)
    mean = (weight * town.expected_here).sum(axis=0)
    return _of_groups((mean - mean[BASE]) / _sd_of_all(town))


def standardised_gaps_of_schools(town: District) -> dict[tuple[int, str], float]:
    """The same in each school that has students of both.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        School and group to gap.
    """
    gap = town.expected_here - town.expected_here[:, [BASE]]
    both = (town.number > 0) & (town.number[:, [BASE]] > 0)
    return {
        (int(school), GROUPS[at]): float(gap[school, at] / _sd_of_all(town))
        for school, at in np.argwhere(both)
    }


def gaps_of_schools(town: District) -> dict[tuple[int, str], float]:
    """Gap in mean scores in each school, in units of the score.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        School and group to gap.
    """
    gap = town.expected - town.expected[:, [BASE]]
    return {
        (school, GROUPS[at]): float(value)
        for (school, at), value in np.ndenumerate(gap)
    }


def parts_of_these_schools(town: District) -> dict[str, Truths]:
    """Parts of the gap, were scores of these schools what is expected of them.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to part to units of the score.
    """
    number, mean = town.number, town.expected_here
    found = {}
    for at, group in enumerate(GROUPS):
        if at == BASE:
            continue
        own, base = number[:, at].astype(float), number[:, BASE].astype(float)
        both = own + base
        total = own @ mean[:, at] / own.sum() - base @ mean[:, BASE] / base.sum()
        weight = own * base / both
        same = weight @ (mean[:, at] - mean[:, BASE]) / weight.sum()
        whole = own.sum() / both.sum()
        spread = both @ (own / both - whole) ** 2
        segregation = spread / (both.sum() * whole * (1 - whole))
        found[group] = _parts(total, same, segregation)
    return found


def parts_of_like_schools(town: District) -> dict[str, Truths]:
    """Parts of the gap in the limit of ever more schools.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to part to units of the score; segregation is that of counts, which
        chance in a school's mix is part of.

    Notes
    -----
    Of b students of a pair in a school, a binomial number with chance r is of the
    group, so the expected square of its number over b is r (1 - r) + b r squared.
    """
    weight, means = _kinds(town.gap)
    mean = (weight * means).sum(axis=0)
    middle = SIZE.mean(axis=1)
    found = {}
    for at, group in enumerate(GROUPS):
        if at == BASE:
            continue
        pair = MIX[:, at] + MIX[:, BASE]
        ratio = MIX[:, at] / pair
        any_of_pair = np.array(
            [
                1 - ((1 - p) ** np.arange(low, high + 1)).mean()
                for p, (low, high) in zip(pair, SIZE, strict=True)
            ]
        )
        own, base = (CHANCE @ (middle * MIX[:, n]) for n in (at, BASE))
        square = ratio * (1 - ratio) * any_of_pair + middle * pair * ratio**2
        whole = own / (own + base)
        segregation = (CHANCE @ square - whole * own) / (own * (1 - whole))
        same = town.gap * (MEAN[at] - MEAN[BASE])
        found[group] = _parts(mean[at] - mean[BASE], same, segregation)
    return found


def growth_truth(town: District) -> Truths:
    """Difference in growth that was planted, over all possible schools.

    Parameters
    ----------
    town
        The district.

    Returns
    -------
    dict
        Group to units of the score a year.
    """
    return _of_groups(town.gap * (GROW - GROW[BASE]))


def _of_groups(values: np.ndarray) -> Truths:
    return {group: float(value) for group, value in zip(GROUPS, values, strict=True)}


def _risks(number: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return (number * chance).sum(axis=0) / number.sum(axis=0)


def _kinds(gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of each group that is in each kind of school, and its mean score there."""
    weight = (CHANCE * SIZE.mean(axis=1))[:, None] * MIX
    means = gap * (MEAN + KIND_EFFECT[:, None])
    return weight / weight.sum(axis=0), means


def _v(mixtures: list[tuple[np.ndarray, np.ndarray, float]]) -> Truths:
    """Compute the chance that one of a mixture is above one of the reference, as V."""
    base_weight, base_mean, base_sd = mixtures[BASE]
    found = {}
    for group, (weight, mean, sd) in zip(GROUPS, mixtures, strict=True):
        apart = (mean[:, None] - base_mean[None]) / np.hypot(sd, base_sd)
        chance = weight @ norm.cdf(apart) @ base_weight
        found[group] = float(np.sqrt(2) * norm.ppf(chance))
    return found


def _sd_of_all(town: District) -> float:
    """Standard deviation of all students, around the mean of all, in these schools."""
    weight = town.number / town.number.sum()
    mean = (weight * town.expected_here).sum()
    apart = (town.expected_here - mean) ** 2 + SPREAD**2
    return float(np.sqrt((weight * apart).sum()))


def _parts(total: float, same: float, segregation: float) -> Truths:
    return {
        school_gaps.TOTAL: total,
        school_gaps.SAME_SCHOOL: same,
        school_gaps.WITHIN: (1 - segregation) * same,
        school_gaps.AMBIGUOUS: segregation * same,
        school_gaps.BETWEEN: total - same,
        school_gaps.SEGREGATION: segregation,
    }
