"""Errors that carry facts: which file, row and column, what was found and expected.

An error's text is one line that says what is wrong and what to do next. It never
repeats a value of a person-level column: file, row, column and rule only. (Labels
of a vocabulary, such as an unmapped race label, are not a person's value and are
named, because nothing can be mended without them.)
"""

from collections.abc import Iterable


class EquityError(Exception):
    """Anything the suite refuses to go on with; its text is meant for the user."""


class ParamsError(EquityError):
    """A params or sources file that cannot be used as it is."""


class InputError(EquityError):
    """A raw file, or a part of it, that cannot be used as it is."""


class UnmappedLabelError(InputError):
    """Labels in the data that the declared crosswalk does not map."""


class ColumnNotFoundError(EquityError, KeyError):
    """A table lacks columns that a step needs.

    Parameters
    ----------
    missing
        The columns needed and absent.
    found
        The columns there are.

    Examples
    --------
    >>> print(ColumnNotFoundError(["events"], found=["group", "population"]))
    columns ['events'] are missing; found ['group', 'population']
    """

    def __init__(self, missing: Iterable[str], *, found: Iterable[str]):
        self.missing, self.found = list(missing), list(found)
        super().__init__(f"columns {self.missing} are missing; found {self.found}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print its repr


class UnknownGroupError(EquityError, ValueError):
    """A named group, such as the reference, is not exactly one row."""


class DisclosureError(EquityError):
    """Something unprotected was about to be shown."""


class NotebookError(EquityError):
    """A notebook did not run to its end, or shows what may not be published."""
