"""Lines in one direction: the cells of a count, and how far each can move.

**Terms**

line
    Rows that add up to a total a reader may know, such as the groups of one
    department.
covered
    A hidden count that a reader cannot narrow to fewer than five values, although the
    reader knows every line's total, every number shown and the least a hidden count
    can be.
bare
    A hidden count that stays narrow although the gate hid whatever helps: its lines
    hold too few people to cover it, so their totals must not become known.
room
    How far a count of events could grow: the people who did not have the event.
width
    The most a hidden count can be for all a reader knows, less the least.

References
----------
NCES 2011-603 and CMS Cell Size Suppression Policy: no small count may be worked back.
Fischetti and Salazar (2001), Management Science 47(7), 1008-1027: sliding protection,
the width of what an attacker finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: As many values as a hidden count must still be able to have.
NEED = 5


@dataclass(frozen=True, eq=False)
class Policy:
    """What a reader may know, and how uncertain hidden counts must stay.

    Attributes
    ----------
    min_cell
        Counts above zero and below this are hidden.
    outcome
        Whether events happen to members of the population.
    zeros
        Whether zeros are hidden like small counts.

    Examples
    --------
    >>> Policy(10).need
    4
    """

    min_cell: int
    outcome: bool = False
    zeros: bool = False

    @property
    def need(self) -> int:
        """How wide a hidden count must be: room for `NEED` values, as in the audit.

        Returns
        -------
        int
            One less than the values, of which there cannot be more than small counts.

        Examples
        --------
        >>> Policy(5).need
        3
        """
        return min(NEED, self.min_cell - 1) - 1


class Cells:
    """The cells of one count: what is hidden, and how far an attacker lets each move.

    ``down`` and ``up`` are how much lower and higher a reader must think possible
    if the cell is hidden; ``fall`` is ``down`` where zeros may be hidden beside it;
    ``cost`` is the people whom hiding the cell would take out of sight. ``together``
    is what the hidden counts of a line should add up to, since a reader can work out
    their sum; it is not asked of lines that cross.

    Parameters
    ----------
    values
        The counts; missing where unknown.
    hidden
        The rows hidden already.
    policy
        How uncertain hidden counts must stay.
    room
        For events that happen to members of a population: the other members.

    Examples
    --------
    >>> Cells(np.array([4.0, 40.0]), np.array([True, False]), Policy(10)).down.tolist()
    [3.0, 39.0]
    """

    def __init__(
        self,
        values: np.ndarray,
        hidden: np.ndarray,
        policy: Policy,
        room: np.ndarray | None = None,
    ) -> None:
        known = ~np.isnan(values)
        self.counts = np.where(known, values, 0.0)
        self.is_zero = known & (self.counts == 0) & (not policy.zeros)
        self.hidden = hidden & known
        self.given = hidden
        self.need = policy.need
        self.together = policy.min_cell if room is None else 0
        self.movable = self.counts > 0
        if room is None:
            least = 0.0 if policy.zeros else np.minimum(self.counts, 1.0)
            self.up = np.where(known, self.counts.sum(), 0.0)
            self.down = self.counts - least
            self.cost = self.counts
        else:
            self.up = np.where(known & ~np.isnan(room), np.nan_to_num(room), 0.0)
            self.down = self.counts.copy()
            self.cost = self.counts + self.up
            self.is_zero &= self.up > 0  # none of nobody is no news
        self.fall = self.counts

    def keep_within(self, low: np.ndarray, high: np.ndarray) -> None:
        """Let cells move only inside what their rows tell of them.

        Parameters
        ----------
        low, high
            The fewest and most that each row tells; missing where it tells nothing.

        Examples
        --------
        >>> cells = Cells(np.array([4.0]), np.array([True]), Policy(10))
        >>> cells.keep_within(np.array([0.0]), np.array([9.0]))
        >>> cells.up.tolist()
        [5.0]
        """
        told = ~np.isnan(low) & ~np.isnan(high)
        self.up = np.where(told, high - self.counts, self.up)
        self.down = np.where(told, self.counts - low, self.down)
        self.fall = np.where(told, self.down, self.fall)


def cover_lines(
    cells: Cells,
    code: np.ndarray,
    order: np.ndarray,
    numbers: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Cover each line for itself: hide the next smallest until every width will do.

    In a line too poor to cover its own small counts a zero is hidden, too. Then a
    hidden count of the line may be zero, and its range begins there.

    Parameters
    ----------
    cells
        The cells; what is hidden as well is noted there.
    code
        The number of the line that every row lies in.
    order
        The rows, those to be hidden first at the front.
    numbers
        The lines to cover; None: all that hide anything.

    Returns
    -------
    tuple of ndarray
        Which rows are hidden, and which of them are bare.

    References
    ----------
    See the module.

    Examples
    --------
    >>> cells = Cells(np.array([4.0, 90.0, 31.0]), np.array([True, False, False]),
    ...               Policy(10))
    >>> cover_lines(cells, np.zeros(3, int), np.array([0, 2, 1]))[0].tolist()
    [True, False, True]
    """
    bare = np.zeros(len(order), dtype=bool)
    zeros = [k for k in order if cells.is_zero[k]]
    for number in np.unique(code[cells.hidden]) if numbers is None else numbers:
        line = code == number
        _open_poor_line(cells, line, zeros)
        waiting = [k for k in order if line[k] and cells.movable[k]]
        waiting = iter([k for k in waiting if not cells.hidden[k]])
        while not _is_wide(cells, line & cells.hidden, line & cells.hidden):
            following = next(waiting, None)
            if following is None:
                break
            cells.hidden[following] = True
        inside = line & cells.hidden
        bare |= inside & (_widths(cells, inside) < cells.need - 1e-9)
    return cells.hidden | cells.given, bare


def _open_poor_line(cells: Cells, line: np.ndarray, zeros: Sequence[int]) -> None:
    hidden, people = line & cells.hidden, line & cells.movable
    if hidden.any() and not _is_wide(cells, hidden, hidden | people):
        cells.hidden |= people
        cells.hidden[[k for k in zeros if line[k]][:1]] = True
        cells.down = np.where(line, cells.fall, cells.down)


def _is_wide(cells: Cells, asked: np.ndarray, inside: np.ndarray) -> bool:
    """Whether each asked cell can move enough, and the cells add up to enough."""
    enough = cells.counts[inside].sum() >= cells.together
    return enough and bool((_widths(cells, inside) >= cells.need - 1e-9)[asked].all())


def _widths(cells: Cells, inside: np.ndarray) -> np.ndarray:
    """How far each cell can move against the others inside the line."""
    rises = np.minimum(cells.up, cells.down[inside].sum() - cells.down)
    falls = np.minimum(cells.down, cells.up[inside].sum() - cells.up)
    return rises + falls
