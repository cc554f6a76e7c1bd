"""One sentence from one row, with the numbers it holds.

Every function here returns a sentence and the numbers of its comparison, or None where
nothing is compared. ``row`` is a group's own number, ``apart`` are the groups'
differences from the reference group and ``fold`` their ratios to it, all as
`equity.publish.comparisons` makes them.
"""

from collections.abc import Iterable

import pandas as pd

from equity.errors import EquityError
from equity.publish import display
from equity.publish.comparisons import both_clear, is_base, is_clear, numbers, shown
from equity.publish.wording import _Words, people, people_count

NOT_CLEAR = "; no clear difference"
ONE_CLEAR = (
    ". One of the two intervals leaves out parity and the other does not, "
    "so the difference is not called clear"
)
NO_INTERVAL = "; no interval is known for this comparison"
ONLY = "The only comparison that can be shown: "
CODED = "; the exact figure is not shown, to protect privacy"
GAIN = "with the outcome measured"

_SHARES = _Words("", "", "", "", "percent", words=("more", "less"))
_Said = tuple[str, dict | None]  # a sentence, and the numbers of its comparison


# --- one sentence -------------------------------------------------------------


def interval(row: dict, unit: str) -> str:
    """Write a row's interval in brackets.

    Parameters
    ----------
    row
        From `records`.
    unit
        Of its limits.

    Returns
    -------
    str
        " (95% interval 2.18 to 4.12)", or "" if there is none.

    Examples
    --------
    >>> interval({"level": "interval", "conf_low": 1.0, "conf_high": 2.0}, "number")
    ' (interval 1.0 to 2.0)'
    """
    limits = display.span(row["conf_low"], row["conf_high"], unit, mark=True)
    return f" ({row['level']} {limits})" if limits else ""


def blank(row: dict, figure: str, why: str) -> str:
    """Say why there is no number.

    Parameters
    ----------
    row
        From `records`, without an estimate.
    figure
        What the number would be of.
    why
        Why numbers of this table are hidden.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> blank({"hidden": False, "unknown": True}, "Asian students", "few people")
    'The figure for Asian students is not known.'
    """
    if row["hidden"]:
        return f"The figure for {figure} is not shown: {why}."
    if row["unknown"]:
        return f"The figure for {figure} is not known."
    return f"The figure for {figure} cannot be calculated."


def compared(row: dict, apart: dict, fold: dict, said: _Words, why: str) -> _Said:
    """Say one group's estimate and how it compares.

    Parameters
    ----------
    row
        The group's own number, from `records`.
    apart, fold
        Differences and ratios, from `by_group`.
    said
        The words around them.
    why
        Why numbers are hidden.

    Returns
    -------
    str
        A sentence, or two where people to parity are known.
    dict or None
        The comparison's `numbers`; None where nothing is compared.

    Examples
    --------
    >>> row = {"group": "Asian", "estimate": 12.0, "coded": "", "conf_low": None,
    ...        "conf_high": None}
    >>> compared(row, {}, {}, _Words("{people}", "wait {estimate}", "", "callers",
    ...                             "number", noun="days"), "")
    ('Asian callers wait 12.0 days.', None)
    """
    subject = said.subject(row)
    if row["coded"]:
        text = said.verb.format(estimate=row["coded"])
        return f"{upper(subject)} {text}{CODED}.", None
    if row["estimate"] is None:
        return blank(row, subject, why), None
    text = f"{upper(subject)} {said.estimate(row)}{interval(row, said.unit)}"
    group = row["group"]
    given = apart.get(group) or fold.get(group)
    if given is None:
        return f"{text}.", None
    if is_base(given):
        return f"{text}; the other groups are compared with this one.", None
    gap, times = shown(apart, group), shown(fold, group)
    if gap is None and times is None:
        base = said.base(given)
        if given["hidden"]:
            hidden = f"the comparison with {base} is not shown: {given['why']}"
            return f"{text}; {hidden}.", None
        return f"{text}; it cannot be compared with {base}.", None
    clear = both_clear(gap, times)
    short = row["parity"] if clear and row["parity"] else None
    text = f"{text}{_comparison(gap, times, clear, said)}."
    if short:
        more = people_count(short, group, said.people)
        text += f" Parity would take {more} {said.gain or GAIN}."
    unit = "ratio" if gap is None else said.gap_unit
    return text, numbers(gap or times, unit, clear, people_to_parity=short)


