"""Achievement from counts of students by level: the heteroskedastic ordered probit.

Schools publish how many students of each group are *below basic*, *basic*,
*proficient* and *advanced*, and seldom a score. A gap in the share proficient depends
on where the line is drawn: the same two groups are far apart at one line and close at
another. The *heteroskedastic ordered probit* (HETOP) finds, for all groups together,
the means and standard deviations of normal distributions and the *cut points* between
levels that make the published counts most likely.

**Terms**

standardised scale
    All students of a table (a year, a grade, a subject) together have mean 0 and
    standard deviation 1. A mean of -0.4 lies 0.4 standard deviations of all students
    below their mean.
standardised gap
    A group's mean less the reference's, in standard deviations of all students.
V
    The same difference in standard deviations of the two groups alone (binormal): it
    depends on no other group.
intraclass correlation
    The share of the variance that lies between groups.

Masked counts are bounds; see `hetop_masked`. Nothing is filled in, and the best and the
worst case stand beside the estimate.
"""

import pandas as pd

from equity.measure import hetop_tables
from equity.measure.hetop_parts import OWN_SPREAD, UNCORRECTED, Options, parts


def groups(
    counts: pd.DataFrame,
    *,
    spread: str = OWN_SPREAD,
    pooled: bool = False,
    scale: str = UNCORRECTED,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate each group's mean and standard deviation on the standardised scale.

    Parameters
    ----------
    counts
        A row per ``group`` and ``level`` (numbers, or ordered categories, lowest
        first), with ``students``. Masked counts are missing there and have
        ``students_low`` and ``students_high`` (least and most; missing: 0, and no
        bound) instead. ``population``, where given, is all students of the group
        tested, known or not by level. Levels without a row have nobody. Further
        columns are used where they exist: ``unit`` (a school or district, whose groups
        are then groups of their own), ``year``, ``grade`` and ``subject``, which make
        *tables*, each with cut points and a standardised scale of its own.
    spread
        "own": each group has a standard deviation (heteroskedastic); "common": all
        have the same.
    pooled
        Fit all tables together, a group's standard deviation being in the same relation
        to the others' in all of them. Steadies small groups.
    scale
        "uncorrected", or "bias-corrected" for errors of the estimates.
    confidence
        Two-sided level, as a proportion.

    Returns
    -------
    DataFrame
        The columns of the table and ``unit``; ``group``, ``population`` (missing where
        masked and not given), ``statistic`` ("level"), the measure columns, with
        ``measure`` "standardised mean" and "standardised standard deviation";
        ``standard_error``, ``rule`` (how the estimate came about: "estimated", or in
        words), ``case_low`` and ``case_high`` (worst and best case, were masked counts
        known; missing if nothing bounds them), ``masked_share`` (of students at levels
        whose count is masked, and not told by the total), ``scale``, ``converged``,
        and ``direction``. There are no limits where a rule gives the estimate. A masked
        group whose students may all be at the lowest, or the highest, level, or are as
        likely high as low, has no estimate and is left out of the fit; its cases say
        what is known. All estimates
        are missing if the likelihood has no maximum; ``method`` says so.

    Raises
    ------
    ColumnNotFoundError
        If a column is absent.
    InputError
        If a group or level is missing or given twice, levels have no order, counts are
        negative, not whole or do not add up to the population, or a table has two
        levels only and ``spread`` is "own".
    ParamsError
        If an option is none of those named.

    Notes
    -----
    With cut points c and a group of mean m and standard deviation s, the share at
    levels up to k is Phi((c_k - m) / s). Standard errors are from the observed
    information, by the delta method, the groups' shares of students taken as fixed;
    they say how far chance in who sat the test may have moved an estimate. Limits of
    standard deviations are on the log scale. Those of small groups (a dozen students)
    are rough. An estimate by rule counts like any other on the scale.

    References
    ----------
    Reardon, Shear, Castellano and Ho (2017), Using heteroskedastic ordered probit
    models to recover moments of continuous test score distributions from coarsened
    data, Journal of Educational and Behavioral Statistics 42(1), 3-45. Shear and
    Reardon (2021), 46(1), 3-33 (pooled).

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black"] * 4 + ["White"] * 4, "level": [1, 2, 3, 4] * 2,
    ...     "students": [420, 310, 190, 60, 310, 402, 498, 290]})
    >>> table = groups(counts)
    >>> table[["group", "measure", "estimate", "conf_low", "conf_high"]].round(3)
       group                          measure  estimate  conf_low  conf_high
    0  Black                standardised mean    -0.385    -0.431     -0.338
    1  White                standardised mean     0.251     0.221      0.282
    2  Black  standardised standard deviation     0.929     0.878      0.982
    3  White  standardised standard deviation     0.964     0.928      1.003
    """
    options = Options(spread, pooled, scale, confidence)
    return pd.concat(
        [
            table(part)
            for part in parts(counts, options)
            for table in (hetop_tables.means, hetop_tables.spreads)
        ],
        ignore_index=True,
    )


def gaps(
    counts: pd.DataFrame,
    *,
    reference: str,
    spread: str = OWN_SPREAD,
    pooled: bool = False,
    scale: str = UNCORRECTED,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate each group's gap to the reference, within every unit and table.

    Parameters
    ----------
    counts, spread, pooled, scale, confidence
        As in `groups`.
    reference
        The ``group`` all others are compared with; where there are units, that of the
        same unit.

    Returns
    -------
    DataFrame
        The columns of the table and ``unit``; ``group``, ``population``,
        ``reference_population``, ``statistic`` ("difference"), the measure columns,
        with ``measure`` "standardised gap" and "V"; ``standard_error``, ``rule`` (that
        of the two means which is not "estimated"), ``case_low`` and ``case_high`` (the
        worst case of the group with the best of the reference, and the reverse),
        ``masked_share`` (of both), ``scale``, ``converged``, ``direction``. Below zero
        the group is behind. Missing where the unit has no reference, or either mean is
        not known; without limits where a rule gives either.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `groups`.
    UnknownGroupError
        If the reference is a group nowhere.

    Notes
    -----
    V = sqrt(2) probit(share of pairs of students in which the group's is ahead). It
    needs no scale; a gap does, and depends on who else is in the table. The gap's error
    allows for the covariance of the two means, and for the scale.

    References
    ----------
    Ho and Reardon (2012), Estimating achievement gaps from test scores reported in
    ordinal "proficiency" categories, Journal of Educational and Behavioral Statistics
    37(4), 489-517; Reardon et al. (2017), as in `groups`.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black"] * 4 + ["White"] * 4, "level": [1, 2, 3, 4] * 2,
    ...     "students": [420, 310, 190, 60, 310, 402, 498, 290]})
    >>> table = gaps(counts, reference="White")
    >>> table[["group", "measure", "estimate", "conf_low", "conf_high"]].round(3)
       group           measure  estimate  conf_low  conf_high
    0  Black  standardised gap    -0.636    -0.713     -0.559
    1  White  standardised gap     0.000       NaN        NaN
    2  Black                 V    -0.672    -0.761     -0.582
    3  White                 V     0.000       NaN        NaN
    """
    options = Options(spread, pooled, scale, confidence)
    found = [hetop_tables.gaps(part, reference) for part in parts(counts, options)]
    return pd.concat(found, ignore_index=True)


