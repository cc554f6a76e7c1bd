"""Oaxaca-Blinder: a gap in mean log pay split by the characteristics listed.

**Terms**

gap that goes with the listed characteristics
    How much of the gap would be there if both groups were paid alike for the same
    characteristics ("explained", "endowments").
gap that does not
    The rest: the same characteristics go with different pay ("unexplained"). It holds
    whatever is not listed, too.
coefficients
    What each characteristic goes with in pay. To value a difference in characteristics
    somebody's must be taken: the reference group's, the group's, or a mixture. The
    answer depends on it, so none is hidden: `pay_pairs.COEFFICIENTS` lists them.

"Explained" is a word about the model, not an excuse: that a group works in lower paid
jobs may be just what is wrong. `pay_parts.by_race` splits the gaps of
a workforce.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from equity.errors import UnknownGroupError
from equity.measure.pay_pairs import COEFFICIENTS, ROBUST, Pair
from equity.measure.pay_splits import THREEFOLD, check, split, tabled
from equity.measure.table import MEASURE_COLUMNS, numbers, require_columns

COLUMNS = [
    *("group", "events", "reference_events", "incomplete", "coefficients"),
    *("component", "variable", "statistic", *MEASURE_COLUMNS, "direction"),
    "standard_error",
]


def threefold(
    rows: pd.DataFrame,
    *,
    group: str,
    reference: str,
    outcome: str = "log_pay",
    regressors: Sequence[str],
    dummies: Mapping[str, Sequence[str]] | None = None,
    errors: str = ROBUST,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Split a gap into endowments, coefficients and their interaction.

    Parameters
    ----------
    rows
        One row a person: ``group``, the outcome, and the regressors as numbers.
    group, reference
        Two values of ``group``. The gap is the group's mean less the reference's.
    outcome
        The column whose means are compared.
    regressors
        The columns it is regressed on, beside a constant.
    dummies
        For each category without a column (its base) the 1-or-0 columns of the other
        categories. Their coefficients are then counted from the average of all
        categories, so that what is said of a variable does not depend on its base.
    errors
        `robust` (to pay that spreads unequally; HC3) or `classical` (Jann's formula,
        equal spread within a group).
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        Columns of `COLUMNS`. For ``component`` `gap`, `endowments`, `coefficients` and
        `interaction` a row `all together`, and but for the gap one for each
        ``variable``: the constant, the regressors, the bases of the dummies.
        ``estimate`` is in the unit of the outcome; the three add up to the gap.
        ``coefficients`` is empty. ``events`` and ``reference_events`` are the people
        compared; ``incomplete`` are rows of the two groups left out, since a value is
        missing. Limits are missing where the standard error is zero, as for what is
        zero by definition.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a column is not numbers, or a group's regressors hold the same twice (or
        leave no person more than coefficients), so that a coefficient cannot be told.
    ParamsError
        If a base is listed twice, or dummies are no regressors; if `errors` or the
        confidence is none of those known.
    UnknownGroupError
        If nobody is in one of the groups.

    Notes
    -----
    With means *m* and coefficients *b*, and accents for the reference::

        endowments   = (m - m') b'
        coefficients = m' (b - b')
        interaction  = (m - m') (b - b')

    Errors take characteristics as drawn by chance, like pay. The robust ones follow
    from how much each person moves means and coefficients (their influence), residuals
    divided by one less the leverage.

    References
    ----------
    Blinder (1973), Journal of Human Resources 8(4), 436-455. Jann (2008), Stata Journal
    8(4), 453-479. Gardeazabal and Ugidos (2004), Review of Economics and Statistics
    86(4), 1034-1036; Yun (2005), Economic Inquiry 43(4), 766-772 (dummies). MacKinnon
    and White (1985), Journal of Econometrics 29(3), 305-325 (HC3).

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["Black"] * 4 + ["White"] * 4,
    ...     "years": [1, 1, 3, 3, 3, 3, 5, 5],
    ...     "log_pay": [1.0, 1.2, 1.3, 1.5, 1.9, 2.1, 2.3, 2.5]})
    >>> table = threefold(staff, group="Black", reference="White", regressors=["years"])
    >>> whole = table[table["variable"] == "all together"]
    >>> whole[["component", "estimate"]].round(2)
          component  estimate
    0           gap     -0.95
    1    endowments     -0.40
    4  coefficients     -0.65
    7   interaction      0.10
    """
    check([], errors, confidence)
    pair, frame = _paired(rows, group, reference, outcome, regressors, dummies, errors)
    parts = split(pair, [THREEFOLD])
    return tabled(frame.merge(parts, how="cross"), reference, errors, confidence)[
        COLUMNS
    ]


