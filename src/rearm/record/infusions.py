"""The infusions of a patient together: their order, which are one split dose, and the leukaphereses
behind them.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence

from rearm.record.events import Infusion
from rearm.record.when import When

__all__ = ["certainly_one_product", "given_in_order", "last_apheresis", "split_doses"]


def given_in_order(infusions: Iterable[Infusion]) -> list[Infusion]:
    """Of `infusions` what was given (not what was only collected), by day, then by the order of the
    input.

    One of an unknown day stands where its order words put it, else before those that have one: the
    last infusion is one with a day, unless it is known that another followed. Raises nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.record import given_in_order
    >>> [x.product for x in given_in_order(record.infusions)]
    ['cilta-cel']
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


def split_doses(
    given: Sequence[Infusion], within: int, known: Container[str]
) -> list[list[Infusion]]:
    """The infusions of `given` (what was given, in order), the doses of each split infusion
    together: of one product, or of what may be one, up to `within` days after the first of them.

    A name that is none of the products `known` may be another spelling: it is a product of its own
    only where other targets are stated for it. A dose of an unknown day stands alone. Raises
    nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.record import split_doses
    >>> [len(doses) for doses in split_doses(record.infusions, 14, {"cilta-cel"})]
    [1]
    """
    groups: list[list[Infusion]] = []
    for dose in given:
        last = groups[-1] if groups else None
        if last is not None and _one_infusion(last, dose, within, known):
            last.append(dose)
        else:
            groups.append([dose])
    return groups


def certainly_one_product(doses: Iterable[Infusion]) -> bool:
    """Whether `doses`, those of a split infusion, bear one name; doses whose product is unknown
    (None) do where it is of all of them. Raises nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.record import certainly_one_product
    >>> certainly_one_product(record.infusions)
    True
    """
    return len({dose.product for dose in doses}) == 1


def _one_infusion(
    doses: Sequence[Infusion], dose: Infusion, within: int, known: Container[str]
) -> bool:
    first = doses[0].day
    if first is None or dose.day is None or dose.day - first > within:
        return False
    return all(_may_be_one(other, dose, known) for other in doses)


def _may_be_one(one: Infusion, other: Infusion, known: Container[str]) -> bool:
    if one.product == other.product:
        return True
    if one.product in known and other.product in known:
        return False
    return not (one.targets and other.targets and set(one.targets).isdisjoint(other.targets))


def last_apheresis(infusions: Iterable[Infusion], until: int | None) -> When | None:
    """The last leukapheresis for `infusions`, none of those that surely came after the day `until`
    (None: no limit); None where none is known. Raises nothing.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.record import last_apheresis
    >>> last_apheresis(record.infusions, 0).day
    -56
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