def scales(
    counts: pd.DataFrame,
    *,
    spread: str = OWN_SPREAD,
    pooled: bool = False,
    scale: str = UNCORRECTED,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Say where cut points lie, how much lies between groups, and how fits went.

    Parameters
    ----------
    counts, spread, pooled, scale, confidence
        As in `groups`.

    Returns
    -------
    DataFrame
        The columns of the table; ``level`` (of a cut point: the level above it),
        ``population`` (missing if not known), ``statistic`` ("level"), the measure
        columns, with ``measure`` "cut point" and "intraclass correlation";
        ``standard_error``, ``masked_share`` (of all students of the table),
        ``left_out_share`` (of students whose group's mean is not known), ``scale``,
        ``log_likelihood``, ``last_step`` (the largest change of a parameter in the last
        step of the search), ``steps`` and ``converged``. A cut point is missing if
        nobody is below, or nobody above it.

    Raises
    ------
    ColumnNotFoundError, InputError, ParamsError
        As in `groups`.

    Notes
    -----
    The log-likelihood leaves out the multinomial coefficients of counts that are
    known. Pooled, it is that of all tables together. The error of a bias-corrected
    intraclass correlation is that of the uncorrected one.

    References
    ----------
    Reardon et al. (2017), as in `groups`.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "group": ["Black"] * 4 + ["White"] * 4, "level": [1, 2, 3, 4] * 2,
    ...     "students": [420, 310, 190, 60, 310, 402, 498, 290]})
    >>> table = scales(counts)
    >>> table[["measure", "level", "estimate", "standard_error"]].round(3)
                       measure  level  estimate  standard_error
    0                cut point    2.0    -0.545           0.026
    1                cut point    3.0     0.203           0.025
    2                cut point    4.0     1.079           0.031
    3  intraclass correlation    NaN     0.097           0.012
    """
    options = Options(spread, pooled, scale, confidence)
    found = [hetop_tables.scale(part) for part in parts(counts, options)]
    return pd.concat(found, ignore_index=True)