def _comparison(
    gap: dict | None, times: dict | None, clear: bool | None, said: _Words
) -> str:
    """The difference and the ratio of one group, as the rest of its sentence."""
    base = said.base(gap or times)
    doubt = NO_INTERVAL if clear is None else ""
    ratio = f"{display.number(times['estimate'], 'ratio')}" if times else ""
    limits = interval(times, "ratio") if times else ""
    if gap is None:
        doubt = doubt or ("" if clear else NOT_CLEAR)
        return f", {ratio} times {said.times} as {base}{limits}{doubt}"
    if clear is False:
        text = f", no clear difference from {base}: the estimate is {said.gap(gap)}"
        text += _runs(gap, said)
        text += f"; the ratio is {ratio}{limits}" if times else ""
        return text + _disagreement(gap, times)
    text = f", {said.gap(gap)} than {base}{_gap_interval(gap, said)}"
    return text + (f", or {ratio} times {said.times}{limits}" if times else "") + doubt


def _runs(row: dict, said: _Words) -> str:
    """An interval that includes parity: ", and the 95% interval runs from ... to"."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    return f", and the {row['level']} runs from {said.end(low)} to {said.end(high)}"


def _disagreement(gap: dict, times: dict | None) -> str:
    """Why no difference is called clear, where one of two intervals would say so."""
    if times is None:
        return ""
    both = is_clear(gap, 0.0), is_clear(times, 1.0)
    return ONE_CLEAR if None not in both and any(both) else ""


def _gap_interval(row: dict, said: _Words) -> str:
    """The interval of a clear difference, in the direction of its word."""
    low, high = row["conf_low"], row["conf_high"]
    if low is None or high is None:
        return ""
    if row["estimate"] < 0:
        low, high = -high, -low
    return f" ({row['level']} {display.span(low + 0.0, high + 0.0, said.gap_unit)})"


def as_ratio(row: dict, said: _Words, why: str) -> _Said:
    """Say one group's ratio to the reference group.

    Parameters
    ----------
    row
        From `records`, in ratios.
    said
        The words around it.
    why
        Why numbers are hidden.

    Returns
    -------
    str
        A sentence.
    dict or None
        Its `numbers`.

    Examples
    --------
    >>> row = {"group": "Asian", "reference": "White", "estimate": None, "coded": "",
    ...        "hidden": False, "unknown": True}
    >>> as_ratio(row, _Words("{people}", "", "{people}", "callers", "ratio"), "")[0]
    'The figure for the ratio of Asian callers to White callers is not known.'
    """
    subject, base = said.subject(row), said.base(row)
    if row["estimate"] is None:
        return blank(row, f"the ratio of {subject} to {base}", why), None
    text = f"{upper(subject)} {said.estimate(row)} {base}{interval(row, 'ratio')}"
    clear = is_clear(row, 1.0)
    doubt = {True: "", False: NOT_CLEAR, None: NO_INTERVAL}[clear]
    return f"{text}{doubt}.", numbers(row, "ratio", clear)


# --- the sentence of the largest ----------------------------------------------


def largest(rows: list[dict], apart: dict, fold: dict, said: _Words, why: str) -> _Said:
    """Say the largest clear difference among the rows shown.

    Parameters
    ----------
    rows
        The groups' own numbers, from `records`.
    apart, fold
        Differences and ratios, from `by_group`; the ratios choose only where there
        are no differences.
    said
        The words around them.
    why
        Why numbers are hidden.

    Returns
    -------
    str
        A sentence; it tells of groups that are left out.
    dict or None
        Its `numbers`, whose own ``sentence`` is without the announcement.

    Raises
    ------
    EquityError
        If there is nothing to choose by.

    Examples
    --------
    >>> largest([], {}, {}, None, "")
    Traceback (most recent call last):
    equity.errors.EquityError: largest needs differences or ratios to choose by
    """
    measured = apart or fold
    if not measured:
        raise EquityError("largest needs differences or ratios to choose by")
    note = _left_out(rows, measured)
    others = [
        row
        for row in rows
        if row["estimate"] is not None
        and shown(measured, row["group"]) is not None
        and not is_base(measured[row["group"]])
    ]
    if not others:
        base = said.base(next(iter(measured.values())))
        return f"No comparison with {base} can be shown.{note}", None
    verdicts = [
        both_clear(shown(apart, row["group"]), shown(fold, row["group"]))
        for row in others
    ]
    clear = [row for row, known in zip(others, verdicts, strict=True) if known]
    if not clear:
        whom = people(measured[others[0]["group"]]["reference"], said.people)
        where = f" in {said.measure}" if said.measure else ""
        if set(verdicts) == {None}:
            doubt = f"No interval is known for any difference{where} from {whom}"
            return f"{doubt}, so none can be called clear.{note}", None
        nothing = f"No clear difference{where} from {whom} can be seen in any group"
        return f"{nothing} shown.{note}", None
    sizes = [_distance(measured[row["group"]]["estimate"], apart) for row in clear]
    top = clear[sizes.index(max(sizes))]  # the first of equals
    text, found = compared(top, apart, fold, said, why)
    start = ONLY if len(others) == 1 else "The largest clear difference: "
    rest = after_colon(text, [said.subject(top)])
    return f"{start}{rest}{note}", {**found, "sentence": text}


def _left_out(rows: list[dict], measured: dict) -> str:
    """Tell of groups that the largest cannot be chosen from."""
    hidden = any(row["hidden"] or row["coded"] for row in [*rows, *measured.values()])
    unknown = any(
        row["estimate"] is None and not (row["hidden"] or row["coded"]) for row in rows
    )
    why = {
        (True, True): "hidden or not known",
        (True, False): "hidden",
        (False, True): "not known",
    }.get((hidden, unknown))
    return f" Groups whose figures are {why} are left out." if why else ""


def _distance(estimate: float, apart: dict) -> float:
    """How far from parity; a ratio and its inverse are equally far."""
    if apart:
        return abs(estimate)
    return max(estimate, 1 / estimate) if estimate > 0 else float("inf")


# --- shares beside a benchmark ------------------------------------------------


def share(
    row: dict,
    gap: dict | None,
    times: dict | None = None,
    *,
    benchmark: str,
    whole: str,
    benchmark_whole: str,
    noun: str,
    members: str,
    why: str,
) -> _Said:
    """Say one group's share of a whole beside its share of a benchmark.

    Parameters
    ----------
    row
        The group's share, from `records`.
    gap, times
        Its difference from the benchmark and its ratio to it, from `by_group`; None
        if not given.
    benchmark
        The column of the benchmark.
    whole, benchmark_whole, noun, members
        The words, as in `equity.publish.findings.representation`; ``noun`` is what
        people are.
    why
        Why numbers are hidden.

    Returns
    -------
    str
        A sentence, or two where people to parity are known.
    dict or None
        The difference's `numbers`; None where no difference was given.

    Examples
    --------
    >>> row = {"group": "Asian", "estimate": 5.0, "residents": None, "coded": "",
    ...        "conf_low": 4.0, "conf_high": 6.0, "level": "95% interval"}
    >>> share(row, None, benchmark="residents", whole="the workforce", why="",
    ...       benchmark_whole="residents", noun="people", members="employees")[0]
    'Asian people are 5.0% of the workforce (95% interval 4.0% to 6.0%); of residents,
    it is not known.'
    """
    name = people(row["group"], noun)
    if row["coded"]:
        return f"{upper(name)} are {row['coded']} of {whole}{CODED}.", None
    if row["estimate"] is None:
        return blank(row, f"{name} as a share of {whole}", why), None
    text = f"{upper(name)} are {display.quantity(row['estimate'], 'percent')}"
    text += f" of {whole}{interval(row, 'percent')}"
    if row[benchmark] is None:
        return f"{text}; of {benchmark_whole}, it is not known.", None
    other = display.quantity(row[benchmark], "percent")
    text += f" and {other} of {benchmark_whole}"
    if gap is not None and gap["estimate"] is None:
        why = f"is not shown: {gap['why']}" if gap["hidden"] else "cannot be made"
        return f"{text}; the comparison of the two {why}.", None
    clear = differs(row, benchmark, gap, times)
    short = row["parity"] if clear and row["parity"] else None
    text += f"{_apart(gap, times, clear)}."
    if short:
        more = people_count(short, row["group"], members)
        text += f" Parity would take {more} in place of others."
    if gap is None:
        return text, None
    more = {"reference": benchmark_whole, "people_to_parity": short}
    return text, numbers(gap, "points", clear, **more)


def differs(
    row: dict, benchmark: str, gap: dict | None = None, times: dict | None = None
) -> bool | None:
    """Tell whether a share differs clearly from its benchmark.

    Parameters
    ----------
    row
        The group's share, from `records`.
    benchmark
        The column of the benchmark.
    gap, times
        Its difference from the benchmark and its ratio to it, if given.

    Returns
    -------
    bool or None
        By the intervals of the difference and the ratio; by the share's where neither
        is given. None if there is no interval.

    Examples
    --------
    >>> row = {"estimate": 5.0, "residents": 5.5,
    ...        "exact": {"conf_low": 0.04, "conf_high": 0.06, "residents": 0.055}}
    >>> differs(row, "residents")
    False
    """
    if row["estimate"] is None or row[benchmark] is None:
        return False
    if gap is not None or times is not None:
        return both_clear(gap, times)
    exact = row["exact"]
    if pd.isna(exact["conf_low"]) or pd.isna(exact["conf_high"]):
        return None
    return not exact["conf_low"] <= exact[benchmark] <= exact["conf_high"]


def _apart(gap: dict | None, times: dict | None, clear: bool | None) -> str:
    """A difference and a ratio: ", 9.5 percentage points less (...), or 0.57 times"."""
    doubt = {True: "", False: ", no clear difference", None: NO_INTERVAL}[clear]
    if gap is None:
        return doubt
    ratio, limits = "", ""
    if times is not None and times["estimate"] is not None:
        ratio = display.number(times["estimate"], "ratio")
        limits = interval(times, "ratio")
    if clear is False:
        text = f"{doubt}: the estimate is {_SHARES.gap(gap)}{_runs(gap, _SHARES)}"
        text += f"; the ratio is {ratio}{limits}" if ratio else ""
        return text + (_disagreement(gap, times) if ratio else "")
    text = f", {_SHARES.gap(gap)}{_gap_interval(gap, _SHARES)}"
    return text + (f", or {ratio} times its share{limits}" if ratio else "") + doubt


def after_colon(text: str, names: Iterable[str]) -> str:
    """Begin a sentence small, as it stands after a colon, unless it begins with a name.

    Parameters
    ----------
    text
        A sentence.
    names
        Subjects as they stand within a sentence: a text that begins with one stays.

    Returns
    -------
    str
        The sentence, with its first letter small where it is no name's.

    Examples
    --------
    >>> after_colon("The share is 5%.", ["the share"])
    'the share is 5%.'
    >>> after_colon("Asian students wait.", ["Asian students"])
    'Asian students wait.'
    """
    if any(text.startswith(name) for name in names):
        return text
    return text[:1].lower() + text[1:]


def upper(text: str) -> str:
    """Begin a text with a capital letter.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The same with its first letter a capital.

    Examples
    --------
    >>> upper("the share of requests")
    'The share of requests'
    """
    return text[:1].upper() + text[1:]