def twofold(
    rows: pd.DataFrame,
    *,
    group: str,
    reference: str,
    outcome: str = "log_pay",
    regressors: Sequence[str],
    coefficients: Sequence[str] = tuple(COEFFICIENTS),
    dummies: Mapping[str, Sequence[str]] | None = None,
    errors: str = ROBUST,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Split a gap into what goes with the characteristics and what does not.

    Parameters
    ----------
    rows, group, reference, outcome, regressors, dummies, errors, confidence
        As for `threefold`.
    coefficients
        By whose coefficients differences in characteristics are valued: some of
        `COEFFICIENTS`.

    Returns
    -------
    DataFrame
        As `threefold`, for each of ``coefficients``, with ``component`` `gap`,
        `explained`, `unexplained`, and its two parts `unexplained: group` and
        `unexplained: reference`. Explained and unexplained add up to the gap.

    Raises
    ------
    ColumnNotFoundError, InputError, UnknownGroupError
        As `threefold`.
    ParamsError
        As `threefold`, and if a name is none of `COEFFICIENTS`.

    Notes
    -----
    With means *m*, coefficients *b*, accents for the reference and common coefficients
    *c*::

        explained              = (m - m') c
        unexplained: group     = m (b - c)
        unexplained: reference = m' (c - b')

    All choices of *c* are averages of *b* and *b'*. Under `neumark` the group's own
    effect leaks into the characteristics, so that too much is "explained"; `jann` keeps
    it out, with the constant of the reference group, so that `unexplained: reference`
    is zero there. Classical errors take the weights of the average as given.

    References
    ----------
    Oaxaca (1973), International Economic Review 14(3), 693-709. Reimers (1983), Review
    of Economics and Statistics 65(4), 570-579. Cotton (1988), Review of Economics and
    Statistics 70(2), 236-243. Neumark (1988), Journal of Human Resources 23(3),
    279-295. Oaxaca and Ransom (1994), Journal of Econometrics 61(1), 5-21. Fortin
    (2008), Journal of Human Resources 43(4), 884-918. Jann (2008), as above.

    Examples
    --------
    >>> staff = pd.DataFrame({"group": ["Black"] * 4 + ["White"] * 4,
    ...     "years": [1, 1, 3, 3, 3, 3, 5, 5],
    ...     "log_pay": [1.0, 1.2, 1.3, 1.5, 1.9, 2.1, 2.3, 2.5]})
    >>> table = twofold(staff, group="Black", reference="White", regressors=["years"])
    >>> whole = table[table["variable"] == "all together"]
    >>> whole.pivot(index="coefficients", columns="component",
    ...     values="estimate")[["explained", "unexplained"]].round(2)
    component     explained  unexplained
    coefficients
    cotton            -0.35        -0.60
    group             -0.30        -0.65
    jann              -0.35        -0.60
    neumark           -0.65        -0.30
    reference         -0.40        -0.55
    reimers           -0.35        -0.60
    """
    check(coefficients, errors, confidence)
    pair, frame = _paired(rows, group, reference, outcome, regressors, dummies, errors)
    parts = split(pair, coefficients)
    return tabled(frame.merge(parts, how="cross"), reference, errors, confidence)[
        COLUMNS
    ]


def _paired(
    rows: pd.DataFrame,
    group: str,
    reference: str,
    outcome: str,
    regressors: Sequence[str],
    dummies: Mapping[str, Sequence[str]] | None,
    errors: str,
) -> tuple[Pair, pd.DataFrame]:
    """Take the two groups' complete rows, and count them."""
    require_columns(rows, ["group", outcome, *regressors])
    kinds = rows["group"].astype(object)
    values = np.column_stack([numbers(rows, name) for name in [outcome, *regressors]])
    complete = np.isfinite(values).all(axis=1)
    chosen = []
    for name in (group, reference):
        own = (kinds == name).to_numpy(bool)
        if not (own & complete).any() or group == reference:
            found = [str(kind) for kind in kinds.dropna().unique()]
            raise UnknownGroupError(
                f"{group!r} is to be compared with {reference!r}; expected two of "
                f"{found} with complete rows"
            )
        chosen.append(values[own & complete])
    pair = Pair.of(
        (chosen[0][:, 0], chosen[1][:, 0]),
        (chosen[0][:, 1:], chosen[1][:, 1:]),
        regressors,
        dummies,
        errors,
    )
    counts = {
        "group": [group],
        "events": len(chosen[0]),
        "reference_events": len(chosen[1]),
        "incomplete": int((kinds.isin([group, reference]) & ~complete).sum()),
    }
    return pair, pd.DataFrame(counts)
