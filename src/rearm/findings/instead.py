"""A finding that is put in the place of what the record tells: what the team states over it, or
what is assumed. What the record tells is kept beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rearm.findings.base import Found, Value
from rearm.interval import Interval
from rearm.knowledge.catalogue import Finding
from rearm.units import OF_CLONE

__all__ = ["Instead", "allowed", "found_words", "with_instead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What stands in the place of a finding: its value, or bounds of it (an interval of a number,
    the words that are left); nothing of these: it is not known. `by`: on whose word, as it is
    printed (`stated by the team`, `assumed`).
    """

    value: Value = None
    bound: Interval | tuple[str, ...] | None = None
    by: str


def allowed(entry: Finding, instead: Instead) -> bool:
    """Whether the finding can have this value, or these bounds: by its type, its words, and no
    number below zero, as no finding is.
    """
    value, bound = instead.value, instead.bound
    if value is None:
        if bound is None:
            return True
        if isinstance(bound, Interval):
            # without any bound it would be known and say nothing
            bounded = math.isfinite(bound.low) or math.isfinite(bound.high)
            return entry.numeric and bounded and bound.low >= 0
        return entry.type == "word" and len(bound) > 1 and set(bound) <= set(entry.values)
    if bound is not None:
        return False
    if isinstance(value, bool):
        return entry.type == "bool"
    if isinstance(value, str):
        return entry.type == "word" and value in entry.values
    if not math.isfinite(value) or value < 0:
        return False
    return entry.type == "number" or (entry.type == "integer" and float(value).is_integer())


def with_instead(entry: Finding, found: Found, instead: Instead) -> Found:
    """The finding as stated or assumed, with what the record tells as `computed`. Its text says
    both. Raises ValueError where the finding can't have the value.
    """
    if not allowed(entry, instead):
        raise ValueError(f"the finding {entry.name} can't be {instead}")
    value, bound = instead.value, instead.bound
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = int(value) if entry.type == "integer" else float(value)
    interval = bound if isinstance(bound, Interval) else None
    possible = bound if isinstance(bound, tuple) else None
    told = Found(value, interval=interval, possible=possible)
    return Found(
        value,
        (),
        lambda: (
            f"{entry.asked_as}: {found_words(entry, told)}, {instead.by}; "
            f"{_as_computed(entry, found)}"
        ),
        interval=interval,
        possible=possible,
        stated_by=instead.by if told.known else None,
        computed=found,
    )


def _as_computed(entry: Finding, found: Found) -> str:
    words = f"computed: {found_words(entry, found)}"
    return f"{words} ({found.text})" if found.has_text else words


def found_words(entry: Finding, found: Found) -> str:
    """The value in a few words, with its unit: `yes`, `12 g/L`, `2 to 5 days`, `lost or reduced`,
    `not known`.
    """
    if isinstance(found.value, bool):
        return "yes" if found.value else "no"
    if isinstance(found.value, str):
        return found.value.replace("_", " ")
    if found.possible is not None:
        return " or ".join(word.replace("_", " ") for word in found.possible)
    of_clone = entry.unit == OF_CLONE
    unit = " % of the clone" if of_clone else f" {entry.unit_words}" if entry.unit_words else ""
    scale = 100 if of_clone else 1
    if found.value is not None:
        return f"{scale * found.value:g}{unit}"
    if found.interval is not None:
        return f"{_range_words(found.interval, scale)}{unit}"
    return "not known"


def _range_words(interval: Interval, scale: int) -> str:
    low, high = scale * interval.low, scale * interval.high
    if math.isinf(high):
        return f"{'above' if interval.low_open else 'at least'} {low:g}"
    if math.isinf(low) or (low == 0 and interval.low_open is False):
        return f"{'below' if interval.high_open else 'at most'} {high:g}"
    return f"{low:g} to {high:g}"
