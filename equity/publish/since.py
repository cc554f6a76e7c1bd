"""What became of the findings of the release before, in sentences.

A comparison was **measured again** if its numbers in the two releases are of other
times. Where both say that they are of the same time (``when``), they come from the same
data, and nothing is said of change. Nothing here is a test of change: where two
intervals overlap, the sentence says that no change is shown. Releases whose settings
differ in a way that moves numbers or intervals (`equity.publish.history.JUDGED`) are
set side by side and not judged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from equity.publish import display, history
from equity.publish.history import Key, Release
from equity.publish.payload import Headline
from equity.publish.writing import quarter


def told(
    now: Mapping[Key, Headline],
    first: Sequence[Key],
    before: Release,
    settings: Mapping[str, Any],
) -> list[str]:
    """Say how findings stood in the release before.

    Parameters
    ----------
    now
        Every comparison of this release.
    first
        Keys of those to say one by one, in this order.
    before
        The release before.
    settings
        Of this release, as in `equity.publish.history.SETTINGS`.

    Returns
    -------
    list of str
        Sentences; one that says why, where nothing can be compared.

    Examples
    --------
    >>> told({}, [], Release("2025Q3", None), {})
    ['The release of Quarter 3 of 2025 has no findings in numbers to compare with.']
    """
    when = quarter(before.period)
    then = before.found
    if not then:
        return [f"The release of {when} has no findings in numbers to compare with."]
    both = [key for key in now if key in then]
    if not both:
        return [f"None of the comparisons of {when} is in this release."]
    other = history.differing(before.settings, settings)
    judged = not any(name in other for name in history.JUDGED)
    again = [key for key in both if not _same_time(now[key], then[key])]
    same = [key for key in both if key not in again]
    moved = [
        key for key in first if key in again and now[key].estimate != then[key].estimate
    ]
    last = [
        _tally(again, now, then, when, judged=judged),
        _gone(len(then) - len(both), len(now) - len(both), when),
    ]
    sentences = [
        _settings(other, when, judged=judged) if other else "",
        *(_change(now[key], then[key], when, judged=judged) for key in moved),
        *_not_again(same, now, then, when),
        " ".join(filter(None, last)),
    ]
    return [sentence for sentence in sentences if sentence]


def _same_time(now: Headline, then: Headline) -> bool:
    return bool(now.when) and now.when == then.when


def _settings(other: Mapping[str, tuple[str, str]], when: str, *, judged: bool) -> str:
    """Which settings differ, and what follows."""
    parts = [
        f"{history.SETTINGS[name]} was {before} in {when} and is {after} now"
        for name, (before, after) in other.items()
    ]
    text = f"The two releases have other settings: {'; '.join(parts)}."
    if judged:
        return text
    return f"{text} So their figures stand side by side, and no change is judged."


def _change(now: Headline, then: Headline, when: str, *, judged: bool) -> str:
    """How one comparison stood and stands."""
    text = (
        f"{_what(now)} was {_value(then)} in {_of(when, then)}; now"
        f"{f' ({now.when})' if now.when else ''} it is {_value(now)}."
    )
    if not judged or None in (now.low, now.high, then.low, then.high):
        return text
    if now.low <= then.high and then.low <= now.high:
        return f"{text} The two intervals overlap, so no change is shown."
    return f"{text} The two intervals do not overlap."


def _of(when: str, row: Headline) -> str:
    """A release, and the time its numbers are of."""
    return f"{when} ({row.when})" if row.when else when


def _what(row: Headline) -> str:
    """Such as "Days to close, Black: the difference from White"."""
    kind = "ratio to" if row.unit == "ratio" else "difference from"
    measure = row.measure[:1].upper() + row.measure[1:]
    return f"{measure}, {row.group}: the {kind} {row.reference}"


def _value(row: Headline) -> str:
    """A number with its unit and interval: "−9.4 percentage points (−10.9 to −7.8)"."""
    text = display.quantity(row.estimate, row.unit).removesuffix(" times")
    limits = display.span(row.low, row.high, row.unit)
    return f"{text} ({limits})" if limits else text


def _not_again(
    same: Sequence[Key],
    now: Mapping[Key, Headline],
    then: Mapping[Key, Headline],
    when: str,
) -> list[str]:
    """Once for each time: what both releases have of it."""
    times: dict[str, list[Key]] = {}
    for key in same:
        times.setdefault(now[key].when, []).append(key)
    sentences = []
    for time, keys in times.items():
        measures = list(dict.fromkeys(now[key].measure for key in keys))
        named = ", ".join(measures)
        none = "It was not" if len(measures) == 1 else "None of them was"
        revised = sum(_value(now[key]) != _value(then[key]) for key in keys)
        if revised:
            sentences.append(
                f"This release and that of {when} are of the same time ({time}) in: "
                f"{named}. {_count(revised, 'comparison')} "
                f"{_is(revised)} revised; that is no change over time."
            )
        else:
            sentences.append(
                f"This release and that of {when} use the same data ({time}) for: "
                f"{named}. {none} measured again."
            )
    return sentences


def _tally(
    again: Sequence[Key],
    now: Mapping[Key, Headline],
    then: Mapping[Key, Headline],
    when: str,
    *,
    judged: bool,
) -> str:
    """How many comparisons are in both, and in how many the verdict is another."""
    if not again:
        return ""
    text = f"{_count(len(again), 'comparison')} {_was(len(again))} measured in both"
    pairs = [(now[key].clear, then[key].clear) for key in again]
    if not judged:
        return f"{text} releases, with other settings."
    only_now, only_then = pairs.count((True, False)), pairs.count((False, True))
    if not only_now and not only_then:
        return f"{text} releases, with the same verdict in each."
    return (
        f"{text} releases: {only_now} {_is(only_now)} clear now and {_was(only_now)} "
        f"not in {when}, {only_then} {_was(only_then)} clear then and "
        f"{_is(only_then)} not now."
    )


def _gone(gone: int, new: int, when: str) -> str:
    """How many comparisons only one of the releases shows."""
    if gone and new:
        return (
            f"{_count(gone, 'comparison')} of {when} {_is(gone)} not shown in this "
            f"release, and {new} of this release {_was(new)} not shown then."
        )
    if gone:
        return (
            f"{_count(gone, 'comparison')} of {when} {_is(gone)} not shown in this "
            "release."
        )
    if new:
        return (
            f"{_count(new, 'comparison')} of this release {_was(new)} not shown in "
            f"{when}."
        )
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
