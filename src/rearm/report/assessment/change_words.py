"""What a test would change: `if IgG is below 400 mg/dL: first choice changes from P to Q`.

Only what decides is told here: the first choice, and whether there is a relapse at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isinf

from rearm.assessment.result import Assessment, Change, NextTest
from rearm.assessment.result.parts import Plain
from rearm.interval import Interval
from rearm.report.assessment.sentences import asked_as, told_words
from rearm.report.words import words
from rearm.units import OF_CLONE

__all__ = ["changes_in_words", "conditions_in_words"]

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
        f"{' or '.join(conditions_in_words(result, changes))}: {effect}"
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


def conditions_in_words(result: Assessment, changes: Sequence[Change]) -> Iterator[str]:
    """What a test may show, as `if IgG is below 400 mg/dL`; results that differ in one finding
    alone are told together.
    """
    of_finding: dict[str, list[Change]] = {}
    for change in changes:
        if "failure_status" in change.values:
            status = str(change.values["failure_status"])
            yield _REPEATED.get(status, f"if the CAR-T: {words(status)}")
        else:
            of_finding.setdefault(_shown(change.values), []).append(change)
    for name, alike in of_finding.items():
        label = asked_as(result, name)
        values = dict.fromkeys(change.values[name] for change in alike)
        if True in values:
            yield f"if there is {label}"
        elif False in values:
            yield f"if there is no {label}"
        elif any(isinf(x.low) and isinf(x.high) for x in _ranges(name, alike)):
            yield f"once {label} is known"  # whatever it is
        elif result.titles.units.get(name) == OF_CLONE:
            yield from _of_clone(label, values)
        else:
            yield f"if {label} is {' or '.join(_told(result, name, alike))}"


def _of_clone(label: str, values: Iterable[Plain]) -> Iterator[str]:
    """Of shares of the clone: `if there is loss of both copies in 20 % or 90 % of the clone`."""
    shares = sorted(x for x in values if isinstance(x, float))
    if found := [f"{100 * x:g} %" for x in shares if x]:
        yield f"if there is {label} in {' or '.join(found)} of the clone"
    if 0 in shares:
        yield f"if there is no {label}"


def _shown(values: Mapping[str, Plain]) -> str:
    """The finding by which a result is told: the first that it shows, else its first."""
    return next((name for name, value in values.items() if value is not False), next(iter(values)))


def _told(result: Assessment, name: str, changes: Sequence[Change]) -> tuple[str, ...]:
    """The values in words; neighbouring ranges of a number run together."""
    unit = result.titles.units.get(name, "")
    values = (change.values[name] for change in changes)
    others = [told_words(result, name, x) for x in values if not isinstance(x, float)]
    told = [*(_range_words(x, unit) for x in _ranges(name, changes)), *others]
    return tuple(dict.fromkeys(told))


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
