"""Classes of a map: their limits, their names and their colours.

A **sequential** scale goes from little to much. A **diverging** scale goes both ways
from a centre, such as no difference: its classes are symmetrical about the centre, so
that a colour on one side means as much as its partner on the other, and the two ends
are equally dark. Both are told apart with any kind of colour vision. In grey, which
has no two sides, a diverging scale shows only how far an area is from the centre.

References
----------
Brewer, Hatchard and Harrower (2003), ColorBrewer in print, Cartography and Geographic
Information Science 30(1), 5-32: sequential colours that survive grey and colour
blindness, diverging ones with equally dark ends.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from equity.publish import display

#: Light to dark in even steps of lightness, yellow to blue.
PALETTE = ("#fbf6bf", "#a8dab5", "#4fb3bf", "#2b7bb0", "#22357f")

CLASSES = len(PALETTE)

#: Between two areas of one colour, three to one against it.
EDGES = ("#8a8a8a", "#6e6e6e", "#4d4d4d", "#ffffff", "#ffffff")

#: Below the centre, about it, and above: brown to purple, the ends equally dark.
DIVERGING = ("#843c00", "#e3a55c", "#f3f3f3", "#b4a6dc", "#5d36a3")

DIVERGING_EDGES = ("#ffffff", "#4d4d4d", "#8a8a8a", "#4d4d4d", "#ffffff")

#: How many of the areas lie nearer to the centre than each limit.
_NEAR, _FAR = 0.2, 0.6

ALL = "All areas with a value"
ALL_COLOURED = "All areas that are coloured"


@dataclass(frozen=True)
class Classes:
    """The classes of one map, from low to high.

    Attributes
    ----------
    limits
        Upper limits of all classes but the last; a value at a limit is below it.
    colours, edges
        Of each class and of the lines between its areas.

    Examples
    --------
    >>> found = Classes.of(np.array([1.0, 2.0, 3.0]), "number")
    >>> found.limits, found.names("number", "days")
    ([1.0, 2.0], ['1.0 days or less', '1.1 to 2.0 days', 'More than 2.0 days'])
    """

    limits: list[float]
    colours: tuple[str, ...]
    edges: tuple[str, ...]

    @classmethod
    def of(
        cls, values: np.ndarray, unit: str, centre: float | None = None
    ) -> "Classes":
        """Choose classes for the values that are coloured.

        Parameters
        ----------
        values
            Rounded as they will be printed.
        unit
            Of the values, one of ``display.UNITS``.
        centre
            Where a diverging scale has its middle, rounded like the values; None for
            a sequential scale, whose classes hold about equally many areas.

        Returns
        -------
        Classes
            Up to five. A diverging scale has fewer where so many would be alike.

        Examples
        --------
        >>> Classes.of(np.array([-5.0, -1.0, 0.2, 2.0]), "points", 0.0).limits
        [-2.1, -0.3, 0.2, 2.0]
        """
        if centre is None:
            limits = _quintiles(values, unit)
            at = _spread(len(limits) + 1)
            colours, edges = PALETTE, EDGES
        else:
            limits = _about(values, unit, centre)
            at = [0, 1, 2, 3, 4] if len(limits) == 4 else [0, 2, 4]
            at = at if limits else [2]
            colours, edges = DIVERGING, DIVERGING_EDGES
        return cls(limits, tuple(colours[k] for k in at), tuple(edges[k] for k in at))

    def number(self, values: np.ndarray) -> np.ndarray:
        """Number the class of each value from zero.

        Parameters
        ----------
        values
            Rounded like those the classes were made from.

        Returns
        -------
        ndarray
            Whole numbers; of missing values, without meaning.

        Examples
        --------
        >>> Classes([1.0], PALETTE[:2], EDGES[:2]).number(np.array([1.0, 1.1]))
        array([0, 1])
        """
        return np.searchsorted(self.limits, values, side="left")

    def names(self, unit: str, noun: str, every: str = ALL) -> list[str]:
        """Name the classes by their limits, so that no two touch.

        Parameters
        ----------
        unit, noun
            Of the values, as in ``display.quantity``.
        every
            The name of the only class.

        Returns
        -------
        list of str
            From low to high. The lowest and the highest value are not said.

        Examples
        --------
        >>> Classes([], PALETTE[:1], EDGES[:1]).names("number", "")
        ['All areas with a value']
        """
        if not self.limits:
            return [every]
        first = f"{display.quantity(self.limits[0], unit, noun)} or less"
        last = f"More than {display.quantity(self.limits[-1], unit, noun)}"
        between = [
            _from_to(_next(low, unit), high, unit, noun)
            for low, high in pairwise(self.limits)
        ]
        return [first, *between, last]


def _from_to(low: float, high: float, unit: str, noun: str) -> str:
    start = "" if low == high else f"{display.number(low, unit)} to "
    return f"{start}{display.quantity(high, unit, noun)}"


def _quintiles(values: np.ndarray, unit: str) -> list[float]:
    """Upper limits of all classes but the last, from quintiles of rounded values."""
    if not len(values):
        return []
    shares = np.arange(1, CLASSES) / CLASSES
    cuts = np.quantile(values, shares, method="inverted_cdf")
    decimals = display.UNITS[unit][1]
    return sorted({round(float(cut), decimals) for cut in cuts if cut < values.max()})


def _about(values: np.ndarray, unit: str, centre: float) -> list[float]:
    """Limits as far below the centre as above: of its class, and of the ends."""
    decimals = display.UNITS[unit][1]
    away = np.abs(values - centre).round(decimals)
    if not len(away) or not away.max() > 0:
        return []
    near, far = np.quantile(away, [_NEAR, _FAR], method="inverted_cdf")
    steps = [float(near) if near < away.max() else 0.0]
    if near < far < away.max():
        steps.append(float(far))
    # A value at a limit is in the class below it: below the centre, the limit that
    # is printed is one step inside.
    under = [_next(centre - step, unit, -1) for step in reversed(steps)]
    return [*under, *(round(centre + step, decimals) for step in steps)]


def _spread(count: int) -> list[int]:
    """Colours for fewer classes, as far apart as they can be."""
    if count == 1:
        return [CLASSES // 2]
    return [round(i * (CLASSES - 1) / (count - 1)) for i in range(count)]


def _next(value: float, unit: str, way: int = 1) -> float:
    """The nearest printed number above a value, or below, so that classes part."""
    decimals = display.UNITS[unit][1]
    return round(value + way * 10**-decimals, decimals)
