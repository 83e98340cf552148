"""What a test would change: `if IgG is below 400 mg/dL: first choice changes from P to Q`.

Only what decides is told here: the first choice, and whether there is a relapse at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from math import isinf
from typing import NamedTuple

from rearm.assessment.result import Assessment, Change, NextTest
from rearm.assessment.result.parts import Plain
from rearm.interval import Interval
from rearm.report.assessment.sentences import asked_as, told_words
from rearm.report.words import words
from rearm.units import OF_CLONE

__all__ = ["changes_in_words", "conditions_in_words", "told_by"]

# What becomes of the relapse, by what the repeat shows.
_REPEATED = {
    "failed": "if the repeat confirms progression",
    "not_failed": "if the repeat does not confirm it",
}


def changes_in_words(result: Assessment, test: NextTest) -> tuple[str, ...]:
    """Each change of the first choice once, with all results of the test that bring it."""
    found: dict[str, list[Change]] = {}
    for change in test.changes:
        for effect in _effects(result, change):
            found.setdefault(effect, []).append(change)
    return tuple(
        f"{' or '.join(conditions_in_words(result, test, changes))}: {effect}"
        for effect, changes in found.items()
    )


def _effects(result: Assessment, change: Change) -> Iterator[str]:
    lost = _of_first(change, leaves=True)
    won = _of_first(change, leaves=False)
    if lost or won:
        yield _moved(result, lost, won)
    elif any(turn.kind == "failure" and turn.to == "not_failed" for turn in change.turns):
        yield "nothing to choose for now"
    elif any(turn.kind == "failure" for turn in change.turns):
        yield "the relapse is certain, and the order stays"


def _of_first(change: Change, *, leaves: bool) -> list[str]:
    return [
        strategy
        for turn in change.turns
        if turn.kind == "strategy" and (turn.from_ if leaves else turn.to) == "first"
        for strategy in turn.what
    ]


def _moved(result: Assessment, lost: Sequence[str], won: Sequence[str]) -> str:
    first = [
        placed.strategy
        for tier in result.answer.tiers
        if tier.tier == "first"
        for placed in tier.strategies
    ]
    now = [name for name in first if name not in lost] + list(won)
    return f"first choice changes from {_named(result, first)} to {_named(result, now)}"


def _named(result: Assessment, strategies: Iterable[str]) -> str:
    return " or ".join(result.titles.strategies[name] for name in strategies) or "none"


def conditions_in_words(
    result: Assessment, test: NextTest, changes: Sequence[Change]
) -> Iterator[str]:
    """What a test may show to bring `changes`, as `if IgG is below 400 mg/dL`: each result by what
    none of its other results shows; those that differ in one finding alone together.
    """
    for change in changes:
        if "failure_status" in change.values:
            status = str(change.values["failure_status"])
            yield _REPEATED.get(status, f"if the CAR-T: {words(status)}")
    for names, told in told_by(result, test, changes):
        yield _condition([_clause(result, name, told) for name in names])


def told_by(
    result: Assessment, test: NextTest, changes: Sequence[Change]
) -> list[tuple[tuple[str, ...], list[Change]]]:
    """The findings by which `changes` are told, with those that differ in the last of them alone.
    No other result of the test shows the same, but for one of which nobody thinks.
    """
    extreme_too = any(change.extreme for change in changes)
    others = [x for x in test.changes if x not in changes and (extreme_too or not x.extreme)]
    shown = [change for change in changes if "failure_status" not in change.values]
    ranked = _Ranked(result, shown)
    one = _one_finding(ranked, shown, others)
    alike: dict[tuple[tuple[str, ...], tuple[Plain, ...]], list[Change]] = {}
    for change in shown:
        names = one or _telling(ranked, change, others)
        fixed = tuple(change.values[name] for name in names[:-1])
        alike.setdefault((names, fixed), []).append(change)
    return [(names, told) for (names, _), told in alike.items()]


class _Clause(NamedTuple):
    """One finding of a condition; `opening` is said once for several in a row."""

    opening: str
    text: str
    joint: str = "if"


def _condition(clauses: Sequence[_Clause]) -> str:
    text, opening = clauses[0].joint, ""
    for number, clause in enumerate(clauses):
        words_of_it = clause.text if opening == clause.opening else clause.opening + clause.text
        text += f"{' and' if number else ''} {words_of_it}"
        opening = clause.opening
    return text


_THERE_IS = "there is "


def _clause(result: Assessment, name: str, alike: Sequence[Change]) -> _Clause:
    """One finding of results that otherwise agree: `there is no pregnancy`."""
    label = asked_as(result, name)
    values = list(dict.fromkeys(change.values[name] for change in alike))
    if any(value is True for value in values):
        return _Clause(_THERE_IS, label)
    if any(value is False for value in values):
        return _Clause(_THERE_IS, f"no {label}")
    if any(isinf(x.low) and isinf(x.high) for x in _ranges(name, alike)):
        return _Clause("", f"{label} is known", "once")  # whatever it is
    if result.titles.units.get(name) == OF_CLONE:
        return _Clause(_THERE_IS, _of_clone(label, values))
    return _Clause("", f"{label} is {' or '.join(_told(result, name, alike))}")


def _of_clone(label: str, values: Iterable[Plain]) -> str:
    """Of shares of the clone: `loss of both copies in 20 % or 90 % of the clone`."""
    shares = sorted(x for x in values if isinstance(x, float))
    found = [f"{100 * x:g} %" for x in shares if x]
    told = [f"{label} in {' or '.join(found)} of the clone"] if found else []
    if 0 in shares:
        told.append(f"no {label}")
    return " or ".join(told)


_SHOWN, _MEASURED, _ABSENT, _ZERO = range(4)


class _Ranked:
    """The findings of results that change the same, by how well they tell a result: what is
    found better than a number, a number better than what is absent.
    """

    def __init__(self, result: Assessment, changes: Sequence[Change]) -> None:
        self.units = result.titles.units
        names = dict.fromkeys(name for change in changes for name in change.values)
        self.values = {n: {change.values.get(n) for change in changes} for n in names}

    def kind(self, name: str, value: Plain) -> int:
        if value is True:
            return _SHOWN
        if isinstance(value, str):
            return _SHOWN if len(self.values[name]) == 1 else _MEASURED
        if value is False:
            return _ABSENT
        if not value:
            return _ZERO
        return _SHOWN if self.units.get(name) == OF_CLONE else _MEASURED

    def names(self, change: Change) -> list[str]:
        return sorted(change.values, key=lambda name: self.kind(name, change.values[name]))


def _one_finding(
    ranked: _Ranked, changes: Sequence[Change], others: Collection[Change]
) -> tuple[str, ...]:
    """The finding that tells these results from all others by itself; empty where none does."""
    for name in ranked.names(changes[0]) if changes else ():
        values = ranked.values[name]
        apart = not any(other.values.get(name) in (None, *values) for other in others)
        apart = apart and all(name in names for x in changes for names in x.apart_by)
        if None not in values and apart and not _hides(ranked, changes, name):
            return (name,)
        if isinstance(changes[0].values[name], str) and len(values) == 1:
            return ()  # the results share this word, so that it belongs to what they show
    return ()


def _hides(ranked: _Ranked, changes: Sequence[Change], name: str) -> bool:
    """Would a share or number of zero stand for a result that shows something else?"""
    return any(
        ranked.kind(name, change.values[name]) == _ZERO
        and any(ranked.kind(n, value) == _SHOWN for n, value in change.values.items())
        for change in changes
    )


def _telling(ranked: _Ranked, change: Change, others: Collection[Change]) -> tuple[str, ...]:
    """The findings by which a result is told: the first that it shows, and the fewest beside it
    that no other result shares; numbers last.
    """
    names = ranked.names(change)
    base = tuple(n for n in names[:1] if ranked.kind(n, change.values[n]) == _SHOWN)
    rest = names[len(base) :]
    apart_by = [frozenset(differing) for differing in change.apart_by]
    chosen = next(
        (
            (*base, *more)
            for size in range(not base, len(rest) + 1)
            for more in combinations(rest, size)
            if not any(_shares(change, other, (*base, *more)) for other in others)
            and all(not differing.isdisjoint((*base, *more)) for differing in apart_by)
        ),
        # another result agrees in all of it
        tuple(n for n in names if ranked.kind(n, change.values[n]) in (_SHOWN, _MEASURED)),
    )
    chosen = chosen or tuple(names[:1])
    return tuple(sorted(chosen, key=lambda n: ranked.kind(n, change.values[n]) == _MEASURED))


def _shares(change: Change, other: Change, names: Iterable[str]) -> bool:
    """Might the other result show the same? What it leaves open may be anything."""
    return all(other.values.get(name, change.values[name]) == change.values[name] for name in names)


def _told(result: Assessment, name: str, changes: Sequence[Change]) -> Iterator[str]:
    """The values in words; neighbouring ranges of a number run together."""
    unit = result.titles.units.get(name, "")
    yield from (_range_words(x, unit) for x in _ranges(name, changes))
    others = (x for change in changes if not isinstance(x := change.values[name], float))
    yield from dict.fromkeys(told_words(result, name, x) for x in others)


def _ranges(name: str, changes: Iterable[Change]) -> list[Interval]:
    """The ranges of a number, rising; those that touch as one."""
    ranges = []
    for change in changes:
        value = change.values[name]
        if name in change.within:
            ranges.append(Interval.from_dict(change.within[name]))
        elif isinstance(value, float):
            ranges.append(Interval.of(value))
    return _joined(ranges)


def _joined(ranges: Iterable[Interval]) -> list[Interval]:
    """Ranges that touch, as one; rising."""
    joined: list[Interval] = []
    for part in sorted(ranges, key=lambda x: (x.low, x.low_open)):
        if joined and _touch(joined[-1], part):
            joined[-1] = Interval.hull((joined[-1], part))
        else:
            joined.append(part)
    return joined


def _touch(lower: Interval, upper: Interval) -> bool:
    """No number lies between them."""
    return upper.low < lower.high or (
        upper.low == lower.high and not (upper.low_open and lower.high_open)
    )


def _range_words(values: Interval, unit: str) -> str:
    """`below 400 mg/dL`, `400 mg/dL or more`, `between 1 and 2 g/dL`, `2 g/dL`."""
    plain = values.to_dict()
    low, high = plain["low"], plain["high"]
    if low is not None and low == high:
        return f"{low:g} {unit}".strip()
    if low is not None and high is not None:
        return f"between {low:g} and {high:g} {unit}".strip()
    if high is not None:
        text = f"{high:g} {unit}".strip()
        return f"below {text}" if plain["high_open"] else f"{text} or less"
    text = f"{low:g} {unit}".strip()
    return f"above {text}" if plain["low_open"] else f"{text} or more"
