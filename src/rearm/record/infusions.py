"""The infusions of a patient together: their order, and the leukaphereses behind them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rearm.record.events import Infusion
from rearm.record.when import When

__all__ = ["given_in_order", "last_apheresis"]


def given_in_order(infusions: Iterable[Infusion]) -> list[Infusion]:
    """What was given (not what was only collected), by day, then by the order of the input.

    One without a day stands where its order words put it, else before those that have one: the
    last infusion is one with a day, unless it is known that another followed.
    """
    given = [x for x in infusions if x.infused is not False]
    days = [x.day for x in given if x.day is not None]
    return sorted(given, key=lambda x: _rank(x, max(days, default=None)))


def _rank(infusion: Infusion, last_day: int | None) -> tuple[int, float]:
    """Place among the infusions; `last_day` is the last of those that have a day."""
    when = infusion.when
    if when.day is not None:
        return 1, when.day
    if when.first is not None and last_day is not None and when.first > last_day:
        return 2, when.first
    return 0, math.inf if when.last is None else when.last


def last_apheresis(infusions: Iterable[Infusion], until: int | None) -> When | None:
    """The last leukapheresis for these infusions, none of those that surely came after `until`;
    None where none is known.
    """
    times = [
        when
        for infusion in infusions
        for when in infusion.apheresis
        if until is None or when.first is None or when.first <= until
    ]
    if not times:
        return None
    firsts = [when.first for when in times if when.first is not None]
    lasts = [when.last for when in times if when.last is not None]
    ends = [
        *([] if until is None else [until]),
        *([max(lasts)] if len(lasts) == len(times) else []),
    ]
    return When(max(firsts, default=None), min(ends, default=None))
